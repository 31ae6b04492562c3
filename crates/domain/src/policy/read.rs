//! Reading a policy 读取机制: TOML text in, a whole [`Policy`] out, or all that is wrong with the text at once.
//!
//! Besides types and keys it checks what only the file as a whole can show: codes that lead nowhere, rules never
//! reached, clocks that cannot run, a category tree that bites its tail. It must never fill in a number of the
//! mechanism that the file leaves out. Units are checked where the organisation is known, not here.

mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use sha2::{Digest as _, Sha256};
use toml::de::DeTable;

pub use self::table::{Fault, Faults};
use self::table::{Node, Sink, Table};
use super::{
    Assignee, BreachLevel, Category, Channel, Class, ClockRule, ClosingRules, ContactRules, Count, DispatchRules,
    EscalationRules, ExtensionRules, Field, FieldKind, Form, Length, Milestone, Name, Policy, Rate, Recipient,
    RepeatRules, Responsibility, Retention, ReturnRules, Route, Seat, Studio, Triage, UrgentRule, WhistleRules,
};
use crate::{
    case::Origin,
    ids::{BadCode, CategoryId, ClassId, ClockId, FormId, UnitId},
};

/// Longest length of time a policy may give, in minutes: ten years. A bound against slips, not a rule.
const MINUTES_MAX: u32 = 10 * 366 * 24 * 60;
/// Longest length in days, natural or working: ten years.
const DAYS_MAX: u32 = 3_660;
/// Bound on counts of people, units, attempts.
const COUNT_MAX: u32 = 1_000;
/// Most levels of the category tree.
const LEVELS_MAX: usize = 3;
/// Most characters of one form field.
const FIELD_CHARS_MAX: u32 = 20_000;
/// Characters of a date, `YYYY-MM-DD`.
const DATE_CHARS: u32 = 10;
/// Characters of `false`.
const YES_NO_CHARS: u32 = 5;

/// Clocks that every policy has, with what starts (where it cannot be otherwise) and what stops them (section 4).
const CLOCKS: [(&str, Option<Milestone>, Milestone); 8] = [
    ("dispatch", None, Milestone::Dispatched),
    ("contact", None, Milestone::Contacted),
    ("verify", None, Milestone::Verified),
    ("finish", None, Milestone::Finished),
    ("opinion", None, Milestone::OpinionFiled),
    ("follow_up", None, Milestone::FollowedUp),
    ("report_in", Some(Milestone::WhistleBlown), Milestone::ReportedIn),
    ("bad_rating", Some(Milestone::BadlyRated), Milestone::BadRatingAnswered),
];

/// Forms that every policy has (section 7).
const FORMS: [&str; 2] = ["opinion", "follow_up"];

/// Answers of a follow-up that the program asks for by itself, so no field may take their names.
const FOLLOW_UP_ANSWERS: [&str; 4] = ["reached", "responded", "solved", "satisfied"];

const ORIGINS: [(&str, Origin); 3] =
    [("request", Origin::Request), ("inspection", Origin::Inspection), ("signal", Origin::Signal)];

const MILESTONES: [(&str, Milestone); 12] = [
    ("registered", Milestone::Registered),
    ("dispatched", Milestone::Dispatched),
    ("accepted", Milestone::Accepted),
    ("contacted", Milestone::Contacted),
    ("verified", Milestone::Verified),
    ("finished", Milestone::Finished),
    ("opinion_filed", Milestone::OpinionFiled),
    ("followed_up", Milestone::FollowedUp),
    ("badly_rated", Milestone::BadlyRated),
    ("bad_rating_answered", Milestone::BadRatingAnswered),
    ("whistle_blown", Milestone::WhistleBlown),
    ("reported_in", Milestone::ReportedIn),
];

const RECIPIENTS: [(&str, Recipient); 9] = [
    ("lead_unit", Recipient::LeadUnit),
    ("co_units", Recipient::CoUnits),
    ("handler", Recipient::Handler),
    ("parent_unit", Recipient::ParentUnit),
    ("liaison_office", Recipient::LiaisonOffice),
    ("leaders", Recipient::Leaders),
    ("duty", Recipient::Duty),
    ("discipline", Recipient::Discipline),
    ("clock_unit", Recipient::ClockUnit),
];

