//! The tally 统计台账: what each case adds to the numbers of which day, and the sums of these by unit and day.
//!
//! A case that changes is marked as uncounted in the transaction that writes it; counting follows behind, in batches, so
//! that no intake waits for it. What was counted of a case is remembered, so counting anew first takes that away.
//! Reports read sums: they cost by the days and lines shown, not by the cases behind them. What a number means is the
//! domain's business; nothing here may know a measure by name.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::{
    cases::ALL_UNITS,
    error::StoreError,
    params,
    sql::{in_list, runs, tuples},
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// A day as it is stored: year, month and day in one number, as 20260608. A month has day 0.
pub type Day = i64;

/// What a case adds to the numbers of one day, on the account of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the domain's case names them; what needs saying is said below")]
pub struct FactRow {
    pub day: Day,
    pub unit: String,
    /// The units that this counts for: the unit and all above it.
    pub scope: Vec<String>,
    pub person: Option<String>,
    pub class: Option<String>,
    pub category: Option<String>,
    pub channel: String,
    pub area: Option<String>,
    /// Why it is counted apart; none where it counts like any other.
    pub apart: Option<String>,
    /// Numbers by measure.
    pub counts: BTreeMap<String, i64>,
}

/// What is counted of one case, as it is at this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Which case.
    pub case_id: Uuid,
    /// At which version: where it has moved on meanwhile, it stays uncounted.
    pub version: i64,
    /// What it adds; each pair of day and unit once.
    pub facts: Vec<FactRow>,
}

/// By what sums are told apart, beside unit and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// Not at all: everything of the unit.
    All,
    /// The unit on whose account it is.
    Unit,
    /// The handler.
    Person,
    /// The class.
    Class,
    /// The category, as it was given: a leaf or a branch.
    Category,
    /// The way in.
    Channel,
    /// The grid of the place.
    Area,
}

impl By {
    const ALL: [Self; 7] =
        [Self::All, Self::Unit, Self::Person, Self::Class, Self::Category, Self::Channel, Self::Area];

    /// Code of the sums of days, and that of the sums of months: whole months are read as one row a line.
    fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::All => ("all", "all/month"),
            Self::Unit => ("unit", "unit/month"),
            Self::Person => ("person", "person/month"),
            Self::Class => ("class", "class/month"),
            Self::Category => ("category", "category/month"),
            Self::Channel => ("channel", "channel/month"),
            Self::Area => ("area", "area/month"),
        }
    }

    /// What stands for nothing: a case without a class or place is counted too.
    fn value(self, fact: &FactRow) -> &str {
        match self {
            Self::All => "",
            Self::Unit => &fact.unit,
            Self::Person => fact.person.as_deref().unwrap_or_default(),
            Self::Class => fact.class.as_deref().unwrap_or_default(),
            Self::Category => fact.category.as_deref().unwrap_or_default(),
            Self::Channel => &fact.channel,
            Self::Area => fact.area.as_deref().unwrap_or_default(),
        }
    }
}

/// A sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The value by which it is told apart; empty for cases without one.
    pub value: String,
    /// Why it is counted apart.
    pub apart: Option<String>,
    /// What is counted.
    pub measure: String,
    /// How many.
    pub number: i64,
}

/// Whether any case waits to be counted.
///
/// # Errors
/// When the database fails.
pub fn is_behind(tx: &mut ReadTx<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM uncounted WHERE tenant_id = ?1 LIMIT 1";
    let params = params![tx.tenant()];
    Ok(tx.query_one(sql, params)?.is_some())
}

/// Marks a case as uncounted at this version. In a table of its own: a mark comes and goes without rewriting the case.
pub(crate) fn mark(tx: &mut WriteTx<'_>, case_id: Uuid, version: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO uncounted (tenant_id, case_id, version) VALUES (?1, ?2, ?3)
        ON CONFLICT (tenant_id, case_id) DO UPDATE SET version = excluded.version";
    let params = params![tx.tenant(), case_id, version];
    tx.execute(sql, params)
}

/// Marks every case as uncounted: none of them may be marked.
pub(crate) fn mark_all(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO uncounted (tenant_id, case_id, version)
        SELECT tenant_id, case_id, version FROM cases WHERE tenant_id = ?1";
    let params = params![tx.tenant()];
    tx.execute(sql, params)
}

