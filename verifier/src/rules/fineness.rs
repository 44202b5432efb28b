//! How fine a permit is, what it rests on, and whether the action asks for more than a permit.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::kinds::{CredentialOp, Decision, Ruling};
use schemas::payload::Kind;
use schemas::reference::ForeignRef;
use schemas::text::Name;

use crate::evidence::Record;
use crate::judge::{Case, Consent, Issue, ReliedOn, Ruled, is_firm};
use crate::profile::Granularity;
use crate::verdict::{Effect, Finding};

const LOGIN_ONLY: &str = "login-only";

/// A sign-in is no decision on an action (reference items 1, 14 and 98, rules D1 and D13): a permit about a sign-in carries
/// none, unless the profile says of the action's class that it does.
pub(super) fn login_only(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = used_permit(case)?;
    let about_login = granularity(decision) == Some(Granularity::Login);
    (about_login && least(case) != Some(Granularity::Login)).then(|| {
        let detail = format!("what was permitted at {} is a sign-in, not this action", decision.evaluated_at);
        let finding = Finding::new(LOGIN_ONLY, Effect::NotAuthorized, detail).of(record);
        finding.values("a permit about this action", "a permit about a sign-in")
    })
}

/// The same where nothing was decided: all there is behind the action is the sign-in, or the grant.
pub(super) fn nothing_but_login(case: &Case<'_>) -> Option<Finding> {
    if !matches!(case.decision, Ruled::Missing) {
        return None;
    }
    let found = |what: &str, record: &Record| {
        let detail = format!("nothing was decided on this action; the last that was is {what}");
        let finding = Finding::new(LOGIN_ONLY, Effect::Indeterminate, detail).of(record);
        finding.values("a decision on this action", what)
    };
    let hop = case.request.links.first().and_then(|link| link.resolution.one());
    let hop = hop.and_then(|record| case.graph.node(record.index));
    if let Some(node) = hop.filter(|node| node.hop.decision.is_some()) {
        return Some(found("the decision on the grant", node.record));
    }
    let of_hop = hop.and_then(|node| node.hop.credential.as_ref());
    let presented = case.request.credential.into_iter().chain(of_hop);
    let issue = presented.flat_map(|credential| Issue::all_of(case, credential)).next()?;
    let what = match issue.credential.op {
        CredentialOp::Authenticate => "sign-in",
        CredentialOp::Issue | CredentialOp::Exchange => "issue of the credential",
    };
    Some(found(&format!("the {what} at {}", issue.payload.at), issue.record))
}

/// A permit is as fine as the profile asks of the action's class (reference items 11 and 27, rule D13). One that states the
/// digest of the request is as fine as can be; one that states nothing is not known to be fine enough.
pub(super) fn decision_too_coarse(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = used_permit(case)?;
    let least = least(case)?;
    let (effect, got) = match granularity(decision) {
        Some(fine) if fine >= least => return None,
        Some(coarse) => (Effect::NotAuthorized, coarse.as_str().to_string()),
        None => {
            let stated = decision.granularity.as_ref().map(Name::to_string);
            (Effect::Indeterminate, stated.unwrap_or_else(|| String::from("not stated")))
        }
    };
    let detail = format!("actions of this class need a permit by {}; this one is: {got}", least.as_str());
    let finding = Finding::new("decision-too-coarse", effect, detail).of(record);
    Some(finding.values(format!("{} or finer", least.as_str()), got))
}

/// A permit that rests on a role alone says little of what an agent may do (reference item 73).
pub(super) fn role_only(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = used_permit(case).filter(|_| !case.request.links.is_empty())?;
    let by_role = decision.basis.as_ref().is_some_and(|basis| basis.as_str() == "role");
    by_role.then(|| {
        let detail =
            format!("the permit rests on a role alone, whatever {} was asked to do", case.request.actor);
        let finding = Finding::new("role-only", Effect::None, detail).of(record);
        finding.values("scope, task or policy", "role")
    })
}

/// An action of a class that asks for it has an approval behind it, or a sign-in with a second factor (reference items 27 and
/// 104, rule D12): one by which the actor, or whoever it acts for, holds the credential that was presented.
pub(super) fn step_up_missing(case: &Case<'_>, relied: &ReliedOn) -> Option<Finding> {
    let class = case.classes().into_iter().find(|class| case.profile.step_up.contains(*class))?;
    if case.request.act.is_none() || is_approved(case) {
        return None;
    }
    let hops = relied.iter().filter_map(|index| case.graph.node(*index));
    let of_hops = hops.flat_map(|node| node.hop.presented_credential.iter().chain(&node.hop.credential));
    let presented = of_hops.chain(case.request.credential);
    if presented.into_iter().any(|credential| signed_in_strongly(case, credential)) {
        return None;
    }
    let detail = format!("actions of class {class} need an approval, or a sign-in with a second factor");
    let finding = Finding::new("step-up-missing", Effect::Indeterminate, detail).of(case.request.record);
    Some(finding.values("an approval or a second factor", "neither"))
}

/// Whether the request or its permit names a sound approval. Whether it fits is for the rules on approvals.
fn is_approved(case: &Case<'_>) -> bool {
    Consent::of(case).is_some_and(|given| given.record.standing.is_ok() && is_firm(case.ground, given.record))
}

fn signed_in_strongly(case: &Case<'_>, presented: &ForeignRef) -> bool {
    Issue::all_of(case, presented).into_iter().any(|issue| {
        let before = issue.payload.at <= case.moment.from.later(case.profile.skew);
        let lasting = issue.credential.expires.is_none_or(|expires| case.moment.to <= expires);
        let strong = has_second_factor(&issue.credential.methods);
        before && lasting && strong && is_firm(case.ground, issue.record)
    })
}

/// Whether methods of signing in, in the words of RFC 8176 §2, are of more than one sort: what one knows, has and is.
fn has_second_factor(methods: &[Name]) -> bool {
    const MULTIPLE: &str = "mfa";
    const KNOWN: [&str; 4] = ["kba", "password", "pin", "pwd"];
    const HELD: [&str; 6] = ["hwk", "otp", "sc", "sms", "swk", "tel"];
    const INBORN: [&str; 5] = ["face", "fpt", "iris", "retina", "vbm"];
    let has = |sort: &[&str]| methods.iter().any(|method| sort.contains(&method.as_str()));
    let sorts = [has(&KNOWN), has(&HELD), has(&INBORN)];
    has(&[MULTIPLE]) || sorts.into_iter().filter(|sort| *sort).count() > 1
}

/// How fine the profile asks the permit to be.
fn least(case: &Case<'_>) -> Option<Granularity> {
    case.classes().into_iter().filter_map(|class| case.profile.granularity.get(class).copied()).max()
}

/// How fine a permit is; nothing where it does not say.
fn granularity(decision: &Decision) -> Option<Granularity> {
    match &decision.granularity {
        Some(word) => Granularity::from_word(word.as_str()),
        None => decision.request.as_ref().map(|_| Granularity::Parameters),
    }
}

fn used_permit<'e>(case: &Case<'e>) -> Option<(&'e Record, &'e Decision)> {
    let ruled = case.decision.decided().filter(|_| case.request.kind == Kind::Action);
    ruled.filter(|(_, decision)| decision.ruling == Ruling::Permit)
}
