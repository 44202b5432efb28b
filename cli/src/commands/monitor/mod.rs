use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gateway::client::{Client, WAIT};
use gateway::webhook::Webhook;
use schemas::time::Millis;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::heads::Heads;
use crate::moment;
use crate::stop::Stop;
use crate::submitted::plural;
use crate::trust::Trust;

mod alarm;
mod keys;
mod metrics;
mod seen;
mod watch;

use alarm::Desk;
use watch::{Limits, Watch};

/// Shortest pause between two looks: a log signs a head for every commit, and is not there for one monitor alone.
const EVERY_MIN: Millis = Millis(100);

/// Follow a log, keep every head that it shows, and raise an alarm when it shows less, something else or nothing
///
/// Alarms: rollback (15), fork (10, and the proof of it is written for `writ verify fork`), a head that nobody pinned has signed (13), one
/// that only a key has signed which the log itself withdrew (10; the log is read for that, once), a
/// checkpoint that is not renewed, or a head in a statement that the log does not confirm (12), no answer (1). Several addresses of one
/// log, its server and copies of it, are also held against each other. Ctrl-C or SIGTERM ends it: well, whatever was met, unless --for set
/// a time that is not over (then with the worst alarm, or 130).
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ monitor --trust trust.policy                                    until it is stopped
  writ monitor --once --trust trust.policy                             from cron: looks once, ends with the worst alarm
  writ monitor --exit-on-alarm --for 1h --trust trust.policy           in CI
  writ monitor http://log.example:8377 https://mirror.example/log      one log at two places
  writ monitor --webhook https://hooks.example/writ --metrics 127.0.0.1:9377")]
pub(crate) struct Args {
    /// Addresses of the log [default: --server]
    #[arg(value_name = "URL")]
    servers: Vec<String>,
    /// Pause between two looks
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    every: String,
    /// Oldest checkpoint that is no alarm [default: twice the log's heartbeat, as its genesis says]
    #[arg(long, value_name = "SPAN")]
    max_age: Option<String>,
    /// For how long the log may give no answer before that is an alarm
    #[arg(long, value_name = "SPAN", default_value = "1m")]
    max_silence: String,
    /// Look once and end with the worst alarm
    #[arg(long, conflicts_with_all = ["duration", "exit_on_alarm"])]
    once: bool,
    /// Look for so long, and end with the worst alarm
    #[arg(long = "for", id = "duration", value_name = "SPAN")]
    duration: Option<String>,
    /// End with the first alarm
    #[arg(long)]
    exit_on_alarm: bool,
    /// Do not read the log's entries: neither for the heads that emitters have seen, nor for keys that the log withdrew
    #[arg(long)]
    heads_only: bool,
    /// Address that every alarm is posted to, as JSON
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Loopback address to serve Prometheus metrics at, under /metrics
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Folder to keep heads and proofs in [default: $XDG_STATE_HOME/writ/heads]
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let trust = context.trust()?.ok_or_else(not_pinned)?;
    let heads = match &args.keep {
        Some(folder) => Heads::new(folder.clone()),
        None => context.heads()?,
    };
    let every = span(&args.every)?.max(EVERY_MIN);
    let until = args.duration.as_deref().map(span).transpose()?;
    let stop = Stop::listen(context.output, "stopping after this look")?;
    let mut watches = watches(args, context, (&trust, &heads), &stop)?;
    let webhook = args.webhook.as_deref().map(Webhook::new).transpose()?;
    if let Some(address) = args.metrics {
        let address = metrics::serve(address)?;
        context.output.message(&format!("metrics at http://{address}/metrics"));
    }
    let mut desk = Desk::new(context, webhook);
    let begun = Instant::now();
    for looks in 1_u64.. {
        let looked = Instant::now();
        look(&mut watches, &trust, &heads, &mut desk)?;
        let passed = |span: Millis| begun.elapsed() + duration(every) > duration(span);
        if args.once || (args.exit_on_alarm && desk.raised()) || until.is_some_and(passed) {
            return Ok(desk.exit());
        }
        if stop.asked_within(duration(every).saturating_sub(looked.elapsed())) {
            return Ok(ended(context, &desk, looks, until.is_some()));
        }
    }
    Ok(desk.exit())
}

/// Says that it ended because it was asked to, and what it leaves.
fn ended(context: &Context, desk: &Desk<'_>, looks: u64, early: bool) -> Exit {
    let met = match desk.exit() {
        Exit::Ok => "no alarm".into(),
        worst => format!("the worst alarm was {}", worst.code()),
    };
    let looks = plural(looks, "look");
    let what = format!("stopped as asked after {looks}, {met}; every head that was seen is kept");
    context.output.message(&what);
    if early { desk.exit().worse(Exit::Stopped) } else { Exit::Ok }
}

/// Looks at every address once. Each may show what another one's head goes on from.
fn look(watches: &mut [Watch], trust: &Trust, heads: &Heads, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let clients: Vec<Client> = watches.iter().map(|watch| watch.client().clone()).collect();
    for (at, watch) in watches.iter_mut().enumerate() {
        let (before, after) = clients.split_at(at);
        let others: Vec<&Client> = after.iter().skip(1).chain(before).collect();
        watch.look(trust, heads, &others, desk)?;
    }
    Ok(())
}

fn watches(
    args: &Args,
    context: &Context,
    (trust, heads): (&Trust, &Heads),
    stop: &Stop,
) -> Result<Vec<Watch>, Failure> {
    let limits = Limits {
        max_age: args.max_age.as_deref().map(span).transpose()?,
        // A single look has nothing to wait for.
        max_silence: if args.once { Millis(0) } else { span(&args.max_silence)? },
        reads_statements: !args.heads_only,
    };
    let clients = match args.servers.as_slice() {
        [] => vec![context.client()?],
        servers => servers
            .iter()
            .map(|server| Ok(Client::new(server, WAIT)?.impatient()))
            .collect::<Result<_, Failure>>()?,
    };
    clients.into_iter().map(|client| Watch::new(client, limits, (trust, heads), stop)).collect()
}

fn not_pinned() -> Failure {
    Failure::new("not-pinned", "no trust file: whose heads they are, nobody says")
        .exit(Exit::Untrusted)
        .next("--trust FILE (WRIT_TRUST) with the trust.policy that `writd init` made")
}

fn span(text: &str) -> Result<Millis, Failure> {
    moment::span(text)
}

fn duration(span: Millis) -> Duration {
    Duration::from_millis(span.0)
}
