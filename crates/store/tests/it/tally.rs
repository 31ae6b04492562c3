//! The tally: what was counted is what the cases say, however often they change and in whatever order they are counted.

use std::collections::BTreeMap;

use jiban_store::{
    Store, both_engines, cases,
    tally::{self, By, Counted, FactQuery, FactRow},
};
use uuid::Uuid;

use crate::kit::{case, case_id, change, register};

fn fact(day: tally::Day, unit: &str, counts: &[(&str, i64)]) -> FactRow {
    FactRow {
        day,
        unit: unit.to_owned(),
        scope: vec!["town".to_owned(), unit.to_owned()],
        person: Some(format!("person of {unit}")),
        class: Some("fast".to_owned()),
        category: None,
        channel: "hotline".to_owned(),
        area: Some("grid.1".to_owned()),
        apart: None,
        counts: counts.iter().map(|(measure, number)| ((*measure).to_owned(), *number)).collect(),
    }
}

async fn count(store: &Store, counted: Vec<Counted>) -> Option<usize> {
    store.write(move |tx| tally::count(tx, &counted)).await.unwrap()
}

async fn sums(store: &Store, unit: &'static str, by: By, first: tally::Day, last: tally::Day) -> BTreeMap<String, i64> {
    let sums = store.read(move |tx| tally::sums(tx, unit, by, first, last)).await.unwrap();
    let told = sums.into_iter().map(|sum| {
        let apart = sum.apart.map(|reason| format!(" ({reason})")).unwrap_or_default();
        (format!("{} {}{apart}", sum.value, sum.measure), sum.number)
    });
    told.collect()
}

fn map(of: &[(&str, i64)]) -> BTreeMap<String, i64> {
    of.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
}

