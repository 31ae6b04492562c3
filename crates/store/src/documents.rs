//! Documents that the program runs by: organisation, official calendar, policies, settings, and the tenants.
//!
//! They are small and kept whole; all but settings and tenants keep every version, because a case remembers under which
//! it was born. What is in them is the domain's business.

use jiff::Timestamp;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::{Row, Value},
};

/// A version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its version, from 1.
    pub version: i64,
    /// Its text: JSON.
    pub body: String,
    /// When it was put.
    pub at: Timestamp,
}

impl Document {
    fn read(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { version: row.get(0)?, body: row.take(1)?, at: row.get(2)? })
    }
}

/// The latest organisation, if there is any.
///
/// # Errors
/// When the database fails.
pub fn organisation(tx: &mut ReadTx<'_>) -> Result<Option<Document>, StoreError> {
    let sql = "SELECT version, body, at FROM organisation WHERE tenant_id = ?1 ORDER BY version DESC LIMIT 1";
    let params = params![tx.tenant()];
    tx.query_one(sql, params)?.map(Document::read).transpose()
}

/// The organisation as it was at this version.
///
/// # Errors
/// When the database fails.
pub fn organisation_at(tx: &mut ReadTx<'_>, version: i64) -> Result<Option<Document>, StoreError> {
    let sql = "SELECT version, body, at FROM organisation WHERE tenant_id = ?1 AND version = ?2";
    let params = params![tx.tenant(), version];
    tx.query_one(sql, params)?.map(Document::read).transpose()
}

/// Puts the organisation that follows version `after` (0 if there is none) and returns its version.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else has put one meanwhile.
pub fn put_organisation(tx: &mut WriteTx<'_>, after: i64, body: &str) -> Result<i64, StoreError> {
    let latest = organisation(tx)?.map_or(0, |document| document.version);
    if latest != after {
        return Err(StoreError::conflict(format!("the organisation is at version {latest}, not {after}")));
    }
    let sql = "INSERT INTO organisation (tenant_id, version, body, at) VALUES (?1, ?2, ?3, ?4)";
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.execute(sql, params![tenant, after + 1, body, now])?;
    Ok(after + 1)
}

/// The latest official calendar of each year, oldest year first.
///
/// # Errors
/// When the database fails.
pub fn calendars(tx: &mut ReadTx<'_>) -> Result<Vec<(i64, Document)>, StoreError> {
    let sql = "SELECT version, body, at, year FROM calendar c WHERE tenant_id = ?1 AND version = (
        SELECT MAX(version) FROM calendar l WHERE l.tenant_id = c.tenant_id AND l.year = c.year) ORDER BY year";
    let params = params![tx.tenant()];
    let read = |row: Row| Ok((row.get(3)?, Document::read(row)?));
    tx.query(sql, params)?.into_iter().map(read).collect()
}

/// Puts a year's official calendar, the first or a corrected one, and returns its version.
///
/// # Errors
/// When the database fails.
pub fn put_calendar(tx: &mut WriteTx<'_>, year: i64, body: &str) -> Result<i64, StoreError> {
    let latest = "SELECT COALESCE(MAX(version), 0) FROM calendar WHERE tenant_id = ?1 AND year = ?2";
    let put = "INSERT INTO calendar (tenant_id, year, version, body, at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (tenant, now) = (tx.tenant(), tx.now());
    let version = tx.query_count(latest, params![tenant, year])? + 1;
    tx.execute(put, params![tenant, year, version, body, now])?;
    Ok(version)
}

/// A policy file as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its version: a hash of its text.
    pub version: String,
    /// The file: TOML.
    pub body: String,
    /// From when it holds for new cases.
    pub active_from: Timestamp,
    /// When it was put.
    pub at: Timestamp,
}

const POLICY: &str = "SELECT version, body, active_from, at FROM policies WHERE tenant_id = ?1";

impl PolicyRow {
    fn read(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { version: row.take(0)?, body: row.take(1)?, active_from: row.get(2)?, at: row.get(3)? })
    }
}

/// A policy by its version.
///
/// # Errors
/// When the database fails.
pub fn policy(tx: &mut ReadTx<'_>, version: &str) -> Result<Option<PolicyRow>, StoreError> {
    let params = params![tx.tenant(), version];
    tx.query_one(&format!("{POLICY} AND version = ?2"), params)?.map(PolicyRow::read).transpose()
}

