//! 2. Classify 分类型, 3. dispatch: what is proposed, why, and that every decision of a person teaches.

use jiban::worker::night;
use jiban_store::both_engines;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{TestApp, long};

/// Matters that the policy has no words for, each with the category that the liaison office decides on.
const MATTERS: [(&str, &str, &[&str]); 3] = [
    ("city.overflow", "fast", &["露营天幕", "折叠躺椅", "围炉煮茶", "飞盘场子"]),
    ("market.live", "routine", &["换装变身", "国风巡游", "街拍博主", "打光灯架"]),
    ("civil.culture", "routine", &["匹克球线", "篮筐歪斜", "攀岩墙", "滑板碗池"]),
];

async fn judge(app: &TestApp, text: &str, class: &str, category: &str) -> Value {
    let case = app.submit(text).await;
    app.act("xlb1", &case.id, "classify", json!({ "class": class, "category": category })).await
}

/// People decide about some dozens of cases of each matter.
async fn decide(app: &TestApp) {
    let places = ["青云路口", "立新广场", "湖心步道", "河畔连廊", "二期架空层", "南门平台"];
    for (category, class, words) in MATTERS {
        for (at, place) in places.iter().enumerate() {
            for turn in 0..words.len() {
                let (one, other) = (words[turn], words[(turn + 1 + at % 2) % words.len()]);
                judge(app, &format!("{place}每到周末都有人弄{one}，旁边还有{other}，第{at}回说了。"), class, category)
                    .await;
            }
        }
    }
}

async fn learn(app: &TestApp) -> Vec<Value> {
    let (told, _) = long(&app.call("xlb1", Method::POST, "/triage/learn", None).await);
    assert!(told.iter().any(|line| line["progress"]["read"].is_u64()), "{told:?}");
    told.last().unwrap()["done"].as_array().unwrap().clone()
}

fn of<'v>(learnings: &'v [Value], subject: &str) -> &'v Value {
    learnings.iter().find(|one| one["subject"] == subject).unwrap()
}

