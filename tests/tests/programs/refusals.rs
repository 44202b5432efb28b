//! Bad input: refused with its own code, nothing half-written, the server alive.

use schemas::canonical::Writer;
use schemas::ids::LogId;
use serde_json::{Value, json};

use crate::harness::{Draft, Person, Place, Server};

/// How a batch fares with such an item in its middle.
#[derive(Clone, Copy, PartialEq)]
enum InBatch {
    /// The item is refused; its neighbours are appended.
    Alone,
    /// The item has no end that can be relied on: all of the batch is refused.
    All,
}

struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    status: u16,
    code: &'static str,
    in_batch: InBatch,
}

/// The parts of a statement, to be put together wrongly.
#[derive(Clone)]
struct Parts {
    protected: Vec<u8>,
    payload: Vec<u8>,
}

struct Cast {
    log: LogId,
    alice: Person,
    bob: Person,
    agent: Person,
    gateway: Person,
}

impl Cast {
    fn new(place: &Place, server: &Server) -> Self {
        let cast = Self {
            log: place.log(),
            alice: Person::new(1, "user:alice@corp"),
            bob: Person::new(2, "user:bob@corp"),
            agent: Person::new(3, "agent:planner"),
            gateway: Person::new(4, "gateway:edge"),
        };
        let (principal, gateway): (&[&str], &[&str]) = (&["principal"], &["gateway"]);
        place.register(
            server,
            &[
                (&cast.alice, principal),
                (&cast.bob, principal),
                (&cast.agent, principal),
                (&cast.gateway, gateway),
            ],
        );
        cast
    }

    /// A statement that would be accepted, new each time.
    fn good(&self, note: &str) -> Vec<u8> {
        self.alice.sign(&Draft::note(&self.log, note))
    }

    fn parts(&self) -> Parts {
        let mut payload = Writer::with_capacity(256);
        payload.map(7).text("v").uint(1).text("at").uint(crate::harness::now());
        payload.text("log").bytes(self.log.as_bytes());
        payload.text("body").map(2).text("note").text("by hand").text("about").bytes(self.log.as_bytes());
        payload
            .text("kind")
            .text("correction")
            .text("tenant")
            .text("default")
            .text("vantage")
            .text("authority");
        Parts { protected: self.protected(0x32, &[]), payload: payload.into_bytes() }
    }

    /// The header with this algorithm byte, and more labels before `kid`.
    fn protected(&self, alg: u8, more: &[u8]) -> Vec<u8> {
        let mut header = Writer::with_capacity(192);
        header.map(if more.is_empty() { 4 } else { 5 }).uint(1).raw(&[alg]).raw(more);
        header.uint(3).text("application/writ+cbor").uint(4).bytes(self.alice.kid().as_bytes());
        header.uint(15).map(2).uint(1).text(self.alice.iss.as_str()).uint(2).text(&self.log.to_hex());
        header.into_bytes()
    }

    fn signed(&self, parts: &Parts) -> Vec<u8> {
        parts.envelope(&parts.signature(&self.alice))
    }

    /// The payload with other bytes in the place of some.
    fn payload_with(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut parts = self.parts();
        parts.payload = replace(&parts.payload, from, to);
        self.signed(&parts)
    }
}

impl Parts {
    fn signature(&self, by: &Person) -> Vec<u8> {
        let mut signed = Writer::with_capacity(1024);
        signed.array(4).text("Signature1").bytes(&self.protected).bytes(b"").bytes(&self.payload);
        by.sign_bytes(&signed.into_bytes()).to_vec()
    }

    fn envelope(&self, signature: &[u8]) -> Vec<u8> {
        self.with_unprotected(&[0xa0], signature)
    }

