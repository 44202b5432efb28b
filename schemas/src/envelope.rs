//! The signed envelope: COSE_Sign1 (RFC 9052 §4.2) with an empty unprotected map, and the statement inside it.
//!
//! In scope: taking foreign bytes apart without trusting them, and putting signed bytes together. Out of scope: whether
//! a signature is right, and whose key may say what, which is the verifier's.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use coset::cbor::Value;
use coset::{
    CoseSign1, CoseSign1Builder, Header, HeaderBuilder, RegisteredLabel, RegisteredLabelWithPrivate, iana,
};
use coset::{Label, ProtectedHeader, TaggedCborSerializable};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::canonical::{self, ScanError, Writer};
use crate::ids::{KeyId, PublicKey, Signature, StatementId};
use crate::limits::STATEMENT_BYTES_MAX;
use crate::payload::{Payload, PayloadError};
use crate::text::{PrincipalId, TextError};

/// Content type in the protected header.
pub const CONTENT_TYPE: &str = "application/writ+cbor";

/// Protected header label of the CWT claims (RFC 9597), and the claims in it (RFC 8392).
const CWT_CLAIMS: i64 = 15;
const CLAIM_ISS: i64 = 1;
const CLAIM_SUB: i64 = 2;

/// What a Sig_structure begins with: the head of an array of four, and its context (RFC 9052 §4.4).
const SIG_STRUCTURE: &[u8] = b"\x84\x6aSignature1";

/// Lengths in an envelope: the tag 18 with the head of an array of four, and an empty map.
const TAG_AND_ARRAY: usize = 2;
const EMPTY_MAP: usize = 1;

/// A COSE_Sign1 whose header has this format's form. Its signature has not been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// BLAKE3-256 of the bytes.
    pub id: StatementId,
    /// The signing key, by thumbprint.
    pub kid: KeyId,
    /// The signing principal, as the signer says.
    pub iss: PrincipalId,
    /// The task, or the thing that the statement is about.
    pub sub: String,
    /// The signature.
    pub signature: Signature,
    protected: Range<usize>,
    payload: Range<usize>,
    bytes: Vec<u8>,
}

/// An envelope and the payload in it, decoded. The signature has not been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The envelope.
    pub envelope: Envelope,
    /// What it says.
    pub payload: Payload,
}

/// Why bytes are not a statement of this format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StatementError {
    /// Longer than [`STATEMENT_BYTES_MAX`].
    #[error("{got} bytes; a statement has at most {STATEMENT_BYTES_MAX}")]
    TooLarge {
        /// Length met, in bytes.
        got: usize,
    },
    /// The bytes, the protected header or the payload are not canonical CBOR.
    #[error("{part}: {error}")]
    Scan {
        /// Which part.
        part: &'static str,
        /// Why not.
        error: ScanError,
    },
    /// Not `18([protected, {}, payload, signature])`.
    #[error("not a COSE_Sign1 with attached payload: {detail}")]
    NotSign1 {
        /// What was met.
        detail: String,
    },
    /// The unprotected map has entries, which nobody signed.
    #[error("the unprotected header is not empty; nothing in it is signed")]
    UnprotectedHeader,
    /// Signing algorithm other than Ed25519 (−19, or −8 when reading).
    #[error("algorithm {got}; expected -19 (Ed25519)")]
    Algorithm {
        /// Algorithm met.
        got: String,
    },
    /// A critical header that this format does not know.
    #[error("critical header {got} is not known here")]
    Critical {
        /// Label met.
        got: String,
    },
    /// The protected header is not `{1: -19, 3: "application/writ+cbor", 4: kid, 15: {1: iss, 2: sub}}`.
    #[error("protected header: {detail}")]
    Header {
        /// What was met.
        detail: String,
    },
    /// `iss` is not a principal URI.
    #[error("issuer: {0}")]
    Issuer(TextError),
    /// No signature, or not one of 64 bytes.
    #[error("the signature has {got} bytes; Ed25519 has 64")]
    SignatureLength {
        /// Length met, in bytes.
        got: usize,
    },
    /// `sub` is not the task, or the thing that the payload is about.
    #[error("sub is `{got}`; by its payload the statement is about `{expected}`")]
    Subject {
        /// What the payload is about.
        expected: String,
        /// What the header says.
        got: String,
    },
    /// The payload is not of this format.
    #[error("payload: {0}")]
    Payload(Box<PayloadError>),
}

impl StatementError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "statement-too-large",
            Self::Scan { error, .. } => error.code(),
            Self::NotSign1 { .. } => "not-cose-sign1",
            Self::UnprotectedHeader => "unprotected-header",
            Self::Algorithm { .. } => "algorithm",
            Self::Critical { .. } => "critical-header",
            Self::Header { .. } => "protected-header",
            Self::Issuer(_) => "issuer",
            Self::SignatureLength { got: 0 } => "unsigned",
            Self::SignatureLength { .. } => "signature-length",
            Self::Subject { .. } => "subject-mismatch",
            Self::Payload(payload) => payload.code(),
        }
    }

    /// Whether the payload may be of a later format: it must then be kept opaque, not called wrong.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Payload(payload) if payload.is_unknown())
    }
}

