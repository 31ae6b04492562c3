//! A row read by its mapping: what the record says of a case, checked for sense before the domain sees it.
//!
//! Times must stand in an order in which they can have happened; beyond that, what is right is the domain's to say.
//! Nothing that the row does not say is filled in here.

use std::collections::{BTreeMap, BTreeSet};

use jiban_domain::{
    case::{Mark, Origin, Place, Reporter},
    command::Register,
    ids::{CategoryId, ClassId, UnitId},
    policy::Milestone,
};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use super::{
    Words,
    mapping::{Field, Mapping, Source},
    table::Row,
};
use crate::desk::{Intake, identity::Identity};

/// Longest number of a record with the name of its source before it.
const NUMBER_MAX: usize = 64;

/// Why a row is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind of fault, without what stands in the row: for counting.
    pub kind: Words,
    /// What is wrong and what would be right.
    pub what: Words,
}

impl Fault {
    pub(super) fn new(field: &Words, is: &Words, said: &str) -> Self {
        let said: String = said.chars().take(60).collect();
        let kind = Words::new(format!("{}: {}", field.en, is.en), format!("{}：{}", field.zh, is.zh));
        let zh = format!("{}：「{said}」{}", field.zh, is.zh);
        Self { kind, what: Words::new(format!("{}: '{said}' {}", field.en, is.en), zh) }
    }

    pub(super) fn plain(what: Words) -> Self {
        Self { kind: what.clone(), what }
    }
}

/// How times are read.
#[derive(Debug, Clone)]
pub struct Times {
    /// Zone of times that name none.
    pub zone: TimeZone,
    /// Forms tried first.
    pub formats: Vec<String>,
    /// Nothing recorded lies after this.
    pub now: Timestamp,
}

/// Forms that are always understood.
const USUAL: [&str; 7] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
];

impl Times {
    fn read(&self, text: &str) -> Option<Timestamp> {
        let told = self.formats.iter().find_map(|form| civil_time(form, text));
        match told.or_else(|| usual_time(text)) {
            Some(time) => Some(self.zone.to_ambiguous_zoned(time).compatible().ok()?.timestamp()),
            None => text.parse().ok(),
        }
    }
}

/// A time in one of the forms that are always understood; a day alone is its first moment.
pub fn usual_time(text: &str) -> Option<civil::DateTime> {
    USUAL.iter().find_map(|form| civil_time(form, text.trim()))
}

fn civil_time(form: &str, text: &str) -> Option<civil::DateTime> {
    let parts = jiff::fmt::strtime::parse(form, text).ok()?;
    parts.to_datetime().or_else(|_| Ok::<_, jiff::Error>(parts.to_date()?.at(0, 0, 0, 0))).ok()
}

/// What a record says.
#[derive(Debug)]
pub struct Record {
    /// The registration.
    pub intake: Intake,
    /// What came after.
    pub told: Told,
}

/// What a record says of the handling.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Class.
    pub class: Option<ClassId>,
    /// Category.
    pub category: Option<CategoryId>,
    /// Marks.
    pub marks: BTreeSet<Mark>,
    /// Lead unit.
    pub lead: Option<UnitId>,
    /// Co-units.
    pub co_units: BTreeSet<UnitId>,
    /// Times, by the field that tells them.
    pub at: BTreeMap<Field, Timestamp>,
    /// Texts, by the field that tells them.
    pub texts: BTreeMap<Field, String>,
    /// Answers of the follow-up, by the field that tells them.
    pub answers: BTreeMap<Field, bool>,
    /// Reasons of a 'no' in a follow-up, by the field that tells them.
    pub reasons: BTreeMap<Field, BTreeSet<String>>,
    /// Grade.
    pub grade: Option<u8>,
    /// Grade after an appeal.
    pub grade_after_appeal: Option<u8>,
    /// Whistles, as they were blown.
    pub whistles: Vec<ToldWhistle>,
    /// Values of the opinion form.
    pub opinion: BTreeMap<String, String>,
    /// Values of the follow-up form.
    pub follow_up: BTreeMap<String, String>,
}

