//! Chance that can be repeated: the same words always draw the same number.

use sha2::{Digest, Sha256};

/// An even draw from all 64-bit numbers: the first eight bytes of the SHA-256 of the words. Only
/// the same words, in the same places, draw the same number.
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
        assert_eq!(draw(&["a", "b"]), draw(&["a", "b"]));
        let all = [draw(&["a", "b"]), draw(&["b", "a"]), draw(&["ab", ""]), draw(&["ab"])];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{all:?}");
        }
        // Another number here would put every store into another group.
        assert_eq!(draw(&["2026", "0042", "bread", "2026-03-12"]), 2_693_339_861_955_921_669);
    }
}
