//! What is known of the credential that a request presents: how it was issued, and to whom it is known to belong.

use alloc::vec::Vec;

use schemas::kinds::{Credential, CredentialOp};
use schemas::payload::{Body, Payload};
use schemas::reference::ForeignRef;

use super::case::Case;
use super::resolve::issues_of;
use crate::evidence::Record;

/// A sound statement on a credential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issue<'e> {
    pub(crate) record: &'e Record,
    pub(crate) payload: &'e Payload,
    pub(crate) credential: &'e Credential,
}

impl<'e> Issue<'e> {
    /// Every sound statement on the credential that a case presents, by the moment or not, ascending by index.
    pub(crate) fn all(case: &Case<'e>) -> Vec<Self> {
        case.request.credential.map(|presented| Self::all_of(case, presented)).unwrap_or_default()
    }

    /// The same of any credential.
    pub(crate) fn all_of(case: &Case<'e>, presented: &ForeignRef) -> Vec<Self> {
        let found = issues_of(case.ground, case.request.tenant, presented);
        let issue = |record: &'e Record| {
            let payload = record.payload.as_ref()?;
            match &payload.body {
                Body::Credential(credential) => Some(Self { record, payload, credential }),
                _ => None,
            }
        };
        found.into_iter().filter_map(issue).collect()
    }

    /// How the presented credential came about: the latest issue or exchange that was made by the moment.
    pub(crate) fn of(case: &Case<'e>) -> Option<Self> {
        let by_then = case.moment.claimed.later(case.profile.skew);
        let is_one =
            |issue: &Self| issue.credential.op != CredentialOp::Authenticate && issue.payload.at <= by_then;
        Self::all(case).into_iter().filter(is_one).max_by_key(|issue| (issue.payload.at, issue.record.index))
    }
}
