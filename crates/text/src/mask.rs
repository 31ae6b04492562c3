//! Masking personal numbers in free text: phones, identity cards, bank cards, e-mail addresses.
//!
//! Works on runs of digits, so that dates, amounts and case numbers stay readable. What is masked keeps its first and
//! last characters, as people know it: `138****5678`.

/// Masks personal numbers. `true` when there was one.
pub fn mask_personal(text: &str) -> (String, bool) {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut found) = (0, false);
    while at < chars.len() {
        let (end, masked) = match run(&chars, at) {
            Some(run) => (run.end, mask_run(&chars, at, &run)),
            None => (at + 1, None),
        };
        match masked {
            Some(masked) => {
                out.push_str(&masked);
                found = true;
            }
            None => out.extend(&chars[at..end]),
        }
        at = end;
    }
    let (out, mail) = mask_mail(&out);
    (out, found || mail)
}

/// A run of digits, with single blanks or hyphens between them, and a last X.
struct Run {
    end: usize,
    digits: Vec<usize>,
}

fn digit(c: char) -> Option<u32> {
    match c {
        '0'..='9' => Some(c as u32 - '0' as u32),
        '０'..='９' => Some(c as u32 - '０' as u32),
        _ => None,
    }
}

fn run(chars: &[char], start: usize) -> Option<Run> {
    digit(*chars.get(start)?)?;
    let (mut at, mut digits, mut end) = (start, Vec::new(), start);
    while let Some(c) = chars.get(at) {
        if digit(*c).is_some() {
            digits.push(at);
            end = at + 1;
        } else if !(matches!(c, ' ' | '-' | '－' | '\u{a0}') && end == at) {
            break;
        }
        at += 1;
    }
    if digits.len() == 17 && chars.get(end).is_some_and(|c| matches!(c, 'x' | 'X' | 'Ｘ' | 'ｘ')) {
        digits.push(end);
        end += 1;
    }
    Some(Run { end, digits })
}

/// The run masked, where it is a personal number.
fn mask_run(chars: &[char], start: usize, run: &Run) -> Option<String> {
    // Part of a code such as DM20260608-00012 or a decimal number: not a phone.
    let before = start.checked_sub(1).and_then(|at| chars.get(at));
    if before.is_some_and(|c| c.is_ascii_alphabetic() || *c == '.') {
        return None;
    }
    let value: String =
        run.digits.iter().filter_map(|at| digit(chars[*at])).map(|d| char::from(b'0' + d as u8)).collect();
    let compact = run.end - start == run.digits.len();
    let (head, tail) = match run.digits.len() {
        11 if is_mobile(&value) => (3, 4),
        13 if value.starts_with("86") && is_mobile(&value[2..]) => (5, 4),
        18 if is_birth(&value, 6, 4) => (6, 2),
        15 if compact && is_birth(&value, 6, 2) => (6, 2),
        16..=19 if is_card(&value) => (4, 4),
        10..=12 if value.starts_with('0') => (4, 2),
        7..=8 if before.is_some_and(|c| matches!(c, '话' | '机' | '系' | ':' | '：' | '号')) && !is_date(&value) => {
            (2, 2)
        }
        _ => return None,
    };
    let keep = |place: usize| place < head || place + tail >= run.digits.len();
    let place_of = |at: usize| run.digits.binary_search(&at).ok();
    Some(
        (start..run.end)
            .map(|at| if place_of(at).is_some_and(|place| !keep(place)) { '*' } else { chars[at] })
            .collect(),
    )
}

fn is_mobile(value: &str) -> bool {
    value.starts_with('1') && matches!(value.as_bytes().get(1), Some(b'3'..=b'9'))
}

fn is_date(value: &str) -> bool {
    value.len() == 8 && (value.starts_with("19") || value.starts_with("20")) && is_month_day(&value[4..])
}

fn is_month_day(value: &str) -> bool {
    let number = |range: std::ops::Range<usize>| value.get(range).and_then(|v| v.parse::<u32>().ok());
    matches!((number(0..2), number(2..4)), (Some(1..=12), Some(1..=31)))
}

/// Whether a date of birth stands at this place, as in identity-card numbers.
fn is_birth(value: &str, at: usize, year_digits: usize) -> bool {
    let month = at + year_digits;
    value.get(month..month + 4).is_some_and(is_month_day)
}

/// Luhn's check, which bank cards pass.
fn is_card(value: &str) -> bool {
    let digits = value.bytes().rev().map(|b| u32::from(b - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

fn mask_mail(text: &str) -> (String, bool) {
    if !text.contains('@') {
        return (text.to_owned(), false);
    }
    let chars: Vec<char> = text.chars().collect();
    let part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let mut out = chars.clone();
    let mut found = false;
    for (at, _) in chars.iter().enumerate().filter(|(_, c)| **c == '@') {
        let user = chars[..at].iter().rev().take_while(|c| part(c)).count();
        let host = chars[at + 1..].iter().take_while(|c| part(c)).count();
        let dotted = chars[at + 1..at + 1 + host].contains(&'.');
        if user > 0 && dotted {
            found = true;
            out[at - user + 1..at].fill('*');
            if user == 1 {
                out[at - 1] = '*';
            }
        }
    }
    (out.into_iter().collect(), found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn personal_numbers_are_masked() {
        for (text, masked) in [
            ("请打13812345678找我", "请打138****5678找我"),
            ("138 1234 5678", "138 **** 5678"),
            ("１３８１２３４５６７８", "１３８****５６７８"),
            ("+8613812345678", "+86138****5678"),
            ("身份证44030119900307123X", "身份证440301**********3X"),
            ("0755-82345678", "0755-******78"),
            ("电话82345678", "电话82****78"),
            ("a.wang@example.cn。", "a*****@example.cn。"),
            ("卡号6222021234567890128", "卡号6222***********0128"),
        ] {
            assert_eq!(mask_personal(text), (masked.to_owned(), true), "{text}");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "DM20260608-00012",
            "2026年6月8日",
            "20260608",
            "欠薪12345678元",
            "3.14159265358",
            "12345",
            "500平方米",
            "@某人",
            "日期:20260608",
        ] {
            assert_eq!(mask_personal(text), (text.to_owned(), false), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_mobile_number_never_survives(before in "[东门街道,。 ]{0,12}", after in "[找我说,。!]{0,12}", rest in 0_u64..1_000_000_000) {
            let phone = format!("13{rest:09}");
            let (masked, found) = mask_personal(&format!("{before}{phone}{after}"));
            prop_assert!(found && !masked.contains(&phone), "{masked}");
        }

        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            let (masked, _) = mask_personal(&text);
            prop_assert_eq!(masked.chars().count(), text.chars().count());
        }
    }
}
