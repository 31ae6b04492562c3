//! What machines report 物联感知: merged by rule into findings, so that a flood is one thing to look at, and kept in batches,
//! so that it takes nothing from whoever is on the phone. A person decides: a case, or nothing.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::StatusCode;
use jiban_domain::{
    case::Place,
    command::Register,
    event::Actor,
    ids::{CaseId, SpotId, UnitId},
};
use jiban_store::{
    ReadTx, StoreError, WriteTx, events,
    machine_findings::{self, Events, FindingRow},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Intake, Registered, Stop, identity::Identity, raised, told_at::told_at};
use crate::{
    app::App,
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::{
        audit::{self, Stream},
        world::Snapshot,
    },
};

/// Most events of one request.
pub const EVENTS_MAX: usize = 1_000;
/// Longest words of an event, characters.
const TEXT_MAX: usize = 200;
/// Refusals that are told one by one.
const REFUSED_TOLD: usize = 20;
/// What comes within this time is kept together.
const GATHER: Duration = Duration::from_millis(20);
/// What the record calls it that somebody decided about a finding.
const DECIDED: &str = "machine_finding_decided";
/// An event may be told so long after it was, hours.
const TOLD_WITHIN_HOURS: i64 = 24;

/// An event.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MachineEvent {
    /// Its kind: a code of the policy.
    #[schema(max_length = 64)]
    pub kind: String,
    /// The spot where it was.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub spot: Option<SpotId>,
    /// Or the point: longitude, WGS84 degrees.
    #[serde(default)]
    pub lon: Option<f64>,
    /// Latitude, WGS84 degrees.
    #[serde(default)]
    pub lat: Option<f64>,
    /// When; now, where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// What the machine says of it.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub text: String,
}

/// An event that was not taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedEvent {
    /// Its place in the request, from 0.
    pub index: u64,
    /// What is wrong.
    pub en: String,
    /// The same in Chinese.
    pub zh: String,
}

/// What became of a request's events.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = MachineEventsTaken)]
pub struct Taken {
    /// Events that are kept.
    pub taken: u64,
    /// Events that were not taken.
    pub refused: u64,
    /// Why, of the first twenty.
    pub why: Vec<RefusedEvent>,
}

/// Where events were: a spot, or a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Where {
    Spot(SpotId),
    Grid(UnitId),
}

impl Where {
    fn key(&self) -> String {
        match self {
            Self::Spot(spot) => format!("spot:{spot}"),
            Self::Grid(grid) => format!("grid:{grid}"),
        }
    }

