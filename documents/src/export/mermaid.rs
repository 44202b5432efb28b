//! Mermaid flowcharts: <https://mermaid.js.org/syntax/flowchart.html>.

use std::fmt::Write as _;

use super::chain::{Arrow, Box, Chain, Shape};
use questions::printable;

/// The flowchart, root on top. Names of boxes are ours (`n0`, `n1`, …); foreign words stand in quoted labels alone, and the
/// title has none.
pub(super) fn text(chain: &Chain) -> String {
    let mut text = format!("---\ntitle: \"{}\"\n---\nflowchart TB\n", chain.title);
    for (at, shown) in chain.boxes.iter().enumerate() {
        let (open, close) = match shown.shape {
            Shape::Principal => ("([", "])"),
            Shape::Subject => ("[[", "]]"),
            Shape::Beside | Shape::Missing => ("[", "]"),
        };
        let _ = writeln!(text, "  n{at}{open}{}{close}", quoted(&shown.lines));
    }
    for Arrow { from, to, lines, stands } in &chain.arrows {
        let line = if *stands { "-->" } else { "-.->" };
        let _ = writeln!(text, "  n{from} {line}|{}| n{to}", quoted(lines));
    }
    let fallen = chain.boxes.iter().enumerate().filter(|(_, Box { stands, .. })| !stands);
    for (at, _) in fallen {
        let _ = writeln!(text, "  style n{at} stroke:red,stroke-dasharray:5");
    }
    text
}

fn quoted(lines: &[String]) -> String {
    let escaped: Vec<String> =
        lines.iter().map(|line| escaped(&printable(&line.replace('\n', "\\u{a}")))).collect();
    format!("\"{}\"", escaped.join("<br/>"))
}

/// A text in which everything that Mermaid, its Markdown or HTML could read as more than itself is a numbered entity.
///
/// A hyphen or a bracket is left alone after a letter only, where it begins no list and no line; a space only between words.
/// Points and at signs would make links.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let is_plain = match c {
            '-' | ')' => before.is_ascii_alphabetic(),
            ' ' => before != ' ',
            '/' | ',' | '(' => true,
            _ => c.is_ascii_alphanumeric(),
        };
        if is_plain {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
        before = c;
    }
    escaped
}
