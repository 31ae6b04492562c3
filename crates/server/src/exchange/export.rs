//! Taking cases out 导出: the list with its filters as a table, one row a case, newest first.
//!
//! Page by page in constant memory. Who asked for what is recorded before the first row leaves. No column tells who a
//! reporter is: that is revealed case by case, with a reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiban_domain::{
    case::{Case, Whistle},
    clock::{Clock, Standing},
    event::{Actor, Event},
    policy::{Language, Milestone, Policy},
};
use jiban_store::{
    StoreError,
    case_list::{self, CaseQuery, Sort},
    cases, events,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    ExchangeError,
    columns::{Column, to_take_out},
    mapping::Field,
    record::NONE,
    sheet::Sheet,
};
use crate::{
    app::App,
    desk::rows,
    infra::audit::{self, Stream},
};

/// Cases read at once.
const PAGE: i64 = 200;
/// Most events of one case that are looked through.
const EVENTS_MAX: i64 = 10_000;

/// Writes the cases that the query finds to a file. `progress` is told how many so far. Returns how many.
///
/// # Errors
/// When the file cannot be written or the store fails; then there is no file.
pub async fn run(
    app: &App,
    path: &Path,
    query: CaseQuery,
    language: Language,
    by: &Actor,
    mut progress: impl FnMut(u64),
) -> Result<u64, ExchangeError> {
    let snapshot = app.snapshot();
    let policy = &snapshot.policy;
    let zone = TimeZone::get(&policy.time_zone).map_err(|why| ExchangeError::Option(why.to_string()))?;
    let columns = to_take_out(policy);
    let mut sheet = Sheet::create(path, columns.iter().map(|column| column.heading(language)).collect())?;
    let asked = serde_json::json!({
        "units": query.units, "open": query.open, "states": query.states,
        "from": query.registered_from, "until": query.registered_until,
    });
    let trace = audit::trace(by, "cases_exported", &asked);
    app.store.write(move |tx| audit::record(tx, Stream::Accounts, trace.clone())).await?;
    let mut query = CaseQuery { sort: Sort::Newest, limit: PAGE, ..query };
    let mut count = 0;
    loop {
        let asked = query.clone();
        let read = move |tx: &mut jiban_store::ReadTx<'_>| -> Result<_, StoreError> {
            let page = case_list::list(tx, &asked)?;
            let mut cases = Vec::with_capacity(page.cases.len());
            for row in &page.cases {
                let case = rows::case(row)?;
                let said = said(tx, &case)?;
                cases.push((case, said));
            }
            Ok((cases, page.next))
        };
        let (cases, next) = app.store.read(read).await?;
        for (case, said) in &cases {
            let teller = Teller { policy, zone: &zone, case, said };
            let cells: Vec<String> = columns.iter().map(|column| teller.tell(column)).collect();
            sheet.put(&cells)?;
        }
        count += cases.len() as u64;
        progress(count);
        if next.is_none() {
            break;
        }
        query.cursor = next;
    }
    sheet.finish()?;
    Ok(count)
}

/// What only the events of a case, or another case, tell: the last of each text; when it was done first and reopened; when
/// it was dispatched, which a reopening begins anew.
#[derive(Default)]
struct Said(BTreeMap<Field, String>, Option<(Timestamp, Timestamp)>, Option<Timestamp>);

fn said(tx: &mut jiban_store::ReadTx<'_>, case: &Case) -> Result<Said, StoreError> {
    let mut said = Said::default();
    let mut finished = None;
    for row in events::events(tx, case.id.0, 0, EVENTS_MAX)? {
        let recorded = rows::recorded(&row)?;
        let told = match recorded.event {
            Event::Verified { finding } => (Field::Finding, finding),
            Event::ContactTried { reached: true, note, .. } => (Field::ContactNote, note),
            Event::Closed { note } => (Field::ClosingNote, note),
            Event::Finished { .. } => {
                finished.get_or_insert(recorded.at);
                continue;
            }
            Event::Dispatched { .. } => {
                said.2 = Some(recorded.at);
                continue;
            }
            // A table tells of one reopening: the last, and when the case was done the first time.
            Event::Reopened { reason, .. } => {
                said.1 = finished.map(|first| (first, recorded.at));
                (Field::ReopenReason, reason)
            }
            _ => continue,
        };
        said.0.insert(told.0, told.1);
    }
    if let Some(of) = case.repeat_of
        && let Some(row) = cases::load(tx, of.0)?
    {
        let earlier = rows::case(&row)?;
        said.0.insert(Field::RepeatOf, earlier.upstream_number.unwrap_or(earlier.number));
    }
    Ok(said)
}

