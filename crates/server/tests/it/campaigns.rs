//! Campaigns 专项治理: from a weak signal to an effect that can be told from chance, or not.

use jiban::{ahead::campaigns, desk::tally};
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{TestApp, jiban, photo};

async fn tell(app: &TestApp, spot: &str, phone: u32, category: &str) -> String {
    let reporter = json!({ "name": "某某", "phone": format!("139{phone:08}") });
    let text = format!("自来水发黄，第{phone}户");
    let body = json!({ "channel": "hotline", "text": text, "place": { "spot": spot }, "reporter": reporter });
    let case = app.post("xlb1", "/cases", body).await.expect(201);
    let id = case["id"].as_str().unwrap();
    app.act("xlb1", id, "classify", json!({ "class": "fast", "category": category })).await;
    case["number"].as_str().unwrap().to_owned()
}

fn plan(areas: &[&str], (first, last): (&str, &str)) -> Value {
    json!({
        "title": "供水水质专项治理", "goal": "查清水箱和管网问题，不再发黄。", "category": "utility.waterquality",
        "areas": areas, "lead": "lh.dm.csb", "units": ["lh.dm.c01"], "first": first, "last": last,
    })
}

async fn pass_days(app: &TestApp, days: i64) {
    app.clock.advance(SignedDuration::from_hours(24 * days));
}

async fn told(app: &TestApp, who: &str) -> usize {
    let all = app.get(who, "/notifications?unread=true").await;
    all.as_array().unwrap().iter().filter(|one| one["kind"] == "campaign").count()
}

