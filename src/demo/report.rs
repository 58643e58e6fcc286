//! Text of the demo's report, for a width in columns. Without a width, nothing is wrapped.

use domain::OfferId;
use load_generator::figures::DayFigures;
use rust_decimal::Decimal;

use super::other_days::DayEffect;
use crate::output::{self, Column};

/// Offers of an item on the day.
pub(super) struct ItemOffers {
    pub(super) store_id: String,
    pub(super) sku: String,
    pub(super) regular_price: String,
    /// Local time and discount of each revision.
    pub(super) steps: Vec<String>,
    pub(super) price: String,
    /// Stock on hand at the first revision.
    pub(super) on_hand: String,
    pub(super) wasted: String,
}

/// Contents of the report.
pub(super) struct Report<'a> {
    pub(super) offers: Vec<ItemOffers>,
    /// Reasons of some offers.
    pub(super) reasons: Vec<(&'a OfferId, &'a str)>,
    pub(super) effect: &'a DayEffect,
    /// Number of events sent, repetitions included.
    pub(super) sent: usize,
    pub(super) repeated: usize,
    pub(super) acknowledged: usize,
    pub(super) windows: usize,
    pub(super) seconds: f32,
    /// `true` if the tables equal the ledger.
    pub(super) is_complete: bool,
}

impl Report<'_> {
    pub(super) fn text(self, width: Option<usize>) -> String {
        let wrapped = |text: &str, indent: usize| output::wrapped_to(width, text, indent);
        let reasons = self.reasons.iter();
        let reasons: Vec<String> =
            reasons.map(|(id, reason)| wrapped(&format!("  {id}: {reason}"), 4)).collect();
        let counts = format!(
            "{} events sent in {:.1} s, {} of them repetitions; {} acknowledged events in {} \
             windows",
            self.sent, self.seconds, self.repeated, self.acknowledged, self.windows,
        );
        let mut text = format!(
            "\nThe offers of the day, as stored in DynamoDB\n\n{}\n\nWhy, for some of them\n\n{}\n\
             \nThe day, and the same customers without discounts\n\n{}\n\n{}",
            offers_table(self.offers, width),
            reasons.join("\n"),
            figures_table(self.effect, width),
            wrapped(&counts, 0),
        );
        if self.is_complete {
            let sentence = "The stored windows, the stock on hand and the closed days equal the \
                            ledger: nothing lost, nothing twice.";
            text = format!("{text}\n{}", wrapped(sentence, 0));
        }
        text
    }
}

/// Returns the effect of the offers with the customers of several seeds, the demo's first.
pub(super) fn effects_text(effects: &[DayEffect], seed: u64, width: Option<usize>) -> String {
    let count = effects.len();
    let last = seed.wrapping_add(count as u64 - 1);
    let title =
        format!("The effect of the offers, with the customers of {count} seeds: {seed} to {last}");
    let note = "Each is the same date, as a first day without a history of sales. So the range is \
                that of the customers alone: other weekdays and seasons, and what a history would \
                change, are not in it.";
    let [title, note] = [&title, note].map(|text| output::wrapped_to(width, text, 0));
    format!("\n{title}\n\n{}\n\n{note}", effects_table(effects, width))
}

fn offers_table(offers: Vec<ItemOffers>, width: Option<usize>) -> String {
    let columns = [
        Column::Text("store_id"),
        Column::Text("sku"),
        Column::Number("regular_price"),
        Column::Text("steps"),
        Column::Number("price"),
        Column::Number("on_hand"),
        Column::Number("wasted"),
    ];
    let row = |of: ItemOffers| {
        let steps = of.steps.join(", ");
        vec![of.store_id, of.sku, of.regular_price, steps, of.price, of.on_hand, of.wasted]
    };
    output::table_to(width, &columns, offers.into_iter().map(row))
}

/// Formats the relative effect of the offers on several days: lowest, median and highest.
fn effects_table(effects: &[DayEffect], width: Option<usize>) -> String {
    let columns = [
        Column::Text("figure"),
        Column::Number("lowest"),
        Column::Number("median"),
        Column::Number("highest"),
    ];
    let row = |name: &str, figure: fn(&DayFigures) -> Decimal| {
        let percent = |effect: &DayEffect| percent(figure(&effect.played), figure(&effect.regular));
        let mut percents: Vec<Decimal> = effects.iter().filter_map(percent).collect();
        percents.sort();
        let range = [percents.first().copied(), median(&percents), percents.last().copied()];
        let range = range.map(|value| value.map(signed_percent).unwrap_or_default());
        [name.to_owned()].into_iter().chain(range).collect()
    };
    let rows: [Vec<String>; 5] = [
        row("units sold", |day| day.sold_units),
        row("units wasted", |day| day.wasted_units),
        row("cost of the waste", |day| day.waste_cost),
        row("revenue", |day| day.revenue),
        row("margin", DayFigures::margin),
    ];
    output::table_to(width, &columns, rows)
}

