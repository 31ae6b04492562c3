//! Section 9, the source's half year 成效: records shaped like it come in through the public import, and its figures come
//! out of `jiban report results` exactly, in every form.

use std::{collections::BTreeMap, path::Path};

use calamine::{Reader, Xlsx};
use jiban::{
    desk::tally,
    exchange::{
        import::{self, Import, Report},
        table::Table,
        template,
    },
};
use jiban_store::both_engines;
use jiff::{ToSpan, civil::DateTime};
use serde_json::Value;

use crate::kit::{TestApp, at, jiban};

/// What the source says of its half year; the numbers that it leaves open are chosen to fit.
const REQUESTS: u32 = 1_890;
const LAST_YEAR: u32 = 3_150;
const SATISFIED: u32 = 1_715;
const AFTER_APPEAL: u32 = 173;
const MOST_A_DAY: u32 = 15;
const STATE_RATED: (u32, u32) = (21, 35);
const REPEATS: (u32, u32) = (55, 123);
const FINDINGS: (u32, u32) = (757, 750);
const WHISTLES: (u32, u32) = (81, 75);

/// Chance that is the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(bound)) as u32
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len() as u32) as usize]
    }
}

type Row = BTreeMap<&'static str, String>;

fn time(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn after(at: DateTime, minutes: u32) -> DateTime {
    at.checked_add(i64::from(minutes).minutes()).unwrap()
}

const UNITS: [&str; 4] = ["lh.dm.zfd", "lh.dm.csb", "lh.dm.gfb", "lh.cgj"];
const GRIDS: [&str; 4] = ["lh.dm.c01.g01", "lh.dm.c02.g02", "lh.dm.c05.g01", "lh.dm.c07.g03"];
const MATTERS: [(&str, &str); 4] = [
    ("楼下商铺音响太吵", "noise.shop"),
    ("路灯整夜不亮", "utility.lamps"),
    ("垃圾没人清运", "city.litter"),
    ("下水道堵塞返臭", "utility.drain"),
];

/// Registered, dispatched, called, looked at, finished: all in time.
fn handled(id: String, day: DateTime, chance: &mut Chance) -> (Row, DateTime) {
    let registered = after(day, 8 * 60 + chance.below(600));
    let dispatched = after(registered, 5 + chance.below(40));
    let finished = after(dispatched, 300 + chance.below(600));
    let (text, category) = MATTERS[chance.below(4) as usize];
    let row = Row::from([
        ("text", format!("{text}，请尽快处理（{id}）")),
        ("source_id", id),
        ("channel", chance.of(&["hotline", "qr", "upstream_city"]).to_owned()),
        ("registered_at", time(registered)),
        ("dispatched_at", time(dispatched)),
        ("contacted_at", time(after(dispatched, 1 + chance.below(9)))),
        ("verified_at", time(after(dispatched, 10 + chance.below(20)))),
        ("finished_at", time(finished)),
        ("class", "fast".to_owned()),
        ("category", category.to_owned()),
        ("lead_unit", chance.of(&UNITS).to_owned()),
        ("grid", chance.of(&GRIDS).to_owned()),
        ("reporter_phone", format!("139{:08}", chance.below(99_999_999))),
        ("outcome", "已处理并告知诉求人".to_owned()),
        ("opinion: Facts found", "属实".to_owned()),
        ("opinion: What was done", "已处置".to_owned()),
        ("opinion: Result", "solved".to_owned()),
        ("opinion: Reply to the reporter", "已答复".to_owned()),
        ("opinion_filed_at", time(after(finished, 60))),
        ("follow-up: How", "phone".to_owned()),
        ("followed_up_at", time(after(finished, 24 * 60))),
        ("closed_at", time(after(finished, 25 * 60))),
    ]);
    (row, finished)
}

/// The days of so many requests: no day has more than the bound, and one has just so many.
fn days(first: DateTime, days: u32, number: u32, most: u32, chance: &mut Chance) -> Vec<DateTime> {
    let mut a_day = vec![0; days as usize];
    a_day[17] = most;
    for _ in most..number {
        let start = chance.below(days) as usize;
        let free = (0..days as usize).map(|step| (start + step) % days as usize).find(|day| a_day[*day] < most);
        a_day[free.expect("there is room")] += 1;
    }
    let of = |(day, number): (usize, &u32)| {
        std::iter::repeat_n(first.checked_add(i64::try_from(day).unwrap().days()).unwrap(), *number as usize)
    };
    a_day.iter().enumerate().flat_map(of).collect()
}

fn answered(row: &mut Row, satisfied: bool) {
    for answer in ["reached", "responded", "solved"] {
        row.insert(answer, "true".to_owned());
    }
    row.insert("satisfied", satisfied.to_string());
    if !satisfied {
        row.insert("unsatisfied_because", "slow".to_owned());
        // Whoever is not satisfied is asked a second time before the case closes.
        for (name, of) in [("second_followed_up_at", "followed_up_at"), ("closed_at", "closed_at")] {
            let before: DateTime = row[of].parse().unwrap();
            row.insert(name, time(after(before, 24 * 60)));
        }
        row.insert("second_reached", "true".to_owned());
        row.insert("second_responded", "true".to_owned());
        row.insert("second_solved", "true".to_owned());
        row.insert("second_satisfied", "true".to_owned());
    }
}

/// This half year: satisfied, satisfied after an appeal, and a few that find it neither good nor bad.
fn this_year(chance: &mut Chance) -> Vec<Row> {
    let mut rows = Vec::new();
    for (n, day) in days("2026-01-01T00:00".parse().unwrap(), 176, REQUESTS, MOST_A_DAY, chance).into_iter().enumerate()
    {
        let n = u32::try_from(n).unwrap();
        let (mut row, finished) = handled(format!("a{n}"), day, chance);
        // Spread over the half year, whatever is few.
        let place = n * 641 % REQUESTS;
        answered(&mut row, true);
        if place < SATISFIED {
            row.insert("grade", (4 + chance.below(2)).to_string());
            row.insert("rated_at", time(after(finished, 120)));
        } else if place < SATISFIED + AFTER_APPEAL {
            row.insert("grade", "1".to_owned());
            row.insert("rated_at", time(after(finished, 120)));
            row.insert("appealed_at", time(after(finished, 240)));
            row.insert("appeal_reason", "群众将另一单位的事项评到本件".to_owned());
            row.insert("appeal_decided_at", time(after(finished, 300)));
            row.insert("appeal_decision", "证据充分".to_owned());
            row.insert("grade_after_appeal", "5".to_owned());
        } else {
            row.insert("grade", "3".to_owned());
            row.insert("rated_at", time(after(finished, 120)));
        }
        if place.is_multiple_of(90) {
            row.insert("marks", "state_rated".to_owned());
        }
        if (1..=REPEATS.0).contains(&n) {
            row.insert("repeat_of", "a0".to_owned());
        }
        if n >= REQUESTS - WHISTLES.0 {
            let dispatched: DateTime = row["dispatched_at"].parse().unwrap();
            row.insert("whistled_at", time(after(dispatched, 30)));
            row.insert("whistle_units", "lh.swj".to_owned());
            row.insert("reported_in_at", time(after(dispatched, 60)));
            row.insert("whistle_settled_at", time(after(dispatched, 200)));
            let solved = n - (REQUESTS - WHISTLES.0) < WHISTLES.1;
            row.insert("whistle_outcome", if solved { "solved" } else { "unsolved" }.to_owned());
        }
        rows.push(row);
    }
    rows
}

/// Last year's half year, and the last bad grade and breach there were, on its last days.
fn last_year(chance: &mut Chance) -> Vec<Row> {
    let mut rows = Vec::new();
    for (n, day) in days("2025-01-01T00:00".parse().unwrap(), 176, LAST_YEAR, 25, chance).into_iter().enumerate() {
        let n = u32::try_from(n).unwrap();
        let (mut row, _) = handled(format!("b{n}"), day, chance);
        answered(&mut row, true);
        if n.is_multiple_of(90) {
            row.insert("marks", "state_rated".to_owned());
        }
        if (1..=REPEATS.1).contains(&n) {
            row.insert("repeat_of", "b0".to_owned());
        }
        rows.push(row);
    }
    let (mut last, _) = handled("c0".to_owned(), "2025-12-30T00:00".parse().unwrap(), chance);
    let dispatched: DateTime = last["dispatched_at"].parse().unwrap();
    answered(&mut last, true);
    // Finished a day late, graded badly on the last day of the year; the appeal was refused.
    let finished: DateTime = "2025-12-31T20:00".parse().unwrap();
    assert!(finished > after(dispatched, 24 * 60));
    for (name, at) in [
        ("finished_at", finished),
        ("rated_at", after(finished, 60)),
        ("appealed_at", after(finished, 120)),
        ("appeal_decided_at", after(finished, 180)),
        ("opinion_filed_at", after(finished, 60)),
        ("followed_up_at", after(finished, 200)),
        ("closed_at", after(finished, 220)),
    ] {
        last.insert(name, time(at));
    }
    last.insert("grade", "1".to_owned());
    last.insert("appeal_reason", "不服".to_owned());
    last.insert("appeal_decision", "证据不足".to_owned());
    rows.push(last);
    rows
}

/// What rounds found: all but the last seven are settled, and those are not due yet.
fn findings(chance: &mut Chance) -> Vec<Row> {
    let mut rows = Vec::new();
    for n in 0..FINDINGS.0 {
        let first: DateTime = "2026-01-01T00:00".parse().unwrap();
        let is_open = n >= FINDINGS.1;
        let day = if is_open { 180 } else { chance.below(175) };
        let (mut row, _) = handled(format!("f{n}"), first.checked_add(i64::from(day).days()).unwrap(), chance);
        row.insert("channel", "rounds".to_owned());
        let not_told = ["reporter_phone", "contacted_at", "followed_up_at", "follow-up: How"];
        let open = [
            "finished_at",
            "closed_at",
            "opinion_filed_at",
            "outcome",
            "opinion: Facts found",
            "opinion: What was done",
            "opinion: Result",
            "opinion: Reply to the reporter",
        ];
        for name in not_told.iter().chain(open.iter().filter(|_| is_open)) {
            row.remove(name);
        }
        if is_open {
            row.insert("class", "routine".to_owned());
        }
        rows.push(row);
    }
    rows
}

fn write(file: &Path, rows: &[Row]) {
    let names: std::collections::BTreeSet<&str> = rows.iter().flat_map(|row| row.keys().copied()).collect();
    let mut table = csv::Writer::from_path(file).unwrap();
    table.write_record(&names).unwrap();
    for row in rows {
        table.write_record(names.iter().map(|name| row.get(name).map_or("", String::as_str))).unwrap();
    }
    table.flush().unwrap();
}

async fn bring_in(app: &TestApp, file: &Path) -> Report {
    let table = Table::open(file, b',').await.unwrap();
    let names = table.headings.as_ref().unwrap().names().to_vec();
    let mapping =
        template::recognise(&app.app.snapshot().policy, &names, "half").unwrap().expect("the template's headings");
    let refused = file.with_extension("refused.csv");
    let import = Import { file: file.to_owned(), mapping, refused, dry_run: false };
    import::run(&app.app, &import, |_, _| {}).await.unwrap()
}

/// Runs a program that shows what is in a file.
fn text_of(program: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|why| panic!("{program} (cargo xtask setup installs it): {why}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Without white space, which documents put where lines end.
fn close(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

both_engines! {
    async fn the_half_year_of_the_source_comes_out_exactly_in_every_form(db: TestDb) {
        let app = TestApp::start_at(db, at("2026-07-01T01:00:00Z"), |_| {}).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("half.csv");
        let chance = &mut Chance(20_260_630);
        let rows = [last_year(chance), this_year(chance), findings(chance)].concat();
        write(&file, &rows);
        let report = bring_in(&app, &file).await;
        assert_eq!((report.refused, report.taken), (0, rows.len() as u64), "{:?}", report.reasons);
        assert_eq!((report.repeats, report.repeats_unknown), (u64::from(REPEATS.0 + REPEATS.1), 0));
        tally::catch_up(&app.app, tally::BESIDE_PEOPLE, |_| {}).await.unwrap();

        let print = async |form: &str, name: &str| -> (Vec<u8>, std::path::PathBuf) {
            let out = folder.path().join(name);
            let told = jiban(app.folder(), &[
                "report", "results", "--from", "2026-01-01", "--to", "2026-06-30", "--format", form, "--output",
                out.to_str().unwrap(),
            ]).await;
            assert!(told.0, "{}", told.1);
            (std::fs::read(&out).unwrap(), out)
        };
        let (bytes, _) = print("json", "results.json").await;
        let told: Value = serde_json::from_slice(&bytes).unwrap();
        let number = |count: &str, when: &str| {
            let changes = told["changes"].as_array().unwrap();
            let found = changes.iter().find(|change| change["count"] == count).unwrap_or_else(|| panic!("no {count}"));
            u32::try_from(found[when].as_u64().unwrap()).unwrap()
        };
        assert_eq!((number("requests", "now"), number("requests", "last_year")), (REQUESTS, LAST_YEAR));
        assert_eq!((number("content", "now"), number("content_after_appeal", "now")), (SATISFIED, AFTER_APPEAL));
        assert_eq!((number("state_rated", "now"), number("state_rated", "last_year")), STATE_RATED);
        assert_eq!((number("repeats", "now"), number("repeats", "last_year")), REPEATS);
        assert_eq!((number("findings", "now"), number("findings_finished", "now")), FINDINGS);
        assert_eq!((number("whistles_settled", "now"), number("whistles_solved", "now")), WHISTLES);
        assert_eq!((number("whistle_calls", "now"), number("report_ins", "now")), (WHISTLES.0, WHISTLES.0));
        assert_eq!((number("bad_standing", "now"), number("clocks_breached", "now")), (0, 0));
        assert_eq!(told["busiest"]["requests"], MOST_A_DAY);
        for streak in ["without_bad_grade", "without_breach"] {
            assert_eq!((&told[streak]["days"], &told[streak]["last"]), (&181.into(), &"2025-12-31".into()), "{streak}: {}", told[streak]);
        }
        let rate = |id: &str| told["rates"].as_array().unwrap().iter().find(|rate| rate["id"] == id).unwrap().clone();
        assert_eq!(rate("report_in")["now"], serde_json::json!({ "part": 81, "whole": 81 }));
        assert_eq!(rate("whistle_resolution")["now"], serde_json::json!({ "part": 75, "whole": 81 }));
        assert_eq!(rate("response")["now"], serde_json::json!({ "part": REQUESTS, "whole": REQUESTS }));

        // The same in words, whatever the form.
        let words = [
            "群众诉求1890件", "最多一天15件", "月均约315件", "下降40.0%（3150件）", "满意1715件，申诉后满意173件",
            "国满件21件，比去年同期下降40.0%（35件）", "重复件55件，比去年同期下降55.3%（123件）",
            "发现问题757个，化解率99.1%", "吹哨81次，报到率100.0%，化解率92.6%", "已连续181天无有效差评", "已连续181天无超时",
        ];
        let (_, pdf) = print("pdf", "results.pdf").await;
        let pdf = text_of("pdftotext", &["-enc", "UTF-8", pdf.to_str().unwrap(), "-"]);
        let (docx, _) = print("docx", "results.docx").await;
        let docx = docx_text(&docx);
        let (md, _) = print("md", "results.md").await;
        let (html, _) = print("html", "results.html").await;
        for (form, text) in [
            ("pdf", pdf), ("docx", docx), ("md", String::from_utf8(md).unwrap()), ("html", String::from_utf8(html).unwrap()),
        ] {
            let text = close(&text);
            for words in words {
                assert!(text.contains(words), "{form} does not say '{words}': {text}");
            }
        }
        let (_, xlsx) = print("xlsx", "results.xlsx").await;
        let mut book: Xlsx<_> = calamine::open_workbook(xlsx).unwrap();
        let cells: Vec<String> = book.worksheets().into_iter().flat_map(|(_, range)| {
            range.rows().flat_map(|row| row.iter().map(ToString::to_string)).collect::<Vec<_>>()
        }).collect();
        for number in [REQUESTS, LAST_YEAR, SATISFIED, AFTER_APPEAL, FINDINGS.0, REPEATS.0, REPEATS.1] {
            assert!(cells.contains(&number.to_string()), "no cell says {number}");
        }

        // Nothing is asked for twice: a period of which nothing is known says so.
        let out = jiban(app.folder(), &["report", "monthly", "--from", "2019-01-01", "--to", "2019-01-31"]).await;
        assert!(out.0 && out.1.contains("本期没有受理诉求"), "{}", out.1);
        let out = jiban(app.folder(), &["report", "monthly", "--from", "2026-02-01", "--to", "2026-01-31"]).await;
        assert!(!out.0 && out.1.contains("'from'"), "{}", out.1);
        let out = jiban(app.folder(), &["report", "results", "--format", "pdf"]).await;
        assert!(!out.0 && out.1.contains("--output"), "{}", out.1);
        let out = jiban(app.folder(), &["report", "daily", "--unit", "lh.nowhere"]).await;
        assert!(!out.0 && out.1.contains("lh.nowhere"), "{}", out.1);
    }
}

/// The words of a DOCX, paragraph by paragraph.
fn docx_text(bytes: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut xml = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("word/document.xml").unwrap(), &mut xml).unwrap();
    let mut text = String::new();
    for part in xml.split("<w:t").skip(1) {
        let Some((tag, rest)) = part.split_once('>') else { continue };
        if tag.is_empty() || tag.starts_with(' ') {
            text.push_str(rest.split("</w:t>").next().unwrap_or_default());
        }
    }
    text
}
