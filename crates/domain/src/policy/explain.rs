//! Telling a policy as prose 机制说明, so that the people who answer for it can read what the program will do.
//!
//! Everything told is read from the policy, section by section as the mechanism's own paper goes, in Chinese or in
//! English. It must never tell a number that the policy does not hold, nor leave out a rule that the policy has.

mod judging;
mod signals;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::words::table;
use super::{Category, ClockRule, Length, Milestone, Name, Policy, Responsibility};
use crate::{
    ids::{CategoryId, ClassId},
    reception::weekday_words,
};

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Chinese 中文.
    Zh,
    /// English.
    En,
}

/// From how many classes on the table of clocks has a row for each class rather than a column.
const CLASSES_ACROSS_MAX: usize = 6;

/// Tells the whole policy in plain text, in sections.
pub fn explain(policy: &Policy, language: Language) -> String {
    let mut teller = Teller { policy, language, text: String::new(), sections: 0 };
    teller.head();
    teller.ways_in();
    teller.classes();
    teller.danger();
    teller.categories();
    teller.dispatch();
    teller.clocks();
    teller.handling();
    teller.afterwards();
    teller.rates();
    teller.judging();
    teller.keeping();
    teller.text
}

struct Teller<'p> {
    policy: &'p Policy,
    language: Language,
    text: String,
    sections: usize,
}

impl<'p> Teller<'p> {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn item(&mut self, line: impl AsRef<str>) {
        self.line(format!("- {}", line.as_ref()));
    }

    /// A sentence in the language told.
    fn say(&mut self, zh: impl AsRef<str>, en: impl AsRef<str>) {
        let line = self.language.pick(zh.as_ref(), en.as_ref()).to_owned();
        self.line(line);
    }

    fn say_item(&mut self, zh: impl AsRef<str>, en: impl AsRef<str>) {
        let line = self.language.pick(zh.as_ref(), en.as_ref()).to_owned();
        self.item(line);
    }

    fn section(&mut self, zh: &str, en: &str) {
        const NUMBERS: [&str; 12] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"];
        let number = NUMBERS.get(self.sections).copied().unwrap_or_default();
        self.sections += 1;
        let arabic = self.sections;
        self.line("");
        self.say(format!("{number}、{zh}"), format!("{arabic}. {en}"));
        self.line("");
    }

    fn name(&self, name: &'p Name) -> &'p str {
        match self.language {
            Language::Zh => &name.zh,
            Language::En => &name.en,
        }
    }

    fn names(&self, names: impl IntoIterator<Item = &'p Name>) -> String {
        self.language.list(names.into_iter().map(|name| self.name(name)))
    }

    /// The same; where there are none, that is said.
    fn names_or_none(&self, names: impl IntoIterator<Item = &'p Name>) -> String {
        match self.names(names) {
            none if none.is_empty() => self.language.pick("无", "none").to_owned(),
            names => names,
        }
    }

    fn class(&self, id: &ClassId) -> &'p str {
        self.policy.class(id).map_or("", |class| self.name(&class.name))
    }

