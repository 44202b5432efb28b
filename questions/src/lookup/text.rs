//! The answer for people: what it is and which actions it leads to first, then each statement on a branch.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::{Act, How, Lookup, Row};
use crate::text::{plural, printable, row, short, state};

/// Most actions that are listed beside the statements.
const ACTIONS_SHOWN_MAX: usize = 8;

impl How {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::Carries => "carries",
            Self::Issues => "issues",
            Self::Presents => "presents",
            Self::Refers => "refers",
            Self::Withdraws => "withdraws",
            Self::Traced => "traced",
            Self::States => "states",
            Self::Within => "within",
            Self::Signs => "signs",
            Self::Involves => "involves",
            Self::Touches => "touches",
            Self::Ruled => "ruled",
            Self::Requests => "requests",
            Self::Imported => "imported",
        }
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        for (at, found) in self.statements.iter().enumerate() {
            let last = at.saturating_add(1) == self.statements.len() && !self.truncated;
            let sign = if last { "└─" } else { "├─" };
            writeln!(f, "{sign} {}", line(found))?;
        }
        if self.truncated {
            f.write_str("└─ …and more\n")?;
        }
        f.write_str(&foot(self))
    }
}

fn headline(found: &Lookup) -> String {
    let total = match found.total {
        1 => String::from("1 statement holds"),
        total => format!("{total} statements hold"),
    };
    let least = if found.complete { "" } else { "AT LEAST " };
    let mut text = format!("{least}{total} {}\n", one_line(&found.asked));
    for id in &found.ids {
        let of = id.namespace.as_ref().map(|namespace| format!(" of {namespace}")).unwrap_or_default();
        let tenant = id.tenant.as_ref().map(|tenant| format!(" (tenant {tenant})")).unwrap_or_default();
        row(&mut text, "Is", &format!("{}{of}{tenant}", id.kind));
    }
    let groups =
        found.groups.iter().map(|group| format!("{} {} {}", group.count, group.kind, group.how.as_str()));
    row(&mut text, "Held by", &groups.collect::<Vec<_>>().join(", "));
    text += &actions(found);
    text
}

/// How many actions it leads to, and those that are not on this page anyway.
fn actions(found: &Lookup) -> String {
    let mut text = String::new();
    let least = if found.actions_truncated { "AT LEAST " } else { "" };
    row(&mut text, "Leads to", &format!("{least}{}", plural(found.actions.len() as u64, "action")));
    let is_listed = |act: &&Act| found.statements.iter().any(|listed| listed.id == act.id);
    let mut others = found.actions.iter().filter(|act| !is_listed(act));
    for act in others.by_ref().take(ACTIONS_SHOWN_MAX) {
        row(&mut text, "", &format!("{:<7} {}  {}", act.index.to_string(), short(&act.id), act.summary));
    }
    let rest = others.count();
    if rest > 0 {
        row(&mut text, "", &format!("…and {rest} more, in --json and on later pages"));
    }
    text
}

fn line(found: &Row) -> String {
    let how: Vec<&str> = found.how.iter().map(|how| how.as_str()).collect();
    let text = format!(
        "{:<7} {}  {}  {:<10} {:<9} {}",
        found.index.to_string(),
        found.at,
        short(&found.id),
        found.kind.as_str(),
        how.join("+"),
        found.summary
    );
    one_line(&text)
}

fn foot(found: &Lookup) -> String {
    let mut text = String::new();
    row(&mut text, "As of", &state(&found.as_of));
    let next = match (&found.next, found.actions.first(), found.statements.first()) {
        (Some(next), ..) => format!("the same with --page {}", printable(next)),
        (None, Some(act), _) => format!("writ chain {}", short(&act.id)),
        (None, None, Some(first)) => format!("writ show {}", short(&first.id)),
        (None, None, None) => String::from("writ search --help"),
    };
    text += &format!("Next: {next}\n");
    text
}

fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}
