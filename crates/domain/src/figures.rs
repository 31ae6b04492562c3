//! Figures 统计: what one case adds to the numbers of which day, and what shares are made of them.
//!
//! A fact is dated by what it tells of: an intake by its registration, a clock by its end, an answer by the call that
//! brought it. Facts are a function of the folded case, so a changed case replaces what it had added, and everything
//! counted can be counted anew. Nothing here may decide anything, forgive a breach or leave a case out silently: what
//! the policy leaves out of a rate is counted apart, under its reason.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fmt,
    str::FromStr,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::{
    case::{AttachmentKind, Case, Mark, Origin, SessionOutcome, State},
    clock::{Clock, Standing},
    ids::{BadCode, ClockId, PersonId, UnitId},
    policy::{Milestone, Policy, Rate},
};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident ($code:literal, $zh:literal, $en:literal),)*) => {
        /// What is counted of cases.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = Counted)]
        pub enum Count { $($(#[$doc])* $name,)* }

        impl Count {
            /// Every count with its code.
            pub const CODES: &'static [(&'static str, Self)] = &[$(($code, Self::$name),)*];
            /// Code as stored and as the policy writes it.
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            /// In Chinese.
            pub fn zh(self) -> &'static str { match self { $(Self::$name => $zh,)* } }
            /// In English.
            pub fn en(self) -> &'static str { match self { $(Self::$name => $en,)* } }
        }
    };
}

counts! {
    /// Cases registered, of every origin.
    Registered("registered", "受理数", "cases registered"),
    /// Cases that somebody asked for.
    Requests("requests", "群众诉求数", "requests"),
    /// Cases that a sensor or our own analysis raised.
    Signals("signals", "弱信号件数", "signals"),
    /// Repeats of an earlier case.
    Repeats("repeats", "重复件数", "repeat cases"),
    /// Cases measured by the state bureau.
    StateRated("state_rated", "国满件数", "state-rated cases"),
    /// Contact clocks met.
    ContactMet("contact_met", "按时联系数", "contacts in time"),
    /// Contact clocks ended (met or breached).
    ContactDue("contact_due", "应联系数", "contacts due"),
    /// Clocks of all kinds met.
    ClocksMet("clocks_met", "按时完成的时限数", "clocks met"),
    /// Clocks of all kinds ended (met or breached).
    ClocksDue("clocks_due", "到期的时限数", "clocks ended"),
    /// Clocks of all kinds breached.
    ClocksBreached("clocks_breached", "超时的时限数", "clocks breached"),
    /// Cases finished, by their latest finish.
    Finished("finished", "办结数", "cases finished"),
    /// Minutes from registration to finish, in sum over the cases finished.
    FinishMinutes("finish_minutes", "办结用时合计（分钟）", "minutes to finish, in sum"),
    /// Cases closed.
    Closed("closed", "结案数", "cases closed"),
    /// Cases not taken.
    Declined("declined", "不予受理数", "cases declined"),
    /// Cases handed to the upstream platform.
    HandedUpstream("handed_upstream", "上报上级数", "cases handed upstream"),
    /// Times a unit said 'not ours'.
    Returns("returns", "退回次数", "returns"),
    /// Finished cases that were taken up again.
    Reopened("reopened", "重办数", "cases reopened"),
    /// Finished without a photo of the place where the category asks for one.
    PhotoMissing("photo_missing", "应有照片而无照片的办结数", "finished without the photo that was due"),
    /// Contacts logged as reached by somebody who had not seen how to reach the reporter.
    UnprovenContacts("unproven_contacts", "未见通话依据的联系数", "contacts without a call on record"),
    /// Cases validly followed up: somebody was reached.
    FollowedUp("followed_up", "有效回访数", "cases validly followed up"),
    /// … answered 'responded'.
    Responded("responded", "回访答“已响应”数", "answers 'responded'"),
    /// … answered 'solved'.
    Solved("solved", "回访答“已解决”数", "answers 'solved'"),
    /// … answered 'satisfied'.
    Satisfied("satisfied", "回访答“满意”数", "answers 'satisfied'"),
    /// Cases followed up in which nobody could be reached.
    Unreachable("unreachable", "回访联系不上数", "follow-ups that reached nobody"),
    /// Cases graded.
    Rated("rated", "评价数", "cases graded"),
    /// … badly, as first given.
    RatedBad("rated_bad", "差评数", "bad grades given"),
    /// … badly, and neither lifted on appeal nor by a new grade.
    BadStanding("bad_standing", "有效差评数", "bad grades that stand"),
    /// Appeals against a bad grade.
    Appeals("appeals", "申诉数", "appeals"),
    /// … upheld.
    AppealsUpheld("appeals_upheld", "申诉成立数", "appeals upheld"),
    /// Cases whose reporter's last word is 'satisfied': the grade where there is one, else the follow-up.
    Content("content", "满意件数", "satisfied cases"),
    /// Cases that count as satisfied only after an appeal.
    ContentAfterAppeal("content_after_appeal", "申诉后满意件数", "satisfied after appeal"),
    /// Whistles blown.
    Whistles("whistles", "吹哨数", "whistles"),
    /// Whistle calls made, one a unit, once answered or due.
    WhistleCalls("whistle_calls", "吹哨召集单位次数", "units called by whistle"),
    /// … answered in time.
    ReportIns("report_ins", "按时报到次数", "report-ins in time"),
    /// Whistles settled.
    WhistlesSettled("whistles_settled", "办结的吹哨数", "whistles settled"),
    /// … as solved.
    WhistlesSolved("whistles_solved", "吹哨解决数", "whistles settled as solved"),
    /// Findings of inspections.
    Findings("findings", "巡查发现数", "findings of rounds"),
    /// … finished.
    FindingsFinished("findings_finished", "巡查问题办结数", "findings finished"),
    /// … settled on the spot by who found them.
    FindingsOnSpot("findings_on_spot", "巡查问题当场处置数", "findings settled on the spot"),
    /// Sessions of mediation and legal aid held.
    MediationSessions("mediation_sessions", "调解场次", "sessions of mediation"),
    /// … that gave advice or legal aid, and that was all that was asked for.
    LegalAid("legal_aid", "提供法律援助数", "times legal aid was given"),
    /// Agreements signed.
    Agreements("agreements", "达成调解协议数", "agreements signed"),
    /// Terms of agreements of which it was told whether they were kept.
    TermsEnded("terms_ended", "到期的协议条款数", "terms of agreements ended"),
    /// … kept.
    TermsKept("terms_kept", "已履行的协议条款数", "terms kept"),
}

