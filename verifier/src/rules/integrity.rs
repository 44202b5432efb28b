//! Integrity and vouching: whether what the verdict rests on is what it seems.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::payload::Kind;
use schemas::term::Term;

use crate::evidence::{Absence, Evidence, Record, Unsound};
use crate::judge::{Case, ReliedOn, Resolution, Ruled, may_be_one};
use crate::profile::{Basis, Profile};
use crate::registry::{KeyError, Refusal};
use crate::verdict::{Effect, Finding};

pub(super) const ABSENCE: &str = "absence-unproved";

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
    if case.evidence.is_unread(record) {
        return None;
    }
    match &record.standing {
        Err(Unsound::Refused(Refusal::Key(KeyError::Compromised { .. }))) => None,
        Err(Unsound::Refused(Refusal::Key(error))) => {
            Some(denied(SLUG, error.to_string(), record).values("a key valid at this entry", error.code()))
        }
        _ => None,
    }
}

/// No key behind a statement was in other hands by then, its signer's nor a registrar's (reference item 116, rule I7).
pub(super) fn key_compromised(case: &Case<'_>, record: &Record) -> Option<Finding> {
    const SLUG: &str = "key-compromised";
    if case.evidence.is_unread(record) {
        return None;
    }
    if let Err(Unsound::Refused(Refusal::Key(error @ KeyError::Compromised { since, time, .. }))) =
        &record.standing
    {
        let expected = format!("an entry before {since}, by a key not reported by then");
        return Some(denied(SLUG, error.to_string(), record).values(expected, time.to_string()));
    }
    let registry = case.evidence.registry();
    let found = registry.compromised_behind(&record.envelope.kid, record.index, record.time)?;
    let behind =
        if found.kid == record.envelope.kid { "its key" } else { "its key rests on the registrar's key" };
    let detail = format!("{behind} {}, which was reported compromised at {}", found.kid, found.reported);
    let (expected, got) = (format!("an entry before {}", found.since), found.used.to_string());
    Some(denied(SLUG, detail, record).values(expected, got))
}

pub(super) fn signer_not_entitled(case: &Case<'_>, record: &Record) -> Option<Finding> {
    const SLUG: &str = "signer-not-entitled";
    const COVERED: &str = "a key whose role covers it";
    match &record.standing {
        Err(Unsound::Refused(refusal)) if !matches!(refusal, Refusal::Key(_)) => {
            let got = format!("{}: {}", record.envelope.iss, refusal.code());
            Some(denied(SLUG, refusal.to_string(), record).values(COVERED, got))
        }
        Ok(assurance) if *assurance < case.profile.assurance => {
            let Profile { name, assurance: least, .. } = case.profile;
            let detail = format!("profile {name} takes only what is {} or better", least.as_str());
            Some(denied(SLUG, detail, record).values(least.as_str(), assurance.as_str()))
        }
        _ => None,
    }
}

pub(super) fn unknown_statement(case: &Case<'_>, record: &Record) -> Option<Finding> {
    if case.evidence.is_unread(record) {
        let got = match &record.standing {
            Err(Unsound::Unknown(error)) => error.to_string(),
            _ => "a payload of an unknown form, by a key that the evidence does not show".into(),
        };
        let detail = "the statement is of a form that this program does not know";
        return Some(unknown(detail.into(), record).values("a payload of a known form", got));
    }
    let unread = case.questions(record).unread?;
    let detail = format!(
        "the statement at {} bears on this one, in a form that this program does not know",
        unread.index
    );
    Some(unknown(detail, record).values("payloads of known forms", unread.id().to_string()))
}

/// Where all entries were read, one of an unknown form may bear on anything.
pub(super) fn unknown_anywhere(case: &Case<'_>) -> Option<Finding> {
    if !matches!(case.evidence.absence(), Absence::Recomputed(_)) {
        return None;
    }
    let unread = case.evidence.records().find(|record| case.evidence.is_unread(record))?;
    let detail =
        "the log holds a statement of a form that this program does not know: it may bear on anything";
    Some(unknown(detail.into(), unread).values("payloads of known forms", unread.id().to_string()))
}

