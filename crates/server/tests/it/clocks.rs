//! Time does what is due: warnings and breaches, each exactly once, never before, told to whom the policy names.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiban::worker::sweeper;
use jiban_store::{
    Engine, StoreError, WriteTx, both_engines, params,
    testkit::{TestDb, block_on},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::{TestApp, clock, due, standing};

/// Puts somebody at the desk of the subdistrict for the week.
async fn roster(app: &TestApp) {
    let roster = "post,unit,person,from,to,order\nstreet,lh.dm,duty1,2026-06-07 00:00,2026-06-20 00:00,1\n";
    app.post("admin", "/organisation/import", json!({ "roster": roster })).await.expect(200);
}

fn about<'a>(kinds: &'a [String], key: &str) -> Vec<&'a str> {
    kinds.iter().filter_map(|kind| kind.strip_suffix(key).map(str::trim_end)).collect()
}

/// Who was told of something about this case since then.
async fn told(app: &TestApp, case: &str, kind: &str, since: Timestamp) -> BTreeSet<String> {
    let people = [
        "xlb1", "xlb5", "duty1", "duty2", "leader1", "leader5", "zfd1", "zfd6", "zfdhead", "jjw1", "c01a", "csb1",
        "admin",
    ];
    let mut told = BTreeSet::new();
    for person in people {
        let notices = app.get(person, "/notifications").await;
        let mine = notices.as_array().unwrap().iter().filter(|n| {
            n["case"] == case && n["kind"] == kind && n["at"].as_str().unwrap().parse::<Timestamp>().unwrap() >= since
        });
        if mine.count() > 0 {
            told.insert(person.to_owned());
        }
    }
    told
}

fn set(people: &[&str]) -> BTreeSet<String> {
    people.iter().map(|person| (*person).to_owned()).collect()
}

