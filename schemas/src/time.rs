//! Moments and places in the log.

use core::fmt;

use serde::{Deserialize, Serialize};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A span: milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// Place of an entry in its log, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Index(pub u64);

impl Time {
    /// The moment `span` later; the latest moment where that is beyond counting.
    pub fn later(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How long after `earlier` this is; zero where it is not after it.
    pub fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

/// In UTC, as RFC 3339 has it: `2026-11-22T08:00:00.125Z`. Moments after the year 9999 as milliseconds since 1970.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, within) = (self.0 / DAY, self.0 % DAY);
        let (year, month, day) = civil(days);
        if year > 9999 {
            return write!(f, "{} ms since 1970", self.0);
        }
        let (hour, minute, second) = (within / HOUR, within % HOUR / MINUTE, within % MINUTE / SECOND);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match within % SECOND {
            0 => f.write_str("Z"),
            millis => write!(f, ".{millis:03}Z"),
        }
    }
}

/// In its two largest units, rounded down: `2 h 1 min`, `850 ms`.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 5] = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (1, "ms")];
        let mut units = UNITS.iter().skip_while(|(length, _)| self.0 < *length).peekable();
        let Some((length, unit)) = units.next() else { return f.write_str("0 ms") };
        write!(f, "{} {unit}", self.0 / length)?;
        match units.next().map(|(smaller, unit)| (self.0 % length / smaller, unit)) {
            Some((count, unit)) if count > 0 => write!(f, " {count} {unit}"),
            _ => Ok(()),
        }
    }
}

/// Year, month and day of the day so many days after 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from the 1st of March, so that the leap day is the last of its year, in eras of 400 years that are all
/// of one length.
const fn civil(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    // From the 1st of March of the year 0.
    let days = days.saturating_add(719_468);
    let (era, day) = (days / ERA, days % ERA);
    let leap_days = (day / 1_460).saturating_add(day / (ERA - 1)).saturating_sub(day / 36_524);
    let year = day.saturating_sub(leap_days) / 365;
    let before = year.saturating_mul(365).saturating_add(year / 4).saturating_sub(year / 100);
    let day = day.saturating_sub(before);
    let month = day.saturating_mul(5).saturating_add(2) / 153;
    let day = day.saturating_sub(month.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let next_year = month >= 10;
    let month = if next_year { month.saturating_sub(9) } else { month.saturating_add(3) };
    let year = era.saturating_mul(400).saturating_add(year);
    (if next_year { year.saturating_add(1) } else { year }, month, day)
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_moment_is_written_in_utc() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (1_606_780_800_000, "2020-12-01T00:00:00Z"),
            (1_735_689_599_050, "2024-12-31T23:59:59.050Z"),
            (1_795_336_137_523, "2026-11-22T08:28:57.523Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "253402300800000 ms since 1970"),
            (u64::MAX, "18446744073709551615 ms since 1970"),
        ] {
            assert_eq!(Time(millis).to_string(), text);
        }
    }

    #[test]
    fn every_day_follows_the_one_before_it() {
        let leap =
            |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let mut expected = (1970, 1, 1);
        for days in 0..DAYS_UP_TO_9999 {
            assert_eq!(civil(days), expected, "day {days}");
            let (year, month, day) = expected;
            let length = match month {
                2 if leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, day) if day == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
        assert_eq!(expected, (10_000, 1, 1));
    }

    const DAYS_UP_TO_9999: u64 = 2_932_897;

    #[test]
    fn a_span_is_written_in_its_two_largest_units() {
        for (millis, text) in [
            (0, "0 ms"),
            (850, "850 ms"),
            (1_000, "1 s"),
            (1_250, "1 s 250 ms"),
            (61_999, "1 min 1 s"),
            (7_171_142, "1 h 59 min"),
            (7_260_000, "2 h 1 min"),
            (86_400_000, "1 d"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(Millis(millis).to_string(), text);
        }
        assert_eq!(format!("{}", Millis(u64::MAX)), "213503982334 d 14 h");
    }
}
