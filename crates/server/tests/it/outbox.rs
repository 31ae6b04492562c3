//! Messages leave the house by webhook, e-mail, SMS and WeCom, at real receivers on loopback: signed, retried with
//! growing pauses, given up in the open, and without a word of who the reporter is.

use std::sync::{Arc, Mutex};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiban::{
    infra::config::{HttpTemplate, Mail, Webhook},
    worker::outbox,
};
use jiban_store::both_engines;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::kit::{Receiver, TestApp, at, jiban};

const SECRET: &str = "a secret that both sides know";

/// A webhook for these kinds of event; all where none is named.
pub(crate) fn hook(url: &str, events: &[&str]) -> Webhook {
    let events = events.iter().map(|kind| (*kind).to_owned()).collect();
    Webhook { name: "city".into(), url: url.to_owned(), secret: SECRET.into(), events }
}

/// HMAC-SHA256 as RFC 2104 writes it down, not as the program computes it.
fn hmac(key: &[u8], message: &[u8]) -> String {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(message).finalize();
    hex::encode(Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize())
}

/// Carries until nothing is due now; how many messages were tried.
async fn carry(app: &TestApp) -> usize {
    let mut tried = 0;
    loop {
        match outbox::step(&app.app).await.unwrap() {
            0 => return tried,
            more => tried += more,
        }
    }
}

/// A resident's way to write that breaks whatever is put together from strings.
const NASTY: &str = "路灯\"坏\\了\", \"to\":\"{number}\" {to}";

fn nameless(text: &str) {
    assert!(!text.contains("林小满") && !text.contains("13912345678"), "{text}");
}

/// A receiver of e-mail on loopback, as RFC 5321 has it: what it got, as envelope recipient and message.
async fn mailbox() -> (String, Arc<Mutex<Vec<(String, String)>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let got = Arc::<Mutex<Vec<(String, String)>>>::default();
    let kept = Arc::clone(&got);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(receive(stream, Arc::clone(&kept)));
        }
    });
    (url, got)
}

async fn receive(mut stream: tokio::net::TcpStream, kept: Arc<Mutex<Vec<(String, String)>>>) {
    let (read, mut write) = stream.split();
    let (mut lines, mut to) = (BufReader::new(read).lines(), String::new());
    write.write_all(b"220 loopback\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.get(..4).unwrap_or_default().to_uppercase().as_str() {
            "EHLO" => "250 loopback",
            "RCPT" => {
                line.split(['<', '>']).nth(1).unwrap().clone_into(&mut to);
                "250 ok"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                let mut message = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    message.push_str(line.strip_prefix('.').unwrap_or(&line));
                    message.push('\n');
                }
                kept.lock().unwrap().push((to.clone(), message));
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
}

/// Bytes of quoted-printable text, with `_` for a space inside a header's word.
fn quoted(text: &str, header: bool) -> Vec<u8> {
    let (text, mut out) = (text.replace("=\n", ""), Vec::new());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'=' => out.extend(hex::decode([bytes.next().unwrap(), bytes.next().unwrap()]).unwrap()),
            b'_' if header => out.push(b' '),
            other => out.push(other),
        }
    }
    out
}

/// Subject and text of a message.
fn opened(message: &str) -> (String, String) {
    let (head, body) = message.split_once("\n\n").unwrap();
    let head = head.replace("\n ", " ");
    let field =
        |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    let text = match &*field("Content-Transfer-Encoding:") {
        "base64" => BASE64.decode(body.replace('\n', "")).unwrap(),
        "quoted-printable" => quoted(body, false),
        _ => body.as_bytes().to_vec(),
    };
    let (mut subject, mut coded) = (Vec::new(), true);
    for word in field("Subject:").split(' ') {
        let encoded = word.strip_prefix("=?utf-8?").and_then(|word| word.strip_suffix("?="));
        let encoded = encoded.and_then(|word| word.split_once('?'));
        // A space between two encoded words is none (RFC 2047).
        if !subject.is_empty() && (!coded || encoded.is_none()) {
            subject.push(b' ');
        }
        coded = encoded.is_some();
        match encoded {
            Some(("b", word)) => subject.extend(BASE64.decode(word).unwrap()),
            Some((_, word)) => subject.extend(quoted(word, true)),
            None => subject.extend(word.as_bytes()),
        }
    }
    (String::from_utf8(subject).unwrap(), String::from_utf8(text).unwrap())
}

