//! `/v1/uses`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use questions::kept::{KeptError, evidence};
use questions::page::Page;
use questions::uses::{UsesError, read_cursor, uses};
use verifier::gather::{GatherError, Wants};
use verifier::judge::{counted, default_profile};

use super::{Form, pinned, unkept, wrong_cursor};
use crate::http::App;
use crate::http::bundles::{candidates, name, one};
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::page_limit;
use crate::read::ReadError;

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
pub(crate) async fn uses_of(
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
        let (log, from) = pinned(reader, begun)?;
        let counted = match evidence(subject, Wants::default(), &log) {
            Ok(evidence) => {
                let profile = evidence.get(&subject).map(default_profile);
                profile.and_then(|profile| counted(&subject, &evidence, &profile))
            }
            Err(KeptError::Gather(GatherError::TooMany { .. })) => None,
            Err(error) => return Err(unkept(error)),
        };
        let answer = uses(&subject, Page { from, limit }, counted, &log).map_err(unlisted)?;
        Ok(form.answer(&answer))
    })
    .await
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
