//! Who takes part in the demo's neighbourhood: partners in every state, an activity that is over, and some to come.

use std::collections::BTreeMap;

use jiban_domain::{
    activity::{Activity, ActivityKind, Plan},
    event::Actor,
    ids::{ActivityId, PersonId, SpotId, UnitId},
    partner::{self, Partner, PartnerKind},
};
use jiban_store::StoreError;
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use uuid::Uuid;

use crate::{
    ahead::{
        activities,
        partners::{self, Door, SignUp},
        works,
    },
    app::App,
    commands::Failure,
    http::auth::{Organiser, Staff},
};

use PartnerKind::{Institution, PartyMember, Property, Shop, Volunteer};

/// What becomes of who signed up.
enum Then {
    Waits,
    Admitted,
    Declined(&'static str),
    Left,
}

/// Kind, name, spot or else grid, what became of it. Names and numbers are made up.
const PARTNERS: [(PartnerKind, &str, &str, Then); 13] = [
    (Shop, "老街糖水铺", "s004", Then::Admitted),
    (Shop, "青云便利店", "s001", Then::Admitted),
    (Property, "永新物业服务中心", "s002", Then::Admitted),
    (Institution, "青云医院", "s003", Then::Admitted),
    (Volunteer, "方小满", "lh.dm.c01.g01", Then::Admitted),
    (Volunteer, "石大勇", "lh.dm.c01.g02", Then::Admitted),
    (PartyMember, "程一心", "lh.dm.c01.g01", Then::Admitted),
    (Volunteer, "林晚晴", "lh.dm.c02.g01", Then::Admitted),
    (Shop, "阿强五金店", "s004", Then::Waits),
    (PartyMember, "何向前", "lh.dm.c01.g02", Then::Waits),
    (Volunteer, "叶知秋", "lh.dm.c02.g01", Then::Waits),
    (Institution, "某某文化传播公司", "lh.dm.c01.g03", Then::Declined("未在本社区经营，请向所在社区登记。")),
    (Volunteer, "温如玉", "lh.dm.c01.g01", Then::Left),
];

/// Puts them up.
///
/// # Errors
/// A [`Failure`] of the store, or a refusal.
pub(super) async fn put_up(app: &App) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let rules = partners::rules(&snapshot)?.clone();
    let staff = |id: &str| {
        let person = PersonId::new(id).map_err(|why| Failure(why.to_string()))?;
        Ok::<_, Failure>(Staff::of(&snapshot, person, [0; 32]))
    };
    let (office, community) = (staff("xlb1")?, staff("c01a")?);
    let mut doors: Vec<Door> = Vec::new();
    for (number, (kind, name, place, then)) in PARTNERS.iter().enumerate() {
        let spot = SpotId::new(*place).ok().filter(|spot| snapshot.organisation.spot(spot).is_some());
        let grid = UnitId::new(*place).ok().filter(|_| spot.is_none());
        let new = SignUp {
            kind: *kind,
            name: (*name).to_owned(),
            person: String::new(),
            phone: format!("139000010{number:02}"),
            spot,
            grid,
            consent: rules.consent.version.clone(),
        };
        let door = partners::sign_up(app, new, None).await?;
        let act = match then {
            Then::Waits => None,
            Then::Admitted | Then::Left => Some(partner::Act::Admit),
            Then::Declined(reason) => Some(partner::Act::Decline { reason: (*reason).to_owned() }),
        };
        if let Some(act) = act {
            partners::act(app, &office, door.partner.0, act).await?;
        }
        if matches!(then, Then::Left) {
            partners::leave(app, &door).await?;
        }
        doors.push(door);
    }
    // What shops looked at by themselves; one thing was not so.
    for (door, wrong) in doors.iter().zip([None, Some("order")]) {
        for list in rules.self_checks.iter().filter(|list| list.kinds.contains(&Shop)) {
            let items: BTreeMap<_, _> =
                list.items.iter().map(|item| (item.id.clone(), Some(item.id.as_str()) != wrong)).collect();
            partners::check(app, door, list.id.clone(), items).await?;
        }
    }
    let praise = partner::Act::Praise { text: "门前一直很整洁，还帮邻居看管。".to_owned() };
    partners::act(app, &community, doors[0].partner.0, praise).await?;
    let takers: Vec<&Door> = [4, 5, 6].map(|at| &doors[at]).into();
    ended(app, &community, &takers).await?;
    to_come(app, &community, &doors).await
}