/// Marks every case as uncounted and forgets all sums: to count anew from the cases.
///
/// # Errors
/// When the database fails.
pub fn forget(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    for sql in [
        "DELETE FROM case_facts WHERE tenant_id = ?1",
        "DELETE FROM figures WHERE tenant_id = ?1",
        "DELETE FROM uncounted WHERE tenant_id = ?1",
    ] {
        tx.execute(sql, params![tenant])?;
    }
    mark_all(tx)
}

/// Counts cases: what was counted of them before is taken away first. Returns how many were still to be counted; none
/// where another node is at it.
///
/// # Errors
/// When the database fails.
pub fn count(tx: &mut WriteTx<'_>, counted: &[Counted]) -> Result<Option<usize>, StoreError> {
    if !claim(tx)? {
        return Ok(None);
    }
    let due = still_due(tx, counted)?;
    let due: Vec<&Counted> = counted.iter().filter(|case| due.get(&case.case_id) == Some(&case.version)).collect();
    let before = known_facts(tx, &due)?;
    let mut changes = Changes::default();
    for case in &due {
        let known = before.get(&case.case_id).map_or(&[] as &[FactRow], Vec::as_slice);
        if known == case.facts.as_slice() {
            continue;
        }
        known.iter().for_each(|fact| changes.spread(fact, -1));
        case.facts.iter().for_each(|fact| changes.spread(fact, 1));
    }
    write_facts(tx, &due, &before)?;
    add(tx, &changes)?;
    Ok(Some(due.len()))
}

/// One node counts at a time: the others leave it to that one.
fn claim(tx: &mut WriteTx<'_>) -> Result<bool, StoreError> {
    let tenant = tx.tenant();
    let make = "INSERT INTO counters (tenant_id, name, next) VALUES (?1, 'figures', 0)
        ON CONFLICT (tenant_id, name) DO NOTHING";
    tx.execute(make, params![tenant])?;
    let sql = format!("SELECT next FROM counters WHERE tenant_id = ?1 AND name = 'figures'{}", tx.skip_locked());
    Ok(tx.query_one(&sql, params![tenant])?.is_some())
}

fn still_due(tx: &mut WriteTx<'_>, counted: &[Counted]) -> Result<HashMap<Uuid, i64>, StoreError> {
    let mut due = HashMap::new();
    for chunk in counted.chunks(128) {
        let mut params = params![tx.tenant()];
        let list = in_list(&mut params, chunk.iter().map(|case| case.case_id));
        let sql = format!("SELECT case_id, version FROM uncounted WHERE tenant_id = ?1 AND case_id IN ({list})");
        for row in tx.query(&sql, params)? {
            due.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(due)
}

const FACT_COLUMNS: &str = "case_id, day, unit, scope, person, class, category, channel, area, apart, counts";

fn read_fact(mut row: Row) -> Result<(Uuid, FactRow), StoreError> {
    let case_id = row.get(0)?;
    let (scope, counts): (String, String) = (row.take(3)?, row.take(10)?);
    let counts = serde_json::from_str(&counts)
        .map_err(|why| StoreError::corrupt(format!("what was counted of case {case_id}: {why}")))?;
    let fact = FactRow {
        day: row.get(1)?,
        unit: row.take(2)?,
        scope: scope.split(' ').map(str::to_owned).collect(),
        person: row.take(4)?,
        class: row.take(5)?,
        category: row.take(6)?,
        channel: row.take(7)?,
        area: row.take(8)?,
        apart: row.take(9)?,
        counts,
    };
    Ok((case_id, fact))
}

fn known_facts(tx: &mut WriteTx<'_>, due: &[&Counted]) -> Result<HashMap<Uuid, Vec<FactRow>>, StoreError> {
    let mut known: HashMap<Uuid, Vec<FactRow>> = HashMap::new();
    for chunk in due.chunks(128) {
        let mut params = params![tx.tenant()];
        let list = in_list(&mut params, chunk.iter().map(|case| case.case_id));
        let sql = format!(
            "SELECT {FACT_COLUMNS} FROM case_facts WHERE tenant_id = ?1 AND case_id IN ({list})
             ORDER BY case_id, day, unit"
        );
        for row in tx.query(&sql, params)? {
            let (case_id, fact) = read_fact(row)?;
            known.entry(case_id).or_default().push(fact);
        }
    }
    Ok(known)
}

fn write_facts(tx: &mut WriteTx<'_>, due: &[&Counted], before: &HashMap<Uuid, Vec<FactRow>>) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let mut new: Vec<(Uuid, &FactRow)> = Vec::new();
    for case in due {
        let counted = "DELETE FROM uncounted WHERE tenant_id = ?1 AND case_id = ?2 AND version = ?3";
        tx.execute(counted, params![tenant, case.case_id, case.version])?;
        match before.get(&case.case_id) {
            Some(known) if *known == case.facts => continue,
            Some(_) => {
                let sql = "DELETE FROM case_facts WHERE tenant_id = ?1 AND case_id = ?2";
                tx.execute(sql, params![tenant, case.case_id])?;
            }
            None => {}
        }
        new.extend(case.facts.iter().map(|fact| (case.case_id, fact)));
    }
    for run in runs(&new) {
        let mut params = params![tenant];
        for (case_id, fact) in run {
            let counts = serde_json::to_string(&fact.counts).map_err(|why| StoreError::other(why.to_string()))?;
            params.extend(params![
                *case_id,
                fact.day,
                &fact.unit,
                fact.scope.join(" "),
                fact.person.as_deref(),
                fact.class.as_deref(),
                fact.category.as_deref(),
                &fact.channel,
                fact.area.as_deref(),
                fact.apart.as_deref(),
                counts
            ]);
        }
        let sql = format!("INSERT INTO case_facts (tenant_id, {FACT_COLUMNS}) VALUES {}", tuples(1, 11, run.len()));
        tx.execute(&sql, params)?;
    }
    Ok(())
}

/// What is added to sums. One case adds to hundreds of them, so names are told apart by number and sums found by hash.
#[derive(Default)]
struct Changes<'f> {
    numbers: HashMap<&'f str, usize>,
    names: Vec<&'f str>,
    sums: HashMap<SumKey, Vec<(usize, i64)>>,
}

/// Which sum. Names stand as their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SumKey {
    unit: usize,
    by: By,
    is_month: bool,
    day: Day,
    value: usize,
    apart: usize,
}

