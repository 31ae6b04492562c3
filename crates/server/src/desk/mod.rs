//! The one way in: registering a case and acting on it, from HTTP, import, sweeper or the command line alike.
//!
//! Load, decide, append, fold, arm clocks, queue notices: one transaction, then hints to whoever watches. Feature
//! slices and workers call this and never write a case themselves. What may be done is the domain's to say.

pub mod identity;
pub mod learnt;
pub mod lessons;
pub mod machines;
pub mod newest;
pub mod numbers;
pub mod places;
pub mod raised;
pub mod records;
pub mod repeats;
pub mod rows;
pub mod tally;
pub mod telling;
pub mod ticket;
pub mod told_at;
pub mod triage;
pub mod units;
pub mod what_if;

use std::sync::Arc;

use jiban_domain::{
    case::{Case, Reporter},
    command::{Command, Recalendar, Register},
    decide::{self, Decision, Moment},
    event::Actor,
    ids::{CaseId, PersonId, RequestId},
    notice,
    organisation::Organisation,
    permission,
    refusal::Refusal,
};
use jiban_store::{
    Store, StoreError, WriteTx, attachments, case_list, cases, idempotency, identity as identities, search,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;
use uuid::Uuid;

use self::identity::Identity;
use crate::{
    app::App,
    http::problem::{Answer, Problem},
    infra::{hub::Changed, world::Snapshot},
};

/// A retried request's key: the same key and request give the same answer, once.
#[derive(Debug, Clone)]
pub struct Key {
    /// Who sent it: keys of different senders never meet.
    pub sender: String,
    /// The key.
    pub key: String,
    /// SHA-256 of the request, to refuse the same key for another one.
    pub request: [u8; 32],
}

/// What comes in, before it is masked and sealed.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The case as told. Title and text may still hold personal numbers.
    pub register: Register,
    /// Who the reporter is.
    pub identity: Identity,
    /// Key of the request.
    pub key: Option<Key>,
    /// When it was registered, for records that are brought in; now where none is given.
    pub at: Option<Timestamp>,
}

/// What a reporter gets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Registered {
    /// Case id.
    #[schema(value_type = String, format = Uuid)]
    pub id: CaseId,
    /// Number to quote.
    pub number: String,
    /// Code that, with the number, opens the case for the reporter. Told once.
    pub tracking_code: String,
    /// Where it went: the lead unit's name, where it was dispatched at once.
    pub lead: Option<String>,
    /// When something is next due.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_due: Option<Timestamp>,
}

/// Errors inside a transaction: the store's, the domain's, or an answer already known.
pub(crate) enum Stop {
    Store(StoreError),
    Refused(Refusal),
    Problem(Box<Problem>),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Store(error) => error.into(),
            Stop::Refused(refusal) => refusal.into(),
            Stop::Problem(problem) => *problem,
        }
    }
}

/// Registers a case.
///
/// # Errors
/// A [`Problem`]: a refusal of the domain, a key used for another request, or the store's.
pub async fn register(app: &App, by: Actor, intake: Intake) -> Answer<Registered> {
    let (made, ()) = register_with(app, by, intake, |_, _| Ok(())).await?;
    Ok(made)
}

/// Registers a case that settles something else in the same transaction: the signal, finding or booking that it is made of.
/// Where `settle` refuses there is no case.
///
/// # Errors
/// As of [`register`], and those of `settle`.
pub(crate) async fn register_with<T: Send + 'static>(
    app: &App,
    by: Actor,
    intake: Intake,
    settle: impl Fn(&mut WriteTx<'_>, &Registered) -> Result<T, Stop> + Send + 'static,
) -> Answer<(Registered, T)> {
    let snapshot = app.snapshot();
    let prepared = Arc::new(prepare(app, &snapshot, by, intake).await?);
    let (world, parts) = (Arc::clone(&snapshot), app.clone());
    let register = move |tx: &mut WriteTx<'_>| -> Result<(Done, T), Stop> {
        let done = register_in(tx, &parts, &world, &prepared)?;
        let settled = settle(tx, &done.answer)?;
        Ok((done, settled))
    };
    let (done, settled) = app.store.write(register).await?;
    if let Some(decision) = &done.decision {
        announce(app, &snapshot, decision);
    }
    Ok((done.answer, settled))
}

