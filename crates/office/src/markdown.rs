//! The document as Markdown (CommonMark with tables), for those who copy it elsewhere. Every character of a text that
//! means something to Markdown is escaped.

use std::fmt::Write as _;

use crate::{
    document::{Align, Block, Document, Table, form_rows, plain, timeline},
    html::is_ours,
    words::{Words, words},
};

/// The document as Markdown; charts as tables of their figures.
pub fn markdown(document: &Document) -> String {
    let words = words(document.language);
    let mut out = String::new();
    if let Some(masthead) = &document.masthead {
        para(&mut out, &format!("**{}**", inline(masthead)));
    }
    if let Some(number) = &document.number {
        para(&mut out, &inline(number));
    }
    para(&mut out, &format!("# {}", inline(&document.title)));
    if let Some(subtitle) = &document.subtitle {
        para(&mut out, &inline(subtitle));
    }
    if let Some(addressee) = &document.addressee {
        para(&mut out, &format!("{}{}", inline(addressee), words.colon.trim_end()));
    }
    for block in &document.blocks {
        part(&mut out, block, words);
    }
    if let Some(signature) = &document.signature {
        para(&mut out, &format!("{}  \n{}", inline(&signature.who), inline(&signature.date)));
    }
    if let Some(note) = &document.note {
        out.push_str("---\n\n");
        note.lines().for_each(|line| para(&mut out, &inline(line)));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn para(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str("\n\n");
}

fn part(out: &mut String, block: &Block, words: &Words) {
    match block {
        Block::Heading { level, text } => {
            let marks = "#".repeat(usize::from(*level.clamp(&1, &4)) + 1);
            para(out, &format!("{marks} {}", inline(text)));
        }
        Block::Paragraph { text } => text.lines().for_each(|line| para(out, &inline(line))),
        Block::List { items, ordered } => {
            for (item, number) in items.iter().zip(1..) {
                let mark = if *ordered { format!("{number}.") } else { "-".to_owned() };
                // Writing to a string does not fail.
                let _ = writeln!(out, "{mark} {}", inline(item));
            }
            out.push('\n');
        }
        Block::Form { entries } => {
            for entry in form_rows(entries).into_iter().flatten() {
                let _ = writeln!(out, "- **{}**{}{}", inline(&entry.label), words.colon, inline(&entry.value));
            }
            out.push('\n');
        }
        Block::Table(data) => table(out, data),
        Block::Chart { caption, chart } => {
            para(out, &format!("**{}**", inline(caption)));
            let unit = chart.unit.as_deref().map(|unit| format!(" ({unit})")).unwrap_or_default();
            let names = chart.series.iter().map(|series| inline(&format!("{}{unit}", series.name)));
            row(out, std::iter::once(String::new()).chain(names));
            rule(out, std::iter::once(Align::Left).chain(chart.series.iter().map(|_| Align::Right)));
            for (index, label) in chart.labels.iter().enumerate() {
                let value = |values: &Vec<Option<f64>>| values.get(index).copied().flatten().unwrap_or(f64::NAN);
                let values = chart.series.iter().map(|series| plain(value(&series.values)));
                row(out, std::iter::once(inline(label)).chain(values));
            }
            out.push('\n');
        }
        Block::Pictures { pictures } => {
            for picture in pictures {
                match picture.href.as_deref().filter(|href| is_ours(href)) {
                    Some(href) => {
                        para(out, &format!("![{}](<{}>)", inline(&picture.caption), href.replace(['<', '>'], "")));
                    }
                    None => para(out, &inline(&picture.caption)),
                }
            }
        }
        Block::Timeline { entries } => table(out, &timeline(entries, words)),
        Block::Sign { entries } => {
            for line in entries {
                let (colon, name, at) = (words.colon, inline(&line.name), inline(&line.at));
                para(out, &format!("{}{colon}{name}　{}{colon}{at}", inline(&line.label), words.date));
            }
        }
        Block::PageBreak => out.push_str("---\n\n"),
    }
}

fn table(out: &mut String, table: &Table) {
    if let Some(caption) = &table.caption {
        para(out, &format!("**{}**", inline(caption)));
    }
    row(out, table.columns.iter().map(|column| inline(&column.heading)));
    rule(out, table.columns.iter().map(|column| column.align));
    for cells in &table.rows {
        row(out, cells.iter().map(|cell| inline(&cell.printed())));
    }
    out.push('\n');
    if let Some(note) = &table.note {
        para(out, &inline(note));
    }
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    let _ = writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "));
}

fn rule(out: &mut String, columns: impl Iterator<Item = Align>) {
    let mark = |align| match align {
        Align::Left => ":--",
        Align::Centre => ":-:",
        Align::Right => "--:",
    };
    row(out, columns.map(|align| mark(align).to_owned()));
}

/// A text on one line, with nothing in it that Markdown or HTML would take for its own.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let trimmed = text.trim();
    for (index, c) in trimmed.char_indices() {
        let begins = index == 0 || trimmed[..index].ends_with('\n');
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '&' | '!' => out.extend(['\\', c]),
            '-' | '+' | '=' if begins => out.extend(['\\', c]),
            // A number with a point and a space would begin a list.
            '.' | ')'
                if index > 0 && trimmed[..index].bytes().all(|c| c.is_ascii_digit()) && ends(&trimmed[index + 1..]) =>
            {
                out.extend(['\\', c]);
            }
            '\n' => out.push_str("<br>"),
            c if crate::break_long::is_unprintable(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Whether a word ends before this text.
fn ends(rest: &str) -> bool {
    rest.chars().next().is_none_or(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, document::Cell, document::Column};

    #[test]
    fn texts_stay_texts() {
        assert_eq!(inline("# *a* | <b>"), "\\# \\*a\\* \\| \\<b\\>");
        assert_eq!(inline("1. 一"), "1\\. 一");
        assert_eq!(inline("- a\n二"), "\\- a<br>二");
    }

    #[test]
    fn a_document_reads_as_markdown() {
        let mut document = Document::new(Language::Zh, "半年情况");
        let heading = |heading: &str, align| Column { heading: heading.into(), align };
        document.blocks = vec![
            Block::Heading { level: 1, text: "一、总体".into() },
            Block::Table(Table {
                caption: None,
                columns: vec![heading("单位", Align::Left), heading("解决率", Align::Right)],
                rows: vec![vec![Cell::Text("城管办".into()), Cell::Share(0.926)]],
                note: None,
            }),
        ];
        let told = "# 半年情况\n\n## 一、总体\n\n| 单位 | 解决率 |\n| :-- | --: |\n| 城管办 | 92.6% |\n";
        assert_eq!(markdown(&document), told);
    }
}
