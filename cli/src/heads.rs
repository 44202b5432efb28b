//! The heads that this machine has verified: no log may later show less, or something else.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use gateway::client::{Client, ClientError};
use schemas::note::Note;
use schemas::payload::Seen;
use schemas::proof::ConsistencyProof;
use verifier::checkpoint::VerifiedHead;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::trust::Trust;

/// A folder with one signed head a log.
#[derive(Debug)]
pub(crate) struct Heads {
    folder: PathBuf,
}

/// How a head stands to the one verified before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// Nothing was verified before.
    First,
    /// It is the same.
    Same,
    /// It goes on from this size.
    Grown(u64),
    /// It is an earlier one, which the later one of this size includes.
    Earlier(u64),
}

impl Heads {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The last head verified under what is pinned now.
    pub(crate) fn last(&self, trust: &Trust) -> Option<VerifiedHead> {
        let bytes = fs::read(self.path(trust)).ok()?;
        trust.verify_head(&Note::parse(&bytes).ok()?).ok()
    }

    /// The last head, as statements name it.
    pub(crate) fn seen(&self, trust: &Trust) -> Option<Seen> {
        let head = self.last(trust).filter(|head| head.size() > 0)?;
        Some(Seen { size: head.size(), root: head.root() })
    }

    /// Holds a verified head against the last one, and keeps the larger of the two.
    pub(crate) fn advance(
        &self,
        trust: &Trust,
        client: &Client,
        note: &Note,
        head: &VerifiedHead,
    ) -> Result<Since, Failure> {
        let since = match self.last(trust) {
            Some(last) => compare(&last, head, client)?,
            None => Since::First,
        };
        if matches!(since, Since::First | Since::Grown(_)) {
            self.write(trust, note)?;
        }
        Ok(since)
    }

    fn path(&self, trust: &Trust) -> PathBuf {
        let policy = trust.policy();
        let name = match (policy.genesis(), policy.logs().first()) {
            (Some(genesis), _) => genesis.to_hex(),
            (None, Some(log)) => format!("key-{}", log.key.public_key()),
            (None, None) => "none".into(),
        };
        self.folder.join(name)
    }

    fn write(&self, trust: &Trust, note: &Note) -> Result<(), Failure> {
        let path = self.path(trust);
        let fresh = path.with_extension(format!("new-{}", std::process::id()));
        let write = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
            let mut file = fs::File::create(&fresh)?;
            file.write_all(note.to_string().as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().map_err(|e: std::io::Error| Failure::new("head-store", format!("{}: {e}", path.display())))
    }
}

fn compare(last: &VerifiedHead, head: &VerifiedHead, client: &Client) -> Result<Since, Failure> {
    if head.size() == last.size() {
        if head.root() == last.root() {
            return Ok(Since::Same);
        }
        return Err(split(last, head));
    }
    let (earlier, later) = if head.size() < last.size() { (head, last) } else { (last, head) };
    if earlier.size() == 0 {
        return Ok(Since::Grown(0));
    }
    let rolled_back = || {
        let what = format!("the log {} shows {} entries and cannot account for those that it showed before", head.origin(), head.size());
        Failure::new("rollback", what)
            .values(format!("at least {} entries, root {}", last.size(), last.root()), format!("{} entries", head.size()))
            .exit(Exit::Rollback)
            .next("ask who runs the log for the missing entries; keep this machine's state folder as evidence")
    };
    let shrunk = head.size() < last.size();
    let answer = match client.consistency(earlier.size(), later.size()) {
        Ok(answer) => answer,
        Err(ClientError::Refused { status: 400..=499, .. }) if shrunk => return Err(rolled_back()),
        Err(error) => return Err(error.into()),
    };
    let proof = ConsistencyProof { first: earlier.size(), second: later.size(), path: answer.path };
    match earlier.verify_consistency(&proof, later) {
        Ok(_) if shrunk => Ok(Since::Earlier(last.size())),
        Ok(_) => Ok(Since::Grown(last.size())),
        Err(_) => Err(split(last, head)),
    }
}

fn split(last: &VerifiedHead, head: &VerifiedHead) -> Failure {
    let what = format!("the log {} has signed two histories", head.origin());
    Failure::new("split-view", what)
        .values(
            format!("a continuation of {} entries with root {} (verified before)", last.size(), last.root()),
            format!("{} entries with root {}", head.size(), head.root()),
        )
        .exit(Exit::Tampered)
        .next("keep both heads as evidence: the log's key has signed each")
}
