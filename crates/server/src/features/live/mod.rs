//! Live hints 实时推送 by server-sent events: which of the cases that the reader may see changed.
//!
//! A stream ends with its session and must never tell of a case outside the reach that its reader has at that moment.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{auth::Staff, problem::Problem},
    infra::hub::Changed,
};

/// How often it is asked whether the session still holds while nothing is told.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(live))
}

/// Watch changes of cases in the reader's reach.
#[utoipa::path(
    get, path = "/live", tag = "live",
    responses((status = 200, content_type = "text/event-stream", body = String, description = "`changed` {case, version, kind}, and `reload` after hints were lost"), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn live(State(app): State<App>, staff: Staff) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let watch = Watch { hub: app.hub.watch(), stop: app.stop.subscribe(), staff, app };
    let events = stream::unfold(watch, |mut watch| async move { watch.next().await.map(|event| (Ok(event), watch)) });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

/// One who watches.
struct Watch {
    app: App,
    staff: Staff,
    hub: Receiver<Changed>,
    stop: tokio::sync::watch::Receiver<bool>,
}

impl Watch {
    /// The next thing to tell; none when the session or the program has ended. What a reader may see is judged anew
    /// each time: a session may be over, and an organisation changed, while somebody watches.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let hint = tokio::select! {
                hint = self.hub.recv() => Some(hint),
                () = tokio::time::sleep(LOOK_AGAIN) => None,
                _ = self.stop.wait_for(|stop| *stop) => return None,
            };
            match hint {
                Some(Ok(changed)) => {
                    if !Arc::ptr_eq(&self.app.snapshot(), &self.staff.snapshot) {
                        self.look_again().await?;
                    }
                    if self.reaches(&changed) {
                        self.look_again().await?;
                        return Some(told(&changed));
                    }
                }
                Some(Err(RecvError::Lagged(_))) => {
                    self.look_again().await?;
                    return Some(Event::default().event("reload").data("{}"));
                }
                Some(Err(RecvError::Closed)) => return None,
                None => self.look_again().await?,
            }
        }
    }

    fn reaches(&self, changed: &Changed) -> bool {
        self.staff.reach.iter().any(|unit| changed.scope.contains(unit))
    }

    /// Takes session and reach as they are now; none when the session is over. A database that is away ends the stream too: the reader comes again.
    async fn look_again(&mut self) -> Option<()> {
        self.staff = Staff::by_token(&self.app, self.staff.token).await.ok()?;
        Some(())
    }
}

fn told(changed: &Changed) -> Event {
    let data = serde_json::json!({ "case": changed.case, "version": changed.version, "kind": changed.kind });
    Event::default().event("changed").data(data.to_string())
}
