//! What the program thinks of a new case: class and category with reasons 分类型.
//!
//! Danger first, by rule, whatever the words weigh. Then the category by its cold-start words, then the class by the
//! category or by the four likelihoods 四个可能性. Below the policy's threshold it abstains. It proposes; it must never
//! decide, and it must never see who the reporter is.

use jiban_domain::{
    case::Proposal,
    ids::CategoryId,
    policy::{Policy, UrgentRule},
};
use jiban_text::KeywordModel;

/// The words of one policy, made ready for matching.
#[derive(Debug)]
pub struct Triage {
    /// Which rules of danger have a word in a text at all: only those are looked at closely.
    danger: KeywordModel,
    categories: KeywordModel,
    public_opinion: KeywordModel,
    skip_level: KeywordModel,
    unclear: KeywordModel,
    easy: KeywordModel,
}

fn words(id: &str, words: &[String]) -> KeywordModel {
    KeywordModel::new([(id.to_owned(), words.to_vec())])
}

impl Triage {
    /// Makes a policy's words ready.
    pub fn new(policy: &Policy) -> Self {
        let categories = policy.categories.iter().map(|(id, category)| (id.to_string(), category.words.clone()));
        let danger = policy.urgent_rules.iter().map(|rule| (rule.id.to_string(), rule.any.clone()));
        Self {
            danger: KeywordModel::new(danger),
            categories: KeywordModel::new(categories),
            public_opinion: words("public_opinion", &policy.triage.public_opinion),
            skip_level: words("skip_level", &policy.triage.skip_level),
            unclear: words("unclear", &policy.triage.unclear),
            easy: words("easy", &policy.triage.easy),
        }
    }

    /// Proposes class and category for a text.
    pub fn propose(&self, policy: &Policy, title: &str, text: &str) -> Proposal {
        let text = jiban_text::normalise(&format!("{title}\n{text}"));
        let mut reasons = Vec::new();
        let (category, confidence) = self.category(&text, &mut reasons);
        if let Some((rule, word)) = self.danger(policy, &text) {
            reasons.insert(0, format!("危险：{}(「{word}」)", rule.name.zh));
            let danger = Some(rule.id.clone());
            return Proposal { class: Some(rule.class.clone()), category, confidence, danger, reasons };
        }
        let class = self.class(policy, category.as_ref(), &text, &mut reasons);
        Proposal { class: Some(class), category, confidence, danger: None, reasons }
    }

    /// Whether a text speaks of danger, of going public or over heads.
    pub fn is_severe(&self, policy: &Policy, text: &str) -> bool {
        let text = jiban_text::normalise(text);
        let says = |model: &KeywordModel| !model.score(&text).is_empty();
        says(&self.public_opinion) || says(&self.skip_level) || self.danger(policy, &text).is_some()
    }

    /// The rule of danger that a normalised text fulfils, with its word.
    fn danger<'p>(&self, policy: &'p Policy, text: &str) -> Option<(&'p UrgentRule, &'p str)> {
        let near = self.danger.score(text);
        let near = |rule: &&UrgentRule| near.iter().any(|found| found.id == rule.id.as_str());
        policy.urgent_rules.iter().filter(near).find_map(|rule| rule.hit(text).map(|word| (rule, word)))
    }

    fn category(&self, text: &str, reasons: &mut Vec<String>) -> (Option<CategoryId>, f64) {
        let scores = self.categories.score(text);
        let Some(best) = scores.first() else { return (None, 0.0) };
        let second = scores.get(1).map_or(0.0, |second| second.score);
        reasons.push(format!("分类词：{}", best.words.join("、")));
        (CategoryId::new(best.id.clone()).ok(), best.score / (best.score + second + 1.0))
    }

    fn class(
        &self,
        policy: &Policy,
        category: Option<&CategoryId>,
        text: &str,
        reasons: &mut Vec<String>,
    ) -> jiban_domain::ids::ClassId {
        let mut says = |model: &KeywordModel, what: &str| {
            let found = model.score(text).into_iter().next();
            if let Some(found) = &found {
                reasons.push(format!("{what}:{}", found.words.join("、")));
            }
            found.is_some()
        };
        let opinion = says(&self.public_opinion, "可能引发舆情");
        let skip = says(&self.skip_level, "可能越级上访");
        if opinion || skip {
            return policy.triage.risky_class.clone();
        }
        let usual = category.and_then(|id| policy.lineage(id).find_map(|id| policy.categories.get(id)?.class.clone()));
        if let Some(class) = usual {
            reasons.push("该分类的惯常类别".to_owned());
            return class;
        }
        let unclear = says(&self.unclear, "事实不清");
        let easy = says(&self.easy, "易于解决");
        if easy && !unclear { policy.triage.easy_class.clone() } else { policy.triage.other_class.clone() }
    }
}
