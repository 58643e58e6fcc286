//! Stores of any size, made of copies of the load generator's bakery, and the till lines of a real
//! bakery.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use domain::{Acceptance, Event, Item, Sku, Store};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops;

/// Store with the items and the customers of `copies` bakeries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScaledShop {
    pub(crate) copies: usize,
}

impl ScaledShop {
    pub(crate) fn store(self) -> Store {
        shops::chain().swap_remove(0).store
    }

    pub(crate) fn items(self) -> Vec<Item> {
        let items = shops::chain().swap_remove(0).items;
        let of = |copy| items.iter().map(move |line| renamed(&line.item, copy));
        (0..self.copies).flat_map(of).collect()
    }

    /// Returns the events of a day, sorted by time. Each copy has its own customers.
    pub(crate) fn day(self, date: NaiveDate) -> Vec<Event> {
        let shop = shops::chain().swap_remove(0);
        let mut all = Vec::new();
        for copy in 0..self.copies {
            let Some(day) = ShopDay::new(&shop, date, copy as u64) else { continue };
            let (events, _) = day.play(|_| ShelfPrices::regular());
            all.extend(events.iter().map(|event| of_copy(event, copy)));
        }
        all.sort_by(|left, right| {
            (left.occurred_at(), left.event_id()).cmp(&(right.occurred_at(), right.event_id()))
        });
        all
    }
}

fn renamed(item: &Item, copy: usize) -> Item {
    Item { sku: sku_of(&item.sku, copy), ..item.clone() }
}

fn sku_of(sku: &Sku, copy: usize) -> Sku {
    format!("{sku}-{copy}").parse().expect("a sku")
}

fn of_copy(event: &Event, copy: usize) -> Event {
    let sku = sku_of(event.sku(), copy);
    let text = event.canonical().replacen(event.sku().as_str(), sku.as_str(), 1);
    let text = text.replacen("\"event_id\":\"", &format!("\"event_id\":\"{copy}-"), 1);
    parsed(&text, event.occurred_at())
}

fn parsed(text: &str, received_at: DateTime<Utc>) -> Event {
    Event::parse(text, &Acceptance::at(received_at)).expect("an event")
}

/// Reads the sales of the bakery in Edinburgh, in the order of the file. `None` if there is no
/// file.
pub(crate) fn bread_basket() -> Option<Vec<Event>> {
    let named = std::env::var_os("DAYMARK_BREAD_BASKET").map(PathBuf::from);
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/bread-basket.csv");
    let text = fs::read_to_string(named.unwrap_or(default)).ok()?;
    let sold = text.lines().skip(1).zip(0..).filter(|(line, _)| !line.ends_with(",NONE"));
    Some(sold.map(|(line, number)| sale(line, number)).collect())
}

fn sale(line: &str, number: usize) -> Event {
    let [date, time, _, item] = line.split(',').collect::<Vec<_>>()[..] else {
        panic!("four columns: {line}");
    };
    let sku: String =
        item.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let at = NaiveDateTime::parse_from_str(&format!("{date} {time}"), "%Y-%m-%d %H:%M:%S");
    let at = at.expect("date and time").and_utc();
    let text = format!(
        r#"{{"event_id":"line-{number}","kind":"sale","store_id":"edinburgh","terminal_id":"till",
            "sku":"{sku}","quantity":"1","unit_price":"2.50","currency":"GBP",
            "occurred_at":"{}"}}"#,
        at.to_rfc3339()
    );
    parsed(&text, at)
}
