//! Letters 表扬书、提醒函、移送函: drafted by the policy's rules from the numbers, edited by the liaison office, issued by a
//! leader under a number, acknowledged by the unit. Reminders that repeat become a referral to the discipline office.
//!
//! What was issued never changes. Every step is recorded in a chain of its own.

use axum::http::StatusCode;
use jiban_domain::{
    figures::{Beside, Measure, Share, Sums},
    ids::UnitId,
    notice,
    policy::{Condition, Language, LetterKind, LetterRule, Name, Policy, Recipient},
};
use jiban_office::{Align, Block, Cell, Column, Document, MastheadStyle, Signature, Table};
use jiban_store::{StoreError, WriteTx, counters, letters as rows_of, letters::LetterRow, tally::By};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{numbers, period::Period, prose::percent};
use crate::{
    app::App,
    desk::telling::{self, Words},
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::{
        audit::{self, Stream},
        press::full_date,
        world::Snapshot,
    },
};

/// Most characters of a letter or an answer to one.
pub const TEXT_MAX: usize = 4_000;

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// Waits for a leader 待签发.
    Draft,
    /// Out 已签发.
    Issued,
    /// The unit has answered 已反馈.
    Acknowledged,
    /// Not issued, with a reason 不予签发.
    Withdrawn,
}

impl LetterState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Issued => "issued",
            Self::Acknowledged => "acknowledged",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A letter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Letter {
    /// Its id.
    pub id: Uuid,
    /// What kind of letter.
    pub kind: LetterKind,
    /// Where it stands.
    pub state: LetterState,
    /// The unit it is about, and whom it goes to; a referral goes to the discipline office.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// Its name when the letter was drafted.
    pub unit_name: Name,
    /// The rule that drafted it; none for one that a person began.
    pub rule: Option<String>,
    /// What it says, in Chinese: the language it is issued in.
    pub text: String,
    /// The days that its numbers are of.
    pub period: Option<Period>,
    /// What it rests on: the measure or rate, for opening the cases behind it.
    pub rests_on: Option<RestsOn>,
    /// Number 发文字号, once issued.
    pub number: Option<String>,
    /// Numbers of the reminders that a referral is about.
    #[serde(default)]
    pub refers_to: Vec<String>,
    /// Drafted by whom, as an actor.
    pub drafted_by: String,
    /// When it was drafted.
    #[schema(value_type = String, format = DateTime)]
    pub drafted_at: Timestamp,
    /// Issued or withdrawn by whom.
    pub decided_by: Option<String>,
    /// When it was issued or withdrawn.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    /// Why it was withdrawn.
    #[serde(default)]
    pub note: String,
    /// What the unit answered 反馈.
    #[serde(default)]
    pub answer: String,
    /// Who answered.
    pub answered_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
}

/// The numbers under a letter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RestsOn {
    /// A rate's code, or a count's.
    pub what: String,
    /// The part of a rate, or the number counted.
    pub part: i64,
    /// The whole of a rate.
    pub whole: Option<i64>,
    /// The share of all units.
    pub usual: Option<f64>,
}

impl Letter {
    fn read(row: &LetterRow) -> Result<Self, StoreError> {
        serde_json::from_str(&row.body).map_err(|why| StoreError::corrupt(format!("letter {}: {why}", row.id)))
    }

    fn row(&self, at: Timestamp) -> Result<LetterRow, StoreError> {
        Ok(LetterRow {
            id: self.id,
            state: self.state.as_str().to_owned(),
            kind: self.kind.as_str().to_owned(),
            unit: self.unit.to_string(),
            rule: self.rule.clone(),
            number: self.number.clone(),
            at,
            body: serde_json::to_string(self).map_err(|why| StoreError::other(why.to_string()))?,
        })
    }

