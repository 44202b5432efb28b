//! The whole chain behind a subject: every hop on every path, what it handed on, and which link is broken first.

pub(crate) mod arranged;
pub(crate) mod text;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::{Delegation, Principal};
use schemas::payload::Body;
use schemas::time::{Index, Time};
use serde::Serialize;
use verifier::evidence::{Evidence, Record};
use verifier::judge::{JudgeError, Laid, LaidHop, LaidLink, lay_out};
use verifier::profile::Profile;
use verifier::verdict::{
    AsOf, Effect, Finding, Outcome, Subject, VerdictProfile, VerdictReliance, VerdictTrust,
};

use crate::scopes::{ScopeChange, compare};
use crate::summary::summary;
use crate::who::{facts, unpinned};

/// Name of the JSON form.
pub const CHAIN_SCHEMA: &str = "writ.chain/1";

/// Most hops that an answer lists; those on the way that the verdict cites come first.
pub const HOPS_MAX: usize = 1_024;

/// A subject with every hop behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// [`CHAIN_SCHEMA`].
    pub schema: &'static str,
    /// What was asked about.
    pub subject: Subject,
    /// What it is, in a line.
    pub summary: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The root principal of the way that the verdict cites; empty where it is not known.
    pub root: String,
    /// Whether every hop on that way names this root.
    pub root_stayed: RootStayed,
    /// The first link that is broken, from the root on; absent where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_first: Option<Broken>,
    /// How many hops are listed.
    pub count: usize,
    /// Whether there are more than [`HOPS_MAX`], or more than the judge follows.
    pub truncated: bool,
    /// The hops, each after those that it relies on, wherever there is no circle.
    pub hops: Vec<Hop>,
    /// What the subject itself relies on; none: its actor is the root.
    pub relies_on: Vec<Link>,
    /// What it relies on beside its hops: decision, approval, attempt.
    pub beside: Vec<Beside>,
    /// Findings about the subject and about what it relies on beside its hops, worst first.
    pub findings: Vec<Finding>,
    /// Under which parameters.
    pub profile: VerdictProfile,
    /// On whose keys it stands.
    pub trust: VerdictTrust,
    /// Under which head.
    pub as_of: AsOf,
    /// Whether every reference resolved and everything asked for was there.
    pub complete: bool,
    /// On what "nothing else exists" rests: `recomputed`, `proved` or `asserted`.
    pub absence: &'static str,
    /// Whether it is the word of the log's server, under its own key.
    #[serde(skip)]
    is_servers: bool,
}

/// Whether a chain is on behalf of one principal all along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootStayed {
    /// Every hop that names an original principal names the root.
    Same,
    /// Some hop names another.
    Changed,
    /// The root is not known.
    Unknown,
}

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The delegation's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// Who gave.
    pub delegator: String,
    /// Who received.
    pub delegatee: String,
    /// The original principal, as the hop names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// Whether it is on the way that the verdict cites.
    pub on_way: bool,
    /// How well it is vouched for: `signed`, `vouched`, `imported`; `none` where it counts for nothing.
    pub assurance: &'static str,
    /// What it hands on, in words.
    pub scope: String,
    /// When it was given, as its statement claims.
    pub at: Time,
    /// From when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Until when; absent: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// The credential that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// The decision that allowed the delegation itself, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The approval behind it, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// What the registrars had said of the delegatee by the moment that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// What is wrong with the hop itself, worst first.
    pub findings: Vec<Finding>,
    /// What it relies on; none: its delegator is the root.
    pub relies_on: Vec<Link>,
}

/// What a subject relies on beside its hops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// Which statement, as what.
    #[serde(flatten)]
    pub relied: VerdictReliance,
    /// What it says, in a line; absent where it is not in the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// What is registered of a principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// What it is.
    #[serde(rename = "type")]
    pub principal_type: String,
    /// Which running instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Which version, of a model or program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// What a hop or the subject relies on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The name, as written.
    pub name: String,
    /// How it is named: `statement`, `credential` or `foreign-id`.
    pub via: &'static str,
    /// Where the hop stands; absent where the name means none, or several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Index>,
    /// How many statements the name can mean.
    pub candidates: usize,
    /// Whether it leads back to where it came from.
    pub closes_circle: bool,
    /// Whether it is on the way that the verdict cites.
    pub on_way: bool,
    /// What is handed on beside what this parent holds; absent at the subject, and where there is no one parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeChange>,
    /// What is wrong with relying on it, worst first.
    pub findings: Vec<Finding>,
}

/// The first link of a way that is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// What is broken: `hop`, `link` (what a hop or the subject relies on) or `subject`.
    pub what: &'static str,
    /// Where the hop or the subject stands.
    pub index: Index,
    /// What it means for the outcome.
    pub effect: Effect,
    /// The rule.
    pub code: &'static str,
    /// The finding as a sentence.
    pub detail: String,
}

