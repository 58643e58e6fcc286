//! Other paths than `POST /v1/events`, and metrics.

use domain::limits::REQUEST_EVENTS_MAX;
use ingest::IngestSettings;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;

use crate::scripted_log::{
    LogStep, ScriptedApi, bare, event, event_with, request, throttled, unavailable,
};

#[tokio::test]
async fn an_idempotency_key_has_no_effect() {
    let headers = [("content-type", "application/json"), ("idempotency-key", "k-1")];
    let api = ScriptedApi::new();
    for number in [1, 2] {
        let answer = api.send(request(&headers, event(number).to_string())).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    assert_eq!(api.held_ids(), ["1", "2"]);
}

#[tokio::test]
async fn health_depends_on_the_process_and_readiness_on_the_log() {
    let down =
        ScriptedApi::with(vec![], LogStep::Store, IngestSettings::default(), Err(unavailable()));
    for api in [&ScriptedApi::new(), &down] {
        assert_eq!(api.send(bare("GET", "/healthz")).await.status, 200);
    }
    let answer = ScriptedApi::new().send(bare("GET", "/readyz")).await;
    assert_eq!((answer.status.as_u16(), &answer.json["status"]), (200, &json!("ready")));
    let answer = down.send(bare("GET", "/readyz")).await;
    answer.is_problem(503, "not-ready", "connection refused");
}

#[tokio::test]
async fn the_limits_in_force_are_published() {
    let answer = ScriptedApi::new().send(bare("GET", "/v1/limits")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["request"]["events_max"], REQUEST_EVENTS_MAX);
    assert_eq!(answer.json["event"]["age_seconds_max"], 7 * 24 * 3600);
    let settings = IngestSettings { age_max: None, ..IngestSettings::default() };
    let api = ScriptedApi::with(vec![], LogStep::Store, settings, Ok(()));
    let answer = api.send(bare("GET", "/v1/limits")).await;
    assert!(answer.json["event"]["age_seconds_max"].is_null());
}

#[tokio::test]
async fn an_unknown_path_and_an_unknown_method_are_problems() {
    let answer = ScriptedApi::new().send(bare("POST", "/v2/events")).await;
    answer.is_problem(404, "not-found", "/v2/events");
    let answer = ScriptedApi::new().send(bare("GET", "/v1/events")).await;
    answer.is_problem(405, "method-not-allowed", "/v1/events does not take GET");
    assert_eq!(answer.header("allow"), "POST");
    let answer = ScriptedApi::new().send(bare("DELETE", "/v1/limits")).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET,HEAD"));
}

#[tokio::test(start_paused = true)]
async fn events_requests_and_retries_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    ingest::metrics::describe();

    let api = ScriptedApi::scripted(vec![LogStep::Fail(throttled())], LogStep::Store);
    let body = json!([event(1), event(1), event(2), event_with(3, "quantity", -1)]);
    assert_eq!(api.post_json(&body).await.status, 207);
    api.post("text/plain", "").await;

    let text = handle.render();
    for line in [
        r#"daymark_ingest_events_total{outcome="stored"} 2"#,
        r#"daymark_ingest_events_total{outcome="duplicate"} 1"#,
        r#"daymark_ingest_events_total{outcome="rejected"} 1"#,
        r#"daymark_ingest_events_total{outcome="retry"} 0"#,
        r#"daymark_ingest_requests_total{status="207"} 1"#,
        r#"daymark_ingest_requests_total{status="415"} 1"#,
        "daymark_ingest_put_retries_total 1",
        "daymark_ingest_store_seconds_count 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}
