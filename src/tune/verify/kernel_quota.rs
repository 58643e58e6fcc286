//! Quota of processor time by control groups of Linux, version 1 or 2.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tuning::{PERIOD, Quota};

use crate::CommandError;

/// Places of the hierarchies (Linux: Documentation/admin-guide/cgroup-v1/cgroups.rst and
/// cgroup-v2.rst).
const VERSION_1: [&str; 2] = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"];
const VERSION_2: &str = "/sys/fs/cgroup";

/// Control groups with quotas that this process may set.
#[derive(Debug)]
pub(super) struct KernelQuota {
    root: PathBuf,
    is_version_2: bool,
}

/// Group that is removed on drop.
struct Group(PathBuf);

impl Drop for Group {
    fn drop(&mut self) {
        // Its processes have ended. Otherwise it stays, without a process.
        let _ = fs::remove_dir(&self.0);
    }
}

impl KernelQuota {
    /// Finds a hierarchy in which this process may set a quota. Otherwise returns the reason.
    pub(super) fn find() -> Result<Self, String> {
        let first = VERSION_1.iter().map(|root| (Path::new(*root), false));
        let second = [(Path::new(VERSION_2), true)];
        let mut reasons = Vec::new();
        for (root, is_version_2) in first.chain(second) {
            let candidate = Self { root: root.to_owned(), is_version_2 };
            match candidate.group(128) {
                Ok(_) => return Ok(candidate),
                Err(error) => reasons.push(format!("{}: {error}", root.display())),
            }
        }
        Err(format!("no control group takes a quota ({})", reasons.join("; ")))
    }

    pub(super) fn name(&self) -> &'static str {
        if self.is_version_2 { "cgroup v2" } else { "cgroup v1" }
    }

    /// Calls `run` with the file to which a process that joins the group writes its id.
    pub(super) fn with<T>(
        &self,
        memory: u32,
        run: impl FnOnce(&Path) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let group = self.group(memory)?;
        run(&group.0.join("cgroup.procs"))
    }

    fn group(&self, memory: u32) -> io::Result<Group> {
        let name = format!("daymark-tune-{}-{memory}", std::process::id());
        let group = Group(self.root.join(name));
        fs::create_dir(&group.0)?;
        let quota = Quota::of_memory(memory).nanoseconds() / 1_000;
        let period = PERIOD / 1_000;
        // An existing file: a group of a hierarchy without the controller has none.
        let write = |file: &str, text: String| {
            let file = group.0.join(file);
            fs::OpenOptions::new().write(true).open(&file)?;
            fs::write(file, text)
        };
        if self.is_version_2 {
            write("cpu.max", format!("{quota} {period}"))?;
        } else {
            write("cpu.cfs_period_us", period.to_string())?;
            write("cpu.cfs_quota_us", quota.to_string())?;
        }
        Ok(group)
    }
}
