//! Who is who in a community 组织名录, and the standing teams 网格专班 of its grids: what a team begins from where nobody put one
//! together, and how much each person has on their hands. Loads cost by what is open in the community, never by what is
//! stored, and are told only to those who may see its cases.

use std::collections::BTreeMap;

use jiban_domain::{
    campaign::{Campaign, CampaignState},
    duty::{DutyCall, DutyCallState},
    grid_team::{self, Branch, GridTeam, Team},
    ids::{PersonId, UnitId},
    organisation::{Person, Role, Unit, UnitKind},
};
use jiban_store::{
    ReadTx, StoreError,
    case_list::{self, CaseQuery},
};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::works::{self, Work};
use crate::{
    app::App,
    desk::{Stop, rows},
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Pages of open cases that are looked through for loads.
const PAGES_MAX: usize = 4;
/// Works of a kind that are looked through, the newest first.
const WORKS_MAX: i64 = 500;
/// Teams that are read at once: more than any house has grids.
const TEAMS_MAX: i64 = 20_000;
/// Days back in which a call that somebody took counts.
const CALLS_BACK_DAYS: i64 = 7;

impl Work for GridTeam {
    const KIND: &'static str = "grid_team";

    fn id(&self) -> Uuid {
        Self::id_of(&self.grid)
    }

    fn unit(&self) -> &UnitId {
        &self.grid
    }

    fn state(&self) -> &'static str {
        "standing"
    }

    fn next_at(&self, _: &Snapshot) -> Option<Timestamp> {
        None
    }
}

/// What somebody has on their hands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PersonLoad)]
pub struct Load {
    /// Open cases of this community that they handle.
    pub cases: u32,
    /// Of these such as are overdue or due within a day.
    pub due: u32,
    /// Calls to duty posts that ring them, or that they took in the last seven days.
    pub calls: u32,
}

/// Somebody in a directory.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = DirectoryPerson)]
pub struct Entry {
    /// Who.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// What they are in this unit; none for a mentor of another unit.
    pub roles: Vec<Role>,
    /// Titles.
    pub titles: Vec<String>,
    /// Phone at work.
    pub phone: Option<String>,
    /// What they have on their hands; none for a reader who does not see the community's cases.
    pub load: Option<Load>,
}

/// A grid in a directory.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DirectoryGrid)]
pub struct GridEntry {
    /// Which.
    pub grid: UnitId,
    /// Its hotline.
    pub hotline: Option<String>,
    /// Its mentor.
    pub mentor: Option<Entry>,
    /// Its people.
    pub people: Vec<Entry>,
    /// Its team: seat code → people.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub team: Team,
    /// Whether somebody put the team together; else it is offered by the posts.
    pub standing: bool,
    /// Its temporary branch.
    pub branch: Option<Branch>,
    /// Tasks of campaigns that it has to do.
    pub tasks: u32,
}

/// Who is who in a community.
#[derive(Debug, Serialize, ToSchema)]
pub struct Directory {
    /// The community.
    pub unit: UnitId,
    /// Its hotline.
    pub hotline: Option<String>,
    /// Its people.
    pub people: Vec<Entry>,
    /// Tasks of campaigns that it has to do itself.
    pub tasks: u32,
    /// Its grids.
    pub grids: Vec<GridEntry>,
    /// Whether more is open than was counted.
    pub more: bool,
}

/// The standing teams of all grids.
///
/// # Errors
/// The store's.
pub async fn all(app: &App) -> Result<BTreeMap<UnitId, GridTeam>, StoreError> {
    let teams: Vec<GridTeam> = app.store.read(|tx| works::list(tx, None, None, TEAMS_MAX)).await?;
    Ok(teams.into_iter().map(|team| (team.grid.clone(), team)).collect())
}

/// The team of a grid: what was put together, or else what its posts offer.
pub fn team_of(snapshot: &Snapshot, grid: &UnitId, kept: Option<&GridTeam>) -> Team {
    let offered = || grid_team::suggested(grid, &snapshot.policy.team, &snapshot.organisation);
    kept.map_or_else(offered, |kept| kept.team.clone())
}

/// Puts the team of a grid together, with its branch.
///
/// # Errors
/// A refusal that names the field; the store's.
pub async fn put(app: &App, staff: &Staff, grid: UnitId, team: Team, branch: Option<Branch>) -> Answer<GridTeam> {
    let staff = staff.clone();
    let kept = app.store.write(move |tx| -> Result<GridTeam, Stop> {
        let (snapshot, now) = (&staff.snapshot, tx.now());
        let what = (team.clone(), branch.clone());
        let by = (&*snapshot.policy.team, &snapshot.organisation);
        let team = GridTeam::put_together(grid.clone(), what, by, &staff.actor, now)?;
        let told = json!({ "grid": team.grid, "team": team.team, "branch": team.branch });
        works::put(tx, snapshot, &team, &staff.actor, &("grid_team_put_together", told))?;
        Ok(team)
    });
    Ok(kept.await?)
}

