//! Masking personal numbers in free text: phones, identity cards, bank cards, e-mail addresses.
//!
//! Works on groups of digits as people write them, `138 1234 5678` or `０７５５－８２３４５６７８` or 一三八…, so that dates,
//! amounts and case numbers stay readable. What is masked keeps its first and last characters, as people know it:
//! `138****5678`. The text keeps its length. In doubt it masks: a number too few to read is a nuisance, one too many a
//! breach. It finds numbers, not names, and must never be taken for proof that a text names nobody.

use std::ops::Range;

use crate::digits;

/// Most groups that make one number: a mobile number with a blank after each digit.
const GROUPS_MAX: usize = 11;
/// Most digits of one number: a bank card.
const DIGITS_MAX: usize = 19;
/// Most characters between two groups of one number, as in `) `.
const GAP_MAX: usize = 2;
/// How far before a number the word is sought that says what it is, in characters.
const CONTEXT_CHARS: usize = 8;
/// The same, numbers between counted.
const SENTENCE_CHARS: usize = 60;
/// Words that make a short number a phone.
const PHONE_WORDS: &[&str] =
    &["电话", "手机", "座机", "固话", "联系", "致电", "拨打", "来电", "号码", "tel", "phone", "mobile"];
/// Words that make a long number a bank card or account.
const CARD_WORDS: &[&str] = &["卡号", "账号", "帐号", "账户", "帐户", "银行卡"];

/// Words after which a number is another thing.
const OTHER_WORDS: &[&str] = &["编号", "单号", "件号", "工单", "车牌", "门牌", "面积", "金额", "日期"];

/// Masks personal numbers. `true` when there was one.
pub fn mask_personal(text: &str) -> (String, bool) {
    let mut chars: Vec<char> = text.chars().collect();
    let plain = mask_numbers(&mut chars, digits::digit);
    let numerals = mask_numbers(&mut chars, |c| digits::digit(c).or_else(|| digits::numeral(c)));
    let mails = mask_mails(&mut chars);
    (chars.into_iter().collect(), plain || numerals || mails)
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Identity,
    Mobile,
    Landline,
    Card,
    /// A service line 400, 800: nobody's own, it stays.
    Service,
    /// A number that only the words before it make a phone.
    Local,
}

impl Kind {
    /// In this order they are tried.
    const ALL: [Self; 6] = [Self::Identity, Self::Mobile, Self::Landline, Self::Card, Self::Service, Self::Local];

    /// How many digits stay at the front and at the end.
    fn shown(self) -> (usize, usize) {
        match self {
            Self::Identity => (6, 2),
            Self::Mobile => (3, 4),
            Self::Landline => (4, 2),
            Self::Card => (4, 4),
            Self::Local => (2, 2),
            Self::Service => (DIGITS_MAX, 0),
        }
    }
}

fn mask_numbers(chars: &mut [char], value_of: impl Fn(char) -> Option<u8>) -> bool {
    let found = numbers(chars, value_of);
    for number in &found {
        let (head, tail) = number.kind.shown();
        let last = number.places.len().saturating_sub(tail);
        for place in number.places.get(head..last).unwrap_or_default() {
            chars[*place] = '*';
        }
    }
    !found.is_empty()
}

/// A personal number in a text.
struct Number {
    kind: Kind,
    /// Where its digits stand, the country's code left out.
    places: Vec<usize>,
}

/// The digits of a text in groups.
struct Groups {
    /// Where each digit stands.
    places: Vec<usize>,
    /// And its value, as an ASCII digit.
    values: String,
    /// The groups, as ranges of digits.
    groups: Vec<Range<usize>>,
    /// For each group, whether the next one may belong to the same number.
    linked: Vec<bool>,
}

