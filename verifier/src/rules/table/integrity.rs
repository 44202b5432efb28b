//! Rules about integrity and vouching: whether statements are what they say, and by whom.

use super::{DENIES, LEAVES_OPEN, REFUSES, rule};
use crate::rules::{Check, Rule, integrity};

pub(super) const RULES: &[Rule] = &[
    rule(
        "link-broken",
        "an entry does not link to the one before it",
        REFUSES,
        Check::Evidence(&["link-broken"]),
    ),
    rule(
        "wrong-origin",
        "the entries are another log's than the head that they stand under, or than the one pinned",
        REFUSES,
        Check::Evidence(&["wrong-origin", "wrong-genesis"]),
    ),
    rule(
        "tail-unproved",
        "nothing shows that the head was the log's latest as recently as the reader asks for",
        REFUSES,
        Check::Evidence(&["checkpoint-no-time", "checkpoint-too-old", "checkpoint-in-future"]),
    ),
    rule(
        "fork",
        "the reader holds proof that the key which signed the head has signed two histories",
        REFUSES,
        Check::Evidence(&["split-view"]),
    ),
    rule(
        "redaction-mismatch",
        "bytes that are said to be an attachment of a statement are not those whose digest it carries",
        REFUSES,
        Check::Evidence(&["redaction-mismatch"]),
    ),
    rule(
        "signature-invalid",
        "a statement's signature does not stand",
        DENIES,
        Check::Record(integrity::signature_invalid),
    ),
    rule(
        "key-not-valid",
        "a statement's key was unknown or retired at its place",
        DENIES,
        Check::Record(integrity::key_not_valid),
    ),
    rule(
        "key-compromised",
        "a statement's key, or a registrar's behind it, was in other hands by then",
        DENIES,
        Check::Record(integrity::key_compromised),
    ),
    rule(
        "signer-not-entitled",
        "a statement's key has no role that covers it",
        DENIES,
        Check::Record(integrity::signer_not_entitled),
    ),
    rule(
        "unknown-statement",
        "a statement is of a form that this program does not know",
        LEAVES_OPEN,
        Check::Record(integrity::unknown_statement),
    ),
    rule(
        "unknown-statement",
        "all entries were read, and one is of a form that this program does not know",
        LEAVES_OPEN,
        Check::Case(integrity::unknown_anywhere),
    ),
    rule(
        "duplicate-conflict",
        "two statements claim one number of one emitter's sequence",
        DENIES,
        Check::Record(integrity::duplicate_conflict),
    ),
];
