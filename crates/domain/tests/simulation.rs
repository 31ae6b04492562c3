//! Random people do random things at random times, and the mechanism holds.
//!
//! A failing run tells its seed; `JIBAN_SEED=… cargo nextest run -p jiban-domain simulation` runs that one alone, and
//! `JIBAN_SEEDS=100000` as many.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use common::{
    Town,
    always::{PRIVATE, Stream, round_trip},
    chance::Chance,
    life, local,
};
use jiban_domain::{
    calendar::{Calendar, HolidayDay, HolidayYear},
    case::{Case, State},
    clock::{Clock, Standing},
    command::{self as cmd, Act, Command},
    decide::{self, Moment, World},
    event::Actor,
    ids::{CaseId, RequestId},
    policy::{Length, Milestone},
    refusal::Refusal,
};
use jiff::{SignedDuration, Timestamp, ToSpan};

/// Runs every seed, or the one that is asked for; a failure says which seed it was.
fn for_each_seed(name: &str, seeds: std::ops::Range<u64>, run: impl Fn(u64)) {
    let asked = std::env::var("JIBAN_SEED").ok().map(|text| text.parse::<u64>().expect("JIBAN_SEED is a number"));
    let many = std::env::var("JIBAN_SEEDS").ok().map(|text| text.parse::<u64>().expect("JIBAN_SEEDS is a number"));
    let seeds = asked.map_or(seeds.start..many.unwrap_or(seeds.end), |seed| seed..seed + 1);
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
            panic!("seed {seed}: {text}\nagain: JIBAN_SEED={seed} cargo nextest run -p jiban-domain {name}");
        }
    }
}

/// The town as it is, the town after some have left and a grid was closed, each with and without the next calendar.
struct Worlds([Town; 2], Calendar);

impl Worlds {
    fn new() -> Self {
        let later = Town::with_organisation(|draft| {
            for id in ["zfd2", "xlb3", "leader3", "c02a"] {
                draft.people.get_mut(id).unwrap().active = false;
            }
            draft.units.get_mut("lh.dm.c02.g03").unwrap().active = false;
        });
        let off = |date: &str, off| HolidayDay { name: "元旦".into(), date: date.parse().unwrap(), is_off_day: off };
        let next = HolidayYear {
            year: 2027,
            days: vec![off("2026-12-31", true), off("2027-01-01", true), off("2027-01-03", false)],
        };
        let calendar = Calendar::build(common::ZONE, [common::years(), vec![next]].concat()).unwrap();
        Self([Town::dongmen().clone(), later], calendar)
    }

    fn pick(&self, later: bool, announced: bool) -> World<'_> {
        let world = self.0[usize::from(later)].world();
        World { calendar: if announced { &self.1 } else { world.calendar }, ..world }
    }
}

fn decide(world: &World<'_>, stream: &mut Stream, command: &Command, moment: &Moment) -> Result<(), Refusal> {
    let before = stream.case.clone();
    let outcome = decide::decide(world, &stream.case, command, moment);
    assert_eq!(
        outcome,
        decide::decide(world, &stream.case, command, moment),
        "a decision depends on its arguments alone"
    );
    assert_eq!(stream.case, before, "deciding changes nothing");
    match outcome {
        Ok(decision) => {
            let quiet = matches!(command, Command::Tick(_) | Command::Recalendar(_));
            assert!(quiet || !decision.events.is_empty(), "{command:?} was carried out and left no trace");
            stream.take(world, decision);
            Ok(())
        }
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty() && !refusal.zh().is_empty());
            assert!(!format!("{refusal} {}", refusal.zh()).contains(PRIVATE), "{refusal}");
            Err(refusal)
        }
    }
}

fn born(world: &World<'_>, chance: &mut Chance, at: Timestamp, by: Actor) -> Stream {
    let moment = Moment { by, now: at, fresh: RequestId(chance.uuid()) };
    let new = life::intake(world, chance);
    let (id, number) = (CaseId(chance.uuid()), "DM20261201-00001".to_owned());
    let first = if chance.once_in(8) {
        // A record of another platform, which leaves something unsaid.
        let unsaid = [Milestone::Contacted, Milestone::Verified, Milestone::OpinionFiled, Milestone::FollowedUp];
        let unrecorded = unsaid.into_iter().filter(|_| chance.once_in(2)).collect();
        decide::bring_in(world, id, number, &new, &unrecorded, &Moment { by: Actor::Upstream, ..moment })
    } else {
        decide::register(world, id, number, &new, &moment)
    };
    Stream::begin(world, first.unwrap_or_else(|refusal| panic!("{refusal}: {new:?}")))
}

/// How often each act was carried out and refused.
type Tally = BTreeMap<Act, (usize, usize)>;

