//! What must hold after a crash: everything acknowledged is there and is there once, and every clock was judged at its
//! time, once.
//!
//! After each round what that round acknowledged is looked for as people would, over HTTP. At the end every case and
//! every event is read and counted. The arithmetic of clocks is done here anew: asking the domain whether the domain is
//! right would show nothing.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use jiban::{
    app::App,
    desk::{self, Intake, identity::Identity, rows},
};
use jiban_domain::{
    case::{Case, Place, Reporter},
    clock::{Clock, ClockEvent},
    command::Register,
    event::{Actor, Event, Recorded},
    ids::{ChannelId, SpotId},
    policy::{ClockRule, Policy},
};
use jiban_store::{StoreError, cases, events};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::{
    load::{Deed, Done, Tokens},
    node::Installation,
};

/// Longest wait for what is due to be swept: a node looks every five seconds at least.
const SWEEP_MAX: Duration = Duration::from_secs(30);
/// Requests under way at once.
const AT_ONCE: usize = 8;
/// Cases read at once.
const PAGE: i64 = 200;
/// Most events of one case.
const EVENTS_MAX: i64 = 10_000;

/// Ages of a case, in minutes, at which its dispatch clock has something to do, by the policy of Dongmen: an hour while
/// it is not classed, warned at half and at four fifths, breached, and told a level up half an hour later.
const MOMENTS: [i64; 4] = [30, 48, 60, 90];
/// How far ahead these moments lie when a round begins.
const AHEAD_MS: std::ops::Range<i64> = 0..600;

/// Brings in cases registered so long ago that something of their clocks comes due while the round is under load.
pub(crate) async fn bring_in_due(installation: &Installation, count: usize, random: &mut StdRng) -> Vec<String> {
    let app = installation.app().await;
    let mut ids = Vec::new();
    for _ in 0..count {
        let age = SignedDuration::from_mins(*MOMENTS.choose(random).unwrap());
        let at = Timestamp::now() - age + SignedDuration::from_millis(random.random_range(AHEAD_MS));
        let register = Register {
            origin: None,
            channel: ChannelId::new("qr").unwrap(),
            first_receiver: None,
            title: String::new(),
            text: "路灯不亮".to_owned(),
            place: Place { spot: Some(SpotId::new("s001").unwrap()), ..Place::default() },
            reporter: Reporter { anonymous: false, contactable: true },
            complained_about: None,
            upstream_number: None,
            received_by_leader: None,
            proposal: None,
        };
        let at = Some(Timestamp::from_millisecond(at.as_millisecond()).unwrap());
        let (name, phone) = ("林小满".to_owned(), "13912345678".to_owned());
        let intake = Intake { register, identity: Identity { name, phone, ..Identity::default() }, key: None, at };
        let done = desk::register(&app, Actor::Reporter, intake).await;
        ids.push(done.unwrap_or_else(|why| panic!("a case cannot be brought in: {}", why.title)).id.to_string());
    }
    app.store.close().await;
    ids
}

/// Everything that was acknowledged so far.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Texts of cases, with their answers.
    submitted: HashMap<String, Value>,
    acted: Vec<Act>,
    brought_in: HashSet<String>,
}

/// An acknowledged command.
#[derive(Clone)]
struct Act {
    case: String,
    kind: &'static str,
    text: Option<String>,
}

/// What a run comes to.
pub(crate) struct Figures {
    submissions: usize,
    commands: usize,
    lost: usize,
    doubled: usize,
    cases: usize,
    events: usize,
    clocks: Tally,
}

/// What was seen of clocks.
#[derive(Default)]
struct Tally {
    clocks: usize,
    warnings: u32,
    met: usize,
    breached: usize,
    levels: u32,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { submissions, commands, lost, doubled, cases, events, clocks: Tally { clocks, .. } } = self;
        let Tally { warnings, met, breached, levels, .. } = self.clocks;
        write!(
            f,
            "{submissions} submissions and {commands} commands acknowledged, {lost} lost, {doubled} doubled; {clocks} \
             clocks in {cases} cases with {events} events checked: {warnings} warnings, {met} met, {breached} breached, \
             {levels} levels raised"
        )
    }
}

