use std::path::PathBuf;

use gateway::signer::proof_of_possession;
use keyfile::{read_public, secret_path};
use schemas::ids::KeyId;
use schemas::kinds::{Key, KeyOp};
use schemas::payload::{Body, Vantage};
use schemas::text::Tenant;

use super::proposal;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::registration;
use crate::render::submitted;
use crate::submit::Submission;

/// Put a new key in an old one's place, with its roles
///
/// Registers the new key for the same principal with the same roles, and retires the old one: entries by it are accepted until
/// --accept-until, for statements that are still on their way. What the old key signed stands.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example:
  writ keys generate --out alice-2.pem
  writ keys rotate --registrar registrar.pem --old alice.pem.pub --key alice-2.pem.pub")]
pub(crate) struct Args {
    /// Secret key of a registrar
    #[arg(long, value_name = "FILE")]
    registrar: PathBuf,
    /// Public key that is replaced
    #[arg(long, value_name = "PUBFILE")]
    old: PathBuf,
    /// Public key that takes its place
    #[arg(long, value_name = "PUBFILE")]
    key: PathBuf,
    /// Secret half of the new key [default: the public file's name without .pub]
    #[arg(long, value_name = "FILE")]
    sign_with: Option<PathBuf>,
    /// Until when entries by the old key are still accepted: a moment, or so long from now
    #[arg(long, value_name = "TIME", default_value = "1d")]
    accept_until: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let accept_until = moment::parse_ahead(&args.accept_until)?;
    let (old, new) = (read_public(&args.old)?, read_public(&args.key)?);
    let (old_kid, new_kid) = (KeyId::of(&old), KeyId::of(&new));
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref()).map_err(Failure::before_signing)?;
    let known = registration::find(&client, &log, &old)?.ok_or_else(|| {
        Failure::new("key-not-registered", format!("the log knows no key {old_kid} to replace"))
    })?;
    if let Some(op) = known.withdrawn {
        let what = format!("the key {old_kid} was withdrawn ({op}) already");
        return Err(Failure::new("key-withdrawn", what).next(
            "writ keys register --registrar FILE --key FILE.pub --principal URI --role ROLE, for the new key",
        ));
    }
    let beside = || secret_path(&args.key).filter(|path| path.exists());
    let secret = args.sign_with.clone().or_else(beside).ok_or_else(|| {
        Failure::new("no-possession", format!("the secret half of {} is not beside it", args.key.display()))
            .next("--sign-with FILE: the new key signs that its holder wants it registered")
    })?;
    let secret = context.secret_key(&secret)?;
    if secret.kid() != new_kid {
        return Err(Failure::new("key-mismatch", "the secret key is not that of the public key")
            .values(new_kid, secret.kid())
            .next("--sign-with FILE"));
    }
    let rotated = Key {
        public: Some(new),
        principal: Some(known.principal.clone()),
        roles: known.roles.clone(),
        replaces: Some(old_kid),
        pop: Some(proof_of_possession(&secret, &log, &known.principal)),
        ..Key::bare(KeyOp::Rotate, new_kid)
    };
    let retired = Key { accept_until: Some(accept_until), ..Key::bare(KeyOp::Retire, old_kid) };
    let signer = registration::signer(&client, &log, context.secret_key(&args.registrar)?)?;
    let mut submission = Submission::new(context, &client, trust.as_ref(), log, signer);
    for change in [&rotated, &retired] {
        let body = Body::Key(change.clone());
        let payload = submission.payload(Tenant::default_label(), Vantage::Authority, body)?;
        submission.sign(None, payload)?;
    }
    let meaning = format!(
        "{} signs with {new_kid} now; entries by {old_kid} are accepted until {}",
        known.principal,
        moment::show(accept_until)
    );
    let exit = submitted::finish_saying(context, &submission.send()?, Some(&meaning))?;
    proposal::say_pending(context, &client, &log, &[rotated, retired])?;
    Ok(exit)
}
