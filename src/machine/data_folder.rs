//! Data folder of the machine: locked by one program, and readable by its owner only.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::umask;

use crate::{CommandError, output};

/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;
/// Entries that the machine creates in its data folder.
const OWN_ENTRIES: [&str; 5] = ["lock", "kinesis", "dynamodb", "checkpoints", "failed-batches"];

/// Creates the data folder and locks it, because two programs would overwrite each other's files.
/// New files of the program are for their owner only from then on, and earlier files of the folder
/// are made so.
///
/// # Errors
/// Returns an error if another program has the folder, or if it cannot be used.
pub(super) fn lock(folder: &Path) -> Result<File, CommandError> {
    let shown = folder.display();
    let unusable = |error: io::Error| {
        format!("cannot use the data folder {shown}: {error}; --data names another, --memory none")
    };
    umask(Mode::from_bits_truncate(OTHERS));
    create(folder).map_err(unusable)?;
    let mut file = File::options();
    let file = file.create(true).truncate(false).write(true).open(folder.join("lock"));
    let file = file.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(format!(
                "the data folder {shown} is in use by another daymark; stop it, or name another \
                 folder with --data"
            )
            .into());
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error).into()),
    }
    match tighten(folder) {
        Ok(0) => {}
        Ok(count) => output::note(format_args!(
            "{count} files and folders in {shown} were open to other users of this machine; they \
             are for their owner only now"
        )),
        Err(error) => output::note(format_args!(
            "warning: other users of this machine may read {shown}: {error}; its owner closes it \
             with `chmod -R go= {shown}`"
        )),
    }
    Ok(file)
}

/// Creates the folder and its parents durably: each new name is synced in its parent.
fn create(folder: &Path) -> io::Result<()> {
    let named = |path: &Path| !path.as_os_str().is_empty();
    let missing = folder.ancestors().take_while(|path| named(path) && !path.exists());
    let parents: Vec<&Path> = missing.filter_map(Path::parent).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    parents.into_iter().try_for_each(|parent| {
        File::open(if named(parent) { parent } else { Path::new(".") })?.sync_all()
    })
}

/// Takes the permissions of others from the machine's own entries, and from the folder itself
/// unless something else is in it. Returns the number of changed entries.
fn tighten(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    let mut is_own = true;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if OWN_ENTRIES.iter().any(|own| entry.file_name() == *own) {
            count += tighten_all(&entry.path())?;
        } else {
            is_own = false;
        }
    }
    Ok(count + if is_own { close(folder)? } else { 0 })
}

fn tighten_all(path: &Path) -> io::Result<usize> {
    let mut count = close(path)?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            count += tighten_all(&entry?.path())?;
        }
    }
    Ok(count)
}

/// Closes one file or folder to others. A symbolic link stays as it is.
fn close(path: &Path) -> io::Result<usize> {
    let metadata = fs::symlink_metadata(path)?;
    let mode = metadata.permissions().mode();
    if metadata.is_symlink() || mode & OTHERS == 0 {
        return Ok(0);
    }
    fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))?;
    Ok(1)
}
