//! Copies of the data: of a SQLite file while it serves, and an archive that either engine writes and either reads.
//!
//! The archive is JSON lines: a head, then for each table its name and columns followed by its rows, then an end with a
//! count and a checksum. It holds everything but the search index, the sums and which works a case belongs to, which are
//! rebuilt. It is as secret as the database: protected data stays sealed in it, the rest is readable.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    error::StoreError,
    events::ArchiveProof,
    migrate::SCHEMA_VERSION,
    params,
    store::Store,
    tally,
    tx::{ReadTx, WriteTx},
    value::{Row, Value},
    works,
};

/// The archive's own version.
const FORMAT: u32 = 1;
/// Rows read or written in one piece.
const CHUNK: usize = 500;
/// The setting that stands, under tenant 0, while a restore is under way.
const UNFINISHED: &str = "restore.unfinished";

/// A table of the archive. Its key's columns come first.
struct Table {
    name: &'static str,
    /// How many of the columns are the key.
    key: usize,
    columns: &'static str,
}

const fn table(name: &'static str, key: usize, columns: &'static str) -> Table {
    Table { name, key, columns }
}

/// All tables, in an order in which rows find what they refer to.
const TABLES: &[Table] = &[
    table("tenants", 1, "tenant_id code name"),
    table("settings", 2, "tenant_id key body at"),
    table("counters", 2, "tenant_id name next"),
    table("organisation", 2, "tenant_id version body at"),
    table("calendar", 3, "tenant_id year version body at"),
    table("policies", 2, "tenant_id version body active_from at"),
    table("users", 2, "tenant_id person login password totp oidc_subject failed locked_until active session_epoch"),
    table("sessions", 2, "tenant_id token_hash person epoch created_at expires_at rotated_at seen_at"),
    table(
        "cases",
        2,
        "tenant_id case_id number version state class category origin channel lead_unit grid marks open next_due \
         registered_at finished_at closed_at upstream_number place_key reporter tracking title lon lat policy_version \
         last_hash body",
    ),
    table("case_scope", 3, "tenant_id unit case_id open_due"),
    table("clocks", 3, "tenant_id case_id clock next_at due_at"),
    table("events", 3, "tenant_id stream seq stream_kind at actor kind body hash"),
    table("identities", 2, "tenant_id case_id sealed key_id"),
    table("idempotency", 3, "tenant_id actor key request_hash response at"),
    table("outbox", 2, "tenant_id id channel recipient body attempts next_at state last_error created_at"),
    table("notifications", 3, "tenant_id person id case_id kind body at read_at"),
    table("attachments", 3, "tenant_id case_id id name media_type bytes sha256 width height kind by_actor at"),
    table("public_notices", 2, "tenant_id id unit title text shown_from shown_until by_actor at"),
    table("presence", 3, "tenant_id case_id person at"),
    table("spot_visits", 4, "tenant_id spot at person checklist"),
    table("signals", 2, "tenant_id id state area topic at body"),
    table("models", 3, "tenant_id subject version at report body measured"),
    table("letters", 2, "tenant_id id state kind unit rule number at body"),
    table("bulletins", 2, "tenant_id id kind unit first_day last_day state at hash body"),
    table(
        "machine_findings",
        4,
        "tenant_id source kind place id state at_least events first_at last_at told decided_at decision",
    ),
    table("works", 3, "tenant_id kind id unit state next_at at body"),
];

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveReport {
    /// Rows in it.
    pub rows: u64,
    /// SHA-256 of everything before its last line, in hexadecimal.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Head {
    jiban_archive: u32,
    schema: i64,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct TableHead {
    table: String,
    columns: Vec<String>,
}

/// Copies the SQLite file to `target` while the store serves, checks the copy, and only then gives it its name.
/// Returns its size in bytes.
///
/// # Errors
/// [`StoreError::Other`] on PostgreSQL (whose own tools do this, or [`export`]), [`StoreError::Unavailable`] when the
/// target cannot be written, [`StoreError::Corrupt`] when the copy does not pass the check.
pub async fn copy_file(store: &Store, target: &Path) -> Result<u64, StoreError> {
    let source =
        store.path().ok_or_else(|| StoreError::other("only a SQLite file can be copied: export an archive"))?;
    let target = target.to_owned();
    let copied = tokio::task::spawn_blocking(move || copy_checked(&source, &target)).await;
    copied.unwrap_or_else(|_| Err(StoreError::other("a defect stopped the copy")))
}

fn copy_checked(source: &Path, target: &Path) -> Result<u64, StoreError> {
    let part = beside(target);
    let copied = copy(source, &part);
    if copied.is_err() {
        // What is half done is of no use to anybody.
        drop(fs::remove_file(&part));
    }
    copied?;
    fs::rename(&part, target).map_err(|error| disk(target, &error))?;
    sync_folder(target)?;
    fs::metadata(target).map(|found| found.len()).map_err(|error| disk(target, &error))
}

fn copy(source: &Path, part: &Path) -> Result<(), StoreError> {
    let engine = |error: rusqlite::Error| crate::sqlite::fault(&error).error;
    drop(fs::remove_file(part));
    let from = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(engine)?;
    let mut to = Connection::open(part).map_err(engine)?;
    // All pages in one step: it holds one snapshot, and in WAL mode nobody waits for it.
    let backup = rusqlite::backup::Backup::new(&from, &mut to).map_err(engine)?;
    backup.step(-1).map_err(engine)?;
    drop(backup);
    let verdict: String = to.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(engine)?;
    to.close().map_err(|(_, error)| engine(error))?;
    if verdict != "ok" {
        return Err(StoreError::corrupt(format!("the copy does not pass the check: {verdict}")));
    }
    File::open(part).and_then(|file| file.sync_all()).map_err(|error| disk(part, &error))
}

/// The name under which a copy is made before it is whole.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    target.with_file_name(name)
}

