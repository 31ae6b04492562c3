//! Copies hold everything, are whole or absent, and move between the engines.

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use jiban_store::{
    Engine, Store, StoreConfig, StoreError, attachments, backup,
    blobs::{BlobConfig, BlobName, Blobs},
    both_engines,
    bulletins::{self, BulletinRow},
    cases, counters, documents, events, idempotency, identity,
    letters::{self, LetterRow},
    machine_findings,
    models::{self, Bodies, NewModel},
    notifications::{self, Notification},
    outbox, params, presence,
    public_notices::{self, PublicNotice},
    search,
    signals::{self, SignalRow},
    spot_visits,
    testkit::{TestDb, block_on},
    users,
    works::{self, WorkRow},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::kit::{case, case_id, change, minute, register};

/// Puts something into every table.
async fn fill(store: &Store) {
    for n in 1..=7 {
        let row = cases::CaseRow { lat: Some(0.1 + 0.2), lon: Some(114.0), ..case(n) };
        register(store, row, &["office.a"]).await;
    }
    change(store, case_id(1), "closed", |row| row.open = false).await.unwrap();
    let key =
        identity::VaultKey { id: "k".into(), cipher: identity::Cipher::Sm4Gcm, bytes: Zeroizing::new(vec![1; 16]) };
    let vault = Arc::new(identity::IdentityVault::new(&[key], &[2; 32]).unwrap());
    store
        .write(move |tx| {
            documents::put_tenant(
                tx,
                &documents::Tenant { tenant_id: 1, code: "dm".into(), name: "东门\n\"街道\"".into() },
            )?;
            documents::put_setting(tx, "s", Some("{}"))?;
            documents::put_organisation(tx, 0, "{}")?;
            documents::put_calendar(tx, 2026, "{}")?;
            documents::put_policy(tx, "v1", "x = 1", minute(0))?;
            counters::lease(tx, "case", 5)?;
            let user = users::User {
                person: "li".into(),
                login: "li".into(),
                password: None,
                totp: Some(vec![0, 255]),
                oidc_subject: None,
                failed: 0,
                locked_until: None,
                active: true,
                session_epoch: 0,
            };
            users::put(tx, &user)?;
            let (now, person) = (minute(0), "li".to_owned());
            let session = users::Session {
                token_hash: [1; 32],
                person,
                epoch: 0,
                created_at: now,
                expires_at: now,
                rotated_at: now,
                seen_at: now,
            };
            users::put_session(tx, &session)?;
            identity::put(tx, &vault, case_id(1), &identity::Identity::default())?;
            idempotency::finish(tx, "a", "k", &[1; 32], Some("{}"))?;
            let (id, text) = (Uuid::from_u128(1), || "{}".to_owned());
            outbox::push(
                tx,
                &outbox::NewMessage {
                    id,
                    channel: "sms".into(),
                    recipient: "li".into(),
                    body: text(),
                    not_before: None,
                },
            )?;
            notifications::push(
                tx,
                &Notification {
                    id,
                    person: "li".into(),
                    case_id: None,
                    kind: "x".into(),
                    body: text(),
                    at: now,
                    read_at: None,
                },
            )?;
            presence::note(tx, case_id(1), "li")?;
            let (state, area, topic) = ("open".to_owned(), Some("g".to_owned()), None);
            signals::put(tx, &SignalRow { id, state, area, topic, at: now, body: text() })?;
            let visit =
                spot_visits::Visit { spot: "s001".into(), at: now, person: "li".into(), checklist: "fire".into() };
            spot_visits::note(tx, &visit)?;
            let bodies = Bodies { whole: vec![1, 2], measured: vec![3] };
            models::put(tx, NewModel { subject: "category", report: "{}", bodies: Some(&bodies) }, 0, 20)?;
            let (unit, title) = ("lh.dm".to_owned(), "x".to_owned());
            let (shown_from, shown_until) = (now, now);
            let by_actor = "system".to_owned();
            let notice = PublicNotice { id, unit, title, text: text(), shown_from, shown_until, by_actor, at: now };
            public_notices::put(tx, &notice)?;
            let letter = LetterRow {
                id,
                state: "issued".into(),
                kind: "reminder".into(),
                unit: "lh.dm".into(),
                rule: None,
                number: Some("n1".into()),
                at: now,
                body: text(),
            };
            letters::put(tx, &letter)?;
            let bulletin = BulletinRow {
                id,
                kind: "daily".into(),
                unit: "lh.dm".into(),
                first_day: 1,
                last_day: 1,
                state: "issued".into(),
                at: now,
                hash: [2; 32],
                body: text(),
            };
            bulletins::put(tx, &bulletin)?;
            let work = WorkRow {
                kind: "campaign".into(),
                id,
                unit: "lh.dm".into(),
                state: "running".into(),
                next_at: Some(now),
                at: now,
                body: serde_json::json!({ "title": text(), "members": [case_id(1), case_id(2)] }).to_string(),
            };
            works::put(tx, &work)?;
            works::put_cases(tx, "campaign", id, &[case_id(1), case_id(2)].into())?;
            let events = machine_findings::Events {
                source: "cameras".into(),
                kind: "smoke".into(),
                place: "spot:s001".into(),
                count: 2,
                first_at: now,
                last_at: now,
                told: text(),
                together_since: now,
                at_least: 1,
                quiet_since: now,
            };
            machine_findings::add(tx, id, &events)?;
            machine_findings::decide(tx, id, "dismissed", "{}")?;
            attachments::put(
                tx,
                &attachments::AttachmentRow {
                    id,
                    case_id: case_id(1),
                    name: "a".into(),
                    media_type: "x/y".into(),
                    bytes: 1,
                    sha256: [1; 32],
                    width: None,
                    height: None,
                    kind: "other".into(),
                    by_actor: "system".into(),
                    at: now,
                },
            )
        })
        .await
        .unwrap();
}

/// Everything in the archive but its time and checksum.
fn rows_of(archive: &Path) -> Vec<String> {
    let text = fs::read_to_string(archive).unwrap();
    text.lines().skip(1).filter(|line| !line.starts_with("{\"end\"")).map(str::to_owned).collect()
}

#[test]
fn an_archive_moves_everything_to_the_other_engine_and_back() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let (small, large, again) =
            (TestDb::new(Engine::Sqlite), TestDb::new(Engine::Postgres), TestDb::new(Engine::Sqlite));
        let (small, large, again) = (small.open().await, large.open().await, again.open().await);
        fill(&small).await;
        let written = backup::export(&small, &file("1")).await.unwrap();
        let mut heard = 0;
        assert_eq!(backup::restore(&large, &file("1"), |rows| heard = rows).await.unwrap(), written);
        assert_eq!(heard, written.rows);
        backup::export(&large, &file("2")).await.unwrap();
        backup::restore(&again, &file("2"), |_| ()).await.unwrap();
        backup::export(&again, &file("3")).await.unwrap();
        assert_eq!(rows_of(&file("1")), rows_of(&file("2")));
        assert_eq!(rows_of(&file("1")), rows_of(&file("3")));
        for store in [&large, &again] {
            assert_eq!(events::verify_all(store, |_| ()).await.unwrap().faults, []);
            assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
            assert_eq!(store.read(|tx| search::missing(tx, None, 99)).await.unwrap().len(), 7);
            let of_case = store.read(|tx| works::of_case(tx, "campaign", case_id(2), 9)).await.unwrap();
            assert_eq!((of_case.len(), of_case[0].state.as_str()), (1, "running"));
        }
    });
}

