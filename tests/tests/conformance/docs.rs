//! `docs/format.md` names what the code knows: kinds, refusals, limits.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;
use schemas::payload::Kind;

use crate::languages::schemas_folder;
use crate::vectors::known_codes;

/// The whole page.
pub(crate) fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/format.md")).unwrap()
}

/// The part of the page below a heading, up to the next heading of the same level or a higher one.
pub(crate) fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let start = page
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no heading `{heading}` in docs/format.md"))
        + 1;
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let below = &page[start + heading.len()..];
    let end = Regex::new(&format!(r"\n#{{1,{level}}} "))
        .unwrap()
        .find(below)
        .map_or(below.len(), |found| found.start());
    &below[..end]
}

#[test]
fn the_page_has_a_section_for_every_kind_and_says_which_time_is_its_moment() {
    let page = page();
    for kind in Kind::ALL {
        assert!(section(&page, &format!("### `{kind}`")).contains("Moment: "), "{kind}");
    }
}

#[test]
fn the_page_lists_every_refusal_code_and_no_other() {
    let page = page();
    let listed: BTreeSet<String> = section(&page, "## Refusals")
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once("` |"))
        .map(|(code, _)| code.to_owned())
        .collect();
    assert_eq!(listed, known_codes());
}

#[test]
fn the_page_lists_every_limit_with_its_value() {
    let page = page();
    let listed = section(&page, "## Limits");
    let source = fs::read_to_string(schemas_folder().join("src/limits.rs")).unwrap();
    let constant = Regex::new(r"(?m)^pub const ([A-Z0-9_]+): (?:usize|u64) = (.+);$").unwrap();
    let mut names = BTreeSet::new();
    for found in constant.captures_iter(&source) {
        let row = format!("| `{}` | {} |", &found[1], grouped(value(&found[2])));
        assert!(listed.contains(&row), "the page lacks the row {row}");
        names.insert(found[1].to_owned());
    }
    assert!(names.len() > 20);
    let rows = listed.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, names.len(), "the page lists a limit that is not there");
}

/// The value of one of the expressions that stand in `limits.rs`.
fn value(expression: &str) -> u64 {
    let number = |text: &str| -> u64 { text.trim().replace('_', "").parse().unwrap() };
    match expression {
        "(1 << 53) - 1" => (1 << 53) - 1,
        "1 << 20" => 1 << 20,
        product => product.split('*').map(number).product(),
    }
}

/// The number with a comma before each group of three digits.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let grouped = digits
        .chars()
        .rev()
        .collect::<Vec<_>>()
        .chunks(3)
        .map(String::from_iter)
        .collect::<Vec<_>>()
        .join(",");
    grouped.chars().rev().collect()
}