/// What may stand above which line: the part, then the whole it is a part of.
pub const PARTS: [(Count, Count); 22] = [
    (Count::Requests, Count::Registered),
    (Count::Repeats, Count::Registered),
    (Count::StateRated, Count::Registered),
    (Count::ContactMet, Count::ContactDue),
    (Count::UnprovenContacts, Count::ContactDue),
    (Count::ClocksMet, Count::ClocksDue),
    (Count::ClocksBreached, Count::ClocksDue),
    (Count::Reopened, Count::Registered),
    (Count::PhotoMissing, Count::Finished),
    (Count::Responded, Count::FollowedUp),
    (Count::Solved, Count::FollowedUp),
    (Count::Satisfied, Count::FollowedUp),
    (Count::RatedBad, Count::Rated),
    (Count::BadStanding, Count::Rated),
    (Count::AppealsUpheld, Count::Appeals),
    (Count::ReportIns, Count::WhistleCalls),
    (Count::WhistlesSettled, Count::Whistles),
    (Count::WhistlesSolved, Count::WhistlesSettled),
    (Count::FindingsFinished, Count::Findings),
    (Count::FindingsOnSpot, Count::Findings),
    (Count::LegalAid, Count::MediationSessions),
    (Count::TermsKept, Count::TermsEnded),
];

/// One kind of number: a [`Count`], or one that the policy's own codes make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// A count.
    Of(Count),
    /// Grades of this height, as first given.
    Grade(u8),
    /// Breaches of this clock rule.
    Breach(ClockId),
}

impl From<Count> for Measure {
    fn from(count: Count) -> Self {
        Self::Of(count)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(count) => f.write_str(count.as_str()),
            Self::Grade(grade) => write!(f, "grade:{grade}"),
            Self::Breach(rule) => write!(f, "breach:{rule}"),
        }
    }
}

