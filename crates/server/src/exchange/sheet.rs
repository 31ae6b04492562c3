//! Writing tables: CSV, XLSX and JSON Lines from the same rows.
//!
//! Row by row, in constant memory; the file stands only when it is whole: it is written beside its place and put there at
//! the end. Nothing here may write over a file that is there.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use rust_xlsxwriter::{Format as CellFormat, Workbook, Worksheet};

use super::{ExchangeError, Format, private_file};

/// Most rows of a sheet in XLSX.
const SHEET_ROWS_MAX: u32 = 1_048_576;
/// Most characters of a cell in XLSX.
const CELL_CHARS_MAX: usize = 32_767;
/// Width of a column of an XLSX, in characters.
const WIDTH: f64 = 18.0;

/// A table in the making.
pub struct Sheet {
    path: PathBuf,
    unfinished: PathBuf,
    headings: Vec<String>,
    form: Form,
}

enum Form {
    Csv(Box<csv::Writer<File>>),
    Xlsx { book: Box<Workbook>, row: u32 },
    Jsonl(BufWriter<File>),
}

impl Sheet {
    /// Begins a table; its name tells its form.
    ///
    /// # Errors
    /// When the name tells none, the file is there already, or it cannot be made.
    pub fn create(path: &Path, headings: Vec<String>) -> Result<Self, ExchangeError> {
        let format = Format::of(path)?;
        if path.exists() {
            return Err(ExchangeError::file(path, "is there already; give another name or remove it first"));
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".unfinished");
        let unfinished = path.with_file_name(name);
        let fault = |why: &dyn std::fmt::Display| ExchangeError::file(path, why);
        let file = private_file(&unfinished, true).map_err(|why| fault(&why))?;
        let form = match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(file);
                // The mark tells spreadsheet programs that this is UTF-8.
                let marked = headings.iter().enumerate();
                let marked =
                    marked.map(|(place, name)| if place == 0 { format!("\u{FEFF}{name}") } else { name.clone() });
                writer.write_record(marked).map_err(|why| fault(&why))?;
                Form::Csv(Box::new(writer))
            }
            Format::Jsonl => Form::Jsonl(BufWriter::new(file)),
            Format::Xlsx => {
                let mut book = Box::new(Workbook::new());
                let sheet = book.add_worksheet_with_constant_memory();
                sheet.and_then(|sheet| xlsx_headings(sheet, &headings)).map_err(|why| fault(&why))?;
                Form::Xlsx { book, row: 0 }
            }
        };
        Ok(Self { path: path.to_owned(), unfinished, headings, form })
    }

    /// Writes a row, in the order of the headings.
    ///
    /// # Errors
    /// When it cannot be written, or an XLSX is full.
    pub fn put(&mut self, cells: &[String]) -> Result<(), ExchangeError> {
        let path = &self.path;
        match &mut self.form {
            Form::Csv(writer) => {
                let cells: Vec<_> = cells.iter().map(|cell| harmless(cell)).collect();
                writer
                    .write_record(cells.iter().map(|cell| cell.as_bytes()))
                    .map_err(|why| ExchangeError::file(path, why))
            }
            Form::Jsonl(file) => {
                let said = self.headings.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
                let object: serde_json::Map<_, _> =
                    said.map(|(name, cell)| (name.clone(), cell.as_str().into())).collect();
                let line = serde_json::Value::from(object).to_string();
                writeln!(file, "{line}").map_err(|why| ExchangeError::file(path, why))
            }
            Form::Xlsx { book, row } => {
                *row += 1;
                if *row >= SHEET_ROWS_MAX {
                    let why =
                        format!("an XLSX holds {SHEET_ROWS_MAX} rows at most; take CSV, or a shorter span of time");
                    return Err(ExchangeError::file(path, why));
                }
                let sheet = book.worksheet_from_index(0).map_err(|why| ExchangeError::file(path, why))?;
                xlsx_row(sheet, *row, cells).map_err(|why| ExchangeError::file(path, why))
            }
        }
    }

    /// Adds a sheet of its own with notes, where the form has sheets.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn notes(&mut self, name: &str, headings: &[String], rows: &[Vec<String>]) -> Result<(), ExchangeError> {
        let Form::Xlsx { book, .. } = &mut self.form else { return Ok(()) };
        let write = || -> Result<(), rust_xlsxwriter::XlsxError> {
            let sheet = book.add_worksheet();
            sheet.set_name(name)?;
            xlsx_headings(sheet, headings)?;
            for (row, cells) in (1..).zip(rows) {
                xlsx_row(sheet, row, cells)?;
            }
            Ok(())
        };
        let mut write = write;
        write().map_err(|why| ExchangeError::file(&self.path, why))
    }

    /// Puts the whole table in its place.
    ///
    /// # Errors
    /// When it cannot be written to its end.
    pub fn finish(self) -> Result<(), ExchangeError> {
        let fault = |why: &dyn std::fmt::Display| ExchangeError::file(&self.path, why);
        match self.form {
            Form::Csv(mut writer) => writer.flush().map_err(|why| fault(&why))?,
            Form::Jsonl(mut file) => file.flush().map_err(|why| fault(&why))?,
            Form::Xlsx { mut book, .. } => {
                let file = private_file(&self.unfinished, true).map_err(|why| fault(&why))?;
                book.save_to_writer(BufWriter::new(file)).map_err(|why| fault(&why))?;
            }
        }
        std::fs::rename(&self.unfinished, &self.path).map_err(|why| fault(&why))
    }
}

/// A spreadsheet program takes a text that begins like this for a formula: residents' words must not run.
fn harmless(cell: &str) -> std::borrow::Cow<'_, str> {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    if formula { format!("'{cell}").into() } else { cell.into() }
}

fn xlsx_headings(sheet: &mut Worksheet, headings: &[String]) -> Result<(), rust_xlsxwriter::XlsxError> {
    let bold = CellFormat::new().set_bold();
    sheet.set_freeze_panes(1, 0)?;
    for (column, heading) in (0_u16..).zip(headings) {
        sheet.set_column_width(column, WIDTH)?;
        sheet.write_string_with_format(0, column, heading, &bold)?;
    }
    Ok(())
}

fn xlsx_row(sheet: &mut Worksheet, row: u32, cells: &[String]) -> Result<(), rust_xlsxwriter::XlsxError> {
    for (column, cell) in (0_u16..).zip(cells) {
        if cell.is_empty() {
            continue;
        }
        let end = cell.char_indices().nth(CELL_CHARS_MAX).map_or(cell.len(), |(end, _)| end);
        sheet.write_string(row, column, &cell[..end])?;
    }
    Ok(())
}
