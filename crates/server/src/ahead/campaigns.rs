//! Campaigns 专项治理 as they are kept: begun by a person, from a weak signal or not; their cases gathered by hand or by a
//! filter; units told of tasks and of their time.

use std::{collections::BTreeSet, sync::Arc};

use jiban_domain::{
    campaign::{Act, Campaign, CampaignState, Filter, KeptFilter, MEMBERS_MAX, Material, Plan, Task, Told},
    event::Actor,
    ids::{CampaignId, CaseId, UnitId},
    notice, permission,
    policy::Recipient,
    refusal::Refusal,
};
use jiban_store::{ReadTx, StoreError, WriteTx, case_list, cases};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    signals,
    works::{self, Done, Work},
};
use crate::{
    app::App,
    desk::{
        Stop,
        newest::newest,
        rows,
        telling::{self, Words},
    },
    http::{
        auth::{Overseer, Registrar, Staff},
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Campaigns that one case tells, the newest.
const OF_CASE_MAX: i64 = 50;
/// Campaigns whose time is looked at in one go.
const DUE_AT_ONCE: i64 = 100;
/// Running campaigns whose filters are looked at in one go. A bound, far above what anybody leads.
const RUNNING_MAX: i64 = 200;
/// Cases looked through for a filter.
const LOOKED_THROUGH_MAX: usize = 20_000;

impl Work for Campaign {
    const KIND: &'static str = "campaign";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.plan.lead
    }

    fn state(&self) -> &'static str {
        self.state.as_str()
    }

    fn next_at(&self, snapshot: &Snapshot) -> Option<Timestamp> {
        Campaign::next_at(self, &snapshot.policy.campaigns, snapshot.calendar.zone())
    }

    fn cases(&self) -> Option<&BTreeSet<CaseId>> {
        Some(&self.members)
    }
}

/// Whether this person may look at it: those who see the whole, and those of a unit that takes part, or above one.
pub fn sees(staff: &Staff, campaign: &Campaign) -> bool {
    Overseer::is(staff) || campaign.units().any(|unit| staff.reaches(unit))
}

/// Whether this person may lead it: the liaison office, and those of the lead unit.
pub fn leads(staff: &Staff, campaign: &Campaign) -> bool {
    Registrar::is(staff) || staff.works_for(&campaign.plan.lead)
}

/// Whether this person may say that a task is done.
pub fn does(staff: &Staff, campaign: &Campaign, task: &Task) -> bool {
    leads(staff, campaign) || staff.works_for(&task.unit)
}

/// Begins a campaign; of a weak signal where one is given, which is then decided, and whose cases are its first members.
///
/// # Errors
/// A refusal that names the field; the signal is not there or was decided already.
pub async fn begin(app: &App, staff: &Staff, plan: Plan, signal: Option<Uuid>) -> Answer<Campaign> {
    let (snapshot, parts, by) = (Arc::clone(&staff.snapshot), app.clone(), staff.actor.clone());
    if let Some(category) = plan.category.as_ref().filter(|id| !snapshot.policy.categories.contains_key(*id)) {
        return Err(Refusal::unknown("category", category).into());
    }
    let begun = app.store.write(move |tx| -> Result<Campaign, Stop> {
        let id = CampaignId(Uuid::now_v7());
        let mut campaign = Campaign::begin(id, plan.clone(), &snapshot.organisation, &by, tx.now())?;
        if let Some(signal) = signal {
            let became = signals::Became::Campaign(id);
            let signal = signals::settle(tx, signal, &by, &campaign.plan.title, became)?;
            campaign.gather(signal.of.cases)?;
        }
        let told = json!({ "plan": campaign.plan, "members": campaign.members, "signal": signal });
        works::put(tx, &snapshot, &campaign, &by, &("campaign_begun", told))?;
        let title = &campaign.plan.title;
        let words = words(&campaign, format!("参加专项治理：{title}"), format!("Take part in a campaign: {title}"));
        for unit in campaign.units() {
            tell(tx, &parts, &snapshot, unit, &[Recipient::LeadUnit], &words)?;
        }
        Ok(campaign)
    });
    let campaign = begun.await?;
    app.outbox_nudge.notify_one();
    Ok(campaign)
}

