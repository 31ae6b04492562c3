//! What the pages of the three doors ask for that nothing else who: themselves, ways to sign in, the neighbourhood,
//! and what came before while somebody is on the phone.

use jiban::infra::config::{Demo, DemoAccount};
use jiban_store::both_engines;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;

use crate::kit::{MONDAY, Reply, TestApp, at, long};

/// GET with what a browser says.
async fn browse(app: &TestApp, path: &str, accept: &str, encoding: &str) -> Reply {
    let request =
        app.http.get(format!("{}{path}", app.base)).header("accept", accept).header("accept-encoding", encoding);
    app.send(request).await
}

both_engines! {
    async fn each_door_has_its_page_and_a_wrong_address_says_so(db: TestDb) {
        let app = TestApp::start(db).await;
        let mut pages = Vec::new();
        for path in ["/", "/console", "/work"] {
            let page = browse(&app, path, "text/html", "identity").await;
            assert_eq!((page.status, &page.headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
            let policy = page.headers["content-security-policy"].to_str().unwrap().to_owned();
            assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(page.headers["cache-control"], "no-cache");
            pages.push(page.text());
        }
        assert!(pages[0] != pages[1] && pages[1] != pages[2] && pages[0] != pages[2]);
        for (path, same) in [("/q/s001", 0), ("/track", 0), ("/console/cases/DM20260608-00001", 1), ("/screen", 1)] {
            assert_eq!(browse(&app, path, "text/html", "identity").await.text(), pages[same], "{path}");
        }
        // Scripts keep their name only as long as they stay the same, and travel packed.
        let script = pages[0].split('"').find(|part| part.ends_with(".js")).unwrap();
        let plain = browse(&app, script, "*/*", "identity").await;
        let packed = browse(&app, script, "*/*", "gzip").await;
        assert!(plain.headers["cache-control"].to_str().unwrap().contains("immutable"));
        assert_eq!(packed.headers["content-encoding"], "gzip");
        assert!(packed.bytes.len() * 2 < plain.bytes.len(), "{} of {}", packed.bytes.len(), plain.bytes.len());

        let wrong = browse(&app, "/nowhere", "text/html", "identity").await;
        assert_eq!((wrong.status, wrong.text()), (404, pages[0].clone()));
        browse(&app, "/assets/nothing.js", "*/*", "identity").await.refused(404, "not_found");
        browse(&app, "/api/v1/nothing", "text/html", "identity").await.refused(404, "not_found");
        app.call("", Method::POST, "/api/nothing", Some(json!({}))).await.refused(404, "not_found");
    }

    async fn no_installation_but_a_demo_tells_an_account(db: TestDb) {
        let ways = TestApp::start(db).await.get("", "/sessions/ways").await;
        assert_eq!(ways, json!({ "single_sign_on": false, "demo": null }));
    }

    async fn a_demo_tells_its_accounts(db: TestDb) {
        let app = TestApp::start_at(db, at(MONDAY), |config| {
            let account = DemoAccount { login: "xlb1".into(), who: jiban_domain::policy::Name { zh: "信联办".into(), en: "Liaison".into() } };
            config.demo = Some(Demo { password: "open-to-all".into(), accounts: vec![account] });
        })
        .await;
        let ways = app.get("", "/sessions/ways").await;
        assert_eq!(ways["demo"]["accounts"][0]["login"], "xlb1");
        assert_eq!(ways["demo"]["password"], "open-to-all");
    }

    async fn the_neighbourhood_shows_grids_and_duty_phones_and_no_case(db: TestDb) {
        let app = TestApp::start(db).await;
        app.submit("绝密暗语").await;
        let there = app.get("", "/public/neighbourhood").await;
        assert_eq!(there["time_zone"], "Asia/Shanghai");
        let communities = there["communities"].as_array().unwrap();
        let grids: usize = communities.iter().map(|c| c["grids"].as_array().unwrap().len()).sum();
        assert_eq!((communities.len(), grids), (7, 25));
        assert!(communities.iter().all(|c| c["hotline"].is_string()));
        for hidden in ["绝密暗语", "林小满", "13912345678"] {
            assert!(!there.to_string().contains(hidden));
        }
        // A point inside, one a few steps outside the edge, one far away, and two that are nowhere.
        let locate = async |lon: f64, lat: f64| app.post("", "/public/locate", json!({ "lon": lon, "lat": lat })).await;
        assert_eq!(locate(114.1125, 22.5390).await.expect(200)["grid"], "lh.dm.c01.g01");
        assert_eq!(locate(114.1125, 22.5375).await.expect(200)["grid"], "lh.dm.c01.g01");
        assert_eq!(locate(113.9, 22.5).await.expect(200)["grid"], json!(null));
        assert_eq!(locate(200.0, 22.5).await.refused(422, "invalid")["field"], "lon");
        assert_eq!(locate(114.0, -91.0).await.refused(422, "invalid")["field"], "lat");
    }

    async fn while_somebody_calls_what_came_before_is_shown_to_those_who_may_see_it(db: TestDb) {
        let app = TestApp::start(db).await;
        let first = app.dispatched("楼下很吵", "fast", "noise.shop", "lh.dm.zfd").await;
        let ask = async |who: &str, body: serde_json::Value| app.post(who, "/cases/earlier", body).await.expect(200);
        let numbers = |cases: &serde_json::Value| -> Vec<String> {
            cases.as_array().unwrap().iter().map(|case| case["number"].as_str().unwrap().to_owned()).collect()
        };
        let calling = json!({ "phone": "139 1234 5678", "place": { "spot": "s001" } });
        let told = ask("xlb1", calling.clone()).await;
        assert_eq!(numbers(&told["by_reporter"]), [first.number.as_str()]);
        assert_eq!(numbers(&told["by_place"]), [first.number.as_str()]);
        assert!(!told.to_string().contains("13912345678") && !told.to_string().contains("林小满"));
        // A grid worker sees the place's cases; whose they are is not theirs to learn by trying numbers.
        let told = ask("c01g01a", calling.clone()).await;
        assert_eq!((told["by_reporter"].as_array().unwrap().len(), numbers(&told["by_place"]).len()), (0, 1));
        // Another grid's worker sees neither.
        let told = ask("c02g01a", calling.clone()).await;
        assert_eq!(told, json!({ "by_reporter": [], "by_place": [], "repeats": [] }));
        // Another phone and another place: nothing; nothing known: nothing.
        assert_eq!(ask("xlb1", json!({ "phone": "13912345679", "place": { "spot": "s005" } })).await["by_place"], json!([]));
        assert_eq!(ask("xlb1", json!({})).await, json!({ "by_reporter": [], "by_place": [], "repeats": [] }));
        // What is older than the policy's days is past.
        app.pass(60 * 24 * 400);
        assert_eq!(ask("xlb1", calling).await, json!({ "by_reporter": [], "by_place": [], "repeats": [] }));
    }

    async fn a_notice_is_written_for_ones_own_area_and_shown_there_and_then(db: TestDb) {
        let app = TestApp::start(db).await;
        let until = |days: i64| (app.now() + SignedDuration::from_hours(24 * days)).to_string();
        let notice = |unit: &str, text: &str| json!({ "unit": unit, "title": "停水", "text": text, "shown_until": until(2) });
        let shown = async |grid: &str| -> Vec<String> {
            let all = app.get("", &format!("/public/notices{grid}")).await;
            all.as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect()
        };
        app.post("xlb1", "/notices", notice("lh.dm", "全街道")).await.expect(201);
        let mine = app.post("c01a", "/notices", notice("lh.dm.c01", "青云")).await.expect(201);
        app.post("c02a", "/notices", notice("lh.dm.c02", "另一社区")).await.expect(201);
        assert_eq!(shown("?grid=lh.dm.c01.g01").await, ["青云", "全街道"]);
        assert_eq!(shown("?grid=lh.dm.c02.g01").await, ["另一社区", "全街道"]);
        assert_eq!(shown("").await.len(), 3);
        // Nobody tells anything in another's area, and what is wrong is told at its field.
        let path = format!("/notices/{}", mine["id"].as_str().unwrap());
        app.post("c01a", "/notices", notice("lh.dm", "x")).await.refused(403, "forbidden");
        app.call("c02a", Method::PUT, &path, Some(notice("lh.dm.c02", "x"))).await.refused(403, "forbidden");
        app.call("c02a", Method::DELETE, &path, None).await.refused(403, "forbidden");
        for (field, wrong) in [
            ("text", notice("lh.dm", " ")),
            ("text", notice("lh.dm", &"字".repeat(2_001))),
            ("unit", notice("lh.nowhere", "x")),
            ("shown_until", json!({ "unit": "lh.dm", "title": "x", "text": "x", "shown_until": app.now().to_string() })),
            ("shown_until", json!({ "unit": "lh.dm", "title": "x", "text": "x", "shown_until": until(400) })),
        ] {
            assert_eq!(app.post("xlb1", "/notices", wrong).await.refused(422, "invalid")["field"], field);
        }
        // Changed, then over, then gone; each act is on record.
        app.call("c01a", Method::PUT, &path, Some(notice("lh.dm.c01", "改期"))).await.expect(200);
        assert_eq!(shown("?grid=lh.dm.c01.g01").await[0], "改期");
        app.call("c01a", Method::DELETE, &path, None).await.expect(204);
        app.call("c01a", Method::DELETE, &path, None).await.refused(404, "not_found");
        assert_eq!(shown("?grid=lh.dm.c01.g01").await, ["全街道"]);
        app.pass(60 * 24 * 2);
        assert_eq!(shown("").await, Vec::<String>::new());
        assert_eq!(app.get("xlb1", "/notices").await.as_array().unwrap().len(), 2);
        let record = app.get("jjw1", "/audit").await.to_string();
        for act in ["notice_written", "notice_changed", "notice_removed"] {
            assert!(record.contains(act), "{act}");
        }
    }

    async fn the_map_counts_what_is_open_in_each_grid_of_ones_reach(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.dispatched("楼下很吵", "fast", "noise.shop", "lh.dm.zfd").await;
        app.submit("路灯不亮").await;
        let load = |open: i64, overdue: i64| json!([{ "grid": "lh.dm.c01.g01", "open": open, "overdue": overdue }]);
        assert_eq!(app.get("xlb1", "/statistics/grids").await, load(2, 0));
        assert_eq!(app.get("c01g01a", "/statistics/grids").await, load(2, 0));
        assert_eq!(app.get("c02a", "/statistics/grids").await, json!([]));
        app.pass(15);
        assert_eq!(app.get("xlb1", "/statistics/grids").await, load(2, 1));
        app.act("xlb1", &case.id, "decline", json!({ "reason": "not_here", "explanation": "x" })).await;
        assert_eq!(app.get("xlb1", "/statistics/grids").await, load(1, 0));
        let areas = app.get("", "/public/areas").await;
        assert_eq!(areas["features"].as_array().unwrap().len(), 25);
    }

    async fn two_who_have_a_case_open_know_of_each_other(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.submit("楼下很吵").await;
        let path = format!("/cases/{}/presence", case.id);
        let here = async |who: &str| app.post(who, &path, json!({})).await.expect(200);
        assert_eq!(here("xlb1").await, json!([]));
        let others = here("c01g01a").await;
        assert_eq!((others[0]["person"].as_str(), others.as_array().unwrap().len()), (Some("xlb1"), 1));
        assert_eq!(here("xlb1").await[0]["person"], "c01g01a");
        app.clock.advance(SignedDuration::from_secs(61));
        assert_eq!(here("xlb1").await, json!([]), "whoever went away is gone after a minute");
        app.post("c02a", &path, json!({})).await.refused(404, "not_found");
    }

    async fn a_round_tells_what_was_seen_and_what_nobody_looks_at(db: TestDb) {
        let app = TestApp::start(db).await;
        let spots = app.get("c01g01a", "/rounds/spots").await;
        let codes: Vec<&str> = spots.as_array().unwrap().iter().map(|one| one["spot"].as_str().unwrap()).collect();
        assert!(codes.contains(&"s001") && codes.len() < app.get("xlb1", "/rounds/spots").await.as_array().unwrap().len());
        let visit = |spot: &str, at: Timestamp| json!({ "spot": spot, "at": at.to_string() });
        let seen = app.now() - SignedDuration::from_hours(3);
        // Told twice by a phone that lost the answer, it is one visit; an earlier one changes nothing.
        for at in [seen, seen, seen - SignedDuration::from_hours(1)] {
            app.post("c01g01a", "/rounds/visits", visit("s001", at)).await.expect(204);
        }
        let spots = app.get("c01g01a", "/rounds/spots").await;
        let last = spots.as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["spot"], &last["last_seen"]), (&json!("s001"), &json!(seen.to_string())), "{last}");
        assert_eq!((&last["standing"], &last["visits"]), (&json!("seen"), &json!(2)), "what needs a look comes first");
        let late = app.now() - SignedDuration::from_hours(24 * 8);
        let ahead = app.now() + SignedDuration::from_hours(1);
        for (field, wrong) in [("at", visit("s001", late)), ("at", visit("s001", ahead)), ("spot", visit("s999", seen))] {
            assert_eq!(app.post("c01g01a", "/rounds/visits", wrong).await.refused(422, "invalid")["field"], field);
        }
        app.post("c02g01a", "/rounds/visits", visit("s001", seen)).await.refused(422, "invalid");
    }

    async fn rows_of_the_organisation_that_do_not_fit_are_told_in_both_languages(db: TestDb) {
        let app = TestApp::start(db).await;
        let spots = "code,name,grid,lon,lat,address\nx1,某处,lh.dm.c01.g01,22.5,114.1,某路\nx2,某处,lh.dm.c01.g01,114.5,22.5,某路\n";
        let done = app.post("admin", "/organisation/import", json!({ "spots": spots })).await.expect(200);
        assert!(done["refused"][0]["en"].as_str().unwrap().starts_with("spots.csv row 2, lat: "), "{done}");
        assert!(done["refused"][0]["zh"].as_str().unwrap().starts_with("spots.csv 第 2 行"), "{done}");
        let told = done["warnings"].to_string();
        assert!(told.contains("lies outside its grid") && told.contains("不在所属网格"), "{told}");
        let units = "code,name,name_en,kind,parent,hotline,active\nq1,某网格,A grid,grid,lh.dm,,true\n";
        let problem = app.post("admin", "/organisation/import", json!({ "units": units })).await.refused(422, "invalid");
        assert!(problem["title"].as_str().unwrap().contains("a grid outside a community"), "{problem}");
        assert!(problem["title_zh"].as_str().unwrap().contains("网格不在社区之下"), "{problem}");
    }

    async fn the_roster_of_some_days_is_in_order(db: TestDb) {
        let app = TestApp::start(db).await;
        let today = Timestamp::now();
        let day = |offset: i64| (today + SignedDuration::from_hours(24 * offset)).to_string();
        let roster = app.get("c01g01a", &format!("/organisation/roster?from={}&until={}", day(0), day(7))).await;
        let turns = roster.as_array().unwrap();
        assert!(turns.len() > 7, "{roster}");
        let begins: Vec<&str> = turns.iter().map(|turn| turn["from"].as_str().unwrap()).collect();
        assert!(begins.is_sorted(), "{begins:?}");
        for (from, until) in [(day(0), day(0)), (day(1), day(0)), (day(0), day(32))] {
            let path = format!("/organisation/roster?from={from}&until={until}");
            assert_eq!(app.call("xlb1", Method::GET, &path, None).await.refused(422, "invalid")["field"], "until");
        }
    }

    async fn a_list_goes_out_as_a_table_and_comes_in_again_row_by_row(db: TestDb) {
        let app = TestApp::start(db).await;
        app.finished().await;
        app.submit("路灯不亮").await;
        app.post("cgj1", "/cases", json!({ "channel": "hotline", "text": "局里自己接的绝密暗语件" })).await.expect(201);
        let export = async |who: &str, body: serde_json::Value| long(&app.post(who, "/cases/export", body).await);
        // What the list shows, and only that: never more than its reader may see, never who the reporters are.
        let (told, file) = export("xlb1", json!({ "form": "csv", "only": { "order": "newest" } })).await;
        assert_eq!(told.last().unwrap()["done"]["cases"], 2);
        assert!(told[0]["progress"]["cases"].is_u64() && told.last().unwrap()["file"]["name"].as_str().unwrap().ends_with(".csv"));
        let text = String::from_utf8(file.clone()).unwrap();
        assert!(text.contains("路灯不亮") && !text.contains("绝密暗语") && !text.contains("13912345678"), "{text}");
        let (told, _) = export("xlb1", json!({ "form": "xlsx", "language": "en", "only": { "state": "finished" } })).await;
        assert_eq!(told.last().unwrap()["done"]["cases"], 1);
        let (told, _) = export("c02a", json!({ "form": "jsonl" })).await;
        assert_eq!(told.last().unwrap()["done"]["cases"], 0);
        app.post("c01a", "/cases/export", json!({ "form": "csv", "only": { "unit": "lh.cgj" } })).await.refused(404, "not_found");

        // Brought in as it is, every row is there already; in another name it is new, but for a row that is spoilt.
        let spoilt = format!("{}\nX,,,,\n", text.trim_end());
        let import = async |who: &str, query: &str, body: String| {
            let request = app.request(who, Method::POST, &format!("/cases/import?form=csv{query}")).await;
            app.send(request.header("content-type", "application/octet-stream").body(body)).await
        };
        let (told, file) = long(&import("xlb1", "&dry_run=true&source=elsewhere", spoilt.clone()).await);
        let report = &told.last().unwrap()["done"];
        assert_eq!((&report["rows"], &report["taken"], &report["refused"]), (&json!(3), &json!(2), &json!(1)), "{report}");
        let reason = &report["reasons"][0];
        assert!(reason["zh"].as_str().unwrap().contains('格') && reason["en"].as_str().unwrap().len() > 5, "{reason}");
        let file = String::from_utf8(file).unwrap();
        assert!(file.contains('X') && file.contains(reason["zh"].as_str().unwrap()), "{file}");
        let count = async || app.get("xlb1", "/cases?order=newest").await["cases"].as_array().unwrap().len();
        assert_eq!(count().await, 2);
        let (told, _) = long(&import("admin", "&source=elsewhere", spoilt.clone()).await);
        assert_eq!(told.last().unwrap()["done"]["taken"], 2);
        let (told, _) = long(&import("admin", "&source=elsewhere", spoilt).await);
        assert_eq!(told.last().unwrap()["done"]["there"], 2);
        assert_eq!(count().await, 4);

        assert_eq!(import("xlb1", "&source=a%22b", "a,b\n".into()).await.refused(422, "invalid")["field"], "source");
        // What is no such table is refused before anything is read in.
        import("xlb1", "", "a,b\n1,2\n".into()).await.refused(422, "unknown_headings");
        import("xlb1", "", String::new()).await.refused(422, "bad_table");
        import("c01a", "", text).await.refused(403, "forbidden");
        let template = app.call("xlb1", Method::GET, "/cases/import-template", None).await;
        assert!(template.bytes.starts_with(b"PK"), "{}", template.text());
    }
}
