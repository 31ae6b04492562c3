//! Learning from texts that people have labelled what a new one is about, or who should get it.
//!
//! A sparse linear model over pairs of characters, words, areas named and the time: small, quick, the same every time it
//! is trained, sure only as far as it may be, and able to say which words weighed. It must never decide: what it says
//! is a likelihood, and whoever asks compares that with the threshold of the policy.

mod calibrate;
mod features;
mod file;
mod fold;
mod measure;
mod model;
mod naive;
mod office;
mod solve;
mod weigh;

pub(crate) use features::{Block, found};
pub use file::FileError;
pub use fold::{folds, groups};
pub use measure::{Coverage, Figures, Judge, OfLabel, Step};
pub use model::{Model, Ranked, Reasons};
pub use naive::NaiveBayes;

/// What is to be learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// What a text is about.
    Category,
    /// Who should get it: labels are units, and a unit's name may begin with its area.
    Dispatch,
}

impl Task {
    /// What of an input tells anything: who does what changes with the years, what a text is about does not.
    fn sees(self, input: Input<'_>) -> Input<'_> {
        match self {
            Self::Category => Input { years: None, ..input },
            Self::Dispatch => input,
        }
    }
}

/// What a model is asked about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input<'t> {
    /// What was written.
    pub text: &'t str,
    /// When, in years: 2026.5 is the middle of 2026. Who does what changes with the years.
    pub years: Option<f32>,
}

impl<'t> From<&'t str> for Input<'t> {
    fn from(text: &'t str) -> Self {
        Self { text, years: None }
    }
}

/// What a model learns from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'t> {
    /// What was written.
    pub input: Input<'t>,
    /// What a person said it is.
    pub label: &'t str,
}

/// Why nothing can be learnt: labels must be two at least, and few enough to be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainError {
    /// Labels there are.
    pub labels: usize,
    /// Samples there are.
    pub samples: usize,
}

impl std::error::Error for TrainError {}

impl std::fmt::Display for TrainError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { labels, samples } = self;
        write!(f, "{samples} texts with {labels} label(s): a model needs two labels at least, and 65,536 at most")
    }
}
