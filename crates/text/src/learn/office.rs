//! Which offices of a Chinese government usually deal with what: common knowledge with which a model for dispatch starts,
//! so that an office which has answered twice is found by what its name says it is for.
//!
//! The list is `offices.txt`: parts of names, a colon, words of matters. A model is fitted to it, so a change of the list
//! is a new version of the model's file.

use std::sync::OnceLock;

use super::features::readable;
use crate::{KeywordModel, match_words};

const LIST: &str = include_str!("offices.txt");

struct Office {
    names: Vec<&'static str>,
}

fn offices() -> &'static (Vec<Office>, KeywordModel) {
    static OFFICES: OnceLock<(Vec<Office>, KeywordModel)> = OnceLock::new();
    OFFICES.get_or_init(|| {
        let lines = || LIST.lines().filter_map(|line| line.split_once(':')).enumerate();
        let words = |of: &'static str| of.split_whitespace();
        let office = |(_, (names, _))| Office { names: words(names).collect() };
        let matters = lines().map(|(at, (names, matters))| {
            (at.to_string(), words(names).chain(words(matters)).map(str::to_owned).collect())
        });
        (lines().map(office).collect(), KeywordModel::new(matters))
    })
}

/// The kinds of office that each label is, by its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Offices(Vec<Vec<usize>>);

impl Offices {
    /// Reads the names.
    pub(super) fn of_labels<'t>(labels: impl IntoIterator<Item = &'t str>) -> Self {
        let kinds = |label: &str| {
            let of = offices().0.iter().enumerate();
            of.filter(|(_, office)| !match_words(office.names.iter().copied(), label).is_empty())
                .map(|(at, _)| at)
                .collect()
        };
        Self(labels.into_iter().map(kinds).collect())
    }

    /// How much of what a text speaks of is each label's business, 0–1.
    pub(super) fn business(&self, text: &str) -> Vec<f32> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut shares = vec![0.0; offices().0.len()];
        let found = offices().1.score(&readable(text));
        let all: f64 = found.iter().map(|found| found.score.powi(2)).sum();
        for found in found {
            if let Some(share) = found.id.parse::<usize>().ok().and_then(|at| shares.get_mut(at)) {
                *share = found.score.powi(2) / all;
            }
        }
        let of = |kinds: &Vec<usize>| {
            let sum: f64 = kinds.iter().map(|at| shares[*at]).sum();
            (sum / (kinds.len().max(1) as f64).sqrt()) as f32
        };
        self.0.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matter_is_the_business_of_the_office_whose_name_says_so() {
        let offices = Offices::of_labels(["商洛市公安局", "市教育局", "商州区政府办", "洛南县住房和城乡建设局"]);
        let police = offices.business("户籍问题，派出所不给办身份证");
        assert!(police[0] > 0.8 && police[1] < 0.1 && police[2] == 0.0, "{police:?}");
        assert_eq!(offices.business(""), [0.0; 4]);
        assert!(Offices::default().business("户籍").is_empty());
    }

    #[test]
    fn every_line_of_the_list_is_read() {
        assert_eq!(offices().0.len(), LIST.lines().count());
        assert!(offices().0.iter().all(|office| !office.names.is_empty()));
    }
}
