//! Live hints 实时推送 by server-sent events: which of the cases that the reader may see changed.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, http::auth::Staff, infra::hub::Changed};

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(live))
}

/// Watch changes of cases in the reader's reach.
#[utoipa::path(
    get, path = "/live", tag = "live",
    responses((status = 200, content_type = "text/event-stream", body = String, description = "`changed` {case, version, kind}, and `reload` after hints were lost")),
    security(("session" = []))
)]
async fn live(State(app): State<App>, staff: Staff) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let hints = stream::unfold((app.hub.watch(), app.stop.subscribe()), |(mut hub, mut stop)| async move {
        let next = tokio::select! {
            next = hub.recv() => next,
            _ = stop.wait_for(|stop| *stop) => return None,
        };
        match next {
            Ok(changed) => Some((Some(changed), (hub, stop))),
            Err(RecvError::Lagged(_)) => Some((None, (hub, stop))),
            Err(RecvError::Closed) => None,
        }
    });
    let mine = hints.filter_map(move |hint| std::future::ready(tell(&staff, hint).map(Ok)));
    Sse::new(mine).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

fn tell(staff: &Staff, hint: Option<Changed>) -> Option<Event> {
    let Some(changed) = hint else { return Some(Event::default().event("reload").data("{}")) };
    if !staff.reach.iter().any(|unit| changed.scope.contains(unit)) {
        return None;
    }
    let data = serde_json::json!({ "case": changed.case, "version": changed.version, "kind": changed.kind });
    Some(Event::default().event("changed").data(data.to_string()))
}
