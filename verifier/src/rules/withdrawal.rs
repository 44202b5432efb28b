//! Withdrawal: whether what the action rests on had been taken back, by somebody who may.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::time::{Millis, Time};

use crate::evidence::Record;
use crate::judge::{Case, FoundAs, Node, Path, Withdrawal, Withdrawn};
use crate::verdict::{Effect, Finding};

pub(super) fn hop_revoked(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    withdrawn_at(case.withdrawn_of(node)?, node.record, case.moment.claimed, is_revoked)
}

/// A credential or an approval that was taken back is found by its own rule.
pub(super) fn request_revoked(case: &Case<'_>) -> Option<Finding> {
    withdrawn_at(&case.withdrawn, case.request.record, case.moment.claimed, |found| {
        is_revoked(found) && !matches!(found.what, "approval" | "credential")
    })
}

pub(super) fn is_revoked(found: &Withdrawal<'_>) -> bool {
    found.found_as == FoundAs::Revoked
}

/// Asked where the way begins (reference C1, items 51 and 85): authority that starts with somebody who has none is none.
pub(super) fn root_inactive(case: &Case<'_>, path: &Path<'_>) -> Option<Finding> {
    let (withdrawn, of) = match path.hop {
        Some(node) if path.hops == 1 => (case.withdrawn_of(node)?, node.record),
        None if path.hops == 0 => (&case.withdrawn, case.request.record),
        _ => return None,
    };
    withdrawn_at(withdrawn, of, case.moment.claimed, |found| found.found_as == FoundAs::RootInactive)
}

pub(super) fn hop_revoker_not_entitled(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    idle(case.withdrawn_of(node)?)
}

pub(super) fn request_revoker_not_entitled(case: &Case<'_>) -> Option<Finding> {
    idle(&case.withdrawn)
}

/// Whether the hop was withdrawn at a moment, by whichever rule: a withdrawal effective at that very moment counts.
pub(super) fn hop_withdrawn_at(case: &Case<'_>, node: &Node<'_>, moment: Time) -> Option<Finding> {
    withdrawn_at(case.withdrawn_of(node)?, node.record, moment, |_| true)
}

/// Whether something that the request itself presents was withdrawn at a moment, by whichever rule.
pub(super) fn request_withdrawn_at(case: &Case<'_>, moment: Time) -> Option<Finding> {
    withdrawn_at(&case.withdrawn, case.request.record, moment, |_| true)
}

/// The first withdrawal of those in question that holds at a moment.
pub(super) fn withdrawn_at(
    withdrawn: &Withdrawn<'_>,
    of: &Record,
    moment: Time,
    is_asked: impl Fn(&Withdrawal<'_>) -> bool,
) -> Option<Finding> {
    let holds = |found: &&Withdrawal<'_>| is_asked(found) && found.holds_at(moment);
    let found = withdrawn.counting.iter().find(holds)?;
    let Withdrawal { what, by, cause, effective, .. } = found;
    let before = match moment.since(*effective) {
        Millis(0) => String::from("at the very moment"),
        span => format!("{span} before the moment"),
    };
    let what = if found.found_as == FoundAs::RootInactive { "root" } else { what };
    let by = by.map(|(record, revoker)| format!(" by {revoker} at {}", record.index)).unwrap_or_default();
    let detail = format!("{what} withdrawn{by} ({cause}), {before}");
    let finding = Finding::new(found.found_as.slug(), Effect::NotAuthorized, detail).of(of);
    Some(finding.values(format!("a moment before {effective}"), moment.to_string()))
}

fn idle(withdrawn: &Withdrawn<'_>) -> Option<Finding> {
    let Withdrawal { what, by, .. } = withdrawn.idle.first()?;
    let (record, revoker) = (*by)?;
    let detail = format!(
        "{revoker} may not withdraw the {what}: it is not theirs, nor did they hand it on, nor is their key an authority about it"
    );
    let finding = Finding::new("revoker-not-entitled", Effect::None, detail).of(record);
    Some(
        finding
            .values("whoever handed it on or received it, or an authority about them", revoker.to_string()),
    )
}
