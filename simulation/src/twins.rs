//! In-memory twins of the tables, for tests that want a world without a network. Rows are kept in
//! their stored form, so that nothing survives that is not stored.

mod catalog;
mod days;
mod offers;
mod quarantine;
mod road;
mod stock;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub use catalog::Catalog;
pub use days::Days;
pub use offers::Offers;
pub use quarantine::Quarantine;
pub use road::{End, Road, Trip};
pub use stock::Stock;

type Shared<K, V> = Arc<Mutex<BTreeMap<K, V>>>;
