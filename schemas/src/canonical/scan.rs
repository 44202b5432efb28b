//! The strict scanner: the first thing that foreign bytes meet.
//!
//! Iterative, allocation bounded by [`CBOR_DEPTH_MAX`], total: it ends on every input and never panics.

use thiserror::Error;

use super::head::{Head, Major, read_head};
use crate::limits::{CBOR_DEPTH_MAX, CBOR_ITEMS_MAX, INTEGER_MAX};

/// Why bytes are not one canonical data item. Offsets are in bytes from the start of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScanError {
    /// Nesting goes deeper than allowed.
    #[error("nesting at byte {offset} is deeper than {max} levels")]
    Depth {
        /// Where the item one level too deep begins.
        offset: usize,
        /// The bound.
        max: usize,
    },
    /// A map holds the same key twice.
    #[error("the map key at byte {offset} repeats the one before it")]
    DuplicateKey {
        /// Where the second key begins.
        offset: usize,
    },
    /// `null`, `undefined`, a float or another simple value.
    #[error(
        "byte {first:#04x} at {offset} is null, a float or a simple value; only false and true may stand"
    )]
    ForbiddenSimple {
        /// Where the value stands.
        offset: usize,
        /// Its first byte.
        first: u8,
    },
    /// A tag other than 18, or 18 anywhere but at the very start.
    #[error("tag {tag} at byte {offset}; only tag 18 may stand, and only at the start")]
    ForbiddenTag {
        /// Where the tag stands.
        offset: usize,
        /// Its number.
        tag: u64,
    },
    /// An item of indefinite length, or a stray break.
    #[error("the item at byte {offset} has no definite length")]
    IndefiniteLength {
        /// Where the item begins.
        offset: usize,
    },
    /// An integer that JSON could not carry exactly.
    #[error("the integer at byte {offset} is beyond ±(2^53 - 1)")]
    IntegerRange {
        /// Where the integer begins.
        offset: usize,
    },
    /// A text string that is not UTF-8.
    #[error("the text at byte {offset} is not UTF-8")]
    InvalidUtf8 {
        /// Where the text's bytes begin.
        offset: usize,
    },
    /// More data items than any legitimate input has.
    #[error("more than {max} data items")]
    Items {
        /// The bound.
        max: usize,
    },
    /// A length, count or integer written in more bytes than it needs.
    #[error("the head at byte {offset} writes {argument} in more bytes than it needs")]
    NotShortest {
        /// Where the head begins.
        offset: usize,
        /// What it says.
        argument: u64,
    },
    /// Reserved additional information 28 to 30.
    #[error("the head at byte {offset} uses reserved information {info}")]
    ReservedInfo {
        /// Where the head begins.
        offset: usize,
        /// The five bits.
        info: u8,
    },
    /// Bytes follow the one data item.
    #[error("{count} bytes follow the data item that ends at byte {offset}")]
    TrailingBytes {
        /// Where the item ends.
        offset: usize,
        /// How many bytes follow.
        count: usize,
    },
    /// The input ends inside an item.
    #[error("the input ends inside the item at byte {offset}")]
    Truncated {
        /// Where that item begins.
        offset: usize,
    },
    /// A map whose keys are not in bytewise order of their encoding.
    #[error("the map key at byte {offset} sorts before the one preceding it")]
    UnsortedKey {
        /// Where the key begins.
        offset: usize,
    },
}

impl ScanError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Depth { .. } => "cbor-depth",
            Self::DuplicateKey { .. } => "cbor-duplicate-key",
            Self::ForbiddenSimple { .. } => "cbor-simple",
            Self::ForbiddenTag { .. } => "cbor-tag",
            Self::IndefiniteLength { .. } => "cbor-indefinite",
            Self::IntegerRange { .. } => "cbor-integer-range",
            Self::InvalidUtf8 { .. } => "cbor-utf8",
            Self::Items { .. } => "cbor-items",
            Self::NotShortest { .. } => "cbor-not-shortest",
            Self::ReservedInfo { .. } => "cbor-reserved",
            Self::TrailingBytes { .. } => "cbor-trailing-bytes",
            Self::Truncated { .. } => "cbor-truncated",
            Self::UnsortedKey { .. } => "cbor-unsorted-key",
        }
    }
}

/// Checks that `input` is exactly one canonical data item.
pub fn scan(input: &[u8]) -> Result<(), ScanError> {
    let end = scan_prefix(input, 0)?;
    match input.len().saturating_sub(end) {
        0 => Ok(()),
        count => Err(ScanError::TrailingBytes { offset: end, count }),
    }
}

