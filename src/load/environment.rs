//! Machine and program of a run.

use std::collections::BTreeMap;
use std::fs;

use load_generator::run_record::Environment;

/// Reads the environment of this process.
pub(super) fn read(machine: BTreeMap<String, String>) -> Environment {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().and_then(|load| load.parse().ok());
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    Environment {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("DAYMARK_COMMIT").map(str::to_owned),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        processor: model.unwrap_or("unknown").to_owned(),
        cores: u32::try_from(cores).unwrap_or(u32::MAX),
        load_before: load.unwrap_or_default(),
        machine,
    }
}
