//! A mapping 对照表: which column of a foreign table means what, as a TOML file.
//!
//! It names, for each field of a case, a column (or several, joined), a constant, a table of values, a default. A mapping
//! is checked when loaded and again against the headings of the table; it reads and must never judge.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;

use super::{ExchangeError, Words, table::Headings, table::Row};

/// Longest name of a source, so that it fits before the number of a record.
pub const SOURCE_MAX: usize = 32;

macro_rules! fields {
    ($($(#[$meta:meta])* $name:ident $zh:literal,)*) => {
        /// What a column can mean.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Field { $($(#[$meta])* $name,)* }

        impl Field {
            /// Every field, in the order of a template's columns.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Heading of its column in a template.
            pub fn zh(self) -> &'static str { match self { $(Self::$name => $zh,)* } }
        }
    };
}

fields! {
    /// Number of the record in its source: the same number is never taken twice.
    SourceId "原编号",
    /// Number on the upstream platform, where it has one besides.
    UpstreamNumber "上级平台编号",
    /// Title.
    Title "标题",
    /// What was said.
    Text "诉求内容",
    /// Way in: code of the policy.
    Channel "渠道",
    /// `request`, `inspection` or `signal`; the channel's where none is given.
    Origin "来源性质",
    /// Class: code of the policy.
    Class "类别",
    /// Category: code of the policy.
    Category "诉求分类",
    /// Marks: `complex`, `stubborn`, `state_rated`, with spaces between.
    Marks "标记",
    /// Unit that took it first.
    FirstReceiver "首问单位",
    /// Lead unit: code of the organisation.
    LeadUnit "首办单位",
    /// Co-units: codes with spaces between.
    CoUnits "会办单位",
    /// Unit complained about.
    ComplainedAbout "被反映单位",
    /// Grid.
    Grid "网格",
    /// QR spot.
    Spot "点位",
    /// Longitude, WGS84.
    Lon "经度",
    /// Latitude, WGS84.
    Lat "纬度",
    /// Address.
    Address "地址",
    /// Name of the reporter: sealed.
    ReporterName "诉求人姓名",
    /// Phone of the reporter: sealed.
    ReporterPhone "诉求人电话",
    /// E-mail of the reporter: sealed.
    ReporterEmail "诉求人邮箱",
    /// Whether the reporter wants no name kept.
    Anonymous "匿名",
    /// When it was registered.
    RegisteredAt "登记时间",
    /// When the lead unit was named.
    DispatchedAt "分拨时间",
    /// When the lead unit took it.
    AcceptedAt "签收时间",
    /// When the reporter was spoken to.
    ContactedAt "联系时间",
    /// What was said then.
    ContactNote "联系情况",
    /// When the facts were known.
    VerifiedAt "核实时间",
    /// The facts.
    Finding "核实情况",
    /// When it was due by the source's own reckoning: compared, never taken.
    DueAt "原时限",
    /// When it was done the first time, where it was reopened.
    FirstFinishedAt "首次办结时间",
    /// When it was reopened.
    ReopenedAt "重办时间",
    /// Why it was reopened.
    ReopenReason "重办原因",
    /// When it was done, or answered.
    #[serde(alias = "replied_at")]
    FinishedAt "办结时间",
    /// What was done, or answered.
    #[serde(alias = "reply")]
    Outcome "办理结果",
    /// When the opinion form was filed; its values stand in `[opinion]`.
    OpinionFiledAt "意见书时间",
    /// When the follow-up was made; its values stand in `[follow_up]`.
    FollowedUpAt "回访时间",
    /// Whether the reporter was reached then.
    Reached "是否联系上",
    /// Whether there was a response in time.
    Responded "是否响应",
    /// Whether it is solved.
    Solved "是否解决",
    /// Whether the reporter is satisfied.
    Satisfied "是否满意",
    /// Why it is not solved: reason codes with spaces between.
    UnsolvedBecause "未解决原因",
    /// Why the reporter is not satisfied: reason codes with spaces between.
    UnsatisfiedBecause "不满意原因",
    /// When the second follow-up was made; the form's values are those of the last one.
    SecondFollowedUpAt "二次回访时间",
    /// Whether the reporter was reached then.
    SecondReached "二次是否联系上",
    /// Whether there was a response in time.
    SecondResponded "二次是否响应",
    /// Whether it is solved.
    SecondSolved "二次是否解决",
    /// Whether the reporter is satisfied.
    SecondSatisfied "二次是否满意",
    /// Why it is not solved.
    SecondUnsolvedBecause "二次未解决原因",
    /// Why the reporter is not satisfied.
    SecondUnsatisfiedBecause "二次不满意原因",
    /// Grade, 1 (worst) to the policy's number.
    Grade "评分",
    /// When it was graded; at the end of the handling where no time is given.
    RatedAt "评价时间",
    /// The reporter's words with it.
    GradeComment "评价内容",
    /// When the unit appealed against it; where it was graded if no time is given.
    AppealedAt "申诉时间",
    /// Why.
    AppealReason "申诉理由",
    /// When the appeal was decided.
    AppealDecidedAt "申诉裁定时间",
    /// Grade that stands beside the first after the appeal: then it was upheld.
    GradeAfterAppeal "申诉后评分",
    /// Why it was decided so.
    AppealDecision "申诉裁定说明",
    /// When whistles were blown; of several, parted by `|`, as in the next five.
    WhistledAt "吹哨时间",
    /// Community that called; that of the grid where none is given.
    WhistleCaller "吹哨社区",
    /// Units called: codes with spaces between.
    WhistleUnits "被吹哨单位",
    /// When each of them reported in, in the same order, parted by commas; `-` for one that did not.
    ReportedInAt "报到时间",
    /// When it was settled.
    WhistleSettledAt "吹哨办结时间",
    /// Outcome code of the policy.
    WhistleOutcome "吹哨结果",
    /// Number of the earlier record that this one repeats.
    RepeatOf "重复件原编号",
    /// Reason code for which it is left out of assessment.
    Excluded "剔除考核原因",
    /// Reason code for which it was not taken.
    Declined "不予受理原因",
    /// When it was closed.
    ClosedAt "结案时间",
    /// How it ended.
    ClosingNote "结案说明",
}

impl Field {
    /// Fields without which no row is a case.
    pub const NEEDED: [Self; 4] = [Self::SourceId, Self::Text, Self::RegisteredAt, Self::Channel];

    /// Whether it tells who the reporter is.
    pub fn is_identity(self) -> bool {
        matches!(self, Self::ReporterName | Self::ReporterPhone | Self::ReporterEmail)
    }

    /// Its name in a mapping, and its heading.
    pub fn words(self) -> Words {
        Words::new(self.name(), self.zh())
    }

    /// Its name in a mapping.
    pub fn name(self) -> String {
        let debug = format!("{self:?}");
        let mut name = String::with_capacity(debug.len() + 3);
        for (place, letter) in debug.chars().enumerate() {
            if letter.is_ascii_uppercase() && place > 0 {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }
}

/// A mapping.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Name of the source: with a record's own number it tells records of all sources apart. Never to be changed.
    pub source: String,
    /// Time zone of the times in the table; the policy's where none is given.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Forms of the times, tried in this order before the usual ones, e.g. `%m/%d/%Y %I:%M:%S %p`.
    #[serde(default)]
    pub time_formats: Vec<String>,
    /// What parts the cells of a CSV file; a comma where none is given.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// Field → where it comes from.
    pub fields: BTreeMap<Field, Source>,
    /// Field of the policy's opinion form → where it comes from.
    #[serde(default)]
    pub opinion: BTreeMap<String, Source>,
    /// Field of the policy's follow-up form → where it comes from.
    #[serde(default)]
    pub follow_up: BTreeMap<String, Source>,
}

/// Where a field comes from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Column, or columns that are joined, each on its line.
    #[serde(default)]
    column: Option<Columns>,
    /// The same for every row.
    #[serde(default)]
    constant: Option<String>,
    /// Texts that mean 'not said'.
    #[serde(default)]
    empty: Vec<String>,
    /// Text of the table → value here. A text that is not in it is refused, unless `keep_others` or `default` is there.
    #[serde(default)]
    values: BTreeMap<String, String>,
    /// Whether texts that are not among `values` are kept as they are.
    #[serde(default)]
    keep_others: bool,
    /// Written as a code: each run of other characters than letters and digits becomes one `-`.
    #[serde(default)]
    code: Option<Letters>,
    /// Stands before a code.
    #[serde(default)]
    prefix: String,
    /// What is meant where nothing is said.
    #[serde(default)]
    default: Option<String>,
    /// Of a time: so many days after it, from this column. Nothing there, no time.
    #[serde(default)]
    plus_days: Option<String>,
    /// Whether the table may lack the column.
    #[serde(default)]
    optional: bool,
}

/// A text that a mapping does not know.
#[derive(Debug)]
pub struct Unknown {
    /// The text.
    pub said: String,
    /// What it is not, and what would be right.
    pub is: Words,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Columns {
    One(String),
    Several(Vec<String>),
}

/// What becomes of the letters of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Letters {
    Keep,
    Lower,
}

/// Whether a source may be called so: it becomes part of numbers.
pub fn is_source(name: &str) -> bool {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.len() <= SOURCE_MAX && name.chars().all(named)
}

impl Mapping {
    /// Reads and checks a mapping file.
    ///
    /// # Errors
    /// What is wrong in it and where.
    pub fn load(path: &Path) -> Result<Self, ExchangeError> {
        let text = std::fs::read_to_string(path).map_err(|why| ExchangeError::file(path, why))?;
        Self::parse(&text).map_err(|why| ExchangeError::Mapping(format!("{}: {why}", path.display())))
    }

    /// Parses and checks a mapping.
    ///
    /// # Errors
    /// What is wrong in it and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mapping: Self = toml::from_str(text).map_err(|why| why.to_string())?;
        mapping.check()?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), String> {
        if !is_source(&self.source) {
            return Err(format!("source: '{}' should be 1 to {SOURCE_MAX} of A-Z a-z 0-9 . _ -", self.source));
        }
        if self.delimiter.is_some_and(|delimiter| !delimiter.is_ascii()) {
            return Err("delimiter: should be one ASCII character, as ',', ';' or a tab".to_owned());
        }
        for field in Field::NEEDED {
            if !self.fields.contains_key(&field) {
                return Err(format!("fields.{}: is needed; name its column or a constant", field.name()));
            }
        }
        let fields = self.fields.iter().map(|(field, source)| (format!("fields.{}", field.name()), source));
        let opinion = self.opinion.iter().map(|(id, source)| (format!("opinion.{id}"), source));
        let follow_up = self.follow_up.iter().map(|(id, source)| (format!("follow_up.{id}"), source));
        for (key, source) in fields.chain(opinion).chain(follow_up) {
            if source.column.is_some() == source.constant.is_some() {
                return Err(format!("{key}: should have either 'column' or 'constant'"));
            }
            if source.plus_days.is_some() && !key.ends_with("_at") {
                return Err(format!("{key}: 'plus_days' is for times only"));
            }
        }
        Ok(())
    }

    /// Looks whether the table has every column that is asked for.
    ///
    /// # Errors
    /// The columns that are missing or doubled, and those that are there.
    pub fn check_headings(&self, headings: &Headings) -> Result<(), String> {
        let sources = || self.fields.values().chain(self.opinion.values()).chain(self.follow_up.values());
        let needed: BTreeSet<&str> = sources().filter(|s| !s.optional).flat_map(Source::columns).collect();
        let used: BTreeSet<&str> = sources().flat_map(Source::columns).collect();
        let listed = |names: Vec<&str>| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let missing: Vec<&str> = needed.into_iter().filter(|name| !headings.has(name)).collect();
        if !missing.is_empty() {
            let there = listed(headings.names().iter().map(String::as_str).collect());
            return Err(format!("the table has no column {}; its columns are {there}", listed(missing)));
        }
        let doubled: Vec<&str> = used.into_iter().filter(|name| headings.is_double(name)).collect();
        if !doubled.is_empty() {
            return Err(format!("the table has more than one column {}: give each its own name", listed(doubled)));
        }
        Ok(())
    }
}

impl Source {
    fn columns(&self) -> impl Iterator<Item = &str> {
        let columns = match &self.column {
            None => &[][..],
            Some(Columns::One(name)) => std::slice::from_ref(name),
            Some(Columns::Several(names)) => names,
        };
        columns.iter().chain(&self.plus_days).map(String::as_str)
    }

    /// The column from which the days to be added to a time come.
    pub fn plus_days(&self) -> Option<&str> {
        self.plus_days.as_deref()
    }

    /// What it says of this row; nothing where nothing is said.
    ///
    /// # Errors
    /// A text that the mapping does not know, and what it knows.
    pub fn read(&self, row: &Row) -> Result<Option<String>, Unknown> {
        let said = match (&self.constant, &self.column) {
            (Some(text), _) => text.clone(),
            (None, Some(Columns::One(name))) => row.get(name).unwrap_or_default().trim().to_owned(),
            (None, Some(Columns::Several(names))) => {
                let parts = names.iter().filter_map(|name| row.get(name)).map(str::trim);
                parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
            }
            (None, None) => String::new(),
        };
        let said = if self.empty.contains(&said) { String::new() } else { said };
        let meant = self.translate(said)?;
        Ok(Some(meant).filter(|text| !text.is_empty()).or_else(|| self.default.clone()))
    }

    fn translate(&self, said: String) -> Result<String, Unknown> {
        if said.is_empty() {
            return Ok(said);
        }
        if let Some(meant) = self.values.get(&said) {
            return Ok(meant.clone());
        }
        if !self.values.is_empty() && !self.keep_others {
            if self.default.is_some() {
                return Ok(String::new());
            }
            let known = self.values.keys().map(|key| format!("'{key}'")).collect::<Vec<_>>().join(", ");
            let en = format!("is none of the values of the mapping: {known}");
            return Err(Unknown { said, is: Words::new(en, format!("不在对照表的取值之列：{known}")) });
        }
        Ok(match self.code {
            None => format!("{}{said}", self.prefix),
            Some(letters) => format!("{}{}", self.prefix, code(&said, letters)),
        })
    }
}

/// Longest code, in bytes.
const CODE_MAX: usize = 64;

fn code(text: &str, letters: Letters) -> String {
    let mut code = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            code.push(if letters == Letters::Lower { letter.to_ascii_lowercase() } else { letter });
        } else if !code.ends_with('-') && !code.is_empty() {
            code.push('-');
        }
    }
    code.truncate(CODE_MAX);
    code.truncate(code.trim_end_matches('-').len());
    code
}