/// Checks that one canonical data item begins at `start`, and says where it ends.
///
/// Lets a sequence (RFC 8742) be cut into items without decoding them.
pub fn scan_prefix(input: &[u8], start: usize) -> Result<usize, ScanError> {
    let mut open = [Container::NONE; CBOR_DEPTH_MAX];
    let mut depth = 0usize;
    let mut offset = start;
    for _ in 0..CBOR_ITEMS_MAX {
        let item = offset;
        let head = read_head(input, item)?;
        let after = check_item(input, item, start, head)?;
        offset = after;
        if let Some(container) = Container::of(head, item) {
            let slot = open.get_mut(depth).ok_or(ScanError::Depth { offset: item, max: CBOR_DEPTH_MAX })?;
            *slot = container;
            depth += 1;
        }
        // Close every container that this item completes, innermost first; each closed one is itself an item.
        let mut begun = item;
        loop {
            let Some(container) = depth.checked_sub(1).and_then(|top| open.get_mut(top)) else {
                return Ok(offset);
            };
            if container.begun == begun && container.remaining > 0 {
                break;
            }
            if container.begun != begun {
                container.take(input, begun, offset)?;
            }
            if container.remaining > 0 {
                break;
            }
            begun = container.begun;
            depth -= 1;
        }
    }
    Err(ScanError::Items { max: CBOR_ITEMS_MAX })
}

/// An array, map or tag whose items are still being read.
#[derive(Clone, Copy)]
struct Container {
    /// Where its head begins; no two open containers share it.
    begun: usize,
    /// Items still to come; keys and values each count as one.
    remaining: u64,
    is_map: bool,
    /// Whether the next item of a map is a key.
    key_next: bool,
    /// Where the last key's encoding lies.
    last_key: Option<(usize, usize)>,
}

impl Container {
    const NONE: Self =
        Self { begun: usize::MAX, remaining: 0, is_map: false, key_next: false, last_key: None };

    fn of(head: Head, begun: usize) -> Option<Self> {
        let (remaining, is_map) = match head.major {
            Major::Array => (head.argument, false),
            Major::Map => (head.argument.saturating_mul(2), true),
            Major::Tag => (1, false),
            _ => return None,
        };
        Some(Self { begun, remaining, is_map, key_next: is_map, last_key: None })
    }

    /// Counts the item at `begun..end`, which just ended, as this container's next one.
    fn take(&mut self, input: &[u8], begun: usize, end: usize) -> Result<(), ScanError> {
        self.remaining = self.remaining.saturating_sub(1);
        if !self.is_map {
            return Ok(());
        }
        if self.key_next {
            if let Some((from, to)) = self.last_key {
                match input.get(begun..end).cmp(&input.get(from..to)) {
                    core::cmp::Ordering::Greater => {}
                    core::cmp::Ordering::Equal => return Err(ScanError::DuplicateKey { offset: begun }),
                    core::cmp::Ordering::Less => return Err(ScanError::UnsortedKey { offset: begun }),
                }
            }
            self.last_key = Some((begun, end));
        }
        self.key_next = !self.key_next;
        Ok(())
    }
}