/// One case, 60 steps of whatever comes.
fn anything_goes(worlds: &Worlds, seed: u64, tally: &mut Tally) {
    let mut chance = Chance::new(seed);
    let (turn, news) = (chance.range(10, 60), chance.range(10, 60));
    let mut now = local("2026-12-01T08:00:00") + SignedDuration::from_mins(chance.range(0, 45_000));
    let mut stream = born(&worlds.pick(false, false), &mut chance, now, Actor::System);
    let mut sent: Vec<(Command, Moment)> = Vec::new();
    for step in 0..60 {
        let world = worlds.pick(step > turn, step > news);
        now = next_time(&mut chance, &stream, &world, now);
        let again = !sent.is_empty() && chance.percent(15);
        let (command, mut moment) = if again {
            sent[usize::try_from(chance.range(0, i64::try_from(sent.len()).unwrap())).unwrap()].clone()
        } else {
            let (by, command) = next_command(&world, &stream, &mut chance);
            (command, Moment { by, now, fresh: RequestId(chance.uuid()) })
        };
        if chance.once_in(2) {
            moment.now = now; // a late delivery says the time of the delivery; else it comes from a clock gone wrong
        }
        assert!(matches!(&command, Command::Tick(_)) || round_trip(&command) == command, "a command survives JSON");
        let (done, refused) = tally.entry(command.act()).or_default();
        match decide(&world, &mut stream, &command, &moment) {
            Ok(()) => *done += 1,
            Err(_) => *refused += 1,
        }
        sent.push((command, moment));
    }
    // The calendar changed on the way: of what counts by working days a replay knows from the start what was told later.
    let by_minutes = |clock: &Clock| matches!(clock.length, Length::Minutes(_));
    a_replay_gives_the_same_clocks(&worlds.pick(true, true), &stream, stream.case.changed_at, by_minutes);
}

/// Under the policy it was recorded under, a case has the clocks that it had. When somebody looked decides only which
/// warnings were given: one that comes late leaves out what the breach has overtaken.
fn a_replay_gives_the_same_clocks(world: &World<'_>, stream: &Stream, until: Timestamp, of: impl Fn(&Clock) -> bool) {
    let replay = decide::replay(world, world.policy, &stream.events, until).unwrap();
    assert_eq!(replay.unknown_classes.len(), 0);
    let clocks = |clocks: &[Clock]| clocks.iter().filter(|clock| of(clock)).cloned().collect::<Vec<_>>();
    let (recorded, replayed) = (clocks(&stream.case.clocks), clocks(&replay.case.clocks));
    assert_eq!(recorded.len(), replayed.len());
    for (recorded, replayed) in recorded.into_iter().zip(replayed) {
        let warned = replayed.warned;
        assert_eq!(Clock { warned, ..recorded }, replayed);
        let levels = replay.told.iter().filter(|told| told.clock == replayed.key && told.level.is_some()).count();
        assert_eq!(levels, replayed.raised as usize, "each level tells once");
    }
    assert_eq!(replay.case.milestones, stream.case.milestones, "people did the same");
}

/// Exactly the first contacts that took longer than half of the ten minutes are late when half is given.
fn half_the_time_to_call_is_late_for_whoever_took_longer(
    halved: &Town,
    world: &World<'_>,
    stream: &Stream,
    until: Timestamp,
) {
    let replay = decide::replay(&halved.world(), world.policy, &stream.events, until).unwrap();
    let calls = |case: &Case| case.clocks.iter().filter(|c| c.rule.as_str() == "contact").cloned().collect::<Vec<_>>();
    for (was, would) in calls(&stream.case).into_iter().zip(calls(&replay.case)) {
        let ended = match was.standing {
            Standing::Running => until,
            Standing::Met { at } | Standing::Cancelled { at } => at,
            Standing::Breached { .. } => Timestamp::MAX,
        };
        let late = matches!(would.standing, Standing::Breached { .. });
        assert_eq!(late, ended > was.started_at + 5.minutes(), "{} {was:?} {would:?}", was.key);
    }
}

fn next_command(world: &World<'_>, stream: &Stream, chance: &mut Chance) -> (Actor, Command) {
    if chance.percent(45)
        && let Some((_, by, command)) = life::sensible(world, &stream.case, chance)
    {
        return (by, command);
    }
    if chance.percent(20) {
        let command = if chance.once_in(5) { cmd::Recalendar {}.into() } else { cmd::Tick {}.into() };
        return (Actor::System, command);
    }
    let command = life::any(world, &stream.case, *chance.pick(Act::ALL), chance);
    (life::whoever(world, &stream.case, &command, chance), command)
}

