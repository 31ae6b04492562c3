//! Hot issues 热点问题: what many speak of in a period, ranked by people, supporters, growth and severity.
//!
//! It says which texts hang together and how hot that is, and names each issue by its own words; a person decides what
//! to do about it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Alike, normalise, segment::known_words};

/// Mean likeness of the texts of one issue, times their nearness in time; found by reading what is gathered from real
/// messages: at 0.12 issues fall apart, at 0.08 two places share one.
const LIKENESS: f32 = 0.1;
/// Days after which the nearness of two texts has fallen by half of what it can fall.
const NEAR_DAYS: f64 = 120.0;
/// What is left of nearness however far apart in time.
const NEARNESS_MIN: f64 = 0.5;
/// Words in a phrase at most.
const PHRASE_WORDS: usize = 5;
/// Characters in a phrase.
const PHRASE_CHARS: std::ops::RangeInclusive<usize> = 2..=12;
/// Phrases in a name.
const PHRASES: usize = 3;

/// A text in a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told<'t> {
    /// What was written; its first line is the title.
    pub text: &'t str,
    /// When, in days from any fixed day; nothing where that is unknown.
    pub day: Option<f64>,
    /// Likes or supporters it has.
    pub supporters: f64,
    /// Whether it speaks of danger, or of going public or over heads.
    pub severe: bool,
    /// Who wrote it, as a code; each text is another's where that is unknown.
    pub person: Option<&'t str>,
}

/// An issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Places of its texts, in order.
    pub members: Vec<usize>,
    /// Phrases that most of its texts share and few others hold, in the order of speech.
    pub name: Vec<String>,
    /// Place of the text most like all others.
    pub typical: usize,
    /// People who wrote.
    pub people: usize,
    /// Supporters of all its texts.
    pub supporters: f64,
    /// Days of its first and last text.
    pub days: Option<(f64, f64)>,
    /// How much more of it there was in the last quarter of the period than its share, in doublings, -1 to 2.
    pub growth: f64,
    /// Share of its texts that are severe.
    pub severity: f64,
    /// What it is ranked by.
    pub heat: f64,
}

