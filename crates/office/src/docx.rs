//! The document as DOCX (Office Open XML, ECMA-376), to be edited: every paragraph has a named style, so that a change
//! of style changes the whole document.
//!
//! Written by hand, because no library at hand repeats the headings of tables. Faces are named as office programs know
//! them (仿宋, 黑体, 楷体 …), not as this machine has them: whoever opens it has their own. It must never put a text
//! into XML unescaped.

mod frame;

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};

use image::ImageFormat;
use resvg::{tiny_skia, usvg};
use zip::{ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::{
    Language, OfficeError,
    chart::Chart,
    document::{
        Align, Block, Document, Entry, MastheadStyle, Picture, SignLine, Signature, Table, form_rows, timeline,
    },
    fonts::{Fonts, Role},
    html::escape,
    picture,
    widths::{self, text_em},
    words::words,
};

/// Width of the text area, 156 mm in twentieths of a point.
const AREA: f64 = 8844.0;
/// Width of the labels of a form, 26 mm.
const LABEL: usize = 1474;
/// English Metric Units in a millimetre.
const EMU: f64 = 36_000.0;
/// Pixels of a chart for each of its units: some 200 dots an inch on paper.
const CHART_SCALE: f32 = 2.0;

/// A document as DOCX. The fonts draw the charts; the words are drawn by whoever opens it. The same document gives the
/// same bytes.
///
/// # Errors
/// [`OfficeError`]; [`OfficeError::Glyph`] when no font has a character of a chart.
pub fn docx(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, OfficeError> {
    document.check()?;
    let mut writer = Writer { document, fonts, body: String::new(), media: Vec::new(), pictures: 0 };
    writer.head();
    for block in &document.blocks {
        writer.block(block)?;
    }
    if let Some(signature) = &document.signature {
        writer.signature(signature);
    }
    if let Some(note) = &document.note {
        note.lines().for_each(|line| writer.paragraph("Note", line));
    }
    let section = frame::section(is_letter(document));
    let body = format!("{}<w:body>{}{section}</w:body></w:document>", frame::DOCUMENT, writer.body);
    pack(document, &body, &writer.media).map_err(|why| OfficeError::Failed(why.to_string()))
}

/// Whether the document is laid out as a letter, whose first page has no number.
fn is_letter(document: &Document) -> bool {
    document.masthead.is_some() && document.masthead_style == MastheadStyle::Letter
}

/// A picture within the file.
struct Medium {
    extension: &'static str,
    bytes: Vec<u8>,
}

struct Writer<'d> {
    document: &'d Document,
    fonts: &'d Fonts,
    body: String,
    media: Vec<Medium>,
    /// Pictures of the document so far; charts are not among them.
    pictures: usize,
}

impl Writer<'_> {
    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.body.write_fmt(what);
    }

    /// A paragraph of a style, with the line breaks of its text.
    fn paragraph(&mut self, style: &str, text: &str) {
        self.body.push_str(&paragraph(style, "", text));
    }

    fn head(&mut self) {
        let document = self.document;
        if let Some(masthead) = &document.masthead {
            self.paragraph(if is_letter(document) { "Masthead" } else { "BulletinMasthead" }, masthead);
        }
        if let Some(number) = &document.number {
            let bulletin = document.masthead.is_some() && !is_letter(document);
            self.paragraph(if bulletin { "BulletinNumber" } else { "DocumentNumber" }, number);
        }
        self.paragraph("Title", &document.title);
        if let Some(subtitle) = &document.subtitle {
            self.paragraph("Subtitle", subtitle);
        }
        if let Some(addressee) = &document.addressee {
            let colon = words(document.language).colon.trim_end();
            self.paragraph("Addressee", &format!("{addressee}{colon}"));
        }
    }

    fn block(&mut self, block: &Block) -> Result<(), OfficeError> {
        let language = self.document.language;
        match block {
            Block::Heading { level, text } => {
                self.paragraph(&format!("Heading{}", level.clamp(&1, &4)), &text.replace('\n', " "));
            }
            Block::Paragraph { text } => text.lines().for_each(|line| self.paragraph("BodyText", line)),
            Block::List { items, ordered } => {
                for (item, number) in items.iter().zip(1..) {
                    let mark = if *ordered { format!("{number}. ") } else { "· ".to_owned() };
                    self.paragraph("BodyText", &format!("{mark}{item}"));
                }
            }
            Block::Form { entries } => self.form(entries),
            Block::Table(table) => self.table(table),
            Block::Timeline { entries } => self.table(&timeline(entries, words(language))),
            Block::Chart { caption, chart } => self.chart(caption, chart)?,
            Block::Pictures { pictures } => self.pictures(pictures)?,
            Block::Sign { entries } => self.sign(entries),
            Block::PageBreak => {
                self.body.push_str("<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>");
            }
        }
        Ok(())
    }

    /// Begins a table: its columns in twentieths of a point.
    fn open(&mut self, columns: &[usize], ruled: bool) {
        let edge = if ruled { "single" } else { "none" };
        let edges = ["top", "left", "bottom", "right", "insideH", "insideV"];
        let edges: String = edges.iter().map(|side| format!("<w:{side} w:val=\"{edge}\" w:sz=\"4\"/>")).collect();
        let whole: usize = columns.iter().sum();
        let grid: String = columns.iter().map(|width| format!("<w:gridCol w:w=\"{width}\"/>")).collect();
        self.put(format_args!(
            "<w:tbl><w:tblPr><w:tblW w:w=\"{whole}\" w:type=\"dxa\"/><w:tblBorders>{edges}</w:tblBorders><w:tblLayout \
             w:type=\"fixed\"/><w:tblCellMar><w:left w:w=\"80\" w:type=\"dxa\"/><w:right w:w=\"80\" w:type=\"dxa\"/>\
             </w:tblCellMar></w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
        ));
    }

    /// Ends a table; a narrow paragraph keeps it apart from a table that follows.
    fn close(&mut self) {
        self.body.push_str("</w:tbl>");
        self.paragraph("TableEnd", "");
    }

    fn form(&mut self, entries: &[Entry]) {
        let value = (AREA as usize - 2 * LABEL) / 2;
        self.open(&[LABEL, value, LABEL, value], true);
        for row in form_rows(entries) {
            let alone = row.len() == 1;
            self.body.push_str("<w:tr>");
            for entry in row {
                let wide = if alone { 2 * value + LABEL } else { value };
                let span = if alone { "<w:gridSpan w:val=\"3\"/>" } else { "" };
                let label = cell(LABEL, "", &paragraphs("FormLabel", "", &entry.label));
                let value = cell(wide, span, &paragraphs("FormText", "", &entry.value));
                self.put(format_args!("{label}{value}"));
            }
            self.body.push_str("</w:tr>");
        }
        self.close();
    }

    fn table(&mut self, table: &Table) {
        if let Some(caption) = &table.caption {
            self.paragraph("Caption", caption);
        }
        if table.columns.is_empty() {
            return;
        }
        let (shares, scale) = widths::columns(table, AREA / 210.0);
        let columns: Vec<usize> = shares.iter().map(|share| (share * AREA) as usize).collect();
        // Half points; smaller than the style says only where the table is too wide for it.
        let size = if scale < 1.0 { format!("<w:sz w:val=\"{}\"/>", (21.0 * scale).round()) } else { String::new() };
        self.open(&columns, true);
        self.body.push_str("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
        for (column, width) in table.columns.iter().zip(&columns) {
            let text = sized_paragraphs("TableHeading", "", &size, &column.heading);
            self.body.push_str(&cell(*width, "", &text));
        }
        self.body.push_str("</w:tr>");
        for row in &table.rows {
            self.body.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
            for ((value, column), width) in row.iter().zip(&table.columns).zip(&columns) {
                let align = match column.align {
                    Align::Left => "",
                    Align::Centre => "<w:jc w:val=\"center\"/>",
                    Align::Right => "<w:jc w:val=\"right\"/>",
                };
                let text = sized_paragraphs("TableText", align, &size, &value.printed());
                self.body.push_str(&cell(*width, "", &text));
            }
            self.body.push_str("</w:tr>");
        }
        self.close();
        if let Some(note) = &table.note {
            note.lines().for_each(|line| self.paragraph("Note", line));
        }
    }

    fn chart(&mut self, caption: &str, chart: &Chart) -> Result<(), OfficeError> {
        let (png, width, height) = draw(chart, self.document.language, self.fonts)?;
        self.paragraph("Caption", caption);
        // As wide as the text; a very long one is made to fit on its page.
        let ratio = f64::from(height) / f64::from(width);
        let wide = 156.0_f64.min(195.0 / ratio) * EMU;
        let size = (wide, wide * ratio);
        let drawing = self.drawing(Medium { extension: "png", bytes: png }, size, caption);
        self.put(format_args!("<w:p><w:pPr><w:pStyle w:val=\"Figure\"/></w:pPr>{drawing}</w:p>"));
        Ok(())
    }

    fn pictures(&mut self, pictures: &[Picture]) -> Result<(), OfficeError> {
        let half = AREA as usize / 2;
        self.open(&[half, half], false);
        for pair in pictures.chunks(2) {
            self.body.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
            for picture in pair {
                self.pictures += 1;
                let seen = picture::see(picture, self.pictures)?;
                let (extension, bytes) = match seen.format {
                    ImageFormat::Jpeg => ("jpeg", picture.bytes.clone()),
                    ImageFormat::Png => ("png", picture.bytes.clone()),
                    _ => ("png", picture::png(picture, self.pictures)?),
                };
                let (width, height) = seen.on_paper();
                let medium = Medium { extension, bytes };
                let drawing = self.drawing(medium, (width * EMU, height * EMU), &picture.caption);
                let drawn = format!("<w:p><w:pPr><w:pStyle w:val=\"Figure\"/></w:pPr>{drawing}</w:p>");
                let told = paragraphs("PictureCaption", "", &picture.caption);
                self.body.push_str(&cell(half, "", &(drawn + &told)));
            }
            if pair.len() == 1 {
                self.body.push_str(&cell(half, "", &paragraph("TableText", "", "")));
            }
            self.body.push_str("</w:tr>");
        }
        self.close();
        Ok(())
    }

    /// A run that shows a picture of a size in EMU.
    fn drawing(&mut self, medium: Medium, (width, height): (f64, f64), alt: &str) -> String {
        self.media.push(medium);
        frame::drawing(self.media.len(), (width.max(1.0) as u64, height.max(1.0) as u64), &escape(alt))
    }

    fn sign(&mut self, entries: &[SignLine]) {
        let words = words(self.document.language);
        let columns = [1900, 3100, 1000, AREA as usize - 6000];
        self.open(&columns, false);
        let line = "<w:tcBorders><w:bottom w:val=\"single\" w:sz=\"4\"/></w:tcBorders>";
        for entry in entries {
            self.body.push_str("<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val=\"680\"/></w:trPr>");
            let colon = words.colon.trim_end();
            let texts = [
                format!("{}{colon}", entry.label),
                entry.name.clone(),
                format!("{}{colon}", words.date),
                entry.at.clone(),
            ];
            for ((text, width), more) in texts.iter().zip(columns).zip(["", line, "", line]) {
                self.body.push_str(&cell(width, more, &paragraphs("SignText", "", text)));
            }
            self.body.push_str("</w:tr>");
        }
        self.close();
    }

    /// The date ends four characters before the edge, the name stands in its middle (GB/T 9704-2012, 7.3.5).
    fn signature(&mut self, signature: &Signature) {
        let (who, date) = (text_em(&signature.who), text_em(&signature.date));
        let who_right = (4.0 - (who - date) / 2.0).max(0.0);
        let date_right = (who_right + (who - date) / 2.0).max(0.0);
        let indent = |em: f64| format!("<w:ind w:right=\"{}\"/>", (em * 320.0).round());
        let before = "<w:keepNext/><w:spacing w:before=\"1158\"/>";
        self.body.push_str(&paragraph("Signature", &format!("{before}{}", indent(who_right)), &signature.who));
        self.body.push_str(&paragraph("Signature", &indent(date_right), &signature.date));
    }
}

