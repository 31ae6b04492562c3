//! Bodies and queries, parsed at the door: what does not fit is refused with the place and the reason.

use std::ops::RangeInclusive;

use axum::{
    Form as AxumForm, Json,
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Path as AxumPath, Query as AxumQuery, Request,
        rejection::{FormRejection, JsonRejection},
    },
    http::{StatusCode, request::Parts},
};
use jiban_domain::policy::Language;
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem::Problem;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Upload(bytes) = Upload::from_request(Request::from_parts(parts.clone(), body), state).await?;
        let says_nul = escapes_nul(&bytes);
        match Json::<T>::from_request(Request::from_parts(parts, bytes.into()), state).await {
            Ok(Json(_)) if says_nul => Err(nul()),
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
            Err(JsonRejection::MissingJsonContentType(_)) => Err(wrong_type("not_json", "application/json")),
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

/// A body as an HTML form sends it.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Upload(bytes) = Upload::from_request(Request::from_parts(parts.clone(), body), state).await?;
        let says_nul = bytes.contains(&0) || bytes.windows(3).any(|three| three == b"%00");
        match AxumForm::<T>::from_request(Request::from_parts(parts, bytes.into()), state).await {
            Ok(AxumForm(_)) if says_nul => Err(nul()),
            Ok(AxumForm(form)) => Ok(Self(form)),
            Err(FormRejection::InvalidFormContentType(_)) => {
                Err(wrong_type("not_a_form", "application/x-www-form-urlencoded"))
            }
            Err(why) => Err(Problem { status: why.status().as_u16(), ..Problem::body(quiet(&why.body_text())) }),
        }
    }
}

/// Whether a JSON text holds U+0000, which it can only do as an escape.
fn escapes_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if rest.starts_with(b"u0000") {
            return true;
        }
        // What is escaped may be a backslash, which then begins nothing.
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

/// No text of ours may hold U+0000: no database keeps it in a text.
fn nul() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid",
        "a text holds the character U+0000; leave it out",
        "文本含有空字符 U+0000，请删除",
    )
}

fn wrong_type(code: &str, takes: &str) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code,
        format!("send the body as {takes}"),
        format!("请求体须为 {takes}"),
    )
}

/// A number within its bounds; the usual one where none is given.
///
/// # Errors
/// Outside them.
pub fn within(field: &str, given: Option<u32>, usual: u32, bounds: RangeInclusive<u32>) -> Result<u32, Problem> {
    let number = given.unwrap_or(usual);
    if bounds.contains(&number) {
        return Ok(number);
    }
    let (least, most) = bounds.into_inner();
    Err(Problem::field(field, format!("{least} to {most}"), format!("应为 {least} 至 {most}")))
}

/// A language, as a request names it.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tongue {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl From<Tongue> for Language {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::Zh => Self::Zh,
            Tongue::En => Self::En,
        }
    }
}

/// Longest note of a decision, characters.
const DECIDING_NOTE_MAX: usize = 500;

/// What a person decides about a proposal of the program: to accept it, or to dismiss it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deciding {
    /// Why; needed to dismiss.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
}

impl Deciding {
    /// The note, within its bound.
    ///
    /// # Errors
    /// It is needed and not there, or too long.
    pub fn checked(self, needed: bool) -> Result<String, Problem> {
        let note = self.note.trim().to_owned();
        match note.chars().count() {
            0 if needed => Err(Problem::field("note", "why it is dismissed", "请填写不采纳的理由")),
            length if length > DECIDING_NOTE_MAX => Err(Problem::field(
                "note",
                format!("at most {DECIDING_NOTE_MAX} characters"),
                format!("最多 {DECIDING_NOTE_MAX} 个字符"),
            )),
            _ => Ok(note),
        }
    }
}

/// The only parameter of a path.
#[derive(Debug)]
pub struct Path(pub String);

impl Path {
    /// The id that it names.
    ///
    /// # Errors
    /// Not found, where it is none.
    pub fn id(self) -> Result<Uuid, Problem> {
        Uuid::parse_str(&self.0).map_err(|_| Problem::not_found())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = AxumPath::<String>::from_request_parts(parts, state).await;
        match path {
            Ok(AxumPath(text)) if !text.contains('\0') => Ok(Self(text)),
            _ => Err(Problem::not_found()),
        }
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
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(nul());
        }
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
    let params = params.map_err(|_| Problem::not_found())?;
    let found = params.iter().find(|(key, _)| *key == name).filter(|(_, value)| !value.contains('\0'));
    found.and_then(|(_, value)| value.parse().ok()).ok_or_else(Problem::not_found)
}
