//! The policies that are compared.

use demand::Learning;
use pricing::decide::{Method, decide_by};
use pricing::decision_request::DecisionRequest;

use crate::belief::ShopBelief;
use crate::clairvoyant::clairvoyant;
use crate::day::ShopDay;
use crate::fixed_rules::{FOUR_O_CLOCK, NONE, STEPPED, Tuned, fixed, sell_through};
use crate::item::COUNTER;
use crate::play::{Chooser, Moment};
use crate::prices::amount;
use crate::request::{certain, honest, informed};

/// A policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PricePolicy {
    /// Never a discount.
    None,
    /// 30 % off at four o'clock.
    Fixed,
    /// The best single discount and time of the world.
    BestFixed,
    /// The same for each item.
    BestFixedByItem,
    /// 20 % off at 15:00, 40 % at 16:30, 60 % at 17:30.
    Stepped,
    /// The best of a few rules of two steps.
    BestStepped,
    /// A step deeper whenever sell-through is too far behind the usual day.
    SellThrough,
    /// The optimiser, told that the mean of what is believed is certain.
    CertaintyEquivalent,
    /// The product's own decisions.
    Ours,
    /// The optimiser, told today's true means.
    FullInformation,
    /// Knows every customer.
    Clairvoyant,
    /// The product's decisions without one part of the algorithm.
    Without(MethodPart),
}

/// A part of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodPart {
    /// Learning today's level.
    Level,
    /// Learning the price response.
    Response,
    /// Averaging over what the price response may be.
    Averaging,
    /// Trusting sales less where they vary more.
    Tempering,
    /// Sales that vary more than Poisson's in the programme.
    Dispersion,
}

/// All that a policy may use on one day.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The day; only policies that know the truth look at more of it than a shop would see.
    pub day: &'a ShopDay,
    /// Its number.
    pub number: u64,
    /// What the shop believes.
    pub belief: &'a ShopBelief,
    /// PriceRules tuned for the world.
    pub tuned: &'a Tuned,
}

impl PricePolicy {
    /// All policies, from the simplest to the one that knows most.
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

    /// The product's decisions, each time without another part.
    pub const ABLATIONS: [Self; 5] = [
        Self::Without(MethodPart::Level),
        Self::Without(MethodPart::Response),
        Self::Without(MethodPart::Averaging),
        Self::Without(MethodPart::Tempering),
        Self::Without(MethodPart::Dispersion),
    ];

    /// Every policy there is.
    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(Self::ABLATIONS)
    }

    /// The policy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::every().find(|policy| policy.name() == name)
    }

    /// Its name on the command line and in tables.
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

    /// What it does, in a few words.
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

    /// How it decides on a day.
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
    /// The method without this part.
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

/// Asks the product. A price that is not that of its step is no step, which the checker tells.
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
