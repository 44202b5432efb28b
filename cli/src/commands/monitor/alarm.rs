//! What a monitor says, to whom: a person, a program, a webhook, a scraper of metrics.

use std::collections::BTreeSet;

use gateway::webhook::Webhook;
use schemas::tree::TreeHash;
use serde::Serialize;
use verifier::checkpoint::VerifiedHead;

use super::metrics;
use super::seen::UNCONFIRMED;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::output::{Mark, printable};
use crate::schema;

/// What cannot pass: a log that has signed two histories has done so for ever, and so has whoever has seen another one.
const FOR_EVER: [&str; 2] = ["split-view", UNCONFIRMED];

/// A line of `writ monitor --json`, and what a webhook is sent.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: &'static str,
    /// When, in milliseconds since the epoch by this machine's clock.
    at: u64,
    event: Event,
    server: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Head<'a>>,
    /// What went wrong, or has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm: Option<&'a Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Event {
    /// The log shows another head than before.
    Head,
    /// Something is wrong.
    Alarm,
    /// It no longer is.
    Cleared,
}

#[derive(Serialize)]
struct Head<'a> {
    origin: &'a str,
    size: u64,
    root: TreeHash,
    /// When the log or a witness says it was the latest, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
}

/// Where all words go through. An alarm is raised once and stands until it is cleared.
pub(super) struct Desk<'c> {
    context: &'c Context,
    webhook: Option<Webhook>,
    standing: BTreeSet<(String, String)>,
    exit: Exit,
}

impl<'c> Desk<'c> {
    pub(super) fn new(context: &'c Context, webhook: Option<Webhook>) -> Self {
        Self { context, webhook, standing: BTreeSet::new(), exit: Exit::Ok }
    }

    /// The worst that was met.
    pub(super) fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether there ever was an alarm.
    pub(super) fn raised(&self) -> bool {
        self.exit != Exit::Ok
    }

    /// Says that a server shows a head, and how it stands to the one before.
    pub(super) fn head(&self, server: &str, head: &VerifiedHead, since: &str) -> Result<(), Failure> {
        let origin = head.origin().as_str();
        let shown = Head { origin, size: head.size(), root: head.root(), time: head.latest_time() };
        if self.context.output.json {
            return self.context.output.document(&document(Event::Head, server, Some(shown), None));
        }
        let line = format!(
            "{}  {}  {} entries  root {}  {since}  {}\n",
            Mark::Good.word("HEAD"),
            moment::show(moment::now()),
            head.size(),
            head.root(),
            printable(server),
        );
        self.context.output.text(&line)
    }

    /// Raises an alarm, unless it stands already.
    pub(super) fn raise(&mut self, server: &str, failure: &Failure) -> Result<(), Failure> {
        self.exit = self.exit.worse(if failure.exit == Exit::Ok { Exit::Error } else { failure.exit });
        if !self.standing.insert((server.into(), failure.code.clone())) {
            return Ok(());
        }
        metrics::alarm(server, &failure.code, true);
        let what = &failure.what;
        let what = if what.contains(server) { what.clone() } else { format!("{server}: {what}") };
        let failure = Failure { what, ..failure.clone() };
        self.context.output.failure_text(&failure);
        self.tell(&document(Event::Alarm, server, None, Some(&failure)))
    }

    /// Takes alarms back that stand no longer: all of a server but these.
    pub(super) fn clear_but(&mut self, server: &str, codes: &[&str]) -> Result<(), Failure> {
        let passed: Vec<(String, String)> = self
            .standing
            .iter()
            .filter(|(of, code)| of == server && !codes.contains(&code.as_str()))
            .filter(|(_, code)| !FOR_EVER.contains(&code.as_str()))
            .cloned()
            .collect();
        for alarm in passed {
            self.standing.remove(&alarm);
            let (_, code) = alarm;
            metrics::alarm(server, &code, false);
            self.context.output.message(&format!("cleared[{code}]: {}", printable(server)));
            let failure = Failure::new(code, "this is no longer so").next("writ verify log");
            self.tell(&document(Event::Cleared, server, None, Some(&failure)))?;
        }
        Ok(())
    }

    fn tell(&self, document: &Document<'_>) -> Result<(), Failure> {
        if self.context.output.json {
            self.context.output.document(document)?;
        }
        let Some(webhook) = &self.webhook else { return Ok(()) };
        let body = serde_json::to_vec(document).map_err(|e| Failure::new("json-encode", e.to_string()))?;
        if let Err(error) = webhook.post(&body) {
            // What the alarm is about goes on being looked at, whoever could not be told.
            self.context.output.warn("webhook", &error.to_string());
            metrics::webhook_failed();
        }
        Ok(())
    }
}

fn document<'a>(
    event: Event,
    server: &'a str,
    head: Option<Head<'a>>,
    alarm: Option<&'a Failure>,
) -> Document<'a> {
    let exit = alarm.filter(|_| event == Event::Alarm).map(|failure| failure.exit.code());
    Document { schema: schema::MONITOR, at: moment::now().0, event, server, head, alarm, exit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;
    use crate::testlog::TestLog;

    #[test]
    fn every_event_is_described_by_the_schema() {
        let log = TestLog::new();
        let head = log.verified(1);
        let shown = Head { origin: "a", size: 1, root: head.root(), time: Some(5) };
        let failure = Failure::new("split-view", "x").exit(Exit::Tampered);
        let proved = failure.clone().evidence("a.fork");
        assert_described(&document(Event::Head, "http://a", Some(shown), None));
        assert_described(&document(Event::Alarm, "http://a", None, Some(&failure)));
        assert_described(&document(Event::Alarm, "http://a", None, Some(&proved)));
        assert_described(&document(Event::Cleared, "http://a", None, Some(&failure)));
    }
}