/// A change of one sum, in the words of the table.
struct Change<'f> {
    /// Unit, by what, day, value, apart: the order of the table's key.
    key: (&'f str, &'static str, Day, &'f str, &'f str),
    counts: Vec<(&'f str, i64)>,
}

impl<'f> Changes<'f> {
    fn number(&mut self, name: &'f str) -> usize {
        *self.numbers.entry(name).or_insert_with(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }

    fn spread(&mut self, fact: &'f FactRow, times: i64) {
        let mut units: Vec<usize> = fact.scope.iter().map(|unit| self.number(unit)).collect();
        units.push(self.number(ALL_UNITS));
        let values = By::ALL.map(|by| (by, self.number(by.value(fact))));
        let apart = self.number(fact.apart.as_deref().unwrap_or_default());
        let counts: Vec<(usize, i64)> =
            fact.counts.iter().map(|(measure, number)| (self.number(measure), number * times)).collect();
        for unit in units {
            for (by, value) in values {
                for (is_month, day) in [(false, fact.day), (true, month_of(fact.day))] {
                    let sum = self.sums.entry(SumKey { unit, by, is_month, day, value, apart }).or_default();
                    for (measure, number) in &counts {
                        match sum.iter_mut().find(|(known, _)| known == measure) {
                            Some((_, known)) => *known += number,
                            None => sum.push((*measure, *number)),
                        }
                    }
                }
            }
        }
    }

    /// What changes, in the order of the table's key.
    fn in_order(&self) -> Vec<Change<'f>> {
        let name = |number: usize| self.names.get(number).copied().unwrap_or_default();
        let change = |(key, counts): (&SumKey, &Vec<(usize, i64)>)| {
            let counts: Vec<(&str, i64)> =
                counts.iter().filter(|(_, n)| *n != 0).map(|(m, n)| (name(*m), *n)).collect();
            let (of_day, of_month) = key.by.codes();
            let code = if key.is_month { of_month } else { of_day };
            let key = (name(key.unit), code, key.day, name(key.value), name(key.apart));
            (!counts.is_empty()).then_some(Change { key, counts })
        };
        let mut changes: Vec<Change<'_>> = self.sums.iter().filter_map(change).collect();
        changes.sort_unstable_by_key(|change| change.key);
        changes
    }
}

fn month_of(day: Day) -> Day {
    day / 100 * 100
}

