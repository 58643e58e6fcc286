//! Positions of the event source mapping, for the Kinesis endpoint: it keeps every record that is
//! not processed, also beyond the retention.

use std::sync::{Arc, OnceLock};

use aws::ResourceNames;
use event_source_mapping::{Checkpoints, MappingProgress, MappingWatch};
use local_kinesis::{Consumed, ConsumerPositions};

use super::{CHECKPOINTS, MachineSettings, folder};
use crate::CommandError;

/// Positions in the stream of events: those that are stored, and once the mapping runs, its own.
pub(super) struct StreamPositions {
    stream: String,
    stored: Arc<MappingProgress>,
    running: Arc<OnceLock<MappingWatch>>,
}

impl StreamPositions {
    /// Reads the stored positions.
    pub(super) fn open(
        settings: &MachineSettings,
        names: &ResourceNames,
    ) -> Result<Self, CommandError> {
        let checkpoints = match folder(&settings.storage) {
            None => Checkpoints::Memory,
            Some(folder) => Checkpoints::Folder(folder.join(CHECKPOINTS)),
        };
        let stored = Arc::new(checkpoints.progress(&names.stream)?);
        Ok(Self { stream: names.stream.clone(), stored, running: Arc::default() })
    }

    /// Takes the positions of the running mapping from now on.
    pub(super) fn follow(&self, mapping: MappingWatch) {
        // There is one mapping.
        let _ = self.running.set(mapping);
    }

    /// Returns the mapping as the consumer of the endpoint.
    pub(super) fn consumer(&self) -> ConsumerPositions {
        let Self { stream, stored, running } = self;
        let (stream, stored, running) = (stream.clone(), stored.clone(), running.clone());
        Arc::new(move |of, shard| {
            if of != stream {
                return Consumed::All;
            }
            let progress = match running.get() {
                Some(mapping) => mapping.shard(shard),
                None => stored.shards.get(shard).cloned(),
            };
            match progress {
                Some(shard) if shard.finished => Consumed::All,
                Some(shard) => shard
                    .checkpoint
                    .map_or(Consumed::None, |number| Consumed::UpTo(number.as_str().to_owned())),
                None => Consumed::None,
            }
        })
    }
}
