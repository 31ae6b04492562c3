//! Refusals 不予执行的理由: why a command was not carried out, in words a person can act on.
//!
//! One typed error for the whole mechanism. Each says what is wrong and what would be right, in both languages of the
//! interface; none may carry identity.

use std::fmt;

use jiff::Timestamp;

use crate::{case::State, command::Act};

/// Why a command was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The actor may not do this at all, or not on this case.
    NotAllowed {
        /// What was tried.
        act: Act,
        /// Who may.
        needs: &'static str,
        /// The same in Chinese.
        needs_zh: &'static str,
    },
    /// The case is not where this act belongs.
    WrongState {
        /// What was tried.
        act: Act,
        /// Where the case stands.
        state: State,
    },
    /// A code names nothing in the policy or the organisation.
    Unknown {
        /// Kind of thing: `unit`, `class`, `category` …
        what: &'static str,
        /// The code given.
        code: String,
    },
    /// A field is missing, too long or not of the form it needs.
    Invalid {
        /// Field, as in the request body.
        field: String,
        /// What would be right.
        needs: String,
        /// The same in Chinese.
        needs_zh: String,
    },
    /// It has been done already.
    Already {
        /// What: `accepted`, `verified` …
        what: &'static str,
        /// The same in Chinese.
        what_zh: &'static str,
    },
    /// Something else must be done first.
    First {
        /// What must come first.
        what: &'static str,
        /// The same in Chinese.
        what_zh: &'static str,
    },
    /// A bound of the policy is reached.
    Limit {
        /// What is bounded.
        what: &'static str,
        /// The same in Chinese.
        what_zh: &'static str,
        /// The bound.
        max: u32,
    },
    /// The time for it is over.
    TooLate {
        /// What.
        what: &'static str,
        /// The same in Chinese.
        what_zh: &'static str,
        /// When it was due.
        due_at: Timestamp,
    },
}

impl Refusal {
    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "not_allowed",
            Self::WrongState { .. } => "wrong_state",
            Self::Unknown { .. } => "unknown",
            Self::Invalid { .. } => "invalid",
            Self::Already { .. } => "already",
            Self::First { .. } => "first",
            Self::Limit { .. } => "limit",
            Self::TooLate { .. } => "too_late",
        }
    }

    /// A refusal for a field.
    pub fn invalid(field: impl Into<String>, needs: impl Into<String>, needs_zh: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), needs: needs.into(), needs_zh: needs_zh.into() }
    }

    /// A refusal for a code that names nothing.
    pub fn unknown(what: &'static str, code: impl fmt::Display) -> Self {
        Self::Unknown { what, code: code.to_string() }
    }

    /// The same as [`fmt::Display`], in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::NotAllowed { act, needs_zh, .. } => format!("您不能{}：{needs_zh}", act.zh()),
            Self::WrongState { act, state } => format!("诉求件目前是「{}」，不能{}", state.zh(), act.zh()),
            Self::Unknown { what, code } => format!("找不到{}「{code}」", what_zh(what)),
            Self::Invalid { field, needs_zh, .. } => format!("{field}：{needs_zh}"),
            Self::Already { what_zh, .. } => format!("已经{what_zh}，不必重复"),
            Self::First { what_zh, .. } => format!("请先{what_zh}"),
            Self::Limit { what_zh, max, .. } => format!("{what_zh}最多 {max}"),
            Self::TooLate { what_zh, due_at, .. } => format!("{what_zh}已过期限（{due_at}）"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed { act, needs, .. } => write!(f, "you may not {}: {needs}", act.en()),
            Self::WrongState { act, state } => write!(f, "the case is {}: cannot {}", state.as_str(), act.en()),
            Self::Unknown { what, code } => write!(f, "no {what} '{code}'"),
            Self::Invalid { field, needs, .. } => write!(f, "{field}: {needs}"),
            Self::Already { what, .. } => write!(f, "already {what}; nothing to do"),
            Self::First { what, .. } => write!(f, "first {what}"),
            Self::Limit { what, max, .. } => write!(f, "at most {max} {what}"),
            Self::TooLate { what, due_at, .. } => write!(f, "too late for {what}: it was due {due_at}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// What a code names, in Chinese.
pub fn what_zh(what: &str) -> &str {
    match what {
        "case" => "诉求件",
        "unit" => "单位",
        "class" => "类别",
        "category" => "诉求分类",
        "channel" => "渠道",
        "person" => "人员",
        "spot" => "点位",
        "studio" => "调解工作室或窗口",
        "clock" => "时限",
        "whistle" => "吹哨",
        "return" => "退回",
        "extension" => "延期申请",
        "appeal" => "申诉",
        "attachment" => "附件",
        "form" => "表单",
        "seat" => "席位",
        "activity" => "活动",
        "partner" => "共建伙伴",
        other => other,
    }
}

/// Refuses what is `full`: so many of it, and no more.
pub(crate) fn limit(full: bool, what: &'static str, what_zh: &'static str, max: usize) -> Result<(), Refusal> {
    let max = u32::try_from(max).unwrap_or(u32::MAX);
    if full { Err(Refusal::Limit { what, what_zh, max }) } else { Ok(()) }
}

impl State {
    /// What people see, in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Registered => "待分拨",
            Self::Dispatched => "待签收",
            Self::Handling => "办理中",
            Self::Finished => "已办结",
            Self::Closed => "已结案",
            Self::Declined => "不予受理",
            Self::Upstream => "已上报",
        }
    }
}
