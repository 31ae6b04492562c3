//! Accounts and sessions: who may sign in, and who is signed in now.
//!
//! Passwords come here as argon2id hashes, one-time secrets sealed, session tokens as hashes; the plain ones must never
//! reach this module. What a person may do is the organisation's business, not the account's.

use jiff::Timestamp;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::{Row, Value},
};

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The person in the organisation.
    pub person: String,
    /// The name to sign in with; one account each.
    pub login: String,
    /// Argon2id hash in PHC form; `None` if the person signs in elsewhere.
    pub password: Option<String>,
    /// The secret of one-time codes, sealed.
    pub totp: Option<Vec<u8>>,
    /// Subject at the identity provider; one account each.
    pub oidc_subject: Option<String>,
    /// Failed attempts since the last good one.
    pub failed: i64,
    /// Until when nobody gets in.
    pub locked_until: Option<Timestamp>,
    /// Whether the account may be used at all.
    pub active: bool,
    /// Sessions of an older epoch are over.
    pub session_epoch: i64,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("person", &self.person).field("active", &self.active).finish_non_exhaustive()
    }
}

const COLUMNS: &str =
    "u.person, u.login, u.password, u.totp, u.oidc_subject, u.failed, u.locked_until, u.active, u.session_epoch";

impl User {
    fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            person: row.take(0)?,
            login: row.take(1)?,
            password: row.take(2)?,
            totp: row.take(3)?,
            oidc_subject: row.take(4)?,
            failed: row.get(5)?,
            locked_until: row.get(6)?,
            active: row.get(7)?,
            session_epoch: row.get(8)?,
        })
    }
}

fn find(tx: &mut ReadTx<'_>, column: &str, value: &str) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.tenant_id = ?1 AND u.{column} = ?2");
    let params = params![tx.tenant(), value];
    tx.query_one(&sql, params)?.as_mut().map(User::read).transpose()
}

/// The account of a person.
///
/// # Errors
/// When the database fails.
pub fn by_person(tx: &mut ReadTx<'_>, person: &str) -> Result<Option<User>, StoreError> {
    find(tx, "person", person)
}

/// The account with this name to sign in with.
///
/// # Errors
/// When the database fails.
pub fn by_login(tx: &mut ReadTx<'_>, login: &str) -> Result<Option<User>, StoreError> {
    find(tx, "login", login)
}

/// The account of this subject at the identity provider.
///
/// # Errors
/// When the database fails.
pub fn by_oidc_subject(tx: &mut ReadTx<'_>, subject: &str) -> Result<Option<User>, StoreError> {
    find(tx, "oidc_subject", subject)
}

/// Accounts in the order of persons behind `after` (empty for the first page), at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut ReadTx<'_>, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM users u WHERE u.tenant_id = ?1 AND u.person > ?2 ORDER BY u.person LIMIT ?3");
    let params = params![tx.tenant(), after, limit];
    tx.query(&sql, params)?.iter_mut().map(User::read).collect()
}

/// Puts a secret of one-time codes in the place of the same one as it was sealed before, and touches nothing else of the
/// account; nothing where it is another by now.
///
/// # Errors
/// When the database fails.
pub fn reseal_totp(tx: &mut WriteTx<'_>, person: &str, before: &[u8], sealed: &[u8]) -> Result<(), StoreError> {
    let sql = "UPDATE users SET totp = ?4 WHERE tenant_id = ?1 AND person = ?2 AND totp = ?3";
    tx.execute(sql, params![tx.tenant(), person, before.to_vec(), sealed.to_vec()])
}

/// Puts an account, new or changed, with everything in it.
///
/// # Errors
/// [`StoreError::Conflict`] when another account has its login or subject.
pub fn put(tx: &mut WriteTx<'_>, user: &User) -> Result<(), StoreError> {
    let sql = "INSERT INTO users (tenant_id, person, login, password, totp, oidc_subject, failed, locked_until, active,
            session_epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (tenant_id, person) DO UPDATE SET login = excluded.login, password = excluded.password,
            totp = excluded.totp, oidc_subject = excluded.oidc_subject, failed = excluded.failed,
            locked_until = excluded.locked_until, active = excluded.active, session_epoch = excluded.session_epoch";
    let tenant = tx.tenant();
    tx.execute(
        sql,
        params![
            tenant,
            &user.person,
            &user.login,
            user.password.as_deref(),
            user.totp.clone(),
            user.oidc_subject.as_deref(),
            user.failed,
            user.locked_until,
            user.active,
            user.session_epoch
        ],
    )
}

/// Notes a failed attempt and returns how many there have been since the last good one.
///
/// # Errors
/// When the database fails; [`StoreError::Corrupt`] when there is no such account.
pub fn note_failure(tx: &mut WriteTx<'_>, person: &str, lock_until: Option<Timestamp>) -> Result<i64, StoreError> {
    let sql = "UPDATE users SET failed = failed + 1, locked_until = COALESCE(?3, locked_until)
        WHERE tenant_id = ?1 AND person = ?2 RETURNING failed";
    let tenant = tx.tenant();
    tx.query_count(sql, params![tenant, person, lock_until])
}