/// What is wrong, gathered so that a failing run tells more than the first of it.
struct Faults {
    lost: usize,
    doubled: usize,
    told: Vec<String>,
}

impl Faults {
    fn new() -> Self {
        Self { lost: 0, doubled: 0, told: Vec::new() }
    }

    /// Where something must be there exactly once: how often it is.
    fn once(&mut self, found: usize, what: impl fmt::Display) {
        match found {
            0 => self.lost += 1,
            1 => return,
            _ => self.doubled += 1,
        }
        self.told.push(format!("{what}: there {found} times"));
    }

    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.told.push(what());
        }
    }

    fn end(&self, run: &str) {
        let some: Vec<&str> = self.told.iter().take(30).map(String::as_str).collect();
        let (count, lost, doubled) = (self.told.len(), self.lost, self.doubled);
        assert!(count == 0, "{run}: {count} faults, {lost} lost, {doubled} doubled:\n{}", some.join("\n"));
    }
}

impl Ledger {
    /// Notes cases that were brought in.
    pub(crate) fn brought_in(&mut self, ids: &[String]) {
        self.brought_in.extend(ids.iter().cloned());
    }

    /// Takes over what a round acknowledged and looks for each of it at this node, as people would.
    pub(crate) async fn check_round(&mut self, run: &str, base: &str, tokens: &Tokens, done: Vec<Done>) {
        let (mut tickets, mut acted) = (Vec::new(), HashMap::<String, Vec<Act>>::new());
        for Done { deed, answer } in done {
            match deed {
                Deed::Submit { text } => {
                    tickets.push(answer.clone());
                    let before = self.submitted.insert(text, answer);
                    assert!(before.is_none(), "a client submits a text once");
                }
                Deed::Act { case, kind, text } => {
                    let act = Act { case: case.clone(), kind, text };
                    self.acted.push(act.clone());
                    acted.entry(case).or_default().push(act);
                }
            }
        }
        let http = reqwest::Client::new();
        let mut faults = Faults::new();
        let tracked = stream::iter(tickets).map(|answer| {
            let ticket = json!({ "number": answer["number"], "code": answer["tracking_code"] });
            let request = http.post(format!("{base}/api/v1/public/track")).json(&ticket);
            async move { (answer, found(request).await) }
        });
        let tracked: Vec<(Value, Value)> = tracked.buffer_unordered(AT_ONCE).collect().await;
        for (answer, page) in tracked {
            faults.once(usize::from(page["number"] == answer["number"]), format!("tracked {}", answer["number"]));
        }
        let timelines = stream::iter(acted).map(|(case, acts)| {
            let url = format!("{base}/api/v1/cases/{case}/timeline?limit=500");
            let request = http.get(url).bearer_auth(&tokens["xlb1"]);
            async move { (acts, found(request).await) }
        });
        let timelines: Vec<(Vec<Act>, Value)> = timelines.buffer_unordered(AT_ONCE).collect().await;
        for (acts, timeline) in timelines {
            let none = Vec::new();
            let entries = timeline.as_array().unwrap_or(&none);
            for act in acts {
                let fits = |entry: &&Value| entry["event"]["type"] == act.kind && act.is_in(&entry["event"]);
                faults.once(entries.iter().filter(fits).count(), format!("{} of case {}", act.kind, act.case));
            }
        }
        faults.end(run);
    }