both_engines! {
    async fn warnings_and_breaches_fire_once_and_never_before_they_are_due(db: TestDb) {
        let app = TestApp::start(db).await;
        roster(&app).await;
        let case = app.submit("路灯不亮").await;
        let due_at = due(&app.case(&case.id).await, "dispatch.1");
        let minute = SignedDuration::from_mins(1);
        let ms = SignedDuration::from_millis(1);
        // Of an hour: warned at 30 and 48 minutes, late the millisecond after, the second level half an hour on.
        let steps = [
            (due_at - 30 * minute, "warned", &["xlb1", "xlb5"][..]),
            (due_at - 12 * minute, "warned", &["xlb1", "xlb5"]),
            (due_at + ms, "breached", &["xlb1", "xlb5", "duty1"]),
            (due_at + 30 * minute, "breached", &["leader1", "leader5"]),
        ];
        let mut expected = vec!["started"];
        for (when, what, people) in steps {
            assert_eq!(app.sweep_at(when - ms).await, 0, "nothing is due before {when}");
            assert_eq!(about(&app.kinds(&case.id).await, "dispatch.1"), expected);
            assert_eq!(app.sweep_at(when).await, 1);
            expected.push(what);
            for _ in 0..3 {
                assert_eq!(app.sweep_at(when).await, 0, "what is done is done");
            }
            assert_eq!(about(&app.kinds(&case.id).await, "dispatch.1"), expected);
            assert_eq!(told(&app, &case.id, &format!("clock_{what}"), when).await, set(people), "at {when}");
        }
        assert_eq!(app.sweep_at(due_at + SignedDuration::from_hours(24 * 30)).await, 0);
        let seen = app.case(&case.id).await;
        assert_eq!(clock(&seen, "dispatch.1")["raised"], 2);
        assert_eq!(standing(&seen, "dispatch.1"), "breached");
    }

    async fn a_breach_goes_up_level_by_level(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let due_at = due(&app.case(&case.id).await, "finish.1");
        let ms = SignedDuration::from_millis(1);
        let levels = [
            (due_at + ms, &["xlb1", "xlb5", "zfd1", "zfd6", "zfdhead"][..]),
            (due_at + SignedDuration::from_hours(2), &["leader1", "leader5", "duty1", "duty2", "zfdhead"]),
            (due_at + SignedDuration::from_hours(24), &["zfdhead", "jjw1"]),
        ];
        for (when, people) in levels {
            app.sweep_at(when).await;
            let told = told(&app, &case.id, "clock_breached", when).await;
            assert_eq!(told, set(people), "{when}");
        }
    }

    async fn what_stops_in_time_is_never_late(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.closed().await;
        let before = app.kinds(&case.id).await;
        assert_eq!(app.sweep_at(app.now() + SignedDuration::from_hours(24 * 365)).await, 0);
        assert_eq!(app.kinds(&case.id).await, before);
    }

    async fn a_case_that_cannot_be_swept_holds_up_no_other(db: TestDb) {
        let app = TestApp::start(db).await;
        let (broken, whole) = (app.submit("路灯不亮").await, app.submit("垃圾没人清").await);
        let due_at = due(&app.case(&whole.id).await, "dispatch.1");
        let id: Uuid = broken.id.parse().unwrap();
        let read = move |tx: &mut WriteTx<'_>| {
            let row = tx.query_one("SELECT body FROM cases WHERE case_id = ?1", params![id])?;
            row.unwrap().get::<String>(0)
        };
        let kept = app.app.store.write(read).await.unwrap();
        let write = async |body: String| {
            let put = move |tx: &mut WriteTx<'_>| tx.execute("UPDATE cases SET body = ?2 WHERE case_id = ?1", params![id, &body]);
            app.app.store.write::<_, StoreError, _>(put).await.unwrap();
        };
        write("{}".to_owned()).await;
        let late = due_at + SignedDuration::from_millis(1);
        assert_eq!(app.sweep_at(late).await, 1);
        assert_eq!(about(&app.kinds(&whole.id).await, "dispatch.1"), ["started", "breached"]);
        // Mended, it is swept when it is looked at again.
        write(kept).await;
        assert_eq!(app.sweep_at(late).await, 0);
        assert_eq!(app.sweep_at(late + SignedDuration::from_mins(10)).await, 1);
        assert_eq!(about(&app.kinds(&broken.id).await, "dispatch.1"), ["started", "breached"]);
    }

    async fn many_due_clocks_are_swept_in_one_go(db: TestDb) {
        let app = TestApp::start(db).await;
        let cases = join_all((0..150).map(|n| app.submit(["路灯不亮", "垃圾没人清"][n % 2]))).await;
        let due_at = due(&app.case(&cases[0].id).await, "dispatch.1");
        assert_eq!(app.sweep_at(due_at + SignedDuration::from_millis(1)).await, 150);
        for case in &cases {
            assert_eq!(about(&app.kinds(&case.id).await, "dispatch.1"), ["started", "breached"]);
        }
        let counts = app.get("leader1", "/statistics/moment").await;
        assert_eq!((&counts["overdue"], &counts["open"]["registered"]), (&json!(150), &json!(150)));
    }
}

#[test]
fn three_nodes_that_sweep_at_once_raise_each_level_once() {
    block_on(async {
        let app = TestApp::start(TestDb::new(Engine::Postgres)).await;
        let others = [app.another_node().await, app.another_node().await];
        let cases = join_all((0..100).map(|_| app.submit("路灯不亮"))).await;
        let due_at = due(&app.case(&cases[0].id).await, "dispatch.1");
        let nodes = [&app.app, &others[0].app, &others[1].app];
        for when in [
            due_at - SignedDuration::from_mins(30),
            due_at + SignedDuration::from_millis(1),
            due_at + SignedDuration::from_hours(1),
        ] {
            app.clock.set(when);
            let swept = join_all(nodes.map(sweeper::sweep)).await;
            // A node may leave what another holds; a sweep after it finds nothing undone.
            let rest = join_all(nodes.map(sweeper::sweep)).await;
            let sum: usize = swept.iter().chain(&rest).map(|count| *count.as_ref().unwrap()).sum();
            assert_eq!(sum, 100, "{when}: {swept:?} {rest:?}");
        }
        for case in &cases {
            assert_eq!(about(&app.kinds(&case.id).await, "dispatch.1"), ["started", "warned", "breached", "breached"]);
            let chain: Value = app.get("xlb1", &format!("/cases/{}/verify-chain", case.id)).await;
            assert_eq!(chain["whole"], true);
        }
    });
}
