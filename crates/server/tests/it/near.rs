//! The residents' platform 岭里无忧: what is near on foot, guides to services, and what was solved nearby.

use jiban::desk::tally;
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{TestApp, follow_up, opinion};

const HERE: (f64, f64) = (114.112_582, 22.538_871);

async fn near(app: &TestApp, more: Value) -> Value {
    let mut body = json!({ "point": { "lon": HERE.0, "lat": HERE.1 } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post("", "/public/near", body).await.expect(200)
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"]["zh"].as_str().unwrap()).collect()
}

fn titles(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect()
}

fn guide(title: &str, section: &str, text: &str) -> Value {
    json!({ "title": title, "section": section, "who": "本辖区居民", "bring": "身份证", "text": text })
}

/// A case at a spot, finished by the enforcement team and followed up.
async fn solved(app: &TestApp, spot: &str) -> Value {
    let body = json!({ "channel": "qr", "text": "绝密暗语：楼下音响很吵", "place": { "spot": spot } });
    let case = app.post("", "/public/cases", body).await.expect(201);
    let id = case["id"].as_str().unwrap();
    app.act("xlb1", id, "classify", json!({ "class": "fast", "category": "noise.shop" })).await;
    app.act("xlb1", id, "dispatch", json!({ "lead": "lh.dm.zfd" })).await;
    app.act("zfd1", id, "accept", json!({})).await;
    app.act("zfd1", id, "contact", json!({ "reached": true })).await;
    app.act("zfd1", id, "verify", json!({ "finding": "属实" })).await;
    app.pass(60);
    app.act("zfd1", id, "finish", json!({ "outcome": "已要求调低音量" })).await;
    app.act("zfd1", id, "file-opinion", opinion()).await;
    app.act("xlb1", id, "follow-up", follow_up(true)).await;
    case
}

both_engines! {
    async fn the_nearest_is_told_first_by_the_streets_and_from_wherever_somebody_says(db: TestDb) {
        let app = TestApp::start(db).await;
        let all = near(&app, json!({})).await;
        assert_eq!((&all["grid"], &all["metres"], &all["minutes"]), (&json!("lh.dm.c01.g01"), &json!(1_200), &json!(15)));
        let services = all["services"].as_array().unwrap();
        assert!(services.len() > 5, "{all}");
        let metres: Vec<u64> = services.iter().map(|one| one["metres"].as_u64().unwrap()).collect();
        assert!(metres.is_sorted() && metres.iter().all(|metres| *metres <= 1_200), "{metres:?}");
        for one in services {
            assert_eq!(one["minutes"].as_u64().unwrap(), one["metres"].as_u64().unwrap().div_ceil(80).max(1));
            assert_eq!(one["straight"], false, "the demo has streets: {one}");
        }
        let clinics = near(&app, json!({ "kind": "clinic" })).await;
        assert!(clinics["services"].as_array().unwrap().iter().all(|one| one["kind_name"]["zh"] == "社康中心"));
        let business = near(&app, json!({ "section": "business" })).await;
        assert!(!names(&business["services"]).is_empty());
        assert!(business["services"].as_array().unwrap().iter().all(|one| one["section"] == "business"));

        // The spot stands where the point is; the grid is asked from its middle.
        let by_spot = app.post("", "/public/near", json!({ "spot": "s001" })).await.expect(200);
        assert_eq!(names(&by_spot["services"]), names(&all["services"]));
        let by_grid = app.post("", "/public/near", json!({ "grid": "lh.dm.c01.g01" })).await.expect(200);
        assert_eq!(by_grid["grid"], "lh.dm.c01.g01");
        assert!(!names(&by_grid["services"]).is_empty());

        // What cannot be answered is told at its field; a place elsewhere in words.
        let ask = async |body: Value| app.post("", "/public/near", body).await;
        for (field, body) in [
            ("point", json!({})),
            ("point", json!({ "spot": "s001", "grid": "lh.dm.c01.g01" })),
            ("spot", json!({ "spot": "nothing" })),
            ("grid", json!({ "grid": "lh.dm.c01" })),
            ("kind", json!({ "spot": "s001", "kind": "bar" })),
            ("lat", json!({ "point": { "lon": 114.1, "lat": 91.0 } })),
        ] {
            assert_eq!(ask(body).await.refused(422, "invalid")["field"], field);
        }
        let outside = ask(json!({ "point": { "lon": 116.39, "lat": 39.9 } })).await.refused(422, "outside");
        assert!(outside["title_zh"].as_str().unwrap().contains("不在本辖区"), "{outside}");
        // A few steps beyond the border is still near.
        let edge = ask(json!({ "point": { "lon": HERE.0, "lat": 22.537 } })).await.expect(200);
        assert!(!names(&edge["services"]).is_empty());
        // A point does not go into an address.
        app.call("", Method::GET, "/public/near?lon=114.1&lat=22.5", None).await.refused(405, "method_not_allowed");
    }

    async fn services_and_streets_are_imported_row_by_row(db: TestDb) {
        let app = TestApp::start(db).await;
        let table = "编码,名称,类型,经度,纬度,地址\n\
            n1,新社康,社康中心,114.1126,22.5389,文锦路5号\n\
            n2,网吧,网吧,114.1126,22.5389,文锦路6号\n";
        let elsewhere = r#"{"features":[{"geometry":{"type":"LineString","coordinates":[[114.3,22.6],[114.31,22.6]]}},
            {"geometry":{"type":"Point","coordinates":[114.3,22.6]}}]}"#;
        let before = near(&app, json!({})).await["services"].as_array().unwrap().len();
        let body = json!({ "services": table, "streets": elsewhere });
        app.post("xlb1", "/organisation/import", body.clone()).await.refused(403, "forbidden");
        let done = app.post("admin", "/organisation/import", body).await.expect(200);
        assert_eq!((&done["services"], &done["streets"]), (&json!(121), &json!(1)));
        let refused: Vec<&str> = done["refused"].as_array().unwrap().iter().map(|one| one["zh"].as_str().unwrap()).collect();
        assert!(refused[0].contains("第 3 行，kind") && refused[0].contains("社康中心"), "{refused:?}");
        assert!(refused[1].contains("第 2 行，geometry") && refused[1].contains("LineString"), "{refused:?}");
        // No street is known here any more: every distance is a straight line, and says so. None is longer than before.
        let now = near(&app, json!({})).await;
        let services = now["services"].as_array().unwrap();
        assert_eq!(services[0]["name"]["zh"], "新社康");
        assert!(services.iter().all(|one| one["straight"] == true) && services.len() > before, "{now}");
    }

    async fn a_table_of_guides_is_taken_over_once_and_what_cannot_be_is_told(db: TestDb) {
        let app = TestApp::start(db).await;
        let import = async |who: &str, table: &str, publish: bool| {
            app.post(who, "/guides/import", json!({ "table": table, "publish": publish })).await
        };
        let search = async |words: &str| app.post("", "/public/guides", json!({ "words": words })).await.expect(200);
        let table = "\u{feff}标题,板块,单位,办理对象,所需材料,办理流程\r\n\
            居住证申领,便民服务,东门街道,来深人员,\"身份证\n居住登记回执\",\"一、登记居住信息。\n二、满半年申领。\"\r\n\
            青云书法课,public_good,lh.dm.c01,,,每周六下午。\r\n\
            没有板块,别的,东门街道,,,x\r\n\
            没有单位,便民服务,西门街道,,,x\r\n\
            ,便民服务,东门街道,,,x\r\n";
        let first = import("xlb1", table, false).await.expect(200);
        let counts = |done: &Value| ["written", "changed", "same", "published"].map(|key| done[key].as_u64().unwrap());
        assert_eq!(counts(&first), [2, 0, 0, 0], "{first}");
        let told: Vec<&str> = first["refused"].as_array().unwrap().iter().map(|one| one["en"].as_str().unwrap()).collect();
        for (at, place) in ["guides.csv row 6, section", "guides.csv row 7, unit", "guides.csv row 8, title"].iter().enumerate() {
            assert!(told[at].starts_with(place), "{told:?}");
        }
        assert_eq!(search("居住证").await, json!([]), "drafts are shown to nobody");

        // Again, and published: nothing is written twice. Then one says something else.
        assert_eq!(counts(&import("xlb1", table, true).await.expect(200)), [0, 0, 2, 2]);
        assert_eq!(counts(&import("xlb1", table, true).await.expect(200)), [0, 0, 2, 0]);
        let found = search("居住证").await;
        let path = format!("/public/guides/{}", found[0]["id"].as_str().unwrap());
        assert_eq!(app.get("", &path).await["guide"]["text"]["bring"], "身份证\n居住登记回执");
        let changed = table.replace("满半年申领", "满一年申领");
        assert_eq!(counts(&import("xlb1", &changed, false).await.expect(200)), [0, 1, 1, 0]);
        let text = app.get("", &path).await["guide"]["text"]["text"].take();
        assert_eq!((search("居住证").await.as_array().unwrap().len(), text), (1, json!("一、登记居住信息。\n二、满一年申领。")));

        // A community takes over what is for its own area; who tells residents nothing, nothing.
        let own = import("c01a", table, false).await.expect(200);
        assert_eq!(counts(&own), [0, 0, 1, 0]);
        assert!(own["refused"].to_string().contains("guides.csv row 2, unit"), "{own}");
        import("c01g01a", table, false).await.refused(403, "forbidden");
        let none = import("xlb1", "title,unit\na,b\n", false).await.expect(200);
        assert!(none["refused"][0]["en"].as_str().unwrap().contains("add the missing columns"), "{none}");
    }

    async fn guides_are_written_for_ones_own_area_and_found_by_what_people_call_them(db: TestDb) {
        let app = TestApp::start(db).await;
        let new = |unit: &str, text: Value| json!({ "unit": unit, "text": text });
        let residence = new("lh.dm", guide("居住证申领", "convenience", "先登记居住信息，满半年可申领。"));
        app.post("c01g01a", "/guides", residence.clone()).await.refused(403, "forbidden");
        app.post("c01a", "/guides", residence.clone()).await.refused(403, "forbidden");
        app.post("xlb1", "/guides", new("nowhere", guide("a", "party", "b"))).await.refused(422, "invalid");
        let unnamed = app.post("xlb1", "/guides", new("lh.dm", guide(" ", "party", "b"))).await.refused(422, "invalid");
        assert_eq!(unnamed["field"], "title");
        let written = app.post("xlb1", "/guides", residence).await.expect(201);
        assert_eq!((&written["guide"]["state"], &written["mine"]), (&json!("draft"), &json!(true)));
        let id = written["guide"]["id"].as_str().unwrap().to_owned();

        // Nobody else sees a draft.
        let search = async |body: Value| app.post("", "/public/guides", body).await.expect(200);
        let shown = format!("/public/guides/{id}");
        assert_eq!(search(json!({})).await, json!([]));
        app.call("", Method::GET, &shown, None).await.refused(404, "not_found");
        let act = async |who: &str, id: &str, body: Value| app.post(who, &format!("/guides/{id}/acts"), body).await;
        act("c01a", &id, json!({ "act": "publish" })).await.refused(403, "forbidden");
        act("xlb1", &id, json!({ "act": "publish" })).await.expect(200);
        act("xlb1", &id, json!({ "act": "publish" })).await.refused(409, "already");
        let read = app.get("", &shown).await;
        assert_eq!((&read["guide"]["text"]["title"], &read["guide"]["by"]), (&json!("居住证申领"), &json!("")));

        let mine = app.post("c01a", "/guides", new("lh.dm.c01", guide("青云书法课报名", "public_good", "每周六下午。"))).await.expect(201);
        act("c01a", mine["guide"]["id"].as_str().unwrap(), json!({ "act": "publish" })).await.expect(200);
        assert_eq!(titles(&search(json!({})).await), ["青云书法课报名", "居住证申领"]);
        assert_eq!(titles(&search(json!({ "grid": "lh.dm.c02.g01" })).await), ["居住证申领"]);
        assert_eq!(titles(&search(json!({ "section": "public_good" })).await), ["青云书法课报名"]);
        assert_eq!(titles(&search(json!({ "words": "怎么办居住证" })).await), ["居住证申领"]);
        assert_eq!(search(json!({ "words": "宇宙飞船" })).await, json!([]));
        let long: String = "长".repeat(61);
        assert_eq!(app.post("", "/public/guides", json!({ "words": long })).await.refused(422, "invalid")["field"], "words");

        act("xlb1", &id, json!({ "act": "change", "text": guide("深圳居住证", "convenience", "改过了。") })).await.expect(200);
        assert_eq!(app.get("", &shown).await["guide"]["text"]["text"], "改过了。");
        act("xlb1", &id, json!({ "act": "withdraw" })).await.expect(200);
        app.call("", Method::GET, &shown, None).await.refused(404, "not_found");
        let listed = app.get("c01a", "/guides").await;
        let states: Vec<(&str, bool)> = listed["guides"].as_array().unwrap().iter()
            .map(|one| (one["guide"]["state"].as_str().unwrap(), one["mine"].as_bool().unwrap())).collect();
        assert_eq!(states, [("published", true), ("withdrawn", false)]);
        let record = app.get("admin", "/audit?stream=works").await.to_string();
        assert!(["guide_written", "guide_published", "guide_changed", "guide_withdrawn"].iter().all(|what| record.contains(what)));
    }

    async fn two_who_change_a_guide_at_once_do_not_overwrite_each_other_and_what_is_published_is_always_listed(db: TestDb) {
        let app = TestApp::start(db).await;
        let write = async |title: &str| {
            let new = json!({ "unit": "lh.dm", "text": guide(title, "convenience", "先取号。") });
            app.post("xlb1", "/guides", new).await.expect(201)["guide"].clone()
        };
        let act = async |guide: &Value, version: &str, body: Value| {
            let path = format!("/guides/{}/acts", guide["id"].as_str().unwrap());
            let request = app.request("xlb1", Method::POST, &path).await.header("if-match", version);
            app.send(request.json(&body)).await
        };
        let first = write("居住证申领").await;
        assert_eq!(first["version"], 1);
        act(&first, "\"1\"", json!({ "act": "change", "text": guide("居住证", "convenience", "第一人改的。") })).await.expect(200);
        let late = act(&first, "\"1\"", json!({ "act": "change", "text": guide("居住证", "convenience", "第二人改的。") })).await;
        assert!(late.refused(409, "conflict")["title_zh"].as_str().unwrap().contains("其他人"));
        act(&first, "one", json!({ "act": "publish" })).await.refused(400, "bad_request");
        let published = act(&first, "\"2\"", json!({ "act": "publish" })).await.expect(200);
        assert_eq!((&published["guide"]["text"]["text"], &published["guide"]["version"]), (&json!("第一人改的。"), &json!(3)));

        // Newer drafts take nobody's place: what is published stands first, drafts follow page by page.
        for title in ["草稿一", "草稿二", "草稿三"] {
            write(title).await;
        }
        let page = app.get("xlb1", "/guides?limit=2").await;
        let of = |page: &Value| -> Vec<String> {
            page["guides"].as_array().unwrap().iter().map(|one| one["guide"]["text"]["title"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(of(&page), ["居住证", "草稿三", "草稿二"]);
        let rest = app.get("xlb1", &format!("/guides?limit=2&before={}", page["next"].as_str().unwrap())).await;
        assert_eq!((of(&rest), &rest["next"]), (vec!["草稿一".to_owned()], &json!(null)));
    }

    async fn what_was_solved_nearby_is_told_without_anybody_in_it(db: TestDb) {
        let app = TestApp::start(db).await;
        for _ in 0..4 {
            solved(&app, "s001").await;
        }
        let ask = async |grid: &str| {
            tally::catch_up(&app.app, tally::ALONE, |_| {}).await.unwrap();
            app.get("", &format!("/public/solved?grid={grid}")).await
        };
        // The week is not over.
        assert!(ask("lh.dm.c01.g01").await["weeks"].as_array().unwrap().iter().all(|week| week["community"] == json!([])));
        app.clock.advance(SignedDuration::from_hours(24 * 7));
        let told = ask("lh.dm.c01.g01").await;
        assert_eq!((&told["community"]["zh"], told["weeks"].as_array().unwrap().len()), (&json!("青云社区"), 4));
        let week = &told["weeks"][0];
        assert_eq!((&week["first"], &week["last"]), (&json!("2026-06-08"), &json!("2026-06-14")));
        let line = json!({
            "category": { "zh": "噪音与污染", "en": "Noise and pollution" }, "finished": 4, "minutes": 60, "solved": { "part": 4, "whole": 4 },
        });
        assert_eq!((&week["community"], &week["grid"]), (&json!([line]), &json!([line])), "{told}");
        assert!(!told.to_string().contains("绝密暗语"));
        // The grid beside it, where nothing was finished, hears of its community only.
        assert_eq!(ask("lh.dm.c01.g02").await["weeks"][0]["grid"], json!([]));
        app.call("", Method::GET, "/public/solved?grid=lh.dm.c01", None).await.refused(422, "invalid");
        app.call("", Method::GET, "/public/solved?grid=nowhere", None).await.refused(422, "invalid");
    }

    async fn a_single_case_can_not_be_worked_out_from_what_is_told_of_others(db: TestDb) {
        let app = TestApp::start(db).await;
        for spot in ["s001", "s001", "s001", "s004"] {
            solved(&app, spot).await;
        }
        app.clock.advance(SignedDuration::from_hours(24 * 7));
        tally::catch_up(&app.app, tally::ALONE, |_| {}).await.unwrap();
        // Four in the community, three of them in the first grid: whoever knew both would know of the one in the second.
        let told = app.get("", "/public/solved?grid=lh.dm.c01.g01").await;
        assert_eq!(told["weeks"][0]["community"][0]["finished"], 4);
        assert_eq!(told["weeks"][0]["grid"], json!([]));
    }

    async fn notices_of_my_grid_are_not_crowded_out_by_those_of_others(db: TestDb) {
        let app = TestApp::start(db).await;
        let until = (app.now() + SignedDuration::from_hours(48)).to_string();
        let notice = |unit: &str, title: &str| json!({ "unit": unit, "title": title, "text": "请相互转告", "shown_until": until });
        app.post("c01a", "/notices", notice("lh.dm.c01", "青云停水")).await.expect(201);
        for n in 0..101 {
            app.post("c02a", "/notices", notice("lh.dm.c02", &format!("和平里 {n}"))).await.expect(201);
        }
        assert_eq!(titles(&app.get("", "/public/notices?grid=lh.dm.c01.g01").await), ["青云停水"]);
        assert_eq!(app.get("", "/public/notices?grid=nowhere").await, json!([]));
    }
}