    /// The letter on paper, in Chinese: the language it is issued in.
    pub fn document(&self, snapshot: &Snapshot) -> Document {
        let rules = &snapshot.policy.letters;
        let masthead = rules.masthead.as_ref().map(|name| name.zh.clone());
        let title = rules.forms.get(&self.kind).map(|form| form.name.zh.clone()).unwrap_or_default();
        let mut document = Document::new(Language::Zh, title);
        document.masthead.clone_from(&masthead);
        document.masthead_style = MastheadStyle::Letter;
        document.number.clone_from(&self.number);
        document.addressee = Some(match self.kind {
            LetterKind::Referral => "纪检监察部门".to_owned(),
            LetterKind::Commendation | LetterKind::Reminder => self.unit_name.zh.clone(),
        });
        let lines = self.text.lines().filter(|line| !line.trim().is_empty());
        document.blocks = lines.map(|line| Block::Paragraph { text: line.trim().to_owned() }).collect();
        let day = self.decided_at.unwrap_or(self.drafted_at).to_zoned(snapshot.calendar.zone().clone()).date();
        let date = full_date(Language::Zh, day);
        document.signature = Some(Signature { who: masthead.unwrap_or_default(), date });
        if self.number.is_none() {
            document.note = Some("草稿，未签发".to_owned());
        }
        document
    }
}

/// Letters as a table 函件台账.
pub fn ledger(letters: &[Letter], snapshot: &Snapshot, language: Language) -> Document {
    let pick = |zh: &str, en: &str| language.pick(zh, en).to_owned();
    let day = |at: Option<Timestamp>| {
        let day = at.map(|at| at.to_zoned(snapshot.calendar.zone().clone()).date().to_string());
        day.map_or(Cell::Empty, Cell::Text)
    };
    let row = |letter: &Letter| {
        let kind = snapshot.policy.letters.forms.get(&letter.kind).map(|form| &form.name);
        let state = match letter.state {
            LetterState::Draft => pick("待签发", "to be signed"),
            LetterState::Issued => pick("已签发", "issued"),
            LetterState::Acknowledged => pick("已反馈", "answered"),
            LetterState::Withdrawn => pick("不予签发", "withdrawn"),
        };
        vec![
            letter.number.clone().map_or(Cell::Empty, Cell::Text),
            Cell::Text(kind.map(|name| language.name(name).to_owned()).unwrap_or_default()),
            Cell::Text(language.name(&letter.unit_name).to_owned()),
            Cell::Text(state),
            day(Some(letter.drafted_at)),
            day(letter.decided_at),
            day(letter.answered_at),
            Cell::Text(letter.text.clone()),
            Cell::Text(letter.answer.clone()),
        ]
    };
    let headings = [
        ("字号", "Number"),
        ("种类", "Kind"),
        ("单位", "Unit"),
        ("状态", "State"),
        ("起草", "Drafted"),
        ("签发或退回", "Signed or withdrawn"),
        ("反馈时间", "Answered"),
        ("正文", "Text"),
        ("反馈", "Answer"),
    ];
    let column = |(zh, en): (&str, &str)| Column { heading: pick(zh, en), align: Align::Left };
    let mut document = Document::new(language, pick("函件台账", "Ledger of letters"));
    document.blocks.push(Block::Table(Table {
        caption: Some(pick("函件台账", "Ledger of letters")),
        columns: headings.into_iter().map(column).collect(),
        rows: letters.iter().map(row).collect(),
        note: None,
    }));
    document
}

/// Drafts what the rules call for now. A rule speaks once to a unit within its days. Returns the new drafts.
///
/// # Errors
/// The store's.
pub async fn draft_by_rules(app: &App) -> Answer<Vec<Letter>> {
    let snapshot = app.snapshot();
    let rules = &snapshot.policy.letters;
    if rules.masthead.is_none() {
        return Ok(Vec::new());
    }
    let now = app.now().await?;
    let today = now.to_zoned(snapshot.calendar.zone().clone()).date();
    let mut drafted = Vec::new();
    for rule in &rules.rules {
        let period = looked_back_on(today, rule.within_days)?;
        for (unit, rests_on) in called_for(app, &snapshot, rule, period).await? {
            let Some(unit_name) = snapshot.organisation.unit(&unit).map(|unit| unit.name.clone()) else { continue };
            let text = filled(&rule.text.zh, &unit_name.zh, rule.within_days, &rests_on);
            let mut letter = new(rule.letter, unit, unit_name, text, now);
            (letter.rule, letter.period, letter.rests_on) = (Some(rule.id.clone()), Some(period), Some(rests_on));
            drafted.extend(keep_unless_told(app, letter, rule.within_days).await?);
        }
    }
    if !drafted.is_empty() {
        tell_of_drafts(app, &snapshot, drafted.len()).await?;
    }
    Ok(drafted)
}

