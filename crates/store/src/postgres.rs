//! The server engine: PostgreSQL, spoken to by threads that each own one connection.
//!
//! Round trips are what a transaction costs here, so they are saved: `BEGIN` travels with the question for the time,
//! and writes travel together with the next query or the `COMMIT`. A lost connection is an error and a new connection,
//! never a panic. Connections are not encrypted: the server must be reached over a socket or a trusted network.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio_postgres::{
    Client, Config, NoTls, Statement,
    error::SqlState,
    types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};

use crate::{
    clock::{ManualClock, timestamp},
    error::{Fault, Remedy, StoreError},
    job::{BoxedJob, Job},
    queue::Queue,
    tx::{Backend, WriteTx},
    value::{Row, Value},
};

/// How often a transaction is tried again after a deadlock, a lost race or a lost connection.
const RETRIES: u32 = 3;
/// How long one attempt to connect may take.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// The longest pause between attempts to connect.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Prepared statements kept by each connection.
const STATEMENTS_KEPT: usize = 512;

/// What every connection sets: an acknowledged commit is on disk, nothing waits for ever.
const SETTINGS: &str = "SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off';
    SET timezone = 'UTC'; SET jit = off; SET lock_timeout = '10s'; SET statement_timeout = '60s';
    SET idle_in_transaction_session_timeout = '60s'";
const TIME: &str = "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)";

/// What a worker's transactions may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read one snapshot.
    Read,
    /// Read and write; each statement sees what is committed.
    Write,
}

impl Access {
    fn begin(self) -> &'static str {
        match self {
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Self::Write => "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE",
        }
    }
}

/// A thread's connection and what it needs to make a new one.
pub(crate) struct Worker {
    runtime: Runtime,
    config: Config,
    access: Access,
    clock: Option<ManualClock>,
    /// How long a job may wait for the server to come back, counted from when it got into line.
    patience: Duration,
    session: Option<Session>,
    pause: Duration,
    next_attempt: Instant,
}

/// One connection.
struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Worker {
    pub(crate) fn new(
        config: Config,
        access: Access,
        clock: Option<ManualClock>,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::unavailable(error.to_string()))?;
        let (pause, next_attempt) = (Duration::ZERO, Instant::now());
        Ok(Self { runtime, config, access, clock, patience, session: None, pause, next_attempt })
    }

    /// Serves until the queue closes.
    pub(crate) fn work(mut self, queue: &Arc<Queue<BoxedJob>>) {
        while let Some(job) = queue.take() {
            self.serve(job);
        }
    }

    fn serve(&mut self, mut job: BoxedJob) {
        let mut tries = 0;
        let end = loop {
            match self.attempt(job.as_mut()) {
                Err(fault) if fault.remedy != Remedy::None && tries < RETRIES => {
                    tracing::debug!(error = %fault.error, tries, "transaction will be tried again");
                    self.finish("ROLLBACK", fault.remedy);
                    tries += 1;
                    thread::sleep(Duration::from_micros(rand::random_range(0..2_000 << tries)));
                }
                end => break end,
            }
        };
        let (answer, closing) = match end {
            Ok(Kept::Committed) => (Ok(()), None),
            Ok(Kept::Nothing) => (Ok(()), Some(Remedy::None)),
            Err(fault) => (Err(fault.error), Some(fault.remedy)),
        };
        // Nobody needs to wait for the end of a read; but what a write has locked must be free when its failure is known.
        match closing {
            Some(remedy) if self.access == Access::Read => {
                job.answer(answer);
                self.finish("ROLLBACK", remedy);
            }
            Some(remedy) => {
                self.finish("ROLLBACK", remedy);
                job.answer(answer);
            }
            None => job.answer(answer),
        }
    }

    /// Runs the job in one transaction and commits it if it is a write that wants to be kept.
    fn attempt(&mut self, job: &mut dyn Job) -> Result<Kept, Fault> {
        self.connect(job.queued_at() + self.patience)?;
        let Some(session) = &mut self.session else { return Err(lost("no connection")) };
        let mut tx = PgTx { runtime: &self.runtime, session, deferred: Vec::new() };
        let now = tx.begin(self.access, self.clock.as_ref())?;
        let mut tx = WriteTx::new(Backend::Postgres(tx), job.tenant(), now);
        let keep = job.run(&mut tx);
        if let Some(fault) = tx.fault.take()
            && (keep || fault.remedy != Remedy::None)
        {
            return Err(fault);
        }
        match tx.into_backend() {
            Backend::Postgres(mut tx) if keep && self.access == Access::Write => tx.commit().map(|()| Kept::Committed),
            _ => Ok(Kept::Nothing),
        }
    }

    /// Ends what may still be open on the connection, or drops the connection.
    fn finish(&mut self, sql: &str, remedy: Remedy) {
        let usable = remedy != Remedy::Reconnect
            && self.session.as_ref().is_some_and(|s| self.runtime.block_on(s.client.batch_execute(sql)).is_ok());
        if !usable {
            self.session = None;
        }
    }

    /// Makes sure that there is a connection, waiting for the server to come back until `deadline`.
    fn connect(&mut self, deadline: Instant) -> Result<(), Fault> {
        while self.session.as_ref().is_none_or(|session| session.client.is_closed()) {
            self.session = None;
            thread::sleep(self.next_attempt.saturating_duration_since(Instant::now()).min(PAUSE_MAX));
            match self.runtime.block_on(open(&self.config)) {
                Ok(session) => {
                    self.session = Some(session);
                    self.pause = Duration::ZERO;
                }
                Err(fault) => {
                    self.pause = (self.pause * 2).clamp(Duration::from_millis(20), PAUSE_MAX);
                    self.next_attempt = Instant::now() + self.pause;
                    if fault.remedy == Remedy::None || self.next_attempt >= deadline {
                        tracing::warn!(error = %fault.error, "database not reached");
                        return Err(fault.error.into());
                    }
                }
            }
        }
        Ok(())
    }
}

