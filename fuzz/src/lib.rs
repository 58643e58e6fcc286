//! The checks of the doors, as the fuzz targets call them.

#[path = "../../tests/doors/checks/mod.rs"]
mod checks;

// `checks` includes files of the program that need it here.
#[path = "../../src/rows.rs"]
mod rows;

/// Gives `data` to a door; panics when the door does not keep its promise.
pub fn knock(door: &str, data: &[u8]) {
    checks::knock(door, data);
}
