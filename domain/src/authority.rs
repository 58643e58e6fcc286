//! Which stores a caller may act for, and what an operator grants a client.
//!
//! A client is what signs in: a till, a store's gateway, a program of the chain. What it was
//! granted becomes a claim of its tokens, and that claim is read back as its authority.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::id::{ClientId, IdError, StoreId};
use crate::limits::STORES_CLAIM_BYTES_MAX;

/// The claim's word for all stores; no store can be called that.
const EVERY_STORE: &str = "*";
/// Most stores that a message names.
const TOLD_MAX: usize = 5;

/// The stores that a caller may act for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// All, also those that are still to come.
    Everything,
    /// These and no other; none when it is empty.
    Stores(BTreeSet<StoreId>),
}

/// What an operator granted a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The client, by the id that it signs in with.
    pub client_id: ClientId,
    /// What it may act for.
    pub authority: Authority,
    /// Since when.
    pub granted_at: DateTime<Utc>,
}

/// Why something cannot be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// No store.
    #[error("no store is named; name at least one, or all")]
    Nothing,
    /// The claim is too large for a token.
    #[error(
        "the ids of {stores} stores make a claim of {bytes} bytes; at most \
         {STORES_CLAIM_BYTES_MAX} fit into a token that API Gateway takes: spread the stores over \
         several clients, or grant all of them"
    )]
    TooLarge {
        /// How many stores.
        stores: usize,
        /// How large.
        bytes: usize,
    },
}

impl Grant {
    /// What is granted now.
    ///
    /// # Errors
    /// [`GrantError`]: it names no store, or more than a token holds.
    pub fn new(
        client_id: ClientId,
        authority: Authority,
        granted_at: DateTime<Utc>,
    ) -> Result<Self, GrantError> {
        let bytes = authority.to_string().len();
        match &authority {
            Authority::Stores(stores) if stores.is_empty() => Err(GrantError::Nothing),
            Authority::Stores(stores) if bytes > STORES_CLAIM_BYTES_MAX => {
                Err(GrantError::TooLarge { stores: stores.len(), bytes })
            }
            _ => Ok(Self { client_id, authority, granted_at }),
        }
    }
}

impl Authority {
    /// That of a caller who may act for all stores.
    #[must_use]
    pub fn everything() -> Self {
        Self::Everything
    }

    /// That of a caller who may act for no store.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Stores(BTreeSet::new())
    }

    /// Whether the caller may act for this store.
    #[must_use]
    pub fn allows(&self, store_id: &StoreId) -> bool {
        match self {
            Self::Everything => true,
            Self::Stores(stores) => stores.contains(store_id),
        }
    }

    /// For people: the first few stores, and how many there are.
    #[must_use]
    pub fn told(&self) -> String {
        let stores = match self {
            Self::Everything => return "all stores".to_owned(),
            Self::Stores(stores) if stores.is_empty() => return "no store".to_owned(),
            Self::Stores(stores) => stores,
        };
        let named: Vec<&str> = stores.iter().take(TOLD_MAX).map(StoreId::as_str).collect();
        match stores.len().saturating_sub(TOLD_MAX) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }
}

/// As in the claim: `*`, or ids with a space between.
impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str(EVERY_STORE),
            Self::Stores(stores) => {
                let ids: Vec<&str> = stores.iter().map(StoreId::as_str).collect();
                f.write_str(&ids.join(" "))
            }
        }
    }
}

impl FromStr for Authority {
    type Err = IdError;

    fn from_str(claim: &str) -> Result<Self, IdError> {
        if claim.trim() == EVERY_STORE {
            return Ok(Self::Everything);
        }
        claim.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self::Stores)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn store(id: &str) -> StoreId {
        id.parse().unwrap()
    }

    #[test]
    fn a_star_stands_alone_and_is_no_store() {
        assert_eq!("*".parse(), Ok(Authority::Everything));
        assert!("s1 *".parse::<Authority>().is_err(), "it would be read as less than it says");
        assert_eq!("".parse(), Ok(Authority::nothing()));
        assert!(!Authority::nothing().allows(&store("s1")));
        assert!(Authority::everything().allows(&store("s1")));
    }

    #[test]
    fn people_are_told_a_few_stores_and_how_many_more() {
        let told = |claim: &str| claim.parse::<Authority>().unwrap().told();
        assert_eq!(told("*"), "all stores");
        assert_eq!(told(""), "no store");
        assert_eq!(told("s2 s1"), "s1, s2");
        assert_eq!(told("1 2 3 4 5 6 7"), "1, 2, 3, 4, 5 and 2 more");
    }

    #[test]
    fn more_stores_than_a_token_holds_are_not_granted() {
        let grant = |stores: usize| {
            // Fifteen characters and a space.
            let ids = (0..stores).map(|number| store(&format!("{number:015}")));
            let client_id = "6qr3".parse().unwrap();
            Grant::new(client_id, Authority::Stores(ids.collect()), DateTime::UNIX_EPOCH)
        };
        assert_eq!(grant(0), Err(GrantError::Nothing));
        assert!(grant(256).is_ok());
        assert_eq!(
            grant(257).unwrap_err().to_string(),
            "the ids of 257 stores make a claim of 4111 bytes; at most 4096 fit into a token that \
             API Gateway takes: spread the stores over several clients, or grant all of them"
        );
    }

    proptest! {
        #[test]
        fn a_claim_is_read_as_it_was_written_and_allows_its_stores_alone(
            granted in prop::collection::btree_set("[A-Za-z0-9._:-]{1,64}", 0..20),
            asked in "[a-z0-9]{1,2}",
        ) {
            let authority = Authority::Stores(granted.iter().map(|id| store(id)).collect());
            prop_assert_eq!(authority.to_string().parse(), Ok(authority.clone()));
            prop_assert_eq!(authority.allows(&store(&asked)), granted.contains(&asked));
            prop_assert!(granted.iter().all(|id| authority.allows(&store(id))));
        }

        #[test]
        fn no_claim_but_a_star_allows_every_store(claim in "\\PC{0,80}") {
            if let Ok(authority) = claim.parse::<Authority>() {
                let everything = authority == Authority::Everything;
                prop_assert_eq!(everything, claim.trim() == "*");
            }
        }
    }
}
