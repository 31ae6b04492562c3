//! Notices to people within the program: what happened to the cases they have to do with.
//!
//! Written in the transaction of what they tell of. They must hold nothing of a reporter's identity.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    cases::before_key,
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// A notice to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id; ids sort by time.
    pub id: Uuid,
    /// To whom.
    pub person: String,
    /// Which case it is about, if any.
    pub case_id: Option<Uuid>,
    /// Its kind.
    pub kind: String,
    /// JSON.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// When the person read it.
    pub read_at: Option<Timestamp>,
}

/// Notifies a person. [`Notification::read_at`] is not looked at.
///
/// # Errors
/// When the database fails.
pub fn push(tx: &mut WriteTx<'_>, notice: &Notification) -> Result<(), StoreError> {
    let sql = "INSERT INTO notifications (tenant_id, person, id, case_id, kind, body, at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (tenant, n) = (tx.tenant(), notice);
    tx.execute(sql, params![tenant, &n.person, n.id, n.case_id, &n.kind, &n.body, n.at])
}

/// Notices of a person, the newest first, before the notice `before` if one is given.
///
/// # Errors
/// When the database fails.
pub fn list(
    tx: &mut ReadTx<'_>,
    person: &str,
    unread_only: bool,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Notification>, StoreError> {
    let unread = if unread_only { " AND read_at IS NULL" } else { "" };
    let sql = format!(
        "SELECT id, person, case_id, kind, body, at, read_at FROM notifications
         WHERE tenant_id = ?1 AND person = ?2 AND id < ?3{unread} ORDER BY id DESC LIMIT ?4"
    );
    let params = params![tx.tenant(), person, before_key(before), limit];
    let read = |mut row: Row| {
        Ok(Notification {
            id: row.get(0)?,
            person: row.take(1)?,
            case_id: row.get(2)?,
            kind: row.take(3)?,
            body: row.take(4)?,
            at: row.get(5)?,
            read_at: row.get(6)?,
        })
    };
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

/// How many notices a person has not read.
///
/// # Errors
/// When the database fails.
pub fn unread(tx: &mut ReadTx<'_>, person: &str) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM notifications WHERE tenant_id = ?1 AND person = ?2 AND read_at IS NULL";
    let params = params![tx.tenant(), person];
    tx.query_count(sql, params)
}

/// Notes that a person has read one notice, or with `None` all of them.
///
/// # Errors
/// When the database fails.
pub fn mark_read(tx: &mut WriteTx<'_>, person: &str, id: Option<Uuid>) -> Result<(), StoreError> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let all = "UPDATE notifications SET read_at = ?3 WHERE tenant_id = ?1 AND person = ?2 AND read_at IS NULL";
    match id {
        Some(id) => tx.execute(&format!("{all} AND id = ?4"), params![tenant, person, now, id]),
        None => tx.execute(all, params![tenant, person, now]),
    }
}

/// Removes read notices older than `before`, at most `limit`; returns how many.
///
/// # Errors
/// When the database fails.
pub fn purge_read(tx: &mut WriteTx<'_>, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM notifications WHERE tenant_id = ?1 AND (person, id) IN (
        SELECT person, id FROM notifications WHERE tenant_id = ?1 AND read_at < ?2 LIMIT ?3)";
    let tenant = tx.tenant();
    tx.execute_now(sql, params![tenant, before, limit])
}
