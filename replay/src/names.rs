//! Names of stores, items and currencies, each kept once.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use domain::Currency;
use foldhash::fast::RandomState;

/// Texts, each with its place.
#[derive(Debug)]
pub(crate) struct NameList<T> {
    texts: Vec<T>,
    places: HashMap<T, u32, RandomState>,
}

impl<T> Default for NameList<T> {
    fn default() -> Self {
        Self { texts: Vec::new(), places: HashMap::default() }
    }
}

/// Text that is kept, or borrowed from the events.
pub(crate) trait Name: Clone + Eq + Hash + Borrow<str> {}

impl<T: Clone + Eq + Hash + Borrow<str>> Name for T {}

impl<T: Name> NameList<T> {
    /// Returns the place of a text, which is added at the end if it is new.
    pub(crate) fn place<'a>(&mut self, text: &'a str) -> u32
    where
        T: From<&'a str>,
    {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.texts.len()).expect("fewer than 2^32 names");
        let name = T::from(text);
        self.texts.push(name.clone());
        self.places.insert(name, place);
        place
    }

    /// Returns the place of a text.
    pub(crate) fn known_place(&self, text: &str) -> Option<u32> {
        self.places.get(text).copied()
    }

    /// Returns the text at a place.
    pub(crate) fn text(&self, place: u32) -> &str {
        self.texts[place as usize].borrow()
    }

    /// Returns the rank of each place in the order of the texts.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut places: Vec<u32> = (0..).take(self.texts.len()).collect();
        places.sort_unstable_by_key(|place| self.text(*place));
        let mut ranks = vec![0; places.len()];
        for (rank, place) in (0..).zip(places) {
            ranks[place as usize] = rank;
        }
        ranks
    }

    /// Returns the texts of all lists, sorted, so that places have the order of their texts.
    fn merged<'a>(lists: impl Iterator<Item = &'a Self>) -> Self
    where
        T: 'a,
    {
        let mut texts: Vec<&T> = lists.flat_map(|list| &list.texts).collect();
        texts.sort_unstable_by_key(|text| (*text).borrow());
        texts.dedup();
        let texts: Vec<T> = texts.into_iter().cloned().collect();
        let places = texts.iter().cloned().zip(0..).collect();
        Self { texts, places }
    }

    /// Returns the place here of each place in `other`, whose texts are all here.
    fn places_of(&self, other: &Self) -> Vec<u32> {
        let place = |text: &str| self.known_place(text).expect("a merged name");
        other.texts.iter().map(|text| place(text.borrow())).collect()
    }
}

/// Names of stores, items and currencies.
#[derive(Debug)]
pub(crate) struct Names<T> {
    pub(crate) stores: NameList<T>,
    pub(crate) skus: NameList<T>,
    currencies: Vec<Currency>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        let (stores, skus) = (NameList::default(), NameList::default());
        Self { stores, skus, currencies: Vec::new() }
    }
}

/// Place of each place of some names in merged names.
#[derive(Debug)]
pub(crate) struct MergedPlaces {
    pub(crate) stores: Vec<u32>,
    pub(crate) skus: Vec<u32>,
    currencies: Vec<u16>,
}

impl MergedPlaces {
    /// Returns the place of a currency. Events without money have place 0.
    pub(crate) fn currency(&self, place: u16) -> u16 {
        self.currencies.get(usize::from(place)).copied().unwrap_or(0)
    }
}

impl<T: Name> Names<T> {
    /// Returns the place of a currency, which is added if it is new.
    pub(crate) fn currency(&mut self, currency: Currency) -> u16 {
        let known = self.currencies.iter().position(|known| *known == currency);
        let place = known.unwrap_or_else(|| {
            self.currencies.push(currency);
            self.currencies.len() - 1
        });
        u16::try_from(place).expect("ISO 4217 has fewer than 200 currencies")
    }

    /// Returns the currency at a place.
    pub(crate) fn currency_at(&self, place: u16) -> Currency {
        self.currencies[usize::from(place)]
    }

    /// Returns all names, stores and items sorted, and the places of each of `parts` in them.
    pub(crate) fn merged<'a>(
        parts: impl Iterator<Item = &'a Self> + Clone,
    ) -> (Self, Vec<MergedPlaces>)
    where
        T: 'a,
    {
        let mut merged = Self {
            stores: NameList::merged(parts.clone().map(|names| &names.stores)),
            skus: NameList::merged(parts.clone().map(|names| &names.skus)),
            currencies: Vec::new(),
        };
        let places = parts.map(|part| MergedPlaces {
            stores: merged.stores.places_of(&part.stores),
            skus: merged.skus.places_of(&part.skus),
            currencies: part.currencies.iter().map(|code| merged.currency(*code)).collect(),
        });
        let places = places.collect();
        (merged, places)
    }
}
