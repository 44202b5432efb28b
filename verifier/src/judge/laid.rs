//! Every hop behind a subject, on whichever way, with what the rules find about it and about what it relies on.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::Principal;
use schemas::text::PrincipalId;
use schemas::time::Index;

use super::case::Case;
use super::ground::{Effort, Ground};
use super::identity::described;
use super::request::Request;
use super::resolve::{Link, Resolution};
use super::support::{self, Stretch};
use super::{JudgeError, all_findings, answer, in_order};
use crate::evidence::Evidence;
use crate::profile::Profile;
use crate::verdict::{Finding, Verdict};

/// A subject with every hop behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laid {
    /// The verdict, as [`super::judge`] reaches it.
    pub verdict: Verdict,
    /// The hops, each after those that it relies on, wherever there is no circle.
    pub hops: Vec<LaidHop>,
    /// What the subject itself relies on.
    pub links: Vec<LaidLink>,
    /// Whether there are more hops than are followed.
    pub cut: bool,
    /// Who acted, asked or received; nothing where the subject cannot be read.
    pub actor: Option<PrincipalId>,
}

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaidHop {
    /// Where it stands.
    pub index: Index,
    /// Whether it is on the way that the verdict cites.
    pub on_way: bool,
    /// What is wrong with the hop itself, worst first.
    pub findings: Vec<Finding>,
    /// What it relies on; none: its delegator is the root.
    pub links: Vec<LaidLink>,
    /// What the registrars had said of the delegatee by the moment that was judged.
    pub delegatee: Option<Principal>,
}

/// What a hop or the subject relies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaidLink {
    /// How it is named: `statement`, `credential` or `foreign-id`.
    pub via: &'static str,
    /// The name, as written.
    pub name: String,
    /// Where the hop stands; nothing where the name means none, or several.
    pub to: Option<Index>,
    /// How many statements the name can mean.
    pub candidates: usize,
    /// Whether it leads back to where it came from.
    pub closes_circle: bool,
    /// Whether it is on the way that the verdict cites.
    pub on_way: bool,
    /// What is wrong with relying on it, worst first.
    pub findings: Vec<Finding>,
}

/// Judges one subject, and lays out every hop that was looked at.
pub fn lay_out(subject: &StatementId, evidence: &Evidence, profile: &Profile) -> Result<Laid, JudgeError> {
    let record = evidence.get(subject).ok_or(JudgeError::NotFound { subject: *subject })?;
    let Some(payload) = &record.payload else {
        let verdict = answer::unread(record, evidence, profile);
        return Ok(Laid { verdict, hops: Vec::new(), links: Vec::new(), cut: false, actor: None });
    };
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed: None };
    let request =
        Request::of(record, payload, ground).ok_or(JudgeError::NotJudgeable { kind: payload.kind })?;
    let case = Case::new(ground, request);
    let (support, stretches) = support::every(&case);
    let way: Vec<Index> = support.hops.iter().map(|(node, _)| node.record.index).collect();
    let laying = Laying::of(&case, &way, stretches);
    let hops = case.graph.parents_first().map(|node| LaidHop {
        index: node.record.index,
        on_way: way.contains(&node.record.index),
        findings: laying.of_hop(node.record.index, node.links.is_empty()),
        links: laying.links(&node.links, Some(node.record.index)),
        delegatee: described(ground, &node.hop.delegatee, case.moment.claimed).cloned(),
    });
    let hops = hops.collect();
    let links = laying.links(&case.request.links, None);
    let verdict = answer::verdict(&case, &support, all_findings(&case, &support));
    let actor = Some(case.request.actor.clone());
    Ok(Laid { verdict, hops, links, cut: case.graph.is_cut() || effort.is_spent(), actor })
}

struct Laying<'c> {
    case: &'c Case<'c>,
    /// What the way consists of: from, to; a way begins at nothing and ends at nothing.
    steps: BTreeSet<(Option<Index>, Option<Index>)>,
    own: BTreeMap<Index, Vec<Finding>>,
    between: BTreeMap<(Option<Index>, Option<Index>), Vec<Finding>>,
}

impl<'c> Laying<'c> {
    fn of(case: &'c Case<'c>, way: &[Index], stretches: Vec<Stretch>) -> Self {
        let ends = way.iter().copied().map(Some).chain([None]);
        let begins = [None].into_iter().chain(way.iter().copied().map(Some));
        let mut laying =
            Self { case, steps: begins.zip(ends).collect(), own: BTreeMap::new(), between: BTreeMap::new() };
        for Stretch { from, to, own, between } in stretches {
            if let Some(hop) = to {
                laying.own.entry(hop).or_default().extend(own);
            }
            laying.between.entry((from, to)).or_default().extend(between);
        }
        laying.own.values_mut().chain(laying.between.values_mut()).for_each(in_order);
        laying
    }

    /// What is wrong with a hop; where it relies on nothing, also what is wrong with beginning there.
    fn of_hop(&self, hop: Index, begins: bool) -> Vec<Finding> {
        let mut findings = self.own.get(&hop).cloned().unwrap_or_default();
        findings
            .extend(self.between.get(&(None, Some(hop))).filter(|_| begins).into_iter().flatten().cloned());
        in_order(&mut findings);
        findings
    }

    fn links(&self, links: &[Link<'_>], of: Option<Index>) -> Vec<LaidLink> {
        let laid = links.iter().map(|link| {
            let found = link.resolution.one();
            let to = found.filter(|record| self.case.graph.node(record.index).is_some());
            let to = to.map(|record| record.index);
            let closes_circle =
                of.zip(to).is_some_and(|(child, parent)| self.case.graph.closes_cycle(child, parent));
            let reached = to.filter(|_| !closes_circle);
            LaidLink {
                via: link.via.as_str(),
                name: link.name.clone(),
                to,
                candidates: match &link.resolution {
                    Resolution::One(_) => 1,
                    Resolution::Missing => 0,
                    Resolution::Ambiguous(several) => several.len(),
                },
                closes_circle,
                on_way: self.steps.contains(&(reached, of)),
                findings: self.between.get(&(reached, of)).cloned().unwrap_or_default(),
            }
        });
        laid.collect()
    }
}
