//! Terminal output of the demo.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use charts::AfternoonChart;
use chrono::{NaiveDate, Timelike};
use domain::{Offer, Sku, StoreId, Window};
use indicatif::{ProgressBar, ProgressStyle};
use load_generator::figures::DayFigures;
use rust_decimal::Decimal;

use super::other_days::DayEffect;
use super::retailer::DemoRetailer;
use crate::CommandError;
use crate::machine::EndpointUrls;
use crate::output::{self, Column};

/// Maximum number of differences shown.
const DIFFERENCES_SHOWN_MAX: usize = 20;
/// Maximum number of reasons shown.
const REASONS_SHOWN_MAX: usize = 3;

/// Output of the demo, with a progress bar.
pub(super) struct Screen {
    bar: ProgressBar,
}

impl Screen {
    pub(super) fn open(retailer: &DemoRetailer, date: NaiveDate, seed: u64, folder: &Path) -> Self {
        output::line(format!("A day of {} shops, {date}, seed {seed}", retailer.stores.len()));
        for shop in &retailer.stores {
            let store = &shop.spec.store;
            let hours = shop.day.hours();
            output::line(format!(
                "  {:<22} {:<14} {}-{}, offers from {}, {} items, {} tills",
                store.name.as_deref().unwrap_or(store.store_id.as_str()),
                store.zone.name(),
                shop.local_time(hours.opens_at),
                shop.local_time(hours.closes_at),
                store.policy.afternoon_starts.format("%H:%M"),
                shop.spec.items.len(),
                shop.spec.tills,
            ));
        }
        output::line(format!("Data: {}\n", folder.display()));
        let style = ProgressStyle::with_template("{bar:30} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(retailer.windows().len() as u64).with_style(style);
        Self { bar }
    }

    pub(super) fn progress(&self, retailer: &DemoRetailer, window: Window, elapsed: Duration) {
        let seconds = elapsed.as_secs().max(1);
        let message = format!(
            "{} UTC  {} events ({}/s)  {} windows  {} offers",
            window.end().format("%H:%M"),
            retailer.sent,
            retailer.sent as u64 / seconds,
            retailer.rows.len(),
            retailer.offers,
        );
        // Without a terminal there is no bar; a line is printed every hour.
        if self.bar.is_hidden() && window.end().minute() == 0 {
            output::line(format!("-- {message}"));
        }
        self.bar.set_message(message);
        self.bar.inc(1);
    }

    /// Prints published offers.
    pub(super) fn offers(&self, retailer: &DemoRetailer, published: &[Offer]) {
        for offer in published {
            let id = &offer.offer_id;
            let Some(shop) = retailer.shop(&id.store_id) else { continue };
            let text = format!(
                "{} {:<18} {:<22} {} -> {}{}  {} left",
                shop.local_time(offer.valid_from),
                id.store_id,
                id.sku,
                offer.regular_price,
                offer.price,
                percent_off(offer),
                offer.on_hand,
            );
            self.bar.suspend(|| output::line(text));
        }
    }

    /// Prints the effect of the offers over several days, the day of the demo first.
    pub(super) fn effects(&self, effects: &[DayEffect], seed: u64) {
        let days = effects.len();
        let last = seed.wrapping_add(days as u64 - 1);
        output::line(format!(
            "\nThe difference on {days} days with other customers, seeds {seed} to {last}\n"
        ));
        output::line(effects_table(effects));
    }

    pub(super) fn summary(
        &self,
        retailer: &DemoRetailer,
        offers: &[Offer],
        effect: &DayEffect,
        differences: &[String],
        elapsed: Duration,
    ) {
        self.bar.finish_and_clear();
        output::line("\nThe offers of the day, as stored in DynamoDB\n");
        output::line(offers_table(retailer, offers));
        let last = last_revisions(offers);
        output::line("\nWhy, for some of them\n");
        for offer in last.iter().take(REASONS_SHOWN_MAX) {
            output::line(format!("  {}: {}", offer.offer_id, offer.reason));
        }
        output::line("\nThe day, and the same customers without discounts\n");
        output::line(figures_table(effect));
        output::line(format!(
            "\n{} events sent in {:.1} s, {} of them repetitions; {} acknowledged events in {} \
             windows",
            retailer.sent,
            elapsed.as_secs_f32(),
            retailer.repeated,
            retailer.acknowledged(),
            retailer.rows.len(),
        ));
        if differences.is_empty() {
            output::line(
                "The stored windows, the stock on hand and the closed days equal the ledger: \
                 nothing lost, nothing twice.",
            );
        }
        for difference in differences.iter().take(DIFFERENCES_SHOWN_MAX) {
            output::error(format!("the ledger differs: {difference}"));
        }
    }

    /// Prints a chart, and writes it to a file.
    pub(super) fn chart(&self, chart: &AfternoonChart, folder: &Path) -> Result<(), CommandError> {
        let file = folder.join("afternoon.svg");
        std::fs::write(&file, chart.to_svg())?;
        output::line("\nOne of them, drawn\n");
        output::line(chart.to_terminal(output::terminal_style()));
        output::line(format!("The same for a browser: {}", file.display()));
        Ok(())
    }

    /// Prints the commands that show the day: on the running servers, or on servers to be started.
    pub(super) fn next_steps(
        &self,
        folder: &Path,
        retailer: &DemoRetailer,
        running: Option<&EndpointUrls>,
    ) {
        let Some(shop) = retailer.stores.first() else { return };
        let (store, date) = (shop.store_id(), shop.day.hours().date);
        let day = format!("--store {store} --date {date}");
        let (start, url_flag) = match running {
            None => (format!("  daymark up --data {}\n", folder.display()), String::new()),
            Some(urls) => (String::new(), format!(" --dynamodb-url {}", urls.dynamodb)),
        };
        output::line(format!(
            "\nEverything is kept in {}; look at it with\n\n{start}  daymark offers \
             {day}{url_flag}\n  daymark stock {day}{url_flag}\n  daymark days \
             --store {store} --from {date} --to {date}{url_flag}",
            folder.display(),
        ));
    }
}

type Revisions<'a> = BTreeMap<(&'a StoreId, &'a Sku), Vec<&'a Offer>>;

fn by_item(offers: &[Offer]) -> Revisions<'_> {
    let mut items = Revisions::new();
    for offer in offers {
        items.entry((&offer.offer_id.store_id, &offer.offer_id.sku)).or_default().push(offer);
    }
    items
}