struct Teller<'a> {
    policy: &'a Policy,
    zone: &'a TimeZone,
    case: &'a Case,
    said: &'a Said,
}

impl Teller<'_> {
    fn tell(&self, column: &Column<'_>) -> String {
        let case = self.case;
        let form = |code: &str, id: &str| {
            let form = case.forms.iter().rev().find(|form| form.form.as_str() == code);
            form.and_then(|form| form.values.get(id)).cloned().unwrap_or_default()
        };
        match column {
            Column::Field(field) => self.field(*field),
            Column::Opinion(field) => form("opinion", &field.id),
            Column::FollowUp(field) => form("follow_up", &field.id),
            Column::State => case.state.as_str().to_owned(),
            Column::Clocks => case.clocks.iter().map(|clock| self.clock(clock)).collect::<Vec<_>>().join("; "),
        }
    }

    fn field(&self, field: Field) -> String {
        fn text<T: ToString>(value: Option<&T>) -> String {
            value.map(ToString::to_string).unwrap_or_default()
        }
        let case = self.case;
        let place = &case.place;
        let mut follow_ups = case.follow_ups_of_round();
        let follow_up = follow_ups.next();
        let second = follow_ups.next_back();
        let reasons =
            |codes: Option<&BTreeSet<String>>| codes.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let appeal = case.appeals.last();
        let answer = |answer: Option<bool>| text(answer.as_ref());
        let rating = case.ratings.last();
        match field {
            Field::SourceId => case.number.clone(),
            Field::UpstreamNumber => text(case.upstream_number.as_ref()),
            Field::Title => case.title.clone(),
            Field::Text => case.text.clone(),
            Field::Channel => case.channel.to_string(),
            Field::Origin => case.origin.as_str().to_owned(),
            Field::Class => text(case.class.as_ref()),
            Field::Category => text(case.category.as_ref()),
            Field::Marks => case.marks.iter().map(|mark| mark.as_str()).collect::<Vec<_>>().join(" "),
            Field::FirstReceiver => case.first_receiver.to_string(),
            Field::LeadUnit => text(case.lead.as_ref()),
            Field::CoUnits => case.co_units.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Field::ComplainedAbout => text(case.complained_about.as_ref()),
            Field::Grid => text(place.grid.as_ref()),
            Field::Spot => text(place.spot.as_ref()),
            Field::Lon => text(place.lon.as_ref()),
            Field::Lat => text(place.lat.as_ref()),
            Field::Address => place.address.clone(),
            Field::Anonymous => case.reporter.anonymous.to_string(),
            Field::RegisteredAt => self.time(Some(case.registered_at)),
            Field::DispatchedAt if case.round > 1 => self.time(self.said.2),
            Field::DispatchedAt => self.milestone(Milestone::Dispatched),
            Field::AcceptedAt => self.milestone(Milestone::Accepted),
            Field::ContactedAt => self.milestone(Milestone::Contacted),
            Field::VerifiedAt => self.milestone(Milestone::Verified),
            Field::FinishedAt => self.milestone(Milestone::Finished),
            Field::OpinionFiledAt => self.milestone(Milestone::OpinionFiled),
            Field::FollowedUpAt => self.time(follow_up.map(|told| told.at)),
            Field::FirstFinishedAt => self.time(self.said.1.map(|(first, _)| first)),
            Field::ReopenedAt => self.time(self.said.1.map(|(_, reopened)| reopened)),
            Field::DueAt => self.time(super::import::first_finish(self.policy, case)),
            Field::Outcome => text(case.outcome.as_ref()),
            Field::Reached => answer(follow_up.map(|told| told.reached)),
            Field::Responded => answer(follow_up.and_then(|told| told.responded)),
            Field::Solved => answer(follow_up.and_then(|told| told.solved)),
            Field::Satisfied => answer(follow_up.and_then(|told| told.satisfied)),
            Field::UnsolvedBecause => reasons(follow_up.map(|told| &told.unsolved_because)),
            Field::UnsatisfiedBecause => reasons(follow_up.map(|told| &told.unsatisfied_because)),
            Field::SecondFollowedUpAt => self.time(second.map(|told| told.at)),
            Field::SecondReached => answer(second.map(|told| told.reached)),
            Field::SecondResponded => answer(second.and_then(|told| told.responded)),
            Field::SecondSolved => answer(second.and_then(|told| told.solved)),
            Field::SecondSatisfied => answer(second.and_then(|told| told.satisfied)),
            Field::SecondUnsolvedBecause => reasons(second.map(|told| &told.unsolved_because)),
            Field::SecondUnsatisfiedBecause => reasons(second.map(|told| &told.unsatisfied_because)),
            Field::Grade => text(rating.map(|rating| rating.grade).as_ref()),
            Field::GradeAfterAppeal => text(rating.and_then(|rating| rating.after_appeal).as_ref()),
            Field::AppealedAt => self.time(appeal.and_then(|appeal| appeal.at)),
            Field::AppealReason => appeal.map(|appeal| appeal.reason.clone()).unwrap_or_default(),
            Field::AppealDecidedAt => self.time(appeal.and_then(|appeal| appeal.decided_at)),
            Field::AppealDecision => appeal.map(|appeal| appeal.decision.clone()).unwrap_or_default(),
            Field::WhistledAt => self.whistles(|whistle| self.time(Some(whistle.at))),
            Field::WhistleCaller => self.whistles(|whistle| whistle.caller.to_string()),
            Field::WhistleUnits => {
                self.whistles(|whistle| whistle.called.keys().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            }
            Field::ReportedInAt => self.whistles(|whistle| {
                let times = whistle.called.values().map(|report| or_none(self.time(report.as_ref().map(|r| r.at))));
                times.collect::<Vec<_>>().join(", ")
            }),
            Field::WhistleSettledAt => self.whistles(|whistle| self.time(whistle.settled_at)),
            Field::WhistleOutcome => self.whistles(|whistle| whistle.outcome.clone().unwrap_or_default()),
            Field::Excluded => text(case.excluded.as_ref()),
            Field::RatedAt => self.time(rating.map(|rating| rating.at)),
            Field::GradeComment => rating.map(|rating| rating.comment.clone()).unwrap_or_default(),
            Field::Declined => text(case.declined.as_ref()),
            Field::ClosedAt => self.time(case.ended_at),
            Field::ContactNote | Field::Finding | Field::ClosingNote | Field::ReopenReason | Field::RepeatOf => {
                self.said.0.get(&field).cloned().unwrap_or_default()
            }
            // Who a reporter is does not leave in a table.
            Field::ReporterName | Field::ReporterPhone | Field::ReporterEmail => String::new(),
        }
    }

    /// One thing of each whistle, parted as an import reads it.
    fn whistles(&self, tell: impl Fn(&Whistle) -> String) -> String {
        self.case.whistles.iter().map(|whistle| or_none(tell(whistle))).collect::<Vec<_>>().join(" | ")
    }

    fn milestone(&self, milestone: Milestone) -> String {
        self.time(self.case.milestones.get(&milestone).copied())
    }

    fn time(&self, at: Option<Timestamp>) -> String {
        at.map(|at| at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
    }

    fn clock(&self, clock: &Clock) -> String {
        let end = match &clock.standing {
            Standing::Running => "running",
            Standing::Met { .. } => "met",
            Standing::Breached { .. } => "breached",
            Standing::Cancelled { .. } => "cancelled",
        };
        format!("{} {end} (due {})", clock.key, self.time(Some(clock.due_at)))
    }
}

/// What an import reads as 'not said' within a list.
fn or_none(text: String) -> String {
    if text.is_empty() { NONE.to_owned() } else { text }
}
