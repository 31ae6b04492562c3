//! Reading signals 苗头 and occasions 时令与节点. It must never take an occasion that would never be told.

use super::{Known, listed, matters::CATEGORY, name, table::Node, word};
use crate::{
    occasion::{Occasion, On, WARNED_MAX},
    round::RoundRules,
    season::{MonthDay, Season},
    signal::{HotRules, SignalRules, again::AgainRules, scan::ScanRules},
};

/// Longest look back, days.
const DAYS_MAX: u32 = 366;
/// Longest that an occasion is told ahead, days.
const AHEAD_MAX: u32 = 90;

pub(super) fn signals(node: &Node<'_>, known: &Known) -> Option<SignalRules> {
    node.table(|t| {
        let look_back_days = t.need("look_back", |node| node.days(28..=DAYS_MAX));
        let window_days = t.need("window", |node| node.days(1..=14));
        let least_cases = t.need("least_cases", |node| node.whole(2..=1_000));
        let false_alarm_days = t.need("false_alarm_in", |node| node.days(2..=365));
        let repeats = t.may("repeats", |node| {
            node.table(|t| {
                let times = t.need("times", |node| node.whole(2..=1_000));
                let within_days = t.need("within", |node| node.days(1..=DAYS_MAX));
                Some(AgainRules { times: times?, within_days: within_days? })
            })
        });
        let hot = t.may("hot", |node| {
            node.table(|t| {
                let people = t.need("people", |node| node.whole(2..=10_000));
                let within_days = t.need("within", |node| node.days(1..=DAYS_MAX));
                Some(HotRules { people: people?, within_days: within_days? })
            })
        });
        let except = t.may_list("except", |node| node.set(|node| node.known(&known.categories, CATEGORY)));
        Some(SignalRules {
            scan: ScanRules {
                look_back_days: look_back_days?,
                window_days: window_days?,
                least_cases: least_cases?,
                false_alarm_days: false_alarm_days?,
            },
            repeats: repeats?.unwrap_or_default(),
            hot: hot?.unwrap_or_default(),
            except: except?,
        })
    })
}

pub(super) fn occasions(node: &Node<'_>, known: &Known, rounds: Option<&RoundRules>) -> Option<Vec<Occasion>> {
    listed(node, word, |t, id| {
        let name = t.need("name", name);
        let season = t.may("season", season);
        let holiday = t.may("holiday", Node::text);
        let warned = t.may("warned", |node| node.days(1..=WARNED_MAX));
        let ahead = t.may("ahead", |node| node.days(1..=AHEAD_MAX));
        let category = t.may("category", |node| node.known(&known.categories, CATEGORY));
        let checklist = t.may("checklist", |node| checklist(node, rounds));
        let advice = t.need("advice", self::name);
        let on = match (season?, holiday?, warned?, ahead?) {
            (Some(season), None, None, Some(ahead_days)) => On::Season { season, ahead_days },
            (None, Some(holiday), None, Some(ahead_days)) => On::Holiday { holiday, ahead_days },
            (None, None, Some(days), None) => On::Warning { days },
            _ => {
                return t.refuse(
                    ("nobody can tell when this occasion is", "看不出这个节点在什么时候"),
                    (
                        "write 'season' or 'holiday' with 'ahead', or 'warned' alone",
                        "请写 season 或 holiday 之一并写 ahead，或者只写 warned",
                    ),
                );
            }
        };
        Some(Occasion { id: id?, name: name?, on, category: category?, checklist: checklist?, advice: advice? })
    })
}

fn season(node: &Node<'_>) -> Option<Season> {
    node.table(|t| {
        let (from, to) = (t.need("from", month_day), t.need("to", month_day));
        Some(Season { from: from?, to: to? })
    })
}

fn month_day(node: &Node<'_>) -> Option<MonthDay> {
    let text = node.text()?;
    text.parse().ok().or_else(|| {
        node.refuse(
            (format!("'{text}' is no day of the year"), format!("“{text}”不是一年中的某一天")),
            ("write month and day, for example \"06-01\"", "请写月和日，例如 \"06-01\""),
        )
    })
}

fn checklist(node: &Node<'_>, rounds: Option<&RoundRules>) -> Option<String> {
    let id = node.text()?;
    if rounds.is_some_and(|rounds| rounds.checklist(&id).is_some()) {
        return Some(id);
    }
    node.refuse(
        (format!("'{id}' is no checklist"), format!("没有检查清单“{id}”")),
        ("write one of [[rounds.checklists]]", "应为 [[rounds.checklists]] 中的一张"),
    )
}
