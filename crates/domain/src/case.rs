//! The case 诉求件: what is known of one registered problem, as the fold of its events.
//!
//! A [`Case`] is only ever changed by [`Case::evolve`], one event at a time. It holds nothing that tells who the
//! reporter is (that lives apart, sealed), and it must never read the policy: whatever a later reader needs to know of
//! a rule is written into the event that applied it.

mod desk;
mod mediation;
mod proposal;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    desk::Desk,
    mediation::{
        Agreement, DUE_MAX_DAYS, PARTY_MAX, SESSIONS_MAX, SIGNATURES_MAX, Session, SessionOutcome, Signature, TERM_MAX,
        TERMS_MAX, Term,
    },
    proposal::{Guess, PlaceGuess, Proposal, Reason, ReasonKind},
};
use crate::{
    clock::Clock,
    event::{Actor, Event, Recorded},
    ids::{
        AttachmentId, CaseId, CategoryId, ChannelId, ClassId, FormId, PersonId, RequestId, SpotId, StudioId, UnitId,
    },
    policy::{Milestone, Route},
};

/// Origin 来源性质: how the case came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Someone asked 群众诉求.
    Request,
    /// Staff found it before anyone asked 主动发现.
    Inspection,
    /// A sensor, a camera or our own analysis raised it 弱信号.
    Signal,
}

impl Origin {
    /// Code as stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Inspection => "inspection",
            Self::Signal => "signal",
        }
    }
}

/// Where a case stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits to be dispatched 待分拨.
    Registered,
    /// A unit is named and has not taken it yet 待签收.
    Dispatched,
    /// The lead unit is at work 办理中.
    Handling,
    /// Done; form and follow-up are still due 已办结.
    Finished,
    /// Over 已结案.
    Closed,
    /// Not taken, with a reason 不予受理.
    Declined,
    /// Handed to the upstream platform 已上报.
    Upstream,
}

impl State {
    /// All states, in the order of the way.
    pub const ALL: [Self; 7] = [
        Self::Registered,
        Self::Dispatched,
        Self::Handling,
        Self::Finished,
        Self::Closed,
        Self::Declined,
        Self::Upstream,
    ];

    /// Whether work is still due.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Registered | Self::Dispatched | Self::Handling | Self::Finished)
    }

    /// Code as stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Dispatched => "dispatched",
            Self::Handling => "handling",
            Self::Finished => "finished",
            Self::Closed => "closed",
            Self::Declined => "declined",
            Self::Upstream => "upstream",
        }
    }
}

/// A mark on a case, beside its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// 情况复杂: dispatch may take longer.
    Complex,
    /// 老大难: fast-tracked to a leader.
    Stubborn,
    /// 国满件: satisfaction measured by the state bureau.
    StateRated,
}

impl Mark {
    /// Code as stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complex => "complex",
            Self::Stubborn => "stubborn",
            Self::StateRated => "state_rated",
        }
    }
}

/// Where the matter is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Address as said, personal numbers masked; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Longitude, degrees, WGS84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Latitude, degrees, WGS84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// The QR spot 点位 that was scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<SpotId>,
    /// The grid 网格; found from spot or point where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<UnitId>,
}

/// What may be known of the reporter outside the protected table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reporter {
    /// Wants no name kept 匿名.
    #[serde(default)]
    pub anonymous: bool,
    /// A way to call back is on file, sealed.
    #[serde(default)]
    pub contactable: bool,
}

/// A return 退回: the lead unit says 'not ours'.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Return {
    /// Its id.
    pub id: RequestId,
    /// Who returned it.
    pub unit: UnitId,
    /// Reason code of the policy.
    pub reason: String,
    /// What was explained to the reporter.
    pub explained: String,
    /// Who they believe is right.
    pub suggested: Option<UnitId>,
    /// Whether a leader must decide it.
    pub leader_decides: bool,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Decision: upheld (goes elsewhere) or not; none while it waits.
    pub upheld: Option<bool>,
}

