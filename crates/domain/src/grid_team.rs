//! Standing teams 网格专班 of grids, '1+1+2+N' by the seats of the policy, with the temporary branch 临时党支部 that goes with one:
//! what a case's own team begins from. A team must never seat anybody whom the seat does not fit, nor anybody twice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    decide::required,
    event::Actor,
    ids::{PersonId, UnitId},
    organisation::{Organisation, Person, Role, UnitKind},
    policy::Seat,
    refusal::Refusal,
};

/// Longest name of a branch, characters.
pub const NAME_MAX: usize = 60;
/// Most members of a branch.
pub const MEMBERS_MAX: usize = 100;

/// Seat code → who has it.
pub type Team = BTreeMap<String, BTreeSet<PersonId>>;

/// Whether a team fits the seats.
///
/// # Errors
/// A seat that there is not, too few or too many on one, somebody unknown, whom it does not fit, or who has one already.
pub fn check_seats(team: &Team, seats: &[Seat], organisation: &Organisation) -> Result<(), Refusal> {
    if let Some(stranger) = team.keys().find(|id| !seats.iter().any(|seat| seat.id == **id)) {
        return Err(Refusal::unknown("seat", stranger));
    }
    let nobody = BTreeSet::new();
    let mut seated = BTreeSet::new();
    for seat in seats {
        let people = team.get(&seat.id).unwrap_or(&nobody);
        let count = people.len() as u64;
        let fits = count >= u64::from(seat.min) && seat.max.is_none_or(|max| count <= u64::from(max));
        if !fits {
            let max = seat.max.map_or("N".to_owned(), |max| max.to_string());
            return Err(Refusal::invalid(
                format!("team.{}", seat.id),
                format!("{} to {max} of '{}'", seat.min, seat.name.en),
                format!("「{}」应为 {} 至 {max} 名", seat.name.zh, seat.min),
            ));
        }
        for id in people {
            let person = active(organisation, id)?;
            if !suits(seat, person) {
                return Err(Refusal::invalid(
                    format!("team.{}", seat.id),
                    format!("'{id}' is not {}", seat.name.en),
                    format!("「{}」不是{}", person.name, seat.name.zh),
                ));
            }
            if !seated.insert(id) {
                return Err(Refusal::invalid(
                    format!("team.{}", seat.id),
                    format!("'{id}' already has a seat"),
                    format!("「{id}」已在其他席位"),
                ));
            }
        }
    }
    Ok(())
}

fn active<'a>(organisation: &'a Organisation, id: &PersonId) -> Result<&'a Person, Refusal> {
    organisation.person(id).filter(|person| person.active).ok_or_else(|| Refusal::unknown("person", id))
}

fn suits(seat: &Seat, person: &Person) -> bool {
    seat.titles.is_empty() || seat.titles.iter().any(|title| person.titles.contains(title))
}

/// A team of those near a grid whom the seats fit, where nobody has put one together: the grid's own people, its mentor and
/// those of its community. A seat that nobody there fits stays empty.
pub fn suggested(grid: &UnitId, seats: &[Seat], organisation: &Organisation) -> Team {
    let own = organisation.people_of(grid);
    let community = organisation.community_of(grid).map(|id| organisation.people_of(id)).unwrap_or_default();
    let mentor = organisation.unit(grid).and_then(|unit| organisation.person(unit.mentor.as_ref()?));
    let mut near: Vec<&Person> = mentor.into_iter().chain(own).chain(community).collect();
    let serves = |person: &Person| person.posts.iter().any(|post| !matches!(post.role, Role::Partner | Role::Admin));
    near.retain(|person| person.active && serves(person));
    let mut team = Team::new();
    let mut seated = BTreeSet::new();
    // Seats that ask for a title choose first: whoever has none fits the others.
    let (asking, open): (Vec<&Seat>, Vec<&Seat>) = seats.iter().partition(|seat| !seat.titles.is_empty());
    for seat in asking.into_iter().chain(open) {
        let most = seat.max.map_or(usize::MAX, |max| max as usize);
        let fit = near.iter().filter(|person| suits(seat, person) && !seated.contains(&person.id));
        let chosen: BTreeSet<PersonId> = fit.map(|person| person.id.clone()).take(most).collect();
        seated.extend(chosen.iter().cloned());
        if !chosen.is_empty() {
            team.insert(seat.id.clone(), chosen);
        }
    }
    team
}

/// A temporary branch 临时党支部.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GridBranch)]
pub struct Branch {
    /// Its name.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// Its secretary 支部书记.
    #[schema(value_type = String)]
    pub secretary: PersonId,
    /// Its members, the secretary or not.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 100)]
    pub members: BTreeSet<PersonId>,
    /// Since when.
    #[schema(value_type = String, format = Date)]
    pub since: Date,
    /// Until when; none while it is not known.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub until: Option<Date>,
}

impl Branch {
    fn check(&self, organisation: &Organisation) -> Result<(), Refusal> {
        required("branch.name", &self.name, NAME_MAX)?;
        active(organisation, &self.secretary)?;
        if self.members.len() > MEMBERS_MAX {
            let (en, zh) = (format!("at most {MEMBERS_MAX}"), format!("最多 {MEMBERS_MAX} 人"));
            return Err(Refusal::invalid("branch.members", en, zh));
        }
        self.members.iter().try_for_each(|member| active(organisation, member).map(|_| ()))?;
        if self.until.is_some_and(|until| until < self.since) {
            return Err(Refusal::invalid("branch.until", "not before 'since'", "不应早于成立日期"));
        }
        Ok(())
    }
}

