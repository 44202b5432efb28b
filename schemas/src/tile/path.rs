//! The paths under which tiles are served, relative to the log's prefix: `tile/<level>/<number>[.p/<width>]`.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use super::{TILE_WIDTH, TileError};
use crate::tree::strict_decimal;

/// Highest level that a path may name (C2SP tlog-tiles, Merkle Tree).
const PATH_LEVEL_MAX: u8 = 63;

/// Most three-digit groups that a 64-bit number needs.
const PATH_GROUPS_MAX: usize = 7;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of one tile level, 0 to 63.
    Hashes {
        /// The tile level.
        level: u8,
    },
    /// The entries under the level-0 tile of the same number.
    Entries,
}

/// One resource of the log: which tile or bundle, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    /// Hashes or entries.
    pub kind: TileKind,
    /// Number within the level, from 0.
    pub index: u64,
    /// Hashes or entries asked for, 1 to [`TILE_WIDTH`]; all of them for a full one.
    pub width: u16,
}

impl TilePath {
    /// Reads a path without its leading slash. Each tile has one spelling.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let parsed = parse(path).ok_or(TileError::Path)?;
        // Long and short spellings of a number (`000/x…`) part here.
        if parsed.to_string() == path { Ok(parsed) } else { Err(TileError::Path) }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let groups: Vec<u64> =
            core::iter::successors(Some(self.index), |number| (*number >= 1000).then_some(number / 1000))
                .map(|number| number % 1000)
                .collect();
        for (place, group) in groups.iter().enumerate().rev() {
            if place == 0 { write!(f, "{group:03}")? } else { write!(f, "x{group:03}/")? }
        }
        if self.width == TILE_WIDTH { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

fn parse(path: &str) -> Option<TilePath> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let kind = match level {
        "entries" => TileKind::Entries,
        level => {
            let level = strict_decimal(level).and_then(|level| u8::try_from(level).ok())?;
            TileKind::Hashes { level: Some(level).filter(|level| *level <= PATH_LEVEL_MAX)? }
        }
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, partial_width(width)?),
        None => (rest, TILE_WIDTH),
    };
    if number.split('/').count() > PATH_GROUPS_MAX {
        return None;
    }
    let index = number.split('/').try_fold(0_u64, |number, group| {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let digits_only = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let group = if digits_only { digits.parse().ok()? } else { return None };
        number.checked_mul(1000)?.checked_add(group)
    })?;
    Some(TilePath { kind, index, width })
}

fn partial_width(width: &str) -> Option<u16> {
    let width = strict_decimal(width).and_then(|width| u16::try_from(width).ok())?;
    (1..TILE_WIDTH).contains(&width).then_some(width)
}
