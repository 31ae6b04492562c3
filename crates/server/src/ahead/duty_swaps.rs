//! Swaps of duty 换班 as they are kept: proposed, answered, and where they are agreed written into the roster itself, so that
//! rings, the duty phone and everything else that asks the roster follow at once.

use std::sync::Arc;

use jiban_domain::{
    ids::{DutySwapId, PersonId, UnitId},
    organisation::{Draft, ShiftKey},
    refusal::Refusal,
    swap::{DutySwap, DutySwapAnswer, DutySwapState},
};
use jiban_store::{StoreError, WriteTx, documents};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::works::{self, Work};
use crate::{
    app::App,
    desk::telling::{self, Words},
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::{
        audit::{self, Stream},
        world::Snapshot,
    },
};

impl Work for DutySwap {
    const KIND: &'static str = "duty_swap";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.shift.unit
    }

    fn state(&self) -> &'static str {
        self.state.as_str()
    }

    fn next_at(&self, _: &Snapshot) -> Option<Timestamp> {
        None
    }
}

/// Whether a swap is this person's business: it is theirs, or of a unit that they reach.
pub fn sees(staff: &Staff, swap: &DutySwap) -> bool {
    staff.reaches(&swap.shift.unit) || [&swap.shift.person, &swap.taker].contains(&&staff.person)
}

/// Asks another to take one's own turn.
///
/// # Errors
/// A refusal that names the field; the store's.
pub async fn propose(app: &App, staff: &Staff, shift: ShiftKey, taker: PersonId, reason: String) -> Answer<DutySwap> {
    let (reason, _) = jiban_text::mask_personal(&reason);
    let (parts, staff) = (app.clone(), staff.clone());
    let proposed = app.store.write(move |tx| -> Result<Answer<DutySwap>, StoreError> {
        let id = DutySwapId(Uuid::now_v7());
        let asked = (shift.clone(), taker.clone());
        let roster = staff.snapshot.organisation.draft();
        let swap = match DutySwap::propose(id, asked, &reason, (roster, &staff.person), tx.now()) {
            Ok(swap) => swap,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let told = json!({ "shift": swap.shift, "taker": swap.taker });
        works::put(tx, &staff.snapshot, &swap, &staff.actor, &("duty_swap_proposed", told))?;
        tell(tx, &parts, &staff.snapshot, &swap)?;
        Ok(Ok(swap))
    });
    let swap = proposed.await??;
    app.outbox_nudge.notify_one();
    Ok(swap)
}

/// Answers a swap, or takes it back. What is agreed is in the roster when this returns.
///
/// # Errors
/// Not found; a refusal; somebody else changes the roster at the same moment; the store's.
pub async fn answer(app: &App, staff: &Staff, id: Uuid, answer: DutySwapAnswer) -> Answer<DutySwap> {
    let (parts, staff) = (app.clone(), staff.clone());
    let answered = app.store.write(move |tx| -> Result<Answer<DutySwap>, StoreError> {
        let Some(mut swap) = works::find_for_update::<DutySwap>(tx, id)?.filter(|swap| sees(&staff, swap)) else {
            return Ok(Err(Problem::not_found()));
        };
        let answered = match answer {
            DutySwapAnswer::Agree => agree(tx, &staff, &mut swap)?,
            DutySwapAnswer::Decline => swap.decline(&staff.person, tx.now()),
            DutySwapAnswer::Withdraw => swap.withdraw(&staff.person, tx.now()),
        };
        if let Err(refusal) = answered {
            return Ok(Err(refusal.into()));
        }
        let told = told(&swap);
        works::put(tx, &staff.snapshot, &swap, &staff.actor, &("duty_swap_answered", told))?;
        tell(tx, &parts, &staff.snapshot, &swap)?;
        Ok(Ok(swap))
    });
    let swap = answered.await??;
    if swap.state == DutySwapState::Agreed {
        app.worlds.refresh(&app.store).await.map_err(Problem::internal)?;
    }
    app.outbox_nudge.notify_one();
    Ok(swap)
}

fn told(swap: &DutySwap) -> serde_json::Value {
    json!({ "shift": swap.shift, "taker": swap.taker, "state": swap.state })
}

/// Writes the agreed turn into the roster as it is stored now, which may be newer than what this node holds.
///
/// The organisation's document keeps each of its versions, since a case may be read as it was under an earlier one; an agreed
/// swap is one more, as an import is. There can be no more of them than turns that two people agreed to exchange, one
/// exchange at a time: what is stored grows by what people decide, never by what is asked or declined.
fn agree(tx: &mut WriteTx<'_>, staff: &Staff, swap: &mut DutySwap) -> Result<Result<(), Refusal>, StoreError> {
    let stored = documents::organisation(tx)?.ok_or_else(|| StoreError::corrupt("no organisation is stored"))?;
    let corrupt = |why: serde_json::Error| StoreError::corrupt(format!("the organisation: {why}"));
    let mut roster: Draft = serde_json::from_str(&stored.body).map_err(corrupt)?;
    if let Err(refusal) = swap.agree((&mut roster, &staff.person), tx.now()) {
        return Ok(Err(refusal));
    }
    let body = serde_json::to_string(&roster).map_err(|why| StoreError::other(why.to_string()))?;
    documents::put_organisation(tx, stored.version, &body)?;
    audit::record(tx, Stream::Organisation, audit::trace(&staff.actor, "shift_swapped", &told(swap)))?;
    Ok(Ok(()))
}

/// Tells whoever has to know next: who was asked, or who asked.
fn tell(tx: &mut WriteTx<'_>, app: &App, snapshot: &Arc<Snapshot>, swap: &DutySwap) -> Result<(), StoreError> {
    let organisation = &snapshot.organisation;
    let name = |id: &PersonId| organisation.person(id).map_or_else(|| id.to_string(), |person| person.name.clone());
    let (giver, taker) = (name(&swap.shift.person), name(&swap.taker));
    let when = swap.shift.from.to_zoned(snapshot.calendar.zone().clone()).strftime("%m-%d %H:%M").to_string();
    let (to, zh, en) = match swap.state {
        DutySwapState::Proposed => (
            &swap.taker,
            format!("{giver}请您顶替 {when} 的值班"),
            format!("{giver} asks you to take the turn of duty that begins {when}"),
        ),
        DutySwapState::Agreed => (
            &swap.shift.person,
            format!("{taker}同意顶替您 {when} 的值班，值班表已更新"),
            format!("{taker} takes your turn of {when}; the roster says so now"),
        ),
        DutySwapState::Declined => (
            &swap.shift.person,
            format!("{taker}不能顶替您 {when} 的值班，仍由您值班"),
            format!("{taker} cannot take your turn of {when}; it stays yours"),
        ),
        DutySwapState::Withdrawn => (
            &swap.taker,
            format!("{giver}撤回了 {when} 的换班请求"),
            format!("{giver} took back the request for the turn of {when}"),
        ),
    };
    let words = Words { number: String::new(), zh, en, link: Some("/duty".to_owned()) };
    telling::tell(tx, app, organisation, "duty_swap", &[to.clone()].into(), &words)
}
