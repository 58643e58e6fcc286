//! One day of one shop, played in steps of a window against the prices on its shelves.

use chrono::{NaiveDate, TimeDelta};
use domain::event::{Kind, Reason};
use domain::{BusinessDay, Event, Money, OfferId, Sku, Window};
use rust_decimal::Decimal;

use crate::customers::{CLEARING, Customer};
use crate::figures::DayFigures;
use crate::plan::{Happening, Plan, What, inside};
use crate::prices::Prices;
use crate::shops::{Shop, ShopItem};
use crate::till::{Entry, Tills};

/// A day of a shop under way: its shelves, its tills and everyone still to come.
#[derive(Debug, Clone)]
pub struct Day {
    shop: Shop,
    hours: BusinessDay,
    plan: Plan,
    tills: Tills,
    /// By the item's place in the shop's list, as are the figures.
    on_shelf: Vec<Decimal>,
    figures: Vec<DayFigures>,
}

impl Day {
    /// The morning of a day, or `None` when the store stays closed.
    #[must_use]
    pub fn new(shop: &Shop, date: NaiveDate, seed: u64) -> Option<Self> {
        let hours = shop.store.day(date)?;
        Some(Self {
            hours,
            plan: Plan::of(shop, &hours, seed),
            tills: Tills::new(shop.store.store_id.clone(), date, shop.tills),
            on_shelf: vec![Decimal::ZERO; shop.items.len()],
            figures: vec![DayFigures::default(); shop.items.len()],
            shop: shop.clone(),
        })
    }

    /// When the shop is open.
    #[must_use]
    pub fn hours(&self) -> BusinessDay {
        self.hours
    }

    /// The windows of the opening hours, in order.
    pub fn windows(&self) -> impl Iterator<Item = Window> + use<> {
        let closes_at = self.hours.closes_at;
        std::iter::successors(Some(Window::of(self.hours.opens_at)), |window| {
            Some(Window::of(window.end()))
        })
        .take_while(move |window| window.start() < closes_at)
    }

