//! One case's life, made up: which command comes next, by whom and when, from the case as it stands and a seed.
//!
//! Every step is a real command through the domain, and time runs as it would: clocks are swept at the moments when
//! they are due. The demo's history, the benches' stock and the simulation all live by this.

use std::collections::{BTreeMap, BTreeSet};

use jiban_domain::{
    case::{AttachmentKind, Case, Origin, SessionOutcome, Signature, State},
    clock::Clock,
    command::{self as cmd, Command},
    decide::{self, Decision, Moment, World},
    event::Actor,
    ids::{AttachmentId, CategoryId, PersonId, RequestId, StudioId, UnitId},
    organisation::Role,
    policy::{Length, Milestone, Name, Route},
    refusal::Refusal,
};
use jiff::{Timestamp, ToSpan};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

/// Most steps of one life: a bound, never reached by a life that makes sense.
const STEPS_MAX: usize = 200;

/// A life that goes on until `until`.
#[derive(Debug)]
pub struct Life<'a> {
    world: World<'a>,
    rng: StdRng,
    /// Share of acts that come late, 0–1.
    pub late: f64,
    turns: Turns,
    /// What the matter is, as a person judges it.
    category: Option<CategoryId>,
}

/// The turns this life takes, drawn once.
#[derive(Debug)]
struct Turns {
    returned: bool,
    extended: bool,
    whistled: bool,
    escalated: bool,
    routed: bool,
    teamed: bool,
    reopened: bool,
    grade: Option<u8>,
    declined: bool,
    unreachable: bool,
    satisfied: bool,
    /// What they say when asked a second time.
    satisfied_at_last: bool,
    answers_unasked: bool,
    in_vain: u32,
    appeal_upheld: bool,
    excluded: Option<&'static str>,
    /// What a round found is settled on the spot.
    settled: bool,
}

struct Step {
    after_s: i64,
    by: Actor,
    command: Command,
}

impl<'a> Life<'a> {
    /// A life by seed, of a matter that people would give this category.
    pub fn new(world: World<'a>, seed: u64, category: Option<CategoryId>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut chance = |share: f64| rng.random_bool(share);
        let mut turns = Turns {
            returned: chance(0.06),
            extended: chance(0.05),
            whistled: chance(0.03),
            escalated: chance(0.03),
            routed: chance(0.45),
            teamed: chance(0.03),
            reopened: chance(0.02),
            declined: chance(0.015),
            unreachable: chance(0.03),
            grade: None,
            satisfied: true,
            satisfied_at_last: true,
            answers_unasked: false,
            in_vain: 0,
            appeal_upheld: true,
            excluded: None,
            // Drawn apart, so that no other life is another for it.
            settled: StdRng::seed_from_u64(seed ^ 0x5e77).random_bool(0.5),
        };
        if rng.random_bool(0.65) {
            turns.grade = [5, 5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 1, 2].choose(&mut rng).copied();
        }
        turns.satisfied = turns.grade.map_or_else(|| rng.random_bool(0.95), |grade| grade >= 3);
        turns.answers_unasked = rng.random_bool(0.12);
        if rng.random_bool(0.1) {
            turns.in_vain = rng.random_range(1..=3);
        }
        turns.appeal_upheld = rng.random_bool(0.6);
        if rng.random_bool(0.012) {
            turns.excluded = ["unlawful", "unreasonable", "withdrawn", "malicious"].choose(&mut rng).copied();
        }
        turns.satisfied_at_last = rng.random_bool(0.6);
        Self { world, rng, late: 0.03, turns, category }
    }

    /// Lives on from `first` until the end of the case or `until`, whichever is sooner.
    ///
    /// # Errors
    /// A [`Refusal`] that this life ran into: a mistake of the life, told for whoever wrote it.
    pub fn run(&mut self, first: Decision, until: Timestamp) -> Result<Decision, Refusal> {
        let mut so_far = first;
        for _ in 0..STEPS_MAX {
            let Some(step) = self.next(&so_far.case) else { break };
            let at = after(so_far.case.changed_at, step.after_s);
            if at > until {
                break;
            }
            self.sweep(&mut so_far, at)?;
            match self.act(&mut so_far, &step.command, step.by, at) {
                // The clock ran out while they were at it: nothing to extend any more.
                Err(Refusal::TooLate { .. }) => {}
                outcome => outcome?,
            }
        }
        self.sweep(&mut so_far, until)?;
        Ok(so_far)
    }

