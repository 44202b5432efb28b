use std::path::PathBuf;

use gateway::client::Client;
use indicatif::ProgressBar;
use schemas::tile::{TILE_WIDTH, TileCoord, TileKind, TilePath, decode_entry_bundle, encode_tile};
use schemas::tree::TreeHash;
use serde::Serialize;
use verifier::checkpoint::VerifiedHead;
use verifier::merkle::{NodeSource, TileEdge, leaf_hash};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::heads::{Since, compare};
use crate::mirror::Mirror;
use crate::output::{Mark, printable};
use crate::recompute::{self, Checkpoint};
use crate::schema;
use crate::source::LogSource;
use crate::stop::{self, Stop};
use crate::trust::{Trust, unpinned_head};

/// Keep a copy of the log in a folder, and bring it up to date
///
/// Copies every entry, hashes all of them, and takes over the log's checkpoint only where they add up to it. The folder is laid
/// out as the log itself (C2SP tlog-tiles): any web server can serve it on, and `writ verify log --mirror DIR` needs no server.
/// Ctrl-C or SIGTERM ends it at the next entry bundle (130): the mirror is then what it was, and the same command goes on.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ mirror /srv/mirror/example.org --trust trust.policy")]
pub(crate) struct Args {
    /// Folder of the copy; made where there is none, continued where there is one
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// `writ mirror --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    origin: String,
    folder: String,
    size: u64,
    root: TreeHash,
    /// Entries that were not there before.
    added: u64,
    exit: u8,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let client = context.patient_client()?;
    let mirror = Mirror::new(&args.folder);
    let Checkpoint { note, head, trust, exit: believed } =
        recompute::checkpoint(context, &client, trust.as_ref())?;
    let before = begin(context, &mirror, &client, trust, &head)?;
    if let Some(trust) = trust {
        context.heads()?.advance(trust, &client, &note, &head)?;
    }
    let (from, exit) = (before.size(), exit.worse(believed));
    if from >= head.size() {
        return say(context, &mirror, &head, (before.root(), from, 0), exit);
    }
    let stop = Stop::listen(context.output, "stopping after the entry bundle at hand")?;
    let progress = context.output.progress(head.size());
    // What an interrupted copy has left need not come again, unless it turns out not to be the log's.
    let left = |path| mirror.left_over(path).map_or_else(|| fetch(&client, path), Ok);
    let edge = match copy(&mirror, left, before.clone(), &head, &progress, &stop) {
        Err(failure) if failure.exit == Exit::Tampered || failure.code == "server-answer" => {
            copy(&mirror, |path| fetch(&client, path), before, &head, &progress, &stop)?
        }
        edge => edge?,
    };
    progress.finish_and_clear();
    mirror.keep_edge(&edge)?;
    mirror.complete(&note, head.size(), from)?;
    say(context, &mirror, &head, (edge.root(), head.size(), head.size() - from), exit)
}

/// The right edge of what is mirrored already, once the log's head is shown to go on from it.
fn begin(
    context: &Context,
    mirror: &Mirror,
    client: &Client,
    trust: Option<&Trust>,
    head: &VerifiedHead,
) -> Result<TileEdge, Failure> {
    let Some(note) = mirror.note()? else { return Ok(TileEdge::new()) };
    let at = mirror.latest()?;
    let last = match trust {
        Some(trust) => trust.verify_head(&note)?,
        None => unpinned_head(&note, &at)?,
    };
    // A later key signs for the same log, which then begins with the same entry.
    let same_key = last.key() == head.key();
    let is_other = || Ok::<_, Failure>(at.entries(0, 1)? != LogSource::entries(client, 0, 1)?);
    if last.origin() != head.origin() || (!same_key && is_other()?) {
        let what = format!("{} is the mirror of another log", mirror.folder().display());
        return Err(Failure::usage("mirror-of-another-log", what)
            .values(head.key(), last.key())
            .next("a folder of its own for each log"));
    }
    if let Since::Earlier(size) = compare(&last, head, &[client])? {
        let what = format!("the mirror has {size} entries, the server shows {} of them", head.size());
        context.output.warn("mirror-ahead", &what);
    }
    let edge = TileEdge::load(&at, last.size()).map_err(|error| mirror.damaged("the tree", &error))?;
    if edge.root() != last.root() {
        let detail = format!("root {}, its checkpoint says {}", edge.root(), last.root());
        return Err(mirror.damaged("the tree", &detail));
    }
    Ok(edge)
}

/// Copies entries up to a head, bundle by bundle, and the full tiles over them. Hashes are not copied: they follow.
fn copy(
    mirror: &Mirror,
    bundle_at: impl Fn(TilePath) -> Result<Vec<u8>, Failure>,
    mut edge: TileEdge,
    head: &VerifiedHead,
    progress: &ProgressBar,
    stop: &Stop,
) -> Result<TileEdge, Failure> {
    let size = head.size();
    while edge.size() < size {
        if stop.asked() {
            progress.finish_and_clear();
            return Err(stopped(mirror, edge.size(), head)?);
        }
        let index = edge.size() / u64::from(TILE_WIDTH);
        let path =
            TilePath { kind: TileKind::Entries, index, width: TileCoord { level: 0, index }.width(size) };
        let bundle = bundle_at(path)?;
        let leaves = leaves(&edge, path, &bundle)?;
        let update = edge.append(&leaves).map_err(|error| Failure::new(error.code(), error.to_string()))?;
        for (tile, nodes) in
            update.tiles().filter(|(_, nodes)| nodes.hashes().len() == usize::from(TILE_WIDTH))
        {
            let kind = TileKind::Hashes { level: tile.level };
            let bytes = encode_tile(nodes.hashes());
            mirror.keep(TilePath { kind, index: tile.index, width: TILE_WIDTH }, &bytes)?;
        }
        mirror.keep(path, &bundle)?;
        edge = update.into_edge();
        progress.set_position(edge.size());
    }
    if edge.root() != head.root() {
        let what = format!("the {size} entries do not add up to the signed root");
        return Err(Failure::new("root-mismatch", what)
            .values(head.root(), edge.root())
            .exit(Exit::Tampered));
    }
    Ok(edge)
}