/// What a record says of a whistle.
#[derive(Debug, Clone)]
pub struct ToldWhistle {
    /// When it was blown.
    pub at: Timestamp,
    /// Community that called.
    pub caller: Option<UnitId>,
    /// Units called, each with the time of its report-in.
    pub called: Vec<(UnitId, Option<Timestamp>)>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// Outcome code.
    pub outcome: Option<String>,
}

impl Told {
    /// Whether it says anything of an appeal.
    pub fn appealed(&self) -> bool {
        let said = |field| self.at.contains_key(&field) || self.texts.contains_key(&field);
        self.grade_after_appeal.is_some()
            || [Field::AppealedAt, Field::AppealReason, Field::AppealDecidedAt, Field::AppealDecision]
                .into_iter()
                .any(said)
    }

    /// When it was done; a record that only says when it was closed, says that it was done by then.
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.at.get(&Field::FinishedAt).or_else(|| self.at.get(&Field::ClosedAt)).copied()
    }

    /// What lies behind a case that was done, or behind one that is over, and is not told 导入记录未载明.
    pub fn unrecorded(&self) -> BTreeSet<Milestone> {
        let handling = [
            (Field::DispatchedAt, Milestone::Dispatched),
            (Field::AcceptedAt, Milestone::Accepted),
            (Field::ContactedAt, Milestone::Contacted),
            (Field::VerifiedAt, Milestone::Verified),
        ];
        let after = [(Field::OpinionFiledAt, Milestone::OpinionFiled), (Field::FollowedUpAt, Milestone::FollowedUp)];
        let over = self.at.contains_key(&Field::ClosedAt) || self.texts.contains_key(&Field::Declined);
        let done = over || self.finished_at().is_some() || self.at.contains_key(&Field::FirstFinishedAt);
        let answered = [(Field::AppealedAt, Milestone::BadRatingAnswered)].into_iter().filter(|_| self.appealed());
        let behind = handling.into_iter().filter(|_| done).chain(after.into_iter().filter(|_| over)).chain(answered);
        behind.filter(|(field, _)| !self.at.contains_key(field)).map(|(_, milestone)| milestone).collect()
    }
}

/// Fields that tell a time, in the order in which things happen where they happen at the same moment.
const TIMES: [Field; 15] = [
    Field::RegisteredAt,
    Field::DispatchedAt,
    Field::AcceptedAt,
    Field::ContactedAt,
    Field::VerifiedAt,
    Field::FirstFinishedAt,
    Field::ReopenedAt,
    Field::FinishedAt,
    Field::RatedAt,
    Field::AppealedAt,
    Field::AppealDecidedAt,
    Field::OpinionFiledAt,
    Field::FollowedUpAt,
    Field::SecondFollowedUpAt,
    Field::ClosedAt,
];

/// What cannot have happened before what.
const ORDER: [(Field, Field); 23] = [
    (Field::RegisteredAt, Field::DispatchedAt),
    (Field::RegisteredAt, Field::ContactedAt),
    (Field::RegisteredAt, Field::FinishedAt),
    (Field::RegisteredAt, Field::ClosedAt),
    (Field::DispatchedAt, Field::AcceptedAt),
    (Field::DispatchedAt, Field::VerifiedAt),
    (Field::DispatchedAt, Field::FinishedAt),
    (Field::AcceptedAt, Field::FinishedAt),
    (Field::ContactedAt, Field::FinishedAt),
    (Field::VerifiedAt, Field::FinishedAt),
    (Field::DispatchedAt, Field::FirstFinishedAt),
    (Field::RegisteredAt, Field::FirstFinishedAt),
    (Field::FirstFinishedAt, Field::ReopenedAt),
    (Field::ReopenedAt, Field::FinishedAt),
    (Field::FirstFinishedAt, Field::RatedAt),
    (Field::RatedAt, Field::AppealedAt),
    (Field::AppealedAt, Field::AppealDecidedAt),
    (Field::FollowedUpAt, Field::SecondFollowedUpAt),
    (Field::SecondFollowedUpAt, Field::ClosedAt),
    (Field::FinishedAt, Field::OpinionFiledAt),
    (Field::FinishedAt, Field::FollowedUpAt),
    (Field::OpinionFiledAt, Field::ClosedAt),
    (Field::FollowedUpAt, Field::ClosedAt),
];

