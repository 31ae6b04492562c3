//! Weak signals 弱信号 over the stored cases: raising them, and what a person decides.
//!
//! The scan is the domain's. Here the cases of the policy's days are read, one person's repeats counted once, and what
//! was decided before is respected: a rise that was dismissed comes back only with new cases. A signal opens no case by
//! itself; a person accepts it, and it becomes an inspection 主动排查 with its cases linked.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use axum::http::StatusCode;
use jiban_domain::{
    case::{Case, Origin, Place, Reason, ReasonKind},
    command::{Link, Register},
    event::Actor,
    ids::{CampaignId, CaseId, CategoryId, UnitId},
    organisation::UnitKind,
    permission,
    signal::{self, Rise, Seen},
};
use jiban_store::{
    StoreError, WriteTx,
    case_list::CaseQuery,
    cases::CaseRow,
    signals::{self as rows_of, SignalRow},
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Intake, Key, Registered, identity::Identity, newest::newest, rows};
use crate::{
    app::App,
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Cases scanned at most.
const CASES_MAX: usize = 50_000;
/// Cases that a signal keeps, and that are linked when it is accepted.
const MEMBERS_MAX: usize = 30;
/// Signals that are looked at for what was raised or decided before.
const BEFORE_MAX: i64 = 500;

/// Where a signal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// Waits for a person.
    Open,
    /// A person made a case of it.
    Accepted,
    /// A person said that it is nothing.
    Dismissed,
}

impl SignalState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
        }
    }
}

/// A weak signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Signal {
    /// Id.
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    /// Where it stands.
    pub state: SignalState,
    /// Where; none for everywhere.
    pub area: Option<UnitId>,
    /// What; none for all topics.
    pub category: Option<CategoryId>,
    /// When it was raised, or last renewed while it was open.
    #[schema(value_type = String, format = DateTime)]
    pub raised_at: Timestamp,
    /// In how many days up to then.
    pub days: u32,
    /// Cases in these days, each person counted once.
    pub count: u32,
    /// Cases that would be usual.
    pub expected: f64,
    /// How likely chance alone raises the like on a day.
    pub chance: f64,
    /// The cases, the newest first.
    #[schema(value_type = Vec<String>)]
    pub cases: Vec<CaseId>,
    /// What was decided.
    #[serde(default)]
    pub decision: Option<Decision>,
}

/// What was decided about a signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// By whom.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why.
    pub note: String,
    /// The case that it became.
    #[schema(value_type = Option<String>)]
    pub case: Option<CaseId>,
    /// The campaign that it became.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub campaign: Option<CampaignId>,
}

/// What becomes of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Nothing.
    Nothing,
    /// An inspection.
    Case(CaseId),
    /// A campaign.
    Campaign(CampaignId),
}

impl Signal {
    fn read(row: &SignalRow) -> Result<Self, StoreError> {
        serde_json::from_str(&row.body).map_err(|why| StoreError::corrupt(format!("signal {}: {why}", row.id)))
    }

    fn row(&self, at: Timestamp) -> Result<SignalRow, StoreError> {
        Ok(SignalRow {
            id: self.id,
            state: self.state.as_str().to_owned(),
            area: self.area.as_ref().map(ToString::to_string),
            topic: self.category.as_ref().map(ToString::to_string),
            at,
            body: serde_json::to_string(self).map_err(|why| StoreError::other(why.to_string()))?,
        })
    }

    fn is_about(&self, rise: &Raised) -> bool {
        self.area == rise.area && self.category == rise.category
    }
}

/// A rise as it is stored.
struct Raised {
    rise: Rise,
    area: Option<UnitId>,
    category: Option<CategoryId>,
    cases: Vec<CaseId>,
}

/// Looks for rises now and raises what is new. Returns how many signals are new.
///
/// # Errors
/// The store's.
pub async fn scan(app: &App) -> Answer<usize> {
    let (snapshot, now) = (app.snapshot(), app.now().await?);
    let rules = snapshot.policy.signals;
    let since = now.saturating_sub((i64::from(rules.look_back_days) * 24).hours()).unwrap_or(now);
    let query = CaseQuery { registered_from: Some(since), ..CaseQuery::default() };
    let read = |row: &CaseRow| Ok(Some((rows::case(row)?, row.reporter)));
    let cases = newest(app, query, (CASES_MAX, CASES_MAX), read, |_| {}).await?;
    let world = Arc::clone(&snapshot);
    let raised = tokio::task::spawn_blocking(move || raise(&world, cases, now)).await.map_err(Problem::internal)?;
    let new = app.store.write(move |tx| store(tx, &raised, rules.least_cases)).await?;
    Ok(new)
}

