//! What is done at night 每夜: in the small hours of the subdistrict, triage learns from what people decided, signals
//! are looked for and letters drafted, so that they wait when the day begins; and, whenever their time has come, bulletins,
//! what units must be told of the tasks of campaigns, the end of activities, and applications of partners that wait.

use std::time::Duration;

use jiban_store::{StoreError, models};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use crate::{
    ahead::{activities, campaigns, partners, signals},
    app::App,
    assess::{bulletins, letters},
    desk::{learnt::Subject, lessons},
    http::problem::{Answer, Problem},
};

/// Hour of the night at which it learns.
const HOUR: i8 = 3;
/// Whoever learnt within this time, here or on another node, spares the night's learning.
const RECENT: SignedDuration = SignedDuration::from_hours(6);
/// Sleep at most this long, so that a clock that was set is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(600);

/// One night's learning. Returns whether anything was learnt.
///
/// # Errors
/// As for [`lessons::learn`].
pub async fn step(app: &App) -> Answer<bool> {
    let recent = app.store.read(|tx| {
        let now = tx.now();
        let mut recent = false;
        for subject in Subject::ALL {
            let last = models::attempts(tx, subject.as_str(), 1)?;
            recent |= last.iter().any(|attempt| now.duration_since(attempt.at) < RECENT);
        }
        Ok::<_, StoreError>(recent)
    });
    if recent.await? {
        return Ok(false);
    }
    let learnings = lessons::learn(app, |_| {}).await?;
    for learning in &learnings {
        tracing::info!(subject = learning.subject.as_str(), report = ?learning.report, "triage learnt from what people decided");
    }
    Ok(learnings.iter().any(|learning| learning.report.outcome == lessons::Outcome::Taken))
}

/// Runs until the program stops.
pub async fn run(app: App) {
    let mut stop = app.stop.subscribe();
    let mut next = None;
    loop {
        match tick(&app, &mut next).await {
            Ok(()) => {}
            Err(problem) => tracing::error!(?problem, "the work of the night failed; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(SLEEP_MAX) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Learns when the hour has come, and notes the next one.
async fn tick(app: &App, next: &mut Option<Timestamp>) -> Answer<()> {
    let now = app.now().await?;
    let due = next.is_some_and(|at| now >= at);
    if due || next.is_none() {
        *next = Some(night_after(&now.to_zoned(app.snapshot().calendar.zone().clone())).map_err(Problem::internal)?);
    }
    if due {
        step(app).await?;
        let new = signals::look::look(app).await?;
        let drafted = letters::draft_by_rules(app).await?.len();
        let joined = campaigns::gather_kept(app).await?;
        tracing::info!(
            new,
            drafted,
            joined,
            "signals were looked for, letters drafted by rule, filters of campaigns kept"
        );
    }
    let made = bulletins::due(app).await?;
    if made > 0 {
        tracing::info!(made, "bulletins were made");
    }
    let told = campaigns::tell_due(app).await?;
    if told > 0 {
        tracing::info!(told, "units were told of tasks of campaigns that are due");
    }
    activities::end_due(app).await?;
    partners::look_after_waiting(app).await?;
    Ok(())
}

fn night_after(now: &Zoned) -> Result<Timestamp, jiff::Error> {
    let at = |day: &Zoned| day.with().hour(HOUR).minute(0).second(0).subsec_nanosecond(0).build();
    let today = at(now)?;
    let night = if today > *now { today } else { at(&now.checked_add(1.day())?)? };
    Ok(night.timestamp())
}
