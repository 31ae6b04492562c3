//! Who may see and do what: every endpoint, for an account of every role, with a case inside its reach and one outside.
//!
//! The rows are checked against the program's own description and the domain's own list of acts, so that neither a new
//! endpoint nor a new act can come without a row here.

use std::collections::BTreeSet;

use jiban::http::router;
use jiban_domain::command::Act;
use jiban_store::both_engines;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{TestApp, photo};

/// An account of every role, and two who have nothing to do with the case.
const ACCOUNTS: [&str; 11] =
    ["xlb1", "leader1", "duty1", "zfd1", "c01a", "c01g01a", "jjw1", "csb1", "c02a", "partner1", "admin"];

/// Those of them who see a case at grid 1-1, led by the enforcement team.
const INSIDE: [&str; 7] = ["xlb1", "leader1", "duty1", "zfd1", "c01a", "c01g01a", "jjw1"];

/// What guards an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Guard {
    /// Nobody has to sign in.
    Public,
    /// Anybody signed in; what is listed is of their reach.
    Staff,
    /// The liaison office and administrators.
    Registrar,
    /// The liaison office, leaders and administrators.
    Overseer,
    /// Whoever reads cases: neither partners nor who only administers.
    Reader,
    /// The liaison office, leaders and the discipline office.
    Assessor,
    /// The liaison office.
    Liaison,
    /// Leaders.
    Leader,
    /// Whoever it is shown to; tests of its own say to whom.
    Shown,
    /// Whoever works at the request hall: the liaison office, and where mediation is done.
    Hall,
    /// Whoever may plan rounds: those who see the whole, and communities for their own grids.
    Planner,
    /// Whoever may tell residents something.
    Writer,
    /// Whoever may set activities for partners.
    Organiser,
    /// Administrators.
    Admin,
    /// Administrators and the discipline office.
    Audit,
    /// Whoever sees the case.
    Case,
    /// Whoever sees the case and has the standing for this act.
    Command(Act),
}

