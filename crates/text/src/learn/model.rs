//! A model: which label a text has, how surely, and why.

use std::{cmp::Reverse, ops::Range};

use super::{
    Input, Sample, Task, TrainError,
    calibrate::{Evidence, Scale},
    features::{self, Areas, Block, Features},
    fold,
    office::Offices,
    solve::{self, Row},
    weigh::Vocabulary,
};

/// Parts of the samples by which a model finds out how sure it may be.
const FOLDS: usize = 5;
/// Labels that a model tells apart at most: their places are stored in two bytes.
const LABELS_MAX: usize = 1 << 16;
/// Words told on each side of an explanation.
const WORDS_TOLD: usize = 6;

/// A trained model. It knows features by their hashes only: no text can be read from it.
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) labels: Vec<String>,
    /// How many samples of each label it learnt from.
    pub(super) counts: Vec<u32>,
    pub(super) task: Task,
    pub(super) areas: Areas,
    pub(super) offices: Offices,
    pub(super) scale: Scale,
    pub(super) planes: Planes,
}

/// What every feature says for and against every label, in steps of the label's scale.
#[derive(Debug, Clone, Default)]
pub(super) struct Planes {
    pub(super) vocabulary: Vocabulary,
    /// For each feature, where its votes begin; one more at the end.
    pub(super) starts: Vec<u32>,
    /// Label and steps.
    pub(super) votes: Vec<(u16, i8)>,
    /// Each label's step and bias.
    pub(super) scales: Vec<(f32, f32)>,
}

/// A label with its likelihood, 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked<'m> {
    /// Which.
    pub label: &'m str,
    /// How likely; those of all labels add up to one.
    pub likelihood: f64,
}

/// Why a text has, or has not, a label: words with how much each speaks for it, most weighty first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reasons {
    /// Words that speak for it.
    pub for_it: Vec<(String, f64)>,
    /// Words that speak against it; their weights are negative.
    pub against: Vec<(String, f64)>,
}

impl Planes {
    fn learn(texts: &[&Features], labels: &[usize], label_count: usize) -> Self {
        let vocabulary = Vocabulary::learn(texts, labels, label_count);
        let rows: Vec<Row> = texts.iter().map(|text| vocabulary.row(text)).collect();
        let (squares, features) = (solve::squares(&rows), vocabulary.worth.len());
        let mut by_feature: Vec<Vec<(u16, i8)>> = vec![Vec::new(); features];
        let mut scales = Vec::with_capacity(label_count);
        for label in 0..label_count {
            let of: Vec<bool> = labels.iter().map(|of| *of == label).collect();
            let plane = solve::part(&rows, &squares, &of, features);
            let step = plane.weights.iter().fold(f32::MIN_POSITIVE, |most, weight| most.max(weight.abs())) / 127.0;
            for (votes, weight) in by_feature.iter_mut().zip(&plane.weights) {
                let steps = (weight / step).round() as i8;
                if steps != 0 {
                    votes.push((label as u16, steps));
                }
            }
            scales.push((step, plane.bias));
        }
        let mut planes = Self { vocabulary, scales, ..Self::default() };
        for votes in by_feature {
            planes.starts.push(planes.votes.len() as u32);
            planes.votes.extend(votes);
        }
        planes.starts.push(planes.votes.len() as u32);
        planes
    }

    fn votes(&self, feature: u32) -> &[(u16, i8)] {
        &self.votes[self.starts[feature as usize] as usize..self.starts[feature as usize + 1] as usize]
    }

    /// Each label's value for a text; nothing where no feature of it is known.
    fn values(&self, text: &Features) -> Option<Vec<f32>> {
        let row = self.vocabulary.row(text);
        let mut sums = vec![0.0; self.scales.len()];
        for (feature, value) in &row {
            for (label, steps) in self.votes(*feature) {
                sums[usize::from(*label)] += value * f32::from(*steps);
            }
        }
        let values = sums.iter().zip(&self.scales).map(|(sum, (step, bias))| sum * step + bias);
        (!row.is_empty()).then(|| values.collect())
    }
}

