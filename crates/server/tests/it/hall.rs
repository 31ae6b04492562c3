//! The request hall and mediation 群众诉求服务大厅: from a number at the door to an agreement that is kept, on one case.

use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{MONDAY, TestApp, at, standing};

const STUDIO: &str = "lh.dm.sfs";

async fn take(app: &TestApp, counter: &str) -> Value {
    app.call("", Method::POST, "/public/hall/tickets", Some(json!({ "counter": counter }))).await.expect(201)
}

/// A case at the studio, with an agreement on file and what the parties drew.
async fn at_the_studio(app: &TestApp) -> (String, Vec<String>) {
    let id = app.verified().await.id;
    app.act("zfd1", &id, "route", json!({ "studio": "laoyang" })).await;
    app.clock.advance(SignedDuration::from_hours(1));
    let held = json!({
        "held_at": app.clock.now().to_string(), "present": "楼上住户、楼下住户", "told": "愿意修好", "outcome": "agreed"
    });
    app.act("sfs1", &id, "hold-session", held).await;
    let values = json!({
        "parties": "楼上住户与楼下住户", "facts": "漏水", "terms": "修好并赔偿", "performance": "现金",
        "perform_by": "2026-06-18", "mediator": "老杨", "studio": "laoyang"
    });
    app.act("sfs1", &id, "file-form", json!({ "form": "mediation", "values": values })).await;
    let mut drawn = Vec::new();
    for name in ["a.jpg", "b.jpg"] {
        let stored = app.upload("sfs1", &id, "signature", name, other_photo(name)).await.expect(201);
        drawn.push(stored["id"].as_str().unwrap().to_owned());
    }
    (id, drawn)
}

