//! What the demo's subdistrict undertook before anyone asked: a campaign that ended, with fewer cases since, one that runs,
//! plans of rounds, and what machines reported.

use jiban_domain::{
    campaign::{Act, Campaign, Filter, Material, Plan},
    event::Actor,
    ids::{AttachmentId, CampaignId, CategoryId, PersonId, RoundPlanId, SpotId, UnitId},
    round::{self, RoundPlan},
    season::Season,
};
use jiban_store::{StoreError, blobs::BlobName};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    ahead::{
        campaigns::{self, Gathering},
        works,
    },
    app::App,
    commands::{Failure, demo::photos},
    desk::machines::{self, MachineEvent},
    http::auth::Staff,
    infra::upload,
};

/// The kind of case that the campaign was about.
pub(super) const KIND: &str = "noise";
/// The communities where it was.
pub(super) const AREAS: [&str; 2] = ["lh.dm.c01", "lh.dm.c02"];
/// How many days ago it began and ended.
pub(super) const DAYS_AGO: (i64, i64) = (86, 56);
/// Before it began, this share of all that came in there was of the kind, on top of the usual.
pub(super) const TOO_MUCH: f64 = 0.2;
/// Of the cases of the kind there since its end, this share no longer came.
pub(super) const SPARED: f64 = 0.75;

/// Who does something so many days ago: sets a task, finishes it, ends the campaign.
type Step = (i64, Act);

/// Puts both campaigns up. `days` is how long the demo's history is.
///
/// # Errors
/// A [`Failure`] of the store, or a refusal.
pub(super) async fn put_up(app: &App, today: Date, days: u32) -> Result<(), Failure> {
    let unit = |id: &str| UnitId::new(id).map_err(|why| Failure(why.to_string()));
    let ago = |days: i64| today.checked_sub(days.days()).map_err(|why| Failure(why.to_string()));
    let (team, community) = (unit("lh.dm.zfd")?, unit("lh.dm.c01")?);
    let plan = |title: &str, goal: &str, category: &str, areas: &[&str], (first, last)| {
        Ok::<_, Failure>(Plan {
            title: title.to_owned(),
            goal: goal.to_owned(),
            category: CategoryId::new(category).ok(),
            areas: areas.iter().map(|id| unit(id)).collect::<Result<_, _>>()?,
            lead: team.clone(),
            units: [community.clone(), unit("lh.dm.c02")?].into(),
            first,
            last,
        })
    };
    let task = |text: &str, unit: &UnitId, due| Act::AddTask { text: text.to_owned(), unit: unit.clone(), due };
    let done = |number, note: &str| Act::FinishTask { number, note: note.to_owned() };
    let (began, ended) = DAYS_AGO;
    if i64::from(days) > 2 * began {
        let goal =
            "商户夜间噪声扰民多发、反复。用一个月时间逐户约谈、安装限音、错峰巡查，使该类诉求明显减少，不再反复。";
        let plan = plan("商圈夜间噪声专项治理", goal, KIND, &AREAS, (ago(began)?, ago(ended)?))?;
        let steps: [Step; 8] = [
            (began, task("摸排夜间营业商户并逐户约谈", &team, ago(began - 10)?)),
            (began, task("推动 23 家商户加装限音器", &team, ago(ended + 3)?)),
            (began, task("组织楼长、商户代表订立夜间公约", &community, ago(ended + 7)?)),
            (began - 9, done(1, "约谈 61 户，签订承诺书 58 份。")),
            (
                began - 14,
                Act::Visit {
                    day: ago(began - 14)?,
                    units: [team.clone(), community.clone()].into(),
                    place: "老街路、步行街夜间营业点".to_owned(),
                    found: "检查 17 户，现场调低音量 5 户，责令整改 2 户。".to_owned(),
                },
            ),
            (ended + 5, done(2, "已加装 23 家。")),
            (ended + 8, done(3, "公约已公示。")),
            (
                ended,
                Act::Close {
                    report:
                        "约谈、限音、公约三项并行，夜间噪声诉求明显回落。后续由社区每周夜巡一次，限音器失效的随时报修。"
                            .to_owned(),
                },
            ),
        ];
        live(app, plan, ago(began)?, steps).await?;
    }
    let ahead = |days: i64| today.checked_add(days.days()).map_err(|why| Failure(why.to_string()));
    let goal = "店外经营、占道堆放反复出现。会同社区划线定位、门前三包，做到一街一策。";
    let plan = plan("占道经营专项治理", goal, "city", &["lh.dm.c03"], (ago(12)?, ahead(18)?))?;
    let steps: [Step; 4] = [
        (12, task("逐街摸排占道点位，建立台账", &team, ago(3)?)),
        (12, task("与商户签订门前三包责任书", &community, ahead(1)?)),
        (12, task("划定临时摆卖区并公示", &team, ahead(15)?)),
        (4, done(1, "摸排点位 42 处，已上图。")),
    ];
    live(app, plan, ago(12)?, steps).await?;
    campaigns::tell_due(app).await.map_err(|problem| Failure(problem.title))?;
    plan_rounds(app).await?;
    let event = |(kind, spot, text): (&str, &str, &str)| MachineEvent {
        kind: kind.to_owned(),
        spot: SpotId::new(spot).ok(),
        lon: None,
        lat: None,
        at: None,
        text: text.to_owned(),
    };
    let events = REPORTED.into_iter().flat_map(|(times, of)| std::iter::repeat_n(of, times)).map(event);
    machines::take(app, "cameras", events.collect(), app.now().await?).await?;
    Ok(())
}

