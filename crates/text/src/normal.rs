//! One form for each text, so that the same words match however they were typed.

/// Longest text that is looked at, in characters; the rest is cut off.
pub const TEXT_MAX_CHARS: usize = 20_000;

/// Half-width letters and digits, lower case, single blanks, nothing invisible. Doing it twice changes nothing.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true; // drops leading blanks
    for c in text.chars().take(TEXT_MAX_CHARS).flat_map(fold) {
        if c.is_whitespace() {
            if !blank {
                out.push(' ');
            }
            blank = true;
        } else {
            out.push(c);
            blank = false;
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

fn fold(c: char) -> impl Iterator<Item = char> {
    let half = match c {
        '\u{3000}' => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0),
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => None,
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() => None,
        c => Some(c),
    };
    half.into_iter().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_words_have_one_form() {
        assert_eq!(normalise("  ＡＢＣ　１２３\n东门\u{200b}街道 "), "abc 123 东门街道");
    }

    proptest! {
        #[test]
        fn twice_is_once(text in any::<String>()) {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }
    }
}
