//! A model: which label a text has, how surely, and why.

use std::{cmp::Reverse, ops::Range, rc::Rc};

use super::{
    Input, Sample, Task, TrainError,
    calibrate::{Evidence, Judged, Scale},
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
        let texts: Vec<Features> =
            samples.iter().map(|sample| features::read(&task.sees(sample.input), &areas)).collect();
        let place = |sample: &Sample<'_>| labels.binary_search(&sample.label).unwrap_or_default();
        let of: Vec<usize> = samples.iter().map(place).collect();
        let business: Vec<Vec<f32>> = samples.iter().map(|sample| offices.business(sample.input.text)).collect();
        let judged = |part: usize, parts: &[usize]| {
            let (learnt, held): (Vec<usize>, Vec<usize>) = (0..samples.len()).partition(|at| parts[*at] != part);
            let their: Vec<usize> = learnt.iter().map(|at| of[*at]).collect();
            let planes = Planes::learn(&learnt.iter().map(|at| &texts[*at]).collect::<Vec<_>>(), &their, labels.len());
            let counts: Rc<[u32]> = counts(&their, labels.len()).into();
            let judged = held.into_iter().filter_map(|at| {
                let evidence = Evidence { values: planes.values(&texts[at])?, business: business[at].clone() };
                Some(Judged { evidence, counts: Rc::clone(&counts), label: of[at] })
            });
            judged.collect::<Vec<_>>()
        };
        let parts = fold::folds(samples, FOLDS);
        let scale = Scale::find(&(0..FOLDS).flat_map(|part| judged(part, &parts)).collect::<Vec<_>>());
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
        let likelihoods = match self.planes.values(&features::read(&self.task.sees(*input), &self.areas)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::FileError;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    /// Texts of three matters, made of words that belong to each.
    fn texts() -> Vec<(String, &'static str)> {
        let matters = [
            ("noise", ["噪音扰民", "半夜施工", "音响太大", "睡不着觉"]),
            ("road", ["路面坑洼", "路灯不亮", "井盖破损", "出行不便"]),
            ("water", ["自来水浑浊", "停水三天", "水压不足", "水管爆裂"]),
        ];
        let places = ["东门老街", "人民公园路", "湖贝新村", "深南东路", "立新路"];
        let mut texts = Vec::new();
        for place in places {
            for (label, words) in matters {
                for at in 0..words.len() {
                    let text = format!("{place}{}，{}，请尽快处理。", words[at], words[(at + 1) % words.len()]);
                    texts.push((text, label));
                }
            }
        }
        texts
    }

    fn train(task: Task) -> Model {
        let texts = texts();
        let samples: Vec<Sample<'_>> =
            texts.iter().map(|(text, label)| Sample { input: Input::from(text.as_str()), label }).collect();
        Model::train(&samples, task).unwrap()
    }

    fn model() -> &'static Model {
        static MODEL: OnceLock<Model> = OnceLock::new();
        MODEL.get_or_init(|| train(Task::Category))
    }

    #[test]
    fn a_new_text_has_the_label_of_those_that_speak_of_the_like_and_says_why() {
        let ranked = model().rank(&Input::from("楼下半夜施工，噪音扰民"));
        assert_eq!(ranked[0].label, "noise");
        assert!(ranked[0].likelihood > 0.8, "{ranked:?}");
        assert!((ranked.iter().map(|ranked| ranked.likelihood).sum::<f64>() - 1.0).abs() < 1e-9);
        let reasons = model().explain("楼下半夜施工，噪音扰民，路灯不亮", "noise");
        assert!(reasons.for_it.iter().any(|(word, _)| word == "噪音"), "{reasons:?}");
        assert!(reasons.against.iter().any(|(word, _)| word.contains('灯')), "{reasons:?}");
        assert_eq!(model().explain("噪音", "no label"), Reasons::default());
    }

    #[test]
    fn what_words_weigh_adds_up_to_the_value() {
        let text = "东门老街路灯不亮，路面坑洼，自来水浑浊";
        let planes = &model().planes;
        let values = planes.values(&features::read(&Input::from(text), &model().areas)).unwrap();
        let text = features::readable(text);
        for (label, value) in values.into_iter().enumerate() {
            let sum: f64 = model().weights(&text, label as u16).iter().sum();
            assert!((sum - f64::from(value - planes.scales[label].1)).abs() < 1e-4, "{sum} {value}");
        }
    }

    #[test]
    fn of_a_text_that_says_nothing_known_it_says_what_is_usual() {
        for text in ["", "😀😀😀", "xyzzy plugh", "…"] {
            let ranked = model().rank(&Input::from(text));
            assert!((ranked[0].likelihood - 1.0 / 3.0).abs() < 1e-9, "{text}: {ranked:?}");
        }
    }

    #[test]
    fn the_same_samples_give_the_same_bytes_and_the_bytes_the_same_model() {
        for task in [Task::Category, Task::Dispatch] {
            let bytes = train(task).to_bytes();
            assert_eq!(bytes, train(task).to_bytes());
            let read = Model::from_bytes(&bytes).unwrap();
            assert_eq!(read.to_bytes(), bytes);
            let input = Input { text: "停水三天没人管", years: Some(2026.5) };
            assert_eq!(read.rank(&input), train(task).rank(&input));
            assert_eq!(Model::name(&bytes).len(), 12);
        }
    }

    #[test]
    fn bytes_that_are_no_model_are_refused() {
        let bytes = model().to_bytes();
        assert_eq!(Model::from_bytes(b"title,label").unwrap_err(), FileError::NoModel);
        assert_eq!(Model::from_bytes(&bytes[..bytes.len() - 1]).unwrap_err(), FileError::Damaged);
        let mut other = bytes.clone();
        other[8] = 9;
        assert_eq!(Model::from_bytes(&other).unwrap_err(), FileError::Version(9));
        let mut changed = bytes;
        changed[100] ^= 1;
        assert_eq!(Model::from_bytes(&changed).unwrap_err(), FileError::Damaged);
    }

    #[test]
    fn one_label_teaches_nothing() {
        let one = Sample { input: Input::from("路灯"), label: "road" };
        assert!(Model::train(&[one], Task::Category).is_err());
        assert!(Model::train(&[], Task::Category).is_err());
        let two = Sample { input: Input::from(""), label: "water" };
        let model = Model::train(&[one, two], Task::Dispatch).unwrap();
        assert_eq!(model.rank(&Input::from("路灯")).len(), 2);
    }

    #[test]
    fn ten_thousand_characters_and_words_without_end_are_survived() {
        for text in ["噪音".repeat(5_000), "<b>路灯</b>".repeat(2_000), "The street lamp is broken. ".repeat(400)] {
            let ranked = model().rank(&Input::from(text.as_str()));
            assert!(ranked.iter().all(|ranked| ranked.likelihood.is_finite()));
            model().explain(&text, "noise");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_ranked_and_explained(text in any::<String>()) {
            let ranked = model().rank(&Input { text: &text, years: Some(2026.0) });
            prop_assert!((ranked.iter().map(|ranked| ranked.likelihood).sum::<f64>() - 1.0).abs() < 1e-9);
            let reasons = model().explain(&text, "road");
            prop_assert!(reasons.for_it.iter().all(|(_, weight)| *weight > 0.0));
            prop_assert!(reasons.against.iter().all(|(_, weight)| *weight < 0.0));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let marked = [b"JIBANMDL\x01\0\0\0", bytes.as_slice()].concat();
            prop_assert!(Model::from_bytes(&bytes).is_err() && Model::from_bytes(&marked).is_err());
        }
    }
}
