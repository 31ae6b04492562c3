//! Bringing a table in 导入: rows to records, records to cases with their past, some hundred at a time.
//!
//! A row that cannot become a case is written to a file with the reason and the rest goes on. A record that is a case
//! already is left as it is, so a table can be brought in again after whatever went wrong. Rows are decided while those
//! before are being stored; no more than two batches are ever in memory.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiban_domain::{
    case::Case,
    command as cmd,
    decide::World,
    event::Actor,
    ids::CaseId,
    policy::{Milestone, Policy},
    refusal::{Refusal, what_zh},
};
use jiban_store::{StoreError, cases};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use tokio::task::JoinHandle;

use super::{
    ExchangeError, Words,
    mapping::{Field, Mapping},
    past::{self, Reasons},
    record::{self, Fault, Record, Times},
    refused::Refused,
    table::{Row, Table},
};
use crate::{
    app::App,
    desk::{
        self,
        records::{self, Kept, Past},
        rows,
    },
    http::problem::{Answer, Problem},
    infra::world::Snapshot,
};

/// Rows that are decided together and stored in one transaction.
const BATCH: usize = 200;
/// Most repeats of one table that are looked up when all of it is in.
const REPEATS_MAX: usize = 100_000;
/// Two due times within so many seconds are the same.
const SAME_DUE_S: i64 = 60;

/// What to bring in, and how.
#[derive(Debug)]
pub struct Import {
    /// The table.
    pub file: PathBuf,
    /// What its columns mean.
    pub mapping: Mapping,
    /// Where rows that are not taken are written. Made when there is the first of them.
    pub refused: PathBuf,
    /// Whether to look only, and store nothing.
    pub dry_run: bool,
}

/// What became of a table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Rows read.
    pub rows: u64,
    /// Cases made; in a dry run, cases that would be.
    pub taken: u64,
    /// Records that were cases before.
    pub there: u64,
    /// Rows not taken.
    pub refused: u64,
    /// Why, by kind.
    pub reasons: Reasons,
    /// Where they are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_file: Option<String>,
    /// Cases taken whose record tells when it was due by the source's own reckoning.
    pub due_told: u64,
    /// Of these, how many are due at the same minute here.
    pub due_same: u64,
    /// Cases now marked as repeats of an earlier one that the table names.
    pub repeats: u64,
    /// Records that name an earlier one which is no case here, neither before this table nor in it.
    pub repeats_unknown: u64,
    /// Whether nothing was stored on purpose.
    pub dry_run: bool,
}

/// Brings a table in. `progress` is told after each batch: what became of it so far, and the bytes read.
///
/// # Errors
/// When the file or the mapping is no good, or the store fails. What was taken before is kept: run it again.
pub async fn run(app: &App, import: &Import, mut progress: impl FnMut(&Report, u64)) -> Result<Report, ExchangeError> {
    let snapshot = app.snapshot();
    let run = Run::new(app, &snapshot, import).await?;
    let delimiter = import.mapping.delimiter.map_or(Ok(b','), u8::try_from);
    let delimiter = delimiter.map_err(|_| ExchangeError::Mapping("delimiter: should be one ASCII character".into()))?;
    let mut table = Table::open(&import.file, delimiter).await?;
    if let Some(headings) = &table.headings {
        import.mapping.check_headings(headings).map_err(|why| ExchangeError::file(&import.file, why))?;
    }
    let mut refused = Refused::new(&import.refused, &import.file, table.headings.clone())?;
    let mut report = Report { dry_run: import.dry_run, ..Report::default() };
    let mut storing = Storing::default();
    let mut repeats = Vec::new();
    loop {
        let rows = next_rows(&mut table).await?;
        let last = rows.is_empty();
        let (pasts, faults) = run.decide(&rows, &mut report, &mut repeats).await?;
        for (row, fault) in faults {
            report.refused += 1;
            report.reasons.count(&fault.kind);
            refused.put(row, &fault.what)?;
        }
        storing.settle(&mut report).await?;
        if import.dry_run {
            report.taken += pasts.len() as u64;
        } else if !pasts.is_empty() {
            storing.begin(app, &snapshot, pasts);
        }
        progress(&report, table.position());
        if last {
            storing.settle(&mut report).await?;
            break;
        }
    }
    if !import.dry_run {
        link(app, repeats, &mut report).await?;
    }
    if report.taken > 0 && !import.dry_run {
        // A planner that knows nothing of what came in would look for it the long way.
        app.store.refresh_statistics().await?;
    }
    report.refused_file = refused.finish()?.map(|path| path.display().to_string());
    Ok(report)
}

