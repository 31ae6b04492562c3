//! Partners 共建伙伴: shops, property companies, institutions, volunteers and party members who report to their community
//! 双报到, who take part in keeping the neighbourhood in order 城市管理智慧一体化.
//!
//! Pure. Who a person behind a partner is comes here sealed and masked only, and is gone once they are no partner any more.
//! It must never credit a partner with what nobody confirmed: hours and thanks come from [`crate::activity`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    activity::Activity,
    decide::required,
    event::Actor,
    ids::{ActivityId, ChannelId, PartnerId, SpotId, UnitId},
    organisation::{Organisation, UnitKind},
    policy::Name,
    refusal::Refusal,
};

/// Longest name, characters.
pub const NAME_MAX: usize = 60;
/// Longest line of praise or reason, characters.
pub const LINE_MAX: usize = 200;
/// Longest period of a self-check, days.
pub const EVERY_MAX: u32 = 366;
/// Longest time that an application waits, days.
pub const UNDECIDED_MAX: u32 = 366;
/// Self-checks, praise, activities and reports that a partner's record keeps, the newest. A bound: the audit chain has all.
pub const KEPT_MAX: usize = 100;

/// Rules of partners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartnerRules {
    /// The public channel by which what partners report comes in.
    #[schema(value_type = String)]
    pub channel: ChannelId,
    /// Most minutes that one activity may credit.
    pub credit_minutes: u32,
    /// Whoever decides is told once more of an application that has waited for so many days.
    pub remind_days: u32,
    /// An application about which nobody decided within so many days lapses.
    pub undecided_days: u32,
    /// What whoever signs up consents to.
    pub consent: Consent,
    /// What partners look at by themselves.
    pub self_checks: Vec<SelfCheck>,
}

/// What whoever signs up consents to 知情同意.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PartnerConsentText)]
pub struct Consent {
    /// Version of the text.
    pub version: String,
    /// The text.
    pub text: Name,
}

/// A self-check 自查, such as the three things before the door 门前三包.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SelfCheck {
    /// Code.
    pub id: String,
    /// What people call it.
    pub name: Name,
    /// Which partners make it.
    pub kinds: BTreeSet<PartnerKind>,
    /// Once in so many days.
    pub every_days: u32,
    /// What is looked at, in order.
    pub items: Vec<SelfCheckItem>,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SelfCheckItem {
    /// Code.
    pub id: String,
    /// How it should be, e.g. 门前干净.
    pub name: Name,
    /// What is said of it where it is not so.
    pub finding: Name,
}

impl PartnerRules {
    /// The self-check with this code.
    pub fn self_check(&self, id: &str) -> Option<&SelfCheck> {
        self.self_checks.iter().find(|list| list.id == id)
    }
}

/// Kind of a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartnerKind {
    /// 商户
    Shop,
    /// 物业
    Property,
    /// 单位
    Institution,
    /// 志愿者
    Volunteer,
    /// 双报到党员
    PartyMember,
}

impl PartnerKind {
    /// All.
    pub const ALL: [Self; 5] = [Self::Shop, Self::Property, Self::Institution, Self::Volunteer, Self::PartyMember];

    /// Code, as stored and as the policy writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Property => "property",
            Self::Institution => "institution",
            Self::Volunteer => "volunteer",
            Self::PartyMember => "party_member",
        }
    }

    /// What people see, in Chinese and in English.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Shop => ("商户", "shop"),
            Self::Property => ("物业", "property company"),
            Self::Institution => ("单位", "institution"),
            Self::Volunteer => ("志愿者", "volunteer"),
            Self::PartyMember => ("双报到党员", "registered party member"),
        }
    }

    /// Whether it is a person, whose name is personal data.
    pub fn is_person(self) -> bool {
        matches!(self, Self::Volunteer | Self::PartyMember)
    }
}

/// Where a partner stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartnerState {
    /// Waits to be admitted 待审核.
    Applied,
    /// Takes part 已加入.
    Active,
    /// Was not admitted 未通过.
    Declined,
    /// Left by themselves 已退出.
    Left,
    /// Nobody decided in time 逾期未审.
    Lapsed,
}

impl PartnerState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Active => "active",
            Self::Declined => "declined",
            Self::Left => "left",
            Self::Lapsed => "lapsed",
        }
    }
}

