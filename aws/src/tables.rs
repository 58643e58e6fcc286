//! The tables in DynamoDB: one value that implements every table port of [`domain::ports`].
//!
//! Each port is implemented in the module named after its table.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use domain::limits::STOCK_KEPT;

use crate::ResourceNames;
use crate::chain_items::ChainItems;

/// The DynamoDB tables of one deployment. Clones share the client and the chain's
/// items.
#[derive(Debug, Clone)]
pub struct Tables {
    pub(crate) client: Client,
    pub(crate) catalog: String,
    pub(crate) chain_items: ChainItems,
    pub(crate) clients: String,
    pub(crate) days: String,
    pub(crate) offers: String,
    pub(crate) quarantine: String,
    pub(crate) stock: String,
    /// Time between the end of a window and the expiry of its row; `None` keeps rows forever.
    pub(crate) stock_kept: Option<Duration>,
}

impl Tables {
    /// Creates the tables with these names. Stock rows expire [`STOCK_KEPT`] after their window.
    #[must_use]
    pub fn new(client: Client, names: &ResourceNames) -> Self {
        Self {
            client,
            catalog: names.table("catalog"),
            chain_items: ChainItems::default(),
            clients: names.table("clients"),
            days: names.table("days"),
            offers: names.table("offers"),
            quarantine: names.table("quarantine"),
            stock: names.table("stock"),
            stock_kept: Some(STOCK_KEPT),
        }
    }

    /// Adapts the expiry of stock rows to the age limit of events. Without a limit, rows never
    /// expire: windows of old history would expire as soon as they are written.
    #[must_use]
    pub fn for_events_up_to(self, age_max: Option<Duration>) -> Self {
        Self { stock_kept: age_max.map(|_| STOCK_KEPT), ..self }
    }
}
