//! What every test of the adapter needs: the sample, and a join by access keys to look at what came of it.

mod files;
mod rulings;
mod sample;
mod secrets;
mod stratus;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use schemas::ids::LogId;
use schemas::kinds::{Action, Credential, Decision, Delegation};
use schemas::payload::{Body, Kind, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::text::{PrincipalId, Tenant};

use super::{Context, Report, read};

fn context() -> Context {
    Context { log: LogId::new([7; 32]), tenant: Tenant::default_label() }
}

/// A file or folder of the sample.
fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cloudtrail").join(name)
}

fn read_all(paths: &[PathBuf]) -> (Report, Drafts) {
    let mut payloads = Vec::new();
    let (report, end) = read(paths, &context(), |draft| {
        payloads.push(draft);
        Ok::<(), Infallible>(())
    });
    assert_eq!(end, Ok(()));
    (report, Drafts::new(payloads))
}

/// Drafts, and what joins them.
struct Drafts {
    payloads: Vec<Payload>,
    by_credential: BTreeMap<ForeignRef, Vec<usize>>,
}

/// A chain as joined: root first.
#[derive(Debug, PartialEq)]
struct Chain {
    root: String,
    /// Delegator and delegatee of each hop, with where they touch checked.
    hops: Vec<(String, String)>,
    /// Whether every hop that there must have been was found, once.
    whole: bool,
}

impl Drafts {
    fn new(payloads: Vec<Payload>) -> Self {
        let mut by_credential: BTreeMap<ForeignRef, Vec<usize>> = BTreeMap::new();
        for (at, payload) in payloads.iter().enumerate() {
            if let Body::Delegation(hop) = &payload.body {
                // What a foreign reference resolves to: a statement of the kind that carries it in refs or as its credential.
                let carried: std::collections::BTreeSet<_> =
                    payload.refs.iter().chain(&hop.credential).collect();
                for foreign in carried {
                    by_credential.entry(foreign.clone()).or_default().push(at);
                }
            }
        }
        Self { payloads, by_credential }
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Payload> {
        self.payloads.iter().filter(move |payload| payload.kind == kind)
    }

    fn part(&self, event: &str, kind: Kind) -> Option<&Payload> {
        let is_it =
            |payload: &&Payload| payload.source.as_ref().is_some_and(|source| source.id.as_str() == event);
        self.of_kind(kind).find(is_it)
    }

    fn parts(&self, event: &str) -> Vec<&'static str> {
        let of_event =
            |payload: &&Payload| payload.source.as_ref().is_some_and(|source| source.id.as_str() == event);
        self.payloads.iter().filter(of_event).map(|payload| payload.kind.as_str()).collect()
    }

    fn decision(&self, event: &str) -> &Decision {
        match self.part(event, Kind::Decision).map(|payload| &payload.body) {
            Some(Body::Decision(decision)) => decision,
            _ => panic!("{event} has no decision"),
        }
    }

    fn action(&self, event: &str) -> &Action {
        match self.part(event, Kind::Action).map(|payload| &payload.body) {
            Some(Body::Action(action)) => action,
            _ => panic!("{event} has no action"),
        }
    }

    fn delegation(&self, event: &str) -> &Delegation {
        match self.part(event, Kind::Delegation).map(|payload| &payload.body) {
            Some(Body::Delegation(hop)) => hop,
            _ => panic!("{event} has no delegation"),
        }
    }

    fn credential(&self, event: &str) -> &Credential {
        match self.part(event, Kind::Credential).map(|payload| &payload.body) {
            Some(Body::Credential(credential)) => credential,
            _ => panic!("{event} has no credential"),
        }
    }

    /// The chain behind an event's decision.
    fn chain(&self, event: &str) -> Chain {
        let decision = self.decision(event);
        let mut chain = Chain { root: decision.actor.to_string(), hops: Vec::new(), whole: true };
        self.walk(&decision.actor, decision.delegation.as_ref(), decision.credential.as_ref(), &mut chain);
        chain.hops.reverse();
        chain
    }

    fn walk(
        &self,
        holder: &PrincipalId,
        must: Option<&Reference>,
        may: Option<&ForeignRef>,
        chain: &mut Chain,
    ) {
        let named = match must {
            Some(Reference::Foreign(foreign)) => Some(foreign),
            Some(_) => panic!("an imported statement knows no statement ids"),
            None => may,
        };
        let found =
            named.and_then(|foreign| self.by_credential.get(foreign)).map(Vec::as_slice).unwrap_or_default();
        match found {
            [] => chain.whole &= must.is_none(),
            [one] => {
                let Body::Delegation(hop) = &self.payloads[*one].body else {
                    panic!("indexed as a delegation")
                };
                assert_eq!(&hop.delegatee, holder, "a hop ends at who goes on from it");
                chain.hops.push((hop.delegator.to_string(), hop.delegatee.to_string()));
                chain.root = hop.delegator.to_string();
                assert!(hop.parents.len() <= 1);
                self.walk(&hop.delegator, hop.parents.first(), hop.presented_credential.as_ref(), chain);
            }
            _ => chain.whole = false,
        }
    }
}

/// The bytes of every draft, in no order.
fn bytes_of(drafts: &Drafts) -> std::collections::BTreeSet<Vec<u8>> {
    drafts.payloads.iter().map(|payload| payload.to_bytes().unwrap()).collect()
}
