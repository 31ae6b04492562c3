//! `jiban hot` and `jiban similar`: what a stream of texts speaks of most, and which of them say the same again.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use jiban_domain::policy::Policy;
use jiban_text::{Alike, Told, issues};
use jiff::civil::{Date, DateTime};
use serde_json::json;

use super::{
    Failure, Outcome,
    init::DONGMEN,
    policy, say,
    table::{Columns, Entry, rounded},
};
use crate::desk::{learnt::Learnt, triage::Triage};

/// Options of `hot`.
#[derive(Debug, Args)]
pub(super) struct Hot {
    #[command(flatten)]
    columns: Columns,
    /// Columns with likes or supporters, with commas between them; they are added up.
    #[arg(long, value_delimiter = ',')]
    weight: Vec<String>,
    /// Column that tells one person from another; each row is another's where none is given.
    #[arg(long)]
    person: Option<String>,
    /// Only from this day on.
    #[arg(long)]
    from: Option<Date>,
    /// Only until this day, the day with it.
    #[arg(long)]
    to: Option<Date>,
    /// How many issues are told.
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// Policy whose words of danger, public opinion and skipping levels make a text severe; Dongmen's where none is given.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// For programs: issues with the ids of their rows as JSON.
    #[arg(long)]
    json: bool,
}

impl Hot {
    pub(super) async fn run(self) -> Outcome {
        let rules = match &self.policy {
            Some(file) => Policy::parse(&policy::read(file)?).map_err(|faults| Failure(policy::told(file, &faults)))?,
            None => Policy::parse(DONGMEN).map_err(|faults| Failure(faults.to_string()))?,
        };
        let more: Vec<&str> = self.weight.iter().chain(&self.person).map(String::as_str).collect();
        let mut entries = self.columns.read(&more).await?;
        entries.retain(|entry| self.is_within(entry.time));
        let triage = Triage::new(&rules, Learnt::default());
        let told = |entry| self.told(entry, triage.is_severe(&rules, &entry.text));
        let stream: Vec<Told<'_>> = entries.iter().map(told).collect();
        let mut issues = issues(&stream);
        let found = issues.len();
        issues.truncate(self.top);
        let ids = |members: &[usize]| members.iter().map(|at| entries[*at].id.clone()).collect::<Vec<_>>();
        let title = |at: usize| entries[at].text.lines().next().unwrap_or_default().to_owned();
        let issues = issues.iter().enumerate().map(|(place, issue)| {
            let times = || issue.members.iter().filter_map(|at| entries[*at].time);
            json!({
                "rank": place + 1,
                "name": issue.name.join(" "),
                "title": title(issue.typical),
                "members": ids(&issue.members),
                "texts": issue.members.len(),
                "people": issue.people,
                "supporters": issue.supporters,
                "first": times().min().map(|time| time.date().to_string()),
                "last": times().max().map(|time| time.date().to_string()),
                "growth": rounded(issue.growth),
                "severity": rounded(issue.severity),
                "heat": rounded(issue.heat),
            })
        });
        if self.json {
            say(format!(
                "{:#}",
                json!({ "texts": entries.len(), "found": found, "issues": issues.collect::<Vec<_>>() })
            ))?;
        } else {
            for issue in issues {
                let word = |name: &str| issue[name].as_str().unwrap_or_default();
                let members = issue["members"].as_array().into_iter().flatten().filter_map(|id| id.as_str());
                say(format!(
                    "{:>3}  {}\n     {}\n     {} people, {} supporters, {} to {}, heat {}\n     rows {}",
                    issue["rank"],
                    word("name"),
                    word("title"),
                    issue["people"],
                    issue["supporters"],
                    word("first"),
                    word("last"),
                    issue["heat"],
                    members.collect::<Vec<_>>().join(" "),
                ))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn is_within(&self, time: Option<DateTime>) -> bool {
        let day = time.map(|time| time.date());
        self.from.is_none_or(|from| day.is_some_and(|day| day >= from))
            && self.to.is_none_or(|to| day.is_some_and(|day| day <= to))
    }

    fn told<'e>(&self, entry: &'e Entry, severe: bool) -> Told<'e> {
        let weights = entry.more.iter().take(self.weight.len());
        let person = self.person.as_ref().and_then(|_| entry.more.last()).filter(|person| !person.is_empty());
        Told {
            text: &entry.text,
            day: entry.time.map(days),
            supporters: weights
                .filter_map(|weight| weight.parse::<f64>().ok())
                .filter(|weight| weight.is_finite())
                .sum(),
            severe,
            person: person.map(String::as_str),
        }
    }
}

/// Days from the beginning of the year 2000.
fn days(time: DateTime) -> f64 {
    time.duration_since(jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0)).as_secs_f64() / 86_400.0
}

/// Options of `similar`.
#[derive(Debug, Args)]
pub(super) struct Similar {
    #[command(flatten)]
    columns: Columns,
    /// How alike two texts must be to be told, 0–1.
    #[arg(long, default_value_t = 0.3)]
    at_least: f32,
    /// For programs: pairs with the ids of their rows as JSON.
    #[arg(long)]
    json: bool,
}

impl Similar {
    pub(super) async fn run(self) -> Outcome {
        let entries = self.columns.read(&[]).await?;
        let alike = Alike::new(entries.iter().map(|entry| entry.text.as_str()));
        let mut pairs = alike.pairs(self.at_least);
        pairs.sort_by(|one, other| other.likeness.total_cmp(&one.likeness));
        let title = |at: usize| entries[at].text.lines().next().unwrap_or_default();
        if self.json {
            let pairs = pairs.iter().map(|pair| {
                let (one, other) = (&entries[pair.one], &entries[pair.other]);
                json!({
                    "rows": [one.id, other.id],
                    "likeness": rounded(f64::from(pair.likeness)),
                    "shared": alike.shared(pair.one, pair.other, &one.text),
                })
            });
            say(format!("{:#}", json!({ "texts": entries.len(), "pairs": pairs.collect::<Vec<_>>() })))?;
        } else {
            for pair in pairs {
                let (one, other) = (&entries[pair.one], &entries[pair.other]);
                say(format!(
                    "{:.2}\t{}\t{}\t{}\t{}",
                    pair.likeness,
                    one.id,
                    other.id,
                    title(pair.one),
                    title(pair.other)
                ))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
