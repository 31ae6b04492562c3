//! What a report says in sentences 文字: written from its figures, in both languages. A sentence must never say more than its
//! figures do; where there is nothing to tell, it says that.

use jiban_domain::{
    figures::{Count, Share},
    policy::{BulletinRules, Language, Name},
};
use jiff::civil::Date;

use super::report::{Change, RateLine, Report, Streak};
use crate::{ahead::counted::Figure, infra::press::full_date};

/// A time to compare with: how it is called, and what a rate and a number were then.
type Then = (&'static str, &'static str, fn(&RateLine) -> Share, fn(&Change) -> i64);

/// A report, told.
#[derive(Debug, Clone, Copy)]
pub struct Prose<'a> {
    /// The report.
    pub report: &'a Report,
    /// What is told as going up and down.
    pub rules: &'a BulletinRules,
    /// In which language.
    pub language: Language,
}

impl Prose<'_> {
    /// One of two texts.
    pub fn pick(&self, zh: impl Into<String>, en: impl Into<String>) -> String {
        match self.language {
            Language::Zh => zh.into(),
            Language::En => en.into(),
        }
    }

    /// A name.
    pub fn name<'n>(&self, name: &'n Name) -> &'n str {
        self.language.name(name)
    }

    fn list(&self, parts: &[String]) -> String {
        parts.join(self.language.pick("，", ", "))
    }

    /// A day: 6月8日, 8 June.
    pub fn day(&self, date: Date) -> String {
        match self.language {
            Language::Zh => format!("{}月{}日", date.month(), date.day()),
            Language::En => date.strftime("%-d %B").to_string(),
        }
    }

    /// The period: one day, a month, a half year by its name, else from … to.
    pub fn period(&self) -> String {
        let (first, last) = (self.report.period.first, self.report.period.last);
        let (year, same_year) = (first.year(), first.year() == last.year());
        let full = |date: Date| full_date(self.language, date);
        match (self.report.period.months(), self.language) {
            (Some(1), Language::Zh) => format!("{year}年{}月", first.month()),
            (Some(1), Language::En) => first.strftime("%B %Y").to_string(),
            (Some(6), Language::Zh) if same_year && first.month() == 1 => format!("{year}年上半年"),
            (Some(6), Language::Zh) if same_year && first.month() == 7 => format!("{year}年下半年"),
            (Some(6), Language::En) if same_year && first.month() == 1 => format!("first half of {year}"),
            (Some(6), Language::En) if same_year && first.month() == 7 => format!("second half of {year}"),
            _ if first == last => full(first),
            (_, Language::Zh) if same_year => format!("{}至{}", full(first), self.day(last)),
            (_, Language::Zh) => format!("{}至{}", full(first), full(last)),
            (_, Language::En) => format!("{} to {}", full(first), full(last)),
        }
    }

    /// What came in and what became of it.
    pub fn overview(&self) -> String {
        let report = self.report;
        let registered = report.now(Count::Registered);
        if registered == 0 {
            return self.pick("本期没有受理诉求。", "Nothing was registered in this period.");
        }
        let (requests, findings) = (report.now(Count::Requests), report.now(Count::Findings));
        let mut parts = vec![self.pick(
            format!("本期受理 {registered} 件，其中群众诉求 {requests} 件、巡查发现 {findings} 件"),
            format!(
                "{registered} cases were registered, {requests} of them requests and {findings} findings of rounds"
            ),
        )];
        if report.period.days() > 1 {
            let per_day = requests as f64 / f64::from(report.period.days());
            parts.push(self.pick(format!("群众诉求日均 {per_day:.1} 件"), format!("{per_day:.1} requests a day")));
            if let Some(months) = report.period.months().filter(|months| *months > 1) {
                let per_month = (requests as f64 / f64::from(months)).round();
                parts.push(self.pick(format!("月均约 {per_month} 件"), format!("about {per_month} a month")));
            }
            if let Some(busiest) = &report.busiest {
                let (day, most) = (self.day(busiest.day), busiest.requests);
                parts.push(self.pick(format!("最多一天 {most} 件（{day}）"), format!("{most} at most, on {day}")));
            }
        }
        let mut text = self.list(&parts);
        text.push_str(self.language.pick("。", ". "));
        if let Some(change) = report.change(Count::Requests) {
            text.push_str(&self.compared(change));
        }
        let (finished, closed) = (report.now(Count::Finished), report.now(Count::Closed));
        text.push_str(&self.pick(
            format!("办结 {finished} 件，结案 {closed} 件。"),
            format!("{finished} were finished, {closed} closed."),
        ));
        if let Some(since) = report.half_known_since() {
            let since = full_date(self.language, since);
            text.push_str(&self.pick(
                format!("（有记录始于{since}，此前的数字不全。）"),
                format!(" (Records begin on {since}; figures of the time before are not whole.)"),
            ));
        }
        text
    }

    /// Against the period before and last year.
    fn compared(&self, change: &Change) -> String {
        let beside = |before: i64, zh: &str, en: &str| {
            let share = change.against(before)?;
            Some(match self.language {
                Language::Zh => format!("比{zh}{}", self.moved(share, before)),
                Language::En => format!("{} against {en}", self.moved(share, before)),
            })
        };
        let told =
            [beside(change.before, "上期", "the period before"), beside(change.last_year, "去年同期", "a year ago")];
        let told: Vec<String> = told.into_iter().flatten().collect();
        if told.is_empty() {
            return self.pick("没有可比的上期和去年同期数据。", "There are no earlier figures to compare with. ");
        }
        let text = self.list(&told);
        self.pick(format!("{text}。"), format!("{}. ", capital(&text)))
    }

    /// By how much something moved, with the number it moved from.
    fn moved(&self, share: f64, before: i64) -> String {
        let by = percent(share.abs());
        match (share, self.language) {
            (0.0, Language::Zh) => format!("持平（{before} 件）"),
            (0.0, Language::En) => format!("unchanged ({before})"),
            (share, Language::Zh) if share > 0.0 => format!("上升 {by}（{before} 件）"),
            (_, Language::Zh) => format!("下降 {by}（{before} 件）"),
            (share, Language::En) if share > 0.0 => format!("up {by} ({before})"),
            (_, Language::En) => format!("down {by} ({before})"),
        }
    }

    /// 三升两降: what should have gone up and down, against the period before and last year, and whether it did.
    pub fn ups_and_downs(&self) -> Vec<String> {
        let spans: [Then; 2] = [
            ("与去年同期相比", "Against a year ago", |rate| rate.last_year, |change| change.last_year),
            ("与上期相比", "Against the period before", |rate| rate.before, |change| change.before),
        ];
        let told = spans.into_iter().filter_map(|(zh, en, rate_before, count_before)| {
            let rates = self.rules.up.iter().filter_map(|id| self.report.rate(id));
            let mut parts: Vec<String> = rates.filter_map(|rate| self.rate_moved(rate, rate_before(rate))).collect();
            let counts = self.rules.down.iter().filter_map(|count| self.report.change(*count));
            parts.extend(counts.filter_map(|change| {
                let before = count_before(change);
                let share = change.against(before)?;
                let name = self.language.pick(change.count.zh(), change.count.en());
                Some(self.pick(
                    format!("{}{}", name.trim_end_matches('数'), self.moved(share, before)),
                    format!("{name} {}", self.moved(share, before)),
                ))
            }));
            let text = self.list(&parts);
            (!parts.is_empty()).then(|| self.pick(format!("{zh}：{text}。"), format!("{en}: {text}.")))
        });
        let told: Vec<String> = told.collect();
        if told.is_empty() {
            let nothing = self.pick(
                "没有可比的上期和去年同期数据，暂不比较升降。",
                "There are no earlier figures, so nothing is said of ups and downs.",
            );
            return vec![nothing];
        }
        told
    }

    fn rate_moved(&self, rate: &RateLine, before: Share) -> Option<String> {
        let (now, was) = (rate.now.value()?, before.value()?);
        let points = ((now - was) * 100.0 * 10.0).round() / 10.0;
        let (name, by, was) = (self.name(&rate.name), format!("{:.1}", points.abs()), percent(was));
        Some(match (points, self.language) {
            (0.0, Language::Zh) => format!("{name}持平（{was}）"),
            (0.0, Language::En) => format!("{name} unchanged ({was})"),
            (points, Language::Zh) if points > 0.0 => format!("{name}上升 {by} 个百分点（{was}）"),
            (_, Language::Zh) => format!("{name}下降 {by} 个百分点（{was}）"),
            (points, Language::En) if points > 0.0 => format!("{name} up {by} points ({was})"),
            (_, Language::En) => format!("{name} down {by} points ({was})"),
        })
    }

    /// Satisfied cases, bad grades, streaks.
    pub fn satisfaction(&self) -> String {
        let report = self.report;
        let (content, after) = (report.now(Count::Content), report.now(Count::ContentAfterAppeal));
        let (given, bad) = (report.now(Count::RatedBad), report.now(Count::BadStanding));
        let mut text = self.pick(
            format!("满意 {content} 件，申诉后满意 {after} 件；收到差评 {given} 个，其中有效差评 {bad} 个。"),
            format!("{content} cases were satisfied, {after} more after an appeal; {given} bad grades were given, {bad} of them stand. "),
        );
        text.push_str(&self.streak(&report.without_bad_grade, ("有效差评", "a bad grade that stands")));
        text.push_str(&self.streak(&report.without_breach, ("超时", "a clock running out")));
        text
    }

    fn streak(&self, streak: &Streak, (zh, en): (&str, &str)) -> String {
        let days = streak.days;
        match streak.last {
            Some(last) => {
                let last = self.day(last);
                self.pick(
                    format!("截至期末，已连续 {days} 天无{zh}（最近一次 {last}）。"),
                    format!("At the end, {days} days had passed without {en} (last on {last}). "),
                )
            }
            None => self.pick(
                format!("截至期末，有记录以来 {days} 天无{zh}。"),
                format!("At the end, there had been none of the {days} days on record with {en}. "),
            ),
        }
    }

    /// What rounds found before anyone asked.
    pub fn ahead(&self) -> String {
        let report = self.report;
        let findings = report.now(Count::Findings);
        if findings == 0 {
            return self.pick("本期没有巡查发现。", "There were no findings of rounds.");
        }
        let settled = self.part(Count::FindingsFinished, Count::Findings);
        let on_spot = match report.ahead.now(Figure::FindingsOnSpot) {
            0 => String::new(),
            some => self.pick(format!("，其中当场处置 {some} 个"), format!(", {some} of them on the spot")),
        };
        self.pick(
            format!("未诉先办发现问题 {findings} 个，化解率 {settled}{on_spot}。"),
            format!("{findings} problems were found before anyone asked, {settled} of them settled{on_spot}."),
        )
    }

    /// What else was undertaken, a clause a kind of work; none where nothing was.
    pub fn undertaken(&self) -> Option<String> {
        let counted = &self.report.ahead;
        let now = |what| counted.now(what);
        let share = |what| counted.share(what).map_or_else(|| "–".to_owned(), percent);
        let minutes = |what: Figure| counted.lines.iter().find(|line| line.what == what).and_then(|line| line.now);
        let mut told = Vec::new();
        let mut say = |so: bool, zh: String, en: String| told.extend(so.then(|| self.pick(zh, en)));
        let (seen, in_time) = (share(Figure::SpotsSeen), share(Figure::SpotsInTime));
        say(
            now(Figure::SpotsSeen) > 0,
            format!("巡查到过 {seen} 的点位，期末按时巡查的占 {in_time}"),
            format!("{seen} of the spots were seen, and {in_time} had been seen in time at the end"),
        );
        let (begun, ended, tasks) = (now(Figure::CampaignsBegun), now(Figure::CampaignsEnded), now(Figure::TasksEnded));
        let tasks_in_time = share(Figure::TasksInTime);
        let (zh, en) = match tasks {
            0 => (String::new(), String::new()),
            _ => (format!("，任务按时完成率 {tasks_in_time}"), format!(", {tasks_in_time} of the tasks done in time")),
        };
        say(
            begun + ended + tasks > 0,
            format!("新立专项 {begun} 个、结束 {ended} 个{zh}"),
            format!("{begun} campaigns began and {ended} ended{en}"),
        );
        let (sessions, agreements) = (now(Figure::Sessions), now(Figure::Agreements));
        say(
            sessions + agreements > 0,
            format!("调解 {sessions} 场，达成协议 {agreements} 份"),
            format!("{sessions} sessions of mediation were held and {agreements} agreements signed"),
        );
        let numbers = now(Figure::NumbersGiven);
        let (zh, en) = minutes(Figure::HallWait).map_or_else(Default::default, |wait| {
            (format!("，等候时间中位数 {wait} 分钟"), format!(", with a median wait of {wait} minutes"))
        });
        say(numbers > 0, format!("大厅取号 {numbers} 个{zh}"), format!("{numbers} numbers were given in the hall{en}"));
        let (activities, people, hours) = (now(Figure::Activities), now(Figure::People), now(Figure::Hours));
        say(
            activities > 0,
            format!("志愿活动 {activities} 场，{people} 人到场，服务 {hours} 小时"),
            format!("{people} people gave {hours} hours at {activities} activities of volunteers"),
        );
        let (calls, taken) = (now(Figure::Calls), share(Figure::CallsTaken));
        say(
            calls > 0,
            format!("值班来电转呼 {calls} 个，接听率 {taken}"),
            format!("{calls} calls to duty posts were rung on, {taken} of them taken"),
        );
        let text = told.join(self.language.pick("；", "; "));
        (!told.is_empty()).then(|| self.pick(format!("{text}。"), format!("{}.", capital(&text))))
    }

    /// Whistles.
    pub fn whistles(&self) -> String {
        let whistles = self.report.now(Count::Whistles);
        if whistles == 0 {
            return self.pick("本期没有吹哨。", "There were no whistles.");
        }
        let calls = self.part(Count::ReportIns, Count::WhistleCalls);
        let solved = self.part(Count::WhistlesSolved, Count::WhistlesSettled);
        self.pick(
            format!("吹哨 {whistles} 次，报到率 {calls}，化解率 {solved}。"),
            format!("{whistles} whistles were blown, {calls} of the calls answered in time, {solved} of the settled ones solved."),
        )
    }

    fn part(&self, part: Count, whole: Count) -> String {
        let share = Share { part: self.report.now(part), whole: self.report.now(whole) };
        share.value().map_or_else(|| "–".to_owned(), percent)
    }

    /// Repeats and state-rated cases against last year.
    pub fn watched(&self) -> String {
        let told = [Count::StateRated, Count::Repeats].into_iter().filter_map(|count| {
            let change = self.report.change(count)?;
            let name = self.language.pick(count.zh(), count.en()).trim_end_matches('数');
            let beside = match change.against(change.last_year) {
                Some(share) => self.pick(
                    format!("比去年同期{}", self.moved(share, change.last_year)),
                    format!("{} against a year ago", self.moved(share, change.last_year)),
                ),
                None => self.pick("去年同期无", "none a year ago"),
            };
            Some(self.pick(format!("{name} {} 件，{beside}", change.now), format!("{} {name}, {beside}", change.now)))
        });
        let text = told.collect::<Vec<_>>().join(self.language.pick("；", "; "));
        self.pick(format!("{text}。"), format!("{text}."))
    }

    /// What is still open.
    pub fn open(&self) -> Option<String> {
        let open = self.report.open.as_ref()?;
        let (cases, overdue) = (open.cases, open.overdue);
        Some(self.pick(
            format!("生成本通报时，在办 {cases} 件，其中有时限超时未办的 {overdue} 件。"),
            format!("When this was made, {cases} cases were open, {overdue} of them with a clock past due."),
        ))
    }
}

/// A share as it is printed everywhere.
pub fn percent(share: f64) -> String {
    jiban_office::Cell::Share(share).printed()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
