//! Kills while the program creates a data folder. The next start makes the folder right.
//! `DAYMARK_CRASH_ROUNDS` is the number of folders.

use std::time::Duration;

use aws::{AwsClients, Endpoints, ResourceNames};

use crate::support::{ApiClient, Random, UpProcess, env_number, event, now, run};

const FOLDERS: u64 = 12;
/// Upper bound of the time between start and kill. A start takes less.
const KILL_MILLIS_MAX: u64 = 300;

#[test]
fn a_kill_at_any_instant_of_the_first_start_leaves_a_folder_that_the_next_start_makes_right() {
    let mut random = Random::by_seed("first_start");
    let names = ResourceNames::default();
    for number in 0..env_number("DAYMARK_CRASH_ROUNDS").unwrap_or(FOLDERS) {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data").display().to_string();
        let arguments = ["--data", &data];
        for _ in 0..=random.below(2) {
            let after = Duration::from_millis(random.below(KILL_MILLIS_MAX));
            UpProcess::kill_while_it_starts(&[], &arguments, after);
        }
        let up = UpProcess::start(&arguments);
        let endpoints = Endpoints { kinesis: up.kinesis.clone(), dynamodb: up.dynamodb.clone() };
        let client = AwsClients::local(&endpoints).dynamodb;
        let checked = run(aws::schema::check_tables(&client, &names));
        assert_eq!(checked, Ok(()), "folder {number}");
        if number % 4 == 0 {
            let at = now();
            assert_eq!(ApiClient::new(&up).post(&event("corner", "one", "rye", at)).stored(), 1);
            up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
        }
    }
}
