//! CSV tables whose columns are found by their heading, in English or Chinese, in any order.
//!
//! Every column must be there, though its cells may be empty: a table without the column 'hotline' would else wipe out
//! every hotline. Good rows are taken whatever the bad ones say. This module must never know what a row means.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::words::Words;

/// Longest text of a cell, in characters.
const CELL_MAX_CHARS: usize = 500;
/// Most rows of a table.
const ROWS_MAX: usize = 200_000;

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// File, as named by the caller.
    pub file: String,
    /// Line on which the row begins, 1 being the heading; or number of the feature on a map, from 1.
    pub row: u64,
    /// Column or property.
    pub column: String,
    /// What is wrong, and what would be right.
    pub what: Words,
}

impl RowFault {
    pub(crate) fn new(file: &str, row: u64, column: &str, what: Words) -> Self {
        Self { file: file.to_owned(), row, column: column.to_owned(), what }
    }

    /// Where and what, in both languages.
    pub fn words(&self) -> Words {
        Words::new(self.to_string(), format!("{} 第 {} 行，{}：{}", self.file, self.row, self.column, self.what.zh))
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} row {}, {}: {}", self.file, self.row, self.column, self.what.en)
    }
}

/// A column: its code, which is also its English heading, and other headings it is known by.
pub(crate) struct Column {
    code: &'static str,
    headings: &'static [&'static str],
}

impl Column {
    const fn new(code: &'static str, headings: &'static [&'static str]) -> Self {
        Self { code, headings }
    }

    fn is(&self, heading: &str) -> bool {
        self.code.eq_ignore_ascii_case(heading) || self.headings.iter().any(|known| known.eq_ignore_ascii_case(heading))
    }
}

/// Every column of every table.
const COLUMNS: &[Column] = &[
    Column::new("code", &["id", "编码", "代码", "编号"]),
    Column::new("name", &["name_zh", "名称", "中文名称", "姓名"]),
    Column::new("name_en", &["英文名称", "英文名"]),
    Column::new("kind", &["类型", "类别"]),
    Column::new("parent", &["上级", "上级编码", "上级单位"]),
    Column::new("hotline", &["热线", "干群连心线"]),
    Column::new("mentor", &["指导员", "指导员编码"]),
    Column::new("active", &["启用", "在用", "是否启用"]),
    Column::new("posts", &["岗位", "职务"]),
    Column::new("titles", &["身份", "称号"]),
    Column::new("phone", &["work_phone", "电话", "工作电话", "办公电话", "咨询电话"]),
    Column::new("email", &["邮箱", "电子邮箱"]),
    Column::new("grid", &["网格", "网格编码", "综合网格"]),
    Column::new("lon", &["经度"]),
    Column::new("lat", &["纬度"]),
    Column::new("address", &["地址"]),
    Column::new("hours", &["开放时间", "营业时间", "服务时间", "办理时间"]),
    Column::new("post", &["值班岗", "值班岗位"]),
    Column::new("unit", &["单位", "单位编码"]),
    Column::new("person", &["人员", "人员编码", "值班人员"]),
    Column::new("from", &["开始", "开始时间"]),
    Column::new("to", &["结束", "结束时间"]),
    Column::new("order", &["顺序", "响铃顺序"]),
    Column::new("title", &["标题", "事项", "事项名称"]),
    Column::new("section", &["板块"]),
    Column::new("who", &["办理对象"]),
    Column::new("bring", &["所需材料", "材料"]),
    Column::new("place", &["办理地点"]),
    Column::new("text", &["办理流程", "流程"]),
];

fn column(code: &str) -> &'static Column {
    COLUMNS.iter().find(|column| column.code == code).unwrap_or(&Column { code: "", headings: &[] })
}

/// What a table must have, what it may have, which columns tell its rows apart, and which hold text of several lines, whose
/// length is the reader's to bound.
pub(crate) struct Form {
    pub(crate) must: &'static [&'static str],
    pub(crate) may: &'static [&'static str],
    pub(crate) key: &'static [&'static str],
    pub(crate) long: &'static [&'static str],
}