impl Groups {
    fn of(chars: &[char], value_of: impl Fn(char) -> Option<u8>) -> Self {
        let mut groups = Self { places: Vec::new(), values: String::new(), groups: Vec::new(), linked: Vec::new() };
        for (place, value) in chars.iter().enumerate().filter_map(|(place, c)| Some((place, value_of(*c)?))) {
            let digit = groups.values.len();
            let between = groups.places.last().map(|last| &chars[last + 1..place]);
            groups.places.push(place);
            groups.values.push(digits::ascii(value));
            let apart = between.map(|between| between.iter().filter(|c| !digits::is_invisible(**c)));
            let gap = apart.clone().map_or(usize::MAX, Iterator::count);
            match groups.groups.last_mut().filter(|_| gap == 0) {
                Some(group) => group.end = digit + 1,
                None => {
                    let linked = gap <= GAP_MAX && apart.is_some_and(|mut apart| apart.all(|c| is_gap(*c)));
                    if let Some(last) = groups.linked.last_mut() {
                        *last = linked;
                    }
                    groups.groups.push(digit..digit + 1);
                    groups.linked.push(false);
                }
            }
        }
        groups
    }

    /// The digits from one group to another, where they may be one number.
    fn span(&self, from: usize, to: usize) -> Option<Candidate<'_>> {
        let digits = self.groups.get(from)?.start..self.groups.get(to)?.end;
        let fits = digits.len() <= DIGITS_MAX || from == to;
        let lengths = self.groups[from..=to].iter().map(ExactSizeIterator::len).collect();
        fits.then(|| Candidate { values: &self.values[digits.clone()], places: &self.places[digits], lengths })
    }
}

/// Digits that may be a number.
struct Candidate<'a> {
    values: &'a str,
    places: &'a [usize],
    /// Lengths of its groups.
    lengths: Vec<usize>,
}

/// What people put between the groups of one number.
fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{3000}' | '\t' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' | '_')
        || matches!(c, '.' | '．' | '·' | '(' | ')' | '（' | '）')
}

