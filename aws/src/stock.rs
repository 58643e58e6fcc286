//! Stock table: `pk` = `store#UTC date`, `sk` = `sku#HH:MM`, one [`StockWindow`] per item of the
//! table. The key of a continuation row ends with its part: `sku#HH:MM#a3`.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{Failure, Saved, StockTable};
use domain::stock::{RowKey, StockWindow, WindowKey, assemble};
use domain::{Sku, StoreId, Version, Window};

use crate::Tables;
use crate::attributes::{
    self, AttributeReader, Attributes, binary, decimal, instant, number, text,
};
use crate::dynamodb_calls::query_all;

impl Tables {
    /// Returns the stored form of a row.
    fn stock_item(&self, row: &StockWindow) -> Attributes {
        let key = row.key();
        let packed = row.pack();
        let mut item = key_of(row.row_key());
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put("store_id", text(&key.store_id));
        put("sku", text(&key.sku));
        put("window_start", instant(key.window.start()));
        put("version", text(Version::of(&packed)));
        put("events", binary(packed));
        if !row.row_key().part.is_first() {
            put("part", text(&row.row_key().part));
        }
        if let Some(kept) = self.stock_kept {
            put("expires_at", number((key.window.end() + kept).timestamp()));
        }
        // Parts have no figures: a correction may lie in another part than the event it voids.
        if row.is_signpost() {
            put("is_split", AttributeValue::Bool(true));
        } else if row.row_key().part.is_first() {
            item.extend(figures_of(row));
        }
        item
    }

    async fn query_stock_date(
        &self,
        store_id: &StoreId,
        sku: Option<&Sku>,
        date: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Vec<StockWindow>, Failure> {
        let mut query = self.query(&self.stock, format_args!("{store_id}#{date}"));
        if let Some(sku) = sku {
            query = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :sku)")
                .expression_attribute_values(":sku", text(format_args!("{sku}#")));
        }
        let rows = query_all(query, |item| {
            match AttributeReader::new(item).is_expired("expires_at", now)? {
                true => Ok(None),
                false => row_of(item).map(Some),
            }
        });
        Ok(rows.await?.into_iter().flatten().collect())
    }
}

impl StockTable for Tables {
    async fn load_stock(&self, keys: &[RowKey]) -> Result<Vec<StockWindow>, Failure> {
        let keys = keys.iter().map(key_of).collect();
        self.get_all(&self.stock, keys).await?.iter().map(row_of).collect()
    }

    async fn save_stock(
        &self,
        row: &StockWindow,
        read: Option<&Version>,
    ) -> Result<Saved<StockWindow>, Failure> {
        self.put_if(&self.stock, self.stock_item(row), read, row_of).await
    }

    async fn query_stock(
        &self,
        store_id: &StoreId,
        sku: Option<&Sku>,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<StockWindow>, Failure> {
        let mut rows = Vec::new();
        for date in since.date_naive().iter_days().take_while(|date| *date <= until.date_naive()) {
            rows.extend(self.query_stock_date(store_id, sku, date, now).await?);
        }
        rows.retain(|row| (since..until).contains(&row.key().window.start()));
        Ok(assemble(rows))
    }
}

/// Returns the sums of a row as attributes for people and queries; the programs read `events`.
fn figures_of(row: &StockWindow) -> Attributes {
    let figures = row.figures();
    let mut attributes = Attributes::new();
    let mut put = |name: &str, value| attributes.insert(name.to_owned(), value);
    put("event_count", number(figures.events));
    put("voided_count", number(figures.voided));
    put("sold", decimal(figures.sold));
    put("returned", decimal(figures.returned));
    put("received", decimal(figures.received));
    put("wasted", decimal(figures.wasted));
    put("transferred_in", decimal(figures.transferred_in));
    put("transferred_out", decimal(figures.transferred_out));
    put("moved", decimal(figures.moved));
    if let Some(counted) = figures.counted {
        put("counted", decimal(counted.quantity));
        put("counted_at", instant(counted.at));
    }
    let revenue =
        figures.revenue.iter().map(|(currency, amount)| (currency.to_string(), decimal(*amount)));
    put("revenue", AttributeValue::M(revenue.collect()));
    attributes
}

fn key_of(key: &RowKey) -> Attributes {
    let RowKey { window: WindowKey { store_id, sku, window }, part } = key;
    let partition = format!("{store_id}#{}", window.date());
    let sort = match part.is_first() {
        true => format!("{sku}#{}", window.start().format("%H:%M")),
        false => format!("{sku}#{}#{part}", window.start().format("%H:%M")),
    };
    attributes::key(partition, sort)
}

fn row_of(item: &Attributes) -> Result<StockWindow, Failure> {
    let reader = AttributeReader::new(item);
    let start: DateTime<Utc> = reader.text("window_start")?;
    let window = WindowKey {
        store_id: reader.text("store_id")?,
        sku: reader.text("sku")?,
        window: Window::of(start),
    };
    let part = reader.optional("part", |name| reader.text(name))?.unwrap_or_default();
    let key = RowKey { window, part };
    let events = reader.binary("events")?;
    let version: String = reader.text("version")?;
    let row = StockWindow::unpack(key, events).map_err(|error| reader.wrong("events", error))?;
    if Version::of(events) == Version::stored(version) {
        Ok(row)
    } else {
        Err(reader.wrong("events", "do not match the row's version"))
    }
}
