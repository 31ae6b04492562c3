//! Partners 共建伙伴 as they are kept: who signs up, who is admitted, what a partner does at its small door, and who is told.
//!
//! Who is behind a partner is sealed with the keys of reporters' identities, bound to the partner, and opened only for a
//! reason that is recorded first. It is erased when the partner leaves, is declined, or nobody
//! decided in time.

use std::collections::BTreeMap;

use jiban_domain::{
    activity::Activity,
    event::Actor,
    ids::{ActivityId, PartnerId, SpotId, UnitId},
    notice,
    organisation::Role,
    partner::{self, Act, Application, Partner, PartnerKind, PartnerRules, PartnerState, Waited},
    permission,
    policy::Recipient,
    refusal::Refusal,
};
use jiban_store::{ReadTx, StoreError, WriteTx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    reseal::KeepsIdentity,
    works::{self, Done, Work},
};
use crate::{
    app::App,
    desk::{
        self, Key, Stop,
        identity::{Identity, tracking_code, tracking_hash},
        telling::{self, Words},
        ticket::is_code,
    },
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::{
        audit::{self, Stream},
        world::Snapshot,
    },
};

/// A partner acts by its id and code, as a reporter does by number and code; which one it was, the record itself tells.
pub(super) const PARTNER: Actor = Actor::Reporter;

impl Work for Partner {
    const KIND: &'static str = "partner";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.unit
    }

    fn state(&self) -> &'static str {
        self.state.as_str()
    }

    fn next_at(&self, snapshot: &Snapshot) -> Option<Timestamp> {
        self.waits_until(snapshot.policy.partners.as_ref()?)
    }
}

/// That a phone has an application that waits 待审核登记, found by what the phone is recognised by. It is gone as soon as
/// somebody decides: nothing of whoever was declined may stay behind.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    /// By what the phone is recognised.
    known_by: Uuid,
    /// The grid of the applicant.
    unit: UnitId,
    /// The applicant.
    partner: PartnerId,
}

impl Work for Waiting {
    const KIND: &'static str = "partner_waiting";

    fn id(&self) -> Uuid {
        self.known_by
    }

    fn unit(&self) -> &UnitId {
        &self.unit
    }

    fn state(&self) -> &'static str {
        "waiting"
    }

    fn next_at(&self, _: &Snapshot) -> Option<Timestamp> {
        None
    }
}

/// Forgets that a phone has an application that waits: somebody decided, or it was taken back or lapsed.
fn waits_no_more(tx: &mut WriteTx<'_>, partner: &Partner, known_by: Option<Uuid>) -> Result<(), StoreError> {
    let Some(id) = known_by else { return Ok(()) };
    // The phone may have another application that waits.
    let waits = works::find_for_update::<Waiting>(tx, id)?.is_some_and(|waits| waits.partner == partner.id);
    if waits { jiban_store::works::remove(tx, Waiting::KIND, id) } else { Ok(()) }
}

impl KeepsIdentity for Partner {
    fn sealed(&mut self, _: i64) -> Vec<(Vec<u8>, &mut String)> {
        let context = context(self.id);
        self.contact.iter_mut().map(|contact| (context.clone(), contact)).collect()
    }
}

/// Rules of partners of this house.
///
/// # Errors
/// Not found, where the policy has none.
pub fn rules(snapshot: &Snapshot) -> Answer<&PartnerRules> {
    snapshot.policy.partners.as_ref().ok_or_else(Problem::not_found)
}

/// Somebody who signs up.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// What they are.
    pub kind: PartnerKind,
    /// Name: of a shop or institution it is shown to staff, of a person it is sealed and shown masked.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// Whom to ask for, of a shop or institution.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub person: String,
    /// Phone; sealed.
    #[schema(min_length = 5, max_length = 30)]
    pub phone: String,
    /// The spot whose code was scanned.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub spot: Option<SpotId>,
    /// The grid, where no code was scanned.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub grid: Option<UnitId>,
    /// Version of the text that they consent to.
    #[schema(max_length = 64)]
    pub consent: String,
}

/// What opens a partner's door: told once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Door {
    /// Id of the partner.
    #[schema(value_type = String, format = Uuid)]
    pub partner: PartnerId,
    /// Its code.
    #[schema(max_length = 32)]
    pub code: String,
}

fn code_hash(app: &App, id: PartnerId, code: &str) -> [u8; 32] {
    tracking_hash(&app.token_key, &id.to_string(), code)
}

impl Door {
    /// Whether it opens this partner.
    fn opens(&self, app: &App, partner: &Partner) -> bool {
        is_code(&partner.code, &code_hash(app, self.partner, &self.code))
    }

