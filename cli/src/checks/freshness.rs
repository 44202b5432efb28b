//! How old a checkpoint may be, against a time that the caller gives.

use schemas::time::{Millis, Time};
use verifier::checkpoint::VerifiedHead;

use super::{Check, broken, holds, skipped};
use crate::failure::Failure;
use crate::moment;

const NAME: &str = "freshness";

/// Arguments of every command that stands on a checkpoint.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Freshness {
    /// Oldest checkpoint to stand on, by the latest time that the log or a trusted witness signed under it: 2h, 3d. One that
    /// is older, or says no time, leaves the answer open (12)
    #[arg(long, value_name = "DURATION")]
    max_age: Option<String>,
    /// The time to hold that against [default: this machine's clock]
    #[arg(long, value_name = "TIME", requires = "max_age")]
    now: Option<String>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AgeLimit(Option<Asked>);

#[derive(Clone, Copy, Debug)]
struct Asked {
    max_age: Millis,
    now: Time,
    /// Whose time that is.
    clock: &'static str,
}

impl Freshness {
    /// What is asked for. The clock is read only where it has to be.
    pub(crate) fn limit(&self) -> Result<AgeLimit, Failure> {
        let Some(max_age) = &self.max_age else { return Ok(AgeLimit::default()) };
        let max_age = moment::span(max_age)?;
        let (now, clock) = match &self.now {
            Some(now) => (moment::parse(now)?, "as given"),
            None => (moment::now(), "this machine's clock"),
        };
        Ok(AgeLimit(Some(Asked { max_age, now, clock })))
    }
}

impl AgeLimit {
    /// Whether a checked head is as young as asked for.
    pub(super) fn check(self, head: &VerifiedHead) -> Check {
        let renewed = head.latest_time().map(|seconds| moment::show(Time(seconds.saturating_mul(1_000))));
        let Some(Asked { max_age, now, clock }) = self.0 else {
            return match renewed {
                Some(renewed) => skipped(NAME, format!("renewed at {renewed}; --max-age was not asked for")),
                None => skipped(NAME, "nobody signed a time; --max-age was not asked for"),
            };
        };
        let now_shown = format!("now is {} ({clock})", moment::show(now));
        match head.fresh_at(now, max_age) {
            Ok(age) => {
                let renewed = renewed.unwrap_or_default();
                holds(NAME, format!("renewed at {renewed}, {age} ago; at most {max_age}; {now_shown}"))
            }
            Err(error) => broken(NAME, format!("{}: {error}; {now_shown}", error.code())),
        }
    }

    /// Where there is no checkpoint of a pinned log to take a time from.
    pub(super) fn without_head(self) -> Check {
        let detail = "no time can be taken from a checkpoint that is not the pinned log's";
        if self.0.is_some() { broken(NAME, detail) } else { skipped(NAME, detail) }
    }
}
