//! Lists show what a unit may see, in order, without doubles or gaps, at the price of what they show.

use jiban_store::{
    Engine, Store, StoreError, both_engines,
    case_list::{self, CaseQuery, Cursor, Sort, StateCount, WALK_MAX},
    cases::CaseRow,
    figures, params,
    testkit::{TestDb, block_on},
};
use uuid::Uuid;

use crate::kit::{case, case_id, minute, register};

/// All pages of a list, one after the other.
async fn walk(store: &Store, mut query: CaseQuery) -> Vec<Uuid> {
    let mut all = Vec::new();
    loop {
        let asked = query.clone();
        let page = store.read(move |tx| case_list::list(tx, &asked)).await.unwrap();
        all.extend(page.cases.iter().map(|case| case.case_id));
        match page.next {
            // A cursor survives its way through an address.
            Some(next) => query.cursor = Some(next.to_string().parse::<Cursor>().unwrap()),
            None => return all,
        }
    }
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<Uuid> {
    numbers.into_iter().map(case_id).collect()
}

fn query(units: &[&str], limit: i64) -> CaseQuery {
    CaseQuery { units: Some(units.iter().map(|unit| unit.to_string()).collect()), limit, ..CaseQuery::default() }
}

/// Cases 1 to 20: odd ones belong to a, every third to b, all to the town; 16 to 18 have no clock, 19 and 20 are closed.
async fn town(store: &Store) {
    for n in 1..=20 {
        let mut row = case(n);
        // Later cases are due earlier, so that the two orders differ.
        row.next_due = Some(minute(i64::from(100 - n)));
        if n >= 16 {
            row.next_due = None;
        }
        row.open = n < 19;
        row.state = if n % 2 == 0 { "dispatched" } else { "registered" }.into();
        row.marks = if n == 4 { "complex stubborn".into() } else { String::new() };
        row.grid = Some(format!("grid.{}", n % 5));
        let mut units = vec!["town"];
        if n % 2 == 1 {
            units.push("a");
        }
        if n % 3 == 0 {
            units.push("b");
        }
        register(store, row, &units).await;
    }
}

both_engines! {
    async fn the_queue_comes_next_due_first_and_cases_without_a_clock_last(db: TestDb) {
        let store = db.open().await;
        town(&store).await;
        let due = ids((1..=15).rev().chain([16, 17, 18]));
        for limit in [1, 2, 7, 100] {
            assert_eq!(walk(&store, query(&["town"], limit)).await, due, "{limit} a page");
            assert_eq!(walk(&store, CaseQuery { units: None, ..query(&[], limit) }).await, due, "{limit} a page");
        }
        assert_eq!(walk(&store, query(&[], 10)).await, Vec::<Uuid>::new());
        assert_eq!(walk(&store, query(&["nowhere"], 10)).await, Vec::<Uuid>::new());
    }

    async fn several_units_are_merged_without_doubles(db: TestDb) {
        let store = db.open().await;
        town(&store).await;
        let both = |n: &u32| n % 2 == 1 || n.is_multiple_of(3);
        let due = ids((1..=15).rev().filter(both).chain([17, 18]));
        let newest = ids((1..=20).rev().filter(both));
        for limit in [1, 2, 3, 50] {
            assert_eq!(walk(&store, query(&["a", "b"], limit)).await, due, "{limit} a page");
            let query = CaseQuery { sort: Sort::Newest, ..query(&["b", "a"], limit) };
            assert_eq!(walk(&store, query).await, newest, "{limit} a page");
        }
    }

    async fn every_filter_filters(db: TestDb) {
        let store = db.open().await;
        town(&store).await;
        let newest = || CaseQuery { sort: Sort::Newest, ..query(&["town"], 3) };
        let s = |text: &str| text.to_owned();
        let even = |n: &u32| n.is_multiple_of(2);
        let table: Vec<(CaseQuery, Vec<Uuid>)> = vec![
            (CaseQuery { open: Some(true), ..newest() }, ids((1..=18).rev())),
            (CaseQuery { open: Some(false), ..newest() }, ids([20, 19])),
            (CaseQuery { states: vec![s("dispatched")], ..newest() }, ids((1..=20).rev().filter(even))),
            (CaseQuery { states: vec![s("dispatched"), s("registered"), s("x")], ..newest() }, ids((1..=20).rev())),
            (CaseQuery { classes: vec![s("urgent")], ..newest() }, ids([])),
            (CaseQuery { categories: vec![s("noise")], channels: vec![s("hotline")], ..newest() }, ids((1..=20).rev())),
            (CaseQuery { origins: vec![s("inspection")], ..newest() }, ids([])),
            (CaseQuery { grid: Some(s("grid.3")), ..newest() }, ids([18, 13, 8, 3])),
            (CaseQuery { lead_unit: Some(s("office.a")), open: Some(false), ..newest() }, ids([20, 19])),
            (CaseQuery { mark: Some(s("stubborn")), ..newest() }, ids([4])),
            (CaseQuery { mark: Some(s("stub")), ..newest() }, ids([])),
            (CaseQuery { due_before: Some(minute(88)), ..newest() }, ids([15, 14, 13])),
            (CaseQuery { due_before: Some(minute(88)), ..query(&["town"], 2) }, ids([15, 14, 13])),
            (CaseQuery { registered_from: Some(minute(5)), registered_until: Some(minute(8)), ..newest() }, ids([7, 6, 5])),
            (CaseQuery { states: vec![s("dispatched")], ..query(&["a", "b"], 2) }, ids([12, 6, 18])),
        ];
        for (query, due) in table {
            assert_eq!(walk(&store, query.clone()).await, due, "{query:?}");
        }
    }

    async fn open_cases_are_counted_by_state_and_each_once(db: TestDb) {
        let store = db.open().await;
        town(&store).await;
        let units = ["a".to_owned(), "b".to_owned(), "town".to_owned()];
        let counted = store.read(move |tx| case_list::counts(tx, Some(&units))).await.unwrap();
        let row = |state: &str, open, overdue| StateCount { state: state.into(), open, overdue };
        // All clocks ran out long before the test's real time, save those that never ran.
        assert_eq!(counted, [row("dispatched", 9, 7), row("registered", 9, 8)]);
        let all = store.read(|tx| case_list::counts(tx, None)).await.unwrap();
        assert_eq!(all, counted);
        assert_eq!(store.read(|tx| case_list::counts(tx, Some(&[]))).await.unwrap(), []);
    }
}

both_engines! {
    async fn figures_of_the_moment_count_each_case_once(db: TestDb) {
        let store = db.open().await;
        // Ids carry their time: these were registered an hour apart.
        for n in 0..6_u32 {
            let at = minute(i64::from(n) * 60);
            let id = uuid::Builder::from_unix_timestamp_millis(at.as_millisecond() as u64, &[n as u8; 10]).into_uuid();
            let class = (n > 1).then(|| "fast".to_owned());
            let row = CaseRow { case_id: id, class, next_due: Some(at), open: n != 5, ..case(n) };
            register(&store, row, if n % 2 == 0 { &["a", "b"] } else { &["b"] }).await;
        }
        let units = ["a".to_owned(), "b".to_owned()];
        let moment = store.read(move |tx| figures::moment(tx, &units, minute(120), minute(180))).await.unwrap();
        assert_eq!(moment.open_by_class, [("fast".to_owned(), 3), ("none".to_owned(), 2)]);
        assert_eq!((moment.due, moment.registered), (3, 3));
        let none = store.read(|tx| figures::moment(tx, &[], minute(0), minute(0))).await.unwrap();
        assert_eq!(none, figures::Moment::default());
    }
}

/// Fills a unit's scope with many cases by plain SQL.
async fn many(store: &Store, cases: u32) {
    register(store, case(0), &["town"]).await;
    store
        .write(move |tx| {
            let columns = "version, state, class, category, origin, channel, lead_unit, marks, open, next_due,
                registered_at, title, policy_version, last_hash, body";
            for n in 1..=cases {
                let sql = format!(
                    "INSERT INTO cases (tenant_id, case_id, number, grid, {columns})
                     SELECT tenant_id, ?1, ?2, ?3, {columns} FROM cases WHERE tenant_id = 1 AND number = 'DM2026-000000'"
                );
                let grid = if n % 1500 == 0 { "rare" } else { "usual" };
                tx.execute(&sql, params![case_id(n), format!("n{n}"), grid])?;
                let scope = "INSERT INTO case_scope (tenant_id, unit, case_id, open_due) VALUES (1, 'town', ?1, ?2)";
                tx.execute(scope, params![case_id(n), i64::from(n % 700)])?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

both_engines! {
    async fn a_rare_filter_walks_in_bounded_steps_and_still_finds_all(db: TestDb) {
        let store = db.open().await;
        many(&store, 6_000).await;
        for sort in [Sort::Due, Sort::Newest] {
            let rare = CaseQuery { grid: Some("rare".into()), sort, ..query(&["town"], 50) };
            let asked = rare.clone();
            let page = store.read(move |tx| case_list::list(tx, &asked)).await.unwrap();
            assert!(page.cases.len() <= 2 && page.next.is_some(), "the first {WALK_MAX} cases hold few rare ones");
            let mut found = walk(&store, rare).await;
            found.sort_unstable();
            assert_eq!(found, ids([1500, 3000, 4500, 6000]));
        }
    }
}

#[test]
fn lists_walk_an_index_and_sort_nothing() {
    block_on(async {
        let store = TestDb::new(Engine::Sqlite).open().await;
        many(&store, 3_000).await;
        let filters = CaseQuery { grid: Some("rare".into()), states: vec!["x".into()], ..CaseQuery::default() };
        for sort in [Sort::Due, Sort::Newest] {
            for open in [None, Some(true), Some(false)] {
                for base in [CaseQuery::default(), filters.clone()] {
                    let query = CaseQuery { sort, open, ..base };
                    let plans = store.read(move |tx| case_list::plan(tx, &query, "town")).await.unwrap();
                    let index = if sort == Sort::Due { "case_scope_queue" } else { "PRIMARY KEY" };
                    assert!(plans[0].contains(index), "{plans:?}");
                    for step in &plans {
                        assert!(!step.contains("SCAN") && !step.contains("TEMP B-TREE"), "{plans:?}");
                    }
                }
            }
        }
        let due = store.read(|tx| case_list::plan(tx, &CaseQuery::default(), "town")).await.unwrap();
        assert!(due[0].contains("(open_due,case_id)>(?,?)"), "the cursor is a place in the index: {due:?}");
    });
}

#[test]
fn a_cursor_that_no_list_gave_is_refused() {
    for text in ["", "x", "5", "5.x", "x.0190"] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
    let row: CaseRow = case(1);
    assert!(row.open);
}
