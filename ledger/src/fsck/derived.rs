//! Rows that follow from the entries: that each is there, and no others. Where that is not so, which ones.

use std::ops::ControlFlow;

use rayon::prelude::*;
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::term::terms;
use schemas::tile::{TileCoord, tiles};
use schemas::time::Index;

use super::entry::{RowVerdict, statement_at};
use super::read::Read;
use super::sums::Summing;
use super::tree::entry_of;
use super::{Findings, entry, held, sequences};
use crate::store::rows::{
    CHECKPOINT_KEY, FORMAT_KEY, HEAD_KEY, INDEX_KEY, NOTE_KEY, RESTORED_KEY, Rows, parse_index,
    parse_term_key, parse_tile_key,
};
use crate::store::{Column, Store};

/// Entries whose rows are looked up together on all cores.
const CHUNK: u64 = 2_048;

/// Looks through every column but the entries.
pub(super) fn check(store: &dyn Store, summing: &Summing, read: &Read, findings: &mut Findings) {
    meta(store, findings);
    if let Err(error) = Rows(store).check_format() {
        findings.store(Some(Column::Meta), None, &error);
    }
    match Rows(store).unfinished() {
        Ok(columns) if columns.is_empty() => {}
        Ok(columns) => {
            let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
            let detail =
                format!("{} are being made again; writd serve or writd reindex does so", names.join(", "));
            findings.row("index-unfinished", Column::Meta, INDEX_KEY, None, detail);
        }
        Err(error) => findings.store(Some(Column::Meta), None, &error),
    }
    if let Err(error) = Rows(store).restored() {
        findings.store(Some(Column::Meta), None, &error);
    }
    if !(read.is_whole() && held::ids(store, summing, read.derived.ids)) {
        each_entry(store, Column::Ids, (read, read.indexed.ids), entry::id_row, findings);
        ids(store, read, findings);
    }
    if !(read.is_whole() && held::terms(store, summing, read.derived.terms)) {
        each_entry(store, Column::Terms, (read, read.indexed.terms), entry::term_rows, findings);
        term_rows(store, read, findings);
    }
    if !(read.is_whole() && held::sequences(store, summing, read.derived.sequences)) {
        sequences::each(store, read, findings);
    }
    tile_rows(store, read, findings);
}

/// Shows each row of a column; a failing store is a finding.
fn each(
    store: &dyn Store,
    column: Column,
    findings: &mut Findings,
    mut visit: impl FnMut(&[u8], &[u8], &mut Findings),
) {
    let scanned = store.scan(column, &[], &[], &mut |key, value| {
        visit(key, value, findings);
        ControlFlow::Continue(())
    });
    if let Err(error) = scanned {
        findings.store(Some(column), None, &error);
    }
}

fn meta(store: &dyn Store, findings: &mut Findings) {
    each(store, Column::Meta, findings, |key, _, findings| {
        if ![FORMAT_KEY, HEAD_KEY, INDEX_KEY, NOTE_KEY, CHECKPOINT_KEY, RESTORED_KEY].contains(&key) {
            findings.row("row-unknown", Column::Meta, key, None, "no such row belongs here");
        }
    });
}

/// Looks up the rows that each entry must have, up to where the column has come.
fn each_entry(
    store: &dyn Store,
    column: Column,
    (read, indexed): (&Read, u64),
    rows: fn(&dyn Store, Index, &Statement) -> Vec<RowVerdict>,
    findings: &mut Findings,
) {
    let mut from = 0;
    let end = read.head.size.min(indexed);
    while from < end {
        let to = end.min(from.saturating_add(CHUNK));
        let looked_up: Vec<(u64, Vec<RowVerdict>)> = (from..to)
            .into_par_iter()
            .filter(|index| !read.is_unknown(*index))
            .filter_map(|index| Some((index, rows(store, Index(index), &statement_at(store, index)?))))
            .collect();
        for (index, verdicts) in looked_up {
            for verdict in verdicts {
                match verdict {
                    RowVerdict::Finding(code, key, detail) => {
                        findings.row(code, column, &key, Some(index), detail);
                    }
                    RowVerdict::Failed(error) => findings.store(Some(column), Some(index), &error),
                }
            }
        }
        from = to;
    }
}

/// Each id row leads to the entry that has this id. Of rows that lead to entries that could not be read nothing is said.
fn ids(store: &dyn Store, read: &Read, findings: &mut Findings) {
    each(store, Column::Ids, findings, |key, value, findings| {
        let row = StatementId::from_slice(key).zip(parse_index(value));
        let Some((id, index)) = row else {
            return findings.row("id-wrong", Column::Ids, key, None, "is not a statement id with an index");
        };
        if read.is_unknown(index.0) {
            return;
        }
        let statement = statement_at(store, index.0);
        if statement.is_none_or(|statement| statement.id() != id) {
            let detail = format!("leads to entry {index}, which is no statement of this id");
            findings.row("id-extra", Column::Ids, key, Some(index.0), detail);
        }
    });
}

/// Each term row is of an entry that gives rise to it, and holds nothing.
fn term_rows(store: &dyn Store, read: &Read, findings: &mut Findings) {
    each(store, Column::Terms, findings, |key, value, findings| {
        if !value.is_empty() {
            let index = parse_term_key(key).map(|(_, index)| index.0);
            let detail = format!("holds {} bytes, expected none", value.len());
            findings.row("term-wrong", Column::Terms, key, index, detail);
        }
        let Some((term, index)) = parse_term_key(key) else {
            return findings.row("term-wrong", Column::Terms, key, None, "is not a term id and an index");
        };
        if read.is_unknown(index.0) {
            return;
        }
        let statement = statement_at(store, index.0);
        if statement.is_none_or(|statement| !terms(&statement).contains(&term)) {
            let detail = format!("entry {index} does not give rise to this term");
            findings.row("term-extra", Column::Terms, key, Some(index.0), detail);
        }
    });
}

/// Each tile row is of a tile that a tree of this size has; their hashes were checked. Where the size is not known, any is.
fn tile_rows(store: &dyn Store, read: &Read, findings: &mut Findings) {
    let size = read.head.size;
    let levels: Vec<_> = tiles(size).collect();
    let belongs = |tile: TileCoord| {
        let level = levels.iter().find(|level| level.level == tile.level);
        level.is_some_and(|level| tile.index < level.full || (tile.index == level.full && level.partial > 0))
    };
    each(store, Column::Tiles, findings, |key, _, findings| match parse_tile_key(key) {
        Some(tile) if belongs(tile) || !read.reaches_the_end() => {}
        Some(tile) => {
            let detail =
                format!("tile {} of level {} is not in a tree of {size} entries", tile.index, tile.level);
            findings.row("tile-extra", Column::Tiles, key, entry_of(tile, 0), detail);
        }
        None => findings.row("tile-wrong", Column::Tiles, key, None, "is not a tile's level and number"),
    });
}
