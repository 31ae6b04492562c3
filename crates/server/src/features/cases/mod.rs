//! Cases for staff: register, list, read, timeline, one endpoint a command, follow-ups to make, tables in and out,
//! drafts.

mod commands;
mod draft;
mod earlier;
mod exchange;
mod follow_ups;
mod list;
mod presence;
mod read;
mod register;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(register::routes())
        .merge(list::routes())
        .merge(follow_ups::routes())
        .merge(read::routes())
        .merge(commands::routes())
        .merge(earlier::routes())
        .merge(presence::routes())
        .merge(draft::routes())
        .merge(exchange::routes())
}
