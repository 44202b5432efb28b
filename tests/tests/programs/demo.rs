//! `make demo`, and the README that shows what it prints.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use regex::Regex;

use crate::harness::{normal, program, shows};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

/// What the demo prints; it must end well.
fn printed() -> &'static str {
    static PRINTED: OnceLock<String> = OnceLock::new();
    PRINTED.get_or_init(|| {
        let bin = program("writ").parent().unwrap().to_owned();
        program("writd");
        let output = Command::new(project("scripts/demo"))
            .env("WRIT_BIN", bin)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        let (stdout, stderr) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {stdout}\n{stderr}", output.status);
        stdout
    })
}

/// The parts of a session, each from its `# ` line on.
fn sections(session: &str) -> Vec<Vec<&str>> {
    let mut sections: Vec<Vec<&str>> = Vec::new();
    for line in session.lines() {
        if line.starts_with("# ") {
            sections.push(Vec::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push(line);
        }
    }
    for section in &mut sections {
        while section.last().is_some_and(|line| line.is_empty()) {
            section.pop();
        }
    }
    sections
}

#[test]
fn the_demo_runs_to_its_end_and_cleans_up() {
    let printed = printed();
    for words in ["AUTHORIZED", "NOT AUTHORIZED", "role-principal", "INTACT", "TAMPERED", "# done"] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    let folder = Regex::new(r"(\S*/writ-demo\.\w+)/").unwrap();
    let folder = &folder.captures(printed).expect("names its folder")[1];
    assert!(!Path::new(folder).exists(), "{folder} was left behind");
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = std::fs::read_to_string(project("README.md")).unwrap();
    let block = readme
        .split("```console\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a session in the README");
    let (shown, printed) = (normal(block), normal(printed()));
    let (shown, whole) = (sections(&shown), sections(&printed));
    assert!(shown.len() >= 4, "hardly anything is shown");
    for section in shown {
        let same = whole.iter().find(|other| other[0] == section[0]);
        let same = same.unwrap_or_else(|| panic!("the demo has no part `{}`", section[0]));
        assert!(shows(&section, same), "README:\n{}\n\ndemo:\n{}", section.join("\n"), same.join("\n"));
    }
}

#[test]
fn the_readme_leads_only_to_what_is_there() {
    let readme = std::fs::read_to_string(project("README.md")).unwrap();
    let links = Regex::new(r"\]\(([^)#:]+)\)").unwrap();
    let targets: Vec<&str> = links.captures_iter(&readme).map(|link| link.get(1).unwrap().as_str()).collect();
    assert!(targets.len() >= 6, "{targets:?}");
    for target in targets {
        assert!(project(target).exists(), "{target}");
    }
}
