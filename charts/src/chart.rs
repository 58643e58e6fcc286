//! Series of a chart, and the texts that both renderings show.
//!
//! Times are minutes since the midnight before the store opened, on the store's clock; a night goes
//! on beyond 1440. Heights are floating-point numbers: exact amounts appear in the labels only.

use crate::text::number;

/// Chart of one item's afternoon: its stock, its price and its sales.
#[derive(Debug, Clone, Default)]
pub struct AfternoonChart {
    /// Title, on one line.
    pub title: String,
    /// Subject of the chart, such as the store and the date.
    pub subtitle: String,
    /// Explanation in full sentences. Empty if there is none.
    pub reason: String,
    /// Start of the time axis.
    pub starts_at: f64,
    /// End of the time axis, which is the close of the store.
    pub ends_at: f64,
    /// Time at which the price was decided.
    pub decided_at: f64,
    /// Unit of stock and sales: `pieces`, `kg`.
    pub unit: String,
    /// Stock from each time on, until the time of the next entry.
    pub stock: Vec<(f64, f64)>,
    /// End of the known part of the day. Stock, price and sales are drawn up to it.
    pub known_until: f64,
    /// Currency of the prices.
    pub currency: String,
    /// Prices, sorted by time.
    pub prices: Vec<PriceStep>,
    /// Sales, sorted by time.
    pub sales: Vec<SalesBar>,
    /// Forecast of the stock at the decided price.
    pub forecast: Option<ForecastBand>,
    /// Forecast of the stock at the price before the decision.
    pub forecast_unchanged: Option<ForecastBand>,
}

/// Price from a time on, until the time of the next step.
#[derive(Debug, Clone)]
pub struct PriceStep {
    /// Start of the price.
    pub at: f64,
    /// Price, for the height of the line.
    pub price: f64,
    /// Price as text, without the currency.
    pub label: String,
    /// Discount on the label in whole percent, 0 if there is none.
    pub percent_off: u8,
}

/// Sales between two times.
#[derive(Debug, Clone, Copy)]
pub struct SalesBar {
    /// Start of the interval.
    pub start: f64,
    /// End of the interval.
    pub end: f64,
    /// Units sold in the interval.
    pub units: f64,
}

/// Forecast of the stock from the decision to the close, with a band of 80 % probability.
#[derive(Debug, Clone, Default)]
pub struct ForecastBand {
    /// Price that the forecast assumes, as text without the currency.
    pub price: String,
    /// Points of the band, sorted by time.
    pub points: Vec<BandPoint>,
}

/// Forecast of the stock at one time.
#[derive(Debug, Clone, Copy)]
pub struct BandPoint {
    /// Time of the forecast.
    pub at: f64,
    /// Quantile of 10 %.
    pub low: f64,
    /// Median.
    pub middle: f64,
    /// Quantile of 90 %.
    pub high: f64,
}

/// Label at the right end of a line in the stock panel.
#[derive(Debug, Clone)]
pub(crate) struct EndLabel {
    pub(crate) line: StockLine,
    /// Stock at the close.
    pub(crate) left: f64,
    pub(crate) text: String,
}

/// Line of the stock panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StockLine {
    Observed,
    Forecast,
    ForecastUnchanged,
}

impl AfternoonChart {
    /// Returns the end of the stock, price and sales lines.
    pub(crate) fn drawn_until(&self) -> f64 {
        self.known_until.min(self.ends_at)
    }

    /// Returns the stock at a time, or `None` where it is not known.
    pub(crate) fn stock_at(&self, minute: f64) -> Option<f64> {
        let known = minute <= self.known_until;
        let step = self.stock.iter().rfind(|(at, _)| *at <= minute);
        step.filter(|_| known).map(|(_, left)| *left)
    }

    /// Returns the price at a time.
    pub(crate) fn price_at(&self, minute: f64) -> Option<&PriceStep> {
        self.prices.iter().rfind(|step| step.at <= minute)
    }

    /// Returns `true` if the bar starts at a price below the regular price.
    pub(crate) fn is_discounted(&self, bar: &SalesBar) -> bool {
        self.price_at(bar.start).is_some_and(|step| step.percent_off > 0)
    }

    /// Returns the text below the title.
    pub(crate) fn heading(&self) -> String {
        let Self { subtitle, reason, .. } = self;
        if reason.is_empty() { subtitle.clone() } else { format!("{subtitle}. {reason}") }
    }

    /// Returns the prices between the start of the axis and the end of the known part.
    pub(crate) fn visible_prices(&self) -> Vec<&PriceStep> {
        let ends = self.prices.iter().skip(1).map(|next| next.at).chain([self.ends_at]);
        let until = self.drawn_until();
        let visible = self.prices.iter().zip(ends);
        let visible = visible.filter(|(step, end)| step.at < until && *end > self.starts_at);
        visible.map(|(step, _)| step).collect()
    }

    /// Returns the bars that reach past the start of the axis.
    pub(crate) fn visible_sales(&self) -> Vec<SalesBar> {
        self.sales.iter().filter(|bar| bar.end > self.starts_at).copied().collect()
    }

    /// Returns the text below the panels.
    pub(crate) fn caption(&self) -> String {
        let shaded = "Shaded: 8 of 10 such afternoons, if the price stays. ";
        let is_shaded = self.forecast.is_some() || self.forecast_unchanged.is_some();
        let shaded = if is_shaded { shaded } else { "" };
        format!("{shaded}Orange bars: sold below the regular price.")
    }

    /// Returns the maximum of the stock panel, at least 1.
    pub(crate) fn stock_max(&self) -> f64 {
        let start = self.stock_at(self.starts_at).into_iter();
        let later = self.stock.iter().filter(|(at, _)| *at >= self.starts_at);
        let bands = [&self.forecast, &self.forecast_unchanged].into_iter().flatten();
        let high = bands.flat_map(|band| band.points.iter().map(|point| point.high));
        start.chain(later.map(|(_, left)| *left)).chain(high).fold(1.0, f64::max)
    }

    /// Returns the labels at the right end of the stock panel: the observed stock, then the
    /// forecasts.
    pub(crate) fn end_labels(&self) -> Vec<EndLabel> {
        let mut labels = Vec::new();
        let is_complete = self.known_until >= self.ends_at;
        if let Some(left) = self.stock_at(self.ends_at).filter(|_| is_complete) {
            let text = format!("{} left", number(left));
            labels.push(EndLabel { line: StockLine::Observed, left, text });
        }
        let bands = [
            (StockLine::Forecast, &self.forecast),
            (StockLine::ForecastUnchanged, &self.forecast_unchanged),
        ];
        for (line, band) in bands {
            let Some(band) = band else { continue };
            let Some(last) = band.points.last() else { continue };
            let (low, high) = (number(last.low), number(last.high));
            let range = if low == high { low } else { format!("{low} to {high}") };
            let text = format!("at {}: {range}", band.price);
            labels.push(EndLabel { line, left: last.middle, text });
        }
        labels
    }
}