/// Numbers by measure, as a sum keeps them; what comes to nothing is not kept.
type Numbers = BTreeMap<String, i64>;

fn read_numbers(text: &str) -> Result<Numbers, StoreError> {
    serde_json::from_str(text).map_err(|why| StoreError::corrupt(format!("a sum: {why}")))
}

/// Sums are read, added to and written back: one node counts at a time, so nobody else writes one meanwhile.
fn add(tx: &mut WriteTx<'_>, changes: &Changes<'_>) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    for run in runs(&changes.in_order()) {
        let mut sums = known_sums(tx, run)?;
        let mut params = params![tenant];
        for (change, sum) in run.iter().zip(&mut sums) {
            for (measure, number) in &change.counts {
                match sum.get_mut(*measure) {
                    Some(known) => *known += number,
                    None => drop(sum.insert((*measure).to_owned(), *number)),
                }
            }
            sum.retain(|_, number| *number != 0);
            let counts = serde_json::to_string(sum).map_err(|why| StoreError::other(why.to_string()))?;
            let (unit, code, day, value, apart) = change.key;
            params.extend(params![unit, code, day, value, apart, counts]);
        }
        let sql = format!(
            "INSERT INTO figures (tenant_id, unit, by_what, day, value, apart, counts) VALUES {}
             ON CONFLICT (tenant_id, unit, by_what, day, value, apart) DO UPDATE SET counts = excluded.counts",
            tuples(1, 6, run.len())
        );
        tx.execute(&sql, params)?;
    }
    Ok(())
}

/// These sums as they stand, in their order.
fn known_sums(tx: &mut WriteTx<'_>, run: &[Change<'_>]) -> Result<Vec<Numbers>, StoreError> {
    let mut params = params![tx.tenant()];
    let mut keys = Vec::with_capacity(run.len());
    for (n, change) in run.iter().enumerate() {
        let at = params.len() + 1;
        keys.push(format!("({n}, ?{at}, ?{}, CAST(?{} AS BIGINT), ?{}, ?{})", at + 1, at + 2, at + 3, at + 4));
        let (unit, code, day, value, apart) = change.key;
        params.extend(params![unit, code, day, value, apart]);
    }
    let sql = format!(
        "WITH k (n, unit, by_what, day, value, apart) AS (VALUES {})
         SELECT k.n, f.counts FROM k CROSS JOIN figures f
         WHERE f.tenant_id = ?1 AND f.unit = k.unit AND f.by_what = k.by_what AND f.day = k.day AND f.value = k.value
             AND f.apart = k.apart",
        keys.join(", ")
    );
    let mut known = vec![Numbers::new(); run.len()];
    for mut row in tx.query(&sql, params)? {
        let (n, counts): (i64, String) = (row.get(0)?, row.take(1)?);
        if let Some(sum) = usize::try_from(n).ok().and_then(|n| known.get_mut(n)) {
            *sum = read_numbers(&counts)?;
        }
    }
    Ok(known)
}

/// Sums of a unit over the days from `first` to `last`, both counted in, told apart by `by`. Whole months are read as one.
///
/// # Errors
/// When the database fails.
pub fn sums(tx: &mut ReadTx<'_>, unit: &str, by: By, first: Day, last: Day) -> Result<Vec<Sum>, StoreError> {
    let (of_day, of_month) = by.codes();
    let mut sums: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for (from, to, is_months) in spans(first, last) {
        let sql = "SELECT value, apart, counts FROM figures
            WHERE tenant_id = ?1 AND unit = ?2 AND by_what = ?3 AND day BETWEEN ?4 AND ?5";
        let code = if is_months { of_month } else { of_day };
        let params = params![tx.tenant(), unit, code, from, to];
        for mut row in tx.query(sql, params)? {
            let (value, apart, counts): (String, String, String) = (row.take(0)?, row.take(1)?, row.take(2)?);
            for (measure, number) in read_numbers(&counts)? {
                *sums.entry((value.clone(), apart.clone(), measure)).or_default() += number;
            }
        }
    }
    let sum = |((value, apart, measure), number)| Sum { value, apart: reason(apart), measure, number };
    Ok(sums.into_iter().filter(|(_, number)| *number != 0).map(sum).collect())
}

fn reason(apart: String) -> Option<String> {
    Some(apart).filter(|apart| !apart.is_empty())
}

