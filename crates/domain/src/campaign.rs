//! Campaigns 专项治理, 'from one case to its class' 由一件事到一类事: one piece of work with a goal, tasks and member cases that
//! is to do away with a whole kind of case. Whether it did is [`crate::effect`]'s to say.
//!
//! Pure, as all of the mechanism: acts refuse or change the campaign. It must never change one that has ended.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    calendar::end_of,
    decide::required,
    event::Actor,
    ids::{AttachmentId, CampaignId, CaseId, CategoryId, PersonId, UnitId},
    organisation::Organisation,
    refusal::{Refusal, limit},
};

/// Longest title, characters.
pub const TITLE_MAX: usize = 80;
/// Longest other text of a campaign, characters.
pub const TEXT_MAX: usize = 4_000;
/// Most tasks. A bound, far above what anybody keeps an eye on.
pub const TASKS_MAX: usize = 200;
/// Most joint inspections.
pub const VISITS_MAX: usize = 200;
/// Most member cases.
pub const MEMBERS_MAX: usize = 500;
/// Most cases that are remembered as taken out.
pub const RELEASED_MAX: usize = 2_000;
/// Most files of one campaign.
pub const MATERIALS_MAX: usize = 50;
/// Most units and areas.
pub const UNITS_MAX: usize = 60;

/// Rules of campaigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct CampaignRules {
    /// Over how many days before the campaign and after its end its effect is measured, at most.
    pub effect_days: u32,
    /// How many days before a task is due its unit is told.
    pub warn_days: u32,
}

impl Default for CampaignRules {
    fn default() -> Self {
        Self { effect_days: 60, warn_days: 3 }
    }
}

/// Where a campaign stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// Work goes on 进行中.
    Running,
    /// Ended with a report 已结项.
    Closed,
    /// Given up, with a reason 已终止.
    Dropped,
}

impl CampaignState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Closed => "closed",
            Self::Dropped => "dropped",
        }
    }
}

/// What a campaign is begun with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What people call it.
    #[schema(min_length = 1, max_length = 80)]
    pub title: String,
    /// What is to be reached.
    #[schema(min_length = 1, max_length = 4000)]
    pub goal: String,
    /// The kind of case it is to do away with. Without one no effect can be measured.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub category: Option<CategoryId>,
    /// Where: communities or grids; none for everywhere.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 60)]
    pub areas: BTreeSet<UnitId>,
    /// The unit that answers for it.
    #[schema(value_type = String)]
    pub lead: UnitId,
    /// The units that help.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 60)]
    pub units: BTreeSet<UnitId>,
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    pub first: Date,
    /// Its last day.
    #[schema(value_type = String, format = Date)]
    pub last: Date,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// What it was begun with.
    pub plan: Plan,
    /// Where it stands.
    pub state: CampaignState,
    /// What is to be done, in the order of their numbers, from 1.
    pub tasks: Vec<Task>,
    /// Cases that belong to it.
    #[schema(value_type = Vec<String>)]
    pub members: BTreeSet<CaseId>,
    /// Cases that were taken out by hand, the newest: no filter brings them back.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub released: BTreeSet<CaseId>,
    /// Cases that fit it join by themselves, as long as it is kept.
    #[serde(default)]
    pub kept: Option<KeptFilter>,
    /// Joint inspections 联合检查, the first one first.
    pub visits: Vec<Visit>,
    /// Material 材料, the first one first.
    #[serde(default)]
    pub materials: Vec<Material>,
    /// Who began it, as an actor.
    pub begun_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub begun_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// The closing report in words, or why it was given up.
    pub ending: String,
}

/// Cases of a kind, of an area, of some days. At least a kind or an area is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignFilter)]
pub struct Filter {
    /// Of this category or below it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub category: Option<CategoryId>,
    /// Of this community or grid.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub area: Option<UnitId>,
    /// Registered from this day on.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Registered up to this day.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
}

/// A filter that a campaign keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignKeptFilter)]
pub struct KeptFilter {
    /// What fits.
    pub filter: Filter,
    /// Who keeps it: only cases that this person sees join.
    #[schema(value_type = String)]
    pub by: PersonId,
}

