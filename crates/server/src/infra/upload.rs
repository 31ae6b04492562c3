//! What an upload really is, by its content: pictures are decoded within bounds and written anew, so that neither
//! metadata (place, camera, owner) nor anything hidden in the file survives; PDFs are taken by their signature.

use std::io::Cursor;

use axum::http::StatusCode;
use image::{ImageFormat, ImageReader, Limits};
use jiban_store::blobs::BlobName;

use crate::{
    app::App,
    http::{
        body::too_large,
        problem::{Answer, Problem},
    },
};

/// Largest upload where the settings say nothing, MiB.
pub const UPLOAD_MAX_MIB: u32 = 20;

/// Longest side of a picture that is decoded, pixels.
const SIDE_MAX: u32 = 12_000;
/// Most memory that decoding may take, bytes.
const MEMORY_MAX: u64 = 256 << 20;
/// Longest side of a picture as kept, pixels.
const SIDE_KEPT: u32 = 2_560;

/// A checked upload.
#[derive(Debug)]
pub struct Checked {
    /// What is kept.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub media_type: &'static str,
    /// Width and height of a picture, pixels.
    pub size: Option<(u32, u32)>,
}

/// Checks an upload and prepares it for keeping, off the threads that answer.
///
/// # Errors
/// Larger than the settings allow, or neither picture nor PDF.
pub async fn checked(app: &App, body: axum::body::Bytes) -> Answer<Checked> {
    if body.len() > app.config.files.max_mib.unwrap_or(UPLOAD_MAX_MIB).min(UPLOAD_MAX_MIB) as usize * (1 << 20) {
        return Err(too_large());
    }
    tokio::task::spawn_blocking(move || check(&body)).await.map_err(Problem::internal)?
}

/// Keeps the bytes of an upload, and then notes it where it belongs. What was not noted leaves nothing behind; where it may have
/// been, the file stays: one that nothing names is waste, one that is named and missing is a loss.
///
/// # Errors
/// The place of the files fails; what noting it says.
pub async fn keep<T>(app: &App, name: &BlobName, bytes: Vec<u8>, noted: impl Future<Output = Answer<T>>) -> Answer<T> {
    app.blobs.put(name, bytes.into()).await?;
    let noted = noted.await;
    if noted.as_ref().is_err_and(|problem| !problem.outcome_is_unknown())
        && let Err(error) = app.blobs.remove(name).await
    {
        tracing::warn!(%error, "a file that nothing names was left behind");
    }
    noted
}

fn check(bytes: &[u8]) -> Result<Checked, Problem> {
    if bytes.starts_with(b"%PDF-") {
        return Ok(Checked { bytes: bytes.to_vec(), media_type: "application/pdf", size: None });
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| unfit())?;
    let format = reader.format().filter(|format| known(*format)).ok_or_else(unfit)?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE_MAX), Some(SIDE_MAX));
    limits.max_alloc = Some(MEMORY_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| broken())?;
    let turned = image::ImageDecoder::orientation(&mut decoder).unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = image::DynamicImage::from_decoder(decoder).map_err(|_| broken())?;
    picture.apply_orientation(turned);
    if picture.width().max(picture.height()) > SIDE_KEPT {
        picture = picture.thumbnail(SIDE_KEPT, SIDE_KEPT);
    }
    let (kept, media_type) = match format {
        ImageFormat::Png => (ImageFormat::Png, "image/png"),
        _ => (ImageFormat::Jpeg, "image/jpeg"),
    };
    if kept == ImageFormat::Jpeg {
        picture = image::DynamicImage::ImageRgb8(picture.into_rgb8());
    }
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, kept).map_err(Problem::internal)?;
    Ok(Checked { bytes: out.into_inner(), media_type, size: Some((picture.width(), picture.height())) })
}

fn known(format: ImageFormat) -> bool {
    matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
}

fn unfit() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unfit_file",
        "send a JPEG, PNG or WebP picture, or a PDF",
        "请上传 JPEG、PNG、WebP 图片或 PDF",
    )
}

fn broken() -> Problem {
    Problem::field(
        "body",
        "the picture is broken or too large (at most 12,000 pixels a side)",
        "图片损坏或过大（每边最多 12000 像素）",
    )
}
