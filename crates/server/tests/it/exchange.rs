//! Tables of cases in and out: every form alike, each record once, what is wrong told row by row, and no name leaves.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiban::exchange::{
    ExchangeError, export,
    import::{self, Import, Report},
    mapping::Mapping,
    sheet::Sheet,
    table::Table,
    template,
};
use jiban_domain::{event::Actor, policy::Language};
use jiban_store::{both_engines, case_list::CaseQuery};
use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use crate::kit::{TestApp, at, due, standing};

/// What a duty desk's spreadsheet holds: a record that is done, one that is late, one that is open, one without a class.
const HEADINGS: [&str; 12] =
    ["编号", "时间", "方式", "内容", "姓名", "电话", "类别", "单位", "分拨", "联系", "办结", "结果"];
const ROWS: [[&str; 12]; 4] = [
    [
        "1",
        "2026-06-01 09:00",
        "电话",
        "楼下摆摊,很吵",
        "林小满",
        "13912345678",
        "快",
        "lh.dm.zfd",
        "2026-06-01 09:30",
        "2026-06-01 09:35",
        "2026-06-01 20:00",
        "已劝离,林小满满意",
    ],
    [
        "2",
        "2026-06-01 10:00",
        "电话",
        "路灯不亮,请打 13800138000",
        "",
        "",
        "快",
        "lh.dm.zfd",
        "2026-06-01 12:00",
        "2026-06-01 12:30",
        "2026-06-03 10:00",
        "已修复",
    ],
    [
        "3",
        "2026-06-08 08:30",
        "窗口",
        "电梯异响",
        "周大力",
        "13700137000",
        "一般",
        "lh.dm.zfd",
        "2026-06-08 08:50",
        "",
        "",
        "",
    ],
    ["4", "2026-06-08 08:45", "窗口", "请问社保卡怎么补办", "", "", "", "", "", "", "", ""],
];
const MAPPING: &str = r#"
source = "desk"

[fields]
source_id = { column = "编号" }
registered_at = { column = "时间" }
channel = { column = "方式", values = { "电话" = "hotline", "窗口" = "hall" } }
text = { column = "内容" }
reporter_name = { column = "姓名", optional = true }
reporter_phone = { column = "电话", optional = true }
class = { column = "类别", values = { "急" = "urgent", "快" = "fast", "一般" = "routine" } }
lead_unit = { column = "单位" }
dispatched_at = { column = "分拨" }
contacted_at = { column = "联系" }
finished_at = { column = "办结" }
outcome = { column = "结果" }
"#;

