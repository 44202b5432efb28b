use std::path::PathBuf;
use std::str::FromStr;

use gateway::client::{Client, Query};
use gateway::signer::proof_of_possession;
use keyfile::{read_public, secret_path};
use schemas::ids::{KeyId, LogId, PublicKey};
use schemas::kinds::{Key, KeyOp, Principal, PrincipalType, Role, RoleGrant};
use schemas::payload::{Body, Vantage};
use schemas::scope::Pattern;
use schemas::text::{PrincipalId, Tenant};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::registrars::{Keys, check_enough_left};
use crate::registration::{self, Registration, payload};
use crate::render::submitted;
use crate::submit::Submission;

mod answer;

use super::proposal::say_pending;
use answer::Registered;

/// Tell the log whose key this is and what it may speak for
///
/// Signed by a registrar. The new key proves that whoever registers it holds it: its secret is taken from beside the public
/// file, or named with --sign-with. Registering the same again changes nothing and says so.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Roles: principal, authority, pdp, approver, gateway, registrar.

Examples:
  writ keys register --registrar registrar.pem --key alice.pem.pub --principal user:alice@corp --type human --role principal
  writ keys register --registrar registrar.pem --key idp.pem.pub --principal service:idp --role authority='user:**,agent:**'")]
pub(crate) struct Args {
    /// Secret key of a registrar
    #[arg(long, value_name = "FILE")]
    registrar: PathBuf,
    /// Public key to register
    #[arg(long, value_name = "PUBFILE")]
    key: PathBuf,
    /// Whose key it is
    #[arg(long, value_name = "URI")]
    principal: PrincipalId,
    /// What it may speak for, and about whom: patterns over principals, separated by commas
    #[arg(long, value_name = "ROLE[=ABOUT]", required = true)]
    role: Vec<RoleArg>,
    /// Tenants that the roles are limited to, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    tenants: Vec<Tenant>,
    /// What the principal is: human, service, agent, workflow, tool or gateway
    #[arg(long, value_name = "TYPE", value_parser = parse_type)]
    r#type: Option<PrincipalType>,
    /// Secret half of the key to register [default: the public file's name without .pub]
    #[arg(long, value_name = "FILE")]
    sign_with: Option<PathBuf>,
    /// Also where too few registrars are left, because this key is one and its new roles no longer say so
    #[arg(long)]
    yes: bool,
}

/// `ROLE[=ABOUT]`.
#[derive(Clone, Debug)]
struct RoleArg {
    role: Role,
    about: Vec<Pattern>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let public = read_public(&args.key)?;
    let registrar = context.secret_key(&args.registrar)?;
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref()).map_err(Failure::before_signing)?;
    let known = registration::find(&client, &log, &public)?;
    let grants = grants(args);
    let known_same = known.as_ref().filter(|known| normal(&known.roles) == grants);
    check_free(known.as_ref(), args, &KeyId::of(&public))?;
    let principal =
        wanted_principal(args).filter(|wanted| !matches!(is_registered(&client, wanted), Ok(true)));
    let registered = |(id, index)| Registered {
        kid: KeyId::of(&public),
        principal: &args.principal,
        roles: &grants,
        replaced: None,
        id,
        index,
    };
    let mut place = known_same.map(|known| (known.id, known.index));
    if let (Some(place), None) = (place, &principal) {
        return registered(place).unchanged(context);
    }
    let is_registrar = |grants: &[RoleGrant]| grants.iter().any(|grant| grant.role == Role::Registrar);
    let was_registrar = known.as_ref().is_some_and(|known| is_registrar(&known.roles));
    if was_registrar && !is_registrar(&grants) && !args.yes {
        check_enough_left(&Keys::fetch(&client, &log)?, &KeyId::of(&public))?;
    }
    let signer = registration::signer(&client, &log, registrar)?;
    let mut submission = Submission::new(context, &client, trust.as_ref(), log, signer);
    if let Some(principal) = principal {
        let body = Body::Principal(principal);
        let payload = submission.payload(Tenant::default_label(), Vantage::Authority, body)?;
        submission.sign(None, payload)?;
    }
    let (mut added, mut changes) = (None, Vec::new());
    if known_same.is_none() {
        let change = key_body(context, args, &grants, &log, &public)?;
        let body = Body::Key(change.clone());
        let payload = submission.payload(Tenant::default_label(), Vantage::Authority, body)?;
        added = Some(submission.sign(None, payload)?);
        changes.push(change);
    }
    let submitted = submission.send()?;
    if let Some(failure) = submitted.failure() {
        context.output.text_unless_json(&submitted::text(&submitted, None))?;
        return Err(failure);
    }
    if let Some(result) = submitted.results.iter().find(|result| Some(result.id) == added) {
        place = result.index.map(|index| (result.id, index));
    }
    let lost = || Failure::new("server-answer", "the server does not say where the key is registered");
    let replaced = known.as_ref().filter(|_| added.is_some()).map(|known| normal(&known.roles));
    let registered = Registered { replaced: replaced.as_deref(), ..registered(place.ok_or_else(lost)?) };
    let exit = registered.appended(context, &submitted)?;
    say_pending(context, &client, &log, &changes)?;
    Ok(exit)
}

