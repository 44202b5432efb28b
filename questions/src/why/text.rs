//! The answer for people: the ruling first, then what it was ruled by as a tree, then what speaks against it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use schemas::kinds::{PolicyRef, Ruling};

use super::{Decided, Why};
use crate::text::{finding, ground, printable, row, short};

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        if let Some(decision) = &self.decision {
            f.write_str(&facts(self, decision))?;
            f.write_str(&tree(decision))?;
        }
        f.write_str(&findings(self))?;
        f.write_str(&ground(&self.as_of, &self.trust, &self.profile, self.absence))?;
        writeln!(f, "Next: {}", next(self))
    }
}

fn headline(why: &Why) -> String {
    let request = &why.request;
    let mut resources = request.resources.iter();
    let first = resources.next().map_or("-", String::as_str);
    let more = match resources.count() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    let what = format!("{} {} {first}{more}", request.actor, request.action.name);
    let word = match why.decision.as_ref().map(|decision| decision.ruling) {
        Some(Ruling::Permit) => "✓ PERMITTED",
        Some(Ruling::Deny) => "✗ DENIED",
        Some(Ruling::Indeterminate) => "? NOT DECIDED",
        None => "? NO DECISION FOUND",
    };
    let mut text = format!("{word}  {}\n", printable(&what).replace('\n', "\\n"));
    if why.decision.is_none() {
        let named = why.named.as_ref();
        let named = named.map_or_else(
            || format!("the {} names no decision", why.subject.kind),
            |name| format!("the {} names decision {name}", why.subject.kind),
        );
        row(&mut text, "Because", &named);
    }
    text
}

fn facts(why: &Why, decision: &Decided) -> String {
    let mut text = String::new();
    let by = &decision.decider;
    let (at, place) = (decision.evaluated_at, decision.index);
    row(&mut text, "Ruled", &format!("by {by} at {at}, {place} {}", decision.assurance));
    if let (Some(attempted), Some(age)) = (why.request.attempted_at, decision.age) {
        let when = if attempted < at {
            format!("BEFORE the ruling, {} earlier", at.since(attempted))
        } else {
            format!("{age} after the ruling")
        };
        row(&mut text, "Used", &format!("at {attempted}, {when}"));
    }
    let reason = decision.reason.as_deref().unwrap_or("none given");
    row(&mut text, "Reason", reason);
    let policy = decision.policy.as_ref().map_or_else(|| String::from("none named"), policy);
    row(&mut text, "Policy", &policy);
    if let Some(risk) = &decision.risk {
        row(&mut text, "Risk", risk);
    }
    text
}

fn policy(policy: &PolicyRef) -> String {
    let mut text = format!("{}", policy.engine);
    for (name, value) in [("", &policy.id), ("revision ", &policy.revision)] {
        if let Some(value) = value {
            text += &format!(" {name}{value}");
        }
    }
    if policy.revision.is_none() {
        text += " of no stated revision";
    }
    if !policy.rules.is_empty() {
        let rules: Vec<&str> = policy.rules.iter().map(|rule| rule.as_str()).collect();
        text += &format!("; rules {}", rules.join(", "));
    }
    text
}

/// What it was ruled by, each on a branch of its own.
fn tree(decision: &Decided) -> String {
    let mut lines: Vec<String> = Vec::new();
    let after = |at| decision.evaluated_at < at;
    let age = |observed: &super::Observed| match after(observed.at) {
        true => format!("AFTER the ruling, at {}", observed.at),
        false => format!("{} old at the ruling", observed.age),
    };
    lines.extend(decision.requested_at.map(|at| format!("asked at {at}")));
    let inputs = decision.inputs.iter();
    lines.extend(inputs.map(|input| format!("input {}: {}", input.name, age(&input.observed))));
    if decision.inputs.is_empty() {
        lines.push("inputs: none stated".into());
    }
    lines.push(match &decision.revocations {
        Some(looked_up) => format!("revocations: {}", age(looked_up)),
        None => "revocations: not said when they were looked up".into(),
    });
    lines.extend(decision.cached_age.map(|age| format!("FROM A CACHE: ruled {age} before it was answered")));
    let digest = decision.context.as_ref().map(|digest| {
        let hex: String = digest.value.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("context {} {hex}", digest.alg)
    });
    lines.extend(digest);
    lines.extend(decision.basis.as_ref().map(|basis| format!("rests on {basis}")));
    lines.extend(decision.granularity.as_ref().map(|fine| format!("as fine as {fine}")));
    lines.extend(
        decision.relied_on.iter().map(|relied| format!("{} {}", relied.kind.replace('_', " "), relied.name)),
    );
    lines.extend(decision.obligations.iter().map(|obliged| format!("obliges to {obliged}")));
    lines.extend(decision.pep.as_ref().map(|pep| format!("enforced by {pep}")));
    lines.extend(decision.fail_mode.as_ref().map(|mode| format!("fails {mode}")));
    let stated = match decision.valid_until {
        Some(valid) if valid == decision.usable_until => "as it says",
        _ => "by the profile",
    };
    lines.push(format!("may be used until {}, {stated}", decision.usable_until));
    lines.extend(decision.use_limit.map(|limit| format!("for at most {limit} actions")));
    let last = lines.len().saturating_sub(1);
    let branch = |(at, line): (usize, &String)| {
        let sign = if at == last { "└─" } else { "├─" };
        format!("{sign} {}\n", printable(line).replace('\n', "\\n"))
    };
    lines.iter().enumerate().map(branch).collect()
}

fn findings(why: &Why) -> String {
    if why.findings.is_empty() {
        return "Findings none about the decision\n".into();
    }
    let mut text = format!("Findings {} about the decision\n", why.count);
    why.findings.iter().for_each(|found| text += &format!("  {}", finding(found)));
    if why.truncated {
        text += "  …and more\n";
    }
    text
}

/// What to ask next.
fn next(why: &Why) -> String {
    let who = format!("writ who {}", short(&why.subject.id));
    match &why.decision {
        Some(decision) if decision.id != why.subject.id => {
            format!("{who}     writ show {}", short(&decision.id))
        }
        _ => who,
    }
}
