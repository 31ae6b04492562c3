//! The mechanism as data 机制即数据: what a policy file says once it has been read and found whole.
//!
//! Every number of the mechanism lives here and nowhere in code. [`Policy::parse`] reads the TOML text and reports all
//! its faults at once, each with line, key and remedy; [`explain`] tells the policy as prose. This module must never
//! hold a default for a number of the mechanism: a missing one is a fault of the file.

mod explain;
mod judging;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

pub use self::{
    explain::{Language, explain},
    judging::{
        BulletinKind, BulletinRule, BulletinRules, Condition, EqualGrades, Guards, LetterForm, LetterKind, LetterRule,
        LetterRules, PLACES, Refer,
    },
    read::{Fault, Faults},
};
use crate::{
    campaign::CampaignRules,
    duty::DutyRules,
    figures::Count,
    hall::HallRules,
    ids::{CaseId, CategoryId, ChannelId, ClassId, ClockId, FormId, PostId, StudioId, UnitId},
    machine::MachineRules,
    neighbourhood::NeighbourhoodRules,
    occasion::Occasion,
    partner::PartnerRules,
    reception::ReceptionRules,
    round::RoundRules,
    signal::SignalRules,
};

/// A name in both languages of the interface; `zh` is what people see first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Name {
    /// Chinese, never empty.
    pub zh: String,
    /// English, never empty.
    pub en: String,
}

/// One whole policy.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Policy {
    /// SHA-256 of the file's text, in hex: the version that cases remember.
    pub version: String,
    /// What the policy is called, e.g. 东门街道接诉即办机制.
    pub name: Name,
    /// IANA time zone in which working days and daily figures are counted, e.g. `Asia/Shanghai`.
    pub time_zone: String,
    /// Prefix of case numbers, 1–8 of `A-Z 0-9`, e.g. `DM`.
    pub number_prefix: String,
    /// Ways in, by code.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// Classes 类别, in order of severity: the first is the most severe.
    pub classes: Vec<Class>,
    /// Clock rules, by code.
    pub clocks: BTreeMap<ClockId, ClockRule>,
    /// Category tree, flat, by code; a child names its parent.
    pub categories: BTreeMap<CategoryId, Category>,
    /// Danger to life 危及生命: words that make a case urgent by rule.
    pub urgent_rules: Vec<UrgentRule>,
    /// The four likelihoods 四个可能性 and the class each combination proposes.
    pub triage: Triage,
    /// Which unit answers for what; the most particular rule first, rules for the same category and area as they stand.
    pub responsibilities: Vec<Responsibility>,
    /// Rules of dispatch 分拨.
    pub dispatch: DispatchRules,
    /// Rules of contact 联系.
    pub contact: ContactRules,
    /// Rules of returning a case 退回.
    pub returns: ReturnRules,
    /// Rules of extension 延期.
    pub extensions: ExtensionRules,
    /// Rules of the whistle 吹哨.
    pub whistle: WhistleRules,
    /// Rules of escalation 提级 and of the lead official 包案领导.
    pub escalation: EscalationRules,
    /// Rules of the '1+1+2+N' team.
    pub team: Vec<Seat>,
    /// Mediation studios and legal-aid counters.
    pub studios: BTreeMap<StudioId, Studio>,
    /// The request hall 群众诉求服务大厅.
    pub hall: HallRules,
    /// The form of an agreement 调解协议书; without one no agreement is signed.
    pub agreement: Option<FormId>,
    /// Forms 表单 with their fields, by code; the codes `opinion` and `follow_up` must be among them.
    pub forms: BTreeMap<FormId, Form>,
    /// Rules of following up 回访.
    pub follow_up: FollowUpRules,
    /// Rules of finishing, rating, appealing, reopening and closing.
    pub closing: ClosingRules,
    /// Rules of assessment 考核.
    pub assessment: AssessmentRules,
    /// Rates 三率 and other measures as data.
    pub rates: Vec<Rate>,
    /// Duty posts 值班岗, by code.
    pub duty_posts: BTreeMap<PostId, Name>,
    /// How a call that nobody answers rings on.
    pub duty: DutyRules,
    /// Reception days of leaders 领导接访日; none where the house holds none.
    pub reception: Option<ReceptionRules>,
    /// How long protected and dead data are kept.
    pub retention: Retention,
    /// When two cases are the same matter 重复件.
    pub repeats: RepeatRules,
    /// When something is a signal 苗头.
    pub signals: SignalRules,
    /// Occasions 时令与节点.
    pub occasions: Vec<Occasion>,
    /// How campaigns are followed and measured 专项治理.
    pub campaigns: CampaignRules,
    /// Rounds 扫楼扫街.
    pub rounds: RoundRules,
    /// Machine events 物联感知.
    pub machines: MachineRules,
    /// Partners 共建伙伴; none where the house has none.
    pub partners: Option<PartnerRules>,
    /// The neighbourhood platform 岭里无忧.
    pub neighbourhood: NeighbourhoodRules,
    /// Guards against gaming 防注水.
    pub guards: Guards,
    /// Letters 表扬书、提醒函.
    pub letters: LetterRules,
    /// Bulletins 分析通报.
    pub bulletins: BulletinRules,
}