const ROUTES: [(&str, Route); 2] = [("mediation", Route::Mediation), ("legal_aid", Route::LegalAid)];

const COUNTS: [(&str, Count); 13] = [
    ("contact_met", Count::ContactMet),
    ("contact_due", Count::ContactDue),
    ("clocks_met", Count::ClocksMet),
    ("clocks_due", Count::ClocksDue),
    ("followed_up", Count::FollowedUp),
    ("solved", Count::Solved),
    ("satisfied", Count::Satisfied),
    ("whistle_calls", Count::WhistleCalls),
    ("report_ins", Count::ReportIns),
    ("whistles_settled", Count::WhistlesSettled),
    ("whistles_solved", Count::WhistlesSolved),
    ("findings", Count::Findings),
    ("findings_finished", Count::FindingsFinished),
];

/// What may stand above which line: the part, then the whole it is a part of.
const PARTS: [(Count, Count); 7] = [
    (Count::ContactMet, Count::ContactDue),
    (Count::ClocksMet, Count::ClocksDue),
    (Count::Solved, Count::FollowedUp),
    (Count::Satisfied, Count::FollowedUp),
    (Count::ReportIns, Count::WhistleCalls),
    (Count::WhistlesSolved, Count::WhistlesSettled),
    (Count::FindingsFinished, Count::Findings),
];

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
            format!("this is no TOML: {}", error.message()),
            "correct the syntax here, then check again",
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
    decline_reasons: BTreeSet<Word>,
}

fn policy(t: &Table<'_>, text: &str) -> Option<Policy> {
    let mut known = Known {
        classes: BTreeSet::new(),
        categories: t.peek("categories").map(|node| node.codes()).unwrap_or_default(),
        decline_reasons: BTreeSet::new(),
    };
    let name = t.need("name", name);
    let time_zone = t.need("time_zone", time_zone);
    let number_prefix = t.need("number_prefix", number_prefix);
    let channels = t.need("channels", |node| some_by_code(node, |_, node| channel(node)));
    let classes = t.need("classes", |node| classes(node, &mut known.classes));
    let clocks = t.need("clocks", |node| clocks(node, &known));
    let categories = t.need("categories", |node| categories(node, &known));
    let urgent_rules = t.need("urgent_rules", |node| urgent_rules(node, &known));
    let triage = t.need("triage", |node| triage(node, &known));
    let responsibilities = t.need("responsibilities", |node| responsibilities(node, &known));
    let dispatch = t.need("dispatch", dispatch);
    let contact = t.need("contact", contact);
    let returns = t.need("returns", returns);
    let extensions = t.need("extensions", extensions);
    let whistle = t.need("whistle", whistle);
    let escalation = t.need("escalation", escalation);
    let team = t.need("team", team);
    let studios = t.need("studios", |node| node.by_code(|_, node| studio(node)));
    let forms = t.need("forms", forms);
    let closing = t.need("closing", |node| closing(node, &mut known.decline_reasons));
    let rates = t.need("rates", |node| rates(node, &known));
    let duty_posts = t.need("duty_posts", |node| node.by_code(|_, node| self::name(node)));
    let retention = t.need("retention", retention);
    let repeats = t.need("repeats", repeats);
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
        closing: closing?,
        rates: rates?,
        duty_posts: duty_posts?,
        retention: retention?,
        repeats: repeats?,
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
    node.refuse(format!("there is no time zone '{zone}'"), "write an IANA name, such as \"Asia/Shanghai\"")
}

fn number_prefix(node: &Node<'_>) -> Option<String> {
    let prefix = node.text()?;
    let fits = prefix.len() <= 8 && prefix.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if fits {
        return Some(prefix);
    }
    node.refuse(format!("'{prefix}' cannot begin a case number"), "use 1 to 8 of the characters A-Z 0-9")
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
        return node.refuse("this is empty", "add at least one");
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
    node.refuse(format!("{} is missing here", lacking.join(", ")), "add it: the program counts by this code")
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
                node.refuse(format!("'{code}' is the code of another one"), "give each a code of its own")
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
        return node.refuse("there is no class", "add at least one, the most severe first");
    }
    Some(classes)
}

