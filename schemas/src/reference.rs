//! How one statement names another, or a thing of another system.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::ids::{LogId, StatementId};
use crate::text::{Line, Name, Uri};

/// A foreign id: `[type, namespace, value]`, the namespace being the URI of the system that issued it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(from = "(Name, Uri, Line)", into = "(Name, Uri, Line)")]
pub struct ForeignRef {
    /// What it is: `request`, `decision`, `event`, `jti`, `session`, `approval`, `access-key`, …
    pub kind: Name,
    /// URI of the issuing system.
    pub namespace: Uri,
    /// The id itself.
    pub value: Line,
}

impl From<(Name, Uri, Line)> for ForeignRef {
    fn from((kind, namespace, value): (Name, Uri, Line)) -> Self {
        Self { kind, namespace, value }
    }
}

impl From<ForeignRef> for (Name, Uri, Line) {
    fn from(foreign: ForeignRef) -> Self {
        (foreign.kind, foreign.namespace, foreign.value)
    }
}

impl fmt::Display for ForeignRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

/// `id`, `[log, id]` or `[type, namespace, value]` (design §4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A statement of this log.
    Id(StatementId),
    /// A statement of another log.
    InLog(LogId, StatementId),
    /// Whatever statement of the wanted kind carries this foreign id.
    Foreign(ForeignRef),
}

impl From<StatementId> for Reference {
    fn from(id: StatementId) -> Self {
        Self::Id(id)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::InLog(log, id) => write!(f, "{log}/{id}"),
            Self::Foreign(foreign) => foreign.fmt(f),
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => id.serialize(serializer),
            Self::InLog(log, id) => (log, id).serialize(serializer),
            Self::Foreign(foreign) => foreign.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let in_hex = deserializer.is_human_readable();
        deserializer.deserialize_any(ReferenceVisitor { in_hex })
    }
}

struct ReferenceVisitor {
    in_hex: bool,
}

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = Reference;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement id, [log, id] or [type, namespace, value]")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Reference, E> {
        StatementId::from_slice(bytes).map(Reference::Id).ok_or_else(|| E::invalid_length(bytes.len(), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Reference, E> {
        let id = if self.in_hex { StatementId::from_hex(text) } else { None };
        id.map(Reference::Id)
            .ok_or_else(|| E::custom(format_args!("`{text}` is not a statement id in lower-case hex")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Reference, A::Error> {
        let mut parts: Vec<Part> = Vec::new();
        while let Some(part) = items.next_element::<Part>()? {
            parts.push(part);
            if parts.len() > 3 {
                break;
            }
        }
        let reference = match <[Part; 2]>::try_from(parts) {
            Ok([log, id]) => log
                .fixed(self.in_hex)
                .zip(id.fixed(self.in_hex))
                .map(|(log, id)| Reference::InLog(LogId::new(log), StatementId::new(id))),
            Err(parts) => match <[Part; 3]>::try_from(parts) {
                Ok([Part::Text(kind), Part::Text(namespace), Part::Text(value)]) => {
                    Some(Reference::Foreign(ForeignRef {
                        kind: Name::new(kind).map_err(A::Error::custom)?,
                        namespace: Uri::new(namespace).map_err(A::Error::custom)?,
                        value: Line::new(value).map_err(A::Error::custom)?,
                    }))
                }
                _ => None,
            },
        };
        reference.ok_or_else(|| {
            A::Error::custom("a reference is a statement id, [log, id] or [type, namespace, value]")
        })
    }
}

/// One item of a reference before it is known which form it has.
enum Part {
    Text(String),
    Bytes(Vec<u8>),
}

impl Part {
    fn fixed(&self, in_hex: bool) -> Option<[u8; 32]> {
        match self {
            Self::Bytes(bytes) => bytes.as_slice().try_into().ok(),
            Self::Text(text) if in_hex => StatementId::from_hex(text).map(|id| *id.as_bytes()),
            Self::Text(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl Visitor<'_> for PartVisitor {
            type Value = Part;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or bytes")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Part, E> {
                Ok(Part::Text(text.into()))
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Part, E> {
                Ok(Part::Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_any(PartVisitor)
    }
}
