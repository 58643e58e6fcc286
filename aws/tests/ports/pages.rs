//! Pages of the stock log: a date of more than a page is read over several calls.

use chrono::TimeDelta;
use domain::ports::{LogEntry, StockLog, StoredSegment};
use domain::stock::Segment;
use stock_log::read_date;

use crate::samples::{at, entries, sale, segment};
use crate::stock_log::segments;
use crate::world::World;

/// Bytes of one page. Source: "Query", Amazon DynamoDB API reference.
const PAGE_BYTES: usize = 1024 * 1024;
/// Bytes of a large segment.
const SEGMENT_BYTES: usize = 64 * 1024;

/// Segments of the largest size, in ascending order, of 2.2 pages.
fn large() -> Vec<Segment> {
    let start = at("2026-03-12T08:00:00Z");
    let count = PAGE_BYTES * 22 / 10 / SEGMENT_BYTES;
    let large = |n: usize| {
        let bytes = vec![n as u8; SEGMENT_BYTES];
        let mut large = segment("s1", "2026-03-12T08:00:00Z", &bytes);
        large.key.arrived_at = start + TimeDelta::seconds(n as i64);
        large
    };
    (0..count).map(large).collect()
}

#[tokio::test]
async fn a_date_of_several_pages_comes_whole_and_in_order() {
    let world = World::start().await;
    let log = world.tables();
    let large = large();
    let appended: Vec<LogEntry> = large.iter().rev().cloned().map(LogEntry::Segment).collect();
    assert!(log.append(&appended).await.iter().all(Result::is_ok));
    let last = sale("e1", "rye", at("2026-03-12T20:00:00Z"));
    assert_eq!(log.append(&entries([&last])).await, [Ok(())]);

    let (store_id, date) = (last.store_id(), last.occurred_at().date_naive());
    let first = log.query_segments(store_id, date, None).await.unwrap();
    assert!((1..large.len() / 2).contains(&first.segments.len()), "a page, and not the date");
    assert_eq!(first.next, first.segments.last().map(|last| last.sort_key.clone()));
    let second = log.query_segments(store_id, date, first.next.as_deref()).await.unwrap();
    assert!(second.next.is_some(), "more than two pages");

    let stored = segments(&log, store_id, date).await;
    assert_eq!(stored.len(), large.len() + 1);
    let same = |(stored, large): (&StoredSegment, &Segment)| {
        stored.sort_key == large.key.sort_key() && stored.bytes == large.bytes
    };
    assert!(stored.iter().zip(&large).all(same));
    // Bytes of no format: each is told, and the last segment is read.
    let read = read_date(&log, store_id, date).await.unwrap();
    assert_eq!(read.unreadable.len(), large.len());
    assert!(read.day.events().eq([&last]));
}

#[tokio::test]
async fn a_segment_that_is_appended_below_the_page_does_not_move_the_next_one() {
    let world = World::start().await;
    let log = world.tables();
    let large = large();
    let appended: Vec<LogEntry> = large.iter().cloned().map(LogEntry::Segment).collect();
    assert!(log.append(&appended).await.iter().all(Result::is_ok));
    let (store_id, date) = ("s1".parse().unwrap(), "2026-03-12".parse().unwrap());
    let first = log.query_segments(&store_id, date, None).await.unwrap();
    let early = segment("s1", "2026-03-12T07:00:00Z", b"early");
    assert_eq!(log.append(&[LogEntry::Segment(early)]).await, [Ok(())]);
    let next = log.query_segments(&store_id, date, first.next.as_deref()).await.unwrap();
    assert_eq!(next.segments[0].sort_key, large[first.segments.len()].key.sort_key());
}