    /// The partner whose door it is. A wrong pair is no partner at all.
    ///
    /// # Errors
    /// Not found, or the store's.
    pub async fn open(&self, app: &App) -> Answer<Partner> {
        let partner: Partner = works::find(app, self.partner.0).await?;
        if self.opens(app, &partner) { Ok(partner) } else { Err(Problem::not_found()) }
    }
}

fn context(id: PartnerId) -> Vec<u8> {
    [b"partner".as_slice(), id.0.as_bytes()].concat()
}

/// Signs up: the community is told; the code is told here once, and again to the same request under the same key.
///
/// # Errors
/// A refusal that names the field; not found, where the house has no partners.
pub async fn sign_up(app: &App, new: SignUp, key: Option<Key>) -> Answer<Door> {
    let snapshot = app.snapshot();
    let rules = rules(&snapshot)?.clone();
    let called = new.name.trim().to_owned();
    let person = if new.kind.is_person() { called.clone() } else { new.person.clone() };
    let who = Identity { name: person, phone: new.phone.trim().to_owned(), ..Identity::default() };
    who.check("")?;
    let known_by = app.vault.blind_index(&who.phone).and_then(|index| Uuid::from_slice(index.get(..16)?).ok());
    let known_by = known_by.ok_or_else(|| Problem::field("phone", "a telephone number", "应为电话号码"))?;
    let (id, code) = (PartnerId(Uuid::now_v7()), tracking_code());
    let masked = who.masked();
    let name = if new.kind.is_person() && !called.is_empty() { masked.name } else { who.hide(&called).0 };
    let application = Application {
        kind: new.kind,
        name,
        phone: masked.phone,
        contact: who.sealed_in(&app.vault, &context(id))?,
        known_by,
        code: hex::encode(code_hash(app, id, &code)),
        spot: new.spot,
        grid: new.grid,
        consent: new.consent,
    };
    let (parts, door) = (app.clone(), Door { partner: id, code });
    let applied = app.store.write(move |tx| -> Result<Door, Stop> {
        desk::once(tx, &parts, key.as_ref(), |tx| {
            let partner = Partner::apply(id, application.clone(), &rules, &snapshot.organisation, tx.now())?;
            let waiting = Waiting { known_by, unit: partner.unit.clone(), partner: id };
            if works::find_or_new(tx, &snapshot, &waiting)?.partner != id {
                return Err(partner::not_online().into());
            }
            let told =
                json!({ "unit": partner.unit, "spot": partner.spot, "kind": partner.kind, "consent": partner.consent });
            works::put(tx, &snapshot, &partner, &PARTNER, &("partner_applied", told))?;
            tell_community(tx, &parts, &snapshot, &partner, None)?;
            Ok(door.clone())
        })
    });
    let door = applied.await?;
    app.outbox_nudge.notify_one();
    Ok(door)
}

/// Tells whoever decides of an application; once more, where one has `waited` for so many days.
fn tell_community(
    tx: &mut WriteTx<'_>,
    app: &App,
    snapshot: &Snapshot,
    partner: &Partner,
    waited: Option<&PartnerRules>,
) -> Result<(), StoreError> {
    let organisation = &snapshot.organisation;
    let community = organisation.community_of(&partner.unit).unwrap_or(&partner.unit);
    let (kind, kind_en) = partner.kind.name();
    let (zh, en) = organisation.unit(&partner.unit).map_or(("", ""), |unit| (&unit.name.zh, &unit.name.en));
    let (zh, en) = match waited {
        None => (format!("{zh}有{kind}申请加入共建，请审核"), format!("A {kind_en} of {en} asks to be a partner")),
        Some(rules) => (
            format!(
                "{zh}有{kind}申请加入共建，已等候 {} 天；满 {} 天未审核将失效",
                rules.remind_days, rules.undecided_days
            ),
            format!(
                "A {kind_en} of {en} has waited {} days to be a partner; after {} days without a decision it lapses",
                rules.remind_days, rules.undecided_days
            ),
        ),
    };
    let words = Words { number: String::new(), zh, en, link: Some("/partners".to_owned()) };
    let to = notice::told_of_unit(&snapshot.world(), community, &[Recipient::LeadUnit], tx.now());
    telling::tell(tx, app, organisation, "partner", &to, &words)
}

/// Whether this person may look at a partner: their units' and those below.
pub fn sees(staff: &Staff, partner: &Partner) -> bool {
    staff.reaches(&partner.unit)
}

/// Whether this person may admit a partner: its community, and the liaison office over it.
pub fn admits(staff: &Staff, partner: &Partner) -> bool {
    let organisation = &staff.snapshot.organisation;
    let community = organisation.community_of(&partner.unit);
    let of_community = permission::holds_role(organisation, &staff.actor, Role::Community)
        .any(|unit| Some(unit) == community || *unit == partner.unit);
    of_community || (staff.holds(Role::Liaison) && sees(staff, partner))
}