/// Every endpoint, with its guard.
fn endpoints() -> Vec<(Method, String, Guard)> {
    use Guard::{
        Admin, Assessor, Audit, Case, Hall, Leader, Liaison, Organiser, Overseer, Planner, Public, Reader, Registrar,
        Shown, Staff, Writer,
    };
    let rows = [
        ("POST", "/sessions", Public),
        ("GET", "/sessions/ways", Public),
        ("GET", "/sessions/me", Staff),
        ("DELETE", "/sessions/me", Staff),
        ("POST", "/sessions/rotate", Staff),
        ("POST", "/sessions/password", Staff),
        ("POST", "/sessions/totp", Staff),
        ("GET", "/sessions/oidc", Public),
        ("GET", "/sessions/oidc/callback", Public),
        ("PUT", "/sessions/totp", Staff),
        ("POST", "/public/cases", Public),
        ("POST", "/public/track", Public),
        ("POST", "/public/rate", Public),
        ("POST", "/public/answer", Public),
        ("POST", "/public/dispute", Public),
        ("GET", "/public/spots/{spot}", Public),
        ("GET", "/public/neighbourhood", Public),
        ("POST", "/public/locate", Public),
        ("GET", "/public/areas", Public),
        ("GET", "/public/notices", Public),
        ("POST", "/public/cases/{number}/attachments", Public),
        ("GET", "/open311/v2/services.json", Public),
        ("POST", "/open311/v2/requests.json", Public),
        ("GET", "/open311/v2/requests/{number}", Public),
        ("POST", "/cases", Staff),
        ("GET", "/cases", Staff),
        ("GET", "/cases/counts", Staff),
        ("GET", "/cases/search", Staff),
        ("POST", "/cases/earlier", Staff),
        ("POST", "/cases/export", Staff),
        ("POST", "/cases/import", Registrar),
        ("GET", "/cases/import-template", Staff),
        ("GET", "/cases/{case}/repeats", Case),
        ("POST", "/cases/{case}/draft", Case),
        ("GET", "/signals", Overseer),
        ("GET", "/signals/hot", Overseer),
        ("POST", "/signals/scan", Registrar),
        ("POST", "/signals/warnings", Registrar),
        ("POST", "/signals/{signal}/accept", Registrar),
        ("POST", "/signals/{signal}/dismiss", Registrar),
        ("GET", "/assessment", Reader),
        ("GET", "/assessment/cases", Reader),
        ("GET", "/assessment/ahead", Reader),
        ("GET", "/assessment/odd", Assessor),
        ("GET", "/assessment/file", Reader),
        ("GET", "/reports", Assessor),
        ("GET", "/reports/file", Assessor),
        ("GET", "/bulletins", Assessor),
        ("POST", "/bulletins", Liaison),
        ("GET", "/bulletins/{bulletin}", Assessor),
        ("PUT", "/bulletins/{bulletin}", Liaison),
        ("POST", "/bulletins/{bulletin}/archive", Liaison),
        ("GET", "/bulletins/{bulletin}/file", Assessor),
        ("GET", "/letters", Staff),
        ("POST", "/letters", Liaison),
        ("POST", "/letters/draft", Liaison),
        ("GET", "/letters/ledger", Staff),
        ("GET", "/letters/{letter}", Shown),
        ("PUT", "/letters/{letter}", Liaison),
        ("POST", "/letters/{letter}/issue", Leader),
        ("POST", "/letters/{letter}/withdraw", Overseer),
        ("POST", "/letters/{letter}/acknowledge", Shown),
        ("GET", "/letters/{letter}/file", Shown),
        ("GET", "/campaigns", Staff),
        ("POST", "/campaigns", Overseer),
        ("GET", "/campaigns/{campaign}", Shown),
        ("POST", "/campaigns/{campaign}/acts", Shown),
        ("POST", "/campaigns/{campaign}/cases", Shown),
        ("DELETE", "/campaigns/{campaign}/cases", Shown),
        ("GET", "/campaigns/{campaign}/file", Shown),
        ("POST", "/campaigns/{campaign}/materials", Shown),
        ("GET", "/campaigns/{campaign}/materials/{material}", Shown),
        ("GET", "/cases/{case}/papers", Case),
        ("GET", "/cases/{case}/papers/{paper}", Case),
        ("GET", "/triage", Staff),
        ("POST", "/triage/learn", Registrar),
        ("POST", "/triage/place", Staff),
        ("GET", "/statistics/grids", Staff),
        ("GET", "/notices", Staff),
        ("POST", "/notices", Writer),
        ("PUT", "/notices/{notice}", Writer),
        ("DELETE", "/notices/{notice}", Writer),
        ("POST", "/machine/events", Public),
        ("GET", "/machine/findings", Overseer),
        ("POST", "/machine/findings/{finding}/accept", Registrar),
        ("POST", "/machine/findings/{finding}/dismiss", Registrar),
        ("GET", "/duty/calls", Staff),
        ("POST", "/duty/calls", Staff),
        ("POST", "/duty/calls/{call}/take", Shown),
        ("POST", "/duty/calls/{call}/pass", Shown),
        ("POST", "/public/near", Public),
        ("POST", "/public/guides", Public),
        ("GET", "/public/guides/{guide}", Public),
        ("GET", "/public/solved", Public),
        ("GET", "/guides", Staff),
        ("POST", "/guides", Writer),
        ("POST", "/guides/import", Writer),
        ("POST", "/guides/{guide}/acts", Writer),
        ("GET", "/public/receptions", Public),
        ("POST", "/public/receptions/bookings", Public),
        ("POST", "/public/receptions/call-off", Public),
        ("GET", "/receptions", Staff),
        ("POST", "/receptions", Registrar),
        ("POST", "/receptions/bookings", Shown),
        ("POST", "/receptions/{day}/acts", Shown),
        ("POST", "/receptions/{day}/case", Shown),
        ("POST", "/receptions/{day}/reveal", Shown),
        ("GET", "/directory/{unit}", Shown),
        ("PUT", "/directory/{unit}/team", Registrar),
        ("GET", "/duty/swaps", Staff),
        ("POST", "/duty/swaps", Shown),
        ("POST", "/duty/swaps/{swap}/answer", Shown),
        ("GET", "/duty/hand-overs", Staff),
        ("GET", "/duty/hand-overs/draft", Shown),
        ("POST", "/duty/hand-overs", Shown),
        ("POST", "/duty/hand-overs/{sheet}/sign", Shown),
        ("GET", "/duty/hand-overs/{sheet}/file", Shown),
        ("GET", "/public/hall", Public),
        ("POST", "/public/hall/tickets", Public),
        ("GET", "/hall", Hall),
        ("POST", "/hall/tickets", Hall),
        ("POST", "/hall/call", Hall),
        ("POST", "/hall/tickets/{number}", Hall),
        ("GET", "/mediations", Staff),
        ("GET", "/rounds/spots", Staff),
        ("POST", "/rounds/visits", Staff),
        ("GET", "/rounds/coverage", Reader),
        ("POST", "/rounds/plans", Planner),
        ("POST", "/rounds/plans/{plan}/end", Shown),
        ("GET", "/partners", Staff),
        ("GET", "/partners/{partner}", Shown),
        ("POST", "/partners/{partner}/acts", Shown),
        ("POST", "/partners/{partner}/reveal", Shown),
        ("POST", "/partners/{partner}/code", Shown),
        ("GET", "/activities", Staff),
        ("POST", "/activities", Organiser),
        ("GET", "/activities/{activity}", Shown),
        ("POST", "/activities/{activity}/acts", Shown),
        ("GET", "/public/partners/terms", Public),
        ("POST", "/public/partners", Public),
        ("POST", "/public/partners/door", Public),
        ("POST", "/public/partners/take", Public),
        ("POST", "/public/partners/give-back", Public),
        ("POST", "/public/partners/done", Public),
        ("POST", "/public/partners/check", Public),
        ("POST", "/public/partners/leave", Public),
        ("GET", "/public/activities", Public),
        ("POST", "/cases/{case}/presence", Case),
        ("GET", "/desks", Staff),
        ("GET", "/follow-ups", Staff),
        ("GET", "/notifications", Staff),
        ("POST", "/notifications/read", Staff),
        ("GET", "/statistics/moment", Staff),
        ("GET", "/live", Staff),
        ("GET", "/policy", Staff),
        ("GET", "/policy/explain", Staff),
        ("POST", "/policy/check", Overseer),
        ("POST", "/policy/simulate", Overseer),
        ("PUT", "/policy", Admin),
        ("GET", "/organisation", Staff),
        ("GET", "/organisation/roster", Staff),
        ("GET", "/organisation/duty", Staff),
        ("POST", "/organisation/import", Admin),
        ("GET", "/calendar", Staff),
        ("PUT", "/calendar", Admin),
        ("GET", "/audit", Audit),
        ("GET", "/cases/{case}", Case),
        ("GET", "/cases/{case}/timeline", Case),
        ("GET", "/cases/{case}/assignment", Case),
        ("GET", "/cases/{case}/verify-chain", Case),
        ("GET", "/cases/{case}/attachments", Case),
        ("GET", "/cases/{case}/attachments/{attachment}", Case),
    ];
    let row = |(method, path, guard): (&str, &str, Guard)| (method.parse().unwrap(), path.to_owned(), guard);
    let mut all: Vec<_> = rows.into_iter().map(row).collect();
    for act in Act::ALL {
        let path = match act {
            // Reporters' acts are behind the public door, the program's own behind none.
            Act::Answer | Act::Rate | Act::Dispute | Act::Tick | Act::Recalendar => continue,
            Act::Attach => "/cases/{case}/attachments".to_owned(),
            act => format!("/cases/{{case}}/{}", act.slug()),
        };
        all.push((Method::POST, path, Guard::Command(*act)));
    }
    all
}

