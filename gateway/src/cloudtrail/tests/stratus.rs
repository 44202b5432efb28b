//! The recorded attack simulation, where it exists: `WRIT_CLOUDTRAIL` names its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemas::kinds::{CredentialOp, Outcome, Ruling};
use schemas::payload::{Body, Kind};

use super::{Chain, Drafts, bytes_of, context, read_all};
use crate::cloudtrail::{Report, drafts};

/// The recording; nothing where it is not there, said aloud.
fn recording() -> Option<(Report, Drafts)> {
    folder().map(|folder| read_all(&[folder]))
}

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("WRIT_CLOUDTRAIL").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        eprintln!("skipped: WRIT_CLOUDTRAIL does not name the folder of recorded CloudTrail files");
    }
    folder.map(PathBuf::from)
}

#[test]
fn every_recorded_event_becomes_statements_that_keep_the_format() {
    let Some((report, drafts)) = recording() else { return };
    assert!(report.is_whole(), "{:?}", report.failures);
    assert_eq!((report.files_read, report.files_failed, report.events_imported), (55, 0, 2_900));
    assert_eq!((report.files_ignored, report.events_ignored), (1, 0), "the licence is no log");
    let count = |kind| report.statements.get(&kind).copied().unwrap_or_default();
    // 2,855 calls; all but 60 denials of them, and 42 service events; 36 issues, and 3 steps of signing in.
    assert_eq!(count(Kind::Decision), 2_855);
    assert_eq!(count(Kind::Action), 2_855 - 60 + 42);
    assert_eq!(count(Kind::Delegation), 36);
    assert_eq!(count(Kind::Credential), 36 + 3);
    assert_eq!(bytes_of(&drafts).len() as u64, report.statements_total(), "no two statements are the same");
}

#[test]
fn recorded_rulings_and_outcomes_add_up() {
    let Some((_, drafts)) = recording() else { return };
    let ruled = |ruling| {
        let is_it =
            |p: &&schemas::payload::Payload| matches!(&p.body, Body::Decision(d) if d.ruling == ruling);
        drafts.of_kind(Kind::Decision).filter(is_it).count()
    };
    assert_eq!((ruled(Ruling::Deny), ruled(Ruling::Indeterminate)), (60, 102));
    let ended = |outcome| {
        let is_it =
            |p: &&schemas::payload::Payload| matches!(&p.body, Body::Action(a) if a.outcome == Some(outcome));
        drafts.of_kind(Kind::Action).filter(is_it).count()
    };
    assert_eq!((ended(Outcome::Suppressed), ended(Outcome::Failed)), (102, 300 - 60 - 102));
}

#[test]
fn of_36_recorded_keys_8_are_used_by_70_events() {
    let Some((_, drafts)) = recording() else { return };
    let issued: BTreeSet<_> = drafts
        .of_kind(Kind::Credential)
        .filter_map(|payload| match &payload.body {
            Body::Credential(c) if c.op == CredentialOp::Issue => Some(c.credential.clone()),
            _ => None,
        })
        .collect();
    let uses: Vec<_> = drafts
        .of_kind(Kind::Decision)
        .filter_map(|payload| match &payload.body {
            Body::Decision(d) => d.credential.clone().filter(|key| issued.contains(key)),
            _ => None,
        })
        .collect();
    assert_eq!((issued.len(), uses.iter().collect::<BTreeSet<_>>().len(), uses.len()), (36, 8, 70));
}

#[test]
fn every_recorded_key_is_used_while_it_is_valid() {
    let Some((_, drafts)) = recording() else { return };
    let hops: BTreeMap<_, _> = drafts
        .of_kind(Kind::Delegation)
        .filter_map(|payload| match &payload.body {
            Body::Delegation(hop) => Some((hop.credential.clone()?, (hop.not_before?, hop.expires?))),
            _ => None,
        })
        .collect();
    let mut used = 0;
    for payload in drafts.of_kind(Kind::Decision) {
        let Body::Decision(decision) = &payload.body else { continue };
        if let Some((from, until)) = decision.credential.as_ref().and_then(|key| hops.get(key)) {
            assert!((from..=until).contains(&&decision.evaluated_at), "{:?}", payload.source);
            used += 1;
        }
    }
    assert_eq!(used, 70);
}

