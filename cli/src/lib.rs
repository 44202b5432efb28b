//! The part of `writ` that other programs measure: verifying a whole log on all cores.

#![forbid(unsafe_code)]

pub mod walk;
