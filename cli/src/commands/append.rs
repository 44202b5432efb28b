use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use gateway::draft::{Draft, Labels};
use schemas::limits::STATEMENT_BYTES_MAX;
use schemas::text::Tenant;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::registration;
use crate::render::submitted;
use crate::submit::Submission;

/// Longest line of drafts, in bytes: hex and field names make JSON longer than the statement.
const LINE_BYTES_MAX: u64 = 8 * STATEMENT_BYTES_MAX as u64;

/// Sign JSON drafts and log them
///
/// One draft a line. What is left out is filled in: v, log, tenant, at, seen, vantage, and the moment of a decision, action,
/// approval or policy. {"label":"d1"} names a draft, "@d1" in the place of a reference stands for it further down.
/// What is signed is kept until the log has it: if the server does not answer, the next `writ append` sends the same bytes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example:
  writ append --key alice.pem - <<'END'
  {\"label\":\"d1\",\"kind\":\"delegation\",\"body\":{\"delegator\":\"user:alice\",\"delegatee\":\"agent:a\",\"scope\":[{\"actions\":[\"pay:*\"],\"resources\":[\"order:*\"]}]}}
  {\"kind\":\"delegation\",\"body\":{\"delegator\":\"user:alice\",\"delegatee\":\"agent:b\",\"parents\":[\"@d1\"]}}
  END")]
pub(crate) struct Args {
    /// File of drafts; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Secret key to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Tenant of drafts that name none
    #[arg(long, value_name = "NAME", default_value = "default")]
    tenant: Tenant,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let lines = read_lines(&args.file)?;
    let key = context.secret_key(&args.key)?;
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref()).map_err(Failure::before_signing)?;
    let signer = registration::signer(&client, &log, key)?;
    let mut submission = Submission::new(context, &client, trust.as_ref(), log, signer);
    let around = submission.surroundings(args.tenant.clone())?;
    let mut labels = Labels::default();
    for (number, line) in &lines {
        let at_line =
            |failure: Failure| Failure { what: format!("line {number}: {}", failure.what), ..failure };
        let draft = Draft::parse(line, &around, &labels, moment::now()).map_err(|e| at_line(e.into()))?;
        submission.sign_draft(*number, draft.label, draft.payload, &mut labels).map_err(at_line)?;
    }
    // What was left over for this tenant goes too, even where there is nothing new.
    submission.open_spool(&args.tenant)?;
    submitted::finish(context, &submission.send()?)
}

/// The lines with something on them, and their numbers from 1.
fn read_lines(path: &Path) -> Result<Vec<(usize, String)>, Failure> {
    let unreadable = |e: io::Error| Failure::new("drafts-unreadable", format!("{}: {e}", path.display()));
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut input = BufReader::new(input);
    let mut lines = Vec::new();
    for number in 1.. {
        let mut line = String::new();
        let read = input.by_ref().take(LINE_BYTES_MAX + 1).read_line(&mut line).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        if read as u64 > LINE_BYTES_MAX {
            return Err(Failure::new(
                "draft-too-large",
                format!("line {number} is longer than {LINE_BYTES_MAX} bytes"),
            ));
        }
        if !line.trim().is_empty() {
            lines.push((number, line));
        }
    }
    Ok(lines)
}