fn clocks(node: &Node<'_>, known: &Known) -> Option<BTreeMap<ClockId, ClockRule>> {
    let codes: BTreeSet<ClockId> = node.codes();
    let mut whole = true;
    for (must, _, stop) in CLOCKS {
        if !codes.contains(must) {
            whole = false;
            node.refuse::<()>(
                format!("the clock '{must}' is missing"),
                format!("add [clocks.{must}], stopped by {}", spelled(&MILESTONES, stop)),
            );
        }
    }
    let clocks = node.by_code(|id: &ClockId, node| clock(id, node, known))?;
    whole.then_some(clocks)
}

fn clock(id: &ClockId, node: &Node<'_>, known: &Known) -> Option<ClockRule> {
    node.table(|t| {
        let name = t.need("name", name);
        let start = t.need("start", |node| node.word(&MILESTONES));
        let stop = t.need("stop", |node| {
            let stop = node.word(&MILESTONES)?;
            fitting_stop(id, node, start?, stop)
        });
        let length = t.need("length", |node| lengths(node, known));
        let complex = t.may("complex", running_length);
        let warn_at = t.may_list("warn_at", warn_shares);
        let own = start == Some(Milestone::WhistleBlown);
        let warn = t.may_list("warn", |node| recipients(node, own));
        let breach = t.need("breach", |node| breach(node, own));
        let extendable = t.need("extendable", Node::flag);
        let origins = t.may_list("origins", |node| node.set(|node| node.word(&ORIGINS)));
        let (warn_at, warn) = (warn_at?, warn?);
        if warn_at.is_empty() != warn.is_empty() {
            return t.refuse(
                "warn_at and warn do not fit together",
                "give both, when to warn and whom, or neither for a clock without warning",
            );
        }
        Some(ClockRule {
            name: name?,
            start: start?,
            stop: stop?,
            length: length?,
            complex: complex?,
            warn_at,
            warn,
            breach: breach?,
            extendable: extendable?,
            origins: origins?,
        })
    })
}

/// Whether the clock can run from `start` to `stop`, and is the one that its code promises.
fn fitting_stop(id: &ClockId, node: &Node<'_>, start: Milestone, stop: Milestone) -> Option<Milestone> {
    if start == stop {
        return node.refuse("this clock stops where it starts", "name the act that ends it");
    }
    if let Some((_, must_start, must_stop)) = CLOCKS.iter().find(|(code, _, _)| *code == id.as_str()) {
        let starts_well = must_start.is_none_or(|must| must == start);
        if stop != *must_stop || !starts_well {
            let from = must_start.map_or(String::new(), |must| format!("start at {} and ", spelled(&MILESTONES, must)));
            return node.refuse(
                format!("the clock '{id}' does not run so"),
                format!("let it {from}stop at {}", spelled(&MILESTONES, *must_stop)),
            );
        }
    }
    let by_whistle = [start == Milestone::WhistleBlown, stop == Milestone::ReportedIn];
    if by_whistle[0] != by_whistle[1] {
        return node.refuse(
            "whistle_blown and reported_in belong together",
            "start the clock at whistle_blown and stop it at reported_in, or use neither",
        );
    }
    if matches!(stop, Milestone::Registered | Milestone::BadlyRated | Milestone::WhistleBlown) {
        return node.refuse("this act only starts clocks", "name the act that ends this one");
    }
    Some(stop)
}

fn lengths(node: &Node<'_>, known: &Known) -> Option<BTreeMap<ClassId, Length>> {
    let codes: BTreeSet<ClassId> = node.codes();
    let mut whole = true;
    for class in known.classes.iter().filter(|class| !codes.contains(*class)) {
        whole = false;
        node.refuse::<()>(
            format!("the class '{class}' has no length"),
            format!("add {class} = \"…\", such as \"2 h\""),
        );
    }
    let lengths = node.by_code(|class: &ClassId, node| {
        if !known.classes.is_empty() && !known.classes.contains(class) {
            return node.refuse(format!("there is no class '{class}'"), "remove it, or add the class to [[classes]]");
        }
        running_length(node)
    })?;
    whole.then_some(lengths)
}

/// The length of a clock: more than nothing.
fn running_length(node: &Node<'_>) -> Option<Length> {
    match node.length()? {
        length @ (Length::Minutes(1..=MINUTES_MAX) | Length::WorkingDays(1..=DAYS_MAX)) => Some(length),
        _ => node.refuse("a clock cannot run for this long", "write a length above zero and below ten years"),
    }
}

