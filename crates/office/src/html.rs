//! The document as a fragment of HTML, for pages and e-mail: escaped, class names only, charts inline.
//!
//! No style and no script, so that the strictest content policy shows it. Headings begin at the second level, because
//! a page has its own first.

use std::fmt::Write as _;

use crate::{
    document::{Align, Block, Document, Entry, MastheadStyle, Picture, Table, form_rows, timeline},
    words::{Words, words},
};

/// The document as an `article`, and nothing around it.
pub fn html(document: &Document) -> String {
    let words = words(document.language);
    let mut out = format!("<article class=\"document\" lang=\"{}\">", words.tag);
    head(&mut out, document, words);
    for block in &document.blocks {
        part(&mut out, document, block, words);
    }
    if let Some(signature) = &document.signature {
        let (who, date) = (lines(&signature.who), escape(&signature.date));
        put(&mut out, format_args!("<p class=\"document-signature\">{who}<br>{date}</p>"));
    }
    if let Some(note) = &document.note {
        put(&mut out, format_args!("<p class=\"document-note\">{}</p>", lines(note)));
    }
    out.push_str("</article>");
    out
}

/// The document as a page that stands alone. `look` is its style sheet, of the caller and not of a user.
pub fn page(document: &Document, look: &str) -> String {
    let (tag, title) = (words(document.language).tag, escape(&document.title));
    format!(
        "<!doctype html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{look}</style></head><body>{}</body></html>\n",
        html(document)
    )
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(what);
}

fn head(out: &mut String, document: &Document, words: &Words) {
    if let Some(masthead) = &document.masthead {
        let style = match document.masthead_style {
            MastheadStyle::Letter => "letter",
            MastheadStyle::Bulletin => "bulletin",
        };
        put(out, format_args!("<p class=\"document-masthead document-masthead-{style}\">{}</p>", escape(masthead)));
    }
    if let Some(number) = &document.number {
        put(out, format_args!("<p class=\"document-number\">{}</p>", escape(number)));
    }
    put(out, format_args!("<h2 class=\"document-title\">{}</h2>", lines(&document.title)));
    if let Some(subtitle) = &document.subtitle {
        put(out, format_args!("<p class=\"document-subtitle\">{}</p>", lines(subtitle)));
    }
    if let Some(addressee) = &document.addressee {
        let colon = words.colon.trim_end();
        put(out, format_args!("<p class=\"document-addressee\">{}{colon}</p>", escape(addressee)));
    }
}

fn part(out: &mut String, document: &Document, block: &Block, words: &Words) {
    match block {
        Block::Heading { level, text } => {
            let level = level.clamp(&1, &4);
            let tag = level + 2;
            put(out, format_args!("<h{tag} class=\"document-heading-{level}\">{}</h{tag}>", escape(text)));
        }
        Block::Paragraph { text } => {
            for line in text.lines() {
                put(out, format_args!("<p class=\"document-paragraph\">{}</p>", escape(line)));
            }
        }
        Block::List { items, ordered } => {
            let tag = if *ordered { "ol" } else { "ul" };
            put(out, format_args!("<{tag} class=\"document-list\">"));
            for item in items {
                put(out, format_args!("<li>{}</li>", lines(item)));
            }
            put(out, format_args!("</{tag}>"));
        }
        Block::Form { entries } => form(out, entries),
        Block::Table(data) => table(out, data, "document-table"),
        Block::Chart { caption, chart } => {
            let (svg, caption) = (chart.svg(document.language), escape(caption));
            put(out, format_args!("<figure class=\"document-chart\"><figcaption>{caption}</figcaption>{svg}</figure>"));
        }
        Block::Pictures { pictures: all } => pictures(out, all),
        Block::Timeline { entries } => table(out, &timeline(entries, words), "document-table document-timeline"),
        Block::Sign { entries } => {
            let colon = words.colon;
            out.push_str("<ul class=\"document-sign\">");
            for line in entries {
                let (label, name, at) = (escape(&line.label), escape(&line.name), escape(&line.at));
                put(
                    out,
                    format_args!("<li><span>{label}{colon}{name}</span> <span>{}{colon}{at}</span></li>", words.date),
                );
            }
            out.push_str("</ul>");
        }
        Block::PageBreak => out.push_str("<hr class=\"document-page\">"),
    }
}

