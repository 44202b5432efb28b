use std::path::{Path, PathBuf};

use schemas::ids::StatementId;
use serde::Serialize;
use verifier::verdict::Outcome;

use super::bundle::verify;
use crate::context::Context;
use crate::evidence::{EveryEntry, fetch};
use crate::exit::Exit;
use crate::export::{Format, title};
use crate::failure::Failure;
use crate::file;
use crate::judging::{Judged, Judging};
use crate::output::printable;
use crate::render::who::{Checked, Source};
use crate::schema;

/// Write the chain behind an action for other tools: W3C PROV-JSON, Graphviz DOT, Mermaid
///
/// Fetches and judges the evidence as `writ who` does, and ends as it does: the file says the same as the verdict, and a chain
/// that is judged without a trust file says that it is not pinned.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ export 3fa94c0d11 --format dot | dot -Tsvg > chain.svg
  writ export 3fa94c0d11 --format mermaid -o chain.mmd
  writ export --bundle incident.bundle --format prov --trust trust.policy")]
pub(crate) struct Args {
    /// Statement id, foreign id, the first 8 digits or more, or #N
    #[arg(value_name = "ID", required_unless_present = "bundle", conflicts_with = "bundle")]
    id: Option<String>,
    /// The subject of a bundle in a file, with no server; `-` is standard input
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum)]
    format: Format,
    /// Where it goes; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    every: EveryEntry,
}

/// `writ export -o FILE --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    subject: StatementId,
    format: Format,
    file: String,
    outcome: Outcome,
    pinned: bool,
    complete: bool,
    exit: u8,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let is_piped = args.output == Path::new("-");
    if is_piped && context.output.json && args.format != Format::Prov {
        let what = format!("--json leaves standard output to one document, and {} is none", args.format);
        return Err(Failure::new("not-json", what).exit(Exit::Usage).next("-o FILE, or leave --json out"));
    }
    let (subject, judged) = match (&args.bundle, &args.id) {
        (Some(file), _) => {
            verify::check(context, file, &args.judging, (args.every.recompute, args.every.mirror.as_deref()))?
        }
        (None, id) => fetch(context, id.as_deref().unwrap_or_default(), &args.judging, &args.every)?,
    };
    let Judged { evidence, checks, verdict, exit } = args.judging.judge(&subject, judged)?;
    let record = |id: &StatementId| evidence.get(id);
    let place = args.bundle.as_ref().or(args.every.mirror.as_ref()).map(|path| path.display().to_string());
    let source = match (&args.bundle, &place) {
        (Some(_), Some(file)) => Source::Bundle(file),
        (None, Some(folder)) => Source::Mirror(folder),
        (_, None) => Source::Server,
    };
    let checked = Checked::of(&checks, source);
    let shown = checked.beside(&verdict, &record, source, exit);
    let text = args.format.write(shown)?;
    if is_piped {
        context.output.bytes(text.as_bytes())?;
        return Ok(exit);
    }
    file::write(&args.output, text.as_bytes(), args.force, "export-unwritable")?;
    let file = args.output.display().to_string();
    if context.output.json {
        let (format, outcome, complete, exit_code) =
            (args.format, verdict.outcome, verdict.complete, exit.code());
        let (schema, pinned) = (schema::EXPORTED, verdict.trust.pinned);
        let document = Document { schema, subject, format, file, outcome, pinned, complete, exit: exit_code };
        context.output.document(&document)?;
    } else {
        let (title, file) = (title(shown), printable(&file));
        context.output.text(&format!("{title}\nwrote {file}  {} bytes  {}\n", text.len(), args.format))?;
    }
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema() {
        for format in [Format::Prov, Format::Dot, Format::Mermaid] {
            let (subject, file, outcome) = (StatementId::new([1; 32]), "a".into(), Outcome::NotAuthorized);
            let (schema, pinned, complete, exit) = (schema::EXPORTED, true, false, 11);
            assert_described(&Document { schema, subject, format, file, outcome, pinned, complete, exit });
        }
    }
}
