//! Retried requests: the same key of the same actor is done once, and its answer is given again.
//!
//! The answer is written in the transaction of the deed itself, so that there is never one without the other.

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
};
use jiff::Timestamp;

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Nothing yet: do it, and then [`finish`].
    New,
    /// It has been done; this was the answer.
    Done(Option<String>),
    /// The key was used for another request: refuse.
    OtherRequest,
}

/// Looks a key up. `request_hash` tells requests apart.
///
/// # Errors
/// When the database fails.
pub fn begin(tx: &mut ReadTx<'_>, actor: &str, key: &str, request_hash: &[u8; 32]) -> Result<Begin, StoreError> {
    let sql = "SELECT request_hash, response FROM idempotency WHERE tenant_id = ?1 AND actor = ?2 AND key = ?3";
    let params = params![tx.tenant(), actor, key];
    let Some(mut row) = tx.query_one(sql, params)? else { return Ok(Begin::New) };
    let same = row.get::<[u8; 32]>(0)? == *request_hash;
    Ok(if same { Begin::Done(row.take(1)?) } else { Begin::OtherRequest })
}

/// Notes the answer, in the transaction that does the deed. When two do it at once, the store undoes the second one and
/// runs it again, which then finds the first one's answer.
///
/// # Errors
/// When the database fails.
pub fn finish(
    tx: &mut WriteTx<'_>,
    actor: &str,
    key: &str,
    request_hash: &[u8; 32],
    response: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO idempotency (tenant_id, actor, key, request_hash, response, at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.execute(sql, params![tenant, actor, key, request_hash, response, now])
}

/// Forgets at most `limit` keys noted before `before`, the oldest first; returns how many.
///
/// # Errors
/// When the database fails.
pub fn purge(tx: &mut WriteTx<'_>, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM idempotency WHERE tenant_id = ?1 AND (actor, key) IN (
        SELECT actor, key FROM idempotency WHERE tenant_id = ?1 AND at < ?2 ORDER BY at LIMIT ?3)";
    let tenant = tx.tenant();
    tx.execute_now(sql, params![tenant, before, limit])
}
