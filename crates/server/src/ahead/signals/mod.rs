//! Signals 苗头 as they are kept, and what a person makes of one: an inspection 主动排查 with its cases linked, a campaign, a
//! plan of rounds, or nothing. Raising them is in [`look`], what came of them in [`outcome`]. Nothing here opens a case by
//! itself.

pub mod look;
pub mod outcome;

use std::sync::Arc;

use axum::http::StatusCode;
use jiban_domain::{
    case::Place,
    command::{Link, Register},
    decide::Moment,
    event::Actor,
    ids::{CampaignId, CaseId, RequestId, RoundPlanId, SignalId},
    occasion::Occasion,
    signal::{Decision, Signal, SignalState, Subject, Why},
};
use jiban_store::{ReadTx, StoreError, WriteTx, signals as rows, signals::SignalRow};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    app::App,
    desk::{self, Intake, Registered, Stop, identity::Identity, raised},
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Cases that a signal keeps, the newest: by them it is known again.
const MEMBERS_MAX: usize = 300;
/// Cases that are shown of it, and linked when it is accepted.
pub const SHOWN_MAX: usize = 30;

/// What becomes of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Nothing: it is dismissed.
    Nothing,
    /// An inspection.
    Case(CaseId),
    /// A campaign.
    Campaign(CampaignId),
    /// A plan of rounds.
    Rounds(RoundPlanId),
}

fn read(row: &SignalRow) -> Result<Signal, StoreError> {
    let corrupt = |why: serde_json::Error| StoreError::corrupt(format!("signal {}: {why}", row.id));
    let mut body: serde_json::Value = serde_json::from_str(&row.body).map_err(corrupt)?;
    // Before there were kinds, every signal was a rise.
    if let Some(body) = body.as_object_mut() {
        body.entry("kind").or_insert_with(|| "rise".into());
    }
    serde_json::from_value(body).map_err(corrupt)
}

/// Writes a signal, new or changed.
///
/// # Errors
/// The store's.
pub fn put(tx: &mut WriteTx<'_>, signal: &Signal) -> Result<(), StoreError> {
    let row = SignalRow {
        id: signal.id.0,
        state: signal.state.as_str().to_owned(),
        area: signal.of.area.as_ref().map(ToString::to_string),
        topic: signal.of.category.as_ref().map(ToString::to_string),
        at: tx.now(),
        body: serde_json::to_string(signal).map_err(|why| StoreError::other(why.to_string()))?,
    };
    rows::put(tx, &row)
}

/// A new signal, open.
fn open(tx: &mut WriteTx<'_>, of: Subject) -> Result<Signal, StoreError> {
    let id = SignalId(Uuid::now_v7());
    let signal =
        Signal { id, state: SignalState::Open, of, raised_at: tx.now(), first_raised_at: None, decision: None };
    put(tx, &signal)?;
    Ok(signal)
}

/// Signals, the newest first; in this state only, where one is given.
///
/// # Errors
/// The store's.
pub fn list(tx: &mut ReadTx<'_>, state: Option<SignalState>, limit: i64) -> Result<Vec<Signal>, StoreError> {
    rows::list(tx, state.map(SignalState::as_str), limit)?.iter().map(read).collect()
}

/// Signals that changed at or after `since`, the newest first, at most `limit`.
///
/// # Errors
/// The store's.
pub fn changed(tx: &mut ReadTx<'_>, since: Timestamp, limit: i64) -> Result<Vec<Signal>, StoreError> {
    rows::changed(tx, since, limit)?.iter().map(read).collect()
}

/// Makes a case of a signal, with its cases linked to it. Of two who decide at once one does.
///
/// # Errors
/// Not found, already decided, or a refusal of the domain.
pub async fn accept(app: &App, staff: &Staff, id: Uuid, note: String) -> Answer<Signal> {
    let found = app.store.write(move |tx| rows::find(tx, id)?.as_ref().map(read).transpose()).await?;
    let signal = found.ok_or_else(Problem::not_found)?;
    if signal.state != SignalState::Open {
        return Err(decided_already());
    }
    let register = register(&staff.snapshot, staff, &signal.of, &note)?;
    let intake = Intake { register, identity: Identity::default(), key: None, at: None };
    let (parts, snapshot, by) = (app.clone(), Arc::clone(&staff.snapshot), staff.actor.clone());
    let settled = move |tx: &mut WriteTx<'_>, made: &Registered| -> Result<Signal, Stop> {
        let signal = settle(tx, id, &by, &note, Became::Case(made.id))?;
        let moment = Moment { by: by.clone(), now: tx.now(), fresh: RequestId(Uuid::now_v7()) };
        for case in signal.of.cases.iter().take(SHOWN_MAX) {
            match desk::act_in(tx, &parts, &snapshot, made.id, &Link { to: *case }.into(), None, &moment) {
                Ok(_) => {}
                // Gone, or from sight: the case itself stands.
                Err(Stop::Refused(refusal)) => tracing::debug!(%refusal, "a case was not linked"),
                Err(other) => return Err(other),
            }
        }
        Ok(signal)
    };
    let (_, signal) = desk::register_with(app, staff.actor.clone(), intake, settled).await?;
    Ok(signal)
}

