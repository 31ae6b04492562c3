//! Rounds 扫楼扫街: plans, what nobody looks at, and what is settled on the spot.

use jiban::desk::tally;
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{TestApp, photo};

fn plan(areas: &[&str]) -> Value {
    json!({ "plan": { "title": "消防两周一查", "areas": areas, "every_days": 14, "checklist": "fire", "kinds": ["居民小区"] } })
}

fn of<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|one| one[key] == value);
    found.unwrap_or_else(|| panic!("no {value} in {list}"))
}

async fn visit(app: &TestApp, who: &str, spot: &str, checklist: Option<&str>) {
    let body = json!({ "spot": spot, "at": app.now().to_string(), "checklist": checklist });
    app.post(who, "/rounds/visits", body).await.expect(204);
}

both_engines! {
    async fn a_plan_is_kept_to_by_its_checklist_and_what_nobody_looks_at_is_seen(db: TestDb) {
        let app = TestApp::start(db).await;
        // A community plans for its own grids only, and every fault is told by its field.
        app.post("c02a", "/rounds/plans", plan(&["lh.dm.c01"])).await.refused(403, "forbidden");
        app.post("c01g01a", "/rounds/plans", plan(&["lh.dm.c01.g01"])).await.refused(403, "forbidden");
        for (field, value) in [("checklist", json!("nothing")), ("kinds", json!(["月球"])), ("every_days", json!(0))] {
            let mut wrong = plan(&["lh.dm.c01"]);
            wrong["plan"][field] = value;
            app.post("c01a", "/rounds/plans", wrong).await.refused(422, "invalid");
        }
        let mut wrong = plan(&["lh.dm.c01"]);
        wrong["plan"]["season"] = json!({ "from": "02-30", "to": "03-01" });
        app.post("c01a", "/rounds/plans", wrong).await.refused(422, "invalid");
        let made = app.post("c01a", "/rounds/plans", plan(&["lh.dm.c01"])).await.expect(200);
        assert_eq!((&made["unit"], &made["state"]), (&json!("lh.dm.c01"), &json!("active")));
        let id = made["id"].as_str().unwrap();

        // Being there is not going through the list.
        visit(&app, "c01g01a", "s001", None).await;
        let spots = app.get("c01g01a", "/rounds/spots").await;
        let first = of(&spots, "spot", "s001");
        assert_eq!((&first["standing"], &first["waiting"]), (&json!("overdue"), &json!(["消防两周一查"])), "{first}");
        assert_eq!(first["checklists"][0], "fire");
        app.clock.advance(SignedDuration::from_secs(60));
        visit(&app, "c01g01a", "s001", Some("fire")).await;
        let wrong = json!({ "spot": "s001", "at": app.now().to_string(), "checklist": "nothing" });
        app.post("c01g01a", "/rounds/visits", wrong).await.refused(422, "invalid");
        let spots = app.get("c01g01a", "/rounds/spots").await;
        assert_eq!(of(&spots, "spot", "s001")["standing"], "seen");

        let coverage = app.get("xlb1", "/rounds/coverage?unit=lh.dm.c01").await;
        let counted = |of: &Value| ["spots", "seen", "overdue", "never"].map(|key| of[key].as_u64().unwrap());
        let [all, seen, overdue, never] = counted(&coverage["counted"]);
        assert_eq!((seen, overdue, never), (1, 0, all - 1), "{coverage}");
        let grid = of(&coverage["grids"], "grid", "lh.dm.c01.g01");
        assert_eq!(grid["seen"], 1);
        let [own, kept, ..] = counted(&coverage["plans"][0]);
        assert!(own >= 1 && own < all, "{coverage}");
        assert_eq!((kept, &coverage["plans"][0]["may_end"]), (1, &json!(true)));
        assert_eq!(coverage["unseen"].as_array().unwrap().len() as u64, all - 1);
        // Whoever works in the area sees the plan, another community does not, nor its spots.
        assert_eq!(app.get("c01g01a", "/rounds/coverage").await["plans"][0]["may_end"], false);
        assert_eq!(app.get("c02a", "/rounds/coverage").await["plans"], json!([]));
        app.call("c02a", Method::GET, "/rounds/coverage?unit=lh.dm.c01", None).await.refused(404, "not_found");

        // After its days it waits again: by the regular rule first, then by the plan.
        app.clock.advance(SignedDuration::from_hours(24 * 8));
        let spots = app.get("c01g01a", "/rounds/spots").await;
        let late = of(&spots, "spot", "s001").clone();
        assert_eq!((&late["standing"], &late["waiting"]), (&json!("overdue"), &json!([])), "{late}");
        app.clock.advance(SignedDuration::from_hours(24 * 7));
        let spots = app.get("c01g01a", "/rounds/spots").await;
        assert_eq!(of(&spots, "spot", "s001")["waiting"], json!(["消防两周一查"]));

        let end = format!("/rounds/plans/{id}/end");
        app.post("c02a", &end, json!({})).await.refused(404, "not_found");
        app.post("c01g01a", &end, json!({})).await.refused(403, "forbidden");
        assert_eq!(app.post("c01a", &end, json!({})).await.expect(200)["state"], "ended");
        app.post("c01a", &end, json!({})).await.refused(409, "already");
        assert_eq!(app.get("c01a", "/rounds/coverage").await["plans"], json!([]));
        let record = app.get("admin", "/audit?stream=works").await.to_string();
        assert!(record.contains("rounds_planned") && record.contains("rounds_plan_ended"), "{record}");
    }

    async fn what_is_settled_on_the_spot_is_closed_and_counted(db: TestDb) {
        let app = TestApp::start(db).await;
        let found = json!({
            "channel": "rounds", "origin": "inspection", "text": "消防通道堵塞：两辆电动车", "place": { "spot": "s001" },
        });
        let case = app.post("c01g01a", "/cases", found).await.expect(201);
        let id = case["id"].as_str().unwrap();
        let settle = json!({ "outcome": "已请车主挪走", "category": "safety.exits" });
        app.post("c01g01a", &format!("/cases/{id}/settle"), settle.clone()).await.refused(409, "first");
        app.upload("c01g01a", id, "after", "after.jpg", photo()).await.expect(201);
        app.post("c02g01a", &format!("/cases/{id}/settle"), settle.clone()).await.refused(404, "not_found");
        let done = app.act("c01g01a", id, "settle", settle).await;
        assert_eq!((&done["state"], &done["lead"]), (&json!("closed"), &json!("lh.dm.c01.g01")), "{done}");
        assert_eq!((&done["category"], &done["handler"]), (&json!("safety.exits"), &json!("c01g01a")));
        tally::catch_up(&app.app, tally::ALONE, |_| {}).await.unwrap();
        let coverage = app.get("c01a", "/rounds/coverage").await;
        let week = coverage["weeks"].as_array().unwrap().last().unwrap();
        assert_eq!((&week["found"], &week["settled"]), (&json!(1), &json!(1)));
        assert_eq!(of(&coverage["grids"], "grid", "lh.dm.c01.g01")["findings"], 1);
        // What somebody asked for is not settled behind their back.
        let asked = json!({ "channel": "hotline", "text": "楼下堆了杂物", "place": { "spot": "s001" } });
        let asked = app.post("c01g01a", "/cases", asked).await.expect(201);
        let path = format!("/cases/{}/settle", asked["id"].as_str().unwrap());
        app.post("c01g01a", &path, json!({ "outcome": "x" })).await.refused(422, "invalid");
    }
}
