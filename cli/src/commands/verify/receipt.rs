use std::fmt::Write as _;
use std::path::PathBuf;

use schemas::envelope::Envelope;
use schemas::limits::{BUNDLE_BYTES_MAX, NOTE_BYTES_MAX, RECEIPT_BYTES_MAX, STATEMENT_BYTES_MAX};
use schemas::note::Note;
use schemas::receipt::{Receipt, Transparent};
use schemas::time::Time;
use serde::Serialize;
use verifier::receipt::{ReceiptRefusal, VerifiedReceipt, verify_receipt};

use crate::checks::{self, Check, CheckStatus, check};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::logkey::{self, LogKeys};
use crate::moment;
use crate::output::{Mark, printable};
use crate::schema;
use crate::trust::Trust;

/// Most bytes of a file that holds a receipt, or a statement with one in it.
const FILE_BYTES_MAX: usize = STATEMENT_BYTES_MAX + RECEIPT_BYTES_MAX + 16;

/// Check a receipt of a statement: no network, no server
///
/// FILE is a COSE receipt, which proves something about the statement given with --statement, or a statement with its receipt in it
/// (`writ receipt --transparent`). The trust file pins the log's genesis; --log-key leads from there to the key that signed.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  writ verify receipt refund.receipt.cbor --statement refund.cose --log-key log.evidence --trust trust.policy"
)]
pub(crate) struct Args {
    /// The receipt, or the statement with its receipt; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The statement's own bytes, where the file is a receipt alone
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
    /// The log's genesis statement, or a bundle of it: whose key the receipt's is (`writ receipt --log-key FILE` writes it)
    #[arg(long, value_name = "FILE")]
    log_key: Option<PathBuf>,
    /// A signed checkpoint of the log: settles the size of the tree, which nobody signs in a receipt
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// `writ verify receipt --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    ok: bool,
    issuer: String,
    statement: String,
    about: String,
    index: u64,
    /// Time of the entry.
    time: u64,
    /// The size that the receipt claims.
    size: u64,
    /// Whether a checkpoint shows that the size is so.
    size_confirmed: bool,
    checks: Vec<Check>,
    exit: u8,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (receipt, statement) = read(args)?;
    let (trust, exit) = context.trust_or_said();
    let evidence = |path: &PathBuf| file::read(path, BUNDLE_BYTES_MAX, "log-key-unreadable");
    let keys = match args.log_key.as_ref().map(evidence).transpose()? {
        Some(bytes) => Some(logkey::open(&bytes, trust.as_ref())?),
        None => None,
    };
    let note = |path: &PathBuf| -> Result<Note, Failure> {
        let bytes = file::read(path, NOTE_BYTES_MAX, "checkpoint-unreadable")?;
        Note::parse(&bytes).map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))
    };
    let checkpoint = args.checkpoint.as_ref().map(note).transpose()?;
    let given = Given { receipt: &receipt, statement: &statement, keys, checkpoint, trust: trust.as_ref() };
    let (document, text) = judge(&given, exit)?;
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&text)?;
    }
    Ok(Exit::ALL.into_iter().find(|exit| exit.code() == document.exit).unwrap_or(Exit::Error))
}

/// The receipt and the statement's bytes, from one file or two.
fn read(args: &Args) -> Result<(Receipt, Vec<u8>), Failure> {
    let refused = |code: &str, what: String| Failure::new(code, what).exit(Exit::Tampered);
    let bytes = file::read(&args.file, FILE_BYTES_MAX, "receipt-unreadable")?;
    let given = |path: &PathBuf| file::read(path, STATEMENT_BYTES_MAX, "statement-unreadable");
    let given = args.statement.as_ref().map(given).transpose()?;
    let (receipt, statement) = if Transparent::is_meant(&bytes) {
        let Transparent { statement, receipt } =
            Transparent::decode(&bytes).map_err(|e| refused(e.code(), e.to_string()))?;
        if given.is_some_and(|given| given != statement) {
            let what = "the statement in the file is another than that of --statement".into();
            return Err(refused("receipt-wrong-statement", what));
        }
        (receipt, statement)
    } else {
        let missing = || {
            Failure::usage("no-statement", "a receipt does not hold the statement that it is about")
                .next("--statement FILE with the statement's bytes")
        };
        (bytes, given.ok_or_else(missing)?)
    };
    let receipt = Receipt::decode(&receipt).map_err(|e| refused(e.code(), e.to_string()))?;
    Ok((receipt, statement))
}

/// What there is to judge from.
struct Given<'a> {
    receipt: &'a Receipt,
    statement: &'a [u8],
    keys: Option<LogKeys>,
    checkpoint: Option<Note>,
    trust: Option<&'a Trust>,
}

/// What the receipt comes to, as a document and as text.
fn judge(given: &Given<'_>, exit: Exit) -> Result<(Document, String), Failure> {
    let envelope = Envelope::decode(given.statement)
        .map_err(|e| Failure::new(e.code(), format!("the statement: {e}")).exit(Exit::Tampered))?;
    let mut checks = Vec::new();
    let (verified, mut exit) = receipt_checks(given, exit, &mut checks);
    let (confirmed, size_check, believed) = size_check(given, verified.as_ref());
    exit = exit.worse(believed);
    checks.push(size_check);
    let key = envelope.kid;
    let detail = format!("key {key} and its roles are not in a receipt: `writ bundle create` shows them");
    checks.push(check("statement-signature", CheckStatus::Skipped, detail));
    let receipt = given.receipt;
    let document = Document {
        schema: schema::VERIFY_RECEIPT,
        ok: exit == Exit::Ok,
        issuer: receipt.iss.to_string(),
        statement: envelope.id.to_hex(),
        about: envelope.sub,
        index: receipt.place.index.0,
        time: receipt.place.time.0,
        size: receipt.inclusion.size,
        size_confirmed: confirmed,
        checks,
        exit: exit.code(),
    };
    let text = text(&document);
    Ok((document, text))
}