    /// Waits until time has done what is due, then reads every case with all its events and checks everything.
    pub(crate) async fn check_all(&self, run: &str, installation: &Installation) -> Figures {
        let app = installation.app().await;
        let now = swept(&app).await;
        let policy = app.snapshot().policy.clone();
        let mut faults = Faults::new();
        let mut by_text = HashMap::<String, Vec<String>>::new();
        let mut by_case = HashMap::new();
        let mut figures = Figures {
            submissions: self.submitted.len(),
            commands: self.acted.len(),
            lost: 0,
            doubled: 0,
            cases: 0,
            events: 0,
            clocks: Tally::default(),
        };
        let mut after = None;
        loop {
            let page = page(&app, after).await;
            let Some((case, _)) = page.last() else { break };
            after = Some((case.registered_at, case.id.0));
            for (case, events) in page {
                figures.cases += 1;
                figures.events += events.len();
                clocks(&policy, &case, &events, now, (&mut faults, &mut figures.clocks));
                let id = case.id.to_string();
                faults.must(Case::fold(&events).as_ref() == Some(&case), || {
                    format!("case {id} is not the fold of its events")
                });
                if !self.brought_in.contains(&id) {
                    by_text.entry(case.text.clone()).or_default().push(id.clone());
                }
                by_case.insert(id, events);
            }
        }
        for id in &self.brought_in {
            faults.once(usize::from(by_case.contains_key(id)), format!("case {id}, brought in"));
        }
        for (text, answer) in &self.submitted {
            let ids = by_text.remove(text).unwrap_or_default();
            faults.once(ids.len(), format!("the case '{text}'"));
            faults.must(ids.iter().all(|id| answer["id"] == **id), || format!("'{text}' is another case than told"));
        }
        // Whatever was asked was asked until it was acknowledged: a case besides those is one too many.
        for (text, ids) in &by_text {
            faults.doubled += 1;
            faults.told.push(format!("'{text}' was never acknowledged and is there: {ids:?}"));
        }
        for act in &self.acted {
            let events = by_case.get(&act.case).map_or(&[][..], Vec::as_slice);
            let of_kind = events.iter().filter(|recorded| recorded.event.kind() == act.kind);
            let found = of_kind.filter(|recorded| act.is_in(&serde_json::to_value(&recorded.event).unwrap()));
            faults.once(found.count(), format!("{} of case {}", act.kind, act.case));
        }
        (figures.lost, figures.doubled) = (faults.lost, faults.doubled);
        app.store.close().await;
        faults.end(run);
        figures
    }
}

impl Act {
    /// Whether an event of its kind is this one.
    fn is_in(&self, event: &Value) -> bool {
        self.text.as_ref().is_none_or(|text| event["text"] == **text)
    }
}

/// The answer of a reading request; null where it is no success.
async fn found(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    if answer.status().is_success() { answer.json().await.unwrap() } else { Value::Null }
}

