//! Reading payloads: from canonical bytes, and from the JSON form of the same model.

use alloc::format;
use alloc::string::{String, ToString};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Body, Kind, PAYLOAD_VERSION, Payload, PayloadError};
use crate::canonical::{self, DecodeError, Items, Major, Shape};

impl Payload {
    /// Reads canonical bytes: accepts exactly what [`Payload::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PayloadError> {
        canonical::scan(bytes).map_err(DecodeError::from)?;
        Self::from_scanned(bytes)
    }

    /// [`Payload::from_bytes`] of bytes that the scanner has passed already.
    pub(crate) fn from_scanned(bytes: &[u8]) -> Result<Self, PayloadError> {
        Self::from_form(&Canonical(bytes))
    }

    /// [`Payload::from_bytes`] of bytes that it has accepted before.
    pub(crate) fn from_accepted(bytes: &[u8]) -> Result<Self, PayloadError> {
        Self::from_form(&Accepted(bytes))
    }

    /// Reads the JSON form, or any other self-describing form that can be read more than once: accepts exactly what
    /// serializing writes. Absent means absent: `null`, and a list or `false` that should be absent, are refused.
    pub fn from_json<'de, D: serde::Deserializer<'de> + Copy>(json: D) -> Result<Self, PayloadError> {
        Self::from_form(&Json(json, core::marker::PhantomData))
    }

    fn from_form<F: Form>(form: &F) -> Result<Self, PayloadError> {
        let lead = form.lead()?;
        if lead.v != PAYLOAD_VERSION {
            return Err(PayloadError::UnknownVersion { got: lead.v });
        }
        let Some(kind) = Kind::from_word(&lead.kind) else {
            let detail = format!("`{}` is not a kind of this format", lead.kind);
            return Err(PayloadError::UnknownKind { detail });
        };
        let payload = match kind {
            Kind::Genesis => form.payload()?.map_body(Body::Genesis),
            Kind::Key => form.payload()?.map_body(Body::Key),
            Kind::Principal => form.payload()?.map_body(Body::Principal),
            Kind::Link => form.payload()?.map_body(Body::Link),
            Kind::Task => form.payload()?.map_body(Body::Task),
            Kind::Delegation => form.payload()?.map_body(Body::Delegation),
            Kind::Credential => form.payload()?.map_body(Body::Credential),
            Kind::Decision => form.payload()?.map_body(Body::Decision),
            Kind::Approval => form.payload()?.map_body(Body::Approval),
            Kind::Action => form.payload()?.map_body(Body::Action),
            Kind::Revocation => form.payload()?.map_body(Body::Revocation),
            Kind::Policy => form.payload()?.map_body(Body::Policy),
            Kind::Stream => form.payload()?.map_body(Body::Stream),
            Kind::Assertion => form.payload()?.map_body(Body::Assertion),
            Kind::IndexRoot => form.payload()?.map_body(Body::IndexRoot),
            Kind::Correction => form.payload()?.map_body(Body::Correction),
        };
        payload.check()?;
        Ok(payload)
    }
}

/// A form that a payload can be read from: first what leads, then all of it as the kind found there.
trait Form {
    fn lead(&self) -> Result<Lead, DecodeError>;
    fn payload<B: DeserializeOwned + Serialize>(&self) -> Result<Payload<B>, DecodeError>;
}

/// What must be known before the rest can be read.
#[derive(Deserialize)]
struct Lead {
    v: u64,
    kind: String,
}

impl Lead {
    /// Finds the two fields without reading the others.
    fn find(bytes: &[u8]) -> Option<Self> {
        let mut items = Items::new(bytes);
        let (mut v, mut kind) = (None, None);
        for _ in 0..items.head(Major::Map)? {
            match items.text()? {
                "v" => v = Some(items.head(Major::Unsigned)?),
                "kind" => kind = Some(items.text()?),
                _ => items.skip()?,
            }
            if let (Some(v), Some(kind)) = (v, kind) {
                return Some(Self { v, kind: kind.into() });
            }
        }
        None
    }
}

/// Bytes that passed the scanner.
struct Canonical<'a>(&'a [u8]);

impl Form for Canonical<'_> {
    fn lead(&self) -> Result<Lead, DecodeError> {
        if let Some(lead) = Lead::find(self.0) {
            return Ok(lead);
        }
        // What is not where it belongs is named by the full reader, which would take bytes for a kind.
        let read = serde_cbor::from_slice::<Lead>(self.0);
        Err(read.map_or_else(|e| DecodeError::from_message(e.to_string()), |_| DecodeError::OtherForm))
    }

    fn payload<B: DeserializeOwned + Serialize>(&self) -> Result<Payload<B>, DecodeError> {
        canonical::from_scanned(self.0)
    }
}

/// Bytes that were accepted before.
struct Accepted<'a>(&'a [u8]);

impl Form for Accepted<'_> {
    fn lead(&self) -> Result<Lead, DecodeError> {
        Canonical(self.0).lead()
    }

    fn payload<B: DeserializeOwned + Serialize>(&self) -> Result<Payload<B>, DecodeError> {
        canonical::from_accepted(self.0)
    }
}

/// A deserializer of a human-readable form.
struct Json<'de, D>(D, core::marker::PhantomData<&'de ()>);

impl<'de, D: serde::Deserializer<'de> + Copy> Form for Json<'de, D> {
    fn lead(&self) -> Result<Lead, DecodeError> {
        Lead::deserialize(self.0).map_err(|e| DecodeError::from_message(e.to_string()))
    }

    fn payload<B: DeserializeOwned + Serialize>(&self) -> Result<Payload<B>, DecodeError> {
        let refuse = |e: D::Error| DecodeError::from_message(e.to_string());
        let payload = Payload::deserialize(self.0).map_err(refuse)?;
        let bytes =
            canonical::to_vec(&payload).map_err(|e| DecodeError::InvalidField { detail: e.to_string() })?;
        let same = Shape::of_scanned(&bytes)? == Shape::deserialize(self.0).map_err(refuse)?;
        if same { Ok(payload) } else { Err(DecodeError::OtherForm) }
    }
}

impl<B> Payload<B> {
    fn map_body<C>(self, wrap: impl FnOnce(B) -> C) -> Payload<C> {
        let Self {
            v,
            kind,
            log,
            tenant,
            stream,
            seq,
            at,
            seen,
            vantage,
            task,
            trace,
            refs,
            source,
            attachments,
            ext,
            body,
        } = self;
        let body = wrap(body);
        Payload {
            v,
            kind,
            log,
            tenant,
            stream,
            seq,
            at,
            seen,
            vantage,
            task,
            trace,
            refs,
            source,
            attachments,
            ext,
            body,
        }
    }
}