fn raise(snapshot: &Snapshot, cases: Vec<(Case, Option<[u8; 32]>)>, now: Timestamp) -> Vec<Raised> {
    let zone = snapshot.calendar.zone();
    let mut told = HashSet::new();
    let mut kept: Vec<(CaseId, Seen)> = Vec::new();
    for (case, reporter) in cases {
        let category = case.category.clone().or_else(|| case.proposal.as_ref()?.category.clone());
        // Whoever asks for the same again, and our own signals, make no rise.
        let again = reporter.is_some_and(|who| !told.insert((who, category.clone(), case.place.grid.clone())));
        if again || case.repeat_of.is_some() || case.origin == Origin::Signal {
            continue;
        }
        kept.push((case.id, seen(snapshot, &case, category.as_ref(), now, zone)));
    }
    let seen: Vec<Seen> = kept.iter().map(|(_, seen)| seen.clone()).collect();
    let day = now.to_zoned(zone.clone()).date();
    let seed =
        u64::from_le_bytes(std::array::from_fn(|at| day.to_string().as_bytes().get(at + 2).copied().unwrap_or(0)));
    let rises = signal::rises(&seen, &snapshot.policy.signals, seed).into_iter().filter(|rise| rise.topic.is_some());
    let raised = rises.map(|rise| Raised {
        area: rise.area.as_ref().and_then(|id| UnitId::new(id.clone()).ok()),
        category: rise.topic.as_ref().and_then(|id| CategoryId::new(id.clone()).ok()),
        cases: rise.members.iter().map(|at| kept[*at].0).take(MEMBERS_MAX).collect(),
        rise,
    });
    raised.collect()
}

/// A case as the scan sees it: in its grid and community, of its category and those above.
fn seen(snapshot: &Snapshot, case: &Case, category: Option<&CategoryId>, now: Timestamp, zone: &TimeZone) -> Seen {
    let organisation = &snapshot.organisation;
    let local = matches_local(organisation);
    let areas = case.place.grid.iter().flat_map(|grid| organisation.lineage(grid)).filter(|unit| local(unit));
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let age = day(case.registered_at).until(day(now)).map_or(0, |span| span.get_days());
    Seen {
        age: u32::try_from(age).unwrap_or(0),
        areas: areas.map(ToString::to_string).collect(),
        topics: category.into_iter().flat_map(|id| snapshot.policy.lineage(id)).map(ToString::to_string).collect(),
    }
}

fn matches_local(organisation: &jiban_domain::organisation::Organisation) -> impl Fn(&UnitId) -> bool {
    |unit| organisation.unit(unit).is_some_and(|unit| matches!(unit.kind, UnitKind::Grid | UnitKind::Community))
}

fn store(tx: &mut WriteTx<'_>, raised: &[Raised], least: u32) -> Result<usize, StoreError> {
    let now = tx.now();
    let before = rows_of::list(tx, None, BEFORE_MAX)?;
    let before = before.iter().map(Signal::read).collect::<Result<Vec<_>, _>>()?;
    let mut new = 0;
    for one in raised {
        let known = before.iter().find(|signal| signal.is_about(one));
        let id = match known {
            Some(open) if open.state == SignalState::Open => open.id,
            Some(decided) => {
                // What was decided is not asked again until there is clearly more of it.
                let told: BTreeSet<&CaseId> = decided.cases.iter().collect();
                let more = one.cases.iter().filter(|case| !told.contains(case)).count();
                if more < (least as usize).max(decided.cases.len() / 2) {
                    continue;
                }
                Uuid::now_v7()
            }
            None => Uuid::now_v7(),
        };
        new += usize::from(known.is_none_or(|known| known.id != id));
        let signal = Signal {
            id,
            state: SignalState::Open,
            area: one.area.clone(),
            category: one.category.clone(),
            raised_at: now,
            days: one.rise.days,
            count: one.rise.count,
            expected: one.rise.expected,
            chance: one.rise.chance,
            cases: one.cases.clone(),
            decision: None,
        };
        rows_of::put(tx, &signal.row(now)?)?;
    }
    Ok(new)
}

/// Signals, the newest first.
///
/// # Errors
/// The store's.
pub async fn list(app: &App, state: Option<SignalState>, limit: i64) -> Answer<Vec<Signal>> {
    let found = app.store.read(move |tx| {
        let rows = rows_of::list(tx, state.map(SignalState::as_str), limit)?;
        rows.iter().map(Signal::read).collect::<Result<Vec<_>, StoreError>>()
    });
    Ok(found.await?)
}

/// Makes a case of a signal, with its cases linked to it. Doing it twice makes one case.
///
/// # Errors
/// Not found, already decided, or a refusal of the domain.
pub async fn accept(app: &App, staff: &Staff, id: Uuid, note: String) -> Answer<Signal> {
    let signal = open(app, id).await?;
    let snapshot = &staff.snapshot;
    let register = register(snapshot, staff, &signal, &note)?;
    let key = Key { sender: "signal".to_owned(), key: id.to_string(), request: [0; 32] };
    let intake = Intake { register, identity: Identity::default(), key: Some(key), at: None };
    let made: Registered = super::register(app, staff.actor.clone(), intake).await?;
    for case in signal.cases.iter().take(MEMBERS_MAX) {
        let linked = super::act(app, made.id, Link { to: *case }.into(), staff.actor.clone(), None, None).await;
        match linked {
            Ok(_) => {}
            // Linked by the first of two tries, or gone from sight: the case itself stands.
            Err(problem) if problem.status < 500 => tracing::debug!(code = problem.code, "a case was not linked"),
            Err(problem) => return Err(problem),
        }
    }
    decide(app, staff, id, SignalState::Accepted, note, Became::Case(made.id)).await
}

