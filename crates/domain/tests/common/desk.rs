//! A desk to act at, so that a test reads as what people did: who, when, what; and what came of it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use jiban_domain::{
    case::{AttachmentKind, Case, Mark, Place, Reporter, SessionOutcome, Signature, State},
    clock::{Clock, Standing},
    command::{self as cmd, Command, Register},
    decide::{self, Moment},
    event::{Actor, Event},
    ids::{AttachmentId, CaseId, RequestId, UnitId},
    policy::{Length, Milestone},
    refusal::Refusal,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::{
    Town, ZONE,
    always::{PRIVATE, Stream},
    local,
};

/// Before there is a case.
pub(crate) struct Door {
    town: Cow<'static, Town>,
    now: Timestamp,
    by: Actor,
}

/// The door of Dongmen, at a time on its wall.
pub(crate) fn at(time: &str) -> Door {
    Door { town: Cow::Borrowed(Town::dongmen()), now: local(time), by: actor("xlb1") }
}

impl Door {
    pub(crate) fn of(mut self, town: Town) -> Self {
        self.town = Cow::Owned(town);
        self
    }

    pub(crate) fn by(mut self, who: &str) -> Self {
        self.by = actor(who);
        self
    }

    /// Registers a hotline call from a grid of the first community, by somebody who can be called back.
    pub(crate) fn register(self) -> Desk {
        self.register_with(|_| {})
    }

    pub(crate) fn register_with(self, change: impl FnOnce(&mut Register)) -> Desk {
        self.try_register(change).unwrap_or_else(|refusal| panic!("not registered: {refusal}"))
    }

    pub(crate) fn try_register(self, change: impl FnOnce(&mut Register)) -> Result<Desk, Refusal> {
        let mut register = call();
        change(&mut register);
        self.take(&register, &BTreeSet::new())
    }

    /// Brings in a record that leaves something unsaid.
    pub(crate) fn bring_in(self, unrecorded: &BTreeSet<Milestone>) -> Result<Desk, Refusal> {
        self.take(&call(), unrecorded)
    }

    fn take(self, register: &Register, unrecorded: &BTreeSet<Milestone>) -> Result<Desk, Refusal> {
        let moment = Moment { by: self.by.clone(), now: self.now, fresh: RequestId(Uuid::from_u128(1)) };
        let (world, id) = (self.town.world(), CaseId(Uuid::from_u128(7)));
        let first = decide::bring_in(&world, id, "DM20260608-00001".into(), register, unrecorded, &moment)?;
        let stream = Stream::begin(&world, first);
        Ok(Desk { town: self.town, stream, now: self.now, by: self.by, ids: 100 })
    }
}

/// A call on the hotline.
pub(crate) fn call() -> Register {
    Register {
        origin: None,
        channel: "hotline".parse().unwrap(),
        first_receiver: None,
        title: "楼下摆摊堵路".into(),
        text: format!("楼下天天摆摊堵路,请处理。我的电话 {PRIVATE}"),
        place: Place {
            address: format!("文锦路3号 {PRIVATE}"), grid: Some(unit("lh.dm.c01.g01")), ..Place::default()
        },
        reporter: Reporter { anonymous: false, contactable: true },
        complained_about: None,
        upstream_number: None,
        received_by_leader: None,
        proposal: None,
    }
}

/// A case at a desk.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) town: Cow<'static, Town>,
    pub(crate) stream: Stream,
    pub(crate) now: Timestamp,
    by: Actor,
    ids: u128,
}

impl Desk {
    /// From now on this person acts; or `reporter`, `system`, `upstream`.
    pub(crate) fn by(&mut self, who: &str) -> &mut Self {
        self.by = actor(who);
        self
    }

    /// It is that time now: on the wall, or so much later as in `+9min`, `+1ms`, `+2h`, `+3d`.
    pub(crate) fn at(&mut self, time: &str) -> &mut Self {
        self.now = match time.strip_prefix('+') {
            Some(span) => self.now + length_of(span),
            None => local(time),
        };
        self
    }

    pub(crate) fn case(&self) -> &Case {
        &self.stream.case
    }

