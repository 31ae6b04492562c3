//! One form for each text, so that the same words match however they were typed. It must never change what is shown to
//! people: the text itself is kept as written.

use crate::digits;

/// Longest text that is looked at, in characters; the rest is cut off.
pub const TEXT_MAX_CHARS: usize = 20_000;

/// From this many Chinese numerals in a row on, they are digits: 二〇二六 is a year, 一二三 may be a name.
const NUMERALS_MIN: usize = 4;

/// Half-width letters and digits, lower case, single blanks, numerals in a row as digits, nothing invisible.
///
/// Doing it twice changes nothing. At most [`TEXT_MAX_CHARS`] characters.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true; // drops leading blanks
    let mut numerals = 0;
    for c in text.chars().filter(|c| !digits::is_invisible(*c)).flat_map(fold).take(TEXT_MAX_CHARS) {
        numerals = if digits::numeral(c).is_some() { numerals + 1 } else { end_run(&mut out, numerals) };
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
    end_run(&mut out, numerals);
    out.truncate(out.trim_end().len());
    out
}

/// Writes the numerals at the end as digits where they are many enough; the length of the next run, 0.
fn end_run(out: &mut String, numerals: usize) -> usize {
    if numerals >= NUMERALS_MIN {
        let run: Vec<u8> = out.chars().rev().take(numerals).filter_map(digits::numeral).collect();
        let bytes = out.chars().rev().take(numerals).map(char::len_utf8).sum::<usize>();
        out.truncate(out.len() - bytes);
        out.extend(run.into_iter().rev().map(digits::ascii));
    }
    0
}

fn fold(c: char) -> std::char::ToLowercase {
    let half = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c if c.is_whitespace() => ' ',
        c => digits::digit(c).map_or(c, digits::ascii),
    };
    half.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_words_have_one_form() {
        for (text, normal) in [
            ("  ＡＢＣ　１２３\n东门\u{200b}街道 ", "abc 123 东门街道"),
            ("二〇二六年六月", "2026年六月"),
            ("壹贰叁肆伍号楼", "12345号楼"),
            ("一二三期", "一二三期"),
            ("三五成群、一一说明", "三五成群、一一说明"),
            ("一三八\u{200d}一二三四五六七八", "13812345678"),
            ("①楼上②楼下", "1楼上2楼下"),
            ("（甲）：《乙》", "(甲):《乙》"),
            ("a\u{0}b\u{202e}c\tD", "abc d"),
            ("", ""),
            (" \u{200b} ", ""),
        ] {
            assert_eq!(normalise(text), normal, "{text}");
        }
    }

    #[test]
    fn a_text_is_never_longer_than_its_bound() {
        // 'İ' becomes two characters in lower case.
        let long = normalise(&"İ".repeat(TEXT_MAX_CHARS));
        assert_eq!(long.chars().count(), TEXT_MAX_CHARS);
        assert_eq!(normalise(&long), long);
    }

    proptest! {
        #[test]
        fn twice_is_once(text in any::<String>()) {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }

        #[test]
        fn twice_is_once_of_what_people_type(text in "[一二三〇壹 　\u{200b}ＡａB１①年İ]{0,40}") {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }

        #[test]
        fn nothing_invisible_is_left(text in any::<String>()) {
            let normal = normalise(&text);
            prop_assert!(!normal.chars().any(|c| digits::is_invisible(c) || (c.is_whitespace() && c != ' ')));
            prop_assert!(!normal.contains("  ") && normal.trim() == normal);
        }
    }
}
