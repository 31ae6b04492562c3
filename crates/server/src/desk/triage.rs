//! What the program thinks of a new case: class and category with reasons 分类型.
//!
//! Rules first, the model second. Danger is found by rule, whatever the words weigh. The category is what was learnt from
//! people's decisions where that is sure enough, else what the policy's own words point to 冷启动. The class follows from
//! the four likelihoods 四个可能性. Below the policy's threshold it abstains. It proposes; it must never decide, and it
//! must never see who the reporter is.

use std::collections::BTreeMap;

use jiban_domain::{
    case::{Guess, Proposal, Reason, ReasonKind},
    ids::{CategoryId, ClassId},
    policy::{Policy, UrgentRule},
};
use jiban_text::{
    KeywordModel, Match,
    learn::{Model, Ranked},
};

use super::learnt::{Learnt, Subject};

/// Other categories that are told.
const OTHERS_MAX: usize = 3;
/// A category less likely than this is not worth telling.
const LIKELIHOOD_MIN: f64 = 0.03;
/// How likely a model holds a category that it has never heard of.
const UNHEARD: f64 = 0.02;
/// Words told on each side of a reason.
const WORDS_MAX: usize = 4;

/// The words of one policy and what was learnt, made ready.
#[derive(Debug)]
pub struct Triage {
    /// Which rules of danger have a word in a text at all: only those are looked at closely.
    danger: KeywordModel,
    categories: KeywordModel,
    /// The four likelihoods, with the words that are signs of each.
    signs: [(ReasonKind, KeywordModel); 4],
    learnt: Learnt,
}

/// A category with what speaks for it, and what else it might be.
#[derive(Default)]
struct Judged {
    category: Option<CategoryId>,
    confidence: f64,
    reason: Option<Reason>,
    others: Vec<Guess>,
}

impl Triage {
    /// Makes a policy's words and what was learnt ready.
    pub fn new(policy: &Policy, learnt: Learnt) -> Self {
        let categories = policy.categories.iter().map(|(id, category)| {
            (id.to_string(), category.words.clone(), category.parent.as_ref().map(ToString::to_string))
        });
        let danger = policy.urgent_rules.iter().map(|rule| (rule.id.to_string(), rule.any.clone()));
        let words = &policy.triage;
        let signs = [
            (ReasonKind::PublicOpinion, &words.public_opinion),
            (ReasonKind::SkipLevel, &words.skip_level),
            (ReasonKind::Unclear, &words.unclear),
            (ReasonKind::Easy, &words.easy),
        ];
        Self {
            danger: KeywordModel::new(danger),
            categories: KeywordModel::of_tree(categories),
            signs: signs.map(|(kind, words)| (kind, KeywordModel::new([(String::new(), words.clone())]))),
            learnt,
        }
    }

    /// What was learnt.
    pub fn learnt(&self) -> &Learnt {
        &self.learnt
    }

    /// Proposes class and category for a text.
    pub fn propose(&self, policy: &Policy, title: &str, text: &str) -> Proposal {
        let told = told(title, text);
        let read = jiban_text::normalise(&told);
        let judged = self.category(policy, &told, &read);
        let danger = self.danger(policy, &read);
        let signs = self.signs(&read);
        let (class, because) = match danger {
            Some((rule, _)) => (rule.class.clone(), None),
            None => self.class(policy, judged.category.as_ref(), &told, &signs),
        };
        let dangerous =
            danger.map(|(_, word)| Reason { words: vec![word.to_owned()], ..Reason::of(ReasonKind::Danger) });
        Proposal {
            class: Some(class),
            category: judged.category,
            confidence: judged.confidence,
            danger: danger.map(|(rule, _)| rule.id.clone()),
            reasons: dangerous.into_iter().chain(judged.reason).chain(signs).chain(because).collect(),
            others: judged.others,
            place: None,
        }
    }

    /// Whether a text speaks of danger, of going public or over heads.
    pub fn is_severe(&self, policy: &Policy, text: &str) -> bool {
        let text = jiban_text::normalise(text);
        is_risky(&self.signs(&text)) || self.danger(policy, &text).is_some()
    }

