use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use cli::walk::walk;
use schemas::checkpoint::Checkpoint;
use schemas::kinds::Use;
use schemas::note::{Note, SignatureType, VerifierKey};
use schemas::trust::TrustPolicy;
use serde::Serialize;
use verifier::checkpoint::verify_head;
use verifier::log::{LogVerifier, Prepared};
use verifier::registry::Registry;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::recompute::read_all;
use crate::schema;
use crate::source::LogSource;
use crate::trust::Trust;

/// Take over the log's new checkpoint keys into the trust file
///
/// Reads and verifies the whole log. A new key is taken over only where the log's own entries name it, in a log that begins
/// with the pinned genesis (or whose head a pinned key signs), and that goes on from what was verified before. Keys that the
/// file has stay in it: what they signed while they were in force stands.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ trust update --trust trust.policy")]
pub(crate) struct Args {}

/// `writ trust update --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    trust: String,
    origin: String,
    size: u64,
    /// By what the log was known: `pinned-key` or `pinned-genesis`.
    known_by: &'static str,
    /// Keys that were taken over.
    added: Vec<String>,
    /// Pinned keys that may sign for the log now.
    in_force: Vec<String>,
    /// Pinned keys that no longer may.
    withdrawn: Vec<String>,
}

pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Failure> {
    let missing = || {
        Failure::new("no-trust-file", "there is no trust file to update")
            .exit(Exit::Untrusted)
            .next("--trust FILE (WRIT_TRUST) with the trust.policy that `writd init` made")
    };
    let trust = context.trust()?.ok_or_else(missing)?;
    let log = context.client()?;
    let note = LogSource::checkpoint(&log)?;
    let checkpoint = Checkpoint::from_note(&note)
        .map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))?;
    let verifier = read_log(context, &log, checkpoint.size)?;
    if verifier.root() != checkpoint.root {
        return Err(Failure::new("root-mismatch", "the entries do not add up to the head's root")
            .values(checkpoint.root, verifier.root())
            .exit(Exit::Tampered));
    }
    let registry = verifier.registry().ok_or_else(|| Failure::new("genesis-missing", "the log is empty"))?;
    let known_by = known_by(&trust, registry, &note)?;
    let named = registry.log_keys(Use::Checkpoint, checkpoint.size);
    let name = checkpoint.origin.key_name();
    let named = named.iter().map(|key| *key.key.public());
    let named = named.map(|key| VerifierKey::new(name.clone(), SignatureType::Ed25519, key));
    let named: Vec<VerifierKey> = named.collect();
    let pinned: Vec<&VerifierKey> = trust.policy().keys_of(&checkpoint.origin).collect();
    let added: Vec<&VerifierKey> = named.iter().filter(|key| !pinned.contains(key)).collect();
    let policy = added.iter().try_fold(trust.policy().clone(), |policy, key| {
        policy.with_log_key((*key).clone()).map_err(|e| Failure::new(e.code(), e.to_string()))
    })?;
    // The head stands under the new keys, and goes on from what was verified before, or nothing is taken over.
    let updated = Trust::new(trust.path(), policy);
    let head = updated.verify_head(&note)?;
    verifier.check_head(&head).map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))?;
    context.heads()?.advance(&updated, &log, &note, &head)?;
    if !added.is_empty() {
        write(trust.path(), &added)?;
    }
    let (in_force, withdrawn): (Vec<&&VerifierKey>, Vec<_>) =
        pinned.iter().partition(|key| named.contains(key));
    let text = |keys: &[&&VerifierKey]| keys.iter().map(ToString::to_string).collect();
    let document = Document {
        schema: schema::TRUST_UPDATED,
        trust: trust.path().display().to_string(),
        origin: checkpoint.origin.to_string(),
        size: checkpoint.size,
        known_by,
        added: added.iter().map(ToString::to_string).collect(),
        in_force: text(&in_force),
        withdrawn: text(&withdrawn),
    };
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&document.text())?;
    }
    Ok(Exit::Ok)
}

