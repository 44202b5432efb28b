//! Fixed-length byte names that cannot be mixed up: one type a meaning, one shared face.
//!
//! In CBOR each is a byte string of exactly its length; in the JSON form it is lower-case hex.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use data_encoding::HEXLOWER;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The name made of these bytes.
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The name made of these bytes, or nothing where their number is not [`Self::LEN`].
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The name written as lower-case hex, or nothing where the text is anything else.
            pub fn from_hex(text: &str) -> Option<Self> {
                HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| Self::from_slice(&bytes))
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The bytes as lower-case hex.
            pub fn to_hex(&self) -> String {
                HEXLOWER.encode(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.to_hex())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_bytes(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_fixed(deserializer, $what).map(Self)
            }
        }
    };
}

fixed_bytes!(
    /// BLAKE3-256 of a statement's bytes: the statement's name everywhere.
    StatementId, 32, "a statement id"
);
fixed_bytes!(
    /// The id of a log's genesis statement: the log's name.
    LogId, 32, "a log id"
);
fixed_bytes!(
    /// COSE key thumbprint (RFC 9679, SHA-256) of an Ed25519 public key.
    KeyId, 32, "a key id"
);
fixed_bytes!(
    /// BLAKE3-256 of an entry's bytes; the next entry's link names it. For index 0 it is of the origin.
    EntryHash, 32, "an entry hash"
);
fixed_bytes!(
    /// An Ed25519 public key (RFC 8032).
    PublicKey, 32, "an Ed25519 public key"
);
fixed_bytes!(
    /// An Ed25519 signature (RFC 8032).
    Signature, 64, "an Ed25519 signature"
);
fixed_bytes!(
    /// Random name of one run of an emitter; sequence numbers count within it.
    StreamId, 16, "a stream id"
);

fixed_bytes!(
    /// Short name of an index term: the first 16 bytes of BLAKE3 over the term's canonical bytes.
    ///
    /// A collision can add an entry to an answer, which is then looked at and dropped; it can never take one away.
    TermId, 16, "a term id"
);

impl From<StatementId> for LogId {
    /// The log named by its genesis statement.
    fn from(genesis: StatementId) -> Self {
        Self(genesis.0)
    }
}

impl From<LogId> for StatementId {
    /// The genesis statement that names the log.
    fn from(log: LogId) -> Self {
        Self(log.0)
    }
}

impl StatementId {
    /// The id of the statement made of these bytes.
    pub fn of(statement: &[u8]) -> Self {
        Self(*blake3::hash(statement).as_bytes())
    }
}

impl EntryHash {
    /// The hash of the entry made of these bytes.
    pub fn of(entry: &[u8]) -> Self {
        Self(*blake3::hash(entry).as_bytes())
    }

    /// The link of the entry at index 0: the hash of the origin's UTF-8 bytes.
    pub fn of_origin(origin: &str) -> Self {
        Self::of(origin.as_bytes())
    }
}

/// A byte string of any length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteString(pub Vec<u8>);

impl fmt::Debug for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteString({})", HEXLOWER.encode(&self.0))
    }
}

impl Serialize for ByteString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_bytes(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for ByteString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_bytes(deserializer).map(Self)
    }
}

fn serialize_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&HEXLOWER.encode(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

/// A byte string of exactly `N` bytes; `what` it is, for the refusal.
fn deserialize_fixed<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
    what: &'static str,
) -> Result<[u8; N], D::Error> {
    struct Fixed<const N: usize>(&'static str);
    impl<const N: usize> Visitor<'_> for Fixed<N> {
        type Value = [u8; N];
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a byte string")
        }
        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<[u8; N], E> {
            let Self(what) = self;
            let wrong = |_| E::custom(format_args!("{what} has {} bytes, expected {N}", bytes.len()));
            bytes.try_into().map_err(wrong)
        }
    }
    if deserializer.is_human_readable() {
        let bytes = deserialize_bytes(deserializer)?;
        Fixed(what).visit_bytes(&bytes)
    } else {
        deserializer.deserialize_bytes(Fixed(what))
    }
}

fn deserialize_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Hex;
    impl Visitor<'_> for Hex {
        type Value = Vec<u8>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("lower-case hex")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            HEXLOWER
                .decode(text.as_bytes())
                .map_err(|_| E::custom(format_args!("`{text}` is not lower-case hex")))
        }
    }
    struct Bytes;
    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a byte string")
        }
        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }
    if deserializer.is_human_readable() {
        deserializer.deserialize_str(Hex)
    } else {
        deserializer.deserialize_bytes(Bytes)
    }
}
