//! Points in time and lengths of time, as headers spell them.
//!
//! Points are counted from 1970-01-01T00:00:00Z.

use std::time::Duration;

/// Longer is no length that a server means.
const LONGEST: f64 = 1e9;

/// The point of an IMF-fixdate (RFC 9110, 5.6.7), such as `Fri, 02 Jan 2026 03:04:25 GMT`.
pub(super) fn http_date(text: &str) -> Option<Duration> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (_, date) = text.trim().split_once(", ")?;
    let [day, month, year, time, "GMT"] = date.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.find(month).filter(|at| month.len() == 3 && at % 3 == 0)? / 3 + 1;
    let (year, day) = (number(year, 4)?, number(day, 2)?);
    point([year, month as u64, day], &clock(time)?)
}

/// The point of an RFC 3339 timestamp, such as `2026-01-02T03:04:35Z`.
pub(super) fn rfc3339(text: &str) -> Option<Duration> {
    let (date, time) = text.trim().split_once(['T', 't', ' '])?;
    let [year, month, day] = date.split('-').collect::<Vec<_>>()[..] else { return None };
    let (time, behind) = zone(time)?;
    let date = [number(year, 4)?, number(month, 2)?, number(day, 2)?];
    let point = point(date, &clock(time)?)?.as_secs_f64() - behind;
    Duration::try_from_secs_f64(point).ok()
}

/// A length as Go writes it: `1h2m3.5s`, `12ms`.
pub(super) fn go_duration(text: &str) -> Option<Duration> {
    let (length, rest) = go_duration_prefix(text.trim())?;
    rest.is_empty().then_some(length)
}

/// The length that a text begins with, and what stands behind it.
pub(super) fn go_duration_prefix(text: &str) -> Option<(Duration, &str)> {
    const UNITS: [(&str, f64); 7] = [
        ("ms", 1e-3),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ns", 1e-9),
        ("h", 3600.0),
        ("m", 60.0),
        ("s", 1.0),
    ];
    let mut total = 0.0;
    let mut rest = text;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let unit = UNITS.iter().find(|(unit, _)| rest[digits..].starts_with(unit));
        let (Ok(count), Some((unit, factor))) = (rest[..digits].parse::<f64>(), unit) else {
            break;
        };
        total += count * factor;
        rest = &rest[digits + unit.len()..];
    }
    let length = seconds(total).filter(|_| rest.len() < text.len())?;
    Some((length, rest))
}

/// A length in seconds, where a server can mean it: finite, not negative, not absurd.
pub(super) fn seconds(count: f64) -> Option<Duration> {
    (0.0..LONGEST).contains(&count).then(|| Duration::from_secs_f64(count))
}

/// Hour, minute and second.
fn clock(text: &str) -> Option<[f64; 3]> {
    let [hour, minute, second] = text.split(':').collect::<Vec<_>>()[..] else { return None };
    let second = second.parse::<f64>().ok().filter(|second| (0.0..61.0).contains(second))?;
    let (hour, minute) = (number(hour, 2)?, number(minute, 2)?);
    (hour < 24 && minute < 60).then_some([hour as f64, minute as f64, second])
}

/// A time without its zone, and by how many seconds it is ahead of UTC.
fn zone(text: &str) -> Option<(&str, f64)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, 0.0));
    }
    let at = text.rfind(['+', '-'])?;
    let [hours, minutes] = text[at + 1..].split(':').collect::<Vec<_>>()[..] else { return None };
    let ahead = (number(hours, 2)? * 3600 + number(minutes, 2)? * 60) as f64;
    Some((&text[..at], if text[at..].starts_with('-') { -ahead } else { ahead }))
}

fn number(text: &str, digits: usize) -> Option<u64> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// The point of a date of the Gregorian calendar, from 1970 on.
fn point([year, month, day]: [u64; 3], [hour, minute, second]: &[f64; 3]) -> Option<Duration> {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let before = *BEFORE.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    let leap_day = u64::from(is_leap && month > 2);
    if year < 1970 || !(1..=31).contains(&day) {
        return None;
    }
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let days =
        (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969) + before + leap_day + day - 1;
    let clock = hour * 3600.0 + minute * 60.0 + second;
    Some(Duration::from_secs(days * 86400) + Duration::from_secs_f64(clock))
}
