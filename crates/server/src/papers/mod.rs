//! Papers of a case 文书: its forms, slips and the sheet of the whole case, as documents.
//!
//! Made from the case, its events and the policy it was born under, and from nothing else; whoever may read the case may
//! print it. They must never tell who the reporter is: that is revealed case by case, with a reason.

mod forms;
mod sheet;
mod slips;
mod story;

use jiban_domain::{
    case::Case,
    event::Recorded,
    ids::{PersonId, UnitId},
    organisation::Organisation,
    policy::{Language, Name, Policy},
};
use jiban_office::Document;
use jiff::{Timestamp, tz::TimeZone};

use crate::infra::press::full_date;

/// What a paper is made from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The case.
    pub case: &'a Case,
    /// The policy that it was born under.
    pub policy: &'a Policy,
    /// Names of units and people.
    pub organisation: &'a Organisation,
    /// Time zone of the policy.
    pub zone: &'a TimeZone,
    /// In which language.
    pub language: Language,
}

/// A paper of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// The whole case on a sheet 办理单.
    Sheet,
    /// A filed form, by its place among them, from 0.
    Form(usize),
    /// The slip of an extension 延期审批单, by its place, from 0.
    Extension(usize),
    /// The slip of a return 退回单, by its place, from 0.
    Return(usize),
}

impl std::fmt::Display for Paper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sheet => f.write_str("sheet"),
            Self::Form(at) => write!(f, "form-{at}"),
            Self::Extension(at) => write!(f, "extension-{at}"),
            Self::Return(at) => write!(f, "return-{at}"),
        }
    }
}

impl std::str::FromStr for Paper {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let at = |digits: &str| digits.parse().map_err(|_| ());
        match text.split_once('-') {
            None if text == "sheet" => Ok(Self::Sheet),
            Some(("form", place)) => at(place).map(Self::Form),
            Some(("extension", place)) => at(place).map(Self::Extension),
            Some(("return", place)) => at(place).map(Self::Return),
            _ => Err(()),
        }
    }
}

impl Paper {
    /// Every paper that a case has by now.
    pub fn of(case: &Case) -> Vec<Self> {
        let forms = (0..case.forms.len()).map(Self::Form);
        let extensions = (0..case.extensions.len()).map(Self::Extension);
        let returns = (0..case.returns.len()).map(Self::Return);
        std::iter::once(Self::Sheet).chain(forms).chain(extensions).chain(returns).collect()
    }
}

impl Source<'_> {
    /// The paper as a document; none where the case has no such paper. Photos of a sheet are put in by the caller.
    pub fn document(&self, paper: Paper, events: &[Recorded]) -> Option<Document> {
        match paper {
            Paper::Sheet => Some(sheet::document(self, events)),
            Paper::Form(at) => self.case.forms.get(at).map(|form| forms::document(self, at, form)),
            Paper::Extension(at) => self.case.extensions.get(at).map(|asked| slips::extension(self, asked, events)),
            Paper::Return(at) => self.case.returns.get(at).map(|returned| slips::returned(self, returned, events)),
        }
    }

    fn pick(&self, zh: impl Into<String>, en: impl Into<String>) -> String {
        match self.language {
            Language::Zh => zh.into(),
            Language::En => en.into(),
        }
    }

    fn name<'n>(&self, name: &'n Name) -> &'n str {
        self.language.name(name)
    }

    fn unit(&self, id: &UnitId) -> String {
        let unit = self.organisation.unit(id);
        unit.map_or_else(|| id.to_string(), |unit| self.name(&unit.name).to_owned())
    }

    fn unit_or(&self, id: Option<&UnitId>) -> String {
        id.map(|id| self.unit(id)).unwrap_or_default()
    }

    fn person(&self, id: &PersonId) -> String {
        self.organisation.person(id).map_or_else(|| id.to_string(), |person| person.name.clone())
    }

    /// Whoever acted, by name: who the reporter is stays unsaid.
    fn actor(&self, actor: &str) -> String {
        match actor {
            "reporter" => self.pick("诉求人", "the reporter"),
            "system" => self.pick("系统", "the program"),
            "upstream" => self.pick("上级平台", "the upstream platform"),
            other => match other.strip_prefix("person:").and_then(|id| PersonId::new(id).ok()) {
                Some(id) => self.person(&id),
                None => other.to_owned(),
            },
        }
    }

    fn time(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        local.strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn day(&self, at: Timestamp) -> String {
        full_date(self.language, at.to_zoned(self.zone.clone()).date())
    }

    fn class(&self) -> String {
        let class = self.case.class.as_ref().and_then(|id| self.policy.class(id));
        class.map_or_else(|| self.pick("未分类", "not classed"), |class| self.name(&class.name).to_owned())
    }

    /// The category with those above it, from the top.
    fn category(&self) -> String {
        let Some(id) = &self.case.category else { return self.pick("未分类", "none") };
        let known = self.policy.lineage(id).filter_map(|id| self.policy.categories.get(id));
        let mut names: Vec<&str> = known.map(|category| self.name(&category.name)).collect();
        names.reverse();
        names.join(" / ")
    }

    fn code<'c>(&self, code: &'c str, known: &'c std::collections::BTreeMap<String, Name>) -> &'c str {
        known.get(code).map_or(code, |name| self.language.name(name))
    }

    fn yes(&self, answer: Option<bool>) -> String {
        match answer {
            Some(true) => self.pick("是", "yes"),
            Some(false) => self.pick("否", "no"),
            None => String::new(),
        }
    }
}
