use gateway::client::{AsOf, Found, Query};
use questions::counts::{By, Counts};
use questions::listing::{Foot, Listed};
use schemas::ids::{KeyId, StatementId};
use schemas::payload::{Kind, Payload};
use schemas::time::{Index, Time};
use serde::Serialize;

use super::question::ask;
use super::show::TrustDocument;
use crate::as_of::hold;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::queries::{bound, check};
use crate::render::statement;
use crate::schema;

/// Find statements by who, what, where, when, or another system's id
///
/// All conditions must hold. Words are foreign ids or beginnings of statement ids; qualifiers name the rest:
/// agent: principal: tool: action: resource: decision: outcome: kind: task: tenant: policy: key: trace: ref: since: until:
/// A minus before one excludes it, quotes hold a value with spaces together, and `*` ends an action or a resource where
/// something whole stands beside it. The state of the log that was searched is held against its signed head; which statements it
/// lists is the server's word: `writ show` and `writ who` check each, `writ verify log` reads all.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ search 'agent:billing-bot decision:deny since:2h'
  writ search 'tool:refund -resource:\"order 991\"' --newest
  writ search 'kind:action outcome:failed policy:opa:authz/refund@7'
  writ search 'decision:deny since:1d' --by actor           who was denied, and how often
  writ search AKIAIOSFODNN7EXAMPLE                          whatever carries this id
  writ search -- '-outcome:completed kind:action'           a query that begins with a minus
  writ search --principal agent:billing-bot --since 2h      the same conditions, as options
  writ search --decision deny --action payments:refund
  writ search --ref access-key:AKIAIOSFODNN7EXAMPLE")]
pub(crate) struct Args {
    /// Words and qualifiers
    #[arg(value_name = "QUERY", default_value = "", hide_default_value = true)]
    query: String,
    /// Newest first
    #[arg(long)]
    newest: bool,
    /// Who takes part
    #[arg(long, value_name = "URI")]
    principal: Option<String>,
    /// Name of the action
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    /// What was touched
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// Within which task
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Within which tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// How it was decided: permit, deny or indeterminate
    #[arg(long, value_name = "RULING", value_parser = ["permit", "deny", "indeterminate"])]
    decision: Option<String>,
    /// Another system's id
    #[arg(long, value_name = "TYPE:VALUE")]
    r#ref: Option<String>,
    /// Of which kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// From then on, as the statements say: a moment, or so long ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=500))]
    limit: u64,
    /// Where to go on, as the answer before said
    #[arg(long, value_name = "CURSOR", conflicts_with = "by")]
    page: Option<String>,
    /// Count instead of listing: how many have which actor, action, resource, ruling, outcome, reason, kind, task, tenant,
    /// credential, or foreign id of a type (ref:TYPE)
    #[arg(long, value_name = "FIELD", conflicts_with = "newest")]
    by: Option<String>,
}

/// `writ search --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    as_of: AsOf,
    /// The moments that were understood, in ms since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    count: usize,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    results: Vec<Row>,
    /// Whether `as_of` is proved under a pinned key. What is listed never is.
    trust: TrustDocument,
    /// What speaks against the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

#[derive(Serialize)]
pub(super) struct Row {
    id: StatementId,
    index: u64,
    /// When, as its signer says: what --since and --until are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    /// When the log placed it.
    time: u64,
    kind: String,
    kid: KeyId,
    iss: String,
    payload: serde_json::Value,
    #[serde(skip)]
    summary: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let query = query(args)?;
    if let Some(by) = &args.by {
        return counted(by, query, context);
    }
    let (trust, exit) = context.trust_or_said();
    let client = context.client()?;
    let page = client.search(&query)?;
    let (pinned, error, exit) = match hold(context, &client, trust.as_ref(), &page.as_of) {
        Ok((pinned, believed)) => (pinned, None, exit.worse(believed)),
        Err(failure) => (false, Some(failure.clone()), exit.worse(failure.exit)),
    };
    let results: Vec<Row> = page.results.into_iter().map(row).collect();
    let document = Document {
        schema: schema::SEARCH,
        as_of: page.as_of,
        since: page.since,
        until: page.until,
        count: results.len(),
        truncated: page.truncated,
        next: page.next.filter(|_| page.truncated),
        results,
        trust: TrustDocument { pinned },
        error,
    };
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&text(&document))?;
    }
    if let Some(failure) = &document.error {
        context.output.failure_text(failure);
    }
    Ok(exit)
}

