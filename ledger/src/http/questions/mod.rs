//! What is asked of the log: the answers of the room `questions`, as JSON or as the text that `writ` prints.

mod asked;
mod authority;
mod blast;
mod chain;
mod counts;
mod coverage;
mod crossings;
mod diff;
mod effect;
mod export;
mod grants;
mod lookup;
mod report;
mod revisions;
mod uses;
mod what_if;
mod who;
mod why;

use std::fmt::Display;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use questions::kept::{KeptError, Placed, Put, own_evidence};
use questions::page::Cursor;
use questions::reach::{self, Named, Subject};
use schemas::ids::StatementId;
use schemas::text::Tenant;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use verifier::evidence::Evidence;
use verifier::gather::{GatherError, Source};
use verifier::judge::default_profile;
use verifier::naming::Sort;
use verifier::profile::Profile;

use super::App;
use super::bundles::{candidates, candidates_beside, name, one};
use super::problem::Problem;
use super::query::Params;
use crate::kept::Pinned;
use crate::read::{ReadError, Reader};

const TEXT: &str = "text/plain";

/// The routes of all questions.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(why::why_decided))
        .routes(routes!(uses::uses_of))
        .routes(routes!(counts::counts))
        .routes(routes!(coverage::coverage_of))
        .routes(routes!(blast::blast_of))
        .routes(routes!(grants::grants_of))
        .routes(routes!(crossings::crossings_of))
        .routes(routes!(authority::authority_of))
        .routes(routes!(what_if::what_if_withdrawn))
        .routes(routes!(effect::effect_of))
        .routes(routes!(chain::whole_chain))
        .routes(routes!(diff::differences))
        .routes(routes!(revisions::of_revisions))
        .routes(routes!(lookup::looked_up))
        .routes(routes!(who::who_authorized))
        .routes(routes!(report::report_on))
        .routes(routes!(export::exported))
}

/// In which form an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Text,
}

impl Form {
    /// The first form that is accepted; JSON where none is named.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(accept) = headers.get(header::ACCEPT) else { return Ok(Self::Json) };
        let accept = accept.to_str().unwrap_or_default();
        for range in accept.split(',') {
            match range.split(';').next().unwrap_or(range).trim() {
                TEXT | "text/*" => return Ok(Self::Text),
                "application/json" | "application/*" | "*/*" => return Ok(Self::Json),
                _ => {}
            }
        }
        let detail = format!("accept `{accept}`; offered: application/json, {TEXT}");
        Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail))
    }

    fn answer(self, answer: &(impl Serialize + Display)) -> Response {
        match self {
            Self::Json => Self::json(answer),
            Self::Text => Self::text(answer.to_string()),
        }
    }

    pub(super) fn json(answer: &impl Serialize) -> Response {
        varied(Json(answer).into_response())
    }

    pub(super) fn text(text: String) -> Response {
        varied(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
    }
}