    /// The rule of danger that a normalised text fulfils, with its word.
    fn danger<'p>(&self, policy: &'p Policy, text: &str) -> Option<(&'p UrgentRule, &'p str)> {
        let near = self.danger.score(text);
        let near = |rule: &&UrgentRule| near.iter().any(|found| found.id == rule.id.as_str());
        policy.urgent_rules.iter().filter(near).find_map(|rule| rule.hit(text).map(|word| (rule, word)))
    }

    /// What was learnt where it is sure enough; else what the policy's words say. Not sure enough, it names no category,
    /// only what it might be.
    fn category(&self, policy: &Policy, told: &str, read: &str) -> Judged {
        let model = self.learnt.model(Subject::Category);
        let known = model.map(|model| known(policy, model.rank(&told.into()))).unwrap_or_default();
        let sure = |likelihood: f64| likelihood >= policy.triage.abstain_below;
        if let Some(model) = model
            && let Some(best) = deepest(policy, &known, sure)
        {
            // A category above the leaves has no words of its own in the model: its likeliest leaf speaks for it.
            let speaks = known.iter().find(|guess| policy.lineage(&guess.category).any(|id| *id == best.category));
            let reason = speaks.map(|leaf| reason(ReasonKind::Learnt, model, told, leaf.category.as_str()));
            let others = others(known, Some(&best.category));
            return Judged { category: Some(best.category), confidence: best.likelihood, reason, others };
        }
        let pointed = self.pointed_to(read, &known);
        let guesses = pointed.iter().map(|(guess, _)| guess.clone()).chain(known);
        match pointed.first() {
            Some((best, words)) if sure(best.likelihood) => Judged {
                category: Some(best.category.clone()),
                confidence: best.likelihood,
                reason: Some(Reason { words: words.clone(), ..Reason::of(ReasonKind::CategoryWords) }),
                others: others(guesses.collect(), Some(&best.category)),
            },
            _ => {
                let others = others(guesses.collect(), None);
                Judged { confidence: others.first().map_or(0.0, |best| best.likelihood), others, ..Judged::default() }
            }
        }
    }

    /// The categories that the policy's words point to, the likeliest first, each with its words. A model that is not sure
    /// of itself still tells which of them is the likelier.
    fn pointed_to(&self, read: &str, known: &[Guess]) -> Vec<(Guess, Vec<String>)> {
        let scores = self.categories.score(read);
        let all: f64 = scores.iter().map(|found| found.score).sum();
        let learnt =
            |id: &str| known.iter().find(|guess| guess.category.as_str() == id).map_or(0.0, |one| one.likelihood);
        let weight = |found: &Match| found.score * if known.is_empty() { 1.0 } else { learnt(&found.id) + UNHEARD };
        let weights: Vec<f64> = scores.iter().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let guess = |(found, weight): (Match, f64)| {
            let likelihood = all / (all + 1.0) * weight / sum;
            let words = found.words.into_iter().take(WORDS_MAX).collect();
            Some((Guess { category: CategoryId::new(found.id).ok()?, likelihood }, words))
        };
        let mut pointed: Vec<(Guess, Vec<String>)> = scores.into_iter().zip(weights).filter_map(guess).collect();
        pointed.sort_by(|(one, _), (other, _)| other.likelihood.total_cmp(&one.likelihood));
        pointed
    }

    /// Signs of the four likelihoods in a normalised text, each with its words.
    fn signs(&self, read: &str) -> Vec<Reason> {
        let found = self.signs.iter().filter_map(|(kind, words)| {
            let found = words.score(read).into_iter().next()?;
            Some(Reason { words: found.words.into_iter().take(WORDS_MAX).collect(), ..Reason::of(*kind) })
        });
        found.collect()
    }

    /// The class where there is no danger, and what decided it beside the signs.
    fn class(
        &self,
        policy: &Policy,
        category: Option<&CategoryId>,
        told: &str,
        signs: &[Reason],
    ) -> (ClassId, Option<Reason>) {
        if is_risky(signs) {
            return (policy.triage.risky_class.clone(), None);
        }
        if let Some(model) = self.learnt.model(Subject::Class) {
            let ranked = model.rank(&told.into());
            let sure = ranked.iter().find(|first| first.likelihood >= policy.triage.abstain_below);
            let known = sure.and_then(|first| policy.classes.iter().find(|class| class.id.as_str() == first.label));
            let because = known.map(|class| (class, reason(ReasonKind::LearntClass, model, told, class.id.as_str())));
            // Without a word that speaks for it, it is only the usual one.
            if let Some((class, because)) = because.filter(|(_, because)| !because.words.is_empty()) {
                return (class.id.clone(), Some(because));
            }
        }
        let usual = category.and_then(|id| policy.lineage(id).find_map(|id| policy.categories.get(id)?.class.clone()));
        if let Some(class) = usual {
            return (class, Some(Reason::of(ReasonKind::UsualClass)));
        }
        let easy = has(signs, ReasonKind::Easy) && !has(signs, ReasonKind::Unclear);
        (if easy { &policy.triage.easy_class } else { &policy.triage.other_class }.clone(), None)
    }
}

