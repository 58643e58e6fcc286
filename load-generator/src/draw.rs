//! Random draws with ChaCha8, which gives the same output on every platform. Each purpose has a
//! stream of its own, so draws for one purpose never shift those of another.
//!
//! Floats occur only in draws and their parameters: rates, probabilities and shares of time. `exp`
//! and `ln` may differ between platforms in the last bit. Every result is rounded to a millisecond
//! or a minor unit of money before use.
//!
//! ```
//! use load_generator::draw::Draw;
//!
//! let mut draw = Draw::of(7, "deliveries");
//! assert!(draw.below(10) < 10);
//! assert_eq!(Draw::of(7, "deliveries").bits(), Draw::of(7, "deliveries").bits());
//! ```

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Stream of random draws.
#[derive(Debug, Clone)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// Creates the stream `name` of a seed. The seed is ChaCha's key, the name's hash its stream
    /// number.
    #[must_use]
    pub fn of(seed: u64, name: &str) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(fnv1a(name));
        Self(stream)
    }

    /// Draws 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws a uniform number in [0, 1), in steps of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws a whole number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// `true` with this probability. Always takes one draw.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Draws an exponential number with mean 1: the time between arrivals at rate 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Draws a lognormal factor with mean 1 and this `sigma`. The normal draw is the sum of twelve
    /// uniform draws, which needs no trigonometry and never exceeds six sigma.
    pub fn level(&mut self, sigma: f64) -> f64 {
        let normal = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (sigma * normal - sigma * sigma / 2.0).exp()
    }

    /// Shuffles the items; all orders are equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// FNV-1a hash, 64 bits. Source: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_its_seed_and_name() {
        let first = |seed, name| Draw::of(seed, name).bits();
        assert_eq!(first(7, "berlin"), first(7, "berlin"));
        assert_ne!(first(7, "berlin"), first(8, "berlin"));
        assert_ne!(first(7, "berlin"), first(7, "dublin"));
        assert_eq!(fnv1a("a"), 0xaf63_dc4c_8601_ec8c, "the published test vector");
    }

    #[test]
    fn draws_have_their_documented_means() {
        let mut draw = Draw::of(1, "means");
        let mut mean = |sample: &mut dyn FnMut(&mut Draw) -> f64| {
            (0..40_000).map(|_| sample(&mut draw)).sum::<f64>() / 40_000.0
        };
        assert!((mean(&mut |draw| draw.unit()) - 0.5).abs() < 0.01);
        assert!((mean(&mut |draw| draw.exponential()) - 1.0).abs() < 0.02);
        assert!((mean(&mut |draw| draw.level(0.2)) - 1.0).abs() < 0.01);
        assert!((mean(&mut |draw| draw.below(10) as f64) - 4.5).abs() < 0.05);
    }
}
