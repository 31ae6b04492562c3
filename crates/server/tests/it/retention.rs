//! What has served its time goes, and not a day before; the case and its chain stay for ever.

use jiban::worker::retention;
use jiban_store::both_engines;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::kit::{Receiver, Submitted, TestApp};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Runs retention until nothing is left to do; how many rows went.
async fn tidy(app: &TestApp) -> u64 {
    let mut gone = 0;
    loop {
        match retention::step(&app.app).await.unwrap() {
            0 => return gone,
            more => gone += more,
        }
    }
}

/// Ids tell when they were made, by the real clock: these tests begin at it.
async fn start(db: jiban_store::testkit::TestDb) -> TestApp {
    TestApp::start_at(db, Timestamp::now(), |_| {}).await
}

async fn identities(app: &TestApp) -> usize {
    app.rows("identities").await.len()
}

both_engines! {
    async fn an_identity_is_erased_three_years_after_the_close_and_the_case_stays(db: TestDb) {
        let app = start(db).await;
        let (closed, open) = (app.closed().await, app.submit("一直没有办的件").await);
        assert_eq!(identities(&app).await, 2);
        let reveal = json!({ "reason": "核对诉求人" });
        let shown = app.post("xlb1", &format!("/cases/{}/reveal-identity", closed.id), reveal.clone()).await.expect(200);
        assert_eq!(shown["name"], "林小满");
        app.clock.advance(DAY * 1_095 - HOUR);
        tidy(&app).await;
        assert_eq!(identities(&app).await, 2, "not before its time");
        app.clock.advance(HOUR * 2);
        tidy(&app).await;
        assert_eq!(identities(&app).await, 1, "of an open case it is kept");
        let gone = app.post("xlb1", &format!("/cases/{}/reveal-identity", closed.id), reveal.clone()).await;
        gone.refused(410, "erased");
        let page = app.get("xlb1", &format!("/cases/{}", closed.id)).await;
        assert_eq!((&page["reporter"], &page["case"]["state"]), (&json!(null), &json!("closed")));
        let chain = app.get("xlb1", &format!("/cases/{}/verify-chain", closed.id)).await;
        assert_eq!(chain["whole"], true, "{chain}");
        let reasons = app.kinds(&closed.id).await.iter().filter(|kind| *kind == "identity_revealed").count();
        assert_eq!(reasons, 2, "that somebody looked is recorded also when nothing is there");
        let kept = app.post("xlb1", &format!("/cases/{}/reveal-identity", open.id), reveal).await.expect(200);
        assert_eq!(kept["phone"], "13912345678");
        // The reporter's number and code go on opening it.
        app.post("", "/public/track", closed.ticket()).await.expect(200);
    }

    async fn who_never_gave_a_name_was_not_erased(db: TestDb) {
        let app = start(db).await;
        let new = json!({ "channel": "qr", "text": "路灯不亮", "place": { "spot": "s001" } });
        let case = Submitted::from(app.post("", "/public/cases", new).await.expect(201));
        let path = format!("/cases/{}/reveal-identity", case.id);
        let shown = app.post("xlb1", &path, json!({ "reason": "核对" })).await.expect(200);
        assert_eq!((&shown["name"], &shown["phone"]), (&json!(""), &json!("")));
    }

    async fn keys_are_kept_for_a_week_and_then_free(db: TestDb) {
        let app = start(db).await;
        let submit = async || {
            let new = json!({ "channel": "qr", "text": "路灯不亮", "place": { "spot": "s001" } });
            let request = app.http.post(format!("{}/api/v1/public/cases", app.base)).header("idempotency-key", "k1");
            app.send(request.json(&new)).await.expect(201)["id"].clone()
        };
        let first = submit().await;
        app.clock.advance(DAY * 7);
        tidy(&app).await;
        assert_eq!(submit().await, first);
        app.clock.advance(HOUR);
        assert_eq!(tidy(&app).await, 1);
        assert_ne!(submit().await, first);
    }

    async fn sessions_that_are_over_are_forgotten(db: TestDb) {
        let app = TestApp::start_at(db, Timestamp::now(), |config| config.server.session_hours = 12).await;
        app.token("zfd1").await;
        app.pass(60);
        app.token("zfd2").await;
        app.clock.advance(HOUR * 11);
        tidy(&app).await;
        let left = app.rows("sessions").await;
        let who: Vec<_> = left.iter().map(|row| &row["person"]).collect();
        assert_eq!(who, ["zfd2"]);
    }

    async fn read_notices_and_sent_messages_go_unread_and_unsent_ones_stay(db: TestDb) {
        let receiver = Receiver::start().await;
        let url = receiver.url.clone();
        let app = TestApp::start_at(db, Timestamp::now(), |config| config.webhooks = vec![crate::outbox::hook(&url, &["registered"])]).await;
        app.submit("路灯不亮").await;
        assert_eq!(jiban::worker::outbox::step(&app.app).await.unwrap(), 1);
        app.submit("井盖松动").await;
        let notices = app.get("xlb1", "/notifications").await;
        let ids: Vec<_> = notices.as_array().unwrap().iter().map(|notice| notice["id"].clone()).collect();
        assert_eq!(ids.len(), 2);
        app.post("xlb1", "/notifications/read", json!({ "ids": [ids[0]] })).await.expect(204);
        app.clock.advance(DAY * 29);
        tidy(&app).await;
        assert_eq!(app.rows("outbox").await.len(), 2);
        app.clock.advance(DAY * 2);
        tidy(&app).await;
        let left: Vec<_> = app.rows("outbox").await.iter().map(|row| row["state"].clone()).collect();
        assert_eq!(left, ["queued"]);
        app.clock.advance(DAY * 150);
        tidy(&app).await;
        let left = app.get("xlb1", "/notifications").await;
        let left: Vec<_> = left.as_array().unwrap().iter().map(|notice| notice["id"].clone()).collect();
        assert_eq!(left, ids[1..]);
    }
}
