//! Whole-program tests and conformance vectors. The tests are in `tests/`, one binary a concern; the vectors in `vectors/`,
//! one file a case with its verdict inside.
//!
//! What several of them share is here: [`scenario`], a log in memory that is told a story.

pub mod scenario;