    fn read(key: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::corrupt(format!("a finding at '{key}'"));
        let (kind, id) = key.split_once(':').ok_or_else(wrong)?;
        match kind {
            "spot" => SpotId::new(id).map(Self::Spot).map_err(|_| wrong()),
            "grid" => UnitId::new(id).map(Self::Grid).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }

    /// The place of a case there.
    fn place(&self, snapshot: &Snapshot) -> Place {
        match self {
            Self::Spot(id) => {
                let spot = snapshot.organisation.spot(id);
                Place {
                    spot: spot.map(|spot| spot.id.clone()),
                    grid: spot.map(|spot| spot.grid.clone()),
                    address: spot.map(|spot| spot.address.clone()).unwrap_or_default(),
                    ..Place::default()
                }
            }
            Self::Grid(grid) => Place { grid: Some(grid.clone()), ..Place::default() },
        }
    }
}

/// Takes events of a source: those that are whole are merged and kept on disk when this returns, the others told.
///
/// # Errors
/// Too many at once; the store's.
pub async fn take(app: &App, source: &str, events: Vec<MachineEvent>, now: Timestamp) -> Answer<Taken> {
    if events.len() > EVENTS_MAX {
        let (en, zh) = (format!("at most {EVENTS_MAX}"), format!("一次最多 {EVENTS_MAX} 条"));
        return Err(Problem::field("events", en, zh));
    }
    let snapshot = app.snapshot();
    let mut taken = Taken::default();
    let mut merged = Merged::new();
    for (index, event) in (0..).zip(events) {
        match read(&snapshot, source, event, now) {
            Ok(events) => {
                taken.taken += 1;
                merge(&mut merged, events);
            }
            Err((en, zh)) => {
                taken.refused += 1;
                if taken.why.len() < REFUSED_TOLD {
                    taken.why.push(RefusedEvent { index, en, zh });
                }
            }
        }
    }
    if !merged.is_empty() {
        app.machines.keep(app, source, merged).await?;
    }
    Ok(taken)
}

fn read(snapshot: &Snapshot, source: &str, event: MachineEvent, now: Timestamp) -> Result<Events, (String, String)> {
    let rules = &snapshot.policy.machines;
    let Some(kind) = rules.kind(&event.kind) else {
        let known = rules.kinds.iter().map(|kind| kind.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err((format!("kind: one of {known}"), format!("kind：应为 {known} 之一")));
    };
    let organisation = &snapshot.organisation;
    let point = event.lon.zip(event.lat);
    let place = match (event.spot, point) {
        (Some(spot), _) if organisation.spot(&spot).is_some() => Where::Spot(spot),
        (Some(_), _) => return Err(("spot: there is no such spot".into(), "spot：没有这个点位".into())),
        (None, Some((lon, lat))) => match organisation.grid_at(lon, lat) {
            Some(grid) => Where::Grid(grid.clone()),
            None => return Err(("lon, lat: outside of every grid".into(), "lon、lat：不在任何网格内".into())),
        },
        (None, None) => return Err(("spot: a spot, or lon and lat".into(), "spot：须有点位或经纬度".into())),
    };
    let Some(at) = told_at(event.at.unwrap_or(now), now, TOLD_WITHIN_HOURS) else {
        return Err(("at: within the last 24 hours".into(), "at：应在最近 24 小时之内".into()));
    };
    if event.text.chars().count() > TEXT_MAX {
        return Err((format!("text: at most {TEXT_MAX} characters"), format!("text：最多 {TEXT_MAX} 个字符")));
    }
    Ok(Events {
        source: source.to_owned(),
        kind: kind.id.clone(),
        place: place.key(),
        count: 1,
        first_at: at,
        last_at: at,
        told: jiban_text::mask_personal(event.text.trim()).0,
        together_since: kind.together_since(at),
        at_least: i64::from(kind.at_least),
        quiet_since: rules.quiet_since(now),
    })
}

/// Events of one source, by kind and place.
type Merged = BTreeMap<(String, String), Events>;

fn merge(merged: &mut Merged, events: Events) {
    use std::collections::btree_map::Entry;
    match merged.entry((events.kind.clone(), events.place.clone())) {
        Entry::Vacant(place) => drop(place.insert(events)),
        Entry::Occupied(mut known) => {
            let known = known.get_mut();
            known.count += events.count;
            known.together_since = known.together_since.min(events.together_since);
            known.first_at = known.first_at.min(events.first_at);
            if events.last_at >= known.last_at {
                (known.last_at, known.told) = (events.last_at, events.told);
            }
        }
    }
}

/// Events that came lately and are not kept yet, by source; and who waits for that.
#[derive(Debug, Default)]
struct Pending {
    events: BTreeMap<String, Merged>,
    waiting: Vec<oneshot::Sender<bool>>,
}

/// Gathers what many requests report at once into one transaction. A request is answered when its events are on disk.
#[derive(Debug, Default)]
pub struct Gatherer(Mutex<Pending>);

impl Gatherer {
    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep(&self, app: &App, source: &str, events: Merged) -> Answer<()> {
        let (tell, told) = oneshot::channel();
        let is_first = {
            let mut pending = self.pending();
            let known = pending.events.entry(source.to_owned()).or_default();
            events.into_values().for_each(|events| merge(known, events));
            pending.waiting.push(tell);
            pending.waiting.len() == 1
        };
        if is_first {
            tokio::spawn(flush(app.clone()));
        }
        match told.await {
            Ok(true) => Ok(()),
            _ => Err(Problem::internal("events of machines were not kept; send them again")),
        }
    }
}

/// Keeps what is pending, and tells those who wait.
async fn flush(app: App) {
    tokio::time::sleep(GATHER).await;
    let pending = std::mem::take(&mut *app.machines.pending());
    let events: Vec<Events> = pending.events.into_values().flat_map(BTreeMap::into_values).collect();
    let kept = app.store.write(move |tx| -> Result<(), StoreError> {
        events.iter().try_for_each(|events| machine_findings::add(tx, Uuid::now_v7(), events))
    });
    let kept = kept.await.inspect_err(|why| tracing::error!(%why, "events of machines were not kept"));
    for waiting in pending.waiting {
        // Whoever has gone does not wait.
        let _gone = waiting.send(kept.is_ok());
    }
}

/// What was decided about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MachineDecision)]
pub struct Decision {
    /// Who decided, as an actor.
    pub by: String,
    /// Why, or what to look at.
    pub note: String,
    /// The case that came of it.
    #[schema(value_type = Option<String>)]
    pub case: Option<CaseId>,
    /// Its number.
    pub number: Option<String>,
}

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MachineFindingState {
    /// Nobody decided yet.
    Open,
    /// It became a case.
    Accepted,
    /// It was nothing.
    Dismissed,
}

impl MachineFindingState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => machine_findings::OPEN,
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
        }
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        let known = [Self::Open, Self::Accepted, Self::Dismissed].into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| StoreError::corrupt(format!("a finding that is '{text}'")))
    }
}

