//! `credential`: a token, key or session is issued, used to sign in, or exchanged. Never the secret: its public name.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, require_list, require_order};
use crate::reference::{ForeignRef, Reference};
use crate::text::{Line, Name, PrincipalId, Uri};
use crate::time::Time;
use crate::words::words;

/// One event in the life of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// What happened.
    pub op: CredentialOp,
    /// The credential, by thumbprint or public identifier.
    pub credential: ForeignRef,
    /// Whom it identifies.
    pub holder: PrincipalId,
    /// Who issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<PrincipalId>,
    /// What sort: `access-key`, `session`, `jwt`, `svid`, …
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub credential_type: Option<Name>,
    /// The delegation that it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Reference>,
    /// With `exchange`: the credential given in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchanged: Option<ForeignRef>,
    /// From when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// For which services.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub audience: Vec<Uri>,
    /// For which resources.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub resources: Vec<Line>,
    /// The session that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Line>,
    /// What binds it to its holder: a key thumbprint, an attestation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Line>,
    /// How the holder was authenticated: `mfa`, `password`, `attestation`, …
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub methods: Vec<Name>,
    /// Where it came from: `minted`, `embedded`, `third-party`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Name>,
    /// A signed exception that lets it live longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Reference>,
}

words!(
    /// What happened to a credential.
    CredentialOp {
        /// It was issued.
        Issue = "issue",
        /// A principal signed in with it. No hop.
        Authenticate = "authenticate",
        /// It was given out for another.
        Exchange = "exchange",
    }
);

impl Credential {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        require_list(&self.audience, "body.audience")?;
        require_list(&self.resources, "body.resources")?;
        require_list(&self.methods, "body.methods")?;
        require_order(self.not_before.map(|t| t.0), self.expires.map(|t| t.0), "body.expires")
    }
}
