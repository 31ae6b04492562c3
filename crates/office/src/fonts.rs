//! Type faces 字体: which are there, and which plays which part in an official document.
//!
//! Names and covered characters of each face are read once, one file after another; a file's glyphs are read when a
//! document first needs them. Nothing is ever loaded from elsewhere, and a face that is missing is never replaced by
//! boxes: without a face that has Chinese there are no [`Fonts`].

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use thiserror::Error;
use typst::{
    Library, LibraryExt as _,
    foundations::Bytes,
    syntax::Source,
    text::{Font, FontBook, FontInfo},
    utils::LazyHash,
};

use crate::{Language, press};

/// A part that a face plays 公文用字.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// 宋体: page numbers, tables.
    Song,
    /// 小标宋: title and masthead.
    Title,
    /// 黑体: headings of the first level, labels, charts.
    Hei,
    /// 楷体: headings of the second level.
    Kai,
    /// 仿宋: the body.
    FangSong,
}

impl Role {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Song, Self::Title, Self::Hei, Self::Kai, Self::FangSong];

    /// Families that play the part, the best first; each list ends with faces that nearly every system can install.
    const fn families(self) -> &'static [&'static str] {
        match self {
            Self::Song => &[
                "FandolSong",
                "方正书宋_GBK",
                "FZShuSong-Z01",
                "方正书宋简体",
                "FZShuSong-Z01S",
                "SimSun",
                "宋体",
                "NSimSun",
                "STSong",
                "华文宋体",
                "Songti SC",
                "AR PL UMing CN",
                "Noto Serif CJK SC",
                "Noto Serif SC",
                "Source Han Serif SC",
                "Source Han Serif CN",
                "思源宋体",
                "Noto Sans CJK SC",
            ],
            Self::Title => &[
                "FZXiaoBiaoSong-B05S",
                "方正小标宋简体",
                "FZXiaoBiaoSong-B05",
                "方正小标宋_GBK",
                "STZhongsong",
                "华文中宋",
                "FandolSong",
                "Noto Serif CJK SC",
                "Noto Serif SC",
                "Source Han Serif SC",
                "Source Han Serif CN",
                "思源宋体",
                "SimSun",
                "宋体",
                "Songti SC",
                "Noto Sans CJK SC",
            ],
            Self::Hei => &[
                "FandolHei",
                "方正黑体_GBK",
                "FZHei-B01",
                "方正黑体简体",
                "FZHei-B01S",
                "SimHei",
                "黑体",
                "STHeiti",
                "华文黑体",
                "Heiti SC",
                "Noto Sans CJK SC",
                "Noto Sans SC",
                "Source Han Sans SC",
                "Source Han Sans CN",
                "思源黑体",
                "WenQuanYi Zen Hei",
                "WenQuanYi Micro Hei",
                "Microsoft YaHei",
                "Noto Serif CJK SC",
            ],
            Self::Kai => &[
                "FandolKai",
                "方正楷体_GBK",
                "FZKai-Z03",
                "方正楷体简体",
                "FZKai-Z03S",
                "KaiTi_GB2312",
                "楷体_GB2312",
                "KaiTi",
                "楷体",
                "STKaiti",
                "华文楷体",
                "Kaiti SC",
                "LXGW WenKai GB",
                "AR PL KaitiM GB",
                "AR PL UKai CN",
                "Noto Serif CJK SC",
                "Noto Serif SC",
                "Source Han Serif SC",
                "Source Han Serif CN",
                "思源宋体",
                "Noto Sans CJK SC",
            ],
            Self::FangSong => &[
                "FandolFang",
                "FandolFang R",
                "方正仿宋_GBK",
                "FZFangSong-Z02",
                "方正仿宋简体",
                "FZFangSong-Z02S",
                "FangSong_GB2312",
                "仿宋_GB2312",
                "FangSong",
                "仿宋",
                "STFangsong",
                "华文仿宋",
                "Noto Serif CJK SC",
                "Noto Serif SC",
                "Source Han Serif SC",
                "Source Han Serif CN",
                "思源宋体",
                "Noto Sans CJK SC",
            ],
        }
    }

    /// Families for the letters of English documents, before the others.
    const fn latin(self) -> &'static [&'static str] {
        match self {
            Self::Hei => &["Arial", "Liberation Sans", "Noto Sans", "DejaVu Sans"],
            _ => &["Times New Roman", "Liberation Serif", "Noto Serif", "Libertinus Serif", "DejaVu Serif"],
        }
    }
}

/// A face that plays a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// The part.
    pub role: Role,
    /// Its family, as it calls itself.
    pub family: String,
    /// The file.
    pub path: PathBuf,
    /// Whether it is a face of that kind, or stands in for one that is not installed.
    pub is_own: bool,
}