/// A photo or paper that belongs to a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignMaterial)]
pub struct Material {
    /// Its id, under which the bytes are kept.
    pub id: AttachmentId,
    /// Name of the file.
    pub name: String,
    /// Media type, as found by content.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in hex.
    pub sha256: String,
    /// Who added it, as an actor.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignTask)]
pub struct Task {
    /// Its number.
    pub number: u32,
    /// What is to be done.
    pub text: String,
    /// By which unit.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// By the end of which day.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// When it was done.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub done_at: Option<Timestamp>,
    /// Done by whom.
    pub done_by: Option<String>,
    /// What was done.
    #[serde(default)]
    pub note: String,
    /// What was told of its time so far.
    #[serde(default)]
    pub told: Told,
}

/// What was told of a task's time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CampaignTaskTold)]
pub enum Told {
    /// Nothing yet.
    #[default]
    Nothing,
    /// That it is due soon.
    Soon,
    /// That it is overdue.
    Overdue,
}

impl Task {
    /// Whether its day went by undone, or it was done late.
    pub fn is_late(&self, now: Timestamp, zone: &TimeZone) -> bool {
        end_of(self.due, zone) < self.done_at.unwrap_or(now)
    }
}

/// A joint inspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignVisit)]
pub struct Visit {
    /// On which day.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// Which units took part.
    #[schema(value_type = Vec<String>)]
    pub units: BTreeSet<UnitId>,
    /// Where.
    pub place: String,
    /// What was found and done.
    pub found: String,
    /// Who wrote it down.
    pub by: String,
}

/// What is done with a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = CampaignAct)]
pub enum Act {
    /// Set a task.
    AddTask {
        /// What is to be done.
        #[schema(min_length = 1, max_length = 4000)]
        text: String,
        /// By which unit: the lead or one that helps.
        #[schema(value_type = String)]
        unit: UnitId,
        /// By the end of which day.
        #[schema(value_type = String, format = Date)]
        due: Date,
    },
    /// Say that a task is done.
    FinishTask {
        /// Its number.
        number: u32,
        /// What was done.
        #[schema(min_length = 1, max_length = 4000)]
        note: String,
    },
    /// Note down a joint inspection.
    Visit {
        /// On which day.
        #[schema(value_type = String, format = Date)]
        day: Date,
        /// Which units took part.
        #[schema(value_type = Vec<String>, max_items = 60)]
        units: BTreeSet<UnitId>,
        /// Where.
        #[schema(min_length = 1, max_length = 4000)]
        place: String,
        /// What was found and done.
        #[schema(min_length = 1, max_length = 4000)]
        found: String,
    },
    /// Let no more cases join by themselves.
    ForgetFilter,
    /// End it with a report.
    Close {
        /// What was reached, what was learnt, what stays.
        #[schema(min_length = 1, max_length = 4000)]
        report: String,
    },
    /// Give it up.
    Drop {
        /// Why.
        #[schema(min_length = 1, max_length = 4000)]
        reason: String,
    },
}

impl Act {
    /// Code of what happened, for the record.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AddTask { .. } => "campaign_task_added",
            Self::FinishTask { .. } => "campaign_task_finished",
            Self::Visit { .. } => "campaign_visited",
            Self::ForgetFilter => "campaign_filter_forgotten",
            Self::Close { .. } => "campaign_closed",
            Self::Drop { .. } => "campaign_dropped",
        }
    }
}

fn known<'u>(organisation: &Organisation, units: impl IntoIterator<Item = &'u UnitId>) -> Result<(), Refusal> {
    let is_known = |unit: &&UnitId| organisation.unit(unit).is_some_and(|unit| unit.active);
    match units.into_iter().find(|unit| !is_known(unit)) {
        Some(unit) => Err(Refusal::unknown("unit", unit)),
        None => Ok(()),
    }
}

