//! Words for the search index, and words of a query, cut the same way, so that what was written is what is found.
//!
//! Every pair of neighbouring Han characters is a word, and every run of letters and digits. No dictionary: it would
//! miss the names of this place, cost a hundred times as much, and make an index of yesterday unreadable to a
//! dictionary of today. A query of two Han characters or more finds every text that holds it; of letters or digits it
//! finds whole runs. This module must never be given text that is not masked.

use std::{collections::HashSet, ops::Range};

use crate::normalise;

/// Most different words kept of one text.
const WORDS_MAX: usize = 4_000;
/// Most words of a query.
const QUERY_MAX: usize = 16;

/// The words of a text, each once, in the order of their first place, with blanks between them.
pub fn search_words(text: &str) -> String {
    let text = normalise(text);
    let mut out = String::with_capacity(text.len() * 2);
    for word in unique(runs(&text).flat_map(words_of), WORDS_MAX) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The words of a query: all of them must be in a text that is found.
///
/// A lone Han character beside other words says too little and is left out: 88号 looks for 88.
pub fn query_words(query: &str) -> Vec<String> {
    let query = normalise(query);
    let telling: Vec<Run<'_>> = runs(&query).filter(|run| !run.is_lone()).collect();
    let telling: Vec<Run<'_>> = if telling.is_empty() { runs(&query).collect() } else { telling };
    unique(telling.into_iter().flat_map(words_of), QUERY_MAX).into_iter().map(str::to_owned).collect()
}

fn unique<'a>(words: impl Iterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    words.filter(|word| seen.insert(*word)).take(most).collect()
}

/// A stretch of Han characters, or of other letters and digits.
#[derive(Clone, Copy)]
struct Run<'a> {
    text: &'a str,
    han: bool,
    chars: usize,
}

impl Run<'_> {
    fn is_lone(self) -> bool {
        self.han && self.chars == 1
    }
}

fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.find(|(_, c)| c.is_alphanumeric())?;
        let han = is_han(first);
        let (mut end, mut chars) = (start + first.len_utf8(), 1);
        while let Some((at, c)) = rest.next_if(|(_, c)| c.is_alphanumeric() && is_han(*c) == han) {
            end = at + c.len_utf8();
            chars += 1;
        }
        Some(Run { text: &text[start..end], han, chars })
    })
}

/// The words of a run: its pairs, or the whole of it.
fn words_of(run: Run<'_>) -> impl Iterator<Item = &str> {
    let whole: Option<Range<usize>> = (!run.han || run.is_lone()).then_some(0..run.text.len());
    let ends = run.text.char_indices().skip(1).map(|(at, c)| at + c.len_utf8());
    let pairs = run.text.char_indices().zip(ends).map(|((start, _), end)| start..end);
    let pairs = pairs.filter(move |_| run.han);
    whole.into_iter().chain(pairs).map(|range| &run.text[range])
}

fn is_han(c: char) -> bool {
    matches!(c, '〇' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(query: &str, text: &str) -> bool {
        let words = search_words(text);
        let words: HashSet<&str> = words.split(' ').collect();
        query_words(query).iter().all(|word| words.contains(word.as_str()))
    }

    #[test]
    fn what_was_written_is_found() {
        let text = "东门老街美食街88号占道经营，油烟扰民 WIFI（wi-fi）3.5米 二〇二六年 编号DM20260608-00012 巷";
        for query in [
            "占道经营",
            "美食街",
            "油烟",
            "老街美食",
            "88",
            "88号",
            "wifi",
            "ＷＩＦＩ",
            "扰民 东门",
            "wi-fi",
            "3.5米",
            "2026年",
            "DM20260608-00012",
            "dm20260608",
            "00012",
            "巷",
            "美食街88号",
            "占道。经营",
        ] {
            assert!(finds(query, text), "{query}: {:?} in {}", query_words(query), search_words(text));
        }
        for query in ["噪音", "经营占道", "8", "dm2026"] {
            assert!(!finds(query, text), "{query}");
        }
    }

    #[test]
    fn a_word_stands_once_in_the_index() {
        assert_eq!(search_words("油烟，油烟！88 88"), "油烟 88");
        assert_eq!(search_words("。，！"), "");
        assert_eq!(query_words("。，！"), [""; 0]);
        assert_eq!(query_words("油烟油烟"), ["油烟", "烟油"]);
    }

    #[test]
    fn index_and_query_are_bounded() {
        let long: String = (0..30_000_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7919 % 20_000)).collect();
        assert_eq!(search_words(&long).split(' ').count(), WORDS_MAX);
        assert_eq!(query_words(&long).len(), QUERY_MAX);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            search_words(&text);
            query_words(&text);
        }

        #[test]
        fn every_query_finds_itself(text in "\\PC{0,40}") {
            prop_assert!(query_words(&text).is_empty() || finds(&text, &text));
        }

        #[test]
        fn any_part_of_two_or_more_han_characters_is_found(
            text in "[东门老街占道经营油烟噪音扰民]{4,30}", from in 0_usize..20, len in 2_usize..6,
        ) {
            let chars: Vec<char> = text.chars().collect();
            let from = from.min(chars.len() - 2);
            let part: String = chars[from..(from + len).min(chars.len())].iter().collect();
            prop_assert!(finds(&part, &text), "{part} in {text}");
        }

        #[test]
        fn a_query_with_signs_and_numbers_between_is_found(
            before in "[东门老街]{0,4}", part in "[油烟噪音]{2,5}[0-9a-z]{1,4}[街道,。 -]{0,2}[扰民]{2,4}", after in "[,。 ][占道经营]{0,4}",
        ) {
            let text = format!("{before}{part}{after}");
            prop_assert!(finds(&part, &text), "{part} in {text}");
        }
    }
}
