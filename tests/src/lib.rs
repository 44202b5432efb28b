//! Whole-program tests and conformance vectors. The tests are in `tests/`, one binary a concern; the vectors in `vectors/`,
//! one file a case with its verdict inside.
