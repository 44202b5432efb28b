//! Signed notes: text that several keys may sign, one signature line each (C2SP signed-note v1.0.0).
//!
//! In scope: the format, key names and ids, verifier keys, and which bytes a signature covers.
//! Out of scope: checking a signature (`verifier`) and what the text means ([`crate::checkpoint`]).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use data_encoding::BASE64;
use thiserror::Error;

use crate::limits::{KEY_NAME_BYTES_MAX, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};
use crate::tree::strict_base64;

mod key;

pub use key::{NoteKeyId, SignatureType, SignedBytes, VerifierKey, VerifierKeyError, cosigned_message};

/// What starts a signature line: em dash, space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Bytes of the key id that stand before the signature itself.
const KEY_ID_BYTES: usize = 4;

/// A text and the signature lines under it, in the order in which they were written.
///
/// Holds only what can be written down and read back; [`fmt::Display`] gives the exact bytes that [`Note::parse`] read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line. Nothing about it has been checked but its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key that is said to have signed.
    pub name: KeyName,
    /// Short id of that key: a hint, never an identity.
    pub key_id: NoteKeyId,
    /// What follows the key id; its form depends on the key's type. At least one byte.
    pub signature: Vec<u8>,
}

/// The name of a key, by convention a URL without its scheme: not empty, no Unicode space, no `+`, no control character,
/// at most [`KEY_NAME_BYTES_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl Note {
    /// The note made of this text and these signatures.
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        check_text(&text)?;
        if signatures.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        if signatures.len() > NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures { got: signatures.len(), max: NOTE_SIGNATURES_MAX });
        }
        if let Some(at) = signatures.iter().position(|line| line.signature.is_empty()) {
            return Err(NoteError::SignatureLine { line: at.saturating_add(1) });
        }
        let note = Self { text, signatures };
        check_size(note.to_string().len())?;
        Ok(note)
    }

    /// Reads a whole note. Every byte of the input belongs to it.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        check_size(bytes.len())?;
        let note =
            core::str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8 { at: error.valid_up_to() })?;
        check_characters(note)?;
        let (text, lines) = split_at_last_blank_line(note).ok_or(NoteError::NoBlankLine)?;
        let lines = match lines.strip_suffix('\n') {
            Some(lines) => lines,
            None if lines.is_empty() => return Err(NoteError::NoSignatures),
            None => return Err(NoteError::Unterminated),
        };
        let mut signatures = Vec::new();
        for (at, line) in lines.split('\n').enumerate() {
            if at >= NOTE_SIGNATURES_MAX {
                let got = lines.split('\n').count();
                return Err(NoteError::TooManySignatures { got, max: NOTE_SIGNATURES_MAX });
            }
            let line_number = at.saturating_add(1);
            let signature =
                NoteSignature::parse(line).ok_or(NoteError::SignatureLine { line: line_number })?;
            signatures.push(signature);
        }
        Ok(Self { text: text.to_string(), signatures })
    }

    /// The text, ending in a newline. Means nothing until a trusted key is known to have signed it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, first line first.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The same note with further signatures under it: what a witness's answer adds.
    pub fn with_signatures(&self, more: Vec<NoteSignature>) -> Result<Self, NoteError> {
        let mut signatures = self.signatures.clone();
        signatures.extend(more);
        Self::new(self.text.clone(), signatures)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl NoteSignature {
    /// Reads one signature line, without its newline.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        let decoded = strict_base64(encoded)?;
        let (key_id, signature) = decoded.split_first_chunk::<KEY_ID_BYTES>()?;
        if signature.is_empty() {
            return None;
        }
        Some(Self {
            name: KeyName::new(name).ok()?,
            key_id: NoteKeyId::new(*key_id),
            signature: signature.to_vec(),
        })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.key_id.as_bytes().to_vec();
        bytes.extend_from_slice(&self.signature);
        write!(f, "{SIGNATURE_PREFIX}{} {}", self.name, BASE64.encode_display(&bytes))
    }
}

