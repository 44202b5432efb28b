//! Evidence that is refused before anything is judged, and what comes nearest to it.

use data_encoding::HEXLOWER;
use schemas::ids::EntryHash;
use schemas::time::{Millis, Time};
use serde_json::json;
use sha2::{Digest, Sha256};
use tests::scenario::Actor;

use crate::beside::{Beside, Limit, Offered};
use crate::case::{Case, accept};
use crate::story::Evidence::{self, Bundle, BundleBeside, Entries};
use crate::story::Story;

pub(crate) fn cases() -> Vec<Case> {
    [links(), origins(), tails(), forks(), attachments()].into_iter().flatten().collect()
}

/// A case in which the evidence is refused by a rule.
const fn refuse(
    slug: &'static str,
    name: &'static str,
    found: &'static [&'static str],
    tell: fn(&mut Story) -> (schemas::ids::StatementId, Evidence),
) -> Case {
    let case = accept(slug, name, 0, tell).by("").finding(found);
    Case { outcome: "refused", ..case }
}

fn links() -> Vec<Case> {
    const SLUG: &str = "link-broken";
    vec![
        accept(SLUG, "accept-every-entry-links-to-the-one-before", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Entries)
        }),
        refuse(SLUG, "reject-broken-link-in-a-bundle", &[SLUG], |s| {
            let hop = s.granted();
            s.log.link_next_to(EntryHash::of(b"something else"));
            (s.planner_pays(hop), Bundle)
        }),
        refuse(SLUG, "reject-broken-link-in-a-whole-log", &[SLUG], |s| {
            let hop = s.granted();
            s.log.link_next_to(EntryHash::of(b"something else"));
            (s.planner_pays(hop), Entries)
        }),
    ]
}

fn origins() -> Vec<Case> {
    const SLUG: &str = "wrong-origin";
    vec![
        accept(SLUG, "accept-head-of-the-log-that-genesis-names", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        refuse(SLUG, "reject-head-of-another-log-over-the-same-entries", &[SLUG], |s| {
            let hop = s.granted();
            let subject = s.planner_pays(hop);
            s.log.sign_heads_of("ledger.test/other");
            (subject, Bundle)
        }),
        refuse(SLUG, "reject-whole-log-under-another-logs-head", &[SLUG], |s| {
            let hop = s.granted();
            let subject = s.planner_pays(hop);
            s.log.sign_heads_of("ledger.test/other");
            (subject, Entries)
        }),
    ]
}

/// The head, renewed now, is so many ms old when it is read, ten seconds at most are allowed.
fn aged(s: &mut Story, age: u64) -> (schemas::ids::StatementId, Evidence) {
    let hop = s.granted();
    let subject = s.planner_pays(hop);
    let renewed = s.log.now.0 / 1_000;
    s.log.renew_heads_at(renewed);
    let limit = Limit { now: Time(renewed * 1_000 + age), max_age: Millis(10_000) };
    (subject, BundleBeside(Beside { limit: Some(limit), ..Beside::default() }))
}

fn tails() -> Vec<Case> {
    const SLUG: &str = "tail-unproved";
    vec![
        accept(SLUG, "accept-head-as-old-as-it-may-be", 1, |s| aged(s, 10_000)),
        refuse(SLUG, "reject-head-one-millisecond-older", &[SLUG], |s| aged(s, 10_001)),
        refuse(SLUG, "reject-head-without-a-time", &[SLUG], |s| {
            let hop = s.granted();
            let limit = Limit { now: s.log.now, max_age: Millis(10_000) };
            (s.planner_pays(hop), BundleBeside(Beside { limit: Some(limit), ..Beside::default() }))
        }),
    ]
}

/// A reader who holds two heads of one size by a key: the log's, or another's.
fn forked(s: &mut Story, key: &Actor) -> (schemas::ids::StatementId, Evidence) {
    let hop = s.granted();
    let subject = s.planner_pays(hop);
    let proof = s.log.fork_by(key).encode().expect("a fork proof");
    (subject, BundleBeside(Beside { fork: Some(HEXLOWER.encode(&proof)), ..Beside::default() }))
}

fn forks() -> Vec<Case> {
    const SLUG: &str = "fork";
    vec![
        accept(SLUG, "accept-two-histories-by-a-key-that-nobody-pinned", 1, |s| {
            forked(s, &Actor::named("mallory", "user:mallory"))
        }),
        refuse(SLUG, "reject-two-histories-by-the-logs-key", &[SLUG], |s| {
            let key = s.log.checkpoint_key();
            forked(s, &key)
        }),
    ]
}

/// The planner pays with its input attached, and somebody offers bytes as that input.
fn attached(
    s: &mut Story,
    salted: bool,
    offered: &[u8],
    salt: Option<u8>,
) -> (schemas::ids::StatementId, Evidence) {
    const INPUT: &[u8] = b"pay seven euros";
    let hop = s.granted();
    let decision = s.permitted("agent:planner");
    let mut hash = Sha256::new();
    if salted {
        hash.update([3; 32]);
    }
    hash.update(INPUT);
    let attachment = json!({
        "name": "input", "media_type": "text/plain", "size": INPUT.len(), "salted": salted,
        "digest": HEXLOWER.encode(&hash.finalize()),
    });
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    let subject = s.log.say(&s.planner, payment.with("attachments", json!([attachment])));
    let salt = salt.map(|byte| HEXLOWER.encode(&[byte; 32]));
    let offered = Offered { name: "input".into(), salt, bytes: HEXLOWER.encode(offered) };
    (subject, BundleBeside(Beside { attachment: Some(offered), ..Beside::default() }))
}

fn attachments() -> Vec<Case> {
    const SLUG: &str = "redaction-mismatch";
    vec![
        accept(SLUG, "accept-the-very-bytes-with-their-salt", 1, |s| {
            attached(s, true, b"pay seven euros", Some(3))
        }),
        accept(SLUG, "accept-the-very-bytes-that-have-no-salt", 1, |s| {
            attached(s, false, b"pay seven euros", None)
        }),
        refuse(SLUG, "reject-other-bytes", &[SLUG], |s| attached(s, true, b"pay eight euros", Some(3))),
        refuse(SLUG, "reject-fewer-bytes", &[SLUG], |s| attached(s, true, b"pay seven euro", Some(3))),
        refuse(SLUG, "reject-another-salt", &[SLUG], |s| attached(s, true, b"pay seven euros", Some(4))),
    ]
}
