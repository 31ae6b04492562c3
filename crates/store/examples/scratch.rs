use jiban_store::{case_list::*, cases::*, events::NewEvent, *};
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;
fn row(id: Uuid, n: i64, now: jiff::Timestamp) -> CaseRow {
    CaseRow {
        case_id: id,
        number: format!("N{n}-{id}"),
        version: 0,
        state: "registered".into(),
        class: Some("fast".into()),
        category: Some("noise".into()),
        origin: "request".into(),
        channel: "hotline".into(),
        lead_unit: Some("office.a".into()),
        grid: Some(format!("grid.{}", n % 25)),
        marks: String::new(),
        open: n % 10 == 0,
        next_due: Some(now),
        registered_at: now,
        finished_at: None,
        closed_at: None,
        upstream_number: None,
        place_key: Some(format!("p{}", n % 1000)),
        reporter: Some([(n % 251) as u8; 32]),
        tracking: None,
        title: "噪音扰民".into(),
        lon: Some(114.0),
        lat: Some(22.5),
        policy_version: "v1".into(),
        last_hash: [0; 32],
        body: "x".repeat(2000),
    }
}
fn units(n: i64) -> Vec<String> {
    vec!["dm".into(), format!("community.{}", n % 7), format!("grid.{}", n % 25)]
}
async fn bench(name: &str, store: Store, total: i64) {
    store.migrate().await.unwrap();
    for clients in [1, 64] {
        let started = Instant::now();
        let next = Arc::new(std::sync::atomic::AtomicI64::new(0));
        let lat = Arc::new(std::sync::Mutex::new(Vec::new()));
        let total = if clients == 1 { total / 10 } else { total };
        let tasks: Vec<_> = (0..clients)
            .map(|_| {
                let (store, next, lat) = (store.clone(), next.clone(), lat.clone());
                tokio::spawn(async move {
                    loop {
                        let n = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        if n >= total {
                            break;
                        }
                        let t = Instant::now();
                        let key = format!("key{n}-{clients}");
                        store
                            .write(move |tx| {
                                let b = idempotency::begin(tx, "a", &key, &[1; 32])?;
                                assert_eq!(b, idempotency::Begin::New);
                                let id = Uuid::now_v7();
                                let mut r = row(id, n, tx.now());
                                let scope = r.scope(units(n));
                                let clocks =
                                    vec![ClockRow { clock: "dispatch".into(), next_at: tx.now(), due_at: tx.now() }];
                                let ev = |k: &str| NewEvent {
                                    at: tx.now(),
                                    actor: "person:x".into(),
                                    kind: k.into(),
                                    body: "y".repeat(600),
                                };
                                let evs = [ev("registered"), ev("classified"), ev("clock_started")];
                                cases::save(tx, None, &mut r, &evs, &scope, &clocks)?;
                                search::put(tx, id, "噪音 深夜 施工 广场")?;
                                outbox::push(
                                    tx,
                                    &outbox::NewMessage {
                                        id,
                                        channel: "app".into(),
                                        recipient: "x".into(),
                                        body: "{}".into(),
                                        not_before: None,
                                    },
                                )?;
                                idempotency::finish(tx, "a", &key, &[1; 32], Some("{}"))
                            })
                            .await
                            .unwrap();
                        lat.lock().unwrap().push(t.elapsed());
                    }
                })
            })
            .collect();
        for t in tasks {
            t.await.unwrap();
        }
        let mut l = lat.lock().unwrap().clone();
        l.sort();
        let s = started.elapsed().as_secs_f64();
        println!(
            "{name} intake {clients:3} clients: {:.0}/s  p50 {:?} p99 {:?}",
            total as f64 / s,
            l[l.len() / 2],
            l[l.len() * 99 / 100]
        );
    }
    for (what, q) in [
        ("queue", CaseQuery { units: Some(vec!["dm".into()]), limit: 50, ..Default::default() }),
        (
            "queue 3 units filter",
            CaseQuery {
                units: Some(vec!["community.1".into(), "community.2".into(), "grid.5".into()]),
                states: vec!["registered".into()],
                limit: 50,
                ..Default::default()
            },
        ),
        (
            "newest rare",
            CaseQuery { units: None, grid: Some("none".into()), sort: Sort::Newest, limit: 50, ..Default::default() },
        ),
    ] {
        let mut l = Vec::new();
        for _ in 0..200 {
            let t = Instant::now();
            let q = q.clone();
            store.read(move |tx| list(tx, &q)).await.unwrap();
            l.push(t.elapsed());
        }
        l.sort();
        println!("{name} {what}: p50 {:?} p99 {:?}", l[100], l[197]);
    }
    let mut l = Vec::new();
    for _ in 0..200 {
        let t = Instant::now();
        store.read(|tx| search::find(tx, "噪音 施工", Some(&["community.1".to_owned()]), None, 50)).await.unwrap();
        l.push(t.elapsed());
    }
    l.sort();
    println!("{name} search common: p50 {:?} p99 {:?}", l[100], l[197]);
    let mut l = Vec::new();
    for _ in 0..200 {
        let t = Instant::now();
        store.read(|tx| counts(tx, None)).await.unwrap();
        l.push(t.elapsed());
    }
    l.sort();
    println!("{name} counts: p50 {:?} p99 {:?}", l[100], l[197]);
}
fn main() {
    let total: i64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(20000);
    testkit::block_on(async {
        let db = testkit::TestDb::new(Engine::Sqlite);
        let dir = tempfile::tempdir_in("/work").unwrap();
        let store =
            Store::open(&StoreConfig::new(format!("sqlite:{}", dir.path().join("x.db").display()))).await.unwrap();
        bench("sqlite", store, total).await;
        drop(db);
        let server = testkit::OwnServer::start(true);
        for writers in [4, 16] {
            println!("writers {writers}");
            let store = Store::open(&StoreConfig { writers, ..StoreConfig::new(server.url()) }).await.unwrap();
            bench("postgres", store, total).await;
        }
    });
}
