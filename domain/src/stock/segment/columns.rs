//! Columns of a segment: numbers and texts. Each number alone is a varint of postcard.

use std::collections::HashMap;
use std::fmt::Display;
use std::mem;
use std::str::FromStr;

use super::Unreadable;
use super::text::{self, Stored, UUID};

const ZERO: u64 = 0;
const SAME: u64 = 1;
const COUNTING: u64 = 2;
const EACH: u64 = 3;

/// Writer of columns.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) columns: Vec<u8>,
    /// Bytes of UUIDs. They stay out of the columns, because they do not compress.
    pub(super) uuids: Vec<u8>,
}

impl Writer {
    /// Writes one number.
    pub(super) fn number(&mut self, number: u64) {
        let columns = mem::take(&mut self.columns);
        self.columns = postcard::to_extend(&number, columns).expect("a number always serializes");
    }

    /// Writes a column of numbers in the shortest form.
    pub(super) fn numbers(&mut self, numbers: &[u64]) {
        let first = numbers.first().copied().unwrap_or(0);
        if numbers.iter().all(|number| *number == first) {
            if first == 0 {
                return self.number(ZERO);
            }
            self.number(SAME);
            self.number(first);
        } else if numbers.iter().zip(first..).all(|(number, counted)| *number == counted) {
            self.number(COUNTING);
            self.number(first);
        } else {
            self.number(EACH);
            numbers.iter().for_each(|number| self.number(*number));
        }
    }

    /// Writes a column of texts, none of which is empty. Returns the place of each text in the
    /// dictionary, from 1, and 0 for an absent one.
    pub(super) fn texts<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>) -> Vec<u64> {
        let mut dictionary: Vec<&str> = Vec::new();
        let mut known: HashMap<&str, u64> = HashMap::new();
        let mut place = |text: &'a str| {
            *known.entry(text).or_insert_with(|| {
                dictionary.push(text);
                size(dictionary.len())
            })
        };
        let places: Vec<u64> = texts.map(|text| text.map_or(0, &mut place)).collect();
        self.numbers(&places);
        if !dictionary.is_empty() {
            self.dictionary(&dictionary);
        }
        places
    }

    fn dictionary(&mut self, texts: &[&str]) {
        let (numbers, texts): (Vec<u64>, Vec<Stored<'_>>) =
            texts.iter().map(|text| text::stored(text)).unzip();
        self.numbers(&numbers);
        let first = &texts[0];
        let shared = texts.iter().skip(1).fold(first.len(), |shared, bytes| {
            first[..shared].iter().zip(bytes.iter()).take_while(|(a, b)| a == b).count()
        });
        self.number(size(shared));
        self.columns.extend_from_slice(&first[..shared]);
        for (number, bytes) in numbers.iter().zip(&texts) {
            let to = if *number == UUID { &mut self.uuids } else { &mut self.columns };
            to.extend_from_slice(&bytes[shared..]);
        }
    }
}

/// Reader of columns.
pub(super) struct Reader<'a> {
    pub(super) columns: &'a [u8],
    pub(super) uuids: &'a [u8],
}

/// Column of numbers.
pub(super) enum Numbers {
    Same(u64),
    Counting(u64),
    Each(Vec<u64>),
}

impl Numbers {
    /// Returns the number at `index`, which is below the length of the column.
    pub(super) fn at(&self, index: usize) -> u64 {
        match self {
            Self::Same(number) => *number,
            Self::Counting(first) => first.wrapping_add(size(index)),
            Self::Each(numbers) => numbers[index],
        }
    }
}

/// Column of texts, each of which is an `Option<T>`.
pub(super) struct Texts<T> {
    places: Numbers,
    dictionary: Vec<T>,
}

impl<T> Texts<T> {
    /// Returns the text at `index`, which is below the length of the column.
    pub(super) fn at(&self, index: usize) -> Option<&T> {
        let place = usize::try_from(self.place(index)).ok()?;
        self.dictionary.get(place.checked_sub(1)?)
    }

    /// Returns the place in the dictionary of the text at `index`, or 0.
    pub(super) fn place(&self, index: usize) -> u64 {
        self.places.at(index)
    }
}

impl<'a> Reader<'a> {
    /// Reads one number.
    pub(super) fn number(&mut self) -> Result<u64, Unreadable> {
        let (number, rest) = postcard::take_from_bytes(self.columns)
            .map_err(|error| Unreadable::Damaged(error.to_string()))?;
        self.columns = rest;
        Ok(number)
    }

    /// Reads a column of `count` numbers. Each of them takes at least a byte of the rest, or all
    /// of them take no memory.
    pub(super) fn numbers(&mut self, count: usize) -> Result<Numbers, Unreadable> {
        match self.number()? {
            ZERO => Ok(Numbers::Same(0)),
            SAME => self.number().map(Numbers::Same),
            COUNTING => self.number().map(Numbers::Counting),
            EACH if count > self.columns.len() => Err(damaged("a column is too short")),
            EACH => (0..count).map(|_| self.number()).collect::<Result<_, _>>().map(Numbers::Each),
            form => Err(Unreadable::Damaged(format!("a column of the unknown form {form}"))),
        }
    }

    /// Reads a column of `count` texts. `noun` names one of them in errors.
    pub(super) fn texts<T>(&mut self, count: usize, noun: &str) -> Result<Texts<T>, Unreadable>
    where
        T: FromStr<Err: Display>,
    {
        let places = self.numbers(count)?;
        let mut known = 0;
        for place in (0..count).map(|index| places.at(index)) {
            known += u64::from(place == known + 1);
            if place > known {
                return Err(Unreadable::Damaged(format!("{noun} is not in its dictionary")));
            }
        }
        let known = usize::try_from(known).map_err(|_| damaged("a dictionary"))?;
        let dictionary = if known == 0 { Vec::new() } else { self.dictionary(known, noun)? };
        Ok(Texts { places, dictionary })
    }

    fn dictionary<T>(&mut self, count: usize, noun: &str) -> Result<Vec<T>, Unreadable>
    where
        T: FromStr<Err: Display>,
    {
        let numbers = self.numbers(count)?;
        let shared = self.number()?;
        let shared = take(&mut self.columns, shared)?;
        let mut bytes = shared.to_vec();
        let mut text = |index| {
            let number = numbers.at(index);
            let length = text::stored_length(number).checked_sub(size(shared.len()));
            let length = length.ok_or_else(|| damaged("a text is too short"))?;
            let from = if number == UUID { &mut self.uuids } else { &mut self.columns };
            bytes.truncate(shared.len());
            bytes.extend_from_slice(take(from, length)?);
            let text = text::read(number, &bytes).ok_or_else(|| damaged("a text is malformed"))?;
            text.parse().map_err(|error| Unreadable::Damaged(format!("{noun} {error}")))
        };
        (0..count).map(&mut text).collect()
    }
}

/// Takes the first `length` bytes.
pub(super) fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], Unreadable> {
    let taken = usize::try_from(length).ok().and_then(|length| bytes.split_off(..length));
    taken.ok_or_else(|| damaged("its end is missing"))
}

pub(super) fn damaged(what: &str) -> Unreadable {
    Unreadable::Damaged(what.to_owned())
}

pub(super) fn size(length: usize) -> u64 {
    u64::try_from(length).expect("64 bits are enough for any length")
}
