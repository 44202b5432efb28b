//! The open load: requests are sent at a fixed rate, whether or not the last ones were answered, and each is timed from the moment at
//! which it was to be sent. A server that stalls is so charged for every request that waited meanwhile ("coordinated omission",
//! Gil Tene, How NOT to Measure Latency).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::http::Connection;
use crate::load::Posted;
use crate::stats::millis;

/// Stack of a connection's thread, in bytes: it holds next to nothing.
const STACK_BYTES: usize = 128 * 1024;

/// Pause before a request is sent again to a server that is full. The time counts.
const RETRY_AFTER: Duration = Duration::from_millis(1);

/// Times that a request is sent to a server that is full.
const TRIES_MAX: usize = 10_000;

/// Before the first request, for all threads to be there.
const HEAD_START: Duration = Duration::from_millis(50);

/// Sends the requests at a rate, a second, over so many connections at most at a time.
pub fn run(address: SocketAddr, requests: &[Vec<u8>], connections: usize, rate: f64) -> Result<Posted> {
    let opened = (0..connections.max(1)).map(|_| Connection::open(address)).collect::<Result<Vec<_>>>()?;
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Posted { latencies: Vec::with_capacity(requests.len()), ..Posted::default() });
    let me = std::process::id();
    let cpu = crate::process::cpu_seconds(me)?;
    let begins = Instant::now() + HEAD_START;
    let due = |number: usize| begins + Duration::from_secs_f64(number as f64 / rate);
    let worker = |mut connection: Connection| {
        let mut mine = Posted::default();
        let ended = work(&mut connection, requests, &next, due, &mut mine);
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.latencies.extend(mine.latencies);
        all.busy += mine.busy;
        ended
    };
    let worker = &worker;
    thread::scope(|scope| {
        let spawn = |connection| {
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, move || worker(connection))
        };
        for worker in opened.into_iter().map(spawn).collect::<std::io::Result<Vec<_>>>()? {
            worker.join().map_err(|_| anyhow::anyhow!("a connection's thread panicked"))??;
        }
        anyhow::Ok(())
    })?;
    let (elapsed, own_cpu) = (begins.elapsed(), crate::process::cpu_seconds(me)? - cpu);
    Ok(Posted { elapsed, own_cpu, ..all.into_inner().unwrap_or_else(PoisonError::into_inner) })
}

fn work(
    connection: &mut Connection,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
    due: impl Fn(usize) -> Instant,
    posted: &mut Posted,
) -> Result<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(number) else { return Ok(()) };
        let due = due(number);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        posted.busy += until_taken(connection, request)?;
        posted.latencies.push(millis(due.elapsed()));
    }
}

/// Sends until the server takes it; how often it was told to come back.
fn until_taken(connection: &mut Connection, request: &[u8]) -> Result<usize> {
    for busy in 0..TRIES_MAX {
        let answer = connection.exchange(request)?;
        match answer.status {
            200 | 201 => return Ok(busy),
            503 => thread::sleep(RETRY_AFTER),
            status => bail!("posting: status {status}: {}", String::from_utf8_lossy(answer.body)),
        }
    }
    bail!("the server was busy {TRIES_MAX} times")
}
