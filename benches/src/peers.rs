//! What others make of the same statements, beside what writ makes of them in the same run.
//!
//! The peers are measured by programs of their own (`benches/peers`), which read a file that [`write_corpus`] makes and print one
//! document ([`Told`]) each. `make bench-peers` runs everything.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::corpus::Corpus;
use crate::memory::MemoryLog;
use crate::report::{Report, number};
use crate::stats::Spread;
use crate::targets::Bound;

/// Name of the JSON form.
pub const PEERS_SCHEMA: &str = "writ.peers/1";

/// Name of the JSON form of what one peer's program prints.
pub const PEER_SCHEMA: &str = "writ.peer/1";

/// Single durable appends of writ, over those of the best peer: what is aimed at.
const SINGLES: Bound = Bound::AtLeast(5.0);

/// Appends in batches, likewise.
const BATCHES: Bound = Bound::AtLeast(1.0);

/// What one peer came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// [`PEER_SCHEMA`].
    pub schema: String,
    /// Its name.
    pub peer: String,
    /// Its version.
    pub version: String,
    /// How it was set up, in words.
    pub settings: String,
    /// Every way of appending that was measured.
    pub measured: Vec<Measured>,
}

/// One way of appending.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Connections that append at the same time.
    pub clients: usize,
    /// Statements that are made durable together.
    pub batch: usize,
    /// Whether each signature is checked first.
    pub checked: bool,
    /// Whether an append is synced to disk before it is answered.
    pub durable: bool,
    /// Statements a second, of each round.
    pub rates: Vec<f64>,
}

/// Everything side by side.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Peers {
    /// [`PEERS_SCHEMA`].
    pub schema: String,
    /// What writ came to in the same run: `writ.bench/1` of `--only ingest`.
    pub writ: Report,
    /// What the others came to.
    pub peers: Vec<Told>,
    /// The best durable way of each peer, and writ over it.
    pub ratios: Vec<Ratio>,
    /// Writ over the best of all peers without a check of signatures, which writ always makes.
    pub goals: Vec<Goal>,
}

/// Writ over one peer's best.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ratio {
    /// Whose.
    pub peer: String,
    /// One statement at a time, or in batches.
    pub singles: bool,
    /// Whether the peer checked signatures.
    pub checked: bool,
    /// How it came to its best.
    pub clients: usize,
    /// Likewise.
    pub batch: usize,
    /// Its rate, in statements a second.
    pub rate: Spread,
    /// Writ's rate over it, of medians.
    pub ratio: f64,
}

/// What is aimed at beside peers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Goal {
    /// What.
    pub what: String,
    /// The best peer.
    pub peer: String,
    /// Writ over it.
    pub ratio: f64,
    /// What is aimed at.
    pub target: Bound,
    /// Whether that is reached.
    pub met: bool,
}

/// Writes statements of the corpus for others to store: for each its bytes, id, issuer, task, key, signature and the bytes that were
/// signed, each of the seven behind its length in four bytes, the most significant first.
pub fn write_corpus(seed: u64, statements: u64, path: &Path) -> Result<usize> {
    let corpus = Corpus::new(seed)?;
    let log = MemoryLog::new(&corpus, seed, Corpus::chains_for(statements))?;
    let made = log.statements()?;
    let mut file = BufWriter::new(File::create(path).with_context(|| path.display().to_string())?);
    for statement in &made {
        let envelope = &statement.envelope;
        let key = log.keys.get(&envelope.kid).context("a statement by a stranger")?;
        let task = statement.payload.task.as_ref().map(|task| task.as_str()).unwrap_or_default();
        let fields: [&[u8]; 7] = [
            envelope.bytes(),
            envelope.id.as_bytes(),
            envelope.iss.as_str().as_bytes(),
            task.as_bytes(),
            key.public().as_bytes(),
            envelope.signature.as_bytes(),
            &envelope.to_be_signed(),
        ];
        for field in fields {
            file.write_all(&u32::try_from(field.len())?.to_be_bytes())?;
            file.write_all(field)?;
        }
    }
    file.flush()?;
    Ok(made.len())
}

