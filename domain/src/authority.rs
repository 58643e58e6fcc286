//! Authority of a caller over stores, and the grants of clients.
//!
//! A client signs in for access tokens: a till, the gateway of a store or a program of the chain.
//! Its grant becomes a claim of its tokens, and the claim becomes the authority of its requests.
//!
//! ```
//! use domain::Authority;
//!
//! let authority: Authority = "0042 0043".parse()?;
//! assert!(authority.allows(&"0042".parse()?));
//! assert!(!authority.allows(&"0044".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::identifier::{ClientId, IdError, StoreId};
use crate::limits::STORES_CLAIM_BYTES_MAX;

/// Claim for all stores. It is not a valid store id.
const ALL_STORES: &str = "*";
/// Largest number of stores in a summary.
const SUMMARY_STORES_MAX: usize = 5;

/// Stores for which a caller may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// All stores, including future ones.
    Everything,
    /// These stores only; an empty set allows none.
    Stores(BTreeSet<StoreId>),
}

/// Grant of an operator to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Id with which the client signs in.
    pub client_id: ClientId,
    /// Granted stores.
    pub authority: Authority,
    /// Instant of the grant.
    pub granted_at: DateTime<Utc>,
}

/// Reason for refusing a grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The grant names no store.
    #[error("no store is named; name at least one, or all")]
    Nothing,
    /// The claim does not fit into a token.
    #[error(
        "the ids of {stores} stores make a claim of {bytes} bytes; at most \
         {STORES_CLAIM_BYTES_MAX} fit into a token that API Gateway takes: spread the stores over \
         several clients, or grant all of them"
    )]
    TooLarge {
        /// Number of stores.
        stores: usize,
        /// Size of the claim, in bytes.
        bytes: usize,
    },
}

impl Grant {
    /// Creates a grant.
    ///
    /// # Errors
    /// Returns an error if `authority` names no store, or more stores than fit into a token.
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
    /// Returns the authority over all stores.
    #[must_use]
    pub fn everything() -> Self {
        Self::Everything
    }

    /// Returns the authority over no store.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Stores(BTreeSet::new())
    }

    /// `true` if the caller may act for the store.
    #[must_use]
    pub fn allows(&self, store_id: &StoreId) -> bool {
        match self {
            Self::Everything => true,
            Self::Stores(stores) => stores.contains(store_id),
        }
    }

    /// Returns a text for people: the first stores and the number of the others.
    #[must_use]
    pub fn summary(&self) -> String {
        let stores = match self {
            Self::Everything => return "all stores".to_owned(),
            Self::Stores(stores) if stores.is_empty() => return "no store".to_owned(),
            Self::Stores(stores) => stores,
        };
        let named: Vec<&str> =
            stores.iter().take(SUMMARY_STORES_MAX).map(StoreId::as_str).collect();
        match stores.len().saturating_sub(SUMMARY_STORES_MAX) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }
}

/// Writes the claim: `*`, or ids separated by spaces.
impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str(ALL_STORES),
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
        if claim.trim() == ALL_STORES {
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
    fn a_star_stands_alone_and_is_not_a_store() {
        assert_eq!("*".parse(), Ok(Authority::Everything));
        assert!(
            "s1 *".parse::<Authority>().is_err(),
            "the claim would be read as fewer stores than it names"
        );
        assert_eq!("".parse(), Ok(Authority::nothing()));
        assert!(!Authority::nothing().allows(&store("s1")));
        assert!(Authority::everything().allows(&store("s1")));
    }

    #[test]
    fn a_summary_names_a_few_stores_and_the_number_of_the_others() {
        let summary = |claim: &str| claim.parse::<Authority>().unwrap().summary();
        assert_eq!(summary("*"), "all stores");
        assert_eq!(summary(""), "no store");
        assert_eq!(summary("s2 s1"), "s1, s2");
        assert_eq!(summary("1 2 3 4 5 6 7"), "1, 2, 3, 4, 5 and 2 more");
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
        fn a_claim_is_read_as_it_was_written_and_allows_its_stores_only(
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
