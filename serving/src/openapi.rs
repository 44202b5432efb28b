//! What any route of any interface can answer beside its own answers: one set, described at each of them.

use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Content, OpenApi, Ref};

/// Answers that no handler gives: the head of the request was wrong, or the program.
pub const EVERYWHERE: [(&str, &str); 5] = [
    ("400", "a head that can be read in two ways, or not a question"),
    ("405", "another method; Allow says which"),
    ("414", "path and query are too long"),
    ("431", "the header fields are too large, or too many"),
    ("500", "a fault of the program"),
];

/// A problem (RFC 9457) as an answer.
pub fn problem(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

/// Adds an answer to an operation, unless it describes one of that status itself.
pub fn add(operation: &mut Operation, status: &str, response: Response) {
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
}

/// Adds to each operation, as problems, what it can answer beside what it says itself.
pub fn describe(api: &mut OpenApi) {
    for item in api.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            for (status, description) in EVERYWHERE {
                add(operation, status, problem(description));
            }
        }
    }
}
