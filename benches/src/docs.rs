//! The tables of docs/performance.md, written from the documents of one run each: nobody copies a figure by hand.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use crate::peers::Peers;
use crate::report::{Report, number};
use crate::stats::Spread;

/// The page, and the documents that its tables are written from, below the sources.
pub const PAGE: &str = "docs/performance.md";
/// `writ.bench/1`.
pub const BENCH: &str = "docs/figures/bench.json";
/// `writ.peers/1`.
pub const PEERS: &str = "docs/figures/peers.json";

/// A machine is busy when more than this for each core wanted to run before it was measured on.
const BUSY_LOAD: f64 = 0.5;

/// Takes over what runs wrote, and writes the tables anew.
pub fn update(root: &Path, bench: Option<&Path>, peers: Option<&Path>) -> Result<()> {
    for (from, to) in [(bench, BENCH), (peers, PEERS)] {
        if let Some(from) = from {
            let to = root.join(to);
            fs::create_dir_all(to.parent().context("no folder")?)?;
            // Read whole before it is written: it may be the same file.
            let run = fs::read(from).with_context(|| from.display().to_string())?;
            fs::write(to, run)?;
        }
    }
    let page = root.join(PAGE);
    let text = fs::read_to_string(&page)?;
    Ok(fs::write(page, rewritten(root, &text)?)?)
}

/// The page with its tables as the documents have them; of a run that is not there it says so.
pub fn rewritten(root: &Path, page: &str) -> Result<String> {
    let bench: Option<Report> = read(&root.join(BENCH))?;
    let peers: Option<Peers> = read(&root.join(PEERS))?;
    let (bench, peers) = (bench.as_ref(), peers.as_ref());
    let parts = [
        ("run", told_of(bench, run)?),
        ("targets", told_of(bench, targets)?),
        ("figures", told_of(bench, figures)?),
        ("peers-run", told_of(peers, |peers| run(&peers.writ))?),
        ("peers", told_of(peers, ratios)?),
        ("peers-figures", told_of(peers, told)?),
    ];
    parts.iter().try_fold(page.to_owned(), |page, (name, table)| replaced(&page, name, table))
}

fn told_of<T>(run: Option<&T>, words: impl Fn(&T) -> Result<String>) -> Result<String> {
    run.map_or_else(|| Ok(String::from("No run of it is kept yet.\n")), words)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path)?;
    serde_json::from_str(&text).map(Some).with_context(|| path.display().to_string())
}

/// What stands between the two marks of a part, put anew.
fn replaced(page: &str, name: &str, table: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("{PAGE} has no {begin}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("{PAGE} has no {end}"))?;
    Ok(format!("{before}{begin}{table}{end}{after}"))
}

fn run(report: &Report) -> Result<String> {
    let commit = report.commit.as_deref().unwrap_or("not known");
    let corpus = &report.corpus;
    let mut text = String::new();
    writeln!(
        text,
        "Commit {commit}; {}. Corpus: seed {}, mean statement {} B, BLAKE3 of its first {} statements",
        report.machine, corpus.seed, corpus.mean_bytes, corpus.statements
    )?;
    writeln!(text, "`{}`.", corpus.digest)?;
    let busy = BUSY_LOAD * report.machine.cores as f64;
    if report.machine.load_before > busy {
        writeln!(
            text,
            "\n**The machine had other work to do meanwhile: measure again before relying on this.**"
        )?;
    }
    Ok(text)
}

fn targets(report: &Report) -> Result<String> {
    let mut text =
        String::from("| what | measured | least–most | target | aim | |\n|---|---|---|---|---|---|\n");
    for held in &report.results {
        let unit = if held.unit.is_empty() { String::new() } else { format!(" {}", held.unit) };
        let aim = held.aim.map_or_else(String::new, |aim| aim.to_string());
        let word = match (held.met, held.aim_met) {
            (false, _) => "**missed**",
            (true, Some(false)) => "met, aim missed",
            (true, _) => "met",
        };
        let (measured, spread, target) = (number(held.spread.median), least_most(&held.spread), held.target);
        writeln!(text, "| {} | {measured}{unit} | {spread} | {target}{unit} | {aim} | {word} |", held.what)?;
    }
    Ok(text)
}

fn figures(report: &Report) -> Result<String> {
    let mut text = String::from("| | median | least–most | unit | rounds |\n|---|---|---|---|---|\n");
    let mut of = "";
    for figure in &report.figures {
        if figure.of != of {
            of = &figure.of;
            writeln!(text, "| **{of}** | | | | |")?;
        }
        let (median, spread) = (number(figure.spread.median), least_most(&figure.spread));
        writeln!(
            text,
            "| {} | {median} | {spread} | {} | {} |",
            figure.name, figure.unit, figure.spread.count
        )?;
    }
    Ok(text)
}

fn ratios(peers: &Peers) -> Result<String> {
    let mut text = String::from(
        "| writ / peer | signatures | peer, statements/s | its best way | writ / peer |\n|---|---|---|---|---|\n",
    );
    for ratio in &peers.ratios {
        let what = if ratio.singles { "single durable appends" } else { "batches" };
        let checked = if ratio.checked { "checked" } else { "unchecked" };
        let (rate, spread) = (number(ratio.rate.median), least_most(&ratio.rate));
        let (clients, batch) = (ratio.clients, ratio.batch);
        let wins = if ratio.ratio < 1.0 { " **the peer wins**" } else { "" };
        writeln!(
            text,
            "| {}, {what} | {checked} | {rate} ({spread}) | {clients} × {batch} | {:.2}{wins} |",
            ratio.peer, ratio.ratio
        )?;
    }
    for goal in &peers.goals {
        let word = if goal.met { "met" } else { "**missed**" };
        writeln!(
            text,
            "| {} | | {} | | {:.2}, aimed at {}: {word} |",
            goal.what, goal.peer, goal.ratio, goal.target
        )?;
    }
    Ok(text)
}

fn told(peers: &Peers) -> Result<String> {
    let mut text = String::new();
    for told in &peers.peers {
        writeln!(text, "**{} {}**: {}.\n", told.peer, told.version, told.settings)?;
        writeln!(
            text,
            "| clients × batch | signatures | synced | statements/s | least–most |\n|---|---|---|---|---|"
        )?;
        for way in &told.measured {
            let spread = Spread::of(&way.rates);
            let checked = if way.checked { "checked" } else { "unchecked" };
            let synced = if way.durable { "yes" } else { "**no**" };
            let (clients, batch, median) = (way.clients, way.batch, number(spread.median));
            writeln!(
                text,
                "| {clients} × {batch} | {checked} | {synced} | {median} | {} |",
                least_most(&spread)
            )?;
        }
        writeln!(text)?;
    }
    Ok(text)
}

/// The ends of a spread, where there are two.
fn least_most(spread: &Spread) -> String {
    if spread.count < 2 {
        String::from("once")
    } else {
        format!("{}–{}", number(spread.min), number(spread.max))
    }
}