fn words(campaign: &Campaign, zh: String, en: String) -> Words {
    Words { number: String::new(), zh, en, link: Some(format!("/campaigns/{}", campaign.id)) }
}

fn tell(
    tx: &mut WriteTx<'_>,
    app: &App,
    snapshot: &Snapshot,
    unit: &UnitId,
    to: &[Recipient],
    words: &Words,
) -> Result<(), StoreError> {
    let to = notice::told_of_unit(&snapshot.world(), unit, to, tx.now());
    telling::tell(tx, app, &snapshot.organisation, "campaign", &to, words)
}

/// Does something with a campaign. Whether this person may is asked here.
///
/// # Errors
/// Not found, forbidden, or a refusal.
pub async fn act(app: &App, staff: &Staff, id: Uuid, act: Act) -> Answer<Campaign> {
    let campaign: Campaign = find(app, staff, id).await?;
    let may = match &act {
        Act::FinishTask { number, .. } => {
            let task = campaign.tasks.iter().find(|task| task.number == *number);
            task.map_or(leads(staff, &campaign), |task| does(staff, &campaign, task))
        }
        Act::AddTask { .. } | Act::Visit { .. } | Act::ForgetFilter | Act::Close { .. } | Act::Drop { .. } => {
            leads(staff, &campaign)
        }
    };
    if !may {
        return Err(Problem::forbidden());
    }
    let (world, by) = (Arc::clone(&staff.snapshot), staff.actor.clone());
    let is_task = matches!(act, Act::AddTask { .. });
    let alter = move |campaign: &mut Campaign, now: Timestamp| -> Result<Done, Refusal> {
        campaign.act(&act, &world.organisation, &by, now)?;
        let told = serde_json::to_value(&act).unwrap_or_default();
        Ok((act.kind(), told))
    };
    let (parts, world) = (app.clone(), Arc::clone(&staff.snapshot));
    let tell_of = move |tx: &mut WriteTx<'_>, campaign: &Campaign| match campaign.tasks.last() {
        Some(task) if is_task => {
            let (due, text) = (task.due, &task.text);
            let zh = format!("专项任务（{due} 前完成）：{text}");
            let words = words(campaign, zh, format!("A task of a campaign, due {due}: {text}"));
            tell(tx, &parts, &world, &task.unit, &[Recipient::LeadUnit], &words)
        }
        _ => Ok(()),
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, tell_of).await
}

/// Which cases to gather: those named, or all that fit.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignGathering)]
pub struct Gathering {
    /// Numbers of cases.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub numbers: Vec<String>,
    /// All cases that fit.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// Keep the filter: what fits it later joins by itself, every night, in the place of a filter kept before.
    #[serde(default)]
    pub keep: bool,
}

/// Gathers cases that this person sees. Returns the campaign and how many are new.
///
/// # Errors
/// Not found, forbidden; numbers that name no case in sight; a filter that says nothing, or fits more than a campaign holds.
pub async fn gather(app: &App, staff: &Staff, id: Uuid, gathering: Gathering) -> Answer<(Campaign, usize)> {
    let campaign = find(app, staff, id).await?;
    if !leads(staff, &campaign) {
        return Err(Problem::forbidden());
    }
    let mut found = by_number(app, staff, gathering.numbers).await?;
    if gathering.keep && gathering.filter.is_none() {
        return Err(Problem::field("filter", "a filter to keep", "请先写明要保存的条件"));
    }
    let kept = gathering.filter.clone().filter(|_| gathering.keep);
    let kept = kept.map(|filter| KeptFilter { filter, by: staff.person.clone() });
    if let Some(filter) = gathering.filter {
        let fits = by_filter(app, staff, filter).await?;
        found.extend(fits.into_iter().filter(|case| !campaign.released.contains(case)));
    }
    if found.is_empty() && kept.is_none() {
        return Err(Problem::field("numbers", "cases to gather: none fits", "没有符合条件的诉求件"));
    }
    let before = campaign.members.len();
    let alter = move |campaign: &mut Campaign, _| -> Result<Done, Refusal> {
        campaign.gather(found.iter().copied())?;
        if let Some(kept) = &kept {
            campaign.keep(kept.clone())?;
        }
        Ok(("campaign_gathered", json!({ "cases": found, "kept": kept })))
    };
    let campaign = works::change(app, &staff.snapshot, id, &staff.actor, alter, |_, _| Ok(())).await?;
    let new = campaign.members.len().saturating_sub(before);
    Ok((campaign, new))
}

