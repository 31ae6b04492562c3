//! The walk: four cases through every step that the mechanism knows, with its bounds tried on the way.

use std::collections::BTreeSet;

use jiban_store::both_engines;
use jiff::{SignedDuration, ToSpan};
use serde_json::json;

use crate::kit::{TestApp, due, follow_up, opinion, photo, standing};

both_engines! {
    async fn an_urgent_case_is_urgent_by_rule_and_a_whistle_calls_three_units(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.submit("楼下闻到很浓的煤气味,怀疑燃气泄漏!").await;
        let seen = app.case(&case.id).await;
        assert_eq!(seen["class"], "urgent", "danger holds by rule");
        assert_eq!(seen["proposal"]["danger"], "gas");
        let id = case.id.as_str();
        app.act("duty1", id, "classify", json!({ "class": "urgent", "category": "safety.gasbottles" })).await;
        app.act("duty1", id, "dispatch", json!({ "lead": "lh.dm.yjb", "co_units": ["lh.dm.c01.g01"] })).await;
        app.act("yjb1", id, "accept", json!({})).await;
        app.act("c01g01a", id, "contact", json!({ "reached": true })).await;
        app.act("yjb1", id, "verify", json!({ "finding": "减压阀老化" })).await;

        let units = ["lh.xfd", "lh.zjj", "lh.dm.zfd"];
        let matter = json!({ "units": units, "matter": "请到场联合处置" });
        app.refused("yjb1", id, "blow-whistle", matter.clone(), 403, "not_allowed").await;
        app.refused("zfd1", id, "blow-whistle", matter.clone(), 404, "not_found").await;
        let blown = app.act("c01a", id, "blow-whistle", matter).await;
        assert_eq!(blown["whistles"][0]["caller"], "lh.dm.c01");
        let whistle = blown["whistles"][0]["id"].clone();
        for unit in units {
            assert_eq!(due(&blown, &format!("report_in.1.{unit}")), app.now() + SignedDuration::from_mins(30));
        }
        let report = |unit: &str| json!({ "whistle": whistle, "unit": unit, "action": "已到场" });
        app.pass(10);
        app.act("xfd1", id, "report-in", report("lh.xfd")).await;
        app.refused("xfd1", id, "report-in", report("lh.xfd"), 409, "already").await;
        app.refused("xfd1", id, "report-in", report("lh.zjj"), 422, "invalid").await;
        app.refused("zjj1", id, "report-in", report("lh.dm.csb"), 422, "invalid").await;
        app.refused("yjb1", id, "finish", json!({ "outcome": "换阀" }), 409, "first").await;
        app.act("zjj1", id, "report-in", report("lh.zjj")).await;
        app.pass(31);
        let late = app.act("zfd1", id, "report-in", report("lh.dm.zfd")).await;
        assert_eq!(standing(&late, "report_in.1.lh.xfd"), "met");
        assert_eq!(standing(&late, "report_in.1.lh.zjj"), "met");
        assert_eq!(standing(&late, "report_in.1.lh.dm.zfd"), "breached");
        let settled = json!({ "whistle": whistle, "outcome": "solved", "note": "阀门已更换" });
        app.act("xlb1", id, "settle-whistle", settled.clone()).await;
        app.refused("xlb1", id, "settle-whistle", settled, 409, "already").await;

        app.upload("yjb1", id, "after", "after.jpg", photo()).await.expect(201);
        app.act("yjb1", id, "finish", json!({ "outcome": "阀门更换,复测无泄漏" })).await;
        app.act("yjb1", id, "file-opinion", opinion()).await;
        // Not satisfied: a second follow-up comes before the close, and a third is one too many.
        app.act("xlb1", id, "follow-up", follow_up(false)).await;
        app.refused("yjb1", id, "close", json!({}), 409, "first").await;
        app.act("xlb1", id, "follow-up", follow_up(true)).await;
        app.refused("xlb1", id, "follow-up", follow_up(true), 409, "limit").await;
        assert_eq!(app.act("yjb1", id, "close", json!({})).await["state"], "closed");
    }

    async fn a_fast_case_is_returned_twice_and_the_second_return_goes_to_a_leader(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.dispatched("门口有人摆摊占道经营", "fast", "city.stall", "lh.dm.csb").await;
        let id = case.id.as_str();
        let first = json!({ "reason": "not_our_duty", "explained": "已说明将转执法队", "suggested": "lh.dm.zfd" });
        let returned = app.act("csb1", id, "return", first.clone()).await;
        assert_eq!(returned["returns"][0]["leader_decides"], false);
        app.refused("csb1", id, "return", first, 409, "first").await;
        app.refused("csb1", id, "accept", json!({}), 409, "first").await;
        app.refused("xlb1", id, "dispatch", json!({ "lead": "lh.dm.yjb" }), 409, "first").await;
        let decide = |case: &serde_json::Value, at: usize, upheld: bool| {
            json!({ "id": case["returns"][at]["id"], "upheld": upheld, "note": "已核" })
        };
        app.refused("csbhead", id, "decide-return", decide(&returned, 0, true), 403, "not_allowed").await;
        let moved = app.act("xlb1", id, "decide-return", decide(&returned, 0, true)).await;
        assert_eq!(moved["lead"], "lh.dm.zfd", "an upheld return goes where it was said to belong");
        assert_eq!(due(&moved, "finish.1"), due(&returned, "finish.1"), "the clocks ran on meanwhile");
        app.refused("csb1", id, "accept", json!({}), 404, "not_found").await;

        let second = json!({ "reason": "not_our_area", "explained": "已说明" });
        let returned = app.act("zfd1", id, "return", second).await;
        assert_eq!(returned["returns"][1]["leader_decides"], true);
        for who in ["xlb1", "zfdhead"] {
            app.refused(who, id, "decide-return", decide(&returned, 1, false), 403, "not_allowed").await;
        }
        let kept = app.act("leader1", id, "decide-return", decide(&returned, 1, false)).await;
        assert_eq!(kept["lead"], "lh.dm.zfd");
        app.refused("leader1", id, "decide-return", decide(&returned, 1, false), 409, "already").await;
        assert_eq!(app.act("zfd1", id, "accept", json!({ "handler": "zfd2" })).await["handler"], "zfd2");
        app.refused("zfd1", id, "accept", json!({}), 409, "already").await;
    }

    async fn an_extension_is_granted_before_the_deadline_and_never_after(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let id = case.id.as_str();
        let was = due(&app.case(id).await, "finish.1");
        let ask = |clock: &str, minutes: u32| {
            json!({ "clock": clock, "length": { "minutes": minutes }, "reason": "weather" })
        };
        app.refused("zfd1", id, "request-extension", ask("contact.1", 60), 422, "invalid").await;
        app.refused("zfd1", id, "request-extension", ask("nothing.1", 60), 422, "unknown").await;
        app.refused("zfd1", id, "request-extension", ask("finish.1", 72 * 60 + 1), 422, "invalid").await;
        app.refused("xlb1", id, "request-extension", ask("finish.1", 60), 403, "not_allowed").await;
        let asked = app.act("zfd1", id, "request-extension", ask("finish.1", 600)).await;
        app.refused("zfd1", id, "request-extension", ask("finish.1", 600), 409, "already").await;
        let decide = |case: &serde_json::Value, at: usize, granted: bool| {
            json!({ "id": case["extensions"][at]["id"], "granted": granted, "note": "已核" })
        };
        app.refused("zfd1", id, "decide-extension", decide(&asked, 0, true), 403, "not_allowed").await;
        let granted = app.act("xlb1", id, "decide-extension", decide(&asked, 0, true)).await;
        assert_eq!(due(&granted, "finish.1"), was + SignedDuration::from_mins(600));
        let asked = app.act("zfd1", id, "request-extension", ask("finish.1", 60)).await;
        let left = due(&asked, "finish.1");
        app.act("xlb1", id, "decide-extension", decide(&asked, 1, false)).await;
        assert_eq!(due(&app.case(id).await, "finish.1"), left, "a refused extension moves nothing");

        // Asked for in time, decided a millisecond too late; and asked for too late.
        let asked = app.act("zfd1", id, "request-extension", ask("finish.1", 60)).await;
        app.clock.set(left.checked_add(1.millisecond()).unwrap());
        app.refused("xlb1", id, "decide-extension", decide(&asked, 2, true), 409, "too_late").await;
        app.act("xlb1", id, "decide-extension", decide(&asked, 2, false)).await;
        app.refused("zfd1", id, "request-extension", ask("finish.1", 60), 409, "too_late").await;
    }

    async fn a_clock_is_extended_twice_at_most(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let id = case.id.as_str();
        let ask = json!({ "clock": "finish.1", "length": { "minutes": 60 }, "reason": "weather" });
        for round in 0..2 {
            let asked = app.act("zfd1", id, "request-extension", ask.clone()).await;
            let grant = json!({ "id": asked["extensions"][round]["id"], "granted": true, "note": "同意" });
            app.act("xlb1", id, "decide-extension", grant).await;
        }
        let limit = app.refused("zfd1", id, "request-extension", ask, 409, "limit").await;
        assert!(limit["title"].as_str().unwrap().contains("at most 2"), "{limit}");
    }

    async fn a_complex_and_stubborn_case_has_a_lead_official_with_duties_and_a_team(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.submit("旧改补偿多年没有结果,业委会互相推诿。").await;
        let id = case.id.as_str();
        let marks = json!({ "class": "routine", "category": "plan.compensation", "marks": ["complex", "stubborn"] });
        let seen = app.act("xlb1", id, "classify", marks).await;
        assert_eq!(due(&seen, "dispatch.1"), app.now() + SignedDuration::from_hours(24), "complex: 24 h to dispatch");
        app.act("xlb1", id, "dispatch", json!({ "lead": "lh.dm.csb" })).await;
        app.act("csb1", id, "accept", json!({})).await;
        // Three calls in vain, far enough apart, count as contact; one too soon does not count.
        for minutes in [1, 1, 2, 3] {
            app.pass(minutes);
            app.act("csb1", id, "contact", json!({ "reached": false, "note": "无人接听" })).await;
        }
        let seen = app.case(id).await;
        assert_eq!(seen["attempts"].as_array().unwrap().len(), 3);
        assert_eq!(standing(&seen, "contact.1"), "met");
        app.act("csb1", id, "verify", json!({ "finding": "涉及三方权属" })).await;
        let unled = app.refused("csb1", id, "finish", json!({ "outcome": "签约" }), 409, "first").await;
        assert!(unled["title_zh"].as_str().unwrap().contains("包案"), "{unled}");
        app.refused("xlb1", id, "escalate", json!({ "official": "zfd1", "reason": "难" }), 422, "invalid").await;
        app.act("xlb1", id, "escalate", json!({ "official": "leader1", "reason": "涉及多部门" })).await;
        let duties = json!({ "duties": { "0": "已掌握", "4": "依法" }, "questions": { "0": "已解决" } });
        app.refused("leader2", id, "official-act", duties.clone(), 403, "not_allowed").await;
        app.refused("leader1", id, "official-act", json!({ "duties": { "5": "第六包" } }), 422, "invalid").await;
        let seen = app.act("leader1", id, "official-act", duties).await;
        assert_eq!(seen["escalation"]["duties"], json!({ "0": "已掌握", "4": "依法" }));

        let team = |delegate: &str| json!({ "team": {
            "delegate": [delegate], "cadre": ["c01b"], "staff": ["csb2", "csb3"], "grid_worker": ["c01g01a"],
        } });
        app.refused("xlb1", id, "assign-team", team("leader4"), 422, "invalid").await;
        app.refused("xlb1", id, "assign-team", json!({ "team": { "delegate": ["leader2"] } }), 422, "invalid").await;
        let seen = app.act("leader1", id, "assign-team", team("leader2")).await;
        assert_eq!(seen["team"]["staff"], json!(["csb2", "csb3"]));
        assert_eq!(app.act("csb1", id, "finish", json!({ "outcome": "三方签约" })).await["state"], "finished");
    }

    async fn a_routine_case_takes_the_way_of_mediation(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.dispatched("楼上半夜拖桌椅,希望调解。", "routine", "dispute.neighbour", "lh.dm.sfs").await;
        let id = case.id.as_str();
        app.act("sfs1", id, "accept", json!({})).await;
        app.refused("sfs1", id, "route", json!({ "studio": "nowhere" }), 422, "unknown").await;
        let routed = app.act("sfs1", id, "route", json!({ "studio": "laoyang" })).await;
        assert_eq!(routed["route"]["route"], "mediation");
        app.refused("sfs1", id, "route", json!({ "studio": "laoyang" }), 409, "already").await;
        let aid = app.act("sfs1", id, "route", json!({ "studio": "legal_aid" })).await;
        assert_eq!(aid["route"]["route"], "legal_aid");
    }

    async fn a_bad_grade_is_appealed_and_decided_and_both_grades_stay(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.finished().await;
        let id = case.id.as_str();
        app.refused("zfd1", id, "appeal", json!({ "reason": "无差评" }), 422, "invalid").await;
        app.rate(&case, 1).await.expect(200);
        let bad = app.case(id).await;
        assert_eq!(standing(&bad, "bad_rating.1"), "running");
        let evidence = app.upload("zfd1", id, "evidence", "proof.jpg", photo()).await.expect(201)["id"].clone();
        app.refused("zfd1", id, "appeal", json!({ "reason": "有照片", "evidence": [id] }), 422, "unknown").await;
        let appealed = app.act("zfd1", id, "appeal", json!({ "reason": "有照片", "evidence": [evidence] })).await;
        assert_eq!(standing(&appealed, "bad_rating.1"), "met");
        app.refused("zfd1", id, "appeal", json!({ "reason": "再申诉" }), 409, "already").await;
        app.act("zfd1", id, "file-opinion", opinion()).await;
        app.act("xlb1", id, "follow-up", follow_up(true)).await;
        app.refused("zfd1", id, "close", json!({}), 409, "first").await;
        let decide = |grade: u8| {
            json!({ "id": appealed["appeals"][0]["id"], "upheld": true, "grade": grade, "note": "证据充分" })
        };
        app.refused("zfd1", id, "decide-appeal", decide(4), 403, "not_allowed").await;
        app.refused("xlb1", id, "decide-appeal", decide(2), 422, "invalid").await;
        let decided = app.act("xlb1", id, "decide-appeal", decide(4)).await;
        assert_eq!((&decided["ratings"][0]["grade"], &decided["ratings"][0]["after_appeal"]), (&json!(1), &json!(4)));
        app.refused("xlb1", id, "decide-appeal", decide(4), 409, "already").await;
        app.act("zfd1", id, "close", json!({})).await;
    }

    async fn a_disputed_finish_is_reopened_and_done_again(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.closed().await;
        let id = case.id.as_str();
        let objection = json!({ "ticket": case.ticket(), "reason": "当晚又吵" });
        app.post("", "/public/dispute", objection).await.expect(200);
        app.refused("zfd1", id, "reopen", json!({ "reason": "想重办" }), 403, "not_allowed").await;
        app.pass(30);
        let again = app.act("xlb1", id, "reopen", json!({ "reason": "问题未解决" })).await;
        assert_eq!((&again["state"], &again["round"]), (&json!("handling"), &json!(2)));
        assert_eq!(due(&again, "contact.2"), app.now() + SignedDuration::from_mins(10));
        assert_eq!(due(&again, "finish.2"), app.now() + SignedDuration::from_hours(24));
        app.refused("zfd1", id, "finish", json!({ "outcome": "已办" }), 409, "first").await;
        app.act("zfd1", id, "contact", json!({ "reached": true })).await;
        app.act("zfd1", id, "verify", json!({ "finding": "属实" })).await;
        app.act("zfd1", id, "finish", json!({ "outcome": "已拆除音响" })).await;
        app.refused("zfd1", id, "close", json!({}), 409, "first").await;
        app.act("zfd1", id, "file-opinion", opinion()).await;
        app.act("xlb1", id, "follow-up", follow_up(true)).await;
        let closed = app.act("zfd1", id, "close", json!({})).await;
        assert_eq!(standing(&closed, "finish.2"), "met");
    }

    async fn a_case_is_declined_or_handed_upstream_or_tied_to_another(db: TestDb) {
        let app = TestApp::start(db).await;
        let (first, second) = (app.submit("路灯不亮").await, app.submit("路灯还是不亮").await);
        app.refused("xlb1", &second.id, "mark-repeat", json!({ "of": second.id }), 422, "invalid").await;
        app.act("xlb1", &second.id, "mark-repeat", json!({ "of": first.id })).await;
        app.refused("xlb1", &second.id, "mark-repeat", json!({ "of": first.id }), 409, "already").await;
        app.act("duty1", &second.id, "link", json!({ "to": first.id })).await;
        app.refused("duty1", &second.id, "link", json!({ "to": first.id }), 409, "already").await;
        let fixed = json!({ "title": "路灯不亮", "place": { "spot": "s004" }, "complained_about": "lh.cgj" });
        let seen = app.act("xlb1", &second.id, "correct", fixed).await;
        assert_eq!(seen["place"]["grid"], "lh.dm.c01.g02");
        let why = json!({ "reason": "not_here", "explanation": "请联系供电局" });
        let declined = app.act("xlb1", &second.id, "decline", why.clone()).await;
        assert_eq!((&declined["state"], standing(&declined, "dispatch.1")), (&json!("declined"), "cancelled".into()));
        app.refused("xlb1", &second.id, "decline", why, 409, "wrong_state").await;
        let told = app.post("", "/public/track", second.ticket()).await.expect(200).to_string();
        assert!(told.contains("请联系供电局"), "{told}");
        let up = json!({ "upstream_number": "SZ12345", "reason": "市级事权" });
        let handed = app.act("xlb1", &first.id, "hand-upstream", up).await;
        assert_eq!((&handed["state"], &handed["upstream_number"]), (&json!("upstream"), &json!("SZ12345")));
    }

    async fn a_case_is_tied_only_to_one_that_is_there_and_to_be_seen(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.submit("路灯不亮").await;
        let hidden = app.post("cgj1", "/cases", json!({ "channel": "hotline", "text": "局里自己的件" })).await.expect(201);
        for other in [json!("01900000-0000-7000-8000-000000000000"), hidden["id"].clone()] {
            app.refused("xlb1", &case.id, "link", json!({ "to": other }), 422, "unknown").await;
            app.refused("xlb1", &case.id, "mark-repeat", json!({ "of": other }), 422, "unknown").await;
        }
    }

    async fn every_act_leaves_its_event(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let id = case.id.as_str();
        let acts = [
            ("note", json!({ "text": "已排班" })),
            ("correct", json!({ "text": "楼下商铺音响太吵" })),
            ("reveal-identity", json!({ "reason": "上门前联系" })),
        ];
        for (act, body) in acts {
            app.act("zfd1", id, act, body).await;
        }
        let kinds: BTreeSet<String> = app.kinds(id).await.into_iter().collect();
        for kind in ["noted", "corrected", "identity_revealed", "met contact.1", "started finish.1"] {
            assert!(kinds.contains(kind), "{kind} is missing in {kinds:?}");
        }
    }
}
