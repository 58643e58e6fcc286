//! The tables in DynamoDB: one value that implements every table port of [`domain::ports`].
//!
//! Each port is implemented in the module named after its table.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use domain::limits::STOCK_LOG_KEPT;

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
    pub(crate) stock_log: String,
    pub(crate) windows: String,
    /// Time between the end of a UTC date and the expiry of its part of the stock log; `None`
    /// keeps it forever.
    pub(crate) log_kept: Option<Duration>,
}

impl Tables {
    /// Creates the tables with these names. The stock log expires [`STOCK_LOG_KEPT`] after its
    /// date.
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
            stock_log: names.table("stock-log"),
            windows: names.table("windows"),
            log_kept: Some(STOCK_LOG_KEPT),
        }
    }

    /// Sets the time between the end of a UTC date and the expiry of its part of the stock log.
    /// With `None` it never expires.
    #[must_use]
    pub fn with_log_kept(self, log_kept: Option<Duration>) -> Self {
        Self { log_kept, ..self }
    }

    /// Adapts the expiry of the stock log to the age limit of events. Without a limit, it never
    /// expires: segments of old history would expire as soon as they are written.
    #[must_use]
    pub fn for_events_up_to(self, age_max: Option<Duration>) -> Self {
        Self { log_kept: self.log_kept.filter(|_| age_max.is_some()), ..self }
    }
}
