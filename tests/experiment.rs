//! Effect of the offers, found in a simulated experiment: two weeks of a shop whose customers
//! respond to discounts, priced by the real passes and closed by the real close of day, with a
//! control group that gets no discount.

use analytics::effect::{ArmFigures, EffectFigure, ItemDay, ItemDayOutcome, decides_from, effect};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{CatalogTable, DaysTable, OffersTable};
use domain::{Arm, Experiment, Item, Offer, Sku};
use in_memory::Tables;
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::{ShopModel, chain};
use pricing::{Pricing, slot_of};
use processors::Closing;
use stock_log::read_windows;

const SEED: u64 = 7;
const DATES: usize = 10;

/// Returns the lunch shop, with half of its categories in the control group.
fn shop() -> ShopModel {
    let mut shop = chain().swap_remove(1);
    shop.store.policy.experiment =
        Experiment { salt: "lunch".to_owned(), control_percent: 50, ..Experiment::default() };
    shop
}

/// Writes the shop to the catalogue.
fn catalogue(shop: &ShopModel) -> Tables {
    let tables = Tables::default();
    run(tables.put_store(&shop.store)).expect("stored");
    for line in &shop.items {
        let store_id = Some(shop.store.store_id.clone());
        run(tables.put_item(&Item { store_id, ..line.item.clone() })).expect("stored");
    }
    tables
}

/// Plays a day window by window: stores the events of its tills and puts published prices on the
/// shelves. Then closes it.
fn play(tables: &Tables, shop: &ShopModel, date: NaiveDate) {
    let mut day = ShopDay::new(shop, date, SEED).expect("an open day");
    let mut prices = ShelfPrices::regular();
    for window in day.windows().collect::<Vec<_>>() {
        let events = day.step(window, &prices);
        run(tables.save_events(events)).expect("saved");
        if slot_of(window.end()) == window.end() {
            for offer in price(tables, shop, window.end()) {
                let sku = offer.offer_id.sku.clone();
                prices.put(sku, offer.price, Some(offer.offer_id));
            }
        }
    }
    run(tables.save_events(day.close())).expect("saved");
    let closing = Closing { tables: tables.clone() };
    let later = shop.store.span(date).ends_at;
    run(closing.close_dates(&shop.store, date, date, later)).expect("closed");
}

/// Prices the shop at a slot and returns the published offers.
fn price(tables: &Tables, shop: &ShopModel, slot: DateTime<Utc>) -> Vec<Offer> {
    let pricing = Pricing { tables: tables.clone() };
    run(pricing.price_store(&shop.store.store_id, slot, slot)).expect("a pass").published
}

/// Returns the outcomes of a date, as `daymark effect` reads them.
fn outcomes(tables: &Tables, shop: &ShopModel, date: NaiveDate) -> Vec<ItemDayOutcome> {
    let (store, span) = (&shop.store, shop.store.span(date));
    let business_day = store.day(date).expect("an open day");
    let (since, until) = (span.starts_at, span.ends_at);
    let offers = run(tables.query_offers(&store.store_id, date)).expect("offers");
    let of_item = |item: &Item| {
        let sku: &Sku = &item.sku;
        let day = run(tables.query_days(&store.store_id, sku, date, date)).expect("a day").pop()?;
        let read = read_windows(tables, &store.store_id, Some(sku), since, until);
        let its = |offer: &&Offer| offer.offer_id.sku == *sku;
        ItemDayOutcome::of(&ItemDay {
            item,
            arm: store.policy.experiment.arm(&store.store_id, item.category.as_deref(), date),
            decides_from: decides_from(store, &business_day),
            day: &day,
            windows: &run(read).expect("windows").windows,
            offers: &offers.iter().filter(its).cloned().collect::<Vec<_>>(),
        })
    };
    shop.items.iter().filter_map(|line| of_item(&line.item)).collect()
}

#[test]
fn two_weeks_show_that_waste_goes_down_and_that_the_control_gave_nothing() {
    let shop = shop();
    let tables = catalogue(&shop);
    let first: NaiveDate = "2026-03-02".parse().expect("a date");
    let open = first.iter_days().filter(|date| {
        let hours = shop.store.day(*date).map(|day| day.closes_at - day.opens_at);
        hours.is_some_and(|hours| hours.num_hours() > 8)
    });
    let dates: Vec<NaiveDate> = open.take(DATES).collect();
    let mut found = Vec::new();
    for date in dates {
        play(&tables, &shop, date);
        found.extend(outcomes(&tables, &shop, date));
    }
    let arms = effect(&found);
    let [policy, control] = arms.as_slice() else { panic!("two arms: {arms:?}") };
    assert_eq!((policy.arm, control.arm), (Arm::Policy, Arm::Control));
    assert!(policy.store_days > 7 && control.store_days > 7, "{arms:?}");
    let figure = |arm: &ArmFigures, figure: EffectFigure| {
        *arm.figures.iter().find(|measured| measured.figure == figure).expect("a figure")
    };
    assert_eq!(figure(control, EffectFigure::SoldDiscounted).value, Some(0.0));
    assert!(figure(policy, EffectFigure::SoldDiscounted).value > Some(0.2), "{policy:?}");
    let waste = figure(policy, EffectFigure::WasteCost).uplift.expect("enough store-days");
    assert!(waste.absolute.high < 0.0, "seed {SEED}: {waste:?}");
    let sold = figure(policy, EffectFigure::SellThrough).uplift.expect("enough store-days");
    assert!(sold.absolute.low > 0.0, "seed {SEED}: {sold:?}");
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}
