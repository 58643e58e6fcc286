//! Belief of a shop about an item before the day: estimates from simulated past days, without any
//! knowledge of the true demand.

use demand::{DemandProfile, Elasticity, OfferScope, PastOffer, ProfileBasis, ProfileSlot};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::day::{FIRST_DECISION, SimulatedDay, item_of, varied};
use crate::draw::{Purpose, stream};
use crate::item::{CLOSES, INTERVAL, OPENS, ShopItem};
use crate::play::{Chooser, Moment, Played, SoldWindow, WINDOW, play};
use crate::world::{PAST_DAYS, ShopWorld};

/// Coefficient of variation between a new item and the sister item whose days stand in for it.
const SISTER_CV: f64 = 0.45;
/// Size of the Gamma prior of a past day's level: days that vary by 0.3.
const LEVEL_SIZE: f64 = 11.0;
/// Number of turns of estimating levels and the usual day.
const LEVEL_ROUNDS: u32 = 4;
/// Past days per past offer. Past offers start at 16:00 and are 20 to 50 % off.
const OFFER_EVERY: u64 = 3;
const OFFER_FROM: u16 = 960;
const OFFER_PERCENTS: std::ops::RangeInclusive<u8> = 2..=5;
/// Length of a profile slot.
const PROFILE_MINUTES: u16 = 30;
const WINDOWS_PER_SLOT: usize = (PROFILE_MINUTES / WINDOW) as usize;
/// Bounds of the estimated coefficient of variation of day totals.
const DAY_CV_RANGE: (f64, f64) = (0.1, 0.6);

/// Belief of a shop about an item.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopBelief {
    /// Usual day, if there is one.
    pub profile: Option<DemandProfile>,
    /// Price response.
    pub elasticity: Option<Elasticity>,
    /// Past offers.
    pub offers: Vec<PastOffer>,
}

impl ShopBelief {
    /// Returns the belief before day `number` of a world. The past days are drawn for this day
    /// only, so that days are independent of one another.
    #[must_use]
    pub fn before(world: &'static ShopWorld, seed: u64, number: u64) -> Self {
        Self::drawn(world, number, stream(seed, world.name, Purpose::Past, number))
    }

    /// Returns the belief before a day of training.
    #[must_use]
    pub fn before_training(world: &'static ShopWorld, seed: u64, number: u64) -> Self {
        Self::drawn(world, number, stream(seed, world.name, Purpose::TrainingPast, number))
    }

    fn drawn(world: &'static ShopWorld, number: u64, mut draw: ChaCha8Rng) -> Self {
        let item = item_of(world, number);
        let nothing = Self { profile: None, elasticity: None, offers: Vec::new() };
        match world.basis {
            ProfileBasis::None => nothing,
            ProfileBasis::Sku => Self::estimated(world, item, &mut draw),
            ProfileBasis::Category => {
                let units = item.units * varied(SISTER_CV, &mut draw);
                Self::estimated(world, ShopItem { units, ..item }, &mut draw)
            }
        }
    }

    fn estimated(world: &'static ShopWorld, item: ShopItem, draw: &mut ChaCha8Rng) -> Self {
        let days: Vec<PastDay> =
            (0..PAST_DAYS).map(|day| PastDay::of(world, item, day, draw)).collect();
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

/// Simulated past day.
struct PastDay {
    played: Played,
    discounts: Vec<u8>,
}

impl PastDay {
    fn of(world: &'static ShopWorld, item: ShopItem, number: u64, draw: &mut ChaCha8Rng) -> Self {
        let day = SimulatedDay::past(world, item, draw);
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

    /// Returns the result of the day's offer, with the expectation at the day's own level.
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

/// Returns the sales by half hour on a day of average level, from sales at the regular price before
/// the item sold out. Levels and the usual day are estimated in turns, because strong days sell out
/// and late half hours are seen on weak days only. The estimator is independent of the `demand`
/// crate, so that an error there would show in the figures.
fn slots(days: &[PastDay]) -> Vec<ProfileSlot> {
    let usual_of = |day: &PastDay| -> Vec<Option<f64>> {
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

/// Returns the variation of days beyond the chance of single customers, from their mornings.
fn day_cv(days: &[PastDay]) -> f64 {
    let mornings: Vec<f64> = days.iter().map(|day| day.morning() as f64).collect();
    let count = mornings.len() as f64;
    let mean = mornings.iter().sum::<f64>() / count;
    let square = |units: &f64| (units - mean) * (units - mean);
    let variance = mornings.iter().map(square).sum::<f64>() / (count - 1.0);
    let excess = (variance - mean).max(0.0).sqrt() / mean.max(1.0);
    excess.clamp(DAY_CV_RANGE.0, DAY_CV_RANGE.1)
}
