//! Whom a key speaks for, as the log says. A wrong answer makes statements that are refused, never ones that are believed.

use gateway::client::{Client, Found, Query};
use gateway::signer::{Signer, registrar_principal};
use keyfile::SecretKey;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{KeyId, LogId, PublicKey, StatementId};
use schemas::kinds::{Genesis, Key, KeyOp, Role, RoleGrant};
use schemas::payload::{Body, Payload};
use schemas::text::PrincipalId;
use schemas::time::Index;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::registrars::Keys;

/// What the log says about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) principal: PrincipalId,
    pub(crate) roles: Vec<RoleGrant>,
    /// The statement that registered it last: for a registrar of genesis, genesis.
    pub(crate) id: StatementId,
    /// Where that is.
    pub(crate) index: u64,
    /// Whether it was withdrawn since.
    pub(crate) withdrawn: Option<KeyOp>,
}

impl Registration {
    /// The roles, without whom they cover.
    pub(crate) fn role_names(&self) -> Vec<Role> {
        self.roles.iter().map(|grant| grant.role).collect()
    }
}

/// The key's registration, if it has one.
pub(crate) fn find(
    client: &Client,
    log: &LogId,
    public: &PublicKey,
) -> Result<Option<Registration>, Failure> {
    let kid = KeyId::of(public);
    let changes = changes_of(client, &kid)?;
    // Where several registrars must agree, a statement may be no more than a proposal.
    let of_registrar = |change: &Change| change.key.roles.iter().any(|grant| grant.role == Role::Registrar);
    let of_genesis = genesis(client, log)?;
    if of_genesis.threshold > 1
        && (changes.iter().any(of_registrar) || of_genesis.registrars.contains(public))
    {
        return Ok(find_among_several(&Keys::fetch(client, log)?, &changes, &kid, log));
    }
    let mut found = None;
    for Change { id, index, key, .. } in changes {
        match (key.op, key.principal) {
            (KeyOp::Add | KeyOp::Rotate, Some(principal)) => {
                found = Some(Registration { principal, roles: key.roles, id, index, withdrawn: None });
            }
            (op, _) => {
                if let Some(registration) = &mut found {
                    registration.withdrawn = Some(op);
                }
            }
        }
    }
    if found.is_some() {
        return Ok(found);
    }
    let grant = RoleGrant { role: Role::Registrar, about: Vec::new(), tenants: Vec::new() };
    let registrar = of_genesis.registrars.contains(public);
    Ok(registrar.then(|| Registration {
        principal: registrar_principal(&kid),
        roles: vec![grant],
        id: (*log).into(),
        index: 0,
        withdrawn: None,
    }))
}

/// [`find`] of a key that registrars had to agree on.
fn find_among_several(keys: &Keys, changes: &[Change], kid: &KeyId, log: &LogId) -> Option<Registration> {
    let key = keys.registry.key(kid)?;
    let (roles, principal) = (key.roles_at(Index(u64::MAX)).to_vec(), key.principal.clone());
    let registers = |change: &&Change| change.key.roles == roles && change.key.public.is_some();
    let last = changes.iter().rev().find(registers).map(|change| (change.id, change.index));
    let (id, index) = last.unwrap_or(((*log).into(), 0));
    let withdraws = |change: &&Change| change.key.public.is_none();
    let op = changes.iter().rev().find(withdraws).map(|change| change.key.op);
    let withdrawn = op.filter(|_| key.is_withdrawn());
    Some(Registration { principal, roles, id, index, withdrawn })
}

/// The public key with this thumbprint, where the log knows it. The thumbprint shows that it is the right one.
pub(crate) fn public_of(client: &Client, log: &LogId, kid: &KeyId) -> Result<Option<PublicKey>, Failure> {
    let of_genesis = genesis(client, log)?;
    let of_log = of_genesis.keys.iter().map(|key| key.public).chain(of_genesis.registrars);
    let registered = changes_of(client, kid)?.into_iter().filter_map(|change| change.key.public);
    Ok(of_log.chain(registered).find(|public| KeyId::of(public) == *kid))
}