/// Why there are no fonts to print with.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FontError {
    /// The folder that was named cannot be read.
    #[error("the folder of fonts {path} cannot be read: {why}; name another in the settings, or none")]
    Folder {
        /// The folder.
        path: String,
        /// What the system says.
        why: String,
    },
    /// No face has Chinese.
    #[error(
        "no font with Chinese characters in {places}; install the Debian package fonts-noto-cjk, or name a folder of \
         fonts in the settings 未找到中文字体：请安装 Debian 软件包 fonts-noto-cjk，或在设置中指定字体文件夹"
    )]
    NoChinese {
        /// Where was looked.
        places: String,
    },
}

/// Most font files looked at, and the largest in bytes: beyond that a folder is not a folder of fonts.
const FILES_MAX: usize = 10_000;
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Characters that a face for Chinese has, the name of this program and rarer ones among them.
const CHINESE: &str = "即办诉街道回访，";
/// Weight of a face from which on it is bold.
const BOLD: u16 = 600;

/// The faces of this machine, and what is kept between documents: read once, then shared by all.
pub struct Fonts {
    book: LazyHash<FontBook>,
    faces: Vec<Slot>,
    files: Vec<File>,
    /// Families of each role, as typst looks them up, the best first.
    roles: [Vec<String>; Role::ALL.len()],
    latin: [Vec<String>; Role::ALL.len()],
    pub(crate) library: LazyHash<Library>,
    pub(crate) template: Source,
}

/// A face, its file and its number in that file.
struct Slot {
    file: usize,
    index: u32,
    font: OnceLock<Option<Font>>,
}

/// A file, read when one of its faces is first needed.
struct File {
    path: PathBuf,
    bytes: OnceLock<Option<Bytes>>,
}

impl Fonts {
    /// Looks in a folder, then in those of the system.
    ///
    /// # Errors
    /// [`FontError`] when the folder cannot be read or no face has Chinese.
    pub fn find(folder: Option<&Path>) -> Result<Self, FontError> {
        let mut places = Vec::new();
        if let Some(folder) = folder {
            let fault =
                |why: std::io::Error| FontError::Folder { path: folder.display().to_string(), why: why.to_string() };
            fs::read_dir(folder).map_err(fault)?;
            places.push(folder.to_owned());
        }
        places.extend(system_folders());
        Self::within(&places)
    }

    /// Looks in these folders only, in their order.
    fn within(places: &[PathBuf]) -> Result<Self, FontError> {
        let mut paths = Vec::new();
        for place in places {
            font_files(place, &mut paths, 0);
        }
        let (mut book, mut faces, mut files) = (FontBook::new(), Vec::new(), Vec::new());
        for path in paths {
            // What cannot be read now is as good as not there.
            let Ok(data) = fs::read(&path) else { continue };
            for index in 0..faces_in(&data) {
                if let Some(info) = FontInfo::new(&data, index) {
                    book.push(info);
                    faces.push(Slot { file: files.len(), index, font: OnceLock::new() });
                }
            }
            files.push(File { path, bytes: OnceLock::new() });
        }
        let families = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| name.to_lowercase()).filter(|name| book.contains_family(name)).collect()
        };
        let mut roles = Role::ALL.map(|role| families(role.families()));
        let any = (0..faces.len()).find(|index| has_chinese(&book, *index)).and_then(|index| book.info(index));
        let Some(any) = any.map(|info| info.family.to_lowercase()) else {
            let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            return Err(FontError::NoChinese { places: places.join(", ") });
        };
        for families in &mut roles {
            if families.is_empty() {
                families.push(any.clone());
            }
        }
        let latin = Role::ALL.map(|role| families(role.latin()));
        Ok(Self {
            book: LazyHash::new(book),
            faces,
            files,
            roles,
            latin,
            library: LazyHash::new(Library::builder().build()),
            template: press::template(),
        })
    }

    /// Which face plays which part, for those who look after the machine.
    pub fn faces(&self) -> Vec<Face> {
        let face = |role: Role| {
            let family = self.families(role, Language::Zh).into_iter().next()?;
            let index = self.book.select_family(&family).next()?;
            let stand_in =
                family.starts_with("noto s") || family.starts_with("source han") || family.starts_with("思源");
            Some(Face {
                role,
                family: self.book.info(index)?.family.clone(),
                path: self.files.get(self.faces.get(index)?.file)?.path.clone(),
                is_own: role == Role::Hei || role == Role::Song || !stand_in,
            })
        };
        Role::ALL.into_iter().filter_map(face).collect()
    }

    /// Whether any face has a character.
    pub fn has(&self, c: char) -> bool {
        (0..self.faces.len()).any(|index| self.covers(index, c))
    }

    /// The first character of a text that no face has; white space and what is never seen is not asked for.
    pub(crate) fn lacks(&self, text: &str) -> Option<char> {
        text.chars().find(|c| !is_unseen(*c) && !self.has(*c))
    }

    /// Families of a role, lower case, the best first: for English those of letters before them.
    pub(crate) fn families(&self, role: Role, language: Language) -> Vec<String> {
        let number = Role::ALL.iter().position(|one| *one == role).unwrap_or_default();
        let latin = if language == Language::En { &self.latin[number][..] } else { &[] };
        latin.iter().chain(&self.roles[number]).cloned().collect()
    }

    /// Faces, as bytes and number in their file, that together have all characters of a text: those of the role first.
    pub(crate) fn covering(&self, role: Role, text: &str) -> Vec<(Bytes, u32)> {
        let named = self.families(role, Language::Zh);
        let of_role = named.iter().flat_map(|family| self.book.select_family(family));
        let regular = |index: &usize| self.book.info(*index).is_some_and(|info| info.variant.weight.to_number() < BOLD);
        let order: Vec<usize> = of_role.filter(regular).chain(0..self.faces.len()).collect();
        let (mut needed, mut taken): (Vec<char>, Vec<usize>) =
            (text.chars().filter(|c| !is_unseen(*c)).collect(), vec![]);
        needed.sort_unstable();
        needed.dedup();
        for index in order {
            let before = needed.len();
            needed.retain(|c| !self.covers(index, *c));
            if needed.len() < before && !taken.contains(&index) {
                taken.push(index);
            }
        }
        let bytes = |index: usize| Some((self.bytes(self.faces[index].file)?, self.faces[index].index));
        taken.into_iter().filter_map(bytes).collect()
    }

    fn covers(&self, index: usize, c: char) -> bool {
        self.book.info(index).is_some_and(|info| info.coverage.contains(u32::from(c)))
    }

    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    /// The face of a number, its file read if need be; nothing if it cannot be read any more.
    pub(crate) fn font(&self, index: usize) -> Option<Font> {
        let slot = self.faces.get(index)?;
        slot.font.get_or_init(|| Font::new(self.bytes(slot.file)?, slot.index)).clone()
    }

    fn bytes(&self, file: usize) -> Option<Bytes> {
        let file = self.files.get(file)?;
        file.bytes.get_or_init(|| fs::read(&file.path).ok().map(Bytes::new)).clone()
    }

    /// A font file that was found and cannot be read any more.
    pub(crate) fn gone(&self) -> Option<String> {
        let gone = self.files.iter().find(|file| matches!(file.bytes.get(), Some(None)));
        gone.map(|file| file.path.display().to_string())
    }
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("files", &self.files.len()).field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// Whether a character needs no glyph: white space, joiners, selectors and other marks that are never seen.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

