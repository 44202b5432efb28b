//! A witness in this very process, so that a test can make it slow, deaf or forgetful.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use schemas::checkpoint::Checkpoint;
use schemas::ids::PublicKey;
use schemas::note::{KeyName, Note, NoteSignature, SignatureType, VerifierKey, cosigned_message};
use schemas::proof::ConsistencyProof;
use schemas::tree::TreeHash;
use verifier::merkle::{ConsistencyClaim, verify_consistency};

use super::now;

/// What a witness does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Everything right.
    Honest,
    /// Takes a request and says nothing.
    Deaf,
    /// Closes at once.
    Down,
    /// Answers with another key's signature.
    Forger,
}

/// A witness and what it remembers.
pub(crate) struct TestWitness {
    pub(crate) name: String,
    pub(crate) key: VerifierKey,
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    latest: Option<Checkpoint>,
    asked: usize,
}

impl TestWitness {
    pub(crate) fn start(seed: u8) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let name = KeyName::new(&format!("witness.test/{seed}")).unwrap();
        let public = PublicKey::new(secret.verifying_key().to_bytes());
        let key = VerifierKey::new(name, SignatureType::Cosignature, public);
        let state = Arc::new(Mutex::new(State { mood: Mood::Honest, latest: None, asked: 0 }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (shared, cosigner) = (Arc::clone(&state), key.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, key, secret) = (Arc::clone(&shared), cosigner.clone(), secret.clone());
                thread::spawn(move || answer(stream, &state, &key, &secret));
            }
        });
        Self { name: format!("w{seed}"), key, url, state }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// Makes it remember something else.
    pub(crate) fn remember(&self, change: impl FnOnce(&mut Checkpoint)) {
        change(self.state.lock().unwrap().latest.as_mut().unwrap());
    }

    /// Its line in a trust file.
    pub(crate) fn line(&self) -> String {
        format!("witness {} {} {}\n", self.name, self.key, self.url)
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>, key: &VerifierKey, secret: &SigningKey) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length) = (String::new(), 0);
    let mut first = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if first.is_empty() {
            first.clone_from(&line);
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let mood = {
        let mut state = state.lock().unwrap();
        state.asked += 1;
        state.mood
    };
    let (status, body) = match mood {
        Mood::Down => return,
        Mood::Deaf => return thread::sleep(Duration::from_secs(60)),
        _ if !first.starts_with("POST /add-checkpoint ") => (404, String::new()),
        Mood::Honest => add(&String::from_utf8(body).unwrap(), state, key, secret),
        Mood::Forger => {
            add(&String::from_utf8(body).unwrap(), state, key, &SigningKey::from_bytes(&[99; 32]))
        }
    };
    let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all((head + &body).as_bytes());
}

/// `add-checkpoint`, as C2SP tlog-witness has it.
fn add(body: &str, state: &Mutex<State>, key: &VerifierKey, secret: &SigningKey) -> (u16, String) {
    let (lines, note) = body.split_once("\n\n").unwrap();
    let mut lines = lines.split('\n');
    let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
    let path: Vec<TreeHash> = lines
        .map(|line| TreeHash::new(BASE64.decode(line.as_bytes()).unwrap().try_into().unwrap()))
        .collect();
    let note = Note::parse(note.as_bytes()).unwrap();
    let new = Checkpoint::from_note(&note).unwrap();
    let mut state = state.lock().unwrap();
    let latest = state.latest.as_ref().map_or(0, |latest| latest.size);
    if old > new.size {
        return (400, String::new());
    }
    if old != latest
        || (old == new.size && state.latest.as_ref().is_some_and(|latest| latest.root != new.root))
    {
        return (409, format!("{latest}\n"));
    }
    if let Some(latest) = state.latest.as_ref().filter(|latest| latest.size < new.size) {
        let claim = ConsistencyClaim { first_root: latest.root, second_root: new.root };
        if verify_consistency(&ConsistencyProof { first: old, second: new.size, path }, claim).is_err() {
            return (422, String::new());
        }
    } else if !path.is_empty() {
        return (422, String::new());
    }
    state.latest = Some(new);
    let time = now() / 1_000;
    let signature = secret.sign(&cosigned_message(time, note.text())).to_bytes();
    let signature = [&time.to_be_bytes()[..], &signature].concat();
    let line = NoteSignature { name: key.name().clone(), key_id: key.id(), signature };
    (200, format!("{line}\n"))
}