/// The standing team of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GridTeam {
    /// Which grid.
    #[schema(value_type = String)]
    pub grid: UnitId,
    /// Seat code → people.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub team: Team,
    /// Its branch, where there is one.
    pub branch: Option<Branch>,
    /// Who put it together last.
    #[schema(value_type = String)]
    pub by: Actor,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl GridTeam {
    /// Puts a team together.
    ///
    /// # Errors
    /// No active grid; a team that does not fit the seats; a branch that names nobody, too many, or ends before it begins.
    pub fn put_together(
        grid: UnitId,
        (team, branch): (Team, Option<Branch>),
        (seats, organisation): (&[Seat], &Organisation),
        by: &Actor,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let is_grid = organisation.unit(&grid).is_some_and(|unit| unit.active && unit.kind == UnitKind::Grid);
        if !is_grid {
            return Err(Refusal::unknown("grid", &grid));
        }
        check_seats(&team, seats, organisation)?;
        branch.as_ref().map_or(Ok(()), |branch| branch.check(organisation))?;
        Ok(Self { grid, team, branch, by: by.clone(), at: now })
    }

    /// The id under which the team of a grid is kept: a grid has one.
    pub fn id_of(grid: &UnitId) -> Uuid {
        let hash: [u8; 32] = Sha256::digest(grid.as_str().as_bytes()).into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{organisation::import, policy::Name};

    fn organisation() -> Organisation {
        let units = "code,name,name_en,kind,parent,hotline,active,mentor\n\
            lh,区,,district,,,,\nlh.c,社区,,community,lh,,,\nlh.c.g,网格,,grid,lh.c,,,boss\nlh.o,办,,office,lh,,,\n";
        let people = "code,name,posts,titles,phone,email,active\n\
            boss,甲,lh.o:leader,指导员,,,\na,乙,lh.c:community,代表,,,\nb,丙,lh.c:community,,,,\n\
            w1,丁,lh.c.g:grid_worker,网格员,,,\nw2,戊,lh.c.g:grid_worker,网格员,,,\nfar,己,lh.o:staff,代表,,,\n\
            gone,庚,lh.c:community,,,,0\nshop,辛,lh.c.g:partner,,,,\n";
        let mut draft = import::units("u", units).draft;
        draft.merge(import::people("p", people).draft);
        draft.build().unwrap()
    }

    fn seat(id: &str, min: u32, max: Option<u32>, title: &str) -> Seat {
        let titles = [title].into_iter().filter(|title| !title.is_empty()).map(str::to_owned).collect();
        Seat { id: id.to_owned(), name: Name { zh: id.to_owned(), en: id.to_owned() }, min, max, titles }
    }

    fn seats() -> Vec<Seat> {
        vec![
            seat("delegate", 1, Some(1), "代表"),
            seat("staff", 1, Some(1), ""),
            seat("worker", 1, None, "网格员"),
            seat("mentor", 0, Some(1), "指导员"),
        ]
    }

    fn grid() -> UnitId {
        "lh.c.g".parse().unwrap()
    }

    fn put(team: Team, branch: Option<Branch>) -> Result<GridTeam, Refusal> {
        let now = Timestamp::UNIX_EPOCH;
        GridTeam::put_together(grid(), (team, branch), (&seats(), &organisation()), &Actor::System, now)
    }

    fn people(ids: &[&str]) -> BTreeSet<PersonId> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    #[test]
    fn a_grid_without_a_team_is_offered_those_near_it_whom_the_seats_fit() {
        let team = suggested(&grid(), &seats(), &organisation());
        let due = [("delegate", &["a"][..]), ("mentor", &["boss"]), ("staff", &["b"]), ("worker", &["w1", "w2"])];
        assert_eq!(team, due.map(|(seat, who)| (seat.to_owned(), people(who))).into());
        put(team, None).unwrap();
    }

    #[test]
    fn a_team_or_branch_that_does_not_fit_is_refused() {
        let team = suggested(&grid(), &seats(), &organisation());
        let with = |seat: &str, who: &[&str]| {
            let mut team = team.clone();
            team.insert(seat.to_owned(), people(who));
            put(team, None)
        };
        for (seat, who) in [
            ("moon", &["a"][..]),
            ("delegate", &[]),
            ("delegate", &["a", "far"]),
            ("delegate", &["b"]),
            ("staff", &["a"]),
            ("staff", &["gone"]),
        ] {
            assert!(with(seat, who).is_err(), "{seat} {who:?}");
        }
        let branch = |name: &str, secretary: &str, until: &str| Branch {
            name: name.to_owned(),
            secretary: secretary.parse().unwrap(),
            members: people(&["b"]),
            since: "2026-06-01".parse().unwrap(),
            until: until.parse().ok(),
        };
        put(team.clone(), Some(branch("临时党支部", "a", "2026-12-31"))).unwrap();
        for wrong in [branch(" ", "a", ""), branch("支部", "nobody", ""), branch("支部", "a", "2026-05-01")] {
            assert!(put(team.clone(), Some(wrong)).is_err());
        }
        let elsewhere = GridTeam::put_together(
            "lh.c".parse().unwrap(),
            (team, None),
            (&seats(), &organisation()),
            &Actor::System,
            Timestamp::UNIX_EPOCH,
        );
        assert!(elsewhere.is_err(), "a community is no grid");
        assert_ne!(GridTeam::id_of(&grid()), GridTeam::id_of(&"lh.c".parse().unwrap()));
    }
}