/// Reads a table row by row; what `read` makes of the good rows, and what is wrong with the others.
pub(crate) fn rows<T>(
    file: &str,
    text: &str,
    form: &Form,
    read: impl Fn(&Row<'_>) -> Result<T, RowFault>,
) -> (Vec<T>, Vec<RowFault>) {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let heads = match reader.headers().map_err(|why| unreadable(&why)).and_then(|heads| Heads::find(heads, form)) {
        Ok(heads) => heads,
        Err(what) => return (Vec::new(), vec![RowFault::new(file, 1, "heading", what)]),
    };
    let (mut taken, mut faults) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    let mut lines = Lines { text, byte: 0, line: 1 };
    for record in reader.records() {
        let position = record.as_ref().map_or_else(csv::Error::position, csv::StringRecord::position);
        let number = position.map_or(lines.line, |position| lines.at(position.byte()));
        if seen.len() >= ROWS_MAX {
            let en = format!("more than {ROWS_MAX} rows; split the table, this row and those after it were not read");
            let what = Words::new(en, format!("超过 {ROWS_MAX} 行：请拆分表格，本行及以后各行未读取"));
            faults.push(RowFault::new(file, number, "row", what));
            break;
        }
        let outcome = match &record {
            Ok(record) if record.iter().all(str::is_empty) => continue,
            Ok(record) => {
                let row = Row { file, number, heads: &heads, record };
                row.check(form, &mut seen).and_then(|()| read(&row))
            }
            Err(why) => Err(RowFault::new(file, number, "row", unreadable(why))),
        };
        match outcome {
            Ok(made) => taken.push(made),
            Err(fault) => faults.push(fault),
        }
    }
    (taken, faults)
}

/// Something that cannot be read.
pub(crate) fn unreadable(why: &impl fmt::Display) -> Words {
    Words::new(format!("cannot be read: {why}"), format!("无法读取：{why}"))
}

/// Counts lines, for the reader's own count passes over blank ones.
struct Lines<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the record that starts at or after `byte` starts. Bytes must not go back.
    fn at(&mut self, byte: u64) -> u64 {
        let bytes = self.text.as_bytes();
        let mut until = usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.byte, bytes.len());
        while bytes.get(until).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            until += 1;
        }
        let passed = bytes[self.byte..until].iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(passed as u64);
        self.byte = until;
        self.line
    }
}

/// Where each column stands.
struct Heads {
    places: BTreeMap<&'static str, usize>,
    width: usize,
}

impl Heads {
    fn find(heads: &csv::StringRecord, form: &Form) -> Result<Self, Words> {
        let mut places = BTreeMap::new();
        let mut missing = Vec::new();
        for code in form.must.iter().chain(form.may) {
            let column = column(code);
            let mut found = heads.iter().enumerate().filter(|(_, head)| column.is(head)).map(|(at, _)| at);
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => {
                    let en = format!("the column '{code}' is there twice; keep one");
                    return Err(Words::new(en, format!("列「{code}」出现两次，请只留一列")));
                }
                (Some(at), None) => drop(places.insert(*code, at)),
                (None, _) if form.must.contains(code) => {
                    missing.push(format!("'{code}' ({})", column.headings.join(" / ")));
                }
                (None, _) => {}
            }
        }
        if missing.is_empty() {
            Ok(Self { places, width: heads.len() })
        } else {
            let missing = missing.join(", ");
            let en = format!("add the missing columns, their cells may be empty: {missing}");
            Err(Words::new(en, format!("请补上缺少的列，单元格可以为空：{missing}")))
        }
    }
}

