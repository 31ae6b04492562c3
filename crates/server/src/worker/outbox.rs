//! The outbox 发件箱: carries queued messages out of the house by webhook, e-mail, SMS and WeCom.
//!
//! A message was queued in the transaction that caused it, so none is lost; it is claimed with a lease, so a node that
//! dies gives it back; it is retried with growing pauses and set aside as dead after some. A receiver may get a message
//! twice and can tell by its id. Nothing of a reporter is in one.

use std::time::Duration;

use futures_util::future;
use jiban_store::{StoreError, outbox};
use jiff::SignedDuration;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};

use crate::{
    app::App,
    desk::telling::Words,
    infra::{
        config::HttpTemplate,
        outward::{PATIENCE, client},
        signature,
    },
};

/// Messages carried at once.
const BATCH: i64 = 32;
/// How long a claimed message is this node's.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How failed messages are tried again.
const RETRY: outbox::RetryPlan = outbox::RetryPlan {
    attempts_max: 10,
    pause_first: SignedDuration::from_secs(5),
    pause_max: SignedDuration::from_hours(2),
};
/// Longest sleep between looks.
const SLEEP_MAX: Duration = Duration::from_secs(5);

/// Carries what is due now, one batch. Returns how many messages were tried.
///
/// # Errors
/// The store's; messages whose outcome could not be written are carried again after the lease.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let messages = app.store.write(|tx| outbox::claim(tx, BATCH, LEASE)).await?;
    let outcomes = future::join_all(messages.iter().map(|message| deliver(app, message))).await;
    let count = messages.len();
    let done: Vec<_> = messages.into_iter().zip(outcomes).collect();
    if !done.is_empty() {
        app.store
            .write(move |tx| {
                done.iter().try_for_each(|(message, outcome)| match outcome {
                    Ok(()) => outbox::sent(tx, message.id),
                    Err(why) => outbox::failed(tx, message, why, RETRY).map(|dead| told(message, why, dead)),
                })
            })
            .await?;
    }
    metrics::counter!("jiban_outbox_tried_total").increment(count as u64);
    Ok(count)
}

/// Says that a message was given up: which and why, never to whom or what.
fn told(message: &outbox::Message, why: &str, dead: bool) {
    if dead {
        metrics::counter!("jiban_outbox_dead_total", "channel" => message.channel.clone()).increment(1);
        tracing::warn!(id = %message.id, channel = %message.channel, why, "a message was given up; see 'jiban doctor'");
    }
}

/// Carries until the program stops.
pub async fn run(app: App) {
    let mut stop = app.stop.subscribe();
    loop {
        match step(&app).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(%error, "the outbox failed; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(SLEEP_MAX) => {}
            () = app.outbox_nudge.notified() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn deliver(app: &App, message: &outbox::Message) -> Result<(), String> {
    let delivery = async {
        match message.channel.as_str() {
            "webhook" => webhook(app, message).await,
            "email" => email(app, message).await,
            "sms" => by_template(app.config.sms.as_ref(), message).await,
            "wecom" => by_template(app.config.wecom.as_ref(), message).await,
            other => Err(format!("no way out is called '{other}'")),
        }
    };
    tokio::time::timeout(PATIENCE, delivery).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn webhook(app: &App, message: &outbox::Message) -> Result<(), String> {
    let hook = app.config.webhooks.iter().find(|hook| hook.name == message.recipient);
    let hook = hook.ok_or_else(|| "this webhook is no longer configured".to_owned())?;
    let timestamp = message.created_at.as_second();
    let request = client()?
        .post(&hook.url)
        .header("content-type", "application/json")
        .header("jiban-id", message.id.to_string())
        .header("jiban-timestamp", timestamp.to_string())
        .header(
            "jiban-signature",
            format!("sha256={}", signature::sign(&hook.secret, timestamp, message.body.as_bytes())),
        )
        .body(message.body.clone());
    answered(request).await
}

async fn answered(request: reqwest::RequestBuilder) -> Result<(), String> {
    // An address may hold a secret: it stays out of the error.
    let response = request.send().await.map_err(|why| why.without_url().to_string())?;
    if response.status().is_success() { Ok(()) } else { Err(format!("answered {}", response.status())) }
}

async fn email(app: &App, message: &outbox::Message) -> Result<(), String> {
    let settings = app.config.mail.as_ref().ok_or_else(|| "e-mail is no longer configured".to_owned())?;
    let words: Words = serde_json::from_str(&message.body).map_err(|why| why.to_string())?;
    let address = |text: &str| text.parse().map_err(|_| "an address is not one".to_owned());
    let link = format!("{}/console{}", app.config.server.public_url.trim_end_matches('/'), words.page());
    let mail = Mail::builder()
        .from(address(&settings.from)?)
        .to(address(&message.recipient)?)
        .message_id(Some(format!("<{}@jiban>", message.id)))
        .subject(format!("{} {}", words.number, words.zh))
        .body(format!("{}\n{}\n\n{link}\n", words.zh, words.en))
        .map_err(|why| why.to_string())?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url).map_err(|why| why.to_string())?;
    transport.timeout(Some(PATIENCE)).build().send(mail).await.map(|_| ()).map_err(|why| why.to_string())
}

async fn by_template(template: Option<&HttpTemplate>, message: &outbox::Message) -> Result<(), String> {
    let template = template.ok_or_else(|| "this way out is no longer configured".to_owned())?;
    let words: Words = serde_json::from_str(&message.body).map_err(|why| why.to_string())?;
    let mut body: serde_json::Value = serde_json::from_str(&template.body).map_err(|why| why.to_string())?;
    fill(&mut body, &[("{to}", &message.recipient), ("{text}", &words.zh), ("{number}", &words.number)]);
    let request = template.headers.iter().fold(client()?.post(&template.url), |r, (name, value)| r.header(name, value));
    answered(request.json(&body)).await
}

/// Puts values into the strings of a JSON body, where they cannot break its form.
fn fill(body: &mut serde_json::Value, values: &[(&str, &str)]) {
    match body {
        serde_json::Value::String(text) => *text = filled(text, values),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, values)),
        _ => {}
    }
}

/// A template's text with its placeholders filled, from left to right: what was put in is not looked at again, so that
/// a resident who writes `{to}` does not get somebody's number.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let (mut out, mut rest) = (String::with_capacity(template.len()), template);
    while let Some(start) = rest.find('{') {
        let (before, at) = rest.split_at(start);
        out.push_str(before);
        let known = values.iter().find_map(|(name, value)| at.strip_prefix(name).map(|after| (*value, after)));
        let (text, after) = known.unwrap_or_else(|| at.split_at(1));
        out.push_str(text);
        rest = after;
    }
    out.push_str(rest);
    out
}