/// An answer that would be another had another form been accepted.
fn varied(mut response: Response) -> Response {
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The form that `format` names, else the first that is accepted, else the first of all.
fn accepted<F: Copy>(
    params: &Params,
    headers: &HeaderMap,
    forms: &[(&'static str, F)],
    media_of: impl Fn(&str) -> Option<&'static str>,
) -> Result<(&'static str, F), Problem> {
    let of_media = |media: &str| forms.iter().find(|(known, _)| *known == media).copied();
    if let Some(form) = params.word("format", |word| of_media(media_of(word)?))? {
        return Ok(form);
    }
    let Some(accept) = headers.get(header::ACCEPT) else {
        return forms.first().copied().ok_or_else(wrong_cursor);
    };
    let accept = accept.to_str().unwrap_or_default();
    for range in accept.split(',') {
        let range = range.split(';').next().unwrap_or(range).trim();
        let fits = |(media, _): &&(&'static str, F)| match range.strip_suffix('*') {
            Some(begin) => range == "*/*" || (begin.ends_with('/') && media.starts_with(begin)),
            None => *media == range,
        };
        if let Some(form) = forms.iter().find(fits) {
            return Ok(*form);
        }
    }
    let offered: Vec<&str> = forms.iter().map(|(media, _)| *media).collect();
    let detail = format!("accept `{accept}`; offered: {}", offered.join(", "));
    Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail))
}

/// The log at the size of an answer's first page, and the place where this page begins.
fn pinned<'r, 'l>(reader: &'r Reader<'l>, begun: Option<Cursor>) -> Result<(Pinned<'r, 'l>, u64), Problem> {
    let Cursor { size, next } = begun.unwrap_or(Cursor { size: reader.size(), next: 0 });
    if size == 0 || size > reader.size() {
        return Err(wrong_cursor());
    }
    Ok((Pinned::new(reader, size)?, next))
}

/// What a name means: a principal, a key, a policy's revision, a foreign id or a statement.
fn subject(reader: &Reader<'_>, text: &str, tenant: &Tenant) -> Result<Subject, Problem> {
    let log = Pinned::new(reader, reader.size())?;
    if let Some(subject) = named(&log, text, tenant)? {
        return Ok(subject);
    }
    let found = candidates_beside(reader, text, Sort::ALL, tenant)?;
    let put = statement(&log, &one(&found, text)?)?;
    Subject::of(&put).ok_or_else(|| blast::not_relied_on(put.statement.payload.kind))
}

/// What a name means where it is no statement's id.
fn named(log: &Pinned<'_, '_>, text: &str, tenant: &Tenant) -> Result<Option<Subject>, Problem> {
    match reach::subject(text, tenant, log)? {
        Named::One(subject) => Ok(Some(subject)),
        Named::Nothing => Ok(None),
        Named::Several(several) => {
            let detail = format!("`{text}` can mean {} things: {}", several.len(), several.join(", "));
            Err(Problem::new(StatusCode::CONFLICT, "ambiguous-id", detail))
        }
    }
}

/// The statement of an id, with its place.
fn statement(log: &Pinned<'_, '_>, id: &StatementId) -> Result<Put, Problem> {
    let put = log.index_of(id)?.map(|index| log.placed(index)).transpose()?.flatten();
    put.ok_or_else(|| Problem::not_found(format!("no statement {id} is in the log")))
}

fn wrong_cursor() -> Problem {
    Problem::bad_query("parameter `cursor` is not the `next` of an earlier page of this question")
}

fn unkept(error: KeptError<ReadError>) -> Problem {
    match error {
        KeptError::Gather(GatherError::Source(error)) => error.into(),
        KeptError::Gather(error @ GatherError::NotFound { .. }) => Problem::not_found(error.to_string()),
        KeptError::Gather(error @ GatherError::TooMany { .. }) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bundle-too-large", error.to_string())
        }
        KeptError::Evidence(error) => Problem::internal(error.to_string()),
    }
}

/// Answers a question about one statement from the log's own evidence, under the profile that was asked for or the default one.
async fn judged<A: Serialize + Display + Send + 'static>(
    app: App,
    uri: &Uri,
    headers: &HeaderMap,
    answer: impl FnOnce(&StatementId, &Evidence, &Profile) -> Result<A, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let params = Params::read(uri, &["id", "profile"])?;
    let name = name(params.required("id")?)?;
    let profile = params.word("profile", Profile::named)?;
    let form = Form::of(headers)?;
    app.read(move |reader| {
        let subject = one(&candidates(reader, &name)?, &name)?;
        judged_one(reader, form, subject, profile, answer)
    })
    .await
}

/// The same for a statement that was found.
fn judged_one<A: Serialize + Display>(
    reader: &Reader<'_>,
    form: Form,
    subject: StatementId,
    profile: Option<Profile>,
    answer: impl FnOnce(&StatementId, &Evidence, &Profile) -> Result<A, Problem>,
) -> Result<Response, Problem> {
    let wants = profile.as_ref().map(Profile::wants).unwrap_or_default();
    let evidence = own_evidence(subject, wants, reader).map_err(unkept)?;
    let profile = profile.or_else(|| evidence.get(&subject).map(default_profile));
    let profile = profile.unwrap_or_else(Profile::standard);
    Ok(form.answer(&answer(&subject, &evidence, &profile)?))
}
