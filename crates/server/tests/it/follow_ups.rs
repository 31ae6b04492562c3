//! Following up 多回访: whom to call and who may, calls in vain, answers by the reporter, grades after an appeal, what is
//! left out of assessment, forms of who mediates.

use jiban_store::both_engines;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::kit::{Submitted, TestApp, follow_up, opinion, photo, standing};

/// The follow-up desk as this person sees it.
async fn desk(app: &TestApp, who: &str, query: &str) -> Vec<Value> {
    app.get(who, &format!("/follow-ups?{query}")).await["calls"].as_array().unwrap().clone()
}

/// Cases until one of each is there: drawn for a third person, and not.
async fn drawn_and_not(app: &TestApp) -> (Submitted, Submitted) {
    let (mut drawn, mut plain) = (None, None);
    while drawn.is_none() || plain.is_none() {
        let case = app.finished().await;
        let sampled = app.case(&case.id).await["sampled"] == true;
        *(if sampled { &mut drawn } else { &mut plain }) = Some(case);
    }
    (drawn.unwrap(), plain.unwrap())
}

fn in_vain() -> Value {
    json!({ "values": { "method": "phone" }, "reached": false })
}

fn answers(case: &Submitted, satisfied: bool) -> Value {
    let because = |reason: &str| if satisfied { json!([]) } else { json!([reason]) };
    json!({
        "ticket": case.ticket(), "responded": true, "solved": satisfied, "satisfied": satisfied,
        "unsolved_because": because("partly"), "unsatisfied_because": because("too_slow"), "comment": "谢谢",
    })
}

