//! `stream`: an emitter opens, keeps alive or closes its sequence, or gives up numbers of it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, require, require_list};
use crate::ids::StreamId;
use crate::words::words;

/// One event of an emitter's sequence; the envelope's `stream` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// What happens.
    pub op: StreamOp,
    /// With `open`: the stream before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<StreamId>,
    /// With `heartbeat` and `close`: the next number to be given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// With `void`: numbers that no statement will carry.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub void: Vec<u64>,
}

words!(
    /// Events of a sequence.
    StreamOp {
        /// It begins.
        Open = "open",
        /// It goes on.
        Heartbeat = "heartbeat",
        /// It ends.
        Close = "close",
        /// Numbers are given up.
        Void = "void",
    }
);

impl Stream {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        require(
            self.previous.is_none() || self.op == StreamOp::Open,
            "body.previous",
            "goes with open alone",
            &self.op,
        )?;
        let counts = matches!(self.op, StreamOp::Heartbeat | StreamOp::Close);
        require(self.next.is_some() == counts, "body.next", "goes with heartbeat and close", &self.op)?;
        require(
            self.void.is_empty() != (self.op == StreamOp::Void),
            "body.void",
            "goes with void alone",
            &self.op,
        )?;
        require_list(&self.void, "body.void")
    }
}
