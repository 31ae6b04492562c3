//! The parts of a DOCX that are the same for every document, or nearly: styles, footers, relations, the page.
//!
//! Measures are twentieths of a point (twips) where nothing else is said, sizes of type half points.

use std::fmt::Write as _;

use crate::Language;

/// How each part begins.
macro_rules! xml {
    ($text:expr) => {
        concat!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n", $text)
    };
}

const W: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const RED: &str = "D7000F";
/// From line to line, 225 mm / 22, and what each character is moved for 28 of them in 156 mm.
const PITCH: u32 = 579;
const SQUEEZE: i32 = -4;

pub(super) const DOCUMENT: &str = xml!(
    "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
     xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
     xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
     xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
     xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\">"
);

pub(super) const CONTENT_TYPES: &str = xml!(
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
     <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
     <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
     <Default Extension=\"png\" ContentType=\"image/png\"/>\
     <Default Extension=\"jpeg\" ContentType=\"image/jpeg\"/>\
     <Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>\
     <Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/>\
     <Override PartName=\"/word/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml\"/>\
     <Override PartName=\"/word/settings.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml\"/>\
     <Override PartName=\"/word/fontTable.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.fontTable+xml\"/>\
     <Override PartName=\"/word/footer-odd.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/>\
     <Override PartName=\"/word/footer-even.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/>\
     <Override PartName=\"/word/footer-first.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/>\
     </Types>"
);

pub(super) const RELS: &str = xml!(
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
     <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>\
     <Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>\
     </Relationships>"
);

pub(super) const SETTINGS: &str = xml!(
    "<w:settings xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
     <w:evenAndOddHeaders/><w:characterSpacingControl w:val=\"compressPunctuation\"/>\
     <w:compat><w:compatSetting w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" \
     w:val=\"15\"/></w:compat></w:settings>"
);

/// What a program may take for a face that it does not have.
pub(super) const FONT_TABLE: &str = xml!(
    "<w:fonts xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
     <w:font w:name=\"方正小标宋简体\"><w:altName w:val=\"华文中宋\"/><w:charset w:val=\"86\"/><w:family w:val=\"roman\"/></w:font>\
     <w:font w:name=\"仿宋\"><w:altName w:val=\"FangSong\"/><w:charset w:val=\"86\"/><w:family w:val=\"modern\"/></w:font>\
     <w:font w:name=\"黑体\"><w:altName w:val=\"SimHei\"/><w:charset w:val=\"86\"/><w:family w:val=\"modern\"/></w:font>\
     <w:font w:name=\"楷体\"><w:altName w:val=\"KaiTi\"/><w:charset w:val=\"86\"/><w:family w:val=\"modern\"/></w:font>\
     <w:font w:name=\"宋体\"><w:altName w:val=\"SimSun\"/><w:charset w:val=\"86\"/><w:family w:val=\"roman\"/></w:font>\
     </w:fonts>"
);

pub(super) fn core(title: &str) -> String {
    format!(
        "{}<dc:title>{title}</dc:title></cp:coreProperties>",
        xml!(
            "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\">"
        )
    )
}

/// The page: A4, margins by GB/T 9704-2012, 5.2.1. A letter's first page has a footer of its own.
pub(super) fn section(letter: bool) -> String {
    let first = if letter { "<w:footerReference w:type=\"first\" r:id=\"rFirst\"/>" } else { "" };
    let title = if letter { "<w:titlePg/>" } else { "" };
    format!(
        "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"rOdd\"/><w:footerReference w:type=\"even\" \
         r:id=\"rEven\"/>{first}<w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"2098\" w:right=\"1474\" \
         w:bottom=\"1984\" w:left=\"1588\" w:header=\"851\" w:footer=\"1134\" w:gutter=\"0\"/>{title}</w:sectPr>"
    )
}

/// Names and texts of the footers: page numbers between dashes on the outer side; a double rule on a letter's first.
pub(super) fn footers(letter: bool) -> [(&'static str, String); 3] {
    let number = |style: &str| {
        let field = |kind: &str| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
        let text = |text: &str| format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>");
        let code = "<w:r><w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r>";
        let fields = [field("begin"), code.to_owned(), field("separate"), text("1"), field("end")].concat();
        format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{}{fields}{}</w:p>", text("— "), text(" —"))
    };
    let whole = |content: &str| format!("{}<w:ftr xmlns:w=\"{W}\">{content}</w:ftr>", xml!(""));
    let rule = if letter { "FirstFooter" } else { "Footer" };
    let first = format!("<w:p><w:pPr><w:pStyle w:val=\"{rule}\"/></w:pPr></w:p>");
    [
        ("footer-odd", whole(&number("Footer"))),
        ("footer-even", whole(&number("EvenFooter"))),
        ("footer-first", whole(&first)),
    ]
}

/// What the document refers to; pictures by the names of their files.
pub(super) fn document_rels(pictures: &[String]) -> String {
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{RELATION}/{kind}\" Target=\"{target}\"/>")
    };
    let mut out =
        xml!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">").to_owned();
    for (id, kind, target) in [
        ("rStyles", "styles", "styles.xml"),
        ("rSettings", "settings", "settings.xml"),
        ("rFonts", "fontTable", "fontTable.xml"),
        ("rOdd", "footer", "footer-odd.xml"),
        ("rEven", "footer", "footer-even.xml"),
        ("rFirst", "footer", "footer-first.xml"),
    ] {
        out.push_str(&relation(id, kind, target));
    }
    for (name, number) in pictures.iter().zip(1..) {
        out.push_str(&relation(&format!("rPicture{number}"), "image", &format!("media/{name}")));
    }
    out + "</Relationships>"
}