/// What a case says, as it is learnt from and judged by.
pub fn told(title: &str, text: &str) -> String {
    format!("{title}\n{text}")
}

fn has(signs: &[Reason], kind: ReasonKind) -> bool {
    signs.iter().any(|sign| sign.kind == kind)
}

/// Whether public opinion or skipping levels is to be feared.
fn is_risky(signs: &[Reason]) -> bool {
    has(signs, ReasonKind::PublicOpinion) || has(signs, ReasonKind::SkipLevel)
}

/// What a model says of the categories that the policy still has.
fn known(policy: &Policy, ranked: Vec<Ranked<'_>>) -> Vec<Guess> {
    let known = ranked.into_iter().filter_map(|ranked| {
        let (id, _) = policy.categories.get_key_value(ranked.label)?;
        Some(Guess { category: id.clone(), likelihood: ranked.likelihood })
    });
    known.collect()
}

/// The deepest category that is sure enough, each counting what is below it: sure of the branch where it is not sure of
/// the leaf.
fn deepest(policy: &Policy, known: &[Guess], sure: impl Fn(f64) -> bool) -> Option<Guess> {
    let mut sums: BTreeMap<&CategoryId, f64> = BTreeMap::new();
    for guess in known {
        for id in policy.lineage(&guess.category) {
            *sums.entry(id).or_default() += guess.likelihood;
        }
    }
    let depth = |id: &CategoryId| policy.lineage(id).count();
    let sure = sums.into_iter().filter(|(_, likelihood)| sure(*likelihood));
    let (category, likelihood) =
        sure.max_by(|(one, first), (other, second)| depth(one).cmp(&depth(other)).then(first.total_cmp(second)))?;
    Some(Guess { category: category.clone(), likelihood })
}

/// The likeliest of these beside the one that is proposed, each once.
fn others(mut guesses: Vec<Guess>, proposed: Option<&CategoryId>) -> Vec<Guess> {
    guesses.retain(|guess| Some(&guess.category) != proposed && guess.likelihood >= LIKELIHOOD_MIN);
    guesses.sort_by(|one, other| other.likelihood.total_cmp(&one.likelihood));
    let mut told: Vec<Guess> = Vec::new();
    for guess in guesses {
        if told.len() < OTHERS_MAX && told.iter().all(|known| known.category != guess.category) {
            told.push(guess);
        }
    }
    told
}

/// The words by which a model has, or has not, chosen a label.
fn reason(kind: ReasonKind, model: &Model, told: &str, label: &str) -> Reason {
    let reasons = model.explain(told, label);
    let words = |weighed: Vec<(String, f64)>| weighed.into_iter().take(WORDS_MAX).map(|(word, _)| word).collect();
    Reason { kind, words: words(reasons.for_it), against: words(reasons.against) }
}
