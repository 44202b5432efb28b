use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use gateway::client::{Client, ClientError, Found, Streamed};
use schemas::payload::Kind;

use super::search::{Row, line, row};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::Judging;
use crate::queries::check;
use crate::schema;
use crate::stop::Stop;
use crate::submitted::plural;

mod judged;

use judged::Judge;

/// How long to wait before coming back to a server that ended the stream or is away.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// How often it is looked whether somebody asked for an end.
const LOOK: Duration = Duration::from_millis(100);

/// Events that are held while one is being judged.
const EVENTS_HELD: usize = 64;

/// Show statements as they are logged, or what is wrong with each action
///
/// What is shown is the server's word, as with `writ search`; with --findings each action's evidence is fetched and judged here, as
/// `writ who` does, and only what is wrong is printed, worst first. It comes back by itself where the server was away. Ctrl-C or SIGTERM
/// ends it well and says where to go on.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ tail                                      everything that is logged from now on
  writ tail 'agent:billing-bot decision:deny'
  writ tail --from 48213 --json                  one object a line, from an entry on
  writ tail --findings                           what is wrong, as it arrives
  writ tail --findings --once                    all actions so far, ends with the worst verdict")]
pub(crate) struct Args {
    /// Words and qualifiers, as of `writ search`
    #[arg(value_name = "QUERY", default_value = "", hide_default_value = true)]
    query: String,
    /// From this entry on [default: what is logged from now on; with --once, the first]
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// End at the entry that is the last one now
    #[arg(long)]
    once: bool,
    /// Judge each action that fits, and print what is wrong
    #[arg(long)]
    findings: bool,
    #[command(flatten)]
    judging: Judging,
}

/// A line of `writ tail --json`.
#[derive(serde::Serialize)]
struct Line {
    schema: &'static str,
    #[serde(flatten)]
    row: Row,
}

/// A reader's place.
struct Tail<'a> {
    context: &'a Context,
    judge: Option<Judge<'a>>,
    /// The next entry to be shown.
    next: u64,
    shown: u64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    check(&args.query)?;
    let words = match args.findings {
        true => format!("{} kind:{}", args.query, Kind::Action),
        false => args.query.clone(),
    };
    let (trust, exit) = context.trust_or_said();
    let client = context.client()?;
    let judge = match args.findings {
        true => Some(Judge::new(&args.judging, client.clone(), trust.as_ref())?),
        false => None,
    };
    let size = client.log()?.as_of.size;
    let next = args.from.unwrap_or(if args.once { 0 } else { size });
    let stop = Stop::listen(context.output, "stopping")?;
    let mut tail = Tail { context, judge, next, shown: 0 };
    let until = args.once.then_some(size);
    while !stop.asked() && until.is_none_or(|until| tail.next < until) {
        tail.follow(&client, &words, until, &stop)?;
        if until.is_some_and(|until| tail.next >= until) || stop.asked_within(RECONNECT_PAUSE) {
            break;
        }
    }
    tail.ended(args)?;
    let judged = tail.judge.map_or(Exit::Ok, |judge| judge.exit);
    Ok(if args.once { exit.worse(judged) } else { Exit::Ok })
}

impl Tail<'_> {
    /// Shows what comes over one connection.
    fn follow(
        &mut self,
        client: &Client,
        words: &str,
        until: Option<u64>,
        stop: &Stop,
    ) -> Result<(), Failure> {
        let events = listen(client.clone(), words.to_owned(), self.next);
        while !stop.asked() && until.is_none_or(|until| self.next < until) {
            match events.recv_timeout(LOOK) {
                Ok(Ok(Streamed::Statement(found))) if found.index >= self.next => {
                    if until.is_some_and(|until| found.index >= until) {
                        self.next = found.index;
                        return Ok(());
                    }
                    self.next = found.index.saturating_add(1);
                    self.show(*found)?;
                }
                Ok(Ok(Streamed::Statement(_))) => {}
                Ok(Ok(Streamed::Seen(index))) => self.next = self.next.max(index.saturating_add(1)),
                Ok(Ok(Streamed::End(ended))) => {
                    let what = format!("the server ended the stream ({}): {}", ended.code, ended.detail);
                    self.context.output.warn(&ended.code, &what);
                    return Ok(());
                }
                Ok(Err(error)) if error.is_passing() => {
                    self.context.output.warn(error.code(), &format!("{error}; trying again"));
                    return Ok(());
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
        Ok(())
    }

    fn show(&mut self, found: Found) -> Result<(), Failure> {
        self.shown = self.shown.saturating_add(1);
        if let Some(judge) = &mut self.judge {
            return judge.judge(self.context, &found);
        }
        let row = row(found);
        match self.context.output.json {
            true => self.context.output.document(&Line { schema: schema::TAIL, row }),
            false => self.context.output.text(&line(&row)),
        }
    }

    /// Says how much it was and where to go on.
    fn ended(&self, args: &Args) -> Result<(), Failure> {
        let count = match &self.judge {
            Some(judge) => judge.count(),
            None => format!("{} per the server", plural(self.shown, "statement")),
        };
        let text = format!("{count} · up to entry {}", self.next);
        if self.judge.is_some() && !self.context.output.json {
            self.context.output.text(&format!("{text}\n"))?;
        } else {
            self.context.output.message(&text);
        }
        if !args.once {
            self.context.output.message(&format!("go on with the same and --from {}", self.next));
        }
        Ok(())
    }
}

/// Reads a stream on a thread of its own: a read cannot be interrupted, and somebody may ask for an end.
fn listen(client: Client, words: String, from: u64) -> Receiver<Result<Streamed, ClientError>> {
    let (told, events) = mpsc::sync_channel(EVENTS_HELD);
    thread::spawn(move || {
        let stream = match client.stream(&words, from) {
            Ok(stream) => stream,
            Err(error) => {
                drop(told.send(Err(error)));
                return;
            }
        };
        for event in stream {
            if told.send(event).is_err() {
                return;
            }
        }
    });
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn a_line_is_described_by_its_schema() {
        let id = "ab".repeat(32);
        let json = serde_json::json!({
            "id": id, "index": 7, "time": 1, "kid": id, "iss": "user:a", "payload": {"kind": "action", "at": 1},
        });
        let found: Found = serde_json::from_value(json).unwrap();
        assert_described(&Line { schema: schema::TAIL, row: row(found) });
    }
}