fn numbers(chars: &[char], value_of: impl Fn(char) -> Option<u8>) -> Vec<Number> {
    let groups = Groups::of(chars, value_of);
    let mut found = Vec::new();
    let mut from = 0;
    while from < groups.groups.len() {
        let reach = groups.linked[from..].iter().take(GROUPS_MAX - 1).take_while(|linked| **linked).count();
        let spans: Vec<(usize, Candidate<'_>)> =
            (from..=from + reach).rev().filter_map(|to| Some((to, groups.span(from, to)?))).collect();
        let first = Kind::ALL.into_iter().find_map(|kind| {
            spans.iter().find_map(|(to, candidate)| Some((*to, kind, candidate.as_kind(kind, chars)?)))
        });
        match first {
            Some((to, kind, places)) => {
                found.extend(places.into_iter().map(|places| Number { kind, places }));
                from = to + 1;
            }
            None => from += 1,
        }
    }
    found
}

impl Candidate<'_> {
    /// Where the digits of the number stand (of each, where several stand in a row), if it is one of this kind.
    fn as_kind(&self, kind: Kind, chars: &[char]) -> Option<Vec<Vec<usize>>> {
        match kind {
            Kind::Identity => self.as_identity(chars).map(|places| vec![places]),
            Kind::Mobile => self.as_mobiles(chars),
            Kind::Landline => self.as_landline(chars).map(|digits| vec![self.places[digits].to_vec()]),
            Kind::Card => self.is_card(chars).then(|| vec![self.places.to_vec()]),
            Kind::Service => self.is_service().then(Vec::new),
            Kind::Local => self.is_local(chars).then(|| vec![self.places.to_vec()]),
        }
    }

    /// 18 digits with a date of birth, the last may be X (GB 11643); or the 15 of before 1999, unbroken.
    fn as_identity(&self, chars: &[char]) -> Option<Vec<usize>> {
        let province =
            matches!(self.first_two()?, 11..=16 | 21..=24 | 31..=38 | 41..=47 | 50..=55 | 61..=66 | 71 | 81..=84 | 91);
        let born = |month: usize| self.values.get(month..month + 4).is_some_and(is_month_day);
        let after = self.places.last().map(|last| last + 1)?;
        let x = chars.get(after).is_some_and(|c| matches!(c, 'x' | 'X' | 'ｘ' | 'Ｘ'));
        let long = (self.values.len() == 18 || self.values.len() == 17 && x) && born(10);
        let long = long && matches!(self.values.get(6..8), Some("18" | "19" | "20"));
        let short = self.values.len() == 15 && self.lengths.len() == 1 && born(8);
        let check = (self.values.len() == 17).then_some(after);
        (province && (long || short)).then(|| self.places.iter().copied().chain(check).collect())
    }

    /// Eleven digits from 13 on, perhaps behind the country's code; or several such numbers without a sign between.
    fn as_mobiles(&self, chars: &[char]) -> Option<Vec<Vec<usize>>> {
        let code = ["0086", "86", "0"].into_iter().find(|code| self.values.strip_prefix(code).is_some_and(is_mobile));
        let code = code.map_or(0, str::len).min(self.lengths.first().copied().unwrap_or_default());
        let (values, places) = (&self.values[code..], &self.places[code..]);
        let lengths = self.lengths.iter().enumerate().map(|(at, length)| if at == 0 { length - code } else { *length });
        let lengths: Vec<usize> = lengths.filter(|length| *length > 0).collect();
        let groups = match lengths.as_slice() {
            [_] | [3, 4, 4] | [7, 4] | [4, 3, 4] | [4, 4, 3] | [3, 3, 5] | [5, 6] | [6, 5] | [3, 2, 2, 2, 2] => true,
            [3, 8] => !is_date(&values[3..]),
            lengths => lengths.iter().all(|length| *length == 1),
        };
        let many = lengths.len() == 1 && values.len().is_multiple_of(11) && values.len() > 11;
        let each = many || is_mobile(values);
        let all = each && (0..values.len()).step_by(11).all(|at| values.get(at..at + 11).is_some_and(is_mobile));
        if all && groups && (many || code > 0 || !self.is_amount(chars)) {
            return Some(places.chunks(11).map(<[usize]>::to_vec).collect());
        }
        self.as_mobile_in_numerals(chars)
    }

    /// A mobile number in Chinese numerals, with numerals before it that are part of a word: 周一一三八…
    fn as_mobile_in_numerals(&self, chars: &[char]) -> Option<Vec<Vec<usize>>> {
        let numerals = self.places.iter().any(|place| digits::numeral(chars[*place]).is_some());
        let fits = numerals && self.lengths.len() == 1 && (12..=14).contains(&self.values.len());
        let start =
            (0..=self.values.len().checked_sub(11)?).find(|start| is_mobile(&self.values[*start..*start + 11]))?;
        fits.then(|| vec![self.places[start..start + 11].to_vec()])
    }

    /// Area code and number, `0755-82345678`, perhaps behind the country's code.
    fn as_landline(&self, chars: &[char]) -> Option<Range<usize>> {
        let (code, zero) = match self.lengths.as_slice() {
            [4, _, ..] if self.values.starts_with("0086") => (4, ""),
            [2, _, ..] if self.values.starts_with("86") => (2, ""),
            _ => (0, "0"),
        };
        let digits = self.values[code..].strip_prefix(zero)?;
        let digits = digits.strip_prefix('0').filter(|_| zero.is_empty()).unwrap_or(digits);
        let leading = self.values.len() - code - digits.len();
        // Without its leading zero: 10 and 2x have eight digits after them, 3xx to 9xx seven or eight.
        let area = match digits.as_bytes() {
            [b'1', b'0', ..] | [b'2', _, ..] => 2,
            [b'3'..=b'9', _, _, ..] => 3,
            _ => return None,
        };
        let number = digits.len().checked_sub(area)?;
        let fits = (7..=8).contains(&number) && !matches!(digits.as_bytes().get(area), Some(b'0' | b'1'));
        let lengths = &self.lengths[usize::from(code > 0)..];
        let groups = match lengths {
            [_] => true,
            [first, rest @ ..] => *first == leading + area && matches!(rest, [7 | 8] | [4, 4] | [3, 4] | [2, 2, 2, 2]),
            [] => false,
        };
        let plain = self.lengths.len() == 1;
        let code_of_a_thing = plain && (!has_area(digits) || self.is_told_otherwise(chars));
        (fits && groups && !code_of_a_thing && !self.follows_letter(chars)).then_some(code..self.values.len())
    }

    fn is_card(&self, chars: &[char]) -> bool {
        let groups = self.lengths.len() == 1
            || matches!(self.lengths.as_slice(), [4, 4, 4, 4] | [4, 4, 4, 4, 1..=3] | [6, 10..=13] | [8, 8..=11]);
        let told = self.follows(chars, CARD_WORDS);
        let bank = match self.first_two() {
            Some(62) => true,
            Some(30..=70 | 90..=99) => passes_luhn(self.values),
            _ => false,
        };
        let length = if told { 10..=DIGITS_MAX } else { 16..=DIGITS_MAX };
        groups && length.contains(&self.values.len()) && (told || bank && !self.follows_letter(chars))
    }

    fn is_service(&self) -> bool {
        let line = self.values.starts_with("400") || self.values.starts_with("800");
        line && matches!(self.lengths.as_slice(), [10] | [3, 7] | [3, 3, 4] | [3, 4, 3] | [4, 3, 3])
    }

    /// Digits that the words before them make a phone.
    fn is_local(&self, chars: &[char]) -> bool {
        let lengths = self.lengths.as_slice();
        let groups = matches!(lengths, [7..=13] | [4, 4] | [3, 4] | [3, 8] | [3, 4, 4] | [5, 8] | [5, 4, 4]);
        groups && !is_date(self.values) && !self.is_amount(chars) && self.follows(chars, PHONE_WORDS)
    }

    fn first_two(&self) -> Option<u32> {
        self.values.get(..2)?.parse().ok()
    }

    /// Whether one of the words stands shortly before in the sentence, with no word of another thing after it. Numbers
    /// between do not count: 电话 speaks for the second of two numbers as well.
    fn follows(&self, chars: &[char], words: &[&str]) -> bool {
        let near = self.words_before(chars);
        last(&near, words).is_some_and(|at| last(&near, OTHER_WORDS).is_none_or(|other| other < at))
    }

    /// Whether the words before say that it is a number of another thing.
    fn is_told_otherwise(&self, chars: &[char]) -> bool {
        last(&self.words_before(chars), OTHER_WORDS).is_some() && !self.follows(chars, PHONE_WORDS)
    }

    /// The last words before it in its sentence, numbers left out.
    fn words_before(&self, chars: &[char]) -> String {
        let before = self.places.first().map_or(&[][..], |first| &chars[..*first]);
        let is_number = |c: &char| *c == '*' || is_gap(*c) || digits::digit(*c).is_some();
        let sentence = before.iter().rev().take(SENTENCE_CHARS).take_while(|c| !matches!(c, '。' | '；' | ';' | '\n'));
        let mut near: Vec<char> = sentence.filter(|c| !is_number(c)).take(CONTEXT_CHARS).copied().collect();
        near.reverse();
        near.into_iter().collect::<String>().to_lowercase()
    }

    /// Whether it is the tail of a code of letters and digits, such as `DM20260608`.
    fn follows_letter(&self, chars: &[char]) -> bool {
        let before = self.places.first().and_then(|first| first.checked_sub(1)).and_then(|before| chars.get(before));
        before.is_some_and(char::is_ascii_alphabetic) && !self.follows(chars, PHONE_WORDS)
    }

    /// Whether a unit of money or measure follows: 元, but not 元旦.
    fn is_amount(&self, chars: &[char]) -> bool {
        let mut after = self.places.last().map_or(&[][..], |last| &chars[last + 1..]);
        if let ['.', decimals @ ..] = after {
            let digits = decimals.iter().take_while(|c| c.is_ascii_digit()).count();
            after = &decimals[digits..];
        }
        match after {
            ['元', '旦' | '月' | '宵', ..] => false,
            ['元' | '万' | '亿' | '%' | '％' | '㎡', ..] | ['平', '方' | '米', ..] => true,
            _ => false,
        }
    }
}

