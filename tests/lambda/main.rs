//! Lambda binaries, run as Lambda runs them: processes that poll a runtime API for invocations.

mod binaries;
mod day_close;
mod figures_api;
mod function;
mod ingest;
mod logs;
mod offers_api;
mod pricing;
mod processor;
mod queue;
mod release_check;
mod runtime_api;
mod schedules;
mod start;
mod throttling;
mod token;
mod tune;
mod world;
