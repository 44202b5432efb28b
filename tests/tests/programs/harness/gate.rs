//! A door before a server that shuts when told: what asks through it is held where the test wants it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::{SOON, Server, exchange};

/// The door. Requests pass one by one or at the same time, and their answers go back as they are.
#[derive(Debug)]
pub(crate) struct Gate {
    /// `http://127.0.0.1:port`.
    pub(crate) address: String,
    shared: Arc<(Mutex<Passed>, Condvar)>,
}

#[derive(Debug, Default)]
struct Passed {
    /// Request lines, without the version.
    asked: Vec<String>,
    /// Requests that begin so are held once so many of them have passed.
    holds: Option<(String, usize)>,
    /// The request that is answered here, and with what.
    replaces: Option<(String, Vec<u8>)>,
}

impl Gate {
    /// A door before this server that is open.
    pub(crate) fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared: Arc<(Mutex<Passed>, Condvar)> = Arc::default();
        let (behind, passed) = (server.http.address.clone(), Arc::clone(&shared));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (behind, passed) = (behind.clone(), Arc::clone(&passed));
                thread::spawn(move || pass(&mut stream.unwrap(), &behind, &passed));
            }
        });
        Self { address, shared }
    }

    /// Holds requests that begin so, once so many of them have passed from now on.
    pub(crate) fn hold(&self, begins: &str, after: usize) {
        let mut passed = self.shared.0.lock().unwrap();
        passed.asked.clear();
        passed.holds = Some((begins.into(), after));
    }

    /// Answers this request with this body instead of the server's, or no longer.
    pub(crate) fn replace(&self, replaces: Option<(&str, Vec<u8>)>) {
        self.shared.0.lock().unwrap().replaces = replaces.map(|(line, body)| (line.into(), body));
    }

    /// Waits until one is held.
    pub(crate) fn holds(&self) {
        let held = |passed: &mut Passed| {
            let (begins, after) = passed.holds.as_ref().unwrap();
            count(&passed.asked, begins) <= *after
        };
        let passed = self.shared.0.lock().unwrap();
        let late = self.shared.1.wait_timeout_while(passed, SOON, held).unwrap().1;
        assert!(!late.timed_out(), "nothing came to be held");
    }

    /// Lets everything pass; what was asked since the door was last told to hold.
    pub(crate) fn open(&self) -> Vec<String> {
        let mut passed = self.shared.0.lock().unwrap();
        passed.holds = None;
        self.shared.1.notify_all();
        std::mem::take(&mut passed.asked)
    }
}

fn count(asked: &[String], begins: &str) -> usize {
    asked.iter().filter(|line| line.starts_with(begins)).count()
}

fn pass(stream: &mut TcpStream, behind: &str, (passed, moved): &(Mutex<Passed>, Condvar)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let line = head.split(" HTTP/").next().unwrap().to_owned();
    let mut state = passed.lock().unwrap();
    state.asked.push(line.clone());
    let number = |state: &Passed, begins: &str| count(&state.asked, begins);
    let held = state
        .holds
        .as_ref()
        .is_some_and(|(begins, after)| line.starts_with(begins.as_str()) && number(&state, begins) > *after);
    moved.notify_all();
    if held {
        state = moved.wait_while(state, |state| state.holds.is_some()).unwrap();
    }
    let replaced = state.replaces.as_ref().filter(|(of, _)| *of == line).map(|(_, body)| body.clone());
    drop(state);
    if let Some(body) = replaced {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        return;
    }
    let request = [format!("{head}connection: close\r\n\r\n").as_bytes(), &body].concat();
    if let Ok(answer) = exchange(behind, &request, SOON) {
        // Whoever asked may be gone.
        let _ = stream.write_all(&answer);
    }
}
