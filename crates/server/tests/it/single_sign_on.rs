//! Signing in with the provider of the house: a real OpenID provider on loopback, and a browser that keeps cookies.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use jiban::infra::config::{Config, Oidc};
use jiban_store::{
    Engine, StoreError, both_engines,
    testkit::{TestDb, block_on},
    users,
};
use reqwest::{Method, Url, header};

use crate::kit::{MONDAY, TestApp, at};

/// The address that people type; the test goes to the loopback port instead.
const HOUSE: &str = "http://jiban.test";

struct Provider {
    child: Child,
    issuer: String,
    /// Kept open: the provider writes to it.
    _says: BufReader<ChildStdout>,
}

impl Provider {
    fn start() -> Self {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools");
        let there = tools.join("provider/node_modules/oidc-provider").exists();
        assert!(there, "the OpenID provider for this test is not installed: run cargo xtask setup");
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider/provider.js");
        let mut command = Command::new("node");
        command.arg(script).arg(free.to_string()).arg(format!("{HOUSE}/api/v1/sessions/oidc/callback"));
        command.env("JIBAN_TEST_TOOLS", tools).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("node runs");
        let mut line = String::new();
        let mut says = BufReader::new(child.stdout.take().unwrap());
        says.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready", "the provider does not start");
        Self { child, issuer: format!("http://127.0.0.1:{free}"), _says: says }
    }

    async fn house(&self, db: TestDb) -> TestApp {
        let oidc = Oidc {
            issuer: self.issuer.clone(),
            client_id: "jiban".into(),
            client_secret: "a-secret-of-the-tests".into(),
        };
        let change = |config: &mut Config| {
            config.oidc = Some(oidc);
            config.server.public_url = HOUSE.into();
        };
        TestApp::start_at(db, at(MONDAY), change).await
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A browser: one page after the other, with the cookies of each site.
struct Browser<'a> {
    app: &'a TestApp,
    http: reqwest::Client,
    cookies: BTreeMap<(String, String), String>,
}

struct Page {
    status: u16,
    body: String,
    /// Where it leads.
    to: Option<Url>,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Self { app, http, cookies: BTreeMap::new() }
    }

    async fn go(&mut self, address: &Url, form: Option<&str>) -> Page {
        let site = address.authority().to_owned();
        let reached = address.as_str().replacen(HOUSE, &self.app.base, 1);
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let jar = self.cookies.iter().filter(|((of, _), _)| *of == site);
        let jar = jar.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut request = self.http.request(method, reached).header(header::COOKIE, jar);
        if let Some(form) = form {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert((site.clone(), name.to_owned()), value.to_owned());
        }
        let to = answer.headers().get(header::LOCATION).map(|to| address.join(to.to_str().unwrap()).unwrap());
        Page { status: answer.status().as_u16(), to, body: answer.text().await.unwrap() }
    }

    /// Goes to sign in and through the provider's own pages; the address to which the provider sends back.
    async fn through_the_provider(&mut self, login: &str) -> Url {
        let mut address: Url = format!("{HOUSE}/api/v1/sessions/oidc?next=/cases").parse().unwrap();
        for _ in 0..12 {
            let page = self.go(&address, None).await;
            let next = match page.to {
                Some(to) => to,
                // A form: first who, then whether they agree.
                None if page.body.contains("name=\"login\"") => {
                    let form = format!("prompt=login&login={login}&password=x");
                    self.go(&address, Some(&form)).await.to.expect("the provider takes any login")
                }
                None if page.body.contains("value=\"consent\"") => {
                    self.go(&address, Some("prompt=consent")).await.to.expect("and an agreement")
                }
                None => panic!("{address}: {} {}", page.status, page.body),
            };
            if next.as_str().starts_with(HOUSE) {
                return next;
            }
            address = next;
        }
        panic!("the provider leads nowhere: {address}")
    }

    async fn me(&mut self) -> Page {
        self.go(&format!("{HOUSE}/api/v1/sessions/me").parse().unwrap(), None).await
    }
}

async fn change(app: &TestApp, person: &'static str, how: impl Fn(&mut users::User) + Send + 'static) {
    let change = move |tx: &mut jiban_store::WriteTx<'_>| {
        let mut user = users::by_person(tx, person)?.unwrap();
        how(&mut user);
        users::put(tx, &user)
    };
    app.app.store.write(change).await.map_err(|why: StoreError| why).unwrap();
}

