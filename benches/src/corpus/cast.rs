//! Who takes part: the registrar, the emitters with their keys and roles, the humans at the roots.

use anyhow::Result;
use ed25519_dalek::{Signer, SigningKey};
use schemas::envelope::{Statement, Unsigned};
use schemas::ids::{KeyId, LogId, PublicKey, Signature, StreamId};
use schemas::kinds::{Key, KeyOp, Principal, PrincipalType, Role, RoleGrant, pop_bytes};
use schemas::payload::{Body, PAYLOAD_VERSION, Payload, Vantage};
use schemas::scope::Pattern;
use schemas::text::{PrincipalId, Tenant};
use schemas::time::Time;
use verifier::registry::registrar_principal;

use super::EMITTERS;

/// Humans at the roots, in number.
pub(super) const HUMANS: u64 = 256;

/// The chains from this number on have one human of their own at their root: more numbers than any log of the others takes.
pub(super) const FAN: u64 = 1 << 40;

/// What an emitter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// Signs what humans delegate and consent to.
    Identity,
    /// Signs what agents delegate to each other.
    Orchestrator,
    /// Decides.
    Decider,
    /// Sees actions at the boundary.
    Gateway,
}

/// How many of the [`EMITTERS`] hold each post.
const POSTS: [(Post, usize); 4] =
    [(Post::Identity, 2), (Post::Orchestrator, 4), (Post::Decider, 4), (Post::Gateway, 6)];

/// A key that posts, its principal and its stream.
#[derive(Clone, Debug)]
pub struct Emitter {
    /// What it does.
    pub post: Post,
    /// Its key's thumbprint.
    pub kid: KeyId,
    /// Its principal.
    pub principal: PrincipalId,
    /// Its run's name.
    pub stream: StreamId,
    key: SigningKey,
}

/// Everybody.
#[derive(Clone, Debug)]
pub struct Cast {
    registrar: SigningKey,
    emitters: Vec<Emitter>,
    humans: Vec<PrincipalId>,
}

impl Cast {
    /// The cast of a seed.
    pub(super) fn new(seed: u64) -> Result<Self> {
        let mut emitters = Vec::with_capacity(EMITTERS);
        for (post, count) in POSTS {
            for number in 0..count {
                emitters.push(Emitter::new(seed, post, number)?);
            }
        }
        // One more than those of the chains that are like each other.
        let humans = (0..=HUMANS).map(|n| PrincipalId::new(format!("user:h{n:03}@corp")));
        Ok(Self { registrar: secret(seed, "registrar"), emitters, humans: humans.collect::<Result<_, _>>()? })
    }

    /// The registrar's key, for genesis to name.
    pub fn registrar(&self) -> &SigningKey {
        &self.registrar
    }

    /// The emitter that serves a chain at a post, and how many chains share it.
    pub(super) fn emitter(&self, post: Post, chain: u64) -> (&Emitter, u64) {
        let (before, count) = seats(post);
        (&self.emitters[before + (chain % count as u64) as usize], count as u64)
    }

    /// The human at a chain's root: all chains from [`FAN`] on have one of their own.
    pub(super) fn human(&self, chain: u64) -> &PrincipalId {
        let human = if chain < FAN { chain % HUMANS } else { HUMANS };
        &self.humans[human as usize]
    }

    /// The registrar's statements: every emitter's key, every human.
    pub fn registrations(&self, log: LogId, now: Time) -> Result<Vec<Statement>> {
        let keys = self.emitters.iter().map(|emitter| emitter.registration(log).map(Body::Key));
        let humans = self
            .humans
            .iter()
            .map(|human| Ok(Body::Principal(Principal::active(human.clone(), PrincipalType::Human))));
        keys.chain(humans).map(|body| self.registrar_says(log, now, body?)).collect()
    }

    fn registrar_says(&self, log: LogId, now: Time, body: Body) -> Result<Statement> {
        let kid = KeyId::of(&public(&self.registrar));
        let payload = payload(log, now, Vantage::Authority, body);
        sign(&self.registrar, &kid, &registrar_principal(&kid)?, &payload)
    }
}

