//! Who speaks for whom by a statement that takes something back or closes it.

use schemas::kinds::{Role, RoleGrant};
use schemas::text::{PrincipalId, Tenant};

use super::ground::Ground;
use super::identity::may_be_one;
use crate::evidence::Record;

/// Who says something, and by which statement.
pub(super) struct Speaker<'e> {
    pub(super) ground: Ground<'e>,
    pub(super) record: &'e Record,
    pub(super) tenant: &'e Tenant,
    pub(super) principal: &'e PrincipalId,
}

impl Speaker<'_> {
    /// Whether it is the principal, under whatever name, or an authority about it.
    pub(super) fn speaks_for(&self, principal: &PrincipalId) -> bool {
        let is_authority = |grant: &RoleGrant| {
            grant.role == Role::Authority
                && grant.about.iter().any(|pattern| pattern.matches(principal.as_str()))
        };
        self.ground.effort.spend(1)
            && (may_be_one(self.ground, self.principal, principal) || self.holds(is_authority))
    }

    /// Whether its key holds such a role where the statement stands.
    pub(super) fn holds(&self, fits: impl Fn(&RoleGrant) -> bool) -> bool {
        let key = self.ground.evidence.registry().key(&self.record.envelope.kid);
        let in_tenant = |grant: &RoleGrant| grant.tenants.is_empty() || grant.tenants.contains(self.tenant);
        key.is_some_and(|key| {
            key.roles_at(self.record.index).iter().any(|grant| in_tenant(grant) && fits(grant))
        })
    }
}
