//! Policy what-if: recorded cases under another policy, by the interface and by the command line.

use jiban::commands::demo;
use jiban_store::both_engines;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Reply, TestApp, jiban, long};

/// The demo's policy with half the time to finish a fast case.
fn halved() -> String {
    changed(
        r#"length = { urgent = "2 h", fast = "24 h", routine = "72 h" }"#,
        r#"length = { urgent = "2 h", fast = "12 h", routine = "72 h" }"#,
    )
}

fn changed(from: &str, to: &str) -> String {
    assert_eq!(demo::POLICY.matches(from).count(), 1, "{from}");
    demo::POLICY.replace(from, to)
}

/// Two fast cases finished after 10 and 20 hours, one that is open.
async fn history(app: &TestApp) -> Vec<String> {
    let mut numbers = Vec::new();
    for hours in [10, 20] {
        let case = app.verified().await;
        app.pass(hours * 60);
        app.act("zfd1", &case.id, "finish", json!({ "outcome": "已要求调低音量" })).await;
        numbers.push(case.number);
    }
    app.submit("路灯不亮").await;
    numbers
}

async fn ask(app: &TestApp, who: &str, toml: &str, from: &str, to: &str) -> Reply {
    app.call(who, Method::POST, "/policy/simulate", Some(json!({ "toml": toml, "from": from, "to": to }))).await
}

fn row<'v>(found: &'v Value, table: &str, code: &str) -> &'v Value {
    let rows = found[table].as_array().unwrap();
    rows.iter().find(|row| row["code"] == code).unwrap_or_else(|| panic!("no {code} in {rows:?}"))
}