/// How many have what, instead of which they are.
fn counted(by: &str, query: Query, context: &Context) -> Result<Exit, Failure> {
    if By::parse(by).is_none() {
        let what = format!("`{by}` is nothing to count by");
        return Err(Failure::usage("unknown-field", what).values(By::WORDS, by).next("--by actor"));
    }
    ask(context, "/v1/counts", &query.with("by", by), |answer: &Counts| &answer.as_of)?.say(context)
}

fn query(args: &Args) -> Result<Query, Failure> {
    let mut words = args.query.clone();
    let (since, words_since) = bound("since", args.since.as_deref())?;
    let (until, words_until) = bound("until", args.until.as_deref())?;
    check(&words)?;
    words.extend([words_since, words_until]);
    if args.r#ref.as_ref().is_some_and(|foreign| !foreign.contains(':')) {
        return Err(
            Failure::usage("ref-form", "--ref names a type and a value").next("--ref access-key:AKIA…")
        );
    }
    if let Some(kind) = &args.kind
        && Kind::from_word(kind).is_none()
    {
        let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        return Err(
            Failure::usage("unknown-kind", format!("`{kind}` is no kind")).values(words.join(", "), kind)
        );
    }
    Ok(Query::default()
        .with_some("principal", args.principal.as_ref())
        .with_some("action", args.action.as_ref())
        .with_some("resource", args.resource.as_ref())
        .with_some("task", args.task.as_ref())
        .with_some("tenant", args.tenant.as_ref())
        .with_some("decision", args.decision.as_ref())
        .with_some("ref", args.r#ref.as_ref())
        .with_some("kind", args.kind.as_ref())
        .with_some("since", since.map(|time| time.0.to_string()))
        .with_some("until", until.map(|time| time.0.to_string()))
        .with_some("q", Some(words.trim()).filter(|words| !words.is_empty()))
        .with_some("order", args.newest.then_some("newest"))
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref()))
}

pub(super) fn row(found: Found) -> Row {
    // A newer log may hold what this program does not know; it is shown as it stands.
    let payload = Payload::from_json(&found.payload).ok();
    let summary = match &payload {
        Some(payload) => statement::summary(payload, &found.iss),
        None => "of a form that this program does not know".into(),
    };
    let kind = found.payload.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default().to_string();
    let Found { id, index, time, kid, iss, payload } = found;
    let at = payload.get("at").and_then(serde_json::Value::as_u64);
    Row { id, index, at, time, kind, kid, iss, payload, summary }
}

/// Place, moment, kind, id and what it says, on one line.
pub(super) fn line(row: &Row) -> String {
    let at = Time(row.at.unwrap_or(row.time));
    let Row { index, kind, id, summary, .. } = row;
    Listed { index: Index(*index), at, kind, id, summary }.line()
}

fn text(document: &Document) -> String {
    let AsOf { origin, size, .. } = &document.as_of;
    let foot = Foot {
        count: document.count as u64,
        since: document.since.map(Time),
        until: document.until.map(Time),
        origin,
        size: *size,
        next: document.next.as_deref(),
    };
    let lines: String = document.results.iter().map(line).collect();
    let pinned = if document.trust.pinned { "" } else { " · NOT PINNED" };
    format!("{lines}{}{pinned}\n", foot.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema_also_with_statements_of_an_unknown_form() {
        let root = schemas::tree::TreeHash::new([1; 32]);
        let found = |payload| Found {
            id: StatementId::new([2; 32]),
            index: 1,
            time: 2,
            kid: KeyId::new([3; 32]),
            iss: "user:a".into(),
            payload,
        };
        let known = crate::testlog::TestLog::new().note_by_registrar(1, "x").payload;
        let results = vec![
            row(found(serde_json::json!({"v": 9, "kind": "prophecy"}))),
            row(found(serde_json::to_value(known).unwrap())),
        ];
        assert!(results[0].summary.contains("does not know"));
        assert!(results[1].summary.contains("about"));
        let as_of = AsOf { origin: "o".into(), size: 3, root, time: 4 };
        let next = Some("c".into());
        let mut document = Document {
            schema: schema::SEARCH,
            as_of,
            since: Some(1_700_000_000_000),
            until: None,
            count: 2,
            truncated: true,
            next,
            results,
            trust: TrustDocument { pinned: true },
            error: None,
        };
        assert!(text(&document).contains("--page c"));
        assert!(text(&document).contains("from 2023-11-14 22:13:20Z on"), "{}", text(&document));
        assert!(
            text(&document).contains("2 statements per the server") && !text(&document).contains("complete")
        );
        assert_described(&document);
        document.error = Some(Failure::new("rollback", "what").exit(Exit::Rollback));
        document.trust.pinned = false;
        assert!(text(&document).contains("NOT PINNED"));
        assert_described(&document);
    }
}
