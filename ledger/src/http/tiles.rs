//! The log as tiles, so that anybody can keep a copy and check all of it (C2SP tlog-tiles).

use axum::extract::{Path, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use schemas::tile::TilePath;

use super::App;
use super::limits::NEVER_CHANGES;
use super::problem::Problem;
use super::query::Params;
use crate::tiles::resource;

/// A tile of the tree's hashes, `tile/<level>/<number>[.p/<width>]`, or the entries under one, `tile/entries/<number>[.p/<width>]`
/// (C2SP tlog-tiles). The number is written in groups of three digits, all but the last behind an `x`.
#[utoipa::path(
    get,
    path = "/tile/{*path}",
    params(("path" = String, Path, description = "`<level or entries>/<number>[.p/<width>]`")),
    responses(
        (status = 200, description = "hashes, or entries each behind its length in 16 bits", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "no such tile in the tree of the checkpoint", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn tile(
    State(app): State<App>,
    Path(path): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let path = format!("tile/{path}");
    let Ok(asked) = TilePath::parse(&path) else {
        let form =
            "tile/<level or entries>/<number in groups of three digits, as in x001/x234/067>[.p/<width>]";
        return Err(Problem::not_found(format!("`{path}` names no tile; expected {form}")));
    };
    app.read(move |reader| {
        let missing =
            || Problem::not_found(format!("there is no {path} in the tree of {} entries", reader.size()));
        let bytes = resource(reader, asked)?.ok_or_else(missing)?;
        let headers =
            [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, NEVER_CHANGES)];
        Ok((headers, bytes).into_response())
    })
    .await
}
