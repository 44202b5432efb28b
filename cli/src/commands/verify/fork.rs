use std::fmt::Write as _;
use std::path::PathBuf;

use schemas::checkpoint::Checkpoint;
use schemas::fork::Fork;
use schemas::limits::FORK_BYTES_MAX;
use schemas::tree::TreeHash;
use serde::Serialize;
use verifier::fork::{self, ProvedFork};

use crate::checks::{self, Check, CheckStatus, check};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::output::{Mark, printable};
use crate::schema;
use crate::trust::Trust;

/// Check a proof that a log signed two histories: no network, no server
///
/// The file holds two heads that one key has signed and that cannot both be true (`writ monitor` writes one when it meets a fork). It ends
/// with 0 where that is proved of a key that the trust file pins for the log, and with 10 where the file proves nothing.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ verify fork example.org-20-25.fork --trust trust.policy")]
pub(crate) struct Args {
    /// The proof; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// `writ verify fork --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    ok: bool,
    origin: String,
    /// The key that signed both heads.
    key: String,
    /// Whether the trust file pins that key for the log.
    pinned: bool,
    first: Head,
    second: Head,
    /// Root of the larger tree at the smaller one's size.
    root: TreeHash,
    checks: Vec<Check>,
    exit: u8,
}

#[derive(Serialize)]
struct Head {
    size: u64,
    root: TreeHash,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let bytes = file::read(&args.file, FORK_BYTES_MAX, "fork-unreadable")?;
    let proved = prove(&bytes)?;
    let (trust, exit) = context.trust_or_said();
    let (document, text) = judge(&proved, trust.as_ref(), exit);
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&text)?;
    }
    Ok(Exit::ALL.into_iter().find(|exit| exit.code() == document.exit).unwrap_or(Exit::Error))
}

fn prove(bytes: &[u8]) -> Result<ProvedFork, Failure> {
    let refused = |code: &str, what: String| {
        Failure::new(code, format!("the file proves no fork: {what}"))
            .exit(Exit::Tampered)
            .next("the file from whoever made it again: any change of it voids the proof")
    };
    let fork = Fork::decode(bytes).map_err(|e| refused(e.code(), e.to_string()))?;
    fork::check(&fork).map_err(|e| refused(e.code(), e.to_string()))
}

/// What the proof comes to for whoever pinned this, as a document and as text.
fn judge(proved: &ProvedFork, trust: Option<&Trust>, exit: Exit) -> (Document, String) {
    let key = key_check(proved, trust);
    let pinned = key.status == CheckStatus::Holds;
    let exit = if pinned { exit } else { exit.worse(Exit::Untrusted) };
    let (first, second) = (proved.first(), proved.second());
    let signed = format!("both heads are signed by {}+{}", proved.key().name(), proved.key().id());
    let contradicts = format!(
        "at size {} the tree of size {} has the root {}, the other head says {}",
        first.size,
        second.size,
        proved.root(),
        first.root
    );
    let checks = vec![
        check("signatures", CheckStatus::Holds, signed),
        check("contradiction", CheckStatus::Holds, contradicts),
        key,
    ];
    let head = |head: &Checkpoint| Head { size: head.size, root: head.root };
    let document = Document {
        schema: schema::VERIFY_FORK,
        ok: exit == Exit::Ok,
        origin: proved.origin().to_string(),
        key: proved.key().to_string(),
        pinned,
        first: head(first),
        second: head(second),
        root: proved.root(),
        checks,
        exit: exit.code(),
    };
    let text = text(&document);
    (document, text)
}

fn key_check(proved: &ProvedFork, trust: Option<&Trust>) -> Check {
    let key = proved.key();
    match trust {
        Some(trust) if proved.is_pinned(trust.policy()) => {
            check("key", CheckStatus::Holds, format!("{key} (pinned in {})", trust.path().display()))
        }
        Some(trust) => {
            let detail = format!("{key} (as named by the file; {} pins no such key)", trust.path().display());
            check("key", CheckStatus::Broken, detail)
        }
        None => check("key", CheckStatus::Skipped, format!("{key} (as named by the file)")),
    }
}

fn text(document: &Document) -> String {
    let Document { origin, first, second, root, .. } = document;
    let (mark, word) = match document.ok {
        true => (Mark::Bad, "FORK PROVED: the log has signed two histories"),
        false => (
            Mark::Missing,
            "NOT PINNED: somebody has signed two histories; no trust file says that it is the log",
        ),
    };
    let mut text = format!("{}   exit {}\n", mark.word(word), document.exit);
    let _ = writeln!(text, "  log        {}", printable(origin));
    let _ = writeln!(text, "  one head   {} entries, root {}", first.size, first.root);
    let _ = writeln!(text, "  the other  {} entries, root {}", second.size, second.root);
    if first.size < second.size {
        let _ = writeln!(text, "             whose first {} entries have the root {root}", first.size);
    }
    text.push_str("Checks\n");
    text.push_str(&checks::lines(&document.checks));
    text.push_str(match document.ok {
        true => "Next: give this file to whoever relies on the log; it needs nothing else to be checked\n",
        false => "Next: --trust FILE (WRIT_TRUST) with the trust file of the log\n",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;
    use crate::testlog::TestLog;

    /// A log of five entries that has also signed another root at size 3.
    fn forked() -> (TestLog, Vec<u8>) {
        let mut log = TestLog::new();
        for at in 1..5 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        let trust = log.trust();
        let fork = Fork {
            key: trust.policy().logs()[0].key.to_string(),
            first: log.sign_head(3, TreeHash::new([7; 32])).to_string(),
            second: log.head(5).to_string(),
            root: log.verified(3).root(),
            path: log.consistency(3, 5),
        };
        (log, fork.encode().unwrap())
    }

    fn exit(proved: &ProvedFork, trust: Option<&Trust>) -> u8 {
        let unpinned = if trust.is_some() { Exit::Ok } else { Exit::Untrusted };
        let (document, text) = judge(proved, trust, unpinned);
        assert_described(&document);
        assert_eq!((document.ok, document.pinned), (document.exit == 0, document.exit == 0), "{text}");
        assert_eq!(text.contains("FORK PROVED"), document.ok, "{text}");
        for size in ["3 entries", "5 entries"] {
            assert!(text.contains(size), "{text}");
        }
        document.exit
    }

    #[test]
    fn a_fork_is_proved_of_the_pinned_log_and_of_no_other() {
        let (log, bytes) = forked();
        let proved = prove(&bytes).unwrap();
        assert_eq!(exit(&proved, Some(&log.trust())), 0);
        assert_eq!(exit(&proved, Some(&TestLog::new().trust())), 13);
        assert_eq!(exit(&proved, None), 13, "without a trust file the key is as named by the file");
    }

    #[test]
    fn a_file_that_proves_nothing_is_tampered() {
        let (log, bytes) = forked();
        let mut changed = bytes.clone();
        changed[100] ^= 1;
        assert_eq!(prove(&changed).unwrap_err().exit, Exit::Tampered);
        let honest = Fork { first: log.head(3).to_string(), ..Fork::decode(&bytes).unwrap() };
        let failure = prove(&honest.encode().unwrap()).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.exit), ("fork-heads-consistent", Exit::Tampered));
    }
}