impl FromStr for Measure {
    type Err = BadCode;

    fn from_str(text: &str) -> Result<Self, BadCode> {
        let bad = || BadCode(text.chars().take(80).collect());
        match text.split_once(':') {
            Some(("grade", grade)) => grade.parse().map(Self::Grade).map_err(|_| bad()),
            Some(("breach", rule)) => ClockId::new(rule).map(Self::Breach),
            Some(_) => Err(bad()),
            None => {
                Count::CODES.iter().find(|(code, _)| *code == text).map(|(_, count)| Self::Of(*count)).ok_or_else(bad)
            }
        }
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Numbers by what they count; what is not there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<Measure, i64>);

impl Counts {
    /// The number of this measure.
    pub fn get(&self, measure: &Measure) -> i64 {
        self.0.get(measure).copied().unwrap_or(0)
    }

    /// The number of this count.
    pub fn of(&self, count: Count) -> i64 {
        self.get(&Measure::Of(count))
    }

    /// Adds so many; what comes to nothing is not kept.
    pub fn add(&mut self, measure: Measure, number: i64) {
        match self.0.entry(measure) {
            Entry::Vacant(place) if number != 0 => {
                place.insert(number);
            }
            Entry::Vacant(_) => {}
            Entry::Occupied(sum) if *sum.get() + number == 0 => {
                sum.remove();
            }
            Entry::Occupied(mut sum) => *sum.get_mut() += number,
        }
    }

    /// Adds all of the other's, `times` as often: -1 takes them away.
    pub fn merge(&mut self, other: &Self, times: i64) {
        for (measure, number) in &other.0 {
            self.add(measure.clone(), number * times);
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each measure with its number.
    pub fn iter(&self) -> impl Iterator<Item = (&Measure, i64)> {
        self.0.iter().map(|(measure, number)| (measure, *number))
    }
}

/// What a case adds to the numbers of one day, on the account of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The day, in the time zone of the policy.
    pub day: Date,
    /// Whose number it is: the unit that led then; the called unit of a whistle; the first receiver where nobody leads.
    pub unit: UnitId,
    /// The handler, where the unit is the one that he handles it for.
    pub person: Option<PersonId>,
    /// The numbers.
    pub counts: Counts,
}

/// Why a case is counted apart: the reason for which the liaison office leaves it out of assessment, or for which it was
/// declined.
pub fn apart(case: &Case) -> Option<&str> {
    case.excluded.as_deref().or(case.declined.as_deref())
}

/// What a case adds to which days.
pub fn facts(case: &Case, policy: &Policy, zone: &TimeZone) -> Vec<Fact> {
    let mut counting = Counting { case, policy, zone, facts: BTreeMap::new() };
    counting.intake();
    counting.clocks();
    counting.handling();
    counting.whistles();
    counting.mediation();
    counting.answers();
    counting.grades();
    let of = |((day, unit), counts): ((Date, UnitId), Counts)| {
        let person = case.handler.clone().filter(|_| case.lead.as_ref() == Some(&unit));
        Fact { day, unit, person, counts }
    };
    counting.facts.into_iter().map(of).collect()
}

struct Counting<'a> {
    case: &'a Case,
    policy: &'a Policy,
    zone: &'a TimeZone,
    facts: BTreeMap<(Date, UnitId), Counts>,
}

impl Counting<'_> {
    fn count(&mut self, at: Timestamp, measure: Measure) {
        self.add(at, measure, 1);
    }

    fn add(&mut self, at: Timestamp, measure: Measure, number: i64) {
        let unit = self.case.lead_at(at).unwrap_or(&self.case.first_receiver).clone();
        self.add_for(at, unit, measure, number);
    }

    fn count_for(&mut self, at: Timestamp, unit: UnitId, measure: Measure) {
        self.add_for(at, unit, measure, 1);
    }

    fn add_for(&mut self, at: Timestamp, unit: UnitId, measure: Measure, number: i64) {
        let day = at.to_zoned(self.zone.clone()).date();
        self.facts.entry((day, unit)).or_default().add(measure, number);
    }