/// Acts on a case.
///
/// `expected` is the version that the actor has seen; where it is given and the case has moved on, nothing happens.
///
/// # Errors
/// A [`Problem`]: not found, a refusal of the domain, a conflict, or the store's.
pub async fn act(
    app: &App,
    id: CaseId,
    mut command: Command,
    by: Actor,
    expected: Option<u64>,
    key: Option<Key>,
) -> Answer<Case> {
    let mut texts = command.texts_mut();
    texts.retain(|text| !text.is_empty());
    if !texts.is_empty() {
        // Whoever writes may name the reporter, the reporter first of all.
        let reporter = identity_of(app, id).await?;
        for text in texts {
            let (hidden, found) = reporter.hide(text);
            if found {
                *text = hidden;
            }
        }
    }
    let snapshot = app.snapshot();
    let fresh = RequestId(Uuid::now_v7());
    let (world, parts) = (Arc::clone(&snapshot), app.clone());
    let decision = app
        .store
        .write(move |tx| -> Result<Decision, Stop> {
            if let Some(key) = &key {
                if begin(tx, key)?.is_some() {
                    return Ok(Decision { case: stored(tx, id, false)?.1, events: Vec::new() });
                }
                idempotency::finish(tx, &key.sender, &key.key, &key.request, Some("{}"))?;
            }
            let moment = Moment { by: by.clone(), now: tx.now(), fresh };
            act_in(tx, &parts, &world, id, &command, expected, &moment)
        })
        .await?;
    announce(app, &snapshot, &decision);
    Ok(decision.case)
}

/// Acts on a case inside a transaction: the part that workers share.
pub(crate) fn act_in(
    tx: &mut WriteTx<'_>,
    app: &App,
    snapshot: &Snapshot,
    id: CaseId,
    command: &Command,
    expected: Option<u64>,
    moment: &Moment,
) -> Result<Decision, Stop> {
    let (row, case) = stored(tx, id, true)?;
    if expected.is_some_and(|version| version != case.version) {
        return Err(Problem::conflict().into());
    }
    let world = snapshot.world_of(&case.policy);
    let decision = decide::decide(&world, &case, command, moment)?;
    if decision.events.is_empty() {
        return Ok(decision);
    }
    check_tie(tx, snapshot, command, &moment.by)?;
    save(tx, app, snapshot, (&row, &case), &decision)?;
    if decision.case.title != case.title || decision.case.text != case.text {
        search::put(tx, id.0, &search_words(&decision.case))?;
    }
    Ok(decision)
}

/// A case is tied only to one that is there and that the actor may see; the two are not told apart.
fn check_tie(tx: &mut WriteTx<'_>, snapshot: &Snapshot, command: &Command, by: &Actor) -> Result<(), Stop> {
    let other = match command {
        Command::Link(link) => link.to,
        Command::MarkRepeat(mark) => mark.of,
        _ => return Ok(()),
    };
    let found = cases::load(tx, other.0)?.as_ref().map(rows::case).transpose()?;
    match found.filter(|case| permission::sees(&snapshot.organisation, by, case)) {
        Some(_) => Ok(()),
        None => Err(Refusal::unknown("case", other).into()),
    }
}

/// Who the reporter of a case is, for the program itself: to keep it out of what is written. Nobody where there is none.
///
/// # Errors
/// The store's.
pub async fn identity_of(app: &App, id: CaseId) -> Answer<Identity> {
    let parts = app.clone();
    let stored = app.store.read(move |tx| identities::get(tx, &parts.vault, id.0)).await?;
    Ok(stored.map(Identity::from).unwrap_or_default())
}

/// One case, as stored.
///
/// # Errors
/// The store's.
pub async fn load(app: &App, id: CaseId) -> Answer<Option<Case>> {
    let found = app.store.read(move |tx| cases::load(tx, id.0)).await?;
    Ok(found.as_ref().map(rows::case).transpose()?)
}

/// Tells whoever watches, and wakes the workers.
pub(crate) fn announce(app: &App, snapshot: &Snapshot, decision: &Decision) {
    let Some(last) = decision.events.last() else { return };
    app.hub.tell(Changed {
        case: decision.case.id,
        version: decision.case.version,
        kind: last.event.kind(),
        scope: Arc::new(snapshot.organisation.scope_of(decision.case.involved())),
    });
    app.sweeper_nudge.notify_one();
    app.outbox_nudge.notify_one();
    app.tally_nudge.notify_one();
}

/// Everything that is read at the edge or costs time, done before the transaction.
struct Prepared {
    by: Actor,
    register: Register,
    identity: Identity,
    key: Option<Key>,
    at: Option<Timestamp>,
    id: CaseId,
    number: numbers::Number,
    tracking_code: String,
    reporter_index: Option<[u8; 32]>,
    words: String,
}

impl Prepared {
    fn moment(&self, tx: &WriteTx<'_>) -> Moment {
        Moment { by: self.by.clone(), now: self.at.unwrap_or_else(|| tx.now()), fresh: RequestId(self.id.0) }
    }
}

