//! Documents out 公文与报表: takes a [`Document`], a plain value, and renders it as PDF, DOCX, HTML, Markdown or XLSX.
//!
//! The layout is that of official documents (GB/T 9704-2012 党政机关公文格式) where it applies. This crate is the only
//! place that knows typst. It must never know a case, the store or HTTP, never read the clock, and never take a
//! caller's text as markup of any kind: every text is data. What it cannot show it refuses, naming the character; it
//! never prints a box in place of one.

mod break_long;
mod chart;
mod document;
mod docx;
mod fonts;
mod html;
mod markdown;
mod numbering;
mod picture;
mod press;
mod widths;
mod words;
mod xlsx;

use thiserror::Error;

pub use self::{
    chart::{Chart, ChartKind, SERIES_MAX, Series},
    document::{
        Align, Block, Cell, Column, Document, Entry, MastheadStyle, Moment, PICTURES_MAX, Picture, SignLine, Signature,
        Table,
    },
    docx::docx,
    fonts::{Face, FontError, Fonts, Role},
    html::{html, page},
    markdown::markdown,
    numbering::numbered,
    press::pdf,
    xlsx::{sheet_name, xlsx},
};
pub use jiban_domain::policy::Language;

/// Why a document could not be rendered. Nothing was written then.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum OfficeError {
    /// No installed face has a glyph for a character of the text.
    #[error(
        "no font has the character '{0}' (U+{code:04X}); install a font that has it, e.g. the Debian packages fonts-noto \
         or fonts-noto-color-emoji, into the folder of the setting 'fonts'",
        code = u32::from(*.0)
    )]
    Glyph(char),
    /// A font file was there when fonts were looked for and cannot be read now.
    #[error("the font file {0} cannot be read any more; look for fonts again")]
    FontGone(String),
    /// A picture is neither JPEG, PNG nor WebP, or is broken. Counted from 1 in the order of the document.
    #[error("picture {number} cannot be read: {why}; give a whole JPEG, PNG or WebP")]
    Picture {
        /// Which picture, from 1.
        number: usize,
        /// What the reader says.
        why: String,
    },
    /// More pictures than a document may have.
    #[error("{0} pictures; a document may have at most {PICTURES_MAX}")]
    Pictures(usize),
    /// The document has no table, and a workbook is made of tables.
    #[error("the document has no table; a workbook needs one")]
    NoTable,
    /// A row has another number of cells than the table has columns. Tables and rows are counted from 1.
    #[error("table {table}, row {row}: {cells} cell(s) for {columns} column(s)")]
    Ragged {
        /// Which table, from 1.
        table: usize,
        /// Which row, from 1.
        row: usize,
        /// Cells in the row.
        cells: usize,
        /// Columns of the table.
        columns: usize,
    },
    /// A part of the machinery failed; the text is its own.
    #[error("the document cannot be made: {0}")]
    Failed(String),
}