    /// Of several things those that are so.
    fn count_those<M: Into<Measure>>(
        &mut self,
        at: Timestamp,
        unit: &UnitId,
        told: impl IntoIterator<Item = (bool, M)>,
    ) {
        for (_, measure) in told.into_iter().filter(|(so, _)| *so) {
            self.count_for(at, unit.clone(), measure.into());
        }
    }

    fn count_if(&mut self, so: bool, at: Timestamp, count: Count) {
        if so {
            self.count(at, Measure::Of(count));
        }
    }

    /// An intake is on the account of whoever leads it: nobody is better or worse for having taken the call.
    fn intake(&mut self) {
        let case = self.case;
        let at = case.registered_at;
        let unit = case.lead.as_ref().unwrap_or(&case.first_receiver).clone();
        let is_finding = case.origin == Origin::Inspection;
        let is_done = matches!(case.state, State::Finished | State::Closed);
        let told = [
            (true, Count::Registered),
            (case.origin == Origin::Request, Count::Requests),
            (case.origin == Origin::Signal, Count::Signals),
            (case.repeat_of.is_some(), Count::Repeats),
            (case.marks.contains(&Mark::StateRated), Count::StateRated),
            (is_finding, Count::Findings),
            (is_finding && is_done, Count::FindingsFinished),
            (is_finding && is_done && case.is_settled_on_the_spot(), Count::FindingsOnSpot),
        ];
        self.count_those(at, &unit, told);
    }

    fn clocks(&mut self) {
        let stop = |clock: &Clock| self.policy.clocks.get(&clock.rule).map(|rule| rule.stop);
        // A term of an agreement is the parties' to keep: no unit is judged by it.
        for clock in self.case.clocks.iter().filter(|clock| stop(clock) != Some(Milestone::Performed)) {
            let (at, met) = match clock.standing {
                Standing::Met { at } => (at, true),
                Standing::Breached { .. } => (clock.due_at, false),
                Standing::Running | Standing::Cancelled { .. } => continue,
            };
            let unit =
                clock.unit.as_ref().or_else(|| self.case.lead_at(at)).unwrap_or(&self.case.first_receiver).clone();
            let is_contact = stop(clock) == Some(Milestone::Contacted);
            let told = [
                (true, Measure::Of(Count::ClocksDue)),
                (met, Measure::Of(Count::ClocksMet)),
                (!met, Measure::Of(Count::ClocksBreached)),
                (is_contact, Measure::Of(Count::ContactDue)),
                (is_contact && met, Measure::Of(Count::ContactMet)),
                (!met, Measure::Breach(clock.rule.clone())),
            ];
            self.count_those(at, &unit, told);
        }
    }

    fn handling(&mut self) {
        let case = self.case;
        for returned in &case.returns {
            self.count_for(returned.at, returned.unit.clone(), Measure::Of(Count::Returns));
        }
        if case.round > 1
            && let Some(at) = case.milestones.get(&Milestone::Dispatched)
        {
            self.count(*at, Measure::Of(Count::Reopened));
        }
        if let Some(at) = case.unproven_contact {
            self.count(at, Measure::Of(Count::UnprovenContacts));
        }
        if let Some(at) = case.milestones.get(&Milestone::Finished).copied() {
            self.count(at, Measure::Of(Count::Finished));
            let minutes = at.duration_since(case.registered_at).as_mins().max(0);
            self.add(at, Measure::Of(Count::FinishMinutes), minutes);
            let category = case.category.as_ref().and_then(|id| self.policy.categories.get(id));
            let has_photo = case.attachments.iter().any(|photo| photo.kind == AttachmentKind::After);
            self.count_if(category.is_some_and(|category| category.photo_due) && !has_photo, at, Count::PhotoMissing);
        }
        if let Some(at) = case.ended_at {
            self.count_if(case.state == State::Closed, at, Count::Closed);
            self.count_if(case.state == State::Declined, at, Count::Declined);
            self.count_if(case.state == State::Upstream, at, Count::HandedUpstream);
        }
    }

