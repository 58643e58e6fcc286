//! Items of the simulated shop: the counter of a small bakery.

/// Opening in minutes from midnight: 7:00.
pub const OPENS: u16 = 420;
/// Close in minutes from midnight: 18:30.
pub const CLOSES: u16 = 1_110;
/// First minute at which prices may change: 14:00, the default of the policy.
pub const AFTERNOON: u16 = 840;
/// Minutes between two decisions: one slot.
pub const INTERVAL: u16 = 15;
/// Number of slots between opening and close.
pub const SLOTS: usize = ((CLOSES - OPENS) / INTERVAL) as usize;

/// Item of the counter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShopItem {
    /// Name.
    pub name: &'static str,
    /// Regular price in cents.
    pub price: i64,
    /// Cost of a unit in cents.
    pub cost: i64,
    /// Value of a unit left at the close in cents; negative if its collection costs money.
    pub salvage: i64,
    /// Mean daily demand at the regular price.
    pub units: f64,
    /// Shape of demand over the day.
    pub shape: Shape,
    /// Elasticity at the regular price, exponential form.
    pub elasticity: f64,
}

/// Shape of demand over the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Peaks in the morning and after work.
    Bread,
    /// Peak at noon.
    Lunch,
    /// Peak in the afternoon.
    Cake,
}

impl Shape {
    /// Returns the weights of the hours from 7:00. The last one is that of the half hour before the
    /// close.
    const fn hours(self) -> [f64; 12] {
        match self {
            Self::Bread => [9.0, 10.0, 9.0, 8.0, 8.0, 7.0, 6.0, 7.0, 8.0, 10.0, 12.0, 5.0],
            Self::Lunch => [6.0, 8.0, 8.0, 7.0, 12.0, 16.0, 12.0, 8.0, 7.0, 7.0, 6.0, 2.0],
            Self::Cake => [1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 9.0, 14.0, 17.0, 14.0, 9.0, 3.0],
        }
    }

    /// Returns the share of the day's demand in each slot. Demand is even within an hour.
    #[must_use]
    pub fn shares(self) -> [f64; SLOTS] {
        let hours = self.hours();
        let whole: f64 = hours.iter().sum();
        std::array::from_fn(|slot| {
            let hour = slot / 4;
            let quarters = if hour == hours.len() - 1 { 2.0 } else { 4.0 };
            hours[hour] / whole / quarters
        })
    }
}

/// Items of the counter: 15 to 40 units a day at 1.20 to 4.90, at costs of a third of the price.
/// The elasticities vary around the mean of studies of single items (1.8 to 3.3) by as much as in
/// these studies.
pub const COUNTER: [ShopItem; 8] = [
    item("pretzel", 120, 35, 0, 40.0, Shape::Bread, 1.8),
    item("croissant", 160, 50, 0, 32.0, Shape::Bread, 2.2),
    item("baguette", 240, 75, 0, 26.0, Shape::Bread, 2.0),
    item("country loaf", 420, 135, -5, 18.0, Shape::Bread, 1.5),
    item("sandwich", 390, 160, -10, 22.0, Shape::Lunch, 2.5),
    item("salad bowl", 490, 220, -10, 15.0, Shape::Lunch, 2.7),
    item("cheesecake", 280, 95, 0, 20.0, Shape::Cake, 2.3),
    item("fruit tart", 320, 120, 0, 16.0, Shape::Cake, 3.0),
];

const fn item(
    name: &'static str,
    price: i64,
    cost: i64,
    salvage: i64,
    units: f64,
    shape: Shape,
    elasticity: f64,
) -> ShopItem {
    ShopItem { name, price, cost, salvage, units, shape, elasticity }
}
