//! The first verifier's answers.

mod proof;

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
use verifier::checkpoint::{VerifiedHead, verify_checkpoint};
use verifier::evidence::{Evidence, EvidenceHead, Record, Unsound};
use verifier::log::LogVerifier;
use verifier::signature::CheckedKey;

use crate::asked::{Answer, Question};

pub(crate) fn answer(question: &Question) -> Answer {
    said(question).map_or_else(|code| Answer::Refused(code.into()), Answer::Standing)
}

fn said(question: &Question) -> Result<String, &'static str> {
    if let Some((reader, bytes)) = question.reader.as_ref().zip(question.bytes.as_ref()) {
        let is_form = question.trust.is_none() && question.public.is_none();
        return if is_form { read(reader, &hex(bytes)) } else { proof::said(question, reader, &hex(bytes)) };
    }
    let trust = trust(question);
    if let Some(bundle) = &question.bundle {
        let checked = check(&hex(bundle), &trust).map_err(|refusal| refusal.code())?;
        return Ok(marks(&checked.evidence));
    }
    let (_, evidence) = log(question, &trust)?;
    Ok(marks(&evidence))
}

fn hex(text: &String) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).expect("hex")
}

fn trust(question: &Question) -> TrustPolicy {
    TrustPolicy::parse(question.trust.as_ref().expect("a trust file").as_bytes()).expect("a trust file")
}

/// Whether bytes are of the form that a reader reads.
fn read(reader: &str, bytes: &[u8]) -> Result<String, &'static str> {
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
    }?;
    Ok(String::new())
}

/// The log that a question is about: its head, and all that it holds.
fn log(question: &Question, trust: &TrustPolicy) -> Result<(VerifiedHead, Evidence), &'static str> {
    let entries: Vec<Vec<u8>> = question.entries.iter().flatten().map(hex).collect();
    let checkpoint = question.checkpoint.as_ref().expect("a checkpoint");
    let note = Note::parse(checkpoint.as_bytes()).map_err(|error| error.code())?;
    let head = verify_checkpoint(&note, trust).map_err(|error| error.code())?.head().clone();
    let Checkpoint { origin, size, root } =
        Checkpoint::from_note(&note).expect("a checkpoint that was verified");
    let stands_under = EvidenceHead { origin: origin.to_string(), size, root };
    let evidence = recomputed(stands_under, trust, &entries).map_err(|error| error.code())?;
    walked_as_judged(&evidence, &entries);
    evidence.registry().check_head(&head).map_err(|error| error.code())?;
    Ok((head, evidence))
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

fn marks(evidence: &Evidence) -> String {
    let mark = |record: &Record| {
        let behind = evidence.registry().compromised_behind(&record.envelope.kid, record.index, record.time);
        match &record.standing {
            Err(_) => '-',
            Ok(_) if behind.is_some() => '!',
            Ok(_) => '+',
        }
    };
    evidence.records().map(mark).collect()
}
