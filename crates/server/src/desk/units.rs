//! Which units a case may be for 分拨建议: the responsibility rules 归口 joined with who has handled the like before. The
//! three likeliest, each with what speaks for it. It proposes; whoever dispatches decides.

use jiban_domain::{
    case::{Case, Reason, ReasonKind},
    decide::World,
    dispatch::{self, Assignment, Step},
    ids::{CategoryId, UnitId},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::learnt::{Learnt, Subject, unit_called};

/// Units that are told.
const TOLD_MAX: usize = 3;
/// A unit less likely than this is not worth telling.
const LIKELIHOOD_MIN: f64 = 0.03;
/// Words told of each.
const WORDS_MAX: usize = 4;

/// A unit that a case may be for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Candidate {
    /// Which.
    pub unit: UnitId,
    /// Whether the responsibility rules name it.
    pub by_rule: bool,
    /// How likely it is by who has handled the like before, 0–1; none where nothing was learnt yet.
    pub likelihood: Option<f64>,
    /// Words of the text that it is known by.
    pub words: Vec<String>,
}

/// How certain a category is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Somebody decided or named it, or triage has learnt it from people.
    Certain,
    /// It is what the policy's words point to, no more.
    Guessed,
}

/// The category of a case for its dispatch: as decided; else as proposed.
pub fn category(case: &Case) -> Option<(&CategoryId, Certainty)> {
    let decided = case.category.as_ref().map(|id| (id, Certainty::Certain));
    decided.or_else(|| {
        let proposal = case.proposal.as_ref()?;
        let certain = |reason: &Reason| matches!(reason.kind, ReasonKind::Learnt | ReasonKind::Chosen);
        let certainty = if proposal.reasons.iter().any(certain) { Certainty::Certain } else { Certainty::Guessed };
        Some((proposal.category.as_ref()?, certainty))
    })
}

/// Who should handle a case: what the rules say, and the likeliest units.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Advice {
    /// What the rules say.
    #[serde(flatten)]
    pub assignment: Assignment,
    /// The likeliest units, the best first, three at most.
    pub candidates: Vec<Candidate>,
}

/// Who should handle a text of this category at this grid.
///
/// A rule for a category that is certain comes first, whatever was learnt. Where no rule fits, or the category is only
/// guessed, what was learnt does if it is sure enough; else the rules' answer stays first.
pub fn advise(
    world: &World<'_>,
    learnt: &Learnt,
    category: Option<(&CategoryId, Certainty)>,
    grid: Option<&UnitId>,
    told: &str,
) -> Advice {
    let assignment = dispatch::propose(world, category.map(|(id, _)| id), grid);
    let ruled = Candidate { unit: assignment.lead.clone(), by_rule: true, likelihood: None, words: Vec::new() };
    let mut candidates = vec![ruled];
    if let Some(model) = learnt.model(Subject::Unit) {
        for ranked in model.rank(&told.into()) {
            let Some(unit) = unit_called(world.organisation, grid, ranked.label) else { continue };
            let words = || {
                let reasons = model.explain(told, ranked.label).for_it;
                reasons.into_iter().take(WORDS_MAX).map(|(word, _)| word).collect()
            };
            let room = candidates.len() < TOLD_MAX && ranked.likelihood >= LIKELIHOOD_MIN;
            match candidates.iter_mut().find(|known| known.unit == *unit) {
                Some(known) if known.likelihood.is_none() && ranked.likelihood >= LIKELIHOOD_MIN => {
                    (known.likelihood, known.words) = (Some(ranked.likelihood), words());
                }
                None if room => {
                    let (likelihood, words) = (Some(ranked.likelihood), words());
                    candidates.push(Candidate { unit: unit.clone(), by_rule: false, likelihood, words });
                }
                _ => {}
            }
        }
        let sure = |one: &Candidate| one.likelihood.is_some_and(|sure| sure >= world.policy.triage.abstain_below);
        let fallback = matches!(assignment.step, Step::Area | Step::LiaisonOffice);
        let guessed = category.is_some_and(|(_, certainty)| certainty == Certainty::Guessed);
        if (fallback || guessed) && candidates.get(1).is_some_and(sure) {
            candidates.swap(0, 1);
        }
    }
    Advice { assignment, candidates }
}
