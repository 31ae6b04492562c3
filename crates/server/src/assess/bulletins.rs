//! Bulletins 通报: reports that are kept. Made when their period is over, by the policy's hours or by a person; the office
//! adds its proposals; archived they never change, and the hash of their data says so.

use std::sync::Arc;

use axum::http::StatusCode;
use jiban_domain::{
    event::Actor,
    ids::UnitId,
    notice,
    policy::{BulletinKind, BulletinRule},
};
use jiban_store::{StoreError, WriteTx, bulletins as rows_of, bulletins::BulletinRow};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    letters::top_unit,
    period::Period,
    report::{self, Report},
};
use crate::{
    app::App,
    desk::{
        tally::{self, day},
        telling::{self, Words},
    },
    http::problem::{Answer, Problem},
    infra::{
        audit::{self, Stream},
        world::Snapshot,
    },
};

/// State of a bulletin that may still change.
const DRAFT: &str = "draft";
/// Most characters of the proposals.
pub const PROPOSALS_MAX: usize = 20_000;

/// A report that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Bulletin {
    /// Its id.
    pub id: Uuid,
    /// Whether it may no longer change.
    pub archived: bool,
    /// SHA-256 of its data, in hex.
    pub hash: String,
    /// When it was last changed, or archived.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What it tells.
    pub report: Report,
}

impl Bulletin {
    fn read(row: &BulletinRow) -> Result<Self, StoreError> {
        let corrupt = |why: &dyn std::fmt::Display| StoreError::corrupt(format!("bulletin {}: {why}", row.id));
        if Sha256::digest(row.body.as_bytes()).as_slice() != row.hash {
            return Err(corrupt(&"its data do not fit its hash"));
        }
        Ok(Self {
            id: row.id,
            archived: row.state == rows_of::ARCHIVED,
            hash: hex::encode(row.hash),
            at: row.at,
            report: serde_json::from_str(&row.body).map_err(|why| corrupt(&why))?,
        })
    }

    fn row(id: Uuid, report: &Report, state: &str, at: Timestamp) -> Result<BulletinRow, StoreError> {
        let body = serde_json::to_string(report).map_err(|why| StoreError::other(why.to_string()))?;
        Ok(BulletinRow {
            id,
            kind: report.kind.as_str().to_owned(),
            unit: report.unit.to_string(),
            first_day: day(report.period.first),
            last_day: day(report.period.last),
            state: state.to_owned(),
            at,
            hash: Sha256::digest(body.as_bytes()).into(),
            body,
        })
    }
}

fn archived() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "archived",
        "this bulletin is archived and does not change any more",
        "通报已存档，不能再修改",
    )
}

/// Makes the bulletin of a period, or makes a draft anew with its proposals kept.
///
/// # Errors
/// When it is archived; the store's.
pub async fn make(app: &App, kind: BulletinKind, unit: &UnitId, period: Period) -> Answer<Bulletin> {
    tally::catch_up(app, tally::BESIDE_PEOPLE, |_| {}).await?;
    let report = report::make(app, kind, unit, period).await?;
    let made = app.store.write(move |tx| -> Result<Option<Bulletin>, StoreError> {
        let days = (day(period.first), day(period.last));
        let known = rows_of::find_period(tx, report.unit.as_str(), kind.as_str(), days)?;
        let known = known.as_ref().map(Bulletin::read).transpose()?;
        if known.as_ref().is_some_and(|known| known.archived) {
            return Ok(None);
        }
        let id = known.as_ref().map_or_else(Uuid::now_v7, |known| known.id);
        let proposals = known.map(|known| known.report.proposals).unwrap_or_default();
        let report = Report { proposals, ..report.clone() };
        let row = Bulletin::row(id, &report, DRAFT, tx.now())?;
        rows_of::put(tx, &row)?;
        Bulletin::read(&row).map(Some)
    });
    made.await?.ok_or_else(archived)
}

/// Puts the office's proposals into a draft.
///
/// # Errors
/// Not found, archived, or too long.
pub async fn propose(app: &App, id: Uuid, proposals: String) -> Answer<Bulletin> {
    if proposals.chars().count() > PROPOSALS_MAX {
        let most = PROPOSALS_MAX;
        return Err(Problem::field("proposals", format!("at most {most} characters"), format!("最多 {most} 个字")));
    }
    change(app, id, move |tx, bulletin| {
        bulletin.report.proposals.clone_from(&proposals);
        let row = Bulletin::row(bulletin.id, &bulletin.report, DRAFT, tx.now())?;
        rows_of::put(tx, &row)?;
        Bulletin::read(&row)
    })
    .await
}

/// Archives a draft as it stands and tells whom the policy names.
///
/// # Errors
/// Not found, or archived already.
pub async fn archive(app: &App, id: Uuid, by: Actor) -> Answer<Bulletin> {
    let (snapshot, parts) = (app.snapshot(), app.clone());
    let kept = change(app, id, move |tx, bulletin| {
        let row = Bulletin::row(bulletin.id, &bulletin.report, rows_of::ARCHIVED, tx.now())?;
        rows_of::put(tx, &row)?;
        let kept = Bulletin::read(&row)?;
        let body = serde_json::json!({
            "bulletin": id, "kind": row.kind, "unit": row.unit, "first": row.first_day, "last": row.last_day,
            "sha256": kept.hash,
        });
        audit::record(tx, Stream::Bulletins, audit::trace(&by, "bulletin_archived", &body))?;
        tell(tx, &parts, &snapshot, &kept)?;
        Ok(kept)
    });
    let kept = kept.await?;
    app.outbox_nudge.notify_one();
    Ok(kept)
}

