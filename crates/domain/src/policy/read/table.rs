//! A small reader of TOML that collects: every value is asked for by the type it should have, every fault is noted with
//! its place, and reading goes on, so that one look at a file shows all that is wrong with it. It knows nothing of what
//! a policy means and must never supply a value that the file does not give.
//!
//! A reading function returns `None` only after a fault was noted; read all parts of a table first, then use `?`.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::{Range, RangeInclusive},
};

use toml::de::{DeTable, DeValue};

use crate::{ids::BadCode, policy::Length};

const MINUTES_PER_HOUR: u32 = 60;
const MINUTES_PER_DAY: u32 = 24 * MINUTES_PER_HOUR;

/// One fault of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Where, as a dotted path; members of a list are counted from 1: `clocks.finish.warn_at[2]`.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

/// All faults of a policy file, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Where faults gather.
pub(super) struct Sink<'t> {
    text: &'t str,
    faults: RefCell<Vec<(usize, Fault)>>,
}

impl<'t> Sink<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, faults: RefCell::new(Vec::new()) }
    }

    pub(super) fn note(&self, offset: usize, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let fault = Fault { line, column, key: key.to_owned(), what: what.into(), remedy: remedy.into() };
        self.faults.borrow_mut().push((offset, fault));
    }

    /// Everything noted, in the order of the file.
    pub(super) fn into_faults(self) -> Faults {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|(offset, _)| *offset);
        Faults(faults.into_iter().map(|(_, fault)| fault).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.borrow().is_empty()
    }
}

/// A value with its place.
#[derive(Clone)]
pub(super) struct Node<'t> {
    sink: &'t Sink<'t>,
    path: String,
    span: Range<usize>,
    value: &'t DeValue<'t>,
}

impl<'t> Node<'t> {
    /// Notes a fault of this value.
    pub(super) fn refuse<T>(&self, what: impl Into<String>, remedy: impl Into<String>) -> Option<T> {
        self.sink.note(self.span.start, &self.path, what, remedy);
        None
    }

    fn wrong_type<T>(&self, remedy: &str) -> Option<T> {
        self.refuse(format!("this is {}", type_in_words(self.value)), remedy)
    }

    /// A text with something in it.
    pub(super) fn text(&self) -> Option<String> {
        match self.value {
            DeValue::String(text) if text.trim().is_empty() => self.refuse("the text is empty", "write the text"),
            DeValue::String(text) => Some(text.trim().to_owned()),
            _ => self.wrong_type("write a text in double quotes"),
        }
    }

    /// A code.
    pub(super) fn code<T: TryFrom<String, Error = BadCode>>(&self) -> Option<T> {
        let text = self.text()?;
        T::try_from(text).or_else(|bad| self.refuse(bad_code(&bad.0), CODE_REMEDY).ok_or(())).ok()
    }

    /// A code that must be among those known.
    pub(super) fn known<T>(&self, known: &BTreeSet<T>, kind: &str) -> Option<T>
    where
        T: TryFrom<String, Error = BadCode> + Ord + fmt::Display,
    {
        let code: T = self.code()?;
        // Nothing known means that the list itself is at fault, and was noted as such.
        if known.is_empty() || known.contains(&code) {
            return Some(code);
        }
        let codes: Vec<String> = known.iter().map(ToString::to_string).collect();
        self.refuse(format!("there is no {kind} '{code}'"), choose(&code.to_string(), codes.iter().map(String::as_str)))
    }

    /// One of a fixed set of words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        self.refuse(format!("'{text}' is not known here"), choose(&text, words.iter().map(|(word, _)| *word)))
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        let DeValue::Integer(integer) = self.value else {
            return self.wrong_type("write a whole number without quotes");
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        match number.and_then(|number| u32::try_from(number).ok()).filter(|number| bounds.contains(number)) {
            Some(number) => Some(number),
            None => self.refuse(
                format!("{} is out of bounds", integer.as_str()),
                format!("write a number from {} to {}", bounds.start(), bounds.end()),
            ),
        }
    }

