//! Half a year of believable history: what came in, where, from whom, and each case's life through real commands.
//!
//! Names, phones and places are invented; the texts are written for this demo. Seeded: the same seed and the same day
//! give the same history.

use std::{collections::BTreeSet, fmt};

use jiban_domain::{
    case::Place,
    command::Register,
    event::Actor,
    ids::{CategoryId, ChannelId, UnitId},
};
use jiff::{Timestamp, ToSpan};
use rand::{
    RngExt, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom},
};

use super::{super::Failure, ahead, board, life::Life, photos};
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

/// A made-up matter: what a person would call it, where it likely comes in, whether staff find it, and how it is told, with
/// `{}` for the place.
struct Story {
    category: &'static str,
    channel: &'static str,
    found: bool,
    told: &'static [&'static str],
}

const fn story_of(category: &'static str, channel: &'static str, found: bool, told: &'static [&'static str]) -> Story {
    Story { category, channel, found, told }
}

const STORIES: &[Story] = &[
    story_of(
        "city.stall",
        "hotline",
        false,
        &[
            "{}门口每天晚上有人摆摊占道经营，油烟很大，行人只能走到马路上，请派人处理。",
            "{}一到傍晚就来三四个小推车卖水果，路口被占了一半。",
            "下班经过{}，人行道上全是地摊，推婴儿车根本过不去。",
            "{}路口的流动摊贩赶了又来，炒粉的占着盲道。",
            "{}夜市小贩把斑马线都摆满了摊子。",
        ],
    ),
    story_of(
        "noise.fumes",
        "qr",
        false,
        &[
            "{}楼下烧烤店油烟直排，味道飘到家里，窗户都不敢开。",
            "{}的快餐店把排烟口对着居民楼，一到饭点满屋油烟味。",
            "{}湘菜馆净化器好像没开，厨房油烟往楼道里灌。",
            "{}火锅店的油烟管道坏了，一股辣椒味往屋里钻。",
            "住在{}二楼，早餐店炸油条的油烟熏得阳台发黑。",
        ],
    ),
    story_of(
        "city.litter",
        "mini",
        false,
        &[
            "{}附近垃圾桶满了两天没人清运，臭味很大。",
            "{}的垃圾堆到路边了，苍蝇乱飞，请安排清运。",
            "{}垃圾房门口一地垃圾袋，保洁说车没来。",
            "{}花坛边堆着好几袋生活垃圾，招来野猫。",
            "{}早市散了以后满地烂菜叶，没有人扫。",
        ],
    ),
    story_of(
        "traffic.shared",
        "qr",
        false,
        &[
            "{}共享单车乱停放，把盲道和人行道都堵死了。",
            "{}地铁口单车堆成山，出站只能侧着身子走。",
            "{}一排共享单车倒在地上好几天没人扶。",
            "{}小区门口被共享单车围住，救护车都开不进来。",
        ],
    ),
    story_of(
        "utility.lamps",
        "hotline",
        false,
        &[
            "{}的路灯坏了三盏，晚上一片漆黑，老人走路容易摔跤。",
            "{}路灯一闪一闪的，昨晚干脆全灭了。",
            "{}拐角没有灯，下晚自习的孩子害怕，麻烦修一下路灯。",
            "{}整条巷子黑灯瞎火，路灯杆有电但不亮。",
        ],
    ),
    story_of(
        "noise.site",
        "upstream_city",
        false,
        &[
            "{}工地夜间施工到凌晨一点，噪音吵得孩子睡不着。",
            "{}打桩从早上六点开始，周末也不停。",
            "{}地块半夜还有渣土车装卸，整栋楼都被吵醒。",
            "{}装修队晚上十点还在用电锤，工地没有夜间施工证明。",
        ],
    ),
    story_of(
        "dispute.neighbour",
        "hall",
        false,
        &[
            "{}楼上邻居半夜拖桌椅，多次沟通无效，希望调解。",
            "{}隔壁邻居把鞋柜摆在公共走廊，为这事吵过两回。",
            "{}楼上住户阳台滴水淋湿我家被子，好好说也不听。",
            "{}邻居养的鸡凌晨打鸣，和他说了又吵起来。",
            "{}对门邻居把装修垃圾倒在我家门口，闹得很不愉快。",
        ],
    ),
    story_of(
        "house.lift",
        "hotline",
        false,
        &[
            "{}电梯三天两头故障，物业一直不修。",
            "{}二号梯停用一周了，家里有坐轮椅的老人下不了楼。",
            "{}电梯到五楼会突然一顿，门要关三四次才合上。",
            "{}电梯困人一个多小时，维保电话没人接。",
        ],
    ),
    story_of(
        "safety.exits",
        "qr",
        false,
        &[
            "{}消防通道被私家车长期堵塞，有安全隐患。",
            "{}疏散楼梯口锁了铁门，出了事跑都跑不掉。",
            "{}消防登高面画了线还是停满车。",
            "{}消防通道堆满货物，只剩一条缝。",
        ],
    ),
    story_of(
        "utility.drain",
        "hotline",
        false,
        &[
            "{}下水道堵塞，污水漫到路面上。",
            "{}化粪池冒水，一楼商铺门口全是脏水。",
            "{}雨水篦子被树叶堵住，水排不下去。",
            "{}厨房下水返味，楼下管道堵了往上冒水。",
        ],
    ),
    story_of(
        "labour.wages",
        "petition",
        false,
        &[
            "{}服装店老板拖欠工资两个月，一直推脱不给。",
            "在{}一家奶茶店上班，离职三周还没结工资。",
            "{}美容院说生意不好，三个人的提成都扣着不发。",
            "{}装修公司拖着十几个工人的工资不给。",
        ],
    ),
    story_of(
        "market.prepaid",
        "upstream_city",
        false,
        &[
            "{}健身房突然关门，预付卡里还有三千多元退不了。",
            "{}美发店换了老板，原来办的卡不认了。",
            "{}早教中心停课，剩下四十节课的钱要不回来。",
            "{}瑜伽馆跑路，会员卡余额退不了。",
        ],
    ),
    story_of(
        "market.live",
        "hotline",
        false,
        &[
            "{}步行街有人直播音响开得太大，影响商户做生意。",
            "{}几个主播围着路人拍，堵住了商场出口。",
            "{}户外直播跳舞的把店门口当舞台，客人进不来。",
            "{}晚上有主播拿着喇叭直播，围观的人堵住路。",
        ],
    ),
    story_of(
        "house.wall",
        "hotline",
        false,
        &[
            "{}外墙瓷砖脱落，差点砸到人，非常危险！",
            "{}裙楼外立面有一块抹灰翘起来，看着要掉。",
            "{}旧楼雨篷的水泥块昨天掉下来一块。",
            "{}楼体外墙有裂缝，墙皮一块一块往下掉。",
        ],
    ),
    story_of(
        "safety.manhole",
        "qr",
        false,
        &["{}井盖不见了，一个大洞敞开着，晚上有人差点掉进去。", "{}车道上的井盖被压塌一半，骑车经过很危险。"],
    ),
    story_of(
        "house.fees",
        "letter",
        false,
        &[
            "{}小区物业费涨价没有公示，业主不同意。",
            "{}物业多收了三个月的公摊，问了也不给明细。",
            "{}物业涨了停车费和物业费，没有开业主大会。",
        ],
    ),
    story_of(
        "civil.elderly",
        "mini",
        false,
        &[
            "请问{}附近的社区食堂怎么办理老人就餐卡？",
            "{}独居老人想申请长者饭堂送餐，要带什么材料？",
            "{}老人想申请居家养老补贴，找哪里办？",
        ],
    ),
    story_of(
        "ask.suggestion",
        "mailbox",
        false,
        &[
            "建议在{}增设一个过街斑马线。",
            "希望{}能加几张长椅，等车的老人没地方坐。",
            "建议把{}的绿灯时间加长一点，老人来不及过马路。",
        ],
    ),
    story_of(
        "safety.charging",
        "qr",
        false,
        &[
            "{}有人在楼道里给电动车充电，担心着火，请来查处。",
            "{}住户从窗户拉线下来给电瓶车充电，飞线拉了十几米。",
            "{}架空层停满电动车还在充电，晚上没人管。",
        ],
    ),
    story_of(
        "noise.square",
        "upstream_city",
        false,
        &[
            "{}小区广场舞音乐声音太大，晚上十点还不停。",
            "{}跳舞的有两拨人比谁音箱响，孩子没法写作业。",
            "{}广场舞大妈早上六点就放音乐，上夜班的人没法睡。",
        ],
    ),
    story_of(
        "utility.pipe",
        "hotline",
        false,
        &[
            "{}水管爆了，水一直往外喷，请尽快抢修。",
            "{}路面往上冒清水，应该是地下水管破了。",
            "{}水管爆裂，整条街都被水淹了。",
        ],
    ),
    story_of(
        "utility.bills",
        "visit",
        false,
        &[
            "{}商户反映房东私自加价收水电费，每度电收一块八。",
            "{}写字楼电费比供电局贵一倍，租户意见很大。",
            "{}房东收的电费一块五一度，还不给发票。",
        ],
    ),
    story_of(
        "house.addlift",
        "reception_day",
        false,
        &[
            "{}老旧小区想加装电梯，低层住户不同意，希望街道协调。",
            "{}加装电梯的方案公示完了，二楼说挡采光不让开工。",
            "{}想给旧楼加装电梯，不知道要多少户同意。",
        ],
    ),
    story_of("utility.gas", "hotline", false, &["{}闻到很浓的煤气味，怀疑燃气泄漏！"]),
    story_of(
        "ask.praise",
        "mini",
        false,
        &["感谢{}社区网格员帮忙找到走失的小狗，特此表扬。", "{}的网格员半夜帮我们联系抢修，谢谢他们。"],
    ),
    story_of(
        "market.food",
        "upstream_city",
        false,
        &[
            "{}早餐店没有营业执照，卫生很差，吃了拉肚子。",
            "{}买的盒饭里吃出虫子，店家态度还很差。",
            "{}奶茶店的杯子里有异物，卫生太差。",
        ],
    ),
    story_of(
        "city.bulky",
        "rounds",
        true,
        &["巡查发现{}旁堆放大件垃圾，已通知清运。", "巡查发现{}架空层堆着旧沙发和床垫。"],
    ),
    story_of("traffic.road", "rounds", true, &["巡查发现{}路面破损，有坑洼积水。", "巡查发现{}人行道地砖松动翘起。"]),
    story_of(
        "city.overflow",
        "rounds",
        true,
        &["巡查发现{}商铺店外经营，超出门槛线。", "巡查发现{}五金店把货架摆到人行道上。"],
    ),
    story_of(
        "safety.equipment",
        "rounds",
        true,
        &["巡查发现{}灭火器过期、消防栓被遮挡。", "巡查发现{}应急灯不亮、消火栓箱上了锁。"],
    ),
    story_of("city.posters", "rounds", true, &["巡查发现{}墙面张贴小广告。"]),
    story_of("utility.cables", "rounds", true, &["巡查发现{}电线低垂，线缆杂乱。"]),
    story_of("traffic.road", "selfcheck", true, &["自查发现{}门前地砖松动，已围挡。"]),
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
    report.cases += rise(app, seed, until).await?;
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

/// How people go on: since when, and what they ask for.
const SINCE: &[&str] = &[
    "已经一个多星期了",
    "从上个月开始就这样",
    "这两天更严重",
    "前天打过一次电话",
    "左邻右舍都有意见",
    "家里有老人和小孩",
    "下班回来才发现",
    "昨晚又是这样",
    "跟管理处说了没用",
    "每天进出都要经过",
];
const ASKS: &[&str] = &[
    "请尽快派人来看看",
    "希望街道帮忙协调",
    "麻烦给个答复",
    "盼早日解决",
    "请有关部门管一管",
    "希望今天就能处理",
    "有结果请回个电话",
    "先谢谢你们了",
];
/// How staff go on about what they found.
const NOTED: &[&str] =
    &["已拍照留存", "现场无人认领", "已口头告知负责人", "旁边有行人经过", "与上周同一位置", "范围约两平方米"];

/// How the water of one grid turned yellow, as its people tell it.
const RISE: Story = story_of(
    "utility.waterquality",
    "hotline",
    false,
    &[
        "{}自来水发黄，放了十分钟还是黄的。",
        "{}水龙头出来的水浑浊，有铁锈味，不敢给孩子喝。",
        "{}这两天水质很差，洗的白衣服都染黄了。",
    ],
);
/// Hours ago at which they told it: a rise that nobody has called a problem yet.
const RISE_HOURS: [i64; 7] = [70, 52, 47, 30, 25, 9, 4];

/// A small rise of one matter in one grid, in the last days. Returns how many cases it is.
async fn rise(app: &App, seed: u64, until: Timestamp) -> Result<usize, Failure> {
    let snapshot = app.snapshot();
    let mut lived = Vec::new();
    for (n, hours) in (0_u64..).zip(RISE_HOURS) {
        let at = until.saturating_sub(hours.hours()).unwrap_or(until);
        let seed = seed.wrapping_mul(7_919).wrapping_add(n);
        let (intake, category) = story(&snapshot, seed, at, Some(&RISE))?;
        lived.push(life(app, seed, intake, category, until).await?);
    }
    records::store(app, snapshot, lived).await?;
    Ok(RISE_HOURS.len())
}

async fn one(app: &App, seed: u64, at: Timestamp, until: Timestamp) -> Result<Past, Failure> {
    let (intake, category) = story(&app.snapshot(), seed, at, None)?;
    life(app, seed, intake, category, until).await
}

async fn life(
    app: &App,
    seed: u64,
    intake: Intake,
    category: Option<CategoryId>,
    until: Timestamp,
) -> Result<Past, Failure> {
    let snapshot = app.snapshot();
    let none = BTreeSet::new();
    // What staff found is told by whoever walks that grid.
    let walker =
        intake.register.first_receiver.as_ref().and_then(|grid| snapshot.organisation.people_of(grid).first().copied());
    let by = walker.map_or(Actor::Reporter, |person| Actor::Person(person.id.clone()));
    let live = records::decide_past(app, &snapshot, by, intake, &none, |world, first| {
        Life::new(*world, seed, category).run(first, until)
    });
    live.await?.map_err(|refusal| Failure(refusal.to_string()))
}

/// What is told, as a person goes on about it: no two say quite the same. Questions, praise and suggestions stand alone.
fn told_on(rng: &mut StdRng, text: &str, category: &str, found: bool) -> String {
    let some = |rng: &mut StdRng, of: &[&'static str]| of.choose(rng).copied().unwrap_or_default();
    let begin = text.trim_end_matches(['。', '！']);
    match found {
        true => format!("{begin}，{}。", some(rng, NOTED)),
        false if category.starts_with("ask.") || text.ends_with('？') => text.to_owned(),
        false => format!("{begin}，{}，{}。", some(rng, SINCE), some(rng, ASKS)),
    }
}

/// Whether the demo's campaign was there.
fn is_where_campaign_was(snapshot: &crate::infra::world::Snapshot, grid: &UnitId) -> bool {
    let community = snapshot.organisation.community_of(grid);
    community.is_some_and(|unit| ahead::AREAS.contains(&unit.as_str()))
}

fn days_before_now(at: Timestamp) -> i64 {
    now_ms().duration_since(at).as_hours() / 24
}

/// One made-up request, and the category that a person would give it.
fn story(
    snapshot: &crate::infra::world::Snapshot,
    seed: u64,
    at: Timestamp,
    told: Option<&Story>,
) -> Result<(Intake, Option<CategoryId>), Failure> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
    // What rises, rises in the first grid there is; all else is anywhere.
    let first = snapshot.organisation.spots().next().map(|spot| &spot.grid);
    let spots = snapshot.organisation.spots().filter(|spot| told.is_none() || Some(&spot.grid) == first);
    let spot = spots.choose(&mut rng).ok_or_else(|| Failure("no spots".into()))?;
    let nothing = || Failure("no stories".into());
    let mut any = told.or_else(|| STORIES.choose(&mut rng));
    // Before the campaign there was too much of one kind there; since, most of it no longer happens, and something else
    // comes in.
    let days_ago = days_before_now(at);
    let there = told.is_none() && is_where_campaign_was(snapshot, &spot.grid);
    if there && days_ago > ahead::DAYS_AGO.0 && rng.random_bool(ahead::TOO_MUCH) {
        any = STORIES.iter().filter(|story| story.category.starts_with(ahead::KIND)).choose(&mut rng);
    }
    let is_spared = |story: &&Story, rng: &mut StdRng| {
        there
            && days_ago < ahead::DAYS_AGO.1
            && story.category.starts_with(ahead::KIND)
            && rng.random_bool(ahead::SPARED)
    };
    while any.is_some_and(|story| is_spared(&story, &mut rng)) {
        any = STORIES.choose(&mut rng);
    }
    let Story { category, channel, found, told } = any.ok_or_else(nothing)?;
    let text = told.choose(&mut rng).ok_or_else(nothing)?;
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
        text: told_on(&mut rng, text, category, *found).replace("{}", &spot.address),
        place,
        reporter: Default::default(),
        complained_about: None,
        upstream_number: channel.starts_with("upstream").then(|| format!("SZ{}", seed % 100_000_000_000)),
        received_by_leader: None,
        proposal: None,
    };
    let category = CategoryId::new(*category).ok().filter(|id| snapshot.policy.categories.contains_key(id));
    Ok((Intake { register, identity, key: None, at: Some(at) }, category))
}
