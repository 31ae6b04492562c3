//! Learning from what people decided 学习: reads the judged cases, trains a model for each subject, measures it on cases
//! it has not seen, and takes it into force where it is not worse than what is.
//!
//! One lesson in five, with all that nearly say the same, is held back: no model is ever measured on what it learnt from.
//! The one taken into force then learns from all. Nothing here may change a case.

use std::time::Instant;

use jiban_domain::{
    case::Case,
    ids::{CategoryId, UnitId},
};
use jiban_store::{
    StoreError,
    case_list::CaseQuery,
    cases::CaseRow,
    models::{self, Bodies, NewModel},
};
use jiban_text::learn::{Model, Sample, Task, groups};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    learnt::{self, Learnt, Subject},
    newest::newest,
    rows,
    triage::{self, Triage},
    units::{self, Certainty},
};
use crate::{
    app::App,
    http::problem::{Answer, Problem},
    infra::world::Snapshot,
};

/// Cases learnt from at most, the newest.
const LESSONS_MAX: usize = 10_000;
/// Cases looked at to find them.
const LOOKED_AT_MAX: usize = 50_000;
/// Fewer lessons than this teach nothing that could be measured.
const LESSONS_MIN: usize = 40;
/// So many of 256 groups are held back for measuring: one in five.
const HELD_OF_256: u8 = 51;
/// Attempts that are remembered for each subject.
const ATTEMPTS_KEPT: i64 = 20;

/// What one case teaches.
struct Lesson {
    title: String,
    text: String,
    grid: Option<UnitId>,
    category: Option<CategoryId>,
    decided: [Option<String>; Subject::ALL.len()],
}

/// What became of learning a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new model is in force.
    Taken,
    /// The new model was worse on the cases held back: what was in force stays.
    Worse,
    /// Nothing new was decided since the last time.
    Unchanged,
    /// Too few cases were decided, or all the same way.
    TooFew,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// What became of it.
    pub outcome: Outcome,
    /// Cases it learnt from.
    pub lessons: u64,
    /// Different answers among them.
    pub labels: u64,
    /// Of these, cases held back to measure on.
    pub held: u64,
    /// Share of those held back where what was in force before is right.
    pub right_before: f64,
    /// Share where the new one is right.
    pub right: f64,
    /// Share where the new one is sure enough to propose.
    pub sure: f64,
    /// Of those, the share where it is right.
    pub sure_right: f64,
    /// Seconds it took.
    pub seconds: f64,
    /// Hash of the model, shortened; empty where none was made.
    pub name: String,
    /// Hash of all lessons: what is learnt from again is not learnt anew.
    pub digest: String,
}

/// What became of a subject.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Learning {
    /// Which.
    pub subject: Subject,
    /// What was measured.
    #[serde(flatten)]
    pub report: Report,
}

/// How far learning is.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Reading cases: how many so far.
    Read(usize),
    /// Training the model of this subject.
    Train(Subject),
}

/// Learns every subject anew.
///
/// # Errors
/// The store's, or a conflict where another node learnt at the same time.
pub async fn learn(app: &App, mut tell: impl FnMut(Step)) -> Answer<Vec<Learning>> {
    let lessons = std::sync::Arc::new(read(app, &mut tell).await?);
    let mut learnings = Vec::new();
    for subject in Subject::ALL {
        tell(Step::Train(subject));
        let known = app.store.read(move |tx| {
            let last = models::attempts(tx, subject.as_str(), 1)?.into_iter().next();
            let measured = learnt::read(tx)?;
            Ok::<_, StoreError>((last, measured))
        });
        let (last, stored) = known.await?;
        let version = last.as_ref().map_or(0, |attempt| attempt.version);
        let digest =
            last.and_then(|last| serde_json::from_str::<Report>(&last.report).ok()).map(|report| report.digest);
        let before = learnt::understand(stored.iter().map(|stored| (stored.subject, &*stored.bodies.measured)));
        let (snapshot, of) = (app.snapshot(), std::sync::Arc::clone(&lessons));
        let made = tokio::task::spawn_blocking(move || train(subject, &snapshot, &of, before, digest.as_deref()));
        let (report, bodies) = made.await.map_err(Problem::internal)?;
        if matches!(report.outcome, Outcome::Taken | Outcome::Worse) {
            let told = serde_json::to_string(&report).map_err(Problem::internal)?;
            let put = move |tx: &mut jiban_store::WriteTx<'_>| {
                let model = NewModel { subject: subject.as_str(), report: &told, bodies: bodies.as_ref() };
                models::put(tx, model, version, ATTEMPTS_KEPT)
            };
            app.store.write(put).await?;
        }
        learnings.push(Learning { subject, report });
    }
    app.worlds.refresh(&app.store).await.map_err(Problem::internal)?;
    Ok(learnings)
}

/// The judged cases, oldest first.
async fn read(app: &App, tell: &mut impl FnMut(Step)) -> Answer<Vec<Lesson>> {
    let snapshot = app.snapshot();
    let read = move |row: &CaseRow| Ok(lesson(&snapshot, rows::case(row)?));
    let bounds = (LOOKED_AT_MAX, LESSONS_MAX);
    let mut lessons = newest(app, CaseQuery::default(), bounds, read, |seen| tell(Step::Read(seen))).await?;
    lessons.reverse();
    Ok(lessons)
}

