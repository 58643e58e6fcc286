//! Where a promise is tried: on ours, or on the endpoint that a variable names.

use std::env;
use std::panic::resume_unwind;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use local_kinesis::{Kinesis, KinesisSettings, Limits, Storage};
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinHandle};

use crate::differences::{self, Difference};
use crate::support::Caller;

/// The variable that names another endpoint, such as `http://127.0.0.1:4567`. It is left with the
/// streams of the checks.
const FOREIGN: &str = "DAYMARK_CONFORMANCE_KINESIS";

/// A promise that takes longer is not kept.
const PATIENCE: Duration = Duration::from_secs(300);

/// Tries a promise. Ours keeps it; a foreign endpoint keeps it or breaks it as it is listed.
pub(crate) async fn keep<F>(promise: &str, check: impl FnOnce(Caller) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(url) = foreign() else {
        let (url, ours) = ours().await;
        check(caller(&url)).await;
        return ours.abort();
    };
    let outcome = tokio::spawn(tokio::time::timeout(PATIENCE, check(caller(&url)))).await;
    let failure = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some(format!("no end within {} s", PATIENCE.as_secs())),
        Err(panicked) => Some(told(panicked)),
    };
    judge(promise, differences::of(promise), failure);
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, read in this place")]
fn foreign() -> Option<String> {
    env::var(FOREIGN).ok()
}

fn judge(promise: &str, listed: Option<Difference>, failure: Option<String>) {
    match (listed, failure) {
        (None, None) => {}
        (None, Some(failure)) => panic!(
            "{promise}: the endpoint differs, and no difference is listed; read the source of the \
             promise, and mend ours or list it in differences.md.\n{failure}"
        ),
        (Some(_), None) => {
            panic!("{promise}: the endpoint keeps it now; take the line out of differences.md")
        }
        (Some(listed), Some(failure)) => assert!(
            failure.contains(&listed.seen),
            "{promise}: it differs, but not as listed ({}):\n{failure}",
            listed.seen
        ),
    }
}

/// What a failed assertion said, in one line.
fn told(failed: JoinError) -> String {
    let said = failed.into_panic();
    let text = said.downcast_ref::<String>().cloned();
    let text = text.or_else(|| said.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let Some(text) = text else { resume_unwind(said) };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A caller of a stream that no other test knows.
fn caller(url: &str) -> Caller {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Caller::new(url, &format!("conformance-{}-{count:03}", process::id()))
}

/// An endpoint of ours on the machine's time, gone with what is returned. The limits per shard,
/// which no emulator has, are held in `records.rs`.
async fn ours() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let (storage, limits, clock) = (Storage::Memory, Limits::Off, Arc::new(now));
    let settings = KinesisSettings { storage, limits, clock, region: "eu-west-1".to_owned() };
    let kinesis = Kinesis::open(settings).expect("it opens");
    let serve = async move { axum::serve(listener, kinesis.router()).await.expect("it serves") };
    (url, tokio::spawn(serve))
}

/// The machine's time, which an emulator has as well.
#[expect(clippy::disallowed_methods, reason = "a foreign endpoint has no clock of ours")]
pub(crate) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn listed(seen: &str) -> Option<Difference> {
    Some(Difference { seen: seen.to_owned() })
}

#[test]
fn a_promise_that_is_kept_and_a_difference_as_it_is_listed_pass() {
    judge("p", None, None);
    judge("p", listed("StatusCode(500)"), Some("raw: StatusCode(500), no body".to_owned()));
}

#[test]
#[should_panic(expected = "no difference is listed")]
fn a_difference_that_is_not_listed_fails() {
    judge("p", None, Some("raw: StatusCode(500), no body".to_owned()));
}

#[test]
#[should_panic(expected = "take the line out")]
fn a_listed_difference_that_is_gone_fails() {
    judge("p", listed("StatusCode(500)"), None);
}

#[test]
#[should_panic(expected = "not as listed")]
fn a_difference_that_shows_itself_otherwise_fails() {
    judge("p", listed("StatusCode(500)"), Some("it was scaled".to_owned()));
}