impl Campaign {
    /// Begins a campaign. Whether the category exists is the caller's to check.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field.
    pub fn begin(
        id: CampaignId,
        plan: Plan,
        organisation: &Organisation,
        by: &Actor,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let title = required("title", &plan.title, TITLE_MAX)?.to_owned();
        let goal = required("goal", &plan.goal, TEXT_MAX)?.to_owned();
        known(organisation, plan.areas.iter().chain(&plan.units).chain([&plan.lead]))?;
        limit(plan.areas.len() + plan.units.len() > UNITS_MAX, "units and areas", "单位和区域", UNITS_MAX)?;
        let nested = plan
            .areas
            .iter()
            .find(|area| plan.areas.iter().any(|other| other != *area && organisation.is_within(area, other)));
        if let Some(area) = nested {
            return Err(Refusal::invalid(
                "areas",
                format!("areas of which none lies in another; {area} does"),
                format!("区域不能互相包含：{area}"),
            ));
        }
        if plan.last < plan.first {
            return Err(Refusal::invalid("last", "a day not before the first", "不能早于开始日期"));
        }
        Ok(Self {
            id,
            plan: Plan { title, goal, ..plan },
            state: CampaignState::Running,
            tasks: Vec::new(),
            members: BTreeSet::new(),
            released: BTreeSet::new(),
            kept: None,
            visits: Vec::new(),
            materials: Vec::new(),
            begun_by: by.to_string(),
            begun_at: at,
            ended_at: None,
            ending: String::new(),
        })
    }

    /// The units that take part.
    pub fn units(&self) -> impl Iterator<Item = &UnitId> {
        [&self.plan.lead].into_iter().chain(&self.plan.units)
    }

    fn goes_on(&self) -> Result<(), Refusal> {
        match self.state {
            CampaignState::Running => Ok(()),
            CampaignState::Closed | CampaignState::Dropped => {
                Err(Refusal::Already { what: "ended", what_zh: "结束" })
            }
        }
    }

    /// Does something with it. Whether the actor may is the caller's to check.
    ///
    /// # Errors
    /// A [`Refusal`]; then nothing has changed.
    pub fn act(&mut self, act: &Act, organisation: &Organisation, by: &Actor, now: Timestamp) -> Result<(), Refusal> {
        self.goes_on()?;
        match act {
            Act::AddTask { text: what, unit, due } => self.add_task(what, unit, *due),
            Act::FinishTask { number, note } => self.finish_task(*number, note, by, now),
            Act::Visit { day, units, place, found } => {
                limit(
                    self.visits.len() >= VISITS_MAX,
                    "inspections of one campaign",
                    "一个专项的检查记录",
                    VISITS_MAX,
                )?;
                known(organisation, units)?;
                limit(units.len() > UNITS_MAX, "units", "单位", UNITS_MAX)?;
                let (place, found) =
                    (required("place", place, TEXT_MAX)?.to_owned(), required("found", found, TEXT_MAX)?.to_owned());
                self.visits.push(Visit { day: *day, units: units.clone(), place, found, by: by.to_string() });
                Ok(())
            }
            Act::ForgetFilter => {
                let kept = self.kept.take();
                kept.map(drop).ok_or(Refusal::First { what: "keep a filter", what_zh: "设置自动归集" })
            }
            Act::Close { report } => {
                if self.tasks.iter().any(|task| task.done_at.is_none()) {
                    return Err(Refusal::First { what: "finish every task", what_zh: "完成全部任务" });
                }
                self.end(CampaignState::Closed, required("report", report, TEXT_MAX)?.to_owned(), now);
                Ok(())
            }
            Act::Drop { reason } => {
                self.end(CampaignState::Dropped, required("reason", reason, TEXT_MAX)?.to_owned(), now);
                Ok(())
            }
        }
    }

    fn add_task(&mut self, what: &str, unit: &UnitId, due: Date) -> Result<(), Refusal> {
        limit(self.tasks.len() >= TASKS_MAX, "tasks of one campaign", "一个专项的任务", TASKS_MAX)?;
        let what = required("text", what, TEXT_MAX)?.to_owned();
        if !self.units().any(|known| known == unit) {
            return Err(Refusal::invalid("unit", "the lead unit or one that helps", "应为牵头单位或配合单位"));
        }
        if due < self.plan.first || due > self.plan.last {
            let (first, last) = (self.plan.first, self.plan.last);
            return Err(Refusal::invalid("due", format!("{first} to {last}"), format!("应在 {first} 至 {last} 之间")));
        }
        let number = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.tasks.push(Task {
            number,
            text: what,
            unit: unit.clone(),
            due,
            done_at: None,
            done_by: None,
            note: String::new(),
            told: Told::Nothing,
        });
        Ok(())
    }

