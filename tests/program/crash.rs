//! Crash test: tills send over several connections while the program is killed at random instants.
//! `DAYMARK_CRASH_ROUNDS` is the number of kills.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::support::{
    Random, Tills, UpProcess, assert_acknowledged_stored_once, assert_sent_stored_once, env_number,
};

const ROUNDS: u64 = 8;
/// Upper bound of the requests that a started process answers before it is killed.
const ANSWERS_MAX: u64 = 60;
/// Upper bound of the time between the last of these answers and the kill.
const THEN_MILLIS_MAX: u64 = 300;
/// Upper bound of the time between start and kill of a process that is killed while it starts.
const START_MILLIS_MAX: u64 = 400;
/// Log text for a write that the kill interrupted.
const TORN: &str = "the last write of this log is incomplete";

#[test]
#[expect(clippy::print_stderr, reason = "the figures of a long run")]
fn acknowledged_events_are_neither_lost_nor_doubled_by_kills() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let rounds = env_number("DAYMARK_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let mut random = Random::by_seed("killed");
    let tills = Tills::open(&mut random);
    let (mut while_starting, mut torn) = (0, 0);
    for round in 0..rounds {
        // Batches have other sizes in each round.
        let batch_size = format!("--batch-size={}", 1 + random.below(30));
        let factor = format!("--parallelization-factor={}", 1 + random.below(4));
        let arguments = ["--data", &data, &batch_size, &factor];
        let err = if round % 4 == 3 {
            while_starting += 1;
            UpProcess::kill_while_it_starts(&[], &arguments, millis(random.below(START_MILLIS_MAX)))
        } else {
            let up = UpProcess::start(&arguments);
            tills.send_to(&up);
            tills.wait_for_answers(random.below(ANSWERS_MAX));
            sleep(millis(random.below(THEN_MILLIS_MAX)));
            up.kill()
        };
        torn += err.matches(TORN).count();
    }
    let mut tills = tills.stop();
    let answered = tills.ledger();

    let up = UpProcess::start(&["--data", &data]);
    let found = assert_acknowledged_stored_once(&up, &answered).len();
    tills.send_the_rest(&up);
    let ledger = tills.ledger();
    let in_the_end = assert_sent_stored_once(&up, &ledger).len();
    assert_eq!(in_the_end, ledger.sent.len());
    assert!(!Path::new(&data).join("failed-batches").exists(), "no batch was given up");
    eprintln!(
        "{rounds} kills ({while_starting} while it started, {torn} torn writes): of {} events {} \
         were acknowledged until the last kill and {found} found after it; sent to their end, {} \
         were acknowledged, {in_the_end} found, 0 doubled",
        answered.sent.len(),
        answered.acknowledged.len(),
        ledger.acknowledged.len(),
    );
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