/// An extension 延期 of one clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Extension {
    /// Its id.
    pub id: RequestId,
    /// Key of the clock.
    pub clock: String,
    /// Time asked for.
    pub length: crate::policy::Length,
    /// Reason code of the policy.
    pub reason: String,
    /// Granted or not; none while it waits.
    pub granted: Option<bool>,
}

/// A whistle 吹哨.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Whistle {
    /// Its id.
    pub id: RequestId,
    /// Number on this case, from 1.
    pub number: u32,
    /// Who blew it.
    pub caller: UnitId,
    /// What for.
    pub matter: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Called units, each with its report-in 报到.
    #[schema(schema_with = called)]
    pub called: BTreeMap<UnitId, Option<ReportIn>>,
    /// Outcome code of the policy; none while it is open.
    pub outcome: Option<String>,
    /// When it was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub settled_at: Option<Timestamp>,
}

/// Unit → its report-in, or null while it has not reported in.
fn called() -> utoipa::openapi::Object {
    use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type, schema::SchemaType};
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let report = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .property("at", text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))))
        .property("action", text())
        .required("at")
        .required("action");
    ObjectBuilder::new().additional_properties(Some(report)).build()
}

/// A called unit's report-in 报到.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportIn {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What it did.
    pub action: String,
}

/// An escalation 提级 to a lead official 包案领导.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Escalation {
    /// The leader answerable to the end.
    pub official: PersonId,
    /// Why.
    pub reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The duties ticked so far 五包, by index in the policy, each with a note.
    pub duties: BTreeMap<u32, String>,
    /// The questions answered so far 三问, by index in the policy, each with a note.
    pub questions: BTreeMap<u32, String>,
}

/// A follow-up 回访.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FollowUp {
    /// Round, from 1.
    pub round: u32,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who asked.
    pub by: String,
    /// Whether the reporter could be reached.
    pub reached: bool,
    /// Was there a response in time?
    pub responded: Option<bool>,
    /// Is it solved?
    pub solved: Option<bool>,
    /// Satisfied?
    pub satisfied: Option<bool>,
    /// Why not solved: codes of the policy.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unsolved_because: BTreeSet<String>,
    /// Why not satisfied: codes of the policy.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unsatisfied_because: BTreeSet<String>,
    /// Words of a reporter who answered without being asked by anybody, personal numbers masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether it was made by a third person because it was drawn 抽查.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sampled: bool,
    /// Whether another round is asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

impl FollowUp {
    /// Whether the reporter answered without being asked by anybody 自助回访.
    pub fn is_own(&self) -> bool {
        self.by == Actor::Reporter.to_string()
    }
}

/// A grade 评价 by the reporter or the upstream platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rating {
    /// 1 (worst) to the policy's number of grades.
    pub grade: u8,
    /// Whether the policy calls it bad 差评.
    pub bad: bool,
    /// Whether the policy calls it satisfied.
    pub satisfied: bool,
    /// Words that came with it, personal numbers masked.
    pub comment: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The grade after a successful appeal; the first one stays.
    pub after_appeal: Option<u8>,
    /// Whether the policy calls the grade after the appeal satisfied 申诉后满意: counted apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_satisfied: Option<bool>,
}

/// A unit's appeal 差评申诉 against a bad grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Appeal {
    /// Its id.
    pub id: RequestId,
    /// Why, with the evidence named.
    pub reason: String,
    /// Evidence on file.
    pub evidence: Vec<AttachmentId>,
    /// Which grade it is about, by its place among the grades, from 0; the last one where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<u32>,
    /// Upheld or not; none while it waits.
    pub upheld: Option<bool>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    /// Why it was decided so; empty while it waits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub decision: String,
}

/// A photo or file on the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it shows.
    pub kind: AttachmentKind,
    /// File name as shown, cleaned.
    pub name: String,
}

