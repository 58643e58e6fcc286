//! A history is a function of day rows, and finds again what days were made with.

mod world;

use chrono::{DateTime, Days, TimeDelta, Utc};
use demand::{DemandProfile, Elasticity, ITEMS_SD, ProfileBasis, ProfileSlot};
use demand::{category_history, expectation, item_history, recent_version};
use domain::closed_day;
use domain::history::{DATES, DayKind, ElasticityEstimate, HistorySubject};
use domain::{ClosedDay, History};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;

use world::{DayEvents, THROUGH, WORLD, World, date, folded, poisson, store};

fn profile(history: &History, kind: DayKind) -> DemandProfile {
    let known = expectation(Some(history), None, kind, Elasticity::default());
    known.profile.expect("a profile")
}

fn weekday(history: &History) -> f64 {
    history.kinds[DayKind::Weekday as usize].units.iter().flatten().sum()
}

fn named(sku: &str, mut history: History) -> History {
    history.key.subject = HistorySubject::Item(sku.parse().expect("an id"));
    history
}

fn about(found: f64, ought: f64, share: f64) {
    assert!((found / ought - 1.0).abs() < share, "{found} and not about {ought}");
}

#[test]
fn the_usual_day_of_each_kind_is_found_again() {
    let history = folded(&WORLD.rows(DATES, 1));
    let mean: f64 = (0..WORLD.slots).map(|slot| WORLD.mean(slot)).sum();
    for (kind, share) in
        [(DayKind::Weekday, 0.10), (DayKind::Saturday, 0.2), (DayKind::Sunday, 0.3)]
    {
        let profile = profile(&history, kind);
        let sum: f64 = profile.slots.iter().map(|slot| slot.units).sum();
        about(sum, mean * World::level_of(kind), share);
        assert_eq!((profile.basis, profile.slots.len()), (ProfileBasis::Sku, 46));
        assert_eq!((profile.slots[0].start, profile.slots[45].end), (7 * 60, 18 * 60 + 30));
    }
    about(history.day_cv, WORLD.day_cv, 0.35);
    assert_eq!(history.days, DATES as f64);
    assert_eq!(history.elasticity, None);
}

#[test]
fn hours_with_an_empty_shelf_do_not_count_as_hours_without_demand() {
    // Strong days are sold out at noon; only weak ones last.
    let scarce = World { baked: 30, ..WORLD };
    let history = folded(&scarce.rows(DATES, 2));
    let usual = profile(&history, DayKind::Weekday);
    let afternoon: f64 =
        usual.slots.iter().filter(|slot| slot.start >= 14 * 60).map(|slot| slot.units).sum();
    about(afternoon, 18.0 * WORLD.per_slot, 0.25);
    // What is never seen is not known.
    let rare = World { baked: 4, ..WORLD };
    let history = folded(&rare.rows(DATES, 3));
    assert!(profile(&history, DayKind::Weekday).slots.len() < 30);
}

#[test]
fn sales_under_an_offer_are_taken_back_to_the_regular_price() {
    let history = folded(&World { discounts: true, ..WORLD }.rows(DATES, 4));
    let usual = profile(&history, DayKind::Weekday);
    let late: f64 = usual.slots[32..].iter().map(|slot| slot.units).sum();
    about(late, 14.0 * WORLD.per_slot, 0.2);
}

#[test]
fn an_elasticity_is_found_again_although_offers_go_to_weak_days() {
    for (elasticity, seed) in [(1.2, 5), (2.2, 6), (3.5, 7)] {
        let world = World { discounts: true, per_slot: 1.5, elasticity, ..WORLD };
        let found = folded(&world.rows(DATES, seed)).elasticity.expect("offers");
        assert!(found.sd < 0.5, "{found:?}");
        assert!((found.mean - elasticity).abs() < 2.5 * found.sd, "{elasticity}: {found:?}");
    }
}

#[test]
fn a_sticker_without_an_offer_does_not_make_the_evening_strong() {
    let mut rows = Vec::new();
    let mut draw = ChaCha8Rng::seed_from_u64(8);
    for date in (date(THROUGH) - Days::new(27)).iter_days().take(28) {
        let mut told = DayEvents::default();
        let opens = WORLD.hours().day(date).unwrap().opens_at;
        told.event("receipt", "1000", opens, None);
        for slot in 0..46 {
            let (rate, price) = if slot < 36 { (1.0, "2.00") } else { (3.0, "1.00") };
            for sale in 0..poisson(&mut draw, rate) {
                let at = opens + TimeDelta::minutes(15 * slot + 1 + i64::from(sale % 13));
                told.event("sale", "1", at, Some(price));
            }
        }
        rows.extend(told.close(&WORLD.hours(), date));
    }
    let usual = profile(&folded(&rows), DayKind::Weekday);
    let units = |slots: &[ProfileSlot]| -> f64 { slots.iter().map(|slot| slot.units).sum() };
    about(units(&usual.slots[36..]), 10.0, 0.2);
    about(units(&usual.slots[..36]), 36.0, 0.1);
}

