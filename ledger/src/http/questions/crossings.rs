//! `/v1/crossings`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::crossings::crossings;
use questions::sweep::of_kinds;
use schemas::payload::Kind;
use verifier::gather::Source;

use super::asked::{Incoming, PARAMETERS};
use super::{Form, unkept};
use crate::http::App;
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::page_limit;
use crate::search::Fitting;

/// Which delegations and actions rely on authority from another tenant or trust domain, each with the bridge that allows it, as the
/// judge finds, or none. Oldest first; later pages stay at the size of the first.
#[utoipa::path(
    get,
    path = "/v1/crossings",
    params(
        ("q" = Option<String>, Query, description = "among which: words and qualifiers as of `/v1/statements`", example = "tenant:acme"),
        ("since" = Option<u64>, Query, description = "earliest `at`, in ms since the epoch"),
        ("until" = Option<u64>, Query, description = "latest `at`, in ms since the epoch"),
        ("limit" = Option<u64>, Query, description = "crossings on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; all else but `limit` unchanged"),
    ),
    responses(
        (status = 200, description = "one page (docs/json/writ.crossings-1.schema.json), or with `Accept: text/plain` the text that `writ crossings` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 400, description = "not a question; `position` is the byte of `q` at which it goes wrong", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn crossings_of(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let allowed: Vec<&str> = PARAMETERS.into_iter().chain(["limit"]).collect();
    let params = Params::read(&uri, &allowed)?;
    let limit = page_limit(&params)?;
    let incoming = Incoming::read("crossings", &params, &[])?;
    let form = Form::of(&headers)?;
    app.sweep(move |reader| {
        let (asked, log) = incoming.pinned(reader)?;
        let query = of_kinds(asked.query.clone(), &[Kind::Delegation, Kind::Action]);
        let mut fitting = Fitting::new(reader, &query, asked.from, log.size());
        let (answer, cut) = crossings(&asked, limit, fitting.by_ref(), &log).map_err(unkept)?;
        let cut = cut.map_or_else(|| fitting.cut_at(), |cut| Ok(Some(cut)))?;
        Ok(form.answer(&answer.cut_at(&asked, cut)))
    })
    .await
}
