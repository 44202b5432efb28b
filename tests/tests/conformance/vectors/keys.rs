//! Public keys: which bytes are one, and which are refused.

use schemas::ids::PublicKey;
use serde_json::json;
use verifier::signature::CheckedKey;

use super::{Vectors, all, bytes, hex};

/// Order 8, and its negative by the sign of x.
const ORDER_EIGHT: &str = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
const ORDER_EIGHT_OTHER: &str = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";

/// RFC 8032 §7.1, tests 1 and 2.
const ACCEPTED: [(&str, &str); 2] = [
    ("rfc8032-1", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
    ("rfc8032-2", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
];

pub(crate) fn make() -> Vectors {
    let mut made = Vectors::new();
    for (name, key) in ACCEPTED {
        let vector = json!({"description": "A key of RFC 8032 §7.1.", "public_key": key});
        made.insert(format!("keys/accept-{name}.json"), vector);
    }
    for (code, name, description, key) in refused() {
        let vector = json!({"description": description, "public_key": key, "code": code});
        made.insert(format!("keys/reject-{code}-{name}.json"), vector);
    }
    made
}

fn refused() -> Vec<(&'static str, String, String, String)> {
    let small = |low: u8| [vec![low], vec![0; 31]].concat();
    // y is 2^255 − 19 and so much more.
    let beyond = |more: u8, sign: u8| [vec![0xed + more], vec![0xff; 30], vec![0x7f | sign]].concat();
    let minus_one = |sign: u8| [vec![0xec], vec![0xff; 30], vec![0x7f | sign]].concat();
    let mut cases = vec![
        ("key-invalid", "no-point".into(), "No x belongs to y = 2.".into(), hex(small(2))),
        ("key-weak", "order-1".into(), "The neutral point, y = 1.".into(), hex(small(1))),
        ("key-weak", "order-2".into(), "y = -1, of order 2.".into(), hex(minus_one(0))),
        ("key-weak", "order-2-sign".into(), "y = -1 with a sign for x = 0.".into(), hex(minus_one(0x80))),
        ("key-weak", "order-4".into(), "y = 0, of order 4.".into(), hex(small(0))),
        ("key-weak", "order-8".into(), "A point of order 8.".into(), ORDER_EIGHT.into()),
        ("key-weak", "order-8-other".into(), "Another point of order 8.".into(), ORDER_EIGHT_OTHER.into()),
        ("key-weak", "order-4-respelt".into(), "y = p, which is 0.".into(), hex(beyond(0, 0))),
        ("key-weak", "order-1-respelt".into(), "y = p + 1, which is 1.".into(), hex(beyond(1, 0))),
        ("key-invalid", "no-point-respelt".into(), "y = p + 2, which is 2.".into(), hex(beyond(2, 0))),
    ];
    for more in [3, 4, 5, 6, 9, 10, 14, 15, 16, 18] {
        for (sign, word) in [(0, ""), (0x80, "-sign")] {
            cases.push((
                "key-not-canonical",
                format!("p-and-{more}{word}"),
                format!("y = p + {more}: the key whose y is {more} in a second spelling."),
                hex(beyond(more, sign)),
            ));
        }
    }
    cases
}

#[test]
fn every_public_key_is_taken_or_refused_as_its_vector_says() {
    for (path, vector) in all("keys") {
        let key = PublicKey::new(bytes(&vector, "public_key").try_into().unwrap());
        let code = CheckedKey::new(key).err().map(|error| error.code());
        assert_eq!(code, vector["code"].as_str(), "{path}");
        assert_eq!(code.is_none(), path.starts_with("keys/accept-"), "{path}");
    }
}
