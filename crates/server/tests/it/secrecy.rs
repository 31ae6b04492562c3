//! A reporter with a name and a telephone number that nobody else has, a whole life of their case, and then a search
//! for both in everything the program keeps, says, sends and logs. They may be in one place only: under seal.

use std::{
    io::Write,
    sync::{Arc, Mutex, OnceLock},
};

use jiban::{
    infra::{
        config::{HttpTemplate, Mail},
        telemetry,
    },
    worker::{outbox, sweeper},
};
use jiban_store::{Engine, both_engines, identity::Cipher};
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::Method;
use serde_json::{Value, json};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::kit::{MONDAY, Receiver, Submitted, TestApp, at, follow_up, photo};

const NAME: &str = "欧阳倩雯璐";
const PHONE: &str = "13987650321";
const MAIL: &str = "ouyang.qianwen.lu@mail.example";
const CARD: &str = "44030119880308123X";

/// The log of this process from here on.
fn log() -> Arc<Mutex<Vec<u8>>> {
    #[derive(Clone)]
    struct Kept(Arc<Mutex<Vec<u8>>>);
    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    let start = || {
        let kept = Kept(Arc::default());
        let writer = kept.clone();
        // As much as anybody can ask for.
        let all = telemetry::quiet(EnvFilter::new("trace"));
        let lines = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_filter(all);
        tracing_subscriber::registry().with(lines).init();
        kept.0
    };
    Arc::clone(LOG.get_or_init(start))
}

fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| telemetry::metrics().unwrap())
}

/// Fails where a part of the reporter's identity is in these bytes.
#[track_caller]
fn clean(place: &str, bytes: &[u8]) {
    for secret in [NAME, PHONE, "139-8765-0321", "倩雯璐", MAIL, CARD] {
        let found = bytes.windows(secret.len()).position(|window| window == secret.as_bytes());
        if let Some(found) = found {
            let (from, to) = (found.saturating_sub(200), (found + 100).min(bytes.len()));
            panic!("{place} tells '{secret}': … {} …", String::from_utf8_lossy(&bytes[from..to]));
        }
    }
}

/// A text that names the reporter in every way.
fn told(words: &str) -> String {
    format!("{words}。我是{NAME},电话{PHONE}(139-8765-0321),邮箱{MAIL},身份证{CARD}。")
}

