//! The gateway side of writ: foreign bytes become drafts, drafts become signed statements, statements reach the log.
//!
//! In scope: signing ([`signer`]), JSON drafts ([`draft`], [`json`]), the spool that keeps what is signed until
//! it is logged ([`spool`]), the one HTTP client ([`client`]) and what posts in batches ([`forward`]); adapters for
//! foreign logs ([`cloudtrail`]).
//!
//! Out of scope: whether the log's answers are true. Receipts are checked by whoever calls [`forward`], with `verifier`.

#![forbid(unsafe_code)]

pub mod client;
pub mod cloudtrail;
pub mod draft;
pub mod forward;
pub mod json;
pub mod signer;
pub mod spool;
pub mod webhook;
