//! Rules about what the evidence leaves open: moments, absence, gaps. They come last, and say least.

use super::{LEAVES_OPEN, NOTES, rule};
use crate::rules::{Check, Rule, chain, integrity, time};

pub(super) const RULES: &[Rule] = &[
    rule(
        "moment-unproved",
        "authority does not hold over all the time that the moment may be in",
        LEAVES_OPEN,
        Check::Hop(time::hop_moment_unproved),
    ),
    rule(
        "moment-unproved",
        "the request's moment needs a second entitled key, or its decision holds only at the claimed time",
        LEAVES_OPEN,
        Check::Case(time::request_moment_unproved),
    ),
    rule(
        "not-pinned",
        "no trust file pins the key that signed the log's head",
        LEAVES_OPEN,
        Check::Case(integrity::not_pinned),
    ),
    rule(
        "absence-unproved",
        "the evidence leaves open whether something else exists that bears on a statement",
        LEAVES_OPEN,
        Check::Record(integrity::absence_unproved),
    ),
    rule(
        "absence-unproved",
        "the profile does not take the log's word for what does not exist",
        LEAVES_OPEN,
        Check::Case(integrity::absence_asserted),
    ),
    rule(
        "absence-unproved",
        "an approval or attempt that is referred to is not in the evidence",
        LEAVES_OPEN,
        Check::Case(integrity::named_and_absent),
    ),
    rule(
        "self-reported-only",
        "nobody but the actor itself says anything about the action",
        LEAVES_OPEN,
        Check::Case(integrity::self_reported_only),
    ),
    rule(
        "sequence-gap",
        "an emitter involved gave out a number that no entry carries",
        NOTES,
        Check::Support(integrity::sequence_gap),
    ),
    // Last: what the rules before it cost counts.
    rule(
        "depth-exceeded",
        "the chain is too large to be followed to its end",
        LEAVES_OPEN,
        Check::Case(chain::effort_exceeded),
    ),
];
