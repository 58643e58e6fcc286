//! Rows of one store over the dates of a month, date by date.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use analytics::table::{Cell, cells};
use analytics::tables::days::DayRecord;
use analytics::tables::gaps::GapRecord;
use analytics::tables::offers::OfferRecord;
use analytics::tables::{
    StoreCatalog, days, experiment, gaps, offer_outcomes, offers, sales_by_slot, stock,
};
use chrono::{Days, NaiveDate};
use domain::ports::{DaysTable, OffersTable};
use domain::stock::{ItemUnits, StockWindow};
use domain::{ClosedDay, DaySpan, Offer, Sku};
use processors::gaps::{GapsQuery, TillDay, gaps_in};
use reader::effect::{EffectOutcomes, by_sku};

use crate::CommandError;
use crate::connect::ConnectedTables;
use crate::output;

/// Receiver of rows: the name of a table and the cells.
pub(super) type Sink<'a> = dyn FnMut(&'static str, Vec<Cell>) -> Result<(), CommandError> + 'a;

/// Rows of a store. Memory holds the day rows of its month and the events of one date.
pub(super) struct StoreRows<'a> {
    pub(super) tables: &'a ConnectedTables,
    pub(super) catalog: &'a StoreCatalog,
    /// Tables to read for. Others cost nothing.
    pub(super) wanted: &'a BTreeSet<&'static str>,
}

/// Events and offers of a date, by item.
struct DateInputs {
    date: NaiveDate,
    windows: BTreeMap<Sku, Vec<StockWindow>>,
    offers: Vec<Offer>,
}