/// The whole chain behind a subject.
pub fn chain(subject: &StatementId, evidence: &Evidence, profile: &Profile) -> Result<Chain, JudgeError> {
    let laid = lay_out(subject, evidence, profile)?;
    let record = evidence.get(subject);
    let payload = record.and_then(|record| Some((record, record.payload.as_ref()?)));
    let summary = payload.map(|(record, payload)| summary(payload, record.envelope.iss.as_str()));
    let broken_first = broken_first(&laid);
    let root_stayed = root_stayed(&laid, evidence);
    let Laid { verdict, hops: all, links, cut, .. } = laid;
    let mut hops: Vec<Hop> = all.iter().filter_map(|hop| laid_hop(hop, evidence)).collect();
    // What was cut must not be what the verdict stands on.
    if hops.len() > HOPS_MAX {
        hops.sort_by_key(|hop| !hop.on_way);
        hops.truncate(HOPS_MAX);
    }
    let shown: Vec<&Finding> = all
        .iter()
        .flat_map(|hop| hop.findings.iter().chain(hop.links.iter().flat_map(|link| &link.findings)))
        .chain(links.iter().flat_map(|link| &link.findings))
        .collect();
    let findings = verdict.findings.iter().filter(|finding| !shown.contains(finding)).cloned().collect();
    Ok(Chain {
        schema: CHAIN_SCHEMA,
        summary: summary.unwrap_or_else(|| String::from("a statement of an unknown form")),
        outcome: verdict.outcome,
        root: verdict.principal,
        root_stayed,
        broken_first,
        count: hops.len(),
        truncated: cut || hops.len() < all.len(),
        hops,
        relies_on: links.into_iter().map(|link| laid_link(link, None)).collect(),
        beside: verdict.relies_on.into_iter().map(|relied| beside(relied, evidence)).collect(),
        findings,
        subject: verdict.subject,
        profile: verdict.profile,
        trust: verdict.trust,
        as_of: verdict.as_of,
        complete: verdict.complete,
        absence: verdict.absence,
        is_servers: false,
    })
}

impl Chain {
    /// The same as the log's server says it: whoever is told has pinned nothing.
    pub fn of_server(self) -> Self {
        Self { trust: unpinned(&self.trust), is_servers: true, ..self }
    }
}

fn beside(relied: VerdictReliance, evidence: &Evidence) -> Beside {
    let record = relied.id.as_ref().and_then(|id| evidence.get(id));
    let says = record.and_then(|record| facts::relied(relied.kind, record)).map(|(says, _)| says);
    Beside { relied, says }
}

fn delegation(record: &Record) -> Option<&Delegation> {
    match &record.payload.as_ref()?.body {
        Body::Delegation(hop) => Some(hop),
        _ => None,
    }
}

fn laid_hop(laid: &LaidHop, evidence: &Evidence) -> Option<Hop> {
    let record = evidence.at(laid.index)?;
    let hop = delegation(record)?;
    let relies_on = laid.links.iter().map(|link| {
        let parent = link.to.and_then(|to| evidence.at(to)).and_then(delegation);
        let scope = parent.map(|parent| compare(parent.scope.as_ref(), hop.scope.as_ref()));
        laid_link(link.clone(), scope)
    });
    Some(Hop {
        id: record.id(),
        index: laid.index,
        delegator: hop.delegator.to_string(),
        delegatee: hop.delegatee.to_string(),
        on_behalf_of: hop.on_behalf_of.as_ref().map(ToString::to_string),
        on_way: laid.on_way,
        assurance: record.standing.as_ref().map_or("none", |assurance| assurance.as_str()),
        scope: hop.scope.as_ref().map_or_else(|| String::from("nothing"), ToString::to_string),
        at: record.payload.as_ref()?.at,
        not_before: hop.not_before,
        expires: hop.expires,
        credential: hop.credential.as_ref().map(ToString::to_string),
        decision: hop.decision.as_ref().map(ToString::to_string),
        approval: hop.approval.as_ref().map(ToString::to_string),
        agent: laid.delegatee.as_ref().map(agent),
        findings: laid.findings.clone(),
        relies_on: relies_on.collect(),
    })
}

fn agent(stated: &Principal) -> Agent {
    let text = |line: &Option<schemas::text::Line>| line.as_ref().map(ToString::to_string);
    Agent {
        principal_type: stated.principal_type.as_str().into(),
        instance: text(&stated.instance),
        version: text(&stated.version),
        owner: stated.owner.as_ref().map(ToString::to_string),
    }
}

fn laid_link(link: LaidLink, scope: Option<ScopeChange>) -> Link {
    let LaidLink { via, name, to, candidates, closes_circle, on_way, findings } = link;
    Link { name, via, to, candidates, closes_circle, on_way, scope, findings }
}

/// Goes along the way that the verdict cites, from the root on, to the first thing that does not stand.
fn broken_first(laid: &Laid) -> Option<Broken> {
    let broken = |what, index, findings: &[Finding]| {
        let worst = findings.iter().find(|finding| finding.effect != Effect::None)?;
        let Finding { effect, code, detail, .. } = worst.clone();
        Some(Broken { what, index, effect, code, detail })
    };
    let on_way = |links: &[LaidLink], index| {
        links.iter().filter(|link| link.on_way).find_map(|link| broken("link", index, &link.findings))
    };
    let subject = laid.verdict.subject.index;
    let of_hops =
        laid.hops.iter().filter(|hop| hop.on_way).find_map(|hop| {
            on_way(&hop.links, hop.index).or_else(|| broken("hop", hop.index, &hop.findings))
        });
    of_hops
        .or_else(|| on_way(&laid.links, subject))
        .or_else(|| broken("subject", subject, &laid.verdict.findings))
}

fn root_stayed(laid: &Laid, evidence: &Evidence) -> RootStayed {
    let root = laid.verdict.principal.as_str();
    if laid.verdict.findings.iter().any(|finding| finding.code == "root-changed") {
        return RootStayed::Changed;
    }
    if root.is_empty() {
        return RootStayed::Unknown;
    }
    let named = laid.hops.iter().filter(|hop| hop.on_way).filter_map(|hop| evidence.at(hop.index));
    let other = |hop: &Delegation| hop.on_behalf_of.as_ref().is_some_and(|named| named.as_str() != root);
    if named.filter_map(delegation).any(other) { RootStayed::Changed } else { RootStayed::Same }
}
