//! Following a log as it grows.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Draft, Person, Place, Relay, Running, SOON, Server, Story};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn tail_shows_what_is_logged_from_now_on_and_ends_well_when_it_is_asked_to() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let size = story.server.http.size();
    let from = size.to_string();
    let mut tail = story.cli.start(&["tail", "kind:action", "--from", &from, "--json"]);
    let action = story.refund(&leaf, "req-1").action;
    let line: Value = serde_json::from_str(&tail.next_line()).unwrap();
    assert_eq!((&line["schema"], &line["id"]), (&json!("writ.tail/1"), &json!(action)), "{line}");
    tail.signal("INT");
    let ran = tail.ended();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{ran}");
    assert!(ran.stderr.contains(&format!("--from {}", size + 2)), "{ran}");
    let again = story.cli.ok(&["tail", "--from", &from, "--once", "--json"]);
    let indexes: Vec<u64> = lines(&again.stdout).iter().map(|line| line["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, [size, size + 1]);
}

#[test]
fn findings_are_silent_where_all_is_well_and_name_the_rule_and_the_next_command_where_it_is_not() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    story.refund(&leaf, "well");
    let key = story.key("alice");
    story.cli.ok(&["revoke", &root, "--key", key.to_str().unwrap(), "--cause", "exposed"]);
    let late = story.refund(&leaf, "late").action;
    let ran = story.cli.run(&["tail", "--findings", "--once", "--json"]);
    assert_eq!(ran.code, 11, "{ran}");
    let found = lines(&ran.stdout);
    let worst = found.iter().find(|line| line["finding"]["severity"] == "error").unwrap();
    assert_eq!((&worst["subject"], &worst["finding"]["code"]), (&json!(late), &json!("revoked")));
    assert_eq!(worst["next"], json!(format!("writ who {late}")));
    let text = story.cli.run(&["tail", "--findings", "--once"]);
    let last = text.stdout.lines().last().unwrap();
    assert!(last.contains("2 actions judged: 1 authorized, 1 NOT AUTHORIZED"), "{text}");
    assert!(text.stdout.contains("revoked") && text.stdout.contains("writ who "), "{text}");
}

#[test]
fn what_cannot_be_followed_is_refused_and_what_is_over_ends_at_once() {
    let story = Story::begin();
    let ran = story.cli.run(&["tail", "--from", "1000000", "--once"]);
    assert_eq!(ran.code, 0, "nothing is left to be shown: {ran}");
    let ran = story.cli.run(&["tail", "toool:b"]);
    assert_eq!(ran.code, 2, "{ran}");
}

/// The next statements that a tail shows, by id.
fn shown(tail: &mut Running, count: usize) -> Vec<String> {
    let id = |line: String| serde_json::from_str::<Value>(&line).unwrap()["id"].as_str().unwrap().to_owned();
    (0..count).map(|_| id(tail.next_line())).collect()
}

/// Notes by Alice, logged; their ids.
fn noted(server: &Server, place: &Place, notes: &[&str]) -> Vec<String> {
    let alice = Person::new(1, "user:alice@corp");
    let log = |note: &&str| server.append(&alice.sign(&Draft::note(&place.log(), note))).to_hex();
    notes.iter().map(log).collect()
}

#[test]
fn tail_takes_up_where_it_was_when_the_server_comes_back() {
    let Story { place, server, cli } = Story::begin();
    let (size, relay) = (server.http.size(), Relay::before(&server));
    let cli = cli.with_server(&relay.address);
    let mut tail = cli.start(&["tail", "--from", &size.to_string(), "--json"]);
    let first = noted(&server, &place, &["before"]);
    assert_eq!(shown(&mut tail, 1), first);
    relay.lead_to(None);
    let open = server.stop();
    assert!(open < Duration::from_secs(8), "an open stream does not hold up the end: {open:?}");
    tail.says("trying again");
    let server = place.serve();
    let missed = noted(&server, &place, &["while it was away", "and another"]);
    relay.lead_to(Some(&server));
    assert_eq!(shown(&mut tail, 2), missed);
    let then = noted(&server, &place, &["after it came back"]);
    assert_eq!(shown(&mut tail, 1), then);
    // A server that dies says no end.
    server.kill();
    let server = place.serve();
    relay.lead_to(Some(&server));
    let last = noted(&server, &place, &["after it was killed"]);
    assert_eq!(shown(&mut tail, 1), last);
    tail.signal("TERM");
    let ran = tail.ended();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "none twice: {ran}");
    assert!(
        ran.stderr.contains("5 statements") && ran.stderr.contains(&format!("--from {}", size + 5)),
        "{ran}"
    );
}

