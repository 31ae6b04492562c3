//! Which spots were seen on rounds 巡查到点, and when. A visit says only that somebody was there; what they found is a case.

use jiff::Timestamp;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
};

/// Notes that a person was at a spot. The same visit told twice is one.
///
/// # Errors
/// When the database fails.
pub fn note(tx: &mut WriteTx<'_>, spot: &str, at: Timestamp, person: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO spot_visits (tenant_id, spot, at, person) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, spot, at, person) DO NOTHING";
    let tenant = tx.tenant();
    tx.execute(sql, params![tenant, spot, at, person])
}

/// When each spot was seen last since a time; spots that nobody saw since are left out.
///
/// # Errors
/// When the database fails.
pub fn last_seen(tx: &mut ReadTx<'_>, since: Timestamp) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let sql = "SELECT spot, MAX(at) FROM spot_visits WHERE tenant_id = ?1 AND at >= ?2 GROUP BY spot ORDER BY spot";
    let params = params![tx.tenant(), since];
    tx.query(sql, params)?.into_iter().map(|mut row| Ok((row.take(0)?, row.get(1)?))).collect()
}
