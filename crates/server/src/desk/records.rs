//! Records brought in 导入: cases with the whole of their past, decided before anything is stored, many a transaction.
//!
//! A record that has a number on the platform it comes from is taken once. Nobody is notified of what is past.
//! Nothing here may change a case that is there already.

use std::{collections::BTreeSet, sync::Arc};

use jiban_domain::{
    case::Case,
    command::{Command, Tick},
    decide::{self, Decision, Moment, World},
    event::{Actor, Event},
    ids::RequestId,
    policy::Milestone,
    refusal::Refusal,
};
use jiban_store::{WriteTx, cases};
use jiff::Timestamp;

use super::{Intake, Prepared, Stop, Telling, prepare, save_new};
use crate::{
    app::App,
    http::problem::{Answer, Problem},
    infra::world::Snapshot,
};

/// Most moments at which something falls due between two steps of a record: a bound, far beyond what clocks can raise.
const DUE_MAX: usize = 500;

/// A record with its past, decided and not yet stored.
pub struct Past {
    prepared: Prepared,
    whole: Decision,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is a case now.
    New,
    /// It was one before; nothing was changed.
    There,
}

impl Past {
    /// How many events that were.
    pub fn events(&self) -> usize {
        self.whole.events.len()
    }

    /// The case as it stands after its past. Its number is given when it is stored.
    pub fn case(&self) -> &Case {
        &self.whole.case
    }
}

/// Which of these numbers of another platform are cases already.
///
/// # Errors
/// The store's.
pub async fn known(app: &App, upstream_numbers: Vec<String>) -> Answer<BTreeSet<String>> {
    let found = app.store.read(move |tx| {
        let mut known = BTreeSet::new();
        for number in &upstream_numbers {
            if cases::find_by_upstream(tx, number)?.is_some() {
                known.insert(number.clone());
            }
        }
        Ok::<_, jiban_store::StoreError>(known)
    });
    Ok(found.await?)
}

/// Decides the past of a record that `by` tells of; nothing is stored. `go_on` leads from the registration to everything
/// up to now.
///
/// # Errors
/// A [`Problem`] when the record has no time, or the store fails; inside, a refusal of the domain.
pub async fn decide_past(
    app: &App,
    snapshot: &Snapshot,
    by: Actor,
    intake: Intake,
    unrecorded: &BTreeSet<Milestone>,
    go_on: impl FnOnce(&World<'_>, Decision) -> Result<Decision, Refusal>,
) -> Answer<Result<Past, Refusal>> {
    let at = intake.at.ok_or_else(|| Problem::internal("a record has the time of its registration"))?;
    let prepared = prepare(app, snapshot, by.clone(), intake).await?;
    let world = snapshot.world();
    let moment = Moment { by, now: at, fresh: RequestId(prepared.id.0) };
    let first = decide::bring_in(&world, prepared.id, String::new(), &prepared.register, unrecorded, &moment);
    Ok(first.and_then(|first| go_on(&world, first)).map(|whole| Past { prepared, whole }))
}

/// Stores records in one transaction: all of them, or none where the store fails. The answer is in their order.
///
/// # Errors
/// The store's; then nothing of these records is kept.
pub async fn store(app: &App, snapshot: Arc<Snapshot>, pasts: Vec<Past>) -> Answer<Vec<Kept>> {
    let parts = app.clone();
    let keep_all = move |tx: &mut WriteTx<'_>| -> Result<Vec<Kept>, Stop> {
        pasts.iter().map(|past| keep(tx, &parts, &snapshot, past)).collect()
    };
    let kept = app.store.write(keep_all).await?;
    app.sweeper_nudge.notify_one();
    app.tally_nudge.notify_one();
    Ok(kept)
}

fn keep(tx: &mut WriteTx<'_>, app: &App, snapshot: &Snapshot, past: &Past) -> Result<Kept, Stop> {
    let case = &past.whole.case;
    if let Some(number) = &case.upstream_number
        && cases::find_by_upstream(tx, number)?.is_some()
    {
        return Ok(Kept::There);
    }
    let number = past.prepared.number.in_transaction(tx, case.registered_at)?;
    let whole = numbered(past.whole.clone(), &number);
    save_new(tx, app, snapshot, &whole, &past.prepared, Telling::Nobody)?;
    Ok(Kept::New)
}

/// The decision with the number that the case gets at the last moment, so that a record that is not taken takes none.
fn numbered(mut whole: Decision, number: &str) -> Decision {
    if let Some(Event::Registered(new)) = whole.events.first_mut().map(|recorded| &mut recorded.event) {
        number.clone_into(&mut new.number);
    }
    number.clone_into(&mut whole.case.number);
    whole
}

/// Lets time do what is due up to `until`, each thing at its own moment.
///
/// # Errors
/// None that a case in order meets: sweeping is the program's own right.
pub fn sweep_to(world: &World<'_>, so_far: &mut Decision, until: Timestamp) -> Result<(), Refusal> {
    for _ in 0..DUE_MAX {
        let rules = &world.policy.clocks;
        let next = so_far.case.clocks.iter().filter_map(|clock| clock.next_at(rules.get(&clock.rule)?)).min();
        let Some(next) = next.filter(|next| *next <= until) else { break };
        let due = next.max(so_far.case.changed_at);
        step(world, so_far, &Command::Tick(Tick {}), Actor::System, due, RequestId(so_far.case.id.0))?;
    }
    Ok(())
}

/// One command of a past, at its time; `fresh` is the id of what it begins.
///
/// # Errors
/// The domain's refusal.
pub fn step(
    world: &World<'_>,
    so_far: &mut Decision,
    command: &Command,
    by: Actor,
    at: Timestamp,
    fresh: RequestId,
) -> Result<(), Refusal> {
    let moment = Moment { by, now: at, fresh };
    let decision = decide::decide(world, &so_far.case, command, &moment)?;
    so_far.case = decision.case;
    so_far.events.extend(decision.events);
    Ok(())
}
