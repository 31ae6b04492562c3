//! How wide texts are, estimated without a font, and from that how wide columns are: the same in PDF, DOCX and XLSX.
//! Chinese characters are one em wide in every face; for others a safe mean is taken.

use crate::document::Table;

/// Width of a character in em.
pub(crate) fn char_em(c: char) -> f64 {
    match c {
        '\u{0300}'..='\u{036F}' | '\u{200B}'..='\u{200F}' | '\u{FE00}'..='\u{FE0F}' => 0.0,
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.32,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.92,
        'A'..='Z' => 0.68,
        '\0'..='\u{2E7F}' => 0.56,
        _ => 1.0,
    }
}

/// Width of a text on one line, in em.
pub(crate) fn text_em(text: &str) -> f64 {
    text.chars().map(char_em).sum()
}

/// Width of what must stay together: the longest run that no line break may part, at most `limit`.
fn whole_em(text: &str, limit: f64) -> f64 {
    let (mut longest, mut run) = (0_f64, 0.0);
    for c in text.chars() {
        if c.is_whitespace() {
            run = 0.0;
        } else if char_em(c) == 1.0 {
            (longest, run) = (longest.max(1.0), 0.0);
        } else {
            run += char_em(c);
            longest = longest.max(run);
        }
    }
    longest.min(limit)
}

/// Longest unbroken run that a column is made wide enough for, in em; longer ones are broken.
const WHOLE_MAX: f64 = 12.0;
/// Widest that a column wishes to be, in em: longer texts are set on several lines.
const WISH_MAX: f64 = 24.0;
/// White space beside the text of a cell, both sides together, in em.
const CELL_EM: f64 = 1.2;

/// Widths of a table's columns as shares of the whole, together 1, and how much smaller than usual its type must be
/// (1: as usual; 0.6 at least) when it has `room` em.
pub(crate) fn columns(table: &Table, room: f64) -> (Vec<f64>, f64) {
    let texts = |index: usize| {
        let cells = table.rows.iter().filter_map(move |row| row.get(index)).map(super::document::Cell::printed);
        std::iter::once(table.columns[index].heading.clone()).chain(cells)
    };
    let (mut least, mut wish) = (Vec::new(), Vec::new());
    for index in 0..table.columns.len() {
        let (mut whole, mut widest) = (0_f64, 0_f64);
        for text in texts(index) {
            whole = whole.max(whole_em(&text, WHOLE_MAX));
            widest = widest.max(text.lines().map(text_em).fold(0.0, f64::max));
        }
        // Of Chinese at least two characters a line, or a column of them would be a thread.
        least.push(whole.max(widest.min(2.0)) + CELL_EM);
        wish.push(widest.min(WISH_MAX) + CELL_EM);
    }
    let (least_sum, wish_sum): (f64, f64) = (least.iter().sum(), wish.iter().sum());
    if wish_sum <= room {
        return (wish.iter().map(|width| width / wish_sum).collect(), 1.0);
    }
    if least_sum >= room {
        return (least.iter().map(|width| width / least_sum).collect(), (room / least_sum).max(0.6));
    }
    // What is left goes to those who wish for more.
    let more: Vec<f64> = wish.iter().zip(&least).map(|(wish, least)| (wish - least).max(0.0)).collect();
    let more_sum: f64 = more.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let spare = room - least_sum;
    (least.iter().zip(&more).map(|(least, more)| (least + spare * more / more_sum) / room).collect(), 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Align, Cell, Column};

    fn table(headings: &[&str], row: &[&str]) -> Table {
        let column = |heading: &&str| Column { heading: (*heading).to_owned(), align: Align::Left };
        let cell = |text: &&str| Cell::Text((*text).to_owned());
        Table {
            caption: None,
            columns: headings.iter().map(column).collect(),
            rows: vec![row.iter().map(cell).collect()],
            note: None,
        }
    }

    #[test]
    fn shares_add_up_and_figures_keep_their_room() {
        let long = "很长的说明".repeat(80);
        let (shares, scale) = columns(&table(&["单位", "件数", "说明"], &["城管办", "1234567", &long]), 42.0);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(shares[1] * 42.0 >= 7.0 * 0.56 + CELL_EM);
        assert!(shares[2] > shares[0] && (scale - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_table_too_wide_is_set_smaller() {
        let headings = ["2026-01-01"; 12];
        let (_, scale) = columns(&table(&headings, &headings), 42.0);
        assert!(scale < 1.0);
    }
}
