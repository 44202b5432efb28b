//! Strict JSON: what a signed payload can say and nothing else. No key twice, no fraction, no null.
//!
//! `serde_json` alone would keep the last of two equal keys and read `1.0` as a float, and a signature would then cover
//! something else than what its author saw in the file.

use std::fmt;

use schemas::limits::{CBOR_DEPTH_MAX, INTEGER_MAX};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads one JSON text, all of it.
pub fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// A value at a depth of nesting.
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        if self.depth >= CBOR_DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than {CBOR_DEPTH_MAX} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a whole number within ±(2^53-1), true, false, a list or an object")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        if value > INTEGER_MAX {
            return Err(E::custom(format_args!(
                "{value} is beyond 2^53-1; write it as text where the field allows it"
            )));
        }
        Ok(Value::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > INTEGER_MAX {
            return Err(E::custom(format_args!(
                "{value} is beyond -(2^53-1); write it as text where the field allows it"
            )));
        }
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Err(E::custom(format_args!("{value} is not a whole number; decimals are written as text")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Err(E::custom("null says nothing here; leave the field out"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = pairs.next_key::<Key>()? {
            let value = pairs.next_value_seed(self.deeper()?)?;
            if object.insert(key.0.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("the field `{}` stands there twice", key.0)));
            }
        }
        Ok(Value::Object(object))
    }
}

struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_reads_as_it_stands() {
        let text = r#"{"a":[1,-2,"x",true,{"b":{}}]}"#;
        assert_eq!(parse(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn what_a_signature_could_not_cover_faithfully_is_refused() {
        for (text, why) in [
            (r#"{"a":1,"a":2}"#, "twice"),
            (r#"{"a":1,"\u0061":2}"#, "twice"),
            (r#"{"a":1.0}"#, "whole number"),
            (r#"{"a":1e3}"#, "whole number"),
            (r#"{"a":9007199254740992}"#, "beyond"),
            (r#"{"a":-9007199254740992}"#, "beyond"),
            (r#"{"a":18446744073709551616}"#, "whole number"),
            (r#"{"a":null}"#, "null"),
            (r#"{} {}"#, "trailing"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(parse(r#"{"a":9007199254740991}"#).is_ok());
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(CBOR_DEPTH_MAX)).is_ok());
        assert!(parse(&nested(CBOR_DEPTH_MAX + 1)).is_err());
    }
}