async fn by_number(app: &App, staff: &Staff, numbers: Vec<String>) -> Answer<Vec<CaseId>> {
    if numbers.len() > MEMBERS_MAX {
        return Err(Problem::field("numbers", format!("at most {MEMBERS_MAX}"), format!("最多 {MEMBERS_MAX} 件")));
    }
    let asked = numbers.clone();
    let found = app.store.read(move |tx| {
        let mut found = Vec::new();
        for number in &asked {
            found.push(cases::find_by_number(tx, number.trim())?);
        }
        Ok::<_, StoreError>(found)
    });
    let mut ids = Vec::new();
    for (number, row) in numbers.iter().zip(found.await?) {
        let case = row.as_ref().map(rows::case).transpose()?;
        match case.filter(|case| permission::sees(&staff.snapshot.organisation, &staff.actor, case)) {
            Some(case) => ids.push(case.id),
            None => {
                let number: String = number.chars().take(40).collect();
                return Err(Problem::field(
                    "numbers",
                    format!("numbers of cases; there is no '{number}'"),
                    format!("没有编号为“{number}”的诉求件"),
                ));
            }
        }
    }
    Ok(ids)
}

async fn by_filter(app: &App, staff: &Staff, filter: Filter) -> Answer<Vec<CaseId>> {
    if filter.category.is_none() && filter.area.is_none() {
        return Err(Problem::field(
            "filter",
            "a category or an area: without either it fits everything",
            "请至少限定分类或区域，否则会匹配全部诉求",
        ));
    }
    let snapshot = Arc::clone(&staff.snapshot);
    if let Some(category) = filter.category.as_ref().filter(|id| !snapshot.policy.categories.contains_key(*id)) {
        return Err(Refusal::unknown("category", category).into());
    }
    let zone = snapshot.calendar.zone().clone();
    let start = |day: Date| day.to_zoned(zone.clone()).map(|day| day.timestamp()).map_err(Problem::internal);
    let until = filter.to.checked_add(1.day()).map_err(Problem::internal)?;
    let query = case_list::CaseQuery {
        units: Some(match &filter.area {
            Some(area) => vec![staff.unit(Some(area.clone()))?.to_string()],
            None => staff.units(),
        }),
        registered_from: Some(start(filter.from)?),
        registered_until: Some(start(until)?),
        ..case_list::CaseQuery::default()
    };
    let actor = staff.actor.clone();
    let fits = move |row: &cases::CaseRow| -> Result<Option<CaseId>, StoreError> {
        let case = rows::case(row)?;
        let of_kind = filter.category.as_ref().is_none_or(|wanted| {
            case.category.as_ref().is_some_and(|id| snapshot.policy.lineage(id).any(|up| up == wanted))
        });
        let in_area = filter.area.as_ref().is_none_or(|area| {
            case.place.grid.as_ref().is_some_and(|grid| snapshot.organisation.is_within(grid, area))
        });
        let seen = permission::sees(&snapshot.organisation, &actor, &case);
        Ok((of_kind && in_area && seen).then_some(case.id))
    };
    let found = newest(app, query, (LOOKED_THROUGH_MAX, MEMBERS_MAX + 1), fits, |_| {}).await?;
    if found.len() > MEMBERS_MAX {
        return Err(Problem::field(
            "filter",
            format!("narrower: it fits more than the {MEMBERS_MAX} cases that a campaign holds"),
            format!("条件过宽：符合的诉求超过一个专项的上限 {MEMBERS_MAX} 件，请缩小范围"),
        ));
    }
    Ok(found)
}

