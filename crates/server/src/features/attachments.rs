//! Photos and files on a case: checked by content, size and pixels, re-encoded without metadata, kept apart from the
//! database, shown to whoever may see the case.

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
};
use jiban_domain::{
    case::{AttachmentKind, Case},
    command::{Act, Attach, Command},
    event::Actor,
    ids::AttachmentId,
    permission,
};
use jiban_store::{attachments, blobs::BlobName};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    desk::{self, ticket::Ticket},
    http::{
        auth::Seen,
        body::{Path, Query, Upload, path},
        file::file,
        limits::Public,
        problem::{Answer, Problem},
    },
    infra::upload::{self, UPLOAD_MAX_MIB},
};

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload))
        .routes(routes!(upload_as_reporter))
        .layer(DefaultBodyLimit::max(UPLOAD_MAX_MIB as usize * (1 << 20)))
        .routes(routes!(list))
        .routes(routes!(download))
}

/// What an upload is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct UploadQuery {
    /// What it shows.
    #[param(inline)]
    kind: AttachmentKind,
    /// Name of the file.
    #[param(min_length = 1, max_length = 120)]
    name: String,
}

/// An attachment as stored.
#[derive(Debug, Serialize, ToSchema)]
struct Stored {
    id: Uuid,
    name: String,
    kind: String,
    media_type: String,
    bytes: i64,
    width: Option<i64>,
    height: Option<i64>,
}

impl From<attachments::AttachmentRow> for Stored {
    fn from(row: attachments::AttachmentRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            kind: row.kind,
            media_type: row.media_type,
            bytes: row.bytes,
            width: row.width,
            height: row.height,
        }
    }
}

/// Upload a photo (JPEG, PNG, WebP) or a PDF to a case; the body is the file. The same file again is the same attachment.
#[utoipa::path(
    post, path = "/cases/{case}/attachments", tag = "attachments",
    params(("case" = String, Path, description = "Id or number of the case"), UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Stored), (status = 200, description = "It was there already", body = Stored), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn upload(
    State(app): State<App>,
    seen: Seen,
    Query(query): Query<UploadQuery>,
    Upload(body): Upload,
) -> Answer<(StatusCode, Json<Stored>)> {
    let Seen { staff, case } = seen;
    take(&app, &case, staff.actor, query, body).await
}

/// Upload a photo as the reporter, by number (in the path) and tracking code (in a header); the body is the file. The same
/// file again is the same attachment.
#[utoipa::path(
    post, path = "/public/cases/{number}/attachments", tag = "public",
    params(
        ("number" = String, Path, description = "Number of the case"),
        ("X-Tracking-Code" = String, Header, description = "Tracking code of the case"),
        UploadQuery,
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Stored), (status = 200, description = "It was there already", body = Stored), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn upload_as_reporter(
    State(app): State<App>,
    _: Public,
    Path(number): Path,
    headers: HeaderMap,
    Query(query): Query<UploadQuery>,
    Upload(body): Upload,
) -> Answer<(StatusCode, Json<Stored>)> {
    let code = headers.get("x-tracking-code").and_then(|value| value.to_str().ok());
    let code = code.ok_or_else(|| Problem::body("X-Tracking-Code: the code told at registration"))?.to_owned();
    let case = Ticket { number, code }.open(&app).await?;
    take(&app, &case, Actor::Reporter, query, body).await
}

/// Checks, keeps and attaches an upload.
async fn take(
    app: &App,
    case: &Case,
    by: Actor,
    mut query: UploadQuery,
    body: Bytes,
) -> Answer<(StatusCode, Json<Stored>)> {
    if by == Actor::Reporter {
        query.kind = AttachmentKind::Report;
    }
    // Asked before the work and the storage, and again when the case is changed.
    permission::may(&app.snapshot().organisation, &by, Act::Attach, case)?;
    let checked = upload::checked(app, body).await?;
    if query.kind == AttachmentKind::Signature && checked.size.is_none() {
        return Err(Problem::field("kind", "a picture of a signature", "签名应为图片"));
    }
    let (case, id) = (case.id, Uuid::now_v7());
    let (sha256, of, sender): ([u8; 32], _, _) =
        (Sha256::digest(&checked.bytes).into(), query.kind.as_str(), by.to_string());
    // A phone that lost its answer on the way sends the same photo again.
    let there = app.store.read(move |tx| attachments::list(tx, case.0)).await?;
    let same = |row: &attachments::AttachmentRow| row.sha256 == sha256 && row.kind == of && row.by_actor == sender;
    if let Some(row) = there.into_iter().find(same) {
        return Ok((StatusCode::OK, Json(row.into())));
    }
    let name = BlobName::attachment(app.store.tenant(), case.0, id, "original")?;
    let mut row = attachments::AttachmentRow {
        id,
        case_id: case.0,
        name: desk::identity_of(app, case).await?.hide(query.name.trim()).0,
        media_type: checked.media_type.to_owned(),
        bytes: i64::try_from(checked.bytes.len()).unwrap_or(i64::MAX),
        sha256,
        width: checked.size.map(|(width, _)| i64::from(width)),
        height: checked.size.map(|(_, height)| i64::from(height)),
        kind: query.kind.as_str().to_owned(),
        by_actor: by.to_string(),
        at: jiff::Timestamp::now(),
    };
    let command = Command::Attach(Attach { id: AttachmentId(id), kind: query.kind, name: row.name.clone() });
    let noted = desk::attach(app, case, command, by, row.clone());
    row.at = upload::keep(app, &name, checked.bytes, noted).await?.changed_at;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// The attachments of a case. Signatures are not among them: they are printed on the agreement.
#[utoipa::path(
    get, path = "/cases/{case}/attachments", tag = "attachments",
    params(("case" = String, Path, description = "Id or number of the case")),
    responses((status = 200, body = Vec<Stored>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, seen: Seen) -> Answer<Json<Vec<Stored>>> {
    let id = seen.case.id;
    let rows = app.store.read(move |tx| attachments::list(tx, id.0)).await?;
    Ok(Json(rows.into_iter().filter(|row| !row.is_signature()).map(Stored::from).collect()))
}

/// Which attachment, from the path.
struct Which(Uuid);

impl axum::extract::FromRequestParts<App> for Which {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut axum::http::request::Parts, app: &App) -> Result<Self, Problem> {
        path(parts, app, "attachment").await.map(Self)
    }
}

/// Download an attachment that is no signature.
#[utoipa::path(
    get, path = "/cases/{case}/attachments/{attachment}", tag = "attachments",
    params(
        ("case" = String, Path, description = "Id or number of the case"),
        ("attachment" = Uuid, Path, description = "Id of the attachment"),
    ),
    responses((status = 200, content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "application/pdf"))), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn download(State(app): State<App>, seen: Seen, Which(which): Which) -> Answer<(HeaderMap, Bytes)> {
    let case = seen.case.id;
    let row = app.store.read(move |tx| attachments::get(tx, case.0, which)).await?;
    let row = row.filter(|row| !row.is_signature()).ok_or_else(Problem::not_found)?;
    let name = BlobName::attachment(app.store.tenant(), case.0, row.id, "original")?;
    let bytes = app.blobs.get(&name).await?.ok_or_else(|| Problem::internal("an attachment without its file"))?;
    file(&row.name, &row.media_type, bytes)
}
