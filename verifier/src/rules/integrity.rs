//! Integrity and vouching: whether what the verdict rests on is what it seems.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::term::Term;

use crate::evidence::{Absence, Record, Unsound};
use crate::judge::{Case, ReliedOn};
use crate::registry::Refusal;
use crate::verdict::{Effect, Finding};

pub(super) fn signature_invalid(_: &Case<'_>, record: &Record) -> Option<Finding> {
    match &record.standing {
        Err(Unsound::Signature(error)) => {
            let expected = format!("a signature by {}", record.envelope.kid);
            Some(denied("signature-invalid", error.to_string(), record).values(expected, error.code()))
        }
        _ => None,
    }
}

pub(super) fn key_not_valid(case: &Case<'_>, record: &Record) -> Option<Finding> {
    const SLUG: &str = "key-not-valid";
    if let Err(Unsound::Refused(Refusal::Key(error))) = &record.standing {
        return Some(
            denied(SLUG, error.to_string(), record).values("a key valid at this entry", error.code()),
        );
    }
    let (reported, since) = case.evidence.key_compromised(&record.envelope.kid, record.time)?;
    let detail = format!("key {} was reported compromised at {reported}", record.envelope.kid);
    let (expected, got) = (format!("an entry before {}", since.0), record.time.0.to_string());
    Some(denied(SLUG, detail, record).values(expected, got))
}

pub(super) fn signer_not_entitled(_: &Case<'_>, record: &Record) -> Option<Finding> {
    match &record.standing {
        Err(Unsound::Refused(refusal)) if !matches!(refusal, Refusal::Key(_)) => {
            let got = format!("{}: {}", record.envelope.iss, refusal.code());
            Some(
                denied("signer-not-entitled", refusal.to_string(), record)
                    .values("a key whose role covers it", got),
            )
        }
        _ => None,
    }
}

pub(super) fn unknown_statement(_: &Case<'_>, record: &Record) -> Option<Finding> {
    match &record.standing {
        Err(Unsound::Unknown(error)) => {
            let finding =
                Finding::new("unknown-statement", Effect::Indeterminate, error.to_string()).of(record);
            Some(finding.values("a payload of a known form", error.code()))
        }
        _ => None,
    }
}

pub(super) fn duplicate_conflict(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let payload = record.payload.as_ref()?;
    let (stream, seq) = payload.stream.as_ref().zip(payload.seq)?;
    let slot = case.evidence.find(&Term::Slot(&record.envelope.kid, &payload.tenant, stream, seq));
    let in_slot = |other: &&&Record| {
        other.envelope.kid == record.envelope.kid
            && other.payload.as_ref().is_some_and(|p| {
                p.tenant == payload.tenant && p.stream == payload.stream && p.seq == payload.seq
            })
    };
    let other = slot.records.iter().filter(in_slot).find(|other| other.id() != record.id())?;
    let detail =
        format!("number {seq} of stream {stream} is also claimed by {} at {}", other.id(), other.index);
    Some(denied("duplicate-conflict", detail, record).values("one statement", other.id().to_string()))
}

pub(super) fn absence_unproved(case: &Case<'_>, relied: &ReliedOn) -> Option<Finding> {
    const SLUG: &str = "absence-unproved";
    if let Some((record, open)) = case.first_unanswered(relied) {
        let detail =
            format!("{open} of the questions that this statement raises are not answered by the evidence");
        let finding = Finding::new(SLUG, Effect::Indeterminate, detail).of(record);
        return Some(finding.values("every question answered", format!("{open} open")));
    }
    let asserted = matches!(case.evidence.absence(), Absence::Asserted(_));
    (asserted && !case.profile.asserted_absence).then(|| {
        let detail =
            format!("profile {} does not take the log's word for what does not exist", case.profile.name);
        Finding::new(SLUG, Effect::Indeterminate, detail).values("recomputed or proved", "asserted")
    })
}

fn denied(slug: &'static str, detail: String, record: &Record) -> Finding {
    Finding::new(slug, Effect::NotAuthorized, detail).of(record)
}
