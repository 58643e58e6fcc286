//! Files of a run: its record and its report.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use load_generator::interval_log::IntervalLog;
use load_generator::report;
use load_generator::run_record::RunRecord;

use crate::CommandError;

/// Name of the record in the folder of a run.
const RECORD: &str = "run.json";
/// Name of the report in the folder of a run.
const REPORT: &str = "report.html";

/// Folder of a run.
#[derive(Debug, Clone)]
pub(super) struct RunFolder(PathBuf);

impl RunFolder {
    /// Creates the folder, and writes a file to find a full disk or a missing permission before the
    /// run.
    pub(super) fn create(given: Option<&Path>, now: DateTime<Utc>) -> Result<Self, CommandError> {
        let default = || Path::new("daymark-load").join(now.format("%Y%m%dT%H%M%SZ").to_string());
        let folder = Self(given.map_or_else(default, Path::to_owned));
        let error = |error: std::io::Error| {
            format!(
                "the report cannot be written to {}: {error}; --report names another folder",
                folder.0.display()
            )
        };
        fs::create_dir_all(&folder.0).map_err(error)?;
        let probe = folder.0.join(".write-check");
        fs::write(&probe, [b'.'; 4096]).and_then(|()| fs::remove_file(&probe)).map_err(error)?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn report(&self) -> PathBuf {
        self.0.join(REPORT)
    }

    /// Writes the record and the report, each whole or not at all.
    pub(super) fn write(&self, record: &RunRecord) -> Result<(), CommandError> {
        self.put(RECORD, &serde_json::to_string(record)?)?;
        self.put(REPORT, &report::page(record, false))
    }

    /// Writes interval logs, each whole or not at all.
    pub(super) fn write_logs(&self, logs: &[IntervalLog]) -> Result<(), CommandError> {
        logs.iter().try_for_each(|log| self.put(&format!("{}.hlog", log.name), &log.text))
    }

    fn put(&self, name: &str, text: &str) -> Result<(), CommandError> {
        let (path, partial) = (self.0.join(name), self.0.join(format!("{name}.partial")));
        fs::write(&partial, text)
            .and_then(|()| fs::rename(&partial, &path))
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        Ok(())
    }
}

/// Reads the record of a run: a file, or the folder with it.
pub(super) fn read(path: &Path) -> Result<RunRecord, CommandError> {
    let path = if path.is_dir() { path.join(RECORD) } else { path.to_owned() };
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| named(&error))?;
    Ok(RunRecord::parse(&text).map_err(|error| named(&error))?)
}