fn cell(width: usize, more: &str, content: &str) -> String {
    format!(
        "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>{more}<w:vAlign w:val=\"center\"/></w:tcPr>{content}</w:tc>"
    )
}

/// A paragraph with what its style does not say.
fn paragraph(style: &str, more: &str, text: &str) -> String {
    sized(style, more, "", text)
}

/// A paragraph for each line of a text, at least one.
fn paragraphs(style: &str, more: &str, text: &str) -> String {
    sized_paragraphs(style, more, "", text)
}

fn sized_paragraphs(style: &str, more: &str, size: &str, text: &str) -> String {
    if text.is_empty() {
        return sized(style, more, size, "");
    }
    text.lines().map(|line| sized(style, more, size, line)).collect()
}

fn sized(style: &str, more: &str, size: &str, text: &str) -> String {
    let mut out = format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/>{more}</w:pPr>");
    for (line, index) in text.lines().zip(0..) {
        let line_break = if index > 0 { "<w:br/>" } else { "" };
        let text = escape(line);
        let _ = write!(out, "<w:r><w:rPr>{size}</w:rPr>{line_break}<w:t xml:space=\"preserve\">{text}</w:t></w:r>");
    }
    out + "</w:p>"
}

/// A chart as PNG, and its width and height in pixels.
fn draw(chart: &Chart, language: Language, fonts: &Fonts) -> Result<(Vec<u8>, u32, u32), OfficeError> {
    let svg = chart.svg(language);
    if let Some(c) = fonts.lacks(&svg) {
        return Err(OfficeError::Glyph(c));
    }
    let failed = |why: String| OfficeError::Failed(format!("a chart cannot be drawn: {why}"));
    let mut options = usvg::Options::default();
    let faces = options.fontdb_mut();
    for (bytes, index) in fonts.covering(Role::Hei, &svg) {
        for id in faces.load_font_source(usvg::fontdb::Source::Binary(std::sync::Arc::new(bytes))) {
            // Of a collection the one face that was meant.
            if faces.face(id).is_some_and(|face| face.index != index) {
                faces.remove_face(id);
            }
        }
    }
    let first = faces.faces().next().and_then(|face| face.families.first().map(|family| family.0.clone()));
    if let Some(family) = first {
        faces.set_sans_serif_family(family);
    }
    let tree = usvg::Tree::from_str(&svg, &options).map_err(|why| failed(why.to_string()))?;
    let size = tree.size().to_int_size().scale_by(CHART_SCALE).ok_or_else(|| failed("it has no size".to_owned()))?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| failed("it is too large".to_owned()))?;
    pixels.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(CHART_SCALE, CHART_SCALE), &mut pixels.as_mut());
    let png = pixels.encode_png().map_err(|why| failed(why.to_string()))?;
    Ok((png, size.width(), size.height()))
}

