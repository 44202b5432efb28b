//! The interface's description, its caching, and its limits of time.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use ledger::store::Column;
use serving::limits::Timeouts;

use crate::client::{Reply, get, get_as, is_scitt, post, problem_type, raw, read, serve, serve_within};
use crate::harness::{Lab, statement};

/// Requests that every route answers in its own way or in that of all.
fn requests(method: &str, target: &str) -> Vec<String> {
    let end = "Host: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    vec![
        format!("{method} {target} HTTP/1.1\r\n{end}"),
        format!("{method} {target}?no=such HTTP/1.1\r\n{end}"),
        format!("{method} {target}?{} HTTP/1.1\r\n{end}", "x".repeat(9_000)),
        format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n\r\n"),
        format!("{method} {target} HTTP/1.1\r\nX: {}\r\n{end}", "x".repeat(20_000)),
        format!("{method} {target} HTTP/1.1\r\nAccept: text/html\r\nContent-Type: text/html\r\n{end}"),
        format!("DELETE {target} HTTP/1.1\r\n{end}"),
    ]
}

/// Each operation: its method, its path, and the statuses that are described.
fn operations(address: SocketAddr) -> Vec<(String, String, BTreeSet<String>)> {
    let api = get(address, "/openapi.json").json();
    let mut operations = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let statuses = operation["responses"].as_object().unwrap().keys().cloned().collect();
            operations.push((method.to_uppercase(), path.clone(), statuses));
        }
    }
    assert!(!operations.is_empty());
    operations
}

#[test]
fn every_answer_of_a_route_is_described() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let id = statement(&pdp.says(&lab.decision(1))).id();
    let address = serve(&lab);
    let mut met = BTreeSet::new();
    for damaged in [false, true] {
        if damaged {
            for column in [Column::Entries, Column::Ids, Column::Terms] {
                lab.store.damage(column, vec![]..=vec![0xff; 33]);
            }
        }
        for (method, path, described) in operations(address) {
            let questions = match path.as_str() {
                "/v1/authority" => "?principal=service:pdp",
                "/v1/bundles" => "?subject=abcdefab",
                "/v1/coverage" => "?q=toool:x",
                "/v1/grants" => "?stale=99999999",
                "/v1/crossings" => "?limit=0",
                "/v1/resolve" => "?id=abcdefab",
                "/v1/revisions" => "?policy=opa:x&a=1&b=2",
                "/v1/counts" => "?by=actor",
                "/v1/uses" => "?id=abcdefab",
                "/v1/blast" | "/v1/effect" => "?of=agent:nobody",
                "/v1/what-if" => "?id=abcdefab",
                "/v1/chain" | "/v1/export" => "?id=abcdefab",
                "/v1/report" => "?q=toool:x",
                "/v1/diff" => "?a=abcdefab",
                "/v1/lookup" => "?id=abcdefab",
                "/v1/who" => "?id=abcdefab",
                "/v1/why" => "?id=abcdefab",
                "/v1/entries" => "?start=0",
                "/v1/proofs/consistency" => "?first=1",
                "/v1/proofs/inclusion" => "?index=0",
                "/v1/statements" => "?kind=key",
                _ => "",
            };
            let target = path.replace("{id}", &id.to_hex()).replace("{path}", "entries/000.p/1");
            let target = target.replace("{kid}", "AAAA");
            // A stream that begins has no end of its own.
            let target = target.replace("/v1/stream", "/v1/stream?from=1000000");
            let asked =
                [requests(&method, &target), requests(&method, &format!("{target}{questions}"))].concat();
            for request in asked {
                let status = raw(address, request.as_bytes()).status.to_string();
                assert!(described.contains(&status), "{method} {path} answers {status}: {:.80}", request);
                met.insert((path.clone(), status));
            }
        }
    }
    // What the lists are about was really met.
    for (path, status) in [
        ("/v1/bundles", "400"),
        ("/v1/resolve", "400"),
        ("/livez", "414"),
        ("/version", "431"),
        ("/metrics", "405"),
        ("/v1/statements/{id}", "503"),
        ("/v1/entries", "503"),
        ("/v1/resolve", "503"),
        ("/tile/{path}", "200"),
        ("/tile/{path}", "503"),
    ] {
        assert!(met.contains(&(path.to_owned(), status.to_owned())), "{path} {status}: {met:?}");
    }
}

