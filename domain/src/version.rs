//! Versions that are made of the content.

use std::fmt;

use sha2::{Digest, Sha256};

/// Names a stored thing's content: a digest of it. A save is conditional on it, and because it is a
/// function of the content, things are the same to the last byte however often they were saved on
/// the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// The version of what these bytes say.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(digest(bytes, 16))
    }

    /// A version as it was stored.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The SHA-256 of `bytes`, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    digest(bytes, 32)
}

/// The first bytes of the SHA-256 of `bytes`, in hexadecimal.
pub(crate) fn digest(bytes: &[u8], length: usize) -> String {
    Sha256::digest(bytes).iter().take(length).map(|byte| format!("{byte:02x}")).collect()
}