/// All parts as one file.
fn pack(document: &Document, body: &str, media: &[Medium]) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let letter = is_letter(document);
    let mut part = |name: &str, bytes: &[u8]| {
        zip.start_file(name, SimpleFileOptions::default())?;
        zip.write_all(bytes).map_err(ZipError::from)
    };
    part("[Content_Types].xml", frame::CONTENT_TYPES.as_bytes())?;
    part("_rels/.rels", frame::RELS.as_bytes())?;
    part("docProps/core.xml", frame::core(&escape(&document.title.replace('\n', " "))).as_bytes())?;
    part("word/document.xml", body.as_bytes())?;
    part("word/styles.xml", frame::styles(document.language).as_bytes())?;
    part("word/settings.xml", frame::SETTINGS.as_bytes())?;
    part("word/fontTable.xml", frame::FONT_TABLE.as_bytes())?;
    for (name, text) in frame::footers(letter) {
        part(&format!("word/{name}.xml"), text.as_bytes())?;
    }
    let names: Vec<String> =
        media.iter().zip(1..).map(|(medium, number)| format!("{number}.{}", medium.extension)).collect();
    part("word/_rels/document.xml.rels", frame::document_rels(&names).as_bytes())?;
    for (name, medium) in names.iter().zip(media) {
        part(&format!("word/media/{name}"), &medium.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
