//! `/v1/why`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use questions::kept::evidence;
use questions::why::{WhyError, why};
use verifier::judge::default_profile;
use verifier::profile::Profile;

use super::{Form, unkept};
use crate::http::App;
use crate::http::bundles::{candidates, name, one};
use crate::http::problem::Problem;
use crate::http::query::Params;

/// Why an action was allowed or refused, or a decision ruled as it was: policy, revision, rules, inputs with their age, what came
/// from a cache, and what the judge's rules find about the decision.
#[utoipa::path(
    get,
    path = "/v1/why",
    params(
        ("id" = String, Query, description = "action or decision: statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` where the subject was imported, else `standard`"),
    ),
    responses(
        (status = 200, description = "the answer (docs/json/writ.why-1.schema.json), or with `Accept: text/plain` the text that `writ why` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "no such statement", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "neither an action nor a decision, or more than a bundle holds is involved", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn why_decided(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["id", "profile"])?;
    let name = name(params.required("id")?)?;
    let profile = params.word("profile", Profile::named)?;
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let subject = one(&candidates(reader, &name)?, &name)?;
        let wants = profile.as_ref().map(Profile::wants).unwrap_or_default();
        let evidence = evidence(subject, wants, reader).map_err(unkept)?;
        let profile = profile.or_else(|| evidence.get(&subject).map(default_profile));
        let profile = profile.unwrap_or_else(Profile::standard);
        Ok(form.answer(&why(&subject, &evidence, &profile).map_err(unanswered)?))
    })
    .await
}

fn unanswered(error: WhyError) -> Problem {
    match error.code() {
        "not-found" => Problem::not_found(error.to_string()),
        code => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string()),
    }
}
