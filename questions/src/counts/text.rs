//! The answer for people: how many in all, then one line for each value.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::Counts;
use crate::text::{printable, row, short, state};

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        if !self.counts.is_empty() {
            writeln!(f, "{:>7}  {:<20}  {:<20}  {:<12}  {}", "COUNT", "FIRST", "LAST", "EXAMPLE", self.by)?;
        }
        for counted in &self.counts {
            let value = printable(&counted.value).replace('\n', "\\n");
            let (first, last) = (counted.first.to_string(), counted.last.to_string());
            let example = short(&counted.example);
            writeln!(f, "{:>7}  {first:<20}  {last:<20}  {example}  {value}", counted.count)?;
        }
        if self.truncated {
            writeln!(f, "         … and {} more: --limit", self.values.saturating_sub(self.count))?;
        }
        f.write_str(&foot(self))
    }
}

fn headline(counts: &Counts) -> String {
    let least = if counts.complete { "" } else { "AT LEAST " };
    let total = match counts.total {
        1 => String::from("1 statement"),
        total => format!("{total} statements"),
    };
    let values = match counts.values {
        1 => String::from("1 value"),
        values => format!("{values} values"),
    };
    let without = match counts.without {
        0 => String::new(),
        without => format!("; {without} without any"),
    };
    format!("{least}{total} by {}: {values}{without}\n", printable(&counts.by.to_string()))
}

fn foot(counts: &Counts) -> String {
    let mut text = String::new();
    row(&mut text, "As of", &state(&counts.as_of));
    if !counts.complete {
        row(
            &mut text,
            "Cut",
            &format!("after {} statements: narrow the query, by since: or until:", counts.total),
        );
    }
    if let Some(first) = counts.counts.first() {
        text += &format!("Next: writ who {}\n", short(&first.example));
    }
    text
}