    /// Plays a window with these prices on the shelves and gives its events, in order. Windows
    /// come in order; of those before the doors open and after they close nothing is told. What
    /// fell into windows that were left out happens now.
    pub fn step(&mut self, window: Window, prices: &Prices) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(happening) = self.plan.next_before(window.end()) {
            self.happen(happening, prices, &mut events);
        }
        events
    }

    /// The last minute of the day: what cannot be sold tomorrow is thrown away.
    pub fn close(&mut self) -> Vec<Event> {
        self.plan = Plan::default();
        let cleared_from = self.hours.closes_at - CLEARING;
        let mut events = Vec::new();
        for item in 0..self.shop.items.len() {
            let left = self.on_shelf[item];
            if left.is_zero() || self.shop.items[item].item.shelf_life_days > 1 {
                continue;
            }
            // A millisecond for each keeps the last of any shop before the close.
            let at = cleared_from + TimeDelta::milliseconds(1 + item as i64);
            let mark = at.timestamp_millis() as u64;
            let line = Happening { at, item, mark, what: What::Mishap(left, Reason::Expired) };
            self.happen(line, &Prices::regular(), &mut events);
        }
        events
    }

    /// Plays the whole day, with the prices that `prices` says for each window.
    pub fn play(mut self, mut prices: impl FnMut(Window) -> Prices) -> (Vec<Event>, DayFigures) {
        let mut events = Vec::new();
        for window in self.windows() {
            events.extend(self.step(window, &prices(window)));
        }
        events.extend(self.close());
        (events, self.figures())
    }

    /// What lies on the shelf, in the item's unit; 0 of what the shop does not sell.
    #[must_use]
    pub fn on_shelf(&self, sku: &Sku) -> Decimal {
        self.place(sku).map(|item| self.on_shelf[item]).unwrap_or_default()
    }

    /// The figures of the day so far.
    #[must_use]
    pub fn figures(&self) -> DayFigures {
        self.figures.iter().copied().sum()
    }

    /// The figures of one item so far; all 0 of what the shop does not sell.
    #[must_use]
    pub fn figures_of(&self, sku: &Sku) -> DayFigures {
        self.place(sku).map(|item| self.figures[item]).unwrap_or_default()
    }

    fn place(&self, sku: &Sku) -> Option<usize> {
        self.shop.items.iter().position(|line| line.item.sku == *sku)
    }

    fn happen(&mut self, happening: Happening, prices: &Prices, events: &mut Vec<Event>) {
        let Happening { item, what, .. } = &happening;
        let line = &self.shop.items[*item];
        let (shelf, figures) = (&mut self.on_shelf[*item], &mut self.figures[*item]);
        let blank = blank(&happening, line);
        match what {
            What::Delivery(quantity) => {
                *shelf += quantity;
                figures.receive(&line.item, *quantity);
                let life = TimeDelta::days(i64::from(line.item.shelf_life_days) - 1);
                let expires_on = Some(self.hours.date + life);
                let entry = Entry { quantity: *quantity, expires_on, ..blank };
                events.push(self.tills.write(Kind::Receipt, entry));
            }
            What::Mishap(quantity, reason) if quantity <= shelf => {
                *shelf -= quantity;
                figures.waste(&line.item, *quantity);
                let entry = Entry { quantity: *quantity, reason: Some(*reason), ..blank };
                events.push(self.tills.write(Kind::Waste, entry));
            }
            What::Mishap(..) => {}
            What::Count => {
                let reason = Some(Reason::CycleCount);
                let entry = Entry { quantity: *shelf, reason, ..blank };
                events.push(self.tills.write(Kind::Count, entry));
            }
            What::Return(quantity, price, offer_id) => {
                *shelf += quantity;
                figures.take_back(&line.item, *quantity, *price);
                let price = Some(*price);
                let entry =
                    Entry { quantity: *quantity, price, offer_id: offer_id.as_ref(), ..blank };
                events.push(self.tills.write(Kind::Return, entry));
            }
            What::Customer(customer) => {
                let (price, offer_id) = prices.of(&line.item);
                if customer.buys_at(price) {
                    self.serve(&happening, customer, price, offer_id, events);
                }
            }
        }
    }

    /// Takes as much of what the customer wants as there is; a customer before an empty shelf
    /// leaves.
    fn serve(
        &mut self,
        happening: &Happening,
        customer: &Customer,
        price: Money,
        offer_id: Option<&OfferId>,
        events: &mut Vec<Event>,
    ) {
        let item = happening.item;
        let line = &self.shop.items[item];
        let quantity = customer.wants.min(self.on_shelf[item]);
        if quantity < line.basket.least() {
            self.figures[item].turned_away += 1;
            return;
        }
        self.on_shelf[item] -= quantity;
        self.figures[item].sell(&line.item, quantity, price);
        let sale = Entry { quantity, price: Some(price), offer_id, ..blank(happening, line) };
        if customer.rung_up_wrong {
            let mistake = Entry { quantity: quantity + Decimal::ONE, ..sale };
            let mistake = self.tills.write(Kind::Sale, mistake);
            let voids = Entry {
                reason: Some(Reason::IncorrectData),
                corrects: Some(mistake.event_id()),
                ..blank(happening, line)
            };
            let correction = self.tills.write(Kind::Correction, voids);
            events.extend([mistake, correction]);
        }
        events.push(self.tills.write(Kind::Sale, sale));
        if let Some(after) = customer.brings_back_after {
            let at = inside(customer.at + after);
            if at < self.hours.closes_at - CLEARING {
                let what = What::Return(Decimal::ONE, price, offer_id.cloned());
                self.plan.add(Happening { at, item, mark: happening.mark, what });
            }
        }
    }
}

/// An entry about the item of a happening, with nothing else in it yet.
fn blank<'a>(happening: &Happening, line: &'a ShopItem) -> Entry<'a> {
    Entry {
        at: happening.at,
        mark: happening.mark,
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
