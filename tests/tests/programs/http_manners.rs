//! HTTP manners: who is cut off, who is told what, and how the server stops.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Answer, Draft, Person, Place, Ran, SOON, Server, exchange, program};

fn serve() -> (Place, Server, Person) {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    (place, server, alice)
}

/// How long until the server hangs up on a connection, and what it said.
fn until_closed(mut stream: TcpStream) -> (Duration, Vec<u8>) {
    let begun = Instant::now();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    (begun.elapsed(), said)
}

#[test]
fn who_is_silent_or_slow_is_cut_off_and_others_are_served_meanwhile() {
    let (_place, server, alice) = serve();
    let address = &server.http.address;
    let limit = Duration::from_secs(15);
    thread::scope(|scope| {
        let silent: Vec<_> =
            (0..20).map(|_| scope.spawn(|| until_closed(TcpStream::connect(address).unwrap()))).collect();
        let slow = scope.spawn(|| {
            let mut stream = TcpStream::connect(address).unwrap();
            let begun = Instant::now();
            for byte in
                b"GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".iter()
            {
                if stream.write_all(&[*byte]).is_err() || begun.elapsed() > limit {
                    break;
                }
                thread::sleep(Duration::from_millis(300));
            }
            begun.elapsed()
        });
        assert_eq!(server.http.append(&alice.sign(&Draft::note(&_place.log(), "meanwhile"))).status, 201);
        for silent in silent {
            let (after, _) = silent.join().unwrap();
            assert!(after < limit, "a silent client was kept for {after:?}");
        }
        assert!(slow.join().unwrap() < limit, "a slow client was kept");
    });
    assert_eq!(server.http.get("/livez").status, 200);
}

#[test]
fn heads_have_bounds_and_one_meaning() {
    let (_place, server, _) = serve();
    let address = server.http.address.clone();
    let ask = |request: &str| {
        let bytes = exchange(&address, request.as_bytes(), SOON).unwrap();
        Answer::parse(&bytes).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&bytes)))
    };
    let get =
        |path: &str, head: &str| ask(&format!("GET {path} HTTP/1.1\r\nconnection: close\r\n{head}\r\n"));
    assert_eq!(get("/livez", "host: x\r\n").status, 200);
    assert_eq!(get("/livez", "").code(), "bad-host");
    assert_eq!(get("/livez", "host: x\r\nhost: y\r\n").status, 400);
    let large = format!("host: x\r\nx-large: {}\r\n", "a".repeat(20_000));
    assert_eq!(
        (get("/livez", &large).status, get("/livez", &large).code().as_str()),
        (431, "headers-too-large")
    );
    let many: String = (0..100).map(|n| format!("x-{n}: a\r\n")).collect();
    assert_eq!(get("/livez", &format!("host: x\r\n{many}")).status, 431);
    let huge = format!("host: x\r\nx-huge: {}\r\n", "a".repeat(1_000_000));
    let request = format!("GET /livez HTTP/1.1\r\n{huge}\r\n");
    let told = exchange(&address, request.as_bytes(), SOON).unwrap_or_default();
    assert!(told.is_empty() || told.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&told));
    let long = get(&format!("/v1/resolve?id={}", "a".repeat(9_000)), "host: x\r\n");
    assert_eq!((long.status, long.code().as_str()), (414, "uri-too-long"));
    let post =
        "POST /v1/statements HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/cose\r\n";
    let both = ask(&format!("{post}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"));
    assert_eq!(both.status, 400);
    assert_eq!(ask("rubbish\r\n\r\n").status, 400);
    assert_eq!(server.http.get("/livez").status, 200, "alive");
}

