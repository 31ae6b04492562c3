//! Cold start of triage: which things a text speaks of, by word lists.
//!
//! One automaton over all words; a text is read once, however many words there are. Longer words weigh more, a word
//! shared by several things less. It counts words and must never be taken for more.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

/// Deepest tree that is followed.
const DEPTH_MAX: usize = 8;

/// How much speaks for a thing, and the words that do, each with its weight.
type Weighed<'t> = (f64, Vec<(f64, &'t str)>);

/// Word lists made ready.
#[derive(Debug)]
pub struct KeywordModel {
    words: Vec<String>,
    /// For each word: the things it points to, as places in `ids`.
    owners: Vec<Vec<usize>>,
    ids: Vec<String>,
    /// For each thing: the one above it.
    parents: Vec<Option<usize>>,
    automaton: Option<AhoCorasick>,
}

/// A thing that a text speaks of.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Which.
    pub id: String,
    /// How much speaks for it; greater is more.
    pub score: f64,
    /// Words of its own that speak for it, most weighty first.
    pub words: Vec<String>,
}

impl KeywordModel {
    /// Makes lists ready: `(id, words)`. Empty words are passed over; more words than an automaton holds cannot occur
    /// in a policy.
    pub fn new(lists: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        Self::of_tree(lists.into_iter().map(|(id, words)| (id, words, None)))
    }

    /// Makes the lists of a tree ready: `(id, words, parent)`. Words of the things above speak for a thing too, where a
    /// word of its own is there as well, so that 商铺 beside 噪音 means the noise of shops. An unknown parent is none.
    pub fn of_tree(lists: impl IntoIterator<Item = (String, Vec<String>, Option<String>)>) -> Self {
        let (mut ids, mut above) = (Vec::new(), Vec::new());
        let mut by_word: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (id, words, parent) in lists {
            for word in words {
                let word = crate::normalise(&word);
                let owners = by_word.entry(word).or_default();
                if owners.last() != Some(&ids.len()) {
                    owners.push(ids.len());
                }
            }
            ids.push(id);
            above.push(parent);
        }
        by_word.remove("");
        let places: BTreeMap<&str, usize> = ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        let parents = above.iter().map(|parent| places.get(parent.as_deref()?).copied()).collect();
        let (words, owners): (Vec<_>, Vec<_>) = by_word.into_iter().unzip();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&words).ok();
        Self { words, owners, ids, parents, automaton }
    }

    /// What a normalised text speaks of, the most likely first. Empty where no word occurs.
    pub fn score(&self, text: &str) -> Vec<Match> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
        for found in automaton.find_overlapping_iter(text) {
            *counts.entry(found.pattern().as_usize()).or_default() += 1;
        }
        let mut own: BTreeMap<usize, Weighed<'_>> = BTreeMap::new();
        for (word, count) in counts {
            let (text, owners) = (&self.words[word], &self.owners[word]);
            // The second occurrence says less than the first, the third less again.
            let weight = length(text) * f64::from(count).ln_1p() / as_weight(owners.len());
            for owner in owners {
                let (score, words) = own.entry(*owner).or_default();
                *score += weight;
                words.push((weight, text));
            }
        }
        let scores: BTreeMap<usize, f64> = own.iter().map(|(owner, (score, _))| (*owner, *score)).collect();
        let mut matches: Vec<Match> = own
            .into_iter()
            .map(|(owner, (score, mut words))| {
                words.sort_by(|a, b| b.0.total_cmp(&a.0));
                let words = words.into_iter().map(|(_, word)| word.to_owned()).collect();
                Match { id: self.ids[owner].clone(), score: score + self.weight_above(owner, &scores), words }
            })
            .collect();
        matches.sort_by(|a, b| b.score.total_cmp(&a.score));
        matches
    }

    /// What the words of the things above add.
    fn weight_above(&self, owner: usize, scores: &BTreeMap<usize, f64>) -> f64 {
        let above = std::iter::successors(self.parents[owner], |place| self.parents[*place]).take(DEPTH_MAX);
        above.filter_map(|place| scores.get(&place)).sum()
    }
}

