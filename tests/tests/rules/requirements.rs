//! The 125 requirements that the rules and questions were built from, and where each is met: `data/requirements.tsv`, a number,
//! a few words and targets a line. docs/rules.md ends with them.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use verifier::rules::RULES;

/// How many requirements there are.
const COUNT: usize = 125;

/// What a reason must have, at least, to be one, in bytes.
const REASON_BYTES_MIN: usize = 20;

/// The verbs of `writ` that answer questions.
const VERBS: &[&str] = &[
    "authority",
    "blast",
    "chain",
    "coverage",
    "crossings",
    "diff",
    "effect",
    "grants",
    "lookup",
    "receipt",
    "search",
    "tail",
    "uses",
    "what-if",
    "who",
    "why",
];

const HEAD: &str = "
## Requirements

What a record of authorization has to answer for, and where writ does. A rule finds it in a single action, a question (`writ who`)
across the log, a report for an auditor; a profile's key sets how much is asked for. What is not judged says why.

| | requirement | met by |
|---|---|---|
";

/// One requirement.
struct Requirement {
    number: usize,
    text: String,
    targets: Vec<Target>,
}

/// What meets a requirement.
enum Target {
    Rule(String),
    Verb(String),
    Key(String),
    Report,
    DecisionPoint,
    NotJudged(String),
}

impl Target {
    fn all(text: &str) -> Vec<Self> {
        if let Some(reason) = text.strip_prefix("none:") {
            return vec![Self::NotJudged(reason.into())];
        }
        text.split(' ').map(Self::one).collect()
    }

    fn one(text: &str) -> Self {
        match text.split_once(':') {
            Some(("rule", slug)) => Self::Rule(slug.into()),
            Some(("query", verb)) => Self::Verb(verb.into()),
            Some(("profile", key)) => Self::Key(key.into()),
            None if text == "report" => Self::Report,
            None if text == "decision-point" => Self::DecisionPoint,
            _ => panic!("{text}: neither a rule nor a verb, a profile's key or a reason"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(slug) => write!(f, "`{slug}`"),
            Self::Verb(verb) => write!(f, "`writ {verb}`"),
            Self::Key(key) => write!(f, "profile: `{key}`"),
            Self::Report => write!(f, "`writ report`"),
            Self::DecisionPoint => write!(f, "decisions before the act ([authzen.md](authzen.md))"),
            Self::NotJudged(reason) => write!(f, "not judged: {reason}"),
        }
    }
}

fn file(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn all() -> Vec<Requirement> {
    let line = |line: &str| {
        let [number, text, targets] = line.split('\t').collect::<Vec<&str>>()[..] else {
            panic!("{line}: a number, words and targets");
        };
        let number = number.parse().unwrap_or_else(|_| panic!("{line}: a number"));
        Requirement { number, text: text.into(), targets: Target::all(targets) }
    };
    file("data/requirements.tsv").lines().map(line).collect()
}

/// The part of docs/rules.md that says where each is met.
pub(crate) fn part() -> String {
    let mut part = String::from(HEAD);
    for Requirement { number, text, targets } in all() {
        let met: Vec<String> = targets.iter().map(Target::to_string).collect();
        let _ = writeln!(part, "| {number} | {text} | {} |", met.join(", "));
    }
    part
}

#[test]
fn every_requirement_is_there_once_and_in_order() {
    let numbers: Vec<usize> = all().iter().map(|requirement| requirement.number).collect();
    assert_eq!(numbers, (1..=COUNT).collect::<Vec<usize>>());
    assert_eq!(
        all().iter().map(|requirement| requirement.text.clone()).collect::<BTreeSet<_>>().len(),
        COUNT
    );
}

#[test]
fn what_meets_a_requirement_exists() {
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.slug).collect();
    let profile = file("../verifier/profiles/standard.toml");
    let keys: BTreeSet<&str> = profile
        .lines()
        .map(|line| line.trim_start_matches("# "))
        .filter_map(|line| {
            let table = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
            table.or_else(|| line.split_once(" = ").map(|(key, _)| key))
        })
        .collect();
    for Requirement { number, targets, .. } in all() {
        for target in targets {
            match target {
                Target::Rule(slug) => assert!(rules.contains(slug.as_str()), "{number}: no rule {slug}"),
                Target::Verb(verb) => assert!(VERBS.contains(&verb.as_str()), "{number}: no verb {verb}"),
                Target::Key(key) => {
                    assert!(keys.contains(key.as_str()), "{number}: no key {key} in a profile");
                }
                Target::Report | Target::DecisionPoint => {}
                Target::NotJudged(reason) => {
                    assert!(
                        reason.len() >= REASON_BYTES_MIN,
                        "{number}: not judged, and no reason: {reason:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_document_that_a_reason_points_to_exists() {
    for Requirement { number, targets, .. } in all() {
        for target in targets.iter().filter(|target| matches!(target, Target::NotJudged(_))) {
            for word in target.to_string().split([' ', ':']).filter(|word| word.ends_with(".md")) {
                assert!(!file(&format!("../{word}")).is_empty(), "{number}: {word}");
            }
        }
    }
}
