//! Reading guides from a table 办事指南导入: CSV whose columns are found by their heading, in English or Chinese. Good rows are
//! taken whatever the bad ones say. It must never read a file: text is an argument.

use super::Text;
use crate::{
    ids::UnitId,
    neighbourhood::Section,
    organisation::Organisation,
    refusal::Refusal,
    table::{Form, Row, RowFault, rows},
    words::Words,
};

/// What one row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Line on which the row begins, 1 being the heading.
    pub row: u64,
    /// The unit for whose area it is.
    pub unit: UnitId,
    /// What it says, within its bounds.
    pub text: Text,
}

/// Guides: `title, section, unit, text`, and `who, bring, place, hours, phone` where known. `section` is a code or Chinese name;
/// so is `unit`. Two rows of one unit do not have one title.
pub fn guides(file: &str, text: &str, organisation: &Organisation) -> (Vec<Told>, Vec<RowFault>) {
    const FORM: Form = Form {
        must: &["title", "section", "unit", "text"],
        may: &["who", "bring", "place", "hours", "phone"],
        key: &["title", "unit"],
        long: &["title", "who", "bring", "place", "hours", "phone", "text"],
    };
    let read = |row: &Row<'_>| {
        let cell = |code: &str| row.get(code).unwrap_or_default().to_owned();
        let text = Text {
            title: row.need("title")?.to_owned(),
            section: section(row)?,
            who: cell("who"),
            bring: cell("bring"),
            place: cell("place"),
            hours: cell("hours"),
            phone: cell("phone"),
            text: row.need("text")?.to_owned(),
        };
        let text = text.checked().map_err(|refusal| match refusal {
            Refusal::Invalid { field, needs, needs_zh } => row.fault(&field, Words::new(needs, needs_zh)),
            other => row.fault("text", Words::new(other.to_string(), other.zh())),
        })?;
        Ok(Told { row: row.number(), unit: unit(row, organisation)?, text })
    };
    rows(file, text, &FORM, read)
}

fn section(row: &Row<'_>) -> Result<Section, RowFault> {
    let text = row.need("section")?;
    let known = Section::CODES.iter().find(|(code, section)| text.eq_ignore_ascii_case(code) || text == section.zh());
    known.map(|(_, section)| *section).ok_or_else(|| {
        let codes = Section::CODES.map(|(code, section)| format!("{code} {}", section.zh())).join(", ");
        let en = format!("'{text}' is no section; use one of {codes}");
        row.fault("section", Words::new(en, format!("没有板块「{text}」，应为 {codes} 之一")))
    })
}

fn unit(row: &Row<'_>, organisation: &Organisation) -> Result<UnitId, RowFault> {
    let text = row.need("unit")?;
    let named = || organisation.units().filter(|unit| unit.name.zh == text).collect::<Vec<_>>();
    if let Some(unit) = UnitId::new(text).ok().and_then(|id| organisation.unit(&id)) {
        return Ok(unit.id.clone());
    }
    match named()[..] {
        [unit] => Ok(unit.id.clone()),
        [] => {
            let en = format!("there is no unit '{text}'; give its code or its Chinese name");
            Err(row.fault("unit", Words::new(en, format!("没有单位「{text}」，请写单位编码或名称"))))
        }
        _ => {
            let en = format!("several units are called '{text}'; give its code");
            Err(row.fault("unit", Words::new(en, format!("有多个单位名为「{text}」，请写单位编码"))))
        }
    }
}
