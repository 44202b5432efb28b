use std::path::PathBuf;

use clap::Subcommand;
use gateway::client::{AppendStatus, Client};
use gateway::cloudtrail::{self, Report};
use gateway::forward::{self, ReceiptError};
use gateway::signer::Signer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemas::envelope::Statement;
use schemas::limits::{BATCH_BYTES_MAX, BATCH_STATEMENTS_MAX};
use schemas::note::Note;
use schemas::payload::Payload;
use schemas::text::Tenant;
use verifier::checkpoint::VerifiedHead;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::receipts;
use crate::registration;
use crate::stop::{self, Stop};
use crate::submitted::HeadDocument;
use crate::trust::Trust;

mod answer;

use answer::{Counts, document, incomplete, text};

/// Bring another system's log into this one
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Cloudtrail(Args),
}

/// Import AWS CloudTrail log files: plain or gzip, files or folders
///
/// In folders only *.json and *.json.gz are read. What was imported before is left as it is, so that a repeat after any
/// failure completes it. A file or event that cannot be read is named, the rest is imported, and the end is 1. Ctrl-C or SIGTERM ends it
/// after the batch at hand (130).
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ import cloudtrail AWSLogs/ --key collector.pem")]
pub(crate) struct Args {
    /// Log files and folders of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Secret key of a gateway
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Tenant to import into
    #[arg(long, value_name = "NAME", default_value = "default")]
    tenant: Tenant,
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let Self::Cloudtrail(args) = self;
        cloudtrail(args, context)
    }
}

fn cloudtrail(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let key = context.secret_key(&args.key)?;
    let client = context.patient_client()?;
    let trust = context.trust()?;
    let prepared = context.log(&client, trust.as_ref()).and_then(|log| {
        let (signer, _) = registration::signer(&client, &log, key)?;
        Ok((signer, cloudtrail::Context { log, tenant: args.tenant.clone() }))
    });
    let stop = Stop::listen(context.output, "stopping after the batch at hand")?;
    let mut importer = Importer::new(context, &client, trust.as_ref(), stop);
    let (report, failure) = match prepared {
        Err(failure) => (Report::default(), Some(failure)),
        Ok((signer, into)) => {
            let (report, read) =
                cloudtrail::read(&args.paths, &into, |payload| importer.take(&signer, &payload));
            let sent = read.and_then(|()| importer.flush());
            (report, sent.err())
        }
    };
    importer.finish(&report, failure)
}

/// Signs and posts what the adapter hands over, a batch at a time.
struct Importer<'a> {
    context: &'a Context,
    client: &'a Client,
    trust: Option<&'a Trust>,
    waiting: Vec<Statement>,
    waiting_bytes: usize,
    counts: Counts,
    proved: Option<(Note, VerifiedHead)>,
    progress: ProgressBar,
    stop: Stop,
}

impl<'a> Importer<'a> {
    fn new(context: &'a Context, client: &'a Client, trust: Option<&'a Trust>, stop: Stop) -> Self {
        let progress = ProgressBar::new_spinner();
        if !context.output.draws_progress() {
            progress.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} statements  {per_sec:.0}  {elapsed}")
        {
            progress.set_style(style);
        }
        let (waiting, counts) = (Vec::new(), Counts::default());
        Self { context, client, trust, waiting, waiting_bytes: 0, counts, proved: None, progress, stop }
    }

    fn take(&mut self, signer: &Signer, payload: &Payload) -> Result<(), Failure> {
        if self.stop.asked() {
            let what = "what was not posted yet is not imported";
            return Err(stop::stopped(
                what,
                format!("{}        (what is there stays)", stop::command_line()),
            ));
        }
        let statement = signer.sign(payload)?;
        let bytes = statement.envelope.bytes().len();
        if self.waiting.len() >= BATCH_STATEMENTS_MAX || self.waiting_bytes + bytes > BATCH_BYTES_MAX {
            self.flush()?;
        }
        self.waiting_bytes += bytes;
        self.waiting.push(statement);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let statements = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if statements.is_empty() {
            return Ok(());
        }
        let (trust, client, proved) = (self.trust, self.client, &mut self.proved);
        let mut check = |statements: &[&Statement], appended: &_| -> Result<(), ReceiptError> {
            if let Some(trust) = trust {
                *proved = Some(receipts::check(trust, client, statements, appended)?);
            }
            Ok(())
        };
        for outcome in forward::post(self.client, &statements, &mut check)? {
            match outcome.placed.status {
                AppendStatus::Appended => self.counts.imported += 1,
                AppendStatus::Duplicate | AppendStatus::AlreadyImported => self.counts.already_imported += 1,
                AppendStatus::Refused => {
                    self.counts.refused += 1;
                    let code = outcome.placed.code.unwrap_or_else(|| "refused".into());
                    *self.counts.refused_by_code.entry(code).or_default() += 1;
                }
            }
            self.progress.inc(1);
        }
        Ok(())
    }

    fn finish(self, report: &Report, failure: Option<Failure>) -> Result<Exit, Failure> {
        self.progress.finish_and_clear();
        let failure = failure.or_else(|| incomplete(&self.counts, report));
        let head = self.proved.as_ref().map(|(_, head)| HeadDocument::of(head));
        if let (Some(trust), Some((note, head))) = (self.trust, &self.proved) {
            self.context.heads()?.advance(trust, self.client, note, head)?;
        }
        let checked = head.is_some();
        if self.context.output.json {
            self.context.output.document(&document(&self.counts, report, head, failure.as_ref()))?;
        } else {
            self.context.output.text(&text(&self.counts, report, head.as_ref()))?;
        }
        if !checked && self.counts.imported > 0 {
            self.context.output.warn(
                "receipts-unchecked",
                "no trust file: nothing proves that the server kept these statements",
            );
        }
        match failure {
            None => Ok(Exit::Ok),
            Some(failure) => {
                self.context.output.failure_text(&failure);
                Ok(failure.exit)
            }
        }
    }
}
