//! Full verification: every signature, link and leaf, and the root, of a log in memory, on all cores.

use std::time::Instant;

use anyhow::{Result, ensure};
use rayon::prelude::*;
use verifier::log::{LogFinding, LogVerifier, Placed, Prepared};

use crate::memory::MemoryLog;

/// Entries that are looked at together: so many that waiting for the last of them does not count.
const ENTRIES_TOGETHER: usize = 4_096;

/// Fewest entries that one core takes at a time.
const ENTRIES_PER_TASK: usize = 16;

/// Verifies the whole log once; entries in a second.
pub fn round(log: &MemoryLog) -> Result<f64> {
    let begun = Instant::now();
    let mut verifier = LogVerifier::new();
    let findings = verify(&log.entries, &mut verifier);
    let root = verifier.root();
    let elapsed = begun.elapsed();
    ensure!(findings.is_empty(), "the log does not verify: {:?}", findings.first());
    ensure!(root == log.root, "the log's root is {root}, expected {}", log.root);
    Ok(log.entries.len() as f64 / elapsed.as_secs_f64())
}

/// Three groups are on their way at any time: one is decoded, one is placed (entry by entry, in order), the signatures of one
/// are checked. No core waits for another.
pub fn verify(entries: &[Vec<u8>], verifier: &mut LogVerifier) -> Vec<LogFinding> {
    let mut findings = Vec::new();
    let (mut prepared, mut placed) = (Vec::new(), Vec::new());
    // Two empty groups at the end let the last one pass.
    for group in entries.chunks(ENTRIES_TOGETHER).chain([&[][..]; 2]) {
        let (to_place, to_check) = (std::mem::take(&mut prepared), std::mem::take(&mut placed));
        let work = || rayon::join(|| prepare(group), || check(to_check));
        let (next_placed, (next_prepared, found)) = rayon::join(|| place(to_place, verifier), work);
        (prepared, placed) = (next_prepared, next_placed);
        findings.extend(found);
    }
    findings
}

fn place(prepared: Vec<Prepared>, verifier: &mut LogVerifier) -> Vec<Placed> {
    prepared.into_iter().map(|prepared| verifier.place(prepared)).collect()
}

fn prepare(entries: &[Vec<u8>]) -> Vec<Prepared> {
    entries.par_iter().with_min_len(ENTRIES_PER_TASK).map(|entry| Prepared::new(entry)).collect()
}

fn check(placed: Vec<Placed>) -> Vec<LogFinding> {
    placed.into_par_iter().with_min_len(ENTRIES_PER_TASK).filter_map(Placed::check).collect()
}
