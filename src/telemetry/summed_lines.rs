//! Sums of repeated log lines. A failing disk or a storm of conflicts logs the same line thousands
//! of times a minute. Of the warnings and errors of one place in the source, the first few of each
//! minute are written, and the number of the others at its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::callsite::Identifier;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

/// Warnings and errors of one place that are written in a period.
const LINES_MAX: u64 = 20;
/// Length of a period.
const PERIOD: Duration = Duration::from_secs(60);
/// Target of the lines with the sums, which are never summed themselves.
const TARGET: &str = "daymark::summed_lines";

/// Lines of each place in the current period.
#[derive(Clone, Default)]
pub(super) struct SummedLines(Arc<Mutex<HashMap<Identifier, Place>>>);

struct Place {
    target: &'static str,
    line: u32,
    count: u64,
}

impl SummedLines {
    /// Writes the sums at the end of each period, for as long as the program runs.
    pub(super) fn sum_up_each_period(&self) {
        let lines = self.clone();
        let sum_up = move || {
            loop {
                std::thread::sleep(PERIOD);
                lines.sum_up();
            }
        };
        // Without the thread, lines are left out without their number.
        let _ = std::thread::Builder::new().name("log-sums".to_owned()).spawn(sum_up);
    }

    /// Writes the numbers of lines that were left out, and begins a new period.
    pub(super) fn sum_up(&self) {
        let places = std::mem::take(&mut *self.lock());
        let mut places: Vec<Place> = places.into_values().collect();
        places.retain(|place| place.count > LINES_MAX);
        places.sort_by_key(|place| (place.target, place.line));
        for Place { target, line, count } in places {
            tracing::warn!(
                target: TARGET,
                left_out = count - LINES_MAX,
                "more lines like the last ones of {target}, line {line}"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Identifier, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Filter<S> for SummedLines {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN || metadata.target() == TARGET {
            return true;
        }
        let mut places = self.lock();
        let place = places.entry(metadata.callsite()).or_insert_with(|| Place {
            target: metadata.target(),
            line: metadata.line().unwrap_or_default(),
            count: 0,
        });
        place.count += 1;
        place.count <= LINES_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tracing_subscriber::layer::{Layer, SubscriberExt};

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn of_a_storm_the_first_lines_are_written_and_the_others_are_counted() {
        let (lines, output) = (SummedLines::default(), Output::default());
        let writer = output.clone();
        let logs = tracing_subscriber::fmt::layer().with_ansi(false);
        let logs = logs.with_writer(move || writer.clone()).with_filter(lines.clone());
        let subscriber = tracing_subscriber::registry().with(logs);
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..100 {
                tracing::error!(number, "the disk fails");
                tracing::info!("a line of another level");
            }
            tracing::warn!("another warning");
            lines.sum_up();
            tracing::warn!("another warning");
            lines.sum_up();
        });
        let text = String::from_utf8(output.0.lock().expect("no panic").clone()).expect("text");
        let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
        assert_eq!(count("the disk fails"), 20);
        assert_eq!(count("a line of another level"), 100);
        assert_eq!(count("another warning"), 2);
        assert_eq!(count("left_out=80"), 1, "{text}");
        assert_eq!(count("left_out"), 1, "{text}");
    }
}
