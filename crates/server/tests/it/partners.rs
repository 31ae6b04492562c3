//! Partners and volunteering 共建伙伴、志愿服务: from the QR code at the door to thanks; who is behind a partner stays sealed.

use jiban::{
    ahead::{activities, partners, reseal},
    infra::config::Key,
};
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::TestApp;

async fn sign_up(app: &TestApp, change: impl FnOnce(&mut Value)) -> crate::kit::Reply {
    let terms = app.get("", "/public/partners/terms").await;
    let mut new = json!({
        "kind": "shop", "name": "青云小吃店", "person": "赵店主", "phone": "13912345678", "spot": "s001",
        "consent": terms["consent"]["version"],
    });
    change(&mut new);
    app.post("", "/public/partners", new).await
}

async fn volunteer(app: &TestApp, name: &str, phone: &str) -> Value {
    let grid = |new: &mut Value| {
        new["kind"] = json!("volunteer");
        new["name"] = json!(name);
        new["phone"] = json!(phone);
        new["spot"] = json!(null);
        new["grid"] = json!("lh.dm.c01.g02");
    };
    sign_up(app, grid).await.expect(201)
}

async fn act(app: &TestApp, who: &str, door: &Value, act: Value) -> crate::kit::Reply {
    app.post(who, &format!("/partners/{}/acts", door["partner"].as_str().unwrap()), act).await
}

async fn at_door(app: &TestApp, door: &Value, what: &str, more: Value) -> crate::kit::Reply {
    let mut body = more;
    let bare = ["door", "leave"].contains(&what);
    if bare {
        body = door.clone();
    } else {
        body["door"] = door.clone();
    }
    app.post("", &format!("/public/partners/{what}"), body).await
}

/// From and until so many hours from now, two of the seats, two hours credited.
fn plan(app: &TestApp, kind: &str, kinds: &Value, (from, until): (i64, i64)) -> Value {
    let at = |hours: i64| (app.now() + jiff::SignedDuration::from_hours(hours)).to_string();
    json!({
        "kind": kind, "title": "老街清洁日", "text": "清扫背街小巷。", "kinds": kinds, "unit": "lh.dm.c01",
        "place": "社区广场", "from": at(from), "until": at(until), "seats": 2, "minutes": 120,
    })
}

async fn told(app: &TestApp, who: &str) -> usize {
    let all = app.get(who, "/notifications?unread=true").await;
    all.as_array().unwrap().iter().filter(|one| one["kind"] == "partner").count()
}

