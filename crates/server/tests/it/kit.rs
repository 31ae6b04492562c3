//! The real program on a loopback port, over a fresh database, with the demo's subdistrict and a clock set by hand.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU16, Ordering},
    },
};

use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
use jiban::{
    app::App,
    commands::demo,
    http::router,
    infra::config::{Config, Home, Key},
    worker::sweeper,
};
use jiban_store::{ManualClock, StoreConfig, StoreError, backup, testkit::TestDb, users};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

/// Password of every account.
pub(crate) const PASSWORD: &str = "a-password-for-tests";

/// A Monday, nine in the morning in Shenzhen: a working day among working days.
pub(crate) const MONDAY: &str = "2026-06-08T01:00:00Z";

/// The program, with its database.
pub(crate) struct TestApp {
    pub(crate) node: Node,
    pub(crate) clock: ManualClock,
    home: Home,
    _folder: tempfile::TempDir,
    pub(crate) db: TestDb,
}

/// One process of it, as far as a test can have several.
pub(crate) struct Node {
    pub(crate) app: App,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    tokens: Arc<Mutex<HashMap<String, String>>>,
}

impl std::ops::Deref for TestApp {
    type Target = Node;
    fn deref(&self) -> &Node {
        &self.node
    }
}

fn store_config(db: &TestDb, clock: &ManualClock) -> StoreConfig {
    StoreConfig { clock: Some(clock.clone()), ..db.config() }
}

