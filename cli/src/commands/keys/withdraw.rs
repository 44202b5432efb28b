use std::path::PathBuf;

use gateway::client::Client;
use keyfile::read_public;
use schemas::ids::{KeyId, LogId};
use schemas::kinds::{Key, KeyOp};
use schemas::payload::{Body, Vantage};
use schemas::text::Tenant;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::registration::{self, Registrars};
use crate::render::submitted;
use crate::submit::Submission;

/// Say that a key is no longer used
///
/// What it signed stands. Entries by it are accepted until --accept-until, for statements that are still on their way.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  writ keys retire --registrar registrar.pem --key alice.pem.pub --accept-until 2026-12-01T00:00Z"
)]
pub(crate) struct RetireArgs {
    #[command(flatten)]
    which: Which,
    /// Until when entries by the key are still accepted: a moment, or so long from now [default: now]
    #[arg(long, value_name = "TIME")]
    accept_until: Option<String>,
}

/// Say that a key may be in other hands
///
/// Refused at once, and what it signed since --since is no longer believed.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  writ keys compromise --registrar registrar.pem --key alice.pem.pub --since 2h"
)]
pub(crate) struct CompromiseArgs {
    #[command(flatten)]
    which: Which,
    /// From when the key can no longer be believed: a moment, or so long ago [default: now]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Which {
    /// Secret key of a registrar
    #[arg(long, value_name = "FILE")]
    registrar: PathBuf,
    /// Public key to withdraw
    #[arg(long, value_name = "PUBFILE", required_unless_present = "kid", conflicts_with = "kid")]
    key: Option<PathBuf>,
    /// The key's thumbprint, where its file is not at hand
    #[arg(long, value_name = "HEX", value_parser = parse_kid)]
    kid: Option<KeyId>,
    /// Also where the log is left without registrars
    #[arg(long)]
    yes: bool,
}

pub(crate) fn retire(args: &RetireArgs, context: &Context) -> Result<Exit, Failure> {
    let accept_until = args.accept_until.as_deref().map(moment::parse_ahead).transpose()?;
    let meaning =
        accept_until.map(|until| format!("entries by the key are accepted until {}", moment::show(until)));
    withdraw(context, &args.which, meaning, |kid| Key { accept_until, ..bare(KeyOp::Retire, kid) })
}

pub(crate) fn compromise(args: &CompromiseArgs, context: &Context) -> Result<Exit, Failure> {
    let since = args.since.as_deref().map(moment::parse).transpose()?;
    let meaning = since.map(|since| format!("the key is not believed from {} on", moment::show(since)));
    withdraw(context, &args.which, meaning, |kid| Key { since, ..bare(KeyOp::Compromise, kid) })
}

fn withdraw(
    context: &Context,
    which: &Which,
    meaning: Option<String>,
    body: impl FnOnce(KeyId) -> Key,
) -> Result<Exit, Failure> {
    let kid = match (&which.kid, &which.key) {
        (Some(kid), _) => *kid,
        (None, Some(path)) => KeyId::of(&read_public(path)?),
        (None, None) => return Err(Failure::usage("no-key", "name the key with --key or --kid")),
    };
    let registrar = context.secret_key(&which.registrar)?;
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref()).map_err(Failure::before_signing)?;
    if !which.yes {
        check_leaves_registrars(&client, &log, &kid)?;
    }
    let signer = registration::signer(&client, &log, registrar)?;
    let mut submission = Submission::new(context, &client, trust.as_ref(), log, signer);
    let payload = submission.payload(Tenant::default_label(), Vantage::Authority, Body::Key(body(kid)))?;
    submission.sign(None, payload)?;
    submitted::finish_saying(context, &submission.send()?, meaning.as_deref())
}

/// A log without enough registrars never gets one again.
fn check_leaves_registrars(client: &Client, log: &LogId, kid: &KeyId) -> Result<(), Failure> {
    let Registrars { mut kids, threshold } = registration::registrars(client, log)?;
    let is_registrar = kids.remove(kid);
    if !is_registrar || kids.len() as u64 >= threshold {
        return Ok(());
    }
    let what = format!(
        "without the registrar key {kid} nobody could ever again register, retire or withdraw a key in this log: it \
         would only take statements by the keys that it has"
    );
    Err(Failure::usage("last-registrar", what)
        .values(format!("at least {threshold} left"), format!("{} left", kids.len()))
        .next("`writ keys register … --role registrar` for another key first, or the same with --yes"))
}

fn bare(op: KeyOp, kid: KeyId) -> Key {
    Key {
        op,
        kid,
        public: None,
        principal: None,
        roles: Vec::new(),
        usage: None,
        replaces: None,
        accept_until: None,
        since: None,
        proposal: None,
        pop: None,
    }
}

fn parse_kid(text: &str) -> Result<KeyId, String> {
    KeyId::from_hex(text).ok_or_else(|| "64 lower-case hex digits".into())
}
