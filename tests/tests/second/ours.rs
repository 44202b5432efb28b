//! The first verifier's answers.

use data_encoding::HEXLOWER;
use schemas::batch;
use schemas::bundle::Bundle;
use schemas::checkpoint::Checkpoint;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::fork::Fork;
use schemas::ids::PublicKey;
use schemas::note::{Note, VerifierKey};
use schemas::omission::Omission;
use schemas::proof::TlogProof;
use schemas::receipt::{Receipt, Transparent};
use schemas::tile::{TilePath, decode_entry_bundle, decode_tile};
use schemas::trust::TrustPolicy;
use tests::scenario::recomputed;
use verifier::bundle::check;
use verifier::checkpoint::verify_checkpoint;
use verifier::evidence::{Evidence, EvidenceHead, Unsound};
use verifier::log::LogVerifier;
use verifier::signature::CheckedKey;

use crate::asked::{Answer, Question};

pub(crate) fn answer(question: &Question) -> Answer {
    let hex = |text: &String| HEXLOWER.decode(text.as_bytes()).expect("hex");
    if let Some((reader, bytes)) = question.reader.as_ref().zip(question.bytes.as_ref()) {
        return match read(reader, &hex(bytes)) {
            Ok(()) => Answer::Standing(String::new()),
            Err(code) => Answer::Refused(code.into()),
        };
    }
    let trust = question.trust.as_ref().expect("a trust file");
    let trust = TrustPolicy::parse(trust.as_bytes()).expect("a trust file");
    if let Some(bundle) = &question.bundle {
        return match check(&hex(bundle), &trust) {
            Ok(checked) => standing(&checked.evidence),
            Err(refusal) => Answer::Refused(refusal.code().into()),
        };
    }
    let entries: Vec<Vec<u8>> = question.entries.iter().flatten().map(hex).collect();
    let checkpoint = question.checkpoint.as_ref().expect("a checkpoint");
    log(checkpoint, &trust, &entries)
}

/// Whether bytes are of the form that a reader reads.
fn read(reader: &str, bytes: &[u8]) -> Result<(), &'static str> {
    let text = || str::from_utf8(bytes).map_err(|_| "not-utf8");
    match reader {
        "batch" => batch::split(bytes).map(drop).map_err(|error| error.code()),
        "bundle" => Bundle::decode(bytes).map(drop).map_err(|error| error.code()),
        "checkpoint" => Checkpoint::parse(text()?).map(drop).map_err(|error| error.code()),
        "entry" => Entry::decode(bytes).map(drop).map_err(|error| error.code()),
        "entry-bundle" => decode_entry_bundle(bytes).map(drop).map_err(|error| error.code()),
        "fork" => {
            let fork = Fork::decode(bytes).map_err(|error| error.code())?;
            verifier::fork::check(&fork).map(drop).map_err(|error| error.code())
        }
        "note" => Note::parse(bytes).map(drop).map_err(|error| error.code()),
        "omission" => Omission::decode(bytes).map(drop).map_err(|error| error.code()),
        "public-key" => {
            let key = PublicKey::from_slice(bytes).ok_or("key-length")?;
            CheckedKey::new(key).map(drop).map_err(|error| error.code())
        }
        "receipt" => Receipt::decode(bytes).map(drop).map_err(|error| error.code()),
        "statement" => Statement::decode(bytes).map(drop).map_err(|error| error.code()),
        "tile" => decode_tile(bytes).map(drop).map_err(|error| error.code()),
        "tile-path" => TilePath::parse(text()?).map(drop).map_err(|error| error.code()),
        "tlog-proof" => TlogProof::parse(bytes).map(drop).map_err(|error| error.code()),
        "transparent" => {
            let carried = Transparent::decode(bytes).map_err(|error| error.code())?;
            Statement::decode(&carried.statement).map_err(|error| error.code())?;
            Receipt::decode(&carried.receipt).map(drop).map_err(|error| error.code())
        }
        "trust-file" => TrustPolicy::parse(bytes).map(drop).map_err(|error| error.code()),
        "verifier-key" => VerifierKey::parse(text()?).map(drop).map_err(|error| error.code()),
        other => panic!("no reader is called {other}"),
    }
}

fn log(checkpoint: &str, trust: &TrustPolicy, entries: &[Vec<u8>]) -> Answer {
    let refused = |code: &str| Answer::Refused(code.into());
    let note = match Note::parse(checkpoint.as_bytes()) {
        Ok(note) => note,
        Err(error) => return refused(error.code()),
    };
    let head = match verify_checkpoint(&note, trust) {
        Ok(checkpoint) => checkpoint.head().clone(),
        Err(error) => return refused(error.code()),
    };
    let Checkpoint { origin, size, root } =
        Checkpoint::from_note(&note).expect("a checkpoint that was verified");
    match recomputed(EvidenceHead { origin: origin.to_string(), size, root }, trust, entries) {
        Ok(evidence) => {
            walked_as_judged(&evidence, entries);
            match evidence.registry().check_head(&head) {
                Ok(()) => standing(&evidence),
                Err(error) => refused(error.code()),
            }
        }
        Err(error) => refused(error.code()),
    }
}

/// `writ verify log` walks a log in its own way; it must find fault with the very statements that do not count.
fn walked_as_judged(evidence: &Evidence, entries: &[Vec<u8>]) {
    let mut walk = LogVerifier::new();
    for (entry, record) in entries.iter().zip(evidence.records()) {
        let placed = walk.place(verifier::log::Prepared::new(entry));
        let unknown = placed.unknown && matches!(record.standing, Err(Unsound::Unknown(_)));
        let finding = placed.check();
        assert_eq!(
            finding.is_some() || unknown,
            record.standing.is_err(),
            "{finding:?}, {:?}",
            record.standing
        );
    }
}

fn standing(evidence: &Evidence) -> Answer {
    let mark = |record: &verifier::evidence::Record| if record.standing.is_ok() { '+' } else { '-' };
    Answer::Standing(evidence.records().map(mark).collect())
}