fn warn_shares(node: &Node<'_>) -> Option<Vec<f64>> {
    let mut last = 0.0;
    node.list(|node| {
        let share = node.share()?;
        if share <= std::mem::replace(&mut last, share) || share >= 1.0 {
            return node.refuse(
                "warnings must come after the start, one after another, before the end",
                "write shares between 0 and 1 in ascending order, such as [0.5, 0.8]",
            );
        }
        Some(share)
    })
}

fn recipients(node: &Node<'_>, own_clock: bool) -> Option<Vec<Recipient>> {
    let all = node.set(|node| {
        let recipient = node.word(&RECIPIENTS)?;
        if recipient == Recipient::ClockUnit && !own_clock {
            return node.refuse("only clocks that a whistle starts have a unit of their own", "write lead_unit");
        }
        Some(recipient)
    })?;
    if all.is_empty() {
        return node.refuse("nobody is told", "name who is told, or remove the key");
    }
    Some(all)
}

fn breach(node: &Node<'_>, own_clock: bool) -> Option<Vec<BreachLevel>> {
    let mut last = None;
    let levels = node.list(|node| {
        node.table(|t| {
            let after_minutes = t.need("after", |node| {
                let after = node.minutes(0..=MINUTES_MAX)?;
                let before = last.replace(after);
                if before.is_none() && after != 0 {
                    return node
                        .refuse("nobody hears of the breach itself", "let the first level be after = \"0 min\"");
                }
                if before.is_some_and(|before| after <= before) {
                    return node.refuse("the levels do not ascend", "let each level come later than the one before");
                }
                Some(after)
            });
            let tell = t.need("tell", |node| recipients(node, own_clock));
            Some(BreachLevel { after_minutes: after_minutes?, tell: tell? })
        })
    })?;
    if levels.is_empty() {
        return node.refuse("a breach does nothing", "add { after = \"0 min\", tell = [ … ] }");
    }
    Some(levels)
}