/// One row.
pub(crate) struct Row<'a> {
    file: &'a str,
    number: u64,
    heads: &'a Heads,
    record: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    fn check(&self, form: &Form, seen: &mut BTreeMap<Vec<String>, u64>) -> Result<(), RowFault> {
        if self.record.len() > self.heads.width {
            let (cells, heads) = (self.record.len(), self.heads.width);
            let en = format!("{cells} cells under {heads} headings; put cells with commas into quotes");
            let zh = format!("本行 {cells} 格，表头 {heads} 格：含逗号的单元格请加引号");
            return Err(self.fault("row", Words::new(en, zh)));
        }
        for code in self.heads.places.keys().filter(|code| !form.long.contains(code)) {
            let cell = self.get(code).unwrap_or_default();
            if cell.chars().count() > CELL_MAX_CHARS {
                let en = format!("longer than {CELL_MAX_CHARS} characters; shorten it");
                return Err(self.fault(code, Words::new(en, format!("超过 {CELL_MAX_CHARS} 个字，请缩短"))));
            }
            if cell.chars().any(char::is_control) {
                let en = "holds a line break or another control character; remove it";
                return Err(self.fault(code, Words::new(en, "含有换行或其他控制字符，请删除")));
            }
        }
        let key: Vec<String> = form.key.iter().map(|code| self.get(code).unwrap_or_default().to_owned()).collect();
        match seen.insert(key, self.number) {
            Some(before) => {
                let en = format!("is in row {before} already; keep one of the two rows");
                Err(self.fault(form.key[0], Words::new(en, format!("与第 {before} 行重复，请只留一行"))))
            }
            None => Ok(()),
        }
    }

    /// A cell; none where the column is missing or the cell empty.
    pub(crate) fn get(&self, code: &str) -> Option<&'a str> {
        let at = self.heads.places.get(code)?;
        self.record.get(*at).filter(|cell| !cell.is_empty())
    }

    /// The line on which it begins, 1 being the heading.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn need(&self, code: &str) -> Result<&'a str, RowFault> {
        self.get(code).ok_or_else(|| self.fault(code, Words::new("must be filled in", "必须填写")))
    }

    pub(crate) fn parse<T: FromStr<Err: fmt::Display>>(&self, code: &str) -> Result<T, RowFault> {
        self.need(code)?
            .parse()
            .map_err(|why| self.fault(code, Words::new(format!("{why}"), format!("无法识别：{why}"))))
    }

    /// The parts of a cell, between semicolons.
    pub(crate) fn list(&self, code: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let parts = self.get(code).into_iter().flat_map(|cell| cell.split([';', '；']));
        parts.map(str::trim).filter(|part| !part.is_empty())
    }

    pub(crate) fn yes(&self, code: &str) -> Result<bool, RowFault> {
        match self.get(code).map(str::to_ascii_lowercase).as_deref() {
            None | Some("true" | "1" | "yes" | "是" | "启用") => Ok(true),
            Some("false" | "0" | "no" | "否" | "停用") => Ok(false),
            Some(_) => Err(self.fault(code, Words::new("use true or false (是 or 否)", "应为是或否"))),
        }
    }

    pub(crate) fn degrees(&self, code: &str, most: f64) -> Result<f64, RowFault> {
        let degrees: f64 = self.parse(code)?;
        if (-most..=most).contains(&degrees) {
            Ok(degrees)
        } else {
            let en = format!("use degrees within ±{most}, WGS84; are longitude and latitude swapped?");
            let zh = format!("应为 ±{most} 以内的度数（WGS84），经度与纬度是否颠倒？");
            Err(self.fault(code, Words::new(en, zh)))
        }
    }

    /// A time: as written where it tells its offset, else local to `zone`.
    pub(crate) fn time(&self, code: &str, zone: &TimeZone) -> Result<Timestamp, RowFault> {
        let text = self.need(code)?;
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(at);
        }
        let spreadsheet = |form| DateTime::strptime(form, text).ok();
        let local = DateTime::from_str(text).ok();
        let local = local
            .or_else(|| ["%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S"].into_iter().find_map(spreadsheet));
        let at = local.and_then(|local| local.to_zoned(zone.clone()).ok()).map(|zoned| zoned.timestamp());
        let en = "use a time such as 2026-06-08 08:30";
        at.ok_or_else(|| self.fault(code, Words::new(en, "应为时间，如 2026-06-08 08:30")))
    }

    pub(crate) fn fault(&self, code: &str, what: Words) -> RowFault {
        RowFault::new(self.file, self.number, code, what)
    }
}