/// What a photo or file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// Sent by the reporter.
    Report,
    /// Before the work 处置前.
    Before,
    /// After the work 处置后.
    After,
    /// Evidence of an appeal, agreement, letter.
    Evidence,
    /// A signature under an agreement 签名: printed on the agreement, and shown nowhere else.
    Signature,
}

impl AttachmentKind {
    /// Code as stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Before => "before",
            Self::After => "after",
            Self::Evidence => "evidence",
            Self::Signature => "signature",
        }
    }
}

/// A filed form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FiledForm {
    /// Which.
    pub form: FormId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who signed, as an actor.
    pub by: String,
    /// Values by field code.
    pub values: BTreeMap<String, String>,
}

/// A unit's time as lead unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Led {
    /// Which unit.
    pub unit: UnitId,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// Mediation or legal aid taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Routed {
    /// Which route.
    pub route: Route,
    /// Which studio or counter.
    pub studio: StudioId,
    /// The unit whose people work there, where the policy names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Case {
    /// Its id (UUIDv7, ordered by registration).
    pub id: CaseId,
    /// Its number for people, e.g. `DM20260608-00012`.
    pub number: String,
    /// How many events made it.
    pub version: u64,
    /// Policy version it was born under.
    pub policy: String,
    /// How it came to be.
    pub origin: Origin,
    /// Way in.
    pub channel: ChannelId,
    /// Unit that took it first 首问单位: answerable until another has accepted.
    pub first_receiver: UnitId,
    /// Title, personal numbers masked.
    pub title: String,
    /// What was said, personal numbers masked.
    pub text: String,
    /// Where.
    pub place: Place,
    /// Reporter, without identity.
    pub reporter: Reporter,
    /// The unit complained about: it never sees who complained.
    pub complained_about: Option<UnitId>,
    /// Number on the upstream platform.
    pub upstream_number: Option<String>,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub registered_at: Timestamp,
    /// What the program proposed.
    pub proposal: Option<Proposal>,
    /// Class, once decided.
    pub class: Option<ClassId>,
    /// Category, once decided.
    pub category: Option<CategoryId>,
    /// Whether a person decided class and category, or a record that tells it: triage learns from these.
    #[serde(default)]
    pub judged: bool,
    /// Marks.
    pub marks: BTreeSet<Mark>,
    /// Where it stands.
    pub state: State,
    /// Lead unit 首办单位.
    pub lead: Option<UnitId>,
    /// Co-units 会办单位.
    pub co_units: BTreeSet<UnitId>,
    /// Member of the lead unit who took it.
    pub handler: Option<PersonId>,
    /// Milestones reached in this round, with their times.
    #[schema(value_type = BTreeMap<String, String>)]
    pub milestones: BTreeMap<Milestone, Timestamp>,
    /// Contact attempts of this round that count.
    #[schema(value_type = Vec<String>)]
    pub attempts: Vec<Timestamp>,
    /// Returns.
    pub returns: Vec<Return>,
    /// Extensions.
    pub extensions: Vec<Extension>,
    /// Whistles.
    pub whistles: Vec<Whistle>,
    /// Escalation, once made.
    pub escalation: Option<Escalation>,
    /// The '1+1+2+N' team: seat code → people.
    pub team: BTreeMap<String, BTreeSet<PersonId>>,
    /// Mediation or legal aid.
    pub route: Option<Routed>,
    /// Sessions of mediation or legal aid, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<Session>,
    /// What was agreed and signed, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreements: Vec<Agreement>,
    /// What was done, told at finishing.
    pub outcome: Option<String>,
    /// Filed forms.
    pub forms: Vec<FiledForm>,
    /// Whether this round is drawn for a follow-up by a third person 抽查回访.
    #[serde(default)]
    pub sampled: bool,
    /// Calls of the follow-up that is due that reached nobody and count.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub follow_up_attempts: Vec<Timestamp>,
    /// Follow-ups.
    pub follow_ups: Vec<FollowUp>,
    /// Grades.
    pub ratings: Vec<Rating>,
    /// Appeals.
    pub appeals: Vec<Appeal>,
    /// Photos and files.
    pub attachments: Vec<Attachment>,
    /// Case that this one repeats 重复件.
    pub repeat_of: Option<CaseId>,
    /// Linked cases.
    pub links: BTreeSet<CaseId>,
    /// Handling round, from 1; a reopening begins the next.
    pub round: u32,
    /// Reason code it was declined for.
    pub declined: Option<String>,
    /// Reason code it is left out of assessment for 剔除考核.
    #[serde(default)]
    pub excluded: Option<String>,
    /// When it closed, was declined or handed over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// All clocks that ever ran on it.
    pub clocks: Vec<Clock>,
    /// Milestones of this round that the record it was brought in from does not tell: no clock waits for them and
    /// nobody is asked for them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unrecorded: BTreeSet<Milestone>,
    /// Which unit led since when, so that each number stands on the account of whoever led then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<Led>,
    /// Members of staff who have seen how to reach the reporter: who took the report, and who looked it up.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub knows_reporter: BTreeSet<PersonId>,
    /// When somebody who had not seen how to reach the reporter logged that he had been reached 未见通话依据.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub unproven_contact: Option<Timestamp>,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
}

