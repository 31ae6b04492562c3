//! Documents are made in each format and opened by programs that are not ours: poppler for PDF, LibreOffice for what
//! office programs read. What was given must be found again, on A4, with every font embedded and no glyph missing.

#![expect(clippy::expect_used, reason = "a test ends when something is not as it should be")]

mod samples;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use jiban_office::{
    Align, Block, Cell, ChartKind, Column, Document, Entry, Fonts, Language, OfficeError, Picture, Table, docx, html,
    markdown, pdf, xlsx,
};

static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::find(None).expect("fonts with Chinese ('cargo xtask setup')"));

/// Where the documents are left, to be looked at.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("documents");
    fs::create_dir_all(&folder).expect("a folder below target");
    folder
}

/// What a program prints; a missing one is told with its package.
fn run(program: &str, package: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output
        .unwrap_or_else(|why| panic!("{program}: {why}; install the Debian package {package} ('cargo xtask setup')"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn poppler(program: &str, arguments: &[&str]) -> String {
    run(program, "poppler-utils", arguments)
}

/// A PDF that was written to a file.
struct Paper {
    path: String,
}

impl Paper {
    fn of(name: &str, document: &Document) -> Self {
        let bytes = pdf(document, &FONTS).unwrap_or_else(|why| panic!("{name}: {why}"));
        let path = folder().join(format!("{name}.pdf"));
        fs::write(&path, bytes).expect("a file below target");
        Self { path: path.display().to_string() }
    }

    fn pages(&self) -> usize {
        let told = poppler("pdfinfo", &[&self.path]);
        let pages = told.lines().find_map(|line| line.strip_prefix("Pages:"));
        pages.and_then(|pages| pages.trim().parse().ok()).expect("pdfinfo tells pages")
    }

    /// All its text without white space, page numbers and places to break.
    fn text(&self) -> String {
        let text = poppler("pdftotext", &["-raw", "-enc", "UTF-8", &self.path, "-"]);
        let is_number = |line: &&str| line.starts_with('—') && line.ends_with('—');
        let lines = text.lines().map(str::trim).filter(|line| !is_number(line));
        lines.map(bare).collect()
    }

    fn is_sound(&self) {
        let told = poppler("pdfinfo", &[&self.path]);
        let size = told.lines().find(|line| line.starts_with("Page size")).expect("pdfinfo tells the size");
        assert!(size.contains("A4"), "{}: {size}", self.path);
        let fonts = poppler("pdffonts", &[&self.path]);
        for font in fonts.lines().skip(2) {
            // The last five columns: emb, sub, uni, object number and generation.
            let columns: Vec<&str> = font.split_whitespace().rev().collect();
            assert!(columns[4] == "yes" && columns[2] == "yes", "{}: not embedded or without text: {font}", self.path);
        }
        assert!(!self.text().contains('\u{FFFD}'), "{} has a glyph without text", self.path);
    }
}

/// A text without white space and places to break, and without the hyphens that a line break may have added.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200B}' | '\u{AD}' | '-' | '\u{2010}')).collect()
}

/// Every text of a document, as its JSON holds it; of a chart without figures neither legend nor labels are drawn.
fn texts(document: &Document) -> Vec<String> {
    let mut all: Vec<String> = vec![document.title.clone()];
    let more = [&document.masthead, &document.number, &document.subtitle, &document.addressee, &document.note];
    all.extend(more.into_iter().flatten().cloned());
    if let Some(signature) = &document.signature {
        all.extend([signature.who.clone(), signature.date.clone()]);
    }
    for block in &document.blocks {
        match block {
            Block::Table(table) => {
                all.extend(table.caption.iter().chain(&table.note).cloned());
                all.extend(table.columns.iter().map(|column| column.heading.clone()));
                all.extend(table.rows.iter().flatten().map(Cell::printed));
            }
            Block::Chart { caption, chart } => {
                all.push(caption.clone());
                let figures = chart.series.iter().any(|series| series.values.iter().any(Option::is_some));
                all.extend(chart.series.iter().filter(|_| figures).map(|series| series.name.clone()));
            }
            Block::Pictures { pictures } => all.extend(pictures.iter().map(|picture| picture.caption.clone())),
            Block::PageBreak => {}
            other => strings(&serde_json::to_value(other).expect("a block is JSON"), &mut all),
        }
    }
    all
}

/// Every string within a value, but not what kind of block it is.
fn strings(value: &serde_json::Value, all: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => all.push(text.clone()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, all)),
        serde_json::Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "block").for_each(|(_, value)| strings(value, all));
        }
        _ => {}
    }
}

fn assert_holds(name: &str, text: &str, document: &Document) {
    for wanted in texts(document) {
        let wanted = bare(&wanted);
        assert!(text.contains(&wanted), "{name}: not found: {wanted}\nin\n{text}");
    }
}

#[test]
fn every_sample_is_a4_with_its_fonts_and_its_whole_text() {
    for (name, document) in samples::all() {
        let paper = Paper::of(name, &document);
        paper.is_sound();
        assert_holds(name, &paper.text(), &document);
    }
}

