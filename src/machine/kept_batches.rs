//! Batches of the event source mapping as files, for `daymark tune record --batches`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use domain::Delivered;
use event_source_mapping::lambda_event;

use crate::CommandError;

/// Folder in which each batch is a file: the payload that Lambda would pass to the function.
#[derive(Debug)]
pub(super) struct KeptBatches {
    folder: PathBuf,
    stream_arn: String,
    number: AtomicU64,
}

impl KeptBatches {
    /// Creates the folder. It has to be empty, so that no batches of two runs are mixed.
    pub(super) fn create(folder: &Path, stream: &str) -> Result<Self, CommandError> {
        let shown = folder.display();
        let failed = |error: io::Error| format!("cannot keep batches in {shown}: {error}");
        fs::create_dir_all(folder).map_err(failed)?;
        if fs::read_dir(folder).map_err(failed)?.next().is_some() {
            return Err(format!("{shown} is not empty; batches are kept in a new folder").into());
        }
        Ok(Self {
            folder: folder.to_owned(),
            stream_arn: format!("arn:aws:kinesis:local:000000000000:stream/{stream}"),
            number: AtomicU64::new(1),
        })
    }

    /// Writes a batch. A failure leaves a gap in the files and a line in the log: the run goes on.
    pub(super) fn keep(&self, batch: &[Delivered]) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let file = self.folder.join(format!("batch-{number:06}.json"));
        let text = lambda_event(batch, &self.stream_arn).to_string();
        if let Err(error) = fs::write(&file, text) {
            tracing::warn!(file = %file.display(), %error, "a batch was not kept");
        }
    }
}