both_engines! {
    async fn whoever_the_provider_knows_comes_in_with_the_account_of_that_name(db: TestDb) {
        let provider = Provider::start();
        let app = provider.house(db).await;
        let mut browser = Browser::new(&app);
        assert_eq!(browser.me().await.status, 401);
        let back = browser.through_the_provider("xlb1@house").await;
        let page = browser.go(&back, None).await;
        assert_eq!((page.status, page.to.unwrap().path()), (303, "/cases"), "{}", page.body);
        let me = browser.me().await;
        assert!(me.status == 200 && me.body.contains("\"person\":\"xlb1\""), "{}", me.body);

        // From now on the provider's own mark counts, whatever either side calls the account.
        change(&app, "xlb1", |user| user.login = "another-name".into()).await;
        let mut again = Browser::new(&app);
        let back = again.through_the_provider("xlb1@house").await;
        assert_eq!(again.go(&back, None).await.status, 303);
        // And nobody else comes in by taking the name.
        change(&app, "xlb1", |user| user.login = "xlb1".into()).await;
        let mut other = Browser::new(&app);
        let back = other.through_the_provider("xlb1@elsewhere").await;
        let page = other.go(&back, None).await;
        assert!(page.status == 403 && page.body.contains("no_account"), "{}", page.body);
    }
}

#[test]
fn no_account_or_one_that_is_closed_stays_out() {
    block_on(async {
        let provider = Provider::start();
        let app = provider.house(TestDb::new(Engine::Sqlite)).await;
        change(&app, "xlb2", |user| user.active = false).await;
        for login in ["stranger", "xlb2"] {
            let mut browser = Browser::new(&app);
            let back = browser.through_the_provider(login).await;
            let page = browser.go(&back, None).await;
            assert!(page.status == 403 && page.body.contains("no_account"), "{login}: {}", page.body);
            assert_eq!(browser.me().await.status, 401, "{login}");
        }
    });
}

#[test]
fn an_answer_that_was_not_asked_for_or_comes_twice_signs_nobody_in() {
    block_on(async {
        let provider = Provider::start();
        let app = provider.house(TestDb::new(Engine::Sqlite)).await;
        let refused = async |browser: &mut Browser<'_>, back: &Url| {
            let page = browser.go(back, None).await;
            assert!(
                page.status == 401 && page.body.contains("sign_in_expired"),
                "{back}: {} {}",
                page.status,
                page.body
            );
        };
        let mut browser = Browser::new(&app);
        let back = browser.through_the_provider("xlb1").await;
        // Somebody else's browser, without the cookie of whoever left.
        refused(&mut Browser::new(&app), &back).await;
        // Another state, no code, an error of the provider.
        let (state, code) = (back.as_str().replace("state=", "state=x"), back.as_str().replace("code=", "other="));
        for address in [state, code, format!("{back}&error=access_denied")] {
            refused(&mut browser, &address.parse().unwrap()).await;
        }
        let kept = browser.cookies.clone();
        assert_eq!(browser.go(&back, None).await.status, 303);
        refused(&mut browser, &back).await;
        // The cookie is gone; with a copy of it the provider still does not honour a code twice.
        browser.cookies = kept;
        refused(&mut browser, &back).await;
        // Ten minutes are enough to sign in.
        let mut slow = Browser::new(&app);
        let back = slow.through_the_provider("xlb1").await;
        app.pass(11);
        refused(&mut slow, &back).await;
    });
}

#[test]
fn where_it_leads_and_whether_it_is_there_is_looked_at_first() {
    block_on(async {
        let provider = Provider::start();
        let app = provider.house(TestDb::new(Engine::Sqlite)).await;
        for next in ["https://elsewhere.test/", "//elsewhere.test/", "/%5Celsewhere.test", "cases"] {
            app.call("", Method::GET, &format!("/sessions/oidc?next={next}"), None).await.refused(422, "invalid");
        }
        drop(provider);
        app.call("", Method::GET, "/sessions/oidc", None).await.refused(502, "provider_unavailable");
        let plain = TestApp::start(TestDb::new(Engine::Sqlite)).await;
        plain.call("", Method::GET, "/sessions/oidc", None).await.refused(404, "not_configured");
        plain
            .call("", Method::GET, "/sessions/oidc/callback?code=x&state=y", None)
            .await
            .refused(404, "not_configured");
    });
}
