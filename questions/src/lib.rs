//! What responders and auditors ask a log, and the answers: as data, and as the text that people read.
//!
//! In scope: which entries answer a question ([`kept`]), the answers, and their text, the same wherever it is shown. Each answer
//! names the head that it is as of, counts what it lists and says whether that was cut.
//!
//! Out of scope: whether there was authority, which [`verifier::judge`] alone decides; where entries are kept (`ledger`, a
//! mirror, a bundle); how a question comes in and an answer goes out. No I/O, no clock, no async.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod asked;
pub mod authority;
pub mod blast;
pub mod chain;
pub mod chains;
pub mod counts;
pub mod course;
pub mod coverage;
pub mod crossings;
pub mod diff;
pub mod effect;
pub mod grants;
pub mod judging;
pub mod kept;
pub mod listing;
pub mod lookup;
pub mod mark;
pub mod page;
pub mod reach;
pub mod revisions;
mod rows;
pub mod scopes;
pub mod standing;
pub mod summary;
pub mod sweep;
mod text;
pub mod uses;
pub mod what_if;
pub mod who;
pub mod why;

pub use text::{plural, printable, short, shown_moment};
