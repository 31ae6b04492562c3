//! The press 排版: a document as PDF, by typst.
//!
//! The template is part of the program; the document reaches it as JSON in a file that exists in memory only, so no
//! text of a caller is ever read as markup. The world that typst sees has the template, the document and its pictures,
//! and nothing else: no disk, no network, no clock.

use serde_json::{Value, json};
use typst::{
    Library, World,
    diag::{FileError, FileResult, SourceDiagnostic},
    foundations::{Bytes, Datetime, Duration},
    layout::{Frame, FrameItem},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use crate::{
    OfficeError,
    break_long::break_long,
    document::{Align, Block, Document, Entry, MastheadStyle, SignLine, Table},
    fonts::{Fonts, Role, is_unseen},
    picture::{self, Seen},
    widths,
    words::words,
};

/// The template, read by typst.
const TEMPLATE: &str = include_str!("template.typ");
/// Name of the file that is the document.
const DATA: &str = "document.json";
/// How many documents later what typst remembers of one is forgotten, if no other needed it.
const REMEMBERED: usize = 3;
/// Room in a table, in em of its usual type (156 mm at 10.5 pt).
const TABLE_ROOM: f64 = 42.0;
/// From so many characters on a cell may be parted between two pages; shorter ones stay whole.
const CELL_PARTED: usize = 400;

/// A document as PDF: A4, laid out by GB/T 9704-2012, tagged, fonts embedded. The same document gives the same bytes.
///
/// # Errors
/// [`OfficeError`], first of all [`OfficeError::Glyph`] when no font has a character.
pub fn pdf(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, OfficeError> {
    document.check()?;
    let seen = document.pictures().zip(1..).map(|(picture, number)| picture::see(picture, number));
    let seen = seen.collect::<Result<Vec<_>, OfficeError>>()?;
    let pictures = document.pictures().map(|picture| Bytes::new(picture.bytes.clone())).collect();
    let charts = document
        .blocks
        .iter()
        .filter_map(|block| if let Block::Chart { chart, .. } = block { Some(chart) } else { None });
    for chart in charts {
        let texts = chart.labels.iter().chain(chart.series.iter().map(|series| &series.name)).chain(&chart.unit);
        if let Some(c) = texts.into_iter().find_map(|text| fonts.lacks(text)) {
            return Err(OfficeError::Glyph(c));
        }
    }
    let data = Bytes::new(view(document, &seen, fonts).to_string().into_bytes());
    let made = print(&Desk { fonts, data, pictures });
    comemo::evict(REMEMBERED);
    made
}

fn print(desk: &Desk<'_>) -> Result<Vec<u8>, OfficeError> {
    let pages = typst::compile::<PagedDocument>(desk).output.map_err(|faults| failed(&faults))?;
    if let Some(path) = desk.fonts.gone() {
        return Err(OfficeError::FontGone(path));
    }
    if let Some(c) = pages.pages().iter().find_map(|page| missing(&page.frame)) {
        return Err(OfficeError::Glyph(c));
    }
    typst_pdf::pdf(&pages, &PdfOptions::default()).map_err(|faults| failed(&faults))
}

fn failed(faults: &[SourceDiagnostic]) -> OfficeError {
    let texts: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    OfficeError::Failed(texts.join("; "))
}

/// The first character that was laid out without a glyph.
fn missing(frame: &Frame) -> Option<char> {
    frame.items().find_map(|(_, item)| match item {
        FrameItem::Group(group) => missing(&group.frame),
        FrameItem::Text(text) => {
            let boxes = text.glyphs.iter().filter(|glyph| glyph.id == 0);
            let texts = boxes.filter_map(|glyph| text.text.get(glyph.range()));
            texts.flat_map(str::chars).find(|c| !is_unseen(*c))
        }
        _ => None,
    })
}

/// The template as typst keeps it.
pub(crate) fn template() -> Source {
    Source::new(file("main.typ"), TEMPLATE.to_owned())
}

/// The number of a file of ours. Names are few and bounded: typst keeps each for good.
fn file(name: &str) -> FileId {
    // A plain name is always a path within the root.
    let path = VirtualPath::new(name).unwrap_or_else(|_| unreachable!("a plain name"));
    RootedPath::new(VirtualRoot::Project, path).intern()
}

/// All that typst sees.
struct Desk<'f> {
    fonts: &'f Fonts,
    data: Bytes,
    pictures: Vec<Bytes>,
}

impl World for Desk<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.fonts.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.fonts.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.fonts.template.id() {
            Ok(self.fonts.template.clone())
        } else {
            Err(FileError::NotFound(id.vpath().get_without_slash().into()))
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let name = id.vpath().get_without_slash();
        if name == DATA {
            return Ok(self.data.clone());
        }
        let picture = name.strip_prefix("picture-").and_then(|number| number.parse::<usize>().ok());
        picture.and_then(|number| self.pictures.get(number).cloned()).ok_or_else(|| FileError::NotFound(name.into()))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The document as the template takes it: every text cut into lines, every figure printed, every width known.
fn view(document: &Document, seen: &[Seen], fonts: &Fonts) -> Value {
    let words = words(document.language);
    let face = |role: Role| fonts.families(role, document.language);
    let mut seen = seen.iter().enumerate();
    let blocks: Vec<Value> = document.blocks.iter().map(|block| block_view(block, document, &mut seen)).collect();
    json!({
        "language": document.language,
        "faces": {
            "song": face(Role::Song), "title": face(Role::Title), "hei": face(Role::Hei), "kai": face(Role::Kai),
            "fangsong": face(Role::FangSong),
        },
        "masthead": document.masthead.as_deref().map(break_long),
        "letter": document.masthead.is_some() && document.masthead_style == MastheadStyle::Letter,
        "number": document.number.as_deref().map(break_long),
        "title": lines(&document.title),
        "subtitle": document.subtitle.as_deref().map(lines),
        "addressee": document.addressee.as_ref().map(|who| break_long(&format!("{who}{}", words.colon.trim_end()))),
        "blocks": blocks,
        "signature": document.signature.as_ref().map(|signature| json!({
            "who": lines(&signature.who), "date": break_long(&signature.date),
        })),
        "note": document.note.as_deref().map(lines),
    })
}

fn block_view<'s>(block: &Block, document: &Document, seen: &mut impl Iterator<Item = (usize, &'s Seen)>) -> Value {
    let words = words(document.language);
    match block {
        Block::Heading { level, text } => {
            json!({ "is": "heading", "level": level.clamp(&1, &4), "text": break_long(text).replace('\n', " ") })
        }
        Block::Paragraph { text } => json!({ "is": "paragraph", "lines": lines(text) }),
        Block::List { items, ordered } => {
            let marks = (1..).map(|number| if *ordered { format!("{number}. ") } else { "· ".to_owned() });
            let items: Vec<String> = items.iter().zip(marks).map(|(item, mark)| mark + &break_long(item)).collect();
            json!({ "is": "paragraph", "lines": items.iter().flat_map(|item| item.lines()).collect::<Vec<_>>() })
        }
        Block::Form { entries } => json!({ "is": "form", "rows": form_rows(entries) }),
        Block::Table(table) => table_view(table),
        Block::Chart { caption, chart } => {
            let (svg, height) = chart.draw(document.language);
            json!({ "is": "chart", "caption": break_long(caption), "svg": svg, "height": height })
        }
        Block::Pictures { pictures } => {
            let mut all = Vec::new();
            for (picture, (number, seen)) in pictures.iter().zip(seen) {
                let (width, height) = seen.on_paper();
                all.push(json!({
                    "caption": break_long(&picture.caption), "file": format!("picture-{number}"), "width": width,
                    "height": height,
                }));
            }
            json!({ "is": "pictures", "pictures": all })
        }
        Block::Timeline { entries } => table_view(&crate::document::timeline(entries, words)),
        Block::Sign { entries } => {
            let line = |line: &SignLine| {
                json!({
                    "label": format!("{}{}", break_long(&line.label), words.colon.trim_end()),
                    "name": break_long(&line.name),
                    "date": format!("{}{}", words.date, words.colon.trim_end()),
                    "at": break_long(&line.at),
                })
            };
            json!({ "is": "sign", "lines": entries.iter().map(line).collect::<Vec<_>>() })
        }
        Block::PageBreak => json!({ "is": "page_break" }),
    }
}

