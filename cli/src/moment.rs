//! Times as people write and read them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};
use schemas::time::{Millis, Time};

use crate::failure::Failure;

/// Now, in milliseconds since the epoch.
pub(crate) fn now() -> Time {
    Time(u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0))
}

/// A moment as `2026-11-21T14:00Z`, in UTC where no zone is named, milliseconds since the epoch, or so long ago: `2h`, `3d`.
pub(crate) fn parse(text: &str) -> Result<Time, Failure> {
    let wrong = || wrong(text, "or so long ago: 2h, 3d");
    match absolute(text) {
        Some(time) => time.ok_or_else(wrong),
        None => Ok(Time(now().0.saturating_sub(millis(text).ok_or_else(wrong)?.unsigned_abs()))),
    }
}

/// [`parse`] of something that lies ahead: `2h` is two hours from now.
pub(crate) fn parse_ahead(text: &str) -> Result<Time, Failure> {
    let wrong = || wrong(text, "or so long from now: 2h, 3d");
    match absolute(text) {
        Some(time) => time.ok_or_else(wrong),
        None => {
            let ahead = millis(text).and_then(|millis| u64::try_from(millis).ok()).ok_or_else(wrong)?;
            Ok(Time(now().0.saturating_add(ahead)))
        }
    }
}

fn wrong(text: &str, relative: &str) -> Failure {
    Failure::usage("time-form", format!("`{text}` is no time that can be meant here"))
        .next(format!("2026-11-21T14:00:00Z or 2026-11-21 (UTC), {relative}; or milliseconds since 1970"))
}

/// A moment that does not depend on now; within, nothing where it lies before 1970.
fn absolute(text: &str) -> Option<Option<Time>> {
    if let Ok(millis) = text.parse::<u64>() {
        return Some(Some(Time(millis)));
    }
    let civil = || Some(text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let moment = text.parse::<Timestamp>().ok().or_else(civil)?;
    Some(u64::try_from(moment.as_millisecond()).ok().map(Time))
}

/// A span of time: `30s`, `5m`, `2h`.
pub(crate) fn span(text: &str) -> Result<Millis, Failure> {
    let span = millis(text).and_then(|millis| u64::try_from(millis).ok());
    span.map(Millis).ok_or_else(|| {
        Failure::usage("time-form", format!("`{text}` is no span of time")).next("30s, 5m or 2h")
    })
}

/// `2h` in milliseconds.
fn millis(text: &str) -> Option<i64> {
    let span: Span = text.parse().ok()?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    i64::try_from(span.as_millis()).ok()
}

/// `2026-11-22 08:51:07Z`; with milliseconds where there are any.
pub(crate) fn show(time: Time) -> String {
    let moment = i64::try_from(time.0).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    match moment {
        Some(moment) if time.0.is_multiple_of(1000) => moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Some(moment) => moment.strftime("%Y-%m-%d %H:%M:%S.%3fZ").to_string(),
        None => format!("{} ms", time.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_each_of_its_forms() {
        assert_eq!(parse("1700000000123").unwrap(), Time(1_700_000_000_123));
        assert_eq!(parse("2023-11-14T22:13:20Z").unwrap(), Time(1_700_000_000_000));
        assert_eq!(parse("2023-11-14T23:13:20+01:00").unwrap(), Time(1_700_000_000_000));
        let hour_ago = now().0 - parse("1h").unwrap().0;
        assert!((3_599_000..=3_601_000).contains(&hour_ago), "{hour_ago}");
        let day_ago = now().0 - parse("1d").unwrap().0;
        assert!((86_399_000..=86_401_000).contains(&day_ago), "{day_ago}");
        for bad in ["", "yesterday", "2023-13-01T00:00Z", "-5"] {
            assert_eq!(parse(bad).unwrap_err().code, "time-form", "{bad}");
        }
    }

    #[test]
    fn a_date_without_a_zone_is_in_utc() {
        assert_eq!(parse("2023-11-14").unwrap(), Time(1_699_920_000_000));
        assert_eq!(parse("2023-11-14 22:13").unwrap(), Time(1_699_999_980_000));
        assert_eq!(parse("2023-11-14T22:13:20").unwrap(), Time(1_700_000_000_000));
        assert_eq!(parse_ahead("2023-11-14 22:13:20").unwrap(), Time(1_700_000_000_000));
    }

    #[test]
    fn what_lies_ahead_is_never_so_long_ago() {
        let ahead = parse_ahead("2h").unwrap().0 - now().0;
        assert!((7_199_000..=7_201_000).contains(&ahead), "{ahead}");
        for bad in ["-2h", "2h ago", "yesterday", ""] {
            assert_eq!(parse_ahead(bad).unwrap_err().code, "time-form", "{bad}");
        }
    }

    #[test]
    fn a_length_of_time_is_never_negative() {
        assert_eq!((span("90min").unwrap(), span("1d").unwrap()), (Millis(5_400_000), Millis(86_400_000)));
        for bad in ["", "-2h", "2h ago", "60"] {
            assert_eq!(span(bad).unwrap_err().code, "time-form", "{bad}");
        }
    }

    #[test]
    fn a_time_is_shown_in_utc() {
        assert_eq!(show(Time(1_700_000_000_000)), "2023-11-14 22:13:20Z");
        assert_eq!(show(Time(1_700_000_000_123)), "2023-11-14 22:13:20.123Z");
        assert_eq!(show(Time(u64::MAX)), format!("{} ms", u64::MAX));
    }
}
