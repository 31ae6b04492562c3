//! What was undertaken before it was asked, in numbers 未诉先办统计: each number as its definition says, in the report, on paper,
//! and for the units that it belongs to.

use jiban::{
    ahead::{activities, campaigns, duty_calls},
    desk::tally,
    infra::{config::Machine, signature},
};
use jiban_store::{both_engines, testkit::TestDb};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{MONDAY, TestApp, at, jiban, photo};

const SECRET: &str = "a secret of the cameras";
const DAYS: &str = "from=2026-06-08&to=2026-06-14";

async fn start(db: TestDb) -> TestApp {
    let machine = Machine { name: "cameras".into(), secret: SECRET.into(), events_per_minute: 1_000 };
    TestApp::start_at(db, at(MONDAY), |config| config.machines = vec![machine]).await
}

fn minutes(app: &TestApp, minutes: i64) {
    app.clock.advance(SignedDuration::from_mins(minutes));
}

/// The figures of a reader's units, by their codes: now, and before.
async fn figures(app: &TestApp, who: &str, days: &str) -> impl Fn(&str) -> (Value, Value) {
    let told = app.get(who, &format!("/assessment/ahead?{days}")).await;
    move |what| {
        let figures = told["figures"].as_array().unwrap();
        let found = figures.iter().find(|figure| figure["what"] == what);
        found.map_or((json!(0), json!(0)), |figure| (figure["now"].clone(), figure["before"].clone()))
    }
}

async fn rounds(app: &TestApp) {
    for spot in ["s001", "s002"] {
        app.post("c01g01a", "/rounds/visits", json!({ "spot": spot, "at": app.now().to_string() })).await.expect(204);
    }
    let found = json!({
        "channel": "rounds", "origin": "inspection", "text": "消防通道堵塞", "place": { "spot": "s001" },
    });
    for settled in [true, false] {
        let id = app.post("c01g01a", "/cases", found.clone()).await.expect(201)["id"].as_str().unwrap().to_owned();
        if settled {
            app.upload("c01g01a", &id, "after", "after.jpg", photo()).await.expect(201);
            let settle = json!({ "outcome": "已请车主挪走", "category": "safety.exits" });
            app.act("c01g01a", &id, "settle", settle).await;
        }
    }
}

/// Three numbers, two called after four and six minutes, one of whom did not come.
async fn hall(app: &TestApp) {
    for _ in 0..3 {
        app.call("", Method::POST, "/public/hall/tickets", Some(json!({ "counter": "petition" }))).await.expect(201);
    }
    for (wait, number, act) in [(4, "A001", "serve"), (2, "A002", "miss")] {
        minutes(app, wait);
        app.post("xlb1", "/hall/call", json!({ "counter": "petition", "window": "1" })).await.expect(200);
        app.post("xlb1", &format!("/hall/tickets/{number}"), json!({ "act": act })).await.expect(200);
    }
}

/// One call that is taken after three minutes, one that nobody takes.
async fn duty(app: &TestApp) {
    let roster = "post,unit,person,from,to,order\nstreet,lh.dm,duty1,2026-06-01 00:00,2026-06-30 00:00,1\n";
    app.post("admin", "/organisation/import", json!({ "roster": roster })).await.expect(200);
    let call =
        async || app.post("duty1", "/duty/calls", json!({ "unit": "lh.dm", "post": "street" })).await.expect(201);
    let first = call().await;
    minutes(app, 3);
    app.post("duty1", &format!("/duty/calls/{}/take", first["id"].as_str().unwrap()), json!({})).await.expect(200);
    call().await;
    minutes(app, 3);
    duty_calls::ring_on(&app.app).await.unwrap();
}

/// A campaign with a task done in time, one whose day goes by, and one that falls away with it.
async fn campaign(app: &TestApp) -> String {
    let plan = json!({
        "title": "楼道清理", "goal": "不再堆物", "category": "safety.exits", "areas": ["lh.dm.c01"], "lead": "lh.dm.csb",
        "units": ["lh.dm.c01"], "first": "2026-06-08", "last": "2026-06-30",
    });
    let made = app.post("leader1", "/campaigns", json!({ "plan": plan })).await.expect(200);
    let acts = format!("/campaigns/{}/acts", made["id"].as_str().unwrap());
    for (unit, due) in [("lh.dm.csb", "2026-06-10"), ("lh.dm.c01", "2026-06-09"), ("lh.dm.csb", "2026-06-30")] {
        let task = json!({ "act": "add_task", "text": "清理", "unit": unit, "due": due });
        app.post("xlb1", &acts, task).await.expect(200);
    }
    app.post("csb1", &acts, json!({ "act": "finish_task", "number": 1, "note": "已清理" })).await.expect(200);
    acts
}

