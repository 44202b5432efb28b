//! Drafts: payloads as JSON with everything left out that the sender's surroundings say anyway.
//!
//! One object a line, in the payload's JSON form. `v`, `log`, `tenant`, `at`, `seen` and `vantage` may be left out, and so may
//! the moment of a decision, action, approval or policy, which is then `at`. `seen` is filled in only where neither is
//! written. `"label": "d1"` names a draft; `"@d1"` in the place of a reference stands for that draft's statement, further
//! down in the same file.

use std::collections::BTreeMap;

use schemas::ids::{LogId, StatementId};
use schemas::kinds::Role;
use schemas::payload::{Kind, PAYLOAD_VERSION, Payload, PayloadError, Seen, Vantage};
use schemas::text::{PrincipalId, Tenant};
use schemas::time::Time;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::json;

/// Where drafts are written: what fills their gaps.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The log that the statements are for.
    pub log: LogId,
    /// The tenant where a draft names none.
    pub tenant: Tenant,
    /// The last head that the sender verified, if any.
    pub seen: Option<Seen>,
    /// The principal of the key that will sign.
    pub principal: PrincipalId,
    /// The roles of that key.
    pub roles: Vec<Role>,
}

/// A draft with its gaps filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What other drafts call it.
    pub label: Option<String>,
    /// What will be signed. Has no stream yet unless the author wrote one.
    pub payload: Payload,
}

/// Statements of this file that later drafts may refer to.
#[derive(Clone, Debug, Default)]
pub struct Labels(BTreeMap<String, StatementId>);

impl Labels {
    /// Remembers what became of a labelled draft.
    pub fn define(&mut self, label: String, id: StatementId) -> Result<(), DraftError> {
        match self.0.insert(label.clone(), id) {
            None => Ok(()),
            Some(_) => Err(DraftError::LabelTwice { label }),
        }
    }
}

impl Draft {
    /// Reads one line and fills its gaps. `now` is the moment of drafts that name none.
    pub fn parse(line: &str, around: &Surroundings, labels: &Labels, now: Time) -> Result<Self, DraftError> {
        // A draft is one line of a file that has its own line numbers.
        let in_line = |e: serde_json::Error| e.to_string().replace(" at line 1 column ", " at column ");
        let value = json::parse(line).map_err(|e| DraftError::Json { detail: in_line(e) })?;
        let Value::Object(mut draft) = value else { return Err(DraftError::NotAnObject) };
        let label = take_label(&mut draft)?;
        // Also where the kind is unknown, so that it is the kind which is named as wrong.
        draft.entry("v").or_insert(Value::from(PAYLOAD_VERSION));
        let kind = draft.get("kind").and_then(Value::as_str).and_then(Kind::from_word);
        if let Some(kind) = kind {
            fill(&mut draft, kind, around, now);
            resolve_labels(&mut draft, kind, labels)?;
        }
        let payload = Payload::from_json(&Value::Object(draft))?;
        Ok(Self { label, payload })
    }
}

/// The vantage of a statement of this kind by this actor where its author names none.
fn default_vantage(kind: Kind, actor: Option<&str>, around: &Surroundings) -> Vantage {
    let holds = |role| around.roles.contains(&role);
    let own = holds(Role::Principal) && actor == Some(around.principal.as_str());
    match kind {
        Kind::Action if holds(Role::Gateway) && !own => Vantage::Boundary,
        Kind::Decision if holds(Role::Gateway) && !holds(Role::Pdp) => Vantage::Boundary,
        Kind::Action | Kind::Stream => Vantage::Self_,
        _ => Vantage::Authority,
    }
}

fn take_label(draft: &mut Map<String, Value>) -> Result<Option<String>, DraftError> {
    match draft.remove("label") {
        None => Ok(None),
        Some(Value::String(label)) if !label.is_empty() && !label.starts_with('@') => Ok(Some(label)),
        Some(got) => Err(DraftError::Label { got: got.to_string() }),
    }
}

fn fill(draft: &mut Map<String, Value>, kind: Kind, around: &Surroundings, now: Time) {
    let body = |name: &str| draft.get("body").and_then(|body| body.get(name));
    let vantage = default_vantage(kind, body("actor").and_then(Value::as_str), around);
    let moment = moment_field(kind);
    // A head that was seen after the moment would disprove it, so only what happens now is tied to the head.
    let is_now = !draft.contains_key("at") && moment.is_none_or(|moment| body(moment).is_none());
    let mut default = |field: &str, value: Value| {
        draft.entry(field).or_insert(value);
    };
    default("tenant", Value::from(around.tenant.as_str()));
    default("at", Value::from(now.0));
    default("vantage", Value::from(vantage.as_str()));
    if kind != Kind::Genesis {
        default("log", Value::from(around.log.to_hex()));
    }
    if let Some(seen) = around.seen.filter(|_| is_now) {
        default("seen", serde_json::json!([seen.size, seen.root.to_hex()]));
    }
    let at = draft.get("at").cloned();
    if let (Some(moment), Some(Value::Object(body)), Some(at)) = (moment, draft.get_mut("body"), at) {
        body.entry(moment).or_insert(at);
    }
}

