//! Papers of a case over HTTP 文书: which there are, each as a document for the page and as a file. Into the sheet
//! go its photos, and the campaigns that it belongs to, as far as the reader sees them.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use jiban_domain::{
    campaign::Plan,
    case::AttachmentKind,
    command::{Act, RevealIdentity},
    event::Recorded,
    ids::AttachmentId,
    permission,
    policy::Language,
};
use jiban_office::{Block, Document, PICTURES_MAX, Picture};
use jiban_store::{attachments, attachments::AttachmentRow, blobs::BlobName, events};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::campaigns,
    app::App,
    desk::{self, rows},
    http::{
        auth::Seen,
        body::{Query, path},
        problem::{Answer, Problem},
    },
    infra::press::How,
    papers::{Paper, Source},
};

/// Events read for one paper.
const EVENTS_MAX: i64 = 5_000;
/// Photos on one sheet.
const PHOTOS_MAX: usize = 24;
const _: () = assert!(PHOTOS_MAX <= PICTURES_MAX);

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one))
}

/// Which paper, from the path.
struct Which(Paper);

impl FromRequestParts<App> for Which {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let name: String = path(parts, app, "paper").await?;
        name.parse().map(Self).map_err(|()| Problem::not_found())
    }
}

/// A paper that a case has.
#[derive(Debug, Serialize, ToSchema)]
struct PaperName {
    /// Its name in addresses.
    id: String,
    /// Its title.
    title: String,
}

