//! 6. Weak signals 弱信号 and hot issues 热点: raised by the program, decided by people.

use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::TestApp;

async fn tell(app: &TestApp, spot: &str, phone: u32, text: &str, category: &str) -> String {
    let reporter = json!({ "name": "某某", "phone": format!("139{phone:08}") });
    let body = json!({ "channel": "hotline", "text": text, "place": { "spot": spot }, "reporter": reporter });
    let case = app.post("xlb1", "/cases", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    app.act("xlb1", &case, "classify", json!({ "class": "fast", "category": category })).await;
    case
}

/// Ten weeks in which each place has its usual matters.
async fn ten_weeks(app: &TestApp) {
    let matters = [
        ("路灯不亮", "utility.lamps"),
        ("垃圾没人清运", "city.litter"),
        ("共享单车乱停", "traffic.shared"),
        ("下水道堵塞", "utility.drain"),
    ];
    for day in 0..70_u32 {
        for turn in 0..2 {
            let n = day * 2 + turn;
            let (text, category) = matters[((n * 7 + n / 5) % 4) as usize];
            let spot = format!("s{:03}", 1 + (n * 11 + n / 3) % 60);
            tell(app, &spot, n, &format!("{text}，第{n}回看到，请处理"), category).await;
        }
        app.clock.advance(SignedDuration::from_hours(24));
    }
}

async fn scan(app: &TestApp) -> u64 {
    app.call("xlb1", Method::POST, "/signals/scan", None).await.expect(200)["new"].as_u64().unwrap()
}

async fn open(app: &TestApp) -> Vec<Value> {
    let all = app.get("leader1", "/signals").await;
    all.as_array().unwrap().iter().filter(|signal| signal["state"] == "open").cloned().collect()
}

both_engines! {
    async fn a_rise_is_raised_once_and_what_a_person_decides_holds(db: TestDb) {
        let app = TestApp::start(db).await;
        assert_eq!(scan(&app).await, 0);
        ten_weeks(&app).await;
        assert_eq!(scan(&app).await, 0, "the usual is no signal");

        // Seven people of one grid within two days; one of them calls four times.
        let mut last = String::new();
        for n in 0..7 {
            last = tell(&app, "s014", 9_000 + n, "天台水箱漏水，自来水发黄", "utility.waterquality").await;
        }
        for _ in 0..3 {
            tell(&app, "s014", 9_000, "天台水箱漏水，自来水发黄", "utility.waterquality").await;
        }
        assert_eq!(scan(&app).await, 1);
        let found = open(&app).await;
        let signal = &found[0];
        assert_eq!((&signal["category"], &signal["count"]), (&json!("utility.waterquality"), &json!(7)), "{signal}");
        assert!(signal["expected"].as_f64().unwrap() < 1.0 && signal["chance"].as_f64().unwrap() <= 1.0 / 30.0, "{signal}");
        assert_eq!(signal["members"].as_array().unwrap().len(), 7);
        assert!(!signal.to_string().contains("1390000"), "nobody is named");
        assert_eq!(scan(&app).await, 0, "what waits is not raised again");

        // Dismissed with a reason, it stays away; with clearly more of it, it comes back.
        let id = signal["id"].as_str().unwrap().to_owned();
        let decide = async |id: &str, act: &str, body: Value| app.post("xlb1", &format!("/signals/{id}/{act}"), body).await;
        assert_eq!(decide(&id, "dismiss", json!({})).await.refused(422, "invalid")["field"], "note");
        decide(&id, "dismiss", json!({ "note": "水务已在抢修" })).await.expect(200);
        decide(&id, "dismiss", json!({ "note": "再来一次" })).await.refused(409, "already");
        assert_eq!((scan(&app).await, open(&app).await.len()), (0, 0));
        for n in 0..5 {
            last = tell(&app, "s014", 9_100 + n, "自来水还是发黄", "utility.waterquality").await;
        }
        assert_eq!(scan(&app).await, 1);

        // Accepted, it is an inspection of its own with the cases linked, however often the button is pressed.
        let found = open(&app).await;
        let id = found[0]["id"].as_str().unwrap();
        let accepted = decide(id, "accept", json!({ "note": "请水务一起查" })).await.expect(200);
        decide(id, "accept", json!({})).await.refused(409, "already");
        let became = accepted["became"].as_str().unwrap();
        let case = app.get("xlb1", &format!("/cases/{became}")).await["case"].take();
        assert_eq!((&case["origin"], &case["channel"]), (&json!("signal"), &json!("analysis")), "{case}");
        assert!(case["text"].as_str().unwrap().contains("请水务一起查"));
        assert!(case["links"].as_array().unwrap().contains(&json!(last)), "{case}");
        assert_eq!(case["proposal"]["category"], "utility.waterquality");
        assert_eq!(open(&app).await, Vec::<Value>::new());
        decide("7", "accept", json!({})).await.refused(404, "not_found");
    }

    async fn what_many_speak_of_is_told_with_its_cases(db: TestDb) {
        let app = TestApp::start(db).await;
        assert_eq!(app.get("leader1", "/signals/hot").await, json!([]));
        for n in 0..30_u32 {
            let text = format!("{}号楼的{}，第{n}次反映", n * 3, ["门禁坏了", "路灯不亮", "快递被偷", "树枝太长", "车位被占"][n as usize % 5]);
            tell(&app, "s005", n, &text, "ask.suggestion").await;
        }
        for n in 0..8_u32 {
            let text = ["地铁口风亭夜里轰鸣，整栋楼睡不着", "风亭轰鸣声太大，地铁公司不管", "地铁风亭半夜噪声像打雷"][n as usize % 3];
            tell(&app, "s030", 500 + n, text, "noise.machine").await;
        }
        let hot = app.get("leader1", "/signals/hot?days=7").await;
        let found = hot.as_array().unwrap().iter().find(|one| one["name"].to_string().contains("风亭"));
        let found = found.unwrap_or_else(|| panic!("{hot}"));
        assert_eq!((&found["people"], &found["cases"]), (&json!(8), &json!(8)), "{found}");
        assert_eq!(app.call("leader1", Method::GET, "/signals/hot?days=0", None).await.refused(422, "invalid")["field"], "days");
    }
}
