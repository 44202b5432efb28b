use std::fmt::Write as _;

use gateway::client::{AsOf, Found, Query};
use schemas::ids::{KeyId, StatementId};
use schemas::payload::{Kind, Payload};
use schemas::time::Time;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::output::printable;
use crate::render::{short, statement};
use crate::schema;

/// Find statements by who, what, where, when, or another system's id
///
/// All conditions must hold. Answers are as the server says; `writ who` and `writ show` check.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ search --principal agent:billing-bot --since 2h
  writ search --decision deny --action payments:refund
  writ search --ref access-key:AKIAIOSFODNN7EXAMPLE")]
pub(crate) struct Args {
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
    #[arg(long, value_name = "CURSOR")]
    page: Option<String>,
}

/// `writ search --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    as_of: AsOf,
    count: usize,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    results: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: StatementId,
    index: u64,
    time: u64,
    kind: String,
    kid: KeyId,
    iss: String,
    payload: serde_json::Value,
    #[serde(skip)]
    summary: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let page = context.client()?.search(&query(args)?)?;
    let results: Vec<Row> = page.results.into_iter().map(row).collect();
    let count = results.len();
    let next = page.next.filter(|_| page.truncated);
    let document = Document {
        schema: schema::SEARCH,
        as_of: page.as_of,
        count,
        truncated: page.truncated,
        next,
        results,
    };
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&text(&document))?;
    }
    Ok(Exit::Ok)
}

fn query(args: &Args) -> Result<Query, Failure> {
    let time = |text: &Option<String>| text.as_deref().map(moment::parse).transpose();
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
        .with_some("since", time(&args.since)?.map(|time| time.0.to_string()))
        .with_some("until", time(&args.until)?.map(|time| time.0.to_string()))
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref()))
}

fn row(found: Found) -> Row {
    // A newer log may hold what this program does not know; it is shown as it stands.
    let payload = Payload::from_json(&found.payload).ok();
    let summary = match &payload {
        Some(payload) => statement::summary(payload, &found.iss),
        None => "of a form that this program does not know".into(),
    };
    let kind = found.payload.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default().to_string();
    let Found { id, index, time, kid, iss, payload } = found;
    Row { id, index, time, kind, kid, iss, payload, summary }
}

fn text(document: &Document) -> String {
    let mut text = String::new();
    for row in &document.results {
        let place = format!("#{}", row.index);
        let time = moment::show(Time(row.time));
        let _ = writeln!(
            text,
            "{place:<9} {time:<25} {:<11} {}  {}",
            printable(&row.kind),
            short(&row.id),
            row.summary
        );
    }
    let size = document.as_of.size;
    let _ = write!(
        text,
        "{} statements · as of size {size} of {}",
        document.count,
        printable(&document.as_of.origin)
    );
    match &document.next {
        Some(next) => text.push_str(&format!(" · there is more: the same with --page {}", printable(next))),
        None => text.push_str(" · complete"),
    }
    text.push('\n');
    text
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
        let document = Document { schema: schema::SEARCH, as_of, count: 2, truncated: true, next, results };
        assert!(text(&document).contains("--page c"));
        assert_described(&document);
    }
}
