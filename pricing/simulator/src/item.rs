//! What the simulated shop sells: a small bakery's counter.

/// Opens at 7:00, in minutes from midnight.
pub const OPENS: u16 = 420;
/// Closes at 18:30.
pub const CLOSES: u16 = 1_110;
/// Prices may change from 14:00, as the product's policy has it by default.
pub const AFTERNOON: u16 = 840;
/// Minutes between two decisions.
pub const INTERVAL: u16 = 15;
/// Quarters of an hour in an opening day.
pub const SLOTS: usize = ((CLOSES - OPENS) / INTERVAL) as usize;

/// One item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShopItem {
    /// What it is.
    pub name: &'static str,
    /// Regular price in cents.
    pub price: i64,
    /// What a piece costs, in cents.
    pub cost: i64,
    /// What a piece left at the close is worth, in cents; below 0 where it is collected at a cost.
    pub salvage: i64,
    /// Mean demand of a day at the regular price.
    pub units: f64,
    /// When it is bought.
    pub shape: Shape,
    /// Elasticity at the regular price, exponential form.
    pub elasticity: f64,
}

/// When in the day an item is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Morning and after work.
    Bread,
    /// Mostly at noon.
    Lunch,
    /// With the coffee of the afternoon.
    Cake,
}

impl Shape {
    /// Weights of the hours from 7:00 on; the last counts for the half hour that is open of it.
    const fn hours(self) -> [f64; 12] {
        match self {
            Self::Bread => [9.0, 10.0, 9.0, 8.0, 8.0, 7.0, 6.0, 7.0, 8.0, 10.0, 12.0, 5.0],
            Self::Lunch => [6.0, 8.0, 8.0, 7.0, 12.0, 16.0, 12.0, 8.0, 7.0, 7.0, 6.0, 2.0],
            Self::Cake => [1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 9.0, 14.0, 17.0, 14.0, 9.0, 3.0],
        }
    }

    /// The share of the day's demand in each quarter of an hour. Demand is even within an hour.
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

/// The counter: 15 to 40 pieces of an item a day at 1.20 to 4.90, costs of a third of the price,
/// elasticities around the mean that studies of single items find (1.8 to 3.3), as different by
/// item as these studies say that they are.
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
