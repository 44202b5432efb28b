//! `/v1/authority`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::authority::{AuthorityError, Question, authority, read_cursor};
use questions::page::Page;
use schemas::text::{PrincipalId, Tenant};
use schemas::time::Time;

use super::{Form, pinned, unkept, wrong_cursor};
use crate::http::App;
use crate::http::problem::{NearName, Problem};
use crate::http::query::Params;
use crate::http::search::page_limit;
use crate::read::ReadError;

/// What a principal could do at a moment: the delegations that it holds, each with what every hop of its way allows, until when
/// and how often; then those that carry nothing, with why. Later pages stay at the size of the first.
#[utoipa::path(
    get,
    path = "/v1/authority",
    params(
        ("principal" = String, Query, description = "who, by its whole name: `agent:refunds/7`"),
        ("at" = Option<u64>, Query, description = "when, in ms since the epoch; default: the time of the log's last entry"),
        ("tenant" = Option<String>, Query, description = "delegations of this tenant alone"),
        ("limit" = Option<u64>, Query, description = "delegations on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; everything else unchanged"),
    ),
    responses(
        (status = 200, description = "one page (docs/json/writ.authority-1.schema.json), or with `Accept: text/plain` the text that `writ authority` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "nobody of that name", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn authority_of(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["principal", "at", "tenant", "limit", "cursor"])?;
    let principal = PrincipalId::new(params.required("principal")?)
        .map_err(|error| Problem::bad_query(format!("parameter `principal`: {error}")))?;
    let at = params.number("at")?.map(Time);
    let tenant = params
        .text("tenant")
        .map(Tenant::new)
        .transpose()
        .map_err(|error| Problem::bad_query(format!("parameter `tenant`: {error}")))?;
    let limit = page_limit(&params)?;
    let cursor = params.text("cursor").map(str::to_owned);
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let asked = |page| Question { principal: &principal, at, tenant: tenant.as_ref(), page };
        let first = asked(Page { from: 0, limit });
        let begun = cursor.map(|text| read_cursor(&text, &first).ok_or_else(wrong_cursor)).transpose()?;
        let (log, from) = pinned(reader, begun)?;
        let answer = authority(&asked(Page { from, limit }), &log).map_err(unanswered)?;
        Ok(form.answer(&answer))
    })
    .await
}

fn unanswered(error: AuthorityError<ReadError>) -> Problem {
    match error {
        AuthorityError::NotFound { ref near, .. } => {
            let near =
                near.iter().map(|name| NearName { name: name.clone(), sort: "principal", index: None });
            Problem::not_found(error.to_string()).with_near(near.collect())
        }
        AuthorityError::Kept(error) => unkept(error),
    }
}
