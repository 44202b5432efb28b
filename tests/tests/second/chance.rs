//! Chance that can be repeated, and what it does to bytes and values.

use ciborium::Value;

/// Draws that depend on a name and a number alone.
pub(crate) struct Chance(blake3::OutputReader);

impl Chance {
    pub(crate) fn new(name: &str, number: u64) -> Self {
        Self(blake3::Hasher::new().update(format!("{name} {number}").as_bytes()).finalize_xof())
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % end as u64) as usize
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Flips a bit, or changes, drops, repeats or cuts off bytes.
    pub(crate) fn damage(&mut self, bytes: &mut Vec<u8>) -> String {
        let at = self.below(bytes.len());
        match self.below(8) {
            0..=3 => {
                let bit = self.below(8);
                bytes[at] ^= 1 << bit;
                format!("bit {bit} of byte {at} flipped")
            }
            4 => {
                bytes[at] = self.below(256) as u8;
                format!("byte {at} set to {}", bytes[at])
            }
            5 => {
                bytes.remove(at);
                format!("byte {at} left out")
            }
            6 => {
                bytes.insert(at, self.below(256) as u8);
                format!("a byte put in at {at}")
            }
            _ => {
                bytes.truncate(at + 1);
                format!("cut behind byte {at}")
            }
        }
    }

    /// Changes one value somewhere inside a value.
    pub(crate) fn change(&mut self, value: &mut Value) -> String {
        match value {
            Value::Map(entries) if !entries.is_empty() && !self.one_in(6) => {
                let at = self.below(entries.len());
                let name = format!("{:?}", entries[at].0);
                match self.below(12) {
                    0 => {
                        entries.remove(at);
                        format!("{name} left out")
                    }
                    1 => {
                        let key = Value::Text(format!("{}x", ["", "sub", "status", "since"][self.below(4)]));
                        entries.push((key, Value::from(1)));
                        "a further field".into()
                    }
                    2 => {
                        let other = entries[self.below(entries.len())].1.clone();
                        entries[at].1 = other;
                        format!("{name} like another field")
                    }
                    _ => format!("{name} / {}", self.change(&mut entries[at].1)),
                }
            }
            Value::Array(items) if !items.is_empty() && !self.one_in(4) => {
                let at = self.below(items.len());
                match self.below(5) {
                    0 => {
                        items.remove(at);
                        format!("item {at} left out")
                    }
                    1 => {
                        items.push(items[at].clone());
                        format!("item {at} again")
                    }
                    _ => format!("{at} / {}", self.change(&mut items[at])),
                }
            }
            other => self.replace(other),
        }
    }

    fn replace(&mut self, value: &mut Value) -> String {
        let before = format!("{value:?}");
        *value = match (self.below(3), &*value) {
            (0, _) => self.any(),
            (_, Value::Text(text)) => Value::Text(self.text(text)),
            (_, Value::Bytes(bytes)) => {
                let mut bytes = bytes.clone();
                if bytes.is_empty() {
                    bytes.push(0);
                }
                self.damage(&mut bytes);
                Value::Bytes(bytes)
            }
            (_, Value::Integer(number)) => {
                let number = i128::from(*number) + [1, -1, 60_000, -60_000, 1 << 53][self.below(5)];
                Value::from(i64::try_from(number).unwrap_or(0))
            }
            (_, Value::Bool(holds)) => Value::Bool(!holds),
            _ => self.any(),
        };
        format!("{before:.60} made {value:.60?}")
    }

    /// A text like another, or one of those that mean something somewhere.
    fn text(&mut self, text: &str) -> String {
        const WORDS: [&str; 24] = [
            "",
            "x",
            "user:alice",
            "agent:planner",
            "user:",
            "log:ledger.test/rules",
            "default",
            "other",
            "self",
            "authority",
            "boundary",
            "imported",
            "**",
            "user:**",
            "a:*:b",
            "%2A",
            "%2a",
            "..",
            "7.50",
            "7.5",
            "-0",
            "9007199254740993",
            "open",
            "retire",
        ];
        match self.below(4) {
            0 => WORDS[self.below(WORDS.len())].into(),
            1 => text.chars().rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
            2 => {
                let odd = ['A', ' ', '\n', '\u{85}', '\u{2028}', '+', '%', '*', ':', '/', 'é', '\u{200b}'];
                format!("{text}{}", odd[self.below(odd.len())])
            }
            _ => text.to_uppercase(),
        }
    }

    fn any(&mut self) -> Value {
        match self.below(11) {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Float(1.5),
            4 => Value::from(-1),
            5 => Value::from(i64::MAX),
            6 => Value::Array(Vec::new()),
            7 => Value::Map(Vec::new()),
            8 => Value::Bytes(vec![7; [0, 16, 31, 32, 64][self.below(5)]]),
            9 => Value::Text("x".repeat([64, 65, 2_048, 2_049][self.below(4)])),
            _ => Value::Tag(18, Box::new(Value::from(1))),
        }
    }
}