/// A hash that costs nothing to check: signing in is not what these tests wait for.
pub(crate) fn cheap_hash() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    let make = || {
        let params = Params::new(64, 1, 1, None).unwrap();
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
    };
    HASH.get_or_init(make).clone()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl TestApp {
    /// The program over this database, on a Monday morning.
    pub(crate) async fn start(db: TestDb) -> Self {
        Self::start_at(db, at(MONDAY), |_| {}).await
    }

    /// The same at another time, or with other settings.
    pub(crate) async fn start_at(db: TestDb, now: Timestamp, change: impl FnOnce(&mut Config)) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.store.url = db.url().to_owned();
        // Rates are of real time; where they matter a test sets them.
        (config.server.public_per_minute, config.server.staff_per_minute) = (1_000_000, 1_000_000);
        config.server.session_hours = 24 * 365 * 20;
        change(&mut config);
        let home = Home::create(folder.path(), &config).unwrap();
        let clock = ManualClock::new(now);
        let store = db.open_with(&store_config(&db, &clock)).await;
        let app = demo::furnish(&home, store, demo::POLICY).await.unwrap();
        let people: Vec<String> = app.snapshot().organisation.people().map(|p| p.id.to_string()).collect();
        app.store
            .write(move |tx| {
                people.iter().try_for_each(|person| {
                    let user = users::User {
                        person: person.clone(),
                        login: person.clone(),
                        password: Some(cheap_hash()),
                        totp: None,
                        oidc_subject: None,
                        failed: 0,
                        locked_until: None,
                        active: true,
                        session_epoch: 0,
                    };
                    users::put(tx, &user)
                })
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        let node = Node::serve(app, Arc::default()).await;
        Self { node, clock, home, _folder: folder, db }
    }

    /// Another node over the same database, with the same keys and the same clock.
    pub(crate) async fn another_node(&self) -> Node {
        let store = self.db.open_with(&store_config(&self.db, &self.clock)).await;
        let app = App::start(&self.home, store).await.unwrap();
        Node::serve(app, Arc::clone(&self.tokens)).await
    }

    /// Another node over the same database, with other settings.
    pub(crate) async fn node_with(&self, change: impl FnOnce(&mut Config)) -> Node {
        let store = self.db.open_with(&store_config(&self.db, &self.clock)).await;
        let mut home = self.home.clone();
        change(&mut home.config);
        let app = App::start(&home, store).await.unwrap();
        Node::serve(app, Arc::clone(&self.tokens)).await
    }

    /// Another node over the same database, with other keys that seal identities.
    pub(crate) async fn node_with_keys(&self, change: impl FnOnce(&mut Vec<Key>)) -> Node {
        let store = self.db.open_with(&store_config(&self.db, &self.clock)).await;
        let mut home = self.home.clone();
        change(&mut home.secrets.identity);
        let app = App::start(&home, store).await.unwrap();
        Node::serve(app, Arc::clone(&self.tokens)).await
    }

    /// A node with the same keys over another database that holds the same data.
    pub(crate) async fn node_over(&self, db: &TestDb) -> Node {
        let store = db.open_with(&store_config(db, &self.clock)).await;
        let app = App::start(&self.home, store).await.unwrap();
        Node::serve(app, Arc::clone(&self.tokens)).await
    }

    /// The data folder of an installation with the same keys over another database.
    pub(crate) fn home_over(&self, db: &TestDb) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(self.folder().join("secrets.toml"), folder.path().join("secrets.toml")).unwrap();
        let mut config = Config::default();
        config.store.url = db.url().to_owned();
        Home::create(folder.path(), &config).unwrap();
        folder
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.home.folder
    }

    /// The folder of photos and files.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![PathBuf::from(&self.home.config.files.folder)];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }

    /// The rows of a table, as an archive of the database has them: column → value.
    pub(crate) async fn rows(&self, table: &str) -> Vec<Value> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive");
        backup::export(&self.app.store, &file).await.unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut inside = lines.skip_while(|line| line["table"] != table);
        let head = inside.next().unwrap_or_else(|| panic!("no table {table}"));
        let columns = head["columns"].as_array().unwrap().clone();
        let row = |line: Value| {
            columns
                .iter()
                .zip(line.as_array().unwrap())
                .map(|(c, v)| (c.as_str().unwrap().to_owned(), v.clone()))
                .collect()
        };
        inside.take_while(Value::is_array).map(row).collect()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass without anybody looking.
    pub(crate) fn pass(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// Lets time pass up to a moment, then sweeps. Returns how many cases were swept.
    pub(crate) async fn sweep_at(&self, when: Timestamp) -> usize {
        self.clock.set(when);
        sweeper::sweep(&self.app).await.unwrap()
    }
}

/// Runs the program's command line over a data folder: whether it went well, and what it said.
pub(crate) async fn jiban(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_jiban"));
    command.arg("--data").arg(folder).args(arguments).env_remove("JIBAN_STORE_URL");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// What a receiver on loopback got.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A receiver of webhooks and templates on loopback, which answers what it is told to.
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Got>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let (got, status) = (Arc::<Mutex<Vec<Got>>>::default(), Arc::new(AtomicU16::new(200)));
        let (kept, answer) = (Arc::clone(&got), Arc::clone(&status));
        let service = axum::Router::new().fallback(move |headers: HeaderMap, body: String| {
            kept.lock().unwrap().push(Got { headers, body });
            std::future::ready(axum::http::StatusCode::from_u16(answer.load(Ordering::SeqCst)).unwrap())
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { url, got, status }
    }

    /// From now on it answers this status.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// What came so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The body, where the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self.json()
    }

    /// A problem of this status and code, in both languages.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.asked);
        assert_eq!(problem["code"], code, "{}: {problem}", self.asked);
        assert_eq!(problem["status"], status);
        let (en, zh) = (problem["title"].as_str().unwrap(), problem["title_zh"].as_str().unwrap());
        assert!(en.len() > 5 && en.starts_with(|c: char| c.is_ascii()), "{}: no English: {en}", self.asked);
        let chinese = zh.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
        assert!(chinese >= 2, "{}: no Chinese: {zh}", self.asked);
        problem
    }
}

impl Node {
    async fn serve(app: App, tokens: Arc<Mutex<HashMap<String, String>>>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let service = router::router(app.clone(), None).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { app, base, http: reqwest::Client::new(), tokens }
    }

    /// A request of this person (nobody where empty), not sent yet.
    pub(crate) async fn request(&self, who: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
        let base = if path.starts_with("/api/") || !path.starts_with('/') { "" } else { "/api/v1" };
        let request = self.http.request(method, format!("{}{base}{path}", self.base));
        if who.is_empty() { request } else { request.bearer_auth(self.token(who).await) }
    }

