//! Disks that a test mounts, where the system allows mounts.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Mount over a folder until drop. Only programs in its namespaces see it.
pub(crate) struct Disk {
    holder: Child,
    folder: String,
}

impl Disk {
    /// Mounts an empty disk of `kib` KiB. `None` if mounts are not allowed.
    pub(crate) fn mount_small(folder: &Path, kib: u32) -> Option<Self> {
        Self::mount(folder, &format!(r#"mount -t tmpfs -o size={kib}k disk "$0""#))
    }

    /// Mounts the folder read-only. `None` if mounts are not allowed.
    pub(crate) fn mount_read_only(folder: &Path) -> Option<Self> {
        Self::mount(folder, r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0""#)
    }

    fn mount(folder: &Path, mount: &str) -> Option<Self> {
        let folder = folder.display().to_string();
        let script = format!("{mount} && echo up && exec cat");
        let mut holder = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &script, &folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let out = holder.stdout.take().expect("a pipe");
        let disk = Self { holder, folder };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).ok()?;
        (line == "up\n").then_some(disk)
    }

    /// Returns a command that runs a program in the namespaces of the mount.
    pub(crate) fn enter(&self) -> [String; 6] {
        let target = self.holder.id().to_string();
        ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", &target]
            .map(str::to_owned)
    }

    /// Enlarges the disk.
    pub(crate) fn grow(&self, kib: u32) {
        let [program, options @ ..] = self.enter();
        let size = format!("remount,size={kib}k");
        let mount = ["mount", "-o", &size, &self.folder];
        let grown = Command::new(program).args(options).args(mount).status();
        assert!(grown.is_ok_and(|grown| grown.success()), "the disk grows");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
