//! Each act on a case until it is finished, one function a command: what it asks for, what it leads to. Those after are
//! in `after`.
//!
//! Whether the actor may act was settled before ([`crate::permission::may`]). An act checks the state, the codes and
//! the bounds of the policy, then pushes its events; what these do to the clocks is `clocks`' business.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan};

use crate::{
    case::{Attachment, AttachmentKind, Case, Extension, Mark, Origin, Return, State, Whistle},
    clock::{Clock, RecomputeReason},
    command::{self as cmd, ATTACHMENTS_MAX, Command, NOTE_MAX_CHARS, TEXT_MAX_CHARS, TITLE_MAX_CHARS},
    dispatch,
    event::{Actor, Event},
    grid_team,
    ids::{PersonId, RequestId, UnitId},
    organisation::Role,
    permission,
    policy::{Length, Milestone},
    refusal::Refusal,
};

use super::{Draft, clocks::asks_of, known_class, known_leader, known_unit, locate, note, optional, required};

pub(super) type Outcome = Result<(), Refusal>;

const WAITING: &[State] = &[State::Registered, State::Dispatched, State::Handling];
const WITH_UNIT: &[State] = &[State::Dispatched, State::Handling];
const OPEN: &[State] = &[State::Registered, State::Dispatched, State::Handling, State::Finished];
const AT_WORK_OR_DONE: &[State] = &[State::Handling, State::Finished];
/// Why it went to the unit that found it, and how it closed.
const SETTLED_ON_THE_SPOT: &str = "当场处置";
const DONE: &[State] = &[State::Finished, State::Closed];

