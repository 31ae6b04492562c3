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
    KeywordModel,
    learn::{Model, Ranked},
};

use super::learnt::{Learnt, Subject};

/// Other categories that are told.
const OTHERS_MAX: usize = 3;
/// A category less likely than this is not worth telling.
const LIKELIHOOD_MIN: f64 = 0.03;
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

    /// What was learnt where it is sure enough; else what the policy's words say.
    fn category(&self, policy: &Policy, told: &str, read: &str) -> Judged {
        let by_words = self.category_by_words(read);
        let Some(model) = self.learnt.model(Subject::Category) else { return by_words };
        let (known, sum) = lineages(policy, model.rank(&told.into()));
        let sure = sum.iter().filter(|(_, likelihood)| **likelihood >= policy.triage.abstain_below);
        let deepest = sure.max_by(|(one, first), (other, second)| {
            (depth(policy, one), first)
                .partial_cmp(&(depth(policy, other), second))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let Some((category, confidence)) = deepest else {
            let guesses = if by_words.category.is_some() { [by_words.others, known].concat() } else { known };
            return Judged { others: others(guesses, by_words.category.as_ref()), ..by_words };
        };
        // A category above the leaves has no words of its own in the model: its likeliest leaf speaks for it.
        let speaks = known.iter().find(|guess| policy.lineage(&guess.category).any(|id| id == category));
        let reason = speaks.map(|leaf| reason(ReasonKind::Learnt, model, told, leaf.category.as_str()));
        let others = others(known, Some(category));
        Judged { category: Some(category.clone()), confidence: *confidence, reason, others }
    }

    fn category_by_words(&self, read: &str) -> Judged {
        let scores = self.categories.score(read);
        let sum: f64 = scores.iter().take(2).map(|found| found.score).sum::<f64>() + 1.0;
        let mut guesses = scores.iter().filter_map(|found| {
            Some(Guess { category: CategoryId::new(found.id.clone()).ok()?, likelihood: found.score / sum })
        });
        let Some(best) = guesses.next() else { return Judged::default() };
        let words = scores[0].words.iter().take(WORDS_MAX).cloned().collect();
        Judged {
            confidence: best.likelihood,
            others: others(guesses.collect(), Some(&best.category)),
            category: Some(best.category),
            reason: Some(Reason { words, ..Reason::of(ReasonKind::CategoryWords) }),
        }
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
            if let Some(class) = known {
                return (class.id.clone(), Some(reason(ReasonKind::LearntClass, model, told, class.id.as_str())));
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

/// How many categories are above one.
fn depth(policy: &Policy, category: &CategoryId) -> usize {
    policy.lineage(category).count()
}

/// What a model says of the categories that the policy still has, and the same with each category's below it counted in.
fn lineages(policy: &Policy, ranked: Vec<Ranked<'_>>) -> (Vec<Guess>, BTreeMap<CategoryId, f64>) {
    let known = ranked.into_iter().filter_map(|ranked| {
        let (id, _) = policy.categories.get_key_value(ranked.label)?;
        Some(Guess { category: id.clone(), likelihood: ranked.likelihood })
    });
    let known: Vec<Guess> = known.collect();
    let mut sum = BTreeMap::new();
    for guess in &known {
        for id in policy.lineage(&guess.category) {
            *sum.entry(id.clone()).or_default() += guess.likelihood;
        }
    }
    (known, sum)
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