both_engines! {
    async fn a_signal_becomes_a_campaign_whose_effect_is_told(db: TestDb) {
        let app = TestApp::start(db).await;
        for day in 0..30_u32 {
            for (n, spot) in ["s001", "s030", "s050"].into_iter().enumerate() {
                if day % 3 == n as u32 {
                    tell(&app, spot, day * 10 + n as u32, "utility.waterquality").await;
                }
            }
            pass_days(&app, 1).await;
        }
        for n in 0..15 {
            tell(&app, "s001", 5_000 + n, "utility.waterquality").await;
        }
        app.call("xlb1", Method::POST, "/signals/scan", None).await.expect(200);
        let signals = app.get("leader1", "/signals").await;
        let is_rise = |one: &&Value| one["kind"] == "rise" && one["category"] == "utility.waterquality";
        let signal = signals["open"].as_array().unwrap().iter().find(is_rise).unwrap();
        let members = signal["members"].as_array().unwrap().len();
        let area = signal["area"].as_str().unwrap();
        let grid_unit = app.get("xlb1", "/organisation").await;
        let community = grid_unit["units"].as_array().unwrap().iter().find(|unit| unit["id"] == area).unwrap();
        let community = if community["kind"] == "grid" { community["parent"].as_str().unwrap() } else { area };

        // Only those who see the whole begin one; what is wrong is named.
        pass_days(&app, 1).await;
        let today = app.now().to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()).date();
        let last = today.checked_add(jiff::Span::new().days(20)).unwrap();
        let (first, last) = (today.to_string(), last.to_string());
        let days = (first.as_str(), last.as_str());
        let begin = async |who: &str, plan: Value, signal: Value| {
            app.post(who, "/campaigns", json!({ "plan": plan, "signal": signal })).await
        };
        begin("zfd1", plan(&[community], days), json!(null)).await.refused(403, "forbidden");
        begin("xlb1", plan(&["lh.nowhere"], days), json!(null)).await.refused(422, "unknown");
        let nested = begin("xlb1", plan(&["lh.dm.c01", "lh.dm.c01.g01"], days), json!(null)).await.refused(422, "invalid");
        assert_eq!(nested["field"], "areas");
        let backwards = begin("xlb1", plan(&[community], (days.1, days.0)), json!(null)).await.refused(422, "invalid");
        assert_eq!(backwards["field"], "last");
        assert_eq!(app.get("xlb1", "/campaigns").await["campaigns"], json!([]));

        let made = begin("xlb1", plan(&[community], days), signal["id"].clone()).await.expect(200);
        let path = format!("/campaigns/{}", made["id"].as_str().unwrap());
        assert_eq!((made["members"].as_array().unwrap().len(), &made["state"]), (members, &json!("running")));
        begin("xlb1", plan(&[community], days), signal["id"].clone()).await.refused(409, "already");
        let signals = app.get("leader1", "/signals").await;
        let decided = signals["decided"].as_array().unwrap().iter().find(|one| one["id"] == signal["id"]).unwrap();
        assert_eq!((&decided["state"], &decided["decision"]["campaign"]), (&json!("accepted"), &made["id"]));
        assert_eq!((&decided["became"]["title"], &decided["became"]["state"]), (&made["plan"]["title"], &json!("running")));
        assert_eq!((told(&app, "csb1").await, told(&app, "zfd1").await), (1, 0));

        let numbers = app.get("leader1", &format!("/assessment/ahead?from={first}&to={first}")).await;
        let figure = |what: &str| numbers["figures"].as_array().unwrap().iter().find(|one| one["what"] == what).cloned();
        let accepted = figure("signals_accepted").unwrap();
        assert_eq!((&accepted["now"], &accepted["before"]), (&json!(1), &json!(0)), "{numbers}");
        assert!(figure("signals_raised").unwrap()["before"].as_i64().unwrap() >= 1, "raised the day before: {numbers}");

        // Tasks: set by whoever leads it, for units that take part, within its days; done by the unit; told of in time.
        let act = async |who: &str, body: Value| app.post(who, &format!("{path}/acts"), body).await;
        let task = |unit: &str, due: &str| json!({ "act": "add_task", "text": "清洗水箱", "unit": unit, "due": due });
        act("zfd1", task("lh.dm.csb", days.0)).await.refused(404, "not_found");
        act("c01a", task("lh.dm.csb", days.0)).await.refused(403, "forbidden");
        assert_eq!(act("csb1", task("lh.dm.zfd", days.0)).await.refused(422, "invalid")["field"], "unit");
        assert_eq!(act("csb1", task("lh.dm.c01", "2020-01-01")).await.refused(422, "invalid")["field"], "due");
        act("csb1", task("lh.dm.c01", days.1)).await.expect(200);
        let before = told(&app, "c01a").await;
        assert_eq!(campaigns::tell_due(&app.app).await.unwrap(), 0, "its time has not come");
        pass_days(&app, 19).await;
        assert_eq!((campaigns::tell_due(&app.app).await.unwrap(), campaigns::tell_due(&app.app).await.unwrap()), (1, 0));
        pass_days(&app, 5).await;
        assert_eq!((campaigns::tell_due(&app.app).await.unwrap(), campaigns::tell_due(&app.app).await.unwrap()), (1, 0));
        assert_eq!(told(&app, "c01a").await, before + 2, "once before, once after");
        act("xlb1", json!({ "act": "close", "report": "完成" })).await.refused(409, "first");
        act("c01a", json!({ "act": "finish_task", "number": 1, "note": " " })).await.refused(422, "invalid");
        act("c01a", json!({ "act": "finish_task", "number": 1, "note": "已清洗 12 个水箱" })).await.expect(200);
        act("c01a", json!({ "act": "finish_task", "number": 1, "note": "再来" })).await.refused(409, "already");
        act("xlb1", json!({ "act": "finish_task", "number": 9, "note": "x" })).await.refused(422, "unknown");
        let visit = json!({ "act": "visit", "day": days.0, "units": ["lh.dm.csb"], "place": "天台水箱", "found": "锈蚀 3 处" });
        act("csb1", visit).await.expect(200);
        act("csb1", json!({ "act": "close", "report": "水箱已全部清洗，纳入半年一次的清洗计划。" })).await.expect(200);
        act("csb1", task("lh.dm.c01", days.1)).await.refused(409, "already");

        // Nobody there complains any more, elsewhere they go on as before.
        for day in 0..40_u32 {
            if day % 3 != 0 {
                let spot = if day % 3 == 1 { "s030" } else { "s050" };
                tell(&app, spot, 7_000 + day, "utility.waterquality").await;
            }
            pass_days(&app, 1).await;
        }
        tally::catch_up(&app.app, tally::BESIDE_PEOPLE, |_| {}).await.unwrap();
        let shown = app.get("leader1", &path).await;
        let measured = &shown["measured"];
        assert_eq!((&measured["so_far"], &measured["effect"]["verdict"]), (&json!(false), &json!("fewer")), "{measured}");
        assert_eq!(measured["effect"]["here"]["after"], 0);
        assert!(measured["effect"]["interval"][1].as_f64().unwrap() < 1.0);
        let paper = shown["document"].to_string();
        for words in ["水箱已全部清洗", "共布置任务 1 项，已完成 1 项，逾期 1 项", "天台水箱", "比应有数量少", "95% 区间"] {
            assert!(paper.contains(words), "{words}: {paper}");
        }
        assert!(!paper.contains("某某") && !paper.contains("1390000"), "nobody is named");
        assert_eq!(shown["charts"].as_array().unwrap().len(), 1);
        for form in ["pdf", "docx"] {
            let file = app.call("leader1", Method::GET, &format!("{path}/file?form={form}"), None).await;
            assert!(file.status == 200 && file.bytes.len() > 2_000, "{form}: {}", file.text());
        }
        let english = app.get("leader1", &format!("{path}?language=en")).await["document"].to_string();
        assert!(english.contains("fewer cases of the kind than could be expected"), "{english}");
        let (whole, said) = jiban(app.folder(), &["audit", "verify"]).await;
        assert!(whole, "{said}");
    }

    async fn what_fits_a_kept_filter_joins_by_itself_and_material_is_for_who_sees_the_campaign(db: TestDb) {
        let app = TestApp::start(db).await;
        let made = app.post("leader1", "/campaigns", json!({ "plan": plan(&[], ("2026-06-08", "2026-06-30")) })).await;
        let made = made.expect(200);
        let path = format!("/campaigns/{}", made["id"].as_str().unwrap());
        let filter = json!({ "category": "utility", "area": "lh.dm.c01", "from": "2026-06-01", "to": "2026-06-30" });
        let gather = async |body: Value| app.post("xlb1", &format!("{path}/cases"), body).await;
        assert_eq!(gather(json!({ "keep": true })).await.refused(422, "invalid")["field"], "filter");
        let kept = gather(json!({ "filter": filter, "keep": true })).await.expect(200);
        assert_eq!((&kept["new"], &kept["campaign"]["kept"]["filter"]), (&json!(0), &filter), "there is none yet");

        for n in 0..3 {
            tell(&app, if n < 2 { "s001" } else { "s050" }, n, "utility.waterquality").await;
        }
        assert_eq!(campaigns::gather_kept(&app.app).await.unwrap(), 2);
        assert_eq!(campaigns::gather_kept(&app.app).await.unwrap(), 0);
        let members = app.get("xlb1", &path).await["campaign"]["members"].take();
        let out = format!("{path}/cases?case={}", members[0].as_str().unwrap());
        app.call("xlb1", Method::DELETE, &out, None).await.expect(200);
        assert_eq!(campaigns::gather_kept(&app.app).await.unwrap(), 0, "what was taken out by hand stays out");
        let act = async |who: &str| app.post(who, &format!("{path}/acts"), json!({ "act": "forget_filter" })).await;
        act("c01a").await.refused(403, "forbidden");
        assert_eq!(act("xlb1").await.expect(200)["kept"], json!(null));
        act("xlb1").await.refused(409, "first");
        tell(&app, "s001", 77, "utility.waterquality").await;
        assert_eq!(campaigns::gather_kept(&app.app).await.unwrap(), 0);

        // Material: by units that take part, checked by content, the same once.
        let add = async |who: &str, name: &str, file: Vec<u8>| {
            let path = format!("{path}/materials?name={name}");
            app.send(app.request(who, Method::POST, &path).await.body(file)).await
        };
        add("zfd1", "a.jpg", photo()).await.refused(404, "not_found");
        add("xlb1", "a.exe", b"MZ".to_vec()).await.refused(415, "unfit_file");
        let added = add("csb1", "会议纪要13800138000.jpg", photo()).await.expect(201);
        let materials = added["materials"].as_array().unwrap();
        assert_eq!((materials.len(), materials[0]["media_type"].as_str()), (1, Some("image/jpeg")));
        assert!(!materials[0]["name"].to_string().contains("13800138000"), "{added}");
        assert_eq!(add("c01a", "b.jpg", photo()).await.expect(200)["materials"].as_array().unwrap().len(), 1);
        let file = format!("{path}/materials/{}", materials[0]["id"].as_str().unwrap());
        let bytes = app.call("c01a", Method::GET, &file, None).await;
        assert!(bytes.status == 200 && bytes.bytes.starts_with(&[0xff, 0xd8]), "{}", bytes.status);
        app.call("zfd1", Method::GET, &file, None).await.refused(404, "not_found");
        let shown = app.get("xlb1", &path).await;
        assert!(shown["document"].to_string().contains("会议纪要"), "{shown}");
        app.post("xlb1", &format!("{path}/acts"), json!({ "act": "drop", "reason": "并入年度计划" })).await.expect(200);
        add("csb1", "c.pdf", b"%PDF-1.4 x".to_vec()).await.refused(409, "already");
    }

    async fn cases_are_gathered_by_number_or_by_a_filter_that_says_something(db: TestDb) {
        let app = TestApp::start(db).await;
        let mut numbers = Vec::new();
        for n in 0..4 {
            numbers.push(tell(&app, if n < 3 { "s001" } else { "s050" }, n, "utility.waterquality").await);
        }
        tell(&app, "s001", 9, "noise.shop").await;
        let plan = plan(&[], ("2026-06-08", "2026-06-30"));
        let made = app.post("leader1", "/campaigns", json!({ "plan": plan })).await.expect(200);
        let path = format!("/campaigns/{}/cases", made["id"].as_str().unwrap());
        let gather = async |who: &str, body: Value| app.post(who, &path, body).await;
        let wide = json!({ "filter": { "from": "2026-01-01", "to": "2026-12-31" } });
        assert_eq!(gather("xlb1", wide).await.refused(422, "invalid")["field"], "filter");
        assert_eq!(gather("xlb1", json!({})).await.refused(422, "invalid")["field"], "numbers");
        let unknown = gather("xlb1", json!({ "numbers": [numbers[0], "DM-none"] })).await.refused(422, "invalid");
        assert!(unknown["detail"].to_string().contains("DM-none") || unknown["title"].to_string().contains("DM-none"), "{unknown}");
        gather("zfd1", json!({ "numbers": [numbers[0]] })).await.refused(404, "not_found");
        gather("c01a", json!({ "numbers": [numbers[0]] })).await.refused(403, "forbidden");
        let one = gather("xlb1", json!({ "numbers": [numbers[0]] })).await.expect(200);
        assert_eq!((&one["new"], one["campaign"]["members"].as_array().unwrap().len()), (&json!(1), 1));
        let filter = json!({ "filter": { "category": "utility", "area": "lh.dm.c01", "from": "2026-06-01", "to": "2026-06-30" } });
        let more = gather("xlb1", filter).await.expect(200);
        let expected: usize = 2;
        assert_eq!(more["new"].as_u64(), Some(expected as u64), "the other place and the other matter stay out: {more}");
        // A case tells its campaigns, to those who see them.
        let campaigns = async |who: &str, number: &str| {
            app.get(who, &format!("/cases/{number}")).await["campaigns"].take()
        };
        let told = json!([{ "id": made["id"], "title": "供水水质专项治理", "state": "running" }]);
        assert_eq!((campaigns("xlb1", &numbers[1]).await, campaigns("c01a", &numbers[1]).await), (told.clone(), told));
        assert_eq!(campaigns("c01g01a", &numbers[1]).await, json!([]), "its grid takes no part");
        assert_eq!(campaigns("xlb1", &numbers[3]).await, json!([]), "the other place is no member");
        for (who, reads) in [("c01a", true), ("c01g01a", false)] {
            let sheet = app.get(who, &format!("/cases/{}/papers/sheet", numbers[1])).await.to_string();
            assert_eq!(sheet.contains("供水水质专项治理"), reads, "{who}: {sheet}");
        }
        let members = more["campaign"]["members"].as_array().unwrap();
        let out = format!("{path}?case={}", members[0].as_str().unwrap());
        let rest = app.call("xlb1", Method::DELETE, &out, None).await.expect(200);
        assert_eq!(rest["members"].as_array().unwrap().len(), members.len() - 1);
        app.call("xlb1", Method::DELETE, &out, None).await.refused(422, "unknown");
        assert_eq!(campaigns("xlb1", members[0].as_str().unwrap()).await, json!([]), "it was taken out");
        // Who takes part sees of the cases only their own.
        let path = format!("/campaigns/{}", made["id"].as_str().unwrap());
        let all = app.get("leader1", &path).await;
        assert_eq!((all["cases"].as_array().unwrap().len(), &all["measured"]), (2, &json!(null)));
        let theirs = app.get("csb1", &path).await;
        assert_eq!((theirs["cases"].as_array().unwrap().len(), &theirs["leads"]), (0, &json!(true)));
        app.call("zfd1", Method::GET, &path, None).await.refused(404, "not_found");
        app.post("csb1", &format!("{path}/acts"), json!({ "act": "drop", "reason": "" })).await.refused(422, "invalid");
        let dropped = app.post("csb1", &format!("{path}/acts"), json!({ "act": "drop", "reason": "并入另一专项" })).await.expect(200);
        assert_eq!((&dropped["state"], &dropped["ending"]), (&json!("dropped"), &json!("并入另一专项")));
        app.call("xlb1", Method::DELETE, &out, None).await.refused(409, "already");
    }
}
