//! The record of what is done outside cases 审计, read page by page.

use jiban_store::both_engines;
use serde_json::{Value, json};

use crate::kit::TestApp;

/// The record to its end, so many entries a page.
async fn whole(app: &TestApp, filter: &str, limit: u32) -> Vec<Value> {
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let page = app.get("jjw1", &format!("/audit?limit={limit}{filter}{before}")).await;
        let entries = page["entries"].as_array().unwrap();
        assert!(!entries.is_empty() && entries.len() <= limit as usize, "{page}");
        all.extend(entries.iter().cloned());
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return all,
        }
    }
}

both_engines! {
    async fn every_entry_is_read_once_page_by_page_even_of_one_moment(db: TestDb) {
        let app = TestApp::start(db).await;
        // Several streams at one moment, as the clock of the tests stands still.
        for date in ["2026-06-11", "2026-06-18", "2026-06-25"] {
            let day = json!({ "date": date, "leader": "leader1", "place": "接访室" });
            app.post("xlb1", "/receptions", day).await.expect(201);
            let notice = json!({ "unit": "lh.dm", "title": "停水", "text": "管道检修。", "shown_until": "2026-07-31T00:00:00Z" });
            app.post("xlb1", "/notices", notice).await.expect(201);
        }
        let all = whole(&app, "", 500).await;
        let streams = |entries: &[Value]| {
            let mut all: Vec<String> = entries.iter().map(|one| one["stream"].as_str().unwrap().to_owned()).collect();
            all.dedup();
            all.sort();
            all.dedup();
            all
        };
        assert!(streams(&all).len() > 2 && all.len() > 6, "{all:?}");
        for limit in [1, 2, 3] {
            assert_eq!(whole(&app, "", limit).await, all, "{limit} a page");
        }
        let works = whole(&app, "&stream=works", 2).await;
        assert_eq!((works.len(), streams(&works)), (3, vec!["works".to_owned()]));
        let planned = whole(&app, "&kind=reception_planned", 1).await;
        assert_eq!(planned, works, "of one kind, wherever it stands");
        let dates: Vec<&Value> = planned.iter().map(|one| &one["body"]["told"]["date"]).collect();
        assert_eq!(dates, ["2026-06-25", "2026-06-18", "2026-06-11"], "the newest first");
    }

    async fn who_may_not_read_it_and_who_asks_wrongly_is_told(db: TestDb) {
        let app = TestApp::start(db).await;
        let ask = async |who: &str, query: &str| app.call(who, reqwest::Method::GET, &format!("/audit{query}"), None).await;
        ask("xlb1", "").await.refused(403, "forbidden");
        ask("admin", "").await.expect(200);
        for bad in ["?before=works", "?before=cases-7", "?before=works-x", "?before=works-0", "?before=works--9223372036854775808"] {
            assert_eq!(ask("jjw1", bad).await.refused(422, "invalid")["field"], "before", "{bad}");
        }
        assert_eq!(ask("jjw1", "?limit=501").await.refused(422, "invalid")["field"], "limit");
        let long = format!("?kind={}", "x".repeat(65));
        assert_eq!(ask("jjw1", &long).await.refused(422, "invalid")["field"], "kind");
        ask("jjw1", "?stream=cases").await.refused(400, "bad_request");
        // A place that is none yet is no fault.
        ask("jjw1", "?before=works-9223372036854775807").await.expect(200);
    }
}
