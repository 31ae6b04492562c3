//! The columns of the program's own tables: what a template asks for, what an export tells.
//!
//! An export can be brought in again elsewhere with the mapping of the template. No column of an export tells who a
//! reporter is.

use jiban_domain::policy::{self, Policy};

use super::mapping::Field;
use jiban_domain::policy::Language;

/// One column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Column<'a> {
    /// A field of a case.
    Field(Field),
    /// A field of the opinion form 意见书.
    Opinion(&'a policy::Field),
    /// A field of the follow-up form 回访.
    FollowUp(&'a policy::Field),
    /// Where the case stands; exports only.
    State,
    /// Each clock with its due time and how it ended; exports only.
    Clocks,
}

impl Column<'_> {
    /// Its heading.
    pub fn heading(&self, language: Language) -> String {
        match self {
            Self::Field(field) => match language {
                Language::Zh => field.zh().to_owned(),
                Language::En => field.name(),
            },
            Self::Opinion(field) => match language {
                Language::Zh => format!("意见书:{}", field.name.zh),
                Language::En => format!("opinion: {}", field.name.en),
            },
            Self::FollowUp(field) => match language {
                Language::Zh => format!("回访:{}", field.name.zh),
                Language::En => format!("follow-up: {}", field.name.en),
            },
            Self::State => language.pick("状态", "state").to_owned(),
            Self::Clocks => language.pick("时限", "clocks").to_owned(),
        }
    }

    /// Its place in a mapping: section and key. None for what is exported only.
    pub fn key(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Field(field) => Some(("fields", field.name())),
            Self::Opinion(field) => Some(("opinion", field.id.clone())),
            Self::FollowUp(field) => Some(("follow_up", field.id.clone())),
            Self::State | Self::Clocks => None,
        }
    }
}

/// Columns of a template: all that can be brought in.
pub fn to_bring_in(policy: &Policy) -> Vec<Column<'_>> {
    let form = |code: &str| policy.forms.iter().find(|(id, _)| id.as_str() == code).map(|(_, form)| &form.fields);
    let opinion = form("opinion").into_iter().flatten().map(Column::Opinion);
    let follow_up = form("follow_up").into_iter().flatten().map(Column::FollowUp);
    Field::ALL.iter().map(|field| Column::Field(*field)).chain(opinion).chain(follow_up).collect()
}

/// Columns of an export: the same without identity, and how the case stands.
pub fn to_take_out(policy: &Policy) -> Vec<Column<'_>> {
    let mut columns = to_bring_in(policy);
    columns.retain(|column| match column {
        Column::Field(field) => !field.is_identity(),
        _ => true,
    });
    columns.extend([Column::State, Column::Clocks]);
    columns
}
