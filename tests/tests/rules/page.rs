//! `docs/rules.md` is made from the list of rules.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use verifier::rules::{Check, RULES, Rule};

use crate::requirements;

const HEAD: &str = "# Rules

What the verifier looks for when it judges, in the order of `verifier::rules::RULES`. This page is made from that list;
`cargo test --release -p tests --test rules -- --ignored write_the_page` makes it anew.

A finding's effect is what it means for the outcome: `not-authorized` (authority was not there), `indeterminate` (evidence is
missing, or more than this program can follow), `none` (shown, changes nothing). Its severity follows: `error` for the first
two, `warning` for the last. The worst effect of all findings is the outcome; without any the subject is authorized. A verdict
whose chain leads to no root is never authorized. Evidence that is refused is not judged at all: instead of effects the codes of
the errors are named by which it is.

Each rule has vectors that it accepts and rejects under `tests/vectors/rules/<rule>/`.

| rule | finds that | looks at | effect |
|---|---|---|---|
";

fn page() -> String {
    let mut page = String::from(HEAD);
    for Rule { slug, summary, effects, check } in RULES {
        let effects = match check {
            Check::Evidence(codes) => format!("refused: `{}`", codes.join("`, `")),
            _ => effects.iter().map(|effect| effect.as_str()).collect::<Vec<&str>>().join(", "),
        };
        let _ = writeln!(page, "| `{slug}` | {summary} | {} | {effects} |", check.looks_at());
    }
    page + &requirements::part()
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md")
}

#[test]
fn the_page_of_rules_is_current() {
    assert_eq!(fs::read_to_string(path()).expect("docs/rules.md"), page());
}

#[test]
#[ignore = "writes docs/rules.md"]
fn write_the_page() {
    fs::write(path(), page()).expect("docs/rules.md");
}