/// A way in 渠道.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Channel {
    /// What people see.
    pub name: Name,
    /// Whether residents may use it without an account (public intake).
    pub public: bool,
    /// Origin that a case from here has when nothing else is said.
    pub origin: crate::case::Origin,
}

/// A class 类别: how fast a case must go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Class {
    /// Code: `urgent`, `fast`, `routine` in Dongmen.
    pub id: ClassId,
    /// What people see.
    pub name: Name,
    /// What belongs here, in a sentence, for people.
    pub meaning: Name,
}

/// What starts or stops a clock: the milestones 节点.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// The case exists 登记.
    Registered,
    /// The lead unit is named 分拨.
    Dispatched,
    /// The lead unit took it 签收.
    Accepted,
    /// First phone contact, or enough logged attempts 联系.
    Contacted,
    /// The facts are known 核实.
    Verified,
    /// The work is done 办结.
    Finished,
    /// The opinion form is filed 意见书.
    OpinionFiled,
    /// The follow-up form is filed 回访.
    FollowedUp,
    /// The reporter was not satisfied, and another follow-up is asked for 须再次回访.
    AskedAgain,
    /// They were followed up once more 再次回访.
    FollowedUpAgain,
    /// The reporter gave a bad grade 差评.
    BadlyRated,
    /// The unit appealed or reworked after a bad grade.
    BadRatingAnswered,
    /// A whistle was blown 吹哨 (one clock a called unit).
    WhistleBlown,
    /// The called unit reported in 报到.
    ReportedIn,
    /// An agreement was signed 签订协议 (one clock a term, which says itself by when).
    Agreed,
    /// A term of it was kept 履行.
    Performed,
    /// What a round found was looked at again after it was finished 复查.
    Rechecked,
}

/// A length of time as the policy says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Natural time, in whole minutes.
    Minutes(u32),
    /// Working days by the official calendar: due at the end of the n-th working day after the start.
    WorkingDays(u32),
    /// Until the end of a day that was agreed on, whatever the policy says.
    Until {
        /// That day.
        #[schema(value_type = String, format = Date)]
        day: Date,
    },
}

/// One clock rule 时限.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClockRule {
    /// What people see, e.g. 联系时限.
    pub name: Name,
    /// The act that starts it.
    pub start: Milestone,
    /// The act that stops it.
    pub stop: Milestone,
    /// Length by class; every class of the policy has one. Empty where what starts it says by when: a term of an agreement.
    pub length: BTreeMap<ClassId, Length>,
    /// Length where the case is marked complex 情况复杂, instead of the class's.
    pub complex: Option<Length>,
    /// Shares of the time (0–1, ascending) at which it warns.
    pub warn_at: Vec<f64>,
    /// Who is told at a warning.
    pub warn: Vec<Recipient>,
    /// What a breach does, level by level.
    pub breach: Vec<BreachLevel>,
    /// Whether an extension may be asked for this clock.
    pub extendable: bool,
    /// Origins it runs for; empty: all.
    pub origins: Vec<crate::case::Origin>,
    /// Categories it runs for, with all below them; empty: all.
    pub categories: BTreeSet<CategoryId>,
}

/// Code of the clock that runs until what a round found is looked at again, where a policy has one.
pub const RECHECK: &str = "recheck";

/// One level of what a breach does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BreachLevel {
    /// Minutes after the due time; 0 for the breach itself.
    pub after_minutes: u32,
    /// Who is told.
    pub tell: Vec<Recipient>,
}

