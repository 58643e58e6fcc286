//! Shop day of one item: the stock at opening, and the customers.
//!
//! Customers are drawn at the rate of the deepest price. Each has a reach, and buys at price `p` if
//! and only if the reach is below the response of demand `g(p)`. The buyers at any price are then a
//! Poisson process with the right rate, and a buyer at one price also buys at a lower one. No draw
//! depends on a policy: all policies meet the same customers.

use demand::ResponseForm;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, Gamma};

use crate::draw::{Purpose, stream};
use crate::item::{AFTERNOON, CLOSES, COUNTER, INTERVAL, OPENS, SLOTS, ShopItem};
use crate::prices::{PricedStep, usable};
use crate::world::{BAKED_CV, DAY_CV, ShopWorld};

/// Coefficient of variation between half hours in a world of bursts.
const BURST_CV: f64 = 0.6;
/// Shares of customers who want one, two, three or four units in a world of bursts.
const BASKETS: [f64; 4] = [0.55, 0.25, 0.12, 0.08];
/// First minute from which customers wait for a discount.
const WAITING_FROM: u16 = 720;
/// Minute at which the weather turns: 13:00.
const TURNS_AT: u16 = 780;
/// Smallest discount that a waiting customer accepts.
pub(crate) const WAITS_FOR_PERCENT: u8 = 20;
/// Elasticity of the constant form over that of the exponential form with the same demand at half
/// the price.
const CONSTANT_OVER_EXPONENTIAL: f64 = 1.6 / 2.2;
const MINUTE: u32 = 60_000;

/// True demand of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Mean demand at the regular price, by slot.
    pub mean: [f64; SLOTS],
    /// Elasticity.
    pub elasticity: f64,
    /// Form of the demand curve.
    pub form: ResponseForm,
}

impl Truth {
    /// Returns demand at `price` as a multiple of demand at `regular`.
    #[must_use]
    pub fn response(&self, price: i64, regular: i64) -> f64 {
        let share = price as f64 / regular as f64;
        match self.form {
            ResponseForm::Constant => share.powf(-self.elasticity),
            ResponseForm::Exponential => (self.elasticity * (1.0 - share)).exp(),
        }
    }
}

/// Customer who buys at the deepest price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shopper {
    /// Time of arrival, in milliseconds from midnight.
    pub at: u32,
    /// Time of return if there is no discount, for customers who wait for one.
    pub returns_at: Option<u32>,
    /// Units wanted.
    pub wants: u64,
    /// Smallest response of demand at which the customer buys.
    pub reach: f64,
}

/// Day of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedDay {
    /// World of the day.
    pub world: &'static ShopWorld,
    /// Item.
    pub item: ShopItem,
    /// Usable steps of the item.
    pub steps: Vec<PricedStep>,
    /// True response of demand at each step.
    pub responses: Vec<f64>,
    /// Units on the shelf at opening.
    pub baked: u64,
    /// True demand.
    pub truth: Truth,
    /// Customers by time of arrival.
    pub customers: Vec<Shopper>,
}

impl SimulatedDay {
    /// Returns day `number` of a world. The items of the counter take turns.
    #[must_use]
    pub fn played(world: &'static ShopWorld, seed: u64, number: u64) -> Self {
        Self::drawn(world, seed, Purpose::Played, number)
    }

    /// Returns day `number` of training: the same kind of day, with other draws.
    #[must_use]
    pub fn training(world: &'static ShopWorld, seed: u64, number: u64) -> Self {
        Self::drawn(world, seed, Purpose::Training, number)
    }

    fn drawn(world: &'static ShopWorld, seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut draw = stream(seed, world.name, purpose, number);
        let item = item_of(world, number);
        let twist = Twist {
            level: one_of(world.level, &mut draw),
            turn: one_of(world.turn, &mut draw),
            shift: one_of(world.shift, &mut draw),
        };
        Self::of(world, item, twist, &mut draw)
    }

    /// Returns a past day of an item: in the same world, but without the twist of today.
    pub(crate) fn past(world: &'static ShopWorld, item: ShopItem, draw: &mut ChaCha8Rng) -> Self {
        Self::of(world, item, Twist { level: 1.0, turn: 1.0, shift: 0 }, draw)
    }

