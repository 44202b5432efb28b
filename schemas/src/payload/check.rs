//! What must hold across a payload's fields, beyond the form of each.

use super::{Body, Kind, PAYLOAD_VERSION, Payload, Vantage};
use crate::kinds::{BodyError, require};
use crate::limits::LIST_ITEMS_MAX;

impl Payload {
    pub(super) fn check(&self) -> Result<(), BodyError> {
        require(self.v == PAYLOAD_VERSION, "v", "is 1", &self.v)?;
        require(self.kind == self.body.kind(), "kind", "is the kind of the body", &self.kind)?;
        let is_genesis = self.kind == Kind::Genesis;
        require(
            self.log.is_none() == is_genesis,
            "log",
            "is absent in genesis and present elsewhere",
            &self.kind,
        )?;
        require(self.stream.is_some() == self.seq.is_some(), "seq", "goes with stream", &self.kind)?;
        let imported = self.vantage == Vantage::Imported;
        require(self.source.is_some() == imported, "source", "goes with vantage imported", &self.vantage)?;
        require(
            !(imported && self.stream.is_some()),
            "stream",
            "never goes with vantage imported",
            &self.vantage,
        )?;
        require(
            self.kind != Kind::Stream || self.stream.is_some(),
            "stream",
            "is present in kind stream",
            &self.kind,
        )?;
        require(
            self.kind != Kind::Task || self.task.is_some(),
            "task",
            "is present in kind task",
            &self.kind,
        )?;
        require(self.refs.len() <= LIST_ITEMS_MAX, "refs", "has at most 1,024 items", &self.refs.len())?;
        require(
            self.attachments.len() <= LIST_ITEMS_MAX,
            "attachments",
            "has at most 1,024 items",
            &self.attachments.len(),
        )?;
        if let Some(source) = &self.source {
            require(source.digest.0.len() == 32, "source.digest", "has 32 bytes", &source.digest.0.len())?;
        }
        if let Some(trace) = &self.trace {
            require(trace.trace_id.0.len() == 16, "trace.trace_id", "has 16 bytes", &trace.trace_id.0.len())?;
            require(trace.span_id.0.len() == 8, "trace.span_id", "has 8 bytes", &trace.span_id.0.len())?;
        }
        for attachment in &self.attachments {
            let len = attachment.digest.0.len();
            require(len == 32, "attachments.digest", "has 32 bytes", &len)?;
        }
        self.body.check()
    }
}

impl Body {
    fn check(&self) -> Result<(), BodyError> {
        match self {
            Self::Genesis(body) => body.check(),
            Self::Key(body) => body.check(),
            Self::Link(body) => body.check(),
            Self::Task(body) => body.check(),
            Self::Delegation(body) => body.check(),
            Self::Credential(body) => body.check(),
            Self::Decision(body) => body.check(),
            Self::Approval(body) => body.check(),
            Self::Action(body) => body.check(),
            Self::Revocation(body) => body.check(),
            Self::Policy(body) => body.check(),
            Self::Stream(body) => body.check(),
            Self::Assertion(body) => body.check(),
            Self::Principal(_) | Self::IndexRoot(_) | Self::Correction(_) => Ok(()),
        }
    }
}