/// How an attempt ended well.
enum Kept {
    Committed,
    /// Nothing to keep: a read, or a closure that refused. The transaction is still open.
    Nothing,
}

async fn open(config: &Config) -> Result<Session, Fault> {
    let connected = tokio::time::timeout(CONNECT_WAIT, config.connect(NoTls)).await;
    let (client, connection) = connected.map_err(|_| lost("no answer to the connection"))?.map_err(|e| fault(&e))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
    });
    client.batch_execute(SETTINGS).await.map_err(|error| fault(&error))?;
    Ok(Session { client, statements: HashMap::new() })
}

/// One open transaction.
pub(crate) struct PgTx<'c> {
    runtime: &'c Runtime,
    session: &'c mut Session,
    deferred: Vec<(Statement, Vec<Value>)>,
}

/// What came back for one request of a pipeline.
enum Reply {
    Rows(Vec<tokio_postgres::Row>),
    Count(u64),
    Done,
}

type Step<'a> = Pin<Box<dyn Future<Output = Result<Reply, tokio_postgres::Error>> + 'a>>;

impl PgTx<'_> {
    fn begin(&mut self, access: Access, clock: Option<&ManualClock>) -> Result<Timestamp, Fault> {
        if let Some(clock) = clock {
            self.run(|client| vec![script(client, access.begin())])?;
            return Ok(timestamp(clock.millis())?);
        }
        let time = self.statement(TIME, &[])?;
        let replies = self.run(|client| vec![script(client, access.begin()), rows(client, &time, &[])])?;
        let Some(Reply::Rows(rows)) = replies.into_iter().nth(1) else { return Err(lost("no time")) };
        let row = own_rows(&rows)?.pop().ok_or_else(|| lost("no time"))?;
        Ok(timestamp(row.get(0)?)?)
    }

    pub(crate) fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Fault> {
        let statement = self.checked(sql, params)?;
        match self.flush_with(|client| rows(client, &statement, params))? {
            Reply::Rows(rows) => own_rows(&rows),
            Reply::Count(_) | Reply::Done => Ok(Vec::new()),
        }
    }

    pub(crate) fn execute_now(&mut self, sql: &str, params: &[Value]) -> Result<u64, Fault> {
        let statement = self.checked(sql, params)?;
        match self.flush_with(|client| count(client, &statement, params))? {
            Reply::Count(touched) => Ok(touched),
            Reply::Rows(_) | Reply::Done => Ok(0),
        }
    }

    /// Keeps a write for the next pipeline. What the server would refuse for its form is refused here, because once
    /// the `COMMIT` is on its way, a write that was never sent could not stop it.
    pub(crate) fn defer(&mut self, sql: &str, params: Vec<Value>) -> Result<(), Fault> {
        let statement = self.checked(sql, &params)?;
        self.deferred.push((statement, params));
        Ok(())
    }

    pub(crate) fn execute_script(&mut self, sql: &str) -> Result<(), Fault> {
        self.flush_with(|client| script(client, sql)).map(drop)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        if self.session.client.is_closed() {
            return Err(lost("closed before the commit"));
        }
        self.flush_with(|client| script(client, "COMMIT")).map(drop).map_err(|fault| match fault.remedy {
            Remedy::Reconnect => Fault { error: StoreError::Unknown, remedy: Remedy::None },
            Remedy::Retry | Remedy::None => fault,
        })
    }

    /// Sends what was deferred and then this, in one go; answers this.
    fn flush_with<'a>(&'a mut self, last: impl FnOnce(&'a Client) -> Step<'a>) -> Result<Reply, Fault> {
        let deferred = std::mem::take(&mut self.deferred);
        let session = &*self.session;
        let mut steps: Vec<Step<'_>> =
            deferred.iter().map(|(statement, params)| count(&session.client, statement, params)).collect();
        steps.push(last(&session.client));
        let replies = self.runtime.block_on(in_order(steps));
        let mut reply = Reply::Done;
        for next in replies {
            reply = next.map_err(|error| fault(&error))?;
        }
        Ok(reply)
    }

    fn run<'a>(&'a self, steps: impl FnOnce(&'a Client) -> Vec<Step<'a>>) -> Result<Vec<Reply>, Fault> {
        let replies = self.runtime.block_on(in_order(steps(&self.session.client)));
        replies.into_iter().map(|reply| reply.map_err(|error| fault(&error))).collect()
    }

    fn checked(&mut self, sql: &str, params: &[Value]) -> Result<Statement, Fault> {
        let statement = self.statement(sql, params)?;
        let types = statement.params();
        if types.len() != params.len() {
            let (due, given) = (types.len(), params.len());
            return Err(StoreError::other(format!("{given} parameters where {due} are due: {sql}")).into());
        }
        match types.iter().zip(params).position(|(ty, value)| !fits(ty, value)) {
            Some(at) => {
                let (ty, found) = (&types[at], params[at].type_name());
                Err(StoreError::other(format!("parameter {} is {found} where {ty} is due: {sql}", at + 1)).into())
            }
            None => Ok(statement),
        }
    }

    /// The prepared statement for this SQL, from the connection's own store. The first values tell the parameters'
    /// types, so that `?1 + 1` means what it means on SQLite.
    fn statement(&mut self, sql: &str, params: &[Value]) -> Result<Statement, Fault> {
        if let Some(statement) = self.session.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.session.statements.len() >= STATEMENTS_KEPT {
            self.session.statements.clear();
        }
        let types: Vec<Type> = params.iter().map(type_of).collect();
        let prepared = self.runtime.block_on(self.session.client.prepare_typed(&dollars(sql), &types));
        let statement = prepared.map_err(|error| fault(&error))?;
        self.session.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn script<'a>(client: &'a Client, sql: &'a str) -> Step<'a> {
    Box::pin(async move { client.batch_execute(sql).await.map(|()| Reply::Done) })
}

fn rows<'a>(client: &'a Client, statement: &'a Statement, params: &'a [Value]) -> Step<'a> {
    Box::pin(async move { client.query(statement, &references(params)).await.map(Reply::Rows) })
}

