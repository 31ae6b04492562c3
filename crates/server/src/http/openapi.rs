//! The interface's description: OpenAPI 3.1, made from the handlers themselves.

use utoipa::{
    OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Jiban 即办", description = "Citizen requests, handled on time: 接诉即办 · 未诉先办."),
    tags(
        (name = "public", description = "For residents and merchants, without an account"),
        (name = "cases", description = "Cases: register, list, read"),
        (name = "commands", description = "What may be done to a case"),
        (name = "sessions", description = "Signing in and out"),
    )
)]
struct Base;

/// The description's frame; the routes fill it.
pub fn base() -> utoipa::openapi::OpenApi {
    let mut api = Base::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut api.info.version);
    let components = api.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The token of POST /sessions"));
    components.add_security_scheme("session", SecurityScheme::Http(bearer.build()));
    let cookie = ApiKeyValue::new(super::auth::COOKIE);
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    api
}
