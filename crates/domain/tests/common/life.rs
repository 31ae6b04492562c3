//! The next sensible step of a case's life, by somebody who may take it; and any step at all, sensible or not.

use std::collections::{BTreeMap, BTreeSet};

use jiban_domain::{
    case::{AttachmentKind, Case, Mark, Origin, Place, Reporter, SessionOutcome, State},
    command::{self as cmd, Act, Command, Register},
    decide::World,
    event::Actor,
    ids::{AttachmentId, CaseId, PersonId, RequestId, UnitId},
    organisation::Role,
    permission,
    policy::{Length, Milestone, Route},
};
use jiff::ToSpan;

use super::{
    always::PRIVATE,
    chance::Chance,
    desk::{
        self, actor, answer, appeal, close, exclude, finish, follow_up, give_back, mediation, opinion, rate, reopen,
        signed, unit,
    },
};

const GRIDS: &[&str] = &["lh.dm.c01.g01", "lh.dm.c02.g03", "lh.dm.c05.g02", "lh.dm.c07.g01", "lh.dm.c03.g04"];
const UNITS: &[&str] = &[
    "lh.dm.zfd",
    "lh.dm.csb",
    "lh.cgj",
    "lh.dm.c01",
    "lh.dm.c01.g01",
    "lh.dm.xlb",
    "lh.gaj",
    "lh.dm.jjw",
    "lh.dm.gfb",
];
const PEOPLE: &[&str] = &[
    "xlb1", "xlb2", "leader1", "leader2", "duty1", "zfd1", "zfdhead", "csb1", "cgj1", "c01a", "c01head", "c01g01a",
    "gaj1", "jjw1", "admin", "partner1",
];

/// Somebody's request, finding or signal.
pub(crate) fn intake(world: &World<'_>, chance: &mut Chance) -> Register {
    let channels = ["hotline", "qr", "hall", "upstream_city", "rounds", "machine", "reception_day"];
    let channel = *chance.pick(&channels);
    let categories: Vec<_> = world.policy.categories.keys().collect();
    let place = match chance.range(0, 4) {
        0 => Place { spot: Some("s001".parse().unwrap()), ..Place::default() },
        1 => Place {
            lon: Some(114.10 + chance.share() * 0.04),
            lat: Some(22.53 + chance.share() * 0.04),
            address: format!("老街 {PRIVATE}"),
            ..Place::default()
        },
        2 => Place::default(),
        _ => Place { grid: Some(unit(chance.code(GRIDS))), ..Place::default() },
    };
    let proposal = chance.percent(60).then(|| jiban_domain::case::Proposal {
        class: Some(class(chance)),
        category: Some((*chance.pick(&categories)).clone()),
        confidence: chance.share(),
        danger: chance.once_in(12).then(|| "fire".to_owned()),
        reasons: Vec::new(),
        others: Vec::new(),
        place: None,
    });
    Register {
        channel: channel.parse().unwrap(),
        first_receiver: chance.once_in(3).then(|| unit(chance.code(GRIDS))),
        place,
        reporter: Reporter { anonymous: chance.once_in(5), contactable: !chance.once_in(6) },
        complained_about: chance.once_in(10).then(|| unit(chance.code(UNITS))),
        received_by_leader: (channel == "reception_day").then(|| "leader2".parse().unwrap()),
        proposal,
        ..desk::call()
    }
}

fn class(chance: &mut Chance) -> jiban_domain::ids::ClassId {
    chance.pick(&["urgent", "fast", "routine"]).parse().unwrap()
}

