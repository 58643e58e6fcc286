//! Windows table: `pk` = `store#UTC date`, `sk` = `HH:MM`, one row per window for people and other
//! programs. The key of a further row of a window ends with its number: `HH:MM#01`. Numbers that
//! are zero are left out.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::NaiveDate;
use domain::limits::WINDOW_ROWS_KEPT;
use domain::ports::{Failure, Saved, WindowsTable};
use domain::stock::{Counted, Figures, WindowRow};
use domain::{StoreId, Window};
use rust_decimal::Decimal;
use tracing::warn;

use crate::Tables;
use crate::attributes::{AttributeReader, Attributes, decimal, instant, key, number, text};
use crate::dynamodb_calls::query_all;
use crate::failure::failure;

impl WindowsTable for Tables {
    async fn put_window(&self, row: &WindowRow) -> Result<Saved<()>, Failure> {
        let put = self
            .client
            .put_item()
            .table_name(&self.windows)
            .set_item(Some(item_of(row)))
            // A row whose count is no number cannot be decoded, and is replaced.
            .condition_expression(
                "attribute_not_exists(#n) OR NOT attribute_type(#n, :number) OR #n <= :n",
            )
            .expression_attribute_names("#n", "n")
            .expression_attribute_values(":number", text("N"))
            .expression_attribute_values(":n", number(row.count));
        let Err(error) = Box::pin(put.send()).await else { return Ok(Saved::Done) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Saved::Conflict(None)),
            _ => Err(failure(&error)),
        }
    }

    async fn remove_window(
        &self,
        store_id: &StoreId,
        window: Window,
        part: usize,
    ) -> Result<(), Failure> {
        let row = key(partition(store_id, window.date()), sort_key(window, part));
        self.delete(&self.windows, row).await.map(|_| ())
    }

    async fn query_windows(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> Result<Vec<WindowRow>, Failure> {
        let query = self.query(&self.windows, partition(store_id, date));
        let rows = query_all(query, |item| {
            let row = row_of(item);
            let readable = row.inspect_err(|failure| warn!("left out: {failure}"));
            Ok(readable.ok())
        });
        Ok(WindowRow::current(rows.await?.into_iter().flatten().collect()))
    }
}

fn partition(store_id: &StoreId, date: NaiveDate) -> String {
    format!("{store_id}#{date}")
}

fn sort_key(window: Window, part: usize) -> String {
    let start = window.start().format("%H:%M");
    match part {
        0 => start.to_string(),
        part => format!("{start}#{part:02}"),
    }
}

fn item_of(row: &WindowRow) -> Attributes {
    let WindowRow { store_id, window, part, parts, count, items } = row;
    let mut item = key(partition(store_id, window.date()), sort_key(*window, *part));
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("store_id", text(store_id));
    put("window_start", instant(window.start()));
    put("n", number(count));
    put("parts", number(parts));
    let items = items.iter().map(|(sku, figures)| (sku.to_string(), attributes_of(figures)));
    put("items", AttributeValue::M(items.collect()));
    put("expires_at", number((window.end() + WINDOW_ROWS_KEPT).timestamp()));
    item
}

fn attributes_of(figures: &Figures) -> AttributeValue {
    let mut attributes = Attributes::new();
    let mut put = |name: &str, value| attributes.insert(name.to_owned(), value);
    for (name, quantity) in [
        ("sold", figures.sold),
        ("returned", figures.returned),
        ("received", figures.received),
        ("wasted", figures.wasted),
        ("transferred_in", figures.transferred_in),
        ("transferred_out", figures.transferred_out),
        ("moved", figures.moved),
    ] {
        if !quantity.is_zero() {
            put(name, decimal(quantity));
        }
    }
    if let Some(counted) = figures.counted {
        put("counted", decimal(counted.quantity));
        put("counted_at", instant(counted.at));
    }
    if !figures.revenue.is_empty() {
        let amount = |(currency, amount): (&domain::Currency, &Decimal)| {
            (currency.to_string(), decimal(*amount))
        };
        put("revenue", AttributeValue::M(figures.revenue.iter().map(amount).collect()));
    }
    for (name, count) in [("event_count", figures.events), ("voided_count", figures.voided)] {
        if count > 0 {
            put(name, number(count));
        }
    }
    AttributeValue::M(attributes)
}

fn row_of(item: &Attributes) -> Result<WindowRow, Failure> {
    let reader = AttributeReader::new(item);
    let sort: String = reader.text("sk")?;
    let part = match sort.split_once('#') {
        None => 0,
        Some((_, part)) => part.parse().map_err(|error| reader.wrong("sk", error))?,
    };
    let items = reader.items("items")?.into_iter().map(|(sku, figures)| {
        let sku = sku.parse().map_err(|error| reader.wrong("items", error))?;
        Ok((sku, figures_of(&figures)?))
    });
    Ok(WindowRow {
        store_id: reader.text("store_id")?,
        window: Window::of(reader.text("window_start")?),
        part,
        parts: reader.number("parts")?,
        count: reader.number("n")?,
        items: items.collect::<Result<_, Failure>>()?,
    })
}

fn figures_of(reader: &AttributeReader<'_>) -> Result<Figures, Failure> {
    let quantity = |name: &str| -> Result<Decimal, Failure> {
        Ok(reader.optional(name, |name| reader.number(name))?.unwrap_or_default())
    };
    let count = |name: &str| -> Result<u64, Failure> {
        Ok(reader.optional(name, |name| reader.number(name))?.unwrap_or_default())
    };
    let counted = reader.optional("counted", |name| {
        Ok(Counted { quantity: reader.number(name)?, at: reader.text("counted_at")? })
    })?;
    Ok(Figures {
        sold: quantity("sold")?,
        returned: quantity("returned")?,
        received: quantity("received")?,
        wasted: quantity("wasted")?,
        transferred_in: quantity("transferred_in")?,
        transferred_out: quantity("transferred_out")?,
        counted,
        moved: quantity("moved")?,
        revenue: reader.optional("revenue", |name| reader.numbers(name))?.unwrap_or_default(),
        events: count("event_count")?,
        voided: count("voided_count")?,
    })
}
