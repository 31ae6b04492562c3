//! Who is who 组织名录: mentors, standing teams and branches of grids, and how much each has on their hands.

use jiban_store::both_engines;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::TestApp;

async fn grid_of(app: &TestApp, who: &str) -> Value {
    let directory = app.get(who, "/directory/lh.dm.c01").await;
    directory["grids"].as_array().unwrap().iter().find(|one| one["grid"] == "lh.dm.c01.g01").unwrap().clone()
}

both_engines! {
    async fn a_grid_has_a_mentor_and_a_team_that_the_liaison_office_may_change(db: TestDb) {
        let app = TestApp::start(db).await;
        let grid = grid_of(&app, "c01a").await;
        assert_eq!((&grid["mentor"]["person"], &grid["standing"]), (&json!("dzb1"), &json!(false)));
        assert_eq!((&grid["team"]["grid_worker"], &grid["team"]["mentor"]), (&json!(["c01g01a", "c01g01b"]), &json!(["dzb1"])));
        assert_eq!((&grid["team"]["delegate"], &grid["team"]["cadre"]), (&json!(["c01head"]), &json!(["c01b"])));

        let put = async |who: &str, body: Value| {
            app.call(who, Method::PUT, "/directory/lh.dm.c01.g01/team", Some(body)).await
        };
        let mut team = grid["team"].clone();
        team["staff"] = json!(["csb1", "csb2"]);
        let branch = json!({ "name": "青云第一网格临时党支部", "secretary": "c01head", "members": ["c01a"], "since": "2026-06-01" });
        put("c01a", json!({ "team": team })).await.refused(403, "forbidden");
        put("xlb1", json!({ "team": { "delegate": ["c01a"] } })).await.refused(422, "invalid");
        put("xlb1", json!({ "team": team, "branch": { "name": "支部", "secretary": "nobody", "since": "2026-06-01" } })).await.refused(422, "unknown");
        put("xlb1", json!({ "team": team, "branch": branch })).await.expect(200);
        put("xlb1", json!({ "team": team, "branch": branch })).await.expect(200);
        let grid = grid_of(&app, "c01a").await;
        assert_eq!((&grid["standing"], &grid["branch"]["secretary"]), (&json!(true), &json!("c01head")));
        // What the console offers for a case's own team is the same, and the seats take it.
        let organisation = app.get("xlb1", "/organisation").await;
        let unit = organisation["units"].as_array().unwrap().iter().find(|unit| unit["id"] == "lh.dm.c01.g01").unwrap();
        assert_eq!((&unit["team"], &unit["mentor"]), (&team, &json!("dzb1")));
        let body = json!({ "channel": "hotline", "text": "多部门问题，需要专班", "place": { "spot": "s001" }, "reporter": { "name": "某某", "phone": "13900000001" } });
        let case = app.post("xlb1", "/cases", body).await.expect(201);
        let id = case["id"].as_str().unwrap();
        app.act("xlb1", id, "assign-team", json!({ "team": unit["team"] })).await;
        assert!(app.get("admin", "/audit").await.to_string().contains("grid_team_put_together"));
        app.call("xlb1", Method::GET, "/directory/lh.dm.c01.g01", None).await.refused(404, "not_found");
    }

    async fn loads_are_told_to_those_who_see_the_cases_and_a_table_without_mentors_takes_none_away(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.dispatched("路灯不亮", "fast", "city.stall", "lh.dm.c01.g01").await;
        app.act("c01g01a", &case.id, "accept", json!({})).await;
        let load = async |who: &str| {
            let grid = grid_of(&app, who).await;
            grid["people"].as_array().unwrap().iter().find(|one| one["person"] == "c01g01a").unwrap()["load"].clone()
        };
        assert_eq!(load("c01a").await, json!({ "cases": 1, "due": 1, "calls": 0 }));
        assert_eq!(load("leader1").await["cases"], 1);
        assert_eq!(load("c02a").await, Value::Null, "another community's cases are not theirs to count");
        let old = "code,name,name_en,kind,parent,hotline,active\nlh.dm.c01.g01,青云第一网格,Grid 1-1,grid,lh.dm.c01,0755-2550-1001,true\n";
        app.post("admin", "/organisation/import", json!({ "units": old })).await.expect(200);
        assert_eq!(grid_of(&app, "c01a").await["mentor"]["person"], "dzb1");
        let wrong = old.replace("active\n", "active,mentor\n").replace(",true", ",true,nobody");
        let told = app.post("admin", "/organisation/import", json!({ "units": wrong })).await.refused(422, "invalid");
        assert!(told["title_zh"].as_str().unwrap().contains("指导员「nobody」不是人员"), "{told}");
    }
}
