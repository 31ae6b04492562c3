//! 6. Signals 苗头 and hot issues 热点: raised by the program, decided by people, and what came of them.

use jiban::desk::tally;
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

/// Sixty people of one place, six to each of ten matters.
async fn others(app: &TestApp) {
    let matters = [
        "门禁坏了",
        "路灯不亮",
        "快递被偷",
        "树枝太长",
        "车位被占",
        "信箱生锈",
        "沙坑有狗屎",
        "对讲没声音",
        "晾衣杆断了",
        "宣传栏过期",
    ];
    for n in 0..60_u32 {
        let matter = matters[n as usize % matters.len()];
        tell(app, "s005", n, &format!("{}号楼的{matter}，第{n}次反映", n * 3), "ask.suggestion").await;
    }
}

/// Looks for signals. Returns how many are new.
async fn look(app: &TestApp) -> u64 {
    app.call("xlb1", Method::POST, "/signals/scan", None).await.expect(200)["new"].as_u64().unwrap()
}

/// Looks for signals. Returns the rises that wait.
async fn rises(app: &TestApp) -> Vec<Value> {
    look(app).await;
    open(app, "rise").await
}

async fn open(app: &TestApp, kind: &str) -> Vec<Value> {
    let all = app.get("leader1", "/signals").await;
    all["open"].as_array().unwrap().iter().filter(|signal| signal["kind"] == kind).cloned().collect()
}

async fn decided(app: &TestApp, kind: &str) -> Value {
    let all = app.get("leader1", "/signals").await;
    all["decided"].as_array().unwrap().iter().find(|signal| signal["kind"] == kind).unwrap().clone()
}