async fn change(
    app: &App,
    id: Uuid,
    alter: impl Fn(&mut WriteTx<'_>, &mut Bulletin) -> Result<Bulletin, StoreError> + Send + 'static,
) -> Answer<Bulletin> {
    let changed = app.store.write(move |tx| -> Result<Option<Option<Bulletin>>, StoreError> {
        let Some(row) = rows_of::find(tx, id)? else { return Ok(None) };
        let mut bulletin = Bulletin::read(&row)?;
        if bulletin.archived {
            return Ok(Some(None));
        }
        alter(tx, &mut bulletin).map(|changed| Some(Some(changed)))
    });
    changed.await?.ok_or_else(Problem::not_found)?.ok_or_else(archived)
}

fn tell(tx: &mut WriteTx<'_>, app: &App, snapshot: &Snapshot, bulletin: &Bulletin) -> Result<(), StoreError> {
    let Some(rule) = snapshot.policy.bulletins.kinds.get(&bulletin.report.kind) else { return Ok(()) };
    let words = words(rule, bulletin, ("", ""));
    let to = notice::told_of_unit(&snapshot.world(), &bulletin.report.unit, &rule.tell, tx.now());
    telling::tell(tx, app, &snapshot.organisation, "bulletin", &to, &words)
}

fn words(rule: &BulletinRule, bulletin: &Bulletin, (zh, en): (&str, &str)) -> Words {
    let Period { first, last } = bulletin.report.period;
    Words {
        number: String::new(),
        zh: format!("{}（{first} 至 {last}）{zh}", rule.name.zh),
        en: format!("{} ({first} to {last}){en}", rule.name.en),
        link: Some(format!("/bulletins/{}", bulletin.id)),
    }
}

/// One bulletin.
///
/// # Errors
/// Not found; the store's.
pub async fn find(app: &App, id: Uuid) -> Answer<Bulletin> {
    let found = app.store.read(move |tx| rows_of::find(tx, id)?.as_ref().map(Bulletin::read).transpose()).await?;
    found.ok_or_else(Problem::not_found)
}

/// Bulletins of these units, the newest first.
///
/// # Errors
/// The store's.
pub async fn list(app: &App, units: Vec<String>, before: Option<Uuid>, limit: i64) -> Answer<Vec<Bulletin>> {
    let found = app.store.read(move |tx| {
        let rows = rows_of::list(tx, &units, before, limit)?;
        rows.iter().map(Bulletin::read).collect::<Result<Vec<_>, StoreError>>()
    });
    Ok(found.await?)
}

/// Makes what the policy's hours call for and is not there yet: the latest period of each kind that is over. Returns how
/// many were made.
///
/// # Errors
/// The store's; what was made before stays.
pub async fn due(app: &App) -> Answer<usize> {
    let snapshot = app.snapshot();
    let now = app.now().await?.to_zoned(snapshot.calendar.zone().clone());
    let unit = top_unit(&snapshot);
    let mut made = 0;
    for (kind, rule) in &snapshot.policy.bulletins.kinds {
        let period = Period::before(*kind, now.date()).map_err(Problem::internal)?;
        let has_come = now.date() > period.last.tomorrow().map_err(Problem::internal)?
            || u32::try_from(now.hour()).is_ok_and(|hour| hour >= rule.hour);
        let (asked, days) = (unit.clone(), (day(period.first), day(period.last)));
        let code = kind.as_str();
        let (known, first) = app
            .store
            .read(move |tx| {
                let known = rows_of::find_period(tx, asked.as_str(), code, days)?;
                Ok::<_, StoreError>((known, jiban_store::tally::first_day(tx, asked.as_str())?))
            })
            .await?;
        // Of the time before anything was known there is nothing to tell.
        let is_known = first.is_some_and(|first| first <= days.1);
        if !has_come || known.is_some() || !is_known {
            continue;
        }
        let bulletin = make(app, *kind, &unit, period).await?;
        if rule.by_itself {
            archive(app, bulletin.id, Actor::System).await?;
        } else {
            tell_of_draft(app, &snapshot, rule, bulletin).await?;
        }
        made += 1;
    }
    Ok(made)
}

/// A draft waits for the liaison office's proposals.
async fn tell_of_draft(app: &App, snapshot: &Arc<Snapshot>, rule: &BulletinRule, bulletin: Bulletin) -> Answer<()> {
    let words = words(rule, &bulletin, ("草稿待审定", ": the draft waits for proposals"));
    let (parts, world) = (app.clone(), Arc::clone(snapshot));
    let told = app.store.write(move |tx| {
        let to = [jiban_domain::policy::Recipient::LiaisonOffice];
        let to = notice::told_of_unit(&world.world(), &bulletin.report.unit, &to, tx.now());
        telling::tell(tx, &parts, &world.organisation, "bulletin_draft", &to, &words)
    });
    told.await?;
    app.outbox_nudge.notify_one();
    Ok(())
}
