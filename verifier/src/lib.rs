//! writ's offline verifier. Needs no server and trusts none.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod checkpoint;
pub mod merkle;
pub mod note;
