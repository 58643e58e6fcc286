//! Events of a file under the ids that count, given what is stored.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::event::{derived_id, equal_event_numbers};
use domain::{Event, EventId, Sku, StockWindow};

/// Event of a till line. Its id comes from a column of the file, or is derived from the content.
///
/// ```
/// # use std::error::Error;
/// use clap::Parser;
/// use import::{StoreZones, StoredDay, TillLine, TillMapping};
///
/// #[derive(Parser)]
/// struct Arguments {
///     #[command(flatten)]
///     mapping: TillMapping,
/// }
///
/// let flags = "send --csv --store corner --map occurred_at=time --map sku=item --map amount=paid \
///     --default currency=EUR";
/// let mapping = Arguments::parse_from(flags.split_whitespace()).mapping;
/// let text = "time,item,paid\n2026-03-12 15:15:00,rye,2.40\n";
/// let mut file = mapping.read(text, &StoreZones::default())?;
/// let TillLine::Event { event, .. } = &mut file.lines[0] else { unreachable!("a valid line") };
///
/// // Nothing is stored of the day, so the line has generation 1.
/// event.choose_generation(&StoredDay::of([]))?;
/// assert_eq!(event.event().event_id().as_str(), "d1-aa697781b5dbd91626ec6eb7971e6539");
/// # Ok::<(), Box<dyn Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedEvent {
    event: Event,
    /// Number among the equal lines of the file. `None` if the file gives the id.
    number: Option<u32>,
}

/// Events of one store and date in the stock windows, as far as an import needs them.
#[derive(Debug, Default)]
pub struct StoredDay {
    known: HashSet<EventKey>,
    undone: HashSet<EventKey>,
}

/// Parts of an event that decide whether another one is the same event, or voids it.
type EventKey = (Sku, DateTime<Utc>, EventId);

fn key(event: &Event, event_id: &EventId) -> EventKey {
    (event.sku().clone(), event.occurred_at(), event_id.clone())
}

impl StoredDay {
    /// Collects the events of windows of one store.
    pub fn of<'a>(windows: impl IntoIterator<Item = &'a StockWindow>) -> Self {
        let mut day = Self::default();
        for event in windows.into_iter().flat_map(StockWindow::events) {
            day.known.insert(key(event, event.event_id()));
            if let Some(undone) = event.undoes() {
                day.undone.insert(key(event, undone));
            }
        }
        day
    }

    /// `true` if the event is stored, whether it counts or not.
    #[must_use]
    pub fn has(&self, event: &Event) -> bool {
        self.known.contains(&key(event, event.event_id()))
    }

    fn has_undone(&self, event: &Event, event_id: &EventId) -> bool {
        self.undone.contains(&key(event, event_id))
    }
}

impl ImportedEvent {
    /// Names the events of a file. The id of an event without `true` is derived from its content,
    /// in generation 1.
    pub(crate) fn name_all(events: Vec<(Event, bool)>) -> Vec<Self> {
        let nameless = events.iter().filter(|(_, has_id)| !has_id).map(|(event, _)| event);
        let mut numbers = equal_event_numbers(nameless).into_iter();
        let name = |(event, has_id): (Event, bool)| {
            let number = if has_id { None } else { numbers.next() };
            let event_id = number.map(|number| derived_id(&event, number, 1));
            let event_id = event_id.unwrap_or_else(|| event.event_id().clone());
            Self { event: event.imported(event_id, None), number }
        };
        events.into_iter().map(name).collect()
    }

    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Sets a derived id to the lowest generation that no undo of an import has voided. So a line
    /// that was imported and undone counts again, and a line that is stored stays one event.
    ///
    /// # Errors
    /// Returns the reason if the file gives the id, and an undo has voided it.
    pub fn choose_generation(&mut self, stored: &StoredDay) -> Result<(), String> {
        let Some(number) = self.number else {
            let is_undone = stored.has_undone(&self.event, self.event.event_id());
            let reason = "event_id was voided when an import was undone, and a voided id never \
                          counts again; give the line another id, or leave out the mapping of \
                          event_id, so that ids are derived from the content";
            return if is_undone { Err(reason.to_owned()) } else { Ok(()) };
        };
        let mut generation = 1;
        let mut event_id = derived_id(&self.event, number, generation);
        while stored.has_undone(&self.event, &event_id) {
            generation += 1;
            event_id = derived_id(&self.event, number, generation);
        }
        self.event = self.event.clone().imported(event_id, None);
        Ok(())
    }

    /// Returns the event as part of an import, in canonical JSON.
    #[must_use]
    pub fn to_json(&self, import_id: &EventId) -> String {
        let event_id = self.event.event_id().clone();
        self.event.clone().imported(event_id, Some(import_id.clone())).canonical()
    }
}
