//! Exit codes: one enum, from which the help page is made.

use std::process::ExitCode;

/// What the program says when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or authorized.
    Ok,
    /// It could not be done.
    Error,
    /// The command line makes no sense.
    Usage,
    /// Something was changed after it was signed or logged.
    Tampered,
    /// Judged, and there was no authority.
    NotAuthorized,
    /// Judged, and evidence is missing.
    Indeterminate,
    /// Nothing, or something else, is pinned.
    Untrusted,
    /// There is no such statement.
    NotFound,
    /// The log shows an earlier state than it has shown before.
    Rollback,
    /// Somebody asked for an end before the work was done.
    Stopped,
}

impl Exit {
    /// Every code, ascending.
    pub(crate) const ALL: [Self; 10] = [
        Self::Ok,
        Self::Error,
        Self::Usage,
        Self::Tampered,
        Self::NotAuthorized,
        Self::Indeterminate,
        Self::Untrusted,
        Self::NotFound,
        Self::Rollback,
        Self::Stopped,
    ];

    /// Verdicts, the worst first: of several, this order decides.
    const WORST_FIRST: [Self; 5] =
        [Self::Tampered, Self::Rollback, Self::Untrusted, Self::NotAuthorized, Self::Indeterminate];

    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Tampered => 10,
            Self::NotAuthorized => 11,
            Self::Indeterminate => 12,
            Self::Untrusted => 13,
            Self::NotFound => 14,
            Self::Rollback => 15,
            // What a shell reports of a program that SIGINT ended.
            Self::Stopped => 130,
        }
    }

    /// What it means.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done; of a verdict: authorized",
            Self::Error => "it could not be done; the message says why",
            Self::Usage => "the command line or an ambiguous ID: nothing was done",
            Self::Tampered => "TAMPERED: a hash, link, signature or proof does not hold",
            Self::NotAuthorized => "NOT AUTHORIZED: judged on sound evidence, and there was no authority",
            Self::Indeterminate => {
                "INDETERMINATE or incomplete: evidence is missing, or older than --max-age"
            }
            Self::Untrusted => {
                "UNTRUSTED: no trust file, or it pins another log or key (the answer is still printed)"
            }
            Self::NotFound => "there is no such statement in the log",
            Self::Rollback => "ROLLBACK: the log shows less than it has shown this machine before",
            Self::Stopped => {
                "STOPPED by Ctrl-C or SIGTERM before it was done: what was done is kept, the same command goes on"
            }
        }
    }

    /// The worse of two ends. A verdict is worse than any other end.
    pub(crate) fn worse(self, other: Self) -> Self {
        let rank = |exit: Self| Self::WORST_FIRST.iter().position(|worst| *worst == exit);
        match (rank(self), rank(other)) {
            (Some(a), Some(b)) if b < a => other,
            (Some(_), _) => self,
            (None, Some(_)) => other,
            (None, None) if self == Self::Ok => other,
            (None, None) => self,
        }
    }

    /// The page that `writ help exit-codes` prints.
    pub(crate) fn page() -> String {
        let rows: String =
            Self::ALL.iter().map(|exit| format!("{:>4}  {}\n", exit.code(), exit.meaning())).collect();
        let worst: Vec<String> = Self::WORST_FIRST.iter().map(|exit| exit.code().to_string()).collect();
        format!(
            "Exit codes of writ\n\n{rows}\nWhere several apply, the first of {} decides.\n",
            worst.join(", ")
        )
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_wins_in_the_order_tampered_rollback_untrusted_denied_indeterminate() {
        let order = [10, 15, 13, 11, 12];
        for (at, a) in Exit::WORST_FIRST.iter().enumerate() {
            assert_eq!(a.code(), order[at]);
            for b in &Exit::WORST_FIRST[at..] {
                assert_eq!(a.worse(*b), *a);
                assert_eq!(b.worse(*a), *a);
            }
            assert_eq!(Exit::Ok.worse(*a), *a);
            assert_eq!(a.worse(Exit::Error), *a);
        }
        assert_eq!(Exit::Ok.worse(Exit::Error), Exit::Error);
    }

    #[test]
    fn the_page_lists_every_code_once() {
        let page = Exit::page();
        for exit in Exit::ALL {
            let row = format!("{:>4}  ", exit.code());
            assert_eq!(page.lines().filter(|line| line.starts_with(&row)).count(), 1, "{exit:?}");
        }
    }
}
