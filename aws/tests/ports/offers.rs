//! Offers: written once, read back to the last digit.

use domain::ports::{OffersTable, Saved};
use domain::{Arm, Inputs, Offer, Outlook, Trust};
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use tokio::runtime::Builder;

use crate::samples::{any_price, for_any, offer};
use crate::world::World;

async fn of_day(world: &World, store_id: &str, date: &str) -> Vec<Offer> {
    let (store_id, date) = (store_id.parse().unwrap(), date.parse().unwrap());
    world.tables().query_offers(&store_id, date).await.expect("readable offers")
}

#[test]
fn any_offer_comes_back_as_it_was_published() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let number = || (any::<i128>(), 0..=28_u32);
    let outlook = || [number(), number(), number()];
    let figures = (number(), outlook(), outlook(), 0..=95_u8, ".{0,200}", 1..1_000_000_u32);
    let words = (select(Arm::ALL), select(Trust::ALL), any::<bool>(), any::<bool>());
    let inputs = (".{0,300}", ".{0,300}");
    let offers = (any_price(), figures, words, inputs).prop_map(
        |((price, currency), figures, (arm, trust, shadow, is_known), (request, answer))| {
            let (on_hand, expected, unchanged, percent, reason, revision) = figures;
            let id = format!("2026-03-12/s1/rye/{revision}");
            let number = |(mantissa, scale): (i128, u32)| {
                Decimal::from_i128_with_scale(mantissa % (1 << 96), scale)
            };
            let outlook = |figures: [(i128, u32); 3]| {
                let [units, revenue, waste] = figures.map(number);
                Outlook { units, revenue, waste }
            };
            let offer = offer(&id, &price, currency);
            Offer {
                on_hand: number(on_hand),
                expected: outlook(expected),
                if_unchanged: outlook(unchanged),
                lowest_price: offer.lowest_price.filter(|_| is_known),
                discount_percent: percent,
                reason,
                arm,
                trust,
                shadow,
                inputs: Inputs { request, answer },
                ..offer
            }
        },
    );
    for_any(&offers, |offer| {
        runtime.block_on(async {
            let world = World::start().await;
            assert_eq!(world.tables().publish_offer(&offer).await, Ok(Saved::Done));
            let back = of_day(&world, "s1", "2026-03-12").await;
            assert_eq!(back, std::slice::from_ref(&offer));
            let there = World::start().await;
            assert_eq!(there.tables().publish_offer(&back[0]).await, Ok(Saved::Done));
            assert_eq!(world.items("offers").await, there.items("offers").await);
        });
    });
}

#[tokio::test]
async fn a_revision_is_published_once_and_the_second_gets_the_first() {
    let world = World::start().await;
    let first = offer("2026-03-12/s1/rye/1", "2.40", "EUR");
    let second = offer("2026-03-12/s1/rye/1", "2.10", "EUR");
    assert_eq!(world.tables().publish_offer(&first).await, Ok(Saved::Done));
    let published = world.tables().publish_offer(&second).await;
    assert_eq!(published, Ok(Saved::Conflict(Some(first.clone()))));
    let again = world.tables().publish_offer(&first).await;
    assert_eq!(again, Ok(Saved::Conflict(Some(first.clone()))));
    assert_eq!(of_day(&world, "s1", "2026-03-12").await, [first]);
}

#[tokio::test]
async fn a_days_offers_come_by_item_and_revision_and_are_only_its_own() {
    let world = World::start().await;
    let elsewhere = ["2026-03-12/s11/rye/1", "2026-03-13/s1/rye/1", "2026-03-11/s1/rye/1"];
    let in_order = [
        "2026-03-12/s1/bun/1",
        "2026-03-12/s1/rye/1",
        "2026-03-12/s1/rye/2",
        "2026-03-12/s1/rye/10",
    ];
    for id in in_order.iter().rev().chain(&elsewhere) {
        world.tables().publish_offer(&offer(id, "2.40", "EUR")).await.unwrap();
    }
    let ids = of_day(&world, "s1", "2026-03-12").await;
    let ids: Vec<String> = ids.iter().map(|offer| offer.offer_id.to_string()).collect();
    assert_eq!(ids, in_order);
}

#[tokio::test]
async fn prices_come_back_with_the_digits_of_their_currency() {
    let world = World::start().await;
    for (revision, (price, currency)) in
        [("2.40", "EUR"), ("3.00", "EUR"), ("0.00", "EUR"), ("240", "JPY"), ("2.500", "KWD")]
            .into_iter()
            .enumerate()
    {
        let id = format!("2026-03-{}/s1/rye/1", 10 + revision);
        world.tables().publish_offer(&offer(&id, price, currency)).await.unwrap();
        let back = of_day(&world, "s1", &format!("2026-03-{}", 10 + revision)).await;
        assert_eq!(back[0].price.to_string(), price);
        assert_eq!(back[0].price.currency().code(), currency);
    }
}