fn figures_table(DayEffect { played, regular }: &DayEffect, width: Option<usize>) -> String {
    let columns = [
        Column::Text("figure"),
        Column::Number("with_offers"),
        Column::Number("without"),
        Column::Number("difference"),
    ];
    let row = |name: &str, played: Decimal, regular: Decimal, places: u32| {
        let share = percent(played, regular).map(signed_percent).unwrap_or_default();
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
    output::table_to(width, &columns, rows)
}

/// Returns the difference in percent of `regular`, or `None` if that is 0.
fn percent(played: Decimal, regular: Decimal) -> Option<Decimal> {
    ((played - regular) * Decimal::ONE_HUNDRED).checked_div(regular)
}

fn signed_percent(value: Decimal) -> String {
    format!("{:+.1} %", value.round_dp(1))
}

/// Returns the median of sorted values; of an even number, the mean of the two in the middle.
fn median(sorted: &[Decimal]) -> Option<Decimal> {
    let (low, high) =
        (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((low + high) / Decimal::TWO)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn figures(sold: u32, wasted: u32) -> DayFigures {
        let units = |number: u32| Decimal::new(number.into(), 1);
        DayFigures {
            received_units: units(18_434),
            received_cost: Decimal::new(163_648, 2),
            sold_units: units(sold),
            discounted_units: units(sold.saturating_sub(16_204)),
            wasted_units: units(wasted),
            waste_cost: Decimal::new((wasted * 79).into(), 3),
            revenue: Decimal::new((sold * 249).into(), 3),
            ..DayFigures::default()
        }
    }

    fn effect(sold: u32, wasted: u32) -> DayEffect {
        DayEffect { played: figures(sold, wasted), regular: figures(16_204, 2_279) }
    }

    fn offers(store_id: &str, sku: &str, steps: &[&str]) -> ItemOffers {
        ItemOffers {
            store_id: store_id.to_owned(),
            sku: sku.to_owned(),
            regular_price: "123456.78".to_owned(),
            steps: steps.iter().map(|step| (*step).to_owned()).collect(),
            price: "86419.75".to_owned(),
            on_hand: "24".to_owned(),
            wasted: "0.250".to_owned(),
        }
    }

    /// Report with long ids, and reasons in Latin, Greek and Japanese letters.
    fn report(width: Option<usize>) -> String {
        let id = |sku: &str| -> OfferId {
            format!("2026-11-26/athens-monastiraki-01/{sku}/1").parse().expect("an id")
        };
        let ids = [id("sourdough-rye-1000g"), id("bun-6")];
        let english = "24 left; at 4.20 EUR about 9 would sell until closing at 20:00, at 2.94 EUR \
                       about 21, which brings 13.84 EUR more";
        let other =
            "Προζυμένιο ψωμί σίκαλης ολικής άλεσης, 全粒粉のやわらかい丸パン六個入り: 24 left";
        let effect = effect(17_735, 758);
        let report = Report {
            offers: vec![
                offers("athens-monastiraki-01", "sourdough-rye-wholegrain-1000g", &["14:00 -10 %"]),
                offers("osaka-1", "bun-6", &["14:00 -10 %", "15:30 -20 %", "17:45 -30 %"]),
            ],
            reasons: vec![(&ids[0], english), (&ids[1], other)],
            effect: &effect,
            sent: 1_492,
            repeated: 33,
            acknowledged: 1_459,
            windows: 1_183,
            seconds: 40.5,
            is_complete: true,
        };
        let effects = [effect, self::effect(20_255, 1_122), self::effect(17_111, 538)];
        format!("{}\n{}\n", report.text(width), effects_text(&effects, 4, width))
    }

    #[test]
    fn screens_of_the_report_fit_60_80_and_120_columns() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/screens");
        for width in [60, 80, 120] {
            let text = report(Some(width));
            for line in text.lines() {
                assert!(line.width() <= width, "{line} at {width}");
            }
            let file = folder.join(format!("demo-{width}.txt"));
            if std::env::var_os("DAYMARK_TEST_WRITE_SCREENS").is_some() {
                fs::write(&file, &text).expect("written");
            }
            let expected = fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(text, expected, "{} differs:\n{text}", file.display());
        }
    }

    #[test]
    fn every_line_of_a_file_is_whole() {
        let text = report(None);
        for part in ["which brings 13.84 EUR more\n", "events in 1183 windows\n", "nothing twice."]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn the_effect_is_shown_with_its_median_and_range() {
        assert_eq!(median(&[]), None);
        let numbers: Vec<Decimal> = [1, 2, 7, 30].map(Decimal::from).into();
        assert_eq!(median(&numbers[..3]), Some(Decimal::TWO));
        assert_eq!(median(&numbers), Some(Decimal::new(45, 1)));
        let regular = effect(16_204, 2_279);
        let text = effects_text(&[effect(17_000, 0), regular, effect(16_000, 0)], 8, None);
        let row = text.lines().find(|line| line.contains("units sold")).expect("a row");
        assert!(text.contains("3 seeds: 8 to 10"), "{text}");
        assert!(row.contains("-1.3 %") && row.contains("+0.0 %"), "{row}");
        assert!(row.find("-1.3 %") < row.find("+0.0 %"), "{row}");
        assert!(row.find("+0.0 %") < row.find("+4.9 %"), "{row}");
    }
}
