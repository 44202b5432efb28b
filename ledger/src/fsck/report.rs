//! Findings, and the report that they make.

use std::collections::BTreeSet;
use std::fmt;

use data_encoding::HEXLOWER;
use schemas::tree::TreeHash;
use serde::Serialize;

use crate::exit::Exit;
use crate::store::{Column, StoreError};

/// Most findings that are listed.
const FINDINGS_MAX: usize = 1_000;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Stable name.
    pub code: &'static str,
    /// The column, where one row or column is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<&'static str>,
    /// The row's key in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The first entry concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// What was expected and what was met.
    pub detail: String,
}

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `writ.fsck/1`.
    pub schema: &'static str,
    /// Whether everything holds.
    pub ok: bool,
    /// Number of entries of the tree that was recomputed.
    pub size: u64,
    /// Root recomputed from them, in hex; empty where none could be read.
    pub root: String,
    /// The lowest index that any finding names.
    pub first_bad: Option<u64>,
    /// The findings, by index.
    pub findings: Vec<Finding>,
    /// Words of the store and the system, which name files. For people: the same bytes elsewhere have others.
    #[serde(skip)]
    pub words: Vec<String>,
    /// Size of the backup that the log was restored from, while it is not reconciled.
    #[serde(skip)]
    pub restored: Option<u64>,
}

/// Collects findings.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: BTreeSet<(u64, Finding)>,
    more: usize,
    /// Columns that could not be read, with what could not be done: said once, at the first entry concerned.
    unreadable: BTreeSet<(Option<Column>, String)>,
    words: BTreeSet<String>,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        if self.list.len() < FINDINGS_MAX {
            self.list.insert((finding.index.unwrap_or(u64::MAX), finding));
        } else {
            self.more += 1;
        }
    }

    /// About one row.
    pub(crate) fn row(
        &mut self,
        code: &'static str,
        column: Column,
        key: &[u8],
        index: Option<u64>,
        detail: impl Into<String>,
    ) {
        let (column, key) = (Some(column.name()), Some(HEXLOWER.encode(key)));
        self.add(Finding { code, column, key, index, detail: detail.into() });
    }

    /// About the log as a whole, or one entry of it.
    pub(crate) fn log(&mut self, code: &'static str, index: Option<u64>, detail: impl Into<String>) {
        self.add(Finding { code, column: None, key: None, index, detail: detail.into() });
    }

    /// The store could not be read: said once for each column, however many rows meet it.
    pub(crate) fn store(&mut self, column: Option<Column>, index: Option<u64>, error: &StoreError) {
        self.heard(error);
        let detail = detail_of(error);
        if self.unreadable.insert((column, detail.clone())) {
            self.add(Finding {
                code: error.code(),
                column: column.map(Column::name),
                key: None,
                index,
                detail,
            });
        }
    }

    /// Entries could not be read, and what that means for those behind them.
    pub(crate) fn entries_unreadable(&mut self, first: u64, error: &StoreError, behind: &str) {
        self.heard(error);
        let (code, column) = (error.code(), Some(Column::Entries.name()));
        let detail = format!("{}; {behind}", detail_of(error));
        self.add(Finding { code, column, key: None, index: Some(first), detail });
    }

    /// Words of the store or the system that name files: they go to people and to the program's log, once.
    pub(crate) fn heard(&mut self, error: &impl fmt::Display) {
        if self.words.insert(error.to_string()) {
            tracing::warn!(%error, "this could not be read");
        }
    }

    pub(super) fn report(self, size: u64, root: Option<TreeHash>) -> Report {
        let first_bad = self.list.iter().find_map(|(_, finding)| finding.index);
        let mut findings: Vec<Finding> = self.list.into_iter().map(|(_, finding)| finding).collect();
        if self.more > 0 {
            let detail = format!("{} more findings are not listed", self.more);
            findings.push(Finding { code: "more-findings", column: None, key: None, index: None, detail });
        }
        let root = root.map(|root| root.to_hex()).unwrap_or_default();
        let words = self.words.into_iter().collect();
        Report {
            schema: "writ.fsck/1",
            ok: findings.is_empty(),
            size,
            root,
            first_bad,
            findings,
            words,
            restored: None,
        }
    }
}

fn detail_of(error: &StoreError) -> String {
    match error {
        StoreError::Damaged { action, .. } | StoreError::Io { action, .. } => format!("could not {action}"),
        StoreError::Absent { .. } => "there is no store; expected one made by `writd init`".to_owned(),
        other => other.to_string(),
    }
}

impl Report {
    /// Whether there are findings, and all of them are about rows that follow from the entries: these can be made again.
    pub fn is_index_alone(&self) -> bool {
        let derived = |finding: &Finding| {
            finding.code == "index-unfinished"
                || Column::DERIVED.iter().any(|column| Some(column.name()) == finding.column)
        };
        !self.ok && self.findings.iter().all(derived)
    }

    /// How the program ends: damage is worse than a rollback.
    pub fn exit(&self) -> Exit {
        let is_rollback =
            |finding: &Finding| matches!(finding.code, "rollback" | "anchor-absent" | "anchor-other-log");
        if self.ok {
            Exit::Ok
        } else if self.findings.iter().all(is_rollback) {
            Exit::Rollback
        } else {
            Exit::Tampered
        }
    }
}