    /// Lets time do what is due before `at`, each thing at its own moment.
    fn sweep(&mut self, so_far: &mut Decision, at: Timestamp) -> Result<(), Refusal> {
        for _ in 0..STEPS_MAX {
            let rules = &self.world.policy.clocks;
            let next = so_far.case.clocks.iter().filter_map(|clock| clock.next_at(rules.get(&clock.rule)?)).min();
            match next {
                Some(next) if next <= at => {
                    let due = next.max(so_far.case.changed_at);
                    self.act(so_far, &Command::Tick(cmd::Tick {}), Actor::System, due)?;
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn act(&mut self, so_far: &mut Decision, command: &Command, by: Actor, at: Timestamp) -> Result<(), Refusal> {
        let moment = Moment { by, now: at, fresh: RequestId(self.uuid(at)) };
        let decision = decide::decide(&self.world, &so_far.case, command, &moment)?;
        so_far.case = decision.case;
        so_far.events.extend(decision.events);
        Ok(())
    }

    /// A UUIDv7 of that moment, from the seed.
    pub fn uuid(&mut self, at: Timestamp) -> Uuid {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.rng.random()).into_uuid()
    }

    fn next(&mut self, case: &Case) -> Option<Step> {
        match case.state {
            State::Registered => Some(self.at_the_liaison_office(case)),
            State::Dispatched => self.before_acceptance(case),
            State::Handling => self.at_work(case),
            State::Finished => self.after_finish(case),
            State::Closed | State::Declined | State::Upstream => None,
        }
    }

    fn step(&self, after_s: i64, by: Actor, command: impl Into<Command>) -> Step {
        Step { after_s, by, command: command.into() }
    }

    fn minutes(&mut self, from: i64, to: i64) -> i64 {
        self.rng.random_range(from * 60..to * 60)
    }

    fn is_late(&mut self) -> bool {
        let share = self.late;
        self.rng.random_bool(share)
    }

    fn at_the_liaison_office(&mut self, case: &Case) -> Step {
        if self.turns.settled && case.origin == Origin::Inspection {
            return self.on_the_spot(case);
        }
        let liaison = self.someone(&self.world.policy.dispatch.liaison_office.clone());
        if case.class.is_none() {
            let usual = self.category.iter().flat_map(|id| self.world.policy.lineage(id));
            let usual = usual.filter_map(|id| self.world.policy.categories.get(id)?.class.clone()).next();
            let proposed = case.proposal.as_ref().and_then(|proposal| proposal.class.clone());
            if let Some(class) = usual.or(proposed) {
                let (after, category) = (self.minutes(1, 12), self.category.clone());
                let command = cmd::Classify { class, category, marks: Default::default(), note: String::new() };
                return self.step(after, liaison, command);
            }
        }
        if self.turns.declined {
            let after = self.minutes(5, 25);
            let explanation = "经核，该事项已由法院受理，请按法律程序办理。".to_owned();
            return self.step(after, liaison, cmd::Decline { reason: "in_court".to_owned(), explanation });
        }
        let after = if self.is_late() { self.minutes(65, 110) } else { self.minutes(2, 20) };
        self.step(after, liaison, cmd::Dispatch { lead: None, co_units: Default::default(), note: String::new() })
    }

    /// What the finder puts right at once 当场处置, with a photo where one is due.
    fn on_the_spot(&mut self, case: &Case) -> Step {
        let finder = self.someone(&case.first_receiver.clone());
        let category = self.category.as_ref().and_then(|id| self.world.policy.categories.get(id));
        let photo = case.attachments.iter().any(|attachment| attachment.kind == AttachmentKind::After);
        let after = self.minutes(1, 9);
        if category.is_some_and(|category| category.photo_due) && !photo {
            let id = AttachmentId(self.uuid(case.changed_at));
            let command = cmd::Attach { id, kind: AttachmentKind::After, name: "处置后.png".to_owned() };
            return self.step(after, finder, command);
        }
        let outcome = "已现场清理到位，并提醒责任人。".to_owned();
        self.step(after, finder, cmd::Settle { outcome, category: self.category.clone() })
    }

    fn before_acceptance(&mut self, case: &Case) -> Option<Step> {
        let lead = case.lead.clone()?;
        if let Some(returned) = case.open_return() {
            let by = if returned.leader_decides {
                self.leader()
            } else {
                self.someone(&self.world.policy.dispatch.liaison_office.clone())
            };
            let after = self.minutes(3, 20);
            let note = "同意改派。".to_owned();
            return Some(self.step(after, by, cmd::DecideReturn { id: returned.id, upheld: true, lead: None, note }));
        }
        let by = self.someone(&lead);
        if self.turns.returned && case.returns.is_empty() && lead != self.world.policy.dispatch.liaison_office {
            let after = self.minutes(2, 8);
            let suggested = self.another(&lead);
            let explained = "已向诉求人说明该事项不属本单位职责，并告知将转有关部门。".to_owned();
            let command = cmd::Return { reason: "not_our_duty".to_owned(), explained, suggested };
            return Some(self.step(after, by, command));
        }
        let after = self.minutes(1, 4);
        Some(self.step(after, by, cmd::Accept { handler: None }))
    }

    fn at_work(&mut self, case: &Case) -> Option<Step> {
        let lead = case.lead.clone()?;
        let by = match &case.handler {
            Some(person) => Actor::Person(person.clone()),
            None => self.someone(&lead),
        };
        let done = |milestone| case.milestones.contains_key(&milestone);
        if case.reporter.contactable && !done(Milestone::Contacted) {
            let late = self.is_late();
            let after = if self.turns.unreachable {
                self.minutes(2, 3) + 30
            } else if late {
                self.minutes(12, 30)
            } else {
                self.minutes(1, 5)
            };
            let reached = !self.turns.unreachable;
            let note = if reached { "已电话联系诉求人，了解情况。" } else { "无人接听。" };
            return Some(self.step(after, by, cmd::Contact { reached, note: note.to_owned() }));
        }
        if !done(Milestone::Verified) {
            let after = if self.is_late() { self.minutes(25, 60) } else { self.minutes(4, 15) };
            return Some(self.step(after, by, cmd::Verify { finding: "现场核查，情况属实。".to_owned() }));
        }
        if let Some(step) = self.side_turn(case, &by) {
            return Some(step);
        }
        self.finish(case, by)
    }

    fn side_turn(&mut self, case: &Case, by: &Actor) -> Option<Step> {
        if let Some(whistle) = case.whistles.iter().find(|whistle| whistle.outcome.is_none()) {
            let waiting = whistle.called.iter().find(|(_, report)| report.is_none());
            if let Some((unit, _)) = waiting {
                let by = self.someone(unit);
                let after = self.minutes(5, 25);
                let action = "已到场，配合处置。".to_owned();
                return Some(self.step(after, by, cmd::ReportIn { whistle: whistle.id, unit: unit.clone(), action }));
            }
            let liaison = self.someone(&self.world.policy.dispatch.liaison_office.clone());
            let after = self.minutes(10, 60);
            let note = "三方到场，问题当场解决。".to_owned();
            return Some(self.step(
                after,
                liaison,
                cmd::SettleWhistle { whistle: whistle.id, outcome: "solved".to_owned(), note },
            ));
        }
        if let Some(extension) = case.extensions.iter().find(|extension| extension.granted.is_none()) {
            let liaison = self.someone(&self.world.policy.dispatch.liaison_office.clone());
            let after = self.minutes(5, 40);
            let note = "理由充分，同意。".to_owned();
            return Some(self.step(after, liaison, cmd::DecideExtension { id: extension.id, granted: true, note }));
        }
        if std::mem::take(&mut self.turns.whistled) {
            let community =
                case.place.grid.as_ref().and_then(|grid| self.world.organisation.community_of(grid)).cloned();
            if let Some(community) = community {
                let by = self.holder(&community, Role::Community);
                let units = ["lh.dm.zfd", "lh.cgj", "lh.scj"].iter().filter_map(|u| UnitId::new(*u).ok()).collect();
                let after = self.minutes(5, 20);
                let matter = "现场情况复杂，请有关部门到场联合处置。".to_owned();
                return Some(self.step(after, by, cmd::BlowWhistle { caller: Some(community), units, matter }));
            }
        }
        if std::mem::take(&mut self.turns.escalated) {
            let (by, official) = (self.someone(&self.world.policy.dispatch.liaison_office.clone()), self.leader_id()?);
            let after = self.minutes(5, 30);
            let reason = "多次反映，涉及多个部门。".to_owned();
            return Some(self.step(after, by, cmd::Escalate { official, reason }));
        }
        if std::mem::take(&mut self.turns.teamed)
            && let Some(team) = self.team(case)
        {
            let after = self.minutes(5, 30);
            return Some(self.step(after, by.clone(), cmd::AssignTeam { team }));
        }
        let dispute = case.category.as_ref().is_some_and(|id| id.as_str().starts_with("dispute"));
        if dispute && std::mem::take(&mut self.turns.routed) {
            let studio = StudioId::new("laoyang").ok()?;
            let after = self.minutes(10, 40);
            return Some(self.step(after, by.clone(), cmd::RouteTo { studio }));
        }
        if let Some(step) = self.mediation(case) {
            return Some(step);
        }
        if std::mem::take(&mut self.turns.extended) {
            let clock = case.clocks.iter().find(|clock| clock.is_running() && clock.rule.as_str() == "finish")?;
            let command = cmd::RequestExtension {
                clock: clock.key.clone(),
                length: Length::Minutes(24 * 60),
                reason: "waiting_material".to_owned(),
            };
            let after = self.minutes(5, 20);
            return Some(self.step(after, by.clone(), command));
        }
        None
    }

    fn finish(&mut self, case: &Case, by: Actor) -> Option<Step> {
        let category = case.category.as_ref().and_then(|id| self.world.policy.categories.get(id));
        let photo = case.attachments.iter().any(|attachment| attachment.kind == AttachmentKind::After);
        let share = if self.is_late() { 1.05 } else { self.rng.random_range(0.05..0.85) };
        // Terms of an agreement run on long after the work.
        let of_the_work = |clock: &&Clock| clock.is_running() && !matches!(clock.length, Length::Until { .. });
        let due = case.clocks.iter().filter(of_the_work).map(|clock| clock.due_at).max();
        let left = due.map_or(3_600, |due| due.as_second() - case.changed_at.as_second()).max(120);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "seconds of a few days")]
        let after = (left as f64 * share) as i64;
        if category.is_some_and(|category| category.photo_due) && !photo {
            let id = AttachmentId(self.uuid(case.changed_at));
            let command = cmd::Attach { id, kind: AttachmentKind::After, name: "处置后.png".to_owned() };
            return Some(self.step(after, by, command));
        }
        let after = if photo { self.minutes(1, 5) } else { after };
        let outcome = "已现场处置完毕，并向诉求人反馈；网格员将加强巡查。".to_owned();
        Some(self.step(after, by, cmd::Finish { outcome }))
    }

    fn after_finish(&mut self, case: &Case) -> Option<Step> {
        let by = match &case.handler {
            Some(person) => Actor::Person(person.clone()),
            None => self.someone(&case.lead.clone()?),
        };
        if let Some(appeal) = case.appeals.iter().find(|appeal| appeal.upheld.is_none()) {
            let liaison = self.someone(&self.world.policy.dispatch.liaison_office.clone());
            let after = self.minutes(60, 600);
            let upheld = self.turns.appeal_upheld;
            let note = if upheld {
                "证据充分，支持申诉。"
            } else {
                "证据不足以说明已办到位，不予支持。"
            }
            .to_owned();
            let grade = upheld.then_some(4);
            return Some(self.step(after, liaison, cmd::DecideAppeal { id: appeal.id, upheld, grade, note }));
        }
        let graded = case.origin == jiban_domain::case::Origin::Request && case.ratings.is_empty();
        if let Some(grade) = self.turns.grade.filter(|_| graded) {
            let after = self.minutes(30, 900);
            let comment = if grade > 3 { "处置规范有效果，继续保持。" } else { "" };
            return Some(self.step(after, Actor::Reporter, cmd::Rate { grade, comment: comment.to_owned() }));
        }
        if case.standing_bad_rating().is_some() && case.appeals.is_empty() {
            if std::mem::take(&mut self.turns.reopened) {
                let liaison = self.someone(&self.world.policy.dispatch.liaison_office.clone());
                let after = self.minutes(30, 300);
                return Some(self.step(after, liaison, cmd::Reopen { reason: "差评属实，重新办理。".to_owned() }));
            }
            let after = self.minutes(60, 900);
            let reason = "已按规定处置，诉求人对政策有误解，现场照片为证。".to_owned();
            return Some(self.step(after, by, cmd::Appeal { reason, evidence: Vec::new() }));
        }
        let request = case.origin == jiban_domain::case::Origin::Request;
        if request && !case.milestones.contains_key(&Milestone::OpinionFiled) {
            let after = self.minutes(60, 1_500);
            return Some(self.step(after, by, cmd::FileOpinion { values: opinion() }));
        }
        if request && case.awaits_follow_up() {
            return Some(self.follow_up(case, by));
        }
        if let Some(reason) = self.out_of_assessment(case) {
            let liaison = self.someone(&self.world.policy.dispatch.liaison_office.clone());
            let after = self.minutes(30, 600);
            let note = "经信联办核实，符合剔除考核情形。".to_owned();
            return Some(self.step(after, liaison, cmd::Exclude { reason: Some(reason.to_owned()), note }));
        }
        let after = self.minutes(30, 1_200);
        if case.awaits_recheck() {
            let grid = case.place.grid.clone().or_else(|| case.lead.clone())?;
            let (after, by) = (self.minutes(60, 2_000), self.someone(&grid));
            let note = "现场复查，隐患已消除。".to_owned();
            return Some(self.step(after, by, cmd::Recheck { fine: true, note }));
        }
        if let Some(term) = case.terms().find(|term| term.kept.is_none()) {
            let due = self.world.calendar.end_of(term.due);
            let after = (due.as_second() - case.changed_at.as_second()).max(3_600) - self.minutes(10, 50) * 60;
            let note = "回访双方，均确认已履行。".to_owned();
            return Some(self.step(after.max(60), by, cmd::EndTerm { term: term.number, kept: true, note }));
        }
        Some(self.step(after, by, cmd::Close { note: "已回访，结案。".to_owned() }))
    }

    /// The reporter answers unasked, or is called: in vain at first, now and then; by a third person where drawn.
    fn follow_up(&mut self, case: &Case, handler: Actor) -> Step {
        let first = case.follow_ups_of_round().next().is_none();
        let satisfied = if first { self.turns.satisfied } else { self.turns.satisfied_at_last };
        let solved = satisfied || self.rng.random_bool(0.4);
        let after = self.minutes(250, 1_500);
        let (unsolved_because, unsatisfied_because) = {
            let rules = &self.world.policy.follow_up;
            (self.unless(solved, &rules.unsolved_reasons), self.unless(satisfied, &rules.unsatisfied_reasons))
        };
        if first && std::mem::take(&mut self.turns.answers_unasked) {
            let comment =
                if satisfied { "谢谢，问题解决了。" } else { "等了好几天，只处理了一部分。" };
            let answer = cmd::Answer {
                responded: true,
                solved,
                satisfied,
                unsolved_because,
                unsatisfied_because,
                comment: comment.to_owned(),
            };
            return self.step(after, Actor::Reporter, answer);
        }
        let by = if case.sampled { self.third_person(case) } else { handler };
        let reached = self.turns.in_vain == 0;
        self.turns.in_vain = self.turns.in_vain.saturating_sub(1);
        let answer = |answer: bool| reached.then_some(answer);
        let because = |reasons| if reached { reasons } else { BTreeSet::new() };
        let mut values = BTreeMap::from([("method".to_owned(), "phone".to_owned())]);
        if reached && !satisfied {
            values.insert("unsatisfied_why".to_owned(), "希望进度能早点告知。".to_owned());
            values.insert("next_step".to_owned(), "由经办人上门说明，再次回访。".to_owned());
        }
        let command = cmd::FollowUp {
            values,
            reached,
            responded: answer(true),
            solved: answer(solved),
            satisfied: answer(satisfied),
            unsolved_because: because(unsolved_because),
            unsatisfied_because: because(unsatisfied_because),
        };
        self.step(after, by, command)
    }

    /// One of the reasons, unless the answer is yes.
    fn unless(&mut self, yes: bool, reasons: &BTreeMap<String, Name>) -> BTreeSet<String> {
        let reasons: Vec<&String> = reasons.keys().collect();
        reasons.choose(&mut self.rng).filter(|_| !yes).map(|reason| (*reason).clone()).into_iter().collect()
    }

    /// Somebody who neither leads nor handled the case: of the liaison office, or a leader where that office led.
    fn third_person(&mut self, case: &Case) -> Actor {
        let office = self.world.policy.dispatch.liaison_office.clone();
        if case.lead.as_ref() == Some(&office) { self.leader() } else { self.someone(&office) }
    }

    /// Why this case is to be left out of assessment, if it is and has not been yet.
    fn out_of_assessment(&mut self, case: &Case) -> Option<&'static str> {
        let reason = self.turns.excluded.take()?;
        let known = self.world.policy.assessment.exclude_reasons.contains_key(reason);
        (known && case.excluded.is_none()).then_some(reason)
    }

