//! The Lambda binaries as Lambda runs them: processes that ask a runtime API for invocations.

mod binaries;
mod function;
mod ingest;
mod pricing;
mod processor;
mod runtime_api;
mod start;
mod world;
