//! What machines report 物联感知, merged: one row a source, kind and place, however many events come. What a kind means, and
//! when events belong together, is the caller's to say.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// Events that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// Which source.
    pub source: String,
    /// Which kind.
    pub kind: String,
    /// Where: a spot or a grid.
    pub place: String,
    /// How many.
    pub count: i64,
    /// The first.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
    /// What the last one said.
    pub told: String,
    /// As long as nobody was asked, events before this moment do not belong to these.
    pub together_since: Timestamp,
    /// From so many on a person is asked.
    pub at_least: i64,
    /// What was decided before this moment does not hold any more.
    pub quiet_since: Timestamp,
}

/// What is known of a source, kind and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    /// Its id; ids sort by time.
    pub id: Uuid,
    /// Which source.
    pub source: String,
    /// Which kind.
    pub kind: String,
    /// Where.
    pub place: String,
    /// Where it stands; `open` until somebody decides.
    pub state: String,
    /// From so many events on a person is asked.
    pub at_least: i64,
    /// How many events, those after the decision too.
    pub events: i64,
    /// The first.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
    /// What the last one said.
    pub told: String,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// What was decided: JSON; empty before.
    pub decision: String,
}

/// State of a finding about which nothing was decided.
pub const OPEN: &str = "open";

const COLUMNS: &str = "id, source, kind, place, state, at_least, events, first_at, last_at, told, decided_at, decision";

fn read(mut row: Row) -> Result<FindingRow, StoreError> {
    Ok(FindingRow {
        id: row.get(0)?,
        source: row.take(1)?,
        kind: row.take(2)?,
        place: row.take(3)?,
        state: row.take(4)?,
        at_least: row.get(5)?,
        events: row.get(6)?,
        first_at: row.get(7)?,
        last_at: row.get(8)?,
        told: row.take(9)?,
        decided_at: row.get(10)?,
        decision: row.take(11)?,
    })
}

/// Adds events to what is known of their place, or begins anew under `id` where what is known is over: decided long
/// enough ago, or too few that came too long ago. One statement, so that nothing is read first.
///
/// # Errors
/// When the database fails.
pub fn add(tx: &mut WriteTx<'_>, id: Uuid, events: &Events) -> Result<(), StoreError> {
    let over = "(f.state <> 'open' AND f.decided_at < ?10)
         OR (f.state = 'open' AND f.events < f.at_least AND f.last_at < ?11)";
    let keep = |column: &str, kept: &str| format!("{column} = CASE WHEN {over} THEN excluded.{column} ELSE {kept} END");
    // What is told late changes neither when it was seen last nor what was said then.
    let newest = |column: &str| {
        format!(
            "{column} = CASE WHEN {over} OR excluded.last_at >= f.last_at THEN excluded.{column} ELSE f.{column} END"
        )
    };
    let set = [
        keep("id", "f.id"),
        keep("state", "f.state"),
        keep("events", "f.events + excluded.events"),
        // What is told late may have been earlier than all that was known. Written out: the engines have no word in common.
        keep("first_at", "CASE WHEN excluded.first_at < f.first_at THEN excluded.first_at ELSE f.first_at END"),
        keep("decided_at", "f.decided_at"),
        keep("decision", "f.decision"),
        "at_least = excluded.at_least".to_owned(),
        newest("last_at"),
        newest("told"),
    ];
    let sql = format!(
        "INSERT INTO machine_findings AS f (tenant_id, source, kind, place, id, state, at_least, events, first_at,
             last_at, told, decided_at, decision)
         VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?7, ?8, ?9, ?12, NULL, '')
         ON CONFLICT (tenant_id, source, kind, place) DO UPDATE SET {}",
        set.join(", ")
    );
    let (tenant, e) = (tx.tenant(), events);
    tx.execute(
        &sql,
        params![
            tenant,
            &e.source,
            &e.kind,
            &e.place,
            id,
            e.at_least,
            e.count,
            e.first_at,
            e.last_at,
            e.quiet_since,
            e.together_since,
            &e.told
        ],
    )
}

/// Findings that wait for a person, those that came last first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn waiting(tx: &mut ReadTx<'_>, limit: i64) -> Result<Vec<FindingRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM machine_findings WHERE tenant_id = ?1 AND state = 'open' AND events >= at_least
         ORDER BY last_at DESC, id DESC LIMIT ?2"
    );
    let params = params![tx.tenant(), limit];
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

/// Findings that were decided, the newest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn decided(tx: &mut ReadTx<'_>, limit: i64) -> Result<Vec<FindingRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM machine_findings WHERE tenant_id = ?1 AND state <> 'open' ORDER BY id DESC LIMIT ?2"
    );
    let params = params![tx.tenant(), limit];
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

/// One finding, to be decided.
///
/// # Errors
/// When the database fails.
pub fn find(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<FindingRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM machine_findings WHERE tenant_id = ?1 AND id = ?2{}", tx.for_update());
    let params = params![tx.tenant(), id];
    tx.query_one(&sql, params)?.map(read).transpose()
}

/// Writes what was decided.
///
/// # Errors
/// When the database fails.
pub fn decide(tx: &mut WriteTx<'_>, id: Uuid, state: &str, decision: &str) -> Result<(), StoreError> {
    let sql = "UPDATE machine_findings SET state = ?3, decided_at = ?4, decision = ?5 WHERE tenant_id = ?1 AND id = ?2";
    let params = params![tx.tenant(), id, state, tx.now(), decision];
    tx.execute(sql, params)
}