fn lesson(snapshot: &Snapshot, case: Case) -> Option<Lesson> {
    let decided = Subject::ALL.map(|subject| subject.decided(&snapshot.organisation, &case));
    decided.iter().any(Option::is_some).then_some(Lesson {
        title: case.title,
        text: case.text,
        grid: case.place.grid,
        category: case.category,
        decided,
    })
}

fn train(
    subject: Subject,
    snapshot: &Snapshot,
    lessons: &[Lesson],
    before: Learnt,
    last: Option<&str>,
) -> (Report, Option<Bodies>) {
    let start = Instant::now();
    let place = Subject::ALL.iter().position(|one| *one == subject).unwrap_or_default();
    let taught: Vec<(&Lesson, &str)> =
        lessons.iter().filter_map(|lesson| Some((lesson, lesson.decided[place].as_deref()?))).collect();
    let texts: Vec<String> = taught.iter().map(|(lesson, _)| triage::told(&lesson.title, &lesson.text)).collect();
    let samples: Vec<Sample<'_>> =
        texts.iter().zip(&taught).map(|(text, (_, label))| Sample { input: text.as_str().into(), label }).collect();
    let held = held(&texts);
    let digest = digest(&samples);
    let labels: std::collections::BTreeSet<&str> = samples.iter().map(|sample| sample.label).collect();
    let mut report = Report {
        outcome: Outcome::TooFew,
        lessons: samples.len() as u64,
        labels: labels.len() as u64,
        held: held.iter().filter(|held| **held).count() as u64,
        right_before: 0.0,
        right: 0.0,
        sure: 0.0,
        sure_right: 0.0,
        seconds: 0.0,
        name: String::new(),
        digest,
    };
    if last == Some(&report.digest) {
        report.outcome = Outcome::Unchanged;
        return (report, None);
    }
    let learnt: Vec<Sample<'_>> = samples.iter().zip(&held).filter(|(_, held)| !**held).map(|(one, _)| *one).collect();
    let models = (samples.len() >= LESSONS_MIN && report.held > 0)
        .then(|| Some((Model::train(&learnt, Task::Category).ok()?, Model::train(&samples, Task::Category).ok()?)));
    let Some((measured, whole)) = models.flatten() else { return (report, None) };
    let bodies = Bodies { whole: whole.to_bytes(), measured: measured.to_bytes() };
    let judge = |learnt: Learnt| {
        let triage = Triage::new(&snapshot.policy, learnt);
        let asked = taught.iter().zip(&held).filter(|(_, held)| **held);
        asked.map(|((lesson, truth), _)| answer(subject, snapshot, &triage, lesson, truth)).collect::<Vec<Answered>>()
    };
    let after = before.clone().with(subject, measured);
    report.right_before = share(&judge(before), |one| one.right);
    let now = judge(after);
    report.right = share(&now, |one| one.right);
    report.sure = share(&now, |one| one.sure);
    let sure: Vec<Answered> = now.into_iter().filter(|one| one.sure).collect();
    report.sure_right = share(&sure, |one| one.right);
    report.name = Model::name(&bodies.whole);
    report.seconds = start.elapsed().as_secs_f64();
    let taken = report.right >= report.right_before;
    report.outcome = if taken { Outcome::Taken } else { Outcome::Worse };
    (report, taken.then_some(bodies))
}

/// What triage said of a lesson.
struct Answered {
    right: bool,
    sure: bool,
}

/// What the console would have shown for this case, against what people decided.
fn answer(subject: Subject, snapshot: &Snapshot, triage: &Triage, lesson: &Lesson, truth: &str) -> Answered {
    let threshold = snapshot.policy.triage.abstain_below;
    match subject {
        Subject::Category | Subject::Class => {
            let proposal = triage.propose(&snapshot.policy, &lesson.title, &lesson.text);
            let said = match subject {
                Subject::Category => proposal.category.map(|id| id.to_string()),
                _ => proposal.class.map(|id| id.to_string()),
            };
            Answered { right: said.as_deref() == Some(truth), sure: proposal.confidence >= threshold }
        }
        Subject::Unit => {
            let (grid, told) = (lesson.grid.as_ref(), triage::told(&lesson.title, &lesson.text));
            let advice = units::advise(
                &snapshot.world(),
                triage.learnt(),
                lesson.category.as_ref().map(|id| (id, Certainty::Certain)),
                grid,
                &told,
            );
            let truth = learnt::unit_called(&snapshot.organisation, grid, truth);
            let first = advice.candidates.first();
            Answered {
                right: first.is_some_and(|first| Some(&first.unit) == truth),
                sure: first
                    .is_some_and(|first| first.by_rule || first.likelihood.is_some_and(|sure| sure >= threshold)),
            }
        }
    }
}

/// Which lessons are held back: whole groups of those that nearly say the same, chosen by the text of the oldest, so that
/// one held back today is held back tomorrow.
fn held(texts: &[String]) -> Vec<bool> {
    let leaders = groups(texts.iter().map(String::as_str));
    let held = |leader: usize| Sha256::digest(&texts[leader])[0] < HELD_OF_256;
    leaders.into_iter().map(held).collect()
}

fn digest(samples: &[Sample<'_>]) -> String {
    let mut digest = Sha256::new();
    for sample in samples {
        for part in [sample.input.text, sample.label] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    hex::encode(digest.finalize())
}

fn share(answered: &[Answered], of: impl Fn(&Answered) -> bool) -> f64 {
    answered.iter().filter(|one| of(one)).count() as f64 / answered.len().max(1) as f64
}
