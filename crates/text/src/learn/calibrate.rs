//! How sure a model may be: what its values, the business of a label and how usual it is are worth together, found on
//! texts that the model has not learnt from, so that the true labels get the greatest likelihood.

use std::rc::Rc;

/// What speaks for the labels of one text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    /// Each label's value.
    pub(super) values: Vec<f32>,
    /// How much of the text is each label's business; empty where that is not asked.
    pub(super) business: Vec<f32>,
}

/// A text judged by planes that had not learnt from it.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// What speaks for the labels.
    pub(super) evidence: Evidence,
    /// How many samples of each label those planes had.
    pub(super) counts: Rc<[u32]>,
    /// Place of the true label.
    pub(super) label: usize,
}

/// What each kind of evidence is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) values: f32,
    pub(super) business: f32,
    pub(super) usual: f32,
}

/// Bounds of each, between which the best is sought.
const BOUNDS: [(f64, f64); 3] = [(0.1, 20.0), (0.0, 10.0), (-1.0, 1.0)];
/// How often each is sought anew beside the others.
const ROUNDS: usize = 3;
/// Steps of one search; each leaves 0.62 of the range.
const STEPS: usize = 16;

impl Scale {
    /// Likelihoods of labels that learnt from so many samples; they add up to one. None is surer than the samples are
    /// many: one sample more, that tells nothing, is counted in.
    pub(super) fn likelihoods(self, evidence: &Evidence, counts: &[u32]) -> Vec<f64> {
        let value = |(at, value): (usize, &f32)| {
            let business = evidence.business.get(at).copied().unwrap_or_default();
            self.values * value + self.business * business + self.usual * ((counts[at] + 1) as f32).ln()
        };
        let values: Vec<f32> = evidence.values.iter().enumerate().map(value).collect();
        let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let odds: Vec<f64> = values.iter().map(|value| f64::from(value - most).exp()).collect();
        let all: f64 = odds.iter().sum();
        let samples: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        let nothing = 1.0 / values.len() as f64;
        odds.into_iter().map(|odds| (odds / all * samples + nothing) / (samples + 1.0)).collect()
    }

    /// Finds it.
    pub(super) fn find(judged: &[Judged]) -> Self {
        let surprise = |[values, business, usual]: [f64; 3]| -> f64 {
            let scale = Self { values: values as f32, business: business as f32, usual: usual as f32 };
            let of = |judged: &Judged| scale.likelihoods(&judged.evidence, &judged.counts)[judged.label];
            -judged.iter().map(|judged| of(judged).max(1e-12).ln()).sum::<f64>()
        };
        let mut best = [3.0, 0.0, 0.0];
        let asked = judged.iter().any(|judged| !judged.evidence.business.is_empty());
        for at in [0, 1, 2].repeat(ROUNDS).into_iter().filter(|at| asked || *at != 1) {
            best[at] = lowest(BOUNDS[at], |value| {
                let mut tried = best;
                tried[at] = value;
                surprise(tried)
            });
        }
        Self { values: best[0] as f32, business: best[1] as f32, usual: best[2] as f32 }
    }
}

/// Where a function that falls and then rises is lowest, by golden section.
fn lowest((mut low, mut high): (f64, f64), of: impl Fn(f64) -> f64) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let at = |low: f64, high: f64| [high - golden * (high - low), low + golden * (high - low)];
    let mut tried = at(low, high).map(|place| (place, of(place)));
    for _ in 0..STEPS {
        if tried[0].1 < tried[1].1 {
            high = tried[1].0;
            let place = at(low, high)[0];
            tried = [(place, of(place)), tried[0]];
        } else {
            low = tried[0].0;
            let place = at(low, high)[1];
            tried = [tried[1], (place, of(place))];
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(evidence: impl Fn(usize) -> Evidence, label: impl Fn(usize) -> usize) -> Vec<Judged> {
        let counts: Rc<[u32]> = Rc::new([9, 9]);
        (0..400).map(|n| Judged { evidence: evidence(n), counts: Rc::clone(&counts), label: label(n) }).collect()
    }

    #[test]
    fn whoever_is_right_three_times_in_four_is_three_quarters_sure() {
        let evidence = |_| Evidence { values: vec![1.0, 0.0], business: Vec::new() };
        let scale = Scale::find(&judged(evidence, |n| usize::from(n % 4 == 0)));
        let likelihoods = scale.likelihoods(&evidence(0), &[9, 9]);
        assert!((likelihoods[0] - 0.75).abs() < 0.01, "{likelihoods:?}");
    }

    #[test]
    fn business_counts_as_much_as_it_tells() {
        let evidence =
            |n| Evidence { values: vec![0.0; 2], business: if n % 2 == 0 { vec![1.0, 0.0] } else { vec![0.0, 1.0] } };
        let nine_in_ten = |n: usize| if n % 20 < 2 { 1 - n % 2 } else { n % 2 };
        let scale = Scale::find(&judged(evidence, nine_in_ten));
        let likelihoods = scale.likelihoods(&evidence(0), &[9, 9]);
        assert!((likelihoods[0] - 0.9).abs() < 0.01, "{likelihoods:?}");
    }
}
