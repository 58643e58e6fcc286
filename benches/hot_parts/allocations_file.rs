//! The file `benches/allocations.toml`: allocations of each hot part.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

/// Allocations of a hot part for each unit of its work.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allocations {
    /// Unit of the work: an event or a record.
    pub(crate) unit: String,
    /// Number of requests to the allocator. To grow a block is a request of its new size.
    pub(crate) allocations: f64,
    /// Bytes of all requests.
    pub(crate) bytes: f64,
}

/// Returns the path of the file.
pub(crate) fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/allocations.toml")
}

/// Reads the numbers of all parts by name.
pub(crate) fn read() -> BTreeMap<String, Allocations> {
    let text = fs::read_to_string(path()).expect("benches/allocations.toml");
    toml::from_str(&text).expect("numbers of each part")
}
