//! The walk: one urgent, one fast, one routine and one complex case through every step, with a return, an extension, a
//! whistle to three units, an escalation and a reopening; then the timeline of each and how each clock ended.
//!
//! It goes through the desk with a clock set by hand, so it shows what the mechanism does, not what a script says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use jiban_domain::{
    case::{Case, Mark, Place, Reporter},
    clock::Standing,
    command::{self as cmd, Command, Register},
    event::Actor,
    ids::{AttachmentId, CaseId, CategoryId, ChannelId, ClassId, PersonId, SpotId, StudioId, UnitId},
    policy::Length,
};
use jiban_store::{ManualClock, events};
use jiff::SignedDuration;
use uuid::Uuid;

use super::super::Failure;
use crate::{
    app::App,
    desk::{self, Intake, identity::Identity, rows},
    worker::sweeper,
};

/// A case on its walk.
struct Walk<'a> {
    app: &'a App,
    clock: &'a ManualClock,
    id: CaseId,
    /// Cases with it at their end, for `told`.
    title: &'static str,
}

fn failed(why: impl std::fmt::Display) -> Failure {
    Failure(why.to_string())
}

fn code<T: std::str::FromStr>(text: &str) -> Result<T, Failure>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(failed)
}

impl<'a> Walk<'a> {
    async fn begin(app: &'a App, clock: &'a ManualClock, title: &'static str, text: &str) -> Result<Self, Failure> {
        let register = Register {
            origin: None,
            channel: ChannelId::new("hotline").map_err(failed)?,
            first_receiver: None,
            title: String::new(),
            text: text.to_owned(),
            place: Place { spot: Some(SpotId::new("s001").map_err(failed)?), ..Place::default() },
            reporter: Reporter::default(),
            complained_about: None,
            upstream_number: None,
            received_by_leader: None,
            proposal: None,
        };
        let identity = Identity { name: "王女士".into(), phone: "19900001234".into(), ..Identity::default() };
        let intake = Intake { register, identity, key: None, at: None };
        let done = desk::register(app, person("xlb1")?, intake).await?;
        Ok(Self { app, clock, id: done.id, title })
    }

    /// After so many minutes, during which the sweeper does what is due, somebody acts.
    async fn after(&self, minutes: i64, who: &str, command: impl Into<Command>) -> Result<Case, Failure> {
        self.wait(minutes).await?;
        let by = if who == "reporter" { Actor::Reporter } else { person(who)? };
        Ok(desk::act(self.app, self.id, command.into(), by, None, None).await?)
    }

    /// Lets time pass, swept every minute as a running program does.
    async fn wait(&self, minutes: i64) -> Result<(), Failure> {
        for _ in 0..minutes {
            self.clock.advance(SignedDuration::from_mins(1));
            sweeper::sweep(self.app).await?;
        }
        Ok(())
    }

    async fn classify(&self, class: &str, category: &str, marks: &[Mark]) -> Result<Case, Failure> {
        let command = cmd::Classify {
            class: ClassId::new(class).map_err(failed)?,
            category: Some(CategoryId::new(category).map_err(failed)?),
            marks: marks.iter().copied().collect(),
            note: String::new(),
        };
        self.after(3, "xlb1", command).await
    }

    async fn dispatch(&self, lead: &str) -> Result<Case, Failure> {
        let command =
            cmd::Dispatch { lead: Some(code(lead)?), co_units: Default::default(), note: "按归口分拨".into() };
        self.after(4, "xlb2", command).await
    }

    async fn contact_and_verify(&self, who: &str) -> Result<Case, Failure> {
        self.after(2, who, cmd::Accept { handler: None }).await?;
        self.after(3, who, cmd::Contact { reached: true, note: "已电话联系".into() }).await?;
        self.after(9, who, cmd::Verify { finding: "现场核查属实".into() }).await
    }

    async fn photo(&self, who: &str) -> Result<Case, Failure> {
        let kind = jiban_domain::case::AttachmentKind::After;
        self.after(1, who, cmd::Attach { id: AttachmentId(Uuid::now_v7()), kind, name: "处置后.jpg".into() }).await
    }

    /// Opinion form, follow-up and closing, as the mechanism asks.
    async fn close(&self, who: &str, satisfied: bool) -> Result<Case, Failure> {
        let opinion = [("facts", "属实"), ("measures", "已处置"), ("result", "solved"), ("reply", "已答复")];
        self.after(60, who, cmd::FileOpinion { values: values(&opinion) }).await?;
        let follow_up = cmd::FollowUp {
            values: values(&[("method", "phone")]),
            reached: true,
            responded: Some(true),
            solved: Some(satisfied),
            satisfied: Some(satisfied),
            unsolved_because: because(satisfied, "partly"),
            unsatisfied_because: because(satisfied, "too_slow"),
        };
        // The liaison office may follow up whether the case is drawn for a third person or not.
        self.after(120, "xlb1", follow_up).await?;
        self.after(10, who, cmd::Close { note: "回访满意".into() }).await
    }

