//! The digest that closes a file: BLAKE3-256 of all bytes before its own 32.
//!
//! It shows a file that was cut or damaged; nothing is believed for standing before it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use data_encoding::HEXLOWER;

use crate::ids::ByteString;

/// Length of the digest, in bytes.
const DIGEST_LEN: usize = 32;

/// A digest that is not the one of the bytes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherDigest {
    /// What the file ends in, in hex.
    pub expected: String,
    /// BLAKE3-256 of the bytes before, in hex.
    pub got: String,
}

/// What stands in the digest's place until the bytes before it are there.
pub fn placeholder() -> ByteString {
    ByteString(alloc::vec![0; DIGEST_LEN])
}

/// Puts the digest into its place, the last bytes.
pub fn close(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len().saturating_sub(DIGEST_LEN));
    let digest = blake3::hash(&bytes);
    bytes.extend_from_slice(digest.as_bytes());
    bytes
}

/// Holds the digest that was read, the last item, against the bytes before it.
pub fn check(bytes: &[u8], digest: &ByteString) -> Result<(), OtherDigest> {
    let body = bytes.get(..bytes.len().saturating_sub(DIGEST_LEN)).unwrap_or_default();
    let hash = blake3::hash(body);
    if digest.0 == hash.as_bytes() {
        return Ok(());
    }
    Err(OtherDigest { expected: HEXLOWER.encode(&digest.0), got: hash.to_hex().to_string() })
}
