//! Random draws: `ChaCha8`, keyed by everything that names a draw, so that no draw depends on which
//! thread came first, or on what was drawn for another day.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream of draws is for. What is drawn for one purpose never shifts another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The days that are reported.
    Played = 1,
    /// The days on which rules are tuned.
    Training = 2,
    /// The past days a shop has of an item before a day that is reported.
    Past = 3,
    /// The same before a day of training.
    TrainingPast = 4,
}

/// The stream of day `number` of a world. A world is known by the first 15 bytes of its name.
pub(crate) fn stream(seed: u64, world: &str, purpose: Purpose, number: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&number.to_le_bytes());
    for (place, byte) in key[16..31].iter_mut().zip(world.bytes()) {
        *place = byte;
    }
    key[31] = purpose as u8;
    ChaCha8Rng::from_seed(key)
}