/// Which of the accounts have the standing for an act on the inside case: dispatched to the enforcement team, with the
/// housing bureau and grid 1-1 called by a whistle, led by nobody else, accepted.
fn may(act: Act) -> &'static [&'static str] {
    match act {
        Act::Classify | Act::Dispatch => &["xlb1", "duty1"],
        Act::Correct | Act::MarkRepeat | Act::Link => &["xlb1", "duty1", "zfd1"],
        Act::Accept | Act::Return | Act::RequestExtension | Act::Finish | Act::Appeal | Act::FileOpinion => &["zfd1"],
        Act::DecideReturn | Act::Escalate | Act::Reopen => &["xlb1", "leader1"],
        Act::Contact | Act::Verify | Act::RevealIdentity => &["xlb1", "duty1", "zfd1"],
        Act::RouteTo
        | Act::FollowUp
        | Act::FileForm
        | Act::HoldSession
        | Act::SignAgreement
        | Act::EndTerm
        | Act::Close => &["xlb1", "zfd1"],
        Act::Note => &["xlb1", "duty1", "zfd1", "leader1", "c01a", "c01g01a"],
        Act::Attach => &["xlb1", "duty1", "zfd1", "c01a", "c01g01a"],
        Act::AssignTeam => &["xlb1", "leader1", "zfd1"],
        Act::Recheck => &["xlb1", "zfd1", "c01a", "c01g01a"],
        Act::DecideExtension
        | Act::SettleWhistle
        | Act::DecideAppeal
        | Act::HandUpstream
        | Act::Decline
        | Act::Exclude => &["xlb1"],
        // Accepted already: it is nobody's to settle on the spot.
        Act::Settle => &[],
        Act::BlowWhistle => &["c01a"],
        Act::ReportIn => &["c01a", "c01g01a"],
        Act::OfficialAct | Act::Answer | Act::Rate | Act::Dispute | Act::Tick | Act::Recalendar => &[],
    }
}