    /// A whistle is dated by when it was blown, so that what was answered is a part of what was called.
    fn whistles(&mut self) {
        for whistle in &self.case.whistles {
            let called: BTreeSet<&UnitId> = whistle.called.keys().collect();
            for unit in called {
                let clock = |clock: &&Clock| clock.round == whistle.number && clock.unit.as_ref() == Some(unit);
                let clock = self.case.clocks.iter().find(clock).map(|clock| &clock.standing);
                let answered = whistle.called.get(unit).is_some_and(Option::is_some);
                let late = matches!(clock, Some(Standing::Breached { .. }));
                if answered || late {
                    self.count_for(whistle.at, unit.clone(), Measure::Of(Count::WhistleCalls));
                }
                if answered && !late {
                    self.count_for(whistle.at, unit.clone(), Measure::Of(Count::ReportIns));
                }
            }
            let settled = whistle.outcome.as_deref();
            let told = [
                (true, Count::Whistles),
                (settled.is_some(), Count::WhistlesSettled),
                (settled == Some("solved"), Count::WhistlesSolved),
            ];
            self.count_those(whistle.at, &whistle.caller, told);
        }
    }

    /// On the account of whoever mediates: where the case was routed to, else whoever leads it.
    fn mediation(&mut self) {
        let case = self.case;
        for session in &case.sessions {
            let unit = self.mediator(session.held_at);
            let gave = session.outcome == SessionOutcome::Advised;
            let told = [(true, Count::MediationSessions), (gave, Count::LegalAid)];
            self.count_those(session.held_at, &unit, told);
        }
        for agreement in &case.agreements {
            let unit = self.mediator(agreement.at);
            self.count_for(agreement.at, unit, Measure::Of(Count::Agreements));
        }
        for term in case.terms() {
            let (Some(kept), Some(at)) = (term.kept, term.kept_at) else { continue };
            let unit = self.mediator(at);
            self.count_those(at, &unit, [(true, Count::TermsEnded), (kept, Count::TermsKept)]);
        }
    }

    fn mediator(&self, at: Timestamp) -> UnitId {
        let routed = self.case.route.as_ref().and_then(|route| route.unit.as_ref());
        routed.or_else(|| self.case.lead_at(at)).unwrap_or(&self.case.first_receiver).clone()
    }

    /// A case has one valid follow-up: the last that reached somebody.
    fn answers(&mut self) {
        let follow_ups = &self.case.follow_ups;
        match follow_ups.iter().rev().find(|follow_up| follow_up.reached) {
            Some(last) => {
                self.count(last.at, Measure::Of(Count::FollowedUp));
                self.count_if(last.responded == Some(true), last.at, Count::Responded);
                self.count_if(last.solved == Some(true), last.at, Count::Solved);
                self.count_if(last.satisfied == Some(true), last.at, Count::Satisfied);
                let graded = !self.case.ratings.is_empty();
                self.count_if(!graded && last.satisfied == Some(true), last.at, Count::Content);
            }
            None => {
                if let Some(at) = self.case.milestones.get(&Milestone::FollowedUp).filter(|_| !follow_ups.is_empty()) {
                    self.count(*at, Measure::Of(Count::Unreachable));
                }
            }
        }
    }

    fn grades(&mut self) {
        let case = self.case;
        for rating in &case.ratings {
            self.count(rating.at, Measure::Of(Count::Rated));
            self.count(rating.at, Measure::Grade(rating.grade));
            self.count_if(rating.bad, rating.at, Count::RatedBad);
        }
        for appeal in &case.appeals {
            let about = appeal.rating.map_or(case.ratings.len().saturating_sub(1), |at| at as usize);
            let Some(rating) = case.ratings.get(about) else { continue };
            self.count(rating.at, Measure::Of(Count::Appeals));
            self.count_if(appeal.upheld == Some(true), rating.at, Count::AppealsUpheld);
        }
        if let Some(last) = case.ratings.last() {
            self.count_if(case.standing_bad_rating().is_some(), last.at, Count::BadStanding);
            match last.after_appeal {
                Some(grade) => {
                    // Decisions of before this was recorded do not say it.
                    let satisfied = last.after_satisfied.unwrap_or(grade >= self.policy.closing.satisfied_from);
                    self.count_if(satisfied, last.at, Count::ContentAfterAppeal);
                }
                None => self.count_if(last.satisfied, last.at, Count::Content),
            }
        }
    }
}

