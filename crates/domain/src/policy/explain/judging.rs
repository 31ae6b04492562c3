//! Telling guards, letters and bulletins.

use super::Teller;
use crate::policy::{BulletinKind, Condition, LetterKind, LetterRule};

impl Teller<'_> {
    /// What is shown as odd, which letters rules draft, which bulletins are made.
    pub(super) fn judging(&mut self) {
        let policy = self.policy;
        if policy.guards.equal_grades.is_none()
            && policy.letters.masthead.is_none()
            && policy.bulletins.masthead.is_none()
        {
            return;
        }
        self.section("防注水、函件与通报", "Guards, letters and bulletins");
        if let Some(rule) = policy.guards.equal_grades {
            let (least, chance) = (rule.at_least, self.language.percent(rule.chance_below));
            self.say_item(
                format!("评价雷同：一个单位至少 {least} 个评价全部相同，且纯属偶然的可能低于 {chance}，即列出查看。"),
                format!("Equal grades: at least {least} grades of one unit, all the same, where chance alone gives that in less than {chance}, are shown."),
            );
        }
        for rule in &policy.letters.rules {
            self.letter_rule(rule);
        }
        if let Some(refer) = policy.letters.refer {
            let (after, days) = (refer.after, self.language.days(refer.within_days));
            self.say_item(
                format!("{days}内第 {after} 份提醒函起，起草移送函，移送纪检监察部门。"),
                format!(
                    "From the reminder number {after} within {days} on, a referral to the discipline office is drafted."
                ),
            );
        }
        for (kind, rule) in &policy.bulletins.kinds {
            let (zh, en) = match kind {
                BulletinKind::Daily => ("每日", "every day"),
                BulletinKind::Weekly => ("每周", "every week"),
                BulletinKind::Monthly => ("每月", "every month"),
                BulletinKind::Results => ("每半年", "every half year"),
            };
            let (name, hour, tell) = (self.name(&rule.name), rule.hour, self.language.recipients(&rule.tell));
            self.say_item(
                format!(
                    "{name}：{zh}结束后次日 {hour} 时生成，{}报送{tell}。",
                    if rule.by_itself { "自动存档" } else { "信联办填写意见建议并存档后" }
                ),
                format!(
                    "{name}: made {en}, at {hour}:00 on the day after, {} and told to {tell}.",
                    if rule.by_itself {
                        "archived at once"
                    } else {
                        "archived once the liaison office has added its proposals"
                    }
                ),
            );
        }
    }

    fn letter_rule(&mut self, rule: &LetterRule) {
        let days = self.language.days(rule.within_days);
        let when = match &rule.when {
            Condition::Count { count, at_least } => {
                format!("{} ≥ {at_least}", self.language.counted(*count))
            }
            Condition::Rate { rate, least, at_least, below, beyond_chance } => {
                let name = self.policy.rates.iter().find(|known| known.id == *rate);
                let name = name.map_or(rate.as_str(), |rate| self.name(&rate.name));
                let bound = at_least.map(|share| format!("≥ {}", self.language.percent(share)));
                let bound = bound.or_else(|| below.map(|share| format!("< {}", self.language.percent(share))));
                let fair = if *beyond_chance {
                    self.language.pick("，且与整体的差别超出偶然", ", and beyond chance beside all")
                } else {
                    ""
                };
                let least =
                    self.language.pick(&format!("分母至少 {least}"), &format!("of {least} at least")).to_owned();
                format!("{name} {}（{least}{fair}）", bound.unwrap_or_default())
            }
        };
        let name = self.name(&rule.name);
        let (zh, en) = match rule.letter {
            LetterKind::Commendation => ("表扬书", "a commendation"),
            LetterKind::Reminder => ("提醒函", "a reminder"),
            LetterKind::Referral => ("移送函", "a referral"),
        };
        self.say_item(
            format!("{name}：{days}内{when}，起草{zh}，由人审定签发。"),
            format!("{name}: {when} within {days} drafts {en}; a person signs it."),
        );
    }
}
