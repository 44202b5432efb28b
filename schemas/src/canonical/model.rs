//! Model types to canonical bytes and back, over `serde_cbor`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::ser::Serialize;
use thiserror::Error;

use super::same::is_same_in_order;
use super::scan::{ScanError, scan};
use super::sort::sort_keys;

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
    match encoded(&value, bytes.len()) {
        Ok(again) if is_same_in_order(&again, bytes) => Ok(value),
        _ => Err(DecodeError::OtherForm),
    }
}

/// Reads `T` from bytes that [`from_slice`] has accepted before: what it would refuse may pass.
pub(crate) fn from_accepted<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    serde_cbor::from_slice(bytes).map_err(|e| DecodeError::from_message(e.to_string()))
}

/// The canonical bytes of `value`.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let refuse = |e: ScanError| EncodeError { detail: e.to_string() };
    let bytes = sort_keys(&encoded(value, 512)?).map_err(refuse)?;
    scan(&bytes).map_err(refuse)?;
    Ok(bytes)
}

/// The bytes of `value`, about `len` of them, with the keys of maps in the order in which the type declares them.
fn encoded<T: Serialize>(value: &T, len: usize) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::with_capacity(len);
    let mut serializer = serde_cbor::Serializer::new(&mut bytes);
    value.serialize(&mut serializer).map_err(|e| EncodeError { detail: e.to_string() })?;
    Ok(bytes)
}
