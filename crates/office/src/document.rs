//! The document as a value: what stands on the paper, in order, with no word on how it looks.
//!
//! Everything can be stored and sent as JSON, so that a page shows the same document that the paper shows; only the
//! bytes of pictures stay out of it. It must never hold markup.

use jiban_domain::policy::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{OfficeError, chart::Chart, fonts::Fonts, words::Words};

/// Most pictures in one document: each is held in memory while it is rendered.
pub const PICTURES_MAX: usize = 200;

/// One document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    /// Language of the words that rendering adds (page, continued, no data) and of line breaking.
    pub language: Language,
    /// Issuing body 发文机关标志, in red above a red rule; none makes a plain document without a head.
    #[serde(default)]
    pub masthead: Option<String>,
    /// How the head is laid out.
    #[serde(default)]
    pub masthead_style: MastheadStyle,
    /// Number of the document 发文字号, e.g. 东信函〔2026〕1号.
    #[serde(default)]
    pub number: Option<String>,
    /// Title 标题, centred; lines are broken where the text has line feeds, else where they are full.
    pub title: String,
    /// A line below the title: the period of a report, the number of a form.
    #[serde(default)]
    pub subtitle: Option<String>,
    /// Whom it goes to 主送机关, without the closing colon, which is added.
    #[serde(default)]
    pub addressee: Option<String>,
    /// The body.
    #[serde(default)]
    pub blocks: Vec<Block>,
    /// Who signs and when 署名与成文日期, to the right.
    #[serde(default)]
    pub signature: Option<Signature>,
    /// Small print at the end: the hash of the data, who printed it and when.
    #[serde(default)]
    pub note: Option<String>,
}

impl Document {
    /// A plain document with nothing but a title.
    pub fn new(language: Language, title: impl Into<String>) -> Self {
        Self {
            language,
            masthead: None,
            masthead_style: MastheadStyle::default(),
            number: None,
            title: title.into(),
            subtitle: None,
            addressee: None,
            blocks: Vec::new(),
            signature: None,
            note: None,
        }
    }

    /// Whether it can be rendered at all: pictures within the bound, and as many cells in each row as columns.
    ///
    /// # Errors
    /// [`OfficeError::Pictures`] and [`OfficeError::Ragged`].
    pub fn check(&self) -> Result<(), OfficeError> {
        let pictures = self.pictures().count();
        if pictures > PICTURES_MAX {
            return Err(OfficeError::Pictures(pictures));
        }
        for (table, number) in self.tables().zip(1..) {
            let columns = table.columns.len();
            let ragged = table.rows.iter().zip(1..).find(|(row, _)| row.len() != columns);
            if let Some((cells, row)) = ragged {
                return Err(OfficeError::Ragged { table: number, row, cells: cells.len(), columns });
            }
        }
        Ok(())
    }

    /// Replaces each character that no font has by its number, e.g. 〔U+1F600〕, for those who must print what somebody
    /// wrote whatever it is. Nothing else is changed; what was replaced stands where it stood.
    pub fn spell_out(&mut self, fonts: &Fonts) {
        for text in self.texts_mut() {
            if fonts.lacks(text).is_none() {
                continue;
            }
            let spelled = text.chars().map(|c| match fonts.lacks(c.encode_utf8(&mut [0; 4])) {
                Some(c) => format!("〔U+{:04X}〕", u32::from(c)),
                None => c.to_string(),
            });
            *text = spelled.collect();
        }
    }

    /// Every text that is printed, in order; figures are not among them.
    fn texts_mut(&mut self) -> Vec<&mut String> {
        let head = [&mut self.masthead, &mut self.number, &mut self.subtitle, &mut self.addressee, &mut self.note];
        let mut all: Vec<&mut String> = head.into_iter().flatten().collect();
        all.push(&mut self.title);
        if let Some(signature) = &mut self.signature {
            all.extend([&mut signature.who, &mut signature.date]);
        }
        for block in &mut self.blocks {
            match block {
                Block::Heading { text, .. } | Block::Paragraph { text } => all.push(text),
                Block::List { items, .. } => all.extend(items),
                Block::Form { entries } => {
                    all.extend(entries.iter_mut().flat_map(|one| [&mut one.label, &mut one.value]));
                }
                Block::Table(table) => {
                    all.extend(table.caption.iter_mut().chain(&mut table.note));
                    all.extend(table.columns.iter_mut().map(|column| &mut column.heading));
                    let cells = table.rows.iter_mut().flatten();
                    all.extend(cells.filter_map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None }));
                }
                Block::Chart { caption, chart } => {
                    all.push(caption);
                    all.extend(chart.labels.iter_mut().chain(&mut chart.unit));
                    all.extend(chart.series.iter_mut().map(|series| &mut series.name));
                }
                Block::Pictures { pictures } => all.extend(pictures.iter_mut().map(|picture| &mut picture.caption)),
                Block::Timeline { entries } => {
                    all.extend(entries.iter_mut().flat_map(|one| [&mut one.at, &mut one.who, &mut one.what]));
                }
                Block::Sign { entries } => {
                    all.extend(entries.iter_mut().flat_map(|one| [&mut one.label, &mut one.name, &mut one.at]));
                }
                Block::PageBreak => {}
            }
        }
        all
    }

    /// All tables, in order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| if let Block::Table(table) = block { Some(table) } else { None })
    }

    /// All pictures, in order.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.blocks.iter().flat_map(|block| if let Block::Pictures { pictures } = block { &pictures[..] } else { &[] })
    }
}