/// Fields that are kept as texts of the handling.
const TEXTS: [Field; 10] = [
    Field::ContactNote,
    Field::Finding,
    Field::Outcome,
    Field::ReopenReason,
    Field::GradeComment,
    Field::AppealReason,
    Field::AppealDecision,
    Field::Excluded,
    Field::Declined,
    Field::ClosingNote,
];

/// Answers of a follow-up.
const ANSWERS: [Field; 8] = [
    Field::Reached,
    Field::Responded,
    Field::Solved,
    Field::Satisfied,
    Field::SecondReached,
    Field::SecondResponded,
    Field::SecondSolved,
    Field::SecondSatisfied,
];

/// Reasons of a 'no' in a follow-up.
const REASONS: [Field; 4] =
    [Field::UnsolvedBecause, Field::UnsatisfiedBecause, Field::SecondUnsolvedBecause, Field::SecondUnsatisfiedBecause];

/// Fields of whistles besides the time at which they were blown.
const WHISTLES: [Field; 5] =
    [Field::WhistleCaller, Field::WhistleUnits, Field::ReportedInAt, Field::WhistleSettledAt, Field::WhistleOutcome];

/// Stands in a list for what is not said.
pub const NONE: &str = "-";

struct Reading<'a> {
    row: &'a Row,
    mapping: &'a Mapping,
    times: &'a Times,
}

/// Reads a row.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(row: &Row, mapping: &Mapping, times: &Times) -> Result<Record, Fault> {
    if let Some(why) = &row.fault {
        return Err(Fault::plain(why.clone()));
    }
    let reading = Reading { row, mapping, times };
    let told = reading.told()?;
    let at = told.at.get(&Field::RegisteredAt).copied();
    let at = at
        .ok_or_else(|| empty(Field::RegisteredAt, "every case needs the time of its registration", "必须有登记时间"))?;
    Ok(Record { intake: reading.intake(at)?, told })
}

/// The number under which a row is known once it is a case.
///
/// # Errors
/// When the row tells none, or one that is too long.
pub fn number(row: &Row, mapping: &Mapping) -> Result<String, Fault> {
    let read = |field| mapping.fields.get(&field).map_or(Ok(None), |source| said(source, row, &Field::words(field)));
    let own = read(Field::SourceId)?
        .ok_or_else(|| empty(Field::SourceId, "every record needs a number", "每条记录必须有编号"))?;
    let number = read(Field::UpstreamNumber)?.unwrap_or_else(|| format!("{}:{own}", mapping.source));
    if number.len() > NUMBER_MAX {
        let en = format!("is longer than {NUMBER_MAX} bytes with its source");
        let long = Words::new(en, format!("连同来源名称超过 {NUMBER_MAX} 字节"));
        return Err(Fault::new(&Field::SourceId.words(), &long, &number));
    }
    Ok(number)
}

/// Numbers under which the earlier record that this one repeats may be known, the likeliest first; none where it repeats
/// nothing.
///
/// # Errors
/// When the mapping does not know what stands there.
pub fn repeat_of(row: &Row, mapping: &Mapping) -> Result<Option<[String; 2]>, Fault> {
    let Some(source) = mapping.fields.get(&Field::RepeatOf) else { return Ok(None) };
    let said = said(source, row, &Field::RepeatOf.words())?;
    Ok(said.map(|said| [format!("{}:{said}", mapping.source), said]))
}

/// A field that may not be empty.
fn empty(field: Field, needs: &str, needs_zh: &str) -> Fault {
    let en = format!("{}: is empty; {needs}", field.name());
    Fault::plain(Words::new(en, format!("{}为空，{needs_zh}", field.zh())))
}

/// What is no code.
fn no_code() -> Words {
    Words::new("is not a code: 1 to 64 of A-Z a-z 0-9 . _ -", "不是代码：应为 1 至 64 个英文字母、数字或 . _ -")
}

