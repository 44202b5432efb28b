//! The answer for people: how many and what is left first, then each action on a branch.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Use, Uses};
use crate::text::{printable, row, short, state};

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        for (at, used) in self.uses.iter().enumerate() {
            let last = at.saturating_add(1) == self.uses.len() && !self.truncated;
            let sign = if last { "└─" } else { "├─" };
            writeln!(f, "{sign} {}", line(used))?;
        }
        if self.truncated {
            f.write_str("└─ …and more\n")?;
        }
        f.write_str(&foot(self))
    }
}

fn headline(uses: &Uses) -> String {
    let total = match uses.total {
        1 => String::from("1 action"),
        total => format!("{total} actions"),
    };
    let least = if uses.complete { "" } else { "AT LEAST " };
    let of = &uses.of;
    let mut text = format!("{least}{total} relied on {} {} ({})\n", of.kind, short(&of.id), of.index);
    if uses.retries > 0 {
        row(
            &mut text,
            "Retries",
            &format!("{} of them say that they try an earlier one again", uses.retries),
        );
    }
    let limit = match &uses.limit {
        None => String::from("none"),
        Some(limit) => match (limit.used, limit.left) {
            (Some(used), _) if used > limit.allowed => {
                format!(
                    "{} allowed, {used} used: EXCEEDED by {}",
                    limit.allowed,
                    used.saturating_sub(limit.allowed)
                )
            }
            (Some(used), Some(left)) => format!("{} allowed, {used} used, {left} left", limit.allowed),
            _ => format!("{} allowed; how many are used is not known: more than are counted", limit.allowed),
        },
    };
    let handed_on = uses.limit.map(|limit| limit.handed_on).filter(|handed_on| *handed_on > 0);
    let handed_on = handed_on.map(|count| format!("; {count} of them handed on")).unwrap_or_default();
    row(&mut text, "Limit", &format!("{limit}{handed_on}"));
    text
}

fn line(used: &Use) -> String {
    let mut resources = used.resources.iter();
    let first = resources.next().map_or("-", String::as_str);
    let more = match resources.count() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    let outcome = used.outcome.map_or_else(|| "no outcome".to_string(), |outcome| outcome.to_string());
    let through = used.through.map(|id| format!("  through decision {}", short(&id))).unwrap_or_default();
    let retry = used.retry_of.as_ref().map(|of| format!("  tries {of} again")).unwrap_or_default();
    let what = format!("{} {} {first}{more}", used.actor, used.action);
    let text = format!(
        "{:<7} {}  {}  {what}  {outcome}{through}{retry}",
        used.index.to_string(),
        used.attempted_at,
        short(&used.id)
    );
    printable(&text).replace('\n', "\\n")
}

fn foot(uses: &Uses) -> String {
    let mut text = String::new();
    row(&mut text, "As of", &state(&uses.as_of));
    let id = short(&uses.of.id);
    let next = match (&uses.next, uses.uses.last()) {
        (Some(next), _) => format!("writ uses {id} --page {}", printable(next)),
        (None, Some(last)) => format!("writ who {}", short(&last.id)),
        (None, None) => format!("writ show {id}"),
    };
    text += &format!("Next: {next}\n");
    text
}
