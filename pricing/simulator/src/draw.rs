//! Random draws: `ChaCha8` streams, keyed by world, day and purpose, so that no draw depends on the
//! order of threads or on draws for another day.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Purpose of a stream. Draws for one purpose do not affect another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Days that are reported.
    Played = 1,
    /// Days on which rules are tuned.
    Training = 2,
    /// Past days of an item before a reported day.
    Past = 3,
    /// Past days of an item before a day of training.
    TrainingPast = 4,
}

/// Returns the stream of day `number` of a world. The key contains the first 15 bytes of the
/// world's name.
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
