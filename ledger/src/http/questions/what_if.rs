//! `/v1/what-if`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use questions::page::Page;
use questions::what_if::{Subject, WhatIfError, read_cursor, what_if};
use schemas::text::Tenant;
use verifier::naming::{self, Sort};

use super::{Form, pinned, unkept, wrong_cursor};
use crate::http::App;
use crate::http::bundles::{missing, name, one};
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::page_limit;
use crate::read::ReadError;

/// What would stop if something were withdrawn now: the delegations below it, by holder, those that would go on by another way, and
/// the permits that would no longer stand. Nothing is withdrawn. Later pages stay at the size of the first.
#[utoipa::path(
    get,
    path = "/v1/what-if",
    params(
        ("id" = String, Query, description = "delegation, credential, approval, task, principal or key: statement id, foreign id (value or type:value), hex prefix of 8 digits or more; or the whole name of a principal, or a key id"),
        ("limit" = Option<u64>, Query, description = "delegations on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; `id` unchanged"),
    ),
    responses(
        (status = 200, description = "one page (docs/json/writ.what-if-1.schema.json), or with `Accept: text/plain` the text that `writ what-if` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "no such statement, principal or key", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "nothing that could be withdrawn hangs on statements of this kind", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn what_if_withdrawn(
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
        let found = naming::resolve(reader, &name)?;
        let statement = found.map(|candidates| one(&candidates, &name)).transpose()?;
        let subject = statement.as_ref().map_or(Subject::Name(&name), Subject::Statement);
        let begun = cursor.map(|text| read_cursor(&text, subject).ok_or_else(wrong_cursor)).transpose()?;
        let (log, from) = pinned(reader, begun)?;
        let answer = what_if(subject, Page { from, limit }, &log).map_err(|error| match error {
            WhatIfError::NotFound(_) => {
                missing(reader, &name, Sort::ALL, &Tenant::default_label(), error.to_string())
            }
            error => unanswered(error),
        })?;
        Ok(form.answer(&answer))
    })
    .await
}

fn unanswered(error: WhatIfError<ReadError>) -> Problem {
    match error {
        WhatIfError::NotFound(_) => Problem::not_found(error.to_string()),
        WhatIfError::NotRevocable(_) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
        }
        WhatIfError::Kept(error) => unkept(error),
    }
}
