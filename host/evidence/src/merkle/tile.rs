//! Where tiles and entry bundles are, and how they are read (C2SP tlog-tiles, height 8).
//!
//! A tile of level L holds up to 256 hashes of whole subtrees of 256^L leaves: `tile/<L>/<N>`, or `tile/<L>/<N>.p/<W>`
//! while it has only W. Entry bundles are at `tile/entries/<N>[.p/<W>]`: leaves, each behind its length in 16 bits.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::Hash;

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: usize = 256;

/// The name of the folder of tiles, inside the folder of the evidence.
pub const FOLDER: &str = "tile";

/// One tile of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    /// 0 holds the hashes of leaves.
    pub level: u8,
    /// Counted from the left.
    pub index: u64,
    /// 1 to [`TILE_WIDTH`] hashes.
    pub width: usize,
}

impl TileId {
    /// How many hashes level `level` has in a tree of `size` leaves.
    pub fn hashes_at(level: u8, size: u64) -> u64 {
        size.checked_shr(u32::from(level).saturating_mul(8)).unwrap_or(0)
    }

    /// Per level of a tree of `size` leaves that has hashes, the last tile; none where it is full.
    pub fn right_edge(size: u64) -> impl Iterator<Item = Option<Self>> {
        (0..8_u8)
            .map(move |level| (level, Self::hashes_at(level, size)))
            .take_while(|(_, hashes)| *hashes > 0)
            .map(|(level, hashes)| {
                let (index, width) = place(hashes);
                (width > 0).then_some(Self { level, index, width })
            })
    }

    /// Its path inside the folder of the evidence.
    pub fn path(self) -> String {
        path(Kind::Hashes(self.level), self.index, self.width)
    }
}

/// The tile and the place in it that come after `count` hashes or entries.
pub fn place(count: u64) -> (u64, usize) {
    // 2^8 is the width of a tile.
    (count >> 8, usize::try_from(count & 0xff).unwrap_or(0))
}

/// The path of the entry bundle `index` with `width` entries, inside the folder of the evidence.
pub fn bundle_path(index: u64, width: usize) -> String {
    path(Kind::Entries, index, width)
}

/// How many tiles or bundles share a folder.
pub(crate) const FOLDER_WIDTH: u64 = 1_000;

/// What a file below `tile/` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Hashes(u8),
    Entries,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashes(level) => level.fmt(f),
            Self::Entries => f.write_str("entries"),
        }
    }
}

fn path(kind: Kind, index: u64, width: usize) -> String {
    let mut groups = Vec::new();
    let mut rest = index;
    loop {
        groups.push(rest.checked_rem(FOLDER_WIDTH).unwrap_or(0));
        rest = rest.checked_div(FOLDER_WIDTH).unwrap_or(0);
        if rest == 0 {
            break;
        }
    }
    let mut path = format!("{FOLDER}/{kind}");
    for (place, group) in groups.iter().enumerate().rev() {
        let mark = if place > 0 { "x" } else { "" };
        path.push_str(&format!("/{mark}{group:03}"));
    }
    if width < TILE_WIDTH {
        path.push_str(&format!(".p/{width}"));
    }
    path
}

/// What the file at `path` (inside the folder of the evidence) must hold; none if no tile or bundle has that path.
pub(crate) fn parse_path(text: &str) -> Option<(Kind, u64, usize)> {
    let (kind, rest) = text.strip_prefix(FOLDER)?.strip_prefix('/')?.split_once('/')?;
    let kind = match kind {
        "entries" => Kind::Entries,
        level => Kind::Hashes(level.parse().ok().filter(|level| *level < 8)?),
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (
            number,
            width
                .parse()
                .ok()
                .filter(|width| (1..TILE_WIDTH).contains(width))?,
        ),
        None => (rest, TILE_WIDTH),
    };
    let mut index = 0_u64;
    for group in number.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        index = index
            .checked_mul(FOLDER_WIDTH)?
            .checked_add(digits.parse().ok()?)?;
    }
    // What is spelled otherwise than we would spell it is somewhere else.
    (path(kind, index, width) == text).then_some((kind, index, width))
}

