//! What the policy says of judging and telling 考核与分析: guards against gaming, letters that rules draft, bulletins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Name, Recipient, read::spelled};
use crate::figures::Count;

/// Guards against gaming 防注水: what is shown because it is odd, never because it is proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct Guards {
    /// An odd run of equal grades; none where the policy does not look for it.
    pub equal_grades: Option<EqualGrades>,
}

/// When equal grades are odd 评价雷同.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct EqualGrades {
    /// So many of one unit in the period, all the same.
    pub at_least: u32,
    /// And chance alone gives that less often than this, 0–1, as grades are spread over all units.
    pub chance_below: f64,
}

/// A kind of letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// 表扬书: for handling that earned it.
    Commendation,
    /// 提醒函: for perfunctory handling.
    Reminder,
    /// 移送函: repeated reminders, to the discipline office.
    Referral,
}

impl LetterKind {
    /// Every kind with its code.
    pub const CODES: [(&'static str, Self); 3] =
        [("commendation", Self::Commendation), ("reminder", Self::Reminder), ("referral", Self::Referral)];

    /// Code as stored and as the policy writes it.
    pub fn as_str(self) -> &'static str {
        spelled(&Self::CODES, self)
    }
}

/// How a kind of letter looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LetterForm {
    /// What people see, e.g. 提醒函.
    pub name: Name,
    /// Its number 发文字号, with `{year}` and `{n}`, e.g. 东诉提〔{year}〕{n}号.
    pub number: String,
}

/// Rules of letters 表扬书、提醒函.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct LetterRules {
    /// Who issues them, in red at the head 发文机关标志; none where there are no letters.
    pub masthead: Option<Name>,
    /// Each kind.
    #[schema(value_type = BTreeMap<String, LetterForm>)]
    pub forms: BTreeMap<LetterKind, LetterForm>,
    /// Rules that draft them.
    pub rules: Vec<LetterRule>,
    /// When reminders become a referral 移送.
    pub refer: Option<Refer>,
}

/// When repeated reminders are referred to the discipline office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refer {
    /// From this many reminders on …
    pub after: u32,
    /// … issued to one unit within so many days.
    pub within_days: u32,
}

/// A rule that drafts letters.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LetterRule {
    /// Code.
    pub id: String,
    /// What people see, e.g. 满意率突出.
    pub name: Name,
    /// Which kind it drafts: a commendation or a reminder.
    pub letter: LetterKind,
    /// Days looked back on; the rule speaks once to a unit in so many.
    pub within_days: u32,
    /// What must be so.
    pub when: Condition,
    /// What the letter says, with the names of [`PLACES`] in braces.
    pub text: Name,
}

/// What may stand in braces in the text of a letter: the unit, the days looked back on, the part and the whole of a rate
/// and their share, the share of all units, and a number counted.
pub const PLACES: [&str; 7] = ["unit", "days", "part", "whole", "share", "usual", "count"];

/// What must be so for a letter.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// So many of something.
    Count {
        /// What is counted.
        count: Count,
        /// At least so many.
        at_least: u32,
    },
    /// A rate.
    Rate {
        /// Code of the rate.
        rate: String,
        /// Only with so many below the line.
        least: u32,
        /// At least this share, 0–1.
        at_least: Option<f64>,
        /// Below this share, 0–1.
        below: Option<f64>,
        /// Only where it differs from the share of all by more than chance explains.
        beyond_chance: bool,
    },
}

/// Kinds of bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulletinKind {
    /// 日报
    Daily,
    /// 周报
    Weekly,
    /// 月报
    Monthly,
    /// 成效: what a half year came to.
    Results,
}

impl BulletinKind {
    /// Every kind with its code.
    pub const CODES: [(&'static str, Self); 4] =
        [("daily", Self::Daily), ("weekly", Self::Weekly), ("monthly", Self::Monthly), ("results", Self::Results)];

    /// Code as stored and as the policy writes it.
    pub fn as_str(self) -> &'static str {
        spelled(&Self::CODES, self)
    }
}

/// Rules of bulletins 分析通报.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct BulletinRules {
    /// Who issues them 发文机关标志; none where there are none.
    pub masthead: Option<Name>,
    /// Hot issues told at most.
    pub hot_issues: u32,
    /// Rates that should go up 三升, by their codes.
    pub up: Vec<String>,
    /// Numbers that should go down 两降.
    pub down: Vec<Count>,
    /// Each kind that is made by itself.
    #[schema(value_type = BTreeMap<String, BulletinRule>)]
    pub kinds: BTreeMap<BulletinKind, BulletinRule>,
}

/// A bulletin that is made by itself when its period is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BulletinRule {
    /// Its title, e.g. 民诉日报.
    pub name: Name,
    /// Hour of the day after the period at which it is made, 0–23.
    pub hour: u32,
    /// Whether it is archived and told at once; else it waits for the liaison office's proposals.
    pub by_itself: bool,
    /// Who is told.
    pub tell: Vec<Recipient>,
}
