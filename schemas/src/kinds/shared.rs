//! Parts that several kinds share.

use alloc::string::{String, ToString};
use core::fmt::Display;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::ByteString;
use crate::limits::LIST_ITEMS_MAX;
use crate::text::Name;
use crate::words::words;

/// A digest meant for matching. Where its input can be guessed, the input includes a nonce of the request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// Hash algorithm: `sha-256`, `blake3`, …
    pub alg: Name,
    /// How the input was made canonical: `jcs`, `raw`, …
    pub canon: Name,
    /// The digest, 16 to 64 bytes.
    pub value: ByteString,
}

words!(
    /// Who steers the delegatee.
    Autonomy {
        /// A human does each step.
        Human = "human",
        /// A machine acts, a human watches.
        Supervised = "supervised",
        /// A machine acts alone.
        Autonomous = "autonomous",
    }
);

words!(
    /// Where authority is enforced.
    Enforcement {
        /// Nowhere.
        None = "none",
        /// At login only.
        Login = "login",
        /// At a gateway, for each request.
        Gateway = "gateway",
        /// In the application.
        InApp = "in-app",
    }
);

/// A body that breaks a rule which its types alone cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` {rule}; got {got}")]
pub struct BodyError {
    /// Path of the field, from the payload.
    pub field: &'static str,
    /// The rule, in words.
    pub rule: &'static str,
    /// What was met.
    pub got: String,
}

/// Refuses with the field, the rule and the value unless `holds`.
pub(crate) fn require(
    holds: bool,
    field: &'static str,
    rule: &'static str,
    got: &dyn Display,
) -> Result<(), BodyError> {
    if holds { Ok(()) } else { Err(BodyError { field, rule, got: got.to_string() }) }
}

/// A list that is present has 1 to [`LIST_ITEMS_MAX`] items.
pub(crate) fn require_list<T>(list: &[T], field: &'static str) -> Result<(), BodyError> {
    require(list.len() <= LIST_ITEMS_MAX, field, "has at most 1,024 items", &list.len())
}

/// An interval does not end before it begins.
pub(crate) fn require_order<T: PartialOrd + Display>(
    from: Option<T>,
    to: Option<T>,
    field: &'static str,
) -> Result<(), BodyError> {
    match (from, to) {
        (Some(from), Some(to)) => require(from <= to, field, "does not lie before the beginning", &to),
        _ => Ok(()),
    }
}

impl Digest {
    /// Refuses digests too short to bind and too long to be one.
    pub(crate) fn check(&self, field: &'static str) -> Result<(), BodyError> {
        let len = self.value.0.len();
        require((16..=64).contains(&len), field, "has a value of 16 to 64 bytes", &len)
    }
}

/// A list of lines, empty meaning absent.
pub(crate) fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}
