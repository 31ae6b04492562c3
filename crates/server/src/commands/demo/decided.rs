//! Signals of the demo's past: what would have been raised on some mornings, decided the day after. So the board tells what
//! came of them.

use std::sync::Arc;

use jiban_domain::{
    event::Actor,
    ids::{PersonId, RoundPlanId, SignalId, UnitId},
    round::{Plan, RoundPlan},
    signal::{Decision, Signal, SignalState, Subject},
};
use jiban_store::{StoreError, WriteTx};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde_json::json;
use uuid::Uuid;

use crate::{
    ahead::{
        signals::{self, look},
        works,
    },
    app::App,
    commands::Failure,
};

/// How many days ago somebody looked.
const LOOKED: [i64; 6] = [70, 56, 42, 30, 21, 12];
/// So long after a signal it is decided.
const DECIDED_AFTER: SignedDuration = SignedDuration::from_hours(25);
/// How long the rounds are walked that come of one.
const WALKED: SignedDuration = SignedDuration::from_hours(21 * 24);
/// Why signals came to nothing.
const NOTHING: &str = "多为同一事项集中反映，责任单位已在处理。";

/// Looks and decides, morning by morning.
///
/// # Errors
/// A [`Failure`] of the store, or a refusal.
pub(super) async fn put_up(app: &App, today: Date) -> Result<(), Failure> {
    let zone = app.snapshot().calendar.zone().clone();
    let mut told: Vec<Subject> = Vec::new();
    for days in LOOKED {
        let moment =
            today.checked_sub(jiff::Span::new().days(days)).and_then(|day| day.at(9, 0, 0, 0).to_zoned(zone.clone()));
        let at = moment.map_err(|why| Failure(why.to_string()))?.timestamp();
        let found = look::found(app, at).await.map_err(|problem| Failure(problem.title))?;
        let new = |subject: &Subject| subject.category.is_some() && !told.iter().any(|known| known.is_same(subject));
        let fresh: Vec<Subject> = found.into_iter().filter(new).take(2).collect();
        for subject in fresh {
            decide(app, subject.clone(), at, told.len() % 3 != 2).await?;
            told.push(subject);
        }
    }
    Ok(())
}

async fn decide(app: &App, of: Subject, raised_at: Timestamp, accepted: bool) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let by = Actor::Person(PersonId::new("xlb1").map_err(|why| Failure(why.to_string()))?);
    let at = raised_at + DECIDED_AFTER;
    let unit = |id: &str| UnitId::new(id).map_err(|why| Failure(why.to_string()));
    let category = of.category.as_ref().and_then(|id| snapshot.policy.categories.get(id));
    let title = format!("{}排查", category.map_or("诉求", |category| category.name.zh.as_str()));
    let plan = Plan {
        title: title.clone(),
        areas: [of.area.clone().map_or_else(|| unit("lh.dm"), Ok)?].into(),
        kinds: Default::default(),
        street: String::new(),
        every_days: 3,
        season: None,
        checklist: None,
    };
    let id = RoundPlanId(Uuid::now_v7());
    let (rules, organisation) = (&snapshot.policy.rounds, &snapshot.organisation);
    let made = RoundPlan::make((id, unit("lh.dm.xlb")?), plan, rules, organisation, &by, at);
    let mut made = made.map_err(|refusal| Failure(refusal.to_string()))?;
    if at + WALKED < app.now().await? {
        made.end(at + WALKED).map_err(|refusal| Failure(refusal.to_string()))?;
    }
    let signal = Signal {
        id: SignalId(Uuid::now_v7()),
        state: if accepted { SignalState::Accepted } else { SignalState::Dismissed },
        of,
        raised_at,
        first_raised_at: None,
        decision: Some(Decision {
            by: by.to_string(),
            at,
            note: if accepted { title } else { NOTHING.to_owned() },
            case: None,
            campaign: None,
            rounds: accepted.then_some(id),
        }),
    };
    let snapshot = Arc::clone(&snapshot);
    let put = move |tx: &mut WriteTx<'_>| -> Result<(), StoreError> {
        if signal.state == SignalState::Accepted {
            works::put(
                tx,
                &snapshot,
                &made,
                &by,
                &("rounds_planned", json!({ "plan": made.plan, "signal": signal.id })),
            )?;
        }
        signals::put(tx, &signal)
    };
    app.store.write(put).await?;
    Ok(())
}