fn has_chinese(book: &FontBook, index: usize) -> bool {
    book.info(index).is_some_and(|info| CHINESE.chars().all(|c| info.coverage.contains(u32::from(c))))
}

/// How many faces a file holds: more than one only in a collection (OpenType, "TTC Header").
fn faces_in(data: &[u8]) -> u32 {
    match (data.get(..4), data.get(8..12)) {
        (Some(b"ttcf"), Some(&[a, b, c, d])) => u32::from_be_bytes([a, b, c, d]).min(256),
        _ => 1,
    }
}

/// Font files below a folder, in the order of their names; deeper than eight folders there are none.
fn font_files(folder: &Path, found: &mut Vec<PathBuf>, depth: usize) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if depth < 8 {
                font_files(&path, found, depth + 1);
            }
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
        let is_font = matches!(extension.as_str(), "ttf" | "otf" | "ttc" | "otc");
        if is_font && found.len() < FILES_MAX && fs::metadata(&path).is_ok_and(|file| file.len() <= FILE_BYTES_MAX) {
            found.push(path);
        }
    }
}

/// Where systems keep fonts: Linux, macOS, Windows.
fn system_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts"]
            .map(PathBuf::from)
            .to_vec();
    if let Some(home) = std::env::home_dir() {
        folders.extend([".local/share/fonts", ".fonts", "Library/Fonts"].map(|below| home.join(below)));
    }
    if let Some(windows) = std::env::var_os("WINDIR") {
        folders.push(PathBuf::from(windows).join("Fonts"));
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_and_missing_chinese_are_said() {
        let folder = Path::new("no-such-folder-of-fonts");
        let fault = Fonts::find(Some(folder)).map(drop).unwrap_err();
        assert!(matches!(fault, FontError::Folder { .. }));
        let fault = Fonts::within(&[]).map(drop).unwrap_err().to_string();
        assert!(fault.contains("fonts-noto-cjk") && fault.contains("settings"), "{fault}");
    }

    #[test]
    fn each_role_has_a_face_with_chinese() {
        let fonts = Fonts::find(None).unwrap();
        assert_eq!(fonts.faces().len(), Role::ALL.len());
        assert!(fonts.has('即') && !fonts.has('\u{10FFFD}'));
        assert_eq!(fonts.lacks("即办 \u{10FFFD}"), Some('\u{10FFFD}'));
        assert!(fonts.files.iter().all(|file| file.bytes.get().is_none()), "no file is kept before it is needed");
    }
}