/// Where the last of these words stands in a text.
fn last(text: &str, words: &[&str]) -> Option<usize> {
    words.iter().filter_map(|word| text.rfind(word)).max()
}

/// Whether digits, their leading zero left out, begin with an area code that is given out: else 080526… may be a date.
fn has_area(digits: &str) -> bool {
    match digits.as_bytes() {
        [b'1', b'0', ..] | [b'2' | b'5', ..] => true,
        [b'3', second, ..] => b"134579".contains(second),
        [b'4', second, ..] => b"1235678".contains(second),
        [b'6', second, ..] => b"369".contains(second),
        [b'7', second, ..] => *second != b'8',
        [b'8', second, ..] => b"1235789".contains(second),
        [b'9', second, ..] => b"0134579".contains(second),
        _ => false,
    }
}

fn is_mobile(values: &str) -> bool {
    values.len() == 11 && matches!(values.as_bytes(), [b'1', b'3'..=b'9', ..])
}

fn is_date(values: &str) -> bool {
    values.len() == 8 && matches!(&values[..2], "19" | "20") && is_month_day(&values[4..])
}

fn is_month_day(values: &str) -> bool {
    let number = |range: Range<usize>| values.get(range).and_then(|part| part.parse::<u32>().ok());
    matches!((number(0..2), number(2..4)), (Some(1..=12), Some(1..=31)))
}

