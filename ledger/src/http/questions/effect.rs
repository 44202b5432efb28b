//! `/v1/effect`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use questions::effect::{Asked, EffectError, asked, effect, read_cursor};
use questions::page::Page;
use schemas::text::Tenant;
use verifier::naming::Sort;

use super::{Form, named, pinned, statement, unkept, wrong_cursor};
use crate::http::App;
use crate::http::bundles::{candidates_beside, name, one};
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::page_limit;
use crate::kept::Pinned;
use crate::read::{ReadError, Reader};

/// What a revocation came to: who still acted on what it withdrew, each action judged; how long each step took, and which attempts
/// were denied. Later pages stay at the size of the first.
#[utoipa::path(
    get,
    path = "/v1/effect",
    params(
        ("of" = String, Query, description = "a revocation, or what one withdraws: statement id, foreign id (value or type:value), principal URI, key id or hex prefix of 8 digits or more"),
        ("tenant" = Option<String>, Query, description = "tenant of the foreign id, default `default`"),
        ("limit" = Option<u64>, Query, description = "actions on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; all else unchanged"),
    ),
    responses(
        (status = 200, description = "one page (docs/json/writ.effect-1.schema.json), or with `Accept: text/plain` the text that `writ effect` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "nothing is called so, or nothing withdraws it (`not-withdrawn`)", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several things are called so", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "nothing of this kind is withdrawn", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn effect_of(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["of", "tenant", "limit", "cursor"])?;
    let name = name(params.required("of")?)?;
    let tenant = params.parsed::<Tenant>("tenant")?.unwrap_or_else(Tenant::default_label);
    let limit = page_limit(&params)?;
    let cursor = params.text("cursor").map(str::to_owned);
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let (latest, _) = pinned(reader, None)?;
        let asked = asked_for(reader, &latest, &name, &tenant)?;
        let begun = cursor.map(|text| read_cursor(&text, &asked).ok_or_else(wrong_cursor)).transpose()?;
        let (log, from) = pinned(reader, begun)?;
        // What was withdrawn again meanwhile is not of the first page's answer.
        let asked = if begun.is_some() { asked_for(reader, &log, &name, &tenant)? } else { asked };
        Ok(form.answer(&effect(&asked, Page { from, limit }, &log).map_err(unkept)?))
    })
    .await
}

/// What a name means, and what withdraws it. What is withdrawn by its statement is found by that where its name is not.
fn asked_for(
    reader: &Reader<'_>,
    log: &Pinned<'_, '_>,
    text: &str,
    tenant: &Tenant,
) -> Result<Asked, Problem> {
    let standing = match named(log, text, tenant)? {
        None => None,
        Some(subject) => match Asked::of(subject, log) {
            Err(error) if error.is_standing() => Some(error),
            found => return found.map_err(refused),
        },
    };
    let id = match (candidates_beside(reader, text, Sort::ALL, tenant), standing) {
        (Err(_), Some(standing)) => return Err(refused(standing)),
        (found, _) => one(&found?, text)?,
    };
    asked(&statement(log, &id)?, log).map_err(refused)
}

fn refused(error: EffectError<ReadError>) -> Problem {
    let (code, detail) = (error.code(), error.to_string());
    match error {
        EffectError::Kept(error) => unkept(error),
        EffectError::NotWithdrawn { .. } | EffectError::TargetUnknown(_) => {
            Problem::new(StatusCode::NOT_FOUND, code, detail)
        }
        EffectError::NotWithdrawable(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail),
    }
}
