//! Signing in and out.

use std::time::{SystemTime, UNIX_EPOCH};

use jiban::infra::{config::Key, passwords};
use jiban_store::{StoreError, both_engines, testkit::TestDb, users};
use jiff::SignedDuration;
use reqwest::{Method, header};
use serde_json::json;

use crate::kit::{PASSWORD, Reply, TestApp, at, jiban};

async fn me(app: &TestApp, token: &str) -> Reply {
    app.send(app.http.get(format!("{}/api/v1/sessions/me", app.base)).bearer_auth(token)).await
}

async fn fresh(app: &TestApp, who: &str) -> String {
    app.sign_in(who, PASSWORD).await.expect(201)["token"].as_str().unwrap().to_owned()
}

/// An installation in which this person asked for a one-time code, and the code of now.
async fn with_code(db: TestDb, who: &str) -> (TestApp, String) {
    // One-time codes are of real time, as in anybody's telephone.
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
    let app = TestApp::start_at(db, now, |_| {}).await;
    let offered = app.post(who, "/sessions/totp", json!({})).await.expect(200);
    let secret = offered["secret"].as_str().unwrap().to_owned();
    assert!(offered["url"].as_str().unwrap().starts_with("otpauth://totp/"));
    let totp = passwords::totp(&hex::decode(&secret).unwrap(), who).unwrap();
    let code = totp.generate(seconds).to_string();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let confirm = |code: &str| json!({ "secret": secret, "code": code });
    app.call(who, Method::PUT, "/sessions/totp", Some(confirm(wrong))).await.refused(422, "invalid");
    app.sign_in(who, PASSWORD).await.expect(201);
    app.call(who, Method::PUT, "/sessions/totp", Some(confirm(&code))).await.expect(204);
    (app, code)
}