/// Splits days into days before the first whole month, whole months, and days after the last: from, to, whether months.
fn spans(first: Day, last: Day) -> Vec<(Day, Day, bool)> {
    if first > last {
        return Vec::new();
    }
    let first_month = if first % 100 == 1 { month_of(first) } else { next_month(month_of(first)) };
    let last_month = if last % 100 >= last_of(month_of(last)) { month_of(last) } else { month_before(month_of(last)) };
    if first_month > last_month {
        return vec![(first, last, false)];
    }
    let mut spans = vec![(first_month, last_month, true)];
    if first < first_month {
        spans.push((first, first_month - 1, false));
    }
    if last >= next_month(last_month) {
        spans.push((next_month(last_month), last, false));
    }
    spans
}

fn next_month(month: Day) -> Day {
    if month / 100 % 100 == 12 { (month / 10_000 + 1) * 10_000 + 100 } else { month + 100 }
}

fn month_before(month: Day) -> Day {
    if month / 100 % 100 == 1 { (month / 10_000 - 1) * 10_000 + 1_200 } else { month - 100 }
}

/// The last day of a month.
fn last_of(month: Day) -> Day {
    let (year, month) = (month / 10_000, month / 100 % 100);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Sums of a unit, day by day, from `first` to `last`, told apart by `by`. Days without anything are left out.
///
/// # Errors
/// When the database fails.
pub fn by_day(
    tx: &mut ReadTx<'_>,
    unit: &str,
    by: By,
    (first, last): (Day, Day),
) -> Result<Vec<(Day, Sum)>, StoreError> {
    let sql = "SELECT day, value, apart, counts FROM figures
        WHERE tenant_id = ?1 AND unit = ?2 AND by_what = ?3 AND day BETWEEN ?4 AND ?5 ORDER BY day, value, apart";
    let params = params![tx.tenant(), unit, by.codes().0, first, last];
    let mut days = Vec::new();
    for mut row in tx.query(sql, params)? {
        let (day, value): (Day, String) = (row.get(0)?, row.take(1)?);
        let (apart, counts): (String, String) = (row.take(2)?, row.take(3)?);
        let of_day =
            |(measure, number)| (day, Sum { value: value.clone(), apart: reason(apart.clone()), measure, number });
        days.extend(read_numbers(&counts)?.into_iter().map(of_day));
    }
    Ok(days)
}

/// One measure of a unit day by day, over these values only, cases counted apart among them. Days without any are left out.
///
/// # Errors
/// When the database fails.
pub fn days(
    tx: &mut ReadTx<'_>,
    unit: &str,
    (by, values): (By, &[String]),
    measure: &str,
    (first, last): (Day, Day),
) -> Result<BTreeMap<Day, i64>, StoreError> {
    let mut params = params![tx.tenant(), unit, by.codes().0, first, last, has(measure)];
    let list = in_list(&mut params, values.iter());
    let sql = format!(
        "SELECT day, counts FROM figures WHERE tenant_id = ?1 AND unit = ?2 AND by_what = ?3
           AND day BETWEEN ?4 AND ?5 AND counts LIKE ?6 ESCAPE '!' AND value IN ({list})"
    );
    let mut days = BTreeMap::new();
    for mut row in tx.query(&sql, params)? {
        let (day, counts): (Day, String) = (row.get(0)?, row.take(1)?);
        *days.entry(day).or_default() += read_numbers(&counts)?.get(measure).copied().unwrap_or_default();
    }
    Ok(days)
}

/// The newest day up to `last` on which a unit has any of this measure, counted like any other.
///
/// # Errors
/// When the database fails.
pub fn newest_day(tx: &mut ReadTx<'_>, unit: &str, measure: &str, last: Day) -> Result<Option<Day>, StoreError> {
    let sql = "SELECT day FROM figures WHERE tenant_id = ?1 AND unit = ?2 AND by_what = 'all' AND day <= ?3
          AND apart = '' AND counts LIKE ?4 ESCAPE '!'
        ORDER BY day DESC LIMIT 1";
    let params = params![tx.tenant(), unit, last, has(measure)];
    tx.query_one(sql, params)?.map(|row| row.get(0)).transpose()
}

/// What the numbers of a sum that has this measure look like.
fn has(measure: &str) -> String {
    format!("%\"{}\":%", measure.replace('!', "!!").replace('_', "!_").replace('%', "!%"))
}

/// The first day on which a unit has anything.
///
/// # Errors
/// When the database fails.
pub fn first_day(tx: &mut ReadTx<'_>, unit: &str) -> Result<Option<Day>, StoreError> {
    let sql = "SELECT day FROM figures WHERE tenant_id = ?1 AND unit = ?2 AND by_what = 'all' AND counts <> '{}'
        ORDER BY day LIMIT 1";
    let params = params![tx.tenant(), unit];
    tx.query_one(sql, params)?.map(|row| row.get(0)).transpose()
}

/// Which facts are asked for: those behind one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactQuery {
    /// Of this unit and those below it.
    pub unit: String,
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
    /// Which measure.
    pub measure: String,
    /// Told apart by this, with this value.
    pub by: By,
    /// Any of these; empty for [`By::All`].
    pub values: Vec<String>,
    /// Behind this place in the list.
    pub after: Option<(Day, Uuid)>,
    /// At most so many cases.
    pub limit: usize,
}

