//! Reading a policy 读取机制: TOML text in, a whole [`Policy`] out, or all that is wrong with the text at once.
//!
//! Besides types and keys it checks what only the file as a whole can show: codes that lead nowhere, rules never
//! reached, clocks that cannot run, a category tree that bites its tail. It must never fill in a number of the
//! mechanism that the file leaves out. Units are checked where the organisation is known, not here.

mod clocks;
mod follow_up;
mod forms;
mod hall;
mod judging;
mod machines;
mod matters;
mod neighbourhood;
mod partners;
mod rounds;
mod signals;
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use jiff::civil::Time;
use sha2::{Digest as _, Sha256};
use toml::de::DeTable;

pub use self::table::{Fault, Faults};
use self::table::{Node, Sink, Table};
use super::{
    AssessmentRules, Channel, Class, ClosingRules, ContactRules, DispatchRules, EscalationRules, ExtensionRules, Name,
    Policy, Rate, RepeatRules, Retention, ReturnRules, Route, Seat, Studio, WhistleRules,
};
use crate::{
    campaign::CampaignRules,
    case::Origin,
    duty::DutyRules,
    figures::{Count, PARTS},
    ids::{BadCode, CategoryId, ChannelId, ClassId, FormId, UnitId},
    reception::{ReceptionRules, WEEKDAYS},
    words::Words,
};

/// Longest length of time a policy may give, in minutes: ten years. A bound against slips, not a rule.
const MINUTES_MAX: u32 = 10 * 366 * 24 * 60;
/// Longest length in days, natural or working: ten years.
const DAYS_MAX: u32 = 3_660;
/// Bound on counts of people, units, attempts.
const COUNT_MAX: u32 = 1_000;
const ORIGINS: [(&str, Origin); 3] =
    [("request", Origin::Request), ("inspection", Origin::Inspection), ("signal", Origin::Signal)];

const ROUTES: [(&str, Route); 2] = [("mediation", Route::Mediation), ("legal_aid", Route::LegalAid)];

/// Reads a policy from TOML text.
///
/// # Errors
/// All faults of the text; where it is no TOML, the faults of syntax alone, since what is read past them would mislead.
pub(super) fn read(text: &str) -> Result<Policy, Faults> {
    let sink = Sink::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut lines = BTreeSet::new();
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        // One slip often upsets the rest of its line: the first is the one to tell.
        if !lines.insert(text.get(..offset).map_or(0, |before| before.matches('\n').count())) {
            continue;
        }
        sink.note(
            offset,
            "",
            (format!("this is no TOML: {}", error.message()), format!("不是合法的 TOML：{}", error.message())),
            ("correct the syntax here, then check again", "请改正这里的写法，然后再检查"),
        );
    }
    if !errors.is_empty() {
        return Err(sink.into_faults());
    }
    let policy = Table::document(&sink, document.get_ref(), |table| policy(table, text));
    match policy {
        Some(policy) if sink.is_empty() => Ok(policy),
        _ => Err(sink.into_faults()),
    }
}

/// Codes of one part of the file that other parts point to.
struct Known {
    classes: BTreeSet<ClassId>,
    categories: BTreeSet<CategoryId>,
    /// Reasons of declining, and of leaving out of assessment.
    reasons: BTreeSet<Word>,
    rates: BTreeSet<Word>,
}

