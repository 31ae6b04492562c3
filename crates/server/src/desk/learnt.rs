//! What triage has learnt from people's decisions 以往处理: a model for each subject, and what a case teaches about it.
//!
//! A model learns from what people decided, never from what the program itself proposed or did. It sees title and text,
//! masked as they are stored; never who asked.

use std::collections::BTreeMap;

use jiban_domain::{case::Case, ids::UnitId, organisation::Organisation, policy::Milestone};
use jiban_store::{
    ReadTx, StoreError,
    models::{self, Bodies},
};
use jiban_text::learn::Model;
use serde::Serialize;
use utoipa::ToSchema;

/// What is learnt, each by a model of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// What a case is about 分类.
    Category,
    /// How urgent it is 类别.
    Class,
    /// Who handles the like 单位.
    Unit,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Category, Self::Class, Self::Unit];

    /// Its code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Class => "class",
            Self::Unit => "unit",
        }
    }

    /// What people decided about this case; nothing where only the program did.
    pub fn decided(self, organisation: &Organisation, case: &Case) -> Option<String> {
        match self {
            Self::Category => case.category.as_ref().filter(|_| case.judged).map(ToString::to_string),
            Self::Class => case.class.as_ref().filter(|_| case.judged).map(ToString::to_string),
            Self::Unit => {
                let lead = case.lead.as_ref().filter(|_| case.milestones.contains_key(&Milestone::Finished))?;
                Some(unit_label(organisation, case.place.grid.as_ref(), lead))
            }
        }
    }
}

/// The grid of the place, whichever it is.
const GRID: &str = "@grid";
/// The community of the place, whichever it is.
const COMMUNITY: &str = "@community";

/// How a unit is called where it is learnt: by what it is to the place, so that what one grid handles is known of all.
fn unit_label(organisation: &Organisation, grid: Option<&UnitId>, unit: &UnitId) -> String {
    match grid {
        Some(grid) if grid == unit => GRID.to_owned(),
        Some(grid) if organisation.community_of(grid) == Some(unit) => COMMUNITY.to_owned(),
        _ => unit.to_string(),
    }
}

/// The unit that is called so at this place; nothing where it is not there any more, or the place has none.
pub fn unit_called<'a>(organisation: &'a Organisation, grid: Option<&'a UnitId>, label: &str) -> Option<&'a UnitId> {
    let id = match label {
        GRID => grid,
        COMMUNITY => grid.and_then(|grid| organisation.community_of(grid)),
        id => organisation.units().map(|unit| &unit.id).find(|unit| unit.as_str() == id),
    };
    id.filter(|id| organisation.unit(id).is_some_and(|unit| unit.active))
}

/// The models in force.
#[derive(Debug, Clone, Default)]
pub struct Learnt(BTreeMap<Subject, Model>);

impl Learnt {
    /// The model of a subject, once there is one.
    pub fn model(&self, subject: Subject) -> Option<&Model> {
        self.0.get(&subject)
    }

    /// The same with another model of a subject.
    #[must_use]
    pub fn with(mut self, subject: Subject, model: Model) -> Self {
        self.0.insert(subject, model);
        self
    }
}

/// A subject's model in force, as it is stored.
pub struct Stored {
    /// Which subject.
    pub subject: Subject,
    /// Its version.
    pub version: i64,
    /// The model.
    pub bodies: Bodies,
}

/// Reads the models in force.
///
/// # Errors
/// The store's.
pub fn read(tx: &mut ReadTx<'_>) -> Result<Vec<Stored>, StoreError> {
    let versions = models::in_force(tx)?;
    let mut found = Vec::new();
    for subject in Subject::ALL {
        let Some((_, version)) = versions.iter().find(|(code, _)| code == subject.as_str()) else { continue };
        if let Some(bodies) = models::bodies(tx, subject.as_str(), *version)? {
            found.push(Stored { subject, version: *version, bodies });
        }
    }
    Ok(found)
}

/// Models from their stored form. One that cannot be understood, e.g. of a program to come, is left out and told.
pub fn understand<'s>(bodies: impl Iterator<Item = (Subject, &'s [u8])>) -> Learnt {
    let models = bodies.filter_map(|(subject, body)| match Model::from_bytes(body) {
        Ok(model) => Some((subject, model)),
        Err(why) => {
            tracing::error!(%why, subject = subject.as_str(), "a model cannot be read; triage goes on without it");
            None
        }
    });
    Learnt(models.collect())
}
