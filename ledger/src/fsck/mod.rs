//! Recomputes everything that a store holds from its entries, and says where it differs. Writes nothing.
//!
//! A difference is a finding, never a failure of the check. Findings name rows, not files, and are the same for the same
//! bytes. The entries are the truth here: whether they are the right ones, only the anchor and verifiers can tell.

mod derived;
mod entries;
mod marks;

use std::collections::BTreeSet;
use std::path::Path;

use data_encoding::HEXLOWER;
use schemas::tree::TreeHash;
use serde::Serialize;

use crate::anchor::{AnchorError, Slots};
use crate::exit::Exit;
use crate::store::rocks::RocksStore;
use crate::store::{Column, Store, StoreError};

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
    /// Number of entries that were read.
    pub size: u64,
    /// Root recomputed from them, in hex; empty where none could be read.
    pub root: String,
    /// The lowest index that any finding names.
    pub first_bad: Option<u64>,
    /// The findings, by index.
    pub findings: Vec<Finding>,
}

/// Collects findings.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: BTreeSet<(u64, Finding)>,
    more: usize,
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

    /// The store could not be read. Its own words name files, so they go to the program's log alone.
    pub(crate) fn store(&mut self, column: Option<Column>, index: Option<u64>, error: &StoreError) {
        tracing::warn!(%error, "the store could not be read");
        let column = column.map(Column::name);
        let detail = match error {
            StoreError::Damaged { action, .. } | StoreError::Io { action, .. } => {
                format!("could not {action}")
            }
            other => other.to_string(),
        };
        self.add(Finding { code: error.code(), column, key: None, index, detail });
    }

    fn report(self, size: u64, root: Option<TreeHash>) -> Report {
        let first_bad = self.list.iter().find_map(|(_, finding)| finding.index);
        let mut findings: Vec<Finding> = self.list.into_iter().map(|(_, finding)| finding).collect();
        if self.more > 0 {
            let detail = format!("{} more findings are not listed", self.more);
            findings.push(Finding { code: "more-findings", column: None, key: None, index: None, detail });
        }
        let root = root.map(|root| root.to_hex()).unwrap_or_default();
        Report { schema: "writ.fsck/1", ok: findings.is_empty(), size, root, first_bad, findings }
    }
}

impl Report {
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

/// Checks the store in a folder and its anchor. A log may be in service meanwhile.
pub fn check_folder(folder: &Path, anchor: &Path) -> Report {
    // Before the store is opened: a log in service moves both, the store first.
    let slots = Slots::read(anchor);
    let mut findings = Findings::default();
    let (store, strangers) = match RocksStore::open_read_only(folder) {
        Ok(opened) => opened,
        Err(error) => {
            findings.store(None, None, &error);
            return findings.report(0, None);
        }
    };
    for name in strangers {
        findings.log("column-unknown", None, format!("there is a column `{name}`"));
    }
    match store.default_family_is_empty() {
        Ok(true) => {}
        Ok(false) => findings.log("column-unknown", None, "there are rows in the column `default`"),
        Err(error) => findings.store(None, None, &error),
    }
    check(&store, slots, findings)
}

/// Checks a store's rows and an anchor.
pub fn check_store(store: &dyn Store, anchor: &Path) -> Report {
    check(store, Slots::read(anchor), Findings::default())
}

fn check(store: &dyn Store, slots: Result<Slots, AnchorError>, mut findings: Findings) -> Report {
    let read = entries::check(store, &mut findings);
    derived::check(store, &read, &mut findings);
    marks::check(store, &read, slots, &mut findings);
    findings.report(read.head.size, (read.head.size > 0).then_some(read.head.root))
}