/// How the head of a document is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MastheadStyle {
    /// A letter 信函格式 (GB/T 9704-2012, 10.1): double rules of 170 mm at head and foot of the first page, the number
    /// to the right below the head, no page number on the first page.
    #[default]
    Letter,
    /// A bulletin 简报: name, number in the middle below it, one rule.
    Bulletin,
}

/// A part of the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "block", rename_all = "snake_case")]
#[schema(as = DocumentBlock)]
pub enum Block {
    /// A heading. Its number is part of the text; [`crate::numbered`] makes one.
    Heading {
        /// 1–4; others are taken as the nearest.
        level: u8,
        /// Number and words, e.g. 一、总体情况.
        text: String,
    },
    /// A paragraph, its first line indented; a line feed begins another.
    Paragraph {
        /// The words.
        text: String,
    },
    /// Items, each its own paragraph.
    List {
        /// The words of each.
        items: Vec<String>,
        /// Whether they are numbered 1. 2. 3.
        #[serde(default)]
        ordered: bool,
    },
    /// A form 表单 as a ruled grid: two entries a row unless wide.
    Form {
        /// Fields in order.
        entries: Vec<Entry>,
    },
    /// A table.
    Table(Table),
    /// A chart.
    Chart {
        /// What it shows.
        caption: String,
        /// The figures.
        chart: Chart,
    },
    /// Pictures in rows of two, e.g. before and after.
    Pictures {
        /// In order.
        pictures: Vec<Picture>,
    },
    /// What happened when, by whom.
    Timeline {
        /// In order.
        entries: Vec<Moment>,
    },
    /// Signature lines 签名栏.
    Sign {
        /// One line each.
        entries: Vec<SignLine>,
    },
    /// What follows begins a page.
    PageBreak,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentEntry)]
pub struct Entry {
    /// Name of the field.
    pub label: String,
    /// What is filled in; empty leaves room to write by hand.
    #[serde(default)]
    pub value: String,
    /// Whether it takes a whole row.
    #[serde(default)]
    pub wide: bool,
}

/// A table; each row has as many cells as there are columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentTable)]
pub struct Table {
    /// What it shows; also the name of its sheet in a workbook.
    #[serde(default)]
    pub caption: Option<String>,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Rows in order.
    pub rows: Vec<Vec<Cell>>,
    /// Below the table, in small print.
    #[serde(default)]
    pub note: Option<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentColumn)]
pub struct Column {
    /// Its heading, repeated on each page.
    pub heading: String,
    /// How its cells stand.
    #[serde(default)]
    pub align: Align,
}

/// How cells of a column stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DocumentAlign)]
pub enum Align {
    /// To the left: words.
    #[default]
    Left,
    /// In the middle: short words, marks.
    Centre,
    /// To the right: figures.
    Right,
}

/// A cell of a table. Figures stay figures, so that a workbook can compute with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "cell", content = "value", rename_all = "snake_case")]
#[schema(as = DocumentCell)]
pub enum Cell {
    /// Nothing is known or meant; printed as an en dash.
    Empty,
    /// Words.
    Text(String),
    /// A whole number, e.g. of cases.
    Count(i64),
    /// A number, printed with at most two decimals.
    Number(f64),
    /// A share from 0 to 1, printed as a percentage with one decimal: 92.6%.
    Share(f64),
    /// A change against another period, as a share and with its sign: −40.0%, +3.2%.
    Change(f64),
}

impl Cell {
    /// As it is printed. Halves are rounded away from zero; what is not a number is printed as an en dash.
    pub fn printed(&self) -> String {
        match self {
            Self::Empty => "–".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string().replace('-', "−"),
            Self::Number(number) => plain(*number),
            Self::Share(share) => percent(*share),
            Self::Change(change) if *change > 0.0 => format!("+{}", percent(*change)),
            Self::Change(change) => percent(*change),
        }
    }
}

