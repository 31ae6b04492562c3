//! Repeats 重复件: the same person or the same place asking for the same thing, told apart from what only looks like it.

use jiban_store::both_engines;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::kit::{Submitted, TestApp};

async fn tell(app: &TestApp, spot: &str, phone: &str, text: &str) -> Submitted {
    let reporter = json!({ "name": "林小满", "phone": phone });
    let body = json!({ "channel": "hotline", "text": text, "place": { "spot": spot }, "reporter": reporter });
    Submitted::from(app.post("xlb1", "/cases", body).await.expect(201))
}

/// Number, whether it is a repeat, same person, same place.
fn seen(found: &Value) -> Vec<(String, bool, bool, bool)> {
    let flag = |one: &Value, name: &str| one[name].as_bool().unwrap();
    let view = |one: &Value| {
        let number = one["case"]["number"].as_str().unwrap().to_owned();
        (number, flag(one, "is_repeat"), flag(one, "same_reporter"), flag(one, "same_place"))
    };
    found.as_array().unwrap().iter().map(view).collect()
}

both_engines! {
    async fn a_repeat_is_known_by_person_or_place_and_by_what_it_asks_for(db: TestDb) {
        let app = TestApp::start(db).await;
        let first = tell(&app, "s001", "13900000001", "楼下烧烤店油烟直接排到住户窗口，晚上不敢开窗，请查一查净化设备。").await;
        let other_matter = tell(&app, "s001", "13900000002", "大门口的路灯坏了三盏，老人晚上走路容易摔跤。").await;
        tell(&app, "s040", "13900000003", "健身房突然关门，预付卡里的钱退不了。").await;
        for n in 0..12 {
            tell(&app, "s070", &format!("1380000{n:04}"), &format!("第{n}号：希望多开几班社区巴士，早上等得久。")).await;
        }

        // The same place, told in other words by somebody else.
        let again = tell(&app, "s001", "13900000009", "烧烤店的油烟又往住户窗口里排，净化设备根本没有开。").await;
        let found = seen(&app.get("xlb1", &format!("/cases/{}/repeats", again.id)).await);
        assert_eq!(found, [(first.number.clone(), true, false, true)], "another matter at that address is none");

        // The same person from elsewhere, while they are still on the phone.
        let body = json!({
            "phone": "13900000002", "place": { "spot": "s040" }, "text": "路灯坏了三盏还是没人修，晚上走路怕摔跤",
        });
        let found = app.post("xlb1", "/cases/earlier", body.clone()).await.expect(200);
        assert_eq!(seen(&found["repeats"]), [(other_matter.number.clone(), true, true, false)]);
        assert!(found["repeats"][0]["words"].to_string().contains("路灯"), "{found}");
        // Whoever may not see who asked learns nothing of the person, and sees no case out of reach.
        let far = app.post("c02a", "/cases/earlier", body).await.expect(200);
        assert_eq!(seen(&far["repeats"]), []);

        // Copied word by word elsewhere: shown as the same text, no repeat by definition.
        let copied = tell(&app, "s070", "13900000011", "楼下烧烤店油烟直接排到住户窗口，晚上不敢开窗，请查一查净化设备。").await;
        let found = seen(&app.get("xlb1", &format!("/cases/{}/repeats", copied.id)).await);
        assert!(found.contains(&(first.number.clone(), false, false, false)), "{found:?}");

        // One key links; what is linked is the mechanism's to count.
        let marked = app.act("xlb1", &again.id, "mark-repeat", json!({ "of": first.id })).await;
        assert_eq!(marked["repeat_of"], json!(first.id));

        // After the policy's days it is a new matter.
        app.clock.advance(SignedDuration::from_hours(24 * 91));
        let late = tell(&app, "s001", "13900000012", "烧烤店的油烟又往住户窗口里排，净化设备根本没有开。").await;
        assert_eq!(seen(&app.get("xlb1", &format!("/cases/{}/repeats", late.id)).await), []);
    }
}