fn form(out: &mut String, entries: &[Entry]) {
    out.push_str("<div class=\"document-scroll\"><table class=\"document-form\"><tbody>");
    for row in form_rows(entries) {
        out.push_str("<tr>");
        let span = if row.len() == 1 { " colspan=\"3\"" } else { "" };
        for entry in row {
            let (label, value) = (lines(&entry.label), lines(&entry.value));
            put(out, format_args!("<th scope=\"row\">{label}</th><td{span}>{value}</td>"));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
}

fn table(out: &mut String, table: &Table, class: &str) {
    put(out, format_args!("<div class=\"document-scroll\"><table class=\"{class}\">"));
    if let Some(caption) = &table.caption {
        put(out, format_args!("<caption>{}</caption>", escape(caption)));
    }
    out.push_str("<thead><tr>");
    for column in &table.columns {
        put(out, format_args!("<th scope=\"col\" class=\"{}\">{}</th>", stand(column.align), lines(&column.heading)));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for (cell, column) in row.iter().zip(&table.columns) {
            put(out, format_args!("<td class=\"{}\">{}</td>", stand(column.align), lines(&cell.printed())));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    if let Some(note) = &table.note {
        put(out, format_args!("<p class=\"document-table-note\">{}</p>", lines(note)));
    }
}

fn stand(align: Align) -> &'static str {
    match align {
        Align::Left => "left",
        Align::Centre => "centre",
        Align::Right => "right",
    }
}

fn pictures(out: &mut String, pictures: &[Picture]) {
    out.push_str("<div class=\"document-pictures\">");
    for picture in pictures {
        let caption = escape(&picture.caption);
        out.push_str("<figure>");
        if let Some(href) = picture.href.as_deref().filter(|href| is_ours(href)) {
            put(out, format_args!("<img src=\"{}\" alt=\"{caption}\" loading=\"lazy\">", escape(href)));
        }
        put(out, format_args!("<figcaption>{caption}</figcaption></figure>"));
    }
    out.push_str("</div>");
}

/// Whether an address is a path of this house: it begins with one slash.
pub(crate) fn is_ours(href: &str) -> bool {
    href.starts_with('/') && !href.starts_with("//") && !href.contains(['\\', '\n', '\r'])
}

/// A text as text of HTML and XML, in elements and attributes; what XML does not allow is left out.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push(' '),
            c if crate::break_long::is_unprintable(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Lines of a text with breaks between them.
fn lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("<br>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, document::Cell};

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        let bad = "<script>alert('x')</script>\" onload=\"y";
        let mut document = Document::new(Language::Zh, bad);
        document.masthead = Some(bad.into());
        document.note = Some(bad.into());
        let picture = |href: &str| Picture { bytes: vec![], href: Some(href.into()), caption: bad.into() };
        document.blocks = vec![
            Block::Paragraph { text: bad.into() },
            Block::Form { entries: vec![Entry { label: bad.into(), value: bad.into(), wide: false }] },
            Block::Table(Table {
                caption: Some(bad.into()),
                columns: vec![],
                rows: vec![vec![], vec![Cell::Text(bad.into())]],
                note: None,
            }),
            Block::Pictures { pictures: vec![picture("/api/\"x"), picture("javascript:x"), picture("//elsewhere/x")] },
        ];
        let html = html(&document);
        assert!(!html.contains("<script") && !html.contains("\" onload"), "{html}");
        assert_eq!(html.matches("<img").count(), 1, "only paths of this house are shown: {html}");
    }
}