/// A share as a percentage with one decimal. The share is rounded as a decimal number, so that 0.0765 is 7.7%.
fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    // A thousandth part of the last digit: what binary fractions lose of a decimal half.
    let tenths = (share * 1_000.0 + share.signum() * 1e-6).round();
    format!("{:.1}%", tenths / 10.0).replace("-0.0%", "0.0%").replace('-', "−")
}

/// A number with at most two decimals, none that is zero at the end.
pub(crate) fn plain(number: f64) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let rounded = (number * 100.0 + number.signum() * 1e-6).round() / 100.0;
    let text = format!("{rounded:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentPicture)]
pub struct Picture {
    /// JPEG, PNG or WebP. Not part of the JSON.
    #[serde(skip)]
    #[schema(ignore)]
    pub bytes: Vec<u8>,
    /// Where a page finds it: a path of the interface, beginning with one slash. Pages without it show the caption only.
    #[serde(default)]
    pub href: Option<String>,
    /// Below the picture.
    pub caption: String,
}

/// An entry of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentMoment)]
pub struct Moment {
    /// When, as it is to be printed.
    pub at: String,
    /// Who did it.
    pub who: String,
    /// What happened.
    pub what: String,
}

/// A line to sign on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentSignLine)]
pub struct SignLine {
    /// Who signs here, e.g. 经办人.
    pub label: String,
    /// Name of who signed; empty leaves a line to sign by hand.
    #[serde(default)]
    pub name: String,
    /// When, as it is to be printed; empty leaves room.
    #[serde(default)]
    pub at: String,
}

/// Who signs a document and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentSignature)]
pub struct Signature {
    /// Name of the issuing body 发文机关署名.
    pub who: String,
    /// Date with full year, month and day 成文日期, e.g. 2026年1月5日.
    pub date: String,
}

/// Fields in rows, as all formats lay them out: two a row; alone where it is wide or has no neighbour.
pub(crate) fn form_rows(entries: &[Entry]) -> Vec<Vec<&Entry>> {
    let mut rows: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        match rows.last_mut() {
            Some(row) if row.len() == 1 && !row[0].wide && !entry.wide => row.push(entry),
            _ => rows.push(vec![entry]),
        }
    }
    rows
}

/// A timeline as the table that it is printed as.
pub(crate) fn timeline(entries: &[Moment], words: &Words) -> Table {
    let column = |heading: &&str| Column { heading: (*heading).to_owned(), align: Align::Left };
    let row = |moment: &Moment| [&moment.at, &moment.who, &moment.what].map(|text| Cell::Text(text.clone())).to_vec();
    Table {
        caption: None,
        columns: words.timeline.iter().map(column).collect(),
        rows: entries.iter().map(row).collect(),
        note: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_as_people_round() {
        assert_eq!(Cell::Share(75.0 / 81.0).printed(), "92.6%");
        assert_eq!(Cell::Share(0.0765).printed(), "7.7%");
        assert_eq!(Cell::Share(1.0).printed(), "100.0%");
        assert_eq!(Cell::Change(-0.4).printed(), "−40.0%");
        assert_eq!(Cell::Change(0.032).printed(), "+3.2%");
        assert_eq!(Cell::Share(-0.0001).printed(), "0.0%");
        assert_eq!(Cell::Share(f64::NAN).printed(), "–");
    }

    #[test]
    fn numbers_have_no_empty_decimals() {
        let printed = [1.0, 2.5, 3.14259, -2.0, -0.001, 0.005].map(|number| Cell::Number(number).printed());
        assert_eq!(printed, ["1", "2.5", "3.14", "−2", "0", "0.01"]);
        assert_eq!(Cell::Count(-3).printed(), "−3");
    }

    #[test]
    fn a_document_is_the_same_after_json() {
        let mut document = Document::new(Language::Zh, "题");
        document.blocks = vec![
            Block::Table(Table {
                caption: None,
                columns: vec![Column { heading: "a".into(), align: Align::Right }],
                rows: vec![vec![Cell::Share(0.5)], vec![Cell::Empty]],
                note: None,
            }),
            Block::PageBreak,
        ];
        let json = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document);
    }

    #[test]
    fn a_ragged_table_is_named() {
        let mut document = Document::new(Language::Zh, "题");
        let columns = vec![Column { heading: "a".into(), align: Align::Left }];
        let rows = vec![vec![Cell::Empty], vec![]];
        document.blocks = vec![Block::Table(Table { caption: None, columns, rows, note: None })];
        assert_eq!(document.check(), Err(OfficeError::Ragged { table: 1, row: 2, cells: 0, columns: 1 }));
    }
}
