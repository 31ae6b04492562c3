//! The embedded engine: one file, one writer, many readers.
//!
//! The writer commits in groups: whatever waits when it is free goes into one transaction, each job in a savepoint of
//! its own, and callers hear of it only after the one `COMMIT` is on disk. It never waits for a group to fill.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    types::{ToSqlOutput, ValueRef},
};

use crate::{
    clock::SystemClock,
    error::{Fault, Remedy, StoreError},
    job::BoxedJob,
    queue::Queue,
    tx::{Backend, WriteTx},
    value::{Row, Value},
};

/// Most jobs in one commit.
const GROUP_MAX: usize = 256;
/// How long a connection waits for another process that holds the file.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Pause between tries where SQLite itself does not wait.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// Prepared statements kept by each connection.
const STATEMENTS_KEPT: usize = 256;

/// What every connection sets. The file stays in WAL mode; a commit is on disk when it returns.
const SETTINGS: &str = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
    PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4000;";

/// Opens the file for the writer, making it if need be.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    let mode = write_ahead(&connection)?;
    if mode != "wal" {
        return Err(StoreError::unavailable(format!("the file's system cannot hold a write-ahead log (mode {mode})")));
    }
    set(&connection, &format!("{SETTINGS} PRAGMA cache_size = -32768;"))?;
    Ok(connection)
}

/// Switches to the write-ahead log. Of several that open a new file at once SQLite tells all but one that it is busy,
/// without waiting as it does elsewhere.
fn write_ahead(connection: &Connection) -> Result<String, StoreError> {
    let patience = Instant::now() + BUSY_WAIT;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < patience => {
                std::thread::sleep(BUSY_PAUSE);
            }
            done => return done.map_err(|error| fault(&error).error),
        }
    }
}

/// Opens the file for a reader. The file must exist.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set(&connection, &format!("{SETTINGS} PRAGMA cache_size = -8192; PRAGMA query_only = ON;"))?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| StoreError::unavailable(format!("{}: {error}", path.display())))?;
    connection.busy_timeout(BUSY_WAIT).map_err(|error| fault(&error).error)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

fn set(connection: &Connection, pragmas: &str) -> Result<(), StoreError> {
    connection.execute_batch(pragmas).map_err(|error| fault(&error).error)
}

/// The writer's work: until the queue closes.
pub(crate) fn write_loop(connection: &Connection, queue: &Queue<BoxedJob>, clock: &SystemClock) {
    while let Some(jobs) = queue.take_up_to(GROUP_MAX) {
        write_group(connection, jobs, clock);
    }
    // Statistics help the planner after years of growth; without them it still works.
    if let Err(error) = connection.execute_batch("PRAGMA optimize") {
        tracing::debug!(%error, "PRAGMA optimize");
    }
}

/// The reader's work: until the queue closes.
pub(crate) fn read_loop(connection: &Connection, queue: &Queue<BoxedJob>, clock: &Arc<SystemClock>) {
    while let Some(mut job) = queue.take() {
        let end = step(connection, "BEGIN DEFERRED").and_then(|()| run(connection, job.as_mut(), clock).map(drop));
        job.answer(end.map_err(|fault| fault.error));
        if let Err(fault) = step(connection, "COMMIT") {
            tracing::warn!(error = %fault.error, "end of a read transaction");
        }
    }
}

fn write_group(connection: &Connection, mut jobs: Vec<BoxedJob>, clock: &SystemClock) {
    let ends = step(connection, "BEGIN IMMEDIATE").and_then(|()| {
        let ends = run_all(connection, &mut jobs, clock)?;
        step(connection, "COMMIT").map_err(uncertain)?;
        Ok(ends)
    });
    match ends {
        Ok(ends) => jobs.into_iter().zip(ends).for_each(|(job, end)| job.answer(end)),
        Err(fault) => {
            if !connection.is_autocommit() {
                // Whatever ROLLBACK says, the next BEGIN shows whether the connection is usable.
                drop(step(connection, "ROLLBACK"));
            }
            jobs.into_iter().for_each(|job| job.answer(Err(fault.error.clone())));
        }
    }
}

