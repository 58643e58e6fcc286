//! Faults that the simulation injects: their words for `--without`, descriptions and rates.

use std::str::FromStr;

use strum::{EnumMessage, EnumProperty, IntoStaticStr, VariantArray};

/// Fault of the simulated environment, in the order in which an event can meet it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumMessage,
    EnumProperty,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum InjectedFault {
    /// A till has no connection for a while.
    #[strum(props(per_mille = 60))]
    Offline,
    /// An event is sent hours after it happened.
    #[strum(props(per_mille = 80))]
    Late,
    /// The events of a request are in random order.
    #[strum(props(per_mille = 300))]
    Shuffle,
    /// An event is sent again after its acknowledgement.
    #[strum(props(per_mille = 100))]
    Resend,
    /// A till's clock is wrong, within the accepted limits.
    #[strum(props(per_mille = 60))]
    ClockWithin,
    /// A till's clock is wrong, beyond the accepted limits.
    #[strum(props(per_mille = 40))]
    ClockBeyond,
    /// A till closes the connection in the middle of a request.
    #[strum(props(per_mille = 50))]
    HangUp,
    /// The response to a till is lost.
    #[strum(props(per_mille = 60))]
    AnswerLost,
    /// Another producer puts the same events under another partition key.
    #[strum(props(per_mille = 300))]
    Direct,
    /// Several producers put events of one window at the same instant.
    #[strum(props(per_mille = 60))]
    Race,
    /// Another producer puts bytes that cannot be opened.
    #[strum(props(per_mille = 60))]
    Unopenable,
    /// Another producer puts an invalid event among valid ones.
    #[strum(props(per_mille = 60))]
    Invalid,
    /// Another producer puts a known event id with another content.
    #[strum(props(per_mille = 60))]
    TwoContents,
    /// A known event id comes again with another window.
    #[strum(props(per_mille = 20))]
    Restamped,
    /// A known event id comes again on the same date with another item.
    #[strum(props(per_mille = 30))]
    OtherItem,
    /// A known event id comes again on another date, sometimes with two contents.
    #[strum(props(per_mille = 30))]
    ReusedId,
    /// The stream throttles a whole call.
    #[strum(props(per_mille = 60))]
    StreamThrottle,
    /// The stream is unavailable for a while.
    #[strum(props(per_mille = 10))]
    StreamOutage,
    /// The stream answers late.
    #[strum(props(per_mille = 200))]
    StreamSlow,
    /// The stream stores only some records of a call.
    #[strum(props(per_mille = 120))]
    Partial,
    /// The stream stores records and reports a failure.
    #[strum(props(per_mille = 50))]
    AckLost,
    /// The stream stores records and never answers.
    #[strum(props(per_mille = 15))]
    Silence,
    /// A shard is split.
    #[strum(props(per_mille = 500))]
    Split,
    /// Two shards are merged.
    #[strum(props(per_mille = 400))]
    Merge,
    /// The event source mapping is killed and restarts from its last checkpoint.
    #[strum(props(per_mille = 500))]
    Kill,
    /// A batch keeps running after its mapping was killed.
    #[strum(props(per_mille = 600))]
    Zombie,
    /// A checkpoint is written late.
    #[strum(props(per_mille = 300))]
    LateCheckpoint,
    /// The handler crashes before its work.
    #[strum(props(per_mille = 40))]
    CrashBefore,
    /// The handler crashes between its writes.
    #[strum(props(per_mille = 80))]
    CrashDuring,
    /// The handler crashes after its writes.
    #[strum(props(per_mille = 50))]
    CrashAfter,
    /// Another version of the program handles a batch and packs its events into other segments.
    #[strum(props(per_mille = 200))]
    OtherVersion,
    /// A table throttles a call.
    #[strum(props(per_mille = 40))]
    TableThrottle,
    /// A table is unavailable for a while.
    #[strum(props(per_mille = 5))]
    TableOutage,
    /// A table leaves an entry of a batch write unprocessed.
    #[strum(props(per_mille = 40))]
    Unprocessed,
    /// The partition of one store is throttled for a while.
    #[strum(props(per_mille = 300))]
    StoreThrottle,
    /// A segment that cannot be read lies among those of a store.
    #[strum(props(per_mille = 200))]
    DamagedSegment,
    /// A table answers late, so that calls interleave.
    #[strum(props(per_mille = 300))]
    TableSlow,
    /// A table writes and reports a failure.
    #[strum(props(per_mille = 40))]
    WriteAnswerLost,
    /// A table writes and never answers.
    #[strum(props(per_mille = 5))]
    TableSilent,
    /// A pricing tick is delivered again.
    #[strum(props(per_mille = 250))]
    TickRepeated,
    /// A pricing tick is delivered late.
    #[strum(props(per_mille = 250))]
    TickDelayed,
    /// Two pricing ticks run at the same time.
    #[strum(props(per_mille = 250))]
    TickOverlapping,
    /// A pricing tick crashes in the middle.
    #[strum(props(per_mille = 100))]
    TickCrash,
    /// A close of day runs at any time, sometimes several at once.
    #[strum(props(per_mille = 400))]
    CloseEarly,
    /// A rollup runs at any time, sometimes several at once.
    #[strum(props(per_mille = 400))]
    RollupEarly,
    /// The catalogue's price of an item changes in the afternoon.
    #[strum(props(per_mille = 150))]
    PriceChanged,
}

impl InjectedFault {
    /// All faults.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// Description in one sentence.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.get_documentation().expect("every fault has a doc comment")
    }

    /// Mean number of injections in 1,000 occasions.
    pub(crate) fn per_mille(self) -> i64 {
        self.get_int("per_mille").expect("every fault has a rate")
    }
}

impl FromStr for InjectedFault {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|fault| fault.word() == word).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|fault| fault.word()).collect();
            format!("unknown fault; use {}", words.join(", "))
        })
    }
}