/// The policy that holds for cases registered at `at`: of those in force the one that came into force last.
///
/// # Errors
/// When the database fails.
pub fn active_policy(tx: &mut ReadTx<'_>, at: Timestamp) -> Result<Option<PolicyRow>, StoreError> {
    let sql = format!("{POLICY} AND active_from <= ?2 ORDER BY active_from DESC, at DESC LIMIT 1");
    let params = params![tx.tenant(), at];
    tx.query_one(&sql, params)?.map(PolicyRow::read).transpose()
}

/// All policies, the one that comes into force last first.
///
/// # Errors
/// When the database fails.
pub fn policies(tx: &mut ReadTx<'_>) -> Result<Vec<PolicyRow>, StoreError> {
    let sql = format!("{POLICY} ORDER BY active_from DESC, at DESC");
    let params = params![tx.tenant()];
    tx.query(&sql, params)?.into_iter().map(PolicyRow::read).collect()
}

/// Puts a policy. The same version put again only moves the time from which it holds.
///
/// # Errors
/// When the database fails.
pub fn put_policy(tx: &mut WriteTx<'_>, version: &str, body: &str, active_from: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO policies (tenant_id, version, body, active_from, at) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (tenant_id, version) DO UPDATE SET active_from = excluded.active_from, at = excluded.at";
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.execute(sql, params![tenant, version, body, active_from, now])
}

/// A setting's JSON.
///
/// # Errors
/// When the database fails.
pub fn setting(tx: &mut ReadTx<'_>, key: &str) -> Result<Option<String>, StoreError> {
    let params = params![tx.tenant(), key];
    let row = tx.query_one("SELECT body FROM settings WHERE tenant_id = ?1 AND key = ?2", params)?;
    row.map(|mut row| row.take(0)).transpose()
}

/// All settings whose key begins with `prefix`, by key.
///
/// # Errors
/// When the database fails.
pub fn settings(tx: &mut ReadTx<'_>, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT key, body FROM settings WHERE tenant_id = ?1 AND key >= ?2 AND key < ?3 ORDER BY key";
    let params = params![tx.tenant(), prefix, format!("{prefix}\u{10FFFF}")];
    tx.query(sql, params)?.into_iter().map(|mut row| Ok((row.take(0)?, row.take(1)?))).collect()
}

/// Puts a setting, or removes it with `None`.
///
/// # Errors
/// When the database fails.
pub fn put_setting(tx: &mut WriteTx<'_>, key: &str, body: Option<&str>) -> Result<(), StoreError> {
    let put = "INSERT INTO settings (tenant_id, key, body, at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, key) DO UPDATE SET body = excluded.body, at = excluded.at";
    let (tenant, now) = (tx.tenant(), tx.now());
    match body {
        Some(body) => tx.execute(put, params![tenant, key, body, now]),
        None => tx.execute("DELETE FROM settings WHERE tenant_id = ?1 AND key = ?2", params![tenant, key]),
    }
}

/// One customer of the program: a subdistrict, a district, a city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its number.
    pub tenant_id: i64,
    /// Short code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// All tenants, by number.
///
/// # Errors
/// When the database fails.
pub fn tenants(tx: &mut ReadTx<'_>) -> Result<Vec<Tenant>, StoreError> {
    let read = |mut row: Row| Ok(Tenant { tenant_id: row.get(0)?, code: row.take(1)?, name: row.take(2)? });
    let rows = tx.query("SELECT tenant_id, code, name FROM tenants ORDER BY tenant_id", Vec::<Value>::new())?;
    rows.into_iter().map(read).collect()
}

/// Puts a tenant, new or renamed.
///
/// # Errors
/// [`StoreError::Conflict`] when another tenant has its code.
pub fn put_tenant(tx: &mut WriteTx<'_>, tenant: &Tenant) -> Result<(), StoreError> {
    let sql = "INSERT INTO tenants (tenant_id, code, name) VALUES (?1, ?2, ?3)
        ON CONFLICT (tenant_id) DO UPDATE SET code = excluded.code, name = excluded.name";
    tx.execute(sql, params![tenant.tenant_id, &tenant.code, &tenant.name])
}
