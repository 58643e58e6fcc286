//! Files that are either whole and on disk, or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Puts a file in place of whatever is there, so that a crash at any instant leaves the old one or
/// the new one. It is on disk when this returns. `root` and the folders below it are made as
/// needed.
pub(crate) fn replace(root: &Path, relative: &Path, contents: &[u8]) -> io::Result<()> {
    let path = root.join(relative);
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder)?;
    let mut temporary = path.clone().into_os_string();
    temporary.push(".part");
    let mut file = File::create(&temporary)?;
    file.write_all(contents)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, &path)?;
    // The name is on disk once its folder is, and so on up to the root.
    for folder in folder.ancestors().take_while(|folder| folder.starts_with(root)) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
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
    fn a_name_cannot_leave_its_folder() {
        assert_eq!(segment("shardId-000000000000"), "shardId-000000000000");
        assert_eq!(segment("../../etc"), ".._.._etc");
        assert_eq!(segment(".."), "__");
    }
}
