//! Figures of the moment over some units: what is open by class, what is due soon, what came in. Each costs by the open
//! cases or by what came in since, never by what is stored.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{error::StoreError, params, sql::in_list, tx::ReadTx, value::Row};

/// Figures of the moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moment {
    /// Open cases by class; `none` for those not yet classed.
    pub open_by_class: Vec<(String, i64)>,
    /// Open cases whose next clock runs out before `soon`, or has run out.
    pub due: i64,
    /// Cases registered since `since`.
    pub registered: i64,
}

/// The figures of these units; a case of several counts once.
///
/// # Errors
/// When the database fails.
pub fn moment(tx: &mut ReadTx<'_>, units: &[String], soon: Timestamp, since: Timestamp) -> Result<Moment, StoreError> {
    if units.is_empty() {
        return Ok(Moment::default());
    }
    let mut params = params![tx.tenant(), soon];
    let list = in_list(&mut params, units.iter());
    let sql = format!(
        "SELECT COALESCE(c.class, 'none'), COUNT(*), CAST(SUM(CASE WHEN s.open_due <= ?2 THEN 1 ELSE 0 END) AS BIGINT)
         FROM (SELECT DISTINCT case_id, open_due FROM case_scope
               WHERE tenant_id = ?1 AND unit IN ({list}) AND open_due IS NOT NULL) s
         CROSS JOIN cases c WHERE c.tenant_id = ?1 AND c.case_id = s.case_id GROUP BY 1 ORDER BY 1"
    );
    let read = |row: Row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?));
    let rows = tx.query(&sql, params)?.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    // Ids are ordered by registration: a range of the scope's key is a range of time.
    let millis = u64::try_from(since.as_millisecond()).unwrap_or(0);
    let first = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    let mut params = params![tx.tenant(), first, Uuid::max()];
    let list = in_list(&mut params, units.iter());
    let sql = format!(
        "SELECT COUNT(DISTINCT case_id) FROM case_scope
         WHERE tenant_id = ?1 AND case_id >= ?2 AND case_id < ?3 AND unit IN ({list})"
    );
    let registered = tx.query_count(&sql, params)?;
    Ok(Moment {
        due: rows.iter().map(|(_, _, due)| due).sum(),
        open_by_class: rows.into_iter().map(|(class, open, _)| (class, open)).collect(),
        registered,
    })
}

/// Open cases of these units by their marks, as stored: codes with a space between them. Costs by the open cases.
///
/// # Errors
/// When the database fails.
pub fn open_by_marks(tx: &mut ReadTx<'_>, units: &[String]) -> Result<Vec<(String, i64)>, StoreError> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let mut params = params![tx.tenant()];
    let list = in_list(&mut params, units.iter());
    let sql = format!(
        "SELECT c.marks, COUNT(*)
         FROM (SELECT DISTINCT case_id FROM case_scope
               WHERE tenant_id = ?1 AND unit IN ({list}) AND open_due IS NOT NULL) s
         CROSS JOIN cases c WHERE c.tenant_id = ?1 AND c.case_id = s.case_id GROUP BY c.marks"
    );
    tx.query(&sql, params)?.into_iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// What is open in one grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridLoad {
    /// The grid.
    pub grid: String,
    /// Open cases.
    pub open: i64,
    /// Of these, with a clock past due.
    pub overdue: i64,
}

/// Open cases of these units by grid; those without a grid are not among them. Costs by the open cases.
///
/// # Errors
/// When the database fails.
pub fn open_by_grid(tx: &mut ReadTx<'_>, units: &[String]) -> Result<Vec<GridLoad>, StoreError> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let mut params = params![tx.tenant(), tx.now()];
    let list = in_list(&mut params, units.iter());
    let sql = format!(
        "SELECT c.grid, COUNT(*), CAST(SUM(CASE WHEN s.open_due <= ?2 THEN 1 ELSE 0 END) AS BIGINT)
         FROM (SELECT DISTINCT case_id, open_due FROM case_scope
               WHERE tenant_id = ?1 AND unit IN ({list}) AND open_due IS NOT NULL) s
         CROSS JOIN cases c WHERE c.tenant_id = ?1 AND c.case_id = s.case_id AND c.grid IS NOT NULL
         GROUP BY c.grid ORDER BY c.grid"
    );
    let read = |mut row: Row| Ok(GridLoad { grid: row.take(0)?, open: row.get(1)?, overdue: row.get(2)? });
    tx.query(&sql, params)?.into_iter().map(read).collect()
}
