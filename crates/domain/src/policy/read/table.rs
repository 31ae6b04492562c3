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

use serde::Serialize;
use toml::de::{DeTable, DeValue};
use utoipa::ToSchema;

use crate::{ids::BadCode, policy::Length, words::Words};

const MINUTES_PER_HOUR: u32 = 60;
const MINUTES_PER_DAY: u32 = 24 * MINUTES_PER_HOUR;

/// One fault of a policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyFault)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Where, as a dotted path; members of a list are counted from 1: `clocks.finish.warn_at[2]`.
    pub key: String,
    /// What is wrong.
    pub what: Words,
    /// What to do.
    pub remedy: Words,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}；{} / {}; {}", self.what.zh, self.remedy.zh, self.what.en, self.remedy.en)
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

    pub(super) fn note(&self, offset: usize, key: &str, what: impl Into<Words>, remedy: impl Into<Words>) {
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
    pub(super) fn refuse<T>(&self, what: impl Into<Words>, remedy: impl Into<Words>) -> Option<T> {
        self.sink.note(self.span.start, &self.path, what, remedy);
        None
    }

    fn wrong_type<T>(&self, remedy: (&str, &str)) -> Option<T> {
        let (en, zh) = type_in_words(self.value);
        self.refuse((format!("this is {en}"), format!("这里是{zh}")), remedy)
    }

    /// A text with something in it.
    pub(super) fn text(&self) -> Option<String> {
        match self.value {
            DeValue::String(text) if text.trim().is_empty() => {
                self.refuse(("the text is empty", "内容是空的"), ("write the text", "请写上内容"))
            }
            DeValue::String(text) => Some(text.trim().to_owned()),
            _ => self.wrong_type(("write a text in double quotes", "请在双引号中写文字")),
        }
    }

    /// A code.
    pub(super) fn code<T: TryFrom<String, Error = BadCode>>(&self) -> Option<T> {
        let text = self.text()?;
        T::try_from(text).or_else(|bad| self.refuse(bad_code(&bad.0), CODE_REMEDY).ok_or(())).ok()
    }

    /// A code that must be among those known.
    pub(super) fn known<T>(&self, known: &BTreeSet<T>, kind: (&str, &str)) -> Option<T>
    where
        T: TryFrom<String, Error = BadCode> + Ord + fmt::Display,
    {
        let code: T = self.code()?;
        // Nothing known means that the list itself is at fault, and was noted as such.
        if known.is_empty() || known.contains(&code) {
            return Some(code);
        }
        let codes: Vec<String> = known.iter().map(ToString::to_string).collect();
        let (en, zh) = kind;
        let what = (format!("there is no {en} '{code}'"), format!("没有{zh}“{code}”"));
        self.refuse(what, choose(&code.to_string(), codes.iter().map(String::as_str)))
    }

    /// One of a fixed set of words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        self.refuse(
            (format!("'{text}' is not known here"), format!("这里没有“{text}”这个取值")),
            choose(&text, words.iter().map(|(word, _)| *word)),
        )
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        let DeValue::Integer(integer) = self.value else {
            return self.wrong_type(("write a whole number without quotes", "请写整数，不加引号"));
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        match number.and_then(|number| u32::try_from(number).ok()).filter(|number| bounds.contains(number)) {
            Some(number) => Some(number),
            None => self.refuse(
                (format!("{} is out of bounds", integer.as_str()), format!("{} 超出范围", integer.as_str())),
                (
                    format!("write a number from {} to {}", bounds.start(), bounds.end()),
                    format!("请写 {} 至 {} 的数", bounds.start(), bounds.end()),
                ),
            ),
        }
    }

    /// A share between 0 and 1, ends included.
    pub(super) fn share(&self) -> Option<f64> {
        let written = match self.value {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) => integer.as_str(),
            _ => return self.wrong_type(SHARE_REMEDY),
        };
        match written.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share)) {
            Some(share) => Some(share),
            None => self.refuse((format!("{written} is no share"), format!("{written} 不是比例")), SHARE_REMEDY),
        }
    }

    /// True or false.
    pub(super) fn flag(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong_type(("write true or false without quotes", "请写 true 或 false，不加引号")),
        }
    }

    /// A length of time: `10 min`, `1 h`, `30 days`, `3 working days`.
    pub(super) fn length(&self) -> Option<Length> {
        let text = self.text()?;
        match length(&text) {
            Some(length) => Some(length),
            None => self.refuse(
                (format!("'{text}' is no length of time"), format!("“{text}”不是时长")),
                (
                    "write one such as \"10 min\", \"24 h\", \"30 days\" or \"3 working days\"",
                    "请写成 \"10 min\"、\"24 h\"、\"30 days\" 或 \"3 working days\" 这样",
                ),
            ),
        }
    }

    /// A length of natural time, in minutes, within bounds given in minutes.
    pub(super) fn minutes(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        match self.length()? {
            Length::Minutes(minutes) if bounds.contains(&minutes) => Some(minutes),
            Length::Minutes(_) => self.refuse(
                ("this length is out of bounds", "时长超出范围"),
                (
                    format!("write one from {} to {}", in_words(*bounds.start()), in_words(*bounds.end())),
                    format!("请写 {} 至 {} 的时长", in_words(*bounds.start()), in_words(*bounds.end())),
                ),
            ),
            Length::WorkingDays(_) | Length::Until { .. } => self.refuse(
                ("working days do not fit here", "这里不能用工作日"),
                ("write natural time, such as \"30 min\" or \"72 h\"", "请写自然时间，例如 \"30 min\" 或 \"72 h\""),
            ),
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
            ("this is no number of days that fits here", "这里的天数不合适"),
            (
                format!("write whole days from \"{} days\" to \"{} days\"", bounds.start(), bounds.end()),
                format!("请写 \"{} days\" 至 \"{} days\" 的整天数", bounds.start(), bounds.end()),
            ),
        )
    }

    /// A number of working days, within bounds.
    pub(super) fn working_days(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        match self.length()? {
            Length::WorkingDays(days) if bounds.contains(&days) => Some(days),
            _ => self.refuse(
                ("this is no number of working days that fits here", "这里的工作日数不合适"),
                (
                    format!("write \"{} working days\" to \"{} working days\"", bounds.start(), bounds.end()),
                    format!("请写 \"{} working days\" 至 \"{} working days\"", bounds.start(), bounds.end()),
                ),
            ),
        }
    }

    /// A list, each member read by `read`.
    pub(super) fn list<T>(&self, mut read: impl FnMut(&Node<'t>) -> Option<T>) -> Option<Vec<T>> {
        let DeValue::Array(array) = self.value else {
            return self.wrong_type(("write a list in [ ]", "请在 [ ] 中写列表"));
        };
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
                    node.refuse::<()>(
                        ("this is in the list already", "列表中已经有了"),
                        ("remove one of the two", "请删去其中一个"),
                    );
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
            return self.wrong_type(("write a table, such as { key = value }", "请写成表，例如 { key = value }"));
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
            return self.wrong_type(("write a table, such as { code = value }", "请写成表，例如 { code = value }"));
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
        self.sink.note(
            self.span.start,
            &join(&self.path, key),
            ("this key is missing", "缺少这一项"),
            (format!("add {key} = …"), format!("请添加 {key} = …")),
        );
        None
    }

    /// Notes a fault of the table as a whole.
    pub(super) fn refuse<T>(&self, what: impl Into<Words>, remedy: impl Into<Words>) -> Option<T> {
        self.sink.note(self.span.start, &self.path, what, remedy);
        None
    }

    fn refuse_unknown(&self) {
        let asked = self.asked.borrow();
        for key in self.table.keys().filter(|key| !asked.contains(key.get_ref().as_ref())) {
            let unused = asked.iter().copied().filter(|known| !self.table.contains_key(*known));
            let remedy = match nearest(key.get_ref(), unused) {
                Some(known) => (format!("write {known}, or remove it"), format!("请写 {known}，或删去")),
                None => {
                    let asked = asked.iter().copied().collect::<Vec<_>>().join(", ");
                    (format!("remove it; known here: {asked}"), format!("请删去；这里可以有：{asked}"))
                }
            };
            self.sink.note(
                key.span().start,
                &join(&self.path, key.get_ref()),
                ("this key is not known", "没有这一项"),
                remedy,
            );
        }
    }
}

