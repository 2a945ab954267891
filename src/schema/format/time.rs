//! Dates, times and durations of RFC 3339.
//!
//! All of it is regular, even where it takes a calendar or a clock: leap years go by the last two digits
//! of a year or of its century, and the offset of a leap second by its hours and minutes, each beside
//! the clock's. The tests go through every month of ten thousand years, and through every minute.

use super::whole;
use crate::regex::{ExprId, Exprs};

const DATE: &str = concat!(
    // Days that every year has, by the length of the month.
    r"\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])",
    r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))",
    // Leap years: of the last years of centuries, those that 400 divides.
    r"|(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29",
);
const CLOCK: &str = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d";
const FRACTION: &str = r"(?:\.\d+)?";
const OFFSET: &str = r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)";

/// `full-date` (RFC 3339, section 5.6), with the days that a month has (section 5.7).
pub(super) fn date(exprs: &mut Exprs) -> ExprId {
    whole(exprs, DATE)
}

/// `date-time`.
pub(super) fn date_time(exprs: &mut Exprs) -> ExprId {
    let (date, between, time) = (date(exprs), whole(exprs, "[Tt]"), time(exprs));
    exprs.concat([date, between, time])
}

/// `full-time`: with an offset, and with a second 60 where it is the last of a day in UTC, which is
/// where leap seconds are (section 5.7).
pub(super) fn time(exprs: &mut Exprs) -> ExprId {
    let common = whole(exprs, &format!("{CLOCK}{FRACTION}{OFFSET}"));
    let leap_utc = whole(exprs, &format!("23:59:60{FRACTION}[Zz]"));
    // East of UTC the clock is ahead: whole hours move the hour alone, minutes carry into it.
    let hours = (0..24).map(|by| (format!("{:02}:59", (23 + by) % 24), format!(r"\+{by:02}:00")));
    let leap_by_hours = leap(exprs, hours);
    let hours = (0..24).map(|by| (format!(r"{by:02}:\d\d"), format!(r"\+{by:02}:\d\d")));
    let minutes = (1..60).map(|by| (format!(r"\d\d:{:02}", by - 1), format!(r"\+\d\d:{by:02}")));
    let leap_east = [leap(exprs, hours), leap(exprs, minutes)];
    let hours = (0..24).map(|by| (format!(r"{:02}:\d\d", 23 - by), format!(r"-{by:02}:\d\d")));
    let minutes = (0..60).map(|by| (format!(r"\d\d:{:02}", 59 - by), format!(r"-\d\d:{by:02}")));
    let leap_west = [leap(exprs, hours), leap(exprs, minutes)];
    let (leap_east, leap_west) = (exprs.and(leap_east), exprs.and(leap_west));
    exprs.or([common, leap_utc, leap_by_hours, leap_east, leap_west])
}

/// Leap seconds by the clock's hour and minute and the offset that goes with them.
fn leap(exprs: &mut Exprs, times: impl Iterator<Item = (String, String)>) -> ExprId {
    let times: Vec<String> =
        times.map(|(clock, offset)| format!("{clock}:60{FRACTION}{offset}")).collect();
    whole(exprs, &times.join("|"))
}

/// `duration` (RFC 3339, appendix A).
pub(super) fn duration(exprs: &mut Exprs) -> ExprId {
    const DATE: &str = r"(?:\d+D|\d+M(?:\d+D)?|\d+Y(?:\d+M(?:\d+D)?)?)";
    const TIME: &str = r"T(?:\d+S|\d+M(?:\d+S)?|\d+H(?:\d+M(?:\d+S)?)?)";
    whole(exprs, &format!(r"P(?:{DATE}(?:{TIME})?|{TIME}|\d+W)"))
}
