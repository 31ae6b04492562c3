//! What was undertaken before it was asked, in numbers 未诉先办统计: of a unit and a period, beside the period before.
//!
//! What belongs to a case is read from the tally, so that each such number finds its cases again; the rest is counted from the
//! works that changed since the period began, from visits of spots, from weak signals, and from what the record keeps of
//! machine findings. Nothing is stored for it. It never counts more than [`WORKS_MAX`] works of a kind, and says so where
//! there are more.

use std::collections::{BTreeMap, BTreeSet};

use jiban_domain::{
    activity::{Activity, ActivityKind, ActivityState},
    campaign::Campaign,
    duty::{DutyCall, DutyCallState},
    figures::{Count, Share},
    hall::{HallDay, TicketState},
    ids::{PartnerId, UnitId},
    partner::{Partner, PartnerState},
    policy::{Language, Name},
    reception::{BookingState, ReceptionDay},
    signal::SignalState,
};
use jiban_store::{ReadTx, StoreError, spot_visits, tally::By};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    signals,
    works::{self, Work},
};
use crate::{
    assess::{letters::top_unit, numbers, period::Period},
    desk::machines::{self, MachineFindingState},
    infra::world::Snapshot,
};

/// Works of one kind that are looked through, and decisions about machine findings.
pub const WORKS_MAX: usize = 20_000;

/// Reception days are put into the schedule so many days ahead, as far as they are counted when nothing else happens to them.
const SCHEDULED_AHEAD_DAYS: i64 = 400;

/// What a figure belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AheadTopic)]
pub enum Topic {
    /// 扫楼扫街
    Rounds,
    /// 苗头
    Signals,
    /// 专项治理
    Campaigns,
    /// 调解法援
    Mediation,
    /// 服务大厅
    Hall,
    /// 领导接访
    Reception,
    /// 共建伙伴
    Partners,
    /// 志愿服务
    Volunteers,
    /// 值班来电
    Duty,
    /// 物联感知
    Machines,
}

impl Topic {
    /// What people see.
    pub fn name(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Rounds => ("扫楼扫街", "Rounds"),
            Self::Signals => ("苗头", "Signals"),
            Self::Campaigns => ("专项治理", "Campaigns"),
            Self::Mediation => ("调解法援", "Mediation and legal aid"),
            Self::Hall => ("服务大厅", "Request hall"),
            Self::Reception => ("领导接访", "Reception days"),
            Self::Partners => ("共建伙伴", "Partners"),
            Self::Volunteers => ("志愿服务", "Volunteers"),
            Self::Duty => ("值班来电", "Calls to duty posts"),
            Self::Machines => ("物联感知", "Machines"),
        };
        language.pick(zh, en)
    }
}