fn policy(t: &Table<'_>, text: &str) -> Option<Policy> {
    let mut known = Known {
        classes: BTreeSet::new(),
        categories: t.peek("categories").map(|node| node.codes()).unwrap_or_default(),
        reasons: BTreeSet::new(),
        rates: BTreeSet::new(),
    };
    let name = t.need("name", name);
    let time_zone = t.need("time_zone", time_zone);
    let number_prefix = t.need("number_prefix", number_prefix);
    let channels = t.need("channels", |node| some_by_code(node, |_, node| channel(node)));
    let classes = t.need("classes", |node| classes(node, &mut known.classes));
    let clocks = t.need("clocks", |node| clocks::clocks(node, &known));
    let categories = t.need("categories", |node| matters::categories(node, &known));
    let urgent_rules = t.need("urgent_rules", |node| matters::urgent_rules(node, &known));
    let triage = t.need("triage", |node| matters::triage(node, &known));
    let responsibilities = t.need("responsibilities", |node| matters::responsibilities(node, &known));
    let dispatch = t.need("dispatch", dispatch);
    let contact = t.need("contact", contact);
    let returns = t.need("returns", returns);
    let extensions = t.need("extensions", extensions);
    let whistle = t.need("whistle", whistle);
    let escalation = t.need("escalation", escalation);
    let team = t.need("team", team);
    let studios = t.need("studios", |node| node.by_code(|_, node| studio(node)));
    let hall = t.may("hall", hall::hall);
    let forms = t.need("forms", forms::forms);
    let form_codes: BTreeSet<FormId> = forms.iter().flat_map(|forms| forms.keys().cloned()).collect();
    let agreement = t.may("agreement", |node| node.known(&form_codes, ("forms", "表单")));
    let follow_up = t.may("follow_up", follow_up::follow_up);
    let closing = t.need("closing", |node| closing(node, &mut known.reasons));
    let assessment = t.may("assessment", |node| assessment(node, &mut known.reasons));
    let rates = t.need("rates", |node| rates(node, &known));
    known.rates = rates.iter().flatten().filter_map(|rate| Word::try_from(rate.id.clone()).ok()).collect();
    let duty_posts = t.need("duty_posts", |node| node.by_code(|_, node| self::name(node)));
    let duty = t.may("duty", duty);
    let reception = t.may("reception", |node| reception(node, channels.as_ref()));
    let retention = t.need("retention", retention);
    let repeats = t.need("repeats", repeats);
    let signals = t.may("signals", |node| signals::signals(node, &known));
    let campaigns = t.may("campaigns", campaigns);
    let rounds = t.may("rounds", |node| rounds::rounds(node, &known));
    let occasions =
        t.may_list("occasions", |node| signals::occasions(node, &known, rounds.as_ref().and_then(Option::as_ref)));
    let machines = t.may("machines", |node| machines::machines(node, &known));
    let partners = t.may("partners", |node| partners::partners(node, channels.as_ref()));
    let neighbourhood = t.may("neighbourhood", neighbourhood::neighbourhood);
    let guards = t.may("guards", judging::guards);
    let letters = t.may("letters", |node| judging::letters(node, &known));
    let bulletins = t.may("bulletins", |node| judging::bulletins(node, &known));
    Some(Policy {
        version: version(text),
        name: name?,
        time_zone: time_zone?,
        number_prefix: number_prefix?,
        channels: channels?,
        classes: classes?,
        clocks: clocks?,
        categories: categories?,
        urgent_rules: urgent_rules?,
        triage: triage?,
        responsibilities: responsibilities?,
        dispatch: dispatch?,
        contact: contact?,
        returns: returns?,
        extensions: extensions?,
        whistle: whistle?,
        escalation: escalation?,
        team: team?,
        studios: studios?,
        forms: forms?,
        hall: hall?.unwrap_or_default(),
        agreement: agreement?,
        follow_up: follow_up?.unwrap_or_default(),
        closing: closing?,
        assessment: assessment?.unwrap_or_default(),
        rates: rates?,
        duty_posts: duty_posts?,
        duty: duty?.unwrap_or_default(),
        reception: reception?,
        retention: retention?,
        repeats: repeats?,
        signals: signals?.unwrap_or_default(),
        occasions: occasions?,
        campaigns: campaigns?.unwrap_or_default(),
        rounds: rounds?.unwrap_or_default(),
        machines: machines?.unwrap_or_default(),
        partners: partners?,
        neighbourhood: neighbourhood?.unwrap_or_default(),
        guards: guards?.unwrap_or_default(),
        letters: letters?.unwrap_or_default(),
        bulletins: bulletins?.unwrap_or_default(),
    })
}

