//! What became of statements that were sent.

use gateway::client::AppendStatus;
use gateway::forward::Outcome;
use schemas::ids::StatementId;
use schemas::payload::Kind;
use serde::Serialize;
use verifier::checkpoint::VerifiedHead;

use crate::failure::Failure;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Submitted {
    /// One for each statement, those left over from before first.
    pub(crate) results: Vec<SubmitResult>,
    /// The head that all receipts lead to, where it was checked.
    pub(crate) head: Option<VerifiedHead>,
    /// Why sending broke off, if it did.
    pub(crate) broke_off: Option<Failure>,
    /// How many signed statements are kept to be sent again.
    pub(crate) kept: usize,
}

/// What became of one statement.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SubmitResult {
    /// Line of the draft; absent where it was left over from before or made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    pub(crate) kind: Kind,
    pub(crate) id: StatementId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<u64>,
    pub(crate) status: AppendStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

impl Submitted {
    /// The head in JSON form.
    pub(crate) fn as_of(&self) -> Option<HeadDocument> {
        self.head.as_ref().map(HeadDocument::of)
    }

    /// Whether the receipts were checked.
    pub(crate) fn receipts(&self) -> &'static str {
        if self.head.is_some() { "verified" } else { "unchecked" }
    }

    /// The failure to end with, if any statement was refused or sending broke off.
    pub(crate) fn failure(&self) -> Option<Failure> {
        if let Some(failure) = &self.broke_off {
            let kept = self.kept;
            return Some(match kept {
                0 => failure.clone(),
                _ => failure.clone().next(format!(
                    "`writ append` with this key once the server is back: it sends the {} kept here first",
                    plural(kept as u64, "signed statement"),
                )),
            });
        }
        let refused = self.results.iter().find(|result| result.status == AppendStatus::Refused)?;
        let detail = refused.detail.clone().unwrap_or_else(|| "no reason given".into());
        let code = refused.code.clone().unwrap_or_else(|| "refused".into());
        let line = refused.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        Some(Failure::new(code, format!("{line}the log refuses the {} statement: {detail}", refused.kind)))
    }
}

/// A head that was verified.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HeadDocument {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: String,
}

impl HeadDocument {
    pub(crate) fn of(head: &VerifiedHead) -> Self {
        Self { origin: head.origin().to_string(), size: head.size(), root: head.root().to_hex() }
    }
}

impl SubmitResult {
    pub(crate) fn new(line: Option<usize>, kind: Kind, outcome: Outcome) -> Self {
        let placed = outcome.placed;
        Self {
            line,
            kind,
            id: placed.id.unwrap_or(outcome.id),
            index: placed.index,
            status: placed.status,
            code: placed.code,
            detail: placed.detail,
            warnings: placed.warnings,
        }
    }
}

/// `1 file`, `2 files`.
pub(crate) fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
