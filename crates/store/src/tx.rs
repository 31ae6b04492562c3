//! Transactions as the rest of the program sees them: one kind that may only read, one that may also write.
//!
//! A transaction in which a statement failed is never committed, whatever its closure answers. SQL is written once, in
//! the common part of both engines' languages with `?1` parameters; what differs hangs on [`WriteTx::for_update`] and kin.

use std::ops::{Deref, DerefMut};

use jiff::Timestamp;

use crate::{
    error::{Fault, StoreError},
    postgres::PgTx,
    sqlite,
    value::{Row, Value},
};

/// Which engine holds the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one: one file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// The connection below a transaction.
pub(crate) enum Backend<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(PgTx<'c>),
}

/// A transaction that reads one consistent state of the database.
pub struct ReadTx<'c> {
    pub(crate) backend: Backend<'c>,
    pub(crate) fault: Option<Fault>,
    tenant: i64,
    now: Timestamp,
}

/// A transaction that reads and writes. It is kept as a whole or not at all.
pub struct WriteTx<'c>(ReadTx<'c>);

impl ReadTx<'_> {
    /// When this transaction began, to the millisecond: the database's time on PostgreSQL, the machine's on SQLite,
    /// the manual clock's where one is configured.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whose rows this transaction works on. Every statement must name it.
    pub fn tenant(&self) -> i64 {
        self.tenant
    }

    /// Which engine runs it. Only this crate's own modules should need to know.
    pub fn engine(&self) -> Engine {
        match self.backend {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a query and returns all its rows. `?1` is the first parameter.
    ///
    /// # Errors
    /// What the engine says; after it, this transaction can only end.
    pub fn query(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.guarded(params, |backend, params| match backend {
            Backend::Sqlite(connection) => sqlite::query(connection, sql, &params),
            Backend::Postgres(tx) => tx.query(sql, &params),
        })
    }

    /// Runs a query and returns its first row, if any.
    ///
    /// # Errors
    /// As [`ReadTx::query`].
    pub fn query_one(&mut self, sql: &str, params: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs a query that answers one number, such as a count.
    ///
    /// # Errors
    /// As [`ReadTx::query`]; [`StoreError::Corrupt`] when there is no row.
    pub fn query_count(&mut self, sql: &str, params: Vec<Value>) -> Result<i64, StoreError> {
        self.query_one(sql, params)?.ok_or_else(|| StoreError::corrupt("a count without a row"))?.get(0)
    }

    /// Runs `f` unless an earlier statement failed; remembers its failure.
    fn guarded<T>(
        &mut self,
        params: Vec<Value>,
        f: impl FnOnce(&mut Backend<'_>, Vec<Value>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        if let Some(fault) = &self.fault {
            return Err(fault.error.clone());
        }
        let done = check_texts(&params).map_err(Fault::from).and_then(|()| f(&mut self.backend, params));
        done.map_err(|fault| self.fault.insert(fault).error.clone())
    }
}

impl<'c> WriteTx<'c> {
    pub(crate) fn new(backend: Backend<'c>, tenant: i64, now: Timestamp) -> Self {
        Self(ReadTx { backend, fault: None, tenant, now })
    }

    pub(crate) fn into_backend(self) -> Backend<'c> {
        self.0.backend
    }

    /// Writes. On PostgreSQL the statement is only sent with the next query or the commit, many in one go, so its
    /// failure may show later: then the whole transaction fails.
    ///
    /// # Errors
    /// What the engine says; after it, this transaction can only end.
    pub fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<(), StoreError> {
        self.guarded(params, |backend, params| match backend {
            Backend::Sqlite(connection) => sqlite::execute(connection, sql, &params).map(drop),
            Backend::Postgres(tx) => tx.defer(sql, params),
        })
    }

    /// Writes at once and returns how many rows were touched.
    ///
    /// # Errors
    /// As [`WriteTx::execute`].
    pub fn execute_now(&mut self, sql: &str, params: Vec<Value>) -> Result<u64, StoreError> {
        self.guarded(params, |backend, params| match backend {
            Backend::Sqlite(connection) => sqlite::execute(connection, sql, &params),
            Backend::Postgres(tx) => tx.execute_now(sql, &params),
        })
    }

    /// Runs several statements without parameters: schema changes.
    pub(crate) fn execute_script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.guarded(Vec::new(), |backend, _| match backend {
            Backend::Sqlite(connection) => sqlite::execute_script(connection, sql),
            Backend::Postgres(tx) => tx.execute_script(sql),
        })
    }

    /// What to add to a `SELECT` so that its rows stay as read until the commit. Nothing on SQLite, where there is
    /// one writer at a time.
    pub fn for_update(&self) -> &'static str {
        self.locking(" FOR UPDATE")
    }

    /// What to add to a `SELECT` that claims rows: those that somebody else holds are passed over.
    pub fn skip_locked(&self) -> &'static str {
        self.locking(" FOR UPDATE SKIP LOCKED")
    }

    /// Any other locking clause, dropped on SQLite.
    pub fn locking(&self, clause: &'static str) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => clause,
        }
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for WriteTx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// PostgreSQL cannot keep U+0000 in a text, so neither engine does.
fn check_texts(params: &[Value]) -> Result<(), StoreError> {
    let bad = params.iter().any(|value| matches!(value, Value::Text(text) if text.contains('\0')));
    if bad { Err(StoreError::other("a text with the character U+0000 cannot be stored")) } else { Ok(()) }
}
