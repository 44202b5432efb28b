//! What the HTTP interfaces of writ share, whatever they serve.
//!
//! In scope: the accept loop with its time limits, bounds of a request's head and body, problem details and how they are described, counters, the
//! address to listen on. Out of scope: routes, and what is true; that is each interface's own.

#![forbid(unsafe_code)]

mod accept;
pub mod address;
pub mod body;
mod lane;
mod layers;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod openapi;
pub mod problem;
mod stall;

pub use accept::{Stopping, serve};
pub use lane::lane;
pub use layers::{NextStep, around};
