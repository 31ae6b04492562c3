//! Deciding 裁断: a command and a case go in, events or a refusal come out.
//!
//! [`register`] makes a case, [`decide`] does everything after. Both are functions of their arguments alone: policy,
//! organisation, calendar, the case, who acts, what time it is. Nothing is written here; the caller appends the events
//! and stores the folded case in one transaction. A refusal means that nothing changed.

mod acts;
mod after;
mod clocks;
mod forms;
mod mediation;
mod replay;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    calendar::Calendar,
    case::{Case, Place, State},
    command::{Command, NOTE_MAX_CHARS, Register, TEXT_MAX_CHARS, TITLE_MAX_CHARS},
    dispatch,
    event::{Actor, Event, NewCase, Recorded},
    ids::{CaseId, ClassId, RequestId, UnitId},
    organisation::Organisation,
    permission,
    policy::{Milestone, Policy},
    refusal::Refusal,
};

pub use self::replay::{Replay, Told, replay};

/// Everything that a decision looks at besides the case.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// The mechanism. For an existing case: the policy it was born under.
    pub policy: &'a Policy,
    /// Units, people, spots, roster.
    pub organisation: &'a Organisation,
    /// Working days.
    pub calendar: &'a Calendar,
}

/// What is read at the edge for one decision.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Who acts.
    pub by: Actor,
    /// What time it is, to the millisecond.
    pub now: Timestamp,
    /// An id for whatever the command begins (a return, an extension, a whistle, an appeal).
    pub fresh: RequestId,
}

/// What a command leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The case after the events.
    pub case: Case,
    /// The events, in order, never empty unless the command was a [`Command::Tick`] or [`Command::Recalendar`].
    pub events: Vec<Recorded>,
}

/// Registers a case 登记, and as far as the rules allow classifies and dispatches it at once.
///
/// # Errors
/// A [`Refusal`] naming the field that is wrong.
pub fn register(
    world: &World<'_>,
    id: CaseId,
    number: String,
    new: &Register,
    moment: &Moment,
) -> Result<Decision, Refusal> {
    bring_in(world, id, number, new, &BTreeSet::new(), moment)
}

/// Registers a case of which a record tells 导入. `unrecorded` are the milestones that lie behind it and of which the
/// record says nothing: no clock waits for them, and finishing and closing do not ask for them, until it is reopened.
///
/// # Errors
/// As [`register`]; and only a record brought in ([`Actor::Upstream`]) may leave something unsaid.
pub fn bring_in(
    world: &World<'_>,
    id: CaseId,
    number: String,
    new: &Register,
    unrecorded: &BTreeSet<Milestone>,
    moment: &Moment,
) -> Result<Decision, Refusal> {
    if !unrecorded.is_empty() && moment.by != Actor::Upstream {
        return Err(Refusal::invalid("unrecorded", "empty for a case registered here", "本平台登记的诉求件不得填写"));
    }
    let moment = Moment { now: to_the_millisecond(moment.now), ..moment.clone() };
    let channel = world.policy.channels.get(&new.channel).ok_or_else(|| Refusal::unknown("channel", &new.channel))?;
    let text = required("text", &new.text, TEXT_MAX_CHARS)?;
    let title = match optional("title", &new.title, TITLE_MAX_CHARS)? {
        "" => head(text),
        title => title.to_owned(),
    };
    let first_receiver = new.first_receiver.clone().unwrap_or_else(|| world.policy.dispatch.liaison_office.clone());
    known_unit(world, &first_receiver)?;
    if let Some(unit) = &new.complained_about {
        known_unit(world, unit)?;
    }
    let born = Recorded {
        at: moment.now,
        by: moment.by.clone(),
        event: Event::Registered(Box::new(NewCase {
            id,
            number,
            policy: world.policy.version.clone(),
            origin: new.origin.unwrap_or(channel.origin),
            channel: new.channel.clone(),
            first_receiver,
            title,
            text: text.to_owned(),
            place: locate(world, &new.place)?,
            reporter: new.reporter,
            complained_about: new.complained_about.clone(),
            upstream_number: new.upstream_number.clone().filter(|number| !number.trim().is_empty()),
            proposal: new.proposal.clone(),
            unrecorded: unrecorded.clone(),
        })),
    };
    let Some(case) = Case::born(&born) else { return Err(Refusal::unknown("case", id)) };
    let mut draft = Draft { world, moment, case, events: vec![born] };
    draft.clocks_after_last();
    if let Some(leader) = &new.received_by_leader {
        known_leader(world, leader)?;
        draft.push(Event::Escalated { official: leader.clone(), reason: "接访".to_owned() });
    }
    draft.act_on_proposal();
    Ok(draft.finish())
}

