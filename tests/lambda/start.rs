//! Errors of a function that cannot start.

use crate::binaries::ALL;
use crate::function::Process;

const STREAM: (&str, &str) = ("DAYMARK_STREAM", "till-events");
const TABLE_PREFIX: (&str, &str) = ("DAYMARK_TABLE_PREFIX", "shop-");
const QUEUE_URL: (&str, &str) = ("DAYMARK_QUEUE_URL", "http://127.0.0.1:1/000000000000/due.fifo");

/// URL without a listener: no test of this file makes a call.
const NOWHERE: &str = "127.0.0.1:1";

/// Required variables of a function.
fn required(binary: &str) -> &'static [(&'static str, &'static str)] {
    match binary {
        "ingest-lambda" => &[STREAM],
        "pricing-schedule-lambda" | "day-close-schedule-lambda" => &[TABLE_PREFIX, QUEUE_URL],
        _ => &[TABLE_PREFIX],
    }
}

#[test]
fn a_missing_variable_is_named_and_the_process_fails() {
    for binary in ALL {
        let required = required(binary);
        for missing in required {
            let given: Vec<_> = required.iter().copied().filter(|one| one != missing).collect();
            let ended = Process::start(binary, NOWHERE, &given).wait();
            assert_eq!(ended.status.code(), Some(1), "{binary}: {ended:?}");
            let told = format!("Error: the environment variable {} is not set\n", missing.0);
            assert_eq!(ended.stderr, told, "{binary}");
        }
    }
}

#[test]
fn a_function_needs_only_the_variables_it_uses() {
    for binary in ALL {
        let ended = Process::start(binary, NOWHERE, required(binary)).wait();
        assert!(!ended.stderr.contains("environment variable"), "{binary}: {ended:?}");
    }
}

#[test]
fn the_error_of_an_invalid_variable_names_the_rule() {
    for binary in ["ingest-lambda", "processor-lambda"] {
        let age = ("DAYMARK_EVENT_AGE_MAX_DAYS", "soon");
        let given: Vec<_> = required(binary).iter().copied().chain([age]).collect();
        let ended = Process::start(binary, NOWHERE, &given).wait();
        assert_eq!(ended.status.code(), Some(1), "{binary}: {ended:?}");
        let told = "DAYMARK_EVENT_AGE_MAX_DAYS is \"soon\"; expected a whole number of days \
                    from 1 to 399, or any";
        assert!(ended.stderr.contains(told), "{binary}: {ended:?}");
    }
    for binary in ["processor-lambda", "day-close-lambda", "pricing-lambda"] {
        let log = ("DAYMARK_STOCK_LOG_DAYS", "30");
        let given: Vec<_> = required(binary).iter().copied().chain([log]).collect();
        let ended = Process::start(binary, NOWHERE, &given).wait();
        assert_eq!(ended.status.code(), Some(1), "{binary}: {ended:?}");
        let told = "DAYMARK_STOCK_LOG_DAYS is \"30\"; expected a whole number of days from 60 to \
                    9999, or forever";
        assert!(ended.stderr.contains(told), "{binary}: {ended:?}");
    }
}