fn version(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a text does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn name(node: &Node<'_>) -> Option<Name> {
    node.table(|t| {
        let (zh, en) = (t.need("zh", Node::text), t.need("en", Node::text));
        Some(Name { zh: zh?, en: en? })
    })
}

fn time_zone(node: &Node<'_>) -> Option<String> {
    let zone = node.text()?;
    if jiff::tz::TimeZone::get(&zone).is_ok() {
        return Some(zone);
    }
    node.refuse(
        (format!("there is no time zone '{zone}'"), format!("没有时区“{zone}”")),
        ("write an IANA name, such as \"Asia/Shanghai\"", "请写 IANA 时区名，例如 \"Asia/Shanghai\""),
    )
}

fn number_prefix(node: &Node<'_>) -> Option<String> {
    let prefix = node.text()?;
    let fits = prefix.len() <= 8 && prefix.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if fits {
        return Some(prefix);
    }
    node.refuse(
        (format!("'{prefix}' cannot begin a case number"), format!("诉求编号不能以“{prefix}”开头")),
        ("use 1 to 8 of the characters A-Z 0-9", "请用 1 至 8 个字符，限 A-Z 0-9"),
    )
}

/// A small code inside the policy, such as a reason or a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Word(String);

impl TryFrom<String> for Word {
    type Error = BadCode;
    fn try_from(text: String) -> Result<Self, BadCode> {
        UnitId::new(text).map(|code| Self(code.as_str().to_owned()))
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A table by code that may not be empty.
fn some_by_code<'t, K, T>(node: &Node<'t>, read: impl FnMut(&K, &Node<'t>) -> Option<T>) -> Option<BTreeMap<K, T>>
where
    K: TryFrom<String, Error = BadCode> + Ord,
{
    let all = node.by_code(read)?;
    if all.is_empty() {
        return node.refuse(("this is empty", "这里是空的"), ("add at least one", "请至少添加一个"));
    }
    Some(all)
}

/// Names to choose from, by code.
fn choices(node: &Node<'_>) -> Option<BTreeMap<String, Name>> {
    let named = some_by_code(node, |_: &Word, node| name(node))?;
    Some(named.into_iter().map(|(code, name)| (code.0, name)).collect())
}

/// Names to choose from, of which some must be there because the program counts them.
fn choices_with(node: &Node<'_>, musts: &[&str]) -> Option<BTreeMap<String, Name>> {
    let choices = choices(node)?;
    let lacking: Vec<&str> = musts.iter().copied().filter(|must| !choices.contains_key(*must)).collect();
    if lacking.is_empty() {
        return Some(choices);
    }
    let lacking = lacking.join(", ");
    node.refuse(
        (format!("{lacking} is missing here"), format!("这里缺少 {lacking}")),
        ("add it: the program counts by this code", "请添加：程序按这个代码统计"),
    )
}

/// Members of a list with a code each, no code twice.
fn listed<'t, K: Ord + Clone + std::fmt::Display, T>(
    node: &Node<'t>,
    id: impl Fn(&Node<'t>) -> Option<K>,
    mut read: impl FnMut(&Table<'t>, Option<K>) -> Option<T>,
) -> Option<Vec<T>> {
    let mut seen = BTreeSet::new();
    node.list(|item| {
        item.table(|t| {
            let code = t.need("id", |node| {
                let code = id(node)?;
                if seen.insert(code.clone()) {
                    return Some(code);
                }
                node.refuse(
                    (format!("'{code}' is the code of another one"), format!("代码“{code}”已被使用")),
                    ("give each a code of its own", "请给每一个不同的代码"),
                )
            });
            read(t, code)
        })
    })
}

fn word(node: &Node<'_>) -> Option<String> {
    node.code::<Word>().map(|word| word.0)
}

fn channel(node: &Node<'_>) -> Option<Channel> {
    node.table(|t| {
        let name = t.need("name", name);
        let public = t.need("public", Node::flag);
        let origin = t.need("origin", |node| node.word(&ORIGINS));
        Some(Channel { name: name?, public: public?, origin: origin? })
    })
}

fn classes(node: &Node<'_>, known: &mut BTreeSet<ClassId>) -> Option<Vec<Class>> {
    let classes = listed(node, Node::code::<ClassId>, |t, id| {
        known.extend(id.clone());
        let (name, meaning) = (t.need("name", name), t.need("meaning", name));
        Some(Class { id: id?, name: name?, meaning: meaning? })
    })?;
    if classes.is_empty() {
        return node.refuse(
            ("there is no class", "没有等级"),
            ("add at least one, the most severe first", "请至少添加一个，最紧急的在前"),
        );
    }
    Some(classes)
}

fn dispatch(node: &Node<'_>) -> Option<DispatchRules> {
    node.table(|t| {
        let liaison_office = t.need("liaison_office", Node::code);
        let automatic = t.need("automatic", Node::flag);
        let max_co_units = t.need("max_co_units", |node| node.whole(0..=COUNT_MAX));
        Some(DispatchRules { liaison_office: liaison_office?, automatic: automatic?, max_co_units: max_co_units? })
    })
}

fn contact(node: &Node<'_>) -> Option<ContactRules> {
    node.table(|t| {
        let attempts = t.need("attempts", |node| node.whole(1..=COUNT_MAX));
        let gap = t.need("attempt_gap", |node| node.minutes(0..=MINUTES_MAX));
        Some(ContactRules { attempts: attempts?, attempt_gap_minutes: gap? })
    })
}

fn returns(node: &Node<'_>) -> Option<ReturnRules> {
    node.table(|t| {
        let leader_decides_from = t.need("leader_decides_from", |node| node.whole(1..=COUNT_MAX));
        let reasons = t.need("reasons", choices);
        Some(ReturnRules { leader_decides_from: leader_decides_from?, reasons: reasons? })
    })
}

fn extensions(node: &Node<'_>) -> Option<ExtensionRules> {
    node.table(|t| {
        let max_granted = t.need("max_granted", |node| node.whole(0..=COUNT_MAX));
        let max_minutes = t.need("longest", |node| node.minutes(1..=MINUTES_MAX));
        let max_working_days = t.need("longest_working", |node| node.working_days(1..=DAYS_MAX));
        let reasons = t.need("reasons", choices);
        Some(ExtensionRules {
            max_granted: max_granted?,
            max_minutes: max_minutes?,
            max_working_days: max_working_days?,
            reasons: reasons?,
        })
    })
}

fn whistle(node: &Node<'_>) -> Option<WhistleRules> {
    node.table(|t| {
        let max_units = t.need("max_units", |node| node.whole(1..=COUNT_MAX));
        let outcomes = t.need("outcomes", |node| choices_with(node, &["solved"]));
        Some(WhistleRules { max_units: max_units?, outcomes: outcomes? })
    })
}

fn escalation(node: &Node<'_>) -> Option<EscalationRules> {
    node.table(|t| {
        let duties = t.need("duties", |node| node.list(name));
        let questions = t.need("questions", |node| node.list(name));
        let stubborn_needs_official = t.need("stubborn_needs_official", Node::flag);
        Some(EscalationRules {
            duties: duties?,
            questions: questions?,
            stubborn_needs_official: stubborn_needs_official?,
        })
    })
}

fn team(node: &Node<'_>) -> Option<Vec<Seat>> {
    listed(node, word, |t, id| {
        let name = t.need("name", name);
        let min = t.need("min", |node| node.whole(0..=COUNT_MAX));
        let max = t.may("max", |node| {
            let max = node.whole(1..=COUNT_MAX)?;
            if max < min? {
                return node.refuse(
                    ("the most is less than the fewest", "最多人数少于最少人数"),
                    ("write a number not below `min`", "请写不小于 `min` 的数"),
                );
            }
            Some(max)
        });
        let titles = t.may_list("titles", |node| node.set(Node::text));
        Some(Seat { id: id?, name: name?, min: min?, max: max?, titles: titles? })
    })
}

fn studio(node: &Node<'_>) -> Option<Studio> {
    node.table(|t| {
        let (name, route) = (t.need("name", name), t.need("route", |node| node.word(&ROUTES)));
        let unit = t.may("unit", Node::code);
        Some(Studio { name: name?, route: route?, unit: unit? })
    })
}

fn assessment(node: &Node<'_>, known: &mut BTreeSet<Word>) -> Option<AssessmentRules> {
    node.table(|t| {
        let exclude_reasons = t.need("exclude_reasons", |node| {
            known.extend(node.codes::<Word>());
            choices(node)
        });
        Some(AssessmentRules { exclude_reasons: exclude_reasons? })
    })
}

fn closing(node: &Node<'_>, known: &mut BTreeSet<Word>) -> Option<ClosingRules> {
    node.table(|t| {
        let grades = t.need("grades", |node| small(node, 2..=10));
        let bad_up_to = t.need("bad_up_to", |node| small(node, 1..=u32::from(grades?) - 1));
        let satisfied_from =
            t.need("satisfied_from", |node| small(node, u32::from(bad_up_to?) + 1..=u32::from(grades?)));
        let rate_within_days = t.need("rate_within", |node| node.days(1..=DAYS_MAX));
        let reopen_within_days = t.need("reopen_within", |node| node.days(1..=DAYS_MAX));
        let follow_up_rounds = t.need("follow_up_rounds", |node| node.whole(1..=COUNT_MAX));
        let reasons = t.need("decline_reasons", |node| {
            known.extend(node.codes::<Word>());
            choices_with(node, &["unlawful", "unreasonable"])
        });
        Some(ClosingRules {
            grades: grades?,
            bad_up_to: bad_up_to?,
            satisfied_from: satisfied_from?,
            rate_within_days: rate_within_days?,
            reopen_within_days: reopen_within_days?,
            follow_up_rounds: follow_up_rounds?,
            decline_reasons: reasons?,
        })
    })
}

fn small(node: &Node<'_>, bounds: std::ops::RangeInclusive<u32>) -> Option<u8> {
    node.whole(bounds).and_then(|number| u8::try_from(number).ok())
}

fn rates(node: &Node<'_>, known: &Known) -> Option<Vec<Rate>> {
    listed(node, word, |t, id| {
        let name = t.need("name", name);
        let numerator = t.need("numerator", |node| node.word(Count::CODES));
        let denominator = t.need("denominator", |node| {
            let below = node.word(Count::CODES)?;
            let above = numerator?;
            if PARTS.contains(&(above, below)) {
                return Some(below);
            }
            let remedy = match PARTS.iter().find(|(part, _)| *part == above) {
                Some((_, whole)) => {
                    let whole = whole.as_str();
                    Words::new(format!("divide it by {whole}"), format!("请以 {whole} 为分母"))
                }
                None => Words::new("put above the line a part of what stands below", "分子须是分母的一部分"),
            };
            let (above, below) = (above.as_str(), below.as_str());
            node.refuse((format!("{above} is no part of {below}"), format!("{above} 不是 {below} 的一部分")), remedy)
        });
        let exclude = t.may_list("exclude", |node| {
            node.set(|node| node.known(&known.reasons, ("reason", "不予受理或剔除考核的理由")).map(|word| word.0))
        });
        Some(Rate { id: id?, name: name?, numerator: numerator?, denominator: denominator?, exclude: exclude? })
    })
}

fn retention(node: &Node<'_>) -> Option<Retention> {
    node.table(|t| {
        let days = |node: &Node<'_>| node.days(1..=DAYS_MAX);
        let identity_days = t.need("identity", days);
        let idempotency_days = t.need("idempotency", days);
        let outbox_days = t.need("outbox", days);
        let notification_days = t.need("notifications", days);
        Some(Retention {
            identity_days: identity_days?,
            idempotency_days: idempotency_days?,
            outbox_days: outbox_days?,
            notification_days: notification_days?,
        })
    })
}

fn repeats(node: &Node<'_>) -> Option<RepeatRules> {
    node.table(|t| {
        let within_days = t.need("within", |node| node.days(1..=DAYS_MAX));
        let within_metres = t.need("within_metres", |node| node.whole(1..=100_000));
        Some(RepeatRules { within_days: within_days?, within_metres: within_metres? })
    })
}

fn duty(node: &Node<'_>) -> Option<DutyRules> {
    node.table(|t| {
        let ring_minutes = t.need("ring", |node| node.minutes(1..=60));
        let usual = DutyRules::default().hand_over_minutes;
        let ahead = t.may("hand_over_ahead", |node| node.minutes(60..=7 * 24 * 60));
        Some(DutyRules { ring_minutes: ring_minutes?, hand_over_minutes: ahead?.unwrap_or(usual) })
    })
}

fn reception(node: &Node<'_>, channels: Option<&BTreeMap<ChannelId, Channel>>) -> Option<ReceptionRules> {
    node.table(|t| {
        let weekday = t.need("weekday", |node| node.word(&WEEKDAYS));
        let from = t.need("from", time_of_day);
        let until = t.need("until", |node| {
            let until = time_of_day(node)?;
            if until > from? {
                return Some(until);
            }
            node.refuse(
                ("this is not after `from`", "结束时间不晚于开始时间"),
                ("write a later time", "请写更晚的时间"),
            )
        });
        let slot_minutes = t.need("slot", |node| node.minutes(5..=240));
        let seats = t.need("seats", |node| node.whole(1..=COUNT_MAX));
        let channel = t.need("channel", |node| {
            let code = node.code::<ChannelId>()?;
            if channels.is_none_or(|known| known.contains_key(&code)) {
                return Some(code);
            }
            node.refuse(
                (format!("there is no channel '{code}'"), format!("没有渠道“{code}”")),
                ("write the code of a channel of [channels]", "请写 [channels] 中的渠道代码"),
            )
        });
        let kept_days = t.need("kept", |node| node.days(1..=DAYS_MAX));
        Some(ReceptionRules {
            weekday: weekday?,
            from: from?,
            until: until?,
            slot_minutes: slot_minutes?,
            seats: seats?,
            channel: channel?,
            kept_days: kept_days?,
        })
    })
}

fn time_of_day(node: &Node<'_>) -> Option<Time> {
    let text = node.text()?;
    if let Ok(time) = Time::strptime("%H:%M", &text) {
        return Some(time);
    }
    node.refuse(
        (format!("'{text}' is no time of day"), format!("“{text}”不是一天中的时间")),
        ("write hours and minutes, such as \"09:00\"", "请写时和分，例如 \"09:00\""),
    )
}

fn campaigns(node: &Node<'_>) -> Option<CampaignRules> {
    node.table(|t| {
        let effect_days = t.need("effect", |node| node.days(14..=366));
        let warn_days = t.need("warn_before", |node| node.days(1..=30));
        Some(CampaignRules { effect_days: effect_days?, warn_days: warn_days? })
    })
}

/// The first thing in braces, in either language, that is none of what is filled in.
fn stranger<'n>(text: &'n Name, filled_in: &[&str]) -> Option<&'n str> {
    // What stands before the first brace is not in braces.
    let braced = [&text.zh, &text.en].into_iter().flat_map(|text| text.split('{').skip(1));
    let mut inside = braced.map(|rest| rest.split_once('}').map_or(rest, |(inside, _)| inside));
    inside.find(|inside| !filled_in.contains(inside))
}

/// How a value is written in the file.
pub(super) fn spelled<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| *word)
}
