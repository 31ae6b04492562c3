//! Digits in every dress people give them: full width, circled, of other scripts, and Chinese numerals 一二三, 壹贰叁.
//! It reads single digits only and must never read numbers: 十, 百 and 万 mean more than a digit.

/// The value of a digit in any decimal dress; Chinese numerals are not among them.
pub(crate) fn digit(c: char) -> Option<u8> {
    let from = |first: char| u8::try_from(u32::from(c) - u32::from(first)).ok();
    match c {
        '0'..='9' => from('0'),
        '０'..='９' => from('０'),
        '①'..='⑨' => from('①').map(|value| value + 1),
        '⓪' | '⓿' => Some(0),
        '❶'..='❾' => from('❶').map(|value| value + 1),
        '⑴'..='⑼' => from('⑴').map(|value| value + 1),
        '\u{660}'..='\u{669}' => from('\u{660}'),
        '\u{6f0}'..='\u{6f9}' => from('\u{6f0}'),
        // Mathematical digits: five styles, ten digits each.
        '\u{1d7ce}'..='\u{1d7ff}' => from('\u{1d7ce}').map(|value| value % 10),
        _ => None,
    }
}

/// The value of a Chinese numeral, plain or as on a cheque.
pub(crate) fn numeral(c: char) -> Option<u8> {
    match c {
        '〇' | '零' => Some(0),
        '一' | '壹' | '幺' => Some(1),
        '二' | '贰' | '貳' => Some(2),
        '三' | '叁' | '參' => Some(3),
        '四' | '肆' => Some(4),
        '五' | '伍' => Some(5),
        '六' | '陆' | '陸' => Some(6),
        '七' | '柒' => Some(7),
        '八' | '捌' => Some(8),
        '九' | '玖' => Some(9),
        _ => None,
    }
}

/// The character of a digit.
pub(crate) fn ascii(value: u8) -> char {
    char::from(b'0' + value % 10)
}

/// Whether a character shows nothing: zero-width, direction marks, variation selectors, tags, controls but white space.
pub(crate) fn is_invisible(c: char) -> bool {
    match c {
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control() && !c.is_whitespace(),
    }
}
