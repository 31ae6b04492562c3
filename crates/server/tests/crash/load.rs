//! Clients who submit and act, one request at a time each, and remember what was acknowledged.
//!
//! A request without an answer is asked again with its key: of another node at once, or of the same when it is back. A
//! client must never take a missing answer for a refusal, nor let a refusal pass.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::node::{PASSWORD, STAFF};

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How often something new is submitted instead of going on with the case at hand.
const SUBMIT: f64 = 0.25;
/// How often a note goes to a case whose clock is about to run out.
const NOTE: f64 = 0.15;
/// How often a client takes on such a case.
const RESCUE: f64 = 0.5;
/// How often a request is sent twice at the same moment.
const TWICE: f64 = 0.15;
/// Acknowledged requests asked again after each kill.
const AGAIN: usize = 2;

/// Tokens of the staff, by person.
pub(crate) type Tokens = Arc<HashMap<&'static str, String>>;

/// Signs everybody in.
pub(crate) async fn sign_in(base: &str) -> Tokens {
    let http = reqwest::Client::new();
    let mut tokens = HashMap::new();
    for person in STAFF {
        let body = json!({ "login": person, "password": PASSWORD });
        let answer = http.post(format!("{base}/api/v1/sessions")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let answer: Value = answer.json().await.unwrap();
        tokens.insert(person, answer["token"].as_str().unwrap().to_owned());
    }
    Arc::new(tokens)
}

/// What a request is to do.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// A new case with this text, which no other has.
    Submit { text: String },
    /// A command whose event is of this kind, and holds this text where one is given.
    Act { case: String, kind: &'static str, text: Option<String> },
}

/// A request that can be sent again.
#[derive(Debug, Clone)]
struct Request {
    who: &'static str,
    path: String,
    key: String,
    body: Value,
    deed: Deed,
}

/// Something acknowledged.
#[derive(Debug)]
pub(crate) struct Done {
    /// What was asked.
    pub(crate) deed: Deed,
    /// What was answered.
    pub(crate) answer: Value,
}

/// Steps of a case: who, which command, the kind of its event, its body.
fn step(number: usize) -> Option<(&'static str, &'static str, &'static str, Value)> {
    let opinion = json!({ "facts": "属实", "measures": "已处置", "result": "solved", "reply": "已答复" });
    let follow_up = json!({
        "values": { "method": "phone" }, "reached": true, "responded": true, "solved": true, "satisfied": true,
    });
    let steps = [
        ("xlb1", "classify", "classified", json!({ "class": "fast", "category": "noise.shop" })),
        ("xlb1", "dispatch", "dispatched", json!({ "lead": "lh.dm.zfd" })),
        ("zfd1", "accept", "accepted", json!({})),
        ("zfd1", "contact", "contact_tried", json!({ "reached": true })),
        ("zfd1", "verify", "verified", json!({ "finding": "属实" })),
        ("zfd1", "finish", "finished", json!({ "outcome": "已要求调低音量" })),
        ("zfd1", "file-opinion", "opinion_filed", json!({ "values": opinion })),
        ("xlb1", "follow-up", "followed_up", follow_up),
        ("zfd1", "close", "closed", json!({})),
    ];
    steps.into_iter().nth(number)
}

/// One client.
pub(crate) struct Client {
    name: usize,
    random: StdRng,
    http: reqwest::Client,
    tokens: Tokens,
    /// Nodes that answered so far in this round; the one it asks stands first.
    bases: Vec<String>,
    /// Requests made.
    count: usize,
    /// The case at hand, and the step to take next.
    case: Option<(String, usize)>,
    unanswered: Option<Request>,
    /// All requests that were acknowledged, with the answer to compare where it is told once.
    asked: Vec<(Request, Value)>,
    done: Vec<Done>,
}

impl Client {
    pub(crate) fn new(name: usize, seed: u64, tokens: &Tokens) -> Self {
        Self {
            name,
            random: StdRng::seed_from_u64(seed),
            http: reqwest::Client::builder().timeout(ANSWER_MAX).build().unwrap(),
            tokens: Arc::clone(tokens),
            bases: Vec::new(),
            count: 0,
            case: None,
            unanswered: None,
            asked: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Learns where the nodes are.
    pub(crate) fn meet(&mut self, bases: &[String]) {
        self.bases = bases.to_vec();
        self.bases.rotate_left(self.name % bases.len());
    }

    /// What was acknowledged since the last time.
    pub(crate) fn take_done(&mut self) -> Vec<Done> {
        std::mem::take(&mut self.done)
    }

    /// Works until told to stop, or until no node answers.
    ///
    /// Some begin with a case of their own whose clock is about to run out, so that its end is everybody's to see: the
    /// act's that comes in time or late, and each sweeper's.
    pub(crate) async fn work(&mut self, due: &[String], stop: &AtomicBool) {
        if let Some(case) = due.get(self.name).filter(|_| self.random.random_bool(RESCUE)) {
            self.case = Some((case.clone(), 0));
        }
        while !stop.load(Ordering::SeqCst) {
            let request = self.next(due);
            self.carry_out(request).await;
            if self.unanswered.is_some() {
                return;
            }
        }
    }

    /// Asks again what had no answer, and some of what had one.
    pub(crate) async fn ask_again(&mut self) {
        if let Some(request) = self.unanswered.take() {
            self.carry_out(request).await;
            assert!(self.unanswered.is_none(), "no node answers: {:?}", self.unanswered);
        }
        let again: Vec<_> = self.asked.sample(&mut self.random, AGAIN).cloned().collect();
        for (request, answer) in again {
            let second = self.send(&self.bases[0], &request).await;
            let second = second.unwrap_or_else(|| panic!("no answer: {request:?}"));
            assert!(
                matches!(request.deed, Deed::Act { .. }) || second == answer,
                "{request:?}: {second}, not {answer}"
            );
        }
    }

    fn next(&mut self, due: &[String]) -> Request {
        self.count += 1;
        // Letters between the numbers, so that it is nobody's telephone.
        let mark = format!("K{}N{}", self.name, self.count);
        if let Some(case) = due.choose(&mut self.random).filter(|_| self.random.random_bool(NOTE)) {
            let text = format!("看过 {mark}");
            let body = json!({ "text": text });
            return act("xlb1", case, "note", "noted", Some(text), (body, mark));
        }
        let go_on = self.case.as_ref().filter(|_| !self.random.random_bool(SUBMIT));
        match go_on.and_then(|(case, number)| Some((case, step(*number)?))) {
            Some((case, (who, name, kind, body))) => act(who, case, name, kind, None, (body, mark)),
            None => submission(mark),
        }
    }

    /// Sends a request to one node after another until one answers.
    async fn carry_out(&mut self, request: Request) {
        while let Some(base) = self.bases.first().cloned() {
            let other = self.bases.last().filter(|_| self.random.random_bool(TWICE)).cloned();
            let first = self.send(&base, &request);
            let second = async {
                match &other {
                    Some(other) => self.send(other, &request).await,
                    None => None,
                }
            };
            let (first, second) = tokio::join!(first, second);
            if let (Some(first), Some(second), Deed::Submit { .. }) = (&first, &second, &request.deed) {
                assert_eq!(first, second, "one key, two answers: {request:?}");
            }
            if first.is_none() {
                self.bases.remove(0);
            }
            if let Some(answer) = first.or(second) {
                return self.note_down(request, answer);
            }
        }
        self.unanswered = Some(request);
    }

    fn note_down(&mut self, request: Request, answer: Value) {
        match (&request.deed, &mut self.case) {
            (Deed::Submit { .. }, case) => *case = Some((answer["id"].as_str().unwrap().to_owned(), 0)),
            (Deed::Act { text: None, .. }, Some((_, number))) => *number += 1,
            (Deed::Act { .. }, _) => {}
        }
        self.done.push(Done { deed: request.deed.clone(), answer: answer.clone() });
        // The answer to a command is the case as it is, which goes on.
        let told = if matches!(request.deed, Deed::Submit { .. }) { answer } else { Value::Null };
        self.asked.push((request, told));
    }

    /// Sends a request once. None where the answer did not come; anything but success ends the test.
    async fn send(&self, base: &str, request: &Request) -> Option<Value> {
        let post = self.http.post(format!("{base}/api/v1{}", request.path));
        let post = post.header("idempotency-key", &request.key).json(&request.body);
        let post = if request.who.is_empty() { post } else { post.bearer_auth(&self.tokens[request.who]) };
        let unanswered = |why: reqwest::Error| assert!(!why.is_timeout(), "no answer in time: {request:?}");
        let answer = post.send().await.map_err(unanswered).ok()?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(unanswered).ok()?;
        assert!(status.is_success(), "{status} to {request:?}: {}", String::from_utf8_lossy(&body));
        Some(serde_json::from_slice(&body).unwrap())
    }
}

fn act(
    who: &'static str,
    case: &str,
    name: &str,
    kind: &'static str,
    text: Option<String>,
    (body, key): (Value, String),
) -> Request {
    let deed = Deed::Act { case: case.to_owned(), kind, text };
    Request { who, path: format!("/cases/{case}/{name}"), key, body, deed }
}

fn submission(key: String) -> Request {
    let text = format!("楼下商铺音响循环播放,很吵。{key}");
    let body = json!({
        "channel": "qr", "text": text, "place": { "spot": "s001" },
        "reporter": { "name": "林小满", "phone": "13912345678" },
    });
    Request { who: "", path: "/public/cases".to_owned(), key, body, deed: Deed::Submit { text } }
}