/// A run that shows a picture, of a size in EMU.
pub(super) fn drawing(number: usize, (width, height): (u64, u64), alt: &str) -> String {
    format!(
        "<w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"{width}\" \
         cy=\"{height}\"/><wp:docPr id=\"{number}\" name=\"Picture {number}\" descr=\"{alt}\"/><a:graphic><a:graphicData \
         uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic><pic:nvPicPr><pic:cNvPr \
         id=\"{number}\" name=\"Picture {number}\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip \
         r:embed=\"rPicture{number}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off \
         x=\"0\" y=\"0\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm><a:prstGeom \
         prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
}

/// A style of paragraphs.
struct Style {
    /// How the document names it.
    id: &'static str,
    /// How programs know it; of those that they bring, the English name.
    name: &'static str,
    /// How people know it.
    alias: &'static str,
    /// What it is made from; nothing for the one that all are made from.
    base: Option<&'static str>,
    /// Face, size in half points.
    face: &'static str,
    size: u32,
    /// Of the paragraph, in the order that the schema wants: keepNext, pBdr, spacing, ind, jc, outlineLvl.
    paragraph: String,
    /// Of the letters: bold, colour.
    letters: &'static str,
}

/// A face as office programs name it.
fn family(face: &str) -> &'static str {
    match face {
        "hei" => "黑体",
        "kai" => "楷体",
        "song" => "宋体",
        "title" => "方正小标宋简体",
        _ => "仿宋",
    }
}

/// All styles.
pub(super) fn styles(language: Language) -> String {
    let squeeze = if language == Language::Zh { format!("<w:spacing w:val=\"{SQUEEZE}\"/>") } else { String::new() };
    let lang = if language == Language::Zh { "zh-CN" } else { "en-GB" };
    let mut out = format!(
        "{}<w:styles xmlns:w=\"{W}\"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii=\"Times New Roman\" \
         w:hAnsi=\"Times New Roman\" w:eastAsia=\"仿宋\" w:cs=\"Times New Roman\"/><w:sz w:val=\"32\"/><w:lang \
         w:val=\"{lang}\" w:eastAsia=\"zh-CN\"/></w:rPr></w:rPrDefault></w:docDefaults>",
        xml!("")
    );
    for style in all() {
        let default = if style.base.is_none() { " w:default=\"1\"" } else { "" };
        let base = style.base.map(|base| format!("<w:basedOn w:val=\"{base}\"/>")).unwrap_or_default();
        let family = family(style.face);
        // Only running text is squeezed to 28 characters a line.
        let squeeze = if style.size == 32 { squeeze.as_str() } else { "" };
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\"{default} w:styleId=\"{}\"><w:name w:val=\"{}\"/><w:aliases w:val=\"{}\"/>{base}\
             <w:qFormat/><w:pPr>{}</w:pPr><w:rPr><w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" \
             w:eastAsia=\"{family}\"/>{}{squeeze}<w:sz w:val=\"{}\"/></w:rPr></w:style>",
            style.id, style.name, style.alias, style.paragraph, style.letters, style.size
        );
    }
    out + "</w:styles>"
}

