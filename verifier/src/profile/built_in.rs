//! The profiles that are built in. A test holds each against its file under `verifier/profiles`.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use schemas::kinds::PrincipalType;
use schemas::time::Millis;

use super::{Basis, Profile};
use crate::registry::Assurance;
use crate::verdict::Effect;

impl Profile {
    /// The default.
    pub fn standard() -> Self {
        Self {
            name: "standard".to_owned(),
            version: 2,
            skew: Millis(5_000),
            freshness: Millis(60_000),
            // Policy engines upload their decisions in chunks, up to ten minutes late by default (OPA's max_delay_seconds).
            lateness: Some(Millis(900_000)),
            absence: Basis::Asserted,
            assurance: Assurance::Imported,
            imported_roots: false,
            imported_permits: false,
            hop_permits: false,
            permit_uses: None,
            template_approvals: true,
            approvers: BTreeSet::from([PrincipalType::Human]),
            credential_life: Some(Millis(DAY)),
            step_up: BTreeSet::new(),
            granularity: BTreeMap::new(),
            inputs: BTreeMap::new(),
            input_age: BTreeMap::new(),
            combinations: Vec::new(),
            raised: BTreeMap::new(),
        }
    }

    /// For what must not rest on anybody's word.
    pub fn strict() -> Self {
        Self {
            name: "strict".to_owned(),
            version: 2,
            skew: Millis(1_000),
            freshness: Millis(60_000),
            lateness: Some(Millis(60_000)),
            absence: Basis::Recomputed,
            assurance: Assurance::Vouched,
            imported_roots: false,
            imported_permits: false,
            hop_permits: true,
            permit_uses: Some(1),
            template_approvals: false,
            approvers: BTreeSet::from([PrincipalType::Human]),
            credential_life: Some(Millis(HOUR)),
            step_up: ["export", "irreversible", "unclassed"].map(ToOwned::to_owned).into(),
            granularity: BTreeMap::new(),
            inputs: BTreeMap::new(),
            input_age: BTreeMap::new(),
            combinations: Vec::new(),
            raised: raised(&[
                "hop-outlives-parent",
                "not-enforced",
                "policy-unknown",
                "presented-chain-differs",
                "sequence-gap",
                "shared-principal",
            ]),
        }
    }

    /// For what was read from another system's log: its times and names are all there is.
    pub fn imported() -> Self {
        Self {
            name: "imported".to_owned(),
            version: 2,
            skew: Millis(5_000),
            freshness: Millis(60_000),
            lateness: None,
            absence: Basis::Asserted,
            assurance: Assurance::Imported,
            imported_roots: true,
            imported_permits: true,
            hop_permits: false,
            permit_uses: None,
            template_approvals: true,
            approvers: BTreeSet::from([PrincipalType::Human]),
            credential_life: None,
            step_up: BTreeSet::new(),
            granularity: BTreeMap::new(),
            inputs: BTreeMap::new(),
            input_age: BTreeMap::new(),
            combinations: Vec::new(),
            raised: BTreeMap::new(),
        }
    }
}

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// Findings without which nothing is authorized under a profile.
fn raised(slugs: &[&str]) -> BTreeMap<String, Effect> {
    slugs.iter().map(|slug| ((*slug).to_owned(), Effect::Indeterminate)).collect()
}