fn csv(rows: &[[&str; 12]]) -> String {
    let line = |cells: &[&str; 12]| cells.map(|cell| format!("\"{cell}\"")).join(",");
    [&HEADINGS].into_iter().chain(rows).map(line).collect::<Vec<_>>().join("\n")
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn job(file: &Path, mapping: Mapping) -> Import {
    Import { file: file.to_owned(), mapping, refused: file.with_extension("refused.csv"), dry_run: false }
}

async fn bring_in(app: &TestApp, file: &Path, mapping: &str) -> Report {
    import::run(&app.app, &job(file, Mapping::parse(mapping).unwrap()), |_, _| {}).await.unwrap()
}

async fn take_out(app: &TestApp, file: &Path) -> String {
    export::run(&app.app, file, CaseQuery::default(), Language::En, &Actor::System, |_| {}).await.unwrap();
    fs::read_to_string(file).unwrap_or_default()
}

async fn found(app: &TestApp, words: &str) -> Value {
    let page = app.get("xlb1", &format!("/cases/search?q={words}")).await;
    let id = page[0]["id"].as_str().unwrap_or_else(|| panic!("'{words}' finds nothing: {page}")).to_owned();
    app.case(&id).await
}

fn counts(report: &Report) -> (u64, u64, u64, u64) {
    (report.rows, report.taken, report.there, report.refused)
}

both_engines! {
    async fn records_become_cases_with_their_past_and_clocks_are_judged_by_its_times(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        let report = bring_in(&app, &write(folder.path(), "desk.csv", csv(&ROWS)), MAPPING).await;
        assert_eq!(counts(&report), (4, 4, 0, 0), "{report:?}");

        let done = found(&app, "摆摊").await;
        assert_eq!((&done["state"], &done["registered_at"]), (&json!("finished"), &json!("2026-06-01T01:00:00Z")));
        assert_eq!(done["upstream_number"], "desk:1");
        assert!(done["number"].as_str().unwrap().starts_with("DM20260601-"), "{done}");
        assert_eq!(["dispatch.1", "contact.1", "finish.1"].map(|key| standing(&done, key)), ["met"; 3]);
        let silent = !done["clocks"].to_string().contains("verify.1");
        assert!(silent, "nothing is judged of which the record says nothing");

        let late = found(&app, "路灯").await;
        assert_eq!(["dispatch.1", "finish.1"].map(|key| standing(&late, key)), ["breached"; 2]);
        assert!(!late.to_string().contains("13800138000"));

        // What is open goes on: its clock runs from the record's time, and the sweeper knows of it.
        let open = found(&app, "电梯").await;
        assert_eq!(open["state"], "dispatched");
        assert_eq!(due(&open, "finish.1"), at("2026-06-08T00:50:00Z") + 72.hours());
        assert_eq!(standing(&open, "contact.1"), "running");
        assert_eq!(found(&app, "社保卡").await["state"], "registered");
        assert_eq!(app.get("zfd1", "/notifications").await, json!([]), "nobody is told of what is past");
        assert!(app.sweep_at(due(&open, "contact.1") + SignedDuration::from_millis(1)).await >= 1);
        let kinds = app.kinds(open["id"].as_str().unwrap()).await;
        assert!(kinds.iter().any(|kind| kind == "breached contact.1"), "{kinds:?}");
        assert_eq!(app.get("xlb1", &format!("/cases/{}/verify-chain", late["id"].as_str().unwrap())).await["whole"], true);
    }

    async fn what_is_brought_in_again_is_there_already(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        let twice: Vec<_> = ROWS[..2].iter().chain(&ROWS).copied().collect();
        let file = write(folder.path(), "desk.csv", csv(&twice));
        assert_eq!(counts(&bring_in(&app, &file, MAPPING).await), (6, 4, 2, 0));
        let before = take_out(&app, &folder.path().join("before.csv")).await;
        assert_eq!(counts(&bring_in(&app, &file, MAPPING).await), (6, 0, 6, 0));
        assert_eq!(take_out(&app, &folder.path().join("after.csv")).await, before);
    }

    async fn what_is_wrong_is_told_row_by_row_and_can_be_mended(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        let mut rows = ROWS;
        rows[0][2] = "信鸽";
        rows[1][10] = "2026-05-01 10:00";
        rows[2][7] = "lh.nowhere";
        rows[3][1] = "昨天";
        let text = csv(&rows) + "\n\"5\",\"2026-06-08 08:45\",\"窗口\"\n";
        let report = bring_in(&app, &write(folder.path(), "desk.csv", text), MAPPING).await;
        assert_eq!(counts(&report), (5, 0, 0, 5));
        let told = fs::read_to_string(folder.path().join("desk.refused.csv")).unwrap();
        for said in [
            "channel: '信鸽' is none of", "finished_at lies before", "no unit 'lh.nowhere'",
            "registered_at: '昨天' is not a time", "the row has 3 cells and the headings 12",
        ] {
            assert!(told.contains(said), "{said}: {told}");
        }
        assert_eq!(report.reasons.get("no such unit"), 1, "{:?}", report.reasons);
        // Mended in the very file that told what was wrong.
        let mended = told.replace("信鸽", "电话").replace("2026-05-01 10:00", "2026-06-03 10:00")
            .replace(",lh.nowhere,", ",lh.dm.zfd,").replace(",昨天,", ",2026-06-08 08:45,");
        let kept: Vec<&str> = mended.lines().filter(|line| !line.contains("has 3 cells")).collect();
        let report = bring_in(&app, &write(folder.path(), "mended.csv", kept.join("\n")), MAPPING).await;
        assert_eq!(counts(&report), (4, 4, 0, 0), "{:?}", report.reasons);
    }

    async fn a_dry_run_tells_the_same_and_stores_nothing(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        let mut rows = ROWS;
        rows[3][2] = "信鸽";
        let file = write(folder.path(), "desk.csv", csv(&rows));
        let dry = Import { dry_run: true, ..job(&file, Mapping::parse(MAPPING).unwrap()) };
        assert_eq!(counts(&import::run(&app.app, &dry, |_, _| {}).await.unwrap()), (4, 3, 0, 1));
        assert_eq!(take_out(&app, &folder.path().join("none.csv")).await.lines().count(), 1);
        assert_eq!(counts(&bring_in(&app, &file, MAPPING).await), (4, 3, 0, 1));
    }

    async fn who_the_reporter_is_comes_in_sealed_and_does_not_go_out(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        bring_in(&app, &write(folder.path(), "desk.csv", csv(&ROWS)), MAPPING).await;
        let case = found(&app, "摆摊").await;
        let reveal = format!("/cases/{}/reveal-identity", case["id"].as_str().unwrap());
        let told = app.post("xlb1", &reveal, json!({ "reason": "回访" })).await.expect(200);
        assert_eq!((&told["name"], &told["phone"]), (&json!("林小满"), &json!("13912345678")));
        for name in ["out.csv", "out.jsonl"] {
            let out = take_out(&app, &folder.path().join(name)).await;
            assert!(out.contains("摆摊"));
            for secret in ["林小满", "周大力", "13912345678", "13800138000"] {
                assert!(!out.contains(secret), "{secret} in {name}");
            }
        }
        let record = app.get("jjw1", "/audit?stream=accounts").await.to_string();
        assert!(record.contains("cases_exported"), "{record}");
    }

    async fn what_was_taken_out_can_be_brought_in_elsewhere(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        let closed = app.closed().await;
        app.rate(&closed, 5).await.expect(200);
        bring_in(&app, &write(folder.path(), "desk.csv", csv(&ROWS)), MAPPING).await;
        let first = take_out(&app, &folder.path().join("first.csv")).await;

        let other = TestApp::start_at(jiban_store::testkit::TestDb::new(jiban_store::Engine::Sqlite), app.now(), |_| {}).await;
        let file = folder.path().join("first.csv");
        let table = Table::open(&file, b',').await.unwrap();
        let policy = &other.app.snapshot().policy;
        let mapping = template::recognise(policy, table.headings.as_ref().unwrap().names(), "first").unwrap();
        let report = import::run(&other.app, &job(&file, mapping.unwrap()), |_, _| {}).await.unwrap();
        assert_eq!(counts(&report), (5, 5, 0, 0), "{:?}", report.reasons);
        let second = take_out(&other, &folder.path().join("second.csv")).await;
        let (first, second) = (table_of(&first), table_of(&second));
        for (before, after) in first.iter().zip(&second) {
            for (heading, value) in before {
                // Numbers are of the place; who graded and when clocks warned is told by the clocks that are there.
                if !["source_id", "upstream_number", "clocks", "anonymous"].contains(&heading.as_str()) {
                    assert_eq!(Some(value), after.get(heading), "{heading} of {}", before["source_id"]);
                }
            }
        }
        assert_eq!(first.len(), 5);
    }
}

/// A half year's table as an upstream platform keeps it: grades, appeals, whistles, follow-ups, what was done twice.
const HISTORY: [(&str, &[(&str, &str)]); 4] = [
    (
        "b",
        &[
            ("repeat_of", "a"),
            ("excluded", "malicious"),
            ("finished_at", "2026-05-02 12:00:00"),
            ("closed_at", "2026-05-06 12:00:00"),
        ],
    ),
    (
        "a",
        &[
            ("marks", "state_rated"),
            ("whistled_at", "2026-05-01 10:00:00 | 2026-05-01 11:00:00"),
            ("whistle_caller", "lh.dm.c01 | lh.dm.c01"),
            ("whistle_units", "lh.cgj lh.dm.csb | lh.scj"),
            ("reported_in_at", "2026-05-01 10:20:00, - | 2026-05-01 11:30:00"),
            ("whistle_settled_at", "2026-05-01 10:40:00 | 2026-05-01 12:00:00"),
            ("whistle_outcome", "solved | solved"),
            ("first_finished_at", "2026-05-01 13:00:00"),
            ("reopened_at", "2026-05-01 15:00:00"),
            ("reopen_reason", "又响起来了"),
            ("finished_at", "2026-05-01 20:00:00"),
            ("grade", "1"),
            ("rated_at", "2026-05-01 14:00:00"),
            ("appealed_at", "2026-05-01 14:30:00"),
            ("appeal_reason", "已关停"),
            ("appeal_decided_at", "2026-05-02 09:00:00"),
            ("grade_after_appeal", "4"),
            ("appeal_decision", "证据充分"),
            ("followed_up_at", "2026-05-03 09:00:00"),
            ("responded", "true"),
            ("solved", "false"),
            ("satisfied", "false"),
            ("unsolved_because", "came_back partly"),
            ("unsatisfied_because", "result"),
            ("second_followed_up_at", "2026-05-05 09:00:00"),
            ("second_responded", "true"),
            ("second_solved", "true"),
            ("second_satisfied", "true"),
            ("closed_at", "2026-05-06 12:00:00"),
        ],
    ),
    ("c", &[("repeat_of", "nothing"), ("finished_at", "2026-05-02 12:00:00")]),
    ("d", &[("grade", "1"), ("finished_at", "2026-05-02 12:00:00"), ("grade_after_appeal", "3")]),
];

/// The table with the headings of the English template.
fn history(rows: &[(&str, &[(&str, &str)])]) -> String {
    let mut names = vec![
        "source_id",
        "text",
        "channel",
        "registered_at",
        "dispatched_at",
        "class",
        "category",
        "lead_unit",
        "grid",
        "outcome",
    ];
    for (_, told) in rows {
        names.extend(told.iter().map(|(name, _)| *name).filter(|name| !names.contains(name)).collect::<Vec<_>>());
    }
    let usual = |id: &str, name: &str| match name {
        "source_id" => id.to_owned(),
        "text" => format!("音响太吵，第{id}件"),
        "channel" => "upstream_city".to_owned(),
        "registered_at" => "2026-05-01 09:00:00".to_owned(),
        "dispatched_at" => "2026-05-01 09:30:00".to_owned(),
        "class" => "fast".to_owned(),
        "category" => "noise.shop".to_owned(),
        "lead_unit" => "lh.dm.zfd".to_owned(),
        "grid" => "lh.dm.c01.g01".to_owned(),
        "outcome" => "已关停".to_owned(),
        _ => String::new(),
    };
    let line = |(id, told): &(&str, &[(&str, &str)])| {
        let cell = |name: &&str| {
            told.iter()
                .find(|(known, _)| known == name)
                .map_or_else(|| usual(id, name), |(_, value)| (*value).to_owned())
        };
        names.iter().map(|name| format!("\"{}\"", cell(name))).collect::<Vec<_>>().join(",")
    };
    std::iter::once(names.join(",")).chain(rows.iter().map(line)).collect::<Vec<_>>().join("\n")
}

async fn bring_in_known(app: &TestApp, file: &Path, source: &str) -> Report {
    let table = Table::open(file, b',').await.unwrap();
    let names = table.headings.as_ref().unwrap().names().to_vec();
    let mapping =
        template::recognise(&app.app.snapshot().policy, &names, source).unwrap().expect("the template's headings");
    import::run(&app.app, &job(file, mapping), |_, _| {}).await.unwrap()
}

both_engines! {
    async fn grades_appeals_whistles_and_follow_ups_come_in_and_go_out_as_they_were_told(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        let file = write(folder.path(), "history.csv", history(&HISTORY));
        let report = bring_in_known(&app, &file, "city").await;
        assert_eq!(counts(&report), (4, 4, 0, 0), "{:?}", report.reasons);
        assert_eq!((report.repeats, report.repeats_unknown), (1, 1), "what stands further down is found, what is nowhere is told");

        let a = found(&app, "第a件").await;
        assert_eq!((&a["state"], &a["round"], &a["marks"]), (&json!("closed"), &json!(2), &json!(["state_rated"])));
        let rating = &a["ratings"][0];
        assert_eq!([&rating["grade"], &rating["after_appeal"], &rating["after_satisfied"]], [&json!(1), &json!(4), &json!(true)]);
        let appeal = &a["appeals"][0];
        assert_eq!([&appeal["at"], &appeal["decided_at"]], ["2026-05-01T06:30:00Z", "2026-05-02T01:00:00Z"]);
        assert_eq!([&appeal["reason"], &appeal["decision"]], ["已关停", "证据充分"]);
        let whistles = a["whistles"].as_array().unwrap();
        assert_eq!(whistles.len(), 2);
        assert_eq!(whistles[0]["called"]["lh.cgj"]["at"], "2026-05-01T02:20:00Z");
        assert_eq!((&whistles[0]["called"]["lh.dm.csb"], &whistles[0]["outcome"]), (&Value::Null, &json!("solved")));
        assert_eq!(whistles[1]["settled_at"], "2026-05-01T04:00:00Z");
        let follow_ups = a["follow_ups"].as_array().unwrap();
        assert_eq!(follow_ups.len(), 2);
        assert_eq!(follow_ups[0]["unsolved_because"], json!(["came_back", "partly"]));
        assert_eq!((&follow_ups[0]["satisfied"], &follow_ups[1]["satisfied"]), (&json!(false), &json!(true)));
        let judged: Vec<_> = a["clocks"].as_array().unwrap().iter().map(|clock| clock["key"].as_str().unwrap()).collect();
        assert!(!judged.contains(&"contact.2") && !judged.contains(&"verify.2"), "of the second round nothing is told of calls: {judged:?}");
        assert_eq!(standing(&a, "finish.2"), "met");

        let b = found(&app, "第b件").await;
        assert_eq!((&b["repeat_of"], &b["excluded"]), (&a["id"], &json!("malicious")));
        let d = found(&app, "第d件").await;
        assert!(!d["clocks"].to_string().contains("bad_rating"), "when it was answered is not told, so no clock judges it");

        // The same table again changes nothing, and links nothing twice.
        let again = bring_in_known(&app, &file, "city").await;
        assert_eq!((counts(&again), again.repeats), ((4, 0, 4, 0), 0));

        let first = take_out(&app, &folder.path().join("first.csv")).await;
        let other = TestApp::start_at(jiban_store::testkit::TestDb::new(jiban_store::Engine::Sqlite), app.now(), |_| {}).await;
        let report = bring_in_known(&other, &folder.path().join("first.csv"), "first").await;
        assert_eq!((counts(&report), report.repeats), ((4, 4, 0, 0), 1), "{:?}", report.reasons);
        let second = take_out(&other, &folder.path().join("second.csv")).await;
        let (first, second) = (table_of(&first), table_of(&second));
        for before in &first {
            let after = second.iter().find(|row| row["upstream_number"] == before["upstream_number"]).unwrap();
            for (heading, value) in before.iter().filter(|(heading, _)| !["source_id", "clocks"].contains(&heading.as_str())) {
                assert_eq!(Some(value), after.get(heading), "{heading} of {}", before["upstream_number"]);
            }
        }
    }

    async fn what_cannot_have_happened_so_is_told_by_its_field(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        let done = ("finished_at", "2026-05-02 12:00:00");
        let rows: [(&str, &[(&str, &str)]); 6] = [
            ("1", &[done, ("whistled_at", "2026-05-01 10:00:00 | 2026-05-01 11:00:00"), ("whistle_units", "lh.cgj")]),
            ("2", &[done, ("reopened_at", "2026-05-01 15:00:00")]),
            ("3", &[done, ("grade", "5"), ("grade_after_appeal", "4")]),
            ("4", &[done, ("grade", "1"), ("appealed_at", "2026-05-03 12:00:00"), ("appeal_decided_at", "2026-05-03 11:00:00"), ("grade_after_appeal", "4")]),
            ("5", &[done, ("excluded", "weather")]),
            ("6", &[done, ("followed_up_at", "2026-05-03 12:00:00"), ("solved", "false"), ("responded", "true"), ("satisfied", "true"), ("unsolved_because", "weather")]),
        ];
        let report = bring_in_known(&app, &write(folder.path(), "wrong.csv", history(&rows)), "city").await;
        assert_eq!(counts(&report), (6, 0, 0, 6));
        let told = fs::read_to_string(folder.path().join("wrong.refused.csv")).unwrap();
        for said in [
            "whistle_units: 'lh.cgj' should tell of as many whistles", "a case that was reopened tells both",
            "a bad grade to appeal against", "appeal_decided_at lies before appealed_at", "reason: one of",
            "unsolved_because: one of",
        ] {
            assert!(told.contains(said), "{said}: {told}");
        }
    }
}

type Named = std::collections::BTreeMap<String, String>;

fn table_of(text: &str) -> Vec<Named> {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

both_engines! {
    async fn every_form_of_the_same_table_gives_the_same_cases(db: TestDb) {
        let app = TestApp::start(db).await;
        let folder = tempfile::tempdir().unwrap();
        let table = csv(&ROWS);
        let (gb, _, _) = encoding_rs::GB18030.encode(&table);
        let utf16: Vec<u8> = "\u{FEFF}".encode_utf16().chain(table.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let lines = ROWS.map(|row| {
            let object: serde_json::Map<_, _> = HEADINGS.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), json!(cell))).collect();
            Value::from(object).to_string()
        });
        let xlsx = folder.path().join("sheet.xlsx");
        let mut sheet = Sheet::create(&xlsx, HEADINGS.map(str::to_owned).to_vec()).unwrap();
        ROWS.iter().for_each(|row| sheet.put(&row.map(str::to_owned)).unwrap());
        sheet.finish().unwrap();
        let semicolons = format!("delimiter = \";\"\n{MAPPING}");
        let files = [
            (write(folder.path(), "utf8.csv", format!("\u{FEFF}{table}")), MAPPING),
            (write(folder.path(), "gb.csv", gb), MAPPING),
            (write(folder.path(), "utf16.csv", utf16), MAPPING),
            (write(folder.path(), "lines.jsonl", lines.join("\n")), MAPPING),
            (write(folder.path(), "semicolons.csv", table.replace("\",\"", "\";\"")), &semicolons),
            (xlsx, MAPPING),
        ];
        for (turn, (file, mapping)) in files.iter().enumerate() {
            let report = bring_in(&app, file, mapping).await;
            let expected = if turn == 0 { (4, 4, 0, 0) } else { (4, 0, 4, 0) };
            assert_eq!(counts(&report), expected, "{}: {:?}", file.display(), report.reasons);
            // The same texts, not only the same numbers.
            let other = format!("source = \"form{turn}\"\n{}", mapping.replace("source = \"desk\"", ""));
            assert_eq!(counts(&bring_in(&app, file, &other).await), (4, 4, 0, 0), "{}", file.display());
        }
        let out = take_out(&app, &folder.path().join("all.csv")).await;
        let rows = table_of(&out);
        for words in ["楼下摆摊,很吵", "电梯异响", "请问社保卡怎么补办"] {
            let count = rows.iter().filter(|row| row["text"] == words).count();
            assert_eq!(count, 1 + files.len(), "{words}");
        }
    }
}

