//! The port: one handle, two engines, closures in transactions.
//!
//! Every database call of the program goes through [`Store::read`] or [`Store::write`]. A closure must do nothing but
//! work on its transaction: it may be run more than once, and its outside effects would not be undone.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    clock::{ManualClock, SystemClock},
    error::StoreError,
    job::{BoxedJob, Call},
    postgres::{Access, Worker},
    queue::{Queue, Refused},
    sqlite,
    tx::{Engine, ReadTx, WriteTx},
};

/// Where the data is and how it is served.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:PATH`, or `postgres://user:password@host/database` (a socket's folder as `?host=/run/postgresql`).
    pub url: String,
    /// Threads that read, each with a connection of its own. On SQLite at least 2.
    pub readers: usize,
    /// Connections that write, on PostgreSQL. SQLite has one writer, whatever stands here.
    pub writers: usize,
    /// Most jobs that may wait for a reader, and most that may wait for a writer.
    pub queue: usize,
    /// How long a job may wait for a PostgreSQL server that is away, counted from when it was asked for.
    pub patience: Duration,
    /// Whose rows this handle works on; see [`Store::for_tenant`].
    pub tenant: i64,
    /// Stands in for the real time in tests and simulations.
    pub clock: Option<ManualClock>,
}

impl StoreConfig {
    /// The usual settings for this address.
    pub fn new(url: impl Into<String>) -> Self {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        Self {
            url: url.into(),
            readers: cores.max(2),
            // They mostly wait for the disk, together: more of them share one wait.
            writers: (cores * 4).clamp(16, 32),
            queue: 8192,
            patience: Duration::from_secs(5),
            tenant: 1,
            clock: None,
        }
    }
}

/// How busy the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Reads in line.
    pub reads_waiting: usize,
    /// Writes in line.
    pub writes_waiting: usize,
}

/// The database. Clones share the same connections.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    tenant: i64,
}

struct Shared {
    engine: Engine,
    path: Option<PathBuf>,
    reads: Arc<Queue<BoxedJob>>,
    writes: Arc<Queue<BoxedJob>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.reads.close();
        self.writes.close();
    }
}

