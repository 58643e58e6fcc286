//! Search for the knee: probes of one rate each, with a drained backlog between them.

use std::time::Duration;

use load_generator::knee::{Knee, LONG_PROBE, Probe};
use load_generator::limit_check::{LimitCheck, Measured};
use load_generator::plan::Leg;
use load_generator::scenario::{KneeSearch, Stage, Statistic};
use load_generator::sender::Collected;
use load_generator::span::Span;
use load_generator::timings::Second;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::super::stop::broken_since;
use super::{Job, Run};
use crate::{CommandError, output};

/// Age of the oldest probe event at which the backlog counts as drained.
const DRAINED_MS: f64 = 1_000.0;
/// Time after the end of a probe in which its last answers count as in time.
const ANSWER_MARGIN: Duration = Duration::from_millis(250);

impl Run {
    /// Searches the knee, and sends one leg for each probe of the search.
    pub(super) async fn find_knee(
        &mut self,
        search: &KneeSearch,
        jobs: &mpsc::UnboundedSender<Job>,
    ) -> Result<(), CommandError> {
        let mut knee = Knee::new(search);
        while let Some(rate) = knee.next_rate() {
            if self.sender.halt.is_cancelled() {
                knee.abort("ended early");
                break;
            }
            // A leg begins at a whole second, so that its seconds are those of the record.
            let second = self.sender.starts.elapsed().as_secs() + 2;
            let second = if self.sender.legs.is_empty() { 0 } else { second };
            let factor = if knee.is_long() { LONG_PROBE } else { 1 };
            let length = search.probe.0 * factor;
            let stage = Stage::Constant { rate, time: Span(length) };
            let leg = Leg { starts_us: second * 1_000_000, stage };
            let before = self.collected();
            let ends_us = leg.starts_us + length.as_micros() as u64;
            self.collector.update(|collector| {
                collector.begin_leg(leg.starts_us, ends_us + ANSWER_MARGIN.as_micros() as u64);
            });
            self.send_legs(std::slice::from_ref(&leg), jobs).await?;
            let is_drained = self.drain(search.drain.0).await;
            let broken = (!is_drained).then(|| format!("no drain in {}", search.drain));
            let probe = self.probe(&leg, rate, &before, broken);
            let outcome = if probe.passes() { "kept" } else { "not kept" };
            output::note(format!(
                "{rate:8.0} events/s: {:.0} stored, response p99 {:.1} ms, {outcome}{}",
                probe.stored_rate,
                probe.response_ms[1],
                if probe.broken.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", probe.broken.join("; "))
                }
            ));
            knee.observe(probe);
            self.observer.set_knee(knee.result().clone());
        }
        self.observer.set_knee(knee.result().clone());
        Ok(())
    }

    fn collected(&self) -> Collected {
        self.collector.update(|collector| collector.collected.figures())
    }

    /// Waits until the log has caught up with the probe events. Returns `false` if it does not in
    /// time.
    async fn drain(&mut self, longest: Duration) -> bool {
        let ends = Instant::now() + longest;
        let collector = self.collector.clone();
        let is_drained = async {
            while collector.update(|collector| collector.backlog_ms()) > DRAINED_MS {
                if Instant::now() > ends {
                    return false;
                }
                sleep(Duration::from_millis(50)).await;
            }
            true
        };
        self.observer.wait(is_drained).await
    }

    /// Returns what was seen of a leg.
    fn probe(&self, leg: &Leg, rate: f64, before: &Collected, broken: Option<String>) -> Probe {
        let (after, seconds) =
            self.collector.update(|collector| (collector.collected.figures(), collector.seconds()));
        let second = leg.starts_us / 1_000_000;
        let length = leg.stage.duration().as_secs().max(1);
        // Seconds without requests at the end of the probe have no figures.
        let last = (second + length).min(seconds.len() as u64);
        let of_probe = seconds.get(second as usize..last as usize).unwrap_or_default();
        let stored = self.collector.update(|collector| collector.leg_stored());
        let timings = after.timings.since(&before.timings);
        let mut limits = broken_since(&self.scenario.limits, &after, before);
        limits.extend(broken);
        let measured = Measured {
            timings: &timings,
            totals: &after.totals,
            ledger: None,
            mismatches: 0,
            is_part: false,
        };
        let planned = after.totals.planned - before.totals.planned;
        let p =
            |hundredths| timings.response.at(Statistic::Percentile(hundredths)).as_secs_f64() * 1e3;
        // Poisson arrivals have another number of events than the rate says. The share is of those.
        let stored_share = if planned == 0 { 0.0 } else { stored as f64 / planned as f64 };
        Probe {
            rate,
            stored_rate: rate * stored_share,
            backlog_growth: growth(of_probe),
            response_ms: [p(5_000), p(9_900)],
            broken: limits,
            invalid: LimitCheck::of(&Default::default(), measured).invalid,
        }
    }
}

/// Growth of the freshness in a probe, in milliseconds a second: the slope of the least squares.
fn growth(seconds: &[Second]) -> f64 {
    let points: Vec<(f64, f64)> = (0..)
        .zip(seconds)
        .filter_map(|(number, second)| Some((f64::from(number), second.freshness_ms?)))
        .collect();
    let count = points.len() as f64;
    if points.len() < 2 {
        return 0.0;
    }
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    covariance / variance
}
