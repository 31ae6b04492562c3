//! Reception days 领导接访日 as they are kept: put into the schedule by the liaison office, booked by residents or by staff for
//! them, and at the meeting made a case of. Who booked is sealed in the booking, goes to the case with it, and is erased
//! where nothing comes of it; it reaches neither chain, notice nor answer but by a reveal, which is recorded first.

use std::sync::Arc;

use jiban_domain::{
    case::{Place, Reporter},
    command::Register,
    event::Actor,
    ids::{BookingId, PersonId, ReceptionDayId, UnitId},
    organisation::Role,
    permission,
    reception::{self, Booking, BookingState, Noted, ReceptionDay, ReceptionRules},
    refusal::Refusal,
};
use jiban_store::{ReadTx, StoreError, WriteTx, counters};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    reseal::KeepsIdentity,
    works::{self, Done, Work},
};
use crate::{
    app::App,
    desk::{
        self, Intake, Key, Registered, Stop,
        identity::{self, Identity, Revealed},
        telling::{self, Words},
        ticket::{Ticket, is_code},
    },
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::{
        audit::{self, Stream},
        world::Snapshot,
    },
};

/// Most days that stand in the schedule at once, and most of those gone by that are looked through, the newest first.
const DAYS_MAX: i64 = 500;
/// Days back that the schedule shows.
const SHOWN_BACK_DAYS: i64 = 28;
/// Days that are ended, or whose bookings are forgotten, in one go.
const DUE_AT_ONCE: i64 = 100;
/// Longest reason of a reveal, characters.
const REASON_MAX: usize = 500;

const OPEN: &str = "open";
const OVER: &str = "over";
const CANCELLED: &str = "cancelled";

impl Work for ReceptionDay {
    const KIND: &'static str = "reception_day";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.unit
    }

    fn state(&self) -> &'static str {
        match (self.cancelled, self.over) {
            (true, _) => CANCELLED,
            (false, true) => OVER,
            (false, false) => OPEN,
        }
    }

    /// When it has passed, and then when who booked is forgotten.
    fn next_at(&self, snapshot: &Snapshot) -> Option<Timestamp> {
        let kept = snapshot.policy.reception.as_ref().map_or(0, |rules| rules.kept_days);
        let kept = if self.is_open() { 0 } else { kept };
        let over = self.date.saturating_add((i64::from(kept) + 1).days());
        let over = over.to_zoned(snapshot.calendar.zone().clone()).ok()?.timestamp();
        (self.is_open() || self.keeps_someone()).then_some(over)
    }
}

impl KeepsIdentity for ReceptionDay {
    fn sealed(&mut self, tenant: i64) -> Vec<(Vec<u8>, &mut String)> {
        let kept = self.bookings.iter_mut();
        kept.filter_map(|booking| Some((context(tenant, booking.id), booking.sealed.as_mut()?))).collect()
    }
}

/// The rules, where the house holds reception days.
///
/// # Errors
/// It holds none.
pub fn rules(snapshot: &Snapshot) -> Answer<&ReceptionRules> {
    snapshot.policy.reception.as_ref().ok_or_else(Problem::not_found)
}

fn local(snapshot: &Snapshot, now: Timestamp) -> DateTime {
    now.to_zoned(snapshot.calendar.zone().clone()).datetime()
}

/// Whether this person sees who booked, masked: the liaison office and leaders. Who only administers handles no requests.
pub fn sees_bookings(staff: &Staff) -> bool {
    staff.holds(Role::Liaison) || staff.holds(Role::Leader)
}

/// Whether this person does the desk work of a day: the liaison office, and the leader who receives.
pub fn manages(staff: &Staff, day: &ReceptionDay) -> bool {
    staff.holds(Role::Liaison) || (staff.holds(Role::Leader) && day.leader == staff.person)
}