/// Returns the last revision of each item, those with the most stock on hand first.
fn last_revisions(offers: &[Offer]) -> Vec<&Offer> {
    let mut last: Vec<&Offer> =
        by_item(offers).into_values().filter_map(|revisions| revisions.last().copied()).collect();
    last.sort_by_key(|offer| std::cmp::Reverse(offer.on_hand));
    last
}

fn offers_table(retailer: &DemoRetailer, offers: &[Offer]) -> String {
    let columns = [
        Column::Text("store"),
        Column::Text("sku"),
        Column::Number("regular"),
        Column::Text("steps"),
        Column::Number("price"),
        Column::Number("on_hand"),
        Column::Number("wasted"),
    ];
    let row = |((store_id, sku), revisions): ((&StoreId, &Sku), Vec<&Offer>)| {
        let shop = retailer.shop(store_id)?;
        let (first, last) = (revisions.first()?, revisions.last()?);
        let step =
            |offer: &&Offer| format!("{}{}", shop.local_time(offer.valid_from), percent_off(offer));
        Some(vec![
            store_id.to_string(),
            sku.to_string(),
            first.regular_price.to_string(),
            revisions.iter().map(step).collect::<Vec<_>>().join(", "),
            last.price.to_string(),
            first.on_hand.to_string(),
            shop.day.figures_of(sku).wasted_units.normalize().to_string(),
        ])
    };
    output::table(&columns, by_item(offers).into_iter().filter_map(row))
}

/// Formats the relative effect of the offers over several days: mean, lowest and highest day.
fn effects_table(effects: &[DayEffect]) -> String {
    let columns = [
        Column::Text("figure"),
        Column::Number("mean"),
        Column::Number("lowest_day"),
        Column::Number("highest_day"),
    ];
    let row = |name: &str, figure: fn(&DayFigures) -> Decimal| {
        let percent = |effect: &DayEffect| {
            let (played, regular) = (figure(&effect.played), figure(&effect.regular));
            let share = (played - regular) * Decimal::ONE_HUNDRED;
            (!regular.is_zero()).then(|| share / regular)
        };
        let percents: Vec<Decimal> = effects.iter().filter_map(percent).collect();
        let sum: Decimal = percents.iter().sum();
        let mean = sum.checked_div(Decimal::from(percents.len()));
        let (low, high) = (percents.iter().min().copied(), percents.iter().max().copied());
        let text = |value: Option<Decimal>| {
            value.map(|value| format!("{:+.1} %", value.round_dp(1))).unwrap_or_default()
        };
        vec![name.to_owned(), text(mean), text(low), text(high)]
    };
    let rows = [
        row("units sold", |day| day.sold_units),
        row("units wasted", |day| day.wasted_units),
        row("cost of the waste", |day| day.waste_cost),
        row("revenue", |day| day.revenue),
        row("margin", DayFigures::margin),
    ];
    output::table(&columns, rows)
}

fn figures_table(DayEffect { played, regular }: &DayEffect) -> String {
    let columns = [
        Column::Text("figure"),
        Column::Number("with_offers"),
        Column::Number("without"),
        Column::Number("difference"),
    ];
    let row = |name: &str, played: Decimal, regular: Decimal, places: u32| {
        let share = if regular.is_zero() {
            String::new()
        } else {
            let percent = (played - regular) / regular * Decimal::ONE_HUNDRED;
            format!("{:+.1} %", percent.round_dp(1))
        };
        let number = |value: Decimal| format!("{:.*}", places as usize, value);
        vec![name.to_owned(), number(played), number(regular), share]
    };
    let rows = [
        row("units delivered", played.received_units, regular.received_units, 1),
        row("units sold", played.sold_units, regular.sold_units, 1),
        row("of these discounted", played.discounted_units, regular.discounted_units, 1),
        row("units wasted", played.wasted_units, regular.wasted_units, 1),
        row("cost of the waste, EUR", played.waste_cost, regular.waste_cost, 2),
        row("revenue, EUR", played.revenue, regular.revenue, 2),
        row("margin, EUR", played.margin(), regular.margin(), 2),
    ];
    output::table(&columns, rows)
}

/// Returns the discount on the label of an offer as text like ` -30 %`; empty without one.
fn percent_off(offer: &Offer) -> String {
    let percent = offer.label(None).percent_off;
    percent.map(|percent| format!(" -{percent} %")).unwrap_or_default()
}
