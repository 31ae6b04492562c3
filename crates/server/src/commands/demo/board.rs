//! What the demo shows beside its cases: notices to residents, and which spots were seen on rounds.

use jiban_domain::event::Actor;
use jiban_store::{
    StoreError,
    public_notices::{self, PublicNotice},
    spot_visits::{self, Visit},
};
use jiff::{Timestamp, ToSpan};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

use crate::{app::App, commands::Failure};

/// Unit, heading, text, from how many days ago on, for how many days.
const NOTICES: [(&str, &str, &str, i64, i64); 4] = [
    (
        "lh.dm",
        "周四群众接访日",
        "本周四上午 9:00—11:30，街道领导在群众诉求服务大厅接待来访，可现场反映，也可拨打值班电话预约。",
        2,
        12,
    ),
    (
        "lh.dm.c01",
        "供水管道检修停水通知",
        "因管道检修，本周六 22:00 至次日 6:00 青云社区部分楼栋停水，请提前储水。抢修电话见“我的网格”。",
        1,
        8,
    ),
    (
        "lh.dm.c02",
        "电动自行车集中充电点启用",
        "社区南侧新增 40 个充电位，扫码使用。请勿进楼入户充电，共同守护安全。",
        5,
        30,
    ),
    (
        "lh.dm",
        "台风季防御提示",
        "请收好阳台花盆、晾晒物，发现广告牌松动、树木倾斜，请扫码或拨打网格热线告诉我们。",
        40,
        20,
    ),
];
/// Most visits of a spot in the days before, and fewest.
const VISITS: std::ops::Range<i64> = 2..7;
const VISIT_DAYS: i64 = 40;
/// Share of spots where nobody goes, and of visits with a checklist in hand.
const UNSEEN: f64 = 0.04;
const CHECKED: f64 = 0.6;

/// Puts both up.
///
/// # Errors
/// A [`Failure`] of the store.
pub(super) async fn put_up(app: &App, rng: &mut StdRng) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let now = app.now().await?;
    let ago = |hours: i64| now.saturating_sub(hours.hours()).unwrap_or(now);
    let by = Actor::System.to_string();
    let notices = NOTICES.map(|(unit, title, text, days_ago, days)| {
        let from = ago(days_ago * 24);
        PublicNotice {
            id: Uuid::now_v7(),
            unit: unit.to_owned(),
            title: title.to_owned(),
            text: text.to_owned(),
            shown_from: from,
            shown_until: from.saturating_add((days * 24).hours()).unwrap_or(Timestamp::MAX),
            by_actor: by.clone(),
            at: from,
        }
    });
    let mut visits = Vec::new();
    for spot in snapshot.organisation.spots() {
        let Some(walker) = snapshot.organisation.people_of(&spot.grid).first().map(|person| person.id.to_string())
        else {
            continue;
        };
        if rng.random_bool(UNSEEN) {
            continue;
        }
        let lists: Vec<&str> = snapshot.policy.rounds.of_spot(spot).map(|list| list.id.as_str()).collect();
        for _ in 0..rng.random_range(VISITS) {
            let list = lists.choose(rng).filter(|_| rng.random_bool(CHECKED)).copied();
            // Rather lately than long ago.
            let hours = rng.random_range(0.0..1.0_f64).powi(2) * (VISIT_DAYS * 24) as f64;
            visits.push(Visit {
                spot: spot.id.to_string(),
                at: ago(2 + hours as i64),
                person: walker.clone(),
                checklist: list.unwrap_or_default().to_owned(),
            });
        }
    }
    let all = move |tx: &mut jiban_store::WriteTx<'_>| -> Result<(), StoreError> {
        notices.iter().try_for_each(|notice| public_notices::put(tx, notice))?;
        visits.iter().try_for_each(|visit| spot_visits::note(tx, visit))
    };
    app.store.write(all).await?;
    Ok(())
}
