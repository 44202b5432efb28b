//! Looking at one grant after another: whether it still stands, who used it, and what of it.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::{Action, CredentialOp};
use schemas::payload::{Body, Kind};
use schemas::scope::{Pattern, Scope};
use schemas::text::PrincipalId;
use schemas::time::{Index, Millis, Time};
use verifier::evidence::Evidence;
use verifier::gather::{GatherError, Wants};
use verifier::judge::{Asked, Lived, Standing, lived, profile_by_vantage, standing};
use verifier::profile::Profile;
use verifier::verdict::Effect;

use super::{EXAMINED_MAX, GRANTS_MAX, Grant, ITEMS_MAX, Reason, STANDING_DAYS, Terms};
use crate::judging::Judging;
use crate::kept::{KeptError, Put};
use crate::standing::{Carries, Lost};
use crate::sweep::ENTRIES_MAX;
use crate::uses::cited::{Onward, Relying};

/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1_000;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) examined: u64,
    pub(super) ended: u64,
    pub(super) lost: u64,
    pub(super) lost_by: Lost,
    pub(super) unknown: u64,
    pub(super) grants: Vec<Grant>,
}

/// Looks at grants until the page is full or has cost enough.
pub(super) struct Looking<'s, S> {
    log: &'s S,
    terms: Terms,
    now: Time,
    left: usize,
    gathered: usize,
    pub(super) looked: Looked,
}

/// Rules that tell of a grant which is left over from a task.
const OUTLIVING_RULES: [&str; 2] = ["outlives-task", "task-closed"];

/// What had become of a grant.
enum State {
    /// It may be used, or only its task keeps it from that.
    Live { carries: Carries, task_ended: Option<Time> },
    /// It ran out or was withdrawn.
    Ended,
    /// It carries nothing for another reason: what it comes from ended, or it never carried anything.
    Lost(Standing),
}

/// What was done by a grant, directly or through what hands it on.
#[derive(Default)]
struct Used {
    actions: Vec<Put>,
    handed_on: u64,
    complete: bool,
}

impl<'s, S: Judging> Looking<'s, S> {
    pub(super) fn new(log: &'s S, terms: Terms, now: Time) -> Self {
        Self { log, terms, now, left: EXAMINED_MAX, gathered: 0, looked: Looked::default() }
    }

    pub(super) fn is_done(&self) -> bool {
        self.looked.grants.len() >= self.terms.limit
            || self.looked.examined >= GRANTS_MAX as u64
            || self.left == 0
            || self.gathered >= ENTRIES_MAX
    }

    /// Looks at the statement at an index, and keeps it where it is a grant that needs a look.
    pub(super) fn look(&mut self, index: Index) -> Result<(), KeptError<S::Error>> {
        let Some(put) = self.log.placed(index).map_err(source)? else { return Ok(()) };
        if !is_grant(&put) {
            return Ok(());
        }
        self.looked.examined = self.looked.examined.saturating_add(1);
        let (id, now) = (put.statement.id(), self.now);
        let profile = profile_by_vantage(&put.statement.payload);
        let seen =
            self.log.seen(&id, Wants::default(), |evidence| State::of(&put, now, evidence, &profile))?;
        self.gathered = self.gathered.saturating_add(seen.gathered);
        match seen.found.ok().flatten() {
            None => self.looked.unknown = self.looked.unknown.saturating_add(1),
            Some(State::Live { carries, task_ended }) => {
                let used = self.used(&put)?;
                let grant = self.described(&put, carries, task_ended, &used);
                let asked = self.terms.only;
                if asked.map_or(!grant.reasons.is_empty(), |only| grant.reasons.contains(&only)) {
                    self.looked.grants.push(grant);
                }
            }
            Some(State::Ended) => self.looked.ended = self.looked.ended.saturating_add(1),
            Some(State::Lost(standing)) => {
                self.looked.lost = self.looked.lost.saturating_add(1);
                self.looked.lost_by.add(&standing);
            }
        }
        Ok(())
    }

    /// Follows a grant downwards, to every action that relied on it or on what hands it on.
    fn used(&mut self, of: &Put) -> Result<Used, KeptError<S::Error>> {
        let mut used = Used { complete: true, ..Used::default() };
        let mut seen: BTreeSet<Index> = [of.index].into();
        let mut counted: BTreeSet<Index> = BTreeSet::new();
        let mut waiting = alloc::vec![of.clone()];
        while let Some(grant) = waiting.pop() {
            let relying = Relying::within(self.left, &grant, self.log).map_err(source)?;
            self.left = self.left.saturating_sub(relying.examined);
            let onward = Onward::of(self.left, &grant, self.log).map_err(source)?;
            self.left = self.left.saturating_sub(onward.examined);
            used.complete &= relying.complete && onward.complete;
            let new = relying.actions.into_iter().filter(|(put, _)| counted.insert(put.index));
            used.actions.extend(new.map(|(put, _)| put));
            let new = onward.statements.into_iter().filter(|put| seen.insert(put.index));
            waiting.extend(new);
        }
        used.handed_on = (seen.len() as u64).saturating_sub(1);
        Ok(used)
    }