/// Decides a command on an existing case.
///
/// # Errors
/// A [`Refusal`]: not allowed, not now, or not like this.
pub fn decide(world: &World<'_>, case: &Case, command: &Command, moment: &Moment) -> Result<Decision, Refusal> {
    permission::may(world.organisation, &moment.by, command.act(), case)?;
    // Time never runs backwards in a stream, whatever two nodes or a corrected clock say.
    let moment = Moment { now: to_the_millisecond(moment.now).max(case.changed_at), ..moment.clone() };
    let mut draft = Draft { world, moment, case: case.clone(), events: Vec::new() };
    // A clock whose time went by before this act was breached before it, swept or not.
    draft.tick();
    draft.act(command)?;
    Ok(draft.finish())
}

/// A decision being made: the case as it will be, and the events so far.
struct Draft<'a> {
    world: &'a World<'a>,
    moment: Moment,
    case: Case,
    events: Vec<Recorded>,
}

impl Draft<'_> {
    fn finish(self) -> Decision {
        Decision { case: self.case, events: self.events }
    }

    /// Adds an event by the actor, and what it does to the clocks.
    fn push(&mut self, event: Event) {
        self.record(event, self.moment.by.clone());
        self.clocks_after_last();
    }

    /// Adds an event that the program itself causes.
    fn push_system(&mut self, event: Event) {
        self.record(event, Actor::System);
        self.clocks_after_last();
    }

    fn record(&mut self, event: Event, by: Actor) {
        let recorded = Recorded { at: self.moment.now, by, event };
        self.case.evolve(&recorded);
        self.events.push(recorded);
    }

    fn in_state(&self, command: &Command, states: &[State]) -> Result<(), Refusal> {
        if states.contains(&self.case.state) {
            Ok(())
        } else {
            Err(Refusal::WrongState { act: command.act(), state: self.case.state })
        }
    }

    /// Which danger rule fired, by its name.
    fn danger_note(&self, id: &str) -> String {
        let rule = self.world.policy.urgent_rules.iter().find(|rule| rule.id == id);
        format!("危险规则：{}", rule.map_or(id, |rule| &rule.name.zh))
    }

    /// Danger holds by rule; a sure proposal is taken where the policy says so. Everything else waits for a person.
    fn act_on_proposal(&mut self) {
        let Some(proposal) = self.case.proposal.clone() else { return };
        let sure = proposal.confidence >= self.world.policy.triage.abstain_below;
        let Some(class) = proposal.class.filter(|class| self.world.policy.class(class).is_some()) else { return };
        // Where a record tells who handled the case, the program does not decide it anew.
        let automatic = self.world.policy.dispatch.automatic && self.moment.by != Actor::Upstream;
        if proposal.danger.is_none() && !(automatic && sure) {
            return;
        }
        self.push_system(Event::Classified {
            class,
            category: proposal.category.filter(|id| self.world.policy.categories.contains_key(id)),
            marks: BTreeSet::new(),
            corrects_proposal: false,
            note: proposal.danger.map(|id| self.danger_note(&id)).unwrap_or_default(),
        });
        if automatic && sure {
            let found = dispatch::propose(self.world, self.case.category.as_ref(), self.case.place.grid.as_ref());
            if found.step != dispatch::Step::LiaisonOffice {
                self.push_system(Event::Dispatched {
                    lead: found.lead,
                    co_units: found.co_units,
                    because: found.because,
                });
            }
        }
    }
}