impl StoreRows<'_> {
    /// Passes all rows to `sink`, sorted by table, date and item. Returns the number of day rows
    /// whose events the log keeps no longer.
    pub(super) async fn read(
        &self,
        dates: &RangeInclusive<NaiveDate>,
        sink: &mut Sink<'_>,
    ) -> Result<usize, CommandError> {
        let mut known: BTreeSet<Sku> = self.catalog.items.keys().cloned().collect();
        let mut days = self.days_of(&known, dates).await?;
        let mut without_windows = 0;
        for date in dates.start().iter_days().take_while(|date| date <= dates.end()) {
            let inputs = self.inputs(date).await?;
            let moved: BTreeSet<Sku> = inputs.windows.keys().cloned().collect();
            let new: BTreeSet<Sku> = moved.difference(&known).cloned().collect();
            for (date, of_date) in self.days_of(&new, dates).await? {
                days.entry(date).or_default().extend(of_date);
            }
            known.extend(new);
            let mut of_date = days.remove(&date).unwrap_or_default();
            of_date.sort_by(|a, b| a.key.sku.cmp(&b.key.sku));
            without_windows += self.rows_of(&inputs, &of_date, sink)?;
            if self.wanted.contains("gaps") {
                self.gaps_of(date, sink).await?;
            }
        }
        Ok(without_windows)
    }

    async fn days_of(
        &self,
        skus: &BTreeSet<Sku>,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<BTreeMap<NaiveDate, Vec<ClosedDay>>, CommandError> {
        let store_id = &self.catalog.store.store_id;
        let mut days: BTreeMap<NaiveDate, Vec<ClosedDay>> = BTreeMap::new();
        for sku in skus {
            let of_item = self.tables.query_days(store_id, sku, *dates.start(), *dates.end()).await;
            for day in of_item.map_err(|failure| self.tables.explain(failure))? {
                days.entry(day.key.date).or_default().push(day);
            }
        }
        Ok(days)
    }

    async fn inputs(&self, date: NaiveDate) -> Result<DateInputs, CommandError> {
        let store = &self.catalog.store;
        let span = store.span(date);
        let windows =
            self.tables.windows(&store.store_id, None, span.starts_at, span.ends_at).await?;
        let offers = self.tables.query_offers(&store.store_id, date).await;
        let offers = offers.map_err(|failure| self.tables.explain(failure))?;
        Ok(DateInputs { date, windows: by_sku(windows, |window| window.key().sku.clone()), offers })
    }

    fn rows_of(
        &self,
        inputs: &DateInputs,
        closed: &[ClosedDay],
        sink: &mut Sink<'_>,
    ) -> Result<usize, CommandError> {
        for offer in &inputs.offers {
            let record = OfferRecord::new(offer.clone(), self.catalog);
            sink("offers", cells(offers::FIELDS, &record))?;
        }
        for day in closed {
            for record in sales_by_slot::records(day, self.catalog) {
                sink("sales_by_slot", cells(sales_by_slot::FIELDS, &record))?;
            }
            for record in offer_outcomes::records(day, &inputs.offers, self.catalog) {
                sink("offer_outcomes", cells(offer_outcomes::FIELDS, &record))?;
            }
            let record = DayRecord::new(day.clone(), self.catalog);
            sink("days", cells(days::FIELDS, &record))?;
        }
        self.stock_of(inputs, closed, sink)?;
        let mut found = EffectOutcomes::default();
        let StoreCatalog { store, items } = self.catalog;
        let offers = by_sku(inputs.offers.clone(), |offer| offer.offer_id.sku.clone());
        found.add_date(store, items, (inputs.date, closed), &inputs.windows, &offers);
        for outcome in &found.outcomes {
            sink("experiment", cells(experiment::FIELDS, outcome))?;
        }
        Ok(found.without_windows)
    }

    fn stock_of(
        &self,
        inputs: &DateInputs,
        closed: &[ClosedDay],
        sink: &mut Sink<'_>,
    ) -> Result<(), CommandError> {
        let opening: BTreeMap<&Sku, _> =
            closed.iter().map(|day| (&day.key.sku, day.opening)).collect();
        let default = ItemUnits::default();
        for (sku, windows) in &inputs.windows {
            let units = self.catalog.items.get(sku).map_or(&default, |item| &item.units);
            let uniform = units.uniform(windows);
            let opening = opening.get(sku).copied();
            let item = (sku, uniform.unit);
            for record in stock::records(self.catalog, inputs.date, item, opening, &uniform.windows)
            {
                sink("stock", cells(stock::FIELDS, &record))?;
            }
        }
        Ok(())
    }

    async fn gaps_of(&self, date: NaiveDate, sink: &mut Sink<'_>) -> Result<(), CommandError> {
        let store = &self.catalog.store;
        let days: Vec<DaySpan> = [date - Days::new(1), date].map(|date| store.span(date)).to_vec();
        let query = GapsQuery { store_id: &store.store_id, terminal_id: None, days: &days };
        let tills = gaps_in(&**self.tables, &query).await;
        for till in tills.map_err(|failure| self.tables.explain(failure))? {
            for record in self.gap_records(&till) {
                sink("gaps", cells(gaps::FIELDS, &record))?;
            }
        }
        Ok(())
    }

    fn gap_records(&self, till: &TillDay) -> Vec<GapRecord> {
        let empty = GapRecord {
            store_id: self.catalog.store.store_id.clone(),
            date: till.date,
            terminal_id: till.terminal_id.to_string(),
            epoch: None,
            span: None,
            received: 0,
            missing: 0,
            missing_numbers: String::new(),
            uncounted: till.uncounted,
        };
        let of_epochs = till.epochs.iter().map(|(epoch, numbers)| GapRecord {
            epoch: Some(epoch.to_string()),
            span: Some((numbers.first, numbers.last)),
            received: numbers.received,
            missing: numbers.missing_count(),
            missing_numbers: output::ranges(&numbers.missing, usize::MAX),
            uncounted: 0,
            ..empty.clone()
        });
        let mut records: Vec<GapRecord> = of_epochs.collect();
        if till.uncounted > 0 {
            records.push(empty);
        }
        records
    }
}