impl Store {
    /// Connects and starts the workers. It does not look at the schema: see [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file or the server cannot be reached, [`StoreError::Other`] when the
    /// address cannot be read.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let store = if let Some(path) = config.url.strip_prefix("sqlite:") {
            Self::open_sqlite(config, path.into()).await?
        } else {
            Self::open_postgres(config)?
        };
        store.read(|tx| tx.query("SELECT 1", Vec::new()).map(drop)).await?;
        Ok(store)
    }

    async fn open_sqlite(config: &StoreConfig, path: PathBuf) -> Result<Self, StoreError> {
        if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
            return Err(StoreError::other("sqlite: needs the path of a file, such as sqlite:jiban.db"));
        }
        let store = Self::new(config, Engine::Sqlite, Some(path.clone()));
        let clock = Arc::new(SystemClock::new(config.clock.clone()));
        let (file, queue, time) = (path.clone(), store.shared.writes.clone(), clock.clone());
        let writer = move || sqlite::open_writer(&file);
        store.start("store-write", writer, move |connection| sqlite::write_loop(&connection, &queue, &time)).await?;
        for _ in 0..config.readers.max(2) {
            let (file, queue, time) = (path.clone(), store.shared.reads.clone(), clock.clone());
            let reader = move || sqlite::open_reader(&file);
            store.start("store-read", reader, move |connection| sqlite::read_loop(&connection, &queue, &time)).await?;
        }
        Ok(store)
    }

    fn open_postgres(config: &StoreConfig) -> Result<Self, StoreError> {
        let server: tokio_postgres::Config = config.url.parse().map_err(|_| {
            StoreError::other(
                "the database's address is neither sqlite:PATH nor postgres://user:password@host/database",
            )
        })?;
        let store = Self::new(config, Engine::Postgres, None);
        let pools = [
            (Access::Read, config.readers, &store.shared.reads),
            (Access::Write, config.writers, &store.shared.writes),
        ];
        for (access, threads, queue) in pools {
            for _ in 0..threads.max(1) {
                let worker = Worker::new(server.clone(), access, config.clock.clone(), config.patience)?;
                let queue = queue.clone();
                store.spawn("store", move || worker.work(&queue))?;
            }
        }
        Ok(store)
    }

    fn new(config: &StoreConfig, engine: Engine, path: Option<PathBuf>) -> Self {
        let queue = || Arc::new(Queue::new(config.queue));
        let shared = Shared { engine, path, reads: queue(), writes: queue(), threads: Mutex::default() };
        Self { shared: Arc::new(shared), tenant: config.tenant }
    }

    /// Starts a thread that opens something and then works with it; waits until it is open.
    async fn start<C: 'static>(
        &self,
        name: &str,
        open: impl FnOnce() -> Result<C, StoreError> + Send + 'static,
        work: impl FnOnce(C) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (opened, outcome) = oneshot::channel();
        self.spawn(name, move || match open() {
            Ok(connection) => {
                drop(opened.send(Ok(())));
                work(connection);
            }
            Err(error) => drop(opened.send(Err(error))),
        })?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::unavailable("a worker ended while starting")))
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        let handle = thread.map_err(|error| StoreError::unavailable(error.to_string()))?;
        self.shared.threads.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        Ok(())
    }

    /// Whose rows this handle works on.
    pub fn tenant(&self) -> i64 {
        self.tenant
    }

    /// Lets the database look anew at how its rows are spread. It does so by itself after a while; after many rows came
    /// in at once, as by a restore or an import, waiting for it would mean slow lists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refresh_statistics(&self) -> Result<(), StoreError> {
        match self.engine() {
            // Its plans are chosen to need no statistics.
            Engine::Sqlite => Ok(()),
            Engine::Postgres => self.write(|tx| tx.execute("ANALYZE", Vec::new())).await,
        }
    }

    /// The same database, for the rows of another tenant.
    pub fn for_tenant(&self, tenant: i64) -> Self {
        Self { shared: self.shared.clone(), tenant }
    }

    /// Which engine holds the data.
    pub fn engine(&self) -> Engine {
        self.shared.engine
    }

    /// The file, on SQLite.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.shared.path.clone()
    }

    /// How many jobs wait.
    pub fn load(&self) -> Load {
        Load { reads_waiting: self.shared.reads.len(), writes_waiting: self.shared.writes.len() }
    }

    /// Runs the closure in a transaction that sees one state of the database throughout.
    ///
    /// # Errors
    /// The closure's own; [`StoreError::Busy`] when too many wait, [`StoreError::Unavailable`] when the database is
    /// away. A closure that panics ends as [`StoreError::Other`].
    pub async fn read<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.call(&self.shared.reads, move |tx: &mut WriteTx<'_>| closure(tx)).await
    }

    /// Runs the closure in a transaction that is on disk when this returns `Ok`, and of which nothing is kept when the
    /// closure returns an error. On PostgreSQL the closure may run up to four times: after a deadlock, a lost race for
    /// a key, or a connection lost before the commit was sent.
    ///
    /// # Errors
    /// As [`Store::read`], and [`StoreError::Conflict`] when a key is taken, [`StoreError::Unknown`] when the
    /// connection was lost while committing.
    pub async fn write<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.call(&self.shared.writes, closure).await
    }

    async fn call<T, E, F>(&self, queue: &Queue<BoxedJob>, closure: F) -> Result<T, E>
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (call, answer) = Call::new(closure, self.tenant);
        match queue.push(Box::new(call)) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(E::from(StoreError::Unknown))),
            Err(Refused::Full(queued)) => Err(E::from(StoreError::Busy { queued })),
            Err(Refused::Closed) => Err(E::from(StoreError::unavailable("the store is closed"))),
        }
    }

    /// Serves who is in line, then closes all connections. Later calls end as [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.shared.reads.close();
        self.shared.writes.close();
        let threads = std::mem::take(&mut *self.shared.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let join = move || threads.into_iter().for_each(|thread| drop(thread.join()));
        if tokio::task::spawn_blocking(join).await.is_err() {
            tracing::error!("a worker of the store ended in a panic");
        }
    }
}
