//! Requests that post statements which were signed beforehand.

use schemas::envelope::Statement;

use crate::http::post;

/// Requests of `together` statements each; a single statement goes by itself.
pub fn requests(statements: &[Statement], together: usize) -> Vec<Vec<u8>> {
    let request = |batch: &[Statement]| {
        let bytes: Vec<&[u8]> = batch.iter().map(|statement| statement.envelope.bytes()).collect();
        let media_type = if together == 1 { "application/cose" } else { "application/cbor-seq" };
        post("/v1/statements", media_type, &bytes.concat())
    };
    statements.chunks(together.max(1)).map(request).collect()
}