/// Whose receipt it is, and whether it holds.
fn receipt_checks(given: &Given<'_>, exit: Exit, checks: &mut Vec<Check>) -> (Option<VerifiedReceipt>, Exit) {
    let (key_name, name) = ("receipt-key", "receipt");
    let Some(keys) = &given.keys else {
        let detail = "no --log-key: nothing says whose key it is";
        checks.push(check(key_name, CheckStatus::Skipped, detail));
        checks.push(check(name, CheckStatus::Skipped, "its signature cannot be checked without the key"));
        return (None, exit.worse(Exit::Untrusted));
    };
    let log = keys.registry.log();
    let pinned = match &keys.unpinned {
        Some(why) => {
            checks.push(check(key_name, CheckStatus::Skipped, why.clone()));
            Exit::Untrusted
        }
        None => {
            let detail = format!("{} of the log with genesis {log}", given.receipt.kid);
            checks.push(check(key_name, CheckStatus::Holds, detail));
            Exit::Ok
        }
    };
    match verify_receipt(given.receipt, given.statement, &keys.registry) {
        Ok(verified) => {
            let detail =
                format!("entry #{} leads to the signed root {}", verified.index().0, verified.root());
            checks.push(check(name, CheckStatus::Holds, detail));
            (Some(verified), exit.worse(pinned))
        }
        Err(refusal) => {
            checks.push(check(name, CheckStatus::Broken, format!("{}: {refusal}", refusal.code())));
            (None, exit.worse(pinned).worse(exit_of(&refusal)))
        }
    }
}

/// A receipt by somebody else's key, or one that nobody can believe any more, was not changed by anybody.
fn exit_of(refusal: &ReceiptRefusal) -> Exit {
    match refusal {
        ReceiptRefusal::WrongLog { .. }
        | ReceiptRefusal::KeyUnknown { .. }
        | ReceiptRefusal::KeyCompromised { .. }
        | ReceiptRefusal::Key(_) => Exit::Untrusted,
        ReceiptRefusal::Statement(_)
        | ReceiptRefusal::WrongSubject { .. }
        | ReceiptRefusal::Path(_)
        | ReceiptRefusal::Signature { .. }
        | ReceiptRefusal::OtherHead { .. } => Exit::Tampered,
    }
}

/// Whether a checkpoint shows the size that the receipt claims.
fn size_check(given: &Given<'_>, verified: Option<&VerifiedReceipt>) -> (bool, Check, Exit) {
    let size = given.receipt.inclusion.size;
    let skipped = |why: String| (false, check("tree-size", CheckStatus::Skipped, why), Exit::Ok);
    let Some(note) = &given.checkpoint else {
        return skipped(format!("size {size} is nobody's word: --checkpoint FILE settles it"));
    };
    let (Some(verified), Some(trust)) = (verified, given.trust) else {
        return skipped(format!("size {size}: needs a trust file and a receipt that holds"));
    };
    let broken = |why: String, exit| (false, check("tree-size", CheckStatus::Broken, why), exit);
    let head = match trust.verify_head(note) {
        Ok(head) => head,
        Err(failure) => return broken(failure.what, failure.exit),
    };
    match verified.confirm_size(&head) {
        Ok(true) => {
            let detail = format!("a checkpoint of size {size} has the receipt's root");
            (true, check("tree-size", CheckStatus::Holds, detail), Exit::Ok)
        }
        Ok(false) => skipped(format!("the checkpoint is of size {}, the receipt claims {size}", head.size())),
        Err(refusal) => broken(format!("{}: {refusal}", refusal.code()), exit_of(&refusal)),
    }
}

fn text(document: &Document) -> String {
    let Document { issuer, index, size, time, statement, about, .. } = document;
    let (mark, word) = match document.exit {
        0 => (Mark::Good, "PROVED: the statement is in the log"),
        10 => (Mark::Bad, "TAMPERED: this proves nothing"),
        _ => (
            Mark::Missing,
            "NOT PINNED: nothing that is pinned leads to a key that the receipt may be believed by",
        ),
    };
    let mut text = format!("{}   exit {}\n", mark.word(word), document.exit);
    let logged = moment::show(Time(*time));
    let sure = if document.size_confirmed { "" } else { " (unconfirmed)" };
    let _ = writeln!(
        text,
        "  entry      #{index} of {} at size {size}{sure}, logged {logged}",
        printable(issuer)
    );
    let _ = writeln!(text, "  statement  {} about {}", &statement[..12], printable(about));
    text.push_str("Checks\n");
    text.push_str(&checks::lines(&document.checks));
    let _ = writeln!(text, "Next: writ who {}        (asks the server)", &statement[..12]);
    text
}

#[cfg(test)]
mod tests;
