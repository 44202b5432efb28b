//! Each action judged as it arrives.

use gateway::client::{Client, Found};
use serde::Serialize;
use verifier::verdict::{Finding, Outcome, Severity, Verdict};

use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_server;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::Judging;
use crate::output::{Mark, printable};
use crate::render::short;
use crate::schema;
use crate::submitted::plural;
use crate::trust::Trust;

/// Judges, prints what is wrong, and counts.
pub(super) struct Judge<'a> {
    judging: &'a Judging,
    client: Client,
    trust: Option<&'a Trust>,
    limit: AgeLimit,
    with_task: bool,
    counts: Counts,
    /// The worst end of all verdicts.
    pub(super) exit: Exit,
}

#[derive(Default)]
struct Counts {
    authorized: u64,
    not_authorized: u64,
    indeterminate: u64,
    unjudged: u64,
}

/// A line of `writ tail --findings --json`.
#[derive(Serialize)]
struct Line<'v> {
    schema: &'static str,
    /// The action's place.
    index: u64,
    subject: String,
    outcome: Outcome,
    finding: &'v Finding,
    /// The command that looks closer.
    next: String,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        judging: &'a Judging,
        client: Client,
        trust: Option<&'a Trust>,
    ) -> Result<Self, Failure> {
        let (limit, with_task) = (judging.limit()?, judging.wants()?.task);
        Ok(Self { judging, client, trust, limit, with_task, counts: Counts::default(), exit: Exit::Ok })
    }

    /// Judges one action. What cannot be judged is said and counted; the next one is judged all the same.
    pub(super) fn judge(&mut self, context: &Context, found: &Found) -> Result<(), Failure> {
        match self.verdict(context, found) {
            Ok((verdict, exit)) => {
                self.exit = self.exit.worse(exit);
                let count = match verdict.outcome {
                    Outcome::Authorized => &mut self.counts.authorized,
                    Outcome::NotAuthorized => &mut self.counts.not_authorized,
                    Outcome::Indeterminate => &mut self.counts.indeterminate,
                };
                *count = count.saturating_add(1);
                verdict.findings.iter().try_for_each(|finding| print(context, &verdict, finding))
            }
            Err(failure) => {
                self.counts.unjudged = self.counts.unjudged.saturating_add(1);
                self.exit = self.exit.worse(failure.exit);
                context.output.failure_text(&failure);
                Ok(())
            }
        }
    }

    fn verdict(&self, context: &Context, found: &Found) -> Result<(Verdict, Exit), Failure> {
        let how = (self.limit, self.with_task);
        let evidence = of_server(context, &self.client, self.trust, how, &found.id)?;
        let judged = self.judging.judge(&found.id, evidence)?;
        Ok((judged.verdict, judged.exit))
    }

    /// `12 actions judged: 9 authorized, 2 NOT AUTHORIZED, 1 indeterminate`.
    pub(super) fn count(&self) -> String {
        let Counts { authorized, not_authorized, indeterminate, unjudged } = self.counts;
        let judged = authorized.saturating_add(not_authorized).saturating_add(indeterminate);
        let mut text = format!("{} judged: {authorized} authorized", plural(judged, "action"));
        for (count, word) in [(not_authorized, "NOT AUTHORIZED"), (indeterminate, "INDETERMINATE")] {
            if count > 0 {
                text.push_str(&format!(", {count} {word}"));
            }
        }
        if unjudged > 0 {
            text.push_str(&format!(" · {unjudged} could not be judged"));
        }
        text
    }
}

fn print(context: &Context, verdict: &Verdict, finding: &Finding) -> Result<(), Failure> {
    let subject = verdict.subject.id;
    if context.output.json {
        return context.output.document(&Line {
            schema: schema::TAIL_FINDING,
            index: verdict.subject.index.0,
            subject: subject.to_hex(),
            outcome: verdict.outcome,
            finding,
            next: format!("writ who {subject}"),
        });
    }
    let mark = if finding.severity == Severity::Error { Mark::Bad } else { Mark::Warning };
    let place = format!("#{}", verdict.subject.index.0);
    context.output.text(&format!(
        "{place:<9} {}  {}  → writ who {}\n",
        mark.word(finding.code),
        printable(&finding.detail),
        short(&subject)
    ))
}
