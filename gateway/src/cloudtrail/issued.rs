//! Temporary credentials that STS handed out: a delegation, and the credential that carries it.
//!
//! Of the request and the answer only the named fields are decoded; the session token is never looked at.

use schemas::ids::ByteString;
use schemas::kinds::{Credential, CredentialOp, Delegation, Digest, Ruling};
use schemas::payload::Body;
use schemas::reference::{ForeignRef, Reference};
use schemas::scope::{External, Scope};
use schemas::text::{Name, PrincipalId};
use schemas::time::Time;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::drafts::{Part, Told};
use super::event::{Event, EventError, expiration, filled, part};
use super::naming::{access_key, foreign, line, name, principal, service, system, uri};

/// What a call to STS asked for.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Request {
    #[serde(deserialize_with = "filled")]
    role_arn: Option<String>,
    #[serde(deserialize_with = "filled")]
    role_session_name: Option<String>,
    #[serde(deserialize_with = "filled")]
    policy: Option<String>,
    policy_arns: Option<Vec<PolicyArn>>,
    #[serde(deserialize_with = "filled")]
    serial_number: Option<String>,
    #[serde(deserialize_with = "filled")]
    source_identity: Option<String>,
}

#[derive(Deserialize)]
struct PolicyArn {
    arn: String,
}

/// What STS answered.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    credentials: Option<Issued>,
    assumed_role_user: Option<Session>,
    federated_user: Option<Session>,
    #[serde(deserialize_with = "filled")]
    source_identity: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Issued {
    #[serde(deserialize_with = "filled")]
    access_key_id: Option<String>,
    #[serde(deserialize_with = "filled")]
    expiration: Option<String>,
}

#[derive(Deserialize)]
struct Session {
    #[serde(default, deserialize_with = "filled")]
    arn: Option<String>,
}

/// The calls that hand out credentials, by whose authority these carry.
enum Call {
    /// A role's.
    Role,
    /// The caller's own, under the name of a federated user.
    Federation,
    /// The caller's own.
    Session,
}

/// The delegation and the credential that the event tells of; none where nothing was issued.
pub(super) fn parts(told: &Told<'_>, ruled: Ruling) -> Result<Vec<Part>, EventError> {
    let event = told.event;
    let call = match (event.source.as_str(), event.name.as_str()) {
        ("sts.amazonaws.com", "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity") => {
            Call::Role
        }
        ("sts.amazonaws.com", "GetFederationToken") => Call::Federation,
        ("sts.amazonaws.com", "GetSessionToken") => Call::Session,
        _ => return Ok(Vec::new()),
    };
    if ruled != Ruling::Permit || event.error_code.is_some() {
        return Ok(Vec::new());
    }
    let request: Request = part("requestParameters", event.request_parameters)?;
    let answer: Answer = part("responseElements", event.response_elements)?;
    let Some(Issued { access_key_id: Some(id), expiration: until }) = &answer.credentials else {
        return Ok(Vec::new());
    };
    let until =
        until.as_deref().ok_or(EventError::Missing { field: "responseElements.credentials.expiration" })?;
    let expires = expiration(until)?;
    let issue = Issue {
        key: access_key("responseElements.credentials.accessKeyId", id)?,
        holder: holder(&call, told, &request, &answer)?,
        scope: scope(&call, told, &request)?,
        expires,
        refs: refs(&request, &answer)?,
        methods: if request.serial_number.is_some() { vec![name("mfa")?] } else { Vec::new() },
    };
    let credential = Body::Credential(issue.credential(told, &request)?);
    let delegation = Body::Delegation(issue.delegation(told));
    Ok(vec![Part { refs: issue.refs.clone(), body: credential }, Part { refs: issue.refs, body: delegation }])
}

struct Issue {
    key: ForeignRef,
    holder: PrincipalId,
    scope: Scope,
    expires: Time,
    refs: Vec<ForeignRef>,
    methods: Vec<Name>,
}

impl Issue {
    fn delegation(&self, told: &Told<'_>) -> Delegation {
        let caller = &told.caller;
        Delegation {
            delegator: caller.principal.clone(),
            delegatee: self.holder.clone(),
            on_behalf_of: None,
            parents: caller.hop.iter().cloned().collect(),
            // Where a hop must have led here it is named above; under any other key there may have been one.
            presented_credential: if caller.hop.is_none() { caller.key.clone() } else { None },
            scope: Some(self.scope.clone()),
            not_before: Some(told.at),
            expires: Some(self.expires),
            max_depth: None,
            use_limit: None,
            audience: Vec::new(),
            stage: None,
            credential: Some(self.key.clone()),
            decision: told.event_ref(),
            approval: None,
            autonomy: None,
            enforcement: None,
            bridge: None,
            inherited: false,
            presented: None,
            evidence: Vec::new(),
        }
    }