/// Lets the cases join that fit the filters which running campaigns keep. Returns how many joined.
///
/// # Errors
/// The store's; what joined before stays.
pub async fn gather_kept(app: &App) -> Answer<usize> {
    let snapshot = app.snapshot();
    let read = |tx: &mut ReadTx<'_>| works::list(tx, Some(CampaignState::Running.as_str()), None, RUNNING_MAX);
    let running: Vec<Campaign> = app.store.read(read).await?;
    let mut joined = 0;
    for campaign in running {
        let Some(kept) = campaign.kept.clone() else { continue };
        let id = campaign.id;
        match join(app, &snapshot, campaign, kept).await {
            Ok(new) => joined += new,
            // One that fails keeps no other waiting.
            Err(problem) => tracing::error!(%id, ?problem, "cases did not join a campaign; trying again next night"),
        }
    }
    Ok(joined)
}

async fn join(app: &App, snapshot: &Arc<Snapshot>, campaign: Campaign, kept: KeptFilter) -> Answer<usize> {
    let (id, staff) = (campaign.id.0, Staff::of(snapshot, kept.by.clone(), [0; 32]));
    let fits = match staff.reach.is_empty() {
        // Whoever kept it sees nothing any more.
        true => Err(Problem::forbidden()),
        false => by_filter(app, &staff, kept.filter.clone()).await,
    };
    let gathered = match fits {
        Ok(fits) => {
            if campaign.may_join(&fits).is_empty() {
                return Ok(0);
            }
            let filter = kept.clone();
            let alter = move |campaign: &mut Campaign, _| -> Result<Done, Refusal> {
                is_kept(campaign, &filter)?;
                let new = campaign.may_join(&fits);
                campaign.gather(new.iter().copied())?;
                Ok(("campaign_joined", json!({ "cases": new })))
            };
            let now = works::change(app, snapshot, id, &Actor::System, alter, |_, _| Ok(())).await;
            now.map(|now| now.members.difference(&campaign.members).count())
        }
        Err(problem) => Err(problem),
    };
    match gathered {
        // It has ended, or somebody keeps another filter by now.
        Err(problem) if problem.code == "already" => Ok(0),
        // It fits more than a campaign holds, or is about what is no more: it is forgotten, and who leads is told.
        Err(problem) if problem.status < 500 => forget(app, snapshot, id, kept, problem).await.map(|()| 0),
        told => told,
    }
}

/// Refuses where the campaign keeps another filter by now, or none.
fn is_kept(campaign: &Campaign, kept: &KeptFilter) -> Result<(), Refusal> {
    let same = campaign.kept.as_ref() == Some(kept);
    if same { Ok(()) } else { Err(Refusal::Already { what: "changed", what_zh: "调整" }) }
}

async fn forget(app: &App, snapshot: &Arc<Snapshot>, id: Uuid, kept: KeptFilter, why: Problem) -> Answer<()> {
    let alter = move |campaign: &mut Campaign, _| -> Result<Done, Refusal> {
        is_kept(campaign, &kept)?;
        campaign.kept = None;
        Ok((Act::ForgetFilter.kind(), json!({})))
    };
    let (parts, world) = (app.clone(), Arc::clone(snapshot));
    let tell_of = move |tx: &mut WriteTx<'_>, campaign: &Campaign| {
        let title = &campaign.plan.title;
        let zh = format!("专项不再自动归集诉求件（{}）：{title}", why.title_zh);
        let words = words(campaign, zh, format!("Cases join no more by themselves ({}): {title}", why.title));
        tell(tx, &parts, &world, &campaign.plan.lead, &[Recipient::LeadUnit], &words)
    };
    works::change(app, snapshot, id, &Actor::System, alter, tell_of).await.map(drop)
}