/// What is sensible now: seconds from now, by whom, what. None when the case is over.
pub(crate) fn sensible(world: &World<'_>, case: &Case, chance: &mut Chance) -> Option<(i64, Actor, Command)> {
    let done = |milestone| case.milestones.contains_key(&milestone);
    let due = |milestone| {
        let mut rules = world.policy.clocks.values().filter(|rule| rule.stop == milestone);
        rules.any(|rule| rule.origins.is_empty() || rule.origins.contains(&case.origin))
    };
    let liaison = &world.policy.dispatch.liaison_office;
    let lead = case.lead.as_ref().unwrap_or(liaison);
    let of = |unit: &UnitId, chance: &mut Chance| someone(world, unit, chance);
    let command: (Actor, Command) = match case.state {
        State::Registered if case.origin == Origin::Inspection && chance.once_in(3) => {
            (of(&case.first_receiver, chance), any(world, case, Act::Settle, chance))
        }
        State::Registered if case.class.is_none() => (of(liaison, chance), any(world, case, Act::Classify, chance)),
        State::Registered if chance.once_in(40) => (of(liaison, chance), any(world, case, Act::Decline, chance)),
        State::Registered => {
            (of(liaison, chance), cmd::Dispatch { lead: None, co_units: BTreeSet::new(), note: String::new() }.into())
        }
        State::Dispatched | State::Handling if case.open_return().is_some() => {
            let id = case.open_return().unwrap().id;
            let command =
                cmd::DecideReturn { id, upheld: chance.percent(70), lead: other(case, chance), note: "裁定".into() };
            (actor("leader1"), command.into())
        }
        State::Dispatched if chance.once_in(12) => (of(lead, chance), give_back(None).into()),
        State::Dispatched => (of(lead, chance), cmd::Accept { handler: None }.into()),
        State::Handling if case.reporter.contactable && due(Milestone::Contacted) && !done(Milestone::Contacted) => {
            let reached = !chance.once_in(4);
            (of(lead, chance), cmd::Contact { reached, note: "联系".into() }.into())
        }
        State::Handling if !done(Milestone::Verified) => (of(lead, chance), verify()),
        State::Handling if case.whistles.iter().any(|w| w.outcome.is_none()) => {
            let act = if chance.percent(60) { Act::ReportIn } else { Act::SettleWhistle };
            let command = any(world, case, act, chance);
            (whoever(world, case, &command, chance), command)
        }
        State::Handling | State::Finished
            if case.extensions.iter().any(|found| found.granted.is_none()) && chance.percent(70) =>
        {
            (of(liaison, chance), any(world, case, Act::DecideExtension, chance))
        }
        State::Handling if chance.once_in(6) => {
            let acts = [Act::RequestExtension, Act::DecideExtension, Act::BlowWhistle, Act::Escalate, Act::RouteTo];
            let command = any(world, case, *chance.pick(&acts), chance);
            (whoever(world, case, &command, chance), command)
        }
        State::Handling if case.route.is_some() && case.forms.is_empty() => (actor("sfs1"), mediation().into()),
        State::Handling if case.marks.contains(&Mark::Stubborn) && case.escalation.is_none() => {
            (of(liaison, chance), any(world, case, Act::Escalate, chance))
        }
        State::Handling if !case.attachments.iter().any(|a| a.kind == AttachmentKind::After) => {
            let id = AttachmentId(chance.uuid());
            let command = cmd::Attach { id, kind: AttachmentKind::After, name: "处置后.jpg".into() };
            (of(lead, chance), command.into())
        }
        State::Handling => (of(lead, chance), finish().into()),
        State::Finished | State::Closed if chance.once_in(12) => {
            (Actor::Reporter, rate(*chance.pick(&[1, 2, 3, 5])).into())
        }
        State::Finished if case.appeals.iter().any(|appeal| appeal.upheld.is_none()) => {
            (of(liaison, chance), any(world, case, Act::DecideAppeal, chance))
        }
        State::Finished if case.standing_bad_rating().is_some() && case.appeals.is_empty() => {
            if chance.once_in(3) {
                (of(liaison, chance), reopen().into())
            } else {
                (of(lead, chance), appeal().into())
            }
        }
        State::Finished if due(Milestone::OpinionFiled) && !done(Milestone::OpinionFiled) => {
            (of(lead, chance), opinion().into())
        }
        State::Finished
            if (due(Milestone::FollowedUp) && !done(Milestone::FollowedUp))
                || case.follow_ups.last().is_some_and(|f| f.satisfied == Some(false)) && chance.percent(50) =>
        {
            let satisfied = if chance.once_in(8) { None } else { Some(!chance.once_in(5)) };
            let answered = case.follow_ups_of_round().next_back().is_some_and(jiban_domain::case::FollowUp::is_own);
            if chance.once_in(6) && !answered {
                (Actor::Reporter, answer(satisfied.unwrap_or(true)).into())
            } else if case.sampled {
                (actor("leader1"), follow_up(satisfied).into())
            } else {
                (of(lead, chance), follow_up(satisfied).into())
            }
        }
        State::Finished if case.excluded.is_none() && chance.once_in(25) => {
            (of(liaison, chance), exclude(Some("malicious")).into())
        }
        State::Finished => (of(lead, chance), close().into()),
        State::Closed | State::Declined | State::Upstream => return None,
    };
    let late = chance.once_in(12);
    let after = match case.state {
        State::Registered if late => chance.range(3_000, 100_000),
        State::Registered => chance.range(30, 1_500),
        State::Dispatched | State::Handling if late => chance.range(1_500, 300_000),
        State::Dispatched => chance.range(20, 300),
        State::Handling => chance.range(20, 900),
        _ if late => chance.range(100_000, 1_000_000),
        _ => chance.range(600, 90_000),
    };
    Some((after, command.0, command.1))
}

