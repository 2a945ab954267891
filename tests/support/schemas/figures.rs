//! Percentiles of times, and the memory of the process.

use std::fs;

use serde_json::{Value, json};

/// The parts of which figures are given, with their names.
const PARTS: [(&str, f64); 7] = [
    ("p25", 0.25),
    ("p50", 0.5),
    ("p75", 0.75),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p999", 0.999),
];

/// Times in microseconds, summed up. All 0 where there are none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) count: usize,
    /// `avg`, the percentiles in ascending order, `max`.
    pub(crate) named: Vec<(&'static str, f64)>,
}

impl Figures {
    /// Of times in nanoseconds.
    pub(crate) fn new(times: &[u32]) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable();
        let count = times.len();
        let at = |part: f64| {
            let rank = (count as f64 * part).ceil() as usize;
            times.get(rank.saturating_sub(1)).map_or(0.0, |&nanos| f64::from(nanos) / 1e3)
        };
        let sum: u64 = times.iter().map(|&nanos| u64::from(nanos)).sum();
        let mut named = vec![("avg", sum as f64 / 1e3 / count.max(1) as f64)];
        named.extend(PARTS.map(|(name, part)| (name, at(part))));
        named.push(("max", at(1.0)));
        Self { count, named }
    }

    /// Each figure as a part of another's; 0 where there is nothing to compare with.
    pub(crate) fn ratio(&self, other: &Self) -> Vec<(&'static str, f64)> {
        let pairs = self.named.iter().zip(&other.named);
        pairs
            .map(|((name, mine), (_, theirs))| {
                (*name, if *theirs > 0.0 { mine / theirs } else { 0.0 })
            })
            .collect()
    }

    pub(crate) fn json(&self) -> Value {
        let mut object = json(&self.named);
        object["count"] = json!(self.count);
        object
    }
}

/// Named figures as an object, with three digits behind the point.
pub(crate) fn json(named: &[(&'static str, f64)]) -> Value {
    let round = |value: f64| (value * 1e3).round() / 1e3;
    named.iter().map(|(name, value)| ((*name).to_owned(), json!(round(*value)))).collect()
}

/// The figures side by side, each in its column.
pub(crate) fn row(named: &[(&'static str, f64)]) -> String {
    named.iter().map(|(_, value)| format!("{value:>10.2}")).collect()
}

/// The names above the columns of [`row`].
pub(crate) fn header() -> String {
    let names = ["avg"].into_iter().chain(PARTS.map(|(name, _)| name)).chain(["max"]);
    names.map(|name| format!("{name:>10}")).collect()
}

/// Makes the system forget the most memory that the process held so far, where it can.
pub(crate) fn forget_peak() {
    // Where this is not possible the peak counts what was loaded before, and the base tells.
    let _unsupported = fs::write("/proc/self/clear_refs", "5");
}

/// The memory that the process holds now, and the most that it held, in MB; 0 where unknown.
pub(crate) fn memory_mb() -> (f64, f64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        number.unwrap_or(0.0) / 1024.0
    };
    (of("VmRSS:"), of("VmHWM:"))
}