    /// Mediation by somebody of where it takes place: a session, the form of what was agreed, signatures, the agreement.
    fn mediation(&mut self, case: &Case) -> Option<Step> {
        let routed = case.route.as_ref().filter(|routed| routed.route == Route::Mediation)?;
        let form = self.world.policy.agreement.clone()?;
        if !case.agreements.is_empty() {
            return None;
        }
        let by = self.someone(routed.unit.as_ref()?);
        if case.sessions.is_empty() {
            let session = cmd::HoldSession {
                held_at: case.changed_at,
                present: "楼上住户、楼下住户、网格员".to_owned(),
                told: "双方陈述经过，楼上住户同意限时修复、夜间不再施工。".to_owned(),
                outcome: SessionOutcome::Agreed,
                next_at: None,
            };
            let after = self.minutes(60, 240);
            return Some(self.step(after, by, session));
        }
        if case.unsigned(&form).is_some() {
            return Some(self.signing(case, by));
        }
        let day = case.changed_at.to_zoned(self.world.calendar.zone().clone()).date();
        let due = day.saturating_add(30.days());
        let values = [
            ("parties", "楼上住户（被申请人）与楼下住户（申请人）".to_owned()),
            ("facts", "因夜间噪声和装修渗水发生纠纷，双方多次协商未果。".to_owned()),
            ("terms", "一、晚十点后不再施工；二、楼上住户十日内修复渗水处，三十日内赔偿天花板修补费；三、双方互不追究其他责任。".to_owned()),
            ("performance", "当面履行，由网格员见证。".to_owned()),
            ("perform_by", due.to_string()),
            ("mediator", "老杨".to_owned()),
            ("studio", routed.studio.to_string()),
        ];
        let values = values.map(|(field, value)| (field.to_owned(), value)).into();
        let after = self.minutes(10, 40);
        Some(self.step(after, by, cmd::FileForm { form, values }))
    }