/// What was counted in one reading.
#[derive(Default)]
struct Counted {
    loads: BTreeMap<PersonId, Load>,
    tasks: BTreeMap<UnitId, u32>,
    teams: BTreeMap<UnitId, GridTeam>,
    more: bool,
}

fn count(tx: &mut ReadTx<'_>, unit: &UnitId, grids: &[UnitId], reads: bool) -> Result<Counted, StoreError> {
    let mut counted = Counted::default();
    for grid in grids {
        if let Some(row) = works::find_in::<GridTeam>(tx, GridTeam::id_of(grid))? {
            counted.teams.insert(grid.clone(), row);
        }
    }
    if !reads {
        return Ok(counted);
    }
    let now = tx.now();
    let soon = now.saturating_add(24.hours()).unwrap_or(Timestamp::MAX);
    let mut query =
        CaseQuery { units: Some(vec![unit.to_string()]), limit: case_list::PAGE_MAX, ..CaseQuery::default() };
    for _ in 0..PAGES_MAX {
        let page = case_list::list(tx, &query)?;
        for row in &page.cases {
            let case = rows::case(row)?;
            let Some(handler) = &case.handler else { continue };
            let load = counted.loads.entry(handler.clone()).or_default();
            load.cases += 1;
            load.due += u32::from(case.next_due().is_some_and(|due| due <= soon));
        }
        (query.cursor, counted.more) = (page.next, page.next.is_some());
        if !counted.more {
            break;
        }
    }
    let since = now.saturating_sub((CALLS_BACK_DAYS * 24).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
    let calls: Vec<DutyCall> = works::list(tx, None, None, WORKS_MAX)?;
    for call in calls.iter().filter(|call| call.at >= since) {
        let rings = call.rung.last().filter(|_| call.state == DutyCallState::Ringing).map(|ring| &ring.person);
        if let Some(person) = call.taken_by.as_ref().or(rings) {
            counted.loads.entry(person.clone()).or_default().calls += 1;
        }
    }
    let campaigns: Vec<Campaign> = works::list(tx, Some(CampaignState::Running.as_str()), None, WORKS_MAX)?;
    for task in campaigns.iter().flat_map(|campaign| &campaign.tasks).filter(|task| task.done_at.is_none()) {
        *counted.tasks.entry(task.unit.clone()).or_default() += 1;
    }
    Ok(counted)
}

/// Who is who in a community.
///
/// # Errors
/// No active community of that code; the store's.
pub async fn directory(app: &App, staff: &Staff, unit: UnitId) -> Answer<Directory> {
    let snapshot = &staff.snapshot;
    let organisation = &snapshot.organisation;
    let community = organisation.unit(&unit).filter(|unit| unit.active && unit.kind == UnitKind::Community);
    let community = community.ok_or_else(Problem::not_found)?;
    let grids: Vec<&Unit> = organisation.grids().filter(|grid| grid.parent.as_ref() == Some(&unit)).collect();
    let (reads, top) = (staff.reaches(&unit), unit.clone());
    let ids: Vec<UnitId> = grids.iter().map(|grid| grid.id.clone()).collect();
    let counted = app.store.read(move |tx| count(tx, &top, &ids, reads)).await?;
    let load = |id: &PersonId| reads.then(|| counted.loads.get(id).copied().unwrap_or_default());
    let people = |unit: &UnitId| -> Vec<Entry> {
        let own = organisation.people_of(unit).into_iter().filter(|person| person.active);
        own.map(|person| entry(person, unit, load(&person.id))).collect()
    };
    let tasks = |unit: &UnitId| counted.tasks.get(unit).copied().unwrap_or_default();
    let grid = |grid: &&Unit| {
        let kept = counted.teams.get(&grid.id);
        let mentor = grid.mentor.as_ref().and_then(|id| organisation.person(id)).filter(|person| person.active);
        GridEntry {
            grid: grid.id.clone(),
            hotline: grid.hotline.clone(),
            mentor: mentor.map(|person| entry(person, &grid.id, load(&person.id))),
            people: people(&grid.id),
            team: team_of(snapshot, &grid.id, kept),
            standing: kept.is_some(),
            branch: kept.and_then(|kept| kept.branch.clone()),
            tasks: tasks(&grid.id),
        }
    };
    Ok(Directory {
        unit: unit.clone(),
        hotline: community.hotline.clone(),
        people: people(&unit),
        tasks: tasks(&unit),
        grids: grids.iter().map(grid).collect(),
        more: counted.more,
    })
}

fn entry(person: &Person, unit: &UnitId, load: Option<Load>) -> Entry {
    Entry {
        person: person.id.clone(),
        name: person.name.clone(),
        roles: person.posts.iter().filter(|post| post.unit == *unit).map(|post| post.role).collect(),
        titles: person.titles.iter().cloned().collect(),
        phone: person.work_phone.clone(),
        load,
    }
}
