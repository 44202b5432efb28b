//! `/v1/blast`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use questions::blast::{Span, blast, read_cursor};
use questions::page::{Cursor, Page};
use questions::reach::Subject;
use schemas::text::Tenant;
use schemas::time::Time;

use super::{Form, pinned, subject, unkept, wrong_cursor};
use crate::http::App;
use crate::http::bundles::name;
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::page_limit;

/// What was done on the strength of something, directly or through delegations below it: grouped by resource and action, most
/// first; what of it cannot be undone, who got authority from it, and which delegations stand now, as the judge finds.
/// Later pages stay at the size and within the span of the first.
#[utoipa::path(
    get,
    path = "/v1/blast",
    params(
        ("of" = String, Query, description = "principal URI, key id, policy revision (engine:id@revision), statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("tenant" = Option<String>, Query, description = "tenant of the policy or the foreign id, default `default`"),
        ("since" = Option<u64>, Query, description = "earliest moment of an action, in ms since the epoch"),
        ("until" = Option<u64>, Query, description = "latest moment of an action, in ms since the epoch"),
        ("limit" = Option<u64>, Query, description = "rows on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; `of` and `tenant` unchanged, the span is the first page's"),
    ),
    responses(
        (status = 200, description = "one page (docs/json/writ.blast-1.schema.json), or with `Accept: text/plain` the text that `writ blast` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "nothing is called so", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several things are called so", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "nothing relies on statements of this kind", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn blast_of(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["of", "tenant", "since", "until", "limit", "cursor"])?;
    let name = name(params.required("of")?)?;
    let tenant = params.parsed::<Tenant>("tenant")?.unwrap_or_else(Tenant::default_label);
    let asked = Span { since: params.number("since")?.map(Time), until: params.number("until")?.map(Time) };
    let limit = page_limit(&params)?;
    let cursor = params.text("cursor").map(str::to_owned);
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let subject: Subject = subject(reader, &name, &tenant)?;
        let (span, begun): (Span, Option<Cursor>) = match cursor {
            None => (asked, None),
            Some(text) => {
                let (span, cursor) = read_cursor(&text, &subject).ok_or_else(wrong_cursor)?;
                (span, Some(cursor))
            }
        };
        let (log, from) = pinned(reader, begun)?;
        Ok(form.answer(&blast(&subject, span, Page { from, limit }, &log).map_err(unkept)?))
    })
    .await
}

/// Nothing relies on statements of this kind.
pub(super) fn not_relied_on(kind: schemas::payload::Kind) -> Problem {
    let detail = format!(
        "nothing relies on a {kind} statement; ask about a principal, key, delegation, credential, approval, decision or policy"
    );
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not-relied-on", detail)
}