    /// The token of a person, who signs in the first time.
    pub(crate) async fn token(&self, who: &str) -> String {
        if let Some(token) = self.tokens.lock().unwrap().get(who) {
            return token.clone();
        }
        let signed_in = self.sign_in(who, PASSWORD).await.expect(201);
        let token = signed_in["token"].as_str().unwrap().to_owned();
        self.tokens.lock().unwrap().insert(who.to_owned(), token.clone());
        token
    }

    pub(crate) async fn sign_in(&self, login: &str, password: &str) -> Reply {
        let body = json!({ "login": login, "password": password });
        self.send(self.http.post(format!("{}/api/v1/sessions", self.base)).json(&body)).await
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let request = request.build().unwrap();
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { asked, status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) async fn call(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = self.request(who, method, path).await;
        if let Some(body) = body {
            request = request.json(&body);
        }
        let mut reply = self.send(request).await;
        reply.asked = format!("{who}: {}", reply.asked);
        reply
    }

    #[track_caller]
    pub(crate) fn get(&self, who: &str, path: &str) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.call(who, Method::GET, path, None).await;
            assert_eq!(reply.status, 200, "{caller}: {}: {}", reply.asked, reply.text());
            reply.json()
        }
    }

    pub(crate) async fn post(&self, who: &str, path: &str, body: Value) -> Reply {
        self.call(who, Method::POST, path, Some(body)).await
    }

    /// A command that is carried out; the case after it.
    #[track_caller]
    pub(crate) fn act(&self, who: &str, case: &str, act: &str, body: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.post(who, &format!("/cases/{case}/{act}"), body).await;
            assert_eq!(reply.status, 200, "{caller}: {}: {}", reply.asked, reply.text());
            reply.json()
        }
    }

    /// A command that is refused, without changing anything.
    #[track_caller]
    pub(crate) fn refused(
        &self,
        who: &str,
        case: &str,
        act: &str,
        body: Value,
        status: u16,
        code: &str,
    ) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let before = self.case(case).await;
            let reply = self.post(who, &format!("/cases/{case}/{act}"), body).await;
            assert_eq!(reply.status, status, "{caller}: {}: {}", reply.asked, reply.text());
            let problem = reply.refused(status, code);
            assert_eq!(self.case(case).await, before, "{caller}: a refusal changed the case");
            problem
        }
    }

    /// The case as the liaison office sees it.
    pub(crate) async fn case(&self, case: &str) -> Value {
        self.get("xlb1", &format!("/cases/{case}")).await["case"].take()
    }

    /// Kinds of the events of a case, in order.
    pub(crate) async fn kinds(&self, case: &str) -> Vec<String> {
        let timeline = self.get("xlb1", &format!("/cases/{case}/timeline")).await;
        timeline.as_array().unwrap().iter().map(kind).collect()
    }

    /// A resident submits by a QR code.
    pub(crate) async fn submit(&self, text: &str) -> Submitted {
        let body = json!({
            "channel": "qr", "text": text, "place": { "spot": "s001" },
            "reporter": { "name": "林小满", "phone": "13912345678" },
        });
        Submitted::from(self.post("", "/public/cases", body).await.expect(201))
    }

    /// A case that was classified and dispatched to this unit.
    pub(crate) async fn dispatched(&self, text: &str, class: &str, category: &str, lead: &str) -> Submitted {
        let case = self.submit(text).await;
        self.act("xlb1", &case.id, "classify", json!({ "class": class, "category": category })).await;
        self.act("xlb1", &case.id, "dispatch", json!({ "lead": lead })).await;
        case
    }

    /// A fast case in the enforcement team's hands, contacted and verified; it needs no photo.
    pub(crate) async fn verified(&self) -> Submitted {
        let case = self.dispatched("楼下商铺音响循环播放,很吵。", "fast", "noise.shop", "lh.dm.zfd").await;
        self.act("zfd1", &case.id, "accept", json!({})).await;
        self.act("zfd1", &case.id, "contact", json!({ "reached": true })).await;
        self.act("zfd1", &case.id, "verify", json!({ "finding": "属实" })).await;
        case
    }

    /// The same, finished.
    pub(crate) async fn finished(&self) -> Submitted {
        let case = self.verified().await;
        self.act("zfd1", &case.id, "finish", json!({ "outcome": "已要求调低音量" })).await;
        case
    }

    /// The same, closed.
    pub(crate) async fn closed(&self) -> Submitted {
        let case = self.finished().await;
        self.act("zfd1", &case.id, "file-opinion", opinion()).await;
        self.act("xlb1", &case.id, "follow-up", follow_up(true)).await;
        self.act("zfd1", &case.id, "close", json!({})).await;
        case
    }

    pub(crate) async fn rate(&self, case: &Submitted, grade: u8) -> Reply {
        self.post("", "/public/rate", json!({ "ticket": case.ticket(), "grade": grade })).await
    }

    pub(crate) async fn upload(&self, who: &str, case: &str, kind: &str, name: &str, file: Vec<u8>) -> Reply {
        let path = format!("/cases/{case}/attachments?kind={kind}&name={name}");
        self.send(self.request(who, Method::POST, &path).await.body(file)).await
    }
}

