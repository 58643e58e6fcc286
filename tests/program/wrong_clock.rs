//! A data folder that was used while the clock of the machine was ten days ahead.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_kinesis::primitives::Blob;
use chrono::TimeDelta;
use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use local::http::HttpServer;
use local::service::ServiceThread;
use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};

use crate::support::{ApiClient, UpProcess, event, now, run};
use crate::up::clients;

/// Days by which the clock was ahead.
const AHEAD: TimeDelta = TimeDelta::days(10);

/// Puts an event of that time into the stream of the folder, as a program with the wrong clock did.
fn put_with_the_wrong_clock(folder: &Path) {
    let settings = KinesisSettings {
        storage: KinesisStorage::Folder(folder.join("kinesis")),
        limits: ShardLimits::Enforced,
        clock: Arc::new(|| now() + AHEAD),
        region: "local".to_owned(),
    };
    let kinesis = Kinesis::open(settings).expect("the folder of the stopped program");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let url = format!("http://{}", server.local_addr());
    let service = ServiceThread::start("kinesis", |stop| async move {
        server.serve(kinesis.router(), stop).await;
        kinesis.close().await;
    });
    let service = service.expect("a thread");
    let client = aws::AwsClients::local(&aws::Endpoints { kinesis: url.clone(), dynamodb: url });
    run(async {
        for key in ["a", "b", "c", "d", "e", "f"] {
            let data = event("corner", key, "rye", now() + AHEAD).to_string();
            let put = client.kinesis.put_record().stream_name("daymark-events");
            put.partition_key(key).data(Blob::new(data)).send().await.expect("stored");
        }
        service.stop().await;
    });
}

#[test]
fn events_after_a_start_with_a_clock_ahead_are_stored_and_the_start_tells_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let start = || UpProcess::start(&["--data", &data]);
    assert_eq!(start().interrupt().code, Some(0));
    put_with_the_wrong_clock(folder.path());

    let up = start();
    let at = now();
    assert_eq!(ApiClient::new(&up).post(&event("corner", "today", "rye", at)).stored(), 1);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
    let listed = up.daymark(["quarantine", "list"]);
    assert_eq!(listed.out, "", "{}", listed.err);
    let err = up.interrupt().err;
    for words in ["ahead of the clock of this machine", "daymark quarantine replay", "set it"] {
        assert!(err.contains(words), "{words} in {err}");
    }
}

#[test]
fn events_that_were_refused_by_the_wrong_clock_are_listed_and_replayed() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let arrived = at + AHEAD;
    let key = "shardId-000000000001#49591795391405223#0".to_owned();
    let refused = Quarantined {
        id: QuarantineId { date: arrived.date_naive(), key },
        reason: QuarantineReason::InvalidEvent,
        message: "occurred_at is more than 7 days before it was received".to_owned(),
        at: arrived,
        bytes: event("corner", "refused", "rye", at).to_string().into_bytes(),
    };
    let tables = aws::Tables::new(clients(&up).dynamodb, &aws::ResourceNames::default());
    run(tables.put_quarantined(&refused)).expect("stored");
    let rows = up.daymark(["quarantine", "list", "--format", "json"]).rows();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["id"], refused.id.to_string());
    let replayed = up.daymark(["quarantine", "replay", &rows[0]["id"]]).success();
    assert!(replayed.contains("1 left the quarantine"), "{replayed}");
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
}
