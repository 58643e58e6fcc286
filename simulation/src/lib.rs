//! The promise under every fault: a seeded, deterministic simulation of the real stations.
//!
//! One seed makes a [`Plan`]: stores, tills, traffic, and a weather of faults. [`run`] plays it on
//! one thread under a virtual clock, with the real `ingest`, `processors` and `pricing` and the
//! real decisions of `local`'s event source mapping, over an in-memory stream and the
//! in-memory tables; and an auditor, far simpler than the system, judges what came out. The same plan
//! gives the same history, byte for byte.

mod auditor;
mod fan_out;
mod fault;
mod mapping;
mod news;
mod plan;
mod producers;
mod schedule;
mod shrink;
mod stream;
mod till;
mod traffic;
mod weather;
mod world;

pub use auditor::Objection;
pub use fault::Fault;
pub use plan::Plan;
pub use shrink::shrink;
pub use world::{Outcome, run};