/// A key of somebody else's or a withdrawn one cannot be registered at all.
fn check_free(known: Option<&Registration>, args: &Args, kid: &KeyId) -> Result<(), Failure> {
    let Some(known) = known else { return Ok(()) };
    if known.principal != args.principal {
        let what = format!("the key {kid} belongs to another principal for ever");
        return Err(Failure::new("key-other-principal", what)
            .values(&args.principal, &known.principal)
            .next("writ keys generate --out FILE"));
    }
    if let Some(op) = known.withdrawn {
        let what = format!("the key {kid} was withdrawn ({op}) and does not come back");
        return Err(Failure::new("key-withdrawn", what));
    }
    Ok(())
}

fn key_body(
    context: &Context,
    args: &Args,
    grants: &[RoleGrant],
    log: &LogId,
    public: &PublicKey,
) -> Result<Key, Failure> {
    let kid = KeyId::of(public);
    let secret = match &args.sign_with {
        Some(path) => context.secret_key(path)?,
        None => {
            let beside = secret_path(&args.key).filter(|path| path.exists());
            let path = beside.ok_or_else(|| {
                Failure::new(
                    "no-possession",
                    format!("the secret half of {} is not beside it", args.key.display()),
                )
                .next("--sign-with FILE: the new key signs that its holder wants it registered")
            })?;
            context.secret_key(&path)?
        }
    };
    if secret.kid() != kid {
        return Err(Failure::new("key-mismatch", "the secret key is not that of the public key")
            .values(kid, secret.kid())
            .next("--sign-with FILE"));
    }
    Ok(Key {
        op: KeyOp::Add,
        kid,
        public: Some(*public),
        principal: Some(args.principal.clone()),
        roles: grants.to_vec(),
        usage: None,
        replaces: None,
        accept_until: None,
        since: None,
        proposal: None,
        pop: Some(proof_of_possession(&secret, log, &args.principal)),
    })
}

/// What is asked for, in one order whatever the order asked in.
fn grants(args: &Args) -> Vec<RoleGrant> {
    let grant =
        |arg: &RoleArg| RoleGrant { role: arg.role, about: arg.about.clone(), tenants: args.tenants.clone() };
    normal(&args.role.iter().map(grant).collect::<Vec<_>>())
}

/// The same roles, sorted and each once.
fn normal(grants: &[RoleGrant]) -> Vec<RoleGrant> {
    let mut grants: Vec<RoleGrant> = grants.to_vec();
    for RoleGrant { about, tenants, .. } in &mut grants {
        about.sort();
        about.dedup();
        tenants.sort();
        tenants.dedup();
    }
    grants.sort_by(|a, b| (a.role, &a.about, &a.tenants).cmp(&(b.role, &b.about, &b.tenants)));
    grants.dedup();
    grants
}

fn wanted_principal(args: &Args) -> Option<Principal> {
    Some(Principal::active(args.principal.clone(), args.r#type?))
}

/// Whether the last word about the principal says the same of its type and standing already.
fn is_registered(client: &Client, wanted: &Principal) -> Result<bool, Failure> {
    let query = Query::default().with("kind", "principal").with("principal", wanted.id.as_str());
    let mut last = None;
    for found in client.search(&query)?.results {
        if let Body::Principal(principal) = payload(&found)?.body
            && principal.id == wanted.id
        {
            last = Some(principal);
        }
    }
    Ok(last.is_some_and(|last| last.principal_type == wanted.principal_type && last.status == wanted.status))
}

fn parse_type(word: &str) -> Result<PrincipalType, String> {
    let words: Vec<&str> = PrincipalType::ALL.iter().map(|each| each.as_str()).collect();
    PrincipalType::from_word(word).ok_or_else(|| format!("one of {}", words.join(", ")))
}

impl FromStr for RoleArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (role, about) = text.split_once('=').map_or((text, None), |(role, about)| (role, Some(about)));
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        let role = Role::from_word(role).ok_or_else(|| format!("a role is one of {}", words.join(", ")))?;
        let patterns = about.into_iter().flat_map(|about| about.split(','));
        let about: Vec<Pattern> = patterns
            .map(|pattern| Pattern::new(pattern).map_err(|e| e.to_string()))
            .collect::<Result<_, _>>()?;
        if role == Role::Authority && about.is_empty() {
            return Err("an authority names whom it speaks about: authority='user:**'".into());
        }
        Ok(Self { role, about })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_with_whom_it_is_about() {
        let arg: RoleArg = "authority=user:**,agent:billing/*".parse().unwrap();
        assert_eq!((arg.role, arg.about.len()), (Role::Authority, 2));
        let arg: RoleArg = "pdp".parse().unwrap();
        assert_eq!((arg.role, arg.about.len()), (Role::Pdp, 0));
        for bad in ["", "king", "authority", "authority=", "pdp=a b,,"] {
            assert!(bad.parse::<RoleArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_are_the_same_in_any_order_and_however_often_they_are_named() {
        let grants = |words: &[&str]| {
            let args: Vec<RoleArg> = words.iter().map(|word| word.parse().unwrap()).collect();
            let grant =
                |arg: &RoleArg| RoleGrant { role: arg.role, about: arg.about.clone(), tenants: Vec::new() };
            normal(&args.iter().map(grant).collect::<Vec<_>>())
        };
        assert_eq!(grants(&["pdp", "approver", "pdp"]), grants(&["approver", "pdp"]));
        assert_eq!(grants(&["authority=user:**,agent:*"]), grants(&["authority=agent:*,user:**,user:**"]));
        assert_ne!(grants(&["pdp", "approver"]), grants(&["pdp"]));
        assert_ne!(grants(&["authority=user:**"]), grants(&["authority=agent:*"]));
    }
}
