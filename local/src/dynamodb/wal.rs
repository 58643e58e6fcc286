//! Damage within the write-ahead log of SQLite, which SQLite takes for its end: all later
//! transactions would silently be gone.
//!
//! Each commit is synced, so a loss of power can only break the last transaction. If a frame is
//! invalid and frames of two transactions follow it, the file was damaged later. Format:
//! <https://www.sqlite.org/fileformat2.html#walformat>.

const HEADER_BYTES: usize = 32;
const FRAME_HEAD_BYTES: usize = 24;
/// First four bytes; the last bit tells that checksums are big-endian.
const MAGIC: u32 = 0x377f_0682;
const PAGE_BYTES_MAX: usize = 65_536;

/// Checksum of all frames up to one.
type Checksum = (u32, u32);

/// Frame of a log.
struct Frame {
    salts: (u32, u32),
    is_commit: bool,
    checksum: Checksum,
    /// Bytes that the checksum covers: eight of the head, and the page.
    covered: (usize, usize),
}

/// End of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogEnd {
    /// Every frame is valid.
    Clean,
    /// The last transaction is incomplete, from this byte on.
    Torn(u64),
    /// Transactions follow a frame that is damaged at this byte.
    Damaged(u64),
}

/// Returns the end of a log.
pub(super) fn end_of(log: &[u8]) -> LogEnd {
    broken_end(log).unwrap_or(LogEnd::Clean)
}

fn broken_end(log: &[u8]) -> Option<LogEnd> {
    let page_bytes = number(log, 8)? as usize;
    // A value that is out of range is damage of the header itself.
    let is_size = page_bytes.is_power_of_two() && (512..=PAGE_BYTES_MAX).contains(&page_bytes);
    let frame_bytes = FRAME_HEAD_BYTES + if is_size { page_bytes } else { 4_096 };
    let frames: Vec<Frame> =
        (HEADER_BYTES..).step_by(frame_bytes).map_while(|at| frame(log, at, frame_bytes)).collect();
    let big_endian = number(log, 0)? & 1 == 1;
    let header_sum = (number(log, 24)?, number(log, 28)?);
    let is_header = number(log, 0)? & !1 == MAGIC
        && is_size
        && checksum((0, 0), log.get(..24)?, big_endian) == header_sum;
    let salts =
        if is_header { (number(log, 16)?, number(log, 20)?) } else { frames.first()?.salts };
    let is_valid = |position: usize| {
        let frame = &frames[position];
        let before = position.checked_sub(1).map_or(header_sum, |before| frames[before].checksum);
        let (head, page) = frame.covered;
        let sum = checksum(before, &log[head..head + 8], big_endian);
        let page = &log[page..page + frame_bytes - FRAME_HEAD_BYTES];
        frame.salts == salts && checksum(sum, page, big_endian) == frame.checksum
    };
    let broken =
        if is_header { (0..frames.len()).position(|position| !is_valid(position))? } else { 0 };
    let at = if is_header { (HEADER_BYTES + broken * frame_bytes) as u64 } else { 0 };
    let mut commits = 0;
    for (position, frame) in frames.iter().enumerate().skip(broken + 1) {
        if is_valid(position) {
            if commits > 0 {
                return Some(LogEnd::Damaged(at));
            }
            commits += usize::from(frame.is_commit);
        }
    }
    // Frames of an earlier log remain behind the end, with other salts.
    let is_of_this_log = |frame: &Frame| frame.salts == salts;
    frames[broken..].iter().any(is_of_this_log).then_some(LogEnd::Torn(at))
}

fn frame(log: &[u8], at: usize, frame_bytes: usize) -> Option<Frame> {
    log.get(at..at + frame_bytes)?;
    Some(Frame {
        is_commit: number(log, at + 4)? != 0,
        salts: (number(log, at + 8)?, number(log, at + 12)?),
        checksum: (number(log, at + 16)?, number(log, at + 20)?),
        covered: (at, at + FRAME_HEAD_BYTES),
    })
}

/// Big-endian number at an offset.
fn number(log: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(log.get(at..at + 4)?.try_into().ok()?))
}

fn checksum(before: Checksum, bytes: &[u8], big_endian: bool) -> Checksum {
    let word = |bytes: &[u8]| {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    bytes.chunks_exact(8).fold(before, |(first, second), pair| {
        let first = first.wrapping_add(word(&pair[..4])).wrapping_add(second);
        (first, second.wrapping_add(word(&pair[4..])).wrapping_add(first))
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// Returns the log of some transactions, and the offset at which the last one begins.
    fn log() -> (Vec<u8>, usize) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("t.sqlite");
        let connection = Connection::open(&file).expect("opened");
        let set = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (v TEXT);";
        connection.execute_batch(set).expect("set");
        let wal = folder.path().join("t.sqlite-wal");
        let mut last = 0;
        for number in 0..8 {
            last = std::fs::metadata(&wal).expect("a log").len() as usize;
            let value = format!("{number}").repeat(6_000);
            connection.execute("INSERT INTO t VALUES (?1)", [value]).expect("inserted");
        }
        (std::fs::read(&wal).expect("a log"), last)
    }

    #[test]
    fn a_flipped_bit_before_the_last_transactions_is_damage_and_a_cut_is_not() {
        let (log, last) = log();
        assert_eq!(end_of(&log), LogEnd::Clean);
        let frame_bytes = FRAME_HEAD_BYTES + 4_096;
        let frame_at =
            |at: usize| (HEADER_BYTES + (at - HEADER_BYTES) / frame_bytes * frame_bytes) as u64;
        for length in (0..log.len()).step_by(61) {
            assert_eq!(end_of(&log[..length]), LogEnd::Clean, "cut to {length} bytes");
        }
        for at in (0..log.len()).step_by(37) {
            let mut flipped = log.clone();
            flipped[at] ^= 1 << (at % 8);
            let found = end_of(&flipped);
            if at < HEADER_BYTES {
                assert_eq!(found, LogEnd::Damaged(0), "byte {at} of the header");
            } else if at + 2 * frame_bytes < last {
                assert_eq!(found, LogEnd::Damaged(frame_at(at)), "byte {at}");
            } else if at >= last && at + frame_bytes < log.len() {
                assert_eq!(found, LogEnd::Torn(frame_at(at)), "byte {at} of the last transaction");
            }
        }
    }

    #[test]
    fn a_last_transaction_that_is_written_in_any_part_is_no_damage() {
        let (log, last) = log();
        for lost in (last..log.len()).step_by(512) {
            let mut torn = log.clone();
            let end = (lost + 512).min(torn.len());
            torn[lost..end].fill(0);
            assert!(!matches!(end_of(&torn), LogEnd::Damaged(_)), "lost from {lost}");
        }
    }
}
