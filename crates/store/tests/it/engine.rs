//! Transactions: kept as a whole or not at all, tried again where that helps, never hurt by a defect above.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiban_store::{
    Engine, ManualClock, SCHEMA_VERSION, Store, StoreConfig, StoreError, both_engines, params,
    testkit::{OwnServer, TestDb, block_on},
};
use jiff::{SignedDuration, Timestamp};

use crate::kit::start;

const PUT: &str = "INSERT INTO settings (tenant_id, key, body, at) VALUES (?1, ?2, ?3, 0)";
const COUNT: &str = "SELECT COUNT(*) FROM settings WHERE tenant_id = ?1";

async fn put(store: &Store, key: &'static str) -> Result<(), StoreError> {
    store.write(move |tx| tx.execute(PUT, params![1, key, "{}"])).await
}

async fn count(store: &Store) -> i64 {
    store.read(|tx| tx.query_count(COUNT, params![1])).await.unwrap()
}

both_engines! {
    async fn migrating_twice_changes_nothing_the_second_time(db: TestDb) {
        let store = Store::open(&db.config()).await.unwrap();
        assert_eq!(store.schema_version().await.unwrap(), 0);
        assert_eq!(store.migrate().await.unwrap().len() as i64, SCHEMA_VERSION);
        assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
        assert_eq!(store.schema_version().await.unwrap(), SCHEMA_VERSION);
    }

    async fn four_nodes_that_start_at_once_migrate_once(db: TestDb) {
        let nodes: Vec<_> = (0..4).map(|_| {
            let config = db.config();
            tokio::spawn(async move { Store::open(&config).await.unwrap().migrate().await.unwrap().len() })
        }).collect();
        let mut applied = 0;
        for node in nodes {
            applied += node.await.unwrap();
        }
        assert_eq!(applied as i64, SCHEMA_VERSION);
    }

    async fn a_newer_database_is_refused(db: TestDb) {
        let store = db.open().await;
        store.write(|tx| tx.execute(
            "INSERT INTO schema_migrations (version, name, at) VALUES (?1, ?2, 0)", params![999, "future"],
        )).await.unwrap();
        let error = store.migrate().await.unwrap_err();
        assert!(matches!(&error, StoreError::Migration { what } if what.contains("999")), "{error}");
    }

    async fn an_error_of_the_closure_undoes_its_writes(db: TestDb) {
        let store = db.open().await;
        let error = store.write(|tx| {
            tx.execute(PUT, params![1, "a", "{}"])?;
            Err::<(), _>(StoreError::other("no"))
        }).await.unwrap_err();
        assert_eq!(error, StoreError::other("no"));
        assert_eq!(count(&store).await, 0);
    }

    async fn a_failed_statement_fails_the_transaction_even_if_the_closure_looks_away(db: TestDb) {
        let store = db.open().await;
        let result = store.write(|tx| {
            tx.execute(PUT, params![1, "a", "{}"])?;
            drop(tx.query("SELECT nothing FROM nowhere", params![]));
            Ok::<_, StoreError>(())
        }).await;
        assert!(matches!(result, Err(StoreError::Other { .. })), "{result:?}");
        assert_eq!(count(&store).await, 0);
    }

    async fn a_panic_is_an_error_and_the_worker_lives_on(db: TestDb) {
        let store = db.open_with(&StoreConfig { writers: 1, readers: 1, ..db.config() }).await;
        for _ in 0..5 {
            let result = store.write(|tx| -> Result<(), StoreError> {
                tx.execute(PUT, params![1, "a", "{}"])?;
                panic!("a defect")
            }).await;
            assert!(matches!(result, Err(StoreError::Other { .. })), "{result:?}");
            let result = store.read(|_| -> Result<(), StoreError> { panic!("a defect") }).await;
            assert!(matches!(result, Err(StoreError::Other { .. })), "{result:?}");
        }
        put(&store, "b").await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    async fn a_taken_key_is_a_conflict(db: TestDb) {
        let store = db.open().await;
        put(&store, "a").await.unwrap();
        let result = put(&store, "a").await;
        assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}");
    }

    async fn a_wrong_parameter_stops_everything_before_the_commit(db: TestDb) {
        let store = db.open().await;
        for bad in [params![1, "b"], params![1, "b", "nul\0"], params![1, 5, vec![1_u8]]] {
            let strict = store.write(move |tx| {
                tx.execute(PUT, params![1, "a", "{}"])?;
                tx.execute(PUT, bad.clone())
            }).await;
            assert!(strict.is_err());
            assert_eq!(count(&store).await, 0);
        }
    }

    async fn writes_see_their_own_and_reads_see_only_what_is_committed(db: TestDb) {
        let store = db.open().await;
        let other = store.clone();
        let seen = store.write(move |tx| {
            tx.execute(PUT, params![1, "a", "{}"])?;
            tx.query_count(COUNT, params![1])
        }).await.unwrap();
        assert_eq!(seen, 1);
        assert_eq!(count(&other).await, 1);
        let touched = store.write(|tx| tx.execute_now("DELETE FROM settings WHERE tenant_id = ?1", params![1])).await;
        assert_eq!(touched, Ok(1));
    }

    async fn a_read_keeps_its_snapshot(db: TestDb) {
        let store = db.open().await;
        let (writer, runtime) = (store.clone(), tokio::runtime::Handle::current());
        let counts = store.read(move |tx| {
            let before = tx.query_count(COUNT, params![1])?;
            let writer = writer.clone();
            // The write commits on another thread while this transaction is open.
            runtime.block_on(async move { put(&writer, "a").await })?;
            Ok::<_, StoreError>((before, tx.query_count(COUNT, params![1])?))
        }).await.unwrap();
        assert_eq!(counts, (0, 0));
        assert_eq!(count(&store).await, 1);
    }

    async fn a_read_cannot_write(db: TestDb) {
        let store = db.open().await;
        let result = store.read(|tx| tx.query("DELETE FROM settings WHERE tenant_id = 1 RETURNING key", params![])).await;
        assert!(result.is_err());
    }

    async fn many_writers_at_once_are_all_kept(db: TestDb) {
        let store = db.open().await;
        let writes: Vec<_> = (0..500).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store.write(move |tx| {
                    tx.execute(PUT, params![1, format!("k{n}"), "{}"])?;
                    // Every tenth changes its mind: its neighbours in the same commit must not notice.
                    if n % 10 == 0 { Err(StoreError::other("no")) } else { Ok(()) }
                }).await
            })
        }).collect();
        let mut kept = 0;
        for write in writes {
            kept += i64::from(write.await.unwrap().is_ok());
        }
        assert_eq!((kept, count(&store).await), (450, 450));
    }

    async fn tenants_do_not_see_each_other(db: TestDb) {
        let store = db.open().await;
        let second = store.for_tenant(2);
        second.write(|tx| { let t = tx.tenant(); tx.execute(PUT, params![t, "a", "{}"]) }).await.unwrap();
        assert_eq!(count(&store).await, 0);
        let seen = second.read(|tx| { let t = tx.tenant(); tx.query_count(COUNT, params![t]) }).await;
        assert_eq!(seen, Ok(1));
    }

    async fn time_is_whole_milliseconds_and_can_be_set_by_hand(db: TestDb) {
        let store = db.open().await;
        let now: Timestamp = store.write(|tx| Ok::<_, StoreError>(tx.now())).await.unwrap();
        assert_eq!(now.subsec_nanosecond() % 1_000_000, 0);
        assert!(now.duration_since(Timestamp::now()).abs() < SignedDuration::from_secs(60));
        let clock = ManualClock::new(start());
        let store = db.open_with(&StoreConfig { clock: Some(clock.clone()), ..db.config() }).await;
        clock.advance(SignedDuration::from_mins(3));
        let now = store.read(|tx| Ok::<_, StoreError>(tx.now())).await.unwrap();
        assert_eq!(now, start() + SignedDuration::from_mins(3));
    }

    async fn a_closed_store_says_so(db: TestDb) {
        let store = db.open().await;
        store.close().await;
        assert!(matches!(put(&store, "a").await, Err(StoreError::Unavailable { .. })));
    }

    async fn a_full_line_turns_away_at_once(db: TestDb) {
        let store = db.open_with(&StoreConfig { queue: 2, writers: 1, ..db.config() }).await;
        let (enter, entered) = std::sync::mpsc::channel();
        let (leave, left) = std::sync::mpsc::channel::<()>();
        let gate = std::sync::Mutex::new((enter, left));
        let blocked = store.clone();
        let first = tokio::spawn(async move {
            blocked.write(move |_| {
                let gate = gate.lock().unwrap();
                gate.0.send(()).unwrap();
                gate.1.recv().unwrap();
                Ok::<_, StoreError>(())
            }).await
        });
        tokio::task::spawn_blocking(move || entered.recv().unwrap()).await.unwrap();
        let waiting: Vec<_> = ["a", "b"].into_iter().map(|key| {
            let store = store.clone();
            tokio::spawn(async move { put(&store, key).await })
        }).collect();
        while store.load().writes_waiting < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(put(&store, "c").await, Err(StoreError::Busy { queued: 2 }));
        leave.send(()).unwrap();
        first.await.unwrap().unwrap();
        for write in waiting {
            write.await.unwrap().unwrap();
        }
        assert_eq!(count(&store).await, 2);
    }
}

