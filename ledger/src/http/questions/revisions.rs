//! `/v1/revisions`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::revisions::{Policy, revisions};
use schemas::text::{Line, Name, Tenant};

use super::{Form, pinned};
use crate::http::App;
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::page_limit;

/// What two revisions of a policy ruled: requests that they ruled otherwise, and how many each alone was asked.
#[utoipa::path(
    get,
    path = "/v1/revisions",
    params(
        ("policy" = String, Query, description = "engine:id", example = "opa:authz/refund"),
        ("a" = String, Query, description = "revision to compare with"),
        ("b" = String, Query, description = "revision to compare"),
        ("tenant" = Option<String>, Query, description = "tenant of the policy; default: `default`"),
        ("limit" = Option<u64>, Query, description = "changes listed, 1 to 500, default 50"),
    ),
    responses(
        (status = 200, description = "the comparison (docs/json/writ.revisions-1.schema.json), or with `Accept: text/plain` the text that `writ diff --policy` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "the log knows neither revision", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_revisions(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["policy", "a", "b", "tenant", "limit"])?;
    let named = params.required("policy")?;
    let (engine, id) = named.split_once(':').ok_or_else(|| {
        Problem::bad_query(format!("parameter `policy` is engine:id, like `opa:authz/refund`; got `{named}`"))
    })?;
    let bad = |error: &dyn std::fmt::Display| Problem::bad_query(format!("parameter `policy`: {error}"));
    let policy = Policy {
        tenant: params.parsed::<Tenant>("tenant")?.unwrap_or_else(Tenant::default_label),
        engine: Name::new(engine).map_err(|error| bad(&error))?,
        id: Line::new(id).map_err(|error| bad(&error))?,
    };
    params.required("a")?;
    params.required("b")?;
    let (first, second) = (params.parsed::<Line>("a")?, params.parsed::<Line>("b")?);
    let (Some(first), Some(second)) = (first, second) else {
        return Err(Problem::bad_query("parameters `a` and `b` are two revisions"));
    };
    let limit = page_limit(&params)?;
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let (log, _) = pinned(reader, None)?;
        let answer = revisions(&policy, (&first, &second), limit, &log)?;
        let none = || {
            Problem::not_found(format!(
                "no statement tells of revision {first} or {second} of {}:{}",
                policy.engine, policy.id
            ))
        };
        Ok(form.answer(&answer.ok_or_else(none)?))
    })
    .await
}