async fn prepare(app: &App, snapshot: &Snapshot, by: Actor, intake: Intake) -> Answer<Prepared> {
    let Intake { mut register, mut identity, key, at } = intake;
    let (title, text) = (identity.hide(&register.title), identity.hide(&register.text));
    let address = identity.hide(&register.place.address);
    if title.1 || text.1 || address.1 {
        identity.original = Some([&*register.title, &*register.text, &*register.place.address].join("\n"));
    }
    (register.title, register.text, register.place.address) = (title.0, text.0, address.0);
    register.reporter = Reporter {
        anonymous: register.reporter.anonymous || identity.name.trim().is_empty(),
        contactable: !identity.phone.trim().is_empty() || identity.email.is_some(),
    };
    if register.reporter.anonymous {
        identity.name.clear();
    }
    if register.proposal.is_none() {
        let mut proposal = snapshot.triage.propose(&snapshot.policy, &register.title, &register.text);
        let place = &register.place;
        if place.spot.is_none() && place.grid.is_none() && place.lon.is_none() {
            let told = triage::told(&place.address, &triage::told(&register.title, &register.text));
            proposal.place = snapshot.places.find(&told);
        }
        register.proposal = Some(proposal);
    }
    let id = match at {
        Some(at) => CaseId(rows::uuid_at(at)),
        None => CaseId(Uuid::now_v7()),
    };
    Ok(Prepared {
        number: app.numbers.next(app, &snapshot.policy, at).await?,
        reporter_index: app.vault.blind_index(&identity.phone),
        words: search_text(&register.title, &register.text, &register.place.address),
        tracking_code: identity::tracking_code(),
        by,
        register,
        identity,
        key,
        at,
        id,
    })
}

struct Done {
    answer: Registered,
    decision: Option<Decision>,
}

fn register_in(tx: &mut WriteTx<'_>, app: &App, snapshot: &Snapshot, new: &Prepared) -> Result<Done, Stop> {
    if let Some(key) = &new.key
        && let Some(answer) = begin(tx, key)?
    {
        return Ok(Done { answer: unsealed(app, key, &answer)?, decision: None });
    }
    let world = snapshot.world();
    let moment = new.moment(tx);
    let number = new.number.in_transaction(tx, moment.now)?;
    let decision = decide::register(&world, new.id, number, &new.register, &moment)?;
    let case = &decision.case;
    save_new(tx, app, snapshot, &decision, new, Telling::All)?;
    let answer = Registered {
        id: new.id,
        number: case.number.clone(),
        tracking_code: new.tracking_code.clone(),
        lead: case.lead.as_ref().and_then(|id| world.organisation.unit(id)).map(|unit| unit.name.zh.clone()),
        next_due: case.next_due(),
    };
    if let Some(key) = &new.key {
        idempotency::finish(tx, &key.sender, &key.key, &key.request, Some(&sealed(app, key, &answer)?))?;
    }
    Ok(Done { answer, decision: Some(decision) })
}

