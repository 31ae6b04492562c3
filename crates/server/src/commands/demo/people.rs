//! Who works in the demo's subdistrict, and when: hand-over sheets of the last days but one, a swap that waits for its answer,
//! reception days with bookings, standing teams of grids with temporary branches.

use jiban_domain::{
    event::Actor,
    grid_team::{self, Branch},
    hand_over::HandOver,
    ids::{PersonId, UnitId},
    organisation::{Role, Shift, ShiftKey},
};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
};
use serde_json::json;

use crate::{
    ahead::{
        duty_swaps, grid_teams, hand_overs,
        receptions::{self, NewBooking},
        works,
    },
    app::App,
    commands::Failure,
    desk::identity::Identity,
    http::auth::Staff,
};

/// What was said when the phone was handed over, turn by turn.
const NOTES: [&str; 4] = [
    "燃气公司已到场处置青云小区漏气，等书面回执；夜班注意回访。",
    "领导交办：今晚步行街有促销活动，关注人流和噪声诉求。",
    "夜间平稳。值班手机充电线更换，钥匙两把已清点。",
    "12345 转来两件催办，已提醒首办单位，明早八点半前回话。",
];

/// Slot, name, phone, matter, of made-up people.
const BOOKINGS: [(&str, &str, &str, &str); 4] = [
    ("09:00", "陈国强", "13900010001", "老旧小区加装电梯意见不统一，想当面说"),
    ("09:00", "李秀珍", "13900010002", "楼上漏水两年，邻居一直不修"),
    ("09:30", "王建平", "13900010003", "商铺门前划线停车的建议"),
    ("10:30", "黄丽", "13900010004", "孩子入学材料缺一项，跑了三趟"),
];

/// Puts all of it up.
///
/// # Errors
/// A [`Failure`] of the store, or a refusal.
pub(super) async fn put_up(app: &App, today: Date) -> Result<(), Failure> {
    hand_over(app).await?;
    swap(app).await?;
    receive(app, today).await?;
    team_up(app).await
}

fn failed(why: impl std::fmt::Display) -> Failure {
    Failure(why.to_string())
}

fn staff(app: &App, id: &str) -> Result<Staff, Failure> {
    Ok(Staff::of(&app.snapshot(), PersonId::new(id).map_err(failed)?, [0; 32]))
}

fn key(shift: &Shift) -> ShiftKey {
    let Shift { unit, post, person, from, .. } = shift;
    ShiftKey { unit: unit.clone(), post: post.clone(), person: person.clone(), from: *from }
}

/// Those who held the phones handed them over, but for the last turn of one.
async fn hand_over(app: &App) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let now = app.now().await?;
    let mut sheets = Vec::new();
    for post in snapshot.policy.duty_posts.keys() {
        let roster = snapshot.organisation.roster().iter();
        let mut turns: Vec<&Shift> =
            roster.filter(|turn| turn.post == *post && turn.order == 1 && turn.to < now).collect();
        turns.sort_by_key(|turn| turn.from);
        let kept = turns.len().saturating_sub(usize::from(post.as_str() == "liaison"));
        for (turn, note) in turns.iter().take(kept).zip(NOTES.iter().cycle()) {
            let by = Staff::of(&snapshot, turn.person.clone(), [0; 32]);
            let open = hand_overs::draft(app, &by, key(turn)).await?;
            let (id, at) = (hand_overs::id_of(&key(turn)), turn.to - 10.minutes());
            let draft = snapshot.organisation.draft();
            let mut sheet = HandOver::write(id, (key(turn), open), note, (draft, &turn.person), at).map_err(failed)?;
            let next = draft.roster.iter().find(|next| {
                next.unit == turn.unit && next.post == turn.post && next.order == 1 && next.from == turn.to
            });
            if let Some(next) = next.filter(|next| next.person != turn.person) {
                sheet.sign(draft, &next.person, turn.to).map_err(failed)?;
            }
            sheets.push(sheet);
        }
    }
    sheets.sort_by_key(|sheet| sheet.at);
    let put = move |tx: &mut jiban_store::WriteTx<'_>| {
        sheets.iter().try_for_each(|sheet| {
            let told = json!({ "shift": sheet.shift });
            works::put(tx, &snapshot, sheet, &Actor::Person(sheet.shift.person.clone()), &("hand_over_written", told))
        })
    };
    app.store.write(put).await?;
    Ok(())
}