    /// The timeline and the end of each clock, in words.
    async fn told(&self) -> Result<String, Failure> {
        let id = self.id;
        let events = self.app.store.read(move |tx| events::events(tx, id.0, 0, 1_000)).await?;
        let case = desk::load(self.app, id).await?.ok_or_else(|| Failure("the case is gone".into()))?;
        let zone = self.app.snapshot().calendar.zone().clone();
        let local = |at: jiff::Timestamp| at.to_zoned(zone.clone()).strftime("%m-%d %H:%M").to_string();
        let mut out = format!("\n{} {} — {}\n", case.number, self.title, case.state.zh());
        for row in &events {
            let recorded = rows::recorded(row)?;
            let detail = match &recorded.event {
                jiban_domain::event::Event::Clock(event) => event.key().to_owned(),
                _ => String::new(),
            };
            writeln!(out, "  {} {:<16} {:<20} {detail}", local(recorded.at), recorded.by.to_string(), row.kind)
                .map_err(failed)?;
        }
        writeln!(out, "  clocks:").map_err(failed)?;
        for clock in &case.clocks {
            let end = match &clock.standing {
                Standing::Running => "running".to_owned(),
                Standing::Met { at } => format!("met {}", local(*at)),
                Standing::Cancelled { at } => format!("cancelled {}", local(*at)),
                Standing::Breached { stopped_at: None } => "breached, still waiting".to_owned(),
                Standing::Breached { stopped_at: Some(at) } => format!("breached, done {}", local(*at)),
            };
            writeln!(out, "    {:<24} due {}  {end}", clock.key, local(clock.due_at)).map_err(failed)?;
        }
        Ok(out)
    }
}

fn person(id: &str) -> Result<Actor, Failure> {
    PersonId::new(id).map(Actor::Person).map_err(failed)
}

fn because(answer: bool, reason: &str) -> BTreeSet<String> {
    (!answer).then(|| reason.to_owned()).into_iter().collect()
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect()
}

/// Walks all four cases over an app whose store runs on `clock`. Returns the four timelines.
///
/// # Errors
/// The first step that is refused: then the mechanism no longer does what the walk says.
pub async fn walk(app: &App, clock: &ManualClock) -> Result<String, Failure> {
    let told =
        [urgent(app, clock).await?, fast(app, clock).await?, routine(app, clock).await?, complex(app, clock).await?];
    Ok(told.concat())
}

/// Danger is urgent by rule; finished within two hours; a whistle to three units, one of which comes late.
async fn urgent(app: &App, clock: &ManualClock) -> Result<String, Failure> {
    let walk = Walk::begin(app, clock, "紧急类 urgent: whistle to three units", "楼下闻到很浓的煤气味，怀疑燃气泄漏！")
        .await?;
    walk.classify("urgent", "safety.gasbottles", &[]).await?;
    walk.dispatch("lh.dm.yjb").await?;
    walk.contact_and_verify("yjb1").await?;
    let units: Vec<UnitId> = [code("lh.xfd")?, code("lh.zjj")?, code("lh.dm.zfd")?].into();
    let matter = "疑似漏气，请到场联合处置".to_owned();
    let whistle = cmd::BlowWhistle { caller: None, units: units.iter().cloned().collect(), matter };
    let case = walk.after(2, "c01a", whistle).await?;
    let id = case.whistles[0].id;
    for (minutes, who, unit) in [(8, "xfd1", &units[0]), (7, "zjj1", &units[1]), (40, "zfd1", &units[2])] {
        walk.after(minutes, who, cmd::ReportIn { whistle: id, unit: unit.clone(), action: "已到场".into() }).await?;
    }
    let settled = cmd::SettleWhistle { whistle: id, outcome: "solved".into(), note: "阀门已更换".into() };
    walk.after(5, "xlb1", settled).await?;
    walk.photo("yjb1").await?;
    walk.after(5, "yjb1", cmd::Finish { outcome: "阀门更换，复测无泄漏".into() }).await?;
    walk.after(30, "reporter", cmd::Rate { grade: 5, comment: "来得很快".into() }).await?;
    walk.close("yjb1", true).await?;
    walk.told().await
}

