//! Files that are either whole and on disk, or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Puts a file in place of whatever is there, so that a crash at any instant leaves the old one or
/// the new one. It is on disk when this returns. Its folders are made as needed.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    make(folder)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let mut file = File::create(&temporary)?;
    file.write_all(contents)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)?;
    // The name is on disk once its folder is.
    File::open(folder)?.sync_all()
}

/// Makes a folder and those above it, each one on disk before the next.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    make(above)?;
    match fs::create_dir(folder) {
        // Another shard was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made?,
    }
    File::open(above)?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A name of any origin as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let text: String = name.chars().map(plain).collect();
    if text.bytes().all(|byte| byte == b'.') { text.replace('.', "_") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_its_folders_are_made() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c.json");
        for contents in ["a longer text", "short"] {
            replace(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing is left over"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        assert_eq!(segment("shardId-000000000000"), "shardId-000000000000");
        assert_eq!(segment("../../etc"), ".._.._etc");
        assert_eq!(segment(".."), "__");
    }
}
