//! Judging action after action, neighbours by evidence that they share: most of what one rests on, the next does too.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::Phase;
use schemas::payload::{Body, Kind};
use schemas::query::{Query, What};
use schemas::reference::Reference;
use schemas::term::Term;
use schemas::time::Index;
use verifier::evidence::Record;
use verifier::gather::{GatherError, Wants};
use verifier::judge::{judge, profile_by_vantage};
use verifier::profile::Profile;
use verifier::verdict::Verdict;

use crate::judging::{Gatherings, Judging, Unjudged};
use crate::kept::{KeptError, Placed, Put, Whole};

/// Most actions that are judged for one answer.
pub const ACTIONS_MAX: usize = 10_000;

/// Most entries that are gathered and checked for one answer: some 250 µs each at a server, of which every one is proved, so some ten
/// seconds.
pub const ENTRIES_MAX: usize = 40_000;

/// How many actions share their evidence: what is common to them is gathered, proved and checked once.
pub const TOGETHER: usize = 64;

/// An action with its verdict, or with why there is none.
pub type Swept = (Put, Result<Verdict, Unjudged>);

/// Goes from action to action and judges each, until there are no more or the answer has cost enough.
///
/// An action is judged once: an outcome beside an attempt that fits the query too is no action of its own.
#[derive(Debug)]
pub struct Sweep<'s, S, I> {
    log: &'s S,
    query: &'s Query,
    subjects: I,
    profile: Option<&'s Profile>,
    most: usize,
    judged: usize,
    gathered: usize,
    next: Option<Index>,
    /// What is judged and not yet handed out.
    ready: VecDeque<Swept>,
}

impl<'s, S: Judging, I: Iterator<Item = Index>> Sweep<'s, S, I> {
    /// Judges the actions among `subjects`, the entries that fit `query`, in their order; under `profile`, or each under its own.
    pub fn new(log: &'s S, query: &'s Query, subjects: I, profile: Option<&'s Profile>) -> Self {
        Self {
            log,
            query,
            subjects,
            profile,
            most: ACTIONS_MAX,
            judged: 0,
            gathered: 0,
            next: None,
            ready: VecDeque::new(),
        }
    }

    /// The same for so many actions at most, where that is less than [`ACTIONS_MAX`].
    #[must_use]
    pub fn at_most(self, most: usize) -> Self {
        Self { most: most.min(ACTIONS_MAX), ..self }
    }

    /// The first subject that was not looked at because the answer had cost enough, once the sweep has ended.
    pub fn cut_at(&self) -> Option<Index> {
        self.next
    }

    /// Judges the next actions, those that share their evidence. False where there are none, or the answer has cost enough.
    fn step(&mut self) -> Result<bool, KeptError<S::Error>> {
        if self.judged >= self.most || self.gathered >= ENTRIES_MAX {
            self.next = self.subjects.next();
            return Ok(false);
        }
        let left = self.most.saturating_sub(self.judged).min(TOGETHER);
        let indexes: Vec<Index> = self.subjects.by_ref().take(left).collect();
        let mut puts: Vec<Put> = Vec::with_capacity(indexes.len());
        self.log.looked(&indexes, &mut |put| puts.push(put.clone())).map_err(KeptError::source)?;
        let mut actions: Vec<Put> = Vec::with_capacity(puts.len());
        for put in puts {
            let is_action = matches!(put.statement.payload.body, Body::Action(_));
            if is_action && !is_judged_elsewhere(self.log, self.query, &put).map_err(KeptError::source)? {
                actions.push(put);
            }
        }
        self.judged = self.judged.saturating_add(actions.len());
        self.judge(actions)?;
        Ok(!indexes.is_empty())
    }

