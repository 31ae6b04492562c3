//! Cutting text into words by a dictionary. It must never feed the search index, where a newer dictionary would no longer
//! find what an older one stored: that is [`crate::search_words`]' part.

use std::sync::OnceLock;

use jieba_rs::Jieba;

fn jieba() -> &'static Jieba {
    static JIEBA: OnceLock<Jieba> = OnceLock::new();
    JIEBA.get_or_init(Jieba::new)
}

/// The words of a normalised text in their order, punctuation left out.
///
/// The first call loads the dictionary: a fraction of a second and some tens of megabytes, once.
pub fn segment(text: &str) -> Vec<&str> {
    let words = jieba().cut(text, true).into_iter().map(|token| token.word);
    words.filter(|word| is_word(word)).collect()
}

/// The words of the dictionary in a normalised text, with the place of each in bytes; what the dictionary does not know
/// is cut into characters. Twice as fast as [`segment`] and, for telling matters apart, as good.
pub(crate) fn known_words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let words = jieba().cut(text, false).into_iter().map(|token| (token.byte_start, token.word));
    words.filter(|(_, word)| is_word(word))
}

fn is_word(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_cut_as_people_read_them() {
        assert_eq!(segment("东门老街油烟扰民,wifi坏了!"), ["东门", "老街", "油烟", "扰民", "wifi", "坏", "了"]);
        assert_eq!(segment(""), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_words_are_parts_of_it(text in any::<String>()) {
            for word in segment(&text) {
                prop_assert!(text.contains(word));
            }
        }
    }
}