async fn partners(app: &TestApp) {
    let terms = app.get("", "/public/partners/terms").await;
    let mut doors = Vec::new();
    for (kind, phone) in [("shop", "13912345678"), ("volunteer", "13912345679"), ("shop", "13912345670")] {
        let new = json!({
            "kind": kind, "name": "某某", "person": "", "phone": phone, "spot": "s001",
            "consent": terms["consent"]["version"],
        });
        let door = app.post("", "/public/partners", new).await.expect(201);
        let act =
            if doors.len() < 2 { json!({ "act": "admit" }) } else { json!({ "act": "decline", "reason": "重复" }) };
        app.post("c01a", &format!("/partners/{}/acts", door["partner"].as_str().unwrap()), act).await.expect(200);
        doors.push(door);
    }
    let items = json!({ "clean": false, "order": true, "green": false });
    let check = json!({ "door": doors[0], "list": "front", "items": items });
    app.post("", "/public/partners/check", check).await.expect(200);
    let mut ids = Vec::new();
    for kind in ["task", "volunteering"] {
        let hours = |hours: i64| (app.now() + SignedDuration::from_hours(hours)).to_string();
        let plan = json!({
            "kind": kind, "title": "清洁日", "text": "清扫", "kinds": [], "unit": "lh.dm.c01", "place": "广场",
            "from": hours(1), "until": hours(3), "seats": 9, "minutes": 120,
        });
        let set = app.post("c01a", "/activities", plan).await.expect(201);
        for door in &doors[..2] {
            app.post("", "/public/partners/take", json!({ "door": door, "activity": set["id"] })).await.expect(200);
        }
        ids.push(set["id"].as_str().unwrap().to_owned());
    }
    minutes(app, 90);
    let done = json!({ "door": doors[0], "activity": ids[0], "note": "清完了" });
    app.post("", "/public/partners/done", done).await.expect(200);
    for (door, came) in doors.iter().zip([true, false]) {
        let settle = json!({
            "act": "settle", "partner": door["partner"], "came": came, "minutes": if came { 100 } else { 0 },
        });
        app.post("c01a", &format!("/activities/{}/acts", ids[1]), settle).await.expect(200);
    }
    minutes(app, 120);
    activities::end_due(&app.app).await.unwrap();
}

/// One finding becomes a case, one is nothing, one waits.
async fn machines(app: &TestApp) {
    for (spot, events) in [("s001", 3), ("s002", 4), ("s030", 3)] {
        let event = json!({ "kind": "water_level", "spot": spot });
        let (now, text) = (app.now().as_second(), json!({ "events": vec![event; events] }).to_string());
        let sign = format!("sha256={}", signature::sign(SECRET, now, text.as_bytes()));
        let request =
            app.http.post(format!("{}/api/v1/machine/events", app.base)).header("content-type", "application/json");
        let request = request.header("jiban-source", "cameras").header("jiban-timestamp", now.to_string());
        app.send(request.header("jiban-signature", sign).body(text)).await.expect(200);
    }
    let found = app.get("xlb1", "/machine/findings").await;
    for (spot, act) in [("s001", "accept"), ("s002", "dismiss")] {
        let one = found.as_array().unwrap().iter().find(|one| one["spot"] == spot).unwrap();
        let path = format!("/machine/findings/{}/{act}", one["id"].as_str().unwrap());
        app.post("xlb1", &path, json!({ "note": "现场看过" })).await.expect(200);
    }
}

/// A day with two bookings of which one is received, and one that nobody booked.
async fn reception(app: &TestApp) {
    let plan = json!({ "date": "2026-06-11", "leader": "leader1", "place": "接访室" });
    let day = app.post("xlb1", "/receptions", plan).await.expect(201);
    let path = format!("/receptions/{}", day["id"].as_str().unwrap());
    for (slot, phone) in [("09:00:00", "13900000001"), ("09:30:00", "13900000002")] {
        let booking = json!({ "day": day["id"], "slot": slot, "matter": "楼道堆物", "reporter": { "name": "王明", "phone": phone } });
        app.post("c01a", "/receptions/bookings", booking).await.expect(201);
    }
    app.clock.set(at("2026-06-11T02:00:00Z"));
    let all = app.get("leader1", "/receptions").await;
    let bookings = all.as_array().unwrap().iter().find(|one| one["id"] == day["id"]).unwrap()["bookings"].clone();
    let case = json!({ "booking": bookings[0]["id"], "text": "楼道堆物", "place": { "spot": "s001" } });
    app.post("leader1", &format!("{path}/case"), case).await.expect(201);
    let missed = json!({ "act": "missed", "booking": bookings[1]["id"] });
    app.post("leader1", &format!("{path}/acts"), missed).await.expect(200);
}

