//! Price policies that are compared.

use demand::Learning;
use pricing::decide::{Method, decide_by};
use pricing::decision_request::DecisionRequest;

use crate::belief::ShopBelief;
use crate::clairvoyant::clairvoyant;
use crate::day::SimulatedDay;
use crate::fixed_rules::{FOUR_O_CLOCK, NONE, STEPPED, Tuned, fixed, sell_through};
use crate::item::COUNTER;
use crate::play::{Chooser, Moment};
use crate::prices::amount;
use crate::request::{certain, honest, informed};

/// Price policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PricePolicy {
    /// No discount.
    None,
    /// 30 % off at four o'clock.
    Fixed,
    /// Best single discount and time of the world, for all items.
    BestFixed,
    /// Best single discount and time for each item.
    BestFixedByItem,
    /// 20 % off at 15:00, 40 % at 16:30, 60 % at 17:30.
    Stepped,
    /// Best of several rules of two steps.
    BestStepped,
    /// One step deeper whenever sell-through is too far behind the usual day.
    SellThrough,
    /// Optimiser that takes mean beliefs for certain.
    CertaintyEquivalent,
    /// Decisions of the pricing.
    Ours,
    /// Optimiser with today's true means.
    FullInformation,
    /// Best path of prices with knowledge of every customer.
    Clairvoyant,
    /// Decisions of the pricing without one part of the algorithm.
    Without(MethodPart),
}

/// Part of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodPart {
    /// Estimation of today's level.
    Level,
    /// Estimation of the price response.
    Response,
    /// Average over an uncertain price response.
    Averaging,
    /// Lower weight of sales with more variance than Poisson.
    Tempering,
    /// Sales with more variance than Poisson in the solver.
    Dispersion,
}

/// Data that a policy may use on one day.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Day. Only policies with true knowledge use more of it than a shop would see.
    pub day: &'a SimulatedDay,
    /// Number of the day.
    pub number: u64,
    /// Belief of the shop.
    pub belief: &'a ShopBelief,
    /// Rules tuned for the world.
    pub tuned: &'a Tuned,
}

impl PricePolicy {
    /// All policies, from the simplest to the best informed.
    pub const ALL: [Self; 11] = [
        Self::None,
        Self::Fixed,
        Self::BestFixed,
        Self::BestFixedByItem,
        Self::Stepped,
        Self::BestStepped,
        Self::SellThrough,
        Self::CertaintyEquivalent,
        Self::Ours,
        Self::FullInformation,
        Self::Clairvoyant,
    ];

    /// Decisions of the pricing, each without another part.
    pub const ABLATIONS: [Self; 5] = [
        Self::Without(MethodPart::Level),
        Self::Without(MethodPart::Response),
        Self::Without(MethodPart::Averaging),
        Self::Without(MethodPart::Tempering),
        Self::Without(MethodPart::Dispersion),
    ];

    /// Returns all policies, including [`Self::ABLATIONS`].
    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(Self::ABLATIONS)
    }

    /// Returns the policy with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::every().find(|policy| policy.name() == name)
    }

    /// Returns the name on the command line and in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fixed => "fixed",
            Self::BestFixed => "best-fixed",
            Self::BestFixedByItem => "best-fixed-by-item",
            Self::Stepped => "stepped",
            Self::BestStepped => "best-stepped",
            Self::SellThrough => "sell-through",
            Self::CertaintyEquivalent => "certainty",
            Self::Ours => "ours",
            Self::FullInformation => "full-information",
            Self::Clairvoyant => "clairvoyant",
            Self::Without(MethodPart::Level) => "without-level",
            Self::Without(MethodPart::Response) => "without-response",
            Self::Without(MethodPart::Averaging) => "without-averaging",
            Self::Without(MethodPart::Tempering) => "without-tempering",
            Self::Without(MethodPart::Dispersion) => "without-dispersion",
        }
    }

    /// Returns a short description.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::None => "never a discount",
            Self::Fixed => "30 % off at 16:00",
            Self::BestFixed => "one discount at one time for all items, the best of the world",
            Self::BestFixedByItem => "one discount at one time for each item, its best",
            Self::Stepped => "20 % off at 15:00, 40 % at 16:30, 60 % at 17:30",
            Self::BestStepped => "the best rule of two steps of the world",
            Self::SellThrough => "a step deeper when sales are too far behind the usual day",
            Self::CertaintyEquivalent => "the optimiser, told that mean beliefs are certain",
            Self::Ours => "the product's decisions",
            Self::FullInformation => "the optimiser, told today's true means",
            Self::Clairvoyant => "knows every customer: the most that can be earned",
            Self::Without(MethodPart::Level) => "ours, taking today for a usual day",
            Self::Without(MethodPart::Response) => "ours, never learning the price response",
            Self::Without(MethodPart::Averaging) => "ours, with the mean price response only",
            Self::Without(MethodPart::Tempering) => "ours, trusting bursts of sales",
            Self::Without(MethodPart::Dispersion) => "ours, planning with Poisson sales",
        }
    }

    /// Returns the policy for one day.
    #[must_use]
    pub fn chooser<'a>(self, setting: &Setting<'a>) -> Chooser<'a> {
        let Setting { day, number, belief, tuned } = *setting;
        match self {
            Self::None => fixed(NONE),
            Self::Fixed => fixed(FOUR_O_CLOCK),
            Self::BestFixed => fixed(&tuned.fixed),
            Self::BestFixedByItem => {
                fixed(&tuned.fixed_by_item[(number % COUNTER.len() as u64) as usize])
            }
            Self::Stepped => fixed(STEPPED),
            Self::BestStepped => fixed(&tuned.stepped),
            Self::SellThrough => sell_through(belief, tuned.patience),
            Self::CertaintyEquivalent => {
                decided(Method::default(), |moment| certain(day, belief, moment))
            }
            Self::Ours => decided(Method::default(), |moment| honest(day, belief, moment)),
            Self::Without(part) => decided(part.missing(), |moment| honest(day, belief, moment)),
            Self::FullInformation => decided(Method::default(), |moment| informed(day, moment)),
            Self::Clairvoyant => clairvoyant(day),
        }
    }
}

impl MethodPart {
    /// Returns the method without this part.
    #[must_use]
    pub fn missing(self) -> Method {
        let (whole, all) = (Method::default(), Learning::default());
        let without = |learning| Method { learning, ..whole };
        match self {
            Self::Level => without(Learning { level: false, ..all }),
            Self::Response => without(Learning { response: false, ..all }),
            Self::Averaging => without(Learning { average_response: false, ..all }),
            Self::Tempering => without(Learning { temper: false, ..all }),
            Self::Dispersion => Method { slot_size: None, ..whole },
        }
    }
}

/// Returns the choices of the pricing. A decision whose price is not that of its step becomes an
/// unknown step, which the checker reports.
fn decided<'a>(
    method: Method,
    situation: impl Fn(&Moment<'_>) -> DecisionRequest + 'a,
) -> Chooser<'a> {
    Box::new(move |moment: &Moment<'_>| {
        let decision = decide_by(&situation(moment), &method);
        let decided = (decision.discount_percent, decision.price);
        let mut steps = moment.steps.iter();
        let step = steps.position(|step| (step.percent, amount(step.price)) == decided);
        step.unwrap_or(usize::MAX)
    })
}
