//! What any route can answer beside its own answers: one set, described at each of them.

use serving::openapi::{self, EVERYWHERE, problem};
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{Content, OpenApi, Ref};

use super::scitt;

/// Answer of every route that reads the store.
const READING: (&str, &str) = ("503", "too many questions at once, or the log stopped; see Retry-After");

/// Routes that hold back nothing but what is in memory.
const IN_MEMORY: [&str; 10] = [
    "/.well-known/authzen-configuration",
    "/.well-known/scitt-keys",
    "/.well-known/scitt-keys/{kid}",
    "/checkpoint",
    "/livez",
    "/metrics",
    "/openapi.json",
    "/readyz",
    "/v1/log",
    "/version",
];

/// The one path whose last part may hold slashes, as the router and as OpenAPI write it.
const REST_OF_PATH: [&str; 2] = ["/tile/{*path}", "/tile/{path}"];

/// Adds to each operation what it can answer beside what it says itself.
pub(super) fn describe(api: &mut OpenApi) {
    let [routed, described] = REST_OF_PATH;
    if let Some(item) = api.paths.paths.remove(routed) {
        api.paths.paths.insert(described.to_owned(), item);
    }
    for (path, item) in &mut api.paths.paths {
        let reading = Some(READING).filter(|_| !IN_MEMORY.contains(&path.as_str()));
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            for (status, description) in EVERYWHERE.into_iter().chain(reading) {
                add(operation, path, status, description);
            }
        }
    }
}

fn add(operation: &mut Operation, path: &str, status: &str, description: &str) {
    let response = match scitt::is_here(path) {
        true => {
            let content = Content::new(None::<Ref>);
            ResponseBuilder::new().description(description).content(scitt::CONCISE, content).build()
        }
        false => problem(description),
    };
    openapi::add(operation, status, response);
}
