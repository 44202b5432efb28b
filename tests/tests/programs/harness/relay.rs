//! An address that stays while the server behind it goes away and comes back, or is cut off in the middle of an answer.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::Server;

/// Passes bytes on in both directions, whatever they are.
#[derive(Debug)]
pub(crate) struct Relay {
    /// `http://127.0.0.1:port`.
    pub(crate) address: String,
    shared: Arc<Mutex<Behind>>,
}

#[derive(Debug)]
struct Behind {
    server: Option<String>,
    /// After how many bytes of answers a connection is cut.
    cut: Option<usize>,
}

impl Relay {
    /// Before this server.
    pub(crate) fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Behind { server: Some(server.http.address.clone()), cut: None }));
        let behind = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, cut) = {
                    let behind = behind.lock().unwrap();
                    (behind.server.clone(), behind.cut)
                };
                // Whoever asks while nobody is behind is turned away.
                if let Some(Ok(server)) = server.map(TcpStream::connect) {
                    pass(stream.unwrap(), server, cut.unwrap_or(usize::MAX));
                }
            }
        });
        Self { address, shared }
    }

    /// From now on leads to this server, or to nobody.
    pub(crate) fn lead_to(&self, server: Option<&Server>) {
        self.shared.lock().unwrap().server = server.map(|server| server.http.address.clone());
    }

    /// From now on cuts each connection behind so many bytes of answers.
    pub(crate) fn cut_each_after(&self, bytes: usize) {
        self.shared.lock().unwrap().cut = Some(bytes);
    }
}

fn pass(client: TcpStream, server: TcpStream, most: usize) {
    let (asking, asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || copy(asking, asked, usize::MAX));
    thread::spawn(move || copy(server, client, most));
}

/// Copies until one side ends or so many bytes have passed; then both end.
fn copy(mut from: TcpStream, mut to: TcpStream, mut most: usize) {
    let mut bytes = [0; 4096];
    while most > 0 {
        let room = bytes.len().min(most);
        let Ok(read @ 1..) = from.read(&mut bytes[..room]) else { break };
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
        most -= read;
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
