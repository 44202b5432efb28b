//! Looking at one address of a log, again and again.

use std::time::Instant;

use gateway::client::Client;
use schemas::ids::LogId;
use schemas::note::Note;
use schemas::payload::Body;
use schemas::time::Millis;
use verifier::checkpoint::{VerifiedHead, verify_checkpoint};

use super::alarm::Desk;
use super::keys::{LogKeys, Standing};
use super::metrics;
use super::seen::Reading;
use crate::commands::verify::state::StateFile;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::heads::{Heads, Kept, Since};
use crate::moment;
use crate::registration::decode;
use crate::source::LogSource;
use crate::stop::Stop;
use crate::trust::Trust;

/// How many heartbeats a checkpoint may be old: one may be missed by a hair.
const HEARTBEATS: u64 = 2;

/// What is still no alarm.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Oldest checkpoint; nothing where the log's genesis says.
    pub(super) max_age: Option<Millis>,
    pub(super) max_silence: Millis,
    pub(super) reads_statements: bool,
}

/// One address of a log.
pub(super) struct Watch {
    client: Client,
    limits: Limits,
    /// Size that this address has shown before, and with which root.
    shown: Option<(u64, String)>,
    /// Whether this run has said a head.
    said: bool,
    silent_since: Option<Instant>,
    reading: Option<Reading>,
    keys: Option<LogKeys>,
}