/// Puts a day into the schedule.
///
/// # Errors
/// A refusal that names the field; the leader receives on that day already; no more days fit into the schedule.
pub async fn plan(app: &App, staff: &Staff, date: Date, leader: PersonId, place: String) -> Answer<ReceptionDay> {
    rules(&staff.snapshot)?;
    let staff = staff.clone();
    let planned = app.store.write(move |tx| -> Result<ReceptionDay, Stop> {
        let snapshot = &staff.snapshot;
        let (rules, now) = (rules(snapshot)?, tx.now());
        one_at_a_time(tx)?;
        let known = open_days(tx)?;
        if known.iter().any(|day| day.date == date && day.leader == leader) {
            return Err(Refusal::Already { what: "in the schedule", what_zh: "排入接访日程" }.into());
        }
        if known.len() as i64 >= DAYS_MAX {
            let (what, what_zh) = ("days to come in the schedule", "尚未到期的接访日");
            return Err(Refusal::Limit { what, what_zh, max: DAYS_MAX as u32 }.into());
        }
        let id = (ReceptionDayId(Uuid::now_v7()), snapshot.policy.dispatch.liaison_office.clone());
        let today = local(snapshot, now).date();
        let what = (date, leader.clone(), &*place);
        let day = ReceptionDay::plan(id, what, (rules, &snapshot.organisation), &staff.actor, (now, today))?;
        let told = json!({ "date": day.date, "leader": day.leader, "place": day.place });
        works::put(tx, snapshot, &day, &staff.actor, &("reception_planned", told))?;
        Ok(day)
    });
    Ok(planned.await?)
}

/// Whoever plans or books waits for whoever does at the same moment: what they ask for goes over several days.
fn one_at_a_time(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    counters::one_at_a_time(tx, "reception.turn")
}

fn open_days(tx: &mut ReadTx<'_>) -> Result<Vec<ReceptionDay>, StoreError> {
    works::list(tx, Some(OPEN), None, DAYS_MAX)
}

/// The schedule: days to come and those of the last four weeks, by date; with the local time.
///
/// # Errors
/// The store's.
pub async fn schedule(app: &App) -> Answer<(Vec<ReceptionDay>, DateTime)> {
    of_states(app, &[OPEN, OVER, CANCELLED], SHOWN_BACK_DAYS).await
}

/// Days that can be booked, by date: today's too, as long as a slot of it may be to come; with the local time.
///
/// # Errors
/// The store's.
pub async fn offered(app: &App) -> Answer<(Vec<ReceptionDay>, DateTime)> {
    of_states(app, &[OPEN], 0).await
}

/// Days in these states, from so many days back on.
async fn of_states(
    app: &App,
    states: &'static [&'static str],
    back_days: i64,
) -> Answer<(Vec<ReceptionDay>, DateTime)> {
    let snapshot = app.snapshot();
    let read = move |tx: &mut ReadTx<'_>| {
        let mut days = Vec::new();
        for state in states {
            days.extend(works::list::<ReceptionDay>(tx, Some(state), None, DAYS_MAX)?);
        }
        Ok::<_, StoreError>((days, tx.now()))
    };
    let (mut days, now) = app.store.read(read).await?;
    let now = local(&snapshot, now);
    let since = now.date().saturating_sub(back_days.days());
    days.retain(|day| day.date >= since);
    days.sort_by(|a, b| (a.date, &a.leader, a.id).cmp(&(b.date, &b.leader, b.id)));
    Ok((days, now))
}

/// A booking to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReceptionBooking)]
pub struct NewBooking {
    /// Which day of the schedule.
    #[schema(value_type = String, format = Uuid)]
    pub day: ReceptionDayId,
    /// When the slot begins, local, e.g. `09:30:00`.
    #[schema(value_type = String)]
    pub slot: Time,
    /// What it is about, in a line.
    #[schema(min_length = 1, max_length = 200)]
    pub matter: String,
    /// Who comes: name and phone. Sealed at once.
    pub reporter: Identity,
}