#[test]
fn what_is_not_offered_is_a_problem_with_a_code() {
    let (_place, server, _) = serve();
    let http = &server.http;
    let none = http.get("/v1/nothing");
    assert_eq!((none.status, none.code().as_str()), (404, "no-such-route"));
    for (method, path) in
        [("DELETE", "/v1/statements"), ("PUT", "/checkpoint"), ("TRACE", "/livez"), ("POST", "/v1/log")]
    {
        let answer = http.request(method, path, &[], &[]).unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (405, "method-not-allowed"), "{method} {path}");
        assert!(answer.header("allow").is_some_and(|allow| !allow.contains(method)), "{method} {path}");
    }
    let media =
        http.request("POST", "/v1/statements", &[("content-type", "application/json")], b"{}").unwrap();
    assert_eq!((media.status, media.code().as_str()), (415, "unsupported-media-type"));
    let media = http.request("POST", "/v1/statements", &[], b"{}").unwrap();
    assert_eq!(media.status, 415);
    let encoded = [("content-type", "application/cose"), ("content-encoding", "gzip")];
    assert_eq!(http.request("POST", "/v1/statements", &encoded, b"{}").unwrap().code(), "content-encoding");
    for path in [
        "/v1/statements?colour=red",
        "/v1/statements?kind=key&kind=key",
        "/v1/statements?kind=kettle",
        "/v1/statements?limit=0",
        "/v1/statements?limit=501",
        "/v1/statements?since=yesterday",
        "/v1/statements?ref=novalue",
        "/v1/statements?cursor=x",
        "/v1/proofs/consistency?first=0",
        "/v1/proofs/consistency?first=2&second=99",
        "/v1/proofs/consistency?first=01",
        "/v1/proofs/inclusion?index=0&size=99",
        "/v1/proofs/inclusion",
        "/v1/entries?start=-1",
        "/v1/entries?start=0&limit=257",
        "/v1/bundles",
        "/v1/resolve?id=",
        "/v1/statements/xyz",
        "/v1/proofs/inclusion?index=18446744073709551616",
    ] {
        let answer = http.get(path);
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad-query"), "{path}: {}", answer.text());
    }
    for path in ["/v1/bundles?subject=00000000", "/v1/entries?start=99", "/v1/proofs/inclusion?index=99"] {
        let answer = http.get(path);
        assert_eq!((answer.status, answer.code().as_str()), (404, "not-found"), "{path}: {}", answer.text());
    }
    for path in ["/livez", "/v1/nothing"] {
        let answer = http.get(path);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert!(answer.header("content-security-policy").is_some());
    }
}

