//! Every rule, held against vectors that it accepts and rejects.
//!
//! The files under `vectors/rules` are what is tested. They are made from the stories in `cases`, whose verdicts are written by
//! hand: `cargo test --release -p tests --test rules -- --ignored write_the_vectors` writes them anew.

mod added;
mod beside;
mod case;
mod cases;
mod chaos;
mod laws;
mod log_keys;
mod page;
mod requirements;
mod roles;
mod standing;
mod story;
mod vector;
mod words;
mod world;
mod world_laws;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use verifier::rules::RULES;

use crate::case::Case;
use crate::vector::{Expect, Vector, files, path};

fn read(path: &PathBuf) -> Vector {
    let bytes = fs::read(path).expect("a file");
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(vector: &Vector) -> String {
    serde_json::to_string_pretty(vector).expect("JSON") + "\n"
}

#[test]
fn every_vector_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for file in files() {
        let vector = read(&file);
        let judged = vector.judge();
        let got = Expect::of(&judged);
        if got != vector.expect {
            let findings = judged.map(|verdict| verdict.findings);
            wrong.push(format!(
                "{}\n  expected {:?}\n  got      {got:?}\n  {findings:#?}",
                file.display(),
                vector.expect,
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_vector_that_a_rule_rejects_is_a_finding_of_it_and_one_that_it_accepts_is_none() {
    for file in files() {
        let vector = read(&file);
        let found = vector.expect.findings.contains(&vector.rule);
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        assert_eq!(found, name.starts_with("reject-"), "{}", file.display());
        assert!(found || name.starts_with("accept-"), "{}", file.display());
    }
}

#[test]
fn a_finding_means_for_the_outcome_what_its_rule_says_that_it_may_or_its_profile() {
    for vector in files().iter().map(read) {
        let raised = vector.profile().raised;
        for finding in vector.judge().map(|verdict| verdict.findings).unwrap_or_default() {
            let mut rules = RULES.iter().filter(|rule| rule.slug == finding.code);
            let by_rule = rules.any(|rule| rule.effects.contains(&finding.effect));
            let by_profile = raised.get(finding.code) == Some(&finding.effect);
            assert!(by_rule || by_profile, "{}: {finding:?}", vector.case);
        }
    }
}

#[test]
fn every_rule_has_vectors_that_it_accepts_and_rejects() {
    let mut seen: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for vector in files().iter().map(read) {
        let found = vector.expect.findings.contains(&vector.rule);
        seen.entry(vector.rule).or_default().insert(found);
    }
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.slug).collect();
    for rule in &rules {
        assert_eq!(seen.get(*rule).map(BTreeSet::len), Some(2), "{rule}");
    }
    assert_eq!(seen.len(), rules.len(), "a folder of no rule");
}

#[test]
fn the_vectors_are_those_of_the_stories() {
    let cases: Vec<Case> = cases::all().into_iter().chain(cases::refusals()).collect();
    let paths: BTreeSet<PathBuf> = cases.iter().map(path).collect();
    assert_eq!(paths.len(), cases.len(), "two cases of one name");
    assert_eq!(paths, files().into_iter().collect());
    for case in &cases {
        let written = fs::read_to_string(path(case)).expect("a file");
        assert_eq!(written, text(&Vector::of(case)), "{}", path(case).display());
    }
}

#[test]
#[ignore = "writes the vectors"]
fn write_the_vectors() {
    for case in cases::all().into_iter().chain(cases::refusals()) {
        let path = path(&case);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text(&Vector::of(&case))).expect("a file");
    }
}