    fn finish_task(&mut self, number: u32, note: &str, by: &Actor, now: Timestamp) -> Result<(), Refusal> {
        let note = required("note", note, TEXT_MAX)?.to_owned();
        let task = self.tasks.iter_mut().find(|task| task.number == number);
        let task = task.ok_or_else(|| Refusal::unknown("task", number))?;
        if task.done_at.is_some() {
            return Err(Refusal::Already { what: "done", what_zh: "完成" });
        }
        (task.done_at, task.done_by, task.note) = (Some(now), Some(by.to_string()), note);
        Ok(())
    }

    fn end(&mut self, state: CampaignState, ending: String, now: Timestamp) {
        (self.state, self.ending, self.ended_at) = (state, ending, Some(now));
    }

    /// Adds cases to its members. Returns how many are new.
    ///
    /// # Errors
    /// It has ended, or they would be too many: then none is added.
    pub fn gather(&mut self, cases: impl IntoIterator<Item = CaseId>) -> Result<usize, Refusal> {
        self.goes_on()?;
        let mut all = self.members.clone();
        all.extend(cases);
        limit(all.len() > MEMBERS_MAX, "cases of one campaign", "一个专项的诉求件", MEMBERS_MAX)?;
        let new = all.len() - self.members.len();
        self.released.retain(|case| !all.contains(case));
        self.members = all;
        Ok(new)
    }

    /// Of these cases those that may join by themselves: no members yet, and not taken out by hand.
    pub fn may_join(&self, cases: &[CaseId]) -> Vec<CaseId> {
        let stays_out = |case: &CaseId| self.members.contains(case) || self.released.contains(case);
        cases.iter().filter(|case| !stays_out(case)).copied().collect()
    }

    /// Keeps a filter in the place of the one before.
    ///
    /// # Errors
    /// It has ended.
    pub fn keep(&mut self, kept: KeptFilter) -> Result<(), Refusal> {
        self.goes_on()?;
        self.kept = Some(kept);
        Ok(())
    }

    /// Adds material. What is there already, from whoever, is not added again.
    ///
    /// # Errors
    /// It has ended, or there is too much of it.
    pub fn add_material(&mut self, material: Material) -> Result<(), Refusal> {
        self.goes_on()?;
        if self.materials.iter().any(|known| known.sha256 == material.sha256) {
            return Err(Refusal::Already { what: "among the material", what_zh: "在材料中" });
        }
        limit(self.materials.len() >= MATERIALS_MAX, "files of one campaign", "一个专项的材料", MATERIALS_MAX)?;
        self.materials.push(material);
        Ok(())
    }

    /// Takes a case out again.
    ///
    /// # Errors
    /// It has ended, or the case is none of its members.
    pub fn release(&mut self, case: CaseId) -> Result<(), Refusal> {
        self.goes_on()?;
        if !self.members.remove(&case) {
            return Err(Refusal::unknown("case", case));
        }
        self.released.insert(case);
        if self.released.len() > RELEASED_MAX {
            self.released.pop_first();
        }
        Ok(())
    }

    /// When the time of a task next wants telling; none where there is nothing more to tell.
    pub fn next_at(&self, rules: &CampaignRules, zone: &TimeZone) -> Option<Timestamp> {
        let running = self.tasks.iter().filter(|task| self.state == CampaignState::Running && task.done_at.is_none());
        running.filter_map(|task| next_telling(task, rules, zone)).map(|(at, _)| at).min()
    }

    /// The tasks of whose time something is to be told now: each is told of once a stage, and the later stage alone
    /// where both have come.
    pub fn tell_due(&mut self, rules: &CampaignRules, zone: &TimeZone, now: Timestamp) -> Vec<Task> {
        let mut due = Vec::new();
        if self.state != CampaignState::Running {
            return due;
        }
        for task in self.tasks.iter_mut().filter(|task| task.done_at.is_none()) {
            let mut told = false;
            while let Some((_, stage)) = next_telling(task, rules, zone).filter(|(at, _)| *at <= now) {
                task.told = stage;
                told = true;
            }
            if told {
                due.push(task.clone());
            }
        }
        due
    }
}

fn next_telling(task: &Task, rules: &CampaignRules, zone: &TimeZone) -> Option<(Timestamp, Told)> {
    let end = end_of(task.due, zone);
    match task.told {
        Told::Nothing => {
            let soon = end.saturating_sub((i64::from(rules.warn_days) * 24).hours()).unwrap_or(end);
            Some((soon, Told::Soon))
        }
        Told::Soon => Some((end, Told::Overdue)),
        Told::Overdue => None,
    }
}
