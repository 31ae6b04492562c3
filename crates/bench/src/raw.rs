//! The yardsticks: what the bare engine does on the same machine, in the same run, without any of our code.
//!
//! Writes: the very rows of one registered case, taken from the database and written again under new ids, one commit a
//! case on PostgreSQL over as many connections, groups of 64 cases a commit on SQLite, synchronous as in production.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use futures_util::future;
use jiban_store::Engine;
use rusqlite::types::Value;
use uuid::Uuid;

use crate::{Outcome, rig::Rig};

/// Tables that a registration writes, with the column that holds the case's id.
const TABLES: [(&str, &str); 6] = [
    ("cases", "case_id"),
    ("events", "stream"),
    ("case_scope", "case_id"),
    ("clocks", "case_id"),
    ("identities", "case_id"),
    ("notifications", "case_id"),
];
/// Cases in one commit on SQLite: what group commit reaches under load.
const GROUP: usize = 64;
/// Milliseconds.
const DAY_MS: i64 = 86_400_000;
/// Milliseconds.
const MONTH_MS: i64 = 30 * DAY_MS;
/// Point reads timed.
const READS: usize = 2_000;

fn told(why: impl std::fmt::Display) -> String {
    why.to_string()
}

/// Cases written raw a second.
pub(crate) async fn writes(rig: &Rig, connections: usize, seconds: u64) -> Outcome<f64> {
    let case: Uuid = rig.some_case().ok_or("no case to copy")?.parse().map_err(told)?;
    match rig.engine() {
        Engine::Sqlite => {
            let path = sqlite_path(rig)?;
            tokio::task::spawn_blocking(move || sqlite_writes(&path, case, seconds)).await.map_err(told)?
        }
        Engine::Postgres => postgres_writes(rig, case, connections, seconds).await,
    }
}

/// One point read of a case row, median milliseconds.
pub(crate) async fn point_read(rig: &Rig) -> Outcome<f64> {
    let case: Uuid = rig.some_case().ok_or("no case to read")?.parse().map_err(told)?;
    let mut times = Vec::with_capacity(READS);
    match rig.engine() {
        Engine::Sqlite => {
            let connection = rusqlite::Connection::open(sqlite_path(rig)?).map_err(told)?;
            let sql = "SELECT body FROM cases WHERE tenant_id = 1 AND case_id = ?1";
            let mut statement = connection.prepare(sql).map_err(told)?;
            for _ in 0..READS {
                let began = Instant::now();
                let _: String = statement.query_row([case.as_bytes().as_slice()], |row| row.get(0)).map_err(told)?;
                times.push(began.elapsed());
            }
        }
        Engine::Postgres => {
            let client = connect(rig).await?;
            let sql = "SELECT body FROM cases WHERE tenant_id = 1 AND case_id = $1";
            let statement = client.prepare(sql).await.map_err(told)?;
            for _ in 0..READS {
                let began = Instant::now();
                client.query_one(&statement, &[&case.as_bytes().as_slice()]).await.map_err(told)?;
                times.push(began.elapsed());
            }
        }
    }
    times.sort_unstable();
    Ok(times[READS / 2].as_secs_f64() * 1_000.0)
}

/// Arms clocks beside the stock's until `wanted` are: rows as the sweeper looks for them, each due some day of the month
/// after the next day, over the cases there are.
pub(crate) async fn arm(rig: &Rig, wanted: i64) -> Outcome<()> {
    let insert = |round: u32, missing: i64| {
        format!(
            "INSERT INTO clocks (tenant_id, case_id, clock, next_at, due_at)
             SELECT tenant_id, case_id, 'bench.{round}', {at} + registered_at % {MONTH_MS}, {at} + registered_at % {MONTH_MS}
             FROM cases LIMIT {missing}",
            at = jiff::Timestamp::now().as_millisecond() + DAY_MS,
        )
    };
    let postgres = match rig.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some(connect(rig).await?),
    };
    for round in 1.. {
        let missing = wanted - rig.armed().await?;
        if missing <= 0 {
            break;
        }
        let sql = insert(round, missing);
        let made = match &postgres {
            Some(client) => client.execute(&sql, &[]).await.map_err(told)?,
            None => {
                let path = sqlite_path(rig)?;
                let act = move || rusqlite::Connection::open(path)?.execute(&sql, []);
                tokio::task::spawn_blocking(act).await.map_err(told)?.map_err(told)? as u64
            }
        };
        if made == 0 {
            return Err("no case to arm clocks of".to_owned());
        }
    }
    // So many at once never come in real life: what they leave behind is done before anything is timed.
    if let Some(client) = &postgres {
        for act in ["VACUUM ANALYZE clocks", "CHECKPOINT"] {
            client.batch_execute(act).await.map_err(told)?;
        }
    }
    Ok(())
}

fn sqlite_path(rig: &Rig) -> Outcome<std::path::PathBuf> {
    let url = &rig.home().config.store.url;
    url.strip_prefix("sqlite:").map(Into::into).ok_or_else(|| format!("{url} is not SQLite"))
}

async fn connect(rig: &Rig) -> Outcome<tokio_postgres::Client> {
    let url = &rig.home().config.store.url;
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.map_err(told)?;
    tokio::spawn(connection);
    Ok(client)
}

/// A table's rows of the case: insert statement, and each row's values.
type Rows = Vec<(String, Vec<Vec<Value>>)>;

