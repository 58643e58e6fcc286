//! Domain types of Daymark: event, window, stock, money, offer, catalogue, limits and ports.
//!
//! The crate does no I/O, reads no clock and does not depend on AWS. `now` is always an argument,
//! and external services appear only as the traits of [`ports`].
//!
//! ```
//! use domain::stock::WindowKey;
//! use domain::{Acceptance, Event, StockWindow};
//!
//! let json = r#"{"event_id":"e1","kind":"receipt","store_id":"0042","terminal_id":"t1",
//!     "sku":"BRT-1180","quantity":20,"occurred_at":"2026-03-12T06:00:00Z"}"#;
//! let event = Event::parse(json, &Acceptance::at("2026-03-12T06:01:00Z".parse()?))?;
//! let mut window = StockWindow::new(WindowKey::of(&event));
//! window.insert(event);
//! assert_eq!(window.figures().received.to_string(), "20");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod authority;
pub mod calendar;
pub mod catalog;
pub mod closed_day;
pub mod cloud_event;
mod country;
mod digest;
pub mod due;
pub mod event;
pub mod experiment;
mod field_reader;
pub mod history;
pub mod identifier;
mod json_cursor;
mod json_members;
pub mod limits;
pub mod money;
pub mod offer;
pub mod ports;
pub mod quarantine;
pub mod record;
pub mod stock;
mod violation;
pub mod window;
mod word_enum;

pub use authority::{Authority, Grant, GrantError};
pub use calendar::{BusinessDay, DaySpan, Hours};
pub use catalog::{Chain, Item, Ladder, Policy, Store};
pub use closed_day::{ClosedDay, DayKey};
pub use country::{currency_of_country, unassigned_country};
pub use digest::{Version, draw, sha256};
pub use due::{DueStore, slot_of};
pub use event::{Acceptance, Action, Event, EventRef, Kind, Rejection};
pub use experiment::{Arm, Experiment};
pub use history::{History, HistoryKey};
pub use identifier::{ClientId, EventId, Sku, StoreId, TerminalId};
pub use json_members::{Members, members};
pub use money::{Currency, Money, Quantity};
pub use offer::{Inputs, Offer, OfferId, Outlook, PriceLabel, Trust};
pub use record::{Delivered, SequenceNumber};
pub use stock::{StockWindow, StoreDay};
pub use violation::{Violation, excerpt, one_line};
pub use window::Window;
