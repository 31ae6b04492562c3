//! Commands 操作: everything that somebody may ask of a case.
//!
//! Each is one struct, which is also the body of its endpoint, so there is one definition of what an act needs. A
//! command carries what the actor says and nothing that the program knows by itself (time, ids, who acts).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    case::{AttachmentKind, Mark, Origin, Place, Proposal, Reporter, SessionOutcome, Signature},
    ids::{AttachmentId, CaseId, CategoryId, ChannelId, ClassId, FormId, PersonId, RequestId, StudioId, UnitId},
    policy::Length,
};

/// Most characters of a title.
pub const TITLE_MAX_CHARS: usize = 120;
/// Most characters of what was said. A bound on storage, not a rule of the mechanism.
pub const TEXT_MAX_CHARS: usize = 20_000;
/// Most characters of a note, reason or outcome.
pub const NOTE_MAX_CHARS: usize = 4_000;
/// Most characters of what a reporter says with a grade or an answer.
pub const COMMENT_MAX_CHARS: usize = 1_000;
/// Most forms filed on one case by [`FileForm`].
pub const FORMS_MAX: usize = 60;
/// Most photos and files on one case.
pub const ATTACHMENTS_MAX: usize = 60;

/// 登记. Not an act on a case: it makes one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// Origin; the channel's where none is given.
    pub origin: Option<Origin>,
    /// Way in.
    pub channel: ChannelId,
    /// Unit that took it; the liaison office where none is given.
    pub first_receiver: Option<UnitId>,
    /// Title, masked; made from the text where empty.
    pub title: String,
    /// Text, masked.
    pub text: String,
    /// Where.
    pub place: Place,
    /// Reporter without identity.
    pub reporter: Reporter,
    /// Unit complained about.
    pub complained_about: Option<UnitId>,
    /// Upstream number.
    pub upstream_number: Option<String>,
    /// The leader who took it on reception day 接访领导: stays named on the case.
    pub received_by_leader: Option<PersonId>,
    /// What triage proposes.
    pub proposal: Option<Proposal>,
}