fn verify() -> Command {
    cmd::Verify { finding: "属实".into() }.into()
}

fn other(case: &Case, chance: &mut Chance) -> Option<UnitId> {
    let units: Vec<UnitId> = UNITS.iter().map(|code| unit(code)).filter(|u| Some(u) != case.lead.as_ref()).collect();
    Some(chance.pick(&units).clone())
}

/// Somebody who handles the unit's cases.
fn someone(world: &World<'_>, unit: &UnitId, chance: &mut Chance) -> Actor {
    let works = [Role::Liaison, Role::Staff, Role::GridWorker, Role::Community, Role::Discipline, Role::Leader];
    let people: Vec<_> = works.iter().flat_map(|role| world.organisation.with_role(unit, *role)).collect();
    if people.is_empty() { Actor::System } else { Actor::Person(chance.pick(&people).id.clone()) }
}

/// Somebody who may do it, if one of the usual people may; else anybody.
pub(crate) fn whoever(world: &World<'_>, case: &Case, command: &Command, chance: &mut Chance) -> Actor {
    let mut people: Vec<Actor> = PEOPLE.iter().map(|id| actor(id)).collect();
    people.extend([Actor::Reporter, Actor::System, Actor::Upstream]);
    if let Command::ReportIn(report) = command {
        return someone(world, &report.unit, chance);
    }
    if let Some(lead) = &case.lead {
        people.push(someone(world, lead, chance));
    }
    let may: Vec<_> =
        people.iter().filter(|who| permission::may(world.organisation, who, command.act(), case).is_ok()).collect();
    if may.is_empty() || chance.once_in(8) { chance.pick(&people).clone() } else { (*chance.pick(&may)).clone() }
}