macro_rules! figures {
    ($($topic:ident { $($(#[$doc:meta])* $name:ident ($zh:literal, $en:literal),)* })*) => {
        /// What is counted. What belongs to a case is a [`Count`] of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = AheadFigure)]
        pub enum Figure { $($($(#[$doc])* $name,)*)* }

        impl Figure {
            /// Every figure, in the order in which they are told.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];
            /// What it belongs to.
            pub fn topic(self) -> Topic { match self { $($(Self::$name => Topic::$topic,)*)* } }
            /// What people see.
            pub fn name(self) -> Name {
                let (zh, en) = match self { $($(Self::$name => ($zh, $en),)*)* };
                Name { zh: zh.to_owned(), en: en.to_owned() }
            }
        }
    };
}

figures! {
    Rounds {
        /// Spots of the unit that are to be seen, as they are now.
        Spots("应巡点位", "spots to be seen"),
        /// … at which somebody was in the period.
        SpotsSeen("到过的点位", "spots seen"),
        /// … that at its end had been seen within the policy's days.
        SpotsInTime("期末按时巡查的点位", "spots seen in time at the end"),
        /// Findings of rounds.
        Findings("巡查发现", "findings"),
        /// … settled on the spot by who found them.
        FindingsOnSpot("当场处置", "settled on the spot"),
        /// … settled by now.
        FindingsSettled("已办结", "settled in all"),
    }
    Signals {
        /// Signals raised, or renewed while nobody had decided.
        SignalsRaised("新发现", "raised"),
        /// Signals that became a case, rounds or a campaign.
        SignalsAccepted("采纳", "accepted"),
        /// Signals that were dismissed with a reason.
        SignalsDismissed("不采纳", "dismissed"),
    }
    Campaigns {
        /// Campaigns begun.
        CampaignsBegun("新立专项", "begun"),
        /// Campaigns closed or given up.
        CampaignsEnded("结束专项", "ended"),
        /// Tasks done in time, or whose day went by undone.
        TasksEnded("到期任务", "tasks ended"),
        /// … done in time.
        TasksInTime("按时完成", "done in time"),
    }
    Mediation {
        /// Sessions held.
        Sessions("调解场次", "sessions"),
        /// … that gave legal aid.
        LegalAid("提供法律援助", "legal aid given"),
        /// Agreements signed.
        Agreements("达成协议", "agreements"),
        /// Terms of which it was told whether they were kept.
        TermsEnded("协议到期事项", "terms ended"),
        /// … kept.
        TermsKept("已履行", "terms kept"),
    }
    Hall {
        /// Numbers given.
        NumbersGiven("取号", "numbers given"),
        /// … called.
        NumbersCalled("叫号", "numbers called"),
        /// … called, and nobody came.
        NumbersMissed("过号", "missed"),
        /// Minutes from the number to its last call, the one in the middle.
        HallWait("等候时间中位数（分钟）", "median wait, minutes"),
    }
    Reception {
        /// Reception days held.
        ReceptionDays("接访日", "days"),
        /// Bookings for them that were not called off.
        Bookings("预约", "bookings"),
        /// … received, each of them a case.
        BookingsReceived("已接访立件", "received, each a case"),
        /// … where nobody came.
        BookingsMissed("未到", "nobody came"),
    }
    Partners {
        /// Partners admitted.
        PartnersAdmitted("新增伙伴", "admitted"),
        /// Self-checks made.
        SelfChecks("自查次数", "self-checks"),
        /// Things that were not so.
        SelfCheckFaults("自查发现问题", "things found at them"),
        /// Cases that partners reported.
        PartnerReports("伙伴上报诉求", "cases reported by partners"),
        /// Tasks taken.
        TasksTaken("认领任务", "tasks taken"),
        /// Tasks that a partner said are done.
        TasksDone("完成任务", "tasks done"),
    }
    Volunteers {
        /// Activities of volunteers that ended.
        Activities("志愿活动", "activities"),
        /// People who came, each counted once.
        People("到场人数", "people who came"),
        /// Hours credited, to the nearest.
        Hours("志愿时长（小时）", "hours"),
    }
    Duty {
        /// Calls that came in.
        Calls("来电", "calls"),
        /// … taken, late ones among them.
        CallsTaken("已接听", "taken"),
        /// … that nobody took.
        CallsMissed("无人接听", "missed"),
        /// Minutes until a call was taken, begun ones counted whole, the one in the middle.
        CallWait("接听用时中位数（分钟）", "median time to take, minutes"),
    }
    Machines {
        /// Events merged in the findings that were decided.
        MachineEvents("上报事件", "events"),
        /// Findings that a person decided about.
        MachineFindings("研判提示", "findings decided"),
        /// … that became a case.
        MachineCases("转为诉求件", "made a case"),
        /// … that were nothing.
        MachineDismissed("不属实", "dismissed"),
    }
}

impl Figure {
    /// The count of cases that it is; none where it is none of the tally's.
    pub fn count(self) -> Option<Count> {
        match self {
            Self::Findings => Some(Count::Findings),
            Self::FindingsOnSpot => Some(Count::FindingsOnSpot),
            Self::FindingsSettled => Some(Count::FindingsFinished),
            Self::Sessions => Some(Count::MediationSessions),
            Self::LegalAid => Some(Count::LegalAid),
            Self::Agreements => Some(Count::Agreements),
            Self::TermsEnded => Some(Count::TermsEnded),
            Self::TermsKept => Some(Count::TermsKept),
            Self::PartnerReports => Some(Count::Registered),
            _ => None,
        }
    }

    /// The whole that it is a part of.
    pub fn whole(self) -> Option<Self> {
        match self {
            Self::SpotsSeen | Self::SpotsInTime => Some(Self::Spots),
            Self::FindingsOnSpot | Self::FindingsSettled => Some(Self::Findings),
            Self::TasksInTime => Some(Self::TasksEnded),
            Self::LegalAid => Some(Self::Sessions),
            Self::TermsKept => Some(Self::TermsEnded),
            Self::NumbersCalled => Some(Self::NumbersGiven),
            Self::NumbersMissed => Some(Self::NumbersCalled),
            Self::BookingsReceived | Self::BookingsMissed => Some(Self::Bookings),
            Self::CallsTaken | Self::CallsMissed => Some(Self::Calls),
            Self::MachineCases | Self::MachineDismissed => Some(Self::MachineFindings),
            _ => None,
        }
    }
}

/// A figure of the period, beside the period before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AheadLine)]
pub struct Line {
    /// Which.
    pub what: Figure,
    /// In the period; none where there is nothing to take a middle of.
    pub now: Option<i64>,
    /// In the period before.
    pub before: Option<i64>,
}

/// The figures that have something to tell, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AheadCounted)]
pub struct Counted {
    /// Them. What was nothing in both periods is left out.
    pub lines: Vec<Line>,
    /// Whether there was more than is counted.
    pub more: bool,
}

impl Counted {
    /// A figure of the period; nought where it is not told.
    pub fn now(&self, what: Figure) -> i64 {
        self.lines.iter().find(|line| line.what == what).and_then(|line| line.now).unwrap_or(0)
    }

    /// A figure as a part of its whole, in the period; none where it is none, or the whole is nothing.
    pub fn share(&self, what: Figure) -> Option<f64> {
        Share { part: self.now(what), whole: self.now(what.whole()?) }.value()
    }
}

/// What is counted of one period.
#[derive(Debug, Default)]
struct Numbers {
    counts: BTreeMap<Figure, i64>,
    /// Seconds that whoever was called waited in the hall.
    hall: Vec<i64>,
    /// Seconds until calls were taken.
    calls: Vec<i64>,
    people: BTreeSet<PartnerId>,
    minutes: i64,
}

impl Numbers {
    fn add(&mut self, what: Figure, number: i64) {
        *self.counts.entry(what).or_default() += number;
    }

    fn add_if(&mut self, so: bool, what: Figure) {
        self.add(what, i64::from(so));
    }
}

/// The one in the middle, in minutes; begun minutes count whole.
fn middle(mut seconds: Vec<i64>) -> Option<i64> {
    seconds.sort_unstable();
    let high = *seconds.get(seconds.len() / 2)?;
    let low = *seconds.get(seconds.len().saturating_sub(1) / 2)?;
    // Half of both, and 60 seconds a minute.
    Some((low + high).max(0).saturating_add(119) / 120)
}

struct Counting<'a> {
    snapshot: &'a Snapshot,
    unit: &'a UnitId,
    zone: TimeZone,
    now: Timestamp,
    /// The period and the one before.
    periods: [Period; 2],
    numbers: [Numbers; 2],
    more: bool,
}

/// Counts for a unit and all below it.
///
/// # Errors
/// The store's.
pub fn count(tx: &mut ReadTx<'_>, snapshot: &Snapshot, unit: &UnitId, period: Period) -> Result<Counted, StoreError> {
    let before = period.previous().map_err(|why| StoreError::other(why.to_string()))?;
    let mut counting = Counting {
        snapshot,
        unit,
        zone: snapshot.calendar.zone().clone(),
        now: tx.now(),
        periods: [period, before],
        numbers: Default::default(),
        more: false,
    };
    counting.cases(tx)?;
    counting.spots(tx)?;
    counting.signals(tx)?;
    counting.machines(tx)?;
    // Whatever happened to a work in either period changed it then or later; only a reception day comes by itself.
    let since = counting.start(before.first);
    let scheduled = since.saturating_sub((SCHEDULED_AHEAD_DAYS * 24).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
    counting.works(tx, since, Counting::campaign)?;
    counting.works(tx, since, Counting::hall_day)?;
    counting.works(tx, scheduled, Counting::reception_day)?;
    counting.works(tx, since, Counting::partner)?;
    counting.works(tx, since, Counting::activity)?;
    counting.works(tx, since, Counting::duty_call)?;
    Ok(counting.told())
}

impl Counting<'_> {
    fn is_own(&self, unit: &UnitId) -> bool {
        self.snapshot.organisation.is_within(unit, self.unit)
    }

    /// The numbers of the period that a day lies in.
    fn on(&mut self, day: Date) -> Option<&mut Numbers> {
        let place = self.periods.iter().position(|period| period.first <= day && day <= period.last)?;
        self.numbers.get_mut(place)
    }

    fn at(&mut self, at: Timestamp) -> Option<&mut Numbers> {
        let day = at.to_zoned(self.zone.clone()).date();
        self.on(day)
    }

    fn start(&self, day: Date) -> Timestamp {
        day.to_zoned(self.zone.clone()).map_or(Timestamp::MAX, |day| day.timestamp())
    }

    /// From when until before when.
    fn span(&self, period: Period) -> (Timestamp, Timestamp) {
        (self.start(period.first), self.snapshot.calendar.end_of(period.last))
    }

    /// What the tally knows.
    fn cases(&mut self, tx: &mut ReadTx<'_>) -> Result<(), StoreError> {
        let partners = self.snapshot.policy.partners.as_ref();
        for (period, numbers) in self.periods.into_iter().zip(&mut self.numbers) {
            let all = numbers::whole(tx, self.unit, period)?;
            for what in Figure::ALL.iter().filter(|what| **what != Figure::PartnerReports) {
                if let Some(count) = what.count() {
                    numbers.add(*what, all.all(count));
                }
            }
            if let Some(rules) = partners {
                let channels = numbers::apart(tx, self.unit, By::Channel, period)?;
                let reported = channels.get(rules.channel.as_str()).map_or(0, |sums| sums.all(Count::Registered));
                numbers.add(Figure::PartnerReports, reported);
            }
        }
        Ok(())
    }

    /// Which spots there are is known of now only; where nobody ever goes on rounds, none are told of.
    fn spots(&mut self, tx: &mut ReadTx<'_>) -> Result<(), StoreError> {
        let every = i64::from(self.snapshot.policy.rounds.every_days) * 24;
        let spots = self.snapshot.organisation.spots().filter(|spot| self.is_own(&spot.grid));
        let spots: Vec<String> = spots.map(|spot| spot.id.to_string()).collect();
        let spans = self.periods.map(|period| self.span(period));
        for ((first, end), numbers) in spans.into_iter().zip(&mut self.numbers) {
            let due = end.min(self.now).saturating_sub(every.hours()).unwrap_or(Timestamp::UNIX_EPOCH);
            let mut last: BTreeMap<String, Timestamp> = BTreeMap::new();
            for seen in spot_visits::seen(tx, &spots, (first.min(due), end))? {
                let known = last.entry(seen.spot).or_insert(seen.last);
                *known = seen.last.max(*known);
            }
            if last.is_empty() {
                continue;
            }
            let since = |at: Timestamp| {
                let seen = last.values().filter(|last| **last >= at).count();
                i64::try_from(seen).unwrap_or(i64::MAX)
            };
            numbers.add(Figure::Spots, i64::try_from(spots.len()).unwrap_or(i64::MAX));
            numbers.add(Figure::SpotsSeen, since(first));
            numbers.add(Figure::SpotsInTime, since(due));
        }
        Ok(())
    }

    /// A signal of everywhere is the business of the unit whose numbers are compared, and of those above it.
    fn signals(&mut self, tx: &mut ReadTx<'_>) -> Result<(), StoreError> {
        let since = self.start(self.periods[1].first);
        let found = signals::changed(tx, since, i64::try_from(WORKS_MAX).unwrap_or(i64::MAX))?;
        self.more |= found.len() == WORKS_MAX;
        for signal in found {
            let area = signal.of.area.clone().unwrap_or_else(|| top_unit(self.snapshot));
            if !self.is_own(&area) {
                continue;
            }
            if let Some(numbers) = self.at(signal.first()) {
                numbers.add(Figure::SignalsRaised, 1);
            }
            if let Some(numbers) = signal.decision.as_ref().and_then(|decision| self.at(decision.at)) {
                numbers.add_if(signal.state == SignalState::Accepted, Figure::SignalsAccepted);
                numbers.add_if(signal.state == SignalState::Dismissed, Figure::SignalsDismissed);
            }
        }
        Ok(())
    }

    /// What nobody decided about is no finding yet.
    fn machines(&mut self, tx: &mut ReadTx<'_>) -> Result<(), StoreError> {
        let (from, until) = (self.start(self.periods[1].first), self.snapshot.calendar.end_of(self.periods[0].last));
        let most = i64::try_from(WORKS_MAX).unwrap_or(i64::MAX);
        let found = machines::decided(tx, self.snapshot, (from, until), most)?;
        self.more |= found.len() == WORKS_MAX;
        for decided in found {
            // A place that is gone is the whole's.
            let area = decided.grid.unwrap_or_else(|| top_unit(self.snapshot));
            if !self.is_own(&area) {
                continue;
            }
            let Some(numbers) = self.at(decided.at) else { continue };
            numbers.add(Figure::MachineEvents, decided.events);
            numbers.add(Figure::MachineFindings, 1);
            numbers.add_if(decided.state == MachineFindingState::Accepted, Figure::MachineCases);
            numbers.add_if(decided.state == MachineFindingState::Dismissed, Figure::MachineDismissed);
        }
        Ok(())
    }

    fn works<T: Work>(
        &mut self,
        tx: &mut ReadTx<'_>,
        since: Timestamp,
        count: fn(&mut Self, &T),
    ) -> Result<(), StoreError> {
        let all = works::changed(tx, since, WORKS_MAX, |work: T| count(self, &work))?;
        self.more |= !all;
        Ok(())
    }

    fn campaign(&mut self, campaign: &Campaign) {
        if campaign.units().any(|unit| self.is_own(unit)) {
            if let Some(numbers) = self.at(campaign.begun_at) {
                numbers.add(Figure::CampaignsBegun, 1);
            }
            if let Some(numbers) = campaign.ended_at.and_then(|at| self.at(at)) {
                numbers.add(Figure::CampaignsEnded, 1);
            }
        }
        for task in &campaign.tasks {
            if !self.is_own(&task.unit) {
                continue;
            }
            let late = task.is_late(self.now, &self.zone);
            // What was given up before its day is no task any more.
            let over = self.snapshot.calendar.end_of(task.due);
            let fell_away = task.done_at.is_none() && campaign.ended_at.is_some_and(|ended| ended < over);
            let numbers = match task.done_at {
                _ if fell_away => None,
                _ if late => self.on(task.due),
                Some(at) => self.at(at),
                None => None,
            };
            if let Some(numbers) = numbers {
                numbers.add(Figure::TasksEnded, 1);
                numbers.add_if(!late, Figure::TasksInTime);
            }
        }
    }

    fn hall_day(&mut self, day: &HallDay) {
        if !self.is_own(&day.unit) {
            return;
        }
        let Some(numbers) = self.on(day.day) else { return };
        for ticket in &day.tickets {
            numbers.add(Figure::NumbersGiven, 1);
            numbers.add_if(ticket.state == TicketState::Gone, Figure::NumbersMissed);
            if let Some(called) = ticket.called_at {
                numbers.add(Figure::NumbersCalled, 1);
                numbers.hall.push(called.duration_since(ticket.taken_at).as_secs());
            }
        }
    }

    fn reception_day(&mut self, day: &ReceptionDay) {
        if day.cancelled || !self.is_own(&day.unit) || self.start(day.date) > self.now {
            return;
        }
        let Some(numbers) = self.on(day.date) else { return };
        numbers.add(Figure::ReceptionDays, 1);
        for booking in day.bookings.iter().filter(|booking| booking.state != BookingState::Cancelled) {
            numbers.add(Figure::Bookings, 1);
            numbers.add_if(booking.state == BookingState::Received, Figure::BookingsReceived);
            numbers.add_if(booking.state == BookingState::Missed, Figure::BookingsMissed);
        }
    }

    fn partner(&mut self, partner: &Partner) {
        if !self.is_own(&partner.unit) {
            return;
        }
        let admitted = matches!(partner.state, PartnerState::Active | PartnerState::Left);
        if let Some(numbers) = partner.decided_at.filter(|_| admitted).and_then(|at| self.at(at)) {
            numbers.add(Figure::PartnersAdmitted, 1);
        }
        for check in &partner.checks {
            let Some(numbers) = self.at(check.at) else { continue };
            numbers.add(Figure::SelfChecks, 1);
            check.items.values().for_each(|is_so| numbers.add_if(!is_so, Figure::SelfCheckFaults));
        }
    }

    fn activity(&mut self, activity: &Activity) {
        if activity.state == ActivityState::Cancelled || !self.is_own(&activity.plan.unit) {
            return;
        }
        match activity.plan.kind {
            ActivityKind::Volunteering if activity.plan.until <= self.now => {
                let Some(numbers) = self.at(activity.plan.until) else { return };
                numbers.add(Figure::Activities, 1);
                for seat in &activity.seats {
                    if let Some(settled) = seat.settled.as_ref().filter(|settled| settled.came) {
                        numbers.people.insert(seat.partner);
                        numbers.minutes += i64::from(settled.minutes);
                    }
                }
            }
            ActivityKind::Volunteering => {}
            ActivityKind::Task => {
                for seat in &activity.seats {
                    if let Some(numbers) = self.at(seat.taken_at) {
                        numbers.add(Figure::TasksTaken, 1);
                    }
                    if let Some(numbers) = seat.done_at.and_then(|at| self.at(at)) {
                        numbers.add(Figure::TasksDone, 1);
                    }
                }
            }
        }
    }

    fn duty_call(&mut self, call: &DutyCall) {
        if !self.is_own(&call.unit) {
            return;
        }
        let Some(numbers) = self.at(call.at) else { return };
        numbers.add(Figure::Calls, 1);
        numbers.add_if(call.state == DutyCallState::Taken, Figure::CallsTaken);
        numbers.add_if(call.state == DutyCallState::Unanswered, Figure::CallsMissed);
        if let Some(taken) = call.taken_at {
            numbers.calls.push(taken.duration_since(call.at).as_secs());
        }
    }

    fn told(self) -> Counted {
        let [now, before] = self.numbers.map(|mut numbers| {
            numbers.add(Figure::People, i64::try_from(numbers.people.len()).unwrap_or(i64::MAX));
            numbers.add(Figure::Hours, (numbers.minutes + 30) / 60);
            let mut told: BTreeMap<Figure, i64> = numbers.counts;
            told.extend(middle(numbers.hall).map(|minutes| (Figure::HallWait, minutes)));
            told.extend(middle(numbers.calls).map(|minutes| (Figure::CallWait, minutes)));
            told
        });
        let is_middle = |what| matches!(what, Figure::HallWait | Figure::CallWait);
        let number =
            |told: &BTreeMap<Figure, i64>, what| told.get(&what).copied().or_else(|| (!is_middle(what)).then_some(0));
        let lines = Figure::ALL.iter().map(|what| Line {
            what: *what,
            now: number(&now, *what),
            before: number(&before, *what),
        });
        let tells = |line: &Line| line.now.unwrap_or(0) != 0 || line.before.unwrap_or(0) != 0;
        Counted { lines: lines.filter(tells).collect(), more: self.more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_waits_is_told_in_begun_minutes() {
        assert_eq!(middle(Vec::new()), None);
        assert_eq!(middle(vec![300]), Some(5));
        assert_eq!(middle(vec![600, 1]), Some(6));
        assert_eq!(middle(vec![61, 1, 9_000]), Some(2));
        assert_eq!(middle(vec![0, 0, 60]), Some(0));
    }
}