fn looked_back_on(today: Date, days: u32) -> Answer<Period> {
    let last = today.yesterday().map_err(Problem::internal)?;
    let first = today.checked_sub(i64::from(days).days()).map_err(Problem::internal)?;
    Ok(Period { first, last })
}

fn new(kind: LetterKind, unit: UnitId, unit_name: Name, text: String, now: Timestamp) -> Letter {
    Letter {
        id: Uuid::now_v7(),
        kind,
        state: LetterState::Draft,
        unit,
        unit_name,
        rule: None,
        text,
        period: None,
        rests_on: None,
        number: None,
        refers_to: Vec::new(),
        drafted_by: "system".to_owned(),
        drafted_at: now,
        decided_by: None,
        decided_at: None,
        note: String::new(),
        answer: String::new(),
        answered_by: None,
        answered_at: None,
    }
}

/// Units for which a rule calls now, each with its numbers.
async fn called_for(
    app: &App,
    snapshot: &Snapshot,
    rule: &LetterRule,
    period: Period,
) -> Answer<Vec<(UnitId, RestsOn)>> {
    let top = top_unit(snapshot);
    let asked = top.clone();
    let (all, units) = app
        .store
        .read(move |tx| {
            let all = numbers::whole(tx, &asked, period)?;
            Ok::<_, StoreError>((all, numbers::apart(tx, &asked, By::Unit, period)?))
        })
        .await?;
    let called = units.into_iter().filter_map(|(unit, sums)| {
        let rests_on = holds(&rule.when, &snapshot.policy, &sums, &all)?;
        // Bureaus handle cases of ours, but their letters are not ours to write.
        let unit = UnitId::new(unit).ok().filter(|unit| snapshot.organisation.is_within(unit, &top))?;
        Some((unit, rests_on))
    });
    Ok(called.collect())
}

/// The unit whose numbers are compared: the one that the liaison office serves.
pub fn top_unit(snapshot: &Snapshot) -> UnitId {
    let liaison = &snapshot.policy.dispatch.liaison_office;
    let parent = snapshot.organisation.unit(liaison).and_then(|unit| unit.parent.clone());
    parent.unwrap_or_else(|| liaison.clone())
}

fn holds(when: &Condition, policy: &Policy, own: &Sums, all: &Sums) -> Option<RestsOn> {
    match when {
        Condition::Count { count, at_least } => {
            let number = own.counted.get(&Measure::Of(*count));
            let what = count.as_str().to_owned();
            (number >= i64::from(*at_least)).then_some(RestsOn { what, part: number, whole: None, usual: None })
        }
        Condition::Rate { rate, least, at_least, below, beyond_chance } => {
            let rule = policy.rates.iter().find(|known| known.id == *rate)?;
            let (share, usual) = (own.rate(rule), all.rate(rule));
            let value = share.value()?;
            let is_far = at_least.is_some_and(|bound| value >= bound) || below.is_some_and(|bound| value < bound);
            let is_fair = !beyond_chance || differs(share, usual, at_least.is_some());
            (share.whole >= i64::from(*least) && is_far && is_fair).then(|| RestsOn {
                what: rate.clone(),
                part: share.part,
                whole: Some(share.whole),
                usual: usual.value(),
            })
        }
    }
}

fn differs(share: Share, usual: Share, upwards: bool) -> bool {
    share.beside(usual) == if upwards { Beside::Above } else { Beside::Below }
}

