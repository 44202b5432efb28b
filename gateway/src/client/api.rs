//! The requests that a log's server knows.

use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::limits::{RECEIPT_BYTES_MAX, STATEMENT_BYTES_MAX};
use schemas::note::Note;
use schemas::tile::{TilePath, decode_entry_bundle};
use serde::de::DeserializeOwned;

use super::wire::{
    AppendStatus, Appended, Candidates, ConsistencyAnswer, FoundPage, InclusionAnswer, LogInfo, Placed,
};
use super::{ANSWER_BYTES_MAX, Client, ClientError, JSON, Query, bundle_bytes_max, encode};

/// Entries that are asked for at a time: one C2SP entry bundle.
pub const ENTRIES_PER_REQUEST: u64 = 256;

/// Media type of one statement.
const COSE: &str = "application/cose";
/// Media type of several statements, one after the other (RFC 8742).
const COSE_SEQUENCE: &str = "application/cbor-seq";

impl Client {
    /// Which log the server serves.
    pub fn log(&self) -> Result<LogInfo, ClientError> {
        self.get_json("/v1/log")
    }

    /// Posts statements, in this order. They must fit one batch.
    ///
    /// A single statement that the server refuses is an error here; among several it is a result.
    pub fn append(&self, statements: &[&Statement]) -> Result<Appended, ClientError> {
        let path = "/v1/statements";
        let body = match statements {
            [statement] => self.post(path, (COSE, statement.envelope.bytes()))?,
            several => {
                let bytes: Vec<u8> = several.iter().flat_map(|s| s.envelope.bytes()).copied().collect();
                self.post(path, (COSE_SEQUENCE, &bytes))?
            }
        };
        let appended: Appended = self.read_json("POST /v1/statements", &body)?;
        let agree = |(placed, statement): (&Placed, &&Statement)| match placed.status {
            AppendStatus::Appended | AppendStatus::Duplicate => placed.id == Some(statement.id()),
            AppendStatus::AlreadyImported | AppendStatus::Refused => true,
        };
        if appended.results.len() != statements.len() || !appended.results.iter().zip(statements).all(agree) {
            return Err(
                self.unexpected("POST /v1/statements", "the results are not those of the statements posted")
            );
        }
        Ok(appended)
    }

    /// One statement, as bytes.
    pub fn statement(&self, id: &StatementId) -> Result<Vec<u8>, ClientError> {
        self.get(&format!("/v1/statements/{id}"), COSE, STATEMENT_BYTES_MAX as u64)
    }

    /// A fresh receipt for a statement that is in the log, as bytes.
    pub fn receipt(&self, id: &StatementId) -> Result<Vec<u8>, ClientError> {
        self.get(&format!("/entries/{id}"), COSE, RECEIPT_BYTES_MAX as u64)
    }

    /// Where an entry stands in the tree of this size.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<InclusionAnswer, ClientError> {
        self.get_json(&format!("/v1/proofs/inclusion?index={index}&size={size}"))
    }

    /// A page of the statements for which all conditions hold.
    pub fn search(&self, query: &Query) -> Result<FoundPage, ClientError> {
        self.get_json(&format!("/v1/statements?{}", query.as_str()))
    }

    /// The statements that an id, foreign id or prefix may mean.
    pub fn resolve(&self, id: &str) -> Result<Candidates, ClientError> {
        self.get_json(&format!("/v1/resolve?id={}", encode(id)))
    }

    /// The bundle of a statement, as bytes; with every statement of its task, where that is wanted.
    pub fn bundle(&self, subject: &StatementId, with_task: bool) -> Result<Vec<u8>, ClientError> {
        let with = if with_task { "&with=task" } else { "" };
        self.get(&format!("/v1/bundles?subject={subject}{with}"), "*/*", bundle_bytes_max())
    }

    /// Hashes that lead from the tree of `first` leaves to that of `second`.
    pub fn consistency(&self, first: u64, second: u64) -> Result<ConsistencyAnswer, ClientError> {
        self.get_json(&format!("/v1/proofs/consistency?first={first}&second={second}"))
    }

    /// The latest published checkpoint.
    pub fn checkpoint(&self) -> Result<Note, ClientError> {
        let bytes = self.get("/checkpoint", "*/*", ANSWER_BYTES_MAX)?;
        Note::parse(&bytes).map_err(|e| self.unexpected("GET /checkpoint", &e.to_string()))
    }

    /// Entries from `start` on: at least one and at most [`ENTRIES_PER_REQUEST`], not beyond `end`.
    pub fn entries(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, ClientError> {
        let limit = end.saturating_sub(start).min(ENTRIES_PER_REQUEST);
        let bytes = self.get(&format!("/v1/entries?start={start}&limit={limit}"), "*/*", ANSWER_BYTES_MAX)?;
        let entries =
            decode_entry_bundle(&bytes).map_err(|e| self.unexpected("GET /v1/entries", &e.to_string()))?;
        if entries.len() as u64 > limit {
            return Err(self.unexpected("GET /v1/entries", "more entries than were asked for"));
        }
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// A tile or an entry bundle, as bytes (C2SP tlog-tiles).
    pub fn tile(&self, path: TilePath) -> Result<Vec<u8>, ClientError> {
        self.get(&format!("/{path}"), "*/*", ANSWER_BYTES_MAX)
    }

    /// The answer to a question that has a route of its own.
    pub fn answer<T: DeserializeOwned>(&self, route: &str, query: &Query) -> Result<T, ClientError> {
        self.get_json(&format!("{route}?{}", query.as_str()))
    }

    fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let body = self.get(path, JSON, ANSWER_BYTES_MAX)?;
        self.read_json(&format!("GET {}", path.split('?').next().unwrap_or(path)), &body)
    }

    fn read_json<T: DeserializeOwned>(&self, request: &str, body: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(body).map_err(|e| self.unexpected(request, &e.to_string()))
    }

    pub(super) fn unexpected(&self, request: &str, detail: &str) -> ClientError {
        ClientError::Answer { server: self.server().into(), request: request.into(), detail: detail.into() }
    }
}
