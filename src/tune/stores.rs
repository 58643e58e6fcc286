//! Stores for the recording of pricing and close of day, each with two days of events.

use std::collections::BTreeMap;

use aws::Tables;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use domain::ports::{CatalogTable, LogEntry, StockLog};
use domain::stock::Segment;
use domain::{Event, StoreId, slot_of};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::{ShopModel, chain};
use processors::visit_store;

use crate::CommandError;

/// Events of one store in one segment.
const IN_SEGMENT: usize = 10;
/// Hours of the store, in which both an afternoon and an earlier day are.
const HOURS: &str = "mon-sun 06:00-20:00";
/// Local hour of the store at the time of the recording, in the afternoon of the pricing.
const LOCAL_HOUR: i64 = 15;

/// Returns the slot that functions are asked to serve: the next one, so that it is not over while
/// they run.
pub(super) fn slot(now: DateTime<Utc>) -> DateTime<Utc> {
    slot_of(now) + TimeDelta::minutes(15)
}

/// Opens a store whose local time is in the afternoon, with the events of three days. If
/// `is_closed`, the earlier days are closed.
pub(super) async fn open(
    tables: &Tables,
    kind: &str,
    number: u32,
    is_closed: bool,
    now: DateTime<Utc>,
) -> Result<StoreId, CommandError> {
    let shop = shop(&format!("tune-{kind}-{number}"), now)?;
    tables.put_store(&shop.store).await?;
    for line in &shop.items {
        tables.put_item(&line.item).await?;
    }
    let today = now.with_timezone(&shop.store.zone).date_naive();
    for date in [today - Days::new(2), today - Days::new(1), today] {
        append(tables, &shop, date, number, now).await?;
    }
    let store_id = shop.store.store_id;
    if is_closed {
        visit_store(tables, &store_id, now).await?;
    }
    Ok(store_id)
}

fn shop(name: &str, now: DateTime<Utc>) -> Result<ShopModel, CommandError> {
    let mut shop = chain().swap_remove(0);
    let store_id: StoreId = name.parse()?;
    // The names of these zones have the opposite sign.
    let ahead = (LOCAL_HOUR - i64::from(slot(now).hour()) + 12).rem_euclid(24) - 12;
    shop.store.zone = format!("Etc/GMT{:+}", -ahead).parse::<Tz>()?;
    shop.store.hours = HOURS.parse()?;
    shop.store.store_id = store_id.clone();
    for line in &mut shop.items {
        line.item.store_id = Some(store_id.clone());
    }
    Ok(shop)
}

async fn append(
    tables: &Tables,
    shop: &ShopModel,
    date: NaiveDate,
    seed: u32,
    now: DateTime<Utc>,
) -> Result<(), CommandError> {
    let Some(day) = ShopDay::new(shop, date, seed.into()) else { return Ok(()) };
    let (events, _) = day.play(|_| ShelfPrices::regular());
    let mut dates: BTreeMap<NaiveDate, Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.occurred_at() <= now) {
        dates.entry(event.occurred_at().date_naive()).or_default().push(event);
    }
    let store_id = &shop.store.store_id;
    let mut entries = Vec::new();
    for (date, events) in dates {
        for chunk in events.chunks(IN_SEGMENT) {
            let arrived_at = chunk.iter().map(|event| event.occurred_at()).max().unwrap_or(now);
            let segments = Segment::cut(store_id, date, arrived_at, chunk.to_vec());
            entries.extend(segments.into_iter().map(LogEntry::Segment));
        }
    }
    for appended in tables.append(&entries).await {
        appended?;
    }
    Ok(())
}
