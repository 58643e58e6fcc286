//! One machine: an embedded Kinesis endpoint, an embedded DynamoDB endpoint, and the event source
//! mapping that feeds the processors as Lambda would.

pub mod dynamodb;
pub mod event_source_mapping;
pub mod http;
pub mod kinesis;
pub mod part;
