//! Canonical CBOR: the one reader and the one writer of signed bytes.
//!
//! Shortest integers, definite lengths, unique map keys in bytewise order of their encoding (RFC 8949 §4.2.1),
//! no floats, no null, no tag but 18, nesting ≤ [`crate::limits::CBOR_DEPTH_MAX`], integers within ±(2^53 − 1).
//!
//! In scope: deciding what is canonical ([`scan()`]), writing it ([`Writer`], [`to_vec`]), reading a model type back
//! ([`from_slice`]). Out of scope: what the bytes mean, which is `serde_cbor`'s and the model's job.

mod head;
mod items;
mod model;
mod same;
mod scan;
mod shape;
mod sort;
mod writer;

pub use head::{Head, Major, read_head};
pub(crate) use items::Items;
pub use model::{DecodeError, EncodeError, from_slice, to_vec};
pub(crate) use model::{from_accepted, from_scanned};
pub use scan::{ScanError, scan, scan_prefix};
pub(crate) use shape::Shape;
pub use writer::Writer;
