//! Duty 值班: a call that nobody answers rings on along the roster, until somebody takes it or leaders are told; a turn is swapped
//! and the roster says so; who goes hands over to who comes.

use jiban::ahead::duty_calls;
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::TestApp;

const ROSTER: &str = "post,unit,person,from,to,order\n\
    street,lh.dm,duty1,2026-06-01 00:00,2026-06-30 00:00,1\n\
    street,lh.dm,duty2,2026-06-01 00:00,2026-06-30 00:00,2\n";

/// Days of duty1 and nights of duty2.
const TURNS: &str = "post,unit,person,from,to\n\
    street,lh.dm,duty1,2026-06-08 08:30,2026-06-08 20:30\n\
    street,lh.dm,duty2,2026-06-08 20:30,2026-06-09 08:30\n\
    street,lh.dm,duty1,2026-06-09 08:30,2026-06-09 20:30\n";

fn taken_key(turn: &Value) -> Value {
    json!({ "unit": turn["unit"], "post": turn["post"], "person": turn["person"], "from": turn["from"] })
}

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

        // What somebody does not see takes no place on their page.
        let theirs = json!({ "unit": "lh.dm.c02", "post": "c02", "note": "" });
        let theirs = app.post("c02a", "/duty/calls", theirs).await.expect(201);
        for _ in 0..3 {
            missed(&app, "c01a").await;
        }
        let page = app.get("c02a", "/duty/calls?limit=1").await;
        assert_eq!(page["calls"][0]["id"], theirs["id"]);
        let next = page["next"].as_str().unwrap();
        let rest = app.get("c02a", &format!("/duty/calls?limit=1&before={next}")).await;
        assert_eq!((&rest["calls"], &rest["next"]), (&json!([]), &Value::Null));

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
    async fn an_agreed_swap_is_what_the_roster_says_and_a_declined_one_changes_nothing(db: TestDb) {
        let app = TestApp::start(db).await;
        app.post("admin", "/organisation/import", json!({ "roster": TURNS })).await.expect(200);
        let night = json!({ "unit": "lh.dm", "post": "street", "person": "duty2", "from": "2026-06-08T12:30:00Z" });
        let ask = |taker: &str| json!({ "shift": night, "taker": taker, "reason": "孩子发烧，电话 13900001111" });
        app.post("duty1", "/duty/swaps", ask("duty1")).await.refused(422, "invalid");
        app.post("duty2", "/duty/swaps", ask("xlb1")).await.refused(422, "invalid");
        let declined = app.post("duty2", "/duty/swaps", ask("duty1")).await.expect(201);
        assert!(!declined.to_string().contains("13900001111"), "{declined}");
        let answer = |swap: &Value| format!("/duty/swaps/{}/answer", swap["id"].as_str().unwrap());
        app.post("c02a", &answer(&declined), json!({ "answer": "agree" })).await.refused(404, "not_found");
        app.post("xlb1", &answer(&declined), json!({ "answer": "agree" })).await.refused(422, "invalid");
        app.post("duty1", &answer(&declined), json!({ "answer": "decline" })).await.expect(200);
        let on_duty = async |app: &TestApp| {
            let all = app.get("duty1", "/organisation/duty").await;
            let desk = all.as_array().unwrap().iter().find(|one| one["post"] == "street").unwrap();
            desk["people"][0]["id"].as_str().unwrap().to_owned()
        };
        assert_eq!(on_duty(&app).await, "duty1");

        let swap = app.post("duty2", "/duty/swaps", ask("duty1")).await.expect(201);
        let shown = app.get("duty1", "/duty/swaps").await;
        assert_eq!((&shown["swaps"][0]["asked"], &shown["swaps"][0]["open"]), (&json!(true), &json!(true)), "{shown}");
        app.post("duty1", &answer(&swap), json!({ "answer": "agree" })).await.expect(200);
        app.post("duty1", &answer(&swap), json!({ "answer": "agree" })).await.refused(409, "already");
        let of_kind = app.get("duty2", "/notifications?unread=true").await;
        assert!(of_kind.to_string().contains("同意顶替"), "{of_kind}");
        let roster = app.get("duty1", "/organisation/roster?from=2026-06-08T00:00:00Z&until=2026-06-09T00:00:00Z").await;
        let taken = roster.as_array().unwrap().iter().find(|turn| turn["from"] == night["from"]).unwrap();
        assert_eq!((&taken["person"], &taken["instead_of"]), (&json!("duty1"), &json!("duty2")));
        // The same table again takes nothing back, and rings and the public phone follow the roster.
        app.post("admin", "/organisation/import", json!({ "roster": TURNS })).await.expect(200);
        app.clock.advance(SignedDuration::from_hours(12));
        assert_eq!(on_duty(&app).await, "duty1", "evening: the one who took the turn");
        assert_eq!(missed(&app, "c01a").await["rung"][0]["person"], "duty1");
        let public = app.get("duty1", "/public/neighbourhood").await;
        assert!(public["duty"].as_array().unwrap().iter().any(|one| one["unit"] == "lh.dm" && one["person"] == "吕欣刚"), "{public}");
        // What has begun is swapped no more.
        app.post("duty1", "/duty/swaps", json!({ "shift": taken_key(taken), "taker": "duty2", "reason": "累" })).await.refused(409, "too_late");
        let record = app.get("admin", "/audit").await.to_string();
        assert!(record.contains("shift_swapped") && record.contains("duty_swap_answered"), "{record}");
    }

    async fn who_goes_hands_over_what_is_open_and_who_comes_signs(db: TestDb) {
        let app = TestApp::start(db).await;
        app.post("admin", "/organisation/import", json!({ "roster": TURNS })).await.expect(200);
        let body = json!({ "channel": "hotline", "text": "老街路燃气泄漏，味道很大", "place": { "spot": "s001" }, "reporter": { "name": "某某", "phone": "13900000001" } });
        let case = app.post("xlb1", "/cases", body).await.expect(201);
        missed(&app, "c01a").await;
        app.clock.advance(SignedDuration::from_hours(11));
        let day = json!({ "unit": "lh.dm", "post": "street", "person": "duty1", "from": "2026-06-08T00:30:00Z" });
        let open = app.get("duty1", "/duty/hand-overs/draft?unit=lh.dm&post=street&person=duty1&from=2026-06-08T00:30:00Z").await;
        let told: Vec<&Value> = open["urgent"].as_array().unwrap().iter().chain(open["due"].as_array().unwrap()).collect();
        assert!(told.iter().any(|one| one["number"] == case["number"]), "{open}");
        let sheet = json!({ "shift": day, "note": "燃气件盯紧，来电人 13900001111" });
        app.post("duty2", "/duty/hand-overs", sheet.clone()).await.refused(422, "invalid");
        let written = app.post("duty1", "/duty/hand-overs", sheet.clone()).await.expect(201);
        assert_eq!(written["open"]["calls"].as_array().unwrap().len(), 1, "{written}");
        assert!(!written.to_string().contains("13900001111"), "{written}");
        app.post("duty1", "/duty/hand-overs", sheet).await.refused(409, "already");
        let sign = format!("/duty/hand-overs/{}/sign", written["id"].as_str().unwrap());
        app.call("c02a", Method::POST, &sign, None).await.refused(404, "not_found");
        app.call("duty1", Method::POST, &sign, None).await.refused(422, "invalid");
        let signed = app.call("duty2", Method::POST, &sign, None).await.expect(200);
        assert_eq!(signed["signed_by"], "duty2");
        app.call("duty2", Method::POST, &sign, None).await.refused(409, "already");
        let file = format!("/duty/hand-overs/{}/file?form=md", written["id"].as_str().unwrap());
        let paper = app.call("duty2", Method::GET, &file, None).await;
        assert_eq!(paper.status, 200, "{}", paper.text());
        for part in ["交接班记录", "街道值班室", "燃气件盯紧", "吕欣刚", "梁英", case["number"].as_str().unwrap()] {
            assert!(paper.text().contains(part), "missing {part} in {}", paper.text());
        }
        // The night ends without a sheet, and that shows.
        assert_eq!(app.get("duty1", "/duty/hand-overs").await["missing"], json!([]));
        app.clock.advance(SignedDuration::from_hours(13));
        let missing = app.get("leader1", "/duty/hand-overs").await;
        assert_eq!(missing["missing"][0]["shift"]["person"], "duty2", "{missing}");
        assert_eq!(missing["missing"].as_array().unwrap().len(), 1, "the turn before it left one: {missing}");
        assert_eq!(app.get("c02a", "/duty/hand-overs").await["sheets"], json!([]));
    }
}
