//! The commands that read tables anybody may have: learning, asking, hot issues, texts that say the same.

use std::path::Path;

use serde_json::Value;

use crate::kit::jiban;

/// Texts of three matters, each of which is about one thing.
fn table(folder: &Path) -> String {
    let matters = [
        ("noise", ["噪音扰民", "半夜施工", "音响太大", "睡不着觉"]),
        ("road", ["路面坑洼", "路灯不亮", "井盖破损", "出行不便"]),
        ("water", ["自来水浑浊", "停水三天", "水压不足", "水管爆裂"]),
    ];
    let mut rows = String::from("no,title,body,label,when,likes\n");
    for (at, place) in ["东门老街", "人民公园路", "湖贝新村", "深南东路", "立新路"].iter().enumerate()
    {
        for (label, words) in matters {
            for n in 0..4 {
                let (one, other) = (words[n], words[(n + 1) % 4]);
                rows.push_str(&format!(
                    "{label}{at}{n},{place}{one},\"{place}{other}，请处理。\",{label},2026-0{}-0{},{n}\n",
                    at + 1,
                    n + 1
                ));
            }
        }
    }
    write(folder, "texts.csv", &rows)
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The first JSON value in what was said; what is told beside it comes on the other stream.
fn json(said: &str) -> Value {
    let begin = said.find(['{', '[']).unwrap();
    serde_json::Deserializer::from_str(&said[begin..]).into_iter().next().unwrap().unwrap()
}

#[tokio::test]
async fn a_model_is_trained_measured_and_asked_from_tables() {
    let folder = tempfile::tempdir().unwrap();
    let (file, model) = (table(folder.path()), folder.path().join("m.jbm").to_str().unwrap().to_owned());
    let run = async |arguments: &[&str]| jiban(folder.path(), arguments).await;
    let columns = ["--text", "title,body", "--label", "label"];
    let (well, said) = run(&[&["triage", "train", &file, "--model", &model], &columns[..]].concat()).await;
    assert!(well && said.contains("3 labels learnt from 60 texts"), "{said}");
    let evaluate = ["triage", "evaluate", &file, "--baseline", "nb", "--json"];
    let (well, said) = run(&[&evaluate[..], &columns].concat()).await;
    let figures = json(&said);
    assert!(well && figures["figures"]["macro_f1"].as_f64().unwrap() > 0.8, "{said}");
    assert!(figures["baseline"]["figures"]["macro_f1"].is_f64() && figures["groups"].is_u64(), "{said}");

    // Whatever people write, each text is answered or abstained from.
    let hostile = [
        "",
        "   ",
        "😀😀😀🎉",
        "<script>alert(1)</script>",
        "The street light is broken, please mend it.",
        "路灯不亮",
        "مرحبا بالعالم",
        "\u{feff}\u{200b}",
        "0123456789",
    ];
    let mut rows = String::from("no,body\n");
    hostile.iter().for_each(|text| rows.push_str(&format!("x,\"{text}\"\n")));
    rows.push_str(&format!("x,\"{}\"\nx,\"{}\"\n", "停水".repeat(5_000), "a".repeat(10_000)));
    let asked = write(folder.path(), "asked.csv", &rows);
    let (well, said) = run(&["triage", "classify", &asked, "--text", "body", "--model", &model, "--json"]).await;
    let answers: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(well);
    assert_eq!(answers.len(), hostile.len() + 2, "{said}");
    assert_eq!(answers[5]["label"], "road");
    assert_eq!(answers[0]["label"], Value::Null, "nothing said, nothing proposed");
}

#[tokio::test]
async fn a_table_without_the_column_says_which_it_has_and_a_broken_model_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = table(folder.path());
    let run = async |arguments: &[&str]| jiban(folder.path(), arguments).await;
    for command in [&["triage", "evaluate", "--label", "label"][..], &["hot"], &["similar"]] {
        let (well, said) = run(&[command, &[&file, "--text", "content"]].concat()).await;
        assert!(!well && said.contains("content") && said.contains("title") && said.contains("likes"), "{said}");
    }
    let (well, said) = run(&["triage", "classify", &file, "--text", "body", "--model", &file]).await;
    assert!(!well && said.contains("model"), "{said}");
    let (well, said) = run(&["hot", "/nowhere.csv", "--text", "body"]).await;
    assert!(!well && said.contains("/nowhere.csv"), "{said}");
}

#[tokio::test]
async fn hot_issues_and_texts_that_say_the_same_come_with_the_ids_of_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = table(folder.path());
    let hot = ["hot", &file, "--text", "title,body", "--time", "when", "--weight", "likes", "--id", "no", "--json"];
    let (well, said) = jiban(folder.path(), &hot).await;
    assert!(well, "{said}");
    let told = json(&said);
    assert!(told.to_string().contains("water0"), "{told}");
    let (well, said) = jiban(folder.path(), &["similar", &file, "--text", "title,body", "--id", "no", "--json"]).await;
    assert!(well && said.contains("likeness"), "{said}");
}
