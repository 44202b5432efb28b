//! `/v1/who`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use questions::who::own_verdict;
use verifier::judge::JudgeError;

use super::judged;
use crate::http::App;
use crate::http::problem::Problem;

/// Who authorized an action, decision, delegation or credential, as this server judges it under its own key. Whoever must not
/// take its word asks `writ who`, which fetches the evidence and judges it there.
#[utoipa::path(
    get,
    path = "/v1/who",
    params(
        ("id" = String, Query, description = "action, decision, delegation or credential: statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` where the subject was imported, else `standard`"),
    ),
    responses(
        (status = 200, description = "the verdict (docs/json/writ.who-1.schema.json without `checks` and `exit`; `trust.pinned` is false), or with `Accept: text/plain` the tree that `writ who` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "no such statement", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "nobody authorizes statements of this kind, or more than a bundle holds is involved", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn who_authorized(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    judged(app, &uri, &headers, |subject, evidence, profile| {
        own_verdict(subject, evidence, profile).map_err(unjudged)
    })
    .await
}

/// What cannot be judged at all.
pub(super) fn unjudged(error: JudgeError) -> Problem {
    match error {
        JudgeError::NotFound { .. } => Problem::not_found(error.to_string()),
        JudgeError::NotJudgeable { .. } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
        }
    }
}
