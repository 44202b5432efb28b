//! The least HTTP/1.1 client that can keep a server busy: requests are bytes made beforehand, of an answer only status, length
//! and body are looked at. Every cycle that it takes is missing to the server beside it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Largest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// One kept-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as far as it is looked at.
#[derive(Debug)]
pub struct Answer<'a> {
    /// Status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// A request that asks for something.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n").into_bytes()
}

/// A request that posts something.
pub fn post(path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Result<Self> {
        ensure!(address.ip().is_loopback(), "{address} is not on this machine");
        let stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        stream.set_write_timeout(Some(ANSWER_TIME_MAX))?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    /// Sends a request and waits for its answer.
    pub fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let body = loop {
            filled += self.read(filled)?;
            let received = self.buffer.get(..filled).unwrap_or_default();
            match head_end(received) {
                Some(end) => break end,
                None => {
                    ensure!(filled < HEAD_BYTES_MAX, "the answer's head has more than {HEAD_BYTES_MAX} bytes")
                }
            }
        };
        let (status, length) = read_head(self.buffer.get(..body).unwrap_or_default())?;
        let end = body + length;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        while filled < end {
            filled += self.read(filled)?;
        }
        ensure!(filled == end, "{} bytes follow the answer", filled - end);
        Ok(Answer { status, body: self.buffer.get(body..end).unwrap_or_default() })
    }

    fn read(&mut self, filled: usize) -> Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(filled * 2, 0);
        }
        let read = self.stream.read(self.buffer.get_mut(filled..).unwrap_or_default())?;
        ensure!(read > 0, "the server hung up in the middle of an answer");
        Ok(read)
    }
}

/// Where the body begins, once the head has ended.
pub(crate) fn head_end(received: &[u8]) -> Option<usize> {
    received.windows(4).take(HEAD_BYTES_MAX).position(|end| end == b"\r\n\r\n").map(|end| end + 4)
}

/// Status and length of the body.
pub(crate) fn read_head(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head).context("the answer's head")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let Some(status) = status else { bail!("not an HTTP/1.1 answer: {head:?}") };
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = length.context("the answer does not say its length")??;
    ensure!(length <= ANSWER_BYTES_MAX, "the answer has {length} bytes; at most {ANSWER_BYTES_MAX} are read");
    Ok((status, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_length_are_read_whatever_the_case_of_the_header() {
        let head = b"HTTP/1.1 201 Created\r\nDate: x\r\ncontent-LENGTH: 12\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (201, 12));
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert!(read_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(read_head(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").is_err());
    }
}
