//! Rows that follow from the entries: that there are no others. That each is there was checked entry by entry.

use std::ops::ControlFlow;

use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::term::terms;
use schemas::tile::{TileCoord, tiles};

use super::Findings;
use super::read::Read;
use super::tree::entry_of;
use crate::store::rows::{
    CHECKPOINT_KEY, FORMAT_KEY, HEAD_KEY, INDEX_KEY, NOTE_KEY, RESTORED_KEY, Rows, parse_index,
    parse_term_key, parse_tile_key,
};
use crate::store::{Column, Store};

/// Looks through every column but the entries.
pub(super) fn check(store: &dyn Store, read: &Read, findings: &mut Findings) {
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
    ids(store, read, findings);
    term_rows(store, read, findings);
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

/// Each id row leads to the entry that has this id; all entries have theirs, so nothing else can be here. Of rows that lead
/// to entries that could not be read nothing is said.
fn ids(store: &dyn Store, read: &Read, findings: &mut Findings) {
    let mut count = 0_u64;
    each(store, Column::Ids, findings, |_, _, _| count += 1);
    if count == read.head.size && read.is_whole() {
        return;
    }
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

fn term_rows(store: &dyn Store, read: &Read, findings: &mut Findings) {
    let mut count = 0_u64;
    each(store, Column::Terms, findings, |key, value, findings| {
        count += 1;
        if !value.is_empty() {
            let index = parse_term_key(key).map(|(_, index)| index.0);
            findings.row(
                "term-wrong",
                Column::Terms,
                key,
                index,
                format!("holds {} bytes, expected none", value.len()),
            );
        }
    });
    if count == read.term_rows && read.is_whole() {
        return;
    }
    each(store, Column::Terms, findings, |key, _, findings| {
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

fn statement_at(store: &dyn Store, index: u64) -> Option<Statement> {
    let entry = Rows(store).entry(schemas::time::Index(index)).ok()??;
    Statement::decode(&entry.statement).ok()
}
