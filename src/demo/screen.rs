//! Terminal output of the demo.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use charts::AfternoonChart;
use chrono::{NaiveDate, Timelike};
use domain::{Offer, Sku, StoreId, Window};
use indicatif::{ProgressBar, ProgressStyle};

use super::other_days::DayEffect;
use super::report::{self, ItemOffers, Report};
use super::retailer::DemoRetailer;
use crate::CommandError;
use crate::machine::EndpointUrls;
use crate::output;

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
            let line = format!(
                "  {:<22} {:<14} {}-{}, offers from {}, {} items, {} tills",
                store.name.as_deref().unwrap_or(store.store_id.as_str()),
                store.zone.name(),
                shop.local_time(hours.opens_at),
                shop.local_time(hours.closes_at),
                store.policy.afternoon_starts.format("%H:%M"),
                shop.spec.items.len(),
                shop.spec.tills,
            );
            output::line(output::wrapped(&line, 4));
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
            self.bar.suspend(|| output::line(output::wrapped(&text, 6)));
        }
    }

    /// Prints the effect of the offers with the customers of several seeds, the demo's first.
    pub(super) fn effects(&self, effects: &[DayEffect], seed: u64) {
        output::line(report::effects_text(effects, seed, output::screen_width()));
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
        let last = last_revisions(offers);
        let reasons = last.iter().take(REASONS_SHOWN_MAX);
        let report = Report {
            offers: offers_of_items(retailer, offers),
            reasons: reasons.map(|offer| (&offer.offer_id, &*offer.reason)).collect(),
            effect,
            sent: retailer.sent,
            repeated: retailer.repeated,
            acknowledged: retailer.acknowledged(),
            windows: retailer.rows.len(),
            seconds: elapsed.as_secs_f32(),
            is_complete: differences.is_empty(),
        };
        output::line(report.text(output::screen_width()));
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

/// Returns the offers of each item.
fn offers_of_items(retailer: &DemoRetailer, offers: &[Offer]) -> Vec<ItemOffers> {
    let of_item = |((store_id, sku), revisions): ((&StoreId, &Sku), Vec<&Offer>)| {
        let shop = retailer.shop(store_id)?;
        let (first, last) = (revisions.first()?, revisions.last()?);
        let step =
            |offer: &&Offer| format!("{}{}", shop.local_time(offer.valid_from), percent_off(offer));
        Some(ItemOffers {
            store_id: store_id.to_string(),
            sku: sku.to_string(),
            regular_price: first.regular_price.to_string(),
            steps: revisions.iter().map(step).collect(),
            price: last.price.to_string(),
            on_hand: first.on_hand.to_string(),
            wasted: shop.day.figures_of(sku).wasted_units.normalize().to_string(),
        })
    };
    by_item(offers).into_iter().filter_map(of_item).collect()
}

/// Returns the discount on the label of an offer as text like ` -30 %`; empty without one.
fn percent_off(offer: &Offer) -> String {
    let percent = offer.label(None).percent_off;
    percent.map(|percent| format!(" -{percent} %")).unwrap_or_default()
}
