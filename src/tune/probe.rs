//! Processor time of a function between the steps of an invocation, from Linux's `/proc`.

use std::fs;
use std::sync::{Mutex, MutexGuard};

use tuning::{Step, Trace};

/// Recorder of the steps of one process. The runtime API and the endpoints call it.
#[derive(Debug, Default)]
pub(super) struct Probe(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    process: Option<u32>,
    invocations: u64,
    /// Steps of the invocation that runs.
    running: Option<Running>,
    ended: Option<Recorded>,
}

#[derive(Debug, Default)]
struct Running {
    steps: Vec<Step>,
    /// Processor time of the process at the last step, in nanoseconds.
    cpu: u64,
    calls: usize,
    sent_bytes: u64,
    received_bytes: u64,
}

/// Recorded invocation.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) trace: Trace,
    /// Bytes that the calls sent and received.
    pub(super) call_bytes: (u64, u64),
}

impl Probe {
    /// Sets the process whose time is read.
    pub(super) fn watch(&self, process: u32) {
        self.state().process = Some(process);
    }

    /// Starts an invocation, and returns its number from 1.
    pub(super) fn start(&self) -> u64 {
        let mut state = self.state();
        let cpu = state.cpu();
        state.running = Some(Running { cpu, ..Running::default() });
        state.invocations += 1;
        state.invocations
    }

    /// Adds the start of a call that takes `latency` nanoseconds. Returns the number of the call;
    /// `None` outside of invocations.
    pub(super) fn call(&self, latency: u64, sent_bytes: u64) -> Option<usize> {
        let mut state = self.state();
        let cpu = state.cpu();
        let running = state.running.as_mut()?;
        running.compute_until(cpu);
        running.steps.push(Step::Call(latency));
        running.sent_bytes += sent_bytes;
        running.calls += 1;
        Some(running.calls - 1)
    }

    /// Adds the answer to a call.
    pub(super) fn answer(&self, call: usize, received_bytes: u64) {
        let mut state = self.state();
        let cpu = state.cpu();
        if let Some(running) = &mut state.running {
            running.compute_until(cpu);
            running.received_bytes += received_bytes;
            running.steps.push(Step::Await(call));
        }
    }

    /// Ends the invocation: the function asks for the next one.
    pub(super) fn end(&self) {
        let mut state = self.state();
        let cpu = state.cpu();
        if let Some(mut running) = state.running.take() {
            running.compute_until(cpu);
            let call_bytes = (running.sent_bytes, running.received_bytes);
            let trace = Trace::new(running.steps).expect("each answer has its call");
            state.ended = Some(Recorded { trace, call_bytes });
        }
    }

    /// Takes the invocation that ended last.
    pub(super) fn take(&self) -> Option<Recorded> {
        self.state().ended.take()
    }

    /// Returns the processor time of the process so far, in nanoseconds.
    pub(super) fn cpu(&self) -> u64 {
        self.state().cpu()
    }

    /// Returns the largest resident memory of the process so far, in KiB.
    pub(super) fn peak_kib(&self) -> u64 {
        self.state().process.map_or(0, peak_kib)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no thread panicked")
    }
}

impl State {
    fn cpu(&self) -> u64 {
        self.process.map_or(0, cpu_of)
    }
}

impl Running {
    fn compute_until(&mut self, cpu: u64) {
        let work = cpu.saturating_sub(self.cpu);
        self.cpu = self.cpu.max(cpu);
        if work > 0 {
            self.steps.push(Step::Compute(work));
        }
    }
}

/// Sums the first number of each thread's `schedstat`: its time on a processor, in nanoseconds
/// (Linux: Documentation/scheduler/sched-stats.rst). It is exact for a thread that waits.
fn cpu_of(process: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return 0 };
    let time = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    threads.flatten().filter_map(time).sum()
}

fn peak_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