/// The field of a body that says when the fact was, where it must be there.
const fn moment_field(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Decision => Some("evaluated_at"),
        Kind::Action => Some("attempted_at"),
        Kind::Approval => Some("approved_at"),
        Kind::Policy => Some("effective_from"),
        _ => None,
    }
}

/// Where a body of this kind names statements: fields, `a.b` being `b` inside `a`. Lists are looked through.
const fn reference_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Delegation => &["parents", "decision", "approval", "bridge"],
        Kind::Credential => &["delegation", "waiver"],
        Kind::Decision => &["delegation", "approval", "retry_of"],
        Kind::Approval | Kind::Policy => &["supersedes"],
        Kind::Action => &["attempt", "delegation", "decision", "approval", "compensates", "retry_of"],
        Kind::Revocation => &["target.ref"],
        Kind::Correction => &["about", "replacement"],
        _ => &[],
    }
}

fn resolve_labels(draft: &mut Map<String, Value>, kind: Kind, labels: &Labels) -> Result<(), DraftError> {
    let Some(body) = draft.get_mut("body") else { return Ok(()) };
    for field in reference_fields(kind) {
        let found = field.split('.').try_fold(&mut *body, |value, name| value.get_mut(name));
        match found {
            Some(Value::Array(items)) => items.iter_mut().try_for_each(|item| resolve(item, labels))?,
            Some(value) => resolve(value, labels)?,
            None => {}
        }
    }
    Ok(())
}

fn resolve(reference: &mut Value, labels: &Labels) -> Result<(), DraftError> {
    let Some(label) = reference.as_str().and_then(|text| text.strip_prefix('@')) else { return Ok(()) };
    let id = labels.0.get(label).ok_or_else(|| DraftError::UnknownLabel {
        label: label.into(),
        known: labels.0.keys().cloned().collect::<Vec<_>>().join(", "),
    })?;
    *reference = Value::from(id.to_hex());
    Ok(())
}