    /// Both sign, one after the other, then the agreement stands.
    fn signing(&mut self, case: &Case, by: Actor) -> Step {
        let parties = ["楼上住户", "楼下住户"];
        let drawn: Vec<AttachmentId> = case
            .attachments
            .iter()
            .filter(|attachment| attachment.kind == AttachmentKind::Signature)
            .map(|attachment| attachment.id)
            .collect();
        let after = self.minutes(1, 4);
        if let Some(party) = parties.get(drawn.len()) {
            let id = AttachmentId(self.uuid(case.changed_at));
            let name = format!("{party}.png");
            return self.step(after, by, cmd::Attach { id, kind: AttachmentKind::Signature, name });
        }
        let day = case.changed_at.to_zoned(self.world.calendar.zone().clone()).date();
        let term = |text: &str, days: i64| cmd::NewTerm {
            party: parties[0].to_owned(),
            text: text.to_owned(),
            due: day.saturating_add(days.days()),
        };
        let sign = |(party, attachment): (&&str, AttachmentId)| Signature { party: (*party).to_owned(), attachment };
        let agreement = cmd::SignAgreement {
            terms: vec![term("修复渗水处", 10), term("赔偿天花板修补费", 30)],
            signatures: parties.iter().zip(drawn).map(sign).collect(),
        };
        self.step(after, by, agreement)
    }