/// Any command of this kind, most of it fitting the case, some of it not.
pub(crate) fn any(world: &World<'_>, case: &Case, act: Act, chance: &mut Chance) -> Command {
    let text = |chance: &mut Chance| if chance.once_in(15) { String::new() } else { "说明".to_owned() };
    let stray = |chance: &mut Chance| RequestId(chance.uuid());
    // Few come to an agreement: what follows of it is not left to chance alone.
    let open_term = case.terms().find(|term| term.kept.is_none()).map(|term| term.number);
    if let Some(term) = open_term.filter(|_| chance.once_in(6)) {
        return cmd::EndTerm { term, kept: chance.percent(70), note: text(chance) }.into();
    }
    if case.awaits_recheck() && chance.once_in(3) {
        return cmd::Recheck { fine: chance.percent(70), note: text(chance) }.into();
    }
    let at_the_studio = is_mediation(case) && matches!(case.state, State::Handling | State::Finished);
    let act = if at_the_studio && chance.once_in(4) { Act::SignAgreement } else { act };
    match act {
        Act::Classify => {
            let categories: Vec<_> = world.policy.categories.keys().collect();
            let mut marks = BTreeSet::new();
            marks.extend(chance.once_in(5).then_some(Mark::Complex));
            marks.extend(chance.once_in(8).then_some(Mark::Stubborn));
            let class = if chance.once_in(20) { "nothing".parse().unwrap() } else { class(chance) };
            let hazard = case.origin == Origin::Inspection && chance.once_in(2);
            let category = if hazard { "safety.exits".parse().unwrap() } else { (*chance.pick(&categories)).clone() };
            let category = Some(category);
            cmd::Classify { class, category, marks, note: String::new() }.into()
        }
        Act::Correct => cmd::Correct {
            title: chance.once_in(2).then(|| text(chance)),
            text: None,
            place: chance.once_in(2).then(|| Place { grid: Some(unit(chance.code(GRIDS))), ..Place::default() }),
            complained_about: chance.once_in(4).then(|| unit(chance.code(UNITS))),
        }
        .into(),
        Act::Dispatch => {
            let lead = chance.once_in(2).then(|| unit(chance.code(UNITS)));
            let co_units = if chance.once_in(3) { BTreeSet::from([unit(chance.code(UNITS))]) } else { BTreeSet::new() };
            cmd::Dispatch { lead, co_units, note: String::new() }.into()
        }
        Act::Accept => cmd::Accept { handler: chance.once_in(4).then(|| person(chance)) }.into(),
        Act::Settle => cmd::Settle { outcome: text(chance), category: None }.into(),
        Act::Return => give_back(chance.once_in(2).then(|| chance.code(UNITS))).into(),
        Act::DecideReturn => {
            let id = case.returns.last().map_or_else(|| stray(chance), |found| found.id);
            let lead = other(case, chance);
            cmd::DecideReturn { id, upheld: chance.percent(60), lead, note: text(chance) }.into()
        }
        Act::Contact => cmd::Contact { reached: chance.once_in(3), note: text(chance) }.into(),
        Act::Verify => cmd::Verify { finding: text(chance) }.into(),
        Act::Note => cmd::Note { text: text(chance), public: chance.once_in(2) }.into(),
        Act::Attach => {
            let kind = *chance.pick(&[
                AttachmentKind::Before,
                AttachmentKind::After,
                AttachmentKind::Evidence,
                AttachmentKind::Signature,
            ]);
            cmd::Attach { id: AttachmentId(chance.uuid()), kind, name: "图.jpg".into() }.into()
        }
        Act::AssignTeam => {
            let seats = [
                ("delegate", "leader1"),
                ("cadre", "c01b"),
                ("staff", "zfd1"),
                ("staff", "csb1"),
                ("grid_worker", "c01g01a"),
            ];
            let mut team: BTreeMap<String, BTreeSet<PersonId>> = BTreeMap::new();
            for (seat, who) in seats.into_iter().take(if chance.once_in(5) { 3 } else { 5 }) {
                team.entry(seat.to_owned()).or_default().insert(who.parse().unwrap());
            }
            cmd::AssignTeam { team }.into()
        }
        Act::RequestExtension => {
            let running: Vec<_> = case.clocks.iter().filter(|clock| clock.is_running()).collect();
            let (clock, length) = if running.is_empty() {
                ("finish.9".to_owned(), Length::Minutes(60))
            } else {
                let clock = chance.pick(&running);
                let length = match clock.length {
                    Length::Minutes(_) => Length::Minutes(u32::try_from(chance.range(1, 3_000)).unwrap()),
                    Length::WorkingDays(_) | Length::Until { .. } => {
                        Length::WorkingDays(u32::try_from(chance.range(1, 5)).unwrap())
                    }
                };
                (clock.key.clone(), length)
            };
            cmd::RequestExtension { clock, length, reason: "weather".into() }.into()
        }
        Act::DecideExtension => {
            let id = case.extensions.last().map_or_else(|| stray(chance), |found| found.id);
            cmd::DecideExtension { id, granted: chance.percent(70), note: text(chance) }.into()
        }
        Act::Escalate => {
            let official = chance.pick(&["leader1", "leader2", "zfdhead", "csb1"]).parse().unwrap();
            cmd::Escalate { official, reason: text(chance) }.into()
        }
        Act::OfficialAct => cmd::OfficialAct {
            duties: BTreeMap::from([(u32::try_from(chance.range(0, 6)).unwrap(), text(chance))]),
            questions: BTreeMap::from([(u32::try_from(chance.range(0, 3)).unwrap(), text(chance))]),
        }
        .into(),
        Act::BlowWhistle => {
            let units = (0..chance.range(0, 4)).map(|_| unit(chance.code(UNITS))).collect();
            cmd::BlowWhistle { caller: None, units, matter: text(chance) }.into()
        }
        Act::ReportIn => {
            let open = case.whistles.iter().find(|w| w.outcome.is_none()).or(case.whistles.last());
            let called: Vec<_> = open.map(|w| w.called.keys().cloned().collect()).unwrap_or_default();
            let unit = if called.is_empty() { unit("lh.cgj") } else { chance.pick(&called).clone() };
            let whistle = open.map_or_else(|| stray(chance), |w| w.id);
            cmd::ReportIn { whistle, unit, action: text(chance) }.into()
        }
        Act::SettleWhistle => {
            let open = case.whistles.iter().find(|w| w.outcome.is_none()).or(case.whistles.last());
            let whistle = open.map_or_else(|| stray(chance), |w| w.id);
            cmd::SettleWhistle { whistle, outcome: "solved".into(), note: text(chance) }.into()
        }
        Act::RouteTo => {
            cmd::RouteTo { studio: chance.pick(&["laoyang", "legal_aid", "nowhere"]).parse().unwrap() }.into()
        }
        Act::HoldSession => {
            let outcome = *chance.pick(&[
                SessionOutcome::Adjourned,
                SessionOutcome::Agreed,
                SessionOutcome::Failed,
                SessionOutcome::Advised,
            ]);
            let (held_at, told) = (case.changed_at, text(chance));
            cmd::HoldSession { held_at, present: "双方".into(), told, outcome, next_at: None }.into()
        }
        // Mostly a step towards a signature, where it is still too early for one.
        Act::SignAgreement if !ready_to_sign(case) && chance.percent(80) => {
            match (is_mediation(case), case.unsigned(&"mediation".parse().unwrap())) {
                _ if case.state == State::Dispatched => any(world, case, Act::Accept, chance),
                (false, _) => cmd::RouteTo { studio: "laoyang".parse().unwrap() }.into(),
                (true, None) => mediation().into(),
                (true, Some(_)) => {
                    let (id, kind) = (AttachmentId(chance.uuid()), AttachmentKind::Signature);
                    cmd::Attach { id, kind, name: "签名.png".into() }.into()
                }
            }
        }
        Act::SignAgreement => {
            let day = case.changed_at.to_zoned(world.calendar.zone().clone()).date();
            let due = day.saturating_add(chance.range(0, 20).days());
            let drawn = case.attachments.iter().rfind(|shown| shown.kind == AttachmentKind::Signature);
            let shown = drawn.map_or_else(|| AttachmentId(chance.uuid()), |shown| shown.id);
            signed(&[("修好", &due.to_string())], &[("楼上住户", shown), ("楼下住户", shown)]).into()
        }
        Act::EndTerm if case.terms().count() == 0 && chance.percent(80) => any(world, case, Act::SignAgreement, chance),
        Act::EndTerm => {
            cmd::EndTerm { term: open_term.unwrap_or(9), kept: chance.percent(70), note: text(chance) }.into()
        }
        Act::Finish => finish().into(),
        Act::Recheck => cmd::Recheck { fine: chance.percent(70), note: text(chance) }.into(),
        Act::FileOpinion => opinion().into(),
        Act::FollowUp => follow_up(*chance.pick(&[None, Some(true), Some(false)])).into(),
        Act::Answer => answer(chance.once_in(2)).into(),
        Act::FileForm => {
            let form = chance.pick(&["mediation", "mediation", "opinion", "nothing"]).parse().unwrap();
            cmd::FileForm { form, ..mediation() }.into()
        }
        Act::Exclude => {
            let reason = *chance.pick(&[Some("malicious"), Some("unlawful"), None, Some("nothing")]);
            cmd::Exclude { note: text(chance), ..exclude(reason) }.into()
        }
        Act::Rate => rate(u8::try_from(chance.range(0, 7)).unwrap()).into(),
        Act::Dispute => cmd::Dispute { reason: text(chance) }.into(),
        Act::Appeal => appeal().into(),
        Act::DecideAppeal => {
            let id = case.appeals.last().map_or_else(|| stray(chance), |found| found.id);
            let upheld = chance.percent(60);
            cmd::DecideAppeal { id, upheld, grade: upheld.then_some(4), note: text(chance) }.into()
        }
        Act::Reopen => reopen().into(),
        Act::MarkRepeat => cmd::MarkRepeat { of: linked(case, chance) }.into(),
        Act::Link => cmd::Link { to: linked(case, chance) }.into(),
        Act::HandUpstream => cmd::HandUpstream { upstream_number: None, reason: text(chance) }.into(),
        Act::Decline => cmd::Decline { reason: "unlawful".into(), explanation: text(chance) }.into(),
        Act::RevealIdentity => cmd::RevealIdentity { reason: text(chance) }.into(),
        Act::Close => close().into(),
        Act::Tick => cmd::Tick {}.into(),
        Act::Recalendar => cmd::Recalendar {}.into(),
    }
}

fn is_mediation(case: &Case) -> bool {
    case.route.as_ref().is_some_and(|route| route.route == Route::Mediation)
}

/// Whether there is something to sign, and something to sign with.
fn ready_to_sign(case: &Case) -> bool {
    is_mediation(case)
        && case.unsigned(&"mediation".parse().unwrap()).is_some()
        && case.attachments.iter().any(|shown| shown.kind == AttachmentKind::Signature)
}

fn person(chance: &mut Chance) -> PersonId {
    chance.code(PEOPLE).parse().unwrap()
}

fn linked(case: &Case, chance: &mut Chance) -> CaseId {
    if chance.once_in(5) { case.id } else { CaseId(chance.uuid()) }
}