fn filled(text: &str, unit: &str, days: u32, rests_on: &RestsOn) -> String {
    let share = rests_on.whole.filter(|whole| *whole > 0).map(|whole| rests_on.part as f64 / whole as f64);
    let values = [
        ("{unit}", unit.to_owned()),
        ("{days}", days.to_string()),
        ("{part}", rests_on.part.to_string()),
        ("{count}", rests_on.part.to_string()),
        ("{whole}", rests_on.whole.unwrap_or_default().to_string()),
        ("{share}", share.map_or_else(|| "–".to_owned(), percent)),
        ("{usual}", rests_on.usual.map_or_else(|| "–".to_owned(), percent)),
    ];
    values.iter().fold(text.to_owned(), |text, (blank, value)| text.replace(blank, value))
}

/// Keeps a draft, unless the same rule has spoken to the unit within its days.
async fn keep_unless_told(app: &App, letter: Letter, days: u32) -> Answer<Option<Letter>> {
    let kept = app.store.write(move |tx| -> Result<Option<Letter>, StoreError> {
        let since = tx.now().saturating_sub((i64::from(days) * 24).hours()).unwrap_or(tx.now());
        let told = rows_of::of_unit(tx, letter.unit.as_str(), since)?;
        if told.iter().any(|known| known.rule == letter.rule) {
            return Ok(None);
        }
        keep(tx, &letter, "letter_drafted", "system")?;
        Ok(Some(letter.clone()))
    });
    Ok(kept.await?)
}

fn keep(tx: &mut WriteTx<'_>, letter: &Letter, what: &str, by: &str) -> Result<(), StoreError> {
    let at = tx.now();
    rows_of::put(tx, &letter.row(at)?)?;
    let body = serde_json::json!({
        "letter": letter.id, "kind": letter.kind, "unit": letter.unit, "number": letter.number, "text": letter.text,
        "note": letter.note, "answer": letter.answer,
    });
    let actor = by.parse().map_err(|_| StoreError::other("a letter is kept by an actor"))?;
    audit::record(tx, Stream::Letters, audit::trace(&actor, what, &body))
}

async fn tell_of_drafts(app: &App, snapshot: &Snapshot, count: usize) -> Answer<()> {
    let words = Words {
        number: String::new(),
        zh: format!("有 {count} 份函件草稿待审定"),
        en: format!("{count} drafted letters wait to be looked at"),
        link: Some("/letters".to_owned()),
    };
    let top = top_unit(snapshot);
    let (parts, organisation) = (app.clone(), snapshot.organisation.clone());
    let world = snapshot.world();
    let now = app.now().await?;
    let to = notice::told_of_unit(&world, &top, &[Recipient::LiaisonOffice], now);
    app.store.write(move |tx| telling::tell(tx, &parts, &organisation, "letters_drafted", &to, &words)).await?;
    app.outbox_nudge.notify_one();
    Ok(())
}

/// Begins a letter by hand.
///
/// # Errors
/// A unit that is not known, or a text that is empty or too long.
pub async fn begin(app: &App, staff: &Staff, kind: LetterKind, unit: UnitId, text: String) -> Answer<Letter> {
    let known = staff.snapshot.organisation.unit(&unit).filter(|unit| unit.active);
    let name = known.map(|unit| unit.name.clone());
    let name = name.ok_or_else(|| Problem::field("unit", "a unit of the organisation", "应为组织机构中的单位"))?;
    if staff.snapshot.policy.letters.masthead.is_none() {
        return Err(no_letters());
    }
    let text = checked("text", &text)?;
    let mut letter = new(kind, unit, name, text, app.now().await?);
    letter.drafted_by = staff.actor.to_string();
    let kept = letter.clone();
    app.store.write(move |tx| keep(tx, &kept, "letter_drafted", &kept.drafted_by)).await?;
    Ok(letter)
}

fn no_letters() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "no_letters",
        "the policy has no [letters]; add it to write letters",
        "机制中没有函件规则（[letters]），请先在机制文件中增加",
    )
}

fn checked(field: &str, text: &str) -> Answer<String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Problem::field(field, "must be filled in", "必须填写")),
        length if length > TEXT_MAX => {
            Err(Problem::field(field, format!("at most {TEXT_MAX} characters"), format!("最多 {TEXT_MAX} 个字")))
        }
        _ => Ok(text.to_owned()),
    }
}

