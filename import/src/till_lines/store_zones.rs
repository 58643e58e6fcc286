//! Zones of the stores in the catalogue, and the zones that the lines of a file took.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use domain::{Store, StoreId};

use super::instants::LineZone;

/// Time zones of the stores in the catalogue.
#[derive(Debug, Clone, Default)]
pub struct StoreZones(BTreeMap<String, Tz>);

impl<'a> FromIterator<&'a Store> for StoreZones {
    fn from_iter<I: IntoIterator<Item = &'a Store>>(stores: I) -> Self {
        let zone = |store: &Store| (StoreId::as_str(&store.store_id).to_owned(), store.zone);
        Self(stores.into_iter().map(zone).collect())
    }
}

/// Chooses the zone of each line whose time has no offset, and remembers what is to be told.
pub(super) struct ZoneChoice<'a> {
    flag: Option<Tz>,
    stores: &'a StoreZones,
    /// Stores whose times are read as UTC, because nothing names their zone.
    without: BTreeSet<String>,
    /// Stores with another zone in the catalogue than the flag names.
    against: BTreeMap<String, Tz>,
}

impl<'a> ZoneChoice<'a> {
    pub(super) fn new(flag: Option<Tz>, stores: &'a StoreZones) -> Self {
        Self { flag, stores, without: BTreeSet::new(), against: BTreeMap::new() }
    }

    /// Returns the zone of a line: of its cell, of the flag, or of its store in the catalogue.
    pub(super) fn zone(&mut self, cell: Option<LineZone>, store: &str) -> LineZone {
        if let Some(zone) = cell {
            return zone;
        }
        let known = self.stores.0.get(store).copied();
        if let (Some(flag), Some(known)) = (self.flag, known)
            && flag != known
        {
            self.against.entry(store.to_owned()).or_insert(known);
        }
        LineZone::Named(self.flag.or(known).unwrap_or_else(|| {
            if !self.without.contains(store) {
                self.without.insert(store.to_owned());
            }
            Tz::UTC
        }))
    }

    /// Returns the facts that a person should check.
    pub(super) fn notes(&self) -> Vec<String> {
        let without = self.without.iter().map(|store| {
            format!(
                "times of store {store} without an offset are read as UTC: no --zone, no column \
                 for zone, and the store is not in the catalogue"
            )
        });
        let against = self.against.iter().map(|(store, zone)| {
            let flag = self.flag.map_or("", Tz::name);
            format!("store {store} has the zone {zone} in the catalogue; --zone {flag} is taken")
        });
        without.chain(against).collect()
    }
}
