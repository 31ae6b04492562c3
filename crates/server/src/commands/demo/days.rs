//! What filled the days of the demo's subdistrict beside cases: the hall's queue of the last weeks, calls to duty posts that were
//! rung on, a reception day that is over, and what was decided about machine findings.

use jiban_domain::{
    duty::DutyCall,
    event::Actor,
    hall::{self, HallDay},
    ids::{BookingId, DutyCallId, PersonId, ReceptionDayId, SpotId},
    reception::{Booking, BookingState, ReceptionDay},
};
use jiban_store::{
    StoreError, WriteTx,
    case_list::{self, CaseQuery},
};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    ahead::works,
    app::App,
    commands::Failure,
    desk::machines::{self, MachineEvent},
    http::auth::Staff,
};

/// How many days back the hall's queue goes.
const HALL_DAYS: i64 = 28;
/// Fewest numbers of a day; up to as many again come by chance of the date.
const NUMBERS: i64 = 9;

/// Minutes ago, and after how many minutes it was taken.
const CALLS: [(i64, i64, &str); 7] = [
    (190, 1, "市民反映路灯不亮"),
    (560, 3, "问接访日怎么预约"),
    (830, 2, "楼上装修噪声"),
    (1_500, 6, "井盖缺失，已请人看守"),
    (2_100, 1, "催问停车位划线"),
    (2_900, 31, "夜间店铺音响"),
    (3_600, 2, "电梯困人，已转物业"),
];

/// Slot, matter, and whether somebody came.
const RECEIVED: [(&str, &str, bool); 3] = [
    ("09:00", "小区地下车库渗水，物业和开发商互相推", true),
    ("09:30", "申请在巷口加装减速带", true),
    ("10:00", "咨询旧改进度", false),
];

/// What machines reported before, spot by spot; whether it became a case, and what was said.
const DECIDED: [(usize, &str, &str, bool, &str); 4] = [
    (24, "stall", "s021", true, "请执法队现场劝离。"),
    (31, "stall", "s027", false, "为街道组织的年货市集。"),
    (12, "bin_full", "s008", true, "请保洁加密清运。"),
    (2, "smoke", "s015", false, "已电话核实为油烟误报。"),
];

/// Puts all of it up.
///
/// # Errors
/// A [`Failure`] of the store, or a refusal.
pub(super) async fn put_up(app: &App, today: Date) -> Result<(), Failure> {
    hall(app, today).await?;
    calls(app).await?;
    receive(app, today).await?;
    decide(app).await
}

fn failed(why: impl std::fmt::Display) -> Failure {
    Failure(why.to_string())
}

fn at(app: &App, day: Date, minutes: i64) -> Result<Timestamp, Failure> {
    let zone = app.snapshot().calendar.zone().clone();
    let midnight = day.to_zoned(zone).map_err(failed)?.timestamp();
    midnight.checked_add(minutes.minutes()).map_err(failed)
}

/// Numbers that were given and called on each working day, some of which nobody came for, some sent on to mediation.
async fn hall(app: &App, today: Date) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let rules = snapshot.policy.hall.clone();
    let (Some(hours), Some(first)) = (rules.hours, rules.counters.first().map(|counter| counter.id.clone())) else {
        return Ok(());
    };
    let opens = i64::from(hours.from.hour()) * 60 + i64::from(hours.from.minute());
    let clerk = PersonId::new("xlb2").map_err(failed)?;
    let mut days = Vec::new();
    for back in 1..=HALL_DAYS {
        let date = today.checked_sub(back.days()).map_err(failed)?;
        if date.weekday().to_monday_one_offset() > 5 {
            continue;
        }
        let mut day = HallDay::new(snapshot.policy.dispatch.liaison_office.clone(), date);
        let odd = i64::from(date.day());
        for nth in 0..NUMBERS + odd % NUMBERS {
            let taken = opens + 3 + nth * 17 + (nth * odd) % 11;
            let number = day.take(&rules, &first, at(app, date, taken)?, None).map_err(failed)?.number.clone();
            let called = at(app, date, taken + 2 + (nth * 7 + odd) % 13)?;
            day.call(&rules, &first, "1号窗口", &clerk, called).map_err(failed)?;
            let act = if (nth + odd) % 9 == 0 { hall::Act::Miss } else { hall::Act::Serve };
            day.act(&rules, &number, &act, called).map_err(failed)?;
        }
        days.push(day);
    }
    let put = move |tx: &mut WriteTx<'_>| -> Result<(), StoreError> {
        days.iter().try_for_each(|day| {
            let told = json!({ "day": day.day, "numbers": day.tickets.len() });
            works::put(tx, &snapshot, day, &Actor::System, &("hall_day", told))
        })
    };
    app.store.write(put).await?;
    Ok(())
}

