//! Sums over a plain list of events, which share no code with `domain::stock`.

use chrono::{DateTime, Utc};
use domain::event::Kind;
use domain::money::Money;
use domain::stock::{Figures, WindowKey};
use domain::{Event, Sku, StoreId};
use rust_decimal::Decimal;

/// `true` if a correction among `events` voids `event`.
fn is_voided(event: &Event, events: &[Event]) -> bool {
    event.action().kind() != Kind::Correction
        && events.iter().any(|other| {
            other.action().corrects() == Some(event.event_id())
                && other.store_id() == event.store_id()
                && other.sku() == event.sku()
                && other.occurred_at() == event.occurred_at()
        })
}

/// Computes the stock on hand just before `until` from the windows since `since`.
pub(super) fn on_hand(
    events: &[Event],
    store_id: &StoreId,
    sku: &Sku,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Decimal {
    let mut mine: Vec<&Event> = events
        .iter()
        .filter(|event| event.store_id() == store_id && event.sku() == sku)
        .filter(|event| event.occurred_at() < until && event.window().start() >= since)
        .filter(|event| !is_voided(event, events))
        .collect();
    mine.sort_by_key(|event| (event.occurred_at(), event.event_id().clone()));
    let mut on_hand = Decimal::ZERO;
    for event in mine {
        let quantity = event.quantity().get();
        match event.action().kind() {
            Kind::Count => on_hand = quantity,
            Kind::Receipt | Kind::Return | Kind::TransferIn => on_hand += quantity,
            Kind::Sale | Kind::Waste | Kind::TransferOut => on_hand -= quantity,
            Kind::Correction => {}
        }
    }
    on_hand
}

/// Returns the name, value and expected value of the first wrong figure of a window.
pub(super) fn wrong_figure(
    key: &WindowKey,
    figures: &Figures,
    row: &[Event],
) -> Option<(&'static str, String, String)> {
    let counting: Vec<&Event> = row.iter().filter(|event| !is_voided(event, row)).collect();
    let sum = |kind: Kind| -> Decimal {
        let of_kind = counting.iter().filter(|event| event.action().kind() == kind);
        of_kind.map(|event| event.quantity().get()).sum()
    };
    let money = |kind: Kind| -> Decimal {
        let of_kind = counting.iter().filter(|event| event.action().kind() == kind);
        of_kind
            .filter_map(|event| {
                let charge = event.action().charge()?;
                let product = || Some(charge.unit_price()?.amount() * event.quantity().get());
                charge.amount().map(Money::amount).or_else(product)
            })
            .sum()
    };
    let counts = counting.iter().filter(|event| event.action().kind() == Kind::Count);
    let latest = counts.max_by_key(|event| (event.occurred_at(), event.event_id()));
    let counted = latest.map(|event| (event.quantity().get(), event.occurred_at()));
    let shelf = on_hand(row, &key.store_id, &key.sku, key.window.start(), key.window.end());
    let revenue: Decimal = figures.revenue.values().copied().sum();
    let found_shelf = figures.counted.map_or(Decimal::ZERO, |count| count.quantity) + figures.moved;
    let found_count = figures.counted.map(|count| (count.quantity, count.at));
    let figures = [
        ("sold", figures.sold, sum(Kind::Sale)),
        ("returned", figures.returned, sum(Kind::Return)),
        ("received", figures.received, sum(Kind::Receipt)),
        ("wasted", figures.wasted, sum(Kind::Waste)),
        ("transferred in", figures.transferred_in, sum(Kind::TransferIn)),
        ("transferred out", figures.transferred_out, sum(Kind::TransferOut)),
        ("revenue", revenue, money(Kind::Sale) - money(Kind::Return)),
        ("count and moved", found_shelf, shelf),
        ("events", figures.events.into(), counting.len().into()),
        ("voided", figures.voided.into(), (row.len() - counting.len()).into()),
    ];
    let wrong = figures.iter().find(|(_, found, expected)| found != expected);
    let count = (found_count != counted)
        .then(|| ("count", format!("{found_count:?}"), format!("{counted:?}")));
    wrong.map(|(name, found, expected)| (*name, found.to_string(), expected.to_string())).or(count)
}