/// What machines found at one place.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MachineFinding {
    /// Its id.
    pub id: Uuid,
    /// Which source.
    pub source: String,
    /// Kind: a code of the policy.
    pub kind: String,
    /// The spot, where it is known.
    #[schema(value_type = Option<String>)]
    pub spot: Option<SpotId>,
    /// The grid.
    #[schema(value_type = Option<String>)]
    pub grid: Option<UnitId>,
    /// Where it stands.
    pub state: MachineFindingState,
    /// How many events were merged.
    pub events: i64,
    /// The first.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// The last.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
    /// What the last one said.
    pub told: String,
    /// What was decided.
    pub decision: Option<Decision>,
}

fn finding(snapshot: &Snapshot, row: FindingRow) -> Result<MachineFinding, StoreError> {
    let place = Where::read(&row.place)?.place(snapshot);
    let wrong = |why: serde_json::Error| StoreError::corrupt(format!("finding {}: {why}", row.id));
    Ok(MachineFinding {
        state: MachineFindingState::read(&row.state)?,
        decision: match row.decision.as_str() {
            "" => None,
            text => Some(serde_json::from_str(text).map_err(wrong)?),
        },
        id: row.id,
        source: row.source,
        kind: row.kind,
        spot: place.spot,
        grid: place.grid,
        events: row.events,
        first_at: row.first_at,
        last_at: row.last_at,
        told: row.told,
    })
}

/// Findings that wait for a person and that the reader reaches, those that came last first; then those decided lately.
///
/// # Errors
/// The store's.
pub async fn list(app: &App, staff: &Staff, waiting: i64, decided: i64) -> Answer<Vec<MachineFinding>> {
    let rows = app.store.read(move |tx| {
        let mut rows = machine_findings::waiting(tx, waiting)?;
        rows.extend(machine_findings::decided(tx, decided)?);
        Ok::<_, StoreError>(rows)
    });
    let mut findings = Vec::new();
    for row in rows.await? {
        let finding = finding(&staff.snapshot, row)?;
        // A spot that is gone is everybody's to look after who sees the whole.
        if finding.grid.as_ref().is_none_or(|grid| staff.reaches(grid)) {
            findings.push(finding);
        }
    }
    Ok(findings)
}

/// Makes a case of a finding. Of two who decide at once one does.
///
/// # Errors
/// Not found, decided already, or a refusal of the domain.
pub async fn accept(app: &App, staff: &Staff, id: Uuid, note: String) -> Answer<MachineFinding> {
    let open = app.store.write(move |tx| machine_findings::find(tx, id)).await?.ok_or_else(Problem::not_found)?;
    if open.state != machine_findings::OPEN {
        return Err(decided_already());
    }
    let register = register(staff, &open, &note)?;
    let intake = Intake { register, identity: Identity::default(), key: None, at: None };
    let by = staff.actor.clone();
    let settled = move |tx: &mut WriteTx<'_>, made: &Registered| {
        settle(tx, id, &by, MachineFindingState::Accepted, &note, Some(made))
    };
    let (_, row) = super::register_with(app, staff.actor.clone(), intake, settled).await?;
    Ok(finding(&staff.snapshot, row)?)
}

