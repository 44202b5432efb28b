//! `/v1/report`.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use documents::report::{About, Format, Tally, Unjudged};
use questions::kept::Placed;
use questions::sweep::{Sweep, of_kinds};
use schemas::payload::Kind;
use verifier::gather::Source;
use verifier::profile::Profile;

use super::asked::Incoming;
use super::{accepted, unkept};
use crate::clock::{Clock, SystemClock};
use crate::http::App;
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::search::Fitting;

/// Media types, and the form that each asks for.
const FORMS: [(&str, Format); 4] = [
    ("application/json", Format::Json),
    ("text/html", Format::Html),
    ("application/sarif+json", Format::Sarif),
    ("text/plain", Format::Text),
];

/// A report on every action that fits: verdicts, findings by rule and by control of published frameworks, as this server judges its
/// own log. Whoever must not take its word makes it with `writ report`, which judges each action by itself.
///
/// It has no pages: where it would cost too much it is cut, and says so.
#[utoipa::path(
    get,
    path = "/v1/report",
    params(
        ("q" = Option<String>, Query, description = "which actions: words and qualifiers as of `/v1/statements`", example = "task:refunds-q4"),
        ("since" = Option<u64>, Query, description = "earliest `at`, in ms since the epoch"),
        ("until" = Option<u64>, Query, description = "latest `at`, in ms since the epoch"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` for what was imported, else `standard`"),
        ("format" = Option<String>, Query, description = "`json`, `html`, `sarif` or `text`; default: as `Accept` says, else `json`"),
    ),
    responses(
        (status = 200, description = "the report (docs/json/writ.report-1.schema.json, `evidence` is `own`), as a page of HTML, as SARIF 2.1.0, or as the text that `writ report` prints",
            content((Object = "application/json"), (String = "text/html"), (Object = "application/sarif+json"), (String = "text/plain"))),
        (status = 400, description = "not a question; `position` is the byte of `q` at which it goes wrong", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "no form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn report_on(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["q", "since", "until", "profile", "format"])?;
    let profile = params.word("profile", Profile::named)?;
    let named = params.text("profile").map(str::to_owned);
    let (media, format) = accepted(&params, &headers, &FORMS, |word| match word {
        "json" => Some("application/json"),
        "html" => Some("text/html"),
        "sarif" => Some("application/sarif+json"),
        "text" => Some("text/plain"),
        _ => None,
    })?;
    let incoming = Incoming::read("report", &params, &["profile"])?;
    let bounds = ["since", "until"].map(|name| params.text(name).map(|time| format!(" {name}:{time}")));
    let bounds: String = bounds.into_iter().flatten().collect();
    app.sweep(move |reader| {
        let (asked, log) = incoming.pinned(reader)?;
        let query = of_kinds(asked.query.clone(), &[Kind::Action]);
        let mut fitting = Fitting::new(reader, &query, asked.from, log.size());
        let mut tally = Tally::begin().map_err(unwritten)?;
        let mut sweep = Sweep::new(&log, &query, fitting.by_ref(), profile.as_ref());
        for swept in sweep.by_ref() {
            let (put, verdict) = swept.map_err(unkept)?;
            let payload = &put.statement.payload;
            match verdict {
                Ok(verdict) => tally.add(&verdict, Some(payload), put.statement.envelope.iss.as_str()),
                Err(refused) => {
                    let (code, what) = (refused.code().into(), refused.to_string());
                    tally.unjudged(Unjudged { id: put.statement.id(), index: put.index, code, what });
                }
            }
        }
        let cut = sweep.cut_at().map_or_else(|| fitting.cut_at(), |cut| Ok(Some(cut)))?;
        let report = tally.report(About {
            query: format!("{}{bounds}", asked.text),
            profile: named,
            as_of: log.as_of(),
            evidence: "own",
            pinned: false,
            complete: cut.is_none(),
            made: SystemClock::new().now(),
        });
        Ok(document(media, report.write(format).map_err(unwritten)?))
    })
    .await
}

/// A document of a media type.
pub(super) fn document(media: &'static str, text: String) -> Response {
    let media = if media.starts_with("text/") { format!("{media}; charset=utf-8") } else { media.into() };
    let mut response = (StatusCode::OK, [(header::CONTENT_TYPE, media)], text).into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

pub(super) fn unwritten(error: documents::Unwritten) -> Problem {
    Problem::internal(error.to_string())
}
