//! House rules of the pages: doors never import one another, the core imports no door, and Chinese words have Chinese
//! punctuation.

use std::path::Path;

/// The three doors.
const DOORS: [&str; 3] = ["console", "resident", "worker"];
/// Half-width marks that have a full-width form.
const HALF_WIDTH: [char; 7] = [',', ';', ':', '?', '!', '(', ')'];

/// What is wrong in one file of `web/src`, with its lines.
pub(super) fn page(path: &Path, text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mine = path.strip_prefix("web/src").ok().and_then(|rest| rest.iter().next()).and_then(|part| part.to_str());
    for (number, line) in (1..).zip(text.lines()) {
        let imported = line.split_once("from '").or_else(|| line.split_once("import('")).map(|(_, rest)| rest);
        if let Some(imported) = imported.and_then(|rest| rest.split('\'').next())
            && let Some(door) = DOORS.into_iter().find(|door| imported.split('/').any(|part| part == *door))
            && mine != Some(door)
        {
            found.push((number, format!("imports the door '{door}'; doors share what is in core and nothing else")));
        }
        if let Some(mark) = half_width(line) {
            found.push((number, format!("'{mark}' beside Chinese; use its full-width form")));
        }
    }
    found
}

/// A half-width mark right after a Chinese character, inside a text.
fn half_width(line: &str) -> Option<char> {
    let code = line.trim_start();
    if code.starts_with("//") || code.starts_with('*') || code.starts_with("/*") || code.starts_with("<!--") {
        return None;
    }
    let mut before = ' ';
    line.chars().find(|mark| {
        let after = std::mem::replace(&mut before, *mark);
        HALF_WIDTH.contains(mark) && ('\u{4e00}'..='\u{9fff}').contains(&after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_keep_to_themselves() {
        let whats = |path: &str, text: &str| page(Path::new(path), text).len();
        assert_eq!(whats("web/src/console/a.ts", "import { x } from '../worker/store';"), 1);
        assert_eq!(whats("web/src/core/a.ts", "const x = () => import('../console/pages/Queue.vue');"), 1);
        assert_eq!(whats("web/src/console/a.vue", "import x from '@core/api';\nimport y from '../console/b';"), 0);
    }

    #[test]
    fn chinese_has_chinese_marks() {
        assert_eq!(half_width("  lead: '接诉即办,未诉先办',"), Some(','));
        assert_eq!(half_width("  lead: '接诉即办\u{ff0c}未诉先办',"), None);
        assert_eq!(half_width("/** The duty roster 值班表, of a week. */"), None);
    }
}
