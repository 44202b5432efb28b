use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use schemas::note::Note;
use schemas::time::Time;
use verifier::checkpoint::{CheckpointVerifyError, VerifiedHead, verify_checkpoint};
use verifier::log::{LogFinding, LogVerifier, Placed, Prepared};

use super::coverage::Coverage;
use super::report::{Check, CheckStatus, CoverageDocument, Document, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::heads::Since;
use crate::recompute::{self, Checkpoint};
use crate::schema;
use crate::trust::Trust;

/// Most findings that are kept; beyond it they are only counted.
const FINDINGS_MAX: usize = 1_000;

/// Check every signature, key, role, link, leaf and the signed root
///
/// Reads every entry. Says what was checked and what was not, which span the log covers, and which numbers of an emitter's
/// sequence never arrived: the log is then intact, but incomplete (12).
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ verify log --trust trust.policy")]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let client = context.client()?;
    let Checkpoint { note, head, trust, exit: believed } =
        recompute::checkpoint(context, &client, trust.as_ref())?;
    let mut exit = exit.worse(believed);
    let mut walk = Walk::new(context, head.size());
    recompute::read_all(&client, head.size(), |portion| {
        walk.take(&portion);
        Ok(())
    })?;
    walk.progress.finish_and_clear();
    let mut checks = vec![signature_check(trust, &head), witness_check(trust, &note)];
    match trust {
        Some(trust) => match context.heads()?.advance(trust, &client, &note, &head) {
            Ok(since) => checks.push(consistency_check(since, &head)),
            Err(failure) => {
                exit = exit.worse(failure.exit);
                context.output.failure_text(&failure);
                checks.push(check("consistency", CheckStatus::Broken, failure.what));
            }
        },
        None => checks.push(check("consistency", CheckStatus::Skipped, "nothing is pinned".into())),
    }
    checks.push(walk.genesis_check(trust));
    checks.push(walk.root_check(&head));
    checks.push(walk.entries_check());
    let document = walk.document(&head, checks, exit, trust);
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&text(&document))?;
    }
    Ok(Exit::ALL.into_iter().find(|exit| exit.code() == document.exit).unwrap_or(Exit::Error))
}

/// The state of reading a log from its beginning.
struct Walk {
    verifier: LogVerifier,
    coverage: Coverage,
    findings: Vec<LogFinding>,
    findings_total: u64,
    unknown: u64,
    first: Option<Time>,
    progress: ProgressBar,
}

impl Walk {
    fn new(context: &Context, size: u64) -> Self {
        let progress = ProgressBar::new(size);
        if !context.output.draws_progress() {
            progress.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "  {wide_bar} {human_pos}/{human_len}  {per_sec}  ETA {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            progress.set_style(style);
        }
        Self {
            verifier: LogVerifier::new(),
            coverage: Coverage::default(),
            findings: Vec::new(),
            findings_total: 0,
            unknown: 0,
            first: None,
            progress,
        }
    }

    fn take(&mut self, portion: &[Vec<u8>]) {
        let prepared: Vec<Prepared> = portion.par_iter().map(|entry| Prepared::new(entry)).collect();
        let mut placed: Vec<Placed> = Vec::with_capacity(prepared.len());
        for prepared in prepared {
            if let Some(statement) = prepared.statement() {
                self.coverage.add(statement);
            }
            placed.push(self.verifier.place(prepared));
            self.first = self.first.or(self.verifier.time());
        }
        self.unknown += placed.iter().filter(|placed| placed.unknown).count() as u64;
        let found: Vec<LogFinding> = placed.into_par_iter().filter_map(Placed::check).collect();
        self.findings_total += found.len() as u64;
        let room = FINDINGS_MAX.saturating_sub(self.findings.len());
        self.findings.extend(found.into_iter().take(room));
        self.progress.inc(portion.len() as u64);
    }

    fn log(&self) -> String {
        self.verifier.registry().map(|registry| registry.log().to_hex()).unwrap_or_default()
    }

    fn genesis_check(&self, trust: Option<&Trust>) -> Check {
        let got = self.log();
        match trust.and_then(|trust| trust.policy().genesis()) {
            None => check(
                "genesis",
                CheckStatus::Skipped,
                "not pinned: registrars are as named by the log".into(),
            ),
            Some(pinned) if pinned.to_hex() == got => {
                check("genesis", CheckStatus::Holds, format!("{got} (pinned)"))
            }
            Some(pinned) => {
                check("genesis", CheckStatus::Broken, format!("the log is {got}, pinned is {pinned}"))
            }
        }
    }

    fn root_check(&self, head: &VerifiedHead) -> Check {
        let (got, expected) = (self.verifier.root(), head.root());
        if got == expected && self.verifier.size() == head.size() {
            return check("merkle-root", CheckStatus::Holds, format!("recomputed {got} = checkpoint"));
        }
        check("merkle-root", CheckStatus::Broken, format!("recomputed {got}, the checkpoint says {expected}"))
    }

    fn entries_check(&self) -> Check {
        let size = self.verifier.size();
        let sound = size - self.findings_total.min(size);
        let status = if self.findings_total == 0 { CheckStatus::Holds } else { CheckStatus::Broken };
        check("entries", status, format!("{sound}/{size} with sound link, key, role and signature"))
    }