/// What time did to an application that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// It has waited long enough that whoever decides is told once more.
    Reminded,
    /// It lapsed.
    Lapsed,
}

/// That somebody consented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PartnerConsented)]
pub struct Consented {
    /// To which version of the text.
    pub version: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A self-check as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PartnerCheck)]
pub struct Check {
    /// Code of the self-check.
    pub list: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Each item, and whether it is so.
    pub items: BTreeMap<String, bool>,
}

/// A line of praise 点赞, or of thanks 致谢 for an activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PartnerPraise)]
pub struct Praise {
    /// The line.
    pub text: String,
    /// Of which unit whoever praised is.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// For which activity; none for praise by itself.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub activity: Option<ActivityId>,
}

/// A partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// Its grid.
    pub unit: UnitId,
    /// The spot whose code it signed up by; none without one.
    pub spot: Option<SpotId>,
    /// What it is.
    pub kind: PartnerKind,
    /// What it is called: the name of a shop or institution, a person's masked.
    pub name: String,
    /// Phone, masked; empty once the contact is erased.
    pub phone: String,
    /// Who is behind it and how to reach them, sealed; none once it is erased.
    pub contact: Option<String>,
    /// By what its phone is recognised without being known, so that a phone has one application that waits; none once it is
    /// erased.
    #[serde(default)]
    pub known_by: Option<Uuid>,
    /// Hash of the code that opens its door.
    pub code: String,
    /// What was consented to.
    pub consent: Consented,
    /// Where it stands.
    pub state: PartnerState,
    /// When it applied.
    pub applied_at: Timestamp,
    /// When whoever decides was told of it once more.
    #[serde(default)]
    pub reminded_at: Option<Timestamp>,
    /// When it was admitted or declined, or lapsed.
    pub decided_at: Option<Timestamp>,
    /// By whom, as an actor.
    pub decided_by: Option<String>,
    /// Why it was declined.
    #[serde(default)]
    pub reason: String,
    /// When it left.
    #[serde(default)]
    pub left_at: Option<Timestamp>,
    /// Activities in which it has or had a seat, the newest last.
    #[serde(default)]
    pub activities: Vec<ActivityId>,
    /// Minutes credited, of all activities.
    #[serde(default)]
    pub minutes: u32,
    /// Self-checks made, the newest last.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Praise and thanks, the newest last.
    #[serde(default)]
    pub praise: Vec<Praise>,
    /// How often it was praised or thanked.
    #[serde(default)]
    pub praised: u32,
}

/// What somebody signs up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// What it is.
    pub kind: PartnerKind,
    /// What it is called: of a person masked.
    pub name: String,
    /// Phone, masked.
    pub phone: String,
    /// The contact, sealed.
    pub contact: String,
    /// By what the phone is recognised without being known.
    pub known_by: Uuid,
    /// Hash of the code that will open its door.
    pub code: String,
    /// The spot whose code was scanned.
    pub spot: Option<SpotId>,
    /// The grid, where no code was scanned.
    pub grid: Option<UnitId>,
    /// The version of the text that was consented to.
    pub consent: String,
}

/// What staff do with a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = PartnerAct)]
pub enum Act {
    /// Admit it 通过.
    Admit,
    /// Decline it 不通过.
    Decline {
        /// Why; the applicant reads it.
        #[schema(min_length = 1, max_length = 200)]
        reason: String,
    },
    /// Praise it 点赞.
    Praise {
        /// The line.
        #[schema(min_length = 1, max_length = 200)]
        text: String,
    },
}

impl Act {
    /// Code of what happened, for the record.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Admit => "partner_admitted",
            Self::Decline { .. } => "partner_declined",
            Self::Praise { .. } => "partner_praised",
        }
    }
}

/// How a partner stands towards one of its self-checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckStanding<'a> {
    /// The self-check.
    pub list: &'a SelfCheck,
    /// As it was last made; none where it never was.
    pub last: Option<&'a Check>,
    /// Whether it is time to make it again.
    pub due: bool,
}

fn after(at: Timestamp, days: u32) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MAX)
}