/// Whether this person may add material to it: those of a unit that takes part, and the liaison office.
pub fn contributes(staff: &Staff, campaign: &Campaign) -> bool {
    leads(staff, campaign) || campaign.units().any(|unit| staff.works_for(unit))
}

/// Notes material whose bytes are kept already.
///
/// # Errors
/// Not found, forbidden, it has ended, or there is too much.
pub async fn add_material(app: &App, staff: &Staff, id: Uuid, material: Material) -> Answer<Campaign> {
    let alter = move |campaign: &mut Campaign, _| -> Result<Done, Refusal> {
        campaign.add_material(material.clone())?;
        Ok(("campaign_material", json!({ "id": material.id, "sha256": material.sha256 })))
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, |_, _| Ok(())).await
}

/// Takes a case out of a campaign.
///
/// # Errors
/// Not found, forbidden, or no member.
pub async fn release(app: &App, staff: &Staff, id: Uuid, case: CaseId) -> Answer<Campaign> {
    let campaign = find(app, staff, id).await?;
    if !leads(staff, &campaign) {
        return Err(Problem::forbidden());
    }
    let alter = move |campaign: &mut Campaign, _| -> Result<Done, Refusal> {
        campaign.release(case)?;
        Ok(("campaign_released", json!({ "case": case })))
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, |_, _| Ok(())).await
}

/// One campaign that this person may look at.
///
/// # Errors
/// Not found; the store's.
pub async fn find(app: &App, staff: &Staff, id: Uuid) -> Answer<Campaign> {
    let campaign: Campaign = works::find(app, id).await?;
    if sees(staff, &campaign) { Ok(campaign) } else { Err(Problem::not_found()) }
}

/// The campaigns that a case is a member of and that this person may look at, the newest first.
///
/// # Errors
/// The store's.
pub async fn of_case(app: &App, staff: &Staff, case: CaseId) -> Answer<Vec<Campaign>> {
    let mut found = app.store.read(move |tx| works::of_case::<Campaign>(tx, case, OF_CASE_MAX)).await?;
    found.retain(|campaign| sees(staff, campaign));
    Ok(found)
}

/// Tells units of the time of their tasks: once before they are due, once after. Returns of how many.
///
/// # Errors
/// The store's; what was told before stays told.
pub async fn tell_due(app: &App) -> Answer<usize> {
    let snapshot = app.snapshot();
    let (parts, world) = (app.clone(), Arc::clone(&snapshot));
    let told = app.store.write(move |tx| -> Result<usize, StoreError> {
        let now = tx.now();
        let mut told = 0;
        for id in jiban_store::works::due(tx, Campaign::KIND, now, DUE_AT_ONCE)? {
            let Some(mut campaign) = works::find_for_update::<Campaign>(tx, id)? else { continue };
            let due = campaign.tell_due(&world.policy.campaigns, world.calendar.zone(), now);
            let numbers: Vec<u32> = due.iter().map(|task| task.number).collect();
            works::put(tx, &world, &campaign, &Actor::System, &("campaign_tasks_told", json!({ "tasks": numbers })))?;
            for task in &due {
                let (zh, en, to): (_, _, &[Recipient]) = match task.told {
                    Told::Overdue => (
                        "专项任务已逾期",
                        "A task of a campaign is overdue",
                        &[Recipient::LeadUnit, Recipient::LiaisonOffice],
                    ),
                    Told::Soon | Told::Nothing => {
                        ("专项任务即将到期", "A task of a campaign is due soon", &[Recipient::LeadUnit])
                    }
                };
                let words = words(&campaign, format!("{zh}：{}", task.text), format!("{en}: {}", task.text));
                tell(tx, &parts, &world, &task.unit, to, &words)?;
                told += 1;
            }
        }
        Ok(told)
    });
    let told = told.await?;
    if told > 0 {
        app.outbox_nudge.notify_one();
    }
    Ok(told)
}
