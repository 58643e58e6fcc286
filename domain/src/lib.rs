//! The nouns of Daymark, in the order an event meets them.
//!
//! Nothing here does I/O, reads a clock or knows AWS: `now` is always an argument, and the outside
//! world appears only as the traits of [`ports`].

pub mod authority;
pub mod calendar;
pub mod catalog;
pub mod chance;
pub mod closed_day;
pub mod due;
pub mod event;
pub mod experiment;
mod fault;
mod fields;
pub mod history;
pub mod id;
pub mod limits;
mod members;
pub mod money;
pub mod offer;
pub mod ports;
pub mod quarantine;
pub mod record;
pub mod stock;
mod version;
pub mod window;
mod words;

pub use authority::{Authority, Grant, GrantError};
pub use calendar::{BusinessDay, DaySpan, Hours};
pub use catalog::{Chain, Item, Ladder, Policy, Store};
pub use closed_day::{ClosedDay, DayKey};
pub use due::{DueStore, slot_of};
pub use event::{Acceptance, Action, Event, Kind, Rejection};
pub use experiment::{Arm, Experiment};
pub use fault::Fault;
pub use history::{History, HistoryKey};
pub use id::{ClientId, EventId, Sku, StoreId, TerminalId};
pub use members::{Members, members};
pub use money::{Currency, Money, Quantity};
pub use offer::{Inputs, Offer, OfferId, Outlook, Trust};
pub use record::{Delivered, SequenceNumber};
pub use stock::{Conflict, StockWindow};
pub use version::{Version, sha256};
pub use window::Window;
