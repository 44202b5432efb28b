//! Recomputes everything that a store holds from its entries, and says where it differs. Writes nothing.
//!
//! A difference is a finding, never a failure of the check. Findings name rows, not files, and are the same for the same
//! bytes. The entries are the truth here: whether they are the right ones, only the anchor and verifiers can tell.
//! Of what cannot be read nothing is said but that.

mod ahead;
mod derived;
mod entries;
mod entry;
mod held;
mod kept;
mod marks;
mod read;
mod report;
mod sequences;
mod sums;
mod tree;

use std::path::Path;
use std::time::Duration;

pub(crate) use report::Findings;
pub use report::{Finding, Report};

use crate::anchor::{AnchorError, Slots};
use crate::store::rocks::RocksStore;
use crate::store::rows::Rows;
use crate::store::{Store, StoreError};

/// How often a store is opened before it is believed that it cannot be, and the time between: longer than replacing a file takes.
const OPENINGS: u32 = 5;
const OPENINGS_APART: Duration = Duration::from_millis(100);

/// Checks the store in a folder and its anchor. A log may be in service meanwhile.
pub fn check_folder(folder: &Path, anchor: &Path) -> Report {
    // Before the store is opened: a log in service moves both, the store first.
    let slots = Slots::read(anchor);
    let mut findings = Findings::default();
    let (store, strangers) = match open(folder) {
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

/// Opens a store to look at it. A log in service may just have taken away a file that its list of files, read before, still names;
/// so what seems damaged is opened anew.
fn open(folder: &Path) -> Result<(RocksStore, Vec<String>), StoreError> {
    let mut opened = RocksStore::open_read_only(folder);
    for _ in 1..OPENINGS {
        match &opened {
            Err(StoreError::Damaged { .. } | StoreError::Io { .. }) => {}
            Err(_) | Ok(_) => break,
        }
        std::thread::sleep(OPENINGS_APART);
        opened = RocksStore::open_read_only(folder);
    }
    opened
}

/// Checks a store's rows and an anchor.
pub fn check_store(store: &dyn Store, anchor: &Path) -> Report {
    check(store, Slots::read(anchor), Findings::default())
}

/// Checks a store's rows and what an anchor said.
pub(crate) fn check_rows(store: &dyn Store, slots: Slots) -> Report {
    check(store, Ok(slots), Findings::default())
}

fn check(store: &dyn Store, slots: Result<Slots, AnchorError>, mut findings: Findings) -> Report {
    let summing = match sums::Summing::new() {
        Ok(summing) => summing,
        Err(error) => {
            findings.heard(&error);
            findings.log("no-randomness", None, "the system gives no random bytes, which the check needs");
            return findings.report(0, None);
        }
    };
    let indexed = read::Indexed::of(store, &mut findings);
    let marks = marks::Marks::read(store, slots);
    let read = entries::check(store, &summing, &marks.sizes(), indexed, &mut findings);
    derived::check(store, &summing, &read, &mut findings);
    marks.check(store, &read, &mut findings);
    let report = findings.report(read.head.size, (read.head.size > 0).then_some(read.head.root));
    let restored = Rows(store).restored().ok().flatten();
    Report { restored: restored.map(|restored| restored.head.size), ..report }
}
