//! Record types and byte formats of writ.
//!
//! In scope: what statements say ([`payload`], [`kinds`], [`scope`]), the one canonical encoding ([`canonical`]), the
//! signed envelope ([`envelope`]), a statement's place in the log ([`entry`]), the formats in which a log shows itself
//! ([`note`], [`checkpoint`], [`proof`], [`tile`], [`receipt`], [`bundle`], [`fork`], [`omission`], [`trust`]), what statements
//! are found by ([`term`]) and asked for ([`query`]), and every
//! bound ([`limits`]). `docs/format.md` states the bytes.
//!
//! Out of scope: whether anything is true. Signatures, proofs, roles and rules are the `verifier`'s. No I/O, no clock.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod batch;
pub mod bundle;
pub mod canonical;
pub mod checkpoint;
pub mod digest;
pub mod entry;
pub mod envelope;
pub mod fork;
pub mod ids;
pub mod kinds;
pub mod limits;
pub mod note;
pub mod omission;
pub mod payload;
pub mod proof;
pub mod query;
pub mod receipt;
pub mod reference;
pub mod scope;
pub mod term;
pub mod text;
pub mod tile;
pub mod time;
pub mod tree;
pub mod trust;
mod words;
