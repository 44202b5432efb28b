//! A chain as boxes and arrows, root first: what DOT and Mermaid draw.

use schemas::kinds::Ruling;
use schemas::payload::Body;
use verifier::verdict::{Effect, Finding, VerdictHop, VerdictReliance};

use super::title;
use questions::mark::Mark;
use questions::who::tree::{findings_of, hop_standing, missing_hop, other_findings, relied_standing};
use questions::who::{Shown, facts, headword};

/// Boxes, and arrows between them. Every line of text may hold foreign words; the title holds none.
#[derive(Debug)]
pub(super) struct Chain {
    /// The verdict.
    pub(super) title: String,
    pub(super) boxes: Vec<Box>,
    pub(super) arrows: Vec<Arrow>,
}

#[derive(Debug)]
pub(super) struct Box {
    pub(super) shape: Shape,
    pub(super) lines: Vec<String>,
    pub(super) stands: bool,
}

/// What a box is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Who.
    Principal,
    /// What was judged.
    Subject,
    /// What the subject relies on beside its hops.
    Beside,
    /// A hop that is named and not there.
    Missing,
}

#[derive(Debug)]
pub(super) struct Arrow {
    /// Places in [`Chain::boxes`].
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) lines: Vec<String>,
    pub(super) stands: bool,
}

impl Chain {
    /// The chain of a verdict.
    pub(super) fn of(shown: Shown<'_>) -> Self {
        let mut chain = Self { title: title(shown), boxes: Vec::new(), arrows: Vec::new() };
        chain.root(shown);
        for hop in &shown.verdict.hops {
            chain.hop(shown, hop);
        }
        let actor = chain.principal(&actor(shown));
        let subject = chain.subject(shown, actor);
        for relied in &shown.verdict.relies_on {
            chain.reliance(shown, relied, subject);
        }
        chain
    }

    fn add(&mut self, shape: Shape, lines: Vec<String>, stands: bool) -> usize {
        self.boxes.push(Box { shape, lines, stands });
        self.boxes.len().saturating_sub(1)
    }

    /// The one box of a principal.
    fn principal(&mut self, name: &str) -> usize {
        let is_there =
            |known: &Box| known.shape == Shape::Principal && known.lines.first().is_some_and(|l| l == name);
        self.boxes
            .iter()
            .position(is_there)
            .unwrap_or_else(|| self.add(Shape::Principal, vec![name.into()], true))
    }

    /// Where the root is not known, the chain begins with what is missing.
    fn root(&mut self, shown: Shown<'_>) {
        let first = shown.verdict.hops.first().map_or_else(|| actor(shown), |hop| hop.delegator.clone());
        if let Some(name) = missing_hop(shown) {
            let missing =
                self.add(Shape::Missing, vec![format!("delegation {name}"), "MISSING".into()], false);
            let to = self.principal(&first);
            self.arrows.push(Arrow { from: missing, to, lines: vec!["MISSING".into()], stands: false });
        } else if shown.verdict.principal.is_empty() {
            let at = self.principal(&first);
            if let Some(root) = self.boxes.get_mut(at) {
                root.lines.push("UNKNOWN as a root".into());
                root.stands = false;
            }
        } else {
            self.principal(&shown.verdict.principal);
        }
    }

    fn hop(&mut self, shown: Shown<'_>, hop: &VerdictHop) {
        let (from, to) = (self.principal(&hop.delegator), self.principal(&hop.delegatee));
        let (mark, word) = hop_standing(shown, hop);
        let mut lines = vec![format!("{word} {} {}", hop.index, hop.assurance)];
        if !hop.scope.is_empty() {
            lines.push(format!("scope {}", hop.scope));
        }
        lines.push(hop.expires.map_or_else(|| "never expires".into(), |expires| format!("until {expires}")));
        lines.extend(hop.findings.iter().map(said));
        self.arrows.push(Arrow { from, to, lines, stands: stands(mark) });
    }

    fn subject(&mut self, shown: Shown<'_>, actor: usize) -> usize {
        let verdict = shown.verdict;
        let payload = (shown.record)(&verdict.subject.id).and_then(|record| record.payload.as_ref());
        let (mark, word) = headword(shown);
        let mut lines = vec![word, facts::end(payload, &verdict.subject.kind.to_string())];
        lines.push(match verdict.principal.as_str() {
            "" => "by nobody that is known".into(),
            principal => format!("by {principal}"),
        });
        lines.push(format!("{} at {}", verdict.subject.index, verdict.moment.at));
        let others = other_findings(shown);
        lines.extend(others.iter().map(|finding| said(finding)));
        let to = self.add(Shape::Subject, lines, stands(mark));
        // Where a hop is at fault, the arrow that is broken is the hop's.
        let (word, stands) = match others.iter().map(|finding| finding.effect).min() {
            Some(Effect::NotAuthorized) => ("acts, BROKEN", false),
            Some(Effect::Indeterminate) => ("acts, UNKNOWN", false),
            Some(Effect::None) | None => ("acts", true),
        };
        self.arrows.push(Arrow { from: actor, to, lines: vec![word.into()], stands });
        to
    }

    fn reliance(&mut self, shown: Shown<'_>, relied: &VerdictReliance, subject: usize) {
        let record = relied.id.as_ref().and_then(|id| (shown.record)(id));
        let said_by = record.and_then(|record| facts::relied(relied.kind, record));
        let (mark, word) = relied_standing(shown, relied);
        let mut lines = vec![match said_by {
            Some((text, _)) => text,
            None => format!("{} {}", relied.kind, relied.name),
        }];
        let place = relied.index.map(|index| format!(" {index}")).unwrap_or_default();
        lines.push(format!("{word}{place}"));
        lines.extend(findings_of(shown, relied).into_iter().map(said));
        let from = self.add(Shape::Beside, lines, stands(mark));
        let named_by = relied.named_by.map(|by| format!(", named by the {by}")).unwrap_or_default();
        let lines = vec![format!("{}{named_by}", relied.kind)];
        self.arrows.push(Arrow { from, to: subject, lines, stands: stands(mark) });
    }
}

/// Who did, asked or gave what was judged; of what cannot be read, who signed it.
pub(super) fn actor(shown: Shown<'_>) -> String {
    let Some(record) = (shown.record)(&shown.verdict.subject.id) else {
        return "nobody that is known".into();
    };
    match record.payload.as_ref().map(|payload| &payload.body) {
        Some(Body::Action(action)) => action.actor.to_string(),
        Some(Body::Decision(decision)) => decision.actor.to_string(),
        Some(Body::Delegation(delegation)) => delegation.delegator.to_string(),
        _ => record.envelope.iss.to_string(),
    }
}

/// Whether a mark is one of something that holds.
pub(super) fn stands(mark: Mark) -> bool {
    matches!(mark, Mark::Good | Mark::Warning)
}

/// A finding in a line: whether it decides, its rule, and what it says.
pub(super) fn said(finding: &Finding) -> String {
    let weight = if finding.effect == Effect::None { "warning " } else { "" };
    format!("{weight}{}: {}", finding.code, finding.detail)
}

/// Whether what is relied on permits, and holds.
pub(super) fn permits(shown: Shown<'_>, relied: &VerdictReliance) -> bool {
    let record = relied.id.as_ref().and_then(|id| (shown.record)(id));
    let ruling = record.and_then(facts::decision_of).map(|decision| decision.ruling);
    stands(relied_standing(shown, relied).0) && ruling.is_none_or(|ruling| ruling == Ruling::Permit)
}
