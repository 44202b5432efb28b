//! `/v1/bundles` and `/v1/resolve`: from what people call a statement to everything needed to judge it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use questions::summary::summary;
use schemas::ids::StatementId;
use schemas::text::Tenant;
use verifier::gather::{GatherError, Wants};
use verifier::naming::{self, Sort};

use super::App;
use super::json::{AsOf, CandidateJson, ResolveJson};
use super::problem::{Meant, NearName, Problem, RETRY_PUBLISHED_SECONDS, unpublished};
use super::query::Params;
use crate::bundle::{self, BundleFailure};
use crate::near::near;
use crate::read::Reader;
use crate::resolve::Candidates;

/// Media type of a bundle.
const BUNDLE_TYPE: &str = "application/writ-bundle+cbor";

/// Names the statement that a bundle is about.
const SUBJECT: HeaderName = HeaderName::from_static("writ-subject");

/// Longest name of a statement, in bytes: a foreign id with its type.
const NAME_BYTES_MAX: usize = 2_048 + 65;

/// Everything needed to judge one statement offline, under the log's checkpoint.
#[utoipa::path(
    get,
    path = "/v1/bundles",
    params(
        ("subject" = String, Query, description = "statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("with" = Option<String>, Query, description = "`task`: also every statement of the subject's task, for profiles with combinations"),
    ),
    responses(
        (status = 200, description = "the bundle (docs/format.md)", body = Vec<u8>, content_type = "application/writ-bundle+cbor"),
        (status = 404, description = "no such statement", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements of one kind", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the statement is not under the checkpoint yet, or no statement key of the log is at hand; see Retry-After", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "more than a bundle holds", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn bundles(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["subject", "with"])?;
    let name = name(params.required("subject")?)?;
    let wants = wants(params.text("with"))?;
    app.read(move |reader| {
        let checkpoint = reader.log().checkpoint_reader();
        let subject = subject(reader, checkpoint.as_ref(), &name)?;
        let checkpoint = checkpoint.ok_or_else(unpublished)?;
        let bytes = bundle::make(&checkpoint, subject, wants).map_err(|failure| match failure {
            BundleFailure::Gather(GatherError::NotFound { .. }) => behind(&checkpoint, subject),
            other => problem(other),
        })?;
        let mut response = (StatusCode::OK, [(header::CONTENT_TYPE, BUNDLE_TYPE)], bytes).into_response();
        if let Ok(subject) = HeaderValue::try_from(subject.to_hex()) {
            response.headers_mut().insert(SUBJECT, subject);
        }
        Ok(response)
    })
    .await
}

/// The statements that a name can mean: a full id, then an exact foreign id, then a hex prefix.
#[utoipa::path(
    get,
    path = "/v1/resolve",
    params(("id" = String, Query, description = "statement id, foreign id (value or type:value) or hex prefix of 8 digits or more")),
    responses(
        (status = 200, description = "the candidates", body = ResolveJson),
        (status = 404, description = "none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resolve(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["id"])?;
    let name = name(params.required("id")?)?;
    app.read(move |reader| {
        let Candidates { matched, found, truncated } = candidates(reader, &name)?;
        let candidates: Vec<CandidateJson> = found.iter().map(CandidateJson::from).collect();
        let (as_of, matched, count) = (AsOf::head(reader), matched.as_str(), candidates.len());
        Ok(Json(ResolveJson { as_of, matched, count, truncated, candidates }).into_response())
    })
    .await
}

/// The statement that a name means.
fn subject(reader: &Reader<'_>, checkpoint: Option<&Reader<'_>>, name: &str) -> Result<StatementId, Problem> {
    // A full id under the checkpoint is what it means. Nearly all that ask know it: nothing else is read for them.
    if let Some((id, checkpoint)) = StatementId::from_hex(name).zip(checkpoint)
        && checkpoint.index_of(&id)?.is_some()
    {
        return Ok(id);
    }
    one(&candidates(reader, name)?, name)
}

fn wants(with: Option<&str>) -> Result<Wants, Problem> {
    match with {
        None => Ok(Wants::default()),
        Some("task") => Ok(Wants { task: true }),
        Some(other) => Err(Problem::bad_query(format!("`with` is `task` or absent; got `{other}`"))),
    }
}

pub(super) fn name(name: &str) -> Result<String, Problem> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(Problem::bad_query(format!(
            "a name has 1 to {NAME_BYTES_MAX} bytes, this one {}",
            name.len()
        )));
    }
    Ok(name.to_owned())
}

pub(super) fn candidates(reader: &Reader<'_>, name: &str) -> Result<Candidates, Problem> {
    candidates_beside(reader, name, Sort::STATEMENTS, &Tenant::default_label())
}

/// The statements that a name can mean where it can also be of something else; where it is of nothing, what it is near to.
pub(super) fn candidates_beside(
    reader: &Reader<'_>,
    name: &str,
    sorts: &[Sort],
    tenant: &Tenant,
) -> Result<Candidates, Problem> {
    if let Some(found) = naming::resolve(reader, name)? {
        return Ok(found);
    }
    let size = reader.size();
    let detail = format!(
        "below size {size} nothing is called `{name}`: no id, no foreign id, no prefix of 8 digits or more"
    );
    Err(missing(reader, name, sorts, tenant, detail))
}

/// Nothing is called so; what is called nearly so.
pub(super) fn missing(
    reader: &Reader<'_>,
    name: &str,
    sorts: &[Sort],
    tenant: &Tenant,
    detail: String,
) -> Problem {
    let near = match near(reader, name, sorts, tenant) {
        Ok(near) => near,
        Err(error) => return error.into(),
    };
    let near = near.into_iter().map(|near| NearName {
        name: near.name,
        sort: near.sort.as_str(),
        index: Some(near.index.0),
    });
    Problem::not_found(detail).with_near(near.collect())
}

pub(super) fn one(candidates: &Candidates, name: &str) -> Result<StatementId, Problem> {
    if let Some(found) = naming::meant(candidates, name) {
        return Ok(found.statement.id());
    }
    let more = if candidates.truncated { " and more" } else { "" };
    let detail = format!("`{name}` can mean {} statements{more}", candidates.found.len());
    let list = candidates.found.iter().map(|found| {
        let (payload, iss) = (&found.statement.payload, found.statement.envelope.iss.as_str());
        Meant {
            id: found.statement.id().to_hex(),
            kind: payload.kind.as_str(),
            index: found.entry.index.0,
            at: payload.at.0,
            tenant: payload.tenant.to_string(),
            summary: summary(payload, iss),
        }
    });
    Err(Problem::new(StatusCode::CONFLICT, "ambiguous-id", detail).with_candidates(list.collect()))
}

/// The statement is under the head, and the checkpoint has not come so far.
fn behind(checkpoint: &Reader<'_>, subject: StatementId) -> Problem {
    let size = checkpoint.size();
    let detail = format!("{subject} is not under the checkpoint yet, which has {size} entries");
    Problem::unavailable("checkpoint-behind", detail, RETRY_PUBLISHED_SECONDS)
}

fn problem(failure: BundleFailure) -> Problem {
    match failure {
        BundleFailure::Read(error) | BundleFailure::Gather(GatherError::Source(error)) => error.into(),
        BundleFailure::Gather(GatherError::NotFound { .. }) => Problem::not_found(failure.to_string()),
        BundleFailure::Gather(GatherError::TooMany { .. }) | BundleFailure::Encode(_) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bundle-too-large", failure.to_string())
        }
        BundleFailure::NotSigning(why) => why.into(),
        BundleFailure::NoKey(none) => none.into(),
        BundleFailure::Sign(error) => Problem::internal(error.to_string()),
    }
}
