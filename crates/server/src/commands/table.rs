//! Columns of a table, as the commands for measuring read them: named on the command line, checked before the first row.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::DateTime;

use super::Failure;
use crate::exchange::{
    record::usual_time,
    table::{Row, Table},
};

/// Which columns of a table are read.
#[derive(Debug, Args)]
pub(super) struct Columns {
    /// The table: CSV, XLSX (its first sheet) or JSON Lines.
    pub(super) file: PathBuf,
    /// Columns that hold what was written, with commas between them; they are read as one text.
    #[arg(long, required = true, value_delimiter = ',')]
    pub(super) text: Vec<String>,
    /// Column that says when: 2026-06-08, 2026/6/8 14:30; the first that does where none is given.
    #[arg(long)]
    pub(super) time: Option<String>,
    /// Column that names a row; its number as a spreadsheet counts (headings are row 1) where none is given.
    #[arg(long)]
    pub(super) id: Option<String>,
}

/// A row as far as it is asked for.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its name.
    pub(super) id: String,
    /// What was written.
    pub(super) text: String,
    /// When.
    pub(super) time: Option<DateTime>,
    /// The other columns asked for.
    pub(super) more: Vec<String>,
}

impl Entry {
    /// The time in years.
    pub(super) fn years(&self) -> Option<f32> {
        self.time.map(|time| f32::from(time.year()) + f32::from(time.date().day_of_year() - 1) / 366.0)
    }
}

impl Columns {
    /// Reads all rows; `more` are further columns, told in this order. Rows that cannot be read are told and left out.
    pub(super) async fn read(&self, more: &[&str]) -> Result<Vec<Entry>, Failure> {
        let mut table = Table::open(&self.file, b',').await?;
        if let Some(headings) = &table.headings {
            self.check(headings.names(), more)?;
        }
        let (mut entries, mut first, mut time) = (Vec::new(), true, self.time.clone());
        while let Some(row) = table.next().await? {
            if let Some(fault) = &row.fault {
                eprintln!("{}: row {} is left out: {}", self.file.display(), row.number, fault.en);
                continue;
            }
            if std::mem::take(&mut first) {
                self.check(row.headings(), more)?;
                time = time.or_else(|| self.first_time(&row));
            }
            let cell = |name: &str| row.get(name).unwrap_or_default().trim().to_owned();
            let told = time.as_ref().map(|name| cell(name)).filter(|told| !told.is_empty());
            let read = told.as_deref().and_then(usual_time);
            if let (Some(told), None) = (told, read) {
                eprintln!(
                    "{}: row {}: '{told}' is read as no time: write 2026-06-08 14:30",
                    self.file.display(),
                    row.number
                );
            }
            entries.push(Entry {
                id: self.id.as_ref().map_or_else(|| row.number.to_string(), |name| cell(name)),
                text: self.text.iter().map(|name| cell(name)).collect::<Vec<_>>().join("\n"),
                time: read,
                more: more.iter().map(|name| cell(name)).collect(),
            });
        }
        Ok(entries)
    }

    /// The first column that tells a time.
    fn first_time(&self, row: &Row) -> Option<String> {
        let tells = |name: &&String| row.get(name).is_some_and(|cell| usual_time(cell).is_some());
        let name = row.headings().iter().find(tells)?;
        eprintln!("{}: times are read from the column {name}; --time names another", self.file.display());
        Some(name.clone())
    }

    fn check(&self, names: &[String], more: &[&str]) -> Result<(), Failure> {
        let asked = self.text.iter().chain(&self.time).chain(&self.id).map(String::as_str).chain(more.iter().copied());
        let missing: Vec<&str> = asked.filter(|asked| !names.iter().any(|name| name == asked)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (file, missing, names) = (self.file.display(), missing.join(", "), names.join(", "));
        Err(Failure(format!("{file}: there is no column {missing}; its columns are: {names}")))
    }
}

/// A figure with four digits after the point: enough to compare, few enough to read.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
