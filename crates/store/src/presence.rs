//! Who has a case open just now 在看. A courtesy between colleagues, not a record: rows are replaced, and go after a while.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
};

/// Notes that a person has a case open.
///
/// # Errors
/// When the database fails.
pub fn note(tx: &mut WriteTx<'_>, case: Uuid, person: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO presence (tenant_id, case_id, person, at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, case_id, person) DO UPDATE SET at = excluded.at";
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.execute(sql, params![tenant, case, person, now])
}

/// Who had a case open within this time, whoever came last first, at most 20.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut ReadTx<'_>, case: Uuid, within: SignedDuration) -> Result<Vec<String>, StoreError> {
    let since = tx.now().saturating_sub(within).unwrap_or(Timestamp::UNIX_EPOCH);
    let sql =
        "SELECT person FROM presence WHERE tenant_id = ?1 AND case_id = ?2 AND at >= ?3 ORDER BY at DESC LIMIT 20";
    let params = params![tx.tenant(), case, since];
    tx.query(sql, params)?.into_iter().map(|mut row| row.take(0)).collect()
}

/// Removes what is older than `before`, at most `limit` rows; returns how many.
///
/// # Errors
/// When the database fails.
pub fn purge(tx: &mut WriteTx<'_>, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM presence WHERE tenant_id = ?1 AND (case_id, person) IN (
        SELECT case_id, person FROM presence WHERE tenant_id = ?1 AND at < ?2 LIMIT ?3)";
    let tenant = tx.tenant();
    tx.execute_now(sql, params![tenant, before, limit])
}