both_engines! {
    async fn the_desk_tells_whom_to_call_and_who_may(db: TestDb) {
        let app = TestApp::start(db).await;
        let (drawn, plain) = drawn_and_not(&app).await;
        let of = |calls: &[Value], case: &Submitted| calls.iter().find(|call| call["id"] == case.id.as_str()).cloned();
        let office = desk(&app, "xlb1", "").await;
        let call = of(&office, &plain).unwrap();
        assert_eq!(
            [&call["attempts"], &call["attempts_max"], &call["round"], &call["sampled"], &call["contactable"]],
            [&json!(0), &json!(3), &json!(1), &json!(false), &json!(true)]
        );
        assert!(call["due_at"].is_string() && call["before"].is_null() && call["allowed"] == true, "{call}");
        assert!(!["345678", "139*"].iter().any(|part| call.to_string().contains(part)), "no number stands in a list: {call}");
        let team = desk(&app, "zfd1", "").await;
        let may = |case| of(&team, case).map(|call| call["allowed"].clone());
        assert_eq!((may(&plain), may(&drawn)), (Some(json!(true)), Some(json!(false))), "nobody grades itself");
        assert!(of(&desk(&app, "zfd1", "mine=true").await, &drawn).is_none());
        assert!(of(&desk(&app, "xlb1", "mine=true").await, &drawn).is_some());
        let refused = app.refused("zfd1", &drawn.id, "follow-up", follow_up(true), 403, "not_allowed").await;
        assert!(refused["title_zh"].as_str().unwrap().contains("第三人回访"), "{refused}");
        assert_eq!(desk(&app, "gaj1", "").await, Vec::<Value>::new(), "whoever has nothing to do with it sees nothing");

        // Page by page it is the same list.
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.get("xlb1", &format!("/follow-ups?limit=1{cursor}")).await;
            paged.extend(page["calls"].as_array().unwrap().iter().map(|call| call["id"].clone()));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, office.iter().map(|call| call["id"].clone()).collect::<Vec<_>>());
        app.act("xlb1", &drawn.id, "follow-up", follow_up(true)).await;
        assert!(of(&desk(&app, "xlb1", "").await, &drawn).is_none());
    }

    async fn calls_in_vain_are_counted_until_the_rules_are_met(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.finished().await;
        for expected in [1, 1, 2] {
            let seen = app.act("xlb1", &case.id, "follow-up", in_vain()).await;
            assert_eq!(seen["follow_up_attempts"].as_array().unwrap().len(), expected);
            assert_eq!((standing(&seen, "follow_up.1"), seen["follow_ups"].clone()), ("running".to_owned(), json!([])));
            app.clock.advance(SignedDuration::from_hours(if expected == 1 { 2 } else { 4 }));
        }
        let call = desk(&app, "xlb1", "").await.remove(0);
        assert_eq!((&call["attempts"], call["next_attempt_from"].is_string()), (&json!(2), true));
        let seen = app.act("xlb1", &case.id, "follow-up", in_vain()).await;
        assert_eq!((standing(&seen, "follow_up.1"), &seen["follow_ups"][0]["reached"]), ("met".to_owned(), &json!(false)));
        app.act("zfd1", &case.id, "file-opinion", opinion()).await;
        assert_eq!(app.act("zfd1", &case.id, "close", json!({})).await["state"], "closed");
    }

    async fn a_reporter_answers_on_the_progress_page(db: TestDb) {
        let app = TestApp::start(db).await;
        let open = app.verified().await;
        let told = app.post("", "/public/track", open.ticket()).await.expect(200);
        assert_eq!((&told["questions"], &told["answered"]), (&Value::Null, &Value::Null), "nothing to ask yet");
        app.post("", "/public/answer", answers(&open, true)).await.refused(409, "wrong_state");
        let case = app.finished().await;
        let told = app.post("", "/public/track", case.ticket()).await.expect(200);
        assert_eq!(told["questions"]["unsolved_reasons"]["partly"]["zh"], "只解决了一部分");
        assert!(told["questions"]["script"]["solved"]["zh"].is_string(), "{told}");
        let mut unsaid = answers(&case, false);
        unsaid["unsolved_because"] = json!([]);
        app.post("", "/public/answer", unsaid).await.refused(422, "invalid");
        let stranger = json!({ "ticket": { "number": case.number, "code": "AAAA-AAAA" }, "responded": true, "solved": true, "satisfied": true });
        app.post("", "/public/answer", stranger).await.refused(404, "not_found");
        let told = app.post("", "/public/answer", answers(&case, false)).await.expect(200);
        assert_eq!((&told["questions"], &told["answered"]["solved"]), (&Value::Null, &json!(false)));
        app.post("", "/public/answer", answers(&case, true)).await.refused(409, "already");
        let seen = app.case(&case.id).await;
        assert_eq!((&seen["follow_ups"][0]["by"], &seen["follow_ups"][0]["comment"]), (&json!("reporter"), &json!("谢谢")));
        assert_eq!(standing(&seen, "follow_up.1"), "met");

        // Not satisfied: it is on the desk again, with what was said.
        let call = desk(&app, "xlb1", "").await.into_iter().find(|call| call["id"] == case.id.as_str()).unwrap();
        assert_eq!((&call["round"], &call["before"]["unsolved_because"], &call["due_at"]), (&json!(2), &json!(["partly"]), &Value::Null));
        app.act("zfd1", &case.id, "file-opinion", opinion()).await;
        app.refused("zfd1", &case.id, "close", json!({}), 409, "first").await;
        app.act("xlb1", &case.id, "follow-up", follow_up(true)).await;
        app.act("zfd1", &case.id, "close", json!({})).await;
    }

    async fn both_grades_stay_and_the_second_is_told_satisfied(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.finished().await;
        app.rate(&case, 1).await.expect(200);
        let file = app.upload("zfd1", &case.id, "evidence", "proof.jpg", photo()).await.expect(201)["id"].clone();
        let seen = app.act("zfd1", &case.id, "appeal", json!({ "reason": "有照片", "evidence": [file] })).await;
        let appeal = &seen["appeals"][0];
        assert!(appeal["at"].is_string() && appeal["decided_at"].is_null(), "{appeal}");
        let decision = json!({ "id": appeal["id"], "upheld": true, "grade": 4, "note": "证据充分" });
        let seen = app.act("xlb1", &case.id, "decide-appeal", decision).await;
        let rating = &seen["ratings"][0];
        assert_eq!([&rating["grade"], &rating["after_appeal"]], [&json!(1), &json!(4)]);
        assert_eq!([&rating["satisfied"], &rating["after_satisfied"]], [&json!(false), &json!(true)]);
        assert_eq!(seen["appeals"][0]["decision"], "证据充分");
        let told = app.post("", "/public/track", case.ticket()).await.expect(200);
        assert_eq!([&told["grade"], &told["grade_after_appeal"]], [&json!(1), &json!(4)]);
    }

    async fn what_is_left_out_of_assessment_is_on_the_record(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.finished().await;
        let out = |reason: Value| json!({ "reason": reason, "note": "多次查实无此事" });
        app.refused("zfd1", &case.id, "exclude", out(json!("malicious")), 403, "not_allowed").await;
        app.refused("xlb1", &case.id, "exclude", out(json!("weather")), 422, "invalid").await;
        assert_eq!(app.act("xlb1", &case.id, "exclude", out(json!("malicious"))).await["excluded"], "malicious");
        assert_eq!(app.act("xlb1", &case.id, "exclude", out(Value::Null)).await["excluded"], Value::Null);
        let kinds = app.kinds(&case.id).await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "excluded").count(), 2, "{kinds:?}");
    }

    async fn who_mediates_sees_the_case_and_files_the_agreement(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let form = json!({ "form": "mediation", "values": {
            "parties": "楼上住户与楼下住户", "facts": "装修漏水", "terms": "十日内修好，电话 13800138000", "performance": "当面",
            "perform_by": "2026-06-18", "mediator": "老杨", "studio": "laoyang",
        } });
        app.refused("sfs1", &case.id, "file-form", form.clone(), 404, "not_found").await;
        app.act("zfd1", &case.id, "route", json!({ "studio": "laoyang" })).await;
        let seen = app.act("sfs1", &case.id, "file-form", form).await;
        let filed = &seen["forms"][0];
        assert_eq!((&filed["form"], &filed["by"]), (&json!("mediation"), &json!("person:sfs1")));
        assert!(!seen.to_string().contains("13800138000"), "numbers in a form are masked as in every text");
        app.refused("sfs1", &case.id, "file-form", json!({ "form": "opinion", "values": {} }), 422, "invalid").await;
    }
}
