//! Section 8, assess 抓考核: numbers with the cases behind them, what is odd, letters that are signed and answered, bulletins that
//! never change once they are kept.

use jiban::{assess::bulletins as kept, desk::tally};
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{TestApp, jiban};

async fn count(app: &TestApp) {
    tally::catch_up(&app.app, tally::BESIDE_PEOPLE, |_| {}).await.unwrap();
}

fn line<'a>(table: &'a Value, name: &str) -> &'a Value {
    let lines = table["lines"].as_array().unwrap();
    lines.iter().find(|line| line["name"]["zh"] == name).unwrap_or_else(|| panic!("no line {name}: {table}"))
}

fn rate<'a>(table: &'a Value, line: &'a Value, id: &str) -> &'a Value {
    let at = table["rates"].as_array().unwrap().iter().position(|rate| rate["id"] == id).unwrap();
    &line["rates"][at]["share"]
}

/// A case of the enforcement team of which every clock ran out.
async fn late(app: &TestApp) -> String {
    let case = app.dispatched("楼下商铺音响循环播放", "fast", "noise.shop", "lh.dm.zfd").await;
    app.pass(3 * 24 * 60);
    app.act("zfd1", &case.id, "accept", json!({})).await;
    case.id
}

both_engines! {
    async fn every_number_opens_its_cases_and_a_change_moves_it(db: TestDb) {
        let app = TestApp::start(db).await;
        let good = app.closed().await;
        app.rate(&good, 5).await.expect(200);
        let bad = app.closed().await;
        app.rate(&bad, 1).await.expect(200);
        count(&app).await;
        let table = app.get("leader1", "/assessment?by=unit").await;
        assert_eq!((&table["unit"], &table["behind"]), (&json!("lh.dm"), &json!(false)));
        let team = line(&table, "综合行政执法队");
        assert_eq!((&team["registered"], &team["finished"], &team["bad"]), (&json!(2), &json!(2), &json!(1)));
        assert_eq!(rate(&table, team, "response"), &json!({ "part": 2, "whole": 2 }));
        assert_eq!(rate(&table, team, "satisfaction"), &json!({ "part": 2, "whole": 2 }));
        assert_eq!(table["all"]["registered"], 2);
        let query = "from=2026-06-01&to=2026-06-30";
        let behind = async |measure: &str, more: &str| app.get("leader1", &format!("/assessment/cases?{query}&measure={measure}{more}")).await;
        let found = behind("bad_standing", "&by=unit&values=lh.dm.zfd").await;
        assert_eq!((found["cases"].as_array().unwrap().len(), &found["cases"][0]["id"]), (1, &json!(bad.id)));
        assert_eq!(behind("registered", "").await["cases"].as_array().unwrap().len(), 2);
        assert_eq!(behind("registered", "&by=unit&values=lh.dm.csb").await["cases"], json!([]));
        let first = behind("registered", "&limit=1").await;
        let rest = behind("registered", &format!("&limit=1&cursor={}", first["next"].as_str().unwrap())).await;
        assert_ne!(first["cases"][0]["id"], rest["cases"][0]["id"]);
        assert_eq!(rest["next"], json!(null));

        // The appeal lifts the grade: it no longer stands, and counts as satisfied after an appeal, apart.
        app.act("zfd1", &bad.id, "appeal", json!({ "reason": "评价对象有误" })).await;
        let appeal = app.case(&bad.id).await["appeals"][0]["id"].clone();
        app.act("xlb1", &bad.id, "decide-appeal", json!({ "id": appeal, "upheld": true, "grade": 4, "note": "证据充分" })).await;
        assert_eq!(app.get("leader1", "/assessment").await["behind"], true);
        count(&app).await;
        assert_eq!(behind("bad_standing", "").await["cases"], json!([]));
        assert_eq!(behind("content_after_appeal", "").await["cases"][0]["id"], json!(bad.id));
        assert_eq!(behind("content", "").await["cases"].as_array().unwrap().len(), 1);

        // What the liaison office leaves out of assessment is counted apart.
        app.act("xlb1", &good.id, "exclude", json!({ "reason": "unreasonable", "note": "诉求超出政策" })).await;
        count(&app).await;
        let table = app.get("leader1", "/assessment?by=unit").await;
        assert_eq!(rate(&table, line(&table, "综合行政执法队"), "response"), &json!({ "part": 1, "whole": 1 }));
        assert_eq!(table["all"]["registered"], 2, "it is still there");

        // Each sees what is theirs, and people are told apart for those only who judge.
        assert_eq!(app.get("zfd1", "/assessment?by=class").await["unit"], "lh.dm.zfd");
        app.call("zfd1", Method::GET, "/assessment?by=person", None).await.refused(403, "forbidden");
        app.call("zfd1", Method::GET, "/assessment?unit=lh.dm", None).await.refused(404, "not_found");
        app.call("zfd1", Method::GET, "/assessment/odd", None).await.refused(403, "forbidden");
        app.call("admin", Method::GET, "/assessment", None).await.refused(403, "forbidden");
        let person = app.get("leader1", "/assessment?by=person").await;
        assert!(person.to_string().contains("朱军刚"), "{person}");
        for (query, field) in [
            ("from=2026-06-02&to=2026-06-01&measure=registered", "to"),
            ("from=2016-06-02&to=2026-06-30&measure=registered", "to"),
            ("from=2026-06-01&to=2026-06-02&measure=nonsense", "measure"),
            ("from=2026-06-01&to=2026-06-02&measure=registered&cursor=x", "cursor"),
        ] {
            let refused = app.call("leader1", Method::GET, &format!("/assessment/cases?{query}"), None).await;
            assert_eq!(refused.refused(422, "invalid")["field"], field);
        }

        // Counted anew from the cases it is the same.
        let before = app.get("leader1", "/assessment?by=category").await;
        app.app.store.write(jiban_store::tally::forget).await.unwrap();
        count(&app).await;
        assert_eq!(app.get("leader1", "/assessment?by=category").await, before);
    }

    async fn what_is_odd_is_shown_to_those_who_judge(db: TestDb) {
        let app = TestApp::start(db).await;
        assert_eq!(app.get("jjw1", "/assessment/odd").await, json!([]));
        let case = app.finished().await;
        app.post("", "/public/dispute", json!({ "ticket": case.ticket(), "reason": "音响还在响" })).await.expect(200);
        app.act("xlb1", &case.id, "reopen", json!({ "reason": "群众有异议" })).await;
        count(&app).await;
        let odd = app.get("jjw1", "/assessment/odd").await;
        let of = |what: &str| odd.as_array().unwrap().iter().filter(|one| one["what"] == what).count();
        // The team logged a contact without ever having looked the number up.
        assert_eq!((of("reopened"), of("unproven_contacts"), of("equal_grades")), (1, 1, 0), "{odd}");
    }

    async fn a_letter_is_drafted_by_rule_signed_by_a_leader_and_answered_by_its_unit(db: TestDb) {
        let app = TestApp::start(db).await;
        let draft = async || app.call("xlb1", Method::POST, "/letters/draft", None).await.expect(200);
        assert_eq!(draft().await, json!([]));
        for _ in 0..2 {
            late(&app).await;
        }
        // Numbers of today are tomorrow's: a rule looks back on whole days.
        app.clock.advance(SignedDuration::from_hours(24));
        let drafted = draft().await;
        let letter = drafted.as_array().unwrap().iter().find(|one| one["rule"] == "late").unwrap_or_else(|| panic!("{drafted}")).clone();
        assert_eq!((&letter["unit"], &letter["state"], &letter["number"]), (&json!("lh.dm.zfd"), &json!("draft"), &json!(null)));
        assert!(letter["text"].as_str().unwrap().contains("个时限超时"), "{letter}");
        assert_eq!(draft().await, json!([]), "a rule speaks once to a unit in its days");
        let id = letter["id"].as_str().unwrap();
        let path = format!("/letters/{id}");

        // Nobody of the unit sees a draft; the office edits, a leader signs.
        app.call("zfd1", Method::GET, &path, None).await.refused(404, "not_found");
        app.call("zfd1", Method::POST, &format!("{path}/issue"), None).await.refused(403, "forbidden");
        app.call("xlb1", Method::POST, &format!("{path}/issue"), None).await.refused(403, "forbidden");
        let edit = |text: &str| Some(json!({ "text": text }));
        assert_eq!(app.call("xlb1", Method::PUT, &path, edit(" ")).await.refused(422, "invalid")["field"], "text");
        app.call("xlb1", Method::PUT, &path, edit("请逐件说明超时原因。")).await.expect(200);
        let issued = app.call("leader1", Method::POST, &format!("{path}/issue"), None).await.expect(200);
        assert_eq!((&issued["state"], &issued["number"]), (&json!("issued"), &json!("东诉提〔2026〕1号")), "{issued}");
        app.call("leader1", Method::POST, &format!("{path}/issue"), None).await.refused(409, "wrong_state");
        app.call("xlb1", Method::PUT, &path, edit("改字")).await.refused(409, "wrong_state");
        app.post("xlb1", &format!("{path}/withdraw"), json!({ "note": "误发" })).await.refused(409, "wrong_state");

        // The unit is told, reads it and answers.
        let told = app.get("zfd1", "/notifications?unread=true").await;
        let notice = told.as_array().unwrap().iter().find(|one| one["kind"] == "letter_issued").unwrap();
        assert_eq!(notice["page"], json!(format!("/letters/{id}")));
        assert_eq!(app.get("zfd1", &path).await["text"], "请逐件说明超时原因。");
        app.post("csb1", &format!("{path}/acknowledge"), json!({ "answer": "知悉" })).await.refused(404, "not_found");
        let answer = json!({ "answer": "已加强值守" });
        let done = app.post("zfd1", &format!("{path}/acknowledge"), answer.clone()).await.expect(200);
        assert_eq!((&done["state"], &done["answer"]), (&json!("acknowledged"), &json!("已加强值守")));
        app.post("zfd1", &format!("{path}/acknowledge"), answer).await.refused(409, "wrong_state");
        let file = app.call("zfd1", Method::GET, &format!("{path}/file?form=pdf"), None).await;
        assert_eq!(file.status, 200, "{}", file.text());
        assert!(file.bytes.starts_with(b"%PDF"));

        // The third reminder within a year drafts a referral, which goes to the discipline office alone.
        for text in ["再次提醒", "第三次提醒"] {
            let begun = app.post("xlb1", "/letters", json!({ "kind": "reminder", "unit": "lh.dm.zfd", "text": text })).await.expect(200);
            app.call("leader1", Method::POST, &format!("/letters/{}/issue", begun["id"].as_str().unwrap()), None).await.expect(200);
        }
        let drafts = app.get("leader1", "/letters?state=draft").await;
        let referral = drafts["letters"].as_array().unwrap().iter().find(|one| one["kind"] == "referral").unwrap_or_else(|| panic!("{drafts}"));
        assert_eq!(referral["refers_to"].as_array().unwrap().len(), 3);
        let path = format!("/letters/{}", referral["id"].as_str().unwrap());
        app.call("leader1", Method::POST, &format!("{path}/issue"), None).await.expect(200);
        app.call("zfd1", Method::GET, &path, None).await.refused(404, "not_found");
        app.post("jjw1", &format!("{path}/acknowledge"), json!({ "answer": "已受理" })).await.expect(200);
        let ledger = app.get("xlb1", "/letters?limit=2").await;
        assert_eq!(ledger["letters"].as_array().unwrap().len(), 2);
        let rest = app.get("xlb1", &format!("/letters?before={}", ledger["next"].as_str().unwrap())).await;
        assert!(!rest["letters"].as_array().unwrap().is_empty());
        for (body, field) in [
            (json!({ "kind": "reminder", "unit": "lh.dm.zfd", "text": "" }), "text"),
            (json!({ "kind": "reminder", "unit": "lh.dm.zfd", "text": "长".repeat(4_001) }), "text"),
        ] {
            assert_eq!(app.post("xlb1", "/letters", body).await.refused(422, "invalid")["field"], field);
        }
        app.post("xlb1", "/letters", json!({ "kind": "reminder", "unit": "lh.nowhere", "text": "x" })).await.refused(404, "not_found");
        app.post("zfd1", "/letters", json!({ "kind": "reminder", "unit": "lh.dm.zfd", "text": "x" })).await.refused(403, "forbidden");
        let (whole, said) = jiban(app.folder(), &["audit", "verify"]).await;
        assert!(whole, "{said}");
    }

    async fn a_bulletin_is_made_when_its_period_is_over_and_kept_unchanged(db: TestDb) {
        let app = TestApp::start(db).await;
        app.closed().await;
        assert_eq!(kept::due(&app.app).await.unwrap(), 0, "of the time before anything was known there is nothing to tell");
        app.clock.advance(SignedDuration::from_hours(24 * 30));
        count(&app).await;
        // Daily, weekly and monthly; the half year is not over before the first of July, eight in the morning.
        let made = kept::due(&app.app).await.unwrap();
        assert_eq!((made, kept::due(&app.app).await.unwrap()), (4, 0));
        let list = app.get("leader1", "/bulletins").await;
        let find = |kind: &str| list.as_array().unwrap().iter().find(|one| one["kind"] == kind).unwrap().clone();
        let daily = find("daily");
        assert_eq!((&daily["archived"], &daily["registered"]), (&json!(true), &json!(0)));
        let month = find("monthly");
        assert_eq!((&month["archived"], &month["registered"], &month["period"]["first"]), (&json!(false), &json!(1), &json!("2026-06-01")));
        let path = format!("/bulletins/{}", month["id"].as_str().unwrap());
        let shown = app.get("leader1", &path).await;
        assert!(shown["document"].to_string().contains("群众诉求 1 件"), "{shown}");
        assert_eq!(shown["charts"].as_array().unwrap().len(), 1);
        assert!(shown["document"].to_string().contains("有记录始于2026年6月8日"), "half a month is told as half: {shown}");

        // The office writes its proposals; made anew the draft keeps them; archived nothing moves it.
        let propose = |text: &str| Some(json!({ "proposals": text }));
        app.call("leader1", Method::PUT, &path, propose("x")).await.refused(403, "forbidden");
        app.call("xlb1", Method::PUT, &path, propose(&"长".repeat(20_001))).await.refused(422, "invalid");
        app.call("xlb1", Method::PUT, &path, propose("加强夜间巡查。")).await.expect(200);
        let again = json!({ "kind": "monthly", "from": "2026-06-01", "to": "2026-06-30" });
        let anew = app.post("xlb1", "/bulletins", again.clone()).await.expect(200);
        assert_eq!((&anew["bulletin"]["id"], &anew["bulletin"]["report"]["proposals"]), (&month["id"], &json!("加强夜间巡查。")));
        let archived = app.call("xlb1", Method::POST, &format!("{path}/archive"), None).await.expect(200);
        let hash = archived["bulletin"]["hash"].as_str().unwrap();
        assert!(archived["document"]["note"].as_str().unwrap().contains(hash));
        app.call("xlb1", Method::PUT, &path, propose("改")).await.refused(409, "archived");
        app.call("xlb1", Method::POST, &format!("{path}/archive"), None).await.refused(409, "archived");
        app.post("xlb1", "/bulletins", again).await.refused(409, "archived");
        app.clock.set(jiff::Timestamp::from_second(app.now().as_second() + 60).unwrap());
        app.submit("又一件").await;
        count(&app).await;
        assert_eq!(app.get("leader1", &path).await["bulletin"]["hash"], hash);
        let told = app.get("jjw1", "/notifications?unread=true").await;
        assert!(told.as_array().unwrap().iter().any(|one| one["kind"] == "bulletin"), "{told}");

        app.call("zfd1", Method::GET, &path, None).await.refused(403, "forbidden");
        for form in ["pdf", "docx", "xlsx", "html", "md"] {
            let file = app.call("leader1", Method::GET, &format!("{path}/file?form={form}"), None).await;
            assert_eq!(file.status, 200, "{form}: {}", file.text());
            assert!(file.bytes.len() > 1_000, "{form}");
        }
        assert_eq!(app.call("leader1", Method::GET, &format!("{path}/file"), None).await.refused(422, "invalid")["field"], "form");
        let english = app.get("leader1", "/reports?kind=monthly&language=en").await;
        assert!(english["document"].to_string().contains("1 of them requests"), "{english}");
        app.call("leader1", Method::GET, "/reports?kind=daily&from=2026-06-01", None).await.refused(422, "invalid");
        app.call("leader1", Method::GET, "/reports?kind=yearly", None).await.refused(400, "bad_request");
    }

    async fn papers_of_a_case_are_printed_as_they_were_filed(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.closed().await;
        let papers = app.get("zfd1", &format!("/cases/{}/papers", case.id)).await;
        let ids: Vec<&str> = papers.as_array().unwrap().iter().map(|paper| paper["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["sheet", "form-0", "form-1"]);
        let opinion = app.get("zfd1", &format!("/cases/{}/papers/form-0", case.id)).await;
        let text = opinion.to_string();
        assert!(opinion["title"] == "群众诉求处理意见书" && text.contains("已处置") && text.contains("朱军刚"), "{opinion}");
        let sheet = app.get("zfd1", &format!("/cases/{}/papers/sheet", case.id)).await.to_string();
        for told in ["楼下商铺音响循环播放", "已要求调低音量", "办结", "综合行政执法队"] {
            assert!(sheet.contains(told), "the sheet lacks {told}: {sheet}");
        }
        for hidden in ["林小满", "13912345678"] {
            assert!(!sheet.contains(hidden) && !text.contains(hidden), "a paper tells {hidden}");
        }
        let file = app.call("zfd1", Method::GET, &format!("/cases/{}/papers/sheet?form=pdf&language=en", case.id), None).await;
        assert!(file.status == 200 && file.bytes.starts_with(b"%PDF"), "{}", file.text());
        for paper in ["form-9", "extension-0", "nothing", "form-x"] {
            app.call("zfd1", Method::GET, &format!("/cases/{}/papers/{paper}", case.id), None).await.refused(404, "not_found");
        }
        app.call("csb1", Method::GET, &format!("/cases/{}/papers/sheet", case.id), None).await.refused(404, "not_found");
    }
}
