//! Right signatures, and what becomes of them when something is changed.

use ed25519_dalek::{Signer, SigningKey};

use crate::{Chance, Key};

const KEYS: usize = 24;
const ROUNDS: usize = 12_000;

/// The order of the base point, least significant byte first (RFC 8032 §5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `number` and `order` times the order of the base point, if that fits.
fn with_order(number: &[u8; 32], order: u8) -> Option<[u8; 32]> {
    let (mut sum, mut carry) = ([0; 32], 0_u32);
    for ((to, byte), times) in sum.iter_mut().zip(number).zip(ORDER) {
        carry += u32::from(*byte) + u32::from(times) * u32::from(order);
        *to = carry as u8;
        carry >>= 8;
    }
    (carry == 0).then_some(sum)
}

struct Signing {
    key: SigningKey,
    checked: Key,
}

fn signing(chance: &mut Chance) -> Vec<Signing> {
    let key = |_| {
        let key = SigningKey::from_bytes(chance.bytes().first_chunk().expect("32 bytes"));
        let checked = Key::new(key.verifying_key().to_bytes());
        Signing { key, checked }
    };
    (0..KEYS).map(key).collect()
}

#[test]
fn right_signatures_stand_and_every_change_of_one_is_decided_as_dalek_decides() {
    let mut chance = Chance(0);
    let keys = signing(&mut chance);
    let (mut right, mut wrong) = (0, 0);
    for round in 0..ROUNDS {
        let at = chance.below(KEYS);
        let Signing { key, checked } = &keys[at];
        let message: Vec<u8> = chance.bytes().iter().cycle().take(chance.below(800)).copied().collect();
        let signature = key.sign(&message).to_bytes();
        assert!(checked.decide(&message, &signature), "round {round}");
        right += 1;
        let mut refuse = |key: &Key, message: &[u8], signature: &[u8; 64]| {
            assert!(!key.decide(message, signature), "round {round}");
            wrong += 1;
        };
        // A bit of R, of s, of the message; the sign of R; R and s changed places.
        for bit in [chance.below(256), 256 + chance.below(256), 255] {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            refuse(checked, &message, &changed);
        }
        if !message.is_empty() {
            let mut changed = message.clone();
            let bit = chance.below(message.len() * 8);
            changed[bit / 8] ^= 1 << (bit % 8);
            refuse(checked, &changed, &signature);
            refuse(checked, &message[1..], &signature);
        }
        let (r, s) = signature.split_first_chunk::<32>().expect("64 bytes");
        let s: [u8; 32] = s.try_into().expect("32 bytes");
        refuse(checked, &message, &both(&s, r));
        // The same s modulo the order, spelt in another way.
        let times = 1 + (round % 15) as u8;
        if let Some(other) = with_order(&s, times) {
            refuse(checked, &message, &both(r, &other));
        }
        let other = &keys[(at + 1) % KEYS];
        refuse(&other.checked, &message, &signature);
        refuse(
            checked,
            &message,
            &both(r, &other.key.sign(&message).to_bytes()[32..].try_into().expect("s")),
        );
    }
    assert!(right + wrong > 100_000, "{right} and {wrong}");
}

#[test]
fn a_changed_key_is_decided_as_dalek_decides() {
    let mut chance = Chance(1 << 32);
    let mut points = 0;
    for _ in 0..2_000 {
        let key = SigningKey::from_bytes(chance.bytes().first_chunk().expect("32 bytes"));
        let signature = key.sign(b"message").to_bytes();
        let mut changed = key.verifying_key().to_bytes();
        let bit = chance.below(256);
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = Key::new(changed);
        points += usize::from(changed.table.is_some());
        assert!(!changed.decide(b"message", &signature));
    }
    assert!((800..1_200).contains(&points), "half of all y belong to points: {points} of 2000");
}

fn both(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    let mut both = [0; 64];
    both[..32].copy_from_slice(r);
    both[32..].copy_from_slice(s);
    both
}
