//! A course of work: a task, or a distributed trace.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::{ByteString, TermId};
use schemas::payload::{Kind, Payload};
use schemas::query::{Query, What};
use schemas::term::Term;
use schemas::text::{Line, Tenant};

use crate::kept::Placed;

/// Hex digits of a trace id (W3C Trace Context, `trace-id`).
const TRACE_DIGITS: usize = 32;

/// What a name begins with that says outright that it is a task's.
const TASK: &str = "task:";

/// The same of a trace.
const TRACE: &str = "trace:";

/// What statements can belong to together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// A task, within a tenant.
    Task {
        /// Its tenant.
        tenant: Tenant,
        /// Its name.
        task: Line,
    },
    /// A distributed trace, across tenants.
    Trace(ByteString),
}

impl Course {
    /// Whether a name says outright that it is of a task or a trace: `task:…`, `trace:…`.
    pub fn is_typed(name: &str) -> bool {
        name.starts_with(TASK) || name.starts_with(TRACE)
    }

    /// What a name can be of: a task of exactly this name, one of the name behind `task:`, a trace.
    pub fn named(name: &str, tenant: &Tenant) -> Vec<Self> {
        let task = |name: &str| Some(Self::Task { tenant: tenant.clone(), task: Line::new(name).ok()? });
        let typed = name.strip_prefix(TASK).and_then(task);
        let trace = trace_id(name.strip_prefix(TRACE).unwrap_or(name)).map(Self::Trace);
        task(name).into_iter().chain(typed).chain(trace).collect()
    }

    /// The first of these that any statement belongs to.
    pub fn find<P: Placed>(name: &str, tenant: &Tenant, log: &P) -> Result<Option<Self>, P::Error> {
        for course in Self::named(name, tenant) {
            let rows = log.find(&[course.term()], 1)?;
            if rows.into_iter().flatten().any(|index| index.0 < log.size()) {
                return Ok(Some(course));
            }
        }
        Ok(None)
    }

    /// What its statements are found by.
    pub fn term(&self) -> TermId {
        match self {
            Self::Task { tenant, task } => Term::Task(tenant, task).id(),
            Self::Trace(trace) => Term::Trace(trace).id(),
        }
    }

    /// Whether a statement belongs to it.
    pub fn holds(&self, payload: &Payload) -> bool {
        match self {
            Self::Task { tenant, task } => payload.tenant == *tenant && payload.task.as_ref() == Some(task),
            Self::Trace(trace) => payload.trace.as_ref().is_some_and(|own| own.trace_id == *trace),
        }
    }

    /// Its actions.
    pub fn actions(&self) -> Query {
        Query::default()
            .with(Some(What::Terms(Vec::from([self.term()]))))
            .with(Some(What::kind(Kind::Action)))
    }

    /// `task` or `trace`.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Task { .. } => "task",
            Self::Trace(_) => "trace",
        }
    }

    /// Its name: of a trace the 32 hex digits.
    pub fn name(&self) -> String {
        match self {
            Self::Task { task, .. } => task.to_string(),
            Self::Trace(trace) => trace.0.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The tenant within which its name means something.
    pub fn tenant(&self) -> Option<&Tenant> {
        match self {
            Self::Task { tenant, .. } => Some(tenant),
            Self::Trace(_) => None,
        }
    }
}

/// A trace id in hex digits, whatever their case.
fn trace_id(digits: &str) -> Option<ByteString> {
    if digits.len() != TRACE_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at.checked_add(2)?)?, 16).ok();
    (0..TRACE_DIGITS).step_by(2).map(byte).collect::<Option<Vec<u8>>>().map(ByteString)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_of_a_task_with_and_without_its_word_and_of_a_trace() {
        let tenant = Tenant::default_label();
        let names = |name: &str| -> Vec<(&str, String)> {
            Course::named(name, &tenant).iter().map(|course| (course.sort(), course.name())).collect()
        };
        assert_eq!(names("q4"), [("task", "q4".into())]);
        assert_eq!(names("task:q4"), [("task", "task:q4".into()), ("task", "q4".into())]);
        let trace = "4BF92F3577B34DA6A3CE929D0E0E4736";
        let own = ("trace", trace.to_lowercase());
        assert_eq!(names(trace), [("task", trace.into()), own.clone()]);
        assert_eq!(names(&format!("trace:{trace}"))[1], own);
        assert_eq!(names(&trace[1..]).len(), 1, "a digit too few");
    }
}
