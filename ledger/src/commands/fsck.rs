//! `writd fsck`: recomputes everything.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::fsck::{Report, check_folder};

/// Checks a log: every row, signature, link and hash. Writes nothing; the log may be in service.
#[derive(Debug, Args)]
pub struct Fsck {
    /// Folder of the log.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the anchor is. Default: DIR.anchor beside the folder.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Fsck) -> Result<Exit, Failure> {
    let folder = Folder::new(&args.data);
    let anchor = args.anchor.clone().unwrap_or_else(|| folder.default_anchor());
    if !folder.store().is_dir() && !anchor.exists() {
        let what = format!("there is no log in {}", args.data.display());
        return Err(Failure::new(Exit::Error, what, "give --data the folder that writd init made"));
    }
    let report = check_folder(&folder.store(), &anchor);
    let text =
        if args.json { serde_json::to_string(&report).map(|json| json + "\n") } else { Ok(human(&report)) };
    let text = text.map_err(|error| Failure::new(Exit::Error, error, ""))?;
    let written = anstream::stdout().write_all(text.as_bytes());
    written.map_err(|error| Failure::new(Exit::Error, format!("this cannot be printed: {error}"), ""))?;
    Ok(report.exit())
}

fn human(report: &Report) -> String {
    let Report { size, root, .. } = report;
    if report.ok {
        return format!("OK: {size} entries, every row recomputed\nroot {root}\n");
    }
    let mut text = format!("BAD: {} findings in {size} entries\n", report.findings.len());
    if let Some(index) = report.first_bad {
        text.push_str(&format!("first bad entry: #{index}\n"));
    }
    for finding in &report.findings {
        let place = match (finding.column, &finding.key) {
            (Some(column), Some(key)) => format!(" {column} {key}"),
            (Some(column), None) => format!(" {column}"),
            _ => String::new(),
        };
        text.push_str(&format!("  {}{place}: {}\n", finding.code, finding.detail));
    }
    text.push_str("next: serve nothing from this folder; put back a copy that holds, with all entries that the anchor knows\n");
    text
}
