//! Figures of a run, second by second, and its record.

use std::future::Future;
use std::time::Duration;

use chrono::TimeDelta;
use indicatif::{ProgressBar, ProgressStyle};
use load_generator::knee::KneeResult;
use load_generator::limit_check::{self, LimitCheck};
use load_generator::plan::{Leg, PlanKey};
use load_generator::run_record::{Environment, LedgerResult, Parts, RunRecord};
use load_generator::scenario::Stage;
use load_generator::sender::SharedCollector;
use load_generator::timings::Second;
use tokio::time::{Instant, sleep_until};

use super::super::files::RunFolder;
use super::super::live::LiveRecord;
use super::super::stop::LimitWatch;
use super::super::usage::{self, Usage};
use crate::{clock, output};

/// Change of the clock between two seconds that is told.
const CLOCK_JUMP: TimeDelta = TimeDelta::milliseconds(500);

/// Facts of a run that do not change.
pub(super) struct RunFacts {
    pub(super) key: PlanKey,
    pub(super) parts: Parts,
    pub(super) target: String,
    pub(super) connections: Option<u32>,
    pub(super) environment: Environment,
    pub(super) notes: Vec<String>,
}

/// Observer of a run.
pub(super) struct Observer {
    pub(super) facts: RunFacts,
    collector: SharedCollector,
    live: LiveRecord,
    starts: Instant,
    /// Number of seconds that were observed.
    seconds: u64,
    usage: Usage,
    /// Use at the start of the run.
    first_usage: Usage,
    limits: LimitWatch,
    legs: Vec<Leg>,
    requests_planned: u64,
    is_partial: bool,
    /// Broken limits that ended the run.
    aborted_by: Option<String>,
    knee: Option<KneeResult>,
    progress: ProgressBar,
    /// Difference of the clock from the monotonic one at the last second.
    clock_offset: TimeDelta,
}

