//! A run from its start to its result.

mod knee;
mod ledger;
mod observer;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use load_generator::limit_check::exit;
use load_generator::plan::{Leg, Plan, PlanKey, legs};
use load_generator::run_record::{LedgerResult, Parts, RunRecord};
use load_generator::scenario::{Scenario, Stage};
use load_generator::sender::{Part, PlannedLegs, Planner, SendSettings, SharedCollector, send_all};
use local::service::ServiceThread;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{AnyTarget, Connection};
use super::files::RunFolder;
use super::live::{self, LiveRecord};
use super::probes::Probes;
use super::settings::{RunArgs, Usage};
use super::{environment, plan, usage};
use crate::up::Interrupts;
use crate::{CommandError, clock, output};
pub(super) use ledger::compared;
use observer::{Observer, RunFacts};

/// Time from the connection to the target until the start, in which requests are written ahead.
const LEAD: TimeDelta = TimeDelta::seconds(2);
/// Time for which a request is sent again after its planned instant.
const GIVE_UP: Duration = Duration::from_secs(60);

pub(super) async fn run(args: RunArgs) -> Result<ExitCode, CommandError> {
    let scenario = args.scenario.scenario()?;
    let part = args.part.unwrap_or(Part::WHOLE);
    if part.of > 1 && matches!(scenario.stages[..], [Stage::Knee(_)]) {
        let message = "a search for the knee adapts to the target, so it cannot be sent in parts";
        return Err(Usage::of(message));
    }
    if args.part.is_some() && args.target.is_own() {
        return Err(Usage::of("parts need a common target: --target names it"));
    }
    if args.target.is_deployed() {
        plan::check_budget(&scenario, args.target.budget)?;
    }
    usage::raise_descriptors();
    let folder = RunFolder::create(args.report.as_deref(), clock::now())?;
    // A file is read before the start is set, because that takes its time.
    let file = match scenario.shops.file {
        Some(_) => Some(Plan::new(&PlanKey::new(scenario.clone(), clock::now()))?),
        None => None,
    };
    let mut connection = args.target.connect(&scenario, folder.path()).await?;
    let starts_at = args.starts_at.unwrap_or_else(|| clock::now() + LEAD);
    let lead = (starts_at - clock::now()).to_std().map_err(|_| {
        Usage::of(format!("--starts-at {starts_at} has passed; it is {} now", clock::now()))
    })?;
    let mut key = PlanKey::new(scenario.clone(), starts_at);
    let plan = Arc::new(match file {
        Some(file) => file,
        None => Plan::new(&key)?,
    });
    key.file_sha256 = plan.file_sha256().map(str::to_owned);
    let starts = Instant::now() + lead;
    let collector = SharedCollector::default();
    collector.update(|collector| collector.start(starts));
    let live = LiveRecord::default();
    let page = match args.live.0 {
        Some(port) => Some(live::start(port, live.clone())?),
        None => None,
    };
    let facts = RunFacts {
        key: key.clone(),
        parts: Parts { numbers: vec![part.number], of: part.of },
        target: connection.name.clone(),
        connections: args.connections,
        environment: environment::read(connection.settings.clone()),
        notes: connection.remark.take().into_iter().collect(),
    };
    let observer = Observer::new(facts, collector.clone(), live, starts);
    observer.announce(page.as_ref().map(|(_, url)| url.as_str()), &folder);
    let compression = scenario.mix.compression;
    let sender = Sender {
        planner: Planner::start(plan.clone(), part, compression)?,
        legs: Vec::new(),
        halt: CancellationToken::new(),
        starts,
    };
    let settings = SendSettings { starts, connections: args.connections, give_up: GIVE_UP };
    let run = Run { args, scenario, connection, sender, observer, collector, folder };
    let code = run.finish(settings).await;
    if let Some((service, _)) = page {
        service.stop().await;
    }
    code
}

/// Returns the reason why a run has no result.
fn error_of(record: &RunRecord) -> String {
    match &record.ledger {
        _ if record.totals.planned == 0 => {
            "no event was planned: rate and time are too small".into()
        }
        _ if record.totals.stored == 0 => {
            let first = record.errors.iter().max_by_key(|(_, count)| **count);
            let error = first.map_or("no answer came", |(error, _)| error.as_str());
            format!("no event was acknowledged: {error}")
        }
        Some(LedgerResult::NotChecked { reason, is_intended: false }) => {
            format!("the ledger was not compared: {reason}; --no-ledger leaves it out")
        }
        _ => "the run was interrupted".to_owned(),
    }
}

/// A connected run.
struct Run {
    args: RunArgs,
    scenario: Scenario,
    connection: Connection,
    sender: Sender,
    observer: Observer,
    collector: SharedCollector,
    folder: RunFolder,
}

/// Legs of a run, planned and sent.
struct Sender {
    planner: Planner,
    legs: Vec<Leg>,
    /// Ends the run before its plan.
    halt: CancellationToken,
    starts: Instant,
}

/// Legs for the thread of the sender, with the end to report.
type Job = (PlannedLegs, oneshot::Sender<()>);