/// Changes the words of a draft.
///
/// # Errors
/// Not found, or no draft any more.
pub async fn edit(app: &App, staff: &Staff, id: Uuid, text: String) -> Answer<Letter> {
    let text = checked("text", &text)?;
    change(app, staff, id, "letter_edited", LetterState::Draft, move |letter, _| letter.text.clone_from(&text)).await
}

/// Withdraws a draft, with why.
///
/// # Errors
/// Not found, no draft any more, or no reason.
pub async fn withdraw(app: &App, staff: &Staff, id: Uuid, note: String) -> Answer<Letter> {
    let note = checked("note", &note)?;
    let by = staff.actor.to_string();
    let withdraw = move |letter: &mut Letter, now| {
        letter.state = LetterState::Withdrawn;
        letter.note.clone_from(&note);
        (letter.decided_by, letter.decided_at) = (Some(by.clone()), Some(now));
    };
    change(app, staff, id, "letter_withdrawn", LetterState::Draft, withdraw).await
}

/// Answers an issued letter, for the unit.
///
/// # Errors
/// Not found, not issued, or no answer.
pub async fn acknowledge(app: &App, staff: &Staff, id: Uuid, answer: String) -> Answer<Letter> {
    let answer = checked("answer", &answer)?;
    let by = staff.actor.to_string();
    let acknowledge = move |letter: &mut Letter, now| {
        letter.state = LetterState::Acknowledged;
        letter.answer.clone_from(&answer);
        (letter.answered_by, letter.answered_at) = (Some(by.clone()), Some(now));
    };
    change(app, staff, id, "letter_acknowledged", LetterState::Issued, acknowledge).await
}

async fn change(
    app: &App,
    staff: &Staff,
    id: Uuid,
    what: &'static str,
    from: LetterState,
    alter: impl Fn(&mut Letter, Timestamp) + Send + 'static,
) -> Answer<Letter> {
    let by = staff.actor.to_string();
    let changed = app.store.write(move |tx| -> Result<Option<Letter>, StoreError> {
        let Some(row) = rows_of::find_for_update(tx, id)? else { return Ok(None) };
        let mut letter = Letter::read(&row)?;
        if letter.state != from {
            return Ok(None);
        }
        alter(&mut letter, tx.now());
        keep(tx, &letter, what, &by)?;
        Ok(Some(letter))
    });
    changed.await?.ok_or_else(not_now)
}

fn not_now() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "wrong_state",
        "this letter is not there, or does not stand where this could be done",
        "函件不存在，或目前状态不能进行此操作",
    )
}

/// Issues a draft: it gets its number and goes out; the unit is told, and a referral is drafted where reminders repeat.
///
/// # Errors
/// Not found, or no draft any more.
pub async fn issue(app: &App, staff: &Staff, id: Uuid) -> Answer<Letter> {
    let (snapshot, parts) = (std::sync::Arc::clone(&staff.snapshot), app.clone());
    let by = staff.actor.to_string();
    let issued = app.store.write(move |tx| -> Result<Option<Letter>, StoreError> {
        let Some(row) = rows_of::find_for_update(tx, id)? else { return Ok(None) };
        let mut letter = Letter::read(&row)?;
        if letter.state != LetterState::Draft {
            return Ok(None);
        }
        let now = tx.now();
        letter.number = Some(number(tx, &snapshot, letter.kind, now)?);
        letter.state = LetterState::Issued;
        (letter.decided_by, letter.decided_at) = (Some(by.clone()), Some(now));
        keep(tx, &letter, "letter_issued", &by)?;
        tell_of(tx, &parts, &snapshot, &letter, now)?;
        if letter.kind == LetterKind::Reminder {
            refer(tx, &snapshot, &letter, now)?;
        }
        Ok(Some(letter))
    });
    let letter = issued.await?.ok_or_else(not_now)?;
    app.outbox_nudge.notify_one();
    Ok(letter)
}

/// The next number of a kind in its year. Letters are few: they may wait for each other.
fn number(tx: &mut WriteTx<'_>, snapshot: &Snapshot, kind: LetterKind, now: Timestamp) -> Result<String, StoreError> {
    let year = now.to_zoned(snapshot.calendar.zone().clone()).year();
    let n = counters::lease(tx, &format!("letters.{}.{year}", kind.as_str()), 1)?;
    let form = snapshot.policy.letters.forms.get(&kind).map_or("{year}-{n}", |form| &form.number);
    Ok(form.replace("{year}", &year.to_string()).replace("{n}", &n.to_string()))
}