impl KeyId {
    /// Thumbprint of an Ed25519 public key (RFC 9679 §3): SHA-256 of the COSE_Key `{1: 1, -1: 6, -2: x}`.
    pub fn of(public: &PublicKey) -> Self {
        let mut writer = Writer::with_capacity(40);
        // The labels -1 and -2 in their one-byte encoding; `Writer` writes no negative numbers.
        writer.map(3).uint(1).uint(1).raw(&[0x20]).uint(6).raw(&[0x21]).bytes(public.as_bytes());
        Self::new(Sha256::digest(writer.into_bytes()).into())
    }
}

impl Envelope {
    /// Takes the envelope apart, leaving the payload as it is.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > STATEMENT_BYTES_MAX {
            return Err(StatementError::TooLarge { got: bytes.len() });
        }
        scan("statement", bytes)?;
        match usual::read(bytes) {
            Some(found) => Self::of(bytes, found),
            None => Self::of(bytes, read_other(bytes)?),
        }
    }

    fn of(bytes: &[u8], (parts, claims): (usual::Parts, usual::Claims)) -> Result<Self, StatementError> {
        scan("payload", bytes.get(parts.payload.clone()).unwrap_or_default())?;
        Self::put_together(bytes, parts, claims)
    }

    fn put_together(
        bytes: &[u8],
        parts: usual::Parts,
        claims: usual::Claims,
    ) -> Result<Self, StatementError> {
        let usual::Parts { protected, payload, signature } = parts;
        let usual::Claims { kid, iss, sub } = claims;
        let iss = PrincipalId::new(iss).map_err(StatementError::Issuer)?;
        let id = StatementId::of(bytes);
        Ok(Self { id, kid, iss, sub, signature, protected, payload, bytes: bytes.to_vec() })
    }

    /// The bytes as received: what is stored, hashed and served.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The payload's bytes.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(self.payload.clone()).unwrap_or_default()
    }

    /// What the signature is over: the Sig_structure of RFC 9052 §4.4, without external data.
    pub fn to_be_signed(&self) -> Vec<u8> {
        to_be_signed(self.bytes.get(self.protected.clone()).unwrap_or_default(), self.payload())
    }

    /// The bytes of [`Self::to_be_signed`] in parts, none of them copied. Protected header and payload lie in the envelope as they do in
    /// the Sig_structure, each behind its head: the first behind the tag and the head of the array, the second behind the empty map.
    pub fn signed_parts(&self) -> [&[u8]; 4] {
        let part = |range| self.bytes.get(range).unwrap_or_default();
        let protected = part(TAG_AND_ARRAY..self.protected.end);
        let payload = part(self.protected.end.saturating_add(EMPTY_MAP)..self.payload.end);
        [SIG_STRUCTURE, protected, &[0x40], payload]
    }
}

impl Statement {
    /// Takes a statement apart: exactly the bytes that [`Unsigned::sign`] can make are accepted.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::open(Envelope::decode(bytes)?)
    }

    /// [`Statement::decode`] of bytes that it has accepted before, as whoever calls knows by where they were kept: what need not
    /// be asked again is not, and for other bytes than those the result means nothing. Total all the same.
    pub fn decode_accepted(bytes: &[u8]) -> Result<Self, StatementError> {
        let Some((parts, claims)) = usual::accepted(bytes) else { return Self::decode(bytes) };
        let envelope = Envelope::put_together(bytes, parts, claims)?;
        let payload =
            Payload::from_accepted(envelope.payload()).map_err(|e| StatementError::Payload(Box::new(e)))?;
        Ok(Self { envelope, payload })
    }

    /// Decodes the payload of an envelope.
    pub fn open(envelope: Envelope) -> Result<Self, StatementError> {
        let payload =
            Payload::from_scanned(envelope.payload()).map_err(|e| StatementError::Payload(Box::new(e)))?;
        let expected = payload.subject();
        if expected != envelope.sub {
            return Err(StatementError::Subject { expected, got: envelope.sub });
        }
        Ok(Self { envelope, payload })
    }

    /// The statement's id.
    pub fn id(&self) -> StatementId {
        self.envelope.id
    }
}

/// A statement that lacks only its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    protected: Vec<u8>,
    payload: Vec<u8>,
}

impl Unsigned {
    /// Puts header and payload together for the holder of a key.
    pub fn new(payload: &Payload, kid: &KeyId, iss: &PrincipalId) -> Result<Self, PayloadError> {
        let mut protected = Writer::with_capacity(192);
        protected.map(4).uint(1).raw(&[0x32]).uint(3).text(CONTENT_TYPE).uint(4).bytes(kid.as_bytes());
        protected.uint(15).map(2).uint(1).text(iss.as_str()).uint(2).text(&payload.subject());
        Ok(Self { protected: protected.into_bytes(), payload: payload.to_bytes()? })
    }