/// A fault that ends the import before anything is stored says what to do.
#[tokio::test]
async fn what_is_wrong_with_the_whole_is_told_at_once() {
    let app = TestApp::start(jiban_store::testkit::TestDb::new(jiban_store::Engine::Sqlite)).await;
    let folder = tempfile::tempdir().unwrap();
    for (text, told) in [
        ("source = \"a b\"\n[fields]\n", "source"),
        ("source = \"a\"\n[fields]\ntext = { column = \"x\" }\n", "fields.source_id: is needed"),
        ("source = \"a\"\n[fields]\ntexte = { column = \"x\" }\n", "texte"),
        (&MAPPING.replace("{ column = \"内容\" }", "{}"), "fields.text: should have either"),
    ] {
        let why = Mapping::parse(text).unwrap_err();
        assert!(why.contains(told), "{told}: {why}");
    }
    let good = csv(&ROWS);
    let open_quote = format!("{good}\n\"7{}", "x".repeat(2_000_000));
    for (name, bytes, told) in [
        ("a.csv", good.replace("\"内容\"", "\"正文\"").into_bytes(), "no column '内容'; its columns are '编号'"),
        ("b.csv", good.replace("\"方式\"", "\"内容\"").into_bytes(), "no column '方式'"),
        (
            "c.csv",
            good.replace("\"结果\"", "\"内容\"").replace("\"办结\"", "\"结果\"").into_bytes(),
            "no column '办结'",
        ),
        ("d.xlsx", good.clone().into_bytes(), "no XLSX file"),
        ("e.txt", good.clone().into_bytes(), ".csv, .xlsx or .jsonl"),
        ("f.csv", Vec::new(), "no row of headings"),
        ("g.csv", open_quote.into_bytes(), "a quote that is not closed"),
    ] {
        let file = write(folder.path(), name, bytes);
        let job = job(&file, Mapping::parse(MAPPING).unwrap());
        let why: ExchangeError = import::run(&app.app, &job, |_, _| {}).await.unwrap_err();
        assert!(why.to_string().contains(told), "{name}: {why}");
    }
    let there = folder.path().join("a.csv");
    let over = export::run(&app.app, &there, CaseQuery::default(), Language::Zh, &Actor::System, |_| {});
    assert!(over.await.unwrap_err().to_string().contains("is there already"));
}