/// Soon, much later, just around a due time, or in the past.
fn next_time(chance: &mut Chance, stream: &Stream, world: &World<'_>, now: Timestamp) -> Timestamp {
    let due: Vec<Timestamp> = stream
        .case
        .clocks
        .iter()
        .flat_map(|clock| [Some(clock.due_at), clock.next_at(&world.policy.clocks[&clock.rule])])
        .flatten()
        .collect();
    match chance.range(0, 20) {
        0..12 => now + chance.range(0, 900_000).milliseconds(),
        12..15 if !due.is_empty() => *chance.pick(&due) + chance.range(-2, 3).milliseconds(),
        15 => now + chance.range(0, 900_000_000).microseconds(),
        16 => now - chance.range(0, 90_000_000).milliseconds(),
        17 => now + chance.range(0, 864_000).seconds(),
        _ => now + chance.range(0, 20_000).seconds(),
    }
}

#[test]
fn simulation_of_whatever_people_do_at_whatever_time() {
    let worlds = Worlds::new();
    let tally = RefCell::new(Tally::new());
    for_each_seed("simulation_of_whatever", 0..4_000, |seed| anything_goes(&worlds, seed, &mut tally.borrow_mut()));
    if std::env::var_os("JIBAN_SEED").is_none() {
        for act in Act::ALL {
            let (done, refused) = tally.borrow().get(act).copied().unwrap_or_default();
            assert!(done >= 50 && refused >= 50, "{} was done {done} times and refused {refused} times", act.slug());
        }
    }
}

/// A year of the subdistrict: about 4,000 cases, swept at the moments when something is due, with faults thrown in.
#[test]
fn simulation_of_a_year_of_the_subdistrict() {
    let worlds = Worlds::new();
    let world = worlds.pick(false, false);
    let halved = Town::with_policy(|policy| {
        let lengths = policy.clocks.get_mut("contact").unwrap().length.values_mut();
        lengths.for_each(|length| *length = Length::Minutes(5));
    });
    let states = RefCell::new(BTreeMap::<State, usize>::new());
    for_each_seed("simulation_of_a_year", 0..4_000, |seed| {
        let mut chance = Chance::new(seed ^ 0x5eed_0000);
        let at = local("2025-01-01T00:00:00") + SignedDuration::from_secs(chance.range(0, 365 * 24 * 3_600));
        let until = local("2026-04-01T00:00:00");
        let stream = a_life(&world, &mut chance, at, until);
        a_replay_gives_the_same_clocks(&world, &stream, until, |_| true);
        half_the_time_to_call_is_late_for_whoever_took_longer(&halved, &world, &stream, until);
        *states.borrow_mut().entry(stream.case.state).or_default() += 1;
    });
    if std::env::var_os("JIBAN_SEED").is_none() {
        let states = states.into_inner();
        let closed = states.get(&State::Closed).copied().unwrap_or_default();
        assert!(closed > 3_400, "most cases come to their end: {states:?}");
        assert!(states.contains_key(&State::Declined), "{states:?}");
    }
}

fn a_life(world: &World<'_>, chance: &mut Chance, at: Timestamp, until: Timestamp) -> Stream {
    let mut stream = born(world, chance, at, Actor::System);
    for _ in 0..120 {
        let Some((after, by, command)) = life::sensible(world, &stream.case, chance) else { break };
        let now = stream.case.changed_at + after.seconds();
        if now > until {
            break;
        }
        sweep(world, chance, &mut stream, now);
        let moment = Moment { by, now, fresh: RequestId(chance.uuid()) };
        let outcome = decide(world, &mut stream, &command, &moment);
        // Faults: the answer is lost and it is sent again, at once or by a clock an hour slow; a stranger tries.
        if outcome.is_ok() && chance.once_in(10) {
            let slow = now - chance.range(0, 3_600).seconds();
            let again = Moment { now: if chance.once_in(2) { slow } else { now }, ..moment };
            let _refused_or_done_twice = decide(world, &mut stream, &command, &again);
        }
        if chance.once_in(10) {
            let stranger = Moment { by: common::desk::actor("admin"), now, fresh: RequestId(chance.uuid()) };
            assert!(decide(world, &mut stream, &command, &stranger).is_err(), "an administrator handles no cases");
        }
    }
    sweep(world, chance, &mut stream, until);
    stream
}

/// Lets time do what is due, each thing at its moment; now and then the sweeper is down and comes late.
fn sweep(world: &World<'_>, chance: &mut Chance, stream: &mut Stream, until: Timestamp) {
    for _ in 0..200 {
        let rules = &world.policy.clocks;
        let next = stream.case.clocks.iter().filter_map(|clock| clock.next_at(&rules[&clock.rule])).min();
        let Some(next) = next.filter(|next| *next <= until) else { return };
        let down = if chance.once_in(20) { chance.range(0, 7_200) } else { 0 };
        let now = (next + down.seconds()).min(until);
        let before = stream.events.len();
        let moment = Moment { by: Actor::System, now, fresh: RequestId(chance.uuid()) };
        decide(world, stream, &cmd::Tick {}.into(), &moment).unwrap();
        assert!(stream.events.len() > before, "the sweeper was woken at {now} for nothing, and would be for ever");
    }
    panic!("no end of things due before {until}");
}
