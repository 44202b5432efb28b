use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use cli::walk::{Walked, walk};
use indicatif::ProgressBar;
use schemas::time::Time;
use verifier::checkpoint::VerifiedHead;
use verifier::log::{LogVerifier, Prepared};

use super::checks::{check, consistency_check, signature_check, witness_check};
use super::coverage::Coverage;
use super::report::{Check, CheckStatus, CoverageDocument, Document, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::mirror::Mirror;
use crate::recompute::{self, Checkpoint, read_all};
use crate::schema;
use crate::source::LogSource;
use crate::trust::Trust;

/// Check every signature, key, role, link, leaf and the signed root
///
/// Reads every entry. Says what was checked and what was not, which span the log covers, and which numbers of an emitter's
/// sequence never arrived: the log is then intact, but incomplete (12).
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  writ verify log --trust trust.policy\n  writ verify log --mirror DIR --trust trust.policy        (no server)"
)]
pub(crate) struct Args {
    /// Read the log from a mirror of it (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Some(folder) = &args.mirror else { return verify(&context.client()?, context) };
    let mirror = Mirror::new(folder);
    verify(&mirror.latest()?, context)
}

fn verify(log: &dyn LogSource, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let Checkpoint { note, head, trust, exit: believed } =
        recompute::checkpoint(context, log, trust.as_ref())?;
    let mut exit = exit.worse(believed);
    let progress = context.output.progress(head.size());
    let walk = read_all(log, head.size(), |portions| Walk::over(portions, &progress))?;
    progress.finish_and_clear();
    let mut checks =
        vec![signature_check(trust, &head, walk.verifier.check_head(&head)), witness_check(trust, &note)];
    match trust {
        Some(trust) => match context.heads()?.advance(trust, log, &note, &head) {
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

/// What reading a log from its beginning showed.
struct Walk {
    verifier: LogVerifier,
    walked: Walked,
    coverage: Coverage,
    /// Time of the first entry.
    first: Option<Time>,
}

impl Walk {
    fn over<E: Send>(
        portions: impl Iterator<Item = Result<Vec<Vec<u8>>, E>> + Send,
        progress: &ProgressBar,
    ) -> Result<Self, E> {
        let (mut verifier, mut coverage, mut first) = (LogVerifier::new(), Coverage::default(), None);
        let see = |entry: &Prepared| {
            first = first.or(entry.time());
            if let Some(statement) = entry.statement() {
                coverage.add(statement);
            }
        };
        let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let done = |count: usize| progress.inc(count as u64);
        let walked = walk(portions, &mut verifier, see, done, workers)?;
        Ok(Self { verifier, walked, coverage, first })
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
        let sound = size - self.walked.findings_total.min(size);
        let status = if self.walked.findings_total == 0 { CheckStatus::Holds } else { CheckStatus::Broken };
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
        if !gaps.is_empty() || self.walked.unknown > 0 {
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
            findings: self.walked.findings,
            findings_total: self.walked.findings_total,
            coverage: CoverageDocument {
                from: self.first.map(|time| time.0),
                to: self.verifier.time().map(|time| time.0),
                streams: self.coverage.streams(),
                conflicts: self.coverage.conflicts(),
                unknown: self.walked.unknown,
                gaps,
            },
            exit: exit.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::heads::Since;
    use crate::schema::tests::assert_described;

    fn walked(entries: &[Vec<u8>]) -> Walk {
        let portions = entries.chunks(3).map(|portion| Ok::<_, Infallible>(portion.to_vec()));
        Walk::over(portions, &ProgressBar::hidden()).unwrap()
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
            signature_check(Some(trust), &head, Ok(())),
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
    fn any_number_of_workers_finds_the_same() {
        let mut log = log();
        for at in 4..400 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        let mut entries = log.entries.clone();
        for (at, byte) in [(70, 3), (71, 100), (200, 250), (390, 90)] {
            entries[at][byte] ^= 1;
        }
        let with = |workers: usize| {
            let (mut verifier, mut seen) = (LogVerifier::new(), 0);
            let portions = entries.chunks(50).map(|portion| Ok::<_, Infallible>(portion.to_vec()));
            let workers = NonZeroUsize::new(workers).unwrap();
            let walked = walk(portions, &mut verifier, |_| seen += 1, |_| {}, workers).unwrap();
            assert_eq!((verifier.size(), seen), (400, 400));
            assert_eq!(walked.findings_total, walked.findings.len() as u64);
            (walked.findings, verifier.root())
        };
        let alone = with(1);
        assert!(alone.0.len() >= 4, "{:?}", alone.0);
        for workers in [2, 3, 8] {
            assert_eq!(with(workers), alone, "{workers} workers");
        }
    }

    #[test]
    fn a_portion_that_does_not_come_ends_the_walk_with_its_error() {
        let log = log();
        let portions = [Ok(log.entries.clone()), Err("gone"), Ok(log.entries.clone())];
        assert_eq!(Walk::over(portions.into_iter(), &ProgressBar::hidden()).err(), Some("gone"));
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
