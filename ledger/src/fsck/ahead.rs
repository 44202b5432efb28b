//! Reads entries ahead, and does on all cores what can be done of each by itself, while those before them are checked.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use rayon::prelude::*;
use schemas::time::Index;

use super::entry::{Parsed, parse};
use crate::store::rows::{index_bytes, parse_index};
use crate::store::{Column, Store, StoreError};

/// Entries that are read and then checked together.
const CHUNK: usize = 1_024;

/// Chunks that wait to be checked: the bound for memory.
const CHUNKS: usize = 4;

/// What was read.
pub(super) enum Rows {
    /// Entries that follow each other.
    Entries(Vec<Parsed>),
    /// The key of a row that is of no entry.
    Stray(Vec<u8>),
}

/// Why rows were read no further.
pub(super) enum Ended {
    Last,
    /// The next row, with its key, is of a later entry.
    Gap(Vec<u8>, u64),
    Failed(StoreError),
}

/// Shows all rows from this entry on for as long as each is the next.
pub(super) fn rows(store: &dyn Store, from: u64, mut take: impl FnMut(Rows)) -> Ended {
    thread::scope(|scope| {
        let (send, read) = sync_channel(CHUNKS);
        let reader = scope.spawn(move || scan(store, from, &send));
        read.into_iter().for_each(&mut take);
        reader.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn scan(store: &dyn Store, first: u64, send: &SyncSender<Rows>) -> Ended {
    let mut chunk: Vec<(Index, Vec<u8>)> = Vec::with_capacity(CHUNK);
    let (mut next, mut gap) = (first, None);
    // From the very first row on at first: a key that is no index may stand before entry 0.
    let from = if first == 0 { Vec::new() } else { index_bytes(Index(first)).to_vec() };
    // Whoever takes them is gone only where a panic ends both.
    let go_on =
        |sent: Result<(), _>| if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let scanned = store.scan(Column::Entries, &[], &from, &mut |key, value| {
        match parse_index(key) {
            Some(index) if index.0 == next => chunk.push((index, value.to_vec())),
            Some(index) => {
                gap = Some((key.to_vec(), index.0));
                return ControlFlow::Break(());
            }
            None => return go_on(send.send(Rows::Stray(key.to_vec()))),
        }
        next += 1;
        if chunk.len() < CHUNK {
            return ControlFlow::Continue(());
        }
        go_on(send.send(parsed(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK)))))
    });
    let _ = send.send(parsed(chunk));
    match (scanned, gap) {
        (Err(error), _) => Ended::Failed(error),
        (Ok(()), Some((key, at))) => Ended::Gap(key, at),
        (Ok(()), None) => Ended::Last,
    }
}

fn parsed(chunk: Vec<(Index, Vec<u8>)>) -> Rows {
    Rows::Entries(chunk.into_par_iter().map(|(index, bytes)| parse(index, &bytes)).collect())
}
