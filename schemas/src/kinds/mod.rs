//! What statements say: one body type a kind (design §4). `docs/format.md` lists every field.

mod action;
mod approval;
mod assertion;
mod correction;
mod credential;
mod decision;
mod delegation;
mod genesis;
mod key;
mod policy;
mod principal;
mod revocation;
mod shared;
mod stream;
mod task;

pub use action::{Action, Effect, Outcome, Phase};
pub use approval::{Approval, ApprovalScope};
pub use assertion::{Assertion, IndexRoot, TermRow};
pub use correction::Correction;
pub use credential::{Credential, CredentialOp};
pub use decision::{ActionName, Decision, PolicyRef, Ruling};
pub use delegation::{Delegation, Evidence, Presented};
pub use genesis::{Genesis, LogKey, Parameters, Predecessor, Use};
pub use key::{Key, KeyOp, Role, RoleGrant, pop_bytes};
pub use policy::Policy;
pub use principal::{Link, Principal, PrincipalType, Status};
pub use revocation::{Revocation, Target, TargetKind};
pub(crate) use shared::require;
pub use shared::{Autonomy, BodyError, Digest, Enforcement};
pub use stream::{Stream, StreamOp};
pub use task::{Plan, Task, TaskOp};
