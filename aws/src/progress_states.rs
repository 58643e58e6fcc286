//! States of the close of day and the rollup, in the stock log.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use domain::ports::Failure;
use domain::quarantine::QuarantineId;
use domain::stock::{CloseState, RollupState};
use domain::window::WINDOW_MINUTES;
use domain::{StoreId, Version, Window};

use crate::attributes::{AttributeReader, Attributes, binary, instant, number, text, texts, truth};

/// Version of the format of the digests.
const FORMAT: u8 = 1;
/// Number of windows of a date.
const WINDOWS: usize = (24 * 60 / WINDOW_MINUTES) as usize;
/// Bytes of a set of windows, a bit for each.
const SET_BYTES: usize = WINDOWS / 8;
const _: () = assert!(WINDOWS.is_multiple_of(8), "the set has no bits left");
/// Bytes of a digest.
const DIGEST_BYTES: usize = 4;

pub(crate) fn close_state_item(state: &CloseState) -> Attributes {
    let attributes = [
        ("store_id", text(&state.store_id)),
        ("business_date", text(state.date)),
        ("read_at", instant(state.read_at)),
        ("late", text(&state.late)),
        ("inputs", text(&state.inputs)),
        ("is_complete", truth(state.is_complete)),
        ("revision", number(state.revision)),
    ];
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Reads the state of a business date. The key decides the store and the date.
pub(crate) fn close_state_of(
    store_id: &StoreId,
    date: NaiveDate,
    reader: &AttributeReader<'_>,
) -> Result<CloseState, Failure> {
    Ok(CloseState {
        store_id: store_id.clone(),
        date,
        read_at: reader.text("read_at")?,
        late: Version::stored(reader.text("late")?),
        inputs: Version::stored(reader.text("inputs")?),
        is_complete: reader.truth("is_complete")?,
        // States of earlier versions have no revision.
        revision: reader.optional("revision", |name| reader.number(name))?.unwrap_or_default(),
    })
}

pub(crate) fn rollup_state_item(state: &RollupState) -> Attributes {
    let attributes = [
        ("store_id", text(&state.store_id)),
        ("utc_date", text(state.date)),
        ("read_at", instant(state.read_at)),
        ("late", text(&state.late)),
        ("n", number(state.count)),
        ("conflicts", number(state.conflicts)),
        ("windows", binary(pack(&state.windows))),
    ];
    let mut item: Attributes = attributes.map(|(name, value)| (name.to_owned(), value)).into();
    if !state.unmet.is_empty() {
        let unmet = state.unmet.iter().map(ToString::to_string).collect();
        item.insert("unmet".to_owned(), texts(unmet));
    }
    item
}

/// Reads the state of a UTC date. The key decides the store and the date.
pub(crate) fn rollup_state_of(
    store_id: &StoreId,
    date: NaiveDate,
    reader: &AttributeReader<'_>,
) -> Result<RollupState, Failure> {
    let unmet = |name: &str| -> Result<BTreeSet<QuarantineId>, Failure> {
        let ids = reader.texts(name)?.iter();
        ids.map(|id| id.parse().map_err(|error| reader.wrong(name, error))).collect()
    };
    let windows = unpack(date, reader.binary("windows")?);
    Ok(RollupState {
        store_id: store_id.clone(),
        date,
        read_at: reader.text("read_at")?,
        late: Version::stored(reader.text("late")?),
        count: reader.number("n")?,
        conflicts: reader.number("conflicts")?,
        unmet: reader.optional("unmet", unmet)?.unwrap_or_default(),
        windows: windows.map_err(|rule| reader.wrong("windows", rule))?,
    })
}

/// Packs the digests of the windows of one date: the version of the format, the set of the windows,
/// and a digest for each of them in their order.
fn pack(windows: &BTreeMap<Window, u32>) -> Vec<u8> {
    let mut bytes = vec![0; 1 + SET_BYTES];
    bytes[0] = FORMAT;
    for (window, digest) in windows {
        let minutes = (window.start().time() - NaiveTime::MIN).num_minutes();
        let index = (minutes / WINDOW_MINUTES) as usize;
        bytes[1 + index / 8] |= 1 << (index % 8);
        bytes.extend(digest.to_be_bytes());
    }
    bytes
}

/// Unpacks the digests of the windows of a date, or returns the broken rule.
fn unpack(date: NaiveDate, bytes: &[u8]) -> Result<BTreeMap<Window, u32>, String> {
    let Some((FORMAT, rest)) = bytes.split_first().map(|(format, rest)| (*format, rest)) else {
        return Err(format!("do not begin with the format version {FORMAT}"));
    };
    let (set, digests) =
        rest.split_at_checked(SET_BYTES).ok_or_else(|| "are cut off".to_owned())?;
    let is_set = |index: &usize| set[index / 8] >> (index % 8) & 1 == 1;
    let windows: Vec<usize> = (0..WINDOWS).filter(is_set).collect();
    let expected = windows.len() * DIGEST_BYTES;
    if digests.len() != expected {
        let found = digests.len();
        return Err(format!("have {found} bytes of digests; {expected} are expected"));
    }
    let midnight = date.and_time(NaiveTime::MIN).and_utc();
    let entry = |(index, digest): (usize, &[u8])| {
        let window = Window::of(midnight + TimeDelta::minutes(index as i64 * WINDOW_MINUTES));
        (window, u32::from_be_bytes(digest.try_into().expect("four bytes")))
    };
    Ok(windows.into_iter().zip(digests.chunks_exact(DIGEST_BYTES)).map(entry).collect())
}