/// Says how far it came, and that the mirror is until then what it was.
fn stopped(mirror: &Mirror, copied: u64, head: &VerifiedHead) -> Result<Failure, Failure> {
    let is = match mirror.note()? {
        Some(_) => format!("the mirror still ends at size {}", mirror.latest()?.size()),
        None => "there is no mirror before all are there".into(),
    };
    let what = format!("{copied} of {} entries are copied; {is}", head.size());
    let next = format!("{}        (goes on at entry {copied})", stop::command_line());
    Ok(stop::stopped(what, next))
}

fn fetch(client: &Client, path: TilePath) -> Result<Vec<u8>, Failure> {
    Ok(client.tile(path)?)
}

/// Leaf hashes of a bundle's entries beyond those that the mirror has; these must be what they were.
fn leaves(edge: &TileEdge, path: TilePath, bundle: &[u8]) -> Result<Vec<TreeHash>, Failure> {
    let answer = |detail: String| Failure::new("server-answer", format!("GET /{path}: {detail}"));
    let entries = decode_entry_bundle(bundle).map_err(|error| answer(error.to_string()))?;
    if entries.len() != usize::from(path.width) {
        return Err(answer(format!("{} entries, expected {}", entries.len(), path.width)));
    }
    let first = path.index * u64::from(TILE_WIDTH);
    let mut leaves = Vec::with_capacity(entries.len());
    for (index, entry) in (first..).zip(entries) {
        let leaf = leaf_hash(entry);
        if index >= edge.size() {
            leaves.push(leaf);
        } else if edge.node(0, index) != Ok(leaf) {
            let what = format!("the server shows another entry #{index} than the one mirrored before");
            return Err(Failure::new("entry-changed", what).exit(Exit::Tampered));
        }
    }
    Ok(leaves)
}

fn say(
    context: &Context,
    mirror: &Mirror,
    head: &VerifiedHead,
    (root, size, added): (TreeHash, u64, u64),
    exit: Exit,
) -> Result<Exit, Failure> {
    let folder = mirror.folder().display().to_string();
    if context.output.json {
        let origin = head.origin().to_string();
        context.output.document(&Document {
            schema: schema::MIRROR,
            origin,
            folder,
            size,
            root,
            added,
            exit: exit.code(),
        })?;
        return Ok(exit);
    }
    let origin = printable(head.origin().as_str());
    let mark = Mark::Good.word("MIRRORED");
    let text = format!(
        "{mark}  {origin}  {size} entries, {added} of them new\nroot      {root} = checkpoint\nNext: writ verify log --mirror {folder}\n"
    );
    context.output.text(&text)?;
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use schemas::tile::encode_entry_bundle;

    use super::*;
    use crate::schema::tests::assert_described;
    use crate::testlog::{TestLog, serve};

    /// What copying comes to from a server that shows these entries, where so many are mirrored already.
    fn copied(log: &TestLog, before: usize, shown: &[Vec<u8>]) -> Result<TileEdge, Failure> {
        let slices: Vec<&[u8]> = shown.iter().map(Vec::as_slice).collect();
        let target = format!("/tile/entries/000.p/{}", shown.len());
        let client = serve(vec![(target, encode_entry_bundle(&slices).unwrap())]);
        let folder = tempfile::tempdir().unwrap();
        let leaves: Vec<TreeHash> = log.entries[..before].iter().map(|entry| leaf_hash(entry)).collect();
        let edge = TileEdge::new().append(&leaves).unwrap().into_edge();
        let head = log.verified(log.entries.len() as u64);
        let mirror = Mirror::new(folder.path());
        copy(&mirror, |path| fetch(&client, path), edge, &head, &ProgressBar::hidden(), &Stop::default())
    }

    fn log() -> TestLog {
        let mut log = TestLog::new();
        for at in 1..4 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        log
    }

    #[test]
    fn entries_that_add_up_to_the_signed_root_are_copied() {
        let log = log();
        for before in 0..4 {
            assert_eq!(copied(&log, before, &log.entries).unwrap().root(), log.verified(4).root());
        }
    }

    #[test]
    fn a_server_that_shows_another_entry_is_found_out_whether_it_was_mirrored_or_not() {
        let log = log();
        let mut entries = log.entries.clone();
        *entries[2].last_mut().unwrap() ^= 1;
        for (before, code) in [(0, "root-mismatch"), (2, "root-mismatch"), (3, "entry-changed")] {
            let failure = copied(&log, before, &entries).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.exit), (code, Exit::Tampered), "{before}");
        }
        // An answer of another length than was asked for is no answer.
        let mut more = log.entries.clone();
        more.push(more[3].clone());
        assert_eq!(copied(&log, 0, &more).unwrap_err().exit, Exit::Error);
    }

    #[test]
    fn what_is_printed_is_described() {
        let (origin, folder) = ("a.example/log".into(), "mirror".into());
        let root = TreeHash::EMPTY_ROOT;
        assert_described(&Document {
            schema: schema::MIRROR,
            origin,
            folder,
            size: 4,
            root,
            added: 2,
            exit: 0,
        });
    }
}
