//! The open loop: what a stalled target does to the three times, and what is sent again. The clock
//! of these tests is tokio's, which stands still while anything can run.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use load_generator::outcomes::EventOutcome;
use load_generator::scenario::Statistic;
use load_generator::sender::{
    Answer, Collected, LineStatus, Lines, Prepared, SendSettings, SharedCollector, Target, send_all,
};
use load_generator::timings::Histogram;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

const P99: Statistic = Statistic::Percentile(9_900);

/// Requests of two events, `rate` a second.
fn requests(rate: u64, seconds: u64) -> Vec<Prepared> {
    let request = |number| Prepared {
        number,
        at_us: number * 1_000_000 / rate,
        events: 2,
        poison: 0,
        plain: format!("{{\"event_id\":\"{number}-0\"}}\n{{\"event_id\":\"{number}-1\"}}\n"),
        compressed: None,
    };
    (0..rate * seconds).map(request).collect()
}

/// Sends requests to a target and returns what was collected.
async fn sent(
    target: impl Target,
    requests: Vec<Prepared>,
    connections: Option<u32>,
    stop: CancellationToken,
) -> Collected {
    let starts = Instant::now();
    let settings = SendSettings { starts, connections, give_up: Duration::from_secs(30) };
    let collector = SharedCollector::default();
    collector.update(|collector| collector.start(starts));
    let send = send_all(Rc::new(target), requests.into(), settings, collector.clone(), stop);
    LocalSet::new().run_until(send).await;
    collector.update(|collector| collector.collected.clone())
}

/// Target that answers in 1 ms, and stalls from the third second to the fourth.
struct Stalling {
    starts: Instant,
}

impl Target for Stalling {
    async fn send(&self, lines: &Lines<'_>) -> Answer {
        let at = self.starts.elapsed();
        if (3..4).contains(&at.as_secs()) {
            sleep_until(self.starts + Duration::from_secs(4)).await;
        }
        sleep(Duration::from_millis(1)).await;
        answer(202, &vec![LineStatus::Stored; lines.texts().len()], None)
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_shows_in_the_response_time_whether_or_not_connections_are_capped() {
    let millis = |histogram: &Histogram| histogram.at(P99).as_millis();
    for (connections, is_service_stalled) in [(Some(8), false), (None, true)] {
        let target = Stalling { starts: Instant::now() };
        let stop = CancellationToken::new();
        let collected = sent(target, requests(1_000, 8), connections, stop).await;
        let times = &collected.timings;
        assert_eq!((times.response.len(), collected.totals.stored), (8_000, 16_000));
        assert!(millis(&times.response) > 900, "{} ms", millis(&times.response));
        assert_eq!(millis(&times.service) > 900, is_service_stalled);
        assert!(is_service_stalled || millis(&times.service) < 5);
        assert_eq!(millis(&times.send_lag) > 900, !is_service_stalled, "the wait for a connection");
        assert!(millis(&times.dispatch_lag) < 5, "the generator itself was never late");
    }
}

/// Target that gives the answers of a list for each request, one after the other, and notes what
/// was sent.
struct Scripted {
    answers: RefCell<Vec<Answer>>,
    sent: Rc<RefCell<Vec<(Duration, usize)>>>,
    starts: Instant,
}

impl Target for Scripted {
    async fn send(&self, lines: &Lines<'_>) -> Answer {
        let sent = (self.starts.elapsed(), lines.texts().len());
        self.sent.borrow_mut().push(sent);
        let mut answers = self.answers.borrow_mut();
        if answers.is_empty() { Answer::none("reset") } else { answers.remove(0) }
    }
}

/// Sends one request of two events and returns the attempts with what was collected.
async fn attempts(answers: Vec<Answer>) -> (Vec<(Duration, usize)>, Collected) {
    let sent_lines = Rc::new(RefCell::new(Vec::new()));
    let target = Scripted {
        answers: RefCell::new(answers),
        sent: sent_lines.clone(),
        starts: Instant::now(),
    };
    let collected = sent(target, requests(1, 1), None, CancellationToken::new()).await;
    (sent_lines.take(), collected)
}

fn answer(status: u16, lines: &[LineStatus], retry_after: Option<u64>) -> Answer {
    Answer {
        status: Some(status),
        lines: lines.to_vec(),
        retry_after: retry_after.map(Duration::from_secs),
        ..Answer::default()
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_events_to_retry_are_sent_again_after_the_time_that_the_answer_names() {
    let partly = answer(207, &[LineStatus::Stored, LineStatus::Retry], Some(3));
    let (sent, collected) = attempts(vec![partly, answer(202, &[LineStatus::Stored], None)]).await;
    assert_eq!(sent.iter().map(|(_, lines)| *lines).collect::<Vec<_>>(), [2, 1]);
    assert!(sent[1].0 >= Duration::from_secs(3) && sent[1].0 < Duration::from_secs(5));
    assert_eq!(collected.outcomes.of(0, 0), EventOutcome::Stored);
    assert_eq!(collected.outcomes.of(0, 1), EventOutcome::Stored);
    assert_eq!((collected.totals.stored, collected.totals.retried), (2, 1));
    let response = collected.timings.response.at(Statistic::Max);
    assert!(response >= Duration::from_secs(3), "a till waited for it: {response:?}");
}

#[tokio::test(start_paused = true)]
async fn a_time_to_wait_that_makes_no_sense_neither_floods_the_target_nor_ends_the_run() {
    for named in [0, u64::MAX] {
        let busy = answer(429, &[LineStatus::Retry; 2], Some(named));
        let stored = answer(202, &[LineStatus::Stored; 2], None);
        let (sent, _) = attempts(vec![busy.clone(), busy, stored]).await;
        assert!(sent.len() <= 3 && sent.iter().all(|(at, _)| at.as_secs() < 200), "{sent:?}");
        let gap = sent.get(1).map(|(at, _)| *at);
        assert!(gap.is_none_or(|gap| gap >= Duration::from_millis(200)), "{sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_event_is_not_sent_again_and_an_unanswered_one_is() {
    let (sent, collected) =
        attempts(vec![answer(422, &[LineStatus::Refused, LineStatus::Refused], None)]).await;
    assert_eq!((sent.len(), collected.totals.refused), (1, 2));

    let reset = Answer::none("reset");
    let stored = answer(202, &[LineStatus::Stored, LineStatus::Stored], None);
    let (sent, collected) = attempts(vec![reset.clone(), reset, stored]).await;
    assert_eq!((sent.len(), collected.totals.stored), (3, 2));
    assert_eq!(collected.errors["reset"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_is_given_up_and_its_events_are_unknown() {
    let (sent, collected) = attempts(Vec::new()).await;
    assert!(sent.len() > 3, "{}", sent.len());
    assert!(sent.last().unwrap().0 <= Duration::from_secs(30));
    assert_eq!(collected.outcomes.of(0, 1), EventOutcome::Unknown);
    assert_eq!((collected.totals.unknown, collected.totals.stored), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_leaves_the_rest_unsent() {
    let stop = CancellationToken::new();
    let later = stop.clone();
    let target = Stalling { starts: Instant::now() };
    let (collected, ()) = tokio::join!(sent(target, requests(100, 8), None, stop), async {
        sleep(Duration::from_millis(1_005)).await;
        later.cancel();
    });
    let outcomes = &collected.outcomes;
    assert_eq!(
        (outcomes.of(100, 0), outcomes.of(101, 0)),
        (EventOutcome::Stored, EventOutcome::NotSent)
    );
    assert_eq!(collected.totals.stored, 202);
}