    /// Judges these, in halves where more is involved than evidence may hold.
    fn judge(&mut self, actions: Vec<Put>) -> Result<(), KeptError<S::Error>> {
        let mut waiting = alloc::vec![actions];
        while let Some(mut actions) = waiting.pop().filter(|actions| !actions.is_empty()) {
            let ids: Vec<StatementId> = actions.iter().map(|put| put.statement.id()).collect();
            let profiles: Vec<Profile> = actions.iter().map(|put| self.profile_of(put)).collect();
            let wants = Wants { task: profiles.iter().any(|profile| profile.wants().task) };
            match self.log.evidence_for(&ids, wants) {
                Ok(Gatherings { evidence, gathered }) => {
                    self.gathered = self.gathered.saturating_add(gathered);
                    for ((put, id), profile) in actions.into_iter().zip(&ids).zip(&profiles) {
                        let verdict = judge(id, &evidence, profile).map_err(Unjudged::from);
                        self.ready.push_back((put, verdict));
                    }
                }
                Err(KeptError::Gather(GatherError::TooMany { max })) => {
                    self.gathered = self.gathered.saturating_add(max);
                    let second = actions.split_off(actions.len() / 2);
                    if actions.is_empty() {
                        let unjudged = |put| (put, Err(Unjudged::TooMany { max }));
                        self.ready.extend(second.into_iter().map(unjudged));
                    } else {
                        waiting.extend([second, actions]);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn profile_of(&self, put: &Put) -> Profile {
        let own = || profile_by_vantage(&put.statement.payload);
        self.profile.cloned().unwrap_or_else(own)
    }
}

impl<S: Judging, I: Iterator<Item = Index>> Iterator for Sweep<'_, S, I> {
    type Item = Result<Swept, KeptError<S::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && self.next.is_none() {
            match self.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// Whether a statement is the outcome of an attempt that fits the query too: it is judged with that, and is no action of its own.
pub fn is_judged_elsewhere<P: Placed>(log: &P, query: &Query, put: &Put) -> Result<bool, P::Error> {
    let Body::Action(action) = &put.statement.payload.body else { return Ok(false) };
    let (Phase::Outcome, Some(Reference::Id(attempt))) = (action.phase, &action.attempt) else {
        return Ok(false);
    };
    let Some(index) = log.index_of(attempt)? else { return Ok(false) };
    let attempt = log.placed(index)?.map(|put| put.statement);
    let is_action = attempt.filter(|attempt| attempt.payload.kind == Kind::Action);
    Ok(is_action.is_some_and(|attempt| query.fits(&attempt)))
}

/// Only what is of one of these kinds and fits the query.
pub fn of_kinds(query: Query, kinds: &[Kind]) -> Query {
    let terms: Vec<_> = kinds.iter().map(|kind| Term::Kind(*kind).id()).collect();
    query.with(Some(What::Terms(terms)))
}

impl Whole<'_> {
    /// The entries from an index on that fit a query, ascending.
    pub fn fitting<'q>(&'q self, query: &'q Query, from: Index) -> impl Iterator<Item = Index> + use<'q> {
        let records = self.0.records().skip_while(move |record| record.index < from);
        let fits = |record: &&Record| record.statement().is_some_and(|statement| query.fits(&statement));
        records.filter(fits).map(|record| record.index)
    }
}

#[cfg(test)]
mod tests {
    use core::convert::Infallible;

    use ::tests::scenario::{Actor, Draft, Scenario};
    use schemas::envelope::Statement;
    use schemas::ids::TermId;
    use serde_json::{Value, json};
    use verifier::evidence::{Evidence, EvidenceHead, Pinning};
    use verifier::gather::Source;
    use verifier::merkle::{TreeHasher, leaf_hash};
    use verifier::verdict::Outcome;

    use super::*;
    use crate::kept::AsOf;

    /// A log in which an agent acts by nobody's leave, seen by a gateway.
    struct Acts {
        log: Scenario,
        gateway: Actor,
    }

    impl Acts {
        fn new() -> Self {
            let mut log = Scenario::new();
            let gateway = log.register("gateway:edge", &["gateway"]);
            Self { log, gateway }
        }

        fn act(&mut self, phase: &str, more: Value) -> StatementId {
            let mut body = json!({
                "phase": phase, "actor": "agent:a", "action": {"name": "pay:send"}, "resources": ["acct/7"],
            });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            self.log.say(&self.gateway, Draft::new("action", body).with("vantage", "boundary"))
        }

        fn evidence(&self) -> Evidence {
            let mut tree = TreeHasher::new();
            self.log.entries().iter().for_each(|entry| tree.push(leaf_hash(entry)));
            let head = EvidenceHead {
                origin: "ledger.test/rules".into(),
                size: self.log.entries().len() as u64,
                root: tree.root(),
            };
            let entries = self.log.entries().iter().map(Vec::as_slice);
            Evidence::recomputed(head, None, Pinning::default(), entries).unwrap()
        }
    }

    fn judged(evidence: &Evidence, query: &Query) -> Vec<StatementId> {
        let log = Whole(evidence);
        let subjects = log.fitting(query, Index(0));
        Sweep::new(&log, query, subjects, None).map(|swept| swept.unwrap().0.statement.id()).collect()
    }

    #[test]
    fn an_outcome_is_judged_by_itself_where_its_attempt_is_not() {
        let mut acts = Acts::new();
        let attempt = acts.act("attempt", json!({}));
        let outcome = acts.act("outcome", json!({"attempt": attempt, "outcome": "failed"}));
        let alone = acts.act("outcome", json!({"attempt": "ab".repeat(32), "outcome": "failed"}));
        let evidence = acts.evidence();
        assert_eq!(judged(&evidence, &Query::default()), [attempt, alone]);
        let failed = Query::default().with(Some(What::Outcome(schemas::kinds::Outcome::Failed)));
        assert_eq!(judged(&evidence, &failed), [outcome, alone]);
    }

    #[test]
    fn each_action_has_the_verdict_that_the_judge_has_on_it() {
        let mut acts = Acts::new();
        acts.act("both", json!({"outcome": "completed"}));
        let evidence = acts.evidence();
        let log = Whole(&evidence);
        let query = Query::default();
        let subjects = log.fitting(&query, Index(0));
        let swept: Vec<Swept> = Sweep::new(&log, &query, subjects, None).collect::<Result<_, _>>().unwrap();
        let [(put, Ok(verdict))] = swept.as_slice() else { panic!("{swept:?}") };
        assert_eq!(verdict.outcome, Outcome::NotAuthorized);
        assert_eq!(judge(&put.statement.id(), &evidence, &Profile::standard()).as_ref(), Ok(verdict));
    }

    /// A log in which as many actions as are judged together are as dear as two thirds of an answer.
    struct Dear<'e>(Whole<'e>);

    impl Source for Dear<'_> {
        type Error = Infallible;

        fn size(&self) -> u64 {
            self.0.size()
        }

        fn statement(&self, index: Index) -> Result<Option<Statement>, Infallible> {
            self.0.statement(index)
        }

        fn index_of(&self, id: &StatementId) -> Result<Option<Index>, Infallible> {
            self.0.index_of(id)
        }

        fn find(&self, terms: &[TermId], most: usize) -> Result<Vec<Vec<Index>>, Infallible> {
            self.0.find(terms, most)
        }
    }

    impl Placed for Dear<'_> {
        fn as_of(&self) -> AsOf {
            self.0.as_of()
        }

        fn placed(&self, index: Index) -> Result<Option<Put>, Infallible> {
            self.0.placed(index)
        }
    }

    impl Judging for Dear<'_> {
        fn evidence_for(
            &self,
            subjects: &[StatementId],
            wants: Wants,
        ) -> Result<Gatherings<'_>, KeptError<Infallible>> {
            Ok(Gatherings { gathered: ENTRIES_MAX * 2 / 3, ..self.0.evidence_for(subjects, wants)? })
        }
    }

    #[test]
    fn a_sweep_that_costs_too_much_says_where_it_was_cut_and_goes_on_there() {
        let mut acts = Acts::new();
        let all: Vec<StatementId> =
            (0..4 * TOGETHER + 1).map(|_| acts.act("both", json!({"outcome": "completed"}))).collect();
        let evidence = acts.evidence();
        let log = Dear(Whole(&evidence));
        let query = Query::default();
        let (mut from, mut parts) = (Index(0), Vec::new());
        loop {
            let mut sweep = Sweep::new(&log, &query, log.0.fitting(&query, from), None);
            let part: Vec<StatementId> =
                sweep.by_ref().map(|swept| swept.unwrap().0.statement.id()).collect();
            assert!(sweep.next().is_none(), "it stays ended");
            parts.push(part);
            let Some(next) = sweep.cut_at() else { break };
            from = next;
        }
        assert_eq!(parts.len(), 3, "two that are judged together are dearer than one answer");
        let fits = |part: &Vec<StatementId>| part.len() > TOGETHER && part.len() <= 2 * TOGETHER;
        assert!(parts[..2].iter().all(fits));
        assert_eq!(parts.concat(), all);
    }
}
