//! `/v1/why`, `/v1/uses` and what else is asked of the log: the answers of the room `questions`, as JSON or as the text that `writ` prints.

use std::fmt::Display;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use questions::kept::{KeptError, evidence};
use questions::uses::{Page, UsesError, read_cursor, uses};
use questions::why::{WhyError, why};
use schemas::time::Index;
use serde::Serialize;
use verifier::gather::{GatherError, Wants};
use verifier::judge::{counted, default_profile};
use verifier::profile::Profile;

use super::App;
use super::bundles::{candidates, name, one};
use super::problem::Problem;
use super::query::Params;
use super::search::page_limit;
use crate::kept::Pinned;
use crate::read::ReadError;

const TEXT: &str = "text/plain";

/// Why an action was allowed or refused, or a decision ruled as it was: policy, revision, rules, inputs with their age, what came
/// from a cache, and what the judge's rules find about the decision.
#[utoipa::path(
    get,
    path = "/v1/why",
    params(
        ("id" = String, Query, description = "action or decision: statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` where the subject was imported, else `standard`"),
    ),
    responses(
        (status = 200, description = "the answer (docs/json/writ.why-1.schema.json), or with `Accept: text/plain` the text that `writ why` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "no such statement", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "neither an action nor a decision, or more than a bundle holds is involved", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn why_decided(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["id", "profile"])?;
    let name = name(params.required("id")?)?;
    let profile = params.word("profile", Profile::named)?;
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let subject = one(&candidates(reader, &name)?, &name)?;
        let wants = profile.as_ref().map(Profile::wants).unwrap_or_default();
        let evidence = evidence(subject, wants, reader).map_err(unkept)?;
        let profile = profile.or_else(|| evidence.get(&subject).map(default_profile));
        let profile = profile.unwrap_or_else(Profile::standard);
        Ok(form.answer(&why(&subject, &evidence, &profile).map_err(unanswered)?))
    })
    .await
}

/// Which actions relied on a delegation, approval, decision or credential, oldest first, with what is left of its limit. Later
/// pages stay at the size of the first.
#[utoipa::path(
    get,
    path = "/v1/uses",
    params(
        ("id" = String, Query, description = "delegation, approval, decision or credential: statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("limit" = Option<u64>, Query, description = "actions on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; `id` unchanged"),
    ),
    responses(
        (status = 200, description = "one page (docs/json/writ.uses-1.schema.json), or with `Accept: text/plain` the text that `writ uses` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "no such statement", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "nothing relies on statements of this kind", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn uses_of(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["id", "limit", "cursor"])?;
    let name = name(params.required("id")?)?;
    let limit = page_limit(&params)?;
    let cursor = params.text("cursor").map(str::to_owned);
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let subject = one(&candidates(reader, &name)?, &name)?;
        let begun = cursor.map(|text| read_cursor(&text, &subject).ok_or_else(wrong_cursor)).transpose()?;
        let (size, from) = begun.unwrap_or((reader.size(), Index(0)));
        if size == 0 || size > reader.size() {
            return Err(wrong_cursor());
        }
        let pinned = Pinned::new(reader, size)?;
        let counted = match evidence(subject, Wants::default(), &pinned) {
            Ok(evidence) => {
                let profile = evidence.get(&subject).map(default_profile);
                profile.and_then(|profile| counted(&subject, &evidence, &profile))
            }
            Err(KeptError::Gather(GatherError::TooMany { .. })) => None,
            Err(error) => return Err(unkept(error)),
        };
        let answer = uses(&subject, Page { from, limit }, counted, &pinned).map_err(unlisted)?;
        Ok(form.answer(&answer))
    })
    .await
}

fn wrong_cursor() -> Problem {
    Problem::bad_query("parameter `cursor` is not the `next` of an earlier page of this question")
}

fn unlisted(error: UsesError<ReadError>) -> Problem {
    match error {
        UsesError::Source(error) => error.into(),
        UsesError::NotFound(_) => Problem::not_found(error.to_string()),
        UsesError::NotReliedOn(_) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
        }
    }
}

/// In which form an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Text,
}

impl Form {
    /// The first form that is accepted; JSON where none is named.
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(accept) = headers.get(header::ACCEPT) else { return Ok(Self::Json) };
        let accept = accept.to_str().unwrap_or_default();
        for range in accept.split(',') {
            match range.split(';').next().unwrap_or(range).trim() {
                TEXT | "text/*" => return Ok(Self::Text),
                "application/json" | "application/*" | "*/*" => return Ok(Self::Json),
                _ => {}
            }
        }
        let detail = format!("accept `{accept}`; offered: application/json, {TEXT}");
        Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail))
    }

    fn answer(self, answer: &(impl Serialize + Display)) -> Response {
        let mut response = match self {
            Self::Json => Json(answer).into_response(),
            Self::Text => {
                ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], answer.to_string()).into_response()
            }
        };
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
        response
    }
}

fn unkept(error: KeptError<ReadError>) -> Problem {
    match error {
        KeptError::Gather(GatherError::Source(error)) => error.into(),
        KeptError::Gather(error @ GatherError::NotFound { .. }) => Problem::not_found(error.to_string()),
        KeptError::Gather(error @ GatherError::TooMany { .. }) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bundle-too-large", error.to_string())
        }
        KeptError::Evidence(error) => Problem::internal(error.to_string()),
    }
}

fn unanswered(error: WhyError) -> Problem {
    match error.code() {
        "not-found" => Problem::not_found(error.to_string()),
        code => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string()),
    }
}
