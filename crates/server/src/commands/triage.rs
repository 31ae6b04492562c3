//! `jiban triage train|evaluate|classify`: learning from labelled texts, and measuring it, outside the database.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Args, Subcommand, ValueEnum};
use jiban_text::learn::{Input, Judge, Model, NaiveBayes, Ranked, Sample, Task, folds, groups};
use serde_json::{Value, json};

use super::{
    Failure, Outcome, say,
    table::{Columns, Entry, rounded},
};

/// Learn from labelled texts, measure what was learnt, classify texts.
#[derive(Debug, Subcommand)]
pub(super) enum Triage {
    /// Learn a model from a table of labelled texts.
    Train(Train),
    /// Measure: a model on a table it has not seen, or what can be learnt from a table by cross-validation.
    Evaluate(Evaluate),
    /// Say what texts are, how surely, and which words weighed.
    Classify(Classify),
}

/// Options of `triage train`.
#[derive(Debug, Args)]
pub(super) struct Train {
    #[command(flatten)]
    columns: Columns,
    /// Column with the label.
    #[arg(long)]
    label: String,
    /// What is to be learnt.
    #[arg(long, value_enum, default_value = "category")]
    task: Kind,
    /// File to write the model to.
    #[arg(long)]
    model: PathBuf,
    /// For programs: the outcome as JSON.
    #[arg(long)]
    json: bool,
}

/// Options of `triage evaluate`.
#[derive(Debug, Args)]
pub(super) struct Evaluate {
    #[command(flatten)]
    columns: Columns,
    /// Column with the true label.
    #[arg(long)]
    label: String,
    /// What is learnt.
    #[arg(long, value_enum, default_value = "category")]
    task: Kind,
    /// Model to measure; cross-validation of the table itself where none is given.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Parts of the cross-validation.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=50))]
    folds: u8,
    /// Measure this baseline too, always by cross-validation of the table.
    #[arg(long, value_enum)]
    baseline: Option<Baseline>,
    /// How sure the program must be to propose anything.
    #[arg(long, default_value_t = 0.55)]
    abstain_below: f64,
    /// For programs: the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// Options of `triage classify`.
#[derive(Debug, Args)]
pub(super) struct Classify {
    #[command(flatten)]
    columns: Columns,
    /// The model.
    #[arg(long)]
    model: PathBuf,
    /// How sure the program must be to propose anything.
    #[arg(long, default_value_t = 0.55)]
    abstain_below: f64,
    /// For programs: a JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// What a text is about.
    Category,
    /// Who should get it: labels are units.
    Dispatch,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Baseline {
    /// Multinomial naive Bayes over words.
    Nb,
}

impl From<Kind> for Task {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Category => Self::Category,
            Kind::Dispatch => Self::Dispatch,
        }
    }
}

impl Triage {
    pub(super) async fn run(self) -> Outcome {
        match self {
            Self::Train(command) => command.run().await,
            Self::Evaluate(command) => command.run().await,
            Self::Classify(command) => command.run().await,
        }
    }
}

/// The rows that have a label; how many have none.
fn labelled(entries: &[Entry]) -> (Vec<Sample<'_>>, usize) {
    let label = |entry: &Entry| entry.more.first().is_some_and(|label| !label.is_empty());
    let samples =
        entries.iter().filter(|entry| label(entry)).map(|entry| Sample { input: input(entry), label: &entry.more[0] });
    let samples: Vec<Sample<'_>> = samples.collect();
    let without = entries.len() - samples.len();
    (samples, without)
}

fn input(entry: &Entry) -> Input<'_> {
    Input { text: &entry.text, years: entry.years() }
}

fn load(file: &Path) -> Result<Model, Failure> {
    let told = |why: &dyn std::fmt::Display| Failure(format!("{}: {why}", file.display()));
    let bytes = std::fs::read(file).map_err(|why| told(&why))?;
    Model::from_bytes(&bytes).map_err(|why| told(&why))
}

