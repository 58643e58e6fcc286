//! Stores that are due: a schedule finds them once a slot, and sends each to the function that
//! serves one store at a time.

use std::fmt;

use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

use crate::catalog::Store;
use crate::identifier::StoreId;
use crate::limits::SLOT_MINUTES;
use crate::ports::StoreEntry;

/// A store that is due in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueStore {
    /// The store.
    pub store_id: StoreId,
    /// Start of the slot.
    pub due: DateTime<Utc>,
}

/// Why a text is not a due store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(r#"is not a due store like {{"store_id":"0042","due":"2026-03-12T14:15:00Z"}}: {0}"#)]
pub struct DueStoreError(String);

impl DueStore {
    /// Reads `{"store_id", "due"}`.
    ///
    /// # Errors
    /// Returns an error that describes the invalid part.
    pub fn parse(json: &str) -> Result<Self, DueStoreError> {
        #[derive(Deserialize)]
        struct Text {
            store_id: String,
            due: DateTime<Utc>,
        }
        let text: Text =
            serde_json::from_str(json).map_err(|why| DueStoreError(why.to_string()))?;
        let store_id = text.store_id.parse().map_err(|why| DueStoreError(format!("{why}")))?;
        Ok(Self { store_id, due: text.due })
    }

    /// The text that [`DueStore::parse`] reads.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({ "store_id": self.store_id.as_str(), "due": instant(self.due) }).to_string()
    }
}

/// `0042@2026-03-12T14:15:00Z`: no two stores or slots have the same.
impl fmt::Display for DueStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.store_id, instant(self.due))
    }
}

fn instant(due: DateTime<Utc>) -> String {
    due.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The slot of the grid that `now` lies in.
#[must_use]
pub fn slot_of(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::minutes(SLOT_MINUTES.into())).unwrap_or(now)
}

/// Selects the stores that are due in a slot, sorted by id. A store that cannot be decoded is
/// selected as well, so that the function that serves it reports its failure.
#[must_use]
pub fn due_stores(
    stores: Vec<StoreEntry>,
    slot: DateTime<Utc>,
    is_due: impl Fn(&Store) -> bool,
) -> Vec<DueStore> {
    let due = stores.into_iter().filter(|(_, store)| store.as_ref().map_or(true, &is_due));
    let mut due: Vec<DueStore> =
        due.map(|(store_id, _)| DueStore { store_id, due: slot }).collect();
    due.sort_by(|left, right| left.store_id.cmp(&right.store_id));
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_store_is_read_as_it_was_written() {
        let due = DueStore {
            store_id: "0042".parse().unwrap(),
            due: slot_of("2026-03-12T14:29:59Z".parse().unwrap()),
        };
        assert_eq!(due.to_json(), r#"{"due":"2026-03-12T14:15:00Z","store_id":"0042"}"#);
        assert_eq!(DueStore::parse(&due.to_json()), Ok(due.clone()));
        assert_eq!(due.to_string(), "0042@2026-03-12T14:15:00Z");
    }

    #[test]
    fn what_is_no_due_store_is_told_why() {
        for (text, why) in [
            ("hello", "expected value"),
            (r#"{"due":"2026-03-12T14:15:00Z"}"#, "missing field `store_id`"),
            (r#"{"store_id":"0042","due":"noon"}"#, "invalid characters"),
            (r#"{"store_id":"a b","due":"2026-03-12T14:15:00Z"}"#, "A-Z"),
        ] {
            let told = DueStore::parse(text).unwrap_err().to_string();
            assert!(told.starts_with("is not a due store like {\"store_id\""), "{told}");
            assert!(told.contains(why), "{told}");
        }
    }
}
