//! A case changes by events only, and what is kept of it agrees with them.

use jiban_store::{
    Store, StoreError, both_engines,
    cases::{self, CaseRow, NO_CLOCK, Previous},
    events::{self, Head, TimeCursor},
    params,
};
use uuid::Uuid;

use crate::kit::{case, case_id, change, clock, event, minute, put, register, start};

async fn load(store: &Store, n: u32) -> CaseRow {
    store.read(move |tx| cases::load(tx, case_id(n))).await.unwrap().expect("the case exists")
}

both_engines! {
    async fn a_case_comes_back_as_it_was_saved(db: TestDb) {
        let store = db.open().await;
        let full = CaseRow {
            upstream_number: Some("12345-1".into()), place_key: Some("p".into()), reporter: Some([3; 32]),
            lat: Some(22.5), marks: "complex stubborn".into(), finished_at: Some(minute(9)), closed_at: Some(minute(10)),
            ..case(1)
        };
        let saved = register(&store, full, &["office.a"]).await;
        assert_eq!(saved.version, 1);
        assert_eq!(load(&store, 1).await, saved);
        let number = saved.number.clone();
        assert_eq!(store.read(move |tx| cases::find_by_number(tx, &number)).await.unwrap(), Some(saved.clone()));
        assert_eq!(store.read(|tx| cases::find_by_upstream(tx, "12345-1")).await.unwrap(), Some(saved.clone()));
        assert_eq!(store.read(|tx| cases::load(tx, case_id(99))).await.unwrap(), None);
        let many = store.read(|tx| cases::load_many(tx, &[case_id(5), case_id(1)])).await.unwrap();
        assert_eq!(many, vec![saved]);
    }

    async fn events_are_chained_and_the_row_stands_at_the_last(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &["office.a"]).await;
        let row = change(&store, case_id(1), "dispatched", |row| row.state = "dispatched".into()).await.unwrap();
        let kept = store.read(|tx| events::events(tx, case_id(1), 0, 10)).await.unwrap();
        assert_eq!(kept.iter().map(|e| (e.seq, e.kind.as_str())).collect::<Vec<_>>(), [(1, "registered"), (2, "dispatched")]);
        assert_eq!((row.version, row.last_hash), (2, kept[1].hash));
        assert_eq!(store.read(|tx| events::events(tx, case_id(1), 1, 10)).await.unwrap(), kept[1..]);
        assert_eq!(store.read(|tx| events::head(tx, case_id(1))).await.unwrap(), Head { seq: 2, hash: kept[1].hash });
        let report = store.read(|tx| events::verify_chain(tx, case_id(1))).await.unwrap();
        assert_eq!((report.streams, report.events, report.faults), (1, 2, vec![]));
    }

    async fn a_case_without_events_does_not_change(db: TestDb) {
        let store = db.open().await;
        let result = store.write(|tx| cases::save(tx, None, &mut case(1), &[], &[], &[])).await;
        assert!(matches!(result, Err(StoreError::Other { .. })), "{result:?}");
    }

    async fn who_saves_over_somebody_elses_change_is_refused(db: TestDb) {
        let store = db.open().await;
        let stale = register(&store, case(1), &["office.a"]).await;
        change(&store, case_id(1), "dispatched", |row| row.state = "dispatched".into()).await.unwrap();
        let result = store.write(move |tx| {
            let mut row = CaseRow { state: "closed".into(), ..stale.clone() };
            let previous = Previous { row: &stale, scope: &[], clocks: &[] };
            cases::save(tx, Some(previous), &mut row, &[event("closed")], &[], &[])
        }).await;
        assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}");
        assert_eq!(load(&store, 1).await.state, "dispatched");
    }

    async fn a_number_belongs_to_one_case(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &[]).await;
        let twin = CaseRow { number: case(1).number, ..case(2) };
        assert!(matches!(put(&store, twin, vec![], vec![]).await, Err(StoreError::Conflict { .. })));
        let upstream = |n| CaseRow { upstream_number: Some("u".into()), ..case(n) };
        register(&store, upstream(3), &[]).await;
        assert!(matches!(put(&store, upstream(4), vec![], vec![]).await, Err(StoreError::Conflict { .. })));
    }

    async fn fifty_hands_on_one_case_lose_no_event(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &["office.a"]).await;
        let hands: Vec<_> = (0..50).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { change(&store, case_id(1), "noted", |_| ()).await })
        }).collect();
        for hand in hands {
            hand.await.unwrap().unwrap();
        }
        assert_eq!(load(&store, 1).await.version, 51);
        let report = store.read(|tx| events::verify_chain(tx, case_id(1))).await.unwrap();
        assert_eq!((report.events, report.faults), (51, vec![]));
    }

    async fn keys_that_change_are_found_under_their_new_value(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &["office.a"]).await;
        change(&store, case_id(1), "corrected", |row| row.place_key = Some("here".into())).await.unwrap();
        let found = store.read(|tx| cases::ids_by_place(tx, "here", None, 10)).await.unwrap();
        assert_eq!(found, [case_id(1)]);
        let known = store.read(|tx| cases::versions(tx, &[case_id(1), case_id(9)])).await.unwrap();
        assert_eq!(known, [(case_id(1), 2)], "a case that is not there has none");
    }

    async fn cases_of_a_reporter_and_a_place_come_newest_first(db: TestDb) {
        let store = db.open().await;
        for n in 1..=5 {
            let row = CaseRow { reporter: Some([1; 32]), place_key: Some("gate".into()), ..case(n) };
            register(&store, row, &[]).await;
        }
        register(&store, CaseRow { reporter: Some([2; 32]), ..case(6) }, &[]).await;
        let first = store.read(|tx| cases::ids_by_reporter(tx, &[1; 32], None, 2)).await.unwrap();
        assert_eq!(first, [case_id(5), case_id(4)]);
        let rest = store.read(|tx| cases::ids_by_reporter(tx, &[1; 32], Some(case_id(4)), 9)).await.unwrap();
        assert_eq!(rest, [case_id(3), case_id(2), case_id(1)]);
        let place = store.read(|tx| cases::ids_by_place(tx, "gate", Some(case_id(2)), 9)).await.unwrap();
        assert_eq!(place, [case_id(1)]);
    }

    async fn cases_of_a_period_are_read_in_pieces(db: TestDb) {
        let store = db.open().await;
        for n in 1..=6 {
            register(&store, case(n), &[]).await;
        }
        let first = store.read(|tx| cases::registered_between(tx, minute(2), minute(6), None, 3)).await.unwrap();
        let last = first.last().map(|row| (row.registered_at, row.case_id));
        let rest = store.read(move |tx| cases::registered_between(tx, minute(2), minute(6), last, 3)).await.unwrap();
        let numbers: Vec<_> = first.into_iter().chain(rest).map(|row| row.case_id).collect();
        assert_eq!(numbers, [2, 3, 4, 5].map(case_id));
    }

    async fn due_clocks_come_most_overdue_first_and_only_when_due(db: TestDb) {
        let store = db.open().await;
        for n in [3, 1, 2] {
            register(&store, case(n), &["office.a"]).await;
        }
        assert_eq!(store.read(cases::next_due).await.unwrap(), Some(minute(1)));
        let due = store.write(|tx| cases::due_clocks(tx, minute(2), 10)).await.unwrap();
        assert_eq!(due, [case_id(1), case_id(2)]);
        change(&store, case_id(1), "finished", |row| row.next_due = None).await.unwrap();
        assert_eq!(store.read(cases::next_due).await.unwrap(), Some(minute(2)));
        change(&store, case_id(2), "extended", |row| row.next_due = Some(minute(9))).await.unwrap();
        assert_eq!(store.read(cases::next_due).await.unwrap(), Some(minute(3)));
        assert_eq!(store.write(|tx| cases::due_clocks(tx, minute(2), 10)).await.unwrap(), Vec::<Uuid>::new());
    }

    async fn two_clocks_of_one_case_make_one_due_case(db: TestDb) {
        let store = db.open().await;
        let clocks = vec![clock("contact", minute(1)), clock("finish", minute(2))];
        put(&store, case(1), case(1).scope(["a"]), clocks).await.unwrap();
        assert_eq!(store.write(|tx| cases::due_clocks(tx, minute(5), 10)).await.unwrap(), [case_id(1)]);
    }

    async fn four_nodes_fire_every_due_clock_once(db: TestDb) {
        let store = db.open().await;
        for n in 1..=60 {
            register(&store, case(n), &["office.a"]).await;
        }
        let nodes: Vec<_> = (0..4).map(|_| {
            let config = db.config();
            tokio::spawn(async move {
                let store = Store::open(&config).await.unwrap();
                let mut fired = 0;
                loop {
                    let done = store.write(|tx| {
                        let due = cases::due_clocks(tx, minute(100), 7)?;
                        for id in &due {
                            let before = cases::load_for_update(tx, *id)?.expect("a due case exists");
                            let mut row = CaseRow { next_due: None, ..before.clone() };
                            let clocks = [clock("finish", before.next_due.unwrap())];
                            let previous = Previous { row: &before, scope: &before.scope(["office.a"]), clocks: &clocks };
                            let scope = row.scope(["office.a"]);
                            cases::save(tx, Some(previous), &mut row, &[event("breached")], &scope, &[])?;
                        }
                        Ok::<_, StoreError>(due.len())
                    }).await.unwrap();
                    fired += done;
                    if done == 0 && store.read(cases::next_due).await.unwrap().is_none() {
                        return fired;
                    }
                }
            })
        }).collect();
        let mut fired = 0;
        for node in nodes {
            fired += node.await.unwrap();
        }
        assert_eq!(fired, 60);
        let breaches = "SELECT COUNT(*) FROM events WHERE tenant_id = 1 AND kind = 'breached'";
        assert_eq!(store.read(move |tx| tx.query_count(breaches, params![])).await, Ok(60));
    }

    async fn tampering_shows_wherever_it_is_done(db: TestDb) {
        let store = db.open().await;
        for n in 1..=6 {
            register(&store, case(n), &["office.a"]).await;
            change(&store, case_id(n), "noted", |_| ()).await.unwrap();
        }
        let mut heard = 0;
        let clean = events::verify_all(&store, |n| heard = n).await.unwrap();
        assert_eq!((clean.streams, clean.events, clean.faults.len(), heard), (6, 12, 0, 18));
        store.write(|tx| {
            let sql = "UPDATE events SET body = 'x' WHERE tenant_id = 1 AND stream = ?1 AND seq = 1";
            tx.execute(sql, params![case_id(1)])?;
            tx.execute("DELETE FROM events WHERE tenant_id = 1 AND stream = ?1 AND seq = 1", params![case_id(2)])?;
            tx.execute("DELETE FROM events WHERE tenant_id = 1 AND stream = ?1 AND seq = 2", params![case_id(3)])?;
            tx.execute("DELETE FROM events WHERE tenant_id = 1 AND stream = ?1", params![case_id(4)])?;
            tx.execute("UPDATE cases SET version = 1 WHERE tenant_id = 1 AND case_id = ?1", params![case_id(5)])?;
            let sql = "UPDATE events SET at = at + 1 WHERE tenant_id = 1 AND stream = ?1 AND seq = 2";
            tx.execute(sql, params![case_id(6)])
        }).await.unwrap();
        let report = events::verify_all(&store, |_| ()).await.unwrap();
        let mut found: Vec<_> = report.faults.iter().map(|fault| (fault.stream, fault.seq)).collect();
        found.sort_unstable();
        let due = [(1, 1), (2, 2), (3, 2), (4, 2), (5, 2), (6, 2)].map(|(n, seq)| (case_id(n), seq));
        assert_eq!(found, due, "{:?}", report.faults);
        assert_ne!(report.digest, clean.digest);
        for (n, _) in due {
            let one = store.read(move |tx| events::verify_chain(tx, n)).await.unwrap();
            assert_eq!(one.faults.len(), 1, "{n}");
        }
    }

    async fn other_streams_are_chained_too(db: TestDb) {
        let store = db.open().await;
        let stream = Uuid::from_u128(1);
        let appends: Vec<_> = (0..10).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store.write(move |tx| events::append_stream(tx, "org", stream, &[event("unit_added"), event("x")])).await
            })
        }).collect();
        for append in appends {
            append.await.unwrap().unwrap();
        }
        let head = store.read(move |tx| events::head(tx, stream)).await.unwrap();
        assert_eq!(head.seq, 20);
        let report = events::verify_all(&store, |_| ()).await.unwrap();
        assert_eq!((report.streams, report.events, report.faults), (1, 20, vec![]));
    }

    async fn events_can_be_followed_in_the_order_of_time(db: TestDb) {
        let store = db.open().await;
        for n in 1..=3 {
            register(&store, case(n), &[]).await;
        }
        let (mut after, mut seen) = (TimeCursor::from(start()), Vec::new());
        loop {
            let piece = store.read(move |tx| events::events_by_time(tx, after, minute(1), 2)).await.unwrap();
            let Some(last) = piece.last() else { break };
            after = TimeCursor { at: last.at, stream: last.stream, seq: last.seq };
            seen.extend(piece.into_iter().map(|event| event.stream));
        }
        assert_eq!(seen, [1, 2, 3].map(case_id));
    }

    async fn scope_and_clocks_follow_the_case(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &["office.a"]).await;
        let units = ["office.a".to_owned(), "*".to_owned(), "office.b".to_owned()];
        let row = change(&store, case_id(1), "contacted", |row| row.next_due = None).await.unwrap();
        let (expected, known) = (row.clone(), units.clone());
        let (scope, clocks) = store.read(move |tx| cases::projections(tx, &row, &known)).await.unwrap();
        assert_eq!(scope.iter().map(|s| s.open_due).collect::<Vec<_>>(), [Some(NO_CLOCK); 2]);
        assert!(clocks.is_empty());
        let row = change(&store, case_id(1), "closed", |row| row.open = false).await.unwrap();
        let (scope, _) = store.read(move |tx| cases::projections(tx, &row, &units)).await.unwrap();
        assert_eq!(scope.iter().map(|s| s.open_due).collect::<Vec<_>>(), [None; 2]);
        assert_eq!(expected.case_id, case_id(1));
    }
}