    pub(crate) fn try_act(&mut self, command: impl Into<Command>) -> Result<(), Refusal> {
        self.ids += 1;
        let fresh = RequestId(Uuid::from_u128(self.ids));
        let moment = Moment { by: self.by.clone(), now: self.now, fresh };
        let decision = decide::decide(&self.town.world(), &self.stream.case, &command.into(), &moment)?;
        self.stream.take(&self.town.world(), decision);
        Ok(())
    }

    #[track_caller]
    pub(crate) fn act(&mut self, command: impl Into<Command>) -> &mut Self {
        let command = command.into();
        if let Err(refusal) = self.try_act(command.clone()) {
            panic!("{} refused {command:?}: {refusal}", self.by);
        }
        self
    }

    /// The command is refused with this code, in words that say `says`; nothing changes.
    #[track_caller]
    pub(crate) fn expect_refusal(&mut self, code: &str, says: &str, command: impl Into<Command>) -> &mut Self {
        let (command, before) = (command.into(), self.stream.case.clone());
        match self.try_act(command.clone()) {
            Ok(()) => panic!("{command:?} by {} should be refused as {code}", self.by),
            Err(refusal) => {
                assert_eq!(refusal.code(), code, "{refusal}");
                assert!(refusal.to_string().contains(says), "'{refusal}' should say '{says}'");
                assert!(!refusal.zh().is_empty() && !format!("{refusal}{}", refusal.zh()).contains(PRIVATE));
            }
        }
        assert_eq!(self.stream.case, before, "a refusal changes nothing");
        self
    }

    /// The next command carries the id of the one before: it was sent twice.
    pub(crate) fn once_more(&mut self) -> &mut Self {
        self.ids -= 1;
        self
    }

    pub(crate) fn tick(&mut self) -> &mut Self {
        let by = std::mem::replace(&mut self.by, Actor::System);
        self.act(cmd::Tick {});
        self.by = by;
        self
    }

    // ── Acts, each in a word ────────────────────────────────────────────────────────────────────────────────────────

    #[track_caller]
    pub(crate) fn classify(&mut self, class: &str) -> &mut Self {
        let marks: Vec<Mark> = self.case().marks.iter().copied().collect();
        self.classify_as(class, None, &marks)
    }

    #[track_caller]
    pub(crate) fn classify_as(&mut self, class: &str, category: Option<&str>, marks: &[Mark]) -> &mut Self {
        self.act(classify(class, category, marks))
    }

    #[track_caller]
    pub(crate) fn dispatch(&mut self, lead: &str) -> &mut Self {
        self.act(dispatch(lead, &[]))
    }

    #[track_caller]
    pub(crate) fn accept(&mut self) -> &mut Self {
        self.act(cmd::Accept { handler: None })
    }

    #[track_caller]
    pub(crate) fn contact(&mut self) -> &mut Self {
        self.act(cmd::Contact { reached: true, note: "已电话联系".into() })
    }

    /// Nobody answers.
    #[track_caller]
    pub(crate) fn call_in_vain(&mut self) -> &mut Self {
        self.act(cmd::Contact { reached: false, note: "无人接听".into() })
    }

    #[track_caller]
    pub(crate) fn verify(&mut self) -> &mut Self {
        self.act(cmd::Verify { finding: "情况属实".into() })
    }

    #[track_caller]
    pub(crate) fn photo(&mut self) -> &mut Self {
        let id = AttachmentId(Uuid::from_u128(self.ids + 5_000));
        self.act(cmd::Attach { id, kind: AttachmentKind::After, name: "处置后.jpg".into() })
    }

    #[track_caller]
    pub(crate) fn finish(&mut self) -> &mut Self {
        self.act(finish())
    }

    #[track_caller]
    pub(crate) fn file_opinion(&mut self) -> &mut Self {
        self.act(opinion())
    }

    #[track_caller]
    pub(crate) fn follow_up(&mut self, satisfied: bool) -> &mut Self {
        self.act(follow_up(Some(satisfied)))
    }

    #[track_caller]
    pub(crate) fn rate(&mut self, grade: u8) -> &mut Self {
        self.by("reporter").act(rate(grade))
    }

    #[track_caller]
    pub(crate) fn close(&mut self) -> &mut Self {
        self.act(close())
    }

