//! `GET /v1/statements`: finding statements.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use questions::listing::{Foot, Listed};
use questions::summary::summary;
use schemas::ids::KeyId;
use schemas::kinds::Ruling;
use schemas::payload::Kind;
use schemas::query::{Query, What, parse};
use schemas::text::{Line, Name, PrincipalId};
use schemas::time::Time;

use super::App;
use super::cursor::Cursor;
use super::json::{AsOf, SearchJson, StatementJson};
use super::problem::Problem;
use super::query::Params;
use super::questions::Form;
use crate::clock::{Clock, SystemClock};
use crate::read::Found;
use crate::search::{Order, PAGE_DEFAULT, PAGE_MAX, Range, search as find};

/// What a search can be told by name; `q` says the same and more.
pub(super) const CONDITIONS: [&str; 12] = [
    "q",
    "ref",
    "principal",
    "action",
    "resource",
    "task",
    "decision",
    "kind",
    "key",
    "tenant",
    "since",
    "until",
];

/// Statements that fit all that is asked, oldest first. Later pages stay at the size of the first.
///
/// A page can have fewer statements than asked for, and none, where little fits: it ends when it has cost enough, and `next` goes on.
#[utoipa::path(
    get,
    path = "/v1/statements",
    params(
        ("q" = Option<String>, Query, description = "words and qualifiers: `agent:x tool:refund decision:deny since:2h -resource:\"order 991\"`; words are foreign ids or beginnings of statement ids",
            example = "agent:billing-bot decision:deny since:2h"),
        ("ref" = Option<String>, Query, description = "foreign id as type:value"),
        ("principal" = Option<String>, Query, description = "URI of somebody who takes part"),
        ("action" = Option<String>, Query, description = "action name"),
        ("resource" = Option<String>, Query, description = "resource"),
        ("task" = Option<String>, Query, description = "task, within the tenant (default: `default`)"),
        ("decision" = Option<String>, Query, description = "ruling: permit, deny or indeterminate"),
        ("kind" = Option<String>, Query, description = "kind of statement"),
        ("key" = Option<String>, Query, description = "key that `key` statements are about, 64 hex digits"),
        ("tenant" = Option<String>, Query, description = "tenant"),
        ("since" = Option<u64>, Query, description = "earliest `at`, in ms since the epoch"),
        ("until" = Option<u64>, Query, description = "latest `at`, in ms since the epoch"),
        ("order" = Option<String>, Query, description = "`oldest` (default) or `newest` first"),
        ("limit" = Option<u64>, Query, description = "statements on a page, 1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; all else unchanged"),
    ),
    responses(
        (status = 200, description = "one page, or with `Accept: text/plain` the text that `writ search` prints",
            content((SearchJson = "application/json"), (String = "text/plain"))),
        (status = 400, description = "not a question; `position` is the byte of `q` at which it goes wrong", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn search(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Form::of(&headers)?;
    let allowed: Vec<&str> = CONDITIONS.into_iter().chain(["order", "limit", "cursor"]).collect();
    let params = Params::read(&uri, &allowed)?;
    let limit = page_limit(&params)?;
    let order = params.word("order", order)?.unwrap_or(Order::OldestFirst);
    let cursor = params.text("cursor").map(Cursor::parse).transpose()?;
    let now = cursor.as_ref().map_or_else(|| SystemClock::new().now(), |(cursor, _)| cursor.now);
    let query = query(&params, now)?;
    if let Some((_, asked)) = &cursor {
        asked.check(&query, order)?;
    }
    app.read(move |reader| {
        let (from, size) =
            cursor.map_or((None, reader.size()), |(cursor, _)| (Some(cursor.next), cursor.size));
        if size == 0 || size > reader.size() || from.is_some_and(|from| from.0 >= size) {
            return Err(Problem::bad_query("parameter `cursor` is of another log"));
        }
        let page = find(reader, &query, Range { from, size, order }, limit)?;
        let next = page.next.map(|next| Cursor { size, next, now }.to_text(&query, order));
        if form == Form::Text {
            return Ok(Form::text(text(
                &page.found,
                &query,
                (reader.log().origin().as_str(), size),
                next.as_deref(),
            )));
        }
        let results: Vec<StatementJson> = page.found.into_iter().map(StatementJson::from).collect();
        let answer = SearchJson {
            as_of: AsOf::at(reader, size)?,
            since: query.since().map(|time| time.0),
            until: query.until().map(|time| time.0),
            count: results.len(),
            examined: page.examined,
            truncated: next.is_some(),
            next,
            results,
        };
        Ok(Form::json(&answer))
    })
    .await
}

/// A page as the text that `writ search` prints.
fn text(found: &[Found], query: &Query, (origin, size): (&str, u64), next: Option<&str>) -> String {
    let line = |found: &Found| {
        let (payload, iss) = (&found.statement.payload, found.statement.envelope.iss.as_str());
        let (id, summary) = (found.statement.id(), summary(payload, iss));
        let kind = payload.kind.as_str();
        Listed { index: found.entry.index, at: payload.at, kind, id: &id, summary: &summary }.line()
    };
    let lines: String = found.iter().map(line).collect();
    let (since, until, count) = (query.since(), query.until(), found.len() as u64);
    let foot = Foot { count, since, until, origin, size, next };
    format!("{lines}{}\n", foot.text())
}

fn order(word: &str) -> Option<Order> {
    match word {
        "oldest" => Some(Order::OldestFirst),
        "newest" => Some(Order::NewestFirst),
        _ => None,
    }
}

/// What `q` and the other parameters ask for.
pub(super) fn query(params: &Params, now: Time) -> Result<Query, Problem> {
    let query = in_words(params.text("q").unwrap_or_default(), now)?;
    let foreign = params.text("ref").map(foreign).transpose()?;
    let key = params.word("key", KeyId::from_hex)?;
    Ok(query
        .with(foreign)
        .with(params.parsed::<PrincipalId>("principal")?.map(|id| What::principal(&id)))
        .with(params.parsed::<Line>("action")?.map(|name| What::action(&name)))
        .with(params.parsed::<Line>("resource")?.map(|name| What::resource(&name)))
        .with(params.parsed("task")?.map(What::Task))
        .with(params.word("decision", Ruling::from_word)?.map(What::ruling))
        .with(params.word("kind", Kind::from_word)?.map(What::kind))
        .with(key.map(|key| What::key_statement(&key)))
        .with(params.parsed("tenant")?.map(What::Tenant))
        .with(params.number("since")?.map(Time).map(What::Since))
        .with(params.number("until")?.map(Time).map(What::Until)))
}

/// Reads a query; a fault says where it is.
pub(super) fn in_words(text: &str, now: Time) -> Result<Query, Problem> {
    parse(text, now)
        .map_err(|fault| Problem::bad_query(format!("parameter `q`, {fault}")).with_position(fault.at))
}

fn foreign(text: &str) -> Result<What, Problem> {
    let bad = |detail: String| Problem::bad_query(format!("parameter `ref`: {detail}"));
    let parts = text.split_once(':');
    let (kind, value) = parts.ok_or_else(|| bad(format!("`{text}` is not type:value")))?;
    let kind = Name::new(kind).map_err(|error| bad(error.to_string()))?;
    Ok(What::Foreign(kind, Line::new(value).map_err(|error| bad(error.to_string()))?))
}

/// How many there may be on a page.
pub(super) fn page_limit(params: &Params) -> Result<usize, Problem> {
    match params.number("limit")? {
        None => Ok(PAGE_DEFAULT),
        Some(limit) if (1..=PAGE_MAX as u64).contains(&limit) => {
            Ok(usize::try_from(limit).unwrap_or(PAGE_MAX))
        }
        Some(limit) => {
            Err(Problem::bad_query(format!("parameter `limit` is {limit}; expected 1 to {PAGE_MAX}")))
        }
    }
}
