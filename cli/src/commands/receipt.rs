use std::path::{Path, PathBuf};

use schemas::ids::{KeyId, StatementId};
use schemas::receipt::{Receipt, Transparent};
use serde::Serialize;
use verifier::receipt::{VerifiedReceipt, verify_receipt};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::logkey;
use crate::output::printable;
use crate::resolve::resolve;
use crate::schema;

/// Write a receipt for a statement, for SCITT tools and for anybody to check offline
///
/// A COSE receipt (RFC 9942): the log's receipt key signs the root that the entry leads to. It is for whoever has the statement;
/// --transparent puts both into one file (a Transparent Statement, RFC 9943). --log-key writes what leads from a trust file to
/// the key that signed.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  writ receipt 3fa94c0d11 -o refund.receipt.cbor --statement refund.cose --log-key log.evidence\n  writ receipt 3fa94c0d11 -o refund.transparent.cose --transparent --log-key log.evidence"
)]
pub(crate) struct Args {
    /// Statement id, foreign id, or the first 8 digits or more
    #[arg(value_name = "ID")]
    id: String,
    /// Where the receipt goes; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Write the statement with the receipt in it
    #[arg(long)]
    transparent: bool,
    /// Write the statement to this file too
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
    /// Write what shows the log's receipt key to this file too
    #[arg(long, value_name = "FILE")]
    log_key: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

/// `writ receipt --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    subject: StatementId,
    index: u64,
    size: u64,
    kid: KeyId,
    transparent: bool,
    file: String,
    bytes: usize,
    exit: u8,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let client = context.client()?;
    let subject = resolve(&client, &args.id)?.id;
    let statement = client.statement(&subject)?;
    let receipt = client.receipt(&subject)?;
    let refused = |code: &str, what: String| Failure::new(code, what).exit(Exit::Tampered);
    let receipt = Receipt::decode(&receipt).map_err(|e| refused(e.code(), e.to_string()))?;
    let log_key = logkey::fetch(&client, &receipt.kid)?;
    let keys = logkey::open(&log_key, trust.as_ref())?;
    let verified =
        verify_receipt(&receipt, &statement, &keys.registry).map_err(|e| refused(e.code(), e.to_string()))?;
    if verified.statement() != subject {
        return Err(refused("wrong-statement", "the server answers with another statement".into())
            .values(subject, verified.statement()));
    }
    let exit = match keys.unpinned.filter(|_| trust.is_some()) {
        Some(why) => {
            context.output.warn("not-pinned", &why);
            exit.worse(Exit::Untrusted)
        }
        None => exit,
    };
    let bytes = match args.transparent {
        true => Transparent { statement: statement.clone(), receipt: receipt.bytes().to_vec() }
            .encode()
            .map_err(|e| Failure::new(e.code(), e.to_string()))?,
        false => receipt.bytes().to_vec(),
    };
    for (path, bytes) in [(&args.statement, &statement), (&args.log_key, &log_key)] {
        if let Some(path) = path {
            file::write(path, bytes, args.force, "receipt-unwritable")?;
        }
    }
    if args.output == Path::new("-") {
        context.output.bytes(&bytes)?;
        return Ok(exit);
    }
    file::write(&args.output, &bytes, args.force, "receipt-unwritable")?;
    say(args, context, &verified, bytes.len(), exit)
}

fn say(
    args: &Args,
    context: &Context,
    verified: &VerifiedReceipt,
    bytes: usize,
    exit: Exit,
) -> Result<Exit, Failure> {
    let (file, kid) = (args.output.display().to_string(), verified.kid());
    let (index, size) = (verified.index().0, verified.claimed_size());
    if context.output.json {
        let (schema, subject, transparent) = (schema::RECEIPT, verified.statement(), args.transparent);
        let exit_code = exit.code();
        let document =
            Document { schema, subject, index, size, kid, transparent, file, bytes, exit: exit_code };
        context.output.document(&document)?;
        return Ok(exit);
    }
    let file = printable(&file);
    let name = |path: &Option<PathBuf>| {
        path.as_ref().map_or_else(|| "FILE".into(), |path| printable(&path.display().to_string()))
    };
    let statement =
        if args.transparent { String::new() } else { format!(" --statement {}", name(&args.statement)) };
    let what = if args.transparent { "the statement with its receipt" } else { "the receipt alone" };
    context.output.text(&format!(
        "wrote {file}  {bytes} bytes  {what}: entry #{index} under size {size}, signed by receipt key {:.12}\n\
         Next: writ verify receipt {file}{statement} --log-key {} --trust FILE        (no network, no server)\n",
        kid.to_hex(),
        name(&args.log_key),
    ))?;
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema() {
        let (subject, kid) = (StatementId::new([1; 32]), KeyId::new([2; 32]));
        let (schema, file) = (schema::RECEIPT, "a.receipt.cbor".into());
        let (transparent, bytes) = (false, 3);
        assert_described(&Document {
            schema,
            subject,
            index: 1,
            size: 2,
            kid,
            transparent,
            file,
            bytes,
            exit: 0,
        });
    }
}