    fn category(&self, id: &CategoryId) -> &'p str {
        self.policy.categories.get(id).map_or("", |category| self.name(&category.name))
    }

    fn head(&mut self) {
        let policy = self.policy;
        self.line(self.name(&policy.name));
        self.line("");
        let (zone, prefix, version) = (&policy.time_zone, &policy.number_prefix, &policy.version);
        self.say(
            format!("工作日和每日统计按 {zone} 时区计；诉求件编号以 {prefix} 开头；机制版本 {version}。"),
            format!(
                "Working days and daily figures count in {zone}; case numbers begin with {prefix}; version {version}."
            ),
        );
    }

    fn ways_in(&mut self) {
        self.section("全渠道受理", "Every way in");
        let policy = self.policy;
        let count = policy.channels.len();
        self.say(format!("共 {count} 个渠道："), format!("There are {count} channels:"));
        for channel in policy.channels.values() {
            let origin = self.language.origin(channel.origin);
            let open = if channel.public {
                self.language.pick("，群众可直接提交", ", open to residents without an account")
            } else {
                ""
            };
            let aside = format!("{origin}{open}");
            let line = self.language.aside(self.name(&channel.name), &aside);
            self.item(line);
        }
    }

    fn classes(&mut self) {
        self.section("分类型", "Classes");
        let policy = self.policy;
        self.say("从最急到最缓：", "From the most severe to the least:");
        for class in &policy.classes {
            let line =
                format!("{}{}{}", self.name(&class.name), self.language.pick("：", ": "), self.name(&class.meaning));
            self.item(line);
        }
        let triage = &policy.triage;
        let (risky, easy, other) =
            (self.class(&triage.risky_class), self.class(&triage.easy_class), self.class(&triage.other_class));
        self.line("");
        self.say(
            format!("系统按四个可能性建议类别：可能引发重大舆情或越级上访的，建议{risky}；事件清楚且易于解决的，建议{easy}；其余建议{other}。由人确认或改正。"),
            format!("The program proposes by four likelihoods: likely to raise public opinion or to skip levels, '{risky}'; clear facts and easy to solve, '{easy}'; otherwise '{other}'. A person confirms or corrects."),
        );
        let sure = self.language.percent(triage.abstain_below);
        self.say(
            format!("把握低于 {sure} 时不作建议，交由人工判断。"),
            format!("Where it is less than {sure} sure it proposes nothing and asks a person."),
        );
        let likelihoods = [
            ("重大舆情", "Public opinion", &triage.public_opinion),
            ("越级上访", "Skipping levels", &triage.skip_level),
            ("事件不清楚", "Unclear facts", &triage.unclear),
            ("易于解决", "Easy to solve", &triage.easy),
        ];
        for (zh, en, words) in likelihoods {
            let words = self.language.list(words);
            self.say_item(format!("提示“{zh}”的词：{words}"), format!("{en}, words that speak for it: {words}"));
        }
    }

    fn danger(&mut self) {
        self.section("危及生命，按规则定类", "Danger to life, by rule");
        let policy = self.policy;
        self.say(
            "出现下列情形的，不论模型怎么判断，一律按规则定类：",
            "Whatever the model says, these make the class by rule:",
        );
        for rule in &policy.urgent_rules {
            let (name, class) = (self.name(&rule.name), self.class(&rule.class));
            let any = self.language.list(&rule.any);
            let mut line = match self.language {
                Language::Zh => format!("{name} → {class}：出现 {any}"),
                Language::En => format!("{name} → {class}: one of {any}"),
            };
            if !rule.with.is_empty() {
                let with = self.language.list(&rule.with);
                line.push_str(&self.language.pick("；并且出现 {}", "; and one of {}").replacen("{}", &with, 1));
            }
            if !rule.unless.is_empty() {
                let unless = self.language.list(&rule.unless);
                line.push_str(
                    &self.language.pick("；以下说法不算：{}", "; these do not count: {}").replacen("{}", &unless, 1),
                );
            }
            self.item(line);
        }
    }

    fn categories(&mut self) {
        self.section("诉求分类", "Categories");
        let policy = self.policy;
        let tops: Vec<_> = policy.categories.iter().filter(|(_, category)| category.parent.is_none()).collect();
        let (top_count, below) = (tops.len(), policy.categories.len() - tops.len());
        let photo_count = policy.categories.values().filter(|category| category.photo_due).count();
        self.say(
            format!("共 {top_count} 个大类、{below} 个小类；其中 {photo_count} 类办结须附处置后照片（标 *）。"),
            format!("{top_count} groups with {below} categories below them; {photo_count} need a photo after the work (marked *)."),
        );
        for (id, top) in tops {
            let line = format!("{}{}{}", self.category_told(top), self.language.pick("：", ": "), self.below(id));
            self.item(line);
        }
    }

    /// A category with what it usually becomes.
    fn category_told(&self, category: &'p Category) -> String {
        let star = if category.photo_due { "*" } else { "" };
        let class = category.class.as_ref().map_or("", |class| self.class(class));
        self.language.aside(&format!("{}{star}", self.name(&category.name)), class)
    }

    /// The categories right below one, each with those below it.
    fn below(&self, parent: &CategoryId) -> String {
        let children = self.policy.categories.iter().filter(|(_, category)| category.parent.as_ref() == Some(parent));
        self.language.list(children.map(|(id, category)| {
            let deeper = self.below(id);
            let told = self.category_told(category);
            if deeper.is_empty() { told } else { format!("{told}[{deeper}]") }
        }))
    }

    fn dispatch(&mut self) {
        self.section("快分拨", "Dispatch");
        let rules = &self.policy.dispatch;
        let office = &rules.liaison_office;
        self.say(
            format!("按“分类+地点”找归口单位：先看分类和所在区域，再看上级区域，再看分类，再看区域；都没有的归 {office}，绝不落空。"),
            format!("The unit is found by category and place: category and area, then the area above, then the category, then the area; what no rule places goes to {office}. Never nobody."),
        );
        if rules.automatic {
            self.say(
                "只有一条规则符合时由系统直接分拨。",
                "Where a single rule fits, the program dispatches by itself.",
            );
        } else {
            self.say(
                "系统建议单位，由人确认后分拨。",
                "The program proposes the unit; a person confirms each dispatch.",
            );
        }
        let most = rules.max_co_units;
        self.say(
            format!("一件最多 {most} 个会办单位。有会办单位的为双派，没有的为直派。"),
            format!("A case has at most {most} co-units. With co-units the dispatch is dual, without them direct."),
        );
        self.line("");
        self.say("各单位首办范围：", "What each unit leads:");
        let mut by_lead: BTreeMap<&str, Vec<&Responsibility>> = BTreeMap::new();
        for rule in &self.policy.responsibilities {
            by_lead.entry(self.language.assignee(&rule.lead)).or_default().push(rule);
        }
        for (lead, rules) in by_lead {
            let told = self.language.list(rules.into_iter().map(|rule| self.responsibility(rule)));
            self.item(format!("{lead}{}{told}", self.language.pick("：", ": ")));
        }
    }

    fn responsibility(&self, rule: &Responsibility) -> String {
        let what = match &rule.category {
            Some(category) => self.category(category),
            None => self.language.pick("其他一切诉求", "everything else"),
        };
        let mut asides = Vec::new();
        if let Some(area) = &rule.area {
            asides.push(format!("{}{area}", self.language.pick("限 ", "within ")));
        }
        if !rule.with.is_empty() {
            let with = self.language.list(rule.with.iter().map(|unit| self.language.assignee(unit)));
            asides.push(format!("{}{with}", self.language.pick("会办 ", "with ")));
        }
        self.language.aside(what, &asides.join(self.language.pick("；", "; ")))
    }

    fn clocks(&mut self) {
        self.section("缩限时", "Clocks");
        let rows = self.clock_rows();
        self.text.push_str(&table(&rows));
        self.line("");
        self.say(
            "按自然时间计；注明“工作日”的按国家公布的节假日和调休计。超期不因更改而消除。",
            "Natural time, except where working days are named: these follow the official calendar. A breach is never edited away.",
        );
        for rule in self.clocks_in_order() {
            self.clock(rule);
        }
    }

    /// Clocks as a case meets them.
    fn clocks_in_order(&self) -> Vec<&'p ClockRule> {
        let mut rules: Vec<_> = self.policy.clocks.values().collect();
        rules.sort_by_key(|rule| (rule.start, rule.stop));
        rules
    }

    fn clock_rows(&self) -> Vec<Vec<String>> {
        let policy = self.policy;
        let has_complex = policy.clocks.values().any(|rule| rule.complex.is_some());
        let mut head = vec![
            self.language.pick("时限", "clock"),
            self.language.pick("起", "starts"),
            self.language.pick("止", "stops at"),
        ];
        head.extend(policy.classes.iter().map(|class| self.name(&class.name)));
        if has_complex {
            head.push(self.language.pick("情况复杂", "complex"));
        }
        let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
        for rule in self.clocks_in_order() {
            let told =
                |length: Option<&Length>| length.map_or("—".to_owned(), |length| self.language.length(*length));
            let mut row = vec![
                self.name(&rule.name).to_owned(),
                self.language.milestone(rule.start).to_owned(),
                self.language.milestone(rule.stop).to_owned(),
            ];
            row.extend(policy.classes.iter().map(|class| match rule.start {
                Milestone::Agreed => self.language.pick("按协议", "as agreed").to_owned(),
                _ => told(rule.length.get(&class.id)),
            }));
            if has_complex {
                row.push(told(rule.complex.as_ref()));
            }
            rows.push(row);
        }
        if policy.classes.len() <= CLASSES_ACROSS_MAX {
            return rows;
        }
        let columns = rows.first().map_or(0, Vec::len);
        (0..columns).map(|i| rows.iter().filter_map(|row| row.get(i).cloned()).collect()).collect()
    }

    /// Who is told when, and what may be asked for.
    fn clock(&mut self, rule: &'p ClockRule) {
        let language = self.language;
        self.line("");
        self.line(format!("{}{}", self.name(&rule.name), language.pick("：", ":")));
        if !rule.origins.is_empty() {
            let origins = language.list(rule.origins.iter().map(|origin| language.origin(*origin)));
            self.say_item(format!("只用于{origins}"), format!("runs for these origins only: {origins}"));
        }
        if !rule.categories.is_empty() {
            let categories = language.list(rule.categories.iter().map(|id| self.category(id)));
            self.say_item(format!("只用于{categories}"), format!("runs for these categories only: {categories}"));
        }
        if !rule.warn_at.is_empty() {
            let shares = language.list(rule.warn_at.iter().map(|share| language.percent(*share)));
            let whom = language.recipients(&rule.warn);
            self.say_item(
                format!("用去 {shares} 时预警，告知{whom}"),
                format!("warns at {shares} of its time: {whom}"),
            );
        }
        for level in &rule.breach {
            let whom = language.recipients(&level.tell);
            let late = language.minutes(level.after_minutes);
            match level.after_minutes {
                0 => self.say_item(format!("一超期，告知{whom}"), format!("when breached: {whom}")),
                _ => self.say_item(format!("超期 {late}，告知{whom}"), format!("{late} after the due time: {whom}")),
            }
        }
        if rule.extendable {
            self.say_item("可以申请延期", "an extension may be asked for");
        } else {
            self.say_item("不得延期", "no extension");
        }
    }

    fn handling(&mut self) {
        self.section("办理", "Handling");
        let policy = self.policy;
        let (attempts, gap) = (policy.contact.attempts, self.language.minutes(policy.contact.attempt_gap_minutes));
        self.say_item(
            format!("联系：打不通的，登记 {attempts} 次（每次至少相隔 {gap}）即视为已联系。"),
            format!("Contact: where nobody answers, {attempts} logged attempts at least {gap} apart count as contact."),
        );
        let (from, reasons) = (policy.returns.leader_decides_from, self.names(policy.returns.reasons.values()));
        self.say_item(
            format!("退回：由信联办裁定，第 {from} 次起由领导裁定，其间时限照走。理由：{reasons}。"),
            format!("Returns: decided by the liaison office, from return number {from} on by a leader; clocks run on meanwhile. Reasons: {reasons}."),
        );
        let rules = &policy.extensions;
        let (most, longest) = (rules.max_granted, self.language.minutes(rules.max_minutes));
        let (working, reasons) =
            (self.language.working_days(rules.max_working_days), self.names(rules.reasons.values()));
        self.say_item(
            format!("延期：到期前申请，一个时限最多准予 {most} 次，每次不超过 {longest}（工作日时限不超过 {working}）。理由：{reasons}。"),
            format!("Extensions: asked for before the due time, at most {most} granted for one clock, each up to {longest} ({working} for clocks of working days). Reasons: {reasons}."),
        );
        let (units, outcomes) = (policy.whistle.max_units, self.names(policy.whistle.outcomes.values()));
        self.say_item(
            format!("吹哨报到：一次最多召集 {units} 个单位。结果：{outcomes}。"),
            format!("Whistle: at most {units} units are called at once. Outcomes: {outcomes}."),
        );
        self.escalation();
        self.team();
        for studio in policy.studios.values() {
            let mut aside = self.language.route(studio.route).to_owned();
            if let Some(unit) = &studio.unit {
                aside = self.language.list([&*aside, unit.as_str()]);
            }
            let line = self.language.aside(self.name(&studio.name), &aside);
            self.item(line);
        }
        if let Some(hours) = policy.hall.hours {
            let (from, until) = (hours.from.strftime("%H:%M"), hours.until.strftime("%H:%M"));
            let counters = self.names(policy.hall.counters.iter().map(|counter| &counter.name));
            self.say_item(
                format!("服务大厅：{from}—{until} 取号；窗口：{counters}；转窗口不用重新排队。"),
                format!("Request hall: numbers from {from} to {until}; counters: {counters}; whoever is sent on keeps their place."),
            );
        }
        if let Some(form) = policy.agreement.as_ref().and_then(|id| policy.forms.get(id)) {
            let form = self.name(&form.name);
            self.say_item(
                format!("调解达成一致的，双方在《{form}》上签名，逐条履行并登记；未登记完不得结案。"),
                format!("What parties agree on is signed under '{form}'; each of its terms is followed, and a case is closed only when all are told of."),
            );
        }
    }

    fn escalation(&mut self) {
        let rules = &self.policy.escalation;
        let (duties, questions) = (self.names(&rules.duties), self.names(&rules.questions));
        self.say_item(
            format!("提级包案：包案领导的职责：{duties}；三问：{questions}。"),
            format!("Escalation: duties of the lead official: {duties}; questions asked: {questions}."),
        );
        if rules.stubborn_needs_official {
            self.say_item(
                "「老大难」诉求办结前必须有包案领导。",
                "A stubborn case must have a lead official before it is finished.",
            );
        }
    }

    fn team(&mut self) {
        let seats = self.language.list(self.policy.team.iter().map(|seat| {
            let many = match (seat.min, seat.max) {
                (min, Some(max)) if min == max => format!("{min}"),
                (min, Some(max)) => format!("{min}–{max}"),
                (min, None) => format!("{min}+"),
            };
            let titles = self.language.list(&seat.titles);
            self.language.aside(&format!("{} {many}", self.name(&seat.name)), &titles)
        }));
        self.say_item(
            format!("专班（人数，须具身份）：{seats}。"),
            format!("Team (how many; titles needed): {seats}."),
        );
    }

    fn afterwards(&mut self) {
        self.section("多回访", "After it is done");
        let policy = self.policy;
        for form in policy.forms.values() {
            let title = match self.language {
                Language::Zh => format!("《{}》", form.name.zh),
                Language::En => form.name.en.clone(),
            };
            self.line(title);
            for field in &form.fields {
                let must = if field.required { self.language.pick("必填，", "must be filled in; ") } else { "" };
                let kind = self.language.field_kind(&field.kind, field.max_chars);
                let line = self.language.aside(self.name(&field.name), &format!("{must}{kind}"));
                self.item(line);
            }
        }
        self.line("");
        let closing = &policy.closing;
        let (grades, bad, good) = (closing.grades, closing.bad_up_to, closing.satisfied_from);
        self.say_item(
            format!("评价分 1（最差）至 {grades} 级：{bad} 级及以下为差评，{good} 级及以上为满意。"),
            format!("Grades run from 1 (worst) to {grades}: up to {bad} is bad, from {good} on is satisfied."),
        );
        let (rate, reopen) =
            (self.language.days(closing.rate_within_days), self.language.days(closing.reopen_within_days));
        self.say_item(
            format!("办结后 {rate}内可以评价，{reopen}内可以重办。"),
            format!("After finishing it may be rated for {rate} and reopened for {reopen}."),
        );
        self.follow_up();
        let rounds = closing.follow_up_rounds;
        self.say_item(
            format!("诉求人不满意的，回访满 {rounds} 轮后方可结案。"),
            format!("Where the reporter is not satisfied, it closes after {rounds} round(s) of follow-up."),
        );
        let reasons = self.names(closing.decline_reasons.values());
        self.say_item(format!("不予受理的理由：{reasons}。"), format!("Reasons for declining: {reasons}."));
    }

    fn follow_up(&mut self) {
        let rules = &self.policy.follow_up;
        let (attempts, gap) = (rules.attempts, self.language.minutes(rules.attempt_gap_minutes));
        self.say_item(
            format!("回访：打不通的，登记 {attempts} 次（每次至少相隔 {gap}）即视为无法联系。"),
            format!(
                "Follow-up: where nobody answers, {attempts} logged calls at least {gap} apart count as unreachable."
            ),
        );
        let share = self.language.percent(rules.third_person_share);
        self.say_item(
            format!("抽查回访：办结的诉求件抽取 {share}，由首办单位和经办人以外的人回访，不得自己给自己打分；按件号和轮次抽取，任何人不能重抽。"),
            format!("Drawn follow-ups: of {share} of what is finished, somebody other than the lead unit and the handler makes the follow-up, so that nobody grades itself; drawn by case and round, and by nobody again."),
        );
        if let Some(script) = &rules.script {
            let spoken = [&script.greeting, &script.responded, &script.solved, &script.satisfied, &script.closing];
            let spoken: String = spoken.map(|name| self.name(name)).join(self.language.pick("", " "));
            self.say_item(format!("回访话术：{spoken}"), format!("What is said on the call: {spoken}"));
        }
        for (zh, en, reasons) in [
            ("未解决的原因", "Reasons for 'not solved'", &rules.unsolved_reasons),
            ("不满意的原因", "Reasons for 'not satisfied'", &rules.unsatisfied_reasons),
        ] {
            if !reasons.is_empty() {
                let reasons = self.names(reasons.values());
                self.say_item(
                    format!("{zh}（答“否”至少选一项）：{reasons}。"),
                    format!("{en} (a 'no' names at least one): {reasons}."),
                );
            }
        }
    }

    fn rates(&mut self) {
        self.section("抓考核", "Assessment");
        let policy = self.policy;
        let excluded = self.names(policy.assessment.exclude_reasons.values());
        if !excluded.is_empty() {
            self.say(
                format!("信联办可以下列原因剔除考核，可撤销，均记录在案：{excluded}。"),
                format!("The liaison office may leave a case out of assessment, and take it in again, on record, for: {excluded}."),
            );
            self.line("");
        }
        for rate in &policy.rates {
            let (above, below) = (self.language.counted(rate.numerator), self.language.counted(rate.denominator));
            let formula = format!("{} = {above} ÷ {below}", self.name(&rate.name));
            let left_out = self.names(rate.exclude.iter().filter_map(|reason| policy.reason_to_leave_out(reason)));
            let aside = match left_out.as_str() {
                "" => String::new(),
                left_out => format!("{}{left_out}", self.language.pick("不计：", "left out: ")),
            };
            let line = self.language.aside(&formula, &aside);
            self.item(line);
        }
    }

    fn keeping(&mut self) {
        self.section("值班、重复件与保存期限", "Duty, repeats and keeping");
        let policy = self.policy;
        let posts = self.names(policy.duty_posts.values());
        self.say_item(format!("值班岗：{posts}。"), format!("Duty posts: {posts}."));
        let (days, metres) = (self.language.days(policy.repeats.within_days), policy.repeats.within_metres);
        self.say_item(
            format!("重复件：{days}内同一诉求人或相距 {metres} 米以内的同一事项。"),
            format!("Repeats: the same matter within {days}, by the same reporter or within {metres} metres."),
        );
        self.signals();
        let campaigns = policy.campaigns;
        let (span, ahead) = (self.language.days(campaigns.effect_days), self.language.days(campaigns.warn_days));
        self.say_item(
            format!("专项治理：任务到期前{ahead}提醒承办单位；成效按开展前后各至多{span}的同类诉求、对照未开展的区域比较。"),
            format!("Campaigns: a unit is told {ahead} before its task is due; the effect is measured on the same kind of case over at most {span} before and after, beside areas without the campaign."),
        );
        let ring = self.language.minutes(policy.duty.ring_minutes);
        self.say_item(
            format!("值班：来电{ring}无人接听即转下一顺位，都无人接听的告知领导。"),
            format!("Duty: a call that nobody answers rings on to the next after {ring}, and leaders are told where all fail."),
        );
        let ahead = self.language.minutes(policy.duty.hand_over_minutes);
        self.say_item(
            format!("交接班：交班记录列出未结紧急件、未接来电和交班后{ahead}内到期的诉求。"),
            format!("Hand-over: the sheet tells open urgent cases, calls that nobody took, and what is due within {ahead} of the end of the turn."),
        );
        if let Some(reception) = &policy.reception {
            let (zh, en) = weekday_words(reception.weekday);
            let slot = self.language.minutes(reception.slot_minutes);
            let (from, until) = (reception.from.strftime("%H:%M"), reception.until.strftime("%H:%M"));
            let (seats, kept) = (reception.seats, self.language.days(reception.kept_days));
            self.say_item(
                format!("领导接访日：每{zh} {from} 至 {until}，每{slot}一个时段，每位领导每时段 {seats} 人；没有处理结果的预约人身份 {kept}后清除。"),
                format!("Reception day: {en}s, {from} to {until}, in slots of {slot}, {seats} a slot and leader; who booked is erased after {kept} where nothing was noted."),
            );
        }
        let rounds = &policy.rounds;
        let every = self.language.days(rounds.every_days);
        let lists = self.names_or_none(rounds.checklists.iter().map(|list| &list.name));
        self.say_item(
            format!("巡查：每个点位至少{every}看一次；检查清单：{lists}。"),
            format!("Rounds: every spot is seen at least once in {every}; checklists: {lists}."),
        );
        let machines = &policy.machines;
        let quiet = self.language.minutes(machines.quiet_minutes);
        let kinds = self.names_or_none(machines.kinds.iter().map(|kind| &kind.name));
        self.say_item(
            format!("物联感知：{kinds}；同一来源、同一地点的同类事件合并提示，由人判断是否立件；处理后{quiet}内不重复提示。"),
            format!("Machine events: {kinds}. Those of one source, place and kind are one thing to look at, and a person decides whether it becomes a case; what was decided holds for {quiet}."),
        );
        if let Some(partners) = &policy.partners {
            let (checks, most) = (&partners.self_checks, self.language.minutes(partners.credit_minutes));
            let lists = self.language.list(checks.iter().map(|list| {
                let every = self.language.days(list.every_days);
                let kinds = self.language.list(list.kinds.iter().map(|kind| {
                    let (zh, en) = kind.name();
                    self.language.pick(zh, en)
                }));
                let aside = format!("{kinds}{}{every}", self.language.pick("，每", ", every "));
                self.language.aside(self.language.name(&list.name), &aside)
            }));
            let (version, channel) = (&partners.consent.version, &partners.channel);
            let (remind, undecided) =
                (self.language.days(partners.remind_days), self.language.days(partners.undecided_days));
            let channel =
                policy.channels.get(channel).map_or(channel.as_str(), |found| self.language.name(&found.name));
            self.say_item(
                format!("共建伙伴：经社区审核加入，{remind}未审再提醒一次，{undecided}未审即失效并删除联系方式；知情同意书 {version} 版；反映问题走“{channel}”；自查：{lists}；一次活动最多记时长{most}。"),
                format!("Partners: admitted by the community, which is told once more after {remind}; after {undecided} without a decision an application lapses and its contact is erased; with consent to version {version}; what they report comes by '{channel}'; self-checks: {lists}; one activity credits at most {most}."),
            );
        }
        let near = &policy.neighbourhood;
        let (metres, minutes) = (near.metres_a_minute, self.language.minutes(near.minutes));
        let (least, weeks) = (near.told_from, near.told_weeks);
        self.say_item(
            format!("岭里无忧：步行{minutes}（每分钟 {metres} 米）以内算身边；最近 {weeks} 周的办结情况按分类告知居民，不足 {least} 件的不告知，以免认出个人。"),
            format!("The neighbourhood: what can be walked to within {minutes} at {metres} metres a minute is near; residents are told by category what was finished in the last {weeks} weeks, never of fewer than {least} cases, so that nobody is recognised."),
        );
        let kept = &policy.retention;
        let days = |days| self.language.days(days);
        let (identity, keys) = (days(kept.identity_days), days(kept.idempotency_days));
        let (outbox, notices) = (days(kept.outbox_days), days(kept.notification_days));
        self.say_item(
            format!("保存：诉求人身份在结案后 {identity}清除；防重提交凭据 {keys}；已送达的外发通知 {outbox}；已读的站内通知 {notices}。"),
            format!("Kept: the reporter's identity for {identity} after closing, then erased; keys against double sending {keys}; delivered notices {outbox}; read in-app notices {notices}."),
        );
    }
}
