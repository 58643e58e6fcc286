//! What a function says when it cannot start.

use crate::binaries::ALL;
use crate::function::Process;

const STREAM: (&str, &str) = ("DAYMARK_STREAM", "till-events");
const TABLE_PREFIX: (&str, &str) = ("DAYMARK_TABLE_PREFIX", "shop-");

/// Nobody listens there: no test of this file gets that far.
const NOWHERE: &str = "127.0.0.1:1";

#[test]
fn a_missing_variable_is_named_and_the_process_fails() {
    for binary in ALL {
        for (given, missing) in [(TABLE_PREFIX, STREAM.0), (STREAM, TABLE_PREFIX.0)] {
            let ended = Process::start(binary, NOWHERE, &[given]).wait();
            assert_eq!(ended.status.code(), Some(1), "{binary}: {ended:?}");
            let told = format!("Error: the environment variable {missing} is not set\n");
            assert_eq!(ended.stderr, told, "{binary}");
        }
    }
}

#[test]
fn a_variable_without_meaning_is_named_with_what_would_pass() {
    for binary in ALL {
        let age = ("DAYMARK_EVENT_AGE_MAX_DAYS", "soon");
        let ended = Process::start(binary, NOWHERE, &[STREAM, TABLE_PREFIX, age]).wait();
        assert_eq!(ended.status.code(), Some(1), "{binary}: {ended:?}");
        let told = "DAYMARK_EVENT_AGE_MAX_DAYS is \"soon\"; expected a whole number of days \
                    below 400, after which rows expire, or any";
        assert!(ended.stderr.contains(told), "{binary}: {ended:?}");
    }
}
