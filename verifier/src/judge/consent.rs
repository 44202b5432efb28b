//! The approval that a request relied on, whether it names it itself or its decision does.

use schemas::kinds::Approval;
use schemas::payload::{Body, Kind, Payload};
use schemas::text::PrincipalId;

use super::case::Case;
use super::uses::Cited;
use crate::evidence::Record;

/// An approval and its statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consent<'e> {
    pub(crate) record: &'e Record,
    pub(crate) payload: &'e Payload,
    pub(crate) approval: &'e Approval,
}

impl<'e> Consent<'e> {
    /// The approval of a statement that is one.
    pub(crate) fn of_record(record: &'e Record) -> Option<Self> {
        let payload = record.payload.as_ref()?;
        match &payload.body {
            Body::Approval(approval) => Some(Self { record, payload, approval }),
            _ => None,
        }
    }

    /// The approval that a case rests on.
    pub(crate) fn of(case: &Case<'e>) -> Option<Self> {
        Self::of_record(case.request.approval.as_ref()?.resolution.one()?)
    }

    /// The approvals that say of themselves that they replace this one; whether these are known to be all is asked elsewhere.
    pub(crate) fn later(&self, case: &Case<'e>) -> impl Iterator<Item = Self> + use<'e> {
        let cited = Cited::of(case.ground, self.record, Kind::Approval, &[], |payload| match &payload.body {
            Body::Approval(later) => later.supersedes.as_ref(),
            _ => None,
        });
        cited.records.into_iter().filter_map(Self::of_record)
    }

    /// Who gave it.
    pub(crate) fn approver(&self) -> &'e PrincipalId {
        &self.approval.approver
    }
}
