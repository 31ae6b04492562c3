//! Search finds cases by words that were cut before, within what a unit may see.

use jiban_store::{Store, both_engines, search};
use uuid::Uuid;

use crate::kit::{case, case_id, register};

async fn find(
    store: &Store,
    words: &'static str,
    units: Option<&[&str]>,
    before: Option<Uuid>,
    limit: i64,
) -> Vec<Uuid> {
    let units: Option<Vec<String>> = units.map(|units| units.iter().map(|unit| unit.to_string()).collect());
    store.read(move |tx| search::find(tx, words, units.as_deref(), before, limit)).await.unwrap()
}

async fn put(store: &Store, n: u32, words: &'static str) {
    store.write(move |tx| search::put(tx, case_id(n), words)).await.unwrap();
}

both_engines! {
    async fn words_find_the_cases_that_hold_them_all_newest_first(db: TestDb) {
        let store = db.open().await;
        for (n, words) in [(1, "噪音 深夜 施工"), (2, "噪音 广场舞 DB-7"), (3, "垃圾 施工 db-7"), (4, "")] {
            register(&store, case(n), &[if n % 2 == 0 { "even" } else { "odd" }]).await;
            put(&store, n, words).await;
        }
        assert_eq!(find(&store, "噪音", None, None, 9).await, [case_id(2), case_id(1)]);
        assert_eq!(find(&store, "施工 噪音", None, None, 9).await, [case_id(1)]);
        assert_eq!(find(&store, "噪", None, None, 9).await, Vec::<Uuid>::new(), "words, not their parts");
        assert_eq!(find(&store, "Db-7", None, None, 9).await, [case_id(3), case_id(2)]);
        assert_eq!(find(&store, "噪音", None, Some(case_id(2)), 9).await, [case_id(1)]);
        assert_eq!(find(&store, "噪音", None, None, 1).await, [case_id(2)]);
        assert_eq!(find(&store, "噪音", Some(&["odd"]), None, 9).await, [case_id(1)]);
        assert_eq!(find(&store, "噪音", Some(&["even", "odd"]), None, 9).await, [case_id(2), case_id(1)]);
        assert_eq!(find(&store, "噪音", Some(&[]), None, 9).await, Vec::<Uuid>::new());
        assert_eq!(find(&store, "  ", None, None, 9).await, Vec::<Uuid>::new());
    }

    async fn changed_words_take_the_place_of_the_old(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &["a"]).await;
        put(&store, 1, "噪音").await;
        put(&store, 1, "垃圾 垃圾  垃圾").await;
        assert_eq!(find(&store, "噪音", None, None, 9).await, Vec::<Uuid>::new());
        assert_eq!(find(&store, "垃圾", None, None, 9).await, [case_id(1)]);
    }

    async fn marks_of_the_query_language_are_plain_text(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &["a"]).await;
        put(&store, 1, "a'b \"c\" x\\y & | ! :* ( ) AND 噪音").await;
        for words in ["a'b", "\"c\"", "x\\y", "AND", "NEAR(", "a'b | !", "' OR 1=1", "\"", "\\", "*", "-- ; x"] {
            let found = find(&store, words, None, None, 9).await;
            assert!(found.len() <= 1, "{words}");
        }
        assert_eq!(find(&store, "a'b 噪音", None, None, 9).await, [case_id(1)]);
        assert_eq!(find(&store, "x\\y and", None, None, 9).await, [case_id(1)]);
    }

    async fn tenants_find_their_own_only(db: TestDb) {
        let store = db.open().await;
        let second = store.for_tenant(2);
        register(&store, case(1), &["a"]).await;
        register(&second, case(2), &["a"]).await;
        put(&store, 1, "噪音").await;
        put(&second, 2, "噪音").await;
        assert_eq!(find(&store, "噪音", Some(&["a"]), None, 9).await, [case_id(1)]);
        assert_eq!(find(&second, "噪音", None, None, 9).await, [case_id(2)]);
    }

    async fn what_is_not_indexed_yet_can_be_found_and_indexed(db: TestDb) {
        let store = db.open().await;
        for n in 1..=5 {
            register(&store, case(n), &["a"]).await;
        }
        put(&store, 2, "x").await;
        let first = store.read(|tx| search::missing(tx, None, 2)).await.unwrap();
        assert_eq!(first, [case_id(1), case_id(3)]);
        let rest = store.read(|tx| search::missing(tx, Some(case_id(3)), 9)).await.unwrap();
        assert_eq!(rest, [case_id(4), case_id(5)]);
    }

    async fn very_long_texts_are_cut_not_refused(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &["a"]).await;
        store.write(|tx| {
            let long: Vec<String> = (0..9_000).map(|n| format!("w{n}")).chain(["字".repeat(5_000)]).collect();
            search::put(tx, case_id(1), &format!("{} {}", "字".repeat(5_000), long.join(" ")))
        }).await.unwrap();
        assert_eq!(find(&store, "w17", None, None, 9).await, [case_id(1)]);
    }
}