#[test]
fn sqlite_commits_many_writes_in_one_group() {
    block_on(async {
        let db = TestDb::new(Engine::Sqlite);
        let store = db.open().await;
        let (enter, entered) = std::sync::mpsc::channel();
        let (leave, left) = std::sync::mpsc::channel::<()>();
        let gate = std::sync::Mutex::new((enter, left));
        let blocked = store.clone();
        let first = tokio::spawn(async move {
            blocked
                .write(move |_| {
                    let gate = gate.lock().unwrap();
                    gate.0.send(()).unwrap();
                    gate.1.recv().unwrap();
                    Ok::<_, StoreError>(())
                })
                .await
        });
        tokio::task::spawn_blocking(move || entered.recv().unwrap()).await.unwrap();
        // While the writer is held up, sixty writes get into line; each sees those of its group that ran before it,
        // which no reader sees yet, because they are committed together.
        let reader = store.clone();
        let seen = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Handle::current();
        let group: Vec<_> = (0..60)
            .map(|n| {
                let (store, reader, seen, runtime) = (store.clone(), reader.clone(), seen.clone(), runtime.clone());
                tokio::spawn(async move {
                    store
                        .write(move |tx| {
                            tx.execute(PUT, params![1, format!("k{n}"), "{}"])?;
                            let inside = tx.query_count(COUNT, params![1])?;
                            if inside == 60 {
                                let outside = runtime.block_on(count(&reader));
                                seen.store(1 + usize::try_from(outside).unwrap(), Ordering::SeqCst);
                            }
                            Ok::<_, StoreError>(())
                        })
                        .await
                })
            })
            .collect();
        while store.load().writes_waiting < 60 {
            tokio::task::yield_now().await;
        }
        leave.send(()).unwrap();
        first.await.unwrap().unwrap();
        for write in group {
            write.await.unwrap().unwrap();
        }
        assert_eq!(seen.load(Ordering::SeqCst), 1, "a reader saw nothing while the group was open");
        assert_eq!(count(&store).await, 60);
    });
}

