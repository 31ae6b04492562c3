//! Every refusal that the mechanism knows, met over HTTP: its status, its code, both languages, and nothing changed.

use jiban_domain::refusal::Refusal;
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{TestApp, opinion};

/// The status that each refusal has over HTTP. A new kind of refusal does not compile until it has a row here.
fn status(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::NotAllowed { .. } => 403,
        Refusal::Unknown { .. } | Refusal::Invalid { .. } => 422,
        Refusal::WrongState { .. }
        | Refusal::Already { .. }
        | Refusal::First { .. }
        | Refusal::Limit { .. }
        | Refusal::TooLate { .. } => 409,
    }
}

fn one_of_each() -> Vec<Refusal> {
    let (what, what_zh, due_at) = ("x", "某事", jiff::Timestamp::UNIX_EPOCH);
    vec![
        Refusal::NotAllowed { act: jiban_domain::command::Act::Accept, needs: "", needs_zh: "" },
        Refusal::WrongState { act: jiban_domain::command::Act::Accept, state: jiban_domain::case::State::Closed },
        Refusal::unknown("unit", "x"),
        Refusal::invalid("x", "y", "z"),
        Refusal::Already { what, what_zh },
        Refusal::First { what, what_zh },
        Refusal::Limit { what, what_zh, max: 1 },
        Refusal::TooLate { what, what_zh, due_at },
    ]
}

