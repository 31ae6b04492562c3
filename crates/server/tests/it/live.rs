//! The live stream: a hint for those who may see, silence for all others, and an end with the session.

use std::time::Duration;

use jiban_store::both_engines;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Node, PASSWORD, TestApp};

/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who watches.
struct Watcher {
    response: reqwest::Response,
    waiting: String,
}

impl Watcher {
    async fn of(node: &Node, token: &str) -> Self {
        let request = node.http.get(format!("{}/api/v1/live", node.base)).bearer_auth(token);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, waiting: String::new() }
    }

    /// The next event with its data; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.waiting.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let told = field("event:").map(|name| (name.to_owned(), field("data:").unwrap_or("null").to_owned()));
                self.waiting = rest.to_owned();
                match told {
                    Some((name, data)) => return Some((name, serde_json::from_str(&data).unwrap())),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.unwrap();
            self.waiting.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }
}

async fn fresh(app: &TestApp, who: &str) -> String {
    app.sign_in(who, PASSWORD).await.expect(201)["token"].as_str().unwrap().to_owned()
}

both_engines! {
    async fn who_watches_hears_of_their_reach_and_of_nothing_else(db: TestDb) {
        let app = TestApp::start(db).await;
        let mut team = Watcher::of(&app, &app.token("zfd1").await).await;
        let mut bureau = Watcher::of(&app, &app.token("cgj1").await).await;
        let inside = app.dispatched("楼下商铺音响很吵", "fast", "noise.shop", "lh.dm.zfd").await.id;
        let own = json!({ "channel": "hotline", "text": "局里自己接的件" });
        let outside = app.post("cgj1", "/cases", own).await.expect(201)["id"].clone();
        let after = app.act("zfd1", &inside, "accept", json!({})).await;
        // Hints come in order, so what comes first shows what did not come before it.
        let (name, dispatched) = team.next().await.unwrap();
        assert_eq!((&*name, &dispatched["case"]), ("changed", &json!(inside)));
        let (_, accepted) = team.next().await.unwrap();
        assert_eq!((&accepted["case"], &accepted["version"]), (&json!(inside), &after["version"]));
        assert_eq!(bureau.next().await.unwrap().1["case"], outside);
        app.act("cgj1", outside.as_str().unwrap(), "note", json!({ "text": "在办" })).await;
        assert_eq!(bureau.next().await.unwrap().1["kind"], "noted");
        // A hint says which, never what.
        let keys: Vec<&String> = accepted.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["case", "kind", "version"]);
    }

    async fn the_stream_ends_with_the_session(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.dispatched("路灯不亮", "fast", "noise.shop", "lh.dm.zfd").await.id;
        let token = fresh(&app, "zfd1").await;
        let mut gone = Watcher::of(&app, &token).await;
        let mut stays = Watcher::of(&app, &app.token("zfd1").await).await;
        app.send(app.http.delete(format!("{}/api/v1/sessions/me", app.base)).bearer_auth(&token)).await.expect(204);
        app.act("zfd1", &case, "accept", json!({})).await;
        assert_eq!(stays.next().await.unwrap().1["kind"], "accepted", "the other session of the same person goes on");
        assert!(gone.next().await.is_none(), "who has signed out is told of nothing");
    }

    async fn who_leaves_the_organisation_hears_no_more(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.dispatched("路灯不亮", "fast", "noise.shop", "lh.dm.zfd").await.id;
        let mut left = Watcher::of(&app, &app.token("zfd2").await).await;
        let mut moved = Watcher::of(&app, &app.token("zfd3").await).await;
        let people = "code,name,posts,titles,phone,email,active\nzfd2,吴平,lh.dm.zfd:staff,,,,false\n\
                      zfd3,某人,lh.cgj:staff,,,,true\n";
        app.post("admin", "/organisation/import", json!({ "people": people })).await.expect(200);
        app.act("zfd1", &case, "accept", json!({})).await;
        let own = json!({ "channel": "hotline", "text": "局里自己接的件" });
        let outside = app.post("cgj1", "/cases", own).await.expect(201)["id"].clone();
        assert!(left.next().await.is_none());
        assert_eq!(moved.next().await.unwrap().1["case"], outside, "the new reach holds at once, the old no more");
    }

    async fn nobody_watches_without_signing_in_and_a_new_start_of_the_stream_is_allowed(db: TestDb) {
        let app = TestApp::start(db).await;
        app.call("", Method::GET, "/live", None).await.refused(401, "unauthenticated");
        let case = app.dispatched("路灯不亮", "fast", "noise.shop", "lh.dm.zfd").await.id;
        // A browser that comes again names what it heard last; it is taken on from now.
        let request = app.request("zfd1", Method::GET, "/live").await.header("last-event-id", "17");
        let mut again = Watcher { response: request.send().await.unwrap(), waiting: String::new() };
        app.act("zfd1", &case, "accept", json!({})).await;
        assert_eq!(again.next().await.unwrap().1["case"], json!(case));
        app.app.stop.send_replace(true);
        assert!(again.next().await.is_none(), "the stream ends with the program");
    }
}
