//! `/v1/grants`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::grants::{DAYS_MAX, Reason, STALE_DAYS, Terms, grants};
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

/// Which delegations and credentials that still stand need a look: never used, stale, wider than what they are used for, left over
/// from a task that ended, without an end or given for long. Oldest first; later pages stay at the size of the first.
///
/// What is used through a delegation below is a use of those above it too. What the judge finds to carry nothing is only counted.
#[utoipa::path(
    get,
    path = "/v1/grants",
    params(
        ("q" = Option<String>, Query, description = "which grants: words and qualifiers as of `/v1/statements`", example = "agent:billing-bot"),
        ("since" = Option<u64>, Query, description = "earliest `at`, in ms since the epoch"),
        ("until" = Option<u64>, Query, description = "latest `at`, in ms since the epoch"),
        ("stale" = Option<u64>, Query, description = "after how many days without use a grant is stale, 0 to 36500, default 45"),
        ("only" = Option<String>, Query, description = "one reason: `never-used`, `stale`, `over-broad`, `outlives-task`, `no-expiry` or `long-standing`"),
        ("limit" = Option<u64>, Query, description = "grants on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; all else but `limit` unchanged"),
    ),
    responses(
        (status = 200, description = "one page (docs/json/writ.grants-1.schema.json), or with `Accept: text/plain` the text that `writ grants` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 400, description = "not a question; `position` is the byte of `q` at which it goes wrong", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn grants_of(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let allowed: Vec<&str> = PARAMETERS.into_iter().chain(["stale", "only", "limit"]).collect();
    let params = Params::read(&uri, &allowed)?;
    let stale_days = params.number("stale")?.unwrap_or(STALE_DAYS);
    if stale_days > DAYS_MAX {
        let detail = format!("parameter `stale` is {stale_days}; expected 0 to {DAYS_MAX} days");
        return Err(Problem::bad_query(detail));
    }
    let only = params.word("only", Reason::from_word)?;
    let terms = Terms { stale_days, only, limit: page_limit(&params)? };
    let incoming = Incoming::read("grants", &params, &["stale", "only"])?;
    let form = Form::of(&headers)?;
    app.sweep(move |reader| {
        let (asked, log) = incoming.pinned(reader)?;
        let query = of_kinds(asked.query.clone(), &[Kind::Delegation, Kind::Credential]);
        let mut fitting = Fitting::new(reader, &query, asked.from, log.size());
        let (answer, cut) = grants(&asked, terms, fitting.by_ref(), &log).map_err(unkept)?;
        let cut = cut.map_or_else(|| fitting.cut_at(), |cut| Ok(Some(cut)))?;
        Ok(form.answer(&answer.cut_at(&asked, cut)))
    })
    .await
}
