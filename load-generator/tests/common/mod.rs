//! Days and prices of the tests.

#![allow(dead_code, reason = "each test binary uses only some functions")]

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::calendar::instant;
use domain::{Event, Money, OfferId, Window};
use load_generator::figures::DayFigures;
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::ShopModel;
use rust_decimal::{Decimal, RoundingStrategy};

/// An ordinary working day.
pub(crate) fn thursday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 12).expect("a date")
}

/// A day with other hours.
pub(crate) fn saturday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 14).expect("a date")
}

/// Starts a day on which the shop is open.
pub(crate) fn day(shop: &ShopModel, date: NaiveDate, seed: u64) -> ShopDay {
    ShopDay::new(shop, date, seed).expect("the shop is open")
}

/// Plays a whole day.
pub(crate) fn played(
    shop: &ShopModel,
    date: NaiveDate,
    seed: u64,
    prices: impl FnMut(Window) -> ShelfPrices,
) -> (Vec<Event>, DayFigures) {
    day(shop, date, seed).play(prices)
}

/// A percentage of a price, rounded down.
pub(crate) fn percent_of(price: Money, percent: u32) -> Money {
    let amount = price.amount() * Decimal::new(percent.into(), 2);
    let digits = price.currency().minor_digits();
    let amount = amount.round_dp_with_strategy(digits, RoundingStrategy::ToZero);
    Money::price(amount, price.currency()).expect("a price")
}

/// 16:00 on Thursday in the shop's local time.
pub(crate) fn four_o_clock(shop: &ShopModel) -> DateTime<Utc> {
    let four = NaiveTime::from_hms_opt(16, 0, 0).expect("a time");
    instant(shop.store.zone, thursday(), four)
}

/// A fixed discount of 40 percent from 16:00.
pub(crate) fn forty_percent_off_after_four(
    shop: &ShopModel,
) -> impl Fn(Window) -> ShelfPrices + use<> {
    let four = four_o_clock(shop);
    let mut cheap = ShelfPrices::regular();
    for line in &shop.items {
        let offer_id = OfferId {
            date: thursday(),
            store_id: shop.store.store_id.clone(),
            sku: line.item.sku.clone(),
            revision: 1,
        };
        cheap.put(line.item.sku.clone(), percent_of(line.item.price, 60), Some(offer_id));
    }
    move |window| if window.start() < four { ShelfPrices::regular() } else { cheap.clone() }
}
