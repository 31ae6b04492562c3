//! Activities and tasks 活动、任务: what a community sets for its partners, who takes part, and what they are credited with.
//!
//! Pure. There must never be more takers than seats, nor more hours credited than the activity offers, and nobody is credited
//! unless somebody of the staff confirmed that they came.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    decide::required,
    event::Actor,
    ids::{ActivityId, PartnerId, UnitId},
    organisation::Organisation,
    partner::{LINE_MAX, Partner, PartnerKind, PartnerRules, Praise},
    refusal::Refusal,
};

/// Longest title and place, characters.
pub const TITLE_MAX: usize = 80;
/// Longest other text, characters.
pub const TEXT_MAX: usize = 1_000;
/// Most seats.
pub const SEATS_MAX: u32 = 500;
/// Longest time from beginning to end, days.
pub const DAYS_MAX: i64 = 366;

/// Kind of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// 志愿活动: open for everybody to look at.
    Volunteering,
    /// 共建任务: for partners only.
    Task,
}

/// Where an activity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityState {
    /// Seats may be taken 报名中.
    Open,
    /// Its time is over 已结束.
    Ended,
    /// Called off 已取消.
    Cancelled,
}

impl ActivityState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewActivity)]
pub struct Plan {
    /// What kind.
    pub kind: ActivityKind,
    /// What people call it.
    #[schema(min_length = 1, max_length = 80)]
    pub title: String,
    /// What is done, what to bring.
    #[schema(min_length = 1, max_length = 1000)]
    pub text: String,
    /// For which kinds of partner; none for all.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub kinds: BTreeSet<PartnerKind>,
    /// For partners of this unit and all below it.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// Where people meet.
    #[schema(min_length = 1, max_length = 80)]
    pub place: String,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// How many may take part.
    #[schema(minimum = 1, maximum = 500)]
    pub seats: u32,
    /// Minutes that are credited at most to each.
    pub minutes: u32,
}

/// What came of a seat: attendance 到场 as staff confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ActivitySettled)]
pub struct Settled {
    /// Whether they came.
    pub came: bool,
    /// Minutes credited.
    pub minutes: u32,
    /// Who confirmed it, as an actor.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A seat that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ActivitySeat)]
pub struct Seat {
    /// By whom.
    #[schema(value_type = String)]
    pub partner: PartnerId,
    /// What they are called: a person's name masked.
    pub name: String,
    /// What they are.
    pub kind: PartnerKind,
    /// When it was taken.
    #[schema(value_type = String, format = DateTime)]
    pub taken_at: Timestamp,
    /// When they said that it is done.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub done_at: Option<Timestamp>,
    /// What they said of it.
    #[serde(default)]
    pub note: String,
    /// What staff confirmed.
    pub settled: Option<Settled>,
    /// The line of thanks.
    #[serde(default)]
    pub thanks: String,
}

/// An activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Activity {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ActivityId,
    /// What was set.
    pub plan: Plan,
    /// Where it stands.
    pub state: ActivityState,
    /// Seats taken, in the order in which they were.
    pub seats: Vec<Seat>,
    /// Who set it, as an actor.
    pub set_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub set_at: Timestamp,
    /// Why it was called off.
    #[serde(default)]
    pub reason: String,
}

/// What staff do with an activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = ActivityAct)]
pub enum Act {
    /// Confirm who came, and for how long 确认到场与时长.
    Settle {
        /// Whose seat.
        #[schema(value_type = String, format = Uuid)]
        partner: PartnerId,
        /// Whether they came.
        came: bool,
        /// Minutes credited; 0 for who did not come.
        minutes: u32,
    },
    /// Thank who came 致谢.
    Thank {
        /// Whom.
        #[schema(value_type = String, format = Uuid)]
        partner: PartnerId,
        /// The line.
        #[schema(min_length = 1, max_length = 200)]
        text: String,
    },
    /// Call it off 取消.
    Cancel {
        /// Why; whoever took a seat reads it.
        #[schema(min_length = 1, max_length = 200)]
        reason: String,
    },
}

impl Act {
    /// Code of what happened, for the record.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Settle { .. } => "activity_attendance",
            Self::Thank { .. } => "activity_thanked",
            Self::Cancel { .. } => "activity_cancelled",
        }
    }

    /// The partner whom it is about.
    pub fn partner(&self) -> Option<PartnerId> {
        match self {
            Self::Settle { partner, .. } | Self::Thank { partner, .. } => Some(*partner),
            Self::Cancel { .. } => None,
        }
    }
}