/// The second at the street desk asks the one who rests then to take a turn of the coming days.
async fn swap(app: &App) -> Result<(), Failure> {
    let (giver, now) = (staff(app, "duty2")?, app.now().await?);
    let draft = giver.snapshot.organisation.draft();
    let own = draft.roster.iter().filter(|turn| turn.person == giver.person && turn.from > now + 24.hours());
    let free = |turn: &&Shift| {
        let taker = PersonId::new("duty4").ok()?;
        (!draft.is_on_duty_within(&taker, turn.from, turn.to)).then_some(taker)
    };
    if let Some((turn, taker)) = own.filter_map(|turn| Some((turn, free(&turn)?))).next() {
        duty_swaps::propose(app, &giver, key(turn), taker, "孩子家长会".to_owned()).await?;
    }
    Ok(())
}

/// Two leaders receive on the next reception day, one on the one after.
async fn receive(app: &App, today: Date) -> Result<(), Failure> {
    let office = staff(app, "xlb1")?;
    let Some(rules) = &office.snapshot.policy.reception else { return Ok(()) };
    let Some(next) = today.series(1.day()).skip(1).find(|day| day.weekday() == rules.weekday) else { return Ok(()) };
    let after = next.checked_add(7.days()).map_err(failed)?;
    let plan = [
        (next, "leader1", "街道二楼接访室"),
        (next, "leader2", "青云社区党群服务中心"),
        (after, "leader3", "街道二楼接访室"),
    ];
    for (nth, (date, leader, place)) in plan.into_iter().enumerate() {
        let leader = PersonId::new(leader).map_err(failed)?;
        let day = receptions::plan(app, &office, date, leader, place.to_owned()).await?;
        for (slot, name, phone, matter) in BOOKINGS.iter().filter(|_| nth == 0) {
            let slot: Time = slot.parse().map_err(failed)?;
            let reporter = Identity { name: (*name).to_owned(), phone: (*phone).to_owned(), ..Identity::default() };
            let booking = NewBooking { day: day.id, slot, matter: (*matter).to_owned(), reporter };
            receptions::book(app, Actor::Reporter, booking, None).await?;
        }
    }
    Ok(())
}

/// The liaison office put together the teams of three grids, two of them with a branch.
async fn team_up(app: &App) -> Result<(), Failure> {
    let office = staff(app, "xlb1")?;
    let snapshot = office.snapshot.clone();
    let today = |at: Timestamp| at.to_zoned(snapshot.calendar.zone().clone()).date();
    let since = today(app.now().await?).checked_sub(120.days()).map_err(failed)?;
    for (grid, branch) in [
        ("lh.dm.c01.g01", Some("青云第一网格临时党支部")),
        ("lh.dm.c01.g02", Some("步行街临时党支部")),
        ("lh.dm.c02.g01", None),
    ] {
        let grid = UnitId::new(grid).map_err(failed)?;
        let mut team = grid_team::suggested(&grid, &snapshot.policy.team, &snapshot.organisation);
        if branch.is_none() {
            team.remove("mentor");
        }
        let head = snapshot.organisation.community_of(&grid).cloned();
        let people = head.iter().flat_map(|unit| snapshot.organisation.people_of(unit)).map(|person| person.id.clone());
        let members = people.collect();
        let leader = head.iter().flat_map(|unit| snapshot.organisation.with_role(unit, Role::Leader)).next();
        let branch = branch.zip(leader).map(|(name, leader)| {
            let secretary = leader.id.clone();
            Branch { name: name.to_owned(), secretary, members, since, until: None }
        });
        grid_teams::put(app, &office, grid, team, branch).await?;
    }
    Ok(())
}
