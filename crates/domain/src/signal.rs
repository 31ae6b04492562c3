//! Signals 苗头: what a person is asked to decide about before anyone complains, all on one board. A rise of one matter in one
//! place, one matter that comes again and again, an issue that many speak of, an occasion that the year brings.
//!
//! Pure: what raises one, when two are the same, when one that was decided is asked again, and what came of it. A signal
//! proposes; it must never open a case by itself.

pub mod again;
pub mod came;
pub mod scan;

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CampaignId, CaseId, CategoryId, RoundPlanId, SignalId, UnitId};

/// Rules of signals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SignalRules {
    /// When a rise is one.
    pub scan: scan::ScanRules,
    /// When a matter comes again and again.
    pub repeats: again::AgainRules,
    /// When an issue is one that many speak of.
    pub hot: HotRules,
    /// Kinds of case that tell of no problem, such as praise 表扬: with all below them they raise no signal.
    #[schema(value_type = Vec<String>)]
    pub except: Vec<CategoryId>,
}

/// Rules of hot issues 热点.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct HotRules {
    /// People who speak of it, at least.
    pub people: u32,
    /// Within so many days.
    pub within_days: u32,
}

impl Default for HotRules {
    /// What holds where a policy says nothing.
    fn default() -> Self {
        Self { people: 10, within_days: 30 }
    }
}

/// Where a signal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// Waits for a person.
    Open,
    /// A person made something of it.
    Accepted,
    /// A person said that it is nothing.
    Dismissed,
    /// Nobody decided, and its days are over.
    Lapsed,
}

impl SignalState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Lapsed => "lapsed",
        }
    }
}

/// Why a signal was raised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = SignalWhy)]
pub enum Why {
    /// More of one matter in one place than is usual 弱信号.
    Rise {
        /// In how many days.
        days: u32,
        /// Cases in these days, each person counted once.
        count: u32,
        /// Cases that would be usual.
        expected: f64,
        /// How likely chance alone raises the like on a day.
        chance: f64,
    },
    /// One matter that comes again and again 重复反映.
    Repeat {
        /// The case that it began with.
        #[schema(value_type = String)]
        first: CaseId,
        /// In how many days.
        days: u32,
        /// How many cases of it there are.
        count: u32,
    },
    /// An issue that many speak of 热点.
    Hot {
        /// Phrases that most of its cases share.
        name: Vec<String>,
        /// In how many days.
        days: u32,
        /// How many cases.
        count: u32,
        /// How many people.
        people: u32,
    },
    /// What the year, or a warning, brings 时令与节点.
    Occasion {
        /// Code of the occasion.
        occasion: String,
        /// Its first day.
        #[schema(value_type = String, format = Date)]
        first: Date,
        /// Its last day.
        #[schema(value_type = String, format = Date)]
        last: Date,
        /// Requests of its kind on the same days a year before; none where that is not on record.
        #[serde(default)]
        year_before: Option<u32>,
    },
}

impl Why {
    /// Its kind, as stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rise { .. } => "rise",
            Self::Repeat { .. } => "repeat",
            Self::Hot { .. } => "hot",
            Self::Occasion { .. } => "occasion",
        }
    }

    /// In how many days it was seen; none for what is yet to come.
    pub fn days(&self) -> Option<u32> {
        match self {
            Self::Rise { days, .. } | Self::Repeat { days, .. } | Self::Hot { days, .. } => Some(*days),
            Self::Occasion { .. } => None,
        }
    }
}

/// What is proposed to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SignalSubject)]
pub struct Subject {
    /// Why.
    #[serde(flatten)]
    pub why: Why,
    /// Where; none for everywhere.
    #[schema(value_type = Option<String>)]
    pub area: Option<UnitId>,
    /// What; none for all topics.
    #[schema(value_type = Option<String>)]
    pub category: Option<CategoryId>,
    /// The cases, the newest first; of an occasion none.
    #[schema(value_type = Vec<String>)]
    pub cases: Vec<CaseId>,
}

impl Subject {
    /// Whether two are about the same.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.why, &other.why) {
            (Why::Rise { .. }, Why::Rise { .. }) => self.area == other.area && self.category == other.category,
            (Why::Repeat { first, .. }, Why::Repeat { first: theirs, .. }) => first == theirs,
            // Words of an issue change from night to night; its cases say what it is.
            (Why::Hot { .. }, Why::Hot { .. }) => {
                let shared = self.shared(other);
                shared > 0 && 2 * shared >= self.cases.len().min(other.cases.len())
            }
            (Why::Occasion { occasion, first, .. }, Why::Occasion { occasion: theirs, first: their_first, .. }) => {
                occasion == theirs && first == their_first
            }
            _ => false,
        }
    }

    fn shared(&self, other: &Self) -> usize {
        let theirs: BTreeSet<&CaseId> = other.cases.iter().collect();
        self.cases.iter().filter(|case| theirs.contains(case)).count()
    }

    /// Whether what was decided by `decided` is asked again: only when there is clearly more of it, and an occasion never.
    pub fn is_clearly_more_than(&self, decided: &Self, rules: &SignalRules) -> bool {
        let least = match self.why {
            Why::Rise { .. } => rules.scan.least_cases,
            Why::Repeat { .. } => rules.repeats.times,
            Why::Hot { .. } => rules.hot.people,
            Why::Occasion { .. } => return false,
        };
        self.cases.len() - self.shared(decided) >= (least as usize).max(decided.cases.len() / 2)
    }
}

/// A signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Signal {
    /// Its id.
    pub id: SignalId,
    /// Where it stands.
    pub state: SignalState,
    /// What it is about.
    #[serde(flatten)]
    pub of: Subject,
    /// When it was raised, or last renewed while it was open.
    #[schema(value_type = String, format = DateTime)]
    pub raised_at: Timestamp,
    /// When it was first raised, where it was renewed since.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_raised_at: Option<Timestamp>,
    /// What was decided.
    #[serde(default)]
    pub decision: Option<Decision>,
}

impl Signal {
    /// When it was first raised.
    pub fn first(&self) -> Timestamp {
        self.first_raised_at.unwrap_or(self.raised_at)
    }
}

/// What was decided about a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SignalDecision)]
pub struct Decision {
    /// By whom.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why.
    pub note: String,
    /// The case that it became.
    pub case: Option<CaseId>,
    /// The campaign that it became.
    #[serde(default)]
    pub campaign: Option<CampaignId>,
    /// The plan of rounds that it became.
    #[serde(default)]
    pub rounds: Option<RoundPlanId>,
}
