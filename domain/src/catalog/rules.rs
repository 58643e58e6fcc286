//! Rules of one item: those of its entry, then of its category, then of the policy.

use chrono::NaiveTime;
use rust_decimal::Decimal;

use super::{CategoryRules, Item, Ladder, Policy};

/// Rules of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRules<'a> {
    /// `true` if the item never gets a discount.
    pub is_excluded: bool,
    /// Earliest time of a change by the store's clock, if later than the start of the afternoon.
    pub earliest: Option<NaiveTime>,
    /// Latest time of a change, inclusive.
    pub latest: Option<NaiveTime>,
    /// `true` if `latest` is from the category.
    pub is_latest_of_category: bool,
    /// Allowed discounts.
    pub ladder: &'a Ladder,
    /// Deepest discount, in percent.
    pub max_discount_percent: u8,
    /// Lowest price: the highest of all floors.
    pub min_price: Option<Decimal>,
    /// Lowest margin: the price is at least `cost / (1 - percent / 100)`.
    pub min_margin_percent: Option<u8>,
    /// Price elasticity of demand before any learning.
    pub elasticity: Decimal,
    /// `true` if the elasticity is from the entry of the item.
    pub is_its_own: bool,
}

impl Policy {
    /// Returns the rules of an item.
    #[must_use]
    pub fn rules_of<'a>(&'a self, item: &'a Item) -> ItemRules<'a> {
        let category = item.category.as_ref().and_then(|category| self.categories.get(category));
        let none = CategoryRules::default();
        let CategoryRules { exclude, earliest, latest, min_price, .. } = category.unwrap_or(&none);
        let ladder = category.and_then(|category| category.ladder.as_ref());
        let of_category = |field: fn(&CategoryRules) -> Option<u8>| category.and_then(field);
        let floor = item.floor.map(|floor| floor.amount());
        let elasticity = item.elasticity.or(category.and_then(|category| category.elasticity));
        ItemRules {
            is_excluded: item.no_discount || *exclude,
            earliest: *earliest,
            latest: latest.or(self.latest_change),
            is_latest_of_category: latest.is_some(),
            ladder: item.ladder.as_ref().or(ladder).unwrap_or(&self.ladder),
            max_discount_percent: of_category(|category| category.max_discount_percent)
                .unwrap_or(self.max_discount_percent),
            min_price: floor.max(*min_price).max(self.min_price),
            min_margin_percent: of_category(|category| category.min_margin_percent)
                .or(self.min_margin_percent),
            elasticity: elasticity.unwrap_or(self.elasticity),
            is_its_own: item.elasticity.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_rule_counts_and_of_floors_the_highest() {
        let policy = Policy::parse(
            r#"{"ladder_percent":[0,20],"max_discount_percent":70,"min_price":"0.30",
                "min_margin_percent":10,"latest_change":"18:00","categories":{
                "bread":{"ladder_percent":[0,30,60],"max_discount_percent":60,"earliest":"16:00",
                    "latest":"17:30","min_price":"0.40","elasticity":3},
                "tobacco":{"exclude":true}}}"#,
        )
        .unwrap();
        let rules = |item: &str| {
            let item = Item::parse(item).unwrap();
            let rules = policy.rules_of(&item);
            format!(
                "{:?} {:?} <={} >={:?} {:?} {:?}..{:?} e{}",
                rules.ladder.steps(),
                rules.is_excluded,
                rules.max_discount_percent,
                rules.min_price.map(|price| price.to_string()),
                rules.min_margin_percent,
                rules.earliest.map(|time| time.format("%H:%M").to_string()),
                rules.latest.map(|time| time.format("%H:%M").to_string()),
                rules.elasticity,
            )
        };
        assert_eq!(
            rules(r#"{"sku":"A","price":"2.40"}"#),
            r#"[0, 20] false <=70 >=Some("0.30") Some(10) None..Some("18:00") e2.2"#
        );
        assert_eq!(
            rules(r#"{"sku":"A","price":"2.40","category":"bread","floor":"0.35"}"#),
            r#"[0, 30, 60] false <=60 >=Some("0.40") Some(10) Some("16:00")..Some("17:30") e3"#
        );
        assert_eq!(
            rules(
                r#"{"sku":"A","price":"2.40","category":"tobacco","floor":"1","elasticity":"1.5",
                    "ladder_percent":[0,5]}"#
            ),
            r#"[0, 5] true <=70 >=Some("1.00") Some(10) None..Some("18:00") e1.5"#
        );
        assert!(rules(r#"{"sku":"A","price":"2.40","no_discount":true}"#).contains("true"));
    }
}