/// Luhn's check, which bank cards pass.
fn passes_luhn(values: &str) -> bool {
    let digits = values.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

fn mask_mails(chars: &mut [char]) -> bool {
    let part = |c: &char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '.' | '_' | '-' | '+' | '*' | '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '．')
    };
    let signs: Vec<usize> = (0..chars.len()).filter(|at| matches!(chars[*at], '@' | '＠')).collect();
    let mut found = false;
    for at in signs {
        let user = chars[..at].iter().rev().take_while(|c| part(c)).count();
        let host = chars[at + 1..].iter().take_while(|c| part(c)).count();
        if user > 0 && chars[at + 1..=at + host].iter().any(|c| matches!(c, '.' | '．')) {
            found = true;
            // The first character stays, unless it is all there is.
            let from = if user > 1 { at - user + 1 } else { at - 1 };
            chars[from..at].fill('*');
        }
    }
    found
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
            ("138-1234-5678", "138-****-5678"),
            ("138.1234.5678", "138.****.5678"),
            ("1381234 5678", "138**** 5678"),
            ("1 3 8 1 2 3 4 5 6 7 8", "1 3 8 * * * * 5 6 7 8"),
            ("１３８１２３４５６７８", "１３８****５６７８"),
            ("①③⑧①②③④⑤⑥⑦⑧", "①③⑧****⑤⑥⑦⑧"),
            ("138\u{200b}1234\u{200b}5678", "138\u{200b}****\u{200b}5678"),
            ("一三八一二三四五六七八", "一三八****五六七八"),
            ("幺三八 一二三四 五六七八", "幺三八 **** 五六七八"),
            ("周一一三八一二三四五六七八", "周一一三八****五六七八"),
            ("王一13812345678", "王一138****5678"),
            ("138一二三四5678", "138****5678"),
            ("+8613812345678", "+86138****5678"),
            ("+86 138 1234 5678", "+86 138 **** 5678"),
            ("0086-13812345678", "0086-138****5678"),
            ("013812345678", "0138****5678"),
            ("1381234567813912345678", "138****5678139****5678"),
            ("房号1203 13812345678", "房号1203 138****5678"),
            ("2026-06-08 13812345678", "2026-06-08 138****5678"),
            ("20260608 13812345678", "20260608 138****5678"),
            ("DM20260608-00012 13812345678", "DM20260608-00012 138****5678"),
            ("1.13812345678 2.13912345678", "1.138****5678 2.139****5678"),
            ("tel13812345678", "tel138****5678"),
            ("微信wx13812345678", "微信wx138****5678"),
            ("13812345678元旦来过", "138****5678元旦来过"),
            ("13812345678/13912345678", "138****5678/139****5678"),
            ("身份证44030119900307123X", "身份证440301**********3X"),
            ("440301199003071234", "440301**********34"),
            ("440301 19900307 1234", "440301 ******** **34"),
            ("440301900307123", "440301*******23"),
            ("0755-82345678", "0755-******78"),
            ("0755－8234 5678", "0755－**** **78"),
            ("(0755)82345678", "(0755)******78"),
            ("（0755） 8234567", "（0755） *****67"),
            ("075582345678", "0755******78"),
            ("编号12345，电话：09042400228", "编号12345，电话：0904*****28"),
            ("010-62345678", "010-6*****78"),
            ("+86 755 8234 5678", "+86 755 8*** **78"),
            ("+86-0755-82345678", "+86-0755-******78"),
            ("010 138 1234 5678", "010 138 **** 5678"),
            ("电话82345678", "电话82****78"),
            ("联系电话:8234 5678", "联系电话:82** **78"),
            ("联系方式：25501234", "联系方式：25****34"),
            ("电话00852 91234567", "电话00*** ******67"),
            ("Tel 82345678", "Tel 82****78"),
            ("电话：82345678、25501234", "电话：82****78、25****34"),
            ("电话13812345678 82345678", "电话138****5678 82****78"),
            ("a.wang@example.cn。", "a*****@example.cn。"),
            ("邮箱a＠example．cn", "邮箱*＠example．cn"),
            ("13812345678@example.cn", "1**********@example.cn"),
            ("卡号6222021234567890128", "卡号6222***********0128"),
            ("6222 0212 3456 7890 128", "6222 **** **** ***0 128"),
            ("4111111111111111", "4111********1111"),
            ("账号：1234567890123", "账号：1234*****0123"),
        ] {
            assert_eq!(mask_personal(text), (masked.to_owned(), true), "{text}");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "DM20260608-00012",
            "20260608-00012",
            "编号:12345678",
            "单号2026060800012345678",
            "2026年6月8日",
            "2026-06-08 08:30",
            "2026-06-08 2026-06-09",
            "二〇二六年六月八日",
            "20260608",
            "日期:20260608",
            "电话20260608打来",
            "欠薪12345678元",
            "共13812345678元",
            "预算13812345678.00元",
            "13800.00 2026",
            "1,381,234,567元",
            "22.5471, 114.1172",
            "12345",
            "拨打12345热线",
            "电话400-800-1234",
            "电话4008001234",
            "编号：09042400228",
            "对08052600124回复不满意",
            "电话记录，工单12345678",
            "留了电话。共12345678件",
            "110 119 120",
            "500平方米",
            "88号3栋1203房",
            "440303003001",
            "@某人",
            "@",
            "a@b",
            "一二三四五六七八九",
            "",
        ] {
            assert_eq!(mask_personal(text), (text.to_owned(), false), "{text}");
        }
    }

    /// What stays of a number in a text: its digits, however they are dressed.
    fn bare(text: &str) -> String {
        let value = |c: char| digits::digit(c).or_else(|| digits::numeral(c)).map(digits::ascii);
        text.chars().filter_map(|c| if c == '*' { Some('*') } else { value(c) }).collect()
    }

    fn dressed(number: &str, dress: usize) -> String {
        let dress = |c: char| match (c, dress) {
            ('0'..='9', 1) => char::from_u32('０' as u32 + c as u32 - '0' as u32).unwrap_or(c),
            ('0'..='9', 2) => ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'][c as usize - '0' as usize],
            (c, _) => c,
        };
        number.chars().map(dress).collect()
    }

    proptest! {
        #[test]
        fn a_mobile_number_never_survives(
            before in "([东门街道一,。:( -]|DM20260608-00012,|[0-9]{1,4}[栋号元,。:]|2026-06-08 ){0,4}",
            after in "([找我说,。!)]|[,。号][0-9]{1,4}){0,4}",
            second in prop::sample::select(vec!['3', '4', '5', '6', '7', '8', '9']),
            rest in 0_u64..1_000_000_000,
            gaps in prop::sample::select(vec!["", "3 4 4", "3-4-4", "3.4.4", "7 4", "4 3 4", "3 3 5", "1 1 1 1 1 1 1 1 1 1 1"]),
            dress in 0_usize..3,
            code in prop::sample::select(vec!["", "+86", "+86 ", "0086-"]),
        ) {
            let phone = format!("1{second}{rest:09}");
            let gap = gaps.chars().find(|c| !c.is_ascii_digit()).unwrap_or_default();
            let mut written = String::new();
            let mut at = 0;
            for (group, length) in gaps.split(|c: char| !c.is_ascii_digit()).filter_map(|l| l.parse::<usize>().ok()).enumerate() {
                if group > 0 { written.push(gap); }
                written.push_str(&phone[at..at + length]);
                at += length;
            }
            if written.is_empty() { written.clone_from(&phone); }
            // Numerals behind the word 一 or digits behind digits are another number; the country's code is digits.
            let (before, code) = if dress == 2 { (before.replace('一', ""), "") } else { (before, code) };
            let text = format!("{before}，{code}{}{after}", dressed(&written, dress));
            let (masked, found) = mask_personal(&text);
            prop_assert!(found && !bare(&masked).contains(&phone), "{text} became {masked}");
        }

        #[test]
        fn an_identity_number_never_survives(
            before in "[东门街道,。: ]{0,6}", after in "[找我说,。! ]{0,6}",
            area in 440_301_u32..440_310, year in 1930_u32..2020, month in 1_u32..13, day in 1_u32..29, serial in 0_u32..1000,
            last in "[0-9X]",
        ) {
            let number = format!("{area}{year}{month:02}{day:02}{serial:03}{last}");
            let (masked, found) = mask_personal(&format!("{before}{number}{after}"));
            prop_assert!(found && !masked.contains(&number[6..14]), "{masked}");
        }

        #[test]
        fn a_landline_never_survives(
            before in "[东门街道,。: ]{0,6}", after in "[找我说,。!]{0,6}", rest in "[2-9][0-9]{6,7}", gap in "[- )]?",
        ) {
            let (masked, found) = mask_personal(&format!("{before}0755{gap}{rest}{after}"));
            prop_assert!(found && !masked.contains(&rest), "{masked}");
        }

        #[test]
        fn dates_amounts_and_case_numbers_stay(
            before in "[东门街道,。 ]{0,6}", year in 1949_u32..2100, month in 1_u32..13, day in 1_u32..29, count in 0_u32..100_000, money in 0_u32..1_000_000_000,
        ) {
            let text = format!("{before}DM{year}{month:02}{day:02}-{count:05}，{year}-{month:02}-{day:02}，{year}年{month}月{day}日，{money}元");
            let (masked, found) = mask_personal(&text);
            prop_assert!(!found && masked == text, "{text} became {masked}");
        }

        #[test]
        fn any_text_is_survived_at_its_length(text in any::<String>()) {
            let (masked, found) = mask_personal(&text);
            prop_assert_eq!(masked.chars().count(), text.chars().count());
            prop_assert!(found || masked == text);
        }

        #[test]
        fn any_run_of_digits_and_signs_is_survived(text in "[0-9１一三xX@. ()+-]{0,60}") {
            let (masked, _) = mask_personal(&text);
            prop_assert_eq!(masked.chars().count(), text.chars().count());
        }
    }
}