both_engines! {
    async fn a_shop_signs_up_is_admitted_takes_a_task_and_is_thanked(db: TestDb) {
        let app = TestApp::start(db).await;
        let wrong: [(&str, Value, &str); 5] = [
            ("name", json!(" "), "name"), ("phone", json!("无"), "phone"), ("spot", json!("s999"), ""),
            ("consent", json!("older"), "consent"), ("kind", json!("cat"), "kind"),
        ];
        for (field, value, told) in wrong {
            let refused = sign_up(&app, |new| new[field] = value).await.expect(422);
            assert!(told.is_empty() || refused["field"] == told, "{field}: {refused}");
        }
        assert_eq!(told(&app, "c01a").await, 0, "nobody is told of what was refused");
        let door = sign_up(&app, |_| {}).await.expect(201);
        assert_eq!((told(&app, "c01a").await, told(&app, "c02a").await, told(&app, "xlb1").await), (1, 0, 0));

        // Its own people and those above see it, with what they need and no more.
        let path = format!("/partners/{}", door["partner"].as_str().unwrap());
        for (who, count) in [("c01a", 1), ("c01g01a", 1), ("xlb1", 1), ("c02a", 0), ("c01g02a", 0), ("zfd1", 0), ("partner1", 0), ("admin", 0)] {
            let listed = app.get(who, "/partners?state=applied").await["partners"].as_array().unwrap().len();
            assert_eq!(listed, count, "{who}");
            let one = app.call(who, Method::GET, &path, None).await;
            assert_eq!(one.status, if count == 1 { 200 } else { 404 }, "{who}");
        }
        let shown = app.get("c01g01a", &path).await;
        assert_eq!((&shown["partner"]["name"], &shown["partner"]["phone"]), (&json!("青云小吃店"), &json!("139****5678")));
        assert_eq!((&shown["admits"], &shown["reveals"]), (&json!(false), &json!(true)));

        // Before it is admitted it may look, and no more.
        let task = app.post("c01a", "/activities", plan(&app, "task", &json!(["shop"]), (1, 5))).await.expect(201);
        let takes = json!({ "activity": task["id"] });
        let waiting = at_door(&app, &door, "door", json!({})).await.expect(200);
        assert_eq!((&waiting["state"], &waiting["open"], &waiting["checks"]), (&json!("applied"), &json!([]), &json!([])));
        at_door(&app, &door, "take", takes.clone()).await.refused(409, "first");
        act(&app, "c01g01a", &door, json!({ "act": "admit" })).await.refused(403, "forbidden");
        act(&app, "c02a", &door, json!({ "act": "admit" })).await.refused(404, "not_found");
        act(&app, "c01a", &door, json!({ "act": "admit" })).await.expect(200);
        act(&app, "xlb1", &door, json!({ "act": "decline", "reason": "x" })).await.refused(409, "already");

        // A wrong code, or another's id, is no door at all.
        let mut other = door.clone();
        other["code"] = json!("2222-2222");
        at_door(&app, &other, "door", json!({})).await.refused(404, "not_found");
        at_door(&app, &other, "take", takes.clone()).await.refused(404, "not_found");
        at_door(&app, &other, "leave", json!({})).await.refused(404, "not_found");

        let inside = at_door(&app, &door, "door", json!({})).await.expect(200);
        assert_eq!(inside["open"][0]["title"], "老街清洁日");
        assert_eq!(inside["checks"].as_array().unwrap().iter().filter(|one| one["due"] == true).count(), 2);
        let inside = at_door(&app, &door, "take", takes.clone()).await.expect(200);
        assert_eq!((&inside["open"], &inside["mine"][0]["taken"]), (&json!([]), &json!(1)));
        at_door(&app, &door, "take", takes.clone()).await.refused(409, "already");
        at_door(&app, &door, "give-back", takes.clone()).await.expect(200);
        at_door(&app, &door, "give-back", takes.clone()).await.refused(422, "unknown");
        at_door(&app, &door, "take", takes.clone()).await.expect(200);
        let done = json!({ "activity": task["id"], "note": "清完了，电话 13912345678" });
        at_door(&app, &door, "done", done.clone()).await.refused(409, "first");
        app.pass(90);
        let inside = at_door(&app, &door, "done", done).await.expect(200);
        assert!(!inside["mine"][0]["seat"]["note"].as_str().unwrap().contains("13912345678"));

        // Staff confirm and thank; the partner sees it, and the sums.
        let steps = format!("/activities/{}/acts", task["id"].as_str().unwrap());
        let settle = json!({ "act": "settle", "partner": door["partner"], "came": true, "minutes": 90 });
        let thank = json!({ "act": "thank", "partner": door["partner"], "text": "门前清得干净" });
        app.post("c01a", &steps, thank.clone()).await.refused(409, "first");
        app.post("c01g01a", &steps, settle.clone()).await.refused(403, "forbidden");
        app.post("c02a", &steps, settle.clone()).await.refused(404, "not_found");
        let mut much = settle.clone();
        much["minutes"] = json!(121);
        assert_eq!(app.post("c01a", &steps, much).await.refused(422, "invalid")["field"], "minutes");
        app.post("c01a", &steps, settle.clone()).await.expect(200);
        app.post("c01a", &steps, settle).await.refused(409, "already");
        app.post("c01a", &steps, thank).await.expect(200);
        act(&app, "c01g01a", &door, json!({ "act": "praise", "text": "热心" })).await.expect(200);
        let inside = at_door(&app, &door, "door", json!({})).await.expect(200);
        assert_eq!((&inside["minutes"], &inside["praised"]), (&json!(90), &json!(2)));
        assert_eq!(inside["praise"][0]["text"], "热心");
        assert_eq!(inside["mine"][0]["seat"]["thanks"], "门前清得干净");

        // A self-check that is not so leads to a report: an ordinary case, and nothing here tells who reported it.
        let items = json!({ "clean": false, "order": true, "green": true });
        at_door(&app, &door, "check", json!({ "list": "front", "items": { "clean": true } })).await.refused(422, "invalid");
        let inside = at_door(&app, &door, "check", json!({ "list": "front", "items": items })).await.expect(200);
        assert_eq!(inside["checks"].as_array().unwrap().iter().filter(|one| one["due"] == true).count(), 1);
        let told_of = json!({ "channel": inside["channel"], "text": "门前有垃圾", "place": { "spot": "s001" } });
        let case = app.post("", "/public/cases", told_of).await.expect(201);
        let number = case["number"].as_str().unwrap();
        assert!(!app.get("c01a", &path).await.to_string().contains(number));
        let audit = app.rows("events").await;
        let works = audit.iter().filter(|row| row["stream_kind"] == "works");
        assert!(works.into_iter().all(|row| !row["body"].as_str().unwrap().contains(number)));
    }

    async fn volunteers_take_the_seats_there_are_and_get_their_hours(db: TestDb) {
        let app = TestApp::start(db).await;
        app.post("zfd1", "/activities", plan(&app, "volunteering", &json!([]), (1, 4))).await.refused(403, "forbidden");
        let elsewhere = plan(&app, "volunteering", &json!([]), (1, 4));
        assert_eq!(app.post("c02a", "/activities", elsewhere).await.refused(422, "invalid")["field"], "unit");
        let set = app.post("c01a", "/activities", plan(&app, "volunteering", &json!(["volunteer"]), (1, 4))).await.expect(201);
        app.post("c01a", "/activities", plan(&app, "task", &json!([]), (1, 4))).await.expect(201);
        // Open for everybody to look at: volunteering, not tasks; here, not elsewhere; never who takes part.
        let open = app.get("", "/public/activities").await;
        assert_eq!((open.as_array().unwrap().len(), &open[0]["id"]), (1, &set["id"]));
        assert_eq!(app.get("", "/public/activities?grid=lh.dm.c02.g01").await, json!([]));
        let takes = json!({ "activity": set["id"] });
        let mut doors = Vec::new();
        for (name, phone) in [("钱多多", "13700000001"), ("孙小圣", "13700000002"), ("李大白", "13700000003")] {
            let door = volunteer(&app, name, phone).await;
            act(&app, "xlb1", &door, json!({ "act": "admit" })).await.expect(200);
            doors.push(door);
        }
        at_door(&app, &doors[0], "take", takes.clone()).await.expect(200);
        at_door(&app, &doors[1], "take", takes.clone()).await.expect(200);
        at_door(&app, &doors[2], "take", takes.clone()).await.refused(409, "limit");
        assert_eq!(app.get("", "/public/activities").await[0]["taken"], 2);
        // Whoever leaves gives the seat back.
        let left = at_door(&app, &doors[1], "leave", json!({})).await.expect(200);
        assert_eq!((&left["state"], &left["mine"]), (&json!("left"), &json!([])));
        at_door(&app, &doors[2], "take", takes.clone()).await.expect(200);
        let steps = format!("/activities/{}/acts", set["id"].as_str().unwrap());
        let settle = |door: &Value, came: bool, minutes: u32| {
            json!({ "act": "settle", "partner": door["partner"], "came": came, "minutes": minutes })
        };
        app.post("c01a", &steps, settle(&doors[0], true, 120)).await.refused(409, "first");
        app.pass(5 * 60);
        assert_eq!(activities::end_due(&app.app).await.unwrap(), 2);
        assert_eq!(activities::end_due(&app.app).await.unwrap(), 0);
        assert_eq!(app.get("", "/public/activities").await, json!([]));
        at_door(&app, &doors[2], "give-back", takes).await.refused(409, "too_late");
        app.post("c01a", &steps, settle(&doors[0], true, 120)).await.expect(200);
        app.post("c01a", &steps, settle(&doors[2], false, 0)).await.expect(200);
        let cancel = json!({ "act": "cancel", "reason": "下雨" });
        app.post("c01a", &steps, cancel).await.refused(409, "too_late");
        let minutes = async |door: &Value| at_door(&app, door, "door", json!({})).await.expect(200)["minutes"].clone();
        assert_eq!((minutes(&doors[0]).await, minutes(&doors[2]).await), (json!(120), json!(0)));
        let seats = app.get("c01a", &format!("/activities/{}", set["id"].as_str().unwrap())).await;
        assert_eq!(seats["activity"]["seats"][0]["name"], "钱**", "a person is shown masked");
    }

    async fn who_is_behind_a_partner_is_sealed_shown_for_a_reason_and_erased(db: TestDb) {
        let app = TestApp::start(db).await;
        let door = volunteer(&app, "慕容志愿", "13755556666").await;
        let declined = volunteer(&app, "欧阳未过", "13755557777").await;
        let path = format!("/partners/{}/reveal", door["partner"].as_str().unwrap());
        let reveal = async |who: &str, reason: &str| app.post(who, &path, json!({ "reason": reason })).await;
        reveal("c01a", " ").await.refused(422, "invalid");
        reveal("c02a", "联系").await.refused(404, "not_found");
        reveal("leader1", "联系").await.refused(403, "forbidden");
        let shown = reveal("c01a", "通知集合时间").await.expect(200);
        assert_eq!(shown, json!({ "name": "慕容志愿", "phone": "13755556666" }));
        act(&app, "c01a", &declined, json!({ "act": "decline", "reason": "不在本社区" })).await.expect(200);
        let told = at_door(&app, &declined, "door", json!({})).await.expect(200);
        assert_eq!((&told["state"], &told["reason"]), (&json!("declined"), &json!("不在本社区")));

        // Neither table nor chain holds a name, a number or the code in clear; the reason of a reveal does stand there.
        let (works, events) = (app.rows("works").await, app.rows("events").await);
        let all = json!([works, events, app.rows("notifications").await, app.rows("outbox").await]).to_string();
        for secret in ["慕容志愿", "13755556666", "欧阳未过", "13755557777", door["code"].as_str().unwrap()] {
            assert!(!all.contains(secret), "{secret}");
        }
        assert!(all.contains("partner_revealed") && all.contains("通知集合时间"));

        at_door(&app, &door, "leave", json!({})).await.expect(200);
        at_door(&app, &door, "leave", json!({})).await.refused(409, "already");
        reveal("c01a", "通知集合时间").await.refused(409, "already");
        let works = app.rows("works").await;
        let bodies: Vec<Value> =
            works.iter().filter(|row| row["kind"] == "partner").map(|row| serde_json::from_str(row["body"].as_str().unwrap()).unwrap()).collect();
        assert_eq!(bodies.len(), 2);
        assert!(bodies.iter().all(|body| body["contact"].is_null() && body["phone"] == ""), "{bodies:?}");
    }

    async fn a_phone_has_one_application_that_waits_and_one_that_nobody_decides_lapses(db: TestDb) {
        let app = TestApp::start(db).await;
        let first = volunteer(&app, "慕容志愿", "13755556666").await;
        let again = async |phone: &str| sign_up(&app, |new| new["phone"] = json!(phone)).await;
        // However it is written. What is answered does not say that there is one.
        for phone in ["13755556666", "137 5555 6666"] {
            let refused = again(phone).await.refused(422, "invalid");
            assert!(refused["field"] == "phone" && !refused.to_string().contains("已"), "{refused}");
        }
        assert_eq!(app.get("c01a", "/partners").await["partners"].as_array().unwrap().len(), 1);
        // Decided or taken back it waits no more, and another may come.
        act(&app, "c01a", &first, json!({ "act": "admit" })).await.expect(200);
        let second = again("13755556666").await.expect(201);
        at_door(&app, &second, "leave", json!({})).await.expect(200);
        let third = again("13755556666").await.expect(201);
        let before = told(&app, "c01a").await;

        app.clock.advance(SignedDuration::from_hours(7 * 24));
        assert_eq!(partners::look_after_waiting(&app.app).await.unwrap(), 1);
        assert_eq!(partners::look_after_waiting(&app.app).await.unwrap(), 0, "told once");
        assert_eq!(told(&app, "c01a").await, before + 1);
        app.clock.advance(SignedDuration::from_hours(23 * 24));
        assert_eq!(partners::look_after_waiting(&app.app).await.unwrap(), 1);
        let inside = at_door(&app, &third, "door", json!({})).await.expect(200);
        assert_eq!(inside["state"], "lapsed");
        act(&app, "c01a", &third, json!({ "act": "admit" })).await.refused(409, "already");
        let record = app.get("admin", "/audit?stream=works").await.to_string();
        assert!(record.contains("partner_reminded") && record.contains("partner_lapsed"), "{record}");
        let works = app.rows("works").await;
        assert!(works.iter().all(|row| row["kind"] != "partner_waiting"), "nothing of the phone stays behind");
        let lapsed = works.iter().find(|row| row["state"] == "lapsed").unwrap();
        let body: Value = serde_json::from_str(lapsed["body"].as_str().unwrap()).unwrap();
        assert_eq!((&body["contact"], &body["known_by"], &body["phone"]), (&json!(null), &json!(null), &json!("")));
        again("13755556666").await.expect(201);
    }

    async fn a_lost_code_is_replaced_by_whoever_admits_and_the_old_one_opens_nothing(db: TestDb) {
        let app = TestApp::start(db).await;
        let door = volunteer(&app, "慕容志愿", "13755556666").await;
        act(&app, "c01a", &door, json!({ "act": "admit" })).await.expect(200);
        let path = format!("/partners/{}/code", door["partner"].as_str().unwrap());
        app.call("c01g01a", Method::POST, &path, None).await.refused(404, "not_found");
        app.call("c01g02a", Method::POST, &path, None).await.refused(403, "forbidden");
        let new = app.call("c01a", Method::POST, &path, None).await.expect(200);
        assert_eq!(new["partner"], door["partner"]);
        at_door(&app, &door, "door", json!({})).await.refused(404, "not_found");
        at_door(&app, &new, "door", json!({})).await.expect(200);
        let stored = json!([app.rows("works").await, app.rows("events").await]).to_string();
        assert!(stored.contains("partner_code_replaced") && !stored.contains(new["code"].as_str().unwrap()));
        at_door(&app, &new, "leave", json!({})).await.expect(200);
        app.call("c01a", Method::POST, &path, None).await.refused(409, "already");
    }

    async fn turned_keys_cover_whoever_works_keep(db: TestDb) {
        let app = TestApp::start(db).await;
        let door = volunteer(&app, "慕容志愿", "13755556666").await;
        let day = json!({ "date": "2026-06-11", "leader": "leader1", "place": "接访室" });
        let day = app.post("xlb1", "/receptions", day).await.expect(201);
        let booking = json!({ "day": day["id"], "slot": "09:00:00", "matter": "楼道堆物",
            "reporter": { "name": "王小明", "phone": "13912345678" } });
        app.post("", "/public/receptions/bookings", booking).await.expect(201);
        let new = Key { id: "k2".to_owned(), hex: "5a".repeat(32) };
        let turned = app.node_with_keys(|keys| keys.insert(0, new.clone())).await;
        let done = reseal::identities(&turned.app).await.unwrap();
        assert_eq!(done, reseal::Resealed { cases: 0, works: 2 });
        assert_eq!(reseal::identities(&turned.app).await.unwrap(), reseal::Resealed::default(), "once");
        // The older key may go now: who they are opens without it, and not with it alone.
        let alone = app.node_with_keys(|keys| *keys = vec![new]).await;
        let reveal = format!("/partners/{}/reveal", door["partner"].as_str().unwrap());
        let why = json!({ "reason": "通知集合时间" });
        assert_eq!(alone.post("c01a", &reveal, why.clone()).await.expect(200)["phone"], "13755556666");
        let booked = alone.get("xlb1", "/receptions").await[0]["bookings"][0]["id"].clone();
        let path = format!("/receptions/{}/reveal", day["id"].as_str().unwrap());
        let shown = alone.post("xlb1", &path, json!({ "booking": booked, "reason": "改期告知" })).await.expect(200);
        assert_eq!(shown["phone"], "13912345678");
        app.post("c01a", &reveal, why).await.refused(500, "internal");
    }

    async fn signing_up_twice_under_one_key_is_signing_up_once(db: TestDb) {
        let app = TestApp::start(db).await;
        let consent = app.get("", "/public/partners/terms").await["consent"]["version"].clone();
        let new = json!({ "kind": "shop", "name": "店", "phone": "13912345678", "spot": "s001", "consent": consent });
        let mut doors = Vec::new();
        for _ in 0..2 {
            let request = app.request("", Method::POST, "/public/partners").await.header("idempotency-key", "k7").json(&new);
            doors.push(app.send(request).await.expect(201));
        }
        assert_eq!(doors[0], doors[1]);
        at_door(&app, &doors[1], "door", json!({})).await.expect(200);
        assert_eq!(app.get("c01a", "/partners").await["partners"].as_array().unwrap().len(), 1);
        let kept = json!(app.rows("idempotency").await).to_string();
        assert!(!kept.contains(doors[0]["code"].as_str().unwrap()));
    }

    async fn guessing_a_code_is_bounded_by_the_rate_of_the_public_door(db: TestDb) {
        let app = TestApp::start_at(db, crate::kit::at(crate::kit::MONDAY), |config| config.server.public_per_minute = 5).await;
        let nobody = json!({ "partner": "01900000-0000-7000-8000-000000000000", "code": "2222-2222" });
        let mut last = 0;
        for _ in 0..7 {
            last = app.post("", "/public/partners/door", nobody.clone()).await.status;
        }
        assert_eq!(last, 429);
    }
}
