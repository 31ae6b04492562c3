//! Events 事件, and the chain that makes tampering show: each event's hash covers the hash before it in its stream.
//!
//! A stream is one case, or one of the other things whose changes are kept: organisation, policy, a user. Events are
//! only ever appended; nothing here may change or delete one.

use std::collections::HashMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    error::StoreError,
    params,
    sql::{ROWS_MAX, tuples},
    store::Store,
    tx::{ReadTx, WriteTx},
    value::{FromValue, Row, Value},
};

/// The hash before the first event of a stream.
pub const CHAIN_START: [u8; 32] = [0; 32];

/// The kind of the streams that are cases.
pub const CASE_STREAM: &str = "case";

/// Events read in one piece while verifying.
const VERIFY_CHUNK: i64 = 2_000;

/// An event that is about to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When, to the millisecond.
    pub at: Timestamp,
    /// By whom, as the domain writes actors.
    pub actor: String,
    /// Its kind.
    pub kind: String,
    /// All of it, as JSON.
    pub body: String,
}

/// An event as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// The case, or the fixed id of another stream.
    pub stream: Uuid,
    /// Place in the stream, from 1, without gaps.
    pub seq: i64,
    /// `case`, `org`, `user` …
    pub stream_kind: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Its kind.
    pub kind: String,
    /// All of it, as JSON.
    pub body: String,
    /// SHA-256 over the hash before it and everything above but the stream's kind.
    pub hash: [u8; 32],
}

const COLUMNS: &str = "stream, seq, stream_kind, at, actor, kind, body, hash";

impl EventRow {
    fn read(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            stream: row.get(0)?,
            seq: row.get(1)?,
            stream_kind: row.take(2)?,
            at: row.get(3)?,
            actor: row.take(4)?,
            kind: row.take(5)?,
            body: row.take(6)?,
            hash: row.get(7)?,
        })
    }
}

/// The end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of its last event; 0 for an empty stream.
    pub seq: i64,
    /// Hash of its last event; [`CHAIN_START`] for an empty stream.
    pub hash: [u8; 32],
}

impl Head {
    /// The head of a stream without events.
    pub const EMPTY: Self = Self { seq: 0, hash: CHAIN_START };
}

/// The hash of an event. Texts are preceded by their length in bytes, so no two events share one input.
fn hash(before: &[u8; 32], stream: Uuid, seq: i64, at: Timestamp, texts: [&str; 3]) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(before);
    digest.update(stream.as_bytes());
    digest.update(seq.to_be_bytes());
    digest.update(at.as_millisecond().to_be_bytes());
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    digest.finalize().into()
}

/// Appends behind `head` and returns the new head. Whoever appended to the stream meanwhile makes this a conflict.
pub(crate) fn append(
    tx: &mut WriteTx<'_>,
    stream_kind: &str,
    stream: Uuid,
    head: Head,
    events: &[NewEvent],
) -> Result<Head, StoreError> {
    let (tenant, mut head) = (tx.tenant(), head);
    for events in events.chunks(ROWS_MAX) {
        let mut params = params![tenant, stream, stream_kind];
        for event in events {
            let seq = head.seq + 1;
            let at = crate::clock::timestamp(event.at.as_millisecond())?;
            let hash = hash(&head.hash, stream, seq, at, [&event.actor, &event.kind, &event.body]);
            params.extend(params![seq, at, &event.actor, &event.kind, &event.body, hash]);
            head = Head { seq, hash };
        }
        let sql = format!(
            "INSERT INTO events (tenant_id, stream, stream_kind, seq, at, actor, kind, body, hash) VALUES {}",
            tuples(3, 6, events.len())
        );
        tx.execute(&sql, params)?;
    }
    Ok(head)
}

/// Appends to a stream that is not a case and returns its new head.
///
/// # Errors
/// When the database fails. Two appends at once are put in order, not refused.
pub fn append_stream(tx: &mut WriteTx<'_>, kind: &str, stream: Uuid, events: &[NewEvent]) -> Result<Head, StoreError> {
    let head = head(tx, stream)?;
    append(tx, kind, stream, head, events)
}

/// The end of a stream.
///
/// # Errors
/// When the database fails.
pub fn head(tx: &mut ReadTx<'_>, stream: Uuid) -> Result<Head, StoreError> {
    let sql = "SELECT seq, hash FROM events WHERE tenant_id = ?1 AND stream = ?2 ORDER BY seq DESC LIMIT 1";
    let tenant = tx.tenant();
    match tx.query_one(sql, params![tenant, stream])? {
        Some(row) => Ok(Head { seq: row.get(0)?, hash: row.get(1)? }),
        None => Ok(Head::EMPTY),
    }
}