    fn credential(&self, told: &Told<'_>, request: &Request) -> Result<Credential, EventError> {
        let session = request.role_session_name.as_deref();
        Ok(Credential {
            op: CredentialOp::Issue,
            credential: self.key.clone(),
            holder: self.holder.clone(),
            issuer: Some(service("eventSource", &told.event.source)?),
            credential_type: Some(name("access-key")?),
            delegation: Some(Reference::Foreign(self.key.clone())),
            exchanged: None,
            not_before: Some(told.at),
            expires: Some(self.expires),
            audience: Vec::new(),
            resources: Vec::new(),
            session: session.map(|text| line("requestParameters.roleSessionName", text)).transpose()?,
            binding: None,
            methods: self.methods.clone(),
            source: Some(name("minted")?),
            waiver: None,
        })
    }
}

/// Whom the key identifies, in the words that events under it will use.
fn holder(
    call: &Call,
    told: &Told<'_>,
    request: &Request,
    answer: &Answer,
) -> Result<PrincipalId, EventError> {
    let said = match call {
        Call::Role => &answer.assumed_role_user,
        Call::Federation => &answer.federated_user,
        Call::Session => return Ok(told.caller.principal.clone()),
    };
    if let Some(Session { arn: Some(arn) }) = said {
        return principal("responseElements.assumedRoleUser.arn", arn);
    }
    let role = role_arn(told.event, request);
    let derived =
        role.zip(request.role_session_name.as_deref()).and_then(|(role, session)| session_arn(role, session));
    match derived {
        Some(arn) => principal("requestParameters.roleArn", &arn),
        None => Err(EventError::Missing { field: "responseElements.assumedRoleUser.arn" }),
    }
}

/// The session's ARN: of the role's, the partition, the account and the name without its path.
fn session_arn(role: &str, session: &str) -> Option<String> {
    let ["arn", partition, "iam", _, account, role] = *role.splitn(6, ':').collect::<Vec<_>>() else {
        return None;
    };
    let (_, name) = role.strip_prefix("role").and_then(|path| path.rsplit_once('/'))?;
    Some(format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}"))
}

fn role_arn<'a>(event: &'a Event<'_>, request: &'a Request) -> Option<&'a str> {
    let resources = event.resources.iter().flatten().filter_map(|resource| resource.arn.as_deref());
    let is_role = |arn: &&str| arn.contains(":role/");
    request.role_arn.as_deref().or_else(|| resources.into_iter().find(is_role))
}

/// Authority that AWS holds: of the role, or of the caller, narrowed by a session policy where there was one.
fn scope(call: &Call, told: &Told<'_>, request: &Request) -> Result<Scope, EventError> {
    let caller = told.caller.principal.as_str();
    let (held, account) = match call {
        Call::Role => {
            let role = role_arn(told.event, request)
                .ok_or(EventError::Missing { field: "requestParameters.roleArn" })?;
            (role, role.split(':').nth(4).filter(|account| !account.is_empty()))
        }
        Call::Federation | Call::Session => (caller, None),
    };
    Ok(Scope::External(External {
        system: uri("requestParameters.roleArn", &system(account.or_else(|| told.account())))?,
        reference: line("requestParameters.roleArn", held)?,
        digest: session_policy(request)?,
    }))
}

/// Digest of what narrows a session: the policy's text, then the ARN of each managed policy, parted by line feeds.
fn session_policy(request: &Request) -> Result<Option<Digest>, EventError> {
    let managed = request.policy_arns.iter().flatten().map(|policy| policy.arn.as_str());
    let lines: Vec<&str> = request.policy.as_deref().into_iter().chain(managed).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let value = ByteString(Sha256::digest(lines.join("\n").as_bytes()).to_vec());
    Ok(Some(Digest { alg: name("sha-256")?, canon: name("lines")?, value }))
}

fn refs(request: &Request, answer: &Answer) -> Result<Vec<ForeignRef>, EventError> {
    let mut refs = Vec::new();
    if let Some(identity) = request.source_identity.as_deref().or(answer.source_identity.as_deref()) {
        refs.push(foreign("source-identity", "requestParameters.sourceIdentity", identity)?);
    }
    if let Some(device) = &request.serial_number {
        refs.push(foreign("mfa", "requestParameters.serialNumber", device)?);
    }
    for policy in request.policy_arns.iter().flatten() {
        refs.push(foreign("session-policy", "requestParameters.policyArns", &policy.arn)?);
    }
    Ok(refs)
}
