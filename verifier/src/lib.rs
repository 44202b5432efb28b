//! writ's offline verifier. Needs no server and trusts none.
//!
//! In scope: whether signatures stand ([`signature`]), whose key may say what ([`registry`]), whether entries stand under a
//! head ([`merkle`], [`note`], [`checkpoint`]), what a bundle, a receipt or a whole log proves ([`bundle`], [`receipt`], [`log`],
//! [`evidence`]), that a log forked ([`fork`]), whether it answered truly ([`asserted`], [`omission`]),
//! what must be known to judge ([`needs`], [`gather`]), which statements a name can mean ([`naming`]), and whether an action was authorized ([`judge`]: the only place
//! where authority is decided).
//!
//! Out of scope: bytes and their forms (`schemas`), where entries are kept (`ledger`), what a person is shown (`cli`). No I/O,
//! no clock, no async: times are arguments or fields of what was verified.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod asserted;
pub mod attachment;
pub mod bundle;
pub mod checkpoint;
pub mod evidence;
pub mod fork;
pub mod gather;
pub mod judge;
pub mod log;
pub mod merkle;
pub mod naming;
pub mod needs;
pub mod note;
pub mod omission;
pub mod profile;
pub mod receipt;
pub mod registry;
pub mod rules;
pub mod signature;
pub mod verdict;