/// What whoever booked gets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ReceptionBooked)]
pub struct Booked {
    /// Number to quote.
    pub number: String,
    /// Code that, with the number, calls the booking off. Told once.
    pub code: String,
    /// The day.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// When the slot begins, local.
    #[schema(value_type = String)]
    pub slot: Time,
    /// Who receives.
    pub leader: String,
    /// Where.
    pub place: String,
}

/// Books a slot. The same key and booking are one booking.
///
/// # Errors
/// A refusal that names the field: full, over, twice by one phone, no name or phone; the store's.
pub async fn book(app: &App, by: Actor, new: NewBooking, key: Option<Key>) -> Answer<Booked> {
    let snapshot = app.snapshot();
    rules(&snapshot)?;
    new.reporter.check("reporter")?;
    if new.reporter.name.trim().is_empty() {
        return Err(Problem::field("reporter.name", "the name of who comes", "请填写来访人姓名"));
    }
    let phone = app.vault.blind_index(&new.reporter.phone).map(hex::encode);
    let phone = phone.ok_or_else(|| Problem::field("reporter.phone", "a telephone number", "请填写电话号码"))?;
    let parts = app.clone();
    let booked = app.store.write(move |tx| -> Result<Booked, Stop> {
        desk::once(tx, &parts, key.as_ref(), |tx| book_in(tx, &parts, &snapshot, &by, &new, &phone))
    });
    let booked = booked.await?;
    app.outbox_nudge.notify_one();
    Ok(booked)
}

fn book_in(
    tx: &mut WriteTx<'_>,
    app: &App,
    snapshot: &Snapshot,
    by: &Actor,
    new: &NewBooking,
    phone: &str,
) -> Result<Booked, Stop> {
    let rules = rules(snapshot)?;
    one_at_a_time(tx)?;
    let mut day = works::find_for_update::<ReceptionDay>(tx, new.day.0)?.ok_or_else(Problem::not_found)?;
    let now = tx.now();
    let today = local(snapshot, now);
    // Somebody who waits on any day to come is asked to call that off first.
    if open_days(tx)?.iter().any(|other| other.date >= today.date() && other.waits(phone)) {
        let refusal = if *by == Actor::Reporter { reception::not_online() } else { reception::twice() };
        return Err(refusal.into());
    }
    let id = BookingId(Uuid::now_v7());
    let count = counters::lease(tx, &format!("reception.{}", day.date), 1)?;
    let number = format!("{}R{}-{count:03}", snapshot.policy.number_prefix, day.date.strftime("%Y%m%d"));
    let code = identity::tracking_code();
    let masked = new.reporter.masked();
    let booking = Booking {
        id,
        number: number.clone(),
        slot: new.slot,
        matter: new.reporter.hide(&new.matter).0,
        masked: (masked.name, masked.phone),
        phone: phone.to_owned(),
        code: hex::encode(identity::tracking_hash(&app.token_key, &number, &code)),
        sealed: Some(new.reporter.sealed_in(&app.vault, &context(tx.tenant(), id))?),
        state: BookingState::Waiting,
        case: None,
        by: by.clone(),
        at: now,
    };
    day.book(booking, rules, today)?;
    works::put(tx, snapshot, &day, by, &("reception_booked", json!({ "number": number, "slot": new.slot })))?;
    let when = format!("{} {}", day.date.strftime("%m-%d"), new.slot.strftime("%H:%M"));
    let (zh, en) = (format!("接访预约：{when}"), format!("A booking of your reception day: {when}"));
    let words = Words { number: String::new(), zh, en, link: Some("/reception".to_owned()) };
    telling::tell(tx, app, &snapshot.organisation, "reception", &[day.leader.clone()].into(), &words)?;
    let leader = snapshot.organisation.person(&day.leader);
    let leader = leader.map_or_else(|| day.leader.to_string(), |person| person.name.clone());
    Ok(Booked { number, code, date: day.date, slot: new.slot, leader, place: day.place })
}

