//! Which encoding a text file has, and reading it as UTF-8: UTF-8 with or without a mark, UTF-16 by its mark, otherwise
//! GB 18030, which is what Chinese spreadsheet programs write.
//!
//! A whole file is looked at before one row is read, in constant memory; nothing is guessed from its first lines alone.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use encoding_rs::{Decoder, Encoding, GB18030, UTF_8};

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// The encoding of a file.
///
/// # Errors
/// When it cannot be read.
pub fn detect(path: &Path) -> io::Result<&'static Encoding> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0_u8; CHUNK];
    let (mut kept, mut first) = (0, true);
    loop {
        let read = file.read(&mut buffer[kept..])?;
        let filled = kept + read;
        if first && let Some((marked, _)) = Encoding::for_bom(&buffer[..filled]) {
            return Ok(marked);
        }
        first = false;
        kept = match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) => 0,
            // A character cut in two by the end of the chunk, unless it is the end of the file.
            Err(cut) if cut.error_len().is_none() && read > 0 => {
                buffer.copy_within(cut.valid_up_to()..filled, 0);
                filled - cut.valid_up_to()
            }
            Err(_) => return Ok(GB18030),
        };
        if read == 0 {
            return Ok(UTF_8);
        }
    }
}

/// Reads as UTF-8 what is in another encoding. What cannot be read becomes U+FFFD.
pub struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    text: String,
    given: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    /// A reader over bytes in this encoding; its mark is left out.
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { inner, decoder, text: String::new(), given: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0_u8; CHUNK];
        let read = self.inner.read(&mut chunk)?;
        self.ended = read == 0;
        (self.given, self.text) = (0, String::new());
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(CHUNK * 4);
        self.text.reserve(room);
        let (_, _, _) = self.decoder.decode_to_string(&chunk[..read], &mut self.text, self.ended);
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.fill()?;
        }
        let rest = &self.text.as_bytes()[self.given..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}
