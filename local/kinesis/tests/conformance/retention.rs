//! Retention of records.

use crate::support::*;
use crate::{BAD, refused};

async fn increase(on: &TestClient, hours: i32) -> Result<(), String> {
    let request = on.client.increase_stream_retention_period().stream_name(&on.stream);
    let changed = request.retention_period_hours(hours).send().await;
    on.active().await;
    if changed.is_ok() { Ok(()) } else { Err(code(changed)) }
}

async fn decrease(on: &TestClient, hours: i32) -> Result<(), String> {
    let request = on.client.decrease_stream_retention_period().stream_name(&on.stream);
    let changed = request.retention_period_hours(hours).send().await;
    on.active().await;
    if changed.is_ok() { Ok(()) } else { Err(code(changed)) }
}

pub(crate) async fn records_are_kept_for_a_day_up_to_a_year(on: TestClient) {
    on.create(1).await;
    assert_eq!(increase(&on, 8_760).await, Ok(()));
    assert_eq!(on.summary().await.retention_period_hours, 8_760);
    assert_eq!(decrease(&on, 24).await, Ok(()));
    assert_eq!(on.summary().await.retention_period_hours, 24);
}

pub(crate) async fn more_than_a_year_is_refused(on: TestClient) {
    on.create(1).await;
    let longer = on.client.increase_stream_retention_period().stream_name(&on.stream);
    refused(longer.retention_period_hours(8_761).send().await, BAD);
}

pub(crate) async fn less_than_a_day_is_refused(on: TestClient) {
    on.create(1).await;
    increase(&on, 48).await.expect("increased");
    let shorter = on.client.decrease_stream_retention_period().stream_name(&on.stream);
    refused(shorter.retention_period_hours(23).send().await, BAD);
}

pub(crate) async fn an_increase_to_less_is_refused(on: TestClient) {
    on.create(1).await;
    increase(&on, 48).await.expect("increased");
    assert_eq!(increase(&on, 36).await, Err("InvalidArgumentException".to_owned()));
}

pub(crate) async fn a_decrease_to_more_is_refused(on: TestClient) {
    on.create(1).await;
    assert_eq!(decrease(&on, 36).await, Err("InvalidArgumentException".to_owned()));
}

pub(crate) async fn an_increase_or_decrease_to_the_same_is_refused(on: TestClient) {
    on.create(1).await;
    increase(&on, 48).await.expect("increased");
    assert_eq!(decrease(&on, 48).await, Err("InvalidArgumentException".to_owned()));
    assert_eq!(increase(&on, 48).await, Err("InvalidArgumentException".to_owned()));
}
