use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::gathered::Gathered;
use crate::judging::Judging;
use crate::moment;
use crate::output::printable;
use crate::queries::{check, span};
use documents::report::{About, Format};

/// Report on a task, an agent or a span of time: verdicts, findings by rule and by control
///
/// Judges every action that fits, each from its own evidence and here, as `writ who` does, and adds up: verdicts, what each rule
/// found, for how many actions it is known who is behind them, every action that is not authorized with the hop at which it went
/// wrong, and the controls of OWASP Agentic Top 10, OWASP NHI Top 10, NIST CSF 2.0, NIST AI RMF and CSA MAESTRO that findings bear
/// on. The HTML is one file that fetches nothing and prints well. Ends with the worst verdict: 0 authorized, 11 not authorized,
/// 12 evidence missing or cut, 13 nothing pinned, 10 tampered; the report is written whatever the end.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ report 'task:refunds-q4'
  writ report 'agent:billing-bot' --since 30d --format html -o report.html
  writ report --since 2026-11-01 --until 2026-12-01 --format sarif -o findings.sarif
  writ report --mirror ./mirror --profile strict --format json")]
pub(crate) struct Args {
    /// Words and qualifiers, as of `writ search`; without any, every action
    #[arg(value_name = "QUERY", default_value = "", hide_default_value = true)]
    query: String,
    /// From then on, as the statements say: a moment, or so long ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What to write; with --json, json
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where it goes; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    judging: Judging,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let format = match (context.output.json, args.format) {
        (false, format) => format,
        (true, Format::Text | Format::Json) => Format::Json,
        (true, other) => {
            let what = format!("--json asks for JSON, and --format for {other}");
            return Err(Failure::new("not-json", what).exit(Exit::Usage).next("one of them"));
        }
    };
    let words = span(&args.query, args.since.as_deref(), args.until.as_deref())?;
    check(&words)?;
    let gathered = match &args.mirror {
        Some(folder) => Gathered::from_mirror(context, &args.judging, &words, folder)?,
        None => Gathered::from_server(context, &args.judging, &words)?,
    };
    let Gathered { tally, as_of, pinned, complete, exit } = gathered;
    let report = tally.report(About {
        query: words,
        profile: args.judging.named().map(str::to_owned),
        as_of,
        evidence: if args.mirror.is_some() { "mirror" } else { "server" },
        pinned,
        complete,
        made: moment::now(),
    });
    let exit = if complete { exit } else { exit.worse(Exit::Indeterminate) };
    let text = report.write(format)?;
    if args.output == Path::new("-") {
        context.output.bytes(text.as_bytes())?;
        return Ok(exit);
    }
    file::write(&args.output, text.as_bytes(), args.force, "report-unwritable")?;
    let file = args.output.display().to_string();
    context.output.message(&format!("wrote {}  {} bytes  {format}", printable(&file), text.len()));
    Ok(exit)
}
