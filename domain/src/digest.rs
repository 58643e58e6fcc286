//! SHA-256 digests: versions of stored content, hexadecimal digests and reproducible draws.

use std::fmt;

use sha2::{Digest, Sha256};

/// Version of stored content: a digest of its bytes. A save is conditional on the version. A
/// version depends on the content alone and not on the number of earlier saves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(String);

impl Version {
    /// Returns the version of content.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(digest(bytes, 16))
    }

    /// Returns the version as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Creates a version from its stored text.
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

/// Returns the SHA-256 of `bytes`, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    digest(bytes, 32)
}

/// Returns the first `length` bytes of the SHA-256 of `bytes`, in hexadecimal.
pub(crate) fn digest(bytes: &[u8], length: usize) -> String {
    Sha256::digest(bytes).iter().take(length).map(|byte| format!("{byte:02x}")).collect()
}

/// Draws a number uniformly from all 64-bit numbers: the first eight bytes of the SHA-256 of the
/// words. The same words in the same order always draw the same number.
///
/// ```
/// assert_eq!(domain::draw(&["0042", "bread"]), domain::draw(&["0042", "bread"]));
/// assert_ne!(domain::draw(&["0042", "bread"]), domain::draw(&["bread", "0042"]));
/// ```
#[must_use]
pub fn draw(words: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for word in words {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word.as_bytes());
    }
    let bytes = hash.finalize();
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_every_word_and_its_place() {
        let all = [draw(&["a", "b"]), draw(&["b", "a"]), draw(&["ab", ""]), draw(&["ab"])];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{all:?}");
        }
        // Another number here would put every store into another group.
        assert_eq!(draw(&["2026", "0042", "bread", "2026-03-12"]), 2_693_339_861_955_921_669);
    }
}
