//! Which actions a report is about, and the verdict on each: judged here, from a bundle each or from every entry of a mirror.

use std::collections::BTreeSet;
use std::path::Path;

use gateway::client::{AsOf as Searched, Client, Found, Query};
use questions::kept::{AsOf, Placed, Whole};
use questions::sweep::{ACTIONS_MAX, Sweep, of_kinds};
use schemas::ids::StatementId;
use schemas::kinds::Phase;
use schemas::payload::{Body, Kind, Payload};
use schemas::query;
use schemas::reference::Reference;
use schemas::time::{Index, Time};

use crate::as_of::hold;
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::{of_mirror, of_server};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::{Judging, exit_of};
use crate::moment;
use documents::report::{Tally, Unjudged};

/// Statements on a page of a search.
const PAGE: usize = 500;

/// Refusals that are about one action, and not about the server.
const ABOUT_ONE: [&str; 1] = ["bundle-too-large"];

/// Every action that fits, added up.
pub(crate) struct Gathered {
    pub(crate) tally: Tally,
    pub(crate) as_of: AsOf,
    pub(crate) pinned: bool,
    /// Whether every action that fits was judged.
    pub(crate) complete: bool,
    /// The worst end.
    pub(crate) exit: Exit,
}

impl Gathered {
    /// Searches for the actions at the server, and judges each from a bundle of its own.
    pub(crate) fn from_server(context: &Context, judging: &Judging, words: &str) -> Result<Self, Failure> {
        let (trust, exit) = context.trust_or_said();
        let trust = trust.as_ref();
        let client = context.client()?;
        let (found, as_of, complete) = actions(&client, words)?;
        let (pinned, believed) = hold(context, &client, trust, &as_of)?;
        // That the trust file is of another log was said once; each bundle would say it again.
        let trust = trust.filter(|_| pinned);
        let (limit, with_task) = (judging.limit()?, judging.wants()?.task);
        let mut tally = Tally::begin()?;
        let mut exit = exit.worse(believed);
        let progress = context.output.progress(found.len() as u64);
        for found in &found {
            let judged = of_server(context, &client, trust, (limit, with_task), &found.id)
                .and_then(|evidence| judging.judge(&found.id, evidence));
            match judged {
                Ok(judged) => {
                    let payload = Payload::from_json(&found.payload).ok();
                    tally.add(&judged.verdict, payload.as_ref(), &found.iss);
                    exit = exit.worse(judged.exit);
                }
                Err(failure) if is_about_one(&failure) => {
                    exit = exit.worse(failure.exit).worse(Exit::Indeterminate);
                    tally.unjudged(unjudged(found, failure));
                }
                Err(failure) => return Err(failure),
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        let Searched { origin, size, root, time } = as_of;
        let as_of = AsOf { origin, size, root, time: Time(time) };
        Ok(Self { tally, as_of, pinned, complete, exit })
    }

    /// Reads every entry of a mirror once, and judges each action from them.
    pub(crate) fn from_mirror(
        context: &Context,
        judging: &Judging,
        words: &str,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let (trust, exit) = context.trust_or_said();
        let limit: AgeLimit = judging.limit()?;
        let judged = of_mirror(context, folder, trust.as_ref(), limit, exit)?;
        let log = Whole(&judged.evidence);
        let asked =
            query::parse(words, moment::now()).map_err(|e| Failure::usage("bad-query", e.to_string()))?;
        let asked = of_kinds(asked, &[Kind::Action]);
        let profile = judging.profile()?;
        let (mut tally, mut exit) = (Tally::begin()?, judged.exit);
        let subjects: Vec<Index> = log.fitting(&asked, Index(0)).collect();
        let progress = context.output.progress(subjects.len() as u64);
        let subjects = subjects.into_iter().inspect(|_| progress.inc(1));
        let mut sweep = Sweep::new(&log, &asked, subjects, profile.as_ref());
        for swept in sweep.by_ref() {
            let wrong =
                |e: &dyn std::fmt::Display| Failure::new("no-evidence", e.to_string()).exit(Exit::Tampered);
            let (put, verdict) = swept.map_err(|e| wrong(&e))?;
            match verdict {
                Ok(verdict) => {
                    exit = exit.worse(exit_of(&verdict));
                    tally.add(&verdict, Some(&put.statement.payload), put.statement.envelope.iss.as_str());
                }
                Err(refused) => {
                    exit = exit.worse(Exit::Indeterminate);
                    let (code, what) = (refused.code().into(), refused.to_string());
                    tally.unjudged(Unjudged { id: put.statement.id(), index: put.index, code, what });
                }
            }
        }
        let complete = sweep.cut_at().is_none();
        progress.finish_and_clear();
        Ok(Self { tally, as_of: log.as_of(), pinned: judged.evidence.pinning().log_key, complete, exit })
    }
}

/// The actions that fit, in the log's order, at most [`ACTIONS_MAX`]; and whether these are all.
fn actions(client: &Client, words: &str) -> Result<(Vec<Found>, Searched, bool), Failure> {
    let ask = |cursor: Option<&String>| {
        let words = format!("{words} kind:{}", Kind::Action);
        client.search(
            &Query::default()
                .with("q", words.trim())
                .with("limit", PAGE.to_string())
                .with_some("cursor", cursor),
        )
    };
    let mut page = ask(None)?;
    let mut found = std::mem::take(&mut page.results);
    while page.truncated && found.len() < ACTIONS_MAX {
        let Some(cursor) = page.next.take() else { break };
        page = ask(Some(&cursor))?;
        if page.results.is_empty() && page.next.as_ref() == Some(&cursor) {
            return Err(Failure::new("server-answer", "the server's search does not go on"));
        }
        found.append(&mut page.results);
    }
    let complete = !page.truncated && found.len() <= ACTIONS_MAX;
    found.truncate(ACTIONS_MAX);
    let ids: BTreeSet<StatementId> = found.iter().map(|found| found.id).collect();
    found.retain(|found| attempt_of(found).is_none_or(|attempt| !ids.contains(&attempt)));
    Ok((found, page.as_of, complete))
}

/// The attempt that an outcome names: where that is judged, the outcome is no action of its own.
fn attempt_of(found: &Found) -> Option<StatementId> {
    let payload = Payload::from_json(&found.payload).ok()?;
    let Body::Action(action) = payload.body else { return None };
    match (action.phase, action.attempt) {
        (Phase::Outcome, Some(Reference::Id(attempt))) => Some(attempt),
        _ => None,
    }
}

fn is_about_one(failure: &Failure) -> bool {
    failure.exit == Exit::Tampered || ABOUT_ONE.contains(&failure.code.as_str())
}

fn unjudged(found: &Found, failure: Failure) -> Unjudged {
    Unjudged { id: found.id, index: Index(found.index), code: failure.code, what: failure.what }
}
