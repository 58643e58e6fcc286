//! Identifiers of names that are not identifiers themselves.

use std::borrow::Cow;

use domain::limits::ID_CHARS_MAX;
use domain::sha256;
use icu_normalizer::ComposingNormalizerBorrowed;

/// Number of hexadecimal digits of the digest, 48 bits: among 100,000 names without a Latin letter
/// two are the same with a probability of 2 in 100,000.
const DIGEST_DIGITS: usize = 12;
/// Number of characters of a name in its identifier: the hyphen and the digest follow.
const NAME_CHARS_MAX: usize = ID_CHARS_MAX - 1 - DIGEST_DIGITS;

/// Returns the identifier of a name: of a till's item, its store or its receipt.
///
/// - A text of the characters `A-Za-z0-9._:-` is an identifier already and stays as it is.
/// - Any other text becomes its ASCII letters and digits, with a hyphen for each other run of
///   characters, a hyphen, and 12 hexadecimal digits of the SHA-256 of the name. So different names
///   are different items in any script.
/// - Blanks at both ends do not count, a run of blanks is one blank, and a letter with a separate
///   accent is the composed letter: what looks the same is one name. Letter case counts.
///
/// ```
/// use import::id_of_name;
///
/// assert_eq!(id_of_name(" BRT-1180 "), "BRT-1180");
/// assert_eq!(id_of_name("Hot chocolate"), "Hot-chocolate-7430e3e10ea0");
/// assert_eq!(id_of_name("소금빵"), "name-d41fa9891419");
/// assert_ne!(id_of_name("Bäcker"), id_of_name("Böcker"));
/// ```
#[must_use]
pub fn id_of_name(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    if name.bytes().all(is_id_byte) {
        return Cow::Borrowed(name);
    }
    let words: Vec<&str> = name.split_whitespace().collect();
    let name = words.join(" ");
    let name = ComposingNormalizerBorrowed::new_nfc().normalize(&name);
    let mut id = String::new();
    for c in name.chars() {
        if id.len() == NAME_CHARS_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            id.push(c);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    let word = match id.trim_end_matches('-') {
        "" => "name",
        word => word,
    };
    Cow::Owned(format!("{word}-{}", &sha256(name.as_bytes())[..DIGEST_DIGITS]))
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::Sku;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_look_alike_to_an_identifier_stay_apart() {
        let names = [
            "Hot chocolate",
            "Hot-chocolate",
            "hot chocolate",
            "Hot_chocolate",
            "Hot/chocolate",
            "소금빵",
            "단팥빵",
            "あんパン",
            "Хлеб",
            "Bäcker",
            "Böcker",
            "B-cker",
            "Rye (500 g)",
            "Rye (750 g)",
            "½ rye",
            "¼ rye",
            "🥐",
            "🥖",
        ];
        let ids: BTreeMap<_, _> = names.iter().map(|name| (id_of_name(name), name)).collect();
        assert_eq!(ids.len(), names.len(), "{ids:?}");
    }

    #[test]
    fn what_looks_the_same_is_one_name() {
        let same = ["Käse  alt", "\u{a0}Ka\u{308}se\u{a0}alt ", "Käse\talt"];
        assert!(same.iter().all(|name| id_of_name(name) == id_of_name(same[0])));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn every_name_with_another_character_becomes_a_valid_id(name in "\\PC{1,90}") {
            prop_assume!(!name.trim().is_empty() && !name.trim().bytes().all(is_id_byte));
            prop_assert!(id_of_name(&name).parse::<Sku>().is_ok(), "{}", id_of_name(&name));
        }
    }
}
