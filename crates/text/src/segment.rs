//! Cutting text into words for the search index.
//!
//! Words by dictionary (in the finer 'search' way), and every pair of neighbouring Han characters beside them, so that
//! a name no dictionary knows is found as well. A query is cut the same way, so that what was written is what is found.

use std::{collections::BTreeSet, sync::OnceLock};

use jieba_rs::Jieba;

use crate::normalise;

/// Most different words kept of one text.
const WORDS_MAX: usize = 600;
/// Most words of a query.
const QUERY_MAX: usize = 16;

fn jieba() -> &'static Jieba {
    static JIEBA: OnceLock<Jieba> = OnceLock::new();
    JIEBA.get_or_init(Jieba::new)
}

/// The words of a text, each once, with blanks between them.
pub fn search_words(text: &str) -> String {
    let text = normalise(text);
    let mut seen = BTreeSet::new();
    let mut out = String::with_capacity(text.len() * 2);
    let cut = jieba().cut_for_search(&text, true);
    let pairs = pairs(&text);
    for word in cut.iter().map(|token| token.word).filter(|word| is_word(word)).chain(pairs) {
        if seen.len() < WORDS_MAX && seen.insert(word) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

/// The words of a query: all of them must be in a text that is found.
pub fn query_words(query: &str) -> Vec<String> {
    let query = normalise(query);
    let mut words: Vec<String> = Vec::new();
    for part in query.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        let pairs: Vec<&str> = pairs(part).collect();
        let found: Vec<&str> = if pairs.is_empty() { vec![part] } else { pairs };
        for word in found {
            if words.len() < QUERY_MAX && !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
    }
    words
}

fn is_word(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Every two neighbouring Han characters.
fn pairs(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().zip(text.char_indices().skip(1));
    starts
        .filter(|((_, first), (_, second))| is_han(*first) && is_han(*second))
        .map(|((start, _), (middle, second))| &text[start..middle + second.len_utf8()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(query: &str, text: &str) -> bool {
        let words = search_words(text);
        let words: BTreeSet<&str> = words.split(' ').collect();
        query_words(query).iter().all(|word| words.contains(word.as_str()))
    }

    #[test]
    fn what_was_written_is_found() {
        let text = "东门老街美食街88号占道经营，油烟扰民 WIFI";
        for query in ["占道经营", "美食街", "油烟", "老街美食", "88", "wifi", "扰民 东门"] {
            assert!(finds(query, text), "{query}");
        }
        assert!(!finds("噪音", text));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            search_words(&text);
            query_words(&text);
        }

        #[test]
        fn any_part_of_two_or_more_characters_is_found(text in "[东门老街占道经营油烟噪音扰民]{4,30}", from in 0_usize..20, len in 2_usize..6) {
            let chars: Vec<char> = text.chars().collect();
            let from = from.min(chars.len() - 2);
            let part: String = chars[from..(from + len).min(chars.len())].iter().collect();
            prop_assert!(finds(&part, &text), "{part} in {text}");
        }
    }
}