/// Fills in the grid from spot or point, and the point from the spot.
fn locate(world: &World<'_>, place: &Place) -> Result<Place, Refusal> {
    let mut place = place.clone();
    optional("place.address", &place.address, 300)?;
    if let (Some(lon), Some(lat)) = (place.lon, place.lat) {
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return Err(Refusal::invalid(
                "place",
                "longitude within ±180 and latitude within ±90 degrees, WGS84",
                "经度应在 ±180、纬度应在 ±90 度之内(WGS84)",
            ));
        }
    } else if place.lon.is_some() != place.lat.is_some() {
        return Err(Refusal::invalid("place", "longitude and latitude together", "经度和纬度应同时填写"));
    }
    if let Some(spot) = &place.spot {
        let found = world.organisation.spot(spot).ok_or_else(|| Refusal::unknown("spot", spot))?;
        // A code on a wall outlives its grid: then the point says which grid it is in now.
        if place.grid.is_none() && known_unit(world, &found.grid).is_ok() {
            place.grid = Some(found.grid.clone());
        }
        place.lon = place.lon.or(Some(found.lon));
        place.lat = place.lat.or(Some(found.lat));
        if place.address.trim().is_empty() {
            place.address.clone_from(&found.address);
        }
    }
    match (&place.grid, place.lon, place.lat) {
        (Some(grid), ..) => {
            known_unit(world, grid)?;
        }
        (None, Some(lon), Some(lat)) => place.grid = world.organisation.grid_at(lon, lat).cloned(),
        _ => {}
    }
    Ok(place)
}

/// Finer time than events keep would put an act between a due time and the millisecond after it.
fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

fn known_unit(world: &World<'_>, id: &UnitId) -> Result<(), Refusal> {
    match world.organisation.unit(id) {
        Some(unit) if unit.active => Ok(()),
        _ => Err(Refusal::unknown("unit", id)),
    }
}

fn known_class(world: &World<'_>, id: &ClassId) -> Result<(), Refusal> {
    world.policy.class(id).map(|_| ()).ok_or_else(|| Refusal::unknown("class", id))
}

fn known_leader(world: &World<'_>, id: &crate::ids::PersonId) -> Result<(), Refusal> {
    let person = world.organisation.person(id).filter(|person| person.active);
    let person = person.ok_or_else(|| Refusal::unknown("person", id))?;
    if person.posts.iter().any(|post| post.role == crate::organisation::Role::Leader) {
        Ok(())
    } else {
        Err(Refusal::invalid("official", "a person with the role of leader", "包案人须是领导"))
    }
}

/// A text that must be there: trimmed, within its bound.
pub(crate) fn required<'t>(field: &str, text: &'t str, max_chars: usize) -> Result<&'t str, Refusal> {
    match optional(field, text, max_chars)? {
        "" => Err(Refusal::invalid(field, "must be filled in", "必须填写")),
        text => Ok(text),
    }
}

/// A text that may be empty: trimmed, within its bound.
fn optional<'t>(field: &str, text: &'t str, max_chars: usize) -> Result<&'t str, Refusal> {
    let text = text.trim();
    if text.len() > max_chars && text.chars().count() > max_chars {
        return Err(Refusal::invalid(
            field,
            format!("at most {max_chars} characters"),
            format!("最多 {max_chars} 个字"),
        ));
    }
    Ok(text)
}

fn note<'t>(field: &str, text: &'t str) -> Result<&'t str, Refusal> {
    required(field, text, NOTE_MAX_CHARS)
}

/// The first clause of a text, as a title.
fn head(text: &str) -> String {
    let clause = text.split(['。', '！', '？', '\n', '!', '?']).find(|part| !part.trim().is_empty()).unwrap_or(text);
    clause.trim().chars().take(40).collect()
}
