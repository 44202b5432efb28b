//! Keys that sign notes: their short ids, their text form (`vkey`), and the bytes that their signatures cover.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{KeyName, KeyNameError};
use crate::ids::{PublicKey, Signature};
use crate::tree::strict_base64;

/// Largest time a cosignature may carry, in seconds since the epoch (C2SP tlog-cosignature, Format).
const COSIGNATURE_TIME_MAX: u64 = (1 << 63) - 1;

/// The first four bytes of a hash over name, type and public key: tells keys apart, proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKeyId([u8; 4]);

/// The kinds of note signature that writ reads (C2SP signed-note, Signature types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureType {
    /// Ed25519 over the text: a log's own signature.
    Ed25519,
    /// Timestamped Ed25519 cosignature of a checkpoint: a witness's signature, or the line by which a log says when it last
    /// renewed its checkpoint (C2SP tlog-cosignature, v1).
    Cosignature,
}

/// A public key under a name and a type. Written `<name>+<key id>+<base64 of type and key>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: KeyName,
    kind: SignatureType,
    public_key: PublicKey,
    id: NoteKeyId,
}

/// What has to verify under a key's public half for one signature line to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBytes {
    /// The exact bytes that were signed.
    pub message: Vec<u8>,
    /// The Ed25519 signature over them.
    pub signature: Signature,
    /// When the signer says it signed, in seconds since the epoch; nothing for a signature without a time.
    pub time: Option<u64>,
}

impl NoteKeyId {
    /// The id made of these bytes.
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The id of a key: `SHA-256(name || 0x0A || type || public key)[:4]`.
    pub fn of(name: &KeyName, kind: SignatureType, public_key: &PublicKey) -> Self {
        let mut hash = Sha256::new();
        hash.update(name.as_str());
        hash.update([b'\n', kind.byte()]);
        hash.update(public_key.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        Self([a, b, c, d])
    }

    /// The bytes, most significant first.
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

impl fmt::Display for NoteKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", HEXLOWER.encode_display(&self.0))
    }
}

impl fmt::Debug for NoteKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteKeyId({self})")
    }
}

impl SignatureType {
    /// The byte that stands for the type.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    /// The type that the byte stands for, if writ reads it.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x04 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

impl VerifierKey {
    /// The key made of these parts.
    pub fn new(name: KeyName, kind: SignatureType, public_key: PublicKey) -> Self {
        let id = NoteKeyId::of(&name, kind, &public_key);
        Self { name, kind, public_key, id }
    }

    /// The key with which whoever signs with this one states a time: name and public key are the same, the type is that of
    /// a cosignature, under which nothing can be taken for a signature of another type.
    pub fn for_times(&self) -> Self {
        Self::new(self.name.clone(), SignatureType::Cosignature, self.public_key)
    }

    /// Reads a `vkey`, whose key id must be the one that follows from the rest.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let (name, rest) = text.split_once('+').ok_or(VerifierKeyError::Form)?;
        let (id, key) = rest.split_once('+').ok_or(VerifierKeyError::Form)?;
        let name = KeyName::new(name)?;
        let id = HEXLOWER.decode(id.as_bytes()).ok().and_then(|id| id.try_into().ok()).map(NoteKeyId);
        let got = id.ok_or(VerifierKeyError::Form)?;
        let bytes = strict_base64(key).ok_or(VerifierKeyError::Form)?;
        let (type_byte, bytes) = bytes.split_first().ok_or(VerifierKeyError::Form)?;
        let kind = SignatureType::from_byte(*type_byte)
            .ok_or(VerifierKeyError::UnsupportedType { type_byte: *type_byte })?;
        let public_key = PublicKey::from_slice(bytes)
            .ok_or(VerifierKeyError::Length { got: bytes.len(), expected: PublicKey::LEN })?;
        let key = Self::new(name, kind, public_key);
        if key.id != got {
            return Err(VerifierKeyError::IdMismatch { got, expected: key.id });
        }
        Ok(key)
    }

    /// The key's name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// What the key signs.
    pub fn kind(&self) -> SignatureType {
        self.kind
    }

    /// The public key itself: the only thing that identifies the key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The short id that signature lines carry.
    pub fn id(&self) -> NoteKeyId {
        self.id
    }

    /// What has to verify for a line of this key with these signature bytes to count, or nothing where the bytes do not
    /// have the form that the key's type asks for.
    pub fn signed_bytes(&self, text: &str, signature: &[u8]) -> Option<SignedBytes> {
        match self.kind {
            SignatureType::Ed25519 => Some(SignedBytes {
                message: text.as_bytes().to_vec(),
                signature: Signature::from_slice(signature)?,
                time: None,
            }),
            SignatureType::Cosignature => {
                let (time, signature) = signature.split_first_chunk::<8>()?;
                let time = u64::from_be_bytes(*time);
                if time > COSIGNATURE_TIME_MAX {
                    return None;
                }
                Some(SignedBytes {
                    message: cosigned_message(time, text),
                    signature: Signature::from_slice(signature)?,
                    time: Some(time),
                })
            }
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::from([self.kind.byte()]);
        bytes.extend_from_slice(self.public_key.as_bytes());
        write!(f, "{}+{}+{}", self.name, self.id, BASE64.encode_display(&bytes))
    }
}

/// What a v1 cosigner signs: a header line, its time in seconds since the epoch, and the whole checkpoint text.
pub fn cosigned_message(time: u64, text: &str) -> Vec<u8> {
    let message: String = format!("cosignature/v1\ntime {time}\n{text}");
    message.into_bytes()
}

/// Why a text is no verifier key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifierKeyError {
    /// Not `<name>+<8 hex digits>+<base64>`.
    #[error("the verifier key is not of the form name+id+key")]
    Form,
    /// The name is not one.
    #[error(transparent)]
    Name(#[from] KeyNameError),
    /// A kind of key that writ does not read.
    #[error("the verifier key has the unsupported type {type_byte:#04x}")]
    UnsupportedType {
        /// The byte that names the type.
        type_byte: u8,
    },
    /// The public key is too short or too long.
    #[error("the public key has {got} bytes, expected {expected}")]
    Length {
        /// Bytes there are.
        got: usize,
        /// Bytes the type asks for.
        expected: usize,
    },
    /// The id does not follow from name, type and key.
    #[error("the verifier key carries the id {got}, expected {expected}")]
    IdMismatch {
        /// The id in the text.
        got: NoteKeyId,
        /// The id that follows from the rest.
        expected: NoteKeyId,
    },
}

impl VerifierKeyError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form => "verifier-key-form",
            Self::Name(error) => error.code(),
            Self::UnsupportedType { .. } => "verifier-key-type",
            Self::Length { .. } => "verifier-key-length",
            Self::IdMismatch { .. } => "verifier-key-id",
        }
    }
}
