//! Guides to services 办事指南 as they are kept: written by whoever tells residents things in that area or taken over from a
//! table, found by what residents call it.

use std::sync::Arc;

use jiban_domain::{
    guide::{
        Act, Guide, GuideState, Text,
        import::{self, Told},
    },
    ids::{GuideId, UnitId},
    neighbourhood::Section,
    organisation::Organisation,
    refusal::Refusal,
    table::RowFault,
    words::Words,
};
use jiban_store::{WriteTx, counters};
use jiban_text::{normalise, segment};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::works::{self, Page, Work};
use crate::{
    app::App,
    desk::Stop,
    http::{
        auth::{Announcer, Staff},
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Most guides that are published at once: all of them are looked through for each search.
const PUBLISHED_MAX: i64 = 500;
/// Guides, the newest, among which a row of a table is looked for.
const KNOWN_MAX: i64 = 5_000;
/// Rows told that were not taken, at most.
const REFUSED_MAX: usize = 200;
/// The name under which faults of a table are told.
const TABLE: &str = "guides.csv";
/// Most words of a search that are looked for.
const WORDS_MAX: usize = 12;
/// What a word weighs in a title, and what the whole search does where it stands as it is.
const IN_TITLE: usize = 3;
const AS_IT_IS: usize = 10;

impl Work for Guide {
    const KIND: &'static str = "guide";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.unit
    }

    fn state(&self) -> &'static str {
        self.state.as_str()
    }

    fn next_at(&self, _: &Snapshot) -> Option<Timestamp> {
        None
    }
}

/// Whether this person may change it.
pub fn changes(staff: &Staff, guide: &Guide) -> bool {
    Announcer::is(staff) && staff.reaches(&guide.unit)
}

/// Writes a guide.
///
/// # Errors
/// Forbidden, or a refusal that names the field.
pub async fn write(app: &App, staff: &Staff, unit: UnitId, text: Text) -> Answer<Guide> {
    staff.tells(&unit)?;
    let staff = staff.clone();
    Ok(app.store.write(move |tx| new(tx, &staff, unit.clone(), text.clone())).await?)
}

/// Does something with a guide. `expected` is the version that the actor has seen; where it is given and somebody else has
/// changed the guide since, nothing happens.
///
/// # Errors
/// Not found, forbidden, changed in between, a refusal, or too many are published.
pub async fn act(app: &App, staff: &Staff, id: Uuid, act: Act, expected: Option<u64>) -> Answer<Guide> {
    let guide: Guide = works::find(app, id).await?;
    if !changes(staff, &guide) {
        return Err(Problem::forbidden());
    }
    let staff = staff.clone();
    let changed = app.store.write(move |tx| -> Result<Guide, Stop> {
        let published = Some(GuideState::Published.as_str());
        if act == Act::Publish {
            // Two that are published at once come one after the other: the last place is given once.
            counters::one_at_a_time(tx, "guide.publish")?;
            if jiban_store::works::count(tx, Guide::KIND, published)? >= PUBLISHED_MAX {
                let max = u32::try_from(PUBLISHED_MAX).unwrap_or(u32::MAX);
                return Err(Refusal::Limit { what: "published guides", what_zh: "已发布的办事指南", max }.into());
            }
        }
        let mut guide = works::find_for_update::<Guide>(tx, id)?.ok_or_else(Problem::not_found)?;
        if expected.is_some_and(|version| version != guide.version) {
            return Err(Problem::conflict().into());
        }
        does(tx, &staff, &mut guide, act.clone())?;
        Ok(guide)
    });
    Ok(changed.await?)
}

/// What became of a table of guides.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = GuidesImported)]
pub struct Imported {
    /// New ones.
    pub written: u32,
    /// Known ones that say something else now.
    pub changed: u32,
    /// Known ones that said it already.
    pub same: u32,
    /// Of all these, those that were published.
    pub published: u32,
    /// Rows that were not taken, or not published, each with row, column and what would be right.
    pub refused: Vec<Words>,
}