    fn described(&self, put: &Put, carries: Carries, task_ended: Option<Time>, used: &Used) -> Grant {
        let payload = &put.statement.payload;
        let (holder, delegator, scope, expires) = parts(&payload.body);
        let last_use = used.actions.iter().filter_map(|put| Some(action(put)?.attempted_at)).max();
        let unused = match scope {
            Some(scope) if used.complete && !used.actions.is_empty() => unused(scope, &used.actions),
            _ => Vec::new(),
        };
        let names: BTreeSet<&str> =
            used.actions.iter().filter_map(|put| Some(action(put)?.action.name.as_str())).collect();
        let mut grant = Grant {
            id: put.statement.id(),
            index: put.index,
            kind: payload.kind,
            reasons: Vec::new(),
            carries,
            holder: holder.map(ToString::to_string).unwrap_or_default(),
            delegator: delegator.map(ToString::to_string),
            scope: match payload.kind {
                Kind::Delegation => Some(scope.map_or_else(|| "nothing".into(), ToString::to_string)),
                _ => None,
            },
            at: payload.at,
            expires,
            task: payload.task.as_ref().map(ToString::to_string),
            task_ended,
            uses: used.actions.len() as u64,
            last_use,
            handed_on: used.handed_on,
            used: names.into_iter().take(ITEMS_MAX).map(String::from).collect(),
            unused,
            uses_complete: used.complete,
        };
        grant.reasons = self.reasons(&grant);
        grant
    }

    fn reasons(&self, grant: &Grant) -> Vec<Reason> {
        let stale = days(self.terms.stale_days);
        let is_so = |reason: &Reason| match reason {
            Reason::NeverUsed => grant.uses_complete && grant.uses == 0,
            Reason::Stale => {
                grant.uses_complete && grant.last_use.is_some_and(|last| self.now.since(last) >= stale)
            }
            Reason::OverBroad => !grant.unused.is_empty(),
            Reason::OutlivesTask => grant.task_ended.is_some(),
            Reason::NoExpiry => grant.expires.is_none(),
            Reason::LongStanding => {
                grant.expires.is_some_and(|expires| expires.since(grant.at) > days(STANDING_DAYS))
            }
        };
        Reason::ALL.into_iter().filter(is_so).collect()
    }
}

impl State {
    fn of(put: &Put, now: Time, evidence: &Evidence, profile: &Profile) -> Option<Self> {
        let id = put.statement.id();
        let Lived { expired, withdrawn, task_ended } = lived(&id, now, evidence, profile)?;
        if expired.is_some() || withdrawn.is_some() {
            return Some(Self::Ended);
        }
        let asked = Asked { at: now, by: None, supposed: None };
        let standing = standing(&id, asked, evidence, profile).ok()?;
        let is_credential = put.statement.payload.kind == Kind::Credential;
        let denying = standing.findings.iter().filter(|found| found.effect == Effect::NotAuthorized);
        let mut denying = denying.map(|found| found.code);
        let carries = match standing.outcome.into() {
            // What a credential is for may not be recorded: it can be used all the same.
            Carries::NotHeld if is_credential && standing.hops.is_empty() => Carries::Uncertain,
            Carries::NotHeld
                if task_ended.is_none() || denying.any(|code| !OUTLIVING_RULES.contains(&code)) =>
            {
                return Some(Self::Lost(standing));
            }
            carries => carries,
        };
        Some(Self::Live { carries, task_ended })
    }
}

/// Whether a statement gives somebody something: a sign-in does not.
fn is_grant(put: &Put) -> bool {
    match &put.statement.payload.body {
        Body::Delegation(_) => true,
        Body::Credential(credential) => credential.op != CredentialOp::Authenticate,
        _ => false,
    }
}

/// Who has it, who gave it, what, and until when.
fn parts(body: &Body) -> (Option<&PrincipalId>, Option<&PrincipalId>, Option<&Scope>, Option<Time>) {
    match body {
        Body::Delegation(hop) => {
            (Some(&hop.delegatee), Some(&hop.delegator), hop.scope.as_ref(), hop.expires)
        }
        Body::Credential(issued) => (Some(&issued.holder), issued.issuer.as_ref(), None, issued.expires),
        _ => (None, None, None, None),
    }
}

/// The items of a scope that no action was about: its actions, and its resources.
fn unused(scope: &Scope, actions: &[Put]) -> Vec<String> {
    let Scope::Grants(grants) = scope else { return Vec::new() };
    let done: Vec<&Action> = actions.iter().filter_map(action).collect();
    let on = |resource: &Pattern| {
        done.iter().any(|action| action.resources.iter().any(|touched| resource.matches(touched.as_str())))
    };
    let named = |name: &Pattern| done.iter().any(|action| name.matches(action.action.name.as_str()));
    let mut unused: Vec<String> = Vec::new();
    for grant in grants {
        let actions = grant.actions.iter().filter(|name| !named(name));
        let resources = grant.resources.iter().filter(|resource| !on(resource));
        for item in actions.chain(resources) {
            let item = item.to_string();
            if unused.len() < ITEMS_MAX && !unused.contains(&item) {
                unused.push(item);
            }
        }
    }
    unused
}

fn action(put: &Put) -> Option<&Action> {
    match &put.statement.payload.body {
        Body::Action(action) => Some(action),
        _ => None,
    }
}

fn days(days: u64) -> Millis {
    Millis(days.saturating_mul(DAY))
}

fn source<E: core::fmt::Display>(error: E) -> KeptError<E> {
    KeptError::Gather(GatherError::Source(error))
}

#[cfg(test)]
mod tests {
    use verifier::rules::RULES;

    use super::*;

    #[test]
    fn every_rule_that_is_named_is_one_of_the_judges() {
        for slug in OUTLIVING_RULES {
            assert!(RULES.iter().any(|rule| rule.slug == slug), "{slug}");
        }
    }
}
