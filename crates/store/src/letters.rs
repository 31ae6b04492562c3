//! Letters 表扬书、提醒函、移送单: drafted, issued, acknowledged. What one says, and when it may be issued, is its maker's business.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    cases::before_key,
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRow {
    /// Its id; ids sort by time.
    pub id: Uuid,
    /// Where it stands.
    pub state: String,
    /// What kind of letter.
    pub kind: String,
    /// The unit it is about.
    pub unit: String,
    /// The rule that drafted it; none for one that a person began.
    pub rule: Option<String>,
    /// Its number, once issued.
    pub number: Option<String>,
    /// When it last changed.
    pub at: Timestamp,
    /// What it says: JSON.
    pub body: String,
}

const COLUMNS: &str = "id, state, kind, unit, rule, number, at, body";

fn read(mut row: Row) -> Result<LetterRow, StoreError> {
    Ok(LetterRow {
        id: row.get(0)?,
        state: row.take(1)?,
        kind: row.take(2)?,
        unit: row.take(3)?,
        rule: row.take(4)?,
        number: row.take(5)?,
        at: row.get(6)?,
        body: row.take(7)?,
    })
}

/// Writes a letter, new or changed.
///
/// # Errors
/// [`StoreError::Conflict`] when its number is taken.
pub fn put(tx: &mut WriteTx<'_>, letter: &LetterRow) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO letters (tenant_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (tenant_id, id) DO UPDATE SET state = excluded.state, number = excluded.number, at = excluded.at,
             body = excluded.body"
    );
    let (tenant, l) = (tx.tenant(), letter);
    let (rule, number) = (l.rule.as_deref(), l.number.as_deref());
    tx.execute(&sql, params![tenant, l.id, &l.state, &l.kind, &l.unit, rule, number, l.at, &l.body])
}

/// One letter, to be changed.
///
/// # Errors
/// When the database fails.
pub fn find_for_update(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<LetterRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM letters WHERE tenant_id = ?1 AND id = ?2{}", tx.for_update());
    let params = params![tx.tenant(), id];
    tx.query_one(&sql, params)?.map(read).transpose()
}

/// One letter, to look at.
///
/// # Errors
/// When the database fails.
pub fn find(tx: &mut ReadTx<'_>, id: Uuid) -> Result<Option<LetterRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM letters WHERE tenant_id = ?1 AND id = ?2");
    let params = params![tx.tenant(), id];
    tx.query_one(&sql, params)?.map(read).transpose()
}

/// Letters, the newest first, at most `limit`, made before the letter `before` if one is given; of these units only, and
/// in this state only, where that is said.
///
/// # Errors
/// When the database fails.
pub fn list(
    tx: &mut ReadTx<'_>,
    units: Option<&[String]>,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<LetterRow>, StoreError> {
    let mut params = params![tx.tenant(), before_key(before), limit];
    let mut only = String::new();
    if let Some(state) = state {
        params.extend(params![state]);
        only.push_str(" AND state = ?4");
    }
    if let Some(units) = units {
        let list = crate::sql::in_list(&mut params, units.iter());
        only.push_str(&format!(" AND unit IN ({list})"));
    }
    let sql = format!("SELECT {COLUMNS} FROM letters WHERE tenant_id = ?1 AND id < ?2{only} ORDER BY id DESC LIMIT ?3");
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

/// Letters of a unit since a time, of any state, the newest first: whether a rule has spoken already.
///
/// # Errors
/// When the database fails.
pub fn of_unit(tx: &mut ReadTx<'_>, unit: &str, since: Timestamp) -> Result<Vec<LetterRow>, StoreError> {
    let millis = u64::try_from(since.as_millisecond()).unwrap_or(0);
    let first = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    let sql = format!(
        "SELECT {COLUMNS} FROM letters WHERE tenant_id = ?1 AND unit = ?2 AND id >= ?3 ORDER BY id DESC LIMIT 500"
    );
    let params = params![tx.tenant(), unit, first];
    tx.query(&sql, params)?.into_iter().map(read).collect()
}
