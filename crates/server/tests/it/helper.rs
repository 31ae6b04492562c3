//! The helper model 辅助模型: off unless configured, given masked words only, and never needed.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, http::StatusCode, routing::post};
use jiban::infra::config::Helper;
use jiban_store::both_engines;
use serde_json::{Value, json};

use crate::kit::{MONDAY, TestApp, at};

/// An endpoint on loopback that speaks as such endpoints do, and what it was asked.
async fn endpoint(status: StatusCode, answer: Value) -> (String, Arc<Mutex<Vec<Value>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    let service = Router::new().route(
        "/v1/chat/completions",
        post(move |Json(body): Json<Value>| {
            kept.lock().unwrap().push(body);
            std::future::ready((status, Json(answer.clone())))
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, service).await });
    (url, asked)
}

fn saying(text: &str) -> Value {
    json!({ "choices": [{ "message": { "role": "assistant", "content": text } }] })
}

both_engines! {
    async fn a_draft_is_made_of_masked_words_and_is_marked_as_a_machines(db: TestDb) {
        let (url, asked) = endpoint(StatusCode::OK, saying("门口占道经营，请回电 13912345678。")).await;
        let helper = Helper { url, model: "qwen3".to_owned(), key: Some("secret".to_owned()) };
        let app = TestApp::start_at(db, at(MONDAY), |config| config.helper = Some(helper)).await;
        assert_eq!(app.get("xlb1", "/sessions/me").await["helper"], true);
        let case = app.submit("我是林小满，文锦路3号门口摊贩占道，请打 13912345678。").await;
        let before = app.kinds(&case.id).await;
        let draft = app.post("xlb1", &format!("/cases/{}/draft", case.id), json!({ "kind": "reply" })).await.expect(200);
        assert_eq!(draft["model"], "qwen3");
        let text = draft["text"].as_str().unwrap();
        assert!(text.contains("占道经营") && !text.contains("13912345678"), "{draft}");
        let sent = asked.lock().unwrap()[0].to_string();
        assert!(sent.contains("摊贩占道") && sent.contains("qwen3"), "{sent}");
        for secret in ["13912345678", "林小满", "文锦路"] {
            assert!(!sent.contains(secret), "{secret}: {sent}");
        }
        // It is nobody's act: the record knows nothing of it.
        assert_eq!(app.kinds(&case.id).await, before);
        app.post("c02a", &format!("/cases/{}/draft", case.id), json!({})).await.refused(404, "not_found");
        app.post("xlb1", &format!("/cases/{}/draft", case.id), json!({ "kind": "poem" })).await.expect(422);
    }

    async fn without_it_or_when_it_fails_nothing_changes(db: TestDb) {
        let mut urls = vec!["http://127.0.0.1:9/v1".to_owned()];
        for (status, answer) in [
            (StatusCode::INTERNAL_SERVER_ERROR, saying("x")),
            (StatusCode::OK, json!({ "choices": [] })),
            (StatusCode::OK, json!({ "error": "no" })),
            (StatusCode::OK, saying(&"长".repeat(1 << 20))),
        ] {
            urls.push(endpoint(status, answer).await.0);
        }
        let app = TestApp::start(db).await;
        let case = app.submit("路灯不亮").await;
        let draft = format!("/cases/{}/draft", case.id);
        assert_eq!(app.post("xlb1", &draft, json!({})).await.expect(200), Value::Null);
        assert_eq!(app.get("xlb1", "/sessions/me").await["helper"], false);
        let before = app.case(&case.id).await;
        for url in urls {
            let helper = Helper { url, model: "m".to_owned(), key: None };
            let node = app.node_with(|config| config.helper = Some(helper)).await;
            node.post("xlb1", &draft, json!({})).await.refused(502, "helper_unavailable");
        }
        assert_eq!(app.case(&case.id).await, before);
    }
}
