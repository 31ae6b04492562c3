//! Machine events 物联感知: signed, merged, decided by a person; a flood is one thing to look at.

use jiban::infra::{config::Machine, signature};
use jiban_store::both_engines;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::kit::{MONDAY, Reply, TestApp, at as at_time};

const SECRET: &str = "a secret of the cameras";

async fn start(db: jiban_store::testkit::TestDb) -> TestApp {
    let machine =
        |name: &str, events_per_minute| Machine { name: name.into(), secret: SECRET.into(), events_per_minute };
    let machines = vec![machine("cameras", 200_000), machine("slow", 5)];
    TestApp::start_at(db, at_time(MONDAY), |config| config.machines = machines).await
}

async fn send(app: &TestApp, source: &str, secret: &str, shift: i64, body: &Value) -> Reply {
    let (at, text) = (app.now().as_second() + shift, body.to_string());
    let sign = format!("sha256={}", signature::sign(secret, at, text.as_bytes()));
    let headers = [("jiban-source", source.to_owned()), ("jiban-timestamp", at.to_string()), ("jiban-signature", sign)];
    app.send(headers.iter().fold(bare(app, text), |request, (name, value)| request.header(*name, value))).await
}

fn bare(app: &TestApp, text: String) -> reqwest::RequestBuilder {
    app.http.post(format!("{}/api/v1/machine/events", app.base)).header("content-type", "application/json").body(text)
}

async fn report(app: &TestApp, events: Value) -> Value {
    send(app, "cameras", SECRET, 0, &json!({ "events": events })).await.expect(200)
}

fn at(kind: &str, spot: &str) -> Value {
    json!({ "kind": kind, "spot": spot, "text": "AI 识别" })
}

async fn open(app: &TestApp) -> Vec<Value> {
    let all = app.get("xlb1", "/machine/findings").await;
    all.as_array().unwrap().iter().filter(|one| one["state"] == "open").cloned().collect()
}

