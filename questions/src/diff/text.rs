//! The answer for people: how many fields differ first, then each field, the scope, the hops, and what the judge finds.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::{Diff, Field, HopOf, Is, Side};
use crate::scopes::ScopeChange;
use crate::text::{finding, ground, printable, row, short};

/// Columns of a field's name.
const NAME_COLUMNS: usize = 14;

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        f.write_str("\n")?;
        self.fields
            .iter()
            .filter(|field| field.is != Is::Unstated)
            .try_for_each(|one| f.write_str(&field(one)))?;
        self.scope.iter().try_for_each(|change| f.write_str(&scope(change)))?;
        self.hops.iter().try_for_each(|one| f.write_str(&hop(one)))?;
        f.write_str("\n")?;
        if self.findings.is_empty() {
            f.write_str("Findings none about the two\n")?;
        }
        self.findings.iter().try_for_each(|one| f.write_str(&finding(one)))?;
        if self.truncated {
            f.write_str("…and more findings\n")?;
        }
        f.write_str(&ground(&self.as_of, &self.trust, &self.profile, self.absence))?;
        writeln!(f, "Next: writ chain {}", short(&self.second.id))
    }
}

fn headline(diff: &Diff) -> String {
    let narrower = diff.scope.as_ref().is_none_or(|scope| scope.same);
    let one_sided = diff.fields.iter().filter(|field| field.is == Is::OneSided).count();
    let mut text = match (diff.different, one_sided) {
        (0, 0) if narrower => String::from("✓ THE SAME in every field that both have\n"),
        (0, 0) => String::from("! THE SAME in every field but the scope\n"),
        (0, sided) => format!("! NOTHING DIFFERS; {sided} fields are stated by one side alone\n"),
        (different, sided) => {
            format!("✗ DIFFERENT in {different} fields; {sided} more are stated by one side alone\n")
        }
    };
    row(&mut text, "From", &side(&diff.first));
    row(&mut text, "To", &side(&diff.second));
    text
}

fn side(side: &Side) -> String {
    let outcome = side.outcome.map(|outcome| format!(", {outcome}")).unwrap_or_default();
    format!("{} {} {}  {}{outcome}", side.kind, side.index, short(&side.id), side.summary)
}

fn field(field: &Field) -> String {
    let none = || String::from("(not stated)");
    let (first, second) =
        (field.first.clone().unwrap_or_else(none), field.second.clone().unwrap_or_else(none));
    let (sign, value) = match field.is {
        Is::Same | Is::Unstated => ('=', first),
        Is::Different => ('✗', format!("{first} → {second}")),
        Is::OneSided => ('?', format!("{first} → {second}")),
    };
    line(sign, &field.name, &value)
}

fn scope(change: &ScopeChange) -> String {
    if change.same {
        return line('=', "scope", "the same");
    }
    let within = match change.within {
        Some(true) => "all of the second is within the first",
        Some(false) => "the second goes BEYOND the first",
        None => "one of them is held in another system and was not seen",
    };
    let mut text = line('!', "scope", within);
    for (sign, name, lines) in
        [('+', "adds", &change.added), ('-', "drops", &change.dropped), ('!', "narrows", &change.narrowed)]
    {
        lines.iter().for_each(|one| text.push_str(&line(sign, name, one)));
    }
    text
}

fn hop(hop: &HopOf) -> String {
    let sign = match (hop.first, hop.second) {
        (true, true) => '=',
        (true, false) => '-',
        _ => '+',
    };
    line(
        sign,
        &format!("hop {}", hop.index),
        &format!("{} → {}  {}", hop.delegator, hop.delegatee, short(&hop.id)),
    )
}

fn line(sign: char, name: &str, value: &str) -> String {
    format!("{sign} {:<NAME_COLUMNS$} {}\n", printable(name), printable(value).replace('\n', "\\n"))
}