/// A disk that failed in the middle of a commit may hold it or not.
fn uncertain(fault: Fault) -> Fault {
    tracing::error!(error = %fault.error, "commit failed");
    match fault.remedy {
        Remedy::Reconnect => StoreError::Unknown.into(),
        Remedy::Retry | Remedy::None => fault,
    }
}

/// Runs each job in a savepoint. `Err` means that the engine gave up the whole group.
fn run_all(
    connection: &Connection,
    jobs: &mut [BoxedJob],
    clock: &SystemClock,
) -> Result<Vec<Result<(), StoreError>>, Fault> {
    let mut ends = Vec::with_capacity(jobs.len());
    for job in jobs {
        step(connection, "SAVEPOINT job")?;
        let end = run(connection, job.as_mut(), clock);
        if connection.is_autocommit() {
            return Err(StoreError::unavailable("the disk is full or failing").into());
        }
        if !matches!(end, Ok(true)) {
            step(connection, "ROLLBACK TO job")?;
        }
        step(connection, "RELEASE job")?;
        ends.push(end.map(drop).map_err(|fault| fault.error));
    }
    Ok(ends)
}

/// Runs one job; `Ok(true)` if its changes are to be kept.
fn run(connection: &Connection, job: &mut dyn crate::job::Job, clock: &SystemClock) -> Result<bool, Fault> {
    let mut tx = WriteTx::new(Backend::Sqlite(connection), job.tenant(), clock.now()?);
    let keep = job.run(&mut tx);
    match tx.fault.take() {
        Some(fault) if keep => Err(fault),
        _ => Ok(keep),
    }
}

fn step(connection: &Connection, sql: &str) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| fault(&error))?;
    statement.raw_execute().map(drop).map_err(|error| fault(&error))
}

pub(crate) fn query(connection: &Connection, sql: &str, params: &[Value]) -> Result<Vec<Row>, Fault> {
    let fetch = || -> rusqlite::Result<Vec<Row>> {
        let mut statement = connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get_ref(column).map(own)).collect::<rusqlite::Result<_>>()?;
            all.push(Row::new(values));
        }
        Ok(all)
    };
    fetch().map_err(|error| fault(&error))
}

pub(crate) fn execute(connection: &Connection, sql: &str, params: &[Value]) -> Result<u64, Fault> {
    let touched = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(params)))
        .map_err(|error| fault(&error))?;
    Ok(touched as u64)
}

pub(crate) fn execute_script(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection.execute_batch(sql).map_err(|error| fault(&error))
}

fn own(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(v) => Value::Int(v),
        ValueRef::Real(v) => Value::Real(v),
        ValueRef::Text(v) => Value::Text(String::from_utf8_lossy(v).into_owned()),
        ValueRef::Blob(v) => Value::Blob(v.to_vec()),
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(v) => ValueRef::Integer(*v),
            Self::Real(v) => ValueRef::Real(*v),
            Self::Text(v) => ValueRef::Text(v.as_bytes()),
            Self::Blob(v) => ValueRef::Blob(v),
        }))
    }
}

/// The engine's error in the store's words. `Reconnect` stands for a failing disk.
pub(crate) fn fault(error: &rusqlite::Error) -> Fault {
    let rusqlite::Error::SqliteFailure(code, text) = error else {
        return StoreError::other(error.to_string()).into();
    };
    let words = text.clone().unwrap_or_else(|| code.to_string());
    let (error, remedy) = match code.code {
        ErrorCode::ConstraintViolation if is_unique(code.extended_code) => (StoreError::conflict(words), Remedy::None),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            (StoreError::unavailable("another process holds the file"), Remedy::None)
        }
        ErrorCode::DiskFull | ErrorCode::CannotOpen | ErrorCode::ReadOnly => {
            (StoreError::unavailable(words), Remedy::None)
        }
        ErrorCode::SystemIoFailure => (StoreError::unavailable(words), Remedy::Reconnect),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => (StoreError::corrupt(words), Remedy::None),
        _ => (StoreError::other(words), Remedy::None),
    };
    Fault { error, remedy }
}

fn is_unique(extended: i32) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE};
    matches!(extended, SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_ROWID)
}