/// Puts what peers told beside what writ came to.
pub fn beside(writ: Report, peers: Vec<Told>) -> Result<Peers> {
    let (singles, batches) = (rate(&writ, true)?, rate(&writ, false)?);
    let mut ratios = Vec::new();
    for told in &peers {
        ensure!(told.schema == PEER_SCHEMA, "{}: {}; expected {PEER_SCHEMA}", told.peer, told.schema);
        for (single, writ) in [(true, singles), (false, batches)] {
            for checked in [false, true] {
                ratios.extend(best(told, single, checked).map(|(way, rate)| Ratio {
                    peer: told.peer.clone(),
                    singles: single,
                    checked,
                    clients: way.clients,
                    batch: way.batch,
                    rate,
                    ratio: writ / rate.median,
                }));
            }
        }
    }
    let goal = |what: &str, singles: bool, target: Bound| {
        let others = ratios.iter().filter(|ratio| ratio.singles == singles && !ratio.checked);
        let best = others.min_by(|one, other| one.ratio.total_cmp(&other.ratio))?;
        let (peer, ratio) = (best.peer.clone(), best.ratio);
        Some(Goal { what: what.into(), peer, ratio, target, met: target.holds(ratio) })
    };
    let goals = [
        goal("single durable appends / those of the best peer, unchecked", true, SINGLES),
        goal("appends in batches / those of the best peer, unchecked", false, BATCHES),
    ];
    Ok(Peers {
        schema: PEERS_SCHEMA.into(),
        writ,
        peers,
        goals: goals.into_iter().flatten().collect(),
        ratios,
    })
}

/// What writ came to, in statements a second.
fn rate(writ: &Report, singles: bool) -> Result<f64> {
    let is = |of: &str| of.starts_with("ingest,") && of.contains("connections x 1,") == singles;
    let found = writ.figures.iter().find(|figure| figure.name == "rate" && is(&figure.of));
    Ok(found.context("writ's rates are missing: benches --only ingest")?.spread.median)
}

/// A peer's best durable way.
fn best(told: &Told, singles: bool, checked: bool) -> Option<(&Measured, Spread)> {
    let fits = |way: &&Measured| way.durable && way.checked == checked && (way.batch == 1) == singles;
    let ways = told.measured.iter().filter(fits).map(|way| (way, Spread::of(&way.rates)));
    ways.max_by(|(_, one), (_, other)| one.median.total_cmp(&other.median))
}

impl fmt::Display for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "machine  {}", self.writ.machine)?;
        for told in &self.peers {
            writeln!(f, "\n{} {}: {}", told.peer, told.version, told.settings)?;
            for way in &told.measured {
                let Spread { median, min, max, .. } = Spread::of(&way.rates);
                let words = format!(
                    "{} x {}{}{}",
                    way.clients,
                    way.batch,
                    if way.checked { ", signatures checked" } else { "" },
                    if way.durable { "" } else { ", NOT SYNCED" }
                );
                let [median, min, max] = [median, min, max].map(number);
                writeln!(f, "  {words:<40} {median:>10} {min:>10} {max:>10}  statements/s")?;
            }
        }
        writeln!(f, "\nwrit / the best durable way of each")?;
        for Ratio { peer, singles, checked, clients, batch, ratio, .. } in &self.ratios {
            let what = if *singles { "singles" } else { "batches" };
            let checked = if *checked { "signatures checked" } else { "unchecked" };
            writeln!(f, "  {peer:<12} {what}, {checked:<20} {ratio:>8.2}   its best: {clients} x {batch}")?;
        }
        for Goal { what, peer, ratio, target, met } in &self.goals {
            let word = if *met { "met" } else { "MISSED" };
            writeln!(f, "{what:<60} {ratio:>8.2}   {target}: {word} ({peer})")?;
        }
        Ok(())
    }
}
