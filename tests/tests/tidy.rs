//! The house keeps itself tidy: what the trusted base may rest on, what its code may not do, how long files and functions are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that verifying a bundle runs, and nothing else.
const VERIFIER_MAY_USE: &[&str] = &[
    "arrayref",
    "arrayvec",
    "autocfg",
    "blake3",
    "block-buffer",
    "cc",
    "cfg-if",
    "ciborium",
    "ciborium-io",
    "ciborium-ll",
    "const-oid",
    "constant_time_eq",
    "coset",
    "cpufeatures",
    "crunchy",
    "crypto-common",
    "curve25519-dalek",
    "curve25519-dalek-derive",
    "data-encoding",
    "digest",
    "ed25519",
    "ed25519-dalek",
    "fiat-crypto",
    "half",
    "hotkey",
    "hybrid-array",
    "proc-macro2",
    "quote",
    "schemas",
    "serde",
    "serde_cbor_2",
    "serde_core",
    "serde_derive",
    "sha2",
    "signature",
    "subtle",
    "syn",
    "thiserror",
    "thiserror-impl",
    "typenum",
    "unicode-ident",
    "verifier",
    "zerocopy",
    "zerocopy-derive",
    "zeroize",
];

/// Most lines of a file, without its tests. Above, by path: the one that is a list.
const FILE_LINES_MAX: usize = 400;
const LONGER_FILES: &[(&str, usize)] = &[("schemas/src/payload.rs", 600)];

/// Most lines of a function: what fits a screen.
const FUNCTION_LINES_MAX: usize = 70;
const LONGER_FUNCTIONS: &[(&str, &str, usize)] =
    &[("schemas/src/term/derive.rs", "body", 85), ("schemas/src/term.rs", "to_bytes", 145)];

/// Where the time of day is read; everywhere else it is an argument.
const CLOCKS: &[&str] = &["ledger/src/clock.rs", "cli/src/moment.rs", "benches/src/feed.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A source file without its tests.
struct Source {
    path: String,
    lines: Vec<String>,
}

fn sources(rooms: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = rooms.iter().map(|room| root().join(room).join("src")).collect();
    while let Some(path) = waiting.pop() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() && name != "tests" {
            waiting.extend(fs::read_dir(&path).expect("a folder").map(|item| item.expect("an item").path()));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").map(String::from);
            let path = path.strip_prefix(root()).expect("below the root").display().to_string();
            found.push(Source { path, lines: code.collect() });
        }
    }
    assert!(found.len() > rooms.len(), "no sources");
    found
}

const ALL: &[&str] = &[
    "schemas",
    "hotkey",
    "verifier",
    "questions",
    "serving",
    "witness",
    "ledger",
    "keyfile",
    "gateway",
    "cli",
    "benches",
];

/// The line without comments and texts.
fn code(line: &str) -> String {
    let mut code = String::new();
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            '/' if code.ends_with('/') => {
                code.pop();
                break;
            }
            '"' => {
                while let Some(inside) = characters.next() {
                    match inside {
                        '\\' => drop(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
                code.push_str("\"\"");
            }
            _ => code.push(c),
        }
    }
    code
}

fn indexes(code: &str) -> bool {
    let before = |at: usize| code[..at].chars().next_back();
    let is_value = |c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']' | '?');
    code.match_indices('[').any(|(at, _)| before(at).is_some_and(is_value))
}

#[test]
fn the_verifier_rests_on_nothing_that_is_not_listed() {
    let tree =
        ["tree", "--package", "verifier", "--edges", "normal", "--prefix", "none", "--offline", "--locked"];
    let tree = Command::new(env!("CARGO")).args(tree).current_dir(root()).output().expect("cargo tree");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let names = String::from_utf8(tree.stdout).expect("names");
    let names: Vec<&str> = names.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"schemas"), "no tree");
    let unlisted: Vec<_> = names.iter().filter(|name| !VERIFIER_MAY_USE.contains(name)).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}

