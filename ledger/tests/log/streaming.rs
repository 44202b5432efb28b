//! The stream over a real socket.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::client::{get, post, serve};
use crate::harness::Lab;

/// Lines of a stream that hold one of these words, until there are so many.
fn lines(address: SocketAddr, target: &str, header: &str, count: usize) -> Vec<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: log\r\n{header}\r\n").unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    lines.filter(|line| line.starts_with("id: ") || line.starts_with("event: ")).take(count).collect()
}

#[test]
fn a_stream_goes_on_behind_the_last_event_and_says_how_far_it_looked() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let address = serve(&lab);
    for number in 0..3 {
        post(address, "application/cose", &pdp.says(&lab.decision(number)));
    }
    let all = lines(address, "/v1/stream?q=kind:decision&from=0", "", 6);
    assert_eq!(all.iter().filter(|line| *line == "event: statement").count(), 3);
    assert!(["id: 2", "id: 3", "id: 4"].iter().all(|id| all.iter().any(|line| line == id)), "{all:?}");
    let rest = lines(address, "/v1/stream?from=0", "Last-Event-ID: 3\r\n", 2);
    assert!(rest.contains(&"id: 4".to_owned()), "the header goes before the parameter: {rest:?}");
    let none = lines(address, "/v1/stream?q=decision:deny&from=0", "", 1);
    assert_eq!(none, ["id: 4"], "an id without data, where nothing fits");
    for bad in ["/v1/stream?from=6", "/v1/stream?q=toool:b", "/v1/stream?from=x"] {
        assert_eq!(get(address, bad).code(), "bad-query", "{bad}");
    }
}
