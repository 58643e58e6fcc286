//! Files of a run: their paths and their content.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::output;

/// First bytes of gzip. Source: RFC 1952, section 2.3.1.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Returns the files of the arguments. A folder stands for the files in it, in the order of their
/// names, without hidden ones.
///
/// # Errors
/// Returns an error if a folder cannot be read, or has no file.
pub(super) fn paths(given: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut paths = Vec::new();
    for path in given {
        if !path.is_dir() {
            paths.push(path.clone());
            continue;
        }
        let named = |error: std::io::Error| format!("{}: {error}", path.display());
        let entries: Result<Vec<_>, _> = std::fs::read_dir(path).map_err(named)?.collect();
        let mut inside: Vec<PathBuf> =
            entries.map_err(named)?.iter().map(std::fs::DirEntry::path).collect();
        inside.sort();
        let is_hidden = |path: &Path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
        };
        inside.retain(|path| !is_hidden(path));
        let (folders, files): (Vec<_>, Vec<_>) = inside.into_iter().partition(|path| path.is_dir());
        for folder in folders {
            output::note(format!("{}: a folder inside the folder is left out", folder.display()));
        }
        if files.is_empty() {
            return Err(format!("{}: the folder has no file", path.display()));
        }
        paths.extend(files);
    }
    Ok(paths)
}

/// Reads the content of a file, or of standard input for `-`, and inflates gzip.
///
/// # Errors
/// Returns an error without the name of the file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
        false => std::fs::read(path).map(|content| bytes = content),
    };
    read.map_err(|error| error.to_string())?;
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut inflated = Vec::new();
    let read = MultiGzDecoder::new(&bytes[..]).read_to_end(&mut inflated);
    read.map_err(|error| format!("the gzip data cannot be inflated ({error}); is it cut off?"))?;
    Ok(inflated)
}