fn sync_folder(target: &Path) -> Result<(), StoreError> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| disk(folder, &error))
}

fn disk(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::unavailable(format!("{}: {error}", path.display()))
}

/// Writes an archive of all tenants to `target`, as the database stood at one moment, while the store serves.
///
/// # Errors
/// [`StoreError::Conflict`] when the target is there already, [`StoreError::Unavailable`] when it cannot be written or
/// the database is away.
pub async fn export(store: &Store, target: &Path) -> Result<ArchiveReport, StoreError> {
    if target.exists() {
        return Err(StoreError::conflict(format!("{} is there already and is not written over", target.display())));
    }
    let (part, target) = (beside(target), target.to_owned());
    let file = part.clone();
    let report = store.read(move |tx| write_archive(tx, &file)).await?;
    fs::rename(&part, &target).map_err(|error| disk(&target, &error))?;
    sync_folder(&target)?;
    Ok(report)
}

/// An archive in the making.
struct Archive<'a> {
    path: &'a Path,
    file: BufWriter<File>,
    digest: Sha256,
}

impl Archive<'_> {
    fn line(&mut self, value: &serde_json::Value) -> Result<(), StoreError> {
        let line = format!("{value}\n");
        self.digest.update(line.as_bytes());
        self.file.write_all(line.as_bytes()).map_err(|error| disk(self.path, &error))
    }
}

fn write_archive(tx: &mut ReadTx<'_>, path: &Path) -> Result<ArchiveReport, StoreError> {
    let file = File::create(path).map_err(|error| disk(path, &error))?;
    let mut archive = Archive { path, file: BufWriter::new(file), digest: Sha256::new() };
    archive.line(&json!(Head { jiban_archive: FORMAT, schema: SCHEMA_VERSION, at: tx.now() }))?;
    let mut rows = 0;
    for table in TABLES {
        let columns = table.columns.split(' ').map(str::to_owned).collect();
        archive.line(&json!(TableHead { table: table.name.to_owned(), columns }))?;
        rows += write_table(tx, table, &mut archive)?;
    }
    let sha256 = hex::encode(archive.digest.clone().finalize());
    let report = ArchiveReport { rows, sha256 };
    archive.line(&json!({ "end": report }))?;
    let file = archive.file.into_inner().map_err(|error| disk(path, error.error()))?;
    file.sync_all().map_err(|error| disk(path, &error))?;
    Ok(report)
}

fn write_table(tx: &mut ReadTx<'_>, table: &Table, archive: &mut Archive<'_>) -> Result<u64, StoreError> {
    let columns: Vec<&str> = table.columns.split(' ').collect();
    let key = columns.iter().take(table.key).copied().collect::<Vec<_>>().join(", ");
    let places = (1..=table.key).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let select = format!("SELECT {} FROM {}", columns.join(", "), table.name);
    let mut after: Option<Vec<Value>> = None;
    let mut rows = 0;
    loop {
        let from = if after.is_some() { format!(" WHERE ({key}) > ({places})") } else { String::new() };
        let sql = format!("{select}{from} ORDER BY {key} LIMIT {CHUNK}");
        let chunk: Vec<Vec<Value>> =
            tx.query(&sql, after.take().unwrap_or_default())?.into_iter().map(Row::into_values).collect();
        for row in &chunk {
            archive.line(&row.iter().map(to_json).collect())?;
        }
        rows += chunk.len() as u64;
        match chunk.into_iter().last() {
            Some(mut last) => {
                last.truncate(table.key);
                after = Some(last);
            }
            None => return Ok(rows),
        }
    }
}

