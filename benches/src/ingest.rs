//! Posting statements that were signed beforehand to a real server.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use schemas::envelope::Statement;

use crate::http::{Connection, post};
use crate::stats::millis;

/// Times that a request is sent to a server whose queue is full.
const TRIES_MAX: usize = 1_000;

/// Pause before a request is sent again.
const RETRY_AFTER: Duration = Duration::from_millis(5);

/// What posting came to.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long each answer took, in milliseconds.
    pub latencies: Vec<f64>,
    /// Answers that told the client to come back.
    pub busy: usize,
}

/// Requests of `together` statements each; a single statement goes by itself.
pub fn requests(statements: &[Statement], together: usize) -> Vec<Vec<u8>> {
    let request = |batch: &[Statement]| {
        let bytes: Vec<&[u8]> = batch.iter().map(|statement| statement.envelope.bytes()).collect();
        let media_type = if together == 1 { "application/cose" } else { "application/cbor-seq" };
        post("/v1/statements", media_type, &bytes.concat())
    };
    statements.chunks(together.max(1)).map(request).collect()
}

/// Posts all requests over several connections that are open already when the clock starts.
pub fn run(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> Result<Posted> {
    let next = AtomicUsize::new(0);
    let ready = Barrier::new(connections + 1);
    let all = Mutex::new(Posted::default());
    let elapsed = thread::scope(|scope| {
        let workers: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let opened = Connection::open(address);
                    ready.wait();
                    let mut posted = Posted::default();
                    let ended =
                        opened.and_then(|mut connection| work(&mut connection, requests, &next, &mut posted));
                    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                    all.latencies.extend(posted.latencies);
                    all.busy += posted.busy;
                    ended
                })
            })
            .collect();
        ready.wait();
        let begun = Instant::now();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a connection's thread panicked"))??;
        }
        anyhow::Ok(begun.elapsed())
    })?;
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(
        all.latencies.len() == requests.len(),
        "{} of {} requests answered",
        all.latencies.len(),
        requests.len()
    );
    Ok(Posted { elapsed, ..all })
}

fn work(
    connection: &mut Connection,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
    posted: &mut Posted,
) -> Result<()> {
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let begun = Instant::now();
        posted.busy += until_taken(connection, request)?;
        posted.latencies.push(millis(begun.elapsed()));
    }
    Ok(())
}

/// Sends until the server takes it; how often it was told to come back.
fn until_taken(connection: &mut Connection, request: &[u8]) -> Result<usize> {
    for busy in 0..TRIES_MAX {
        let answer = connection.exchange(request).context("posting")?;
        match answer.status {
            200 | 201 => return Ok(busy),
            503 => thread::sleep(RETRY_AFTER),
            status => bail!("posting: status {status}: {}", String::from_utf8_lossy(answer.body)),
        }
    }
    bail!("the server was busy {TRIES_MAX} times")
}