#[test]
fn a_new_item_is_expected_to_sell_as_its_category_does() {
    let rows = WORLD.rows(DATES, 9);
    let old = named("old", folded(&rows));
    let new = named("new", folded(&rows[DATES as usize - 2..]));
    let items = [&old, &new];
    let store_id = &rows[0].key.store_id;
    let category = category_history(store_id, "bread / rolls #1", &items).expect("items");
    let unknown = Elasticity::default();
    let known = expectation(Some(&new), Some(&category), DayKind::Weekday, unknown);
    assert_eq!(known.profile.as_ref().map(|profile| profile.basis), Some(ProfileBasis::Category));
    let never_sold = expectation(None, Some(&category), DayKind::Weekday, unknown);
    assert_eq!(never_sold, known);
    let alone = expectation(Some(&new), None, DayKind::Weekday, unknown).profile.expect("two days");
    assert_eq!((alone.basis, alone.days), (ProfileBasis::Sku, 2.0));
    assert!(category.day_cv >= old.day_cv.min(new.day_cv));
    assert_eq!(expectation(None, None, DayKind::Sunday, unknown).profile, None);
    assert_eq!(category_history(store_id, "empty", &[]), None);
    // In any order.
    let turned = category_history(store_id, "bread / rolls #1", &[&new, &old]);
    assert_eq!(turned, Some(category));
}

#[test]
fn an_item_that_is_always_sold_out_has_its_evening_from_its_category() {
    let store_id = "0042".parse().unwrap();
    let always = folded(&WORLD.rows(DATES, 10));
    let rare = World { baked: 4, per_slot: 1.6, ..WORLD }.rows(DATES, 11);
    let rare = named("rare", folded(&rare));
    let category = category_history(&store_id, "bread", &[&always, &rare]).expect("items");
    let known = expectation(Some(&rare), Some(&category), DayKind::Weekday, Elasticity::default());
    let usual = known.profile.expect("a profile");
    assert_eq!((usual.basis, usual.slots.len()), (ProfileBasis::Sku, 46));
    let evening: f64 = usual.slots[40..].iter().map(|slot| slot.units).sum();
    about(evening, 6.0 * 1.6, 0.4);
}

#[test]
fn what_an_item_shows_is_weighed_against_what_its_category_does() {
    let store_id = "0042".parse().unwrap();
    let world = |elasticity, per_slot, seed| {
        let world = World { discounts: true, per_slot, elasticity, ..WORLD };
        named(&format!("item-{seed}"), folded(&world.rows(DATES, seed)))
    };
    let items: Vec<History> = (0..6).map(|seed| world(3.5, 1.5, 20 + seed)).collect();
    let items: Vec<&History> = items.iter().collect();
    let category = category_history(&store_id, "bread", &items).expect("items");
    let ElasticityEstimate { mean, sd } = category.elasticity.expect("offers");
    let items_sd = category.items_sd.expect("offers");
    assert!((3.0..4.0).contains(&mean) && sd < items_sd && items_sd < 0.7, "{mean} {sd}");
    let unknown = Elasticity::default();
    let new = expectation(None, Some(&category), DayKind::Weekday, unknown).elasticity;
    assert!((unknown.mean..mean).contains(&new.mean) && new.sd < unknown.sd, "{new:?}");
    let item = expectation(Some(items[0]), Some(&category), DayKind::Weekday, unknown).elasticity;
    assert!(item.sd < new.sd && item.sd < items[0].elasticity.unwrap().sd);
    // Its own offers are not in it twice: as if the category were the others alone.
    let others = category_history(&store_id, "bread", &items[1..]).expect("items");
    let others = History { items_sd: category.items_sd, ..others };
    let apart = expectation(Some(items[0]), Some(&others), DayKind::Weekday, unknown).elasticity;
    assert!((item.mean - apart.mean).abs() < 0.02 && (item.sd - apart.sd).abs() < 0.01);
}

