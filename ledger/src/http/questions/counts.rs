//! `/v1/counts`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::counts::{By, COUNTED_MAX, Counting};
use questions::kept::{Placed, Put};
use schemas::query::Query;

use super::{Form, pinned};
use crate::clock::{Clock, SystemClock};
use crate::http::App;
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::{CONDITIONS, page_limit, query};
use crate::read::{ReadError, Reader};
use crate::search::{Order, PAGE_MAX, Range, search};

/// How many of the statements that fit a query have which actor, action, resource, outcome, foreign id …, the most frequent first.
#[utoipa::path(
    get,
    path = "/v1/counts",
    params(
        ("by" = String, Query, description = "what is counted by: actor, action, resource, ruling, outcome, reason, kind, task, tenant, credential, or ref:TYPE for foreign ids of a type", example = "actor"),
        ("q" = Option<String>, Query, description = "words and qualifiers, as for /v1/statements", example = "kind:decision decision:deny"),
        ("ref" = Option<String>, Query, description = "foreign id as type:value"),
        ("principal" = Option<String>, Query, description = "URI of somebody who takes part"),
        ("action" = Option<String>, Query, description = "action name"),
        ("resource" = Option<String>, Query, description = "resource"),
        ("task" = Option<String>, Query, description = "task, within the tenant (default: `default`)"),
        ("decision" = Option<String>, Query, description = "ruling: permit, deny or indeterminate"),
        ("kind" = Option<String>, Query, description = "kind of statement"),
        ("key" = Option<String>, Query, description = "key that `key` statements are about, 64 hex digits"),
        ("tenant" = Option<String>, Query, description = "tenant"),
        ("since" = Option<u64>, Query, description = "earliest `at`, in ms since the epoch"),
        ("until" = Option<u64>, Query, description = "latest `at`, in ms since the epoch"),
        ("limit" = Option<u64>, Query, description = "values listed, 1 to 500, default 50"),
    ),
    responses(
        (status = 200, description = "the counts (docs/json/writ.counts-1.schema.json), or with `Accept: text/plain` the text that `writ search --by` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 400, description = "not a question; `position` is the byte of `q` at which it goes wrong", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn counts(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let allowed: Vec<&str> = CONDITIONS.into_iter().chain(["by", "limit"]).collect();
    let params = Params::read(&uri, &allowed)?;
    let by = params.required("by")?;
    let by = By::parse(by).ok_or_else(|| {
        Problem::bad_query(format!("parameter `by` is `{by}`; expected one of {}", By::WORDS))
    })?;
    let limit = page_limit(&params)?;
    let query = query(&params, SystemClock::new().now())?;
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let (log, _) = pinned(reader, None)?;
        let mut counting = Counting::new(by);
        let complete = each(reader, &query, |put| counting.take(&put))?;
        Ok(form.answer(&counting.answer(limit, complete, log.as_of())))
    })
    .await
}

/// Takes what fits a query, oldest first, up to [`COUNTED_MAX`] statements. Whether that was all.
fn each(reader: &Reader<'_>, query: &Query, mut take: impl FnMut(Put)) -> Result<bool, ReadError> {
    let (mut from, mut left) = (None, COUNTED_MAX);
    loop {
        let range = Range { from, size: reader.size(), order: Order::OldestFirst };
        let page = search(reader, query, range, left.min(PAGE_MAX))?;
        left = left.saturating_sub(page.examined.max(1));
        for found in page.found {
            take(Put { index: found.entry.index, time: found.entry.time, statement: found.statement });
        }
        from = page.next;
        if from.is_none() || left == 0 {
            return Ok(from.is_none());
        }
    }
}