/// Does something once for a keyed request: whoever asks again under the same key gets the answer that was given.
///
/// # Errors
/// Those of `work`; the key was used for another request; the store's.
pub(crate) fn once<T: Serialize + DeserializeOwned>(
    tx: &mut WriteTx<'_>,
    app: &App,
    key: Option<&Key>,
    work: impl FnOnce(&mut WriteTx<'_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let Some(key) = key else { return work(tx) };
    if let Some(kept) = begin(tx, key)? {
        return Ok(unsealed(app, key, &kept)?);
    }
    let answer = work(tx)?;
    idempotency::finish(tx, &key.sender, &key.key, &key.request, Some(&sealed(app, key, &answer)?))?;
    Ok(answer)
}

/// The answer as it is kept for a retry: it holds the code that opens the case, or the door, for whoever knows it.
fn sealed(app: &App, key: &Key, answer: &impl Serialize) -> Result<String, StoreError> {
    let plain = serde_json::to_vec(answer).map_err(|why| StoreError::other(why.to_string()))?;
    Ok(hex::encode(app.vault.seal(&key.request, &plain)?))
}

/// An answer that was kept for a retry.
fn unsealed<T: DeserializeOwned>(app: &App, key: &Key, kept: &str) -> Result<T, StoreError> {
    let corrupt = |why: &dyn std::fmt::Display| StoreError::corrupt(format!("the answer kept for a retry: {why}"));
    let bytes = hex::decode(kept).map_err(|why| corrupt(&why))?;
    let plain = app.vault.open(&key.request, &bytes)?;
    serde_json::from_slice(&plain).map_err(|why| corrupt(&why))
}

/// Begins a keyed request: the earlier answer, if there is one.
fn begin(tx: &mut WriteTx<'_>, key: &Key) -> Result<Option<String>, Stop> {
    match idempotency::begin(tx, &key.sender, &key.key, &key.request)? {
        idempotency::Begin::New => Ok(None),
        idempotency::Begin::Done(Some(answer)) => Ok(Some(answer)),
        idempotency::Begin::Done(None) => Err(StoreError::corrupt("a key without its answer").into()),
        idempotency::Begin::OtherRequest => Err(Problem::key_reused().into()),
    }
}

/// The case with its row; for change where `lock` is set.
fn stored(tx: &mut WriteTx<'_>, id: CaseId, lock: bool) -> Result<(cases::CaseRow, Case), Stop> {
    let row = if lock { cases::load_for_update(tx, id.0)? } else { cases::load(tx, id.0)? };
    let row = row.ok_or_else(Problem::not_found)?;
    let case = rows::case(&row)?;
    Ok((row, case))
}

fn save_new(
    tx: &mut WriteTx<'_>,
    app: &App,
    snapshot: &Snapshot,
    decision: &Decision,
    new: &Prepared,
    telling: Telling,
) -> Result<(), Stop> {
    let mut row = rows::row(&decision.case)?;
    row.tracking = Some(identity::tracking_hash(&app.token_key, &decision.case.number, &new.tracking_code));
    row.reporter = new.reporter_index;
    let (scope, clocks) = projections(snapshot, &decision.case, &row);
    cases::save(tx, None, &mut row, &rows::events(&decision.events)?, &scope, &clocks)?;
    if let Some(stored) = new.identity.stored() {
        identities::put(tx, &app.vault, new.id.0, &stored)?;
    }
    search::put(tx, new.id.0, &new.words)?;
    match telling {
        Telling::All => tell(tx, app, snapshot, decision),
        Telling::Nobody => Ok(()),
    }
}

fn save(
    tx: &mut WriteTx<'_>,
    app: &App,
    snapshot: &Snapshot,
    (old_row, old): (&cases::CaseRow, &Case),
    decision: &Decision,
) -> Result<(), Stop> {
    let mut row = rows::row(&decision.case)?;
    (row.tracking, row.reporter) = (old_row.tracking, old_row.reporter);
    let (old_scope, old_clocks) = projections(snapshot, old, old_row);
    let (scope, clocks) = projections(snapshot, &decision.case, &row);
    let before = cases::Previous { row: old_row, scope: &old_scope, clocks: &old_clocks };
    cases::save(tx, Some(before), &mut row, &rows::events(&decision.events)?, &scope, &clocks)?;
    tell(tx, app, snapshot, decision)
}

fn projections(snapshot: &Snapshot, case: &Case, row: &cases::CaseRow) -> (Vec<cases::ScopeRow>, Vec<cases::ClockRow>) {
    let world = snapshot.world_of(&case.policy);
    (row.scope(rows::units(world.organisation, case)), rows::clocks(world.policy, case))
}

/// Queues what people and machines are to be told.
fn tell(tx: &mut WriteTx<'_>, app: &App, snapshot: &Snapshot, decision: &Decision) -> Result<(), Stop> {
    let world = snapshot.world_of(&decision.case.policy);
    for mut notice in notice::notices(&world, &decision.case, &decision.events) {
        // Nobody is told of a case that they may not open.
        let sees =
            |person: &PersonId| permission::sees(world.organisation, &Actor::Person(person.clone()), &decision.case);
        notice.to.retain(sees);
        let body = serde_json::to_string(&notice).map_err(|e| StoreError::other(e.to_string()))?;
        telling::people(tx, app, &snapshot.organisation, (Some(notice.case), &notice.kind), &notice.to, &body)?;
    }
    if app.outlets.has_webhooks() {
        for recorded in &decision.events {
            let kind = recorded.event.kind();
            let body = serde_json::json!({
                "case": decision.case.id, "number": decision.case.number, "version": decision.case.version,
                "kind": kind, "at": recorded.at, "state": decision.case.state,
            });
            for name in app.outlets.webhooks(kind) {
                telling::push(tx, "webhook", name.to_owned(), &body.to_string())?;
            }
        }
    }
    Ok(())
}

fn search_words(case: &Case) -> String {
    search_text(&case.title, &case.text, &case.place.address)
}

fn search_text(title: &str, text: &str, address: &str) -> String {
    jiban_text::search_words(&format!("{title}\n{text}\n{address}"))
}

/// Cases recomputed in one transaction after a change of calendar.
const RECALENDAR_BATCH: i64 = 100;

/// Recomputes the clocks of every open case after the official calendar changed. Returns how many cases changed.
///
/// # Errors
/// The store's; what was recomputed before stays so, and doing it again does the rest.
pub async fn recalendar(app: &App) -> Answer<usize> {
    let (mut cursor, mut changed) = (None, 0);
    loop {
        let (snapshot, parts) = (app.snapshot(), app.clone());
        let world = Arc::clone(&snapshot);
        let from = cursor;
        let (decisions, next) = app
            .store
            .write(move |tx| -> Result<_, Stop> {
                let query = case_list::CaseQuery { cursor: from, limit: RECALENDAR_BATCH, ..Default::default() };
                let page = case_list::list(tx, &query)?;
                let mut decisions = Vec::new();
                for row in &page.cases {
                    let moment = Moment { by: Actor::System, now: tx.now(), fresh: RequestId(row.case_id) };
                    let command = Command::Recalendar(Recalendar {});
                    decisions.push(act_in(tx, &parts, &world, CaseId(row.case_id), &command, None, &moment)?);
                }
                Ok((decisions, page.next))
            })
            .await?;
        changed += decisions.iter().filter(|decision| !decision.events.is_empty()).count();
        decisions.iter().for_each(|decision| announce(app, &snapshot, decision));
        match next {
            Some(next) => cursor = Some(next),
            None => return Ok(changed),
        }
    }
}

/// Puts an uploaded file on a case: the row and the event in one transaction.
///
/// # Errors
/// A [`Problem`]: a refusal of the domain, or the store's.
pub async fn attach(
    app: &App,
    id: CaseId,
    command: Command,
    by: Actor,
    row: attachments::AttachmentRow,
) -> Answer<Case> {
    let snapshot = app.snapshot();
    let (world, parts) = (Arc::clone(&snapshot), app.clone());
    let fresh = RequestId(Uuid::now_v7());
    let decision = app
        .store
        .write(move |tx| -> Result<Decision, Stop> {
            let moment = Moment { by: by.clone(), now: tx.now(), fresh };
            let decision = act_in(tx, &parts, &world, id, &command, None, &moment)?;
            attachments::put(tx, &attachments::AttachmentRow { at: moment.now, ..row.clone() })?;
            Ok(decision)
        })
        .await?;
    announce(app, &snapshot, &decision);
    Ok(decision.case)
}

/// Whether people are told of what is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    All,
    Nobody,
}