/// Says that a signal is nothing, with why.
///
/// # Errors
/// Not found, or already decided.
pub async fn dismiss(app: &App, staff: &Staff, id: Uuid, note: String) -> Answer<Signal> {
    decide(app, staff, id, SignalState::Dismissed, note, Became::Nothing).await
}

async fn open(app: &App, id: Uuid) -> Answer<Signal> {
    let found = app.store.write(move |tx| {
        let found = rows_of::find(tx, id)?;
        found.as_ref().map(Signal::read).transpose()
    });
    let signal = found.await?.ok_or_else(Problem::not_found)?;
    if signal.state == SignalState::Open { Ok(signal) } else { Err(decided_already()) }
}

async fn decide(
    app: &App,
    staff: &Staff,
    id: Uuid,
    state: SignalState,
    note: String,
    became: Became,
) -> Answer<Signal> {
    let by = staff.actor.clone();
    let decided = app.store.write(move |tx| settle(tx, id, state, &by, (&note, became)));
    decided.await?.ok_or_else(decided_already)
}

/// Decides an open signal in this transaction, with why and what became of it; none where it is not open, or not there.
///
/// # Errors
/// The store's.
pub fn settle(
    tx: &mut WriteTx<'_>,
    id: Uuid,
    state: SignalState,
    by: &Actor,
    (note, became): (&str, Became),
) -> Result<Option<Signal>, StoreError> {
    let Some(row) = rows_of::find(tx, id)? else { return Ok(None) };
    let mut signal = Signal::read(&row)?;
    if signal.state != SignalState::Open {
        return Ok(None);
    }
    let at = tx.now();
    let (case, campaign) = match became {
        Became::Nothing => (None, None),
        Became::Case(case) => (Some(case), None),
        Became::Campaign(campaign) => (None, Some(campaign)),
    };
    signal.state = state;
    signal.decision = Some(Decision { by: by.to_string(), at, note: note.to_owned(), case, campaign });
    rows_of::put(tx, &signal.row(at)?)?;
    Ok(Some(signal))
}

/// Somebody was faster.
pub fn decided_already() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "already",
        "this signal was decided already, or is not there",
        "此苗头已有处理意见，或已不存在",
    )
}

/// The case that an accepted signal becomes.
fn register(snapshot: &Snapshot, staff: &Staff, signal: &Signal, note: &str) -> Answer<Register> {
    let named = |area: &UnitId| snapshot.organisation.unit(area).map(|unit| unit.name.zh.clone());
    let area = signal.area.as_ref().and_then(named).unwrap_or_else(|| "辖区".to_owned());
    let category = signal.category.as_ref().and_then(|id| snapshot.policy.categories.get(id));
    let category = category.map_or("诉求", |category| category.name.zh.as_str());
    let (days, count, usual) = (signal.days, signal.count, signal.expected);
    let title = format!("弱信号：{area}“{category}”近 {days} 天 {count} 件");
    let mut text =
        format!("{area}近 {days} 天“{category}”诉求 {count} 件，平常约 {usual:.1} 件。请现场排查，未诉先办。");
    if !note.is_empty() {
        text.push_str(&format!("\n{note}"));
    }
    let grid = signal.area.clone().filter(|area| snapshot.organisation.grids().any(|grid| grid.id == *area));
    let place = Place { grid, ..Place::default() };
    raised(staff, "analysis", (title, text), place, signal.category.clone())
}

/// A case that the program raised and a person accepted, by this channel where the policy has it, else by another of its
/// origin.
///
/// # Errors
/// The policy has no channel for it.
pub fn raised(
    staff: &Staff,
    channel: &str,
    (title, text): (String, String),
    place: Place,
    category: Option<CategoryId>,
) -> Answer<Register> {
    let policy = &staff.snapshot.policy;
    let ours = policy.channels.iter().filter(|(_, channel)| channel.origin == Origin::Signal);
    let (channel, _) = ours.max_by_key(|(id, _)| id.as_str() == channel).ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "no_channel",
            "the policy has no channel whose origin is 'signal'; add one to make cases of what the program raises",
            "机制中没有来源性质为“弱信号”的渠道，请先在机制文件中增加",
        )
    })?;
    let mut proposal = staff.snapshot.triage.propose(policy, "", "");
    proposal.reasons = vec![Reason::of(ReasonKind::Signal)];
    let usual = category.iter().flat_map(|id| policy.lineage(id));
    let class = usual.filter_map(|id| policy.categories.get(id)?.class.clone()).next();
    proposal.class = class.or(proposal.class);
    proposal.category = category;
    Ok(Register {
        origin: Some(Origin::Signal),
        channel: channel.clone(),
        first_receiver: permission::home_unit(&staff.snapshot.organisation, &staff.person).cloned(),
        title,
        text,
        place,
        reporter: Default::default(),
        complained_about: None,
        upstream_number: None,
        received_by_leader: None,
        proposal: Some(proposal),
    })
}
