//! Times as people write and read them.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use schemas::time::Time;

use crate::failure::Failure;

/// Now, in milliseconds since the epoch.
pub(crate) fn now() -> Time {
    Time(u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0))
}

/// A moment as `2026-11-21T14:00Z`, milliseconds since the epoch, or so long ago: `2h`, `3d`.
pub(crate) fn parse(text: &str) -> Result<Time, Failure> {
    let wrong = || {
        Failure::usage("time-form", format!("`{text}` is no time"))
            .next("2026-11-21T14:00:00Z, or so long ago: 2h, 3d; or milliseconds since 1970")
    };
    if let Ok(millis) = text.parse::<u64>() {
        return Ok(Time(millis));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return u64::try_from(moment.as_millisecond()).map(Time).map_err(|_| wrong());
    }
    let span: Span = text.parse().map_err(|_| wrong())?;
    let ago = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    let ago = if ago < SignedDuration::ZERO { -ago } else { ago };
    Ok(Time(now().0.saturating_sub(u64::try_from(ago.as_millis()).map_err(|_| wrong())?)))
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
    fn a_time_is_shown_in_utc() {
        assert_eq!(show(Time(1_700_000_000_000)), "2023-11-14 22:13:20Z");
        assert_eq!(show(Time(1_700_000_000_123)), "2023-11-14 22:13:20.123Z");
        assert_eq!(show(Time(u64::MAX)), format!("{} ms", u64::MAX));
    }
}