fn count<'a>(client: &'a Client, statement: &'a Statement, params: &'a [Value]) -> Step<'a> {
    Box::pin(async move { client.execute(statement, &references(params)).await.map(Reply::Count) })
}

fn references(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// Drives all steps at once, each first polled in its place, which is the order in which they are sent.
async fn in_order(steps: Vec<Step<'_>>) -> Vec<Result<Reply, tokio_postgres::Error>> {
    let mut steps: Vec<Option<Step<'_>>> = steps.into_iter().map(Some).collect();
    let mut replies: Vec<Option<_>> = steps.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for (step, reply) in steps.iter_mut().zip(&mut replies) {
            let Some(future) = step else { continue };
            match future.as_mut().poll(context) {
                Poll::Ready(done) => {
                    *reply = Some(done);
                    *step = None;
                }
                Poll::Pending => waiting = true,
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    replies.into_iter().flatten().collect()
}

/// `?1` becomes `$1`; a question mark that no digit follows stays.
fn dollars(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        let parameter = c == '?' && chars.peek().is_some_and(char::is_ascii_digit);
        out.push(if parameter { '$' } else { c });
    }
    out
}

fn own_rows(rows: &[tokio_postgres::Row]) -> Result<Vec<Row>, Fault> {
    let own = |row: &tokio_postgres::Row| {
        let values = (0..row.len()).map(|column| row.try_get::<_, Value>(column)).collect::<Result<_, _>>();
        values.map(Row::new).map_err(|error| StoreError::corrupt(error.to_string()).into())
    };
    rows.iter().map(own).collect()
}

fn type_of(value: &Value) -> Type {
    match value {
        // The server finds out.
        Value::Null => Type::UNKNOWN,
        Value::Int(_) => Type::INT8,
        Value::Real(_) => Type::FLOAT8,
        Value::Text(_) => Type::TEXT,
        Value::Blob(_) => Type::BYTEA,
    }
}

fn fits(ty: &Type, value: &Value) -> bool {
    matches!(value, Value::Null) || *ty == type_of(value)
}

type Boxed = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(v) => v.to_sql(ty, out),
            Self::Real(v) => v.to_sql(ty, out),
            Self::Text(v) => v.to_sql(ty, out),
            Self::Blob(v) => v.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::FLOAT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::BOOL => Self::Int(bool::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Self::Real(f64::from_sql(ty, raw)?),
            Type::BYTEA => Self::Blob(raw.to_vec()),
            _ => Self::Text(String::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::BOOL | Type::FLOAT8 | Type::BYTEA)
            || <String as FromSql<'_>>::accepts(ty)
    }
}

fn lost(why: &str) -> Fault {
    Fault { error: StoreError::unavailable(why), remedy: Remedy::Reconnect }
}

/// The server's error in the store's words: its message and rule, never its detail, which can hold values.
fn fault(error: &tokio_postgres::Error) -> Fault {
    let Some(answer) = error.as_db_error() else { return lost(&error.to_string()) };
    let (code, message) = (answer.code(), answer.message());
    let class = code.code().get(..2).unwrap_or_default();
    let (error, remedy) = match class {
        _ if [SqlState::UNIQUE_VIOLATION, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED]
            .contains(code) =>
        {
            (StoreError::conflict(message), Remedy::Retry)
        }
        "08" | "57" if *code != SqlState::QUERY_CANCELED => (StoreError::unavailable(message), Remedy::Reconnect),
        "53" if *code == SqlState::TOO_MANY_CONNECTIONS => (StoreError::unavailable(message), Remedy::Reconnect),
        "53" | "55" | "57" | "58" | "25" => (StoreError::unavailable(message), Remedy::None),
        "XX" => (StoreError::corrupt(message), Remedy::None),
        _ => (StoreError::other(format!("{message} ({})", code.code())), Remedy::None),
    };
    Fault { error, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_translated_and_nothing_else() {
        assert_eq!(dollars("SELECT ?1, ?12, '?' WHERE a = ?2"), "SELECT $1, $12, '?' WHERE a = $2");
    }
}