/// The cases behind a number, by day and in the order of their ids, and where the list goes on.
///
/// Only days are looked through of which the sums say that there is something.
///
/// # Errors
/// When the database fails.
#[expect(clippy::type_complexity, reason = "a page and its cursor")]
pub fn cases_of(tx: &mut ReadTx<'_>, query: &FactQuery) -> Result<(Vec<(Day, Uuid)>, Option<(Day, Uuid)>), StoreError> {
    let mut found = Vec::new();
    for day in days_of(tx, query)? {
        let mut after = query.after.filter(|(known, _)| *known == day).map_or(Uuid::nil(), |(_, id)| id);
        loop {
            let sql = format!(
                "SELECT {FACT_COLUMNS} FROM case_facts WHERE tenant_id = ?1 AND day = ?2 AND case_id > ?3
                 ORDER BY case_id LIMIT ?4"
            );
            let params = params![tx.tenant(), day, after, FACTS_AT_ONCE];
            let rows = tx.query(&sql, params)?;
            let more = rows.len() as i64 == FACTS_AT_ONCE;
            for row in rows {
                let (case_id, fact) = read_fact(row)?;
                after = case_id;
                if fits(&fact, query) && found.last() != Some(&(day, case_id)) {
                    if found.len() == query.limit {
                        let next = found.last().copied();
                        return Ok((found, next));
                    }
                    found.push((day, case_id));
                }
            }
            if !more {
                break;
            }
        }
    }
    Ok((found, None))
}

/// Facts read at once.
const FACTS_AT_ONCE: i64 = 500;

fn fits(fact: &FactRow, query: &FactQuery) -> bool {
    let in_unit = query.unit == ALL_UNITS || fact.scope.contains(&query.unit);
    let value = query.by.value(fact);
    in_unit
        && fact.counts.contains_key(&query.measure)
        && (query.values.is_empty() || query.values.iter().any(|known| known == value))
}

fn days_of(tx: &mut ReadTx<'_>, query: &FactQuery) -> Result<Vec<Day>, StoreError> {
    let first = query.after.map_or(query.first, |(day, _)| day.max(query.first));
    let mut params = params![tx.tenant(), &query.unit, query.by.codes().0, first, query.last, has(&query.measure)];
    let only = if query.values.is_empty() {
        String::new()
    } else {
        format!(" AND value IN ({})", in_list(&mut params, query.values.iter()))
    };
    let sql = format!(
        "SELECT DISTINCT day FROM figures WHERE tenant_id = ?1 AND unit = ?2 AND by_what = ?3
           AND day BETWEEN ?4 AND ?5 AND counts LIKE ?6 ESCAPE '!'{only} ORDER BY day"
    );
    tx.query(&sql, params)?.iter().map(|row| row.get(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_split_into_whole_months_and_the_rest() {
        assert_eq!(spans(20_260_105, 20_260_120), [(20_260_105, 20_260_120, false)]);
        assert_eq!(spans(20_260_101, 20_260_630), [(20_260_100, 20_260_600, true)]);
        assert_eq!(
            spans(20_251_115, 20_260_214),
            [(20_251_200, 20_260_100, true), (20_251_115, 20_251_199, false), (20_260_200, 20_260_214, false)]
        );
        assert_eq!(spans(20_240_201, 20_240_229), [(20_240_200, 20_240_200, true)]);
        assert_eq!(spans(20_250_201, 20_250_227), [(20_250_201, 20_250_227, false)]);
        assert_eq!(spans(20_260_202, 20_260_201), []);
    }
}