/// Calls of the last days that nobody answered at first.
async fn calls(app: &App) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let now = app.now().await?;
    let mut calls = Vec::new();
    for (ago, after, note) in CALLS {
        let came = now.checked_sub(ago.minutes()).map_err(failed)?;
        let roster = snapshot.organisation.roster().iter();
        let Some(turn) = roster.filter(|turn| turn.from <= came && came < turn.to).min_by_key(|turn| turn.order) else {
            continue;
        };
        let place = (turn.unit.clone(), turn.post.clone());
        let on_duty = snapshot.organisation.on_duty(&turn.post, &turn.unit, came);
        let on_duty: Vec<PersonId> = on_duty.into_iter().map(|person| person.id.clone()).collect();
        let by = Actor::Person(turn.person.clone());
        let mut call = DutyCall::begin(DutyCallId(Uuid::now_v7()), place, note, &by, came).map_err(failed)?;
        let taken = came.checked_add(after.minutes()).map_err(failed)?;
        while let Some(next) = call.next_at(snapshot.policy.duty).filter(|next| *next < taken) {
            call.ring_on(&on_duty, snapshot.policy.duty, next);
        }
        let last = call.rung.last().map_or(turn.person.clone(), |ring| ring.person.clone());
        call.take(&last, taken).map_err(failed)?;
        calls.push(call);
    }
    calls.reverse();
    let put = move |tx: &mut WriteTx<'_>| -> Result<(), StoreError> {
        calls.iter().try_for_each(|call| {
            let by = call.taken_by.clone().map_or(Actor::System, Actor::Person);
            works::put(tx, &snapshot, call, &by, &("duty_call_taken", json!({})))
        })
    };
    app.store.write(put).await?;
    Ok(())
}

/// The reception day before: whoever came has a case, who booked is known no more.
async fn receive(app: &App, today: Date) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let Some(rules) = snapshot.policy.reception.clone() else { return Ok(()) };
    let date = today.yesterday().map_err(failed)?.series((-1).day()).find(|day| day.weekday() == rules.weekday);
    let Some(date) = date else { return Ok(()) };
    let office = Actor::Person(PersonId::new("xlb1").map_err(failed)?);
    let leader = PersonId::new("leader1").map_err(failed)?;
    let id = (ReceptionDayId(Uuid::now_v7()), snapshot.policy.dispatch.liaison_office.clone());
    let planned = (at(app, date, 0)?, date);
    let what = (date, leader, "街道二楼接访室");
    let mut day = ReceptionDay::plan(id, what, (&rules, &snapshot.organisation), &office, planned).map_err(failed)?;
    let channels = vec![rules.channel.to_string(), "hall".to_owned()];
    let query = CaseQuery { channels, limit: 50, ..CaseQuery::default() };
    let came = app.store.read(move |tx| case_list::list(tx, &query)).await?;
    let mut cases = came.cases.iter().map(|row| jiban_domain::ids::CaseId(row.case_id));
    for (nth, (slot, matter, came)) in RECEIVED.into_iter().enumerate() {
        let case = if came { cases.next() } else { None };
        let slot: Time = slot.parse().map_err(failed)?;
        day.bookings.push(Booking {
            id: BookingId(Uuid::now_v7()),
            number: format!("JF{}-{}", date.strftime("%m%d"), nth + 1),
            slot,
            matter: if case.is_some() { matter.to_owned() } else { String::new() },
            masked: (String::new(), String::new()),
            phone: String::new(),
            code: String::new(),
            sealed: None,
            state: if case.is_some() { BookingState::Received } else { BookingState::Missed },
            case,
            by: Actor::Reporter,
            at: planned.0,
        });
    }
    let put = move |tx: &mut WriteTx<'_>| {
        works::put(tx, &snapshot, &day, &office, &("reception_planned", json!({ "date": day.date })))
    };
    app.store.write(put).await?;
    Ok(())
}

/// What a person said of findings of machines.
async fn decide(app: &App) -> Result<(), Failure> {
    let now = app.now().await?;
    let event = |kind: &str, spot: &str| MachineEvent {
        kind: kind.to_owned(),
        spot: SpotId::new(spot).ok(),
        lon: None,
        lat: None,
        at: None,
        text: "AI 识别".to_owned(),
    };
    let events = DECIDED.iter().flat_map(|(times, kind, spot, ..)| std::iter::repeat_n((*kind, *spot), *times));
    machines::take(app, "cameras", events.map(|(kind, spot)| event(kind, spot)).collect(), now).await?;
    let office = Staff::of(&app.snapshot(), PersonId::new("xlb1").map_err(failed)?, [0; 32]);
    let waiting = machines::list(app, &office, 100, 0).await?;
    for (_, kind, spot, is_case, note) in DECIDED {
        let is_it = |one: &&machines::MachineFinding| {
            one.kind == kind && one.spot.as_ref().is_some_and(|known| known.as_str() == spot)
        };
        let Some(found) = waiting.iter().find(is_it) else { continue };
        if is_case {
            machines::accept(app, &office, found.id, note.to_owned()).await?;
        } else {
            machines::dismiss(app, &office, found.id, note.to_owned()).await?;
        }
    }
    Ok(())
}
