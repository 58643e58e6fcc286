//! What the shop knows of an item before the day begins: what it learnt from past days, with all
//! their chance in it, and nothing of the truth.

use demand::{DemandProfile, Elasticity, OfferScope, PastOffer, ProfileBasis, ProfileSlot};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::day::{FIRST_DECISION, ShopDay, item_of, varied};
use crate::draw::{Purpose, stream};
use crate::item::{CLOSES, INTERVAL, OPENS, ShopItem};
use crate::play::{Chooser, Moment, Played, SoldWindow, WINDOW, play};
use crate::world::{PAST_DAYS, ShopWorld};

/// Sister items sell more or less than the new one by this much.
const SISTER_CV: f64 = 0.45;
/// How firmly a past day is taken for an average one: days that vary by 0.3.
const LEVEL_SIZE: f64 = 11.0;
/// Turns of estimating levels and the usual day.
const LEVEL_ROUNDS: u32 = 4;
/// On every third past day there was an offer from 16:00 on, 20 to 50 % off.
const OFFER_EVERY: u64 = 3;
const OFFER_FROM: u16 = 960;
const OFFER_PERCENTS: std::ops::RangeInclusive<u8> = 2..=5;
/// Profiles are averaged by half hours.
const PROFILE_MINUTES: u16 = 30;
const WINDOWS_PER_SLOT: usize = (PROFILE_MINUTES / WINDOW) as usize;
/// How much the day's total is taken to vary, at least and at most, whatever four weeks say.
const DAY_CV_RANGE: (f64, f64) = (0.1, 0.6);

/// What the shop believes.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopBelief {
    /// The usual day, if there is one.
    pub profile: Option<DemandProfile>,
    /// The price response.
    pub elasticity: Option<Elasticity>,
    /// Offers made before.
    pub offers: Vec<PastOffer>,
}

impl ShopBelief {
    /// Before day `number` of a world, from past days of its item that are drawn for it alone, so
    /// that days are independent of one another.
    #[must_use]
    pub fn before(world: &'static ShopWorld, seed: u64, number: u64) -> Self {
        Self::drawn(world, number, stream(seed, world.name, Purpose::Past, number))
    }

    /// Before a day of training.
    #[must_use]
    pub fn before_training(world: &'static ShopWorld, seed: u64, number: u64) -> Self {
        Self::drawn(world, number, stream(seed, world.name, Purpose::TrainingPast, number))
    }

    fn drawn(world: &'static ShopWorld, number: u64, mut draw: ChaCha8Rng) -> Self {
        let item = item_of(world, number);
        let nothing = Self { profile: None, elasticity: None, offers: Vec::new() };
        match world.basis {
            ProfileBasis::None => nothing,
            ProfileBasis::Sku => Self::learnt(world, item, &mut draw),
            ProfileBasis::Category => {
                let units = item.units * varied(SISTER_CV, &mut draw);
                Self::learnt(world, ShopItem { units, ..item }, &mut draw)
            }
        }
    }

    fn learnt(world: &'static ShopWorld, item: ShopItem, draw: &mut ChaCha8Rng) -> Self {
        let days: Vec<Past> = (0..PAST_DAYS).map(|day| Past::of(world, item, day, draw)).collect();
        let profile = DemandProfile {
            basis: world.basis,
            days: PAST_DAYS as f64,
            day_cv: day_cv(&days),
            slots: slots(&days),
        };
        let scope =
            if world.basis == ProfileBasis::Sku { OfferScope::Sku } else { OfferScope::Category };
        let offers = days.iter().filter_map(|day| day.offer(&profile, scope)).collect();
        Self { profile: Some(profile), elasticity: Some(Elasticity::default()), offers }
    }
}

/// A past day.
struct Past {
    played: Played,
    discounts: Vec<u8>,
}

