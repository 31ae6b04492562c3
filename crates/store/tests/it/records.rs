//! The smaller records: retried requests, numbers, documents, accounts, messages, notices, attachments.

use jiban_store::{
    ManualClock, Store, StoreConfig, StoreError,
    attachments::{self, AttachmentRow},
    both_engines, cases, counters,
    documents::{self, Tenant},
    events,
    idempotency::{self, Begin},
    notifications::{self, Notification},
    outbox::{self, NewMessage, RetryPlan},
    params,
    signals::{self, SignalRow},
    users::{self, Session, User},
    works::{self, WorkRow},
};
use jiff::SignedDuration;
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

use crate::kit::{case, case_id, event, minute, register, start};

fn user(person: &str) -> User {
    User {
        person: person.into(),
        login: format!("{person}@dm"),
        password: Some("$argon2id$x".into()),
        totp: Some(vec![1, 2, 3]),
        oidc_subject: None,
        failed: 0,
        locked_until: None,
        active: true,
        session_epoch: 0,
    }
}

fn session(person: &str, token: u8) -> Session {
    Session {
        token_hash: [token; 32],
        person: person.into(),
        epoch: 0,
        created_at: minute(0),
        expires_at: minute(60),
        rotated_at: minute(0),
        seen_at: minute(0),
    }
}