/// How long the table is in bytes, where that is worth telling.
pub fn length(file: &Path) -> Option<u64> {
    std::fs::metadata(file).ok().map(|about| about.len())
}

async fn next_rows(table: &mut Table) -> Result<Vec<Row>, ExchangeError> {
    let mut rows = Vec::with_capacity(BATCH);
    while rows.len() < BATCH
        && let Some(row) = table.next().await?
    {
        rows.push(row);
    }
    Ok(rows)
}

/// The batch that is being stored while the next is decided.
#[derive(Default)]
struct Storing(Option<JoinHandle<Answer<Vec<Kept>>>>);

impl Storing {
    fn begin(&mut self, app: &App, snapshot: &Arc<Snapshot>, pasts: Vec<Past>) {
        let (app, snapshot) = (app.clone(), Arc::clone(snapshot));
        self.0 = Some(tokio::spawn(async move { records::store(&app, snapshot, pasts).await }));
    }

    async fn settle(&mut self, report: &mut Report) -> Result<(), ExchangeError> {
        let Some(storing) = self.0.take() else { return Ok(()) };
        let kept = storing.await.map_err(|why| ExchangeError::Desk(why.to_string()))??;
        let new = kept.iter().filter(|kept| **kept == Kept::New).count();
        report.taken += new as u64;
        report.there += (kept.len() - new) as u64;
        Ok(())
    }
}

struct Run<'a> {
    app: &'a App,
    snapshot: &'a Snapshot,
    mapping: &'a Mapping,
    times: Times,
}

type Faults<'r> = Vec<(&'r Row, Fault)>;

impl<'a> Run<'a> {
    async fn new(app: &'a App, snapshot: &'a Snapshot, import: &'a Import) -> Result<Self, ExchangeError> {
        let mapping = &import.mapping;
        let name = mapping.time_zone.as_ref().unwrap_or(&snapshot.policy.time_zone);
        let zone = TimeZone::get(name).map_err(|why| ExchangeError::Mapping(format!("time_zone: {why}")))?;
        let now = app.store.read(|tx| Ok::<_, StoreError>(tx.now())).await?;
        Ok(Self { app, snapshot, mapping, times: Times { zone, formats: mapping.time_formats.clone(), now } })
    }

    /// What the rows come to: pasts to store, and rows that are not taken. Those that are cases already are counted.
    async fn decide<'r>(
        &self,
        rows: &'r [Row],
        report: &mut Report,
        repeats: &mut Vec<Repeat>,
    ) -> Result<(Vec<Past>, Faults<'r>), ExchangeError> {
        let (mut pasts, mut faults, mut numbered) = (Vec::new(), Vec::new(), Vec::new());
        report.rows += rows.len() as u64;
        for row in rows {
            let read = match &row.fault {
                Some(why) => Err(Fault::plain(why.clone())),
                None => record::number(row, self.mapping)
                    .and_then(|number| Ok((number, record::repeat_of(row, self.mapping)?))),
            };
            match read {
                Ok((_, Some(_))) if repeats.len() >= REPEATS_MAX => faults.push((row, too_many_repeats())),
                Ok((number, earlier)) => {
                    repeats.extend(earlier.map(|earlier| Repeat { number: number.clone(), earlier }));
                    numbered.push((row, number));
                }
                Err(fault) => faults.push((row, fault)),
            }
        }
        let numbers = numbered.iter().map(|(_, number)| number.clone()).collect();
        let mut known: BTreeSet<String> = records::known(self.app, numbers).await?;
        for (row, number) in numbered {
            if !known.insert(number) {
                report.there += 1;
                continue;
            }
            match self.decide_one(row).await? {
                Ok((past, due)) => {
                    self.compare(past.case(), due, report);
                    pasts.push(past);
                }
                Err(fault) => faults.push((row, fault)),
            }
        }
        faults.sort_by_key(|(row, _)| row.number);
        Ok((pasts, faults))
    }

    async fn decide_one(&self, row: &Row) -> Answer<Result<(Past, Option<Timestamp>), Fault>> {
        let Record { intake, told } = match record::read(row, self.mapping, &self.times) {
            Ok(record) => record,
            Err(fault) => return Ok(Err(fault)),
        };
        let due = told.at.get(&Field::DueAt).copied();
        let reporter = intake.identity.clone();
        let go_on = |world: &World<'_>, first| past::live(world, first, &told, &reporter, self.times.now);
        let unrecorded = told.unrecorded();
        let decided = records::decide_past(self.app, self.snapshot, Actor::Upstream, intake, &unrecorded, go_on);
        match decided.await {
            Ok(decided) => Ok(decided.map(|past| (past, due)).map_err(|refusal| fault_of(&refusal))),
            Err(problem) if problem.status < 500 => Ok(Err(Fault::plain(Words::new(problem.title, problem.title_zh)))),
            Err(problem) => Err::<_, Problem>(problem),
        }
    }

    /// The source's due time beside ours: told, never taken.
    fn compare(&self, case: &Case, due: Option<Timestamp>, report: &mut Report) {
        let Some(due) = due else { return };
        report.due_told += 1;
        let ours = first_finish(&self.snapshot.policy, case);
        let same = ours.is_some_and(|ours| (ours.as_second() - due.as_second()).abs() < SAME_DUE_S);
        report.due_same += u64::from(same);
    }
}

