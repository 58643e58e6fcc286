//! Further simulated days of the demo's shops, in memory: the effect of one day says little.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::Event;
use domain::ports::{CatalogTable, Failure, StockTable};
use domain::stock::{StockWindow, WindowKey};
use in_memory::Tables;
use load_generator::figures::{DayFigures, without_discounts};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::ShopModel;
use pricing::{Pricing, slot_of};

/// Figures of one day of all shops.
pub(super) struct DayEffect {
    /// With the offers of the real passes.
    pub(super) played: DayFigures,
    /// With the same customers and without discounts.
    pub(super) regular: DayFigures,
}

/// Plays the date with the customers of another seed. The shops have no history, as in the demo.
///
/// # Errors
/// Returns an error if a table fails, which tables in memory do not.
pub(super) async fn play(
    shops: &[ShopModel],
    date: NaiveDate,
    seed: u64,
) -> Result<DayEffect, Failure> {
    let mut effect = DayEffect { played: DayFigures::default(), regular: DayFigures::default() };
    for shop in shops {
        effect.played = effect.played + play_shop(shop, date, seed).await?;
        effect.regular = effect.regular + without_discounts(shop, date, seed);
    }
    Ok(effect)
}

async fn play_shop(shop: &ShopModel, date: NaiveDate, seed: u64) -> Result<DayFigures, Failure> {
    let Some(mut day) = ShopDay::new(shop, date, seed) else { return Ok(DayFigures::default()) };
    let tables = Tables::default();
    tables.put_store(&shop.store).await?;
    for line in &shop.items {
        tables.put_item(&line.item).await?;
    }
    let pricing = Pricing { tables: tables.clone() };
    let mut prices = ShelfPrices::regular();
    for window in day.windows().collect::<Vec<_>>() {
        save(&tables, day.step(window, &prices)).await?;
        let slot = slot_of(window.end());
        if slot == window.end() {
            let pass = pricing.price_store(&shop.store.store_id, slot, slot).await?;
            for offer in pass.published {
                let sku = offer.offer_id.sku.clone();
                prices.put(sku, offer.price, Some(offer.offer_id));
            }
        }
    }
    save(&tables, day.close()).await?;
    Ok(day.figures())
}

/// Adds events to their windows, as the processors do.
async fn save(tables: &Tables, events: Vec<Event>) -> Result<(), Failure> {
    let mut windows: BTreeMap<WindowKey, Vec<Event>> = BTreeMap::new();
    for event in events {
        windows.entry(WindowKey::of(&event)).or_default().push(event);
    }
    for (key, events) in windows {
        let stored = tables.load_stock(&[key.clone().into()]).await?.pop();
        let version = stored.as_ref().map(StockWindow::version);
        let mut row = stored.unwrap_or_else(|| StockWindow::new(key));
        events.into_iter().for_each(|event| drop(row.absorb(event)));
        tables.save_stock(&row, version.as_ref()).await?;
    }
    Ok(())
}