/// What somebody is to do by a day, as it is agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTerm {
    /// Who, by their part in the matter, never by name.
    #[schema(min_length = 1, max_length = 40)]
    pub party: String,
    /// What.
    #[schema(min_length = 1, max_length = 500)]
    pub text: String,
    /// By the end of which day.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident ($slug:literal, $en:literal, $zh:literal) { $($(#[$fdoc:meta])* $field:ident : $ty:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name { $($(#[$fdoc])* pub $field: $ty,)* }
            impl From<$name> for Command {
                fn from(command: $name) -> Self { Self::$name(command) }
            }
        )*

        /// One command on a case.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "command", rename_all = "snake_case")]
        pub enum Command { $($(#[$doc])* $name($name),)* }

        /// The kind of a command: what permissions are about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Act { $($(#[$doc])* $name,)* }

        impl Command {
            /// Its kind.
            pub fn act(&self) -> Act { match self { $(Self::$name(_) => Act::$name,)* } }
        }
        impl Act {
            /// Every kind of command.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Its path segment, e.g. `decide-return`.
            pub fn slug(self) -> &'static str { match self { $(Self::$name => $slug,)* } }
            /// In English, as a verb.
            pub fn en(self) -> &'static str { match self { $(Self::$name => $en,)* } }
            /// In Chinese, as a verb.
            pub fn zh(self) -> &'static str { match self { $(Self::$name => $zh,)* } }
        }
    };
}

commands! {
    /// Decide class, category and marks, or confirm the proposal.
    Classify("classify", "classify", "分类") {
        /// Class.
        class: ClassId,
        /// Category.
        category: Option<CategoryId>,
        /// Marks, all of them.
        #[serde(default)]
        marks: BTreeSet<Mark>,
        /// Why, where it needs saying.
        #[serde(default)]
        note: String,
    }
    /// Correct facts of the report.
    Correct("correct", "correct the report", "更正") {
        /// New title.
        #[serde(default)]
        title: Option<String>,
        /// New text.
        #[serde(default)]
        text: Option<String>,
        /// New place.
        #[serde(default)]
        place: Option<Place>,
        /// Unit complained about.
        #[serde(default)]
        complained_about: Option<UnitId>,
    }
    /// Name the lead unit, and co-units for a dual dispatch.
    Dispatch("dispatch", "dispatch", "分拨") {
        /// Lead unit; found by the rules of responsibility where none is given.
        #[serde(default)]
        lead: Option<UnitId>,
        /// Co-units.
        #[serde(default)]
        co_units: BTreeSet<UnitId>,
        /// Why, where it is not the rules'.
        #[serde(default)]
        note: String,
    }
    /// Take the case for the lead unit.
    Accept("accept", "accept", "签收") {
        /// Who handles it; oneself where none is given.
        #[serde(default)]
        handler: Option<PersonId>,
    }
    /// Settle on the spot what a round found: dispatched to the finder's unit, accepted, finished, and closed where
    /// nothing more is due.
    Settle("settle", "settle on the spot", "当场处置") {
        /// What was done.
        outcome: String,
        /// Category, where a person named one.
        #[serde(default)]
        category: Option<CategoryId>,
    }
    /// Say 'not ours'.
    Return("return", "return", "退回") {
        /// Reason code of the policy.
        reason: String,
        /// What was explained to the reporter.
        explained: String,
        /// Who is believed to be right.
        #[serde(default)]
        suggested: Option<UnitId>,
    }
    /// Decide a return.
    DecideReturn("decide-return", "decide a return", "裁定退回") {
        /// Which.
        id: RequestId,
        /// Whether the unit was right.
        upheld: bool,
        /// New lead unit, where upheld; the suggested one where none is given.
        #[serde(default)]
        lead: Option<UnitId>,
        /// Why.
        note: String,
    }
    /// Log a contact attempt.
    Contact("contact", "log a contact", "登记联系") {
        /// Whether somebody was spoken to.
        reached: bool,
        /// What was said, or what happened.
        #[serde(default)]
        note: String,
    }
    /// State the facts found.
    Verify("verify", "verify", "核实") {
        /// What was found.
        finding: String,
    }
    /// Put a note on the timeline.
    Note("note", "note", "备注") {
        /// Its text.
        text: String,
        /// Whether the reporter sees it.
        #[serde(default)]
        public: bool,
    }
    /// Put an uploaded photo or file on the case.
    Attach("attach", "attach", "上传附件") {
        /// Its id, from the upload.
        id: AttachmentId,
        /// What it shows.
        kind: AttachmentKind,
        /// File name.
        name: String,
    }
    /// Fill the seats of the '1+1+2+N' team.
    AssignTeam("assign-team", "assign the team", "组建专班") {
        /// Seat code → people.
        #[schema(value_type = BTreeMap<String, Vec<String>>)]
        team: BTreeMap<String, BTreeSet<PersonId>>,
    }
    /// Ask for more time on one clock.
    RequestExtension("request-extension", "ask for an extension", "申请延期") {
        /// Key of the clock.
        clock: String,
        /// How much.
        length: Length,
        /// Reason code of the policy.
        reason: String,
    }
    /// Decide an extension.
    DecideExtension("decide-extension", "decide an extension", "裁定延期") {
        /// Which.
        id: RequestId,
        /// Granted or not.
        granted: bool,
        /// Why.
        note: String,
    }
    /// Put a lead official over the case.
    Escalate("escalate", "escalate", "提级包案") {
        /// The leader.
        official: PersonId,
        /// Why.
        reason: String,
    }
    /// Tick duties and answer questions as the lead official.
    OfficialAct("official-act", "act as lead official", "登记包案履职") {
        /// Duty index (from 0) → note.
        #[serde(default, with = "crate::index_map")]
        duties: BTreeMap<u32, String>,
        /// Question index (from 0) → note.
        #[serde(default, with = "crate::index_map")]
        questions: BTreeMap<u32, String>,
    }
    /// Call units to the spot.
    BlowWhistle("blow-whistle", "blow the whistle", "吹哨") {
        /// Community that calls; one's own where none is given.
        #[serde(default)]
        caller: Option<UnitId>,
        /// Units called.
        units: BTreeSet<UnitId>,
        /// What for.
        matter: String,
    }
    /// Report in.
    ReportIn("report-in", "report in", "报到") {
        /// Which whistle.
        whistle: RequestId,
        /// For which unit; one's own where only one is called.
        unit: UnitId,
        /// What it did.
        action: String,
    }
    /// Settle a whistle.
    SettleWhistle("settle-whistle", "settle a whistle", "吹哨办结") {
        /// Which.
        whistle: RequestId,
        /// Outcome code of the policy.
        outcome: String,
        /// How.
        note: String,
    }
    /// Take up mediation or legal aid.
    RouteTo("route", "route to mediation or legal aid", "转调解或法援") {
        /// Studio or counter of the policy.
        studio: StudioId,
    }
    /// Write down a session of mediation or legal aid.
    HoldSession("hold-session", "write down a session", "登记调解会") {
        /// When it was held.
        #[schema(value_type = String, format = DateTime)]
        held_at: Timestamp,
        /// Who was there, by their part in the matter, never by name.
        present: String,
        /// What was said.
        told: String,
        /// How it ended.
        outcome: SessionOutcome,
        /// When the next one is, where it was adjourned.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        next_at: Option<Timestamp>,
    }
    /// Sign what the parties agreed on: the form of the agreement is on file.
    SignAgreement("sign-agreement", "sign an agreement", "签订协议") {
        /// What is to be done, by whom, by when.
        terms: Vec<NewTerm>,
        /// Who signs.
        signatures: Vec<Signature>,
    }
    /// Say whether a term of an agreement was kept.
    EndTerm("end-term", "tell whether a term was kept", "登记履约") {
        /// Its number.
        term: u32,
        /// Whether it was kept.
        kept: bool,
        /// How one knows.
        note: String,
    }
    /// Say it is done.
    Finish("finish", "finish", "办结") {
        /// What was done.
        outcome: String,
    }
    /// Look again at what a round found, after it was finished.
    Recheck("recheck", "look at it again", "复查") {
        /// Whether it is as it should be; if not, it is taken up anew.
        fine: bool,
        /// What was seen.
        note: String,
    }
    /// File the opinion form.
    FileOpinion("file-opinion", "file the opinion form", "填报意见书") {
        /// Values by field.
        values: BTreeMap<String, String>,
    }
    /// File the follow-up form.
    FollowUp("follow-up", "file the follow-up", "登记回访") {
        /// Values by field.
        #[serde(default)]
        values: BTreeMap<String, String>,
        /// Whether the reporter was reached.
        reached: bool,
        /// Was there a response in time?
        #[serde(default)]
        responded: Option<bool>,
        /// Is it solved?
        #[serde(default)]
        solved: Option<bool>,
        /// Satisfied?
        #[serde(default)]
        satisfied: Option<bool>,
        /// Why not solved: codes of the policy.
        #[serde(default)]
        unsolved_because: BTreeSet<String>,
        /// Why not satisfied: codes of the policy.
        #[serde(default)]
        unsatisfied_because: BTreeSet<String>,
    }
    /// Answer the three questions oneself, as the reporter.
    Answer("answer", "answer the follow-up", "自助回访") {
        /// Was there a response in time?
        responded: bool,
        /// Is it solved?
        solved: bool,
        /// Satisfied?
        satisfied: bool,
        /// Why not solved: codes of the policy.
        #[serde(default)]
        unsolved_because: BTreeSet<String>,
        /// Why not satisfied: codes of the policy.
        #[serde(default)]
        unsatisfied_because: BTreeSet<String>,
        /// Words.
        #[serde(default)]
        comment: String,
    }
    /// File any other form of the policy.
    FileForm("file-form", "file a form", "填报表单") {
        /// Which: neither the opinion nor the follow-up, which have acts of their own.
        form: FormId,
        /// Values by field.
        values: BTreeMap<String, String>,
    }
    /// Grade the handling.
    Rate("rate", "rate", "评价") {
        /// 1 (worst) to the policy's number of grades.
        grade: u8,
        /// Words.
        #[serde(default)]
        comment: String,
    }
    /// Dispute a finish, as the reporter.
    Dispute("dispute", "dispute the finish", "对办结提出异议") {
        /// Why.
        reason: String,
    }
    /// Appeal against a bad grade.
    Appeal("appeal", "appeal against a grade", "差评申诉") {
        /// Why.
        reason: String,
        /// Evidence on the case.
        #[serde(default)]
        evidence: Vec<AttachmentId>,
    }
    /// Decide an appeal.
    DecideAppeal("decide-appeal", "decide an appeal", "裁定申诉") {
        /// Which.
        id: RequestId,
        /// Upheld or not.
        upheld: bool,
        /// The grade that stands beside the first, where upheld.
        #[serde(default)]
        grade: Option<u8>,
        /// Why.
        note: String,
    }
    /// Take up the case again.
    Reopen("reopen", "reopen", "重办") {
        /// Why.
        reason: String,
    }
    /// Mark as a repeat of an earlier case.
    MarkRepeat("mark-repeat", "mark as a repeat", "标记重复件") {
        /// The earlier case.
        of: CaseId,
    }
    /// Link to another case.
    Link("link", "link", "关联") {
        /// The other.
        to: CaseId,
    }
    /// Hand over to the upstream platform.
    HandUpstream("hand-upstream", "hand to the upstream platform", "上报上级平台") {
        /// Its number there, if known.
        #[serde(default)]
        upstream_number: Option<String>,
        /// Why.
        reason: String,
    }
    /// Do not take the case.
    Decline("decline", "decline", "不予受理") {
        /// Reason code of the policy.
        reason: String,
        /// What the reporter is told.
        explanation: String,
    }
    /// Leave the case out of assessment, or take it in again.
    Exclude("exclude", "leave out of assessment", "剔除考核") {
        /// Reason code of the policy; none takes it in again.
        reason: Option<String>,
        /// Why.
        note: String,
    }
    /// See who the reporter is.
    RevealIdentity("reveal-identity", "see the reporter's identity", "查看诉求人身份") {
        /// What for.
        reason: String,
    }
    /// Close the case.
    Close("close", "close", "结案") {
        /// How it ended.
        #[serde(default)]
        note: String,
    }
    /// Let time do what is due: the sweeper's command.
    Tick("tick", "sweep clocks", "巡检时限") {}
    /// Recompute open clocks after the official calendar changed.
    Recalendar("recalendar", "recompute clocks by the calendar", "按日历重算时限") {}
}

impl Command {
    /// Every free text in the command, so that personal numbers in them can be masked before anything is decided.
    pub fn texts_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::Classify(c) => vec![&mut c.note],
            Self::Correct(c) => {
                let address = c.place.as_mut().map(|place| &mut place.address);
                [c.title.as_mut(), c.text.as_mut(), address].into_iter().flatten().collect()
            }
            Self::Dispatch(c) => vec![&mut c.note],
            Self::Return(c) => vec![&mut c.explained],
            Self::DecideReturn(c) => vec![&mut c.note],
            Self::Contact(c) => vec![&mut c.note],
            Self::Verify(c) => vec![&mut c.finding],
            Self::Note(c) => vec![&mut c.text],
            Self::Attach(c) => vec![&mut c.name],
            Self::DecideExtension(c) => vec![&mut c.note],
            Self::Escalate(c) => vec![&mut c.reason],
            Self::OfficialAct(c) => c.duties.values_mut().chain(c.questions.values_mut()).collect(),
            Self::BlowWhistle(c) => vec![&mut c.matter],
            Self::ReportIn(c) => vec![&mut c.action],
            Self::SettleWhistle(c) => vec![&mut c.note],
            Self::HoldSession(c) => vec![&mut c.present, &mut c.told],
            Self::SignAgreement(c) => {
                let terms = c.terms.iter_mut().flat_map(|term| [&mut term.party, &mut term.text]);
                terms.chain(c.signatures.iter_mut().map(|signature| &mut signature.party)).collect()
            }
            Self::EndTerm(c) => vec![&mut c.note],
            Self::Finish(c) => vec![&mut c.outcome],
            Self::Settle(c) => vec![&mut c.outcome],
            Self::Recheck(c) => vec![&mut c.note],
            Self::FileOpinion(c) => c.values.values_mut().collect(),
            Self::FollowUp(c) => c.values.values_mut().collect(),
            Self::Answer(c) => vec![&mut c.comment],
            Self::FileForm(c) => c.values.values_mut().collect(),
            Self::Rate(c) => vec![&mut c.comment],
            Self::Dispute(c) => vec![&mut c.reason],
            Self::Appeal(c) => vec![&mut c.reason],
            Self::DecideAppeal(c) => vec![&mut c.note],
            Self::Reopen(c) => vec![&mut c.reason],
            Self::HandUpstream(c) => vec![&mut c.reason],
            Self::Decline(c) => vec![&mut c.explanation],
            Self::Exclude(c) => vec![&mut c.note],
            Self::RevealIdentity(c) => vec![&mut c.reason],
            Self::Close(c) => vec![&mut c.note],
            Self::Accept(_)
            | Self::AssignTeam(_)
            | Self::RequestExtension(_)
            | Self::RouteTo(_)
            | Self::MarkRepeat(_)
            | Self::Link(_)
            | Self::Tick(_)
            | Self::Recalendar(_) => Vec::new(),
        }
    }
}