/// Whether this person may see who is behind a partner: who admits, and the grid worker of its grid.
pub fn reveals(staff: &Staff, partner: &Partner) -> bool {
    admits(staff, partner) || (staff.holds(Role::GridWorker) && staff.works_for(&partner.unit))
}

/// One partner that this person may look at.
///
/// # Errors
/// Not found; the store's.
pub async fn find(app: &App, staff: &Staff, id: Uuid) -> Answer<Partner> {
    let partner: Partner = works::find(app, id).await?;
    if sees(staff, &partner) { Ok(partner) } else { Err(Problem::not_found()) }
}

/// Admits, declines or praises a partner. Whether this person may is asked here.
///
/// # Errors
/// Not found, forbidden, or a refusal.
pub async fn act(app: &App, staff: &Staff, id: Uuid, act: Act) -> Answer<Partner> {
    let partner = find(app, staff, id).await?;
    let may = match &act {
        Act::Admit | Act::Decline { .. } => admits(staff, &partner),
        Act::Praise { .. } => true,
    };
    if !may {
        return Err(Problem::forbidden());
    }
    let (unit, by) = (home(staff, &partner.unit), staff.actor.clone());
    let act = match act {
        Act::Admit => Act::Admit,
        Act::Decline { reason } => Act::Decline { reason: masked(&reason) },
        Act::Praise { text } => Act::Praise { text: masked(&text) },
    };
    let alter = move |partner: &mut Partner, now: Timestamp| -> Result<Done, Refusal> {
        partner.act(&act, &unit, &by, now)?;
        Ok((act.kind(), serde_json::to_value(&act).unwrap_or_default()))
    };
    let known_by = partner.known_by;
    let tell = move |tx: &mut WriteTx<'_>, partner: &Partner| match partner.state {
        PartnerState::Applied => Ok(()),
        PartnerState::Active | PartnerState::Declined | PartnerState::Left | PartnerState::Lapsed => {
            waits_no_more(tx, partner, known_by)
        }
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, tell).await
}

