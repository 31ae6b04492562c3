//! Solved near me 身边已解决: what was finished lately in a grid and its community, told in numbers alone: never a text,
//! never a person, never a group so small that somebody could be recognised ([`neighbourhood::told`]).
//!
//! Only whole weeks are told, so that nobody can watch a number move by one. It costs by the days and categories of the
//! community, not by the cases behind them.

use axum::{Json, extract::State};
use jiban_domain::{
    figures::{Count, Share},
    ids::{CategoryId, UnitId},
    neighbourhood::{self, Groups},
    policy::{BulletinKind, Name, Policy},
};
use jiban_store::{
    ReadTx, StoreError,
    tally::{self, By},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    assess::period::Period,
    desk::tally::{date, day},
    http::{
        body::Query,
        limits::Public,
        problem::{Answer, Problem},
    },
};

/// Where one lives.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    /// The grid.
    #[param(value_type = String)]
    grid: UnitId,
}

/// What was solved nearby.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SolvedNear {
    /// The grid's community.
    community: Name,
    /// From so many cases on a group is told.
    told_from: u32,
    /// Week by week, the newest first.
    weeks: Vec<SolvedWeek>,
}

/// A week.
#[derive(Debug, Serialize, ToSchema)]
struct SolvedWeek {
    /// Monday.
    #[schema(value_type = String, format = Date)]
    first: Date,
    /// Sunday.
    #[schema(value_type = String, format = Date)]
    last: Date,
    /// In the grid, the most first.
    grid: Vec<SolvedLine>,
    /// In the whole community.
    community: Vec<SolvedLine>,
}

/// What was finished of one kind.
#[derive(Debug, Serialize, ToSchema)]
struct SolvedLine {
    /// What it was about, at the top of the tree of categories.
    category: Name,
    /// How many.
    finished: i64,
    /// From registration to finish, minutes on average.
    minutes: i64,
    /// How many of those that were asked say that it is solved; none where too few were.
    solved: Option<Share>,
}

/// What was finished lately in a grid and its community, in numbers that nobody is recognised in.
#[utoipa::path(
    get, path = "/public/solved", tag = "public", params(Where),
    responses((status = 200, body = SolvedNear), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn solved(State(app): State<App>, _: Public, Query(here): Query<Where>) -> Answer<Json<SolvedNear>> {
    let snapshot = app.snapshot();
    let organisation = &snapshot.organisation;
    let is_grid = organisation.grids().any(|grid| grid.id == here.grid);
    let community = organisation.community_of(&here.grid).filter(|_| is_grid).and_then(|id| organisation.unit(id));
    let community = community.ok_or_else(|| Problem::field("grid", "a grid", "应为已有的网格"))?.clone();
    let grids = organisation.grids().filter(|grid| grid.parent.as_ref() == Some(&community.id));
    let grids: Vec<UnitId> = grids.map(|grid| grid.id.clone()).collect();
    let at = grids.iter().position(|grid| *grid == here.grid);
    let today = app.now().await?.to_zoned(snapshot.calendar.zone().clone()).date();
    let weeks = weeks(today, snapshot.policy.neighbourhood.told_weeks).map_err(Problem::internal)?;
    let (world, top) = (snapshot.clone(), community.id.clone());
    let read = app.store.read(move |tx| -> Result<Vec<SolvedWeek>, StoreError> {
        let policy = &world.policy;
        let whole = by_week(tx, &top, policy, &weeks)?;
        let parts = grids.iter().map(|grid| by_week(tx, grid, policy, &weeks)).collect::<Result<Vec<_>, _>>()?;
        let week = |(number, week): (usize, &Period)| {
            let of = |groups: &Vec<Groups>| groups.get(number).cloned().unwrap_or_default();
            let parts: Vec<Groups> = parts.iter().map(of).collect();
            let (community, grids) = neighbourhood::told(&of(&whole), &parts, policy.neighbourhood.told_from);
            let grid = at.and_then(|at| grids.get(at)).map_or(&[][..], Vec::as_slice);
            SolvedWeek {
                first: week.first,
                last: week.last,
                grid: lines(grid, policy),
                community: lines(&community, policy),
            }
        };
        Ok(weeks.iter().enumerate().map(week).collect())
    });
    let told_from = snapshot.policy.neighbourhood.told_from;
    Ok(Json(SolvedNear { community: community.name, told_from, weeks: read.await? }))
}

/// The newest whole weeks that are over.
fn weeks(today: Date, number: u32) -> Result<Vec<Period>, jiff::Error> {
    let mut weeks = vec![Period::before(BulletinKind::Weekly, today)?];
    for _ in 1..number {
        if let Some(last) = weeks.last() {
            weeks.push(last.previous()?);
        }
    }
    Ok(weeks)
}

/// What was finished in a unit, by the top of the tree of categories, in each of the weeks. What the policy counts apart is
/// none of it.
fn by_week(tx: &mut ReadTx<'_>, unit: &UnitId, policy: &Policy, weeks: &[Period]) -> Result<Vec<Groups>, StoreError> {
    let mut found = vec![Groups::new(); weeks.len()];
    let (Some(newest), Some(oldest)) = (weeks.first(), weeks.last()) else { return Ok(found) };
    let days = (day(oldest.first), day(newest.last));
    for (of, sum) in tally::by_day(tx, unit.as_str(), By::Category, days)? {
        let of = date(of)?;
        let week = weeks.iter().position(|week| (week.first..=week.last).contains(&of));
        let Some(groups) = week.and_then(|week| found.get_mut(week)).filter(|_| sum.apart.is_none()) else { continue };
        let Ok(category) = CategoryId::new(sum.value) else { continue };
        let Some(top) = policy.lineage(&category).last() else { continue };
        let group = groups.entry(top.clone()).or_default();
        for (count, place) in [
            (Count::Finished, &mut group.finished),
            (Count::FinishMinutes, &mut group.minutes),
            (Count::FollowedUp, &mut group.followed_up),
            (Count::Solved, &mut group.solved),
        ] {
            if sum.measure == count.as_str() {
                *place += sum.number;
            }
        }
    }
    Ok(found)
}

/// In words, the most first. A category that the policy no longer has is left out.
fn lines(told: &[neighbourhood::Told], policy: &Policy) -> Vec<SolvedLine> {
    let line = |told: &neighbourhood::Told| {
        let category = policy.categories.get(&told.category)?.name.clone();
        Some(SolvedLine { category, finished: told.finished, minutes: told.minutes, solved: told.solved })
    };
    let mut lines: Vec<SolvedLine> = told.iter().filter_map(line).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.finished));
    lines
}
