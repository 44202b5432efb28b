//! Graphviz DOT: <https://graphviz.org/doc/info/lang.html>, labels of the type
//! <https://graphviz.org/docs/attr-types/escString/>.

use std::fmt::Write as _;

use super::chain::{Arrow, Box, Chain, Shape};
use questions::printable;

/// The graph, root on top. Names of boxes are ours (`n0`, `n1`, …); foreign words stand in quoted labels alone.
pub(super) fn text(chain: &Chain) -> String {
    let mut text = String::from("digraph writ {\n");
    let _ = writeln!(
        text,
        "  graph [rankdir=TB, labelloc=t, label={}];",
        quoted(std::slice::from_ref(&chain.title))
    );
    text.push_str("  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n");
    for (at, shown) in chain.boxes.iter().enumerate() {
        let _ = writeln!(text, "  n{at} [{}, label={}];", look(shown), quoted(&shown.lines));
    }
    for Arrow { from, to, lines, stands } in &chain.arrows {
        let line = if *stands { "style=solid" } else { "style=dashed, color=red" };
        let _ = writeln!(text, "  n{from} -> n{to} [{line}, label={}];", quoted(lines));
    }
    let beside = |shown: &&Box| matches!(shown.shape, Shape::Subject | Shape::Beside);
    if chain.boxes.iter().filter(beside).count() > 1 {
        let places = chain.boxes.iter().enumerate().filter(|(_, shown)| beside(shown));
        let names: String = places.map(|(at, _)| format!(" n{at};")).collect();
        let _ = writeln!(text, "  {{ rank=same;{names} }}");
    }
    text.push_str("}\n");
    text
}

fn look(shown: &Box) -> String {
    let shape = match shown.shape {
        Shape::Principal => "ellipse",
        Shape::Subject => "box, peripheries=2",
        Shape::Beside => "note",
        Shape::Missing => "box",
    };
    let line = if shown.stands { "" } else { ", style=dashed, color=red" };
    format!("shape={shape}{line}")
}

/// A quoted string with one line for each text. A backslash, a quote and an ampersand would mean something to Graphviz, and a
/// line feed in a text would look like a line of ours.
fn quoted(lines: &[String]) -> String {
    let escaped = lines.iter().map(|line| {
        let line = printable(&line.replace('\n', "\\u{a}"));
        line.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
    });
    format!("\"{}\"", escaped.collect::<Vec<_>>().join("\\n"))
}