/// The refusal of an application online that does not tell why: whether a phone has one is nobody else's business.
pub fn not_online() -> Refusal {
    Refusal::invalid("phone", "asking the community: this cannot be signed up online", "无法在网上登记，请联系所在社区")
}

/// Adds to a list that keeps the newest only.
fn keep<T>(list: &mut Vec<T>, new: T) {
    if list.len() >= KEPT_MAX {
        list.remove(0);
    }
    list.push(new);
}

impl Partner {
    /// Somebody applies.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field.
    pub fn apply(
        id: PartnerId,
        new: Application,
        rules: &PartnerRules,
        organisation: &Organisation,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let name = required("name", &new.name, NAME_MAX)?.to_owned();
        let grid = match (&new.spot, new.grid) {
            (Some(spot), _) => {
                organisation.spot(spot).map(|spot| spot.grid.clone()).ok_or_else(|| Refusal::unknown("spot", spot))?
            }
            (None, Some(grid)) => grid,
            (None, None) => return Err(Refusal::invalid("grid", "the grid where it is", "请选择所在网格")),
        };
        let is_grid = organisation.unit(&grid).is_some_and(|unit| unit.active && unit.kind == UnitKind::Grid);
        if !is_grid {
            return Err(Refusal::invalid("grid", "a grid in use", "应为在用的网格"));
        }
        if new.consent != rules.consent.version {
            return Err(Refusal::invalid(
                "consent",
                "the text has changed: read it and consent again",
                "知情同意书已更新，请重新阅读并同意",
            ));
        }
        Ok(Self {
            id,
            unit: grid,
            spot: new.spot,
            kind: new.kind,
            name,
            phone: new.phone,
            contact: Some(new.contact),
            known_by: Some(new.known_by),
            code: new.code,
            consent: Consented { version: new.consent, at },
            state: PartnerState::Applied,
            applied_at: at,
            reminded_at: None,
            decided_at: None,
            decided_by: None,
            reason: String::new(),
            left_at: None,
            activities: Vec::new(),
            minutes: 0,
            checks: Vec::new(),
            praise: Vec::new(),
            praised: 0,
        })
    }

    /// Whether it takes part.
    ///
    /// # Errors
    /// A [`Refusal`] that says what comes first, or that it is over.
    pub fn takes_part(&self) -> Result<(), Refusal> {
        match self.state {
            PartnerState::Active => Ok(()),
            PartnerState::Applied => {
                Err(Refusal::First { what: "wait until the community admits you", what_zh: "等待社区审核通过" })
            }
            PartnerState::Declined => Err(Refusal::Already { what: "declined", what_zh: "审核未通过" }),
            PartnerState::Left => Err(Refusal::Already { what: "left", what_zh: "退出" }),
            PartnerState::Lapsed => Err(Refusal::First {
                what: "sign up again: nobody decided in time",
                what_zh: "重新登记：原登记逾期未审核，已失效",
            }),
        }
    }

    /// When time next does something to an application that waits.
    pub fn waits_until(&self, rules: &PartnerRules) -> Option<Timestamp> {
        let days = if self.reminded_at.is_none() { rules.remind_days } else { rules.undecided_days };
        (self.state == PartnerState::Applied).then(|| after(self.applied_at, days))
    }

    /// Lets time do what it does to an application about which nobody decides: whoever decides is told once more, then it
    /// lapses and its contact is erased.
    pub fn wait(&mut self, rules: &PartnerRules, now: Timestamp) -> Option<Waited> {
        if self.state != PartnerState::Applied {
            return None;
        }
        if now >= after(self.applied_at, rules.undecided_days) {
            (self.state, self.decided_at) = (PartnerState::Lapsed, Some(now));
            self.erase_contact();
            return Some(Waited::Lapsed);
        }
        if self.reminded_at.is_some() || now < after(self.applied_at, rules.remind_days) {
            return None;
        }
        self.reminded_at = Some(now);
        Some(Waited::Reminded)
    }

    /// Gives it another code in place of one that was lost; that one opens nothing any more.
    ///
    /// # Errors
    /// It is no partner any more, and was none.
    pub fn give_code(&mut self, hash: String) -> Result<(), Refusal> {
        if self.state != PartnerState::Applied {
            self.takes_part()?;
        }
        self.code = hash;
        Ok(())
    }

