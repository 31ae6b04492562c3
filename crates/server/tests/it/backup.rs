//! Copies of the data by the commands that people type: consistent while the program serves, whole on the other engine,
//! and refused as a whole where somebody changed them.

use std::path::Path;

use jiban_store::{
    Engine, both_engines,
    testkit::{TestDb, block_on},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::kit::{Submitted, TestApp, jiban};

fn other(engine: Engine) -> TestDb {
    TestDb::new(if engine == Engine::Sqlite { Engine::Postgres } else { Engine::Sqlite })
}

async fn all_cases(node: &crate::kit::Node) -> Vec<Value> {
    let page = node.get("xlb1", "/cases?limit=200").await;
    let mut cases = page["cases"].as_array().unwrap().clone();
    cases.sort_by_key(|case| case["id"].to_string());
    cases
}

/// Writes the archive anew with some lines changed and the count and checksum mended, as somebody would who knows how.
fn forge(archive: &Path, forged: &Path, change: impl Fn(&str, Vec<Value>) -> Option<Vec<Value>>) {
    let text = std::fs::read_to_string(archive).unwrap();
    let (mut table, mut out, mut rows) = (String::new(), String::new(), 0);
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        if let Some(name) = value["table"].as_str() {
            name.clone_into(&mut table);
        }
        let line = match value {
            Value::Array(row) => match change(&table, row) {
                Some(row) => Value::Array(row),
                None => continue,
            },
            Value::Object(end) if end.contains_key("end") => break,
            head => head,
        };
        rows += usize::from(line.is_array());
        out.push_str(&format!("{line}\n"));
    }
    let end = json!({ "end": { "rows": rows, "sha256": hex::encode(Sha256::digest(out.as_bytes())) } });
    std::fs::write(forged, format!("{out}{end}\n")).unwrap();
}