/// A body that is well formed for the act.
fn body(act: Act) -> Value {
    let nobody = "01900000-0000-7000-8000-000000000000";
    match act {
        Act::Classify => json!({ "class": "urgent", "category": null }),
        Act::Correct => json!({ "title": "x" }),
        Act::Dispatch | Act::Accept | Act::OfficialAct | Act::Close => json!({}),
        Act::Return => json!({ "reason": "not_our_duty", "explained": "x" }),
        Act::DecideReturn => json!({ "id": nobody, "upheld": true, "note": "x" }),
        Act::Contact => json!({ "reached": true }),
        Act::Verify => json!({ "finding": "x" }),
        Act::Note => json!({ "text": "x" }),
        Act::AssignTeam => json!({ "team": {} }),
        Act::RequestExtension => json!({ "clock": "finish.1", "length": { "minutes": 5 }, "reason": "weather" }),
        Act::DecideExtension => json!({ "id": nobody, "granted": true, "note": "x" }),
        Act::Escalate => json!({ "official": "leader1", "reason": "x" }),
        Act::BlowWhistle => json!({ "units": ["lh.cgj"], "matter": "x" }),
        Act::ReportIn => json!({ "whistle": nobody, "unit": "lh.zjj", "action": "x" }),
        Act::SettleWhistle => json!({ "whistle": nobody, "outcome": "solved", "note": "x" }),
        Act::RouteTo => json!({ "studio": "laoyang" }),
        Act::Finish | Act::Settle => json!({ "outcome": "x" }),
        Act::FileOpinion => json!({ "values": {} }),
        Act::FollowUp => json!({ "reached": false }),
        Act::FileForm => json!({ "form": "mediation", "values": {} }),
        Act::HoldSession => {
            json!({ "held_at": "2026-06-08T01:00:00Z", "present": "双方", "told": "x", "outcome": "agreed" })
        }
        Act::SignAgreement => json!({ "terms": [], "signatures": [] }),
        Act::Recheck => json!({ "fine": true, "note": "x" }),
        Act::EndTerm => json!({ "term": 1, "kept": true, "note": "x" }),
        Act::Exclude => json!({ "reason": "malicious", "note": "x" }),
        Act::Appeal | Act::Reopen | Act::HandUpstream | Act::RevealIdentity | Act::Dispute => json!({ "reason": "x" }),
        Act::DecideAppeal => json!({ "id": nobody, "upheld": false, "note": "x" }),
        Act::MarkRepeat => json!({ "of": nobody }),
        Act::Link => json!({ "to": nobody }),
        Act::Decline => json!({ "reason": "not_here", "explanation": "x" }),
        Act::Attach | Act::Answer | Act::Rate | Act::Tick | Act::Recalendar => json!(null),
    }
}

