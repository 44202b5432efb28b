//! Small changes to a data item, each of one place.

use crate::item::Item;

/// A changed item, and what was changed.
pub(crate) struct Mutation {
    /// Where: keys and places from the root, such as `/body/scope/0/actions`.
    pub(crate) path: String,
    /// What was done there.
    pub(crate) what: &'static str,
    pub(crate) item: Item,
    /// A byte string or a numbered key took the place of something else: the JSON form would show it as text.
    pub(crate) cbor_only: bool,
}

impl Mutation {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.path, self.what)
    }
}

const NUMBERED_FIELD: &str = "with a numbered field";

/// Every change of every place of `root`.
pub(crate) fn all(root: &Item) -> Vec<Mutation> {
    let mut found = Vec::new();
    visit(root, String::new(), &|changed| changed, &mut found);
    found
}

/// Changes `item`, which stands at `path`; `put` makes a whole of a part.
fn visit(item: &Item, path: String, put: &dyn Fn(Item) -> Item, found: &mut Vec<Mutation>) {
    for (what, changed) in replacements(item).into_iter().chain(variants(item)) {
        if changed != *item {
            let bytes_for_other = matches!(changed, Item::Bytes(_)) && !matches!(item, Item::Bytes(_));
            let cbor_only = bytes_for_other || what == NUMBERED_FIELD;
            found.push(Mutation { path: path.clone(), what, item: put(changed), cbor_only });
        }
    }
    match item {
        Item::List(items) => {
            for (at, child) in items.iter().enumerate() {
                let put_child = |changed: Item| {
                    let mut items = items.clone();
                    items[at] = changed;
                    put(Item::List(items))
                };
                visit(child, format!("{path}/{at}"), &put_child, found);
            }
        }
        Item::Map(entries) => {
            for (at, (key, value)) in entries.iter().enumerate() {
                let key_path = match key {
                    Item::Text(key) => format!("{path}/{key}"),
                    other => format!("{path}/{other:?}"),
                };
                let put_value = |changed: Item| {
                    let mut entries = entries.clone();
                    entries[at].1 = changed;
                    put(Item::Map(entries))
                };
                let mut dropped = entries.clone();
                dropped.remove(at);
                let item = put(Item::Map(dropped));
                found.push(Mutation { path: key_path.clone(), what: "dropped", item, cbor_only: false });
                visit(value, key_path, &put_value, found);
            }
        }
        Item::Tag(tag, inner) => {
            visit(inner, format!("{path}/tagged"), &|changed| put(Item::Tag(*tag, Box::new(changed))), found);
        }
        _ => {}
    }
}

/// Values of every type in the item's place.
fn replacements(_: &Item) -> Vec<(&'static str, Item)> {
    vec![
        ("made null", Item::Null),
        ("made true", Item::Bool(true)),
        ("made false", Item::Bool(false)),
        ("made zero", Item::Int(0)),
        ("made -1", Item::Int(-1)),
        ("made 2^53 - 1", Item::Int((1 << 53) - 1)),
        ("made 2^53", Item::Int(1 << 53)),
        ("made -(2^53)", Item::Int(-(1 << 53))),
        ("made 1.5", Item::Float(1.5)),
        ("made a word", Item::text("x")),
        ("made bytes", Item::Bytes(vec![0xab, 0xcd])),
        ("made an empty list", Item::List(vec![])),
        ("made a list of one word", Item::List(vec![Item::text("x")])),
        ("made an empty map", Item::Map(vec![])),
    ]
}

/// Changes within the item's own type.
fn variants(item: &Item) -> Vec<(&'static str, Item)> {
    match item {
        Item::Text(text) => text_variants(text),
        Item::Bytes(bytes) => {
            let longer = [bytes.as_slice(), &[0]].concat();
            let shorter = bytes[..bytes.len().saturating_sub(1)].to_vec();
            let all = [
                ("made longer", longer),
                ("made shorter", shorter),
                ("emptied", vec![]),
                ("made 65 bytes", vec![7; 65]),
            ];
            all.map(|(what, bytes)| (what, Item::Bytes(bytes))).to_vec()
        }
        Item::List(items) => {
            let last = items.last().cloned().unwrap_or(Item::Int(1));
            let filled = |count: usize| Item::List(vec![last.clone(); count]);
            let appended = Item::List([items.as_slice(), std::slice::from_ref(&last)].concat());
            let cut = Item::List(items[..items.len().saturating_sub(1)].to_vec());
            let twice = Item::List([items.as_slice(), items].concat());
            vec![
                ("with its last item twice", appended),
                ("without its last item", cut),
                ("twice", twice),
                ("filled to 1024", filled(1024)),
                ("filled to 1025", filled(1025)),
            ]
        }
        Item::Map(entries) => {
            let with = |key: Item| Item::Map([entries.as_slice(), &[(key, Item::Int(1))]].concat());
            vec![("with an unknown field", with(Item::text("zz"))), (NUMBERED_FIELD, with(Item::Int(77)))]
        }
        _ => vec![],
    }
}

fn text_variants(text: &str) -> Vec<(&'static str, Item)> {
    let all = [
        ("emptied", String::new()),
        ("with a newline", format!("{text}\n")),
        ("with a space before", format!(" {text}")),
        ("with a space within", format!("{text} x")),
        ("with a no-break space", format!("{text}\u{a0}")),
        ("with a control character", format!("{text}\u{85}")),
        ("with a NUL", format!("{text}\0")),
        ("with a letter outside ASCII", format!("{text}é")),
        ("in capitals", text.to_uppercase()),
        ("with a plus", format!("{text}+")),
        ("with a star", format!("{text}*")),
        ("with a percent sign", format!("{text}%")),
        ("with an escaped star", format!("{text}%2A")),
        ("with a dot segment", format!("{text}/./x")),
        ("with a segment of three dots", format!("{text}/.../.x/..y")),
        ("with a rest", format!("{text}/**")),
        ("with a rest within", format!("{text}/**/x")),
        ("with 64 more segments", format!("{text}{}", "/a".repeat(64))),
        ("with an empty segment", format!("{text}::")),
        ("made 64 letters", "a".repeat(64)),
        ("made 65 letters", "a".repeat(65)),
        ("made 255 letters", "a".repeat(255)),
        ("made 256 letters", "a".repeat(256)),
        ("made a URI of 2048 bytes", format!("a:{}", "a".repeat(2046))),
        ("made a URI of 2049 bytes", format!("a:{}", "a".repeat(2047))),
        ("made a URI of 2049 bytes and fewer characters", format!("a:x{}", "é".repeat(1023))),
        ("made a whole number", "17".to_owned()),
        ("made 2^53 - 1 in letters", "9007199254740991".to_owned()),
        ("made 2^53 in letters", "9007199254740992".to_owned()),
        ("made -(2^53) in letters", "-9007199254740992".to_owned()),
        ("made a decimal", "1.5".to_owned()),
        ("made a decimal with a zero behind", "1.50".to_owned()),
        ("made minus zero", "-0".to_owned()),
    ];
    all.map(|(what, text)| (what, Item::Text(text))).to_vec()
}