    /// The usual way to the desk of `zfd1`, who has called and looked.
    #[track_caller]
    pub(crate) fn at_work(&mut self, class: &str) -> &mut Self {
        self.by("xlb1").classify(class).dispatch("lh.dm.zfd").by("zfd1").accept().contact().verify()
    }

    // ── What came of it ─────────────────────────────────────────────────────────────────────────────────────────────

    #[track_caller]
    pub(crate) fn clock(&self, key: &str) -> &Clock {
        let found = self.case().clocks.iter().find(|clock| clock.key == key);
        found.unwrap_or_else(|| panic!("no clock {key}; there are {:?}", self.clocks()))
    }

    /// Keys of all clocks there ever were, in order.
    pub(crate) fn clocks(&self) -> Vec<&str> {
        self.case().clocks.iter().map(|clock| clock.key.as_str()).collect()
    }

    /// When the clock is due, as the wall shows it.
    #[track_caller]
    pub(crate) fn due(&self, key: &str) -> String {
        on_the_wall(self.clock(key).due_at)
    }

    #[track_caller]
    pub(crate) fn stands(&self, key: &str) -> &'static str {
        match self.clock(key).standing {
            Standing::Running => "running",
            Standing::Met { .. } => "met",
            Standing::Breached { stopped_at: None } => "breached",
            Standing::Breached { stopped_at: Some(_) } => "breached, settled",
            Standing::Cancelled { .. } => "cancelled",
        }
    }

    /// Keys of the clocks that run, in order.
    pub(crate) fn running(&self) -> Vec<&str> {
        self.case().clocks.iter().filter(|clock| clock.is_running()).map(|clock| clock.key.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn expect_state(&mut self, state: State) -> &mut Self {
        assert_eq!(self.case().state, state);
        self
    }

    /// How often an event of this kind happened.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.stream.events.iter().filter(|recorded| recorded.event.kind() == kind).count()
    }

    pub(crate) fn last(&self) -> &Event {
        &self.stream.events.last().unwrap().event
    }
}

pub(crate) fn on_the_wall(at: Timestamp) -> String {
    at.to_zoned(TimeZone::get(ZONE).unwrap()).datetime().to_string()
}

fn length_of(span: &str) -> SignedDuration {
    let digits = span.find(|c: char| !c.is_ascii_digit()).unwrap();
    let n: i64 = span[..digits].parse().unwrap();
    match &span[digits..] {
        "ms" => SignedDuration::from_millis(n),
        "s" => SignedDuration::from_secs(n),
        "min" => SignedDuration::from_mins(n),
        "h" => SignedDuration::from_hours(n),
        "d" => SignedDuration::from_hours(24 * n),
        unit => panic!("'{unit}' is not ms, s, min, h or d"),
    }
}

pub(crate) fn actor(who: &str) -> Actor {
    match who {
        "reporter" => Actor::Reporter,
        "system" => Actor::System,
        "upstream" => Actor::Upstream,
        person => Actor::Person(person.parse().unwrap()),
    }
}

pub(crate) fn unit(code: &str) -> UnitId {
    code.parse().unwrap()
}

pub(crate) fn units<C: FromIterator<UnitId>>(codes: &[&str]) -> C {
    codes.iter().map(|code| unit(code)).collect()
}

pub(crate) fn classify(class: &str, category: Option<&str>, marks: &[Mark]) -> cmd::Classify {
    cmd::Classify {
        class: class.parse().unwrap(),
        category: category.map(|code| code.parse().unwrap()),
        marks: marks.iter().copied().collect(),
        note: String::new(),
    }
}

pub(crate) fn dispatch(lead: &str, with: &[&str]) -> cmd::Dispatch {
    cmd::Dispatch { lead: Some(unit(lead)), co_units: units(with), note: String::new() }
}

pub(crate) fn give_back(suggested: Option<&str>) -> cmd::Return {
    cmd::Return {
        reason: "not_our_duty".into(), explained: "已向诉求人说明".into(), suggested: suggested.map(unit)
    }
}

pub(crate) fn whistle(called: &[&str]) -> cmd::BlowWhistle {
    cmd::BlowWhistle { caller: None, units: units(called), matter: "请到场联合处置".into() }
}

