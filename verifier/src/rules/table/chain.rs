//! Rules about the chain: whether it leads from a root to the actor, and everything holds on the way.

use super::{DENIES, DENIES_OR_LEAVES_OPEN, DENIES_OR_NOTES, LEAVES_OPEN, NOTES, rule};
use crate::rules::{Check, Rule, chain, hop, joint, principal, quantity, scope, time, withdrawal};

pub(super) const RULES: &[Rule] = &[
    rule(
        "root-unknown",
        "no registrar registered the root, or it is no principal that a chain begins with",
        DENIES_OR_NOTES,
        Check::Path(chain::root_unknown),
    ),
    rule(
        "root-inactive",
        "the root was suspended, offboarded or withdrawn at the moment",
        DENIES,
        Check::Path(withdrawal::root_inactive),
    ),
    rule(
        "root-changed",
        "a hop names another root than the one its chain begins with",
        DENIES,
        Check::Path(chain::root_changed),
    ),
    rule(
        "hop-missing",
        "a hop that is referred to is not in the evidence",
        LEAVES_OPEN,
        Check::Link(chain::hop_missing),
    ),
    rule(
        "ambiguous",
        "a reference to a hop fits several statements",
        LEAVES_OPEN,
        Check::Link(chain::ambiguous),
    ),
    rule(
        "ambiguous",
        "a reference to a decision, approval or attempt fits several statements",
        LEAVES_OPEN,
        Check::Case(chain::request_ambiguous),
    ),
    rule(
        "hop-discontinuous",
        "a hop's delegatee is not who relies on it",
        DENIES,
        Check::Edge(joint::hop_discontinuous),
    ),
    rule(
        "identity-unlinked",
        "a hop's delegatee and who relies on it have names of two formats, and no link between them holds at the moment",
        DENIES,
        Check::Edge(joint::identity_unlinked),
    ),
    rule(
        "tenant-crossed",
        "authority given in one tenant is relied on in another, without a bridge by an authority there",
        DENIES_OR_LEAVES_OPEN,
        Check::Edge(joint::tenant_crossed),
    ),
    rule(
        "audience-mismatch",
        "a hop is meant for other services than the one that the request went to",
        DENIES_OR_LEAVES_OPEN,
        Check::Hop(joint::audience_mismatch),
    ),
    rule(
        "hop-unauthorized",
        "a hop's own decision is no permit on it, or the profile asks for one and there is none",
        DENIES_OR_LEAVES_OPEN,
        Check::Hop(hop::hop_unauthorized),
    ),
    rule(
        "presented-chain-differs",
        "the chain that a hop's token presented is not that of the recorded hops",
        NOTES,
        Check::Hop(hop::presented_chain_differs),
    ),
    rule(
        "shared-principal",
        "several actors share a principal that hands on authority",
        NOTES,
        Check::Hop(principal::delegator_shared),
    ),
    rule(
        "shared-principal",
        "several actors share the principal that acted",
        NOTES,
        Check::Case(principal::actor_shared),
    ),
    rule(
        "instance-unknown",
        "which instance of an agent handed authority on is not known",
        NOTES,
        Check::Hop(principal::delegator_instance_unknown),
    ),
    rule(
        "instance-unknown",
        "which instance of an agent acted is not known",
        NOTES,
        Check::Case(principal::actor_instance_unknown),
    ),
    rule("cycle", "a hop rests on itself", DENIES, Check::Link(chain::cycle)),
    rule(
        "depth-exceeded",
        "more hops follow than a hop, or the format, allows",
        DENIES,
        Check::Path(chain::depth_exceeded),
    ),
    rule("scope-missing", "a hop hands on no authority", DENIES, Check::Hop(scope::scope_missing)),
    rule(
        "scope-escalated",
        "a hop hands on more than its parent has",
        DENIES,
        Check::Edge(scope::scope_escalated),
    ),
    rule(
        "scope-exceeded",
        "the action lies outside a hop's scope",
        DENIES_OR_LEAVES_OPEN,
        Check::Hop(scope::scope_exceeded),
    ),
    rule(
        "limit-exceeded",
        "the action is more than a hop's scope allows, or does not say how much it is",
        DENIES_OR_LEAVES_OPEN,
        Check::Hop(quantity::quantity_exceeded),
    ),
    rule(
        "limit-exceeded",
        "a hop carried as many actions already as it may",
        DENIES_OR_LEAVES_OPEN,
        Check::Hop(quantity::uses_exceeded),
    ),
    rule(
        "limit-exceeded",
        "a hop hands on for more actions, or for uncounted ones, what it has for a number of them",
        DENIES_OR_LEAVES_OPEN,
        Check::Edge(quantity::uses_handed_on),
    ),
    rule("hop-expired", "a hop had expired at the moment", DENIES, Check::Hop(time::hop_expired)),
    rule(
        "hop-not-yet-valid",
        "a hop was not yet valid at the moment",
        DENIES,
        Check::Hop(time::hop_not_yet_valid),
    ),
    rule(
        "hop-outlives-parent",
        "a hop is to last longer than the one that it comes from",
        NOTES,
        Check::Edge(joint::hop_outlives_parent),
    ),
    rule("revoked", "a hop was withdrawn at the moment", DENIES, Check::Hop(withdrawal::hop_revoked)),
    rule(
        "revoked",
        "what the request presents was withdrawn at the moment",
        DENIES,
        Check::Case(withdrawal::request_revoked),
    ),
    rule(
        "revoker-not-entitled",
        "a withdrawal of a hop by somebody who may not withdraw it does not count",
        NOTES,
        Check::Hop(withdrawal::hop_revoker_not_entitled),
    ),
    rule(
        "revoker-not-entitled",
        "a withdrawal of what the request presents, by somebody who may not, does not count",
        NOTES,
        Check::Case(withdrawal::request_revoker_not_entitled),
    ),
];