impl Run {
    async fn finish(mut self, settings: SendSettings) -> Result<ExitCode, CommandError> {
        let mut interrupts = Interrupts::listen()?;
        let (thread, jobs) = self.start_sender(settings)?;
        let probes = self.start_probes()?;
        let halt = self.sender.halt.clone();
        let is_interrupted = {
            let sent = self.send(&jobs);
            tokio::pin!(sent);
            tokio::select! {
                sent = &mut sent => { sent?; false }
                () = interrupts.next() => {
                    output::note("ending: open requests are finished, and the ledger is compared \
                                  (Ctrl-C again to leave it out)");
                    halt.cancel();
                    sent.await?;
                    true
                }
            }
        };
        if is_interrupted {
            self.observer.end_early("interrupted");
        }
        drop(jobs);
        thread.stop().await;
        if let Some(probes) = probes {
            self.observer.wait(probes.stop()).await;
        }
        let ledger = if self.args.no_ledger {
            LedgerResult::NotChecked { reason: "--no-ledger".to_owned(), is_intended: true }
        } else {
            tokio::select! {
                ledger = self.compare(is_interrupted) => ledger,
                () = interrupts.next() => {
                    let reason = "interrupted".to_owned();
                    LedgerResult::NotChecked { reason, is_intended: false }
                }
            }
        };
        let record = self.observer.record(&self.sender.legs, Some(ledger));
        let written = self.folder.write(&record).and_then(|()| self.write_logs());
        if self.args.json {
            output::line(serde_json::to_string(&record)?);
        } else {
            let style = output::terminal_style();
            output::line(load_generator::report::terminal(&record, style.width, style.is_ascii));
            output::line(format!("report   {}", self.folder.report().display()));
        }
        if let Some(machine) = self.connection.machine.take() {
            machine.stop().await;
        }
        written?;
        if record.exit_code == exit::ERROR {
            output::error(error_of(&record));
        }
        Ok(ExitCode::from(record.exit_code))
    }

    /// Writes the interval logs that were asked for.
    fn write_logs(&self) -> Result<(), CommandError> {
        if !self.args.hlog {
            return Ok(());
        }
        let starts_at = self.observer.facts.key.starts_at;
        let logs = self.collector.update(|collector| collector.interval_logs(starts_at));
        self.folder.write_logs(&logs)
    }

    fn start_sender(
        &self,
        settings: SendSettings,
    ) -> Result<(ServiceThread, mpsc::UnboundedSender<Job>), CommandError> {
        let (jobs, mut received) = mpsc::unbounded_channel::<Job>();
        let (target, collector) = (self.connection.target.clone(), self.collector.clone());
        let halt = self.sender.halt.clone();
        let thread = ServiceThread::start("load-send", move |_| async move {
            let target = std::rc::Rc::<AnyTarget>::new(target);
            let send = async {
                while let Some((legs, done)) = received.recv().await {
                    let (target, collector) = (target.clone(), collector.clone());
                    send_all(target, legs, settings, collector, halt.clone()).await;
                    // The receiver is gone if the run has failed.
                    let _ = done.send(());
                }
            };
            LocalSet::new().run_until(send).await;
        })?;
        Ok((thread, jobs))
    }

    fn start_probes(&self) -> Result<Option<ServiceThread>, CommandError> {
        let per_second = self.args.probes;
        let Ok(tables) = &self.connection.tables else { return Ok(None) };
        // One part probes, so that the freshness is measured once.
        if per_second == 0 || self.args.part.is_some_and(|part| part.number > 1) {
            return Ok(None);
        }
        let probes = Probes {
            target: self.connection.target.clone(),
            tables: tables.clone(),
            run_id: self.observer.facts.key.run_id.clone(),
            per_second,
            is_deployed: self.args.target.is_deployed(),
            starts: self.sender.starts,
            starts_at: self.observer.facts.key.starts_at,
            give_up: self.args.drain.0,
            collector: self.collector.clone(),
        };
        Ok(Some(ServiceThread::start("load-probe", move |stop| async move {
            LocalSet::new().run_until(probes.run(stop)).await;
        })?))
    }

    /// Sends all legs of the scenario.
    async fn send(&mut self, jobs: &mpsc::UnboundedSender<Job>) -> Result<(), CommandError> {
        if let [Stage::Knee(search)] = &self.scenario.stages[..] {
            let search = search.clone();
            return self.find_knee(&search, jobs).await;
        }
        let stages = match self.scenario.shops.file {
            None => legs(&self.scenario.stages),
            // The course of a file is in its times; the stage names the leg alone.
            Some(_) => legs(&[Stage::File]),
        };
        self.send_legs(&stages, jobs).await
    }

    /// Sends legs and returns when all their requests are settled.
    async fn send_legs(
        &mut self,
        legs: &[Leg],
        jobs: &mpsc::UnboundedSender<Job>,
    ) -> Result<(), CommandError> {
        let planned = self.sender.planner.legs(legs);
        self.sender.legs.extend_from_slice(legs);
        self.observer.plan(&self.sender.legs, planned.len);
        let (done, mut settled) = oneshot::channel();
        jobs.send((planned, done)).map_err(|_| "the thread of the sender has ended")?;
        // A search for the knee breaks limits on purpose.
        let is_search = matches!(self.scenario.stages[..], [Stage::Knee(_)]);
        let abort_after = self.scenario.abort_after.map(|span| span.0).filter(|_| !is_search);
        loop {
            tokio::select! {
                ended = &mut settled => {
                    return ended.map_err(|_| "the thread of the sender has ended".into());
                }
                broken = self.observer.next_second() => {
                    let (broken_for, limits) = broken;
                    let is_over = abort_after.is_some_and(|after| broken_for >= after);
                    if is_over && !self.sender.halt.is_cancelled() {
                        self.observer.abort(broken_for, &limits);
                        self.sender.halt.cancel();
                    }
                }
            }
        }
    }
}