both_engines! {
    async fn a_policy_is_tried_on_what_was_recorded_and_nothing_changes(db: TestDb) {
        let app = TestApp::start(db).await;
        let numbers = history(&app).await;
        let events = app.rows("events").await;
        let (told, _) = long(&ask(&app, "leader1", &halved(), "2026-06-08", "2026-06-10").await);
        assert_eq!(told.last().unwrap()["file"], Value::Null);
        assert_eq!(told[0]["progress"]["cases"], 3, "{told:?}");
        let found = &told.last().unwrap()["done"];
        assert_eq!((&found["cases"], &found["compared"], &found["unlike_record"]), (&json!(3), &json!(3), &json!(0)));
        let finish = row(found, "rules", "finish");
        assert_eq!((&finish["figures"]["late"], &finish["name"]["zh"]), (&json!({ "before": 0, "after": 1 }), &json!("办结时限")));
        assert_eq!(found["became_late"].as_array().unwrap().len(), 1, "{found}");
        let late = &found["became_late"][0];
        assert_eq!((&late["number"], &late["rule"], &late["unit"]), (&json!(numbers[1]), &json!("finish"), &json!("lh.dm.zfd")));
        assert_eq!((&late["before"]["standing"]["is"], &late["after"]["standing"]["is"]), (&json!("met"), &json!("breached")));
        let unit = &row(found, "units", "lh.dm.zfd")["figures"];
        assert_eq!(unit["clocks"]["late"]["after"].as_u64(), unit["clocks"]["late"]["before"].as_u64().map(|n| n + 1));
        let leaders = &row(found, "told", "leaders")["figures"]["breaches"];
        assert_eq!(leaders["after"].as_u64(), leaders["before"].as_u64().map(|n| n + 1), "two hours after, the leaders are told");
        assert!(found["assumes"]["zh"].as_str().unwrap().contains("按记录不变"));
        assert_eq!(app.rows("events").await, events, "a trial writes nothing");

        // Who may not read the case sees the count and not the case.
        let (told, _) = long(&ask(&app, "admin", &halved(), "2026-06-08", "2026-06-10").await);
        let found = &told.last().unwrap()["done"];
        assert_eq!((&found["all"]["became_late"], &found["became_late"]), (&json!(1), &json!([])));
        // Days are those of the policy's zone, the last one included.
        let (told, _) = long(&ask(&app, "xlb1", &halved(), "2026-06-08", "2026-06-08").await);
        assert_eq!(told.last().unwrap()["done"]["cases"], 2);
        let (told, _) = long(&ask(&app, "xlb1", &halved(), "2020-01-01", "2020-12-31").await);
        assert_eq!((told.len(), &told[0]["done"]["cases"]), (1, &json!(0)), "a period without cases says so");
    }

    async fn what_cannot_be_tried_is_refused_with_the_field_or_the_line(db: TestDb) {
        let app = TestApp::start(db).await;
        let field = |problem: Value| problem["field"].as_str().unwrap_or_default().to_owned();
        let refused = async |toml: &str, from: &str, to: &str| {
            field(ask(&app, "leader1", toml, from, to).await.refused(422, "invalid"))
        };
        assert_eq!(refused(demo::POLICY, "2026-06-09", "2026-06-08").await, "to");
        assert_eq!(refused(demo::POLICY, "2020-01-01", "2026-06-08").await, "to");
        assert_eq!(refused(demo::POLICY, "2026-02-30", "2026-06-08").await, "from");
        assert_eq!(refused(&changed(r#"time_zone = "Asia/Shanghai""#, r#"time_zone = "Europe/Paris""#), "2026-06-08", "2026-06-08").await, "toml");
        let nobody = demo::POLICY.replace("liaison_office = \"lh.dm.xlb\"", "liaison_office = \"lh.nowhere\"");
        assert_eq!(refused(&nobody, "2026-06-08", "2026-06-08").await, "toml");
        let faulty = changed("number_prefix = \"DM\"", "number_prefix = \"\"");
        let faults = ask(&app, "leader1", &faulty, "2026-06-08", "2026-06-08").await.expect(422);
        assert_eq!((&faults["version"], &faults["faults"][0]["key"]), (&Value::Null, &json!("number_prefix")), "{faults}");
        assert!(faults["faults"][0]["line"].as_u64().unwrap() > 1);
        ask(&app, "zfd1", demo::POLICY, "2026-06-08", "2026-06-08").await.refused(403, "forbidden");
    }

    async fn the_command_line_says_the_same(db: TestDb) {
        let app = TestApp::start(db).await;
        let numbers = history(&app).await;
        let home = app.home_over(&app.db);
        let file = home.path().join("new.toml");
        std::fs::write(&file, halved()).unwrap();
        let file = file.to_str().unwrap();
        let run = async |file: &str, more: &[&str]| jiban(home.path(), &[&["policy", "simulate", file], more].concat()).await;
        let period = ["--from", "2026-06-08", "--to", "2026-06-10"];

        let (well, said) = run(file, &[&period[..], &["--json"]].concat()).await;
        assert!(well, "{said}");
        let found: Value = serde_json::from_str(said.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
        assert_eq!((&found["cases"], &found["became_late"][0]["number"]), (&json!(3), &json!(numbers[1])));
        let (well, said) = run(file, &period).await;
        assert!(well && said.contains("3, of which 3 compared") && said.contains(&numbers[1]), "{said}");
        assert!(said.contains("stays as recorded") && said.contains("0 → 1"), "{said}");

        let (well, said) = run(file, &["--from", "2020-01-01", "--to", "2020-01-02"]).await;
        assert!(well && said.contains("No case was registered from 2020-01-01 to 2020-01-02"), "{said}");
        let (well, said) = run(file, &["--from", "2026-06-10", "--to", "2026-06-08"]).await;
        assert!(!well && said.contains("not before 2026-06-10"), "{said}");
        let broken = home.path().join("broken.toml");
        std::fs::write(&broken, changed("number_prefix = \"DM\"", "number_prefix = \"\"")).unwrap();
        let (well, said) = run(broken.to_str().unwrap(), &period).await;
        assert!(!well && said.contains("broken.toml:") && said.contains("number_prefix"), "{said}");
    }
}
