//! Telling signals and occasions.

use super::Teller;
use crate::occasion::{Occasion, On};

impl Teller<'_> {
    /// What is put before a person, and when.
    pub(super) fn signals(&mut self) {
        let rules = &self.policy.signals;
        let scan = rules.scan;
        let (back, window, chance) = (
            self.language.days(scan.look_back_days),
            self.language.days(scan.window_days),
            self.language.days(scan.false_alarm_days),
        );
        let least = scan.least_cases;
        self.say_item(
            format!("弱信号：与此前{back}相比，{window}内某地某类诉求异常增多（至少 {least} 件）即提示；纯属偶然的提示平均{chance}不超过一次。"),
            format!("Weak signals: an unusual rise of one matter in one place (at least {least} cases) within {window}, against the {back} before; by chance alone no more than one in {chance}."),
        );
        let (times, again) = (rules.repeats.times, self.language.days(rules.repeats.within_days));
        let (people, hot) = (rules.hot.people, self.language.days(rules.hot.within_days));
        self.say_item(
            format!("重复与热点：{again}内同一事项满 {times} 件、{hot}内同一问题满 {people} 人反映，即提示。"),
            format!("Repeats and hot issues: one matter that comes {times} times within {again}, an issue of which {people} people speak within {hot}."),
        );
        if !rules.except.is_empty() {
            let kinds = rules.except.iter().filter_map(|id| Some(&self.policy.categories.get(id)?.name));
            let kinds = self.names(kinds);
            self.say_item(format!("{kinds}不是问题，不作提示。"), format!("No problem, and raised by none: {kinds}."));
        }
        for occasion in &self.policy.occasions {
            self.occasion(occasion);
        }
    }

    fn occasion(&mut self, occasion: &Occasion) {
        let (name, advice) = (self.name(&occasion.name), self.name(&occasion.advice));
        let when = match &occasion.on {
            On::Season { season, ahead_days } => {
                let ahead = self.language.days(*ahead_days);
                let (from, to) = (&season.from, &season.to);
                self.language
                    .pick("每年 {from} 至 {to}，提前{ahead}提示", "every year {from} to {to}, told {ahead} ahead")
                    .replace("{from}", &from.to_string())
                    .replace("{to}", &to.to_string())
                    .replace("{ahead}", &ahead)
            }
            On::Holiday { holiday, ahead_days } => {
                let ahead = self.language.days(*ahead_days);
                self.language
                    .pick(
                        "公布的“{holiday}”假期，提前{ahead}提示",
                        "the holiday announced as {holiday}, told {ahead} ahead",
                    )
                    .replace("{holiday}", holiday)
                    .replace("{ahead}", &ahead)
            }
            On::Warning { days } => {
                let days = self.language.days(*days);
                self.language
                    .pick("收到预警时由人发布，持续{days}", "when a warning comes, by a person, for {days}")
                    .replace("{days}", &days)
            }
        };
        self.say_item(format!("时令节点“{name}”：{when}。{advice}"), format!("Occasion “{name}”: {when}. {advice}"));
    }
}