impl Train {
    async fn run(self) -> Outcome {
        let entries = self.columns.read(&[&self.label]).await?;
        let (samples, without) = labelled(&entries);
        let start = Instant::now();
        let model = Model::train(&samples, self.task.into()).map_err(|why| Failure(why.to_string()))?;
        let took = start.elapsed();
        let bytes = model.to_bytes();
        std::fs::write(&self.model, &bytes).map_err(|why| Failure(format!("{}: {why}", self.model.display())))?;
        let (texts, labels, name) = (samples.len(), model.labels().len(), Model::name(&bytes));
        if self.json {
            let told = json!({
                "model": name, "texts": texts, "without_label": without, "labels": labels,
                "bytes": bytes.len(), "seconds": rounded(took.as_secs_f64()),
            });
            say(told)?;
        } else {
            say(format!(
                "{}: model {name}, {labels} labels learnt from {texts} texts in {:.1} s, {} kB",
                self.model.display(),
                took.as_secs_f64(),
                bytes.len() / 1000
            ))?;
            if without > 0 {
                say(format!("{without} rows without a label were left out"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What was measured, and how long it took.
#[derive(Default)]
struct Measured {
    judge: Judge,
    /// Time spent on saying what texts are.
    said_in: Duration,
    texts: usize,
    /// Time spent on learning.
    learnt_in: Duration,
}

impl Measured {
    fn ask<'m>(&mut self, samples: &[Sample<'_>], rank: impl Fn(&Input<'_>) -> Vec<Ranked<'m>>) {
        // The dictionary of words is loaded once, before the clock starts.
        jiban_text::segment("预热");
        let start = Instant::now();
        let said: Vec<Vec<Ranked<'_>>> = samples.iter().map(|sample| rank(&sample.input)).collect();
        self.said_in += start.elapsed();
        self.texts += samples.len();
        samples.iter().zip(said).for_each(|(sample, said)| self.judge.hear(sample.label, &said));
    }

    fn json(&self, abstain_below: f64) -> Value {
        let figures = self.judge.figures();
        let coverage = self.judge.coverage(abstain_below);
        let seconds = self.said_in.as_secs_f64();
        json!({
            "texts": figures.texts,
            "macro_f1": rounded(figures.macro_f1),
            "weighted_f1": rounded(figures.weighted_f1),
            "accuracy": rounded(figures.top1),
            "top1": rounded(figures.top1),
            "top3": rounded(figures.top3),
            "calibration_error": rounded(figures.calibration_error),
            "sure_enough": { "at_least": abstain_below, "share": rounded(coverage.share), "right": rounded(coverage.right) },
            "calibration": figures.calibration.iter().map(|step| json!({
                "from": step.from, "texts": step.texts, "sure": rounded(step.sure), "right": rounded(step.right),
            })).collect::<Vec<_>>(),
            "per_class": figures.labels.iter().map(|label| json!({
                "label": label.label, "precision": rounded(label.precision), "recall": rounded(label.recall),
                "f1": rounded(label.f1), "texts": label.texts,
            })).collect::<Vec<_>>(),
            "texts_per_second": (self.texts as f64 / seconds).round(),
            "ms_per_text": rounded(seconds * 1000.0 / self.texts.max(1) as f64),
            "learnt_in_seconds": (!self.learnt_in.is_zero()).then(|| rounded(self.learnt_in.as_secs_f64())),
        })
    }
}

impl Evaluate {
    async fn run(self) -> Outcome {
        let entries = self.columns.read(&[&self.label]).await?;
        let (samples, without) = labelled(&entries);
        if samples.is_empty() {
            return Err(Failure(format!("{}: there is no row with a {}", self.columns.file.display(), self.label)));
        }
        let parts = folds(&samples, usize::from(self.folds));
        let mut measured = Measured::default();
        let how = match &self.model {
            Some(file) => {
                let model = load(file)?;
                measured.ask(&samples, |input| model.rank(input));
                "a model on a table"
            }
            None => {
                let task = Task::from(self.task);
                self.across(&samples, &parts, &mut measured, |learnt| Model::train(learnt, task), Model::rank)?;
                "cross-validation by groups of near-duplicates"
            }
        };
        let baseline = match self.baseline {
            Some(Baseline::Nb) => {
                let mut measured = Measured::default();
                self.across(&samples, &parts, &mut measured, NaiveBayes::train, NaiveBayes::rank)?;
                Some(measured)
            }
            None => None,
        };
        let mut leaders = groups(samples.iter().map(|sample| sample.input.text));
        leaders.sort_unstable();
        leaders.dedup();
        let told = json!({
            "how": how,
            "task": format!("{:?}", self.task).to_lowercase(),
            "folds": self.folds,
            "groups": leaders.len(),
            "without_label": without,
            "peak_memory_mb": peak_memory_mb(),
            "figures": measured.json(self.abstain_below),
            "baseline": baseline.map(|baseline| json!({
                "name": "multinomial naive Bayes over words", "how": "cross-validation by groups of near-duplicates",
                "figures": baseline.json(self.abstain_below),
            })),
        });
        if self.json {
            say(format!("{told:#}"))?;
        } else {
            tell(&told)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Learns from all folds but one and asks about that one, for each.
    fn across<M, E: std::fmt::Display>(
        &self,
        samples: &[Sample<'_>],
        parts: &[usize],
        measured: &mut Measured,
        train: impl Fn(&[Sample<'_>]) -> Result<M, E>,
        rank: impl for<'m> Fn(&'m M, &Input<'_>) -> Vec<Ranked<'m>>,
    ) -> Result<(), Failure> {
        for fold in 0..usize::from(self.folds) {
            let part = |held: bool| samples.iter().zip(parts).filter(move |(_, part)| (**part == fold) == held);
            let [held, learnt]: [Vec<Sample<'_>>; 2] =
                [true, false].map(|held| part(held).map(|(sample, _)| *sample).collect());
            let start = Instant::now();
            let model = train(&learnt).map_err(|why| Failure(why.to_string()))?;
            measured.learnt_in += start.elapsed();
            measured.ask(&held, |input| rank(&model, input));
        }
        Ok(())
    }
}

/// The most memory that this process had at once, in megabytes, where the system tells it.
fn peak_memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1000)
}

fn tell(told: &Value) -> Result<(), Failure> {
    say(format!("{} ({} groups)", told["how"].as_str().unwrap_or_default(), told["groups"]))?;
    let column = |name: &str, of: &Value| {
        say(format!(
            "{name:10} macro-F1 {:.3}  weighted {:.3}  top-1 {:.3}  top-3 {:.3}  calibration error {:.3}  {} ms a text",
            of["macro_f1"].as_f64().unwrap_or_default(),
            of["weighted_f1"].as_f64().unwrap_or_default(),
            of["top1"].as_f64().unwrap_or_default(),
            of["top3"].as_f64().unwrap_or_default(),
            of["calibration_error"].as_f64().unwrap_or_default(),
            of["ms_per_text"],
        ))
    };
    column("model", &told["figures"])?;
    if !told["baseline"].is_null() {
        column("naive Bayes", &told["baseline"]["figures"])?;
    }
    for label in told["figures"]["per_class"].as_array().into_iter().flatten() {
        say(format!(
            "  {:.3}  {:>5} texts  {}",
            label["f1"].as_f64().unwrap_or_default(),
            label["texts"],
            label["label"].as_str().unwrap_or_default()
        ))?;
    }
    Ok(())
}

impl Classify {
    async fn run(self) -> Outcome {
        let model = load(&self.model)?;
        for entry in self.columns.read(&[]).await? {
            let ranked = model.rank(&input(&entry));
            let Some(first) = ranked.first() else { continue };
            let reasons = model.explain(&entry.text, first.label);
            let words =
                |words: &[(String, f64)]| words.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ");
            let sure = first.likelihood >= self.abstain_below;
            if self.json {
                let told = json!({
                    "id": entry.id, "label": sure.then_some(first.label), "likelihood": rounded(first.likelihood),
                    "most_likely": ranked.iter().take(3).map(|ranked| json!({
                        "label": ranked.label, "likelihood": rounded(ranked.likelihood),
                    })).collect::<Vec<_>>(),
                    "words_for": reasons.for_it, "words_against": reasons.against,
                });
                say(told)?;
            } else {
                let doubt = if sure { "" } else { " (not sure enough to propose it)" };
                say(format!(
                    "{}\t{}{doubt}\t{:.2}\t+ {}\t- {}",
                    entry.id,
                    first.label,
                    first.likelihood,
                    words(&reasons.for_it),
                    words(&reasons.against)
                ))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
