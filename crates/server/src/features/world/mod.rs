//! Policy, organisation and calendar over HTTP: read by whoever is signed in, changed by administrators.

mod calendar;
mod organisation;
mod policy;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(policy::routes()).merge(organisation::routes()).merge(calendar::routes())
}
