//! Reception days 领导接访日: a booking that becomes a case of the leader who received, and those that are refused, called off,
//! or forgotten.

use jiban::worker::retention;
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::TestApp;

const PHONE: &str = "13912345678";

async fn plan(app: &TestApp, date: &str) -> Value {
    let body = json!({ "date": date, "leader": "leader1", "place": "街道二楼接访室" });
    app.post("xlb1", "/receptions", body).await.expect(201)
}

fn booking(day: &Value, slot: &str, phone: &str) -> Value {
    json!({ "day": day["id"], "slot": slot, "matter": "楼道堆物半年没人管，电话 13912345678",
        "reporter": { "name": "王小明", "phone": phone } })
}

async fn day_of(app: &TestApp, who: &str, day: &Value) -> Value {
    let all = app.get(who, "/receptions").await;
    all.as_array().unwrap().iter().find(|one| one["id"] == day["id"]).unwrap().clone()
}

both_engines! {
    async fn a_booking_of_a_resident_becomes_a_case_of_the_leader_who_received(db: TestDb) {
        let app = TestApp::start(db).await;
        let wrong = json!({ "date": "2026-06-10", "leader": "leader1", "place": "接访室" });
        app.post("xlb1", "/receptions", wrong).await.refused(422, "invalid");
        let body = json!({ "date": "2026-06-11", "leader": "leader1", "place": "接访室" });
        app.post("c01a", "/receptions", body.clone()).await.refused(403, "forbidden");
        let day = plan(&app, "2026-06-11").await;
        app.post("xlb1", "/receptions", body).await.refused(409, "already");
        let offered = app.get("xlb1", "/public/receptions").await;
        assert_eq!((&offered[0]["date"], &offered[0]["slots"][0]["free"]), (&json!("2026-06-11"), &json!(2)), "{offered}");

        let mut with_key = app.request("xlb1", Method::POST, "/public/receptions/bookings").await;
        with_key = with_key.header("idempotency-key", "one").json(&booking(&day, "09:00:00", PHONE));
        let again = with_key.try_clone().unwrap();
        let booked = app.send(with_key).await.expect(201);
        assert_eq!(app.send(again).await.expect(201), booked, "a retry is the same booking");
        assert_eq!((&booked["date"], &booked["place"]), (&json!("2026-06-11"), &json!("街道二楼接访室")));

        // Twice by the same phone, full, none, over, nobody: each is refused in words.
        app.post("xlb1", "/public/receptions/bookings", booking(&day, "09:30:00", "139 1234 5678")).await.refused(422, "invalid");
        app.post("c01a", "/receptions/bookings", booking(&day, "09:00:00", "13900000002")).await.expect(201);
        let full = app.post("c01a", "/receptions/bookings", booking(&day, "09:00:00", "13900000003")).await.refused(422, "invalid");
        assert!(full["title_zh"].as_str().unwrap().contains("约满"), "{full}");
        app.post("c01a", "/receptions/bookings", booking(&day, "09:10:00", "13900000003")).await.refused(422, "invalid");
        let nobody = json!({ "day": day["id"], "slot": "10:00:00", "matter": "事", "reporter": { "phone": "13900000003" } });
        app.post("c01a", "/receptions/bookings", nobody).await.refused(422, "invalid");

        // Only masks are shown, and only to those who see the whole; nothing of it is stored in the open.
        let shown = day_of(&app, "leader1", &day).await;
        assert_eq!((&shown["bookings"][0]["name"], &shown["bookings"][0]["phone"]), (&json!("王**"), &json!("139****5678")));
        assert_eq!(day_of(&app, "c01a", &day).await["bookings"], json!([]));
        for table in ["works", "events", "notifications", "idempotency", "outbox"] {
            let rows = serde_json::to_string(&app.rows(table).await).unwrap();
            assert!(!rows.contains(PHONE) && !rows.contains("王小明"), "in {table}");
        }
        let id = shown["bookings"][0]["id"].clone();
        let path = |what: &str| format!("/receptions/{}/{what}", day["id"].as_str().unwrap());
        app.post("zfd1", &path("reveal"), json!({ "booking": id, "reason": "改期" })).await.refused(403, "forbidden");
        let revealed = app.post("xlb1", &path("reveal"), json!({ "booking": id, "reason": "改期告知" })).await.expect(200);
        assert_eq!(revealed["phone"], PHONE);
        assert!(app.get("admin", "/audit").await.to_string().contains("reception_identity_revealed"));

        // At the meeting: one becomes a case of the leader, of the other nobody came.
        app.post("leader1", &path("acts"), json!({ "act": "missed", "booking": id })).await.refused(409, "first");
        app.clock.advance(SignedDuration::from_hours(3 * 24) + SignedDuration::from_mins(10));
        app.post("xlb1", "/public/receptions/bookings", booking(&day, "09:00:00", "13900000009")).await.refused(422, "invalid");
        let case = json!({ "booking": id, "text": "楼道堆物半年没人管，要求清理。", "place": { "spot": "s001" } });
        app.post("c01a", &path("case"), case.clone()).await.refused(403, "forbidden");
        let made = app.post("leader1", &path("case"), case.clone()).await.expect(201);
        app.post("leader1", &path("case"), case).await.refused(409, "already");
        let page = app.get("leader1", &format!("/cases/{}", made["number"].as_str().unwrap())).await;
        assert_eq!(page["case"]["channel"], "reception_day", "{page}");
        assert_eq!((&page["case"]["escalation"]["official"], &page["reporter"]["phone"]), (&json!("leader1"), &json!("139****5678")));
        let other = shown["bookings"][1]["id"].clone();
        let after = app.post("leader1", &path("acts"), json!({ "act": "missed", "booking": other })).await.expect(200);
        let states: Vec<&Value> = after["bookings"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!(states, [&json!("received"), &json!("missed")]);
    }

    async fn a_booking_is_called_off_by_its_code_and_one_of_which_nothing_was_noted_is_forgotten(db: TestDb) {
        let app = TestApp::start(db).await;
        let day = plan(&app, "2026-06-11").await;
        let booked = app.post("xlb1", "/public/receptions/bookings", booking(&day, "09:00:00", PHONE)).await.expect(201);
        let off = |code: &str| json!({ "number": booked["number"], "code": code });
        app.post("xlb1", "/public/receptions/call-off", off("2222-2222")).await.refused(404, "not_found");
        let cancel = format!("/receptions/{}/acts", day["id"].as_str().unwrap());
        app.post("xlb1", &cancel, json!({ "act": "cancel_day" })).await.refused(409, "first");
        let reply = app.post("xlb1", "/public/receptions/call-off", off(booked["code"].as_str().unwrap())).await;
        assert_eq!(reply.status, 204, "{}", reply.text());
        app.post("xlb1", "/public/receptions/bookings", booking(&day, "09:30:00", PHONE)).await.expect(201);
        let sealed = async |app: &TestApp| serde_json::to_string(&app.rows("works").await).unwrap().matches("\\\"sealed\\\":\\\"").count();
        assert_eq!(sealed(&app).await, 1);
        app.clock.advance(SignedDuration::from_hours(35 * 24));
        retention::step(&app.app).await.unwrap();
        assert_eq!(sealed(&app).await, 0);
        // The day has ended by itself: it stands in no list of days to come, and nothing can be called off any more.
        let states = async |app: &TestApp| -> Vec<Value> {
            app.rows("works").await.iter().filter(|row| row["kind"] == "reception_day").map(|row| row["state"].clone()).collect()
        };
        assert_eq!(states(&app).await, [json!("over")]);
        assert_eq!(retention::step(&app.app).await.unwrap(), 0, "once");
        assert_eq!(app.get("xlb1", "/public/receptions").await, json!([]));
        app.post("xlb1", &cancel, json!({ "act": "cancel_day" })).await.refused(409, "already");
        let next = plan(&app, "2026-07-16").await;
        app.post("xlb1", &format!("/receptions/{}/acts", next["id"].as_str().unwrap()), json!({ "act": "cancel_day" })).await.expect(200);
        app.post("xlb1", "/public/receptions/bookings", booking(&next, "09:30:00", PHONE)).await.refused(422, "invalid");
    }
}
