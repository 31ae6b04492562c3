//! Rows that are not taken, as a file: each with its number and the reason before its cells, so that it can be mended and
//! brought in again with the same mapping.
//!
//! Only its owner may read it: what stands in the rows may tell who somebody is. It is made with the first row.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ExchangeError, Words, private_file,
    table::{Headings, Row},
};

/// The file, once there is a row for it.
pub struct Refused {
    path: PathBuf,
    headings: Option<Arc<Headings>>,
    writer: Option<csv::Writer<File>>,
}

impl Refused {
    /// A file for the rows of `table`. What it held before goes with the first row.
    ///
    /// # Errors
    /// When it is the table itself.
    pub fn new(path: &Path, table: &Path, headings: Option<Arc<Headings>>) -> Result<Self, ExchangeError> {
        let same = path.canonicalize().is_ok_and(|path| table.canonicalize().is_ok_and(|table| path == table));
        if same {
            return Err(ExchangeError::file(path, "rows that are not taken would be written over the table itself"));
        }
        Ok(Self { path: path.to_owned(), headings, writer: None })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&mut self, row: &Row, why: &Words) -> Result<(), ExchangeError> {
        let fault = |why: csv::Error| ExchangeError::file(&self.path, why);
        if self.writer.is_none() {
            let file = private_file(&self.path, true).map_err(|why| ExchangeError::file(&self.path, why))?;
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
            let names = self.headings.as_ref().map_or(&[][..], |headings| headings.names());
            // The mark tells spreadsheet programs that this is UTF-8.
            let first = ["\u{FEFF}row 行", "why 原因"].into_iter().chain(names.iter().map(String::as_str));
            let line = self.headings.is_none().then_some("line");
            writer.write_record(first.chain(line)).map_err(fault)?;
            self.writer = Some(writer);
        }
        if let Some(writer) = &mut self.writer {
            let (number, why) = (row.number.to_string(), why.to_string());
            writer.write_record([number.as_str(), why.as_str()].into_iter().chain(row.original())).map_err(fault)?;
        }
        Ok(())
    }

    /// Closes the file; its path, if it was made.
    ///
    /// # Errors
    /// When it cannot be written to its end.
    pub fn finish(self) -> Result<Option<PathBuf>, ExchangeError> {
        let Some(mut writer) = self.writer else { return Ok(None) };
        writer.flush().map_err(|why| ExchangeError::file(&self.path, why))?;
        Ok(Some(self.path))
    }
}
