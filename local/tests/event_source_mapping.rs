//! What the event source mapping promises, held against the embedded Kinesis endpoint.

#[path = "event_source_mapping/failures.rs"]
mod failures;
#[path = "event_source_mapping/order.rs"]
mod order;
#[path = "event_source_mapping/positions.rs"]
mod positions;
#[path = "event_source_mapping/stage.rs"]
mod stage;
