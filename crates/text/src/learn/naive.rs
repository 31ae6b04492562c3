//! The baseline: multinomial naive Bayes over the words of the dictionary, each count plus one. What anyone would try
//! first, and what the model must beat to be worth its weight.

use std::collections::HashMap;

use super::{Input, Ranked, Sample, TrainError, features::readable};
use crate::segment::known_words;

/// Counts of words by label.
#[derive(Debug, Clone)]
pub struct NaiveBayes {
    labels: Vec<String>,
    /// For each label: the logarithm of its share of the texts, and how many words it has.
    totals: Vec<(f64, f64)>,
    counts: HashMap<String, Vec<(u16, u32)>>,
}

impl NaiveBayes {
    /// Counts the words of samples.
    ///
    /// # Errors
    /// When there are fewer than two labels.
    pub fn train(samples: &[Sample<'_>]) -> Result<Self, TrainError> {
        let mut labels: Vec<String> = samples.iter().map(|sample| sample.label.to_owned()).collect();
        labels.sort_unstable();
        labels.dedup();
        if labels.len() < 2 || labels.len() > usize::from(u16::MAX) {
            return Err(TrainError { labels: labels.len(), samples: samples.len() });
        }
        let mut totals = vec![(0.0, 0.0); labels.len()];
        let mut counts: HashMap<String, Vec<(u16, u32)>> = HashMap::new();
        for sample in samples {
            let label = labels.binary_search_by(|known| known.as_str().cmp(sample.label)).unwrap_or_default();
            totals[label].0 += 1.0;
            for (_, word) in known_words(&readable(sample.input.text)) {
                totals[label].1 += 1.0;
                let counts = counts.entry(word.to_owned()).or_default();
                match counts.iter_mut().find(|(of, _)| usize::from(*of) == label) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((label as u16, 1)),
                }
            }
        }
        totals.iter_mut().for_each(|(share, _)| *share = (*share / samples.len() as f64).ln());
        Ok(Self { labels, totals, counts })
    }

    /// All labels, the most likely first.
    pub fn rank(&self, input: &Input<'_>) -> Vec<Ranked<'_>> {
        let mut values: Vec<f64> = self.totals.iter().map(|(share, _)| *share).collect();
        for (_, word) in known_words(&readable(input.text)) {
            let Some(counts) = self.counts.get(word) else { continue };
            for (value, (_, words)) in values.iter_mut().zip(&self.totals) {
                *value -= (words + self.counts.len() as f64).ln();
            }
            counts.iter().for_each(|(label, count)| values[usize::from(*label)] += f64::from(count + 1).ln());
        }
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let odds: Vec<f64> = values.iter().map(|value| (value - most).exp()).collect();
        let all: f64 = odds.iter().sum();
        let ranked = self.labels.iter().zip(odds);
        let mut ranked: Vec<Ranked<'_>> =
            ranked.map(|(label, odds)| Ranked { label, likelihood: odds / all }).collect();
        ranked.sort_by(|one, other| other.likelihood.total_cmp(&one.likelihood));
        ranked
    }
}
