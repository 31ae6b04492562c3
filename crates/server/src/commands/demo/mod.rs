//! `jiban demo`: an invented subdistrict in Dongmen's image, with half a year of history, ready to try.
//!
//! Everything goes in by the public ways: the organisation by import, the history by real commands in simulated time.
//! The people, places and cases are made up.

mod ahead;
mod board;
mod days;
mod decided;
mod guides;
pub mod history;
mod judged;
pub mod life;
mod partners;
mod people;
mod photos;
pub mod walk;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use jiban_domain::{
    event::Actor,
    policy::{Name, Policy},
};
use jiban_store::Store;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{
    Failure, Outcome,
    init::{CALENDARS, DONGMEN, adopt, open},
    serve, user,
};
use crate::{
    ahead::signals,
    app::App,
    desk::lessons,
    http::problem::Problem,
    infra::{
        config::{self, Config, Home},
        imports::{self, Tables},
        passwords, telemetry,
    },
};

/// The policy of the demo.
pub const POLICY: &str = DONGMEN;
/// Password of every account of the demo.
pub const PASSWORD: &str = "dongmen-demo";
/// Accounts worth trying, with who they are.
const ACCOUNTS: [(&str, &str, &str); 8] = [
    ("xlb1", "信联办", "liaison office"),
    ("duty1", "值班员", "duty officer"),
    ("leader1", "街道领导", "leader"),
    ("c01a", "社区", "community"),
    ("zfd1", "执法队", "enforcement team"),
    ("c01g01a", "网格员", "grid worker"),
    ("jjw1", "纪检", "discipline office"),
    ("admin", "管理员", "administrator"),
];

/// Run an invented subdistrict with half a year of history.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for its data; a temporary one where none is given.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Address and port.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Days of history.
    #[arg(long, default_value_t = 180)]
    days: u32,
    /// Seed of the history: the same seed, the same subdistrict.
    #[arg(long, default_value_t = 20_260_608)]
    seed: u64,
    /// Only make the data, do not serve.
    #[arg(long)]
    no_serve: bool,
}

impl Demo {
    pub(super) async fn run(self, _: &Path) -> Outcome {
        telemetry::logs(false);
        let folder =
            self.folder.unwrap_or_else(|| std::env::temp_dir().join(format!("jiban-demo-{}", std::process::id())));
        let fresh = !folder.join("secrets.toml").exists();
        let mut config = Config::default();
        config.server.listen.clone_from(&self.listen);
        config.server.public_url = format!("http://{}", self.listen);
        config.demo = Some(shown());
        let home = Home::create(&folder, &config)?;
        let app = if fresh { prepare(&home).await? } else { App::start(&home, open(&home).await?).await? };
        if fresh {
            let report = history::make(&app, self.seed, self.days).await?;
            println!("{report}");
            app.store.refresh_statistics().await?;
            // What is done at night has been done, so that the morning finds it.
            let told = |problem: Problem| Failure(problem.title);
            lessons::learn(&app, |_| {}).await.map_err(told)?;
            let today = app.now().await?.to_zoned(app.snapshot().calendar.zone().clone()).date();
            decided::put_up(&app, today).await?;
            signals::look::look(&app).await.map_err(told)?;
            judged::judge(&app, today).await?;
            ahead::put_up(&app, today, self.days).await?;
            partners::put_up(&app).await?;
            guides::put_up(&app).await?;
            people::put_up(&app, today).await?;
            days::put_up(&app, today).await?;
        }
        println!("Data in {}", folder.display());
        println!("Accounts (password {PASSWORD}):");
        for (login, zh, en) in ACCOUNTS {
            println!("  {login:<9} {zh} {en}");
        }
        if self.no_serve {
            return Ok(ExitCode::SUCCESS);
        }
        let listener = tokio::net::TcpListener::bind(&self.listen).await?;
        println!("Open http://{}/console and sign in with one click.", listener.local_addr()?);
        println!("Residents: /q/s001 · grid workers: /work · command screen: /screen · interface: /api/docs/");
        println!("Stop with Ctrl+C.");
        serve::run(app, listener).await
    }
}

/// What the sign-in page shows.
fn shown() -> config::Demo {
    let account = |(login, zh, en): (&str, &str, &str)| config::DemoAccount {
        login: login.to_owned(),
        who: Name { zh: zh.to_owned(), en: en.to_owned() },
    };
    config::Demo { password: PASSWORD.to_owned(), accounts: ACCOUNTS.map(account).to_vec() }
}

