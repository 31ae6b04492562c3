//! Protected data opens with its key, in its place, and is nowhere to be read without.

use jiban_store::{
    Engine, StoreError, both_engines,
    cases::CaseRow,
    identity::{self, Cipher, Identity, IdentityVault, VaultKey},
    params,
    testkit::{TestDb, block_on},
};
use std::sync::Arc;
use zeroize::Zeroizing;

use crate::kit::{case, case_id, minute, register};

fn key(id: &str, cipher: Cipher) -> VaultKey {
    VaultKey { id: id.into(), cipher, bytes: Zeroizing::new(vec![5; cipher.key_bytes()]) }
}

fn vault(keys: &[VaultKey]) -> Arc<IdentityVault> {
    Arc::new(IdentityVault::new(keys, &[8; 32]).unwrap())
}

fn someone() -> Identity {
    Identity {
        name: Some("欧阳不可见".into()),
        phone: Some("13912345678".into()),
        address: Some("湖贝路2号301".into()),
        id_number: Some("440301199001011234".into()),
        email: Some("ouyang@example.cn".into()),
        original_text: Some("我是欧阳不可见，楼下太吵".into()),
    }
}

both_engines! {
    async fn an_identity_comes_back_with_its_key_and_can_be_removed(db: TestDb) {
        let store = db.open().await;
        for (n, cipher) in [(1, Cipher::Aes256Gcm), (2, Cipher::Sm4Gcm)] {
            register(&store, case(n), &[]).await;
            let vault = vault(&[key("k1", cipher)]);
            let sealing = vault.clone();
            store.write(move |tx| identity::put(tx, &sealing, case_id(n), &someone())).await.unwrap();
            let found = store.read(move |tx| identity::get(tx, &vault, case_id(n))).await.unwrap();
            assert_eq!(found, Some(someone()));
            store.write(move |tx| identity::remove(tx, case_id(n))).await.unwrap();
        }
        let vault = vault(&[key("k1", Cipher::Sm4Gcm)]);
        assert_eq!(store.read(move |tx| identity::get(tx, &vault, case_id(1))).await.unwrap(), None);
    }

    async fn a_row_copied_to_another_case_or_tenant_does_not_open(db: TestDb) {
        let store = db.open().await;
        for n in [1, 2] {
            register(&store, case(n), &[]).await;
        }
        register(&store.for_tenant(2), case(1), &[]).await;
        let vault = vault(&[key("k1", Cipher::Aes256Gcm)]);
        let sealing = vault.clone();
        store.write(move |tx| identity::put(tx, &sealing, case_id(1), &someone())).await.unwrap();
        store.write(|tx| {
            let copy = "INSERT INTO identities (tenant_id, case_id, sealed, key_id)
                SELECT CAST(?1 AS BIGINT), CAST(?2 AS BYTEA), sealed, key_id FROM identities WHERE tenant_id = 1 AND case_id = ?3";
            // SQLite reads BYTEA as a number's type; it gets the plain statement.
            let copy = if tx.engine() == Engine::Sqlite { copy.replace("CAST(?2 AS BYTEA)", "?2") } else { copy.into() };
            tx.execute(&copy, params![1, case_id(2), case_id(1)])?;
            tx.execute(&copy, params![2, case_id(1), case_id(1)])
        }).await.unwrap();
        let (other_case, other_tenant) = (vault.clone(), vault.clone());
        let result = store.read(move |tx| identity::get(tx, &other_case, case_id(2))).await;
        assert!(matches!(result, Err(StoreError::Corrupt { .. })), "{result:?}");
        let result = store.for_tenant(2).read(move |tx| identity::get(tx, &other_tenant, case_id(1))).await;
        assert!(matches!(result, Err(StoreError::Corrupt { .. })), "{result:?}");
        assert_eq!(store.read(move |tx| identity::get(tx, &vault, case_id(1))).await.unwrap(), Some(someone()));
    }

    async fn protected_data_of_cases_long_closed_is_removed_and_no_other(db: TestDb) {
        let store = db.open().await;
        let vault = vault(&[key("k1", Cipher::Aes256Gcm)]);
        for n in 1..=6 {
            let closed_at = (n != 6).then(|| minute(i64::from(n)));
            register(&store, CaseRow { open: n == 6, closed_at, ..case(n) }, &[]).await;
            let vault = vault.clone();
            store.write(move |tx| identity::put(tx, &vault, case_id(n), &someone())).await.unwrap();
        }
        assert_eq!(store.write(|tx| identity::purge_closed(tx, minute(4), 2)).await, Ok(2));
        assert_eq!(store.write(|tx| identity::purge_closed(tx, minute(4), 9)).await, Ok(1));
        assert_eq!(store.write(|tx| identity::purge_closed(tx, minute(4), 9)).await, Ok(0));
        for (n, there) in [(3, false), (4, true), (6, true)] {
            let vault = vault.clone();
            let found = store.read(move |tx| identity::get(tx, &vault, case_id(n))).await.unwrap();
            assert_eq!(found.is_some(), there, "case {n}");
        }
    }

    async fn a_new_key_takes_over_piece_by_piece(db: TestDb) {
        let store = db.open().await;
        let old = vault(&[key("k1", Cipher::Sm4Gcm)]);
        for n in 1..=5 {
            register(&store, case(n), &[]).await;
            let old = old.clone();
            store.write(move |tx| identity::put(tx, &old, case_id(n), &someone())).await.unwrap();
        }
        let both = vault(&[key("k1", Cipher::Sm4Gcm), key("k2", Cipher::Aes256Gcm)]);
        let mut steps = Vec::new();
        loop {
            let vault = both.clone();
            let done = store.write(move |tx| identity::reseal(tx, &vault, 2)).await.unwrap();
            steps.push(done);
            if done == 0 {
                break;
            }
        }
        assert_eq!(steps, [2, 2, 1, 0]);
        let new = vault(&[key("k2", Cipher::Aes256Gcm)]);
        assert_eq!(store.read(move |tx| identity::get(tx, &new, case_id(3))).await.unwrap(), Some(someone()));
        let lost = store.read(move |tx| identity::get(tx, &old, case_id(3))).await.unwrap_err().to_string();
        assert!(lost.contains("'k2'") && !lost.contains("欧阳"), "{lost}");
    }
}

#[test]
fn nothing_of_an_identity_can_be_read_in_the_file() {
    block_on(async {
        let db = TestDb::new(Engine::Sqlite);
        let store = db.open().await;
        let vault = vault(&[key("k1", Cipher::Aes256Gcm)]);
        let phone = vault.blind_index("13912345678");
        let row = CaseRow { reporter: phone, ..case(1) };
        register(&store, row, &[]).await;
        let sealing = vault.clone();
        store.write(move |tx| identity::put(tx, &sealing, case_id(1), &someone())).await.unwrap();
        store.close().await;
        let path = db.url().strip_prefix("sqlite:").unwrap().to_owned();
        let mut raw = std::fs::read(&path).unwrap();
        raw.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        let holds = |text: &str| raw.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds("DM2026-000001"), "the case itself is in the file");
        for secret in ["欧阳", "13912345678", "湖贝路", "44030119900101", "太吵", "ouyang"] {
            assert!(!holds(secret), "{secret}");
        }
    });
}