both_engines! {
    async fn only_a_known_source_is_believed_and_each_fault_is_told(db: TestDb) {
        let app = start(db).await;
        let whole = json!({ "events": [at("smoke", "s001")] });
        send(&app, "cameras", "another secret", 0, &whole).await.refused(401, "unsigned");
        send(&app, "nobody", SECRET, 0, &whole).await.refused(401, "unsigned");
        send(&app, "cameras", SECRET, -301, &whole).await.refused(401, "unsigned");
        app.send(bare(&app, whole.to_string())).await.refused(401, "unsigned");
        send(&app, "cameras", SECRET, 0, &json!({ "event": [] })).await.refused(400, "bad_request");
        let many = json!({ "events": vec![at("smoke", "s001"); 1_001] });
        send(&app, "cameras", SECRET, 0, &many).await.refused(422, "invalid");
        send(&app, "slow", SECRET, 0, &json!({ "events": vec![at("smoke", "s001"); 6] })).await.refused(429, "too_many_requests");

        let mixed = json!([
            at("smoke", "s001"), at("moon", "s001"), at("smoke", "s999"), { "kind": "smoke" },
            { "kind": "smoke", "lon": 0.0, "lat": 0.0 }, { "kind": "smoke", "spot": "s001", "at": "2020-01-01T00:00:00Z" },
            { "kind": "smoke", "spot": "s001", "text": "长".repeat(201) },
        ]);
        let taken = report(&app, mixed).await;
        assert_eq!((&taken["taken"], &taken["refused"]), (&json!(1), &json!(6)), "{taken}");
        let why: Vec<&str> = taken["why"].as_array().unwrap().iter().map(|one| one["en"].as_str().unwrap()).collect();
        for (told, about) in why.iter().zip(["kind", "spot", "spot", "lon, lat", "at", "text"]) {
            assert!(told.starts_with(about), "{told}");
        }
        assert_eq!(open(&app).await.len(), 1);
    }

    async fn whoever_signs_wrongly_too_often_is_turned_away_and_no_other_source(db: TestDb) {
        let machine = |name: &str| Machine { name: name.into(), secret: SECRET.into(), events_per_minute: 1_000 };
        let machines = vec![machine("cameras"), machine("sensors")];
        let app = TestApp::start_at(db, at_time(MONDAY), |config| {
            (config.machines, config.server.public_per_minute) = (machines, 5);
        }).await;
        let whole = json!({ "events": [at("smoke", "s001")] });
        for _ in 0..6 {
            send(&app, "cameras", "another secret", 0, &whole).await.refused(401, "unsigned");
        }
        send(&app, "cameras", SECRET, 0, &whole).await.refused(429, "too_many_requests");
        send(&app, "sensors", SECRET, 0, &whole).await.expect(200);
    }

    async fn a_person_decides_and_what_was_decided_holds_for_a_while(db: TestDb) {
        let app = start(db).await;
        // Below what the policy asks for nobody is asked; and what came too long ago does not count.
        report(&app, json!([at("water_level", "s001"), at("water_level", "s001")])).await;
        assert_eq!(open(&app).await, [] as [Value; 0]);
        app.clock.advance(SignedDuration::from_mins(40));
        report(&app, json!([at("water_level", "s001"), at("water_level", "s001")])).await;
        assert_eq!(open(&app).await, [] as [Value; 0], "half an hour apart they are not one rise");
        report(&app, json!([at("water_level", "s001")])).await;
        let found = open(&app).await;
        assert_eq!((found.len(), &found[0]["events"], &found[0]["grid"]), (1, &json!(3), &json!("lh.dm.c01.g01")));

        // Told late, it counts, and changes neither when it was seen last nor what was said then.
        let earlier = (app.now() - SignedDuration::from_mins(5)).to_string();
        report(&app, json!([{ "kind": "water_level", "spot": "s001", "at": earlier, "text": "补报" }])).await;
        let late = open(&app).await;
        assert_eq!((&late[0]["events"], &late[0]["last_at"]), (&json!(4), &found[0]["last_at"]));
        let first: Timestamp = late[0]["first_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(first.to_string(), earlier, "but it was seen earlier than anybody knew");
        assert_eq!(late[0]["told"], found[0]["told"]);

        let path = |what: &str| format!("/machine/findings/{}/{what}", found[0]["id"].as_str().unwrap());
        app.post("leader1", &path("accept"), json!({})).await.refused(403, "forbidden");
        let accepted = app.post("xlb1", &path("accept"), json!({ "note": "请水务先看泵站" })).await.expect(200);
        let number = accepted["decision"]["number"].as_str().unwrap();
        app.post("xlb1", &path("accept"), json!({})).await.refused(409, "already");
        app.post("xlb1", &path("dismiss"), json!({ "note": "x" })).await.refused(409, "already");
        let case = app.get("xlb1", &format!("/cases/{number}")).await;
        assert_eq!((&case["case"]["origin"], &case["case"]["channel"]), (&json!("signal"), &json!("machine")), "{case}");
        assert_eq!(case["case"]["proposal"]["category"], "safety.flood");
        assert!(case["case"]["text"].as_str().unwrap().contains("请水务先看泵站"));

        // Quiet for a day: counted, not asked again. Then it is new.
        report(&app, json!(vec![at("water_level", "s001"); 5])).await;
        assert_eq!(open(&app).await, [] as [Value; 0]);
        let all = app.get("xlb1", "/machine/findings").await;
        assert_eq!((&all[0]["events"], &all[0]["state"]), (&json!(9), &json!("accepted")));
        app.clock.advance(SignedDuration::from_hours(25));
        report(&app, json!(vec![at("water_level", "s001"); 3])).await;
        let again = open(&app).await;
        assert_eq!((again.len(), &again[0]["events"]), (1, &json!(3)));
        assert_ne!(again[0]["id"], found[0]["id"]);
        let path = |act: &str| format!("/machine/findings/{}/{act}", again[0]["id"].as_str().unwrap());
        app.post("xlb1", &path("dismiss"), json!({})).await.refused(422, "invalid");
        // Of those who decide at once one does, and there is a case only where it was accepted.
        let acts = ["dismiss", "accept", "dismiss", "accept"];
        let decide = async |act: &str| app.post("xlb1", &path(act), json!({ "note": "清洗路面" })).await;
        let replies = futures_util::future::join_all(acts.iter().map(|act| decide(act))).await;
        let won: Vec<_> = acts.iter().zip(&replies).filter(|(_, reply)| reply.status == 200).collect();
        let [(act, _)] = won[..] else { panic!("{} decided", won.len()) };
        for lost in replies.iter().filter(|reply| reply.status != 200) {
            lost.refused(409, "already");
        }
        let cases = app.get("xlb1", "/cases?order=newest&channel=machine").await;
        assert_eq!(cases["cases"].as_array().unwrap().len(), 1 + usize::from(*act == "accept"), "{cases}");
        let record = app.get("admin", "/audit").await.to_string();
        assert!(record.contains("machine_finding_decided") && record.contains("清洗路面"), "{record}");
    }

    async fn a_flood_of_a_hundred_thousand_is_the_right_few(db: TestDb) {
        let app = start(db).await;
        let spots = ["s001", "s002", "s030", "s050"];
        let batch = |n: usize| json!((0..1_000).map(|at_| at("stall", spots[(n + at_) % 4])).collect::<Vec<_>>());
        let all = futures_util::future::join_all((0..100).map(|n| report(&app, batch(n)))).await;
        assert_eq!(all.iter().map(|taken| taken["taken"].as_u64().unwrap()).sum::<u64>(), 100_000);
        let found = open(&app).await;
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|one| one["events"] == 25_000), "{found:?}");
        // Nothing became a case by itself.
        let cases = app.get("xlb1", "/cases?channel=machine").await;
        assert_eq!(cases["cases"], json!([]));
    }
}
