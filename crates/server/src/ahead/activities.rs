//! Activities and tasks 活动、任务 as they are kept: set by staff for partners of their area, seats taken at the partner's door,
//! attendance confirmed and thanked by staff. Where a step changes both, activity and partner change in one transaction.

use std::sync::Arc;

use jiban_domain::{
    activity::{Act, Activity, ActivityState, Plan},
    event::Actor,
    ids::{ActivityId, UnitId},
    partner::Partner,
    refusal::Refusal,
};
use jiban_store::{ReadTx, StoreError, WriteTx};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{
    partners::{self, Door, PARTNER, masked},
    works::{self, Done, Work},
};
use crate::{
    app::App,
    http::{
        auth::{Organiser, Staff},
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Activities whose end is looked at in one go.
const DUE_AT_ONCE: i64 = 100;
/// Most open activities that a door shows.
const SHOWN_MAX: usize = 50;
/// Open activities read in one go, and most of them that are looked at for one answer.
const STEP: i64 = 50;
const LOOKED_AT_MAX: usize = 1_000;

impl Work for Activity {
    const KIND: &'static str = "activity";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.plan.unit
    }

    fn state(&self) -> &'static str {
        self.state.as_str()
    }

    fn next_at(&self, _: &Snapshot) -> Option<Timestamp> {
        (self.state == ActivityState::Open).then_some(self.plan.until)
    }
}

/// Whether this person may look at an activity: their units' and those below, and those of units over them.
pub fn sees(staff: &Staff, activity: &Activity) -> bool {
    let unit = &activity.plan.unit;
    let over = |own: &UnitId| staff.snapshot.organisation.is_within(own, unit);
    staff.reaches(unit) || staff.reach.iter().any(over)
}

/// An activity as this person may see it: of who takes part only those of units that they reach.
pub fn as_shown(staff: &Staff, mut activity: Activity) -> Activity {
    if !staff.reaches(&activity.plan.unit) {
        activity.seats.clear();
    }
    activity
}

/// Whether this person may lead an activity: confirm, thank, call it off.
pub fn leads(staff: &Staff, activity: &Activity) -> bool {
    Organiser::is(staff) && staff.reaches(&activity.plan.unit)
}

/// Sets an activity for partners of a unit that this person reaches.
///
/// # Errors
/// A refusal that names the field; not found, where the house has no partners.
pub async fn set(app: &App, Organiser(staff): &Organiser, plan: Plan) -> Answer<Activity> {
    let snapshot = Arc::clone(&staff.snapshot);
    let rules = partners::rules(&snapshot)?.clone();
    if !staff.reaches(&plan.unit) {
        return Err(Problem::field("unit", "one of your units", "应为本单位或所属范围"));
    }
    let by = staff.actor.clone();
    let set = app.store.write(move |tx| -> Result<Result<Activity, Refusal>, StoreError> {
        let id = ActivityId(Uuid::now_v7());
        let activity = match Activity::set(id, plan.clone(), &rules, &snapshot.organisation, &by, tx.now()) {
            Ok(activity) => activity,
            Err(refusal) => return Ok(Err(refusal)),
        };
        works::put(tx, &snapshot, &activity, &by, &("activity_set", json!({ "plan": activity.plan })))?;
        Ok(Ok(activity))
    });
    Ok(set.await??)
}

/// One activity that this person may look at.
///
/// # Errors
/// Not found; the store's.
pub async fn find(app: &App, staff: &Staff, id: Uuid) -> Answer<Activity> {
    let activity: Activity = works::find(app, id).await?;
    if sees(staff, &activity) { Ok(activity) } else { Err(Problem::not_found()) }
}

/// Activities that are open now and that `shows` lets through, of these units only where some are given: of the next to end so
/// many as a door shows, those that begin first at the front. What ends later is read only where that many are not yet found.
///
/// # Errors
/// The store's.
pub fn open_now(
    tx: &mut ReadTx<'_>,
    units: Option<&[String]>,
    shows: impl Fn(&Activity) -> bool,
) -> Result<Vec<Activity>, StoreError> {
    let (mut open, mut after, mut looked_at) = (Vec::new(), (tx.now(), Uuid::max()), 0);
    while open.len() < SHOWN_MAX && looked_at < LOOKED_AT_MAX {
        // Only what is open has an end to come.
        let some = jiban_store::works::due_after(tx, Activity::KIND, units, after, STEP)?;
        let Some(end) = some.last().and_then(|row| Some((row.next_at?, row.id))) else { break };
        (after, looked_at) = (end, looked_at + some.len());
        for row in &some {
            let activity: Activity = works::read(row)?;
            if shows(&activity) && open.len() < SHOWN_MAX {
                open.push(activity);
            }
        }
    }
    open.sort_by_key(|activity| activity.plan.from);
    Ok(open)
}