/// The wrong unit returns it; the liaison office agrees; clocks ran on meanwhile. A bad grade is appealed.
async fn fast(app: &App, clock: &ManualClock) -> Result<String, Failure> {
    let walk =
        Walk::begin(app, clock, "快处类 fast: return, bad grade, appeal", "门口有人摆摊占道经营，行人只能走马路。")
            .await?;
    walk.classify("fast", "city.stall", &[]).await?;
    walk.dispatch("lh.dm.csb").await?;
    let returned = cmd::Return {
        reason: "not_our_duty".into(),
        explained: "已向诉求人说明将转执法队".into(),
        suggested: Some(code("lh.dm.zfd")?),
    };
    let case = walk.after(4, "csb1", returned).await?;
    let id = case.returns[0].id;
    let decided = cmd::DecideReturn { id, upheld: true, lead: None, note: "同意".into() };
    walk.after(2, "xlb1", decided).await?;
    walk.contact_and_verify("zfd1").await?;
    walk.photo("zfd1").await?;
    walk.after(300, "zfd1", cmd::Finish { outcome: "已劝离".into() }).await?;
    walk.after(60, "reporter", cmd::Rate { grade: 1, comment: "第二天又来了".into() }).await?;
    let appeal = cmd::Appeal { reason: "当日已劝离，照片为证".into(), evidence: Vec::new() };
    let case = walk.after(120, "zfd1", appeal).await?;
    let decided =
        cmd::DecideAppeal { id: case.appeals[0].id, upheld: true, grade: Some(4), note: "证据充分".into() };
    walk.after(60, "xlb1", decided).await?;
    walk.close("zfd1", true).await?;
    walk.told().await
}

/// Mediation; an extension asked for and granted before the deadline; disputed, reopened and finished again.
async fn routine(app: &App, clock: &ManualClock) -> Result<String, Failure> {
    let walk =
        Walk::begin(app, clock, "常态类 routine: mediation, extension, reopening", "楼上邻居半夜拖桌椅，希望调解。")
            .await?;
    walk.classify("routine", "dispute.neighbour", &[]).await?;
    walk.dispatch("lh.dm.sfs").await?;
    walk.contact_and_verify("sfs1").await?;
    walk.after(30, "sfs1", cmd::RouteTo { studio: StudioId::new("laoyang").map_err(failed)? }).await?;
    let asked = cmd::RequestExtension {
        clock: "finish.1".into(),
        length: Length::Minutes(24 * 60),
        reason: "several_parties".into(),
    };
    let case = walk.after(60, "sfs1", asked).await?;
    let id = case.extensions[0].id;
    walk.after(30, "xlb1", cmd::DecideExtension { id, granted: true, note: "同意延期一天".into() }).await?;
    walk.after(60 * 80, "sfs1", cmd::Finish { outcome: "双方达成口头约定".into() }).await?;
    walk.after(600, "reporter", cmd::Dispute { reason: "当晚又吵".into() }).await?;
    walk.after(30, "xlb1", cmd::Reopen { reason: "问题未解决".into() }).await?;
    walk.after(5, "sfs1", cmd::Contact { reached: true, note: "再次联系".into() }).await?;
    walk.after(10, "sfs1", cmd::Verify { finding: "属实".into() }).await?;
    walk.after(60 * 20, "sfs1", cmd::Finish { outcome: "签订调解协议".into() }).await?;
    walk.close("sfs1", true).await?;
    walk.told().await
}

/// Complex and stubborn: a leader takes it over, with duties and a team; nobody answers the phone at first.
async fn complex(app: &App, clock: &ManualClock) -> Result<String, Failure> {
    let walk = Walk::begin(
        app,
        clock,
        "情况复杂 complex: escalation, team",
        "旧改补偿多年没有结果，业委会互相推诿，准备上访。",
    )
    .await?;
    walk.classify("routine", "plan.compensation", &[Mark::Complex, Mark::Stubborn]).await?;
    walk.wait(60 * 5).await?;
    walk.dispatch("lh.dm.csb").await?;
    walk.after(2, "csb1", cmd::Accept { handler: None }).await?;
    for minutes in [1, 3, 3] {
        walk.after(minutes, "csb1", cmd::Contact { reached: false, note: "无人接听".into() }).await?;
    }
    walk.after(12, "csb1", cmd::Verify { finding: "涉及三方权属".into() }).await?;
    let escalated = cmd::Escalate { official: code("leader1")?, reason: "老大难，涉及多部门".into() };
    walk.after(30, "xlb1", escalated).await?;
    let duties = (0..5).map(|index| (index, "已落实".to_owned())).collect();
    let questions = (0..3).map(|index| (index, "已回答".to_owned())).collect();
    walk.after(600, "leader1", cmd::OfficialAct { duties, questions }).await?;
    let seats = [
        ("delegate", &["leader2"][..]),
        ("cadre", &["c01b"]),
        ("staff", &["csb2", "csb3"]),
        ("grid_worker", &["c01g01a"]),
    ];
    let mut team = BTreeMap::new();
    for (seat, people) in seats {
        team.insert(seat.to_owned(), people.iter().map(|id| code(id)).collect::<Result<_, _>>()?);
    }
    walk.after(30, "xlb1", cmd::AssignTeam { team }).await?;
    walk.after(60 * 30, "csb1", cmd::Finish { outcome: "三方签订补偿协议".into() }).await?;
    walk.close("csb1", true).await?;
    walk.told().await
}
