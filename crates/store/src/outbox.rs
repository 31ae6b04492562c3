//! Messages on their way out: queued in the transaction of what they tell of, sent afterwards, at least once.
//!
//! A sender claims messages for a time; one that dies leaves them to the next when that time is over. A message's text
//! must hold nothing of a reporter's identity but what its receiver needs; addresses are looked up when it is sent.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// A message to queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id.
    pub id: Uuid,
    /// `app`, `webhook`, `email`, `sms`, `wecom`.
    pub channel: String,
    /// To whom, in the channel's own way.
    pub recipient: String,
    /// JSON.
    pub body: String,
    /// Not before this time; `None` for at once.
    pub not_before: Option<Timestamp>,
}

/// A message as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// Its channel.
    pub channel: String,
    /// To whom.
    pub recipient: String,
    /// JSON.
    pub body: String,
    /// How often it has been claimed, this time included.
    pub attempts: i64,
    /// When it is next due; of a claimed one, until when the claim holds.
    pub next_at: Timestamp,
    /// `queued`, `sent` or `dead`.
    pub state: String,
    /// What the last failed attempt said.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, channel, recipient, body, attempts, next_at, state, last_error, created_at";

impl Message {
    fn read(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            channel: row.take(1)?,
            recipient: row.take(2)?,
            body: row.take(3)?,
            attempts: row.get(4)?,
            next_at: row.get(5)?,
            state: row.take(6)?,
            last_error: row.take(7)?,
            created_at: row.get(8)?,
        })
    }
}

/// Queues a message, in the transaction of what it tells of.
///
/// # Errors
/// When the database fails.
pub fn push(tx: &mut WriteTx<'_>, message: &NewMessage) -> Result<(), StoreError> {
    let sql = "INSERT INTO outbox (tenant_id, id, channel, recipient, body, attempts, next_at, state, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 'queued', ?7)";
    let (tenant, now, m) = (tx.tenant(), tx.now(), message);
    let due = m.not_before.map_or(now, |at| at.max(now));
    tx.execute(sql, params![tenant, m.id, &m.channel, &m.recipient, &m.body, due, now])
}

/// Claims at most `limit` due messages for the time `lease`, the longest due first. No two senders get the same one
/// while a claim holds.
///
/// # Errors
/// When the database fails.
pub fn claim(tx: &mut WriteTx<'_>, limit: i64, lease: SignedDuration) -> Result<Vec<Message>, StoreError> {
    // Set apart so that the rows to lock are chosen once, whatever the planner does with the rest.
    let sql = format!(
        "WITH due AS MATERIALIZED (
            SELECT id FROM outbox WHERE tenant_id = ?1 AND state = 'queued' AND next_at <= ?2
            ORDER BY next_at, id LIMIT ?4{})
         UPDATE outbox SET attempts = attempts + 1, next_at = ?3
         WHERE tenant_id = ?1 AND id IN (SELECT id FROM due) RETURNING {COLUMNS}",
        tx.skip_locked()
    );
    let (tenant, now) = (tx.tenant(), tx.now());
    let until = now.checked_add(lease).unwrap_or(now);
    let rows = tx.query(&sql, params![tenant, now, until, limit])?;
    let mut claimed = rows.into_iter().map(Message::read).collect::<Result<Vec<_>, _>>()?;
    claimed.sort_unstable_by_key(|message| message.id);
    Ok(claimed)
}

/// When the next message is due.
///
/// # Errors
/// When the database fails.
pub fn next_due(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT next_at FROM outbox WHERE tenant_id = ?1 AND state = 'queued' ORDER BY next_at, id LIMIT 1";
    let params = params![tx.tenant()];
    tx.query_one(sql, params)?.map(|row| row.get(0)).transpose()
}

/// Notes that a message was sent.
///
/// # Errors
/// When the database fails.
pub fn sent(tx: &mut WriteTx<'_>, id: Uuid) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET state = 'sent', last_error = NULL WHERE tenant_id = ?1 AND id = ?2";
    let tenant = tx.tenant();
    tx.execute(sql, params![tenant, id])
}

/// When to try again and when to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPlan {
    /// Attempts after which a message is dead.
    pub attempts_max: i64,
    /// Pause after the first failed attempt; it doubles with each further one.
    pub pause_first: SignedDuration,
    /// The longest pause.
    pub pause_max: SignedDuration,
}

impl RetryPlan {
    /// The pause after so many attempts.
    pub fn pause(&self, attempts: i64) -> SignedDuration {
        let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(30);
        self.pause_first.checked_mul(1 << doublings).map_or(self.pause_max, |pause| pause.min(self.pause_max))
    }
}

/// Notes a failed attempt: the message is tried again later, or dead after its last one. Returns whether it is dead.
///
/// # Errors
/// When the database fails.
pub fn failed(tx: &mut WriteTx<'_>, message: &Message, error: &str, plan: RetryPlan) -> Result<bool, StoreError> {
    let sql = "UPDATE outbox SET state = ?3, next_at = ?4, last_error = ?5
        WHERE tenant_id = ?1 AND id = ?2 AND state = 'queued'";
    let (tenant, now) = (tx.tenant(), tx.now());
    let dead = message.attempts >= plan.attempts_max;
    let state = if dead { "dead" } else { "queued" };
    let next = now.checked_add(plan.pause(message.attempts)).unwrap_or(now);
    let error: String = error.replace('\0', " ").chars().take(500).collect();
    tx.execute(sql, params![tenant, message.id, state, next, error])?;
    Ok(dead)
}

/// Dead messages, the newest first, before the message `before` if one is given.
///
/// # Errors
/// When the database fails.
pub fn dead(tx: &mut ReadTx<'_>, before: Option<Uuid>, limit: i64) -> Result<Vec<Message>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE tenant_id = ?1 AND state = 'dead' AND state <> 'queued' AND id < ?2
         ORDER BY id DESC LIMIT ?3"
    );
    let params = params![tx.tenant(), crate::cases::before_key(before), limit];
    tx.query(&sql, params)?.into_iter().map(Message::read).collect()
}

/// Queues a dead message anew, with all its attempts before it; false if it was not dead.
///
/// # Errors
/// When the database fails.
pub fn revive(tx: &mut WriteTx<'_>, id: Uuid) -> Result<bool, StoreError> {
    let sql = "UPDATE outbox SET state = 'queued', attempts = 0, next_at = ?3
        WHERE tenant_id = ?1 AND id = ?2 AND state = 'dead'";
    let (tenant, now) = (tx.tenant(), tx.now());
    Ok(tx.execute_now(sql, params![tenant, id, now])? > 0)
}

/// Forgets at most `limit` sent messages whose ids lie before `before`; returns how many.
///
/// # Errors
/// When the database fails.
pub fn purge_sent(tx: &mut WriteTx<'_>, before: Uuid, limit: i64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM outbox WHERE tenant_id = ?1 AND id IN (
        SELECT id FROM outbox WHERE tenant_id = ?1 AND state = 'sent' AND state <> 'queued' AND id < ?2
        ORDER BY id LIMIT ?3)";
    let tenant = tx.tenant();
    tx.execute_now(sql, params![tenant, before, limit])
}
