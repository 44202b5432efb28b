//! The chains behind the actions of a task or a trace.

use gateway::client::{self, Client, Query};
use questions::chains::{Chains, Drawing, Left, Part, chains, read_cursor, write_cursor};
use questions::course::Course;
use questions::kept::{AsOf, Placed, Whole};
use questions::page::Cursor;
use schemas::ids::StatementId;
use schemas::payload::Body;
use schemas::time::Index;
use serde::Deserialize;
use verifier::evidence::Evidence;
use verifier::naming::Sort;

use super::{Args, laid, one, outcome_exit};
use crate::as_of::hold;
use crate::commands::question::{Answered, no_such_page};
use crate::context::Context;
use crate::evidence::of_server as evidence_of_server;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;
use crate::resolve::resolve_among_beside;

/// What the server says belongs to a task or a trace. What it makes of each action is not looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    of: Of,
    actions: Vec<Place>,
    unjudged: Vec<Place>,
    #[serde(default)]
    next: Option<String>,
    as_of: AsOf,
}

#[derive(Debug, Deserialize)]
struct Of {
    sort: String,
    name: String,
    #[serde(default)]
    tenant: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Place {
    id: StatementId,
    index: Index,
}

/// What an id means to the server.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    Listed(Box<Listed>),
    /// The chain behind one statement.
    One {},
}

