//! SQLite: one writer, as SQLite has it. The chain's hashes are made by the program: SQLite has no such function.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Result, ensure};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use crate::corpus::{Corpus, Statement, check_all};
use crate::measure::{Plan, Told, Way};

const TABLE: &str = "
    CREATE TABLE log (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, principal TEXT NOT NULL, task TEXT NOT NULL,
        chain BLOB NOT NULL, statement BLOB NOT NULL);
    CREATE UNIQUE INDEX log_id ON log (id);
    CREATE INDEX log_principal ON log (principal);
    CREATE INDEX log_task ON log (task);
    CREATE TRIGGER log_keeps_rows BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER log_loses_none BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'append-only'); END;";

const INSERT: &str =
    "INSERT INTO log (seq, id, principal, task, chain, statement) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// Batches that are checked ahead of the one that is written.
const AHEAD: usize = 2;

/// Every way.
pub fn measure(corpus: &Corpus, plan: &Plan, folder: &Path) -> Result<Told> {
    let mut measured = Vec::new();
    for checked in [false, true] {
        for batch in [1, 256, 4_096] {
            let way = Way { clients: 1, batch, checked };
            let file = folder.join("log.sqlite");
            measured.push(plan.measure(way, |seconds| {
                let stored = round(corpus, way, &file, seconds)?;
                ["", "-wal", "-shm"].iter().for_each(|end| {
                    // Not all of them are left.
                    let _ = fs::remove_file(format!("{}{end}", file.display()));
                });
                Ok(stored)
            })?);
        }
    }
    let settings = "journal_mode=WAL, synchronous=FULL, cache 64 MiB; in the same process, no network; three indexes (id, principal, task); \
        SHA-256 chain made by the program; signatures checked by ed25519-dalek ahead of the writer, on all cores";
    Ok(Told {
        schema: "writ.peer/1",
        peer: "SQLite",
        version: rusqlite::version().into(),
        settings: settings.into(),
        measured,
    })
}

fn round(corpus: &Corpus, way: Way, file: &Path, seconds: Duration) -> Result<(usize, Duration)> {
    let mut db = Connection::open(file)?;
    db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;")?;
    db.execute_batch(TABLE)?;
    let begun = Instant::now();
    let stored = fill(&mut db, corpus, way, begun + seconds)?;
    let took = begun.elapsed();
    let rows: i64 = db.query_row("SELECT count(*) FROM log", [], |row| row.get(0))?;
    ensure!(rows == stored as i64, "{rows} rows after {stored} appends");
    Ok((stored, took))
}

fn fill(db: &mut Connection, corpus: &Corpus, way: Way, deadline: Instant) -> Result<usize> {
    let (mut chain, mut stored) = ([0; 32], 0);
    if !way.checked {
        for batch in corpus.statements.chunks(way.batch) {
            if stored > 0 && Instant::now() >= deadline {
                break;
            }
            append(db, batch, &mut chain, &mut stored)?;
        }
        return Ok(stored);
    }
    thread::scope(|scope| {
        // Singles are handed on in heaps, so that handing on costs nothing; each is made durable by itself.
        let heaps = || corpus.statements.chunks(way.batch.max(64));
        let (checked, waiting) = sync_channel(AHEAD);
        scope.spawn(move || {
            for heap in heaps() {
                if checked.send(check_all(heap).map(|()| heap)).is_err() {
                    return;
                }
            }
        });
        while let Ok(heap) = waiting.recv() {
            for batch in heap?.chunks(way.batch) {
                if stored > 0 && Instant::now() >= deadline {
                    return Ok(stored);
                }
                append(db, batch, &mut chain, &mut stored)?;
            }
        }
        Ok(stored)
    })
}

fn append(db: &mut Connection, batch: &[Statement], chain: &mut [u8; 32], stored: &mut usize) -> Result<()> {
    let transaction = db.transaction()?;
    {
        let mut insert = transaction.prepare_cached(INSERT)?;
        for statement in batch {
            *chain = Sha256::new().chain_update(*chain).chain_update(&statement.bytes).finalize().into();
            let Statement { bytes, id, principal, task, .. } = statement;
            insert.execute(params![*stored as i64, id, principal, task, &chain[..], bytes])?;
            *stored += 1;
        }
    }
    Ok(transaction.commit()?)
}