/// Fields in rows: two each, or one across.
fn form_rows(entries: &[Entry]) -> Vec<Value> {
    crate::document::form_rows(entries)
        .into_iter()
        .map(|row| {
            let alone = row.len() == 1;
            let field = |entry: &&Entry| {
                json!({
                    "label": lines(&entry.label), "value": lines(&entry.value), "span": if alone { 3 } else { 1 },
                    "parted": entry.value.chars().count() > CELL_PARTED,
                })
            };
            row.iter().map(field).collect::<Value>()
        })
        .collect()
}

fn table_view(table: &Table) -> Value {
    let (shares, scale) = widths::columns(table, TABLE_ROOM);
    let align = |align: Align| match align {
        Align::Left => "left",
        Align::Centre => "centre",
        Align::Right => "right",
    };
    let cell = |cell: &crate::document::Cell| json!(lines(&cell.printed()));
    let rows: Vec<Value> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let longest = table.rows.iter().flatten().map(|cell| cell.printed().chars().count()).max().unwrap_or_default();
    json!({
        "is": "table",
        "caption": table.caption.as_deref().map(break_long),
        "headings": table.columns.iter().map(|column| lines(&column.heading)).collect::<Vec<_>>(),
        "align": table.columns.iter().map(|column| align(column.align)).collect::<Vec<_>>(),
        "shares": shares,
        "scale": scale,
        "parted": longest > CELL_PARTED,
        "rows": rows,
        "note": table.note.as_deref().map(lines),
    })
}

/// A text in its own lines, at least one, with room to break in long runs.
fn lines(text: &str) -> Vec<String> {
    let lines: Vec<String> = break_long(text).lines().map(str::to_owned).collect();
    if lines.is_empty() { vec![String::new()] } else { lines }
}
