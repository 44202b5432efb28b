//! `/v1/export`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use documents::export::Format;
use questions::kept::own_evidence;
use questions::mark::Mark;
use questions::who::{Shown, Source, unpinned};
use schemas::ids::StatementId;
use verifier::judge::{default_profile, judge};
use verifier::profile::Profile;

use super::report::{document, unwritten};
use super::who::unjudged;
use super::{accepted, unkept};
use crate::http::App;
use crate::http::bundles::{candidates, name, one};
use crate::http::problem::Problem;
use crate::http::query::Params;

/// Media types, and the form that each asks for.
const FORMS: [(&str, Format); 3] = [
    ("application/json", Format::Prov),
    ("text/vnd.graphviz", Format::Dot),
    ("text/vnd.mermaid", Format::Mermaid),
];

/// The chain behind an action, decision, delegation or credential in the form of another tool, as this server judges it under its
/// own key; nothing is pinned for whoever asks, and it says so. `writ export` judges it itself.
#[utoipa::path(
    get,
    path = "/v1/export",
    params(
        ("id" = String, Query, description = "action, decision, delegation or credential: statement id, foreign id (value or type:value) or hex prefix of 8 digits or more"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` where the subject was imported, else `standard`"),
        ("format" = Option<String>, Query, description = "`prov` (W3C PROV-JSON), `dot` (Graphviz) or `mermaid`; default: as `Accept` says, else `prov`"),
    ),
    responses(
        (status = 200, description = "the document that `writ export` writes",
            content((Object = "application/json"), (String = "text/vnd.graphviz"), (String = "text/vnd.mermaid"))),
        (status = 404, description = "no such statement", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "no form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "nobody authorizes statements of this kind, or more than a bundle holds is involved", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn exported(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["id", "profile", "format"])?;
    let name = name(params.required("id")?)?;
    let profile = params.word("profile", Profile::named)?;
    let (media, format) = accepted(&params, &headers, &FORMS, |word| match word {
        "prov" => Some("application/json"),
        "dot" => Some("text/vnd.graphviz"),
        "mermaid" => Some("text/vnd.mermaid"),
        _ => None,
    })?;
    app.read(move |reader| {
        let subject = one(&candidates(reader, &name)?, &name)?;
        let wants = profile.as_ref().map(Profile::wants).unwrap_or_default();
        let evidence = own_evidence(subject, wants, reader).map_err(unkept)?;
        let profile = profile.or_else(|| evidence.get(&subject).map(default_profile));
        let profile = profile.unwrap_or_else(Profile::standard);
        let mut verdict = judge(&subject, &evidence, &profile).map_err(unjudged)?;
        verdict.trust = unpinned(&verdict.trust);
        let record = |id: &StatementId| evidence.get(id);
        let text = format.write(Shown {
            verdict: &verdict,
            record: &record,
            source: Source::Own,
            is_stale: false,
            checks: "",
            exit: None,
            word: Mark::plain,
        });
        Ok(document(media, text.map_err(unwritten)?))
    })
    .await
}