impl Activity {
    /// Sets an activity.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field.
    pub fn set(
        id: ActivityId,
        plan: Plan,
        rules: &PartnerRules,
        organisation: &Organisation,
        by: &Actor,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let title = required("title", &plan.title, TITLE_MAX)?.to_owned();
        let text = required("text", &plan.text, TEXT_MAX)?.to_owned();
        let place = required("place", &plan.place, TITLE_MAX)?.to_owned();
        if organisation.unit(&plan.unit).is_none_or(|unit| !unit.active) {
            return Err(Refusal::unknown("unit", &plan.unit));
        }
        let lasts = plan.until.duration_since(plan.from);
        if lasts <= SignedDuration::ZERO || plan.until <= at || lasts > SignedDuration::from_hours(24 * DAYS_MAX) {
            return Err(Refusal::invalid(
                "until",
                format!("after it begins and after now, within {DAYS_MAX} days"),
                format!("应晚于开始时间和当前时间，且不超过 {DAYS_MAX} 天"),
            ));
        }
        if !(1..=SEATS_MAX).contains(&plan.seats) {
            return Err(Refusal::invalid("seats", format!("1 to {SEATS_MAX}"), format!("应为 1 至 {SEATS_MAX}")));
        }
        let most = i64::from(rules.credit_minutes).min(lasts.as_mins());
        if i64::from(plan.minutes) > most {
            return Err(Refusal::invalid(
                "minutes",
                format!("at most {most} minutes: no more than it takes, nor than the policy credits"),
                format!("最多 {most} 分钟，不超过活动时间和机制规定的上限"),
            ));
        }
        Ok(Self {
            id,
            plan: Plan { title, text, place, ..plan },
            state: ActivityState::Open,
            seats: Vec::new(),
            set_by: by.to_string(),
            set_at: at,
            reason: String::new(),
        })
    }

