//! Reading the stock log. All readers of stock use this crate: close of day, rollup, pricing and
//! the commands of the program.
//!
//! A read takes the union of the segments of a date, page by page. A segment that cannot be read
//! is told and left out; it does not hide the others.
//!
//! # Examples
//! ```
//! use domain::{Acceptance, Event};
//! use in_memory::Tables;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = "2026-03-12T09:01:00Z".parse()?;
//! let json = r#"{"event_id":"e1","kind":"receipt","store_id":"0042","terminal_id":"till-1",
//!     "sku":"rye","quantity":12,"occurred_at":"2026-03-12T09:00:00Z"}"#;
//! let event = Event::parse(json, &Acceptance::at(now))?;
//! let tables = Tables::default();
//! tables.append_events([event], now).await?;
//!
//! let read = stock_log::read_date(&tables, &"0042".parse()?, "2026-03-12".parse()?).await?;
//! assert!(read.unreadable.is_empty());
//! assert_eq!(read.day.into_windows()[0].figures().received, 12.into());
//! # Ok(())
//! # }
//! ```

mod business_days;

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{Failure, StockLog, StoredSegment};
use domain::stock::{StockWindow, StoreDay, Unreadable, segment, utc_dates};
use domain::{Sku, StoreId, Version};
use tracing::warn;

pub use business_days::BusinessDays;

/// Events of a store and UTC date, as far as they can be read.
#[derive(Debug, Clone)]
pub struct DateRead {
    /// Set of the events.
    pub day: StoreDay,
    /// Number of segments.
    pub segments: usize,
    /// Segments that were left out.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Windows of a store, as far as they can be read.
#[derive(Debug, Clone, Default)]
pub struct WindowsRead {
    /// Windows, sorted by item and start.
    pub windows: Vec<StockWindow>,
    /// Segments that were left out.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Segment that cannot be read: damaged, or written by a later version of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableSegment {
    /// Store.
    pub store_id: StoreId,
    /// UTC date.
    pub date: NaiveDate,
    /// Sort key.
    pub sort_key: String,
    /// Reason.
    pub error: Unreadable,
}

impl fmt::Display for UnreadableSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store_id, date, sort_key, error } = self;
        write!(f, "segment {store_id}#{date}/{sort_key} of the stock log: {error}")
    }
}

/// Reads the events of a store and UTC date, page by page.
///
/// # Errors
/// Returns an error if the log cannot be read.
pub async fn read_date(
    log: &impl StockLog,
    store_id: &StoreId,
    date: NaiveDate,
) -> Result<DateRead, Failure> {
    let day = StoreDay::new(store_id.clone(), date);
    let mut read = DateRead { day, segments: 0, unreadable: Vec::new() };
    let mut after = None;
    loop {
        let page = log.query_segments(store_id, date, after.as_deref()).await?;
        for segment in page.segments {
            read.add(segment);
        }
        after = page.next;
        if after.is_none() {
            return Ok(read);
        }
    }
}

/// Reads the windows of a store that start in `[since, until)`, for one item or for all.
///
/// # Errors
/// Returns an error if the log cannot be read.
pub async fn read_windows(
    log: &impl StockLog,
    store_id: &StoreId,
    sku: Option<&Sku>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<WindowsRead, Failure> {
    let mut read = WindowsRead::default();
    for date in utc_dates(since, until) {
        let DateRead { day, unreadable, .. } = read_date(log, store_id, date).await?;
        let is_wanted = |window: &StockWindow| {
            let key = window.key();
            sku.is_none_or(|sku| key.sku == *sku) && (since..until).contains(&key.window.start())
        };
        // Items are left out after the union: an id belongs to one event among all items.
        read.windows.extend(day.into_windows().into_iter().filter(is_wanted));
        read.unreadable.extend(unreadable);
    }
    let place = |window: &StockWindow| (window.key().sku.clone(), window.key().window);
    read.windows.sort_by_cached_key(place);
    Ok(read)
}

impl DateRead {
    fn add(&mut self, segment: StoredSegment) {
        self.segments += 1;
        match events_of(self.day.store_id(), self.day.date(), &segment) {
            Ok(events) => self.day.extend(events),
            Err(error) => {
                let (store_id, date) = (self.day.store_id().clone(), self.day.date());
                let sort_key = segment.sort_key;
                let unreadable = UnreadableSegment { store_id, date, sort_key, error };
                warn!("left out: {unreadable}");
                self.unreadable.push(unreadable);
            }
        }
    }
}

fn events_of(
    store_id: &StoreId,
    date: NaiveDate,
    StoredSegment { sort_key, bytes }: &StoredSegment,
) -> Result<Vec<domain::Event>, Unreadable> {
    let digest = sort_key.rsplit('#').next().unwrap_or_default();
    if Version::of(bytes).as_str() != digest {
        return Err(Unreadable::Damaged("its bytes do not match the digest in its key".to_owned()));
    }
    segment::unpack(store_id, date, bytes)
}
