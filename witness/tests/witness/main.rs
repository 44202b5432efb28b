//! The witness from outside: the specification's demands, its memory, its HTTP interface.

mod harness;
mod http;
mod memory;
mod specification;
