//! The answer for people: how many crossings nothing allows, then each with its bridge.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Bridge, Crossing, Crossings};
use crate::text::{printable, row, short, state};

impl fmt::Display for Crossings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        for (at, crossing) in self.crossings.iter().enumerate() {
            let is_last = at.saturating_add(1) == self.crossings.len() && !self.truncated;
            f.write_str(&branch(crossing, is_last))?;
        }
        if self.truncated {
            f.write_str("└─ …and there may be more\n")?;
        }
        let mut foot = String::new();
        row(&mut foot, "As of", &state(&self.as_of));
        let holds = |crossing: &&Crossing| matches!(crossing.bridge, Bridge::Holds { .. });
        let first = self.crossings.iter().find(|crossing| !holds(crossing)).or(self.crossings.first());
        let next = match (&self.next, first) {
            (Some(next), _) => format!("the same with --page {}", printable(next)),
            (None, Some(first)) => format!("writ who {}", short(&first.id)),
            (None, None) => String::from("writ coverage"),
        };
        writeln!(f, "{foot}Next: {next}")
    }
}

fn headline(crossings: &Crossings) -> String {
    let Crossings { count, unbridged, examined, .. } = crossings;
    let sign = if *unbridged > 0 { '✗' } else { '✓' };
    let what = match count {
        1 => String::from("1 crossing"),
        count => format!("{count} crossings"),
    };
    let without =
        if *unbridged > 0 { format!(", {unbridged} WITHOUT A BRIDGE that holds") } else { String::new() };
    format!("{sign} {what} of tenants or trust domains{without} (among {examined} delegations and actions)\n")
}

fn branch(crossing: &Crossing, is_last: bool) -> String {
    let (sign, rest) = if is_last { ("└─", "   ") } else { ("├─", "│  ") };
    let Crossing { id, index, kind, at, by, to, .. } = crossing;
    let to = to.as_ref().map(|to| format!(" → {to}")).unwrap_or_default();
    let mut crossed = String::new();
    for (what, pair) in [("tenant", &crossing.tenant), ("trust domain", &crossing.domain)] {
        if let Some(pair) = pair {
            let before = if crossed.is_empty() { "" } else { "; " };
            crossed += &format!("{before}{what} {} → {}", pair.from, pair.into);
        }
    }
    let bridge = match &crossing.bridge {
        Bridge::None => String::from("✗ NO BRIDGE"),
        Bridge::Holds { id } => format!("✓ bridge {}", short(id)),
        Bridge::Fails { name, why } => format!("✗ bridge {name} DOES NOT HOLD: {why}"),
    };
    let lines = [
        format!("{sign} {:<7} {}  {at}  {kind} {by}{to}", index.to_string(), short(id)),
        format!("{rest}         {crossed}: {bridge}"),
    ];
    lines.iter().map(|line| printable(line).replace('\n', "\\n") + "\n").collect()
}
