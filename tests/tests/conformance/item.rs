//! A data item as plain data, with a writer of its own: nothing here shares code with what is tested.

use ciborium::value::Value;

/// A CBOR data item of the kinds that are met here, canonical or not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Bool(bool),
    Bytes(Vec<u8>),
    Float(f64),
    Int(i64),
    List(Vec<Item>),
    Map(Vec<(Item, Item)>),
    Null,
    Tag(u64, Box<Item>),
    Text(String),
}

impl Item {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// Reads bytes with ciborium; nothing where they are not exactly one item.
    pub(crate) fn try_decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let value: Value = ciborium::from_reader(&mut rest).ok()?;
        rest.is_empty().then(|| Self::from(value))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Self {
        Self::try_decode(bytes).expect("CBOR")
    }

    /// Writes shortest heads, definite lengths, and map keys in bytewise order.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// The same item with another value at the end of the path.
    pub(crate) fn with(&self, path: &[&str], value: Self) -> Self {
        let Some((first, rest)) = path.split_first() else { return value };
        match self {
            Self::List(items) => {
                let place: usize = first.parse().expect("a place in a list");
                let change = |(at, item): (usize, &Self)| {
                    if at == place { item.with(rest, value.clone()) } else { item.clone() }
                };
                Self::List(items.iter().enumerate().map(change).collect())
            }
            Self::Map(entries) => {
                let mut entries = entries.clone();
                let found = entries
                    .iter_mut()
                    .find(|(key, _)| *key == Self::text(first))
                    .expect("a field of the map");
                found.1 = found.1.with(rest, value);
                Self::Map(entries)
            }
            other => panic!("{other:?} has no parts"),
        }
    }

    /// The JSON form: byte strings as lower-case hex.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Bytes(bytes) => data_encoding::HEXLOWER.encode(bytes).into(),
            Self::Float(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::List(items) => items.iter().map(Self::to_json).collect::<Vec<_>>().into(),
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.json_key(), value.to_json()));
                serde_json::Value::Object(entries.collect())
            }
            Self::Null | Self::Tag(..) => serde_json::Value::Null,
            Self::Text(text) => text.clone().into(),
        }
    }

    fn json_key(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => format!("{other:?}"),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
            Self::Bytes(bytes) => {
                head(out, 2, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
            Self::Float(value) => {
                out.push(0xfb);
                out.extend_from_slice(&value.to_be_bytes());
            }
            Self::Int(value) if *value < 0 => head(out, 1, value.unsigned_abs() - 1),
            Self::Int(value) => head(out, 0, value.unsigned_abs()),
            Self::List(items) => {
                head(out, 4, items.len() as u64);
                items.iter().for_each(|item| item.write(out));
            }
            Self::Map(entries) => {
                let mut sorted: Vec<_> =
                    entries.iter().map(|(key, value)| (key.encode(), value.encode())).collect();
                sorted.sort();
                head(out, 5, sorted.len() as u64);
                sorted.iter().for_each(|(key, value)| out.extend(key.iter().chain(value)));
            }
            Self::Null => out.push(0xf6),
            Self::Tag(tag, item) => {
                head(out, 6, *tag);
                item.write(out);
            }
            Self::Text(text) => {
                head(out, 3, text.len() as u64);
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let bytes = argument.to_be_bytes();
    let (info, from) = match argument {
        0..=23 => (bytes[7], 8),
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&bytes[from..]);
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Bool(value) => Self::Bool(value),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::Float(value) => Self::Float(value),
            Value::Integer(value) => Self::Int(i64::try_from(i128::from(value)).expect("within 64 bits")),
            Value::Map(entries) => {
                Self::Map(entries.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
            }
            Value::Tag(tag, value) => Self::Tag(tag, Box::new(Self::from(*value))),
            Value::Text(text) => Self::Text(text),
            _ => Self::Null,
        }
    }
}
