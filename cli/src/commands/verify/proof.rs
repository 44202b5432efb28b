use std::fmt::Write as _;
use std::path::PathBuf;

use schemas::checkpoint::Checkpoint;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::limits::{ENTRY_BYTES_MAX, PROOF_EXTRA_BYTES_MAX};
use schemas::proof::TlogProof;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use serde::Serialize;
use verifier::merkle::{InclusionClaim, leaf_hash, verify_inclusion};

use crate::checks::{self, AgeLimit, Check, CheckStatus, Freshness, broken, check, holds, skipped};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::moment;
use crate::output::{Mark, printable};
use crate::render::statement::summary;
use crate::schema;
use crate::trust::Trust;

/// Most bytes of a proof file that are read: extra data in base64, a checkpoint with many signatures, 63 hashes.
const PROOF_BYTES_MAX: usize = 2 * PROOF_EXTRA_BYTES_MAX + 1024 * 1024;

/// Check a proof that an entry is in a log: no network, no server
///
/// The file is a C2SP tlog-proof. What it proves is the entry that it carries (`writ proof`) or the one given with --entry; that the
/// entry's statement may be relied on is for a bundle to show.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ verify proof statement.tlog-proof --trust trust.policy")]
pub(crate) struct Args {
    /// The proof; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The entry's own bytes, where the proof does not carry them
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    #[command(flatten)]
    freshness: Freshness,
}

/// `writ verify proof --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    ok: bool,
    origin: String,
    index: u64,
    size: u64,
    root: TreeHash,
    /// Time of the entry.
    time: u64,
    statement: String,
    kind: &'static str,
    checks: Vec<Check>,
    exit: u8,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let bytes = file::read(&args.file, PROOF_BYTES_MAX, "proof-unreadable")?;
    let proof =
        TlogProof::parse(&bytes).map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))?;
    let entry = match (&args.entry, &proof.extra) {
        (Some(path), _) => file::read(path, ENTRY_BYTES_MAX, "entry-unreadable")?,
        (None, Some(extra)) => extra.clone(),
        (None, None) => {
            return Err(Failure::usage("no-entry", "the proof does not carry the entry that it is about")
                .next("--entry FILE with the entry's bytes"));
        }
    };
    let (trust, exit) = context.trust_or_said();
    let (document, text) = judge(&proof, &entry, trust.as_ref(), args.freshness.limit()?, exit)?;
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&text)?;
    }
    Ok(Exit::ALL.into_iter().find(|exit| exit.code() == document.exit).unwrap_or(Exit::Error))
}

/// What the proof comes to, as a document and as text.
fn judge(
    proof: &TlogProof,
    entry: &[u8],
    trust: Option<&Trust>,
    limit: AgeLimit,
    exit: Exit,
) -> Result<(Document, String), Failure> {
    let refused = |code: &str, what: String| Failure::new(code, what).exit(Exit::Tampered);
    let checkpoint =
        Checkpoint::from_note(&proof.checkpoint).map_err(|e| refused(e.code(), e.to_string()))?;
    let decoded = Entry::decode(entry).map_err(|e| refused(e.code(), format!("the entry: {e}")))?;
    let statement = Statement::decode(&decoded.statement).map_err(|e| refused(e.code(), e.to_string()))?;
    let (mut checks, believed) = checks::checkpoint(&proof.checkpoint, trust, limit);
    checks.push(inclusion_check(proof, entry, &checkpoint));
    checks.push(place_check(proof, &decoded));
    let key = statement.envelope.kid;
    let detail = format!("key {key} and its roles are not in a proof: `writ bundle create` shows them");
    checks.push(skipped("statement-signature", detail));
    let breaks =
        |check: &Check| check.status == CheckStatus::Broken && ["inclusion", "entry"].contains(&check.name);
    let held = if checks.iter().any(breaks) { Exit::Tampered } else { Exit::Ok };
    let exit = exit.worse(believed).worse(held);
    let document = Document {
        schema: schema::VERIFY_PROOF,
        ok: exit == Exit::Ok,
        origin: checkpoint.origin.to_string(),
        index: proof.inclusion.index,
        size: checkpoint.size,
        root: checkpoint.root,
        time: decoded.time.0,
        statement: statement.id().to_hex(),
        kind: statement.payload.kind.as_str(),
        checks,
        exit: exit.code(),
    };
    let text = text(&document, &summary(&statement.payload, statement.envelope.iss.as_str()));
    Ok((document, text))
}

fn inclusion_check(proof: &TlogProof, entry: &[u8], checkpoint: &Checkpoint) -> Check {
    let claim = InclusionClaim { leaf: leaf_hash(entry), root: checkpoint.root };
    match verify_inclusion(&proof.inclusion, claim) {
        Ok(_) => {
            let detail = format!("entry #{} leads to root {}", proof.inclusion.index, checkpoint.root);
            holds("inclusion", detail)
        }
        Err(error) => broken("inclusion", format!("{}: {error}", error.code())),
    }
}

