//! Folder of an export: files that appear whole, and the manifest that is written last.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::CommandError;

/// Name of the manifest.
pub(super) const MANIFEST: &str = "manifest.json";
/// Start of the name of a file that is being written. A killed export leaves it; the next one
/// removes it.
const UNFINISHED: &str = ".unfinished-";
/// Version of the manifest.
const VERSION: u32 = 1;
/// Permissions of a new file, before the mask of the process.
const NEW_FILE: u32 = 0o666;

/// Manifest of an export. Equal rows give equal bytes: it names no time of its own.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Version of the manifest.
    pub(super) version: u32,
    /// Stores of all files.
    pub(super) stores: Vec<String>,
    /// Files by their path in the folder.
    pub(super) files: BTreeMap<String, ManifestFile>,
}

/// File of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ManifestFile {
    /// Table.
    pub(super) table: String,
    /// First and last date of a dated table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dates: Option<(NaiveDate, NaiveDate)>,
    /// Number of rows.
    pub(super) rows: u64,
    /// Size.
    pub(super) bytes: u64,
    /// SHA-256 of the file.
    pub(super) sha256: String,
    /// Dates that were not closed, by store, so that their rows are missing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub(super) not_closed: BTreeMap<String, Vec<NaiveDate>>,
}

/// Folder of an export.
#[derive(Debug)]
pub(super) struct Destination {
    folder: PathBuf,
    pub(super) manifest: Manifest,
}

impl Destination {
    /// Opens or creates a folder, and removes what a killed export left.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be written, or holds something else than an export of
    /// `stores`.
    pub(super) fn open(folder: &Path, stores: &[String]) -> Result<Self, CommandError> {
        let at = |error: io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(at)?;
        let path = folder.join(MANIFEST);
        let manifest = match fs::read_to_string(&path) {
            Ok(text) => read_manifest(&path, &text, stores)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut entries = fs::read_dir(folder).map_err(at)?;
                if entries.next().is_some() && !is_unfinished_export(folder) {
                    return Err(format!(
                        "{} has files and no {MANIFEST}, so it is no export; name an empty or a \
                         new folder",
                        folder.display()
                    )
                    .into());
                }
                Manifest::default()
            }
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        remove_unfinished(folder).map_err(at)?;
        let manifest = Manifest { version: VERSION, stores: stores.to_vec(), ..manifest };
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// Returns an error if a file has dates that would be lost.
    pub(super) fn check_dates(
        &self,
        path: &str,
        dates: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<(), CommandError> {
        let stored = self.manifest.files.get(path).and_then(|file| file.dates);
        let (Some(stored), Some(dates)) = (stored, dates) else { return Ok(()) };
        if dates.0 <= stored.0 && stored.1 <= dates.1 {
            return Ok(());
        }
        Err(format!(
            "{path} holds {} to {}, and would hold only {} to {}; name all of these dates, or \
             another folder",
            stored.0, stored.1, dates.0, dates.1
        )
        .into())
    }

    /// Begins a file that appears when it is finished.
    pub(super) fn begin(&self, path: &str) -> Result<UnfinishedFile, CommandError> {
        let target = self.folder.join(path);
        let folder = target.parent().unwrap_or(&self.folder);
        let made = fs::create_dir_all(folder).and_then(|()| {
            tempfile::Builder::new()
                .prefix(UNFINISHED)
                .permissions(fs::Permissions::from_mode(NEW_FILE))
                .tempfile_in(folder)
        });
        let file = made.map_err(|error| format!("{}: {error}", target.display()))?;
        let (bytes, digest) = (0, Sha256::new());
        Ok(UnfinishedFile { file: BufWriter::new(file), target, bytes, digest })
    }

    /// Writes a whole file.
    pub(super) fn write(&self, path: &str, text: &str) -> Result<(), CommandError> {
        let mut file = self.begin(path)?;
        let written = file.write_all(text.as_bytes());
        written.map_err(|error| format!("{}: {error}", file.target.display()))?;
        file.finish().map(drop)
    }

    /// Writes the manifest. Before this, the folder holds files of which some are new; their
    /// digests tell which.
    pub(super) fn finish(&self) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(&self.manifest)?;
        self.write(MANIFEST, &format!("{text}\n"))
    }
}

/// File that is being written beside its place.
pub(super) struct UnfinishedFile {
    file: BufWriter<NamedTempFile>,
    target: PathBuf,
    bytes: u64,
    digest: Sha256,
}

impl Write for UnfinishedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl UnfinishedFile {
    /// Puts the file into its place and returns its size and digest.
    pub(super) fn finish(self) -> Result<(u64, String), CommandError> {
        let target = self.target;
        let at = |error: io::Error| format!("{}: {error}", target.display());
        let file = self.file.into_inner().map_err(|error| at(error.into_error()))?;
        file.as_file().sync_all().map_err(at)?;
        file.persist(&target).map_err(|error| at(error.error))?;
        // The name is durable when its folder is.
        let folder = target.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)?;
        let digest = self.digest.finalize();
        Ok((self.bytes, digest.iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}

fn read_manifest(path: &Path, text: &str, stores: &[String]) -> Result<Manifest, CommandError> {
    let manifest: Manifest = serde_json::from_str(text).map_err(|error| {
        format!("{}: {error}; delete the folder, or name another one", path.display())
    })?;
    if manifest.version != VERSION {
        return Err(format!(
            "{} is of version {}, and this program writes {VERSION}; name another folder",
            path.display(),
            manifest.version
        )
        .into());
    }
    if manifest.stores != stores {
        return Err(format!(
            "{} is of other stores ({} instead of {}); a file holds the rows of all stores of its \
             export, so name another folder",
            path.display(),
            manifest.stores.len(),
            stores.len()
        )
        .into());
    }
    Ok(manifest)
}

/// `true` if a first export was killed before it wrote its manifest: every entry is a folder or a
/// file of an export.
fn is_unfinished_export(folder: &Path) -> bool {
    folder.join(super::SCHEMA).is_file()
}

fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_unfinished(&entry.path())?;
        } else if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