/// Says that a signal is nothing, with why.
///
/// # Errors
/// Not found, or already decided.
pub async fn dismiss(app: &App, staff: &Staff, id: Uuid, note: String) -> Answer<Signal> {
    let by = staff.actor.clone();
    Ok(app.store.write(move |tx| settle(tx, id, &by, &note, Became::Nothing)).await?)
}

/// Decides an open signal in this transaction, with why and what became of it.
///
/// # Errors
/// It is not open or not there; the store's.
pub(crate) fn settle(tx: &mut WriteTx<'_>, id: Uuid, by: &Actor, note: &str, became: Became) -> Result<Signal, Stop> {
    let mut signal = still_open(tx, SignalId(id))?.ok_or_else(decided_already)?;
    let mut decision =
        Decision { by: by.to_string(), at: tx.now(), note: note.to_owned(), case: None, campaign: None, rounds: None };
    match became {
        Became::Nothing => {}
        Became::Case(case) => decision.case = Some(case),
        Became::Campaign(campaign) => decision.campaign = Some(campaign),
        Became::Rounds(plan) => decision.rounds = Some(plan),
    }
    signal.state = if became == Became::Nothing { SignalState::Dismissed } else { SignalState::Accepted };
    signal.decision = Some(decision);
    put(tx, &signal)?;
    Ok(signal)
}

/// A signal that waits, to be changed in this transaction; none where it is decided by now.
fn still_open(tx: &mut WriteTx<'_>, id: SignalId) -> Result<Option<Signal>, StoreError> {
    let found = rows::find(tx, id.0)?.as_ref().map(read).transpose()?;
    Ok(found.filter(|signal| signal.state == SignalState::Open))
}

/// Somebody was faster.
fn decided_already() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "already",
        "this signal was decided already, or is not there",
        "此苗头已有处理意见，或已不存在",
    )
}

fn occasion<'a>(snapshot: &'a Snapshot, id: &str) -> Option<&'a Occasion> {
    snapshot.policy.occasions.iter().find(|occasion| occasion.id == id)
}

/// The case that an accepted signal becomes.
fn register(snapshot: &Snapshot, staff: &Staff, of: &Subject, note: &str) -> Answer<Register> {
    let named = of.area.as_ref().and_then(|area| snapshot.organisation.unit(area)).map(|unit| unit.name.zh.as_str());
    let area = named.unwrap_or("辖区");
    let category = of.category.as_ref().and_then(|id| snapshot.policy.categories.get(id));
    let category = category.map_or("诉求", |category| category.name.zh.as_str());
    let (title, mut text) = match &of.why {
        Why::Rise { days, count, expected, .. } => (
            format!("弱信号：{area}“{category}”近 {days} 天 {count} 件"),
            format!("{area}近 {days} 天“{category}”诉求 {count} 件，平常约 {expected:.1} 件。请现场排查，未诉先办。"),
        ),
        Why::Repeat { days, count, .. } => (
            format!("重复反映：{area}“{category}”同一事项 {count} 件"),
            format!("同一事项近 {days} 天反映 {count} 件，尚未根治。请查明症结，从源头解决。"),
        ),
        Why::Hot { name, days, count, people } => (
            format!("热点：{}，{people} 人反映", name.join("·")),
            format!("近 {days} 天 {people} 人反映同一问题，共 {count} 件。请现场排查，从一件事到一类事。"),
        ),
        Why::Occasion { occasion, first, last, .. } => {
            let known = self::occasion(snapshot, occasion);
            let name = known.map_or(occasion.as_str(), |known| known.name.zh.as_str());
            let advice = known.map_or("", |known| known.advice.zh.as_str());
            (format!("时令节点：{name}"), format!("{name}（{first} 至 {last}）。{advice}"))
        }
    };
    if !note.is_empty() {
        text.push_str(&format!("\n{note}"));
    }
    let grid = of.area.clone().filter(|area| snapshot.organisation.grids().any(|grid| grid.id == *area));
    let place = Place { grid, ..Place::default() };
    raised::raised(staff, "analysis", (title, text), place, of.category.clone())
}
