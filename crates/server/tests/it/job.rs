//! The main job: a resident scans a code, and the case is seen through to the end.

use jiban_store::both_engines;
use jiff::{SignedDuration, ToSpan};
use serde_json::json;

use crate::kit::{TestApp, at, due, follow_up, opinion, photo, standing};

both_engines! {
    async fn a_request_is_seen_through_from_the_qr_code_to_the_close(db: TestDb) {
        let app = TestApp::start(db).await;
        let spot = app.get("", "/public/spots/s001").await;
        assert_eq!(spot["grid"], "青云第一网格");
        assert_eq!(spot["community"], "青云社区");

        // 09:00 submitted: triage proposes, nothing is decided yet, the dispatch clock is the shortest there is.
        let case = app.submit("小区门口摆摊占道经营,请打 13912345678 回复我。").await;
        let seen = app.case(&case.id).await;
        assert_eq!(seen["state"], "registered");
        assert_eq!(seen["proposal"]["class"], "fast");
        assert_eq!(seen["proposal"]["category"], "city.stall");
        assert_eq!(seen["class"], json!(null));
        assert_eq!(seen["place"]["grid"], "lh.dm.c01.g01");
        assert_eq!(due(&seen, "dispatch.1"), app.now() + SignedDuration::from_hours(1));
        assert!(!seen.to_string().contains("13912345678"), "{seen}");

        // 09:05 classified, 09:10 dispatched by rule.
        app.pass(5);
        app.act("xlb1", &case.id, "classify", json!({ "class": "fast", "category": "city.stall" })).await;
        let rule = app.get("xlb1", &format!("/cases/{}/assignment", case.id)).await;
        app.pass(5);
        let seen = app.act("xlb1", &case.id, "dispatch", json!({})).await;
        assert_eq!(seen["state"], "dispatched");
        assert_eq!(seen["lead"], rule["lead"]);
        assert_eq!(seen["co_units"], rule["co_units"]);
        let dispatched = app.now();
        assert_eq!(standing(&seen, "dispatch.1"), "met");
        assert_eq!(due(&seen, "contact.1"), dispatched + SignedDuration::from_mins(10));
        assert_eq!(due(&seen, "verify.1"), dispatched + SignedDuration::from_mins(30));
        assert_eq!(due(&seen, "finish.1"), dispatched + SignedDuration::from_hours(24));

        // 09:12 accepted, contacted at the very moment the clock is due, verified.
        let lead = rule["lead"].as_str().unwrap();
        let who = if lead == "lh.dm.zfd" { "zfd1" } else { "c01g01a" };
        app.pass(2);
        app.act(who, &case.id, "accept", json!({})).await;
        app.clock.set(dispatched + SignedDuration::from_mins(10));
        let seen = app.act(who, &case.id, "contact", json!({ "reached": true, "note": "已电话联系" })).await;
        assert_eq!(standing(&seen, "contact.1"), "met", "an act at the very due time is in time");
        app.pass(15);
        let seen = app.act(who, &case.id, "verify", json!({ "finding": "三个流动摊位" })).await;
        assert_eq!(standing(&seen, "verify.1"), "met");

        // A photo of the place after the work is due for this category.
        app.pass(60);
        let first = app.refused(who, &case.id, "finish", json!({ "outcome": "已劝离" }), 409, "first").await;
        assert!(first["title_zh"].as_str().unwrap().contains("照片"), "{first}");
        app.upload(who, &case.id, "after", "after.jpg", photo()).await.expect(201);
        let seen = app.act(who, &case.id, "finish", json!({ "outcome": "已劝离并清扫" })).await;
        assert_eq!(seen["state"], "finished");
        assert_eq!(standing(&seen, "finish.1"), "met");
        // Monday; three and five working days end with Thursday and with the next Monday.
        assert_eq!(due(&seen, "opinion.1"), at("2026-06-11T16:00:00Z"));
        assert_eq!(due(&seen, "follow_up.1"), at("2026-06-15T16:00:00Z"));

        app.refused(who, &case.id, "close", json!({}), 409, "first").await;
        app.pass(60);
        app.act(who, &case.id, "file-opinion", opinion()).await;
        app.refused(who, &case.id, "close", json!({}), 409, "first").await;
        app.clock.advance(SignedDuration::from_hours(24));
        app.act("xlb1", &case.id, "follow-up", follow_up(true)).await;
        let rated = app.rate(&case, 5).await.expect(200);
        assert_eq!(rated["may_rate"], true);
        let seen = app.act(who, &case.id, "close", json!({ "note": "满意" })).await;
        assert_eq!(seen["state"], "closed");
        for key in ["dispatch.1", "contact.1", "verify.1", "finish.1", "opinion.1", "follow_up.1"] {
            assert_eq!(standing(&seen, key), "met", "{key}");
        }
        assert_eq!(seen["clocks"].as_array().unwrap().len(), 6);

        // The timeline holds everything that happened, in order, each clock started and met once.
        // One case in five is drawn for a third person.
        let told = |kind: &String| !kind.contains(' ') && kind != "sampled";
        let story: Vec<String> = app.kinds(&case.id).await.into_iter().filter(told).collect();
        assert_eq!(
            story,
            [
                "registered", "classified", "dispatched", "accepted", "contact_tried", "verified", "attached",
                "finished", "opinion_filed", "followed_up", "rated", "closed",
            ]
        );
        let chain = app.get("xlb1", &format!("/cases/{}/verify-chain", case.id)).await;
        assert_eq!(chain["whole"], true);
        assert_eq!(chain["events"], app.kinds(&case.id).await.len());
    }

    async fn the_reporter_tracks_the_case_and_sees_only_what_is_meant_for_them(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        app.act("zfd1", &case.id, "note", json!({ "text": "内部:店主与王科相熟" })).await;
        app.act("zfd1", &case.id, "note", json!({ "text": "我们明早再来看", "public": true })).await;
        app.act("zfd1", &case.id, "finish", json!({ "outcome": "已要求调低音量" })).await;
        let tracked = app.post("", "/public/track", case.ticket()).await.expect(200);
        let told = tracked.to_string();
        assert!(told.contains("我们明早再来看") && told.contains("已要求调低音量"), "{told}");
        for hidden in ["内部", "属实", "zfd1", "朱军刚", "林小满", "13912345678", "person:", "lh.dm"] {
            assert!(!told.contains(hidden), "tracking shows '{hidden}': {told}");
        }
        let names: Vec<&String> = tracked.as_object().unwrap().keys().collect();
        let may = [
            "number", "title", "state", "unit", "hotline", "registered_at", "next_due", "outcome", "may_rate", "steps",
            "grade", "grade_after_appeal", "questions", "answered",
        ];
        assert!(names.iter().all(|name| may.contains(&name.as_str())), "{names:?}");

        // A code is forgiving about how it is typed, and nothing else opens the case.
        let typed = case.code.to_lowercase().replace('-', " ");
        app.post("", "/public/track", json!({ "number": case.number, "code": typed })).await.expect(200);
        let other = app.submit("另一件").await;
        for (number, code) in
            [(&case.number, &other.code), (&other.number, &case.code), (&case.number, &String::new())]
        {
            let reply = app.post("", "/public/track", json!({ "number": number, "code": code })).await;
            reply.refused(404, "not_found");
        }
    }

    async fn a_late_act_is_late_for_ever(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.dispatched("楼下音响太吵", "fast", "noise.shop", "lh.dm.zfd").await;
        app.act("zfd1", &case.id, "accept", json!({})).await;
        let due_at = due(&app.case(&case.id).await, "contact.1");
        app.clock.set(due_at.checked_add(1.millisecond()).unwrap());
        let seen = app.act("zfd1", &case.id, "contact", json!({ "reached": true })).await;
        assert_eq!(standing(&seen, "contact.1"), "breached");
        let kinds = app.kinds(&case.id).await;
        let about: Vec<&String> = kinds.iter().filter(|kind| kind.ends_with(" contact.1")).collect();
        assert_eq!(about, ["started contact.1", "breached contact.1", "stopped_late contact.1"]);
    }
}
