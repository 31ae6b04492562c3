//! Notices to residents 公告: what a unit tells everybody in its area for a time.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::StoreError,
    params,
    sql::in_list,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// A notice to residents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicNotice {
    /// Its id; ids sort by time.
    pub id: Uuid,
    /// The unit whose area it is for.
    pub unit: String,
    /// Heading.
    pub title: String,
    /// Text.
    pub text: String,
    /// From when on it is shown.
    pub shown_from: Timestamp,
    /// Until before when.
    pub shown_until: Timestamp,
    /// Who wrote it.
    pub by_actor: String,
    /// When it was last changed.
    pub at: Timestamp,
}

fn read(mut row: Row) -> Result<PublicNotice, StoreError> {
    Ok(PublicNotice {
        id: row.get(0)?,
        unit: row.take(1)?,
        title: row.take(2)?,
        text: row.take(3)?,
        shown_from: row.get(4)?,
        shown_until: row.get(5)?,
        by_actor: row.take(6)?,
        at: row.get(7)?,
    })
}

const COLUMNS: &str = "id, unit, title, text, shown_from, shown_until, by_actor, at";

/// Writes a notice, new or changed.
///
/// # Errors
/// When the database fails.
pub fn put(tx: &mut WriteTx<'_>, notice: &PublicNotice) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO public_notices (tenant_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (tenant_id, id) DO UPDATE SET unit = excluded.unit, title = excluded.title, text = excluded.text,
             shown_from = excluded.shown_from, shown_until = excluded.shown_until, by_actor = excluded.by_actor,
             at = excluded.at"
    );
    let (tenant, n) = (tx.tenant(), notice);
    let params = params![tenant, n.id, &n.unit, &n.title, &n.text, n.shown_from, n.shown_until, &n.by_actor, n.at];
    tx.execute(&sql, params)
}

/// One notice.
///
/// # Errors
/// When the database fails.
pub fn find(tx: &mut ReadTx<'_>, id: Uuid) -> Result<Option<PublicNotice>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM public_notices WHERE tenant_id = ?1 AND id = ?2");
    let params = params![tx.tenant(), id];
    tx.query_one(&sql, params)?.map(read).transpose()
}

/// The newest notices, at most `limit`; those shown at `at` only, and those of these units only, where they are given.
///
/// # Errors
/// When the database fails.
pub fn list(
    tx: &mut ReadTx<'_>,
    at: Option<Timestamp>,
    units: Option<&[String]>,
    limit: i64,
) -> Result<Vec<PublicNotice>, StoreError> {
    let mut params = params![tx.tenant(), limit];
    let shown = match at {
        Some(at) => {
            params.extend(params![at]);
            " AND shown_from <= ?3 AND shown_until > ?3"
        }
        None => "",
    };
    let of = match units {
        Some([]) => return Ok(Vec::new()),
        Some(units) => format!(" AND unit IN ({})", in_list(&mut params, units.iter())),
        None => String::new(),
    };
    let sql = format!("SELECT {COLUMNS} FROM public_notices WHERE tenant_id = ?1{shown}{of} ORDER BY id DESC LIMIT ?2");
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

/// Removes a notice.
///
/// # Errors
/// When the database fails.
pub fn remove(tx: &mut WriteTx<'_>, id: Uuid) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.execute("DELETE FROM public_notices WHERE tenant_id = ?1 AND id = ?2", params![tenant, id])
}
