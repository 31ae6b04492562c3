//! Material of campaigns 材料: photos and papers, checked like those of a case, for whoever may see the campaign.

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
};
use jiban_domain::{
    campaign::{Campaign, Material},
    ids::AttachmentId,
};
use jiban_store::blobs::BlobName;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::campaigns,
    app::App,
    http::{
        auth::Staff,
        body::{Path, Query, Upload, path},
        file::file,
        problem::{Answer, Problem},
    },
    infra::upload::{self, UPLOAD_MAX_MIB},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(add))
        .layer(DefaultBodyLimit::max(UPLOAD_MAX_MIB as usize * (1 << 20)))
        .routes(routes!(download))
}

/// What is added.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Named {
    /// Name of the file.
    #[param(min_length = 1, max_length = 120)]
    name: String,
}

/// Add a photo (JPEG, PNG, WebP) or a PDF to a campaign; the body is the file. The same file again is there already.
#[utoipa::path(
    post, path = "/campaigns/{campaign}/materials", tag = "campaigns",
    params(("campaign" = String, Path, description = "Id of the campaign"), Named),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Campaign), (status = 200, description = "It was there already", body = Campaign), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn add(
    State(app): State<App>,
    staff: Staff,
    path: Path,
    Query(named): Query<Named>,
    Upload(body): Upload,
) -> Answer<(StatusCode, Json<Campaign>)> {
    let id = path.id()?;
    let campaign = campaigns::find(&app, &staff, id).await?;
    if !campaigns::contributes(&staff, &campaign) {
        return Err(Problem::forbidden());
    }
    let name = named.name.trim();
    if name.is_empty() || name.chars().count() > 120 {
        return Err(Problem::field("name", "1 to 120 characters", "应为 1 至 120 个字符"));
    }
    let checked = upload::checked(&app, body).await?;
    let sha256 = hex::encode(Sha256::digest(&checked.bytes));
    // A browser that lost its answer on the way sends the same file again.
    if campaign.materials.iter().any(|known| known.sha256 == sha256) {
        return Ok((StatusCode::OK, Json(campaign)));
    }
    let material = Material {
        id: AttachmentId(Uuid::now_v7()),
        name: jiban_text::mask_personal(name).0,
        media_type: checked.media_type.to_owned(),
        bytes: checked.bytes.len() as u64,
        sha256,
        by: staff.actor.to_string(),
        at: app.now().await?,
    };
    let blob = BlobName::of_work(app.store.tenant(), id, material.id.0);
    let noted = campaigns::add_material(&app, &staff, id, material);
    let campaign = upload::keep(&app, &blob, checked.bytes, noted).await?;
    Ok((StatusCode::CREATED, Json(campaign)))
}

/// Which material, from the path.
struct Which {
    campaign: Uuid,
    material: Uuid,
}

impl axum::extract::FromRequestParts<App> for Which {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut axum::http::request::Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self { campaign: path(parts, app, "campaign").await?, material: path(parts, app, "material").await? })
    }
}

/// Download material of a campaign.
#[utoipa::path(
    get, path = "/campaigns/{campaign}/materials/{material}", tag = "campaigns",
    params(
        ("campaign" = String, Path, description = "Id of the campaign"),
        ("material" = Uuid, Path, description = "Id of the material"),
    ),
    responses((status = 200, content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "application/pdf"))), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn download(State(app): State<App>, staff: Staff, which: Which) -> Answer<(HeaderMap, Bytes)> {
    let campaign = campaigns::find(&app, &staff, which.campaign).await?;
    let material = campaign.materials.iter().find(|one| one.id.0 == which.material).ok_or_else(Problem::not_found)?;
    let bytes = app.blobs.get(&BlobName::of_work(app.store.tenant(), which.campaign, which.material)).await?;
    let bytes = bytes.ok_or_else(|| Problem::internal("material without its file"))?;
    file(&material.name, &material.media_type, bytes)
}