#[test]
fn the_archive_forgets_no_table_and_no_column() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let db = TestDb::new(Engine::Sqlite);
        let store = db.open().await;
        fill(&store).await;
        backup::export(&store, &folder.path().join("a")).await.unwrap();
        let mut archived = Vec::new();
        let mut rows = 0;
        for line in rows_of(&folder.path().join("a")) {
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            match value.get("table") {
                Some(table) => {
                    if let Some((name, _)) = archived.last() {
                        assert!(rows > 0, "{name} is tested without rows");
                    }
                    let columns = value["columns"].as_array().unwrap().iter();
                    let mut columns: Vec<String> = columns.map(|c| c.as_str().unwrap().to_owned()).collect();
                    columns.sort_unstable();
                    archived.push((table.as_str().unwrap().to_owned(), columns));
                    rows = 0;
                }
                None => rows += 1,
            }
        }
        archived.sort_unstable();
        // What is made from cases and works is made anew where they are restored: the index of words, the sums, and which
        // works a case belongs to.
        let sql = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name NOT LIKE 'search_%' AND m.name NOT LIKE 'schema_%'
                AND m.name NOT IN ('case_facts', 'figures', 'uncounted', 'work_cases') ORDER BY 1, 2";
        let mut real: Vec<(String, Vec<String>)> = Vec::new();
        for row in store.read(move |tx| tx.query(sql, params![])).await.unwrap() {
            let (table, column): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
            match real.last_mut() {
                Some((last, columns)) if *last == table => columns.push(column),
                _ => real.push((table, vec![column])),
            }
        }
        assert_eq!(archived, real);
    });
}

