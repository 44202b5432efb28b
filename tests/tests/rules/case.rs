//! One case: a story, and what judging its subject must come to.

use schemas::ids::StatementId;
use verifier::profile::Profile;

use crate::story::{Evidence, Story};

/// A case. Its file is `tests/vectors/rules/<slug>/<name>.json`.
pub(crate) struct Case {
    pub(crate) slug: &'static str,
    /// `accept-…` or `reject-…`: whether the rule has nothing, or something, to say.
    pub(crate) name: &'static str,
    pub(crate) profile: &'static str,
    /// What is otherwise in the profile.
    pub(crate) tune: Option<fn(&mut Profile)>,
    pub(crate) tell: fn(&mut Story) -> (StatementId, Evidence),
    pub(crate) outcome: &'static str,
    pub(crate) principal: &'static str,
    pub(crate) hops: usize,
    /// Every finding's rule, each once, in alphabetical order.
    pub(crate) findings: &'static [&'static str],
}

/// A case that is judged authorized under the standard profile, with nothing to say.
pub(crate) const fn accept(
    slug: &'static str,
    name: &'static str,
    hops: usize,
    tell: fn(&mut Story) -> (StatementId, Evidence),
) -> Case {
    reject(slug, name, hops, &[], tell).authorized()
}

/// A case that is judged not authorized under the standard profile, by findings.
pub(crate) const fn reject(
    slug: &'static str,
    name: &'static str,
    hops: usize,
    findings: &'static [&'static str],
    tell: fn(&mut Story) -> (StatementId, Evidence),
) -> Case {
    let outcome = "not-authorized";
    Case {
        slug,
        name,
        profile: "standard",
        tune: None,
        tell,
        outcome,
        principal: "user:alice",
        hops,
        findings,
    }
}

impl Case {
    pub(crate) const fn by(self, principal: &'static str) -> Self {
        Self { principal, ..self }
    }

    pub(crate) const fn under(self, profile: &'static str) -> Self {
        Self { profile, ..self }
    }

    /// Judged under a profile of its own, made from the one that is named.
    pub(crate) const fn tuned(self, tune: fn(&mut Profile)) -> Self {
        Self { tune: Some(tune), ..self }
    }

    /// The profile that it is judged under.
    pub(crate) fn profile(&self) -> Profile {
        let mut profile = Profile::named(self.profile).expect("a profile");
        if let Some(tune) = self.tune {
            profile.name = String::from("tuned");
            tune(&mut profile);
        }
        profile
    }

    pub(crate) const fn indeterminate(self) -> Self {
        Self { outcome: "indeterminate", ..self }
    }

    pub(crate) const fn authorized(self) -> Self {
        Self { outcome: "authorized", ..self }
    }

    pub(crate) const fn denied(self) -> Self {
        Self { outcome: "not-authorized", ..self }
    }

    pub(crate) const fn finding(self, findings: &'static [&'static str]) -> Self {
        Self { findings, ..self }
    }
}