/// A signer with this key for whomever the log has registered it to.
pub(crate) fn signer(
    client: &Client,
    log: &LogId,
    key: SecretKey,
) -> Result<(Signer, Registration), Failure> {
    let registration = find(client, log, &key.public())?.ok_or_else(|| {
        Failure::new("unknown-key", format!("the log knows no key {}", key.kid()))
            .next("writ keys register --registrar FILE --key FILE.pub --principal URI --role ROLE")
    })?;
    // A retired key may still bring what was on its way: until when, the log decides.
    if registration.withdrawn == Some(KeyOp::Compromise) {
        let what = format!("the key {} of {} was reported compromised", key.kid(), registration.principal);
        return Err(Failure::new("key-compromised", what).next("writ keys generate --out FILE"));
    }
    Ok((Signer::new(key, registration.principal.clone()), registration))
}

fn genesis(client: &Client, log: &LogId) -> Result<Genesis, Failure> {
    match fetch(client, &(*log).into())?.payload.body {
        Body::Genesis(genesis) => Ok(genesis),
        _ => Err(Failure::new(
            "server-answer",
            format!("the server says that {log} is a log, but it is no genesis"),
        )),
    }
}

/// How many distinct registrars a change of registrars takes.
pub(crate) fn threshold(client: &Client, log: &LogId) -> Result<u64, Failure> {
    Ok(genesis(client, log)?.threshold)
}

/// A `key` statement in the log.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) id: StatementId,
    pub(crate) index: u64,
    /// When the log placed it, in ms.
    pub(crate) time: u64,
    pub(crate) key: Key,
}

fn changes_of(client: &Client, kid: &KeyId) -> Result<Vec<Change>, Failure> {
    let query = Query::default().with("kind", "key").with("key", kid.to_hex());
    let mut changes = changes(client, &query)?;
    changes.retain(|change| change.key.kid == *kid);
    Ok(changes)
}

/// Every `key` statement in the log, by ascending index.
pub(crate) fn all_changes(client: &Client) -> Result<Vec<Change>, Failure> {
    changes(client, &Query::default().with("kind", "key"))
}

fn changes(client: &Client, query: &Query) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = client.search(&query.clone().with_some("cursor", cursor.as_ref()))?;
        for found in &page.results {
            if let Body::Key(key) = payload(found)?.body {
                changes.push(Change { id: found.id, index: found.index, time: found.time, key });
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(changes),
        }
    }
}

/// The statement of this id, which it must have.
pub(crate) fn fetch(client: &Client, id: &StatementId) -> Result<Statement, Failure> {
    let bytes = client.statement(id)?;
    let statement = Statement::decode(&bytes);
    let statement =
        statement.map_err(|e| Failure::new(e.code(), format!("the server's statement {id}: {e}")))?;
    if statement.id() != *id {
        return Err(Failure::new("wrong-statement", "the server answers with another statement")
            .values(id, statement.id())
            .exit(Exit::Tampered));
    }
    Ok(statement)
}

/// What a statement says, as the server says.
pub(crate) fn payload(found: &Found) -> Result<Payload, Failure> {
    Payload::from_json(&found.payload)
        .map_err(|e| Failure::new(e.code(), format!("the server's statement {}: {e}", found.id)))
}

/// An entry's index and statement.
pub(crate) fn decode(entry: &[u8]) -> Result<(u64, Statement), Failure> {
    let entry =
        Entry::decode(entry).map_err(|e| Failure::new(e.code(), format!("the server's entry: {e}")))?;
    let statement = Statement::decode(&entry.statement);
    let statement = statement.map_err(|e| Failure::new(e.code(), format!("entry {}: {e}", entry.index)))?;
    Ok((entry.index.0, statement))
}
