//! What was checked and what was not: one list, in the same words, wherever something is verified.

pub(crate) mod evidence;
mod freshness;

pub(crate) use freshness::{AgeLimit, Freshness};

use std::fmt::Write as _;

use schemas::ids::LogId;
use schemas::note::Note;
use schemas::time::Time;
use serde::Serialize;
use verifier::checkpoint::{Cosignature, VerifiedHead};
use verifier::registry::LogKeyError;

use crate::exit::Exit;
use crate::heads::Since;
use crate::moment;
use crate::output::{Mark, printable};
use crate::trust::Trust;

/// One thing that was checked, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) status: CheckStatus,
    pub(crate) detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckStatus {
    Holds,
    Broken,
    Skipped,
}

pub(crate) fn check(name: &'static str, status: CheckStatus, detail: impl Into<String>) -> Check {
    Check { name, status, detail: detail.into() }
}

pub(crate) fn holds(name: &'static str, detail: impl Into<String>) -> Check {
    check(name, CheckStatus::Holds, detail)
}

pub(crate) fn broken(name: &'static str, detail: impl Into<String>) -> Check {
    check(name, CheckStatus::Broken, detail)
}

pub(crate) fn skipped(name: &'static str, detail: impl Into<String>) -> Check {
    check(name, CheckStatus::Skipped, detail)
}

/// Whether the check of this name was done and does not hold.
pub(crate) fn is_broken(checks: &[Check], name: &str) -> bool {
    checks.iter().any(|check| check.name == name && check.status == CheckStatus::Broken)
}

/// A line for each check, done or not.
pub(crate) fn lines(checks: &[Check]) -> String {
    laid_out(checks.iter())
}

/// A line for each check that was done and does not hold.
pub(crate) fn broken_lines(checks: &[Check]) -> String {
    laid_out(checks.iter().filter(|check| check.status == CheckStatus::Broken))
}

fn laid_out<'a>(checks: impl Iterator<Item = &'a Check>) -> String {
    let mut text = String::new();
    for check in checks {
        let (mark, word) = match check.status {
            CheckStatus::Holds => (Mark::Good, "holds  "),
            CheckStatus::Broken => (Mark::Bad, "BROKEN "),
            CheckStatus::Skipped => (Mark::Skipped, "skipped"),
        };
        let _ = writeln!(text, "  {}  {:<21} {}", mark.word(word), check.name, printable(&check.detail));
    }
    text
}

/// Whose checkpoint a note is, who cosigned it and how old it is, and what follows for the end.
pub(crate) fn checkpoint(note: &Note, trust: Option<&Trust>, limit: AgeLimit) -> (Vec<Check>, Exit) {
    let name = "checkpoint-signature";
    let Some(trust) = trust else {
        let unpinned = skipped(name, "nothing is pinned for it: nobody says whose checkpoint it is");
        let lines = note.signatures().len();
        let witnesses = format!("nothing is pinned: nobody says whose of {lines} signatures are witnesses'");
        let checks = vec![unpinned, skipped("witnesses", witnesses), limit.without_head()];
        return (checks, Exit::Untrusted);
    };
    match trust.verify_head(note) {
        Ok(head) => head_checks(&head, trust, limit),
        Err(failure) => {
            let values = failure.expected.iter().zip(&failure.got);
            let detail = values.fold(failure.what.clone(), |what, (expected, got)| {
                format!("{what}; expected {expected}, got {got}")
            });
            let witnesses = skipped("witnesses", "the checkpoint is not the pinned log's");
            (vec![broken(name, detail), witnesses, limit.without_head()], failure.exit)
        }
    }
}

/// [`checkpoint`] of a head whose signature by a pinned key was checked.
fn head_checks(head: &VerifiedHead, trust: &Trust, limit: AgeLimit) -> (Vec<Check>, Exit) {
    let checks = vec![signature(Some(trust), head), witnesses(Some(trust), head), limit.check(head)];
    let mut exit = Exit::Ok;
    if is_broken(&checks, "witnesses") {
        exit = exit.worse(Exit::Untrusted);
    }
    // The head is genuine; what the log holds by now is what is not known.
    if is_broken(&checks, "freshness") {
        exit = exit.worse(Exit::Indeterminate);
    }
    (checks, exit)
}

/// The log's signature under a checked head.
pub(crate) fn signature(trust: Option<&Trust>, head: &VerifiedHead) -> Check {
    let key = format!("{}+{}", head.key().name(), head.key().id());
    let detail = match trust {
        Some(trust) => format!("key {key} (pinned in {})", trust.path().display()),
        None => format!("key {key} (as named by the log itself)"),
    };
    holds("checkpoint-signature", detail)
}

/// Takes in whether the key that signed the checkpoint may sign for the log at its size, where the log's key changes are known.
pub(crate) fn key_stands(checks: &mut [Check], stands: Result<(), LogKeyError>) {
    let signature = checks.iter_mut().find(|check| check.name == "checkpoint-signature");
    if let (Err(error), Some(check)) = (stands, signature) {
        (check.status, check.detail) = (CheckStatus::Broken, format!("{}; {error}", check.detail));
    }
}