#[test]
fn an_opinion_form_is_one_page_and_a_long_one_goes_on() {
    assert_eq!(Paper::of("opinion-1", &samples::opinion()).pages(), 1);
    let long = Paper::of("opinion-2", &samples::long_opinion()).pages();
    assert!((5..=12).contains(&long), "{long} pages");
    assert_eq!(Paper::of("nothing", &Document::new(Language::Zh, "")).pages(), 1);
}

#[test]
fn headings_of_a_table_stand_on_each_page_it_takes() {
    let mut document = Document::new(Language::Zh, "表");
    document.blocks = vec![Block::Table(samples::units(Language::Zh, 120))];
    let paper = Paper::of("table", &document);
    let (pages, headings) = (paper.pages(), paper.text().matches("承办单位").count());
    // The note below it may stand on a page of its own.
    assert!(pages >= 3 && (headings == pages || headings + 1 == pages), "{headings} headings on {pages} pages");
}

#[test]
fn nothing_leaves_the_text_area() {
    for (name, document) in samples::all() {
        let paper = Paper::of(&format!("{name}-edges"), &document);
        let boxes = poppler("pdftotext", &["-bbox", &paper.path, "-"]);
        for word in boxes.lines().filter(|line| line.trim_start().starts_with("<word")) {
            let at = |edge: &str| -> f64 {
                let (_, rest) = word.split_once(&format!("{edge}=\"")).expect("a box has its edges");
                rest.split('"').next().and_then(|number| number.parse().ok()).expect("a number")
            };
            // 28 mm and 184 mm. The empty half of a closing mark may hang over.
            let over =
                if word.contains(['。', '，', '、', '；', '：', '）', '”', '》', '〕']) { 9.0 } else { 2.0 };
            assert!(at("xMin") >= 79.4 - 2.0 && at("xMax") <= 521.6 + over, "{name}: {word}");
        }
    }
}

#[test]
fn rare_characters_are_printed_and_what_no_font_has_is_named() {
    let mut document = Document::new(Language::Zh, "生僻字");
    document.blocks = vec![Block::Paragraph { text: format!("{}；e\u{301}、A\u{FE0F}、a\u{200D}b", samples::RARE) }];
    let paper = Paper::of("rare", &document);
    paper.is_sound();
    assert!(samples::RARE.chars().all(|c| paper.text().contains(c)), "{}", paper.text());

    for c in ['\u{10FFFD}', '😀', '\u{E123}'] {
        let mut document = Document::new(Language::Zh, "题");
        document.blocks = vec![Block::Form {
            entries: vec![Entry { label: "诉求".into(), value: format!("多谢{c}"), wide: true }],
        }];
        let made = pdf(&document, &FONTS);
        if FONTS.has(c) {
            Paper::of("emoji", &document).is_sound();
        } else {
            assert_eq!(made, Err(OfficeError::Glyph(c)));
            let mut spelled = document.clone();
            spelled.spell_out(&FONTS);
            let text = Paper::of("spelled", &spelled).text();
            assert!(text.contains(&format!("多谢〔U+{:04X}〕", u32::from(c))), "{text}");
        }
        let Block::Chart { caption, mut chart } = samples::chart_block(Language::Zh, ChartKind::Bars, 3) else {
            unreachable!()
        };
        chart.labels[1] = c.to_string();
        document.blocks = vec![Block::Chart { caption, chart }];
        if !FONTS.has(c) {
            assert_eq!(pdf(&document, &FONTS), Err(OfficeError::Glyph(c)));
            assert_eq!(docx(&document, &FONTS), Err(OfficeError::Glyph(c)));
        }
    }
}

#[test]
fn texts_are_never_markup() {
    let bad = "#panic() *a* _b_ $x$ <script> & </w:t> = 一 `c` @d \\ // e /* f */ [g] {h} \"i\" 'j'\u{0}";
    let mut document = Document::new(Language::Zh, bad);
    let column = |heading: &str| Column { heading: heading.into(), align: Align::Centre };
    document.subtitle = Some(bad.into());
    document.note = Some(bad.into());
    document.blocks = vec![
        Block::Heading { level: 1, text: bad.into() },
        Block::Paragraph { text: bad.into() },
        Block::List { items: vec![bad.into()], ordered: false },
        Block::Form { entries: vec![Entry { label: "栏".into(), value: bad.into(), wide: true }] },
        Block::Table(Table {
            caption: Some(bad.into()),
            columns: vec![column(bad)],
            rows: vec![vec![Cell::Text(bad.into())]],
            note: None,
        }),
    ];
    let text = Paper::of("markup", &document).text();
    let wanted = bare(&bad.replace('\u{0}', ""));
    assert_eq!(text.matches(&wanted).count(), 10, "{text}");
    let opened = office("markup", "docx", &docx(&document, &FONTS).expect("a DOCX")).text();
    assert_eq!(opened.matches(&wanted).count(), 10, "{opened}");
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    for (name, document) in [("letter", samples::letter()), ("case-sheet", samples::case_sheet())] {
        assert_eq!(pdf(&document, &FONTS), pdf(&document, &FONTS), "{name}");
        assert_eq!(docx(&document, &FONTS), docx(&document, &FONTS), "{name}");
    }
}

