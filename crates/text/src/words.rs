//! Cold start of triage: which things a text speaks of, by word lists.
//!
//! One automaton over all words; a text is read once, however many words there are. Longer words weigh more, a word
//! shared by several things less. It counts words and must never be taken for more.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

/// Word lists made ready.
#[derive(Debug)]
pub struct KeywordModel {
    words: Vec<String>,
    /// For each word: the things it points to, as places in `ids`.
    owners: Vec<Vec<usize>>,
    ids: Vec<String>,
    automaton: Option<AhoCorasick>,
}

/// A thing that a text speaks of.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Which.
    pub id: String,
    /// How much speaks for it; greater is more.
    pub score: f64,
    /// Words that speak for it, most weighty first.
    pub words: Vec<String>,
}

/// How much speaks for a thing, and the words that do, each with its weight.
type Weighed<'t> = (f64, Vec<(f64, &'t str)>);

impl KeywordModel {
    /// Makes lists ready: `(id, words)`. Empty words are passed over; more words than an automaton holds cannot occur
    /// in a policy.
    pub fn new(lists: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let mut ids = Vec::new();
        let mut by_word: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (id, words) in lists {
            for word in words {
                let word = crate::normalise(&word);
                if !word.is_empty() {
                    by_word.entry(word).or_default().push(ids.len());
                }
            }
            ids.push(id);
        }
        let (words, owners): (Vec<_>, Vec<_>) = by_word.into_iter().unzip();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&words).ok();
        Self { words, owners, ids, automaton }
    }

    /// What a normalised text speaks of, the most likely first. Empty where no word occurs.
    pub fn score(&self, text: &str) -> Vec<Match> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
        for found in automaton.find_overlapping_iter(text) {
            *counts.entry(found.pattern().as_usize()).or_default() += 1;
        }
        let mut scores: BTreeMap<usize, Weighed<'_>> = BTreeMap::new();
        for (word, count) in counts {
            let (text, owners) = (&self.words[word], &self.owners[word]);
            // The second occurrence says less than the first, the third less again.
            let weight = length(text) * f64::from(count).ln_1p() / owners.len() as f64;
            for owner in owners {
                let (score, words) = scores.entry(*owner).or_default();
                *score += weight;
                words.push((weight, text));
            }
        }
        let mut matches: Vec<Match> = scores
            .into_iter()
            .map(|(owner, (score, mut words))| {
                words.sort_by(|a, b| b.0.total_cmp(&a.0));
                let words = words.into_iter().map(|(_, word)| word.to_owned()).collect();
                Match { id: self.ids[owner].clone(), score, words }
            })
            .collect();
        matches.sort_by(|a, b| b.score.total_cmp(&a.score));
        matches
    }
}

#[expect(clippy::cast_precision_loss, reason = "words are short")]
fn length(word: &str) -> f64 {
    word.chars().count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_and_rarer_words_weigh_more() {
        let list = |id: &str, words: &[&str]| (id.to_owned(), words.iter().map(ToString::to_string).collect());
        let model = KeywordModel::new([
            list("noise", &["噪音", "扰民"]),
            list("fume", &["油烟扰民", "油烟"]),
            list("none", &[]),
        ]);
        let found = model.score("楼下餐馆油烟扰民");
        assert_eq!(found[0].id, "fume");
        assert_eq!(found[0].words[0], "油烟扰民");
        assert_eq!(found.len(), 2);
        assert!(model.score("").is_empty());
    }
}