#[test]
fn a_problem_is_described_as_one() {
    let lab = Lab::new();
    let api = get(serve(&lab), "/openapi.json").json();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (status, response) in item.as_object().unwrap().values().flat_map(|operation| {
            operation["responses"]
                .as_object()
                .unwrap()
                .iter()
                .filter(|(status, _)| *status >= &"400".to_owned())
        }) {
            let content = &response["content"][problem_type(path)];
            assert!(content.is_object(), "{path} {status}");
            if !is_scitt(path) {
                assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{path} {status}");
            }
            assert!(response["description"].as_str().is_some_and(|words| !words.is_empty()));
        }
    }
}

#[test]
fn a_statement_may_be_kept_and_each_form_has_a_tag_of_its_own() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let bytes = pdp.says(&lab.decision(1));
    let address = serve(&lab);
    let target = format!("/v1/statements/{}", statement(&bytes).id());
    assert_eq!(get(address, &target).header("cache-control"), Some("no-store"), "not there yet");
    post(address, "application/cose", &bytes);
    let forms = [get(address, &target), get_as(address, &target, "application/json")];
    let tags: BTreeSet<_> = forms.iter().map(|reply| reply.header("etag").unwrap()).collect();
    assert_eq!(tags.len(), 2);
    for reply in &forms {
        assert_eq!(reply.header("cache-control"), Some("private, max-age=31536000, immutable"));
        assert_eq!(reply.header("vary"), Some("accept"));
    }
    for other in ["/v1/statements?kind=key", "/v1/log", "/v1/entries?start=0"] {
        assert_eq!(get(address, other).header("cache-control"), Some("no-store"), "{other}");
    }
}

const LIMIT: Duration = Duration::from_millis(500);

#[test]
fn a_body_that_comes_too_slowly_is_refused_in_words() {
    let lab = Lab::new();
    let address = serve_within(&lab, Timeouts { body: LIMIT, ..Timeouts::default() });
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = "POST /v1/statements HTTP/1.1\r\nHost: a\r\nContent-Type: application/cose\r\nContent-Length: 1000\r\n\r\nabc";
    let begun = Instant::now();
    stream.write_all(head.as_bytes()).unwrap();
    let mut sender = stream.try_clone().unwrap();
    // A byte now and then does not buy time.
    let drip = thread::spawn(move || {
        while sender.write_all(b"x").is_ok() && begun.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let reply: Reply = read(&mut stream);
    assert_eq!((reply.status, reply.code().as_str()), (408, "timeout"));
    assert!(reply.json()["detail"].as_str().unwrap().contains("0.5 s"), "{reply:?}");
    let took = begun.elapsed();
    assert!(took >= LIMIT && took < Duration::from_secs(4), "{took:?}");
    drop(stream);
    drip.join().unwrap();
}

#[test]
fn who_does_not_read_an_answer_is_cut_off_and_others_are_served_meanwhile() {
    const REQUESTS: usize = 300;
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    lab.submit((0..300).map(|number| pdp.says(&lab.decision(number))).collect());
    let address = serve_within(&lab, Timeouts { write: LIMIT, ..Timeouts::default() });
    let one = get(address, "/v1/entries?start=0").body.len();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = "GET /v1/entries?start=0 HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request.repeat(REQUESTS).as_bytes()).unwrap();
    thread::sleep(6 * LIMIT);
    assert_eq!(get(address, "/livez").status, 200);
    // What was on the way still arrives, and then the connection ends.
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut got = Vec::new();
    let ended = stream.read_to_end(&mut got);
    let still_open = ended.as_ref().is_err_and(|error| {
        matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
    });
    assert!(!still_open, "the connection was kept: {ended:?}");
    assert!(got.len() < one * REQUESTS, "everything was sent: {} of {}", got.len(), one * REQUESTS);
}