#[test]
fn one_measured_neighbour_does_not_overrule_what_the_retailer_says() {
    let store_id = "0042".parse().unwrap();
    let world = World { discounts: true, per_slot: 1.5, elasticity: 1.2, ..WORLD };
    let measured = named("rye", folded(&world.rows(DATES, 30)));
    let category = category_history(&store_id, "bread", &[&measured]).expect("an item");
    let mean = measured.elasticity.expect("offers").mean;
    let said = Elasticity { mean: 4.0, ..Elasticity::default() };
    let told = |item: Option<&History>, category, unknown| {
        expectation(item, category, DayKind::Weekday, unknown).elasticity
    };
    let of_category = told(None, Some(&category), said);
    assert!((2.5..4.0).contains(&of_category.mean), "{of_category:?}, measured {mean}");
    // Said of the item itself.
    let of_item = Elasticity { sd: ITEMS_SD, ..said };
    assert!((told(None, Some(&category), of_item).mean - 4.0).abs() < 1e-9);
    assert!(told(Some(&measured), None, of_item).mean < 3.0);
    // A category of one item tells that item nothing.
    assert_eq!(told(Some(&measured), Some(&category), said), told(Some(&measured), None, said));
}

#[test]
fn weighed_goods_sell_in_parts_of_their_unit_and_chance_does_not_pass_for_weak_days() {
    let rows = |weight: &str| -> Vec<ClosedDay> {
        let mut draw = ChaCha8Rng::seed_from_u64(12);
        let dates = (date(THROUGH) - Days::new(55)).iter_days().take(56);
        let told = dates.filter_map(|date| {
            let mut told = DayEvents::default();
            let opens = WORLD.hours().day(date).unwrap().opens_at;
            told.event("receipt", "1000", opens, None);
            for slot in 0..46 {
                for sale in 0..poisson(&mut draw, 0.5) {
                    let at = opens + TimeDelta::minutes(15 * slot + i64::from(sale % 14));
                    told.event("sale", weight, at, Some("24.00"));
                }
            }
            told.close(&WORLD.hours(), date)
        });
        told.collect()
    };
    let (pieces, grams) = (folded(&rows("1")), folded(&rows("0.125")));
    let (some, part) = (weekday(&pieces), weekday(&grams));
    about(some, 23.0, 0.15);
    assert!((part - some / 8.0).abs() < 1e-2, "{part} {some}");
    assert_eq!(grams.day_cv, pieces.day_cv);
    assert!(pieces.day_cv < 0.2, "{}", pieces.day_cv);
}

#[test]
fn a_night_shop_has_its_slots_by_the_clock_also_when_the_clock_is_changed() {
    let store = store("mon-sun 20:00-04:00");
    for (text, hours) in [("2026-03-11", 8), ("2026-03-28", 7), ("2026-10-24", 9)] {
        let date = date(text);
        let mut told = DayEvents::default();
        let opens = store.day(date).unwrap().opens_at;
        told.event("receipt", "99", opens, None);
        for half_hour in 0..2 * hours {
            told.event("sale", "1", opens + TimeDelta::minutes(30 * half_hour), Some("2.00"));
        }
        let row = told.close(&store, date).expect("a row");
        let seconds: u32 = row.slots.values().map(|sales| sales.seconds).sum();
        assert_eq!(i64::from(seconds), hours * 3600, "{text}");
        assert!(row.slots.keys().all(|key| key.slot < 16 || key.slot >= 80), "{text}");
        let through = date;
        let key = &row.key;
        let history = item_history(&key.store_id, &key.sku, through, std::slice::from_ref(&row));
        let usual = profile(&history.expect("a history"), DayKind::of(date));
        assert!(usual.slots.is_sorted_by_key(|slot| slot.start));
        let per_hour: f64 =
            usual.slots.iter().map(|slot| slot.units).sum::<f64>() * 4.0 / usual.slots.len() as f64;
        about(per_hour, 2.0, 0.01);
    }
}

#[test]
fn an_hour_without_a_sale_on_a_few_days_is_not_one_in_which_nobody_comes() {
    let slow = World { per_slot: 0.3, ..WORLD };
    let history = folded(&slow.rows(3, 11));
    for kind in [DayKind::Weekday, DayKind::Saturday, DayKind::Sunday] {
        let profile = profile(&history, kind);
        assert!(profile.slots.iter().all(|slot| slot.units > 0.0), "{profile:?}");
    }
}