both_engines! {
    async fn who_signs_in_learns_who_they_are_and_what_they_reach(db: TestDb) {
        let app = TestApp::start(db).await;
        let signed_in = app.sign_in("zfd1", PASSWORD).await.expect(201);
        assert_eq!((&signed_in["person"], &signed_in["reach"]), (&json!("zfd1"), &json!(["lh.dm.zfd"])));
        let me = me(&app, signed_in["token"].as_str().unwrap()).await.expect(200);
        assert_eq!(me["roles"], json!(["staff"]));
    }

    async fn a_wrong_name_and_a_wrong_password_look_the_same(db: TestDb) {
        let app = TestApp::start(db).await;
        let name = app.sign_in("nobody", PASSWORD).await.refused(401, "wrong_credentials");
        let password = app.sign_in("zfd1", "wrong-password").await.refused(401, "wrong_credentials");
        assert_eq!(name, password);
        app.sign_in("zfd1", &"x".repeat(300)).await.refused(401, "wrong_credentials");
        me(&app, "no-token").await.refused(401, "unauthenticated");
    }

    async fn failures_lock_the_door_for_a_while_and_then_it_opens(db: TestDb) {
        let app = TestApp::start(db).await;
        for _ in 0..4 {
            app.sign_in("zfd1", "wrong-password").await.refused(401, "wrong_credentials");
        }
        let locked = app.sign_in("zfd1", PASSWORD).await;
        locked.refused(429, "locked");
        assert!(locked.headers.contains_key(header::RETRY_AFTER));
        app.sign_in("zfd2", PASSWORD).await.expect(201);
        app.clock.advance(SignedDuration::from_secs(2));
        // Each failure doubles the wait; a good one ends it.
        app.sign_in("zfd1", "wrong-password").await.refused(401, "wrong_credentials");
        app.clock.advance(SignedDuration::from_secs(3));
        app.sign_in("zfd1", PASSWORD).await.refused(429, "locked");
        app.clock.advance(SignedDuration::from_secs(1));
        app.sign_in("zfd1", PASSWORD).await.expect(201);
        app.sign_in("zfd1", "wrong-password").await.refused(401, "wrong_credentials");
        app.sign_in("zfd1", PASSWORD).await.expect(201);
    }

    async fn the_wait_never_shrinks_however_many_failures_there_are(db: TestDb) {
        let app = TestApp::start(db).await;
        for failed in [20, 65, 66, 67, 500] {
            app.app
                .store
                .write(move |tx| {
                    let mut user = users::by_person(tx, "zfd1")?.unwrap();
                    (user.failed, user.locked_until) = (failed, None);
                    users::put(tx, &user)
                })
                .await
                .map_err(|error: StoreError| error)
                .unwrap();
            app.sign_in("zfd1", "wrong-password").await.refused(401, "wrong_credentials");
            app.clock.advance(SignedDuration::from_secs(899));
            app.sign_in("zfd1", PASSWORD).await.refused(429, "locked");
            app.clock.advance(SignedDuration::from_secs(2));
        }
        app.sign_in("zfd1", PASSWORD).await.expect(201);
    }

    async fn a_rotated_token_and_an_ended_session_are_void(db: TestDb) {
        let app = TestApp::start(db).await;
        let old = fresh(&app, "zfd1").await;
        let url = format!("{}/api/v1/sessions", app.base);
        let rotated = app.send(app.http.post(format!("{url}/rotate")).bearer_auth(&old)).await.expect(200);
        let new = rotated["token"].as_str().unwrap();
        me(&app, &old).await.refused(401, "unauthenticated");
        me(&app, new).await.expect(200);
        let out = app.send(app.http.delete(format!("{url}/me")).bearer_auth(new)).await;
        out.expect(204);
        assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
        me(&app, new).await.refused(401, "unauthenticated");
    }

    async fn a_session_ends_by_itself(db: TestDb) {
        let app = TestApp::start_at(db, at(crate::kit::MONDAY), |config| config.server.session_hours = 12).await;
        let token = fresh(&app, "zfd1").await;
        app.clock.advance(SignedDuration::from_hours(12) - SignedDuration::from_millis(1));
        me(&app, &token).await.expect(200);
        app.clock.advance(SignedDuration::from_millis(1));
        me(&app, &token).await.refused(401, "unauthenticated");
    }

    async fn a_cookie_is_not_enough_to_change_something_from_another_site(db: TestDb) {
        let app = TestApp::start(db).await;
        let signed_in = app.sign_in("zfd1", PASSWORD).await;
        let cookie = signed_in.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"));
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let url = format!("{}/api/v1", app.base);
        app.send(app.http.get(format!("{url}/sessions/me")).header("cookie", &cookie)).await.expect(200);
        let read = |request: reqwest::RequestBuilder| request.header("cookie", &cookie).json(&json!({ "ids": [] }));
        let post = || app.http.post(format!("{url}/notifications/read"));
        app.send(read(post())).await.refused(400, "bad_request");
        app.send(read(post().header("sec-fetch-site", "cross-site"))).await.refused(400, "bad_request");
        app.send(read(post().header("x-jiban", "1"))).await.expect(204);
        app.send(read(post().header("sec-fetch-site", "same-origin"))).await.expect(204);
    }

    async fn a_new_password_ends_every_session(db: TestDb) {
        let app = TestApp::start(db).await;
        let (here, there) = (fresh(&app, "zfd1").await, fresh(&app, "zfd1").await);
        let change = async |old: &str, new: &str| {
            let request = app.http.post(format!("{}/api/v1/sessions/password", app.base)).bearer_auth(&here);
            app.send(request.json(&json!({ "old": old, "new": new }))).await
        };
        assert_eq!(change("wrong", "long-enough-now").await.refused(422, "invalid")["field"], "old");
        assert_eq!(change(PASSWORD, "short").await.refused(422, "invalid")["field"], "new");
        me(&app, &there).await.expect(200);
        change(PASSWORD, "long-enough-now").await.expect(204);
        for token in [&here, &there] {
            me(&app, token).await.refused(401, "unauthenticated");
        }
        app.sign_in("zfd1", PASSWORD).await.refused(401, "wrong_credentials");
        app.sign_in("zfd1", "long-enough-now").await.expect(201);
    }

    async fn a_disabled_account_and_a_person_who_left_are_out_at_once(db: TestDb) {
        let app = TestApp::start(db).await;
        let (disabled, left) = (fresh(&app, "zfd1").await, fresh(&app, "zfd2").await);
        app.app
            .store
            .write(|tx| {
                let mut user = users::by_person(tx, "zfd1")?.unwrap();
                user.active = false;
                users::put(tx, &user)
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        me(&app, &disabled).await.refused(401, "unauthenticated");
        app.sign_in("zfd1", PASSWORD).await.refused(401, "wrong_credentials");
        let people = "code,name,posts,titles,phone,email,active\nzfd2,吴平,lh.dm.zfd:staff,,,,false\n";
        app.post("admin", "/organisation/import", json!({ "people": people })).await.expect(200);
        me(&app, &left).await.refused(401, "unauthenticated");
        app.sign_in("zfd2", PASSWORD).await.refused(401, "wrong_credentials");
    }

    async fn with_a_one_time_code_the_password_alone_is_not_enough(db: TestDb) {
        let (app, code) = with_code(db, "zfd1").await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        app.sign_in("zfd1", PASSWORD).await.refused(401, "wrong_credentials");
        let with = |code: &str| json!({ "login": "zfd1", "password": PASSWORD, "code": code });
        app.post("", "/sessions", with(wrong)).await.refused(401, "wrong_credentials");
        app.post("", "/sessions", with(&code)).await.expect(201);
    }

    async fn after_resealing_the_older_key_may_go(db: TestDb) {
        let (app, code) = with_code(db, "zfd1").await;
        let case = app.submit("楼道堆物").await;
        let new = Key { id: "k2".to_owned(), hex: "5a".repeat(32) };
        let home = app.home_over(&app.db);
        let secrets = home.path().join("secrets.toml");
        let text = std::fs::read_to_string(&secrets).unwrap();
        let first = format!("[[identity]]\nid = \"{}\"\nhex = \"{}\"\n\n[[identity]]", new.id, new.hex);
        assert!(text.contains("[[identity]]"), "a key is there");
        std::fs::write(&secrets, text.replacen("[[identity]]", &first, 1)).unwrap();
        let (well, said) = jiban(home.path(), &["reseal"]).await;
        assert!(well && said.contains("'k2': 1 identities of cases, 0 works, 1 one-time codes"), "{said}");
        let (well, said) = jiban(home.path(), &["reseal"]).await;
        assert!(well && said.contains("'k2': 0 identities of cases, 0 works, 0 one-time codes"), "once: {said}");

        // With the newer key alone the code is asked for and known, and so is who reported.
        let alone = app.node_with_keys(|keys| *keys = vec![new]).await;
        let with = json!({ "login": "zfd1", "password": PASSWORD, "code": code });
        alone.post("", "/sessions", with).await.expect(201);
        let reveal = format!("/cases/{}/reveal-identity", case.id);
        let shown = alone.post("xlb1", &reveal, json!({ "reason": "回电" })).await.expect(200);
        assert!(shown.to_string().contains("13912345678"), "{shown}");
    }
}
