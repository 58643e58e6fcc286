//! One machine: an HTTP server, an embedded DynamoDB endpoint, and services on threads of their
//! own.

pub mod dynamodb;
pub mod http;
pub mod part;