/// A life with every turn where people write something.
async fn live(app: &TestApp) -> Submitted {
    let new = json!({
        "channel": "qr", "text": told("楼下商铺音响很吵"), "place": { "spot": "s001", "address": told("人民路1号") },
        "reporter": { "name": NAME, "phone": PHONE, "email": MAIL, "id_number": CARD },
    });
    let submit = app.request("", Method::POST, "/public/cases").await.header("idempotency-key", "k1").json(&new);
    let case = Submitted::from(app.send(submit).await.expect(201));
    let id = &*case.id;
    let sorted = json!({ "class": "fast", "category": "noise.shop", "note": told("已电话核对") });
    app.act("xlb1", id, "classify", sorted).await;
    app.act("xlb1", id, "correct", json!({ "title": told("商铺噪声"), "text": told("音响很吵") })).await;
    app.act("xlb1", id, "dispatch", json!({ "lead": "lh.dm.zfd", "note": told("请联系") })).await;
    app.act("zfd1", id, "accept", json!({})).await;
    app.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(sweeper::sweep(&app.app).await.unwrap(), 1, "a breach is told too");
    app.act("zfd1", id, "contact", json!({ "reached": true, "note": told("接通") })).await;
    app.act("zfd1", id, "verify", json!({ "finding": told("属实") })).await;
    app.act("zfd1", id, "note", json!({ "text": told("备注"), "public": true })).await;
    let blown =
        app.act("c01a", id, "blow-whistle", json!({ "units": ["lh.dm.c01.g01"], "matter": told("请到场") })).await;
    let whistle = &blown["whistles"][0]["id"];
    let report = json!({ "whistle": whistle, "unit": "lh.dm.c01.g01", "action": told("已到场") });
    app.act("c01g01a", id, "report-in", report).await;
    app.act("xlb1", id, "settle-whistle", json!({ "whistle": whistle, "outcome": "solved", "note": told("已解决") }))
        .await;
    let name = format!("{NAME}{PHONE}.jpg");
    app.upload("zfd1", id, "before", &name, photo()).await.expect(201);
    let path = format!("{}/api/v1/public/cases/{}/attachments?kind=report&name={name}", app.base, case.number);
    app.send(app.http.post(path).header("x-tracking-code", &case.code).body(photo())).await.expect(201);
    let shown = app.post("zfd1", &format!("/cases/{id}/reveal-identity"), json!({ "reason": told("回电") })).await;
    assert!(shown.expect(200).to_string().contains(NAME), "who is asked for with a reason is shown");
    app.act("zfd1", id, "finish", json!({ "outcome": told("已要求调低") })).await;
    app.post("", "/public/dispute", json!({ "ticket": case.ticket(), "reason": told("没有办好") })).await.expect(200);
    app.act("xlb1", id, "reopen", json!({ "reason": told("有异议") })).await;
    app.act("zfd1", id, "contact", json!({ "reached": true })).await;
    app.act("zfd1", id, "verify", json!({ "finding": "属实" })).await;
    app.act("zfd1", id, "finish", json!({ "outcome": "已办" })).await;
    let rated = json!({ "ticket": case.ticket(), "grade": 1, "comment": told("不满意") });
    app.post("", "/public/rate", rated).await.expect(200);
    app.act("zfd1", id, "appeal", json!({ "reason": told("已尽责") })).await;
    let values =
        json!({ "facts": told("属实"), "measures": told("已处置"), "result": "solved", "reply": told("已答复") });
    app.act("zfd1", id, "file-opinion", json!({ "values": values })).await;
    app.act("xlb1", id, "follow-up", follow_up(true)).await;
    case
}

/// Requests that the program cannot take, with the identity in the wrong place.
async fn refused(app: &TestApp, case: &Submitted) {
    let bodies = [
        json!({ "channel": "qr", "text": "x", "reporter": { "name": { "first": NAME }, "phone": PHONE } }),
        json!({ "channel": NAME, "text": PHONE }),
        json!({ "channel": "qr", "text": "x", (PHONE): NAME }),
        json!({ "channel": "qr", "text": "x", "place": { "spot": NAME } }),
    ];
    for body in bodies {
        let reply = app.post("", "/public/cases", body).await;
        assert!((400..500).contains(&reply.status), "{}", reply.text());
        clean("a refusal", &reply.bytes);
    }
    let ticket = json!({ "ticket": { "number": case.number, "code": PHONE }, "grade": NAME });
    clean("a refusal", &app.post("", "/public/rate", ticket).await.bytes);
    let note = json!({ "team": { (NAME): [PHONE] } });
    clean("a refusal", &app.post("xlb1", &format!("/cases/{}/assign-team", case.id), note).await.bytes);
    clean("a refusal", &app.call("", Method::GET, &format!("/public/spots/{PHONE}"), None).await.bytes);
}

