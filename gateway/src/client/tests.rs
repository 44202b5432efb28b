use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::AtomicUsize;
use std::thread;

use super::*;

/// Serves these answers, one connection each, and hands back the requests.
fn serve(answers: Vec<String>) -> (SocketAddr, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handle = thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 8192];
            let read = stream.read(&mut request).unwrap();
            requests.push(String::from_utf8_lossy(&request[..read]).into_owned());
            stream.write_all(answer.as_bytes()).unwrap();
        }
        requests
    });
    (address, handle)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

fn client(address: SocketAddr, wait: Duration) -> Client {
    Client::new(&format!("http://{address}/"), wait).unwrap()
}

#[test]
fn an_address_is_a_plain_url() {
    for bad in ["", "127.0.0.1:8377", "ftp://h", "http://", "http://h?q=1", "http://u:p@h", "http://h/#f"] {
        assert_eq!(Client::new(bad, WAIT).unwrap_err().code(), "server-address", "{bad}");
    }
    assert_eq!(Client::new("http://h/logs/a/", WAIT).unwrap().server(), "http://h/logs/a");
}

#[test]
fn a_problem_keeps_its_code() {
    let body =
        r#"{"type":"x","title":"t","status":422,"detail":"no such role","code":"signer-not-entitled"}"#;
    let (address, server) = serve(vec![answer("422 Unprocessable", "", body)]);
    let error = client(address, WAIT).log().unwrap_err();
    assert_eq!(error.code(), "signer-not-entitled");
    assert!(error.to_string().contains("no such role"), "{error}");
    server.join().unwrap();
}

#[test]
fn a_concise_problem_keeps_its_code_too() {
    let read = |detail: &str| {
        let mut body = schemas::canonical::Writer::default();
        body.map(2).nint(0).text("Service Unavailable").nint(1).text(detail);
        wire::Problem::read(&body.into_bytes())
    };
    let problem = read("no-log-key: no receipt key at hand; next: writd keys list");
    assert_eq!(problem.code.as_deref(), Some("no-log-key"));
    assert_eq!(problem.detail.as_deref(), Some("no receipt key at hand; next: writd keys list"));
    assert_eq!(problem.title.as_deref(), Some("Service Unavailable"));
    let bare = read("Something: else");
    assert_eq!((bare.code, bare.detail.as_deref()), (None, Some("Something: else")));
}

#[test]
fn a_problem_without_a_code_is_named_by_its_status() {
    let (address, server) = serve(vec![answer("404 Not Found", "", "<html>")]);
    let error = client(address, WAIT).log().unwrap_err();
    assert_eq!((error.code(), error.is_not_found()), ("http-404", true));
    server.join().unwrap();
}

#[test]
fn a_redirect_is_not_followed() {
    let (address, server) = serve(vec![answer("302 Found", "location: http://127.0.0.1:1/\r\n", "")]);
    assert_eq!(client(address, WAIT).log().unwrap_err().code(), "http-302");
    server.join().unwrap();
}

#[test]
fn a_busy_server_is_asked_again() {
    let root = "00".repeat(32);
    let body = format!(
        r#"{{"log":"{root}","origin":"o","as_of":{{"origin":"o","size":1,"root":"{root}","time":1}},"more":1}}"#
    );
    let (address, server) =
        serve(vec![answer("503 Busy", "retry-after: 0\r\n", "{}"), answer("200 OK", "", &body)]);
    assert_eq!(client(address, WAIT).log().unwrap().origin, "o");
    assert_eq!(server.join().unwrap().len(), 2);
}

#[test]
fn nobody_waits_longer_than_allowed_for_a_server_that_is_not_there() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let started = Instant::now();
    let error = client(address, Duration::from_millis(700)).log().unwrap_err();
    assert_eq!(error.code(), "server-unreachable");
    assert!(
        (Duration::from_millis(300)..Duration::from_secs(3)).contains(&started.elapsed()),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn where_nothing_listens_the_impatient_give_up_after_a_second_and_are_told_once_whom_they_wait_for() {
    static SAID: AtomicUsize = AtomicUsize::new(0);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let started = Instant::now();
    let client = client(address, WAIT).impatient().with_notice(|server| {
        assert!(server.starts_with("http://127.0.0.1:"), "{server}");
        SAID.fetch_add(1, Ordering::Relaxed);
    });
    for _ in 0..2 {
        let error = client.log().unwrap_err();
        assert!(matches!(error, ClientError::Unreachable { refused: true, .. }), "{error:?}");
        assert!(!error.to_string().contains("io:"), "{error}");
    }
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    assert_eq!(SAID.load(Ordering::Relaxed), 1);
}

#[test]
fn nobody_waits_longer_than_allowed_for_a_server_that_stays_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let started = Instant::now();
    let error = client(listener.local_addr().unwrap(), Duration::from_millis(500)).log().unwrap_err();
    assert_eq!(error.code(), "server-timeout");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn an_answer_that_is_something_else_is_named() {
    let (address, server) = serve(vec![answer("200 OK", "", "{}")]);
    let error = client(address, WAIT).log().unwrap_err();
    assert_eq!(error.code(), "server-answer");
    assert!(error.to_string().contains("GET /v1/log"), "{error}");
    server.join().unwrap();
}