/// A record that repeats an earlier one 重复件, which may stand further down in the table.
struct Repeat {
    number: String,
    earlier: [String; 2],
}

fn too_many_repeats() -> Fault {
    Fault::plain(Words::new(
        format!("repeat_of: more than {REPEATS_MAX} repeats in one table; bring it in in parts"),
        format!("重复件原编号：一张表最多 {REPEATS_MAX} 个重复件，请分几次导入"),
    ))
}

/// Marks the repeats of a table, once all of it is in: now, for no table tells when anybody saw it.
async fn link(app: &App, repeats: Vec<Repeat>, report: &mut Report) -> Result<(), ExchangeError> {
    for Repeat { number, earlier } in repeats {
        let find = move |tx: &mut jiban_store::ReadTx<'_>| -> Result<_, StoreError> {
            let Some(row) = cases::find_by_upstream(tx, &number)? else { return Ok(None) };
            let [of_source, plain] = &earlier;
            let mut found = cases::find_by_upstream(tx, of_source)?;
            if found.is_none() {
                found = cases::find_by_upstream(tx, plain)?;
            }
            if found.is_none() {
                found = cases::find_by_number(tx, plain)?;
            }
            Ok(Some((rows::case(&row)?, found.map(|row| CaseId(row.case_id)))))
        };
        match app.store.read(find).await? {
            // The record was not taken, and it was told why.
            None => {}
            Some((_, None)) => report.repeats_unknown += 1,
            Some((case, Some(of))) if case.repeat_of == Some(of) => {}
            Some((case, Some(of))) => {
                match desk::act(app, case.id, cmd::MarkRepeat { of }.into(), Actor::Upstream, None, None).await {
                    Ok(_) => report.repeats += 1,
                    // Somebody here has taken the case since: now it is theirs to say.
                    Err(problem) if problem.status < 500 => report.repeats_unknown += 1,
                    Err(problem) => return Err(problem.into()),
                }
            }
        }
    }
    Ok(())
}

/// When the case is, or was, to be finished the first time.
pub(super) fn first_finish(policy: &Policy, case: &Case) -> Option<Timestamp> {
    let stops = |rule| policy.clocks.get(rule).is_some_and(|rule| rule.stop == Milestone::Finished);
    case.clocks.iter().find(|clock| stops(&clock.rule)).map(|clock| clock.due_at)
}

/// A refusal of the domain, counted by what it is about and not by what stands in the row.
fn fault_of(refusal: &Refusal) -> Fault {
    let what = Words::new(refusal.to_string(), refusal.zh());
    let kind = match refusal {
        Refusal::Unknown { what, .. } => Words::new(format!("no such {what}"), format!("找不到{}", what_zh(what))),
        Refusal::TooLate { what, what_zh, .. } => {
            Words::new(format!("too late for {what}"), format!("{what_zh}已过期限"))
        }
        _ => what.clone(),
    };
    Fault { kind, what }
}