#[test]
fn leaving_the_organization_was_denied_to_a_session_of_bert_jan() {
    let Some((_, drafts)) = recording() else { return };
    let event = "be7f89b5-d456-4423-b3e6-0fb0b19bad7c";
    let root = "arn:aws:iam::123837392027:user/bert-jan".to_owned();
    let session = "arn:aws:sts::123837392027:assumed-role/stratus-red-team-leave-org-role/aws-go-sdk-1688990515440126480";
    assert_eq!(drafts.parts(event), ["decision"]);
    assert_eq!(drafts.decision(event).ruling, Ruling::Deny);
    assert_eq!(drafts.decision(event).action.name.as_str(), "organizations:LeaveOrganization");
    assert_eq!(
        drafts.chain(event),
        Chain { root: root.clone(), hops: vec![(root, session.to_owned())], whole: true }
    );
    // 12:02:04Z to 12:17:04Z.
    let hop = drafts.delegation("c24de5b7-4166-4f8d-870f-038ca2e8ca87");
    assert_eq!((hop.not_before.unwrap().0, hop.expires.unwrap().0), (1_688_990_524_000, 1_688_991_424_000));
}

#[test]
fn an_instance_listed_instances_with_what_ec2_was_issued_for_it() {
    let Some((_, drafts)) = recording() else { return };
    let event = "d3d5fd99-faa9-4959-a464-56fba613cc2e";
    let chain = drafts.chain(event);
    assert_eq!((chain.root.as_str(), chain.hops.len(), chain.whole), ("service:ec2.amazonaws.com", 1, true));
    assert_eq!(drafts.decision(event).ruling, Ruling::Permit);
    assert_eq!(drafts.action(event).outcome, Some(Outcome::Completed));
}

#[test]
fn recorded_sessions_of_unknown_issue_miss_a_hop_and_keys_of_unknown_issue_do_not() {
    let Some((_, drafts)) = recording() else { return };
    let mut broken = Vec::new();
    let mut joined = 0;
    for payload in drafts.of_kind(Kind::Decision) {
        let event = payload.source.as_ref().unwrap().id.as_str();
        let chain = drafts.chain(event);
        joined += usize::from(!chain.hops.is_empty());
        if !chain.whole {
            broken.push(chain.root);
        }
    }
    assert_eq!(joined, 70);
    // Service-linked roles, whose events name no key.
    assert_eq!(broken.len(), 6);
    assert!(broken.iter().all(|root| root.contains(":assumed-role/AWSServiceRoleFor")), "{broken:?}");
}

#[test]
fn a_recorded_event_says_the_same_alone_as_in_its_file() {
    let Some(folder) = folder() else { return };
    let (_, together) = read_all(std::slice::from_ref(&folder));
    let mut alone = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let text = std::fs::read_to_string(file).unwrap();
        let log: serde_json::Value = serde_json::from_str(&text).unwrap();
        for event in log["Records"].as_array().unwrap() {
            // The recording is compact, so an event written again is the event as it stood, up to the order of its fields.
            for payload in drafts(&event.to_string(), &context()).unwrap() {
                let mut payload = payload;
                payload.source.as_mut().unwrap().digest.0.fill(0);
                alone.insert(payload.to_bytes().unwrap());
            }
        }
    }
    let mut blanked = Drafts::new(together.payloads);
    for payload in &mut blanked.payloads {
        payload.source.as_mut().unwrap().digest.0.fill(0);
    }
    assert_eq!(alone, bytes_of(&blanked));
}