both_engines! {
    async fn a_rise_is_raised_once_and_what_a_person_decides_holds(db: TestDb) {
        let app = TestApp::start(db).await;
        ten_weeks(&app).await;
        assert_eq!(rises(&app).await, Vec::<Value>::new(), "the usual is no signal");

        // Seven people of one grid within two days; one of them calls four times.
        let mut last = String::new();
        for n in 0..7 {
            last = tell(&app, "s014", 9_000 + n, "天台水箱漏水，自来水发黄", "utility.waterquality").await;
        }
        for _ in 0..3 {
            tell(&app, "s014", 9_000, "天台水箱漏水，自来水发黄", "utility.waterquality").await;
        }
        let found = rises(&app).await;
        let [signal] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((&signal["category"], &signal["count"]), (&json!("utility.waterquality"), &json!(7)), "{signal}");
        assert!(signal["expected"].as_f64().unwrap() < 1.0 && signal["chance"].as_f64().unwrap() <= 1.0 / 30.0, "{signal}");
        assert_eq!(signal["members"].as_array().unwrap().len(), 7);
        assert!(!signal.to_string().contains("1390000"), "nobody is named");
        assert_eq!(look(&app).await, 0, "what waits is not raised again");

        // Dismissed with a reason, it stays away; with clearly more of it, it comes back.
        let id = signal["id"].as_str().unwrap().to_owned();
        let decide = async |id: &str, act: &str, body: Value| app.post("xlb1", &format!("/signals/{id}/{act}"), body).await;
        assert_eq!(decide(&id, "dismiss", json!({})).await.refused(422, "invalid")["field"], "note");
        decide(&id, "dismiss", json!({ "note": "水务已在抢修" })).await.expect(200);
        decide(&id, "dismiss", json!({ "note": "再来一次" })).await.refused(409, "already");
        assert_eq!(rises(&app).await, Vec::<Value>::new());
        for n in 0..5 {
            last = tell(&app, "s014", 9_100 + n, "自来水还是发黄", "utility.waterquality").await;
        }

        // Accepted, it is an inspection of its own with the cases linked, however often the button is pressed.
        let found = rises(&app).await;
        let id = found[0]["id"].as_str().unwrap();
        let accepted = decide(id, "accept", json!({ "note": "请水务一起查" })).await.expect(200);
        decide(id, "accept", json!({})).await.refused(409, "already");
        let became = accepted["became"]["case"].as_str().unwrap();
        let case = app.get("xlb1", &format!("/cases/{became}")).await["case"].take();
        assert_eq!((&case["origin"], &case["channel"]), (&json!("signal"), &json!("analysis")), "{case}");
        assert!(case["text"].as_str().unwrap().contains("请水务一起查"));
        assert!(case["links"].as_array().unwrap().contains(&json!(last)), "{case}");
        assert_eq!(case["proposal"]["category"], "utility.waterquality");
        assert_eq!(open(&app, "rise").await, Vec::<Value>::new());
        decide("7", "accept", json!({})).await.refused(404, "not_found");
    }

    async fn what_comes_again_is_spoken_of_or_comes_with_the_year_stands_on_one_board(db: TestDb) {
        let app = TestApp::start(db).await;
        // It is June: the rainy season and the exams are on, the summer load is near; winter is far.
        assert_eq!(look(&app).await, 3);
        let named = async || {
            let occasions = open(&app, "occasion").await;
            let mut names: Vec<String> = occasions.iter().map(|one| one["occasion"].as_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(named().await, ["exams", "flood", "summer"]);
        assert!(app.get("xlb1", "/notifications").await.to_string().contains("苗头 3 项"));
        assert_eq!(look(&app).await, 0);

        others(&app).await;
        // A matter three times, and one that ten people speak of at three places.
        let mut first = String::new();
        for n in 0..3 {
            let case = tell(&app, "s014", 100 + n, "地下车库顶板一直渗水", "house.leak").await;
            if n == 0 {
                first = case;
            } else {
                app.act("xlb1", &case, "mark-repeat", json!({ "of": first })).await;
            }
        }
        for n in 0..10_u32 {
            let text = format!("地铁口风亭夜里轰鸣，{}栋整楼睡不着", n + 1);
            tell(&app, ["s030", "s044", "s050"][n as usize % 3], 500 + n, &text, "noise.machine").await;
        }
        // Of what is no problem by the policy, however many speak of it, nothing is raised.
        for n in 0..12_u32 {
            let text = format!("网格员帮忙找回走失的小狗，{}栋住户特此表扬", n + 1);
            tell(&app, "s022", 700 + n, &text, "ask.praise").await;
        }
        look(&app).await;
        let (repeats, hot) = (open(&app, "repeat").await, open(&app, "hot").await);
        assert_eq!(open(&app, "rise").await, [] as [Value; 0]);
        let ([repeat], [hot]) = (repeats.as_slice(), hot.as_slice()) else {
            panic!("{repeats:?} {hot:?} {}", app.get("leader1", "/signals/hot?days=7").await)
        };
        assert_eq!((&repeat["count"], &repeat["first"], &repeat["category"]), (&json!(3), &json!(first), &json!("house.leak")));
        assert!(repeat["area"].is_string(), "{repeat}");
        assert_eq!((&hot["people"], &hot["category"], &hot["area"]), (&json!(10), &json!("noise.machine"), &json!(null)));
        assert!(!format!("{repeat}{hot}").contains("139000"), "nobody is named");

        // A warning comes when a person tells of it, once while it holds.
        let warn = async |body: Value| app.post("xlb1", "/signals/warnings", body).await;
        assert_eq!(warn(json!({ "occasion": "flood" })).await.refused(422, "invalid")["field"], "occasion");
        assert_eq!(warn(json!({ "occasion": "typhoon", "days": 61 })).await.refused(422, "invalid")["field"], "days");
        let typhoon = warn(json!({ "occasion": "typhoon" })).await.expect(200);
        assert_eq!((&typhoon["first"], &typhoon["last"]), (&json!("2026-06-08"), &json!("2026-06-10")));
        warn(json!({ "occasion": "typhoon" })).await.refused(409, "already");

        // It becomes a plan of rounds, an issue an inspection; a matter is dismissed. Each is decided once.
        let plan = json!({
            "title": "台风前巡查", "areas": ["lh.dm"], "every_days": 1, "checklist": "typhoon",
            "season": { "from": "06-08", "to": "06-10" },
        });
        let rounds = json!({ "plan": plan, "signal": typhoon["id"] });
        app.post("c01a", "/rounds/plans", rounds.clone()).await.refused(403, "forbidden");
        let made = app.post("leader1", "/rounds/plans", rounds.clone()).await.expect(200);
        app.post("leader1", "/rounds/plans", rounds).await.refused(409, "already");
        let coverage = app.get("xlb1", "/rounds/coverage").await;
        assert_eq!(coverage["plans"].as_array().unwrap().len(), 1, "nothing is half-done");
        let of_warning = decided(&app, "occasion").await;
        assert_eq!((&of_warning["decision"]["rounds"], &of_warning["became"]["title"]), (&made["id"], &json!("台风前巡查")));
        let path = |signal: &Value, act: &str| format!("/signals/{}/{act}", signal["id"].as_str().unwrap());
        app.post("xlb1", &path(hot, "accept"), json!({})).await.expect(200);
        app.post("xlb1", &path(repeat, "dismiss"), json!({ "note": "已列入维修计划" })).await.expect(200);
        assert_eq!(decided(&app, "hot").await["outcome"]["came"], "too_early");
        assert_eq!(look(&app).await, 0, "what was decided is not asked again");

        // Ten days on: the fan roars on, the leak is mended. What came of each is told.
        for n in 0..9_u32 {
            app.clock.advance(SignedDuration::from_hours(24));
            tell(&app, "s030", 700 + n, "风亭又在轰鸣", "noise.machine").await;
        }
        app.clock.advance(SignedDuration::from_hours(24));
        tally::catch_up(&app.app, tally::BESIDE_PEOPLE, |_| {}).await.unwrap();
        let (hot, repeat) = (decided(&app, "hot").await, decided(&app, "repeat").await);
        assert_eq!((&hot["outcome"]["came"], &hot["outcome"]["after"]["count"]), (&json!("more"), &json!(9)), "{hot}");
        assert_eq!((&repeat["outcome"]["came"], &repeat["state"]), (&json!("usual"), &json!("dismissed")), "{repeat}");
        let board = app.get("leader1", "/signals").await;
        let sums = board["sums"].as_array().unwrap();
        let sum = sums.iter().find(|sum| sum["kind"] == "hot" && sum["state"] == "accepted").unwrap();
        assert_eq!((&sum["signals"], &sum["came"]), (&json!(1), &json!({ "more": 1 })));
        // The warning is over; the next storm is told of anew, and an occasion that waits is not asked twice.
        warn(json!({ "occasion": "typhoon", "days": 2 })).await.expect(200);
        look(&app).await;
        assert_eq!(named().await, ["exams", "flood", "summer", "typhoon"]);
    }

    async fn what_many_speak_of_is_told_with_its_cases(db: TestDb) {
        let app = TestApp::start(db).await;
        assert_eq!(app.get("leader1", "/signals/hot").await, json!([]));
        others(&app).await;
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