    /// What the key must sign.
    pub fn to_be_signed(&self) -> Vec<u8> {
        to_be_signed(&self.protected, &self.payload)
    }

    /// The statement's bytes under a signature made elsewhere over [`Self::to_be_signed`].
    pub fn sign(self, signature: &Signature) -> Result<Statement, StatementError> {
        let header = ProtectedHeader { original_data: Some(self.protected), header: Header::default() };
        let mut cose =
            CoseSign1Builder::new().payload(self.payload).signature(signature.as_bytes().to_vec()).build();
        cose.protected = header;
        let bytes = cose.to_tagged_vec().map_err(|e| StatementError::NotSign1 { detail: e.to_string() })?;
        Statement::decode(&bytes)
    }
}

/// The header that this format writes, as coset's type: for those who build statements with coset.
pub fn header(kid: &KeyId, iss: &PrincipalId, sub: &str) -> Header {
    let claims = Value::Map(alloc::vec![
        (Value::from(CLAIM_ISS), Value::from(iss.as_str())),
        (Value::from(CLAIM_SUB), Value::from(sub)),
    ]);
    HeaderBuilder::new()
        .algorithm(iana::Algorithm::Ed25519)
        .content_type(CONTENT_TYPE.into())
        .key_id(kid.as_bytes().to_vec())
        .value(CWT_CLAIMS, claims)
        .build()
}

fn scan(part: &'static str, bytes: &[u8]) -> Result<(), StatementError> {
    canonical::scan(bytes).map_err(|error| StatementError::Scan { part, error })
}

/// The Sig_structure of RFC 9052 §4.4, without external data.
pub(crate) fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(protected.len().saturating_add(payload.len()).saturating_add(24));
    writer.array(4).text("Signature1").bytes(protected).bytes(b"").bytes(payload);
    writer.into_bytes()
}

/// Takes any other envelope apart: what is wrong with it, or what it says where it differs in nothing that counts.
fn read_other(bytes: &[u8]) -> Result<(usual::Parts, usual::Claims), StatementError> {
    let not_sign1 = |detail: String| StatementError::NotSign1 { detail };
    let cose = CoseSign1::from_tagged_slice(bytes).map_err(|e| not_sign1(e.to_string()))?;
    if !cose.unprotected.is_empty() {
        return Err(StatementError::UnprotectedHeader);
    }
    let payload = cose.payload.ok_or_else(|| not_sign1("the payload is detached".into()))?;
    scan("protected header", &cose.protected.original_data.unwrap_or_default())?;
    scan("payload", &payload)?;
    let claims = read_header(&cose.protected.header)?;
    let got = cose.signature.len();
    Signature::from_slice(&cose.signature).ok_or(StatementError::SignatureLength { got })?;
    let parts = usual::parts(bytes).ok_or_else(|| not_sign1("its parts are not where they belong".into()))?;
    Ok((parts, claims))
}

/// Reads kid, iss and sub out of a header that has exactly this format's form.
fn read_header(header: &Header) -> Result<usual::Claims, StatementError> {
    let refuse = |detail: String| StatementError::Header { detail };
    if let Some(label) = header.crit.first() {
        return Err(StatementError::Critical { got: format!("{label:?}") });
    }
    match &header.alg {
        Some(RegisteredLabelWithPrivate::Assigned(iana::Algorithm::Ed25519 | iana::Algorithm::EdDSA)) => {}
        other => return Err(StatementError::Algorithm { got: format!("{other:?}") }),
    }
    if header.content_type != Some(RegisteredLabel::Text(CONTENT_TYPE.into())) {
        return Err(refuse(format!("content type {:?}; expected {CONTENT_TYPE}", header.content_type)));
    }
    let kid_len = header.key_id.len();
    let kid = KeyId::from_slice(&header.key_id)
        .ok_or_else(|| refuse(format!("kid has {kid_len} bytes; expected 32")))?;
    let claims = match header.rest.as_slice() {
        [(Label::Int(CWT_CLAIMS), Value::Map(claims))] => claims.as_slice(),
        other => return Err(refuse(format!("labels besides 1, 3, 4 and the claims 15: {other:?}"))),
    };
    if !header.iv.is_empty() || !header.partial_iv.is_empty() || !header.counter_signatures.is_empty() {
        return Err(refuse("has labels besides 1, 3, 4 and 15".into()));
    }
    match claims {
        [(iss_label, Value::Text(iss)), (sub_label, Value::Text(sub))]
            if *iss_label == Value::from(CLAIM_ISS) && *sub_label == Value::from(CLAIM_SUB) =>
        {
            Ok(usual::Claims { kid, iss: iss.clone(), sub: sub.clone() })
        }
        other => Err(refuse(format!("claims are not exactly {{1: iss, 2: sub}}: {other:?}"))),
    }
}

mod usual;

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
