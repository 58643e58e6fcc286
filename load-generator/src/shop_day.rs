//! Day of one shop, played window by window with the prices on its shelves.

use chrono::{NaiveDate, TimeDelta};
use domain::event::{Kind, Reason};
use domain::{BusinessDay, Event, Money, OfferId, Sku, Window};
use rust_decimal::Decimal;

use crate::customers::{CLEARING, ShopCustomer};
use crate::day_schedule::{ActivityKind, DaySchedule, ShopActivity, inside};
use crate::figures::DayFigures;
use crate::shelf_prices::ShelfPrices;
use crate::shops::{ItemModel, ShopModel};
use crate::till_writer::{TillEntry, TillWriter};

/// Running day of a shop: stock, tills and remaining schedule.
#[derive(Debug, Clone)]
pub struct ShopDay {
    shop: ShopModel,
    hours: BusinessDay,
    schedule: DaySchedule,
    tills: TillWriter,
    /// Stock on hand by index of the item in the shop's list.
    on_shelf: Vec<Decimal>,
    /// Figures by index of the item in the shop's list.
    figures: Vec<DayFigures>,
}

impl ShopDay {
    /// Draws a day and starts it before the opening. Returns `None` if the store stays closed.
    #[must_use]
    pub fn new(shop: &ShopModel, date: NaiveDate, seed: u64) -> Option<Self> {
        let hours = shop.store.day(date)?;
        Some(Self {
            hours,
            schedule: DaySchedule::of(shop, &hours, seed),
            tills: TillWriter::new(shop.store.store_id.clone(), date, shop.tills),
            on_shelf: vec![Decimal::ZERO; shop.items.len()],
            figures: vec![DayFigures::default(); shop.items.len()],
            shop: shop.clone(),
        })
    }

    /// Opening hours of the day.
    #[must_use]
    pub fn hours(&self) -> BusinessDay {
        self.hours
    }

    /// Windows of the opening hours, in order.
    pub fn windows(&self) -> impl Iterator<Item = Window> + use<> {
        let closes_at = self.hours.closes_at;
        std::iter::successors(Some(Window::of(self.hours.opens_at)), |window| {
            Some(Window::of(window.end()))
        })
        .take_while(move |window| window.start() < closes_at)
    }

