//! Moments as people type them, without a clock: how long ago, or when.

use crate::time::Time;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Days before each month of a common year.
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// The years that a date may name: from the epoch to the last of four digits.
const YEARS: core::ops::RangeInclusive<u64> = 1970..=9999;

/// A moment, absolute or told from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// At this time.
    At(Time),
    /// So many milliseconds ago.
    Ago(u64),
}

impl Moment {
    /// `2h`, `1d12h`, `2026-11-21`, `2026-11-21T14:00Z`, `2026-11-21T14:00:05.250+01:00`, or milliseconds since 1970. A date
    /// without a zone is in UTC (RFC 3339 §5.6, seconds optional).
    pub fn parse(text: &str) -> Option<Self> {
        if is_digits(text) {
            return text.parse().ok().map(|millis| Self::At(Time(millis)));
        }
        ago(text).map(Self::Ago).or_else(|| date_time(text).map(|time| Self::At(Time(time))))
    }

    /// The time that is meant at this moment.
    pub fn at(self, now: Time) -> Time {
        match self {
            Self::At(time) => time,
            Self::Ago(millis) => Time(now.0.saturating_sub(millis)),
        }
    }
}

/// `1d12h` in milliseconds.
fn ago(text: &str) -> Option<u64> {
    let (mut rest, mut total) = (text, 0u64);
    while !rest.is_empty() {
        let (number, after) = split(rest, |byte| byte.is_ascii_digit());
        let (unit, after) = split(after, |byte| byte.is_ascii_alphabetic());
        let unit = match unit {
            "ms" => 1,
            "s" => SECOND,
            "m" | "min" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            "w" => DAY.saturating_mul(7),
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = after;
    }
    Some(total).filter(|_| !text.is_empty())
}

fn date_time(text: &str) -> Option<u64> {
    let (day, rest) = text.split_at_checked(10)?;
    let midnight = date(day)?;
    let Some(rest) = rest.strip_prefix(['T', 't', ' ']) else {
        return Some(midnight).filter(|_| rest.is_empty());
    };
    let (time, zone) = split(rest, |byte| byte.is_ascii_digit() || byte == b':' || byte == b'.');
    let moment = midnight.checked_add(time_of_day(time)?)?;
    match zone.split_at_checked(1) {
        None => Some(moment),
        Some(("Z" | "z", "")) => Some(moment),
        Some(("+", offset)) => moment.checked_sub(time_of_day(offset).filter(|_| offset.len() == 5)?),
        Some(("-", offset)) => moment.checked_add(time_of_day(offset).filter(|_| offset.len() == 5)?),
        Some(_) => None,
    }
}

/// Milliseconds from the epoch to the beginning of a day.
fn date(text: &str) -> Option<u64> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4).filter(|year| YEARS.contains(year))?;
    let month = number(parts.next()?, 2).filter(|month| (1..=12).contains(month))?;
    let day = number(parts.next()?, 2)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let place = usize::try_from(month).ok()?;
    let before = DAYS_BEFORE.get(place.checked_sub(1)?)?;
    let length = DAYS_BEFORE.get(place).unwrap_or(&365).saturating_sub(*before);
    if parts.next().is_some() || day == 0 || day > length.saturating_add(u64::from(leap && month == 2)) {
        return None;
    }
    let leaps = |year: u64| (year / 4).saturating_sub(year / 100).saturating_add(year / 400);
    let last = year.saturating_sub(1);
    let days = year.saturating_sub(1970).saturating_mul(365);
    let days = days.saturating_add(leaps(last)).saturating_sub(leaps(1969));
    let days = days.saturating_add(*before).saturating_add(u64::from(leap && month > 2)).saturating_add(day);
    Some(days.saturating_sub(1).saturating_mul(DAY))
}

/// `14:00`, `14:00:05`, `14:00:05.250` in milliseconds.
fn time_of_day(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let hours = number(parts.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = number(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let (seconds, fraction) =
        parts.next().map_or(("00", "0"), |part| part.split_once('.').unwrap_or((part, "0")));
    let seconds = number(seconds, 2).filter(|seconds| *seconds < 60)?;
    if parts.next().is_some() || !is_digits(fraction) {
        return None;
    }
    let millis = fraction.bytes().chain([b'0', b'0']).take(3);
    let millis = millis.fold(0u64, |sum, digit| {
        sum.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
    });
    let sum = hours.saturating_mul(HOUR).saturating_add(minutes.saturating_mul(MINUTE));
    Some(sum.saturating_add(seconds.saturating_mul(SECOND)).saturating_add(millis))
}

fn number(text: &str, digits: usize) -> Option<u64> {
    if text.len() == digits && is_digits(text) { text.parse().ok() } else { None }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn split(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}
