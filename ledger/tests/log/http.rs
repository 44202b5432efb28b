//! The interface over a real socket.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ledger::queue::QueueLimits;
use schemas::entry::Entry;
use schemas::note::Note;
use schemas::proof::{ConsistencyProof, InclusionProof};
use schemas::tile::decode_entry_bundle;
use schemas::tree::TreeHash;
use serde_json::{Value, json};
use verifier::checkpoint::verify_head;
use verifier::merkle::leaf_hash;

use crate::client::{get, get_as, is_scitt, post, problem_type, raw, read, serve};
use crate::harness::{Lab, Person, statement};
use crate::memory::Fault;

const COSE: &str = "application/cose";
const SEQ: &str = "application/cbor-seq";

fn hashes(list: &Value) -> Vec<TreeHash> {
    list.as_array().unwrap().iter().map(|hash| TreeHash::from_hex(hash.as_str().unwrap()).unwrap()).collect()
}

fn lab() -> (Lab, Person, SocketAddr) {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let address = serve(&lab);
    (lab, pdp, address)
}

#[test]
fn a_posted_statement_is_answered_with_a_receipt_that_verifies() {
    let (lab, pdp, address) = lab();
    let bytes = pdp.says(&lab.decision(1));
    let id = statement(&bytes).id().to_hex();
    let reply = post(address, COSE, &bytes);
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.header("location"), Some(format!("/v1/statements/{id}").as_str()));
    let receipt = reply.json();
    let result = &receipt["results"][0];
    assert_eq!(
        (&result["id"], &result["index"], &result["status"]),
        (&json!(id), &json!(2), &json!("appended"))
    );
    let head =
        verify_head(&Note::parse(receipt["head"].as_str().unwrap().as_bytes()).unwrap(), &lab.trust).unwrap();
    let entries = get(address, "/v1/entries?start=2&limit=1").body;
    let entry = decode_entry_bundle(&entries).unwrap()[0];
    assert_eq!(Entry::decode(entry).unwrap().statement, bytes);
    let proof = InclusionProof { index: 2, size: head.size(), path: hashes(&result["proof"]) };
    head.verify_inclusion(&proof, leaf_hash(entry)).unwrap();
    let again = post(address, COSE, &bytes);
    assert_eq!((again.status, &again.json()["results"][0]["status"]), (200, &json!("duplicate")));
    assert_eq!(again.json()["results"][0]["index"], 2);
    lab.check();
}

#[test]
fn a_batch_has_one_result_for_each_statement_in_order() {
    let (lab, pdp, address) = lab();
    let good = pdp.says(&lab.decision(1));
    let unknown = Person::new(9, "service:nobody").says(&lab.decision(2));
    let batch =
        [good.clone(), unknown, good, pdp.says(&lab.numbered(3, 0)), pdp.says(&lab.numbered(4, 0))].concat();
    let reply = post(address, SEQ, &batch);
    assert_eq!(reply.status, 200);
    let receipt = reply.json();
    let results = receipt["results"].as_array().unwrap();
    let words: Vec<&str> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(words, ["appended", "refused", "duplicate", "appended", "appended"]);
    assert_eq!(results[1]["code"], "unknown-key");
    assert_eq!(results[4]["warnings"], json!(["seq-conflict"]));
    assert!(results[0].get("warnings").is_none());
    lab.check();
}