/// Issues of a stream, the hottest first.
///
/// Heat is people, who wrote each, with the square root of supporters, who only agreed; times 2^(growth / 2); times one
/// and the severity. So a matter of ten people that grows outweighs one of fifteen that is over. A text alone is an
/// issue only by its supporters.
pub fn issues(stream: &[Told<'_>]) -> Vec<Issue> {
    let alike = Alike::new(stream.iter().map(|told| told.text));
    let nearness = |one: usize, other: usize| match (stream[one].day, stream[other].day) {
        (Some(one), Some(other)) => {
            let fall = 1.0 - (-(one - other).abs() * std::f64::consts::LN_2 / NEAR_DAYS).exp();
            (1.0 - (1.0 - NEARNESS_MIN) * fall) as f32
        }
        _ => 1.0,
    };
    let mut groups = alike.gather(LIKENESS, nearness);
    let together: BTreeSet<usize> = groups.iter().flatten().copied().collect();
    let alone = (0..stream.len()).filter(|at| !together.contains(at) && stream[*at].supporters > 0.0);
    groups.extend(alone.map(|at| vec![at]).collect::<Vec<_>>());
    let days = || stream.iter().filter_map(|told| told.day);
    let period = (days().fold(f64::INFINITY, f64::min), days().fold(f64::NEG_INFINITY, f64::max));
    let mut issues: Vec<Issue> = groups.into_iter().map(|members| issue(stream, &alike, members, period)).collect();
    issues.sort_by(|one, other| other.heat.total_cmp(&one.heat));
    issues
}

fn issue(stream: &[Told<'_>], alike: &Alike, members: Vec<usize>, (begin, end): (f64, f64)) -> Issue {
    let of = || members.iter().map(|at| &stream[*at]);
    let named: BTreeSet<&str> = of().filter_map(|told| told.person).collect();
    let people = named.len() + of().filter(|told| told.person.is_none()).count();
    let supporters: f64 = of().map(|told| told.supporters.max(0.0)).sum();
    let days: Vec<f64> = of().filter_map(|told| told.day).collect();
    let late = days.iter().filter(|day| **day > end - (end - begin) / 4.0).count() as f64;
    let growth = ((late + 0.5) / (days.len() as f64 / 4.0 + 0.5)).log2().clamp(-1.0, 2.0);
    let severity = of().filter(|told| told.severe).count() as f64 / members.len() as f64;
    let heat = (people as f64 + supporters.sqrt()) * (growth / 2.0).exp2() * (1.0 + severity);
    let typical = alike.typical(&members);
    Issue {
        name: name(stream, &members, typical),
        typical,
        people,
        supporters,
        days: days.iter().copied().reduce(f64::min).zip(days.iter().copied().reduce(f64::max)),
        growth,
        severity,
        heat,
        members,
    }
}

/// The phrases by which an issue is known: long, shared by its titles, rare elsewhere.
fn name(stream: &[Told<'_>], members: &[usize], typical: usize) -> Vec<String> {
    let title = |at: usize| normalise(stream[at].text.lines().next().unwrap_or_default());
    let titles: Vec<String> = members.iter().map(|at| title(*at)).collect();
    let own = title(typical);
    let mut weights: BTreeMap<&str, f64> = BTreeMap::new();
    let words: Vec<(usize, &str)> = known_words(&own).collect();
    for from in 0..words.len() {
        for to in from..words.len().min(from + PHRASE_WORDS) {
            let phrase = &own[words[from].0..words[to].0 + words[to].1.len()];
            let chars = phrase.chars().count();
            // What follows a number counts: 号 of an address is the name of nothing.
            let counts = own[..words[from].0].ends_with(|before: char| before.is_ascii_digit());
            let says = phrase.chars().all(char::is_alphanumeric) && !phrase.chars().all(|c| c.is_ascii_digit());
            if says && !counts && PHRASE_CHARS.contains(&chars) {
                let share = titles.iter().filter(|title| title.contains(phrase)).count() as f64 / titles.len() as f64;
                weights.insert(phrase, share * share * (chars as f64).sqrt());
            }
        }
    }
    let mut phrases: Vec<(&str, f64)> = weights.into_iter().filter(|(_, weight)| *weight > 0.0).collect();
    phrases.sort_by(|one, other| other.1.total_cmp(&one.1));
    phrases.truncate(60);
    for (phrase, weight) in &mut phrases {
        let held = stream.iter().filter(|told| told.text.contains(*phrase)).count();
        *weight *= ((stream.len() + 1) as f64 / (held + 1) as f64).ln();
    }
    phrases.sort_by(|one, other| other.1.total_cmp(&one.1));
    let mut chosen: Vec<(usize, &str)> = Vec::new();
    for (phrase, _) in phrases {
        let Some(at) = own.find(phrase) else { continue };
        let apart = |(other, held): &(usize, &str)| at >= other + held.len() || *other >= at + phrase.len();
        if chosen.len() < PHRASES && chosen.iter().all(apart) {
            chosen.push((at, phrase));
        }
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|(_, phrase)| phrase.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, day: f64) -> Told<'_> {
        Told { text, day: Some(day), supporters: 0.0, severe: false, person: None }
    }

    fn stream() -> Vec<Told<'static>> {
        let others = [
            "咨询公积金提取流程\n我想提取公积金付房租，请问需要哪些材料？",
            "幼儿园报名\n孩子三岁了，请问哪里可以报名上公立幼儿园？",
            "老年证办理\n请问六十五岁老人办老年证去哪里？",
            "公交车太少\n301路公交车等了四十分钟，请增加班次。",
            "宽带断网\n家里的宽带断网两天，客服电话打不通。",
            "医保卡补办\n医保卡丢了，去哪里补办要带什么？",
            "流浪狗\n小区里流浪狗很多，孩子害怕。",
            "自来水发黄\n早上的自来水发黄有铁锈味，水务公司查一查。",
        ];
        let mut stream: Vec<Told<'static>> =
            others.iter().enumerate().map(|(at, text)| told(text, at as f64 * 12.0)).collect();
        stream.push(told("丽发新城搅拌站噪音\n丽发新城旁边的搅拌站半夜施工，粉尘和噪音很大。", 80.0));
        stream.push(told("丽发新城附近搅拌站污染\n搅拌站的粉尘吹进丽发新城，窗户不敢开，噪音很大。", 85.0));
        stream.push(told("投诉丽发新城旁的搅拌站\n搅拌站半夜施工噪音扰民，丽发新城业主睡不着。", 90.0));
        stream
    }

    #[test]
    fn what_several_speak_of_is_one_issue_named_by_its_own_words() {
        let issues = issues(&stream());
        assert_eq!(issues.len(), 1, "{issues:?}");
        assert_eq!(issues[0].members, [8, 9, 10]);
        assert!(issues[0].name.contains(&"搅拌站".to_owned()), "{:?}", issues[0].name);
        assert!(issues[0].name.iter().any(|phrase| phrase.contains("丽发新城")), "{:?}", issues[0].name);
        assert_eq!((issues[0].people, issues[0].days), (3, Some((80.0, 90.0))));
        assert!(issues[0].growth > 1.0);
    }

    #[test]
    fn one_person_who_writes_thrice_is_one_and_supporters_make_a_text_an_issue() {
        let mut stream = stream();
        stream[8..].iter_mut().for_each(|told| told.person = Some("a"));
        stream[4].supporters = 400.0;
        stream[8].severe = true;
        let issues = issues(&stream);
        assert_eq!(issues[0].members, [4], "a text with 400 supporters is hotter than one person");
        assert_eq!((issues[1].people, issues[1].severity), (1, 1.0 / 3.0));
        assert!(super::issues(&[]).is_empty());
    }
}
