//! The kinds of events and what each carries.

use crate::id::EventId;
use crate::money::Money;
use crate::words::words;

words! {
    /// What kind of thing happened.
    Kind {
        /// Sold to a customer.
        Sale = "sale",
        /// Brought back by a customer and for sale again.
        Return = "return",
        /// Delivered or baked.
        Receipt = "receipt",
        /// Thrown away, given away, lost.
        Waste = "waste",
        /// Counted on the shelf: an absolute number.
        Count = "count",
        /// Arrived from another store.
        TransferIn = "transfer_in",
        /// Sent to another store.
        TransferOut = "transfer_out",
        /// Voids another event.
        Correction = "correction",
    }
}

words! {
    /// The unit of a quantity. Source: UN/ECE Recommendation 20.
    Unit {
        /// Pieces.
        Each = "EA",
        /// Kilograms.
        Kilogram = "KGM",
        /// Litres.
        Litre = "LTR",
    }
}

words! {
    /// Why something was wasted, counted or corrected. The words are those of the GS1 Core
    /// Business Vocabulary and of the large point-of-sale systems.
    Reason {
        /// Waste: damaged.
        Damaged = "damaged",
        /// Waste: past its date.
        Expired = "expired",
        /// Waste: spoilt before its date.
        Spoilage = "spoilage",
        /// Waste: stolen.
        Theft = "theft",
        /// Waste: not to be found.
        Lost = "lost",
        /// Waste: given to a charity.
        Donation = "donation",
        /// Waste: tasted by customers.
        Sample = "sample",
        /// Waste: used by the store itself.
        InternalUse = "internal_use",
        /// Waste: spoilt in baking or preparing.
        ProductionWaste = "production_waste",
        /// Waste: sent back to the supplier.
        VendorReturn = "vendor_return",
        /// Waste: recalled.
        Recall = "recall",
        /// Count: the regular count.
        CycleCount = "cycle_count",
        /// Count: counted again after a doubt.
        Recount = "recount",
        /// Correction: it never happened.
        DidNotOccur = "did_not_occur",
        /// Correction: it happened otherwise; the right event follows under its own id.
        IncorrectData = "incorrect_data",
    }
}

impl Reason {
    /// The reasons that may stand with events of `kind`.
    pub fn of(kind: Kind) -> impl Iterator<Item = Self> {
        let belongs = move |reason: &Self| match reason {
            Self::CycleCount | Self::Recount => kind == Kind::Count,
            Self::DidNotOccur | Self::IncorrectData => kind == Kind::Correction,
            _ => kind == Kind::Waste,
        };
        Self::ALL.iter().copied().filter(belongs)
    }
}

/// What happened, with what only that kind carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sold, at this price for one unit.
    Sale(Money),
    /// Brought back, at this price for one unit.
    Return(Money),
    /// Delivered or baked.
    Receipt,
    /// Thrown away, given away, lost.
    Waste(Option<Reason>),
    /// Counted.
    Count(Option<Reason>),
    /// Arrived from another store.
    TransferIn,
    /// Sent to another store.
    TransferOut,
    /// Voids the named event of the same store, item and instant.
    Correction(EventId, Option<Reason>),
}

impl Action {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Sale(_) => Kind::Sale,
            Self::Return(_) => Kind::Return,
            Self::Receipt => Kind::Receipt,
            Self::Waste(_) => Kind::Waste,
            Self::Count(_) => Kind::Count,
            Self::TransferIn => Kind::TransferIn,
            Self::TransferOut => Kind::TransferOut,
            Self::Correction(..) => Kind::Correction,
        }
    }

    /// The price of one unit, for sales and returns.
    #[must_use]
    pub fn unit_price(&self) -> Option<Money> {
        match self {
            Self::Sale(price) | Self::Return(price) => Some(*price),
            _ => None,
        }
    }

    /// The reason, if one was given.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Waste(reason) | Self::Count(reason) | Self::Correction(_, reason) => *reason,
            _ => None,
        }
    }

    /// The event that a correction voids.
    #[must_use]
    pub fn corrects(&self) -> Option<&EventId> {
        match self {
            Self::Correction(event_id, _) => Some(event_id),
            _ => None,
        }
    }
}