both_engines! {
    async fn a_case_that_changes_replaces_what_it_had_added(db: TestDb) {
        let store = db.open().await;
        for n in 1..=3 {
            register(&store, case(n), &["office.a"]).await;
        }
        let waiting = store.read(|tx| cases::uncounted(tx, 10)).await.unwrap();
        assert_eq!(waiting.iter().map(|row| row.case_id).collect::<Vec<_>>(), [case_id(1), case_id(2), case_id(3)]);
        let first = |n, version, facts: Vec<FactRow>| Counted { case_id: case_id(n), version, facts };
        let done = count(&store, vec![
            first(1, 1, vec![fact(20_260_302, "a", &[("registered", 1)])]),
            first(2, 1, vec![fact(20_260_302, "a", &[("registered", 1), ("met", 2)]), fact(20_260_303, "b", &[("late", 1)])]),
        ]).await;
        assert_eq!(done, Some(2));
        assert_eq!(store.read(|tx| cases::uncounted(tx, 10)).await.unwrap().len(), 1);
        assert_eq!(sums(&store, "town", By::Unit, 20_260_301, 20_260_331).await,
            map(&[("a registered", 2), ("a met", 2), ("b late", 1)]));

        // Case 2 changes: the unit, the day and the reason are others now.
        change(&store, case_id(2), "closed", |row| row.state = "closed".into()).await.unwrap();
        let mut moved = fact(20_260_401, "b", &[("registered", 1)]);
        moved.apart = Some("unlawful".to_owned());
        // Counted at a version that is no longer: nothing happens, and it still waits.
        assert_eq!(count(&store, vec![first(2, 1, vec![moved.clone()])]).await, Some(0));
        assert_eq!(count(&store, vec![first(2, 2, vec![moved])]).await, Some(1));
        assert_eq!(sums(&store, "town", By::Unit, 20_260_301, 20_260_430).await,
            map(&[("a registered", 1), ("b registered (unlawful)", 1)]));
        assert_eq!(sums(&store, "town", By::All, 20_260_301, 20_260_331).await, map(&[(" registered", 1)]));
        assert_eq!(sums(&store, "b", By::Class, 20_260_401, 20_260_401).await, map(&[("fast registered (unlawful)", 1)]));
        assert_eq!(sums(&store, "a", By::Category, 20_260_302, 20_260_302).await, map(&[(" registered", 1)]));

        // Forgotten and counted anew, it is the same.
        store.write(tally::forget).await.unwrap();
        assert_eq!(sums(&store, "town", By::All, 20_200_101, 20_301_231).await, map(&[]));
        assert_eq!(store.read(|tx| cases::uncounted(tx, 10)).await.unwrap().len(), 3);
    }

    async fn months_and_days_come_to_the_same(db: TestDb) {
        let store = db.open().await;
        let mut all = Vec::new();
        for n in 1..=90_u32 {
            register(&store, case(n), &["office.a"]).await;
            let day = 20_260_000 + i64::from(1 + n % 3) * 100 + i64::from(1 + n % 28);
            all.push(Counted { case_id: case_id(n), version: 1, facts: vec![fact(day, "a", &[("registered", 1)])] });
        }
        count(&store, all.clone()).await;
        let ranges =
            [(20_260_101, 20_260_331), (20_260_102, 20_260_327), (20_260_201, 20_260_228), (20_260_215, 20_260_305)];
        for (first, last) in ranges {
            let truth = all.iter().filter(|case| (first..=last).contains(&case.facts[0].day)).count() as i64;
            assert_eq!(sums(&store, "a", By::All, first, last).await, map(&[(" registered", truth)]), "{first} {last}");
        }
        let days = store.read(|tx| tally::by_day(tx, "a", By::All, (20_260_201, 20_260_228))).await.unwrap();
        assert_eq!(days.iter().map(|(_, sum)| sum.number).sum::<i64>(), 30);
        assert_eq!(store.read(|tx| tally::newest_day(tx, "a", "registered", 20_260_228)).await.unwrap(), days.last().map(|(day, _)| *day));
        assert_eq!(store.read(|tx| tally::newest_day(tx, "a", "late", 20_260_228)).await.unwrap(), None);
        let grids = ["grid.1".to_owned(), "grid.2".to_owned()];
        let of_grids = move |tx: &mut jiban_store::ReadTx<'_>| {
            tally::days(tx, "a", (By::Area, &grids), "registered", (20_260_201, 20_260_228))
        };
        let by_day = store.read(of_grids).await.unwrap();
        assert_eq!(by_day, days.iter().map(|(day, sum)| (*day, sum.number)).collect());
        assert!(store.read(|tx| tally::days(tx, "a", (By::Area, &[]), "registered", (20_260_201, 20_260_228))).await.unwrap().is_empty());
        let first = all.iter().map(|case| case.facts[0].day).min();
        assert_eq!(store.read(|tx| tally::first_day(tx, "a")).await.unwrap(), first);
    }

    async fn behind_a_number_are_its_cases_page_by_page(db: TestDb) {
        let store = db.open().await;
        let mut all = Vec::new();
        for n in 1..=40_u32 {
            register(&store, case(n), &["office.a"]).await;
            let unit = if n % 2 == 0 { "a" } else { "b" };
            let measure = if n % 4 == 0 { "late" } else { "met" };
            all.push(Counted {
                case_id: case_id(n),
                version: 1,
                facts: vec![fact(20_260_300 + i64::from(1 + n % 5), unit, &[("registered", 1), (measure, 1)])],
            });
        }
        count(&store, all).await;
        let mut query = FactQuery {
            unit: "town".to_owned(), first: 20_260_301, last: 20_260_331, measure: "late".to_owned(),
            by: By::Unit, values: vec!["a".to_owned()], after: None, limit: 3,
        };
        let mut found: Vec<(tally::Day, Uuid)> = Vec::new();
        loop {
            let asked = query.clone();
            let (page, next) = store.read(move |tx| tally::cases_of(tx, &asked)).await.unwrap();
            found.extend(page);
            let Some(next) = next else { break };
            query.after = Some(next);
        }
        let mut truth: Vec<_> = (1..=40_u32).filter(|n| n % 4 == 0).map(|n| (20_260_300 + i64::from(1 + n % 5), case_id(n))).collect();
        truth.sort();
        assert_eq!(found, truth);
        query = FactQuery { unit: "elsewhere".to_owned(), after: None, ..query };
        assert_eq!(store.read(move |tx| tally::cases_of(tx, &query)).await.unwrap(), (Vec::new(), None));
    }
}