    /// Plays all activities before the end of a window with these prices, and returns their events
    /// in order. Activities of windows that were skipped are played now. Windows outside of the
    /// opening hours have no events.
    pub fn step(&mut self, window: Window, prices: &ShelfPrices) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(activity) = self.schedule.next_before(window.end()) {
            self.perform(activity, prices, &mut events);
        }
        events
    }

    /// Closes the day: throws away the goods that cannot be sold on the next day.
    pub fn close(&mut self) -> Vec<Event> {
        self.schedule = DaySchedule::default();
        let cleared_from = self.hours.closes_at - CLEARING;
        let mut events = Vec::new();
        for item in 0..self.shop.items.len() {
            let left = self.on_shelf[item];
            if left.is_zero() || self.shop.items[item].item.shelf_life_days > 1 {
                continue;
            }
            // One millisecond for each item: the last one is still before the close.
            let at = cleared_from + TimeDelta::milliseconds(1 + item as i64);
            let mark = at.timestamp_millis() as u64;
            let kind = ActivityKind::Mishap(left, Reason::Expired);
            self.perform(
                ShopActivity { at, item, mark, kind },
                &ShelfPrices::regular(),
                &mut events,
            );
        }
        events
    }

    /// Plays the whole day, with the prices that `prices` returns for each window.
    pub fn play(
        mut self,
        mut prices: impl FnMut(Window) -> ShelfPrices,
    ) -> (Vec<Event>, DayFigures) {
        let mut events = Vec::new();
        for window in self.windows() {
            events.extend(self.step(window, &prices(window)));
        }
        events.extend(self.close());
        (events, self.figures())
    }

    /// Stock on hand of an item, in its unit; 0 if the shop does not sell the item.
    #[must_use]
    pub fn on_shelf(&self, sku: &Sku) -> Decimal {
        self.place(sku).map(|item| self.on_shelf[item]).unwrap_or_default()
    }

    /// Figures of all items so far.
    #[must_use]
    pub fn figures(&self) -> DayFigures {
        self.figures.iter().copied().sum()
    }

    /// Figures of one item so far; all 0 if the shop does not sell the item.
    #[must_use]
    pub fn figures_of(&self, sku: &Sku) -> DayFigures {
        self.place(sku).map(|item| self.figures[item]).unwrap_or_default()
    }

    fn place(&self, sku: &Sku) -> Option<usize> {
        self.shop.items.iter().position(|line| line.item.sku == *sku)
    }

    fn perform(&mut self, activity: ShopActivity, prices: &ShelfPrices, events: &mut Vec<Event>) {
        let ShopActivity { item, kind, .. } = &activity;
        let line = &self.shop.items[*item];
        let (shelf, figures) = (&mut self.on_shelf[*item], &mut self.figures[*item]);
        let blank = blank(&activity, line);
        match kind {
            ActivityKind::Delivery(quantity) => {
                *shelf += quantity;
                figures.receive(&line.item, *quantity);
                let life = TimeDelta::days(i64::from(line.item.shelf_life_days) - 1);
                let expires_on = Some(self.hours.date + life);
                let entry = TillEntry { quantity: *quantity, expires_on, ..blank };
                events.push(self.tills.write(Kind::Receipt, entry));
            }
            ActivityKind::Mishap(quantity, reason) if quantity <= shelf => {
                *shelf -= quantity;
                figures.waste(&line.item, *quantity);
                let entry = TillEntry { quantity: *quantity, reason: Some(*reason), ..blank };
                events.push(self.tills.write(Kind::Waste, entry));
            }
            ActivityKind::Mishap(..) => {}
            ActivityKind::Count => {
                let reason = Some(Reason::CycleCount);
                let entry = TillEntry { quantity: *shelf, reason, ..blank };
                events.push(self.tills.write(Kind::Count, entry));
            }
            ActivityKind::Return(quantity, price, offer_id) => {
                *shelf += quantity;
                figures.take_back(&line.item, *quantity, *price);
                let price = Some(*price);
                let entry =
                    TillEntry { quantity: *quantity, price, offer_id: offer_id.as_ref(), ..blank };
                events.push(self.tills.write(Kind::Return, entry));
            }
            ActivityKind::Customer(customer) => {
                let (price, offer_id) = prices.of(&line.item);
                if customer.buys_at(price) {
                    self.serve(&activity, customer, price, offer_id, events);
                }
            }
        }
    }

    /// Sells the wanted quantity as far as it is on hand. The customer leaves if the rest is
    /// smaller than the smallest quantity that is sold.
    fn serve(
        &mut self,
        activity: &ShopActivity,
        customer: &ShopCustomer,
        price: Money,
        offer_id: Option<&OfferId>,
        events: &mut Vec<Event>,
    ) {
        let item = activity.item;
        let line = &self.shop.items[item];
        let quantity = customer.wants.min(self.on_shelf[item]);
        if quantity < line.basket.least() {
            self.figures[item].turned_away += 1;
            return;
        }
        self.on_shelf[item] -= quantity;
        self.figures[item].sell(&line.item, quantity, price);
        let sale = TillEntry { quantity, price: Some(price), offer_id, ..blank(activity, line) };
        if customer.rung_up_wrong {
            let mistake = TillEntry { quantity: quantity + Decimal::ONE, ..sale };
            let mistake = self.tills.write(Kind::Sale, mistake);
            let voids = TillEntry {
                reason: Some(Reason::IncorrectData),
                corrects: Some(mistake.event_id()),
                ..blank(activity, line)
            };
            let correction = self.tills.write(Kind::Correction, voids);
            events.extend([mistake, correction]);
        }
        events.push(self.tills.write(Kind::Sale, sale));
        if let Some(after) = customer.brings_back_after {
            let at = inside(customer.at + after);
            if at < self.hours.closes_at - CLEARING {
                let kind = ActivityKind::Return(Decimal::ONE, price, offer_id.cloned());
                self.schedule.add(ShopActivity { at, item, mark: activity.mark, kind });
            }
        }
    }
}

/// Creates an entry for the item of an activity, with no other content.
fn blank<'a>(activity: &ShopActivity, line: &'a ItemModel) -> TillEntry<'a> {
    TillEntry {
        at: activity.at,
        mark: activity.mark,
        sku: &line.item.sku,
        unit: line.unit(),
        quantity: Decimal::ZERO,
        price: None,
        offer_id: None,
        reason: None,
        expires_on: None,
        corrects: None,
    }
}