/// Gives a partner that lost its code another one, told here once; the old one opens nothing any more. Whoever admits partners
/// may, and has made sure whom they speak to.
///
/// # Errors
/// Not found, forbidden; it is no partner any more.
pub async fn new_code(app: &App, staff: &Staff, id: Uuid) -> Answer<Door> {
    let partner = find(app, staff, id).await?;
    if !admits(staff, &partner) {
        return Err(Problem::forbidden());
    }
    let code = tracking_code();
    let hash = hex::encode(code_hash(app, partner.id, &code));
    let alter = move |partner: &mut Partner, _| -> Result<Done, Refusal> {
        partner.give_code(hash.clone())?;
        Ok(("partner_code_replaced", json!({})))
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, |_: &mut WriteTx<'_>, _| Ok(())).await?;
    Ok(Door { partner: partner.id, code })
}

/// A text without personal numbers.
pub(super) fn masked(text: &str) -> String {
    jiban_text::mask_personal(text).0
}

/// The unit in whose name somebody thanks.
pub(super) fn home(staff: &Staff, or: &UnitId) -> UnitId {
    permission::home_unit(&staff.snapshot.organisation, &staff.person).unwrap_or(or).clone()
}

/// Who is behind a partner, and how to reach them. The reason is recorded first.
///
/// # Errors
/// Not found, forbidden, a reason that is missing; already, where it was erased.
pub async fn reveal(app: &App, staff: &Staff, id: Uuid, reason: &str) -> Answer<Identity> {
    let partner = find(app, staff, id).await?;
    if !reveals(staff, &partner) {
        return Err(Problem::forbidden());
    }
    let reason = masked(reason.trim());
    if reason.is_empty() {
        return Err(Problem::field("reason", "why it is needed", "请说明用途"));
    }
    let contact = partner.contact.as_ref().ok_or(Refusal::Already { what: "erased", what_zh: "删除" })?;
    let who = Identity::opened_from(&app.vault, &context(partner.id), contact)?;
    let body = json!({ Partner::KIND: partner.id, "told": { "reason": reason } });
    let trace = audit::trace(&staff.actor, "partner_revealed", &body);
    app.store.write(move |tx| -> Result<(), StoreError> { audit::record(tx, Stream::Works, trace.clone()) }).await?;
    Ok(who)
}

/// A partner does something at its own door.
///
/// # Errors
/// Not found, where the door does not open; the refusal.
pub async fn at_door(
    app: &App,
    door: &Door,
    alter: impl Fn(&mut Partner, Timestamp) -> Result<Done, Refusal> + Send + 'static,
) -> Answer<Partner> {
    door.open(app).await?;
    works::change(app, &app.snapshot(), door.partner.0, &PARTNER, alter, |_: &mut WriteTx<'_>, _| Ok(())).await
}

/// A partner makes a self-check.
///
/// # Errors
/// As [`at_door`].
pub async fn check(app: &App, door: &Door, list: String, items: BTreeMap<String, bool>) -> Answer<Partner> {
    let snapshot = app.snapshot();
    let rules = rules(&snapshot)?.clone();
    let zone = snapshot.calendar.zone().clone();
    let alter = move |partner: &mut Partner, now: Timestamp| -> Result<Done, Refusal> {
        let today = now.to_zoned(zone.clone()).start_of_day().map_or(now, |day| day.timestamp());
        partner.check(&rules, &list, items.clone(), (now, today))?;
        Ok(("partner_checked", json!({ "list": list, "items": items })))
    };
    at_door(app, door, alter).await
}

/// A partner leaves: the contact is erased, and seats of what is still to come are free again.
///
/// # Errors
/// As [`at_door`].
pub async fn leave(app: &App, door: &Door) -> Answer<Partner> {
    door.open(app).await?;
    let (id, snapshot) = (door.partner, app.snapshot());
    let left = app.store.write(move |tx| -> Result<Option<Result<Partner, Refusal>>, StoreError> {
        let now = tx.now();
        let Some(mut partner) = works::find_for_update::<Partner>(tx, id.0)? else { return Ok(None) };
        let known_by = partner.known_by;
        if let Err(refusal) = partner.leave(now) {
            return Ok(Some(Err(refusal)));
        }
        waits_no_more(tx, &partner, known_by)?;
        // In the order of their ids, as all do who lock several.
        let mut activities: Vec<ActivityId> = partner.activities.clone();
        activities.sort_unstable();
        for activity in activities {
            let Some(mut activity) = works::find_for_update::<Activity>(tx, activity.0)? else { continue };
            if activity.give_back(id, now).is_ok() {
                partner.gave_back(activity.id);
                let told = json!({ "partner": id, "left": true });
                works::put(tx, &snapshot, &activity, &PARTNER, &("activity_given_back", told))?;
            }
        }
        works::put(tx, &snapshot, &partner, &PARTNER, &("partner_left", json!({})))?;
        Ok(Some(Ok(partner)))
    });
    Ok(left.await?.ok_or_else(Problem::not_found)??)
}

/// Applications that are looked at in one go.
const DUE_AT_ONCE: i64 = 100;

/// Tells whoever decides once more of applications that wait long, and lets those lapse that wait too long. Returns how many
/// changed.
///
/// # Errors
/// The store's.
pub async fn look_after_waiting(app: &App) -> Answer<usize> {
    let (snapshot, parts) = (app.snapshot(), app.clone());
    let Some(rules) = snapshot.policy.partners.clone() else { return Ok(0) };
    let changed = app.store.write(move |tx| -> Result<usize, StoreError> {
        let now = tx.now();
        let mut changed = 0;
        for id in jiban_store::works::due(tx, Partner::KIND, now, DUE_AT_ONCE)? {
            let Some(mut partner) = works::find_for_update::<Partner>(tx, id)? else { continue };
            let known_by = partner.known_by;
            let done = match partner.wait(&rules, now) {
                // The policy has changed since its time was noted.
                None => {
                    works::put_untold(tx, &snapshot, &partner)?;
                    continue;
                }
                Some(Waited::Reminded) => {
                    tell_community(tx, &parts, &snapshot, &partner, Some(&rules))?;
                    "partner_reminded"
                }
                Some(Waited::Lapsed) => {
                    waits_no_more(tx, &partner, known_by)?;
                    "partner_lapsed"
                }
            };
            works::put(tx, &snapshot, &partner, &Actor::System, &(done, json!({})))?;
            changed += 1;
        }
        Ok(changed)
    });
    let changed = changed.await?;
    if changed > 0 {
        app.outbox_nudge.notify_one();
    }
    Ok(changed)
}

/// Activities of a partner that are shown, the newest.
const ACTIVITIES_SHOWN: usize = 30;

/// The activities of a partner that it took last, as they stand, the newest first.
///
/// # Errors
/// The store's.
pub fn activities_of(tx: &mut ReadTx<'_>, partner: &Partner) -> Result<Vec<Activity>, StoreError> {
    let found = partner.activities.iter().rev().take(ACTIVITIES_SHOWN).map(|id| works::find_in::<Activity>(tx, id.0));
    found.filter_map(Result::transpose).collect()
}