impl Watch {
    pub(super) fn new(
        client: Client,
        limits: Limits,
        (trust, heads): (&Trust, &Heads),
        stop: &Stop,
    ) -> Result<Self, Failure> {
        let mut shown: Option<(u64, String)> = None;
        let mut read = None;
        for line in heads.kept(trust)?.all()? {
            match line? {
                Kept::Head { from, size, root, .. }
                    if from == client.server()
                        && shown.as_ref().is_none_or(|(before, _)| size >= *before) =>
                {
                    shown = Some((size, root.to_hex()));
                }
                Kept::Read { size, .. } => read = Some(size),
                Kept::Head { .. } | Kept::Seen { .. } => {}
            }
        }
        let reading = limits.reads_statements.then(|| Reading::new(read, stop.clone()));
        let file = StateFile::new(&heads.keys(trust)?);
        let keys = limits.reads_statements.then(|| LogKeys::new(file, stop.clone()));
        Ok(Self { client, limits, shown, said: false, silent_since: None, reading, keys })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Looks once. Only what stands in the monitor's own way is a failure; what is wrong with the log is an alarm.
    pub(super) fn look(
        &mut self,
        trust: &Trust,
        heads: &Heads,
        others: &[&Client],
        desk: &mut Desk<'_>,
    ) -> Result<(), Failure> {
        let server = self.client.server().to_owned();
        let answered = LogSource::checkpoint(&self.client);
        metrics::looked(&server, answered.is_ok());
        let mut alarms = Vec::new();
        match answered {
            Ok(note) => {
                self.silent_since = None;
                self.judge(trust, heads, others, &note, desk, &mut alarms)?;
            }
            Err(failure) => {
                let since = *self.silent_since.get_or_insert_with(Instant::now);
                let silent = Millis(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
                if silent < self.limits.max_silence {
                    return Ok(());
                }
                alarms.push(failure);
            }
        }
        let codes: Vec<&str> = alarms.iter().map(|alarm| alarm.code.as_str()).collect();
        desk.clear_but(&server, &codes)?;
        alarms.iter().try_for_each(|alarm| desk.raise(&server, alarm))
    }

    /// What a checkpoint comes to: one alarm for each thing that is wrong with it.
    fn judge(
        &mut self,
        trust: &Trust,
        heads: &Heads,
        others: &[&Client],
        note: &Note,
        desk: &mut Desk<'_>,
        alarms: &mut Vec<Failure>,
    ) -> Result<(), Failure> {
        let head = match trust.verify_head(note) {
            Ok(head) => head,
            Err(failure) => {
                alarms.push(failure);
                return Ok(());
            }
        };
        if trust.policy().needs_witnesses()
            && let Err(error) = verify_checkpoint(note, trust.policy())
        {
            alarms.push(Failure::new(error.code(), error.to_string()).exit(Exit::Untrusted));
        }
        alarms.extend(self.age(trust, &head));
        let standing = self.keys.as_mut().map(|keys| keys.check(trust, &self.client, (note, &head)));
        let unknown = match standing.transpose()? {
            Some(Standing::Withdrawn(failure)) => {
                // It is kept, but what the log shows next is not held against it.
                let kept = Kept::head(self.client.server(), head.size(), head.root(), note);
                heads.kept(trust)?.add(&kept)?;
                alarms.push(failure);
                return Ok(());
            }
            Some(Standing::Stopped) => return Ok(()),
            Some(Standing::Unknown(failure)) => Some(failure),
            Some(Standing::Stands) | None => None,
        };
        let shrunk = self.shown.as_ref().filter(|(before, _)| *before > head.size()).map(|(size, _)| *size);
        let mut logs: Vec<&dyn LogSource> = vec![&self.client];
        logs.extend(others.iter().map(|client| *client as &dyn LogSource));
        let since = match heads.advance_by(trust, &logs, note, &head) {
            Ok(since) => since,
            Err(failure) if ["head-store", "file-unwritable"].contains(&failure.code.as_str()) => {
                return Err(failure);
            }
            Err(failure) => {
                alarms.push(failure);
                return Ok(());
            }
        };
        alarms.extend(unknown);
        match shrunk {
            Some(before) => alarms.push(shrunk_but_accounted_for(&head, before)),
            None => self.followed(&head, since, desk)?,
        }
        if let Some(reading) = &mut self.reading {
            alarms.extend(reading.go_on(trust, heads, &self.client, (note, &head))?);
        }
        Ok(())
    }

    /// Says a head that is new, and the first one of a run.
    fn followed(&mut self, head: &VerifiedHead, since: Since, desk: &Desk<'_>) -> Result<(), Failure> {
        let shown = (head.size(), head.root().to_hex());
        let is_new = self.shown.as_ref() != Some(&shown);
        let first = !std::mem::replace(&mut self.said, true);
        self.shown = Some(shown);
        metrics::head(self.client.server(), head);
        let since = match since {
            Since::First => "the first that was seen".into(),
            Since::Same => "known here".into(),
            Since::Grown(before) => format!("goes on from {before}"),
            Since::Earlier(later) | Since::Behind(later) => {
                format!("{later} are known here and go on from it")
            }
        };
        if is_new || first { desk.head(self.client.server(), head, &since) } else { Ok(()) }
    }

    /// Whether the checkpoint is too old.
    fn age(&mut self, trust: &Trust, head: &VerifiedHead) -> Option<Failure> {
        if let Some(time) = head.latest_time() {
            metrics::renewed(self.client.server(), time);
        }
        let max_age = match self.limits.max_age {
            Some(max_age) => max_age,
            None => match heartbeat(&self.client, trust) {
                Ok(heartbeat) => *self.limits.max_age.insert(Millis(heartbeat.0.saturating_mul(HEARTBEATS))),
                Err(failure) => return Some(failure),
            },
        };
        let error = head.fresh_at(moment::now(), max_age).err()?;
        let failure = Failure::new(error.code(), error.to_string()).exit(Exit::Indeterminate);
        let next = "ask who runs the log whether it stands still, or whether somebody keeps newer heads back";
        Some(failure.next(next))
    }
}

/// How often the log renews its checkpoint, by its genesis.
fn heartbeat(client: &Client, trust: &Trust) -> Result<Millis, Failure> {
    let genesis = LogSource::entries(client, 0, 1)?;
    let (_, statement) = decode(genesis.first().map_or(&[], Vec::as_slice))?;
    let id: LogId = statement.id().into();
    if let Some(pinned) = trust.policy().genesis().filter(|pinned| *pinned != id) {
        let failure =
            Failure::new("wrong-genesis", "the log begins with another genesis than the pinned one");
        return Err(failure.values(pinned, id).exit(Exit::Untrusted));
    }
    match statement.payload.body {
        Body::Genesis(genesis) => Ok(genesis.parameters.heartbeat),
        _ => Err(Failure::new("genesis-invalid", "the first entry is no genesis").exit(Exit::Tampered)),
    }
}

fn shrunk_but_accounted_for(head: &VerifiedHead, before: u64) -> Failure {
    let what = format!(
        "the log {} shows an earlier head than before, though the entries are still accounted for",
        head.origin()
    );
    Failure::new("rollback", what)
        .values(format!("at least {before} entries"), format!("{} entries", head.size()))
        .exit(Exit::Rollback)
        .next("ask who runs the log, or the copy at that address, why its checkpoint went back")
}