fn categories(node: &Node<'_>, known: &Known) -> Option<BTreeMap<CategoryId, Category>> {
    let mut parents: BTreeMap<CategoryId, (CategoryId, Node<'_>)> = BTreeMap::new();
    let all = some_by_code(node, |id: &CategoryId, node| {
        node.table(|t| {
            let name = t.need("name", name);
            let parent = t.may("parent", |node| {
                let parent = node.known(&known.categories, "category")?;
                parents.insert(id.clone(), (parent.clone(), node.clone()));
                Some(parent)
            });
            let words = t.may_list("words", words);
            let class = t.may("class", |node| node.known(&known.classes, "class"));
            let photo_due = t.may("photo_due", Node::flag);
            Some(Category {
                name: name?,
                parent: parent?,
                words: words?,
                class: class?,
                photo_due: photo_due?.unwrap_or(false),
            })
        })
    });
    let sound = sound_tree(&parents);
    all.filter(|_| sound)
}

/// Whether every category leads up to a top within the levels allowed; each cycle is noted once.
fn sound_tree(parents: &BTreeMap<CategoryId, (CategoryId, Node<'_>)>) -> bool {
    let mut sound = true;
    let mut circling: BTreeSet<&CategoryId> = BTreeSet::new();
    for (id, (_, node)) in parents {
        let mut way = vec![id];
        let mut at = id;
        while let Some((parent, _)) = parents.get(at) {
            if way.contains(&parent) {
                break;
            }
            way.push(parent);
            at = parent;
        }
        let ends = !parents.contains_key(at);
        if ends && way.len() > LEVELS_MAX {
            sound = false;
            node.refuse::<()>(
                format!("this category is on level {}", way.len()),
                format!("let the tree have at most {LEVELS_MAX} levels"),
            );
        }
        let in_cycle = !ends && parents.get(at).is_some_and(|(parent, _)| parent == id);
        if !ends {
            sound = false;
        }
        if in_cycle && !way.iter().any(|member| circling.contains(member)) {
            let shown: Vec<&str> = way.iter().map(|member| member.as_str()).collect();
            node.refuse::<()>(
                format!("the categories go round in a circle: {} → {id}", shown.join(" → ")),
                "give one of them another parent, or none",
            );
            circling.extend(&way);
        }
    }
    sound
}

/// Words to be looked for in texts, so in the form that texts are compared in.
fn words(node: &Node<'_>) -> Option<Vec<String>> {
    node.set(|node| {
        let word = node.text()?;
        let strange = |c: char| c.is_uppercase() || ('\u{ff01}'..='\u{ff5e}').contains(&c);
        if word.contains(strange) {
            return node.refuse(format!("'{word}' would never be found"), "write it in half width and lower case");
        }
        Some(word)
    })
}

/// A list of words that may not be empty.
fn some_words(node: &Node<'_>) -> Option<Vec<String>> {
    let all = words(node)?;
    if all.is_empty() {
        return node.refuse("there is no word", "add at least one");
    }
    Some(all)
}

fn urgent_rules(node: &Node<'_>, known: &Known) -> Option<Vec<UrgentRule>> {
    listed(node, word, |t, id| {
        let name = t.need("name", name);
        let any = t.need("any", some_words);
        let with = t.may_list("with", words);
        let unless = t.may_list("unless", words);
        let class = t.need("class", |node| node.known(&known.classes, "class"));
        Some(UrgentRule { id: id?, name: name?, any: any?, with: with?, unless: unless?, class: class? })
    })
}

fn triage(node: &Node<'_>, known: &Known) -> Option<Triage> {
    node.table(|t| {
        let abstain_below = t.need("abstain_below", Node::share);
        let public_opinion = t.need("public_opinion", words);
        let skip_level = t.need("skip_level", words);
        let unclear = t.need("unclear", words);
        let easy = t.need("easy", words);
        let class = |node: &Node<'_>| node.known(&known.classes, "class");
        let risky_class = t.need("risky_class", class);
        let easy_class = t.need("easy_class", class);
        let other_class = t.need("other_class", class);
        Some(Triage {
            abstain_below: abstain_below?,
            public_opinion: public_opinion?,
            skip_level: skip_level?,
            unclear: unclear?,
            easy: easy?,
            risky_class: risky_class?,
            easy_class: easy_class?,
            other_class: other_class?,
        })
    })
}

fn responsibilities(node: &Node<'_>, known: &Known) -> Option<Vec<Responsibility>> {
    let mut before: Vec<Responsibility> = Vec::new();
    node.list(|item| {
        let rule = item.table(|t| {
            let category = t.may("category", |node| node.known(&known.categories, "category"));
            let area = t.may("area", Node::code);
            let lead = t.need("lead", assignee);
            let with = t.may_list("with", |node| node.set(assignee));
            let (lead, with) = (lead?, with?);
            if with.contains(&lead) {
                return t.refuse("the lead unit is its own co-unit", "remove it from `with`");
            }
            Some(Responsibility { category: category?, area: area?, lead, with })
        })?;
        // Rules for the same category and area are tried from the first; the next has its turn only where the place,
        // and so its grid or community, is not known.
        let takes_all = |earlier: &Responsibility| {
            let same = earlier.category == rule.category && earlier.area == rule.area;
            same && (matches!(earlier.lead, Assignee::Unit(_)) || !matches!(rule.lead, Assignee::Unit(_)))
        };
        if let Some(index) = before.iter().position(takes_all) {
            return item.refuse(
                format!("this rule is never reached: rule {} takes all that it would take", index + 1),
                "merge the two, or remove one",
            );
        }
        before.push(rule.clone());
        Some(rule)
    })
}

/// A unit by code, or `@grid`, `@community`: that of the place.
fn assignee(node: &Node<'_>) -> Option<Assignee> {
    let text = node.text()?;
    match text.strip_prefix('@') {
        None => node.code().map(Assignee::Unit),
        Some("grid") => Some(Assignee::Grid),
        Some("community") => Some(Assignee::Community),
        Some(_) => {
            node.refuse(format!("'{text}' is not known here"), "write a unit's code, \"@grid\" or \"@community\"")
        }
    }
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
                return node.refuse("the most is less than the fewest", "write a number not below `min`");
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
        Some(Studio { name: name?, route: route? })
    })
}

