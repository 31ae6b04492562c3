//! What the program proposes 建议 for a case before a person has looked, with its reasons. It decides nothing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CategoryId, ClassId, SpotId, UnitId};

/// What the program thinks before a person has looked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Proposed class.
    pub class: Option<ClassId>,
    /// Proposed category.
    pub category: Option<CategoryId>,
    /// How sure it is, 0–1.
    pub confidence: f64,
    /// Code of the danger rule that fired: then the class holds by rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub danger: Option<String>,
    /// Why, in the order in which it was judged.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// Other categories that it might be, the most likely first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Guess>,
    /// Where it may be, where nobody said it by code, by point or by grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceGuess>,
}

/// A place that a text speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceGuess {
    /// The spot, where the text names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<SpotId>,
    /// The grid; the community where it cannot be told which of its grids.
    pub area: UnitId,
    /// How likely, 0–1.
    pub likelihood: f64,
    /// The words that name it.
    pub words: Vec<String>,
}

/// One thing that speaks for a proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What it is.
    pub kind: ReasonKind,
    /// Words of the text that speak for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Words of the text that speak against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<String>,
}

impl Reason {
    /// A reason for which no words are needed.
    pub fn of(kind: ReasonKind) -> Self {
        Self { kind, words: Vec::new(), against: Vec::new() }
    }
}

/// What kind of thing speaks for a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// A rule of danger 危险规则.
    Danger,
    /// What was learnt of categories from what people decided 以往分类.
    Learnt,
    /// What was learnt of classes from what people decided 以往类别.
    LearntClass,
    /// The policy's words of the category 分类词.
    CategoryWords,
    /// Whoever asked named the category 诉求人所选.
    Chosen,
    /// A weak signal named it 弱信号.
    Signal,
    /// Likely to raise public opinion 重大舆情.
    PublicOpinion,
    /// Likely to skip levels 越级上访.
    SkipLevel,
    /// The category's usual class 惯常类别.
    UsualClass,
    /// The facts are not clear 事件不清楚.
    Unclear,
    /// Easy to solve 易于解决.
    Easy,
}

/// A category with its likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guess {
    /// Which.
    pub category: CategoryId,
    /// How likely, 0–1.
    pub likelihood: f64,
}
