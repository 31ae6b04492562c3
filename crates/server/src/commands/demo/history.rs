//! Half a year of believable history: what came in, where, from whom, and each case's life through real commands.
//!
//! Names, phones and places are invented; the texts are written for this demo. Seeded: the same seed and the same day
//! give the same history.

use std::{collections::BTreeSet, fmt};

use jiban_domain::{case::Place, command::Register, event::Actor, ids::ChannelId};
use jiff::{Timestamp, ToSpan};
use rand::{
    RngExt, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom},
};

use super::{super::Failure, board, life::Life, photos};
use crate::{
    app::App,
    desk::{
        Intake,
        identity::Identity,
        records::{self, Past},
    },
};

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Cases made.
    pub cases: usize,
    /// Of these, still open.
    pub open: usize,
    /// Events of all of them.
    pub events: usize,
    days: u32,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} days: {} cases with {} events, {} open now", self.days, self.cases, self.events, self.open)
    }
}

/// Made-up requests: (text, with `{}` for the place; likely channel; found by staff).
const STORIES: &[(&str, &str, bool)] = &[
    ("{}门口每天晚上有人摆摊占道经营，油烟很大，行人只能走到马路上，请派人处理。", "hotline", false),
    ("{}楼下烧烤店油烟直排，味道飘到家里，窗户都不敢开。", "qr", false),
    ("{}附近垃圾桶满了两天没人清运，臭味很大。", "mini", false),
    ("{}共享单车乱停放，把盲道和人行道都堵死了。", "qr", false),
    ("{}的路灯坏了三盏，晚上一片漆黑，老人走路容易摔跤。", "hotline", false),
    ("{}工地夜间施工到凌晨一点，噪音吵得孩子睡不着。", "upstream_city", false),
    ("{}楼上邻居半夜拖桌椅，多次沟通无效，希望调解。", "hall", false),
    ("{}电梯三天两头故障，物业一直不修。", "hotline", false),
    ("{}消防通道被私家车长期堵塞，有安全隐患。", "qr", false),
    ("{}下水道堵塞，污水漫到路面上。", "hotline", false),
    ("{}服装店老板拖欠工资两个月，一直推脱不给。", "petition", false),
    ("{}健身房突然关门，预付卡里还有三千多元退不了。", "upstream_city", false),
    ("{}步行街有人直播音响开得太大，影响商户做生意。", "hotline", false),
    ("{}外墙瓷砖脱落，差点砸到人，非常危险！", "hotline", false),
    ("{}井盖不见了，一个大洞敞开着，晚上有人差点掉进去。", "qr", false),
    ("{}小区物业费涨价没有公示，业主不同意。", "letter", false),
    ("请问{}附近的社区食堂怎么办理老人就餐卡？", "mini", false),
    ("建议在{}增设一个过街斑马线。", "mailbox", false),
    ("{}有人在楼道里给电动车充电，担心着火，请来查处。", "qr", false),
    ("{}小区广场舞音乐声音太大，晚上十点还不停。", "hotline", false),
    ("{}水管爆了，水一直往外喷，请尽快抢修。", "duty_street", false),
    ("{}商户反映房东私自加价收水电费，每度电收一块八。", "visit", false),
    ("{}老旧小区想加装电梯，低层住户不同意，希望街道协调。", "reception_day", false),
    ("{}闻到很浓的煤气味，怀疑燃气泄漏！", "hotline", false),
    ("感谢{}社区网格员帮忙找到走失的小狗，特此表扬。", "mini", false),
    ("{}早餐店没有营业执照，卫生很差，吃了拉肚子。", "upstream_city", false),
    ("巡查发现{}旁堆放大件垃圾，已通知清运。", "rounds", true),
    ("巡查发现{}路面破损，有坑洼积水。", "rounds", true),
    ("巡查发现{}商铺店外经营，超出门槛线。", "rounds", true),
    ("巡查发现{}灭火器过期、消防栓被遮挡。", "rounds", true),
    ("巡查发现{}墙面张贴小广告。", "rounds", true),
    ("巡查发现{}电线低垂，线缆杂乱。", "rounds", true),
    ("自查发现{}门前地砖松动，已围挡。", "selfcheck", true),
];