impl Emitter {
    fn new(seed: u64, post: Post, number: usize) -> Result<Self> {
        let name = match post {
            Post::Identity => "idp",
            Post::Orchestrator => "orchestrator",
            Post::Decider => "pdp",
            Post::Gateway => "gateway",
        };
        let scheme = if post == Post::Gateway { "gateway" } else { "service" };
        let name = format!("{name}-{number}");
        let key = secret(seed, &name);
        let mut stream = [0; 16];
        blake3::Hasher::new_derive_key("writ benches stream")
            .update(key.as_bytes())
            .finalize_xof()
            .fill(&mut stream);
        Ok(Self {
            post,
            kid: KeyId::of(&public(&key)),
            principal: PrincipalId::new(format!("{scheme}:{name}"))?,
            stream: StreamId::new(stream),
            key,
        })
    }

    /// Signs as this emitter.
    pub(super) fn sign(&self, payload: &Payload) -> Result<Statement> {
        sign(&self.key, &self.kid, &self.principal, payload)
    }

    fn registration(&self, log: LogId) -> Result<Key> {
        let (roles, about): (&[Role], &[&str]) = match self.post {
            Post::Identity => (&[Role::Authority, Role::Approver], &["user:**"]),
            Post::Orchestrator => (&[Role::Authority], &["agent:**", "workflow:**"]),
            Post::Decider => (&[Role::Pdp], &[]),
            Post::Gateway => (&[Role::Gateway], &[]),
        };
        let about: Vec<Pattern> =
            about.iter().map(|pattern| Pattern::new(*pattern)).collect::<Result<_, _>>()?;
        let grant = |role: &Role| RoleGrant { role: *role, about: about.clone(), tenants: Vec::new() };
        let pop = self.key.sign(&pop_bytes(&log, &self.kid, &self.principal));
        Ok(Key {
            op: KeyOp::Add,
            kid: self.kid,
            public: Some(public(&self.key)),
            principal: Some(self.principal.clone()),
            roles: roles.iter().map(grant).collect(),
            usage: None,
            replaces: None,
            accept_until: None,
            since: None,
            proposal: None,
            pop: Some(Signature::new(pop.to_bytes())),
        })
    }
}

/// A payload with nothing in it but what every one has.
pub(super) fn payload(log: LogId, at: Time, vantage: Vantage, body: Body) -> Payload {
    Payload {
        v: PAYLOAD_VERSION,
        kind: body.kind(),
        log: Some(log),
        tenant: Tenant::default_label(),
        stream: None,
        seq: None,
        at,
        seen: None,
        vantage,
        task: None,
        trace: None,
        refs: Vec::new(),
        source: None,
        attachments: Vec::new(),
        ext: Default::default(),
        body,
    }
}

/// The public half of a key.
pub(crate) fn public(key: &SigningKey) -> PublicKey {
    PublicKey::new(key.verifying_key().to_bytes())
}

/// A key for a purpose. Everybody can make it again: it is worth nothing outside a benchmark.
pub(crate) fn secret(seed: u64, purpose: &str) -> SigningKey {
    let mut hasher = blake3::Hasher::new_derive_key("writ benches key");
    hasher.update(&seed.to_be_bytes()).update(purpose.as_bytes());
    SigningKey::from_bytes(hasher.finalize().as_bytes())
}

/// Signs a payload.
pub(crate) fn sign(key: &SigningKey, kid: &KeyId, iss: &PrincipalId, payload: &Payload) -> Result<Statement> {
    let unsigned = Unsigned::new(payload, kid, iss)?;
    let signature = Signature::new(key.sign(&unsigned.to_be_signed()).to_bytes());
    Ok(unsigned.sign(&signature)?)
}

/// Where a post's emitters begin, and how many they are.
fn seats(wanted: Post) -> (usize, usize) {
    let mut before = 0;
    for (post, count) in POSTS {
        if post == wanted {
            return (before, count);
        }
        before += count;
    }
    unreachable!("every post has its seats")
}
