//! What a picture is, told from its bytes: kind and size. It must never trust a name or a media type.

use image::{ImageFormat, ImageReader};

use crate::{OfficeError, document::Picture};

/// Largest size of a picture on paper, mm: two stand beside each other.
const PAPER: (f64, f64) = (74.0, 56.0);

/// A picture that can be placed.
pub(crate) struct Seen {
    pub(crate) format: ImageFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Seen {
    /// Its width and height on paper, mm.
    pub(crate) fn on_paper(&self) -> (f64, f64) {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let scale = (PAPER.0 / width).min(PAPER.1 / height);
        (width * scale, height * scale)
    }
}

/// Reads the head of a picture; `number` counts from 1 in the document.
pub(crate) fn see(picture: &Picture, number: usize) -> Result<Seen, OfficeError> {
    let fault = |why: String| OfficeError::Picture { number, why };
    let reader = ImageReader::new(std::io::Cursor::new(&picture.bytes));
    let reader = reader.with_guessed_format().map_err(|why| fault(why.to_string()))?;
    let ours = |format: &ImageFormat| matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP);
    let format = reader.format().filter(ours).ok_or_else(|| fault("neither JPEG, PNG nor WebP".to_owned()))?;
    let (width, height) = reader.into_dimensions().map_err(|why| fault(why.to_string()))?;
    if width == 0 || height == 0 {
        return Err(fault("no pixels".to_owned()));
    }
    Ok(Seen { format, width, height })
}

/// The picture as PNG.
pub(crate) fn png(picture: &Picture, number: usize) -> Result<Vec<u8>, OfficeError> {
    let fault = |why: image::ImageError| OfficeError::Picture { number, why: why.to_string() };
    let pixels = image::load_from_memory(&picture.bytes).map_err(fault)?;
    let mut out = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut out, ImageFormat::Png).map_err(fault)?;
    Ok(out.into_inner())
}
