//! Full-text search over words that were cut before: `jiban-text` segments, the engines only match.
//!
//! The index holds masked text only, never protected data. It can be rebuilt from the cases at any time, which is also
//! what a restore does.

use uuid::Uuid;

use crate::{
    cases::before_key,
    error::StoreError,
    params,
    sql::in_list,
    tx::{Engine, ReadTx, WriteTx},
    value::Value,
};

/// Most words of one case that are kept.
const WORDS_MAX: usize = 4_000;
/// How many of the newest cases are looked through before the index is asked, on PostgreSQL: some milliseconds' worth.
const NEWEST: i64 = 5_000;
/// Longest word, in characters; longer ones are cut.
const WORD_MAX_CHARS: usize = 64;

/// The words of a text, lower case, without doubles, in the order of their first place.
fn words(text: &str) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let cut = text.split_whitespace().map(|word| word.to_lowercase().chars().take(WORD_MAX_CHARS).collect::<String>());
    cut.filter(|word| seen.insert(word.clone())).take(WORDS_MAX).collect()
}

/// Puts the words of a case (separated by spaces) into the index, in place of those that were there.
///
/// # Errors
/// When the database fails.
pub fn put(tx: &mut WriteTx<'_>, case_id: Uuid, text: &str) -> Result<(), StoreError> {
    let words = words(text).join(" ");
    match tx.engine() {
        Engine::Sqlite => put_sqlite(tx, case_id, &words),
        Engine::Postgres => {
            let sql = "INSERT INTO search_rows (tenant_id, case_id, words)
                VALUES (?1, ?2, array_to_tsvector(array_remove(string_to_array(?3, ' '), '')))
                ON CONFLICT (tenant_id, case_id) DO UPDATE SET words = excluded.words";
            let tenant = tx.tenant();
            tx.execute(sql, params![tenant, case_id, words])
        }
    }
}

fn put_sqlite(tx: &mut WriteTx<'_>, case_id: Uuid, words: &str) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let find = "SELECT id FROM search_rows WHERE tenant_id = ?1 AND case_id = ?2";
    let known = tx.query_one(find, params![tenant, case_id])?;
    let id: i64 = match known {
        Some(row) => {
            let id = row.get(0)?;
            tx.execute("DELETE FROM search_words WHERE rowid = ?1", params![id])?;
            id
        }
        None => tx.query_count(
            "INSERT INTO search_rows (tenant_id, case_id) VALUES (?1, ?2) RETURNING id",
            params![tenant, case_id],
        )?,
    };
    tx.execute("INSERT INTO search_words (rowid, words) VALUES (?1, ?2)", params![id, words])
}