pub(crate) fn minutes_more(clock: &str, minutes: u32) -> cmd::RequestExtension {
    more(clock, Length::Minutes(minutes))
}

pub(crate) fn more(clock: &str, length: Length) -> cmd::RequestExtension {
    cmd::RequestExtension { clock: clock.into(), length, reason: "weather".into() }
}

pub(crate) fn finish() -> cmd::Finish {
    cmd::Finish { outcome: "已劝离,加强巡查".into() }
}

pub(crate) fn opinion() -> cmd::FileOpinion {
    let values = [("facts", "属实"), ("measures", "劝离"), ("result", "solved"), ("reply", "已答复")];
    cmd::FileOpinion { values: texts(&values) }
}

pub(crate) fn texts(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A follow-up that reached the reporter, who is satisfied or not; or one that reached nobody.
pub(crate) fn follow_up(satisfied: Option<bool>) -> cmd::FollowUp {
    cmd::FollowUp {
        values: texts(&[("method", "phone")]),
        reached: satisfied.is_some(),
        responded: satisfied.map(|_| true),
        solved: satisfied,
        satisfied,
        unsolved_because: because(satisfied, "partly"),
        unsatisfied_because: because(satisfied, "too_slow"),
    }
}

/// The reporter's own answer: all well, or solved in part and too slow.
pub(crate) fn answer(satisfied: bool) -> cmd::Answer {
    cmd::Answer {
        responded: true,
        solved: satisfied,
        satisfied,
        unsolved_because: because(Some(satisfied), "partly"),
        unsatisfied_because: because(Some(satisfied), "too_slow"),
        comment: String::new(),
    }
}

fn because(answer: Option<bool>, reason: &str) -> BTreeSet<String> {
    (answer == Some(false)).then(|| reason.to_owned()).into_iter().collect()
}

/// A mediation agreement.
pub(crate) fn mediation() -> cmd::FileForm {
    let values = [
        ("parties", "楼上住户与楼下住户"),
        ("facts", "装修漏水"),
        ("terms", "楼上十日内修好并赔偿"),
        ("performance", "现金一次付清"),
        ("perform_by", "2026-06-18"),
        ("mediator", "老杨"),
        ("studio", "laoyang"),
    ];
    cmd::FileForm { form: "mediation".parse().unwrap(), values: texts(&values) }
}

/// A session that ended with the parties agreed.
pub(crate) fn session(held: &str) -> cmd::HoldSession {
    cmd::HoldSession {
        held_at: local(held),
        present: "楼上住户、楼下住户、调解员".into(),
        told: "楼上愿意修好".into(),
        outcome: SessionOutcome::Agreed,
        next_at: None,
    }
}

/// An agreement: who does what by which day, and who signs with which attachment.
pub(crate) fn signed(terms: &[(&str, &str)], signatures: &[(&str, AttachmentId)]) -> cmd::SignAgreement {
    let term = |(text, due): &(&str, &str)| cmd::NewTerm {
        party: "楼上住户".into(),
        text: (*text).to_owned(),
        due: due.parse().unwrap(),
    };
    let signature =
        |(party, attachment): &(&str, AttachmentId)| Signature { party: (*party).to_owned(), attachment: *attachment };
    cmd::SignAgreement {
        terms: terms.iter().map(term).collect(),
        signatures: signatures.iter().map(signature).collect(),
    }
}

/// Out of assessment for this reason, or in again.
pub(crate) fn exclude(reason: Option<&str>) -> cmd::Exclude {
    cmd::Exclude { reason: reason.map(str::to_owned), note: "已核实".into() }
}

pub(crate) fn rate(grade: u8) -> cmd::Rate {
    cmd::Rate { grade, comment: String::new() }
}

pub(crate) fn appeal() -> cmd::Appeal {
    cmd::Appeal { reason: "照片为证".into(), evidence: Vec::new() }
}

pub(crate) fn reopen() -> cmd::Reopen {
    cmd::Reopen { reason: "仍未解决".into() }
}

pub(crate) fn close() -> cmd::Close {
    cmd::Close { note: "结案".into() }
}