#[test]
fn every_endpoint_has_its_row() {
    let described: Value = serde_json::to_value(router::api().1).unwrap();
    let (mut there, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (path, methods) in described["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        for (method, operation) in methods.as_object().unwrap() {
            there.insert(format!("{} {path}", method.to_uppercase()));
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "two operations are called {name}");
        }
    }
    let rows: BTreeSet<String> = endpoints().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(there, rows);
}

/// The case at grid 1-1 and the one of a bureau that nobody in the subdistrict sees, each with a photo's id.
async fn cases(app: &TestApp) -> [(String, String); 2] {
    let inside = app.verified().await.id;
    app.act("c01a", &inside, "blow-whistle", json!({ "units": ["lh.zjj", "lh.dm.c01.g01"], "matter": "到场" })).await;
    let new = json!({ "channel": "hotline", "text": "局里自己接的绝密暗语件" });
    let outside = app.post("cgj1", "/cases", new).await.expect(201)["id"].as_str().unwrap().to_owned();
    let mut both = Vec::new();
    for (who, case) in [("zfd1", inside), ("cgj1", outside)] {
        let photo = app.upload(who, &case, "before", "a.jpg", photo()).await.expect(201);
        both.push((case, photo["id"].as_str().unwrap().to_owned()));
    }
    both.try_into().unwrap()
}

async fn ask(
    app: &TestApp,
    who: &str,
    (method, path, guard): &(Method, String, Guard),
    (case, file): &(String, String),
) -> crate::kit::Reply {
    let mut path = path
        .replace("{case}", case)
        .replace("{attachment}", file)
        .replace("{spot}", "s001")
        .replace("{notice}", "01900000-0000-7000-8000-000000000000")
        .replace("{material}", "01900000-0000-7000-8000-000000000000")
        .replace("{finding}", "01900000-0000-7000-8000-000000000000")
        .replace("{signal}", "01900000-0000-7000-8000-000000000000")
        .replace("{letter}", "01900000-0000-7000-8000-000000000000")
        .replace("{paper}", "sheet");
    if path.contains("{bulletin}") {
        let bulletins = app.get("xlb1", "/bulletins").await;
        path = path.replace("{bulletin}", bulletins[0]["id"].as_str().unwrap());
    }
    if path.starts_with("/reports") {
        path.push_str("?kind=daily&form=md");
    }
    if path.ends_with("/file") || path == "/letters/ledger" {
        path.push_str("?form=md");
    }
    if path.ends_with("/materials") {
        path.push_str("?name=a.jpg");
    }
    if path == "/assessment/cases" {
        path.push_str("?from=2026-06-01&to=2026-06-30&measure=registered");
    }
    if path == "/calendar" && *method == Method::GET {
        path.push_str("?year=2026&month=6");
    }
    if path == "/cases/search" {
        path.push_str("?q=绝密暗语");
    }
    if path == "/organisation/roster" {
        path.push_str("?from=2026-06-01T00:00:00Z&until=2026-06-08T00:00:00Z");
    }
    if path == "/cases/import" {
        path.push_str("?form=csv");
    }
    let plan = json!({ "plan": { "title": "x", "areas": [], "every_days": 7 } });
    if *guard == Guard::Planner {
        return app.call(who, method.clone(), &path, Some(plan)).await;
    }
    if *guard == Guard::Command(Act::Attach) {
        return app.upload(who, case, "before", "b.jpg", photo()).await;
    }
    let body = match guard {
        Guard::Command(act) => Some(body(*act)),
        _ if *method == Method::GET => None,
        _ => Some(json!({})),
    };
    app.call(who, method.clone(), &path, body).await
}

