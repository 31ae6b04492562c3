//! Tables, read row by row: CSV, XLSX and JSON Lines look alike from here on.
//!
//! A thread of its own reads ahead by a few hundred rows and waits; memory is bounded by that and by the longest row that
//! is allowed (of an XLSX file, its table of shared texts besides). A row that cannot be read is handed on with the
//! reason; only a file that cannot be read any further ends the reading.

use std::{
    cell::Cell,
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use calamine::{DataRef, Reader, Xlsx};
use tokio::sync::mpsc;

use super::{
    ExchangeError, Format, Words,
    encoding::{Decoded, detect},
};

/// Rows read ahead.
const AHEAD: usize = 256;
/// Longest row, in bytes.
const ROW_MAX: u64 = 1024 * 1024;

/// The headings of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Headings {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Headings {
    fn new(names: Vec<String>) -> Arc<Self> {
        let mut places = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            places.entry(name.clone()).or_insert(place);
        }
        Arc::new(Self { names, places })
    }

    /// Their names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether there is such a column.
    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Whether more than one column has this name.
    pub fn is_double(&self, name: &str) -> bool {
        self.names.iter().filter(|other| *other == name).count() > 1
    }
}

/// One row.
#[derive(Debug)]
pub struct Row {
    /// Its number as a spreadsheet counts: the headings are row 1. In JSON Lines, the line.
    pub number: u64,
    /// Why it cannot be read, where it cannot.
    pub fault: Option<Words>,
    headings: Arc<Headings>,
    cells: Vec<String>,
    line: Option<String>,
}

impl Row {
    /// What stands in a column; nothing where the row has no such cell.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells.get(*self.headings.places.get(column)?).map(String::as_str)
    }

    /// Names of its columns.
    pub fn headings(&self) -> &[String] {
        &self.headings.names
    }

    /// The cells as they stand in the file: of a line of JSON, the line itself.
    pub fn original(&self) -> impl Iterator<Item = &str> {
        let cells = if self.line.is_some() { &[][..] } else { &self.cells[..] };
        cells.iter().chain(&self.line).map(String::as_str)
    }
}

/// A table that is being read.
pub struct Table {
    /// Headings; none for JSON Lines, where each line names its own.
    pub headings: Option<Arc<Headings>>,
    /// How long the file is, in bytes, where progress can be told by it.
    pub bytes: Option<u64>,
    read: Arc<AtomicU64>,
    rows: mpsc::Receiver<Message>,
    path: PathBuf,
}

enum Message {
    Headings(Arc<Headings>),
    Row(Row),
    Stop(String),
}