/// Why a line is no draft.
#[derive(Debug, Error)]
pub enum DraftError {
    /// Not JSON of the strict kind.
    #[error("not a draft's JSON: {detail}")]
    Json {
        /// What the reader said.
        detail: String,
    },
    /// JSON, but no object.
    #[error("a draft is a JSON object")]
    NotAnObject,
    /// A label that is not text, is empty or begins with `@`.
    #[error("a label is text that does not begin with `@`; got {got}")]
    Label {
        /// What stands there.
        got: String,
    },
    /// Two drafts of one file with one label.
    #[error("two drafts are called `{label}`")]
    LabelTwice {
        /// The label.
        label: String,
    },
    /// A reference to a draft that does not stand above.
    #[error("no draft above is called `{label}`; {}", if known.is_empty() { "none has a label".into() } else { format!("labels so far: {known}") })]
    UnknownLabel {
        /// The label.
        label: String,
        /// The labels there are.
        known: String,
    },
    /// Not a payload.
    #[error(transparent)]
    Payload(#[from] PayloadError),
}

impl DraftError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "draft-json",
            Self::NotAnObject => "draft-not-an-object",
            Self::Label { .. } => "draft-label",
            Self::LabelTwice { .. } => "draft-label-twice",
            Self::UnknownLabel { .. } => "draft-unknown-label",
            Self::Payload(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::kinds::ActionName;
    use schemas::payload::Body;
    use schemas::reference::Reference;
    use schemas::tree::TreeHash;

    use super::*;

    fn around() -> Surroundings {
        Surroundings {
            log: LogId::new([1; 32]),
            tenant: Tenant::default_label(),
            seen: Some(Seen { size: 3, root: TreeHash::new([2; 32]) }),
            principal: PrincipalId::new("agent:a").unwrap(),
            roles: vec![Role::Principal],
        }
    }

    fn parse(line: &str) -> Result<Draft, DraftError> {
        let mut labels = Labels::default();
        labels.define("d1".into(), StatementId::new([7; 32])).unwrap();
        Draft::parse(line, &around(), &labels, Time(1000))
    }

    const ACTION: &str = r#"{"kind":"action","body":{"phase":"both","actor":"agent:a","action":{"name":"pay"},"resources":["r"],"outcome":"completed","delegation":"@d1"}}"#;

    #[test]
    fn gaps_are_filled_from_the_surroundings() {
        let draft = parse(ACTION).unwrap();
        let payload = draft.payload;
        assert_eq!((payload.v, payload.log, payload.at), (1, Some(LogId::new([1; 32])), Time(1000)));
        assert_eq!((payload.tenant.as_str(), payload.vantage), ("default", Vantage::Self_));
        assert_eq!(payload.seen, around().seen);
        let Body::Action(action) = payload.body else { panic!("an action") };
        assert_eq!(action.attempted_at, Time(1000));
        assert_eq!(action.delegation, Some(Reference::Id(StatementId::new([7; 32]))));
        assert_eq!(
            action.action,
            ActionName { name: "pay".parse().unwrap(), class: None, class_source: None }
        );
    }

    #[test]
    fn what_the_author_wrote_stands() {
        let line = ACTION.replacen('{', r#"{"at":5,"tenant":"t","vantage":"boundary","label":"x","#, 1);
        let draft = parse(&line).unwrap();
        assert_eq!(draft.label.as_deref(), Some("x"));
        assert_eq!((draft.payload.at, draft.payload.tenant.as_str()), (Time(5), "t"));
        assert_eq!(draft.payload.vantage, Vantage::Boundary);
    }

    #[test]
    fn a_head_seen_later_is_not_tied_to_an_earlier_moment() {
        let written = ACTION.replacen("\"body\":{", "\"body\":{\"attempted_at\":5,", 1);
        assert_eq!(parse(&written).unwrap().payload.seen, None);
        assert_eq!(parse(&ACTION.replacen('{', "{\"at\":5,", 1)).unwrap().payload.seen, None);
    }

    #[test]
    fn a_gateway_sees_others_at_the_boundary_and_itself_as_itself() {
        let of = |kind, actor, roles: &[Role]| {
            default_vantage(kind, actor, &Surroundings { roles: roles.to_vec(), ..around() })
        };
        assert_eq!(of(Kind::Action, Some("agent:b"), &[Role::Gateway]), Vantage::Boundary);
        assert_eq!(of(Kind::Action, Some("agent:a"), &[Role::Gateway]), Vantage::Boundary);
        assert_eq!(of(Kind::Action, Some("agent:a"), &[Role::Gateway, Role::Principal]), Vantage::Self_);
        assert_eq!(of(Kind::Action, Some("agent:b"), &[Role::Gateway, Role::Principal]), Vantage::Boundary);
        assert_eq!(of(Kind::Decision, None, &[Role::Pdp]), Vantage::Authority);
        assert_eq!(of(Kind::Decision, None, &[Role::Gateway]), Vantage::Boundary);
        assert_eq!(of(Kind::Delegation, None, &[]), Vantage::Authority);
    }

    #[test]
    fn labels_stand_for_earlier_drafts_in_reference_places_only() {
        let hop =
            r#"{"kind":"delegation","body":{"delegator":"user:a","delegatee":"agent:b","parents":["@d1"]}}"#;
        let Body::Delegation(hop) = parse(hop).unwrap().payload.body else { panic!("a delegation") };
        assert_eq!(hop.parents, [Reference::Id(StatementId::new([7; 32]))]);
        let revocation = r#"{"kind":"revocation","body":{"target":{"kind":"delegation","ref":"@d1"}}}"#;
        assert!(parse(revocation).is_ok());
        let note = r#"{"kind":"correction","body":{"about":"@d1","note":"@d1"}}"#;
        let Body::Correction(correction) = parse(note).unwrap().payload.body else { panic!("a correction") };
        assert_eq!(correction.note.as_str(), "@d1");
        assert_eq!(parse(&ACTION.replace("@d1", "@d2")).unwrap_err().code(), "draft-unknown-label");
    }

    #[test]
    fn each_malformed_draft_is_refused_by_its_own_code() {
        let code = |line: &str| parse(line).unwrap_err().code();
        assert_eq!(code("{"), "draft-json");
        assert_eq!(code("[]"), "draft-not-an-object");
        assert_eq!(code(r#"{"label":1}"#), "draft-label");
        assert_eq!(code(r#"{"kind":"nonsense","body":{}}"#), "unknown-kind");
        assert_eq!(code(&ACTION.replacen('{', r#"{"bogus":1,"#, 1)), "unknown-field");
        assert_eq!(code(&ACTION.replacen('{', r#"{"at":1.5,"#, 1)), "draft-json");
        assert_eq!(code(&ACTION.replacen('{', r#"{"v":2,"#, 1)), "unknown-version");
        let mut labels = Labels::default();
        labels.define("a".into(), StatementId::new([0; 32])).unwrap();
        assert_eq!(
            labels.define("a".into(), StatementId::new([1; 32])).unwrap_err().code(),
            "draft-label-twice"
        );
    }
}