#[test]
fn returns_take_sales_of_the_day_back_and_no_more() {
    let store = WORLD.hours();
    let opens = store.day(date(THROUGH)).unwrap().opens_at;
    let mut told = DayEvents::default();
    told.event("receipt", "99", opens, None);
    told.event("sale", "3", opens + TimeDelta::minutes(10), Some("2.00"));
    told.event("sale", "2.5", opens + TimeDelta::minutes(70), Some("2.00"));
    told.event("return", "4", opens + TimeDelta::minutes(80), Some("2.00"));
    told.event("return", "9", opens + TimeDelta::minutes(90), Some("1.50"));
    let row = told.close(&store, date(THROUGH)).expect("a row");
    let sold: Vec<Decimal> =
        row.slots.values().map(|it| it.sold).filter(|it| !it.is_zero()).collect();
    assert_eq!(sold, ["1.5".parse().unwrap()]);
    assert_eq!(row.slots.values().map(|it| it.paid).sum::<Decimal>(), Decimal::from(3));
    assert!(profile(&folded(&[row]), DayKind::Weekday).slots.iter().all(|slot| slot.units >= 0.0));
}

#[test]
fn days_on_which_nothing_was_there_say_nothing() {
    let store = store("mon-fri 07:00-18:30");
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    // Closed on Sundays, and somebody moved goods; and a day that knows of an empty shelf alone.
    let mut sunday = DayEvents::default();
    sunday.event("receipt", "5", at("2026-03-08T09:00:00Z"), None);
    let sunday = sunday.close(&store, date("2026-03-08")).expect("a row");
    let mut empty = DayEvents::default();
    empty.event("count", "0", at("2026-03-09T05:00:00Z"), None);
    let empty = empty.close(&store, date("2026-03-09")).expect("a row");
    let sold = |row: &ClosedDay| row.slots.values().map(|sales| sales.seconds).sum::<u32>();
    assert_eq!((sold(&sunday), sold(&empty)), (0, 0));
    assert_eq!(empty.sold_out_at, Some(store.span(date("2026-03-09")).starts_at));
    let history = folded(&[sunday, empty]);
    assert_eq!(history.days, 0.0);
    let known = expectation(Some(&history), None, DayKind::Weekday, Elasticity::default());
    assert_eq!(known.profile, None);
}

#[test]
fn history_looks_back_so_far_and_no_further() {
    let rows = WORLD.rows(DATES + 3, 13);
    let (older, kept) = rows.split_at(3);
    assert_eq!(folded(&rows), folded(kept));
    let key = &rows[0].key;
    assert_eq!(item_history(&key.store_id, &key.sku, date(THROUGH), older), None);
    assert_eq!(folded(kept).recent, recent_version(date(THROUGH), &rows));
    assert_ne!(folded(kept).recent, recent_version(date(THROUGH), &rows[..DATES as usize]));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 24, ..ProptestConfig::default()
    })]

    #[test]
    fn the_order_of_rows_does_not_matter_and_every_figure_is_one(
        seed in any::<u64>(),
        days in 1..20_u64,
        per_slot in prop_oneof![Just(0.0), 0.01..0.05, 0.1..3.0],
        baked in prop_oneof![Just(3_u32), 20..60_u32, Just(1_000)],
        discounts in any::<bool>(),
        shift in any::<prop::sample::Index>(),
    ) {
        let world = World { per_slot, baked, discounts, ..WORLD };
        let rows = world.rows(days, seed);
        let history = folded(&rows);
        let mut turned = rows.clone();
        turned.rotate_left(shift.index(rows.len()));
        turned.reverse();
        prop_assert_eq!(&folded(&turned), &history);
        for usual in &history.kinds {
            prop_assert!(usual.units.iter().flatten().all(|it| it.is_finite() && *it >= 0.0));
        }
        prop_assert!((0.05..=1.5).contains(&history.day_cv));
        if let Some(ElasticityEstimate { mean, sd }) = history.elasticity {
            prop_assert!((0.1..=8.0).contains(&mean) && sd > 0.0 && sd.is_finite());
        }
    }

    #[test]
    fn slots_come_back_as_they_were_packed(seed in any::<u64>(), per_slot in 0.0..3.0) {
        let world = World { per_slot, discounts: true, baked: 40, ..WORLD };
        for row in world.rows(3, seed) {
            let packed = closed_day::pack(&row.slots, row.regular_price);
            let slots = closed_day::unpack(&packed, row.regular_price);
            prop_assert_eq!(slots.as_ref(), Ok(&row.slots));
            prop_assert!(packed.len() < 46 * 12, "{}", packed.len());
        }
    }
}
