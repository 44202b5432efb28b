//! What the questions share that the server answers: asking it, holding the state that it looked at against its signed head, and
//! saying the answer with whose word it is.

use std::fmt::Display;
use std::time::Duration;

use gateway::client::{self, Client, Query};
use questions::kept::AsOf;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::show::TrustDocument;
use crate::as_of::hold;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Most rows on a page.
pub(super) const PAGE_MAX: u64 = 500;

/// How long a server may look at much of its log: some seconds of work, on a machine that has other work too.
const WAIT_MUCH: Duration = Duration::from_secs(60);

/// An answer, and how far it is to be believed.
pub(super) struct Answered<A> {
    pub(super) answer: A,
    /// Whether the state that it is of is proved under a pinned key.
    pub(super) pinned: bool,
    /// Whose word the rest is, as a clause.
    pub(super) word: &'static str,
    /// What speaks against the server.
    pub(super) error: Option<Failure>,
    pub(super) exit: Exit,
}

/// The JSON form of any of them: the answer, and how far it is to be believed.
#[derive(Serialize)]
struct Document<'a, A> {
    #[serde(flatten)]
    answer: &'a A,
    /// Whether `as_of` is proved under a pinned key. What a server lists never is.
    trust: TrustDocument,
    /// What speaks against the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// Asks the server, and holds the state that it says it looked at against its signed head.
pub(super) fn ask<A: DeserializeOwned>(
    context: &Context,
    route: &str,
    query: &Query,
    as_of: impl Fn(&A) -> &AsOf,
) -> Result<Answered<A>, Failure> {
    ask_of(context, context.client()?, route, query, as_of)
}

/// The same of much of the log, which takes the server longer.
pub(super) fn ask_patiently<A: DeserializeOwned>(
    context: &Context,
    route: &str,
    query: &Query,
    as_of: impl Fn(&A) -> &AsOf,
) -> Result<Answered<A>, Failure> {
    ask_of(context, patient(context.client()?), route, query, as_of)
}

/// A client that waits as long as a server may look at much of its log.
pub(super) fn patient(client: Client) -> Client {
    client.waiting(WAIT_MUCH)
}

fn ask_of<A: DeserializeOwned>(
    context: &Context,
    client: Client,
    route: &str,
    query: &Query,
    as_of: impl Fn(&A) -> &AsOf,
) -> Result<Answered<A>, Failure> {
    let (trust, exit) = context.trust_or_said();
    let answer: A = client.answer(route, query)?;
    let AsOf { origin, size, root, time } = as_of(&answer).clone();
    let searched = client::AsOf { origin, size, root, time: time.0 };
    let (pinned, error, exit) = match hold(context, &client, trust.as_ref(), &searched) {
        Ok((pinned, believed)) => (pinned, None, exit.worse(believed)),
        Err(failure) => (false, Some(failure.clone()), exit.worse(failure.exit)),
    };
    Ok(Answered { answer, pinned, word: "what is listed is the server's word", error, exit })
}

impl<A: Serialize + Display> Answered<A> {
    /// An answer from a mirror, every entry of which was read.
    pub(super) fn from_mirror(answer: A, pinned: bool, exit: Exit) -> Self {
        Self { answer, pinned, word: "every entry was read from the mirror", error: None, exit }
    }

    /// Says it.
    pub(super) fn say(self, context: &Context) -> Result<Exit, Failure> {
        let Self { answer, pinned, word, error, exit } = self;
        if context.output.json {
            let trust = TrustDocument { pinned };
            context.output.document(&Document { answer: &answer, trust, error: error.clone() })?;
        } else {
            let held = if pinned { "the state is proved under a pinned key" } else { "NOT PINNED" };
            context.output.text(&format!("{answer}Trust    {held}; {word}\n"))?;
        }
        if let Some(failure) = &error {
            context.output.failure_text(failure);
        }
        Ok(exit)
    }
}

/// Refuses a `--page` that is not of this question or not of what the mirror holds.
pub(super) fn no_such_page(what: impl Into<String>) -> Failure {
    Failure::usage("page-form", what.into()).next("the same without --page")
}