/// Takes over a table of guides: a row whose unit and title are known changes that guide, any other is a new one. With
/// `publish` all of them are shown to everybody. The same table again changes nothing.
///
/// # Errors
/// The store's; rows that cannot be taken are told, and keep no other back.
pub async fn import(app: &App, staff: &Staff, table: &str, publish: bool) -> Answer<Imported> {
    let (told, faults) = import::guides(TABLE, table, &staff.snapshot.organisation);
    let (rows, others): (Vec<Told>, Vec<Told>) = told.into_iter().partition(|row| staff.reaches(&row.unit));
    let mut refused: Vec<Words> = faults.iter().map(RowFault::words).collect();
    let beyond = || Words::new("a unit whose area you tell things to", "应为您可以发布信息的范围");
    refused.extend(others.iter().map(|row| fault(row, "unit", beyond())));
    let staff = staff.clone();
    let taken = app.store.write(move |tx| -> Result<Imported, Stop> {
        counters::one_at_a_time(tx, "guide.publish")?;
        let known: Vec<Guide> = works::list(tx, None, None, KNOWN_MAX)?;
        let published = Some(GuideState::Published.as_str());
        let mut room = PUBLISHED_MAX - jiban_store::works::count(tx, Guide::KIND, published)?;
        let mut done = Imported { refused: refused.clone(), ..Imported::default() };
        for row in &rows {
            let is_it = |guide: &&Guide| guide.unit == row.unit && guide.text.title == row.text.title;
            let mut guide = match known.iter().find(is_it).cloned() {
                Some(guide) if guide.text == row.text => {
                    done.same += 1;
                    guide
                }
                Some(mut guide) => {
                    does(tx, &staff, &mut guide, Act::Change { text: row.text.clone() })?;
                    done.changed += 1;
                    guide
                }
                None => {
                    done.written += 1;
                    new(tx, &staff, row.unit.clone(), row.text.clone())?
                }
            };
            if !publish || guide.state == GuideState::Published {
                continue;
            }
            if room <= 0 {
                let full = Words::new(
                    format!("is kept as a draft: {PUBLISHED_MAX} guides are published already"),
                    format!("已存为草稿：已发布的指南满 {PUBLISHED_MAX} 份"),
                );
                done.refused.push(fault(row, "title", full));
                continue;
            }
            does(tx, &staff, &mut guide, Act::Publish)?;
            (room, done.published) = (room - 1, done.published + 1);
        }
        done.refused.truncate(REFUSED_MAX);
        Ok(done)
    });
    Ok(taken.await?)
}

fn fault(row: &Told, column: &str, what: Words) -> Words {
    RowFault { file: TABLE.to_owned(), row: row.row, column: column.to_owned(), what }.words()
}

/// Writes a guide in this transaction.
fn new(tx: &mut WriteTx<'_>, staff: &Staff, unit: UnitId, text: Text) -> Result<Guide, Stop> {
    let guide = Guide::write(GuideId(Uuid::now_v7()), unit, text, &staff.actor, tx.now())?;
    let told = json!({ "title": guide.text.title });
    works::put(tx, &staff.snapshot, &guide, &staff.actor, &("guide_written", told))?;
    Ok(guide)
}

/// Does something with a guide in this transaction.
fn does(tx: &mut WriteTx<'_>, staff: &Staff, guide: &mut Guide, act: Act) -> Result<(), Stop> {
    let what = act.kind();
    guide.act(act, &staff.actor, tx.now())?;
    let told = json!({ "title": guide.text.title });
    Ok(works::put(tx, &staff.snapshot, guide, &staff.actor, &(what, told))?)
}

/// Drafts and withdrawn guides, the newest first, those written before `before` if one is given.
///
/// # Errors
/// The store's.
pub async fn unpublished(app: &App, before: Option<Uuid>, limit: u32) -> Answer<Page<Guide>> {
    works::page(app, None, before, limit, |guide: &Guide| guide.state != GuideState::Published).await
}

/// All that are published, the newest first: there are so few that they always fit.
///
/// # Errors
/// The store's.
pub async fn all_published(app: &App) -> Answer<Vec<Guide>> {
    Ok(app.store.read(|tx| works::list(tx, Some(GuideState::Published.as_str()), None, PUBLISHED_MAX)).await?)
}

/// A guide that everybody may read.
///
/// # Errors
/// Not found, where it is not published.
pub async fn published(app: &App, id: Uuid) -> Answer<Guide> {
    let guide: Guide = works::find(app, id).await?;
    if guide.state == GuideState::Published { Ok(guide) } else { Err(Problem::not_found()) }
}

