//! Reading a whole log: entries in order, fetched while the ones before are looked at.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::mpsc;
use std::thread;

use schemas::envelope::Statement;
use schemas::note::Note;
use schemas::time::Index;
use verifier::checkpoint::VerifiedHead;
use verifier::evidence::{Absence, Evidence, EvidenceHead, Pinning, all_terms};
use verifier::merkle::{TreeHasher, leaf_hash};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::registration::decode;
use crate::source::LogSource;
use crate::trust::{Trust, unpinned_head};

/// Answers that may wait to be looked at.
const AHEAD: usize = 8;

/// A portion of a log's entries, or why there are no more.
pub(crate) type Portion = Result<Vec<Vec<u8>>, Failure>;

/// Hands entries, in order and in portions, to `read`, while the next ones are fetched.
pub(crate) fn read_all<T>(
    log: &dyn LogSource,
    Range { mut start, end }: Range<u64>,
    read: impl FnOnce(mpsc::IntoIter<Portion>) -> T,
) -> T {
    thread::scope(|scope| {
        let (sender, portions) = mpsc::sync_channel::<Portion>(AHEAD);
        scope.spawn(move || {
            while start < end {
                let portion = log.entries(start, end);
                start = portion.as_ref().map_or(end, |entries| start + entries.len() as u64);
                // Whoever reads them may have seen enough.
                if sender.send(portion).is_err() {
                    return;
                }
            }
        });
        read(portions.into_iter())
    })
}

/// A log or mirror that shows so many entries must show as many as are asked for.
pub(crate) fn check_reaches(shown: u64, size: u64, from: &str) -> Result<(), Failure> {
    if shown >= size {
        return Ok(());
    }
    let what = format!("{from} shows {shown} entries, and what is to be checked is about {size}");
    let next = "the log's server, a newer mirror (`writ mirror DIR`), or again when the log has caught up";
    Err(Failure::new("log-behind", what).exit(Exit::Indeterminate).next(next))
}

/// Evidence of a log's every entry, so that what is not in it does not exist.
pub(crate) fn evidence(
    log: &dyn LogSource,
    head: &VerifiedHead,
    trust: Option<&Trust>,
) -> Result<Evidence, Failure> {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    let mut tree = TreeHasher::new();
    read_all(log, 0..head.size(), |mut portions| {
        portions.try_for_each(|portion| {
            let portion = portion?;
            portion.iter().for_each(|entry| tree.push(leaf_hash(entry)));
            entries.extend(portion);
            Ok::<(), Failure>(())
        })
    })?;
    if tree.root() != head.root() {
        let what = format!("the {} entries do not add up to the signed root", head.size());
        return Err(Failure::new("root-mismatch", what)
            .values(head.root(), tree.root())
            .exit(Exit::Tampered));
    }
    let statements: BTreeMap<Index, Statement> = (0..)
        .map(Index)
        .zip(&entries)
        .filter_map(|(index, entry)| Some((index, decode(entry).ok()?.1)))
        .collect();
    let rows = all_terms(statements.iter().map(|(index, statement)| (*index, statement)));
    let genesis = trust.and_then(|trust| trust.policy().genesis());
    let pinning = Pinning { log_key: trust.is_some(), genesis: false, key: head.key().to_string() };
    let evidence_head =
        EvidenceHead { origin: head.origin().as_str().into(), size: head.size(), root: head.root() };
    let indexed = (0..).map(Index).zip(entries.iter().map(Vec::as_slice));
    let evidence = Evidence::new(evidence_head, genesis, pinning, indexed, Absence::Recomputed(rows));
    let evidence = evidence.map_err(|e| {
        let exit = if e.code() == "wrong-genesis" { Exit::Untrusted } else { Exit::Tampered };
        Failure::new(e.code(), e.to_string()).exit(exit)
    })?;
    let stands = evidence.registry().check_head(head);
    stands.map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))?;
    Ok(evidence)
}

/// The log's checkpoint. Where it is not the pinned log's, that is said, and the log is only held against itself.
pub(crate) fn checkpoint<'t>(
    context: &Context,
    log: &dyn LogSource,
    trust: Option<&'t Trust>,
) -> Result<Checkpoint<'t>, Failure> {
    let note = log.checkpoint()?;
    let refused = match trust.map(|trust| (trust, trust.verify_head(&note))) {
        Some((trust, Ok(head))) => return Ok(Checkpoint { note, head, trust: Some(trust), exit: Exit::Ok }),
        Some((_, Err(failure))) => Some(failure),
        None => None,
    };
    if let Some(failure) = &refused {
        if failure.exit != Exit::Untrusted {
            return Err(failure.clone());
        }
        context.output.failure_text(failure);
    }
    let head = unpinned_head(&note, log)?;
    Ok(Checkpoint { note, head, trust: None, exit: Exit::Untrusted })
}

/// A checkpoint, and how far it is believed.
pub(crate) struct Checkpoint<'t> {
    pub(crate) note: Note,
    pub(crate) head: VerifiedHead,
    /// The trust file that pins the key which signed it.
    pub(crate) trust: Option<&'t Trust>,
    /// What that means for the end.
    pub(crate) exit: Exit,
}

#[cfg(test)]
mod tests {
    use schemas::tile::encode_entry_bundle;
    use verifier::evidence::Absence;

    use super::*;
    use crate::testlog::{TestLog, serve};

    fn log() -> TestLog {
        let mut log = TestLog::new();
        let statement = log.note_by_registrar(5, "more");
        log.append(&statement);
        log
    }

    fn answer(entries: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
        let slices: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        vec![("/v1/entries?start=0&limit=2".into(), encode_entry_bundle(&slices).unwrap())]
    }

    #[test]
    fn every_entry_under_the_signed_root_is_evidence() {
        let log = log();
        let trust = log.trust();
        let evidence = evidence(&serve(answer(&log.entries)), &log.verified(2), Some(&trust)).unwrap();
        assert_eq!(evidence.records().count(), 2);
        assert!(matches!(evidence.absence(), Absence::Recomputed(_)));
        assert!(evidence.pinning().log_key && evidence.pinning().genesis);
    }

    #[test]
    fn entries_that_do_not_add_up_to_the_root_are_tampered() {
        let log = log();
        let mut entries = log.entries.clone();
        let last = entries[1].len() - 1;
        entries[1][last] ^= 1;
        let failure = evidence(&serve(answer(&entries)), &log.verified(2), Some(&log.trust())).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::Tampered, "root-mismatch"));
    }

    #[test]
    fn a_server_that_stops_in_the_middle_is_an_error() {
        let log = log();
        let failure = evidence(&serve(answer(&log.entries[..1])), &log.verified(2), None).unwrap_err();
        assert_eq!(failure.exit, Exit::Error);
    }
}