/// Says that a finding is nothing, with why. For the policy's quiet time it does not come back.
///
/// # Errors
/// Not found, or decided already.
pub async fn dismiss(app: &App, staff: &Staff, id: Uuid, note: String) -> Answer<MachineFinding> {
    let by = staff.actor.clone();
    let settled = move |tx: &mut WriteTx<'_>| settle(tx, id, &by, MachineFindingState::Dismissed, &note, None);
    let row = app.store.write(settled).await?;
    Ok(finding(&staff.snapshot, row)?)
}

/// Decides a finding that waits, in this transaction.
fn settle(
    tx: &mut WriteTx<'_>,
    id: Uuid,
    by: &Actor,
    state: MachineFindingState,
    note: &str,
    made: Option<&Registered>,
) -> Result<FindingRow, Stop> {
    let open = machine_findings::find(tx, id)?.filter(|row| row.state == machine_findings::OPEN);
    let row = open.ok_or_else(decided_already)?;
    let (case, number) = made.map(|made| (made.id, made.number.clone())).unzip();
    let decision = Decision { by: by.to_string(), note: note.to_owned(), case, number };
    let body = serde_json::to_string(&decision).map_err(|why| StoreError::other(why.to_string()))?;
    machine_findings::decide(tx, id, state.as_str(), &body)?;
    let told = serde_json::json!({ "finding": id, "kind": row.kind, "place": row.place, "events": row.events,
        "state": state, "decision": decision });
    audit::record(tx, Stream::Works, audit::trace(by, DECIDED, &told))?;
    Ok(FindingRow { state: state.as_str().to_owned(), decision: body, ..row })
}

/// What the record keeps of a decision: a finding itself begins anew when events come again.
#[derive(Debug, Deserialize)]
struct Kept {
    place: String,
    events: i64,
    state: MachineFindingState,
}

/// A decision as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// When.
    pub at: Timestamp,
    /// The grid of the finding, where its place is still known.
    pub grid: Option<UnitId>,
    /// How many events were merged by then.
    pub events: i64,
    /// What was decided.
    pub state: MachineFindingState,
}

/// What was decided from a time until before another, oldest first, at most `limit`, out of the record.
///
/// # Errors
/// The store's.
pub fn decided(
    tx: &mut ReadTx<'_>,
    snapshot: &Snapshot,
    span: (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<Decided>, StoreError> {
    let read = |row: events::EventRow| {
        let wrong = |why: serde_json::Error| StoreError::corrupt(format!("works, event {}: {why}", row.seq));
        let kept: Kept = serde_json::from_str(&row.body).map_err(wrong)?;
        let grid = Where::read(&kept.place)?.place(snapshot).grid;
        Ok(Decided { at: row.at, grid, events: kept.events, state: kept.state })
    };
    events::of_kind(tx, (Stream::Works.id(), DECIDED), span, limit)?.into_iter().map(read).collect()
}

fn decided_already() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "already",
        "this finding was decided already, or is not there",
        "此提示已有处理意见，或已不存在",
    )
}

/// The case that a finding becomes.
fn register(staff: &Staff, row: &FindingRow, note: &str) -> Answer<Register> {
    let snapshot = &staff.snapshot;
    let kind = snapshot.policy.machines.kind(&row.kind);
    let name = kind.map_or(row.kind.as_str(), |kind| &kind.name.zh);
    let place = Where::read(&row.place)?.place(snapshot);
    let spot = place.spot.as_ref().and_then(|id| snapshot.organisation.spot(id)).map(|spot| spot.name.clone());
    let grid = place.grid.as_ref().and_then(|id| snapshot.organisation.unit(id)).map(|unit| unit.name.zh.clone());
    let at = spot.or(grid).unwrap_or_default();
    let title = format!("物联感知：{at}{name}");
    let mut text = format!("{at}“{name}”共报 {} 次。请现场核实处置。", row.events);
    for more in [row.told.as_str(), note].into_iter().filter(|more| !more.is_empty()) {
        text.push_str(&format!("\n{more}"));
    }
    raised::raised(staff, "machine", (title, text), place, kind.map(|kind| kind.category.clone()))
}
