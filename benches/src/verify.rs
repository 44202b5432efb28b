//! Full verification: every signature, link and leaf, and the root, of a log in memory, on all cores, as `writ verify log` does it.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};
use cli::walk::walk;
use verifier::log::LogVerifier;

use crate::memory::MemoryLog;

/// Entries that a server sends at a time.
const ENTRIES_PER_PORTION: usize = 1_024;

/// Verifies the whole log once; entries in a second.
pub fn round(log: &MemoryLog) -> Result<f64> {
    let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let begun = Instant::now();
    let mut verifier = LogVerifier::new();
    let portions =
        log.entries.chunks(ENTRIES_PER_PORTION).map(|entries| Ok::<_, Infallible>(entries.iter().collect()));
    let Ok(walked) = walk::<&Vec<u8>, _>(portions, &mut verifier, |_| {}, |_| {}, workers);
    let root = verifier.root();
    let elapsed = begun.elapsed();
    ensure!(walked.findings_total == 0, "the log does not verify: {:?}", walked.findings.first());
    ensure!(root == log.root, "the log's root is {root}, expected {}", log.root);
    Ok(log.entries.len() as f64 / elapsed.as_secs_f64())
}