/// Asks the server for the actions of the task or trace that is called so; nothing where it is one statement.
pub(super) fn listed(args: &Args, client: &Client) -> Result<Option<Listed>, Failure> {
    let query = Query::default()
        .with("id", &args.id)
        .with("tenant", args.tenant.as_str())
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref());
    match client.answer::<Answer>("/v1/chain", &query) {
        Ok(Answer::Listed(listed)) => Ok(Some(*listed)),
        Ok(Answer::One {}) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Judges each action that the server lists here, from a bundle of its own.
pub(super) fn of_server(
    args: &Args,
    context: &Context,
    client: &Client,
    listed: Listed,
) -> Result<Exit, Failure> {
    let Listed { of, actions, unjudged, next, as_of } = listed;
    let is_it = |course: &Course| {
        let tenant = course.tenant().map(ToString::to_string);
        course.sort() == of.sort && course.name() == of.name && tenant == of.tenant
    };
    let named = Course::named(&args.id, &args.tenant).into_iter().find(is_it);
    let course = match named {
        Some(course) => course,
        None => of_statement(args, client)?.filter(is_it).ok_or_else(|| other(args, &of))?,
    };
    // What stands in the way of trust was said when it was looked for first.
    let trust = context.trust().ok().flatten();
    let exit = if trust.is_some() { Exit::Ok } else { Exit::Untrusted };
    let AsOf { origin, size, root, time } = as_of.clone();
    let searched = client::AsOf { origin, size, root, time: time.0 };
    let (pinned, error, mut exit) = match hold(context, client, trust.as_ref(), &searched) {
        Ok((pinned, believed)) => (pinned, None, exit.worse(believed)),
        Err(failure) => (false, Some(failure.clone()), exit.worse(failure.exit)),
    };
    let trust = trust.filter(|_| pinned);
    let with = (args.judging.limit()?, args.judging.wants()?.task);
    let mut places: Vec<Place> = actions.into_iter().chain(unjudged).collect();
    places.sort_by_key(|place| place.index);
    let mut drawing = Drawing::default();
    let progress = context.output.progress(places.len() as u64);
    for Place { id, index } in places {
        match evidence_of_server(context, client, trust.as_ref(), with, &id) {
            Ok(judged) => {
                exit = exit.worse(judged.exit);
                add(&mut drawing, args, &course, &id, &judged)?;
            }
            Err(failure) if &*failure.code == "bundle-too-large" => {
                drawing.leave(Left { id, index, code: failure.code, what: failure.what });
            }
            Err(failure) => return Err(failure),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let answer = drawing.finish(&course, as_of, next);
    let exit = exit.worse(exit_of(&answer));
    let word =
        "each action was judged here by its own evidence; which actions there are is the server's word";
    Answered { answer, pinned, word, error, exit }.say(context)
}

fn add(
    drawing: &mut Drawing,
    args: &Args,
    course: &Course,
    id: &StatementId,
    judged: &ToJudge,
) -> Result<(), Failure> {
    let payload = judged.evidence.get(id).and_then(|record| record.payload.as_ref());
    let is_its_own = |payload: &&_| course.holds(payload) && matches!(payload.body, Body::Action(_));
    let payload = payload.filter(is_its_own).ok_or_else(|| {
        let what =
            format!("the server lists {id}, which is no action of {} {}", course.sort(), course.name());
        Failure::new("wrong-candidate", what).exit(Exit::Tampered)
    })?;
    drawing.add(laid(args, id, judged)?, payload);
    Ok(())
}

/// The task that a statement tells of.
fn of_statement(args: &Args, client: &Client) -> Result<Option<Course>, Failure> {
    let found = crate::resolve::resolve(client, &args.id)?;
    let payload = crate::registration::fetch(client, &found.id)?.payload;
    let is_task = matches!(payload.body, Body::Task(_));
    let task = payload.task.filter(|_| is_task);
    Ok(task.map(|task| Course::Task { tenant: payload.tenant, task }))
}

fn other(args: &Args, of: &Of) -> Failure {
    Failure::new("wrong-subject", "the server's answer is about something else")
        .values(&args.id, format!("{} {}", of.sort, of.name))
        .exit(Exit::Tampered)
}

/// Answers from evidence of every entry of the log.
pub(super) fn of_whole(args: &Args, context: &Context, judged: ToJudge) -> Result<Exit, Failure> {
    let course = match meant(args, &judged.evidence)? {
        Meant::One(subject) => return one(args, context, &subject, judged),
        Meant::Course(course) => course,
    };
    let (log, size) = (Whole(&judged.evidence), judged.evidence.head().size);
    let begun = match &args.page {
        None => Cursor { size, next: 0 },
        Some(text) => read_cursor(text, &course)
            .ok_or_else(|| no_such_page("--page is not the `next` of an earlier page of this question"))?,
    };
    if begun.size != size {
        let of = begun.size;
        return Err(no_such_page(format!(
            "that page is of a log of {of} entries, and this one holds {size}"
        )));
    }
    let (query, profile) = (course.actions(), args.judging.profile()?);
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let part = Part { limit, profile: profile.as_ref() };
    let (drawing, cut) = chains(&course, log.fitting(&query, Index(begun.next)), part, &log)
        .map_err(|e| Failure::new("no-evidence", e.to_string()).exit(Exit::Tampered))?;
    let next = cut.map(|cut| write_cursor(Cursor { size, next: cut.0 }, &course));
    let answer = drawing.finish(&course, log.as_of(), next);
    let exit = judged.exit.worse(exit_of(&answer));
    let pinned = judged.evidence.pinning().log_key;
    let word = match args.every.mirror {
        Some(_) => "every entry was read from the mirror",
        None => "every entry was read from the server's tiles",
    };
    Answered { answer, pinned, word, error: None, exit }.say(context)
}

enum Meant {
    One(StatementId),
    Course(Course),
}

/// What an id means, by the rule that the server goes by.
fn meant(args: &Args, evidence: &Evidence) -> Result<Meant, Failure> {
    let find =
        || Course::find(&args.id, &args.tenant, &Whole(evidence)).unwrap_or_else(|never| match never {});
    if let Some(course) = find().filter(|_| Course::is_typed(&args.id)) {
        return Ok(Meant::Course(course));
    }
    let id = match resolve_among_beside(evidence, &args.id, Sort::COURSES) {
        Err(missing) if &*missing.code == "not-found" => return find().map(Meant::Course).ok_or(missing),
        found => found?,
    };
    let payload = evidence.get(&id).and_then(|record| record.payload.as_ref());
    let task = payload.and_then(|payload| match payload.body {
        Body::Task(_) => Some(Course::Task { tenant: payload.tenant.clone(), task: payload.task.clone()? }),
        _ => None,
    });
    Ok(task.map_or(Meant::One(id), Meant::Course))
}

/// The worst that any of the actions came to.
fn exit_of(chains: &Chains) -> Exit {
    let left = if chains.unjudged.is_empty() { Exit::Ok } else { Exit::Indeterminate };
    let acts = chains.actions.iter().map(|act| outcome_exit(act.outcome, act.complete));
    acts.fold(left, Exit::worse)
}
