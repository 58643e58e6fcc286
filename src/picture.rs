//! One item's afternoon as a picture: what was on the shelf, at what price, what was sold, and
//! where the decision expected it to go. Positions and heights are floating-point numbers; what is
//! counted or paid is in the words.

mod canvas;
mod of_offer;
mod scale;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;

pub(crate) use of_offer::{Seen, of_offer};
pub(crate) use svg::svg;
pub(crate) use terminal::{Style, terminal};

/// Minutes since the midnight before the doors opened, on the store's clock.
pub(crate) type Minute = f64;

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Afternoon {
    /// What was decided, in a line.
    pub(crate) title: String,
    /// Where and on which day.
    pub(crate) place: String,
    /// Why, in a sentence or a few; it may be left out.
    pub(crate) reason: String,
    /// Where the picture begins.
    pub(crate) from: Minute,
    /// Where it ends: the close.
    pub(crate) closes_at: Minute,
    /// When the decision was taken.
    pub(crate) decided_at: Minute,
    /// What is counted: `pieces`, `kg`.
    pub(crate) unit: String,
    /// What was left, each from its minute to the next; the last one until `known_until`.
    pub(crate) stock: Vec<(Minute, f64)>,
    /// Until when the day is known: the close, or now.
    pub(crate) known_until: Minute,
    /// The currency of the prices.
    pub(crate) currency: String,
    /// What the shelf said, each from its minute to the next.
    pub(crate) prices: Vec<PriceStep>,
    /// What was sold, slot by slot.
    pub(crate) sales: Vec<SoldIn>,
    /// Where the stock was expected to go at the price that was decided.
    pub(crate) fan: Option<Fan>,
    /// Where it would have gone at the price before.
    pub(crate) unchanged: Option<Fan>,
}

/// A price on the shelf.
#[derive(Debug, Clone)]
pub(crate) struct PriceStep {
    pub(crate) at: Minute,
    pub(crate) price: f64,
    /// The price in words, without the currency.
    pub(crate) label: String,
    pub(crate) discount_percent: u8,
}

/// What was sold between two minutes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SoldIn {
    pub(crate) start: Minute,
    pub(crate) end: Minute,
    pub(crate) units: f64,
}

/// What may be left, from the decision to the close. Of ten such afternoons eight stay between
/// `low` and `high`, and half are above `middle`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fan {
    /// The price that stays, in words, without the currency.
    pub(crate) price: String,
    pub(crate) points: Vec<FanPoint>,
}

/// What may be left at one minute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FanPoint {
    pub(crate) at: Minute,
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

impl Afternoon {
    /// What was left at a minute, as far as it is known.
    fn left_at(&self, minute: Minute) -> Option<f64> {
        let known = minute <= self.known_until;
        let step = self.stock.iter().rfind(|(at, _)| *at <= minute);
        step.filter(|_| known).map(|(_, left)| *left)
    }

    /// The price that the shelf said at a minute.
    fn price_at(&self, minute: Minute) -> Option<&PriceStep> {
        self.prices.iter().rfind(|step| step.at <= minute)
    }

    /// What stands below the title.
    fn heading(&self) -> String {
        let Self { place, reason, .. } = self;
        if reason.is_empty() { place.clone() } else { format!("{place}. {reason}") }
    }

    /// The prices between the edges, in the order of time.
    fn shown_prices(&self) -> Vec<&PriceStep> {
        let ends = self.prices.iter().skip(1).map(|next| next.at).chain([self.closes_at]);
        let until = self.known_until.min(self.closes_at);
        let shown = self.prices.iter().zip(ends);
        let shown = shown.filter(|(step, ends)| step.at < until && *ends > self.from);
        shown.map(|(step, _)| step).collect()
    }

    /// What has to be said below.
    fn caption(&self) -> String {
        let shaded = "Shaded: 8 of 10 such afternoons, if the price stays. ";
        let is_shaded = self.fan.is_some() || self.unchanged.is_some();
        let shaded = if is_shaded { shaded } else { "" };
        format!("{shaded}Orange bars: sold below the regular price.")
    }

    /// The most that the picture has to show on the shelf.
    fn highest(&self) -> f64 {
        let from = self.left_at(self.from).into_iter();
        let later = self.stock.iter().filter(|(at, _)| *at >= self.from).map(|(_, left)| *left);
        let fans = [&self.fan, &self.unchanged].into_iter().flatten();
        let high = fans.flat_map(|fan| fan.points.iter().map(|point| point.high));
        from.chain(later).chain(high).fold(1.0, f64::max)
    }

    /// What stands at the right end, with what is left there: the day first, then the forecasts.
    fn ends(&self) -> Vec<End> {
        let mut ends = Vec::new();
        let known = self.known_until >= self.closes_at;
        if let Some(left) = self.left_at(self.closes_at).filter(|_| known) {
            ends.push(End { what: What::Day, left, words: format!("{} left", number(left)) });
        }
        for (what, fan) in [(What::Fan, &self.fan), (What::Unchanged, &self.unchanged)] {
            let Some(fan) = fan else { continue };
            let Some(last) = fan.points.last() else { continue };
            let (low, high) = (number(last.low), number(last.high));
            let range = if low == high { low } else { format!("{low} to {high}") };
            ends.push(End { what, left: last.middle, words: format!("at {}: {range}", fan.price) });
        }
        ends
    }
}

/// A line's right end.
#[derive(Debug, Clone)]
struct End {
    what: What,
    left: f64,
    words: String,
}

/// Whose end it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Day,
    Fan,
    Unchanged,
}

/// A figure for people: whole where it is whole, and else to one place.
fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Adding 0 turns a negative zero round.
    format!("{}", rounded + 0.0)
}

/// Words in lines of at most `width` characters.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
