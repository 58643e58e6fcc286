//! Synthetic handlers: bursts of work with waits between them, in a process of their own.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tuning::Trace;

use crate::{CommandError, output};

/// Pause between two runs, a prime so that runs begin at different places in the period.
const PAUSE: Duration = Duration::from_millis(47);

/// Handler: equal bursts of work, with a wait between two bursts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handler {
    bursts: u64,
    /// Work of a burst, in microseconds.
    work: u64,
    /// Duration of a wait, in microseconds.
    wait: u64,
}

const fn handler(bursts: u64, work: u64, wait: u64) -> Handler {
    Handler { bursts, work, wait }
}

/// Handlers of the comparison, from a short burst to a long one, with and without waits.
pub(super) const HANDLERS: [Handler; 12] = [
    handler(1, 1_000, 0),
    handler(1, 5_000, 0),
    handler(1, 20_000, 0),
    handler(1, 60_000, 0),
    handler(2, 500, 5_000),
    handler(2, 5_000, 5_000),
    handler(3, 800, 3_000),
    handler(5, 2_000, 4_000),
    handler(10, 300, 4_000),
    handler(10, 600, 4_000),
    handler(10, 1_500, 4_000),
    handler(20, 1_000, 8_000),
];

/// Measured run, in nanoseconds.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub(super) struct Measured {
    pub(super) duration: u64,
    /// Processor time.
    pub(super) work: u64,
}

impl Handler {
    pub(super) fn name(self) -> String {
        format!("{} x {} us, {} us between", self.bursts, self.work, self.wait)
    }

    /// Returns the trace of a run with this processor time.
    pub(super) fn trace(self, work: u64) -> Trace {
        Trace::alternating(work, self.bursts - 1, self.wait * 1_000)
    }

    /// Returns the sum of the waits, in nanoseconds.
    pub(super) fn waits(self) -> u64 {
        (self.bursts - 1) * self.wait * 1_000
    }

    fn run(self) -> Measured {
        let (start, work) = (now(ClockId::Monotonic), now(ClockId::ThreadCPUTime));
        for burst in 0..self.bursts {
            if burst > 0 {
                std::thread::sleep(Duration::from_micros(self.wait));
            }
            let until = now(ClockId::ThreadCPUTime) + self.work * 1_000;
            while now(ClockId::ThreadCPUTime) < until {
                black_box((0..200_u64).fold(0, |sum, term| sum ^ black_box(term)));
            }
        }
        Measured {
            duration: now(ClockId::Monotonic) - start,
            work: now(ClockId::ThreadCPUTime) - work,
        }
    }
}

fn now(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Runs a handler and prints its runs as JSON, for [`measure`].
pub(super) fn print(number: usize, repetitions: u32) -> Result<(), CommandError> {
    let handler = HANDLERS.get(number).ok_or("there are twelve handlers, from 0")?;
    let runs: Vec<Measured> = (0..repetitions)
        .map(|_| {
            std::thread::sleep(PAUSE);
            handler.run()
        })
        .collect();
    output::line(serde_json::to_string(&runs)?);
    Ok(())
}

/// Runs a handler in a process of its own, in the group whose processes are listed in `group`.
pub(super) fn measure(
    number: usize,
    repetitions: u32,
    group: Option<&Path>,
) -> Result<Vec<Measured>, CommandError> {
    let program = std::env::current_exe()?;
    let repetitions = repetitions.to_string();
    let number = number.to_string();
    let words = ["tune", "verify", "--handler", &number, "--repetitions", &repetitions];
    let mut command = match group {
        None => Command::new(&program),
        Some(group) => {
            // The shell joins the group before it becomes the program.
            let mut shell = Command::new("sh");
            shell.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(group).arg(&program);
            shell
        }
    };
    let output = command.args(words).output()?;
    if !output.status.success() {
        return Err(format!(
            "a handler failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )
        .into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