const SHARE_REMEDY: (&str, &str) = ("write a number from 0 to 1, such as 0.5", "请写 0 至 1 的数，例如 0.5");
const CODE_REMEDY: (&str, &str) =
    ("use 1 to 64 of the characters A-Z a-z 0-9 . _ -", "请用 1 至 64 个字符，限 A-Z a-z 0-9 . _ -");

fn bad_code(code: &str) -> (String, String) {
    (format!("'{code}' is not a code"), format!("“{code}”不能用作代码"))
}

fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn type_in_words(value: &DeValue<'_>) -> (&'static str, &'static str) {
    match value {
        DeValue::String(_) => ("a text", "文字"),
        DeValue::Integer(_) => ("a whole number", "整数"),
        DeValue::Float(_) => ("a number with a fraction", "小数"),
        DeValue::Boolean(_) => ("true or false", "是或否"),
        DeValue::Datetime(_) => ("a date or time", "日期或时间"),
        DeValue::Array(_) => ("a list", "列表"),
        DeValue::Table(_) => ("a table", "表"),
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
fn choose<'w>(written: &str, words: impl Iterator<Item = &'w str> + Clone) -> (String, String) {
    match nearest(written, words.clone()) {
        Some(near) => (format!("did you mean '{near}'?"), format!("是不是“{near}”？")),
        None => {
            let words: Vec<&str> = words.collect();
            let shown = words.iter().take(12).copied().collect::<Vec<_>>().join(", ");
            let more = if words.len() > 12 { ", …" } else { "" };
            (format!("write one of: {shown}{more}"), format!("请从中选写：{shown}{more}"))
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
