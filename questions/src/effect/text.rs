//! The answer for people: whether it was still acted on, how long each step took, and each action with what the judge says.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Actor, Done, Effect, Withdrawal};
use crate::blast::named;
use crate::text::{line, plural, row, short, state};

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        f.write_str(&times(self))?;
        f.write_str(&acts(self))?;
        f.write_str(&actors(self))?;
        f.write_str(&foot(self))
    }
}

fn headline(effect: &Effect) -> String {
    let total = &effect.total;
    let of = line(&format!("{} {}", effect.of.sort, effect.of.name));
    let least = if effect.complete { "" } else { "AT LEAST " };
    let mut text = match total.acted {
        0 if effect.complete => format!("✓ Nothing was done on {of} after it was withdrawn\n"),
        acted => format!("✗ {least}{} on {of} AFTER it was withdrawn\n", plural(acted, "action")),
    };
    if !effect.complete {
        let cut = format!("after {} statements; there are more, and the counts are too low", effect.examined);
        row(&mut text, "CUT", &cut);
    }
    let denied = total.denied.saturating_add(total.refused);
    if denied > 0 {
        let before = format!("{} of them before any action", total.refused);
        row(&mut text, "Denied", &format!("{} afterwards, {before}", plural(denied, "attempt")));
    }
    if total.claimed_before > 0 {
        let actions = plural(total.claimed_before, "action");
        row(
            &mut text,
            "Late",
            &format!("{actions} logged afterwards, attempted before, as their signers say"),
        );
    }
    text
}

fn times(effect: &Effect) -> String {
    let mut text = String::new();
    for one in &effect.withdrawals {
        row(&mut text, "Revoked", &withdrawal(one));
    }
    let times = &effect.times;
    let mut took = format!("{} until it was said, {} until it was logged", times.to_say, times.to_log);
    if let Some((last, after)) = times.last.zip(times.to_last) {
        took += &format!("; acted on for {after}, until {last}");
        let known = effect.total.after_logged;
        if known > 0 {
            took += &format!(", {known} of them after it was logged");
        }
    }
    row(&mut text, "Took", &took);
    text
}

fn withdrawal(one: &Withdrawal) -> String {
    let cause = one.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    format!("as of {} by {}{cause}, {} {}", one.effective, one.revoker, one.index, short(&one.id))
}

fn acts(effect: &Effect) -> String {
    if effect.acts.is_empty() {
        return String::new();
    }
    let judged = &effect.judged;
    let of = if effect.count as u64 == effect.total.acted {
        String::new()
    } else {
        format!("of these {} of {}:  ", effect.count, effect.total.acted)
    };
    let mut text = format!(
        "Judged   {of}{} not authorized, {} authorized by another way, {} cannot be told",
        judged.not_authorized, judged.authorized, judged.indeterminate
    );
    if judged.unjudged > 0 {
        text += &format!(", {} NOT JUDGED", judged.unjudged);
    }
    text.push('\n');
    effect.acts.iter().for_each(|done| text += &format!("  {}\n", line(&act(done))));
    text
}

fn act(done: &Done) -> String {
    let verdict = match done.verdict.as_str() {
        "authorized" => {
            let way: alloc::vec::Vec<String> = done.way.iter().map(ToString::to_string).collect();
            format!("✓ authorized by {}", way.join(" "))
        }
        "not-authorized" => format!("✗ {}", done.findings.join(", ")),
        "indeterminate" => format!("? {}", done.findings.join(", ")),
        _ => "? NOT JUDGED: more is involved than is judged by".to_string(),
    };
    let mut resources = done.resources.iter();
    let first = resources.next().map_or("-", String::as_str);
    let more = match resources.count() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    let outcome = done.outcome.map_or_else(|| "no outcome".to_string(), |outcome| outcome.to_string());
    let id = short(&done.id);
    let (index, at) = (done.index.to_string(), done.at);
    format!("{index:<7} {at}  {id}  {} {} {first}{more}  {outcome}  {verdict}", done.actor, done.action)
}

fn actors(effect: &Effect) -> String {
    if effect.actors.is_empty() {
        return String::new();
    }
    let total = effect.total.actors;
    let listed = effect.actors.len();
    let shown = if total == listed as u64 { String::new() } else { format!(", {listed} of them shown") };
    let mut text = format!("By  {total}{shown}\n");
    effect.actors.iter().for_each(|one| text += &format!("  {}\n", line(&actor(one))));
    text
}

fn actor(one: &Actor) -> String {
    format!("{}  {}, {} denied, last {}", one.principal, plural(one.acted, "action"), one.denied, one.last)
}

fn foot(effect: &Effect) -> String {
    let mut text = String::new();
    row(&mut text, "As of", &state(&effect.as_of));
    // One withdrawal stands for its question; where there are several, what they withdraw does.
    let asked = match effect.withdrawals.as_slice() {
        [only] => short(&only.id),
        _ => named(&effect.of),
    };
    let next = match (&effect.next, effect.acts.first()) {
        (Some(next), _) => format!("writ effect {asked} --page {next}"),
        (None, Some(done)) => format!("writ who {}", short(&done.id)),
        (None, None) => format!("writ blast {}", named(&effect.of)),
    };
    text += &format!("Next: {}\n", line(&next));
    text
}