/// What somebody looks for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// In their own words; empty for everything.
    pub words: String,
    /// Of this section only.
    pub section: Option<Section>,
    /// Only what concerns this grid.
    pub grid: Option<UnitId>,
}

/// Published guides that fit, the best first; all of them, the newest first, where no word was given.
///
/// # Errors
/// The store's.
pub async fn search(app: &App, snapshot: &Arc<Snapshot>, search: Search) -> Answer<Vec<Guide>> {
    let guides = all_published(app).await?;
    let world = Arc::clone(snapshot);
    // The dictionary is loaded by the first search.
    let sort = move || found(guides, &search, &world.organisation);
    tokio::task::spawn_blocking(sort).await.map_err(Problem::internal)
}

fn found(guides: Vec<Guide>, search: &Search, organisation: &Organisation) -> Vec<Guide> {
    let concerns = |guide: &Guide| {
        let is_here = |grid: &UnitId| organisation.lineage(grid).any(|unit| *unit == guide.unit);
        search.grid.as_ref().is_none_or(is_here) && search.section.is_none_or(|section| section == guide.text.section)
    };
    let guides = guides.into_iter().filter(concerns);
    let whole = normalise(search.words.trim());
    if whole.is_empty() {
        return guides.collect();
    }
    let words = telling_words(&whole);
    let mut weighed: Vec<(usize, Guide)> =
        guides.map(|guide| (weight(&guide.text, &whole, &words), guide)).filter(|(weight, _)| *weight > 0).collect();
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    // What shares but a common word with the search is noise beside what fits.
    let least = weighed.first().map_or(0, |(best, _)| best.div_ceil(3));
    weighed.into_iter().filter(|(weight, _)| *weight >= least).map(|(_, guide)| guide).collect()
}

/// The words of a search; a lone character says too little where there are longer ones.
fn telling_words(whole: &str) -> Vec<&str> {
    let words: Vec<&str> = segment(whole).into_iter().take(WORDS_MAX).collect();
    let longer: Vec<&str> = words.iter().copied().filter(|word| word.chars().count() > 1).collect();
    if longer.is_empty() { words } else { longer }
}

fn weight(text: &Text, whole: &str, words: &[&str]) -> usize {
    let title = normalise(&text.title);
    let rest = normalise(&[&text.text, &text.who, &text.bring, &text.place].map(String::as_str).join("\n"));
    let of = |word: &str, times: usize| {
        let (titled, told) = (title.contains(word), rest.contains(word));
        times * (usize::from(titled) * IN_TITLE + usize::from(told))
    };
    of(whole, AS_IT_IS) + words.iter().map(|word| of(word, 1)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use jiban_domain::{event::Actor, organisation::Draft};

    use super::*;

    fn guide(title: &str, text: &str) -> Guide {
        let text = Text {
            title: title.to_owned(),
            section: Section::Convenience,
            who: String::new(),
            bring: "身份证".to_owned(),
            place: String::new(),
            hours: String::new(),
            phone: String::new(),
            text: text.to_owned(),
        };
        let unit = UnitId::new("lh.dm").unwrap();
        Guide::write(GuideId(Uuid::nil()), unit, text, &Actor::System, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_guide_is_found_by_what_people_call_it() {
        let units = "code,name,name_en,kind,parent,hotline,active\nlh.dm,街道,,街道,,,\n";
        let draft: Draft = jiban_domain::organisation::import::units("u", units).draft;
        let organisation = draft.build().unwrap();
        let guides = [
            guide("居住证申领", "在社区登记居住信息，满半年可申领。"),
            guide("高龄津贴申领", "年满 80 周岁，凭身份证到社区办理。"),
            guide("个体工商户注册", "自助办照，当场领取营业执照。"),
        ];
        let find = |words: &str| -> Vec<String> {
            let search = Search { words: words.to_owned(), ..Search::default() };
            found(guides.to_vec(), &search, &organisation).into_iter().map(|guide| guide.text.title).collect()
        };
        assert_eq!(find("居住证"), ["居住证申领"]);
        assert_eq!(find("怎么办居住证？"), ["居住证申领"]);
        assert_eq!(find("营业执照"), ["个体工商户注册"]);
        assert_eq!(find("身份证 津贴"), ["高龄津贴申领"]);
        assert_eq!(find("宇宙飞船"), [""; 0]);
        assert_eq!(find("  ").len(), 3);
    }
}
