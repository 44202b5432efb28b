//! Where a description language says something else than the Rust types, and why. Each must stay true.

use crate::item::Item;

/// A language that deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Cddl,
    JsonSchema,
}

/// One way in which it does: it accepts what Rust refuses. The opposite is never excused.
pub(crate) struct Deviation {
    pub(crate) id: &'static str,
    pub(crate) who: Who,
    pub(crate) reason: &'static str,
    /// Which cases it explains, by their names.
    pub(crate) cases: fn(&str) -> bool,
}

/// A change that breaks a rule across fields, for those that no change of one value breaks.
pub(crate) struct Edit {
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    /// Keys and places from the root.
    pub(crate) path: &'static [&'static str],
    pub(crate) value: fn() -> Item,
}

pub(crate) const EDITS: &[Edit] = &[
    Edit {
        kind: "delegation",
        name: "minimal",
        path: &["body", "delegatee"],
        value: || Item::text("user:alice@corp"),
    },
    Edit { kind: "link", name: "minimal", path: &["body", "to"], value: || Item::text("user:alice@corp") },
    Edit {
        kind: "genesis",
        name: "minimal",
        path: &["body", "keys", "1", "use"],
        value: || Item::text("checkpoint"),
    },
    Edit {
        kind: "genesis",
        name: "minimal",
        path: &["body", "keys", "1", "public"],
        value: || Item::Bytes(vec![1; 32]),
    },
    Edit {
        kind: "genesis",
        name: "minimal",
        path: &["body", "registrars", "0"],
        value: || Item::Bytes(vec![1; 32]),
    },
];

pub(crate) const PAYLOAD: &[Deviation] = &[
    Deviation {
        id: "json-length-in-characters",
        who: Who::JsonSchema,
        reason: "maxLength counts characters; lengths are bounded in bytes",
        cases: |case| case.ends_with("made a URI of 2049 bytes and fewer characters"),
    },
    Deviation {
        id: "cddl-order-in-time",
        who: Who::Cddl,
        reason: "CDDL does not compare two fields: an interval may not end before it begins",
        cases: is_of_time,
    },
    Deviation {
        id: "json-order-in-time",
        who: Who::JsonSchema,
        reason: "JSON Schema does not compare two fields: an interval may not end before it begins",
        cases: is_of_time,
    },
    Deviation {
        id: "cddl-order-in-assertion",
        who: Who::Cddl,
        reason: "CDDL does not compare items: terms and indexes ascend, indexes lie below size",
        cases: is_of_assertion,
    },
    Deviation {
        id: "json-order-in-assertion",
        who: Who::JsonSchema,
        reason: "JSON Schema does not compare items: terms and indexes ascend, indexes lie below size",
        cases: is_of_assertion,
    },
    Deviation {
        id: "cddl-distinct-registrars",
        who: Who::Cddl,
        reason: "CDDL does not compare items: no registrar is named twice",
        cases: |case| case.starts_with("genesis") && case.contains("/body/registrars "),
    },
    Deviation {
        id: "cddl-threshold",
        who: Who::Cddl,
        reason: "CDDL does not count items: the threshold is at most the number of registrars",
        cases: |case| case == "genesis full /body/registrars without its last item",
    },
    Deviation {
        id: "json-threshold",
        who: Who::JsonSchema,
        reason: "JSON Schema does not count items: the threshold is at most the number of registrars",
        cases: |case| case == "genesis full /body/registrars without its last item",
    },
    Deviation {
        id: "cddl-one-key-of-each-use",
        who: Who::Cddl,
        reason: "CDDL would have to list the six orders: one key of each use",
        cases: |case| case == "genesis minimal /body/keys/1/use edited",
    },
    Deviation {
        id: "cddl-distinct-keys",
        who: Who::Cddl,
        reason: "CDDL does not compare items: the log's keys and its registrars' are distinct",
        cases: is_of_distinct_keys,
    },
    Deviation {
        id: "json-distinct-keys",
        who: Who::JsonSchema,
        reason: "uniqueItems compares whole items of one list: the log's keys and its registrars' are distinct",
        cases: is_of_distinct_keys,
    },
    Deviation {
        id: "cddl-another-principal",
        who: Who::Cddl,
        reason: "CDDL does not compare two fields: nobody delegates to itself without a credential, or is linked to itself",
        cases: is_of_another_principal,
    },
    Deviation {
        id: "json-another-principal",
        who: Who::JsonSchema,
        reason: "JSON Schema does not compare two fields: nobody delegates to itself without a credential, or is linked to itself",
        cases: is_of_another_principal,
    },
];

pub(crate) const ENVELOPE: &[Deviation] = &[Deviation {
    id: "cddl-subject",
    who: Who::Cddl,
    reason: "CDDL does not compare header and payload: sub is what the payload is about",
    cases: |case| case.starts_with("statement /Int(15)/Int(2) "),
}];

pub(crate) const RECEIPT: &[Deviation] = &[Deviation {
    id: "cddl-receipt-index",
    who: Who::Cddl,
    reason: "CDDL does not compare items: the proof's index is the place's, and below the size",
    cases: |case| {
        ["receipt /0 ", "receipt /1 ", "receipt /Int(-2003986805)/1 "]
            .iter()
            .any(|start| case.starts_with(start))
    },
}];

fn is_of_time(case: &str) -> bool {
    let fields = [
        "not_before",
        "expires",
        "requested_at",
        "evaluated_at",
        "valid_until",
        "approved_at",
        "approved_until",
    ];
    let fields = fields.iter().chain(&["attempted_at", "completed_at"]);
    let ends = ["made zero", "made 2^53 - 1"];
    fields
        .into_iter()
        .any(|field| ends.iter().any(|end| case.ends_with(&format!(" full /body/{field} {end}"))))
}

fn is_of_assertion(case: &str) -> bool {
    case.starts_with("assertion full /body/rows") || case == "assertion full /body/size made zero"
}

fn is_of_distinct_keys(case: &str) -> bool {
    ["/body/keys/1/public edited", "/body/registrars/0 edited"].iter().any(|end| case.ends_with(end))
}

fn is_of_another_principal(case: &str) -> bool {
    ["delegation minimal /body/delegatee edited", "link minimal /body/to edited"].contains(&case)
}
