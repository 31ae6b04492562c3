//! Calls to duty posts that nobody answered 值班来电: rung on, in the order of the roster, until somebody takes them; leaders are
//! told where nobody does.

use std::{collections::BTreeSet, sync::Arc};

use jiban_domain::{
    duty::{DutyCall, Rung},
    event::Actor,
    ids::{DutyCallId, PersonId, PostId, UnitId},
    refusal::Refusal,
};
use jiban_store::{StoreError, WriteTx};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::works::{self, Done, Work};
use crate::{
    app::App,
    desk::telling::{self, Words},
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Calls that are rung on in one go.
const DUE_AT_ONCE: i64 = 100;

impl Work for DutyCall {
    const KIND: &'static str = "duty_call";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.unit
    }

    fn state(&self) -> &'static str {
        self.state.as_str()
    }

    fn next_at(&self, snapshot: &Snapshot) -> Option<Timestamp> {
        DutyCall::next_at(self, snapshot.policy.duty)
    }
}

/// A call came in and nobody answered: the first on duty is rung at once.
///
/// # Errors
/// A post that the policy lacks, a unit that the reader does not reach, a note that is too long.
pub async fn begin(app: &App, staff: &Staff, unit: UnitId, post: PostId, note: String) -> Answer<DutyCall> {
    let snapshot = Arc::clone(&staff.snapshot);
    if !snapshot.policy.duty_posts.contains_key(&post) {
        return Err(Problem::field("post", "a duty post of the policy", "应为机制中的值班岗"));
    }
    if snapshot.organisation.unit(&unit).is_none_or(|unit| !unit.active) {
        return Err(Refusal::unknown("unit", &unit).into());
    }
    let (note, _) = jiban_text::mask_personal(&note);
    let (parts, by) = (app.clone(), staff.actor.clone());
    let begun = app.store.write(move |tx| -> Result<Result<DutyCall, Refusal>, StoreError> {
        let (id, place) = (DutyCallId(Uuid::now_v7()), (unit.clone(), post.clone()));
        let mut call = match DutyCall::begin(id, place, &note, &by, tx.now()) {
            Ok(call) => call,
            Err(refusal) => return Ok(Err(refusal)),
        };
        ring(tx, &parts, &snapshot, &mut call)?;
        works::put(tx, &snapshot, &call, &by, &("duty_call", json!({ "unit": call.unit, "post": call.post })))?;
        Ok(Ok(call))
    });
    let call = begun.await??;
    app.outbox_nudge.notify_one();
    Ok(call)
}

/// Rings the next one, and tells whom it concerns. Returns whether anything happened.
fn ring(tx: &mut WriteTx<'_>, app: &App, snapshot: &Snapshot, call: &mut DutyCall) -> Result<bool, StoreError> {
    let (organisation, now) = (&snapshot.organisation, tx.now());
    let on_duty = organisation.on_duty(&call.post, &call.unit, now);
    let on_duty: Vec<PersonId> = on_duty.into_iter().map(|person| person.id.clone()).collect();
    let code = call.post.clone();
    let post = snapshot.policy.duty_posts.get(&code);
    let (zh, en) = post.map_or((code.as_str(), code.as_str()), |name| (&name.zh, &name.en));
    let (to, zh, en): (BTreeSet<PersonId>, _, _) = match call.ring_on(&on_duty, snapshot.policy.duty, now) {
        Rung::Nothing => return Ok(false),
        Rung::Next(person) => (
            [person].into(),
            format!("{zh}来电无人接听，请您接听或回拨"),
            format!("{en}: a call that nobody answered; please answer it or call back"),
        ),
        Rung::NobodyLeft => (
            organisation.leaders_over(&call.unit).iter().map(|person| person.id.clone()).collect(),
            format!("{zh}来电，值班人员均未接听"),
            format!("{en}: a call that nobody on duty answered"),
        ),
    };
    let words = Words { number: String::new(), zh, en, link: Some("/duty".to_owned()) };
    telling::tell(tx, app, organisation, "duty_call", &to, &words)?;
    Ok(true)
}

/// Rings on for every call whose time has come. Returns how many.
///
/// # Errors
/// The store's; what was rung before stays rung.
pub async fn ring_on(app: &App) -> Answer<usize> {
    // Nearly always nothing is due: the writer is not asked for that.
    let due = app.store.read(|tx| {
        let now = tx.now();
        jiban_store::works::due(tx, DutyCall::KIND, now, DUE_AT_ONCE)
    });
    let due = due.await?;
    if due.is_empty() {
        return Ok(0);
    }
    let snapshot = app.snapshot();
    let parts = app.clone();
    let rung = app.store.write(move |tx| -> Result<usize, StoreError> {
        let mut rung = 0;
        for id in &due {
            let Some(mut call) = works::find_for_update::<DutyCall>(tx, *id)? else { continue };
            if ring(tx, &parts, &snapshot, &mut call)? {
                let told = json!({ "state": call.state, "rung": call.rung.last() });
                works::put(tx, &snapshot, &call, &Actor::System, &("duty_call_rung_on", told))?;
                rung += 1;
            }
        }
        Ok(rung)
    });
    let rung = rung.await?;
    if rung > 0 {
        app.outbox_nudge.notify_one();
    }
    Ok(rung)
}

/// Whether a call is this person's business: they reach the unit, or were rung.
pub fn sees(staff: &Staff, call: &DutyCall) -> bool {
    staff.reaches(&call.unit) || call.rung.iter().any(|ring| ring.person == staff.person)
}

/// Takes a call.
///
/// # Errors
/// Not found, or somebody took it already.
pub async fn take(app: &App, staff: &Staff, id: Uuid) -> Answer<DutyCall> {
    let call: DutyCall = works::find(app, id).await?;
    if !sees(staff, &call) {
        return Err(Problem::not_found());
    }
    let person = staff.person.clone();
    let alter = move |call: &mut DutyCall, now: Timestamp| -> Result<Done, Refusal> {
        call.take(&person, now)?;
        Ok(("duty_call_taken", json!({})))
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, |_: &mut WriteTx<'_>, _| Ok(())).await
}

/// Passes on a call that rings this person: the next is rung at once.
///
/// # Errors
/// Not found, or it does not ring this person.
pub async fn pass(app: &App, staff: &Staff, id: Uuid) -> Answer<DutyCall> {
    let call: DutyCall = works::find(app, id).await?;
    if !sees(staff, &call) {
        return Err(Problem::not_found());
    }
    let person = staff.person.clone();
    let alter = move |call: &mut DutyCall, _: Timestamp| -> Result<Done, Refusal> {
        call.pass(&person)?;
        Ok(("duty_call_passed", json!({})))
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, |_: &mut WriteTx<'_>, _| Ok(())).await?;
    ring_on(app).await?;
    works::find(app, id).await
}