/// The papers that a case has by now.
#[utoipa::path(
    get, path = "/cases/{case}/papers", tag = "papers",
    params(("case" = String, Path, description = "Id or number of the case"), How),
    responses((status = 200, body = Vec<PaperName>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(seen: Seen, Query(how): Query<How>) -> Answer<Json<Vec<PaperName>>> {
    let papers = Paper::of(&seen.case).into_iter().filter_map(|paper| {
        let title = source(&seen, how.language.into()).document(paper, &[])?.title;
        Some(PaperName { id: paper.to_string(), title })
    });
    Ok(Json(papers.collect()))
}

fn source(seen: &Seen, language: Language) -> Source<'_> {
    let snapshot = &seen.staff.snapshot;
    Source {
        case: &seen.case,
        policy: snapshot.world_of(&seen.case.policy).policy,
        organisation: &snapshot.organisation,
        zone: snapshot.calendar.zone(),
        language,
    }
}

/// A paper of a case, as a document or as a file.
#[utoipa::path(
    get, path = "/cases/{case}/papers/{paper}", tag = "papers",
    params(
        ("case" = String, Path, description = "Id or number of the case"),
        ("paper" = String, Path, description = "`sheet`, or as the list of papers names it"),
        How
    ),
    responses(
        (status = 200, content(
            (Document = "application/json"),
            (Vec<u8> = "text/markdown; charset=utf-8"),
            (Vec<u8> = "text/html; charset=utf-8"),
            (Vec<u8> = "application/pdf"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        )),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn one(State(app): State<App>, seen: Seen, Which(paper): Which, Query(how): Query<How>) -> Answer<Response> {
    let id = seen.case.id;
    let rows = app.store.read(move |tx| events::events(tx, id.0, 0, EVENTS_MAX)).await?;
    let events = rows.iter().map(rows::recorded).collect::<Result<Vec<Recorded>, _>>()?;
    let source = source(&seen, how.language.into());
    let mut document = source.document(paper, &events).ok_or_else(Problem::not_found)?;
    if paper == Paper::Sheet {
        document.blocks.extend(campaigns(&app, &seen, how.language.into()).await?);
    }
    let pictures = match paper {
        Paper::Sheet => photos(&app, &seen, how.language.into()).await?,
        Paper::Form(place) if how.form.is_some() => signatures(&app, &seen, place).await?,
        _ => Vec::new(),
    };
    if !pictures.is_empty() {
        document.blocks.push(Block::Pictures { pictures });
    }
    match how.form {
        None => Ok(Json(document).into_response()),
        Some(form) => app.press.file(document, form, &format!("{}-{paper}", seen.case.number)).await,
    }
}

/// The campaigns of a case that the reader sees, as a section; nothing where there is none.
async fn campaigns(app: &App, seen: &Seen, language: Language) -> Answer<Vec<Block>> {
    let found = campaigns::of_case(app, &seen.staff, seen.case.id).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let told = found.into_iter().map(|campaign| {
        let Plan { title, first, last, .. } = campaign.plan;
        match language {
            Language::Zh => format!("{title}（{first} 至 {last}）"),
            Language::En => format!("{title} ({first} to {last})"),
        }
    });
    let heading = language.pick("所属专项", "Campaigns").to_owned();
    let items = told.collect();
    Ok(vec![Block::Heading { level: 2, text: heading }, Block::List { items, ordered: false }])
}

/// The signatures under the agreement that the form in this place became, for those who may know who the parties are: it
/// is recorded that they saw them, before they do. Nothing for anybody else.
async fn signatures(app: &App, seen: &Seen, place: usize) -> Answer<Vec<Picture>> {
    let (case, staff) = (&seen.case, &seen.staff);
    let Some(agreement) = case.agreements.iter().find(|agreement| agreement.form as usize == place) else {
        return Ok(Vec::new());
    };
    if permission::may(&staff.snapshot.organisation, &staff.actor, Act::RevealIdentity, case).is_err() {
        return Ok(Vec::new());
    }
    let reveal = RevealIdentity { reason: "打印带签名的协议书".to_owned() };
    desk::act(app, case.id, reveal.into(), staff.actor.clone(), None, None).await?;
    // Several may have signed one page.
    let mut pages: BTreeMap<AttachmentId, Vec<&str>> = BTreeMap::new();
    for signature in &agreement.signatures {
        pages.entry(signature.attachment).or_default().push(&signature.party);
    }
    let mut pictures = Vec::new();
    for (page, parties) in pages {
        if let Some(bytes) = picture(app, case.id.0, page.0).await? {
            pictures.push(Picture { bytes, href: None, caption: parties.join("、") });
        }
    }
    Ok(pictures)
}

/// A picture of a case; none where it is something else, or is gone.
async fn picture(app: &App, case: Uuid, id: Uuid) -> Answer<Option<Vec<u8>>> {
    let row = app.store.read(move |tx| attachments::get(tx, case, id)).await?;
    match row.filter(|row| row.media_type.starts_with("image/")) {
        Some(row) => file(app, &row).await,
        None => Ok(None),
    }
}

/// The bytes of an attachment; none where they are gone.
async fn file(app: &App, row: &AttachmentRow) -> Answer<Option<Vec<u8>>> {
    let name = BlobName::attachment(app.store.tenant(), row.case_id, row.id, "original")?;
    Ok(app.blobs.get(&name).await?.map(|bytes| bytes.to_vec()))
}

/// Photos of before and after, in the order in which they came.
async fn photos(app: &App, seen: &Seen, language: Language) -> Answer<Vec<Picture>> {
    let case = seen.case.id.0;
    let stored = app.store.read(move |tx| attachments::list(tx, case)).await?;
    let is_shown = |row: &AttachmentRow| row.media_type.starts_with("image/") && !row.is_signature();
    let shown = stored.into_iter().filter(is_shown).take(PHOTOS_MAX);
    let mut pictures = Vec::new();
    for row in shown {
        let Some(bytes) = file(app, &row).await? else { continue };
        let kinds = [AttachmentKind::Report, AttachmentKind::Before, AttachmentKind::After];
        let what = match kinds.into_iter().find(|kind| kind.as_str() == row.kind) {
            Some(AttachmentKind::Report) => language.pick("群众上传", "sent by the reporter"),
            Some(AttachmentKind::Before) => language.pick("处置前", "before"),
            Some(AttachmentKind::After) => language.pick("处置后", "after"),
            _ => language.pick("佐证", "evidence"),
        };
        pictures.push(Picture {
            bytes,
            href: Some(format!("/api/v1/cases/{}/attachments/{}", seen.case.id, row.id)),
            caption: what.to_owned(),
        });
    }
    Ok(pictures)
}
