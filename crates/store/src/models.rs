//! What triage has learnt 研判模型: models by what they are about, with what was measured when they were made. A model that
//! was not taken into force leaves only its report. What is in a model is its maker's business.

use jiff::Timestamp;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// How a model came to be, or why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What it is about.
    pub subject: String,
    /// From 1 on for each subject.
    pub version: i64,
    /// When it was made.
    pub at: Timestamp,
    /// Whether it was taken into force.
    pub taken: bool,
    /// What was measured: JSON.
    pub report: String,
}

/// The two forms of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bodies {
    /// The model in force.
    pub whole: Vec<u8>,
    /// The one made in the same way without the texts that it is measured on.
    pub measured: Vec<u8>,
}

/// A model as it was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewModel<'a> {
    /// What it is about.
    pub subject: &'a str,
    /// What was measured: JSON.
    pub report: &'a str,
    /// The model; none where it is not taken into force.
    pub bodies: Option<&'a Bodies>,
}

/// Versions of the models in force, by subject.
///
/// # Errors
/// When the database fails.
pub fn in_force(tx: &mut ReadTx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT subject, MAX(version) FROM models WHERE tenant_id = ?1 AND body IS NOT NULL
        GROUP BY subject ORDER BY subject";
    let params = params![tx.tenant()];
    tx.query(sql, params)?.into_iter().map(|mut row| Ok((row.take(0)?, row.get(1)?))).collect()
}

/// The model of this subject and version.
///
/// # Errors
/// When the database fails.
pub fn bodies(tx: &mut ReadTx<'_>, subject: &str, version: i64) -> Result<Option<Bodies>, StoreError> {
    let sql =
        "SELECT body, measured FROM models WHERE tenant_id = ?1 AND subject = ?2 AND version = ?3 AND body IS NOT NULL";
    let params = params![tx.tenant(), subject, version];
    tx.query_one(sql, params)?.map(|mut row| Ok(Bodies { whole: row.take(0)?, measured: row.take(1)? })).transpose()
}

/// What was tried, the newest first; of each subject the newest `limit`.
///
/// # Errors
/// When the database fails.
pub fn attempts(tx: &mut ReadTx<'_>, subject: &str, limit: i64) -> Result<Vec<Attempt>, StoreError> {
    let sql = "SELECT subject, version, at, report, CASE WHEN body IS NULL THEN 0 ELSE 1 END FROM models
        WHERE tenant_id = ?1 AND subject = ?2 ORDER BY version DESC LIMIT ?3";
    let params = params![tx.tenant(), subject, limit];
    let read = |mut row: Row| {
        let taken: i64 = row.get(4)?;
        Ok(Attempt {
            subject: row.take(0)?,
            version: row.get(1)?,
            at: row.get(2)?,
            report: row.take(3)?,
            taken: taken == 1,
        })
    };
    tx.query(sql, params)?.into_iter().map(read).collect()
}

/// Puts what was made after version `after`, removes all but the newest `keep` and the one in force, and returns the new
/// version.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else has put one meanwhile.
pub fn put(tx: &mut WriteTx<'_>, model: NewModel<'_>, after: i64, keep: i64) -> Result<i64, StoreError> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let latest = "SELECT COALESCE(MAX(version), 0) FROM models WHERE tenant_id = ?1 AND subject = ?2";
    let found = tx.query_count(latest, params![tenant, model.subject])?;
    if found != after {
        let subject = model.subject;
        return Err(StoreError::conflict(format!("the model of {subject} is at version {found}, not {after}")));
    }
    let (body, measured) = (model.bodies.map(|of| of.whole.clone()), model.bodies.map(|of| of.measured.clone()));
    let put = "INSERT INTO models (tenant_id, subject, version, at, report, body, measured)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    tx.execute(put, params![tenant, model.subject, after + 1, now, model.report, body, measured])?;
    let drop = "DELETE FROM models WHERE tenant_id = ?1 AND subject = ?2 AND version <= ?3 AND version <> (
        SELECT COALESCE(MAX(version), 0) FROM models f
        WHERE f.tenant_id = ?1 AND f.subject = ?2 AND f.body IS NOT NULL)";
    tx.execute(drop, params![tenant, model.subject, after + 1 - keep])?;
    Ok(after + 1)
}
