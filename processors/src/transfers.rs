//! Transfers between stores: both ends of one transfer have its `transfer_id`. Goods that one end
//! reports and the other does not are missing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::event::{Action, Unit};
use domain::ports::{Failure, StockLog};
use domain::stock::{ItemUnits, counting_events};
use domain::{Event, EventId, Sku, StoreId};
use rust_decimal::Decimal;
use stock_log::read_windows;

use crate::stock_query::windows_by_item;

/// Transfer of one item, with both of its ends.
///
/// ```
/// use domain::{Acceptance, Event};
/// use processors::transfers::Transfers;
///
/// let acceptance = Acceptance::at("2026-03-12T09:00:00Z".parse()?);
/// let event = |kind: &str, store: &str, quantity: u32| {
///     let json = format!(
///         r#"{{"event_id":"{store}-1","kind":"{kind}","store_id":"{store}","terminal_id":"t",
///             "sku":"rye","quantity":{quantity},"occurred_at":"2026-03-12T08:00:00Z",
///             "transfer_id":"van-17"}}"#
///     );
///     Event::parse(&json, &acceptance)
/// };
/// let mut transfers = Transfers::default();
/// transfers.add(&event("transfer_out", "bakery", 20)?);
/// transfers.add(&event("transfer_in", "corner", 18)?);
/// assert_eq!(transfers.all()[0].missing().to_string(), "2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Id that both ends have.
    pub transfer_id: EventId,
    /// Item.
    pub sku: Sku,
    /// Unit of the quantities; each unit is a transfer of its own.
    pub unit: Unit,
    /// Stores that sent the item.
    pub from: BTreeSet<StoreId>,
    /// Stores that received the item.
    pub to: BTreeSet<StoreId>,
    /// Quantity sent.
    pub sent: Decimal,
    /// Quantity received.
    pub received: Decimal,
    /// Earliest event.
    pub first_at: DateTime<Utc>,
    /// Latest event.
    pub last_at: DateTime<Utc>,
}

impl Transfer {
    /// Returns the quantity that was sent and not received; negative if more was received.
    #[must_use]
    pub fn missing(&self) -> Decimal {
        (self.sent - self.received).normalize()
    }
}

/// Transfers, collected from the events of any number of stores in any order.
#[derive(Debug, Clone, Default)]
pub struct Transfers {
    by_id: BTreeMap<(EventId, Sku, Unit), Transfer>,
    /// Number of transfer events without a `transfer_id`, whose other end is unknown.
    pub without_id: u64,
}

impl Transfers {
    /// Adds an event that counts. Events of other kinds are left out.
    pub fn add(&mut self, event: &Event) {
        let is_sent = match event.action() {
            Action::TransferOut => true,
            Action::TransferIn => false,
            _ => return,
        };
        let Some(transfer_id) = &event.details().transfer_id else {
            self.without_id += 1;
            return;
        };
        let (sku, unit, at) = (event.sku().clone(), event.unit(), event.occurred_at());
        let key = (transfer_id.clone(), sku.clone(), unit);
        let transfer = self.by_id.entry(key).or_insert_with(|| Transfer {
            transfer_id: transfer_id.clone(),
            sku,
            unit,
            from: BTreeSet::new(),
            to: BTreeSet::new(),
            sent: Decimal::ZERO,
            received: Decimal::ZERO,
            first_at: at,
            last_at: at,
        });
        let (stores, quantity) = if is_sent {
            (&mut transfer.from, &mut transfer.sent)
        } else {
            (&mut transfer.to, &mut transfer.received)
        };
        stores.insert(event.store_id().clone());
        *quantity = (*quantity + event.quantity().get()).normalize();
        transfer.first_at = transfer.first_at.min(at);
        transfer.last_at = transfer.last_at.max(at);
    }

    /// Adds the events of one store from `since` to before `until`, in the units of the catalogue.
    /// Events whose unit does not convert keep it.
    ///
    /// # Errors
    /// Returns an error if the stock log cannot be read.
    pub async fn add_store(
        &mut self,
        log: &impl StockLog,
        store_id: &StoreId,
        units: &BTreeMap<Sku, ItemUnits>,
        (since, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), Failure> {
        let read = read_windows(log, store_id, None, since, until).await?;
        let default = ItemUnits::default();
        for (sku, windows) in windows_by_item(read.windows) {
            let uniform = units.get(&sku).unwrap_or(&default).uniform(&windows);
            counting_events(&*uniform.windows).into_iter().for_each(|event| self.add(event));
            uniform.left_out.iter().for_each(|event| self.add(event));
        }
        Ok(())
    }

    /// Returns all transfers, by id and item.
    #[must_use]
    pub fn all(self) -> Vec<Transfer> {
        self.by_id.into_values().collect()
    }
}
