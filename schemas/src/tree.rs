//! What the transparency-log formats have in common: the tree's hash, and the strict reading of decimals and base64.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use data_encoding::{BASE64, HEXLOWER};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::ids::ByteString;

/// SHA-256 hash of a leaf, a node or a whole tree (RFC 9162 §2.1).
///
/// Byte string in binary formats, lower-case hex in JSON, padded base64 in the C2SP text formats.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeHash([u8; 32]);

impl TreeHash {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// The root of the tree without leaves, SHA-256 of nothing (RFC 9162 §2.1.1).
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
        0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// The hash made of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash made of these bytes, or nothing where their number is not [`Self::LEN`].
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash written as lower-case hex, or nothing where the text is anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| Self::from_slice(&bytes))
    }

    /// The hash written as padded standard base64, or nothing where the text is anything else.
    pub fn from_base64(text: &str) -> Option<Self> {
        strict_base64(text).and_then(|bytes| Self::from_slice(&bytes))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes as lower-case hex.
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// The bytes as padded standard base64.
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }
}

impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeHash({self})")
    }
}

impl Serialize for TreeHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_hex())
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for TreeHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ByteString(bytes) = ByteString::deserialize(deserializer)?;
        Self::from_slice(&bytes).ok_or_else(|| {
            D::Error::custom(format_args!("a tree hash has {} bytes, expected {}", bytes.len(), Self::LEN))
        })
    }
}

/// Reads an ASCII decimal without sign, leading zero, space or overflow.
pub(crate) fn strict_decimal(text: &str) -> Option<u64> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !text.starts_with('0');
    if digits_only && shortest { text.parse().ok() } else { None }
}

/// Reads padded standard base64 (RFC 4648 §4) in its only spelling.
pub(crate) fn strict_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    // The decoder also takes several padded texts in a row.
    (BASE64.encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_tree_hash_reads_back_from_each_of_its_spellings() {
        let hash = TreeHash::new([0xab; 32]);
        assert_eq!(TreeHash::from_hex(&hash.to_hex()), Some(hash));
        assert_eq!(TreeHash::from_base64(&hash.to_base64()), Some(hash));
        assert_eq!(TreeHash::from_slice(hash.as_bytes()), Some(hash));
        assert_eq!(TreeHash::from_slice(&[0; 31]), None);
        assert_eq!(TreeHash::from_hex(&hash.to_hex().to_uppercase()), None);
        assert_eq!(format!("{hash:?}"), format!("TreeHash({})", "ab".repeat(32)));
    }

    #[test]
    fn a_tree_hash_is_hex_in_json_and_a_byte_string_in_cbor() {
        let hash = TreeHash::new([7; 32]);
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json, format!("\"{}\"", "07".repeat(32)));
        assert_eq!(serde_json::from_str::<TreeHash>(&json).unwrap(), hash);
        let cbor = serde_cbor::ser::to_vec_packed(&hash).unwrap();
        assert_eq!(cbor.get(..2), Some(&[0x58, 0x20][..]));
        assert_eq!(cbor.len(), 34);
        assert_eq!(serde_cbor::from_slice::<TreeHash>(&cbor).unwrap(), hash);
        assert!(serde_json::from_str::<TreeHash>("\"0707\"").is_err());
    }

    #[test]
    fn a_decimal_has_one_spelling() {
        assert_eq!(strict_decimal("0"), Some(0));
        assert_eq!(strict_decimal("20852163"), Some(20_852_163));
        assert_eq!(strict_decimal("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "18446744073709551616", "٣"] {
            assert_eq!(strict_decimal(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn base64_with_missing_padding_or_stray_bits_is_refused() {
        assert_eq!(strict_base64("Zg=="), Some(Vec::from(*b"f")));
        for bad in ["Zg", "Zg=", "Zh==", "Zg==\n", " Zg==", "Zg-_", "Zg==Zg=="] {
            assert_eq!(strict_base64(bad), None, "{bad:?}");
        }
    }
}