impl Past {
    fn of(world: &'static ShopWorld, item: ShopItem, number: u64, draw: &mut ChaCha8Rng) -> Self {
        let day = ShopDay::past(world, item, draw);
        let percent = draw.random_range(OFFER_PERCENTS) * 10;
        let is_offer = world.past_offers && number.is_multiple_of(OFFER_EVERY);
        let mut rule = Box::new(move |moment: &Moment<'_>| {
            let now = is_offer && moment.minute == OFFER_FROM;
            moment.up_to(if now { percent } else { 0 })
        }) as Chooser<'_>;
        let played = play(&day, &mut rule);
        drop(rule);
        Self { played, discounts: day.steps.iter().map(|step| step.percent).collect() }
    }

    fn morning(&self) -> u64 {
        let windows = FIRST_DECISION * usize::from(INTERVAL / WINDOW);
        self.played.windows[..windows].iter().map(|window| window.units).sum()
    }

    /// What came of the day's offer, against what the day's own level let expect without it.
    fn offer(&self, profile: &DemandProfile, scope: OfferScope) -> Option<PastOffer> {
        let first = usize::from((OFFER_FROM - OPENS) / WINDOW);
        let (before, during) = self.played.windows.split_at(first);
        let discount = self.discounts[during.first()?.step];
        if discount == 0 || before.last()?.sold_out {
            return None;
        }
        let usual = |from: u16, to: u16| {
            let slots = profile.slots.iter().filter(|slot| slot.start >= from && slot.end <= to);
            slots.map(|slot| slot.units).sum::<f64>()
        };
        let weight = 1.0 / profile.day_cv.powi(2);
        let sold_before = units(before) as f64;
        let level = (weight + sold_before) / (weight + usual(OPENS, OFFER_FROM));
        Some(PastOffer {
            discount_percent: f64::from(discount),
            expected_units: level * usual(OFFER_FROM, CLOSES),
            units: units(during),
            sold_out: self.played.left == 0,
            scope,
        })
    }
}

fn units(windows: &[SoldWindow]) -> u64 {
    windows.iter().map(|window| window.units).sum()
}

/// Sales by half hour on a day of average level, from what was sold at the regular price before it
/// was sold out. Levels of days and the usual day are estimated in turns, as the product's history
/// does it: strong days sell out, so that late half hours are seen on weak days only.
fn slots(days: &[Past]) -> Vec<ProfileSlot> {
    let usual_of = |day: &Past| -> Vec<Option<f64>> {
        let slots = day.played.windows.chunks(WINDOWS_PER_SLOT);
        let usual = |window: &SoldWindow| window.step == 0 && !window.sold_out;
        let sold = |slot: &[SoldWindow]| slot.iter().all(usual).then(|| units(slot) as f64);
        slots.map(sold).collect()
    };
    let days: Vec<Vec<Option<f64>>> = days.iter().map(usual_of).collect();
    let mut levels = vec![1.0; days.len()];
    let mut means = Vec::new();
    for _ in 0..LEVEL_ROUNDS {
        let mean = |slot: usize| {
            let seen =
                days.iter().zip(&levels).filter_map(|(day, level)| Some((day[slot]?, level)));
            let (sold, weight) = seen
                .fold((0.0, 0.0), |(sold, weight), (units, level)| (sold + units, weight + level));
            if weight > 0.0 { sold / weight } else { 0.0 }
        };
        means = (0..days[0].len()).map(mean).collect::<Vec<f64>>();
        for (level, day) in levels.iter_mut().zip(&days) {
            let seen = day.iter().zip(&means).filter_map(|(units, mean)| Some(((*units)?, mean)));
            let (sold, expected) = seen.fold((0.0, 0.0), |(sold, expected), (units, mean)| {
                (sold + units, expected + mean)
            });
            *level = (LEVEL_SIZE + sold) / (LEVEL_SIZE + expected);
        }
        let average = levels.iter().sum::<f64>() / levels.len() as f64;
        levels.iter_mut().for_each(|level| *level /= average);
    }
    let starts = (OPENS..CLOSES).step_by(usize::from(PROFILE_MINUTES));
    let slot = |(start, units)| ProfileSlot { start, end: start + PROFILE_MINUTES, units };
    starts.zip(means).map(slot).collect()
}

/// How days differ beyond the chance of single customers, from their mornings.
fn day_cv(days: &[Past]) -> f64 {
    let mornings: Vec<f64> = days.iter().map(|day| day.morning() as f64).collect();
    let count = mornings.len() as f64;
    let mean = mornings.iter().sum::<f64>() / count;
    let square = |units: &f64| (units - mean) * (units - mean);
    let variance = mornings.iter().map(square).sum::<f64>() / (count - 1.0);
    let excess = (variance - mean).max(0.0).sqrt() / mean.max(1.0);
    excess.clamp(DAY_CV_RANGE.0, DAY_CV_RANGE.1)
}