/// Events of one stream after `after_seq`, oldest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn events(tx: &mut ReadTx<'_>, stream: Uuid, after_seq: i64, limit: i64) -> Result<Vec<EventRow>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM events WHERE tenant_id = ?1 AND stream = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4");
    let tenant = tx.tenant();
    tx.query(&sql, params![tenant, stream, after_seq, limit])?.into_iter().map(EventRow::read).collect()
}

/// Events of one stream up to the number `until_seq`, the newest first, at most `limit`; of one kind only, where one is given:
/// that costs by the events of the stream up to the last one found.
///
/// # Errors
/// When the database fails.
pub fn newest(
    tx: &mut ReadTx<'_>,
    stream: Uuid,
    kind: Option<&str>,
    until_seq: i64,
    limit: i64,
) -> Result<Vec<EventRow>, StoreError> {
    let mut params = params![tx.tenant(), stream, until_seq, limit];
    let only = kind.map_or("", |kind| {
        params.extend(params![kind]);
        " AND kind = ?5"
    });
    let sql = format!(
        "SELECT {COLUMNS} FROM events
         WHERE tenant_id = ?1 AND stream = ?2 AND seq <= ?3{only} ORDER BY seq DESC LIMIT ?4"
    );
    tx.query(&sql, params)?.into_iter().map(EventRow::read).collect()
}

/// Events of one kind of a stream, of the time from `from` until before `until`, oldest first, at most `limit`. Costs by the
/// events of the stream in that time: where they begin and end is found by halves.
///
/// # Errors
/// When the database fails.
pub fn of_kind(
    tx: &mut ReadTx<'_>,
    (stream, kind): (Uuid, &str),
    (from, until): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<EventRow>, StoreError> {
    let (before, last) = (last_before(tx, stream, from)?, last_before(tx, stream, until)?);
    let sql = format!(
        "SELECT {COLUMNS} FROM events
         WHERE tenant_id = ?1 AND stream = ?2 AND seq > ?3 AND seq <= ?4 AND kind = ?5 ORDER BY seq LIMIT ?6"
    );
    let params = params![tx.tenant(), stream, before, last, kind, limit];
    tx.query(&sql, params)?.into_iter().map(EventRow::read).collect()
}

/// The number of the last event of a stream before a time; 0 where there is none. Times of a stream only go forward.
///
/// # Errors
/// When the database fails.
pub fn last_before(tx: &mut ReadTx<'_>, stream: Uuid, time: Timestamp) -> Result<i64, StoreError> {
    let (mut earlier, mut later) = (0, head(tx, stream)?.seq + 1);
    while earlier + 1 < later {
        let middle = earlier + (later - earlier) / 2;
        let sql = "SELECT at FROM events WHERE tenant_id = ?1 AND stream = ?2 AND seq = ?3";
        let params = params![tx.tenant(), stream, middle];
        let at: Option<Timestamp> = tx.query_one(sql, params)?.map(|row| row.get(0)).transpose()?;
        if at.is_some_and(|at| at < time) {
            earlier = middle;
        } else {
            later = middle;
        }
    }
    Ok(earlier)
}

/// A place in the order of time: the time, stream and number of the last event that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeCursor {
    /// Time of the event.
    pub at: Timestamp,
    /// Its stream.
    pub stream: Uuid,
    /// Its number in the stream.
    pub seq: i64,
}

impl TimeCursor {
    /// Before everything at or after `at`.
    pub fn from(at: Timestamp) -> Self {
        Self { at, stream: Uuid::nil(), seq: 0 }
    }
}

/// Events of all streams behind the cursor and before `until`, in the order of time, at most `limit`. On PostgreSQL
/// transactions that began earlier may commit later: who follows along should keep `until` a little behind now.
///
/// # Errors
/// When the database fails.
pub fn events_by_time(
    tx: &mut ReadTx<'_>,
    after: TimeCursor,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<EventRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events
         WHERE tenant_id = ?1 AND (at, stream, seq) > (?2, ?3, ?4) AND at < ?5 ORDER BY at, stream, seq LIMIT ?6"
    );
    let params = params![tx.tenant(), after.at, after.stream, after.seq, until, limit];
    tx.query(&sql, params)?.into_iter().map(EventRow::read).collect()
}