    fn team(&mut self, case: &Case) -> Option<BTreeMap<String, BTreeSet<PersonId>>> {
        let mut team = BTreeMap::new();
        let mut seated = BTreeSet::new();
        let near = case.place.grid.as_ref();
        for seat in &self.world.policy.team {
            let fits = |person: &&jiban_domain::organisation::Person| {
                person.active
                    && !seated.contains(&person.id)
                    && (seat.titles.is_empty() || seat.titles.iter().any(|title| person.titles.contains(title)))
            };
            let mut people: Vec<_> = self.world.organisation.people().filter(fits).collect();
            people.sort_by_key(|person| !person.posts.iter().any(|post| Some(&post.unit) == near));
            let chosen: BTreeSet<PersonId> =
                people.into_iter().take(seat.min as usize).map(|person| person.id.clone()).collect();
            if chosen.len() < seat.min as usize {
                return None;
            }
            seated.extend(chosen.iter().cloned());
            if !chosen.is_empty() {
                team.insert(seat.id.clone(), chosen);
            }
        }
        Some(team)
    }

    /// Somebody who handles cases for the unit.
    fn someone(&mut self, unit: &UnitId) -> Actor {
        let works = [Role::Liaison, Role::Staff, Role::GridWorker, Role::Community, Role::Discipline, Role::Duty];
        let people: Vec<PersonId> = works
            .iter()
            .flat_map(|role| self.world.organisation.with_role(unit, *role))
            .map(|p| p.id.clone())
            .collect();
        people.choose(&mut self.rng).cloned().map_or(Actor::System, Actor::Person)
    }