    fn of(world: &'static ShopWorld, item: ShopItem, twist: Twist, draw: &mut ChaCha8Rng) -> Self {
        let baked = (item.units * world.baked * varied(BAKED_CV, draw)).round().max(1.0) as u64;
        let own = world.elasticity.unwrap_or(item.elasticity);
        let elasticity = match world.form {
            ResponseForm::Constant => own * CONSTANT_OVER_EXPONENTIAL,
            ResponseForm::Exponential => own,
        };
        let units = item.units * twist.level * varied(DAY_CV, draw);
        let mean = twist.shape(&item).map(|share| share * units);
        let truth = Truth { mean, elasticity, form: world.form };
        let steps = usable(&item, &world.rules.rules());
        let responses: Vec<f64> =
            steps.iter().map(|step| truth.response(step.price, item.price)).collect();
        let widest = responses.iter().copied().fold(1.0, f64::max);
        let customers = customers(world, &truth, widest, draw);
        Self { world, item, steps, responses, baked, truth, customers }
    }
}

/// Returns the item whose turn it is.
pub(crate) fn item_of(world: &ShopWorld, number: u64) -> ShopItem {
    let item = COUNTER[(number % COUNTER.len() as u64) as usize];
    ShopItem { units: item.units * world.size, ..item }
}

/// Difference of a day from the past days of its world.
struct Twist {
    level: f64,
    turn: f64,
    shift: i32,
}

impl Twist {
    /// Returns today's demand by slot, as a share of the usual day.
    fn shape(&self, item: &ShopItem) -> [f64; SLOTS] {
        let usual = item.shape.shares();
        let slots = self.shift / i32::from(INTERVAL);
        std::array::from_fn(|slot| {
            // Customers before the opening come at the opening; those after the close do not come.
            let from = (slot as i32 - slots).clamp(0, SLOTS as i32 - 1) as usize;
            let minute = OPENS + slot as u16 * INTERVAL;
            usual[from] * if minute >= TURNS_AT { self.turn } else { 1.0 }
        })
    }
}

fn one_of<T: Copy>(choices: &[T], draw: &mut ChaCha8Rng) -> T {
    choices[draw.random_range(0..choices.len())]
}

/// Draws a factor with mean 1 and this coefficient of variation.
pub(crate) fn varied(cv: f64, draw: &mut ChaCha8Rng) -> f64 {
    let shape = 1.0 / (cv * cv);
    Gamma::new(shape, 1.0 / shape).expect("a positive shape").sample(draw)
}

fn customers(world: &ShopWorld, truth: &Truth, widest: f64, draw: &mut ChaCha8Rng) -> Vec<Shopper> {
    let wants = |draw: &mut ChaCha8Rng| if world.bursts { basket(draw) } else { 1 };
    let basket_mean = if world.bursts { basket_mean() } else { 1.0 };
    let mut customers = Vec::new();
    let mut busy = 1.0;
    for (slot, mean) in truth.mean.iter().enumerate() {
        if world.bursts && slot % 2 == 0 {
            busy = varied(BURST_CV, draw);
        }
        let expected = mean * widest * busy / basket_mean;
        let starts = (u32::from(OPENS) + slot as u32 * u32::from(INTERVAL)) * MINUTE;
        let lasts = u32::from(INTERVAL) * MINUTE;
        let mut passed: f64 = Exp1.sample(draw);
        while passed < expected {
            let at = starts + (passed / expected * f64::from(lasts)) as u32;
            let reach = draw.random::<f64>() * widest;
            let returns_at = returns_at(world, at, draw);
            customers.push(Shopper { at, returns_at, wants: wants(draw), reach });
            let gap: f64 = Exp1.sample(draw);
            passed += gap;
        }
    }
    customers
}

/// Draws the return of a customer who waits for a discount: any time until the close.
fn returns_at(world: &ShopWorld, at: u32, draw: &mut ChaCha8Rng) -> Option<u32> {
    let afternoon = at >= u32::from(WAITING_FROM) * MINUTE;
    let waits = world.waiting > 0.0 && draw.random::<f64>() < world.waiting;
    (waits && afternoon).then(|| draw.random_range(at..u32::from(CLOSES) * MINUTE))
}

fn basket(draw: &mut ChaCha8Rng) -> u64 {
    let mut left = draw.random::<f64>();
    for (share, pieces) in BASKETS.iter().zip(1..) {
        left -= share;
        if left < 0.0 {
            return pieces;
        }
    }
    BASKETS.len() as u64
}

fn basket_mean() -> f64 {
    BASKETS.iter().zip(1_u32..).map(|(share, pieces)| share * f64::from(pieces)).sum()
}

/// Number of the first slot with a decision.
pub(crate) const FIRST_DECISION: usize = ((AFTERNOON - OPENS) / INTERVAL) as usize;

/// Returns the start of a slot, in minutes from midnight.
pub(crate) fn minute_of(slot: usize) -> u16 {
    OPENS + slot as u16 * INTERVAL
}
