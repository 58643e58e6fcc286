//! The program under the axe: tills send over several connections while it is killed at random
//! instants, again and again. `DAYMARK_AXE_ROUNDS` says how often.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::support::{
    Random, Tills, Up, everything_acknowledged_is_there_once, everything_sent_is_there_once,
    setting,
};

const ROUNDS: u64 = 8;
/// A process that came up answers fewer requests than this.
const ANSWERS_MAX: u64 = 60;
/// Longest life after that.
const THEN_MILLIS_MAX: u64 = 300;
/// Longest life of one that is killed while it starts.
const START_MILLIS_MAX: u64 = 400;
/// Logged when a write that was under way at the kill is found.
const TORN: &str = "the last write of this log is incomplete";

#[test]
#[expect(clippy::print_stderr, reason = "the figures of a long run")]
fn nothing_acknowledged_is_lost_or_doubled_however_often_it_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let rounds = setting("DAYMARK_AXE_ROUNDS").unwrap_or(ROUNDS);
    let mut random = Random::by_seed("killed");
    let tills = Tills::open(&mut random);
    let (mut while_starting, mut torn) = (0, 0);
    for round in 0..rounds {
        // Batches are cut in other places each time.
        let batch_size = format!("--batch-size={}", 1 + random.below(30));
        let factor = format!("--parallelization-factor={}", 1 + random.below(4));
        let arguments = ["--data", &data, &batch_size, &factor];
        let err = if round % 4 == 3 {
            while_starting += 1;
            Up::kill_while_it_starts(&[], &arguments, millis(random.below(START_MILLIS_MAX)))
        } else {
            let up = Up::start(&arguments);
            tills.send_to(&up);
            tills.wait_for_answers(random.below(ANSWERS_MAX));
            sleep(millis(random.below(THEN_MILLIS_MAX)));
            up.kill()
        };
        torn += err.matches(TORN).count();
    }
    let mut tills = tills.rest();
    let answered = tills.books();

    let up = Up::start(&["--data", &data]);
    let found = everything_acknowledged_is_there_once(&up, &answered).len();
    tills.send_the_rest(&up);
    let books = tills.books();
    let in_the_end = everything_sent_is_there_once(&up, &books).len();
    assert_eq!(in_the_end, books.sent.len());
    assert!(!Path::new(&data).join("failed-batches").exists(), "no batch was given up");
    eprintln!(
        "{rounds} kills ({while_starting} while it started, {torn} torn writes): of {} events {} \
         were acknowledged until the last kill and {found} found after it; sent to their end, {} \
         were acknowledged, {in_the_end} found, 0 doubled",
        answered.sent.len(),
        answered.acknowledged.len(),
        books.acknowledged.len(),
    );
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
