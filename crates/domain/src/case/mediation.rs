//! Mediation and legal aid on a case 调解、法律援助: what was said at each session, what was agreed, and whether it was kept.
//!
//! People are told of by their part in the matter, such as 楼上住户, never by name: names stay with the identities.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Case, State};
use crate::ids::AttachmentId;

/// Longest name of a part in the matter, characters.
pub const PARTY_MAX: usize = 40;
/// Longest term, and longest list of who was there, characters.
pub const TERM_MAX: usize = 500;
/// Most sessions on one case.
pub const SESSIONS_MAX: usize = 50;
/// Most terms of one agreement, and most agreements on one case.
pub const TERMS_MAX: usize = 20;
/// Most who sign one agreement.
pub const SIGNATURES_MAX: usize = 20;
/// Farthest day on which something may be due, days from the signing.
pub const DUE_MAX_DAYS: i32 = 3_660;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionOutcome {
    /// It goes on another time 择日再议.
    Adjourned,
    /// The parties agree; what is agreed is still to be signed 达成一致.
    Agreed,
    /// They do not, and no more is tried here 调解不成.
    Failed,
    /// Advice or legal aid was given, and that is all that was asked for 已提供法律援助.
    Advised,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MediationSession)]
pub struct Session {
    /// When it was held.
    #[schema(value_type = String, format = DateTime)]
    pub held_at: Timestamp,
    /// Who was there, by their part in the matter.
    pub present: String,
    /// What was said.
    pub told: String,
    /// How it ended.
    pub outcome: SessionOutcome,
    /// When the next one is, where it was adjourned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// Somebody's signature under an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AgreementSignature)]
pub struct Signature {
    /// Who, by their part in the matter; or the mediator.
    #[schema(min_length = 1, max_length = 40)]
    pub party: String,
    /// What they drew, or a photo of the signed paper: an attachment of the case.
    #[schema(value_type = String)]
    pub attachment: AttachmentId,
}

/// What somebody is to do by a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AgreementTerm)]
pub struct Term {
    /// Its number on the case, from 1: agreements that follow count on.
    pub number: u32,
    /// Who, by their part in the matter.
    pub party: String,
    /// What.
    pub text: String,
    /// By the end of which day.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// Whether it was kept 已履行, or broken 未履行; nothing while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<bool>,
    /// When that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub kept_at: Option<Timestamp>,
    /// What was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A signed agreement 调解协议.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MediationAgreement)]
pub struct Agreement {
    /// Which filed form it is, by its place among those of the case, from 0.
    pub form: u32,
    /// Who signed.
    pub signatures: Vec<Signature>,
    /// What is to be done.
    pub terms: Vec<Term>,
    /// When it was signed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl Case {
    /// Whether mediation or legal aid goes on: taken up, and neither given up nor given, nor an agreement signed since.
    pub fn is_mediated(&self) -> bool {
        let Some(route) = self.route.as_ref().filter(|_| matches!(self.state, State::Dispatched | State::Handling))
        else {
            return false;
        };
        let over = |session: &&Session| matches!(session.outcome, SessionOutcome::Failed | SessionOutcome::Advised);
        let ended = self.sessions.last().filter(over).is_some_and(|session| session.at > route.at);
        let signed = self.agreements.last().is_some_and(|agreement| agreement.at > route.at);
        !ended && !signed
    }

    /// Every term that was agreed on, in the order of their numbers.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.agreements.iter().flat_map(|agreement| &agreement.terms)
    }

    /// The newest form of this kind that no agreement is made of yet, by its place among the filed ones.
    pub fn unsigned(&self, form: &crate::ids::FormId) -> Option<usize> {
        let newest = self.forms.iter().rposition(|filed| filed.form == *form)?;
        let is_signed = |agreement: &Agreement| agreement.form as usize == newest;
        (!self.agreements.iter().any(is_signed)).then_some(newest)
    }
}
