//! One chain: a human delegates, agents hand on, requests are decided and carried out.

use std::collections::BTreeMap;

use anyhow::Result;
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::kinds::{
    Action, ActionName, Approval, ApprovalScope, Decision, Delegation, Digest, Outcome, Phase, PolicyRef,
    Ruling,
};
use schemas::payload::{Body, Payload, Vantage};
use schemas::reference::{ForeignRef, Reference};
use schemas::scope::{Grant, Limit, Limits, Pattern, Quantities, Quantity, Scope};
use schemas::text::{Line, PrincipalId};
use schemas::time::{Millis, Time};

use super::Binding;
use super::cast::{Cast, Emitter, FAN, Post, payload};
use super::texts::{Noise, digest, line, name, uri};

/// Delegations in a chain, in number.
pub const HOPS: usize = 6;

/// Requests under a chain, each a decision and an action, in number.
pub const PAIRS: usize = 28;

/// Requests under a chain that a human approves first, in number.
pub const APPROVALS: usize = 2;

/// Statements of a chain, in number.
pub const CHAIN_STATEMENTS: usize = HOPS + 2 * PAIRS + APPROVALS;

/// For how long the hops hold, in milliseconds.
const HOP_LASTS: Millis = Millis(3_600_000);

/// Accounts that requests touch, in number.
const ACCOUNTS: u64 = 100_000;

/// Largest amount of a request; every hop allows twice as much.
const AMOUNT_MAX: u64 = 50_000;

/// One statement in so many tells which head its emitter had seen.
const SEEN_EVERY: usize = 4;

/// One decision in so many carries the request's foreign id.
const NAMED_EVERY: usize = 4;

/// What a chain's statements have in common.
struct Chain<'a> {
    cast: &'a Cast,
    number: u64,
    binding: &'a Binding,
    task: Line,
    noise: Noise,
    made: Vec<Statement>,
}

/// One request under the chain.
struct Call {
    actor: PrincipalId,
    action: ActionName,
    resources: Vec<Line>,
    quantities: Quantities,
    request: Digest,
    hop: StatementId,
    approval: Option<Reference>,
    refs: Vec<ForeignRef>,
}

/// Makes the statements of a chain.
pub(super) fn make(cast: &Cast, seed: u64, number: u64, binding: &Binding) -> Result<Vec<Statement>> {
    let noise = Noise::new(seed, number);
    let task = line(format!("run-{number:06}"))?;
    let made = Vec::with_capacity(CHAIN_STATEMENTS);
    let mut chain = Chain { cast, number, binding, task, noise, made };
    let principals = principals(cast.human(number), number)?;
    let mut parent = None;
    for (place, pair) in principals.windows(2).enumerate() {
        let [delegator, delegatee] = pair else { continue };
        parent = Some(chain.hop(place, delegator, delegatee, &principals[0], parent)?);
    }
    if let (Some(hop), Some(actor)) = (parent, principals.last()) {
        for place in 0..PAIRS {
            chain.pair(place, actor, hop)?;
        }
    }
    Ok(chain.made)
}

fn principals(human: &PrincipalId, number: u64) -> Result<Vec<PrincipalId>> {
    let agents =
        ["agent:planner", "agent:triage", "workflow:refunds", "agent:reader", "agent:checker", "agent:payer"];
    let agents = agents.iter().map(|agent| Ok(PrincipalId::new(format!("{agent}/{number:06}"))?));
    std::iter::once(Ok(human.clone())).chain(agents).collect()
}

