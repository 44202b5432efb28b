//! A report as one page of HTML: no script, nothing that is fetched, foreign words escaped by the template.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use verifier::verdict::Finding;

use super::frameworks::{ByControl, ByFramework};
use super::{Action, ByRule, Report, Unjudged, text};
use questions::printable;
use questions::short;

/// The page's own style. Nothing foreign is in it.
const STYLE: &str = include_str!("style.css");

/// Nothing may be fetched or run, whatever a foreign word says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn page(report: &Report) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "writ report: " (text::sum(report)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (answer(report))
                (rules(&report.rules))
                (actions(report))
                (frameworks(&report.frameworks))
            }
        }
    };
    page.into_string() + "\n"
}

/// Foreign words: what would not show is written as it is spelled.
fn shown(text: &str) -> String {
    printable(text).to_string()
}

fn answer(report: &Report) -> Markup {
    let (about, verdicts) = (&report.about, &report.verdicts);
    html! {
        header {
            h1 { "Who authorized what" }
            p { (text::sum(report)) }
        }
        @if !about.complete {
            p.loud role="alert" { "CUT: not every action that fits was judged. Ask for a shorter span." }
        }
        @if about.evidence == "own" {
            p.loud role="alert" { "THE SERVER'S WORD: its own judgement of its own log, which nobody checked." }
        } @else if !about.pinned {
            p.loud role="alert" { "NOT PINNED: no trust file vouches for the log's key, so nothing here can be authorized." }
        }
        h2.first { "What was asked" }
        dl {
            dt { "Asked" } dd { (shown(&text::asked(report))) }
            dt { "Log" } dd { (shown(&about.as_of.origin)) ", size " (about.as_of.size) " of " (about.as_of.time) }
            dt { "Root" } dd { code { (about.as_of.root) } }
            dt { "On whose word" } dd { (shown(&text::trust(report))) }
        }
        table {
            caption { "Verdicts" }
            thead { tr { th scope="col" { "outcome" } th scope="col" { "actions" } } }
            tbody {
                (row("authorized", verdicts.authorized))
                (row("not authorized", verdicts.not_authorized))
                (row("indeterminate: evidence is missing", verdicts.indeterminate))
                (row("not judged", verdicts.unjudged))
                (row("all", verdicts.actions))
            }
        }
        table {
            caption { "Coverage: of how many judged actions it is known" }
            thead { tr { th scope="col" { "what" } th scope="col" { "actions" } } }
            tbody {
                @for (name, covered) in text::covered(report) {
                    tr { th scope="row" { (name) } td.number { (covered) } }
                }
            }
        }
        @if !report.unjudged.is_empty() { (unjudged(&report.unjudged)) }
    }
}

fn row(name: &str, number: u64) -> Markup {
    html! { tr { th scope="row" { (name) } td.number { (number) } } }
}

fn unjudged(unjudged: &[Unjudged]) -> Markup {
    html! {
        table {
            caption { "Without a verdict" }
            thead { tr { th scope="col" { "action" } th scope="col" { "why" } } }
            tbody {
                @for Unjudged { id, index, code, what } in unjudged {
                    tr {
                        th scope="row" { (index) " " code { (short(id)) } }
                        td { code { (shown(code)) } ": " (shown(what)) }
                    }
                }
            }
        }
    }
}

fn rules(rules: &[ByRule]) -> Markup {
    html! {
        h2 { "Findings by rule" }
        @if rules.is_empty() { p { "No rule found anything." } } @else {
            table {
                caption { "Worst first. An effect of " em { "none" } " is a warning: shown, and changes nothing." }
                thead {
                    tr {
                        th scope="col" { "rule" } th scope="col" { "finds that" } th scope="col" { "effect" }
                        th scope="col" { "actions" } th scope="col" { "findings" } th scope="col" { "for example" }
                    }
                }
                tbody {
                    @for ByRule { rule, means, effect, findings, actions, examples, .. } in rules {
                        tr {
                            th scope="row" { code { (rule) } }
                            td { (means) }
                            td class=(effect.as_str()) { (effect.as_str()) }
                            td.number { (actions) }
                            td.number { (findings) }
                            td { @for example in examples { code { (short(&example.id)) } " " } }
                        }
                    }
                }
            }
        }
    }
}

fn actions(report: &Report) -> Markup {
    html! {
        h2 { "Not authorized, or not to be told" }
        @if report.actions.is_empty() { p { "No action." } }
        @if report.left_out > 0 {
            p.loud { (report.left_out) " more are counted and not listed here." }
        }
        @for action in &report.actions { (action_of(action)) }
    }
}

fn action_of(action: &Action) -> Markup {
    let principal = if action.principal.is_empty() { "nobody that is known" } else { &action.principal };
    html! {
        article {
            h3 { (action.index) " " span class=(action.outcome.as_str()) { (action.outcome.as_str()) } ": " (shown(&action.what)) }
            dl {
                dt { "Id" } dd { code { (action.id) } }
                dt { "On behalf of" } dd { (shown(principal)) }
                dt { "When" } dd { (action.moment) }
                dt { "Went wrong at" } dd { (shown(&action.at())) }
                dt { "Profile" } dd { (shown(&action.profile)) }
            }
            table {
                caption { "Findings" }
                thead {
                    tr {
                        th scope="col" { "rule" } th scope="col" { "effect" } th scope="col" { "what was found" }
                        th scope="col" { "expected" } th scope="col" { "got" } th scope="col" { "entry" }
                    }
                }
                tbody { @for finding in &action.findings { (finding_of(finding)) } }
            }
        }
    }
}

fn finding_of(finding: &Finding) -> Markup {
    html! {
        tr {
            th scope="row" { code { (finding.code) } }
            td class=(finding.effect.as_str()) { (finding.effect.as_str()) }
            td { (shown(&finding.detail)) }
            td { (shown(&finding.expected)) }
            td { (shown(&finding.got)) }
            td { @if let Some(index) = finding.index { (index) } }
        }
    }
}

fn frameworks(frameworks: &[ByFramework]) -> Markup {
    html! {
        h2 { "Controls that findings bear on" }
        p { "A finding is a hint to a control, never proof that it failed; a control that is not touched is not shown to hold." }
        @for ByFramework { title, version, url, controls, untouched, .. } in frameworks {
            h3 { (title) " " (version) }
            p { code { (url) } }
            @if controls.is_empty() { p { "No finding bears on a control of it." } } @else { (controls_of(controls)) }
            @if !untouched.is_empty() {
                p { "Not touched: " @for control in untouched { (control.id) " " (control.title) "; " } }
            }
        }
    }
}

fn controls_of(controls: &[ByControl]) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "control" } th scope="col" { "errors" } th scope="col" { "warnings" }
                    th scope="col" { "rules, why, and where that is seen" }
                }
            }
            tbody {
                @for ByControl { control, errors, warnings, why } in controls {
                    tr {
                        th scope="row" { (control.id) ": " (control.title) }
                        td.number { (errors) }
                        td.number { (warnings) }
                        td {
                            @for why in why {
                                p { @for rule in &why.rules { code { (rule) } " " } (why.reason) " (" (why.source) ")" }
                            }
                        }
                    }
                }
            }
        }
    }
}
