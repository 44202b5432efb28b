//! The initial bytes of a CBOR data item (RFC 8949 §3), read strictly.

use super::ScanError;

/// A major type that canonical bytes may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Major {
    /// 0: an unsigned integer.
    Unsigned,
    /// 1: a negative integer, -1 - argument.
    Negative,
    /// 2: a byte string of `argument` bytes.
    Bytes,
    /// 3: a text string of `argument` bytes.
    Text,
    /// 4: an array of `argument` items.
    Array,
    /// 5: a map of `argument` pairs.
    Map,
    /// 6: a tag.
    Tag,
    /// 7: `false` (20) or `true` (21).
    Simple,
}

/// A data item's first bytes: its type, its argument and how many bytes the head itself takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The major type.
    pub major: Major,
    /// Value, length, count, tag number or simple value.
    pub argument: u64,
    /// Bytes that the head takes: 1, 2, 3, 5 or 9.
    pub len: usize,
}

/// Reads the head at `offset`, refusing every form but the shortest.
pub fn read_head(input: &[u8], offset: usize) -> Result<Head, ScanError> {
    let truncated = ScanError::Truncated { offset };
    let first = *input.get(offset).ok_or(truncated)?;
    let major = match first >> 5 {
        0 => Major::Unsigned,
        1 => Major::Negative,
        2 => Major::Bytes,
        3 => Major::Text,
        4 => Major::Array,
        5 => Major::Map,
        6 => Major::Tag,
        _ => Major::Simple,
    };
    let info = first & 0x1f;
    let extra = match info {
        0..=23 => return Ok(Head { major, argument: u64::from(info), len: 1 }),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        31 => return Err(ScanError::IndefiniteLength { offset }),
        _ => return Err(ScanError::ReservedInfo { offset, info }),
    };
    if major == Major::Simple {
        return Err(ScanError::ForbiddenSimple { offset, first });
    }
    let start = offset.checked_add(1).ok_or(truncated)?;
    let end = start.checked_add(extra).ok_or(truncated)?;
    let bytes = input.get(start..end).ok_or(truncated)?;
    let argument = bytes.iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
    let shortest = match extra {
        1 => argument >= 24,
        2 => argument > 0xff,
        4 => argument > 0xffff,
        _ => argument > 0xffff_ffff,
    };
    if shortest {
        Ok(Head { major, argument, len: extra + 1 })
    } else {
        Err(ScanError::NotShortest { offset, argument })
    }
}
