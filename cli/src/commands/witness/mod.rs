use clap::Subcommand;
use witness::folder::{Folder, FolderError};
use witness::{Cosigner, OpenError};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod add;
mod init;
mod list;
mod serve;

/// Be a witness: cosign the checkpoints of logs that only grow
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Init(init::Args),
    Add(add::Args),
    List(list::Args),
    Serve(serve::Args),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Init(args) => init::run(args, context),
            Self::Add(args) => add::run(args, context),
            Self::List(args) => list::run(args, context),
            Self::Serve(args) => serve::run(args, context),
        }
    }
}

/// The witness in this folder with its secret key.
fn cosigner(folder: &Folder, context: &Context) -> Result<Cosigner, Failure> {
    let named = folder.read_key()?;
    let secret = context.secret_key(&folder.key())?;
    let public = secret.public();
    Ok(Cosigner::new(named.name().clone(), public, move |message| secret.sign(message)))
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let failure = Self::new(error.code(), error.to_string());
        let lost = "put the file back as it was last; never one of an earlier day. If it is lost, make a new witness with a \
                    new key: `writ witness init`";
        match (error.code(), &error) {
            (_, FolderError::Absent { path }) => {
                failure.next(format!("writ witness init {} --name NAME", path.display()))
            }
            (_, FolderError::Taken { .. }) => failure.next("a folder that is empty or does not exist"),
            (_, FolderError::Held { .. }) => failure.next("stop the other one first"),
            ("witness-log-known", _) => failure.next("writ witness list DIR"),
            ("witness-state-absent", _) => failure.exit(Exit::Rollback).next(lost),
            ("witness-state-damaged", _) => failure.exit(Exit::Tampered).next(lost),
            ("witness-logs" | "witness-log-key", _) => {
                failure.next("log <vkey>, one a line, and `quorum none`")
            }
            _ => failure.next("look at the folder: it must be there, writable and have space"),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let failure = Self::new(error.code(), error.to_string());
        match error {
            OpenError::Folder(error) => error.into(),
            OpenError::OtherKey { got, expected } => {
                failure.values(expected, got).next("put the witness's own key file back: witness.pem")
            }
        }
    }
}