/// A part of a whole, such as a rate: how many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// Above the line.
    pub part: i64,
    /// Below the line.
    pub whole: i64,
}

/// How sure the usual interval is: two standard errors, 95 %.
const SURE: f64 = 1.96;

impl Share {
    /// 0–1; none where there is nothing below the line.
    pub fn value(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }

    /// Where the true share lies with 95 % (Wilson, 1927): wide for small numbers, so that nobody is called best or worst
    /// for three cases. None where there is nothing below the line.
    pub fn interval(self) -> Option<(f64, f64)> {
        let share = self.value()?;
        let n = self.whole as f64;
        let (square, room) = (SURE * SURE, 1.0 + SURE * SURE / n);
        let middle = (share + square / (2.0 * n)) / room;
        let half = SURE * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt() / room;
        Some(((middle - half).max(0.0), (middle + half).min(1.0)))
    }

    /// How this share stands beside that of all.
    pub fn beside(self, all: Self) -> Beside {
        let (Some(own), Some((low, high)), Some(usual)) = (self.value(), self.interval(), all.value()) else {
            return Beside::Unknown;
        };
        // At 0 and 1 the ends of an interval are its share but for rounding.
        if own > usual && low > usual {
            Beside::Above
        } else if own < usual && high < usual {
            Beside::Below
        } else {
            Beside::Alike
        }
    }
}

/// How a share stands beside that of all, as far as its numbers can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    /// Higher than chance explains.
    Above,
    /// No difference that its numbers can tell.
    Alike,
    /// Lower than chance explains.
    Below,
    /// There is nothing to compare.
    Unknown,
}

/// Numbers of one thing: those that count, and those counted apart under the reason for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Of cases that count like any other.
    pub counted: Counts,
    /// Of cases that were declined or excluded, by the reason.
    pub apart: BTreeMap<String, Counts>,
}

impl Sums {
    /// Adds numbers, apart where there is a reason.
    pub fn add(&mut self, apart: Option<&str>, counts: &Counts) {
        match apart {
            None => self.counted.merge(counts, 1),
            Some(reason) => self.apart.entry(reason.to_owned()).or_default().merge(counts, 1),
        }
    }

    /// Adds all of the other's.
    pub fn merge(&mut self, other: &Self) {
        self.counted.merge(&other.counted, 1);
        other.apart.iter().for_each(|(reason, counts)| self.add(Some(reason), counts));
    }

    /// The number of all, for whatever reason they were set apart.
    pub fn all(&self, count: Count) -> i64 {
        self.counted.of(count) + self.apart.values().map(|counts| counts.of(count)).sum::<i64>()
    }

    /// The number without the cases that these reasons set apart.
    pub fn without(&self, measure: &Measure, reasons: &[String]) -> i64 {
        let kept = self.apart.iter().filter(|(reason, _)| !reasons.contains(reason));
        self.counted.get(measure) + kept.map(|(_, counts)| counts.get(measure)).sum::<i64>()
    }

    /// A rate as the policy defines it.
    pub fn rate(&self, rate: &Rate) -> Share {
        let number = |count| self.without(&Measure::Of(count), &rate.exclude);
        Share { part: number(rate.numerator), whole: number(rate.denominator) }
    }
}

/// The grade of all that a unit was given, with how likely chance gives so many of one kind, where all are equal; none
/// where they differ or there are none. `all` are everybody's grades.
pub fn equal_grades(own: &Counts, all: &Counts) -> Option<(u8, i64, f64)> {
    let grades = |counts: &Counts| -> Vec<(u8, i64)> {
        let grade = |(measure, number): (&Measure, i64)| match measure {
            Measure::Grade(grade) => Some((*grade, number)),
            _ => None,
        };
        counts.iter().filter_map(grade).collect()
    };
    let &[(grade, number)] = grades(own).as_slice() else { return None };
    let total: i64 = grades(all).iter().map(|(_, number)| number).sum();
    let alike = all.get(&Measure::Grade(grade));
    let power = i32::try_from(number).unwrap_or(i32::MAX);
    (total > 0).then(|| (grade, number, (alike as f64 / total as f64).powi(power)))
}
