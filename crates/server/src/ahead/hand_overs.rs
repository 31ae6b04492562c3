//! Hand-over sheets 交接班记录 as they are kept: filled in from what is open, written by who goes, signed by who comes.

use std::sync::Arc;

use jiban_domain::{
    duty::{DutyCall, DutyCallState},
    hand_over::{self, HandOver, OPEN_MAX, Open, OpenCall, OpenCase, Unhanded},
    ids::{HandOverId, UnitId},
    organisation::ShiftKey,
    refusal::Refusal,
};
use jiban_store::{
    ReadTx, StoreError, WriteTx,
    case_list::{self, CaseQuery},
    counters,
};
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::works::{self, Done, Work};
use crate::{
    app::App,
    desk::rows,
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Days back in which a turn without a sheet is told.
const LOOK_BACK_DAYS: i64 = 7;
/// Most turns, the latest, of which it is looked up whether they left a sheet.
const TURNS_MAX: usize = 512;
/// Calls that are looked through: more than wait at once in a city.
const CALLS_MAX: i64 = 2_000;

impl Work for HandOver {
    const KIND: &'static str = "hand_over";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.shift.unit
    }

    fn state(&self) -> &'static str {
        if self.signed_by.is_some() { "signed" } else { "written" }
    }

    fn next_at(&self, _: &Snapshot) -> Option<Timestamp> {
        None
    }
}

/// Whether a sheet is this person's business: they wrote or take it over, or reach the unit.
pub fn sees(staff: &Staff, sheet: &HandOver) -> bool {
    staff.reaches(&sheet.shift.unit)
        || sheet.shift.person == staff.person
        || is_signer(staff, sheet)
        || signs(staff, sheet)
}

fn is_signer(staff: &Staff, sheet: &HandOver) -> bool {
    sheet.signed_by.as_ref() == Some(&staff.person)
}

/// Whether this person may sign a sheet that waits for it.
pub fn signs(staff: &Staff, sheet: &HandOver) -> bool {
    sheet.signed_by.is_none() && sheet.may_sign(staff.snapshot.organisation.draft(), &staff.person)
}

/// The id of the sheet of a turn: a turn has one sheet, so whether it is there is known without reading any. Its time is that
/// at which the turn begins, so that sheets sort by it, as ids do.
pub fn id_of(shift: &ShiftKey) -> HandOverId {
    let ShiftKey { unit, post, person, from } = shift;
    let digest: [u8; 32] = Sha256::digest(format!("{unit} {post} {person} {from}")).into();
    let (rest, millis) = (digest.first_chunk::<10>(), u64::try_from(from.as_millisecond()).unwrap_or(0));
    HandOverId(uuid::Builder::from_unix_timestamp_millis(millis, rest.unwrap_or(&[0; 10])).into_uuid())
}

/// What is open for a unit at the end of a turn.
fn open(tx: &mut ReadTx<'_>, snapshot: &Snapshot, shift: &ShiftKey, to: Timestamp) -> Result<Open, StoreError> {
    let most = i64::try_from(OPEN_MAX).unwrap_or(i64::MAX);
    let mut listed = |query: CaseQuery| -> Result<(Vec<OpenCase>, bool), StoreError> {
        let units = Some(vec![shift.unit.to_string()]);
        let page = case_list::list(tx, &CaseQuery { units, limit: most, ..query })?;
        let read = |row| {
            let case = rows::case(row)?;
            Ok(OpenCase { due: case.next_due(), number: case.number, title: case.title })
        };
        Ok((page.cases.iter().map(read).collect::<Result<_, StoreError>>()?, page.next.is_some()))
    };
    // The policy's classes stand with the most severe first.
    let severe: Vec<String> = snapshot.policy.classes.first().map(|class| class.id.to_string()).into_iter().collect();
    let (urgent, more_urgent) = listed(CaseQuery { classes: severe, ..CaseQuery::default() })?;
    let ahead = i64::from(snapshot.policy.duty.hand_over_minutes).minutes();
    let until = to.saturating_add(ahead).unwrap_or(Timestamp::MAX);
    let (mut due, more_due) = listed(CaseQuery { due_before: Some(until), ..CaseQuery::default() })?;
    due.retain(|case| !urgent.contains(case));
    let mut calls = Vec::new();
    for state in [DutyCallState::Ringing, DutyCallState::Unanswered] {
        let waiting: Vec<DutyCall> = works::list(tx, Some(state.as_str()), None, CALLS_MAX)?;
        calls.extend(waiting.into_iter().filter(|call| call.unit == shift.unit && call.post == shift.post));
    }
    calls.sort_by_key(|call| std::cmp::Reverse(call.at));
    let more = more_urgent || more_due || calls.len() > OPEN_MAX;
    let call = |call: DutyCall| OpenCall { at: call.at, post: call.post, note: call.note };
    Ok(Open { urgent, due, calls: calls.into_iter().take(OPEN_MAX).map(call).collect(), more })
}

