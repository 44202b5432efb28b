//! A witness: it remembers the latest checkpoint of each log it follows, and cosigns only what that one leads to
//! (C2SP tlog-witness, tlog-cosignature v1).
//!
//! In scope: the decision ([`decide`], pure), the state that outlives the program ([`state`]), the interface ([`http`]).
//! Out of scope: what a log's entries mean; a witness never sees one.

#![forbid(unsafe_code)]

mod cosigner;
pub mod decide;
pub mod folder;
pub mod http;
pub mod request;
mod service;
pub mod state;
mod watch;

pub use cosigner::Cosigner;
pub use service::{Answer, OpenError, Witness};
pub use watch::{REREAD_EVERY, watch};
