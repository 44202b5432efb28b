//! The answer for people: the sum first, then what cannot be undone, then what was done where, then who else and what is left.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use schemas::text::Tenant;

use super::{Blast, Heir, Hop, Of, Row, Undoable};
use crate::standing::{Carries, LostBy};
use crate::text::{line, plural, printable, quoted, row, short, state};

/// Widest column of the table, in characters: what is longer moves the rest of its line.
const COLUMN_MAX: usize = 48;

impl fmt::Display for Blast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        f.write_str(&irreversible(self))?;
        f.write_str(&table(self))?;
        f.write_str(&downstream(self))?;
        f.write_str(&open(self))?;
        f.write_str(&foot(self))
    }
}

fn headline(blast: &Blast) -> String {
    let of = &blast.of;
    let total = &blast.total;
    let least = if blast.complete { "" } else { "AT LEAST " };
    let what = format!(
        "{least}{} on {} by {} {}",
        plural(total.actions, "action"),
        plural(total.resources, "resource"),
        of.sort,
        of.name
    );
    let mut text = format!("{}\n", line(&what));
    if !blast.complete {
        let cut = format!("after {} statements; there are more, and the counts are too low", blast.examined);
        row(&mut text, "CUT", &cut);
    }
    let outcomes = &total.outcomes;
    let each = [
        (outcomes.completed, "completed"),
        (outcomes.failed, "failed"),
        (outcomes.denied, "denied"),
        (outcomes.suppressed, "suppressed"),
        (outcomes.unknown, "without an outcome"),
        (outcomes.refused, "refused before any action"),
    ];
    let each: Vec<String> =
        each.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if !each.is_empty() {
        row(&mut text, "Outcome", &each.join(", "));
    }
    let since = blast.since.map(|since| format!("from {since}"));
    let until = blast.until.map(|until| format!("until {until}"));
    let span: Vec<String> = since.into_iter().chain(until).collect();
    if !span.is_empty() {
        row(&mut text, "When", &span.join(" "));
    }
    text
}

fn irreversible(blast: &Blast) -> String {
    let found = &blast.irreversible;
    let mut text = String::new();
    if found.total > 0 {
        text += &format!("CANNOT BE UNDONE  {}\n", shown(found.total, found.listed.len()));
        found.listed.iter().for_each(|one| text += &format!("  {}\n", line(&lasting(one))));
    }
    if found.unknown > 0 {
        let actions = plural(found.unknown, "more action");
        text += &format!("Of {actions} nobody says whether what was changed can be undone\n");
    }
    text
}

fn lasting(one: &Undoable) -> String {
    let outcome = one.outcome.map_or_else(|| "no outcome".to_string(), |outcome| outcome.to_string());
    let outside = if one.external { "  outside the organisation" } else { "" };
    let targets = one.targets.join(", ");
    let id = short(&one.id);
    format!(
        "{:<7} {}  {id}  {} {}  {targets}  {outcome}{outside}",
        one.index.to_string(),
        one.at,
        one.actor,
        one.action
    )
}

fn table(blast: &Blast) -> String {
    if blast.rows.is_empty() {
        return String::new();
    }
    let name = |row: &Row| line(row.resource.as_deref().unwrap_or("-"));
    let resource = width(blast.rows.iter().map(name), "RESOURCE");
    let action = width(blast.rows.iter().map(|row| line(&row.action)), "ACTION");
    let mut text = format!(
        "{:<resource$}  {:<action$}  {:>7}  {:>6}  {:>6}  {:>6}  LAST\n",
        "RESOURCE", "ACTION", "ACTIONS", "DONE", "FAILED", "DENIED"
    );
    for row in &blast.rows {
        let outcomes = &row.outcomes;
        let denied = outcomes.denied.saturating_add(outcomes.refused);
        let mut note = String::new();
        for (count, word) in [
            (outcomes.refused, "refused before any action"),
            (outcomes.suppressed, "suppressed"),
            (outcomes.unknown, "without an outcome"),
        ] {
            if count > 0 {
                note += &format!("  {count} {word}");
            }
        }
        text += &format!(
            "{:<resource$}  {:<action$}  {:>7}  {:>6}  {:>6}  {denied:>6}  {} {}{note}\n",
            name(row),
            line(&row.action),
            row.actions,
            outcomes.completed,
            outcomes.failed,
            row.last,
            row.index
        );
    }
    if blast.count as u64 != blast.total.rows {
        text += &format!("{} of {} rows\n", blast.count, blast.total.rows);
    }
    text
}

