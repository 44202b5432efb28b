//! `/v1/chain`.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::chain::chain;
use questions::chains::{Part, chains, read_cursor, write_cursor};
use questions::course::Course;
use questions::page::Cursor;
use schemas::ids::StatementId;
use schemas::payload::Body;
use schemas::text::Tenant;
use schemas::time::Index;
use verifier::gather::Source;
use verifier::naming::{self, Sort};
use verifier::profile::Profile;

use super::who::unjudged;
use super::{Form, judged_one, pinned, unkept, wrong_cursor};
use crate::http::App;
use crate::http::bundles::{candidates_beside, name, one};
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::page_limit;
use crate::kept::Pinned;
use crate::read::Reader;
use crate::search::Fitting;

/// The whole chain behind an action, decision, delegation or credential: every hop on every path, what it handed on, and which
/// link is broken first, as this server judges it under its own key. Of a task or a trace the chains behind each of its actions,
/// each hop once; later pages stay at the size of the first.
#[utoipa::path(
    get,
    path = "/v1/chain",
    params(
        ("id" = String, Query, description = "action, decision, delegation or credential: statement id, foreign id (value or type:value) or hex prefix of 8 digits or more; or a task (`task:` before it where a statement is called so too), or a trace id of 32 hex digits"),
        ("profile" = Option<String>, Query, description = "`standard`, `strict` or `imported`; default: `imported` where the subject was imported, else `standard`"),
        ("tenant" = Option<String>, Query, description = "tenant of the task, default `default`"),
        ("limit" = Option<u64>, Query, description = "of a task or a trace: actions on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "of a task or a trace: `next` of the page before; `id` and `tenant` unchanged"),
    ),
    responses(
        (status = 200, description = "the chain (docs/json/writ.chain-1.schema.json; `trust.pinned` is false), of a task or a trace all of them (docs/json/writ.chains-1.schema.json without `trust`), or with `Accept: text/plain` the text that `writ chain` prints",
            content((Object = "application/json"), (String = "text/plain"))),
        (status = 404, description = "no such statement, task or trace", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "several statements", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "nobody authorizes statements of this kind, or more than a bundle holds is involved", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn whole_chain(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["id", "profile", "tenant", "limit", "cursor"])?;
    let name = name(params.required("id")?)?;
    let profile = params.word("profile", Profile::named)?;
    let tenant = params.parsed::<Tenant>("tenant")?.unwrap_or_else(Tenant::default_label);
    let limit = page_limit(&params)?;
    let cursor = params.text("cursor").map(str::to_owned);
    let form = Form::of(&headers)?;
    match app.read(move |reader| Asked::of(reader, &name, &tenant)).await? {
        Asked::One(_) if cursor.is_some() => Err(wrong_cursor()),
        Asked::One(subject) => {
            let answer = move |subject: &StatementId, evidence: &_, profile: &_| {
                Ok(chain(subject, evidence, profile).map_err(unjudged)?.of_server())
            };
            app.read(move |reader| judged_one(reader, form, subject, profile, answer)).await
        }
        Asked::Course(course) => {
            let begun =
                cursor.map(|text| read_cursor(&text, &course).ok_or_else(wrong_cursor)).transpose()?;
            app.sweep(move |reader| {
                let (log, from) = pinned(reader, begun)?;
                let (query, part) = (course.actions(), Part { limit, profile: profile.as_ref() });
                let mut fitting = Fitting::new(reader, &query, Index(from), log.size());
                let (drawing, cut) = chains(&course, fitting.by_ref(), part, &log).map_err(unkept)?;
                let cut = cut.map_or_else(|| fitting.cut_at(), |cut| Ok(Some(cut)))?;
                let next = cut.map(|cut| write_cursor(Cursor { size: log.size(), next: cut.0 }, &course));
                Ok(form.answer(&drawing.finish(&course, questions::kept::Placed::as_of(&log), next)))
            })
            .await
        }
    }
}

/// What a chain is asked of.
enum Asked {
    One(StatementId),
    Course(Course),
}

impl Asked {
    /// What a name means: a statement, or a task or a trace that is named outright or that no statement is called.
    fn of(reader: &Reader<'_>, name: &str, tenant: &Tenant) -> Result<Self, Problem> {
        let log = Pinned::new(reader, reader.size())?;
        let course = Course::find(name, tenant, &log)?;
        if let Some(course) = course.clone().filter(|_| Course::is_typed(name)) {
            return Ok(Self::Course(course));
        }
        let found = match (naming::resolve(reader, name)?, course) {
            (Some(found), _) => found,
            (None, Some(course)) => return Ok(Self::Course(course)),
            (None, None) => candidates_beside(reader, name, Sort::COURSES, tenant)?,
        };
        let id = one(&found, name)?;
        let statement = found.found.iter().map(|found| &found.statement).find(|found| found.id() == id);
        Ok(match statement.map(|statement| (&statement.payload.body, &statement.payload.task)) {
            Some((Body::Task(_), Some(task))) => {
                let tenant = statement.map_or_else(|| tenant.clone(), |found| found.payload.tenant.clone());
                Self::Course(Course::Task { tenant, task: task.clone() })
            }
            _ => Self::One(id),
        })
    }
}