fn message(n: u128) -> NewMessage {
    let (id, body) = (Uuid::from_u128(n), r#"{"text":"x"}"#.into());
    NewMessage { id, channel: "email".into(), recipient: "a@b.cn".into(), body, not_before: None }
}

/// What an intake does: once per key, however often it is asked.
async fn intake(store: &Store, n: u32, key: &'static str) -> Result<String, StoreError> {
    store
        .write(move |tx| {
            match idempotency::begin(tx, "person:li", key, &[1; 32])? {
                Begin::Done(response) => return Ok(response.unwrap_or_default()),
                Begin::OtherRequest => return Err(StoreError::conflict("other request")),
                Begin::New => {}
            }
            let mut row = case(n);
            let scope = row.scope(["office.a"]);
            cases::save(tx, None, &mut row, &[event("registered")], &scope, &[])?;
            idempotency::finish(tx, "person:li", key, &[1; 32], Some(&row.number))?;
            Ok(row.number)
        })
        .await
}

both_engines! {
    async fn fifty_requests_with_one_key_are_one_case(db: TestDb) {
        let store = db.open().await;
        let requests: Vec<_> = (1..=50).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { intake(&store, n, "k").await })
        }).collect();
        let mut answers = HashSet::new();
        for request in requests {
            answers.insert(request.await.unwrap().unwrap());
        }
        assert_eq!(answers.len(), 1);
        assert_eq!(store.read(|tx| tx.query_count("SELECT COUNT(*) FROM cases", params![])).await, Ok(1));
        intake(&store, 99, "k2").await.unwrap();
        assert_eq!(store.read(|tx| tx.query_count("SELECT COUNT(*) FROM cases", params![])).await, Ok(2));
    }

    async fn a_key_stands_for_one_request_of_one_actor_until_it_is_forgotten(db: TestDb) {
        let clock = ManualClock::new(start());
        let store = db.open_with(&StoreConfig { clock: Some(clock.clone()), ..db.config() }).await;
        store.write(|tx| idempotency::finish(tx, "a", "k", &[1; 32], None)).await.unwrap();
        let begin = |actor: &'static str, hash: [u8; 32]| {
            let store = store.clone();
            async move { store.read(move |tx| idempotency::begin(tx, actor, "k", &hash)).await.unwrap() }
        };
        assert_eq!(begin("a", [1; 32]).await, Begin::Done(None));
        assert_eq!(begin("a", [2; 32]).await, Begin::OtherRequest);
        assert_eq!(begin("b", [1; 32]).await, Begin::New);
        assert_eq!(store.write(|tx| idempotency::purge(tx, minute(0), 10)).await, Ok(0));
        assert_eq!(store.write(|tx| idempotency::purge(tx, minute(1), 10)).await, Ok(1));
        assert_eq!(begin("a", [1; 32]).await, Begin::New);
    }

    async fn a_number_is_leased_once(db: TestDb) {
        let store = db.open().await;
        assert_eq!(store.write(|tx| counters::lease(tx, "case.2026", 10)).await, Ok(1));
        let leases: Vec<_> = (0..20).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.write(|tx| counters::lease(tx, "case.2026", 5)).await.unwrap() })
        }).collect();
        let mut firsts = Vec::new();
        for lease in leases {
            firsts.push(lease.await.unwrap());
        }
        firsts.sort_unstable();
        assert_eq!(firsts, (0..20).map(|n| 11 + 5 * n).collect::<Vec<_>>());
        assert_eq!(store.write(|tx| counters::lease(tx, "other", 1)).await, Ok(1));
        store.write(|tx| counters::skip_to(tx, "other", 500)).await.unwrap();
        store.write(|tx| counters::skip_to(tx, "other", 100)).await.unwrap();
        assert_eq!(store.write(|tx| counters::lease(tx, "other", 1)).await, Ok(500));
        assert!(store.write(|tx| counters::lease(tx, "other", 0)).await.is_err());
    }

    async fn every_version_of_the_organisation_is_kept_and_none_overwritten(db: TestDb) {
        let store = db.open().await;
        assert_eq!(store.read(documents::organisation).await.unwrap(), None);
        assert_eq!(store.write(|tx| documents::put_organisation(tx, 0, "{1}")).await, Ok(1));
        assert_eq!(store.write(|tx| documents::put_organisation(tx, 1, "{2}")).await, Ok(2));
        let stale = store.write(|tx| documents::put_organisation(tx, 1, "{3}")).await;
        assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
        let latest = store.read(documents::organisation).await.unwrap().unwrap();
        assert_eq!((latest.version, latest.body.as_str()), (2, "{2}"));
        let first = store.read(|tx| documents::organisation_at(tx, 1)).await.unwrap().unwrap();
        assert_eq!(first.body, "{1}");
        let racers: Vec<_> = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.write(|tx| documents::put_organisation(tx, 2, "{r}")).await.is_ok() })
        }).collect();
        let mut won = 0;
        for racer in racers {
            won += i64::from(racer.await.unwrap());
        }
        assert_eq!(won, 1);
    }

    async fn the_latest_calendar_of_each_year_holds(db: TestDb) {
        let store = db.open().await;
        for (year, body, version) in [(2026, "a", 1), (2025, "b", 1), (2026, "c", 2)] {
            assert_eq!(store.write(move |tx| documents::put_calendar(tx, year, body)).await, Ok(version));
        }
        let calendars = store.read(documents::calendars).await.unwrap();
        let short: Vec<_> = calendars.iter().map(|(year, c)| (*year, c.version, c.body.as_str())).collect();
        assert_eq!(short, [(2025, 1, "b"), (2026, 2, "c")]);
    }

    async fn a_policy_holds_from_its_day_on(db: TestDb) {
        let store = db.open().await;
        for (version, from) in [("v1", 0), ("v2", 10), ("v3", 20)] {
            store.write(move |tx| documents::put_policy(tx, version, "toml", minute(from))).await.unwrap();
        }
        let active = |at: i64| {
            let store = store.clone();
            async move { store.read(move |tx| documents::active_policy(tx, minute(at))).await.unwrap().map(|p| p.version) }
        };
        assert_eq!(active(-1).await, None);
        assert_eq!(active(9).await.as_deref(), Some("v1"));
        assert_eq!(active(10).await.as_deref(), Some("v2"));
        store.write(|tx| documents::put_policy(tx, "v1", "toml", minute(15))).await.unwrap();
        assert_eq!(active(16).await.as_deref(), Some("v1"));
        assert_eq!(store.read(|tx| documents::policy(tx, "v2")).await.unwrap().unwrap().body, "toml");
        assert_eq!(store.read(documents::policies).await.unwrap().len(), 3);
    }

    async fn settings_and_tenants_come_back(db: TestDb) {
        let store = db.open().await;
        for key in ["webhook.b", "webhook.a", "webhooks", "other"] {
            store.write(move |tx| documents::put_setting(tx, key, Some("1"))).await.unwrap();
        }
        store.write(|tx| documents::put_setting(tx, "webhook.b", Some("2"))).await.unwrap();
        store.write(|tx| documents::put_setting(tx, "other", None)).await.unwrap();
        assert_eq!(store.read(|tx| documents::setting(tx, "webhook.b")).await.unwrap().as_deref(), Some("2"));
        assert_eq!(store.read(|tx| documents::setting(tx, "other")).await.unwrap(), None);
        let found = store.read(|tx| documents::settings(tx, "webhook.")).await.unwrap();
        assert_eq!(found, [("webhook.a".to_owned(), "1".to_owned()), ("webhook.b".to_owned(), "2".to_owned())]);
        let tenant = Tenant { tenant_id: 1, code: "dongmen".into(), name: "东门街道".into() };
        let put = tenant.clone();
        store.write(move |tx| documents::put_tenant(tx, &put)).await.unwrap();
        assert_eq!(store.read(documents::tenants).await.unwrap(), [tenant]);
    }

    async fn an_account_is_found_by_each_of_its_names(db: TestDb) {
        let store = db.open().await;
        let li = User { oidc_subject: Some("sub-1".into()), locked_until: Some(minute(1)), failed: 2, ..user("li") };
        let put = li.clone();
        store.write(move |tx| { users::put(tx, &put)?; users::put(tx, &user("wang")) }).await.unwrap();
        assert_eq!(store.read(|tx| users::by_person(tx, "li")).await.unwrap(), Some(li.clone()));
        assert_eq!(store.read(|tx| users::by_login(tx, "li@dm")).await.unwrap(), Some(li.clone()));
        assert_eq!(store.read(|tx| users::by_oidc_subject(tx, "sub-1")).await.unwrap(), Some(li.clone()));
        assert_eq!(store.read(|tx| users::by_person(tx, "nobody")).await.unwrap(), None);
        let page = store.read(|tx| users::list(tx, "li", 10)).await.unwrap();
        assert_eq!(page.iter().map(|user| user.person.as_str()).collect::<Vec<_>>(), ["wang"]);
        let twin = User { login: "li@dm".into(), ..user("zhao") };
        let result = store.write(move |tx| users::put(tx, &twin)).await;
        assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}");
        assert!(!format!("{li:?}").contains("argon2id"));
    }

    async fn failures_are_counted_and_forgiven(db: TestDb) {
        let store = db.open().await;
        store.write(|tx| users::put(tx, &user("li"))).await.unwrap();
        assert_eq!(store.write(|tx| users::note_failure(tx, "li", None)).await, Ok(1));
        assert_eq!(store.write(|tx| users::note_failure(tx, "li", Some(minute(5)))).await, Ok(2));
        assert_eq!(store.write(|tx| users::note_failure(tx, "li", None)).await, Ok(3));
        let li = store.read(|tx| users::by_person(tx, "li")).await.unwrap().unwrap();
        assert_eq!((li.failed, li.locked_until), (3, Some(minute(5))));
        store.write(|tx| users::note_success(tx, "li")).await.unwrap();
        let li = store.read(|tx| users::by_person(tx, "li")).await.unwrap().unwrap();
        assert_eq!((li.failed, li.locked_until), (0, None));
        assert!(store.write(|tx| users::note_failure(tx, "nobody", None)).await.is_err());
    }

    async fn a_session_holds_until_it_ends_one_way_or_another(db: TestDb) {
        let clock = ManualClock::new(start());
        let store = db.open_with(&StoreConfig { clock: Some(clock.clone()), ..db.config() }).await;
        let find = |token: u8| {
            let store = store.clone();
            async move { store.read(move |tx| users::session(tx, &[token; 32])).await.unwrap().map(|(s, u)| (s, u.login)) }
        };
        store.write(|tx| {
            users::put(tx, &user("li"))?;
            (1..=4).try_for_each(|token| users::put_session(tx, &session("li", token)))
        }).await.unwrap();
        assert_eq!(find(1).await, Some((session("li", 1), "li@dm".to_owned())));
        assert_eq!(find(9).await, None);
        clock.set(minute(5));
        store.write(|tx| users::touch_session(tx, &[1; 32])).await.unwrap();
        assert_eq!(find(1).await.unwrap().0.seen_at, minute(5));
        assert_eq!(store.write(|tx| users::rotate_session(tx, &[1; 32], &[11; 32])).await, Ok(true));
        assert_eq!(store.write(|tx| users::rotate_session(tx, &[1; 32], &[12; 32])).await, Ok(false));
        assert_eq!((find(1).await.is_some(), find(11).await.is_some()), (false, true));
        store.write(|tx| users::end_session(tx, &[2; 32])).await.unwrap();
        assert_eq!(find(2).await, None);
        assert_eq!(store.read(|tx| users::sessions_of(tx, "li")).await.unwrap().len(), 3);
        store.write(|tx| users::put(tx, &User { active: false, ..user("li") })).await.unwrap();
        assert_eq!(find(3).await, None);
        store.write(|tx| users::put(tx, &user("li"))).await.unwrap();
        assert!(find(3).await.is_some());
        clock.set(minute(60));
        assert_eq!(find(3).await, None);
        assert_eq!(store.write(|tx| users::purge_sessions(tx, 2)).await, Ok(2));
        store.write(|tx| users::end_all_sessions(tx, "li")).await.unwrap();
        assert_eq!(store.read(|tx| users::sessions_of(tx, "li")).await.unwrap(), []);
        assert_eq!(store.read(|tx| users::by_person(tx, "li")).await.unwrap().unwrap().session_epoch, 1);
        let orphan = store.write(|tx| users::put_session(tx, &session("nobody", 1))).await;
        assert!(orphan.is_err());
    }

    async fn four_nodes_send_every_message_once(db: TestDb) {
        let store = db.open().await;
        store.write(|tx| (1..=200).try_for_each(|n| outbox::push(tx, &message(n)))).await.unwrap();
        let nodes: Vec<_> = (0..4).map(|_| {
            let config = db.config();
            tokio::spawn(async move {
                let store = Store::open(&config).await.unwrap();
                let mut mine = Vec::new();
                loop {
                    let claimed = store.write(|tx| outbox::claim(tx, 7, SignedDuration::from_mins(10))).await.unwrap();
                    assert!(claimed.len() <= 7);
                    for message in &claimed {
                        let id = message.id;
                        store.write(move |tx| outbox::sent(tx, id)).await.unwrap();
                    }
                    mine.extend(claimed.iter().map(|message| message.id));
                    let left = "SELECT COUNT(*) FROM outbox WHERE state = 'queued'";
                    if claimed.is_empty() && store.read(move |tx| tx.query_count(left, params![])).await == Ok(0) {
                        return mine;
                    }
                }
            })
        }).collect();
        let mut all = Vec::new();
        for node in nodes {
            all.extend(node.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all, (1..=200).map(Uuid::from_u128).collect::<Vec<_>>());
    }

    async fn a_message_is_tried_again_later_and_dies_after_its_last_attempt(db: TestDb) {
        let clock = ManualClock::new(start());
        let store = db.open_with(&StoreConfig { clock: Some(clock.clone()), ..db.config() }).await;
        let plan = RetryPlan {
            attempts_max: 3, pause_first: SignedDuration::from_mins(1), pause_max: SignedDuration::from_mins(90),
        };
        let claim = || { let store = store.clone(); async move {
            store.write(|tx| outbox::claim(tx, 10, SignedDuration::from_mins(5))).await.unwrap()
        }};
        let later = NewMessage { not_before: Some(minute(100)), ..message(2) };
        store.write(move |tx| { outbox::push(tx, &message(1))?; outbox::push(tx, &later) }).await.unwrap();
        assert_eq!(store.read(outbox::next_due).await.unwrap(), Some(minute(0)));
        let first = claim().await.pop().unwrap();
        assert_eq!((first.id, first.attempts), (Uuid::from_u128(1), 1));
        // Claimed: nobody else gets it, until the claim is over.
        assert_eq!(claim().await, []);
        clock.set(minute(5));
        let second = claim().await.pop().unwrap();
        assert_eq!(second.attempts, 2);
        let failing = second.clone();
        assert_eq!(store.write(move |tx| outbox::failed(tx, &failing, "no answer\0", plan)).await, Ok(false));
        clock.set(minute(6));
        assert_eq!(claim().await, [], "two attempts: a pause of two minutes");
        clock.set(minute(7));
        let third = claim().await.pop().unwrap();
        assert_eq!((third.attempts, third.last_error.as_deref()), (3, Some("no answer ")));
        assert_eq!(store.write(move |tx| outbox::failed(tx, &third, "gone", plan)).await, Ok(true));
        clock.set(minute(99));
        assert_eq!(claim().await, []);
        let dead = store.read(|tx| outbox::dead(tx, None, 10)).await.unwrap();
        assert_eq!((dead.len(), dead[0].state.as_str()), (1, "dead"));
        assert_eq!(store.write(|tx| outbox::revive(tx, Uuid::from_u128(1))).await, Ok(true));
        assert_eq!(store.write(|tx| outbox::revive(tx, Uuid::from_u128(1))).await, Ok(false));
        clock.set(minute(100));
        assert_eq!(claim().await.len(), 2);
        store.write(|tx| outbox::sent(tx, Uuid::from_u128(1))).await.unwrap();
        assert_eq!(store.write(|tx| outbox::purge_sent(tx, Uuid::max(), 10)).await, Ok(1));
    }

    async fn a_message_is_queued_with_its_cause_or_not_at_all(db: TestDb) {
        let store = db.open().await;
        let undone = store.write(|tx| { outbox::push(tx, &message(1))?; Err::<(), _>(StoreError::other("no")) }).await;
        assert!(undone.is_err());
        assert_eq!(store.read(outbox::next_due).await.unwrap(), None);
    }

    async fn notices_are_read_one_by_one_or_all(db: TestDb) {
        let store = db.open().await;
        let notice = |person: &str, n: u128| Notification {
            id: Uuid::from_u128(n), person: person.into(), case_id: Some(case_id(1)), kind: "dispatched".into(),
            body: "{}".into(), at: minute(0), read_at: None,
        };
        store.write(move |tx| {
            (1..=5).try_for_each(|n| notifications::push(tx, &notice("li", n)))?;
            notifications::push(tx, &notice("wang", 9))
        }).await.unwrap();
        assert_eq!(store.read(|tx| notifications::unread(tx, "li")).await, Ok(5));
        let page = store.read(|tx| notifications::list(tx, "li", false, Some(Uuid::from_u128(4)), 2)).await.unwrap();
        assert_eq!(page, [notice("li", 3), notice("li", 2)]);
        store.write(|tx| notifications::mark_read(tx, "li", Some(Uuid::from_u128(5)))).await.unwrap();
        store.write(|tx| notifications::mark_read(tx, "li", Some(Uuid::from_u128(9)))).await.unwrap();
        let unread = store.read(|tx| notifications::list(tx, "li", true, None, 9)).await.unwrap();
        assert_eq!(unread.iter().map(|n| n.id.as_u128()).collect::<Vec<_>>(), [4, 3, 2, 1]);
        store.write(|tx| notifications::mark_read(tx, "li", None)).await.unwrap();
        assert_eq!(store.read(|tx| notifications::unread(tx, "li")).await, Ok(0));
        assert_eq!(store.read(|tx| notifications::unread(tx, "wang")).await, Ok(1));
    }

    async fn attachments_belong_to_their_case(db: TestDb) {
        let store = db.open().await;
        register(&store, case(1), &[]).await;
        let photo = |n: u128, case: u32| AttachmentRow {
            id: Uuid::from_u128(n), case_id: case_id(case), name: "前.jpg".into(), media_type: "image/jpeg".into(),
            bytes: 1_000, sha256: [4; 32], width: Some(640), height: None, kind: "before".into(),
            by_actor: "reporter".into(), at: minute(1),
        };
        store.write(move |tx| { attachments::put(tx, &photo(2, 1))?; attachments::put(tx, &photo(1, 1)) }).await.unwrap();
        let list = store.read(|tx| attachments::list(tx, case_id(1))).await.unwrap();
        assert_eq!(list, [photo(1, 1), photo(2, 1)]);
        let one = store.read(|tx| attachments::get(tx, case_id(1), Uuid::from_u128(2))).await.unwrap();
        assert_eq!(one, Some(photo(2, 1)));
        assert_eq!(store.read(|tx| attachments::get(tx, case_id(2), Uuid::from_u128(2))).await.unwrap(), None);
        assert!(store.write(move |tx| attachments::put(tx, &photo(3, 7))).await.is_err(), "no such case");
    }

    async fn works_are_found_by_their_last_change_and_by_their_cases(db: TestDb) {
        let clock = ManualClock::new(minute(0));
        let store = db.open_with(&StoreConfig { clock: Some(clock), ..db.config() }).await;
        let work = |n: u8| WorkRow {
            kind: "campaign".into(), id: Uuid::from_u128(n.into()), unit: "lh.dm".into(), state: "running".into(),
            next_at: None, at: minute(i64::from(n)), body: "{}".into(),
        };
        let cases = |numbers: &[u32]| numbers.iter().map(|n| case_id(*n)).collect::<BTreeSet<Uuid>>();
        let many: Vec<u32> = (1..40).collect();
        store.write(move |tx| {
            (1..=5).try_for_each(|n| works::put(tx, &work(n)))?;
            // Two that changed at the same moment are both found.
            works::put(tx, &WorkRow { at: minute(4), ..work(9) })?;
            works::put_cases(tx, "campaign", work(1).id, &cases(&many))?;
            works::put_cases(tx, "campaign", work(2).id, &cases(&[7]))?;
            works::put_cases(tx, "campaign", work(1).id, &cases(&[2, 7, 50]))
        }).await.unwrap();
        let changed = async |after| {
            let rows = store.read(move |tx| works::changed(tx, "campaign", minute(3), after, 2)).await.unwrap();
            rows.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(changed(None).await, [3, 4]);
        assert_eq!(changed(Some((minute(4), Uuid::from_u128(4)))).await, [9, 5]);
        for (case, works) in [(7, vec![2, 1]), (2, vec![1]), (50, vec![1]), (3, vec![])] {
            let rows = store.read(move |tx| works::of_case(tx, "campaign", case_id(case), 9)).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.id.as_u128()).collect::<Vec<u128>>(), works, "{case}");
        }
    }

    async fn what_was_recorded_and_raised_in_a_time_is_found_by_it(db: TestDb) {
        let clock = ManualClock::new(minute(0));
        let store = db.open_with(&StoreConfig { clock: Some(clock.clone()), ..db.config() }).await;
        let stream = Uuid::from_u128(6);
        for n in 0..20 {
            let kind = if n % 2 == 0 { "even" } else { "odd" };
            let new = events::NewEvent { at: minute(n), actor: "system".into(), kind: kind.into(), body: "{}".into() };
            store.write(move |tx| events::append_stream(tx, "works", stream, std::slice::from_ref(&new))).await.unwrap();
        }
        for (from, until, seqs) in [(0, 20, vec![1, 3, 5]), (3, 8, vec![5, 7]), (4, 4, vec![]), (19, 99, vec![])] {
            let span = (minute(from), minute(until));
            let rows = store.read(move |tx| events::of_kind(tx, (stream, "even"), span, 3)).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), seqs, "{from} {until}");
        }
        let signal = |n: u8| SignalRow {
            id: Uuid::from_u128(n.into()), state: "open".into(), area: None, topic: None, at: minute(i64::from(n)),
            body: "{}".into(),
        };
        store.write(move |tx| (1..=5).try_for_each(|n| signals::put(tx, &signal(n)))).await.unwrap();
        let changed = store.read(|tx| signals::changed(tx, minute(3), 2)).await.unwrap();
        assert_eq!(changed.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>(), [5, 4]);
    }
}