    /// Staff do something with it. Whether they may is the caller's to check; `unit` is theirs.
    ///
    /// # Errors
    /// A [`Refusal`]; then nothing has changed.
    pub fn act(&mut self, act: &Act, unit: &UnitId, by: &Actor, now: Timestamp) -> Result<(), Refusal> {
        match act {
            Act::Admit => self.decide(PartnerState::Active, String::new(), by, now),
            Act::Decline { reason } => {
                let reason = required("reason", reason, LINE_MAX)?.to_owned();
                self.decide(PartnerState::Declined, reason, by, now)?;
                self.erase_contact();
                Ok(())
            }
            Act::Praise { text } => {
                self.takes_part()?;
                let text = required("text", text, LINE_MAX)?.to_owned();
                self.praise(Praise { text, unit: unit.clone(), at: now, activity: None });
                Ok(())
            }
        }
    }

    fn decide(&mut self, state: PartnerState, reason: String, by: &Actor, now: Timestamp) -> Result<(), Refusal> {
        if self.state != PartnerState::Applied {
            return Err(Refusal::Already { what: "decided, or left", what_zh: "审核或退出" });
        }
        (self.state, self.reason) = (state, reason);
        (self.decided_at, self.decided_by) = (Some(now), Some(by.to_string()));
        Ok(())
    }

    pub(crate) fn praise(&mut self, praise: Praise) {
        keep(&mut self.praise, praise);
        self.praised = self.praised.saturating_add(1);
    }

    fn erase_contact(&mut self) {
        (self.contact, self.known_by, self.phone) = (None, None, String::new());
    }

    /// Leaves: the contact is erased. Whoever calls gives its seats back.
    ///
    /// # Errors
    /// It left already, or was declined.
    pub fn leave(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self.state != PartnerState::Applied {
            self.takes_part()?;
        }
        (self.state, self.left_at) = (PartnerState::Left, Some(now));
        self.erase_contact();
        Ok(())
    }

    /// Makes a self-check. `today` is when the day began: whoever makes it twice in a day corrects what they said before.
    ///
    /// # Errors
    /// It does not take part, there is no such self-check for it, or the items are not those of the self-check.
    pub fn check(
        &mut self,
        rules: &PartnerRules,
        list: &str,
        items: BTreeMap<String, bool>,
        (now, today): (Timestamp, Timestamp),
    ) -> Result<(), Refusal> {
        self.takes_part()?;
        let found = rules.self_check(list).filter(|found| found.kinds.contains(&self.kind));
        let found =
            found.ok_or_else(|| Refusal::invalid("list", "a self-check of this kind of partner", "没有这项自查"))?;
        let (asked, told): (BTreeSet<&str>, BTreeSet<&str>) =
            (found.items.iter().map(|item| item.id.as_str()).collect(), items.keys().map(String::as_str).collect());
        if asked != told {
            return Err(Refusal::invalid("items", "each item of it, and no other", "请逐项填写"));
        }
        self.checks.retain(|check| check.list != found.id || check.at < today);
        keep(&mut self.checks, Check { list: found.id.clone(), at: now, items });
        Ok(())
    }

    /// How it stands towards each of its self-checks. None is asked of who does not take part.
    pub fn standings<'a>(&'a self, rules: &'a PartnerRules, now: Timestamp) -> Vec<CheckStanding<'a>> {
        if self.state != PartnerState::Active {
            return Vec::new();
        }
        let mine = rules.self_checks.iter().filter(|list| list.kinds.contains(&self.kind));
        let standing = |list: &'a SelfCheck| {
            let last = self.checks.iter().rfind(|check| check.list == list.id);
            let every = SignedDuration::from_hours(i64::from(list.every_days) * 24);
            let due = last.is_none_or(|check| now.duration_since(check.at) > every);
            CheckStanding { list, last, due }
        };
        mine.map(standing).collect()
    }

    /// Notes that it took a seat.
    pub fn took(&mut self, activity: &Activity) {
        if !self.activities.contains(&activity.id) {
            keep(&mut self.activities, activity.id);
        }
    }

    /// Notes that it gave a seat back.
    pub fn gave_back(&mut self, activity: ActivityId) {
        self.activities.retain(|id| *id != activity);
    }
}
