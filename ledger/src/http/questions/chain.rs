//! `/v1/chain`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::chain::chain;

use super::judged;
use super::who::unjudged;
use crate::http::App;
use crate::http::problem::Problem;

/// The whole chain behind an action, decision, delegation or credential: every hop on every path, what it handed on, and which
/// link is broken first, as this server judges it under its own key.
#[utoipa::path(
    get,
    path = "/v1/chain",
    params(
        ("id" = String, Query, description = "action, decision, delegation or credential: statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` where the subject was imported, else `standard`"),
    ),
    responses(
        (status = 200, description = "the chain (docs/json/writ.chain-1.schema.json; `trust.pinned` is false), or with `Accept: text/plain` the text that `writ chain` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "no such statement", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "nobody authorizes statements of this kind, or more than a bundle holds is involved", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn whole_chain(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    judged(app, &uri, &headers, |subject, evidence, profile| {
        Ok(chain(subject, evidence, profile).map_err(unjudged)?.of_server())
    })
    .await
}