/// What a sheet of this turn would tell now.
///
/// # Errors
/// The turn is not the reader's; the store's.
pub async fn draft(app: &App, staff: &Staff, shift: ShiftKey) -> Answer<Open> {
    let turn = staff.snapshot.organisation.draft().shift(&shift).filter(|turn| turn.person == staff.person);
    let to = turn.map(|turn| turn.to);
    let to = to.ok_or_else(|| Problem::field("shift", "a turn of your own", "应为您本人的班次"))?;
    let snapshot = Arc::clone(&staff.snapshot);
    let read = move |tx: &mut ReadTx<'_>| {
        let to = to.max(tx.now());
        open(tx, &snapshot, &shift, to)
    };
    Ok(app.store.read(read).await?)
}

/// Who goes writes the sheet of their turn.
///
/// # Errors
/// A refusal; the turn has a sheet already; the store's.
pub async fn write(app: &App, staff: &Staff, shift: ShiftKey, note: String) -> Answer<HandOver> {
    let (note, _) = jiban_text::mask_personal(&note);
    let staff = staff.clone();
    let written = app.store.write(move |tx| -> Result<Answer<HandOver>, StoreError> {
        let (now, id) = (tx.now(), id_of(&shift));
        let roster = staff.snapshot.organisation.draft();
        // Two who write the sheet of one turn at once come one after the other.
        counters::one_at_a_time(tx, "hand_over.turn")?;
        if works::find_for_update::<HandOver>(tx, id.0)?.is_some() {
            return Ok(Err(Refusal::Already { what: "written", what_zh: "填写" }.into()));
        }
        let to = roster.shift(&shift).map_or(now, |turn| turn.to.max(now));
        let open = open(tx, &staff.snapshot, &shift, to)?;
        let sheet = match HandOver::write(id, (shift.clone(), open), &note, (roster, &staff.person), now) {
            Ok(sheet) => sheet,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let told = json!({ "shift": sheet.shift });
        works::put(tx, &staff.snapshot, &sheet, &staff.actor, &("hand_over_written", told))?;
        Ok(Ok(sheet))
    });
    written.await?
}

/// Who comes signs a sheet.
///
/// # Errors
/// Not found; signed already; somebody who does not take over.
pub async fn sign(app: &App, staff: &Staff, id: Uuid) -> Answer<HandOver> {
    find(app, staff, id).await?;
    let signer = staff.clone();
    let alter = move |sheet: &mut HandOver, now: Timestamp| -> Result<Done, Refusal> {
        sheet.sign(signer.snapshot.organisation.draft(), &signer.person, now)?;
        Ok(("hand_over_signed", json!({})))
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, |_: &mut WriteTx<'_>, _| Ok(())).await
}

/// One sheet that this person may look at.
///
/// # Errors
/// Not found; the store's.
pub async fn find(app: &App, staff: &Staff, id: Uuid) -> Answer<HandOver> {
    let sheet: HandOver = works::find(app, id).await?;
    if sees(staff, &sheet) { Ok(sheet) } else { Err(Problem::not_found()) }
}

/// Turns of the last days in the reader's reach that ended without a sheet.
///
/// # Errors
/// The store's.
pub async fn missing(app: &App, staff: &Staff) -> Answer<Vec<Unhanded>> {
    let reader = staff.clone();
    let read = move |tx: &mut ReadTx<'_>| {
        let now = tx.now();
        let since = now.saturating_sub((LOOK_BACK_DAYS * 24).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut turns = hand_over::handed_on(reader.snapshot.organisation.draft(), since, now);
        turns.retain(|turn| reader.reaches(&turn.shift.unit) || turn.shift.person == reader.person);
        turns.truncate(TURNS_MAX);
        let ids: Vec<Uuid> = turns.iter().map(|turn| id_of(&turn.shift).0).collect();
        let written = jiban_store::works::which_are_there(tx, HandOver::KIND, &ids)?;
        turns.retain(|turn| !written.contains(&id_of(&turn.shift).0));
        Ok::<_, StoreError>(turns)
    };
    Ok(app.store.read(read).await?)
}
