//! Whether bytes are the attachment that a statement carries the digest of (docs/format.md, Payload).
//!
//! An attachment is kept outside the log and may be erased; what is left is its digest. Whoever offers bytes later shows with
//! this that they are those, and not others in their place.

use alloc::format;
use alloc::string::String;

use schemas::payload::Attachment;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Length of the salt that stands before the bytes of a salted attachment, in bytes.
pub const SALT_BYTES: usize = 32;

/// Why bytes are not shown to be an attachment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AttachmentError {
    /// There are more or fewer of them.
    #[error("the attachment `{name}` has {expected} bytes; these are {got}")]
    Size {
        /// The attachment.
        name: String,
        /// Its size.
        expected: u64,
        /// How many there are.
        got: u64,
    },
    /// They are others, or the salt is.
    #[error("the attachment `{name}` has the digest {expected}; of these bytes it is {got}")]
    Digest {
        /// The attachment.
        name: String,
        /// Its digest, in hex.
        expected: String,
        /// That of the bytes.
        got: String,
    },
    /// It is salted and no salt was given, or the other way round.
    #[error("the attachment `{name}` is {}: give its bytes {} the salt", if *salted { "salted" } else { "not salted" }, if *salted { "with" } else { "without" })]
    Salt {
        /// The attachment.
        name: String,
        /// Whether it is salted.
        salted: bool,
    },
}

impl AttachmentError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Size { .. } | Self::Digest { .. } => "redaction-mismatch",
            Self::Salt { .. } => "attachment-salt",
        }
    }
}

/// Checks that `bytes`, with the salt that was kept beside them, are the attachment.
pub fn check(
    attachment: &Attachment,
    salt: Option<&[u8; SALT_BYTES]>,
    bytes: &[u8],
) -> Result<(), AttachmentError> {
    let Attachment { name, size, digest, salted, .. } = attachment;
    let name = || String::from(name.as_str());
    if salt.is_some() != *salted {
        return Err(AttachmentError::Salt { name: name(), salted: *salted });
    }
    let got = bytes.len() as u64;
    if got != *size {
        return Err(AttachmentError::Size { name: name(), expected: *size, got });
    }
    let mut hash = Sha256::new();
    if let Some(salt) = salt {
        hash.update(salt);
    }
    hash.update(bytes);
    let got: [u8; 32] = hash.finalize().into();
    if got.as_slice() != digest.0.as_slice() {
        return Err(AttachmentError::Digest { name: name(), expected: hex(&digest.0), got: hex(&got) });
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
