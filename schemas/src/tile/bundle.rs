//! Entry bundles: up to 256 entries one after the other, each behind its length (C2SP tlog-tiles, Log entries).

use alloc::vec::Vec;

use super::{TILE_WIDTH, TileError};
use crate::limits::ENTRY_BYTES_MAX;

/// Entries of a full bundle.
const BUNDLE_ENTRIES_MAX: usize = TILE_WIDTH as usize;

/// The bundle of these entries: for each, its length as 16 bits, most significant first, then its bytes.
pub fn encode_entry_bundle(entries: &[&[u8]]) -> Result<Vec<u8>, TileError> {
    if entries.is_empty() || entries.len() > BUNDLE_ENTRIES_MAX {
        return Err(TileError::BundleCount { got: entries.len(), max: BUNDLE_ENTRIES_MAX });
    }
    let mut bundle = Vec::new();
    for (entry, bytes) in entries.iter().enumerate() {
        let len = u16::try_from(bytes.len());
        let len =
            len.map_err(|_| TileError::EntryTooLong { entry, got: bytes.len(), max: ENTRY_BYTES_MAX })?;
        bundle.extend_from_slice(&len.to_be_bytes());
        bundle.extend_from_slice(bytes);
    }
    Ok(bundle)
}

/// The entries of a bundle. Every byte of the input belongs to one.
pub fn decode_entry_bundle(bundle: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let entry = entries.len();
        if entry >= BUNDLE_ENTRIES_MAX {
            return Err(TileError::BundleCount { got: entry.saturating_add(1), max: BUNDLE_ENTRIES_MAX });
        }
        let (len, after) = rest.split_first_chunk().ok_or(TileError::BundleTruncated { entry })?;
        let len = usize::from(u16::from_be_bytes(*len));
        let (bytes, after) = after.split_at_checked(len).ok_or(TileError::BundleTruncated { entry })?;
        entries.push(bytes);
        rest = after;
    }
    if entries.is_empty() {
        return Err(TileError::BundleCount { got: 0, max: BUNDLE_ENTRIES_MAX });
    }
    Ok(entries)
}