both_engines! {
    async fn what_was_undertaken_is_counted_on_its_day_and_for_its_unit(db: TestDb) {
        let app = start(db).await;
        rounds(&app).await;
        hall(&app).await;
        duty(&app).await;
        let acts = campaign(&app).await;
        partners(&app).await;
        machines(&app).await;
        let told = json!({ "channel": "partner", "text": "门前有垃圾", "place": { "spot": "s001" } });
        app.post("", "/public/cases", told).await.expect(201);
        reception(&app).await;
        campaigns::tell_due(&app.app).await.unwrap();
        app.post("xlb1", &acts, json!({ "act": "drop", "reason": "并入另一专项" })).await.expect(200);
        tally::catch_up(&app.app, tally::ALONE, |_| {}).await.unwrap();

        let of = figures(&app, "leader1", DAYS).await;
        let expected = [
            ("spots_seen", 2), ("spots_in_time", 2), ("findings", 2), ("findings_on_spot", 1), ("findings_settled", 1),
            ("numbers_given", 3), ("numbers_called", 2), ("numbers_missed", 1), ("hall_wait", 5),
            ("calls", 2), ("calls_taken", 1), ("calls_missed", 1), ("call_wait", 3),
            ("campaigns_begun", 1), ("campaigns_ended", 1), ("tasks_ended", 2), ("tasks_in_time", 1),
            ("partners_admitted", 2), ("self_checks", 1), ("self_check_faults", 2), ("partner_reports", 1),
            ("tasks_taken", 2), ("tasks_done", 1), ("activities", 1), ("people", 1), ("hours", 2),
            ("machine_events", 7), ("machine_findings", 2), ("machine_cases", 1), ("machine_dismissed", 1),
            ("reception_days", 1), ("bookings", 2), ("bookings_received", 1), ("bookings_missed", 1),
            ("signals_raised", 0), ("sessions", 0),
        ];
        for (what, number) in expected {
            let before = if what.ends_with("_wait") { Value::Null } else { json!(0) };
            assert_eq!(of(what), (json!(number), before), "{what}");
        }
        // The next week tells of it as the week before; of a year before there is nothing.
        let later = figures(&app, "leader1", "from=2026-06-15&to=2026-06-21").await;
        assert_eq!((later("calls"), later("hall_wait")), ((json!(0), json!(2)), (Value::Null, json!(5))));
        let earlier = app.get("leader1", "/assessment/ahead?from=2025-06-08&to=2025-06-14").await;
        assert_eq!((&earlier["figures"], &earlier["more"]), (&json!([]), &json!(false)));
        // A community has what is its own, another what is not.
        let own = figures(&app, "c01a", DAYS).await;
        for (what, number) in [("tasks_ended", 1), ("tasks_in_time", 0), ("partners_admitted", 2), ("people", 1), ("machine_findings", 2)] {
            assert_eq!(own(what).0, json!(number), "{what}");
        }
        assert_eq!((own("calls").0, own("numbers_given").0, own("bookings").0), (json!(0), json!(0), json!(0)));
        let other = figures(&app, "c02a", DAYS).await;
        assert_eq!((other("tasks_ended").0, other("partners_admitted").0, other("findings").0), (json!(0), json!(0), json!(0)));
        app.call("c02a", Method::GET, "/assessment/ahead?unit=lh.dm.c01", None).await.refused(404, "not_found");

        // What belongs to a case finds its cases.
        let all = app.get("leader1", &format!("/assessment/ahead?{DAYS}")).await;
        let figure = all["figures"].as_array().unwrap().iter().find(|one| one["what"] == "partner_reports").unwrap();
        assert_eq!(figure["cases"], json!({ "measure": "registered", "channel": "partner" }));
        for (query, number) in [("measure=findings_on_spot", 1), ("measure=registered&by=channel&values=partner", 1)] {
            let cases = app.get("leader1", &format!("/assessment/cases?{DAYS}&{query}")).await;
            assert_eq!(cases["cases"].as_array().unwrap().len(), number, "{query}");
        }

        // The same in the report: as data, in words and as a table, in both languages.
        let report = app.get("leader1", &format!("/reports?kind=weekly&{DAYS}")).await;
        let line = json!({ "what": "hall_wait", "now": 5, "before": null });
        assert!(report["report"]["ahead"]["lines"].as_array().unwrap().contains(&line), "{}", report["report"]["ahead"]);
        let paper = report["document"].to_string();
        for words in ["其中当场处置 1 个", "大厅取号 3 个，等候时间中位数 5 分钟", "任务按时完成率 50.0%", "值班来电转呼 2 个，接听率 50.0%", "1 人到场，服务 2 小时", "未诉先办情况"] {
            assert!(paper.contains(words), "{words}: {paper}");
        }
        let english = app.get("leader1", &format!("/reports?kind=weekly&{DAYS}&language=en")).await["document"].to_string();
        assert!(english.contains("3 numbers were given in the hall, with a median wait of 5 minutes"), "{english}");
        let (done, markdown) =
            jiban(app.folder(), &["report", "weekly", "--from", "2026-06-08", "--to", "2026-06-14"]).await;
        assert!(done && markdown.contains("等候时间中位数（分钟）"), "{markdown}");
        let kept = app.post("xlb1", "/bulletins", json!({ "kind": "weekly", "from": "2026-06-08", "to": "2026-06-14" })).await.expect(200);
        assert_eq!(kept["bulletin"]["report"]["ahead"], report["report"]["ahead"]);
    }
}
