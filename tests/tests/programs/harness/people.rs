//! People with keys, and what they sign.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use schemas::envelope::Unsigned;
use schemas::ids::{KeyId, LogId, PublicKey, Signature, StatementId};
use schemas::kinds::pop_bytes;
use schemas::payload::Payload;
use schemas::text::PrincipalId;
use serde_json::{Value, json};

use super::{hex, now};

/// RFC 8410 §7: what goes before an Ed25519 seed in PKCS#8.
const PKCS8_LEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// RFC 8410 §4: what goes before an Ed25519 public key in SPKI.
const SPKI_LEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Somebody with a key.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    key: SigningKey,
    pub(crate) iss: PrincipalId,
}

/// A payload to be, in its JSON form.
#[derive(Clone, Debug)]
pub(crate) struct Draft(pub(crate) Value);

impl Person {
    /// The key is made of a seed of 32 equal bytes.
    pub(crate) fn new(seed: u8, iss: &str) -> Self {
        Self { key: SigningKey::from_bytes(&[seed; 32]), iss: PrincipalId::new(iss).unwrap() }
    }

    /// A registrar of genesis, whom the log knows by its key alone.
    pub(crate) fn registrar(seed: u8) -> Self {
        let mut registrar = Self::new(seed, "registrar:x");
        registrar.iss = PrincipalId::new(format!("registrar:{}", registrar.kid())).unwrap();
        registrar
    }

    /// The same key under another name.
    pub(crate) fn named(&self, iss: &str) -> Self {
        Self { iss: PrincipalId::new(iss).unwrap(), ..self.clone() }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::new(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn kid(&self) -> KeyId {
        KeyId::of(&self.public())
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Signs a draft; the bytes to post.
    pub(crate) fn sign(&self, draft: &Draft) -> Vec<u8> {
        let mut json = draft.0.clone();
        tests::scenario::fill_moment(&mut json);
        let payload = Payload::from_json(&json).unwrap_or_else(|e| panic!("{e}: {json}"));
        let unsigned = Unsigned::new(&payload, &self.kid(), &self.iss).unwrap();
        let signature = Signature::new(self.sign_bytes(&unsigned.to_be_signed()));
        unsigned.sign(&signature).unwrap().envelope.bytes().to_vec()
    }

    /// Registers somebody's key with these roles, `role` or `role=about`.
    pub(crate) fn register(&self, log: &LogId, other: &Self, roles: &[&str]) -> Vec<u8> {
        let roles: Vec<Value> = roles
            .iter()
            .map(|role| match role.split_once('=') {
                Some((role, about)) => json!({"role": role, "about": [about]}),
                None => json!({"role": role}),
            })
            .collect();
        let pop = other.sign_bytes(&pop_bytes(log, &other.kid(), &other.iss));
        let body = json!({
            "op": "add", "kid": other.kid().to_hex(), "public": other.public().to_hex(), "principal": other.iss.as_str(),
            "roles": roles, "pop": hex(&pop),
        });
        self.sign(&Draft::new(log, "key", body))
    }

    /// Writes the key as `name` and `name.pub`, as OpenSSL would.
    pub(crate) fn write_key(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        let pem = |label: &str, der: &[u8]| {
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64.encode(der))
        };
        fs::write(&path, pem("PRIVATE KEY", &[PKCS8_LEAD.as_slice(), self.key.as_bytes()].concat())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let public = [SPKI_LEAD.as_slice(), self.public().as_bytes()].concat();
        fs::write(folder.join(format!("{name}.pub")), pem("PUBLIC KEY", &public)).unwrap();
        path
    }
}

impl Draft {
    /// A statement of now, with authority.
    pub(crate) fn new(log: &LogId, kind: &str, body: Value) -> Self {
        Self(json!({
            "v": 1, "kind": kind, "log": log.to_hex(), "tenant": "default", "at": now(), "vantage": "authority", "body": body,
        }))
    }

    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.0[field] = value;
        self
    }

    /// A delegation without bounds in time.
    pub(crate) fn delegation(log: &LogId, delegator: &str, delegatee: &str, parents: &[StatementId]) -> Self {
        let mut body = json!({
            "delegator": delegator, "delegatee": delegatee, "scope": [{"actions": ["payments:*"], "resources": ["order/**"]}],
        });
        if !parents.is_empty() {
            body["parents"] = parents.iter().map(|parent| parent.to_hex()).collect();
        }
        Self::new(log, "delegation", body)
    }

    /// A note, which any registered key may make.
    pub(crate) fn note(log: &LogId, note: &str) -> Self {
        Self::new(log, "correction", json!({"about": log.to_hex(), "note": note}))
    }
}