#[test]
fn each_bad_input_is_refused_under_its_own_code_and_the_server_lives() {
    let (lab, pdp, address) = lab();
    let rows = lab.store.rows();
    let good = pdp.says(&lab.decision(1));
    let at = good.windows(8).position(|window| window == b"payments").unwrap();
    let flipped = |offset: usize| {
        let mut bytes = good.clone();
        bytes[offset] ^= 1;
        bytes
    };
    // 18([bstr, {}, bstr, bstr]): the head of the first byte string in one byte more than it needs.
    let mut long_head = good.clone();
    long_head.splice(2..4, [0x59, 0, good[3]]);
    let signature = good.len() - 64;
    let unsigned = [&good[..signature - 2], &[0x40]].concat();
    let nested = vec![0x81; 100];
    let mut wrong_log = lab.decision(1);
    wrong_log["log"] = json!("00".repeat(32));
    let other = Person { principal: "user:alice@corp".parse().unwrap(), ..pdp.clone() };
    let mut policy = lab.payload("task", "authority", json!({"op": "open", "owner": "user:alice@corp"}));
    policy["task"] = json!("t");
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("truncated", good[..good.len() - 1].to_vec(), 400, "cbor-truncated"),
        ("oversized", vec![0; 65_001], 413, "statement-too-large"),
        ("non-canonical", long_head, 400, "cbor-not-shortest"),
        ("unsigned", unsigned, 400, "unsigned"),
        ("wrongly signed", flipped(good.len() - 1), 422, "signature-invalid"),
        ("changed after signing", flipped(at), 422, "signature-invalid"),
        ("unknown key", Person::new(9, "service:pdp").says(&lab.decision(1)), 403, "unknown-key"),
        ("wrong role", pdp.says(&policy), 403, "role-kind"),
        ("another's principal", other.says(&lab.decision(1)), 403, "issuer-mismatch"),
        ("wrong log", pdp.says(&wrong_log), 422, "wrong-log"),
        ("deep nesting", nested, 400, "cbor-depth"),
        ("duplicate key", vec![0xa2, 1, 0, 1, 0], 400, "cbor-duplicate-key"),
        ("trailing bytes", [good.as_slice(), &[0]].concat(), 400, "cbor-trailing-bytes"),
        ("empty", vec![], 400, "cbor-truncated"),
        ("another thing", vec![0x01], 400, "not-cose-sign1"),
    ];
    for (what, bytes, status, code) in cases {
        let reply = post(address, COSE, &bytes);
        assert_eq!((reply.code().as_str(), reply.status), (code, status), "{what}: {:?}", reply.json());
    }
    for (what, bytes, status, code) in [
        ("empty batch", vec![], 400, "batch-empty"),
        ("batch cut short", [good.as_slice(), &good[..9]].concat(), 400, "cbor-truncated"),
        ("batch of too many", vec![0; 4_097], 413, "batch-too-many"),
        ("batch too large", vec![0; 4 * 1024 * 1024 + 1], 413, "batch-too-large"),
    ] {
        let reply = post(address, SEQ, &bytes);
        assert_eq!((reply.code().as_str(), reply.status), (code, status), "{what}");
    }
    assert_eq!(lab.store.rows(), rows, "nothing is half-written");
    assert_eq!(post(address, COSE, &good).status, 201);
    lab.check();
}

