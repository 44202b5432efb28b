//! Canonical payloads that are not of this format, in statements that are rightly signed.

use super::{Case, case};
use crate::instances;
use crate::item::Item;
use crate::vectors::statements;

pub(super) fn make() -> Vec<Case> {
    [fields(), values(), rules()].concat()
}

/// Fields that are too many, too few, or written in another form.
fn fields() -> Vec<Case> {
    let root: &[&str] = &[];
    vec![
        changed(
            "unknown-field/payload",
            "The payload has a field `color`.",
            root,
            added("color", Item::Int(1)),
        ),
        changed(
            "unknown-field/body",
            "The body has a field `color`.",
            &["body"],
            added("color", Item::Int(1)),
        ),
        changed(
            "unknown-field/grant",
            "A grant has a field `color`.",
            &["body", "scope", "0"],
            added("color", Item::Int(1)),
        ),
        changed("missing-field/at", "The payload has no `at`.", root, dropped("at")),
        changed("missing-field/v", "The payload has no `v`.", root, dropped("v")),
        changed("missing-field/delegator", "The body has no `delegator`.", &["body"], dropped("delegator")),
        changed(
            "other-form/empty-list",
            "`parents` is empty and should be absent.",
            &["body", "parents"],
            |_| Item::List(vec![]),
        ),
        changed(
            "other-form/false",
            "`inherited` is false and should be absent.",
            &["body", "inherited"],
            |_| Item::Bool(false),
        ),
        changed(
            "other-form/list-for-map",
            "A grant is a list of its values.",
            &["body", "scope", "1"],
            |_| Item::List(vec![Item::List(vec![]), Item::List(vec![])]),
        ),
        changed(
            "other-form/bytes-for-name",
            "The name of the field `v` is a byte string.",
            root,
            |payload| {
                let Item::Map(mut fields) = payload else { unreachable!() };
                fields
                    .iter_mut()
                    .filter(|(key, _)| *key == Item::text("v"))
                    .for_each(|field| field.0 = Item::Bytes(b"v".to_vec()));
                Item::Map(fields)
            },
        ),
    ]
}

/// Values that their fields do not allow.
fn values() -> Vec<Case> {
    vec![
        changed("unknown-version/two", "The payload is of version 2.", &["v"], |_| Item::Int(2)),
        changed("unknown-kind/delegate", "There is no kind `delegate`.", &["kind"], |_| {
            Item::text("delegate")
        }),
        changed("unknown-value/vantage", "There is no vantage `afar`.", &["vantage"], |_| Item::text("afar")),
        changed("unknown-value/autonomy", "There is no autonomy `free`.", &["body", "autonomy"], |_| {
            Item::text("free")
        }),
        changed("invalid-field/principal", "The delegator is not a URI.", &["body", "delegator"], |_| {
            Item::text("alice")
        }),
        changed("invalid-field/tenant", "The tenant has a space.", &["tenant"], |_| Item::text("a b")),
        changed("invalid-field/type", "`at` is a text.", &["at"], |_| Item::text("5")),
        changed("invalid-field/log-length", "The log id has 31 bytes.", &["log"], |_| {
            Item::Bytes(vec![1; 31])
        }),
        changed(
            "invalid-field/digest-length",
            "A digest has 15 bytes.",
            &["body", "evidence", "0", "digest", "value"],
            |_| Item::Bytes(vec![1; 15]),
        ),
        changed(
            "invalid-field/pattern",
            "A pattern has `*` within a segment.",
            &["body", "scope", "0", "actions", "0"],
            |_| Item::text("payments:re*"),
        ),
        changed(
            "invalid-field/reference",
            "A parent is neither an id nor a reference.",
            &["body", "parents", "0"],
            |_| Item::List(vec![Item::text("jti")]),
        ),
    ]
}

/// Rules across fields.
fn rules() -> Vec<Case> {
    let root: &[&str] = &[];
    vec![
        changed("invalid-field/no-log", "The payload names no log.", root, dropped("log")),
        changed("invalid-field/stream-alone", "`stream` stands without `seq`.", root, dropped("seq")),
        changed(
            "invalid-field/imported-without-source",
            "An imported statement names no source.",
            &["vantage"],
            |_| Item::text("imported"),
        ),
        changed("invalid-field/to-itself", "The delegatee is the delegator.", root, |payload| {
            let Item::Map(fields) = &payload else { unreachable!() };
            let body = fields.iter().find(|(key, _)| *key == Item::text("body")).unwrap().1.clone();
            let body = dropped("credential")(body).with(&["delegatee"], Item::text("agent:planner/7"));
            payload.with(&["body"], body)
        }),
        changed(
            "invalid-field/ends-before",
            "The delegation expires before it begins.",
            &["body", "expires"],
            |_| Item::Int(4),
        ),
        changed(
            "invalid-field/empty-limit",
            "A limit bounds nothing.",
            &["body", "scope", "0", "limits", "count"],
            |_| Item::Map(vec![]),
        ),
        changed(
            "invalid-field/word-as-bound",
            "A limit's max is a word.",
            &["body", "scope", "0", "limits", "eur", "max"],
            |_| Item::text("1.50"),
        ),
    ]
}

/// A rightly signed statement whose payload is the fullest delegation with one place changed.
fn changed(name: &'static str, description: &str, path: &[&str], change: impl FnOnce(Item) -> Item) -> Case {
    let instance = instances::all().into_iter().find(|i| i.kind == "delegation" && i.name == "full").unwrap();
    let whole = Item::decode(&instance.payload().to_bytes().unwrap());
    let place = path.iter().fold(whole.clone(), |item, part| match item {
        Item::List(items) => items[part.parse::<usize>().unwrap()].clone(),
        Item::Map(fields) => fields.into_iter().find(|(key, _)| *key == Item::text(part)).unwrap().1,
        other => panic!("{other:?}"),
    });
    let signer = statements::signer("delegation");
    let payload = whole.with(path, change(place)).encode();
    case(
        "statement",
        name,
        description,
        signer.statement(&signer.header(-19, "refund-4711").encode(), &payload),
    )
}

fn added(name: &'static str, value: Item) -> impl Fn(Item) -> Item {
    move |item| {
        let Item::Map(mut fields) = item else { unreachable!() };
        fields.push((Item::text(name), value.clone()));
        Item::Map(fields)
    }
}

fn dropped(name: &'static str) -> impl Fn(Item) -> Item {
    move |item| {
        let Item::Map(mut fields) = item else { unreachable!() };
        fields.retain(|(key, _)| *key != Item::text(name));
        Item::Map(fields)
    }
}
