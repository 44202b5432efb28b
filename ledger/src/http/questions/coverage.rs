//! `/v1/coverage`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::coverage::{ROWS, ROWS_MAX, Size, coverage};
use questions::sweep::{ACTIONS_MAX, of_kinds};
use schemas::payload::Kind;
use verifier::gather::Source;
use verifier::profile::Profile;

use super::asked::{Incoming, PARAMETERS};
use super::{Form, unkept};
use crate::http::App;
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::search::Fitting;

/// How much of what was done can be accounted for, as the judge finds: whose chain leads to a registered root, on what nothing was
/// decided, for what nobody answers; what each rule found, and the agents and tenants that this comes from, worst first.
///
/// An answer is about 10,000 actions at most, and fewer where each is dear to judge: `covered` says which entries were looked at, and
/// `next` goes on. Answers that follow each other can be added up where each lists all of its agents and tenants.
#[utoipa::path(
    get,
    path = "/v1/coverage",
    params(
        ("q" = Option<String>, Query, description = "which actions: words and qualifiers as of `/v1/statements`", example = "agent:billing-bot since:2h"),
        ("since" = Option<u64>, Query, description = "earliest `at`, in ms since the epoch"),
        ("until" = Option<u64>, Query, description = "latest `at`, in ms since the epoch"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` for what was imported, else `standard`"),
        ("limit" = Option<u64>, Query, description = "actions that are judged, 1 to 10000, default 10000"),
        ("rows" = Option<u64>, Query, description = "agents and tenants that are listed, 1 to 10000, default 100"),
        ("cursor" = Option<String>, Query, description = "`next` of the answer before; all else unchanged"),
    ),
    responses(
        (status = 200, description = "the answer (docs/json/writ.coverage-1.schema.json), or with `Accept: text/plain` the text that `writ coverage` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 400, description = "not a question; `position` is the byte of `q` at which it goes wrong", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn coverage_of(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let allowed: Vec<&str> = PARAMETERS.into_iter().chain(["profile", "limit", "rows"]).collect();
    let params = Params::read(&uri, &allowed)?;
    let profile = params.word("profile", Profile::named)?;
    let actions = up_to("limit", ACTIONS_MAX, ACTIONS_MAX, &params)?;
    let size = Size { actions, rows: up_to("rows", ROWS_MAX, ROWS, &params)? };
    let incoming = Incoming::read("coverage", &params, &["profile"])?;
    let form = Form::of(&headers)?;
    app.sweep(move |reader| {
        let (asked, log) = incoming.pinned(reader)?;
        let query = of_kinds(asked.query.clone(), &[Kind::Action]);
        let mut fitting = Fitting::new(reader, &query, asked.from, log.size());
        let (answer, cut) =
            coverage(&asked, fitting.by_ref(), profile.as_ref(), size, &log).map_err(unkept)?;
        let cut = cut.map_or_else(|| fitting.cut_at(), |cut| Ok(Some(cut)))?;
        Ok(form.answer(&answer.cut_at(&asked, cut)))
    })
    .await
}

/// A number from 1 to `most`.
fn up_to(name: &str, most: usize, default: usize, params: &Params) -> Result<usize, Problem> {
    let Some(number) = params.number(name)? else { return Ok(default) };
    let fitting = usize::try_from(number).ok().filter(|number| (1..=most).contains(number));
    fitting.ok_or_else(|| Problem::bad_query(format!("parameter `{name}` is {number}; expected 1 to {most}")))
}
