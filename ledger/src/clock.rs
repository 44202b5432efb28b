//! Where time comes from. Only the sequencer asks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use schemas::time::{Millis, Time};

/// How far the clock may be behind the head before the log stops (design §5).
pub const CLOCK_BEHIND_MAX: Millis = Millis(1_000);

/// A clock that can be wrong, and the time that really passed.
pub trait Clock: Send + 'static {
    /// What the wall clock says.
    fn now(&self) -> Time;
    /// A count of milliseconds that never jumps.
    fn elapsed(&self) -> Millis;
}

/// The system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Begins counting.
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn elapsed(&self) -> Millis {
        Millis(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Holds the wall clock against the head and against the time that really passed.
#[derive(Debug)]
pub struct ClockGuard {
    ahead_max: Millis,
    /// Wall clock and count of the last reading; nothing before the first.
    last: Option<(Time, Millis)>,
}

impl ClockGuard {
    /// A guard that lets the clock run ahead by this much more than really passed.
    pub fn new(ahead_max: Millis) -> Self {
        Self { ahead_max, last: None }
    }

    /// The time for the next group after a head of `head`, or why the clock cannot be believed.
    ///
    /// How long nobody wrote while the program was down cannot be known, so the first reading may be far ahead.
    pub fn read(&mut self, clock: &dyn Clock, head: Time) -> Result<Time, String> {
        let (now, elapsed) = (clock.now(), clock.elapsed());
        if now.later(CLOCK_BEHIND_MAX) < head {
            let behind = head.since(now).0;
            return Err(format!(
                "the clock is {behind} ms behind the head; at most {} is accepted",
                CLOCK_BEHIND_MAX.0
            ));
        }
        if let Some((last, then)) = self.last {
            let passed = Millis(elapsed.0.saturating_sub(then.0));
            let latest = last.max(head).later(passed).later(self.ahead_max);
            if now > latest {
                let ahead = now.since(last.max(head)).0;
                let (passed, limit) = (passed.0, self.ahead_max.0);
                return Err(format!(
                    "the clock jumped {ahead} ms while {passed} ms passed; at most {limit} more is accepted"
                ));
            }
        }
        self.last = Some((now, elapsed));
        Ok(now.max(head))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    struct Set(Cell<(u64, u64)>);

    impl Clock for Set {
        fn now(&self) -> Time {
            Time(self.0.get().0)
        }
        fn elapsed(&self) -> Millis {
            Millis(self.0.get().1)
        }
    }

    fn read(readings: &[(u64, u64)], head: u64) -> Result<Time, String> {
        let clock = Set(Cell::new((0, 0)));
        let mut guard = ClockGuard::new(Millis(5_000));
        let mut last = Ok(Time(0));
        for reading in readings {
            clock.0.set(*reading);
            last = guard.read(&clock, Time(head));
        }
        last
    }

    #[test]
    fn a_clock_up_to_a_second_behind_the_head_stamps_the_heads_time() {
        assert_eq!(read(&[(9_000, 0)], 10_000), Ok(Time(10_000)));
        assert!(read(&[(8_999, 0)], 10_000).unwrap_err().contains("1001 ms behind"));
    }

    #[test]
    fn a_clock_may_run_ahead_by_what_passed_and_the_limit() {
        assert_eq!(read(&[(10_000, 0), (16_000, 1_000)], 10_000), Ok(Time(16_000)));
        assert!(read(&[(10_000, 0), (16_001, 1_000)], 10_000).unwrap_err().contains("jumped 6001 ms"));
    }

    #[test]
    fn the_first_reading_may_be_long_after_the_head() {
        assert_eq!(read(&[(1_000_000_000, 0)], 10), Ok(Time(1_000_000_000)));
    }
}
