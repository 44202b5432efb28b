//! What came of a registration, in words and as a document.

use schemas::ids::{KeyId, StatementId};
use schemas::kinds::RoleGrant;
use schemas::text::PrincipalId;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::render::{statement, submitted};
use crate::schema;
use crate::submitted::{HeadDocument, SubmitResult, Submitted};

/// A registered key.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Registered<'a> {
    pub(super) kid: KeyId,
    pub(super) principal: &'a PrincipalId,
    /// What the key may speak for now.
    pub(super) roles: &'a [RoleGrant],
    /// What it could speak for before, where that was something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replaced: Option<&'a [RoleGrant]>,
    /// The statement that registers it.
    pub(super) id: StatementId,
    pub(super) index: u64,
}

/// `writ keys register --json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    status: Status,
    #[serde(flatten)]
    registered: Registered<'a>,
    /// `verified` under the pinned key, or `unchecked`; absent where nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipts: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<HeadDocument>,
    /// What was sent: the key's registration, the principal's, what was left over from before.
    results: &'a [SubmitResult],
}

/// Whether anything was to be done.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Appended,
    Unchanged,
}

impl Registered<'_> {
    /// Says that all was as it should be already.
    pub(super) fn unchanged(&self, context: &Context) -> Result<Exit, Failure> {
        if context.output.json {
            context.output.document(&self.document(None))?;
        } else {
            let Self { kid, principal, roles, index, .. } = self;
            let roles = named_roles(roles);
            let text = format!("already registered at #{index}: {kid} of {principal}, {roles}\n");
            context.output.text(&printable(&text))?;
        }
        Ok(Exit::Ok)
    }

    /// Says what was appended for it.
    pub(super) fn appended(&self, context: &Context, submitted: &Submitted) -> Result<Exit, Failure> {
        if context.output.json {
            context.output.document(&self.document(Some(submitted)))?;
        } else {
            let roles = statement::roles(self.roles);
            let change = self.replaced.map(|before| format!("replaces {} with {roles}", named_roles(before)));
            context.output.text(&submitted::text(submitted, change.as_deref()))?;
        }
        submitted::warn(context, submitted);
        Ok(Exit::Ok)
    }

    fn document<'a>(&'a self, sent: Option<&'a Submitted>) -> Document<'a> {
        Document {
            schema: schema::KEY_REGISTERED,
            status: if sent.is_some() { Status::Appended } else { Status::Unchanged },
            registered: *self,
            receipts: sent.map(Submitted::receipts),
            head: sent.and_then(Submitted::as_of),
            results: sent.map_or(&[], |sent| &sent.results),
        }
    }
}

/// `role principal`, `roles approver, principal`.
fn named_roles(roles: &[RoleGrant]) -> String {
    format!("{} {}", if roles.len() == 1 { "role" } else { "roles" }, statement::roles(roles))
}

#[cfg(test)]
mod tests {
    use schemas::kinds::Role;

    use super::*;

    #[test]
    fn the_document_is_described_by_its_schema_new_or_unchanged() {
        let principal = PrincipalId::new("user:a").unwrap();
        let roles = [RoleGrant { role: Role::Pdp, about: Vec::new(), tenants: Vec::new() }];
        let (kid, id) = (KeyId::new([1; 32]), StatementId::new([2; 32]));
        let registered =
            Registered { kid, principal: &principal, roles: &roles, replaced: Some(&roles), id, index: 3 };
        crate::schema::tests::assert_described(&registered.document(Some(&Submitted::default())));
        let registered = Registered { replaced: None, ..registered };
        crate::schema::tests::assert_described(&registered.document(None));
    }
}