both_engines! {
    async fn each_kind_of_refusal_is_met_and_changes_nothing(db: TestDb) {
        let app = TestApp::start(db).await;
        let new = app.submit("路灯不亮").await.id;
        let handled = app.verified().await.id;
        let finished = app.finished().await.id;
        let closed = app.closed().await.id;
        let many: Vec<String> = (1..=9).map(|n| format!("lh.dm.c0{}.g0{}", (n - 1) / 3 + 1, (n - 1) % 3 + 1)).collect();
        let nobody = "01900000-0000-7000-8000-000000000000";
        let table: Vec<(&str, &str, &str, Value, &str, &str)> = vec![
            ("zfd1", &handled, "classify", json!({ "class": "fast", "category": null }), "not_allowed", "liaison"),
            ("c01a", &handled, "accept", json!({}), "not_allowed", "lead unit"),
            ("leader1", &handled, "reveal-identity", json!({ "reason": "想看" }), "not_allowed", "may"),
            ("xlb1", &new, "classify", json!({ "class": "nope", "category": null }), "unknown", "class 'nope'"),
            ("xlb1", &new, "classify", json!({ "class": "fast", "category": "nope" }), "unknown", "category 'nope'"),
            ("xlb1", &new, "dispatch", json!({}), "first", "classify"),
            ("xlb1", &handled, "dispatch", json!({ "lead": "lh.nope" }), "unknown", "unit 'lh.nope'"),
            ("xlb1", &handled, "dispatch", json!({ "lead": "lh.dm.zfd", "co_units": many }), "limit", "at most 8"),
            ("xlb1", &handled, "dispatch", json!({ "lead": "lh.dm.zfd" }), "already", "dispatched"),
            ("zfd1", &handled, "accept", json!({}), "already", "accepted"),
            ("zfd1", &handled, "return", json!({ "reason": "mood", "explained": "x" }), "invalid", "reason"),
            ("zfd1", &handled, "return", json!({ "reason": "not_our_duty", "explained": " " }), "invalid", "explained"),
            ("xlb1", &handled, "decide-return", json!({ "id": nobody, "upheld": true, "note": "x" }), "unknown", "return"),
            ("zfd1", &handled, "verify", json!({ "finding": "" }), "invalid", "finding"),
            ("zfd1", &handled, "note", json!({ "text": "长".repeat(4_001) }), "invalid", "4000"),
            ("xlb1", &handled, "assign-team", json!({ "team": { "king": ["zfd1"] } }), "unknown", "seat 'king'"),
            ("xlb1", &handled, "escalate", json!({ "official": "ghost", "reason": "x" }), "unknown", "person 'ghost'"),
            ("c01a", &handled, "blow-whistle", json!({ "units": [], "matter": "x" }), "invalid", "units"),
            ("xlb1", &handled, "settle-whistle", json!({ "whistle": nobody, "outcome": "solved", "note": "x" }), "unknown", "whistle"),
            ("xlb1", &handled, "link", json!({ "to": handled }), "invalid", "to"),
            ("xlb1", &handled, "decline", json!({ "reason": "lazy", "explanation": "x" }), "invalid", "reason"),
            ("zfd1", &handled, "file-opinion", opinion(), "wrong_state", "handling"),
            ("zfd1", &finished, "file-opinion", json!({ "values": { "facts": "x" } }), "invalid", "values."),
            ("zfd1", &finished, "file-opinion", json!({ "values": { "gossip": "x" } }), "invalid", "values.gossip"),
            ("xlb1", &finished, "follow-up", json!({ "values": { "method": "phone" }, "reached": true }), "invalid", "responded"),
            ("zfd1", &finished, "accept", json!({}), "wrong_state", "finished"),
            ("zfd1", &closed, "finish", json!({ "outcome": "x" }), "wrong_state", "closed"),
            ("xlb1", &closed, "hand-upstream", json!({ "reason": "x" }), "wrong_state", "closed"),
        ];
        let known = one_of_each();
        let mut met: Vec<&str> = Vec::new();
        for (who, case, act, body, code, word) in table {
            let refusal = known.iter().find(|refusal| refusal.code() == code).unwrap();
            let problem = app.refused(who, case, act, body, status(refusal), code).await;
            assert!(problem["title"].as_str().unwrap().contains(word), "{act}: no '{word}' in {problem}");
            if code == "invalid" {
                assert!(problem["field"].as_str().unwrap().starts_with(word.split('0').next().unwrap().trim_end_matches('4'))
                    || word == "4000", "{problem}");
            }
            met.push(code);
        }
        app.clock.advance(SignedDuration::from_hours(24 * 91));
        app.refused("xlb1", &closed, "reopen", json!({ "reason": "又来" }), 409, "too_late").await;
        met.push("too_late");
        for refusal in &known {
            assert!(met.contains(&refusal.code()), "no test reaches {}", refusal.code());
        }
    }

    async fn the_reporter_is_refused_in_the_same_words(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        app.rate(&case, 5).await.refused(409, "wrong_state");
        let objection = json!({ "ticket": case.ticket(), "reason": "没办" });
        app.post("", "/public/dispute", objection.clone()).await.refused(409, "wrong_state");
        app.act("zfd1", &case.id, "finish", json!({ "outcome": "已办" })).await;
        for grade in [0, 6] {
            assert_eq!(app.rate(&case, grade).await.refused(422, "invalid")["field"], "grade");
        }
        app.clock.advance(SignedDuration::from_hours(24 * 30 + 1));
        app.rate(&case, 5).await.refused(409, "too_late");
        app.clock.advance(SignedDuration::from_hours(24 * 60));
        app.post("", "/public/dispute", objection).await.refused(409, "too_late");
        let private = json!({ "channel": "hotline", "text": "走热线渠道" });
        assert_eq!(app.post("", "/public/cases", private).await.refused(422, "invalid")["field"], "channel");
    }

    async fn what_no_text_can_hold_is_refused_at_every_door(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let note = format!("/cases/{}/note", case.id);
        for (who, path, body) in [
            ("", "/public/cases", json!({ "channel": "qr", "text": "噪音\u{0}", "place": { "spot": "s001" } })),
            ("", "/public/track", json!({ "number": "\u{0}", "code": "x" })),
            ("", "/sessions", json!({ "login": "\u{0}", "password": "x" })),
            ("zfd1", &*note, json!({ "text": "\\\u{0}" })),
        ] {
            app.post(who, path, body).await.refused(422, "invalid");
        }
        for (path, status, code) in [
            ("/cases/search?q=%00", 422, "invalid"),
            ("/cases/%00", 404, "not_found"),
            ("/cases/%ff", 404, "not_found"),
            ("/public/spots/%00", 404, "not_found"),
        ] {
            app.call("xlb1", Method::GET, path, None).await.refused(status, code);
        }
        // A backslash that is meant, and then letters.
        app.act("zfd1", &case.id, "note", json!({ "text": r"\u0000" })).await;
    }

    async fn a_number_out_of_bounds_is_told_not_bent(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.submit("路灯不亮").await.id;
        for (path, field) in [
            ("/cases?limit=0".to_owned(), "limit"),
            ("/cases?limit=201".to_owned(), "limit"),
            ("/cases?due_within_minutes=525601".to_owned(), "due_within_minutes"),
            ("/cases/search?q=x&limit=0".to_owned(), "limit"),
            (format!("/cases/{case}/timeline?limit=501"), "limit"),
            (format!("/cases/{case}/timeline?after=2147483648"), "after"),
            ("/calendar?year=1969&month=1".to_owned(), "year"),
            ("/calendar?year=2026&month=13".to_owned(), "month"),
        ] {
            let problem = app.call("xlb1", Method::GET, &path, None).await.refused(422, "invalid");
            assert_eq!(problem["field"], field, "{path}");
        }
    }

    async fn a_calendar_of_no_year_of_ours_is_refused(db: TestDb) {
        let app = TestApp::start(db).await;
        for year in [1969, 2201] {
            let reply = app.call("admin", Method::PUT, "/calendar", Some(json!({ "year": year, "days": [] }))).await;
            assert_eq!(reply.refused(422, "invalid")["field"], "year");
        }
    }

    async fn a_version_is_digits_and_nothing_else(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.submit("路灯不亮").await.id;
        let note = format!("/cases/{case}/note");
        for version in ["\"+1\"", "+1", "\"1", "\"\"1\"\"", "1\"", "", "99999999999999999999"] {
            let request = app.request("xlb1", Method::POST, &note).await;
            let request = request.header("if-match", version).json(&json!({ "text": "x" }));
            app.send(request).await.refused(400, "bad_request");
        }
    }

    async fn a_photo_of_a_reporter_comes_with_the_code(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.submit("路灯不亮").await;
        let path = format!("/public/cases/{}/attachments?kind=report&name=x.jpg", case.number);
        app.call("", Method::POST, &path, None).await.refused(400, "bad_request");
    }
}