fn place_check(proof: &TlogProof, entry: &Entry) -> Check {
    let (says, proved) = (entry.index, Index(proof.inclusion.index));
    let status = if says == proved { CheckStatus::Holds } else { CheckStatus::Broken };
    check("entry", status, format!("says that it is {says}, the proof {proved}"))
}

fn text(document: &Document, summary: &str) -> String {
    let Document { origin, index, size, time, statement, kind, .. } = document;
    let (mark, word) = match document.exit {
        0 => (Mark::Good, "PROVED: the entry is in the log"),
        10 => (Mark::Bad, "TAMPERED: this proves nothing"),
        12 => (
            Mark::Missing,
            "STALE: the entry is in the log, as of a checkpoint that is not as young as asked for",
        ),
        _ => {
            (Mark::Missing, "NOT PINNED: the checkpoint is of another log, or no trust file says whose it is")
        }
    };
    let mut text = format!("{}   exit {}\n", mark.word(word), document.exit);
    let logged = moment::show(Time(*time));
    let _ = writeln!(text, "  entry      #{index} of {} at size {size}, logged {logged}", printable(origin));
    let _ = writeln!(text, "  statement  {} {kind}  {}", &statement[..12], printable(summary));
    text.push_str("Checks\n");
    text.push_str(&checks::lines(&document.checks));
    let _ = writeln!(text, "Next: writ who {}        (asks the server)", &statement[..12]);
    text
}

#[cfg(test)]
mod tests {
    use schemas::proof::InclusionProof;

    use super::*;
    use crate::schema::tests::assert_described;
    use crate::testlog::TestLog;

    fn log() -> TestLog {
        let mut log = TestLog::new();
        for at in 1..5 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        log
    }

    fn proof(log: &TestLog, index: u64) -> TlogProof {
        let inclusion = InclusionProof { index, size: 5, path: log.path(index, 5) };
        let entry = log.entries[usize::try_from(index).unwrap()].clone();
        let proof = TlogProof { extra: Some(entry), inclusion, checkpoint: log.head(5) };
        TlogProof::parse(proof.to_string().as_bytes()).unwrap()
    }

    fn exit(proof: &TlogProof, entry: &[u8], trust: Option<&Trust>) -> u8 {
        let unpinned = if trust.is_some() { Exit::Ok } else { Exit::Untrusted };
        let (document, text) = match judge(proof, entry, trust, AgeLimit::default(), unpinned) {
            Ok(judged) => judged,
            Err(failure) => return failure.exit.code(),
        };
        assert_described(&document);
        assert_eq!(document.ok, document.exit == 0, "{text}");
        assert_eq!(text.contains("PROVED: the entry is in the log"), document.ok, "{text}");
        document.exit
    }

    #[test]
    fn every_entry_of_the_pinned_log_is_proved() {
        let log = log();
        let trust = log.trust();
        for index in 0..5 {
            let proof = proof(&log, index);
            assert_eq!(exit(&proof, proof.extra.as_ref().unwrap(), Some(&trust)), 0, "#{index}");
        }
    }

    #[test]
    fn without_a_trust_file_or_under_that_of_another_log_nothing_is() {
        let log = log();
        let proof = proof(&log, 3);
        let entry = proof.extra.clone().unwrap();
        assert_eq!(exit(&proof, &entry, None), 13);
        assert_eq!(exit(&proof, &entry, Some(&TestLog::new().trust())), 13);
    }

    #[test]
    fn any_other_entry_place_or_hash_is_tampering() {
        let log = log();
        let trust = log.trust();
        let whole = proof(&log, 3);
        let entry = whole.extra.clone().unwrap();
        for at in 0..entry.len() {
            let mut changed = entry.clone();
            changed[at] ^= 1;
            assert_eq!(exit(&whole, &changed, Some(&trust)), 10, "byte {at}");
        }
        for at in 0..whole.inclusion.path.len() {
            let mut changed = whole.clone();
            changed.inclusion.path[at] = TreeHash::EMPTY_ROOT;
            assert_eq!(exit(&changed, &entry, Some(&trust)), 10, "hash {at}");
        }
        for index in [0, 1, 2, 4, 5] {
            let mut changed = whole.clone();
            changed.inclusion.index = index;
            assert_eq!(exit(&changed, &entry, Some(&trust)), 10, "#{index}");
        }
        let resigned = TlogProof { checkpoint: log.sign_head(5, TreeHash::EMPTY_ROOT), ..whole };
        assert_eq!(exit(&resigned, &entry, Some(&trust)), 10);
    }
}
