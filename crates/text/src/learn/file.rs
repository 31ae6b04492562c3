//! A model as bytes: a mark, a version, what it knows, and the SHA-256 of all before it.
//!
//! All numbers are little-endian. A file of another version, cut short or changed in one bit is refused whole.

use sha2::{Digest, Sha256};

use super::{
    Task,
    calibrate::Scale,
    model::{Model, Planes, known},
    weigh::Vocabulary,
};

const MARK: &[u8; 8] = b"JIBANMDL";
const VERSION: u32 = 1;
const SUM: usize = 32;

/// Why bytes are no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileError {
    /// They do not begin as a model does.
    NoModel,
    /// They are of another version of this program; the model has to be trained again.
    Version(u32),
    /// They are not what was written.
    Damaged,
}

impl std::error::Error for FileError {}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoModel => write!(f, "it is no model; make one with 'jiban triage train'"),
            Self::Version(version) => {
                write!(f, "it is a model of version {version}, this program reads {VERSION}; train it again")
            }
            Self::Damaged => write!(f, "it is damaged: its sum is not that of its contents; train it again"),
        }
    }
}

impl Model {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.planes.votes.len() * 3 + self.planes.starts.len() * 10);
        out.extend_from_slice(MARK);
        put(&mut out, VERSION);
        let planes = &self.planes;
        put(&mut out, u32::from(self.task == Task::Dispatch));
        [self.scale.values, self.scale.business, self.scale.usual]
            .into_iter()
            .for_each(|of| put(&mut out, of.to_bits()));
        put_texts(&mut out, &self.labels);
        for (count, (step, bias)) in self.counts.iter().zip(&planes.scales) {
            [*count, step.to_bits(), bias.to_bits()].into_iter().for_each(|word| put(&mut out, word));
        }
        let mut keys = vec![0; planes.vocabulary.worth.len()];
        planes.vocabulary.places.iter().for_each(|(key, place)| keys[*place as usize] = *key);
        put(&mut out, keys.len() as u32);
        for ((key, worth), bounds) in keys.iter().zip(&planes.vocabulary.worth).zip(planes.starts.windows(2)) {
            [*key, worth.to_bits(), bounds[1] - bounds[0]].into_iter().for_each(|word| put(&mut out, word));
            for (label, steps) in &planes.votes[bounds[0] as usize..bounds[1] as usize] {
                out.extend_from_slice(&label.to_le_bytes());
                out.extend_from_slice(&steps.to_le_bytes());
            }
        }
        let sum = Sha256::digest(&out);
        out.extend_from_slice(&sum);
        out
    }

    /// From bytes.
    ///
    /// # Errors
    /// When they are no model of this version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let body = bytes.strip_prefix(MARK).ok_or(FileError::NoModel)?;
        let mut from = Reader(body);
        let version = from.word()?;
        if version != VERSION {
            return Err(FileError::Version(version));
        }
        let (said, sum) = bytes.split_at_checked(bytes.len().saturating_sub(SUM)).ok_or(FileError::Damaged)?;
        if Sha256::digest(said).as_slice() != sum {
            return Err(FileError::Damaged);
        }
        let task = if from.word()? == 1 { Task::Dispatch } else { Task::Category };
        let scale = Scale { values: from.float()?, business: from.float()?, usual: from.float()? };
        let labels = from.texts()?;
        let (mut counts, mut scales) = (Vec::new(), Vec::new());
        for _ in &labels {
            counts.push(from.word()?);
            scales.push((from.float()?, from.float()?));
        }
        let mut planes = Planes { scales, ..Planes::default() };
        let Vocabulary { places, worth } = &mut planes.vocabulary;
        for place in 0..from.word()? {
            places.insert(from.word()?, place);
            worth.push(from.float()?);
            planes.starts.push(planes.votes.len() as u32);
            for _ in 0..from.word()? {
                let [low, high, steps] = from.array()?;
                planes.votes.push((u16::from_le_bytes([low, high]), i8::from_le_bytes([steps])));
            }
        }
        planes.starts.push(planes.votes.len() as u32);
        let (areas, offices) = known(task, &labels);
        Ok(Self { labels, counts, task, areas, offices, scale, planes })
    }

    /// What it is known by: the first twelve hexadecimal digits of the sum of its bytes.
    pub fn name(bytes: &[u8]) -> String {
        let sum = &bytes[bytes.len().saturating_sub(SUM)..];
        sum.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn put(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_le_bytes());
}

fn put_texts(out: &mut Vec<u8>, texts: &[String]) {
    put(out, texts.len() as u32);
    for text in texts {
        put(out, text.len() as u32);
        out.extend_from_slice(text.as_bytes());
    }
}

/// What is left to read.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        let (read, rest) = self.0.split_first_chunk().ok_or(FileError::Damaged)?;
        self.0 = rest;
        Ok(*read)
    }

    fn word(&mut self) -> Result<u32, FileError> {
        self.array().map(u32::from_le_bytes)
    }

    fn float(&mut self) -> Result<f32, FileError> {
        self.word().map(f32::from_bits)
    }

    fn texts(&mut self) -> Result<Vec<String>, FileError> {
        (0..self.word()?).map(|_| self.text()).collect()
    }

    fn text(&mut self) -> Result<String, FileError> {
        let length = self.word()? as usize;
        let (text, rest) = self.0.split_at_checked(length).ok_or(FileError::Damaged)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).map_err(|_| FileError::Damaged)
    }
}
