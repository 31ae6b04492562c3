//! Brings the schema forward, on one node or on several that start at once.
//!
//! Each step is one transaction together with its note in `schema_migrations`; the note's key decides who applies it,
//! the advisory lock only spares the others the work. It must never go back.

use crate::{
    backup,
    error::StoreError,
    params,
    schema::{self, MIGRATIONS, Migration},
    store::Store,
    tx::{Engine, ReadTx, WriteTx},
};

/// The version that this program writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

impl Store {
    /// Applies the steps that are missing and returns their names, oldest first. Safe to call on several nodes at once.
    ///
    /// # Errors
    /// [`StoreError::Migration`] when a step fails (it is then undone as a whole), when the database is newer than
    /// this program, or when a restore into it broke off.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        self.write(prepare).await?;
        let found = self.schema_version().await?;
        if found > SCHEMA_VERSION {
            return Err(StoreError::migration(format!(
                "the database has version {found}, this program knows {SCHEMA_VERSION}: use the newer program"
            )));
        }
        let mut applied = Vec::new();
        for step in MIGRATIONS {
            if self.write(move |tx| apply(tx, step)).await? {
                tracing::info!(version = step.version, name = step.name, "schema step applied");
                applied.push(format!("{} {}", step.version, step.name));
            }
        }
        if self.read(backup::is_unfinished).await? {
            return Err(StoreError::migration("a restore into this database broke off: begin again with an empty one"));
        }
        Ok(applied)
    }

    /// The version of the schema in the database; 0 for an empty one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn schema_version(&self) -> Result<i64, StoreError> {
        self.read(version).await
    }
}

fn version(tx: &mut ReadTx<'_>) -> Result<i64, StoreError> {
    let table = match tx.engine() {
        Engine::Sqlite => "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
        Engine::Postgres => {
            "SELECT COUNT(*) FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_name = 'schema_migrations'"
        }
    };
    if tx.query_count(table, params![])? == 0 {
        return Ok(0);
    }
    tx.query_count("SELECT COALESCE(MAX(version), 0) FROM schema_migrations", params![])
}

fn prepare(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    take_turns(tx)?;
    tx.execute_script(&schema::bookkeeping(tx.engine()))
}

fn apply(tx: &mut WriteTx<'_>, step: &Migration) -> Result<bool, StoreError> {
    take_turns(tx)?;
    let known = "SELECT COUNT(*) FROM schema_migrations WHERE version = ?1";
    if tx.query_count(known, params![step.version])? > 0 {
        return Ok(false);
    }
    let noted = "INSERT INTO schema_migrations (version, name, at) VALUES (?1, ?2, ?3)";
    tx.execute_now(noted, params![step.version, step.name, tx.now()])?;
    tx.execute_script(&step.sql(tx.engine())).map_err(|error| {
        StoreError::migration(format!("step {} ({}) failed and was undone: {error}", step.version, step.name))
    })?;
    Ok(true)
}

/// Lets one node at a time change the schema; a hint, not a rule.
fn take_turns(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    match tx.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => tx.execute_script(
            "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(7263190)",
        ),
    }
}