const FAMILY: &[&str] = &["王", "李", "张", "刘", "陈", "杨", "黄", "周", "吴", "林", "何", "郑", "梁", "谢", "罗"];
const CALLED: &[&str] = &["先生", "女士", "小姐", "阿姨", "师傅"];

/// Makes the history up to now.
///
/// # Errors
/// A [`Failure`] of the store, or a life that ran into a refusal.
pub async fn make(app: &App, seed: u64, days: u32) -> Result<Report, Failure> {
    let until = now_ms();
    let mut report = Report { days, ..Report::default() };
    let mut arrivals = arrivals(seed, days, until);
    arrivals.sort_unstable();
    let mut photographed = Vec::new();
    let tell = |past: &Past| {
        if !past.case().attachments.is_empty() {
            photographed.push(past.case().clone());
        }
        report.cases += 1;
        report.open += usize::from(past.case().state.is_open());
        report.events += past.events();
    };
    live(app, seed, &arrivals, until, tell).await?;
    photos::keep(app, &photographed).await?;
    board::put_up(app, &mut StdRng::seed_from_u64(seed)).await?;
    Ok(report)
}

/// Cases that share a commit.
const BATCH: usize = 100;

/// Makes so many cases over the last `days`: a stock for benches. The fewer days, the more of them are still open.
///
/// # Errors
/// As [`make`].
pub async fn fill(app: &App, seed: u64, cases: usize, days: u32) -> Result<(), Failure> {
    let until = now_ms();
    let span_s = i64::from(days) * 86_400;
    let all = i64::try_from(cases).unwrap_or(i64::MAX).max(1);
    let moments = (0..all).map(|n| until.saturating_sub((span_s - span_s * n / all).seconds()).unwrap_or(until));
    live(app, seed, &moments.collect::<Vec<_>>(), until, |_| {}).await
}

/// A life for each of these arrivals, numbered in their order. Some are lived while those before are being stored.
async fn live(
    app: &App,
    seed: u64,
    arrivals: &[Timestamp],
    until: Timestamp,
    mut tell: impl FnMut(&Past),
) -> Result<(), Failure> {
    let bar = indicatif::ProgressBar::new(arrivals.len() as u64);
    bar.set_style(style());
    let snapshot = app.snapshot();
    let mut seeds = (0_u64..).map(|n| seed.wrapping_mul(1_000_003).wrapping_add(n));
    let mut lived = Vec::new();
    for some in arrivals.chunks(BATCH) {
        let living = async {
            let mut next = Vec::with_capacity(some.len());
            for (at, seed) in some.iter().zip(&mut seeds) {
                next.push(one(app, seed, *at, until).await?);
            }
            Ok::<_, Failure>(next)
        };
        let (stored, next) = tokio::join!(records::store(app, snapshot.clone(), std::mem::take(&mut lived)), living);
        stored?;
        lived = next?;
        lived.iter().for_each(&mut tell);
        bar.inc(lived.len() as u64);
    }
    records::store(app, snapshot, lived).await?;
    bar.finish_and_clear();
    Ok(())
}

/// The store keeps milliseconds; a finer time would not come back as it went in.
fn now_ms() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn style() -> indicatif::ProgressStyle {
    let plain = indicatif::ProgressStyle::default_bar();
    plain.clone().template("{bar:40} {pos}/{len} cases, {eta} left").unwrap_or(plain)
}

