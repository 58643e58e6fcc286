//! Outside of a segment: version, compression and checksum.

use std::borrow::Cow;
use std::cell::RefCell;

use flate2::Crc;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::get_frame_content_size;

use super::columns::{Reader, Writer, damaged, size, take};
use super::{Unreadable, VERSION};
use crate::limits::SEGMENT_UNPACKED_BYTES_MAX;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Size of the columns below which zstd saves nothing worth its time, in bytes.
const ZSTD_BYTES_MIN: usize = 128;
/// Level of zstd; higher levels save less than a byte an event.
const ZSTD_LEVEL: i32 = 3;
const CHECKSUM_BYTES: usize = 4;

thread_local! {
    /// Kept, because creating one takes as long as compressing a segment.
    static COMPRESSOR: RefCell<Compressor<'static>> =
        RefCell::new(Compressor::new(ZSTD_LEVEL).expect("memory for zstd"));
    static DECOMPRESSOR: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("memory for zstd"));
}

/// Columns of a segment.
pub(super) struct Opened<'a> {
    columns: Cow<'a, [u8]>,
    uuids: &'a [u8],
}

impl Opened<'_> {
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { columns: &self.columns, uuids: self.uuids }
    }
}

/// Returns the bytes of a segment.
pub(super) fn close(written: &Writer) -> Vec<u8> {
    let compressed = compressed(&written.columns);
    let (form, columns) = match &compressed {
        Some(compressed) => (ZSTD, compressed),
        None => (PLAIN, &written.columns),
    };
    let bytes = postcard::to_extend(&size(columns.len()), vec![VERSION, form]);
    let mut bytes = bytes.expect("a number always serializes");
    bytes.extend_from_slice(columns);
    bytes.extend_from_slice(&written.uuids);
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// Opens the bytes of a segment.
pub(super) fn open(bytes: &[u8]) -> Result<Opened<'_>, Unreadable> {
    match bytes.first() {
        None => return Err(Unreadable::Empty),
        Some(&VERSION) => {}
        Some(version) => return Err(Unreadable::Version(*version)),
    }
    let (checked, sum) =
        bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(|| damaged("its end is missing"))?;
    if checksum(checked) != *sum {
        return Err(damaged("its checksum does not match"));
    }
    let Some((&[_, form], rest)) = checked.split_first_chunk() else {
        return Err(damaged("its end is missing"));
    };
    let mut rest = Reader { columns: rest, uuids: &[] };
    let length = rest.number()?;
    let mut uuids = rest.columns;
    let columns = take(&mut uuids, length)?;
    let columns = match form {
        PLAIN => Cow::Borrowed(columns),
        ZSTD => Cow::Owned(decompressed(columns)?),
        form => return Err(Unreadable::Damaged(format!("unknown compression {form}"))),
    };
    Ok(Opened { columns, uuids })
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum().to_le_bytes()
}

/// Returns the columns compressed, if that is smaller.
fn compressed(columns: &[u8]) -> Option<Vec<u8>> {
    if columns.len() < ZSTD_BYTES_MIN {
        return None;
    }
    let compressed = COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(columns));
    let compressed = compressed.expect("the buffer has the size that zstd asks for");
    (compressed.len() < columns.len()).then_some(compressed)
}

fn decompressed(frame: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let told = get_frame_content_size(frame).ok().flatten();
    let told = told.and_then(|told| usize::try_from(told).ok());
    let told = told.ok_or_else(|| damaged("its zstd frame tells no size"))?;
    if told > SEGMENT_UNPACKED_BYTES_MAX {
        return Err(Unreadable::Damaged(format!(
            "it inflates to {told} bytes; at most {SEGMENT_UNPACKED_BYTES_MAX} are allowed"
        )));
    }
    let inflated = DECOMPRESSOR.with_borrow_mut(|zstd| zstd.decompress(frame, told));
    let inflated = inflated.map_err(|error| Unreadable::Damaged(error.to_string()))?;
    if inflated.len() == told { Ok(inflated) } else { Err(damaged("its end is missing")) }
}
