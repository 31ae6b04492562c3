//! Which spots were seen on rounds 巡查到点, when, and by which checklist. A visit says only that somebody was there and
//! looked; what they found is a case.

use jiff::Timestamp;

use crate::{
    error::StoreError,
    params,
    sql::in_list,
    tx::{ReadTx, WriteTx},
};

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Where.
    pub spot: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub person: String,
    /// Code of the checklist that was gone through; empty for none.
    pub checklist: String,
}

/// What is known of the visits of a spot by one checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where.
    pub spot: String,
    /// The checklist; empty for visits without one.
    pub checklist: String,
    /// The last visit.
    pub last: Timestamp,
    /// How many there were.
    pub visits: i64,
}

/// Spots in one statement.
const SPOTS_AT_ONCE: usize = 128;

/// Notes a visit. The same visit told twice is one.
///
/// # Errors
/// When the database fails.
pub fn note(tx: &mut WriteTx<'_>, visit: &Visit) -> Result<(), StoreError> {
    let sql = "INSERT INTO spot_visits (tenant_id, spot, at, person, checklist) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (tenant_id, spot, at, person) DO NOTHING";
    let (tenant, v) = (tx.tenant(), visit);
    tx.execute(sql, params![tenant, &v.spot, v.at, &v.person, &v.checklist])
}

/// The visits of these spots from a time until before another, by checklist; spots that nobody saw are left out. Costs by the
/// visits of these spots in that time.
///
/// # Errors
/// When the database fails.
pub fn seen(
    tx: &mut ReadTx<'_>,
    spots: &[String],
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Seen>, StoreError> {
    let mut found = Vec::new();
    for chunk in spots.chunks(SPOTS_AT_ONCE) {
        let mut params = params![tx.tenant(), from, until];
        let list = in_list(&mut params, chunk.iter());
        let sql = format!(
            "SELECT spot, checklist, MAX(at), COUNT(*) FROM spot_visits
             WHERE tenant_id = ?1 AND spot IN ({list}) AND at >= ?2 AND at < ?3
             GROUP BY spot, checklist ORDER BY spot, checklist"
        );
        for mut row in tx.query(&sql, params)? {
            found.push(Seen { spot: row.take(0)?, checklist: row.take(1)?, last: row.get(2)?, visits: row.get(3)? });
        }
    }
    Ok(found)
}
