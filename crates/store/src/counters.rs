//! Numbers for people, such as the number of a case: each is given out once, in blocks.
//!
//! A node leases a block in a transaction of its own and gives its numbers out from memory; numbers of a block that a
//! node did not use up before it stopped are lost, which is no harm. Never lease in the transaction of an intake on a
//! server with several writers: they would wait for each other.

use crate::{error::StoreError, params, tx::WriteTx};

/// Leases `n` numbers of the counter `name` and returns the first: `first`, `first + 1`, … are the caller's alone.
/// A new counter begins at 1.
///
/// # Errors
/// [`StoreError::Other`] when `n` is less than 1; otherwise when the database fails.
pub fn lease(tx: &mut WriteTx<'_>, name: &str, n: i64) -> Result<i64, StoreError> {
    if n < 1 {
        return Err(StoreError::other(format!("a lease of {n} numbers")));
    }
    let sql = "INSERT INTO counters (tenant_id, name, next) VALUES (?1, ?2, ?3 + 1)
        ON CONFLICT (tenant_id, name) DO UPDATE SET next = counters.next + ?3 RETURNING next";
    let tenant = tx.tenant();
    Ok(tx.query_count(sql, params![tenant, name, n])? - n)
}

/// Whoever does what this name says waits for whoever does it at the same moment, on any node, until their transaction is over:
/// for what no single row holds. It is a lease whose number is of no use.
///
/// # Errors
/// When the database fails.
pub fn one_at_a_time(tx: &mut WriteTx<'_>, name: &str) -> Result<(), StoreError> {
    lease(tx, name, 1).map(drop)
}

/// Lets the counter go on at `next` or later, as when numbers come from an older system.
///
/// # Errors
/// When the database fails.
pub fn skip_to(tx: &mut WriteTx<'_>, name: &str, next: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO counters (tenant_id, name, next) VALUES (?1, ?2, ?3)
        ON CONFLICT (tenant_id, name) DO UPDATE SET next = excluded.next WHERE counters.next < excluded.next";
    let tenant = tx.tenant();
    tx.execute(sql, params![tenant, name, next])
}