#[test]
fn the_description_lists_every_route_that_there_is() {
    let (_place, server, _) = serve();
    let described = server.http.json("/openapi.json");
    let paths: BTreeSet<&str> = described["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let agreed = [
        "/v1/statements",
        "/v1/statements/{id}",
        "/v1/bundles",
        "/v1/proofs/inclusion",
        "/v1/proofs/consistency",
        "/checkpoint",
        "/livez",
        "/readyz",
        "/metrics",
        "/version",
        "/openapi.json",
    ];
    for path in agreed {
        assert!(paths.contains(path), "{path} is not described");
    }
    for path in &paths {
        // With a parameter that no route takes: an event stream that begins would not end.
        let answer = server.http.get(&format!("{}?colour=red", path.replace("{id}", &"0".repeat(64))));
        if path.starts_with("/entries") || path.starts_with("/.well-known/") {
            assert!(!answer.text().contains("no-such-route"), "{path} is described and not there");
            continue;
        }
        assert!(answer.status < 400 || answer.code() != "no-such-route", "{path} is described and not there");
    }
    assert_eq!(server.http.json("/version")["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(server.http.json("/readyz")["status"], "ok");
    assert!(server.http.get("/metrics").text().contains("writ_http_requests_total"));
    assert!(server.line.contains("ledger.test/log") && server.line.contains("1 entries"), "{}", server.line);
}

#[test]
fn pages_of_a_search_stay_the_same_while_the_log_grows() {
    let (place, server, alice) = serve();
    let notes = |name: &str| -> Vec<Vec<u8>> {
        (0..40).map(|n| alice.sign(&Draft::note(&place.log(), &format!("{name} {n}")))).collect()
    };
    server.http.append_many(&notes("first"));
    let walk = |between: &dyn Fn()| {
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/statements?kind=correction&limit=7{cursor}");
            let page = server.http.json(&path);
            let next = page["next"].as_str().map(|next| format!("&cursor={next}"));
            pages.push((path, page));
            between();
            match next {
                Some(next) => cursor = next,
                None => return pages,
            }
        }
    };
    let turn = std::cell::Cell::new(0);
    let pages = walk(&|| {
        turn.set(turn.get() + 1);
        assert_eq!(server.http.append_many(&notes(&format!("turn {}", turn.get()))).status, 200);
    });
    let found: Vec<&serde_json::Value> =
        pages.iter().flat_map(|(_, page)| page["results"].as_array().unwrap()).collect();
    assert_eq!((pages.len(), found.len()), (6, 40), "only what was there when the search began");
    for (path, page) in pages.iter().skip(1) {
        assert_eq!(server.http.json(path), *page, "{path}");
        assert_eq!(page["as_of"], pages[0].1["as_of"]);
    }
    let other = pages[1].0.replace("kind=correction", "kind=key");
    assert_eq!(server.http.get(&other).code(), "bad-query", "a cursor is of its question");
}

#[test]
fn a_full_queue_is_told_at_once_and_loses_nothing() {
    let (place, server, alice) = serve();
    let batch: Vec<Vec<u8>> =
        (0..4_096).map(|n| alice.sign(&Draft::note(&place.log(), &n.to_string()))).collect();
    let answers: Vec<(Duration, Answer)> = thread::scope(|scope| {
        let posts: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(|| {
                    let begun = Instant::now();
                    let answer = server.http.append_many(&batch);
                    (begun.elapsed(), answer)
                })
            })
            .collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    let full: Vec<_> = answers.iter().filter(|(_, answer)| answer.status == 503).collect();
    let taken = answers.iter().filter(|(_, answer)| answer.status == 200).count();
    println!("{taken} taken, {} told to come back", full.len());
    assert!(taken >= 1 && taken + full.len() == 12);
    assert!(!full.is_empty(), "twelve batches of 4,096 fit a queue of 16,384");
    for (after, answer) in full {
        assert_eq!(answer.code(), "queue-full");
        assert_eq!(answer.header("retry-after"), Some("1"));
        println!("told after {after:?}");
    }
    assert_eq!(server.http.size(), 2 + 4_096, "each statement once");
    assert_eq!(server.http.append_many(&batch).status, 200);
    assert_eq!(server.http.json("/readyz")["queue"], 0);
}

#[test]
fn sigterm_lets_open_requests_end_and_then_ends() {
    let (place, server, alice) = serve();
    let note = alice.sign(&Draft::note(&place.log(), "in flight"));
    let mut open = TcpStream::connect(&server.http.address).unwrap();
    open.set_read_timeout(Some(SOON)).unwrap();
    let head = format!(
        "POST /v1/statements HTTP/1.1\r\nhost: x\r\ncontent-type: application/cose\r\ncontent-length: {}\r\n\r\n",
        note.len()
    );
    open.write_all(head.as_bytes()).unwrap();
    open.write_all(&note[..100]).unwrap();
    // Connected and idle: must hold nothing up.
    let idle = TcpStream::connect(&server.http.address).unwrap();
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    server.terminate();
    thread::sleep(Duration::from_millis(300));
    assert!(TcpStream::connect(&server.http.address).is_err(), "still accepts");
    open.write_all(&note[100..]).unwrap();
    let mut bytes = Vec::new();
    open.read_to_end(&mut bytes).unwrap();
    let answer = Answer::parse(&bytes).expect("no whole answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
    let ended = server.ended(SOON).expect("did not end");
    println!("ended after {:?}", begun.elapsed());
    assert!(ended.success() && begun.elapsed() < Duration::from_secs(15), "{ended}");
    drop(idle);
    let server = place.serve();
    assert_eq!(server.http.append(&note).status, 200, "it is there");
    server.stop();
    assert_eq!(place.fsck().code, 0);
}

#[test]
fn a_half_sent_body_does_not_hold_the_stop_up_for_long() {
    let (_place, server, _) = serve();
    let mut open = TcpStream::connect(&server.http.address).unwrap();
    let head = "POST /v1/statements HTTP/1.1\r\nhost: x\r\ncontent-type: application/cose\r\ncontent-length: 100\r\n\r\nabc";
    open.write_all(head.as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(200));
    let took = server.stop();
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn other_addresses_need_a_word_that_says_so() {
    let place = Place::init();
    let data = place.data();
    let ran = crate::harness::writd(&["serve", "--data", data.to_str().unwrap(), "--listen", "0.0.0.0:0"]);
    assert!(ran.code == 2 && ran.stderr.contains("--insecure-listen"), "{ran}");
}

#[test]
fn a_host_name_of_this_machine_is_listened_on() {
    let place = Place::init();
    let data = place.data();
    let serve = |listen: &str| {
        let mut command = assert_cmd::Command::new(program("writd"));
        let args = ["serve", "--data", data.to_str().unwrap(), "--listen", listen];
        Ran::of(command.args(args).timeout(Duration::from_secs(2)))
    };
    let ran = serve("localhost:0");
    assert!(ran.stdout.contains("on http://127.0.0.1:"), "{ran}");
    for wrong in ["localhost", "127.0.0.1:99999"] {
        let ran = serve(wrong);
        assert!(ran.code == 2 && ran.stderr.contains("127.0.0.1:8377"), "{wrong}: {ran}");
    }
}

#[test]
fn every_metric_is_explained_and_the_program_is_named() {
    let (place, server, alice) = serve();
    assert_eq!(server.http.append(&alice.sign(&Draft::note(&place.log(), "counted"))).status, 201);
    assert_eq!(server.http.append(b"rubbish").status, 400);
    let text = server.http.get("/metrics").text();
    let names = |word: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let (typed, explained) = (names("# TYPE "), names("# HELP "));
    assert!(typed.len() >= 10, "{text}");
    assert_eq!(typed, explained, "{text}");
    let build = format!("writ_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&build), "{build}: {text}");
}