    /// A share between 0 and 1, ends included.
    pub(super) fn share(&self) -> Option<f64> {
        let written = match self.value {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) => integer.as_str(),
            _ => return self.wrong_type("write a number from 0 to 1, such as 0.5"),
        };
        match written.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share)) {
            Some(share) => Some(share),
            None => self.refuse(format!("{written} is no share"), "write a number from 0 to 1, such as 0.5"),
        }
    }

    /// True or false.
    pub(super) fn flag(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong_type("write true or false without quotes"),
        }
    }

    /// A length of time: `10 min`, `1 h`, `30 days`, `3 working days`.
    pub(super) fn length(&self) -> Option<Length> {
        let text = self.text()?;
        match length(&text) {
            Some(length) => Some(length),
            None => self.refuse(
                format!("'{text}' is no length of time"),
                "write one such as \"10 min\", \"24 h\", \"30 days\" or \"3 working days\"",
            ),
        }
    }

    /// A length of natural time, in minutes, within bounds given in minutes.
    pub(super) fn minutes(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        match self.length()? {
            Length::Minutes(minutes) if bounds.contains(&minutes) => Some(minutes),
            Length::Minutes(_) => self.refuse(
                "this length is out of bounds",
                format!("write one from {} to {}", in_words(*bounds.start()), in_words(*bounds.end())),
            ),
            Length::WorkingDays(_) => {
                self.refuse("working days do not fit here", "write natural time, such as \"30 min\" or \"72 h\"")
            }
        }
    }

    /// A length in whole natural days, within bounds.
    pub(super) fn days(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        let minutes = self.minutes(0..=u32::MAX)?;
        let days = minutes / MINUTES_PER_DAY;
        if minutes.is_multiple_of(MINUTES_PER_DAY) && bounds.contains(&days) {
            return Some(days);
        }
        self.refuse(
            "this is no number of days that fits here",
            format!("write whole days from \"{} days\" to \"{} days\"", bounds.start(), bounds.end()),
        )
    }

    /// A number of working days, within bounds.
    pub(super) fn working_days(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        match self.length()? {
            Length::WorkingDays(days) if bounds.contains(&days) => Some(days),
            _ => self.refuse(
                "this is no number of working days that fits here",
                format!("write \"{} working days\" to \"{} working days\"", bounds.start(), bounds.end()),
            ),
        }
    }

    /// A list, each member read by `read`.
    pub(super) fn list<T>(&self, mut read: impl FnMut(&Node<'t>) -> Option<T>) -> Option<Vec<T>> {
        let DeValue::Array(array) = self.value else { return self.wrong_type("write a list in [ ]") };
        let all: Vec<Option<T>> = array
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let path = format!("{}[{}]", self.path, index + 1);
                read(&Node { sink: self.sink, path, span: item.span(), value: item.get_ref() })
            })
            .collect();
        all.into_iter().collect()
    }

    /// A list without doubles.
    pub(super) fn set<T: PartialEq>(&self, mut read: impl FnMut(&Node<'t>) -> Option<T>) -> Option<Vec<T>> {
        let mut seen: Vec<T> = Vec::new();
        let mut whole = true;
        let read_all = self.list(|node| {
            let item = read(node);
            match item {
                None => whole = false,
                Some(item) if seen.contains(&item) => {
                    whole = false;
                    node.refuse::<()>("this is in the list already", "remove one of the two");
                }
                Some(item) => seen.push(item),
            }
            Some(())
        });
        read_all.filter(|_| whole).map(|_| seen)
    }

    /// A table, read by `read`; keys that `read` did not ask for are faults.
    pub(super) fn table<T>(&self, read: impl FnOnce(&Table<'t>) -> Option<T>) -> Option<T> {
        let DeValue::Table(table) = self.value else {
            return self.wrong_type("write a table, such as { key = value }");
        };
        let table = Table {
            sink: self.sink,
            path: self.path.clone(),
            span: self.span.clone(),
            table,
            asked: RefCell::default(),
        };
        let value = read(&table);
        table.refuse_unknown();
        value
    }

    /// A table whose keys are codes that the file chooses.
    pub(super) fn by_code<K, T>(&self, mut read: impl FnMut(&K, &Node<'t>) -> Option<T>) -> Option<BTreeMap<K, T>>
    where
        K: TryFrom<String, Error = BadCode> + Ord,
    {
        let DeValue::Table(table) = self.value else {
            return self.wrong_type("write a table, such as { code = value }");
        };
        let mut whole = true;
        let mut all = BTreeMap::new();
        for (key, item) in table {
            let node = Node {
                sink: self.sink,
                path: join(&self.path, key.get_ref()),
                span: item.span(),
                value: item.get_ref(),
            };
            match K::try_from(key.get_ref().to_string()) {
                Err(bad) => {
                    self.sink.note(key.span().start, &node.path, bad_code(&bad.0), CODE_REMEDY);
                    whole = false;
                }
                Ok(code) => match read(&code, &node) {
                    Some(value) => drop(all.insert(code, value)),
                    None => whole = false,
                },
            }
        }
        whole.then_some(all)
    }

    /// The codes that a table uses as keys, so far as they are codes.
    pub(super) fn codes<K: TryFrom<String> + Ord>(&self) -> BTreeSet<K> {
        let DeValue::Table(table) = self.value else { return BTreeSet::new() };
        table.keys().filter_map(|key| K::try_from(key.get_ref().to_string()).ok()).collect()
    }
}

/// A table of which keys are asked one by one.
pub(super) struct Table<'t> {
    sink: &'t Sink<'t>,
    path: String,
    span: Range<usize>,
    table: &'t DeTable<'t>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'t> Table<'t> {
    /// Reads a whole document.
    pub(super) fn document<T>(
        sink: &'t Sink<'t>,
        table: &'t DeTable<'t>,
        read: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<T> {
        let table = Self { sink, path: String::new(), span: 0..0, table, asked: RefCell::default() };
        let value = read(&table);
        table.refuse_unknown();
        value
    }

    fn ask(&self, key: &'static str) -> Option<Node<'t>> {
        self.asked.borrow_mut().insert(key);
        let item = self.table.get(key)?;
        Some(Node { sink: self.sink, path: join(&self.path, key), span: item.span(), value: item.get_ref() })
    }

    /// What the key holds, without a fault when it is missing; to look ahead.
    pub(super) fn peek(&self, key: &'static str) -> Option<Node<'t>> {
        self.ask(key)
    }

    /// A key that must be there.
    pub(super) fn need<T>(&self, key: &'static str, read: impl FnOnce(&Node<'t>) -> Option<T>) -> Option<T> {
        match self.ask(key) {
            Some(node) => read(&node),
            None => self.lacks(key),
        }
    }

    /// A key that may be there.
    pub(super) fn may<T>(&self, key: &'static str, read: impl FnOnce(&Node<'t>) -> Option<T>) -> Option<Option<T>> {
        match self.ask(key) {
            Some(node) => read(&node).map(Some),
            None => Some(None),
        }
    }

    /// A list that may be there; its absence is the empty list.
    pub(super) fn may_list<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Node<'t>) -> Option<Vec<T>>,
    ) -> Option<Vec<T>> {
        self.may(key, read).map(Option::unwrap_or_default)
    }

    /// Notes that a key is missing.
    fn lacks<T>(&self, key: &str) -> Option<T> {
        self.sink.note(self.span.start, &join(&self.path, key), "this key is missing", format!("add {key} = …"));
        None
    }

    /// Notes a fault of the table as a whole.
    pub(super) fn refuse<T>(&self, what: impl Into<String>, remedy: impl Into<String>) -> Option<T> {
        self.sink.note(self.span.start, &self.path, what, remedy);
        None
    }

    fn refuse_unknown(&self) {
        let asked = self.asked.borrow();
        for key in self.table.keys().filter(|key| !asked.contains(key.get_ref().as_ref())) {
            let unused = asked.iter().copied().filter(|known| !self.table.contains_key(*known));
            let remedy = match nearest(key.get_ref(), unused) {
                Some(known) => format!("write {known}, or remove it"),
                None => format!("remove it; known here: {}", asked.iter().copied().collect::<Vec<_>>().join(", ")),
            };
            self.sink.note(key.span().start, &join(&self.path, key.get_ref()), "this key is not known", remedy);
        }
    }
}

const CODE_REMEDY: &str = "use 1 to 64 of the characters A-Z a-z 0-9 . _ -";

fn bad_code(code: &str) -> String {
    format!("'{code}' is not a code")
}

fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn type_in_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn length(text: &str) -> Option<Length> {
    let (number, unit) = text.split_once(' ')?;
    let number: u32 = number.parse().ok()?;
    let minutes_each = match unit.trim() {
        "working day" | "working days" => return Some(Length::WorkingDays(number)),
        "min" => 1,
        "h" => MINUTES_PER_HOUR,
        "day" | "days" => MINUTES_PER_DAY,
        _ => return None,
    };
    number.checked_mul(minutes_each).map(Length::Minutes)
}

fn in_words(minutes: u32) -> String {
    match minutes {
        m if m > 0 && m.is_multiple_of(MINUTES_PER_DAY) => format!("\"{} days\"", m / MINUTES_PER_DAY),
        m if m > 0 && m.is_multiple_of(MINUTES_PER_HOUR) => format!("\"{} h\"", m / MINUTES_PER_HOUR),
        m => format!("\"{m} min\""),
    }
}

/// A remedy that names the nearest word, or all words where none is near.
fn choose<'w>(written: &str, words: impl Iterator<Item = &'w str> + Clone) -> String {
    match nearest(written, words.clone()) {
        Some(near) => format!("did you mean '{near}'?"),
        None => {
            let words: Vec<&str> = words.collect();
            let shown = words.iter().take(12).copied().collect::<Vec<_>>().join(", ");
            format!("write one of: {shown}{}", if words.len() > 12 { ", …" } else { "" })
        }
    }
}

/// The known word with the fewest edits, if it is near enough to be meant.
fn nearest<'w>(written: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let (edits, word) = known.map(|word| (edits(written, word), word)).min()?;
    (edits <= 1 + word.chars().count().min(written.chars().count()) / 4).then_some(word)
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
