//! The closed load: each connection sends its next request as soon as the last one was answered. One thread serves all of them, and
//! nothing is allocated for a request: every cycle that it takes is missing to the server beside it.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::http::{head_end, read_head};
use crate::stats::millis;

/// Times that the server may say it is full to all requests together, for each of them.
const BUSY_MAX: usize = 100;

/// Pause before a request is sent again to a server that is full.
const RETRY_AFTER: Duration = Duration::from_millis(5);

/// How long nothing may come.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Bytes that are read at a time; a head is no longer. What is behind it of a body is not kept.
const BUFFER_BYTES: usize = 32 * 1024;

/// What posting came to.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long each answer took, in milliseconds.
    pub latencies: Vec<f64>,
    /// Answers that told the client to come back.
    pub busy: usize,
    /// Processor time of this program meanwhile, in seconds.
    pub own_cpu: f64,
}

/// Posts all requests over several connections that are open already when the clock starts.
pub fn run(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> Result<Posted> {
    let mut load = Load::open(address, requests, connections.clamp(1, requests.len().max(1)))?;
    let me = std::process::id();
    let cpu = crate::process::cpu_seconds(me)?;
    let begun = Instant::now();
    load.run()?;
    let elapsed = begun.elapsed();
    let own_cpu = crate::process::cpu_seconds(me)? - cpu;
    Ok(Posted { elapsed, latencies: load.latencies, busy: load.busy, own_cpu })
}

/// All connections and what they send.
struct Load<'r> {
    requests: &'r [Vec<u8>],
    next: usize,
    poll: Poll,
    connections: Vec<Connection<'r>>,
    /// Connections whose request was not taken, and when they send it again.
    waiting: VecDeque<(Instant, usize)>,
    latencies: Vec<f64>,
    busy: usize,
}

/// One kept-alive connection.
struct Connection<'r> {
    stream: TcpStream,
    request: &'r [u8],
    /// Bytes of the request that were not sent yet.
    unsent: usize,
    begun: Instant,
    buffer: Vec<u8>,
    answer: Answer,
}

/// How far an answer was read.
enum Answer {
    /// So many bytes, and the head has not ended.
    Head(usize),
    /// The head, and so many bytes of the body are missing.
    Body(u16, usize),
    /// To its end, or nothing was asked.
    Done,
}

impl<'r> Load<'r> {
    fn open(address: SocketAddr, requests: &'r [Vec<u8>], connections: usize) -> Result<Self> {
        ensure!(address.ip().is_loopback(), "{address} is not on this machine");
        let poll = Poll::new()?;
        let connections = (0..connections)
            .map(|number| {
                let stream = std::net::TcpStream::connect(address);
                let stream = stream.with_context(|| format!("connecting to {address}"))?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                let mut stream = TcpStream::from_std(stream);
                let interest = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut stream, Token(number), interest)?;
                let buffer = vec![0; BUFFER_BYTES];
                Ok(Connection {
                    stream,
                    request: &[],
                    unsent: 0,
                    begun: Instant::now(),
                    buffer,
                    answer: Answer::Done,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let latencies = Vec::with_capacity(requests.len());
        Ok(Self { requests, next: 0, poll, connections, waiting: VecDeque::new(), latencies, busy: 0 })
    }

    fn run(&mut self) -> Result<()> {
        for at in 0..self.connections.len() {
            self.send_next(at)?;
        }
        let mut events = Events::with_capacity(self.connections.len());
        while self.latencies.len() < self.requests.len() {
            let timeout = self
                .waiting
                .front()
                .map_or(SILENCE_MAX, |(due, _)| due.saturating_duration_since(Instant::now()));
            self.poll.poll(&mut events, Some(timeout))?;
            ensure!(!events.is_empty() || !self.waiting.is_empty(), "no answer for {SILENCE_MAX:?}");
            for event in &events {
                let Token(at) = event.token();
                if event.is_writable() {
                    self.at(at)?.send()?;
                }
                // Level or edge, an answer that has ended is followed by nothing before the next request is sent.
                if let Some(status) = self.at(at)?.receive()? {
                    self.answered(at, status)?;
                }
            }
            self.send_again()?;
        }
        Ok(())
    }

    fn at(&mut self, at: usize) -> Result<&mut Connection<'r>> {
        self.connections.get_mut(at).context("no such connection")
    }

    fn send_next(&mut self, at: usize) -> Result<()> {
        let Some(request) = self.requests.get(self.next) else { return Ok(()) };
        self.next += 1;
        let connection = self.at(at)?;
        connection.request = request;
        connection.begun = Instant::now();
        connection.begin()
    }

    fn answered(&mut self, at: usize, status: u16) -> Result<()> {
        if status == 503 {
            self.busy += 1;
            ensure!(self.busy <= BUSY_MAX * self.requests.len(), "the server was busy {BUSY_MAX} times");
            self.waiting.push_back((Instant::now() + RETRY_AFTER, at));
            return Ok(());
        }
        let connection = self.at(at)?;
        let took = millis(connection.begun.elapsed());
        if !matches!(status, 200 | 201) {
            bail!("posting: status {status}: {}", String::from_utf8_lossy(&connection.buffer));
        }
        self.latencies.push(took);
        self.send_next(at)
    }

    fn send_again(&mut self) -> Result<()> {
        while let Some((_, at)) = self.waiting.front().copied().filter(|(due, _)| *due <= Instant::now()) {
            self.waiting.pop_front();
            self.at(at)?.begin()?;
        }
        Ok(())
    }
}

impl Connection<'_> {
    fn begin(&mut self) -> Result<()> {
        self.unsent = self.request.len();
        self.answer = Answer::Head(0);
        self.send()
    }

    fn send(&mut self) -> Result<()> {
        while self.unsent > 0 {
            let rest = self.request.len() - self.unsent;
            match self.stream.write(self.request.get(rest..).unwrap_or_default()) {
                Ok(sent) => self.unsent -= sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("sending"),
            }
        }
        Ok(())
    }

    /// The status, once the whole answer is there.
    fn receive(&mut self) -> Result<Option<u16>> {
        loop {
            let filled = match self.answer {
                Answer::Done => return Ok(None),
                Answer::Body(status, 0) => {
                    self.answer = Answer::Done;
                    return Ok(Some(status));
                }
                Answer::Body(..) => 0,
                Answer::Head(filled) => filled,
            };
            let read = match self.stream.read(self.buffer.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => bail!("the server hung up, or the head of its answer is too long"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("receiving"),
            };
            self.answer = match self.answer {
                Answer::Body(status, missing) => {
                    Answer::Body(status, missing.checked_sub(read).context("bytes follow the answer")?)
                }
                Answer::Head(_) | Answer::Done => self.head(filled + read)?,
            };
        }
    }

    fn head(&self, filled: usize) -> Result<Answer> {
        let received = self.buffer.get(..filled).unwrap_or_default();
        let Some(end) = head_end(received) else { return Ok(Answer::Head(filled)) };
        let (status, length) = read_head(received.get(..end).unwrap_or_default())?;
        let missing = (end + length).checked_sub(filled).context("bytes follow the answer")?;
        Ok(Answer::Body(status, missing))
    }
}
