//! Words for the policy's values in both languages, lists of them, and tables in aligned text. It must never say what
//! a value does not say.

use super::Language;
use crate::{
    case::Origin,
    figures::Count,
    policy::{Assignee, FieldKind, Length, Milestone, Name, Recipient, Route},
};

const MINUTES_PER_HOUR: u32 = 60;
const MINUTES_PER_DAY: u32 = 24 * MINUTES_PER_HOUR;
/// Up to here whole days are told in hours, as the mechanism does: 24 小时, 72 小时.
const HOURS_TOLD_MAX: u32 = 72;

impl Language {
    /// One of two texts.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// A name.
    pub fn name(self, name: &Name) -> &str {
        self.pick(&name.zh, &name.en)
    }

    /// A list as the language writes it.
    pub(super) fn list(self, items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let items: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
        items.join(self.pick("、", ", "))
    }

    /// A name with something in brackets behind it, where there is something.
    pub(super) fn aside(self, text: &str, aside: &str) -> String {
        match aside {
            "" => text.to_owned(),
            aside => self.pick("{}（{}）", "{} ({})").replacen("{}", text, 1).replacen("{}", aside, 1),
        }
    }

    fn count(self, number: u32, zh: &str, one: &str, many: &str) -> String {
        match self {
            Self::Zh => format!("{number} {zh}"),
            Self::En => format!("{number} {}", if number == 1 { one } else { many }),
        }
    }

    pub(super) fn days(self, days: u32) -> String {
        self.count(days, "天", "day", "days")
    }

    pub(super) fn working_days(self, days: u32) -> String {
        self.count(days, "个工作日", "working day", "working days")
    }

    pub(super) fn minutes(self, minutes: u32) -> String {
        if minutes.is_multiple_of(MINUTES_PER_DAY) && minutes > HOURS_TOLD_MAX * MINUTES_PER_HOUR {
            return self.days(minutes / MINUTES_PER_DAY);
        }
        let hours = self.count(minutes / MINUTES_PER_HOUR, "小时", "hour", "hours");
        let rest = self.count(minutes % MINUTES_PER_HOUR, "分钟", "minute", "minutes");
        match (minutes / MINUTES_PER_HOUR, minutes % MINUTES_PER_HOUR) {
            (0, _) => rest,
            (_, 0) => hours,
            _ => format!("{hours} {rest}"),
        }
    }

    pub(super) fn length(self, length: Length) -> String {
        match length {
            Length::Minutes(minutes) => self.minutes(minutes),
            Length::WorkingDays(days) => self.working_days(days),
            Length::Until { day } => day.to_string(),
        }
    }

    /// A share as a percentage, without needless decimals.
    pub(super) fn percent(self, share: f64) -> String {
        let tenths = (share * 1_000.0).round() / 10.0;
        format!("{tenths}%")
    }

    pub(super) fn origin(self, origin: Origin) -> &'static str {
        self.pick_static(match origin {
            Origin::Request => ("群众诉求", "request"),
            Origin::Inspection => ("主动发现", "inspection"),
            Origin::Signal => ("弱信号", "signal"),
        })
    }

    pub(super) fn milestone(self, milestone: Milestone) -> &'static str {
        self.pick_static(match milestone {
            Milestone::Registered => ("登记", "registered"),
            Milestone::Dispatched => ("分拨", "dispatched"),
            Milestone::Accepted => ("签收", "accepted"),
            Milestone::Contacted => ("首次联系", "first contact"),
            Milestone::Verified => ("核实清楚", "facts verified"),
            Milestone::Finished => ("办结", "finished"),
            Milestone::OpinionFiled => ("意见书归档", "opinion form filed"),
            Milestone::FollowedUp => ("回访登记", "follow-up form filed"),
            Milestone::AskedAgain => ("须再次回访", "another follow-up asked for"),
            Milestone::FollowedUpAgain => ("再次回访登记", "followed up once more"),
            Milestone::BadlyRated => ("差评", "bad grade given"),
            Milestone::BadRatingAnswered => ("回应差评", "bad grade answered"),
            Milestone::WhistleBlown => ("吹哨", "whistle blown"),
            Milestone::ReportedIn => ("报到", "reported in"),
            Milestone::Agreed => ("签订协议", "agreement signed"),
            Milestone::Performed => ("履行", "term kept"),
            Milestone::Rechecked => ("复查", "looked at again"),
        })
    }

    pub(super) fn recipient(self, recipient: Recipient) -> &'static str {
        self.pick_static(recipient.name())
    }

    pub(super) fn recipients(self, recipients: &[Recipient]) -> String {
        self.list(recipients.iter().map(|recipient| self.recipient(*recipient)))
    }

    pub(super) fn route(self, route: Route) -> &'static str {
        self.pick_static(match route {
            Route::Mediation => ("调解", "mediation"),
            Route::LegalAid => ("法律援助", "legal aid"),
        })
    }

    pub(super) fn assignee(self, assignee: &Assignee) -> &str {
        match assignee {
            Assignee::Unit(unit) => unit.as_str(),
            Assignee::Grid => self.pick("所在网格", "the grid of the place"),
            Assignee::Community => self.pick("所在社区", "the community of the place"),
        }
    }

    pub(super) fn field_kind(self, kind: &FieldKind, max_chars: u32) -> String {
        match kind {
            FieldKind::Text => match self {
                Self::Zh => format!("文字，最多 {max_chars} 字"),
                Self::En => format!("text of at most {max_chars} characters"),
            },
            FieldKind::YesNo => self.pick("是或否", "yes or no").to_owned(),
            FieldKind::Date => self.pick("日期", "date").to_owned(),
            FieldKind::Choice(choices) => {
                let names = self.list(choices.values().map(|name| self.name(name)));
                format!("{}{names}", self.pick("选一：", "one of: "))
            }
        }
    }

    pub(super) fn counted(self, count: Count) -> &'static str {
        self.pick_static((count.zh(), count.en()))
    }

    fn pick_static(self, (zh, en): (&'static str, &'static str)) -> &'static str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// Rows as lines of aligned columns, two spaces apart; the first row is the head.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|i| rows.iter().filter_map(|row| row.get(i)).map(|cell| width(cell)).max().unwrap_or(0))
        .collect();
    let mut lines = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width_max)| {
            let pad = width_max - width(cell);
            format!("{cell}{}", " ".repeat(pad))
        });
        lines.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        lines.push('\n');
        if index == 0 {
            let total = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
            lines.push_str(&"─".repeat(total));
            lines.push('\n');
        }
    }
    lines
}

/// Columns that a text takes where Chinese characters are two wide.
fn width(text: &str) -> usize {
    let is_wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}');
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}
