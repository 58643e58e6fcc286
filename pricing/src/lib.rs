//! Pricing component: stock windows, policy and time become afternoon discount offers.
//!
//! The crate is pure up to [`pass`]. In reading order:
//!
//! - [`decision_request`]: everything that one decision depends on.
//! - [`measure`]: unit and portion of the item, in which results are shown.
//! - [`ladder`]: allowed prices. [`decision_grid`]: times of decisions.
//! - [`slot_demand`] and [`solver`]: value of each price, for demand estimated by the `demand`
//!   crate.
//! - [`decide()`]: choice of a step, with its reason.
//! - [`store_snapshot`]: decisions for all items of a store. [`pass`]: reads the tables and
//!   publishes the offers.
//! - [`contract`]: the public `decide` format.
//!
//! # Examples
//!
//! ```
//! let line = br#"{
//!     "store_id": "0042", "sku": "BRT-1180", "on_hand": 23,
//!     "as_of": "2026-03-12T16:00:00+01:00", "closes_at": "2026-03-12T18:30:00+01:00",
//!     "regular_price": "2.40", "unit_cost": "0.85",
//!     "profile": {"basis": "sku", "days": 28, "slots": [
//!         {"start": "16:00", "end": "18:30", "units": 9.3}
//!     ]},
//!     "policy": {"ladder_percent": [0, 10, 20, 30, 40, 50]}
//! }"#;
//! let line = pricing::contract::read(line).map_err(|(_, error)| error)?;
//! let decision = pricing::decide(&line.request);
//! assert!(decision.changes, "23 units are more than 9.3 customers buy");
//! assert!(decision.expected.waste < decision.if_unchanged.waste);
//! # Ok::<(), pricing::contract::DecideError>(())
//! ```

#[cfg(feature = "api")]
pub mod api;
pub mod arm;
pub mod contract;
pub mod decide;
pub mod decision;
pub mod decision_grid;
mod decision_model;
pub mod decision_request;
mod demand_today;
pub mod event_trust;
pub mod forecast;
pub mod ladder;
pub mod measure;
pub mod metrics;
pub mod offer_draft;
pub mod offer_fields;
pub mod offer_labels;
pub mod pass;
pub mod prepared_request;
pub mod prior_price;
pub mod reason;
pub mod schedule;
mod skip_reason;
pub mod slot_demand;
pub mod solver;
pub mod store_snapshot;
mod store_stock;
mod wording;

pub use decide::decide;
pub use domain::slot_of;
pub use pass::{NotPriced, PassReport, Pricing};
pub use schedule::PricingSchedule;