/// Numbers with a point are written so that they come back to the last bit; bytes as base64.
fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Int(v) => json!(v),
        Value::Real(v) => json!({ "r": format!("{v:?}") }),
        Value::Text(v) => json!(v),
        Value::Blob(v) => json!({ "b": BASE64.encode(v) }),
    }
}

fn from_json(value: serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Null => Some(Value::Null),
        serde_json::Value::Number(v) => v.as_i64().map(Value::Int),
        serde_json::Value::String(v) => Some(Value::Text(v)),
        serde_json::Value::Object(v) => match (v.get("r"), v.get("b")) {
            (Some(real), None) => real.as_str()?.parse().ok().map(Value::Real),
            (None, Some(bytes)) => BASE64.decode(bytes.as_str()?).ok().map(Value::Blob),
            _ => None,
        },
        _ => None,
    }
}

/// Reads an archive into an empty database of either engine; the schema must be there. The archive is checked as a whole,
/// its chains of events with it, before the first row is written. `progress` hears how many rows are in. Afterwards the search index is to be built:
/// see [`crate::search::missing`].
///
/// # Errors
/// [`StoreError::Corrupt`] with the line where the archive is not what was written or the event that was changed, [`StoreError::Conflict`] when the
/// database is not empty, [`StoreError::Migration`] when the archive comes from a newer program. A restore that breaks
/// off leaves a database that [`Store::migrate`] refuses: begin again with an empty one.
pub async fn restore(store: &Store, source: &Path, mut progress: impl FnMut(u64)) -> Result<ArchiveReport, StoreError> {
    let path = source.to_owned();
    let checked = tokio::task::spawn_blocking(move || check_archive(&path)).await;
    let report = checked.unwrap_or_else(|_| Err(StoreError::other("a defect stopped the check")))?;
    store.write(claim_empty).await?;
    let (path, writer) = (source.to_owned(), store.clone());
    let (pieces, mut coming) = tokio::sync::mpsc::channel::<Piece>(2);
    let reader = tokio::task::spawn_blocking(move || send_pieces(&path, &pieces));
    let mut written = 0;
    while let Some(piece) = coming.recv().await {
        let rows = piece.rows.len() as u64;
        writer.write(move |tx| insert(tx, &piece)).await?;
        written += rows;
        progress(written);
    }
    reader.await.unwrap_or_else(|_| Err(StoreError::other("a defect stopped the restore")))?;
    let done = "DELETE FROM settings WHERE tenant_id = 0 AND key = ?1";
    let finish = move |tx: &mut WriteTx<'_>| {
        tally::mark_all(tx)?;
        works::fill_cases(tx)?;
        tx.execute(done, params![UNFINISHED])
    };
    store.write(finish).await?;
    store.refresh_statistics().await?;
    Ok(report)
}

/// Reads an archive from end to end and proves its chains, so that nobody who can mend a checksum can rewrite history.
fn check_archive(path: &Path) -> Result<ArchiveReport, StoreError> {
    let mut proof = ArchiveProof::default();
    let report = read_archive(path, |table, columns, row| {
        let column = |name: &str| columns.iter().position(|column| column == name).and_then(|place| row.get(place));
        match table.name {
            "cases" => proof.case(column),
            "events" => proof.event(column),
            _ => Ok(()),
        }
    })?;
    proof.finish().map(|()| report)
}

/// Whether a restore into this database broke off.
pub(crate) fn is_unfinished(tx: &mut ReadTx<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) FROM settings WHERE tenant_id = 0 AND key = ?1";
    Ok(tx.query_count(sql, params![UNFINISHED])? > 0)
}

fn claim_empty(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    for table in TABLES {
        let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT 1) t", table.name);
        if tx.query_count(&sql, params![])? > 0 {
            return Err(StoreError::conflict(format!("the database is not empty: table {} has rows", table.name)));
        }
    }
    let now = tx.now();
    let sql = "INSERT INTO settings (tenant_id, key, body, at) VALUES (0, ?1, 'true', ?2)";
    tx.execute(sql, params![UNFINISHED, now])
}