impl Model {
    /// Learns from samples: the same samples in the same order give the same model, byte for byte.
    ///
    /// # Errors
    /// When there are fewer than two labels, or more than can be told apart.
    pub fn train(samples: &[Sample<'_>], task: Task) -> Result<Self, TrainError> {
        let mut labels: Vec<&str> = samples.iter().map(|sample| sample.label).collect();
        labels.sort_unstable();
        labels.dedup();
        if labels.len() < 2 || labels.len() > LABELS_MAX {
            return Err(TrainError { labels: labels.len(), samples: samples.len() });
        }
        let (areas, offices) = known(task, &labels);
        let texts: Vec<Features> = samples.iter().map(|sample| features::read(&sample.input, &areas)).collect();
        let place = |sample: &Sample<'_>| labels.binary_search(&sample.label).unwrap_or_default();
        let of: Vec<usize> = samples.iter().map(place).collect();
        let business: Vec<Vec<f32>> = samples.iter().map(|sample| offices.business(sample.input.text)).collect();
        let parts = fold::folds(samples, FOLDS);
        let mut held: Vec<(Vec<u32>, Vec<(Evidence, usize)>)> = Vec::new();
        for part in 0..FOLDS {
            let (learnt, judged): (Vec<usize>, Vec<usize>) = (0..samples.len()).partition(|at| parts[*at] != part);
            let their: Vec<usize> = learnt.iter().map(|at| of[*at]).collect();
            let planes = Planes::learn(&learnt.iter().map(|at| &texts[*at]).collect::<Vec<_>>(), &their, labels.len());
            let judged = judged.into_iter().filter_map(|at| {
                Some((Evidence { values: planes.values(&texts[at])?, business: business[at].clone() }, of[at]))
            });
            held.push((counts(&their, labels.len()), judged.collect()));
        }
        let judged = held.iter().flat_map(|(counts, judged)| {
            judged.iter().map(|(evidence, label)| (evidence.clone(), counts.as_slice(), *label))
        });
        let scale = Scale::find(&judged.collect::<Vec<_>>());
        let planes = Planes::learn(&texts.iter().collect::<Vec<_>>(), &of, labels.len());
        let counts = counts(&of, labels.len());
        Ok(Self {
            labels: labels.into_iter().map(str::to_owned).collect(),
            counts,
            task,
            areas,
            offices,
            scale,
            planes,
        })
    }

    /// The labels it tells apart, in order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How many samples it learnt from.
    pub fn samples(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// All labels, the most likely first. Of a text that holds nothing known, how usual each is.
    pub fn rank(&self, input: &Input<'_>) -> Vec<Ranked<'_>> {
        let likelihoods = match self.planes.values(&features::read(input, &self.areas)) {
            Some(values) => {
                let evidence = Evidence { values, business: self.offices.business(input.text) };
                self.scale.likelihoods(&evidence, &self.counts)
            }
            None => self.counts.iter().map(|count| f64::from(*count) / self.samples() as f64).collect(),
        };
        let ranked = self.labels.iter().zip(likelihoods);
        let mut ranked: Vec<Ranked<'_>> = ranked.map(|(label, likelihood)| Ranked { label, likelihood }).collect();
        ranked.sort_by(|one, other| other.likelihood.total_cmp(&one.likelihood));
        ranked
    }

    /// The words of a text that weigh for and against a label. Nothing where the label is unknown.
    pub fn explain(&self, text: &str, label: &str) -> Reasons {
        let Ok(label) = self.labels.binary_search_by(|known| known.as_str().cmp(label)) else {
            return Reasons::default();
        };
        let text = features::readable(text);
        let weights = self.weights(&text, label as u16);
        let mut words: Vec<(String, f64)> = Vec::new();
        for (block, _, place) in features::found(&text) {
            let word = &text[place.clone()];
            if block == Block::Words && word.chars().nth(1).is_some() {
                let weight: f64 = weights[place].iter().sum();
                match words.iter_mut().find(|(known, _)| known == word) {
                    Some((_, sum)) => *sum += weight,
                    None => words.push((word.to_owned(), weight)),
                }
            }
        }
        words.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
        let (for_it, against): (Vec<_>, Vec<_>) = words.into_iter().partition(|(_, weight)| *weight > 0.0);
        let told =
            |words: Vec<(String, f64)>| words.into_iter().take(WORDS_TOLD).filter(|(_, weight)| weight.abs() > 1e-3);
        Reasons { for_it: told(for_it).collect(), against: told(against).collect() }
    }

    /// What each byte of a readable text adds to a label's value: what a feature adds is shared by its bytes.
    fn weights(&self, text: &str, label: u16) -> Vec<f64> {
        let mut weights = vec![0.0; text.len()];
        let found: Vec<(Block, u32, Range<usize>)> = features::found(text).collect();
        for block in [Block::Pairs, Block::Words] {
            let known = found.iter().filter(|(of, ..)| *of == block);
            let known = known.filter_map(|(_, key, place)| Some((*self.planes.vocabulary.places.get(key)?, place)));
            let mut known: Vec<(u32, &Range<usize>)> = known.collect();
            known.sort_by_key(|(feature, place)| (*feature, Reverse(place.start)));
            let runs: Vec<_> = known.chunk_by(|one, other| one.0 == other.0).collect();
            let value = |run: &[(u32, &Range<usize>)]| {
                (1.0 + (run.len() as f64).ln()) * f64::from(self.planes.vocabulary.worth[run[0].0 as usize])
            };
            let length = runs.iter().map(|run| value(run).powi(2)).sum::<f64>().sqrt();
            for run in runs {
                let votes = self.planes.votes(run[0].0).iter();
                let steps: f64 = votes.filter(|(of, _)| *of == label).map(|(_, steps)| f64::from(*steps)).sum();
                let each = value(run) / length * steps * f64::from(self.planes.scales[usize::from(label)].0)
                    / run.len() as f64;
                for (_, place) in run {
                    let share = each / place.len() as f64;
                    weights[(*place).clone()].iter_mut().for_each(|weight| *weight += share);
                }
            }
        }
        weights
    }
}

/// What a model for this task knows of its labels by their names.
pub(super) fn known(task: Task, labels: &[impl AsRef<str>]) -> (Areas, Offices) {
    let names = || labels.iter().map(AsRef::as_ref);
    match task {
        Task::Category => Default::default(),
        Task::Dispatch => (Areas::of_labels(names()), Offices::of_labels(names())),
    }
}

fn counts(of: &[usize], label_count: usize) -> Vec<u32> {
    let mut counts = vec![0; label_count];
    of.iter().for_each(|label| counts[*label] += 1);
    counts
}