fn downstream(blast: &Blast) -> String {
    let found = &blast.downstream;
    if found.total == 0 {
        return String::new();
    }
    let mut text = format!("Authority from it went to  {}\n", shown(found.total, found.listed.len()));
    found.listed.iter().for_each(|one| text += &format!("  {}\n", line(&heir(one))));
    text
}

fn heir(heir: &Heir) -> String {
    let actions = plural(heir.actions, "action");
    let below = match heir.above {
        0 => String::new(),
        above => format!(", {above} below"),
    };
    format!(
        "{}  from {}  delegation {} {}{below}  {actions}",
        heir.principal,
        heir.from,
        short(&heir.hop),
        heir.index
    )
}

fn open(blast: &Blast) -> String {
    let open = &blast.open;
    if open.delegations == 0 {
        return String::new();
    }
    let lost = format!("not held ({})", LostBy::said(&open.lost_by));
    let mut rest = String::new();
    for (count, what) in [
        (open.uncertain, "UNCERTAIN"),
        (open.expired, "expired"),
        (open.lost, lost.as_str()),
        (open.unexamined, "NOT JUDGED"),
    ] {
        if count > 0 {
            rest += &format!("; {count} {what}");
        }
    }
    let stand = if open.open == 1 { "stands" } else { "stand" };
    let of = plural(open.delegations, "delegation");
    let mut text = format!("Could still act  {} of {of} {stand} now{rest}\n", open.open);
    open.listed.iter().for_each(|hop| text += &format!("  {}\n", line(&still(hop))));
    let shown = open.open.saturating_add(open.uncertain);
    if open.listed.len() as u64 != shown {
        text += &format!("  {} of {shown}\n", open.listed.len());
    }
    if open.unexamined > 0 {
        text += &format!(
            "  CUT: {} more have not expired and are not judged here: ask about a delegation below, or `writ authority` of who acts\n",
            open.unexamined
        );
    }
    text
}

fn still(hop: &Hop) -> String {
    let until = hop.expires.map_or_else(|| "WITHOUT END".to_string(), |expires| format!("until {expires}"));
    let id = short(&hop.id);
    let sign = if hop.carries == Carries::Held { '✓' } else { '?' };
    format!(
        "{sign} {:<7} {id}  {} to {}  {}  {until}",
        hop.index.to_string(),
        hop.delegator,
        hop.delegatee,
        hop.scope
    )
}

fn foot(blast: &Blast) -> String {
    let mut text = String::new();
    row(&mut text, "As of", &state(&blast.as_of));
    let name = named(&blast.of);
    let lasting = blast.irreversible.listed.first().map(|one| one.index);
    let next = match (&blast.next, lasting, blast.open.listed.first(), blast.rows.first()) {
        (Some(next), ..) => format!("writ blast {name} --page {}", printable(next)),
        (None, Some(index), ..) => format!("writ who '#{}'", index.0),
        (.., Some(hop), _) => format!("writ revoke {} --key FILE", short(&hop.id)),
        (.., Some(row)) => format!("writ who '#{}'", row.index.0),
        _ => format!("writ search {}", quoted(&blast.of.name)),
    };
    text += &format!("Next: {}\n", line(&next));
    text
}

/// A name as it is typed, with the tenant that it needs.
pub(crate) fn named(of: &Of) -> String {
    let tenant = of.tenant.as_ref().filter(|tenant| *tenant != Tenant::default_label().as_str());
    let tenant = tenant.map(|tenant| format!(" --tenant {}", quoted(tenant))).unwrap_or_default();
    format!("{}{tenant}", quoted(&of.name))
}

fn shown(total: u64, listed: usize) -> String {
    if total == listed as u64 { total.to_string() } else { format!("{total}, {listed} of them shown") }
}

fn width(names: impl Iterator<Item = String>, title: &str) -> usize {
    let most = names.map(|name| name.chars().count()).max().unwrap_or_default();
    most.max(title.len()).min(COLUMN_MAX)
}
