//! Durable replacement of files.
//!
//! Written by hand: `atomic-write-file` adds seven crates, can leave a file with a random name
//! after each crash, and creates no folders durably.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file and creates its folders as needed. A crash at any time leaves the old or the new
/// content. The new content is on disk when the function returns.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    create_folder(folder)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let mut file = File::create(&temporary)?;
    file.write_all(contents)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)?;
    // The new name is durable after a sync of the folder.
    File::open(folder)?.sync_all()
}

/// Creates a folder and its parents, each one durably before the next.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder_of(folder);
    create_folder(parent)?;
    match fs::create_dir(folder) {
        // Another shard has created the folder.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        result => result?,
    }
    File::open(parent)?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Converts any name to one segment of a path.
pub(crate) fn path_segment(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let text: String = name.chars().map(plain).collect();
    if text.bytes().all(|byte| byte == b'.') { text.replace('.', "_") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_its_folders_are_created() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c.json");
        for contents in ["a longer text", "short"] {
            replace(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "no temporary file remains"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        assert_eq!(path_segment("shardId-000000000000"), "shardId-000000000000");
        assert_eq!(path_segment("../../etc"), ".._.._etc");
        assert_eq!(path_segment(".."), "__");
    }
}
