//! Every kind of bad input, made byte by byte.

use schemas::canonical::Writer;
use schemas::ids::LogId;
use serde_json::{Value, json};

use crate::harness::{Draft, Person, Place, Server};

/// How a batch fares with such an item in its middle.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum InBatch {
    /// The item is refused; its neighbours are appended.
    Alone,
    /// The item has no end that can be found: nothing of the batch is appended, under this code.
    Whole(&'static str),
    /// What follows is taken for the rest of the item; these are the codes of what is made of both.
    Runs(&'static [&'static str]),
}

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) in_batch: InBatch,
}

/// The parts of a statement, to be put together wrongly.
#[derive(Clone)]
pub(super) struct Parts {
    protected: Vec<u8>,
    payload: Vec<u8>,
}

pub(super) struct Cast {
    log: LogId,
    alice: Person,
    bob: Person,
    agent: Person,
    gateway: Person,
}

impl Cast {
    pub(super) fn new(place: &Place, server: &Server) -> Self {
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
    pub(super) fn good(&self, note: &str) -> Vec<u8> {
        self.alice.sign(&Draft::note(&self.log, note))
    }

    pub(super) fn parts(&self) -> Parts {
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

    pub(super) fn signed(&self, parts: &Parts) -> Vec<u8> {
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

    fn detached(&self, signature: &[u8]) -> Vec<u8> {
        let mut whole = Writer::with_capacity(1024);
        whole.raw(&[0xd2]).array(4).bytes(&self.protected).raw(&[0xa0, 0xf6]).bytes(signature);
        whole.into_bytes()
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
    use InBatch::{Alone, Runs, Whole};
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
        case(
            "truncated",
            good[..good.len() - 1].to_vec(),
            400,
            "cbor-truncated",
            Runs(&["signature-invalid", "not-cose-sign1"]),
        ),
        case("nothing but a tag", vec![0xd2], 400, "cbor-truncated", Whole("cbor-tag")),
        case("oversized", cast.signed(&large), 413, "statement-too-large", Alone),
        case(
            "a head longer than it needs",
            [&[0xd2, 0x98, 0x04], &good[2..]].concat(),
            400,
            "cbor-not-shortest",
            Whole("cbor-not-shortest"),
        ),
        case("without a definite length", indefinite, 400, "cbor-indefinite", Whole("cbor-indefinite")),
        case("another tag", [&[0xd1], &good[1..]].concat(), 400, "cbor-tag", Whole("cbor-tag")),
        case("no tag", good[1..].to_vec(), 400, "not-cose-sign1", Alone),
        case("a float", vec![0xfb, 0x40, 0, 0, 0, 0, 0, 0, 0], 400, "cbor-simple", Whole("cbor-simple")),
        case("no statement at all", b"\x18\x2a".to_vec(), 400, "not-cose-sign1", Alone),
        case("JSON", b"{\"kind\":\"delegation\"}".to_vec(), 400, "cbor-truncated", Whole("cbor-truncated")),
        case("deep nesting of the payload", cast.signed(&deep), 400, "cbor-depth", Alone),
        case("unsigned", parts.envelope(&[]), 400, "unsigned", Alone),
        case("a short signature", parts.envelope(&signature[..63]), 400, "signature-length", Alone),
        case(
            "an unsigned header",
            parts.with_unprotected(&[0xa1, 0x04, 0x41, 0x01], &signature),
            400,
            "unprotected-header",
            Alone,
        ),
        case("a detached payload", parts.detached(&signature), 400, "cbor-simple", Whole("cbor-simple")),
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
            header(cast.protected(0x32, &[0x02, 0x81, 0x61, b'x'])),
            400,
            "critical-header",
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

pub(super) fn every_case(cast: &Cast) -> Vec<Case> {
    [broken(cast), malformed(cast), not_allowed(cast, &LogId::new([9; 32]))].into_iter().flatten().collect()
}