/// Which of these words occur in a text; both in normal form.
pub fn match_words<'a>(words: impl IntoIterator<Item = &'a str>, text: &str) -> Vec<&'a str> {
    words.into_iter().filter(|word| !word.is_empty() && text.contains(word)).collect()
}

fn length(word: &str) -> f64 {
    as_weight(word.chars().count())
}

#[expect(clippy::cast_precision_loss, reason = "words and their owners are few")]
fn as_weight(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn longer_and_rarer_words_weigh_more() {
        let list = |id: &str, words: &[&str]| (id.to_owned(), strings(words));
        let model = KeywordModel::new([
            list("noise", &["噪音", "扰民"]),
            list("fume", &["油烟扰民", "油烟"]),
            list("none", &["", "  "]),
        ]);
        let found = model.score("楼下餐馆油烟扰民");
        assert_eq!(found[0].id, "fume");
        assert_eq!(found[0].words[0], "油烟扰民");
        assert_eq!(found.len(), 2);
        assert!(model.score("").is_empty());
        assert!(KeywordModel::new([]).score("油烟").is_empty());
    }

    #[test]
    fn words_are_matched_in_their_normal_form_and_count_once_a_list() {
        let model = KeywordModel::new([("net".to_owned(), strings(&["ＷＩＦＩ", "wifi"]))]);
        let found = model.score(&crate::normalise("WiFi坏了"));
        assert_eq!(found[0].words, ["wifi"]);
    }

    #[test]
    fn a_parents_words_break_the_tie_between_its_children_and_others() {
        let list =
            |id: &str, words: &[&str], parent: Option<&str>| (id.to_owned(), strings(words), parent.map(str::to_owned));
        let model = KeywordModel::of_tree([
            list("noise", &["噪音"], None),
            list("noise.shop", &["商铺"], Some("noise")),
            list("market.shop", &["商铺"], Some("gone")),
            list("loop", &["绕圈"], Some("loop")),
        ]);
        let found = model.score("商铺噪音");
        let ids: Vec<&str> = found.iter().map(|found| found.id.as_str()).collect();
        assert_eq!(ids, ["noise.shop", "noise", "market.shop"]);
        assert_eq!(found[0].words, ["商铺"], "only its own words are told");
        assert_eq!(model.score("噪音").len(), 1, "a parent alone speaks for no child");
        assert!(model.score("绕圈")[0].score.is_finite());
    }

    #[test]
    fn words_that_occur_are_named() {
        assert_eq!(match_words(["油烟", "噪音", ""], "油烟扰民"), ["油烟"]);
    }

    proptest! {
        #[test]
        fn the_automaton_finds_what_trying_every_word_finds(
            lists in prop::collection::vec(prop::collection::vec("[东门油烟噪音]{1,3}", 0..5), 0..6), text in "[东门油烟噪音,]{0,30}",
        ) {
            let model = KeywordModel::new(lists.iter().enumerate().map(|(at, words)| (at.to_string(), words.clone())));
            let mut found: Vec<String> = model.score(&text).into_iter().map(|found| found.id).collect();
            found.sort();
            let speaks = |words: &Vec<String>| !match_words(words.iter().map(String::as_str), &text).is_empty();
            let slow: Vec<String> = lists.iter().enumerate().filter(|(_, words)| speaks(words)).map(|(at, _)| at.to_string()).collect();
            prop_assert_eq!(found, slow);
        }

        #[test]
        fn any_text_is_survived(words in prop::collection::vec(any::<String>(), 0..8), text in any::<String>()) {
            let found = KeywordModel::new([("a".to_owned(), words)]).score(&crate::normalise(&text));
            prop_assert!(found.iter().all(|found| found.score > 0.0));
        }
    }
}