impl Document {
    fn text(&self) -> String {
        let mut text = match self.added.len() {
            0 => format!("{} knows every key of {} in force\n", self.trust, self.origin),
            1 => format!("{} has a new key of {}\n", self.trust, self.origin),
            count => format!("{} has {count} new keys of {}\n", self.trust, self.origin),
        };
        for (word, keys) in
            [("added", &self.added), ("in force", &self.in_force), ("withdrawn", &self.withdrawn)]
        {
            for key in keys {
                let _ = writeln!(text, "  {word:<10} {key}");
            }
        }
        let known_by = self.known_by.replace('-', " ");
        let _ = writeln!(text, "  verified   {} entries of the log known by the {known_by}", self.size);
        printable(&text)
    }
}

/// Verifies every entry of the log.
fn read_log(context: &Context, log: &dyn LogSource, size: u64) -> Result<LogVerifier, Failure> {
    let progress = context.output.progress(size);
    let mut verifier = LogVerifier::new();
    let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let done = |count: usize| progress.inc(count as u64);
    let walked =
        read_all(log, 0..size, |portions| walk(portions, &mut verifier, |_: &Prepared| (), done, workers))?;
    progress.finish_and_clear();
    match walked.findings.first() {
        None => Ok(verifier),
        Some(finding) => {
            let what = format!("entry {} is not sound: {}", finding.index, finding.detail);
            Err(Failure::new(finding.code, what).exit(Exit::Tampered).next("writ verify log"))
        }
    }
}

/// By what the log is known to be the pinned one: a pinned key in force that signed the head, or else the pinned genesis.
fn known_by(trust: &Trust, registry: &Registry, note: &Note) -> Result<&'static str, Failure> {
    let untrusted = |code: &str, what: String| Failure::new(code, what).exit(Exit::Untrusted);
    if let Some(pinned) = trust.policy().genesis().filter(|pinned| *pinned != registry.log()) {
        return Err(untrusted("wrong-log", "the server serves another log than the pinned one".into())
            .values(pinned, registry.log()));
    }
    let head = verify_head(note, trust.policy());
    if head.as_ref().is_ok_and(|head| registry.check_head(head).is_ok()) {
        return Ok("pinned-key");
    }
    if let Err(error) = &head
        && error.code() == "note-signature-invalid"
    {
        return Err(trust.refuse_head(note, error));
    }
    if trust.policy().genesis().is_some() {
        return Ok("pinned-genesis");
    }
    let what = format!(
        "no key pinned in {} that is in force has signed the head, and the file pins no genesis to know the log by",
        trust.path().display()
    );
    Err(untrusted("not-pinned", what).next("a trust.policy from who runs the log, by a way that you trust"))
}

/// Puts lines for new keys behind the last `log` line of the file, and leaves every other line as it is.
fn write(path: &Path, added: &[&VerifierKey]) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new("trust-unwritable", format!("{}: {e}", path.display()));
    let text = fs::read_to_string(path).map_err(failed)?;
    let text = with_lines(&text, added);
    TrustPolicy::parse(text.as_bytes())
        .map_err(|e| Failure::new(e.code(), format!("{}: {e}", path.display())))?;
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let write = || {
        let mut file = fs::File::create(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::metadata(path)?.permissions())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(failed)
}

fn with_lines(text: &str, added: &[&VerifierKey]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_log = |line: &&str| line.split_whitespace().next() == Some("log");
    let at = lines.iter().rposition(is_log).map_or(0, |last| last + 1);
    let (before, after) = lines.split_at(at);
    let new = added.iter().map(|key| format!("log {key}"));
    let all = before.iter().map(ToString::to_string).chain(new).chain(after.iter().map(ToString::to_string));
    all.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;
    use crate::testlog::TestLog;

    #[test]
    fn a_new_key_stands_behind_the_last_one_and_every_other_line_stays() {
        let key = TestLog::new().trust().policy().logs()[0].key.clone();
        let text = "# ours\nlog a\n\n\tlog b http://x\nwitness w\nquorum none # keep\n";
        let expected =
            format!("# ours\nlog a\n\n\tlog b http://x\nlog {key}\nwitness w\nquorum none # keep\n");
        assert_eq!(with_lines(text, &[&key]), expected);
    }

    #[test]
    fn the_document_is_described_by_its_schema() {
        assert_described(&Document {
            schema: schema::TRUST_UPDATED,
            trust: "trust.policy".into(),
            origin: "a".into(),
            size: 3,
            known_by: "pinned-key",
            added: vec!["a+01020304+x".into()],
            in_force: Vec::new(),
            withdrawn: vec!["a+01020305+x".into()],
        });
    }
}