/// What a resident gets.
#[derive(Debug, Clone)]
pub(crate) struct Submitted {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) code: String,
}

impl From<Value> for Submitted {
    fn from(answer: Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self { id: text("id"), number: text("number"), code: text("tracking_code") }
    }
}

impl Submitted {
    pub(crate) fn ticket(&self) -> Value {
        json!({ "number": self.number, "code": self.code })
    }
}

/// The kind of a timeline's entry, as `clock_met finish.1` for a clock's.
pub(crate) fn kind(entry: &Value) -> String {
    let event = &entry["event"];
    match event["clock_event"].as_str() {
        Some(what) => format!("{what} {}", event["key"].as_str().unwrap()),
        None => event["type"].as_str().unwrap().to_owned(),
    }
}

/// A clock of a case.
#[track_caller]
pub(crate) fn clock<'a>(case: &'a Value, key: &str) -> &'a Value {
    let clocks = case["clocks"].as_array().unwrap();
    clocks.iter().find(|clock| clock["key"] == key).unwrap_or_else(|| panic!("no clock {key} in {clocks:?}"))
}

/// When a clock is due.
#[track_caller]
pub(crate) fn due(case: &Value, key: &str) -> Timestamp {
    at(clock(case, key)["due_at"].as_str().unwrap())
}

/// How a clock stands.
#[track_caller]
pub(crate) fn standing(case: &Value, key: &str) -> String {
    clock(case, key)["standing"]["is"].as_str().unwrap().to_owned()
}

/// A filled-in opinion form.
pub(crate) fn opinion() -> Value {
    json!({ "values": { "facts": "属实", "measures": "已处置", "result": "solved", "reply": "已答复" } })
}

/// A follow-up of somebody who was reached; by the liaison office, who may whether the case is drawn or not.
pub(crate) fn follow_up(satisfied: bool) -> Value {
    let because = |reason: &str| if satisfied { json!([]) } else { json!([reason]) };
    json!({
        "values": { "method": "phone" }, "reached": true, "responded": true, "solved": satisfied, "satisfied": satisfied,
        "unsolved_because": because("partly"), "unsatisfied_because": because("too_slow"),
    })
}

/// A small photo.
pub(crate) fn photo() -> Vec<u8> {
    let picture = image::DynamicImage::new_rgb8(32, 24);
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    out.into_inner()
}

/// The lines of an answer that tells how far it is, and the file after them.
pub(crate) fn long(reply: &Reply) -> (Vec<Value>, Vec<u8>) {
    assert_eq!((reply.status, &reply.headers["content-type"]), (200, &"application/x-jiban-progress".parse().unwrap()));
    let (mut rest, mut told) = (reply.bytes.as_slice(), Vec::<Value>::new());
    while told.last().is_none_or(|line| line["done"].is_null()) {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("a line that ends");
        told.push(serde_json::from_slice(&rest[..end]).unwrap());
        rest = &rest[end + 1..];
    }
    let bytes = told.last().unwrap()["file"]["bytes"].as_u64().unwrap_or(0);
    assert_eq!(rest.len() as u64, bytes);
    (told, rest.to_vec())
}