    fn holder(&mut self, unit: &UnitId, role: Role) -> Actor {
        let people: Vec<PersonId> =
            self.world.organisation.with_role(unit, role).iter().map(|person| person.id.clone()).collect();
        people.choose(&mut self.rng).cloned().map_or(Actor::System, Actor::Person)
    }

    fn leader_id(&mut self) -> Option<PersonId> {
        let office = &self.world.policy.dispatch.liaison_office;
        let over = self.world.organisation.unit(office)?.parent.clone()?;
        let people: Vec<PersonId> =
            self.world.organisation.leaders_over(&over).iter().map(|person| person.id.clone()).collect();
        people.choose(&mut self.rng).cloned()
    }

    fn leader(&mut self) -> Actor {
        self.leader_id().map_or(Actor::System, Actor::Person)
    }

    /// Another office that could be right.
    fn another(&mut self, unit: &UnitId) -> Option<UnitId> {
        let units: Vec<UnitId> = self
            .world
            .policy
            .responsibilities
            .iter()
            .filter_map(|rule| match &rule.lead {
                jiban_domain::policy::Assignee::Unit(other) if other != unit => Some(other.clone()),
                _ => None,
            })
            .filter(|other| self.world.organisation.unit(other).is_some())
            .collect();
        units.choose(&mut self.rng).cloned()
    }
}

fn opinion() -> BTreeMap<String, String> {
    [
        ("facts", "经现场核查，诉求人反映情况属实。"),
        ("measures", "已安排人员到场处置，并对相关责任人进行劝导教育。"),
        ("result", "solved"),
        ("reply", "已将处理情况向诉求人反馈。"),
    ]
    .map(|(field, value)| (field.to_owned(), value.to_owned()))
    .into()
}

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(seconds.seconds()).unwrap_or(Timestamp::MAX)
}
