//! Losses of power, played on the program: `recorder.c` records its writes and syncs, the program
//! is killed at a random instant, and `disk.rs` computes what a disk may hold then. The program
//! starts from that. `DAYMARK_POWER_ROUNDS` is the number of losses.

mod disk;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::support::{
    Random, Tills, UpProcess, assert_acknowledged_stored_once, assert_sent_stored_once, env_number,
};
use disk::Disk;

const ROUNDS: u64 = 8;
/// Upper bound of the requests that a started process answers before the loss.
const ANSWERS_MAX: u64 = 40;
/// Upper bound of the time between the last of these answers and the loss.
const THEN_MILLIS_MAX: u64 = 300;
/// Upper bound of the time between start and loss of a process that loses power while it starts.
const START_MILLIS_MAX: u64 = 400;

/// Compiles the recorder. A C compiler is needed for the program as well.
fn compile_recorder(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/power_loss/recorder.c");
    let library = folder.join("recorder.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().expect("a C compiler").success(), "the recorder is compiled");
    library
}

/// Program on one disk, until the power is lost.
struct PoweredDisk {
    root: PathBuf,
    journal: PathBuf,
    before: Disk,
    data: String,
    wrapper: [String; 4],
}

impl PoweredDisk {
    fn new(recorder: &Path, root: PathBuf) -> Self {
        let journal = root.with_extension("journal");
        let data = root.join("data").display().to_string();
        let wrapper = [
            "env".to_owned(),
            format!("LD_PRELOAD={}", recorder.display()),
            format!("DAYMARK_POWER_ROOT={}", root.display()),
            format!("DAYMARK_POWER_JOURNAL={}", journal.display()),
        ];
        let before = Disk::read(&root);
        Self { root, journal, before, data, wrapper }
    }

    fn wrapper(&self) -> [&str; 4] {
        self.wrapper.each_ref().map(String::as_str)
    }

    /// Writes what the disk holds now to a new disk.
    fn lose_power(mut self, random: &mut Random, to: &Path) {
        let journal = fs::read(&self.journal).unwrap_or_default();
        self.before.replay(&self.root, &journal);
        self.before.lose_power(random, to);
        fs::remove_dir_all(&self.root).expect("removed");
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures of a long run")]
fn acknowledged_events_survive_losses_of_power() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = compile_recorder(folder.path());
    let rounds = env_number("DAYMARK_POWER_ROUNDS").unwrap_or(ROUNDS);
    let mut random = Random::by_seed("power_loss");
    let tills = Tills::open(&mut random);
    let disk = |round: u64| folder.path().join(format!("disk-{round}"));
    fs::create_dir(disk(0)).expect("a folder");
    for round in 0..rounds {
        let powered = PoweredDisk::new(&recorder, disk(round));
        let batch_size = format!("--batch-size={}", 1 + random.below(30));
        let arguments = ["--data", &powered.data, &batch_size];
        if round % 4 == 3 {
            let after = Duration::from_millis(random.below(START_MILLIS_MAX));
            UpProcess::kill_while_it_starts(&powered.wrapper(), &arguments, after);
        } else {
            let up = UpProcess::start_under(&powered.wrapper(), &arguments);
            tills.send_to(&up);
            tills.wait_for_answers(random.below(ANSWERS_MAX));
            sleep(Duration::from_millis(random.below(THEN_MILLIS_MAX)));
            up.kill();
        }
        powered.lose_power(&mut random, &disk(round + 1));
    }
    let mut tills = tills.stop();
    let answered = tills.ledger();
    let data = disk(rounds).join("data").display().to_string();
    let up = UpProcess::start(&["--data", &data]);
    let found = assert_acknowledged_stored_once(&up, &answered).len();
    tills.send_the_rest(&up);
    let ledger = tills.ledger();
    let in_the_end = assert_sent_stored_once(&up, &ledger).len();
    assert_eq!(in_the_end, ledger.sent.len());
    eprintln!(
        "{rounds} losses of power: of {} events {} were acknowledged until the last one and \
         {found} found after it; sent to their end, {in_the_end} found, 0 doubled",
        answered.sent.len(),
        answered.acknowledged.len(),
    );
}
