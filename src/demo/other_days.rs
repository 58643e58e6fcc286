//! Further runs of the demo's date, in memory: the effect of one day says little.

use chrono::NaiveDate;
use domain::ports::{CatalogTable, Failure};
use in_memory::Tables;
use load_generator::figures::{DayFigures, without_discounts};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::ShopModel;
use pricing::{Pricing, slot_of};

/// Figures of one day of all shops.
#[derive(Clone, Copy)]
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
        tables.save_events(day.step(window, &prices)).await?;
        let slot = slot_of(window.end());
        if slot == window.end() {
            let pass = pricing.price_store(&shop.store.store_id, slot, slot).await?;
            for offer in pass.published {
                let sku = offer.offer_id.sku.clone();
                prices.put(sku, offer.price, Some(offer.offer_id));
            }
        }
    }
    tables.save_events(day.close()).await?;
    Ok(day.figures())
}
