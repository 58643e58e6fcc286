//! Decisions of the mapping, without I/O and without a clock. The runner executes them; the
//! simulation of Daymark drives them on its own stream and clock.

pub(crate) mod batch;
pub(crate) mod cut;
pub(crate) mod lanes;
pub(crate) mod lineage;
pub(crate) mod position;
mod prefix;
pub(crate) mod verdict;
pub(crate) mod weight;

pub use batch::Batch;
pub use cut::CutRules;
pub use lanes::{Condition, Discarded, Lanes, Now, Rules, Step, Tally};
pub use lineage::{Shard, ShardState, first_positions, readable};
pub use position::Position;
pub use verdict::{Answer, Policy, answer};
