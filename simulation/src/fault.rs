//! Everything that can go wrong, by name: what `--without` takes and what the report counts.

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $fault:ident = $word:literal, $per_mille:literal;)+) => {
        /// One way in which the world misbehaves.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])+ $fault,)+
        }

        impl Fault {
            /// All of them, in the order of an event's way.
            pub const ALL: &[Self] = &[$(Self::$fault),+];

            /// Its name on the command line.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$fault => $word),+ }
            }

            /// What it is, in one line.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$fault => concat!($($doc),+)),+ }
            }

            /// How often it strikes at an ordinary seed, of a thousand occasions.
            pub(crate) fn per_mille(self) -> u16 {
                match self { $(Self::$fault => $per_mille),+ }
            }
        }
    };
}

faults! {
    /// a till is not connected for a while
    Offline = "offline", 60;
    /// an event is sent hours after it happened
    Late = "late", 80;
    /// a request's events are in any order
    Shuffle = "shuffle", 300;
    /// an event is sent again although it was acknowledged
    Resend = "resend", 100;
    /// a till's clock is wrong within the limits
    ClockWithin = "clock-within", 60;
    /// a till's clock is wrong beyond the limits
    ClockBeyond = "clock-beyond", 40;
    /// a till hangs up in the middle of a request
    HangUp = "hang-up", 50;
    /// the answer to a till is lost
    AnswerLost = "answer-lost", 60;
    /// another producer puts the same events under another partition key
    Direct = "direct", 300;
    /// several producers put events of one row at one instant
    Race = "race", 60;
    /// another producer puts bytes that cannot be opened
    Unopenable = "unopenable", 60;
    /// another producer puts an event that breaks a rule, among good ones
    Invalid = "invalid", 60;
    /// another producer puts an event's id with another content
    TwoContents = "two-contents", 60;
    /// an event's id comes again with another window
    Restamped = "restamped", 20;
    /// the stream has too much to do for a whole call
    StreamThrottle = "stream-throttle", 60;
    /// the stream is out of reach for a while
    StreamOutage = "stream-outage", 10;
    /// the stream answers late
    StreamSlow = "stream-slow", 200;
    /// the stream takes only some records of a call
    Partial = "partial", 120;
    /// the stream takes records and says that it failed
    AckLost = "ack-lost", 50;
    /// the stream takes records and never answers
    Silence = "silence", 15;
    /// a shard is split
    Split = "split", 500;
    /// two shards are merged
    Merge = "merge", 400;
    /// the event source mapping is killed and starts again from its last checkpoint
    Kill = "kill", 500;
    /// a batch goes on running after its mapping was killed
    Zombie = "zombie", 600;
    /// a checkpoint is written late
    LateCheckpoint = "late-checkpoint", 300;
    /// the handler dies before it did anything
    CrashBefore = "crash-before", 40;
    /// the handler dies in the middle of its saves
    CrashDuring = "crash-during", 80;
    /// the handler dies after its saves
    CrashAfter = "crash-after", 50;
    /// a table has too much to do for a call
    TableThrottle = "table-throttle", 40;
    /// a table is out of reach for a while
    TableOutage = "table-outage", 5;
    /// a table answers late, so that calls interleave
    TableSlow = "table-slow", 300;
    /// a table writes and says that it failed
    WriteAnswerLost = "write-answer-lost", 40;
    /// a table writes and never answers
    TableSilent = "table-silent", 5;
    /// a pricing tick comes again
    TickRepeated = "tick-repeated", 250;
    /// a pricing tick comes late
    TickDelayed = "tick-delayed", 250;
    /// two pricing ticks run at once
    TickOverlapping = "tick-overlapping", 250;
    /// a pricing tick dies in the middle
    TickCrash = "tick-crash", 100;
    /// a close of day comes at any time, also twice at once
    CloseEarly = "close-early", 300;
    /// the catalogue's price changes in the afternoon
    PriceChanged = "price-changed", 150;
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|fault| fault.word() == word).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|fault| fault.word()).collect();
            format!("is no fault; there are {}", words.join(", "))
        })
    }
}