/// Policy, calendar, organisation and accounts, into an empty data folder.
///
/// # Errors
/// A [`Failure`] of the store, or a fault in the demo's own files.
pub async fn prepare(home: &Home) -> Result<App, Failure> {
    prepare_with(home, POLICY).await
}

/// The same with another policy's text, which must fit the demo's organisation.
///
/// # Errors
/// As [`prepare`], or the policy's faults.
pub async fn prepare_with(home: &Home, policy_text: &str) -> Result<App, Failure> {
    let app = furnish(home, open(home).await?, policy_text).await?;
    // One hash for all: hashing is slow on purpose, and the password is no secret.
    let hash = passwords::hash(PASSWORD).map_err(Failure)?;
    let people: Vec<_> = app.snapshot().organisation.people().map(|person| person.id.clone()).collect();
    for person in people {
        user::put_hash(&app, &person, person.as_str(), hash.clone()).await?;
    }
    Ok(app)
}

/// Schema, policy, calendar and organisation into a store, without accounts.
///
/// # Errors
/// As [`prepare`].
pub async fn furnish(home: &Home, store: Store, policy_text: &str) -> Result<App, Failure> {
    store.migrate().await?;
    let policy = Policy::parse(policy_text).map_err(|faults| Failure(faults.to_string()))?;
    adopt(&store, &policy, policy_text).await?;
    for text in CALENDARS {
        let year = serde_json::from_str(text).map_err(|why| Failure(why.to_string()))?;
        imports::store_calendar(&store, &policy.time_zone, &year, &Actor::System).await?;
    }
    let zone = TimeZone::get(&policy.time_zone).map_err(|why| Failure(why.to_string()))?;
    let tables = tables(&roster(Timestamp::now(), &zone));
    let done = imports::organisation(&store, &tables, &policy, &Actor::System).await?;
    if let Some(line) = done.refused.first() {
        return Err(Failure(format!("the demo's own files: {line}")));
    }
    Ok(App::start(home, store).await?)
}

/// The demo's organisation as import tables.
pub fn tables(roster: &str) -> Tables {
    let table = |name: &str, text: &str| Some((name.to_owned(), text.to_owned()));
    Tables {
        units: table("demo/units.csv", include_str!("../../../../../demo/units.csv")),
        people: table("demo/people.csv", include_str!("../../../../../demo/people.csv")),
        spots: table("demo/spots.csv", include_str!("../../../../../demo/spots.csv")),
        roster: table("roster", roster),
        areas: table("demo/grids.geojson", include_str!("../../../../../demo/grids.geojson")),
        services: table("demo/services.csv", include_str!("../../../../../demo/services.csv")),
        streets: table("demo/streets.geojson", include_str!("../../../../../demo/streets.geojson")),
        gcj02: false,
    }
}

/// A fortnight's roster around `now`: turns of twelve hours, two of three people in ringing order, the third at rest.
fn roster(now: Timestamp, zone: &TimeZone) -> String {
    let mut rows = String::from("post,unit,person,from,to,order\n");
    let today = now.to_zoned(zone.clone()).date();
    let communities = (1..=7).map(|n| {
        (
            format!("c{n:02}"),
            format!("lh.dm.c{n:02}"),
            vec![format!("c{n:02}duty"), format!("c{n:02}a"), format!("c{n:02}b")],
        )
    });
    let desks = [
        ("street".to_owned(), "lh.dm".to_owned(), vec!["duty1".to_owned(), "duty2".to_owned(), "duty4".to_owned()]),
        ("team".to_owned(), "lh.dm.zfd".to_owned(), vec!["duty3".to_owned(), "zfd1".to_owned(), "zfd2".to_owned()]),
        ("liaison".to_owned(), "lh.dm.xlb".to_owned(), vec!["xlb1".to_owned(), "xlb2".to_owned(), "xlb3".to_owned()]),
    ];
    for (post, unit, people) in desks.into_iter().chain(communities) {
        for (nth, day) in (-3_i64..11).enumerate() {
            let Ok(date) = today.checked_add(day.days()) else { continue };
            let Ok(next) = date.tomorrow() else { continue };
            for (turn, (from, to)) in [("08:30", "20:30"), ("20:30", "08:30")].into_iter().enumerate() {
                let end = if turn == 0 { date } else { next };
                for order in 0..2 {
                    let who = &people[(2 * nth + turn + order) % people.len()];
                    rows.push_str(&format!("{post},{unit},{who},{date} {from},{end} {to},{}\n", order + 1));
                }
            }
        }
    }
    rows
}
