//! Events 事件: everything that can have happened to a case, in the past tense.
//!
//! They are the only truth; a case, its timeline, audit and statistics are read from them. An event says all that a
//! later reader needs (a due time, a rule's name), so that reading never asks the policy. Nothing in an event tells who
//! the reporter is. Once released, an event's meaning never changes: new needs get new events or optional fields.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::{
    case::{
        Agreement, Appeal, Attachment, Extension, Mark, Origin, Place, Proposal, Reporter, Return, Session, Whistle,
    },
    clock::ClockEvent,
    ids::{BadCode, CaseId, CategoryId, ChannelId, ClassId, FormId, PersonId, RequestId, StudioId, UnitId},
    policy::{Milestone, Route},
};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A member of staff or a partner, signed in.
    Person(PersonId),
    /// The reporter of the case, by its number and tracking code.
    Reporter,
    /// The program itself: sweeper, triage, automatic dispatch.
    System,
    /// The upstream platform, through import or sync.
    Upstream,
}

impl Actor {
    /// The person, where it is one.
    pub fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Reporter | Self::System | Self::Upstream => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Reporter => f.write_str("reporter"),
            Self::System => f.write_str("system"),
            Self::Upstream => f.write_str("upstream"),
        }
    }
}

impl FromStr for Actor {
    type Err = BadCode;
    fn from_str(text: &str) -> Result<Self, BadCode> {
        match text {
            "reporter" => Ok(Self::Reporter),
            "system" => Ok(Self::System),
            "upstream" => Ok(Self::Upstream),
            _ => match text.strip_prefix("person:") {
                Some(id) => PersonId::new(id).map(Self::Person),
                None => Err(BadCode(text.to_owned())),
            },
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An event with its circumstances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Recorded {
    /// When, to the millisecond.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By whom: `person:ID`, `reporter`, `system` or `upstream`.
    #[schema(value_type = String, example = "person:zhang.wei")]
    pub by: Actor,
    /// What.
    pub event: Event,
}

/// The first event of every case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewCase {
    /// Case id.
    pub id: CaseId,
    /// Number for people.
    pub number: String,
    /// Policy version.
    pub policy: String,
    /// Origin.
    pub origin: Origin,
    /// Way in.
    pub channel: ChannelId,
    /// First receiver 首问单位.
    pub first_receiver: UnitId,
    /// Title, masked.
    pub title: String,
    /// Text, masked.
    pub text: String,
    /// Where.
    pub place: Place,
    /// Reporter without identity.
    pub reporter: Reporter,
    /// Unit complained about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complained_about: Option<UnitId>,
    /// Upstream number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_number: Option<String>,
    /// The program's proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
    /// Milestones of which the record that this case was brought in from says nothing 导入记录未载明: their clocks are
    /// not judged. Empty for a case that was registered here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unrecorded: BTreeSet<Milestone>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// 登记
    Registered(Box<NewCase>),
    /// 分类: class, category and marks were decided, by a person or by rule.
    Classified {
        /// Class.
        class: ClassId,
        /// Category.
        category: Option<CategoryId>,
        /// Marks, all of them.
        marks: BTreeSet<Mark>,
        /// Whether it differs from what the program had proposed: a lesson for it.
        corrects_proposal: bool,
        /// Why.
        note: String,
    },
    /// Facts of the report were corrected 更正.
    Corrected {
        /// New title.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// New text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// New place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// Unit complained about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        complained_about: Option<UnitId>,
    },
    /// 分拨: direct 直派 without co-units, dual 双派 with them.
    Dispatched {
        /// Lead unit.
        lead: UnitId,
        /// Co-units.
        co_units: BTreeSet<UnitId>,
        /// Why this unit: the rule, in words, or the person's note.
        because: String,
    },
    /// 签收
    Accepted {
        /// Who takes it in the unit.
        handler: Option<PersonId>,
    },
    /// 退回
    Returned(Return),
    /// 退回裁定
    ReturnDecided {
        /// Which return.
        id: RequestId,
        /// Whether the unit was right.
        upheld: bool,
        /// Why.
        note: String,
    },
    /// A contact attempt 联系.
    ContactTried {
        /// Whether somebody was spoken to.
        reached: bool,
        /// Whether it counts towards 'unreachable' (far enough from the one before).
        counts: bool,
        /// What was said, or what happened.
        note: String,
    },
    /// Enough attempts: the contact clock is served 无法联系.
    Unreachable {
        /// How many attempts.
        attempts: u32,
    },
    /// 核实
    Verified {
        /// What was found.
        finding: String,
    },
    /// A note on the timeline.
    Noted {
        /// Its text.
        text: String,
        /// Whether the reporter sees it.
        public: bool,
    },
    /// A photo or file.
    Attached(Attachment),
    /// '1+1+2+N'
    TeamAssigned {
        /// Seat code → people.
        team: BTreeMap<String, BTreeSet<PersonId>>,
    },
    /// 申请延期
    ExtensionRequested(Extension),
    /// 延期裁定
    ExtensionDecided {
        /// Which.
        id: RequestId,
        /// Granted or not.
        granted: bool,
        /// Why.
        note: String,
    },
    /// 提级, 包案
    Escalated {
        /// Lead official.
        official: PersonId,
        /// Why.
        reason: String,
    },
    /// The lead official ticked duties or answered questions 五包三问.
    OfficialActed {
        /// Duty index → note.
        #[serde(with = "crate::index_map")]
        duties: BTreeMap<u32, String>,
        /// Question index → note.
        #[serde(with = "crate::index_map")]
        questions: BTreeMap<u32, String>,
    },
    /// 吹哨
    WhistleBlown(Whistle),
    /// 报到
    ReportedIn {
        /// Which whistle.
        whistle: RequestId,
        /// Which unit.
        unit: UnitId,
        /// What it did.
        action: String,
    },
    /// The whistle is settled.
    WhistleSettled {
        /// Which.
        whistle: RequestId,
        /// Outcome code.
        outcome: String,
        /// How.
        note: String,
    },
    /// Mediation or legal aid.
    Routed {
        /// Route.
        route: Route,
        /// Studio.
        studio: StudioId,
        /// The unit whose people work there, where the policy names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
    },
    /// A session of mediation or legal aid was held 调解会.
    SessionHeld(Session),
    /// What the parties agreed on is signed 签订协议.
    AgreementSigned(Agreement),
    /// A term of an agreement was kept, or broken 履约.
    TermEnded {
        /// Its number.
        term: u32,
        /// Whether it was kept.
        kept: bool,
        /// What was told of it.
        note: String,
    },
    /// What a round found was looked at again 复查.
    Rechecked {
        /// Whether it is as it should be; if not, it was taken up anew.
        fine: bool,
        /// What was seen.
        note: String,
    },
    /// 办结
    Finished {
        /// What was done.
        outcome: String,
    },
    /// Drawn for a follow-up by a third person 抽查回访: neither the lead unit nor the handler may make it.
    Sampled {
        /// Share of finished cases that the policy draws, 0–1.
        share: f64,
    },
    /// 《群众诉求处理意见书》
    OpinionFiled {
        /// Form code.
        form: FormId,
        /// Values by field.
        values: BTreeMap<String, String>,
    },
    /// Any other form of the policy, such as 《人民调解协议书》.
    FormFiled {
        /// Form code.
        form: FormId,
        /// Values by field.
        values: BTreeMap<String, String>,
    },
    /// A follow-up call that reached nobody 回访未接通, when more are still to be tried.
    FollowUpTried {
        /// Whether it counts towards 'unreachable' (far enough from the one before).
        counts: bool,
        /// Values by field of the follow-up form.
        values: BTreeMap<String, String>,
    },
    /// 《群众诉求办理情况回访登记表》
    FollowedUp {
        /// Form code.
        form: FormId,
        /// Values by field.
        values: BTreeMap<String, String>,
        /// Whether the reporter was reached.
        reached: bool,
        /// Responded in time?
        responded: Option<bool>,
        /// Solved?
        solved: Option<bool>,
        /// Satisfied?
        satisfied: Option<bool>,
        /// Why not solved: codes of the policy.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        unsolved_because: BTreeSet<String>,
        /// Why not satisfied: codes of the policy.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        unsatisfied_because: BTreeSet<String>,
        /// Whether the policy asks for another round.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// The reporter answered the follow-up's questions 自助回访.
    Answered {
        /// Responded in time?
        responded: bool,
        /// Solved?
        solved: bool,
        /// Satisfied?
        satisfied: bool,
        /// Why not solved: codes of the policy.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        unsolved_because: BTreeSet<String>,
        /// Why not satisfied: codes of the policy.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        unsatisfied_because: BTreeSet<String>,
        /// Words, masked.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
        /// Whether the policy asks for another round.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// 评价
    Rated {
        /// Grade.
        grade: u8,
        /// Bad by policy.
        bad: bool,
        /// Satisfied by policy.
        satisfied: bool,
        /// Words, masked.
        comment: String,
    },
    /// The reporter disputes a finish.
    Disputed {
        /// Words, masked.
        reason: String,
    },
    /// 差评申诉
    Appealed(Appeal),
    /// 申诉裁定
    AppealDecided {
        /// Which.
        id: RequestId,
        /// Upheld or not.
        upheld: bool,
        /// Grade that stands beside the first.
        grade: Option<u8>,
        /// Whether the policy calls that grade satisfied; none where there is none, or it was not said yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        satisfied: Option<bool>,
        /// Why.
        note: String,
    },
    /// 重办
    Reopened {
        /// Why.
        reason: String,
        /// Milestones of the new round of which the record that tells of the reopening says nothing; empty for a case
        /// that was reopened here.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        unrecorded: BTreeSet<Milestone>,
    },
    /// 重复件
    MarkedRepeat {
        /// Earlier case.
        of: CaseId,
    },
    /// Linked to another case.
    Linked {
        /// The other.
        to: CaseId,
    },
    /// 上报上级平台
    HandedUpstream {
        /// Its number there, if known.
        upstream_number: Option<String>,
        /// Why.
        reason: String,
    },
    /// 不予受理
    Declined {
        /// Reason code.
        reason: String,
        /// What the reporter is told.
        explanation: String,
    },
    /// Left out of assessment 剔除考核, or taken in again.
    Excluded {
        /// Reason code of the policy; none: taken in again.
        reason: Option<String>,
        /// Why.
        note: String,
    },
    /// Somebody saw who the reporter is.
    IdentityRevealed {
        /// What for.
        reason: String,
    },
    /// 结案
    Closed {
        /// How it ended, in words.
        note: String,
    },
    /// A clock started, warned, was met …
    Clock(ClockEvent),
}

impl Event {
    /// Code of the event as stored, e.g. `dispatched`, `clock_breached`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Registered(_) => "registered",
            Self::Classified { .. } => "classified",
            Self::Corrected { .. } => "corrected",
            Self::Dispatched { .. } => "dispatched",
            Self::Accepted { .. } => "accepted",
            Self::Returned(_) => "returned",
            Self::ReturnDecided { .. } => "return_decided",
            Self::ContactTried { .. } => "contact_tried",
            Self::Unreachable { .. } => "unreachable",
            Self::Verified { .. } => "verified",
            Self::Noted { .. } => "noted",
            Self::Attached(_) => "attached",
            Self::TeamAssigned { .. } => "team_assigned",
            Self::ExtensionRequested(_) => "extension_requested",
            Self::ExtensionDecided { .. } => "extension_decided",
            Self::Escalated { .. } => "escalated",
            Self::OfficialActed { .. } => "official_acted",
            Self::WhistleBlown(_) => "whistle_blown",
            Self::ReportedIn { .. } => "reported_in",
            Self::WhistleSettled { .. } => "whistle_settled",
            Self::Routed { .. } => "routed",
            Self::SessionHeld(_) => "session_held",
            Self::AgreementSigned(_) => "agreement_signed",
            Self::TermEnded { .. } => "term_ended",
            Self::Rechecked { .. } => "rechecked",
            Self::Finished { .. } => "finished",
            Self::Sampled { .. } => "sampled",
            Self::OpinionFiled { .. } => "opinion_filed",
            Self::FormFiled { .. } => "form_filed",
            Self::FollowUpTried { .. } => "follow_up_tried",
            Self::FollowedUp { .. } => "followed_up",
            Self::Answered { .. } => "answered",
            Self::Rated { .. } => "rated",
            Self::Disputed { .. } => "disputed",
            Self::Appealed(_) => "appealed",
            Self::AppealDecided { .. } => "appeal_decided",
            Self::Reopened { .. } => "reopened",
            Self::MarkedRepeat { .. } => "marked_repeat",
            Self::Linked { .. } => "linked",
            Self::HandedUpstream { .. } => "handed_upstream",
            Self::Declined { .. } => "declined",
            Self::Excluded { .. } => "excluded",
            Self::IdentityRevealed { .. } => "identity_revealed",
            Self::Closed { .. } => "closed",
            Self::Clock(event) => event.kind(),
        }
    }
}
