//! Conformance: the Rust types, the CDDL, the JSON Schemas, the golden vectors and `docs/format.md` say the same.
//!
//! `WRIT_WRITE_VECTORS=1 cargo test -p tests --test conformance` writes the vectors anew instead of comparing them.

mod agreement;
mod bounds;
mod docs;
mod exceptions;
mod grammar;
mod instances;
mod item;
mod languages;
mod mutation;
mod names;
mod oracle;
mod receipts;
mod vectors;