#[test]
fn nothing_in_the_trusted_base_can_panic() {
    const PANICS: &[&str] = &[
        ".unwrap()",
        ".unwrap_err()",
        ".expect(",
        ".expect_err(",
        "panic!(",
        "unreachable!(",
        "assert!(",
        "assert_eq!(",
    ];
    let mut found = Vec::new();
    for Source { path, lines } in sources(&["schemas", "hotkey", "verifier", "questions"]) {
        for (number, line) in (1..).zip(&lines) {
            let code = code(line);
            if PANICS.iter().any(|word| code.contains(word)) || indexes(&code) {
                found.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn nothing_unfinished_is_left_and_only_clocks_read_the_time() {
    const UNFINISHED: &[&str] = &["todo!(", "unimplemented!(", "dbg!("];
    const NOW: &[&str] = &["SystemTime::now", "Timestamp::now", "Zoned::now", "UtcDateTime::now"];
    let mut found = Vec::new();
    for Source { path, lines } in sources(ALL) {
        for (number, line) in (1..).zip(&lines) {
            let words = ["TO", "FIX", "X"].map(|start| {
                format!(
                    "{start}{}",
                    if start == "X" {
                        "XX"
                    } else if start == "TO" {
                        "DO"
                    } else {
                        "ME"
                    }
                )
            });
            let unfinished = UNFINISHED.iter().any(|word| code(line).contains(word))
                || words.iter().any(|word| line.contains(word));
            let reads_time =
                NOW.iter().any(|word| code(line).contains(word)) && !CLOCKS.contains(&path.as_str());
            if unfinished || reads_time {
                found.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn files_are_of_one_concern_and_functions_fit_a_screen() {
    let mut found = Vec::new();
    for Source { path, lines } in sources(ALL) {
        let longest =
            LONGER_FILES.iter().find(|(longer, _)| *longer == path).map_or(FILE_LINES_MAX, |(_, max)| *max);
        if lines.len() > longest {
            found.push(format!("{path}: {} lines", lines.len()));
        }
        for (name, length) in functions(&lines) {
            let named = |(file, function, _): &&(&str, &str, usize)| *file == path && *function == name;
            let longest = LONGER_FUNCTIONS.iter().find(named).map_or(FUNCTION_LINES_MAX, |(.., max)| *max);
            if length > longest {
                found.push(format!("{path}: fn {name}, {length} lines"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Functions that have a body, with their length. Formatted code ends one with a brace as far in as it began.
fn functions(lines: &[String]) -> Vec<(String, usize)> {
    let mut functions = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let start = line.trim_start();
        let named = ["", "pub ", "pub(crate) ", "pub(super) "]
            .iter()
            .find_map(|visible| start.strip_prefix(visible)?.strip_prefix("fn "));
        let Some(named) = named.or_else(|| start.split_once("const fn ").map(|(_, named)| named)) else {
            continue;
        };
        let name: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let signature = lines[at..]
            .iter()
            .position(|line| line.ends_with('{') || line.ends_with(';') || line.ends_with('}'));
        if signature.is_none_or(|end| !lines[at + end].ends_with('{')) {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let length =
            lines[at..].iter().position(|line| *line == close).map_or(lines.len() - at, |end| end + 1);
        functions.push((name, length));
    }
    functions
}

#[test]
fn every_test_that_a_guarantee_names_is_there() {
    let page = fs::read_to_string(root().join("docs/guarantees.md")).expect("docs/guarantees.md");
    let is_name = |text: &&str| {
        text.contains('_') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
    };
    let named: Vec<&str> = page.split('`').filter(is_name).collect();
    assert!(named.len() > 50, "only {}", named.len());
    let (mut texts, mut waiting) = (Vec::new(), vec![root()]);
    while let Some(folder) = waiting.pop() {
        for item in fs::read_dir(folder).expect("a folder") {
            let path = item.expect("an item").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                waiting.push(path);
            } else if name.ends_with(".rs") {
                texts.push(fs::read_to_string(&path).expect("a source file"));
            }
        }
    }
    let is_test = |name: &str| texts.iter().any(|text| text.contains(&format!("fn {name}(")));
    let missing: Vec<&&str> = named.iter().filter(|name| !is_test(name)).collect();
    assert!(missing.is_empty(), "no such test: {missing:?}");
}

#[test]
fn the_keeper_sees_what_it_looks_for() {
    assert!(indexes("items[0]") && indexes("f()[1..]") && indexes("a?[b]"));
    assert!(!indexes("#[test]") && !indexes("vec![0]") && !indexes("&[u8]") && !indexes("[0; 4]"));
    assert_eq!(code("let a = \"x[0] // \\\" y\"; // z[0]"), "let a = \"\"; ");
    let lines = ["fn a() {", "    fn b() {", "    }", "}", "fn c();"].map(String::from);
    assert_eq!(functions(&lines), [("a".into(), 4), ("b".into(), 2)]);
}
