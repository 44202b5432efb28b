//! `/v1/diff`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use questions::diff::{Compared, DiffError, diff, named_by};
use questions::kept::own_evidence;
use schemas::ids::StatementId;
use verifier::evidence::Evidence;
use verifier::judge::default_profile;
use verifier::profile::Profile;

use super::{Form, unkept};
use crate::http::App;
use crate::http::bundles::{candidates, name, one};
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::read::Reader;

/// What differs between two statements: what was approved or ruled and what was done, two actions or decisions with the hops
/// behind them, or what two delegations hand on. As this server judges it under its own key.
#[utoipa::path(
    get,
    path = "/v1/diff",
    params(
        ("a" = String, Query, description = "approval, decision, action or delegation: statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("b" = Option<String>, Query, description = "what to compare with it; absent: `a` is an action, compared with its own approval or decision"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` where a statement was imported, else `standard`"),
    ),
    responses(
        (status = 200, description = "the differences (docs/json/writ.diff-1.schema.json; `trust.pinned` is false), or with `Accept: text/plain` the text that `writ diff` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "no such statement", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "the two are not compared, or more than a bundle holds is involved", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn differences(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["a", "b", "profile"])?;
    let a = name(params.required("a")?)?;
    let b = params.text("b").map(name).transpose()?;
    let profile = params.word("profile", Profile::named)?;
    let form = Form::of(&headers)?;
    app.read(move |reader| {
        let first = Gathered::of(reader, one(&candidates(reader, &a)?, &a)?, profile.as_ref())?;
        let answer = match b {
            Some(b) => {
                let second = Gathered::of(reader, one(&candidates(reader, &b)?, &b)?, profile.as_ref())?;
                diff(&first.compared(), &second.compared())
            }
            None => named_by(&first.compared())
                .and_then(|named| diff(&Compared { id: named, ..first.compared() }, &first.compared())),
        };
        Ok(form.answer(&answer.map_err(undiffered)?.of_server()))
    })
    .await
}

/// One of the two.
struct Gathered {
    id: StatementId,
    evidence: Evidence,
    profile: Profile,
}

impl Gathered {
    fn of(reader: &Reader<'_>, id: StatementId, profile: Option<&Profile>) -> Result<Self, Problem> {
        let wants = profile.map(Profile::wants).unwrap_or_default();
        let evidence = own_evidence(id, wants, reader).map_err(unkept)?;
        let own = || evidence.get(&id).map_or_else(Profile::standard, default_profile);
        let profile = profile.cloned().unwrap_or_else(own);
        Ok(Self { id, evidence, profile })
    }

    fn compared(&self) -> Compared<'_> {
        Compared { id: self.id, evidence: &self.evidence, profile: &self.profile }
    }
}

fn undiffered(error: DiffError) -> Problem {
    match error {
        DiffError::NotFound(_) => Problem::not_found(error.to_string()),
        DiffError::NotComparable { .. } | DiffError::NothingNamed(_) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
        }
    }
}