fn sqlite_writes(path: &std::path::Path, case: Uuid, seconds: u64) -> Outcome<f64> {
    // A copy beside the original: same disk, same schema, nobody else writing.
    let copy = path.with_extension("raw.db");
    let source = rusqlite::Connection::open(path).map_err(told)?;
    source.execute("VACUUM INTO ?1", [copy.display().to_string()]).map_err(told)?;
    let mut raw = rusqlite::Connection::open(&copy).map_err(told)?;
    raw.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(told)?;
    let rows = copied(&raw, case)?;
    let (began, mut written) = (Instant::now(), 0_u64);
    while began.elapsed() < Duration::from_secs(seconds) {
        let group = raw.transaction().map_err(told)?;
        for _ in 0..GROUP {
            written += 1;
            let id = Uuid::now_v7();
            for (sql, rows) in &rows {
                let mut insert = group.prepare_cached(sql).map_err(told)?;
                for row in rows {
                    let fresh = row.iter().map(|value| renewed(value, case, id, written));
                    insert.execute(rusqlite::params_from_iter(fresh)).map_err(told)?;
                }
            }
        }
        group.commit().map_err(told)?;
    }
    Ok(written as f64 / began.elapsed().as_secs_f64())
}

fn copied(connection: &rusqlite::Connection, case: Uuid) -> Outcome<Rows> {
    let mut all = Vec::new();
    for (table, column) in TABLES {
        let sql = format!("SELECT * FROM {table} WHERE {column} = ?1");
        let mut statement = connection.prepare(&sql).map_err(told)?;
        let width = statement.column_count();
        let read = |row: &rusqlite::Row<'_>| (0..width).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>();
        let rows = statement.query_map([case.as_bytes().as_slice()], read).map_err(told)?;
        let rows = rows.collect::<Result<Vec<_>, _>>().map_err(told)?;
        let marks: Vec<String> = (1..=width).map(|place| format!("?{place}")).collect();
        all.push((format!("INSERT INTO {table} VALUES ({})", marks.join(", ")), rows));
    }
    Ok(all)
}

/// The value under a new case id: ids are exchanged, and the number is made unlike any other.
fn renewed(value: &Value, case: Uuid, id: Uuid, count: u64) -> Value {
    match value {
        Value::Blob(bytes) if bytes.as_slice() == case.as_bytes() => Value::Blob(id.as_bytes().to_vec()),
        // Another id of the registration, such as a notice's: new as well.
        Value::Blob(bytes) if bytes.len() == 16 => Value::Blob(Uuid::now_v7().as_bytes().to_vec()),
        Value::Text(text) if text.starts_with("DM2") && text.len() == 16 => Value::Text(format!("RAW-{count}-{id}")),
        other => other.clone(),
    }
}

async fn postgres_writes(rig: &Rig, case: Uuid, connections: usize, seconds: u64) -> Outcome<f64> {
    // Tables of their own, alike to the last index: what is written raw must not be found by the program.
    let owner = connect(rig).await?;
    let hex: String = case.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let copy = |(table, column)| {
        format!(
            "CREATE TABLE raw.{table} (LIKE {table} INCLUDING ALL);
             CREATE TABLE raw.one_{table} AS SELECT * FROM {table} WHERE {column} = '\\x{hex}'::bytea;"
        )
    };
    let tables = TABLES.map(copy).concat();
    owner.batch_execute(&format!("CREATE SCHEMA raw; {tables}")).await.map_err(told)?;
    let written = AtomicU64::new(0);
    let began = Instant::now();
    let worker = async || {
        let client = connect(rig).await?;
        let mut inserts = Vec::new();
        for (table, column) in TABLES {
            inserts.push(postgres_copy(&client, table, column).await?);
        }
        while began.elapsed() < Duration::from_secs(seconds) {
            let id = Uuid::now_v7();
            let count = written.fetch_add(1, Ordering::Relaxed);
            let number = format!("RAW-{count}-{id}");
            // Pipelined: all is sent before the first answer is awaited, as our own store does.
            let begin = client.batch_execute("BEGIN");
            let bytes = id.as_bytes().as_slice();
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&bytes, &number];
            let rows = inserts.iter().map(|(statement, takes)| client.execute(statement, &parameters[..*takes]));
            let rows = future::try_join_all(rows);
            let commit = client.batch_execute("COMMIT");
            let (begun, rows, committed) = future::join3(begin, rows, commit).await;
            begun.map_err(told)?;
            rows.map_err(told)?;
            committed.map_err(told)?;
        }
        Ok::<_, String>(())
    };
    future::try_join_all((0..connections.min(64)).map(|_| worker())).await?;
    let per_second = written.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    owner.batch_execute("DROP SCHEMA raw CASCADE").await.map_err(told)?;
    Ok(per_second)
}

/// A statement that writes a table's rows of the case again under a new id, and how many parameters it takes.
async fn postgres_copy(
    client: &tokio_postgres::Client,
    table: &str,
    column: &str,
) -> Outcome<(tokio_postgres::Statement, usize)> {
    let sql = "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema <> 'raw' ORDER BY ordinal_position";
    let columns = client.query(sql, &[&table]).await.map_err(told)?;
    let mut takes = 1;
    let mut picked = Vec::new();
    for row in &columns {
        let name: String = row.get(0);
        picked.push(match (table, name.as_str()) {
            (_, name) if name == column => "$1::bytea".to_owned(),
            ("cases", "number") => {
                takes = 2;
                "$2::text".to_owned()
            }
            ("notifications", "id") => "decode(md5(random()::text), 'hex')".to_owned(),
            (_, name) => name.to_owned(),
        });
    }
    let list = picked.join(", ");
    let insert = format!("INSERT INTO raw.{table} SELECT {list} FROM raw.one_{table}");
    Ok((client.prepare(&insert).await.map_err(told)?, takes))
}