fn said(source: &Source, row: &Row, field: &Words) -> Result<Option<String>, Fault> {
    source.read(row).map_err(|unknown| Fault::new(field, &unknown.is, &unknown.said))
}

impl Reading<'_> {
    fn text(&self, field: Field) -> Result<Option<String>, Fault> {
        self.mapping.fields.get(&field).map_or(Ok(None), |source| said(source, self.row, &field.words()))
    }

    fn parsed<T: std::str::FromStr>(&self, field: Field, is: &Words) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Fault::new(&field.words(), is, &text))
    }

    fn code<T: std::str::FromStr>(&self, field: Field) -> Result<Option<T>, Fault> {
        self.parsed(field, &no_code())
    }

    fn yes(&self, field: Field) -> Result<Option<bool>, Fault> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        match text.to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "是" => Ok(Some(true)),
            "false" | "no" | "n" | "0" | "否" => Ok(Some(false)),
            _ => {
                let should = Words::new("should be true or false, yes or no, 是 or 否, 1 or 0", "应为是或否");
                Err(Fault::new(&field.words(), &should, &text))
            }
        }
    }

    fn time(&self, field: Field) -> Result<Option<Timestamp>, Fault> {
        let Some(source) = self.mapping.fields.get(&field) else { return Ok(None) };
        let days = match source.plus_days().map(|column| self.row.get(column).unwrap_or_default().trim()) {
            Some("") => return Ok(None),
            Some(days) => days.parse::<f64>().ok().filter(|days| days.abs() < 36_500.0).map(Some),
            None => Some(None),
        };
        let name = field.words();
        let days = days.ok_or_else(|| {
            let en = format!("{}: the days to be added should be a number", name.en);
            Fault::plain(Words::new(en, format!("{}：要加的天数应为数字", name.zh)))
        })?;
        let Some(text) = self.text(field)? else { return Ok(None) };
        self.moment(field, &text, days).map(Some)
    }

    /// A time, and so many days later; not beyond now, unless it is a due time.
    fn moment(&self, field: Field, text: &str, days: Option<f64>) -> Result<Timestamp, Fault> {
        let name = field.words();
        let unread = || {
            let en = "is not a time in a form that the mapping names, nor 2026-06-08 09:30:00";
            Fault::new(&name, &Words::new(en, "无法识别为时间，应如 2026-06-08 09:30:00"), text)
        };
        let at = self.times.read(text).ok_or_else(unread)?;
        let at = days.map_or(Some(at), |days| later(at, days, &self.times.zone)).ok_or_else(unread)?;
        if at > self.times.now && field != Field::DueAt {
            return Err(Fault::new(&name, &Words::new("lies in the future", "晚于现在"), text));
        }
        Ok(at)
    }

    /// Whistles: each field tells of all of them, parted by `|`.
    fn whistles(&self) -> Result<Vec<ToldWhistle>, Fault> {
        let parts = |field| {
            let text = self.text(field)?.unwrap_or_default();
            let parts = text.split('|').map(|part| part.trim().to_owned());
            Ok::<Vec<String>, Fault>(if text.is_empty() { Vec::new() } else { parts.collect() })
        };
        let blown = parts(Field::WhistledAt)?;
        let mut told = BTreeMap::new();
        for field in WHISTLES {
            let parts = parts(field)?;
            if !parts.is_empty() && parts.len() != blown.len() {
                let should = Words::new(
                    "should tell of as many whistles as whistled_at, parted by |",
                    "应与吹哨时间的个数相同，以 | 分隔",
                );
                return Err(Fault::new(&field.words(), &should, &parts.join(" | ")));
            }
            told.insert(field, parts);
        }
        let said = |field: Field, index: usize| {
            let part = told.get(&field).and_then(|parts| parts.get(index)).map(String::as_str);
            part.filter(|part| !part.is_empty() && *part != NONE)
        };
        let unit =
            |field: Field, text: &str| UnitId::new(text).map_err(|_| Fault::new(&field.words(), &no_code(), text));
        let mut whistles = Vec::with_capacity(blown.len());
        for (index, at) in blown.iter().enumerate() {
            let units = said(Field::WhistleUnits, index).unwrap_or_default().split_whitespace();
            let mut reported = said(Field::ReportedInAt, index).unwrap_or_default().split(',').map(str::trim);
            let mut called = Vec::new();
            for code in units {
                let reported = reported.next().filter(|text| !text.is_empty() && *text != NONE);
                let reported = reported.map(|text| self.moment(Field::ReportedInAt, text, None)).transpose()?;
                called.push((unit(Field::WhistleUnits, code)?, reported));
            }
            let settled_at = said(Field::WhistleSettledAt, index);
            whistles.push(ToldWhistle {
                at: self.moment(Field::WhistledAt, at, None)?,
                caller: said(Field::WhistleCaller, index).map(|code| unit(Field::WhistleCaller, code)).transpose()?,
                called,
                settled_at: settled_at.map(|at| self.moment(Field::WhistleSettledAt, at, None)).transpose()?,
                outcome: said(Field::WhistleOutcome, index).map(str::to_owned),
            });
        }
        Ok(whistles)
    }

    fn grade(&self, field: Field) -> Result<Option<u8>, Fault> {
        self.parsed(field, &Words::new("should be a whole number, 1 being the worst grade", "应为整数，1 为最差"))
    }

    fn told(&self) -> Result<Told, Fault> {
        let mut told = Told {
            class: self.code(Field::Class)?,
            category: self.code(Field::Category)?,
            lead: self.code(Field::LeadUnit)?,
            grade: self.grade(Field::Grade)?,
            grade_after_appeal: self.grade(Field::GradeAfterAppeal)?,
            whistles: self.whistles()?,
            opinion: self.form(&self.mapping.opinion, "opinion")?,
            follow_up: self.form(&self.mapping.follow_up, "follow_up")?,
            ..Told::default()
        };
        for mark in self.text(Field::Marks)?.unwrap_or_default().split_whitespace() {
            let known = [Mark::Complex, Mark::Stubborn, Mark::StateRated].into_iter().find(|m| m.as_str() == mark);
            told.marks.insert(known.ok_or_else(|| {
                let en = "is no mark; there are complex, stubborn and state_rated";
                let no_mark = Words::new(en, "不是标记，可填 complex、stubborn、state_rated");
                Fault::new(&Field::Marks.words(), &no_mark, mark)
            })?);
        }
        for unit in self.text(Field::CoUnits)?.unwrap_or_default().split_whitespace() {
            let code = UnitId::new(unit).map_err(|_| Fault::new(&Field::CoUnits.words(), &no_code(), unit))?;
            told.co_units.insert(code);
        }
        for field in TIMES.into_iter().chain([Field::DueAt]) {
            told.at.extend(self.time(field)?.map(|at| (field, at)));
        }
        for field in TEXTS {
            told.texts.extend(self.text(field)?.map(|text| (field, text)));
        }
        for field in ANSWERS {
            told.answers.extend(self.yes(field)?.map(|yes| (field, yes)));
        }
        for field in REASONS {
            let codes = self.text(field)?.map(|text| text.split_whitespace().map(str::to_owned).collect());
            told.reasons.extend(codes.map(|codes| (field, codes)));
        }
        in_order(&told)?;
        Ok(told)
    }

    fn form(&self, form: &BTreeMap<String, Source>, name: &str) -> Result<BTreeMap<String, String>, Fault> {
        let mut values = BTreeMap::new();
        for (field, source) in form {
            let key = format!("{name}.{field}");
            values.extend(said(source, self.row, &Words::new(&*key, &*key))?.map(|text| (field.clone(), text)));
        }
        Ok(values)
    }

    fn intake(&self, at: Timestamp) -> Result<Intake, Fault> {
        let text = |field| Ok::<_, Fault>(self.text(field)?.unwrap_or_default());
        let identity = Identity {
            name: text(Field::ReporterName)?,
            phone: text(Field::ReporterPhone)?,
            email: self.text(Field::ReporterEmail)?,
            ..Identity::default()
        };
        identity.check("reporter").map_err(|problem| Fault::plain(Words::new(problem.title, problem.title_zh)))?;
        let channel = self
            .code(Field::Channel)?
            .ok_or_else(|| empty(Field::Channel, "give it a default", "请在对照表中给出默认值"))?;
        let register = Register {
            origin: self.origin()?,
            channel,
            first_receiver: self.code(Field::FirstReceiver)?,
            title: text(Field::Title)?,
            text: text(Field::Text)?,
            place: Place {
                address: text(Field::Address)?,
                lon: self.parsed(Field::Lon, &Words::new("should be degrees, as 114.1205", "应为度数，如 114.1205"))?,
                lat: self.parsed(Field::Lat, &Words::new("should be degrees, as 22.5431", "应为度数，如 22.5431"))?,
                spot: self.code(Field::Spot)?,
                grid: self.code(Field::Grid)?,
            },
            reporter: Reporter { anonymous: self.yes(Field::Anonymous)?.unwrap_or(false), contactable: false },
            complained_about: self.code(Field::ComplainedAbout)?,
            upstream_number: Some(number(self.row, self.mapping)?),
            received_by_leader: None,
            proposal: None,
        };
        Ok(Intake { register, identity, key: None, at: Some(at) })
    }

    fn origin(&self) -> Result<Option<Origin>, Fault> {
        let Some(text) = self.text(Field::Origin)? else { return Ok(None) };
        let known = [Origin::Request, Origin::Inspection, Origin::Signal].into_iter().find(|o| o.as_str() == text);
        let en = "should be request, inspection or signal";
        let should = Words::new(en, "应为 request、inspection 或 signal");
        known.map(Some).ok_or_else(|| Fault::new(&Field::Origin.words(), &should, &text))
    }
}

