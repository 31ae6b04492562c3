//! Numbers of headings 结构层次序数 (GB/T 9704-2012, 7.3.3): 一、 （一） 1. （1）. They are part of a heading's text, so that
//! whoever edits a document sees what it will say.

use jiban_domain::policy::Language;

/// A heading's number and words: level 1 `一、`, 2 `（一）`, 3 `1.`, 4 `（1）`; in English `I.`, `A.`, `1.`, `(1)`.
pub fn numbered(language: Language, level: u8, number: usize, words: &str) -> String {
    match (language, level) {
        (Language::Zh, 0 | 1) => format!("{}、{words}", chinese(number)),
        (Language::Zh, 2) => format!("（{}）{words}", chinese(number)),
        (Language::En, 0 | 1) => format!("{}. {words}", roman(number)),
        (Language::En, 2) => format!("{}. {words}", letters(number)),
        (Language::Zh, 3) => format!("{number}.{words}"),
        (Language::En, 3) => format!("{number}. {words}"),
        (Language::Zh, _) => format!("（{number}）{words}"),
        (Language::En, _) => format!("({number}) {words}"),
    }
}

/// 1–99 as Chinese numerals; others in figures.
fn chinese(number: usize) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    match (number / 10, number % 10) {
        (0, 0) | (10.., _) => number.to_string(),
        (0, ones) => DIGITS[ones].to_owned(),
        (1, ones) => format!("十{}", DIGITS[ones]),
        (tens, ones) => format!("{}十{}", DIGITS[tens], DIGITS[ones]),
    }
}

fn roman(number: usize) -> String {
    const STEPS: [(usize, &str); 9] =
        [(100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")];
    if number == 0 || number >= 400 {
        return number.to_string();
    }
    let (mut rest, mut text) = (number, String::new());
    for (value, sign) in STEPS {
        while rest >= value {
            text.push_str(sign);
            rest -= value;
        }
    }
    text
}

/// A–Z; others in figures.
fn letters(number: usize) -> String {
    match u8::try_from(number) {
        Ok(number @ 1..=26) => char::from(b'A' + number - 1).to_string(),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_levels_in_each_language() {
        let zh = [1, 2, 3, 4].map(|level| numbered(Language::Zh, level, 12, "总体"));
        assert_eq!(zh, ["十二、总体", "（十二）总体", "12.总体", "（12）总体"]);
        let en = [1, 2, 3, 4].map(|level| numbered(Language::En, level, 9, "All"));
        assert_eq!(en, ["IX. All", "I. All", "9. All", "(9) All"]);
        assert_eq!([10, 20, 99, 100].map(chinese), ["十", "二十", "九十九", "100"]);
    }
}