impl Case {
    /// The case as its first event makes it; none where the event is not a registration.
    pub fn born(first: &Recorded) -> Option<Self> {
        let Event::Registered(new) = &first.event else { return None };
        Some(Self {
            id: new.id,
            number: new.number.clone(),
            version: 1,
            policy: new.policy.clone(),
            origin: new.origin,
            channel: new.channel.clone(),
            first_receiver: new.first_receiver.clone(),
            title: new.title.clone(),
            text: new.text.clone(),
            place: new.place.clone(),
            reporter: new.reporter,
            complained_about: new.complained_about.clone(),
            upstream_number: new.upstream_number.clone(),
            registered_at: first.at,
            proposal: new.proposal.clone(),
            class: None,
            category: None,
            judged: false,
            marks: BTreeSet::new(),
            state: State::Registered,
            lead: None,
            co_units: BTreeSet::new(),
            handler: None,
            milestones: BTreeMap::from([(Milestone::Registered, first.at)]),
            attempts: Vec::new(),
            returns: Vec::new(),
            extensions: Vec::new(),
            whistles: Vec::new(),
            escalation: None,
            team: BTreeMap::new(),
            route: None,
            sessions: Vec::new(),
            agreements: Vec::new(),
            outcome: None,
            forms: Vec::new(),
            sampled: false,
            follow_up_attempts: Vec::new(),
            follow_ups: Vec::new(),
            ratings: Vec::new(),
            appeals: Vec::new(),
            attachments: Vec::new(),
            repeat_of: None,
            links: BTreeSet::new(),
            round: 1,
            declined: None,
            excluded: None,
            ended_at: None,
            clocks: Vec::new(),
            unrecorded: new.unrecorded.clone(),
            leads: Vec::new(),
            knows_reporter: first.by.person().cloned().into_iter().collect(),
            unproven_contact: None,
            changed_at: first.at,
        })
    }

