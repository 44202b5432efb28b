//! What is asked: the request's shape, and the permit that it becomes.

use axum::http::StatusCode;
use schemas::ids::LogId;
use schemas::payload::Payload;
use schemas::time::Time;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use verifier::profile::Profile;

use crate::http::problem::Problem;

/// Who wants to do what to what. What is absent of an item of many is as in the request around it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(in crate::http) struct EvaluationRequest {
    /// Who acts: `{type, id, properties?}`.
    #[schema(value_type = Option<Object>)]
    subject: Option<Entity>,
    /// What for: `{name, properties?}`; of the properties `class` is judged.
    #[schema(value_type = Option<Object>)]
    action: Option<Named>,
    /// On what: `{type, id, properties?}`.
    #[schema(value_type = Option<Object>)]
    resource: Option<Entity>,
    /// What the request relies on: `delegation`, `credential`, `approval`, `task`, `tenant`, `request`, `quantities`, `inputs`.
    #[serde(default)]
    #[schema(value_type = Object)]
    context: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
struct Entity {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

/// Several evaluations.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(in crate::http) struct EvaluationsRequest {
    #[serde(flatten)]
    pub(super) around: EvaluationRequest,
    /// The items; none: the request itself is the one.
    #[serde(default)]
    pub(super) evaluations: Vec<EvaluationRequest>,
    #[serde(default)]
    pub(super) options: Options,
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(in crate::http) struct Options {
    /// `execute_all` (the default), `deny_on_first_deny` or `permit_on_first_permit`.
    #[serde(default)]
    pub(super) evaluations_semantic: Semantic,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl EvaluationRequest {
    /// The item, with what it leaves out as it is around it.
    pub(super) fn within(self, around: &Self) -> Self {
        let mut context = around.context.clone();
        context.extend(self.context);
        Self {
            subject: self.subject.or_else(|| around.subject.clone()),
            action: self.action.or_else(|| around.action.clone()),
            resource: self.resource.or_else(|| around.resource.clone()),
            context,
        }
    }

    /// The permit that would be logged.
    pub(super) fn permit(self, log: LogId, profile: &Profile, now: Time) -> Result<Payload, Problem> {
        let missing = |what: &str| bad_request(format!("`{what}` is missing"));
        let subject = self.subject.ok_or_else(|| missing("subject"))?;
        let action = self.action.ok_or_else(|| missing("action"))?;
        let resource = self.resource.ok_or_else(|| missing("resource"))?;
        let mut body = json!({
            "ruling": "permit",
            "actor": subject.principal(),
            "action": { "name": action.name },
            "resources": [resource.name()],
            "evaluated_at": now,
            "requested_at": now,
            "valid_until": now.later(profile.freshness),
            "revocations_at": now,
            "policy": { "engine": "writ", "id": profile.name, "revision": profile.version.to_string() },
            "granularity": if self.context.contains_key("request") { "parameters" } else { "call" },
            "basis": "policy",
        });
        if let Some(class) = action.properties.get("class") {
            body["action"]["class"] = class.clone();
        }
        for field in ["delegation", "credential", "approval", "request", "quantities", "inputs"] {
            if let Some(value) = self.context.get(field) {
                body[field] = value.clone();
            }
        }
        let mut payload = json!({
            "v": 1, "kind": "decision", "log": log, "tenant": "default", "vantage": "authority", "at": now, "body": body,
        });
        for field in ["task", "tenant"] {
            if let Some(value) = self.context.get(field) {
                payload[field] = value.clone();
            }
        }
        Payload::from_json(&payload).map_err(|error| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "not-a-decision",
                format!("as a decision: {error}"),
            )
        })
    }
}

impl Entity {
    /// The principal's URI: the id where it is one, else `type:id`.
    fn principal(&self) -> String {
        if self.id.contains(':') { self.id.clone() } else { format!("{}:{}", self.kind, self.id) }
    }

    /// The resource's name: `type/id`, or the id alone where it is a path or URI already.
    fn name(&self) -> String {
        if self.id.contains(['/', ':']) { self.id.clone() } else { format!("{}/{}", self.kind, self.id) }
    }
}

pub(super) fn bad_request(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "not-an-evaluation", detail)
}
