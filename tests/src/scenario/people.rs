//! Who speaks: a key made from a name, and the principal it belongs to.

use coset::{CoseSign1Builder, TaggedCborSerializable};
use ed25519_dalek::{Signer, SigningKey};
use schemas::envelope::{Statement, Unsigned, header};
use schemas::ids::{KeyId, PublicKey, Signature, StatementId};
use schemas::kinds::pop_bytes;
use schemas::payload::Payload;
use schemas::text::PrincipalId;
use serde_json::{Value, json};

use super::{Draft, Scenario};

/// A key and its principal.
#[derive(Clone)]
pub struct Actor {
    key: SigningKey,
    /// Whose key it is.
    pub principal: PrincipalId,
}

impl Actor {
    /// The key of this name, for a principal.
    pub fn named(name: &str, principal: &str) -> Self {
        let key = SigningKey::from_bytes(blake3::hash(format!("writ tests: {name}").as_bytes()).as_bytes());
        Self { key, principal: PrincipalId::new(principal).expect("a principal") }
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey::new(self.key.verifying_key().to_bytes())
    }

    /// The key's id.
    pub fn kid(&self) -> KeyId {
        KeyId::of(&self.public())
    }

    /// The key's signature over a message.
    pub fn signature(&self, message: &[u8]) -> Signature {
        Signature::new(self.key.sign(message).to_bytes())
    }

    /// The principal's URI.
    pub fn uri(&self) -> &str {
        self.principal.as_str()
    }

    /// Signs a payload.
    pub fn sign(&self, payload: &Payload) -> Statement {
        let unsigned =
            Unsigned::new(payload, &self.kid(), &self.principal).expect("a payload that can be signed");
        let signature = self.signature(&unsigned.to_be_signed());
        unsigned.sign(&signature).expect("a statement")
    }

    /// Signs bytes as a payload, whatever they say.
    pub fn sign_bytes(&self, payload: &[u8], subject: &str) -> Vec<u8> {
        let cose = CoseSign1Builder::new()
            .protected(header(&self.kid(), &self.principal, subject))
            .payload(payload.to_vec())
            .create_signature(b"", |message| self.key.sign(message).to_bytes().to_vec())
            .build();
        cose.to_tagged_vec().expect("a statement")
    }

    /// The body that registers the key with these roles: `principal`, `authority=user:**`, ….
    pub fn registration(&self, scenario: &Scenario, roles: &[&str]) -> Value {
        let pop = self.signature(&pop_bytes(&scenario.log(), &self.kid(), &self.principal));
        json!({
            "op": "add",
            "kid": self.kid(),
            "public": self.public(),
            "principal": self.principal,
            "roles": roles.iter().map(|role| role_grant(role)).collect::<Vec<_>>(),
            "pop": pop,
        })
    }

    /// The body that puts this key, one of the log itself, in place of another of the same use.
    pub fn rotation(&self, scenario: &Scenario, usage: &str, replaced: &Self) -> Value {
        let mut body = self.registration(scenario, &[]);
        if let Some(fields) = body.as_object_mut() {
            fields.remove("roles");
        }
        body["op"] = json!("rotate");
        body["use"] = json!(usage);
        body["replaces"] = json!(replaced.kid());
        body
    }
}

impl Scenario {
    /// Registers a principal's key with these roles, by the first registrar.
    pub fn register(&mut self, principal: &str, roles: &[&str]) -> Actor {
        let actor = Actor::named(principal, principal);
        let body = actor.registration(self, roles);
        self.say(&self.registrar(), Draft::new("key", body));
        actor
    }

    /// Says what a principal is: `human`, `service`, `agent`, ….
    pub fn describe(&mut self, principal: &str, what: &str) -> StatementId {
        let body = json!({"id": principal, "type": what, "status": "active"});
        self.say(&self.registrar(), Draft::new("principal", body))
    }
}

/// `role`, `role=pattern` or `role@tenant`.
fn role_grant(text: &str) -> Value {
    let (text, tenant) = text.split_once('@').map_or((text, None), |(role, tenant)| (role, Some(tenant)));
    let (role, about) = text.split_once('=').map_or((text, None), |(role, about)| (role, Some(about)));
    let mut grant = json!({"role": role});
    if let Some(about) = about {
        grant["about"] = json!([about]);
    }
    if let Some(tenant) = tenant {
        grant["tenants"] = json!([tenant]);
    }
    grant
}