#[test]
fn sqlite_keeps_foreign_keys_and_full_durability() {
    block_on(async {
        let store = TestDb::new(Engine::Sqlite).open().await;
        let settings = store
            .write(|tx| {
                let mut read = |pragma: &str| tx.query_one(pragma, params![])?.unwrap().get::<i64>(0);
                Ok::<_, StoreError>((read("PRAGMA synchronous")?, read("PRAGMA foreign_keys")?))
            })
            .await
            .unwrap();
        assert_eq!(settings, (2, 1));
    });
}

#[test]
fn a_deadlock_is_solved_by_trying_again() {
    block_on(async {
        let db = TestDb::new(Engine::Postgres);
        let store = db.open().await;
        put(&store, "a").await.unwrap();
        put(&store, "b").await.unwrap();
        let runs = Arc::new(AtomicUsize::new(0));
        let meet = Arc::new(std::sync::Barrier::new(2));
        let both = [["a", "b"], ["b", "a"]].map(|keys| {
            let (store, runs, meet) = (store.clone(), runs.clone(), meet.clone());
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        let lock = "UPDATE settings SET body = body || 'x' WHERE tenant_id = 1 AND key = ?1";
                        tx.execute_now(lock, params![keys[0]])?;
                        // Only the first runs wait for each other: together they hold one row each.
                        if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                            meet.wait();
                        }
                        tx.execute_now(lock, params![keys[1]])
                    })
                    .await
            })
        });
        for write in both {
            assert_eq!(write.await.unwrap(), Ok(1));
        }
        assert_eq!(runs.load(Ordering::SeqCst), 3, "one of the two ran twice");
        let body = store.read(|tx| tx.query_one("SELECT body FROM settings WHERE key = 'a'", params![])).await.unwrap();
        assert_eq!(body.unwrap().get::<String>(0).unwrap(), "{}xx");
    });
}