    /// The seat of a partner.
    pub fn seat(&self, partner: PartnerId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.partner == partner)
    }

    /// The seat of a partner of an activity that was not called off.
    fn seat_to_change(&mut self, partner: PartnerId) -> Result<&mut Seat, Refusal> {
        if self.state == ActivityState::Cancelled {
            return Err(Refusal::Already { what: "called off", what_zh: "取消" });
        }
        let seat = self.seats.iter_mut().find(|seat| seat.partner == partner);
        seat.ok_or_else(|| Refusal::unknown("seat", partner))
    }

    fn has_begun(&self, now: Timestamp) -> Result<(), Refusal> {
        if now < self.plan.from {
            return Err(Refusal::First { what: "wait until it begins", what_zh: "等活动开始" });
        }
        Ok(())
    }

    fn is_not_over(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.state {
            ActivityState::Cancelled => Err(Refusal::Already { what: "called off", what_zh: "取消" }),
            ActivityState::Open if now < self.plan.until => Ok(()),
            ActivityState::Open | ActivityState::Ended => {
                Err(Refusal::TooLate { what: "taking part", what_zh: "报名", due_at: self.plan.until })
            }
        }
    }

    /// Whether an activity is meant for this partner.
    ///
    /// # Errors
    /// It does not take part, or the activity is for other partners or another area.
    pub fn is_for(&self, partner: &Partner, organisation: &Organisation) -> Result<(), Refusal> {
        partner.takes_part()?;
        if !self.plan.kinds.is_empty() && !self.plan.kinds.contains(&partner.kind) {
            return Err(Refusal::invalid("activity", "one for your kind of partner", "该活动面向其他类型的伙伴"));
        }
        if !organisation.is_within(&partner.unit, &self.plan.unit) {
            return Err(Refusal::invalid("activity", "one of your area", "该活动面向其他区域的伙伴"));
        }
        Ok(())
    }

    /// Whether a partner may take a seat.
    ///
    /// # Errors
    /// It is over, full, for others, or taken already.
    pub fn may_take(&self, partner: &Partner, organisation: &Organisation, now: Timestamp) -> Result<(), Refusal> {
        self.is_for(partner, organisation)?;
        self.is_not_over(now)?;
        if self.seat(partner.id).is_some() {
            return Err(Refusal::Already { what: "taken", what_zh: "报名" });
        }
        if self.seats.len() >= self.plan.seats as usize {
            return Err(Refusal::Limit { what: "may take part", what_zh: "名额", max: self.plan.seats });
        }
        Ok(())
    }

    /// A partner takes a seat.
    ///
    /// # Errors
    /// As [`Self::may_take`].
    pub fn take(&mut self, partner: &Partner, organisation: &Organisation, now: Timestamp) -> Result<(), Refusal> {
        self.may_take(partner, organisation, now)?;
        self.seats.push(Seat {
            partner: partner.id,
            name: partner.name.clone(),
            kind: partner.kind,
            taken_at: now,
            done_at: None,
            note: String::new(),
            settled: None,
            thanks: String::new(),
        });
        Ok(())
    }

    /// A partner gives its seat back.
    ///
    /// # Errors
    /// It has none, or it is over or done.
    pub fn give_back(&mut self, partner: PartnerId, now: Timestamp) -> Result<(), Refusal> {
        self.is_not_over(now)?;
        let seat = self.seat_to_change(partner)?;
        if seat.done_at.is_some() || seat.settled.is_some() {
            return Err(Refusal::Already { what: "done", what_zh: "完成" });
        }
        self.seats.retain(|seat| seat.partner != partner);
        Ok(())
    }

    /// A partner says that it is done.
    ///
    /// # Errors
    /// It has no seat, it has not begun, or it was said or confirmed already.
    pub fn done(&mut self, partner: PartnerId, note: &str, now: Timestamp) -> Result<(), Refusal> {
        let note = required("note", note, TEXT_MAX)?.to_owned();
        self.has_begun(now)?;
        let seat = self.seat_to_change(partner)?;
        if seat.done_at.is_some() || seat.settled.is_some() {
            return Err(Refusal::Already { what: "done", what_zh: "完成" });
        }
        (seat.done_at, seat.note) = (Some(now), note);
        Ok(())
    }

    /// Staff confirm whether a partner came, and for how long: it is credited with that.
    ///
    /// # Errors
    /// It has no seat, it has not begun, it was confirmed already, or the minutes are too many.
    pub fn settle(
        &mut self,
        partner: &mut Partner,
        (came, minutes): (bool, u32),
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.has_begun(now)?;
        let most = if came { self.plan.minutes } else { 0 };
        let seat = self.seat_to_change(partner.id)?;
        if seat.settled.is_some() {
            return Err(Refusal::Already { what: "confirmed", what_zh: "确认" });
        }
        if minutes > most {
            return Err(Refusal::invalid("minutes", format!("at most {most}"), format!("最多 {most} 分钟")));
        }
        seat.settled = Some(Settled { came, minutes, by: by.to_string(), at: now });
        partner.minutes = partner.minutes.saturating_add(minutes);
        Ok(())
    }

    /// Staff of a unit thank a partner that came.
    ///
    /// # Errors
    /// It has no seat, nobody confirmed that it came, or it was thanked already.
    pub fn thank(&mut self, partner: &mut Partner, text: &str, unit: &UnitId, now: Timestamp) -> Result<(), Refusal> {
        let text = required("text", text, LINE_MAX)?.to_owned();
        let id = self.id;
        let seat = self.seat_to_change(partner.id)?;
        if !seat.settled.as_ref().is_some_and(|settled| settled.came) {
            return Err(Refusal::First { what: "confirm that they came", what_zh: "确认到场" });
        }
        if !seat.thanks.is_empty() {
            return Err(Refusal::Already { what: "thanked", what_zh: "致谢" });
        }
        seat.thanks.clone_from(&text);
        partner.praise(Praise { text, unit: unit.clone(), at: now, activity: Some(id) });
        Ok(())
    }

    /// Staff call it off.
    ///
    /// # Errors
    /// It is over already, or was called off.
    pub fn cancel(&mut self, reason: &str, now: Timestamp) -> Result<(), Refusal> {
        let reason = required("reason", reason, LINE_MAX)?.to_owned();
        self.is_not_over(now)?;
        (self.state, self.reason) = (ActivityState::Cancelled, reason);
        Ok(())
    }

    /// Its time may be over. Returns whether it is now.
    pub fn end(&mut self, now: Timestamp) -> bool {
        let ends = self.state == ActivityState::Open && self.plan.until <= now;
        if ends {
            self.state = ActivityState::Ended;
        }
        ends
    }
}
