//! Room to break in texts that have none: addresses, hashes, letters typed without end. Without it such a text would
//! run out of its cell.

/// Longest run without a place to break, in characters.
const RUN_MAX: usize = 12;
/// From there on a place to break after so many.
const STEP: usize = 4;

/// Zero-width spaces (U+200B) in runs of other than Chinese characters that are longer than a column may be wide.
/// Characters that cannot be printed at all are left out; a tab becomes a space.
pub(crate) fn break_long(text: &str) -> String {
    let (mut out, mut run) = (String::with_capacity(text.len()), String::new());
    let mut count = 0;
    for c in text.chars() {
        let c = if c == '\t' { ' ' } else { c };
        if is_unprintable(c) {
            continue;
        }
        if breaks(c) {
            flush(&mut out, &mut run, count);
            count = 0;
            out.push(c);
        } else {
            count += 1;
            run.push(c);
        }
    }
    flush(&mut out, &mut run, count);
    out
}

fn flush(out: &mut String, run: &mut String, count: usize) {
    if count <= RUN_MAX {
        out.push_str(run);
    } else {
        for (c, index) in run.chars().zip(1..) {
            out.push(c);
            if index % STEP == 0 && index < count {
                out.push('\u{200B}');
            }
        }
    }
    run.clear();
}

/// Whether a line may be broken at a character: white space and what is written without spaces.
fn breaks(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2E80}'..)
}

/// Control characters, which no paper shows and no XML allows; a line feed stays.
pub(crate) fn is_unprintable(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{FFFE}' | '\u{FFFF}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_runs_are_given_room() {
        assert_eq!(break_long("请致电 0755-12345678"), "请致电 0755-12345678");
        assert_eq!(break_long("abcdefghijklmn"), "abcd\u{200B}efgh\u{200B}ijkl\u{200B}mn");
        assert_eq!(break_long("一\u{0}二\n三"), "一二\n三");
    }
}