    /// Folds a whole stream; none where it is empty or does not begin with a registration.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut case = Self::born(events.next()?)?;
        for event in events {
            case.evolve(event);
        }
        Some(case)
    }

    /// Folds one event.
    pub fn evolve(&mut self, recorded: &Recorded) {
        let at = recorded.at;
        self.version += 1;
        self.changed_at = at;
        match &recorded.event {
            Event::Registered(_) | Event::Noted { .. } | Event::Disputed { .. } => {}
            Event::IdentityRevealed { .. } => self.knows_reporter.extend(recorded.by.person().cloned()),
            Event::Classified { class, category, marks, .. } => {
                self.class = Some(class.clone());
                self.category.clone_from(category);
                self.marks.clone_from(marks);
                self.judged = recorded.by != Actor::System;
            }
            Event::Corrected { title, text, place, complained_about } => {
                if let Some(title) = title {
                    self.title.clone_from(title);
                }
                if let Some(text) = text {
                    self.text.clone_from(text);
                }
                if let Some(place) = place {
                    self.place = place.clone();
                }
                if let Some(unit) = complained_about {
                    self.complained_about = Some(unit.clone());
                }
            }
            Event::Dispatched { lead, co_units, .. } => {
                if self.lead.as_ref() != Some(lead) {
                    self.handler = None;
                    self.milestones.remove(&Milestone::Accepted);
                    self.state = State::Dispatched;
                    self.leads.push(Led { unit: lead.clone(), since: at });
                }
                self.lead = Some(lead.clone());
                self.co_units.clone_from(co_units);
                self.reach(Milestone::Dispatched, at);
            }
            Event::Accepted { handler } => {
                self.state = State::Handling;
                self.handler.clone_from(handler);
                self.reach(Milestone::Accepted, at);
            }
            Event::Returned(returned) => self.returns.push(returned.clone()),
            Event::ReturnDecided { id, upheld, .. } => {
                if let Some(found) = self.returns.iter_mut().find(|r| r.id == *id) {
                    found.upheld = Some(*upheld);
                }
            }
            Event::ContactTried { counts, reached, .. } => {
                if *counts {
                    self.attempts.push(at);
                }
                if *reached {
                    self.reach(Milestone::Contacted, at);
                    let unproven = recorded.by.person().is_some_and(|person| !self.knows_reporter.contains(person));
                    self.unproven_contact = unproven.then_some(at).or(self.unproven_contact);
                }
            }
            Event::Unreachable { .. } => self.reach(Milestone::Contacted, at),
            Event::Verified { .. } => self.reach(Milestone::Verified, at),
            Event::Attached(attachment) => self.attachments.push(attachment.clone()),
            Event::TeamAssigned { team } => self.team.clone_from(team),
            Event::ExtensionRequested(extension) => self.extensions.push(extension.clone()),
            Event::ExtensionDecided { id, granted, .. } => {
                if let Some(found) = self.extensions.iter_mut().find(|e| e.id == *id) {
                    found.granted = Some(*granted);
                }
            }
            Event::Escalated { official, reason } => {
                let kept = self.escalation.take();
                self.escalation = Some(Escalation {
                    official: official.clone(),
                    reason: reason.clone(),
                    at,
                    duties: kept.as_ref().map(|e| e.duties.clone()).unwrap_or_default(),
                    questions: kept.map(|e| e.questions).unwrap_or_default(),
                });
            }
            Event::OfficialActed { duties, questions } => {
                if let Some(escalation) = &mut self.escalation {
                    escalation.duties.extend(duties.clone());
                    escalation.questions.extend(questions.clone());
                }
            }
            Event::WhistleBlown(whistle) => self.whistles.push(whistle.clone()),
            Event::ReportedIn { whistle, unit, action } => {
                if let Some(found) = self.whistles.iter_mut().find(|w| w.id == *whistle) {
                    found.called.insert(unit.clone(), Some(ReportIn { at, action: action.clone() }));
                }
            }
            Event::WhistleSettled { whistle, outcome, .. } => {
                if let Some(found) = self.whistles.iter_mut().find(|w| w.id == *whistle) {
                    found.outcome = Some(outcome.clone());
                    found.settled_at = Some(at);
                }
            }
            Event::Routed { route, studio, unit } => {
                self.route = Some(Routed { route: *route, studio: studio.clone(), unit: unit.clone(), at });
            }
            Event::SessionHeld(session) => self.sessions.push(session.clone()),
            Event::AgreementSigned(agreement) => self.agreements.push(agreement.clone()),
            Event::TermEnded { term, kept, note } => {
                let mut terms = self.agreements.iter_mut().flat_map(|agreement| &mut agreement.terms);
                if let Some(found) = terms.find(|found| found.number == *term) {
                    (found.kept, found.kept_at) = (Some(*kept), Some(at));
                    found.note.clone_from(note);
                }
            }
            Event::Finished { outcome } => {
                self.state = State::Finished;
                self.outcome = Some(outcome.clone());
                self.reach(Milestone::Finished, at);
            }
            Event::OpinionFiled { form, values } => {
                self.file(form, values, recorded);
                self.reach(Milestone::OpinionFiled, at);
            }
            Event::Sampled { .. } => self.sampled = true,
            Event::FormFiled { form, values } => self.file(form, values, recorded),
            Event::FollowUpTried { counts, .. } => self.follow_up_attempts.extend(counts.then_some(at)),
            Event::FollowedUp {
                form,
                values,
                reached,
                responded,
                solved,
                satisfied,
                unsolved_because,
                unsatisfied_because,
                again,
            } => {
                self.file(form, values, recorded);
                self.followed_up(FollowUp {
                    round: self.round,
                    at,
                    by: recorded.by.to_string(),
                    reached: *reached,
                    responded: *responded,
                    solved: *solved,
                    satisfied: *satisfied,
                    unsolved_because: unsolved_because.clone(),
                    unsatisfied_because: unsatisfied_because.clone(),
                    comment: String::new(),
                    sampled: self.sampled,
                    again: *again,
                });
            }
            Event::Answered { responded, solved, satisfied, unsolved_because, unsatisfied_because, comment, again } => {
                self.followed_up(FollowUp {
                    round: self.round,
                    at,
                    by: recorded.by.to_string(),
                    reached: true,
                    responded: Some(*responded),
                    solved: Some(*solved),
                    satisfied: Some(*satisfied),
                    unsolved_because: unsolved_because.clone(),
                    unsatisfied_because: unsatisfied_because.clone(),
                    comment: comment.clone(),
                    sampled: false,
                    again: *again,
                });
            }
            Event::Rated { grade, bad, satisfied, comment } => {
                let rating = Rating {
                    grade: *grade,
                    bad: *bad,
                    satisfied: *satisfied,
                    comment: comment.clone(),
                    at,
                    after_appeal: None,
                    after_satisfied: None,
                };
                self.ratings.push(rating);
                if *bad {
                    self.milestones.remove(&Milestone::BadRatingAnswered);
                    self.milestones.insert(Milestone::BadlyRated, at);
                }
            }
            Event::Appealed(appeal) => {
                self.appeals.push(Appeal { at: Some(at), ..appeal.clone() });
                self.reach(Milestone::BadRatingAnswered, at);
            }
            Event::AppealDecided { id, upheld, grade, satisfied, note } => {
                let mut about = None;
                if let Some(found) = self.appeals.iter_mut().find(|a| a.id == *id) {
                    found.upheld = Some(*upheld);
                    found.decided_at = Some(at);
                    found.decision.clone_from(note);
                    about = found.rating;
                }
                let about = about.map_or(self.ratings.len().saturating_sub(1), |index| index as usize);
                if let (Some(grade), Some(rating)) = (grade, self.ratings.get_mut(about)) {
                    rating.after_appeal = Some(*grade);
                    rating.after_satisfied = *satisfied;
                }
            }
            Event::Rechecked { fine, .. } => {
                if *fine {
                    self.reach(Milestone::Rechecked, at);
                }
            }
            Event::Reopened { unrecorded, .. } => {
                self.round += 1;
                self.state = State::Handling;
                self.ended_at = None;
                self.attempts.clear();
                self.follow_up_attempts.clear();
                self.sampled = false;
                self.unrecorded.clone_from(unrecorded);
                let kept = [Milestone::Registered, Milestone::Dispatched, Milestone::Accepted];
                self.milestones.retain(|milestone, _| kept.contains(milestone));
                self.milestones.insert(Milestone::Dispatched, at);
            }
            Event::MarkedRepeat { of } => self.repeat_of = Some(*of),
            Event::Linked { to } => {
                self.links.insert(*to);
            }
            Event::Excluded { reason, .. } => self.excluded.clone_from(reason),
            Event::HandedUpstream { upstream_number, .. } => {
                if upstream_number.is_some() {
                    self.upstream_number.clone_from(upstream_number);
                }
                self.end(State::Upstream, at);
            }
            Event::Declined { reason, .. } => {
                self.declined = Some(reason.clone());
                self.end(State::Declined, at);
            }
            Event::Closed { .. } => self.end(State::Closed, at),
            Event::Clock(event) => crate::clock::evolve(&mut self.clocks, event, at),
        }
    }

    /// Units that have to do with it, themselves only: lead, co-units, first receiver, grid, called units, mediators.
    pub fn involved(&self) -> BTreeSet<&UnitId> {
        let mut units = BTreeSet::from([&self.first_receiver]);
        units.extend(&self.lead);
        units.extend(&self.co_units);
        units.extend(&self.place.grid);
        units.extend(self.whistles.iter().flat_map(|whistle| whistle.called.keys()));
        units.extend(self.route.iter().filter_map(|routed| routed.unit.as_ref()));
        units
    }

    /// Whether whoever found it settled it on the spot 当场处置: dispatched, accepted and finished in one act, and not taken up
    /// again since.
    pub fn is_settled_on_the_spot(&self) -> bool {
        let reached = |milestone| self.milestones.get(&milestone);
        let finished = reached(Milestone::Finished);
        self.origin == Origin::Inspection
            && self.round <= 1
            && self.unrecorded.is_empty()
            && finished.is_some()
            && reached(Milestone::Dispatched) == finished
            && reached(Milestone::Accepted) == finished
    }

    /// Which unit led at that time; the present lead where that is not told.
    pub fn lead_at(&self, at: Timestamp) -> Option<&UnitId> {
        let then = self.leads.iter().rev().find(|led| led.since <= at);
        then.map(|led| &led.unit).or_else(|| self.leads.is_empty().then_some(self.lead.as_ref()).flatten())
    }

    /// When the most pressing clock is due, or was: of those that run and those past due; none when nothing is waited for.
    pub fn next_due(&self) -> Option<Timestamp> {
        let waits = self.clocks.iter().filter(|clock| clock.is_running() || clock.is_overdue());
        waits.map(|clock| clock.due_at).min()
    }

    /// The return that waits for a decision.
    pub fn open_return(&self) -> Option<&Return> {
        self.returns.iter().find(|returned| returned.upheld.is_none())
    }

    /// Whether a follow-up is to be made: none of this round yet, or one after which another is asked for.
    pub fn awaits_follow_up(&self) -> bool {
        let again = self.follow_ups_of_round().last().is_some_and(|follow_up| follow_up.again);
        self.state == State::Finished && (again || !self.milestones.contains_key(&Milestone::FollowedUp))
    }

    /// The follow-ups of this round of handling, the first one first.
    pub fn follow_ups_of_round(&self) -> impl DoubleEndedIterator<Item = &FollowUp> {
        self.follow_ups.iter().filter(|follow_up| follow_up.round == self.round)
    }

    /// The latest grade, if it is bad and neither appealed away nor regraded.
    pub fn standing_bad_rating(&self) -> Option<&Rating> {
        self.ratings.last().filter(|rating| rating.bad && rating.after_appeal.is_none())
    }

    fn reach(&mut self, milestone: Milestone, at: Timestamp) {
        self.milestones.entry(milestone).or_insert(at);
    }

    fn followed_up(&mut self, follow_up: FollowUp) {
        self.follow_ups.push(follow_up);
        self.follow_up_attempts.clear();
        self.reach(Milestone::FollowedUp, self.changed_at);
    }

    fn end(&mut self, state: State, at: Timestamp) {
        self.state = state;
        self.ended_at = Some(at);
    }

    fn file(&mut self, form: &FormId, values: &BTreeMap<String, String>, recorded: &Recorded) {
        self.forms.push(FiledForm {
            form: form.clone(),
            at: recorded.at,
            by: recorded.by.to_string(),
            values: values.clone(),
        });
    }
}