/// Whom a notice goes to, found through the case and the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// Staff of the lead unit.
    LeadUnit,
    /// Staff of the co-units.
    CoUnits,
    /// Who handles it now, if named; else the lead unit.
    Handler,
    /// The unit above the lead unit.
    ParentUnit,
    /// The liaison office 信联办.
    LiaisonOffice,
    /// The lead official 包案领导 if named; else the leaders of the subdistrict.
    Leaders,
    /// Whoever holds the duty phone now.
    Duty,
    /// The discipline office 纪工委.
    Discipline,
    /// The unit whose own clock this is (report-in).
    ClockUnit,
}

impl Recipient {
    /// Every recipient with its code, as a policy names it.
    pub const CODES: [(&'static str, Self); 9] = [
        ("lead_unit", Self::LeadUnit),
        ("co_units", Self::CoUnits),
        ("handler", Self::Handler),
        ("parent_unit", Self::ParentUnit),
        ("liaison_office", Self::LiaisonOffice),
        ("leaders", Self::Leaders),
        ("duty", Self::Duty),
        ("discipline", Self::Discipline),
        ("clock_unit", Self::ClockUnit),
    ];

    /// Code.
    pub fn as_str(self) -> &'static str {
        read::spelled(&Self::CODES, self)
    }

    /// Its name in Chinese and English.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::LeadUnit => ("首办单位", "the lead unit"),
            Self::CoUnits => ("会办单位", "the co-units"),
            Self::Handler => ("经办人", "the handler"),
            Self::ParentUnit => ("上级单位", "the unit above"),
            Self::LiaisonOffice => ("信联办", "the liaison office"),
            Self::Leaders => ("包案领导或街道领导", "the lead official or the leaders"),
            Self::Duty => ("值班人员", "whoever is on duty"),
            Self::Discipline => ("纪检监察", "the discipline office"),
            Self::ClockUnit => ("被吹哨单位或调解单位", "the unit called, or the one that mediated"),
        }
    }
}

/// A category 诉求分类.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Category {
    /// What people see.
    pub name: Name,
    /// The category above; none for a top one.
    pub parent: Option<CategoryId>,
    /// Words that point to it: the cold start of triage.
    pub words: Vec<String>,
    /// Class it usually gets; none: decided by triage.
    pub class: Option<ClassId>,
    /// Whether finishing needs a photo after.
    pub photo_due: bool,
}

/// Danger words: any of `any` (and, when not empty, any of `with`) makes the class, whatever a model says.
///
/// Phrases of `unless` mean no danger and are struck out first: 火锅店 is no fire, but 火锅店着火 is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UrgentRule {
    /// Code shown with the reason.
    pub id: String,
    /// What danger it is, e.g. 燃气泄漏.
    pub name: Name,
    /// One of these must occur.
    pub any: Vec<String>,
    /// And one of these, unless empty.
    pub with: Vec<String>,
    /// Phrases that do not count: an occurrence that touches one of them is none.
    pub unless: Vec<String>,
    /// Class it makes.
    pub class: ClassId,
}

impl UrgentRule {
    /// The word of `any` that fires this rule on a text, if one does.
    ///
    /// Plain search: the caller normalises text (and writes policies in the same form: simplified, half width, lower case).
    pub fn hit<'a>(&'a self, text: &str) -> Option<&'a str> {
        let struck: Vec<Range<usize>> = self.unless.iter().flat_map(|phrase| occurrences(text, phrase)).collect();
        let stands = |word: &String| {
            occurrences(text, word).any(|at| !struck.iter().any(|gap| at.start < gap.end && gap.start < at.end))
        };
        let word = self.any.iter().find(|word| stands(word))?;
        (self.with.is_empty() || self.with.iter().any(stands)).then_some(word)
    }
}

fn occurrences<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    text.match_indices(word).map(|(start, found)| start..start + found.len())
}

/// How the four likelihoods propose a class.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Triage {
    /// Below this confidence (0–1) the program abstains and asks a person.
    pub abstain_below: f64,
    /// Words that speak for each likelihood.
    pub public_opinion: Vec<String>,
    /// Skip-level petition 越级上访.
    pub skip_level: Vec<String>,
    /// Words that show facts are unclear or the matter tangled.
    pub unclear: Vec<String>,
    /// Words of matters that are easily solved.
    pub easy: Vec<String>,
    /// Class when public opinion or skip-level is likely.
    pub risky_class: ClassId,
    /// Class when facts are clear and it is easy to solve.
    pub easy_class: ClassId,
    /// Class otherwise.
    pub other_class: ClassId,
}