#[test]
fn documents_are_made_side_by_side() {
    std::thread::scope(|scope| {
        let make = |_| scope.spawn(|| pdf(&samples::letter(), &FONTS).expect("a PDF"));
        let made: Vec<Vec<u8>> =
            (0..4).map(make).collect::<Vec<_>>().into_iter().map(|thread| thread.join().expect("no panic")).collect();
        assert!(made.windows(2).all(|pair| pair[0] == pair[1]));
    });
}

#[test]
fn a_broken_picture_is_told_by_its_number() {
    let mut document = samples::case_sheet();
    let whole = document.pictures().next().expect("a picture").bytes.clone();
    let broken = |bytes: Vec<u8>| Picture { bytes, href: None, caption: "坏".into() };
    document.blocks.push(Block::Pictures { pictures: vec![broken(b"GIF89a no picture".to_vec())] });
    assert!(matches!(pdf(&document, &FONTS), Err(OfficeError::Picture { number: 4, .. })));
    assert!(matches!(docx(&document, &FONTS), Err(OfficeError::Picture { number: 4, .. })));
    // Its head is right, the rest is missing.
    document.blocks = vec![Block::Pictures { pictures: vec![broken(whole[..whole.len() / 2].to_vec())] }];
    // Shown as far as it goes, or refused by its number; never anything else.
    let made = pdf(&document, &FONTS);
    assert!(matches!(made, Ok(_) | Err(OfficeError::Picture { number: 1, .. })), "{made:?}");
}

/// What LibreOffice makes of a document, as PDF.
fn office(name: &str, extension: &str, bytes: &[u8]) -> Paper {
    let place = folder().join(format!("{name}-{extension}"));
    fs::create_dir_all(&place).expect("a folder below target");
    let file = place.join(format!("{name}.{extension}"));
    fs::write(&file, bytes).expect("a file below target");
    // A profile of its own, so that several run side by side.
    let profile = format!("-env:UserInstallation=file://{}", place.join("profile").display());
    let (out, file) = (place.display().to_string(), file.display().to_string());
    let package = "libreoffice-writer-nogui and libreoffice-calc-nogui";
    run("soffice", package, &[&profile, "--headless", "--convert-to", "pdf", "--outdir", &out, &file]);
    let path = place.join(format!("{name}.pdf"));
    assert!(path.exists(), "LibreOffice did not open {file}; are {package} installed?");
    Paper { path: path.display().to_string() }
}

#[test]
fn docx_opens_with_its_whole_text_on_a4() {
    for (name, document) in samples::all() {
        let paper = office(name, "docx", &docx(&document, &FONTS).unwrap_or_else(|why| panic!("{name}: {why}")));
        let told = poppler("pdfinfo", &[&paper.path]);
        assert!(told.lines().any(|line| line.starts_with("Page size") && line.contains("A4")), "{name}: {told}");
        let mut document = document;
        // What charts show is a picture in a DOCX.
        document.blocks.iter_mut().for_each(|block| {
            if let Block::Chart { chart, .. } = block {
                chart.series.clear();
            }
        });
        assert_holds(name, &paper.text(), &document);
    }
}

#[test]
fn xlsx_opens_with_a_sheet_for_each_table() {
    let report = samples::report();
    let bytes = xlsx(&report).expect("an XLSX");
    let paper = office("report", "xlsx", &bytes);
    let text = paper.text();
    for table in report.tables() {
        for cell in table.rows.iter().flatten() {
            // Figures are printed by their formats there: a sign is a hyphen, which is left out.
            let wanted = bare(&cell.printed()).replace('−', "");
            let is_shown = matches!(cell, Cell::Empty) || text.contains(&wanted);
            assert!(is_shown, "not found: {wanted}");
        }
    }
    assert_eq!(xlsx(&samples::letter()), Err(OfficeError::NoTable));
}

#[test]
fn html_and_markdown_hold_the_whole_text() {
    for (name, document) in samples::all() {
        let (html, markdown) = (html(&document), markdown(&document));
        let unescaped = html.replace("&quot;", "\"").replace("&#39;", "'").replace("<br>", "").replace("&amp;", "&");
        assert_holds(name, &bare(&unescaped), &document);
        assert!(!html.contains(" style=") && !html.contains("<script") && !html.contains(" onload"), "{name}");
        assert_holds(name, &bare(&markdown.replace('\\', "").replace("<br>", "")), &document);
        fs::write(folder().join(format!("{name}.html")), html).expect("a file below target");
        fs::write(folder().join(format!("{name}.md")), markdown).expect("a file below target");
    }
}
