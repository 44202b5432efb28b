//! What is counted, and the table of it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use crate::Form;
use crate::machine::Needs;

/// One kind of fault.
pub(crate) struct Case {
    /// Begins with `control: ` where acknowledged statements must be lost.
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    pub(crate) run: fn(Form, &mut Figures),
}

impl Case {
    fn is_control(&self) -> bool {
        self.name.starts_with("control: ")
    }
}

/// What came of one case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// Faults.
    pub(crate) runs: u64,
    /// Receipts that the client held when the fault came.
    pub(crate) acknowledged: u64,
    /// Receipts that verified afterwards.
    pub(crate) recovered: u64,
    /// Receipts of logs that were refused at start, each time with the code that was expected: nothing was served wrongly.
    pub(crate) withheld: u64,
    /// Receipts that a log in service did not honour.
    pub(crate) lost: u64,
    /// Refusals, by reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Takes too long for the short form, which leaves it out.
    pub(crate) long_only: bool,
    /// What else is worth knowing.
    pub(crate) notes: Vec<String>,
}

/// The table, filled case by case.
pub(crate) struct Table {
    passed: u64,
    failed: Vec<&'static str>,
    skipped: Vec<String>,
}

impl Table {
    pub(crate) fn new(form: Form) -> Self {
        let form_name =
            if form == Form::Long { "long form" } else { "short form; `make crash` runs the long one" };
        println!("\ncrash tests, {form_name}");
        println!(
            "{:<58} {:>5} {:>7} {:>9} {:>8} {:>5} {:>6}  refused and why; notes",
            "case", "runs", "acked", "recovered", "withheld", "lost", "s"
        );
        Self { passed: 0, failed: Vec::new(), skipped: Vec::new() }
    }

    pub(crate) fn skipped(&mut self, case: &Case, missing: &str) {
        println!("{:<58} skipped: {missing}", case.name);
        self.skipped.push(format!("{} ({missing})", case.name));
    }

    pub(crate) fn ran(&mut self, case: &Case, figures: Figures, took: Duration, ended: bool) {
        if figures.long_only && ended {
            return self.skipped(case, "in the long form only");
        }
        let refused = figures.refused.iter().map(|(why, count)| format!("{count} × {why}"));
        let words: Vec<String> = refused.chain(figures.notes).collect();
        println!(
            "{:<58} {:>5} {:>7} {:>9} {:>8} {:>5} {:>6.1}  {}",
            case.name,
            figures.runs,
            figures.acknowledged,
            figures.recovered,
            figures.withheld,
            figures.lost,
            took.as_secs_f64(),
            words.join("; ")
        );
        let accounted = figures.recovered + figures.withheld + figures.lost == figures.acknowledged;
        let lost_as_it_must = (figures.lost > 0) == case.is_control();
        if ended && accounted && lost_as_it_must && figures.runs > 0 {
            self.passed += 1;
        } else {
            let why =
                if !ended { "it ended early, see above" } else { "its figures are not what they must be" };
            println!("FAILED: {}: {why}", case.name);
            self.failed.push(case.name);
        }
    }

    /// The sums. A control that lost nothing is a failure like a case that lost something.
    pub(crate) fn close(self) -> ExitCode {
        for skipped in &self.skipped {
            println!("skipped: {skipped}");
        }
        println!("\n{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped.len());
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
