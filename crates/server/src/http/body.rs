//! Bodies and queries, parsed at the door: what does not fit is refused with the place and the reason.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path as AxumPath, Query as AxumQuery, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::JsonDataError(why)) => {
                let why = why.body_text();
                let why =
                    why.strip_prefix("Failed to deserialize the JSON body into the target type: ").unwrap_or(&why);
                let why = &quiet(why);
                let mut problem = Problem::body(why);
                problem.status = StatusCode::UNPROCESSABLE_ENTITY.as_u16();
                "invalid".clone_into(&mut problem.code);
                problem.field = why.split_once(": ").map(|(path, _)| path.to_owned()).filter(|p| !p.contains(' '));
                Err(problem)
            }
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "send the body as application/json",
                "请求体须为 application/json",
            )),
            Err(why) if why.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
            Err(why) => Err(Problem::body(quiet(&why.body_text()))),
        }
    }
}

/// Why something cannot be read, without repeating what was sent: that may tell who somebody is.
pub fn quiet(why: &str) -> String {
    let told = ["invalid type: ", "invalid value: ", "unknown field ", "unknown variant "].iter().find_map(|kind| {
        let (before, rest) = why.split_once(kind)?;
        let (sent, expected) = rest.rsplit_once(", expected ").or_else(|| rest.rsplit_once(", there are "))?;
        // Of a value its type is told, of a name nothing.
        let sent = if kind.starts_with("unknown") { "" } else { sent.split(' ').next().unwrap_or_default() };
        Some(format!("{before}{kind}{sent}, expected {expected}"))
    });
    let code = || {
        let (before, (_, needs)) = (why.split_once('\'')?.0, why.rsplit_once("' is not a code")?);
        Some(format!("{before}not a code{needs}"))
    };
    jiban_text::mask_personal(told.or_else(code).as_deref().unwrap_or(why)).0
}

/// The only parameter of a path.
#[derive(Debug)]
pub struct Path(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = AxumPath::<String>::from_request_parts(parts, state).await;
        path.map(|AxumPath(text)| Self(text)).map_err(|_| Problem::not_found())
    }
}

/// An uploaded file.
#[derive(Debug)]
pub struct Upload(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(why) if why.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
            Err(why) => Err(Problem::body(why.body_text())),
        }
    }
}

/// The body is larger than what is taken.
pub fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the request is too large", "请求过大")
}

/// A query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = AxumQuery::<T>::from_request_parts(parts, state).await;
        query.map(|AxumQuery(query)| Self(query)).map_err(|why| Problem::body(quiet(&why.body_text())))
    }
}

/// One path parameter, by its place.
///
/// # Errors
/// Not found, when it is not of its form: such a thing does not exist.
pub async fn path<T: std::str::FromStr, S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &str,
) -> Result<T, Problem> {
    let params = axum::extract::RawPathParams::from_request_parts(parts, state).await;
    let params = params.map_err(|why| Problem::body(why.body_text()))?;
    let found = params.iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok());
    found.ok_or_else(Problem::not_found)
}