/// Notes a good attempt.
///
/// # Errors
/// When the database fails.
pub fn note_success(tx: &mut WriteTx<'_>, person: &str) -> Result<(), StoreError> {
    let sql = "UPDATE users SET failed = 0, locked_until = NULL
        WHERE tenant_id = ?1 AND person = ?2 AND (failed <> 0 OR locked_until IS NOT NULL)";
    let tenant = tx.tenant();
    tx.execute(sql, params![tenant, person])
}

/// Ends all sessions of a person at once.
///
/// # Errors
/// When the database fails.
pub fn end_all_sessions(tx: &mut WriteTx<'_>, person: &str) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let epoch = "UPDATE users SET session_epoch = session_epoch + 1 WHERE tenant_id = ?1 AND person = ?2";
    tx.execute(epoch, params![tenant, person])?;
    tx.execute("DELETE FROM sessions WHERE tenant_id = ?1 AND person = ?2", params![tenant, person])
}

/// A session of somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// Who.
    pub person: String,
    /// The account's epoch when it began.
    pub epoch: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it got its present token.
    pub rotated_at: Timestamp,
    /// When it was last used, as [`touch_session`] noted.
    pub seen_at: Timestamp,
}

const SESSION: &str = "s.token_hash, s.person, s.epoch, s.created_at, s.expires_at, s.rotated_at, s.seen_at";

impl Session {
    fn read(row: &Row, from: usize) -> Result<Self, StoreError> {
        Ok(Self {
            token_hash: row.get(from)?,
            person: row.get(from + 1)?,
            epoch: row.get(from + 2)?,
            created_at: row.get(from + 3)?,
            expires_at: row.get(from + 4)?,
            rotated_at: row.get(from + 5)?,
            seen_at: row.get(from + 6)?,
        })
    }
}

/// Begins a session.
///
/// # Errors
/// [`StoreError::Other`] when there is no such account.
pub fn put_session(tx: &mut WriteTx<'_>, session: &Session) -> Result<(), StoreError> {
    let sql = "INSERT INTO sessions (tenant_id, token_hash, person, epoch, created_at, expires_at, rotated_at, seen_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (tenant, s) = (tx.tenant(), session);
    let times: [Value; 4] = [s.created_at.into(), s.expires_at.into(), s.rotated_at.into(), s.seen_at.into()];
    let mut params = params![tenant, s.token_hash, &s.person, s.epoch];
    params.extend(times);
    tx.execute(sql, params)
}

/// The session of a token with its account, if it still holds: not expired, of the account's epoch, the account active.
///
/// # Errors
/// When the database fails.
pub fn session(tx: &mut ReadTx<'_>, token_hash: &[u8; 32]) -> Result<Option<(Session, User)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, {SESSION} FROM sessions s
         JOIN users u ON u.tenant_id = s.tenant_id AND u.person = s.person
         WHERE s.tenant_id = ?1 AND s.token_hash = ?2 AND s.expires_at > ?3 AND u.session_epoch = s.epoch AND u.active = 1"
    );
    let params = params![tx.tenant(), token_hash, tx.now()];
    let Some(mut row) = tx.query_one(&sql, params)? else { return Ok(None) };
    Ok(Some((Session::read(&row, 9)?, User::read(&mut row)?)))
}

/// The sessions of a person, the newest first.
///
/// # Errors
/// When the database fails.
pub fn sessions_of(tx: &mut ReadTx<'_>, person: &str) -> Result<Vec<Session>, StoreError> {
    let sql = format!(
        "SELECT {SESSION} FROM sessions s WHERE s.tenant_id = ?1 AND s.person = ?2 ORDER BY s.created_at DESC, s.token_hash"
    );
    let params = params![tx.tenant(), person];
    tx.query(&sql, params)?.iter().map(|row| Session::read(row, 0)).collect()
}

/// Notes that a session was used. Call it seldom (each is a write).
///
/// # Errors
/// When the database fails.
pub fn touch_session(tx: &mut WriteTx<'_>, token_hash: &[u8; 32]) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET seen_at = ?3 WHERE tenant_id = ?1 AND token_hash = ?2 AND seen_at < ?3";
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.execute(sql, params![tenant, token_hash, now])
}

/// Gives a session a new token; false if it is gone.
///
/// # Errors
/// When the database fails.
pub fn rotate_session(tx: &mut WriteTx<'_>, old: &[u8; 32], new: &[u8; 32]) -> Result<bool, StoreError> {
    let sql = "UPDATE sessions SET token_hash = ?3, rotated_at = ?4, seen_at = ?4
        WHERE tenant_id = ?1 AND token_hash = ?2";
    let (tenant, now) = (tx.tenant(), tx.now());
    Ok(tx.execute_now(sql, params![tenant, old, new, now])? > 0)
}

/// Ends one session.
///
/// # Errors
/// When the database fails.
pub fn end_session(tx: &mut WriteTx<'_>, token_hash: &[u8; 32]) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.execute("DELETE FROM sessions WHERE tenant_id = ?1 AND token_hash = ?2", params![tenant, token_hash])
}

/// Forgets at most `limit` sessions that have expired; returns how many.
///
/// # Errors
/// When the database fails.
pub fn purge_sessions(tx: &mut WriteTx<'_>, limit: i64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM sessions WHERE tenant_id = ?1 AND token_hash IN (
        SELECT token_hash FROM sessions WHERE tenant_id = ?1 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3)";
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.execute_now(sql, params![tenant, now, limit])
}
