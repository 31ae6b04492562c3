//! Photos of the demo: a few drawn street scenes, so that every attachment of the invented history can be looked at.

use std::io::Cursor;

use axum::body::Bytes;
use image::{ImageFormat, Rgb, RgbImage};
use jiban_domain::{
    case::{Attachment, AttachmentKind, Case},
    event::Actor,
};
use jiban_store::{StoreError, attachments, blobs::BlobName};
use sha2::{Digest, Sha256};

use crate::{app::App, commands::Failure};

const WIDTH: u32 = 480;
const HEIGHT: u32 = 360;
/// Different scenes.
const SCENES: u32 = 6;
/// Rows in one transaction.
const BATCH: usize = 200;

/// Keeps a file for each attachment of these cases.
///
/// # Errors
/// A [`Failure`] of the store or of the place of files.
pub(super) async fn keep(app: &App, cases: &[Case]) -> Result<(), Failure> {
    let signature = signed()?;
    let scenes = (0..SCENES).map(drawn).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<(&Case, &Attachment)> =
        cases.iter().flat_map(|case| case.attachments.iter().map(move |attachment| (case, attachment))).collect();
    for some in all.chunks(BATCH) {
        let mut rows = Vec::with_capacity(some.len());
        for (case, attachment) in some {
            let scene = match attachment.kind {
                AttachmentKind::Signature => &signature,
                _ => &scenes[usize::from(attachment.id.0.as_bytes()[15]) % scenes.len()],
            };
            let name = BlobName::attachment(app.store.tenant(), case.id.0, attachment.id.0, "original")?;
            app.blobs.put(&name, scene.clone()).await?;
            rows.push(row(case, attachment, scene));
        }
        let put_all = move |tx: &mut jiban_store::WriteTx<'_>| -> Result<(), StoreError> {
            rows.iter().try_for_each(|row| attachments::put(tx, row))
        };
        app.store.write(put_all).await?;
    }
    Ok(())
}

fn row(case: &Case, attachment: &Attachment, scene: &Bytes) -> attachments::AttachmentRow {
    attachments::AttachmentRow {
        id: attachment.id.0,
        case_id: case.id.0,
        name: attachment.name.clone(),
        media_type: "image/jpeg".to_owned(),
        bytes: i64::try_from(scene.len()).unwrap_or(i64::MAX),
        sha256: Sha256::digest(scene).into(),
        width: Some(i64::from(WIDTH)),
        height: Some(i64::from(HEIGHT)),
        kind: attachment.kind.as_str().to_owned(),
        by_actor: case.handler.clone().map_or(Actor::System, Actor::Person).to_string(),
        at: case.changed_at,
    }
}

/// A street under the sky as a JPEG: houses with windows, a pavement, no people.
///
/// # Errors
/// It cannot be encoded.
pub(super) fn drawn(scene: u32) -> Result<Bytes, Failure> {
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let house = x / 120;
        let top = 70 + (house * 53 + scene * 37) % 90;
        let (in_x, in_y) = (x % 120, y.saturating_sub(top));
        if y >= 280 {
            let line = (y - 280) % 40 == 0 || (x + y) % 80 == 0;
            return if line { Rgb([150, 150, 146]) } else { Rgb([172, 171, 166]) };
        }
        if y < top || in_x < 6 {
            let light = u8::try_from(y / 4).unwrap_or(u8::MAX);
            return Rgb([150 + light / 2, 180 + light / 3, 214]);
        }
        let window = (in_x % 36 > 12 && in_x % 36 < 30) && (in_y % 44 > 14 && in_y % 44 < 36);
        let tone = u8::try_from((house * 29 + scene * 17) % 60).unwrap_or(0);
        if window { Rgb([92, 112, 128]) } else { Rgb([196 - tone, 178 - tone / 2, 160 - tone / 3]) }
    });
    written(&picture)
}

/// A line of ink such as a hand draws, and nobody's name.
fn signed() -> Result<Bytes, Failure> {
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let along = f64::from(x) / 40.0;
        let line = 180.0 + 60.0 * (along * 1.7).sin() * (along * 0.5).cos();
        let is_ink = (60..WIDTH - 60).contains(&x) && (f64::from(y) - line).abs() < 5.0;
        if is_ink { Rgb([16, 20, 24]) } else { Rgb([255, 255, 255]) }
    });
    written(&picture)
}

fn written(picture: &RgbImage) -> Result<Bytes, Failure> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).map_err(|why| Failure(why.to_string()))?;
    Ok(bytes.into_inner().into())
}
