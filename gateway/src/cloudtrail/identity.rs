//! Who called: the principal, the credential, and the hop that its authority must have come by.

use schemas::reference::{ForeignRef, Reference};
use schemas::text::PrincipalId;

use super::event::{Event, EventError, Identity};
use super::naming::{access_key, foreign, principal, service};

/// What CloudTrail writes in place of a user name that was mistyped and may be a password.
const HIDDEN_NAME: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The caller of one event.
pub(super) struct Caller {
    /// Who.
    pub(super) principal: PrincipalId,
    /// The access key presented.
    pub(super) key: Option<ForeignRef>,
    /// The hop that there must have been, because the identity exists only by one.
    pub(super) hop: Option<Reference>,
}

impl Caller {
    /// The caller that `event` names.
    pub(super) fn of(event: &Event<'_>) -> Result<Self, EventError> {
        let identity = event.identity();
        let principal = principal("userIdentity", &principal_text(identity))?;
        let key = match &identity.access_key_id {
            Some(id) => Some(access_key("userIdentity.accessKeyId", id)?),
            None => None,
        };
        let hop = match required_hop(identity) {
            RequiredHop::None => None,
            RequiredHop::ByKey if key.is_some() => key.clone(),
            // No delegation carries such a reference: the hop stays missing, and the verdict says which session's.
            RequiredHop::ByKey | RequiredHop::Unseen => {
                Some(foreign("session", "userIdentity", principal.as_str())?)
            }
        };
        Ok(Self { principal, key, hop: hop.map(Reference::Foreign) })
    }
}

/// The service that an event without a caller, or by a service itself, is the action of.
pub(super) fn service_of(event: &Event<'_>) -> Result<PrincipalId, EventError> {
    let host = event.identity().invoked_by.as_deref().unwrap_or(&event.source);
    service("userIdentity.invokedBy", host)
}

enum RequiredHop {
    /// The identity stands by itself, or may: a long-term key, a console session, a user of an identity provider.
    None,
    /// Somebody was issued the key.
    ByKey,
    /// Somebody was issued the session, in another account's log.
    Unseen,
}

fn required_hop(identity: &Identity) -> RequiredHop {
    let principal_id = identity.principal_id.as_deref().unwrap_or_default();
    match identity.identity_type.as_deref() {
        Some("AssumedRole" | "FederatedUser" | "Role") => RequiredHop::ByKey,
        // Another account's role session: its own log names it otherwise, so the key cannot join the two.
        Some("AWSAccount") if principal_id.starts_with("AROA") => RequiredHop::Unseen,
        _ => RequiredHop::None,
    }
}

/// The principal's URI before escaping: its ARN where it has one.
fn principal_text(identity: &Identity) -> String {
    let Identity { principal_id, arn, account_id, user_name, invoked_by, .. } = identity;
    let identity_type = identity.identity_type.as_deref().unwrap_or_default();
    match (identity_type, arn, invoked_by) {
        ("AWSService", _, Some(host)) => return format!("service:{host}"),
        (_, Some(arn), _) if arn.starts_with("arn:") => return arn.clone(),
        ("IdentityCenterUser", ..) => {
            if let Some(user) = workforce_user(identity) {
                return user;
            }
        }
        _ => {}
    }
    let name = user_name.as_deref().filter(|name| *name != HIDDEN_NAME);
    match (identity_type, principal_id, account_id, name) {
        // Unique within the account whatever the user's path, which such events leave out.
        ("IAMUser", _, Some(account), Some(name)) => format!("arn:aws:iam::{account}:user/{name}"),
        ("Root", _, Some(account), _) => format!("arn:aws:iam::{account}:root"),
        ("SAMLUser", Some(id), ..) => format!("aws:saml-user/{id}"),
        ("WebIdentityUser", Some(id), ..) => format!("aws:web-identity-user/{id}"),
        ("AWSAccount", Some(id), Some(account), _) if id != account => format!("aws:account/{account}/{id}"),
        (_, _, Some(account), _) if principal_id.is_none() || identity_type == "AWSAccount" => {
            format!("aws:account/{account}")
        }
        (_, Some(id), ..) => format!("aws:principal/{id}"),
        _ => invoked_by.as_ref().map_or_else(|| "aws:unknown".to_owned(), |host| format!("service:{host}")),
    }
}

/// `aws:identity-center-user/<store>/<user>`.
fn workforce_user(identity: &Identity) -> Option<String> {
    let user = identity.on_behalf_of.as_ref()?;
    let store = user.identity_store_arn.as_deref()?.rsplit('/').next()?;
    Some(format!("aws:identity-center-user/{store}/{}", user.user_id.as_deref()?))
}
