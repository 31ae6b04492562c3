//! Duty 值班: a call that nobody answers rings on along the roster, until somebody takes it or leaders are told.

use jiban::ahead::duty_calls;
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::TestApp;

const ROSTER: &str = "post,unit,person,from,to,order\n\
    street,lh.dm,duty1,2026-06-01 00:00,2026-06-30 00:00,1\n\
    street,lh.dm,duty2,2026-06-01 00:00,2026-06-30 00:00,2\n";

async fn missed(app: &TestApp, who: &str) -> Value {
    let body = json!({ "unit": "lh.dm", "post": "street", "note": "来电 13900001111，听不清" });
    app.post(who, "/duty/calls", body).await.expect(201)
}

async fn told(app: &TestApp, who: &str) -> usize {
    let all = app.get(who, "/notifications?unread=true").await;
    all.as_array().unwrap().iter().filter(|one| one["kind"] == "duty_call").count()
}

async fn minutes(app: &TestApp, minutes: i64) -> usize {
    app.clock.advance(SignedDuration::from_mins(minutes));
    duty_calls::ring_on(&app.app).await.unwrap()
}

both_engines! {
    async fn a_call_that_nobody_answers_rings_on(db: TestDb) {
        let app = TestApp::start(db).await;
        app.post("admin", "/organisation/import", json!({ "roster": ROSTER })).await.expect(200);
        let call = missed(&app, "c01a").await;
        assert_eq!((&call["state"], &call["rung"][0]["person"]), (&json!("ringing"), &json!("duty1")));
        assert!(!call.to_string().contains("13900001111"), "{call}");
        assert_eq!((told(&app, "duty1").await, told(&app, "duty2").await), (1, 0));
        assert_eq!(minutes(&app, 1).await, 0, "not yet");
        assert_eq!(minutes(&app, 1).await, 1);
        assert_eq!((told(&app, "duty1").await, told(&app, "duty2").await, told(&app, "leader1").await), (1, 1, 0));

        let take = format!("/duty/calls/{}/take", call["id"].as_str().unwrap());
        app.post("c02a", &take, json!({})).await.refused(404, "not_found");
        let taken = app.post("duty2", &take, json!({})).await.expect(200);
        assert_eq!((&taken["state"], &taken["taken_by"]), (&json!("taken"), &json!("duty2")));
        app.post("duty1", &take, json!({})).await.refused(409, "already");
        assert_eq!(minutes(&app, 10).await, 0, "what was taken rings no more");

        // Nobody takes this one: in the end leaders are told, and it can still be taken.
        let call = missed(&app, "duty1").await;
        assert_eq!((minutes(&app, 2).await, minutes(&app, 2).await, minutes(&app, 2).await), (1, 1, 0));
        assert!(told(&app, "leader1").await > 0);
        let open = app.get("duty1", "/duty/calls?state=unanswered").await;
        assert_eq!(open["calls"][0]["id"], call["id"]);
        let take = format!("/duty/calls/{}/take", call["id"].as_str().unwrap());
        app.post("leader1", &take, json!({})).await.expect(200);
        assert_eq!(app.get("c02a", "/duty/calls").await["calls"], json!([]), "another community's reader sees none");
        let record = app.get("admin", "/audit").await.to_string();
        assert!(record.contains("duty_call_rung_on") && record.contains("duty_call_taken"), "{record}");

        // Whoever cannot take it passes it on, and the next is rung at once.
        let call = missed(&app, "c01a").await;
        let pass = format!("/duty/calls/{}/pass", call["id"].as_str().unwrap());
        app.post("duty2", &pass, json!({})).await.refused(422, "invalid");
        let passed = app.post("duty1", &pass, json!({})).await.expect(200);
        assert_eq!((&passed["rung"][0]["passed"], &passed["rung"][1]["person"]), (&json!(true), &json!("duty2")));

        let wrong = [
            ("post", json!({ "unit": "lh.dm", "post": "moon" })),
            ("unit", json!({ "unit": "lh.moon", "post": "street" })),
            ("note", json!({ "unit": "lh.dm", "post": "street", "note": "长".repeat(401) })),
        ];
        for (what, body) in wrong {
            let reply = app.call("duty1", Method::POST, "/duty/calls", Some(body)).await;
            assert!(reply.status == 422 || reply.status == 404, "{what}: {}", reply.text());
        }
    }
}
