//! Random draws: ChaCha8, whose output is the same on every platform, with a stream of its own for
//! every purpose. What is drawn for one purpose never shifts what is drawn for another.
//!
//! Floats occur only in and around draws: rates, probabilities, shares of time. `exp` and `ln` may
//! differ between mathematics libraries in the last bit; every result is cut to a millisecond or a
//! minor unit of money before it is used.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// One stream of draws.
#[derive(Debug, Clone)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream called `name` of a seed: the seed is ChaCha's key, the name its stream number.
    #[must_use]
    pub fn of(seed: u64, name: &str) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(fnv1a(name));
        Self(stream)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// At least 0 and below 1, in steps of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// Whether something of this probability happens. Takes one draw, whatever comes out.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Exponential with mean 1: the gap between arrivals at rate 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// A factor with mean 1, lognormal with this `sigma`. The normal draw is the sum of twelve
    /// uniform ones, which needs no trigonometry and ends at six sigma.
    pub fn level(&mut self, sigma: f64) -> f64 {
        let normal = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (sigma * normal - sigma * sigma / 2.0).exp()
    }

    /// Any order as likely as any other (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// FNV-1a, 64 bits. Source: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_known_by_seed_and_name() {
        let first = |seed, name| Draw::of(seed, name).bits();
        assert_eq!(first(7, "berlin"), first(7, "berlin"));
        assert_ne!(first(7, "berlin"), first(8, "berlin"));
        assert_ne!(first(7, "berlin"), first(7, "dublin"));
        assert_eq!(fnv1a("a"), 0xaf63_dc4c_8601_ec8c, "the published test vector");
    }

    #[test]
    fn draws_have_the_mean_they_say() {
        let mut draw = Draw::of(1, "means");
        let mut mean = |one: &mut dyn FnMut(&mut Draw) -> f64| {
            (0..40_000).map(|_| one(&mut draw)).sum::<f64>() / 40_000.0
        };
        assert!((mean(&mut |draw| draw.unit()) - 0.5).abs() < 0.01);
        assert!((mean(&mut |draw| draw.exponential()) - 1.0).abs() < 0.02);
        assert!((mean(&mut |draw| draw.level(0.2)) - 1.0).abs() < 0.01);
        assert!((mean(&mut |draw| draw.below(10) as f64) - 4.5).abs() < 0.05);
    }
}