/// A tile or bundle that does not hold what it must, and where.
#[derive(Debug, thiserror::Error)]
pub enum TileError {
    /// It is not there, nor is a wider one.
    #[error("`{path}` is missing")]
    Missing {
        /// Inside the folder of the evidence.
        path: String,
    },
    /// It cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// Inside the folder of the evidence.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It holds too much, too little, or something else.
    #[error("`{path}`{at}: {what}")]
    Malformed {
        /// Inside the folder of the evidence.
        path: String,
        /// `, entry 17`, or nothing.
        at: String,
        /// What is wrong.
        what: &'static str,
    },
}

/// The tiles in a folder of evidence.
#[derive(Clone, Debug)]
pub struct Tiles {
    evidence: PathBuf,
}

impl Tiles {
    /// Those of the evidence in `evidence`.
    pub fn new(evidence: &Path) -> Self {
        Self {
            evidence: evidence.to_owned(),
        }
    }

    /// The hashes of `tile`. If it is gone because it grew, they are taken from the wider one.
    ///
    /// # Errors
    /// It is missing, unreadable, or not of its length.
    pub fn hashes(&self, tile: TileId) -> Result<Vec<Hash>, TileError> {
        let (path, bytes, width) = self.read(Kind::Hashes(tile.level), tile.index, tile.width)?;
        let mut hashes = split_hashes(&path, &bytes, width)?;
        hashes.truncate(tile.width);
        Ok(hashes)
    }

    /// The first `width` entries of the bundle `index`, also from a wider one.
    ///
    /// # Errors
    /// It is missing, unreadable, or not made of as many entries as its name says.
    pub fn entries(&self, index: u64, width: usize) -> Result<Vec<Vec<u8>>, TileError> {
        let (path, bytes, found) = self.read(Kind::Entries, index, width)?;
        let mut entries = split_entries(&path, &bytes, found)?;
        entries.truncate(width);
        Ok(entries)
    }

    pub(crate) fn file(&self, path: &str) -> Result<Vec<u8>, TileError> {
        std::fs::read(self.evidence.join(path)).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => TileError::Missing {
                path: path.to_owned(),
            },
            _ => TileError::Unreadable {
                path: path.to_owned(),
                source,
            },
        })
    }

    /// The file that holds at least `width`: the exact one, the full one, or the next wider.
    fn read(&self, kind: Kind, index: u64, width: usize) -> Result<(String, Vec<u8>, usize), TileError> {
        let exact = path(kind, index, width);
        let missing = match self.file(&exact) {
            Ok(bytes) => return Ok((exact, bytes, width)),
            Err(error @ TileError::Missing { .. }) => error,
            Err(error) => return Err(error),
        };
        for wider in [TILE_WIDTH]
            .into_iter()
            .chain(width.saturating_add(1)..TILE_WIDTH)
        {
            let wider_path = path(kind, index, wider);
            match self.file(&wider_path) {
                Ok(bytes) => return Ok((wider_path, bytes, wider)),
                Err(TileError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(missing)
    }
}

/// The hashes in the bytes of the tile at `path`, which must be `width`.
pub(crate) fn split_hashes(path: &str, bytes: &[u8], width: usize) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() != width || !rest.is_empty() {
        let what = if bytes.len() < width.saturating_mul(32) {
            "bytes are missing"
        } else {
            "bytes are too many"
        };
        return Err(TileError::Malformed {
            path: path.to_owned(),
            at: String::new(),
            what,
        });
    }
    Ok(hashes.to_vec())
}

/// The entries in the bytes of the bundle at `path`, which must be `width`.
pub(crate) fn split_entries(path: &str, bytes: &[u8], width: usize) -> Result<Vec<Vec<u8>>, TileError> {
    let malformed = |entry: usize, what| TileError::Malformed {
        path: path.to_owned(),
        at: format!(", entry {entry}"),
        what,
    };
    let mut entries = Vec::with_capacity(width);
    let mut rest = bytes;
    for number in 0..width {
        let ends = || malformed(number, "the bundle ends inside this entry");
        let (length, behind) = rest.split_first_chunk::<2>().ok_or_else(ends)?;
        let split = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)));
        let (entry, behind) = split.ok_or_else(ends)?;
        entries.push(entry.to_vec());
        rest = behind;
    }
    if !rest.is_empty() {
        return Err(malformed(width, "bytes behind the last entry"));
    }
    Ok(entries)
}

/// Appends an entry to the bytes of a bundle. Leaves are at most 65,535 bytes; a longer one is not an entry.
pub(crate) fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else {
        return false;
    };
    bundle.extend(length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}
