//! Guides to services 办事指南: what residents and shops need to know to get something done: who may, what to bring, where,
//! when, whom to call.
//!
//! Pure. Nobody but staff sees a guide that is not published; what was once published is withdrawn, never removed.

pub mod import;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    event::Actor,
    ids::{GuideId, UnitId},
    neighbourhood::Section,
    refusal::Refusal,
};

/// Longest title, characters.
pub const TITLE_MAX: usize = 60;
/// Longest short field, characters.
pub const FIELD_MAX: usize = 600;
/// Longest text, characters.
pub const TEXT_MAX: usize = 3_000;

/// Where a guide stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuideState {
    /// Being written 草稿.
    Draft,
    /// Shown to everybody 已发布.
    Published,
    /// No longer shown 已撤下.
    Withdrawn,
}

impl GuideState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a guide says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GuideText)]
pub struct Text {
    /// What it is a guide to.
    #[schema(min_length = 1, max_length = 60)]
    pub title: String,
    /// Where it stands.
    pub section: Section,
    /// Who may 办理对象.
    #[serde(default)]
    #[schema(max_length = 600)]
    pub who: String,
    /// What to bring 所需材料, a line each.
    #[serde(default)]
    #[schema(max_length = 600)]
    pub bring: String,
    /// Where 办理地点.
    #[serde(default)]
    #[schema(max_length = 600)]
    pub place: String,
    /// When 办理时间.
    #[serde(default)]
    #[schema(max_length = 600)]
    pub hours: String,
    /// Whom to call 咨询电话.
    #[serde(default)]
    #[schema(max_length = 600)]
    pub phone: String,
    /// How it goes, step by step 办理流程.
    #[schema(min_length = 1, max_length = 3000)]
    pub text: String,
}

impl Text {
    /// Trimmed, and every field within its bounds.
    fn checked(self) -> Result<Self, Refusal> {
        let bounded = |field: &str, text: &str, least: usize, most: usize| {
            let text = text.trim();
            // Line breaks are part of a text; nothing else that cannot be seen is.
            if text.chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
                return Err(Refusal::invalid(
                    field,
                    "no control characters but line breaks",
                    "请删除换行以外的控制字符",
                ));
            }
            let text = text.replace("\r\n", "\n");
            match text.chars().count() {
                count if (least..=most).contains(&count) => Ok(text),
                _ => Err(Refusal::invalid(
                    field,
                    format!("{least} to {most} characters"),
                    format!("应为 {least} 至 {most} 个字"),
                )),
            }
        };
        Ok(Self {
            title: bounded("title", &self.title, 1, TITLE_MAX)?,
            section: self.section,
            who: bounded("who", &self.who, 0, FIELD_MAX)?,
            bring: bounded("bring", &self.bring, 0, FIELD_MAX)?,
            place: bounded("place", &self.place, 0, FIELD_MAX)?,
            hours: bounded("hours", &self.hours, 0, FIELD_MAX)?,
            phone: bounded("phone", &self.phone, 0, FIELD_MAX)?,
            text: bounded("text", &self.text, 1, TEXT_MAX)?,
        })
    }
}

/// A guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Guide {
    /// Its id.
    pub id: GuideId,
    /// The unit for whose area it is.
    pub unit: UnitId,
    /// What it says.
    pub text: Text,
    /// Where it stands.
    pub state: GuideState,
    /// How often it was changed: whoever changes it says which version they have seen.
    #[serde(default)]
    pub version: u64,
    /// Who changed it last, as an actor.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// What is done with a guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = GuideAct)]
pub enum Act {
    /// Say it differently.
    Change {
        /// What it says from now on.
        text: Text,
    },
    /// Show it to everybody 发布.
    Publish,
    /// Show it no longer 撤下.
    Withdraw,
}

impl Act {
    /// Code, as in the audit chain.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Change { .. } => "guide_changed",
            Self::Publish => "guide_published",
            Self::Withdraw => "guide_withdrawn",
        }
    }
}

impl Guide {
    /// Writes a guide; it is a draft.
    ///
    /// # Errors
    /// A field is missing or too long.
    pub fn write(id: GuideId, unit: UnitId, text: Text, by: &Actor, at: Timestamp) -> Result<Self, Refusal> {
        Ok(Self { id, unit, text: text.checked()?, state: GuideState::Draft, version: 1, by: by.to_string(), at })
    }

    /// Does something with it.
    ///
    /// # Errors
    /// A field is missing or too long; it stands there already.
    pub fn act(&mut self, act: Act, by: &Actor, at: Timestamp) -> Result<(), Refusal> {
        match act {
            Act::Change { text } => self.text = text.checked()?,
            Act::Publish => self.stand(GuideState::Published, ("published", "发布"))?,
            Act::Withdraw if self.state == GuideState::Draft => {
                return Err(Refusal::First {
                    what: "publish it: a draft is shown to nobody",
                    what_zh: "发布：草稿本来就不显示",
                });
            }
            Act::Withdraw => self.stand(GuideState::Withdrawn, ("withdrawn", "撤下"))?,
        }
        (self.by, self.at) = (by.to_string(), at);
        self.version = self.version.saturating_add(1);
        Ok(())
    }

    fn stand(&mut self, state: GuideState, (what, what_zh): (&'static str, &'static str)) -> Result<(), Refusal> {
        if self.state == state {
            return Err(Refusal::Already { what, what_zh });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(title: &str) -> Text {
        Text {
            title: title.to_owned(),
            section: Section::Convenience,
            who: String::new(),
            bring: " 身份证\r\n户口本 ".to_owned(),
            place: String::new(),
            hours: String::new(),
            phone: String::new(),
            text: "先取号。".to_owned(),
        }
    }

    #[test]
    fn a_guide_is_written_shown_and_taken_back() {
        let (now, by) = (Timestamp::UNIX_EPOCH, Actor::System);
        let write = |title: &str| {
            Guide::write(GuideId(uuid::Uuid::nil()), UnitId::new("lh.dm").unwrap(), text(title), &by, now)
        };
        for wrong in ["", "  ", &"长".repeat(61), "a\u{7}b"] {
            assert!(matches!(write(wrong), Err(Refusal::Invalid { field, .. }) if field == "title"), "{wrong:?}");
        }
        let mut guide = write(" 居住证 ").unwrap();
        assert_eq!((guide.text.title.as_str(), guide.text.bring.as_str()), ("居住证", "身份证\n户口本"));
        assert_eq!(guide.act(Act::Withdraw, &by, now).unwrap_err().code(), "first");
        guide.act(Act::Publish, &by, now).unwrap();
        assert_eq!(guide.act(Act::Publish, &by, now).unwrap_err().code(), "already");
        guide.act(Act::Change { text: text("居住证申领") }, &by, now).unwrap();
        assert_eq!(guide.state, GuideState::Published, "what is corrected stays where it stands");
        guide.act(Act::Withdraw, &by, now).unwrap();
        guide.act(Act::Publish, &by, now).unwrap();
        assert_eq!(guide.version, 5, "one more for each change, and none for what was refused");
    }
}