/// Checks one item by itself and says where its head (and, of a string, its bytes) end.
fn check_item(input: &[u8], item: usize, start: usize, head: Head) -> Result<usize, ScanError> {
    let truncated = ScanError::Truncated { offset: item };
    let after_head = item.checked_add(head.len).ok_or(truncated)?;
    match head.major {
        Major::Unsigned if head.argument > INTEGER_MAX => Err(ScanError::IntegerRange { offset: item }),
        // -1 - argument ≥ -(2^53 - 1)
        Major::Negative if head.argument >= INTEGER_MAX => Err(ScanError::IntegerRange { offset: item }),
        Major::Bytes | Major::Text => {
            let len = usize::try_from(head.argument).map_err(|_| truncated)?;
            let end = after_head.checked_add(len).ok_or(truncated)?;
            let bytes = input.get(after_head..end).ok_or(truncated)?;
            if head.major == Major::Text && core::str::from_utf8(bytes).is_err() {
                return Err(ScanError::InvalidUtf8 { offset: after_head });
            }
            Ok(end)
        }
        // Every item takes at least one byte: a count that cannot fit is refused before anything is read for it.
        Major::Array | Major::Map => {
            let left = input.len().saturating_sub(after_head) as u64;
            let items =
                if head.major == Major::Map { head.argument.saturating_mul(2) } else { head.argument };
            if items > left { Err(truncated) } else { Ok(after_head) }
        }
        Major::Tag if head.argument != 18 || item != start => {
            Err(ScanError::ForbiddenTag { offset: item, tag: head.argument })
        }
        Major::Simple if head.argument != 20 && head.argument != 21 => {
            let first = input.get(item).copied().unwrap_or_default();
            Err(ScanError::ForbiddenSimple { offset: item, first })
        }
        _ => Ok(after_head),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_items_are_accepted() {
        for input in [
            &[0x00][..],
            &[0x18, 24],
            &[0x20],
            &[0x40],
            &[0x60],
            &[0x80],
            &[0xa0],
            &[0xf4],
            &[0xf5],
            &[0xd2, 0x84, 0x40, 0xa0, 0x40, 0x40],
            &[0xa2, 0x01, 0x02, 0x61, b'a', 0x80],
            &[0x82, 0x81, 0x80, 0xa1, 0x00, 0x81, 0x01],
            &[0x1b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x3b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe],
        ] {
            assert_eq!(scan(input), Ok(()), "{input:02x?}");
        }
    }

    #[test]
    fn every_other_form_is_refused_for_its_own_reason() {
        for (input, code) in [
            (&[][..], "cbor-truncated"),
            (&[0x18, 23], "cbor-not-shortest"),
            (&[0x19, 0, 255], "cbor-not-shortest"),
            (&[0x1a, 0, 0, 255, 255], "cbor-not-shortest"),
            (&[0x1b, 0, 0, 0, 0, 255, 255, 255, 255], "cbor-not-shortest"),
            (&[0x58, 1, 0], "cbor-not-shortest"),
            (&[0x5f, 0x40, 0xff], "cbor-indefinite"),
            (&[0x9f, 0xff], "cbor-indefinite"),
            (&[0xbf, 0xff], "cbor-indefinite"),
            (&[0xff], "cbor-indefinite"),
            (&[0x1c], "cbor-reserved"),
            (&[0xf6], "cbor-simple"),
            (&[0xf7], "cbor-simple"),
            (&[0xf8, 0x18], "cbor-simple"),
            (&[0xf9, 0, 0], "cbor-simple"),
            (&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], "cbor-simple"),
            (&[0xc0, 0x00], "cbor-tag"),
            (&[0x81, 0xd2, 0x00], "cbor-tag"),
            (&[0xd2, 0xd2, 0x00], "cbor-tag"),
            (&[0x61, 0xff], "cbor-utf8"),
            (&[0xa2, 0x01, 0x00, 0x01, 0x00], "cbor-duplicate-key"),
            (&[0xa2, 0x02, 0x00, 0x01, 0x00], "cbor-unsorted-key"),
            (&[0xa2, 0x61, b'a', 0x00, 0x01, 0x00], "cbor-unsorted-key"),
            (&[0x00, 0x00], "cbor-trailing-bytes"),
            (&[0x41], "cbor-truncated"),
            (&[0x82, 0x00], "cbor-truncated"),
            (&[0x9b, 0x7f, 255, 255, 255, 255, 255, 255, 255], "cbor-truncated"),
            (&[0x5b, 0x7f, 255, 255, 255, 255, 255, 255, 255], "cbor-truncated"),
            (&[0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0], "cbor-integer-range"),
            (&[0x3b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "cbor-integer-range"),
        ] {
            assert_eq!(scan(input).map_err(|e| e.code()), Err(code), "{input:02x?}");
        }
    }

    #[test]
    fn nesting_is_accepted_at_the_bound_and_refused_one_beyond() {
        let nested = |levels: usize| {
            let mut bytes = alloc::vec![0x81; levels - 1];
            bytes.push(0x80);
            bytes
        };
        assert_eq!(scan(&nested(CBOR_DEPTH_MAX)), Ok(()));
        assert_eq!(scan(&nested(CBOR_DEPTH_MAX + 1)).map_err(|e| e.code()), Err("cbor-depth"));
        assert_eq!(scan(&nested(1_000_000)).map_err(|e| e.code()), Err("cbor-depth"));
    }

    #[test]
    fn containers_that_end_together_are_all_closed() {
        // {1: [[], {0: []}], 2: 3} and one more item behind the inner map
        assert_eq!(scan(&[0xa2, 0x01, 0x82, 0x80, 0xa1, 0x00, 0x80, 0x02, 0x03]), Ok(()));
        assert_eq!(scan_prefix(&[0x82, 0x80, 0xa0, 0x05], 0), Ok(3));
    }
}