/// The witnesses of the trust file that cosigned a checked head, and whether they are the quorum.
pub(crate) fn witnesses(trust: Option<&Trust>, head: &VerifiedHead) -> Check {
    let name = "witnesses";
    let Some(policy) = trust.map(Trust::policy) else {
        return skipped(name, "nothing is pinned: nobody says who is a witness");
    };
    let cosigned = head.cosignatures();
    let by = if cosigned.is_empty() { String::new() } else { format!(": {}", named(cosigned)) };
    let count = format!("{} of {} cosigned{by}", cosigned.len(), policy.witnesses().len());
    if !policy.needs_witnesses() {
        return match policy.witnesses() {
            [] => skipped(name, "the trust file asks for none"),
            _ => skipped(name, format!("the trust file asks for none; {count}")),
        };
    }
    let quorum = policy.quorum_name();
    if policy.quorum_met(|witness| cosigned.iter().any(|by| by.witness == witness.name)) {
        return holds(name, format!("quorum {quorum} met, {count}"));
    }
    broken(name, format!("quorum {quorum} not met, {count}"))
}

/// `w1 at 2026-11-22 08:51:07Z, w2 at …`.
fn named(cosigned: &[Cosignature]) -> String {
    let named: Vec<String> = cosigned
        .iter()
        .map(|by| format!("{} at {}", by.witness, moment::show(Time(by.time.saturating_mul(1_000)))))
        .collect();
    named.join(", ")
}

/// Whether the log is the one whose genesis is pinned.
pub(crate) fn genesis(trust: Option<&Trust>, log: Option<LogId>) -> Check {
    let name = "genesis";
    let got = log.map(|log| log.to_hex()).unwrap_or_default();
    match trust.and_then(|trust| trust.policy().genesis()) {
        None => skipped(name, "not pinned: registrars are as named by the log"),
        Some(pinned) if Some(pinned) == log => holds(name, format!("{got} (pinned)")),
        Some(pinned) => broken(name, format!("the log is {got}, pinned is {pinned}")),
    }
}

/// How a head goes on from the one that was verified here before.
pub(crate) fn consistency(since: Since, size: u64) -> Check {
    let name = "consistency";
    match since {
        Since::First => skipped(name, "nothing was verified here before"),
        Since::Same => holds(name, format!("size {size} was verified before")),
        Since::Grown(before) => holds(name, format!("from size {before} (last verified) to {size}")),
        Since::Earlier(later) => {
            holds(name, format!("size {later} (last verified) goes on from this one, {size}"))
        }
        Since::Behind(last) => {
            let detail =
                format!("size {last} was verified before; how {size} stands to it is for the server to show");
            skipped(name, detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use schemas::note::{KeyName, NoteSignature, SignatureType, VerifierKey};
    use schemas::trust::TrustPolicy;

    use super::*;
    use crate::testlog::TestLog;

    /// A trust file of three witnesses of whom two are asked for, and the note as the first few cosigned it.
    fn witnessed(log: &TestLog, cosigned: usize) -> (Trust, Note) {
        let keys = [(); 3].map(|()| keyfile::SecretKey::generate().unwrap());
        let note = log.head(1);
        let mut signatures = note.signatures().to_vec();
        let mut file = log.trust().policy().to_string().replace("quorum none", "");
        for (at, secret) in keys.iter().enumerate() {
            let name = KeyName::new(&format!("witness.test/{at}")).unwrap();
            let key = VerifierKey::new(name.clone(), SignatureType::Cosignature, secret.public());
            file.push_str(&format!("witness w{at} {key}\n"));
            if at < cosigned {
                let time = 1_700_000_000_u64 + at as u64;
                let message = format!("cosignature/v1\ntime {time}\n{}", note.text());
                let mut signature = time.to_be_bytes().to_vec();
                signature.extend_from_slice(secret.sign(message.as_bytes()).as_bytes());
                signatures.push(NoteSignature { name, key_id: key.id(), signature });
            }
        }
        file.push_str("group two 2 w0 w1 w2\nquorum two\n");
        let policy = TrustPolicy::parse(file.as_bytes()).unwrap();
        (Trust::new(Path::new("t"), policy), Note::new(note.text().into(), signatures).unwrap())
    }

    #[test]
    fn who_cosigned_is_named_with_the_time_and_counted_against_the_quorum() {
        let log = TestLog::new();
        for (cosigned, status, exit) in [(1, CheckStatus::Broken, 13), (2, CheckStatus::Holds, 0)] {
            let (trust, note) = witnessed(&log, cosigned);
            let (checks, end) = checkpoint(&note, Some(&trust), AgeLimit::default());
            assert_eq!((checks[1].status, end.code()), (status, exit), "{checks:?}");
            let detail = &checks[1].detail;
            assert!(
                detail.contains(&format!("{cosigned} of 3 cosigned: w0 at 2023-11-14 22:13:20Z")),
                "{detail}"
            );
        }
    }

    #[test]
    fn without_a_trust_file_the_checkpoint_is_nobodys() {
        let log = TestLog::new();
        let (checks, exit) = checkpoint(&log.head(1), None, AgeLimit::default());
        assert_eq!(exit, Exit::Untrusted);
        assert!(checks.iter().all(|check| check.status == CheckStatus::Skipped), "{checks:?}");
        let (checks, exit) = checkpoint(&log.head(1), Some(&TestLog::new().trust()), AgeLimit::default());
        assert_eq!((exit, is_broken(&checks, "checkpoint-signature")), (Exit::Untrusted, true));
    }
}
