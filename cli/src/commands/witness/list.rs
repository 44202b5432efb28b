use std::path::PathBuf;

use schemas::checkpoint::Origin;
use schemas::time::Time;
use serde::Serialize;
use witness::decide::Latest;
use witness::folder::Folder;
use witness::state::origin_hash;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{moment, schema};

/// Show the logs that a witness follows, and how far it has cosigned each
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ witness list /var/lib/witness")]
pub(crate) struct Args {
    /// Folder of the witness
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// `writ witness list --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    vkey: String,
    logs: Vec<Row>,
    exit: u8,
}

/// A log with what was cosigned last; no size and no time where nothing was.
#[derive(Serialize)]
struct Row {
    origin: Origin,
    keys: Vec<String>,
    /// Path of its latest cosigned checkpoint at the witness.
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    /// Milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Time>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let folder = Folder::new(&args.folder);
    if context.output.json {
        return document(&folder, context);
    }
    let Document { vkey, logs, .. } = read(&folder)?;
    let mut text = format!("{vkey}\n{} logs\n", logs.len());
    for row in &logs {
        let cosigned = match (row.size, row.time) {
            (Some(size), Some(time)) => format!("size {size}  {}", moment::show(time)),
            _ => "nothing cosigned yet".to_owned(),
        };
        text.push_str(&format!("  {}  {cosigned}\n", row.origin));
    }
    context.output.text(&text)?;
    Ok(Exit::Ok)
}

pub(super) fn document(folder: &Folder, context: &Context) -> Result<Exit, Failure> {
    context.output.document(&read(folder)?)?;
    Ok(Exit::Ok)
}

fn read(folder: &Folder) -> Result<Document, Failure> {
    let (key, policy, states) = (folder.read_key()?, folder.read_logs()?, folder.states());
    let mut logs: Vec<Row> = Vec::new();
    for log in policy.logs() {
        let known = logs.iter_mut().find(|row| row.origin.key_name() == log.key.name());
        if let Some(row) = known {
            row.keys.push(log.key.to_string());
            continue;
        }
        let origin = Origin::new(log.key.name().as_str())
            .map_err(|error| Failure::new(error.code(), error.to_string()))?;
        let latest = states.read(&origin, &key).map_err(witness::folder::FolderError::from)?;
        logs.push(Row::new(origin, log.key.to_string(), latest.as_ref()));
    }
    Ok(Document { schema: schema::WITNESS_LOGS, vkey: key.to_string(), logs, exit: 0 })
}

impl Row {
    fn new(origin: Origin, key: String, latest: Option<&Latest>) -> Self {
        let path = format!("/{}/checkpoint", origin_hash(&origin));
        Self {
            keys: vec![key],
            path,
            size: latest.map(|latest| latest.size),
            root: latest.map(|latest| latest.root.to_hex()),
            time: latest.map(|latest| Time(latest.time.saturating_mul(1_000))),
            origin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn what_is_printed_is_described() {
        let row = |size, root, time| Row {
            origin: Origin::new("a.example/log").unwrap(),
            keys: vec!["a.example/log+00000000+AAAA".into()],
            path: format!("/{}/checkpoint", "ab".repeat(32)),
            size,
            root,
            time,
        };
        let logs = vec![row(None, None, None), row(Some(3), Some("ab".repeat(32)), Some(Time(1_000)))];
        let vkey = "w.example+00000000+AAAA".into();
        assert_described(&Document { schema: schema::WITNESS_LOGS, vkey, logs, exit: 0 });
    }
}
