//! The answer for people: how many in all, then one line for each value.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::Counts;
use crate::text::{printable, row, short, state};

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        // Moments are written with thousandths where they have any.
        let moments = self.counts.iter().flat_map(|counted| [counted.first, counted.last]);
        let wide = moments.map(|moment| moment.to_string().len()).max().unwrap_or_default();
        if !self.counts.is_empty() {
            let by = &self.by;
            writeln!(f, "{:>7}  {:<wide$}  {:<wide$}  {:<12}  {by}", "COUNT", "FIRST", "LAST", "EXAMPLE")?;
        }
        for counted in &self.counts {
            let value = printable(&counted.value).replace('\n', "\\n");
            let (first, last) = (counted.first.to_string(), counted.last.to_string());
            let example = short(&counted.example);
            writeln!(f, "{:>7}  {first:<wide$}  {last:<wide$}  {example}  {value}", counted.count)?;
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use schemas::ids::StatementId;
    use schemas::time::Time;
    use schemas::tree::TreeHash;

    use super::super::{By, COUNTS_SCHEMA, Count};
    use super::*;
    use crate::kept::AsOf;

    #[test]
    fn each_moment_stands_under_its_heading_with_thousandths_or_without() {
        let root = TreeHash::new([0; 32]);
        let count = Count {
            value: "agent:a".into(),
            count: 2,
            first: Time(1_700_000_000_000),
            last: Time(1_700_000_000_123),
            example: StatementId::new([0xab; 32]),
        };
        let counts = Counts {
            schema: COUNTS_SCHEMA.into(),
            by: By::Actor,
            total: 2,
            without: 0,
            complete: true,
            values: 1,
            count: 1,
            truncated: false,
            counts: vec![count],
            as_of: AsOf { origin: "o".into(), size: 2, root, time: Time(0) },
        };
        let text = counts.to_string();
        let [_, heading, line, ..] = *text.lines().collect::<alloc::vec::Vec<_>>() else { panic!("{text}") };
        for (name, value) in
            [("FIRST", "2023-11-14T22:13:20Z "), ("LAST", "2023-11-14T22:13:20.123Z"), ("actor", "agent:a")]
        {
            assert_eq!(heading.find(name), line.find(value), "{text}");
        }
    }
}