pub(super) fn duplicate_conflict(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let payload = record.payload.as_ref()?;
    let (stream, seq) = payload.stream.as_ref().zip(payload.seq)?;
    let slot = case.evidence.find(&Term::Slot(&record.envelope.kid, &payload.tenant, stream, seq));
    let in_slot = |other: &&&Record| {
        other.is_signed()
            && other.envelope.kid == record.envelope.kid
            && other.payload.as_ref().is_some_and(|p| {
                p.tenant == payload.tenant && p.stream == payload.stream && p.seq == payload.seq
            })
    };
    let other = slot.records.iter().filter(in_slot).find(|other| other.id() != record.id())?;
    let detail =
        format!("number {seq} of stream {stream} is also claimed by {} at {}", other.id(), other.index);
    Some(denied("duplicate-conflict", detail, record).values("one statement", other.id().to_string()))
}

pub(super) fn not_pinned(case: &Case<'_>) -> Option<Finding> {
    unpinned(case.evidence)
}

/// What holds together in itself may be anybody's: until a trust file says whose it is, nothing is authorized by it.
pub(crate) fn unpinned(evidence: &Evidence) -> Option<Finding> {
    let pinning = evidence.pinning();
    (!pinning.log_key).then(|| {
        let detail = "no trust file pins this log's key, so nobody that you chose vouches for any of this; \
                      judge it again under the log's trust file";
        // Of a C2SP verifier key, name and id; what follows is the key itself, which may hold a `+` too.
        let key: Vec<&str> = pinning.key.splitn(3, '+').take(2).collect();
        Finding::new("not-pinned", Effect::Indeterminate, detail).values("a pinned key", key.join("+"))
    })
}

pub(super) fn absence_unproved(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let open = case.questions(record).open;
    (open > 0).then(|| {
        let questions = if open == 1 { "question" } else { "questions" };
        let detail = format!("the evidence leaves {open} {questions} open that this statement raises");
        let finding = Finding::new(ABSENCE, Effect::Indeterminate, detail).of(record);
        finding.values("every question answered", format!("{open} open"))
    })
}

pub(super) fn absence_asserted(case: &Case<'_>) -> Option<Finding> {
    let asserted = matches!(case.evidence.absence(), Absence::Asserted(_));
    (asserted && case.profile.absence > Basis::Asserted).then(|| {
        let detail =
            format!("profile {} does not take the log's word for what does not exist", case.profile.name);
        Finding::new(ABSENCE, Effect::Indeterminate, detail).values("recomputed or proved", "asserted")
    })
}

/// What the request names beside its hops and its decision must be there as well.
pub(super) fn named_and_absent(case: &Case<'_>) -> Option<Finding> {
    let request = &case.request;
    let link = request
        .approval
        .iter()
        .chain(&request.attempt)
        .find(|link| matches!(link.resolution, Resolution::Missing))?;
    let detail = format!("{} is referred to and not in the evidence", link.name);
    let finding = Finding::new(ABSENCE, Effect::Indeterminate, detail).of(request.record);
    Some(finding.values(link.name.clone(), "nothing"))
}

pub(super) fn sequence_gap(case: &Case<'_>, relied: &ReliedOn) -> Option<Finding> {
    let (record, gap) = case.gap(relied)?;
    let detail = format!(
        "its emitter's sequence {} lacks number {}: something was not logged",
        gap.stream, gap.number
    );
    let finding = Finding::new("sequence-gap", Effect::None, detail).of(record);
    Some(finding.values("every number", format!("{} missing", gap.number)))
}

/// Somebody else than the actor vouches for an action: for the report of it, or with a decision, approval or attempt that it
/// rests on (rule I11).
pub(super) fn self_reported_only(case: &Case<'_>) -> Option<Finding> {
    if case.request.kind != Kind::Action || matches!(case.decision, Ruled::Unresolved(_)) {
        return None;
    }
    let actor = case.request.actor;
    let relied = case.relied_on();
    let records = relied.iter().filter_map(|index| case.evidence.at(*index));
    // What is unsound is found by its own rule.
    let by_another = |record: &Record| !may_be_one(case.ground, actor, &record.envelope.iss);
    let mut records = records.filter(|record| case.graph.node(record.index).is_none());
    (!records.any(by_another)).then(|| {
        let detail = format!("nobody but {actor} itself says anything about its action");
        let finding =
            Finding::new("self-reported-only", Effect::Indeterminate, detail).of(case.request.record);
        finding.values("somebody else who vouches for it", format!("{actor} alone"))
    })
}

fn unknown(detail: String, record: &Record) -> Finding {
    Finding::new("unknown-statement", Effect::Indeterminate, detail).of(record)
}

fn denied(slug: &'static str, detail: String, record: &Record) -> Finding {
    Finding::new(slug, Effect::NotAuthorized, detail).of(record)
}
