//! One statement on the screen.

use std::fmt::Write as _;

pub(crate) use questions::summary::{roles, summary};
use schemas::envelope::Statement;
use schemas::time::Time;

use crate::moment;
use crate::output::printable;

/// All that a statement says.
pub(crate) fn full(statement: &Statement, index: u64, time: u64) -> String {
    let payload = &statement.payload;
    let mut text =
        format!("#{index}  {}  {}\n", payload.kind, summary(payload, statement.envelope.iss.as_str()));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<10} {}\n", printable(&value)));
    row("id", statement.id().to_hex());
    row("logged", moment::show(Time(time)));
    row("at", format!("{} (as the signer says)", moment::show(payload.at)));
    row("signer", format!("{} with key {}", statement.envelope.iss, statement.envelope.kid));
    row("vantage", payload.vantage.to_string());
    row("tenant", payload.tenant.to_string());
    if let Some(task) = &payload.task {
        row("task", task.to_string());
    }
    if let Some((stream, seq)) = payload.stream.zip(payload.seq) {
        row("stream", format!("{stream} number {seq}"));
    }
    if let Some(source) = &payload.source {
        row("source", format!("{} {} part {} by {}", source.format, source.id, source.part, source.adapter));
    }
    for foreign in &payload.refs {
        row("ref", format!("{}:{}  of {}", foreign.kind, foreign.value, foreign.namespace));
    }
    let body = serde_json::to_string_pretty(&payload.body).unwrap_or_default();
    text.push_str("  body\n");
    for line in body.lines() {
        let _ = writeln!(text, "    {}", printable(line));
    }
    text
}
