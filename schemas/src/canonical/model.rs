//! Model types to canonical bytes and back, over `serde_cbor`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::ser::Serialize;
use thiserror::Error;

use super::head::{Major, read_head};
use super::scan::{ScanError, scan, scan_prefix};

/// Why bytes are not the canonical form of a model type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes are not canonical CBOR.
    #[error("not canonical CBOR: {0}")]
    Scan(#[from] ScanError),
    /// A field that the format does not have. The field set is closed.
    #[error("{detail}")]
    UnknownField {
        /// Which, and what was expected.
        detail: String,
    },
    /// A required field is absent.
    #[error("{detail}")]
    MissingField {
        /// Which.
        detail: String,
    },
    /// An enumeration has no such value.
    #[error("{detail}")]
    UnknownValue {
        /// Which, and what was expected.
        detail: String,
    },
    /// A field is there with a value that its type does not allow.
    #[error("{detail}")]
    InvalidField {
        /// What was met and what was expected.
        detail: String,
    },
    /// The value is written in another form than the one its type writes (a list for a map, an empty list that must be absent).
    #[error("the value is well-formed but not in the one form that its type writes")]
    OtherForm,
}

impl DecodeError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scan(scan) => scan.code(),
            Self::UnknownField { .. } => "unknown-field",
            Self::MissingField { .. } => "missing-field",
            Self::UnknownValue { .. } => "unknown-value",
            Self::InvalidField { .. } => "invalid-field",
            Self::OtherForm => "other-form",
        }
    }

    /// Sorts a deserializer's message into its kind. The prefixes are serde's own wording in `serde::de::Error`.
    pub fn from_message(detail: String) -> Self {
        if detail.starts_with("unknown field") {
            Self::UnknownField { detail }
        } else if detail.starts_with("missing field") {
            Self::MissingField { detail }
        } else if detail.starts_with("unknown variant") {
            Self::UnknownValue { detail }
        } else {
            Self::InvalidField { detail }
        }
    }
}

/// A value that has no canonical form, such as a float or a number beyond ±(2^53 − 1).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no canonical form: {detail}")]
pub struct EncodeError {
    /// What stood in the way.
    pub detail: String,
}

/// Reads `T` from `bytes`, accepting exactly what [`to_vec`] writes for it and nothing else.
///
/// The closing comparison makes the encoding of a value unique: `serde_cbor` alone would also take a list for a struct or
/// a number for a field name.
pub fn from_slice<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    scan(bytes)?;
    from_scanned(bytes)
}

/// [`from_slice`] of bytes that the scanner has passed already.
pub(crate) fn from_scanned<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let value: T = serde_cbor::from_slice(bytes).map_err(|e| DecodeError::from_message(e.to_string()))?;
    match to_vec(&value) {
        Ok(again) if again == bytes => Ok(value),
        _ => Err(DecodeError::OtherForm),
    }
}

/// The canonical bytes of `value`.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let encoded = serde_cbor::to_vec(value).map_err(|e| EncodeError { detail: e.to_string() })?;
    let mut sorted = Vec::with_capacity(encoded.len());
    sort_item(&encoded, 0, 0, &mut sorted)?;
    scan(&sorted).map_err(|e| EncodeError { detail: e.to_string() })?;
    Ok(sorted)
}

/// Copies the item at `offset` to `out` with the keys of every map in canonical order; says where the item ends.
fn sort_item(input: &[u8], offset: usize, depth: usize, out: &mut Vec<u8>) -> Result<usize, EncodeError> {
    let fail = |e: ScanError| EncodeError { detail: e.to_string() };
    let head = read_head(input, offset).map_err(fail)?;
    let after_head = offset.saturating_add(head.len);
    let items = match head.major {
        Major::Array | Major::Map | Major::Tag if depth >= crate::limits::CBOR_DEPTH_MAX => {
            return Err(fail(ScanError::Depth { offset, max: crate::limits::CBOR_DEPTH_MAX }));
        }
        Major::Array => head.argument,
        Major::Tag => 1,
        Major::Map => return sort_map(input, offset, after_head, head.argument, depth, out),
        _ => {
            let end = scan_prefix(input, offset).map_err(fail)?;
            out.extend_from_slice(input.get(offset..end).unwrap_or_default());
            return Ok(end);
        }
    };
    out.extend_from_slice(input.get(offset..after_head).unwrap_or_default());
    let mut end = after_head;
    for _ in 0..items {
        end = sort_item(input, end, depth + 1, out)?;
    }
    Ok(end)
}

fn sort_map(
    input: &[u8],
    offset: usize,
    after_head: usize,
    pairs: u64,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<usize, EncodeError> {
    out.extend_from_slice(input.get(offset..after_head).unwrap_or_default());
    let mut sorted: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut end = after_head;
    for _ in 0..pairs {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        end = sort_item(input, end, depth + 1, &mut key)?;
        end = sort_item(input, end, depth + 1, &mut value)?;
        sorted.push((key, value));
    }
    sorted.sort();
    for (key, value) in sorted {
        out.extend_from_slice(&key);
        out.extend_from_slice(&value);
    }
    Ok(end)
}
