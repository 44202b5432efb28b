//! A log under test: every step ends in a check of everything.

mod anchors;
mod appending;
mod client;
mod drafts;
mod faults;
mod filing;
mod harness;
mod http;
mod interface;
mod log_keys;
mod machine;
mod memory;
mod model;
mod naming;
mod publishing;
mod reindex;
mod restored;
mod searching;
mod streaming;
mod tampering;
mod tiles;
mod together;
mod unreadable;