/// A rule of responsibility: this category (and below), in this area, belongs to this unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Responsibility {
    /// Category it covers, with all below it; none: any.
    pub category: Option<CategoryId>,
    /// Unit of whose area the place must be (with all below it); none: anywhere.
    pub area: Option<UnitId>,
    /// Who leads.
    pub lead: Assignee,
    /// Who helps: dual dispatch 双派 when not empty.
    pub with: Vec<Assignee>,
}

/// A unit, named or found from the place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assignee {
    /// This very unit.
    Unit(UnitId),
    /// The grid of the place.
    Grid,
    /// The community of the place.
    Community,
}

/// Rules of dispatch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DispatchRules {
    /// The liaison office: receives all that no rule places. Never nobody.
    pub liaison_office: UnitId,
    /// Whether the program dispatches by itself when a single responsibility rule fits an automatically classed case.
    pub automatic: bool,
    /// Most co-units at once.
    pub max_co_units: u32,
}

/// Rules of contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContactRules {
    /// Logged attempts that count as contact when nobody answers.
    pub attempts: u32,
    /// Least minutes between two attempts that count.
    pub attempt_gap_minutes: u32,
}

/// Rules of returning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReturnRules {
    /// From this many returns on, a leader decides in place of the liaison office.
    pub leader_decides_from: u32,
    /// Reasons to choose from, code → name.
    pub reasons: BTreeMap<String, Name>,
}

/// Rules of extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExtensionRules {
    /// Most extensions granted for one clock.
    pub max_granted: u32,
    /// Longest single extension by natural time, in minutes.
    pub max_minutes: u32,
    /// Longest single extension of a working-day clock, in working days.
    pub max_working_days: u32,
    /// Reasons to choose from.
    pub reasons: BTreeMap<String, Name>,
}

/// Rules of the whistle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WhistleRules {
    /// Most units called at once.
    pub max_units: u32,
    /// Outcomes to settle with, code → name; `solved` must be among them.
    pub outcomes: BTreeMap<String, Name>,
}

/// Rules of escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EscalationRules {
    /// The five duties 五包, in order.
    pub duties: Vec<Name>,
    /// The three questions 三问, in order.
    pub questions: Vec<Name>,
    /// Whether a case marked stubborn 老大难 must have a lead official before it is finished.
    pub stubborn_needs_official: bool,
}

/// One kind of seat in the '1+1+2+N' team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Seat {
    /// Code, e.g. `delegate`.
    pub id: String,
    /// What people see, e.g. 党代表或人大代表.
    pub name: Name,
    /// Fewest people.
    pub min: u32,
    /// Most people; none: any number.
    pub max: Option<u32>,
    /// Titles (of `Person::titles`) of which the person must bear one; empty: anyone.
    pub titles: Vec<String>,
}

/// A mediation studio or legal-aid counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Studio {
    /// What people see, e.g. 老杨调解工作室.
    pub name: Name,
    /// What it does.
    pub route: Route,
    /// The unit whose people work there: they see the case and file its forms.
    pub unit: Option<UnitId>,
}

/// A handling route beside the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// 调解
    Mediation,
    /// 法律援助
    LegalAid,
}

/// A form with its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Form {
    /// Full title, e.g. 《群众诉求处理意见书》.
    pub name: Name,
    /// Fields in order.
    pub fields: Vec<Field>,
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Field {
    /// Code, unique in the form.
    pub id: String,
    /// Label.
    pub name: Name,
    /// Kind of value.
    pub kind: FieldKind,
    /// Whether it must be filled in.
    pub required: bool,
    /// Most characters of a text.
    pub max_chars: u32,
}

/// Kind of value of a form field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line or many.
    Text,
    /// `true` or `false`.
    YesNo,
    /// One of these codes.
    Choice(BTreeMap<String, Name>),
    /// A calendar date, `YYYY-MM-DD`.
    Date,
}

/// Rules of following up 回访. A policy without them makes one attempt, draws nobody, and asks for no reasons.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FollowUpRules {
    /// Calls in vain after which the reporter counts as unreachable 无法联系.
    pub attempts: u32,
    /// Least minutes between two calls that count.
    pub attempt_gap_minutes: u32,
    /// Share of finished cases, 0–1, whose follow-up a third person makes 抽查回访: neither the lead unit nor the handler,
    /// so that nobody grades itself.
    pub third_person_share: f64,
    /// What the caller says.
    pub script: Option<Script>,
    /// Why it is not solved, code → name; an answer 'not solved' names at least one. None: not asked.
    pub unsolved_reasons: BTreeMap<String, Name>,
    /// Why the reporter is not satisfied, code → name; as for the unsolved.
    pub unsatisfied_reasons: BTreeMap<String, Name>,
}