/// So many days later by the calendar, and what is left of a day in hours.
fn later(at: Timestamp, days: f64, zone: &TimeZone) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "bounded before, whole by trunc")]
    let (whole, rest) = (days.trunc() as i64, (days.fract() * 86_400.0) as i64);
    let day = jiff::Span::new().try_days(whole).ok()?;
    let shifted = at.to_zoned(zone.clone()).checked_add(day).ok()?;
    shifted.timestamp().checked_add(SignedDuration::from_secs(rest)).ok()
}

/// What should come later and does not.
fn disorder(later: Field, after: Timestamp, earlier: Field, before: Timestamp) -> Fault {
    let zh = format!("{}早于{}", later.zh(), earlier.zh());
    let kind = Words::new(format!("{} lies before {}", later.name(), earlier.name()), zh);
    let zh = format!("{}：{after} 与 {before}", kind.zh);
    Fault { what: Words::new(format!("{}: {after} and {before}", kind.en), zh), kind }
}

/// Looks whether things can have happened in the order of the record.
fn in_order(told: &Told) -> Result<(), Fault> {
    for (first, then) in ORDER {
        if let (Some(before), Some(after)) = (told.at.get(&first), told.at.get(&then))
            && after < before
        {
            return Err(disorder(then, *after, first, *before));
        }
    }
    let reopened = told.at.contains_key(&Field::ReopenedAt);
    if reopened != told.at.contains_key(&Field::FirstFinishedAt) {
        let en = "reopened_at and first_finished_at: a case that was reopened tells both";
        return Err(Fault::plain(Words::new(en, "重办时间与首次办结时间应同时填写")));
    }
    // A grade may have led to the reopening; else there is nothing to grade before it is done.
    let (finished, rated) = (told.at.get(&Field::FinishedAt), told.at.get(&Field::RatedAt));
    if let (Some(finished), Some(rated), false) = (finished, rated, reopened)
        && rated < finished
    {
        return Err(disorder(Field::RatedAt, *rated, Field::FinishedAt, *finished));
    }
    let (finished, closed) = (told.at.get(&Field::FinishedAt), told.at.get(&Field::ClosedAt));
    match (finished, closed) {
        (Some(finished), Some(closed)) if closed < finished => {
            Err(disorder(Field::ClosedAt, *closed, Field::FinishedAt, *finished))
        }
        _ => Ok(()),
    }
}
