//! `/v1/lookup`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::lookup::{LookupError, lookup, read_cursor};
use questions::page::Page;
use schemas::text::Tenant;
use verifier::naming::Sort;

use super::{Form, pinned, wrong_cursor};
use crate::http::App;
use crate::http::bundles::{candidates_beside, name, one};
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::page_limit;
use crate::read::ReadError;

/// Every statement that carries, refers to or withdraws an id of any kind, or belongs to the task or trace of that name, with how it
/// holds it and the actions that it leads to. Later pages stay at the size of the first.
#[utoipa::path(
    get,
    path = "/v1/lookup",
    params(
        ("id" = String, Query, description = "foreign id (value or type:value), trace id of 32 hex digits, task, principal, key id, resource, policy (engine:id), revision (engine:id@revision), request digest (algorithm:form:digits), imported event (format:id), or where nothing holds that a statement id or hex prefix of 8 digits or more"),
        ("tenant" = Option<String>, Query, description = "tenant of a task, policy, request digest or imported event, default `default`"),
        ("limit" = Option<u64>, Query, description = "statements on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; `id` and `tenant` unchanged"),
    ),
    responses(
        (status = 200, description = "one page (docs/json/writ.lookup-1.schema.json), or with `Accept: text/plain` the text that `writ lookup` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "nothing holds it", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements begin so", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn looked_up(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["id", "tenant", "limit", "cursor"])?;
    let name = name(params.required("id")?)?;
    let tenant = params.parsed::<Tenant>("tenant")?.unwrap_or_else(Tenant::default_label);
    let limit = page_limit(&params)?;
    let cursor = params.text("cursor").map(str::to_owned);
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let begun =
            cursor.map(|text| read_cursor(&text, &name, &tenant).ok_or_else(wrong_cursor)).transpose()?;
        let (log, from) = pinned(reader, begun)?;
        let page = Page { from, limit };
        let answer = match lookup(&name, &tenant, None, page, &log) {
            Err(LookupError::NotFound { .. }) => {
                let subject = one(&candidates_beside(reader, &name, Sort::ALL, &tenant)?, &name)?;
                lookup(&name, &tenant, Some(subject), page, &log)
            }
            answer => answer,
        };
        Ok(form.answer(&answer.map_err(unfound)?))
    })
    .await
}

fn unfound(error: LookupError<ReadError>) -> Problem {
    match error {
        LookupError::Source(error) => error.into(),
        LookupError::NotFound { .. } => Problem::not_found(error.to_string()),
    }
}