/// Staff do something with an activity. Whether this person may is asked here.
///
/// # Errors
/// Not found, forbidden, or a refusal.
pub async fn act(app: &App, staff: &Staff, id: Uuid, act: Act) -> Answer<Activity> {
    let activity = find(app, staff, id).await?;
    if !leads(staff, &activity) {
        return Err(Problem::forbidden());
    }
    let (by, unit) = (staff.actor.clone(), partners::home(staff, &activity.plan.unit));
    let act = match act {
        Act::Thank { partner, text } => Act::Thank { partner, text: masked(&text) },
        Act::Cancel { reason } => Act::Cancel { reason: masked(&reason) },
        settle @ Act::Settle { .. } => settle,
    };
    let done = (act.kind(), serde_json::to_value(&act).unwrap_or_default());
    let Some(partner) = act.partner() else {
        let alter = move |activity: &mut Activity, now: Timestamp| -> Result<Done, Refusal> {
            if let Act::Cancel { reason } = &act {
                activity.cancel(reason, now)?;
            }
            Ok(done.clone())
        };
        return works::change(app, &staff.snapshot, id, &staff.actor, alter, |_: &mut WriteTx<'_>, _| Ok(())).await;
    };
    let alter = move |partner: &mut Partner, activity: &mut Activity, now: Timestamp| -> Result<Done, Refusal> {
        match &act {
            Act::Settle { came, minutes, .. } => activity.settle(partner, (*came, *minutes), &by, now)?,
            Act::Thank { text, .. } => activity.thank(partner, text, &unit, now)?,
            Act::Cancel { .. } => {}
        }
        Ok(done.clone())
    };
    both(app, &staff.actor, (partner.0, id), alter).await
}

/// Changes a partner and an activity in one transaction. Locked in this order by all.
async fn both(
    app: &App,
    by: &Actor,
    (partner, activity): (Uuid, Uuid),
    alter: impl Fn(&mut Partner, &mut Activity, Timestamp) -> Result<Done, Refusal> + Send + 'static,
) -> Answer<Activity> {
    let (snapshot, by) = (app.snapshot(), by.clone());
    let changed = app.store.write(move |tx| -> Result<Option<Result<Activity, Refusal>>, StoreError> {
        let Some(mut partner) = works::find_for_update::<Partner>(tx, partner)? else { return Ok(None) };
        let Some(mut activity) = works::find_for_update::<Activity>(tx, activity)? else { return Ok(None) };
        let (what, told) = match alter(&mut partner, &mut activity, tx.now()) {
            Ok(done) => done,
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        let told = json!({ "partner": partner.id, "activity": activity.id, "told": told });
        works::put(tx, &snapshot, &partner, &by, &(what, told.clone()))?;
        works::put(tx, &snapshot, &activity, &by, &(what, told))?;
        Ok(Some(Ok(activity)))
    });
    Ok(changed.await?.ok_or_else(Problem::not_found)??)
}

/// A partner takes a seat.
///
/// # Errors
/// Not found, where the door does not open; a refusal.
pub async fn take(app: &App, door: &Door, id: Uuid) -> Answer<Activity> {
    door.open(app).await?;
    let snapshot = app.snapshot();
    let alter = move |partner: &mut Partner, activity: &mut Activity, now: Timestamp| -> Result<Done, Refusal> {
        activity.take(partner, &snapshot.organisation, now)?;
        partner.took(activity);
        Ok(("activity_taken", json!({})))
    };
    both(app, &PARTNER, (door.partner.0, id), alter).await
}

/// A partner gives its seat back.
///
/// # Errors
/// As [`take`].
pub async fn give_back(app: &App, door: &Door, id: Uuid) -> Answer<Activity> {
    door.open(app).await?;
    let alter = move |partner: &mut Partner, activity: &mut Activity, now: Timestamp| -> Result<Done, Refusal> {
        activity.give_back(partner.id, now)?;
        partner.gave_back(activity.id);
        Ok(("activity_given_back", json!({})))
    };
    both(app, &PARTNER, (door.partner.0, id), alter).await
}

/// A partner says that it is done.
///
/// # Errors
/// As [`take`].
pub async fn done(app: &App, door: &Door, id: Uuid, note: &str) -> Answer<Activity> {
    door.open(app).await?;
    let note = masked(note);
    let alter = move |partner: &mut Partner, activity: &mut Activity, now: Timestamp| -> Result<Done, Refusal> {
        activity.done(partner.id, &note, now)?;
        Ok(("activity_done", json!({ "note": note })))
    };
    both(app, &PARTNER, (door.partner.0, id), alter).await
}

/// Ends every activity whose time is over. Returns how many.
///
/// # Errors
/// The store's; what was ended before stays ended.
pub async fn end_due(app: &App) -> Answer<usize> {
    let due = app.store.read(|tx| {
        let now = tx.now();
        jiban_store::works::due(tx, Activity::KIND, now, DUE_AT_ONCE)
    });
    let due = due.await?;
    if due.is_empty() {
        return Ok(0);
    }
    let snapshot = app.snapshot();
    let ended = app.store.write(move |tx| -> Result<usize, StoreError> {
        let mut ended = 0;
        for id in &due {
            let Some(mut activity) = works::find_for_update::<Activity>(tx, *id)? else { continue };
            if activity.end(tx.now()) {
                works::put(tx, &snapshot, &activity, &Actor::System, &("activity_ended", json!({})))?;
                ended += 1;
            }
        }
        Ok(ended)
    });
    Ok(ended.await?)
}