#[test]
fn a_stream_that_is_cut_anywhere_is_taken_up_with_nothing_twice_and_nothing_missing() {
    let Story { place, server, cli } = Story::begin();
    let (size, relay) = (server.http.size(), Relay::before(&server));
    let logged = noted(&server, &place, &["one", "two", "three"]);
    let cli = cli.with_server(&relay.address);
    for cut in (1_500..2_500).step_by(133) {
        relay.cut_each_after(cut);
        let mut tail = cli.start(&["tail", "--from", &size.to_string(), "--json"]);
        assert_eq!(shown(&mut tail, 3), logged, "cut behind {cut} bytes");
        tail.signal("INT");
        let ran = tail.ended();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "cut behind {cut} bytes: {ran}");
    }
}

/// A stream's bytes as they come.
struct Reader {
    stream: BufReader<TcpStream>,
}

impl Reader {
    fn begin(server: &Server, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(&server.http.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let host = &server.http.address;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n").unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// The name, index and data of the next event of a name; nothing where the stream ends before.
    fn event(&mut self) -> Option<(String, Option<u64>, Value)> {
        let (mut name, mut id) = (None, None);
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", value)) => name = Some(value.to_owned()),
                Some(("id", value)) => id = value.parse().ok(),
                Some(("data", value)) => {
                    return Some((name.take().unwrap(), id, serde_json::from_str(value).unwrap()));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_reader_goes_on_behind_the_last_event_that_it_saw_also_after_a_restart() {
    let Story { place, server, .. } = Story::begin();
    let size = server.http.size();
    noted(&server, &place, &["one", "two", "three"]);
    let mut reader = Reader::begin(&server, &format!("/v1/stream?from={size}"), "");
    let seen = reader.event().unwrap().1.unwrap();
    assert_eq!(seen, size);
    drop(reader);
    server.stop();
    let server = place.serve();
    noted(&server, &place, &["four"]);
    let header = format!("last-event-id: {seen}\r\n");
    let mut reader = Reader::begin(&server, "/v1/stream?from=0", &header);
    let ids: Vec<u64> = (0..3).map(|_| reader.event().unwrap().1.unwrap()).collect();
    assert_eq!(ids, [size + 1, size + 2, size + 3], "the header goes before `from`");
    for (last, status) in [((size + 3).to_string(), 200), ((size + 4).to_string(), 400), ("x".into(), 400)] {
        let mut reader = Reader::begin(&server, "/v1/stream", &format!("last-event-id: {last}\r\n"));
        let mut line = String::new();
        reader.stream.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("HTTP/1.1 {status}")), "{last}: {line}");
    }
}

/// Resident memory of a process, in KiB.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn readers_that_do_not_read_are_cut_off_and_cost_the_server_little() {
    // Each of them may take so long for a write (`--write-timeout`'s default), and all would need more than sockets hold.
    const CUT: Duration = Duration::from_secs(30);
    const READERS: usize = 8;
    const FLOOD: usize = 800;
    const FLOOD_BYTES: usize = 10_000;
    const GROWTH_KIB_MAX: u64 = 64 * 1024;

    let Story { place, server, .. } = Story::begin();
    let (alice, log, size) = (Person::new(1, "user:alice@corp"), place.log(), server.http.size());
    let large = |number: &usize| {
        let ext = json!({"urn:example:flood": "x".repeat(FLOOD_BYTES)});
        alice.sign(&Draft::note(&log, &format!("note {number}")).with("ext", ext))
    };
    for batch in (0..FLOOD).collect::<Vec<_>>().chunks(100) {
        assert_eq!(server.http.append_many(&batch.iter().map(large).collect::<Vec<_>>()).status, 200);
    }
    let before = resident(&server);
    let ask = format!("GET /v1/stream?from={size} HTTP/1.1\r\nhost: x\r\n\r\n");
    let idle: Vec<TcpStream> = (0..READERS)
        .map(|_| {
            let mut stream = TcpStream::connect(&server.http.address).unwrap();
            stream.write_all(ask.as_bytes()).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(CUT + Duration::from_secs(10));
    let grown = resident(&server).saturating_sub(before);
    assert!(grown < GROWTH_KIB_MAX, "{before} KiB grew by {grown} KiB");
    for mut stream in idle {
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut left = Vec::new();
        // What was on its way is still there; behind it the connection has ended, no heartbeat comes any more.
        stream.read_to_end(&mut left).expect("the server has hung up");
        assert!(left.len() < FLOOD * FLOOD_BYTES, "{} bytes", left.len());
    }
    assert_eq!(server.http.get("/livez").status, 200);
}