/// Cases that hold all the words (separated by spaces) and that these units may see (`None`: all), the newest first,
/// before the case `before` if one is given. No words find nothing.
///
/// # Errors
/// When the database fails.
pub fn find(
    tx: &mut ReadTx<'_>,
    query: &str,
    units: Option<&[String]>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>, StoreError> {
    let words = words(query);
    if words.is_empty() || units.is_some_and(<[String]>::is_empty) {
        return Ok(Vec::new());
    }
    let tenant = tx.tenant();
    match tx.engine() {
        Engine::Sqlite => ids(tx, find_sqlite(tenant, &words, units, before, limit)),
        Engine::Postgres => {
            // A frequent word is found along the newest cases, a rare one along the index. Which of the two it is shows
            // in the newest themselves: a planner that goes by statistics would, right after many cases came in, walk
            // through all of them for a rare word, or collect and sort them all for a frequent one.
            let newest = ids(tx, find_newest(tenant, &words, units, before, limit))?;
            if i64::try_from(newest.len()).is_ok_and(|found| found >= limit) {
                return Ok(newest);
            }
            ids(tx, find_all(tenant, &words, units, before, limit))
        }
    }
}

fn ids(tx: &mut ReadTx<'_>, (sql, params): Statement) -> Result<Vec<Uuid>, StoreError> {
    tx.query(&sql, params)?.into_iter().map(|row| row.get(0)).collect()
}

type Statement = (String, Vec<Value>);

fn find_sqlite(tenant: i64, words: &[String], units: Option<&[String]>, before: Option<Uuid>, limit: i64) -> Statement {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    let mut params = params![tenant, quoted.join(" "), limit];
    let before = before.map_or_else(String::new, |before| {
        params.push(before.into());
        " AND w.rowid < (SELECT id FROM search_rows WHERE tenant_id = ?1 AND case_id = ?4)".to_owned()
    });
    let scope = scope(&mut params, units);
    let sql = format!(
        "SELECT r.case_id FROM search_words w CROSS JOIN search_rows r
         WHERE w.words MATCH ?2 AND r.id = w.rowid AND r.tenant_id = ?1{before}{scope}
         ORDER BY w.rowid DESC LIMIT ?3"
    );
    (sql, params)
}

/// The query's words as PostgreSQL takes them, and what both of its searches are given.
fn asked(tenant: i64, words: &[String], before: Option<Uuid>, limit: i64) -> Vec<Value> {
    let quote = |word: &String| format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"));
    let quoted: Vec<String> = words.iter().map(quote).collect();
    params![tenant, quoted.join(" & "), limit, before_key(before)]
}

/// Among the newest cases only.
fn find_newest(tenant: i64, words: &[String], units: Option<&[String]>, before: Option<Uuid>, limit: i64) -> Statement {
    let mut params = asked(tenant, words, before, limit);
    let scope = scope(&mut params, units);
    let sql = format!(
        "SELECT r.case_id FROM (
             SELECT case_id, words FROM search_rows WHERE tenant_id = ?1 AND case_id < ?4
             ORDER BY case_id DESC LIMIT {NEWEST}) r
         WHERE r.words @@ CAST(CAST(?2 AS TEXT) AS TSQUERY){scope}
         ORDER BY r.case_id DESC LIMIT ?3"
    );
    (sql, params)
}

/// Among all, by the index.
fn find_all(tenant: i64, words: &[String], units: Option<&[String]>, before: Option<Uuid>, limit: i64) -> Statement {
    let mut params = asked(tenant, words, before, limit);
    let scope = scope(&mut params, units);
    let sql = format!(
        "WITH r AS MATERIALIZED (
             SELECT case_id FROM search_rows
             WHERE tenant_id = ?1 AND words @@ CAST(CAST(?2 AS TEXT) AS TSQUERY) AND case_id < ?4)
         SELECT r.case_id FROM r WHERE TRUE{scope} ORDER BY r.case_id DESC LIMIT ?3"
    );
    (sql, params)
}

fn scope(params: &mut Vec<Value>, units: Option<&[String]>) -> String {
    units.map_or_else(String::new, |units| {
        let list = in_list(params, units.iter());
        format!(
            " AND EXISTS (SELECT 1 FROM case_scope s
               WHERE s.tenant_id = ?1 AND s.case_id = r.case_id AND s.unit IN ({list}))"
        )
    })
}

/// Cases behind `after` that are not in the index yet, by id, at most `limit`: for building it anew.
///
/// # Errors
/// When the database fails.
pub fn missing(tx: &mut ReadTx<'_>, after: Option<Uuid>, limit: i64) -> Result<Vec<Uuid>, StoreError> {
    let sql = "SELECT c.case_id FROM cases c WHERE c.tenant_id = ?1 AND c.case_id > ?2 AND NOT EXISTS (
        SELECT 1 FROM search_rows r WHERE r.tenant_id = c.tenant_id AND r.case_id = c.case_id)
        ORDER BY c.case_id LIMIT ?3";
    let after = after.map_or(Value::Blob(Vec::new()), Into::into);
    let params = params![tx.tenant(), after, limit];
    tx.query(sql, params)?.into_iter().map(|row| row.get(0)).collect()
}
