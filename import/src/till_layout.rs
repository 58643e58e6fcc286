//! Layouts of the exports of known tills, as mapping files.

use clap::ValueEnum;

/// Export of a known till. docs/till-files.md names the source of each.
///
/// ```
/// use import::TillLayout;
///
/// assert!(TillLayout::Square.mapping_file().contains("amount = \"Gross Sales\""));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TillLayout {
    /// Items detail of Square
    Square,
    /// Orders of Shopify
    Shopify,
    /// Receipts by item of Loyverse
    Loyverse,
    /// Sales history of Lightspeed Retail, X-Series
    Lightspeed,
    /// Orders of Odoo's point of sale
    Odoo,
}

impl TillLayout {
    /// Returns the text of the mapping file.
    #[must_use]
    pub fn mapping_file(self) -> &'static str {
        match self {
            Self::Square => include_str!("../layouts/square.toml"),
            Self::Shopify => include_str!("../layouts/shopify.toml"),
            Self::Loyverse => include_str!("../layouts/loyverse.toml"),
            Self::Lightspeed => include_str!("../layouts/lightspeed.toml"),
            Self::Odoo => include_str!("../layouts/odoo.toml"),
        }
    }
}