both_engines! {
    async fn a_database_with_rows_is_not_restored_over(db: TestDb) {
        let folder = tempfile::tempdir().unwrap();
        let store = db.open().await;
        fill(&store).await;
        let file = folder.path().join("a");
        backup::export(&store, &file).await.unwrap();
        let result = backup::restore(&store, &file, |_| ()).await;
        assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}");
    }

    async fn a_damaged_archive_names_its_line_and_writes_nothing(db: TestDb) {
        let folder = tempfile::tempdir().unwrap();
        let source = TestDb::new(db.engine());
        let filled = source.open().await;
        fill(&filled).await;
        let file = folder.path().join("a");
        backup::export(&filled, &file).await.unwrap();
        let whole = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let without_end = lines[..lines.len() - 1].join("\n") + "\n";
        let row = lines.iter().position(|line| line.starts_with('[')).unwrap();
        let damaged = [
            (whole.replace("噪音", "安静"), "checksum"),
            (without_end.clone(), "cut short"),
            (whole.replacen("\"cases\"", "\"nowhere\"", 1), "no such table"),
            (whole.replacen("\"body\"", "\"body) --\"", 1), "no such column"),
            (whole.replacen(lines[row], "[1,2]", 1), &format!("line {}", row + 1)),
            (whole.replacen(lines[row], "{", 1), &format!("line {}", row + 1)),
            ("{}\n".to_owned(), "line 1"),
            (String::new(), "cut short"),
        ];
        let store = db.open().await;
        for (text, word) in damaged {
            fs::write(&file, text).unwrap();
            let error = backup::restore(&store, &file, |_| ()).await.unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }) && error.to_string().contains(word), "{error} / {word}");
        }
        fs::write(&file, whole.replacen("\"jiban_archive\":1", "\"jiban_archive\":9", 1)).unwrap();
        let newer = backup::restore(&store, &file, |_| ()).await;
        assert!(matches!(newer, Err(StoreError::Migration { .. })), "{newer:?}");
        assert_eq!(store.read(|tx| tx.query_count("SELECT COUNT(*) FROM settings", params![])).await, Ok(0));
        fs::write(&file, whole).unwrap();
        backup::restore(&store, &file, |_| ()).await.unwrap();
    }

    async fn a_restore_that_broke_off_is_noticed(db: TestDb) {
        let store = db.open().await;
        store.for_tenant(0).write(|tx| documents::put_setting(tx, "restore.unfinished", Some("true"))).await.unwrap();
        let result = store.migrate().await;
        assert!(matches!(result, Err(StoreError::Migration { .. })), "{result:?}");
    }
}

#[test]
fn a_file_is_copied_while_it_is_written_to() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let db = TestDb::new(Engine::Sqlite);
        let store = db.open().await;
        fill(&store).await;
        let writer = store.clone();
        let writing = tokio::spawn(async move {
            for n in 100..300 {
                register(&writer, case(n), &["office.a"]).await;
            }
        });
        let target = folder.path().join("copy.db");
        let bytes = backup::copy_file(&store, &target).await.unwrap();
        writing.await.unwrap();
        assert_eq!(bytes, fs::metadata(&target).unwrap().len());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half-made is left");
        let copy = Store::open(&StoreConfig::new(format!("sqlite:{}", target.display()))).await.unwrap();
        assert_eq!(events::verify_all(&copy, |_| ()).await.unwrap().faults, []);
        assert!(copy.read(|tx| cases::load(tx, case_id(7))).await.unwrap().is_some());
        let nowhere = backup::copy_file(&store, Path::new("/nowhere/at/all.db")).await;
        assert!(nowhere.is_err());
    });
}

#[test]
fn blobs_come_back_as_they_were() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&BlobConfig::Folder(folder.path().join("new/folder"))).unwrap();
        let name = BlobName::attachment(1, case_id(1), Uuid::from_u128(2), "full").unwrap();
        assert_eq!(blobs.get(&name).await.unwrap(), None);
        blobs.put(&name, Bytes::from_static(b"\xFF\xD8photo")).await.unwrap();
        assert_eq!(blobs.get(&name).await.unwrap(), Some(Bytes::from_static(b"\xFF\xD8photo")));
        let thumb = BlobName::attachment(1, case_id(1), Uuid::from_u128(2), "thumb").unwrap();
        assert_eq!(blobs.get(&thumb).await.unwrap(), None);
        blobs.remove(&name).await.unwrap();
        blobs.remove(&name).await.unwrap();
        assert_eq!(blobs.get(&name).await.unwrap(), None);
        for bad in ["", "../up", "a/b", "Full", &"a".repeat(33)] {
            assert!(BlobName::attachment(1, case_id(1), Uuid::nil(), bad).is_err(), "{bad}");
        }
    });
}

#[test]
fn a_bucket_that_is_away_is_an_error_and_keeps_its_secret() {
    block_on(async {
        let config = BlobConfig::S3 {
            endpoint: "http://127.0.0.1:1".into(),
            region: "us-east-1".into(),
            bucket: "b".into(),
            access_key: "key".into(),
            secret_key: "hidden".into(),
        };
        assert!(!format!("{config:?}").contains("hidden"));
        let blobs = Blobs::open(&config).unwrap();
        let name = BlobName::attachment(1, case_id(1), Uuid::nil(), "full").unwrap();
        let error = blobs.put(&name, Bytes::from_static(b"x")).await.unwrap_err();
        assert!(matches!(error, StoreError::Files { .. }), "{error}");
        assert!(!error.to_string().contains("hidden"), "{error}");
    });
}
