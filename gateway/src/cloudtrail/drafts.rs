//! One event → its statements: a decision and an action, what was issued, or who signed in.

use std::collections::BTreeMap;

use schemas::ids::ByteString;
use schemas::kinds::{Action, ActionName, Decision, Phase, PolicyRef, Ruling};
use schemas::payload::{Body, PAYLOAD_VERSION, Payload, PayloadError, Source, Vantage};
use schemas::reference::{ForeignRef, Reference};
use schemas::text::Line;
use schemas::time::Time;
use sha2::{Digest as _, Sha256};

use super::event::{Event, EventError, Flag};
use super::identity::{Caller, service_of};
use super::naming::{NAMESPACE, foreign, line, name, principal, short_service, system, uri};
use super::ruling::{outcome, ruling};
use super::{ADAPTER, Context, FORMAT, issued, sign_in};

/// Largest payload, in bytes: with the longest issuer, subject and key id around it, it still fits a statement.
pub(super) const PAYLOAD_BYTES_MAX: usize = 60_000;

/// What one event says: `event` is its JSON object exactly as it stands in the log file.
///
/// What was issued comes first, then decision and action. Nothing, where the event is about no call: CloudTrail's own
/// insights.
pub fn drafts(event: &str, context: &Context) -> Result<Vec<Payload>, EventError> {
    let parsed = Event::parse(event)?;
    let told = Told::of(&parsed, event)?;
    let parts = match parsed.event_type.as_deref() {
        None | Some("AwsApiCall" | "AwsConsoleAction" | "AwsVpceEvent") => told.call()?,
        Some("AwsServiceEvent") => vec![told.service_action()?],
        Some("AwsConsoleSignIn") => vec![sign_in::body(&told)?],
        Some("AwsCloudTrailInsight") => Vec::new(),
        Some(_) => return Err(EventError::UnknownType),
    };
    parts.into_iter().map(|part| told.payload(part, context)).collect()
}

/// A statement's body, and the foreign ids that it goes by beside the event's.
pub(super) struct Part {
    pub(super) refs: Vec<ForeignRef>,
    pub(super) body: Body,
}

impl Part {
    /// A body that goes by the event's foreign ids alone.
    pub(super) fn new(body: Body) -> Self {
        Self { refs: Vec::new(), body }
    }
}

/// An event with all that its statements share.
pub(super) struct Told<'a> {
    pub(super) event: &'a Event<'a>,
    pub(super) at: Time,
    pub(super) caller: Caller,
    /// What every part can be found by; the first is the event's own id.
    refs: Vec<ForeignRef>,
    action: ActionName,
    resources: Vec<Line>,
    digest: ByteString,
}

impl<'a> Told<'a> {
    fn of(event: &'a Event<'a>, bytes: &str) -> Result<Self, EventError> {
        Ok(Self {
            event,
            at: event.at()?,
            caller: Caller::of(event)?,
            refs: refs(event)?,
            action: action_name(event)?,
            resources: resources(event)?,
            digest: ByteString(Sha256::digest(bytes.as_bytes()).to_vec()),
        })
    }

    /// The account whose policies the call was held against.
    pub(super) fn account(&self) -> Option<&str> {
        self.event.identity().account_id.as_deref().or(self.event.recipient_account_id.as_deref())
    }

    /// The event's own id, which every part goes by: the decision is found by it.
    pub(super) fn event_ref(&self) -> Option<Reference> {
        self.refs.first().cloned().map(Reference::Foreign)
    }

    fn call(&self) -> Result<Vec<Part>, EventError> {
        let ruled = ruling(self.event.error_code.as_deref());
        let mut parts = issued::parts(self, ruled)?;
        parts.push(Part::new(Body::Decision(self.decision(ruled, "aws-iam")?)));
        if ruled != Ruling::Deny {
            let decision = self.event_ref();
            parts.push(Part::new(Body::Action(self.acted(&self.caller, ruled, decision)?)));
        }
        Ok(parts)
    }

    /// A service at work by itself: nobody asked, so nothing was decided.
    fn service_action(&self) -> Result<Part, EventError> {
        let actor = Caller { principal: service_of(self.event)?, key: None, hop: None };
        Ok(Part::new(Body::Action(self.acted(&actor, Ruling::Permit, None)?)))
    }

    /// AWS's ruling on the call, by one of its engines.
    pub(super) fn decision(&self, ruled: Ruling, engine: &'static str) -> Result<Decision, EventError> {
        let reason = match ruled {
            Ruling::Permit => None,
            Ruling::Deny => {
                self.event.error_code.as_deref().map(|code| line("errorCode", code)).transpose()?
            }
            Ruling::Indeterminate => Some(line("reason", "not-evaluated")?),
        };
        Ok(Decision {
            ruling: ruled,
            actor: self.caller.principal.clone(),
            action: self.action.clone(),
            resources: self.resources.clone(),
            quantities: BTreeMap::new(),
            request: None,
            delegation: self.caller.hop.clone(),
            credential: self.caller.key.clone(),
            approval: None,
            decider: Some(principal("recipientAccountId", &system(self.account()))?),
            requested_at: None,
            evaluated_at: self.at,
            valid_until: None,
            use_limit: None,
            reason,
            policy: Some(PolicyRef { engine: name(engine)?, id: None, revision: None, rules: Vec::new() }),
            context: None,
            inputs: BTreeMap::new(),
            revocations_at: None,
            risk: None,
            obligations: Vec::new(),
            granularity: if ruled == Ruling::Indeterminate { None } else { Some(name("call")?) },
            basis: None,
            cached_age: None,
            pep: None,
            fail_mode: None,
            retry_of: None,
        })
    }

