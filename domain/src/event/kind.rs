//! Kinds of events, units, reasons, and the fields of each kind.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::charge::Charge;
use crate::identifier::EventId;
use crate::word_enum::word_enum;

/// Kind of an event.
///
/// Segments store the position of the variant: add new variants at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Sale to a customer.
    Sale,
    /// Return by a customer; the goods are for sale again.
    Return,
    /// Delivery, or production in the store.
    Receipt,
    /// Waste, donation or loss.
    Waste,
    /// Count of the stock: an absolute quantity.
    Count,
    /// Transfer from another store.
    TransferIn,
    /// Transfer to another store.
    TransferOut,
    /// Correction that voids another event.
    Correction,
}

/// Unit of a quantity. Source of the codes: UN/ECE Recommendation 20.
///
/// Rows and segments store the position of the variant: add new variants at the end.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
pub enum Unit {
    /// Pieces.
    #[strum(serialize = "EA")]
    Each,
    /// Kilograms.
    #[strum(serialize = "KGM")]
    Kilogram,
    /// Litres.
    #[strum(serialize = "LTR")]
    Litre,
}

/// Reason for a waste, a count or a correction. Source of the words: GS1 Core Business Vocabulary
/// and large point-of-sale systems.
///
/// Rows and segments store the position of the variant: add new variants at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// Waste: damaged.
    Damaged,
    /// Waste: past its date.
    Expired,
    /// Waste: spoilt before its date.
    Spoilage,
    /// Waste: stolen.
    Theft,
    /// Waste: not found.
    Lost,
    /// Waste: given to a charity.
    Donation,
    /// Waste: tasted by customers.
    Sample,
    /// Waste: used by the store itself.
    InternalUse,
    /// Waste: spoilt in baking or preparing.
    ProductionWaste,
    /// Waste: sent back to the supplier.
    VendorReturn,
    /// Waste: recalled.
    Recall,
    /// Count: the regular count.
    CycleCount,
    /// Count: second count after a doubtful one.
    Recount,
    /// Correction: the event did not happen.
    DidNotOccur,
    /// Correction: the event was different; the right event follows with its own id.
    IncorrectData,
}

word_enum!(Kind, Unit, Reason);

impl Reason {
    /// Returns the reasons allowed for events of `kind`.
    pub fn of(kind: Kind) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |reason| reason.kind() == kind)
    }

    /// Returns the kind of the events that may have the reason.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::CycleCount | Self::Recount => Kind::Count,
            Self::DidNotOccur | Self::IncorrectData => Kind::Correction,
            _ => Kind::Waste,
        }
    }
}

/// Kind of an event with the fields of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sale to a customer.
    Sale(Charge),
    /// Return by a customer.
    Return(Charge),
    /// Delivery, or production in the store.
    Receipt,
    /// Waste, donation or loss.
    Waste(Option<Reason>),
    /// Count of the stock.
    Count(Option<Reason>),
    /// Transfer from another store.
    TransferIn,
    /// Transfer to another store.
    TransferOut,
    /// Correction that voids the named event of the same store, item and instant.
    Correction(EventId, Option<Reason>),
}

impl Action {
    /// Returns the kind.
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

    /// Returns the money of a sale or return.
    #[must_use]
    pub fn charge(&self) -> Option<&Charge> {
        match self {
            Self::Sale(charge) | Self::Return(charge) => Some(charge),
            _ => None,
        }
    }

    /// Returns the reason, if the event has one.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Waste(reason) | Self::Count(reason) | Self::Correction(_, reason) => *reason,
            _ => None,
        }
    }

    /// Returns the event that a correction voids.
    #[must_use]
    pub fn corrects(&self) -> Option<&EventId> {
        match self {
            Self::Correction(event_id, _) => Some(event_id),
            _ => None,
        }
    }
}