/// What machines reported: how often, kind, spot, words.
const REPORTED: [(usize, (&str, &str, &str)); 4] = [
    (26, ("stall", "s012", "AI 识别：占道摆卖")),
    (14, ("bin_full", "s020", "AI 识别：垃圾桶满溢")),
    (3, ("water_level", "s033", "水位 18 厘米")),
    (1, ("smoke", "s041", "烟感 3 号主机报警")),
];

/// Title, kinds of place, days, season, checklist.
type Round = (&'static str, &'static [&'static str], u32, Option<(&'static str, &'static str)>, Option<&'static str>);

const ROUNDS: [Round; 3] = [
    ("消防安全两周一查", &["居民小区", "商圈商铺", "农贸市场"], 14, None, Some("fire")),
    ("校园周边三日一巡", &["学校周边"], 3, None, None),
    ("台风汛期排查", &[], 10, Some(("05-15", "10-31")), Some("typhoon")),
];

async fn plan_rounds(app: &App) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let unit = |id: &str| UnitId::new(id).map_err(|why| Failure(why.to_string()));
    let by = Actor::Person(PersonId::new("xlb1").map_err(|why| Failure(why.to_string()))?);
    let now = app.now().await?;
    let mut plans = Vec::new();
    for (title, kinds, every_days, season, checklist) in ROUNDS {
        let day = |text: &str| text.parse().map_err(Failure);
        let plan = round::Plan {
            title: title.to_owned(),
            areas: [unit("lh.dm")?].into(),
            kinds: kinds.iter().map(ToString::to_string).collect(),
            street: String::new(),
            every_days,
            season: season.map(|(from, to)| Ok::<_, Failure>(Season { from: day(from)?, to: day(to)? })).transpose()?,
            checklist: checklist.map(str::to_owned),
        };
        let (rules, organisation) = (&snapshot.policy.rounds, &snapshot.organisation);
        let made =
            RoundPlan::make((RoundPlanId(Uuid::now_v7()), unit("lh.dm.xlb")?), plan, rules, organisation, &by, now);
        plans.push(made.map_err(|refusal| Failure(refusal.to_string()))?);
    }
    let put = move |tx: &mut jiban_store::WriteTx<'_>| -> Result<(), StoreError> {
        plans.iter().try_for_each(|plan| {
            works::put(tx, &snapshot, plan, &by, &("rounds_planned", json!({ "plan": plan.plan })))
        })
    };
    app.store.write(put).await?;
    Ok(())
}

/// One campaign's life: begun, its cases gathered, then each step at its day.
async fn live(app: &App, plan: Plan, began: Date, steps: impl IntoIterator<Item = Step>) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let zone = snapshot.calendar.zone().clone();
    let today = app.now().await?.to_zoned(zone.clone()).date();
    // At ten in the morning, so many days ago.
    let at = |days: i64| -> Result<Timestamp, Failure> {
        let moment = today.checked_sub(days.days()).and_then(|day| day.at(10, 0, 0, 0).to_zoned(zone.clone()));
        moment.map(|moment| moment.timestamp()).map_err(|why| Failure(why.to_string()))
    };
    let person = PersonId::new("xlb1").map_err(|why| Failure(why.to_string()))?;
    let staff = Staff::of(&snapshot, person.clone(), [0; 32]);
    let by = Actor::Person(person);
    let since = began.until(today).map_or(0, |span| i64::from(span.get_days()));
    let id = CampaignId(Uuid::now_v7());
    let campaign = Campaign::begin(id, plan, &snapshot.organisation, &by, at(since)?);
    let campaign = campaign.map_err(|refusal| Failure(refusal.to_string()))?;
    let filter = Filter {
        category: campaign.plan.category.clone(),
        area: campaign.plan.areas.first().cloned(),
        from: began.checked_sub(30.days()).map_err(|why| Failure(why.to_string()))?,
        to: campaign.plan.last,
    };
    // What fits a campaign that runs joins it by itself from now on.
    let keep = campaign.plan.last >= today;
    let (world, author, told) = (snapshot.clone(), by.clone(), json!({ "plan": campaign.plan }));
    let put = move |tx: &mut jiban_store::WriteTx<'_>| -> Result<(), StoreError> {
        works::put(tx, &world, &campaign, &author, &("campaign_begun", told.clone()))
    };
    app.store.write(put).await?;
    match campaigns::gather(app, &staff, id.0, Gathering { numbers: Vec::new(), filter: Some(filter), keep }).await {
        // A short history may hold none.
        Ok(_) => {}
        Err(problem) if problem.status < 500 => {}
        Err(problem) => return Err(problem.into()),
    }
    let photo = photos::drawn(2)?;
    let material = Material {
        id: AttachmentId(Uuid::now_v7()),
        name: "现场摸排.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: photo.len() as u64,
        sha256: hex::encode(Sha256::digest(&photo)),
        by: by.to_string(),
        at: at(since)?,
    };
    let blob = BlobName::of_work(app.store.tenant(), id.0, material.id.0);
    upload::keep(app, &blob, photo.to_vec(), campaigns::add_material(app, &staff, id.0, material)).await?;
    for (days, act) in steps {
        let (world, author, then) = (snapshot.clone(), by.clone(), at(days)?);
        let alter = move |campaign: &mut Campaign, _| {
            campaign.act(&act, &world.organisation, &author, then)?;
            Ok((act.kind(), serde_json::to_value(&act).unwrap_or_default()))
        };
        works::change(app, &snapshot, id.0, &by, alter, |_, _| Ok(())).await?;
    }
    Ok(())
}
