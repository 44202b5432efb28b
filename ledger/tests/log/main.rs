//! A log under test: every step ends in a check of everything.

mod anchors;
mod appending;
mod faults;
mod harness;
mod memory;
mod model;
mod tampering;
