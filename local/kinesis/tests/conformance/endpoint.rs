//! Endpoint under test: the one of this crate, or the one that a variable names.

use std::env;
use std::panic::resume_unwind;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinHandle};

use crate::differences::{self, Difference};
use crate::support::TestClient;

/// Environment variable with the URL of another endpoint, such as `http://127.0.0.1:4567`. The
/// tests leave their streams there.
const FOREIGN: &str = "DAYMARK_CONFORMANCE_KINESIS";

/// Longest time for a promise.
const PATIENCE: Duration = Duration::from_secs(300);

/// Tests a promise. A foreign endpoint keeps it, or breaks it as listed.
pub(crate) async fn keep<F>(promise: &str, check: impl FnOnce(TestClient) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(url) = foreign() else {
        let (url, served) = embedded_endpoint().await;
        check(client(&url)).await;
        return served.abort();
    };
    let outcome = tokio::spawn(tokio::time::timeout(PATIENCE, check(client(&url)))).await;
    let failure = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some(format!("no end within {} s", PATIENCE.as_secs())),
        Err(panicked) => Some(panic_message(panicked)),
    };
    judge(promise, differences::of(promise), failure);
}

#[expect(clippy::disallowed_methods, reason = "the only setting of these tests")]
fn foreign() -> Option<String> {
    env::var(FOREIGN).ok()
}

fn judge(promise: &str, listed: Option<Difference>, failure: Option<String>) {
    match (listed, failure) {
        (None, None) => {}
        (None, Some(failure)) => panic!(
            "{promise}: the endpoint differs, and no difference is listed; read the source of the \
             promise, then correct this endpoint or list it in differences.md.\n{failure}"
        ),
        (Some(_), None) => {
            panic!("{promise}: the endpoint keeps it now; remove the line from differences.md")
        }
        (Some(listed), Some(failure)) => assert!(
            failure.contains(&listed.seen),
            "{promise}: the endpoint differs, but not as listed ({}):\n{failure}",
            listed.seen
        ),
    }
}

/// Returns the message of a failed assertion in one line.
fn panic_message(failed: JoinError) -> String {
    let payload = failed.into_panic();
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let Some(text) = text else { resume_unwind(payload) };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a client with a stream that no other test uses.
fn client(url: &str) -> TestClient {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    TestClient::new(url, &format!("conformance-{}-{count:03}", process::id()))
}

/// Starts an endpoint of this crate with the system clock. `records.rs` tests the limits per shard,
/// which no emulator enforces.
async fn embedded_endpoint() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let (storage, limits, clock) = (KinesisStorage::Memory, ShardLimits::Off, Arc::new(now));
    let settings = KinesisSettings { storage, limits, clock, region: "eu-west-1".to_owned() };
    let kinesis = Kinesis::open(settings).expect("it opens");
    let serve = async move { axum::serve(listener, kinesis.router()).await.expect("it serves") };
    (url, tokio::spawn(serve))
}

/// Time of the system clock, which an emulator uses too.
#[expect(clippy::disallowed_methods, reason = "a foreign endpoint uses the system clock")]
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
#[should_panic(expected = "remove the line")]
fn a_listed_difference_that_is_gone_fails() {
    judge("p", listed("StatusCode(500)"), None);
}

#[test]
#[should_panic(expected = "not as listed")]
fn a_difference_with_another_message_fails() {
    judge("p", listed("StatusCode(500)"), Some("it was scaled".to_owned()));
}