    fn acted(
        &self,
        actor: &Caller,
        ruled: Ruling,
        decision: Option<Reference>,
    ) -> Result<Action, EventError> {
        let code = self.event.error_code.as_deref();
        Ok(Action {
            phase: Phase::Both,
            attempt: None,
            actor: actor.principal.clone(),
            action: self.action.clone(),
            resources: self.resources.clone(),
            quantities: BTreeMap::new(),
            request: None,
            delegation: actor.hop.clone(),
            decision,
            approval: None,
            credential: actor.key.clone(),
            tool: None,
            attempted_at: self.at,
            completed_at: None,
            outcome: Some(outcome(ruled, code)),
            error: code.map(|code| line("errorCode", code)).transpose()?,
            effects: Vec::new(),
            compensates: None,
            retry_of: None,
            try_number: None,
        })
    }

    fn payload(&self, part: Part, context: &Context) -> Result<Payload, EventError> {
        let kind = part.body.kind();
        let source = Source {
            format: name(FORMAT)?,
            id: line("eventID", &self.event.id)?,
            part: name(kind.as_str())?,
            digest: self.digest.clone(),
            adapter: line("adapter", ADAPTER)?,
        };
        let mut refs = self.refs.clone();
        for found_by in part.refs {
            push_new(&mut refs, found_by);
        }
        let payload = Payload {
            v: PAYLOAD_VERSION,
            kind,
            log: Some(context.log),
            tenant: context.tenant.clone(),
            stream: None,
            seq: None,
            at: self.at,
            seen: None,
            vantage: Vantage::Imported,
            task: None,
            trace: None,
            refs,
            source: Some(source),
            attachments: Vec::new(),
            ext: BTreeMap::new(),
            body: part.body,
        };
        checked(payload)
    }
}

/// The payload, if it can be signed as it is.
fn checked(payload: Payload) -> Result<Payload, EventError> {
    match payload.to_bytes() {
        Ok(bytes) if bytes.len() > PAYLOAD_BYTES_MAX => {
            Err(EventError::TooLarge { got: bytes.len(), max: PAYLOAD_BYTES_MAX })
        }
        Ok(_) => Ok(payload),
        Err(PayloadError::Body(error)) => Err(EventError::Rule { field: error.field, rule: error.rule }),
        Err(_) => Err(EventError::Rule { field: "payload", rule: "has a canonical form" }),
    }
}

/// What every statement of the event can be found by. Access keys are left out: they stand in the bodies, where it shows
/// whether one was presented or issued.
fn refs(event: &Event<'_>) -> Result<Vec<ForeignRef>, EventError> {
    let identity = event.identity();
    let session = identity.session_context.as_ref();
    let issuer = session.and_then(|session| session.session_issuer.as_ref());
    let attributes = session.and_then(|session| session.attributes.as_ref());
    let with_mfa = attributes.and_then(|given| given.mfa_authenticated.as_ref()).is_some_and(Flag::is_true);
    let found_by = [
        ("event", "eventID", Some(&event.id)),
        ("request", "requestID", event.request_id.as_ref()),
        ("shared-event", "sharedEventID", event.shared_event_id.as_ref()),
        ("account", "recipientAccountId", event.recipient_account_id.as_ref()),
        ("account", "userIdentity.accountId", identity.account_id.as_ref()),
        ("region", "awsRegion", event.aws_region.as_ref()),
        ("address", "sourceIPAddress", event.source_address.as_ref()),
        ("invoked-by", "userIdentity.invokedBy", identity.invoked_by.as_ref()),
        ("session-issuer", "sessionIssuer.arn", issuer.and_then(|issuer| issuer.arn.as_ref())),
        ("source-identity", "sourceIdentity", session.and_then(|session| session.source_identity.as_ref())),
    ];
    let mut refs = Vec::new();
    for (kind, field, value) in found_by {
        if let Some(value) = value {
            push_new(&mut refs, foreign(kind, field, value)?);
        }
    }
    if with_mfa {
        refs.push(foreign("mfa", "mfaAuthenticated", "true")?);
    }
    Ok(refs)
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// `<service>:<EventName>`, classed as CloudTrail classes it.
fn action_name(event: &Event<'_>) -> Result<ActionName, EventError> {
    let class = if event.read_only == Some(true) { "read" } else { "write" };
    Ok(ActionName {
        name: line("eventName", &format!("{}:{}", short_service(&event.source), event.name))?,
        class: Some(name(class)?),
        class_source: Some(uri("class_source", NAMESPACE)?),
    })
}

/// The resources that the event names; where it names none, the service in that account and region.
fn resources(event: &Event<'_>) -> Result<Vec<Line>, EventError> {
    let mut named = Vec::new();
    for resource in event.resources.iter().flatten() {
        if let Some(arn) = resource.arn.as_ref().or(resource.arn_prefix.as_ref()) {
            push_new(&mut named, line("resources.ARN", arn)?);
        }
    }
    if named.is_empty() {
        let service = short_service(&event.source);
        let account = event.recipient_account_id.as_deref().or(event.identity().account_id.as_deref());
        let region = event.aws_region.as_deref();
        let whole = format!("aws:{service}:{}:{}", account.unwrap_or_default(), region.unwrap_or_default());
        named.push(line("eventSource", &whole)?);
    }
    Ok(named)
}
