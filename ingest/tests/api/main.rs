//! Tests of the ingest API through its router, over a scripted log.

mod authority;
mod bounds;
mod formats;
mod paths;
mod property;
mod rules;
mod scripted_log;
mod storing;
