//! Real records, brought in by the real command line: 5,000 requests of another city under a policy of its own, and
//! messages to governments with their replies.
//!
//! The data is not part of the repository; where it is missing these tests fail and say so.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use jiban_store::both_engines;
use serde_json::Value;

type Named = BTreeMap<String, String>;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the shared data.
fn data(name: &str) -> PathBuf {
    let path = repository().join("../shared/data").join(name);
    assert!(
        path.exists(),
        "this test replays real data that is not part of the repository: put it at {}",
        path.display()
    );
    path
}

/// An installation that is spoken to by its command line only.
struct Installation {
    folder: tempfile::TempDir,
}

impl Installation {
    fn new(db: &jiban_store::testkit::TestDb, policy: &str) -> Self {
        let installation = Self { folder: tempfile::tempdir().unwrap() };
        installation.run(&["init", "--policy", policy, "--store", db.url()]);
        installation
    }

    fn run(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jiban"));
        let command = command.current_dir(repository()).arg("--data").arg(self.folder.path()).args(args);
        let output = command.env_remove("JIBAN_STORE_URL").output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {out}{err}");
        out.into_owned()
    }

    fn bring_in(&self, file: &Path, mapping: &str) -> Value {
        let refused = self.folder.path().join("refused.csv").display().to_string();
        let file = file.display().to_string();
        let args = ["import", "cases", &file, "--mapping", mapping, "--refused", &refused, "--json"];
        serde_json::from_str(&self.run(&args)).unwrap()
    }

    fn take_out(&self) -> Vec<Named> {
        let file = self.folder.path().join("out.csv");
        self.run(&["export", "cases", &file.display().to_string(), "--language", "en"]);
        let text = std::fs::read_to_string(file).unwrap();
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
        reader.deserialize().map(Result::unwrap).collect()
    }
}

fn counts(report: &Value) -> [u64; 4] {
    ["rows", "taken", "there", "refused"].map(|name| report[name].as_u64().unwrap())
}

both_engines! {
    async fn five_thousand_requests_of_another_city_run_under_a_policy_of_its_own(db: TestDb) {
        let file = data("replay/baltimore311.csv");
        let city = Installation::new(&db, "policies/baltimore.toml");
        city.run(&["import", "organisation", "--units", "mappings/baltimore-units.csv"]);
        let report = city.bring_in(&file, "mappings/baltimore311.toml");
        assert_eq!(counts(&report), [5000, 5000, 0, 0], "{report}");
        assert_eq!(counts(&city.bring_in(&file, "mappings/baltimore311.toml")), [5000, 0, 5000, 0]);

        // The clock agrees with the city's own reckoning of what was late. (Where the clocks of the town were put
        // forward or back in between, 24 hours and a day are not the same: those are an hour apart.)
        let records: Vec<Named> = csv::Reader::from_path(&file).unwrap().deserialize().map(Result::unwrap).collect();
        let records: BTreeMap<&str, &Named> = records.iter().map(|row| (row["SRRecordID"].as_str(), row)).collect();
        let (mut same, mut late, mut shifted) = (0_u64, 0_u64, 0_u64);
        for case in city.take_out() {
            let record = records[case["upstream_number"].split_once(':').unwrap().1];
            let [due, closed] = ["DueDate", "CloseDate"].map(|name| civil(&record[name], "%m/%d/%Y %I:%M:%S %p"));
            let (Some(due), Some(ours)) = (due, civil(&case["due_at"], "%Y-%m-%d %H:%M:%S")) else { continue };
            match (ours - due).get_hours().abs() {
                0 => same += 1,
                1 => { shifted += 1; continue; }
                _ if case["class"] == "at_once" => continue,
                hours => panic!("{}: {hours} hours apart", case["upstream_number"]),
            }
            if let Some(closed) = closed {
                let breached = case["clocks"].contains("finish.1 breached");
                assert_eq!(breached, closed > due, "{}", case["upstream_number"]);
                late += u64::from(breached);
            }
        }
        assert_eq!(same + shifted, report["due_told"].as_u64().unwrap());
        assert!(same > 4300 && late > 500 && shifted > 400, "{same} {late} {shifted}");
        city.run(&["audit", "verify"]);
    }

    async fn real_messages_and_replies_become_cases(db: TestDb) {
        let (messages, rivers) = (data("triage/messages_replied.csv"), data("triage/river_requests.csv"));
        let town = Installation::new(&db, "policies/dongmen.toml");
        town.run(&["import", "organisation", "--units", "demo/units.csv", "--people", "demo/people.csv",
            "--spots", "demo/spots.csv", "--areas", "demo/grids.geojson"]);
        let report = town.bring_in(&messages, "mappings/messages_replied.toml");
        assert_eq!(counts(&report), [2816, 2816, 0, 0], "{report}");
        let report = town.bring_in(&rivers, "mappings/river_requests.toml");
        assert_eq!(counts(&report), [1464, 1464, 0, 0], "{report}");
        let cases = town.take_out();
        assert_eq!(cases.len(), 2816 + 1464);
        for case in &cases {
            assert_eq!(case["state"], "closed");
            assert!(!case["class"].is_empty() && !case["lead_unit"].is_empty(), "{}", case["source_id"]);
            assert!(!case["clocks"].contains("contact") && !case["clocks"].contains("verify"), "{}", case["clocks"]);
        }
        town.run(&["audit", "verify"]);
    }
}

fn civil(text: &str, form: &str) -> Option<jiff::civil::DateTime> {
    (!text.is_empty()).then(|| jiff::civil::DateTime::strptime(form, text).unwrap())
}
