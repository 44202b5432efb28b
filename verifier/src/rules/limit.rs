//! Limits on how many actions something may carry, by the order of the log.

use alloc::format;
use alloc::string::{String, ToString};

use crate::judge::{Case, Uses};
use crate::verdict::Effect;

/// How an action stands beyond a limit on uses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Over {
    /// It is the action of this number, and so many are not allowed.
    Number(u64),
    /// Not all uses are in the evidence.
    Unknown,
}

impl Over {
    /// Whether the subject is one action more than `limit` of those that use something.
    pub(super) fn of(case: &Case<'_>, uses: &Uses<'_>, limit: u64) -> Option<Self> {
        let before = uses.before(case.request.begun);
        if before >= limit {
            return Some(Self::Number(before.saturating_add(1)));
        }
        (!uses.covered).then_some(Self::Unknown)
    }

    /// What it means for the outcome.
    pub(super) fn effect(self) -> Effect {
        match self {
            Self::Number(_) => Effect::NotAuthorized,
            Self::Unknown => Effect::Indeterminate,
        }
    }

    /// It as a sentence.
    pub(super) fn words(self, what: &str, limit: u64) -> String {
        let actions = if limit == 1 { String::from("one action") } else { format!("{limit} actions") };
        match self {
            Self::Number(number) => format!("this is action {number} under {what} for {actions}"),
            Self::Unknown => {
                format!("under {what} for {actions}, and not all actions under it are in the evidence")
            }
        }
    }

    /// What was met.
    pub(super) fn got(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Unknown => String::from("not known"),
        }
    }
}
