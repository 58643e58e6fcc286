//! What a person sees of the demo.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{NaiveDate, Timelike};
use domain::{Offer, Sku, StoreId, Window};
use indicatif::{ProgressBar, ProgressStyle};
use load_generator::figures::DayFigures;
use rust_decimal::Decimal;

use super::day::Chain;
use crate::Failed;
use crate::machine::Urls;
use crate::output::{self, Column};
use crate::picture::{self, Afternoon};

/// Differences that are spelled out.
const DIFFERENCES_SHOWN_MAX: usize = 20;
/// Reasons that are spelled out.
const REASONS_SHOWN_MAX: usize = 3;

/// The screen.
pub(super) struct Screen {
    bar: ProgressBar,
}

impl Screen {
    pub(super) fn open(chain: &Chain, date: NaiveDate, seed: u64, folder: &Path) -> Self {
        output::line(format!("A day of {} shops, {date}, seed {seed}", chain.shops.len()));
        for playing in &chain.shops {
            let store = &playing.shop.store;
            let hours = playing.day.hours();
            output::line(format!(
                "  {:<22} {:<14} {}-{}, offers from {}, {} items, {} tills",
                store.name.as_deref().unwrap_or(store.store_id.as_str()),
                store.zone.name(),
                playing.on_the_wall(hours.opens_at),
                playing.on_the_wall(hours.closes_at),
                store.policy.afternoon_starts.format("%H:%M"),
                playing.shop.items.len(),
                playing.shop.tills,
            ));
        }
        output::line(format!("Data: {}\n", folder.display()));
        let style = ProgressStyle::with_template("{bar:30} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(chain.windows().len() as u64).with_style(style);
        Self { bar }
    }

    pub(super) fn progress(&self, chain: &Chain, window: Window, elapsed: Duration) {
        let seconds = elapsed.as_secs().max(1);
        let message = format!(
            "{} UTC  {} events ({}/s)  {} windows  {} offers",
            window.end().format("%H:%M"),
            chain.sent,
            chain.sent as u64 / seconds,
            chain.rows.len(),
            chain.offers,
        );
        // Where there is no terminal to draw on, a line an hour is enough.
        if self.bar.is_hidden() && window.end().minute() == 0 {
            output::line(format!("-- {message}"));
        }
        self.bar.set_message(message);
        self.bar.inc(1);
    }

    /// Offers as they appear.
    pub(super) fn offers(&self, chain: &Chain, published: &[Offer]) {
        for offer in published {
            let id = &offer.offer_id;
            let Some(playing) = chain.shop(&id.store_id) else { continue };
            let text = format!(
                "{} {:<18} {:<22} {} -> {}  -{} %  {} left",
                playing.on_the_wall(offer.valid_from),
                id.store_id,
                id.sku,
                offer.regular_price,
                offer.price,
                offer.discount_percent,
                offer.on_hand,
            );
            self.bar.suspend(|| output::line(text));
        }
    }

    pub(super) fn summary(
        &self,
        chain: &Chain,
        offers: &[Offer],
        differences: &[String],
        elapsed: Duration,
    ) {
        self.bar.finish_and_clear();
        output::line("\nThe offers of the day, as stored in DynamoDB\n");
        output::line(offers_table(chain, offers));
        let deepest = deepest_of_each(offers);
        output::line("\nWhy, for some of them\n");
        for offer in deepest.iter().take(REASONS_SHOWN_MAX) {
            output::line(format!("  {}: {}", offer.offer_id, offer.reason));
        }
        output::line("\nThe day, and the same customers without discounts\n");
        let (played, regular) = chain.figures();
        output::line(figures_table(&played, &regular));
        output::line(format!(
            "\n{} events sent in {:.1} s, {} of them repetitions; {} acknowledged events in {} \
             windows",
            chain.sent,
            elapsed.as_secs_f32(),
            chain.repeated,
            chain.acknowledged(),
            chain.rows.len(),
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

    /// One item's afternoon, here and in a file.
    pub(super) fn afternoon(&self, afternoon: &Afternoon, folder: &Path) -> Result<(), Failed> {
        let file = folder.join("afternoon.svg");
        std::fs::write(&file, picture::svg(afternoon))?;
        output::line("\nOne of them, drawn\n");
        output::line(picture::terminal(afternoon, output::style()));
        output::line(format!("The same for a browser: {}", file.display()));
        Ok(())
    }

    /// How to look at what was played: on the running servers, or by starting some on the folder.
    pub(super) fn where_it_lies(&self, folder: &Path, chain: &Chain, running: Option<&Urls>) {
        let Some(playing) = chain.shops.first() else { return };
        let (store, date) = (playing.store_id(), playing.day.hours().date);
        let which = format!("--store {store} --date {date}");
        let (start, elsewhere) = match running {
            None => (format!("  daymark up --data {}\n", folder.display()), String::new()),
            Some(urls) => (String::new(), format!(" --dynamodb-url {}", urls.dynamodb)),
        };
        output::line(format!(
            "\nEverything is kept in {}; look at it with\n\n{start}  daymark offers \
             {which}{elsewhere}\n  daymark stock {which}{elsewhere}\n  daymark days \
             --store {store} --from {date} --to {date}{elsewhere}",
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

/// The last revision of each item, those with most on hand first.
fn deepest_of_each(offers: &[Offer]) -> Vec<&Offer> {
    let mut last: Vec<&Offer> =
        by_item(offers).into_values().filter_map(|revisions| revisions.last().copied()).collect();
    last.sort_by_key(|offer| std::cmp::Reverse(offer.on_hand));
    last
}

fn offers_table(chain: &Chain, offers: &[Offer]) -> String {
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
        let playing = chain.shop(store_id)?;
        let (first, last) = (revisions.first()?, revisions.last()?);
        let step = |offer: &&Offer| {
            format!("{} -{} %", playing.on_the_wall(offer.valid_from), offer.discount_percent)
        };
        Some(vec![
            store_id.to_string(),
            sku.to_string(),
            first.regular_price.to_string(),
            revisions.iter().map(step).collect::<Vec<_>>().join(", "),
            last.price.to_string(),
            first.on_hand.to_string(),
            playing.day.figures_of(sku).wasted_units.normalize().to_string(),
        ])
    };
    let rows: Vec<Vec<String>> = by_item(offers).into_iter().filter_map(row).collect();
    output::table(&columns, &rows)
}

fn figures_table(played: &DayFigures, regular: &DayFigures) -> String {
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
    output::table(&columns, &rows)
}
