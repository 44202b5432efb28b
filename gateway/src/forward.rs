//! Brings signed statements to the log in batches, and says what became of each.

use std::ops::Range;

use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::limits::{BATCH_BYTES_MAX, BATCH_STATEMENTS_MAX};
use thiserror::Error;

use crate::client::{AppendStatus, Appended, Client, ClientError, Placed};
use crate::spool::{Fate, SpoolError};

/// What became of one statement.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The statement.
    pub id: StatementId,
    /// Its number, where it has one.
    pub seq: Option<u64>,
    /// What became of it.
    pub placed: Placed,
}

impl Outcome {
    /// What the spool is to note.
    pub fn fate(&self) -> Fate {
        match self.placed.status {
            AppendStatus::Appended | AppendStatus::Duplicate | AppendStatus::AlreadyImported => Fate::Logged,
            AppendStatus::Refused => Fate::Refused,
        }
    }
}

/// Checks a batch's answer before anything is believed to be logged: statements and answer, in the same order.
pub type CheckReceipts<'a> = dyn FnMut(&[&Statement], &Appended) -> Result<(), ReceiptError> + 'a;

/// An answer that does not prove what it says.
#[derive(Debug, Error)]
#[error("{what}")]
pub struct ReceiptError {
    /// Stable name of the error.
    pub code: String,
    /// What was expected and what was met.
    pub what: String,
}

/// Why statements could not be brought to the log.
#[derive(Debug, Error)]
pub enum ForwardError {
    /// The server could not be asked, or gave no usable answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server's answer does not prove what it says.
    #[error("the log's answer proves nothing: {0}")]
    Receipt(#[from] ReceiptError),
    /// The spool could not be read or written.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl ForwardError {
    /// Stable name of the error.
    pub fn code(&self) -> &str {
        match self {
            Self::Client(error) => error.code(),
            Self::Receipt(error) => &error.code,
            Self::Spool(error) => error.code(),
        }
    }
}

/// Posts statements in their order, batch by batch, and hands over what became of each batch.
///
/// Where a later batch fails, what was handed over before stands.
pub fn deliver(
    client: &Client,
    statements: &[Statement],
    check: &mut CheckReceipts<'_>,
    settled: &mut dyn FnMut(Vec<Outcome>) -> Result<(), SpoolError>,
) -> Result<(), ForwardError> {
    for batch in batches(statements) {
        settled(post(client, &statements[batch], check)?)?;
    }
    Ok(())
}

/// Posts one batch, which must not be larger than [`batches`] makes them.
pub fn post(
    client: &Client,
    statements: &[Statement],
    check: &mut CheckReceipts<'_>,
) -> Result<Vec<Outcome>, ForwardError> {
    let refs: Vec<&Statement> = statements.iter().collect();
    let appended = match client.append(&refs) {
        Ok(appended) => appended,
        Err(error) => return refused_alone(statements, error),
    };
    check(&refs, &appended)?;
    let outcomes = statements.iter().zip(appended.results);
    Ok(outcomes.map(|(s, placed)| Outcome { id: s.id(), seq: s.payload.seq, placed }).collect())
}

/// Statements cut into ranges that each fit one request, in order.
pub fn batches(statements: &[Statement]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let mut bytes = 0_usize;
        let fits = statements.get(start..)?.iter().take(BATCH_STATEMENTS_MAX).take_while(|statement| {
            bytes = bytes.saturating_add(statement.envelope.bytes().len());
            bytes <= BATCH_BYTES_MAX
        });
        let end = start + fits.count();
        let batch = start..end;
        start = end;
        (!batch.is_empty()).then_some(batch)
    })
}

/// A problem in answer to a single statement is that statement's refusal where trying again cannot help.
fn refused_alone(statements: &[Statement], error: ClientError) -> Result<Vec<Outcome>, ForwardError> {
    match (statements, error) {
        ([statement], ClientError::Refused { status: 400..=499, code, detail, .. })
            if !is_about_the_request(&code) =>
        {
            let placed = Placed {
                id: Some(statement.id()),
                index: None,
                status: AppendStatus::Refused,
                code: Some(code),
                detail: Some(detail),
                warnings: Vec::new(),
                proof: Vec::new(),
            };
            Ok(vec![Outcome { id: statement.id(), seq: statement.payload.seq, placed }])
        }
        (_, error) => Err(error.into()),
    }
}

/// Whether a problem speaks of the request and not of the statement: a wrong address answers 404 to anything.
fn is_about_the_request(code: &str) -> bool {
    code.starts_with("http-")
        || matches!(
            code,
            "no-such-route" | "method-not-allowed" | "timeout" | "bad-query" | "unsupported-media-type"
        )
}

#[cfg(test)]
mod tests {
    use schemas::payload::Payload;
    use schemas::text::PrincipalId;

    use super::*;
    use crate::signer::Signer;
    use keyfile::SecretKey;

    fn statements(count: usize, ref_bytes: usize) -> Vec<Statement> {
        let signer = Signer::new(SecretKey::generate().unwrap(), PrincipalId::new("user:a").unwrap());
        let statement = |at: usize| {
            let mut json = serde_json::json!({
                "v": 1, "kind": "correction", "log": "ab".repeat(32), "tenant": "t", "at": at, "vantage": "authority",
                "body": {"about": "cd".repeat(32), "note": "n"}
            });
            if ref_bytes > 0 {
                json["refs"] =
                    vec![serde_json::json!(["x", "y:z", "n".repeat(2000)]); ref_bytes / 2000].into();
            }
            signer.sign(&Payload::from_json(&json).unwrap()).unwrap()
        };
        (0..count).map(statement).collect()
    }

    #[test]
    fn batches_keep_order_lose_nothing_and_stay_within_the_bounds() {
        let large = statements(150, 60_000);
        let ranges: Vec<_> = batches(&large).collect();
        assert!(ranges.len() > 1);
        assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), (0..150).collect::<Vec<_>>());
        for range in ranges {
            let bytes: usize = large[range].iter().map(|s| s.envelope.bytes().len()).sum();
            assert!(bytes <= BATCH_BYTES_MAX);
        }
        let one = statements(1, 0);
        let many: Vec<Statement> = vec![one[0].clone(); BATCH_STATEMENTS_MAX + 1];
        assert_eq!(
            batches(&many).collect::<Vec<_>>(),
            [0..BATCH_STATEMENTS_MAX, BATCH_STATEMENTS_MAX..BATCH_STATEMENTS_MAX + 1]
        );
        assert_eq!(batches(&[]).count(), 0);
    }

    #[test]
    fn a_wrong_address_is_not_taken_for_a_refused_statement() {
        let one = statements(1, 0);
        let refused = |status, code: &str| ClientError::Refused {
            server: String::new(),
            request: Box::default(),
            status,
            code: code.into(),
            detail: String::new(),
            retry_after: None,
            instead: Box::default(),
        };
        assert!(refused_alone(&one, refused(404, "http-404")).is_err());
        assert!(refused_alone(&one, refused(503, "queue-full")).is_err());
        let outcomes = refused_alone(&one, refused(422, "signer-not-entitled")).unwrap();
        assert_eq!(outcomes[0].placed.status, AppendStatus::Refused);
        assert_eq!(outcomes[0].placed.code.as_deref(), Some("signer-not-entitled"));
    }
}
