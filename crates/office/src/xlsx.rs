//! The tables of a document as a workbook: a sheet for each, figures as figures.
//!
//! Rows are written as they come (constant memory), so a sheet costs no more memory than its document. A text is always
//! a text: one that begins with `=` is no formula.

use std::collections::BTreeSet;

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use crate::{
    OfficeError,
    document::{Align, Block, Cell, Column, Document, Table, timeline},
    widths::text_em,
    words::words,
};

/// Longest name of a sheet that Excel takes, in UTF-16 units.
const NAME_MAX: usize = 31;
/// Widest and narrowest column, in characters of the standard type.
const COLUMN: (f64, f64) = (6.0, 60.0);
/// Rows that are looked at to tell how wide a column is.
const LOOKED_AT: usize = 1_000;
/// Longest text of a cell that Excel takes, in UTF-16 units.
const TEXT_MAX: usize = 32_767;

/// All tables, timelines among them, as a workbook.
///
/// # Errors
/// [`OfficeError::NoTable`] when there is none, [`OfficeError::Ragged`] when one is not whole.
pub fn xlsx(document: &Document) -> Result<Vec<u8>, OfficeError> {
    document.check()?;
    let words = words(document.language);
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some(table.clone()),
        Block::Timeline { entries } => {
            Some(Table { caption: Some(words.timeline[2].to_owned()), ..timeline(entries, words) })
        }
        _ => None,
    });
    let tables: Vec<Table> = tables.filter(|table| !table.columns.is_empty()).collect();
    if tables.is_empty() {
        return Err(OfficeError::NoTable);
    }
    let (mut book, mut names) = (Workbook::new(), BTreeSet::new());
    for (table, number) in tables.iter().zip(1..) {
        let wish = table.caption.clone().unwrap_or_else(|| format!("{}{number}", words.sheet));
        let name = sheet_name(&wish, &mut names);
        let sheet = book.add_worksheet_with_constant_memory().map_err(|why| failed(&why))?;
        sheet.set_name(&name).and_then(|sheet| fill(sheet, document, table)).map_err(|why| failed(&why))?;
    }
    book.save_to_buffer().map_err(|why| failed(&why))
}

fn failed(why: &XlsxError) -> OfficeError {
    OfficeError::Failed(why.to_string())
}

/// A name that Excel takes for a sheet and that none of `taken` has; it is added to them.
pub fn sheet_name(wish: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = wish.chars().filter(|c| !c.is_control() && !"[]:*?/\\'".contains(*c)).collect();
    let plain = plain.trim();
    let plain = if plain.is_empty() || plain.eq_ignore_ascii_case("history") { "Sheet" } else { plain };
    let mut name = short(plain, NAME_MAX).to_owned();
    let mut number = 2;
    while !taken.insert(name.to_lowercase()) {
        let tail = format!(" {number}");
        name = format!("{}{tail}", short(plain, NAME_MAX - tail.len()));
        number += 1;
    }
    name
}

/// The beginning of a text, at most so many UTF-16 units long.
fn short(text: &str, units: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += c.len_utf16();
        used > units
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// Formats of a sheet.
struct Formats {
    text: Vec<Format>,
    count: Format,
    number: Format,
    share: Format,
    change: Format,
}

fn fill(sheet: &mut Worksheet, document: &Document, table: &Table) -> Result<(), XlsxError> {
    let ruled = || Format::new().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
    let text = |column: &Column| ruled().set_text_wrap().set_align(stand(column.align));
    let formats = Formats {
        text: table.columns.iter().map(text).collect(),
        count: ruled().set_num_format("0"),
        number: ruled().set_num_format("0.##"),
        share: ruled().set_num_format("0.0%"),
        change: ruled().set_num_format("+0.0%;-0.0%;0.0%"),
    };
    let title = Format::new().set_bold().set_font_size(14);
    let heading = ruled().set_bold().set_text_wrap().set_align(FormatAlign::Center);
    for (index, column) in (0..).zip(&table.columns) {
        let cells = table.rows.iter().take(LOOKED_AT).filter_map(|row| row.get(usize::from(index)));
        let widest = cells.map(|cell| text_em(&cell.printed())).fold(text_em(&column.heading), f64::max);
        // A Chinese character is two standard characters wide.
        sheet.set_column_width(index, (widest * 2.0 + 2.0).clamp(COLUMN.0, COLUMN.1))?;
    }
    let name = match &table.caption {
        Some(caption) if *caption != document.title => format!("{}　{caption}", document.title),
        _ => document.title.clone(),
    };
    write_text(sheet, (0, 0), &name.replace('\n', " "), &title)?;
    if let Some(subtitle) = &document.subtitle {
        write_text(sheet, (1, 0), subtitle, &Format::new())?;
    }
    for (index, column) in (0..).zip(&table.columns) {
        write_text(sheet, (2, index), &column.heading, &heading)?;
    }
    sheet.set_freeze_panes(3, 0)?;
    sheet.set_repeat_rows(2, 2)?;
    sheet.set_paper_size(9).set_landscape().set_print_fit_to_pages(1, 0);
    let mut at = 3;
    for row in &table.rows {
        for ((cell, index), format) in row.iter().zip(0..).zip(&formats.text) {
            write_cell(sheet, (at, index), cell, format, &formats)?;
        }
        at += 1;
    }
    for note in [&table.note, &document.note].into_iter().flatten() {
        write_text(sheet, (at, 0), note, &Format::new())?;
        at += 1;
    }
    Ok(())
}

fn write_cell(
    sheet: &mut Worksheet,
    at: (u32, u16),
    cell: &Cell,
    text: &Format,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let (number, format) = match cell {
        Cell::Empty => return sheet.write_blank(at.0, at.1, text).map(drop),
        Cell::Text(words) => return write_text(sheet, at, words, text),
        // Beyond 2^53 a workbook has no whole numbers; nothing that is counted here comes near it.
        Cell::Count(count) => (*count as f64, &formats.count),
        Cell::Number(number) if number.fract() == 0.0 => (*number, &formats.count),
        Cell::Number(number) => (*number, &formats.number),
        Cell::Share(share) => (*share, &formats.share),
        Cell::Change(change) => (*change, &formats.change),
    };
    if number.is_finite() {
        sheet.write_number_with_format(at.0, at.1, number, format).map(drop)
    } else {
        sheet.write_blank(at.0, at.1, text).map(drop)
    }
}

fn write_text(sheet: &mut Worksheet, at: (u32, u16), text: &str, format: &Format) -> Result<(), XlsxError> {
    let printable: String = text.chars().filter(|c| !crate::break_long::is_unprintable(*c)).collect();
    sheet.write_string_with_format(at.0, at.1, short(&printable, TEXT_MAX), format).map(drop)
}

fn stand(align: Align) -> FormatAlign {
    match align {
        Align::Left => FormatAlign::Left,
        Align::Centre => FormatAlign::Center,
        Align::Right => FormatAlign::Right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sheets_are_such_as_excel_takes() {
        let mut taken = BTreeSet::new();
        assert_eq!(sheet_name("一/二:[三]", &mut taken), "一二三");
        assert_eq!(sheet_name("一二三", &mut taken), "一二三 2");
        assert_eq!(sheet_name("  ", &mut taken), "Sheet");
        let long = sheet_name(&"长".repeat(50), &mut taken);
        let again = sheet_name(&"长".repeat(50), &mut taken);
        assert!(long.chars().count() == 31 && again.chars().count() == 31 && long != again);
    }
}