/// A picture of its own for each name: the same one twice would be the same attachment.
fn other_photo(name: &str) -> Vec<u8> {
    let shade = name.bytes().fold(0_u8, u8::wrapping_add);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(8, 8, image::Rgb([shade, 0, 0])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

both_engines! {
    async fn one_door_and_one_trip(db: TestDb) {
        let app = TestApp::start(db).await;
        let board = app.call("", Method::GET, "/public/hall", None).await.expect(200);
        assert_eq!((&board["open"], &board["from"]), (&json!(true), &json!("09:00")));
        // Many at once: each has a number of their own, and none is left out.
        let all = futures_util::future::join_all((0..20).map(|_| take(&app, "petition"))).await;
        let mut numbers: Vec<&str> = all.iter().map(|taken| taken["number"].as_str().unwrap()).collect();
        numbers.sort_unstable();
        let expected: Vec<String> = (1..=20).map(|number| format!("A{number:03}")).collect();
        assert_eq!(numbers, expected);
        assert_eq!(take(&app, "mediation").await["number"], "B001");

        // A retry is the same number, told with the same place; another counter under the same key is refused.
        let keyed = async |counter: &str| {
            let request = app.request("", Method::POST, "/public/hall/tickets").await.header("idempotency-key", "mine");
            app.send(request.json(&json!({ "counter": counter }))).await
        };
        let once = keyed("mediation").await.expect(201);
        assert_eq!((&once["number"], &once["ahead"]), (&json!("B002"), &json!(1)));
        assert_eq!(keyed("mediation").await.expect(201), once);
        keyed("petition").await.refused(422, "idempotency_key_reused");

        app.call("c01a", Method::GET, "/hall", None).await.refused(403, "forbidden");
        let call = json!({ "counter": "petition", "window": "1号窗口" });
        let called = app.post("xlb1", "/hall/call", call).await.expect(200);
        assert_eq!((&called["number"], &called["by"]), (&json!("A001"), &json!("xlb1")));
        let board = app.call("", Method::GET, "/public/hall", None).await.expect(200);
        assert_eq!(board["counters"][0]["called"][0], json!({ "number": "A001", "window": "1号窗口" }));
        assert_eq!(board["counters"][0]["waiting"].as_array().unwrap().len(), 19);
        assert!(!board.to_string().contains("xlb1"), "nobody is named on the board");

        // The case that came of it goes with the number to the next counter.
        let case = app.post("xlb1", "/cases", json!({ "channel": "hall", "text": "楼上漏水" })).await.expect(201);
        let note = json!({ "act": "case", "case": case["id"] });
        app.post("xlb1", "/hall/tickets/A001", note).await.expect(200);
        let stranger = json!({ "act": "case", "case": "01900000-0000-7000-8000-000000000000" });
        app.post("xlb1", "/hall/tickets/A001", stranger).await.refused(422, "unknown");
        app.post("xlb1", "/hall/tickets/A001", json!({ "act": "forward", "counter": "mediation" })).await.expect(200);
        let next = app.post("sfs1", "/hall/call", json!({ "counter": "mediation", "window": "3" })).await.expect(200);
        assert_eq!((&next["number"], &next["case"]), (&json!("A001"), &case["id"]), "they keep their place");
        app.post("sfs1", "/hall/tickets/A001", json!({ "act": "serve" })).await.expect(200);
        app.post("sfs1", "/hall/tickets/A001", json!({ "act": "miss" })).await.refused(409, "already");
        app.post("sfs1", "/hall/tickets/A002", json!({ "act": "serve" })).await.refused(409, "first");
        app.post("sfs1", "/hall/tickets/Z999", json!({ "act": "serve" })).await.refused(422, "unknown");

        // After hours nobody is sent home with a number; the next day begins with one.
        app.clock.advance(SignedDuration::from_hours(10));
        let late = app.call("", Method::POST, "/public/hall/tickets", Some(json!({ "counter": "petition" }))).await;
        assert!(late.text().contains("09:00—18:00"), "{}", late.text());
        let given = app.post("xlb1", "/hall/tickets", json!({ "counter": "mediation" })).await.expect(201);
        assert_eq!(given["number"], "B003", "whoever stands at the door is given one by hand");
        app.clock.advance(SignedDuration::from_hours(16));
        assert_eq!(take(&app, "petition").await["number"], "A001");
        let record = app.get("admin", "/audit").await.to_string();
        assert!(record.contains("hall_called") && record.contains("hall_forwarded"), "{record}");
    }

    async fn one_address_takes_a_few_numbers_a_minute_and_still_looks_at_the_board(db: TestDb) {
        let app = TestApp::start_at(db, at(MONDAY), |config| config.server.public_per_minute = 15).await;
        for _ in 0..3 {
            take(&app, "petition").await;
        }
        let body = json!({ "counter": "petition" });
        app.call("", Method::POST, "/public/hall/tickets", Some(body.clone())).await.refused(429, "too_many_requests");
        app.call("", Method::GET, "/public/hall", None).await.expect(200);
        app.post("xlb1", "/hall/tickets", body).await.expect(201);
    }

    async fn an_agreement_is_signed_and_followed_until_it_is_kept(db: TestDb) {
        let app = TestApp::start(db).await;
        let (id, drawn) = at_the_studio(&app).await;
        let listed = app.get("sfs1", "/mediations").await;
        assert_eq!((listed["going_on"][0]["id"].as_str(), listed["to_keep"].as_array().unwrap().len()), (Some(&*id), 0));
        assert_eq!((listed["going_on"].as_array().unwrap().len(), &listed["more"]), (1, &json!(false)));
        let elsewhere = app.get("c02a", "/mediations").await;
        assert_eq!((&elsewhere["going_on"], &elsewhere["to_keep"]), (&json!([]), &json!([])), "who does not reach it");
        let queue = app.get("xlb1", "/cases").await;
        let same = queue["cases"].as_array().unwrap().iter().filter(|one| one["id"] == *id).count();
        assert_eq!(same, 1, "it still stands in the queue, and once: {queue}");
        let signed = json!({
            "terms": [
                { "party": "楼上住户", "text": "修好漏水", "due": "2026-06-18" },
                { "party": "楼上住户", "text": "赔偿两千元", "due": "2026-06-30" }
            ],
            "signatures": [
                { "party": "楼上住户", "attachment": drawn[0] }, { "party": "楼下住户", "attachment": drawn[1] }
            ]
        });
        app.act("sfs1", &id, "sign-agreement", signed).await;
        let listed = app.get("sfs1", "/mediations").await;
        assert_eq!(listed["going_on"], json!([]));
        assert_eq!(listed["to_keep"][0]["terms"][1]["text"], "赔偿两千元");

        // A signature tells who somebody is: it is printed on the agreement for those who may know, and that is recorded.
        assert!(!app.get("zfd1", &format!("/cases/{id}/attachments")).await.to_string().contains(&drawn[0]));
        app.call("sfs1", Method::GET, &format!("/cases/{id}/attachments/{}", drawn[0]), None).await.refused(404, "not_found");
        let paper = format!("/cases/{id}/papers/form-0");
        assert!(app.get("sfs1", &paper).await.to_string().contains("修好漏水"));
        let reveals = |case: &Value| case.to_string().matches("打印带签名的协议书").count();
        let file = app.call("sfs1", Method::GET, &format!("{paper}?form=pdf"), None).await;
        assert_eq!(file.status, 200);
        let small = app.call("leader1", Method::GET, &format!("{paper}?form=pdf"), None).await;
        assert!(small.bytes.len() < file.bytes.len(), "whoever may not know who asked gets it without them");
        assert_eq!(reveals(&app.get("xlb1", &format!("/cases/{id}/timeline")).await), 1);

        // Its day goes by: who mediated is told, and a case is not closed over it.
        app.act("sfs1", &id, "end-term", json!({ "term": 1, "kept": true, "note": "现场查看已修好" })).await;
        app.sweep_at(at("2026-06-30T16:00:00.001Z")).await;
        let told = app.get("sfs1", "/notifications?unread=true").await.to_string();
        assert!(told.contains("协议履行"), "{told}");
        let late = app.case(&id).await;
        assert_eq!(standing(&late, &format!("performance.2.{STUDIO}")), "breached", "{late}");
        app.act("sfs1", &id, "end-term", json!({ "term": 2, "kept": false, "note": "拒不赔偿" })).await;
        assert_eq!(app.get("sfs1", "/mediations").await["to_keep"], json!([]));
    }
}
