//! The verbs, one a file.

use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod append;
mod asked;
mod authority;
mod blast;
mod bundle;
mod chain;
mod coverage;
mod crossings;
mod diff;
mod effect;
mod export;
mod grants;
mod help;
mod import;
mod keys;
mod lookup;
mod mirror;
mod monitor;
mod profile;
mod proof;
mod question;
mod receipt;
mod report;
mod revoke;
pub(crate) mod search;
mod show;
mod tail;
mod trust;
mod uses;
mod verify;
mod what_if;
pub(crate) mod who;
mod why;
mod witness;

/// What the program can do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    #[command(subcommand)]
    Keys(keys::Command),
    Append(append::Args),
    Revoke(revoke::Args),
    #[command(subcommand)]
    Import(import::Command),
    Show(show::Args),
    Search(search::Args),
    Tail(tail::Args),
    Who(who::Args),
    Why(why::Args),
    Chain(chain::Args),
    Diff(diff::Args),
    Lookup(lookup::Args),
    Uses(uses::Args),
    Coverage(coverage::Args),
    Blast(blast::Args),
    Grants(grants::Args),
    Crossings(crossings::Args),
    Authority(authority::Args),
    WhatIf(what_if::Args),
    Effect(effect::Args),
    #[command(subcommand)]
    Bundle(bundle::Command),
    Export(export::Args),
    Report(report::Args),
    Proof(proof::Args),
    Receipt(receipt::Args),
    #[command(subcommand)]
    Verify(verify::Command),
    #[command(subcommand)]
    Trust(trust::Command),
    #[command(subcommand)]
    Profile(profile::Command),
    Mirror(mirror::Args),
    #[command(subcommand)]
    Witness(witness::Command),
    Monitor(monitor::Args),
    Help(help::Args),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Keys(command) => command.run(context),
            Self::Append(args) => append::run(args, context),
            Self::Revoke(args) => revoke::run(args, context),
            Self::Import(command) => command.run(context),
            Self::Show(args) => show::run(args, context),
            Self::Search(args) => search::run(args, context),
            Self::Tail(args) => tail::run(args, context),
            Self::Who(args) => who::run(args, context),
            Self::Why(args) => why::run(args, context),
            Self::Chain(args) => chain::run(args, context),
            Self::Diff(args) => diff::run(args, context),
            Self::Lookup(args) => lookup::run(args, context),
            Self::Uses(args) => uses::run(args, context),
            Self::Coverage(args) => coverage::run(args, context),
            Self::Blast(args) => blast::run(args, context),
            Self::Grants(args) => grants::run(args, context),
            Self::Crossings(args) => crossings::run(args, context),
            Self::Authority(args) => authority::run(args, context),
            Self::WhatIf(args) => what_if::run(args, context),
            Self::Effect(args) => effect::run(args, context),
            Self::Bundle(command) => command.run(context),
            Self::Export(args) => export::run(args, context),
            Self::Report(args) => report::run(args, context),
            Self::Proof(args) => proof::run(args, context),
            Self::Receipt(args) => receipt::run(args, context),
            Self::Verify(command) => command.run(context),
            Self::Trust(command) => command.run(context),
            Self::Profile(command) => command.run(context),
            Self::Mirror(args) => mirror::run(args, context),
            Self::Witness(command) => command.run(context),
            Self::Monitor(args) => monitor::run(args, context),
            Self::Help(args) => help::run(args, context),
        }
    }
}