/// Waits until nothing is due any more; the moment for which that is so.
async fn swept(app: &App) -> Timestamp {
    let began = Instant::now();
    loop {
        let (next, now) = app.store.read(|tx| Ok::<_, StoreError>((cases::next_due(tx)?, tx.now()))).await.unwrap();
        if next.is_none_or(|next| next > now) {
            return now;
        }
        assert!(began.elapsed() < SWEEP_MAX, "a clock due at {next:?} is not swept; it is {now}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Some cases in the order of registration, each with all its events, as they are at one moment.
async fn page(app: &App, after: Option<(Timestamp, uuid::Uuid)>) -> Vec<(Case, Vec<Recorded>)> {
    let read = app.store.read(move |tx| {
        let rows = cases::registered_between(tx, Timestamp::UNIX_EPOCH, Timestamp::MAX, after, PAGE)?;
        let one = |row: cases::CaseRow| -> Result<_, StoreError> {
            let events = events::events(tx, row.case_id, 0, EVENTS_MAX)?;
            Ok((rows::case(&row)?, events.iter().map(rows::recorded).collect::<Result<_, _>>()?))
        };
        rows.into_iter().map(one).collect::<Result<Vec<_>, StoreError>>()
    });
    read.await.unwrap()
}

/// What was told of one clock so far.
#[derive(Default)]
struct Told {
    started: usize,
    warned: u32,
    raised: u32,
    met: usize,
    /// Met, breached or cancelled: each clock ends so once.
    ends: usize,
    /// Nothing more may be told of it.
    over: bool,
}

/// Checks every clock of a case against its events.
fn clocks(
    policy: &Policy,
    case: &Case,
    events: &[Recorded],
    now: Timestamp,
    (faults, tally): (&mut Faults, &mut Tally),
) {
    let Some((first, rest)) = events.split_first() else { return };
    let Some(mut fold) = Case::born(first) else { return };
    let mut told = BTreeMap::<String, Told>::new();
    for recorded in rest {
        if let Event::Clock(event) = &recorded.event {
            let clock = fold.clocks.iter().find(|clock| clock.key == event.key());
            let rule = clock.and_then(|clock| policy.clocks.get(&clock.rule));
            let so_far = told.entry(event.key().to_owned()).or_default();
            let holds = match (event, clock.zip(rule)) {
                (ClockEvent::Started(_), _) => true,
                (_, Some(of)) => judged_well(event, recorded.at, of, so_far),
                (_, None) => false,
            };
            faults.must(holds && !so_far.over, || format!("case {}: {event:?} at {}", case.id, recorded.at));
            so_far.note(event);
        }
        fold.evolve(recorded);
    }
    for clock in &case.clocks {
        let key = &clock.key;
        let name = || format!("case {}, clock {key}", case.id);
        let (Some(told), Some(rule)) = (told.get(key), policy.clocks.get(&clock.rule)) else {
            faults.told.push(format!("{} was never started", name()));
            continue;
        };
        tally.clocks += 1;
        tally.warnings += told.warned;
        tally.levels += told.raised;
        tally.breached += usize::from(told.raised > 0);
        tally.met += told.met;
        faults.must(told.started == 1, || format!("{} started {} times", name(), told.started));
        faults.must(told.ends <= 1, || format!("{} ended {} times", name(), told.ends));
        let reached = |moment: &Timestamp| *moment <= now;
        if told.ends == 0 {
            faults.must(clock.due_at >= now, || format!("{} should have ended at {}", name(), clock.due_at));
            let warnings = (0..rule.warn_at.len()).filter_map(|nth| warning(clock, rule, nth)).filter(reached).count();
            faults.must(told.warned as usize >= warnings, || format!("{} missed a warning", name()));
        } else if !told.over {
            let levels = (0..rule.breach.len()).filter_map(|nth| level(clock, rule, nth)).filter(reached).count();
            faults.must(told.raised as usize >= levels, || format!("{} missed a level of its breach", name()));
        }
    }
}

/// Whether this may happen to a clock at this moment, after what was told of it.
fn judged_well(event: &ClockEvent, at: Timestamp, (clock, rule): (&Clock, &ClockRule), told: &Told) -> bool {
    let due = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= at);
    match event {
        ClockEvent::Started(_) => false,
        ClockEvent::Warned { warning: number, .. } => {
            *number == told.warned + 1 && told.ends == 0 && due(warning(clock, rule, told.warned as usize))
        }
        ClockEvent::Met { .. } => told.ends == 0 && at <= clock.due_at,
        ClockEvent::Breached { level: 1, .. } => told.ends == 0 && at > clock.due_at,
        ClockEvent::Breached { level: number, .. } => {
            *number == told.raised + 1 && told.raised > 0 && due(level(clock, rule, told.raised as usize))
        }
        ClockEvent::StoppedLate { late_s, .. } => told.raised > 0 && *late_s > 0,
        ClockEvent::Cancelled { .. } => true,
        ClockEvent::Recomputed { .. } => told.ends == 0,
    }
}

/// When a warning is due, counted from 0.
fn warning(clock: &Clock, rule: &ClockRule, nth: usize) -> Option<Timestamp> {
    let whole = clock.due_at.as_millisecond() - clock.started_at.as_millisecond();
    let thousandths = (rule.warn_at.get(nth)? * 1_000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "a share of the time is at most one")]
    let share = thousandths as i64;
    Timestamp::from_millisecond(clock.started_at.as_millisecond() + whole * share / 1_000).ok()
}

/// When a level of a breach is due, counted from 0.
fn level(clock: &Clock, rule: &ClockRule, nth: usize) -> Option<Timestamp> {
    let after = i64::from(rule.breach.get(nth)?.after_minutes);
    Some(clock.due_at + SignedDuration::from_mins(after))
}

impl Told {
    fn note(&mut self, event: &ClockEvent) {
        match event {
            ClockEvent::Started(_) => self.started += 1,
            ClockEvent::Warned { .. } => self.warned += 1,
            ClockEvent::Breached { .. } => {
                self.ends += usize::from(self.raised == 0);
                self.raised += 1;
            }
            ClockEvent::Met { .. } => (self.met, self.ends, self.over) = (self.met + 1, self.ends + 1, true),
            ClockEvent::Cancelled { .. } => {
                (self.ends, self.over) = (self.ends + usize::from(self.raised == 0), true);
            }
            ClockEvent::StoppedLate { .. } => self.over = true,
            ClockEvent::Recomputed { .. } => {}
        }
    }
}