/// What binds a sealed booking to its place.
fn context(tenant: i64, id: BookingId) -> Vec<u8> {
    [b"booking".as_slice(), &tenant.to_be_bytes(), id.0.as_bytes()].concat()
}

fn opened(app: &App, tenant: i64, booking: &Booking) -> Result<Identity, StoreError> {
    match &booking.sealed {
        Some(sealed) => Identity::opened_from(&app.vault, &context(tenant, booking.id), sealed),
        None => Ok(Identity::default()),
    }
}

/// Calls off a booking by its number and code, as whoever made it.
///
/// # Errors
/// Not found, where number and code are no pair of a day that is to come; it waits no more.
pub async fn call_off(app: &App, ticket: Ticket) -> Answer<()> {
    let (snapshot, parts) = (app.snapshot(), app.clone());
    let hash = identity::tracking_hash(&app.token_key, &ticket.number, &ticket.code);
    let found = app.store.read(open_days).await?.into_iter().find_map(|day| {
        let fits = |booking: &&Booking| booking.number == ticket.number && is_code(&booking.code, &hash);
        let booking = day.bookings.iter().find(fits)?.id;
        Some((day.id, booking))
    });
    let (day, booking) = found.ok_or_else(Problem::not_found)?;
    let world = Arc::clone(&snapshot);
    let alter = move |day: &mut ReceptionDay, now: Timestamp| -> Result<Done, Refusal> {
        let now = local(&world, now);
        // Once the slot has begun, whoever receives says what became of it.
        if day.waiting(booking).is_ok_and(|found| day.date.to_datetime(found.slot) <= now) {
            return Err(Refusal::Already { what: "begun", what_zh: "开始" });
        }
        day.note(booking, Noted::Cancelled, now)?;
        Ok(("reception_called_off", json!({ "booking": booking })))
    };
    works::change(&parts, &snapshot, day.0, &Actor::Reporter, alter, |_: &mut WriteTx<'_>, _| Ok(())).await?;
    Ok(())
}

/// What is done with a day or one of its bookings, but for making a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = ReceptionAct)]
pub enum Act {
    /// Nobody came.
    Missed {
        /// Which booking.
        #[schema(value_type = String, format = Uuid)]
        booking: BookingId,
    },
    /// A booking is called off; whoever made it was told.
    CallOff {
        /// Which booking.
        #[schema(value_type = String, format = Uuid)]
        booking: BookingId,
    },
    /// The day is called off.
    CancelDay,
}

/// Does it.
///
/// # Errors
/// Not found, forbidden, or a refusal.
pub async fn act(app: &App, staff: &Staff, id: Uuid, act: Act) -> Answer<ReceptionDay> {
    managed(app, staff, id).await?;
    let world = Arc::clone(&staff.snapshot);
    let alter = move |day: &mut ReceptionDay, now: Timestamp| -> Result<Done, Refusal> {
        let now = local(&world, now);
        match act {
            Act::Missed { booking } => {
                day.note(booking, Noted::Missed, now)?;
                Ok(("reception_missed", json!({ "booking": booking })))
            }
            Act::CallOff { booking } => {
                day.note(booking, Noted::Cancelled, now)?;
                Ok(("reception_called_off", json!({ "booking": booking })))
            }
            Act::CancelDay => {
                day.cancel()?;
                Ok(("reception_cancelled", json!({})))
            }
        }
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, |_: &mut WriteTx<'_>, _| Ok(())).await
}

async fn managed(app: &App, staff: &Staff, id: Uuid) -> Answer<ReceptionDay> {
    let day: ReceptionDay = works::find(app, id).await?;
    if manages(staff, &day) { Ok(day) } else { Err(Problem::forbidden()) }
}

/// A case of a booking, at the meeting.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceptionCase)]
pub struct NewCase {
    /// Which booking.
    #[schema(value_type = String, format = Uuid)]
    pub booking: BookingId,
    /// What was said.
    #[schema(min_length = 1, max_length = 20000)]
    pub text: String,
    /// Where the matter is.
    #[serde(default)]
    pub place: Place,
}

/// Makes a case of a booking: the leader who received is its official. Of two who do it at once one does.
///
/// # Errors
/// Not found, forbidden, noted already, or a refusal of the domain.
pub async fn make_case(app: &App, staff: &Staff, id: Uuid, new: NewCase) -> Answer<Registered> {
    let day = managed(app, staff, id).await?;
    let booking = day.waiting(new.booking)?.clone();
    let register = Register {
        origin: None,
        channel: rules(&staff.snapshot)?.channel.clone(),
        first_receiver: permission::home_unit(&staff.snapshot.organisation, &staff.person).cloned(),
        title: String::new(),
        text: new.text,
        place: new.place,
        reporter: Reporter { anonymous: false, contactable: false },
        complained_about: None,
        upstream_number: None,
        received_by_leader: Some(day.leader.clone()),
        proposal: None,
    };
    let intake = Intake { register, identity: opened(app, app.store.tenant(), &booking)?, key: None, at: None };
    let (world, by) = (Arc::clone(&staff.snapshot), staff.actor.clone());
    let noted = move |tx: &mut WriteTx<'_>, made: &Registered| -> Result<ReceptionDay, Stop> {
        works::change_in(tx, &world, id, &by, |day: &mut ReceptionDay, now| {
            day.note(booking.id, Noted::Case(made.id), local(&world, now))?;
            Ok(("reception_received", json!({ "booking": booking.id, "case": made.id })))
        })
    };
    let (made, _) = desk::register_with(app, staff.actor.clone(), intake, noted).await?;
    Ok(made)
}

/// Shows who booked, to whoever has to ring them; recorded before it is shown.
///
/// # Errors
/// Not found, forbidden, no reason; nothing is kept of it.
pub async fn reveal(app: &App, staff: &Staff, id: Uuid, booking: BookingId, reason: String) -> Answer<Revealed> {
    let day = managed(app, staff, id).await?;
    let found = day.bookings.iter().find(|one| one.id == booking && one.sealed.is_some());
    let found = found.ok_or_else(Problem::not_found)?;
    let reason = jiban_text::mask_personal(reason.trim()).0;
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        return Err(Problem::field("reason", format!("why, in at most {REASON_MAX} characters"), "请填写查看理由"));
    }
    let told = json!({ "reception_day": day.id, "booking": booking, "reason": reason });
    let trace = audit::trace(&staff.actor, "reception_identity_revealed", &told);
    app.store.write(move |tx| audit::record(tx, Stream::Works, trace.clone())).await?;
    Ok(opened(app, app.store.tenant(), found)?.into())
}

