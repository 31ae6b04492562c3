//! Asked twice, done once: idempotency keys, and two who act at the same moment.

use std::collections::HashSet;

use futures_util::future::join_all;
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Reply, TestApp};

async fn submit(app: &TestApp, key: &str, text: &str) -> Reply {
    let body = json!({ "channel": "mini", "text": text, "reporter": { "name": "林小满", "phone": "13912345678" } });
    app.send(app.request("", Method::POST, "/public/cases").await.header("idempotency-key", key).json(&body)).await
}

async fn count(app: &TestApp) -> usize {
    app.get("leader1", "/cases?order=newest&limit=200").await["cases"].as_array().unwrap().len()
}

/// How often fifty ask at once: `JIBAN_REPEATS`, or a few times.
fn repeats() -> usize {
    std::env::var("JIBAN_REPEATS").map_or(3, |text| text.parse().unwrap())
}

/// How many cases there are, page by page.
async fn all(app: &TestApp) -> usize {
    let (mut cases, mut cursor) = (0, String::new());
    loop {
        let page = app.get("leader1", &format!("/cases?order=newest&limit=200{cursor}")).await;
        cases += page["cases"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return cases,
        }
    }
}

both_engines! {
    async fn fifty_submissions_with_one_key_are_one_case(db: TestDb) {
        let app = TestApp::start(db).await;
        let repeats = repeats();
        let mut ids = HashSet::new();
        for round in 1..=repeats {
            let key = format!("try-{round}");
            let replies = join_all((0..50).map(|_| submit(&app, &key, "路灯不亮"))).await;
            let first = replies[0].expect(201);
            for reply in &replies {
                assert_eq!(reply.expect(201), first, "everybody gets the first answer");
            }
            ids.insert(first["id"].to_string());
            assert_eq!(ids.len(), round, "a new key is a new case");
        }
        assert_eq!(all(&app).await, repeats, "and no case besides");
        println!("twice: {:?}: fifty at once with one key, {repeats} times: {repeats} cases", app.db.engine());
    }

    async fn the_same_key_for_another_request_is_refused(db: TestDb) {
        let app = TestApp::start(db).await;
        submit(&app, "k1", "路灯不亮").await.expect(201);
        submit(&app, "k1", "路灯还是不亮").await.refused(422, "idempotency_key_reused");
        submit(&app, "k2", "路灯还是不亮").await.expect(201);
        assert_eq!(count(&app).await, 2);
        for bad in ["", "with blank", &"x".repeat(129)] {
            submit(&app, bad, "路灯不亮").await.refused(400, "bad_request");
        }
        assert_eq!(count(&app).await, 2);
    }

    async fn a_refused_request_leaves_its_key_free(db: TestDb) {
        let app = TestApp::start(db).await;
        submit(&app, "k1", " ").await.refused(422, "invalid");
        submit(&app, "k1", "路灯不亮").await.expect(201);
    }

    async fn a_retried_command_acts_once(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let path = format!("/cases/{}/note", case.id);
        let note = async |who: &str, text: &str| {
            let request = app.request(who, Method::POST, &path).await.header("idempotency-key", "n1");
            app.send(request.json(&json!({ "text": text }))).await
        };
        for reply in join_all((0..20).map(|_| note("zfd1", "已排班"))).await {
            reply.expect(200);
        }
        note("zfd1", "另一条").await.refused(422, "idempotency_key_reused");
        note("xlb1", "别人的钥匙").await.expect(200);
        let notes = app.kinds(&case.id).await.iter().filter(|kind| *kind == "noted").count();
        assert_eq!(notes, 2, "one of each sender");
    }

    async fn a_stale_version_changes_nothing(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let path = format!("/cases/{}", case.id);
        let page = app.call("zfd1", Method::GET, &path, None).await;
        let tag = page.headers["etag"].to_str().unwrap().to_owned();
        let note = async |tag: &str| {
            let request = app.request("zfd1", Method::POST, &format!("{path}/note")).await.header("if-match", tag);
            app.send(request.json(&json!({ "text": "看过" }))).await
        };
        note(&tag).await.expect(200);
        let before = app.case(&case.id).await;
        note(&tag).await.refused(409, "conflict");
        assert_eq!(app.case(&case.id).await, before);
        note("seven").await.refused(400, "bad_request");
        assert_eq!(app.case(&case.id).await, before);
    }

    async fn of_two_who_accept_at_once_one_wins(db: TestDb) {
        let app = TestApp::start(db).await;
        for _ in 0..5 {
            let case = app.dispatched("音响太吵", "fast", "noise.shop", "lh.dm.zfd").await;
            let people = ["zfd1", "zfd2", "zfd3", "zfd4"];
            let path = format!("/cases/{}/accept", case.id);
            let replies = join_all(people.map(|who| app.post(who, &path, json!({})))).await;
            let won: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
            assert_eq!(won.len(), 1);
            for lost in replies.iter().filter(|reply| reply.status != 200) {
                lost.refused(409, "already");
            }
            let winner: Value = won[0].json()["handler"].clone();
            assert_eq!(app.case(&case.id).await["handler"], winner);
            let accepted = app.kinds(&case.id).await.iter().filter(|kind| *kind == "accepted").count();
            assert_eq!(accepted, 1);
        }
    }

    async fn of_those_who_decide_about_a_signal_at_once_one_wins_and_nothing_is_half_done(db: TestDb) {
        let app = TestApp::start(db).await;
        let mut accepted = 0;
        for _ in 0..5 {
            let warned = json!({ "occasion": "typhoon", "days": 1 });
            let signal = app.post("xlb1", "/signals/warnings", warned).await.expect(200)["id"].as_str().unwrap().to_owned();
            let acts = ["accept", "dismiss", "accept", "dismiss", "accept"];
            let decide = async |act: &str| {
                app.post("xlb1", &format!("/signals/{signal}/{act}"), json!({ "note": "台风将至" })).await
            };
            let replies = join_all(acts.iter().map(|act| decide(act))).await;
            let won: Vec<_> = replies.iter().zip(acts).filter(|(reply, _)| reply.status == 200).collect();
            let [(reply, act)] = won[..] else { panic!("{} decided", won.len()) };
            for lost in replies.iter().filter(|reply| reply.status != 200) {
                lost.refused(409, "already");
            }
            accepted += usize::from(act == "accept");
            assert_eq!(reply.json()["became"]["case"].is_string(), act == "accept", "{}", reply.json());
            assert_eq!(count(&app).await, accepted, "no inspection but of what was accepted");
            app.clock.advance(SignedDuration::from_hours(48));
        }
    }
}
