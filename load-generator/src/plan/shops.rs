//! Requests of shops: instants by the rate, stores by Zipf's law, events by the traffic of a store.

use domain::StoreId;

use super::{Leg, PlanKey, PlannedRequest, Written, leg_instants};
use crate::draw::Draw;
use crate::scenario::Scenario;
use crate::shops::{ShopModel, chain};
use crate::traffic::{StoreTraffic, TillNames};

/// Plan of the traffic of shops: copies of the three shops of the demo.
#[derive(Debug)]
pub struct PlannedShops {
    key: PlanKey,
    models: Vec<ShopModel>,
    /// Cumulative shares of the stores.
    shares: Vec<f64>,
}

/// Writer of the events of shops.
pub struct ShopsWriter<'a> {
    shops: &'a PlannedShops,
    /// Traffic by store, created at its first request.
    traffic: Vec<Option<Box<StoreTraffic>>>,
    ids: Vec<String>,
}

impl PlannedShops {
    pub(super) fn new(key: &PlanKey) -> Self {
        let shops = &key.scenario.shops;
        let mut sum = 0.0;
        let shares = (1..=shops.count).map(|rank| {
            sum += f64::from(rank).powf(-shops.zipf);
            sum
        });
        Self { shares: shares.collect(), models: chain(), key: key.clone() }
    }

    fn scenario(&self) -> &Scenario {
        &self.key.scenario
    }

    pub(super) fn requests(&self, leg: &Leg, number: usize) -> Vec<PlannedRequest> {
        let mut stores = Draw::of(self.scenario().seed, &format!("stores {number}"));
        let sum = self.shares.last().copied().unwrap_or(1.0);
        let instants = leg_instants(self.scenario(), leg, number);
        let request = |at_us| {
            let place = stores.unit() * sum;
            let store = self.shares.partition_point(|share| *share <= place);
            PlannedRequest { at_us, store: store as u32 }
        };
        instants.map(request).collect()
    }

    pub(super) fn store_id(&self, store: u32) -> StoreId {
        self.name(store).parse().expect("a store id and a number make a store id")
    }

    /// Name of a store: that of the shop, with the number of the copy from the second on.
    fn name(&self, store: u32) -> String {
        let id = &self.model(store).store.store_id;
        match store / self.models.len() as u32 {
            0 => id.to_string(),
            copy => format!("{id}-{}", copy + 1),
        }
    }

    fn model(&self, store: u32) -> &ShopModel {
        &self.models[store as usize % self.models.len()]
    }

    pub(super) fn stores(&self) -> u32 {
        self.scenario().shops.count
    }

    pub(super) fn writer(&self) -> ShopsWriter<'_> {
        let stores = self.stores();
        ShopsWriter {
            shops: self,
            traffic: (0..stores).map(|_| None).collect(),
            ids: (0..stores).map(|store| self.name(store)).collect(),
        }
    }
}

impl ShopsWriter<'_> {
    pub(super) fn write(&mut self, request: &PlannedRequest, body: &mut String) -> Written {
        let store = request.store as usize;
        let shop = self.shops.model(request.store);
        let key = &self.shops.key;
        let (mix, seed) = (&key.scenario.mix, key.scenario.seed);
        let traffic = self.traffic[store]
            .get_or_insert_with(|| Box::new(StoreTraffic::new(shop, mix, seed, request.store)));
        let events = traffic.request(key.instant(request.at_us).timestamp_millis());
        let names = TillNames { store_id: &self.ids[store], shop, run_id: &key.run_id };
        for event in &events {
            names.write_event(event, body);
            body.push('\n');
        }
        let poison = events.iter().filter(|event| event.is_poison).count() as u32;
        Written { events: events.len() as u32, poison }
    }
}