both_engines! {
    async fn a_backup_made_while_people_submit_is_whole_on_the_other_engine(db: TestDb) {
        let app = TestApp::start(db).await;
        let handled = app.closed().await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive");
        let submissions = async {
            let mut told: Vec<Submitted> = Vec::new();
            for n in 0..40 {
                told.push(app.submit(&format!("第{n}处路灯不亮")).await);
            }
            told
        };
        let arguments = ["backup", file.to_str().unwrap()];
        let (told, (well, said)) = tokio::join!(submissions, jiban(app.folder(), &arguments));
        assert!(well && said.contains("sha256"), "{said}");

        let target = other(app.db.engine());
        let home = app.home_over(&target);
        let (well, said) = jiban(home.path(), &["restore", file.to_str().unwrap()]).await;
        assert!(well && said.contains("rows restored"), "{said}");
        let (well, said) = jiban(home.path(), &["audit", "verify"]).await;
        assert!(well && said.contains(" 0 fault(s)"), "{said}");

        let node = app.node_over(&target).await;
        let restored = all_cases(&node).await;
        let original = all_cases(&app).await;
        assert_eq!(original.len(), 40, "the open ones");
        assert!(restored.len() <= original.len());
        // What was registered one after the other is there up to one moment and not beyond it.
        let ids: Vec<&Value> = restored.iter().map(|case| &case["id"]).collect();
        let there = told.iter().map(|case| ids.contains(&&json!(case.id))).collect::<Vec<_>>();
        assert!(there.windows(2).all(|pair| pair[0] || !pair[1]), "a gap in {there:?}");
        for id in restored.iter().map(|case| case["id"].as_str().unwrap()).chain([&*handled.id]) {
            for part in ["", "/timeline", "/attachments"] {
                let path = format!("/cases/{id}{part}");
                assert_eq!(node.get("xlb1", &path).await, app.get("xlb1", &path).await);
            }
        }
        // Identity opens with the same keys, the reporter's code holds, search was built anew.
        let reveal = json!({ "reason": "核对" });
        let shown = node.post("xlb1", &format!("/cases/{}/reveal-identity", handled.id), reveal).await.expect(200);
        assert_eq!(shown["name"], "林小满");
        node.post("", "/public/track", handled.ticket()).await.expect(200);
        assert_eq!(node.get("xlb1", "/cases/search?q=音响").await[0]["id"], json!(handled.id));
        // Life goes on there: numbers go on from where they were.
        let next = node.submit("恢复之后的新件").await;
        assert!(!original.iter().any(|case| case["number"] == json!(next.number)) || restored.len() < original.len());
    }

    async fn what_is_there_is_not_written_over(db: TestDb) {
        let app = TestApp::start(db).await;
        app.submit("路灯不亮").await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive");
        let name = file.to_str().unwrap();
        assert!(jiban(app.folder(), &["backup", name]).await.0);
        let before = std::fs::read(&file).unwrap();
        app.submit("井盖松动").await;
        let (well, said) = jiban(app.folder(), &["backup", name]).await;
        assert!(!well && said.contains("not written over"), "{said}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
        let (well, said) = jiban(app.folder(), &["restore", name]).await;
        assert!(!well && said.contains("not empty"), "{said}");
        assert_eq!(all_cases(&app).await.len(), 2);
    }
}

#[test]
fn a_changed_archive_is_refused_and_nothing_of_it_is_there() {
    block_on(async {
        let app = TestApp::start(TestDb::new(Engine::Sqlite)).await;
        let case = app.closed().await;
        let folder = tempfile::tempdir().unwrap();
        let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
        assert!(jiban(app.folder(), &["backup", good.to_str().unwrap()]).await.0);
        let target = TestDb::new(Engine::Sqlite);
        let home = app.home_over(&target);
        let refused = async |why: &str| {
            let (well, said) = jiban(home.path(), &["restore", bad.to_str().unwrap()]).await;
            assert!(!well && said.contains(why), "not '{why}': {said}");
        };

        // One byte, anywhere: of a row's text, of the checksum.
        let bytes = std::fs::read(&good).unwrap();
        for place in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 20] {
            let mut changed = bytes.clone();
            changed[place] = if changed[place] == b'a' { b'b' } else { b'a' };
            std::fs::write(&bad, &changed).unwrap();
            refused("line ").await;
        }
        std::fs::write(&bad, &bytes[..bytes.len() - 100]).unwrap();
        refused("line ").await;

        // Somebody who mends the checksum: an event's words, its time, its absence, the last one's absence.
        let seq = |row: &[Value]| row[2].as_i64().unwrap();
        let of_case = |row: &[Value]| row[3] == "case";
        forge(&good, &bad, |table, mut row| {
            if table == "events" && row[7].as_str().unwrap().contains("已要求调低音量") {
                row[7] = json!(row[7].as_str().unwrap().replace("已要求调低音量", "已罚款"));
            }
            Some(row)
        });
        refused("was changed").await;
        forge(&good, &bad, |table, mut row| {
            if table == "events" && of_case(&row) && seq(&row) == 3 {
                row[4] = json!(row[4].as_i64().unwrap() + 1);
            }
            Some(row)
        });
        refused("event 3").await;
        forge(&good, &bad, |table, row| (table != "events" || !of_case(&row) || seq(&row) != 3).then_some(row));
        refused("missing").await;
        let last = app.case(&case.id).await["version"].as_i64().unwrap();
        forge(&good, &bad, |table, row| (table != "events" || !of_case(&row) || seq(&row) != last).then_some(row));
        refused("last event").await;
        forge(&good, &bad, |table, row| (table != "events" || !of_case(&row)).then_some(row));
        refused("missing").await;

        // After all that the database is as empty as it was: the good one goes in.
        forge(&good, &bad, |_, row| Some(row));
        assert_eq!(std::fs::read(&bad).unwrap(), bytes, "what was forged differs in what was changed only");
        let (well, said) = jiban(home.path(), &["restore", good.to_str().unwrap()]).await;
        assert!(well, "{said}");
        assert_eq!(app.node_over(&target).await.case(&case.id).await, app.case(&case.id).await);
    });
}