/// Cases indexed in one transaction.
const REINDEX_BATCH: i64 = 200;

/// Puts every case into the search index that is not in it, as after a restore. Returns how many.
///
/// # Errors
/// The store's; doing it again goes on where it ended.
pub async fn reindex(store: &Store) -> Result<usize, StoreError> {
    let (mut after, mut done) = (None, 0);
    loop {
        let from = after;
        let batch = store
            .write(move |tx| {
                let ids = search::missing(tx, from, REINDEX_BATCH)?;
                for row in cases::load_many(tx, &ids)? {
                    search::put(tx, row.case_id, &search_words(&rows::case(&row)?))?;
                }
                Ok::<_, StoreError>(ids)
            })
            .await?;
        done += batch.len();
        match batch.last() {
            Some(last) => after = Some(*last),
            None => return Ok(done),
        }
    }
}

/// Cases rescoped in one transaction.
const RESCOPE_BATCH: i64 = 200;

/// Writes anew who may see each case, after the tree of units changed. Returns how many cases changed.
///
/// # Errors
/// The store's; doing it again goes on where it ended.
pub async fn rescope(store: &Store, before: Organisation, after: Organisation) -> Result<usize, StoreError> {
    let trees = Arc::new((before, after));
    let (mut cursor, mut changed) = (None, 0);
    loop {
        let (trees, from) = (Arc::clone(&trees), cursor);
        let (last, count) = store
            .write(move |tx| {
                let start = Timestamp::UNIX_EPOCH;
                let rows = cases::registered_between(tx, start, Timestamp::MAX, from, RESCOPE_BATCH)?;
                let mut count = 0;
                for row in &rows {
                    let case = rows::case(row)?;
                    let old = row.scope(rows::units(&trees.0, &case));
                    let new = row.scope(rows::units(&trees.1, &case));
                    if old != new {
                        cases::rescope(tx, row.case_id, &old, &new)?;
                        count += 1;
                    }
                }
                Ok::<_, StoreError>((rows.last().map(|row| (row.registered_at, row.case_id)), count))
            })
            .await?;
        changed += count;
        match last {
            Some(last) => cursor = Some(last),
            None => return Ok(changed),
        }
    }
}