fn tell_of(
    tx: &mut WriteTx<'_>,
    app: &App,
    snapshot: &Snapshot,
    letter: &Letter,
    now: Timestamp,
) -> Result<(), StoreError> {
    let form = snapshot.policy.letters.forms.get(&letter.kind);
    let (zh, en) = form.map_or(("函件", "Letter"), |form| (&form.name.zh, &form.name.en));
    let (number, unit) = (letter.number.clone().unwrap_or_default(), &letter.unit_name);
    let words = Words {
        zh: format!("{zh}：{}", unit.zh),
        en: format!("{en}: {}", unit.en),
        number,
        link: Some(format!("/letters/{}", letter.id)),
    };
    let to = match letter.kind {
        LetterKind::Referral => &[Recipient::Discipline][..],
        LetterKind::Commendation | LetterKind::Reminder => &[Recipient::LeadUnit, Recipient::Leaders],
    };
    let to = notice::told_of_unit(&snapshot.world(), &letter.unit, to, now);
    telling::tell(tx, app, &snapshot.organisation, "letter_issued", &to, &words)
}

/// Drafts a referral where this reminder is one too many.
fn refer(tx: &mut WriteTx<'_>, snapshot: &Snapshot, last: &Letter, now: Timestamp) -> Result<(), StoreError> {
    let Some(rule) = snapshot.policy.letters.refer else { return Ok(()) };
    let since = now.saturating_sub((i64::from(rule.within_days) * 24).hours()).unwrap_or(now);
    let told = rows_of::of_unit(tx, last.unit.as_str(), since)?;
    let told = told.iter().map(Letter::read).collect::<Result<Vec<_>, _>>()?;
    let is_open = |letter: &&Letter| letter.kind == LetterKind::Referral && letter.state == LetterState::Draft;
    let referred = told.iter().filter(|letter| letter.kind == LetterKind::Referral);
    let known: Vec<&String> = referred.flat_map(|letter| &letter.refers_to).collect();
    let mut reminders: Vec<String> = told
        .iter()
        .filter(|letter| letter.kind == LetterKind::Reminder)
        .filter_map(|letter| letter.number.clone())
        .filter(|number| !known.contains(&number))
        .collect();
    reminders.reverse();
    if reminders.len() < rule.after as usize || told.iter().any(|letter| is_open(&letter)) {
        return Ok(());
    }
    let (unit, days, count) = (last.unit_name.zh.clone(), rule.within_days, reminders.len());
    let text = format!(
        "{unit}近 {days} 天内已收到提醒函 {count} 份（{}），群众诉求办理工作仍未明显改进。现将有关情况移送，请依规依纪处理。",
        reminders.join("、")
    );
    let mut letter = new(LetterKind::Referral, last.unit.clone(), last.unit_name.clone(), text, now);
    letter.refers_to = reminders;
    keep(tx, &letter, "letter_drafted", "system")
}

/// Letters of these units, the newest first; of everybody's where none are named.
///
/// # Errors
/// The store's.
pub async fn list(
    app: &App,
    units: Option<Vec<String>>,
    state: Option<LetterState>,
    before: Option<Uuid>,
    limit: i64,
) -> Answer<Vec<Letter>> {
    let found = app.store.read(move |tx| {
        let rows = rows_of::list(tx, units.as_deref(), state.map(LetterState::as_str), before, limit)?;
        rows.iter().map(Letter::read).collect::<Result<Vec<_>, StoreError>>()
    });
    Ok(found.await?)
}

/// One letter.
///
/// # Errors
/// Not found; the store's.
pub async fn find(app: &App, id: Uuid) -> Answer<Letter> {
    let found = app.store.read(move |tx| rows_of::find(tx, id)?.as_ref().map(Letter::read).transpose()).await?;
    found.ok_or_else(Problem::not_found)
}