impl KeyName {
    /// The name written like this.
    pub fn new(name: &str) -> Result<Self, KeyNameError> {
        if name.is_empty() {
            return Err(KeyNameError::Empty);
        }
        if name.len() > KEY_NAME_BYTES_MAX {
            return Err(KeyNameError::TooLong { got: name.len(), max: KEY_NAME_BYTES_MAX });
        }
        match name.char_indices().find(|(_, c)| *c == '+' || c.is_whitespace() || c.is_control()) {
            Some((at, _)) => Err(KeyNameError::Character { at }),
            None => Ok(Self(name.to_string())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_size(got: usize) -> Result<(), NoteError> {
    if got > NOTE_BYTES_MAX { Err(NoteError::TooLarge { got, max: NOTE_BYTES_MAX }) } else { Ok(()) }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    match text.bytes().position(|byte| byte < 0x20 && byte != b'\n') {
        Some(at) => Err(NoteError::ControlCharacter { at }),
        None => Ok(()),
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    check_characters(text)?;
    if text.ends_with('\n') { Ok(()) } else { Err(NoteError::Unterminated) }
}

/// The text with its final newline, and what comes after the blank line.
fn split_at_last_blank_line(note: &str) -> Option<(&str, &str)> {
    let at = note.rfind("\n\n")?;
    let (text, rest) = note.split_at_checked(at.checked_add(1)?)?;
    Some((text, rest.strip_prefix('\n')?))
}

/// Why bytes are no signed note.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// More than [`NOTE_BYTES_MAX`] bytes.
    #[error("the note has {got} bytes, at most {max} are allowed")]
    TooLarge {
        /// Bytes there are.
        got: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Not UTF-8.
    #[error("the note is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// A character below U+0020 other than newline.
    #[error("the note has a control character at byte {at}")]
    ControlCharacter {
        /// Offset of the character, in bytes.
        at: usize,
    },
    /// Nothing separates text and signatures.
    #[error("the note has no blank line between text and signatures")]
    NoBlankLine,
    /// Nothing follows the blank line.
    #[error("the note has no signature")]
    NoSignatures,
    /// The last line has no newline.
    #[error("the note's last line does not end in a newline")]
    Unterminated,
    /// More than [`NOTE_SIGNATURES_MAX`] signature lines.
    #[error("the note has {got} signatures, at most {max} are allowed")]
    TooManySignatures {
        /// Signature lines there are.
        got: usize,
        /// Signature lines allowed.
        max: usize,
    },
    /// A line under the blank line is not `— <name> <base64>`.
    #[error("signature line {line} of the note is malformed")]
    SignatureLine {
        /// Number of the signature line, from 1.
        line: usize,
    },
}

impl NoteError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "note-too-large",
            Self::NotUtf8 { .. } => "note-not-utf8",
            Self::ControlCharacter { .. } => "note-control-character",
            Self::NoBlankLine => "note-no-blank-line",
            Self::NoSignatures => "note-unsigned",
            Self::Unterminated => "note-unterminated",
            Self::TooManySignatures { .. } => "note-too-many-signatures",
            Self::SignatureLine { .. } => "note-signature-line",
        }
    }
}

/// Why a text names no key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyNameError {
    /// No character.
    #[error("the key name is empty")]
    Empty,
    /// More than [`KEY_NAME_BYTES_MAX`] bytes.
    #[error("the key name has {got} bytes, at most {max} are allowed")]
    TooLong {
        /// Bytes there are.
        got: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A space, a `+` or a control character.
    #[error("the key name has a space, a plus or a control character at byte {at}")]
    Character {
        /// Offset of the character, in bytes.
        at: usize,
    },
}

impl KeyNameError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "key-name-empty",
            Self::TooLong { .. } => "key-name-too-long",
            Self::Character { .. } => "key-name-character",
        }
    }
}

#[cfg(test)]
mod tests;
