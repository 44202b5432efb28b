//! What shows that entries are in the log and that the log only grows: head, proofs, raw entries.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use schemas::ids::StatementId;
use schemas::tile::encode_entry_bundle;
use schemas::time::Index;

use super::App;
use super::json::{ConsistencyJson, InclusionJson, hex};
use super::limits::ENTRIES_MAX;
use super::problem::{Problem, unpublished};
use super::query::Params;
use crate::read::Reader;
use crate::tiles;

/// The checkpoint as a signed note (C2SP tlog-checkpoint): the latest head, or where the log asks witnesses for a quorum the
/// latest that met it. Below the log's signature it says when it was last renewed (C2SP tlog-cosignature, by the log's key).
#[utoipa::path(
    get,
    path = "/checkpoint",
    responses(
        (status = 200, description = "the signed note", body = String, content_type = "text/plain; charset=utf-8"),
        (status = 503, description = "no head has met the publication policy yet", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn checkpoint(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let checkpoint = app.log().checkpoint().ok_or_else(unpublished)?;
    let note = checkpoint.at.note.to_string();
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, note).into_response())
}

/// Proof that an entry is in the tree of some size.
#[utoipa::path(
    get,
    path = "/v1/proofs/inclusion",
    params(
        ("index" = Option<u64>, Query, description = "place of the entry; or give `id`"),
        ("id" = Option<String>, Query, description = "statement id; or give `index`"),
        ("size" = Option<u64>, Query, description = "size of the tree; default: the latest head's"),
    ),
    responses(
        (status = 200, description = "the proof", body = InclusionJson),
        (status = 400, description = "not a question", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such entry", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn inclusion(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["index", "id", "size"])?;
    let index = params.number("index")?;
    let bad_id = |text: &str| Problem::bad_query(format!("parameter `id`: `{text}` is not a statement id"));
    let id =
        params.text("id").map(|text| StatementId::from_hex(text).ok_or_else(|| bad_id(text))).transpose()?;
    let size = params.number("size")?;
    app.read(move |reader| {
        let size = size_within(reader, size)?;
        let index = match (index, id) {
            (Some(index), None) => Index(index),
            (None, Some(id)) => {
                reader.index_of(&id)?.ok_or_else(|| Problem::not_found(format!("no statement {id}")))?
            }
            _ => return Err(Problem::bad_query("give exactly one of the parameters `index` and `id`")),
        };
        if index.0 >= size {
            return Err(Problem::not_found(format!("there is no entry {index} at size {size}")));
        }
        let (proof, root) = reader.inclusion(index, size)?;
        let root = root.to_hex();
        let head = reader.published().note.to_string();
        Ok(Json(InclusionJson { index: index.0, size, root, path: hex(&proof.path), head }).into_response())
    })
    .await
}

/// Proof that the tree of one size begins the tree of another.
#[utoipa::path(
    get,
    path = "/v1/proofs/consistency",
    params(
        ("first" = u64, Query, description = "size of the earlier tree, at least 1"),
        ("second" = Option<u64>, Query, description = "size of the later tree; default: the latest head's"),
    ),
    responses(
        (status = 200, description = "the proof", body = ConsistencyJson),
        (status = 400, description = "not a question", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn consistency(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["first", "second"])?;
    params.required("first")?;
    let (first, second) = (params.number("first")?.unwrap_or_default(), params.number("second")?);
    app.read(move |reader| {
        let second = size_within(reader, second)?;
        if first == 0 || first > second {
            return Err(Problem::bad_query(format!("`first` is {first}; expected 1 to {second}")));
        }
        let answer = ConsistencyJson {
            first,
            second,
            first_root: reader.root_at(first)?.to_hex(),
            second_root: reader.root_at(second)?.to_hex(),
            path: hex(&reader.consistency(first, second)?.path),
            head: reader.published().note.to_string(),
        };
        Ok(Json(answer).into_response())
    })
    .await
}

/// Raw entries, each behind its length in 16 bits, most significant first (C2SP entry bundle).
#[utoipa::path(
    get,
    path = "/v1/entries",
    params(
        ("start" = u64, Query, description = "index of the first entry"),
        ("limit" = Option<u64>, Query, description = "how many at most, 1 to 256, default 256"),
    ),
    responses(
        (status = 200, description = "entries in order", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400, description = "not a range", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "nothing from there on", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn entries(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["start", "limit"])?;
    params.required("start")?;
    let start = params.number("start")?.unwrap_or_default();
    let limit = params.number("limit")?.unwrap_or(ENTRIES_MAX);
    if !(1..=ENTRIES_MAX).contains(&limit) {
        return Err(Problem::bad_query(format!("parameter `limit` is {limit}; expected 1 to {ENTRIES_MAX}")));
    }
    app.read(move |reader| {
        let end = start.saturating_add(limit).min(reader.size());
        if start >= end {
            return Err(Problem::not_found(format!(
                "there is no entry #{start}; the log has {}",
                reader.size()
            )));
        }
        let entries: Vec<Vec<u8>> =
            (start..end).map(|index| reader.entry_bytes(Index(index))).collect::<Result<_, _>>()?;
        tiles::check(reader, Index(start), &entries)?;
        let slices: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        let bundle = encode_entry_bundle(&slices).map_err(|error| Problem::internal(error.to_string()))?;
        Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/octet-stream")], bundle).into_response())
    })
    .await
}

/// The size asked for, or the head's.
fn size_within(reader: &Reader<'_>, size: Option<u64>) -> Result<u64, Problem> {
    match size {
        None => Ok(reader.size()),
        Some(size) if (1..=reader.size()).contains(&size) => Ok(size),
        Some(size) => Err(Problem::bad_query(format!("size {size} is not within 1 to {}", reader.size()))),
    }
}