impl Draft<'_> {
    pub(super) fn act(&mut self, command: &Command) -> Outcome {
        let states = |states| self.in_state(command, states);
        match command {
            Command::Classify(c) => states(OPEN).and_then(|()| self.classify(c)),
            Command::Correct(c) => states(OPEN).and_then(|()| self.correct(c)),
            Command::Dispatch(c) => states(WAITING).and_then(|()| self.dispatch(c)),
            Command::Accept(c) => states(WITH_UNIT).and_then(|()| self.accept(c)),
            Command::Settle(c) => states(&[State::Registered]).and_then(|()| self.settle(c)),
            Command::Return(c) => states(WITH_UNIT).and_then(|()| self.give_back(c)),
            Command::DecideReturn(c) => states(WITH_UNIT).and_then(|()| self.decide_return(c)),
            Command::Contact(c) => states(WAITING).and_then(|()| self.contact(c)),
            Command::Verify(c) => states(WITH_UNIT).and_then(|()| self.verify(c)),
            Command::Note(c) => self.note(c),
            Command::Attach(c) => self.attach(c),
            Command::AssignTeam(c) => states(WAITING).and_then(|()| self.assign_team(c)),
            Command::RequestExtension(c) => states(OPEN).and_then(|()| self.request_extension(c)),
            Command::DecideExtension(c) => states(OPEN).and_then(|()| self.decide_extension(c)),
            Command::Escalate(c) => states(OPEN).and_then(|()| self.escalate(c)),
            Command::OfficialAct(c) => states(OPEN).and_then(|()| self.official_act(c)),
            Command::BlowWhistle(c) => states(WITH_UNIT).and_then(|()| self.blow_whistle(c)),
            Command::ReportIn(c) => states(OPEN).and_then(|()| self.report_in(c)),
            Command::SettleWhistle(c) => states(OPEN).and_then(|()| self.settle_whistle(c)),
            Command::RouteTo(c) => states(WITH_UNIT).and_then(|()| self.route(c)),
            Command::HoldSession(c) => states(AT_WORK_OR_DONE).and_then(|()| self.hold_session(c)),
            Command::SignAgreement(c) => states(AT_WORK_OR_DONE).and_then(|()| self.sign_agreement(c)),
            Command::EndTerm(c) => states(OPEN).and_then(|()| self.end_term(c)),
            Command::Finish(c) => states(&[State::Handling]).and_then(|()| self.finish_case(c)),
            Command::Recheck(c) => states(&[State::Finished]).and_then(|()| self.recheck(c)),
            Command::FileOpinion(c) => states(&[State::Finished]).and_then(|()| self.file_opinion(c)),
            Command::FollowUp(c) => states(&[State::Finished]).and_then(|()| self.follow_up(c)),
            Command::Answer(c) => states(DONE).and_then(|()| self.answer(c)),
            Command::FileForm(c) => states(AT_WORK_OR_DONE).and_then(|()| self.file_form(c)),
            Command::Rate(c) => states(DONE).and_then(|()| self.rate(c)),
            Command::Dispute(c) => states(DONE).and_then(|()| self.dispute(c)),
            Command::Appeal(c) => states(DONE).and_then(|()| self.appeal(c)),
            Command::DecideAppeal(c) => states(DONE).and_then(|()| self.decide_appeal(c)),
            Command::Reopen(c) => states(DONE).and_then(|()| self.reopen(c)),
            Command::MarkRepeat(c) => self.mark_repeat(c),
            Command::Link(c) => self.link(c),
            Command::HandUpstream(c) => states(WAITING).and_then(|()| self.hand_upstream(c)),
            Command::Decline(c) => states(WAITING).and_then(|()| self.decline(c)),
            Command::Exclude(c) => self.exclude(c),
            Command::RevealIdentity(c) => self.reveal_identity(c),
            Command::Close(c) => states(&[State::Finished]).and_then(|()| self.close(c)),
            Command::Tick(_) => Ok(()), // fired before every act
            Command::Recalendar(_) => {
                self.recompute(RecomputeReason::Calendar);
                Ok(())
            }
        }
    }

    fn classify(&mut self, c: &cmd::Classify) -> Outcome {
        known_class(self.world, &c.class)?;
        if let Some(category) = c.category.as_ref().filter(|id| !self.world.policy.categories.contains_key(*id)) {
            return Err(Refusal::unknown("category", category));
        }
        let unchanged = self.case.class.as_ref() == Some(&c.class)
            && self.case.category == c.category
            && self.case.marks == c.marks;
        if unchanged {
            return Err(Refusal::Already { what: "classified like this", what_zh: "如此分类" });
        }
        let proposal = self.case.proposal.as_ref();
        let corrects_proposal =
            proposal.is_some_and(|p| p.class.as_ref() != Some(&c.class) || p.category != c.category);
        self.push(Event::Classified {
            class: c.class.clone(),
            category: c.category.clone(),
            marks: c.marks.clone(),
            corrects_proposal,
            note: optional("note", &c.note, NOTE_MAX_CHARS)?.to_owned(),
        });
        Ok(())
    }

    fn correct(&mut self, c: &cmd::Correct) -> Outcome {
        let title = c.title.as_deref().map(|t| required("title", t, TITLE_MAX_CHARS)).transpose()?;
        let text = c.text.as_deref().map(|t| required("text", t, TEXT_MAX_CHARS)).transpose()?;
        let place = c.place.as_ref().map(|place| locate(self.world, place)).transpose()?;
        if let Some(unit) = &c.complained_about {
            known_unit(self.world, unit)?;
        }
        if title.is_none() && text.is_none() && place.is_none() && c.complained_about.is_none() {
            return Err(Refusal::invalid("title", "something to correct", "请填写要更正的内容"));
        }
        self.push(Event::Corrected {
            title: title.map(str::to_owned),
            text: text.map(str::to_owned),
            place,
            complained_about: c.complained_about.clone(),
        });
        Ok(())
    }

    fn dispatch(&mut self, c: &cmd::Dispatch) -> Outcome {
        if self.case.class.is_none() {
            return Err(Refusal::First { what: "classify the case", what_zh: "分类" });
        }
        self.no_open_return()?;
        let note = optional("note", &c.note, NOTE_MAX_CHARS)?;
        let (lead, co_units, because) = match &c.lead {
            Some(lead) => (lead.clone(), c.co_units.clone(), note.to_owned()),
            None => {
                let found = dispatch::propose(self.world, self.case.category.as_ref(), self.case.place.grid.as_ref());
                (found.lead, found.co_units.union(&c.co_units).cloned().collect(), found.because)
            }
        };
        self.dispatch_to(lead, co_units, because)
    }

    fn dispatch_to(&mut self, lead: UnitId, mut co_units: BTreeSet<UnitId>, because: String) -> Outcome {
        co_units.remove(&lead);
        for unit in co_units.iter().chain([&lead]) {
            known_unit(self.world, unit)?;
        }
        let max = self.world.policy.dispatch.max_co_units;
        if co_units.len() > max as usize {
            return Err(Refusal::Limit { what: "co-units", what_zh: "会办单位", max });
        }
        if self.case.lead.as_ref() == Some(&lead) && self.case.co_units == co_units {
            return Err(Refusal::Already { what: "dispatched there", what_zh: "分拨到该单位" });
        }
        self.push(Event::Dispatched { lead, co_units, because });
        Ok(())
    }

    fn accept(&mut self, c: &cmd::Accept) -> Outcome {
        if self.case.milestones.contains_key(&Milestone::Accepted) {
            return Err(Refusal::Already { what: "accepted", what_zh: "签收" });
        }
        self.no_open_return()?;
        let handler = match (&c.handler, &self.moment.by) {
            (Some(person), _) => Some(self.worker_of_lead(person)?),
            (None, Actor::Person(person)) => Some(person.clone()),
            (None, _) => None,
        };
        self.push(Event::Accepted { handler });
        Ok(())
    }

    fn worker_of_lead(&self, id: &PersonId) -> Result<PersonId, Refusal> {
        let person = self.world.organisation.person(id).filter(|person| person.active);
        let person = person.ok_or_else(|| Refusal::unknown("person", id))?;
        let lead = self.case.lead.as_ref();
        if lead.is_some_and(|unit| permission::works_for(self.world.organisation, person, unit)) {
            Ok(id.clone())
        } else {
            Err(Refusal::invalid("handler", "a member of the lead unit", "经办人须是首办单位的人员"))
        }
    }

    fn give_back(&mut self, c: &cmd::Return) -> Outcome {
        self.no_open_return()?;
        let rules = &self.world.policy.returns;
        known_code("reason", &c.reason, &rules.reasons)?;
        let explained = note("explained", &c.explained)?.to_owned();
        let Some(unit) = self.case.lead.clone() else {
            return Err(Refusal::First { what: "dispatch the case", what_zh: "分拨" });
        };
        if let Some(suggested) = &c.suggested {
            known_unit(self.world, suggested)?;
            if *suggested == unit {
                return Err(Refusal::invalid("suggested", "another unit than your own", "建议单位不能是本单位"));
            }
        }
        let returned = Return {
            id: self.fresh("returned", "退回")?,
            unit,
            reason: c.reason.clone(),
            explained,
            suggested: c.suggested.clone(),
            leader_decides: self.case.returns.len() + 1 >= rules.leader_decides_from as usize,
            at: self.moment.now,
            upheld: None,
        };
        self.push(Event::Returned(returned));
        Ok(())
    }

    fn decide_return(&mut self, c: &cmd::DecideReturn) -> Outcome {
        let returned = self.case.returns.iter().find(|returned| returned.id == c.id);
        let returned = returned.ok_or_else(|| Refusal::unknown("return", c.id))?.clone();
        undecided(returned.upheld)?;
        let not_allowed = |needs, needs_zh| Err(Refusal::NotAllowed { act: cmd::Act::DecideReturn, needs, needs_zh });
        let leader = self.leads_beyond(&returned.unit);
        if returned.leader_decides && !leader {
            return not_allowed("a return after the first goes to a leader", "再次退回须由领导裁定");
        }
        if !leader && !self.holds(Role::Liaison) {
            return not_allowed("nobody decides the return of their own unit", "不得裁定本单位的退回");
        }
        let note = note("note", &c.note)?.to_owned();
        let lead =
            c.lead.clone().or(returned.suggested).unwrap_or_else(|| self.world.policy.dispatch.liaison_office.clone());
        if c.upheld {
            known_unit(self.world, &lead)?;
            if lead == returned.unit {
                return Err(Refusal::invalid("lead", "another unit than the one that returned it", "须改派其他单位"));
            }
        }
        self.push(Event::ReturnDecided { id: c.id, upheld: c.upheld, note: note.clone() });
        if c.upheld {
            let mut co_units = self.case.co_units.clone();
            co_units.remove(&lead);
            self.dispatch_to(lead, co_units, note)?;
        }
        Ok(())
    }

    fn holds(&self, role: Role) -> bool {
        permission::holds_role(self.world.organisation, &self.moment.by, role).next().is_some()
    }

    /// A leader, and not only of that unit.
    fn leads_beyond(&self, unit: &UnitId) -> bool {
        let organisation = self.world.organisation;
        permission::holds_role(organisation, &self.moment.by, Role::Leader)
            .any(|led| !organisation.is_within(led, unit))
    }

    fn contact(&mut self, c: &cmd::Contact) -> Outcome {
        let note = optional("note", &c.note, NOTE_MAX_CHARS)?.to_owned();
        self.tried(c.reached, note);
        Ok(())
    }

    /// A contact attempt: by the policy it counts or not, and enough of them serve the contact clock.
    pub(super) fn tried(&mut self, reached: bool, note: String) {
        if reached {
            return self.push(Event::ContactTried { reached, counts: false, note });
        }
        let rules = &self.world.policy.contact;
        let counts = self.far_enough(&self.case.attempts, rules.attempt_gap_minutes);
        self.push(Event::ContactTried { reached, counts, note });
        let attempts = u32::try_from(self.case.attempts.len()).unwrap_or(u32::MAX);
        if attempts >= rules.attempts && !self.case.milestones.contains_key(&Milestone::Contacted) {
            self.push(Event::Unreachable { attempts });
        }
    }

    /// Whether an attempt now counts: it is the first, or so many minutes lie between it and the last that counted.
    pub(super) fn far_enough(&self, attempts: &[Timestamp], gap_minutes: u32) -> bool {
        let gap = i64::from(gap_minutes).minutes();
        attempts.last().is_none_or(|last| after(*last, gap) <= self.moment.now)
    }

    fn verify(&mut self, c: &cmd::Verify) -> Outcome {
        let finding = note("finding", &c.finding)?.to_owned();
        self.push(Event::Verified { finding });
        Ok(())
    }

    fn note(&mut self, c: &cmd::Note) -> Outcome {
        let text = note("text", &c.text)?.to_owned();
        self.push(Event::Noted { text, public: c.public });
        Ok(())
    }

    fn attach(&mut self, c: &cmd::Attach) -> Outcome {
        if self.case.attachments.iter().any(|attachment| attachment.id == c.id) {
            return Err(Refusal::Already { what: "attached", what_zh: "上传" });
        }
        if self.case.attachments.len() >= ATTACHMENTS_MAX {
            return Err(Refusal::Limit {
                what: "attachments",
                what_zh: "附件",
                max: u32::try_from(ATTACHMENTS_MAX).unwrap_or(u32::MAX),
            });
        }
        let name = required("name", &c.name, 120)?.to_owned();
        let kind = if self.moment.by == Actor::Reporter { AttachmentKind::Report } else { c.kind };
        self.push(Event::Attached(Attachment { id: c.id, kind, name }));
        Ok(())
    }

    fn assign_team(&mut self, c: &cmd::AssignTeam) -> Outcome {
        grid_team::check_seats(&c.team, &self.world.policy.team, self.world.organisation)?;
        if self.case.team == c.team {
            return Err(Refusal::Already { what: "assigned like this", what_zh: "如此组建" });
        }
        self.push(Event::TeamAssigned { team: c.team.clone() });
        Ok(())
    }

    fn request_extension(&mut self, c: &cmd::RequestExtension) -> Outcome {
        known_code("reason", &c.reason, &self.world.policy.extensions.reasons)?;
        let clock = self.case.clocks.iter().find(|clock| clock.key == c.clock);
        let clock = clock.ok_or_else(|| Refusal::unknown("clock", short(&c.clock)))?;
        self.may_extend(clock, c.length)?;
        if self.case.extensions.iter().any(|e| e.clock == c.clock && e.granted.is_none()) {
            return Err(Refusal::Already { what: "asked for", what_zh: "申请延期，等待裁定" });
        }
        let extension = Extension {
            id: self.fresh("asked for", "申请延期")?,
            clock: c.clock.clone(),
            length: c.length,
            reason: c.reason.clone(),
            granted: None,
        };
        self.push(Event::ExtensionRequested(extension));
        Ok(())
    }

    /// Whether the policy lets this clock have so much more time.
    pub(super) fn may_extend(&self, clock: &Clock, length: Length) -> Outcome {
        let rules = &self.world.policy.extensions;
        let extendable = self.world.policy.clocks.get(&clock.rule).is_some_and(|rule| rule.extendable);
        if !extendable {
            return Err(Refusal::invalid("clock", "a clock that may be extended", "该时限不可延期"));
        }
        if !clock.is_running() {
            return Err(Refusal::TooLate { what: "an extension", what_zh: "申请延期", due_at: clock.due_at });
        }
        let (asked, max) = match (length, clock.length) {
            (Length::Minutes(n), Length::Minutes(_)) => (n, rules.max_minutes),
            (Length::WorkingDays(n), Length::WorkingDays(_)) => (n, rules.max_working_days),
            (_, Length::Until { .. }) => {
                return Err(Refusal::invalid("clock", "a clock that may be extended", "该时限不可延期"));
            }
            (_, Length::Minutes(_)) => {
                return Err(Refusal::invalid("length", "minutes, as the clock counts", "该时限按自然时间计，应填分钟"));
            }
            (_, Length::WorkingDays(_)) => {
                return Err(Refusal::invalid(
                    "length",
                    "working days, as the clock counts",
                    "该时限按工作日计，应填工作日",
                ));
            }
        };
        if asked == 0 || asked > max {
            return Err(Refusal::invalid("length", format!("1 to {max}"), format!("应为 1 至 {max}")));
        }
        if clock.granted.len() >= rules.max_granted as usize {
            return Err(Refusal::Limit {
                what: "extensions of one clock",
                what_zh: "同一时限的延期次数",
                max: rules.max_granted,
            });
        }
        Ok(())
    }

    fn decide_extension(&mut self, c: &cmd::DecideExtension) -> Outcome {
        let extension = self.case.extensions.iter().find(|extension| extension.id == c.id);
        let extension = extension.ok_or_else(|| Refusal::unknown("extension", c.id))?.clone();
        undecided(extension.granted)?;
        let note = note("note", &c.note)?.to_owned();
        let running = self.case.clocks.iter().find(|clock| clock.key == extension.clock);
        if let Some(clock) = running.filter(|clock| c.granted && !clock.is_running()) {
            return Err(Refusal::TooLate {
                what: "granting the extension", what_zh: "批准延期", due_at: clock.due_at
            });
        }
        self.push(Event::ExtensionDecided { id: c.id, granted: c.granted, note });
        if c.granted {
            self.extend(&extension.clock, extension.length);
        }
        Ok(())
    }

    fn escalate(&mut self, c: &cmd::Escalate) -> Outcome {
        known_leader(self.world, &c.official)?;
        if self.case.escalation.as_ref().is_some_and(|escalation| escalation.official == c.official) {
            return Err(Refusal::Already { what: "escalated to this leader", what_zh: "由该领导包案" });
        }
        let reason = note("reason", &c.reason)?.to_owned();
        self.push(Event::Escalated { official: c.official.clone(), reason });
        Ok(())
    }

    fn official_act(&mut self, c: &cmd::OfficialAct) -> Outcome {
        let rules = &self.world.policy.escalation;
        for (field, given, known) in
            [("duties", &c.duties, rules.duties.len()), ("questions", &c.questions, rules.questions.len())]
        {
            for (index, text) in given {
                if *index as usize >= known {
                    return Err(Refusal::invalid(
                        format!("{field}.{index}"),
                        format!("an index below {known}"),
                        format!("序号应小于 {known}"),
                    ));
                }
                note(&format!("{field}.{index}"), text)?;
            }
        }
        if c.duties.is_empty() && c.questions.is_empty() {
            return Err(Refusal::invalid("duties", "at least one duty or question", "请至少填写一项"));
        }
        self.push(Event::OfficialActed { duties: c.duties.clone(), questions: c.questions.clone() });
        Ok(())
    }

    fn blow_whistle(&mut self, c: &cmd::BlowWhistle) -> Outcome {
        let matter = note("matter", &c.matter)?.to_owned();
        let max = self.world.policy.whistle.max_units;
        if c.units.is_empty() {
            return Err(Refusal::invalid("units", "at least one unit", "请至少选择一个单位"));
        }
        if c.units.len() > max as usize {
            return Err(Refusal::Limit { what: "units called at once", what_zh: "一次吹哨的单位", max });
        }
        for unit in &c.units {
            known_unit(self.world, unit)?;
        }
        let own = permission::holds_role(self.world.organisation, &self.moment.by, Role::Community).cloned();
        let own: BTreeSet<UnitId> = own.collect();
        let caller = match &c.caller {
            Some(unit) if own.contains(unit) => unit.clone(),
            Some(unit) if self.moment.by == Actor::Upstream => {
                known_unit(self.world, unit)?;
                unit.clone()
            }
            Some(_) => return Err(Refusal::invalid("caller", "your own community", "须是本人所在社区")),
            None => own.first().cloned().ok_or_else(|| Refusal::unknown("unit", "community"))?,
        };
        let number = u32::try_from(self.case.whistles.len()).unwrap_or(u32::MAX).saturating_add(1);
        let called = c.units.iter().map(|unit| (unit.clone(), None)).collect();
        let id = self.fresh("blown", "吹哨")?;
        let whistle =
            Whistle { id, number, caller, matter, at: self.moment.now, called, outcome: None, settled_at: None };
        self.push(Event::WhistleBlown(whistle));
        Ok(())
    }

    fn report_in(&mut self, c: &cmd::ReportIn) -> Outcome {
        let whistle = self.open_whistle(c.whistle)?;
        match whistle.called.get(&c.unit) {
            None => return Err(Refusal::invalid("unit", "a unit that was called", "该单位未被吹哨")),
            Some(Some(_)) => return Err(Refusal::Already { what: "reported in", what_zh: "报到" }),
            Some(None) => {}
        }
        let works = match &self.moment.by {
            Actor::Person(id) => self
                .world
                .organisation
                .person(id)
                .is_some_and(|person| permission::works_for(self.world.organisation, person, &c.unit)),
            Actor::Upstream => true, // its record tells who reported in
            _ => false,
        };
        if !works {
            return Err(Refusal::invalid("unit", "your own unit", "须是本人所在单位"));
        }
        let action = note("action", &c.action)?.to_owned();
        self.push(Event::ReportedIn { whistle: c.whistle, unit: c.unit.clone(), action });
        Ok(())
    }

    fn settle_whistle(&mut self, c: &cmd::SettleWhistle) -> Outcome {
        self.open_whistle(c.whistle)?;
        known_code("outcome", &c.outcome, &self.world.policy.whistle.outcomes)?;
        let note = note("note", &c.note)?.to_owned();
        self.push(Event::WhistleSettled { whistle: c.whistle, outcome: c.outcome.clone(), note });
        Ok(())
    }

    fn open_whistle(&self, id: RequestId) -> Result<&Whistle, Refusal> {
        let whistle = self.case.whistles.iter().find(|whistle| whistle.id == id);
        let whistle = whistle.ok_or_else(|| Refusal::unknown("whistle", id))?;
        if whistle.outcome.is_some() {
            return Err(Refusal::Already { what: "settled", what_zh: "办结该次吹哨" });
        }
        Ok(whistle)
    }

    fn route(&mut self, c: &cmd::RouteTo) -> Outcome {
        let studio = self.world.policy.studios.get(&c.studio);
        let studio = studio.ok_or_else(|| Refusal::unknown("studio", &c.studio))?;
        if self.case.route.as_ref().is_some_and(|routed| routed.studio == c.studio) {
            return Err(Refusal::Already { what: "routed there", what_zh: "转到该处" });
        }
        if let Some(unit) = &studio.unit {
            known_unit(self.world, unit)?;
        }
        self.push(Event::Routed { route: studio.route, studio: c.studio.clone(), unit: studio.unit.clone() });
        Ok(())
    }

    fn finish_case(&mut self, c: &cmd::Finish) -> Outcome {
        self.no_open_return()?;
        let outcome = required("outcome", &c.outcome, TEXT_MAX_CHARS)?.to_owned();
        self.ready_to_finish()?;
        self.push(Event::Finished { outcome });
        self.draw_for_third_person();
        Ok(())
    }

    fn ready_to_finish(&self) -> Outcome {
        let case = &self.case;
        let first = |what, what_zh| Err(Refusal::First { what, what_zh });
        let due = |milestone| self.is_due(milestone) && !case.milestones.contains_key(&milestone);
        if case.reporter.contactable && due(Milestone::Contacted) {
            return first("log the contact with the reporter", "登记与诉求人的联系");
        }
        if due(Milestone::Verified) {
            return first("verify the facts", "核实情况");
        }
        if case.whistles.iter().any(|whistle| whistle.outcome.is_none()) {
            return first("have the open whistle settled", "办结尚未办结的吹哨");
        }
        if self.moment.by == Actor::Upstream {
            return Ok(()); // handled elsewhere: its photos and its lead official stayed there
        }
        let official_due = self.world.policy.escalation.stubborn_needs_official && case.marks.contains(&Mark::Stubborn);
        if official_due && case.escalation.is_none() {
            return first("have a lead official named: the case is marked stubborn", "提级包案（该件为「老大难」）");
        }
        let category = case.category.as_ref().and_then(|id| self.world.policy.categories.get(id));
        let photo_due = category.is_some_and(|category| category.photo_due);
        if photo_due && !case.attachments.iter().any(|attachment| attachment.kind == AttachmentKind::After) {
            return first("attach a photo of the place after the work", "上传处置后照片");
        }
        Ok(())
    }

    /// The finder takes it for their own unit and is done with it at once 当场处置. What is asked of every finish is asked
    /// of this one too, a photo of afterwards first of all.
    fn settle(&mut self, c: &cmd::Settle) -> Outcome {
        if self.case.origin != Origin::Inspection {
            return Err(Refusal::invalid("case", "something that staff found on a round", "须是巡查主动发现的问题"));
        }
        let outcome = required("outcome", &c.outcome, TEXT_MAX_CHARS)?.to_owned();
        if let Some(category) = c.category.as_ref().filter(|id| !self.world.policy.categories.contains_key(*id)) {
            return Err(Refusal::unknown("category", category));
        }
        let proposal = self.case.proposal.as_ref();
        let proposed = proposal.filter(|found| found.confidence >= self.world.policy.triage.abstain_below);
        let category = c.category.clone().or_else(|| self.case.category.clone());
        let category = category.or_else(|| proposed.and_then(|found| found.category.clone()));
        if self.case.class.is_none() || self.case.category != category {
            // What could be settled at once is what the policy calls easy; danger stays what it is by rule.
            let class = self.case.class.clone().unwrap_or_else(|| self.world.policy.triage.easy_class.clone());
            self.push(Event::Classified {
                class,
                category,
                marks: self.case.marks.clone(),
                corrects_proposal: false,
                note: String::new(),
            });
        }
        let lead = self.case.first_receiver.clone();
        self.dispatch_to(lead, BTreeSet::new(), SETTLED_ON_THE_SPOT.to_owned())?;
        self.accept(&cmd::Accept { handler: None })?;
        self.ready_to_finish()?;
        self.push(Event::Finished { outcome });
        if !self.is_due(Milestone::OpinionFiled) && !self.is_due(Milestone::FollowedUp) {
            self.push(Event::Closed { note: SETTLED_ON_THE_SPOT.to_owned() });
        }
        Ok(())
    }

    fn mark_repeat(&mut self, c: &cmd::MarkRepeat) -> Outcome {
        if c.of == self.case.id {
            return Err(Refusal::invalid("of", "another case", "不能是本件"));
        }
        if self.case.repeat_of == Some(c.of) {
            return Err(Refusal::Already { what: "marked", what_zh: "标记" });
        }
        self.push(Event::MarkedRepeat { of: c.of });
        Ok(())
    }

    fn link(&mut self, c: &cmd::Link) -> Outcome {
        if c.to == self.case.id {
            return Err(Refusal::invalid("to", "another case", "不能是本件"));
        }
        if self.case.links.contains(&c.to) {
            return Err(Refusal::Already { what: "linked", what_zh: "关联" });
        }
        if self.case.links.len() >= Case::LINKS_MAX {
            return Err(Refusal::Limit {
                what: "links",
                what_zh: "关联",
                max: u32::try_from(Case::LINKS_MAX).unwrap_or(u32::MAX),
            });
        }
        self.push(Event::Linked { to: c.to });
        Ok(())
    }

    fn hand_upstream(&mut self, c: &cmd::HandUpstream) -> Outcome {
        let reason = note("reason", &c.reason)?.to_owned();
        let number = c.upstream_number.as_deref().map(|number| required("upstream_number", number, 64)).transpose()?;
        let upstream_number = number.map(str::to_owned);
        self.push(Event::HandedUpstream { upstream_number, reason });
        Ok(())
    }

    fn decline(&mut self, c: &cmd::Decline) -> Outcome {
        known_code("reason", &c.reason, &self.world.policy.closing.decline_reasons)?;
        let explanation = note("explanation", &c.explanation)?.to_owned();
        self.push(Event::Declined { reason: c.reason.clone(), explanation });
        Ok(())
    }

    fn reveal_identity(&mut self, c: &cmd::RevealIdentity) -> Outcome {
        let reason = note("reason", &c.reason)?.to_owned();
        self.push(Event::IdentityRevealed { reason });
        Ok(())
    }

    /// Whether the policy asks for this milestone from a case of this origin and category.
    pub(super) fn is_due(&self, milestone: Milestone) -> bool {
        if self.case.unrecorded.contains(&milestone) {
            return false;
        }
        let policy = self.world.policy;
        policy.clocks.values().any(|rule| rule.stop == milestone && asks_of(policy, rule, &self.case))
    }

    /// The id for what this act begins. One that is in use means that this very act was done before.
    pub(super) fn fresh(&self, what: &'static str, what_zh: &'static str) -> Result<RequestId, Refusal> {
        let (id, case) = (self.moment.fresh, &self.case);
        let used = case.returns.iter().any(|found| found.id == id)
            || case.extensions.iter().any(|found| found.id == id)
            || case.whistles.iter().any(|found| found.id == id)
            || case.appeals.iter().any(|found| found.id == id);
        if used { Err(Refusal::Already { what, what_zh }) } else { Ok(id) }
    }

    fn no_open_return(&self) -> Outcome {
        match self.case.open_return() {
            Some(_) => Err(Refusal::First { what: "have the return decided", what_zh: "等待退回裁定" }),
            None => Ok(()),
        }
    }
}

impl Case {
    /// Most links of one case.
    pub const LINKS_MAX: usize = 100;
}

pub(super) fn after(at: Timestamp, span: jiff::Span) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

pub(super) fn undecided(decision: Option<bool>) -> Outcome {
    match decision {
        Some(_) => Err(Refusal::Already { what: "decided", what_zh: "裁定" }),
        None => Ok(()),
    }
}

pub(super) fn known_code<T>(field: &str, code: &str, known: &BTreeMap<String, T>) -> Outcome {
    if known.contains_key(code) {
        return Ok(());
    }
    let codes = known.keys().cloned().collect::<Vec<_>>().join(", ");
    Err(Refusal::invalid(field, format!("one of {codes}"), format!("应为其中之一：{codes}")))
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
