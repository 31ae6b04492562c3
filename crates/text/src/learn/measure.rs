//! How good a model is: what it said of texts whose labels are known.

use std::collections::BTreeMap;

use super::Ranked;

/// Steps of likelihood in which sureness is compared with truth.
const STEPS: usize = 10;

/// What was said of one text.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    truth: String,
    said: String,
    likelihood: f64,
    /// Place of the true label among what was said, from 0; none where the model does not know the label.
    place: Option<usize>,
}

/// Gathers what was said and makes figures of it.
#[derive(Debug, Clone, Default)]
pub struct Judge {
    said: Vec<Said>,
}

/// The figures of one label.
#[derive(Debug, Clone, PartialEq)]
pub struct OfLabel {
    /// Which.
    pub label: String,
    /// Of those said to be it, the share that are.
    pub precision: f64,
    /// Of those that are it, the share said to be.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// How many are it.
    pub texts: usize,
}

/// Texts about which the model was about equally sure.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// From this likelihood on.
    pub from: f64,
    /// How many.
    pub texts: usize,
    /// How sure it was, on the mean.
    pub sure: f64,
    /// How often it was right.
    pub right: f64,
}

/// All figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Texts judged.
    pub texts: usize,
    /// Share where the label said first is the true one.
    pub top1: f64,
    /// Share where the true label is among the three said first.
    pub top3: f64,
    /// Mean of the labels' F1, each counting the same.
    pub macro_f1: f64,
    /// Mean of the labels' F1, each counting by its texts.
    pub weighted_f1: f64,
    /// Mean distance between how sure it was and how often it was right.
    pub calibration_error: f64,
    /// Sureness against truth.
    pub calibration: Vec<Step>,
    /// Label by label.
    pub labels: Vec<OfLabel>,
}

/// Of those texts about which the model is sure enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// Share of all texts that these are.
    pub share: f64,
    /// How often it is right about them.
    pub right: f64,
}

impl Judge {
    /// Takes down what was said of a text.
    pub fn hear(&mut self, truth: &str, ranked: &[Ranked<'_>]) {
        let Some(first) = ranked.first() else { return };
        let place = ranked.iter().position(|ranked| ranked.label == truth);
        let (truth, said) = (truth.to_owned(), first.label.to_owned());
        self.said.push(Said { truth, said, likelihood: first.likelihood, place });
    }

    /// What holds of the texts about which it was at least this sure.
    pub fn coverage(&self, at_least: f64) -> Coverage {
        let sure: Vec<&Said> = self.said.iter().filter(|said| said.likelihood >= at_least).collect();
        let right = sure.iter().filter(|said| said.place == Some(0)).count();
        Coverage { share: share(sure.len(), self.said.len()), right: share(right, sure.len()) }
    }

    /// The figures.
    pub fn figures(&self) -> Figures {
        let count = |of: &dyn Fn(&Said) -> bool| self.said.iter().filter(|said| of(said)).count();
        let texts = self.said.len();
        let labels = self.labels();
        let sum: f64 = labels.iter().map(|label| label.f1).sum();
        let weighted: f64 = labels.iter().map(|label| label.f1 * label.texts as f64).sum();
        let calibration = self.calibration();
        let error: f64 = calibration.iter().map(|step| (step.sure - step.right).abs() * step.texts as f64).sum();
        Figures {
            texts,
            top1: share(count(&|said| said.place == Some(0)), texts),
            top3: share(count(&|said| said.place.is_some_and(|place| place < 3)), texts),
            macro_f1: sum / labels.len().max(1) as f64,
            weighted_f1: weighted / texts.max(1) as f64,
            calibration_error: error / texts.max(1) as f64,
            calibration,
            labels,
        }
    }

    fn labels(&self) -> Vec<OfLabel> {
        // For each label: those that are it, those said to be it, those that both holds of.
        let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        for said in &self.said {
            counts.entry(&said.truth).or_default()[0] += 1;
            counts.entry(&said.said).or_default()[1] += 1;
            counts.entry(&said.said).or_default()[2] += usize::from(said.truth == said.said);
        }
        let of = |(label, [texts, said, both]): (&str, [usize; 3])| OfLabel {
            label: label.to_owned(),
            precision: share(both, said),
            recall: share(both, texts),
            f1: share(2 * both, texts + said),
            texts,
        };
        counts.into_iter().map(of).collect()
    }

    fn calibration(&self) -> Vec<Step> {
        let mut steps: [Vec<&Said>; STEPS] = Default::default();
        for said in &self.said {
            steps[((said.likelihood * STEPS as f64) as usize).min(STEPS - 1)].push(said);
        }
        let step = |(at, said): (usize, Vec<&Said>)| Step {
            from: at as f64 / STEPS as f64,
            texts: said.len(),
            sure: said.iter().map(|said| said.likelihood).sum::<f64>() / said.len() as f64,
            right: share(said.iter().filter(|said| said.place == Some(0)).count(), said.len()),
        };
        steps.into_iter().enumerate().filter(|(_, said)| !said.is_empty()).map(step).collect()
    }
}

fn share(of: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { of as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_counted_by_hand() {
        let mut judge = Judge::default();
        let say = |label, likelihood| Ranked { label, likelihood };
        judge.hear("a", &[say("a", 0.9), say("b", 0.1)]);
        judge.hear("a", &[say("b", 0.6), say("a", 0.4)]);
        judge.hear("b", &[say("b", 0.95), say("a", 0.05)]);
        judge.hear("new", &[say("b", 0.55), say("a", 0.45)]);
        let figures = judge.figures();
        assert_eq!((figures.top1, figures.top3), (0.5, 0.75));
        let f1: Vec<f64> = figures.labels.iter().map(|label| label.f1).collect();
        assert_eq!(f1, [2.0 / 3.0, 0.5, 0.0]);
        assert!((figures.macro_f1 - 7.0 / 18.0).abs() < 1e-9);
        assert!((figures.weighted_f1 - (4.0 / 3.0 + 0.5) / 4.0).abs() < 1e-9);
        assert_eq!(judge.coverage(0.8), Coverage { share: 0.5, right: 1.0 });
        assert_eq!(figures.calibration.len(), 3);
        assert_eq!(Judge::default().figures().texts, 0);
    }
}
