//! The program under measure: a data folder with the demo's organisation, the real server on loopback, a signed-in
//! client.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use jiban::{
    app::App,
    commands::demo,
    desk::{rows, tally},
    http::router,
    infra::{
        config::{Config, Home, Machine},
        signature,
    },
    worker,
};
use jiban_domain::{clock::ClockEvent, event::Event};
use jiban_store::{Engine, events, testkit::OwnServer};
use rand::seq::IndexedRandom;
use serde_json::json;
use uuid::Uuid;

use crate::Outcome;

/// Name of the machine that reports, and its secret.
const MACHINE: &str = "bench";

/// The rig.
pub(crate) struct Rig {
    engine: Engine,
    app: App,
    home: Home,
    _folder: tempfile::TempDir,
    /// Kept so that it lives as long as the rig.
    _server: Option<OwnServer>,
    client: reqwest::Client,
    base: String,
    token: String,
    sent: AtomicUsize,
    reported: AtomicUsize,
    known: std::sync::Mutex<Vec<String>>,
    counter: std::sync::Mutex<tokio::task::JoinHandle<()>>,
}

/// What people call an engine.
pub(crate) fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    }
}

fn told(why: impl std::fmt::Display) -> String {
    why.to_string()
}

impl Rig {
    /// Starts everything on a fresh database.
    pub(crate) async fn start(engine: Engine) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(told)?;
        let server = (engine == Engine::Postgres).then(|| OwnServer::start(true));
        let mut config = Config::default();
        config.server.staff_per_minute = u32::MAX;
        let events_per_minute = u32::MAX;
        config.machines = vec![Machine { name: MACHINE.into(), secret: MACHINE.into(), events_per_minute }];
        config.server.public_per_minute = u32::MAX;
        config.store.url = server.as_ref().map(OwnServer::url).unwrap_or_default();
        config.store.writers = 16;
        let home = Home::create(folder.path(), &config).map_err(told)?;
        // The same policy with automatic dispatch, so that intake does all of the work.
        let policy = demo::POLICY
            .replace("automatic = false", "automatic = true")
            .replace("abstain_below = 0.55", "abstain_below = 0.0")
            .replace("fast = \"10 min\"", "fast = \"1 min\"")
            .replace("warn_at = [0.5]\n", "warn_at = [0.1, 0.2]\n");
        let app = demo::prepare_with(&home, &policy).await.map_err(told)?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(told)?;
        let base = format!("http://{}/api/v1", listener.local_addr().map_err(told)?);
        let service = router::router(app.clone(), None).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        // Intake is measured with the counting that follows behind it.
        let counter = tokio::spawn(worker::tally::run(app.clone())).into();
        let client = reqwest::Client::builder().pool_max_idle_per_host(256).build().map_err(told)?;
        let given = json!({ "login": "xlb1", "password": demo::PASSWORD });
        let answer = client.post(format!("{base}/sessions")).json(&given).send().await.map_err(told)?;
        let answer: serde_json::Value = answer.json().await.map_err(told)?;
        let token = answer["token"].as_str().ok_or("no session")?.to_owned();
        let known = std::sync::Mutex::default();
        let (sent, reported) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Ok(Self {
            engine,
            app,
            home,
            _folder: folder,
            _server: server,
            client,
            base,
            token,
            sent,
            reported,
            known,
            counter,
        })
    }

    /// The engine's name.
    pub(crate) fn name(&self) -> &'static str {
        name(self.engine)
    }

    /// Its engine.
    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// Its settings and keys.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Where its pages are, and the token of a liaison officer.
    pub(crate) fn pages(&self) -> (&str, &str) {
        (self.base.trim_end_matches("/api/v1"), &self.token)
    }

    /// Leaves the counter out while others have the machine, or lets it count beside them again.
    fn count_beside(&self, counts: bool) {
        let mut counter = self.counter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        counter.abort();
        if counts {
            *counter = tokio::spawn(worker::tally::run(self.app.clone()));
        }
    }

    /// Counts all cases anew; cases a second.
    pub(crate) async fn count(&self) -> Outcome<f64> {
        self.app.store.write(jiban_store::tally::forget).await.map_err(told)?;
        let began = Instant::now();
        let counted = tally::catch_up(&self.app, tally::ALONE, |_| {}).await.map_err(|problem| problem.title)?;
        let took = began.elapsed();
        self.count_beside(true);
        Ok(counted as f64 / took.as_secs_f64())
    }

    /// How long an answer takes: the median of so many, after one that warms up.
    pub(crate) async fn median_ms(&self, path: &str, times: usize) -> Outcome<f64> {
        let mut took = Vec::with_capacity(times);
        for round in 0..=times {
            let began = Instant::now();
            let asked = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
            let answer = asked.send().await.map_err(told)?.error_for_status().map_err(told)?;
            answer.bytes().await.map_err(told)?;
            if round > 0 {
                took.push(began.elapsed().as_secs_f64() * 1_000.0);
            }
        }
        took.sort_by(f64::total_cmp);
        Ok(took[times / 2])
    }

    /// The address of a filed opinion form as PDF.
    pub(crate) async fn some_form(&self) -> Outcome<String> {
        let get = async |path: String| -> Outcome<serde_json::Value> {
            let asked = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
            asked.send().await.map_err(told)?.json().await.map_err(told)
        };
        // What was found on rounds needs no form; what was told by telephone does. The newest are what intake was
        // measured with, still open: a page may be empty, and goes on.
        let mut cursor = String::new();
        loop {
            let page = get(format!("/cases?order=newest&state=closed&channel=hotline&limit=200{cursor}")).await?;
            for case in page["cases"].as_array().into_iter().flatten() {
                let id = case["id"].as_str().unwrap_or_default();
                let papers = get(format!("/cases/{id}/papers")).await?;
                let form = papers.as_array().into_iter().flatten().find(|paper| paper["title"] == "群众诉求处理意见书");
                if let Some(form) = form.and_then(|form| form["id"].as_str()) {
                    return Ok(format!("/cases/{id}/papers/{form}?form=pdf"));
                }
            }
            let next = page["next"].as_str().ok_or_else(|| format!("no case with an opinion form: {page}"))?;
            cursor = format!("&cursor={next}");
        }
    }

    /// A number of some case that was submitted.
    pub(crate) fn some_case(&self) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.choose(&mut rand::rng()).cloned()
    }

    /// Submits one case as a liaison officer.
    pub(crate) async fn submit(&self) -> Outcome<()> {
        let (id, count) = self.submit_one().await?;
        if count.is_multiple_of(16) {
            self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(id.to_string());
        }
        Ok(())
    }

    async fn submit_one(&self) -> Outcome<(Uuid, usize)> {
        let count = self.sent.fetch_add(1, Ordering::Relaxed);
        let spot = format!("s{:03}", count % 75 + 1);
        let body = json!({
            "channel": "hotline", "text": format!("楼下烧烤店油烟直排扰民,占道经营,请尽快处理。第 {count} 次来电。"),
            "place": { "spot": spot }, "reporter": { "name": "王先生", "phone": format!("199{:08}", count % 50_000) },
        });
        let request = self.client.post(format!("{}/cases", self.base)).bearer_auth(&self.token);
        let request = request.header("idempotency-key", format!("bench-{count}")).json(&body);
        let answer = request.send().await.map_err(told)?;
        let status = answer.status();
        let answer: serde_json::Value = answer.json().await.map_err(told)?;
        if status != 201 {
            return Err(format!("{status}: {answer}"));
        }
        let id = answer["id"].as_str().unwrap_or_default().parse().map_err(told)?;
        Ok((id, count))
    }

    /// Reports so many events of one machine in one request, at a spot by turns.
    pub(crate) async fn report(&self, events: usize) -> Outcome<()> {
        let count = self.reported.fetch_add(1, Ordering::Relaxed);
        let event = |n: usize| json!({ "kind": "stall", "spot": format!("s{:03}", (count + n) % 75 + 1) });
        let body = json!({ "events": (0..events).map(event).collect::<Vec<_>>() }).to_string();
        let now = jiff::Timestamp::now().as_second();
        let sign = signature::sign(MACHINE, now, body.as_bytes());
        let request = self.client.post(format!("{}/machine/events", self.base)).header("jiban-source", MACHINE);
        let request = request.header("jiban-timestamp", now).header("jiban-signature", format!("sha256={sign}"));
        let answer = request.body(body).send().await.map_err(told)?;
        if answer.status() == 200 { Ok(()) } else { Err(format!("{}: {:?}", answer.status(), answer.text().await)) }
    }

    /// So many machine events a second for so many seconds, a hundred a request.
    pub(crate) async fn flood(&self, a_second: usize, seconds: u64) -> Outcome<()> {
        const AT_ONCE: usize = 100;
        let mut beat = tokio::time::interval(Duration::from_secs_f64(AT_ONCE as f64 / a_second as f64));
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            beat.tick().await;
            self.report(AT_ONCE).await?;
        }
        Ok(())
    }

    /// Brings the stock up by so many cases that came in over the last `days`, and their lives since.
    /// Each growth needs a seed of its own: the same seed is the same cases.
    pub(crate) async fn grow(&self, cases: usize, days: u32, seed: u64) -> Outcome<()> {
        eprintln!("growing the stock by {cases} cases of the last {days} days");
        let began = Instant::now();
        self.count_beside(false);
        demo::history::fill(&self.app, seed, cases, days).await.map_err(told)?;
        eprintln!("that took {:.0} s", began.elapsed().as_secs_f64());
        Ok(())
    }

    async fn get(&self, path: &str) -> Outcome<()> {
        let answer = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await;
        let answer = answer.map_err(told)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(told)?;
        if status == 200 { Ok(()) } else { Err(format!("{path}: {status} {}", String::from_utf8_lossy(&body))) }
    }

    /// The first page of the queue.
    pub(crate) async fn queue(&self) -> Outcome<()> {
        self.get("/cases?order=due&limit=50").await
    }

    /// A case page.
    pub(crate) async fn case_page(&self) -> Outcome<()> {
        let id = self.some_case().ok_or("no case to read")?;
        self.get(&format!("/cases/{id}")).await
    }

    /// The earlier cases of the same matter as some case, as its page shows them.
    pub(crate) async fn similar(&self) -> Outcome<()> {
        let id = self.some_case().ok_or("no case to read")?;
        self.get(&format!("/cases/{id}/repeats")).await
    }

    /// A search.
    pub(crate) async fn search(&self) -> Outcome<()> {
        self.get("/cases/search?q=%E5%8D%A0%E9%81%93%E7%BB%8F%E8%90%A5&limit=50").await
    }

    /// How many clocks are armed.
    pub(crate) async fn armed(&self) -> Outcome<i64> {
        let count = |tx: &mut jiban_store::ReadTx<'_>| {
            let row = tx.query_one("SELECT COUNT(*) FROM clocks", Vec::new())?;
            row.map_or(Ok(0), |row| row.get(0))
        };
        self.app.store.read(count).await.map_err(|why: jiban_store::StoreError| told(why))
    }

    /// Sweeps what fell due so far, as after a standstill. Cases a second.
    pub(crate) async fn sweep_backlog(&self) -> Outcome<f64> {
        let began = Instant::now();
        let swept = worker::sweeper::sweep(&self.app).await.map_err(told)?;
        Ok(swept as f64 / began.elapsed().as_secs_f64())
    }

    /// How late the sweeper fires: 99 of 100 warnings within, milliseconds. The bench's policy lets the contact clock
    /// of a fresh case warn after 6 and 12 seconds.
    pub(crate) async fn lateness(&self, cases: usize) -> Outcome<f64> {
        let worker = tokio::spawn(worker::sweeper::run(self.app.clone()));
        let mut ids = Vec::new();
        for _ in 0..cases {
            ids.push(self.submit_one().await?.0);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_secs(15)).await;
        worker.abort();
        let mut late = Vec::new();
        for id in ids {
            late.extend(self.warned_late_ms(id).await?);
        }
        late.sort_unstable();
        late.get(late.len() * 99 / 100).map(|ms| *ms as f64).ok_or_else(|| "no clock warned".to_owned())
    }

    /// By how much each warning of a case came after its moment, milliseconds.
    async fn warned_late_ms(&self, id: Uuid) -> Outcome<Vec<i64>> {
        let rows = self.app.store.read(move |tx| events::events(tx, id, 0, 500)).await.map_err(told)?;
        let recorded = rows.iter().map(rows::recorded).collect::<Result<Vec<_>, _>>().map_err(told)?;
        let snapshot = self.app.snapshot();
        let mut late = Vec::new();
        for (at, event) in recorded.iter().map(|recorded| (recorded.at, &recorded.event)) {
            let Event::Clock(ClockEvent::Warned { key, warning }) = event else { continue };
            let started = recorded.iter().find_map(|other| match &other.event {
                Event::Clock(ClockEvent::Started(clock)) if clock.key == *key => Some(clock),
                _ => None,
            });
            let Some(clock) = started else { continue };
            let mut before = (**clock).clone();
            before.warned = warning - 1;
            let rule = snapshot.policy.clocks.get(&clock.rule).ok_or("an unknown clock")?;
            let due = before.next_warning(rule).ok_or("no warning was due")?;
            late.push(at.as_millisecond() - due.as_millisecond());
        }
        Ok(late)
    }

    /// The real binary at work on this stock.
    fn run(&self, words: &[&str]) -> Outcome<Running> {
        let binary = std::env::current_exe().map_err(told)?.with_file_name("jiban");
        let mut command = Command::new(&binary);
        command.arg("--data").arg(&self.home.folder).args(words);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let why = |why| format!("{}: {why}; build it: cargo build --release -p jiban", binary.display());
        child.map(Running).map_err(why)
    }

    /// All cases as a ledger in XLSX, by the real binary: rows a second, and the most memory it took in MiB.
    pub(crate) async fn ledger(&self, rows: usize) -> Outcome<(f64, f64)> {
        let file = self.home.folder.join("ledger.xlsx");
        let name = file.to_str().ok_or("the folder's name is no text")?;
        let began = Instant::now();
        let mut child = self.run(&["export", "cases", name])?;
        let mut most = 0_f64;
        let done = loop {
            // Gone between two looks, it has nothing more to tell of its memory.
            most = most.max(child.memory_mib("VmHWM:").unwrap_or(most));
            match child.0.try_wait().map_err(told)? {
                Some(done) => break done,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let took = began.elapsed();
        std::fs::remove_file(&file).map_err(told)?;
        if done.success() { Ok((rows as f64 / took.as_secs_f64(), most)) } else { Err(format!("export: {done}")) }
    }

    /// Start to first answer in milliseconds, and memory idle in MiB, of the real binary on this stock.
    pub(crate) async fn start_up(&self) -> Outcome<(f64, f64)> {
        let listen = "127.0.0.1:18099";
        let began = Instant::now();
        let child = self.run(&["serve", "--listen", listen])?;
        let url = format!("http://{listen}/readyz");
        let limit = Duration::from_secs(30);
        while began.elapsed() < limit {
            if self.client.get(&url).send().await.is_ok_and(|answer| answer.status() == 200) {
                let start = began.elapsed().as_secs_f64() * 1_000.0;
                tokio::time::sleep(Duration::from_secs(3)).await;
                return Ok((start, child.memory_mib("VmRSS:")?));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err("the binary did not answer".to_owned())
    }
}

/// A child that ends with us.
struct Running(Child);

impl Running {
    /// What the system says of its memory: `VmRSS:` now, `VmHWM:` at most so far.
    fn memory_mib(&self, which: &str) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).map_err(told)?;
        let line = status.lines().find_map(|line| line.strip_prefix(which));
        let kib: f64 = line.and_then(|l| l.trim().strip_suffix(" kB")?.trim().parse().ok()).ok_or("no memory told")?;
        Ok(kib / 1_024.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
