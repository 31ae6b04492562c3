//! What each feature is worth before anything is learnt: rare ones more than common ones, and those that occur unevenly
//! among the labels more than those that occur alike in all (after Wang and Manning, 2012, for all labels at once).

use std::collections::HashMap;

use super::{
    features::{Block, Features},
    solve::Row,
};

/// Features that a model knows at most; the most common are kept.
const FEATURES_MAX: usize = 1 << 18;
/// What is added to each count, so that a feature which a label lacks is not impossible.
const SMOOTH: f64 = 0.3;
/// How much of a feature's worth is the same for all of its block.
const SHARED: f64 = 0.25;

/// Features with their worth.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary {
    /// Where a feature stands, by its key.
    pub(super) places: HashMap<u32, u32>,
    /// The worth of each.
    pub(super) worth: Vec<f32>,
}

impl Vocabulary {
    /// Learns it from texts, each with the place of its label.
    pub(super) fn learn(texts: &[&Features], labels: &[usize], label_count: usize) -> Self {
        let mut all = Self::default();
        for block in Block::ALL {
            let postings = Postings::of(texts, block);
            let worth = postings.worth(labels, label_count, texts.len());
            for (feature, worth) in postings.features.iter().zip(worth) {
                all.places.insert(feature.key, all.worth.len() as u32);
                all.worth.push(worth);
            }
        }
        all
    }

    /// A text as a row: known features, each block of length one.
    pub(super) fn row(&self, text: &Features) -> Row {
        let mut row = Row::new();
        for block in Block::ALL {
            let from = row.len();
            let known = text.of(block).iter().filter_map(|(key, much)| Some((*self.places.get(key)?, *much)));
            row.extend(known.map(|(place, much)| (place, much * self.worth[place as usize])));
            let length = row[from..].iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
            if length > 0.0 {
                row[from..].iter_mut().for_each(|(_, value)| *value /= length);
            }
        }
        row
    }
}

/// In which texts each feature of a block occurs.
struct Postings {
    features: Vec<Posting>,
    texts: Vec<u32>,
}

struct Posting {
    key: u32,
    from: usize,
    to: usize,
}

impl Postings {
    fn of(texts: &[&Features], block: Block) -> Self {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            pairs.extend(text.of(block).iter().map(|(key, _)| (*key, at as u32)));
        }
        pairs.sort_unstable();
        let (mut features, mut from) = (Vec::new(), 0);
        for run in pairs.chunk_by(|one, other| one.0 == other.0) {
            features.push(Posting { key: run[0].0, from, to: from + run.len() });
            from += run.len();
        }
        features.retain(|feature| feature.to - feature.from >= block.texts_min() as usize);
        if features.len() > FEATURES_MAX / 2 {
            features.sort_by_key(|feature| (feature.from.abs_diff(feature.to), feature.key));
            features.drain(..features.len() - FEATURES_MAX / 2);
            features.sort_by_key(|feature| feature.key);
        }
        Self { features, texts: pairs.into_iter().map(|(_, text)| text).collect() }
    }

    fn worth(&self, labels: &[usize], label_count: usize, texts: usize) -> Vec<f32> {
        let counts = |feature: &Posting, counts: &mut [f64]| {
            counts.fill(0.0);
            self.texts[feature.from..feature.to].iter().for_each(|text| counts[labels[*text as usize]] += 1.0);
        };
        let mut totals = vec![SMOOTH * self.features.len() as f64; label_count];
        let mut of = vec![0.0; label_count];
        for feature in &self.features {
            counts(feature, &mut of);
            totals.iter_mut().zip(&of).for_each(|(total, of)| *total += of);
        }
        let all: f64 = totals.iter().sum::<f64>() - SMOOTH * ((label_count - 1) * self.features.len()) as f64;
        let uneven: Vec<f64> = self
            .features
            .iter()
            .map(|feature| {
                counts(feature, &mut of);
                let sum: f64 = of.iter().sum();
                let ratio = |(of, total): (&f64, &f64)| {
                    let (with, without) = (
                        (of + SMOOTH) / total,
                        (sum - of + SMOOTH) / (all - total + SMOOTH * self.features.len() as f64),
                    );
                    (with / without).ln().powi(2)
                };
                (of.iter().zip(&totals).map(ratio).sum::<f64>() / label_count as f64).sqrt()
            })
            .collect();
        let mean = uneven.iter().sum::<f64>() / uneven.len().max(1) as f64;
        let rare =
            |feature: &Posting| (1.0 + texts as f64).ln() - (1.0 + (feature.to - feature.from) as f64).ln() + 1.0;
        let worth = |(feature, uneven): (&Posting, &f64)| rare(feature) * (SHARED * mean + (1.0 - SHARED) * uneven);
        self.features.iter().zip(&uneven).map(worth).map(|worth| worth as f32).collect()
    }
}