impl Default for FollowUpRules {
    fn default() -> Self {
        Self {
            attempts: 1,
            attempt_gap_minutes: 0,
            third_person_share: 0.0,
            script: None,
            unsolved_reasons: BTreeMap::new(),
            unsatisfied_reasons: BTreeMap::new(),
        }
    }
}

impl FollowUpRules {
    /// Whether the follow-up of this round of handling is drawn for a third person 抽中.
    ///
    /// A function of case and round alone, so that every node and every replay draws the same, and nobody can draw again:
    /// the first eight bytes of SHA-256 over the case id (16 bytes) and the round (4 bytes, big-endian), read as a
    /// big-endian number, as a share of 2⁶⁴; drawn where that share lies below [`Self::third_person_share`].
    pub fn draws(&self, case: CaseId, round: u32) -> bool {
        let digest = Sha256::new().chain_update(case.0.as_bytes()).chain_update(round.to_be_bytes()).finalize();
        let lot = digest.iter().take(8).fold(0_u64, |lot, byte| lot << 8 | u64::from(*byte));
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        let share = lot as f64 / 2_f64.powi(64);
        share < self.third_person_share
    }
}

/// What is said on a follow-up call, in order. `{title}` and `{unit}` stand for the case's title and its lead unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Script {
    /// Greeting 问候语.
    pub greeting: Name,
    /// Was there a response in time? 是否及时响应
    pub responded: Name,
    /// Is it solved? 是否解决
    pub solved: Name,
    /// Satisfied? 是否满意
    pub satisfied: Name,
    /// Closing words 结束语.
    pub closing: Name,
}

/// Rules of assessment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AssessmentRules {
    /// Why the liaison office leaves a case out of assessment 剔除考核, code → name. None: no case is left out.
    pub exclude_reasons: BTreeMap<String, Name>,
}

/// Rules of the end of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClosingRules {
    /// Grades a reporter may give, from the worst, 1…n.
    pub grades: u8,
    /// Grades up to this one are bad 差评.
    pub bad_up_to: u8,
    /// Grades from this one on are satisfied 满意.
    pub satisfied_from: u8,
    /// Days after finishing during which a reporter may rate.
    pub rate_within_days: u32,
    /// Days after finishing during which the case may be reopened.
    pub reopen_within_days: u32,
    /// Most follow-up rounds before the case may close unsatisfied.
    pub follow_up_rounds: u32,
    /// Reasons for declining 不予受理, code → name; `unlawful` and `unreasonable` are counted apart.
    pub decline_reasons: BTreeMap<String, Name>,
}

/// A rate: numerator ÷ denominator, leaving some cases out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RateRule)]
pub struct Rate {
    /// Code, e.g. `response`.
    pub id: String,
    /// What people see, e.g. 响应率.
    pub name: Name,
    /// Above the line.
    pub numerator: Count,
    /// Below the line.
    pub denominator: Count,
    /// Reasons of declining and of leaving out of assessment whose cases are left out.
    pub exclude: Vec<String>,
}

/// How long things are kept, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retention {
    /// Identity after closing; then it is erased.
    pub identity_days: u32,
    /// Idempotency keys.
    pub idempotency_days: u32,
    /// Delivered notices.
    pub outbox_days: u32,
    /// Read in-app notices.
    pub notification_days: u32,
}

/// When a case may be a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct RepeatRules {
    /// Days back in which the same reporter or place is looked for.
    pub within_days: u32,
    /// Metres within which two places are the same.
    pub within_metres: u32,
}

impl Policy {
    /// Reads a policy from TOML text.
    ///
    /// # Errors
    /// All faults of the text at once, each with line, key and remedy.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        read::read(text)
    }

    /// The class with this code.
    pub fn class(&self, id: &ClassId) -> Option<&Class> {
        self.classes.iter().find(|class| class.id == *id)
    }

    /// What the reason that a rate leaves cases out for is called: one of leaving out of assessment, or of declining.
    pub fn reason_to_leave_out(&self, reason: &str) -> Option<&Name> {
        self.assessment.exclude_reasons.get(reason).or_else(|| self.closing.decline_reasons.get(reason))
    }

    /// The category and those above it, from itself up.
    pub fn lineage<'a>(&'a self, id: &'a CategoryId) -> impl Iterator<Item = &'a CategoryId> {
        std::iter::successors(Some(id), |id| self.categories.get(*id).and_then(|c| c.parent.as_ref()))
    }
}
