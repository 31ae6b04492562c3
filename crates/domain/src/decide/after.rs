//! Acts after the work is done 多回访: forms, follow-up, grades, appeals, exclusion, reopening, closing.
//!
//! As in `acts`: whether the actor may was settled before, and what an event does to the clocks is `clocks`' business.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};

use crate::{
    case::{Appeal, FollowUp},
    command::{self as cmd, Act, COMMENT_MAX_CHARS, FORMS_MAX, NOTE_MAX_CHARS},
    event::{Actor, Event},
    policy::{Form, Milestone},
    refusal::Refusal,
};

use super::{
    Draft,
    acts::{Outcome, after, known_code, undecided},
    forms, note, optional,
};

impl Draft<'_> {
    pub(super) fn file_opinion(&mut self, c: &cmd::FileOpinion) -> Outcome {
        if self.case.milestones.contains_key(&Milestone::OpinionFiled) {
            return Err(Refusal::Already { what: "filed", what_zh: "填报" });
        }
        let (id, form) = self.form("opinion")?;
        forms::check(form, &c.values)?;
        let id = id.clone();
        self.push(Event::OpinionFiled { form: id, values: c.values.clone() });
        Ok(())
    }

    pub(super) fn follow_up(&mut self, c: &cmd::FollowUp) -> Outcome {
        let (id, form) = self.form("follow_up")?;
        // A record may tell the answers without a form; then none is asked for.
        if self.moment.by != Actor::Upstream || !c.values.is_empty() {
            forms::check(form, &c.values)?;
        }
        let id = id.clone();
        let answers = [("responded", c.responded), ("solved", c.solved), ("satisfied", c.satisfied)];
        for (field, answer) in answers {
            if c.reached && answer.is_none() {
                return Err(Refusal::invalid(
                    field,
                    "an answer, as the reporter was reached",
                    "已联系上诉求人，须填写",
                ));
            }
            if !c.reached && answer.is_some() {
                return Err(Refusal::invalid(field, "no answer, as nobody was reached", "未联系上诉求人，不能填写"));
            }
        }
        self.check_reasons(c.solved, &c.unsolved_because, c.satisfied, &c.unsatisfied_because)?;
        let max = self.world.policy.closing.follow_up_rounds;
        if self.case.follow_ups_of_round().count() >= max as usize {
            return Err(Refusal::Limit {
                what: "follow-ups a round of handling", what_zh: "每轮办理的回访", max
            });
        }
        if !c.reached && self.moment.by != Actor::Upstream && !self.is_last_attempt(c) {
            return Ok(());
        }
        let again = self.asks_again(c.satisfied);
        self.push(Event::FollowedUp {
            form: id,
            values: c.values.clone(),
            reached: c.reached,
            responded: c.responded,
            solved: c.solved,
            satisfied: c.satisfied,
            unsolved_because: c.unsolved_because.clone(),
            unsatisfied_because: c.unsatisfied_because.clone(),
            again,
        });
        Ok(())
    }

    /// Logs a call in vain; whether it was the last that the policy asks for, so that the reporter is unreachable.
    fn is_last_attempt(&mut self, c: &cmd::FollowUp) -> bool {
        let rules = &self.world.policy.follow_up;
        let counts = self.far_enough(&self.case.follow_up_attempts, rules.attempt_gap_minutes);
        self.push(Event::FollowUpTried { counts, values: c.values.clone() });
        self.case.follow_up_attempts.len() >= rules.attempts as usize
    }

    pub(super) fn answer(&mut self, c: &cmd::Answer) -> Outcome {
        self.check_reasons(Some(c.solved), &c.unsolved_because, Some(c.satisfied), &c.unsatisfied_because)?;
        self.within_rating_time()?;
        // Whoever answered is asked again before they answer again, so that one mind is not two rounds.
        if self.case.follow_ups_of_round().next_back().is_some_and(FollowUp::is_own) {
            return Err(Refusal::Already { what: "answered", what_zh: "回答" });
        }
        let comment = optional("comment", &c.comment, COMMENT_MAX_CHARS)?.to_owned();
        let again = self.asks_again(Some(c.satisfied));
        self.push(Event::Answered {
            responded: c.responded,
            solved: c.solved,
            satisfied: c.satisfied,
            unsolved_because: c.unsolved_because.clone(),
            unsatisfied_because: c.unsatisfied_because.clone(),
            comment,
            again,
        });
        Ok(())
    }

    /// A 'no' names why, as far as the policy has reasons to choose from; a 'yes' names none. What a record from
    /// elsewhere leaves unsaid is not asked for.
    fn check_reasons(
        &self,
        solved: Option<bool>,
        unsolved: &BTreeSet<String>,
        satisfied: Option<bool>,
        unsatisfied: &BTreeSet<String>,
    ) -> Outcome {
        let rules = &self.world.policy.follow_up;
        for (field, answer, given, known) in [
            ("unsolved_because", solved, unsolved, &rules.unsolved_reasons),
            ("unsatisfied_because", satisfied, unsatisfied, &rules.unsatisfied_reasons),
        ] {
            if answer != Some(false) && !given.is_empty() {
                return Err(Refusal::invalid(field, "no reason, as the answer is not 'no'", "未答“否”，不填原因"));
            }
            for code in given {
                known_code(field, code, known)?;
            }
            let must = answer == Some(false) && !known.is_empty() && self.moment.by != Actor::Upstream;
            if must && given.is_empty() {
                let codes = known.keys().cloned().collect::<Vec<_>>().join(", ");
                return Err(Refusal::invalid(
                    field,
                    format!("at least one reason for the 'no': {codes}"),
                    format!("答“否”须填原因：{codes}"),
                ));
            }
        }
        Ok(())
    }

    /// Whether the policy asks for another round after one with this answer. A record that tells the past asks for none.
    fn asks_again(&self, satisfied: Option<bool>) -> bool {
        let rounds = self.world.policy.closing.follow_up_rounds as usize;
        let made = self.case.follow_ups_of_round().count() + 1;
        satisfied == Some(false) && made < rounds && self.moment.by != Actor::Upstream
    }

    /// Draws the round just finished for a follow-up by a third person, or not.
    pub(super) fn draw_for_third_person(&mut self) {
        let rules = &self.world.policy.follow_up;
        let (share, drawn) = (rules.third_person_share, rules.draws(self.case.id, self.case.round));
        if drawn && self.is_due(Milestone::FollowedUp) && self.moment.by != Actor::Upstream {
            self.push_system(Event::Sampled { share });
        }
    }

    pub(super) fn file_form(&mut self, c: &cmd::FileForm) -> Outcome {
        let own = |act: Act| {
            Refusal::invalid("form", format!("not this one: use {}", act.slug()), format!("该表单请用「{}」", act.zh()))
        };
        match c.form.as_str() {
            "opinion" => return Err(own(Act::FileOpinion)),
            "follow_up" => return Err(own(Act::FollowUp)),
            _ => {}
        }
        if self.case.forms.len() >= FORMS_MAX {
            let max = u32::try_from(FORMS_MAX).unwrap_or(u32::MAX);
            return Err(Refusal::Limit { what: "forms on one case", what_zh: "一件诉求的表单", max });
        }
        let (_, form) = self.form(c.form.as_str())?;
        forms::check(form, &c.values)?;
        self.push(Event::FormFiled { form: c.form.clone(), values: c.values.clone() });
        Ok(())
    }

    fn form(&self, id: &str) -> Result<(&crate::ids::FormId, &Form), Refusal> {
        self.world.policy.forms.get_key_value(id).ok_or_else(|| Refusal::unknown("form", id))
    }

    pub(super) fn rate(&mut self, c: &cmd::Rate) -> Outcome {
        let rules = &self.world.policy.closing;
        if c.grade == 0 || c.grade > rules.grades {
            let max = rules.grades;
            return Err(Refusal::invalid("grade", format!("1 to {max}"), format!("应为 1 至 {max}")));
        }
        self.within_rating_time()?;
        let comment = optional("comment", &c.comment, COMMENT_MAX_CHARS)?.to_owned();
        self.push(self.rated_as(c.grade, comment));
        Ok(())
    }

    /// What the policy makes of a grade.
    pub(super) fn rated_as(&self, grade: u8, comment: String) -> Event {
        let rules = &self.world.policy.closing;
        Event::Rated { grade, bad: grade <= rules.bad_up_to, satisfied: grade >= rules.satisfied_from, comment }
    }

    fn within_rating_time(&self) -> Outcome {
        let days = self.world.policy.closing.rate_within_days;
        match self.days_after_finish(days).filter(|due| *due < self.moment.now) {
            Some(due_at) => Err(Refusal::TooLate { what: "a grade", what_zh: "评价", due_at }),
            None => Ok(()),
        }
    }

    fn days_after_finish(&self, days: u32) -> Option<Timestamp> {
        let finished = self.case.milestones.get(&Milestone::Finished)?;
        Some(after(*finished, (i64::from(days) * 24).hours()))
    }

    pub(super) fn dispute(&mut self, c: &cmd::Dispute) -> Outcome {
        let reason = note("reason", &c.reason)?.to_owned();
        self.within_reopen_time()?;
        self.push(Event::Disputed { reason });
        Ok(())
    }

    fn within_reopen_time(&self) -> Outcome {
        let days = self.world.policy.closing.reopen_within_days;
        match self.days_after_finish(days).filter(|due| *due < self.moment.now) {
            Some(due_at) => Err(Refusal::TooLate { what: "reopening", what_zh: "重办", due_at }),
            None => Ok(()),
        }
    }

    pub(super) fn appeal(&mut self, c: &cmd::Appeal) -> Outcome {
        if self.case.standing_bad_rating().is_none() {
            return Err(Refusal::invalid("reason", "a bad grade to appeal against", "没有可申诉的差评"));
        }
        if self.case.appeals.iter().any(|appeal| appeal.upheld.is_none()) {
            return Err(Refusal::Already { what: "appealed", what_zh: "申诉，等待裁定" });
        }
        let bad = self.case.ratings.iter().filter(|rating| rating.bad).count();
        if self.case.appeals.len() >= bad {
            return Err(Refusal::Already { what: "decided", what_zh: "裁定" });
        }
        let reason = note("reason", &c.reason)?.to_owned();
        if let Some(missing) =
            c.evidence.iter().find(|id| !self.case.attachments.iter().any(|attachment| attachment.id == **id))
        {
            return Err(Refusal::unknown("attachment", missing));
        }
        let id = self.fresh("appealed", "申诉")?;
        let rating = u32::try_from(self.case.ratings.len()).ok().and_then(|count| count.checked_sub(1));
        let appeal = Appeal {
            id,
            reason,
            evidence: c.evidence.clone(),
            rating,
            upheld: None,
            at: None,
            decided_at: None,
            decision: String::new(),
        };
        self.push(Event::Appealed(appeal));
        Ok(())
    }

    pub(super) fn decide_appeal(&mut self, c: &cmd::DecideAppeal) -> Outcome {
        let appeal = self.case.appeals.iter().find(|appeal| appeal.id == c.id);
        undecided(appeal.ok_or_else(|| Refusal::unknown("appeal", c.id))?.upheld)?;
        let grades = self.world.policy.closing.grades;
        let bad_up_to = self.world.policy.closing.bad_up_to;
        let fits = match c.grade {
            Some(grade) => c.upheld && grade > bad_up_to && grade <= grades,
            None => !c.upheld,
        };
        if !fits {
            return Err(Refusal::invalid(
                "grade",
                format!("{} to {grades} where upheld, none where not", bad_up_to + 1),
                format!("支持申诉时应为 {} 至 {grades}，不支持时不填", bad_up_to + 1),
            ));
        }
        let note = note("note", &c.note)?.to_owned();
        let satisfied = c.grade.map(|grade| grade >= self.world.policy.closing.satisfied_from);
        self.push(Event::AppealDecided { id: c.id, upheld: c.upheld, grade: c.grade, satisfied, note });
        Ok(())
    }

    pub(super) fn reopen(&mut self, c: &cmd::Reopen) -> Outcome {
        self.within_reopen_time()?;
        let reason = note("reason", &c.reason)?.to_owned();
        // A record tells when a case was reopened and done again, and nothing of calls and looks in between.
        let unrecorded = match self.moment.by {
            Actor::Upstream => {
                let untold = [Milestone::Contacted, Milestone::Verified];
                self.case.unrecorded.iter().copied().chain(untold).collect()
            }
            _ => BTreeSet::new(),
        };
        self.push(Event::Reopened { reason, unrecorded });
        Ok(())
    }

    /// What a round found is looked at again 复查: as it should be, or it is taken up anew.
    pub(super) fn recheck(&mut self, c: &cmd::Recheck) -> Outcome {
        if !self.is_due(Milestone::Rechecked) {
            return Err(Refusal::invalid("case", "a finding that is to be looked at again", "本件无需复查"));
        }
        if self.case.milestones.contains_key(&Milestone::Rechecked) {
            return Err(Refusal::Already { what: "looked at again", what_zh: "复查" });
        }
        let note = note("note", &c.note)?.to_owned();
        self.push(Event::Rechecked { fine: c.fine, note: note.clone() });
        if !c.fine {
            self.push(Event::Reopened { reason: note, unrecorded: BTreeSet::new() });
        }
        Ok(())
    }

    pub(super) fn exclude(&mut self, c: &cmd::Exclude) -> Outcome {
        if let Some(reason) = &c.reason {
            known_code("reason", reason, &self.world.policy.assessment.exclude_reasons)?;
        }
        if self.case.excluded == c.reason {
            return Err(match c.reason {
                Some(_) => Refusal::Already { what: "left out of assessment for this", what_zh: "以此剔除考核" },
                None => Refusal::Already { what: "assessed", what_zh: "计入考核" },
            });
        }
        let note = note("note", &c.note)?.to_owned();
        self.push(Event::Excluded { reason: c.reason.clone(), note });
        Ok(())
    }

    pub(super) fn close(&mut self, c: &cmd::Close) -> Outcome {
        let first = |what, what_zh| Err(Refusal::First { what, what_zh });
        let done = |milestone| self.case.milestones.contains_key(&milestone);
        if self.is_due(Milestone::OpinionFiled) && !done(Milestone::OpinionFiled) {
            return first("file the opinion form", "填报《群众诉求处理意见书》");
        }
        if self.is_due(Milestone::FollowedUp) && !done(Milestone::FollowedUp) {
            return first("file the follow-up form", "填写《群众诉求办理情况回访登记表》");
        }
        if self.case.appeals.iter().any(|appeal| appeal.upheld.is_none()) {
            return first("have the appeal decided", "等待申诉裁定");
        }
        if self.is_due(Milestone::Rechecked) && !done(Milestone::Rechecked) {
            return first("look at it again", "复查");
        }
        if self.case.terms().any(|term| term.kept.is_none()) {
            return first("tell of every term of the agreement whether it was kept", "逐条登记协议履行情况");
        }
        let rounds = self.world.policy.closing.follow_up_rounds as usize;
        let last = self.case.follow_ups_of_round().next_back();
        let unsatisfied = last.is_some_and(|follow_up| follow_up.satisfied == Some(false));
        // A record that says 'closed' is history; there is no second round to ask for.
        if unsatisfied && self.case.follow_ups_of_round().count() < rounds && self.moment.by != Actor::Upstream {
            return first("follow up a second time: the reporter was not satisfied", "再次回访（上次不满意）");
        }
        let note = optional("note", &c.note, NOTE_MAX_CHARS)?.to_owned();
        self.push(Event::Closed { note });
        Ok(())
    }
}
