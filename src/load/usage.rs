//! Use of processor, memory and descriptors by this process, from Linux's `/proc`. On other systems
//! the figures are 0.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Parts of the process by the names of their threads. Threads of a runtime have the name of their
/// service. Other threads count as `other`.
const PARTS: [(&str, &str); 8] = [
    ("load-send", "generator"),
    ("load-plan", "generator"),
    ("load-probe", "probes"),
    ("ingest", "ingest"),
    ("processors", "processors"),
    ("kinesis", "kinesis"),
    ("dynamodb", "dynamodb"),
    ("schedule", "schedule"),
];

/// Processor time of each part so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Usage {
    /// Time by part.
    pub(super) parts: BTreeMap<&'static str, Duration>,
    /// Time of the sender's thread alone.
    pub(super) sender: Duration,
}

impl Usage {
    /// Reads the present use.
    pub(super) fn read() -> Self {
        let mut usage = Self::default();
        let Ok(tasks) = fs::read_dir("/proc/self/task") else { return usage };
        for task in tasks.flatten() {
            let read = |name| fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let (name, times) = (read("comm"), read("schedstat"));
            // The first number is the time on a processor, in nanoseconds (Linux:
            // Documentation/scheduler/sched-stats.rst).
            let nanos = times.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
            let time = Duration::from_nanos(nanos.unwrap_or_default());
            let part = PARTS.iter().find(|(thread, _)| *thread == name.trim());
            *usage.parts.entry(part.map_or("other", |(_, part)| part)).or_default() += time;
            if name.trim() == "load-send" {
                usage.sender += time;
            }
        }
        usage
    }

    /// Keeps the time of threads that have ended since `before`.
    pub(super) fn at_least(mut self, before: &Self) -> Self {
        for (part, time) in &before.parts {
            let now = self.parts.entry(part).or_default();
            *now = (*now).max(*time);
        }
        self.sender = self.sender.max(before.sender);
        self
    }

    /// Returns the share of a core that each part used since `before`, and the sender's thread
    /// alone.
    pub(super) fn cores_since(
        &self,
        before: &Self,
        elapsed: Duration,
    ) -> (BTreeMap<String, f64>, f64) {
        let share = |now: Duration, before: Duration| {
            now.saturating_sub(before).as_secs_f64() / elapsed.as_secs_f64().max(0.001)
        };
        let of_part = |(part, time): (&&'static str, &Duration)| {
            let before = before.parts.get(part).copied().unwrap_or_default();
            ((*part).to_owned(), share(*time, before))
        };
        (self.parts.iter().map(of_part).collect(), share(self.sender, before.sender))
    }

    /// Processor time of the generator and its probes.
    pub(super) fn generator(&self) -> Duration {
        ["generator", "probes"].iter().filter_map(|part| self.parts.get(part)).sum()
    }
}

/// Resident memory of the process, in MB.
pub(super) fn memory_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0 / 1e6
}

/// Raises the limit of open file descriptors of this process as far as the system permits. Each
/// open request has a connection.
pub(super) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // Without permission the limit stays, and a run that exceeds it says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Number of open file descriptors of the process.
pub(super) fn descriptors() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64)
}