/// A place where the record is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFault {
    /// Which stream.
    pub stream: Uuid,
    /// At which event.
    pub seq: i64,
    /// What is wrong.
    pub what: &'static str,
}

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainReport {
    /// Streams read.
    pub streams: u64,
    /// Events read.
    pub events: u64,
    /// What is wrong; empty if nothing is.
    pub faults: Vec<ChainFault>,
    /// SHA-256 over the hash of every stream's last event, in the order of streams. Noted down elsewhere, it proves
    /// later that nothing of then has been changed or left out.
    pub digest: [u8; 32],
}

/// Follows chains event by event.
struct Verifier {
    report: ChainReport,
    digest: Sha256,
    stream: Option<Uuid>,
    head: Head,
}

impl Verifier {
    fn new() -> Self {
        Self { report: ChainReport::default(), digest: Sha256::new(), stream: None, head: Head::EMPTY }
    }

    fn check(&mut self, event: &EventRow) {
        if self.stream != Some(event.stream) {
            self.end_stream();
            (self.stream, self.head) = (Some(event.stream), Head::EMPTY);
            self.report.streams += 1;
        }
        self.report.events += 1;
        let due = hash(&self.head.hash, event.stream, event.seq, event.at, [&event.actor, &event.kind, &event.body]);
        if event.seq != self.head.seq + 1 {
            self.fault(event.stream, event.seq, "an event before this one is missing");
        } else if due != event.hash {
            self.fault(event.stream, event.seq, "the event or the one before it was changed");
        }
        // Going on from what is there finds further faults instead of repeating this one.
        self.head = Head { seq: event.seq, hash: event.hash };
    }

    fn end_stream(&mut self) {
        if let Some(stream) = self.stream {
            self.digest.update(stream.as_bytes());
            self.digest.update(self.head.hash);
        }
    }

    fn fault(&mut self, stream: Uuid, seq: i64, what: &'static str) {
        self.report.faults.push(ChainFault { stream, seq, what });
    }

    fn finish(mut self) -> ChainReport {
        self.end_stream();
        self.report.digest = self.digest.finalize().into();
        self.report
    }
}

/// Proves the events of an archive: case rows first, then the events of each tenant in the order of their keys.
pub(crate) struct ArchiveProof {
    tenant: i64,
    verifier: Verifier,
    /// Where each case's row says that its stream ends.
    heads: HashMap<(i64, Uuid), Head>,
}

impl Default for ArchiveProof {
    fn default() -> Self {
        Self { tenant: 0, verifier: Verifier::new(), heads: HashMap::new() }
    }
}

/// A column of an archive's row as its type.
fn read_column<T: FromValue>(value: Option<&Value>) -> Result<T, StoreError> {
    Row::new(value.cloned().into_iter().collect()).get(0)
}

impl ArchiveProof {
    /// Takes a row of the cases.
    pub(crate) fn case<'a>(&mut self, column: impl Fn(&str) -> Option<&'a Value>) -> Result<(), StoreError> {
        let key = (read_column(column("tenant_id"))?, read_column(column("case_id"))?);
        let head = Head { seq: read_column(column("version"))?, hash: read_column(column("last_hash"))? };
        self.heads.insert(key, head);
        Ok(())
    }

    /// Takes a row of the events.
    pub(crate) fn event<'a>(&mut self, column: impl Fn(&str) -> Option<&'a Value>) -> Result<(), StoreError> {
        let tenant = read_column(column("tenant_id"))?;
        let event = EventRow {
            stream: read_column(column("stream"))?,
            seq: read_column(column("seq"))?,
            stream_kind: read_column(column("stream_kind"))?,
            at: read_column(column("at"))?,
            actor: read_column(column("actor"))?,
            kind: read_column(column("kind"))?,
            body: read_column(column("body"))?,
            hash: read_column(column("hash"))?,
        };
        if tenant != self.tenant || self.verifier.stream != Some(event.stream) {
            self.end_stream()?;
            (self.tenant, self.verifier.stream) = (tenant, None);
        }
        self.verifier.check(&event);
        self.first_fault()
    }

    /// Ends: every case must have been met with the end of its stream.
    pub(crate) fn finish(mut self) -> Result<(), StoreError> {
        self.end_stream()?;
        match self.heads.keys().next() {
            Some((_, stream)) => Err(broken(*stream, 1, "the case's events are missing")),
            None => Ok(()),
        }
    }

    fn end_stream(&mut self) -> Result<(), StoreError> {
        let Some(stream) = self.verifier.stream else { return Ok(()) };
        match self.heads.remove(&(self.tenant, stream)) {
            Some(head) if head != self.verifier.head => {
                Err(broken(stream, head.seq, "the case's last event was changed or removed"))
            }
            _ => Ok(()),
        }
    }

    fn first_fault(&self) -> Result<(), StoreError> {
        self.verifier.report.faults.first().map_or(Ok(()), |fault| Err(broken(fault.stream, fault.seq, fault.what)))
    }
}