#[test]
fn a_server_that_comes_back_is_used_again() {
    block_on(async {
        let server = OwnServer::start(false);
        let config = StoreConfig { writers: 2, readers: 2, ..StoreConfig::new(server.url()) };
        let store = Store::open(&config).await.unwrap();
        store.migrate().await.unwrap();
        put(&store, "a").await.unwrap();
        server.kill();
        server.restart();
        // The connections are dead, and nobody above needs to know.
        put(&store, "b").await.unwrap();
        assert_eq!(count(&store).await, 2);
        server.kill();
        let impatient = StoreConfig { patience: Duration::from_millis(100), ..config };
        assert!(matches!(Store::open(&impatient).await, Err(StoreError::Unavailable { .. })));
        server.restart();
        assert_eq!(count(&store).await, 2);
    });
}

#[test]
fn a_connection_lost_before_the_commit_is_replaced_and_the_write_runs_again() {
    block_on(async {
        let db = TestDb::new(Engine::Postgres);
        let store = db.open().await;
        let killer = store.clone();
        let runtime = tokio::runtime::Handle::current();
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        store
            .write(move |tx| {
                tx.execute(PUT, params![1, "a", "{}"])?;
                let pid: i64 = tx.query_one("SELECT CAST(pg_backend_pid() AS BIGINT)", params![])?.unwrap().get(0)?;
                if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                    let kill = killer.clone();
                    runtime.block_on(async move {
                        kill.read(move |tx| {
                            tx.query("SELECT pg_terminate_backend(CAST(CAST(?1 AS BIGINT) AS INTEGER))", params![pid])
                        })
                        .await
                    })?;
                }
                tx.query_count(COUNT, params![1])
            })
            .await
            .unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        assert_eq!(count(&store).await, 1);
    });
}

#[test]
fn a_connection_lost_with_the_commit_under_way_is_an_unknown_outcome() {
    block_on(async {
        let db = TestDb::new(Engine::Postgres);
        let store = db.open().await;
        let killer = store.clone();
        let runtime = tokio::runtime::Handle::current();
        let result = store
            .write(move |tx| {
                let pid: i64 = tx.query_one("SELECT CAST(pg_backend_pid() AS BIGINT)", params![])?.unwrap().get(0)?;
                tx.execute(PUT, params![1, "a", "{}"])?;
                let kill = killer.clone();
                // The connection dies unnoticed: the next thing sent on it is the commit.
                runtime.block_on(async move {
                    kill.read(move |tx| {
                        tx.query("SELECT pg_terminate_backend(CAST(CAST(?1 AS BIGINT) AS INTEGER), 5000)", params![pid])
                    })
                    .await
                })?;
                Ok::<_, StoreError>(())
            })
            .await;
        assert_eq!(result, Err(StoreError::Unknown));
        assert_eq!(count(&store).await, 0);
        put(&store, "a").await.unwrap();
    });
}

#[test]
fn addresses_that_cannot_be_read_are_refused_in_words() {
    block_on(async {
        for url in ["", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite:/nowhere/at/all.db"] {
            let error = Store::open(&StoreConfig::new(url)).await.err().expect(url);
            assert!(!error.to_string().is_empty(), "{url}");
        }
    });
}

#[test]
fn every_key_and_index_begins_with_the_tenant() {
    block_on(async {
        let store = TestDb::new(Engine::Sqlite).open().await;
        let sql = "SELECT m.name, (SELECT i.name FROM pragma_index_info(l.name) i WHERE i.seqno = 0)
            FROM sqlite_schema m JOIN pragma_index_list(m.name) l
            WHERE m.type = 'table' AND m.name NOT LIKE 'search_words%' AND m.name NOT LIKE 'schema_%'
              AND m.name NOT LIKE 'sqlite_%' AND l.name <> 'sqlite_autoindex_tenants_1'";
        let rows = store.read(move |tx| tx.query(sql, params![])).await.unwrap();
        assert!(rows.len() > 25, "{}", rows.len());
        let tables: HashSet<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert!(tables.len() >= 17, "{tables:?}");
        for row in rows {
            assert_eq!(row.get::<String>(1).unwrap(), "tenant_id", "{row:?}");
        }
    });
}