both_engines! {
    async fn every_event_reaches_the_webhook_signed_and_nameless(db: TestDb) {
        let receiver = Receiver::start().await;
        let url = receiver.url.clone();
        let app = TestApp::start_at(db, at(crate::kit::MONDAY), |config| config.webhooks = vec![hook(&url, &[])]).await;
        let case = app.verified().await;
        carry(&app).await;
        let got = receiver.got();
        let events = app.get("xlb1", &format!("/cases/{}/timeline", case.id)).await;
        assert_eq!(got.len(), events.as_array().unwrap().len());
        let mut ids = std::collections::BTreeSet::new();
        for message in &got {
            let header = |name: &str| message.headers[name].to_str().unwrap().to_owned();
            let signed = format!("{}.{}", header("jiban-timestamp"), message.body);
            assert_eq!(header("jiban-signature"), format!("sha256={}", hmac(SECRET.as_bytes(), signed.as_bytes())));
            assert_eq!(header("jiban-timestamp").parse::<i64>().unwrap(), app.now().as_second());
            ids.insert(header("jiban-id"));
            let body: Value = serde_json::from_str(&message.body).unwrap();
            assert_eq!((&body["case"], &body["number"]), (&json!(case.id), &json!(case.number)));
            nameless(&message.body);
        }
        assert_eq!(ids.len(), got.len(), "each message has an id of its own");
        assert_eq!(carry(&app).await, 0, "what was delivered is not sent again");
    }

    async fn a_receiver_that_fails_is_tried_again_after_growing_pauses(db: TestDb) {
        let receiver = Receiver::start().await;
        let url = receiver.url.clone();
        let app = TestApp::start_at(db, at(crate::kit::MONDAY), |config| config.webhooks = vec![hook(&url, &["registered"])]).await;
        receiver.answer(500);
        app.submit("路灯不亮").await;
        assert_eq!(carry(&app).await, 1);
        let ms = SignedDuration::from_millis(1);
        for pause in [5, 10, 20, 40] {
            app.clock.advance(SignedDuration::from_secs(pause) - ms);
            assert_eq!(carry(&app).await, 0, "not before {pause} s");
            app.clock.advance(ms);
            if pause == 40 {
                receiver.answer(204);
            }
            assert_eq!(carry(&app).await, 1, "after {pause} s");
        }
        app.clock.advance(SignedDuration::from_hours(100));
        assert_eq!(carry(&app).await, 0, "delivered once is enough");
        let got = receiver.got();
        assert_eq!(got.len(), 5);
        assert!(got.iter().all(|again| again.headers["jiban-id"] == got[0].headers["jiban-id"] && again.body == got[0].body),
            "the receiver can tell that it is the same message");
        let row = app.rows("outbox").await.remove(0);
        assert_eq!((&row["state"], &row["attempts"], &row["last_error"]), (&json!("sent"), &json!(5), &json!(null)));
    }

    async fn after_ten_attempts_a_message_is_given_up_and_the_doctor_says_so(db: TestDb) {
        let receiver = Receiver::start().await;
        let url = receiver.url.clone();
        let app = TestApp::start_at(db, at(crate::kit::MONDAY), |config| config.webhooks = vec![hook(&url, &["registered"])]).await;
        receiver.answer(503);
        app.submit("路灯不亮").await;
        let healthy = jiban(app.folder(), &["doctor", "--json"]).await.1;
        assert!(!healthy.contains("could not be delivered"), "{healthy}");
        assert!(healthy.contains("fonts of documents: "), "{healthy}");
        for _ in 0..10 {
            assert_eq!(carry(&app).await, 1);
            app.clock.advance(SignedDuration::from_hours(2));
        }
        receiver.answer(200);
        app.clock.advance(SignedDuration::from_hours(1_000));
        assert_eq!(carry(&app).await, 0);
        assert_eq!(receiver.got().len(), 10);
        let (well, said) = jiban(app.folder(), &["doctor", "--json"]).await;
        assert!(!well && said.contains("1 message(s) could not be delivered") && said.contains("503"), "{said}");
        assert!(!said.contains(&url) && !said.contains(SECRET), "{said}");
    }

    async fn mail_tells_whom_it_concerns_which_case_and_nobodys_name(db: TestDb) {
        let (url, got) = mailbox().await;
        let app = TestApp::start_at(db, at(crate::kit::MONDAY), |config| {
            config.mail = Some(Mail { url, from: "即办 <jiban@dongmen.example>".into() });
            config.server.public_url = "https://jiban.dongmen.example/".into();
        })
        .await;
        let case = app.dispatched("林小满:楼下很吵,请打13912345678", "fast", "noise.shop", "lh.dm.zfd").await;
        carry(&app).await;
        let mails = got.lock().unwrap().clone();
        let mut told: Vec<&str> = Vec::new();
        for (to, message) in &mails {
            let (subject, text) = opened(message);
            assert!(subject.starts_with(&format!("{} ", case.number)), "{subject}");
            assert!(text.contains(&format!("https://jiban.dongmen.example/console/cases/{}", case.number)), "{text}");
            assert!(message.contains(&format!("To: {to}")) && message.contains("jiban@dongmen.example"), "{message}");
            nameless(&format!("{subject}{text}{message}"));
            if subject.contains("分拨到本单位：") {
                assert!(text.contains("Dispatched to your unit: "), "{text}");
                told.push(to);
            }
        }
        assert!(told.contains(&"zfd1@dongmen.example"), "{told:?}");
        assert!(mails.iter().any(|(to, _)| to == "xlb1@dongmen.example"));
        assert!(!mails.iter().any(|(to, _)| to == "cgj1@dongmen.example" || to == "c02a@dongmen.example"));
        let queued = app.rows("outbox").await;
        assert!(queued.len() == mails.len() && queued.iter().all(|row| row["state"] == "sent"), "{queued:?}");
    }

    async fn sms_and_wecom_are_templates_that_no_text_can_break(db: TestDb) {
        let (sms, wecom) = (Receiver::start().await, Receiver::start().await);
        let (sms_url, wecom_url) = (sms.url.clone(), wecom.url.clone());
        let app = TestApp::start_at(db, at(crate::kit::MONDAY), |config| {
            let template = |url: String, body: &str| HttpTemplate {
                url,
                headers: [("authorization".to_owned(), "Bearer provider".to_owned())].into(),
                body: body.to_owned(),
            };
            config.sms = Some(template(sms_url, r#"{"phones":["{to}"],"args":{"text":"【即办】{text}","no":"{number}"},"retry":3}"#));
            config.wecom = Some(template(wecom_url, r#"{"touser":"{to}","msgtype":"text","text":{"content":"{number} {text}"}}"#));
        })
        .await;
        let case = app.submit(NASTY).await;
        let title = app.case(&case.id).await["title"].as_str().unwrap().to_owned();
        assert!(title.contains("路灯\"坏\\了\"") && title.contains("{number}"), "{title}");
        carry(&app).await;
        let text = format!("新诉求待分拨：{title}");
        let bodies = |receiver: &Receiver| {
            receiver.got().iter().map(|got| {
                assert_eq!(got.headers["authorization"], "Bearer provider");
                nameless(&got.body);
                serde_json::from_str::<Value>(&got.body).unwrap()
            }).collect::<Vec<_>>()
        };
        let expected = json!({ "phones": ["0755-2550-2001"], "args": { "text": format!("【即办】{text}"), "no": case.number }, "retry": 3 });
        let got = bodies(&sms);
        assert!(got.contains(&expected), "{expected} is not among {got:?}");
        let expected = json!({ "touser": "xlb1", "msgtype": "text", "text": { "content": format!("{} {text}", case.number) } });
        let got = bodies(&wecom);
        assert!(got.contains(&expected), "{expected} is not among {got:?}");
    }
}