both_engines! {
    async fn a_case_outside_the_reach_is_not_there(db: TestDb) {
        let app = TestApp::start(db).await;
        let [inside, outside] = cases(&app).await;
        for row in endpoints().iter().filter(|row| matches!(row.2, Guard::Case | Guard::Command(_))) {
            for who in ACCOUNTS {
                ask(&app, who, row, &outside).await.refused(404, "not_found");
                if !INSIDE.contains(&who) {
                    ask(&app, who, row, &inside).await.refused(404, "not_found");
                }
            }
            ask(&app, "", row, &inside).await.refused(401, "unauthenticated");
        }
        let events = app.get("cgj1", &format!("/cases/{}/timeline", outside.0)).await;
        assert!(!events.to_string().contains("leader1") && !events.to_string().contains("xlb1"), "{events}");
    }

    async fn inside_the_reach_reading_is_free_and_acting_takes_standing(db: TestDb) {
        let app = TestApp::start(db).await;
        let [inside, _] = cases(&app).await;
        let version = app.case(&inside.0).await["version"].clone();
        for who in INSIDE {
            let acts = app.get(who, &format!("/cases/{}", inside.0)).await["acts"].take();
            for row in endpoints() {
                match row.2 {
                    Guard::Case => {
                        let reply = ask(&app, who, &row, &inside).await;
                        assert_eq!(reply.status, 200, "{}", reply.asked);
                    }
                    Guard::Command(act) => {
                        let shown = acts.as_array().unwrap().iter().find(|a| a["act"] == json!(act)).unwrap();
                        let allowed = may(act).contains(&who);
                        assert_eq!(shown["allowed"], allowed, "{who}: {act:?}");
                        if !allowed {
                            ask(&app, who, &row, &inside).await.refused(403, "not_allowed");
                        }
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(app.case(&inside.0).await["version"], version, "what is refused changes nothing");
    }

    async fn other_doors_open_to_whom_they_are_for_and_show_no_case_outside(db: TestDb) {
        let app = TestApp::start(db).await;
        let [inside, outside] = cases(&app).await;
        app.post("xlb1", "/bulletins", json!({ "kind": "daily" })).await.expect(200);
        for row in endpoints() {
            let admins: &[&str] = match row.2 {
                Guard::Admin => &["admin"],
                Guard::Audit => &["admin", "jjw1"],
                Guard::Registrar => &["xlb1", "admin"],
                Guard::Overseer => &["xlb1", "leader1", "admin"],
                Guard::Writer => &["xlb1", "leader1", "c01a", "c02a"],
                Guard::Organiser => &["xlb1", "c01a", "c02a", "c01g01a"],
                Guard::Planner => &["xlb1", "leader1", "admin", "c01a", "c02a"],
                Guard::Reader => ACCOUNTS.split_last_chunk::<2>().unwrap().0,
                Guard::Assessor => &["xlb1", "leader1", "jjw1"],
                Guard::Liaison | Guard::Hall => &["xlb1"],
                Guard::Leader => &["leader1"],
                Guard::Staff => &ACCOUNTS,
                _ => continue,
            };
            ask(&app, "", &row, &inside).await.refused(401, "unauthenticated");
            for who in ACCOUNTS {
                // The live stream has a test of its own; signing out would end what follows.
                if row.1 == "/live" || row.1 == "/sessions/rotate" || row.0 == Method::DELETE {
                    continue;
                }
                let reply = ask(&app, who, &row, &inside).await;
                if admins.contains(&who) {
                    assert!(reply.status < 500 && reply.status != 403, "{}: {}", reply.asked, reply.text());
                    assert!(row.0 != Method::GET || reply.status == 200, "{}: {}", reply.asked, reply.text());
                } else {
                    reply.refused(403, "forbidden");
                }
                let told = reply.text();
                assert!(!told.contains(&outside.0) && !told.contains("绝密暗语"), "{}: {told}", reply.asked);
                if row.0 == Method::GET && !INSIDE.contains(&who) {
                    assert!(!told.contains(&inside.0), "{}: {told}", reply.asked);
                }
            }
        }
        // The bureau's own people do find it.
        let found = app.get("cgj1", "/cases/search?q=绝密暗语").await;
        assert_eq!(found[0]["id"], outside.0.as_str());
        app.call("zfd1", Method::GET, "/cases?unit=lh.dm.csb", None).await.refused(404, "not_found");
    }
}