fn plan(kind: ActivityKind, title: &str, text: &str, kinds: &[PartnerKind], place: &str) -> Result<Plan, Failure> {
    Ok(Plan {
        kind,
        title: title.to_owned(),
        text: text.to_owned(),
        kinds: kinds.iter().copied().collect(),
        unit: UnitId::new("lh.dm.c01").map_err(|why| Failure(why.to_string()))?,
        place: place.to_owned(),
        from: Timestamp::UNIX_EPOCH,
        until: Timestamp::UNIX_EPOCH,
        seats: 12,
        minutes: 120,
    })
}

/// So many hours from now.
async fn ahead(app: &App, hours: i64) -> Result<Timestamp, Failure> {
    let now = app.now().await?;
    now.checked_add(hours.hours()).map_err(|why| Failure(why.to_string()))
}

/// An activity of the week before: two came, one did not.
async fn ended(app: &App, staff: &Staff, takers: &[&Door]) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let rules = partners::rules(&snapshot)?.clone();
    let text = "沿老街捡拾烟头、清理小广告，工具由社区准备。";
    let mut plan = plan(ActivityKind::Volunteering, "周末清洁老街", text, &[], "青云社区党群服务中心")?;
    (plan.from, plan.until) = (ahead(app, -6 * 24).await?, ahead(app, -6 * 24 + 3).await?);
    let (set_at, unit, by) = (ahead(app, -8 * 24).await?, plan.unit.clone(), staff.actor.clone());
    let ids: Vec<Uuid> = takers.iter().map(|door| door.partner.0).collect();
    let put = move |tx: &mut jiban_store::WriteTx<'_>| -> Result<(), StoreError> {
        let refused = |why: jiban_domain::refusal::Refusal| StoreError::other(why.to_string());
        let (id, organisation) = (ActivityId(Uuid::now_v7()), &snapshot.organisation);
        let mut activity = Activity::set(id, plan.clone(), &rules, organisation, &by, set_at).map_err(refused)?;
        for (at, id) in ids.iter().enumerate() {
            let Some(mut partner) = works::find_for_update::<Partner>(tx, *id)? else { continue };
            let came = at != 1;
            activity.take(&partner, organisation, set_at).map_err(refused)?;
            partner.took(&activity);
            let credited = (came, if came { 120 } else { 0 });
            activity.settle(&mut partner, credited, &by, plan.until).map_err(refused)?;
            if at == 0 {
                activity.thank(&mut partner, "谢谢您顶着太阳坚持到最后。", &unit, plan.until).map_err(refused)?;
            }
            works::put(tx, &snapshot, &partner, &by, &("activity_attendance", json!({ "activity": activity.id })))?;
        }
        activity.end(plan.until);
        works::put(tx, &snapshot, &activity, &Actor::System, &("activity_ended", json!({})))
    };
    app.store.write(put).await?;
    Ok(())
}

/// What is set and may be taken: with some who took it.
async fn to_come(app: &App, staff: &Staff, doors: &[Door]) -> Result<(), Failure> {
    use ActivityKind::{Task, Volunteering};
    let organiser = Organiser(staff.clone());
    let sets = [
        (
            Volunteering,
            "社区义诊秩序引导",
            "协助登记、引导长者排队，请穿志愿马甲。",
            &[][..],
            "青云小区广场",
            48,
            4,
            &[4, 6][..],
        ),
        (
            Volunteering,
            "放学路口护学岗",
            "早晚各一班，在路口引导学生过街。",
            &[Volunteer, PartyMember],
            "学校东门",
            24,
            10,
            &[5],
        ),
        (
            Task,
            "门前三包集中整治周",
            "清理门前堆放、规范停放，完成后在“我的共建”里说一声。",
            &[Shop, Institution],
            "各自门前",
            -2,
            7 * 24,
            &[0, 1],
        ),
    ];
    for (kind, title, text, kinds, place, from, lasts, takers) in sets {
        let mut plan = plan(kind, title, text, kinds, place)?;
        (plan.from, plan.until) = (ahead(app, from).await?, ahead(app, from + lasts).await?);
        let activity = activities::set(app, &organiser, plan).await?;
        for taker in takers {
            activities::take(app, &doors[*taker], activity.id.0).await?;
        }
        if kind == Task {
            activities::done(app, &doors[0], activity.id.0, "门前花盆已挪进店里，地面冲洗干净。").await?;
        }
    }
    Ok(())
}