fn all() -> Vec<Style> {
    let exact = format!("<w:spacing w:line=\"{PITCH}\" w:lineRule=\"exact\"/>");
    let close = "<w:spacing w:before=\"40\" w:after=\"40\" w:line=\"240\" w:lineRule=\"auto\"/>";
    let indent = "<w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/>";
    let heading = |level: u8| format!("<w:keepNext/>{exact}{indent}<w:outlineLvl w:val=\"{}\"/>", level - 1);
    let rule = |side: &str, kind: &str, size: u32| {
        format!("<w:pBdr><w:{side} w:val=\"{kind}\" w:sz=\"{size}\" w:space=\"4\" w:color=\"{RED}\"/></w:pBdr>")
    };
    // 170 mm in the middle of the page.
    let wide = "<w:ind w:left=\"-454\" w:right=\"-340\"/>";
    let centred = "<w:jc w:val=\"center\"/>";
    let red = "<w:b/><w:color w:val=\"D7000F\"/>";
    let style = |id, (name, alias), face, size, paragraph: String| Style {
        id,
        name,
        alias,
        base: Some("Normal"),
        face,
        size,
        paragraph,
        letters: "",
    };
    let normal = style(
        "Normal",
        ("Normal", "正文"),
        "fangsong",
        32,
        format!("<w:widowControl w:val=\"0\"/>{exact}<w:jc w:val=\"both\"/>"),
    );
    let masthead = format!("{}<w:spacing w:after=\"280\"/>{wide}{centred}", rule("bottom", "thickThinSmallGap", 24));
    let bulletin = format!("<w:spacing w:after=\"200\" w:line=\"240\" w:lineRule=\"auto\"/>{centred}");
    let bulletin_number = format!("{}<w:spacing w:after=\"579\"/>{centred}", rule("bottom", "single", 12));
    vec![
        Style { base: None, ..normal },
        style("BodyText", ("Body Text", "公文正文"), "fangsong", 32, format!("{exact}{indent}")),
        Style {
            letters: "<w:b/>",
            ..style("Title", ("Title", "标题"), "title", 44, format!("<w:keepNext/><w:spacing w:before=\"240\" w:after=\"579\" w:line=\"720\" w:lineRule=\"exact\"/>{centred}"))
        },
        style("Subtitle", ("Subtitle", "副标题"), "kai", 32, format!("<w:spacing w:after=\"400\"/>{centred}")),
        style("Heading1", ("heading 1", "一级标题"), "hei", 32, heading(1)),
        style("Heading2", ("heading 2", "二级标题"), "kai", 32, heading(2)),
        style("Heading3", ("heading 3", "三级标题"), "fangsong", 32, heading(3)),
        style("Heading4", ("heading 4", "四级标题"), "fangsong", 32, heading(4)),
        Style {
            letters: red,
            ..style("Masthead", ("Masthead", "发文机关标志"), "title", 64, masthead.replace("<w:spacing ", "<w:spacing w:line=\"240\" w:lineRule=\"auto\" "))
        },
        Style { letters: red, ..style("BulletinMasthead", ("Bulletin Masthead", "简报标志"), "title", 64, bulletin) },
        style("DocumentNumber", ("Document Number", "发文字号"), "fangsong", 32, "<w:spacing w:after=\"579\"/><w:jc w:val=\"right\"/>".to_owned()),
        style("BulletinNumber", ("Bulletin Number", "简报期号"), "fangsong", 32, bulletin_number),
        style("Addressee", ("Addressee", "主送机关"), "fangsong", 32, String::new()),
        style("Signature", ("Signature", "署名"), "fangsong", 32, "<w:jc w:val=\"right\"/>".to_owned()),
        style("Caption", ("caption", "题注"), "hei", 24, format!("<w:keepNext/><w:spacing w:before=\"120\" w:after=\"80\" w:line=\"240\" w:lineRule=\"auto\"/>{centred}")),
        style("TableHeading", ("Table Heading", "表头"), "hei", 21, format!("<w:keepNext/>{close}{centred}")),
        style("TableText", ("Table Text", "表格文字"), "song", 21, format!("{close}<w:jc w:val=\"left\"/>")),
        style("TableEnd", ("Table End", "表后"), "song", 12, "<w:spacing w:line=\"160\" w:lineRule=\"exact\"/>".to_owned()),
        style("FormLabel", ("Form Label", "表单栏目"), "hei", 24, format!("<w:spacing w:before=\"80\" w:after=\"80\" w:line=\"240\" w:lineRule=\"auto\"/>{centred}")),
        style("FormText", ("Form Text", "表单内容"), "fangsong", 24, "<w:spacing w:before=\"80\" w:after=\"80\" w:line=\"240\" w:lineRule=\"auto\"/><w:jc w:val=\"left\"/>".to_owned()),
        style("SignText", ("Sign Text", "签名栏"), "fangsong", 28, "<w:spacing w:line=\"240\" w:lineRule=\"auto\"/><w:jc w:val=\"left\"/>".to_owned()),
        style("Figure", ("Figure", "图"), "song", 21, format!("<w:keepNext/><w:spacing w:before=\"60\" w:line=\"240\" w:lineRule=\"auto\"/>{centred}")),
        style("PictureCaption", ("Picture Caption", "图片说明"), "fangsong", 21, format!("<w:spacing w:after=\"160\" w:line=\"240\" w:lineRule=\"auto\"/>{centred}")),
        style("Note", ("Note", "附注"), "fangsong", 18, "<w:spacing w:before=\"40\" w:line=\"240\" w:lineRule=\"auto\"/><w:jc w:val=\"left\"/>".to_owned()),
        style("Footer", ("footer", "页脚"), "song", 28, "<w:spacing w:after=\"170\" w:line=\"280\" w:lineRule=\"exact\"/><w:ind w:right=\"280\"/><w:jc w:val=\"right\"/>".to_owned()),
        style("EvenFooter", ("Even Footer", "双页页脚"), "song", 28, "<w:spacing w:after=\"170\" w:line=\"280\" w:lineRule=\"exact\"/><w:ind w:left=\"280\"/><w:jc w:val=\"left\"/>".to_owned()),
        style("FirstFooter", ("First Footer", "首页页脚"), "song", 28, format!("{}<w:spacing w:line=\"280\" w:lineRule=\"exact\"/>{wide}", rule("bottom", "thinThickSmallGap", 24))),
    ]
}