both_engines! {
    async fn every_decision_of_a_person_teaches_triage_and_it_says_by_which_words(db: TestDb) {
        let app = TestApp::start(db).await;
        assert_eq!(of(&learn(&app).await, "category")["outcome"], "too_few");
        decide(&app).await;
        let ask = "西区露台又搭起露营天幕，摆着折叠躺椅";
        let before = app.case(&app.submit(ask).await.id).await["proposal"].take();
        assert_ne!(before["category"], "city.overflow", "{before}");

        let learnings = learn(&app).await;
        let learning = of(&learnings, "category");
        assert_eq!(learning["outcome"], "taken", "{learning}");
        assert!(learning["right"].as_f64().unwrap() > learning["right_before"].as_f64().unwrap(), "{learning}");
        let lessons = (3 * 6 * 4).into();
        assert_eq!((&learning["lessons"], &learning["labels"]), (&lessons, &json!(3)));
        assert!(learning["held"].as_u64().unwrap() > 0);

        let after = app.case(&app.submit(ask).await.id).await["proposal"].take();
        assert_eq!((&after["category"], &after["class"]), (&json!("city.overflow"), &json!("fast")), "{after}");
        let reason = after["reasons"].as_array().unwrap().iter().find(|reason| reason["kind"] == "learnt").unwrap();
        let words = reason["words"].to_string();
        assert!(words.contains("露营") || words.contains("天幕") || words.contains("躺椅"), "{reason}");
        assert!(after["confidence"].as_f64().unwrap() >= 0.55, "{after}");
        // Words of danger hold whatever was learnt.
        let danger = app.case(&app.submit("露营天幕着火了，快来").await.id).await["proposal"].take();
        assert_eq!((&danger["class"], &danger["danger"]), (&json!("urgent"), &json!("fire")), "{danger}");

        // Learning again from the same teaches nothing; everybody can see what was learnt.
        app.act("xlb1", &app.submit("无关的事").await.id, "note", json!({ "text": "记一笔" })).await;
        assert_eq!(of(&learn(&app).await, "category")["outcome"], "unchanged");
        let seen = app.get("zfd1", "/triage").await;
        let seen = of(seen.as_array().unwrap(), "category");
        assert_eq!((&seen["in_force"], &seen["attempts"][0]["outcome"]), (&json!(1), &json!("taken")), "{seen}");
        app.call("zfd1", Method::POST, "/triage/learn", None).await.refused(403, "forbidden");

        // Another node knows it as soon as it looks.
        let other = app.another_node().await;
        let there = other.case(&other.submit(ask).await.id).await["proposal"].take();
        assert_eq!(there["category"], "city.overflow");
    }

    async fn what_would_judge_worse_is_not_taken(db: TestDb) {
        let app = TestApp::start(db).await;
        // The policy's words are right about all of these, and about too few of each for a model to be.
        let told = [
            ("city.toilet", "公厕很脏"), ("utility.lamps", "路灯坏了"), ("city.bulky", "楼道堆放旧家具杂物"),
            ("noise.square", "广场舞音箱太响"), ("city.posters", "墙上牛皮癣小广告"), ("traffic.shared", "共享单车乱停"),
            ("house.lift", "电梯坏了"), ("noise.bar", "酒吧太吵"), ("city.pests", "老鼠很多"), ("city.litter", "垃圾没人清运"),
            ("civil.school", "咨询学位"), ("labour.wages", "拖欠工资"), ("utility.telecom", "宽带断网"), ("city.green", "树枝要修剪"),
        ];
        for turn in 0..4_usize {
            for (at, (category, text)) in told.iter().enumerate() {
                let text = format!("{}号楼{}层那边{text}，{}", at * 7 + turn, turn * 13 + at, ["急", "请处理", "多谢", "盼复"][turn]);
                // One decision in three is not the category's usual one, for no reason that words could tell.
                let chance = (at as u32 * 31 + turn as u32 * 17 + 7).wrapping_mul(2_654_435_761) >> 16;
                let usual = ["routine", "fast"][usize::from(at < 10)];
                let class = if chance.is_multiple_of(3) { ["fast", "routine"][usize::from(at < 10)] } else { usual };
                judge(&app, &text, class, category).await;
            }
        }
        let learnings = learn(&app).await;
        let class = of(&learnings, "class");
        assert!(class["right"].as_f64() < class["right_before"].as_f64(), "chance teaches nothing: {class}");
        assert_eq!(class["outcome"], "worse", "{class}");
        let seen = app.get("xlb1", "/triage").await;
        assert_eq!(of(seen.as_array().unwrap(), "class")["in_force"], json!(null));
    }

    async fn it_learns_by_itself_at_night_and_one_node_is_enough(db: TestDb) {
        let app = TestApp::start(db).await;
        decide(&app).await;
        let other = app.another_node().await;
        assert!(night::step(&app.app).await.unwrap());
        assert!(!night::step(&other.app).await.unwrap(), "somebody learnt a moment ago");
        app.clock.advance(SignedDuration::from_hours(24));
        judge(&app, "北坡又支起露营天幕", "fast", "city.overflow").await;
        assert!(night::step(&other.app).await.unwrap(), "what was decided since is learnt the night after");
    }

    async fn units_are_proposed_by_rule_and_by_who_has_handled_the_like(db: TestDb) {
        let app = TestApp::start(db).await;
        let lead = async |text: &str| {
            let case = app.submit(text).await;
            app.get("xlb1", &format!("/cases/{}/assignment", case.id)).await
        };
        let cold = lead("路灯不亮").await;
        assert_eq!((&cold["candidates"][0]["unit"], &cold["candidates"][0]["by_rule"]), (&cold["lead"], &json!(true)));
        assert_eq!(cold["candidates"][0]["likelihood"], json!(null));
        // No rule is about these: the enforcement team handled drones, the grid handled parcel lockers.
        let drones = ["无人机悬停窗外", "螺旋桨声刺耳", "航拍机低飞", "遥控飞行器扰民"];
        let lockers = ["快递柜挡过道", "包裹堆满门厅", "驿站取件排队", "柜门坏了夹手"];
        let places = ["青云路口", "立新广场", "湖心步道", "河畔连廊", "二期架空层", "南门平台"];
        for (turn, place) in places.iter().enumerate() {
            for at in 0..8 {
                let (words, unit, who) =
                    if at % 2 == 0 { (drones, "lh.dm.zfd", "zfd1") } else { (lockers, "lh.dm.c01.g01", "c01g01a") };
                let text = format!("{place}{}，{}，{turn}楼住户", words[at / 2], words[(at / 2 + turn + 1) % 4]);
                let case = app.dispatched(&text, "routine", "dispute.neighbour", unit).await;
                app.act(who, &case.id, "accept", json!({})).await;
                app.act(who, &case.id, "contact", json!({ "reached": true })).await;
                app.act(who, &case.id, "verify", json!({ "finding": "属实" })).await;
                app.act(who, &case.id, "finish", json!({ "outcome": "已处理" })).await;
            }
        }
        let learnings = learn(&app).await;
        assert_eq!(of(&learnings, "unit")["outcome"], "taken", "{learnings:?}");
        let asked = lead("楼上无人机螺旋桨声刺耳").await;
        let first = &asked["candidates"][0];
        assert_eq!((&first["unit"], &first["by_rule"]), (&json!("lh.dm.zfd"), &json!(false)), "{asked}");
        assert!(first["likelihood"].as_f64().unwrap() > 0.55 && first["words"].to_string().contains("无人机"), "{asked}");
        assert!(asked["candidates"].as_array().unwrap().iter().any(|one| one["unit"] == asked["lead"]), "the rules' answer stays in sight: {asked}");
        // What the grid of one place handles is proposed for the grid of another.
        let body = json!({ "channel": "qr", "text": "快递柜门坏了，驿站取件排队", "place": { "spot": "s013" }, "reporter": {} });
        let elsewhere = app.post("", "/public/cases", body).await.expect(201);
        let advice = app.get("xlb1", &format!("/cases/{}/assignment", elsewhere["id"].as_str().unwrap())).await;
        let grid = app.case(elsewhere["id"].as_str().unwrap()).await["place"]["grid"].take();
        assert_ne!(grid, "lh.dm.c01.g01");
        assert_eq!(advice["candidates"][0]["unit"], grid, "{advice}");
    }

    async fn where_a_text_speaks_of_is_proposed_and_taken_with_one_act(db: TestDb) {
        let app = TestApp::start(db).await;
        let tell = async |place: Value| {
            let body = json!({ "channel": "hotline", "text": "青云小区大闷口的路灯不亮", "place": place });
            let case = app.post("xlb1", "/cases", body).await.expect(201);
            app.case(case["id"].as_str().unwrap()).await
        };
        let case = tell(json!({})).await;
        let place = &case["proposal"]["place"];
        assert_eq!((&place["spot"], &place["area"]), (&json!("s001"), &json!("lh.dm.c01.g01")), "{case}");
        assert_eq!((&case["place"]["grid"], &place["words"][0]), (&json!(null), &json!("青云小区大闷")), "it is only proposed");
        let taken = json!({ "place": { "spot": place["spot"] } });
        let corrected = app.act("xlb1", case["id"].as_str().unwrap(), "correct", taken).await;
        assert_eq!(corrected["place"]["grid"], "lh.dm.c01.g01");
        // What is told by code, grid or point is never guessed at.
        assert_eq!(tell(json!({ "spot": "s013" })).await["proposal"]["place"], json!(null));
        let asked = app.post("duty1", "/triage/place", json!({ "text": "我这里是永新街114号" })).await.expect(200);
        assert_eq!(asked["spot"], "s002");
        assert_eq!(app.post("duty1", "/triage/place", json!({ "text": "" })).await.expect(200), json!(null));
    }
}
