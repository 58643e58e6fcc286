//! Deterministic simulation of the three components under injected faults.
//!
//! One seed decides a [`WorldPlan`]: stores, tills, traffic and the rates of faults. [`run`] plays
//! the plan on one thread under a virtual clock. The world runs the real `ingest`, `processors`,
//! `pricing` and decisions of the event source mapping, with the stream and the tables in memory.
//! An auditor that is far simpler than the system checks the result. The same plan gives the same
//! history, byte for byte.
//!
//! ```
//! use simulation::{WorldPlan, run};
//!
//! let plan = WorldPlan { stores: 1, steps: 4, events: 20, ..WorldPlan::of(7) };
//! let outcome = run(&plan, false);
//! assert!(outcome.violations.is_empty(), "{}", outcome.report(&plan));
//! assert!(outcome.counts["events acknowledged"] > 0);
//! ```

mod auditor;
mod change_notifier;
mod context;
mod environment;
mod fan_out;
mod fault_injector;
mod handlers;
mod injected_fault;
mod mapping;
mod producers;
mod program_version;
mod scenario;
mod schedule;
mod shrink;
mod stream;
mod till;
mod world;
mod world_plan;

pub use auditor::AuditViolation;
pub use injected_fault::InjectedFault;
pub use shrink::shrink;
pub use world::{WorldOutcome, run};
pub use world_plan::WorldPlan;