impl Observer {
    pub(super) fn new(
        facts: RunFacts,
        collector: SharedCollector,
        live: LiveRecord,
        starts: Instant,
    ) -> Self {
        let limits = LimitWatch::new(&facts.key.scenario.limits);
        let style = ProgressStyle::with_template("{msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let progress = ProgressBar::new_spinner().with_style(style);
        let mut observer = Self {
            facts,
            collector,
            live,
            starts,
            seconds: 0,
            usage: Usage::default(),
            first_usage: Usage::read(),
            limits,
            legs: Vec::new(),
            requests_planned: 0,
            is_partial: false,
            aborted_by: None,
            knee: None,
            progress,
            clock_offset: TimeDelta::zero(),
        };
        observer.usage = observer.first_usage.clone();
        observer.clock_offset = observer.offset();
        observer
    }

    /// Difference of the clock from the instant that the monotonic clock gives.
    fn offset(&self) -> TimeDelta {
        let now = Instant::now();
        let elapsed = match now.checked_duration_since(self.starts) {
            Some(after) => TimeDelta::from_std(after),
            None => TimeDelta::from_std(self.starts - now).map(|before| -before),
        };
        clock::now() - self.facts.key.starts_at - elapsed.unwrap_or_default()
    }

    /// Prints what is going to be sent, and where it can be watched.
    pub(super) fn announce(&self, live: Option<&str>, folder: &RunFolder) {
        let scenario = &self.facts.key.scenario;
        let traffic = match &scenario.shops.file {
            Some(file) => format!("{} at speed {}", file.display(), scenario.shops.speed),
            None => format!(
                "{}, {} events a request",
                output::counted(scenario.shops.count.into(), "store"),
                scenario.mix.events_per_request
            ),
        };
        let stages: Vec<String> = scenario.stages.iter().map(stage_words).collect();
        output::note(format!("target   {}", self.facts.target));
        output::note(format!("traffic  {traffic}, seed {}", scenario.seed));
        if !stages.is_empty() {
            output::note(format!("stages   {}", stages.join("; ")));
        }
        if let Some(url) = live {
            output::note(format!("live     {url}"));
        }
        output::note(format!("report   {}", folder.report().display()));
        for note in &self.facts.notes {
            output::note(format!("note     {note}"));
        }
    }

    /// Sets the legs so far, and adds the requests that were planned for the new ones.
    pub(super) fn plan(&mut self, legs: &[Leg], requests: u64) {
        self.legs = legs.to_vec();
        self.requests_planned += requests;
    }

    /// Marks the run as ended before its plan.
    pub(super) fn end_early(&mut self, reason: &str) {
        self.is_partial = true;
        let second = self.starts.elapsed().as_secs_f64();
        self.facts.notes.push(format!("ended at second {second:.0}: {reason}"));
    }

    /// Marks the run as ended by limits that stayed broken.
    pub(super) fn abort(&mut self, broken_for: Duration, limits: &str) {
        self.end_early(&format!("broken for {} s: {limits}", broken_for.as_secs()));
        self.aborted_by = Some(limits.to_owned());
    }

    pub(super) fn set_knee(&mut self, knee: KneeResult) {
        self.knee = Some(knee);
    }

    /// Waits for the end of the next second and observes it. Returns the time for which limits have
    /// been broken, and the limits.
    pub(super) async fn next_second(&mut self) -> (Duration, String) {
        sleep_until(self.starts + Duration::from_secs(self.seconds + 1)).await;
        let usage = Usage::read().at_least(&self.usage);
        let second = Duration::from_secs(1);
        let (cores, _) = usage.cores_since(&self.usage, second);
        self.usage = usage;
        let (memory_mb, descriptors) = (usage::memory_mb(), usage::descriptors());
        let at_us = self.seconds * 1_000_000;
        self.seconds += 1;
        let collected = self.collector.update(|collector| {
            collector.observe(at_us, |figures| {
                figures.cores = cores;
                figures.memory_mb = memory_mb;
                figures.descriptors = descriptors;
            });
            collector.collected.figures()
        });
        let offset = self.offset();
        if (offset - self.clock_offset).abs() > CLOCK_JUMP {
            let jump = (offset - self.clock_offset).num_milliseconds() as f64 / 1e3;
            let note = format!(
                "the clock of this machine jumped by {jump:.1} s at second {}; events keep the \
                 instants of the plan",
                self.seconds
            );
            self.facts.notes.push(note);
        }
        self.clock_offset = offset;
        let broken = self.limits.observe(collected, second);
        let legs = self.legs.clone();
        let record = self.figures(&legs, false);
        self.show(&record, &broken.1);
        self.live.set(record);
        broken
    }

    /// Observes seconds until a future ends.
    pub(super) async fn wait<T>(&mut self, until: impl Future<Output = T>) -> T {
        tokio::pin!(until);
        loop {
            tokio::select! {
                ended = &mut until => return ended,
                _ = self.next_second() => {}
            }
        }
    }

    /// Prints a line about the present second.
    fn show(&self, record: &RunRecord, broken: &str) {
        let planned: f64 = self
            .legs
            .last()
            .map_or(0.0, |leg| leg.starts_us as f64 / 1e6 + leg.stage.duration().as_secs_f64());
        let second = record.seconds.get(self.seconds.saturating_sub(2) as usize);
        let Second { stored, response_ms: [_, _, p99, _], .. } =
            second.cloned().unwrap_or_default();
        let fresh = record.seconds.iter().rev().find_map(|second| second.freshness_ms);
        let fresh = fresh.map_or(String::new(), |ms| format!(", fresh in {ms:.0} ms"));
        let end = if planned > 0.0 { format!(" of {planned:.0}") } else { String::new() };
        let broken = if broken.is_empty() { String::new() } else { format!(" — {broken}") };
        self.progress.set_message(format!(
            "{:4}{end} s: {stored} events/s stored, response p99 {p99:.1} ms{fresh}{broken}",
            self.seconds
        ));
    }

    /// Shows another message in place of the figures of the last second.
    pub(super) fn say(&self, message: String) {
        self.progress.set_message(message);
    }

    /// Returns the record of the run with the result of its audit.
    pub(super) fn record(&mut self, legs: &[Leg], ledger: Option<LedgerResult>) -> RunRecord {
        let mut record = self.figures(legs, true);
        record.judge(ledger);
        record
    }

    /// Returns the record of the run so far, with or without the outcomes of the requests.
    fn figures(&mut self, legs: &[Leg], has_outcomes: bool) -> RunRecord {
        let (collected, seconds) = self.collector.update(|collector| {
            let collected = match has_outcomes {
                true => collector.collected.clone(),
                false => collector.collected.figures(),
            };
            (collected, collector.seconds())
        });
        let mut totals = collected.totals;
        totals.requests_planned = self.requests_planned;
        totals.generator_cpu_s =
            self.usage.generator().saturating_sub(self.first_usage.generator()).as_secs_f64();
        let elapsed = Duration::from_secs_f64(totals.seconds);
        let mut record = RunRecord {
            is_partial: self.is_partial,
            notes: self.notes(&seconds),
            legs: legs.to_vec(),
            parts: self.facts.parts.clone(),
            target: self.facts.target.clone(),
            connections: self.facts.connections,
            command: command(&self.facts),
            environment: self.facts.environment.clone(),
            totals,
            timings: collected.timings,
            seconds,
            outcomes: collected.outcomes,
            mismatched: collected.mismatched,
            mismatches: collected.mismatches,
            aborted_by: self.aborted_by.clone(),
            errors: collected.errors,
            knee: self.knee.clone(),
            check: LimitCheck { invalid: self.invalid(elapsed), ..LimitCheck::default() },
            ..RunRecord::new(self.facts.key.clone())
        };
        record.judge(None);
        record
    }

    /// Reason why the sender's thread was the limit.
    fn invalid(&self, elapsed: Duration) -> Option<String> {
        let (_, sender_cores) = self.usage.cores_since(&self.first_usage, elapsed);
        let is_long = elapsed > Duration::from_secs(2);
        is_long.then(|| limit_check::sender_limited(sender_cores)).flatten()
    }

    /// Returns the notes, with the growth of memory and descriptors of a soak.
    fn notes(&self, seconds: &[Second]) -> Vec<String> {
        let mut notes = self.facts.notes.clone();
        let is_soak = self.legs.iter().any(|leg| matches!(leg.stage, Stage::Soak { .. }));
        let observed: Vec<&Second> =
            seconds.iter().filter(|second| second.memory_mb > 0.0).collect();
        if let (true, Some(first), Some(last)) =
            (is_soak, observed.get(observed.len() / 10), observed.last())
        {
            notes.push(format!(
                "soak: memory {:.0} MB after a tenth of the time, {:.0} MB at its end; descriptors \
                 {} and {}",
                first.memory_mb, last.memory_mb, first.descriptors, last.descriptors
            ));
        }
        notes
    }
}

/// Flags that a repetition gets from elsewhere: secrets from the environment, and another start.
const LEFT_OUT: [&str; 3] = ["--token", "--client-secret", "--starts-at"];

/// Returns the command that repeats a run. Its start differs, so its events differ in their times.
fn command(facts: &RunFacts) -> String {
    let mut given = std::env::args().skip(1);
    let mut words = vec!["daymark".to_owned()];
    while let Some(word) = given.next() {
        if LEFT_OUT.contains(&&*word) {
            given.next();
        } else if !LEFT_OUT.iter().any(|flag| word.starts_with(&format!("{flag}="))) {
            words.push(word);
        }
    }
    if !words.iter().any(|word| word.starts_with("--seed")) {
        words.push(format!("--seed={}", facts.key.scenario.seed));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:@%+,".contains(c);
    let quoted = |word: String| {
        if !word.is_empty() && word.chars().all(is_plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Returns a stage in words.
fn stage_words(stage: &Stage) -> String {
    match stage {
        Stage::Constant { rate, time } => format!("{rate} events/s for {time}"),
        Stage::Ramp { from, to, time } => format!("from {from} to {to} events/s in {time}"),
        Stage::Steps { from, by, each, times } => {
            format!("{times} steps of {by} from {from} events/s, {each} each")
        }
        Stage::Spike { base, peak, peak_for, time } => {
            format!("{base} events/s for {time}, with {peak} for {peak_for}")
        }
        Stage::Soak { rate, time } => format!("soak of {rate} events/s for {time}"),
        Stage::Day { peak, time } => format!("a day with a peak of {peak} events/s in {time}"),
        Stage::Knee(search) => format!("search for the knee from {} events/s", search.from),
        Stage::File => "the times of the file".to_owned(),
    }
}