both_engines! {
    async fn a_reporters_name_and_number_are_nowhere_but_under_seal(db: TestDb) {
        let (log, metrics) = (log(), metrics());
        let receiver = Receiver::start().await;
        let url = receiver.url.clone();
        let app = TestApp::start_at(db, at(MONDAY), |config| {
            let body = r#"{"to":"{to}","text":"{text}","number":"{number}"}"#.to_owned();
            let template = HttpTemplate { url: url.clone(), headers: std::collections::BTreeMap::new(), body };
            (config.sms, config.wecom) = (Some(template.clone()), Some(template));
            config.webhooks = vec![crate::outbox::hook(&url, &[])];
            // Nobody listens there: what fails is kept with its reason.
            config.mail = Some(Mail { url: "smtp://127.0.0.1:1".into(), from: "jiban@dongmen.example".into() });
        })
        .await;
        let mut stream = app.request("xlb1", Method::GET, "/live").await.send().await.unwrap();
        let case = live(&app).await;
        refused(&app, &case).await;
        while outbox::step(&app.app).await.unwrap() > 0 {}

        for table in ["cases", "events", "outbox", "notifications", "attachments", "idempotency", "case_scope", "sessions"] {
            let rows = app.rows(table).await;
            assert!(!rows.is_empty(), "{table} was to be searched and is empty");
            let text = Value::from(rows).to_string();
            clean(table, text.as_bytes());
            assert!(!text.contains(&case.code), "{table} holds the code that opens the case");
        }
        let sealed = app.rows("identities").await;
        assert_eq!(sealed.len(), 1);
        clean("the sealed table", sealed[0].to_string().as_bytes());
        if let Some(file) = app.db.url().strip_prefix("sqlite:") {
            let mut searched = 0;
            for file in [file.to_owned(), format!("{file}-wal")] {
                let bytes = std::fs::read(&file).unwrap_or_default();
                clean(&file, &bytes);
                searched += bytes.len();
            }
            assert!(searched > 100_000, "the database's own files were to be searched");
        } else {
            assert_eq!(app.db.engine(), Engine::Postgres);
        }
        assert_eq!(app.files().len(), 2);
        for file in app.files() {
            clean("a file's name", file.to_str().unwrap().as_bytes());
            clean("a file", &std::fs::read(file).unwrap());
        }
        let got = receiver.got();
        assert!(got.len() > 20);
        for message in got {
            clean("a message", message.body.as_bytes());
        }
        for who in ["xlb1", "zfd1", "leader1", "jjw1", "admin", "c01a"] {
            let id = &case.id;
            let own = [
                format!("/cases/{id}"), format!("/cases/{id}/timeline"), format!("/cases/{id}/attachments"),
                format!("/cases/{id}/assignment"), "/cases".into(), "/cases/counts".into(), "/notifications".into(),
                "/statistics/moment".into(), "/audit".into(), "/sessions/me".into(),
                format!("/api/v1/cases/search?q={NAME}"), format!("/api/v1/cases/search?q={PHONE}"),
            ];
            for path in own {
                clean(&format!("{who}: {path}"), &app.call(who, Method::GET, &path, None).await.bytes);
            }
        }
        for what in [NAME, PHONE, MAIL] {
            assert_eq!(app.get("xlb1", &format!("/cases/search?q={what}")).await, json!([]), "{what} finds nothing");
        }
        assert_eq!(app.get("xlb1", "/cases/search?q=音响").await[0]["id"], json!(case.id), "and yet the case is found");
        clean("tracking", &app.post("", "/public/track", case.ticket()).await.bytes);
        let open311 = format!("/open311/v2/requests/{}.json", case.number);
        clean("open311", &app.send(app.http.get(format!("{}{open311}", app.base))).await.bytes);
        app.app.stop.send_replace(true);
        while let Some(chunk) = stream.chunk().await.unwrap() {
            clean("the live stream", &chunk);
        }
        let rendered = metrics.render();
        assert!(rendered.contains("jiban_http_requests_total"), "{rendered}");
        clean("the metrics", rendered.as_bytes());
        let log = log.lock().unwrap().clone();
        assert!(!log.is_empty(), "there is a log to be searched");
        clean("the log", &log);
    }

    async fn the_configured_cipher_seals_and_the_other_still_opens(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.submit("路灯不亮").await;
        assert_eq!(app.rows("identities").await[0]["key_id"], "k1.aes");
        assert_eq!(app.app.vault.newest_key(), "k1.aes");
        // The same keys, with the national cipher from now on.
        let mut home = jiban::infra::config::Home::open(app.folder()).unwrap();
        home.config.identity.cipher = Cipher::Sm4Gcm;
        let national = jiban::infra::keys::vault(&home).unwrap();
        assert_eq!(national.newest_key(), "k1.sm4");
        let id = case.id.parse().unwrap();
        let opened = app.app.store.read(move |tx| jiban_store::identity::get(tx, &national, id)).await;
        assert_eq!(opened.map_err(|error: jiban_store::StoreError| error).unwrap().unwrap().phone.unwrap(), "13912345678");
    }
}