impl Table {
    /// Opens a table and reads its headings. `delimiter` parts the cells of a CSV file.
    ///
    /// # Errors
    /// When it is no such file, or has no headings.
    pub async fn open(path: &Path, delimiter: u8) -> Result<Self, ExchangeError> {
        let format = Format::of(path)?;
        let bytes = std::fs::metadata(path).map_err(|why| ExchangeError::file(path, why))?.len();
        let (send, mut rows) = mpsc::channel(AHEAD);
        let read = Arc::new(AtomicU64::new(0));
        let source = Source { path: path.to_owned(), read: Arc::clone(&read), send };
        std::thread::spawn(move || source.run(format, delimiter));
        let headings = match (format, rows.recv().await) {
            (Format::Jsonl, Some(Message::Headings(_))) => None,
            (_, Some(Message::Headings(headings))) => Some(headings),
            (_, Some(Message::Stop(why))) => return Err(ExchangeError::file(path, why)),
            _ => return Err(ExchangeError::file(path, "there is no row of headings in it")),
        };
        let bytes = (format != Format::Xlsx).then_some(bytes);
        Ok(Self { headings, bytes, read, rows, path: path.to_owned() })
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// When the file cannot be read any further.
    pub async fn next(&mut self) -> Result<Option<Row>, ExchangeError> {
        match self.rows.recv().await {
            Some(Message::Row(row)) => Ok(Some(row)),
            Some(Message::Stop(why)) => Err(ExchangeError::file(&self.path, why)),
            Some(Message::Headings(_)) | None => Ok(None),
        }
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Why reading ends before the end of the file.
enum End {
    /// The file is at fault.
    Fault(String),
    /// Nobody wants any more rows.
    Unwanted,
}

impl<E: std::error::Error> From<E> for End {
    fn from(error: E) -> Self {
        Self::Fault(error.to_string())
    }
}

struct Source {
    path: PathBuf,
    read: Arc<AtomicU64>,
    send: mpsc::Sender<Message>,
}

impl Source {
    fn run(self, format: Format, delimiter: u8) {
        let outcome = match format {
            Format::Csv => self.csv(delimiter),
            Format::Xlsx => self.xlsx(),
            Format::Jsonl => self.jsonl(),
        };
        if let Err(End::Fault(why)) = outcome {
            drop(self.send.blocking_send(Message::Stop(why)));
        }
    }

    fn say(&self, message: Message) -> Result<(), End> {
        self.send.blocking_send(message).map_err(|_| End::Unwanted)
    }

    /// The file as UTF-8, with the bytes of the present row counted; and whether unreadable characters may come.
    fn text(&self) -> Result<(impl Read + use<>, Rc<Cell<u64>>, bool), End> {
        let encoding = detect(&self.path)?;
        let counted = Counted { inner: File::open(&self.path)?, read: Arc::clone(&self.read) };
        let since = Rc::new(Cell::new(0));
        let bounded = Bounded { inner: Decoded::new(counted, encoding), since: Rc::clone(&since) };
        Ok((bounded, since, encoding != encoding_rs::UTF_8))
    }

    fn csv(&self, delimiter: u8) -> Result<(), End> {
        let (text, since, foreign) = self.text()?;
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
        let mut headings: Option<Arc<Headings>> = None;
        let mut record = csv::StringRecord::new();
        let mut number = 0;
        while reader.read_record(&mut record)? {
            since.set(0);
            number += 1;
            let cells: Vec<String> = record.iter().map(str::to_owned).collect();
            match &headings {
                None => {
                    let names = Headings::new(cells.iter().map(|name| name.trim().to_owned()).collect());
                    self.say(Message::Headings(Arc::clone(&names)))?;
                    headings = Some(names);
                }
                Some(names) => self.row(number, names, cells, foreign)?,
            }
        }
        Ok(())
    }

    fn row(&self, number: u64, headings: &Arc<Headings>, cells: Vec<String>, foreign: bool) -> Result<(), End> {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        let fault = if cells.len() != headings.names.len() {
            let (has, due) = (cells.len(), headings.names.len());
            let en = format!("the row has {has} cells and the headings {due}: look for a comma or a quote too many");
            Some(Words::new(en, format!("本行有 {has} 格，表头有 {due} 格：请检查多余的逗号或引号")))
        } else if foreign && cells.iter().any(|cell| cell.contains('\u{FFFD}')) {
            let en = "some characters can be read neither as UTF-8 nor as GB 18030: save the file as UTF-8";
            Some(Words::new(en, "部分字符无法按 UTF-8 或 GB 18030 读取：请将文件存为 UTF-8"))
        } else {
            None
        };
        self.say(Message::Row(Row { number, fault, headings: Arc::clone(headings), cells, line: None }))
    }

    fn xlsx(&self) -> Result<(), End> {
        let mut book: Xlsx<BufReader<File>> = calamine::open_workbook(&self.path)
            .map_err(|why: calamine::XlsxError| End::Fault(format!("this is no XLSX file: {why}")))?;
        let first = book.sheet_names().first().cloned().ok_or_else(|| End::Fault("there is no sheet in it".into()))?;
        let mut reader = book.worksheet_cells_reader(&first)?;
        let mut headings: Option<Arc<Headings>> = None;
        let mut at: (u32, Vec<String>) = (0, Vec::new());
        loop {
            let cell = reader.next_cell()?;
            let row = cell.as_ref().map(|cell| cell.get_position().0);
            if row != Some(at.0) && !at.1.is_empty() {
                self.sheet_row(&mut headings, at.0, std::mem::take(&mut at.1))?;
            }
            let Some(cell) = cell else { return Ok(()) };
            let (row, column) = cell.get_position();
            at.0 = row;
            at.1.resize(at.1.len().max(column as usize + 1), String::new());
            at.1[column as usize] = shown(cell.get_value());
        }
    }

    fn sheet_row(&self, headings: &mut Option<Arc<Headings>>, row: u32, mut cells: Vec<String>) -> Result<(), End> {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        match headings {
            None => {
                while cells.last().is_some_and(|cell| cell.trim().is_empty()) {
                    cells.pop();
                }
                let names = Headings::new(cells.iter().map(|name| name.trim().to_owned()).collect());
                self.say(Message::Headings(Arc::clone(&names)))?;
                *headings = Some(names);
                Ok(())
            }
            Some(names) => {
                // Empty cells at the end of a row are not in the file; cells beyond the headings belong to no column.
                let beyond = cells.iter().skip(names.names.len()).all(|cell| cell.trim().is_empty());
                if beyond {
                    cells.resize(names.names.len(), String::new());
                }
                self.row(u64::from(row) + 1, names, cells, false)
            }
        }
    }

    fn jsonl(&self) -> Result<(), End> {
        let (text, since, foreign) = self.text()?;
        let mut reader = BufReader::new(text);
        let mut headings = Headings::new(Vec::new());
        self.say(Message::Headings(Arc::clone(&headings)))?;
        let (mut number, mut line) = (0, String::new());
        while reader.read_line(&mut line)? > 0 {
            since.set(0);
            number += 1;
            let text = line.trim();
            if !text.is_empty() {
                let row = json_row(number, &mut headings, text, foreign);
                self.say(Message::Row(row))?;
            }
            line.clear();
        }
        Ok(())
    }
}

fn json_row(number: u64, headings: &mut Arc<Headings>, text: &str, foreign: bool) -> Row {
    let line = Some(text.to_owned());
    let faulty = |headings: &Arc<Headings>, why: Words| {
        let (headings, cells) = (Arc::clone(headings), Vec::new());
        Row { number, fault: Some(why), headings, cells, line: Some(text.to_owned()) }
    };
    if foreign && text.contains('\u{FFFD}') {
        let en = "some characters cannot be read: save the file as UTF-8";
        return faulty(headings, Words::new(en, "部分字符无法读取：请将文件存为 UTF-8"));
    }
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Err(why) => {
            let zh = format!("本行不是 JSON 对象：{why}");
            faulty(headings, Words::new(format!("this line is not a JSON object: {why}"), zh))
        }
        Ok(object) => {
            if !object.keys().eq(headings.names.iter()) {
                *headings = Headings::new(object.keys().cloned().collect());
            }
            let cells = object.into_values().map(json_text).collect();
            Row { number, fault: None, headings: Arc::clone(headings), cells, line }
        }
    }
}

fn json_text(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A cell of a sheet as text; dates in the form `2026-06-08 09:30:00`.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Error(error) => error.to_string(),
        DataRef::DateTime(time) if time.is_datetime() => date_time(time).unwrap_or_else(|| time.as_f64().to_string()),
        DataRef::DateTime(time) => time.as_f64().to_string(),
    }
}

/// Sheets keep times as fractions of a day, which are a hair off: the whole second is meant.
fn date_time(time: &calamine::ExcelDateTime) -> Option<String> {
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let small = |number: u8| i8::try_from(number).ok();
    let date = jiff::civil::Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
    let clock = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, i32::from(milli) * 1_000_000);
    let exact = date.to_datetime(clock.ok()?).round(jiff::Unit::Second).ok()?;
    Some(exact.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Counts what was read, for whoever watches.
struct Counted {
    inner: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Ends the reading where one row will not end: a quote left open would take in the rest of the file.
struct Bounded<R> {
    inner: R,
    since: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > ROW_MAX {
            let why = format!("a row is longer than {ROW_MAX} bytes: look for a quote that is not closed");
            return Err(io::Error::other(why));
        }
        let count = self.inner.read(out)?;
        self.since.set(self.since.get() + count as u64);
        Ok(count)
    }
}
