//! Exchange 数据交换: tables of cases in and out.
//!
//! In: a table in CSV, XLSX or JSON Lines is read row by row, a mapping says which column means what, and each good row
//! becomes a case by the real commands at the times of the row. Out: the console's list as a file. Nothing here may hold
//! a whole table in memory, stop at a bad row, invent what a record does not say, or let identity out without a trace.

pub mod columns;
pub mod encoding;
pub mod export;
pub mod import;
pub mod mapping;
pub mod past;
pub mod record;
pub mod refused;
pub mod sheet;
pub mod table;
pub mod template;

use std::path::Path;

pub use jiban_domain::words::Words;

use crate::http::problem::Problem;

/// Why an exchange cannot begin or go on. What was taken before it is kept.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// A file cannot be read or written.
    #[error("{file}: {why}")]
    File {
        /// Which.
        file: String,
        /// Why, and what would be right.
        why: String,
    },
    /// The mapping is not what it should be.
    #[error("{0}")]
    Mapping(String),
    /// An option is not what it should be.
    #[error("{0}")]
    Option(String),
    /// The store or the desk failed.
    #[error("{0}")]
    Desk(String),
}

impl ExchangeError {
    /// A fault of a file.
    pub fn file(file: &Path, why: impl std::fmt::Display) -> Self {
        Self::File { file: file.display().to_string(), why: why.to_string() }
    }
}

impl From<Problem> for ExchangeError {
    fn from(problem: Problem) -> Self {
        Self::Desk(problem.title)
    }
}

impl From<jiban_store::StoreError> for ExchangeError {
    fn from(error: jiban_store::StoreError) -> Self {
        Problem::from(error).into()
    }
}

/// The form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// A spreadsheet.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// The form that a file's extension tells.
    ///
    /// # Errors
    /// When it tells none that is known.
    pub fn of(file: &Path) -> Result<Self, ExchangeError> {
        let extension = file.extension().and_then(|text| text.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Ok(Self::Csv),
            "xlsx" => Ok(Self::Xlsx),
            "jsonl" | "ndjson" => Ok(Self::Jsonl),
            _ => Err(ExchangeError::file(file, "the name should end in .csv, .xlsx or .jsonl, which tells its form")),
        }
    }
}

/// Creates a file that only its owner may read: tables of cases are not for everybody on the machine.
///
/// # Errors
/// When it cannot be created.
pub(crate) fn private_file(path: &Path, replace: bool) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(replace).create_new(!replace);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
