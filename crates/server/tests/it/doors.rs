//! What the pages of the three doors ask for that nothing else who: themselves, ways to sign in, the neighbourhood,
//! and what came before while somebody is on the phone.

use jiban::infra::config::{Demo, DemoAccount};
use jiban_store::both_engines;
use reqwest::Method;
use serde_json::json;

use crate::kit::{MONDAY, Reply, TestApp, at};

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
        assert_eq!(told, json!({ "by_reporter": [], "by_place": [] }));
        // Another phone and another place: nothing; nothing known: nothing.
        assert_eq!(ask("xlb1", json!({ "phone": "13912345679", "place": { "spot": "s005" } })).await["by_place"], json!([]));
        assert_eq!(ask("xlb1", json!({})).await, json!({ "by_reporter": [], "by_place": [] }));
        // What is older than the policy's days is past.
        app.pass(60 * 24 * 400);
        assert_eq!(ask("xlb1", calling).await, json!({ "by_reporter": [], "by_place": [] }));
    }
}