    fn with_unprotected(&self, unprotected: &[u8], signature: &[u8]) -> Vec<u8> {
        let mut whole = Writer::with_capacity(1024);
        whole
            .raw(&[0xd2])
            .array(4)
            .bytes(&self.protected)
            .raw(unprotected)
            .bytes(&self.payload)
            .bytes(signature);
        whole.into_bytes()
    }
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn text(text: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(text);
    writer.into_bytes()
}

/// Bytes that are no statement, whoever signs.
fn broken(cast: &Cast) -> Vec<Case> {
    use InBatch::{All, Alone};
    let good = cast.good("to be broken");
    let parts = cast.parts();
    let signature = parts.signature(&cast.alice);
    let case = |name, bytes, status, code, in_batch| Case { name, bytes, status, code, in_batch };
    let mut deep = parts.clone();
    deep.payload = [vec![0x81; 17], vec![0x00]].concat();
    let mut large = parts.clone();
    large.payload = [vec![0x59, 0xff, 0xf0], vec![b'x'; 0xfff0]].concat();
    let indefinite = [&[0xd2, 0x9f], &good[2..], &[0xff]].concat();
    vec![
        case("truncated", good[..good.len() - 1].to_vec(), 400, "cbor-truncated", All),
        case("nothing but a tag", vec![0xd2], 400, "cbor-truncated", All),
        case("oversized", cast.signed(&large), 413, "statement-too-large", Alone),
        case(
            "a head longer than it needs",
            [&[0xd2, 0x98, 0x04], &good[2..]].concat(),
            400,
            "cbor-not-shortest",
            All,
        ),
        case("without a definite length", indefinite, 400, "cbor-indefinite", All),
        case("another tag", [&[0xd1], &good[1..]].concat(), 400, "cbor-tag", All),
        case("no tag", good[1..].to_vec(), 400, "not-cose-sign1", Alone),
        case("a float", vec![0xfb, 0x40, 0, 0, 0, 0, 0, 0, 0], 400, "cbor-simple", All),
        case("no statement at all", b"\x18\x2a".to_vec(), 400, "not-cose-sign1", Alone),
        case("JSON", b"{\"kind\":\"delegation\"}".to_vec(), 400, "cbor-truncated", All),
        case("deep nesting of the payload", cast.signed(&deep), 400, "cbor-depth", Alone),
        case("unsigned", parts.envelope(&[]), 400, "unsigned", Alone),
        case("a short signature", parts.envelope(&signature[..63]), 400, "signature-length", Alone),
        case(
            "an unsigned header",
            parts.with_unprotected(&[0xa1, 0x04, 0x41, 0x00], &signature),
            400,
            "unprotected-header",
            Alone,
        ),
        case(
            "a detached payload",
            replace(&good, &good[good.len() - 66..], &[0xf6]),
            400,
            "cbor-simple",
            All,
        ),
    ]
}

/// Payloads and headers that are signed well and say what this format does not.
fn malformed(cast: &Cast) -> Vec<Case> {
    let case = |name, bytes, status, code| Case { name, bytes, status, code, in_batch: InBatch::Alone };
    let header = |protected: Vec<u8>| cast.signed(&Parts { protected, ..cast.parts() });
    let vantage = [text("vantage"), text("authority")].concat();
    let head = |count: u8| move |bytes: Vec<u8>| [vec![0xa0 + count], bytes[1..].to_vec()].concat();
    let mut repeated = cast.parts();
    repeated.payload = head(8)([repeated.payload.clone(), vantage.clone()].concat());
    let mut unknown = cast.parts();
    unknown.payload = head(8)([unknown.payload.clone(), text("verified"), vec![0xf5]].concat());
    let mut unsorted = cast.parts();
    let (v, at) = ([text("v"), vec![1]].concat(), replace(&unsorted.payload[1..], &vantage, &[]));
    unsorted.payload = [vec![0xa7], at[v.len()..].to_vec(), v, vantage.clone()].concat();
    let mut trailing = cast.parts();
    trailing.payload.push(0);
    let sub = replace(&cast.protected(0x32, &[]), cast.log.to_hex().as_bytes(), "0".repeat(64).as_bytes());
    let kid = replace(&cast.protected(0x32, &[]), cast.alice.kid().as_bytes(), &[7; 32]);
    vec![
        case("a repeated key", cast.signed(&repeated), 400, "cbor-duplicate-key"),
        case("unsorted keys", cast.signed(&unsorted), 400, "cbor-unsorted-key"),
        case("bytes behind the payload", cast.signed(&trailing), 400, "cbor-trailing-bytes"),
        case("null", cast.payload_with(&text("default"), &[0xf6]), 400, "cbor-simple"),
        case(
            "an integer that JSON cannot carry",
            cast.payload_with(&[0x61, b'v', 1], &[0x61, b'v', 0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0]),
            400,
            "cbor-integer-range",
        ),
        case("text that is no text", cast.payload_with(b"by hand", b"by\xffhand"), 400, "cbor-utf8"),
        case("an unknown field", cast.signed(&unknown), 422, "unknown-field"),
        case(
            "an unknown kind",
            cast.payload_with(&text("correction"), &text("corruption")),
            422,
            "unknown-kind",
        ),
        case(
            "an unknown version",
            cast.payload_with(&[0x61, b'v', 1], &[0x61, b'v', 2]),
            422,
            "unknown-version",
        ),
        case(
            "an unknown vantage",
            cast.payload_with(&text("authority"), &text("authoritx")),
            422,
            "unknown-value",
        ),
        case("a missing field", cast.payload_with(&text("note"), &text("nope")), 422, "unknown-field"),
        case("another algorithm", header(cast.protected(0x26, &[])), 400, "algorithm"),
        case(
            "a critical header",
            header(cast.protected(0x32, &[0x02, 0x81, 0x18, 0x2a])),
            400,
            "not-cose-sign1",
        ),
        case("another subject", header(sub), 422, "subject-mismatch"),
        case("an unknown key", header(kid), 403, "unknown-key"),
    ]
}

/// Statements of the right form by the wrong hand.
fn not_allowed(cast: &Cast, other_log: &LogId) -> Vec<Case> {
    let case = |name, bytes, status, code| Case { name, bytes, status, code, in_batch: InBatch::Alone };
    let log = &cast.log;
    let good = cast.good("to be signed wrongly");
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let as_bob = cast.alice.named(cast.bob.iss.as_str());
    let stranger = Person::new(99, "user:alice@corp");
    let parts = cast.parts();
    let decision = |vantage: &str| {
        let body = json!({
            "ruling": "permit", "actor": "agent:planner", "action": {"name": "payments:refund"}, "resources": ["order/1"],
            "evaluated_at": crate::harness::now(),
        });
        Draft::new(log, "decision", body).with("vantage", Value::from(vantage))
    };
    let steal = Draft::delegation(log, "user:alice@corp", "agent:planner", &[]);
    let approval = json!({
        "approver": "user:bob@corp", "requester": "agent:planner", "action": {"name": "payments:refund"},
        "resources": ["order/1"], "scope": "template", "approved_at": crate::harness::now(),
    });
    let approval = Draft::new(log, "approval", approval);
    vec![
        case("a flipped signature", flipped, 422, "signature-invalid"),
        case("another's signature", parts.envelope(&parts.signature(&cast.bob)), 422, "signature-invalid"),
        case("a key nobody registered", stranger.sign(&Draft::note(log, "hello")), 403, "unknown-key"),
        case("another's name", as_bob.sign(&Draft::note(log, "hello")), 403, "issuer-mismatch"),
        case("a decision without the role", cast.alice.sign(&decision("authority")), 403, "role-kind"),
        case(
            "a decision from another vantage",
            cast.gateway.sign(&decision("authority")),
            403,
            "role-vantage",
        ),
        case(
            "a key by nobody's registrar",
            cast.alice.register(log, &stranger, &["principal"]),
            403,
            "role-kind",
        ),
        case("another's delegation", cast.agent.sign(&steal), 403, "role-principal"),
        case("another's approval", cast.agent.sign(&approval), 403, "role-principal"),
        case("another log", cast.alice.sign(&Draft::note(other_log, "hello")), 422, "wrong-log"),
    ]
}

fn every_case(cast: &Cast) -> Vec<Case> {
    [broken(cast), malformed(cast), not_allowed(cast, &LogId::new([9; 32]))].into_iter().flatten().collect()
}

#[test]
fn what_is_wrong_is_refused_with_its_own_code_and_leaves_nothing_behind() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    assert_eq!(
        server.http.append(&cast.signed(&cast.parts())).status,
        201,
        "what the cases are made of must be right"
    );
    let size = server.http.size();
    let cases = every_case(&cast);
    let mut wrong = Vec::new();
    for case in &cases {
        let answer = server.http.append(&case.bytes);
        if answer.status != case.status || answer.code() != case.code {
            wrong.push(format!("{}: {} {}", case.name, answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let trailing = [cast.good("and more"), vec![0]].concat();
    assert_eq!(server.http.append(&trailing).code(), "cbor-trailing-bytes");
    assert_eq!(server.http.append(&[]).code(), "cbor-truncated");
    assert_eq!(server.http.size(), size, "nothing was written");

    assert_eq!(server.http.append(&cast.good("still alive")).status, 201);
    server.stop();
    let fsck = place.fsck();
    assert_eq!((fsck.code, fsck.json()["size"].as_u64()), (0, Some(size + 1)), "{fsck}");
}

#[test]
fn in_a_batch_the_good_are_appended_beside_the_refused() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    let mut size = server.http.size();
    for (at, case) in every_case(&cast).iter().enumerate() {
        let batch =
            [cast.good(&format!("before {at}")), case.bytes.clone(), cast.good(&format!("behind {at}"))];
        let answer = server.http.append_many(&batch);
        if case.in_batch == InBatch::All {
            // What follows may be taken for the rest of it, so either the whole batch or the made-up item is refused.
            let refused = answer.status == 400 || answer.text().contains("\"refused\"");
            assert!(refused, "{}: {}", case.name, answer.text());
            size = server.http.size();
        } else {
            assert_eq!(answer.status, 200, "{}: {}", case.name, answer.text());
            let results = answer.json()["results"].clone();
            let statuses = [0, 1, 2].map(|at| results[at]["status"].as_str().unwrap().to_owned());
            assert_eq!(statuses, ["appended", "refused", "appended"], "{}: {results}", case.name);
            assert_eq!(results[1]["code"], case.code, "{}", case.name);
            assert!(
                results[1]["index"].is_null() && results[1]["detail"].is_string(),
                "{}: {results}",
                case.name
            );
            size += 2;
        }
        assert_eq!(server.http.size(), size, "{}", case.name);
    }
    server.stop();
    assert_eq!(place.fsck().code, 0);
}

#[test]
fn every_truncation_of_a_statement_is_refused() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    let (good, size) = (cast.good("to be cut"), server.http.size());
    for end in 0..good.len() {
        let answer = server.http.append(&good[..end]);
        assert_eq!((answer.status, answer.code().as_str()), (400, "cbor-truncated"), "cut at {end}");
    }
    assert_eq!(server.http.size(), size);
    server.append(&good);
}

#[test]
fn every_flipped_bit_of_a_statement_is_refused() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    let (good, size) = (cast.good("to be flipped"), server.http.size());
    let batch = |bit: usize| {
        let flip = |at: usize| {
            let mut flipped = good.clone();
            flipped[at] ^= 1 << bit;
            flipped
        };
        (0..good.len()).map(flip).collect::<Vec<_>>()
    };
    for bit in 0..8 {
        for flipped in batch(bit) {
            let answer = server.http.append(&flipped);
            assert!((400..=422).contains(&answer.status), "{}", answer.text());
            answer.code();
        }
    }
    assert_eq!(server.http.size(), size);
    server.append(&good);
}

#[test]
fn batches_have_bounds() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    let size = server.http.size();
    let post = |body: &[u8]| {
        server
            .http
            .request("POST", "/v1/statements", &[("content-type", "application/cbor-seq")], body)
            .unwrap()
    };
    assert_eq!(post(&[]).code(), "batch-empty");
    let one = cast.good("many times");
    let most = vec![one.clone(); 4_096];
    assert_eq!(post(&most.concat()).status, 200);
    let more = post(&vec![one.clone(); 4_097].concat());
    assert_eq!((more.status, more.code().as_str()), (413, "batch-too-many"));
    let large = post(&vec![0x18; 4 * 1024 * 1024 + 1]);
    assert_eq!((large.status, large.code().as_str()), (413, "batch-too-large"));
    assert_eq!(server.http.size(), size + 1);
}