fn forms(node: &Node<'_>) -> Option<BTreeMap<FormId, Form>> {
    let codes: BTreeSet<FormId> = node.codes();
    let mut whole = true;
    for must in FORMS.into_iter().filter(|must| !codes.contains(*must)) {
        whole = false;
        node.refuse::<()>(format!("the form '{must}' is missing"), format!("add [forms.{must}] with its fields"));
    }
    let forms = node.by_code(|id: &FormId, node| form(id, node))?;
    whole.then_some(forms)
}

fn form(id: &FormId, node: &Node<'_>) -> Option<Form> {
    node.table(|t| {
        let name = t.need("name", name);
        let fields = t.need("fields", |node| {
            let fields = listed(node, |node| field_code(id, node), field)?;
            if !fields.iter().any(|field| field.required) {
                return node
                    .refuse("nothing of this form must be filled in", "let at least one field be required = true");
            }
            Some(fields)
        });
        Some(Form { name: name?, fields: fields? })
    })
}

fn field_code(form: &FormId, node: &Node<'_>) -> Option<String> {
    let code = word(node)?;
    if form.as_str() == "follow_up" && FOLLOW_UP_ANSWERS.contains(&code.as_str()) {
        return node.refuse(format!("the program asks for '{code}' by itself"), "remove this field");
    }
    Some(code)
}

fn field(t: &Table<'_>, id: Option<String>) -> Option<Field> {
    let name = t.need("name", name);
    let required = t.need("required", Node::flag);
    let kind = t.need("kind", |node| {
        node.word(&[("text", Kind::Text), ("yes_no", Kind::YesNo), ("choice", Kind::Choice), ("date", Kind::Date)])
    });
    let Some(kind) = kind else {
        // Which of these belongs here is not known, so neither may be called unknown.
        let _ = (t.peek("max_chars"), t.peek("choices"));
        return None;
    };
    let (kind, max_chars) = match kind {
        Kind::Text => {
            let most = t.need("max_chars", |node| node.whole(1..=FIELD_CHARS_MAX));
            (FieldKind::Text, most?)
        }
        Kind::Choice => {
            let choices = t.need("choices", choices)?;
            let longest = choices.keys().map(String::len).max().unwrap_or_default();
            (FieldKind::Choice(choices), u32::try_from(longest).unwrap_or(u32::MAX))
        }
        Kind::YesNo => (FieldKind::YesNo, YES_NO_CHARS),
        Kind::Date => (FieldKind::Date, DATE_CHARS),
    };
    Some(Field { id: id?, name: name?, kind, required: required?, max_chars })
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    YesNo,
    Choice,
    Date,
}

fn closing(node: &Node<'_>, decline_reasons: &mut BTreeSet<Word>) -> Option<ClosingRules> {
    node.table(|t| {
        let grades = t.need("grades", |node| small(node, 2..=10));
        let bad_up_to = t.need("bad_up_to", |node| small(node, 1..=u32::from(grades?) - 1));
        let satisfied_from =
            t.need("satisfied_from", |node| small(node, u32::from(bad_up_to?) + 1..=u32::from(grades?)));
        let rate_within_days = t.need("rate_within", |node| node.days(1..=DAYS_MAX));
        let reopen_within_days = t.need("reopen_within", |node| node.days(1..=DAYS_MAX));
        let follow_up_rounds = t.need("follow_up_rounds", |node| node.whole(1..=COUNT_MAX));
        let reasons = t.need("decline_reasons", |node| {
            decline_reasons.extend(node.codes::<Word>());
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
        let numerator = t.need("numerator", |node| node.word(&COUNTS));
        let denominator = t.need("denominator", |node| {
            let below = node.word(&COUNTS)?;
            let above = numerator?;
            if PARTS.contains(&(above, below)) {
                return Some(below);
            }
            let remedy = match PARTS.iter().find(|(part, _)| *part == above) {
                Some((_, whole)) => format!("divide it by {}", spelled(&COUNTS, *whole)),
                None => "put above the line a part of what stands below".to_owned(),
            };
            node.refuse(format!("{} is no part of {}", spelled(&COUNTS, above), spelled(&COUNTS, below)), remedy)
        });
        let exclude = t.may_list("exclude", |node| {
            node.set(|node| node.known(&known.decline_reasons, "decline reason").map(|word| word.0))
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

/// How a value is written in the file.
fn spelled<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| *word)
}
