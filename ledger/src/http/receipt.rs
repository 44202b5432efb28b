//! The answer to posted statements: the receipt in JSON, written in one go.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use schemas::tree::TreeHash;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::outcome::{Outcome, Refused, Warning};
use crate::submit::Answer;

/// What became of posted statements: the receipt is in the answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReceiptJson {
    /// The signed note of the head that all proofs lead to.
    head: String,
    /// One result for each statement, in order.
    results: Vec<ResultJson>,
}

/// What became of one statement.
#[derive(Debug, Serialize, ToSchema)]
struct ResultJson {
    /// Statement id; with `already-imported` that of the statement that is there.
    id: Option<String>,
    /// Place of the entry; nothing where there is none.
    index: Option<u64>,
    /// `appended`, `duplicate`, `already-imported` or `refused`.
    status: &'static str,
    /// Stable name of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What was expected and what was met.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// `seq-conflict`: another statement holds the same number of the sequence. `too-few-registrars`: fewer registrars are left
    /// than a change of registrars needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
    /// Inclusion path of the entry under `head`, leaf's sibling first, in hex.
    #[schema(value_type = Vec<String>)]
    proof: Vec<Hex>,
}

/// A hash that is written in hex where it goes.
#[derive(Debug)]
struct Hex(TreeHash);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0; 64];
        HEXLOWER.encode_mut(self.0.as_bytes(), &mut digits);
        serializer.serialize_str(str::from_utf8(&digits).map_err(S::Error::custom)?)
    }
}

impl From<Answer> for ReceiptJson {
    fn from(answer: Answer) -> Self {
        let head = answer.published.note.to_string();
        let results = answer.results.into_iter().zip(answer.proofs);
        Self { head, results: results.map(|(outcome, proof)| ResultJson::new(outcome, proof)).collect() }
    }
}

/// Bytes of a receipt besides its note and its results, and of a result besides its proof, about.
const RECEIPT_FRAME_BYTES: usize = 256;

/// Bytes of a hash in a proof.
const PROOF_HASH_BYTES: usize = 67;

impl IntoResponse for ReceiptJson {
    fn into_response(self) -> Response {
        let hashes: usize = self.results.iter().map(|result| result.proof.len()).sum();
        let frames = self.results.len().saturating_add(1).saturating_mul(RECEIPT_FRAME_BYTES);
        let bytes = self.head.len() + frames + hashes.saturating_mul(PROOF_HASH_BYTES);
        let mut body = Vec::with_capacity(bytes);
        match serde_json::to_writer(&mut body, &self) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Problem::internal(error.to_string()).into_response(),
        }
    }
}

impl ResultJson {
    fn new(outcome: Outcome, proof: Vec<TreeHash>) -> Self {
        let proof = proof.into_iter().map(Hex).collect();
        let plain = |status, id: schemas::ids::StatementId, index: schemas::time::Index| Self {
            id: Some(id.to_hex()),
            index: Some(index.0),
            status,
            code: None,
            detail: None,
            warnings: Vec::new(),
            proof: Vec::new(),
        };
        match outcome {
            Outcome::Appended { id, index, warnings } => {
                let warnings = warnings.into_iter().map(Warning::code).collect();
                Self { warnings, proof, ..plain("appended", id, index) }
            }
            Outcome::Duplicate { id, index } => Self { proof, ..plain("duplicate", id, index) },
            Outcome::AlreadyImported { id, index } => Self { proof, ..plain("already-imported", id, index) },
            Outcome::Refused(Refused { id, code, detail }) => Self {
                id: id.map(|id| id.to_hex()),
                index: None,
                status: "refused",
                code: Some(code),
                detail: Some(detail),
                warnings: Vec::new(),
                proof,
            },
        }
    }
}