#[test]
fn heads_that_are_wrong_are_refused_in_words() {
    let (_lab, _, address) = lab();
    let big = "x".repeat(20_000);
    let long = "x".repeat(9_000);
    for (request, status, code) in [
        ("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 404, "no-such-route"),
        ("DELETE /v1/statements HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 405, "method-not-allowed"),
        ("TRACE /livez HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 405, "method-not-allowed"),
        ("GET /livez HTTP/1.1\r\n\r\n".to_owned(), 400, "bad-host"),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400, "bad-host"),
        (format!("GET /livez HTTP/1.1\r\nHost: a\r\nX: {big}\r\n\r\n"), 431, "headers-too-large"),
        (format!("GET /livez?{long} HTTP/1.1\r\nHost: a\r\n\r\n"), 414, "uri-too-long"),
        ("POST /v1/statements HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx".to_owned(), 415, "unsupported-media-type"),
        ("POST /v1/statements HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".to_owned(), 415, "unsupported-media-type"),
        ("POST /v1/statements HTTP/1.1\r\nHost: a\r\nContent-Type: application/cose\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx".to_owned(), 415, "content-encoding"),
        ("POST /v1/statements HTTP/1.1\r\nHost: a\r\nContent-Type: application/cose\r\nContent-Length: 99999999\r\n\r\n".to_owned(), 413, "statement-too-large"),
        ("GET /v1/log?x=1 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        ("GET /v1/statements?kind=key&kind=key HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        ("GET /v1/statements?kind=nothing HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        ("GET /v1/statements?limit=501 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        ("GET /v1/statements?limit=01 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        ("GET /v1/statements?cursor=00 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        ("GET /v1/statements/xyz HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        (format!("GET /v1/statements/{} HTTP/1.1\r\nHost: a\r\n\r\n", "00".repeat(32)), 404, "not-found"),
        ("GET /v1/proofs/inclusion?index=99 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 404, "not-found"),
        ("GET /v1/proofs/inclusion?index=0&size=99 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        ("GET /v1/proofs/consistency?first=0 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "bad-query"),
        ("GET /v1/entries?start=99 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 404, "not-found"),
        ("GET /v1/bundles?subject=abcdefab HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 404, "not-found"),
    ] {
        let reply = raw(address, request.as_bytes());
        let line = request.lines().next().unwrap().chars().take(60).collect::<String>();
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{line}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    let both = "POST /v1/statements HTTP/1.1\r\nHost: a\r\nContent-Type: application/cose\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(raw(address, both.as_bytes()).status, 400);
    let allow = raw(address, b"DELETE /v1/statements HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(allow.header("allow").is_some_and(|allow| allow.contains("POST")), "{allow:?}");
}

#[test]
fn a_body_without_announced_length_is_bounded_too() {
    let (_lab, _, address) = lab();
    let head = "POST /v1/statements HTTP/1.1\r\nHost: a\r\nContent-Type: application/cose\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", 65_001, "x".repeat(65_001));
    let reply = raw(address, [head, &chunk].concat().as_bytes());
    assert_eq!((reply.status, reply.code().as_str()), (413, "statement-too-large"));
}

#[test]
fn clients_that_say_nothing_or_half_a_head_are_cut_off() {
    let (_lab, _, address) = lab();
    let begun = Instant::now();
    let mut silent = TcpStream::connect(address).unwrap();
    let mut half = TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut half, b"GET /livez HTTP/1.1\r\nHost:").unwrap();
    for stream in [&mut silent, &mut half] {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("closed by the server");
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn a_full_queue_answers_at_once_and_says_when_to_come_back() {
    let mut lab = Lab::with_limits(QueueLimits { statements: 1, bytes: 100_000 });
    let pdp = lab.register(1, "service:pdp", "pdp");
    let address = serve(&lab);
    let (first, second) = (pdp.says(&lab.decision(1)), pdp.says(&lab.decision(2)));
    lab.store.hold(true);
    let waiting = std::thread::spawn(move || post(address, COSE, &first));
    while lab.running().log().queue().depth() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let begun = Instant::now();
    let reply = post(address, COSE, &second);
    assert_eq!((reply.status, reply.code().as_str()), (503, "queue-full"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert!(begun.elapsed() < Duration::from_secs(2));
    lab.store.hold(false);
    assert_eq!(waiting.join().unwrap().status, 201);
    assert_eq!(post(address, COSE, &second).status, 201);
    lab.check();
}

#[test]
fn a_latched_log_answers_503_and_is_not_ready() {
    let (lab, pdp, address) = lab();
    assert_eq!(get(address, "/readyz").status, 200);
    lab.store.fail_next(Fault::Lost);
    let bytes = pdp.says(&lab.decision(1));
    for _ in 0..2 {
        let reply = post(address, COSE, &bytes);
        assert_eq!((reply.status, reply.code().as_str()), (503, "log-latched"));
        assert!(reply.header("retry-after").is_some());
    }
    assert_eq!(get(address, "/readyz").status, 503);
    assert_eq!(get(address, "/livez").status, 200);
}

#[test]
fn a_statement_is_served_as_it_was_posted_and_as_json() {
    let (lab, pdp, address) = lab();
    let payload = lab.decision(1);
    let bytes = pdp.says(&payload);
    post(address, COSE, &bytes);
    let target = format!("/v1/statements/{}", statement(&bytes).id());
    let reply = get(address, &target);
    assert_eq!(reply.body, bytes);
    assert_eq!(reply.header("content-type"), Some(COSE));
    let json = get_as(address, &target, "application/json").json();
    assert_eq!(json["payload"], payload);
    assert_eq!(json["index"], 2);
    assert!(json["time"].is_u64());
    assert_eq!(get_as(address, &target, "text/html").code(), "not-acceptable");
}

#[test]
fn a_search_stays_at_its_size_while_the_log_grows() {
    let (lab, pdp, address) = lab();
    for number in 0..5 {
        post(address, COSE, &pdp.says(&lab.decision(number)));
    }
    let mut page = get(address, "/v1/statements?action=payments%3Arefund&decision=permit&limit=2").json();
    assert_eq!(page["as_of"]["size"], 7);
    post(address, COSE, &pdp.says(&lab.decision(9)));
    let mut indexes = Vec::new();
    loop {
        indexes.extend(
            page["results"].as_array().unwrap().iter().map(|result| result["index"].as_u64().unwrap()),
        );
        let Some(next) = page["next"].as_str() else { break };
        assert_eq!(page["truncated"], true);
        let other = get(address, &format!("/v1/statements?action=other&cursor={next}"));
        assert_eq!(other.code(), "bad-query");
        page = get(
            address,
            &format!("/v1/statements?action=payments%3Arefund&decision=permit&limit=2&cursor={next}"),
        )
        .json();
        assert_eq!(page["as_of"]["size"], 7);
    }
    assert_eq!(indexes, [2, 3, 4, 5, 6]);
    let count =
        |query: &str| get(address, &format!("/v1/statements?{query}")).json()["count"].as_u64().unwrap();
    assert_eq!(count("kind=decision"), 6);
    assert_eq!(count("resource=orders%2F3"), 1);
    assert_eq!(count("principal=agent%3Aplanner%2F1&kind=key"), 0);
    assert_eq!(count("principal=service%3Apdp&kind=key"), 1);
    assert_eq!(count("kind=decision&since=1800000000001"), 0);
    assert_eq!(count("kind=decision&until=1800000000000"), 6);
    assert_eq!(count("kind=decision&tenant=other"), 0);
}

#[test]
fn a_name_resolves_by_id_then_foreign_id_then_prefix() {
    let (mut lab, pdp, address) = lab();
    let gateway = lab.register(3, "service:collector", "gateway");
    let imported = gateway.says(&lab.imported("be7f89b5-d456", "cloudtrail/1"));
    let decision = pdp.says(&lab.decision(1));
    lab.submit(vec![imported.clone(), decision.clone()]);
    let id = statement(&imported).id().to_hex();
    for (name, matched) in [
        (id.as_str(), "id"),
        ("be7f89b5-d456", "foreign"),
        ("event%3Abe7f89b5-d456", "foreign"),
        (&id[..8], "prefix"),
    ] {
        let answer = get(address, &format!("/v1/resolve?id={name}")).json();
        assert_eq!(
            (&answer["matched"], &answer["candidates"][0]["id"]),
            (&json!(matched), &json!(id)),
            "{name}"
        );
        let bundle = get(address, &format!("/v1/bundles?subject={name}"));
        assert_eq!((bundle.status, bundle.header("writ-subject")), (200, Some(id.as_str())), "{name}");
    }
    assert_eq!(get(address, &format!("/v1/resolve?id={}", &id[..7])).code(), "not-found");
}

#[test]
fn a_bundle_holds_what_judging_needs_and_verifies_offline() {
    let (mut lab, pdp, address) = lab();
    let statements: Vec<Vec<u8>> = (0..300).map(|number| pdp.says(&lab.decision(number))).collect();
    lab.submit(statements.clone());
    let id = statement(&statements[150]).id();
    let bundle = get(address, &format!("/v1/bundles?subject={id}"));
    assert_eq!(bundle.status, 200);
    let checked = verifier::bundle::check(&bundle.body, &lab.trust).unwrap();
    assert_eq!(checked.subject, id);
    assert_eq!(checked.head.size(), 302);
    assert!(checked.evidence.get(&id).is_some());
}

#[test]
fn proofs_verify_against_signed_heads() {
    let (mut lab, pdp, address) = lab();
    let mut heads = Vec::new();
    for batch in 0..4 {
        heads.push(get(address, "/checkpoint").body);
        let statements = (0..100).map(|number| pdp.says(&lab.decision(batch * 1_000 + number))).collect();
        lab.submit(statements);
    }
    let head = |bytes: &[u8]| verify_head(&Note::parse(bytes).unwrap(), &lab.trust).unwrap();
    let latest = head(&get(address, "/checkpoint").body);
    for bytes in &heads {
        let first = head(bytes);
        let answer = get(address, &format!("/v1/proofs/consistency?first={}", first.size())).json();
        let proof =
            ConsistencyProof { first: first.size(), second: latest.size(), path: hashes(&answer["path"]) };
        first.verify_consistency(&proof, &latest).unwrap();
        assert_eq!(answer["first_root"], first.root().to_hex());
    }
    let entries = get(address, "/v1/entries?start=100").body;
    for (index, entry) in (100_u64..).zip(decode_entry_bundle(&entries).unwrap()) {
        let answer = get(address, &format!("/v1/proofs/inclusion?index={index}")).json();
        let proof = InclusionProof { index, size: latest.size(), path: hashes(&answer["path"]) };
        latest.verify_inclusion(&proof, leaf_hash(entry)).unwrap();
    }
}

#[test]
fn every_documented_operation_is_there_and_every_route_is_documented() {
    let (_lab, _, address) = lab();
    let api = get(address, "/openapi.json").json();
    let mut documented = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        let target = path
            .replace("/v1/stream", "/v1/stream?from=1000000")
            .replace("{id}", &"00".repeat(32))
            .replace("{path}", "0/000.p/1");
        let target = target.replace("{kid}", "AAAA");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let is_documented = item.get(method.to_lowercase()).is_some();
            let request = format!(
                "{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let reply = raw(address, request.as_bytes());
            assert_eq!(reply.status != 405, is_documented, "{method} {path}: {reply:?}");
            if reply.status == 404 && is_scitt(path) {
                assert_eq!(reply.header("content-type"), Some(problem_type(path)), "{path}");
            } else if reply.status == 404 {
                assert_ne!(reply.code(), "no-such-route", "{path}");
            }
        }
        documented.push(path.clone());
    }
    let expected = [
        "/.well-known/authzen-configuration",
        "/.well-known/scitt-keys",
        "/.well-known/scitt-keys/{kid}",
        "/access/v1/evaluation",
        "/access/v1/evaluations",
        "/checkpoint",
        "/entries",
        "/entries/{id}",
        "/livez",
        "/metrics",
        "/openapi.json",
        "/readyz",
        "/tile/{path}",
        "/v1/authority",
        "/v1/blast",
        "/v1/bundles",
        "/v1/chain",
        "/v1/counts",
        "/v1/coverage",
        "/v1/crossings",
        "/v1/diff",
        "/v1/effect",
        "/v1/entries",
        "/v1/export",
        "/v1/grants",
        "/v1/log",
        "/v1/lookup",
        "/v1/proofs/consistency",
        "/v1/proofs/inclusion",
        "/v1/report",
        "/v1/resolve",
        "/v1/revisions",
        "/v1/statements",
        "/v1/statements/{id}",
        "/v1/stream",
        "/v1/uses",
        "/v1/what-if",
        "/v1/who",
        "/v1/why",
        "/version",
    ];
    assert_eq!(documented, expected);
}

#[test]
fn one_connection_serves_many_requests() {
    let (_lab, _, address) = lab();
    let mut stream = TcpStream::connect(address).unwrap();
    for _ in 0..3 {
        std::io::Write::write_all(&mut stream, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        assert_eq!(read(&mut stream).body, b"ok\n");
    }
}
