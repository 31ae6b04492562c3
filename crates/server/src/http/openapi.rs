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
    ),
    // What comes in a line of a long answer is named by no operation.
    components(schemas(crate::desk::what_if::Comparison))
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

/// Gives every operation a name of its own, `tag_function`: two slices may both have a `read`.
pub fn name_operations(api: &mut utoipa::openapi::OpenApi) {
    for item in api.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            let tag = operation.tags.as_ref().and_then(|tags| tags.first());
            if let (Some(tag), Some(id)) = (tag, &operation.operation_id) {
                operation.operation_id = Some(format!("{tag}_{id}"));
            }
        }
    }
}