/// Ends days that have passed, and erases who booked on those long over, where nothing was noted. Returns how many days
/// changed.
///
/// # Errors
/// The store's.
pub async fn end_and_forget(app: &App) -> Result<u64, StoreError> {
    let snapshot = app.snapshot();
    let changed = app.store.write(move |tx| -> Result<u64, StoreError> {
        let now = tx.now();
        let today = local(&snapshot, now).date();
        let mut changed = 0;
        for id in jiban_store::works::due(tx, ReceptionDay::KIND, now, DUE_AT_ONCE)? {
            let Some(mut day) = works::find_for_update::<ReceptionDay>(tx, id)? else { continue };
            let ended = day.end(today);
            if ended {
                works::put(tx, &snapshot, &day, &Actor::System, &("reception_ended", json!({})))?;
            }
            // What only ends now may be long over, where nobody looked after it for a while.
            let long_over = !ended || day.next_at(&snapshot).is_some_and(|at| at <= now);
            let forgotten = !day.is_open() && long_over && day.forget();
            if forgotten {
                works::put(tx, &snapshot, &day, &Actor::System, &("reception_forgotten", json!({})))?;
            }
            if !ended && !forgotten {
                works::put_untold(tx, &snapshot, &day)?;
            }
            changed += u64::from(ended || forgotten);
        }
        Ok(changed)
    });
    changed.await
}