    fn document(
        self,
        head: &VerifiedHead,
        checks: Vec<Check>,
        exit: Exit,
        trust: Option<&Trust>,
    ) -> Document {
        let gaps = self.coverage.gaps();
        let broken = |check: &Check| {
            check.status == CheckStatus::Broken && check.name != "genesis" && check.name != "consistency"
        };
        let mut exit = exit;
        if checks.iter().any(|check| check.name == "genesis" && check.status == CheckStatus::Broken) {
            exit = exit.worse(Exit::Untrusted);
        }
        if checks.iter().any(|check| check.name == "witnesses" && check.status == CheckStatus::Broken) {
            exit = exit.worse(Exit::Untrusted);
        }
        if checks.iter().any(|check| broken(check) && check.name != "witnesses") {
            exit = exit.worse(Exit::Tampered);
        }
        if !gaps.is_empty() || self.unknown > 0 {
            exit = exit.worse(Exit::Indeterminate);
        }
        if trust.is_none() {
            exit = exit.worse(Exit::Untrusted);
        }
        Document {
            schema: schema::VERIFY_LOG,
            ok: exit == Exit::Ok,
            origin: head.origin().to_string(),
            log: self.log(),
            size: head.size(),
            root: head.root().to_hex(),
            checks,
            findings: self.findings,
            findings_total: self.findings_total,
            coverage: CoverageDocument {
                from: self.first.map(|time| time.0),
                to: self.verifier.time().map(|time| time.0),
                streams: self.coverage.streams(),
                conflicts: self.coverage.conflicts(),
                unknown: self.unknown,
                gaps,
            },
            exit: exit.code(),
        }
    }
}

fn signature_check(trust: Option<&Trust>, head: &VerifiedHead) -> Check {
    let key = format!("{}+{}", head.key().name(), head.key().id());
    let detail = match trust {
        Some(trust) => format!("key {key} (pinned in {})", trust.path().display()),
        None => format!("key {key} (as named by the log's own genesis)"),
    };
    check("checkpoint-signature", CheckStatus::Holds, detail)
}

fn witness_check(trust: Option<&Trust>, note: &Note) -> Check {
    let Some(trust) = trust.filter(|trust| trust.policy().needs_witnesses()) else {
        return check("witnesses", CheckStatus::Skipped, "the trust file asks for none".into());
    };
    match verify_checkpoint(note, trust.policy()) {
        Ok(checkpoint) => {
            check("witnesses", CheckStatus::Holds, format!("quorum {} met", checkpoint.quorum()))
        }
        Err(error @ CheckpointVerifyError::QuorumNotMet { .. }) => {
            check("witnesses", CheckStatus::Broken, error.to_string())
        }
        Err(error) => check("witnesses", CheckStatus::Broken, error.to_string()),
    }
}

fn consistency_check(since: Since, head: &VerifiedHead) -> Check {
    let size = head.size();
    match since {
        Since::First => check("consistency", CheckStatus::Skipped, "nothing was verified here before".into()),
        Since::Same => check("consistency", CheckStatus::Holds, format!("size {size} was verified before")),
        Since::Grown(before) => {
            check("consistency", CheckStatus::Holds, format!("from size {before} (last verified) to {size}"))
        }
        Since::Earlier(later) => check(
            "consistency",
            CheckStatus::Holds,
            format!("size {later} (last verified) goes on from this one, {size}"),
        ),
    }
}

fn check(name: &'static str, status: CheckStatus, detail: String) -> Check {
    Check { name, status, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    fn walked(entries: &[Vec<u8>]) -> Walk {
        let mut walk = Walk::new(&Context::quiet(), entries.len() as u64);
        walk.take(entries);
        walk
    }

    fn log() -> crate::testlog::TestLog {
        let mut log = crate::testlog::TestLog::new();
        for at in 1..4 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        log
    }

    fn judged(log: &crate::testlog::TestLog, walk: Walk, trust: &Trust) -> Document {
        let head = log.verified(4);
        let checks = vec![
            signature_check(Some(trust), &head),
            witness_check(Some(trust), &log.head(4)),
            consistency_check(Since::Grown(2), &head),
            walk.genesis_check(Some(trust)),
            walk.root_check(&head),
            walk.entries_check(),
        ];
        let document = walk.document(&head, checks, Exit::Ok, Some(trust));
        assert_described(&document);
        document
    }

    #[test]
    fn an_honest_log_is_intact() {
        let log = log();
        let document = judged(&log, walked(&log.entries), &log.trust());
        assert_eq!((document.ok, document.exit), (true, 0), "{}", text(&document));
    }

    #[test]
    fn a_changed_entry_is_tampered_whichever_byte_of_it() {
        let log = log();
        for at in (0..log.entries[2].len()).step_by(7) {
            let mut entries = log.entries.clone();
            entries[2][at] ^= 1;
            let document = judged(&log, walked(&entries), &log.trust());
            assert_eq!(document.exit, 10, "byte {at}");
            assert!(text(&document).contains("TAMPERED"));
        }
    }

    #[test]
    fn another_genesis_than_the_pinned_one_is_untrusted() {
        let log = log();
        let document = judged(&log, walked(&log.entries), &crate::testlog::TestLog::new().trust());
        assert_eq!(document.exit, 13);
    }

    #[test]
    fn a_missing_number_is_incomplete_and_named() {
        let log = log();
        let mut walk = walked(&log.entries);
        let mut statement = log.note_by_registrar(9, "x");
        statement.payload.stream = Some(schemas::ids::StreamId::new([1; 16]));
        statement.payload.seq = Some(2);
        walk.coverage.add(&statement);
        let document = judged(&log, walk, &log.trust());
        assert_eq!(document.exit, 12);
        assert!(text(&document).contains("numbers 0 to 1"), "{}", text(&document));
    }
}