/// Rows of one table on their way in.
struct Piece {
    table: &'static Table,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

fn insert(tx: &mut WriteTx<'_>, piece: &Piece) -> Result<(), StoreError> {
    let places: Vec<String> = (1..=piece.columns.len()).map(|place| format!("?{place}")).collect();
    let (name, columns) = (piece.table.name, piece.columns.join(", "));
    let sql = format!("INSERT INTO {name} ({columns}) VALUES ({})", places.join(", "));
    piece.rows.iter().try_for_each(|row| tx.execute(&sql, row.clone()))
}

fn send_pieces(path: &Path, pieces: &tokio::sync::mpsc::Sender<Piece>) -> Result<(), StoreError> {
    let send = |piece: Piece| pieces.blocking_send(piece).map_err(|_| StoreError::other("the restore was given up"));
    let mut open: Option<Piece> = None;
    read_archive(path, |table, columns, row| {
        let same = open.as_ref().is_some_and(|piece| piece.table.name == table.name && piece.rows.len() < CHUNK);
        if !same && let Some(full) = open.take() {
            send(full)?;
        }
        open.get_or_insert_with(|| Piece { table, columns: columns.to_vec(), rows: Vec::new() }).rows.push(row);
        Ok(())
    })?;
    open.map_or(Ok(()), send)
}

type Take<'a> = dyn FnMut(&'static Table, &[String], Vec<Value>) -> Result<(), StoreError> + 'a;

/// Reads an archive from end to end and hands out its rows; every line is checked, the last one against all before it.
fn read_archive(
    path: &Path,
    mut take: impl FnMut(&'static Table, &[String], Vec<Value>) -> Result<(), StoreError>,
) -> Result<ArchiveReport, StoreError> {
    let file = File::open(path).map_err(|error| disk(path, &error))?;
    let mut reader = ArchiveReader { digest: Sha256::new(), line: 0, rows: 0, table: None };
    let mut lines = BufReader::new(file);
    let mut text = String::new();
    loop {
        text.clear();
        let read = lines.read_line(&mut text);
        reader.line += 1;
        let read = read.map_err(|error| match error.kind() {
            ErrorKind::InvalidData => reader.bad("this is not text"),
            _ => disk(path, &error),
        });
        if read? == 0 {
            return Err(reader.bad("the archive is cut short: its last line is missing"));
        }
        if let Some(report) = reader.take_line(&text, &mut take)? {
            return Ok(report);
        }
    }
}

struct ArchiveReader {
    digest: Sha256,
    line: u64,
    rows: u64,
    table: Option<(&'static Table, Vec<String>)>,
}

impl ArchiveReader {
    fn bad(&self, what: &str) -> StoreError {
        StoreError::corrupt(format!("line {}: {what}", self.line))
    }

    fn take_line(&mut self, text: &str, take: &mut Take<'_>) -> Result<Option<ArchiveReport>, StoreError> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|_| self.bad("this is not JSON"))?;
        if self.line == 1 {
            self.check_head(value)?;
        } else if let Some(end) = value.get("end") {
            return self.check_end(end.clone()).map(Some);
        } else if value.is_object() {
            self.begin_table(value)?;
        } else {
            self.take_row(value, take)?;
        }
        self.digest.update(text.as_bytes());
        Ok(None)
    }

    fn check_head(&self, value: serde_json::Value) -> Result<(), StoreError> {
        let head: Head = serde_json::from_value(value).map_err(|_| self.bad("this is not an archive of jiban"))?;
        if head.jiban_archive > FORMAT || head.schema > SCHEMA_VERSION {
            return Err(StoreError::migration("the archive comes from a newer program: use that one"));
        }
        Ok(())
    }

    fn begin_table(&mut self, value: serde_json::Value) -> Result<(), StoreError> {
        let head: TableHead =
            serde_json::from_value(value).map_err(|_| self.bad("this is neither a table nor a row"))?;
        let table = TABLES.iter().find(|table| table.name == head.table);
        let table = table.ok_or_else(|| self.bad("there is no such table"))?;
        // The names go into a statement: only those that are known may.
        if !head.columns.iter().all(|column| table.columns.split(' ').any(|known| known == column)) {
            return Err(self.bad("there is no such column"));
        }
        self.table = Some((table, head.columns));
        Ok(())
    }

    fn take_row(&mut self, value: serde_json::Value, take: &mut Take<'_>) -> Result<(), StoreError> {
        let serde_json::Value::Array(values) = value else { return Err(self.bad("this is not a row")) };
        let Some((table, columns)) = &self.table else { return Err(self.bad("a row outside a table")) };
        let row: Option<Vec<Value>> = values.into_iter().map(from_json).collect();
        match row.filter(|row| row.len() == columns.len()) {
            Some(row) => take(table, columns, row)?,
            None => return Err(self.bad("the row does not fit its table")),
        }
        self.rows += 1;
        Ok(())
    }

    fn check_end(&self, end: serde_json::Value) -> Result<ArchiveReport, StoreError> {
        let said: ArchiveReport = serde_json::from_value(end).map_err(|_| self.bad("the end cannot be read"))?;
        let found = ArchiveReport { rows: self.rows, sha256: hex::encode(self.digest.clone().finalize()) };
        if said == found {
            Ok(found)
        } else {
            Err(self.bad("the archive is not what was written: its checksum differs"))
        }
    }
}
