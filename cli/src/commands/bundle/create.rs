use schemas::bundle::Bundle;
use schemas::ids::StatementId;
use serde::Serialize;

use crate::bundled::{Bundled, check_bundle};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence_file::EvidenceFile;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::resolve::resolve;
use crate::schema;

/// Fetch the evidence about a statement, check it, and write it to a file
///
/// The file holds no trust: whoever judges it brings a trust file of their own. An existing file is not overwritten.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ bundle create 3fa94c0d11 -o incident.bundle")]
pub(crate) struct Args {
    #[command(flatten)]
    file: EvidenceFile,
    /// Also every statement of the subject's task, for profiles with combinations
    #[arg(long)]
    with_task: bool,
}

/// `writ bundle create --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    subject: StatementId,
    file: String,
    bytes: usize,
    entries: usize,
    assertions: usize,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let client = context.client()?;
    let candidate = resolve(&client, &args.file.id)?;
    let bytes = client.bundle(&candidate.id, args.with_task)?;
    let Bundled { checked, exit, .. } =
        check_bundle(context, &bytes, trust.as_ref(), AgeLimit::default(), exit)?;
    if checked.subject != candidate.id {
        return Err(Failure::new("wrong-subject", "the server's bundle is about another statement")
            .values(candidate.id, checked.subject)
            .exit(Exit::Tampered));
    }
    let Some(file) = args.file.write(context, &bytes, "bundle-unwritable")? else { return Ok(exit) };
    let bundle = Bundle::decode(&bytes).map_err(|e| Failure::new(e.code(), e.to_string()))?;
    let (entries, assertions) = (bundle.entries.len(), bundle.assertions.len());
    if context.output.json {
        let (subject, bytes) = (candidate.id, bytes.len());
        let schema = schema::BUNDLE_CREATED;
        context.output.document(&Document { schema, subject, file, bytes, entries, assertions })?;
        return Ok(exit);
    }
    let file = printable(&file);
    context.output.text(&format!(
        "wrote {file}  {} bytes  {} with proofs, {}, 1 checkpoint; trust not included\n\
         Next: writ bundle verify {file} --trust FILE        (no network, no server)\n",
        bytes.len(),
        count(entries, "entry", "entries"),
        count(assertions, "assertion", "assertions"),
    ))?;
    Ok(exit)
}

fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema() {
        let (subject, file) = (StatementId::new([1; 32]), "a.bundle".into());
        let schema = schema::BUNDLE_CREATED;
        assert_described(&Document { schema, subject, file, bytes: 1, entries: 2, assertions: 3 });
    }

    #[test]
    fn one_is_counted_as_one() {
        assert_eq!(count(1, "entry", "entries"), "1 entry");
        assert_eq!(count(2, "entry", "entries"), "2 entries");
    }
}