impl Chain<'_> {
    fn hop(
        &mut self,
        place: usize,
        delegator: &PrincipalId,
        delegatee: &PrincipalId,
        root: &PrincipalId,
        parent: Option<StatementId>,
    ) -> Result<StatementId> {
        let post = if place == 0 { Post::Identity } else { Post::Orchestrator };
        let at = self.now();
        let hop = Delegation {
            delegator: delegator.clone(),
            delegatee: delegatee.clone(),
            on_behalf_of: parent.map(|_| root.clone()),
            parents: parent.map(Reference::Id).into_iter().collect(),
            presented_credential: None,
            scope: Some(scope(place)?),
            not_before: Some(at),
            expires: Some(at.later(HOP_LASTS)),
            max_depth: Some((HOPS - place) as u64),
            use_limit: None,
            audience: Vec::new(),
            stage: None,
            credential: None,
            decision: None,
            approval: None,
            autonomy: None,
            enforcement: None,
            bridge: None,
            inherited: false,
            presented: None,
            evidence: Vec::new(),
        };
        let (per_chain, place) = if place == 0 { (1 + APPROVALS, 0) } else { (HOPS - 1, place - 1) };
        self.say(post, per_chain, place, Vantage::Authority, Vec::new(), Body::Delegation(hop))
    }

    fn pair(&mut self, place: usize, actor: &PrincipalId, hop: StatementId) -> Result<()> {
        let mut call = self.call(actor, hop)?;
        let every = PAIRS / APPROVALS;
        if place.is_multiple_of(every) {
            call.approval = Some(Reference::Id(self.approval(place / every, &call)?));
        }
        let decided = self.decision(place, &call)?;
        self.action(place, call, decided)
    }

    fn call(&mut self, actor: &PrincipalId, hop: StatementId) -> Result<Call> {
        let account = self.noise.below(ACCOUNTS);
        let amount = self.noise.below(AMOUNT_MAX) as i64;
        let request = u64::from_be_bytes(self.noise.bytes());
        let quantities = [(name("amount")?, Quantity::Whole(amount))];
        Ok(Call {
            actor: actor.clone(),
            action: ActionName { name: line("payments:refund")?, class: None, class_source: None },
            resources: vec![line(format!("acct:corp/eu/{account:06}"))?],
            quantities: BTreeMap::from(quantities),
            request: digest(&mut self.noise)?,
            hop,
            approval: None,
            refs: vec![ForeignRef {
                kind: name("request")?,
                namespace: uri("https://gw.corp")?,
                value: line(format!("{request:016x}"))?,
            }],
        })
    }

    /// Another human than the chain's own consents to one exact request, as its identity provider says.
    fn approval(&mut self, number: usize, call: &Call) -> Result<StatementId> {
        let at = self.now();
        let approval = Approval {
            approver: self.cast.human((self.number + 1) % FAN).clone(),
            requester: call.actor.clone(),
            action: call.action.clone(),
            resources: call.resources.clone(),
            scope: ApprovalScope::Exact,
            request: Some(call.request.clone()),
            request_ref: None,
            approved_at: at,
            approved_until: Some(at.later(HOP_LASTS)),
            use_limit: None,
            supersedes: None,
            break_glass: false,
            review_by: None,
        };
        let body = Body::Approval(approval);
        self.say(Post::Identity, 1 + APPROVALS, 1 + number, Vantage::Authority, Vec::new(), body)
    }

    fn decision(&mut self, place: usize, call: &Call) -> Result<StatementId> {
        let decision = Decision {
            ruling: Ruling::Permit,
            actor: call.actor.clone(),
            action: call.action.clone(),
            resources: call.resources.clone(),
            quantities: call.quantities.clone(),
            request: Some(call.request.clone()),
            delegation: Some(Reference::Id(call.hop)),
            credential: None,
            approval: call.approval.clone(),
            decider: None,
            requested_at: None,
            evaluated_at: self.now(),
            valid_until: None,
            use_limit: None,
            reason: None,
            policy: Some(PolicyRef { engine: name("opa")?, id: None, revision: None, rules: Vec::new() }),
            context: None,
            inputs: BTreeMap::new(),
            revocations_at: None,
            risk: None,
            obligations: Vec::new(),
            granularity: None,
            basis: None,
            cached_age: None,
            pep: None,
            fail_mode: None,
            retry_of: None,
        };
        let refs = if place.is_multiple_of(NAMED_EVERY) { call.refs.clone() } else { Vec::new() };
        self.say(Post::Decider, PAIRS, place, Vantage::Authority, refs, Body::Decision(decision))
    }

    fn action(&mut self, place: usize, call: Call, decided: StatementId) -> Result<()> {
        let at = self.now();
        let action = Action {
            phase: Phase::Both,
            attempt: None,
            actor: call.actor,
            action: call.action,
            resources: call.resources,
            quantities: call.quantities,
            request: Some(call.request),
            delegation: Some(Reference::Id(call.hop)),
            decision: Some(Reference::Id(decided)),
            approval: call.approval,
            credential: None,
            tool: None,
            attempted_at: at,
            completed_at: None,
            outcome: Some(Outcome::Completed),
            error: None,
            effects: Vec::new(),
            compensates: None,
            retry_of: None,
            try_number: None,
        };
        self.say(Post::Gateway, PAIRS, place, Vantage::Boundary, Vec::new(), Body::Action(action))?;
        Ok(())
    }

    /// Each statement of a chain is a millisecond later than the one before it.
    fn now(&self) -> Time {
        self.binding.now.later(Millis(self.made.len() as u64))
    }

    /// Signs the next statement. `place` counts, from 0, those of the chain by the same emitter, of which there are `per_chain`.
    fn say(
        &mut self,
        post: Post,
        per_chain: usize,
        place: usize,
        vantage: Vantage,
        refs: Vec<ForeignRef>,
        body: Body,
    ) -> Result<StatementId> {
        let (emitter, shared): (&Emitter, u64) = self.cast.emitter(post, self.number);
        let seq = self.number / shared * per_chain as u64 + place as u64;
        let payload = Payload {
            stream: Some(emitter.stream),
            seq: Some(seq),
            seen: self.made.len().is_multiple_of(SEEN_EVERY).then_some(self.binding.seen),
            task: Some(self.task.clone()),
            refs,
            ..payload(self.binding.log, self.now(), vantage, body)
        };
        let statement = emitter.sign(&payload)?;
        let id = statement.id();
        self.made.push(statement);
        Ok(id)
    }
}

/// The scope of a hop: narrower at each.
fn scope(place: usize) -> Result<Scope> {
    let actions = if place < HOPS / 2 { "payments:*" } else { "payments:refund" };
    let resources = if place < HOPS / 3 { "acct:corp/**" } else { "acct:corp/eu/*" };
    let most = (AMOUNT_MAX as i64) * 2 - place as i64;
    let mut limits = Limits::default();
    limits.insert(name("amount")?, Limit { max: Some(Quantity::Whole(most)), min: None, one_of: None });
    let grant =
        Grant { actions: vec![Pattern::new(actions)?], resources: vec![Pattern::new(resources)?], limits };
    Ok(Scope::Grants(vec![grant]))
}