/// When cases come in: fewer every month, in waking hours, and a handful in the last hours so that every state is seen.
fn arrivals(seed: u64, days: u32, until: Timestamp) -> Vec<Timestamp> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut arrivals = Vec::new();
    for day in 0..i64::from(days) {
        let begin = until.saturating_sub(((i64::from(days) - day) * 24).hours()).unwrap_or(until);
        // About 19 a day at first, about 11 at the end: −40 % over the half year.
        let mean = 19.0 - 8.0 * day as f64 / f64::from(days.max(1));
        let count = (mean + rng.random_range(-4.0..4.0)).round().max(1.0) as u32;
        for _ in 0..count {
            let hour = *[7, 8, 8, 9, 9, 10, 10, 11, 14, 15, 15, 16, 17, 19, 20, 21, 23].choose(&mut rng).unwrap_or(&9);
            let second = i64::from(hour) * 3_600 + rng.random_range(0..3_600);
            let midnight = begin.as_second() - (begin.as_second() + 8 * 3_600).rem_euclid(86_400);
            arrivals.extend(Timestamp::from_second(midnight + second).ok().filter(|at| *at < until));
        }
    }
    arrivals.extend(
        [2, 5, 9, 14, 20, 28, 37, 55, 80, 120].map(|m: i64| until.saturating_sub(m.minutes()).unwrap_or(until)),
    );
    arrivals
}

async fn one(app: &App, seed: u64, at: Timestamp, until: Timestamp) -> Result<Past, Failure> {
    let snapshot = app.snapshot();
    let intake = story(&snapshot, seed, at)?;
    let none = BTreeSet::new();
    // What staff found is told by whoever walks that grid.
    let walker =
        intake.register.first_receiver.as_ref().and_then(|grid| snapshot.organisation.people_of(grid).first().copied());
    let by = walker.map_or(Actor::Reporter, |person| Actor::Person(person.id.clone()));
    let live = records::decide_past(app, &snapshot, by, intake, &none, |world, first| {
        Life::new(*world, seed).run(first, until)
    });
    live.await?.map_err(|refusal| Failure(refusal.to_string()))
}

/// One made-up request.
fn story(snapshot: &crate::infra::world::Snapshot, seed: u64, at: Timestamp) -> Result<Intake, Failure> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
    let spot = snapshot.organisation.spots().choose(&mut rng).ok_or_else(|| Failure("no spots".into()))?;
    let (text, channel, found) = STORIES.choose(&mut rng).ok_or_else(|| Failure("no stories".into()))?;
    let named = !found && rng.random_bool(0.85);
    let identity = if named {
        let name = [FAMILY.choose(&mut rng), CALLED.choose(&mut rng)].into_iter().flatten().copied().collect();
        // 199-0000-xxxx: a block that no operator gives to people.
        Identity { name, phone: format!("1990000{:04}", rng.random_range(0..3_000)), ..Identity::default() }
    } else {
        Identity::default()
    };
    let near = |metres: f64, rng: &mut StdRng| rng.random_range(-metres..metres) / 111_000.0;
    let exact = rng.random_bool(0.4);
    let (lon, lat) = (spot.lon + near(60.0, &mut rng), spot.lat + near(60.0, &mut rng));
    let place = Place {
        address: format!("{}（{}）", spot.address, spot.name),
        lon: (!exact).then_some(lon),
        lat: (!exact).then_some(lat),
        spot: exact.then(|| spot.id.clone()),
        grid: Some(spot.grid.clone()),
    };
    let register = Register {
        origin: None,
        channel: ChannelId::new(*channel).map_err(|why| Failure(why.to_string()))?,
        first_receiver: found.then(|| spot.grid.clone()),
        title: String::new(),
        text: text.replace("{}", &spot.address),
        place,
        reporter: Default::default(),
        complained_about: None,
        upstream_number: channel.starts_with("upstream").then(|| format!("SZ{}", seed % 100_000_000_000)),
        received_by_leader: None,
        proposal: None,
    };
    Ok(Intake { register, identity, key: None, at: Some(at) })
}
