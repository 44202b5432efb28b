//! `key`: a registrar registers, replaces or withdraws a key.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::genesis::Use;
use super::shared::{BodyError, require, require_list};
use crate::canonical::Writer;
use crate::ids::{ByteString, KeyId, LogId, PublicKey, Signature};
use crate::scope::Pattern;
use crate::text::{PrincipalId, Tenant};
use crate::time::Time;
use crate::words::words;

/// One step in the life of a key. One key id belongs to one principal for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// What happens to the key.
    pub op: KeyOp,
    /// The key's thumbprint.
    pub kid: KeyId,
    /// The key; with `add` and `rotate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<PublicKey>,
    /// Whose key it is; with `add` and `rotate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalId>,
    /// What the key may speak for; with `add` and `rotate`.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub roles: Vec<RoleGrant>,
    /// For a key of the log itself: what it signs.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<Use>,
    /// With `rotate`: the key that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<KeyId>,
    /// With `retire`: entries up to this time are still accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_until: Option<Time>,
    /// With `compromise`: from when the key can no longer be believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// For changes of registrars: the name that the registrars' statements share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ByteString>,
    /// Proof of possession: the key's own signature over [`pop_bytes`]; with `add` and `rotate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pop: Option<Signature>,
}

words!(
    /// What happens to a key.
    KeyOp {
        /// It is registered.
        Add = "add",
        /// It is registered in place of another of the same principal.
        Rotate = "rotate",
        /// It is no longer used; entries up to a time are accepted.
        Retire = "retire",
        /// It may be in other hands; refused at once.
        Compromise = "compromise",
    }
);

words!(
    /// What a key may speak for (design §4).
    Role {
        /// Its principal's own delegations, actions, approvals and revocations.
        Principal = "principal",
        /// Delegations, credentials, tasks, revocations and policies about the principals that it names.
        Authority = "authority",
        /// Decisions and policies.
        Pdp = "pdp",
        /// Approvals.
        Approver = "approver",
        /// Actions and decisions at the boundary; what is imported.
        Gateway = "gateway",
        /// Keys, principals and links.
        Registrar = "registrar",
    }
);

/// A role, and whom and where it covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleGrant {
    /// The role.
    pub role: Role,
    /// Which principals it speaks about; absent: none for `authority`, any for the others.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub about: Vec<Pattern>,
    /// In which tenants; absent: in all.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub tenants: Vec<Tenant>,
}

impl Key {
    /// A change of a key with nothing but its name.
    pub fn bare(op: KeyOp, kid: KeyId) -> Self {
        Self {
            op,
            kid,
            public: None,
            principal: None,
            roles: Vec::new(),
            usage: None,
            replaces: None,
            accept_until: None,
            since: None,
            proposal: None,
            pop: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), BodyError> {
        require_list(&self.roles, "body.roles")?;
        let registers = matches!(self.op, KeyOp::Add | KeyOp::Rotate);
        require(
            self.public.is_some() == registers,
            "body.public",
            "goes with add and rotate alone",
            &self.op,
        )?;
        require(
            self.principal.is_some() == registers,
            "body.principal",
            "goes with add and rotate alone",
            &self.op,
        )?;
        require(self.pop.is_some() == registers, "body.pop", "goes with add and rotate alone", &self.op)?;
        let speaks = !self.roles.is_empty() || self.usage.is_some();
        require(
            speaks == registers,
            "body.roles",
            "goes with add and rotate alone, and names at least one role",
            &self.op,
        )?;
        require(
            self.usage.is_none() || self.roles.is_empty(),
            "body.use",
            "goes without roles: the log's keys speak for nobody",
            &self.op,
        )?;
        require(
            self.replaces.is_some() == (self.op == KeyOp::Rotate),
            "body.replaces",
            "goes with rotate alone",
            &self.op,
        )?;
        require(
            self.accept_until.is_none() || self.op == KeyOp::Retire,
            "body.accept_until",
            "goes with retire alone",
            &self.op,
        )?;
        require(
            self.since.is_none() || self.op == KeyOp::Compromise,
            "body.since",
            "goes with compromise alone",
            &self.op,
        )?;
        for grant in &self.roles {
            require_list(&grant.about, "body.roles.about")?;
            require_list(&grant.tenants, "body.roles.tenants")?;
            let named = grant.role != Role::Authority || !grant.about.is_empty();
            require(
                named,
                "body.roles.about",
                "names the principals that an authority speaks about",
                &grant.role,
            )?;
        }
        Ok(())
    }
}

/// What a new key signs to show that whoever registers it holds it: `["writ/pop/1", log, kid, principal]`.
pub fn pop_bytes(log: &LogId, kid: &KeyId, principal: &PrincipalId) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.array(4).text("writ/pop/1").bytes(log.as_bytes()).bytes(kid.as_bytes()).text(principal.as_str());
    writer.into_bytes()
}