fn broken(stream: Uuid, seq: i64, what: &str) -> StoreError {
    StoreError::corrupt(format!("stream {stream} event {seq}: {what}; this archive is not restored"))
}

/// Verifies one stream; of a case also that its row stands at the last event.
///
/// # Errors
/// When the database fails. A broken chain is not an error but in the report.
pub fn verify_chain(tx: &mut ReadTx<'_>, stream: Uuid) -> Result<ChainReport, StoreError> {
    let mut verifier = Verifier::new();
    loop {
        let chunk = events(tx, stream, verifier.head.seq, VERIFY_CHUNK)?;
        chunk.iter().for_each(|event| verifier.check(event));
        if chunk.len() < VERIFY_CHUNK as usize {
            break;
        }
    }
    for fault in case_heads(tx, "c.case_id = ?2", stream.into(), 1)?.1 {
        verifier.report.faults.push(fault);
    }
    Ok(verifier.finish())
}

/// Verifies every stream of the tenant, a piece at a time so that the database goes on serving. `progress` hears how
/// many events and cases have been read.
///
/// # Errors
/// When the database fails. Broken chains are not an error but in the report.
pub async fn verify_all(store: &Store, mut progress: impl FnMut(u64)) -> Result<ChainReport, StoreError> {
    let mut verifier = Verifier::new();
    loop {
        let after = (verifier.stream.unwrap_or(Uuid::nil()), verifier.head.seq);
        let chunk = store.read(move |tx| events_in_key_order(tx, after)).await?;
        chunk.iter().for_each(|event| verifier.check(event));
        progress(verifier.report.events);
        if chunk.len() < VERIFY_CHUNK as usize {
            break;
        }
    }
    let (mut cases, mut after) = (0, Value::Blob(Vec::new()));
    loop {
        let from = after.clone();
        let (read, faults, last) = store
            .read(move |tx| {
                let (ids, faults) = case_heads(tx, "c.case_id > ?2", from.clone(), VERIFY_CHUNK)?;
                Ok::<_, StoreError>((ids.len(), faults, ids.last().copied()))
            })
            .await?;
        verifier.report.faults.extend(faults);
        cases += read as u64;
        progress(verifier.report.events + cases);
        match last {
            Some(last) => after = last.into(),
            None => break,
        }
    }
    Ok(verifier.finish())
}

fn events_in_key_order(tx: &mut ReadTx<'_>, after: (Uuid, i64)) -> Result<Vec<EventRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE tenant_id = ?1 AND (stream, seq) > (?2, ?3) ORDER BY stream, seq LIMIT ?4"
    );
    let params = params![tx.tenant(), after.0, after.1, VERIFY_CHUNK];
    tx.query(&sql, params)?.into_iter().map(EventRow::read).collect()
}

/// Compares case rows with the ends of their streams: the cases read, and those that do not stand at their last event.
fn case_heads(
    tx: &mut ReadTx<'_>,
    which: &str,
    id: Value,
    limit: i64,
) -> Result<(Vec<Uuid>, Vec<ChainFault>), StoreError> {
    let sql = format!(
        "SELECT c.case_id, c.version, c.last_hash, e.hash, n.seq FROM cases c
         LEFT JOIN events e ON e.tenant_id = c.tenant_id AND e.stream = c.case_id AND e.seq = c.version
         LEFT JOIN events n ON n.tenant_id = c.tenant_id AND n.stream = c.case_id AND n.seq = c.version + 1
         WHERE c.tenant_id = ?1 AND {which} ORDER BY c.case_id LIMIT ?3"
    );
    let tenant = tx.tenant();
    let (mut ids, mut faults) = (Vec::new(), Vec::new());
    for row in tx.query(&sql, params![tenant, id, limit])? {
        let (stream, seq): (Uuid, i64) = (row.get(0)?, row.get(1)?);
        ids.push(stream);
        if row.get::<Option<i64>>(4)?.is_some() {
            faults.push(ChainFault { stream, seq: seq + 1, what: "the case's row is older than its last event" });
        } else if row.get::<Option<[u8; 32]>>(3)? != Some(row.get(2)?) {
            faults.push(ChainFault { stream, seq, what: "the case's last event was changed or removed" });
        }
    }
    Ok((ids, faults))
}