/// What residents write must not run in a spreadsheet program.
#[tokio::test]
async fn an_export_holds_no_formulas() {
    let app = TestApp::start(jiban_store::testkit::TestDb::new(jiban_store::Engine::Sqlite)).await;
    let folder = tempfile::tempdir().unwrap();
    app.submit("=HYPERLINK(\"http://x\") 路灯不亮").await;
    let out = take_out(&app, &folder.path().join("out.csv")).await;
    let row = table_of(&out).remove(0);
    assert!(row["text"].starts_with("'=HYPERLINK"), "{}", row["text"]);
}

/// The template: filled in by hand, known by its headings in both languages, with the codes beside it.
#[tokio::test]
async fn a_filled_in_template_needs_no_mapping() {
    let app = TestApp::start(jiban_store::testkit::TestDb::new(jiban_store::Engine::Sqlite)).await;
    let folder = tempfile::tempdir().unwrap();
    let snapshot = app.app.snapshot();
    for (turn, language) in [Language::Zh, Language::En].into_iter().enumerate() {
        let file = folder.path().join(format!("template{turn}.csv"));
        template::write(&file, &snapshot.policy, &snapshot.organisation, language).unwrap();
        let empty = fs::read_to_string(&file).unwrap();
        let names: Vec<String> = empty.trim_start_matches('\u{FEFF}').trim().split(',').map(str::to_owned).collect();
        let value = |name: &String| match name.as_str() {
            "原编号" | "source_id" => format!("r{turn}"),
            "诉求内容" | "text" => "门前井盖松动".to_owned(),
            "渠道" | "channel" => "hotline".to_owned(),
            "登记时间" | "registered_at" => "2026-06-08 08:00:00".to_owned(),
            _ => String::new(),
        };
        let row: Vec<String> = names.iter().map(value).collect();
        fs::write(&file, format!("{empty}{}\n", row.join(","))).unwrap();
        let mapping = template::recognise(&snapshot.policy, &names, "hand").unwrap().expect("its own template");
        let report = import::run(&app.app, &job(&file, mapping), |_, _| {}).await.unwrap();
        assert_eq!(counts(&report), (1, 1, 0, 0), "{:?}", report.reasons);
    }
    assert!(template::recognise(&snapshot.policy, &["a".to_owned()], "hand").unwrap().is_none());
    let book = folder.path().join("template.xlsx");
    template::write(&book, &snapshot.policy, &snapshot.organisation, Language::Zh).unwrap();
    let mut read: calamine::Xlsx<_> = calamine::open_workbook(&book).unwrap();
    let codes = calamine::Reader::worksheet_range(&mut read, "代码表").unwrap();
    assert!(codes.rows().any(|row| row[1] == "hotline" && row[2] == "干群连心线"));
}
