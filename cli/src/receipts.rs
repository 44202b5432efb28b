//! Whether the log's answer proves that what was posted is logged.

use std::collections::BTreeMap;

use gateway::client::{AppendStatus, Appended, Client, Placed};
use gateway::forward::ReceiptError;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::note::Note;
use schemas::proof::InclusionProof;
use verifier::checkpoint::VerifiedHead;
use verifier::merkle::leaf_hash;

use crate::trust::Trust;

/// Checks the head's signature under the pinned key, and each entry's bytes and path to it.
pub(crate) fn check(
    trust: &Trust,
    client: &Client,
    statements: &[&Statement],
    appended: &Appended,
) -> Result<(Note, VerifiedHead), ReceiptError> {
    let note = Note::parse(appended.head.as_bytes()).map_err(|e| receipt(e.code(), e.to_string()))?;
    let head = trust.verify_head(&note).map_err(|failure| {
        let got = failure.got.map(|got| format!("; it is signed by {got}")).unwrap_or_default();
        receipt(&failure.code, format!("{}{got}", failure.what))
    })?;
    let mut placed: Vec<(u64, &Statement, &Placed)> = Vec::new();
    for (statement, result) in statements.iter().zip(&appended.results) {
        if matches!(result.status, AppendStatus::Appended | AppendStatus::Duplicate) {
            let missing = || {
                receipt("receipt-incomplete", format!("the answer for {} lacks its index", statement.id()))
            };
            placed.push((result.index.ok_or_else(missing)?, statement, result));
        }
    }
    placed.sort_by_key(|(index, ..)| *index);
    let mut entries = Entries { client, ahead: BTreeMap::new() };
    for (at, (index, statement, result)) in placed.iter().enumerate() {
        // Neighbours are mostly appended together and fetched together.
        let run =
            placed[at..].iter().zip(*index..).take_while(|((next, ..), expected)| next == expected).count();
        check_one(&head, &entries.get(*index, run as u64)?, statement, result)?;
    }
    Ok((note, head))
}

/// Entries fetched a few at a time.
struct Entries<'a> {
    client: &'a Client,
    ahead: BTreeMap<u64, Vec<u8>>,
}

impl Entries<'_> {
    fn get(&mut self, index: u64, run: u64) -> Result<Vec<u8>, ReceiptError> {
        if !self.ahead.contains_key(&index) {
            let fetched = self.client.entries(index, index.saturating_add(run));
            let fetched =
                fetched.map_err(|e| receipt("receipt-incomplete", format!("entry #{index}: {e}")))?;
            self.ahead = (index..).zip(fetched).collect();
        }
        self.ahead
            .remove(&index)
            .ok_or_else(|| receipt("receipt-incomplete", format!("entry #{index} is missing")))
    }
}

fn check_one(
    head: &VerifiedHead,
    entry: &[u8],
    statement: &Statement,
    placed: &Placed,
) -> Result<(), ReceiptError> {
    let decoded = Entry::decode(entry).map_err(|e| receipt(e.code(), e.to_string()))?;
    let index = decoded.index.0;
    if Some(index) != placed.index || decoded.statement != statement.envelope.bytes() {
        let what =
            format!("entry {:?} is not the statement {} that was posted", placed.index, statement.id());
        return Err(receipt("receipt-other-entry", what));
    }
    let proof = InclusionProof { index, size: head.size(), path: placed.proof.clone() };
    let proved = head.verify_inclusion(&proof, leaf_hash(entry));
    proved.map(|_| ()).map_err(|e| receipt(e.code(), format!("entry #{index}: {e}")))
}

fn receipt(code: &str, what: String) -> ReceiptError {
    ReceiptError { code: code.into(), what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testlog::{TestLog, serve};

    /// A log of genesis and one posted statement, and the honest answer to it.
    fn posted() -> (TestLog, Statement, Appended) {
        let mut log = TestLog::new();
        let statement = log.note_by_registrar(5, "posted");
        log.append(&statement);
        let placed = Placed {
            id: Some(statement.id()),
            index: Some(1),
            status: AppendStatus::Appended,
            code: None,
            detail: None,
            warnings: Vec::new(),
            proof: log.path(1, 2),
        };
        let head = log.head(2).to_string();
        (log, statement, Appended { head, results: vec![placed] })
    }

    fn code(log: &TestLog, statement: &Statement, appended: &Appended, entry: Vec<u8>) -> Option<String> {
        let client = serve(vec![("/v1/entries?start=1&limit=1".into(), entry)]);
        check(&log.trust(), &client, &[statement], appended).err().map(|error| error.code)
    }

    #[test]
    fn an_honest_receipt_is_believed() {
        let (log, statement, appended) = posted();
        assert_eq!(code(&log, &statement, &appended, log.entry_answer(1)), None);
    }

    #[test]
    fn a_receipt_for_another_entry_is_not() {
        let (mut log, statement, appended) = posted();
        log.entries[1] = log.entries[0].clone();
        assert_eq!(
            code(&log, &statement, &appended, log.entry_answer(1)).as_deref(),
            Some("receipt-other-entry")
        );
    }

    #[test]
    fn a_receipt_with_another_path_is_not() {
        let (log, statement, mut appended) = posted();
        appended.results[0].proof = vec![schemas::tree::TreeHash::new([0; 32])];
        assert_eq!(
            code(&log, &statement, &appended, log.entry_answer(1)).as_deref(),
            Some("proof-root-mismatch")
        );
        appended.results[0].proof.clear();
        assert_eq!(code(&log, &statement, &appended, log.entry_answer(1)).as_deref(), Some("proof-length"));
    }

    #[test]
    fn a_receipt_under_another_logs_head_is_not() {
        let (log, statement, appended) = posted();
        let other = TestLog::new();
        let refused = code(&other, &statement, &appended, log.entry_answer(1));
        assert_eq!(refused.as_deref(), Some("note-not-by-trusted-key"));
    }

    #[test]
    fn a_receipt_without_a_place_is_not() {
        let (log, statement, mut appended) = posted();
        appended.results[0].index = None;
        assert_eq!(
            code(&log, &statement, &appended, log.entry_answer(1)).as_deref(),
            Some("receipt-incomplete")
        );
    }
}
